"""The bank takes funding back: before it was final nothing of it had been promised; afterwards it is clawed back.

What the client's funds still hold pays for it. Where that is too little, payments that are reserved and not sent lose
their money (by policy), the newest first: the pay gate judges them again. What is missing even so has been paid out: the
client owes it (RETURNS_RECEIVABLE), and the next money that comes in pays it before anything else can reserve it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from headgate import cases, ledger
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding import book, events, requests, settings
from headgate.funding.errors import EventDiffers, FundsNotPostable, InvalidRequest
from headgate.funding.request_model import FundingEvent


def record_returned(
    tx: Tx,
    *,
    of_event_id: str,
    provider: str,
    external_trace_id: str,
    return_code: str,
    returned_at: datetime | None = None,
    reference: str | None = None,
) -> FundingEvent:
    """The bank took back the money of an event, whole, with its code (as R01). The same return counts once.

    `reference` is what the bank's line of it carries. Opens a case, high where the money had
    been final. Raises NoSuchEvent, InvalidRequest, EventDiffers, Unprocessable (a time to come), FundsNotPostable.
    """
    original = events.get_event(tx, of_event_id)
    request = requests.lock(tx, [original.funding_request_id])[0]
    if original.kind == "returned":
        raise InvalidRequest(f"{of_event_id} is a return itself; name the event whose money came back")
    if not provider or not external_trace_id or not return_code:
        raise InvalidRequest("a return names its provider, its trace and its code")
    known = _return_of(tx, original.id)
    if known:
        if (known.provider, known.external_trace_id, known.return_code) != (provider, external_trace_id, return_code):
            raise EventDiffers(
                f"{of_event_id} was returned before, by {known.provider} {known.external_trace_id[:60]}",
                event_id=known.id,
            )
        return known
    at = events.not_to_come(tx, returned_at)
    if at < original.settled_at:
        raise InvalidRequest(f"{at.isoformat()} is before {of_event_id} settled: a return comes after it")
    event_id = ids.new("fev")
    was_final = original.return_deadline_at is None or _is_final(tx, original.id)
    if was_final:
        transaction, clawed = _take_back(tx, original, event_id, return_code, reference)
        owed = original.amount - clawed
    else:
        clawed = owed = Money(0, original.currency)
        moves = [("funding.debit.returned", original.amount)]
        transaction = _post(tx, original, event_id, return_code, moves, at, reference)
    tx.run(
        """
        INSERT INTO funding.events
               (tenant_id, id, funding_request_id, legal_entity_id, kind, rail, provider, external_trace_id,
                amount_minor, currency, settled_at, of_event_id, return_code, transaction_id, clawed_minor,
                receivable_minor)
        VALUES (%(tenant)s, %(id)s, %(request)s, %(entity)s, 'returned', %(rail)s, %(provider)s, %(trace)s, %(amount)s,
                %(currency)s, %(at)s, %(original)s, %(code)s, %(transaction)s, %(clawed)s, %(owed)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": event_id,
            "request": request.id,
            "entity": original.legal_entity_id,
            "rail": original.rail,
            "provider": provider,
            "trace": external_trace_id,
            "amount": original.amount_minor,
            "currency": original.currency,
            "at": at,
            "original": original.id,
            "code": return_code,
            "transaction": transaction,
            "clawed": clawed.minor,
            "owed": owed.minor,
        },
    )
    requests.refresh(tx, request)
    event = events.get_event(tx, event_id)
    events.announce(
        tx, "funding.request.returned", event, clawed_minor=clawed.minor, receivable_minor=owed.minor, late=was_final
    )
    cases.open_case(
        tx,
        key=f"funding_returned:{original.id}",
        category="funding_returned",
        subcategory=return_code,
        severity="high" if was_final else "medium",
        detail={
            "funding_request_id": request.id,
            "event_id": event.id,
            "legal_entity_id": event.legal_entity_id,
            "amount_minor": event.amount_minor,
            "clawed_minor": clawed.minor,
            "receivable_minor": owed.minor,
            "currency": event.currency,
            "next": _next(was_final, owed),
        },
    )
    return event


def _take_back(
    tx: Tx, original: FundingEvent, event_id: str, return_code: str, reference: str | None
) -> tuple[int, Money]:
    """Post the late return: out of what the client's funds still hold, and what is missing as owed; how much they held.

    It is booked when it is recorded, not before: what the account held in between has been spent. Where the book refuses
    even so (later legs of the day stand before it), all of it is owed at first, and recovered as soon as may be.
    """
    nothing = Money(0, original.currency)
    clawed = _available_for(tx, original)
    for part in dict.fromkeys((clawed, nothing)):
        moves = [("funding.return.clawed_back", part), ("funding.return.owed", original.amount - part)]
        try:
            with tx.savepoint():
                posted = [one for one in moves if one[1]]
                return _post(tx, original, event_id, return_code, posted, None, reference), part
        except FundsNotPostable:
            if not part:
                raise
    raise AssertionError("posted or raised")


def _post(
    tx: Tx,
    original: FundingEvent,
    event_id: str,
    return_code: str,
    moves: Sequence[tuple[str, Money]],
    effective_at: datetime | None,
    reference: str | None,
) -> int:
    return book.move(
        tx,
        key=f"funding:{event_id}:returned",
        moves=moves,
        legal_entity_id=original.legal_entity_id,
        source_type="funding_event",
        source_id=event_id,
        description=f"Funding returned, {return_code}",
        effective_at=effective_at,
        reference=reference,
    )


def _next(was_final: bool, owed: Money) -> str:
    if owed:
        return "the money had been paid out: ask the client for a wire; what comes in pays this first"
    if was_final:
        return "the client's funds gave it back; payrolls that counted on it are judged again"
    return "nothing had counted on it yet; ask the client for the money again"


def _available_for(tx: Tx, original: FundingEvent) -> Money:
    """What the client's funds give back of it now: what is available, and by policy what unsent payments hold."""
    policy = settings.clawback(tx, legal_entity_id=original.legal_entity_id)
    account = ledger.account_for(tx, "CLIENT_FUNDS", original.currency, legal_entity_id=original.legal_entity_id)
    if policy == "none" or account.status != "open":
        return Money(0, original.currency)
    available = ledger.balance(tx, account.id).available
    if policy == "available_then_reserved" and available < original.amount:
        lacks = (original.amount - available).minor
        held = tx.all(
            """
            SELECT id, remaining_minor
              FROM ledger.reservations
             WHERE tenant_id = %(tenant)s AND account_id = %(account)s AND status = 'active' AND reserve_type = 'payment'
             ORDER BY id DESC
            """,
            {"tenant": tx.tenant_id, "account": account.id},
        )
        pulled: list[int] = []
        for row in held:
            if lacks <= 0:
                break
            pulled.append(row["id"])
            lacks -= row["remaining_minor"]
        ledger.release_many(tx, sorted(pulled))
        available = ledger.balance(tx, account.id).available
    return min(max(available, Money(0, original.currency)), original.amount)


def _is_final(tx: Tx, event_id: str) -> bool:
    return bool(
        tx.value(
            "SELECT true FROM funding.finalisations WHERE tenant_id = %(tenant)s AND event_id = %(id)s",
            {"tenant": tx.tenant_id, "id": event_id},
        )
    )


def _return_of(tx: Tx, event_id: str) -> FundingEvent | None:
    found = tx.value(
        "SELECT id FROM funding.events WHERE tenant_id = %(tenant)s AND of_event_id = %(id)s",
        {"tenant": tx.tenant_id, "id": event_id},
    )
    return events.get_event(tx, found) if found else None
