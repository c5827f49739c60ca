"""What providers say of payments of ours: each is settled or comes back by one movement, linked to the attempt that sent it.

A pull tells of thousands at once, so they are judged and written in sets: what one statement costs is the same for one movement
as for two hundred. Several movements of one payment follow each other, each in a set that sees what the one before did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from headgate import funding, ledger
from headgate.core import arrays
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.outcomes import events as outcomes
from headgate.payments.outcomes import movements
from headgate.payments.outcomes.events import Outcome
from headgate.payments.outcomes.movements import Effected, Left, Movement, Standing
from headgate.payments.outcomes.return_credits import ReturnCredit, give_back


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt that a movement may be about, with what is known of it."""

    id: str
    instruction_id: str
    legal_entity_id: str
    attempt_no: int
    amount_minor: int
    currency: str
    individual_id: str
    is_order: bool
    status: str
    has_settled: bool
    has_returned: bool

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    def has(self, status: str) -> bool:
        """Whether this was told of it before, by whatever evidence."""
        return self.has_settled if status == "settled" else self.has_returned


def apply_all(tx: Tx, of: Sequence[Movement]) -> list[Standing]:
    """Let movements of our payments take effect, those of one payment in their order; what each came to, in their order.

    Raises PostingRefused: then nothing of it stands.
    """
    outcomes.lock_payrolls(tx, individual_ids={one.individual_id for one in of})
    standings: dict[str, Standing] = {}
    for together in _by_turns(of):
        standings |= _apply_together(tx, together)
    return [standings[one.id] for one in of]


def _by_turns(of: Sequence[Movement]) -> list[list[Movement]]:
    """The first movement of each payment, then the second of each that has one, and so on."""
    turns: list[list[Movement]] = []
    seen: dict[str, int] = {}
    for one in of:
        turn = seen.get(one.individual_id, 0)
        seen[one.individual_id] = turn + 1
        if turn == len(turns):
            turns.append([])
        turns[turn].append(one)
    return turns


@dataclass(frozen=True, slots=True)
class _Known:
    """Its fact stood already, of this attempt."""

    attempt_id: str


@dataclass(frozen=True, slots=True)
class _Leave:
    """It moves nothing, and why."""

    standing: Left
    why: str


def _apply_together(tx: Tx, of: Sequence[Movement]) -> dict[str, Standing]:
    """What movements of different payments come to, by their ids."""
    told = _told(tx, of)
    attempts = _attempts(tx, [one.individual_id for one in of if one.id not in told])
    moves: list[tuple[Movement, _Attempt]] = []
    came: list[Effected] = []
    left: list[tuple[Movement, Left, str]] = []
    for one in of:
        found = _Known(told[one.id]) if one.id in told else _judged(one, attempts.get(one.individual_id, []))
        if isinstance(found, _Known):
            came.append(Effected(one, "known", attempt_id=found.attempt_id))
        elif isinstance(found, _Leave):
            left.append((one, found.standing, found.why))
        else:
            moves.append((one, found))
    _apply(tx, moves)
    came += [
        Effected(one, "settled" if one.status == "settled" else "returned", attempt_id=attempt.id)
        for one, attempt in moves
    ]
    movements.take_effects(tx, came)
    movements.leave_all(tx, left)
    return {one.of.id: one.effect for one in came} | {one.id: standing for one, standing, _ in left}


def _judged(one: Movement, found: Sequence[_Attempt]) -> _Known | _Leave | _Attempt:
    """What a movement is about: the attempt that it settles or gives back, one of which that was known, or why neither."""
    equal = [attempt for attempt in found if attempt.amount == one.amount and attempt.status != "rejected"]
    refused = [attempt for attempt in found if attempt.amount == one.amount and attempt.status == "rejected"]
    if not found:
        return _Leave("unmatched", "no payment of ours has its id")
    if not equal and one.status == "returned" and found[-1].is_order and one.amount < found[-1].amount:
        # Over a network money may come back in parts; what each part is, the order's own answer says.
        return _Leave("waiting", "a part came back: the order's own answer says which")
    if not equal and refused and one.status == "rejected":
        return _Known(refused[-1].id)
    if not equal and refused:
        return _Leave("differing", f"the payment {refused[-1].instruction_id} was refused before")
    if not equal:
        return _Leave("differing", f"the payment {found[-1].instruction_id} is of {found[-1].amount.format()}")
    if one.status == "rejected":
        return _rejected(equal[-1])
    fresh = [attempt for attempt in equal if not attempt.has(one.status)]
    return fresh[0] if fresh else _Known(equal[-1].id)


def _rejected(attempt: _Attempt) -> _Known | _Leave:
    """What sends a payment hears of its refusal, and gives its money back; here it is only held against that."""
    if attempt.status == "sent" and attempt.is_order:
        return _Leave("waiting", "its provider's own answer to the order has not come yet")
    if attempt.status in ("sent", "settled", "returned"):
        return _Leave("differing", f"the payment {attempt.instruction_id} is {attempt.status}, and now is refused")
    return _Known(attempt.id)


def _attempts(tx: Tx, individual_ids: Sequence[str]) -> dict[str, list[_Attempt]]:
    """The attempts whose order carried each of these ids, the first first."""
    found: dict[str, list[_Attempt]] = {}
    for attempt in tx.all(
        """
        SELECT a.id, a.instruction_id, i.legal_entity_id, a.attempt_no, a.amount_minor, a.currency, a.individual_id,
               a.ach_file_id IS NULL AS is_order, a.status,
               EXISTS (SELECT FROM payments.settlement_events e WHERE e.tenant_id = a.tenant_id
                          AND e.attempt_id = a.id AND e.status = 'settled') AS has_settled,
               EXISTS (SELECT FROM payments.settlement_events e WHERE e.tenant_id = a.tenant_id
                          AND e.attempt_id = a.id AND e.status = 'returned') AS has_returned
          FROM payments.attempts a
          JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
         WHERE a.tenant_id = %(tenant)s AND a.individual_id = ANY(%(individuals)s::text[])
         ORDER BY a.attempt_no, a.id
        """,
        {"tenant": tx.tenant_id, "individuals": arrays.texts(sorted(set(individual_ids)))},
        row=_Attempt,
    ):
        found.setdefault(attempt.individual_id, []).append(attempt)
    return found


def _told(tx: Tx, of: Sequence[Movement]) -> dict[str, str]:
    """The attempts of which these very pieces of evidence told before, as answers to their orders; by movement."""
    rows = tx.all(
        """
        SELECT u.movement_id, e.attempt_id
          FROM unnest(%(ids)s::text[], %(providers)s::text[], %(traces)s::text[]) AS u (movement_id, provider, trace)
          JOIN payments.settlement_events e
            ON e.tenant_id = %(tenant)s AND e.provider = u.provider AND e.external_id = u.trace
        """,
        {
            "tenant": tx.tenant_id,
            "ids": arrays.texts([one.id for one in of]),
            "providers": arrays.texts([one.provider for one in of]),
            "traces": arrays.texts([one.external_trace_id for one in of]),
        },
    )
    return {row["movement_id"]: row["attempt_id"] for row in rows}


def _apply(tx: Tx, moves: Sequence[tuple[Movement, _Attempt]]) -> None:
    """Post, and write down what happened: settlements, then what came back with the money that was given back for it."""
    book = _Book(tx)
    settled = [(of, attempt) for of, attempt in moves if of.status == "settled"]
    returned = [(of, attempt) for of, attempt in moves if of.status == "returned"]
    assert len(settled) + len(returned) == len(moves), "a refusal moves nothing"
    ordered = [*settled, *returned]
    posted = outcomes.post_all(
        tx, [*(book.settlement(*one) for one in settled), *(book.coming_back(*one) for one in returned)]
    )
    told = [_outcome(*one, number) for one, number in zip(ordered, posted, strict=True)]
    outcomes.record(tx, told[: len(settled)])
    outcomes.record(tx, told[len(settled) :])
    give_back(tx, [_credit(*one) for one in returned])


class _Book:
    """The postings of movements; accounts and days that many have in common are looked up once."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._accounts: dict[tuple[str, str, str | None], tuple[int, int]] = {}
        self._noons: dict[tuple[date, str], datetime] = {}

    def settlement(self, of: Movement, attempt: _Attempt) -> ledger.Posting:
        where = (of.effective_on, attempt.legal_entity_id)
        if where not in self._noons:
            self._noons[where] = funding.booked_at(self._tx, of.effective_on, legal_entity_id=attempt.legal_entity_id)
        return ledger.Posting(
            idempotency_key=f"payments:{attempt.instruction_id}:settle:{attempt.attempt_no}",
            entries=[self._entry("payments.instruction.settled", of, attempt.legal_entity_id)],
            effective_at=min(self._noons[where], of.told_at),
            source_type="payment",
            source_id=attempt.instruction_id,
            description="Settled at the provider",
            metadata={"reference": of.external_trace_id},
        )

    def coming_back(self, of: Movement, attempt: _Attempt) -> ledger.Posting:
        return ledger.Posting(
            idempotency_key=f"payments:{attempt.instruction_id}:return:{attempt.attempt_no}",
            entries=[self._entry("payments.instruction.returned", of, attempt.legal_entity_id)],
            source_type="payment",
            source_id=attempt.instruction_id,
            description=f"Returned with {of.return_code}",
            metadata={},
        )

    def _entry(self, event: str, of: Movement, legal_entity_id: str | None) -> ledger.Entry:
        where = (event, of.currency, legal_entity_id)
        if where not in self._accounts:
            self._accounts[where] = ledger.posting_accounts(
                self._tx, event, of.currency, legal_entity_id=legal_entity_id
            )
        return ledger.Entry(*self._accounts[where], of.amount)


def _outcome(of: Movement, attempt: _Attempt, transaction_id: int) -> Outcome:
    settles = of.status == "settled"
    return Outcome(
        attempt_id=attempt.id,
        instruction_id=attempt.instruction_id,
        status="settled" if settles else "returned",
        provider=of.provider,
        external_id=of.external_trace_id,
        amount_minor=of.amount_minor,
        currency=of.currency,
        return_code=None if settles else of.return_code or "unknown",
        effective_on=of.effective_on,
        transaction_id=transaction_id,
        artifact_id=of.artifact_id,
        record_id=of.record_id,
    )


def _credit(of: Movement, attempt: _Attempt) -> ReturnCredit:
    """What a provider gives back is there at once: no statement's line follows that would credit it."""
    return ReturnCredit(
        provider=of.provider,
        external_id=of.external_trace_id,
        amount=of.amount,
        value_on=of.effective_on,
        about=attempt.instruction_id,
        description="Returned money given back by the provider",
        reference=of.external_trace_id,
        artifact_id=of.artifact_id,
        record_id=of.record_id,
    )
