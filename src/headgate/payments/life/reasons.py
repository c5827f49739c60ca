"""Why is it here? A payment's cause, its evidence, what happens next and who must act, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from headgate.core.money import Money
from headgate.payments.life import order_reasons
from headgate.payments.model import FileStatus, InstructionStatus, Kind
from headgate.rails import return_codes

Icon = Literal["return", "book", "pause", "person", "gate", "check", "clock", "arrow", "alert", "lock"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence of the answer, with the icon that stands before it."""

    icon: Icon
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database knows of a payment's standing."""

    status: InstructionStatus
    kind: Kind
    due_on: date
    return_code: str | None
    payroll_reference: str
    last4: str | None
    routing_number: str | None
    reservation_id: int | None
    reservation_status: Literal["active", "captured", "released", "expired"] | None
    reserved_minor: int | None
    trace_number: str | None
    order_rail: str | None
    order_status: str | None
    order_reference: str | None
    order_created_at: datetime | None
    order_asked: int | None
    order_next_at: datetime | None
    recall: str | None
    rail: str
    file_name: str | None
    file_reference: str | None
    file_status: FileStatus | None
    effective_on: date | None
    delivered_at: datetime | None
    gate_type: Literal["commit", "pay"]
    gate_reason: str | None
    required_minor: int
    available_minor: int
    shortfall_minor: int
    gate_currency: str
    client_message: str | None
    policy_violated: str | None
    settled_on: date | None
    returned_on: date | None
    case_id: str | None
    case_category: str | None
    case_state: str | None
    rejected_on: date | None
    paid_anew_after: str | None
    disputed: Literal["dishonored", "contested", "refused"] | None
    disputed_code: str | None
    answer_until: date | None
    is_held: bool


def reasons_of(amount: Money, facts: Facts) -> tuple[Reason, ...]:
    """The answer, cause first."""
    found = [*_TELLERS[facts.status](amount, facts), *_disputed(amount, facts), *_paid_anew(facts)]
    if facts.case_id and facts.case_state in ("open", "pending"):
        category = (facts.case_category or "").replace("_", " ")
        found.append(Reason("person", f"A person must look: {facts.case_id}, {category}, is {facts.case_state}."))
    return tuple(found)


def _blocked(amount: Money, facts: Facts) -> list[Reason]:
    required = Money(facts.required_minor, facts.gate_currency).format()
    available = Money(facts.available_minor, facts.gate_currency).format()
    shortfall = Money(facts.shortfall_minor, facts.gate_currency).format()
    found = [
        Reason(
            "gate",
            f"The {facts.gate_type} gate needs {required} for payroll {facts.payroll_reference}; {available} is there, "
            f"{shortfall} is missing. Nothing of it was reserved or sent.",
        )
    ]
    if facts.gate_reason == "policy_violation":
        found = [
            Reason(
                "gate",
                f"The {facts.gate_type} gate holds payroll {facts.payroll_reference}: a policy stands against it "
                f"({facts.policy_violated}). Nothing of it was reserved or sent.",
            )
        ]
    if facts.gate_reason == "reservation_conflict":
        found.append(Reason("lock", "The money is there, but reservations for other payments hold it."))
    if facts.client_message:
        found.append(Reason("person", f"The client must act, and is told: “{facts.client_message}”"))
    found.append(Reason("pause", "Once funding has settled the same payroll is judged again, under the next number."))
    return found


def _pending(amount: Money, facts: Facts) -> list[Reason]:
    found = [Reason("lock", f"Its {amount.format()} passed the {facts.gate_type} gate and is reserved for it alone.")]
    if facts.last4 is None:
        found.append(
            Reason("person", "No bank account is named for it yet: an operator names the payee's, then it is sent.")
        )
    else:
        day = f"{facts.due_on:%a %-d %b %Y}"
        way = (
            "goes into the bank's file one banking day before"
            if facts.rail == "ach"
            else f"is sent on that day over {order_reasons.title(facts.rail)}"
        )
        found.append(Reason("clock", f"It is due on {day} and {way}."))
    return found


def _sent(amount: Money, facts: Facts) -> list[Reason]:
    if facts.order_rail is not None:
        return _told(order_reasons.under_way(_order(facts)))
    found = [Reason("arrow", f"It stands in file {facts.file_name} under trace {facts.trace_number}.")]
    if facts.file_status == "pending":
        found.append(Reason("clock", "The file is fixed and waits to be handed to the bank."))
    elif facts.file_status == "outcome_unknown":
        found.append(Reason("alert", "Nobody knows whether the bank has the file: two people decide."))
    elif facts.file_status == "rejected":
        found.append(Reason("alert", "The bank does not take the file: a case says why."))
    else:
        found.append(Reason("check", "The file was handed to the bank."))
    found.append(
        Reason("book", "Its money has left the client's funds and lies in payroll clearing until the bank settles.")
    )
    day = f"{facts.effective_on:%a %-d %b %Y}" if facts.effective_on else "its effective date"
    found.append(
        Reason("clock", f"The bank settles it on {day}; its statement line {facts.file_reference} is awaited.")
    )
    return found


def _settled(amount: Money, facts: Facts) -> list[Reason]:
    if facts.order_rail is not None:
        return _told(order_reasons.settled(_order(facts), facts.settled_on))
    day = f"{facts.settled_on:%a %-d %b %Y}" if facts.settled_on else "a day not stated"
    return [
        Reason("check", f"The bank statement of {day} shows its file {facts.file_reference} settled, to the cent."),
        Reason("clock", "Nobody needs to act. The receiving bank can still send it back within its return window."),
    ]


def _returned(amount: Money, facts: Facts) -> list[Reason]:
    if facts.order_rail is not None:
        return _told(order_reasons.given_back(_order(facts), amount, facts.return_code or "", facts.returned_on))
    code = return_codes()[facts.return_code or ""]
    day = f" on {facts.returned_on:%a %-d %b %Y}" if facts.returned_on else ""
    found = [
        Reason("return", f"The receiving bank returned it{day} with {code.code}, {code.title.lower()}."),
        Reason("book", f"The {amount.format()} is back in the client's funds."),
    ]
    if facts.settled_on is None:
        found.append(
            Reason("clock", f"Its file {facts.file_reference} has not settled yet; that is counted when it does.")
        )
    if facts.is_held:
        found.append(Reason("lock", "Its account is held: nothing is paid to it until a person lifts the block."))
    found.append(Reason("pause", f"{code.code} is never sent again by itself. {code.action}".strip()))
    return found


def _rejected(amount: Money, facts: Facts) -> list[Reason]:
    if facts.order_rail is not None:
        return _told(order_reasons.given_back(_order(facts), amount, facts.return_code or "", facts.rejected_on))
    day = f" on {facts.rejected_on:%a %-d %b %Y}" if facts.rejected_on else ""
    what = "the whole of file" if facts.file_status == "rejected" else "this entry of file"
    return [
        Reason("alert", f"The bank refused {what} {facts.file_name}{day}: a case says why. Nothing of it was paid."),
        Reason("book", f"The {amount.format()} is back in the client's funds."),
        Reason(
            "person",
            "An operator mends what the bank names and has it paid again: by a new attempt, in a new file, under the gates.",
        ),
    ]


def _disputed(amount: Money, facts: Facts) -> list[Reason]:
    if facts.disputed is None:
        return []
    if facts.disputed == "dishonored":
        until = f" until {facts.answer_until:%a %-d %b %Y}" if facts.answer_until else ""
        return [
            Reason(
                "return",
                f"It had come back; that return was dishonored with {facts.disputed_code}: the payment stands.",
            ),
            Reason("clock", f"The receiving bank may contest{until}. Then its word is final."),
        ]
    who = "The receiving bank contested that" if facts.disputed == "contested" else "Our bank refused that"
    return [
        Reason("return", f"Its return was dishonored once. {who} ({facts.disputed_code}), and the money came back.")
    ]


def _paid_anew(facts: Facts) -> list[Reason]:
    if facts.paid_anew_after is None:
        return []
    return [
        Reason("arrow", f"It is paid again: its attempt before {facts.paid_anew_after}, and its money went back first.")
    ]


def _awaiting(amount: Money, facts: Facts) -> list[Reason]:
    found = [
        Reason(
            "gate",
            f"Payroll {facts.payroll_reference} was committed before its money came. Nothing is reserved for it.",
        ),
        Reason("pause", "As money settles, what is due first gets it first; the pay gate lets nothing leave without."),
    ]
    if facts.client_message:
        found.append(Reason("person", f"The client must act, and is told: “{facts.client_message}”"))
    return found


def _order(facts: Facts) -> order_reasons.OrderFacts:
    assert facts.order_rail is not None and facts.order_status is not None, "asked for an order alone"
    return order_reasons.OrderFacts(
        rail=facts.order_rail,
        status=facts.order_status,
        reference=facts.order_reference,
        created_at=facts.order_created_at,
        asked=facts.order_asked or 0,
        next_at=facts.order_next_at,
        recall=facts.recall or "",
    )


def _told(lines: list[tuple[order_reasons.Icon, str]]) -> list[Reason]:
    return [Reason(icon, text) for icon, text in lines]


_TELLERS = {
    "awaiting_funding": _awaiting,
    "blocked_funds": _blocked,
    "pending": _pending,
    "sent": _sent,
    "settled": _settled,
    "returned": _returned,
    "rejected": _rejected,
}
