"""The provider against the simulated network, over real sockets: answers, silence, and what is asked about then."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.rails import instants as make

from headgate.core.egress import Client, EgressFailed, EgressRefused
from headgate.core.money import Money
from headgate.core.serving import PortTaken
from headgate.rails import (
    CannotWrite,
    InstantProvider,
    Provider,
    ProviderAnswerUnread,
    ProviderSettlement,
    instant_face,
)
from headgate.rails.instant_life import Event, Life, step
from headgate.rails.instant_twin import InstantTwin
from headgate.rails.iso20022 import FEDNOW, NETWORKS, Network, encode

pytestmark = pytest.mark.slow

AT = make.AT
ASKED = AT + timedelta(seconds=30)
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@contextmanager
def simulated(network: Network = FEDNOW) -> Iterator[tuple[InstantTwin, str]]:
    """A twin behind its HTTP face, in a thread of this process."""
    twin, stop, answering, addresses = InstantTwin(network), threading.Event(), threading.Event(), [""]

    def ready(address: str) -> None:
        addresses[0] = address
        answering.set()

    facts = {"port": 0, "hang_seconds": 5, "ready": ready, "stop": stop}
    server = threading.Thread(target=instant_face.serve, args=(twin,), kwargs=facts)
    server.start()
    try:
        assert answering.wait(20)
        yield twin, addresses[0]
    finally:
        stop.set()
        server.join(10)
        assert not server.is_alive()


@pytest.fixture(scope="module")
def face() -> Iterator[tuple[InstantTwin, str]]:
    with simulated() as served:
        yield served


def provider(url: str, *, timeout_seconds: float = 5.0, network: Network = FEDNOW) -> InstantProvider:
    return InstantProvider(make.rail(network), url, Client(allow=LOOPBACK, timeout_seconds=timeout_seconds))


def test_it_is_a_provider(face: tuple[InstantTwin, str]) -> None:
    one = provider(face[1])

    assert isinstance(one, Provider)
    assert (one.name, one.is_simulated, one.problems(make.order())) == ("fednow", True, ())


@pytest.mark.parametrize(
    ("word", "outcome", "code", "reason"),
    [
        ("PAID", "settled", "ACSC", ""),
        ("HELD", "settled", "ACWP", ""),
        ("AC04", "rejected", "AC04", "account_closed"),
        ("E990", "rejected", "E990", "over_limit"),
        ("DUPL", "outcome_unknown", "DUPL", "already_sent"),
    ],
)
def test_an_order_is_sent_and_its_answer_said(
    face: tuple[InstantTwin, str], word: str, outcome: str, code: str, reason: str
) -> None:
    sent = make.order(f"att_{word}", receiver_account=f"4400-{word}")

    answer = provider(face[1]).submit(sent, created_at=AT)

    assert (answer.outcome, answer.code, answer.reason) == (outcome, code, reason)
    assert answer.reference == make.rail().uetr_of(sent)
    assert b"FIToFIPmtStsRpt" in answer.evidence and answer.message_id


@pytest.mark.parametrize(
    ("word", "known"),
    [("LATE", "settled"), ("GONE", "rejected"), ("LOST", "unheard"), ("OPEN", "outcome_unknown"), ("SLOW", "settled")],
)
def test_silence_is_an_unknown_outcome_and_is_asked_about(face: tuple[InstantTwin, str], word: str, known: str) -> None:
    twin, url = face
    one = provider(url, timeout_seconds=0.5)
    sent = make.order(f"att_{word}", receiver_account=f"4400-{word}")

    before = time.monotonic()
    silent = one.submit(sent, created_at=AT)
    early = one.get_status(sent, created_at=AT, at=AT + timedelta(seconds=5))
    asked = provider(url).get_status(sent, created_at=AT, at=ASKED)

    assert time.monotonic() - before < 4, "the time-out is the client's"
    assert (silent.outcome, silent.code, silent.evidence) == ("outcome_unknown", "", b"")
    assert (early.outcome, "25 s" in early.message) == ("outcome_unknown", True)
    assert asked.outcome == known
    assert twin.settled_count(silent.reference) == (0 if word in ("GONE", "LOST") else 1)


def test_a_second_sending_of_the_same_is_known_again_and_moves_nothing(face: tuple[InstantTwin, str]) -> None:
    twin, url = face
    sent = make.order("att_again")

    first = provider(url).submit(sent, created_at=AT)
    second = provider(url).submit(sent, created_at=AT)
    known = provider(url).get_status(sent, created_at=AT, at=ASKED)

    assert (first.outcome, second.outcome, second.reason, known.outcome) == (
        "settled",
        "outcome_unknown",
        "already_sent",
        "settled",
    )
    assert twin.settled_count(first.reference) == 1


def test_what_cannot_be_written_is_not_sent(face: tuple[InstantTwin, str]) -> None:
    with pytest.raises(CannotWrite):
        provider(face[1]).submit(make.order("att_bad", receiver_routing="1"), created_at=AT)


def test_nobody_at_the_other_end_is_an_unknown_outcome() -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"

    assert provider(nobody).submit(make.order(), created_at=AT).outcome == "outcome_unknown"
    with pytest.raises(EgressFailed):
        provider(nobody).reconcile(make.TUESDAY)


def test_an_address_that_may_not_be_called_is_refused_before_a_byte() -> None:
    shut = InstantProvider(make.rail(), "http://127.0.0.1:1", Client())

    with pytest.raises(EgressRefused):
        shut.submit(make.order(), created_at=AT)


class Odd(BaseHTTPRequestHandler):
    """A gateway that answers what it was told to."""

    answer: tuple[int, bytes] = (200, b"")
    authorization: str | None = None

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._say()

    def do_GET(self) -> None:
        self._say()

    def _say(self) -> None:
        type(self).authorization = self.headers["Authorization"]
        status, body = type(self).answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def odd() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


OTHERS = InstantTwin(FEDNOW).take(make.rail().transfer(make.order("att_other"), AT).content, AT)[0].content


@pytest.mark.parametrize(
    "answer",
    [
        (200, b""),
        (200, b"<html>sorry</html>"),
        (200, OTHERS),
        (200, b"x" * (2 << 20)),
        (202, b""),
        (302, b""),
        (400, b"no"),
        (409, OTHERS),
        (500, b""),
        (503, b""),
    ],
)
def test_whatever_is_no_answer_about_this_payment_leaves_it_unknown(odd: str, answer: tuple[int, bytes]) -> None:
    Odd.answer = answer

    assert provider(odd).submit(make.order(), created_at=AT).outcome == "outcome_unknown"
    assert provider(odd).get_status(make.order(), created_at=AT, at=ASKED).outcome == "outcome_unknown"
    assert provider(odd).cancel(make.order(), created_at=AT, at=ASKED).outcome == "recall_pending"


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (200, b"<a/>"),
        (200, b"[]"),
        (200, b'{"settlements": 1, "messages": 1}'),
        (200, b'{"settlements": [{}], "messages": [{}]}'),
        (200, b'{"settlements": [1], "messages": [1]}'),
    ],
)
def test_a_list_that_cannot_be_read_is_an_error_and_none_of_it_is_taken(odd: str, answer: tuple[int, bytes]) -> None:
    Odd.answer = answer

    with pytest.raises(ProviderAnswerUnread):
        provider(odd).reconcile(make.TUESDAY)
    with pytest.raises(ProviderAnswerUnread):
        provider(odd).inbox()


def test_a_gateway_is_told_who_calls_and_nobody_else_sees_it(odd: str) -> None:
    Odd.answer = (200, b"")
    one = InstantProvider(make.rail(), odd, Client(allow=LOOPBACK), authorization="Bearer s3cret")

    one.submit(make.order(), created_at=AT)

    assert Odd.authorization == "Bearer s3cret"
    assert "s3cret" not in repr(one)
    provider(odd).submit(make.order(), created_at=AT)
    assert Odd.authorization is None


def test_what_is_too_old_to_be_asked_about_is_for_the_banks_report(odd: str) -> None:
    late = provider(odd).get_status(make.order(), created_at=AT, at=AT + timedelta(days=3))

    assert (late.outcome, "report" in late.message) == ("outcome_unknown", True)


@pytest.mark.parametrize("network", sorted(NETWORKS))
def test_a_day_is_reconciled_to_the_cent(network: str) -> None:
    chosen = NETWORKS[network]
    with simulated(chosen) as (_, url):
        one = provider(url, network=chosen)
        for n, word in enumerate(("PAID", "AC04", "PAID")):
            one.submit(make.order(f"att_{n}", receiver_account=f"1-{word}"), created_at=AT)

        settled = one.reconcile(make.TUESDAY)

        assert settled == one.reconcile(make.TUESDAY)
        assert one.reconcile(make.TUESDAY + timedelta(days=1)) == ()
    assert settled == tuple(
        ProviderSettlement(
            external_trace_id=one.rail.transfer(make.order(f"att_{n}"), AT).message_id,
            reference=one.rail.uetr_of(make.order(f"att_{n}")),
            individual_id=f"ref-att_{n}",
            direction="credit",
            amount=make.usd("1250.50"),
            status="settled",
            return_code="",
            effective_on=make.TUESDAY,
        )
        for n in (0, 2)
    )


def test_a_payroll_comes_to_the_same_total_on_both_sides() -> None:
    words = ("PAID", "AC04", "DUAL", "LOST", "HELD", "DUPL", "GONE", "BACK", "LATE", "PART")
    orders = {
        f"att_{n}": make.order(f"att_{n}", receiver_account=f"1-{words[n % 10]}", amount=Money(10_000 + n, "USD"))
        for n in range(30)
    }
    with simulated() as (twin, url):
        quick, patient = provider(url, timeout_seconds=0.4), provider(url)

        def drive(attempt_id: str) -> tuple[str, Life]:
            one, sent = quick, orders[attempt_id]
            life, action = step(Life(sent.amount), Event("submit"))
            now, answer = AT, one.submit(sent, created_at=AT)
            for _ in range(4):
                heard = one.rail.read(answer.evidence).event if answer.evidence else None
                life, action = step(life, heard or Event("silence"))
                if action != "ask":
                    break
                now += timedelta(seconds=30)
                answer = patient.get_status(sent, created_at=AT, at=now)
            return attempt_id, life

        with ThreadPoolExecutor(4) as pool:
            lives = dict(pool.map(drive, orders))
        for message in patient.inbox(until=AT + timedelta(hours=2)):
            for attempt_id, sent in orders.items():
                if message.heard.event is not None and patient.rail.is_about(message.heard, sent, AT):
                    lives[attempt_id], _ = step(lives[attempt_id], message.heard.event)
        settled = patient.reconcile(make.TUESDAY)

    states = {word: {life.state for name, life in lives.items() if words[int(name[4:]) % 10] == word} for word in words}
    assert states == {
        **{word: {"settled"} for word in ("PAID", "DUAL", "HELD", "DUPL", "LATE", "PART")},
        **{word: {"rejected"} for word in ("AC04", "GONE")},
        "LOST": {"unheard"},
        "BACK": {"returned"},
    }
    paid = sum(life.amount.minor for life in lives.values() if life.state in ("settled", "returned"))
    back = sum(life.returned_minor for life in lives.values())
    assert paid == sum(one.amount.minor for one in settled if one.status == "settled") == 210_315
    assert back == sum(one.amount.minor for one in settled if one.status == "returned")
    assert all(twin.settled_count(patient.rail.uetr_of(sent)) <= 1 for sent in orders.values())


def test_what_comes_later_is_read_from_the_inbox_and_comes_again_from_any_number() -> None:
    with simulated() as (_, url):
        one = provider(url)
        sent = make.order("att_b", receiver_account="1-GIVE")
        life, _ = step(Life(sent.amount), Event("submit"))
        answer = one.submit(sent, created_at=AT)
        life, _ = step(life, Event("settled", answer.message_id, answer.code))
        asked = one.cancel(sent, created_at=AT, at=ASKED, reason="DUPL")

        assert (asked.outcome, one.inbox()) == ("recall_pending", ())
        came = one.inbox(until=ASKED + timedelta(hours=1))

        assert [(one.number, one.heard.event.name if one.heard.event else "") for one in came] == [
            (1, "recall"),
            (2, "returned"),
        ]
        assert [message.number for message in one.inbox(1)] == [2]
        for message in (*came, *came):
            assert message.heard.event is not None and one.rail.is_about(message.heard, sent, AT)
            life, _ = step(life, message.heard.event)
        back = one.answer(came[1].heard, came[1].content, sent)

    assert (life.state, life.recall, life.returned_minor) == ("returned", "promised", 125_050)
    assert (back.outcome, back.code, back.amount, back.reason) == (
        "returned",
        "FOCR",
        make.usd("1250.50"),
        "returned_on_request",
    )


def test_the_face_refuses_what_it_cannot_take(face: tuple[InstantTwin, str]) -> None:
    url = face[1]

    assert httpx.get(f"{url}/healthz").json() == {"ok": True, "network": "fednow"}
    assert httpx.post(f"{url}/messages", content=b"<a/>").status_code == 422
    long_ago = make.put(make.messages("fednow")["pacs.008"], "GrpHdr/CreDtTm", "0001-01-01T00:00:00-05:00")
    assert httpx.post(f"{url}/messages", content=encode(long_ago)).status_code == 422
    assert httpx.post(f"{url}/messages", content=b"x" * (1 << 20) + b"xx").status_code == 413
    for path in (
        "/messages?after=x",
        "/messages?until=yesterday",
        "/messages?until=2026-11-24T10:00:00",
        "/settlements",
    ):
        assert httpx.get(f"{url}{path}").status_code == 400
    assert httpx.put(f"{url}/messages").status_code == 405
    assert httpx.get(f"{url}/elsewhere").status_code == 404


def test_a_port_that_is_taken_is_named() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PortTaken, match=str(taken.getsockname()[1])):
            instant_face.serve(InstantTwin(FEDNOW), port=taken.getsockname()[1])


@pytest.mark.slow
def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from headgate.cli import main; main()", "simulate", "instant"]
    environment = {**os.environ, "HEADGATE_HOME": str(tmp_path)}
    with subprocess.Popen(
        [*command, "--port", "0", "--network", "rtp"], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        url = said.split(" at ")[1].split(";")[0]
        try:
            answer = provider(url, network=NETWORKS["rtp"]).submit(make.order(), created_at=AT)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)

    assert said.startswith("simulating RTP at http://127.0.0.1:")
    assert answer.outcome == "settled"

    wrong = subprocess.run(
        [*command, "--network", "sepa"], env=environment, capture_output=True, text=True, check=False
    )
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "fednow or rtp" in wrong.stderr and wrong.stderr.count("\n") == 1


def test_the_example_of_the_howto_runs(face: tuple[InstantTwin, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_EGRESS_ALLOW", "127.0.0.0/8")
    text = (Path(__file__).parents[2] / "docs" / "howto" / "try-instant-payments.md").read_text("utf-8")
    example = text.split("```python\n")[1].split("```")[0].replace("http://127.0.0.1:8421", face[1])
    names: dict[str, Any] = {"order": make.order("att_howto"), "created_at": AT}

    exec(example, names)

    assert names["answer"].outcome == "settled"
