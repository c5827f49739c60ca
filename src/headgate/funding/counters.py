"""Limits over a day: one counter row a tenant, legal entity, policy and day, locked before any account of the book.

Two committers who would share the day's last room queue on its row, also where their money lies in different accounts.
A payroll counts once a day: what was reserved for that day, or what was sent on it where that is more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from headgate.core.db import Tx
from headgate.funding.model import GateRequest, GateType
from headgate.funding.policy import Limit, Policy


@dataclass(frozen=True, slots=True)
class Room:
    """A day's counter, locked: what others took of it, and what this payroll would have taken with this request."""

    policy: str
    scope: str
    window_on: date
    amount: int
    used: int
    taken: int


def lock(
    tx: Tx, rules: Sequence[tuple[Policy, Limit]], request: GateRequest, gate_type: GateType, *, window_on: date
) -> dict[tuple[str, str], Room]:
    """The counters of these rules, by policy and scope, locked in one order."""
    counted = sorted({(policy.name, limit.scope) for policy, limit in rules if policy.measures})
    measures = {policy.name: policy.measures(request) for policy, _ in rules if policy.measures}
    rooms = {}
    for name, scope in counted:
        params = {
            "tenant": tx.tenant_id,
            "scope": scope,
            "policy": name,
            "currency": request.currency,
            "day": window_on,
            "subject": request.subject,
        }
        tx.run(
            """
            INSERT INTO funding.limit_counters (tenant_id, legal_entity_id, policy, currency, window_on)
            VALUES (%(tenant)s, %(scope)s, %(policy)s, %(currency)s, %(day)s)
                ON CONFLICT DO NOTHING
            """,
            params,
        )
        used = tx.value(
            """
            SELECT used
              FROM funding.limit_counters
             WHERE tenant_id = %(tenant)s AND legal_entity_id = %(scope)s AND policy = %(policy)s
               AND currency = %(currency)s AND window_on = %(day)s
               FOR NO KEY UPDATE
            """,
            params,
        )
        # A statement of its own: its snapshot is younger than the wait for the lock.
        own = tx.maybe(
            """
            SELECT committed, paid, used
              FROM funding.limit_uses
             WHERE tenant_id = %(tenant)s AND legal_entity_id = %(scope)s AND policy = %(policy)s
               AND currency = %(currency)s AND window_on = %(day)s AND subject = %(subject)s
            """,
            params,
        ) or {"committed": 0, "paid": 0, "used": 0}
        amount = measures[name]
        committed = own["committed"] + (amount if gate_type == "commit" else 0)
        paid = own["paid"] + (amount if gate_type == "pay" else 0)
        rooms[name, scope] = Room(name, scope, window_on, amount, used - own["used"], max(committed, paid))
    return rooms


def take(tx: Tx, rooms: Sequence[Room], request: GateRequest, gate_type: GateType) -> None:
    """Count what passed. The caller has locked the counters."""
    for room in rooms:
        params = {
            "tenant": tx.tenant_id,
            "scope": room.scope,
            "policy": room.policy,
            "currency": request.currency,
            "day": room.window_on,
            "subject": request.subject,
            "committed": room.amount if gate_type == "commit" else 0,
            "paid": room.amount if gate_type == "pay" else 0,
            "used": room.used + room.taken,
        }
        tx.run(
            """
            INSERT INTO funding.limit_uses AS u
                   (tenant_id, legal_entity_id, policy, currency, window_on, subject, committed, paid)
            VALUES (%(tenant)s, %(scope)s, %(policy)s, %(currency)s, %(day)s, %(subject)s, %(committed)s, %(paid)s)
                ON CONFLICT (tenant_id, legal_entity_id, policy, currency, window_on, subject) DO UPDATE
               SET committed = u.committed + EXCLUDED.committed, paid = u.paid + EXCLUDED.paid
            """,
            params,
        )
        tx.run(
            """
            UPDATE funding.limit_counters SET used = %(used)s
             WHERE tenant_id = %(tenant)s AND legal_entity_id = %(scope)s AND policy = %(policy)s
               AND currency = %(currency)s AND window_on = %(day)s
            """,
            params,
        )
