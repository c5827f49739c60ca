"""Money of a request settles, and later becomes final."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from headgate import cases
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding import book, events, receivables, requests
from headgate.funding.deposits import record_deposits
from headgate.funding.errors import EventDiffers, FundsNotPostable, InvalidRequest
from headgate.funding.model import NewDeposit
from headgate.funding.references import payer_reference
from headgate.funding.request_model import DEPOSIT_RAILS, FundingEvent
from headgate.tenants import legal_entity


def record_settled(
    tx: Tx,
    *,
    funding_request_id: str,
    provider: str,
    external_trace_id: str,
    amount: Money,
    settled_at: datetime | None = None,
    reference: str | None = None,
) -> FundingEvent:
    """Money of a request settled at the bank, as a provider says. The same evidence counts once.

    A debit's money is provisional until its hold has passed; that of every other rail is final. `reference` is what the
    bank's line of it carries. Raises NoSuchRequest, InvalidRequest, EventDiffers, Unprocessable (a time to come),
    FundsNotPostable.
    """
    request = requests.lock(tx, [funding_request_id])[0]
    if amount.minor <= 0 or amount.currency != request.currency:
        raise InvalidRequest(f"{amount.format()} cannot settle a request in {request.currency}")
    if not provider or not external_trace_id:
        raise InvalidRequest("name the provider, and what it calls this piece of evidence")
    found = events.known_event(
        tx,
        provider=provider,
        external_trace_id=external_trace_id,
        funding_request_id=request.id,
        amount=amount,
    )
    if found:
        return found
    at = events.not_to_come(tx, settled_at)
    if request.rail == "ach_debit":
        return events.record_debit(
            tx,
            request,
            provider=provider,
            external_trace_id=external_trace_id,
            amount=amount,
            settled_at=at,
            reference=reference,
        )
    day = at.astimezone(ZoneInfo(legal_entity(tx, request.legal_entity_id).time_zone)).date()
    new = NewDeposit(
        source=provider,
        external_id=external_trace_id,
        legal_entity_id=request.legal_entity_id,
        reference=payer_reference(tx, legal_entity_id=request.legal_entity_id),
        rail=DEPOSIT_RAILS[request.rail],
        amount=amount,
        value_on=day,
        booked_on=day,
        bank_reference=reference,
        booked_at=at,
    )
    settled = record_deposits(tx, [new], meant_for=request)
    for event in events.list_events(tx, funding_request_id=request.id):
        if event.deposit_id in {deposit.id for deposit in settled.new}:
            return event
    raise EventDiffers(
        f"{provider} {external_trace_id[:60]} is a deposit already, and was not given to {request.id}",
        funding_request_id=request.id,
    )


@dataclass(frozen=True, slots=True)
class _Due:
    """Provisional money whose hold has passed."""

    event_id: str
    funding_request_id: str
    legal_entity_id: str
    held_minor: int
    currency: str


def finalise_due(tx: Tx) -> dict[str, int]:
    """Make money final whose hold has passed on the tenant's clock; says how many, and how many the book refused.

    What the book refuses opens a case and is tried again; the others go on.
    """
    due = tx.all(
        """
        SELECT event_id, funding_request_id, legal_entity_id, held_minor, currency
          FROM funding.provisional
         WHERE tenant_id = %(tenant)s AND final_at <= %(now)s
         ORDER BY funding_request_id, event_id
        """,
        {"tenant": tx.tenant_id, "now": tx.now()},
        row=_Due,
    )
    # All requests before the first account: who takes money back holds its request and waits for the account.
    requests.lock(tx, [one.funding_request_id for one in due])
    finalised = refused = 0
    for one in due:
        try:
            with tx.savepoint():
                finalised += _finalise(tx, one)
        except FundsNotPostable as error:
            refused += 1
            cases.open_case(
                tx,
                key=f"funding_not_final:{one.event_id}",
                category="funding_not_final",
                severity="high",
                detail={"event_id": one.event_id, "why": error.message},
            )
    return {"finalised": finalised, "refused": refused}


def _finalise(tx: Tx, due: _Due) -> int:
    request = requests.lock(tx, [due.funding_request_id])[0]
    still = tx.value(
        "SELECT count(*) FROM funding.provisional WHERE tenant_id = %(tenant)s AND event_id = %(id)s",
        {"tenant": tx.tenant_id, "id": due.event_id},
    )
    if not still:
        return 0  # Somebody else was quicker, or the bank was.
    transaction = book.move(
        tx,
        key=f"funding:{due.event_id}:final",
        moves=[("funding.debit.final", Money(due.held_minor, due.currency))],
        legal_entity_id=due.legal_entity_id,
        source_type="funding_event",
        source_id=due.event_id,
        description="Hold of a client's money has passed",
    )
    tx.run(
        """
        INSERT INTO funding.finalisations (tenant_id, event_id, transaction_id, finalised_at)
        VALUES (%(tenant)s, %(event)s, %(transaction)s, %(now)s)
        """,
        {"tenant": tx.tenant_id, "event": due.event_id, "transaction": transaction, "now": tx.now()},
    )
    requests.refresh(tx, request)
    events.announce(tx, "funding.request.final", events.get_event(tx, due.event_id))
    receivables.recover(tx, legal_entity_id=due.legal_entity_id, currency=due.currency)
    return 1
