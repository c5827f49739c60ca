"""The instant rail: what an order becomes, why it cannot, and what each message from the network says of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import instants as make

from headgate.core.money import Money
from headgate.rails import (
    CannotWrite,
    Company,
    InstantRail,
    PaymentRequest,
    read_payment,
    read_request_answer,
    request_payment,
)
from headgate.rails.instant_twin import InstantTwin
from headgate.rails.iso20022 import FEDNOW, NETWORKS, RTP, build, encode, read_document
from headgate.rails.iso20022.build import Side

RAIL = make.rail()
AT = make.AT


def test_an_order_becomes_one_message_that_says_it_all() -> None:
    sent = RAIL.transfer(make.order(), AT)

    read = read_document(sent.content)
    assert read.faults == () and read.message is not None
    body = read.message.body
    paid = "CdtTrfTxInf"
    assert {
        path: body.at(f"{paid}/{path}")
        for path in (
            "PmtId/EndToEndId",
            "PmtId/UETR",
            "IntrBkSttlmAmt",
            "IntrBkSttlmDt",
            "Dbtr/Nm",
            "Dbtr/PstlAdr/TwnNm",
            "DbtrAcct/Id/Othr/Id",
            "Cdtr/Nm",
            "CdtrAcct/Id/Othr/Id",
            "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId",
            "RmtInf/Ustrd",
        )
    } == {
        "PmtId/EndToEndId": "ref-att_1",
        "PmtId/UETR": sent.uetr,
        "IntrBkSttlmAmt": "1250.50",
        "IntrBkSttlmDt": "2026-11-24",
        "Dbtr/Nm": "ACME INC",
        "Dbtr/PstlAdr/TwnNm": "Lisle",
        "DbtrAcct/Id/Othr/Id": "000123456789",
        "Cdtr/Nm": "Maria Lindqvist",
        "CdtrAcct/Id/Othr/Id": "7654321",
        "CdtrAgt/FinInstnId/ClrSysMmbId/MmbId": "021000021",
        "RmtInf/Ustrd": "PAYROLL",
    }
    assert (sent.message_id[:17], len(sent.message_id), sent.changes) == ("20261124231380104", 35, ())


def test_the_same_order_and_instant_give_the_same_bytes_and_another_instant_the_same_reference() -> None:
    first, again = RAIL.transfer(make.order(), AT), RAIL.transfer(make.order(), AT)
    later = RAIL.transfer(make.order(), AT + timedelta(seconds=1))

    assert first == again
    assert later.uetr == first.uetr and later.message_id != first.message_id
    assert RAIL.transfer(make.order("att_2"), AT).uetr != first.uetr
    assert make.rail(RTP).transfer(make.order(), AT).uetr != first.uetr


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("only pays out", {"direction": "debit"}),
        ("use another rail", {"amount": Money(1, "EUR")}),
        ("use another rail", {"amount": Money(100, "JPY")}),
        ("least that is carried", {"amount": make.usd("0.00")}),
        ("write what is to be paid", {"amount": make.usd("-1.00")}),
        ("use a wire", {"amount": make.usd("10000000.01")}),
        ("routing number of nine digits", {"receiver_routing": "021000022"}),
        ("CdtrAcct/Id/Othr/Id", {"receiver_account": ""}),
        ("CdtrAcct/Id/Othr/Id", {"receiver_account": "9" * 35}),
        ("CdtrAcct/Id/Othr/Id", {"receiver_account": "12\n34"}),
        ("Cdtr/Nm", {"receiver_name": " "}),
        ("cannot carry; respell", {"receiver_name": "李明"}),
        ("cannot carry; respell", {"company": Company("Ελλάς", "1")}),
        ("cannot carry; respell", {"addenda": "Ж"}),
        ("PmtId/EndToEndId", {"individual_id": ""}),
        ("RmtInf/Ustrd", {"addenda": "x" * 141}),
    ],
)
def test_what_cannot_be_sent_says_why_and_writes_nothing(reason: str, changes: dict[str, object]) -> None:
    problems = RAIL.problems(make.order(**changes))

    assert any(reason in problem for problem in problems), problems
    with pytest.raises(CannotWrite) as refused:
        RAIL.transfer(make.order(**changes), AT)
    assert tuple(refused.value.facts["problems"]) == problems


def test_every_problem_is_told_at_once() -> None:
    problems = RAIL.problems(make.order(direction="debit", receiver_routing="1", individual_id=""))

    assert [problem.split(";")[0].split(":")[0] for problem in problems] == [
        "an instant network only pays out",
        "CdtTrfTxInf/PmtId/EndToEndId",
        "CdtTrfTxInf/InstdAgt/FinInstnId/ClrSysMmbId/MmbId",
        "CdtTrfTxInf/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId",
    ]


def test_an_order_is_not_paid_before_its_day() -> None:
    tomorrow = make.order(effective_on=date(2026, 11, 25))

    with pytest.raises(CannotWrite, match="not before"):
        RAIL.transfer(tomorrow, AT)
    evening = datetime(2026, 11, 25, 0, 30, tzinfo=UTC)  # 19:30 Eastern: FedNow's next day has begun
    assert RAIL.transfer(tomorrow, evening).message_id.startswith("20261124")


def test_letters_that_are_spelled_otherwise_are_reported() -> None:
    sent = RAIL.transfer(make.order(receiver_name="José Groß"), AT)

    message = read_document(sent.content).message
    assert message is not None and message.body.at("CdtTrfTxInf/Cdtr/Nm") == "JOSE GROSS"
    assert [(change.attempt_id, change.field, change.kind) for change in sent.changes] == [
        ("att_1", "receiver_name", "transliterated")
    ]


@pytest.mark.slow
@given(
    name=st.sampled_from(sorted(NETWORKS)),
    minor=st.integers(-5, 1_000_000_005),
    receiver=st.text(max_size=20),
    account=st.text(max_size=36),
    routing=st.sampled_from(["021000021", "231380104", "021000022", "", "x"]),
    addenda=st.none() | st.text(max_size=150),
)
@settings(max_examples=100, deadline=None)
def test_an_order_without_a_problem_is_written_and_one_with_a_problem_is_not(
    name: str, minor: int, receiver: str, account: str, routing: str, addenda: str | None
) -> None:
    rail = make.rail(NETWORKS[name])
    order = make.order(
        amount=Money(minor, "USD"),
        receiver_name=receiver,
        receiver_account=account,
        receiver_routing=routing,
        addenda=addenda,
    )

    if rail.problems(order):
        with pytest.raises(CannotWrite):
            rail.transfer(order, AT)
    else:
        assert read_document(rail.transfer(order, AT).content, network=rail.network).faults == ()


# Answers --------------------------------------------------------------------------------------------------------------


def report(status: str, reason: str = "", network: str = "fednow", ask: bool = False) -> bytes:
    rail, chosen = make.rail(NETWORKS[network]), NETWORKS[network]
    content = rail.question(make.order(), AT, AT).content if ask else rail.transfer(make.order(), AT).content
    message = read_document(content, network=chosen).message
    assert message is not None
    return encode(build.status_report(chosen, message, status, sender=make.THEIRS, at=AT, reason=reason))


@pytest.mark.parametrize(
    ("network", "status", "reason", "event", "code"),
    [
        ("fednow", "ACSC", "", "settled", "ACSC"),
        ("fednow", "ACWP", "", "settled", "ACWP"),
        ("fednow", "ACCC", "", "settled", "ACCC"),
        ("fednow", "ACTC", "", "accepted", "ACTC"),
        ("fednow", "PDNG", "", "accepted", "PDNG"),
        ("rtp", "ACTC", "", "settled", "ACTC"),
        ("rtp", "ACWP", "", "settled", "ACWP"),
        ("fednow", "RJCT", "AC04", "rejected", "AC04"),
        ("fednow", "RJCT", "E997", "rejected", "E997"),
        ("fednow", "RJCT", "ZZ99", "rejected", "ZZ99"),
        ("fednow", "RJCT", "", "rejected", "RJCT"),
        ("fednow", "RJCT", "DUPL", "duplicate", "DUPL"),
        ("fednow", "RJCT", "E400", "not_found", "E400"),
        ("rtp", "RJCT", "NOOR", "not_found", "NOOR"),
        ("fednow", "RJCT", "E411", "still_open", "E411"),
        ("fednow", "RJCT", "E401", "silence", "E401"),
    ],
)
@pytest.mark.parametrize("ask", [False, True])
def test_what_a_status_says(network: str, status: str, reason: str, event: str, code: str, ask: bool) -> None:
    rail = make.rail(NETWORKS[network])

    heard = rail.read(report(status, reason, network, ask))

    assert heard.event is not None
    assert (heard.event.name, heard.event.code) == (event, code)
    assert rail.is_about(heard, make.order(), AT)
    assert not rail.is_about(heard, make.order("att_2"), AT)
    assert not rail.is_about(heard, make.order(), AT + timedelta(seconds=1)), "an answer is about one message"


def test_a_refusal_of_the_question_says_nothing_of_the_payment() -> None:
    content = report("RJCT", "E960", ask=True).replace(
        b"<OrgnlMsgNmId>pacs.008.001.08", b"<OrgnlMsgNmId>pacs.028.001.03"
    )

    heard = RAIL.read(content)

    assert heard.event is not None and heard.event.name == "silence"


@pytest.mark.parametrize(("code", "event"), [("T505", "silence"), ("E400", "not_found"), ("E411", "still_open")])
def test_a_message_that_the_door_refused_is_asked_about(code: str, event: str) -> None:
    sent = read_document(RAIL.transfer(make.order(), AT).content).message
    question = RAIL.question(make.order(), AT, AT)
    asked = read_document(question.content).message
    assert sent is not None and asked is not None

    of_payment = RAIL.read(encode(build.message_reject(FEDNOW, sent, code, at=AT)))
    of_question = RAIL.read(encode(build.message_reject(FEDNOW, asked, code, at=AT)))

    assert of_payment.event is not None and (of_payment.event.name, of_payment.event.code) == (event, code)
    assert RAIL.is_about(of_payment, make.order(), AT)
    assert not RAIL.is_about(of_payment, make.order("att_2"), AT)
    assert RAIL.is_about(of_question, make.order(), AT, question.message_id)
    assert not RAIL.is_about(of_question, make.order(), AT)


@pytest.mark.parametrize(
    "content", [b"", b"<a/>", report("ACSP"), report("ACSC").replace(b"TxSts", b"Status"), RAIL.transfer(make.order(), AT).content]
)  # fmt: skip
def test_what_is_no_answer_is_no_event(content: bytes) -> None:
    assert RAIL.read(content).event is None


def test_an_answer_that_breaks_a_rule_is_heard_and_its_faults_are_kept() -> None:
    content = report("ACSC").replace(b"021000021", b"021000022")

    heard = RAIL.read(content)

    assert heard.event is not None and heard.event.name == "settled"
    assert {fault.rule for fault in heard.faults} == {"B-06"}


def test_a_late_refusal_that_comes_of_itself_is_asked_about_before_it_is_believed() -> None:
    sent = read_document(RAIL.transfer(make.order(), AT).content).message
    assert sent is not None

    def heard(seconds: int, *, is_answer: bool) -> str:
        at = AT + timedelta(seconds=seconds)
        refusal = build.status_report(FEDNOW, sent, "RJCT", sender=make.THEIRS, at=at, reason="AC06")
        event = RAIL.read(encode(refusal), is_answer=is_answer).event
        assert event is not None and event.code == "AC06"
        return event.name

    assert (heard(20, is_answer=False), heard(3600, is_answer=True)) == ("rejected", "rejected")
    assert heard(3600, is_answer=False) == "silence"


@pytest.mark.parametrize(
    ("network", "after", "asking"),
    [
        ("fednow", timedelta(seconds=24), "early"),
        ("fednow", timedelta(seconds=25), "now"),
        ("fednow", timedelta(hours=37, minutes=59), "now"),  # the end of the next day, Eastern
        ("fednow", timedelta(hours=38), "late"),
        ("rtp", timedelta(seconds=24), "early"),
        ("rtp", timedelta(days=9), "now"),
    ],
)
def test_the_network_is_asked_while_it_answers(network: str, after: timedelta, asking: str) -> None:
    assert make.rail(NETWORKS[network]).asking(AT, AT + after) == asking


def test_a_wall_time_is_no_instant() -> None:
    wall = AT.replace(tzinfo=None)

    for made in (
        lambda: RAIL.transfer(make.order(), wall),
        lambda: RAIL.question(make.order(), AT, wall),
        lambda: RAIL.recall(make.order(), wall, AT),
    ):
        with pytest.raises(CannotWrite, match="offset"):
            made()


# Money that is asked for ---------------------------------------------------------------------------------------------


def asked(account: str, rail: InstantRail = RAIL) -> tuple[bytes, ...]:
    request = PaymentRequest(
        id="req_1",
        amount=make.usd("25000.00"),
        payer=Side("Client Corp", account, make.THEIRS),
        payee_name="ACME PSP",
        reference="FUND-77",
        expires_on=date(2026, 11, 27),
    )
    content = request_payment(rail, request, AT).content
    assert content == request_payment(rail, request, AT).content
    return tuple(one.content for one in InstantTwin(rail.network).take(content, AT))


@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_a_payer_who_pays_answers_and_the_money_names_the_request(network: str) -> None:
    rail = make.rail(NETWORKS[network])

    answer, money = asked("5500", rail)

    said = read_request_answer(rail, answer)
    paid = read_payment(rail, money)
    assert said is not None and (said.status, said.reference, said.reason) == ("accepted", "FUND-77", "")
    assert paid is not None and (paid.reference, paid.amount, paid.account, paid.payer_routing, paid.faults) == (
        "FUND-77",
        make.usd("25000.00"),
        "000123456789",
        make.THEIRS,
        (),
    )
    assert paid.settled_on == make.TUESDAY
    assert read_request_answer(rail, money) is None and read_payment(rail, answer) is None


def test_a_payer_may_refuse_or_say_nothing() -> None:
    (answer,) = asked("5500-AM04")

    said = read_request_answer(RAIL, answer)
    assert said is not None and (said.status, said.code, said.reason) == ("refused", "AM04", "insufficient_funds")
    assert asked("5500-LATE") == ()


def test_a_request_over_the_limit_is_not_written() -> None:
    request = PaymentRequest(
        "req_1", make.usd("10000000.01"), Side("C", "1", make.THEIRS), "ACME", "F", date(2026, 11, 20)
    )

    with pytest.raises(CannotWrite) as refused:
        request_payment(RAIL, request, AT)

    assert [problem[:4] for problem in refused.value.facts["problems"]] == ["B-05", "B-26"]
    assert FEDNOW.amount_max == make.usd("10000000.00")
