"""The real book beside the model: a tenant of a few accounts, the verbs, and one query that shows everything."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import sql
from tests import make
from tests.ledger.model.book import (
    NET_MAX,
    NOBODY,
    START,
    Account,
    Answer,
    Book,
    Leg,
    Raised,
    Wanted,
    WantedReservation,
)

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.core.money import Money
from headgate.ledger import Capture, Entry, Posting, ReservationRequest
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
LATER = ("later", "last")
"""Accounts that are not there until a history opens them."""
NAMES = tuple(account.name for account in CAST) + LATER

VERBS: dict[int, str] = {number: code for number, (code, _) in RESULTS.items()} | {2: "ledger.idempotency_conflict"}


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
        if wanted[0].reverses is not None and self.book.transactions[wanted[0].reverses][1].code != 0:
            raise Raised("ledger.transaction_not_found")
        return self.book.post_many(wanted, atomic=True)

    def _single(self, wanted: Wanted) -> Any:
        if wanted.reverses is not None:
            number = self.ids.get(wanted.reverses, NOBODY)
            return ledger.reverse(self.tx, idempotency_key=wanted.key, transaction_id=number, reason=wanted.reason)
        if wanted.reservation is not None:
            return ledger.capture(self.tx, **_fields(_capture(wanted)))
        return ledger.post(self.tx, **_fields(_posting(wanted)))

    def _many(self, wanted: Sequence[Wanted], atomic: bool) -> list[Any]:
        if wanted[0].reservation is not None:
            return list(ledger.capture_many(self.tx, [_capture(one) for one in wanted], atomic))
        return list(ledger.post_many(self.tx, [_posting(one) for one in wanted], atomic))

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

    def expire_due(self) -> None:
        """The job that marks what is overdue."""
        marked, expected = ledger.expire_due(self.tx), self.book.mark_overdue(list(self.book.accounts))
        assert marked == expected, f"the book marks {marked}, the model {expected}"

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
        wished = [VERBS.get(one.code, "done") for one in expected]
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
        made = sum(answer.code == 0 for _, answer in self.book.reservation_requests.values())
        refused = [len(requests) for requests in (self.book.transactions, self.book.reservation_requests)]
        expected = {
            "ledger.transaction.posted": (posted, posted),
            "ledger.transaction.refused": (refused[0] - posted, 0),
            "ledger.reservation.created": (made, made),
            "ledger.reservation.refused": (refused[1] - made, 0),
        }
        for kind, status in (("released", "released"), ("expired", "expired")):
            count = sum(one.status == status for one in self.book.held.values())
            expected[f"ledger.reservation.{kind}"] = (count, count)
        found = {kind: counted.get(kind, (0, 0)) for kind in expected}
        assert found == expected, f"events and messages: {found} in the book, {expected} in the model"


def _posting(wanted: Wanted) -> Posting:
    return Posting(
        wanted.key,
        [Entry(leg.debit, leg.credit, Money(leg.amount, leg.currency)) for leg in wanted.legs],
        wanted.effective_at,
    )


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
    return answer.code if isinstance(answer, Refused) else "done"


SHOWN = ("accounts", "journal", "refusals", "reservations")

_ROWS: dict[str, str] = {
    "accounts": """
        SELECT string_agg(concat_ws(' ', b.code, b.status, a.net_minor, a.seq, b.posted_minor, b.reserved_minor,
                                    b.available_minor), E'\\n' ORDER BY a.id)
          FROM ledger.accounts a JOIN ledger.balances b ON b.tenant_id = a.tenant_id AND b.account_id = a.id""",
    "journal": """
        SELECT string_agg(concat_ws(' ', t.key, e.effective_on,
                                    floor(extract(epoch FROM e.effective_at - '2031-03-08T12:00Z'::timestamptz) / 3600),
                                    coalesce(o.key, '-'), e.n, d.code, c.code, e.amount_minor, e.currency,
                                    e.debit_seq, e.debit_net, e.credit_seq, e.credit_net),
                          E'\\n' ORDER BY e.transaction_id, e.n)
          FROM ledger.entries e
          JOIN ledger.transactions t ON t.tenant_id = e.tenant_id AND t.id = e.transaction_id
          LEFT JOIN ledger.transactions o ON o.tenant_id = t.tenant_id AND o.id = t.reverses
          JOIN ledger.accounts d ON d.tenant_id = e.tenant_id AND d.id = e.debit_account_id
          JOIN ledger.accounts c ON c.tenant_id = e.tenant_id AND c.id = e.credit_account_id""",
    "refusals": """
        SELECT string_agg(coalesce(t.key, q.key) || ' ' || f.code, E'\\n' ORDER BY f.request_id)
          FROM ledger.refusals f
          LEFT JOIN ledger.transactions t ON t.tenant_id = f.tenant_id AND t.id = f.request_id
          LEFT JOIN ledger.reservation_requests q ON q.tenant_id = f.tenant_id AND q.id = f.request_id""",
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
