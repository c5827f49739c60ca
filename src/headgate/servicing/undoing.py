"""Take a payment back, once: its lines and its entries are reversed, and what came after it is folded as if it never was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from headgate import audit, cases, messaging
from headgate.core.db import Tx
from headgate.rails import return_codes
from headgate.servicing import book, writing
from headgate.servicing.errors import InvalidPayment, NoSuchPayment
from headgate.servicing.loading import Loaded, load, lock_loans
from headgate.servicing.model import CHARGES_AFTER
from headgate.servicing.writing import Change

NSF: Final = ("R01", "R09")
"""Return codes that say that there was not enough money: a fee may be charged, once for each presentment."""


@dataclass(frozen=True, slots=True)
class Undone:
    """A payment that was taken back; `replayed`: it had been before. `fee_instalment_no` is the charge made for it."""

    payment_id: str
    loan_id: str
    reason: str
    code: str | None
    undone_on: date
    fee_instalment_no: int | None
    replayed: bool = False


def undo_payment(
    tx: Tx,
    *,
    payment_id: str,
    reason: str,
    code: str | None = None,
    undone_on: date | None = None,
    return_id: str | None = None,
) -> Undone:
    """Take a payment back: dues are owed again, later payments are folded again, and the book shows only the differences.

    A second time gives what was done the first time. A fee for insufficient funds is charged where the payment's policy has
    one. Raises NoSuchPayment, InvalidPayment where no reason is given, NotPostable.
    """
    if not reason.strip():
        raise InvalidPayment("say why the payment is taken back")
    row = tx.maybe("SELECT loan_id FROM servicing.payments WHERE id = %(id)s", {"id": payment_id})
    if row is None:
        raise NoSuchPayment(f"there is no payment {payment_id[:40]} of a loan", payment_id=payment_id[:40])
    loan = next(iter(lock_loans(tx, [row["loan_id"]]).values()))
    known = tx.maybe(
        """
        SELECT u.payment_id, p.loan_id, u.reason, u.code, u.undone_on, u.fee_instalment_no, true AS replayed
          FROM servicing.undoings u
          JOIN servicing.payments p ON p.tenant_id = u.tenant_id AND p.id = u.payment_id
         WHERE u.payment_id = %(id)s
        """,
        {"id": payment_id},
        row=Undone,
    )
    if known is not None:
        return known
    loaded = load(tx, [loan], whole=[loan.id])[loan.id]
    on = undone_on or loaded.today
    fee = _charge_fee(tx, loaded, payment_id, code, on)
    if fee is not None:
        loaded = load(tx, [loan], whole=[loan.id])[loan.id]
    _mark(tx, payment_id, reason, code, on, return_id, fee)
    _take_back(tx, payment_id, reason)
    receipts = [receipt for receipt in loaded.receipts if receipt.id != payment_id]
    writing.write(tx, [Change(loaded, loaded.fold(receipts), {}, undone=(payment_id,))])
    _tell(tx, payment_id, loan.id, reason, code)
    return Undone(payment_id, loan.id, reason, code, on, fee)


def undo_for_return(tx: Tx, *, return_id: str, payment_id: str) -> None:
    """Do what a return says, with its case where its rule asks for one."""
    row = tx.one(
        "SELECT code, action, severity, returned_on FROM servicing.returns WHERE id = %(id)s", {"id": return_id}
    )
    known = return_codes().get(row["code"])
    reason = known.title if known else row["code"]
    undone = undo_payment(
        tx, payment_id=payment_id, reason=reason, code=row["code"], undone_on=row["returned_on"], return_id=return_id
    )
    is_dispute = row["action"] == "dispute"
    cases.open_case(
        tx,
        key=f"loan_return:{return_id}",
        category="unauthorized_dispute" if is_dispute else "loan_payment_returned",
        subcategory=row["code"],
        severity=row["severity"],
        payment_id=payment_id,
        detail={
            "return_id": return_id,
            "loan_id": undone.loan_id,
            "code": row["code"],
            "next": "find the authorization: the borrower says there is none; stop the series of debits"
            if is_dispute
            else "the payment is taken back and its dues are owed again",
        },
    )


def open_recall(tx: Tx, *, return_id: str, payment_id: str) -> None:
    """A bank asks for a payment back: nothing is reversed until a person approves."""
    detail = {"return_id": return_id, "next": "answer the bank; where it is approved, take the payment back"}
    cases.open_case(
        tx,
        key=f"loan_recall:{return_id}",
        category="wire_recall",
        subcategory="loan",
        payment_id=payment_id,
        detail=detail,
    )


def undo_waiting(tx: Tx, transfers: Sequence[str]) -> None:
    """Returns that came before these transfers' payments take effect now."""
    if not transfers:
        return
    with tx.ahead():
        lock_transfers(tx, transfers)
        rows = _early_returns(tx, transfers)
    for row in rows:
        if row["kind"] == "recall":
            open_recall(tx, return_id=row["id"], payment_id=row["payment_id"])
        else:
            undo_for_return(tx, return_id=row["id"], payment_id=row["payment_id"])


def _early_returns(tx: Tx, transfers: Sequence[str]) -> list[dict[str, Any]]:
    return tx.all(
        """
        SELECT r.id, r.kind, p.id AS payment_id
          FROM servicing.returns r
          JOIN servicing.payments p
            ON p.tenant_id = r.tenant_id AND p.provider_transfer_id = r.provider_transfer_id AND p.status = 'completed'
         WHERE r.provider_transfer_id = ANY (%(transfers)s)
         ORDER BY r.id
        """,
        {"transfers": list(transfers)},
    )


def lock_transfers(tx: Tx, transfers: Sequence[str]) -> None:
    """Hold these transfers until the transaction ends, in one order: an early return and its payment meet here."""
    tx.run(
        """
        SELECT pg_advisory_xact_lock(hashtextextended('servicing.transfer:' || %(tenant)s || t.id, 0))
          FROM (SELECT DISTINCT u.id FROM unnest(%(transfers)s::text[]) AS u (id) ORDER BY u.id) t
        """,
        {"tenant": str(tx.tenant_id), "transfers": list(transfers)},
    )


def payment_of_transfer(tx: Tx, transfer: str) -> str | None:
    """The payment that a provider's transfer brought: the one that stands before one that was taken back."""
    found: str | None = tx.value(
        """
        SELECT id FROM servicing.payments
         WHERE provider_transfer_id = %(transfer)s
         ORDER BY status = 'reversed', id
         LIMIT 1
        """,
        {"transfer": transfer},
    )
    return found


def _charge_fee(tx: Tx, loan: Loaded, payment_id: str, code: str | None, on: date) -> int | None:
    """A due for the returned payment, where its own policy charges one."""
    receipt = next((one for one in loan.receipts if one.id == payment_id), None)
    if receipt is None:
        return None  # It was pending: nothing had been presented yet.
    terms = next(policy.terms for policy in loan.policies if policy.terms.version_no == receipt.version_no)
    if code not in NSF or terms.nsf_fee_minor == 0:
        return None
    number = max(CHARGES_AFTER, *loan.dues) + 1
    tx.run(
        """
        INSERT INTO servicing.dues (tenant_id, loan_id, instalment_no, kind, due_on, fees_minor, reason)
        VALUES (%(tenant)s, %(loan)s, %(no)s, 'charge', %(on)s, %(fee)s, %(reason)s)
        """,
        {
            "tenant": tx.tenant_id,
            "loan": loan.row.id,
            "no": number,
            "on": on,
            "fee": terms.nsf_fee_minor,
            "reason": f"insufficient funds: {payment_id}",
        },
    )
    return number


def _mark(
    tx: Tx, payment_id: str, reason: str, code: str | None, on: date, return_id: str | None, fee: int | None
) -> None:
    facts: dict[str, Any] = {
        "tenant": tx.tenant_id,
        "payment": payment_id,
        "reason": reason,
        "code": code,
        "on": on,
        "return": return_id,
        "fee": fee,
        "now": tx.now(),
    }
    tx.run(
        """
        INSERT INTO servicing.undoings (tenant_id, payment_id, return_id, code, reason, undone_on, fee_instalment_no)
        VALUES (%(tenant)s, %(payment)s, %(return)s, %(code)s, %(reason)s, %(on)s, %(fee)s)
        """,
        facts,
    )
    tx.run(
        """
        UPDATE servicing.payments SET status = 'reversed', reversal_reason = %(reason)s, changed_at = %(now)s
         WHERE id = %(payment)s
        """,
        facts,
    )


def _take_back(tx: Tx, payment_id: str, reason: str) -> None:
    """Reverse every transaction of the payment, the newest first."""
    rows = tx.all(
        """
        SELECT p.posting_no, p.transaction_id
          FROM servicing.postings p
         WHERE p.payment_id = %(id)s AND p.undoes IS NULL
           AND NOT EXISTS (SELECT FROM servicing.postings u WHERE u.tenant_id = p.tenant_id AND u.undoes = p.transaction_id)
         ORDER BY p.posting_no DESC
        """,
        {"id": payment_id},
    )
    last = rows[0]["posting_no"] if rows else 0
    done = [
        {
            "tenant": tx.tenant_id,
            "payment": payment_id,
            "no": last + n,
            "undoes": row["transaction_id"],
            "transaction": book.take_back(
                tx, payment_id=payment_id, transaction_id=row["transaction_id"], reason=reason
            ),
        }
        for n, row in enumerate(rows, 1)
    ]
    tx.many(
        """
        INSERT INTO servicing.postings (tenant_id, payment_id, posting_no, kind, transaction_id, undoes)
        VALUES (%(tenant)s, %(payment)s, %(no)s, 'undone', %(transaction)s, %(undoes)s)
        """,
        done,
    )


def _tell(tx: Tx, payment_id: str, loan_id: str, reason: str, code: str | None) -> None:
    facts = {"payment_id": payment_id, "loan_id": loan_id, "reason": reason, "code": code}
    audit.record(tx, type="servicing.payment.reversed", data=facts, payment_id=payment_id)
    names = ["payment.reversed", *(["payment.reversed.nsf"] if code in NSF else [])]
    messaging.publish_many(
        tx,
        [
            messaging.Outgoing(
                event_type="servicing.payment.reversed",
                aggregate_type="payment",
                aggregate_id=payment_id,
                payload=facts,
            ),
            *(
                messaging.Outgoing(
                    event_type=name,
                    aggregate_type="payment",
                    aggregate_id=payment_id,
                    payload={"schema": f"{name}.v1", "payment_id": payment_id, "reason": reason, "code": code},
                    dedupe_key=f"{name}:{payment_id}",
                )
                for name in names
            ),
        ],
    )
