"""Where a thing stands in the console, by its id; and what is said of what evidence became."""

from __future__ import annotations

from typing import Final

_PATHS: Final = {
    "pay": "payments",
    "prl": "payrolls",
    "dep": "funding",
    "fil": "files",
    "att": "orders",
    "ret": "returns",
    "txn": "transactions",
    "art": "artifacts",
    "ing": "messages",
    "dlt": "dead-letters",
    "loan": "loans",
    "lpay": "loan-payments",
}
_WORDS: Final = {
    "deposit": "became a deposit",
    "deposit_assigned": "was given to a client by two people",
    "funding": "funded a request",
    "payment_settled": "settled",
    "payment_returned": "came back",
    "return_credit": "gave returned money back",
    "return": "returned",
    "return_dishonored": "dishonored a return",
    "return_contested": "contested a dishonored return",
    "notice_of_change": "asked to correct an account",
    "dishonor_settled": "settled a file of dishonored returns",
    "movement": "was told by a provider",
    "loan_payment_applied": "paid a loan",
    "loan_payment_replayed": "was applied anew by a later fold",
    "loan_payment_written": "was written down for a loan, and nothing moved: its channel is in shadow",
    "loan_payment_undone": "was taken back from a loan",
    "loan_payment_refused": "was refused as a loan payment",
    "loan_return": "took back, or asked back, a loan payment",
    "matched": "matched the book in a reconciliation",
    "case": "opened a case",
}


def page_of(thing_id: str | None) -> str | None:
    """The page of a thing, under the tenant's address; None where it has none."""
    path = _PATHS.get((thing_id or "").partition("_")[0])
    return f"/{path}/{thing_id}" if path and thing_id else None


def spelt(what: str) -> str:
    """What evidence became, in words."""
    return _WORDS.get(what, what.replace("_", " "))
