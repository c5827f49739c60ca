"""The stages of the pipeline: payments that came in are validated, classified, allocated and posted.

    payment.ingested -> validate -> payment.validated -> classify -> saga.payment.start -> allocate
                                 `-> payment.rejected                                        `-> saga.payment.allocated -> post

Each stage takes payments by their ingestions, decides what its name says with the functions that posting itself uses, and
tells the next. What they decide on the way is told, not believed: the poster validates, classifies and allocates once more
under the loan's lock, so that what happened meanwhile counts. A stage that sees a payment again changes nothing. Each says how
many it let go on. `brought` is by what each came there, as its message: what comes by another is told to the next once more.

What may be posted at once goes through all of them in one transaction (`go_through`), under one lock of its loan and by one
fold: each stage's message is written, as handled. The queues between the stages hold what may not: what a channel's mode
holds back, what contradicts a payment that stands, what a person brought back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import lru_cache, partial
from typing import Any, Final

from headgate import cases, ingestion, messaging
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ingestion import PaymentIngestion
from headgate.servicing import applying, modes, policies, refusing, writing
from headgate.servicing.errors import InvalidPayment, PaymentDiffers
from headgate.servicing.loading import LoanRow, find_loans
from headgate.servicing.model import AppliedPayment, NewPayment, Placed, Rule, Terms
from headgate.servicing.writing import Change

VALIDATED: Final = "payment.validated"
START: Final = "saga.payment.start"
ALLOCATED: Final = "saga.payment.allocated"
CLASSIFIES, ALLOCATES, POSTS = "servicing.classify", "servicing.allocate", "servicing.post"
"""The consumers of these, by name."""
RELEASED_AT_ONCE: Final = 1_000


def new_payment(came: PaymentIngestion) -> NewPayment:
    """The payment of a loan that an envelope tells of. Its key is what it is, so that it is the same in an empty book."""
    envelope = came.envelope
    assert envelope is not None, "what was published has an envelope"
    paid, external = envelope["payment"], envelope["external"]
    return NewPayment(
        loan_id=envelope["borrower"]["loan_id"] or "",
        idempotency_key=f"ingestion:{came.identity.hex()}",
        amount_minor=paid["amount_minor"],
        currency=paid["currency"],
        received_on=date.fromisoformat(paid["value_date"]),
        source_channel=envelope["source"]["channel"],
        provider_transfer_id=external["column_transfer_id"] or external["psp_id"],
        ingestion_id=came.id,
    )


def go_through(tx: Tx, ingestion_ids: Sequence[str]) -> int:
    """Take payments from validation into the book at once, where their channels are live; the rest is validated.

    How many went on. Raises NoSuchPaymentIngestion, NotPostable.
    """
    messaging.do_last(tx)  # What was put off may be of the same loans.
    payments = _payments(tx, ingestion_ids)
    chosen = modes.posting_modes(tx)
    live = {number: one for number, one in payments.items() if chosen[one.source_channel].mode == "live"}
    if not live:
        return validate(tx, ingestion_ids)
    try:
        judged = applying.judge(tx, list(live.values()))
    except (InvalidPayment, PaymentDiffers):
        # The poster finds which, and makes a case of it.
        return validate(tx, ingestion_ids)
    answers = dict(zip(live, applying.carry_out(tx, judged, _stages, book=_book_last), strict=True))
    refused = {number for number, answer in answers.items() if isinstance(answer, Refused)}
    posted = {number for number, answer in answers.items() if not isinstance(answer, Refused) and not answer.replayed}
    rest = [number for number in payments if number not in posted and number not in refused]
    return len(posted) + (validate(tx, rest) if rest else 0)


def _book_last(tx: Tx, changes: Sequence[Change]) -> None:
    """The book comes last in the transaction: what all payments move is locked for its commit alone."""
    messaging.at_last(tx, partial(writing.write, tx, changes))


def validate(tx: Tx, ingestion_ids: Sequence[str]) -> int:
    """Let go on what may be posted (`payment.validated`); reject the rest with its code and a case (`payment.rejected`).

    One that stands already goes on, whatever became of its loan since. Raises NoSuchPaymentIngestion.
    """
    payments = _payments(tx, ingestion_ids)
    loans = find_loans(tx, {payment.loan_id for payment in payments.values()})
    stands = applying.standing(tx, list(payments.values()))
    codes = {
        number: refusing.objection(payment, loans.get(payment.loan_id))
        for number, payment in payments.items()
        if payment.idempotency_key not in stands
    }
    rejected = [(payments[number], code) for number, code in codes.items() if code]
    if rejected:
        refusing.reject(tx, rejected)
    on = [number for number in payments if not codes.get(number)]
    facts = {number: {"loan_id": loans[payments[number].loan_id].id} for number in on}
    _tell_next(tx, VALIDATED, facts, dict.fromkeys(on, "once"))
    return len(on)


def classify(tx: Tx, brought: Mapping[str, str]) -> int:
    """Say by what rule each is allocated: that of the loan's state in the policy of the day it was received.

    A state for which nothing was chosen gets the conservative rule: all of it waits, and posting opens a case.
    """
    payments = _payments(tx, brought)
    loans = find_loans(tx, {payment.loan_id for payment in payments.values()})
    known = {number: payment for number, payment in payments.items() if payment.loan_id in loans}
    versions = policies.policies_of(tx, {loans[payment.loan_id].product for payment in known.values()})
    found: dict[str, dict[str, Any]] = {}
    for number, payment in known.items():
        loan = loans[payment.loan_id]
        found[number] = _rule_of(loan, policies.in_force(versions[loan.product], payment.received_on))
    _tell_next(tx, START, found, brought)
    return len(found)


def allocate(tx: Tx, brought: Mapping[str, str]) -> int:
    """Say where each cent of them would go now. One that stands already, or may not be posted any more, ends here."""
    payments = _payments(tx, brought)
    lines = applying.preview(tx, list(payments.values()))
    found = {
        number: _lines_of(payment, lines[payment.idempotency_key])
        for number, payment in payments.items()
        if payment.idempotency_key in lines
    }
    _tell_next(tx, ALLOCATED, found, brought)
    return len(found)


def post(tx: Tx, ingestion_ids: Sequence[str]) -> list[AppliedPayment | Refused]:
    """Post them as their channels' modes say, as a set: `live` posts, `shadow` only writes down, `off` leaves them.

    What contradicts a payment that stands, or can be no payment, becomes a case and is left. Raises NotPostable.
    """
    chosen = modes.posting_modes(tx)
    payments = _payments(tx, ingestion_ids)
    answers: list[AppliedPayment | Refused] = []
    for mode in ("live", "shadow"):
        own = [payment for payment in payments.values() if chosen[payment.source_channel].mode == mode]
        if own:
            answers += _post(tx, own, pending=mode == "shadow")
    return answers


def release_waiting(tx: Tx, *, channel: str | None = None) -> int:
    """Bring payments back to the pipeline that were left or only written down; returns how many.

    Once after each choice of a mode: what goes wrong on the way lies with the dead letters.
    """
    last = tx.value("SELECT coalesce(max(id), 0) FROM servicing.posting_modes")
    again = f"mode:{last}"
    count = 0
    after = ""
    while numbers := _waiting(tx, channel, after):
        count += classify(tx, dict.fromkeys(numbers, again))
        after = numbers[-1]
    return count


def _waiting(tx: Tx, channel: str | None, after: str) -> list[str]:
    """A page of ingestions in the order of their ids, of which no payment is posted and none was refused."""
    return tx.values(
        """
        SELECT i.id
          FROM ingestion.payment_ingestions i
         WHERE i.status = 'published' AND i.id > %(after)s AND (%(channel)s::text IS NULL OR i.channel = %(channel)s)
           AND NOT EXISTS (SELECT FROM servicing.payments p
                            WHERE p.tenant_id = i.tenant_id AND p.status <> 'pending'
                              AND p.idempotency_key = 'ingestion:' || encode(i.identity, 'hex'))
           AND NOT EXISTS (SELECT FROM servicing.refusals r
                            WHERE r.tenant_id = i.tenant_id AND r.idempotency_key = 'ingestion:' || encode(i.identity, 'hex'))
         ORDER BY i.id
         LIMIT %(limit)s
        """,
        {"channel": channel, "after": after, "limit": RELEASED_AT_ONCE},
    )


def _post(tx: Tx, payments: Sequence[NewPayment], *, pending: bool) -> list[AppliedPayment | Refused]:
    """As a set; where one of them cannot be a payment, each by itself, so that the others are."""
    try:
        with tx.savepoint():
            return applying.apply_payments(tx, payments, pending=pending)
    except (InvalidPayment, PaymentDiffers) as error:
        if len(payments) > 1:
            return [answer for payment in payments for answer in _post(tx, [payment], pending=pending)]
        [payment] = payments
        detail = {"code": error.code, "reason": error.message, **error.facts}
        cases.open_case(
            tx,
            key=f"loan_payment_unposted:{payment.ingestion_id}",
            category="loan_payment_unposted",
            subcategory=error.code,
            ingestion_id=payment.ingestion_id,
            detail=detail,
        )
        return []


def _payments(tx: Tx, ingestion_ids: Collection[str]) -> dict[str, NewPayment]:
    """The payments of these ingestions, in their order. Raises NoSuchPaymentIngestion."""
    wanted = list(dict.fromkeys(ingestion_ids))
    found = ingestion.get_payment_ingestions(tx, wanted)
    if len(found) < len(wanted):
        missing = next(number for number in wanted if number not in found)
        raise ingestion.NoSuchPaymentIngestion(f"there is no payment ingestion {missing[:40]}", ingestion_id=missing)
    return {number: new_payment(found[number]) for number in wanted}


def _rule_of(loan: LoanRow, terms: Terms) -> dict[str, Any]:
    return {
        "loan_id": loan.id,
        "state": loan.state,
        "policy_version_no": terms.version_no,
        "rule": _words(terms.rule(loan.state)),
        "is_known": loan.state in terms.rules,
    }


@lru_cache
def _words(rule: Rule) -> dict[str, Any]:
    """A rule as it is told, made once: a set of payments has one or two."""
    return asdict(rule)


def _lines_of(payment: NewPayment, lines: Sequence[Placed]) -> dict[str, Any]:
    allocations = [
        {
            "bucket": line.place,
            "instalment_no": line.number,
            "amount_minor": line.amount_minor,
            "currency": payment.currency,
        }
        for line in lines
    ]
    return {"allocations": allocations}


def _stages(payment: NewPayment, change: Change, applied: AppliedPayment) -> list[messaging.Outgoing]:
    """What each stage would have told the next, which has done its part already."""
    number, loan = payment.ingestion_id, change.loan
    assert number is not None, "it came by one"
    rule = _rule_of(loan.row, loan.terms_on(payment.received_on))
    return [
        _outgoing(VALIDATED, number, {"loan_id": loan.row.id}, "once", CLASSIFIES),
        _outgoing(START, number, rule, "once", ALLOCATES),
        _outgoing(ALLOCATED, number, _lines_of(payment, applied.lines), "once", POSTS),
    ]


def _tell_next(tx: Tx, event_type: str, found: Mapping[str, Mapping[str, Any]], brought: Mapping[str, str]) -> None:
    """Tell the next stage, once for each payment and each message that brought it here."""
    messaging.publish_ahead(
        tx, [_outgoing(event_type, number, facts, brought[number]) for number, facts in found.items()]
    )


def _outgoing(
    event_type: str, number: str, facts: Mapping[str, Any], brought: str, handled_by: str | None = None
) -> messaging.Outgoing:
    return messaging.Outgoing(
        event_type=event_type,
        aggregate_type="ingestion",
        aggregate_id=number,
        payload={"schema": f"{event_type}.v1", "ingestion_id": number, **facts},
        dedupe_key=f"{event_type}:{number}:{brought}",
        handled_by=handled_by,
    )
