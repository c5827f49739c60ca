"""Loans as the database has them, locked, with all that a fold needs: a handful of round trips for any number."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Final, LiteralString, TypeVar
from zoneinfo import ZoneInfo

from headgate.core import arrays
from headgate.core.db import Asked, Tx
from headgate.servicing import policies
from headgate.servicing.history import History, fold
from headgate.servicing.model import (
    Due,
    DuesUnread,
    Instruction,
    Place,
    Placed,
    Receipt,
    Standing,
    StandingChange,
    State,
    Terms,
)

T = TypeVar("T")


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
    time_zone: str


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
    """A locked loan with what a fold of it needs. `receipts` and `lines` are all of them only where it `is_whole`.

    `dues` are all of them, or where it was `read_to` a day, those that fall due until then and are not yet done with, and
    the next ones.
    """

    row: LoanRow
    zone: ZoneInfo
    now: datetime
    is_whole: bool
    read_to: date = date.max
    dues: dict[int, DueRow] = field(default_factory=dict)
    standings: list[StandingChange] = field(default_factory=list)
    policies: Sequence[policies.Policy] = ()
    receipts: list[Receipt] = field(default_factory=list)
    lines: list[LiveLine] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The day where its legal entity is."""
        return self.now.astimezone(self.zone).date()

    def begin(self) -> History:
        """The history where it stands: what comes next must be later than all that was."""
        receipts = {receipt.id: receipt for receipt in self.receipts}
        waiting = sorted(
            (
                (receipts[live.line.receipt_id], live.line.amount_minor)
                for live in self.lines
                if live.line.number is None
            ),
            key=lambda one: one[0].order,
        )
        dues = [due.now for due in self.dues.values()]
        through = self.row.applied_through or date.min
        unread_minor = 0 if self.read_to == date.max else self.row.open_minor - sum(due.open_minor for due in dues)
        return History(
            dues,
            self.standings,
            self._terms(),
            parcels=waiting,
            through=through,
            read_to=self.read_to,
            unread_minor=unread_minor,
        )

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


_FIND: Final[LiteralString] = """
    SELECT n.id, n.external_id, n.legal_entity_id, n.product, n.currency, n.borrower_id, n.state, n.has_legal_hold,
           n.has_stop_pay, n.is_kyc_incomplete, n.applied_through, n.applied_key, n.oldest_due_on, n.open_minor,
           n.suspense_minor, n.overpayment_minor,
           (SELECT e.time_zone FROM tenants.legal_entities e
             WHERE e.tenant_id = n.tenant_id AND e.id = n.legal_entity_id) AS time_zone
      FROM servicing.loans n
     WHERE n.id = ANY (%(names)s::text[]) OR n.external_id = ANY (%(names)s::text[])
     ORDER BY n.id
"""
_LOCK: Final[LiteralString] = _FIND + " FOR UPDATE OF n"


def lock_loans(tx: Tx, names: Collection[str]) -> dict[str, LoanRow]:
    """Loans by id and by the client's own name, locked in the order of their ids; a name that names none is left out."""
    [rows] = tx.gather(asked_locked(names))
    return by_name(rows)


def asked_locked(names: Collection[str]) -> Asked:
    """What to ask to lock them, together with what is read only then."""
    return _LOCK, {"names": arrays.texts(sorted(set(names)))}, LoanRow


def find_loans(tx: Tx, names: Collection[str]) -> dict[str, LoanRow]:
    """The same, unlocked: good enough to look at, not to write by."""
    return by_name(tx.all(_FIND, {"names": arrays.texts(sorted(set(names)))}, row=LoanRow))


def by_name(rows: Sequence[LoanRow]) -> dict[str, LoanRow]:
    """Loans by id and by the client's own name."""
    found = {row.external_id: row for row in rows}
    return found | {row.id: row for row in rows}


def load(
    tx: Tx,
    rows: Collection[LoanRow],
    *,
    whole: Collection[str],
    read_to: Mapping[str, date] | None = None,
    now: datetime | None = None,
) -> dict[str, Loaded]:
    """What a fold of these locked loans needs, in one round trip: of those in `whole` everything, of the others what waits.

    Of a loan in `read_to` the dues up to that day are enough, and the next ones: a mortgage has 360. `now` is the tenant's,
    where it was asked already since the loans were locked.
    """
    if not rows:
        return {}
    at = now or tx.now()
    to = read_to or {}
    found = {
        row.id: Loaded(row, ZoneInfo(row.time_zone), at, row.id in whole, to.get(row.id, date.max)) for row in rows
    }
    loans = arrays.texts(sorted(found))
    dues, standings, lines = tx.gather(
        _dues_of(list(found.values())),
        (_STANDINGS, {"loans": loans}, None),
        (_LINES, {"loans": loans, "whole": arrays.texts(sorted(set(whole) & found.keys()))}, None),
    )
    of_product = policies.policies_of(tx, {row.product for row in rows})
    for one in found.values():
        one.policies = of_product[one.row.product]
    _load_dues(dues, found)
    _load_standings(standings, found)
    _load_lines(lines, found)
    return found


def made_of(
    tx: Tx,
    rows: Collection[LoanRow],
    make: Callable[[Loaded], T],
    *,
    read_to: Mapping[str, date],
    whole: Collection[str] = (),
    now: datetime | None = None,
) -> dict[str, T]:
    """What `make` makes of each of these locked loans, by its id: of the dues up to a day where they are enough, else of all."""
    made: dict[str, T] = {}
    for loan, one in load(tx, rows, whole=whole, read_to=read_to, now=now).items():
        with suppress(DuesUnread):
            made[loan] = make(one)
    # Paid far ahead, or nearly whole: the rest of their dues counts too.
    rest = [row for row in rows if row.id not in made]
    return made | {loan: make(one) for loan, one in load(tx, rest, whole=(), now=now).items()}


def today_of(tx: Tx, zone: ZoneInfo | None = None) -> date:
    """The tenant's day, in a zone (else UTC)."""
    return tx.now().astimezone(zone or UTC).date()


NEXT_DUES = 2
"""So many of the dues after the day up to which they are read: who pays in advance pays the next one, as a rule."""

_DUES: Final[LiteralString] = """
    SELECT d.loan_id, d.instalment_no, d.due_on, d.kind = 'charge' AS is_charge,
           ARRAY[d.fees_minor, d.interest_minor, d.principal_minor, d.escrow_minor] AS charged,
           ARRAY[d.fees_minor - d.fees_paid_minor, d.interest_minor - d.interest_paid_minor,
                 d.principal_minor - d.principal_paid_minor, d.escrow_minor - d.escrow_paid_minor] AS now
      FROM
"""
_ALL: Final[LiteralString] = "servicing.dues d WHERE d.loan_id = ANY (%(loans)s::text[])"
_READ: Final[LiteralString] = """
    unnest(%(read)s::text[], %(from)s::date[], %(to)s::date[]) AS r (id, from_on, to_on)
      CROSS JOIN LATERAL (
            SELECT * FROM servicing.dues o
             WHERE o.loan_id = r.id AND o.due_on <= r.to_on
               AND (o.due_on > r.from_on
                    OR o.fees_minor + o.interest_minor + o.principal_minor + o.escrow_minor
                       > o.fees_paid_minor + o.interest_paid_minor + o.principal_paid_minor + o.escrow_paid_minor)
            UNION ALL (
            SELECT * FROM servicing.dues o
             WHERE o.loan_id = r.id AND o.due_on > r.to_on
               AND o.fees_minor + o.interest_minor + o.principal_minor + o.escrow_minor
                   > o.fees_paid_minor + o.interest_paid_minor + o.principal_paid_minor + o.escrow_paid_minor
             ORDER BY o.due_on, o.instalment_no LIMIT %(next)s)
            UNION ALL (
            SELECT * FROM servicing.dues o WHERE o.loan_id = r.id ORDER BY o.due_on, o.instalment_no LIMIT 1)
            ) d
"""
_ALL_DUES: Final[LiteralString] = _DUES + _ALL
_DUES_TO: Final[LiteralString] = _DUES + _READ
_BOTH_DUES: Final[LiteralString] = _ALL_DUES + " UNION ALL " + _DUES_TO


def _dues_of(loans: Sequence[Loaded]) -> Asked:
    """What to ask for their dues. Of a loan that was paid whole the first is among them: it is not one without any."""
    read = [one for one in loans if one.read_to < date.max]
    if not read:
        return _ALL_DUES, {"loans": arrays.texts([one.row.id for one in loans])}, None
    words: dict[str, Any] = {
        "next": NEXT_DUES,
        "read": arrays.texts([one.row.id for one in read]),
        "from": arrays.texts([(one.row.applied_through or date.min).isoformat() for one in read]),
        "to": arrays.texts([one.read_to.isoformat() for one in read]),
    }
    if len(read) == len(loans):
        return _DUES_TO, words, None
    words["loans"] = arrays.texts([one.row.id for one in loans if one.read_to == date.max])
    return _BOTH_DUES, words, None


def _load_dues(rows: Sequence[Mapping[str, Any]], found: Mapping[str, Loaded]) -> None:
    for row in rows:
        dues = found[row["loan_id"]].dues
        dues[row["instalment_no"]] = DueRow(_due(row, row["charged"]), _due(row, row["now"]))


def _due(row: Mapping[str, Any], amounts: Sequence[int]) -> Due:
    fees, interest, principal, escrow = amounts
    return Due(row["instalment_no"], row["due_on"], fees, interest, principal, escrow, row["is_charge"])


_STANDINGS: Final[LiteralString] = """
    SELECT s.loan_id, s.from_on, s.standing
      FROM servicing.standings s
     WHERE s.loan_id = ANY (%(loans)s::text[])
     ORDER BY s.loan_id, s.from_on, s.id
"""


def _load_standings(rows: Sequence[Mapping[str, Any]], found: Mapping[str, Loaded]) -> None:
    for row in rows:
        standing: Standing = row["standing"]
        found[row["loan_id"]].standings.append(StandingChange(row["from_on"], standing))


_LINES: Final[LiteralString] = """
    SELECT l.id, l.payment_id, l.loan_id, l.bucket, l.instalment_no, l.applied_on, l.policy_version_no, l.is_recovery,
           l.amount_minor, p.idempotency_key, p.effective_date, p.total_received, p.policy_version_no AS own_version_no,
           p.instruction
      FROM servicing.live_allocations l
      JOIN servicing.payments p ON p.tenant_id = l.tenant_id AND p.id = l.payment_id
     WHERE l.loan_id = ANY (%(loans)s::text[]) AND (l.instalment_no IS NULL OR l.loan_id = ANY (%(whole)s::text[]))
     ORDER BY l.id
"""


def _load_lines(rows: Sequence[Mapping[str, Any]], found: Mapping[str, Loaded]) -> None:
    """The lines that stand with their payments: of a whole loan all of them, else those that wait."""
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
