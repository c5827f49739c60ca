"""Concurrent runs are explained by one serial order; the checker that says so is shown to say no as well."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.ledger.concurrent import Record, run
from tests.ledger.conftest import Book
from tests.ledger.serial import faults

from headgate.core.errors import Refused


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_concurrent_run_is_explained_by_one_serial_order(book: Book, seed: int) -> None:
    record = run(book, workers=8, calls=60, seed=seed)

    assert faults(record) == []
    told = [answer for call in record.calls for answer in call.answers]
    assert sum(isinstance(answer, Refused) for answer in told) > 20, "nothing was contended"
    assert sum(not isinstance(answer, Refused) for answer in told) > 100


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


@pytest.mark.slow
def test_the_checker_finds_what_no_order_explains(book: Book) -> None:
    record = run(book, workers=4, calls=40, seed=11)
    assert faults(record) == []
    tampering: list[Callable[[Record], None]] = [
        *(lose_a_line, post_twice, swap_two_legs, misstate_a_figure, refuse_what_stands),
        *(answer_before_it_happened, forget_a_call, fail_without_reason),
    ]

    for tamper in tampering:
        tampered = copy.deepcopy(record)
        tamper(tampered)
        assert faults(tampered), f"the checker overlooks {tamper.__name__}"
