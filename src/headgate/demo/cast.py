"""Who plays in the demo: three test tenants, their clients, and how large each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from headgate.demo.people import Client

CURRENCY: Final = "USD"
SEED: Final = 2026
BANK_ACCOUNT: Final = "4400112233"
"""The tenants' account at the simulated bank."""


@dataclass(frozen=True, slots=True)
class Play:
    """One tenant's part: `statements` is the format in which its bank sends them."""

    slug: str
    name: str
    time_zone: str
    statements: Literal["bai2", "camt053"]
    clients: tuple[Client, ...] = ()
    stranger_wires: bool = False
    bank_charges: bool = False
    funds_late: bool = False
    told_to_the_end: bool = True


def plays(payments: int) -> tuple[Play, ...]:
    """The two tenants that pay wages, with about so many payments in all."""

    def people(share: int) -> int:
        return max(4, payments * share // 100)

    return (
        Play(
            slug="acme-payroll",
            name="Acme Payroll",
            time_zone="America/Chicago",
            statements="bai2",
            clients=(
                Client("Alder Manufacturing", "PR-ALD-1", people(35)),
                Client("Borealis Staffing", "PR-BOR-1", people(15), funded=40),
                Client("Cobalt Logistics", "PR-COB-1", people(15), mistakes=True),
            ),
            stranger_wires=True,
        ),
        Play(
            slug="beacon-pay",
            name="Beacon Pay",
            time_zone="America/New_York",
            statements="camt053",
            clients=(
                Client("Delta Clinics", "PR-DEL-1", people(15)),
                Client("Evergreen Foods", "PR-EVE-1", people(20), funded=55),
            ),
            bank_charges=True,
            funds_late=True,
            told_to_the_end=False,
        ),
    )


def servicer() -> Play:
    """The tenant that services loans; its clients are its borrowers."""
    return Play(slug="cedar-servicing", name="Cedar Loan Servicing", time_zone="America/New_York", statements="bai2")


def yours() -> Play:
    """The tenant of a user's own files, with one client."""
    return Play(
        slug="your-files",
        name="Your files",
        time_zone="America/New_York",
        statements="bai2",
        clients=(Client("Your company", "PR-YOURS", 0),),
    )
