"""Debits presented again: written down in the transaction that writes the debit, and refused by the database past the rule.

`rails.ach.may_be_presented_again` says beforehand why one is not; the table holds the same whoever writes.
"""

from __future__ import annotations

from datetime import date

import psycopg

from headgate import audit
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding.errors import NotPresentedAgain


def representments(tx: Tx, *, original_ref: str) -> int:
    """How often a debit was presented again already; `original_ref` is what the debit was called that came first."""
    return int(
        tx.value(
            """
            SELECT count(*) FROM funding.representments
             WHERE tenant_id = %(tenant)s AND original_ref = %(original)s
            """,
            {"tenant": tx.tenant_id, "original": original_ref},
        )
    )


def record_representment(
    tx: Tx,
    *,
    original_ref: str,
    representment_ref: str,
    return_code: str,
    original_settled_on: date,
    effective_on: date,
    amount: Money,
    company_identification: str,
    receiver_fingerprint: bytes,
) -> int:
    """Write down that a debit is presented again; the how many-th time it is, 1 or 2.

    Raises NotPresentedAgain for a third time, another code than R01 and R09, a day past 180 after the original settled, and
    another amount, company or receiver.
    """
    number = representments(tx, original_ref=original_ref) + 1
    try:
        with tx.savepoint():
            tx.run(
                """
                INSERT INTO funding.representments
                       (tenant_id, original_ref, representment_no, representment_ref, return_code, original_settled_on,
                        effective_on, amount_minor, currency, company_identification, receiver_fingerprint)
                VALUES (%(tenant)s, %(original)s, %(no)s, %(again)s, %(code)s, %(settled)s, %(on)s, %(amount)s,
                        %(currency)s, %(company)s, %(receiver)s)
                """,
                {
                    "tenant": tx.tenant_id,
                    "original": original_ref,
                    "no": number,
                    "again": representment_ref,
                    "code": return_code,
                    "settled": original_settled_on,
                    "on": effective_on,
                    "amount": amount.minor,
                    "currency": amount.currency,
                    "company": company_identification,
                    "receiver": receiver_fingerprint,
                },
            )
    except (psycopg.errors.CheckViolation, psycopg.errors.UniqueViolation) as error:
        raise NotPresentedAgain(
            f"{original_ref} is not presented again: {error.diag.constraint_name}", original_ref=original_ref
        ) from error
    audit.record(
        tx,
        type="funding.debit.presented_again",
        data={"original_ref": original_ref, "representment_ref": representment_ref, "representment_no": number},
    )
    return number
