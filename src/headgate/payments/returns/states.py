"""Returns as they stand: what each gave back, whether it was dishonored, and what became of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from headgate.core.db import Tx
from headgate.core.money import Money


@dataclass(frozen=True, slots=True)
class ReturnState:
    """A return with its disputes. Only a counted one has given the client its money back."""

    id: str
    standing: str
    code: str
    is_late: bool
    dishonor_until: date
    amount_minor: int
    currency: str
    original_trace: str
    original_rdfi: str
    return_trace: str
    settled_on: date
    artifact_id: str
    attempt_id: str | None
    attempt_status: str | None
    instruction_id: str | None
    legal_entity_id: str | None
    bank_account_id: str | None
    kind: str | None
    is_paid_anew: bool
    dishonored_for: str | None
    is_dishonored_by_us: bool
    is_answered: bool

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def states(tx: Tx, *, traces: Sequence[str] = (), return_ids: Sequence[str] = ()) -> list[ReturnState]:
    """The returns of these original entries, or with these ids, as they stand, the oldest first."""
    return tx.all(
        """
        SELECT r.id, r.standing, r.code, r.is_late, r.dishonor_until, r.amount_minor, r.currency, r.original_trace,
               r.original_rdfi, r.return_trace, r.settled_on, r.artifact_id, r.attempt_id, a.status AS attempt_status,
               r.instruction_id, i.legal_entity_id, i.bank_account_id, i.kind,
               EXISTS (SELECT FROM payments.retries t WHERE t.tenant_id = r.tenant_id AND t.attempt_id = r.attempt_id)
               AS is_paid_anew,
               d.code AS dishonored_for, coalesce(d.direction = 'outbound', false) AS is_dishonored_by_us,
               EXISTS (SELECT FROM payments.return_disputes c
                        WHERE c.tenant_id = r.tenant_id AND c.return_id = r.id AND c.kind <> 'dishonored')
               AS is_answered
          FROM payments.returns r
          LEFT JOIN payments.attempts a ON a.tenant_id = r.tenant_id AND a.id = r.attempt_id
          LEFT JOIN payments.instructions i ON i.tenant_id = r.tenant_id AND i.id = r.instruction_id
          LEFT JOIN payments.return_disputes d
            ON d.tenant_id = r.tenant_id AND d.return_id = r.id AND d.kind = 'dishonored'
         WHERE r.tenant_id = %(tenant)s AND (r.original_trace = ANY(%(traces)s) OR r.id = ANY(%(ids)s))
         ORDER BY r.id
        """,
        {"tenant": tx.tenant_id, "traces": sorted(set(traces)), "ids": sorted(set(return_ids))},
        row=ReturnState,
    )
