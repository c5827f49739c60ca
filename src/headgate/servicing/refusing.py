"""Payments that are refused: why, written down under their key, told, and put before a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from headgate import cases, messaging
from headgate.core import arrays
from headgate.core.db import Asked, Tx
from headgate.core.errors import Refused
from headgate.servicing.errors import PaymentDiffers
from headgate.servicing.loading import LoanRow
from headgate.servicing.model import NewPayment

REFUSALS: Final[Mapping[str, str]] = {
    "loan_not_found": "there is no such loan",
    "legal_hold": "the loan is under legal hold: nothing may be posted to it",
    "loan_closed": "the loan was transferred: its payments belong to the new servicer",
    "kyc_incomplete": "it is not known well enough who owes the loan: nothing may be posted to it",
    "stop_pay": "payments of this loan are stopped",
    "currency_mismatch": "the payment is not in the loan's currency",
}


def objection(payment: NewPayment, loan: LoanRow | None) -> str | None:
    """Why a payment is not taken, in the order of weight."""
    if loan is None:
        return "loan_not_found"
    if loan.has_legal_hold:
        return "legal_hold"
    if loan.state == "transferred":
        return "loan_closed"
    if loan.is_kyc_incomplete:
        return "kyc_incomplete"
    if loan.has_stop_pay:
        return "stop_pay"
    return "currency_mismatch" if payment.currency != loan.currency else None


_BEFORE: Final[LiteralString] = """
    SELECT idempotency_key, loan_ref, effective_date, currency, total_received, code
      FROM servicing.refusals WHERE idempotency_key = ANY (%(keys)s::text[])
"""


def asked(payments: Sequence[NewPayment]) -> Asked:
    """What to ask to know what was refused under these keys."""
    return _BEFORE, {"keys": arrays.texts([payment.idempotency_key for payment in payments])}, None


def read(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What was refused, by its key."""
    return {row["idempotency_key"]: row for row in rows}


def reject(tx: Tx, rejected: Sequence[tuple[NewPayment, str]]) -> None:
    """Write refusals down, tell them, and open their cases."""
    tx.run(
        """
        INSERT INTO servicing.refusals
               (tenant_id, idempotency_key, loan_ref, effective_date, currency, total_received, code, ingestion_id)
        SELECT %(tenant)s, r.key, r.loan, r.on_day, r.currency, r.total, r.code, r.ingestion
          FROM unnest(%(keys)s::text[], %(loans)s::text[], %(days)s::date[], %(currencies)s::text[], %(totals)s::bigint[],
                      %(codes)s::text[], %(ingestions)s::text[]) AS r (key, loan, on_day, currency, total, code, ingestion)
            ON CONFLICT (tenant_id, idempotency_key) DO NOTHING
        """,
        {
            "tenant": tx.tenant_id,
            "keys": [payment.idempotency_key for payment, _ in rejected],
            "loans": [payment.loan_id for payment, _ in rejected],
            "days": [payment.received_on for payment, _ in rejected],
            "currencies": [payment.currency for payment, _ in rejected],
            "totals": [payment.amount_minor for payment, _ in rejected],
            "codes": [code for _, code in rejected],
            "ingestions": [payment.ingestion_id for payment, _ in rejected],
        },
    )
    messaging.publish_many(
        tx,
        [
            messaging.Outgoing(
                event_type="payment.rejected",
                aggregate_type="payment",
                aggregate_id=payment.idempotency_key,
                payload={
                    "schema": "payment.rejected.v1",
                    "idempotency_key": payment.idempotency_key,
                    "ingestion_id": payment.ingestion_id,
                    "reason": REFUSALS[code],
                    "code": code,
                },
                dedupe_key=f"payment.rejected:{payment.idempotency_key}",
            )
            for payment, code in rejected
        ],
    )
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                f"loan_payment_rejected:{payment.idempotency_key}",
                "loan_payment_rejected",
                code,
                ingestion_id=payment.ingestion_id,
                detail={"code": code, "amount_minor": payment.amount_minor, "currency": payment.currency},
            )
            for payment, code in rejected
        ],
    )


def refuse_again(payment: NewPayment, row: Mapping[str, Any]) -> Refused:
    """The same answer again. Raises PaymentDiffers where the key was refused for another payment."""
    asked = (payment.loan_id, payment.received_on, payment.currency, payment.amount_minor)
    if asked != (row["loan_ref"], row["effective_date"], row["currency"], row["total_received"]):
        raise PaymentDiffers("another payment was refused under this key", idempotency_key=payment.idempotency_key)
    return refusal(payment, row["code"], replayed=True)


def refusal(payment: NewPayment, code: str, *, replayed: bool) -> Refused:
    """The answer for a code."""
    facts = {"loan_id": payment.loan_id, "idempotency_key": payment.idempotency_key}
    return Refused(f"servicing.{code}", f"{REFUSALS[code]} ({payment.loan_id})", facts, replayed=replayed)
