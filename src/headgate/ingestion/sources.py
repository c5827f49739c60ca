"""Where a tenant's evidence is fetched: a name of the tenant's, a connector, its settings and its secret, and its health."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, LiteralString

from psycopg.types.json import Jsonb
from pydantic import ValidationError

from headgate import audit
from headgate.core import secrets
from headgate.core.config import Config
from headgate.core.db import Database, Tx
from headgate.ingestion.artifacts import is_source
from headgate.ingestion.connectors import Connector, Settings, SourceRefused, all_connectors
from headgate.ingestion.errors import MalformedSource, NoSuchSource

CONTEXT: Final = "ingestion.sources.secret_sealed"
SECRET_MAX: Final = 20_000
EVERY_SECONDS: Final = 300
"""How often a source is fetched that says nothing else; SFTP: once a day."""
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}\Z")

_SELECT: LiteralString = """
    SELECT name, connector, source, place, settings, every_seconds, login, set_at, set_by, due_at, not_before,
           last_success_at, last_failure_at, last_failure, failures, failing_since, breaker, lag_seconds, items_taken,
           newest_at, gaps
      FROM ingestion.source_health
     WHERE tenant_id = %(tenant)s AND (%(name)s::text IS NULL OR name = %(name)s)
     ORDER BY name
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A source and how it fares; its secret is never shown.

    `every_seconds` None: once a day. `breaker`: open while it is left alone after five failures in a row, half_open until
    the next try says how it is. `lag_seconds`: how long ago it was last read to its end. `newest_at`: when the newest thing
    it gave happened. `gaps`: how often it passed over numbers that did not come yet.
    """

    name: str
    connector: str
    source: str
    place: str
    settings: dict[str, Any]
    every_seconds: int | None
    login: str | None
    set_at: datetime
    set_by: str
    due_at: datetime | None
    not_before: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str | None
    failures: int
    failing_since: datetime | None
    breaker: Literal["closed", "open", "half_open"]
    lag_seconds: int
    items_taken: int
    newest_at: datetime | None
    gaps: int


@dataclass(frozen=True, slots=True)
class SourceTry:
    """A try that brought something or went wrong. `outcome` refused: only a person can mend it."""

    id: str
    began_at: datetime
    ended_at: datetime
    outcome: Literal["taken", "throttled", "failed", "refused"]
    items_new: int
    items_known: int
    items_refused: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class SourceItem:
    """Something that a source gave: the artifact that it became, or why it became none."""

    identity: str
    artifact_id: str | None
    artifact_type: str
    refusal: str | None
    sequence_no: int | None
    occurred_at: datetime | None
    facts: dict[str, Any]
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class SourceTerms:
    """A source as it is about to be set: checked, before a transaction is open."""

    name: str
    connector: str
    source: str
    place: str
    settings: dict[str, Any]
    every_seconds: int | None
    login: str | None
    secret: str | None = field(repr=False)


def check_source(
    config: Config,
    *,
    name: str,
    connector: str,
    settings: Mapping[str, Any],
    source: str | None = None,
    every_seconds: int | None = None,
    login: str | None = None,
    secret: str | None = None,
) -> SourceTerms:
    """What `set_source` takes, judged: names may be looked up for it, so no transaction is open. Raises MalformedSource."""
    if not _NAME.match(name):
        raise MalformedSource(
            "a source's name is a word of small letters, digits, '_' and '-', at most 40, as amegy-statements",
            field="name",
        )
    word = source or name
    if not is_source(word):
        raise MalformedSource(
            "source must be a word of small letters, digits, '_', '-', '.', as bank.amegy", field="source"
        )
    found = all_connectors().get(connector)
    if found is None:
        raise MalformedSource(f"connector must be one of {', '.join(sorted(all_connectors()))}", field="connector")
    if every_seconds is not None and not 60 <= every_seconds <= 604_800:
        raise MalformedSource("every_seconds is from 60 to 604800", field="every_seconds")
    _check_login(found, connector, login, secret)
    made = settings_of(found, settings)
    try:
        if login is not None and secret is not None and found.secret_kept is not None:
            secret = found.secret_kept(login, secret)
        if found.check is not None:
            found.check(made, login, secret, config)
    except SourceRefused as error:
        raise MalformedSource(error.message, field="settings") from error
    except ValueError as error:
        raise MalformedSource(str(error), field="settings") from error
    if every_seconds is None and connector != "sftp":
        every_seconds = EVERY_SECONDS
    return SourceTerms(
        name, connector, word, found.place(made), made.model_dump(mode="json"), every_seconds, login, secret
    )


def set_source(tx: Tx, terms: SourceTerms) -> Source:
    """Fetch there from now on; a source of that name is replaced, and goes on where it stood if the place is the same.

    Without a secret the one that stands for that place is kept. Raises MalformedSource where one is needed and none stands.
    """
    connector = all_connectors()[terms.connector]
    login, sealed = terms.login, None
    if terms.secret is not None:
        sealed = secrets.seal(tx, terms.secret.encode(), context=CONTEXT)
    elif connector.logins:
        login, sealed = _standing_secret(tx, terms)
        if sealed is None and not connector.is_login_optional:
            raise MalformedSource(
                f"{terms.connector} needs a secret for this place: give one as {' or '.join(connector.logins)}",
                field="secret",
            )
    _insert(tx, terms, login, sealed, is_active=True)
    tx.run(
        """
        INSERT INTO ingestion.source_states (tenant_id, name) VALUES (%(tenant)s, %(name)s)
            ON CONFLICT (tenant_id, name) DO UPDATE
           SET due_at = clock_timestamp(), not_before = NULL, failures = 0, failing_since = NULL, probing_until = NULL
        """,
        {"tenant": tx.tenant_id, "name": terms.name},
    )
    audit.record(
        tx,
        type="ingestion.source.set",
        data={
            "name": terms.name,
            "connector": terms.connector,
            "source": terms.source,
            "every_seconds": terms.every_seconds,
            "login": login,
            "is_secret_new": terms.secret is not None,
        },
    )
    return get_source(tx, terms.name)


def remove_source(tx: Tx, name: str) -> None:
    """Fetch there no more; what was taken stays, and is known if the source is set again. Raises NoSuchSource."""
    standing = get_source(tx, name)
    terms = SourceTerms(
        name, standing.connector, standing.source, standing.place, standing.settings, standing.every_seconds, None, None
    )
    _insert(tx, terms, None, None, is_active=False)
    audit.record(tx, type="ingestion.source.removed", data={"name": name})


def list_sources(tx: Tx) -> list[Source]:
    """Every source that is fetched, by name, with its health."""
    return tx.all(_SELECT, {"tenant": tx.tenant_id, "name": None}, row=Source)


def get_source(tx: Tx, name: str) -> Source:
    """One source. Raises NoSuchSource."""
    found = tx.maybe(_SELECT, {"tenant": tx.tenant_id, "name": name}, row=Source)
    if found is None:
        raise NoSuchSource(f"nothing is fetched under the name {name[:40]}", name=name[:40])
    return found


def sources_failing(database: Database) -> float:
    """How many sources of the whole installation have failed five times in a row or more."""
    return float(database.look_up("SELECT ingestion.sources_failing() AS count")[0]["count"])


def list_source_tries(tx: Tx, name: str, *, limit: int = 50) -> list[SourceTry]:
    """The tries of a source that brought something or went wrong, the latest first. Raises NoSuchSource."""
    get_source(tx, name)
    return tx.all(
        """
        SELECT id, began_at, ended_at, outcome, items_new, items_known, items_refused, reason
          FROM ingestion.source_tries
         WHERE tenant_id = %(tenant)s AND name = %(name)s
         ORDER BY ended_at DESC, id DESC
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "name": name, "limit": limit},
        row=SourceTry,
    )


def list_source_items(tx: Tx, name: str, *, limit: int = 50) -> list[SourceItem]:
    """What a source gave, the latest first. Raises NoSuchSource."""
    get_source(tx, name)
    return tx.all(
        """
        SELECT identity, artifact_id, artifact_type, refusal, sequence_no, occurred_at, facts, taken_at
          FROM ingestion.source_items
         WHERE tenant_id = %(tenant)s AND name = %(name)s
         ORDER BY taken_at DESC, identity DESC
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "name": name, "limit": limit},
        row=SourceItem,
    )


def secret_of(tx: Tx, name: str) -> str | None:
    """The secret of a source, for who calls there."""
    sealed = tx.value(
        """
        SELECT secret_sealed FROM ingestion.sources
         WHERE tenant_id = %(tenant)s AND name = %(name)s ORDER BY set_at DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id, "name": name},
    )
    return None if sealed is None else secrets.open_sealed(tx, bytes(sealed), context=CONTEXT).decode()


def settings_of(connector: Connector, settings: Mapping[str, Any]) -> Settings:
    """Settings as the connector has them. Raises MalformedSource, naming the first that is wrong and never its value."""
    try:
        return connector.settings.model_validate(dict(settings))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])[:100]
        raise MalformedSource(f"settings.{field}: {first['msg']}", field=f"settings.{field}") from None


def _check_login(connector: Connector, name: str, login: str | None, secret: str | None) -> None:
    if (login is None) != (secret is None):
        raise MalformedSource("a secret is given with its kind, as login and secret", field="login")
    if login is not None and login not in connector.logins:
        takes = f"takes {' or '.join(connector.logins)}" if connector.logins else "takes no secret"
        raise MalformedSource(f"{name} {takes}, not {login[:40]}", field="login")
    if secret is not None and not 0 < len(secret.encode()) <= SECRET_MAX:
        raise MalformedSource(f"a secret has 1 to {SECRET_MAX} bytes", field="secret")


def _standing_secret(tx: Tx, terms: SourceTerms) -> tuple[str | None, bytes | None]:
    """What the source of that name has as its secret, sealed: at the same place alone, or it could be sent elsewhere."""
    found = tx.maybe(
        """
        SELECT connector, place, login, secret_sealed FROM ingestion.sources
         WHERE tenant_id = %(tenant)s AND name = %(name)s ORDER BY set_at DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id, "name": terms.name},
    )
    if found is None or (found["connector"], found["place"]) != (terms.connector, terms.place):
        return None, None
    return (found["login"], bytes(found["secret_sealed"])) if found["secret_sealed"] is not None else (None, None)


def _insert(tx: Tx, terms: SourceTerms, login: str | None, sealed: bytes | None, *, is_active: bool) -> None:
    tx.run(
        """
        INSERT INTO ingestion.sources
               (tenant_id, name, is_active, connector, source, place, settings, every_seconds, login, secret_sealed)
        VALUES (%(tenant)s, %(name)s, %(is_active)s, %(connector)s, %(source)s, %(place)s, %(settings)s, %(every)s,
                %(login)s, %(sealed)s)
        """,
        {
            "tenant": tx.tenant_id,
            "name": terms.name,
            "is_active": is_active,
            "connector": terms.connector,
            "source": terms.source,
            "place": terms.place,
            "settings": Jsonb(terms.settings),
            "every": terms.every_seconds,
            "login": login,
            "sealed": sealed,
        },
    )
