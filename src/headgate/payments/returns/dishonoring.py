"""Dishonoring a return: it came late, twice, to the wrong bank or malformed, and our bank sends it back within five days.

One person asks, another approves, and the pay gate judges where the client's money goes out once more: nothing leaves without
a reservation of it, consumed, and nothing is paid twice. The entry stands in a file of its own, fixed and delivered as every
other (files.py, delivery.py); the bank's statement line settles it by the file's reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from headgate import audit, cases, funding, ingestion, ledger, messaging, rails
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ingestion import StatementLine
from headgate.payments.errors import NoSuchReturn, NothingToDishonor
from headgate.payments.files import files
from headgate.payments.model import AchFile, Originator
from headgate.payments.originators import originators_of
from headgate.payments.outcomes import events as outcomes
from headgate.payments.returns import disputes
from headgate.payments.returns.states import ReturnState, states
from headgate.rails import ach

DISHONOR: Final = "payments.dishonor"
_ONLY_FOR = {"R67": "a return that came again", "R68": "a return that came late", "R70": "a return with R06 or R31"}


@dataclass(frozen=True, slots=True)
class Dishonored:
    """A return that our bank is asked to dishonor: the file that carries it, and until when the other bank may contest."""

    id: str
    return_id: str
    code: str
    amount_minor: int
    currency: str
    payment_id: str | None
    file_id: str
    trace_number: str
    answer_until: date

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def request_dishonor(tx: Tx, *, return_id: str, code: str, reason: str) -> cases.Approval:
    """Ask another person to dishonor a return with you. Nothing changes yet.

    Raises NoSuchReturn, NothingToDishonor (it stands no more, or the code does not fit it), and what `cases.request` raises.
    """
    of = _state(tx, return_id)
    _check(of, code)
    return cases.request(tx, action=DISHONOR, subject=return_id, document=_document(of, code), reason=reason)


def dishonor_codes(tx: Tx, *, return_id: str) -> list[str]:
    """The codes with which a return may be dishonored as it stands; none where it was already. Raises NoSuchReturn."""
    of = _state(tx, return_id)
    fits = _fits(of)
    return [] if of.dishonored_for else [code for code in _dishonoring() if fits.get(code, True)]


def dishonor_return(tx: Tx, *, approval_id: str, on: date) -> Dishonored | Refused:
    """Write the file that dishonors a return, as was approved, once; delivery is another matter.

    Refused (nothing moves, the approval stays): after the fifth banking day; where the payment was paid anew, which would
    pay twice; where the pay gate does not let the client's money go. Raises NothingToDishonor, OriginatorMissing,
    TooManyFiles, CaptureFailed, and what `cases.consume` raises.
    """
    approval = cases.get_approval(tx, approval_id)
    if approval.action != DISHONOR:
        raise NothingToDishonor(f"{approval_id} approves {approval.action}, and no dishonored return")
    of = _locked(tx, approval.subject)
    code = str(approval.payload["code"])
    _check(of, code)
    effective_on = rails.banking_day_on_or_after(on)
    if effective_on > of.dishonor_until:
        return Refused(
            "payments.dishonor_too_late",
            f"return {of.id} could be dishonored until {of.dishonor_until}; agree with the other bank outside the network",
            {"return_id": of.id, "dishonor_until": of.dishonor_until.isoformat()},
        )
    if of.is_paid_anew:
        return Refused(
            "payments.dishonor_would_pay_twice",
            f"payment {of.instruction_id} was paid anew after it came back; its return is not dishonored",
            {"return_id": of.id, "payment_id": of.instruction_id},
        )
    moved = None
    if of.standing == "counted":
        gate = _ask(tx, of)
        if not gate.passed:
            return Refused(
                "payments.dishonor_held",
                f"the pay gate holds it: {gate.reason}; {gate.required.format()} is needed, {gate.available.format()} is there",
                {"return_id": of.id, "evaluation_id": gate.evaluation_id, "reason": gate.reason},
            )
        reservation = gate.reservations[of.id]
        moved = (reservation, disputes.take(tx, of, reservation_id=reservation))
    cases.consume(tx, approval_id=approval_id, action=DISHONOR, document=_document(of, code))
    dispute_id = ids.new("dsp")
    file, trace = _write(tx, of, dispute_id, code, reason=approval.reason, on=on, effective_on=effective_on)
    until = ach.contest_until(effective_on)
    disputes.insert(
        tx, of, kind="dishonored", code=code, moved=moved, answer_until=until, is_late=False, file=(file.id, trace),
        reason=approval.reason, dispute_id=dispute_id,
    )  # fmt: skip
    if moved:
        disputes.stand_again(tx, of, code=code)
    audit.record(
        tx,
        type="payments.file.created",
        data={**files.facts(file), "dispute_id": dispute_id, "approval_id": approval_id},
    )
    messaging.publish(
        tx,
        event_type="payments.file.created",
        aggregate_type="ach_file",
        aggregate_id=file.id,
        payload=files.facts(file),
    )
    return Dishonored(dispute_id, of.id, code, of.amount_minor, of.currency, of.instruction_id, file.id, trace, until)


def settle_file(tx: Tx, file: AchFile, line: StatementLine) -> int:
    """The bank's statement settles a file of dishonored returns; how many. The caller holds the file, judged the amount."""
    rows = tx.all(
        """
        SELECT d.id, d.amount_minor, d.currency, r.instruction_id
          FROM payments.return_disputes d
          JOIN payments.returns r ON r.tenant_id = d.tenant_id AND r.id = d.return_id
         WHERE d.tenant_id = %(tenant)s AND d.ach_file_id = %(file)s
         ORDER BY d.id
        """,
        {"tenant": tx.tenant_id, "file": file.id},
    )
    clearing, cash = ledger.posting_accounts(tx, "payments.dishonor.settled", file.currency)
    booked_on = funding.booked_on(tx, line)
    outcomes.post_all(
        tx,
        [
            ledger.Posting(
                idempotency_key=f"payments:{row['id']}:settle",
                entries=[ledger.Entry(clearing, cash, Money(row["amount_minor"], row["currency"]))],
                effective_at=funding.booked_at(tx, booked_on, legal_entity_id=file.legal_entity_id),
                source_type="payment" if row["instruction_id"] else "return_dispute",
                source_id=row["instruction_id"] or row["id"],
                description="Dishonored return settled at the bank",
                metadata={"reference": line.reference},
            )
            for row in rows
        ],
    )
    tx.run(
        """
        INSERT INTO payments.dishonor_settlements
               (tenant_id, ach_file_id, provider, external_id, settled_on, record_id, occurred_at)
        VALUES (%(tenant)s, %(file)s, %(provider)s, %(external)s, %(on)s, %(record)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "file": file.id,
            "provider": line.source,
            "external": line.external_id,
            "on": booked_on,
            "record": line.record_id,
            "now": tx.now(),
        },
    )
    files.mark_settled(tx, file.id, on=booked_on)
    return len(rows)


def was_settled_by(tx: Tx, file_id: str, line: StatementLine) -> bool:
    """Whether it was this very line that settled a file of dishonored returns."""
    return bool(
        tx.value(
            """
            SELECT EXISTS (SELECT FROM payments.dishonor_settlements
                            WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s AND provider = %(provider)s
                              AND external_id = %(external)s)
            """,
            {"tenant": tx.tenant_id, "file": file_id, "provider": line.source, "external": line.external_id},
        )
    )


def _state(tx: Tx, return_id: str) -> ReturnState:
    found = states(tx, return_ids=[return_id])
    if not found:
        raise NoSuchReturn(f"there is no return {return_id[:40]}", return_id=return_id[:40])
    return found[0]


def _locked(tx: Tx, return_id: str) -> ReturnState:
    """The return, its payroll, payment and attempt locked, in the order in which senders lock them."""
    trace = _state(tx, return_id).original_trace
    outcomes.lock_payrolls(tx, traces=[trace])
    tx.run(
        """
        SELECT FROM payments.attempts WHERE tenant_id = %(tenant)s AND trace_number = %(trace)s
         ORDER BY id FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "trace": trace},
    )
    return _state(tx, return_id)


def _check(of: ReturnState, code: str) -> None:
    if code not in _dishonoring():
        raise NothingToDishonor(f"'{code[:10]}' dishonors no return of a credit; write R61 or R67 to R70")
    if of.dishonored_for:
        raise NothingToDishonor(f"return {of.id} was dishonored with {of.dishonored_for} already", return_id=of.id)
    if not _fits(of).get(code, True):
        raise NothingToDishonor(f"{code} is for {_ONLY_FOR[code]}; return {of.id} is none", return_id=of.id, code=code)


def _dishonoring() -> list[str]:
    """The codes that dishonor a return of a credit."""
    return [code for code, known in rails.return_codes().items() if known.is_dishonored and code != "R62"]


def _fits(of: ReturnState) -> dict[str, bool]:
    """Whether those codes fit that are for some returns alone."""
    return {
        "R67": of.standing == "repeated",
        "R68": of.is_late,
        "R70": of.code in ("R06", "R31"),
    }


def _document(of: ReturnState, code: str) -> dict[str, Any]:
    """What is approved: the return, why, and the money that goes out."""
    return {
        "return_id": of.id,
        "code": code,
        "return_code": of.code,
        "payment_id": of.instruction_id,
        "amount_minor": of.amount_minor,
        "currency": of.currency,
        "takes_from_client": of.standing == "counted",
        "dishonor_until": of.dishonor_until.isoformat(),
    }


def _ask(tx: Tx, of: ReturnState) -> funding.GateResult:
    """The pay gate's word: the client's settled money goes to the same payee once more."""
    assert of.legal_entity_id is not None and of.kind is not None, "a counted return is of a payment"
    number = tx.value(
        """
        SELECT 1 + count(*)::integer FROM funding.gate_evaluations
         WHERE tenant_id = %(tenant)s AND subject = %(subject)s
        """,
        {"tenant": tx.tenant_id, "subject": of.id},
    )
    return funding.judge_pay(
        tx,
        funding.GateRequest(
            subject=of.id,
            evaluation_no=number,
            legal_entity_id=of.legal_entity_id,
            currency=of.currency,
            requirement=(funding.RequirementLine(of.kind, of.amount, 1),),
            claims=(funding.Claim(of.id, of.amount, bank_account_id=of.bank_account_id),),
        ),
    )


def _write(
    tx: Tx, of: ReturnState, dispute_id: str, code: str, *, reason: str, on: date, effective_on: date
) -> tuple[AchFile, str]:
    """Write the file of one dishonored return and fix it; the file and the entry's trace number."""
    originator = _originator(tx, of)
    bank = rails.banks.of_routing(originator.odfi_routing_number)
    rails.banks.terms(bank, "ach")
    assert bank.ach is not None, "a bank without terms for ACH is refused"
    file_id, slot = files.draw_slot(tx, originator, on=on, count=1)
    spec = ach.FileSpec(
        destination=originator.odfi_routing_number,
        destination_name=originator.destination_name,
        origin=originator.immediate_origin,
        origin_name=originator.origin_name,
        created_at=slot.created_at,
        modifier=slot.modifier,
        reference=slot.reference,
        first_trace_sequence=slot.first_trace_sequence,
        rules=bank.ach.file.rulebook,
    )
    why = ach.Dishonor(dispute_id, code, of.settled_on)
    odfi = originator.odfi_routing_number[:8]
    built = ach.dishonor_file(
        ingestion.body(tx, of.artifact_id), {of.return_trace: why}, spec, odfi=odfi, on=effective_on
    )
    file = files.keep(
        tx,
        originator,
        files.Content(
            built.content,
            credits=built.credits,
            debits=built.debits,
            entry_count=1,
            entry_hash=f"{int(of.original_rdfi[:8]):010d}",
        ),
        file_id=file_id,
        slot=slot,
        effective_on=effective_on,
        currency=of.currency,
        kind="dishonors",
    )
    return file, built.entries[0].trace_number


def _originator(tx: Tx, of: ReturnState) -> Originator:
    """Whose file it is: the payment's legal entity, or for an orphan the one whose bank numbered the original entry."""
    if of.legal_entity_id is not None:
        return originators_of(tx, {of.legal_entity_id})[of.legal_entity_id]
    entity = tx.value(
        """
        SELECT min(legal_entity_id) FROM payments.originators
         WHERE tenant_id = %(tenant)s AND left(odfi_routing_number, 8) = left(%(trace)s, 8)
        """,
        {"tenant": tx.tenant_id, "trace": of.original_trace},
    )
    if entity is None:
        raise NothingToDishonor(
            f"return {of.id} names an entry of another bank; ask your bank to send it back", return_id=of.id
        )
    return originators_of(tx, {entity})[str(entity)]
