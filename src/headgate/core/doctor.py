"""What is wrong with an installation, and how to mend it.

`diagnose` looks from the outside in: settings, folders and keys, the server, the database's own rules, then what each
domain lists as `DOCTOR` in its `doctor.py`. What cannot be looked at because something before it failed is left out;
what fails while it is looked at is itself a finding. Nothing is changed, nothing is started.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from headgate.core import config as configuration
from headgate.core import doctor_catalogue, keys, log, registry, server
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.errors import HeadgateError
from headgate.core.finding import Finding

PYTHON_MIN: Final = (3, 11)
FREE_BYTES_MIN: Final = 1 << 30

_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Examination:
    """What a domain looks at: `examine(database)` gives its findings, also those where all is well."""

    name: str
    examine: Callable[[Database], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Every finding, in the order they were looked at."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(found.ok for found in self.findings)

    def document(self) -> dict[str, Any]:
        """As `headgate doctor --json` prints it."""
        return {"ok": self.ok, "findings": [asdict(found) for found in self.findings]}


def diagnose(environ: Mapping[str, str], *, production: bool = False) -> Diagnosis:
    """Look at the installation that this environment describes; `production` judges it as production would."""
    return Diagnosis(tuple(_findings(environ, production)))


def _findings(environ: Mapping[str, str], production: bool) -> Iterator[Finding]:
    yield _python(sys.version_info[:2])
    wrong = configuration.problems(environ, production=production)
    yield from (Finding("settings", False, line, "set the variable as the line says, or remove it") for line in wrong)
    if configuration.problems(environ):
        return  # Without a readable configuration there is no telling which installation to look at.
    config = Config.from_environment(environ)
    if not wrong:
        yield Finding("settings", True, f"{config.env}, every variable is valid")
    yield from _strangers(config)
    yield from _home(config)
    yield from _key_files(config)
    yield from _database(config, production=production or config.production)


def _python(version: tuple[int, ...]) -> Finding:
    told = ".".join(map(str, version))
    least = ".".join(map(str, PYTHON_MIN))
    return Finding("python", version >= PYTHON_MIN, f"Python {told}", f"install Python {least} or newer")


def _strangers(config: Config) -> Iterator[Finding]:
    if config.unknown:
        names = ", ".join(config.unknown)
        yield Finding(
            "settings.unknown", False, f"no settings of Headgate: {names}", "remove them; `.env.example` lists ours"
        )


def _home(config: Config) -> Iterator[Finding]:
    home = config.home
    standing = next(folder for folder in (home, *home.parents) if folder.exists())
    if not os.access(standing, os.W_OK | os.X_OK):
        mend = "run as the account that owns it, or set HEADGATE_HOME to a folder of your own"
        yield Finding("home", False, f"{standing} cannot be written by this account", mend)
        return
    yield Finding("home", True, str(home) if standing == home else f"{home} will be made at the first start")
    free = shutil.disk_usage(standing).free
    yield Finding(
        "disk",
        free >= FREE_BYTES_MIN,
        f"{free / (1 << 30):.1f} GiB free under {standing}",
        "free space, or move HEADGATE_HOME",
    )


def _key_files(config: Config) -> Iterator[Finding]:
    folder = config.keys_folder
    if not folder.is_dir():
        yield Finding("keys", True, f"{folder} will be made at the first start")
        return
    if not os.access(folder, os.R_OK | os.X_OK):
        yield Finding("keys", False, f"{folder} cannot be read by this account", "run as the account that owns it")
        return
    for path in [folder, *sorted(folder.glob("*.key"))]:
        yield _private(path)
    # Only what stands is loaded: doctor makes no keys.
    if config.master_key is not None or (folder / keys.MASTER).exists():
        yield _loaded("keys.master", keys.master_key, config)
    if (folder / keys.PUBLIC).exists():
        yield _loaded("keys.signing", keys.signing_key, config)


def _loaded(name: str, load: Callable[[Config], object], config: Config) -> Finding:
    try:
        load(config)
    except HeadgateError as error:
        return Finding(name, False, str(error), "restore the folder keys/ from your backup")
    return Finding(name, True, "readable")


def _private(path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    right = 0o700 if path.is_dir() else 0o600
    return Finding("keys.mode", not mode & 0o077, f"{path} has mode {mode:04o}", f"chmod {right:04o} {path}")


def _database(config: Config, *, production: bool) -> Iterator[Finding]:
    chosen = server.resolve(config)
    try:
        url = chosen.url("app")
        with psycopg.connect(url, autocommit=True, application_name="headgate doctor", connect_timeout=5) as conn:
            yield Finding(
                "server", True, f"{'the embedded' if chosen.is_embedded else 'a'} PostgreSQL {_version(conn)} answers"
            )
            yield from doctor_catalogue.examine(conn, production=production)
            if not doctor_catalogue.is_migrated(conn):
                return
    except (psycopg.Error, HeadgateError) as error:
        mend = (
            "`headgate db up` starts it" if chosen.is_embedded else "look at HEADGATE_DATABASE_URL and at that server"
        )
        yield Finding("server", False, f"no connection as headgate_app: {log.REDACTOR.text(str(error).strip())}", mend)
        return
    with Database(chosen.url, config=config, pool_max=2) as database:
        for examination in registry.domain_items("doctor", attribute="DOCTOR", kind=Examination):
            yield from _examined(examination, database)


def _version(conn: psycopg.Connection[Any]) -> str:
    number = conn.info.server_version
    return f"{number // 10000}.{number % 10000}"


def _examined(examination: Examination, database: Database) -> Iterator[Finding]:
    try:
        yield from examination.examine(database)
    except (psycopg.Error, HeadgateError) as error:
        _LOG.warning("an examination failed", exc_info=True, extra={"examination": examination.name})
        what = f"could not be looked at: {log.REDACTOR.text(str(error).strip())}"
        yield Finding(examination.name, False, what, "mend what the findings above name, then look again")
