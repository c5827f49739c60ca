"""Sending: what is due and funded becomes attempts in a file, or orders, in one transaction, before the first byte leaves.

For each payroll with something due: the pay gate judges, each instruction's reservation is captured (the money
leaves the client's funds), an attempt takes the consumed reservation, and one file per legal entity and effective date
is fixed with its name, modifier, bytes and hash. What goes over a rail that is spoken to becomes an order each. Delivery
is another matter (delivery/delivery.py, orders/sending.py): it only ever takes what stands here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from headgate import cases, funding, ledger, messaging, parties, rails
from headgate.core import arrays, collecting, ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.payments import routing
from headgate.payments.errors import CaptureFailed
from headgate.payments.files import files
from headgate.payments.model import AchFile, Due, Originator, Ready
from headgate.payments.orders import orders
from headgate.payments.originators import known_originators, originators_of
from headgate.payments.payrolls.payrolls import announce, get_payroll, requirement_of


@dataclass(frozen=True, slots=True)
class Submitted:
    """What was sent: files, and the orders that a job gives to their providers, by their attempts."""

    files: tuple[AchFile, ...] = ()
    order_ids: tuple[str, ...] = ()


def submit_due(tx: Tx, *, on: date) -> list[AchFile]:
    """The files of what `submit_all` sends."""
    return list(submit_all(tx, on=on).files)


@collecting.paused()
def submit_all(tx: Tx, *, on: date) -> Submitted:
    """Send what falls due by the next day that each bank still makes, as far as the pay gate lets it.

    What goes over a rail that is spoken to becomes an order on its day, which a job sends; everything else is in files.

    Which day that is, the bank's profile says, at this time of day of `on`. What lacks money is blocked and tried again
    at the next call; what cannot be carried (no account yet, a blocked payee, a name that ACH cannot spell) stays
    pending with a case. Nothing is sent twice: what is being sent by somebody else at this moment is left to them.

    Raises OriginatorMissing, NotEntered, TooManyFiles, CaptureFailed (retryable).
    """
    earliest = _earliest(tx, on)
    due = _lock_due(tx, on=on, before={entity: rails.add_banking_days(day, 1) for entity, day in earliest.items()})
    if not due:
        return Submitted()
    originators = originators_of(tx, {one.legal_entity_id for one in due})
    spoken = routing.spoken_to(tx)
    ready = _ready(tx, due, originators, spoken, on=on, earliest=earliest)
    funding.lock_subjects(tx, {one.due.payroll_id for one in ready})
    funded = [one for payroll in _by_payroll(ready) for one in _judge(tx, payroll)]
    transactions = _capture(tx, funded)
    made = []
    for (entity, effective_on), group in _by_file(one for one in funded if not one.is_spoken).items():
        made += [
            files.write(
                tx, originators[entity], on=on, effective_on=effective_on, ready=part, transactions=transactions
            )
            for part in files.parted(originators[entity], group, [one.order.amount for one in group], on=on)
        ]
    spoken_for = [one for one in funded if one.is_spoken]
    opens = {one.order.attempt_id: spoken.providers[one.rail].opens_at(one.order, at=tx.now()) for one in spoken_for}
    orders.write(tx, spoken_for, transactions=transactions, opens=opens)
    _mark_sent(tx, funded, made)
    return Submitted(tuple(one.file for one in made), tuple(one.order.attempt_id for one in spoken_for))


def _earliest(tx: Tx, on: date) -> dict[str, date]:
    """The day on which what is handed over now can settle, by legal entity with something to pay soon."""
    soon = tx.values(
        """
        SELECT DISTINCT p.legal_entity_id
          FROM payments.payrolls p
         WHERE p.tenant_id = %(tenant)s AND p.status IN ('committed', 'paying') AND p.pay_on < %(before)s
        """,
        {"tenant": tx.tenant_id, "before": rails.add_banking_days(on, rails.banks.SETTLES_AFTER_DAYS_MAX + 2)},
    )
    banks = {name: rails.banks.of_routing(one.odfi_routing_number) for name, one in known_originators(tx, soon).items()}
    found = {}
    for entity in sorted(soon):
        if entity not in banks:
            found[entity] = rails.add_banking_days(on, 1)
            continue
        schedule = rails.cutoffs.schedule_of(banks[entity], "ach")
        at = datetime.combine(on, tx.now().astimezone(schedule.zone).time(), schedule.zone)
        found[entity] = rails.cutoffs.next_opening(schedule, at, speed="next_day").settles_on
    return found


def _lock_due(tx: Tx, *, on: date, before: Mapping[str, date]) -> list[Due]:
    """What is due before its legal entity's day, locked: the payrolls first, as a commit does, then their instructions.

    Over a rail that is spoken to a payment arrives at once, and so is due on its own day and not before; a wire whose day
    is no banking day on the one before it.
    """
    params = {"tenant": tx.tenant_id, "entities": list(before), "days": list(before.values()), "on": on}
    params["wired_before"] = rails.add_banking_days(on, 1)
    payrolls = tx.values(
        """
        SELECT p.id
          FROM payments.payrolls p
          JOIN unnest(%(entities)s::text[], %(days)s::date[]) AS e (legal_entity_id, before)
            ON e.legal_entity_id = p.legal_entity_id
         WHERE p.tenant_id = %(tenant)s AND p.status IN ('committed', 'paying') AND p.pay_on < e.before
           AND EXISTS (SELECT FROM payments.instructions i
                        WHERE i.tenant_id = p.tenant_id AND i.payroll_id = p.id
                          AND i.status IN ('pending', 'awaiting_funding', 'blocked_funds'))
         ORDER BY p.id
           FOR NO KEY UPDATE OF p SKIP LOCKED
        """,
        params,
    )
    return tx.all(
        """
        SELECT i.id, i.payroll_id, i.legal_entity_id, i.kind, i.bank_account_id, i.amount_minor, i.currency, i.due_on,
               i.reservation_id, i.rail,
               1 + (SELECT count(*)
                      FROM payments.attempts a
                     WHERE a.tenant_id = i.tenant_id AND a.instruction_id = i.id)::integer AS attempt_no
          FROM payments.instructions i
          JOIN unnest(%(entities)s::text[], %(days)s::date[]) AS e (legal_entity_id, before)
            ON e.legal_entity_id = i.legal_entity_id
         WHERE i.tenant_id = %(tenant)s AND i.payroll_id = ANY(%(payrolls)s)
           AND i.status IN ('pending', 'awaiting_funding', 'blocked_funds')
           AND CASE i.rail WHEN 'ach' THEN i.due_on < e.before WHEN 'wire' THEN i.due_on < %(wired_before)s
                           ELSE i.due_on <= %(on)s END
         ORDER BY i.id
           FOR NO KEY UPDATE OF i
        """,
        {**params, "payrolls": payrolls},
        row=Due,
    )


def _ready(
    tx: Tx,
    due: Sequence[Due],
    originators: Mapping[str, Originator],
    spoken: routing.Spoken,
    *,
    on: date,
    earliest: Mapping[str, date],
) -> list[Ready]:
    """Those that their rail can carry; a case for each of the others, which stay pending."""
    named = [one.bank_account_id for one in due if one.bank_account_id]
    unpayable = parties.unpayable(tx, named)
    accounts = parties.bank_accounts_for_sending(tx, named)
    allowed = {
        entity: funding.unblocked_payees(tx, legal_entity_id=entity) for entity in {one.legal_entity_id for one in due}
    }
    leaves = {day: rails.banking_day_on_or_before(day) for day in {one.due_on for one in due}}
    offered: list[tuple[Due, rails.RailOrder]] = []
    stuck: list[tuple[Due, tuple[str, ...]]] = []
    for one, attempt_id in zip(due, ids.new_many("att", len(due)), strict=True):
        if one.bank_account_id is None:
            stuck.append((one, ("no bank account is named for it; name the payee's",)))
            continue
        standing = unpayable.get(one.bank_account_id)
        if standing and standing.party_id in allowed[one.legal_entity_id]:
            standing = replace(standing, blocked=())  # Two people, compliance among them, let it be paid for a time.
        if standing and not standing.may_be_paid:
            stuck.append((one, ("the payee or the account is blocked, closed or failed its verification",)))
            continue
        order = routing.order_to(
            attempt_id,
            files.individual_id(one.id),
            one.kind,
            one.amount,
            accounts[one.bank_account_id],
            originators[one.legal_entity_id],
            effective_on=max(leaves[one.due_on], earliest[one.legal_entity_id]),
        )
        offered.append((one, order))
    ready, refused = routing.route_all(offered, originators, spoken, on=on, earliest=earliest, at=tx.now())
    stuck += refused
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"unsendable_payment:{one.id}",
                category="unsendable_payment",
                severity="medium",
                payment_id=one.id,
                detail={"payroll_id": one.payroll_id, "problems": list(problems)},
            )
            for one, problems in stuck
        ],
    )
    return ready


def _by_payroll(ready: Iterable[Ready]) -> list[list[Ready]]:
    """A legal entity's in the order in which they fall due: where its money is short, what is due first goes first.

    What holds its money is judged apart from what awaits it: a payroll's unfunded part must not hold its funded part
    back. One legal entity after the other, in the order of their ids, so that two senders queue on the accounts.
    """
    groups: dict[tuple[str, date, bool, str], list[Ready]] = {}
    for one in ready:
        awaits = one.due.reservation_id is None
        groups.setdefault((one.due.legal_entity_id, one.due.due_on, awaits, one.due.payroll_id), []).append(one)
    return [groups[key] for key in sorted(groups)]


def _judge(tx: Tx, group: Sequence[Ready]) -> list[Ready]:
    """The pay gate's word on what is due of one payroll: all of this with its reservations, or nothing.

    A policy that some payments violate holds those; the others are judged again, by themselves.
    """
    while group:
        gate, passed = _ask(tx, group)
        named = {ref for violation in gate.violations for ref in violation.refs}
        if not _names_its_payments(gate):
            return passed
        group = [one for one in group if one.due.id not in named]
    return []


def _ask(tx: Tx, group: Sequence[Ready]) -> tuple[funding.GateResult, list[Ready]]:
    payroll = get_payroll(tx, group[0].due.payroll_id)
    gate = funding.judge_pay(
        tx,
        funding.GateRequest(
            subject=payroll.id,
            evaluation_no=payroll.evaluation_no + 1,
            legal_entity_id=payroll.legal_entity_id,
            currency=payroll.currency,
            requirement=requirement_of([(one.due.kind, one.due.amount_minor) for one in group], payroll.currency),
            claims=tuple(
                funding.Claim(
                    one.due.id, one.order.amount, one.due.reservation_id, bank_account_id=one.due.bank_account_id
                )
                for one in group
            ),
            pay_on=payroll.pay_on,
        ),
    )
    # Where each violation names its payments, only those are held: the others keep what they have and are asked again.
    named = {ref for violation in gate.violations for ref in violation.refs}
    held = [one for one in group if one.due.id in named] if _names_its_payments(gate) else list(group)
    params = {
        "tenant": tx.tenant_id,
        "payroll": payroll.id,
        "no": gate.evaluation_no,
        "evaluation": gate.evaluation_id,
        "passed": gate.passed,
        "status": "pending" if gate.passed else "blocked_funds",
        "now": tx.now(),
        "ids": arrays.texts([one.due.id for one in held]),
        "reservations": arrays.numbers([gate.reservations.get(one.due.id) for one in held]),
    }
    tx.run(
        """
        UPDATE payments.payrolls SET evaluation_no = %(no)s, evaluation_id = %(evaluation)s
         WHERE tenant_id = %(tenant)s AND id = %(payroll)s
        """,
        params,
    )
    tx.run(
        """
        UPDATE payments.instructions i
           SET status = %(status)s, reservation_id = r.reservation_id, evaluation_id = %(evaluation)s,
               changed_at = CASE WHEN i.status = %(status)s THEN i.changed_at ELSE %(now)s END
          FROM unnest(%(ids)s::text[], %(reservations)s::bigint[]) AS r (id, reservation_id)
         WHERE i.tenant_id = %(tenant)s AND i.id = r.id
           -- What passes as it stands is written once, when it is sent, with the judgement that let it go.
           AND NOT (%(passed)s AND i.status = 'pending' AND i.reservation_id = r.reservation_id)
        """,
        params,
    )
    if not gate.passed:
        # What was blocked before is so still: its event stands already.
        lost = [one.due for one in held if one.due.reservation_id is not None]
        announce(tx, "blocked", payroll, [(due.id, due.amount_minor) for due in lost], gate)
        return gate, []
    return gate, [
        Ready(
            one.due
            if one.due.reservation_id == gate.reservations[one.due.id]
            else replace(one.due, reservation_id=gate.reservations[one.due.id]),
            one.order,
            one.rail,
            one.bank,
            gate.evaluation_id,
        )
        for one in group
    ]


def _names_its_payments(gate: funding.GateResult) -> bool:
    return bool(gate.violations) and all(violation.refs for violation in gate.violations)


_TITLES = {"ach": "ACH", "wire": "Fedwire", "fednow": "FedNow", "rtp": "RTP", "check": "a cheque"}


def _capture(tx: Tx, funded: Sequence[Ready]) -> dict[str, int]:
    """Take each one's money out of the client's funds; the posting by payment. Raises CaptureFailed."""
    accounts: dict[tuple[str, str], tuple[int, int]] = {}
    captures = []
    for one in funded:
        where = (one.due.legal_entity_id, one.due.currency)
        if where not in accounts:
            accounts[where] = ledger.posting_accounts(
                tx, "payments.instruction.sent", where[1], legal_entity_id=where[0]
            )
        assert one.due.reservation_id is not None, "the pay gate passed it with its reservation"
        captures.append(
            ledger.Capture(
                idempotency_key=f"payments:{one.due.id}:send:{one.due.attempt_no}",
                reservation_id=one.due.reservation_id,
                amount=one.order.amount,
                debit=accounts[where][0],
                credit=accounts[where][1],
                source_type="payment",
                source_id=one.due.id,
                description=f"Sent over {_TITLES[one.rail]}",
            )
        )
    taken: dict[str, int] = {}
    for start in range(0, len(captures), ledger.BATCH_MAX):
        part = slice(start, start + ledger.BATCH_MAX)
        for one, answer in zip(funded[part], ledger.capture_many(tx, captures[part], atomic=True), strict=True):
            if isinstance(answer, Refused):
                raise CaptureFailed(f"payment {one.due.id}: {answer.message}", payment_id=one.due.id, **answer.facts)
            taken[one.due.id] = answer.transaction_id
    return taken


def _by_file(funded: Iterable[Ready]) -> dict[tuple[str, date], list[Ready]]:
    groups: dict[tuple[str, date], list[Ready]] = {}
    for one in funded:
        groups.setdefault((one.due.legal_entity_id, one.order.effective_on), []).append(one)
    return groups


def _mark_sent(tx: Tx, funded: Sequence[Ready], made: Sequence[files.Fixed]) -> None:
    if not funded:
        return
    params = {
        "tenant": tx.tenant_id,
        "now": tx.now(),
        "ids": arrays.texts([one.due.id for one in funded]),
        "evaluations": arrays.texts([one.evaluation_id for one in funded]),
        "payrolls": sorted({one.due.payroll_id for one in funded}),
    }
    tx.run(
        """
        UPDATE payments.instructions i
           SET status = 'sent', changed_at = %(now)s, evaluation_id = s.evaluation_id
          FROM unnest(%(ids)s::text[], %(evaluations)s::text[]) AS s (id, evaluation_id)
         WHERE i.tenant_id = %(tenant)s AND i.id = s.id
        """,
        params,
    )
    tx.run(
        """
        UPDATE payments.payrolls SET status = 'paying'
         WHERE tenant_id = %(tenant)s AND id = ANY(%(payrolls)s) AND status = 'committed'
        """,
        params,
    )
    stands = {attempt_id: (one.file.id, trace) for one in made for attempt_id, trace in one.traces.items()}
    facts = [_facts(one, *stands.get(one.order.attempt_id, (None, None))) for one in funded]
    messaging.announce_many(
        tx, event_type="payments.instruction.sent", aggregate_type="payment", facts=facts, named_by="payment_id"
    )
    messaging.announce_many(
        tx,
        event_type="payments.file.created",
        aggregate_type="ach_file",
        facts=[files.facts(one.file) for one in made],
        named_by="file_id",
    )


def _facts(sent: Ready, file_id: str | None, trace_number: str | None) -> dict[str, Any]:
    """What audit and messages say of a payment that was sent: in a file, or as an order."""
    assert sent.due.reservation_id is not None, "it was captured"
    return {
        "payment_id": sent.due.id,
        "attempt_id": sent.order.attempt_id,
        "ach_file_id": file_id,
        "trace_number": trace_number,
        "reservation_id": ids.encode("rsv", sent.due.reservation_id),
        "amount_minor": sent.due.amount_minor,
        "currency": sent.due.currency,
        "rail": sent.rail,
    }
