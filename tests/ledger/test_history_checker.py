"""Concurrent runs are explained by one serial order; the checker that says so is shown to say no as well."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.ledger.concurrent import Call, Record, run
from tests.ledger.conftest import Book
from tests.ledger.model.words import Wanted
from tests.ledger.serial import faults

from headgate.core.errors import Refused
from headgate.ledger import Posted


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_concurrent_run_is_explained_by_one_serial_order(book: Book, seed: int) -> None:
    record = run(book, workers=8, calls=60, seed=seed)

    assert faults(record) == []
    told = [answer for call in record.calls for answer in call.answers]
    assert sum(isinstance(answer, Refused) for answer in told) > 20, "nothing was contended"
    assert sum(not isinstance(answer, Refused) for answer in told) > 100
    assert {name.split(":")[0] for name in record.stamps} >= {"void", "close", "reopen"}


def lose_a_line(record: Record) -> None:
    del record.journal[len(record.journal) // 2]


def post_twice(record: Record) -> None:
    record.journal.append(record.journal[-1])


def swap_two_legs(record: Record) -> None:
    """Two legs of one account change places: the order of its sequence is another."""
    line = record.journal[0].split(" ")
    line[-4] = str(int(line[-4]) + 1)
    record.journal[0] = " ".join(line)


def misstate_a_figure(record: Record) -> None:
    for call in record.calls:
        for n, answer in enumerate(call.answers):
            if isinstance(answer, Refused) and "available_minor" in answer.facts and not answer.replayed:
                facts = answer.facts | {"available_minor": answer.facts["available_minor"] + 1}
                call.answers[n] = replace(answer, facts=facts)
                return


def refuse_what_stands(record: Record) -> None:
    call = next(call for call in record.calls if call.verb == "post" and call.way == "single" and not call.error)
    call.answers[0] = Refused("ledger.insufficient_funds", "", {}, 422, False)


def answer_before_it_happened(record: Record) -> None:
    call = next(call for call in record.calls if call.verb == "post" and call.answers and not call.answers[0].replayed)
    call.invoked_at, call.answered_at = call.invoked_at - 10, call.invoked_at - 9


def forget_a_call(record: Record) -> None:
    """Something stands that no one was told of."""
    posted = {line.split(" ")[0] for line in record.journal}
    record.calls.remove(next(call for call in record.calls if call.verb == "post" and call.wanted[0].key in posted))


def fail_without_reason(record: Record) -> None:
    record.calls[5].error = "core.internal"


def put(record: Record, name: str, stamp: float) -> None:
    """A call took its locks then, and its caller waited: nothing but the order tells that it is not so."""
    record.stamps[name] = stamp
    key = name.split(":")[-1]
    for call in record.calls:
        if getattr(call.wanted[0], "key", call.wanted[0]) == key:
            call.invoked_at, call.answered_at = min(call.invoked_at, stamp - 1), max(call.answered_at, stamp + 1)


def slip_in_behind_the_close(record: Record) -> None:
    """A posting for a day of the period that stands though the period was closed before it."""
    days = [line.split(" ")[:2] for line in record.journal]
    for name, stamp in sorted(record.stamps.items(), key=lambda pair: pair[1]):
        opened = max((turn for turn in turns(record) if turn < stamp), default=0.0)
        for key, day in days:
            if name.startswith("close:") and day <= str(record.period.ends_on) and opened < record.stamps[key] < stamp:
                put(record, name, record.stamps[key] - 0.000001)
                return


def close_in_between(record: Record) -> None:
    """A close that was answered well and of which the book knows nothing."""
    close = next(name for name in record.stamps if name.startswith("close:"))
    del record.stamps[close]


def turns(record: Record) -> list[float]:
    return [stamp for name, stamp in record.stamps.items() if name.split(":")[0] in ("close", "reopen")]


def void_what_was_posted(record: Record) -> None:
    """A pending transaction was posted, and someone was told that it is void."""
    settled = next(one.settles for call in record.calls for one in settlements(call))
    pending = next(call for call in record.calls if getattr(call.wanted[0], "key", None) == settled)
    at = pending.answered_at
    record.calls.append(Call("void", (settled,), invoked_at=at, answered_at=at + 9, answers=[None]))


def post_what_was_void(record: Record) -> None:
    """A void took its locks before the posting that settles the same transaction and stands."""
    settled, key = next((one.settles, one.key) for call in record.calls for one in settlements(call))
    record.calls.append(Call("void", (settled,), answers=[None]))
    put(record, f"void:{settled}", record.stamps[key] - 0.0001)


def settlements(call: Call) -> list[Wanted]:
    """What a call has posted of what was pending."""
    told = zip(call.wanted, call.answers, strict=False)
    return [one for one, answer in told if getattr(one, "settles", None) and isinstance(answer, Posted)]


def give_back_too_little(record: Record) -> None:
    """An account still has something pending to leave that nobody is waiting for."""
    first, *rest = record.balances.split("\n")
    name, posted, reserved, out, into, available = first.split(" ")
    record.balances = "\n".join([f"{name} {posted} {reserved} {int(out) + 1} {into} {int(available) - 1}", *rest])


@pytest.mark.slow
def test_the_checker_finds_what_no_order_explains(book: Book) -> None:
    record = run(book, workers=4, calls=60, seed=11)
    assert faults(record) == []
    tampering: list[Callable[[Record], None]] = [
        *(lose_a_line, post_twice, swap_two_legs, misstate_a_figure, refuse_what_stands),
        *(answer_before_it_happened, forget_a_call, fail_without_reason, slip_in_behind_the_close, close_in_between),
        *(void_what_was_posted, post_what_was_void, give_back_too_little),
    ]

    for tamper in tampering:
        tampered = copy.deepcopy(record)
        tamper(tampered)
        assert faults(tampered), f"the checker overlooks {tamper.__name__}"
