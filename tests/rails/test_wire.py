"""Wires: what cannot go is said in full, what can go is written as Fedwire's samples are, and answers are read."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from tests.make import usd

from headgate.core.money import Money
from headgate.rails import CannotWrite, wire
from headgate.rails.wire import (
    Address,
    DrawdownOrder,
    RecallOrder,
    WireFault,
    WireOrder,
    WireParty,
    WireRail,
    WireSlot,
    read_message,
    state_of,
)

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[1] / "samples/fedwire"
OURS, THEIRS = "011104238", "021040078"
RAIL = WireRail(sender=OURS)
SLOT = WireSlot(datetime(2026, 11, 30, 9, 0, tzinfo=timezone(timedelta(hours=-5))), "20261130B1QDRCQR000001")
PAYER = WireParty("ACME INC", "5647772655", OURS, Address("Houston", street="Main Street", building="7", state="TX"))
PAYEE = WireParty(
    "Corporation B", "567876543", THEIRS, Address("Palm Springs", post_code="92262", state="CA"), "Bank B"
)


def order(**changes: Any) -> WireOrder:
    facts: dict[str, Any] = {
        "attempt_id": "att_01m7zhjd1jey0aw1vsrjkaqx49",
        "amount": usd("510000.74"),
        "debtor": PAYER,
        "creditor": PAYEE,
        "settles_on": date(2026, 11, 30),
        "remittance": "TAX DEPOSIT 2026-11",
    }
    return WireOrder(**{**facts, **changes})


def drawdown(**changes: Any) -> DrawdownOrder:
    facts: dict[str, Any] = {
        "attempt_id": "att_drawdown",
        "amount": usd("6000000.00"),
        "debtor": replace(PAYEE, name="Employer LLC"),
        "creditor": PAYER,
        "wanted_on": date(2026, 11, 30),
        "remittance": "PAYROLL FUNDING PR-1",
    }
    return DrawdownOrder(**{**facts, **changes})


def paths(content: bytes) -> list[str]:
    """Every element that holds text, by its path, in the document's order."""

    def walk(element: Any, path: str) -> list[str]:
        own = f"{path}/{etree.QName(element).localname}"
        return [own] if len(element) == 0 else [line for child in element for line in walk(child, own)]

    return walk(etree.fromstring(content), "")


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.xml").read_bytes()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (RAIL.render(order(), SLOT).content, "customercredittransfer_scenario1_step1_pacs.008"),
        (RAIL.render_drawdown(drawdown(), SLOT).content, "drawdowns_scenario1_step1_pain.013"),
    ],
)
def test_what_we_write_stands_in_the_order_of_the_samples(ours: bytes, theirs: str) -> None:
    """Every element of ours that a sample has stands where the sample has it; the rest are addresses and texts."""
    known = paths(sample(theirs))
    shared = [path for path in paths(ours) if path in known]

    assert etree.fromstring(ours).nsmap[None] == etree.fromstring(sample(theirs)).nsmap[None]
    assert shared == [path for path in known if path in shared]
    assert [
        path for path in paths(ours) if path not in known and not re.search(r"Pstl|RmtInf|FinInstnId/Nm", path)
    ] == []
    missing = [
        path for path in known if path not in shared and not re.search(r"Pstl|RmtInf|FinInstnId/Nm|CtgyPurp", path)
    ]
    assert missing == []


def test_an_order_is_read_back_as_it_was_given() -> None:
    message = RAIL.render(order(), SLOT)

    fact = read_message(message.content).fact

    assert fact is not None
    assert (fact.kind, fact.event, fact.instrument) == ("pacs.008", "received", "CTRC")
    assert (fact.amount, fact.settles_on, fact.text) == (usd("510000.74"), date(2026, 11, 30), "TAX DEPOSIT 2026-11")
    assert (fact.uetr, fact.end_to_end, fact.message_id) == (message.uetr, message.end_to_end, SLOT.message_id)
    assert (fact.debtor, fact.debtor_account, fact.debtor_routing) == ("ACME INC", "5647772655", OURS)
    assert (fact.creditor, fact.creditor_account, fact.creditor_routing) == ("Corporation B", "567876543", THEIRS)
    assert fact.created_at == SLOT.created_at


def test_the_same_order_and_slot_give_the_same_bytes_and_another_attempt_another_wire() -> None:
    assert RAIL.render(order(), SLOT) == RAIL.render(order(), SLOT)
    assert RAIL.render(order(attempt_id="att_2"), SLOT).uetr != RAIL.render(order(), SLOT).uetr


@given(st.text(min_size=1, max_size=40))
def test_a_uetr_is_a_uuid_of_version_4(attempt_id: str) -> None:
    assert re.fullmatch(r"[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}", wire.uetr(attempt_id))


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("use another rail", {"amount": Money(1, "EUR")}),
        ("0.01 to 9,999,999,999.99", {"amount": usd("0.00")}),
        ("0.01 to 9,999,999,999.99", {"amount": Money(10**12, "USD")}),
        ("the debtor is not at this bank", {"debtor": replace(PAYER, routing=THEIRS)}),
        ("the creditor's bank has a routing number", {"creditor": replace(PAYEE, routing="021040079")}),
        ("the creditor's name is missing", {"creditor": replace(PAYEE, name="")}),
        ("the creditor's name has more than 140", {"creditor": replace(PAYEE, name="x" * 141)}),
        ("the creditor's name has characters", {"creditor": replace(PAYEE, name="Łódź")}),
        ("the creditor's name begins or ends", {"creditor": replace(PAYEE, name=" Bob")}),
        ("the creditor's account number", {"creditor": replace(PAYEE, account="")}),
        ("the creditor's account number", {"creditor": replace(PAYEE, account="1" * 35)}),
        ("the creditor's town is missing", {"creditor": replace(PAYEE, address=Address(""))}),
        ("the creditor's country", {"creditor": replace(PAYEE, address=Address("Paris", "France"))}),
        (
            "the creditor's post code has more than 16",
            {"creditor": replace(PAYEE, address=Address("X", post_code="9" * 17))},
        ),
        ("the remittance text has more than 140", {"remittance": "x" * 141}),
        ("the remittance text has characters", {"remittance": "a\nb"}),
        ("Fedwire is closed on 2026-11-28", {"settles_on": date(2026, 11, 28)}),
        ("Fedwire is closed on 2026-11-26", {"settles_on": date(2026, 11, 26)}),
        ("the UETR is no UUID", {"uetr": "8A562C67-CA16-48BA-B074-65581BE6F011"}),
        ("the end-to-end id has more than 35", {"end_to_end": "x" * 36}),
    ],
)
def test_an_order_that_cannot_go_says_why(reason: str, changes: dict[str, Any]) -> None:
    problems = RAIL.problems(order(**changes))

    assert len(problems) == 1 and reason in problems[0]
    assert not any(secret in problems[0] for secret in ("567876543", "Corporation B", "Łódź"))
    with pytest.raises(CannotWrite) as caught:
        RAIL.render(order(**changes), SLOT)
    assert caught.value.facts["problems"] == list(problems)


def test_every_problem_is_said_at_once() -> None:
    bad = order(
        amount=usd("0.00"), creditor=replace(PAYEE, name="", account="", routing="1"), settles_on=date(2026, 12, 25)
    )

    assert len(RAIL.problems(bad)) == 5
    with pytest.raises(CannotWrite, match=r"\(and 6 more\)"):
        RAIL.render(bad, WireSlot(datetime(2026, 1, 1), "not an id"))


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("is no reason for a recall", {"reason": "XXXX"}),
        ("write a text", {"reason": "NARR"}),
        ("has more than 105", {"text": "x" * 106}),
        ("wrong check digit", {"sent_to": "021040079"}),
        ("carried no money", {"original": RAIL.render_drawdown(drawdown(), SLOT)}),
    ],
)
def test_a_recall_that_cannot_be_asked_says_why(reason: str, changes: dict[str, Any]) -> None:
    good = RecallOrder("case_1", RAIL.render(order(), SLOT), usd("510000.74"), date(2026, 11, 30), THEIRS, "DUPL")

    assert RAIL.recall_problems(good) == ()
    problems = RAIL.recall_problems(replace(good, **changes))
    assert len(problems) == 1 and reason in problems[0]
    with pytest.raises(CannotWrite):
        RAIL.render_recall(replace(good, **changes), SLOT)


def test_a_recall_names_the_wire_that_it_is_about() -> None:
    sent = RAIL.render(order(), SLOT)
    asked = RecallOrder("case_1", sent, usd("510000.74"), date(2026, 11, 30), THEIRS, "DUPL", "sent twice")

    fact = read_message(RAIL.render_recall(asked, replace(SLOT, message_id="RECALL1")).content).fact

    assert fact is not None
    assert (fact.event, fact.reason, fact.text) == ("recall_asked", "DUPL", "sent twice")
    assert (fact.uetr, fact.original_message_id, fact.amount) == (sent.uetr, sent.message_id, usd("510000.74"))


def test_a_wire_that_answers_a_request_keeps_its_identifiers() -> None:
    asked = read_message(sample("drawdowns_scenario1_step1_pain.013")).fact
    paid = read_message(sample("drawdowns_scenario1_step3_pacs.008")).fact
    assert asked is not None and paid is not None
    assert (asked.uetr, asked.end_to_end) == (paid.uetr, paid.end_to_end)

    answer = read_message(RAIL.render(order(uetr=asked.uetr, end_to_end=asked.end_to_end), SLOT).content).fact

    assert answer is not None
    assert (answer.uetr, answer.end_to_end, answer.instrument) == (asked.uetr, asked.end_to_end, "CTRD")


@pytest.mark.parametrize(
    ("name", "event", "facts"),
    [
        (
            "customercredittransfer_scenario1_step1_pacs.008",
            "received",
            {"amount": usd("510000.74"), "instrument": "CTRC"},
        ),
        (
            "customercredittransfer_scenario1_step2_pacs.002",
            "settled",
            {"code": "ACSC", "settles_on": date(2025, 3, 10)},
        ),
        ("customercredittransfer_scenario2_step2_pacs.002", "rejected", {"reason": "E433"}),
        ("paymentreturn_scenario1_step4_pacs.004", "returned", {"amount": usd("151000.74"), "reason": "DUPL"}),
        ("drawdowns_scenario1_step1_pain.013", "drawdown_asked", {"instrument": "DRRC", "amount": usd("6000000.00")}),
        ("drawdowns_scenario1_step2_pain.014", "accepted", {"original_message_id": "20250310B1QDRCQR000601"}),
        ("drawdowns_scenario2_step2_pain.014", "rejected", {"reason": "AM04"}),
        ("drawdowns_scenario1_step3_pacs.008", "received", {"instrument": "CTRD", "debtor_account": "92315266453"}),
        ("paymentreturn_scenario1_step3_camt.029", "recall_agreed", {"code": "CNCL"}),
        ("paymentreturn_scenario2_step3_camt.029", "recall_refused", {"code": "RJCR", "reason": "NARR"}),
    ],
)
def test_the_samples_of_fedwire_are_read(name: str, event: str, facts: dict[str, Any]) -> None:
    reading = read_message(sample(name))

    assert reading.faults == () and reading.fact is not None
    assert reading.fact.event == event and reading.fact.uetr.startswith("8a562c67-ca16-48ba-b074-")
    assert {key: getattr(reading.fact, key) for key in facts} == facts


def test_every_sample_is_in_the_table_above() -> None:
    assert len(list(SAMPLES.glob("*.xml"))) == 10


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            (b'Ccy="USD">510000.74</IntrBk', b'Ccy="EUR">510000.74</IntrBk'),
            ("CdtTrfTxInf/IntrBkSttlmAmt", "is not in USD"),
        ),
        ((b">510000.74</IntrBk", b">5100OO.74</IntrBk"), ("CdtTrfTxInf/IntrBkSttlmAmt", "is no amount, as 1234.50")),
        (
            (b">510000.74</IntrBk", b">-1.00</IntrBk"),
            ("CdtTrfTxInf/IntrBkSttlmAmt", "is not within what Fedwire carries"),
        ),
        ((b"<UETR>8a", b"<UETR>zz"), ("CdtTrfTxInf/PmtId/UETR", "is no UUID of version 4")),
        (
            (b"<IntrBkSttlmDt>2025-03-10", b"<IntrBkSttlmDt>2025-02-30"),
            ("CdtTrfTxInf/IntrBkSttlmDt", "is no day, as 2026-11-30"),
        ),
        ((b"-04:00</CreDtTm>", b"</CreDtTm>"), ("GrpHdr/CreDtTm", "is a time without a zone")),
        ((b"567876543", b""), ("CdtTrfTxInf/CdtrAcct/Id/Othr/Id", "is missing")),
        ((b"pacs.008.001.08", b"pacs.009.001.08"), ("", "is none of pacs.008, pacs.002, ")),
        ((b"</Document>", b""), ("", "is no XML")),
        ((b"<Document", b"<!DOCTYPE x [<!ENTITY a 'b'>]><Document"), ("", "has a document type, which no message has")),
    ],
)
def test_a_message_that_is_wrong_says_where(change: tuple[bytes, bytes], fault: tuple[str, str]) -> None:
    content = sample("customercredittransfer_scenario1_step1_pacs.008")
    assert change[0] in content

    reading = read_message(content.replace(*change))

    assert reading.fact is None and len(reading.faults) == 1
    assert reading.faults[0].path == fault[0] and reading.faults[0].message.startswith(fault[1])


def test_two_payments_in_one_message_are_no_fact() -> None:
    content = sample("customercredittransfer_scenario1_step1_pacs.008")
    inner = content[content.index(b"<CdtTrfTxInf>") : content.index(b"</CdtTrfTxInf>") + len(b"</CdtTrfTxInf>")]

    reading = read_message(content.replace(inner, inner + inner))

    assert reading.fact is None
    assert (
        WireFault("CdtTrfTxInf/IntrBkSttlmAmt", "stands more than once; one message carries one payment here")
        in reading.faults
    )


texts = st.text(st.one_of(st.characters(max_codepoint=0x17F), st.sampled_from(" 0A-&<é\"'")), max_size=40)


@settings(max_examples=300, deadline=None)
@given(name=texts, account=texts, street=texts, town=texts, remittance=texts, minor=st.integers(-1, 10**12 + 1))
def test_an_order_without_a_problem_is_read_back_and_any_other_is_refused(
    name: str, account: str, street: str, town: str, remittance: str, minor: int
) -> None:
    payee = replace(PAYEE, name=name, account=account, address=Address(town, street=street))
    asked = order(creditor=payee, remittance=remittance, amount=Money(minor, "USD"))
    if RAIL.problems(asked):
        with pytest.raises(CannotWrite):
            RAIL.render(asked, SLOT)
        return
    fact = read_message(RAIL.render(asked, SLOT).content).fact
    assert fact is not None
    assert (fact.creditor, fact.creditor_account, fact.text, fact.amount) == (name, account, remittance, asked.amount)


EVENTS = {thing: sorted(wire.events_of(thing)) for thing in ("outbound", "inbound", "drawdown", "recall")}


@given(st.data(), st.sampled_from(sorted(EVENTS)))
def test_where_a_thing_stands_depends_on_what_was_heard_and_not_on_when(data: st.DataObject, thing: Any) -> None:
    heard = data.draw(st.lists(st.sampled_from(EVENTS[thing]), min_size=1, max_size=8))
    shuffled = data.draw(st.permutations(heard))

    assert state_of(thing, heard) == state_of(thing, [*shuffled, *shuffled[:3]])
    # What is heard more never leads back, but for what contradicts.
    more = state_of(thing, [*heard, data.draw(st.sampled_from(EVENTS[thing]))])
    assert more.rank >= state_of(thing, heard).rank


@pytest.mark.parametrize(
    ("thing", "heard", "state", "may"),
    [
        ("outbound", [], "ready", "send"),
        ("outbound", ["sent", "silence"], "outcome_unknown", "ask"),
        ("outbound", ["sent", "silence", "settled"], "settled", "recall"),
        ("outbound", ["settled", "rejected"], "contradictory", "ask"),
        ("outbound", ["returned", "sent"], "returned", ""),
        ("inbound", ["received"], "received", ""),
        ("inbound", ["recall_asked", "received"], "return_requested", "answer"),
        ("drawdown", ["sent", "accepted", "silence", "received"], "paid", ""),
        ("recall", ["sent", "recall_pending", "recall_agreed"], "agreed", ""),
    ],
)
def test_states_and_what_may_be_done_in_them(thing: Any, heard: list[str], state: str, may: str) -> None:
    found = state_of(thing, heard)

    assert (found.state, found.may) == (state, may)
    assert found.meaning


def test_only_what_is_not_begun_may_be_sent() -> None:
    for thing, states in wire.states().items():
        assert [state.state for state in states if state.may == "send"] == ([] if thing == "inbound" else ["ready"])
        assert len({state.rank for state in states}) == len(states)
    with pytest.raises(ValueError, match="'settled' cannot be heard of inbound"):
        state_of("inbound", ["settled"])


def test_orders_and_facts_do_not_show_names_and_accounts() -> None:
    fact = read_message(sample("customercredittransfer_scenario1_step1_pacs.008")).fact
    shown = (
        repr(order()) + repr(drawdown()) + repr(fact) + repr(dataclasses.replace(SLOT, created_at=datetime.now(UTC)))
    )

    assert not any(secret in shown for secret in ("ACME", "Corporation", "567876543", "5647772655", "Palm", "TAX"))
