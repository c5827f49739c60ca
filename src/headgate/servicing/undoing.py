"""Take a payment back, once: its lines and its entries are reversed, and what came after it is folded as if it never was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from headgate import audit, cases, messaging
from headgate.core import arrays
from headgate.core.db import Tx
from headgate.rails import return_codes
from headgate.servicing import book, notices, writing
from headgate.servicing.errors import InvalidPayment, NoSuchPayment
from headgate.servicing.loading import Loaded, load, lock_loans
from headgate.servicing.model import CHARGES_AFTER, NewPayment
from headgate.servicing.writing import Change

NSF: Final = ("R01", "R09")
"""Return codes that say that there was not enough money: a fee may be charged, once for each presentment."""
ORIGINALS: Final = """
SELECT o.return_id, o.kind, o.action, o.asks AS reason_to_ask, o.code, o.severity, o.returned_on,
       o.amount_minor AS returned_minor, o.payment_id, o.loan_id, o.is_reversed, o.total_minor, o.amount_agrees
  FROM servicing.return_originals o
"""


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


@dataclass(frozen=True, slots=True)
class Original:
    """The payment that a return is about. `returned_minor` is what came back, where that was told."""

    return_id: str
    kind: Literal["return", "recall", "dispute"]
    action: Literal["reverse", "dispute", "ask"]
    reason_to_ask: str | None
    code: str
    severity: Literal["low", "medium", "high", "critical"]
    returned_on: date
    returned_minor: int | None
    payment_id: str
    loan_id: str
    is_reversed: bool
    total_minor: int
    amount_agrees: bool

    @property
    def asks(self) -> str | None:
        """Why a person decides: its bank only asks, its code is unknown, the banks disagree, or the amount differs."""
        if self.action == "ask":
            return self.reason_to_ask or "recall"
        return None if self.amount_agrees else "amount_differs"


def original_of(tx: Tx, return_id: str) -> Original | None:
    """The payment that a return is about, if it is here: by its transfer, else by another name of it, of its amount before any
    other, of the nearest day, and one that stands before one that was taken back."""
    return tx.maybe(
        ORIGINALS
        + """
         WHERE o.return_id = %(id)s
         ORDER BY o.by_transfer DESC, o.amount_agrees DESC, o.days_apart, o.is_reversed, o.payment_id
         LIMIT 1
        """,
        {"id": return_id},
        row=Original,
    )


def take_effect(tx: Tx, found: Original) -> Literal["asked", "undone"]:
    """Do what a return says of its payment, or ask a person. Of one that is taken back already there is nothing to ask."""
    if found.kind == "recall":
        _open_recall(tx, found)
    elif found.asks is None:
        _undo(tx, found)
        return "undone"
    elif found.is_reversed and found.asks != "disputed":
        return "undone"
    else:
        _ask(tx, found)
    return "asked"


def is_awaited(tx: Tx, payments: Sequence[NewPayment]) -> bool:
    """Hold the names of payments that were just written, and say whether returns may have come before (`meet_waiting`)."""
    words = [word for payment in payments if (word := payment.provider_transfer_id or payment.ingestion_id)]
    if not words:
        return False
    lock_transfers(tx, words)
    # Nearly always nothing waits: asked first without the view, whose plan takes four times as long to make.
    found: bool = tx.value(
        """
        SELECT EXISTS (SELECT FROM servicing.returns r
                        WHERE r.tenant_id = %(tenant)s AND r.provider_transfer_id = ANY (%(transfers)s))
            OR EXISTS (SELECT FROM ingestion.payment_identifiers w
                         JOIN servicing.return_identifiers n
                           ON n.tenant_id = w.tenant_id AND n.identifier = w.identifier
                        WHERE w.tenant_id = %(tenant)s AND w.ingestion_id = ANY (%(ingestions)s))
        """,
        {
            "tenant": tx.tenant_id,
            "transfers": arrays.texts([one.provider_transfer_id for one in payments if one.provider_transfer_id]),
            "ingestions": arrays.texts([one.ingestion_id for one in payments if one.ingestion_id]),
        },
    )
    return found


def meet_waiting(tx: Tx, payment_ids: Sequence[str]) -> None:
    """Returns that wait under a name of these payments take effect; one that undid a payment has had its effect."""
    rows = tx.all(
        ORIGINALS
        + """
         WHERE o.payment_id = ANY (%(payments)s) AND o.status = 'completed'
           AND NOT EXISTS (SELECT FROM servicing.undoings u WHERE u.tenant_id = o.tenant_id AND u.return_id = o.return_id)
         ORDER BY o.return_id, o.by_transfer DESC, o.amount_agrees DESC, o.days_apart, o.payment_id
        """,
        {"payments": list(payment_ids)},
        row=Original,
    )
    seen: set[str] = set()
    for found in rows:
        if found.return_id not in seen:
            seen.add(found.return_id)
            take_effect(tx, found)
    if seen:
        told = "its payment has come, and the return has had its effect"
        cases.end_answered(tx, keys=[orphan_key(return_id) for return_id in sorted(seen)], resolution=told)


def orphan_key(return_id: str) -> str:
    """The key of the case of a return that waits for its payment."""
    return f"orphan_return:{return_id}"


def meet_named(tx: Tx, ingestion_id: str) -> None:
    """The same for the payment that came in so: another source has given it a name that it had not."""
    payments = tx.values("SELECT id FROM servicing.payments WHERE ingestion_id = %(id)s", {"id": ingestion_id})
    if payments:
        meet_waiting(tx, payments)


def _undo(tx: Tx, found: Original) -> None:
    """Take the payment back, with the case that its rule asks for. What tells of the same return once more opens none."""
    known = return_codes().get(found.code)
    undone = undo_payment(
        tx,
        payment_id=found.payment_id,
        reason=known.title if known else found.code,
        code=found.code,
        undone_on=found.returned_on,
        return_id=found.return_id,
    )
    if undone.replayed and undone.code == found.code:
        return
    is_dispute = found.action == "dispute"
    cases.open_case(
        tx,
        key=f"loan_return:{found.return_id}",
        category="unauthorized_dispute" if is_dispute else "loan_payment_returned",
        subcategory=found.code,
        severity=found.severity,
        payment_id=found.payment_id,
        detail={
            "return_id": found.return_id,
            "loan_id": undone.loan_id,
            "code": found.code,
            "next": "find the authorization: the borrower says there is none; stop the series of debits"
            if is_dispute
            else "the payment is taken back and its dues are owed again",
        },
    )


def _open_recall(tx: Tx, found: Original) -> None:
    """A bank asks for a payment back: nothing is reversed until a person approves."""
    detail = {
        "return_id": found.return_id,
        "next": "answer the bank; where it is approved, take the payment back",
    }
    cases.open_case(
        tx,
        key=f"loan_recall:{found.return_id}",
        category="wire_recall",
        subcategory="loan",
        payment_id=found.payment_id,
        detail=detail,
    )


def _ask(tx: Tx, found: Original) -> None:
    """Nothing is reversed by itself where it is not clear what came back, or whether."""
    cases.open_case(
        tx,
        key=f"loan_return:{found.return_id}",
        category="loan_return_unclear",
        subcategory=found.asks,
        severity="high",
        payment_id=found.payment_id,
        detail={
            "return_id": found.return_id,
            "loan_id": found.loan_id,
            "code": found.code,
            "returned_minor": found.returned_minor,
            "payment_minor": found.total_minor,
            "next": "nothing was reversed: find out what came back, and take the payment back if it was all of it",
        },
    )


def lock_transfers(tx: Tx, transfers: Sequence[str]) -> None:
    """Hold these until the transaction ends, in one order: an early return and its payment meet here.

    A payment is held by its provider's transfer, one without by its ingestion.
    """
    tx.run(
        """
        SELECT pg_advisory_xact_lock(hashtextextended('servicing.transfer:' || %(tenant)s || t.id, 0))
          FROM (SELECT DISTINCT u.id FROM unnest(%(transfers)s::text[]) AS u (id) ORDER BY u.id) t
        """,
        {"tenant": str(tx.tenant_id), "transfers": list(transfers)},
    )


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
    notices.drop_notice(tx, payment_id)
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
