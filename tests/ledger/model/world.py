"""The real book beside the model: a tenant of a few accounts, the verbs, and one query that shows everything."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import sql
from tests import make
from tests.ledger.model.book import Book
from tests.ledger.model.words import (
    NET_MAX,
    NOBODY,
    START,
    Account,
    Answer,
    Leg,
    Period,
    Raised,
    Wanted,
    WantedChange,
    WantedReservation,
    hour_of,
)

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.core.money import Money
from headgate.ledger import Capture, Entry, Posted, Posting, ReservationRequest
from headgate.ledger.errors import RESULTS

CAST: Sequence[Account] = (
    Account("cash", 0, "ASSET", "USD"),
    Account("client", 0, "LIABILITY", "USD", least=0, zone="America/Chicago"),
    Account("card", 0, "LIABILITY", "USD", least=-100, most=500),
    Account("till", 0, "ASSET", "USD", least=0, most=300, zone="Pacific/Kiritimati"),
    Account("fees", 0, "REVENUE", "USD"),
    Account("costs", 0, "EXPENSE", "USD", least=0),
    Account("euro", 0, "ASSET", "EUR"),
)
FIRST_DAY = START.date() - timedelta(days=3)
LATER = ("later", "last")
"""Accounts that are not there until a history opens them."""
NAMES = tuple(account.name for account in CAST) + LATER

VERBS: dict[int, str] = {number: code for number, (code, _) in RESULTS.items()} | {
    0: "done",
    1: "pending",
    2: "ledger.idempotency_conflict",
}


class Undone(Exception):
    """Ends the transaction of a history: nothing of it stays."""


@dataclass(frozen=True)
class Ground:
    """A tenant whose book is empty but for its accounts; every history begins on it and leaves it so."""

    database: Database
    tenant_id: UUID
    accounts: dict[str, int]
    probe: sql.Composed


def ground(database: Database) -> Ground:
    """A tenant with the cast."""
    tenant = tenants.create_tenant(database, slug=f"m-{ids.new('x')[-12:]}", name="Model", livemode=False)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        entities = {
            zone: tenants.create_legal_entity(tx, name=zone, time_zone=zone, currency="USD").id
            for zone in {account.zone for account in CAST} - {None}
        }
        accounts = {one.name: _open(tx, one, entities.get(one.zone)) for one in CAST}
        probe = _probe(tx)
    return Ground(database, tenant.id, accounts, probe)


def _open(tx: Tx, account: Account, legal_entity_id: str | None = None) -> int:
    least, most = (None if limit is None else Money(limit, account.currency) for limit in (account.least, account.most))
    return ledger.create_account(
        tx,
        code=account.name,
        name=account.name,
        type=account.type,  # type: ignore[arg-type]
        currency=account.currency,
        legal_entity_id=legal_entity_id,
        min_balance=least,
        max_balance=most,
    ).id


class World:
    """One history: the model and the book, side by side, in one transaction that is never committed."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.book = Book(START)
        for one in CAST:
            number = ground.accounts[one.name]
            self.book.accounts[number] = Account(
                one.name, number, one.type, one.currency, one.least, one.most, one.zone
            )
        self.names = {account.name: number for number, account in self.book.accounts.items()}
        self.ids: dict[str, int] = {}
        self.told: Counter[str] = Counter()
        self.sound = True
        self._opened = ground.database.begin(tenant_id=ground.tenant_id, actor=make.ACTOR)
        self.tx = self._opened.__enter__()
        self.tx.run("SELECT set_config('headgate.check_full', 'on', true), set_config('jit', 'off', true)")
        tenants.move_clock(self.tx, to=START)
        # Something to spend, so that a history need not begin with being poor.
        opening = (("cash", "client", 300), ("cash", "card", 50), ("till", "fees", 100), ("costs", "fees", 60))
        self.post(
            [
                Wanted(f"opening{n}", (Leg(self.names[debit], self.names[credit], amount),))
                for n, (debit, credit, amount) in enumerate(opening)
            ],
            "many",
        )

    def close(self) -> None:
        """Leave nothing."""
        with suppress(Undone):
            self._opened.__exit__(Undone, Undone(), None)

    def number(self, name: str) -> int:
        """The number of an account of the cast; that of nobody, where it is not open yet."""
        return self.names.get(name, NOBODY + NAMES.index(name))

    def account(self, name: str) -> Account | None:
        """An account of the model, where it is there."""
        return self.book.accounts.get(self.names.get(name, -1))

    # Verbs -----------------------------------------------------------------------------------------------------------
    def post(self, wanted: Sequence[Wanted], way: str) -> None:
        """Postings, captures or a reversal, through the single verb or the array verb, on both sides."""
        if way == "single":
            assert len(wanted) == 1
            self._both(lambda: [self._single(wanted[0])], lambda: self._raising(wanted), wanted)
        else:
            self._both(
                lambda: self._many(wanted, way == "atomic"),
                lambda: self.book.post_many(wanted, atomic=way == "atomic"),
                wanted,
            )

    def _raising(self, wanted: Sequence[Wanted]) -> list[Answer]:
        """A single verb raises where the array verb answers with a conflict."""
        return self.book.post_many(wanted, atomic=True)

    def _single(self, wanted: Wanted) -> Any:
        if wanted.reverses is not None:
            return self._reverse(wanted.key, wanted.reverses, wanted.reason, wanted.part)
        if wanted.settles is not None:
            return self._settle(wanted.key, wanted.settles, wanted.part, wanted.effective_at)
        if _is_capture(wanted):
            return ledger.capture(self.tx, **_fields(_capture(wanted)))
        return ledger.post(self.tx, **_fields(_posting(wanted)))

    def _many(self, wanted: Sequence[Wanted], atomic: bool) -> list[Any]:
        if all(map(_is_capture, wanted)):
            return list(ledger.capture_many(self.tx, [_capture(one) for one in wanted], atomic))
        return list(ledger.post_many(self.tx, [_posting(one) for one in wanted], atomic))

    def reverse(self, key: str, original: str, reason: str | None, part: tuple[Any, ...] | None) -> Wanted | None:
        """A reversal, on both sides. The model's request, where there is something to reverse."""
        try:
            wanted = self.book.reversal(key, original, reason, part)
        except Raised as raised:
            self._refused_loudly(lambda: self._reverse(key, original, reason, part), str(raised))
            return None
        self.post([wanted], "single")
        return wanted

    def _reverse(self, key: str, original: str, reason: str | None, part: tuple[Any, ...] | None) -> Any:
        facts: dict[str, Any] = {}
        if part is not None and part[0] == "entries":
            currencies = [leg.currency for leg in self.book.posted(original).legs]
            facts = {"entries": {n: Money(amount, currencies[n - 1]) for n, amount in part[1]}}
        elif part is not None:
            _, amount, currency, numbers, rule = part
            facts = {"amount": Money(amount, currency), "entries": numbers, "apportion": rule}
        number = self.ids.get(original, NOBODY)
        return ledger.reverse(self.tx, idempotency_key=key, transaction_id=number, reason=reason, **facts)

    def settle(self, key: str, pending: str, part: tuple[Any, ...] | None, at: datetime | None) -> Wanted | None:
        """What is pending is posted, on both sides."""
        try:
            wanted = self.book.settlement(key, pending, part, at)
        except Raised as raised:
            self._refused_loudly(lambda: self._settle(key, pending, part, at), str(raised))
            return None
        self.post([wanted], "single")
        return wanted

    def _settle(self, key: str, pending: str, part: tuple[Any, ...] | None, at: datetime | None) -> Any:
        amounts = None if part is None else {n: Money(amount, "USD") for n, amount in part[1]}
        number = self.ids.get(pending, NOBODY)
        return ledger.post_pending(
            self.tx, idempotency_key=key, transaction_id=number, amounts=amounts, effective_at=at
        )

    def void(self, key: str) -> None:
        """What is pending is given back, on both sides."""
        number = self.ids.get(key, NOBODY)
        self._both(
            lambda: [ledger.void(self.tx, transaction_id=number, reason="not wanted")],
            lambda: [self.book.void(key)],
        )

    def post_scheduled(self) -> None:
        """The job that posts what was scheduled, on its day."""
        due = self.book.scheduled_due()
        due.sort(key=lambda one: (self.book.pending[one[0]].effective_at, self.ids[one[0]]))
        answers = []
        for key, n in due:
            wanted = self.book.settlement(f"ledger:scheduled:{self.ids[key]}:{n}", key, None, None)
            answers += self.book.post_many([wanted])
        found = ledger.post_scheduled(self.tx, timedelta(0))
        posted = sum(answer.code == 0 for answer in answers)
        expected = {"posted": posted, "refused": len(due) - posted}
        self.told["scheduled"] += posted
        if found != expected:
            raise AssertionError(f"the job says {found}, the model {expected}")
        for key, _ in due:
            settled_by = self.book.pending[key].settled_by
            if settled_by is not None:
                self.ids[settled_by] = self.tx.value(
                    "SELECT id FROM ledger.transactions WHERE key = %(key)s", {"key": settled_by}
                )

    def expire_pending(self) -> None:
        """The job that marks what is pending and overdue."""
        marked, expected = ledger.expire_pending(self.tx), self.book.expire_pending()
        if marked != expected:
            raise AssertionError(f"the book marks {marked} pending, the model {expected}")

    def reserve(self, wanted: Sequence[WantedReservation], way: str) -> None:
        """Reservations, on both sides."""
        requests = [_reservation_request(one) for one in wanted]
        if way == "single":
            act: Callable[[], list[Any]] = lambda: [ledger.reserve(self.tx, **_fields(requests[0]))]  # noqa: E731
        else:
            act = lambda: list(ledger.reserve_many(self.tx, requests, way == "atomic"))  # noqa: E731
        self._both(act, lambda: self.book.reserve_many(wanted, atomic=way != "many"), wanted)

    def release(self, keys: Sequence[str], way: str) -> None:
        """Releases, on both sides."""
        numbers = [self.book.numbers.get(key, NOBODY) for key in keys]
        self._both(
            lambda: [ledger.release(self.tx, numbers[0])] if way == "single" else ledger.release_many(self.tx, numbers),
            lambda: self.book.release_many(numbers),
        )

    def wait(self, hours: int) -> None:
        """Move the test tenant's clock on."""
        tenants.move_clock(self.tx, by=timedelta(hours=hours))
        self.book.now += timedelta(hours=hours)

    def change(self, wanted: WantedChange) -> None:
        """More set aside, or a part given back, on both sides."""
        number = self.book.numbers.get(wanted.reservation, NOBODY)
        verb = ledger.increase if wanted.kind == "increased" else ledger.release_part
        amount = Money(wanted.amount, wanted.currency)
        self._both(
            lambda: [verb(self.tx, idempotency_key=wanted.key, reservation_id=number, amount=amount)],
            lambda: self.book.change(wanted),
        )

    def extend(self, key: str, expires_at: datetime | None) -> None:
        """A reservation holds for longer, on both sides."""
        number = self.book.numbers.get(key, NOBODY)
        self._both(
            lambda: [ledger.extend(self.tx, reservation_id=number, expires_at=expires_at)],
            lambda: [self.book.extend(key, expires_at)],
        )

    def expire_due(self) -> None:
        """The job that marks what is overdue."""
        marked, expected = ledger.expire_due(self.tx), self.book.mark_overdue(list(self.book.accounts))
        assert marked == expected, f"the book marks {marked}, the model {expected}"

    def close_period(self, days: int, late: str) -> None:
        """Close the period that is open; where none is, open the next one of so many days first."""
        if not self.book.periods or self.book.periods[-1].late:
            starts_on = self.book.periods[-1].ends_on + timedelta(days=1) if self.book.periods else FIRST_DAY
            period = Period(f"p{len(self.book.periods)}", starts_on, starts_on + timedelta(days=days - 1))
            opened = ledger.open_period(self.tx, name=period.name, starts_on=period.starts_on, ends_on=period.ends_on)
            self.book.periods.append(period)
            self.ids[period.name] = opened.id
        open_one = next(one for one in self.book.periods if one.late is None)
        number = self.ids[open_one.name]
        self._both(
            lambda: [ledger.close_period(self.tx, period_id=number, late=late, reason="over")][:0],  # type: ignore[arg-type]
            lambda: self.book.close_period(late),
        )

    def reopen_period(self) -> None:
        """Reopen the last that is closed."""
        closed = [one for one in self.book.periods if one.late]
        if closed and all(one.late for one in self.book.periods):
            number = self.ids[closed[-1].name]
            ledger.reopen_period(self.tx, period_id=number, approval_ref="apr_1", reason="late")
            closed[-1].late = None

    def open(self, name: str, type: str, least: int | None, most: int | None) -> None:
        """Open an account that the histories know from the start."""
        account = Account(name, 0, type, "USD", least, most)

        def opened() -> None:
            if name in self.names:
                raise Raised("ledger.account_exists")

        self._both(lambda: self._opened_as(account), opened)

    def _opened_as(self, account: Account) -> list[Any]:
        account.id = self.names[account.name] = _open(self.tx, account)
        self.book.accounts[account.id] = account
        return []

    def set_status(self, name: str, status: str) -> None:
        """Open, freeze or close."""
        account = self._known(name)
        self._both(
            lambda: [ledger.set_status(self.tx, account.id, status, reason="a test")][:0],  # type: ignore[arg-type]
            lambda: self.book.set_status(account, status),
        )

    def set_limits(self, name: str, least: int | None, most: int | None) -> None:
        """Give other limits."""
        account = self._known(name)
        low, high = (None if limit is None else Money(limit, account.currency) for limit in (least, most))
        self._both(
            lambda: [ledger.set_limits(self.tx, account.id, min_balance=low, max_balance=high, reason="a test")][:0],
            lambda: self.book.set_limits(account, least, most),
        )

    def _known(self, name: str) -> Account:
        return self.account(name) or self.book.accounts[self.names["cash"]]

    # Side by side ----------------------------------------------------------------------------------------------------
    def _both(self, act: Callable[[], Any], model: Callable[[], Any], wanted: Sequence[Any] = ()) -> None:
        """Do it, and say what the model says: the same answers, or the same error."""
        self.sound = False
        try:
            expected = model() or []
        except Raised as raised:
            self.told[f"raised {raised}"] += 1
            self._refused_loudly(act, str(raised))
            return
        answers = act()
        told = [_told(answer) for answer in answers]
        self.told.update(str(one.code) for one in expected)
        wished = [VERBS[one.code] for one in expected]
        assert told == wished, f"the book answers {told}, the model {wished}"
        for n, (answer, one) in enumerate(zip(answers, expected, strict=True)):
            if wanted:
                self._same(wanted[n], answer, one)

    def _refused_loudly(self, act: Callable[[], Any], code: str) -> None:
        try:
            with self.tx.savepoint():
                found = act()
        except HeadgateError as error:
            assert error.code == code
        else:
            raise AssertionError(f"the book answered {found}, where it should have raised {code}")

    def _same(self, wanted: Any, answer: Any, expected: Answer) -> None:
        if expected.code == 2:
            return
        assert answer.replayed == expected.replayed, f"{wanted} replayed: {answer.replayed} in the book"
        if isinstance(answer, Refused):
            for name, value in expected.figures.items():
                if name == "hour":
                    assert hour_of(datetime.fromisoformat(answer.facts["at"])) == value, f"{wanted}: {answer.facts}"
                    continue
                shown = ids.encode("acct", value) if name == "account" else value
                assert answer.facts.get(name) == shown, (
                    f"{wanted} {name}: {answer.facts} in the book, {shown} in the model"
                )
            return
        number = answer.id if isinstance(wanted, WantedReservation) else answer.transaction_id
        known = self.book.numbers if isinstance(wanted, WantedReservation) else self.ids
        assert known.setdefault(wanted.key, number) == number, f"{wanted} has two numbers"

    def compare(self) -> None:
        """The book is what the model is, row by row, and every invariant holds: one round trip."""
        self.told["steps"] += 1
        self.sound = False
        row = self.tx.conn.execute(self.ground.probe, prepare=True).fetchone()
        assert row is not None
        found = dict(zip(SHOWN, row, strict=False))
        for table, expected in self.book.shown().items():
            if (found[table] or "") != expected:
                raise AssertionError(_difference(table, found[table] or "", expected))
        if row[-1] is not None:
            raise AssertionError("; ".join(self._broken(name) for name in row[-1]))
        self.sound = True

    def _broken(self, view: str) -> str:
        rows = self.tx.conn.execute(
            sql.SQL("SELECT subject, detail FROM {} LIMIT 3").format(sql.Identifier("ledger", view))
        )
        return f"{view}: {rows.fetchall()}"

    def last(self) -> None:
        """What is worth one look at the end of a history: each fact has left its audit event and its message."""
        rows = self.tx.conn.execute(EVENTS, {"correlation": self.tx.correlation_id}).fetchall()
        counted = {kind: (events, messages) for kind, events, messages in rows}
        posted = sum(answer.code == 0 for _, answer in self.book.transactions.values())
        waiting = sum(answer.code == 1 for _, answer in self.book.transactions.values())
        made = len(self.book.held)
        refused = len(self.book.transactions) - posted - waiting
        not_reserved = sum(answer.code >= 10 for _, answer in self.book.reservation_requests.values())
        expected = {
            "ledger.transaction.posted": (posted, posted),
            "ledger.transaction.refused": (refused, 0),
            "ledger.transaction.pending": (waiting, waiting),
            "ledger.reservation.created": (made, made),
            **{f"ledger.reservation.{kind}": (n, n) for kind, n in self.book.changes.items()},
            "ledger.reservation.refused": (not_reserved, 0),
        }
        expired = sum(one.status == "expired" for one in self.book.held.values())
        expected["ledger.reservation.expired"] = (expired, expired)
        for kind, status in (("voided", "void"), ("expired", "expired")):
            count = sum(one.status == status for one in self.book.pending.values())
            expected[f"ledger.transaction.{kind}"] = (count, count)
        found = {kind: counted.get(kind, (0, 0)) for kind in expected}
        assert found == expected, f"events and messages: {found} in the book, {expected} in the model"


def _is_capture(wanted: Wanted) -> bool:
    """Whether the verbs named capture take it: one entry, and nothing else said."""
    leg = wanted.legs[0]
    plain = replace(leg, amount=1, currency="USD") == Leg(leg.debit, leg.credit, 1)
    return wanted.reservation is not None and len(wanted.legs) == 1 and plain and wanted.override is None


def _posting(wanted: Wanted) -> Posting:
    return Posting(
        wanted.key,
        [_entry(leg) for leg in wanted.legs],
        wanted.effective_at,
        reservation_id=wanted.reservation,
        pending=wanted.pending,
        expires_at=wanted.expires_at,
        override_ref=wanted.override,
    )


def _entry(leg: Leg) -> Entry:
    least = [None if minor is None else Money(minor, leg.currency) for minor in (leg.debit_least, leg.credit_least)]
    return Entry(leg.debit, leg.credit, Money(leg.amount, leg.currency), leg.debit_version, leg.credit_version, *least)


def _capture(wanted: Wanted) -> Capture:
    leg = wanted.legs[0]
    assert wanted.reservation is not None
    return Capture(
        wanted.key,
        wanted.reservation,
        Money(leg.amount, leg.currency),
        leg.debit,
        leg.credit,
        wanted.effective_at,
    )


def _reservation_request(wanted: WantedReservation) -> ReservationRequest:
    return ReservationRequest(
        wanted.key, wanted.account, Money(wanted.amount, wanted.currency), "test", wanted.source, wanted.expires_at
    )


def _fields(request: Any) -> dict[str, Any]:
    """The facts of a request, as the single verb takes them."""
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


def _difference(table: str, found: str, expected: str) -> str:
    """The rows in which the book and the model differ."""
    lines = difflib.unified_diff(expected.split("\n"), found.split("\n"), "the model", "the book", lineterm="", n=0)
    return f"{table} differ:\n" + "\n".join(lines)


def _told(answer: Any) -> str:
    if isinstance(answer, Refused):
        return answer.code
    return "pending" if isinstance(answer, Posted) and answer.status == "pending" else "done"


SHOWN = ("accounts", "journal", "refusals", "reservations", "pending")

_ROWS: dict[str, str] = {
    "accounts": """
        SELECT string_agg(concat_ws(' ', b.code, b.status, a.net_minor, a.seq, b.posted_minor, b.reserved_minor,
                                    b.pending_out_minor, b.pending_in_minor, b.available_minor), E'\\n' ORDER BY a.id)
          FROM ledger.accounts a JOIN ledger.balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id""",
    "journal": """
        SELECT string_agg(concat_ws(' ', t.key, e.effective_on,
                                    floor(extract(epoch FROM e.effective_at - '2031-03-08T12:00Z'::timestamptz) / 3600),
                                    coalesce(o.key, '-'), coalesce(p.key, '-'), e.n, d.code, c.code, e.amount_minor, e.currency,
                                    CASE WHEN e.debit_late THEN 'L' ELSE '-' END || CASE WHEN e.credit_late THEN 'L' ELSE '-' END,
                                    e.debit_seq, e.debit_net, e.credit_seq, e.credit_net),
                          E'\\n' ORDER BY e.transaction_id, e.n)
          FROM ledger.entries e
          JOIN ledger.transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
          LEFT JOIN ledger.transactions o ON o.tenant_id = t.tenant_id AND o.id = t.reverses
          LEFT JOIN ledger.transactions p ON p.tenant_id = t.tenant_id AND p.id = t.settles
          JOIN ledger.accounts d ON d.tenant_id = e.tenant_id AND d.id = e.debit_account_id
          JOIN ledger.accounts c ON c.tenant_id = e.tenant_id AND c.id = e.credit_account_id""",
    "refusals": """
        SELECT string_agg(coalesce(t.key, q.key) || ' ' || f.code, E'\\n' ORDER BY f.request_id)
          FROM ledger.refusals f
          LEFT JOIN ledger.transactions t ON t.tenant_id = f.tenant_id AND t.id = f.request_id
          LEFT JOIN ledger.reservation_requests q ON q.tenant_id = f.tenant_id AND q.id = f.request_id""",
    "pending": """
        SELECT string_agg(concat_ws(' ', t.key, x.kind,
                                    CASE WHEN x.status = 'pending' AND x.expires_at <= (SELECT tenants.now())
                                         THEN 'overdue' ELSE x.status END,
                                    coalesce(s.key, '-')), E'\\n' ORDER BY x.id)
          FROM ledger.pending_transactions x
          JOIN ledger.transactions t ON t.tenant_id = x.tenant_id AND t.id = x.id
          LEFT JOIN ledger.transactions s ON s.tenant_id = x.tenant_id AND s.id = x.settled_by""",
    "reservations": """
        SELECT string_agg(concat_ws(' ', q.key, a.code,
                                    CASE WHEN s.status = 'active' AND s.expires_at <= (SELECT tenants.now())
                                         THEN 'overdue' ELSE s.status END,
                                    s.captured_minor, s.released_minor, s.remaining_minor), E'\\n' ORDER BY s.id)
          FROM ledger.reservations s
          JOIN ledger.reservation_requests q ON q.tenant_id = s.tenant_id AND q.id = s.id
          JOIN ledger.accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id""",
}

JOURNAL = _ROWS["journal"]

EVENTS = """
    SELECT e.type, count(*), count(m.audit_event_id)
      FROM audit.events e
      LEFT JOIN messaging.outbox_messages m ON m.tenant_id = e.tenant_id AND m.audit_event_id = e.id
     WHERE e.correlation_id = %(correlation)s
     GROUP BY e.type
"""


def _probe(tx: Tx) -> sql.Composed:
    """One statement that shows the book and names every invariant of the ledger that is broken."""
    views = tx.values("""
        SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'ledger' AND c.relkind = 'v' AND c.relname LIKE 'invariant\\_%' ORDER BY c.relname
    """)
    assert len(views) >= 14, views
    broken = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} AS name WHERE EXISTS (SELECT FROM {})").format(
            sql.Literal(view), sql.Identifier("ledger", view)
        )
        for view in views
    )
    shown = sql.SQL(", ").join(sql.SQL("({})").format(sql.SQL(_ROWS[table])) for table in SHOWN)  # type: ignore[arg-type]
    return sql.SQL("SELECT {}, (SELECT array_agg(x.name) FROM ({}) x)").format(shown, broken)


__all__ = ["LATER", "NAMES", "NET_MAX", "Ground", "World", "ground"]
