"""What can be done about an order: ask the payment back, and say with another person what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import payments
from headgate.console.acts import Act, Done, Form, written
from headgate.console.render import figures
from headgate.console.verdict_acts import verdict_acts
from headgate.core.db import Tx
from headgate.core.errors import Malformed, Refused

WORDS: Final[Mapping[payments.OrderWord, str]] = {
    "settled": "the payee's bank has the money",
    "rejected": "nothing moved",
}
"""What the bank may say of an order of which nobody knows."""
REASONS: Final[Mapping[str, str]] = {
    "CUST": "our client asks for it",
    "DUPL": "it was sent twice",
    "FRAD": "it is fraud",
    "TECH": "a fault of ours",
    "UPAY": "it was not owed",
    "AM09": "the amount is wrong",
    "AC03": "the account is wrong",
}
"""Why a payment is asked back, by the networks' codes."""


def _recall(tx: Tx, attempt_id: str, form: Form) -> Done | Refused:
    row = payments.order_row(tx, attempt_id)
    reason = form.get("code", "")
    if reason not in REASONS:
        raise Malformed("choose why it is asked back")
    why = written(form, "reason", what="why it is asked back")
    if not row.is_last:
        return Refused(
            "payments.nothing_to_recall", f"{row.payment_id} was tried again since: ask its last order back", {}
        )
    asked = payments.request_recall(tx, payment_id=row.payment_id, reason=reason, why=why)
    if isinstance(asked, Refused):
        return asked
    return Done(
        f"To be asked back: {figures(asked.amount)} {asked.currency}, {REASONS[reason]}. The request goes out with the "
        "next round; nothing moves before the other bank gives it back.",
        f"/orders/{attempt_id}",
    )


def _ask(tx: Tx, attempt_id: str, verdict: payments.OrderWord, reason: str) -> None:
    payments.request_order_decision(tx, attempt_id=attempt_id, verdict=verdict, reason=reason)


def _settle(tx: Tx, approval_id: str, digest: str) -> str:
    order = payments.approve_order(tx, approval_id=approval_id, digest=digest)
    return "it counts as settled" if order.status == "settled" else "its money is the client's again"


_VERDICTS: Final = verdict_acts(
    "orders",
    action=payments.ORDER,
    words=WORDS,
    ask=_ask,
    settle=_settle,
    denied="Refused: the order stays as it is, and nobody knows.",
)
ACTS: Final[Mapping[str, Act]] = {"recall": Act("payments.send", _recall), **_VERDICTS}
