"""What Column said, as answers to orders and as movements: pure. Told by whatever, the same fact has the same id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Final

from headgate.core.egress import Answer
from headgate.rails import column
from headgate.rails.ach.return_codes import return_codes
from headgate.rails.contract import AskAnswer, AskOutcome, Direction, Outcome, ProviderAnswer, ProviderSettlement

_OUTCOMES: Final[Mapping[column.State, Outcome]] = MappingProxyType(
    {
        "quiet": "accepted",
        "accepted": "accepted",
        "settled": "settled",
        "rejected": "rejected",
        "returned": "returned",
    }
)
_RECALLED: Final[Mapping[column.Standing, Outcome]] = {
    "asked": "recall_pending",
    "promised": "recall_promised",
    "refused": "recall_refused",
}
NOT_JUDGED: Final = (401, 403, 404, 405, 408, 409, 425, 429)
"""Statuses that say nothing of the transfer: the key is wrong, the same is being made, or too much is asked."""


def answer_of(transfer: column.Transfer, evidence: bytes) -> ProviderAnswer:
    """What a transfer as it stands says of its order. Told by whatever, the same fact has the same id."""
    outcome = _OUTCOMES[transfer.state]
    return ProviderAnswer(
        outcome=outcome,
        reference=transfer.id,
        message=_told(transfer),
        code=_code(transfer) if outcome in ("rejected", "returned") else "",
        message_id=transfer.fact,
        amount=transfer.amount if outcome == "returned" else None,
        evidence=evidence,
        settled_on=transfer.on if outcome in ("settled", "returned") else None,
        imad=transfer.imad if transfer.kind == "wire" else "",
        omad=transfer.omad if transfer.kind == "wire" else "",
        had_settled_on=transfer.had_settled_on if outcome == "returned" else None,
    )


def recall_answer(transfer_id: str, request_id: str, standing: column.Standing, evidence: bytes) -> ProviderAnswer:
    """What the other side says to the request to give a transfer back. Told by whatever, the same fact has the same id."""
    told = {
        "asked": "it was asked back; the answer comes as an event of its own",
        "promised": "the other side gives it back; the money is not here before its own transfer",
        "refused": "the other side keeps it",
    }[standing]
    return ProviderAnswer(
        _RECALLED[standing], transfer_id, told, message_id=f"{request_id}:{standing}" if request_id else "",
        evidence=evidence,
    )  # fmt: skip


def settlements_of(transfer: column.Transfer, on: date) -> tuple[ProviderSettlement, ...]:
    """The movements that a transfer came to, in their order: a debit of ours that came back had settled before."""
    last = settlement_of(transfer, on)
    if last is None:
        return ()
    if last.status == "settled" or not transfer.is_our_debit:
        return (last,)
    first = replace(
        last, external_trace_id=f"{transfer.id}:settled", status="settled", return_code="",
        effective_on=transfer.had_settled_on or last.effective_on,
    )  # fmt: skip
    return (first, last)


def settlement_of(transfer: column.Transfer, on: date) -> ProviderSettlement | None:
    """The movement that a transfer came to; None where nothing moved, or where another took money of us."""
    if transfer.state not in ("settled", "returned") or (transfer.is_incoming and not transfer.brings_money):
        return None
    direction: Direction = "debit" if transfer.brings_money else "credit"
    return ProviderSettlement(
        external_trace_id=transfer.id if transfer.is_incoming and transfer.state == "settled" else transfer.fact,
        reference=transfer.gives_back or transfer.trace,
        individual_id="" if transfer.is_incoming else transfer.own_id,
        direction=direction,
        amount=transfer.amount,
        status="settled" if transfer.state == "settled" else "returned",
        return_code=_code(transfer) if transfer.state == "returned" else "",
        effective_on=transfer.on or on,
    )


def asked_answer(asked: column.Asked, evidence: bytes) -> AskAnswer:
    """What a request for payment as it stands says of its ask. A payment that answers it is a fact of its own."""
    told = {
        "pending": "the payer's bank has the request; the payer has not decided",
        "accepted": "the payer will pay; the money is not here before its own transfer",
        "refused": f"refused: {asked.code or 'the payer said no'}",
    }[asked.standing]
    fact = f"{asked.id}:{asked.standing}" + (f":{asked.payment_id}" if asked.payment_id else "")
    return AskAnswer(asked.standing, told, asked.code, "", fact, evidence, asked.payment_id)


def ask_answer_of(answer: ProviderAnswer) -> AskAnswer:
    """What was said before a request was made, of its ask: a refusal of Column's own, or no word."""
    outcome: AskOutcome = "refused" if answer.outcome == "rejected" else "outcome_unknown"
    return AskAnswer(outcome, answer.message, answer.code, evidence=answer.evidence)


def unknown(text: str, evidence: bytes = b"") -> ProviderAnswer:
    """No word on this very transfer: it is asked about."""
    return ProviderAnswer("outcome_unknown", "", text, evidence=evidence)


def refused(answer: Answer) -> ProviderAnswer:
    """Column's own refusal: nothing was made of it; any other status says nothing."""
    problem = column.problem_of(answer.body)
    if 400 <= answer.status < 500 and answer.status not in NOT_JUDGED:
        told = problem.message or f"Column refused it with {answer.status}"
        return ProviderAnswer("rejected", "", told, code=problem.code or "refused", evidence=answer.body)
    return unknown(f"Column answered with {answer.status} {problem.code}".strip(), answer.body)


def _code(transfer: column.Transfer) -> str:
    return transfer.return_code or ("returned" if transfer.state == "returned" else transfer.status or "rejected")


def _told(transfer: column.Transfer) -> str:
    if transfer.state == "settled":
        return "Column settled it"
    if transfer.state in ("quiet", "accepted"):
        return "Column has it; it is not settled yet"
    known = return_codes().get(transfer.return_code)
    why = known.title if known else transfer.return_text or transfer.status
    return f"{'returned' if transfer.state == 'returned' else 'refused'}: {why}".rstrip(": ")
