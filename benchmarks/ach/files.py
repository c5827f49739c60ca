"""The files that are read: a payroll as the writer writes it, and the same with a fault in every tenth entry."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from headgate.core.money import Money
from headgate.rails import ach, check_digit

AT_ONCE = 10_000
BATCH = 100_000
FAULTY = 10
_ROUTINGS = 2_000


class Clock:
    """Adds up the time spent within it, by the wall and of this process's processor."""

    def __init__(self) -> None:
        self.seconds = self.cpu_seconds = 0.0

    def __enter__(self) -> Clock:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._began[0]
        self.cpu_seconds += time.process_time() - self._began[1]


def write(path: Path, entries: int) -> Clock:
    """Write a payroll of PPD credits; the time that the writer took, without that for making up the payees."""
    routings = [_routing(10_000_000 + 3_719 * n) for n in range(_ROUTINGS)]
    clock = Clock()
    with path.open("wb") as stream:
        with clock:
            writer = ach.FileWriter(stream, _file())
        for first in range(0, entries, BATCH):
            last = min(first + BATCH, entries)
            with clock:
                writer.begin(_batch(), service_class="220")
            for start in range(first, last, AT_ONCE):
                payees = [_payee(n, routings[n % _ROUTINGS]) for n in range(start, min(start + AT_ONCE, last))]
                with clock:
                    writer.add(payees)
            with clock:
                writer.end()
        with clock:
            writer.finish()
    return clock


def break_some(clean: Path, broken: Path) -> int:
    """Copy a file with every tenth entry bent, each in another way than the one before; how many were bent."""
    bent = seen = 0
    with clean.open(encoding="ascii", newline="") as source, broken.open("w", encoding="ascii", newline="") as goal:
        for line in source:
            if line[0] == "6":
                seen += 1
                if not seen % FAULTY:
                    line = _WAYS[bent % len(_WAYS)](line)
                    bent += 1
            goal.write(line)
    return bent


_WAYS = (
    lambda line: line[:11] + str((int(line[11]) + 1) % 10) + line[12:],  # the check digit
    lambda line: line[:29] + "12,345.678"[:10] + line[39:],  # an amount that is no number
    lambda line: line[:54] + " " * 22 + line[76:],  # no name
    lambda line: line[:1] + "99" + line[3:],  # no such transaction code
    lambda line: line[:29] + "0" * 10 + line[39:],  # nothing to pay
    lambda line: line[:78] + "1" + line[79:],  # addenda that do not follow
    lambda line: line[:79] + "87654321" + line[87:],  # another bank's trace number
)


def lines_of(path: Path) -> Iterator[str]:
    """The lines of a file as text."""
    with path.open(encoding="ascii") as stream:
        yield from stream


def _file() -> ach.FileSpec:
    return ach.FileSpec(
        destination="990000013",
        destination_name="TEST BANK",
        origin="1234567890",
        origin_name="ACME PAYROLL",
        created_at=datetime(2026, 11, 23, 10, 30),  # noqa: DTZ001  the wall time of the bank
        modifier="A",
    )


def _batch() -> ach.BatchSpec:
    return ach.BatchSpec(
        company_name="ACME INC",
        company_id="1234567890",
        sec_code="PPD",
        description="PAYROLL",
        effective_on=date(2026, 11, 24),
        odfi="99000001",
        entries=(),
        is_wages=True,
    )


def _payee(number: int, routing: str) -> ach.EntrySpec:
    return ach.EntrySpec(
        key=str(number),
        transaction_code="22" if number % 3 else "32",
        routing_number=routing,
        account_number=f"{4_000_000_000 + number * 7919 % 999_999_937}",
        amount=Money(10_000 + number * 7717 % 90_001, "USD"),
        individual_id=f"EMP{number:09d}",
        individual_name=f"EMPLOYEE NUMBER {number % 1_000_000:06d}",
    )


def _routing(number: int) -> str:
    first = f"{number % 10**8:08d}"
    return f"{first}{check_digit(first)}"
