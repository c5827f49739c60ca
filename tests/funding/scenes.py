"""What the tests of funding set up: two people who approve, debits that settle, limits, credit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.make import TenantFixture, person, usd
from tests.payments import stories

from headgate import cases, funding, ledger
from headgate.core.db import Tx
from headgate.funding import credit, limits, overrides, settings

DAY = timedelta(days=1)


def approved(tx: Tx, action: str, document: dict[str, Any], *, by: str = "bob") -> str:
    """An approval of exactly this, asked for by the test's person and given by another."""
    asked = cases.request(tx, action=action, subject="test", document=document, reason="as agreed")
    with tx.acting_for(person(by), "cor_approval"):
        cases.approve(tx, approval_id=asked.id, digest=asked.digest)
    return asked.id


def limit(
    tx: Tx,
    policy: str,
    figures: funding.Limit | None,
    *,
    legal_entity_id: str | None = None,
    days: int | None = None,
) -> funding.LimitRow:
    """Set a limit under four eyes; for so many days where given."""
    until = tx.now() + days * DAY if days else None
    facts: dict[str, Any] = {
        "policy": policy,
        "currency": "USD",
        "limit": figures,
        "legal_entity_id": legal_entity_id,
        "valid_until": until,
    }
    approval = approved(tx, limits.ACTION, limits.change_document(tx, **facts))
    return funding.set_limit(tx, **facts, reason="as agreed", approval_id=approval)


def setting(tx: Tx, name: str, value: str, *, legal_entity_id: str | None = None) -> None:
    """Change a setting under four eyes."""
    facts: dict[str, Any] = {"name": name, "value": value, "legal_entity_id": legal_entity_id}
    approval = approved(tx, settings.ACTION, settings.change_document(tx, **facts))
    funding.change_setting(tx, **facts, reason="as agreed", approval_id=approval)


def override(tx: Tx, *, by: str = "bob", days: int = 2, **facts: Any) -> funding.Override:
    """Grant an override under four eyes, for so many days."""
    facts["valid_until"] = tx.now() + days * DAY
    approval = approved(tx, overrides.ACTION, overrides.grant_document(tx, **facts), by=by)
    return funding.grant_override(tx, **facts, reason="as agreed", approval_id=approval)


def own_funds(tx: Tx, text: str) -> None:
    """The tenant's own money comes in."""
    posted = ledger.post(
        tx,
        idempotency_key=f"own:{text}",
        entries=[
            ledger.Entry(
                ledger.account_for(tx, "CASH", "USD").id, ledger.account_for(tx, "OWN_FUNDS", "USD").id, usd(text)
            )
        ],
    )
    assert isinstance(posted, ledger.Posted)


def credit_line(tx: Tx, tenant: TenantFixture, text: str, *, days: int = 30) -> funding.CreditStanding:
    """A credit line under four eyes."""
    until = tx.now() + days * DAY
    document = credit.line_document(tx, legal_entity_id=tenant.legal_entity_id, limit=usd(text), valid_until=until)
    return funding.set_credit_line(
        tx,
        legal_entity_id=tenant.legal_entity_id,
        limit=usd(text),
        valid_until=until,
        reason="as agreed",
        approval_id=approved(tx, credit.LINE_ACTION, document),
    )


def draw(tx: Tx, tenant: TenantFixture, text: str, *, key: str = "draw-1") -> funding.CreditMove:
    """A drawing under four eyes."""
    document = credit.draw_document(tx, legal_entity_id=tenant.legal_entity_id, amount=usd(text))
    return funding.draw_credit(
        tx,
        idempotency_key=key,
        legal_entity_id=tenant.legal_entity_id,
        amount=usd(text),
        approval_id=approved(tx, credit.DRAW_ACTION, document),
    )


def asked(
    tx: Tx, tenant: TenantFixture, text: str, *, rail: funding.FundingRail = "ach_debit", key: str = "ask-1"
) -> funding.FundingRequest:
    """A request for money, due today."""
    return funding.request_funding(
        tx,
        idempotency_key=key,
        legal_entity_id=tenant.legal_entity_id,
        amount=usd(text),
        rail=rail,
        due_on=tx.now().date(),
    )


def settled(tx: Tx, request: funding.FundingRequest, text: str, *, trace: str = "t-1") -> funding.FundingEvent:
    """Its money settles, as the bank says."""
    return funding.record_settled(
        tx, funding_request_id=request.id, provider="bank", external_trace_id=trace, amount=usd(text)
    )


def returned(tx: Tx, event: funding.FundingEvent, code: str = "R01", *, trace: str = "r-1") -> funding.FundingEvent:
    """The bank takes it back."""
    return funding.record_returned(tx, of_event_id=event.id, provider="bank", external_trace_id=trace, return_code=code)


def debited(tx: Tx, tenant: TenantFixture, text: str, *, key: str = "ask-1") -> funding.FundingEvent:
    """A debit of the client that settled."""
    return settled(tx, asked(tx, tenant, text, key=key), text, trace=key)


def book(tx: Tx, tenant: TenantFixture) -> dict[str, str]:
    """Posted balances by purpose, those that are not zero, with what is provisional and owed."""
    found = stories.balances(tx, tenant)
    for purpose in ("PROVISIONAL_FUNDS", "RETURNS_RECEIVABLE", "OWN_FUNDS"):
        account = ledger.account_for(tx, purpose, "USD", legal_entity_id=tenant.legal_entity_id)
        posted = ledger.balance(tx, account.id).posted
        if posted:
            found[purpose] = f"{posted.major:.2f}"
    return found


def counts(tx: Tx) -> dict[str, int]:
    """As stories.counts, with funding's own tables."""
    found = stories.counts(tx)
    for table in ("requests", "events", "finalisations", "recoveries", "limits", "limit_uses", "overrides", "settings"):
        found[f"funding.{table}"] = tx.value(
            f"SELECT count(*) FROM funding.{table} WHERE tenant_id = %(t)s", {"t": tx.tenant_id}
        )
    return found


THURSDAY = date(2026, 12, 3)
