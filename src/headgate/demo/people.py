"""Plausible people and pay, the same for the same seed: invented names, routing numbers that check, pay that adds up."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass
from typing import Final

FIRST: Final = (
    "Ada Amir Ana Andre Anika Aoife Bao Bea Boris Carla Cem Chidi Clara Dana Dario Dela Devon Dina Edda Elif Emil Esra Ezra "
    "Farah Felix Fern Gia Goran Greta Hana Hugo Ida Ines Ivan Jada Jan Jonas Juno Kai Kalani Kira Lars Leila Leo Lina Luca Mae "
    "Malik Mara Milo Mina Nadia Naomi Nico Nina Noor Olga Omar Otto Paul Petra Priya Quinn Rafa Rania Remy Rosa Ruben Sami Sana "
    "Selma Simon Sofia Suki Tara Theo Tomas Uma Vera Viktor Wanda Wes Xenia Yara Yusuf Zane Zoe"
).split()
LAST: Final = (
    "Abara Adler Alvarez Anders Baker Barros Bauer Bello Berg Boone Brandt Calder Castro Chen Cole Costa Dahl Dietz Dixon Doyle "
    "Duarte Eklund Ellis Engel Farrow Fischer Flores Fraser Frost Garcia Gibson Greer Haas Hale Hansen Hayes Hirsch Holt Hunt "
    "Ibsen Ito Jansen Joshi Kane Keller Khan Klein Kovac Lang Larsen Leone Lopez Lowe Mann Marsh Meyer Mori Moss Nair Novak Nunez "
    "Okoye Olsen Ortiz Park Patel Pike Ponce Quist Rahman Reyes Rhodes Ricci Roth Sato Sauer Shah Silva Soto Stone Strand Tanaka "
    "Torres Tran Vance Vargas Vega Voss Wagner Walsh Weber Winter Wolfe Yates Young Zeller Ziegler"
).split()
ROUTING: Final = (
    "021000021",
    "026009593",
    "031201360",
    "041000124",
    "053000219",
    "071000013",
    "091000019",
    "111000025",
    "121000248",
    "122000247",
)
"""Routing numbers whose check digit holds."""


@dataclass(frozen=True, slots=True)
class Client:
    """An employer of the demo. `funded` is the share of its payroll that its wire covers, in per cent."""

    name: str
    payroll: str
    people: int
    funded: int = 100
    mistakes: bool = False


HEADER: Final = (
    "employee_id",
    "name",
    "routing_number",
    "account_number",
    "account_type",
    "net_pay",
    "federal_tax",
    "state_tax",
)
MISTAKES: Final = (
    ("E-9001", "Nora Lindqvist", "021000022", "4410092211", "checking", "1840.00", "212.00", "61.00"),
    ("E-9002", "Pat Ruiz", "021000021", "", "savings", "1502.25", "170.10", "48.00"),
    ("E-9003", "Sol Marin", "121000248", "77120033", "checking", "12O5.50", "140.00", "40.00"),
)
"""Lines as payroll clerks write them: a routing number whose check digit fails, no account number, a letter for a zero."""


def register(client: Client, *, seed: int) -> bytes:
    """A payroll register as CSV, for a client's people; with three mistaken lines where the client makes mistakes."""
    chance = random.Random(f"{seed}:{client.payroll}")  # noqa: S311 - the same people every time, no secret
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for number in range(1, client.people + 1):
        writer.writerow(_line(chance, number))
        if client.mistakes and number % (client.people // 4 + 1) == 0:
            writer.writerow(MISTAKES[number // (client.people // 4 + 1) - 1])
    return text.getvalue().encode()


def _line(chance: random.Random, number: int) -> tuple[str, ...]:
    gross = round(chance.lognormvariate(12.25, 0.38))
    federal, state = gross * 12 // 100, gross * 4 // 100
    return (
        f"E-{number:04d}",
        name(chance),
        chance.choice(ROUTING),
        str(chance.randrange(10**8, 10**11)),
        "savings" if chance.random() < 0.18 else "checking",
        major(gross - federal - state),
        major(federal),
        major(state),
    )


def name(chance: random.Random) -> str:
    """An invented name."""
    return f"{chance.choice(FIRST)} {chance.choice(LAST)}"


def major(cents: int) -> str:
    """An amount as a file writes it."""
    return f"{cents // 100}.{cents % 100:02d}"
