"""What borrowers paid of late, where it lies, and how their loans stand: figures for whoever looks at the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money


@dataclass(frozen=True, slots=True)
class BorrowersMoney:
    """Sums in minor units of payments that were taken in of late; `waits` is in suspense, or more than was owed."""

    currency: str
    payments: int
    principal: int
    interest: int
    escrow: int
    fees: int
    waits: int
    came_back: int
    loans: Mapping[str, int]

    @property
    def paid(self) -> Money:
        """What stands of it."""
        return Money(self.principal + self.interest + self.escrow + self.fees + self.waits, self.currency)


def borrowers_money(tx: Tx, *, currency: str, within: timedelta) -> BorrowersMoney:
    """What was taken in of a currency within so long by real time, and how many loans of it are in each state."""
    sums = tx.one(
        """
        SELECT count(*) FILTER (WHERE p.status = 'completed') AS payments,
               coalesce(sum(p.principal) FILTER (WHERE p.status = 'completed'), 0)::bigint AS principal,
               coalesce(sum(p.interest) FILTER (WHERE p.status = 'completed'), 0)::bigint AS interest,
               coalesce(sum(p.escrow) FILTER (WHERE p.status = 'completed'), 0)::bigint AS escrow,
               coalesce(sum(p.fee) FILTER (WHERE p.status = 'completed'), 0)::bigint AS fees,
               coalesce(sum(p.suspense) FILTER (WHERE p.status = 'completed'), 0)::bigint AS waits,
               coalesce(sum(p.total_received) FILTER (WHERE p.status = 'reversed'), 0)::bigint AS came_back
          FROM servicing.payments p
         WHERE p.tenant_id = %(tenant)s AND p.id >= %(since)s AND p.currency = %(currency)s
        """,
        {"tenant": tx.tenant_id, "since": ids.earliest("lpay", within), "currency": currency},
    )
    loans = tx.all(
        """
        SELECT state, count(*) AS count FROM servicing.loans
         WHERE tenant_id = %(tenant)s AND currency = %(currency)s
         GROUP BY state ORDER BY count DESC, state
        """,
        {"tenant": tx.tenant_id, "currency": currency},
    )
    return BorrowersMoney(currency, loans={row["state"]: row["count"] for row in loans}, **sums)
