"""Settlement: a bank statement says that a file's money has left, or that returned money came back.

A file settles by the line that carries its reference and its exact total, less what the bank refused of it; then each of
its payments is settled. The order does not matter: what was returned before its file settled stays returned, and the book
comes out the same. A file that the bank refused as a whole does not settle: what says so is a case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from headgate import cases, funding, ledger, rails
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ingestion import StatementLine, statement_lines
from headgate.payments.files import files
from headgate.payments.model import StatementEffects
from headgate.payments.orders import orders
from headgate.payments.outcomes import debits as debit_outcomes
from headgate.payments.outcomes import events as outcomes
from headgate.payments.outcomes import movements
from headgate.payments.outcomes import payouts as payout_outcomes
from headgate.payments.outcomes.events import Outcome
from headgate.payments.outcomes.return_credits import ReturnCredit, give_back
from headgate.payments.returns import dishonoring, refusals

_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{7,39}")
"""What may be a wire's number, message id or UETR in a bank's text."""

_TRACE = re.compile(r"(?<![0-9])[0-9]{15}(?![0-9])")
"""A trace number, as a bank writes it into the text of a return's line."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file that a statement line names, locked."""

    id: str
    legal_entity_id: str
    reference: str
    kind: str
    credit_minor: int
    debit_minor: int
    currency: str
    status: str

    def differs(self, line: StatementLine, *, refused_minor: int) -> bool:
        """Whether the line is not of the total that the file has on the line's side, less what the bank refused of it."""
        expected = self.debit_minor if line.is_credit else self.credit_minor - refused_minor
        return line.amount != Money(expected, self.currency)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """An attempt whose outcome is being recorded."""

    id: str
    instruction_id: str
    attempt_no: int
    amount_minor: int
    currency: str
    trace_number: str


def settle_from_statement(tx: Tx, *, artifact_id: str) -> StatementEffects:
    """Record what a bank statement says of our payments. A statement that comes again moves nothing.

    A line that names a file but another amount, or a file that has settled by another line, opens a case and moves
    nothing: the reconciliation names the difference.
    """
    lines = statement_lines(tx, artifact_id)
    settled: list[str] = []
    mismatched: list[str] = []
    count = repeated = debits = differing = 0
    named = {reference: line for line in lines if _may_settle(line) for reference in funding.words_of(_text(line))}
    locked = _lock_files(tx, sorted(named))
    for file in locked:
        line = named[file.reference]
        if _is_known(tx, file, line):
            repeated += 1
        elif file.status in ("settled", "rejected") or file.differs(
            line, refused_minor=refusals.refused_minor(tx, file.id)
        ):
            mismatched.append(file.id)
            differing += file.status not in ("settled", "rejected")
            _open_mismatch(tx, file, line, artifact_id)
        elif line.is_credit:
            debits += _settle_debits(tx, file, line, artifact_id)
            settled.append(file.id)
        else:
            count += _settle(tx, file, line, artifact_id)
            settled.append(file.id)
    linked, wires = _settle_wires(tx, lines, artifact_id)
    back = [line for line in lines if line.is_credit and funding.is_return(line)]
    new = _return_credits(tx, back, artifact_id)
    waiting = [line for line in lines if _may_settle(line) and line.record_id not in linked]
    waiting = [line for line in waiting if not funding.words_of(_text(line)) & {file.reference for file in locked}]
    return StatementEffects(
        files_settled=tuple(settled),
        instructions_settled=count,
        return_credits=new,
        repeated=repeated + len(back) - new,
        mismatched=tuple(mismatched),
        debits_settled=debits,
        wires_linked=wires,
        waiting=len(waiting),
        differing=differing,
    )


def _may_settle(line: StatementLine) -> bool:
    """Whether it may be a file's line: payments take money away, debits bring it, and neither is somebody's deposit."""
    return not funding.is_return(line) and (not line.is_credit or line.booking in ("ach_settlement", "other"))


def _settle_wires(tx: Tx, lines: Sequence[StatementLine], artifact_id: str) -> tuple[set[str], int]:
    """Link each line of a wire of ours to its order, by Fedwire's number, our message's id or the UETR: the records of all
    these lines, and how many are new.

    What nobody had answered for yet has settled by it. A line of another amount is a case and moves nothing.
    """
    wires = [line for line in lines if not line.is_credit and line.booking in ("wire", "other")]
    words = {line.record_id: set(_WORD.findall(f"{line.bank_reference} {_text(line)}")) for line in wires}
    named = orders.wires_called(tx, sorted(set().union(*words.values())))
    by_word = {word: one for one in named for word in (one.imad, one.omad, one.message_id, one.reference) if word}
    found = {
        line.external_id: (line, by_word[word])
        for line in wires
        for word in sorted(words[line.record_id] & by_word.keys())[:1]
    }
    new = 0
    for source in sorted({line.source for line, _ in found.values()}):
        told = movements.tell(
            tx,
            source,
            [
                rails.ProviderSettlement(
                    external_trace_id=external_id,
                    reference=order.imad or order.reference or "",
                    individual_id=files.individual_id(order.instruction_id),
                    direction="credit",
                    amount=line.amount,
                    status="settled",
                    return_code="",
                    effective_on=funding.booked_on(tx, line),
                )
                for external_id, (line, order) in found.items()
                if line.source == source
            ],
            artifact_id=artifact_id,
            records={external_id: line.record_id for external_id, (line, _) in found.items()},
        )
        payout_outcomes.apply_all(tx, movements.told(tx, provider=source, external_trace_ids=list(found)))
        new += len(told.new)
    return {line.record_id for line, _ in found.values()}, new


def _text(line: StatementLine) -> str:
    return f"{line.customer_reference} {line.text}"


def _lock_files(tx: Tx, references: Sequence[str]) -> list[_File]:
    return tx.all(
        """
        SELECT id, legal_entity_id, reference, kind, credit_minor, debit_minor, currency, status
          FROM payments.ach_files
         WHERE tenant_id = %(tenant)s AND reference = ANY(%(references)s)
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "references": list(references)},
        row=_File,
    )


def _is_known(tx: Tx, file: _File, line: StatementLine) -> bool:
    """Whether it was this very line that settled the file."""
    if file.kind == "dishonors":
        return dishonoring.was_settled_by(tx, file.id, line)
    return bool(
        tx.value(
            """
            SELECT EXISTS (
              SELECT FROM payments.settlement_events e
                JOIN payments.attempts a ON a.tenant_id = e.tenant_id AND a.id = e.attempt_id
               WHERE e.tenant_id = %(tenant)s AND a.ach_file_id = %(file)s AND e.status = 'settled'
                 AND e.provider = %(provider)s AND e.external_id = %(external)s || ':' || a.trace_number)
                OR EXISTS (
              SELECT FROM payments.movements m
                JOIN payments.funding_attempts f ON f.tenant_id = m.tenant_id AND f.individual_id = m.individual_id
               WHERE m.tenant_id = %(tenant)s AND f.ach_file_id = %(file)s AND m.provider = %(provider)s
                 AND m.external_trace_id = %(external)s || ':' || f.trace_number)
            """,
            {"tenant": tx.tenant_id, "file": file.id, "provider": line.source, "external": line.external_id},
        )
    )


def _open_mismatch(tx: Tx, file: _File, line: StatementLine, artifact_id: str) -> None:
    cases.open_case(
        tx,
        key=f"file_settlement_differs:{file.id}:{line.record_id}",
        category="file_settlement_differs",
        severity="high",
        ingestion_id=line.record_id,
        detail={
            "file_id": file.id,
            "file_minor": file.debit_minor if line.is_credit else file.credit_minor,
            "bank_minor": line.amount.minor,
            "currency": line.amount.currency,
            "file_status": file.status,
            "artifact_id": artifact_id,
        },
    )


def _settle(tx: Tx, file: _File, line: StatementLine, artifact_id: str) -> int:
    if file.kind == "dishonors":
        return dishonoring.settle_file(tx, files.get_file(tx, file.id), line)
    outcomes.lock_payrolls(tx, file_id=file.id)
    attempts = tx.all(
        """
        SELECT id, instruction_id, attempt_no, amount_minor, currency, trace_number
          FROM payments.attempts
         WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s AND status <> 'rejected'
           -- What its provider said of one payment before is not said again by the file's line.
           AND NOT EXISTS (SELECT FROM payments.settlement_events e
                            WHERE e.tenant_id = attempts.tenant_id AND e.attempt_id = attempts.id
                              AND e.status = 'settled')
         ORDER BY id
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "file": file.id},
        row=_Attempt,
    )
    clearing, cash = ledger.posting_accounts(
        tx, "payments.instruction.settled", file.currency, legal_entity_id=file.legal_entity_id
    )
    booked_on = funding.booked_on(tx, line)
    at = funding.booked_at(tx, booked_on, legal_entity_id=file.legal_entity_id)
    reference = {"reference": line.reference}
    posted = outcomes.post_all(
        tx,
        [
            ledger.Posting(
                idempotency_key=f"payments:{one.instruction_id}:settle:{one.attempt_no}",
                entries=[ledger.Entry(clearing, cash, Money(one.amount_minor, one.currency))],
                effective_at=at,
                source_type="payment",
                source_id=one.instruction_id,
                description="Settled at the bank",
                metadata=reference,
            )
            for one in attempts
        ],
    )
    outcomes.record(
        tx,
        [
            Outcome(
                attempt_id=one.id,
                instruction_id=one.instruction_id,
                status="settled",
                provider=line.source,
                external_id=f"{line.external_id}:{one.trace_number}",
                amount_minor=one.amount_minor,
                currency=one.currency,
                return_code=None,
                effective_on=booked_on,
                transaction_id=answer,
                artifact_id=artifact_id,
                record_id=line.record_id,
            )
            for one, answer in zip(attempts, posted, strict=True)
        ],
    )
    files.mark_settled(tx, file.id, on=booked_on)
    return len(attempts)


def _settle_debits(tx: Tx, file: _File, line: StatementLine, artifact_id: str) -> int:
    """Record that the debits of a file brought their money; how many."""
    attempts = debit_outcomes.attempts_of_file(tx, file.id)
    funding.lock_requests(tx, [one.funding_request_id for one in attempts])
    booked_on = funding.booked_on(tx, line)
    traces = {f"{line.external_id}:{one.trace_number}": one for one in attempts}
    movements.tell(
        tx,
        line.source,
        [
            rails.ProviderSettlement(
                external_trace_id=trace,
                reference=line.reference,
                individual_id=one.individual_id,
                direction="debit",
                amount=one.amount,
                status="settled",
                return_code="",
                effective_on=booked_on,
            )
            for trace, one in traces.items()
        ],
        artifact_id=artifact_id,
        records=dict.fromkeys(traces, line.record_id),
    )
    done = [
        debit_outcomes.apply(tx, told, reference=line.reference)
        for told in movements.told(tx, provider=line.source, external_trace_ids=list(traces))
    ]
    files.mark_settled(tx, file.id, on=booked_on)
    return done.count("settled")


def _return_credits(tx: Tx, lines: Sequence[StatementLine], artifact_id: str) -> int:
    """Post the lines that give returned money back, and say how many are new."""
    payments = _returned_payments(tx, lines)
    days = [funding.booked_on(tx, line) for line in lines]
    return give_back(
        tx,
        [
            ReturnCredit(
                provider=line.source,
                external_id=line.external_id,
                amount=line.amount,
                value_on=day,
                about=payments.get(line.record_id, line.record_id),
                description="Returned money given back by the bank",
                reference=line.reference,
                effective_at=funding.booked_at(tx, day, legal_entity_id=None),
                artifact_id=artifact_id,
                record_id=line.record_id,
            )
            for line, day in zip(lines, days, strict=True)
        ],
    )


def _returned_payments(tx: Tx, lines: Sequence[StatementLine]) -> dict[str, str]:
    """The payment that a line gives back, by record, where the line's text holds its trace number and the amount agrees."""
    named = [(line, trace) for line in lines for trace in _TRACE.findall(line.text)]
    found = {
        (row["trace_number"], row["amount_minor"], row["currency"]): row["instruction_id"]
        for row in tx.all(
            """
            SELECT trace_number, amount_minor, currency, instruction_id
              FROM payments.attempts
             WHERE tenant_id = %(tenant)s AND trace_number = ANY(%(traces)s) AND status = 'returned'
            """,
            {"tenant": tx.tenant_id, "traces": [trace for _, trace in named]},
        )
    }
    return {
        line.record_id: found[trace, line.amount.minor, line.amount.currency]
        for line, trace in named
        if (trace, line.amount.minor, line.amount.currency) in found
    }
