"""Return rates of each originator over 60 days, beside Nacha's thresholds, which are about debits.

The network counts the debits of a company id that settled in 60 days, and how many of them came back: as unauthorized,
for administrative reasons, and for any; checks presented electronically (RCK) count among the unauthorized alone. Credits
are measured by the same, apart. Both an entry and its return count on the day on which its file took effect, so a rate
still grows for two days, and by what consumers dispute later. Each debit that is presented again is an entry of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Literal

from headgate.core.db import Tx
from headgate.rails import return_codes

DAYS = 60
Direction = Literal["debit", "credit"]
Kind = Literal["unauthorized", "administrative", "overall"]
THRESHOLDS_BPS: dict[Kind, int] = {"unauthorized": 50, "administrative": 300, "overall": 1500}
"""Hundredths of a percent."""
UNAUTHORIZED = frozenset({"R05", "R07", "R10", "R11", "R29", "R51"})
ADMINISTRATIVE = frozenset({"R02", "R03", "R04"})


_NO_CHECK = "RCK"


@dataclass(frozen=True, slots=True)
class ReturnRate:
    """One rate of one originator. `rate_bps` is None where it sent nothing; without a SEC code it is of all of them."""

    legal_entity_id: str
    company_identification: str
    direction: Direction
    sec_code: str | None
    kind: Kind
    entries: int
    returns: int
    rate_bps: int | None
    threshold_bps: int

    @property
    def is_over(self) -> bool:
        """Whether the network would ask questions, were they debits."""
        return self.rate_bps is not None and self.rate_bps > self.threshold_bps


@dataclass(frozen=True, slots=True)
class _Group:
    """Whose entries are counted together."""

    legal_entity_id: str
    company_identification: str
    direction: Direction
    sec_code: str | None


@dataclass(frozen=True, slots=True)
class _Sent:
    """So many entries alike, with the code under which they came back, if they did. A payment's SEC code is not kept."""

    legal_entity_id: str
    company_identification: str
    direction: Direction
    sec_code: str | None
    return_code: str | None
    entries: int


def return_rates(tx: Tx, *, on: date | None = None, legal_entity_id: str | None = None) -> list[ReturnRate]:
    """The rates of the 60 days that end on a day (today unless given): by originator, company id and direction, and of
    debits by SEC code as well.
    """
    last = on or tx.now().date()
    params = {
        "tenant": tx.tenant_id,
        "first": last - timedelta(days=DAYS - 1),
        "last": last,
        "entity": legal_entity_id,
    }
    counts: dict[_Group, dict[Kind, list[int]]] = {}
    for row in [*_debits(tx, params), *_credits(tx, params)]:
        whole = _Group(row.legal_entity_id, row.company_identification, row.direction, None)
        groups = [whole, replace(whole, sec_code=row.sec_code)] if row.sec_code else [whole]
        for group in groups:
            for kind in THRESHOLDS_BPS:
                count = counts.setdefault(group, {}).setdefault(kind, [0, 0])
                if kind == "unauthorized" or row.sec_code != _NO_CHECK:
                    count[0] += row.entries
                    count[1] += row.entries if kind in _kinds_of(row.return_code) else 0
    return [_rate(group, kind, *counts[group][kind]) for group in sorted(counts, key=_order) for kind in THRESHOLDS_BPS]


def _debits(tx: Tx, params: Mapping[str, object]) -> list[_Sent]:
    return tx.all(
        """
        SELECT d.legal_entity_id, coalesce(d.company_identification, o.company_identification, '')
               AS company_identification,
               'debit' AS direction, d.sec_code, m.return_code, count(*)::integer AS entries
          FROM payments.funding_attempts d
          LEFT JOIN payments.ach_files f ON f.tenant_id = d.tenant_id AND f.id = d.ach_file_id
          LEFT JOIN payments.debit_orders n ON n.tenant_id = d.tenant_id AND n.debit_id = d.id
          LEFT JOIN payments.originators o ON o.tenant_id = d.tenant_id AND o.legal_entity_id = d.legal_entity_id
          LEFT JOIN payments.movement_effects x
            ON x.tenant_id = d.tenant_id AND x.funding_attempt_id = d.id AND x.effect = 'returned'
          LEFT JOIN payments.movements m ON m.tenant_id = x.tenant_id AND m.id = x.movement_id
         WHERE d.tenant_id = %(tenant)s AND coalesce(f.effective_on, n.effective_on) BETWEEN %(first)s AND %(last)s
           AND d.status <> 'rejected'
           AND (%(entity)s::text IS NULL OR d.legal_entity_id = %(entity)s)
         GROUP BY 1, 2, 4, 5
        """,
        params,
        row=_Sent,
    )


def _credits(tx: Tx, params: Mapping[str, object]) -> list[_Sent]:
    return tx.all(
        """
        SELECT i.legal_entity_id, coalesce(o.company_identification, '') AS company_identification,
               'credit' AS direction, NULL AS sec_code, e.return_code, count(*)::integer AS entries
          FROM payments.attempts a
          JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
          JOIN payments.ach_files f ON f.tenant_id = a.tenant_id AND f.id = a.ach_file_id
          LEFT JOIN payments.originators o ON o.tenant_id = i.tenant_id AND o.legal_entity_id = i.legal_entity_id
          LEFT JOIN payments.settlement_events e
            ON e.tenant_id = a.tenant_id AND e.attempt_id = a.id AND e.status = 'returned'
         WHERE a.tenant_id = %(tenant)s AND f.effective_on BETWEEN %(first)s AND %(last)s
           AND (%(entity)s::text IS NULL OR i.legal_entity_id = %(entity)s)
         GROUP BY 1, 2, 5
        """,
        params,
        row=_Sent,
    )


def _order(group: _Group) -> tuple[str, str, bool, str]:
    """Debits first, and of each company all before their parts."""
    return group.legal_entity_id, group.company_identification, group.direction == "credit", group.sec_code or ""


def _kinds_of(code: str | None) -> tuple[Kind, ...]:
    known = return_codes().get(code or "")
    if known is None or known.is_dishonored or known.is_contested:
        return ()
    if code in UNAUTHORIZED:
        return "unauthorized", "overall"
    return ("administrative", "overall") if code in ADMINISTRATIVE else ("overall",)


def _rate(group: _Group, kind: Kind, entries: int, returns: int) -> ReturnRate:
    rate = round(returns * 10_000 / entries) if entries else None
    return ReturnRate(**asdict(group), kind=kind, entries=entries, returns=returns, rate_bps=rate,
                      threshold_bps=THRESHOLDS_BPS[kind])  # fmt: skip
