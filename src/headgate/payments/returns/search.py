"""The list of returns with whom they are about, what they add up to by code, and client debits that came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from headgate.core import terms
from headgate.core.db import Tx
from headgate.core.listing import Listing
from headgate.core.money import Money
from headgate.payments.errors import NoSuchReturn
from headgate.rails import ach, return_codes

DAYS: Final = 60
"""How far back figures by code reach: as return rates do."""
State = Literal[
    "returned", "held", "paid_again", "dishonored", "contested", "dishonor_refused", "repeated", "contradicts", "orphan"
]
STATES: Final[tuple[State, ...]] = (
    "returned", "held", "paid_again", "dishonored", "contested", "dishonor_refused", "repeated", "contradicts", "orphan"
)  # fmt: skip
_DISPUTED: Final[Mapping[State, Literal["dishonored", "contested", "refused"]]] = {
    "dishonored": "dishonored",
    "contested": "contested",
    "dishonor_refused": "refused",
}
TERMS: Final = {
    "status": terms.Term("choice", STATES),
    "code": terms.Term("word"),
    "group": terms.Term("choice", tuple(ach.return_groups())),
    "late": terms.Term("choice", ("yes", "no")),
    "entity": terms.Term("word"),
    "payment": terms.Term("word"),
    "currency": terms.Term("word"),
    "amount": terms.Term("amount"),
    "age": terms.Term("age"),
}


@dataclass(frozen=True, slots=True)
class ReturnRow:
    """A return as a list shows it. `status` is the last thing that became of it; `payment_status` is the payment's now."""

    id: str
    status: State
    code: str
    standing: Literal["counted", "repeated", "contradicts", "orphan"]
    action: ach.ReturnAction | None
    is_late: bool
    payment_id: str | None
    payment_status: str | None
    attempt_id: str | None
    payee: str
    payee_id: str | None
    bank_account_id: str | None
    last4: str | None
    legal_entity_id: str | None
    legal_entity: str
    payroll_id: str | None
    payroll_reference: str
    amount_minor: int
    currency: str
    original_trace: str
    settled_on: date
    dishonor_until: date
    dishonored_for: str | None
    answered_with: str | None
    answer_until: date | None
    dispute_file_id: str | None
    block_id: str | None
    is_held: bool
    is_paid_anew: bool
    is_last: bool
    filename: str
    occurred_at: datetime

    @property
    def disputed(self) -> Literal["no", "dishonored", "contested", "refused"]:
        """How far it is disputed; `answer_until` is the last day on which the other bank may contest."""
        return _DISPUTED.get(self.status, "no")

    @property
    def title(self) -> str:
        return return_codes()[self.code].title

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class ReturnTotal:
    """What a query adds up to in one currency."""

    currency: str
    amount_minor: int
    count: int

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class ByCode:
    """What came back with one code in one currency in sixty days, each entry once."""

    code: str
    currency: str
    amount_minor: int
    count: int

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class DebitBack:
    """A debit of a client that came back and was not presented again yet. `presented` is how often it was before."""

    id: str
    funding_request_id: str
    legal_entity: str
    amount_minor: int
    currency: str
    code: str
    returned_on: date
    presented: int

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def title(self) -> str:
        known = return_codes().get(self.code)
        return known.title if known else ""

    @property
    def may_be_presented_again(self) -> bool:
        """Whether its code lacks funds and it was not presented twice; the rest is judged when it is asked for."""
        known = return_codes().get(self.code)
        return known is not None and known.may_be_presented_again and self.presented < ach.REPRESENTMENTS_MAX


def list_returns(
    tx: Tx, *, payment_id: str | None = None, after: str | None = None, limit: int = 50
) -> list[ReturnRow]:
    """Returns, the newest first, after the id `after`; of one payment where it is named."""
    every = terms.parse("", TERMS)
    query = replace(every, params={**every.params, "payment": payment_id})
    return find_returns(tx, query, after=after, limit=limit)


def returns_by_code(tx: Tx, *, currency: str) -> list[ByCode]:
    """What came back in sixty days by code, the largest first; what only repeats or contradicts is not counted."""
    return tx.all(
        """
        SELECT code, currency, sum(amount_minor)::bigint AS amount_minor, count(*) AS count
          FROM payments.returns
         WHERE tenant_id = %(tenant)s AND standing = 'counted' AND currency = %(currency)s AND occurred_at > %(since)s
         GROUP BY code, currency
         ORDER BY amount_minor DESC, code
        """,
        {"tenant": tx.tenant_id, "currency": currency, "since": tx.now() - timedelta(days=DAYS)},
        row=ByCode,
    )


def debits_back(tx: Tx, *, limit: int = 20) -> list[DebitBack]:
    """Debits of clients that came back, and of whose request no later one was made; the newest first."""
    return tx.all(
        """
        SELECT f.id, f.funding_request_id, e.name AS legal_entity, f.amount_minor, f.currency, back.code, back.returned_on,
               (SELECT count(*) FROM funding.representments n
                 WHERE n.tenant_id = f.tenant_id AND n.original_ref = coalesce(p.original_ref, f.id)) AS presented
          FROM payments.funding_attempts f
          JOIN tenants.legal_entities e ON e.tenant_id = f.tenant_id AND e.id = f.legal_entity_id
          JOIN LATERAL (SELECT m.return_code AS code, m.effective_on AS returned_on
                          FROM payments.movement_effects x
                          JOIN payments.movements m ON m.tenant_id = x.tenant_id AND m.id = x.movement_id
                         WHERE x.tenant_id = f.tenant_id AND x.funding_attempt_id = f.id AND x.effect = 'returned'
                         ORDER BY m.id DESC LIMIT 1) back ON true
          LEFT JOIN funding.representments p ON p.tenant_id = f.tenant_id AND p.representment_ref = f.id
         WHERE f.tenant_id = %(tenant)s AND f.status = 'returned'
           AND NOT EXISTS (SELECT FROM payments.funding_attempts n
                            WHERE n.tenant_id = f.tenant_id AND n.funding_request_id = f.funding_request_id
                              AND n.attempt_no > f.attempt_no)
         ORDER BY f.id DESC
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "limit": limit},
        row=DebitBack,
    )


def _params(tx: Tx, query: terms.Query) -> Mapping[str, Any]:
    """A group is its codes: the database knows codes alone."""
    groups = query.params["group"]
    codes = [code for code, known in return_codes().items() if groups is not None and known.category in groups]
    return {**query.params, "codes": None if groups is None else codes}


_FROM = """
  FROM payments.returns r
  LEFT JOIN payments.instructions i ON i.tenant_id = r.tenant_id AND i.id = r.instruction_id
  LEFT JOIN payments.return_disputes d ON d.tenant_id = r.tenant_id AND d.return_id = r.id AND d.kind = 'dishonored'
  LEFT JOIN LATERAL (SELECT x.kind, x.code FROM payments.return_disputes x
                      WHERE x.tenant_id = r.tenant_id AND x.return_id = r.id AND x.kind <> 'dishonored'
                      ORDER BY x.id DESC LIMIT 1) c ON true
  LEFT JOIN parties.blocks k ON k.tenant_id = r.tenant_id AND k.id = r.block_id AND k.status = 'active'
  LEFT JOIN payments.retries t ON t.tenant_id = r.tenant_id AND t.attempt_id = r.attempt_id
 CROSS JOIN LATERAL (SELECT CASE WHEN c.kind = 'contested' THEN 'contested' WHEN c.kind = 'refused' THEN 'dishonor_refused'
                                 WHEN d.id IS NOT NULL THEN 'dishonored' WHEN r.standing <> 'counted' THEN r.standing
                                 WHEN t.id IS NOT NULL THEN 'paid_again' WHEN k.id IS NOT NULL THEN 'held'
                                 ELSE 'returned' END AS status) s
"""

_SELECT = (
    """
SELECT r.id, s.status, r.code, r.standing, r.action, r.is_late, r.instruction_id AS payment_id, i.status AS payment_status,
       r.attempt_id, coalesce(y.name, i.obligation, '') AS payee, i.payee_id, i.bank_account_id, b.last4, i.legal_entity_id,
       coalesce(e.name, '') AS legal_entity, i.payroll_id, coalesce(p.external_id, '') AS payroll_reference, r.amount_minor,
       r.currency, r.original_trace, r.settled_on, r.dishonor_until, d.code AS dishonored_for, c.code AS answered_with,
       d.answer_until, d.ach_file_id AS dispute_file_id, r.block_id, k.id IS NOT NULL AS is_held, t.id IS NOT NULL AS is_paid_anew,
       NOT EXISTS (SELECT FROM payments.attempts n
                    WHERE n.tenant_id = r.tenant_id AND n.instruction_id = r.instruction_id AND n.id > r.attempt_id)
       AS is_last,
       f.filename, r.occurred_at
"""
    + _FROM
    + """
  LEFT JOIN payments.payrolls p ON p.tenant_id = i.tenant_id AND p.id = i.payroll_id
  LEFT JOIN tenants.legal_entities e ON e.tenant_id = i.tenant_id AND e.id = i.legal_entity_id
  LEFT JOIN parties.parties y ON y.tenant_id = i.tenant_id AND y.id = i.payee_id
  LEFT JOIN parties.bank_accounts b ON b.tenant_id = i.tenant_id AND b.id = i.bank_account_id
  JOIN ingestion.artifacts f ON f.tenant_id = r.tenant_id AND f.id = r.artifact_id
"""
)

_WHERE = """
 WHERE r.tenant_id = %(tenant)s
   AND (%(status)s::text[] IS NULL OR s.status = ANY(%(status)s))
   AND (%(code)s::text IS NULL OR r.code = upper(%(code)s))
   AND (%(codes)s::text[] IS NULL OR r.code = ANY(%(codes)s))
   AND (%(late)s::text[] IS NULL OR CASE WHEN r.is_late THEN 'yes' ELSE 'no' END = ANY(%(late)s))
   AND (%(entity)s::text IS NULL OR i.legal_entity_id = %(entity)s)
   AND (%(payment)s::text IS NULL OR r.instruction_id = %(payment)s)
   AND (%(currency)s::text IS NULL OR r.currency = %(currency)s)
   AND (%(amount_min)s::bigint IS NULL OR r.amount_minor >= %(amount_min)s)
   AND (%(amount_max)s::bigint IS NULL OR r.amount_minor <= %(amount_max)s)
   AND (%(age_under)s::interval IS NULL OR r.occurred_at > tenants.now() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR r.occurred_at < tenants.now() - %(age_over)s)
"""

_TOTALS = "SELECT r.currency, sum(r.amount_minor)::bigint AS amount_minor, count(*) AS count"


def _missing(return_id: str) -> NoSuchReturn:
    return NoSuchReturn(f"there is no return {return_id}", return_id=return_id)


_LISTING: Final = Listing(
    find=_SELECT + _WHERE + " AND (%(after)s::text IS NULL OR r.id < %(after)s) ORDER BY r.id DESC LIMIT %(limit)s",
    rows=_SELECT + " WHERE r.tenant_id = %(tenant)s AND r.id = ANY(%(ids)s) ORDER BY r.id DESC",
    matching="SELECT r.id" + _FROM + _WHERE + " AND r.id = ANY(%(ids)s)",
    totals=_TOTALS + _FROM + _WHERE + " GROUP BY r.currency ORDER BY r.currency",
    row=ReturnRow,
    total=ReturnTotal,
    missing=_missing,
    params=_params,
)
find_returns = _LISTING.find_rows
return_rows = _LISTING.rows_of
return_row = _LISTING.row_of
matching_returns = _LISTING.matching_of
return_totals = _LISTING.totals_of
