"""What became of a request: money settles, less or more than asked; its hold passes; or the bank takes it back.

Settled is not final. What a bank may still take back lies in PROVISIONAL_FUNDS, where nothing can reserve it, until its
hold has passed on the tenant's clock. A rail without a hold is final when it settles: its money is a deposit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString

from headgate import audit, messaging
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Unprocessable
from headgate.core.money import Money
from headgate.funding import book, requests, settings
from headgate.funding.errors import EventDiffers, NoSuchEvent
from headgate.funding.model import Deposit
from headgate.funding.request_model import (
    FundingEvent,
    FundingRail,
    FundingRequest,
    final_at,
    kind_of,
    return_deadline,
)

_SELECT: LiteralString = """
    SELECT id, funding_request_id, legal_entity_id, kind, rail, provider, external_trace_id, amount_minor, currency,
           settled_at, return_deadline_at, final_at, of_event_id, return_code, transaction_id, deposit_id, clawed_minor,
           receivable_minor
      FROM funding.events
"""


def record_debit(
    tx: Tx,
    request: FundingRequest,
    *,
    provider: str,
    external_trace_id: str,
    amount: Money,
    settled_at: datetime,
    reference: str | None = None,
) -> FundingEvent:
    """A debit of the client's account settled: provisional money, of a request that the caller has locked."""
    hold = settings.hold_banking_days(tx, legal_entity_id=request.legal_entity_id, rail="ach_debit")
    event_id = ids.new("fev")
    transaction = book.move(
        tx,
        key=f"funding:{event_id}:settled",
        moves=[("funding.debit.settled", amount)],
        legal_entity_id=request.legal_entity_id,
        source_type="funding_event",
        source_id=event_id,
        description="Debit of a client settled",
        effective_at=settled_at,
        reference=reference,
    )
    return write(
        tx,
        request,
        event_id=event_id,
        rail="ach_debit",
        provider=provider,
        external_trace_id=external_trace_id,
        amount=amount,
        settled_at=settled_at,
        return_deadline_at=return_deadline(settled_at),
        final=min(final_at(settled_at, hold), max(return_deadline(settled_at), settled_at)),
        transaction_id=transaction,
        deposit_id=None,
    )


def write(
    tx: Tx,
    request: FundingRequest,
    *,
    event_id: str,
    rail: FundingRail,
    provider: str,
    external_trace_id: str,
    amount: Money,
    settled_at: datetime,
    return_deadline_at: datetime | None,
    final: datetime,
    transaction_id: int,
    deposit_id: str | None,
) -> FundingEvent:
    """Money of a locked request, as an event; its status follows, and others hear of it."""
    received = request.received_minor + amount.minor
    tx.run(
        """
        INSERT INTO funding.events
               (tenant_id, id, funding_request_id, legal_entity_id, kind, rail, provider, external_trace_id,
                amount_minor, currency, settled_at, return_deadline_at, final_at, transaction_id, deposit_id)
        VALUES (%(tenant)s, %(id)s, %(request)s, %(entity)s, %(kind)s, %(rail)s, %(provider)s, %(trace)s, %(amount)s,
                %(currency)s, %(settled_at)s, %(deadline)s, %(final)s, %(transaction)s, %(deposit)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": event_id,
            "request": request.id,
            "entity": request.legal_entity_id,
            "kind": kind_of(asked=request.asked_minor, received=received),
            "rail": rail,
            "provider": provider,
            "trace": external_trace_id,
            "amount": amount.minor,
            "currency": amount.currency,
            "settled_at": settled_at,
            "deadline": return_deadline_at,
            "final": final,
            "transaction": transaction_id,
            "deposit": deposit_id,
        },
    )
    requests.refresh(tx, request)
    event = get_event(tx, event_id)
    announce(tx, f"funding.request.{event.kind}", event)
    return event


def apply_deposits(
    tx: Tx, deposits: Sequence[Deposit], waiting: Sequence[FundingRequest], *, meant_for: FundingRequest | None = None
) -> None:
    """Give final money to the requests that wait for it, locked by the caller: an exact amount first, else the oldest due.

    What is more than all of them asked for stays with the last; money that nobody asked for is the client's all the same.
    """
    for deposit in deposits:
        if deposit.legal_entity_id is None:
            continue
        for_it = [
            requests.get_request(tx, one.id)
            for one in ([meant_for] if meant_for else waiting)
            if one.legal_entity_id == deposit.legal_entity_id and one.currency == deposit.currency
        ]
        open_ones = for_it if meant_for else [one for one in for_it if one.waits]
        exact = [one for one in open_ones if one.asked_minor - one.received_minor == deposit.amount_minor]
        rest = deposit.amount_minor
        for place, one in enumerate(chosen := exact[:1] or open_ones):
            lacks = max(0, one.asked_minor - one.received_minor)
            part = rest if place == len(chosen) - 1 else min(rest, lacks)
            if part <= 0:
                continue
            rest -= part
            write(
                tx,
                one,
                event_id=ids.new("fev"),
                rail=one.rail if meant_for else "inbound_wire",
                provider=deposit.source,
                external_trace_id=deposit.external_id,
                amount=Money(part, deposit.currency),
                settled_at=deposit.settled_at,
                return_deadline_at=None,
                final=deposit.final_at,
                transaction_id=deposit.transaction_id,
                deposit_id=deposit.id,
            )


def known_event(
    tx: Tx, *, provider: str, external_trace_id: str, funding_request_id: str, amount: Money
) -> FundingEvent | None:
    """The event that this evidence made before. Raises EventDiffers where it said another amount or another thing."""
    found = tx.maybe(
        _SELECT
        + """
         WHERE tenant_id = %(tenant)s AND provider = %(provider)s AND external_trace_id = %(trace)s
           AND funding_request_id = %(request)s
        """,
        {"tenant": tx.tenant_id, "provider": provider, "trace": external_trace_id, "request": funding_request_id},
        row=FundingEvent,
    )
    if found and (found.amount != amount or found.kind == "returned"):
        raise EventDiffers(
            f"{provider} {external_trace_id[:60]} was recorded as {found.kind} of {found.amount.format()}; "
            f"it now says {amount.format()}",
            event_id=found.id,
        )
    return found


def get_event(tx: Tx, event_id: str) -> FundingEvent:
    """One event. Raises NoSuchEvent."""
    found = tx.maybe(
        _SELECT + " WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": event_id},
        row=FundingEvent,
    )
    if found is None:
        raise NoSuchEvent(f"there is no funding event {event_id[:40]}", event_id=event_id[:40])
    return found


def list_events(tx: Tx, *, funding_request_id: str) -> list[FundingEvent]:
    """What happened to a request, in order."""
    return tx.all(
        _SELECT + " WHERE tenant_id = %(tenant)s AND funding_request_id = %(request)s ORDER BY id",
        {"tenant": tx.tenant_id, "request": funding_request_id},
        row=FundingEvent,
    )


def announce(tx: Tx, event_type: str, event: FundingEvent, **more: object) -> None:
    """Audit and publish what happened to a request."""
    data = {
        "event_id": event.id,
        "funding_request_id": event.funding_request_id,
        "legal_entity_id": event.legal_entity_id,
        "rail": event.rail,
        "amount_minor": event.amount_minor,
        "currency": event.currency,
        "final_at": event.final_at.isoformat() if event.final_at else None,
        "return_code": event.return_code,
        **more,
    }
    audit.record(tx, type=event_type, data=data)
    messaging.publish(
        tx, event_type=event_type, aggregate_type="funding_request", aggregate_id=event.funding_request_id, payload=data
    )


def not_to_come(tx: Tx, at: datetime | None) -> datetime:
    """The instant, where it has passed on the tenant's clock; now where none is given. Raises Unprocessable."""
    now = tx.now()
    if at is not None and at > now:
        raise Unprocessable(f"{at.isoformat()} is still to come: record it when it has happened")
    return at or now
