"""The command line: one door to every domain's commands. It only composes.

A document goes to standard output, everything else to standard error. Exit 0: done; 1: the answer is no (a check that is
not clean, a chain that does not verify); 2: the command could not be done, and one line says why and how to mend it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Final

import typer

from headgate.core import check_commands, doctor_commands, log, registry, secret_commands
from headgate.core.config import Config
from headgate.core.db import translated
from headgate.core.errors import ConfigError, HeadgateError
from headgate.core.terminal import say

app = typer.Typer(
    name="headgate",
    help="Payment operations on PostgreSQL: nothing flows unless it is funded, recorded and explainable.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


ALONE: Final[Mapping[str, str]] = {
    "ach": "headgate.rails.ach_commands",
    "artifacts": "headgate.ingestion.commands",
    "audit": "headgate.audit.commands",
    "balance": "headgate.payments.commands",
    "banks": "headgate.rails.bank_commands",
    "bench": "headgate.bench",
    "clock": "headgate.twin.commands",
    "console": "headgate.console.commands",
    "db": "headgate.core.commands",
    "events": "headgate.messaging.commands",
    "file": "headgate.ingestion.file_commands",
    "funding": "headgate.funding.commands",
    "ingest": "headgate.ingestion.commands",
    "ingestion": "headgate.ingestion.commands",
    "jobs": "headgate.jobs.commands",
    "keys": "headgate.tenants.commands",
    "ledger": "headgate.ledger.commands",
    "loans": "headgate.servicing.commands",
    "legal-entities": "headgate.tenants.commands",
    "messaging": "headgate.messaging.commands",
    "notifications": "headgate.alerts.commands",
    "parties": "headgate.parties.commands",
    "payments": "headgate.payments.commands",
    "pipeline": "headgate.messaging.commands",
    "recon": "headgate.recon.commands",
    "simulate": "headgate.rails.simulate_commands",
    "tenants": "headgate.tenants.commands",
    "users": "headgate.tenants.commands",
}
"""Where a group of commands stands, so that it need not be looked for in every domain."""

LONG_RUNNING: Final[Mapping[str, tuple[str, str]]] = {
    "demo": ("headgate.demo", "demo"),
    "serve": ("headgate.api", "serve_command"),
    "worker": ("headgate.worker", "worker_command"),
}
"""Commands that are no group's, and where the function of each stands."""

EXTENDED: Final[Mapping[str, str]] = {
    "ach": "headgate.payments.ach_commands",
    "funding": "headgate.payments.funding_commands",
    "pipeline": "headgate.servicing.pipeline_commands",
}
"""Groups of which some commands stand on a higher floor than the group itself: what they do needs that floor."""


def compose(word: str | None = None, then: str | None = None) -> typer.Typer:
    """The whole command line; where the first word names a group, no more than is needed for it.

    All of it takes a second to import, which is felt by a script that calls Headgate again and again.
    """
    if word is not None and word in ALONE:
        _add(importlib.import_module(ALONE[word]))
        _extend(word, then)
        _add_core()
        return app
    if word in ("check", "doctor", "secrets"):
        _add_core()
        return app
    if word is not None and word in LONG_RUNNING:
        _add_long_running(word)
        _add_core()
        return app
    from headgate import bench

    for name in LONG_RUNNING:
        _add_long_running(name)
    _add_core()
    for module in registry.domain_modules("commands"):
        _add(module)
    _add(bench)
    for name in EXTENDED:
        _extend(name)
    return app


def _add_long_running(name: str) -> None:
    place, function = LONG_RUNNING[name]
    app.command(name)(getattr(importlib.import_module(place), function))


def _add_core() -> None:
    app.command()(check_commands.check)
    app.command()(doctor_commands.doctor)
    app.add_typer(secret_commands.app)


def _add(module: ModuleType) -> None:
    for group in getattr(module, "APPS", None) or [module.app]:
        app.add_typer(group)


def _extend(name: str, then: str | None = None) -> None:
    """Add to a group the commands of its higher floor, where it has one and `then` is no command of the group's own."""
    if name not in EXTENDED:
        return
    for group in app.registered_groups:
        whole = group.typer_instance
        if whole is None or whole.info.name != name or then in [one.name for one in whole.registered_commands]:
            continue
        more = importlib.import_module(EXTENDED[name]).app.registered_commands
        whole.registered_commands += [one for one in more if one not in whole.registered_commands]


INTERRUPTED: Final = 130
"""The exit code of a shell's command that Ctrl-C ended."""


def main() -> None:
    """The entry point `headgate`."""
    try:
        _begin()
        with translated():
            compose(*sys.argv[1:3])()
    except HeadgateError as error:
        if _was_interrupted(error):
            sys.exit(INTERRUPTED)
        say(f"headgate: {' '.join(error.message.split())} ({error.code})")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _was_interrupted(error: BaseException | None) -> bool:
    """Whether it only says that a query under way was cut off by Ctrl-C."""
    if error is None or isinstance(error, KeyboardInterrupt):
        return error is not None
    return _was_interrupted(error.__cause__) or _was_interrupted(error.__context__)


def _begin() -> None:
    """Read the settings and set up the log. The doctor is asked what is wrong with them, so it goes on without."""
    try:
        config = Config.from_environment()
    except ConfigError:
        if sys.argv[1:2] == ["doctor"]:
            return
        raise
    log.configure(config)
    for name in config.unknown:
        say(f"headgate: {name} is no setting of Headgate and changes nothing")
