"""The chart as a tree: an account may stand under another of its currency, and a subtotal adds up what stands below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ledger.accounts import get_account
from headgate.ledger.as_of import AsOf, bounds, on_normal_side
from headgate.ledger.model import Account, AccountType

_TREE: Final[LiteralString] = """
     WITH RECURSIVE own AS MATERIALIZED (
       SELECT a.id, a.parent_id, a.code, a.name, a.type, a.currency, a.legal_entity_id,
              CASE WHEN %(is_now)s THEN a.net_minor ELSE ledger.net_as_of(a.id, %(at)s, %(on)s, %(known_at)s) END
                AS net_minor
         FROM ledger.accounts a
        WHERE %(currency)s::text IS NULL OR a.currency = %(currency)s),
     shown AS (
       SELECT o.id, 0 AS depth, ARRAY[o.code] AS path FROM own o
        WHERE CASE WHEN %(root)s::bigint IS NULL THEN o.parent_id IS NULL ELSE o.id = %(root)s END
       UNION ALL
       SELECT o.id, s.depth + 1, s.path || o.code FROM shown s JOIN own o ON o.parent_id = s.id),
     lineage AS (
       SELECT o.id, o.id AS ancestor, o.net_minor FROM own o
       UNION ALL
       SELECT l.id, o.parent_id, l.net_minor FROM lineage l JOIN own o ON o.id = l.ancestor WHERE o.parent_id IS NOT NULL),
     subtotals AS (SELECT l.ancestor AS id, sum(l.net_minor)::bigint AS net_minor FROM lineage l GROUP BY l.ancestor)
     SELECT o.id, o.code, o.name, o.type, o.currency, o.legal_entity_id, p.code AS parent, s.depth, o.net_minor,
            t.net_minor AS subtotal_net
       FROM shown s
       JOIN own o ON o.id = s.id
       JOIN subtotals t ON t.id = s.id
       LEFT JOIN own p ON p.id = o.parent_id
      ORDER BY s.path COLLATE "C"
"""


@dataclass(frozen=True, slots=True)
class TreeNode:
    """An account in the tree. `subtotal`: its own balance and all below it, on its own normal side."""

    account_id: int
    code: str
    name: str
    type: AccountType
    currency: str
    legal_entity_id: str | None
    parent: str | None
    depth: int
    balance: Money
    subtotal: Money


def set_parent(tx: Tx, account: int | str, parent: int | str | None, *, reason: str) -> Account:
    """Put an account under another, or under none. Raises AccountNotFound, NotInTree (other currency, a circle)."""
    number = get_account(tx, account).id
    above = None if parent is None else get_account(tx, parent).id
    tx.run(
        "SELECT ledger.set_parent(%(id)s, %(parent)s, %(reason)s)", {"id": number, "parent": above, "reason": reason}
    )
    return get_account(tx, number)


def tree(
    tx: Tx,
    *,
    root: int | str | None = None,
    currency: str | None = None,
    as_of: AsOf = None,
    known_at: datetime | None = None,
) -> list[TreeNode]:
    """The whole tree, or what stands under `root` with it: each account before those below it, siblings by code.

    Raises AccountNotFound, Malformed.
    """
    facts = bounds(tx, as_of, known_at) | {
        "root": get_account(tx, root).id if root is not None else None,
        "currency": currency,
        "is_now": as_of is None and known_at is None,
    }
    return [_node(row) for row in tx.all(_TREE, facts)]


def _node(row: Mapping[str, Any]) -> TreeNode:
    return TreeNode(
        account_id=row["id"],
        code=row["code"],
        name=row["name"],
        type=row["type"],
        currency=row["currency"],
        legal_entity_id=row["legal_entity_id"],
        parent=row["parent"],
        depth=row["depth"],
        balance=on_normal_side(row["type"], row["net_minor"], row["currency"]),
        subtotal=on_normal_side(row["type"], row["subtotal_net"], row["currency"]),
    )
