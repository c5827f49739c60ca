"""Loans of a tenant in a database: boarded, paid, and looked at as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from tests.make import TenantFixture
from tests.servicing.scenes import day, monthly

from headgate import servicing, tenants
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.servicing import Due, NewLoan, NewPayment
from headgate.servicing.model import STATES, Rule


def at(tx: Tx, on: date) -> None:
    """Put the tenant's clock to the evening of a day."""
    tenants.move_clock(tx, to=datetime.combine(on, time(23, 0), UTC))


def board(
    tx: Tx,
    tenant: TenantFixture,
    name: str = "L-1",
    dues: Sequence[Due] | None = None,
    *,
    product: str = "mortgage",
    **more: Any,
) -> str:
    """A loan; by default a mortgage of twelve instalments of 10.00, the first on day 0."""
    owed = monthly(12) if dues is None else dues
    return servicing.import_loan(tx, NewLoan(name, product, "USD", tenant.legal_entity_id, **more), owed).id


def payment(loan: str, n: int, amount: int, on: date, **more: Any) -> NewPayment:
    """The n-th payment, over ACH."""
    facts = {"source_channel": "ach", "provider_transfer_id": f"acht_{loan}_{n}"} | more
    return NewPayment(loan, f"key-{loan}-{n:03}", amount, "USD", on, **facts)  # type: ignore[arg-type]


def pay(tx: Tx, loan: str, n: int, amount: int, on: date, **more: Any) -> servicing.AppliedPayment:
    """Apply it; a refusal is a mistake of the story."""
    done = servicing.apply_payment(tx, payment(loan, n, amount, on, **more))
    assert not isinstance(done, Refused), done
    return done


def simple(tx: Tx, product: str = "plain", waterfall: str = "due_date_ordered", **more: Any) -> None:
    """A product that treats every state alike."""
    rules = dict.fromkeys(STATES, Rule(waterfall))
    servicing.set_policy(tx, product=product, effective_from=day(-100), reason="a test", rules=rules, **more)


def final(tx: Tx, loan: str) -> dict[str, Any]:
    """What a loan has come to, told without ids: its row, its dues, and where each payment that stands lies."""
    row = tx.one(
        """
        SELECT id, state, open_minor, suspense_minor, overpayment_minor, oldest_due_on
          FROM servicing.loans WHERE id = %(loan)s OR external_id = %(loan)s
        """,
        {"loan": loan},
    )
    loan_id = row.pop("id")
    dues = tx.all(
        """
        SELECT instalment_no, fees_paid_minor, interest_paid_minor, principal_paid_minor, escrow_paid_minor
          FROM servicing.dues WHERE loan_id = %(id)s ORDER BY instalment_no
        """,
        {"id": loan_id},
    )
    lines = tx.all(
        """
        SELECT p.idempotency_key, l.bucket, l.instalment_no, l.applied_on, l.policy_version_no, l.is_recovery,
               sum(l.amount_minor)::bigint AS amount_minor
          FROM servicing.live_allocations l
          JOIN servicing.payments p ON p.id = l.payment_id
         WHERE l.loan_id = %(id)s
         GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6
        """,
        {"id": loan_id},
    )
    return {"loan": row, "dues": dues, "lines": lines}


def book(tx: Tx) -> dict[str, int]:
    """Net credits by purpose of what servicing posted, those that are not zero."""
    rows = tx.all(
        """
        SELECT a.purpose, sum(CASE WHEN a.id = e.credit_account_id THEN e.amount_minor ELSE -e.amount_minor END)::bigint AS net
          FROM ledger.transactions t
          JOIN ledger.entries e ON e.transaction_id = t.id
          JOIN ledger.accounts a ON a.id IN (e.credit_account_id, e.debit_account_id)
         WHERE t.source_type = 'servicing_payment'
         GROUP BY a.purpose
        """
    )
    return {row["purpose"]: row["net"] for row in rows if row["net"]}


def count(tx: Tx) -> dict[str, int]:
    """How many rows stand in each table that a payment writes to."""
    return tx.one(
        """
        SELECT (SELECT count(*) FROM servicing.payments) AS payments, (SELECT count(*) FROM servicing.allocations) AS lines,
               (SELECT count(*) FROM servicing.postings) AS postings, (SELECT count(*) FROM servicing.returns) AS returns,
               (SELECT count(*) FROM servicing.undoings) AS undoings, (SELECT count(*) FROM servicing.refusals) AS refusals,
               (SELECT count(*) FROM ledger.transactions) AS transactions,
               (SELECT count(*) FROM messaging.outbox_messages) AS messages,
               (SELECT count(*) FROM cases.exception_cases) AS cases
        """
    )


def cases_of(tx: Tx) -> dict[str, str]:
    """Open cases by category, with their severity."""
    rows = tx.all("SELECT category, severity FROM cases.exception_cases WHERE category <> 'dead_letter'")
    return {row["category"]: row["severity"] for row in rows}
