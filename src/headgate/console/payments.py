"""The payments list and one payment's drawer: why is it here, its entries as T-accounts, its timeline."""

from __future__ import annotations

from typing import Final, NamedTuple

from headgate import payments
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.core.db import Tx

VIEWS = (
    ("All", ""),
    ("Returned", "status:returned"),
    ("Blocked for funds", "status:blocked_funds"),
    ("Sent, not settled", "status:sent"),
    ("Settled", "status:settled"),
    ("Large", "amount:>5000"),
)


class Opened(NamedTuple):
    """One payment's life, and the orders by which it went to a provider."""

    life: payments.Life
    orders: list[payments.Order]


def _opened(tx: Tx, payment_id: str) -> Opened:
    return Opened(payments.get_life(tx, payment_id), payments.list_orders(tx, payment_id=payment_id))


def _find(tx: Tx, query: payments.InstructionQuery, *, after: str | None, limit: int) -> list[payments.InstructionRow]:
    return payments.list_instructions(tx, query=query, after=after, limit=limit)


SCREEN: Final = ListScreen(
    path="payments",
    prefix="pay",
    noun="payment",
    label="Payments",
    templates=Templates("payments.html", "drawer.html", "rows.html"),
    views=VIEWS,
    words={"rail_title": payments.rail_title},
    reads=Searched(
        parse=payments.parse_query,
        find=_find,
        totals=payments.totals,
        rows=payments.rows_by_ids,
        matching=payments.matching,
        opened=_opened,
    ),
)
