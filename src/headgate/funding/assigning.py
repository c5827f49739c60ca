"""Money of an unknown payer becomes a client's, once two people say whose it is.

    came in       CASH → SUSPENSE
    assigned      SUSPENSE → CLIENT_FUNDS

From then on it is as money that named its client: it pays what the client owes, and what waits for it is given it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from headgate import audit, cases, messaging
from headgate.core.db import Tx
from headgate.core.errors import NotFound
from headgate.funding import book, events, queries, receivables, references, requests
from headgate.funding.deposits import case_key
from headgate.funding.errors import DepositAssigned, InvalidAssignment
from headgate.funding.model import Deposit
from headgate.tenants import legal_entity

ACTION = "funding.deposit.assign"


def request_assignment(tx: Tx, *, deposit_id: str, legal_entity_id: str, reason: str) -> cases.Approval:
    """Ask another person to say with you whose money a deposit is; nothing moves yet.

    Raises NoSuchDeposit, NotFound, DepositAssigned.
    """
    found = _unknown(tx, deposit_id)
    document = _document(found, legal_entity(tx, legal_entity_id).id)
    return cases.request(tx, action=ACTION, subject=found.id, document=document, reason=reason)


def assign_deposit(tx: Tx, *, approval_id: str) -> Deposit:
    """Give a deposit to the legal entity that two people named, once, and end the case that asked whose it is.

    Raises NoSuchApproval, InvalidAssignment, DepositAssigned, FundsNotPostable, and what `cases.consume` raises.
    """
    asked = cases.get_approval(tx, approval_id)
    if asked.action != ACTION:
        raise InvalidAssignment(f"{approval_id} allows {asked.action}, and says of no deposit whose it is")
    entity = str(asked.payload["legal_entity_id"])
    # Two who assign the same deposit queue here, before any request or account is locked.
    tx.run(
        "SELECT pg_advisory_xact_lock(hashtextextended('funding.deposit:' || %(tenant)s || %(deposit)s, 0))",
        {"tenant": str(tx.tenant_id), "deposit": asked.subject},
    )
    found = _unknown(tx, asked.subject)
    cases.consume(tx, approval_id=approval_id, action=ACTION, document=_document(found, entity))
    waiting = requests.lock_waiting(tx, [(entity, found.currency)])
    transaction = book.move(
        tx,
        key=f"funding:{found.id}:assigned",
        moves=[("funding.deposit.assigned", found.amount)],
        legal_entity_id=entity,
        source_type="deposit",
        source_id=found.id,
        description="Deposit of an unknown payer assigned",
    )
    _write(tx, found, entity, asked, transaction)
    events.apply_deposits(tx, [replace(found, legal_entity_id=entity, transaction_id=transaction)], waiting)
    receivables.recover(tx, legal_entity_id=entity, currency=found.currency)
    cases.end_answered(tx, keys=[case_key(found)], resolution=f"it is the money of {entity}: {asked.reason}")
    return queries.deposit(tx, found.id)


def entity_named(tx: Tx, text: str) -> str:
    """The legal entity that a person names, by its id or by one of its payer references. Raises NotFound."""
    word = text.strip()
    if word.startswith("le_"):
        return legal_entity(tx, word).id
    found = references.known(tx, [word.upper()]).get(word.upper())
    if found is None:
        raise NotFound(f"'{word[:40]}' names no client: give its id, as le_…, or a payer reference of it")
    return found


def _unknown(tx: Tx, deposit_id: str) -> Deposit:
    found = queries.deposit(tx, deposit_id)
    if found.legal_entity_id is not None:
        raise DepositAssigned(
            f"deposit {found.id} is the money of {found.legal_entity_id} already; nothing moved",
            deposit_id=found.id,
            legal_entity_id=found.legal_entity_id,
        )
    return found


def _document(deposit: Deposit, legal_entity_id: str) -> dict[str, Any]:
    return {
        "deposit_id": deposit.id,
        "legal_entity_id": legal_entity_id,
        "amount_minor": deposit.amount_minor,
        "currency": deposit.currency,
    }


def _write(tx: Tx, deposit: Deposit, entity: str, asked: cases.Approval, transaction: int) -> None:
    tx.run(
        """
        INSERT INTO funding.deposit_assignments
               (tenant_id, deposit_id, legal_entity_id, reason, approval_id, transaction_id, assigned_at)
        VALUES (%(tenant)s, %(deposit)s, %(entity)s, %(reason)s, %(approval)s, %(transaction)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "deposit": deposit.id,
            "entity": entity,
            "reason": asked.reason,
            "approval": asked.id,
            "transaction": transaction,
            "now": tx.now(),
        },
    )
    data = {**_document(deposit, entity), "approval_id": asked.id, "transaction_id": transaction}
    audit.record(tx, type="funding.deposit.assigned", data={**data, "reason": asked.reason})
    messaging.publish(
        tx,
        event_type="funding.deposit.assigned",
        aggregate_type="deposit",
        aggregate_id=deposit.id,
        payload=data,
    )
