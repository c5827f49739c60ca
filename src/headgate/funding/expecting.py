"""Money that is expected: what has come and is not final yet, and what clients were asked for and have not paid.

The first is on its way: it counts from `final_at` on, unless the bank takes it back. The second is a hope with a date: it
counts from when it would be final had it settled on its due day, and where that has passed, from now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding import evidence


@dataclass(frozen=True, slots=True)
class Expected:
    """Money expected for a legal entity's funds: it counts from `final_at` on.

    `provisional` has come, by a deposit or a settled debit (`source_id`), and has no `due_on`; `asked_for` is what a
    funding request still lacks.
    """

    kind: Literal["provisional", "asked_for"]
    legal_entity_id: str
    legal_entity: str
    rail: str
    amount: Money
    settled_at: datetime | None
    final_at: datetime
    due_on: date | None
    source_id: str

    @property
    def is_on_its_way(self) -> bool:
        """Whether it has come, and is only not final."""
        return self.kind == "provisional"


def expected(tx: Tx, *, legal_entity_id: str | None = None, currency: str | None = None) -> list[Expected]:
    """Money expected (of one legal entity, in one currency, where named), what becomes final first."""
    params = {"tenant": tx.tenant_id, "entity": legal_entity_id, "currency": currency, "now": tx.now()}
    found = [
        Expected(
            "provisional", row["legal_entity_id"], row["legal_entity"], row["rail"],
            Money(row["amount_minor"], row["currency"]), row["settled_at"], row["final_at"], None, row["id"],
        )
        for row in _provisional(tx, params)
    ]  # fmt: skip
    asked = _asked_for(tx, params)
    holds = {
        (entity, rail): evidence.hold_of(tx, legal_entity_id=entity, rail=rail)
        for entity, rail in {(row["legal_entity_id"], row["rail"]) for row in asked}
    }
    for row in asked:
        hold = holds[row["legal_entity_id"], row["rail"]]
        found.append(
            Expected(
                "asked_for", row["legal_entity_id"], row["legal_entity"], row["rail"],
                Money(row["lacks"], row["currency"]), None,
                evidence.counts_from(tx.now(), due_on=row["due_on"], hold_banking_days=hold), row["due_on"], row["id"],
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: (one.final_at, one.source_id))


def _provisional(tx: Tx, params: dict[str, Any]) -> list[dict[str, Any]]:
    return tx.all(
        """
        SELECT m.legal_entity_id, e.name AS legal_entity, m.rail, m.amount_minor, m.currency, m.settled_at, m.final_at, m.id
          FROM (SELECT d.legal_entity_id, d.rail, d.amount_minor, d.currency, d.settled_at, d.final_at, d.id
                  FROM funding.owned_deposits d
                 WHERE d.tenant_id = %(tenant)s AND d.final_at > %(now)s
                 UNION ALL
                SELECT p.legal_entity_id, 'ach_debit', p.held_minor, p.currency, p.settled_at, p.final_at,
                       p.funding_request_id
                  FROM funding.provisional p
                 WHERE p.tenant_id = %(tenant)s) m
          JOIN tenants.legal_entities e ON e.tenant_id = %(tenant)s AND e.id = m.legal_entity_id
         WHERE (%(entity)s::text IS NULL OR m.legal_entity_id = %(entity)s)
           AND (%(currency)s::text IS NULL OR m.currency = %(currency)s)
        """,
        params,
    )


def _asked_for(tx: Tx, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Open requests and what each still lacks: what came is taken off, what was taken back is asked for again."""
    return tx.all(
        """
        SELECT r.legal_entity_id, e.name AS legal_entity, r.rail, r.currency, r.due_on, r.id, r.asked_minor - m.came AS lacks
          FROM funding.requests r
          JOIN tenants.legal_entities e ON e.tenant_id = r.tenant_id AND e.id = r.legal_entity_id
         CROSS JOIN LATERAL (
               SELECT coalesce(sum(CASE WHEN v.kind = 'returned' THEN -v.amount_minor ELSE v.amount_minor END), 0)::bigint AS came
                 FROM funding.events v
                WHERE v.tenant_id = r.tenant_id AND v.funding_request_id = r.id) m
         WHERE r.tenant_id = %(tenant)s AND r.status IN ('requested', 'submitted', 'partially_funded', 'returned')
           AND r.asked_minor > m.came
           AND (%(entity)s::text IS NULL OR r.legal_entity_id = %(entity)s)
           AND (%(currency)s::text IS NULL OR r.currency = %(currency)s)
        """,
        params,
    )
