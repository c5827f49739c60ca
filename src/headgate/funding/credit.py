"""Credit lines: how much of the tenant's own settled money a client may be lent, and what of it is drawn.

An undrawn line opens no gate. A drawing posts money that is there, from OWN_FUNDS into the client's funds, as another
person approved; from then on it is the client's, and counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from headgate import audit, cases, messaging
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding import book
from headgate.funding.errors import CreditExceeded, InvalidSetting, MoveDiffers
from headgate.tenants import legal_entity

LINE_ACTION = "funding.credit_line.change"
DRAW_ACTION = "funding.credit.draw"


@dataclass(frozen=True, slots=True)
class CreditStanding:
    """A legal entity's line as it stands: `limit` is zero where none is in force."""

    legal_entity_id: str
    limit: Money
    drawn: Money
    valid_until: datetime | None

    @property
    def free(self) -> Money:
        """What may still be drawn."""
        return Money(max(0, (self.limit - self.drawn).minor), self.limit.currency)


@dataclass(frozen=True, slots=True)
class CreditMove:
    """A drawing, or money paid back."""

    id: str
    legal_entity_id: str
    kind: Literal["drawn", "repaid"]
    amount_minor: int
    currency: str
    transaction_id: int
    approval_id: str | None
    moved_at: datetime

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def line_document(tx: Tx, *, legal_entity_id: str, limit: Money, valid_until: datetime) -> dict[str, Any]:
    """The document that another person approves before `set_credit_line`. Raises InvalidSetting, NotFound."""
    if limit.minor < 0 or valid_until <= tx.now():
        raise InvalidSetting("a credit line is not negative, and ends at a time that is still to come")
    return {
        "legal_entity_id": legal_entity(tx, legal_entity_id).id,
        "limit_minor": limit.minor,
        "currency": limit.currency,
        "valid_until": valid_until.isoformat(),
    }


def set_credit_line(
    tx: Tx, *, legal_entity_id: str, limit: Money, valid_until: datetime, reason: str, approval_id: str
) -> CreditStanding:
    """Set a legal entity's credit line as another person approved; the newest counts. Nothing is drawn by it."""
    document = line_document(tx, legal_entity_id=legal_entity_id, limit=limit, valid_until=valid_until)
    cases.consume(tx, approval_id=approval_id, action=LINE_ACTION, document=document)
    tx.run(
        """
        INSERT INTO funding.credit_lines
               (tenant_id, id, legal_entity_id, currency, limit_minor, valid_from, valid_until, reason, approval_id)
        VALUES (%(tenant)s, %(id)s, %(entity)s, %(currency)s, %(limit)s, %(now)s, %(until)s, %(reason)s, %(approval)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("crl"),
            "entity": legal_entity_id,
            "currency": limit.currency,
            "limit": limit.minor,
            "now": tx.now(),
            "until": valid_until,
            "reason": reason,
            "approval": approval_id,
        },
    )
    audit.record(
        tx, type="funding.credit_line.changed", data={**document, "reason": reason, "approval_id": approval_id}
    )
    return credit_standing(tx, legal_entity_id=legal_entity_id, currency=limit.currency)


def draw_document(tx: Tx, *, legal_entity_id: str, amount: Money) -> dict[str, Any]:
    """The document that another person approves before `draw_credit`. Raises InvalidSetting, NotFound."""
    if amount.minor <= 0:
        raise InvalidSetting(f"{amount.format()} cannot be drawn; draw more than nothing")
    return {
        "legal_entity_id": legal_entity(tx, legal_entity_id).id,
        "amount_minor": amount.minor,
        "currency": amount.currency,
    }


def draw_credit(tx: Tx, *, idempotency_key: str, legal_entity_id: str, amount: Money, approval_id: str) -> CreditMove:
    """Post the tenant's own settled money into the client's funds, as another person approved. The same key draws once.

    Raises CreditExceeded (the line has less free), FundsNotPostable (the tenant has less of its own), MoveDiffers, and
    what `cases.consume` raises.
    """
    document = draw_document(tx, legal_entity_id=legal_entity_id, amount=amount)
    _queue(tx, legal_entity_id)
    known = _known(tx, idempotency_key, "drawn", legal_entity_id, amount)
    if known:
        return known
    standing = credit_standing(tx, legal_entity_id=legal_entity_id, currency=amount.currency)
    if standing.free < amount:
        raise CreditExceeded(
            f"{amount.format()} is more than the {standing.free.format()} that the credit line has free",
            limit_minor=standing.limit.minor,
            drawn_minor=standing.drawn.minor,
        )
    cases.consume(tx, approval_id=approval_id, action=DRAW_ACTION, document=document)
    return _move(tx, idempotency_key, "drawn", legal_entity_id, amount, approval_id)


def repay_credit(tx: Tx, *, idempotency_key: str, legal_entity_id: str, amount: Money) -> CreditMove:
    """The client's funds pay back what was drawn. The same key pays once.

    Raises CreditExceeded (less is drawn), FundsNotPostable (the client has less available), MoveDiffers.
    """
    draw_document(tx, legal_entity_id=legal_entity_id, amount=amount)
    _queue(tx, legal_entity_id)
    known = _known(tx, idempotency_key, "repaid", legal_entity_id, amount)
    if known:
        return known
    standing = credit_standing(tx, legal_entity_id=legal_entity_id, currency=amount.currency)
    if standing.drawn < amount:
        raise CreditExceeded(
            f"only {standing.drawn.format()} is drawn; {amount.format()} cannot be paid back",
            drawn_minor=standing.drawn.minor,
        )
    return _move(tx, idempotency_key, "repaid", legal_entity_id, amount, None)


def credit_standing(tx: Tx, *, legal_entity_id: str, currency: str) -> CreditStanding:
    """A legal entity's line in force, and what is drawn."""
    params = {"tenant": tx.tenant_id, "entity": legal_entity_id, "currency": currency, "now": tx.now()}
    line = tx.maybe(
        """
        SELECT limit_minor, valid_until
          FROM (SELECT limit_minor, valid_until
                  FROM funding.credit_lines
                 WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s AND currency = %(currency)s
                 ORDER BY id DESC
                 LIMIT 1) newest
         WHERE valid_until > %(now)s
        """,
        params,
    )
    drawn = tx.value(
        """
        SELECT coalesce(sum(CASE kind WHEN 'drawn' THEN amount_minor ELSE -amount_minor END), 0)::bigint
          FROM funding.credit_moves
         WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s AND currency = %(currency)s
        """,
        params,
    )
    return CreditStanding(
        legal_entity_id,
        Money(line["limit_minor"] if line else 0, currency),
        Money(drawn, currency),
        line["valid_until"] if line else None,
    )


def _queue(tx: Tx, legal_entity_id: str) -> None:
    """One drawing of a legal entity at a time, before any account is locked."""
    tx.run(
        "SELECT pg_advisory_xact_lock(hashtextextended('funding.credit:' || %(tenant)s || %(entity)s, 0))",
        {"tenant": str(tx.tenant_id), "entity": legal_entity_id},
    )


def _known(tx: Tx, key: str, kind: str, legal_entity_id: str, amount: Money) -> CreditMove | None:
    found = tx.maybe(
        """
        SELECT id, legal_entity_id, kind, amount_minor, currency, transaction_id, approval_id, moved_at
          FROM funding.credit_moves
         WHERE tenant_id = %(tenant)s AND idempotency_key = %(key)s
        """,
        {"tenant": tx.tenant_id, "key": key},
        row=CreditMove,
    )
    if found and (found.kind, found.legal_entity_id, found.amount) != (kind, legal_entity_id, amount):
        raise MoveDiffers(f"the key {key[:60]} stands for {found.id}, which {found.kind} {found.amount.format()}")
    return found


def _move(
    tx: Tx,
    key: str,
    kind: Literal["drawn", "repaid"],
    legal_entity_id: str,
    amount: Money,
    approval_id: str | None,
) -> CreditMove:
    move_id = ids.new("crm")
    event = "funding.credit.drawn" if kind == "drawn" else "funding.credit.repaid"
    transaction = book.move(
        tx,
        key=f"funding:{move_id}:{kind}",
        moves=[(event, amount)],
        legal_entity_id=legal_entity_id,
        source_type="funding_credit",
        source_id=move_id,
        description="Credit line drawn" if kind == "drawn" else "Credit line paid back",
    )
    tx.run(
        """
        INSERT INTO funding.credit_moves
               (tenant_id, id, idempotency_key, legal_entity_id, currency, kind, amount_minor, transaction_id, approval_id,
                moved_at)
        VALUES (%(tenant)s, %(id)s, %(key)s, %(entity)s, %(currency)s, %(kind)s, %(amount)s, %(transaction)s,
                %(approval)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": move_id,
            "key": key,
            "entity": legal_entity_id,
            "currency": amount.currency,
            "kind": kind,
            "amount": amount.minor,
            "transaction": transaction,
            "approval": approval_id,
            "now": tx.now(),
        },
    )
    data = {
        "credit_move_id": move_id,
        "legal_entity_id": legal_entity_id,
        "amount_minor": amount.minor,
        "currency": amount.currency,
        "approval_id": approval_id,
    }
    audit.record(tx, type=event, data=data)
    messaging.publish(tx, event_type=event, aggregate_type="credit_line", aggregate_id=legal_entity_id, payload=data)
    found = _known(tx, key, kind, legal_entity_id, amount)
    assert found is not None, "it was written in this transaction"
    return found
