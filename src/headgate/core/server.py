"""Which database: the embedded one of this home, or the one that HEADGATE_DATABASE_URL names. Nothing else differs.

```python
server = resolve(Config.from_environment())
server.ensure_up()
with Database(server.url, config=config) as database: ...
```
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from headgate.core import backoff, log, roles
from headgate.core.config import Config
from headgate.core.embedded import DATABASE, EmbeddedServer, full_role_name
from headgate.core.errors import ConfigError, Unavailable

_LOG = log.get(__name__)
CONNECT_SECONDS: Final = 5
"""How long one try may take, where the URL does not say."""


class Server(Protocol):
    """A PostgreSQL server that holds one Headgate database."""

    @property
    def is_embedded(self) -> bool:
        """Whether it is ours to start and stop."""

    def ensure_up(self) -> None:
        """Start it where it is ours and does not run; else wait until it answers."""

    def url(self, role: str) -> str:
        """The URL of a role of Headgate's database (`app`, `headgate_app`, `owner`, `admin` …). Raises ConfigError."""


class Embedded:
    """The server of this home."""

    is_embedded = True

    def __init__(self, home: Path) -> None:
        self.engine = EmbeddedServer(home)

    def ensure_up(self) -> None:
        """Start it where it does not run. Raises HomeUnusable, ServerNotStarted."""
        self.engine.up()

    def url(self, role: str) -> str:
        """The URL of a role, on the embedded server's socket."""
        return self.engine.url(role, DATABASE)


class External:
    """A server of the operator's own.

    The URL's login is either an administrator, who then steps into each role (`options=-c role=…`), or one of our
    roles, as whom it serves alone. Behind a pooler the application's URL is the pooler's, whose login must be
    headgate_app, since a pooler passes no options on; all else takes the direct URL.
    """

    is_embedded = False

    def __init__(self, url: str, direct_url: str | None = None, *, wait_seconds: float = 0) -> None:
        self._url = url
        self._direct_url = direct_url
        self._wait_seconds = wait_seconds

    def ensure_up(self) -> None:
        """Wait until it answers: whoever runs it may be starting it.

        Raises Unavailable when the wait is over, ConfigError where the login is refused.
        """
        deadline = time.monotonic() + self._wait_seconds
        for url in filter(None, (self._direct_url, self._url)):
            _reach(url, deadline)

    def url(self, role: str) -> str:
        """The URL of a role on that server."""
        name = full_role_name(role)
        if self._direct_url is None or name != "headgate_app":
            return _as_role(self._direct_url or self._url, name)
        if login(self._url) != name:
            raise ConfigError(
                "HEADGATE_DATABASE_URL is a pooler's, since HEADGATE_DATABASE_DIRECT_URL is set, so it must log in as "
                f"{name}; its login is {login(self._url) or 'not named'}"
            )
        return self._url


def resolve(config: Config) -> Embedded | External:
    """The server that this configuration names."""
    if config.database_url:
        return External(config.database_url, config.database_direct_url, wait_seconds=config.database_wait_seconds)
    return Embedded(config.home)


def login(url: str) -> str:
    """Whom a URL logs in as; '' where it leaves that to libpq."""
    return str(conninfo_to_dict(url).get("user") or os.environ.get("PGUSER") or "")


def with_settings(url: str, settings: Mapping[str, str]) -> str:
    """The URL with settings for its session added, percent-encoded: `role`, `headgate.tenant_id` …"""
    before = str(conninfo_to_dict(url).get("options") or "")
    added = [f"-c {name}={_escaped(value)}" for name, value in settings.items()]
    parts = urlsplit(url)
    kept = [item for item in parts.query.split("&") if item and unquote(item.partition("=")[0]) != "options"]
    options = " ".join(filter(None, [before, *added]))
    # Not urlencode: libpq reads a plus sign as a plus sign.
    query = "&".join([*kept, f"options={quote(options, safe='')}"])
    address = urlunsplit(("http", *parts[1:3], query, ""))
    return parts.scheme + address.removeprefix("http")


def _reach(url: str, deadline: float) -> None:
    """Connect once, trying again with growing pauses until the deadline. A login that is refused is not tried again."""
    facts = conninfo_to_dict(url)
    where = f"{facts.get('host') or 'the local socket'}:{facts.get('port') or 5432}"
    attempt = 0
    while True:
        attempt += 1
        try:
            psycopg.connect(url, connect_timeout=int(facts.get("connect_timeout") or CONNECT_SECONDS)).close()
            return
        except psycopg.OperationalError as error:
            if not _may_come(error):
                said = str(error).partition("FATAL:")[2].partition("\n")[0].strip()
                raise ConfigError(f"the database at {where} refuses this login: {said}") from error
            wait = backoff.wait_seconds(attempt, base=0.25, cap=10)
            if time.monotonic() + wait > deadline:
                raise Unavailable(
                    f"the database at {where} does not answer (tries: {attempt}); see `headgate db status`"
                ) from error
            _LOG.warning(
                "the database does not answer; trying again",
                extra={
                    "server": where,
                    "attempt": attempt,
                    "wait_seconds": round(wait, 2),
                    "error": str(error).strip(),
                },
            )
            time.sleep(wait)


def _may_come(error: psycopg.OperationalError) -> bool:
    """Whether the server may answer later: it cannot be reached, starts, stops or is full. Libpq says so in words."""
    said = str(error)
    return "FATAL" not in said or any(
        words in said
        for words in ("starting up", "shutting down", "recovery", "too many", "remaining connection slots")
    )


def _as_role(url: str, name: str | None) -> str:
    found = login(url)
    if found == name:
        return url
    if found in roles.ROLES:
        raise ConfigError(
            f"HEADGATE_DATABASE_URL logs in as {found}, who cannot act as {name or 'the administrator'}: "
            "let it log in as an administrator, or name one in HEADGATE_DATABASE_DIRECT_URL"
        )
    return url if name is None else with_settings(url, {"role": name})


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
