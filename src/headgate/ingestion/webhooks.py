"""Webhooks: an endpoint for each provider, and the door that keeps what it signed.

Who calls has no key of ours: the signature over the raw body, by a secret that both sides know, says who it is. Without
one nothing is stored. With one the bytes are kept before anything is read in them; sent again, they are the artifact
that stands, which is what a scheme that says nothing of its time has for a replay window.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, LiteralString
from weakref import WeakKeyDictionary

from headgate import audit
from headgate.core import ids, secrets
from headgate.core.db import BY_KEY, Actor, Database, Tx
from headgate.core.errors import Unavailable
from headgate.ingestion import artifacts
from headgate.ingestion.errors import MalformedWebhook, NoSuchWebhook, SenderNotAllowed, WebhookNotSigned
from headgate.ingestion.webhook_schemes import Headers, Signed, all_schemes

ACTOR: Final = Actor.system("webhook")
WINDOW: Final = timedelta(minutes=5)
"""How far from now a signature may say that it was made."""
OVERLAP: Final = timedelta(days=1)
"""How long the secret before the last one is good: a provider that rotates signs with either for a while."""
CONTEXT: Final = "ingestion.webhook_endpoints.secret_sealed"
SECRET_MIN, SECRET_MAX = 16, 500

_SELECT: LiteralString = """
    SELECT id, source, scheme, provider_endpoint_id, allowed_networks, set_at, set_by
      FROM (SELECT DISTINCT ON (id) id, source, scheme, provider_endpoint_id, allowed_networks::text[] AS allowed_networks,
                   set_at, set_by, is_active
              FROM ingestion.webhook_endpoints WHERE tenant_id = %(tenant)s
             ORDER BY id, set_at DESC) e
     WHERE is_active AND (%(id)s::text IS NULL OR id = %(id)s)
     ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Where a source's webhooks come in: POST /v1/ingestion/webhooks/{source}/{id}. Its secret is never shown."""

    id: str
    source: str
    scheme: str
    provider_endpoint_id: str | None
    allowed_networks: list[str]
    set_at: datetime
    set_by: str


@dataclass(frozen=True, slots=True)
class _Door:
    """What holds of an endpoint. `secrets` are sealed, with when each was set, the last first."""

    source: str
    scheme: str
    allowed_networks: Sequence[str]
    secrets: Sequence[tuple[datetime, bytes]] = field(repr=False)

    def secrets_at(self, now: datetime) -> list[bytes]:
        """The secret, and the one before it while that is good."""
        earlier = [sealed for (at, _), (_, sealed) in pairwise(self.secrets) if at >= now - OVERLAP]
        return [self.secrets[0][1], *earlier]


def set_webhook(
    tx: Tx,
    *,
    source: str,
    scheme: str,
    secret: str,
    endpoint_id: str | None = None,
    provider_endpoint_id: str | None = None,
    allowed_networks: Sequence[str] = (),
) -> WebhookEndpoint:
    """Take webhooks of a source, signed so; with `endpoint_id` that endpoint is changed.

    A changed endpoint's former secret is good for a day more. Raises MalformedWebhook, NoSuchWebhook.
    """
    if not artifacts.is_source(source):
        raise MalformedWebhook(
            "source must be a word of small letters, digits, '_', '-', '.', as column", field="source"
        )
    if scheme not in all_schemes():
        raise MalformedWebhook(f"scheme must be one of {', '.join(sorted(all_schemes()))}", field="scheme")
    if not SECRET_MIN <= len(secret.encode()) <= SECRET_MAX:
        raise MalformedWebhook(
            f"secret must have {SECRET_MIN} to {SECRET_MAX} bytes: take it from the provider, or draw one",
            field="secret",
        )
    if endpoint_id is not None:
        get_webhook(tx, endpoint_id)
    made = endpoint_id or ids.new("whe")
    _insert(
        tx,
        endpoint_id=made,
        source=source,
        scheme=scheme,
        provider_endpoint_id=provider_endpoint_id or None,
        networks=[_network(one) for one in allowed_networks],
        sealed=secrets.seal(tx, secret.encode(), context=CONTEXT),
        is_active=True,
    )
    audit.record(
        tx, type="ingestion.webhook_endpoint.set", data={"endpoint_id": made, "source": source, "scheme": scheme}
    )
    return get_webhook(tx, made)


def remove_webhook(tx: Tx, endpoint_id: str) -> None:
    """Take no more there; what came stays. Raises NoSuchWebhook."""
    standing = get_webhook(tx, endpoint_id)
    _insert(
        tx,
        endpoint_id=standing.id,
        source=standing.source,
        scheme=standing.scheme,
        provider_endpoint_id=standing.provider_endpoint_id,
        networks=standing.allowed_networks,
        sealed=secrets.seal(tx, b"", context=CONTEXT),
        is_active=False,
    )
    audit.record(tx, type="ingestion.webhook_endpoint.removed", data={"endpoint_id": endpoint_id})


def list_webhooks(tx: Tx) -> list[WebhookEndpoint]:
    """Every endpoint that takes webhooks, oldest first."""
    return tx.all(_SELECT, {"tenant": tx.tenant_id, "id": None}, row=WebhookEndpoint)


def get_webhook(tx: Tx, endpoint_id: str) -> WebhookEndpoint:
    """One endpoint. Raises NoSuchWebhook."""
    found = tx.maybe(_SELECT, {"tenant": tx.tenant_id, "id": endpoint_id}, row=WebhookEndpoint)
    if found is None:
        raise NoSuchWebhook(f"no webhooks are taken at {endpoint_id[:40]}", endpoint_id=endpoint_id[:40])
    return found


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody sent to a source's door; without `endpoint_id` its own header names the endpoint."""

    source: str
    endpoint_id: str | None
    headers: Headers
    body: bytes = field(repr=False)
    sender: str | None
    correlation_id: str


def accept(database: Database, sent: Sent) -> str:
    """Keep what a provider sent and signed, committed; the artifact's id.

    Raises WebhookNotSigned, in the same words whatever is wrong with it, SenderNotAllowed, and those of `receive`.
    """
    [outcome] = accept_many(database, [sent])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def accept_many(database: Database, offered: Sequence[Sent]) -> list[str | Exception]:
    """The same for many who came together: those of one tenant share a transaction, and each has its own answer."""
    whose: dict[_Name, tuple[str, str] | None] = {}
    outcomes: list[str | Exception] = [WebhookNotSigned() for _ in offered]
    of_tenant: dict[str, list[_Place]] = defaultdict(list)
    for n, sent in enumerate(offered):
        name = _name_of(sent)
        if name not in whose:
            whose[name] = _whose(database, name)
        found = whose[name]
        if found is not None:
            tenant_id, endpoint_id = found
            of_tenant[tenant_id].append((n, endpoint_id, sent))
    for tenant_id, places in of_tenant.items():
        for n, outcome in _keep(database, tenant_id, places).items():
            outcomes[n] = outcome
    return outcomes


_Name = tuple[str | None, str | None]
"""By what an endpoint is found: our id of it, else the provider's."""
_Place = tuple[int, str, Sent]
"""Where in what was offered, for which endpoint, what."""


def _keep(database: Database, tenant_id: str, places: Sequence[_Place]) -> dict[int, str | Exception]:
    """What becomes of a tenant's: together, else each by itself."""
    try:
        return _keep_together(database, tenant_id, places)
    except Exception as error:
        if len(places) == 1 or isinstance(error, Unavailable):
            return {n: error for n, _, _ in places}
    return {n: one for place in places for n, one in _keep(database, tenant_id, [place]).items()}


def _keep_together(database: Database, tenant_id: str, places: Sequence[_Place]) -> dict[int, str | Exception]:
    outcomes: dict[int, str | Exception] = {}
    signed: list[_Place] = []
    with database.begin(tenant_id=tenant_id, actor=ACTOR, settings=BY_KEY, keeps_settings=True) as tx:
        doors = {endpoint_id: _opened(tx, endpoint_id) for endpoint_id in {one for _, one, _ in places}}
        for n, endpoint_id, sent in places:
            refused = _refused(sent, *doors[endpoint_id])
            if refused is not None:
                outcomes[n] = refused
            else:
                signed.append((n, endpoint_id, sent))
        if signed:
            kept = artifacts.receive_many(tx, [_incoming(sent, endpoint_id) for _, endpoint_id, sent in signed])
            outcomes.update(zip([n for n, _, _ in signed], kept, strict=True))
    return outcomes


def _refused(sent: Sent, door: _Door | None, known: Sequence[bytes]) -> Exception | None:
    """Why nothing of it is kept; `known` are the secrets that are good at that door."""
    if door is None or door.source != sent.source:
        return WebhookNotSigned()
    if door.allowed_networks and not _is_within(sent.sender, door.allowed_networks):
        return SenderNotAllowed()
    check = all_schemes()[door.scheme].check
    is_signed = any(_is_now(check(sent.headers, sent.body, secret)) for secret in known)
    return None if is_signed else WebhookNotSigned()


def _incoming(sent: Sent, endpoint_id: str) -> artifacts.Incoming:
    return artifacts.Incoming(
        sent.source,
        f"{endpoint_id}.webhook",
        sent.body,
        sent.correlation_id,
        type="webhook_body",
        mime="application/json",
        metadata={"endpoint_id": endpoint_id},
    )


def _name_of(sent: Sent) -> _Name:
    if sent.endpoint_id is not None:
        return sent.endpoint_id, None
    scheme = all_schemes().get(sent.source)
    header = scheme.endpoint_header if scheme else None
    return None, (sent.headers.get(header) if header else None) or None


_TENANTS: Final[WeakKeyDictionary[Database, dict[str, str]]] = WeakKeyDictionary()
"""Whose endpoint an id of ours is: it is drawn once and given to no other. What holds of it is a setting of that tenant's."""
TENANTS_MAX: Final = 10_000


def _whose(database: Database, name: _Name) -> tuple[str, str] | None:
    """The tenant and the id of an endpoint; None of one that nobody has, or that several claim by the provider's name."""
    endpoint_id, provider_endpoint_id = name
    if endpoint_id is None and provider_endpoint_id is None:
        return None
    known = _TENANTS.setdefault(database, {})
    if endpoint_id in known:
        return known[endpoint_id], endpoint_id
    rows = database.look_up(
        "SELECT tenant_id::text, id FROM ingestion.webhook_endpoint(%(id)s, %(theirs)s)",
        {"id": endpoint_id, "theirs": provider_endpoint_id},
    )
    if not rows:
        return None
    tenant_id, found = rows[0]["tenant_id"], rows[0]["id"]
    if len(known) >= TENANTS_MAX:
        known.clear()
    known[found] = tenant_id
    return tenant_id, found


def _opened(tx: Tx, endpoint_id: str) -> tuple[_Door | None, list[bytes]]:
    """An endpoint that takes webhooks now, and the secrets that are good there."""
    door = tx.setting(f"ingestion.webhook_endpoints:{endpoint_id}", lambda: _door(tx, endpoint_id))
    known = secrets.open_many(tx, door.secrets_at(datetime.now(UTC)), context=CONTEXT) if door else []
    return door, known


def _door(tx: Tx, endpoint_id: str) -> _Door | None:
    rows = tx.all(
        """
        SELECT source, scheme, allowed_networks::text[] AS allowed_networks, is_active, set_at, secret_sealed
          FROM ingestion.webhook_endpoints
         WHERE tenant_id = %(tenant)s AND id = %(id)s
         ORDER BY set_at DESC LIMIT 5
        """,
        {"tenant": tx.tenant_id, "id": endpoint_id},
    )
    if not rows or not rows[0]["is_active"]:
        return None
    sealed = [(row["set_at"], bytes(row["secret_sealed"])) for row in rows]
    return _Door(rows[0]["source"], rows[0]["scheme"], rows[0]["allowed_networks"], sealed)


def _is_now(signed: Signed | None) -> bool:
    return signed is not None and (signed.at is None or abs(datetime.now(UTC) - signed.at) <= WINDOW)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip()))
    except ValueError as error:
        raise MalformedWebhook(
            f"'{text[:60]}' is no network: write an address or a block, as 203.0.113.0/24", field="allowed_networks"
        ) from error


def _is_within(sender: str | None, networks: Sequence[str]) -> bool:
    try:
        address = ipaddress.ip_address(sender or "")
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(network) for network in networks)


def _insert(
    tx: Tx,
    *,
    endpoint_id: str,
    source: str,
    scheme: str,
    provider_endpoint_id: str | None,
    networks: Sequence[str],
    sealed: bytes,
    is_active: bool,
) -> None:
    tx.run(
        """
        INSERT INTO ingestion.webhook_endpoints
               (tenant_id, id, is_active, source, scheme, provider_endpoint_id, allowed_networks, secret_sealed)
        VALUES (%(tenant)s, %(id)s, %(is_active)s, %(source)s, %(scheme)s, %(theirs)s, %(networks)s::text[]::cidr[], %(sealed)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": endpoint_id,
            "is_active": is_active,
            "source": source,
            "scheme": scheme,
            "theirs": provider_endpoint_id,
            "networks": list(networks),
            "sealed": sealed,
        },
    )
