"""Which database: the embedded one of this home, or the one that HEADGATE_DATABASE_URL names. Nothing else differs.

```python
server = resolve(Config.from_environment())
server.ensure_up()
with Database(server.url, config=config) as database: ...
```
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from psycopg.conninfo import conninfo_to_dict

from headgate.core import roles
from headgate.core.config import Config
from headgate.core.embedded import DATABASE, EmbeddedServer, full_role_name
from headgate.core.errors import ConfigError


class Server(Protocol):
    """A PostgreSQL server that holds one Headgate database."""

    @property
    def is_embedded(self) -> bool:
        """Whether it is ours to start and stop."""

    def ensure_up(self) -> None:
        """Start it where it is ours and does not run."""

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

    def __init__(self, url: str, direct_url: str | None = None) -> None:
        self._url = url
        self._direct_url = direct_url

    def ensure_up(self) -> None:
        """Nothing to do: it is started by whoever runs it."""

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
        return External(config.database_url, config.database_direct_url)
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
