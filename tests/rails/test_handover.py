"""What is known of a file: judged case by case, and in a world where processes crash and banks take files away."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.rails.handover import Known, Sighting, what_is_known

pytestmark = pytest.mark.slow

FRESH = Sighting(
    is_begun=False, outbound="nothing", archive="nothing", temporary="nothing", acknowledged="nothing", removes="may"
)
BEGUN = replace(FRESH, is_begun=True)
EVERY = [
    Sighting(*facts)
    for facts in itertools.product(
        (False, True),
        ("ours", "others", "nothing", "unseen"),
        ("ours", "others", "nothing", "unseen"),
        ("something", "nothing", "unseen"),
        ("accepted", "rejected", "differs", "nothing", "unseen"),
        ("never", "may"),
    )
]


@pytest.mark.parametrize(
    ("seen", "changes", "standing", "basis"),
    [
        (FRESH, {}, "absent", "nothing_begun"),
        (FRESH, {"outbound": "others"}, "occupied", "other_bytes"),
        (FRESH, {"outbound": "unseen"}, "unseen", "no_look"),
        (FRESH, {"acknowledged": "accepted"}, "delivered", "acknowledgement"),  # a person handed it over
        (BEGUN, {}, "unknown", "may_be_removed"),
        (BEGUN, {"removes": "never"}, "absent", "never_removed"),
        (BEGUN, {"removes": "never", "archive": "unseen"}, "unseen", "no_look"),
        (BEGUN, {"removes": "never", "acknowledged": "unseen"}, "unseen", "no_look"),
        (BEGUN, {"temporary": "something"}, "absent", "temporary"),
        (BEGUN, {"outbound": "ours", "temporary": "something"}, "delivered", "outbound"),
        (BEGUN, {"archive": "ours"}, "delivered", "archive"),
        (BEGUN, {"acknowledged": "accepted", "outbound": "unseen"}, "delivered", "acknowledgement"),
        (BEGUN, {"acknowledged": "rejected", "archive": "ours"}, "rejected", "acknowledgement"),
        (BEGUN, {"acknowledged": "differs"}, "unknown", "other_totals"),
        (BEGUN, {"outbound": "others", "removes": "never"}, "unknown", "other_bytes"),
    ],
)
def test_what_was_seen_is_judged(seen: Sighting, changes: dict[str, Any], standing: Any, basis: Any) -> None:
    assert what_is_known(replace(seen, **changes)) == Known(standing, basis)


def test_what_the_bank_has_is_never_sent() -> None:
    for seen in EVERY:
        has_it = seen.acknowledged in ("accepted", "rejected", "differs") or "ours" in (seen.outbound, seen.archive)
        if has_it or "others" in (seen.outbound, seen.archive):
            assert not what_is_known(seen).may_be_sent, seen


def test_a_begun_file_is_sent_again_only_on_proof() -> None:
    for seen in EVERY:
        known = what_is_known(seen)
        if seen.is_begun and known.may_be_sent:
            assert seen.temporary == "something" or seen.removes == "never", seen
            assert "unseen" not in (seen.outbound, seen.archive, seen.temporary, seen.acknowledged), seen


def test_to_see_less_never_makes_a_file_sendable() -> None:
    for seen in EVERY:
        for place in ("outbound", "archive", "temporary", "acknowledged"):
            if what_is_known(replace(seen, **{place: "unseen"})).may_be_sent:
                assert getattr(seen, place) == "unseen" or what_is_known(seen).may_be_sent, (seen, place)


class Crash(Exception):
    """The process is gone between two of its steps."""


@dataclass
class World:
    """A bank and a deliverer that crashes wherever the draw says; what the bank took is never forgotten by it."""

    one_in: Callable[[int], bool]
    removes: str
    has_archive: bool
    judge: Callable[[Sighting], Known] = what_is_known
    looks: tuple[str, ...] = ("acknowledgement", "outbound", "archive")
    taken: int = 0
    outbound: bool = False
    archive: bool = False
    acknowledgement: bool = False
    temporary: set[int] = field(default_factory=set)
    tries: int = 0
    proved_absent: int = 0
    is_delivered: bool = False

    def bank(self) -> None:
        """The bank works at any moment. One that never removes leaves the file in sight: where it is, or in the archive."""
        if self.outbound and self.one_in(2):
            if self.has_archive and self.one_in(2):
                self.outbound, self.archive = False, True
            elif self.removes == "may":
                self.outbound = False
        if self.archive and self.removes == "may" and self.one_in(2):
            self.archive = False
        if self.taken and self.one_in(2):
            self.acknowledgement = True

    def step(self) -> None:
        """Between any two steps of ours the bank may work, and we may die."""
        self.bank()
        if self.one_in(4):
            raise Crash

    def sight(self) -> Sighting:
        def look(is_there: bool) -> Any:
            self.bank()
            return "unseen" if self.one_in(6) else ("ours" if is_there else "nothing")

        # Outbound before archive: what moves on while one looks is seen in the later place.
        seen = {}
        for place in self.looks:
            self.bank()
            seen[place] = look(getattr(self, place))
        temporary = look(self.tries in self.temporary)
        return Sighting(
            is_begun=self.tries > self.proved_absent,
            outbound=seen["outbound"],
            archive=seen["archive"],
            temporary={"ours": "something"}.get(temporary, temporary),
            acknowledged={"ours": "accepted"}.get(seen["acknowledgement"], seen["acknowledgement"]),
            removes=self.removes,  # type: ignore[arg-type]
        )

    def deliver(self) -> Known:
        """One round of a deliverer, as payments/delivery/delivery.py does it."""
        known = self.judge(self.sight())
        if known.standing == "delivered":
            self.is_delivered = True
        if not known.may_be_sent:
            return known
        self.step()
        if known.basis == "temporary":
            self.temporary.discard(self.tries)
            self.step()
        self.proved_absent = self.tries
        self.tries += 1
        self.step()
        self.temporary.add(self.tries)
        self.step()
        self.temporary.discard(self.tries)
        self.outbound, self.taken = True, self.taken + 1
        self.step()
        self.is_delivered = True
        return known

    def live(self, rounds: int) -> Known | None:
        """So many processes, one after the other, until one says that the file is delivered."""
        known = None
        for _ in range(rounds):
            if self.is_delivered:
                break
            try:
                known = self.deliver()
            except Crash:
                known = None
        return known


def drawn(data: st.DataObject) -> Callable[[int], bool]:
    return lambda n: data.draw(st.integers(0, n - 1)) == 0


@settings(max_examples=600, deadline=None)
@given(st.data(), st.sampled_from(["never", "may"]), st.booleans(), st.integers(1, 6))
def test_in_any_world_the_bank_gets_a_file_at_most_once(
    data: st.DataObject, removes: str, has_archive: bool, rounds: int
) -> None:
    world = World(drawn(data), removes, has_archive)

    known = world.live(rounds)

    assert world.taken <= 1
    assert not world.is_delivered or world.taken == 1
    assert known is None or known.standing != "unknown" or removes == "may"


@settings(max_examples=300, deadline=None)
@given(st.data(), st.booleans())
def test_where_the_bank_never_removes_a_file_arrives_whatever_crashed(data: st.DataObject, has_archive: bool) -> None:
    world = World(drawn(data), "never", has_archive)
    world.live(3)
    world.one_in = lambda n: False  # no more crashes, and all is in sight
    world.live(2)

    assert (world.is_delivered, world.taken) == (True, 1)


def trusting(seen: Sighting) -> Known:
    """Planted: absence is taken for proof though the bank may have removed the file."""
    return what_is_known(replace(seen, removes="never"))


def hasty(seen: Sighting) -> Known:
    """Planted: what could not be seen is taken for nothing."""
    blind = {place: "nothing" for place in ("outbound", "archive", "acknowledged") if getattr(seen, place) == "unseen"}
    return what_is_known(replace(seen, **blind))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "removes"),
    [
        ({"judge": trusting}, "may"),
        ({"judge": hasty}, "never"),
        ({"looks": ("acknowledgement", "archive", "outbound")}, "never"),
    ],
)
def test_a_planted_bug_sends_a_file_twice_in_some_world(changes: dict[str, Any], removes: str) -> None:
    dice = random.Random(5)

    worlds = [World(lambda n: dice.randrange(n) == 0, removes, True, **changes) for _ in range(3000)]
    for world in worlds:
        world.live(4)

    assert max(world.taken for world in worlds) > 1
