"""Return rates of each originator over 60 days, beside Nacha's thresholds (written for debits, a good measure of credits).

Both an entry and its return count on the day on which its file took effect, so a rate still grows for two days, and by
what consumers dispute later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from headgate.core.db import Tx
from headgate.rails import return_codes

DAYS = 60
Kind = Literal["unauthorized", "administrative", "overall"]
THRESHOLDS_BPS: dict[Kind, int] = {"unauthorized": 50, "administrative": 300, "overall": 1500}
"""Hundredths of a percent."""
UNAUTHORIZED = frozenset({"R05", "R07", "R10", "R11", "R29", "R51"})
ADMINISTRATIVE = frozenset({"R02", "R03", "R04"})


@dataclass(frozen=True, slots=True)
class ReturnRate:
    """One rate of one originator. `rate_bps` is None where it sent nothing."""

    legal_entity_id: str
    kind: Kind
    entries: int
    returns: int
    rate_bps: int | None
    threshold_bps: int

    @property
    def is_over(self) -> bool:
        """Whether the network would ask questions."""
        return self.rate_bps is not None and self.rate_bps > self.threshold_bps


def return_rates(tx: Tx, *, on: date | None = None, legal_entity_id: str | None = None) -> list[ReturnRate]:
    """The rates of the 60 days that end on a day (today unless given), by originator."""
    last = on or tx.now().date()
    rows = tx.all(
        """
        SELECT i.legal_entity_id, e.return_code, count(*)::integer AS entries
          FROM payments.attempts a
          JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
          JOIN payments.ach_files f ON f.tenant_id = a.tenant_id AND f.id = a.ach_file_id
          LEFT JOIN payments.settlement_events e
            ON e.tenant_id = a.tenant_id AND e.attempt_id = a.id AND e.status = 'returned'
         WHERE a.tenant_id = %(tenant)s AND f.effective_on BETWEEN %(first)s AND %(last)s
           AND (%(entity)s::text IS NULL OR i.legal_entity_id = %(entity)s)
         GROUP BY i.legal_entity_id, e.return_code
         ORDER BY i.legal_entity_id
        """,
        {
            "tenant": tx.tenant_id,
            "first": last - timedelta(days=DAYS - 1),
            "last": last,
            "entity": legal_entity_id,
        },
    )
    sent: dict[str, int] = {}
    returned: dict[tuple[str, Kind], int] = {}
    for row in rows:
        entity, code, count = row["legal_entity_id"], row["return_code"], row["entries"]
        sent[entity] = sent.get(entity, 0) + count
        for kind in _kinds_of(code):
            returned[entity, kind] = returned.get((entity, kind), 0) + count
    return [
        _rate(entity, kind, count, returned.get((entity, kind), 0))
        for entity, count in sent.items()
        for kind in THRESHOLDS_BPS
    ]


def _kinds_of(code: str | None) -> tuple[Kind, ...]:
    known = return_codes().get(code or "")
    if known is None or known.is_dishonored or known.is_contested:
        return ()
    if code in UNAUTHORIZED:
        return "unauthorized", "overall"
    return ("administrative", "overall") if code in ADMINISTRATIVE else ("overall",)


def _rate(entity: str, kind: Kind, entries: int, returns: int) -> ReturnRate:
    rate = round(returns * 10_000 / entries) if entries else None
    return ReturnRate(entity, kind, entries, returns, rate, THRESHOLDS_BPS[kind])
