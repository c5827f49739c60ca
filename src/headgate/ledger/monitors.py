"""Balance monitors: a threshold on an account's balance, announced when it is crossed and when it is left again.

`ledger.monitor.crossed` and `ledger.monitor.cleared` go out in the very transaction that moved the balance, once for each
change of side: of a batch, by where the balance stands at its end. An overdue reservation counts in *available* here until
it is marked (at the account's next posting or reserve, or by the job).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, LiteralString

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ledger.accounts import get_account
from headgate.ledger.arrays import texts
from headgate.ledger.model import NET_MAX
from headgate.ledger.watch_errors import MalformedMonitor, MonitorNotFound

Watched = Literal["posted", "available"]
Comparison = Literal["below", "above"]


@dataclass(frozen=True, slots=True)
class BalanceMonitor:
    """A monitor and where it stands: crossed while the balance is `comparison` the threshold, not where it is equal."""

    id: int
    account_id: int
    account_code: str
    name: str
    what: Watched
    comparison: Comparison
    threshold: Money
    balance: Money
    is_crossed: bool
    created_at: datetime
    changed_at: datetime


_SELECT: LiteralString = """
    SELECT id, account_id, code, name, what, comparison, threshold_minor, balance_minor, currency, is_crossed, created_at,
           changed_at
      FROM ledger.monitored
"""


def add_monitor(
    tx: Tx, *, account: int | str, what: Watched, comparison: Comparison, threshold: Money, name: str
) -> BalanceMonitor:
    """Watch a balance from now on. On which side it begins is in the answer and is not announced.

    Raises MalformedMonitor, AccountNotFound.
    """
    texts([name])
    if not 1 <= len(name) <= 100:
        raise MalformedMonitor("a name has 1 to 100 characters")
    if what not in ("posted", "available") or comparison not in ("below", "above"):
        raise MalformedMonitor("a monitor watches 'posted' or 'available', 'below' or 'above' a threshold")
    found = get_account(tx, account)
    if threshold.currency != found.currency:
        raise MalformedMonitor(
            f"a threshold is in the account's currency, {found.currency}", currency=threshold.currency
        )
    if abs(threshold.minor) > NET_MAX:
        raise MalformedMonitor("the threshold lies beyond what the book can hold")
    number = tx.value(
        "SELECT ledger.add_monitor(%(account)s, %(what)s, %(comparison)s, %(threshold)s, %(name)s)",
        {
            "account": found.id,
            "what": what,
            "comparison": comparison,
            "threshold": threshold.minor,
            "name": name,
        },
    )
    return get_monitor(tx, int(number))


def get_monitor(tx: Tx, monitor_id: int) -> BalanceMonitor:
    """One monitor. Raises MonitorNotFound, also where it was removed."""
    row = tx.maybe(_SELECT + " WHERE id = %(id)s", {"id": monitor_id})
    if row is None:
        raise MonitorNotFound()
    return _monitor(row)


def list_monitors(
    tx: Tx, *, account: int | None = None, crossed: bool | None = None, after: int | None = None, limit: int = 50
) -> list[BalanceMonitor]:
    """Monitors in the order in which they were added, after the number `after`."""
    rows = tx.all(
        _SELECT
        + """
         WHERE (%(account)s::bigint IS NULL OR account_id = %(account)s)
           AND (%(crossed)s::boolean IS NULL OR is_crossed = %(crossed)s)
           AND id > coalesce(%(after)s::bigint, 0)
         ORDER BY id LIMIT %(limit)s
        """,
        {"account": account, "crossed": crossed, "after": after, "limit": limit},
    )
    return [_monitor(row) for row in rows]


def remove_monitor(tx: Tx, monitor_id: int) -> None:
    """Watch no more. Raises MonitorNotFound, also the second time."""
    tx.run("SELECT ledger.remove_monitor(%(id)s)", {"id": monitor_id})


def _monitor(row: dict[str, Any]) -> BalanceMonitor:
    return BalanceMonitor(
        id=row["id"],
        account_id=row["account_id"],
        account_code=row["code"],
        name=row["name"],
        what=row["what"],
        comparison=row["comparison"],
        threshold=Money(row["threshold_minor"], row["currency"]),
        balance=Money(row["balance_minor"], row["currency"]),
        is_crossed=row["is_crossed"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
    )
