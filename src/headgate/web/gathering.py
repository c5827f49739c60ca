"""Questions of many callers, gathered: a thread takes whatever waits and has it answered at once.

What is asked while one lot is being answered makes the next, and a lone caller waits for nobody. With a second thread the
next lot is begun while the database answers the first. Callers who were answered together ask again together, though not
in the same instant: a lot is taken when as many wait as the last one held, or a millisecond later. Without that, lots of
two or three would alternate with the large ones, each at the cost of a commit.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, cast

from headgate.core import log

Q = TypeVar("Q")
A = TypeVar("A")

IDLE_SECONDS: Final = 5.0
GATHER_SECONDS: Final = 0.001
_LOG = log.get(__name__)


@dataclass(slots=True)
class _Place(Generic[Q, A]):
    """A question, and where its answer goes: to a future of an event loop, or behind a lock that a thread waits for."""

    question: Q
    future: asyncio.Future[A] | None
    loop: asyncio.AbstractEventLoop | None
    answered: threading.Lock | None = None
    outcome: A | Exception | None = None


class Gathering(Generic[Q, A]):
    """`answer(questions)` gives each its answer or its error, in order, in one of so many threads. One ends where nobody
    asked lately."""

    def __init__(
        self, answer: Callable[[list[Q]], Sequence[A | Exception]], *, name: str, lot_max: int, threads: int = 1
    ) -> None:
        self._answer = answer
        self._name = name
        self._lot_max = lot_max
        self._changed = threading.Condition()
        self._waiting: deque[_Place[Q, A]] = deque()
        self._threads_max = threads
        self._threads = 0
        self._idle = 0
        self._expected = 1  # How many asked together last.

    async def ask(self, question: Q) -> A:
        """The answer. Raises what stands in its place."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[A] = loop.create_future()
        self._put(_Place(question, future, loop))
        return await future

    def wait_for(self, question: Q) -> A:
        """`ask` for a caller that is a thread."""
        answered = threading.Lock()
        answered.acquire()
        place: _Place[Q, A] = _Place(question, None, None, answered)
        self._put(place)
        answered.acquire()
        if isinstance(place.outcome, Exception):
            raise place.outcome
        return cast(A, place.outcome)

    @property
    def waiting(self) -> int:
        """How many questions no lot has taken yet."""
        return len(self._waiting)

    def _put(self, place: _Place[Q, A]) -> None:
        with self._changed:
            self._waiting.append(place)
            if not self._idle and self._threads < self._threads_max:
                self._threads += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
            elif len(self._waiting) in (1, self._expected):
                self._changed.notify()

    def _run(self) -> None:
        while (lot := self._take()) is not None:
            outcomes: Sequence[A | Exception]
            try:
                outcomes = self._answer([place.question for place in lot])
                assert len(outcomes) == len(lot), "each question has its answer"
            except Exception as error:  # Nobody is left waiting.
                _LOG.exception("questions could not be answered", extra={"gathering": self._name})
                outcomes = [error] * len(lot)
            for place, outcome in zip(lot, outcomes, strict=True):
                place.outcome = outcome
            _deliver(lot)

    def _take(self) -> list[_Place[Q, A]] | None:
        """What waits; None, and the thread is over, where nothing came for a while."""
        with self._changed:
            self._idle += 1
            try:
                while True:
                    if not self._waiting and not self._changed.wait_for(lambda: bool(self._waiting), IDLE_SECONDS):
                        self._threads -= 1
                        return None
                    if len(self._waiting) < self._expected:
                        self._changed.wait_for(lambda: len(self._waiting) >= self._expected, GATHER_SECONDS)
                    if self._waiting:  # No other thread took them meanwhile.
                        break
            finally:
                self._idle -= 1
            self._expected = min(len(self._waiting), self._lot_max)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._lot_max))]


def _deliver(lot: Sequence[_Place[Any, Any]]) -> None:
    """Each its outcome; those of one event loop in one call."""
    loops: dict[asyncio.AbstractEventLoop | None, list[_Place[Any, Any]]] = {}
    for place in lot:
        loops.setdefault(place.loop, []).append(place)
    for loop, places in loops.items():
        if loop is None:
            for place in places:
                if place.answered is not None:
                    place.answered.release()
            continue
        try:
            loop.call_soon_threadsafe(_resolve, places)
        except RuntimeError:  # The loop is closed: its callers went with it.
            _LOG.info("callers went before they were answered", extra={"callers": len(places)})


def _resolve(places: Sequence[_Place[Any, Any]]) -> None:
    for place in places:
        if place.future is None or place.future.done():  # The caller went away.
            continue
        if isinstance(place.outcome, Exception):
            place.future.set_exception(place.outcome)
        else:
            place.future.set_result(place.outcome)
