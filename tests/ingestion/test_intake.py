"""From evidence to payments: what counts, whose it is, what is one payment, and that one credit has one use."""

from __future__ import annotations

import itertools
import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import make
from tests.ingestion.envelopes import envelope, raw
from tests.ingestion.evidence import ACCOUNT, asked, bai2, column, come, payments

from headgate import funding, ingestion
from headgate.core.db import Database, Tx
from headgate.core.errors import Refused
from headgate.ingestion import identifiers, readings
from headgate.ingestion.payment_sources import PaymentSource


def loans(tx: Tx, source: str = "column", **facts: Any) -> PaymentSource:
    """Say that a source's money pays loans; by default the loan stands in the text after LOAN."""
    wanted = {"purpose": "loans", "reason": "a test", "loan_field": "text", "loan_prefix": "LOAN"} | facts
    return ingestion.set_payment_source(tx, source=source, **wanted)


def test_a_transfer_is_one_payment_from_the_event_in_which_its_money_counts(tx: Tx) -> None:
    loans(tx)
    lives = {
        "ach": ["ach.incoming_transfer.scheduled", "ach.incoming_transfer.settled", "ach.incoming_transfer.completed"],
        "check": ["check.outgoing_debit.initiated", "check.outgoing_debit.deposited", "check.outgoing_debit.settled"],
        "wire": [
            "wire.incoming_transfer.initiated",
            "wire.incoming_transfer.submitted",
            "wire.incoming_transfer.completed",
        ],
        "realtime": ["realtime.incoming_transfer.initiated", "realtime.incoming_transfer.completed"],
    }
    counts: dict[str, list[int]] = {}
    for n, (rail, events) in enumerate(lives.items()):
        counts[rail] = []
        for event, kind in enumerate(events):
            more = {"is_incoming": False, "type": ""} if rail == "check" else {}
            come(tx, "column", column(kind, n, 100 + n, event=event, **more))
            counts[rail].append(sum(one["channel"] == rail for one in payments(tx)))

    assert counts == {"ach": [0, 1, 1], "check": [0, 0, 1], "wire": [0, 0, 1], "realtime": [0, 1]}
    assert {(one["loan_id"], one["pieces"]) for one in payments(tx)} == {("L-1", 1)}
    assert asked(tx) == []
    # Money that went out, a return, and a payment of a source of which nothing was said are none.
    come(tx, "column", column("ach.outgoing_transfer.settled", 8, is_incoming=False))
    come(tx, "column", column("ach.incoming_transfer.returned", 9))
    come(tx, "elsewhere", column("ach.incoming_transfer.settled", 10))
    assert len(payments(tx)) == 4


def test_an_envelope_names_its_evidence_and_the_loan_by_the_tenants_rule(tx: Tx) -> None:
    loans(tx, loan_field="data.account_number_id", loan_prefix="acno_")
    artifact = come(tx, "column", column("ach.incoming_transfer.settled", 7, 12_345, text="no loan here"))

    [found] = tx.all("SELECT normalized_envelope AS e, artifact_uri, artifact_hash FROM ingestion.payment_ingestions")
    kept = ingestion.get_artifact(tx, artifact)
    e = found["e"]
    assert (e["borrower"]["loan_id"], e["payment"]["amount_minor"], e["source"]["channel"]) == ("7", 12_345, "ach")
    assert e["external"] == {
        "column_transfer_id": "acht_transfer007",
        "column_event_id": "evnt_7x1",
        "psp_id": None,
    }
    uri = f"urn:headgate:artifact:{artifact}#line=1"
    assert e["artifacts"] == [{"type": "webhook_body", "uri": uri, "hash": kept.sha256}]
    assert (found["artifact_uri"], found["artifact_hash"]) == ([uri], [kept.sha256])
    assert tx.values("SELECT identifier FROM ingestion.payment_identifiers ORDER BY 1") == [
        "trace:121000240000007",
        "transfer:acht_transfer007",
    ]
    rule = loans(tx, "bank", loan_prefix="Loan")
    assert [rule.loan_in(text) for text in ("x loan  L-7/2, y", "LOAN", "none", None)] == ["L-7/2", None, None, None]
    assert loans(tx, "bank", loan_prefix="").loan_in("  L-9 ") == "L-9"


def test_a_webhook_that_carries_an_envelope_is_taken_in_as_it_came(tx: Tx) -> None:
    document = envelope(transfer="acht_1")
    former = {
        "schema": "loanserve.payments.v1",
        **{name: document[name] for name in ("message_id", "correlation_id", "occurred_at")},
        "source": {"channel": "wire", "provider": "column"},
        "borrower": {"loan_id": "L-2"},
        "payment": {"amount_cents": 990, "method": "wire", "value_date": "2026-11-02", "reference": "w"},
        "external": {"column_transfer_id": "wire_1"},
    }
    pretty = json.dumps(document, indent=1).encode()
    artifact = come(tx, "sender", pretty)
    come(tx, "sender", raw(former))
    come(tx, "sender", b"\n".join([raw(envelope(transfer="acht_2")), raw(envelope("L-3", 5)), raw(envelope("L-3", 5))]))
    wrong = ingestion.receive(
        tx, source="sender", filename="whe_1.webhook", data=raw(document | {"risk": None}), type="webhook_body"
    )
    ingestion.read(tx, wrong.id)

    assert [(one["loan_id"], one["amount_minor"]) for one in payments(tx)] == [
        ("loan-1", 135_000),
        ("L-2", 990),
        ("loan-1", 135_000),
        ("L-3", 5),
        ("L-3", 5),
        (None, None),
    ]
    assert asked(tx) == ["duplicate", "duplicate", "parse_error settlement", "schema_invalid risk"]
    [first] = tx.values(
        "SELECT ingestion_id FROM ingestion.payment_evidence WHERE artifact_id = %(a)s", {"a": artifact}
    )
    assert ingestion.payment_ingestions.payload(tx, first) == pretty
    came = ingestion.get_payment_ingestion(tx, first)
    assert came.envelope is not None and [one["type"] for one in came.envelope["artifacts"]] == ["webhook_body"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_webhook_and_a_statements_line_with_one_identifier_are_one_payment(tx: Tx, order: tuple[int, ...]) -> None:
    loans(tx)
    loans(tx, "bank", channel="ach")
    line = ("142", 1_000, "B1", "", "ACH CREDIT TRACE 121000240000001 LOAN L-1")
    pieces = [
        lambda: come(tx, "column", column("ach.incoming_transfer.settled", 1)),
        lambda: come(tx, "column", column("ach.incoming_transfer.completed", 1, event=2)),
        lambda: come(tx, "bank", bai2([line], day=1), name="b.bai"),
    ]
    for n in order:
        pieces[n]()

    [one] = payments(tx)
    assert (one["loan_id"], one["pieces"], asked(tx)) == ("L-1", 2, [])
    before = payments(tx)
    come(tx, "bank", bai2([line], day=1), name="again.bai")
    for n in order:
        pieces[n]()
    assert payments(tx) == before
    # The bank's next line with that number is not of the same payment, nor is one of another amount or a week later.
    more = [("142", 1_000, "B2", "", line[4]), ("142", 999, "B3", "", line[4])]
    come(tx, "bank", bai2(more, day=1), name="c.bai")
    come(tx, "third", bai2([("142", 1_000, "B4", "", line[4])], day=30), name="d.bai")
    assert len(payments(tx)) == 3


def test_without_an_identifier_both_stand_and_a_case_asks(tx: Tx) -> None:
    loans(tx)
    loans(tx, "bank")
    come(tx, "column", column("wire.incoming_transfer.completed", 1, 1_000, trace_number=None))
    come(tx, "bank", bai2([("195", 1_000, "B1", "", "WIRE LOAN L-1")], day=2), name="b.bai")
    come(tx, "bank", bai2([("195", 1_000, "B2", "", "WIRE LOAN L-2")], day=2), name="c.bai")

    assert [(one["loan_id"], one["pieces"]) for one in payments(tx)] == [("L-1", 1), ("L-1", 1), ("L-2", 1)]
    assert asked(tx) == ["duplicate other_source"]


def test_twenty_identical_cheques_are_twenty_payments_and_the_file_twice_is_twenty(tx: Tx) -> None:
    loans(tx, "bank", loan_field="customer_reference", loan_prefix="")
    cheque = ("115", 50_000, "", "L-1", "LOCKBOX")
    file = bai2([cheque] * 20)

    first = come(tx, "bank", file, name="lockbox.bai")
    again = come(tx, "bank", file, name="lockbox-copy.bai")
    taken = ingestion.take_in(tx, first)

    assert again == first and (taken.new, taken.known) == (0, 20)
    assert len(payments(tx)) == 20 and {one["channel"] for one in payments(tx)} == {"check"}
    assert asked(tx) == ["duplicate"]


def test_a_credit_that_does_not_say_how_it_came_waits_for_the_tenants_word(tx: Tx) -> None:
    loans(tx, "bank")
    artifact = come(tx, "bank", bai2([("699", 1, "B0", "", "x"), ("399", 700, "B1", "", "LOAN L-1")]), name="b.bai")
    before = (payments(tx), asked(tx))
    loans(tx, "bank", channel="ach")

    taken = ingestion.take_in(tx, artifact)

    assert before == ([], ["parse_error no_channel"])
    assert (taken.new, [one["channel"] for one in payments(tx)]) == (1, ["ach"])
    for wrong in ({"purpose": "x"}, {"channel": "x"}, {"loan_field": "x"}, {"reason": " "}, {"loan_prefix": "x" * 61}):
        with pytest.raises(ingestion.MalformedPaymentSource):
            loans(tx, "bank", **wrong)
    with pytest.raises(ingestion.MalformedPaymentSource):
        loans(tx, "Not A Word")


OTHER = "5500112233"
IMAD = "20261102MMQFMP2Z000123"


@pytest.mark.parametrize("first", ["statement", "webhook"])
@pytest.mark.parametrize("mixed", [False, True])
def test_a_credit_is_a_loan_payment_or_a_deposit_and_never_both(
    tx: Tx, tenant: make.TenantFixture, first: str, mixed: bool
) -> None:
    """Told by the account's purpose; and where that was not said, by whoever used it first."""
    if not mixed:
        loans(tx, "bank", account_number=ACCOUNT)
    loans(tx)
    wire = ("195", 1_000, "B1", "", f"WIRE {IMAD} LOAN L-1")
    payroll = ("195", 7_000, "B2", "", "WIRE FROM A CLIENT")

    def statement() -> None:
        artifact = come(tx, "bank", bai2([wire, payroll] if mixed else [wire]), name="loans.bai")
        funding.settle_deposits(tx, artifact_id=artifact)
        if not mixed:
            other = come(tx, "bank", bai2([payroll], account=OTHER), name="payroll.bai")
            funding.settle_deposits(tx, artifact_id=other)

    def webhook() -> None:
        come(tx, "column", column("wire.incoming_transfer.completed", 1, imad=IMAD, trace_number=None))

    steps = [statement, webhook] if first == "statement" else [webhook, statement]
    for step in [*steps, *steps]:
        step()

    deposits = tx.values("SELECT amount_minor FROM funding.deposits ORDER BY 1")
    if mixed and first == "statement":
        assert (deposits, payments(tx)) == ([1_000, 7_000], [])
        assert asked(tx).count("duplicate used_as_deposit") == 1
    else:
        assert deposits == [7_000]
        assert [(one["loan_id"], one["amount_minor"]) for one in payments(tx)] == [("L-1", 1_000)]
        assert payments(tx)[0]["pieces"] == (1 if mixed else 2)
    uses = tx.all("SELECT split_part(claim, ':', 1) AS kind, used_as FROM ingestion.evidence_uses")
    assert {"kind": "imad", "used_as": "deposit" if mixed and first == "statement" else "loan_payment"} in uses


def test_what_became_a_deposit_stays_one_when_its_account_is_said_to_be_of_loans(
    tx: Tx, tenant: make.TenantFixture
) -> None:
    artifact = come(tx, "bank", bai2([("195", 1_000, "B1", "", "WIRE LOAN L-1")]), name="b.bai")
    funding.settle_deposits(tx, artifact_id=artifact)
    loans(tx, "bank")

    taken = ingestion.take_in(tx, artifact)
    again = ingestion.take_in(tx, artifact)

    assert (taken.new, taken.refused, again.refused, payments(tx)) == (0, 1, 1, [])
    assert asked(tx) == ["duplicate used_as_deposit", "unknown_payer"]


@given(st.text("0123456789ABCDEFacht_wire-: ", max_size=60))
def test_identifiers_are_the_same_wherever_their_text_stands(text: str) -> None:
    found = identifiers.in_text(text)

    assert found == identifiers.in_text("x", text, None) == identifiers.in_text(f"({text})")
    assert all(len(one) >= 15 and one.split(":")[0] in ("transfer", "trace", "imad", "uetr") for one in found)


def test_two_sources_at_once_make_one_payment(database: Database, tenant: make.TenantFixture) -> None:
    done = []

    def bank() -> None:
        with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            done.append(ingestion.ingest_payment(tx, raw(envelope(transfer="acht_once", provider="bank"))))

    other = threading.Thread(target=bank)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        done.append(ingestion.ingest_payment(tx, raw(envelope(transfer="acht_once"))))
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join()

    assert len({one.id for one in done if not isinstance(one, Refused)}) == 1


@pytest.mark.parametrize("few", [True, False], ids=["few", "many"])
def test_readers_of_one_source_wait_only_for_the_same_facts(
    database: Database, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch, few: bool
) -> None:
    if not few:
        monkeypatch.setattr(readings, "LOCKED_MAX", 0)

    def begin() -> Any:
        return database.begin(tenant_id=tenant.id, actor=make.ACTOR)

    def receive(transfer: int, space: bytes = b"") -> str:
        data = column("wire.incoming_transfer.completed", transfer) + space
        with begin() as tx:
            return ingestion.receive(tx, source="column", filename="w.webhook", data=data, type="webhook_body").id

    def read(artifact_id: str) -> None:
        with begin() as tx:
            ingestion.read(tx, artifact_id)

    first, second, third = receive(1), receive(1, b" "), receive(2)
    again, another = threading.Thread(target=read, args=[second]), threading.Thread(target=read, args=[third])
    with begin() as tx:
        ingestion.read(tx, first)
        again.start()
        another.start()
        another.join(10 if few else 0.3)
        again.join(0.3)
        waits = (again.is_alive(), another.is_alive())
    again.join()
    another.join()

    assert waits == (True, not few)
    with begin() as tx:
        assert tx.values("SELECT count(*) FROM ingestion.records GROUP BY external_id") == [1, 1]
