"""Payment envelopes for tests, as a sender writes them."""

from __future__ import annotations

import json
from typing import Any

from headgate.ingestion.schemas import ENVELOPE

VECTOR = "6e653208eede3b9f40db7f8fad5afb8b6b1cd75d44266f0e0ddfcc841e62df77"


def envelope(
    loan: str | None = "loan-1",
    minor: int = 135_000,
    *,
    channel: str = "ach",
    transfer: str | None = None,
    on: str = "2025-08-20",
    reference: str = "abc",
    provider: str = "column",
    **more: Any,
) -> dict[str, Any]:
    """A payment of a loan, of the schema of today."""
    return {
        "schema": ENVELOPE,
        "message_id": "msg_1",
        "correlation_id": "cor_1",
        "idempotency_key": VECTOR,
        "occurred_at": "2025-08-20T12:00:00Z",
        "source": {"channel": channel, "provider": provider, "batch_id": None},
        "borrower": {"loan_id": loan, "name": "Maria Lindqvist", "external_ids": {"core": "17"}},
        "payment": {
            "amount_minor": minor,
            "currency": "USD",
            "method": channel,
            "value_date": on,
            "reference": reference,
            "details": {},
        },
        "artifacts": [],
        "risk": {"flags": [], "score": None},
        "external": {"column_transfer_id": transfer, "column_event_id": None, "psp_id": None},
    } | more


def raw(document: object) -> bytes:
    """As bytes."""
    return json.dumps(document).encode()
