"""What a fold changed is written: lines, dues, parts, the book and the loan, as sets, whatever the number of loans.

Only differences are written. A line that is the same as before stays; another is taken back whole by a line that names it,
and what stands in its place is new. In the book the gains and losses of each payment are posted net.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from headgate import audit
from headgate.core import arrays
from headgate.core.db import Tx
from headgate.servicing import book
from headgate.servicing.history import History
from headgate.servicing.loading import Loaded
from headgate.servicing.model import BUCKETS, Placed, Receipt, State

PARTS = {"principal": 0, "interest": 1, "fees": 2, "escrow": 3, "suspense": 4, "overpayment": 4}


@dataclass(slots=True)
class Change:
    """A loan after a fold: `fresh` are payments that nothing was posted of yet, `undone` those that are taken back.

    `taken_back` are the numbers of the lines that go, `made` the lines that come; `state` is how the loan stands today.
    Raises DuesUnread.
    """

    loan: Loaded
    history: History
    fresh: Mapping[str, Receipt]
    undone: Collection[str] = ()
    taken_back: list[int] = field(init=False, default_factory=list)
    made: list[Placed] = field(init=False, default_factory=list)
    oldest_due_on: date | None = field(init=False)
    state: State = field(init=False)

    def __post_init__(self) -> None:
        newest = max((receipt for receipt in self._receipts()), key=lambda one: one.order, default=None)
        terms = {policy.terms.version_no: policy.terms for policy in self.loan.policies}
        desired = self.history.placed(terms[newest.version_no].overpayment if newest else "keep")
        live: dict[tuple[object, ...], list[tuple[int, int]]] = defaultdict(list)
        for one in self.loan.lines:
            live[one.line.where].append((one.id, one.line.amount_minor))
        for line in desired:
            standing = live.pop(line.where, [])
            if sum(minor for _, minor in standing) != line.amount_minor:
                self.taken_back += [number for number, _ in standing]
                self.made.append(line)
        self.taken_back += [number for standing in live.values() for number, _ in standing]
        self.oldest_due_on, self.state = self.history.oldest_due_on, self._state()

    def fresh_lines(self) -> dict[str, tuple[Placed, ...]]:
        """Where each fresh payment lies, by its id; what is over is in suspense here, as its row counts it."""
        found: dict[str, list[Placed]] = {payment: [] for payment in self.fresh}
        for line in self.history.placed("keep"):
            if line.receipt_id in found:
                found[line.receipt_id].append(line)
        return {payment: tuple(lines) for payment, lines in found.items()}

    def gains(self) -> dict[str, Counter[str]]:
        """What the lines of each payment gained and lost, as the book keeps them; payments that are undone left out."""
        return self._by_payment(book.place_of, self.undone)

    def part_gains(self) -> dict[str, list[int]]:
        """The same by the parts of the payments' rows, of payments that stood before and stand."""
        found = {}
        for payment, sums in self._by_payment(lambda line: line.place, {*self.fresh, *self.undone}).items():
            parts = [0] * 5
            for place, minor in sums.items():
                parts[PARTS[place]] += minor
            if any(parts):
                found[payment] = parts
        return found

    def waiting(self) -> tuple[int, int]:
        """What lies in suspense, and what is over."""
        sums = Counter({"suspense": 0, "overpayment": 0})
        gone = set(self.taken_back)
        for line in [*(one.line for one in self.loan.lines if one.id not in gone), *self.made]:
            if line.number is None:
                sums[line.place] += line.amount_minor
        return sums["suspense"], sums["overpayment"]

    def _state(self) -> State:
        today = self.loan.today
        found = self.history.state_at(today, self.loan.terms_on(today))
        return "overpaid" if found == "paid_off" and self.waiting()[1] else found

    def applied_key(self) -> str | None:
        """The last payment's key of the day up to which this was folded."""
        on = self.history.through
        keys = [receipt.key for receipt in self._receipts() if receipt.received_on == on]
        if not self.loan.is_whole and self.loan.row.applied_through == on and self.loan.row.applied_key:
            keys.append(self.loan.row.applied_key)
        return max(keys, default=None)

    def _receipts(self) -> Iterable[Receipt]:
        yield from (receipt for receipt in self.loan.receipts if receipt.id not in self.undone)
        yield from self.fresh.values()

    def _by_payment(self, name: Callable[[Placed], str], but: Collection[str]) -> dict[str, Counter[str]]:
        found: dict[str, Counter[str]] = defaultdict(Counter)
        gone = set(self.taken_back)
        for one in self.loan.lines:
            if one.id in gone and one.line.receipt_id not in but:
                found[one.line.receipt_id][name(one.line)] -= one.line.amount_minor
        for line in self.made:
            if line.receipt_id not in but:
                found[line.receipt_id][name(line)] += line.amount_minor
        return found


def write(tx: Tx, changes: Sequence[Change]) -> None:
    """Write what these folds changed. The rows of fresh payments, and of what undid others, stand already."""
    if not changes:
        return
    numbers = _post(tx, changes)
    _write_lines(tx, changes, numbers)
    _write_dues(tx, changes)
    _write_parts(tx, changes)
    _write_loans(tx, changes)


def _post(tx: Tx, changes: Sequence[Change]) -> dict[str, int]:
    """The transactions in the book, by payment."""
    moved: list[tuple[Change, str, Counter[str]]] = [
        (change, payment, sums)
        for change in changes
        for payment, sums in sorted(change.gains().items())
        if any(sums.values())
    ]
    again = sorted(payment for change, payment, _ in moved if payment not in change.fresh)
    counts = _posting_counts(tx, again) if again else {}
    movements = []
    for change, payment, sums in moved:
        is_fresh = payment in change.fresh
        at: datetime | None = change.loan.at_noon(change.fresh[payment].received_on) if is_fresh else None
        number = counts.get(payment, 0) + 1
        movements.append(
            book.Movement(
                payment,
                f"servicing:{payment}:posting:{number}",
                change.loan.row.currency,
                sums,
                at,
                "Payment of a loan" if is_fresh else "Payment of a loan allocated again",
            )
        )
    transactions = book.post_movements(tx, movements)
    if movements:
        tx.run(
            """
            INSERT INTO servicing.postings (tenant_id, payment_id, posting_no, kind, transaction_id)
            SELECT %(tenant)s, p.payment_id, p.no, p.kind, p.transaction_id
              FROM unnest(%(payments)s::text[], %(nos)s::integer[], %(kinds)s::text[], %(transactions)s::bigint[])
                   AS p (payment_id, no, kind, transaction_id)
            """,
            {
                "tenant": tx.tenant_id,
                "payments": arrays.texts([one.payment_id for one in movements]),
                "nos": arrays.numbers(counts.get(one.payment_id, 0) + 1 for one in movements),
                "kinds": arrays.texts(
                    ["applied" if payment in change.fresh else "replayed" for change, payment, _ in moved]
                ),
                "transactions": arrays.numbers(transactions),
            },
        )
    return {one.payment_id: number for one, number in zip(movements, transactions, strict=True)}


def _posting_counts(tx: Tx, payments: Sequence[str]) -> dict[str, int]:
    rows = tx.all(
        """
        SELECT payment_id, max(posting_no) AS last_no FROM servicing.postings
         WHERE payment_id = ANY (%(payments)s) GROUP BY payment_id
        """,
        {"payments": list(payments)},
    )
    return {row["payment_id"]: row["last_no"] for row in rows}


def _write_lines(tx: Tx, changes: Sequence[Change], numbers: Mapping[str, int]) -> None:
    gone = sorted(number for change in changes for number in change.taken_back)
    owners = {one.id: one.line.receipt_id for change in changes for one in change.loan.lines}
    if gone:
        tx.run(
            """
            INSERT INTO servicing.allocations
                   (tenant_id, payment_id, loan_id, bucket, instalment_no, amount_minor, applied_on, policy_version_no,
                    is_recovery, reverses, transaction_id)
            SELECT a.tenant_id, a.payment_id, a.loan_id, a.bucket, a.instalment_no, a.amount_minor, a.applied_on,
                   a.policy_version_no, a.is_recovery, a.id, g.transaction_id
              FROM unnest(%(lines)s::bigint[], %(transactions)s::bigint[]) AS g (id, transaction_id)
              JOIN servicing.allocations a ON a.id = g.id
             ORDER BY a.id
            """,
            {"lines": gone, "transactions": [numbers.get(owners[number]) for number in gone]},
        )
    made = [(change, line) for change in changes for line in change.made]
    if made:
        tx.run(
            """
            INSERT INTO servicing.allocations
                   (tenant_id, payment_id, loan_id, bucket, instalment_no, amount_minor, applied_on, policy_version_no,
                    is_recovery, transaction_id)
            SELECT %(tenant)s, m.payment_id, m.loan_id, m.bucket, m.instalment_no, m.amount_minor, m.applied_on, m.version_no,
                   m.is_recovery, m.transaction_id
              FROM unnest(%(payments)s::text[], %(loans)s::text[], %(buckets)s::text[], %(instalments)s::integer[],
                          %(amounts)s::bigint[], %(days)s::date[], %(versions)s::integer[], %(recoveries)s::boolean[],
                          %(transactions)s::bigint[])
                   WITH ORDINALITY AS m (payment_id, loan_id, bucket, instalment_no, amount_minor, applied_on, version_no,
                                         is_recovery, transaction_id, n)
             ORDER BY m.n
            """,
            {
                "tenant": tx.tenant_id,
                "payments": arrays.texts([line.receipt_id for _, line in made]),
                "loans": arrays.texts([change.loan.row.id for change, _ in made]),
                "buckets": arrays.texts([line.place for _, line in made]),
                "instalments": arrays.numbers(line.number for _, line in made),
                "amounts": arrays.numbers(line.amount_minor for _, line in made),
                "days": arrays.texts([line.applied_on.isoformat() for _, line in made]),
                "versions": arrays.numbers(line.version_no for _, line in made),
                "recoveries": arrays.texts(["t" if line.is_recovery else "f" for _, line in made]),
                "transactions": arrays.numbers(numbers.get(line.receipt_id) for _, line in made),
            },
        )


def _write_dues(tx: Tx, changes: Sequence[Change]) -> None:
    rows = [
        (change.loan.row.id, due.number, [row.charged.of(bucket) - due.of(bucket) for bucket in BUCKETS])
        for change in changes
        for due in change.history.dues.values()
        if (row := change.loan.dues[due.number]).now != due
    ]
    if not rows:
        return
    tx.run(
        """
        UPDATE servicing.dues d
           SET fees_paid_minor = p.fees, interest_paid_minor = p.interest, principal_paid_minor = p.principal,
               escrow_paid_minor = p.escrow
          FROM unnest(%(loans)s::text[], %(nos)s::integer[], %(fees)s::bigint[], %(interest)s::bigint[],
                      %(principal)s::bigint[], %(escrow)s::bigint[]) AS p (loan_id, no, fees, interest, principal, escrow)
         WHERE d.loan_id = p.loan_id AND d.instalment_no = p.no
        """,
        {
            "loans": arrays.texts([loan for loan, _, _ in rows]),
            "nos": arrays.numbers(no for _, no, _ in rows),
            **{bucket: arrays.numbers(paid[n] for _, _, paid in rows) for n, bucket in enumerate(BUCKETS)},
        },
    )


def _write_parts(tx: Tx, changes: Sequence[Change]) -> None:
    rows = [(payment, parts) for change in changes for payment, parts in sorted(change.part_gains().items())]
    if not rows:
        return
    tx.run(
        """
        UPDATE servicing.payments p
           SET principal = p.principal + g.principal, interest = p.interest + g.interest, fee = p.fee + g.fee,
               escrow = p.escrow + g.escrow, suspense = p.suspense + g.suspense, changed_at = %(now)s
          FROM unnest(%(payments)s::text[], %(principal)s::bigint[], %(interest)s::bigint[], %(fee)s::bigint[],
                      %(escrow)s::bigint[], %(suspense)s::bigint[]) AS g (id, principal, interest, fee, escrow, suspense)
         WHERE p.id = g.id
        """,
        {
            "now": tx.now(),
            "payments": [payment for payment, _ in rows],
            **{
                name: [parts[n] for _, parts in rows]
                for n, name in enumerate(("principal", "interest", "fee", "escrow", "suspense"))
            },
        },
    )
    audit.record_ahead(
        tx,
        [
            audit.Event(type="servicing.payment.reallocated", data={"payment_id": payment}, payment_id=payment)
            for payment, _ in rows
        ],
    )


def _write_loans(tx: Tx, changes: Sequence[Change]) -> None:
    """The loans' own sums and states; a move that is not legal is refused by the database."""
    waiting = [change.waiting() for change in changes]
    tx.run(
        """
        UPDATE servicing.loans n
           SET state = c.state, applied_through = c.through, applied_key = c.key, oldest_due_on = c.oldest,
               open_minor = c.open, suspense_minor = c.suspense, overpayment_minor = c.overpayment, changed_at = %(now)s
          FROM unnest(%(ids)s::text[], %(states)s::text[], %(through)s::date[], %(keys)s::text[], %(oldest)s::date[],
                      %(open)s::bigint[], %(suspense)s::bigint[], %(overpayment)s::bigint[])
               AS c (id, state, through, key, oldest, open, suspense, overpayment)
         WHERE n.id = c.id
        """,
        {
            "now": changes[0].loan.now,
            "ids": arrays.texts([change.loan.row.id for change in changes]),
            "states": arrays.texts([change.state for change in changes]),
            "through": arrays.texts([_day(change.history.through) for change in changes]),
            "keys": arrays.texts([change.applied_key() for change in changes]),
            "oldest": arrays.texts([_day(change.oldest_due_on) for change in changes]),
            "open": arrays.numbers(change.history.open_minor for change in changes),
            "suspense": arrays.numbers(suspense for suspense, _ in waiting),
            "overpayment": arrays.numbers(over for _, over in waiting),
        },
    )
    moved = [change for change in changes if change.state != change.loan.row.state]
    if not moved:
        return
    tx.run(
        """
        INSERT INTO servicing.state_changes (tenant_id, loan_id, from_state, to_state, on_day, oldest_due_on)
        SELECT %(tenant)s, m.loan_id, m.before, m.after, m.on_day, m.oldest
          FROM unnest(%(ids)s::text[], %(before)s::text[], %(after)s::text[], %(days)s::date[], %(oldest)s::date[])
               AS m (loan_id, before, after, on_day, oldest)
        """,
        {
            "tenant": tx.tenant_id,
            "ids": [change.loan.row.id for change in moved],
            "before": [change.loan.row.state for change in moved],
            "after": [change.state for change in moved],
            "days": [change.loan.today for change in moved],
            "oldest": [change.oldest_due_on for change in moved],
        },
    )
    audit.record_ahead(
        tx,
        [
            audit.Event(
                type="servicing.loan.moved",
                data={"loan_id": change.loan.row.id, "from": change.loan.row.state, "to": change.state},
            )
            for change in moved
        ],
    )


def _day(on: date | None) -> str | None:
    return None if on is None or on == date.min else on.isoformat()
