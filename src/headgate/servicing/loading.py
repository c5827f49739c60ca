"""Loans as the database has them, locked, with all that a fold needs: a handful of round trips for any number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from headgate import tenants
from headgate.core.db import Tx
from headgate.servicing import policies
from headgate.servicing.history import History, fold
from headgate.servicing.model import (
    BUCKETS,
    Due,
    Instruction,
    Place,
    Placed,
    Receipt,
    Standing,
    StandingChange,
    State,
    Terms,
)


@dataclass(frozen=True, slots=True)
class LoanRow:
    """A loan as its row says."""

    id: str
    external_id: str
    legal_entity_id: str
    product: str
    currency: str
    borrower_id: str | None
    state: State
    has_legal_hold: bool
    has_stop_pay: bool
    is_kyc_incomplete: bool
    applied_through: date | None
    applied_key: str | None
    oldest_due_on: date | None
    open_minor: int
    suspense_minor: int
    overpayment_minor: int


@dataclass(frozen=True, slots=True)
class DueRow:
    """A due with what it was charged with; its open amounts are in `now`."""

    charged: Due
    now: Due


@dataclass(frozen=True, slots=True)
class LiveLine:
    """A line that stands, with its number."""

    id: int
    line: Placed


@dataclass(slots=True)
class Loaded:
    """A locked loan with what a fold of it needs. `receipts` and `lines` are all of them only where it `is_whole`."""

    row: LoanRow
    zone: ZoneInfo
    today: date
    is_whole: bool
    dues: dict[int, DueRow] = field(default_factory=dict)
    standings: list[StandingChange] = field(default_factory=list)
    policies: list[policies.Policy] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    lines: list[LiveLine] = field(default_factory=list)

    def begin(self) -> History:
        """The history where it stands: what comes next must be later than all that was."""
        waiting = sorted(
            ((receipt, live.line.amount_minor) for live in self.lines for receipt in self._of(live)),
            key=lambda one: one[0].order,
        )
        dues = [due.now for due in self.dues.values()]
        through = self.row.applied_through or date.min
        return History(dues, self.standings, self._terms(), parcels=waiting, through=through)

    def fold(self, receipts: Sequence[Receipt], through: date | None = None) -> History:
        """The whole history, of these payments."""
        dues = [due.charged for due in self.dues.values()]
        days = [receipt.received_on for receipt in receipts]
        last = max([*days, *filter(None, (self.row.applied_through, through))], default=date.min)
        return fold(dues, self.standings, receipts, self._terms(), through=last)

    def terms_on(self, on: date) -> Terms:
        """The policy version that counts on a day."""
        return policies.in_force(self.policies, on)

    def at_noon(self, on: date) -> datetime:
        """Noon of a day where the legal entity is: what is received on a day has no hour."""
        return datetime.combine(on, time(12), self.zone)

    def _terms(self) -> Mapping[int, Terms]:
        return {policy.terms.version_no: policy.terms for policy in self.policies}

    def _of(self, live: LiveLine) -> list[Receipt]:
        if live.line.number is not None:
            return []
        return [receipt for receipt in self.receipts if receipt.id == live.line.receipt_id]


def lock_loans(tx: Tx, names: Collection[str]) -> dict[str, LoanRow]:
    """Loans by id and by the client's own name, locked in the order of their ids; a name that names none is left out."""
    rows = tx.all(
        """
        SELECT n.id, n.external_id, n.legal_entity_id, n.product, n.currency, n.borrower_id, n.state, n.has_legal_hold,
               n.has_stop_pay, n.is_kyc_incomplete, n.applied_through, n.applied_key, n.oldest_due_on, n.open_minor,
               n.suspense_minor,
               n.overpayment_minor
          FROM servicing.loans n
         WHERE n.id = ANY (%(names)s) OR n.external_id = ANY (%(names)s)
         ORDER BY n.id
           FOR UPDATE
        """,
        {"names": sorted(set(names))},
        row=LoanRow,
    )
    found = {row.external_id: row for row in rows}
    return found | {row.id: row for row in rows}


def find_loans(tx: Tx, names: Collection[str]) -> dict[str, LoanRow]:
    """The same, unlocked: good enough to look at, not to write by."""
    rows = tx.all(
        """
        SELECT n.id, n.external_id, n.legal_entity_id, n.product, n.currency, n.borrower_id, n.state, n.has_legal_hold,
               n.has_stop_pay, n.is_kyc_incomplete, n.applied_through, n.applied_key, n.oldest_due_on, n.open_minor,
               n.suspense_minor,
               n.overpayment_minor
          FROM servicing.loans n
         WHERE n.id = ANY (%(names)s) OR n.external_id = ANY (%(names)s)
        """,
        {"names": sorted(set(names))},
        row=LoanRow,
    )
    found = {row.external_id: row for row in rows}
    return found | {row.id: row for row in rows}


def load(tx: Tx, rows: Collection[LoanRow], *, whole: Collection[str]) -> dict[str, Loaded]:
    """What a fold of these locked loans needs: of those in `whole` everything, of the others what waits."""
    now = tx.now()
    zones = {
        entity: ZoneInfo(tenants.legal_entity(tx, entity).time_zone)
        for entity in sorted({row.legal_entity_id for row in rows})
    }
    found = {}
    for row in rows:
        zone = zones[row.legal_entity_id]
        found[row.id] = Loaded(row, zone, now.astimezone(zone).date(), row.id in whole)
    if not found:
        return found
    versions = policies.policies_of(tx, {row.product for row in rows})
    for one in found.values():
        one.policies = versions[one.row.product]
    _load_dues(tx, found)
    _load_standings(tx, found)
    _load_lines(tx, found)
    return found


def today_of(tx: Tx, zone: ZoneInfo | None = None) -> date:
    """The tenant's day, in a zone (else UTC)."""
    return tx.now().astimezone(zone or UTC).date()


def _load_dues(tx: Tx, found: Mapping[str, Loaded]) -> None:
    rows = tx.all(
        """
        SELECT d.loan_id, d.instalment_no, d.due_on, d.kind = 'charge' AS is_charge,
               ARRAY[d.fees_minor, d.interest_minor, d.principal_minor, d.escrow_minor] AS charged,
               ARRAY[d.fees_minor - d.fees_paid_minor, d.interest_minor - d.interest_paid_minor,
                     d.principal_minor - d.principal_paid_minor, d.escrow_minor - d.escrow_paid_minor] AS now
          FROM servicing.dues d
         WHERE d.loan_id = ANY (%(loans)s)
         ORDER BY d.loan_id, d.instalment_no
        """,
        {"loans": sorted(found)},
    )
    for row in rows:
        charged = Due(row["instalment_no"], row["due_on"], is_charge=row["is_charge"]).with_open(
            dict(zip(BUCKETS, row["charged"], strict=True))
        )
        now = charged.with_open(dict(zip(BUCKETS, row["now"], strict=True)))
        found[row["loan_id"]].dues[charged.number] = DueRow(charged, now)


def _load_standings(tx: Tx, found: Mapping[str, Loaded]) -> None:
    rows = tx.all(
        """
        SELECT s.loan_id, s.from_on, s.standing
          FROM servicing.standings s
         WHERE s.loan_id = ANY (%(loans)s)
         ORDER BY s.loan_id, s.from_on, s.id
        """,
        {"loans": sorted(found)},
    )
    for row in rows:
        standing: Standing = row["standing"]
        found[row["loan_id"]].standings.append(StandingChange(row["from_on"], standing))


def _load_lines(tx: Tx, found: Mapping[str, Loaded]) -> None:
    """The lines that stand with their payments: of a whole loan all of them, else those that wait."""
    rows = tx.all(
        """
        SELECT l.id, l.payment_id, l.loan_id, l.bucket, l.instalment_no, l.applied_on, l.policy_version_no, l.is_recovery,
               l.amount_minor, p.idempotency_key, p.effective_date, p.total_received, p.policy_version_no AS own_version_no,
               p.instruction
          FROM servicing.live_allocations l
          JOIN servicing.payments p ON p.tenant_id = l.tenant_id AND p.id = l.payment_id
         WHERE l.loan_id = ANY (%(loans)s) AND (l.instalment_no IS NULL OR l.loan_id = ANY (%(whole)s))
         ORDER BY l.id
        """,
        {"loans": sorted(found), "whole": sorted(loan for loan, one in found.items() if one.is_whole)},
    )
    known: set[str] = set()
    for row in rows:
        one = found[row["loan_id"]]
        place: Place = row["bucket"]
        one.lines.append(
            LiveLine(
                row["id"],
                Placed(
                    row["payment_id"],
                    place,
                    row["instalment_no"],
                    row["applied_on"],
                    row["policy_version_no"],
                    row["is_recovery"],
                    row["amount_minor"],
                ),
            )
        )
        if row["payment_id"] not in known:
            known.add(row["payment_id"])
            instruction: Instruction = row["instruction"]
            one.receipts.append(
                Receipt(
                    row["payment_id"],
                    row["idempotency_key"],
                    row["effective_date"],
                    row["total_received"],
                    row["own_version_no"],
                    instruction,
                )
            )
