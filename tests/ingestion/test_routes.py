"""HTTP: /v1/ingestion."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests import make
from tests.ingestion.envelopes import VECTOR, envelope, raw
from tests.web.client import Client, Keys, client_of, keys_of

from headgate.core.db import Database
from headgate.ingestion.payment_commands import _arrivals, is_of_envelopes
from headgate.ingestion.routes import router
from headgate.ingestion.schemas import schemas
from headgate.rails import fake
from headgate.web import build_application

BROKEN = (
    b"employee_id,name,routing_number,account_number,account_type,net_pay\n"
    b"E-1,Maria Lindqvist,021000021,1234567890,checking,100.00\n"
    b"E-2,Otto Broken,021000022,5550001111,checking,200.00\n"
)
STATEMENT = fake.bai2(
    fake.BankDay(
        account=fake.BankAccount("000123456789", fake.ROUTING),
        on=date(2026, 11, 20),
        opening=make.usd("0.00"),
        lines=(fake.BankLine(True, make.usd("12.34"), "195", "HGACME", "INCOMING WIRE ACME INC"),),
    )
)


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, tenant: make.TenantFixture) -> Keys:
    return keys_of(database, tenant.id)


def upload(client: Client, headers: dict[str, str], data: bytes, **form: str):  # type: ignore[no-untyped-def]
    return client.post("/v1/ingestion/files", headers=headers, files={"file": ("day.txt", data)}, data=form)


def test_what_belongs_in_the_form_is_refused_in_the_address(client: Client, keys: Keys) -> None:
    for query, told in (("source=bank", "-F source="), ("note=x", "leave it out")):
        refused = client.post(
            f"/v1/ingestion/files?{query}", headers=keys.operator, files={"file": ("day.txt", STATEMENT)}
        )
        assert refused.status_code == 400 and told in refused.json()["detail"], refused.text
    assert client.get("/v1/ingestion/artifacts", headers=keys.operator).json()["data"] == []


def test_a_file_is_kept_and_read_and_kept_once(client: Client, keys: Keys) -> None:
    first = upload(client, keys.operator, STATEMENT, source="bank.test")
    again = upload(client, keys.operator, STATEMENT, source="bank.test")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    artifact = first.json()["artifact"]
    assert (artifact["kind"], artifact["status"], artifact["filename"]) == ("statement", "read", "day.txt")
    assert first.json()["reading"]["proved"] is True
    assert client.get(f"/v1/ingestion/artifacts/{artifact['id']}", headers=keys.readonly).json() == first.json()


def test_records_statements_and_faults_are_listed_without_names_and_numbers(client: Client, keys: Keys) -> None:
    register = upload(client, keys.operator, BROKEN).json()["artifact"]["id"]
    statement = upload(client, keys.operator, STATEMENT).json()["artifact"]["id"]

    records = client.get(f"/v1/ingestion/artifacts/{statement}/records", headers=keys.readonly)
    register_records = client.get(f"/v1/ingestion/artifacts/{register}/records", headers=keys.readonly)
    faults = client.get(f"/v1/ingestion/artifacts/{register}/faults", headers=keys.readonly)
    statements = client.get("/v1/ingestion/statements", headers=keys.readonly)
    listed = client.get("/v1/ingestion/artifacts?limit=1", headers=keys.readonly)

    [record] = records.json()["data"]
    assert record["amount"] == {"minor": 1234, "currency": "USD"}
    assert client.get(f"/v1/ingestion/records/{record['id']}", headers=keys.readonly).json() == record
    assert [(fault["line"], fault["field"]) for fault in faults.json()["data"]] == [(3, "routing_number")]
    assert [one["closing_minor"] for one in statements.json()["data"]] == [1234]
    assert listed.json()["has_more"]
    rest = client.get(f"/v1/ingestion/artifacts?limit=1&cursor={listed.json()['next_cursor']}", headers=keys.readonly)
    assert [one["id"] for one in listed.json()["data"] + rest.json()["data"]] == [statement, register]
    told = "".join(answer.text for answer in (records, register_records, faults, statements, listed))
    assert not [word for word in ("Lindqvist", "Otto", "1234567890", "5550001111", "000123456789") if word in told]


def test_bytes_that_nobody_knows_are_a_problem_with_a_case_and_stay(client: Client, keys: Keys) -> None:
    answer = upload(client, keys.operator, b"what is this")

    assert answer.status_code == 422
    assert answer.json()["code"] == "ingestion.unknown_kind"
    [kept] = client.get("/v1/ingestion/artifacts?status=unreadable", headers=keys.readonly).json()["data"]
    named = client.post(
        f"/v1/ingestion/artifacts/{kept['id']}/read", headers=keys.operator, data={"parser": "register_v1"}
    )
    assert named.status_code == 200
    assert named.json()["artifact"]["status"] == "read"


@pytest.mark.parametrize(
    ("data", "form", "status", "code"),
    [
        (b"", {}, 400, "ingestion.empty"),
        (STATEMENT, {"source": "Bank Test"}, 400, "ingestion.malformed_artifact"),
        (STATEMENT, {"kind": "statements"}, 400, "core.malformed"),
    ],
)
def test_a_bad_upload_is_refused_and_nothing_is_kept(
    client: Client, keys: Keys, data: bytes, form: dict[str, str], status: int, code: str
) -> None:
    answer = upload(client, keys.operator, data, **form)

    assert answer.status_code in (status, 422)
    assert answer.json()["code"] == code or answer.status_code == 422
    assert client.get("/v1/ingestion/artifacts", headers=keys.readonly).json()["data"] == []


def test_reading_is_for_readers_and_uploading_for_operators(client: Client, keys: Keys) -> None:
    assert upload(client, keys.readonly, STATEMENT).status_code == 403
    assert client.get("/v1/ingestion/artifacts").status_code == 401
    assert client.get("/v1/ingestion/artifacts/art_none", headers=keys.readonly).status_code == 404
    assert client.get("/v1/ingestion/records/rec_none", headers=keys.readonly).status_code == 404


def test_a_payment_is_taken_in_by_its_envelope_and_kept_once(client: Client, keys: Keys) -> None:
    def send(body: object, who: dict[str, str] = keys.operator):  # type: ignore[no-untyped-def]
        return client.post("/v1/ingestion/payments", headers=who, json=body)

    first, again = (send(envelope(transfer="acht_1")) for _ in range(2))
    refused = send(envelope(risk={"flags": "none", "score": None}))
    forbidden = send(envelope(), keys.readonly)
    listed = send([envelope()])

    assert (first.status_code, again.status_code, forbidden.status_code) == (201, 200, 403)
    assert first.json() == again.json() and first.json()["idempotency_key"] == VECTOR
    assert first.json()["status"] == "published" and "Lindqvist" not in first.text
    shown = client.get(f"/v1/ingestion/payments/{first.json()['id']}", headers=keys.readonly)
    assert shown.json() == first.json()
    assert (refused.status_code, refused.json()["code"]) == (422, "ingestion.schema_invalid")
    assert [fault["path"] for fault in refused.json()["facts"]["faults"]] == ["risk.flags"]
    assert listed.status_code == 422
    kept = client.get(f"/v1/ingestion/payments/{refused.json()['facts']['ingestion_id']}", headers=keys.readonly).json()
    assert (kept["status"], kept["envelope"]) == ("received", None)


def test_a_file_of_envelopes_is_lines_or_one_document(tmp_path: Path) -> None:
    lines, whole = tmp_path / "lines.ndjson", tmp_path / "one.json"
    lines.write_bytes(raw(envelope()) + b"\n\n  " + raw(envelope()) + b"\r\n")
    whole.write_text(json.dumps(envelope(), indent=2))

    found = list(_arrivals(lines))

    assert [(one.line, one.raw) for one in found] == [(1, raw(envelope())), (3, raw(envelope()))]
    assert {one.artifact_sha256 for one in found} == {hashlib.sha256(lines.read_bytes()).hexdigest()}
    assert [(one.line, one.raw) for one in _arrivals(whole)] == [(1, whole.read_bytes())]
    other = tmp_path / "other.json"
    other.write_bytes(b'{"id": "txn_1", "type": "charge"}')
    assert [is_of_envelopes(one) for one in (lines, whole, other)] == [True, True, False]


def test_the_schemas_are_there_for_those_who_send_and_read(client: Client, keys: Keys) -> None:
    listed = client.get("/v1/ingestion/schemas", headers=keys.readonly)
    envelopes = client.get("/v1/ingestion/schemas/headgate.payments.v1", headers=keys.readonly)
    none = client.get("/v1/ingestion/schemas/headgate.payments.v9", headers=keys.readonly)

    assert [one["name"] for one in listed.json()] == [
        "headgate.payments.v1", "headgate.settlement_event.v1", "headgate.transaction.v1",
    ]  # fmt: skip
    assert envelopes.headers["Content-Type"] == "application/schema+json"
    assert envelopes.json() == schemas()["headgate.payments.v1"]
    assert (none.status_code, none.json()["code"]) == (404, "ingestion.no_such_schema")
    assert "there are headgate.payments.v1, " in none.json()["detail"]
