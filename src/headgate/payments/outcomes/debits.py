"""What became of debits of clients, and of money that was paid to us: funding's own verbs, told by a movement.

A debit settles, and its money is provisional until its hold has passed; or it comes back, before or after. A return that is
told before its settlement waits for it: then both are recorded, in that order, and nothing is left of either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from headgate import cases, funding
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.outcomes import movements
from headgate.payments.outcomes.missing import end_missing
from headgate.payments.outcomes.movements import Movement, Standing
from headgate.rails import banks, return_codes

_BY: Final = ("id", "individual", "trace", "file")
_RAILS: Final[dict[str, Literal["wire", "realtime", "book"]]] = {
    "wire": "wire", "fednow": "realtime", "rtp": "realtime", "book": "book",
    "column.realtime": "realtime", "column.wire": "wire", "column.book": "book",
}  # fmt: skip
"""Over which rail money came that a provider of that name brings; any other brings pushed ACH credits."""


@dataclass(frozen=True, slots=True)
class FundingAttempt:
    """A debit of a client that was sent."""

    id: str
    funding_request_id: str
    legal_entity_id: str
    amount_minor: int
    currency: str
    trace_number: str | None
    rdfi_identification: str
    individual_id: str
    status: str

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def attempts_of_file(tx: Tx, file_id: str) -> list[FundingAttempt]:
    """The debits that a file carries."""
    return _find(tx, "file", [file_id])


def attempts_by_trace(tx: Tx, traces: list[str]) -> list[FundingAttempt]:
    """The debits with these trace numbers, the oldest first."""
    return _find(tx, "trace", traces)


def apply(tx: Tx, of: Movement, *, reference: str | None = None) -> Standing:
    """Let a movement towards us take effect. `reference` is what the bank's line carries, else the movement's own id.

    Raises what funding's verbs raise: then nothing of it stands.
    """
    # Fedwire's number of a wire, where the provider tells it beside its own id: by it a statement's line is known again.
    reference = reference or (of.reference if funding.wire_numbers_in(of.reference) else of.external_trace_id)
    found = _find(tx, "individual", [of.individual_id]) or _find(tx, "trace", [of.reference])
    debit = found[-1] if found else None
    if debit is not None:
        funding.lock_requests(tx, [debit.funding_request_id])
        return _of_debit(tx, of, _find(tx, "id", [debit.id])[0], reference)
    if of.status != "settled":
        return movements.leave(tx, of, "unmatched", "no debit of ours has its id or trace number")
    return _paid(tx, of, reference)


def refuse(tx: Tx, debit_id: str, *, code: str, told: str) -> None:
    """A debit that was sent brought nothing: its provider refused it, or never heard of it. Its request is asked for as before."""
    (debit,) = _find(tx, "id", [debit_id])
    funding.lock_requests(tx, [debit.funding_request_id])
    _refused(tx, debit, code, {"told": told})


def _of_debit(tx: Tx, of: Movement, debit: FundingAttempt, reference: str) -> Standing:
    if of.amount != debit.amount:
        return movements.leave(tx, of, "differing", f"the debit {debit.id} is of {debit.amount.format()}")
    if of.status == "settled":
        return _settled(tx, of, debit, reference)
    if of.status == "returned":
        return _returned(tx, of, debit)
    return _rejected(tx, of, debit)


def _settled(tx: Tx, of: Movement, debit: FundingAttempt, reference: str) -> Standing:
    if debit.status in ("settled", "returned"):
        return movements.take_effect(tx, of, "known", funding_attempt_id=debit.id)
    if debit.status == "rejected":
        return movements.leave(tx, of, "differing", f"the debit {debit.id} was refused before, and now has settled")
    event = funding.record_settled(
        tx,
        funding_request_id=debit.funding_request_id,
        provider=of.provider,
        external_trace_id=of.external_trace_id,
        amount=of.amount,
        settled_at=of.booked_at(tx, legal_entity_id=debit.legal_entity_id),
        reference=reference,
    )
    _move(tx, debit, "settled")
    movements.take_effect(tx, of, "settled", funding_attempt_id=debit.id, funding_event_id=event.id)
    # What was told before its settlement takes effect with it.
    for waiting in movements.waiting_for(tx, individual_id=debit.individual_id, trace_number=debit.trace_number):
        _of_debit(tx, waiting, _find(tx, "id", [debit.id])[0], waiting.external_trace_id)
    return "settled"


def _returned(tx: Tx, of: Movement, debit: FundingAttempt) -> Standing:
    if debit.status == "returned":
        return movements.take_effect(tx, of, "known", funding_attempt_id=debit.id)
    if debit.status == "sent":
        return movements.leave(tx, of, "waiting", f"the settlement of the debit {debit.id} has not been told yet")
    if debit.status == "rejected":
        return movements.leave(tx, of, "differing", f"the debit {debit.id} was refused before, and now comes back")
    original = funding.get_event(tx, _event_of(tx, debit.id))
    event = funding.record_returned(
        tx,
        of_event_id=original.id,
        provider=of.provider,
        external_trace_id=of.external_trace_id,
        return_code=of.return_code or "unknown",
        returned_at=max(original.settled_at, of.booked_at(tx, legal_entity_id=debit.legal_entity_id)),
        # The bank's line of a returned entry carries the entry's own id.
        reference=debit.individual_id,
    )
    _move(tx, debit, "returned")
    code = return_codes().get(of.return_code)
    if code is None or not code.may_be_presented_again:
        funding.withdraw_debits(
            tx, legal_entity_id=debit.legal_entity_id, reason=f"the debit {debit.id} came back under {of.return_code}"
        )
    return movements.take_effect(tx, of, "returned", funding_attempt_id=debit.id, funding_event_id=event.id)


def _rejected(tx: Tx, of: Movement, debit: FundingAttempt) -> Standing:
    if debit.status == "rejected":
        return movements.take_effect(tx, of, "known", funding_attempt_id=debit.id)
    if debit.status != "sent":
        return movements.leave(tx, of, "differing", f"the debit {debit.id} is {debit.status}, and now is refused")
    _refused(tx, debit, of.return_code, {})
    return movements.take_effect(tx, of, "rejected", funding_attempt_id=debit.id)


def _refused(tx: Tx, debit: FundingAttempt, code: str, more: Mapping[str, str]) -> None:
    _move(tx, debit, "rejected")
    funding.mark_refused(tx, funding_request_id=debit.funding_request_id)
    cases.open_case(
        tx,
        key=f"debit_rejected:{debit.id}",
        category="debit_rejected",
        subcategory=code or None,
        detail={
            "debit_id": debit.id,
            "funding_request_id": debit.funding_request_id,
            "amount_minor": debit.amount_minor,
            "currency": debit.currency,
            **more,
            "next": "the bank took nothing of it: mend what it names, and ask the client anew",
        },
    )


def _paid(tx: Tx, of: Movement, reference: str) -> Standing:
    """Money that nobody debited: the answer to a request that it names, else a deposit of the client whose words it has."""
    counted = _counted(tx, of)
    if counted is not None:
        return movements.take_effect(tx, of, "known", deposit_id=counted)
    request = _request(tx, of)
    if request is not None:
        event = funding.record_settled(
            tx,
            funding_request_id=request.id,
            provider=of.provider,
            external_trace_id=of.external_trace_id,
            amount=of.amount,
            settled_at=of.booked_at(tx, legal_entity_id=request.legal_entity_id),
            reference=reference,
        )
        return movements.take_effect(tx, of, "settled", funding_event_id=event.id)
    words = funding.words_of(f"{of.individual_id} {of.reference}")
    named = funding.known_payers(tx, words)
    entities = set(named.values())
    payer = entities.pop() if len(entities) == 1 else None
    if payer is None and _may_answer_an_ask(tx, of):
        return movements.leave(
            tx, of, "waiting", "it may answer a request for payment: Column says so, or the ask ends"
        )
    settled = funding.record_deposits(
        tx,
        [
            funding.NewDeposit(
                source=of.provider,
                external_id=of.external_trace_id,
                legal_entity_id=payer,
                reference=min(named) if payer else None,
                rail=_RAILS.get(of.provider, "ach_credit"),
                amount=of.amount,
                value_on=of.effective_on,
                booked_on=of.effective_on,
                bank_reference=reference,
                record_id=of.record_id,
                booked_at=of.booked_at(tx, legal_entity_id=payer),
            )
        ],
    )
    if not (settled.new or settled.repeated):
        return movements.leave(tx, of, "differing", "this money became the payment of a loan")
    (deposit,) = (*settled.new, *settled.repeated)
    return movements.take_effect(tx, of, "deposited", deposit_id=deposit.id)


def _counted(tx: Tx, of: Movement) -> str | None:
    """The deposit as which this very wire was counted before, from a statement that named Fedwire's number of it."""
    if _RAILS.get(of.provider) != "wire":
        return None
    numbers = funding.wire_numbers_in(f"{of.external_trace_id} {of.reference}")
    claimed = funding.claimed_wires(tx, numbers).values()
    keys = [(one.source, one.external_id) for one in claimed if one.amount == of.amount]
    found = funding.deposits_of(tx, keys) if keys else []
    return found[0].id if found else None


def _request(tx: Tx, of: Movement) -> funding.FundingRequest | None:
    """The open request whose id the money carries, or that its provider says it answers; a cancelled one asks for nothing,
    and its money is a deposit.
    """
    answered = tx.values(
        """
        SELECT funding_request_id FROM payments.funding_asks
         WHERE tenant_id = %(tenant)s AND rail = %(rail)s AND payment_reference = %(payment)s
        """,
        {"tenant": tx.tenant_id, "rail": of.provider, "payment": of.external_trace_id},
    )
    try:
        found = funding.get_request(tx, answered[0] if answered else of.individual_id.lower())
    except funding.NoSuchRequest:
        return None
    return found if found.status != "cancelled" and found.currency == of.currency else None


def _may_answer_an_ask(tx: Tx, of: Movement) -> bool:
    """Whether it is as much as a payer is asked for over Column, which will say whether this is the answer."""
    columns = [name for name, bank in banks.profiles().items() if bank.interface == "column"]
    return bool(
        tx.value(
            """
            SELECT EXISTS (SELECT FROM payments.funding_asks
                            WHERE tenant_id = %(tenant)s AND rail = %(rail)s AND bank = ANY(%(banks)s)
                              AND amount_minor = %(amount)s AND currency = %(currency)s AND payment_reference IS NULL
                              AND status IN ('sending', 'outcome_unknown', 'doubted', 'pending', 'accepted'))
            """,
            {
                "tenant": tx.tenant_id,
                "rail": of.provider,
                "banks": columns,
                "amount": of.amount_minor,
                "currency": of.currency,
            },
        )
    )


def _move(tx: Tx, debit: FundingAttempt, status: Literal["settled", "returned", "rejected"]) -> None:
    tx.run(
        "UPDATE payments.funding_attempts SET status = %(status)s WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": debit.id, "status": status},
    )
    end_missing(tx, [debit.id])


def _event_of(tx: Tx, funding_attempt_id: str) -> str:
    return str(
        tx.value(
            """
            SELECT funding_event_id FROM payments.movement_effects
             WHERE tenant_id = %(tenant)s AND funding_attempt_id = %(id)s AND effect = 'settled'
            """,
            {"tenant": tx.tenant_id, "id": funding_attempt_id},
        )
    )


def _find(tx: Tx, by: Literal["id", "individual", "trace", "file"], values: list[str]) -> list[FundingAttempt]:
    """Debits by one of the four, the oldest first: trace numbers come again after a year or so."""
    return tx.all(
        """
        SELECT id, funding_request_id, legal_entity_id, amount_minor, currency, trace_number, rdfi_identification,
               individual_id, status
          FROM payments.funding_attempts
         WHERE tenant_id = %(tenant)s
           AND (id = ANY(%(id)s) OR individual_id = ANY(%(individual)s) OR trace_number = ANY(%(trace)s)
                OR ach_file_id = ANY(%(file)s))
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, **{name: values if name == by else [] for name in _BY}},
        row=FundingAttempt,
    )
