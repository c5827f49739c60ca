"""What the closed book still asks of people: a closed period reopened by another person's yes, and old residuals explained."""

from __future__ import annotations

from typing import Any, Final

from headgate import cases, ledger
from headgate.core import ids
from headgate.core.db import Tx

REOPEN: Final = "ledger.reopen_period"


def request_reopening(tx: Tx, *, period_id: int, reason: str) -> cases.Approval:
    """Ask another person to let a closed period be reopened, as it was closed last. Raises the ledger's PeriodNotFound."""
    document = _reopening(tx, period_id)
    return cases.request(tx, action=REOPEN, subject=document["period_id"], document=document, reason=reason)


def reopen_period(tx: Tx, *, period_id: int, approval_id: str, reason: str) -> ledger.Period:
    """Reopen a closed period, using up the approval of exactly this closing.

    Raises what `cases.consume` raises, and the ledger's PeriodNotFound, PeriodNotClosed, PeriodOutOfOrder.
    """
    cases.consume(tx, approval_id=approval_id, action=REOPEN, document=_reopening(tx, period_id))
    return ledger.reopen_period(tx, period_id=period_id, approval_ref=approval_id, reason=reason)


def explain_old_residuals(tx: Tx) -> int:
    """Open a case for each clearing account whose residual is older than its rule allows, once a residual; says how many.

    The job runs it for every tenant; `ledger.clearing_report` says what is left, of which age and origin.
    """
    overdue = [found for found in ledger.clearing_report(tx, only_residuals=True, items=1) if found.is_overdue]
    opened = cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"clearing:{found.account_id}:{found.items[0].transaction_id}",
                category="clearing_residual",
                detail={
                    "account_id": found.account_id,
                    "residual_minor": found.residual.minor,
                    "currency": found.residual.currency,
                    "oldest_transaction_id": found.items[0].transaction_id,
                    "age_days": found.items[0].age.days,
                },
            )
            for found in overdue
        ],
    )
    return len(opened)


def _reopening(tx: Tx, period_id: int) -> dict[str, Any]:
    """What is approved: this period, as its latest closing left it."""
    found = ledger.get_period(tx, period_id)
    return {"period_id": ids.encode("per", found.id), "closing": len(found.closings)}
