"""Funding requests: the intent. Asking twice under one key asks once; a payroll has one, whatever the gate says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from headgate import audit, messaging
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Conflict
from headgate.core.money import Money
from headgate.funding import rail_offers, references
from headgate.funding.errors import InvalidRequest, NoSuchRequest, RequestDiffers
from headgate.funding.model import Reason
from headgate.funding.request_model import FundingRail, FundingRequest, RailOffer, RequestStatus, status_of
from headgate.tenants import legal_entity

_SELECT: LiteralString = """
    SELECT r.id, r.idempotency_key, r.legal_entity_id, r.subject, r.rail, r.profile, r.amount_minor, r.asked_minor,
           r.currency, r.due_on, r.instructions, r.status, r.block_reason, r.created_at, r.changed_at,
           m.received_minor, m.held_minor, m.was_returned
      FROM funding.requests r
     CROSS JOIN LATERAL (
           SELECT coalesce(sum(CASE WHEN e.kind = 'returned' THEN -e.amount_minor ELSE e.amount_minor END), 0)::bigint
                  AS received_minor,
                  coalesce(bool_or(e.kind = 'returned'), false) AS was_returned,
                  coalesce((SELECT sum(p.held_minor) FROM funding.provisional p
                             WHERE p.tenant_id = r.tenant_id AND p.funding_request_id = r.id), 0)::bigint AS held_minor
             FROM funding.events e
            WHERE e.tenant_id = r.tenant_id AND e.funding_request_id = r.id) m
"""

_WORDS: dict[FundingRail, str] = {
    "ach_debit": "We debit your bank account by ACH.",
    "inbound_wire": "Wire the amount and write the reference into the wire's text.",
    "drawdown": "Your bank is sent a drawdown request; have it approve the request.",
    "fednow_rfp": "Approve the request for payment in your bank's app (FedNow).",
    "rtp_rfp": "Approve the request for payment in your bank's app (RTP).",
    "book": "Transfer the amount from your account with us.",
}


def request_funding(
    tx: Tx, *, idempotency_key: str, legal_entity_id: str, amount: Money, rail: FundingRail, due_on: date
) -> FundingRequest:
    """Ask a client for money, by a day, over a rail of its bank profile. The same key and facts ask once.

    Raises NotFound, InvalidRequest, RailUnavailable naming the profile and its rails, RequestDiffers.
    """
    legal_entity(tx, legal_entity_id)
    if amount.minor <= 0:
        raise InvalidRequest(f"{amount.format()} cannot be asked for; ask for more than nothing")
    if not 1 <= len(idempotency_key) <= 255:
        raise InvalidRequest("an idempotency key has 1 to 255 characters")
    offer = rail_offers.require_rail(tx, legal_entity_id=legal_entity_id, rail=rail)
    made, is_new = _make(
        tx,
        key=idempotency_key,
        subject=None,
        legal_entity_id=legal_entity_id,
        amount=amount,
        asked=amount,
        rail=rail,
        offer=offer,
        due_on=due_on,
        block_reason=None,
    )
    given = (legal_entity_id, amount, rail, due_on)
    if (made.legal_entity_id, made.amount, made.rail, made.due_on) != given or made.subject is not None:
        raise RequestDiffers(
            f"the key {idempotency_key[:60]} stands for {made.id} with other facts", funding_request_id=made.id
        )
    if is_new:
        messaging.publish(
            tx,
            event_type="funding.request.created",
            aggregate_type="funding_request",
            aggregate_id=made.id,
            payload=facts(made),
        )
    return made


def cancel_request(tx: Tx, *, funding_request_id: str, reason: str) -> FundingRequest:
    """Ask no more for it; twice is once.

    Raises NoSuchRequest, InvalidRequest without a reason, Conflict (money came, or its debit is with the bank).
    """
    if not 1 <= len(reason.strip()) <= 500:
        raise InvalidRequest("a reason has 1 to 500 characters: say why it is asked for no more")
    found = lock(tx, [funding_request_id])[0]
    if found.status == "cancelled":
        return found
    if found.received_minor:
        raise Conflict(f"{found.received.format()} has come for {found.id}: it cannot be cancelled any more")
    if found.rail == "ach_debit" and found.status == "submitted":
        raise Conflict(
            f"the debit of {found.id} is with the bank: what it brings can be sent back, but not stopped here"
        )
    tx.run(
        """
        UPDATE funding.requests SET status = 'cancelled', changed_at = %(now)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": found.id, "now": tx.now()},
    )
    audit.record(tx, type="funding.request.cancelled", data={"funding_request_id": found.id, "reason": reason.strip()})
    return get_request(tx, found.id)


def mark_submitted(tx: Tx, *, funding_request_id: str) -> FundingRequest:
    """The debit or the request for payment has gone to the bank; nothing has settled yet. Raises NoSuchRequest."""
    return _move(tx, funding_request_id, before="requested", after="submitted")


def mark_refused(tx: Tx, *, funding_request_id: str) -> FundingRequest:
    """The bank took nothing of what was submitted: the money is asked for as before. Raises NoSuchRequest."""
    return _move(tx, funding_request_id, before="submitted", after="requested")


def debits_wanted(tx: Tx) -> list[FundingRequest]:
    """The requests whose money a debit may bring now, locked, what is due first coming first."""
    wanted = tx.values(
        """
        SELECT id FROM funding.requests
         WHERE tenant_id = %(tenant)s AND rail = 'ach_debit' AND status IN ('requested', 'partially_funded')
        """,
        {"tenant": tx.tenant_id},
    )
    found = [one for one in lock(tx, wanted) if one.status in ("requested", "partially_funded")]
    return sorted((one for one in found if one.asked_minor > one.received_minor), key=lambda one: (one.due_on, one.id))


def asks_wanted(tx: Tx) -> list[FundingRequest]:
    """The requests whose client's bank may be asked for the money now, locked, what is due first coming first."""
    wanted = tx.values(
        """
        SELECT id FROM funding.requests
         WHERE tenant_id = %(tenant)s AND rail IN ('drawdown', 'fednow_rfp', 'rtp_rfp')
           AND status IN ('requested', 'partially_funded')
        """,
        {"tenant": tx.tenant_id},
    )
    found = [one for one in lock(tx, wanted) if one.status in ("requested", "partially_funded")]
    return sorted((one for one in found if one.asked_minor > one.received_minor), key=lambda one: (one.due_on, one.id))


def _move(tx: Tx, funding_request_id: str, *, before: RequestStatus, after: RequestStatus) -> FundingRequest:
    found = lock(tx, [funding_request_id])[0]
    if found.status != before:
        return found
    tx.run(
        """
        UPDATE funding.requests SET status = %(after)s, changed_at = %(now)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": found.id, "now": tx.now(), "after": after},
    )
    event = "funding.request.submitted" if after == "submitted" else "funding.request.refused"
    audit.record(tx, type=event, data={"funding_request_id": found.id})
    return get_request(tx, found.id)


def get_requests(tx: Tx, funding_request_ids: Collection[str]) -> dict[str, FundingRequest]:
    """These requests with what came for each, by their ids; an id that nothing has is left out."""
    rows = tx.all(
        _SELECT + " WHERE r.tenant_id = %(tenant)s AND r.id = ANY(%(ids)s)",
        {"tenant": tx.tenant_id, "ids": list(funding_request_ids)},
        row=FundingRequest,
    )
    return {row.id: row for row in rows}


def get_request(tx: Tx, funding_request_id: str) -> FundingRequest:
    """One request with what came for it. Raises NoSuchRequest."""
    found = get_requests(tx, [funding_request_id]).get(funding_request_id)
    if found is None:
        raise NoSuchRequest(
            f"there is no funding request {funding_request_id[:40]}", funding_request_id=funding_request_id[:40]
        )
    return found


def list_requests(
    tx: Tx,
    *,
    legal_entity_id: str | None = None,
    status: str | None = None,
    subject: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[FundingRequest]:
    """Requests, the newest first."""
    return tx.all(
        _SELECT
        + """
         WHERE r.tenant_id = %(tenant)s
           AND (%(entity)s::text IS NULL OR r.legal_entity_id = %(entity)s)
           AND (%(status)s::text IS NULL OR r.status = %(status)s)
           AND (%(subject)s::text IS NULL OR r.subject = %(subject)s)
           AND (%(after)s::text IS NULL OR r.id < %(after)s)
         ORDER BY r.id DESC
         LIMIT %(limit)s
        """,
        {
            "tenant": tx.tenant_id, "entity": legal_entity_id, "status": status, "subject": subject, "after": after,
            "limit": limit,
        },
        row=FundingRequest,
    )  # fmt: skip


def lock(tx: Tx, funding_request_ids: Collection[str]) -> list[FundingRequest]:
    """These requests, locked in the order of their ids, as they stand then. Raises NoSuchRequest.

    A request is locked before any account of the book is: whoever settles, judges or returns queues here.
    """
    tx.run(
        """
        SELECT FROM funding.requests WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "ids": sorted(set(funding_request_ids))},
    )
    return [get_request(tx, one) for one in sorted(set(funding_request_ids))]


def lock_requests(tx: Tx, funding_request_ids: Collection[str]) -> None:
    """Lock these requests: for a caller who settles or returns several, before it does the first. Raises NoSuchRequest."""
    lock(tx, funding_request_ids)


def lock_waiting(tx: Tx, pairs: Collection[tuple[str, str]]) -> list[FundingRequest]:
    """The requests that wait for money of these (legal entity, currency), locked; what is due first comes first."""
    waiting = tx.values(
        """
        SELECT r.id
          FROM unnest(%(entities)s::text[], %(currencies)s::text[]) AS w (legal_entity_id, currency)
          JOIN funding.requests r
            ON r.tenant_id = %(tenant)s AND r.legal_entity_id = w.legal_entity_id AND r.currency = w.currency
         WHERE r.status IN ('requested', 'submitted', 'partially_funded', 'returned')
        """,
        {
            "tenant": tx.tenant_id,
            "entities": [entity for entity, _ in pairs],
            "currencies": [currency for _, currency in pairs],
        },
    )
    if not waiting:
        return []
    return sorted((one for one in lock(tx, waiting) if one.waits), key=lambda one: (one.due_on, one.id))


def lock_subjects(tx: Tx, subjects: Collection[str]) -> None:
    """Lock the requests of these payrolls: for a caller who lets the gate judge several, before it judges the first."""
    tx.run(
        """
        SELECT FROM funding.requests
         WHERE tenant_id = %(tenant)s AND subject = ANY(%(subjects)s)
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "subjects": sorted(set(subjects))},
    )


def lock_of_subject(tx: Tx, subject: str) -> FundingRequest | None:
    """The request of a payroll, locked, where there is one."""
    found = tx.value(
        "SELECT id FROM funding.requests WHERE tenant_id = %(tenant)s AND subject = %(subject)s",
        {"tenant": tx.tenant_id, "subject": subject},
    )
    return lock(tx, [found])[0] if found else None


def judged(
    tx: Tx,
    known: FundingRequest | None,
    *,
    subject: str,
    legal_entity_id: str,
    required: Money,
    shortfall: Money,
    due_on: date,
    reason: Reason | None,
) -> str:
    """The request of a payroll that the gate has judged: made where it is new; it asks for what lacks now."""
    if known is None:
        offer = rail_offers.offered_rails(tx, legal_entity_id=legal_entity_id)
        known, _ = _make(
            tx,
            key=f"payroll:{subject}",
            subject=subject,
            legal_entity_id=legal_entity_id,
            amount=required,
            asked=min(shortfall, required, key=lambda money: money.minor),
            rail=offer.default_rail,
            offer=offer,
            due_on=due_on,
            block_reason=reason,
        )
        return known.id
    asked = min(known.amount_minor, known.received_minor + shortfall.minor)
    if asked != known.asked_minor or reason != known.block_reason:
        refresh(tx, known, asked=Money(asked, known.currency), reason=reason)
    return known.id


def refresh(
    tx: Tx, known: FundingRequest, *, asked: Money | None = None, reason: Reason | None = None
) -> FundingRequest:
    """Bring a locked request's status up to what stands in its events, and what is asked for up to what lacks."""
    now = get_request(tx, known.id)
    wanted = now.asked if asked is None else asked
    status = status_of(
        asked=wanted.minor,
        received=now.received_minor,
        held=now.held_minor,
        was_returned=now.was_returned,
        before=now.status,
    )
    tx.run(
        """
        UPDATE funding.requests
           SET status = %(status)s, asked_minor = %(asked)s, instructions = %(instructions)s,
               block_reason = %(reason)s, changed_at = %(now)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {
            "tenant": tx.tenant_id,
            "id": now.id,
            "status": status,
            "asked": wanted.minor,
            "instructions": Jsonb({**now.instructions, "amount": _amount(wanted)}),
            "reason": reason if asked is not None else now.block_reason,
            "now": tx.now(),
        },
    )
    return get_request(tx, now.id)


def facts(request: FundingRequest) -> dict[str, object]:
    """What audit and messages say of a request."""
    return {
        "funding_request_id": request.id,
        "legal_entity_id": request.legal_entity_id,
        "subject": request.subject,
        "rail": request.rail,
        "amount_minor": request.amount_minor,
        "asked_minor": request.asked_minor,
        "currency": request.currency,
        "due_on": request.due_on.isoformat(),
        "status": request.status,
        "block_reason": request.block_reason,
    }


def _make(
    tx: Tx,
    *,
    key: str,
    subject: str | None,
    legal_entity_id: str,
    amount: Money,
    asked: Money,
    rail: FundingRail,
    offer: RailOffer,
    due_on: date,
    block_reason: Reason | None,
) -> tuple[FundingRequest, bool]:
    made = tx.value(
        """
        INSERT INTO funding.requests
               (tenant_id, id, idempotency_key, legal_entity_id, subject, rail, profile, amount_minor, asked_minor,
                currency, due_on, instructions, status, block_reason, created_at, changed_at)
        VALUES (%(tenant)s, %(id)s, %(key)s, %(entity)s, %(subject)s, %(rail)s, %(profile)s, %(amount)s, %(asked)s,
                %(currency)s, %(due_on)s, %(instructions)s, %(status)s, %(reason)s, %(now)s, %(now)s)
            ON CONFLICT (tenant_id, idempotency_key) DO NOTHING
        RETURNING id
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("freq"),
            "key": key,
            "entity": legal_entity_id,
            "subject": subject,
            "rail": rail,
            "profile": offer.profile,
            "amount": amount.minor,
            "asked": asked.minor,
            "currency": amount.currency,
            "due_on": due_on,
            "instructions": Jsonb(_instructions(tx, legal_entity_id, rail, asked, due_on)),
            "status": "requested" if asked else "covered",
            "reason": block_reason,
            "now": tx.now(),
        },
    )
    if made is None:
        standing = tx.value(
            "SELECT id FROM funding.requests WHERE tenant_id = %(tenant)s AND idempotency_key = %(key)s",
            {"tenant": tx.tenant_id, "key": key},
        )
        return get_request(tx, standing), False
    found = get_request(tx, made)
    audit.record(tx, type="funding.request.created", data=facts(found))
    return found, True


def _instructions(tx: Tx, legal_entity_id: str, rail: FundingRail, asked: Money, due_on: date) -> Mapping[str, Any]:
    """What the client is to do: amount, day, reference and words."""
    return {
        "amount": _amount(asked),
        "due_on": due_on.isoformat(),
        "reference": references.payer_reference(tx, legal_entity_id=legal_entity_id),
        "text": _WORDS[rail],
    }


def _amount(money: Money) -> dict[str, object]:
    return {"minor": money.minor, "currency": money.currency}
