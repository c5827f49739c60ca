"""The simulated network: what it answers is said by the payee's account, is sound, and is the same for a seed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import instants as make

from headgate.rails.instant_scripts import SCRIPTS, script_of
from headgate.rails.instant_twin import Delivery, InstantTwin, Noise
from headgate.rails.iso20022 import FEDNOW, NETWORKS, RTP, encode, read_document, read_message, reason_codes

pytestmark = pytest.mark.slow

AT = make.AT


def pay(word: str, network: str = "fednow", twin: InstantTwin | None = None) -> tuple[Delivery, ...]:
    chosen = NETWORKS[network]
    order = make.order(receiver_account=f"4400-{word}" if word else "4400")
    return (twin or InstantTwin(chosen)).take(make.rail(chosen).transfer(order, AT).content, AT)


def told(deliveries: tuple[Delivery, ...]) -> list[tuple[str, str, int, bool]]:
    """Kind, status or amount or answer, seconds until it comes, whether it answers the call."""
    found = []
    for one in deliveries:
        message = read_document(one.content).message
        assert message is not None
        body = message.body
        said = body.at("TxInfAndSts/TxSts") or body.at("TxInf/RtrdIntrBkSttlmAmt") or body.at("Sts/Conf")
        code = body.at("TxInfAndSts/StsRsnInf/Rsn/Cd") or body.at("TxInfAndSts/StsRsnInf/Rsn/Prtry")
        said = said or body.at("CdtTrfTxInf/IntrBkSttlmAmt")
        found.append((one.kind, f"{said} {code}".strip(), int((one.at - AT).total_seconds()), one.is_answer))
    return found


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("", [("pacs.002", "ACSC", 0, True)]),
        ("AC03", [("pacs.002", "RJCT AC03", 0, True)]),
        ("E990", [("pacs.002", "RJCT E990", 0, True)]),
        ("ac04", [("pacs.002", "RJCT AC04", 0, True)]),
        ("NOSUCH", [("pacs.002", "ACSC", 0, True)]),
        ("E400", [("pacs.002", "ACSC", 0, True)]),
        ("LATE", []),
        ("OPEN", []),
        ("GONE", []),
        ("LOST", []),
        ("DUPL", [("pacs.002", "RJCT DUPL", 0, True)]),
        ("SLOW", [("pacs.002", "ACSC", 40, True)]),
        ("DUAL", [("pacs.002", "ACSC", 0, True)] * 2),
        ("SWAP", [("pacs.002", "ACSC", 0, True), ("pacs.002", "ACTC", 2, False)]),
        ("HELD", [("pacs.002", "ACWP", 0, True), ("pacs.002", "ACCC", 3600, False)]),
        (
            "TURN",
            [
                ("pacs.002", "ACWP", 0, True),
                ("pacs.002", "RJCT AC06", 3600, False),
                ("pacs.004", "1250.50", 7200, False),
            ],
        ),
        ("BACK", [("pacs.002", "ACSC", 0, True), ("pacs.004", "1250.50", 3600, False)]),
        ("PART", [("pacs.002", "ACSC", 0, True), ("pacs.004", "625.25", 3600, False)]),
    ],
)
def test_the_account_says_what_becomes_of_a_payment(word: str, expected: list[tuple[str, str, int, bool]]) -> None:
    assert told(pay(word)) == expected


def test_on_rtp_money_comes_back_as_a_payment_of_its_own() -> None:
    assert told(pay("BACK", "rtp")) == [("pacs.002", "ACTC", 0, True), ("pacs.008", "1250.50", 3600, False)]
    assert told(pay("", "rtp")) == [("pacs.002", "ACTC", 0, True)]


@pytest.mark.parametrize(
    ("word", "answers"),
    [
        ("LATE", ["ACSC", "ACSC"]),
        ("OPEN", ["RJCT E411", "ACSC"]),
        ("GONE", ["RJCT AC04", "RJCT AC04"]),
        ("LOST", ["RJCT E400", "RJCT E400"]),
        ("DUPL", ["ACSC", "ACSC"]),
        ("AC03", ["RJCT AC03", "RJCT AC03"]),
        ("HELD", ["ACWP", "ACWP"]),
    ],
)
def test_a_question_is_answered_with_what_the_network_knows(word: str, answers: list[str]) -> None:
    twin, rail = InstantTwin(FEDNOW), make.rail()
    order = make.order(receiver_account=f"4400-{word}")
    pay(word, twin=twin)

    asked = [
        told(
            twin.take(rail.question(order, AT, AT + timedelta(seconds=30 * n)).content, AT + timedelta(seconds=30 * n))
        )
        for n in (1, 2)
    ]

    assert [[said for _, said, _, _ in one] for one in asked] == [[answer] for answer in answers]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("KEEP", ["camt.029 RJCR"]),
        ("", ["camt.029 RJCR"]),
        ("GIVE", ["camt.029 IPAY", "pacs.004 1250.50"]),
        ("WAIT", ["camt.029 PDCR", "camt.029 IPAY", "pacs.004 1250.50"]),
        ("AC03", ["camt.029 RJCR"]),
        ("LOST", ["camt.029 RJCR"]),
    ],
)
def test_a_request_to_give_back_is_answered(word: str, expected: list[str]) -> None:
    twin, rail = InstantTwin(FEDNOW), make.rail()
    order = make.order(receiver_account=f"4400-{word}" if word else "4400")
    pay(word, twin=twin)

    recall = rail.recall(order, AT, AT, "DUPL").content
    answers = told(twin.take(recall, AT))

    assert [f"{kind} {said}" for kind, said, _, _ in answers] == expected
    assert twin.take(recall, AT) == (), "a request counts once"


def test_the_same_message_again_is_a_duplicate_and_moves_nothing() -> None:
    twin = InstantTwin(FEDNOW)
    pay("", twin=twin)

    assert told(pay("", twin=twin)) == [("pacs.002", "RJCT DUPL", 0, True)]
    assert twin.settled_count(make.rail().uetr_of(make.order())) == 1
    assert len(twin.settlements(make.TUESDAY)) == 1


def test_a_message_that_the_networks_clock_has_passed_is_refused() -> None:
    content = make.rail().transfer(make.order(), AT).content

    assert told(InstantTwin(FEDNOW).take(content, AT + timedelta(seconds=20))) == [("pacs.002", "ACSC", 20, True)]
    assert told(InstantTwin(FEDNOW).take(content, AT + timedelta(seconds=21))) == [("pacs.002", "RJCT E997", 21, True)]
    content = make.rail(RTP).transfer(make.order(), AT).content
    assert told(InstantTwin(RTP).take(content, AT + timedelta(seconds=21))) == [("pacs.002", "RJCT TM01", 21, True)]


def test_a_message_that_breaks_a_rule_is_refused_and_moves_nothing() -> None:
    message = make.put(make.messages("fednow")["pacs.008"], "CdtTrfTxInf/ChrgBr", "SHAR")
    twin = InstantTwin(FEDNOW)

    assert told(twin.take(encode(message), AT)) == [("pacs.002", "RJCT FF02", 0, True)]
    assert twin.take(b"<a/>", AT) == ()
    torn = make.drop(make.messages("fednow")["pacs.008"], "GrpHdr/NbOfTxs")
    (reject,) = twin.take(encode(torn), AT)
    assert (reject.kind, read_document(reject.content).faults) == ("admi.002", ())
    assert read_message(reject.content)[1]["rejected_message_id"] == torn.id
    assert twin.take(encode(make.messages("fednow")["pacs.002"]), AT) == ()
    assert twin.settlements(make.TUESDAY) == ()


def test_what_moved_is_told_by_day() -> None:
    twin = InstantTwin(FEDNOW)
    pay("BACK", twin=twin)

    assert [
        (one.status, one.direction, one.amount, one.return_code, one.end_to_end_id)
        for one in twin.settlements(make.TUESDAY)
    ] == [
        ("settled", "credit", make.usd("1250.50"), "", "ref-att_1"),
        ("returned", "credit", make.usd("1250.50"), "AC04", "ref-att_1"),
    ]
    assert len({one.external_trace_id for one in twin.settlements(make.TUESDAY)}) == 2
    assert twin.settlements(make.TUESDAY + timedelta(days=1)) == ()


@given(
    name=st.sampled_from(sorted(NETWORKS)),
    word=st.sampled_from(["", *SCRIPTS, *(code for code in reason_codes() if script_of(f"1-{code}").reason)]),
    seed=st.integers(0, 9),
    noise=st.builds(Noise, lost=st.integers(0, 30), late=st.integers(0, 30), twice=st.integers(0, 40)),
)
@settings(max_examples=60, deadline=None)
def test_every_answer_is_sound_and_the_same_for_a_seed(name: str, word: str, seed: int, noise: Noise) -> None:
    network = NETWORKS[name]
    first = pay(word, name, InstantTwin(network, seed=seed, noise=noise))

    assert first == pay(word, name, InstantTwin(network, seed=seed, noise=noise))
    for delivery in first:
        assert read_document(delivery.content, network=network).faults == ()
        assert make.rail(network).read(delivery.content).event is not None or delivery.kind == "pacs.008"


def test_noise_loses_delays_and_doubles_in_its_measure() -> None:
    def came(noise: Noise) -> list[int]:
        twin = InstantTwin(FEDNOW, seed=5, noise=noise)
        rail = make.rail()
        return [len(twin.take(rail.transfer(make.order(f"att_{n}"), AT).content, AT)) for n in range(40)]

    assert came(Noise(lost=100)) == [0] * 40
    assert came(Noise(twice=100)) == [2] * 40
    assert came(Noise(late=100)) == [1] * 40
    assert 0 < came(Noise(lost=50)).count(0) < 40


def test_every_word_of_an_account_is_explained_to_who_tries() -> None:
    text = (Path(__file__).parents[2] / "docs" / "howto" / "try-instant-payments.md").read_text("utf-8")

    explained = set(re.findall(r"^\| `([A-Z]{4})` \|", text, re.MULTILINE))

    assert explained == set(SCRIPTS)


@given(data=st.data(), name=st.sampled_from(sorted(NETWORKS)))
@settings(max_examples=150, deadline=None)
def test_whatever_it_is_sent_the_network_answers_soundly_or_not_at_all(data: st.DataObject, name: str) -> None:
    network = NETWORKS[name]
    message = make.messages(name)[data.draw(st.sampled_from(["pacs.008", "pacs.028", "camt.056", "pain.013"]))]
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from([re.sub(r"\[\d+\]", "", path) for path, _ in message.places] or ["x"]))
        if data.draw(st.booleans()):
            message = make.drop(message, path)
        else:
            message = make.put(
                message, path, data.draw(st.sampled_from(["", "0001-01-01T00:00:00", "0", "9" * 30, "x"]))
            )
    twin = InstantTwin(network)

    for delivery in twin.take(encode(message), AT):
        faults = read_document(delivery.content, network=network).faults
        assert [fault for fault in faults if fault.level == "E" and fault.rule[0] in "SX"] == []


def test_a_bank_that_is_no_member_is_refused_at_the_door() -> None:
    message = make.put(
        make.messages("fednow")["pacs.008"], "CdtTrfTxInf/InstdAgt/FinInstnId/ClrSysMmbId/MmbId", "9" * 30
    )

    (delivery,) = InstantTwin(FEDNOW).take(encode(message), AT)

    assert read_document(delivery.content, network=FEDNOW).faults == ()
    assert told([delivery])[0][0] == "admi.002"


def test_agents_may_be_named_for_the_whole_message() -> None:
    message = make.messages("fednow")["pacs.008"]
    paid = message.body.find("CdtTrfTxInf")
    group = message.body.find("GrpHdr")
    assert paid is not None and group is not None
    moved = tuple(child for child in paid.children if child.name in ("InstgAgt", "InstdAgt"))
    for agent in moved:
        message = make.drop(message, f"CdtTrfTxInf/{agent.name}")
    message = replace(message, body=make.edit(message.body, "GrpHdr", children=(*group.children, *moved)))

    assert told(InstantTwin(FEDNOW).take(encode(message), AT)) == [("pacs.002", "ACSC", 0, True)]
