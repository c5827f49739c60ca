"""What a provider signs is kept before it is read, once; what nobody signed leaves nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from tests import make
from tests.web.client import Client, client_of, keys_of

from headgate import ingestion
from headgate.api import create_app
from headgate.core.db import Database
from headgate.ingestion import webhooks
from headgate.ingestion.webhook_schemes import all_schemes

pytestmark = pytest.mark.slow

SECRET = "a secret of thirty-two characters"
FORMER = "the secret that was before that one"
BODY = b'{"id": "evnt_1", "type": "ach.incoming_transfer.settled", "data": {"amount": 1250}}'


def _hex(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _standard(secret: str, body: bytes, at: int) -> dict[str, str]:
    signed = b"msg_1." + str(at).encode() + b"." + body
    made = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": f"v1,bm9uZQ== v1,{made}"}


SIGNED: dict[str, Callable[[str, bytes, int], dict[str, str]]] = {
    "column": lambda secret, body, at: {"Column-Signature": _hex(secret, body)},
    "hmac_sha256": lambda secret, body, at: {"X-Signature": f"sha256={_hex(secret, body)}"},
    "standard": _standard,
    "stripe": lambda secret, body, at: {
        "Stripe-Signature": f"t={at},v1={'0' * 64},v1={_hex(secret, str(at).encode() + b'.' + body)}"
    },
}
TIMED = ("standard", "stripe")


@pytest.fixture(scope="module")
def api(database: Database) -> Iterator[Client]:
    with client_of(create_app(database)) as opened:
        yield opened


def endpoint(database: Database, tenant: make.TenantFixture, **facts: Any) -> ingestion.WebhookEndpoint:
    wanted = {"source": "column", "scheme": "column", "secret": SECRET} | facts
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        return ingestion.set_webhook(tx, **wanted)


def send(api: Client, to: ingestion.WebhookEndpoint, headers: dict[str, str], body: bytes = BODY) -> httpx.Response:
    facts = {"content": body, "headers": {"Content-Type": "application/json", **headers}}
    return api.post(f"/v1/ingestion/webhooks/{to.source}/{to.id}", **facts)


def kept(database: Database, tenant: make.TenantFixture) -> list[ingestion.Artifact]:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        return ingestion.list_artifacts(tx, limit=100)


@pytest.mark.parametrize("scheme", sorted(all_schemes()))
def test_what_is_signed_is_kept_as_it_came_and_what_is_not_leaves_nothing(
    api: Client, database: Database, tenant: make.TenantFixture, scheme: str
) -> None:
    to, now = endpoint(database, tenant, scheme=scheme), int(time.time())
    good = SIGNED[scheme](SECRET, BODY, now)

    bad = [{}, SIGNED[scheme](FORMER, BODY, now), SIGNED[scheme](SECRET, BODY + b" ", now)]
    bad += [SIGNED[scheme](SECRET, BODY, at) for at in (now - 600, now + 600) if scheme in TIMED]
    bad += [{name: value[:-1] + ("0" if value[-1] != "0" else "1") for name, value in good.items()}]
    for headers in bad:
        answer = send(api, to, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "ingestion.webhook_not_signed"), headers
    assert kept(database, tenant) == []

    first, again = send(api, to, good), send(api, to, good)

    assert (first.status_code, again.status_code) == (200, 200) and first.json() == again.json()
    [artifact] = kept(database, tenant)
    assert artifact.id == first.json()["artifact_id"] and artifact.source == "column"
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert ingestion.body(tx, artifact.id) == BODY


def test_bytes_that_are_no_json_are_kept_and_a_megabyte_more_is_not(
    api: Client, database: Database, tenant: make.TenantFixture
) -> None:
    to = endpoint(database, tenant)
    for body in (b"\xff\x00 no json at all", b'{"a": 1, "a": 2}', b"[" * 5000):
        assert send(api, to, {"Column-Signature": _hex(SECRET, body)}, body).status_code == 200
    large = b"x" * (2**20 + 1)

    answer = send(api, to, {"Column-Signature": _hex(SECRET, large)}, large)

    assert answer.status_code == 413 and len(kept(database, tenant)) == 3


def test_a_changed_secret_leaves_the_former_one_good_for_a_day(
    api: Client, database: Database, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = endpoint(database, tenant, secret=FORMER)
    endpoint(database, tenant, endpoint_id=to.id)

    def statuses(body: bytes) -> tuple[int, int]:
        both = [send(api, to, {"Column-Signature": _hex(secret, body)}, body) for secret in (FORMER, SECRET)]
        return both[0].status_code, both[1].status_code

    assert statuses(b"1") == (200, 200)
    monkeypatch.setattr(webhooks, "OVERLAP", timedelta(0))
    assert statuses(b"2") == (401, 200)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        ingestion.remove_webhook(tx, to.id)
        assert ingestion.list_webhooks(tx) == []
    assert statuses(b"3") == (401, 401)


def test_a_changed_endpoint_is_another_at_once_and_one_source_is_not_the_other(
    api: Client, database: Database, tenant: make.TenantFixture
) -> None:
    to = endpoint(database, tenant, secret=FORMER)
    assert send(api, to, {"Column-Signature": _hex(FORMER, BODY)}).status_code == 200

    endpoint(database, tenant, endpoint_id=to.id, scheme="hmac_sha256", source="bank.test")

    elsewhere = replace(to, source="bank.test")
    signed = {**SIGNED["hmac_sha256"](SECRET, b"2", 0), **SIGNED["column"](SECRET, b"2", 0)}
    assert send(api, to, signed, b"2").status_code == 401
    assert send(api, elsewhere, SIGNED["column"](SECRET, b"2", 0), b"2").status_code == 401
    assert send(api, elsewhere, signed, b"2").status_code == 200
    assert [one.source for one in kept(database, tenant)] == ["bank.test", "column"]


@pytest.mark.parametrize("many", [1, 20])
def test_webhooks_are_kept_in_one_statement_beside_their_transactions_own(
    database: Database, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    to = endpoint(database, tenant)

    def sent(n: int) -> webhooks.Sent:
        body = str(n).encode()
        return webhooks.Sent(to.source, to.id, Headers(SIGNED["column"](SECRET, body, 0)), body, None, f"cor_{n}")

    webhooks.accept(database, sent(-1))  # From here on it is known whose endpoint it is, and what holds of it.
    statements: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        statements.append(str(query))
        return execute(self, query, *rest, **more)

    monkeypatch.setattr(psycopg.Cursor, "execute", noted)

    outcomes = webhooks.accept_many(database, [sent(n) for n in range(many)])

    monkeypatch.undo()
    assert ["BEGIN" in statements[0], "receive_many" in statements[1], "COMMIT" in statements[2]] == [True] * 3
    assert len(statements) == 3 and set(outcomes) < {one.id for one in kept(database, tenant)}


def test_of_those_who_come_together_each_has_the_answer_that_it_has_alone(
    database: Database, tenant: make.TenantFixture
) -> None:
    other = make.tenant(database)
    here, there = endpoint(database, tenant), endpoint(database, other)
    closed = endpoint(database, tenant, allowed_networks=["203.0.113.0/24"])
    unknown = replace(here, id="whe_" + "0" * 26)
    wanted = [(here, SECRET), (unknown, SECRET), (there, SECRET), (closed, SECRET), (here, FORMER), (there, FORMER)]

    def sent(n: int) -> webhooks.Sent:
        to, secret = wanted[n]
        body = str(n).encode()
        headers = Headers({"Column-Signature": _hex(secret, body)})
        return webhooks.Sent(to.source, to.id, headers, body, "127.0.0.1", f"cor_{n}")

    outcomes = webhooks.accept_many(database, [sent(n) for n in range(len(wanted))])

    assert [one if isinstance(one, str) else type(one).__name__ for one in outcomes] == [
        *(kept(database, tenant)[0].id, "WebhookNotSigned", kept(database, other)[0].id),
        *("SenderNotAllowed", "WebhookNotSigned", "WebhookNotSigned"),
    ]
    assert (len(kept(database, tenant)), len(kept(database, other))) == (1, 1)


def test_an_endpoint_says_who_may_send(api: Client, database: Database, tenant: make.TenantFixture) -> None:
    headers = {"Column-Signature": _hex(SECRET, BODY)}
    elsewhere = endpoint(database, tenant, allowed_networks=["203.0.113.0/24", "2001:db8::/32"])
    here = endpoint(database, tenant, allowed_networks=["127.0.0.0/8"])

    answer = send(api, elsewhere, headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "ingestion.sender_not_allowed")
    assert send(api, here, headers).status_code == 200 and len(kept(database, tenant)) == 1


def test_columns_own_address_finds_the_endpoint_by_its_header(
    api: Client, database: Database, tenant: make.TenantFixture
) -> None:
    name = f"whep_{tenant.slug}"
    endpoint(database, tenant, provider_endpoint_id=name)
    signature = _hex(SECRET, BODY)

    def status(**headers: str) -> int:
        said = {key.replace("_", "-"): value for key, value in headers.items()}
        return api.post("/api/column/webhook", content=BODY, headers=said).status_code

    assert status(Column_Signature=signature) == 401
    assert status(Column_Signature=signature, Webhook_Endpoint_Id="whep_other") == 401
    assert status(Column_Signature=signature, Webhook_Endpoint_Id=name) == 200

    other = make.tenant(database)
    endpoint(database, other, provider_endpoint_id=name)
    assert status(Column_Signature=signature, Webhook_Endpoint_Id=name) == 401, "two that claim one name are none"


def test_the_secret_is_shown_nowhere_and_bad_facts_are_named(
    api: Client, database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    keys = keys_of(database, tenant.id)
    wanted = {"source": "column", "scheme": "column", "secret": SECRET}
    path = "/v1/ingestion/webhook-endpoints"

    made = api.post(path, json=wanted, headers=keys.operator)

    assert made.status_code == 201 and SECRET not in made.text + api.get(path, headers=keys.readonly).text
    rows = admin.execute(
        "SELECT w::text FROM ingestion.webhook_endpoints w WHERE tenant_id = %s", [tenant.id]
    ).fetchall()
    assert len(rows) == 1 and SECRET not in rows[0][0] and SECRET.encode().hex() not in rows[0][0]
    wrong = {"source": "Column!", "scheme": "md5", "secret": "short", "allowed_networks": ["10.0.0.1/8"]}
    for field, value in wrong.items():
        answer = api.post(path, json=wanted | {field: value}, headers=keys.operator)
        assert (answer.status_code, answer.json()["facts"]["field"]) == (400, field), answer.text
    assert api.send("DELETE", f"{path}/{made.json()['id']}", headers=keys.operator).status_code == 204


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize("scheme", sorted(all_schemes()))
def test_a_scheme_never_fails_whatever_the_headers_say(scheme: str, data: st.DataObject) -> None:
    names = (
        "column-signature",
        "x-signature",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "stripe-signature",
    )
    text = st.one_of(
        st.text(st.characters(max_codepoint=255), max_size=40), st.sampled_from(["t=1,v1=", "v1,", "sha256="])
    )
    said = data.draw(st.dictionaries(st.sampled_from(names), text))
    raw = [(name.encode(), value.encode("latin-1")) for name, value in said.items()]

    assert all_schemes()[scheme].check(Headers(raw=raw), data.draw(st.binary(max_size=20)), b"secret") is None


def test_every_scheme_is_signed_here() -> None:
    assert set(SIGNED) == set(all_schemes())
    assert json.loads(BODY)
