"""What waterfalls are made of: pour an amount into dues, bucket by bucket or due by due. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from headgate.servicing.model import Bucket, Due, Line, Rule, Situation


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A way to allocate: lines over the dues, in the order in which they were paid. What it leaves is its caller's."""

    title: str
    allocate: Callable[[Situation, int, date, Rule], list[Line]]


def across(dues: Sequence[Due], order: Iterable[Bucket], amount: int) -> list[Line]:
    """Bucket by bucket: the first bucket of every due, the oldest first, then the next bucket."""
    return _pour(((due, bucket) for bucket in order for due in dues), amount)


def along(dues: Iterable[Due], order: Sequence[Bucket], amount: int) -> list[Line]:
    """Due by due: all buckets of the oldest, then the next."""
    return _pour(((due, bucket) for due in dues for bucket in order), amount)


def left_of(amount: int, lines: Iterable[Line]) -> int:
    """What lines leave of an amount."""
    return amount - sum(line.amount_minor for line in lines)


def vertical(title: str, *order: Bucket) -> Waterfall:
    """A waterfall over what is due, bucket by bucket in this order."""

    def allocate(situation: Situation, amount: int, on: date, rule: Rule) -> list[Line]:
        return across(situation.due_by(on), order, amount)

    return Waterfall(title, allocate)


def _pour(targets: Iterable[tuple[Due, Bucket]], amount: int) -> list[Line]:
    lines = []
    for due, bucket in targets:
        taken = min(due.of(bucket), amount)
        if taken > 0:
            lines.append(Line(bucket, due.number, taken))
            amount -= taken
        if amount == 0:
            break
    return lines
