"""What comes together is read as a set, and leaves what each of it leaves when it is read alone."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make
from tests.ingestion.envelopes import envelope, raw
from tests.ingestion.evidence import bai2, column
from tests.ingestion.test_desk import MAPPING, OPEN_TABLE

from headgate import ingestion
from headgate.core import secrets
from headgate.core.db import Database, Tx
from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.readings import CONTEXT
from headgate.ingestion.statements import ACCOUNT_PURPOSE

ROOT = Path(__file__).resolve().parents[2]
RETURNS = (ROOT / "docs/samples/returns.ach").read_bytes()
STRIPE = (ROOT / "tests/samples/stripe/balance_transactions.json").read_bytes()
FOLDERS = (
    "adyen", "bai2", "camt", "column", "csv", "json", "mt940", "nacha/originals", "ofx", "payments", "paypal", "stripe",
    "xlsx",
)  # fmt: skip
SMALL_ENOUGH = 20_000
STATEMENTS = 18
"""That read a set of webhooks: what came; who else reads; what stands; what is written; what is told."""


# ---------- what is left in the tables


_TABLES: dict[str, LiteralString] = {
    "artifacts": "SELECT to_jsonb(t) FROM ingestion.artifacts t",
    "readings": "SELECT to_jsonb(t) FROM ingestion.readings t",
    "statements": "SELECT to_jsonb(t) FROM ingestion.statements t",
    "records": "SELECT to_jsonb(t) FROM ingestion.records t",
    "faults": "SELECT to_jsonb(t) - 'id' FROM ingestion.faults t",
    "payments": "SELECT to_jsonb(t) FROM ingestion.payment_ingestions t",
    "evidence": "SELECT to_jsonb(t) FROM ingestion.payment_evidence t",
    "identifiers": "SELECT to_jsonb(t) FROM ingestion.payment_identifiers t",
    "uses": "SELECT to_jsonb(t) FROM ingestion.evidence_uses t",
    "cases": "SELECT to_jsonb(t) FROM cases.exception_cases t",
    "messages": """
        SELECT jsonb_build_object('type', event_type, 'about', aggregate_id, 'payload', payload - 'raw_payload_hash',
                                  'key', dedupe_key)
          FROM messaging.outbox_messages
    """,
    "events": """
        SELECT jsonb_build_object('type', type, 'about', ingestion_id, 'data', data - 'raw_payload_hash') FROM audit.events
    """,
}
_NOT_SAID = ("received_at", "read_at", "recorded_at", "used_at", "created_at", "correlation_id", "raw_payload_hash")
"""When it was done, and the hash of what holds a record's id."""
_NAMES: LiteralString = """
    SELECT id, 'reading of ' || artifact_id || ' by ' || parser AS name FROM ingestion.readings
     UNION ALL
    SELECT id, concat_ws(' ', 'record', artifact_id, line, occurrence, kind) FROM ingestion.records
     UNION ALL
    SELECT id, 'statement ' || artifact_id || ' ' || ordinal FROM ingestion.statements
     UNION ALL
    SELECT id, 'payment ' || encode(identity, 'hex') FROM ingestion.payment_ingestions
     UNION ALL
    SELECT id, 'case ' || key FROM cases.exception_cases
"""
_DRAWN = re.compile(r"\b(?:rdg|rec|stm|ing|case)_[0-9a-z]{26}\b")

Left = dict[str, list[dict[str, Any]]]


class Undo(Exception):
    """Take back what was done since the savepoint."""


def left_by(tx: Tx, done: Callable[[], object]) -> Left:
    """What something leaves in the tables, with ids by what they are of; it is undone."""
    found: Left = {}
    try:
        with tx.savepoint():
            done()
            found = _left(tx)
            raise Undo
    except Undo:
        return found


def _left(tx: Tx) -> Left:
    drawn = {row["id"]: row["name"] for row in tx.all(_NAMES)}

    def named(text: str) -> str:
        for _ in range(2):  # a case's key may hold the id of a payment
            text = _DRAWN.sub(lambda one: drawn.get(one[0], one[0]), text)
        return text

    found: Left = {}
    for table, query in _TABLES.items():
        rows = tx.values(query)
        if table == "records":
            rows = [row | {"private": _opened(tx, row)} for row in rows]
        said = [{key: value for key, value in row.items() if key not in _NOT_SAID} for row in rows]
        found[table] = [json.loads(text) for text in sorted(named(json.dumps(one, sort_keys=True)) for one in said)]
    return found | _asked(found)


def _asked(left: Left) -> Left:
    """The cases, where those that ask whether payments of one key are one payment are one: how many of them there are hangs on
    how many payments are seen at once."""
    cases = [one for one in left["cases"] if one["category"] != "duplicate"]
    suspected = {id for one in left["cases"] if one["category"] == "duplicate" for id in one["detail"]["ingestion_ids"]}
    opened = {"type": "cases.case.opened", "category": "duplicate"}
    return {
        "cases": [*cases, *([{"suspected": sorted(suspected)}] if suspected else [])],
        "events": [
            one for one in left["events"] if opened != {"type": one["type"], "category": one["data"].get("category")}
        ],
    }


def _opened(tx: Tx, row: dict[str, Any]) -> Any:
    return json.loads(secrets.open_sealed(tx, bytes.fromhex(row.pop("private_sealed")[2:]), context=CONTEXT))


def assert_same(found: Left, expected: Left) -> None:
    for table in _TABLES:
        left, right = ([json.dumps(row, sort_keys=True) for row in one[table]] for one in (found, expected))
        assert sorted((Counter(left) - Counter(right)).elements()) == sorted(
            (Counter(right) - Counter(left)).elements()
        ), table


# ---------- what comes


@dataclass(frozen=True)
class Sent:
    """Bytes of a source."""

    source: str
    data: bytes
    type: ingestion.ArtifactType = "bank_file"


def keep(tx: Tx, sent: Sequence[Sent]) -> list[str]:
    """Each is kept; the artifacts, in the order in which they first came."""
    # So that the key of the tenant's fingerprints, drawn at its first use, outlives what is undone.
    secrets.fingerprint_many(tx, ["an account"], purpose=ACCOUNT_PURPOSE)
    kept = [ingestion.receive(tx, source=one.source, filename="f", data=one.data, type=one.type).id for one in sent]
    return list(dict.fromkeys(kept))


def loans(tx: Tx, *sources: str, channel: str | None = None) -> None:
    for source in sources:
        ingestion.set_payment_source(
            tx, source=source, purpose="loans", reason="a test", loan_field="text", loan_prefix="LOAN", channel=channel
        )


def alone(tx: Tx, artifact_ids: Sequence[str]) -> Left:
    def read() -> None:
        for artifact_id in artifact_ids:
            if ingestion.get_artifact(tx, artifact_id).status == "received":
                ingestion.read(tx, artifact_id)

    return left_by(tx, read)


def together(tx: Tx, artifact_ids: Sequence[str]) -> Left:
    return left_by(tx, lambda: ingestion.read_together(tx, artifact_ids))


# ---------- what a set once left otherwise


@pytest.mark.parametrize("many", [1, 20])
def test_a_set_is_read_in_as_few_statements_as_one(
    database: Database, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        loans(tx, "column")
        kept = keep(tx, [Sent("column", column("wire.incoming_transfer.completed", n)) for n in range(many)])
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def noted(self: Any, query: Any, *rest: Any, **more: Any) -> Any:
        sent.append(str(query))
        return execute(self, query, *rest, **more)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        monkeypatch.setattr(psycopg.Cursor, "execute", noted)
        ingestion.read_together(tx, kept)
        monkeypatch.undo()

        assert tx.value("SELECT count(*) FROM ingestion.payment_ingestions") == many
    assert len(sent) == STATEMENTS


def test_a_return_file_that_comes_with_others_is_proved_by_its_controls(tx: Tx, tenant: make.TenantFixture) -> None:
    kept = keep(tx, [Sent("bank.test", RETURNS), Sent("column", column("wire.incoming_transfer.completed", 1))])

    ingestion.read_together(tx, kept)

    found = [ingestion.reading_of(tx, one) for one in kept]
    assert [(one.parser, one.proved) for one in found if one] == [("nacha_v1", True), ("column_v3", None)]


def test_a_processors_report_that_comes_with_others_is_evidence_as_its_receipt(
    tx: Tx, tenant: make.TenantFixture
) -> None:
    loans(tx, "stripe", channel="card")
    kept = keep(tx, [Sent("stripe", STRIPE)])

    ingestion.read_together(tx, kept)

    found = tx.values("SELECT normalized_envelope #>> '{artifacts,0,type}' FROM ingestion.payment_ingestions")
    assert found and set(found) == {"psp_receipt"}


def test_a_table_that_comes_with_others_is_read_by_its_saved_mapping(
    tx: Tx, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = all_parsers()["csv_v1"]
    # A table that says nothing of statements is a table all the same.
    bare = replace(known, parse=lambda data: replace(known.parse(data), statements=(), faults=()))
    clear = b"Booked;Text;Amount;Currency\n2026-02-01;Rent;12.50;USD\n"
    ingestion.save_mapping(tx, source="bank.test", parser="csv_v1", mapping=MAPPING)
    ingestion.save_mapping(
        tx,
        source="bank.test",
        parser="csv_v1",
        mapping=MAPPING | {"header": ["booked", "text", "amount", "currency"], "date_order": "ymd", "currency": "EUR"},
    )
    kept = keep(tx, [Sent("bank.test", OPEN_TABLE), Sent("bank.test", clear)])

    for parser in (known, bare):
        monkeypatch.setitem(all_parsers(), "csv_v1", parser)
        left = together(tx, kept)

        assert [row["amount_minor"] for row in left["records"]] == [1250, 1250, 725]
        assert {row["currency"] for row in left["records"]} == {"EUR"}
        assert len(left["statements"]) == 2 and left["cases"] == left["faults"] == []


# ---------- as each alone


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_real_files_together_leave_what_each_leaves_alone(tx: Tx, tenant: make.TenantFixture, folder: str) -> None:
    drawn = random.Random(folder)
    paths = sorted(path for path in (ROOT / "tests/samples" / folder).iterdir() if path.suffix not in (".md", ".jsonl"))
    data = [path.read_bytes() for path in paths if 0 < path.stat().st_size <= SMALL_ENOUGH]
    broken = [one[: len(one) // 2] for one in drawn.sample(data, min(3, len(data)))]
    # A source of its own for each, so that it does not matter which of two with one identity comes first.
    sent = [Sent(f"s{n}", one) for n, one in enumerate([*data, *broken, RETURNS, b"hello, bank", b'{"a": '])]
    kept = keep(tx, sent)
    loans(tx, *(one.source for one in sent[::2]), channel="ach")
    expected = alone(tx, kept)

    asked = kept * 2
    drawn.shuffle(asked)

    assert_same(together(tx, asked), expected)
    assert expected["readings"] and expected["cases"]


_LIVES = ("ach.incoming_transfer.scheduled", "ach.incoming_transfer.settled", "ach.incoming_transfer.completed")
_WEBHOOKS = [
    *(Sent("column", column(kind, n, 100 + n, event=event, text=text), "webhook_body")
      for n, text in enumerate(("LOAN L-1", "LOAN L-2", "of no loan"))
      for event, kind in enumerate(_LIVES)),
    Sent("column", column(_LIVES[1], 0, 100, event=1) + b" ", "webhook_body"),
    Sent("column", column("ach.incoming_transfer.returned", 1, 101, event=7), "webhook_body"),
    Sent("column", b'{"id": "evnt_broken", "type": "ach.incoming', "webhook_body"),
    Sent("column", b'{"type": "ach.incoming_transfer.settled", "data": {"amount": "much"}}', "webhook_body"),
    Sent("column", b"\xff\x00 no json at all", "webhook_body"),
    Sent("sender", raw(envelope("L-5", 5_005, transfer="acht_5")), "webhook_body"),
    Sent("sender", b"\n".join(raw(envelope("L-6", minor, reference="r")) for minor in (60, 61, 61)), "webhook_body"),
    Sent("sender", raw(envelope("L-7", 7, transfer="acht_7") | {"risk": None}), "webhook_body"),
    Sent("bank.test", OPEN_TABLE),
    Sent("bank.test", OPEN_TABLE.replace(b"What", b"Who")),
    Sent("bank.test", RETURNS),
    Sent("bank.test", RETURNS + b"\n"),
    Sent("bank.loans", bai2([("142", 1_000, "B1", "", "ACH CREDIT TRACE 121000240000009 LOAN L-9")])),
    Sent("bank.loans", bai2([("142", 1_000, "B1", "", "ACH CREDIT TRACE 121000240000009 LOAN L-9")]) + b"\n"),
    Sent("stripe", STRIPE),
    Sent("stripe", STRIPE + b"\n"),
]  # fmt: skip


@pytest.mark.slow
@given(st.data())
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_comes_together_in_whatever_order_leaves_the_same_facts(
    database: Database, tenant: make.TenantFixture, data: st.DataObject
) -> None:
    sent = data.draw(st.lists(st.sampled_from(_WEBHOOKS), min_size=1, max_size=12))
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx, pytest.raises(Undo), tx.savepoint():
        loans(tx, "column", "bank.loans", "stripe", channel="ach")
        ingestion.save_mapping(tx, source="bank.test", parser="csv_v1", mapping=MAPPING)
        kept = keep(tx, sent)
        asked, order = data.draw(st.permutations(kept * 2)), data.draw(st.permutations(kept))

        found, expected, otherwise = together(tx, asked), alone(tx, kept), alone(tx, order)

        for one in (expected, otherwise):
            assert_same(facts(found), facts(one))
        raise Undo


def facts(left: Left) -> Left:
    """What does not hang on which of two with one identity came first."""
    places = ("id", "artifact_id", "reading_id", "statement_id", "line", "offset_start", "offset_end")
    payments = (
        "identity",
        "loan_id",
        "amount_minor",
        "currency",
        "value_on",
        "channel",
        "source",
        "idempotency_key",
        "status",
    )
    readings = [{key: row[key] for key in row if key != "duplicates"} for row in left["readings"]]
    return {
        **left,
        "readings": [*readings, {"duplicates": sum(row["duplicates"] for row in left["readings"])}],
        "records": [{key: row[key] for key in row if key not in places} for row in left["records"]],
        "payments": [{key: row[key] for key in payments} for row in left["payments"]],
        "uses": [row for row in left["uses"] if not row["claim"].startswith("record:")],
        "evidence": [{"identity": row["identity"], "source": row["source"]} for row in left["evidence"]],
        "messages": [{"type": row["type"]} for row in left["messages"]],
        "events": [{"type": row["type"]} for row in left["events"]],
    }
