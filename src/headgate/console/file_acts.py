"""What can be done about a file of which nobody knows whether the bank has it: one person says, another answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import payments
from headgate.console.acts import Act
from headgate.console.verdict_acts import verdict_acts
from headgate.core.db import Tx

WORDS: Final[Mapping[payments.Word, str]] = {
    "delivered": "the bank has it",
    "absent": "the bank does not have it",
}


def _ask(tx: Tx, file_id: str, verdict: payments.Word, reason: str) -> None:
    payments.request_delivery_decision(tx, file_id=file_id, verdict=verdict, reason=reason)


def _settle(tx: Tx, approval_id: str, digest: str) -> str:
    file = payments.approve_delivery(tx, approval_id=approval_id, digest=digest)
    return "it counts as delivered" if file.status == "delivered" else "the same bytes are handed over again"


ACTS: Final[Mapping[str, Act]] = verdict_acts(
    "files",
    action=payments.DELIVERY,
    words=WORDS,
    ask=_ask,
    settle=_settle,
    denied="Refused: the file stays as it is, and nobody knows.",
)
