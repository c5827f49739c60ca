"""Stripe, Column, PayPal and Adyen: what became of each movement, its fee, and the payout it went out with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from headgate.core.money import Money
from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.records import Parsed, SettlementRecord

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def parse(name: str, content: str | bytes) -> Parsed:
    return all_parsers()[name].parse(content.encode() if isinstance(content, str) else content)


def records(parsed: Parsed) -> list[SettlementRecord]:
    return [record for record in parsed.records if isinstance(record, SettlementRecord)]


def rules(parsed: Parsed) -> list[str]:
    return [fault.rule for fault in parsed.faults]


def test_a_payout_of_stripe_is_what_its_movements_make() -> None:
    text = (SAMPLES / "stripe/balance_itemised.csv").read_text("utf-8")

    whole, short = (
        parse("stripe_v1", text),
        parse("stripe_v1", text.replace("txn_2,", "txn_9,").replace("48.25", "48.24")),
    )

    assert [(c.name, c.said, c.made) for c in whole.controls] == [
        ("payout po_1", Money(12_005, "USD"), Money(12_005, "USD"))
    ]
    assert rules(short) == ["stripe.net", "stripe.group"], "gross less fee is not net, so the row is out of the sum"
    refund = records(whole)[2]
    assert (refund.direction, refund.amount, refund.net, refund.reference) == (
        "debit", Money(2500, "USD"), Money(-2500, "USD"), "re_1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("currency", "units", "minor"),
    [("usd", 1250, 1250), ("jpy", 500, 500), ("isk", 500, 5), ("ugx", 700, 7), ("mga", 5, 500), ("kwd", 1230, 1230)],
)
def test_stripes_smallest_units_become_those_of_iso(currency: str, units: int, minor: int) -> None:
    one = {"object": "payout", "id": "po_1", "amount": units, "currency": currency, "status": "paid"}

    (record,) = records(parse("stripe_v1", json.dumps(one)))

    assert record.amount == Money(minor, currency.upper())


def test_units_that_the_currency_has_not_are_a_fault() -> None:
    one = {"object": "payout", "id": "po_1", "amount": 501, "currency": "isk", "status": "paid"}

    assert rules(parse("stripe_v1", json.dumps(one))) == ["stripe.amount"]


def event(kind: str, **data: Any) -> str:
    body = {"id": "acht_1", "amount": 125, "currency_code": "USD", "type": "CREDIT", "is_incoming": True} | data
    return json.dumps({"id": "evnt_1", "created_at": "2026-11-25T23:05:36Z", "type": kind, "data": body})


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("ach.incoming_transfer.settled", {}, ("settled", "ach", "credit")),
        ("ach.incoming_transfer.settled", {"type": "DEBIT"}, ("settled", "ach", "debit")),
        ("ach.outgoing_transfer.settled", {"is_incoming": False, "type": "DEBIT"}, ("settled", "ach", "credit")),
        ("ach.outgoing_transfer.settled", {"is_incoming": False}, ("settled", "ach", "debit")),
        ("ach.outgoing_transfer.initiated", {"is_incoming": False}, ("pending", "ach", "debit")),
        ("ach.incoming_transfer.nsf", {"type": "DEBIT"}, ("returned", "ach", "debit")),
        ("wire.incoming_transfer.completed", {}, ("settled", "wire", "credit")),
        ("realtime.outgoing_transfer.rejected", {"is_incoming": False}, ("rejected", "realtime", "debit")),
        ("book.transfer.completed", {"is_incoming": False}, ("settled", "book", "debit")),
    ],
)
def test_an_event_of_column_says_status_rail_and_side(
    kind: str, data: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    (record,) = records(parse("column_v1", event(kind, **data)))

    assert (record.status, record.rail, record.direction) == expected
    assert (record.external_id, record.reference, record.kind) == ("evnt_1", "acht_1", kind)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (event("ach.outgoing_transfer.noc"), ["column.no_money"]),
        (event("identity.created"), ["column.no_money"]),
        (event("wire.incoming_return_request.approved"), ["column.no_money"]),
        (event("ach.outgoing_transfer.teleported"), ["column.type"]),
        (event("ach.incoming_transfer.settled", amount=1.5), ["column.amount"]),
        (event("ach.incoming_transfer.settled", amount=True), ["column.amount"]),
        ('{"id": 5}', ["column.event"]),
        ("[" * 100_000, ["column.json"]),
        (event("book.transfer.completed")[:-9], ["column.json"]),
    ],
)
def test_what_is_no_money_of_column_is_named(content: str, expected: list[str]) -> None:
    parsed = parse("column_v1", content)

    assert (parsed.records, rules(parsed)) == ((), expected)


@pytest.mark.parametrize("word", ["initiated", "accepted", "completed", "rejected", "teleported"])
def test_what_a_payer_is_asked_for_is_no_money_whatever_it_says(word: str) -> None:
    for way in ("outgoing", "incoming"):
        parsed = parse("column_v3", event(f"realtime.{way}_request_for_payment.{word}", id="rrfp_1", status=word))
        assert (parsed.records, rules(parsed)) == ((), ["column.no_money"])
    (came,) = records(parse("column_v3", event("realtime.incoming_transfer.completed", id="rttr_1")))
    assert (came.status, came.direction) == ("settled", "credit")


def test_a_return_of_column_carries_its_code() -> None:
    returned = records(parse("column_v1", (SAMPLES / "column/events.ndjson").read_bytes()))[2]

    assert (returned.status, returned.return_code, returned.external_trace_id) == ("returned", "R01", "121000240000002")


def test_a_settlement_report_of_paypal_is_compared_with_its_sums() -> None:
    text = (SAMPLES / "paypal/settlement_report.csv").read_text("utf-8")

    parsed = parse("paypal_v1", text.replace('"SF","USD","15000"', '"SF","USD","15001"'))

    assert rules(parsed) == ["paypal.section"]
    assert [(r.direction, r.amount.minor, r.fee.minor, r.net.minor) for r in records(parsed)] == [
        ("credit", 10_000, 320, 9_680), ("credit", 5_000, 175, 4_825), ("debit", 2_500, -73, -2_427),
    ]  # fmt: skip


def test_a_payout_of_adyen_empties_its_batch() -> None:
    text = (SAMPLES / "adyen/settlement_detail.csv").read_text("utf-8")

    parsed = parse("adyen_v1", text)

    assert [control.agrees for control in parsed.controls] == [True]
    assert rules(parse("adyen_v1", text.replace("85.60", "85.61"))) == ["adyen.group"]
    charge, foreign, refund, chargeback, payout = records(parsed)
    assert (charge.amount.minor, charge.fee.minor, charge.net.minor) == (10_000, 225, 9_775)
    assert foreign.text == "50.00 EUR"
    assert (refund.direction, refund.amount.minor, refund.fee.minor) == ("debit", 2_000, 10)
    assert (chargeback.status, chargeback.amount.minor, payout.kind) == ("returned", 3_000, "MerchantPayout")


def test_a_cheque_of_column_is_read_by_the_amount_that_it_was_paid_with() -> None:
    found = records(parse("column_v2", (SAMPLES / "column/checks.ndjson").read_bytes()))

    assert [(one.kind.rpartition(".")[2], one.status, one.direction, one.amount.minor) for one in found] == [
        ("issued", "pending", "debit", 125000),
        ("mailed", "pending", "debit", 125000),
        ("settled", "settled", "debit", 125000),
        ("returned", "returned", "credit", 4000),
    ]
    assert [one.rail for one in found] == ["check"] * 4


def test_a_summary_of_column_says_its_closes_beside_what_moved() -> None:
    content = (SAMPLES / "column/summary.json").read_bytes()

    right = parse("column_summary_v1", content)
    wrong = parse("column_summary_v1", content.replace(b'close": 102500', b'close": 102501'))
    broken = parse("column_summary_v1", content.replace(b"5000", b"50.5"))

    assert [(one.said.minor, one.agrees) for one in right.controls] == [(102500, True), (-700, True)]
    assert [one.agrees for one in wrong.controls] == [False, True]
    assert rules(broken) == ["column_summary.amount"] and len(broken.controls) == 1
