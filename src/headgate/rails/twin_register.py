"""A payroll register of invented people, to try a payroll with: the same for the same seed."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from typing import Final

from headgate.core.money import Money

EMPLOYEES_MAX: Final = 1_000_000
HEADER: Final = ("employee_id", "name", "routing_number", "account_number", "account_type", "net_pay")
_FIRST: Final = (
    "Ada Amir Anika Boris Carla Chidi Dana Devon Elif Esra Farah Felix Greta Hugo Ines Jonas Kira Leila Malik Nadia Omar Priya "
    "Quinn Rosa Sami Tara Uma Viktor Wanda Zoe"
).split()
_LAST: Final = (
    "Abara Adler Barros Berg Calder Castro Dahl Duarte Eklund Farrow Fraser Greer Hale Hirsch Ibsen Joshi Kovac Larsen Marsh "
    "Nair Okoye Patel Quist Rhodes Sato Strand Tanaka Vance Winter Zeller"
).split()
_ROUTING: Final = (
    "021000021",
    "026009593",
    "041000124",
    "071000013",
    "091000019",
    "111000025",
    "121000248",
    "122000247",
)


@dataclass(frozen=True, slots=True)
class InventedRegister:
    """The register's bytes, and what it pays in sum."""

    content: bytes
    net_pay: Money


def invented(employees: int, *, seed: int = 0) -> InventedRegister:
    """A register of that many people, paid in US dollars. No number ends with a word of the bank twin's."""
    chance = random.Random(f"register:{seed}")  # noqa: S311 - the same people every time, no secret
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    total = 0
    for number in range(1, employees + 1):
        pay = round(chance.lognormvariate(12.0, 0.38))
        total += pay
        writer.writerow(
            (
                f"E-{number:06d}",
                f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",
                chance.choice(_ROUTING),
                str(chance.randrange(10**8, 10**11)),
                "savings" if chance.random() < 0.18 else "checking",
                f"{pay // 100}.{pay % 100:02d}",
            )
        )
    return InventedRegister(text.getvalue().encode(), Money(total, "USD"))
