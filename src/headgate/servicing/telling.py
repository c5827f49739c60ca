"""What is announced of payments: their own events, those that neighbours know, and the cases that a person must see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from headgate import audit, cases, messaging
from headgate.core.db import Tx
from headgate.servicing.model import AppliedPayment, NewPayment, Parts, PaymentStatus, Placed, Receipt
from headgate.servicing.notices import PaymentNotice, keep_notices
from headgate.servicing.writing import Change

HELD: Final = ("bankruptcy", "deceased", "transferred")
"""States in which a person looks at each payment, whatever was done with it."""


def tell_pending(
    tx: Tx, changes: Sequence[Change], lines: Mapping[str, tuple[Placed, ...]], parts: Mapping[str, Parts]
) -> dict[str, AppliedPayment]:
    """Announce payments that were written down and move nothing yet, with what they would do."""
    told: dict[str, AppliedPayment] = {}
    outgoing: list[messaging.Outgoing] = []
    events: list[audit.Event] = []
    for change in changes:
        loan = change.loan.row
        for receipt in change.fresh.values():
            own = lines[receipt.id]
            told[receipt.key] = AppliedPayment(receipt.id, loan.id, parts[receipt.id], "pending", lines=own)
            outgoing.append(_outgoing(tx, "payment.posted", receipt.id, loan.currency, own, "pending"))
            facts = {"payment_id": receipt.id, "loan_id": loan.id, "amount_minor": receipt.amount_minor}
            events.append(audit.Event(type="servicing.payment.pending", data=facts, payment_id=receipt.id))
    audit.record_ahead(tx, events)
    messaging.publish_ahead(tx, outgoing)
    return told


More = Callable[[NewPayment, Change, AppliedPayment], Iterable[messaging.Outgoing]]
"""What else is to be told of a payment, with that."""


def tell_applied(
    tx: Tx,
    changes: Sequence[Change],
    wanted: Mapping[str, NewPayment],
    parts: Mapping[str, Parts],
    more: More | None = None,
) -> dict[str, AppliedPayment]:
    """Announce each payment once: its own event, the one that neighbours know, and the cases that a person must see."""
    applied: dict[str, AppliedPayment] = {}
    facts: list[dict[str, Any]] = []
    outgoing: list[messaging.Outgoing] = []
    held: list[cases.NewCase] = []
    kept: list[PaymentNotice] = []
    for change in changes:
        lines: dict[str, list[Placed]] = defaultdict(list)
        for line in change.made:
            lines[line.receipt_id].append(line)
        for receipt in change.fresh.values():
            own = tuple(lines[receipt.id])
            loan = change.loan.row
            applied[receipt.key] = AppliedPayment(receipt.id, loan.id, parts[receipt.id], "completed", lines=own)
            payment = wanted[receipt.key]
            facts.append(
                {
                    "payment_id": receipt.id,
                    "loan_id": loan.id,
                    "amount_minor": receipt.amount_minor,
                    "currency": loan.currency,
                    "effective_date": receipt.received_on.isoformat(),
                    "source_channel": payment.source_channel,
                    "state": change.history.states[receipt.id],
                }
            )
            if more:
                outgoing += more(payment, change, applied[receipt.key])
            names = ["payment.posted", *(["payment.partial"] if receipt.id in change.history.partial else [])]
            outgoing += [_outgoing(tx, name, receipt.id, loan.currency, own) for name in names]
            held += _cases(change, receipt)
            kept.append(_notice(change, receipt, payment))
    keep_notices(tx, kept)
    messaging.announce_many(
        tx, event_type="servicing.payment.posted", aggregate_type="payment", facts=facts, named_by="payment_id"
    )
    messaging.publish_ahead(tx, outgoing)
    cases.open_cases(tx, held)
    return applied


def _notice(change: Change, receipt: Receipt, payment: NewPayment) -> PaymentNotice:
    loan = change.loan.row
    return PaymentNotice(
        receipt.id,
        loan.id,
        loan.external_id,
        loan.borrower_id,
        receipt.amount_minor,
        loan.currency,
        receipt.received_on,
        payment.source_channel,
        code=None,
        reason=None,
    )


def _outgoing(
    tx: Tx, name: str, payment_id: str, currency: str, lines: Iterable[Placed], status: PaymentStatus = "completed"
) -> messaging.Outgoing:
    allocations = [
        {"bucket": line.place, "instalment_no": line.number, "amount_minor": line.amount_minor, "currency": currency}
        for line in lines
    ]
    payload = {
        "schema": f"{name}.v1",
        "payment_id": payment_id,
        "env": tx.config.env,
        "status": status,
        "allocations": allocations,
    }
    return messaging.Outgoing(
        event_type=name,
        aggregate_type="payment",
        aggregate_id=payment_id,
        payload=payload,
        dedupe_key=f"{name}:{payment_id}" + ("" if status == "completed" else f":{status}"),
    )


def _cases(change: Change, receipt: Receipt) -> list[cases.NewCase]:
    """What a person must see: a state for which nothing was chosen, or one in which nobody decides by rule; a refund."""
    loan, state = change.loan.row, change.history.states[receipt.id]
    detail = {"loan_id": loan.id, "payment_id": receipt.id, "state": state, "amount_minor": receipt.amount_minor}
    opened = []
    if state not in change.loan.terms_on(receipt.received_on).rules or state in HELD:
        more = {**detail, "next": "look at what was done with the money: the rule of this state cannot decide it all"}
        opened.append(
            cases.NewCase(f"loan_payment_held:{receipt.id}", "loan_payment_held", state, None, receipt.id, detail=more)
        )
    over = [line for line in change.made if line.receipt_id == receipt.id and line.place == "overpayment"]
    if over:
        more = {**detail, "overpayment_minor": sum(line.amount_minor for line in over), "next": "refund the borrower"}
        opened.append(
            cases.NewCase(f"loan_overpaid:{receipt.id}", "loan_overpaid", None, None, receipt.id, detail=more)
        )
    return opened
