"""What every history begins on: a tenant of a few accounts, and one function that shows everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests import make
from tests.ledger.model import probe
from tests.ledger.model.words import EPOCH, Account, Rate

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.core.money import Money

CAST: Sequence[Account] = (
    Account("cash", 0, "ASSET", "USD"),
    Account("client", 0, "LIABILITY", "USD", least=0, zone="America/Chicago"),
    Account("card", 0, "LIABILITY", "USD", least=-100, most=500),
    Account("till", 0, "ASSET", "USD", least=0, most=300, zone="Pacific/Kiritimati"),
    Account("fees", 0, "REVENUE", "USD"),
    Account("costs", 0, "EXPENSE", "USD", least=0),
    Account("euro", 0, "ASSET", "EUR"),
    Account("yen", 0, "ASSET", "JPY"),
    Account("guest", 0, "LIABILITY", "EUR", least=0),
)
EXCHANGE: Sequence[Account] = (
    Account("fx.USD", 0, "ASSET", "USD", purpose="FX_POSITION"),
    Account("fx.EUR", 0, "ASSET", "EUR", purpose="FX_POSITION"),
    Account("fx.JPY", 0, "ASSET", "JPY", purpose="FX_POSITION"),
    Account("gains", 0, "REVENUE", "USD", purpose="FX_GAIN_LOSS"),
)
"""Moved by conversions and revaluations alone."""
ZONES = tuple(account.zone for account in CAST if account.zone)
LATER = ("later", "last")
"""Accounts that are not there until a history opens them."""
NAMES = tuple(account.name for account in CAST) + LATER
RATES = (
    Rate("EUR", "USD", "1.1", EPOCH - timedelta(days=60), "ecb"),
    Rate("USD", "EUR", "0.9", EPOCH - timedelta(days=60), "ecb"),
    Rate("JPY", "USD", "0.0066", EPOCH - timedelta(days=60), "ecb"),
    Rate("USD", "JPY", "150.5", EPOCH - timedelta(days=60), "ecb"),
    Rate("EUR", "JPY", "165", EPOCH - timedelta(days=1), "ecb"),
)


@dataclass(frozen=True)
class Ground:
    """A tenant whose book is empty but for its accounts and rates; every history begins on it and leaves it so."""

    database: Database
    tenant_id: UUID
    accounts: dict[str, int]
    entities: dict[str, str]
    probe: str


@contextmanager
def ground(database: Database) -> Iterator[Ground]:
    """A tenant with the cast."""
    tenant = tenants.create_tenant(database, slug=f"m-{ids.new('x')[-12:]}", name="Model", livemode=False)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        entities = {
            zone: tenants.create_legal_entity(tx, name=zone, time_zone=zone, currency="USD").id for zone in ZONES
        }
        accounts = {one.name: open_account(tx, one, entities.get(one.zone or "")) for one in (*CAST, *EXCHANGE)}
        for rate in RATES:
            ledger.record_rate(
                tx,
                from_currency=rate.given,
                to_currency=rate.target,
                rate=Decimal(rate.value),
                effective_at=rate.at,
                source=rate.source,
            )
    with probe.in_place(database) as statement:
        yield Ground(database, tenant.id, accounts, entities, statement)


def open_account(tx: Tx, account: Account, legal_entity_id: str | None = None) -> int:
    """An account of the model in the book: its number."""
    least, most = (None if limit is None else Money(limit, account.currency) for limit in (account.least, account.most))
    facts: dict[str, Any] = {"purpose": account.purpose, "is_default": True} if account.purpose else {}
    return ledger.create_account(
        tx,
        code=account.name,
        name=account.name,
        type=account.type,  # type: ignore[arg-type]
        currency=account.currency,
        legal_entity_id=legal_entity_id,
        min_balance=least,
        max_balance=most,
        **facts,
    ).id
