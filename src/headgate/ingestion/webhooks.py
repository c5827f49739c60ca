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
from typing import Final, LiteralString

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
class _Found:
    tenant_id: str
    id: str
    source: str
    scheme: str
    allowed_networks: list[str]


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
    endpoints: dict[tuple[str, str | None, str | None], _Found | None] = {}
    outcomes: list[str | Exception] = [WebhookNotSigned() for _ in offered]
    of_tenant: dict[str, list[int]] = defaultdict(list)
    found: list[_Found | None] = []
    for n, sent in enumerate(offered):
        name = _name_of(sent)
        if name not in endpoints:
            endpoints[name] = _find(database, name)
        endpoint = endpoints[name]
        found.append(endpoint)
        if endpoint is None or endpoint.source != sent.source:
            continue
        if endpoint.allowed_networks and not _is_within(sent.sender, endpoint.allowed_networks):
            outcomes[n] = SenderNotAllowed()
            continue
        of_tenant[endpoint.tenant_id].append(n)
    for tenant_id, places in of_tenant.items():
        for n, outcome in _keep(database, tenant_id, offered, found, places).items():
            outcomes[n] = outcome
    return outcomes


def _keep(
    database: Database, tenant_id: str, offered: Sequence[Sent], found: Sequence[_Found | None], places: Sequence[int]
) -> dict[int, str | Exception]:
    """What becomes of a tenant's: together, else each by itself."""
    try:
        return _keep_together(database, tenant_id, offered, found, places)
    except Exception as error:
        if len(places) == 1 or isinstance(error, Unavailable):
            return dict.fromkeys(places, error)
    return {n: one for at in places for n, one in _keep(database, tenant_id, offered, found, [at]).items()}


def _keep_together(
    database: Database, tenant_id: str, offered: Sequence[Sent], found: Sequence[_Found | None], places: Sequence[int]
) -> dict[int, str | Exception]:
    outcomes: dict[int, str | Exception] = {}
    known: dict[str, list[bytes]] = {}
    signed: list[int] = []
    with database.begin(tenant_id=tenant_id, actor=ACTOR, settings=BY_KEY) as tx:
        for n in places:
            endpoint, sent = found[n], offered[n]
            assert endpoint is not None, "who has no endpoint has his answer"
            if endpoint.id not in known:
                known[endpoint.id] = _secrets(tx, endpoint.id)
            check = all_schemes()[endpoint.scheme].check
            if any(_is_now(check(sent.headers, sent.body, secret)) for secret in known[endpoint.id]):
                signed.append(n)
            else:
                outcomes[n] = WebhookNotSigned()
        if signed:
            kept = artifacts.receive_many(tx, [_incoming(offered[n], found[n]) for n in signed])
            outcomes.update(zip(signed, kept, strict=True))
    return outcomes


def _incoming(sent: Sent, endpoint: _Found | None) -> artifacts.Incoming:
    assert endpoint is not None, "who has no endpoint has his answer"
    return artifacts.Incoming(
        sent.source,
        f"{endpoint.id}.webhook",
        sent.body,
        sent.correlation_id,
        type="webhook_body",
        mime="application/json",
        metadata={"endpoint_id": endpoint.id},
    )


def _name_of(sent: Sent) -> tuple[str, str | None, str | None]:
    """By what an endpoint is found: our id of it, else the provider's."""
    if sent.endpoint_id is not None:
        return sent.source, sent.endpoint_id, None
    scheme = all_schemes().get(sent.source)
    header = scheme.endpoint_header if scheme else None
    return sent.source, None, (sent.headers.get(header) if header else None) or None


def _find(database: Database, name: tuple[str, str | None, str | None]) -> _Found | None:
    _, endpoint_id, provider_endpoint_id = name
    if endpoint_id is None and provider_endpoint_id is None:
        return None
    rows = database.look_up(
        "SELECT tenant_id::text, id, source, scheme, allowed_networks FROM ingestion.webhook_endpoint(%(id)s, %(theirs)s)",
        {"id": endpoint_id, "theirs": provider_endpoint_id},
    )
    return _Found(**rows[0]) if rows else None


def _secrets(tx: Tx, endpoint_id: str) -> list[bytes]:
    """The secret, and the one before it while that is good."""
    sealed = tx.values(
        """
        SELECT secret_sealed FROM ingestion.webhook_endpoints
         WHERE tenant_id = %(tenant)s AND id = %(id)s AND is_active
           AND set_at >= coalesce((SELECT max(set_at) FROM ingestion.webhook_endpoints
                                    WHERE tenant_id = %(tenant)s AND id = %(id)s AND set_at < clock_timestamp() - %(overlap)s),
                                  '-infinity')
         ORDER BY set_at DESC LIMIT 5
        """,
        {"tenant": tx.tenant_id, "id": endpoint_id, "overlap": OVERLAP},
    )
    return secrets.open_many(tx, [bytes(one) for one in sealed], context=CONTEXT)


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
