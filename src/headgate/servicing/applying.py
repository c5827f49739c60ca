"""Apply payments: validate → classify by the loan's state → allocate → post, in one transaction, as a set.

A key or a provider's transfer that is known moves nothing and gives what stands. What is refused is written down under its
key, told (`payment.rejected`) and becomes a case; the same key is refused for ever.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final

from headgate.core import arrays, ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.servicing import known as known_payments
from headgate.servicing import refusing, telling, undoing, writing
from headgate.servicing.errors import InvalidPayment, PaymentDiffers
from headgate.servicing.known import Known
from headgate.servicing.loading import Loaded, LoanRow, made_of
from headgate.servicing.model import (
    CHANNELS,
    AppliedPayment,
    NewPayment,
    Parts,
    PaymentStatus,
    Placed,
    Receipt,
    Transfer,
    parts_of,
)
from headgate.servicing.telling import More
from headgate.servicing.writing import Change

Booking = Callable[[Tx, Sequence[Change]], None]
"""Writes what folds changed, now or before the transaction ends."""

BATCH_MAX: Final = 1_000


def apply_payment(tx: Tx, payment: NewPayment, *, pending: bool = False) -> AppliedPayment | Refused:
    """Apply one payment; see `apply_payments`."""
    return apply_payments(tx, [payment], pending=pending)[0]


def apply_payments(tx: Tx, payments: Sequence[NewPayment], *, pending: bool = False) -> list[AppliedPayment | Refused]:
    """Apply payments as a set, in as many round trips as one takes; the answers come in their order.

    Each is credited as of the day on which it was received: one with an earlier day than others makes those be folded
    again, under their own policies. Returns of it that came before take effect with it. `pending` only writes it down, with
    what it would do (shadow mode): nothing moves until it is applied under the same key or transfer.

    Refusals: servicing.loan_not_found, .legal_hold, .loan_closed, .stop_pay, .currency_mismatch. Raises InvalidPayment,
    PaymentDiffers where a key stands for another payment, NotPostable.
    """
    return carry_out(tx, judge(tx, payments, pending=pending))


@dataclass(slots=True)
class New:
    """What is new of a batch, by its key: what is to be applied, with its loan, and what is refused, with its code."""

    loans: Mapping[str, LoanRow]
    fresh: dict[str, tuple[NewPayment, LoanRow]] = field(default_factory=dict)
    rejected: dict[str, tuple[NewPayment, str]] = field(default_factory=dict)
    _by_transfer: dict[Transfer, NewPayment] = field(default_factory=dict)

    def sort(self, payment: NewPayment) -> None:
        """Put it where it belongs."""
        loan = self.loans.get(payment.loan_id)
        code = refusing.objection(payment, loan)
        if loan is None or code is not None:
            assert code is not None, "a payment without a loan is refused"
            self.rejected[payment.idempotency_key] = (payment, code)
            return
        self.fresh[payment.idempotency_key] = (payment, loan)
        if payment.transfer is not None:
            self._by_transfer.setdefault(payment.transfer, payment)

    def twin_of(self, payment: NewPayment) -> NewPayment | None:
        """The payment that this one repeats: of its key, or to be applied and of its transfer."""
        found = self.rejected.get(payment.idempotency_key) or self.fresh.get(payment.idempotency_key)
        if found is not None:
            return found[0]
        return None if payment.transfer is None else self._by_transfer.get(payment.transfer)


@dataclass(frozen=True, slots=True)
class Judged:
    """Payments before anything is written of them: what is new, what is refused, what stands, under their loans' locks."""

    asked: Sequence[NewPayment]
    answers: list[AppliedPayment | Refused | None]
    new: New
    waiting: Mapping[str, Known]
    pending: bool
    now: datetime


def judge(tx: Tx, payments: Sequence[NewPayment], *, pending: bool = False) -> Judged:
    """Lock the loans and say of each payment what it is; nothing is written. Raises InvalidPayment, PaymentDiffers."""
    asked = list(payments)
    if len(asked) > BATCH_MAX:
        raise InvalidPayment(f"a batch takes {BATCH_MAX:,} payments at most; this has {len(asked):,}")
    before = known_payments.lock_and_look(tx, asked)
    _check(asked, before.now)
    answers: list[AppliedPayment | Refused | None] = [None] * len(asked)
    new = New(before.loans)
    waiting: dict[str, Known] = {}
    for n, payment in enumerate(asked):
        key = payment.idempotency_key
        known = before.by_key.get(key)
        if known is None and payment.provider_transfer_id is not None and key not in before.refused:
            known = before.by_transfer.get((payment.source_channel, payment.provider_transfer_id))
        if known is not None and (pending or known.status != "pending"):
            answers[n] = _answer_again(payment, known)
        elif known is not None:
            _answer_again(payment, known)
            waiting[known.idempotency_key] = known
            asked[n] = payment = replace(
                payment,
                idempotency_key=known.idempotency_key,
                received_on=known.effective_date,
                source_channel=known.source_channel,
            )
            new.sort(payment)
        elif key in before.refused:
            answers[n] = refusing.refuse_again(payment, before.refused[key])
        elif (twin := new.twin_of(payment)) is None:
            new.sort(payment)
        elif twin != payment and (twin.transfer is None or twin.transfer != payment.transfer):
            raise PaymentDiffers(f"the key {key} stands for two payments of one batch", idempotency_key=key)
    return Judged(asked, answers, new, waiting, pending, before.now)


def carry_out(
    tx: Tx, judged: Judged, more: More | None = None, *, book: Booking = writing.write
) -> list[AppliedPayment | Refused]:
    """Write what was judged, in the same transaction, and tell it, and `more` of each; what became of them, in their order.

    Who gives `book` says when the book and the loans are written. Raises PaymentDiffers where a key was used meanwhile,
    NotPostable.
    """
    if judged.new.rejected:
        refusing.reject(tx, list(judged.new.rejected.values()))
    return _answers(judged, _apply(tx, judged, more, book) if judged.new.fresh else {})


def _apply(tx: Tx, judged: Judged, more: More | None, book: Booking) -> dict[str, AppliedPayment]:
    """What is new, by its key; what was `waiting` goes on under its own id."""
    fresh = list(judged.new.fresh.values())
    changes = _fold_all(tx, fresh, judged.waiting, judged.now)
    wanted = {payment.idempotency_key: payment for payment, _ in fresh}
    lines = {payment: own for change in changes for payment, own in change.fresh_lines().items()}
    parts = {payment: parts_of(own) for payment, own in lines.items()}
    with tx.ahead():
        _insert(tx, changes, wanted, parts, "pending" if judged.pending else "completed", judged.now)
        if judged.pending:
            return telling.tell_pending(tx, changes, lines, parts)
        applied = telling.tell_applied(tx, changes, wanted, parts, more)
        is_awaited = undoing.is_awaited(tx, [payment for payment, _ in fresh])
        # What all payments move is locked from here on, so that it comes last.
        (writing.write if is_awaited else book)(tx, changes)
    if is_awaited:
        undoing.meet_waiting(tx, [one.id for one in applied.values()])
    return applied


def preview(tx: Tx, payments: Sequence[NewPayment]) -> dict[str, tuple[Placed, ...]]:
    """The lines that these would get by their keys, were each loan's applied now; nothing is written.

    One that stands already, was refused before or would be refused now is left out. Locks the loans.
    """
    before = known_payments.lock_and_look(tx, payments)
    new = New(before.loans)
    for payment in payments:
        key = payment.idempotency_key
        transfer = (payment.source_channel, payment.provider_transfer_id or "")
        stands = before.by_key.get(key) or before.by_transfer.get(transfer)
        if (stands is None or stands.status == "pending") and key not in before.refused:
            new.sort(payment)
    lines: dict[str, tuple[Placed, ...]] = {}
    for change in _fold_all(tx, list(new.fresh.values()), {}, before.now):
        lines |= {change.fresh[payment].key: own for payment, own in change.fresh_lines().items()}
    return lines


def standing(tx: Tx, payments: Sequence[NewPayment]) -> set[str]:
    """The keys of those that stand already, under their key or their transfer, or are written down."""
    [rows] = tx.gather(known_payments.asked(payments))
    by_key, by_transfer = known_payments.read(rows)
    return {
        payment.idempotency_key
        for payment in payments
        if payment.idempotency_key in by_key
        or (payment.source_channel, payment.provider_transfer_id or "") in by_transfer
    }


def _fold_all(
    tx: Tx, fresh: Sequence[tuple[NewPayment, LoanRow]], waiting: Mapping[str, Known], now: datetime
) -> list[Change]:
    """Each loan with its fresh payments folded in, in the order of the loans' ids."""
    by_loan: dict[str, list[NewPayment]] = defaultdict(list)
    rows = {}
    for payment, row in fresh:
        by_loan[row.id].append(payment)
        rows[row.id] = row
    whole = {loan for loan, own in by_loan.items() if any(_is_late(payment, rows[loan]) for payment in own)}
    read_to = {loan: max(payment.received_on for payment in own) for loan, own in by_loan.items() if loan not in whole}
    changes = made_of(
        tx,
        list(rows.values()),
        lambda one: _fold(one, by_loan[one.row.id], waiting),
        read_to=read_to,
        whole=whole,
        now=now,
    )
    return [changes[loan] for loan in sorted(changes)]


def _is_late(payment: NewPayment, row: LoanRow) -> bool:
    """Whether something of the loan was folded already that comes after it."""
    last = (row.applied_through or date.min, row.applied_key or "")
    return (payment.received_on, payment.idempotency_key) <= last


def _fold(loan: Loaded, payments: Sequence[NewPayment], waiting: Mapping[str, Known]) -> Change:
    receipts = []
    for payment in payments:
        known = waiting.get(payment.idempotency_key)
        receipts.append(
            Receipt(
                known.id if known else ids.new("lpay"),
                payment.idempotency_key,
                payment.received_on,
                payment.amount_minor,
                known.policy_version_no if known else loan.terms_on(payment.received_on).version_no,
                known.instruction if known else payment.instruction,
            )
        )
    if loan.is_whole:
        history = loan.fold([*loan.receipts, *receipts])
    else:
        history = loan.begin()
        for receipt in sorted(receipts, key=lambda one: one.order):
            history.receive(receipt)
    return Change(loan, history, {receipt.id: receipt for receipt in receipts})


def _insert(
    tx: Tx,
    changes: Sequence[Change],
    wanted: Mapping[str, NewPayment],
    parts: Mapping[str, Parts],
    status: PaymentStatus,
    now: datetime,
) -> None:
    """The rows of fresh payments; one that was pending is completed.

    Raises PaymentDiffers where another transaction used a key for another loan meanwhile.
    """
    rows = [
        (change, receipt, wanted[receipt.key], parts[receipt.id])
        for change in changes
        for receipt in change.fresh.values()
    ]
    written = tx.values(
        """
        INSERT INTO servicing.payments
               (tenant_id, id, loan_id, source_channel, idempotency_key, effective_date, currency, total_received, principal,
                interest, fee, escrow, suspense, instruction, product, policy_version_no, provider_transfer_id,
                provider_account_id, ingestion_id, provider_event_last_seen, status, created_at, changed_at)
        SELECT %(tenant)s, p.id, p.loan_id, p.channel, p.key, p.on_day, p.currency, p.total, p.principal, p.interest, p.fee,
               p.escrow, p.suspense, p.instruction, p.product, p.version_no, p.transfer, p.account, p.ingestion,
               CASE WHEN p.transfer IS NOT NULL THEN %(now)s::timestamptz END, %(status)s, %(now)s, %(now)s
          FROM unnest(%(ids)s::text[], %(loans)s::text[], %(channels)s::text[], %(keys)s::text[], %(days)s::date[],
                      %(currencies)s::text[], %(totals)s::bigint[], %(principal)s::bigint[], %(interest)s::bigint[],
                      %(fee)s::bigint[], %(escrow)s::bigint[], %(suspense)s::bigint[], %(instructions)s::text[],
                      %(products)s::text[], %(versions)s::integer[], %(transfers)s::text[], %(accounts)s::text[],
                      %(ingestions)s::text[])
               AS p (id, loan_id, channel, key, on_day, currency, total, principal, interest, fee, escrow, suspense,
                     instruction, product, version_no, transfer, account, ingestion)
            ON CONFLICT (tenant_id, idempotency_key) DO UPDATE
           SET status = EXCLUDED.status, principal = EXCLUDED.principal, interest = EXCLUDED.interest, fee = EXCLUDED.fee,
               escrow = EXCLUDED.escrow, suspense = EXCLUDED.suspense, changed_at = EXCLUDED.changed_at
         WHERE payments.status = 'pending' AND payments.id = EXCLUDED.id
        RETURNING id
        """,
        {
            "tenant": tx.tenant_id,
            "now": now,
            "status": status,
            "ids": arrays.texts([receipt.id for _, receipt, _, _ in rows]),
            "loans": arrays.texts([change.loan.row.id for change, _, _, _ in rows]),
            "channels": arrays.texts([payment.source_channel for _, _, payment, _ in rows]),
            "keys": arrays.texts([receipt.key for _, receipt, _, _ in rows]),
            "days": arrays.texts([receipt.received_on.isoformat() for _, receipt, _, _ in rows]),
            "currencies": arrays.texts([change.loan.row.currency for change, _, _, _ in rows]),
            "totals": arrays.numbers(receipt.amount_minor for _, receipt, _, _ in rows),
            **{
                name: arrays.numbers(getattr(own, name) for _, _, _, own in rows)
                for name in ("principal", "interest", "fee", "escrow", "suspense")
            },
            "instructions": arrays.texts([receipt.instruction for _, receipt, _, _ in rows]),
            "products": arrays.texts([change.loan.row.product for change, _, _, _ in rows]),
            "versions": arrays.numbers(receipt.version_no for _, receipt, _, _ in rows),
            "transfers": arrays.texts([payment.provider_transfer_id for _, _, payment, _ in rows]),
            "accounts": arrays.texts([payment.provider_account_id for _, _, payment, _ in rows]),
            "ingestions": arrays.texts([payment.ingestion_id for _, _, payment, _ in rows]),
        },
    )
    tx.follow({receipt.id: payment.ingestion_id for _, receipt, payment, _ in rows})
    if len(written) != len(rows):
        raise PaymentDiffers("another payment was applied under one of these keys meanwhile: ask again")


def _answer_again(payment: NewPayment, known: Known) -> AppliedPayment:
    asked = (payment.amount_minor, payment.currency)
    if asked != (known.total_received, known.currency) or payment.loan_id not in (known.loan_id, known.external_id):
        raise PaymentDiffers(
            f"payment {known.id} stands under this key or transfer with another amount or loan",
            payment_id=known.id,
            idempotency_key=payment.idempotency_key,
        )
    if payment.idempotency_key == known.idempotency_key and payment.received_on != known.effective_date:
        raise PaymentDiffers(
            f"payment {known.id} was received on {known.effective_date}; this key now says {payment.received_on}",
            payment_id=known.id,
            idempotency_key=payment.idempotency_key,
        )
    parts = Parts(known.principal, known.interest, known.fee, known.escrow, known.suspense)
    return AppliedPayment(known.id, known.loan_id, parts, known.status, replayed=True)


def _answers(judged: Judged, applied: Mapping[str, AppliedPayment]) -> list[AppliedPayment | Refused]:
    """The answer to each, in their order; what repeats an earlier one of the batch is a replay of it."""
    answers: list[AppliedPayment | Refused] = []
    seen: set[str | Transfer] = set()
    for payment, answer in zip(judged.asked, judged.answers, strict=True):
        names: set[str | Transfer] = {payment.idempotency_key, payment.transfer or payment.idempotency_key}
        is_again = not seen.isdisjoint(names)
        seen |= names
        answers.append(answer or _first_answer(payment, judged.new, applied, is_again=is_again))
    return answers


def _first_answer(
    payment: NewPayment, new: New, applied: Mapping[str, AppliedPayment], *, is_again: bool
) -> AppliedPayment | Refused:
    if payment.idempotency_key in new.rejected:
        return refusing.refusal(payment, new.rejected[payment.idempotency_key][1], replayed=is_again)
    twin = new.twin_of(payment)
    assert twin is not None, "what was neither answered nor refused is applied, by itself or as its twin"
    one = applied[twin.idempotency_key]
    return AppliedPayment(one.id, one.loan_id, one.parts, one.status, is_again, one.lines)


def _check(payments: Sequence[NewPayment], now: datetime) -> None:
    tomorrow = now.astimezone(UTC).date().toordinal() + 1
    for payment in payments:
        if not 1 <= len(payment.idempotency_key) <= 255:
            raise InvalidPayment("a payment's key has 1 to 255 characters")
        if payment.amount_minor <= 0:
            raise InvalidPayment(
                f"payment {payment.idempotency_key} is of {payment.amount_minor}: it must be above zero"
            )
        Money(payment.amount_minor, payment.currency)
        if payment.source_channel not in CHANNELS:
            raise InvalidPayment(f"'{payment.source_channel[:40]}' is no channel: there are {', '.join(CHANNELS)}")
        if payment.received_on.toordinal() > tomorrow:
            raise InvalidPayment(
                f"payment {payment.idempotency_key} was received on {payment.received_on}: a day to come"
            )
