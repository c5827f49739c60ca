"""What the gate looks at beside the account: earlier payrolls, payees' standing, credit, and money that is expected."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from headgate import parties
from headgate.core.db import Tx
from headgate.funding import credit, overrides, settings
from headgate.funding.model import GateRequest, GateType
from headgate.funding.policies.spike import PAYROLLS_MAX
from headgate.funding.policy import Scene, Twin
from headgate.funding.request_model import BANK_ZONE, FundingRail, final_at


def scene(tx: Tx, gate_type: GateType, request: GateRequest, *, today: date) -> Scene:
    """Everything that policies may judge by; each policy's day and counter are added to it."""
    accounts = sorted({claim.bank_account_id for claim in request.claims if claim.bank_account_id})
    line = credit.credit_standing(tx, legal_entity_id=request.legal_entity_id, currency=request.currency)
    return Scene(
        gate_type=gate_type,
        request=request,
        today=today,
        standings=parties.unpayable(tx, accounts),
        changes=parties.changed_accounts(tx, accounts),
        unblocked=overrides.unblocked_payees(tx, legal_entity_id=request.legal_entity_id),
        history=_history(tx, request),
        twins=_twins(tx, request),
        drawn=line.drawn,
        credit_limit=line.limit,
    )


def funded_until(tx: Tx, legal_entity_id: str) -> datetime | None:
    """When the newest money settled that the figures count: how old the evidence is."""
    found: datetime | None = tx.value(
        """
        SELECT greatest(
               (SELECT d.settled_at FROM funding.deposits d
                 WHERE d.tenant_id = %(tenant)s AND d.legal_entity_id = %(entity)s ORDER BY d.id DESC LIMIT 1),
               (SELECT max(d.settled_at) FROM funding.deposit_assignments a
                  JOIN funding.deposits d ON d.tenant_id = a.tenant_id AND d.id = a.deposit_id
                 WHERE a.tenant_id = %(tenant)s AND a.legal_entity_id = %(entity)s),
               (SELECT max(e.settled_at) FROM funding.events e
                  JOIN funding.finalisations f ON f.tenant_id = e.tenant_id AND f.event_id = e.id
                 WHERE e.tenant_id = %(tenant)s AND e.legal_entity_id = %(entity)s))
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id},
    )
    return found


def cure_expected_at(tx: Tx, *, legal_entity_id: str, currency: str, shortfall_minor: int) -> datetime | None:
    """When money that has settled provisionally, or that was asked for, would cover what lacks; None if it would not.

    What was asked for is expected at noon of its due date, and final when the hold of its rail has passed.
    """
    if shortfall_minor <= 0:
        return None
    params = {"tenant": tx.tenant_id, "entity": legal_entity_id, "currency": currency}
    coming: list[tuple[datetime, int]] = [
        (row["final_at"], row["held_minor"])
        for row in tx.all(
            """
            SELECT final_at, held_minor
              FROM funding.provisional
             WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s AND currency = %(currency)s
            """,
            params,
        )
    ]
    asked = tx.all(
        """
        SELECT r.rail, r.due_on,
               r.asked_minor - coalesce((SELECT sum(CASE WHEN e.kind = 'returned' THEN -e.amount_minor ELSE e.amount_minor END)
                                           FROM funding.events e
                                          WHERE e.tenant_id = r.tenant_id AND e.funding_request_id = r.id), 0)::bigint AS lacks
          FROM funding.requests r
         WHERE r.tenant_id = %(tenant)s AND r.legal_entity_id = %(entity)s AND r.currency = %(currency)s
           AND r.status IN ('requested', 'submitted', 'partially_funded')
        """,
        params,
    )
    holds = {rail: hold_of(tx, legal_entity_id=legal_entity_id, rail=rail) for rail in {row["rail"] for row in asked}}
    coming += [
        (counts_from(tx.now(), due_on=row["due_on"], hold_banking_days=holds[row["rail"]]), max(0, row["lacks"]))
        for row in asked
    ]
    total = 0
    for at, amount in sorted(coming):
        total += amount
        if total >= shortfall_minor:
            now = tx.now()
            return at if at > now else now
    return None


def counts_from(now: datetime, *, due_on: date, hold_banking_days: int) -> datetime:
    """From when on money asked for by that day would count, were it to settle at noon of it; never before now."""
    settles = max(datetime.combine(due_on, time(12), BANK_ZONE).astimezone(UTC), now)
    return final_at(settles, hold_banking_days) if hold_banking_days else settles


def hold_of(tx: Tx, *, legal_entity_id: str, rail: FundingRail) -> int:
    """For how many banking days money of a rail may be taken back after it settled."""
    return settings.hold_banking_days(tx, legal_entity_id=legal_entity_id, rail=rail) if rail == "ach_debit" else 0


def today_of(tx: Tx, time_zone: str) -> date:
    """The day that it is now in a legal entity's zone: limits count its days."""
    return tx.now().astimezone(ZoneInfo(time_zone)).date()


def _history(tx: Tx, request: GateRequest) -> list[int]:
    return tx.values(
        """
        SELECT r.amount_minor
          FROM funding.requests r
         WHERE r.tenant_id = %(tenant)s AND r.legal_entity_id = %(entity)s AND r.currency = %(currency)s
           AND r.subject IS NOT NULL AND r.subject <> %(subject)s
           AND EXISTS (SELECT FROM funding.gate_evaluations g
                        WHERE g.tenant_id = r.tenant_id AND g.subject = r.subject AND g.gate_type = 'commit'
                          AND g.outcome <> 'blocked')
         ORDER BY r.id DESC
         LIMIT %(limit)s
        """,
        {
            "tenant": tx.tenant_id,
            "entity": request.legal_entity_id,
            "currency": request.currency,
            "subject": request.subject,
            "limit": PAYROLLS_MAX,
        },
    )


def _twins(tx: Tx, request: GateRequest) -> list[Twin]:
    if request.fingerprint is None or request.pay_on is None:
        return []
    return tx.all(
        """
        SELECT DISTINCT subject, pay_on
          FROM funding.gate_evaluations
         WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s AND fingerprint = %(fingerprint)s
           AND gate_type = 'commit' AND outcome <> 'blocked' AND subject <> %(subject)s
           AND pay_on BETWEEN %(first)s AND %(last)s
         ORDER BY subject
        """,
        {
            "tenant": tx.tenant_id,
            "entity": request.legal_entity_id,
            "fingerprint": request.fingerprint,
            "subject": request.subject,
            "first": request.pay_on - timedelta(days=366),
            "last": request.pay_on + timedelta(days=366),
        },
        row=Twin,
    )
