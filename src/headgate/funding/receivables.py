"""What clients owe because funding came back after it was paid out: later money pays it before anything can reserve it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from headgate import audit, ledger
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding import book
from headgate.funding.errors import FundsNotPostable


@dataclass(frozen=True, slots=True)
class Receivable:
    """What is still owed for one late return."""

    event_id: str
    funding_request_id: str
    legal_entity_id: str
    currency: str
    return_code: str
    owed_minor: int
    since: datetime

    @property
    def owed(self) -> Money:
        return Money(self.owed_minor, self.currency)


def list_receivables(tx: Tx, *, legal_entity_id: str | None = None, currency: str | None = None) -> list[Receivable]:
    """What clients owe now, the oldest first."""
    return tx.all(
        """
        SELECT event_id, funding_request_id, legal_entity_id, currency, return_code, owed_minor, since
          FROM funding.receivables
         WHERE tenant_id = %(tenant)s AND owed_minor > 0
           AND (%(entity)s::text IS NULL OR legal_entity_id = %(entity)s)
           AND (%(currency)s::text IS NULL OR currency = %(currency)s)
         ORDER BY event_id
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id, "currency": currency},
        row=Receivable,
    )


def recover(tx: Tx, *, legal_entity_id: str, currency: str) -> Money:
    """Take what a client owes from what is available of its funds, the oldest first; how much was taken.

    The key of each posting is derived from what was recovered before, so that two who recover at once recover once.
    """
    taken = Money(0, currency)
    while owing := list_receivables(tx, legal_entity_id=legal_entity_id, currency=currency):
        account = ledger.account_for(tx, "CLIENT_FUNDS", currency, legal_entity_id=legal_entity_id)
        amount = min(owing[0].owed, ledger.balance(tx, account.id).available, key=lambda money: money.minor)
        if amount.minor <= 0 or account.status != "open":
            break
        try:
            with tx.savepoint():
                taken += _recover(tx, owing[0], amount)
        except ledger.IdempotencyConflict:
            continue  # Somebody else took another amount meanwhile: look again.
        except FundsNotPostable:
            break  # Somebody reserved it between our look and the book's lock.
    return taken


def _recover(tx: Tx, owed: Receivable, amount: Money) -> Money:
    number = 1 + int(
        tx.value(
            "SELECT count(*) FROM funding.recoveries WHERE tenant_id = %(tenant)s AND return_event_id = %(event)s",
            {"tenant": tx.tenant_id, "event": owed.event_id},
        )
    )
    transaction = book.move(
        tx,
        key=f"funding:{owed.event_id}:recovered:{number}",
        moves=[("funding.receivable.recovered", amount)],
        legal_entity_id=owed.legal_entity_id,
        source_type="funding_event",
        source_id=owed.event_id,
        description="Client paid what it owed for returned funding",
    )
    is_ours = tx.touched(
        """
        INSERT INTO funding.recoveries (tenant_id, id, return_event_id, amount_minor, transaction_id, recovered_at)
        VALUES (%(tenant)s, %(id)s, %(event)s, %(amount)s, %(transaction)s, %(now)s)
            ON CONFLICT (tenant_id, transaction_id) DO NOTHING
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("rec"),
            "event": owed.event_id,
            "amount": amount.minor,
            "transaction": transaction,
            "now": tx.now(),
        },
    )
    if not is_ours:
        return Money(0, amount.currency)
    audit.record(
        tx,
        type="funding.receivable.recovered",
        data={"event_id": owed.event_id, "amount_minor": amount.minor, "currency": amount.currency},
    )
    return amount
