"""Cases and approvals as data, and the rule that gives a case its severity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Severity = Literal["low", "medium", "high", "critical"]
CaseState = Literal["open", "pending", "resolved", "cancelled"]
ApprovalStatus = Literal["pending", "approved", "rejected", "expired", "used"]

SEVERITY_BY_CATEGORY: dict[str, Severity] = {
    "orphan_return": "medium",
    "notice_of_change": "medium",
    "orphan_notice": "medium",
    "unauthorized_dispute": "high",
    "wire_recall": "high",
    "realtime_recall": "high",
    "file_fault": "medium",
    "unknown_file": "medium",
    "parse_error": "medium",
    "incoming_debit": "high",
    "bank_summary_differs": "medium",
    "drawdown_asked": "high",
    "unknown_payer": "medium",
    "payment_returned": "medium",
    "duplicate_return": "medium",
    "return_after_rejection": "high",
    "return_dishonored": "medium",
    "return_contested": "medium",
    "dishonor_unfunded": "critical",
    "payment_rejected": "high",
    "contradictory_word": "high",
    "delivery_unknown": "high",
    "delivery_failed": "high",
    "file_rejected": "high",
    "acknowledgement_differs": "high",
    "acknowledgement_missing": "high",
    "acknowledgement_unread": "medium",
    "place_refused": "high",
    "bank_file_not_taken_in": "high",
    "dead_letter": "medium",
    "clearing_residual": "medium",
    "rates_unread": "medium",
    "settlement_missing": "medium",
    "movement_unmatched": "medium",
    "movement_differs": "high",
    "wire_differs": "high",
    "movement_waiting": "low",
    "provider_silent": "medium",
    "debit_unsent": "medium",
    "debit_rejected": "medium",
    "debit_outcome_unknown": "medium",
    "loan_payment_held": "medium",
    "loan_payment_rejected": "medium",
    "loan_payment_returned": "medium",
    "loan_return_unclear": "high",
    "loan_overpaid": "low",
    "loan_payment_unposted": "high",
    "debits_to_stop": "high",
    "duplicate": "medium",
    "schema_invalid": "medium",
}
SEVERITY_BY_VARIANCE_MINOR: tuple[tuple[int, Severity], ...] = ((10_000_00, "high"), (100_00, "medium"), (0, "low"))
"""A `reconcile_variance` is as grave as its amount: from so many minor units on."""


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case to open. `key` is derived from what raised it; `detail` holds ids and figures, never names or numbers of accounts."""

    key: str
    category: str
    subcategory: str | None = None
    severity: Severity | None = None
    payment_id: str | None = None
    ingestion_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands."""

    id: str
    key: str
    category: str
    subcategory: str | None
    severity: Severity
    state: CaseState
    payment_id: str | None
    ingestion_id: str | None
    detail: dict[str, Any]
    assigned_to: str | None
    ai_recommendation: dict[str, Any] | None
    resolution: str | None
    approval_id: str | None
    created_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval request with the status that follows from its votes and its use. `digest` is hexadecimal."""

    id: str
    action: str
    subject: str
    payload: dict[str, Any]
    digest: str
    reason: str
    approvals_needed: int
    approvals: int
    maker_id: str
    maker_person: str | None
    requested_at: datetime
    expires_at: datetime
    used_at: datetime | None
    status: ApprovalStatus


def severity_of(case: NewCase) -> Severity:
    """The severity given, else that of the category; a variance is judged by `detail["variance_minor"]`."""
    if case.severity is not None:
        return case.severity
    if case.category == "reconcile_variance":
        size = abs(int(case.detail.get("variance_minor", 0)))
        return next(severity for floor, severity in SEVERITY_BY_VARIANCE_MINOR if size >= floor)
    return SEVERITY_BY_CATEGORY.get(case.category, "medium")
