"""One payment's whole life: why it is where it is, its entries as T-accounts, its timeline, its evidence and its
proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import Literal, NamedTuple

from headgate import funding
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.errors import NoSuchInstruction
from headgate.payments.life.facts import Try, Word, judgements_of, tries_of, words_of
from headgate.payments.life.reasons import Facts, Reason, reasons_of
from headgate.payments.search import InstructionRow, rows_by_ids

_TEXTS = {
    "payments.instruction.committed": "Passed the gate, money reserved",
    "payments.instruction.blocked": "Held at the gate",
    "payments.instruction.account_named": "Bank account named",
    "payments.instruction.sent": "Sent in a file",
    "payments.order.fixed": "Ready to be sent",
    "payments.order.sending": "Being sent",
    "payments.order.outcome_unknown": "No answer tells what became of it",
    "payments.order.doubted": "The network knows nothing of it: it is asked once more",
    "payments.order.accepted": "Accepted, not settled yet",
    "payments.order.settled": "Settled, says the network",
    "payments.order.rejected": "Refused: nothing moved",
    "payments.order.unheard": "The network never heard of it: nothing moved",
    "payments.order.returned": "Given back",
    "payments.order.recall_asked": "Asked back",
    "payments.order.recall_pending": "The other bank was asked to give it back",
    "payments.order.recall_promised": "The other bank promises to give it back",
    "payments.order.recall_refused": "The other bank does not give it back",
    "payments.instruction.settled": "Settled",
    "payments.instruction.returned": "Returned",
    "payments.instruction.rejected": "Refused by the bank",
    "payments.instruction.retried": "To be paid again",
    "payments.return.dishonored": "Its return was dishonored",
    "payments.return.contested": "The dishonored return was contested",
    "payments.return.dishonor_refused": "The bank refused to dishonor its return",
    "ledger.reservation.created": "Money reserved",
    "ledger.reservation.released": "Reservation released",
    "ledger.transaction.posted": "Entry posted",
    "cases.case.opened": "Case opened",
    "cases.case.resolved": "Case resolved",
    "cases.case.cancelled": "Case cancelled",
    "cases.case.assigned": "Case assigned",
}
_BAD = (
    "payments.instruction.blocked",
    "payments.instruction.returned",
    "payments.instruction.rejected",
    "payments.order.outcome_unknown",
    "payments.order.doubted",
    "payments.order.rejected",
    "payments.order.unheard",
    "payments.order.recall_refused",
)


@dataclass(frozen=True, slots=True)
class HeldMoney:
    """The reservation behind a payment."""

    id: str
    status: Literal["active", "captured", "released", "expired"]
    amount: Money


class Leg(NamedTuple):
    """One side of an entry on an account; `mark` is the entry's number among the payment's entries."""

    amount: Money
    mark: int


@dataclass(frozen=True, slots=True)
class TAccount:
    """An account with what this payment's entries did to it; `debit` and `credit` are the sums."""

    name: str
    debits: tuple[Leg, ...]
    credits: tuple[Leg, ...]
    debit: Money
    credit: Money

    @property
    def lines(self) -> list[tuple[Leg | None, Leg | None]]:
        """The two sides beside each other."""
        return list(zip_longest(self.debits, self.credits))


class Mark(NamedTuple):
    """An entry's number, what it was, when it happened, and the transaction of the book that it stands in."""

    mark: int
    text: str
    at: datetime
    transaction: str


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """What happened, from the audit log."""

    at: datetime
    type: str
    text: str
    actor_type: str
    actor_id: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A piece of evidence: a line of a file as it came."""

    label: str
    artifact_id: str
    filename: str
    line: int | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Proof:
    """How far the payment's events are sealed in the audit chain."""

    events: int
    sealed: int
    terminal_hash: str | None


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that is known of one payment."""

    row: InstructionRow
    reasons: tuple[Reason, ...]
    account: str
    trace: str | None
    file_name: str | None
    file_reference: str | None
    reservation: HeldMoney | None
    parts: tuple[tuple[str, Money], ...]
    t_accounts: tuple[TAccount, ...]
    marks: tuple[Mark, ...]
    events: tuple[TimelineEvent, ...]
    source: tuple[Source, ...]
    tries: tuple[Try, ...]
    words: tuple[Word, ...]
    judgements: tuple[funding.Evaluation, ...]
    case_id: str | None
    proof: Proof | None


def get_life(tx: Tx, payment_id: str) -> Life:
    """One payment's whole life. Raises NoSuchInstruction."""
    rows = rows_by_ids(tx, [payment_id])
    if not rows:
        raise NoSuchInstruction(f"there is no payment {payment_id[:40]}", payment_id=payment_id[:40])
    row = rows[0]
    facts = _facts(tx, payment_id)
    t_accounts, marks = _entries(tx, payment_id)
    return Life(
        row=row,
        reasons=reasons_of(row.amount, facts),
        account=f"•••• {facts.last4} at {facts.routing_number}" if facts.last4 else "",
        trace=facts.trace_number or facts.order_reference,
        file_name=facts.file_name,
        file_reference=facts.file_reference,
        reservation=_reservation(facts, row.currency),
        parts=((_LABELS.get(row.kind, row.kind), row.amount),),
        t_accounts=t_accounts,
        marks=marks,
        events=timeline(tx, payment_id),
        source=_sources(tx, payment_id),
        tries=tries_of(tx, payment_id),
        words=words_of(tx, payment_id),
        judgements=judgements_of(tx, row.payroll_id),
        case_id=facts.case_id,
        proof=_proof(tx, payment_id),
    )


_LABELS = {"net_pay": "Net pay", "tax": "Tax", "third_party": "Third party", "fee": "Fee"}


def timeline(tx: Tx, payment_id: str) -> tuple[TimelineEvent, ...]:
    """What happened to a payment, in order, from the audit log."""
    rows = tx.all(
        """
        SELECT event_time, actor_type, actor_id,
               CASE WHEN type = 'payments.instruction.sent' AND data ->> 'ach_file_id' IS NULL THEN 'payments.order.fixed'
                    ELSE type END AS shown, type
          FROM audit.events
         WHERE tenant_id = %(tenant)s AND payment_id = %(id)s
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "id": payment_id},
    )
    return tuple(
        TimelineEvent(
            row["event_time"],
            row["type"],
            _TEXTS.get(row["shown"], row["type"].rpartition(".")[2].replace("_", " ").capitalize()),
            row["actor_type"],
            row["actor_id"],
            row["type"] in _BAD,
        )
        for row in rows
    )


def _facts(tx: Tx, payment_id: str) -> Facts:
    return tx.one(
        """
        SELECT i.status, i.kind, i.due_on, i.return_code, r.external_id AS payroll_reference, b.last4, b.routing_number,
               v.id AS reservation_id, v.status AS reservation_status, v.amount_minor AS reserved_minor,
               a.trace_number, o.rail AS order_rail, o.status AS order_status, o.reference AS order_reference,
               o.created_at AS order_created_at, o.ask_count AS order_asked, o.next_at AS order_next_at, o.recall,
               i.rail, f.name AS file_name, f.reference AS file_reference, f.status AS file_status,
               f.effective_on, f.delivered_at, g.gate_type, g.reason AS gate_reason, g.required_minor,
               g.available_minor, g.shortfall_minor,
               g.currency AS gate_currency, g.client_message, g.policy_violated,
               (SELECT e.effective_on FROM payments.settlement_events e
                 WHERE e.tenant_id = i.tenant_id AND e.attempt_id = a.id AND e.status = 'settled') AS settled_on,
               (SELECT max(e.effective_on) FROM payments.settlement_events e
                 WHERE e.tenant_id = i.tenant_id AND e.attempt_id = a.id AND e.status = 'returned') AS returned_on,
               c.id AS case_id, c.category AS case_category, c.state AS case_state,
               (SELECT e.effective_on FROM payments.settlement_events e
                 WHERE e.tenant_id = i.tenant_id AND e.attempt_id = a.id AND e.status = 'rejected') AS rejected_on,
               (SELECT CASE WHEN t.code IS NULL THEN 'was refused by the bank' ELSE 'came back with ' || t.code END
                  FROM payments.retries t
                 WHERE t.tenant_id = i.tenant_id AND t.instruction_id = i.id
                   AND i.status NOT IN ('returned', 'rejected')
                 ORDER BY t.id DESC LIMIT 1) AS paid_anew_after,
               d.kind AS disputed, d.code AS disputed_code, d.answer_until,
               EXISTS (SELECT FROM payments.returns u
                         JOIN parties.blocks k ON k.tenant_id = u.tenant_id AND k.id = u.block_id
                        WHERE u.tenant_id = i.tenant_id AND u.attempt_id = a.id AND k.status = 'active') AS is_held
          FROM payments.instructions i
          JOIN payments.payrolls r ON r.tenant_id = i.tenant_id AND r.id = i.payroll_id
          JOIN funding.gate_evaluations g
            ON g.tenant_id = i.tenant_id
           AND g.id = CASE WHEN i.status IN ('awaiting_funding', 'blocked_funds') THEN r.evaluation_id ELSE i.evaluation_id END
          LEFT JOIN parties.bank_accounts b ON b.tenant_id = i.tenant_id AND b.id = i.bank_account_id
          LEFT JOIN ledger.reservations v ON v.tenant_id = i.tenant_id AND v.id = i.reservation_id
          LEFT JOIN LATERAL (SELECT t.* FROM payments.attempts t
                              WHERE t.tenant_id = i.tenant_id AND t.instruction_id = i.id
                              ORDER BY t.attempt_no DESC LIMIT 1) a ON true
          LEFT JOIN payments.orders o ON o.tenant_id = i.tenant_id AND o.attempt_id = a.id
          LEFT JOIN payments.ach_files f ON f.tenant_id = i.tenant_id AND f.id = a.ach_file_id
          LEFT JOIN LATERAL (SELECT x.id, x.category, x.state FROM cases.exception_cases x
                              WHERE x.tenant_id = i.tenant_id AND x.payment_id = i.id
                              ORDER BY x.state IN ('open', 'pending') DESC, x.id DESC LIMIT 1) c ON true
          LEFT JOIN LATERAL (SELECT z.kind, z.code, z.answer_until FROM payments.return_disputes z
                               JOIN payments.returns y ON y.tenant_id = z.tenant_id AND y.id = z.return_id
                              WHERE y.tenant_id = i.tenant_id AND y.attempt_id = a.id AND z.transaction_id IS NOT NULL
                              ORDER BY z.id DESC LIMIT 1) d ON true
         WHERE i.tenant_id = %(tenant)s AND i.id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": payment_id},
        row=Facts,
        what="payment",
    )


def _reservation(facts: Facts, currency: str) -> HeldMoney | None:
    if facts.reservation_id is None or facts.reservation_status is None or facts.reserved_minor is None:
        return None
    return HeldMoney(
        ids.encode("rsv", facts.reservation_id), facts.reservation_status, Money(facts.reserved_minor, currency)
    )


def _entries(tx: Tx, payment_id: str) -> tuple[tuple[TAccount, ...], tuple[Mark, ...]]:
    rows = tx.all(
        """
        SELECT t.id, t.effective_at, t.description, e.amount_minor, e.currency, d.name AS debit_name, c.name
               AS credit_name
          FROM ledger.transactions t
          JOIN ledger.entries e ON e.tenant_id = t.tenant_id AND e.transaction_id = t.id
          JOIN ledger.accounts d ON d.tenant_id = e.tenant_id AND d.id = e.debit_account_id
          JOIN ledger.accounts c ON c.tenant_id = e.tenant_id AND c.id = e.credit_account_id
         WHERE t.tenant_id = %(tenant)s AND t.source_type IN ('payment', 'return_credit') AND t.source_id = %(id)s
         ORDER BY t.id, e.n
        """,
        {"tenant": tx.tenant_id, "id": payment_id},
    )
    debits: dict[str, list[Leg]] = {}
    credits: dict[str, list[Leg]] = {}
    marks = []
    for number, row in enumerate(rows, start=1):
        leg = Leg(Money(row["amount_minor"], row["currency"]), number)
        debits.setdefault(row["debit_name"], []).append(leg)
        credits.setdefault(row["credit_name"], []).append(leg)
        marks.append(Mark(number, row["description"] or "posted", row["effective_at"], ids.encode("txn", row["id"])))
    names = list(dict.fromkeys(name for row in rows for name in (row["debit_name"], row["credit_name"])))
    currency = rows[0]["currency"] if rows else "USD"
    accounts = tuple(
        TAccount(
            name,
            tuple(debits.get(name, ())),
            tuple(credits.get(name, ())),
            _total(debits.get(name, []), currency),
            _total(credits.get(name, []), currency),
        )
        for name in names
    )
    return accounts, tuple(marks)


def _total(legs: list[Leg], currency: str) -> Money:
    return Money(sum(leg.amount.minor for leg in legs), currency)


def _sources(tx: Tx, payment_id: str) -> tuple[Source, ...]:
    rows = tx.all(
        """
        SELECT s.label, f.id AS artifact_id, f.filename, r.line, encode(f.sha256, 'hex') AS sha256
          FROM (SELECT 'Payroll register' AS label, 1 AS place, p.source_artifact_id AS artifact_id, NULL::text
                 AS record_id
                  FROM payments.instructions i
                  JOIN payments.payrolls p ON p.tenant_id = i.tenant_id AND p.id = i.payroll_id
                 WHERE i.tenant_id = %(tenant)s AND i.id = %(id)s
                 UNION ALL
                SELECT CASE e.status WHEN 'settled' THEN 'Bank statement' ELSE 'Return file' END, 2, e.artifact_id,
                       e.record_id
                  FROM payments.settlement_events e
                 WHERE e.tenant_id = %(tenant)s AND e.instruction_id = %(id)s
                 UNION ALL
                SELECT CASE d.kind WHEN 'contested' THEN 'Contested return' ELSE 'Dishonored return' END, 3, d.artifact_id,
                       d.record_id
                  FROM payments.return_disputes d
                  JOIN payments.returns r ON r.tenant_id = d.tenant_id AND r.id = d.return_id
                 WHERE d.tenant_id = %(tenant)s AND r.instruction_id = %(id)s) s
          JOIN ingestion.artifacts f ON f.tenant_id = %(tenant)s AND f.id = s.artifact_id
          LEFT JOIN ingestion.records r ON r.tenant_id = %(tenant)s AND r.id = s.record_id
         ORDER BY s.place, f.received_at
        """,
        {"tenant": tx.tenant_id, "id": payment_id},
        row=Source,
    )
    return tuple(rows)


def _proof(tx: Tx, payment_id: str) -> Proof | None:
    rows = tx.all(
        """
        SELECT event_hash
          FROM audit.chain
         WHERE tenant_id = %(tenant)s AND payment_id = %(id)s
         ORDER BY epoch, xid, id
        """,
        {"tenant": tx.tenant_id, "id": payment_id},
    )
    sealed = [row["event_hash"] for row in rows if row["event_hash"]]
    return Proof(len(rows), len(sealed), sealed[-1] if sealed else None) if rows else None
