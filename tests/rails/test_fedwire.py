"""Fedwire as a rail of orders: each field is judged, each wire goes in the bank's window, each answer is read for what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rails import instants
from tests.rails.instants import LISLE, THEIRS, usd

from headgate.core.money import Money
from headgate.rails import CannotWrite, FedwireRail, RailOrder, banks, cutoffs, wire
from headgate.rails.fedwire_twin import FedwireTwin, business_day
from headgate.rails.iso20022.build import Address
from headgate.rails.network_twin import Delivery, Noise, Unreadable
from headgate.rails.wire import fields

OURS = "990000013"
AT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
TUESDAY = date(2026, 11, 24)
RAIL = FedwireRail(
    schedule=cutoffs.schedule_of(banks.get("sandbox"), "wire"),
    routing=OURS,
    account="000123456789",
    address=LISLE,
    is_simulated=True,
)


def order(attempt_id: str = "att_1", **changes: Any) -> RailOrder:
    return instants.order(attempt_id, **{"receiver_address": LISLE, "purpose": "SALA", **changes})


FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"direction": "debit"}, "a wire only pays out"),
    ({"receiver_address": None}, "no postal address is known of the creditor"),
    ({"receiver_address": Address("")}, "the creditor's town is missing"),
    ({"receiver_address": Address("x" * 36)}, "the creditor's town has more than 35"),
    ({"receiver_address": Address("Lisle", "usa")}, "the creditor's country is not two capitals"),
    ({"receiver_address": Address("Lisle", street="x" * 71)}, "the creditor's street has more than 70"),
    ({"receiver_address": Address("Lisle", building="x" * 17)}, "the creditor's building has more than 16"),
    ({"receiver_address": Address("Lisle", post_code="x" * 17)}, "the creditor's post code has more than 16"),
    ({"receiver_address": Address("Lisle", state="x" * 36)}, "the creditor's state has more than 35"),
    ({"receiver_address": Address("上海", "CN")}, "the creditor's town has characters"),
    ({"receiver_name": ""}, "the creditor's name is missing"),
    ({"receiver_name": "x" * 141}, "the creditor's name has more than 140"),
    ({"receiver_name": "李"}, "the creditor's name has characters"),
    ({"receiver_account": "12_34"}, "the creditor's account number is not"),
    ({"receiver_account": "1" * 35}, "the creditor's account number is not"),
    ({"receiver_routing": "021000022"}, "the creditor's bank has a routing number with a wrong check digit"),
    ({"amount": Money(0, "USD")}, "a wire takes 0.01 to 9,999,999,999.99"),
    ({"amount": Money(1_000_000_000_000, "USD")}, "a wire takes 0.01 to 9,999,999,999.99"),
    ({"amount": Money(100, "EUR")}, "Fedwire carries USD, not EUR"),
    ({"addenda": "x" * 141}, "the remittance text has more than 140"),
    ({"addenda": "a\u0007b"}, "the remittance text has characters"),
    ({"individual_id": "x" * 36}, "the end-to-end id has more than 35"),
    ({"purpose": "FUN"}, "the purpose is none of BONU"),
    ({"effective_on": date(2026, 11, 26)}, "Fedwire is closed on 2026-11-26"),
    ({"effective_on": date(2026, 11, 28)}, "Fedwire is closed on 2026-11-28"),
]


@pytest.mark.parametrize(("changes", "said"), FIELDS)
def test_every_field_of_an_order_is_judged_and_nothing_of_it_repeated(changes: dict[str, Any], said: str) -> None:
    (problem,) = RAIL.problems(order(**changes))

    assert problem.startswith(said)
    assert not any(secret in problem for secret in ("7654321", "Maria", "Lindqvist", "12_34"))
    if "effective_on" not in changes:
        with pytest.raises(CannotWrite, match="order att_1: "):
            RAIL.transfer(order(**changes), AT)


def test_all_faults_are_told_at_once() -> None:
    whole = {key: value for changes, _ in FIELDS for key, value in changes.items() if key != "receiver_address"}

    assert len(RAIL.problems(order(receiver_address=None, **whole))) >= 10


def test_an_order_becomes_the_message_that_says_it_and_strange_letters_lose_their_marks() -> None:
    sent = RAIL.transfer(order(receiver_name="José Müller", receiver_address=Address("São Paulo", "BR")), AT)

    fact = wire.read_message(sent.content).fact
    assert fact is not None
    assert (fact.creditor, fact.creditor_account, fact.creditor_routing) == ("JOSE MULLER", "7654321", THEIRS)
    assert (fact.debtor, fact.debtor_account, fact.debtor_routing) == ("ACME INC", "000123456789", OURS)
    assert (fact.amount, fact.settles_on, fact.text, fact.end_to_end) == (
        usd("1250.50"),
        TUESDAY,
        "PAYROLL",
        "ref-att_1",
    )
    assert (fact.uetr, fact.message_id, fact.instrument) == (sent.uetr, sent.message_id, "CTRC")
    assert b"<TwnNm>SAO PAULO</TwnNm>" in sent.content and b"<Purp><Cd>SALA</Cd></Purp>" in sent.content
    assert [change.field for change in sent.changes] == ["receiver_name"]
    assert RAIL.transfer(order(), AT) == RAIL.transfer(order(), AT)
    assert len(sent.message_id) == 35 and not fields.IMAD.match(sent.message_id)


WINDOWS = [
    # (at, the day wanted) -> when it may go, the day it then settles on; the sandbox closes at 17:45 in Chicago.
    ("2026-11-24T15:00", "2026-11-24", "2026-11-24T15:00", "2026-11-24"),
    ("2026-11-24T23:45", "2026-11-24", "2026-11-24T23:45", "2026-11-24"),
    ("2026-11-24T23:46", "2026-11-24", "2026-11-25T06:00", "2026-11-25"),
    ("2026-11-23T15:00", "2026-11-24", "2026-11-24T06:00", "2026-11-24"),
    ("2026-11-25T23:50", "2026-11-25", "2026-11-27T06:00", "2026-11-27"),
    ("2026-11-27T23:50", "2026-11-27", "2026-11-30T06:00", "2026-11-30"),
    # The days on which clocks change: the cut-off is a time on the wall.
    ("2026-03-06T23:45", "2026-03-06", "2026-03-06T23:45", "2026-03-06"),
    ("2026-03-09T22:45", "2026-03-09", "2026-03-09T22:45", "2026-03-09"),
    ("2026-03-09T22:46", "2026-03-09", "2026-03-10T05:00", "2026-03-10"),
]


@pytest.mark.parametrize(("at", "wanted", "opens", "settles"), WINDOWS)
def test_a_wire_goes_in_a_window_of_its_bank(at: str, wanted: str, opens: str, settles: str) -> None:
    now, goes = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (at, opens))
    asked = order(effective_on=date.fromisoformat(wanted))

    assert RAIL.opens_at(asked, now) == goes
    fact = wire.read_message(RAIL.transfer(asked, goes).content).fact
    assert fact is not None and fact.settles_on == date.fromisoformat(settles)
    if goes > now:
        with pytest.raises(CannotWrite, match="send it then"):
            RAIL.transfer(asked, now)


def test_a_bank_whose_day_opens_the_evening_before_takes_wires_then() -> None:
    rail = replace(RAIL, opens_day_before_at=time(20))
    asked = order(effective_on=date(2026, 11, 30))
    sunday = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)

    assert rail.opens_at(asked, datetime(2026, 11, 28, 12, tzinfo=UTC)) == sunday
    fact = wire.read_message(rail.transfer(asked, sunday).content).fact
    assert fact is not None and fact.settles_on == date(2026, 11, 30)
    with pytest.raises(CannotWrite, match="takes wires again from 2026-11-30T02:00"):
        rail.transfer(asked, sunday - timedelta(seconds=1))


def told(twin: FedwireTwin, asked: RailOrder, at: datetime = AT) -> list[tuple[str, int, bool]]:
    """What comes back for an order: the event, after how many seconds, and whether as the answer to the call."""
    return [_event(one, asked, at) for one in twin.take(RAIL.transfer(asked, at).content, at)]


def _event(one: Delivery, asked: RailOrder, at: datetime) -> tuple[str, int, bool]:
    heard = RAIL.read(one.content, is_answer=one.is_answer)
    assert heard.event is not None and RAIL.is_about(heard, asked, at)
    name = heard.event.recall or heard.event.name
    return name, round((one.at - at).total_seconds()), one.is_answer


WORDS: list[tuple[str, list[tuple[str, int, bool]]]] = [
    ("77", [("settled", 0, True)]),
    ("77-LATE", []),
    ("77-LOST", []),
    ("77-SLOW", [("settled", 40, True)]),
    ("77-HELD", [("accepted", 0, True), ("settled", 3600, False)]),
    ("77-TURN", [("accepted", 0, True), ("settled", 3600, False), ("returned", 10800, False)]),
    ("77-BACK", [("settled", 0, True), ("returned", 3600, False)]),
    ("77-PART", [("settled", 0, True), ("returned", 3600, False)]),
    ("77-DUPL", [("duplicate", 0, True)]),
    ("77-DUAL", [("settled", 0, True), ("settled", 0, True)]),
    ("77-SWAP", [("settled", 0, True), ("accepted", 2, False)]),
    ("77-AC04", [("rejected", 0, True)]),
    ("77-GONE", []),
]


@pytest.mark.parametrize(("account", "expected"), WORDS)
def test_the_account_says_what_becomes_of_a_wire(account: str, expected: list[tuple[str, int, bool]]) -> None:
    assert told(FedwireTwin(), order(receiver_account=account)) == expected


@pytest.mark.parametrize(
    ("account", "answers"),
    [
        ("77", ["settled"] * 2),
        ("77-LATE", ["settled"] * 2),
        ("77-GONE", ["rejected"] * 2),
        ("77-LOST", ["not_found"] * 2),
        ("77-OPEN", ["accepted", "settled"]),
        ("77-BACK", ["settled"] * 2),
    ],
)
def test_a_question_is_answered_with_what_fedwire_knows(account: str, answers: list[str]) -> None:
    twin, asked = FedwireTwin(), order(receiver_account=account)
    twin.take(RAIL.transfer(asked, AT).content, AT)

    said = []
    for minutes in (6, 12):
        then = AT + timedelta(minutes=minutes)
        question = RAIL.question(asked, AT, then)
        (answer,) = twin.take(question.content, then)
        heard = RAIL.read(answer.content)
        assert heard.event is not None and RAIL.is_about(heard, asked, AT, question.message_id)
        assert not RAIL.is_about(heard, order("att_2"), AT, question.message_id)
        said.append(heard.event.name)
    assert said == answers
    assert (RAIL.asking(AT, AT), RAIL.asking(AT, AT + timedelta(days=9))) == ("early", "now")


@pytest.mark.parametrize(
    ("account", "answers"),
    [("77", ["refused"]), ("77-KEEP", ["refused"]), ("77-GIVE", ["promised", "returned"]),
     ("77-WAIT", ["pending", "promised", "returned"]), ("77-BACK", ["refused"]), ("77-AC04", ["refused"]),
     ("77-LOST", ["refused"])],
)  # fmt: skip
def test_a_request_to_send_back_is_answered(account: str, answers: list[str]) -> None:
    twin, asked = FedwireTwin(), order(receiver_account=account)
    twin.take(RAIL.transfer(asked, AT).content, AT)
    then = AT + timedelta(hours=2)

    found = twin.take(RAIL.recall(asked, AT, then, "DUPL").content, then)

    assert [_event(one, asked, AT)[0] for one in found] == answers


def test_fedwires_numbers_are_told_with_a_settlement_and_with_nothing_else() -> None:
    twin, asked = FedwireTwin(), order()
    (answer,) = twin.take(RAIL.transfer(asked, AT).content, AT)
    heard = RAIL.read(answer.content)

    assert (heard.imad, heard.omad[:16], heard.settled_on) == ("20261124B1QDRCQR000001", "20261124QMGFNP31", TUESDAY)
    (again,) = twin.take(RAIL.question(asked, AT, AT + timedelta(hours=1)).content, AT + timedelta(hours=1))
    assert (RAIL.read(again.content).imad, RAIL.read(again.content).omad) == (heard.imad, heard.omad)
    (refused,) = FedwireTwin().take(RAIL.transfer(order(receiver_account="77-AC04"), AT).content, AT)
    assert (RAIL.read(refused.content).imad, RAIL.read(refused.content).omad) == ("", "")


def test_the_same_message_again_is_a_duplicate_and_moves_nothing() -> None:
    twin = FedwireTwin()
    assert told(twin, order()) == [("settled", 0, True)]
    assert told(twin, order()) == [("duplicate", 0, True)]

    assert twin.settled_count(RAIL.uetr_of(order())) == 1
    assert [(one.direction, one.status, one.amount) for one in twin.settlements(TUESDAY)] == [
        ("credit", "settled", usd("1250.50"))
    ]


def test_a_wire_of_another_day_is_refused() -> None:
    twin = FedwireTwin()
    sent = RAIL.transfer(order(), AT)

    (answer,) = twin.take(sent.content, AT + timedelta(days=1))

    heard = RAIL.read(answer.content)
    assert heard.event is not None and (heard.event.name, heard.event.code) == ("rejected", "DT01")
    assert twin.settlements(TUESDAY) == twin.settlements(TUESDAY + timedelta(days=1)) == ()
    assert [business_day(datetime(2026, 11, 24, hour, tzinfo=UTC)) for hour in (0, 12)] == [TUESDAY, TUESDAY]
    assert business_day(datetime(2026, 11, 26, 0, 30, tzinfo=UTC)) == date(2026, 11, 27), (
        "Thanksgiving is no day of Fedwire's"
    )


def test_a_wire_that_comes_in_is_money_and_no_answer() -> None:
    twin = FedwireTwin()
    came = twin.wire_in(usd("5.00"), text="HG123", at=AT, routing=OURS, account="000123456789", end_to_end="FREQ_1")

    paid = RAIL.incoming(came.content)

    assert paid is not None and (paid.direction, paid.amount, paid.individual_id) == ("debit", usd("5.00"), "FREQ_1")
    assert RAIL.read(came.content).event is None
    (moved,) = twin.settlements(TUESDAY)
    assert (moved.external_trace_id, moved.reference) == (paid.external_trace_id, paid.reference)
    assert RAIL.incoming(RAIL.question(order(), AT, AT).content) is None
    with pytest.raises(Unreadable):
        twin.opened(b"<Document/>")


@given(
    seed=st.integers(0, 99),
    word=st.sampled_from([word for word, _ in WORDS]),
    noise=st.sampled_from([Noise(), Noise(lost=50), Noise(late=50), Noise(twice=60), Noise(20, 40, 40)]),
    bytes_=st.binary(max_size=200),
)
def test_a_seed_says_the_same_for_ever_and_any_bytes_are_read_or_faults(
    seed: int, word: str, noise: Noise, bytes_: bytes
) -> None:
    sent = RAIL.transfer(order(receiver_account=word), AT).content
    first, second = (FedwireTwin(seed=seed, noise=noise).take(sent, AT) for _ in range(2))

    assert first == second
    for one in first:
        assert wire.read_message(one.content).faults == ()
    assert FedwireTwin().take(bytes_, AT) == ()
    assert RAIL.read(bytes_).event is None and RAIL.incoming(bytes_) is None
