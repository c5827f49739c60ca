"""The default chart: one account for each purpose, as chart.toml lists them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from headgate.core.db import Tx
from headgate.core.money import zero
from headgate.ledger.accounts import NewAccount, open_accounts
from headgate.ledger.model import Account, AccountType


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an account is for. `per`: the tenant has one for all, or each legal entity its own."""

    name: str
    type: AccountType
    title: str
    per: Literal["tenant", "legal_entity"]
    overdraft: bool


@cache
def purposes() -> tuple[Purpose, ...]:
    """The purposes of the default chart, in its order."""
    document = tomllib.loads(files(__package__).joinpath("chart.toml").read_text("utf-8"))
    return tuple(Purpose(**entry) for entry in document["purpose"])


def seed_chart(tx: Tx, *, currency: str, legal_entity_id: str | None = None) -> list[Account]:
    """Open the default accounts that are missing: the tenant's, and the legal entity's own where one is given.

    Returns those it opened. Safe to repeat, also at once from two sides.
    """
    tx.run(
        "SELECT pg_advisory_xact_lock(hashtextextended('ledger.seed_chart:' || %(tenant)s, 0))",
        {"tenant": str(tx.tenant_id)},
    )
    found = tx.all(
        "SELECT purpose, legal_entity_id FROM ledger.accounts WHERE currency = %(currency)s AND is_default",
        {"currency": currency},
    )
    present = {(row["purpose"], row["legal_entity_id"]) for row in found}
    missing = []
    for purpose in purposes():
        owner = legal_entity_id if purpose.per == "legal_entity" else None
        if (purpose.per == "legal_entity" and owner is None) or (purpose.name, owner) in present:
            continue
        missing.append(
            NewAccount(
                code=".".join(filter(None, (purpose.name, currency, owner))),
                name=purpose.title,
                type=purpose.type,
                currency=currency,
                purpose=purpose.name,
                is_default=True,
                legal_entity_id=owner,
                min_balance=None if purpose.overdraft else zero(currency),
            )
        )
    return open_accounts(tx, missing)
