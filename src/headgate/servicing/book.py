"""What servicing posts: each place of a payment's money by its name in the posting catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from headgate import ledger
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.servicing.errors import NotPostable
from headgate.servicing.model import Placed

EVENTS: Final[Mapping[str, str]] = {
    "principal": "servicing.payment.principal",
    "interest": "servicing.payment.interest",
    "fees": "servicing.payment.fees",
    "escrow": "servicing.payment.escrow",
    "suspense": "servicing.payment.suspense",
    "overpayment": "servicing.payment.overpayment",
    "recovery": "servicing.payment.recovery",
}
BOARDED: Final = "servicing.loan.boarded"


@dataclass(frozen=True, slots=True)
class Movement:
    """What a payment's lines gained and lost, by place, to be posted as one transaction of a payment."""

    payment_id: str
    key: str
    currency: str
    by_place: Mapping[str, int]
    effective_at: datetime | None
    description: str


def place_of(line: Placed) -> str:
    """Where the book keeps a line: its bucket's account; what was recovered of a loan charged off is income."""
    return "recovery" if line.is_recovery and line.number is not None else line.place


def sums_by_place(lines: Iterable[Placed]) -> Counter[str]:
    """What lines come to, as the book keeps them."""
    found: Counter[str] = Counter()
    for line in lines:
        found[place_of(line)] += line.amount_minor
    return found


def post_movements(tx: Tx, movements: Sequence[Movement]) -> list[int]:
    """Post them all or none, in one round trip for any number; their transactions' numbers. Raises NotPostable."""
    if not movements:
        return []
    accounts = {
        currency: _accounts(tx, EVENTS.values(), currency) for currency in sorted({one.currency for one in movements})
    }
    return _post(tx, [_posting(one, accounts[one.currency]) for one in movements])


def post_boarded(tx: Tx, boarded: Sequence[tuple[str, str, Money]]) -> list[int]:
    """Post what loans' dues owe of principal: (key, loan, principal); it was lent before it came here. Raises NotPostable."""
    accounts = {
        currency: _accounts(tx, [BOARDED], currency)[BOARDED]
        for currency in sorted({principal.currency for _, _, principal in boarded})
    }
    return _post(
        tx,
        [
            ledger.Posting(
                key,
                [ledger.Entry(*accounts[principal.currency], principal)],
                source_type="servicing_loan",
                source_id=loan_id,
                description="Principal of a loan taken on",
            )
            for key, loan_id, principal in boarded
        ],
    )


def take_back(tx: Tx, *, payment_id: str, transaction_id: int, reason: str) -> int:
    """Reverse a transaction of a payment, once for ever. Raises NotPostable."""
    key = f"servicing:{payment_id}:undo:{transaction_id}"
    done = ledger.reverse(tx, idempotency_key=key, transaction_id=transaction_id, reason=reason)
    if isinstance(done, Refused):
        raise NotPostable(f"payment {payment_id} cannot be taken back in the book: {done.message}", **done.facts)
    return done.transaction_id


def _posting(one: Movement, accounts: Mapping[str, tuple[int, int]]) -> ledger.Posting:
    """Gains are credited from cash; where something was lost elsewhere, from there."""
    gains = [[accounts[EVENTS[place]][1], minor] for place, minor in sorted(one.by_place.items()) if minor > 0]
    losses = [[accounts[EVENTS[place]][1], -minor] for place, minor in sorted(one.by_place.items()) if minor < 0]
    fresh = sum(minor for _, minor in gains) - sum(minor for _, minor in losses)
    assert fresh >= 0, "what is taken back is reversed, not moved"
    if fresh:
        losses.append([next(iter(accounts.values()))[0], fresh])
    entries = []
    for source in losses:
        for target in gains:
            minor = min(source[1], target[1])
            if minor:
                entries.append(ledger.Entry(source[0], target[0], Money(minor, one.currency)))
                source[1] -= minor
                target[1] -= minor
    return ledger.Posting(one.key, entries, one.effective_at, "servicing_payment", one.payment_id, one.description)


def _post(tx: Tx, postings: Sequence[ledger.Posting]) -> list[int]:
    numbers: list[int] = []
    if not postings:
        return numbers
    for posting, done in zip(postings, ledger.post_many(tx, postings, atomic=True), strict=True):
        if isinstance(done, Refused):
            raise NotPostable(
                f"{posting.description} ({posting.source_id}) cannot be posted: {done.message}", **done.facts
            )
        if done.status == "pending":
            raise NotPostable(f"{posting.description} ({posting.source_id}) cannot be posted: its day is still to come")
        numbers.append(done.transaction_id)
    return numbers


def _accounts(tx: Tx, events: Iterable[str], currency: str) -> dict[str, tuple[int, int]]:
    wanted = list(events)
    try:
        return ledger.posting_accounts_of(tx, wanted, currency)
    except ledger.MissingPurpose:
        ledger.seed_chart(tx, currency=currency)
        return ledger.posting_accounts_of(tx, wanted, currency)
