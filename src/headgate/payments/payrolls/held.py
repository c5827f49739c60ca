"""What the gate holds, in full: the figures of its last word, what the account has now, and who holds the rest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from headgate import funding, ledger
from headgate.core import terms
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.errors import NoSuchPayroll
from headgate.payments.payrolls.releasing import release_on

TERMS: Final = {
    "status": terms.Term("choice", ("blocked_funds", "blocked_policy")),
    "reason": terms.Term("choice", ("insufficient_funds", "reservation_conflict", "policy_violation")),
    "gate": terms.Term("choice", ("commit", "pay")),
    "payroll": terms.Term("word"),
    "entity": terms.Term("word"),
    "currency": terms.Term("word"),
    "shortfall": terms.Term("amount"),
    "age": terms.Term("age"),
}


@dataclass(frozen=True, slots=True)
class HeldPayroll:
    """A payroll that the gate holds. Available and shortfall are those of the judgement `evaluation_id`.

    `violations` are the policies that stand against it, in their own words, with their figures and the payments.
    """

    payroll_id: str
    reference: str
    legal_entity_id: str
    legal_entity: str
    pay_on: date
    currency: str
    payments: int
    people: int
    evaluation_id: str
    times_asked: int
    gate_type: Literal["commit", "pay"]
    reason: funding.Reason
    required_minor: int
    available_minor: int
    posted_minor: int
    reserved_minor: int
    own_reserved_minor: int
    shortfall_minor: int
    requirement: list[dict[str, Any]]
    reservations_seen: list[dict[str, Any]]
    client_message: str | None
    funded_until: datetime | None
    evaluated_at: datetime
    since: datetime
    violations: list[dict[str, Any]]
    cure_expected_at: datetime | None
    funding_request_id: str | None
    odfi_routing_number: str | None

    @property
    def status(self) -> str:
        """The word on its badge: held by a policy, or for want of funds."""
        return "blocked_policy" if self.reason == "policy_violation" else "blocked_funds"

    @property
    def required(self) -> Money:
        return Money(self.required_minor, self.currency)

    @property
    def available(self) -> Money:
        return Money(self.available_minor, self.currency)

    @property
    def shortfall(self) -> Money:
        return Money(self.shortfall_minor, self.currency)

    @property
    def covered_percent(self) -> int:
        """How much of the need the account covered when it was judged: 0 to 100, never 100 where a cent lacks."""
        return max(0, min(100, 100 * self.available_minor // self.required_minor))

    @property
    def leaves_on(self) -> date:
        """The last banking day on which it can be handed to the bank and still be paid on its day."""
        return release_on(self.pay_on, self.odfi_routing_number)

    def is_found(self, query: terms.Query, now: datetime) -> bool:
        """Whether a query of the list finds it."""
        wanted = query.params
        held_for = now - self.since
        return (
            _is_among(self.status, wanted["status"])
            and _is_among(self.reason, wanted["reason"])
            and _is_among(self.gate_type, wanted["gate"])
            and wanted["payroll"] in (None, self.reference, self.payroll_id)
            and wanted["entity"] in (None, self.legal_entity_id)
            and wanted["currency"] in (None, self.currency)
            and (wanted["shortfall_min"] is None or self.shortfall_minor >= wanted["shortfall_min"])
            and (wanted["shortfall_max"] is None or self.shortfall_minor <= wanted["shortfall_max"])
            and (wanted["age_under"] is None or held_for < wanted["age_under"])
            and (wanted["age_over"] is None or held_for > wanted["age_over"])
        )


@dataclass(frozen=True, slots=True)
class Holder:
    """Money of the account that is reserved for one payroll, or (`reference` None) for something else."""

    payroll_id: str | None
    reference: str | None
    amount_minor: int
    payments: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fit:
    """What a split of the payroll would pay now: its first payments that the available money covers, in its own order."""

    payments: int
    people: int
    amount: Money


@dataclass(frozen=True, slots=True)
class Standing:
    """What the client's account has now, for a payroll that is held."""

    posted: Money
    reserved: Money
    available: Money
    holders: tuple[Holder, ...]
    expected: tuple[funding.Expected, ...]
    advice: tuple[funding.Advice, ...]
    payer_reference: str | None
    fit: Fit | None

    def would_open(self, held: HeldPayroll) -> bool:
        """Whether the gate would let it pass for its funds, if it were asked at this moment."""
        return self.available >= held.required and held.status == "blocked_funds"


def held_payrolls(tx: Tx, *, payroll_ids: list[str] | None = None) -> list[HeldPayroll]:
    """The payrolls that the gate holds now (of these, where named), the largest shortfall first."""
    return tx.all(
        """
        SELECT p.id AS payroll_id, p.external_id AS reference, p.legal_entity_id, e.name AS legal_entity, p.pay_on,
               p.currency, b.payments, b.people, g.id AS evaluation_id, p.evaluation_no AS times_asked, g.gate_type,
               g.reason, g.required_minor, g.available_minor, g.posted_minor, g.reserved_minor, g.own_reserved_minor,
               g.shortfall_minor, g.requirement, g.reservations_seen, g.client_message, g.funded_until, g.evaluated_at,
               b.since, g.violations, g.cure_expected_at, g.funding_request_id, o.odfi_routing_number
          FROM (SELECT i.payroll_id, count(*) AS payments, count(*) FILTER (WHERE i.kind = 'net_pay') AS people,
                       min(i.changed_at) AS since
                  FROM payments.instructions i
                 WHERE i.tenant_id = %(tenant)s AND i.status IN ('awaiting_funding', 'blocked_funds')
                   AND (%(ids)s::text[] IS NULL OR i.payroll_id = ANY(%(ids)s))
                 GROUP BY i.payroll_id) b
          JOIN payments.payrolls p ON p.tenant_id = %(tenant)s AND p.id = b.payroll_id
          JOIN funding.gate_evaluations g ON g.tenant_id = p.tenant_id AND g.id = p.evaluation_id
          JOIN tenants.legal_entities e ON e.tenant_id = p.tenant_id AND e.id = p.legal_entity_id
          LEFT JOIN payments.originators o ON o.tenant_id = p.tenant_id AND o.legal_entity_id = p.legal_entity_id
         WHERE NOT g.passed
         ORDER BY g.shortfall_minor DESC, p.id
        """,
        {"tenant": tx.tenant_id, "ids": payroll_ids},
        row=HeldPayroll,
    )


def held_payroll(tx: Tx, payroll_id: str) -> HeldPayroll:
    """One payroll that the gate holds. Raises NoSuchPayroll where it holds none of that id."""
    found = held_payrolls(tx, payroll_ids=[payroll_id])
    if not found:
        raise NoSuchPayroll(f"the gate holds no payroll {payroll_id}", payroll_id=payroll_id)
    return found[0]


def count_held(tx: Tx) -> int:
    """How many payrolls the gate holds now."""
    return int(
        tx.value(
            """
            SELECT count(DISTINCT i.payroll_id)
              FROM payments.instructions i
             WHERE i.tenant_id = %(tenant)s AND i.status IN ('awaiting_funding', 'blocked_funds')
            """,
            {"tenant": tx.tenant_id},
        )
    )


def standing(tx: Tx, held: HeldPayroll) -> Standing:
    """What the account has now, who holds what of it, what is on its way, and what would open the gate."""
    account = ledger.account_for(tx, "CLIENT_FUNDS", held.currency, legal_entity_id=held.legal_entity_id)
    now = ledger.balance(tx, account.id)
    params = {"tenant": tx.tenant_id, "account": account.id, "payroll": held.payroll_id, "now": tx.now()}
    holders = tx.all(
        """
        SELECT p.id AS payroll_id, p.external_id AS reference, sum(r.remaining_minor)::bigint AS amount_minor,
               count(*) AS payments, min(nullif(r.expires_at, 'infinity')) AS expires_at
          FROM ledger.reservations r
          LEFT JOIN payments.instructions i ON i.tenant_id = r.tenant_id AND i.id = r.source_ref
          LEFT JOIN payments.payrolls p ON p.tenant_id = i.tenant_id AND p.id = i.payroll_id
         WHERE r.tenant_id = %(tenant)s AND r.account_id = %(account)s AND r.status = 'active'
           AND r.expires_at > %(now)s
         GROUP BY p.id, p.external_id
         ORDER BY 3 DESC
        """,
        params,
        row=Holder,
    )
    return Standing(
        posted=now.posted,
        reserved=now.posted - now.available,
        available=now.available,
        holders=tuple(holders),
        expected=tuple(funding.expected(tx, legal_entity_id=held.legal_entity_id, currency=held.currency)),
        advice=_advice(held, now.available, holders),
        payer_reference=funding.known_reference(tx, legal_entity_id=held.legal_entity_id),
        fit=_fit(tx, held, now.available) if 0 < now.available.minor < held.required_minor else None,
    )


def _advice(held: HeldPayroll, available: Money, holders: list[Holder]) -> tuple[funding.Advice, ...]:
    """What would open it by the figures of now; nothing where money is there already or funds are not what lacks."""
    missing = Money(max(0, held.required_minor - available.minor), held.currency)
    if not missing or (held.reason not in ("insufficient_funds", "reservation_conflict")):
        return ()
    reason: funding.Reason = "reservation_conflict" if held.reason == "reservation_conflict" else "insufficient_funds"
    overdue = any(holder.expires_at is not None for holder in holders)
    return funding.advise(reason, shortfall=missing, available=available, overdue=overdue)


def _fit(tx: Tx, held: HeldPayroll, available: Money) -> Fit | None:
    row = tx.one(
        """
        SELECT count(*) AS payments, count(*) FILTER (WHERE s.kind = 'net_pay') AS people,
               coalesce(max(s.running), 0)::bigint AS amount
          FROM (SELECT i.kind, sum(i.amount_minor) OVER (ORDER BY i.id) AS running
                  FROM payments.instructions i
                 WHERE i.tenant_id = %(tenant)s AND i.payroll_id = %(payroll)s
                   AND i.status IN ('awaiting_funding', 'blocked_funds')) s
         WHERE s.running <= %(available)s
        """,
        {
            "tenant": tx.tenant_id,
            "payroll": held.payroll_id,
            "available": available.minor,
        },
    )
    return Fit(row["payments"], row["people"], Money(row["amount"], held.currency)) if row["payments"] else None


def _is_among(value: str, wanted: list[str] | None) -> bool:
    return wanted is None or value in wanted
