"""Debits of clients: a funding request over ACH becomes a debit of the account that the client authorised.

It is an entry in a file, or, where the tenant speaks to its bank over ACH (`payments set-provider ach`), an order that a job
gives to that provider (orders/debit_sending.py): payments and debits go the same way.

A debit brings money and consumes none, so it is no payment and has no reservation: its tries are `funding_attempts`, apart
from the attempts of payouts. It is dated on the day that its request names, or the first after it that the bank still makes:
nobody is debited early. A request is debited once by itself; after a return or a refusal a person decides, who may have one
that lacked funds presented again (`represent_debit`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from headgate import audit, cases, funding, messaging, rails
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.core.money import Money
from headgate.payments import deadlines, routing
from headgate.payments.authorizations import authorized_account
from headgate.payments.errors import NoSuchDebit
from headgate.payments.files import files
from headgate.payments.model import AchFile, Originator
from headgate.payments.orders import debit_orders
from headgate.payments.orders.debit_orders import DebitOrder
from headgate.payments.originators import known_originators, originators_of

DESCRIPTION: Final = "FUNDING"
"""The company entry description: what the client reads on its own statement."""

TRIES_MAX: Final = 3
"""How often a request is debited by itself where its provider never heard of the debit; then a person looks."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A request with the order that would debit it."""

    request: funding.FundingRequest
    authorization: funding.DebitAuthorization
    order: rails.RailOrder
    originator: Originator
    bank: rails.banks.Profile
    on: date


@dataclass(frozen=True, slots=True)
class SubmittedDebits:
    """What was made of the debits that are to go: files, and orders that a job gives to their provider."""

    files: tuple[AchFile, ...] = ()
    orders: tuple[DebitOrder, ...] = ()


def submit_debits(tx: Tx) -> list[AchFile]:
    """The files of what `submit_all_debits` makes."""
    return list(submit_all_debits(tx).files)


def submit_all_debits(tx: Tx) -> SubmittedDebits:
    """Make the debits that are to go now: orders where ACH is spoken, else files, one a legal entity and day, which
    `deliver` hands over.

    What cannot go (no authorization, no originator, a bank that does not take it) is asked for still, with a case that
    says why. Raises TooManyFiles.
    """
    wanted = _untried(tx, funding.debits_wanted(tx))
    originators = known_originators(tx, {one.legal_entity_id for one in wanted})
    spoken = routing.spoken_to(tx)
    ready: list[_Ready] = []
    stuck: list[tuple[funding.FundingRequest, Sequence[str]]] = []
    for request in wanted:
        try:
            found = _ready(tx, request, originators, spoken)
        except HeadgateError as error:
            stuck.append((request, [error.message]))
            continue
        if isinstance(found, _Ready):
            ready.append(found)
        elif found:
            stuck.append((request, found))
    _open_cases(tx, stuck)
    if routing.ACH in spoken.providers:
        return SubmittedDebits(orders=tuple(_write_order(tx, one, spoken) for one in ready))
    made = []
    for group in _by_file(ready):
        originator, on = group[0].originator, group[0].on
        parts = files.parted(originator, group, [one.order.amount for one in group], on=on)
        made += [_write(tx, originator, on, part) for part in parts]
    return SubmittedDebits(files=tuple(made))


def _untried(tx: Tx, wanted: Sequence[funding.FundingRequest]) -> list[funding.FundingRequest]:
    """Those of which no debit is under way, and none came back or was refused; what nobody heard of is tried again."""
    tried = set(
        tx.values(
            """
            SELECT f.funding_request_id
              FROM payments.funding_attempts f
              LEFT JOIN payments.debit_orders o ON o.tenant_id = f.tenant_id AND o.debit_id = f.id
             WHERE f.tenant_id = %(tenant)s AND f.funding_request_id = ANY(%(ids)s) AND f.status <> 'settled'
             GROUP BY f.funding_request_id
            HAVING bool_or(o.status IS DISTINCT FROM 'unheard') OR count(*) >= %(tries)s
            """,
            {"tenant": tx.tenant_id, "ids": [one.id for one in wanted], "tries": TRIES_MAX},
        )
    )
    return [one for one in wanted if one.id not in tried]


def _ready(
    tx: Tx, request: funding.FundingRequest, originators: Mapping[str, Originator], spoken: routing.Spoken
) -> _Ready | tuple[str, ...]:
    """The request's order; why it cannot go; or nothing, where its day has not come."""
    originator = originators.get(request.legal_entity_id)
    if originator is None:
        return ("it is not known how the client stands in the header of an ACH file; set its originator",)
    is_spoken = routing.ACH in spoken.providers
    bank = (
        rails.banks.get(spoken.settings[routing.ACH].bank)
        if is_spoken
        else rails.banks.of_routing(originator.odfi_routing_number)
    )
    schedule = rails.cutoffs.schedule_of(bank, "ach")
    amount = Money(request.asked_minor - request.received_minor, request.currency)
    now = tx.now()
    dating = rails.cutoffs.date_entry(
        schedule, now, wanted_on=request.due_on, direction="debit", amount=amount, may_be_same_day=False
    )
    today = now.astimezone(schedule.zone).date()
    if dating.opening.day > today:
        return ()
    found = authorized_account(tx, request, to_be="debited")
    if isinstance(found, str):
        return (found,)
    authorization, account = found
    attempt_id = ids.new("dbt")
    order = rails.RailOrder(
        attempt_id=attempt_id,
        amount=amount,
        direction="debit",
        receiver_routing=account.routing_number,
        receiver_account=account.account_number,
        receiver_account_type=account.account_type,
        receiver_name=account.name,
        individual_id=files.individual_id(attempt_id),
        sec_code="PPD" if account.is_person else "CCD",
        description=DESCRIPTION,
        company=rails.Company(originator.company_name, originator.company_identification),
        effective_on=dating.effective_on,
    )
    problems = (
        routing.problems_of(spoken, routing.ACH, order)
        if is_spoken
        else files.carrier_of(originator, on=dating.effective_on)(order)
    )
    return problems or _Ready(request, authorization, order, originator, bank, today)


def _by_file(ready: Iterable[_Ready]) -> list[list[_Ready]]:
    groups: dict[tuple[str, date, str], list[_Ready]] = {}
    for one in ready:
        key = (one.request.legal_entity_id, one.order.effective_on, one.request.currency)
        groups.setdefault(key, []).append(one)
    return [groups[key] for key in sorted(groups)]


def _write(tx: Tx, originator: Originator, on: date, part: Sequence[_Ready]) -> AchFile:
    effective_on = part[0].order.effective_on
    made = files.fix(
        tx,
        originator,
        on=on,
        effective_on=effective_on,
        orders=[one.order for one in part],
        currency=part[0].request.currency,
    )
    for one in part:
        _attempt(tx, one, made.file, made.traces[one.order.attempt_id])
    _gone(tx, part)
    facts = files.facts(made.file)
    audit.record(tx, type="payments.file.created", data=facts)
    messaging.publish(
        tx, event_type="payments.file.created", aggregate_type="ach_file", aggregate_id=made.file.id, payload=facts
    )
    return made.file


def _write_order(tx: Tx, one: _Ready, spoken: routing.Spoken) -> DebitOrder:
    _attempt(tx, one, None, None)
    opens = spoken.providers[routing.ACH].opens_at(one.order, at=tx.now())
    made = debit_orders.write(tx, one.order, rail=routing.ACH, bank=one.bank.name, opens=opens)
    _gone(tx, [one])
    return made


def _gone(tx: Tx, of: Sequence[_Ready]) -> None:
    for one in of:
        funding.mark_submitted(tx, funding_request_id=one.request.id)
    cases.end_answered(tx, keys=[f"debit_unsent:{one.request.id}" for one in of], resolution="its debit has gone out")


def _attempt(tx: Tx, one: _Ready, file: AchFile | None, trace_number: str | None) -> None:
    facts = {
        "attempt_id": one.order.attempt_id,
        "funding_request_id": one.request.id,
        "legal_entity_id": one.request.legal_entity_id,
        "amount_minor": one.order.amount.minor,
        "currency": one.order.amount.currency,
        "ach_file_id": file.id if file else None,
        "trace_number": trace_number,
    }
    tx.run(
        """
        INSERT INTO payments.funding_attempts
               (tenant_id, id, funding_request_id, attempt_no, legal_entity_id, bank_account_id, authorization_id,
                amount_minor, currency, rail, sec_code, company_identification, ach_file_id, trace_number,
                rdfi_identification, individual_id, heard_by, created_at)
        SELECT %(tenant)s, %(attempt_id)s, %(funding_request_id)s, 1 + count(*), %(legal_entity_id)s, %(account)s,
               %(authorization)s, %(amount_minor)s, %(currency)s, 'ach', %(sec_code)s, %(company)s, %(ach_file_id)s,
               %(trace_number)s, %(rdfi)s, %(individual_id)s, %(heard_by)s, %(now)s
          FROM payments.funding_attempts
         WHERE tenant_id = %(tenant)s AND funding_request_id = %(funding_request_id)s
        """,
        {
            "tenant": tx.tenant_id,
            "account": one.authorization.bank_account_id,
            "authorization": one.authorization.id,
            "sec_code": one.order.sec_code,
            "company": one.order.company.id,
            "rdfi": one.order.receiver_routing[:8],
            "individual_id": one.order.individual_id,
            "heard_by": deadlines.heard_by(one.bank, routing.ACH, one.order.effective_on),
            "now": tx.now(),
            **facts,
        },
    )
    audit.record(tx, type="payments.debit.sent", data=facts)


def _open_cases(tx: Tx, stuck: Sequence[tuple[funding.FundingRequest, Sequence[str]]]) -> None:
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"debit_unsent:{request.id}",
                category="debit_unsent",
                detail={
                    "funding_request_id": request.id,
                    "legal_entity_id": request.legal_entity_id,
                    "due_on": request.due_on.isoformat(),
                    "problems": list(problems),
                },
            )
            for request, problems in stuck
        ],
    )


def represent_debit(tx: Tx, *, debit_id: str) -> AchFile | DebitOrder | Refused:
    """Present a debit again that came back for want of funds (R01, R09), as RETRY PYMT; the file or the order that it is.

    At most twice, within 180 days of the day on which the first settled, from the same account and of the same amount; a
    third time, another code or another account is refused, here and by the database. Raises NoSuchDebit, TooManyFiles,
    OriginatorMissing.
    """
    came_back = _came_back(tx, debit_id)
    if came_back is None:
        raise NoSuchDebit(f"there is no debit {debit_id[:40]} that came back", debit_id=debit_id[:40])
    request = funding.get_request(tx, came_back.funding_request_id)
    spoken = routing.spoken_to(tx)
    found = _ready(tx, request, originators_of(tx, {request.legal_entity_id}), spoken)
    if not isinstance(found, _Ready):
        return _not_again(debit_id, found or ("its day has not come",))
    if found.authorization.bank_account_id != came_back.bank_account_id or found.order.amount != came_back.amount:
        return _not_again(debit_id, ("another account or another amount is a new debit, and no representment",))
    presented = rails.ach.Presented(
        code=came_back.return_code,
        original_settled_on=came_back.original_settled_on,
        representments=funding.representments(tx, original_ref=came_back.original_ref),
        order=found.order,
    )
    problems = rails.ach.may_be_presented_again(presented, on=found.order.effective_on)
    if problems or came_back.is_presented_again:
        return _not_again(debit_id, problems or ("it was presented again already",))
    order = rails.ach.presented_again(presented, attempt_id=found.order.attempt_id, on=found.order.effective_on)
    funding.record_representment(
        tx,
        original_ref=came_back.original_ref,
        representment_ref=order.attempt_id,
        return_code=came_back.return_code,
        original_settled_on=came_back.original_settled_on,
        effective_on=order.effective_on,
        amount=order.amount,
        company_identification=order.company.id,
        receiver_fingerprint=came_back.fingerprint,
    )
    again = replace(found, order=order)
    if routing.ACH in spoken.providers:
        return _write_order(tx, again, spoken)
    return _write(tx, found.originator, found.on, [again])


@dataclass(frozen=True, slots=True)
class _CameBack:
    """A debit that came back, locked; `original_ref` is the debit that was presented first, and may be itself."""

    funding_request_id: str
    bank_account_id: str
    amount_minor: int
    currency: str
    return_code: str
    original_ref: str
    original_settled_on: date
    is_presented_again: bool
    fingerprint: bytes

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def _came_back(tx: Tx, debit_id: str) -> _CameBack | None:
    params = {"tenant": tx.tenant_id, "id": debit_id}
    request_id = tx.value(
        "SELECT min(funding_request_id) FROM payments.funding_attempts WHERE tenant_id = %(tenant)s AND id = %(id)s",
        params,
    )
    if request_id is None:
        return None
    funding.lock_requests(tx, [request_id])
    return tx.maybe(
        """
        SELECT f.funding_request_id, f.bank_account_id, f.amount_minor, f.currency, back.return_code,
               coalesce(p.original_ref, f.id) AS original_ref,
               coalesce(p.original_settled_on, settled.effective_on) AS original_settled_on,
               EXISTS (SELECT FROM payments.funding_attempts n
                        WHERE n.tenant_id = f.tenant_id AND n.funding_request_id = f.funding_request_id
                          AND n.attempt_no > f.attempt_no) AS is_presented_again,
               b.fingerprint
          FROM payments.funding_attempts f
          JOIN parties.bank_accounts b ON b.tenant_id = f.tenant_id AND b.id = f.bank_account_id
          JOIN LATERAL (SELECT m.return_code FROM payments.movement_effects x
                          JOIN payments.movements m ON m.tenant_id = x.tenant_id AND m.id = x.movement_id
                         WHERE x.tenant_id = f.tenant_id AND x.funding_attempt_id = f.id AND x.effect = 'returned'
                         ORDER BY m.id DESC LIMIT 1) back ON true
          JOIN LATERAL (SELECT m.effective_on FROM payments.movement_effects x
                          JOIN payments.movements m ON m.tenant_id = x.tenant_id AND m.id = x.movement_id
                         WHERE x.tenant_id = f.tenant_id AND x.funding_attempt_id = f.id AND x.effect = 'settled'
                         ORDER BY m.id LIMIT 1) settled ON true
          LEFT JOIN funding.representments p ON p.tenant_id = f.tenant_id AND p.representment_ref = f.id
         WHERE f.tenant_id = %(tenant)s AND f.id = %(id)s AND f.status = 'returned'
        """,
        params,
        row=_CameBack,
    )


def _not_again(debit_id: str, problems: Sequence[str]) -> Refused:
    return Refused(
        "payments.debit_not_presented_again",
        f"debit {debit_id} is not presented again: {'; '.join(problems)}",
        {"debit_id": debit_id, "problems": list(problems)},
    )
