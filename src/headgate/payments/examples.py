"""Examples for the OpenAPI document: what is sent to the doors of payrolls, and what they answer."""

from __future__ import annotations

from typing import Any, Final

_PAYROLL: Final = "prl_01k8z3v7m2q4r6t8w0y2a4c6e8"
_PAYMENT: Final = "pay_01k8z3v7m2q4r6t8w0y2a4c6e9"
_ENTITY: Final = "le_01k8z3v7m2q4r6t8w0y2a4c6e7"


def _usd(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "USD"}


_INSTRUCTION: Final[dict[str, Any]] = {
    "id": _PAYMENT,
    "status": "returned",
    "kind": "net_pay",
    "amount": _usd(125_000),
    "payroll_id": _PAYROLL,
    "payroll_reference": "PR-2026-48",
    "rail": "ach",
    "effective_on": "2026-12-01",
    "return_code": "R03",
    "created_at": "2026-11-27T15:00:00Z",
    "status_at": "2026-11-30T21:10:00Z",
}
_EVENT: Final[dict[str, Any]] = {
    "at": "2026-11-30T21:10:00Z",
    "type": "payments.instruction.sent",
    "text": "Sent in a file",
    "actor_type": "human",
    "actor_id": "key_01k8z3v7m2q4r6t8w0y2a4c6eb",
}


def _asked(example: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"example": example}}}}


def _answered(example: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    return {status: {"content": {"application/json": {"example": example}}}}


NEW_PAYROLL: Final = _asked(
    {
        "legal_entity_id": _ENTITY,
        "payroll_id": "PR-2026-48",
        "pay_on": "2026-12-01",
        "items": [
            {
                "employee_id": "E-1001",
                "payee_id": "pty_01k8z3v7m2q4r6t8w0y2a4c6ea",
                "bank_account_id": "bac_01k8z3v7m2q4r6t8w0y2a4c6ec",
                "net_pay": _usd(125_000),
            }
        ],
        "obligations": [{"kind": "tax", "code": "federal_tax", "amount": _usd(21_400)}],
    }
)
QUEUED: Final = _answered(
    {
        "payroll_id": _PAYROLL,
        "pay_on": "2026-12-01",
        "funded": 2,
        "funded_amount": _usd(146_400),
        "awaiting_funds": 0,
        "awaiting_amount": _usd(0),
    },
    201,
)
INSTRUCTIONS: Final = _answered({"data": [_INSTRUCTION], "has_more": True, "next_cursor": "cGF5XzAxazh6M3Y3"})
TIMELINE: Final = _answered([_EVENT])
