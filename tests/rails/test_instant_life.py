"""The life of an instant payment: settled at most once, and never sent twice, whatever answers come, or do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import instants as make

from headgate.rails.instant_life import EVENTS, FINAL, STATES, Action, Event, Life, State, moves, step
from headgate.rails.instant_scripts import SCRIPTS
from headgate.rails.instant_twin import InstantTwin, Noise
from headgate.rails.iso20022 import NETWORKS

pytestmark = pytest.mark.slow

START = Life(make.usd("100.00"))


def after(*names: str) -> tuple[str, list[str]]:
    """The state after events by name, and the actions on the way."""
    life, actions = START, []
    for number, name in enumerate(names):
        message_id = "" if name in ("submit", "silence") else f"m{number}"
        life, action = step(life, Event(name, message_id))  # type: ignore[arg-type]
        actions.append(action)
    return life.state, actions


def test_every_state_knows_every_event() -> None:
    assert set(moves()) == {(state, event) for state in STATES for event in EVENTS}
    assert {state for state, _ in moves().values()} <= set(STATES)
    assert {action for _, action in moves().values()} == {"none", "send", "ask", "already_sent", "case"}


def test_only_a_payment_that_was_never_sent_is_sent() -> None:
    assert [key for key, (_, action) in moves().items() if action == "send"] == [("ready", "submit")]
    assert [key for key, (state, _) in moves().items() if state == "ready" and key[0] != "ready"] == []


def test_what_is_final_asks_nothing_and_no_answer_opens_it_without_a_person() -> None:
    for (state, event), (then, action) in moves().items():
        if state in FINAL:
            assert action != "ask", (state, event)
            assert (
                then == state
                or action == "case"
                or (state, event)
                in (
                    ("settled", "returned"),
                    ("unheard", "rejected"),
                )
            ), (state, event)


@pytest.mark.parametrize(
    ("events", "state", "actions"),
    [
        (("submit", "settled"), "settled", ["send", "none"]),
        (("submit", "accepted", "settled"), "settled", ["send", "none", "none"]),
        (("submit", "settled", "accepted"), "settled", ["send", "none", "none"]),
        (("submit", "rejected", "submit"), "rejected", ["send", "none", "already_sent"]),
        (("submit", "silence", "submit"), "unknown", ["send", "ask", "already_sent"]),
        (("submit", "silence", "settled"), "settled", ["send", "ask", "none"]),
        (("submit", "duplicate", "settled"), "settled", ["send", "ask", "none"]),
        (("submit", "silence", "not_found"), "doubted", ["send", "ask", "ask"]),
        (("submit", "silence", "not_found", "not_found"), "unheard", ["send", "ask", "ask", "none"]),
        (("submit", "silence", "not_found", "not_found", "settled"), "settled", ["send", "ask", "ask", "none", "case"]),
        (("submit", "silence", "not_found", "still_open"), "unknown", ["send", "ask", "ask", "ask"]),
        (("submit", "rejected", "settled"), "settled", ["send", "none", "case"]),
        (("submit", "settled", "rejected"), "settled", ["send", "none", "case"]),
        (("submit", "returned"), "returned", ["send", "none"]),
        (("submit", "returned", "settled"), "returned", ["send", "none", "none"]),
    ],
)
def test_the_life_of_a_payment(events: tuple[str, ...], state: str, actions: list[str]) -> None:
    assert after(*events) == (state, actions)


def test_the_same_message_twice_counts_once() -> None:
    life, _ = step(START, Event("submit"))
    life, _ = step(life, Event("silence"))
    not_found = Event("not_found", "m1")

    first, _ = step(life, not_found)
    second, action = step(first, not_found)

    assert (first.state, second, action) == ("doubted", first, "none")


def test_a_part_that_comes_back_leaves_the_rest_settled() -> None:
    life, _ = step(replace(START, state="sent"), Event("returned", "r1", "AM09", make.usd("40.00")))
    assert (life.state, life.returned_minor) == ("settled", 4_000)

    whole, action = step(life, Event("returned", "r2", "AM09", make.usd("60.00")))
    assert (whole.state, whole.returned_minor, action) == ("returned", 10_000, "none")

    more, action = step(whole, Event("returned", "r3", "AM09", make.usd("0.01")))
    assert (more.state, action) == ("returned", "case")


def test_the_answer_to_a_recall_stands_and_moves_no_state() -> None:
    life = replace(START, state="settled", recall="asked")

    pending, action = step(life, Event("recall", "c1", "PDCR", recall="pending"))
    promised, _ = step(pending, Event("recall", "c2", "IPAY", recall="promised"))
    late, _ = step(promised, Event("recall", "c3", "PDCR", recall="pending"))

    assert (pending.recall, promised.recall, late.recall, late.state, action) == (
        "pending",
        "promised",
        "promised",
        "settled",
        "none",
    )


NAMED = st.sampled_from([event for event in EVENTS if event not in ("submit", "silence")])
EVENTS_DRAWN = st.lists(
    st.builds(Event, name=st.sampled_from(["submit", "silence"]))
    | st.builds(Event, name=NAMED, message_id=st.sampled_from("abcdefgh")),
    max_size=30,
)


@given(EVENTS_DRAWN)
@settings(max_examples=300, deadline=None)
def test_any_events_in_any_order_send_at_most_once(events: list[Event]) -> None:
    life, sent, settled, known = START, 0, 0, set[str]()
    for event in events:
        before = life
        life, action = step(life, event)
        sent += action == "send"
        settled += life.state == "settled" != before.state
        if event.message_id in known:
            assert (life, action) == (before, "none")
        known |= {event.message_id} - {""}
        assert life.state in STATES and life.returned_minor >= 0

    assert sent <= 1
    assert settled <= 1, "what settled may come back, and never settles again"


# With the simulated network: whatever it loses, delays, doubles or swaps.

WORDS = st.sampled_from(["", *SCRIPTS, "AC03", "AM02", "DUPL"])
CALLS = st.lists(st.sampled_from(["submit", "ask", "wait", "read", "recall"]), max_size=14).map(
    lambda calls: ["submit", *calls]
)


class Story:
    """One payment, as payments would drive it: it sends and asks only when the life says so."""

    def __init__(self, name: str, word: str, seed: int, noise: Noise) -> None:
        network = NETWORKS[name]
        self.rail = make.rail(network)
        self.order = make.order(receiver_account=f"4400-{word}" if word else "4400")
        self.twin = InstantTwin(network, seed=seed, noise=noise)
        self.life, self.now = Life(self.order.amount), make.AT
        self.sent: list[bytes] = []
        self.inbox: list[tuple[datetime, bytes]] = []
        self.actions: list[Action] = []

    def do(self, call: str) -> None:
        self.now += timedelta(seconds=1)
        if call == "submit":
            if self._step(Event("submit")) == "send":
                message = self.rail.transfer(self.order, make.AT + timedelta(seconds=1))
                self.sent.append(message.content)
                self.now = max(self.now, make.AT + timedelta(seconds=1))
                self._exchange(message.content)
        elif call == "ask":
            if self.life.state in ("sent", "unknown", "doubted", "accepted"):
                self.now += timedelta(seconds=30)
                self._exchange(self.rail.question(self.order, make.AT + timedelta(seconds=1), self.now).content)
        elif call == "wait":
            self.now += timedelta(hours=2)
        elif call == "recall":
            if self.life.state == "settled" and not self.life.recall:
                self.life = replace(self.life, recall="asked")
                content = self.rail.recall(self.order, make.AT + timedelta(seconds=1), self.now).content
                self._keep(content)
        else:
            due = sorted((one for one in self.inbox if one[0] <= self.now), key=lambda one: one[0])
            self.inbox = [one for one in self.inbox if one[0] > self.now]
            for _, content in due:
                self._hear(content)

    def _exchange(self, content: bytes) -> None:
        """Hand a message over and hear its answer."""
        answers = self.twin.take(content, self.now)
        direct = next((one for one in answers if one.is_answer and one.at <= self.now), None)
        self.inbox += [(one.at, one.content) for one in answers if one is not direct]
        if direct is None:
            self._step(Event("silence"))
        else:
            self._hear(direct.content, is_answer=True)

    def _keep(self, content: bytes) -> None:
        self.inbox += [(one.at, one.content) for one in self.twin.take(content, self.now)]

    def _hear(self, content: bytes, *, is_answer: bool = False) -> None:
        heard = self.rail.read(content, is_answer=is_answer)
        if heard.event is not None:
            assert self.rail.is_about(heard, self.order, make.AT + timedelta(seconds=1))
            self._step(heard.event)

    def _step(self, event: Event) -> Action:
        self.life, action = step(self.life, event)
        self.actions.append(action)
        return action


@given(
    name=st.sampled_from(sorted(NETWORKS)),
    word=WORDS,
    calls=CALLS,
    seed=st.integers(0, 99),
    noise=st.builds(Noise, lost=st.integers(0, 40), late=st.integers(0, 30), twice=st.integers(0, 30)),
)
@settings(max_examples=100, deadline=None)
def test_whatever_the_network_does_a_payment_settles_at_most_once(
    name: str, word: str, calls: list[str], seed: int, noise: Noise
) -> None:
    story = Story(name, word, seed, noise)
    uetr = story.rail.uetr_of(story.order)
    for call in calls:
        story.do(call)
        assert len(story.sent) <= 1
        assert story.twin.settled_count(uetr) <= 1
        if story.life.state in ("rejected", "unheard"):
            assert story.twin.settled_count(uetr) == 0, "what is given up never went out"

    # However it stood, asking on comes to the truth: what the network settled is settled, what it did not is not.
    story.twin._noise = Noise()
    for _ in range(4):
        story.do("ask")
        story.do("wait")
        story.do("read")
    settled = story.twin.settled_count(uetr)
    expected: set[State] = {"settled", "returned"} if settled else {"ready", "rejected", "unheard"}
    assert story.life.state in expected, (story.life.state, settled)
    assert len(story.sent) <= 1


def test_a_payment_that_settled_and_was_refused_later_is_not_given_up_when_its_settlement_was_lost() -> None:
    story = Story("fednow", "TURN", 0, Noise())
    created = make.AT + timedelta(seconds=1)
    story._step(Event("submit"))
    _, refused, back = story.twin.take(story.rail.transfer(story.order, created).content, created)
    story._step(Event("silence"))  # the first answer, that it settled, was lost

    story._hear(refused.content)
    unsure = story.life.state
    story.now = refused.at
    story.do("ask")
    known = story.life.state
    story._hear(back.content)

    assert (unsure, known, story.life.state) == ("unknown", "settled", "returned")
    assert "case" not in story.actions
