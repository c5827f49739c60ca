"""Each invariant of the book is shown to see the violation that it is for: planted by hand, and named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from tests import checks, make
from tests.ledger.conftest import Book, by_hand

from headgate import ledger
from headgate.core.db import Database
from headgate.ledger import Entry, Posted, Reservation


@dataclass(frozen=True)
class Story:
    """A small life of a book: funded, spent, reserved, captured in part, refused, reversed."""

    book: Book
    spent: int
    reversed: int
    reversal: int
    held: Reservation
    pending: int
    settled: int

    def broken(self, *, full: bool) -> dict[str, str]:
        """What the check finds of this tenant: name of the invariant and the first detail."""
        report = checks.run(self.book.database, [self.book.tenant.id], full=full)
        return {
            found.name: f"{found.sample[0].subject}: {found.sample[0].detail}"
            for found in report.invariants
            if found.violations and found.name.startswith("ledger.")
        }


@pytest.fixture
def story(book: Book) -> Story:
    """The story, told once."""
    return told(book)


@pytest.fixture
def later_story(book: Book) -> Story:
    """The story, told of a book that has been found right before."""
    book.fund("7.00")
    for _ in range(2):
        assert checks.run(book.database, [book.tenant.id], full=False).ok
    assert book.count("ledger.verified_accounts") > 0
    return told(book)


def told(book: Book) -> Story:
    book.fund("100.00")
    spent = book.post(book.client, book.clearing, "10.00", key="spent")
    taken_back = book.post(book.client, book.clearing, "5.00", key="taken back")
    assert isinstance(spent, Posted)
    assert isinstance(taken_back, Posted)
    reversal = book.do(ledger.reverse, idempotency_key="r", transaction_id=taken_back.transaction_id, reason="wrong")
    held = book.reserved("20.00", key="held")
    book.capture(held, "5.00", key="captured")
    book.post(book.client, book.clearing, "1000.00", key="refused")
    book.reserve("1000.00", key="refused")
    book.do(ledger.release, book.reserved("1.00", key="released").id)
    entries = [Entry(book.client, book.clearing, make.usd("3.00"))]
    pending, settled = (
        book.do(ledger.post, idempotency_key=key, entries=entries, pending=True).transaction_id for key in ("p", "q")
    )
    book.do(ledger.post_pending, idempotency_key="settled", transaction_id=settled)
    book.post(book.cash, book.clearing, "1.00", effective_at=datetime(2026, 1, 1, tzinfo=UTC))
    return Story(book, spent.transaction_id, taken_back.transaction_id, reversal.transaction_id, held, pending, settled)


Plant = Callable[[psycopg.Connection[Any], Story], None]


def run(statement: str, **facts: Any) -> Plant:
    """A plant that is one statement; `{spent}`, `{client}` … come from the story."""

    def plant(hand: psycopg.Connection[Any], story: Story) -> None:
        book = story.book
        words = {
            "tenant": f"'{book.tenant.id}'",
            "spent": story.spent,
            "reversal": story.reversal,
            "original": story.reversed,
            "held": story.held.id,
            "pending": story.pending,
            "settled": story.settled,
            "client": book.client,
            "clearing": book.clearing,
            "cash": book.cash,
        }
        done = hand.execute(statement.format(**words))  # type: ignore[call-overload]
        assert done.rowcount > 0, "the plant touched nothing"

    return plant


# Forged transactions: a copy of one that stands, under another number and key.
COPY = """
    INSERT INTO ledger.transactions (tenant_id, id, recorded_at, effective_at, reverses, effective_on, hash_formula,
                                     body_hash, key)
    SELECT tenant_id, -id, recorded_at, effective_at, reverses, effective_on, hash_formula, body_hash, {key}
      FROM ledger.transactions WHERE tenant_id = {{tenant}} AND id = {{{of}}}
"""
ENTRY = """
    INSERT INTO ledger.entries (tenant_id, transaction_id, debit_account_id, credit_account_id, amount_minor, debit_seq,
                                debit_net, credit_seq, credit_net, recorded_at, effective_at, effective_on, n, currency)
    SELECT tenant_id, {transaction}, debit_account_id, credit_account_id, amount_minor, debit_seq + 1000,
           debit_net, credit_seq + 1000, credit_net, recorded_at, effective_at, effective_on, {n}, currency
      FROM ledger.entries WHERE tenant_id = {{tenant}} AND transaction_id = {{{of}}} AND n = 1
"""
REFUSAL = """
    INSERT INTO ledger.refusals (tenant_id, request_id, refused_at, code, facts)
    VALUES ({{tenant}}, {request}, now(), 40, '{{{{}}}}')
"""


def change(table: str, what: str, where: str) -> Plant:
    """A plant that is one UPDATE."""
    return run(f"UPDATE ledger.{table} SET {what} WHERE tenant_id = {{tenant}} AND {where}")


def both(*plants: Plant) -> Plant:
    def plant(hand: psycopg.Connection[Any], story: Story) -> None:
        for one in plants:
            one(hand, story)

    return plant


PLANTS: dict[str, tuple[str, Plant, tuple[str, ...], bool]] = {
    # name: (invariant, what is done, constraints that stand in the way, seen by an incremental check too)
    "a changed running balance": (
        "running_balance",
        change("entries", "debit_net = debit_net + 1", "transaction_id = {spent}"),
        (),
        False,
    ),
    "a changed amount": (
        "running_balance",
        change("entries", "amount_minor = amount_minor + 1", "transaction_id = {spent}"),
        (),
        False,
    ),
    "a deleted entry": (
        "running_balance",
        run("DELETE FROM ledger.entries WHERE tenant_id = {tenant} AND transaction_id = {spent}"),
        (),
        False,
    ),
    "a forged last entry": (
        "stored_balance",
        both(run(COPY.format(key="'forged'", of="spent")), run(ENTRY.format(transaction="-{spent}", n=1, of="spent"))),
        (),
        True,
    ),
    "a changed balance": (
        "stored_balance",
        change("accounts", "net_minor = net_minor - 1", "id = {client}"),
        (),
        True,
    ),
    "money out of nowhere": (
        "balanced_book",
        change("accounts", "net_minor = net_minor + 1", "id = {cash}"),
        (),
        True,
    ),
    "an entry in another currency": (
        "entry_currency",
        change("entries", "currency = 'EUR'", "transaction_id = {spent}"),
        (),
        False,
    ),
    "an entry of an account that is not there": (
        "entry_currency",
        change("entries", "credit_account_id = 0", "transaction_id = {spent}"),
        (),
        False,
    ),
    "a broken limit": (
        "limits",
        change("account_limits", "hi_minor = -9500, lo_minor = -9600", "account_id = {client}"),
        (),
        True,
    ),
    "a limit that nobody set": (
        "limits",
        change("accounts", "hi_minor = 1", "id = {client}"),
        (),
        True,
    ),
    "more set aside than reservations hold": (
        "reserved",
        change("accounts", "reserved_minor = reserved_minor + 1", "id = {client}"),
        (),
        True,
    ),
    "an expiry that the account does not know of": (
        "reserved",
        change("reservations", "expires_at = now() + interval '1 day'", "id = {held}"),
        (),
        True,
    ),
    "an expiry that is noted nowhere": (
        "expiries",
        change("reservations", "expires_at = now() + interval '1 day'", "id = {held}"),
        (),
        True,
    ),
    "a note of an expiry that will not come": (
        "expiries",
        run(
            "INSERT INTO ledger.reservation_expiries (tenant_id, account_id, expires_at, reservation_id)"
            " VALUES ({tenant}, {client}, now(), {held})"
        ),
        (),
        True,
    ),
    "an available balance of another sum": (
        "available",
        change("reservations", "expires_at = now() - interval '1 day'", "id = {held}"),
        (),
        True,
    ),
    "parts that do not add up": (
        "reservation_parts",
        change("reservations", "captured_minor = captured_minor + 1", "id = {held}"),
        ("reservations.reservations_parts_add_up",),
        True,
    ),
    "an end without its fact": (
        "reservation_parts",
        run("DELETE FROM ledger.reservation_events WHERE tenant_id = {tenant} AND kind = 'released'"),
        (),
        True,
    ),
    "a capture of another amount": (
        "captures",
        change("reservation_events", "amount_minor = amount_minor + 1", "kind = 'captured'"),
        (),
        True,
    ),
    "a transaction without entries or refusal": (
        "transactions_judged",
        run("DELETE FROM ledger.refusals WHERE tenant_id = {tenant}"),
        (),
        False,
    ),
    "a refused transaction with entries": (
        "transactions_judged",
        run(REFUSAL.format(request="{spent}")),
        (),
        False,
    ),
    "an entry of no transaction": (
        "transactions_judged",
        run(ENTRY.format(transaction="-{spent}", n=1, of="spent")),
        (),
        True,
    ),
    "a gap among a transaction's entries": (
        "transactions_judged",
        run(ENTRY.format(transaction="{spent}", n=3, of="spent")),
        (),
        False,
    ),
    "an entry of another day": (
        "transactions_judged",
        change("entries", "effective_on = effective_on - 1", "transaction_id = {spent}"),
        (),
        False,
    ),
    "a reservation that was refused": (
        "reservations_judged",
        run(REFUSAL.format(request="{held}")),
        (),
        True,
    ),
    "a reservation that nobody asked for": (
        "reservations_judged",
        run("DELETE FROM ledger.reservation_requests WHERE tenant_id = {tenant} AND id = {held}"),
        (),
        True,
    ),
    "a key of two transactions": (
        "one_effect_a_key",
        both(run(COPY.format(key="key", of="spent")), run(ENTRY.format(transaction="-{spent}", n=1, of="spent"))),
        ("transactions.transactions_one_a_key",),
        False,
    ),
    "a reversal beyond its original": (
        "reversed_within_original",
        both(
            run(COPY.format(key="'again'", of="reversal")),
            run(ENTRY.format(transaction="-{reversal}", n=1, of="reversal")),
        ),
        (),
        False,
    ),
    "a late leg that is not marked": (
        "late_legs",
        change("entries", "debit_late = NOT debit_late", "debit_late"),
        (),
        False,
    ),
    "a leg in time that is marked late": (
        "late_legs",
        change("entries", "credit_late = NOT credit_late", "transaction_id = {spent}"),
        (),
        False,
    ),
    "a forgotten latest time": (
        "late_legs",
        change("accounts", "effective_max = effective_max - interval '1 day'", "id = {client}"),
        (),
        False,
    ),
    "a forgotten lateness": (
        "late_legs",
        change("accounts", "late_by_max = '0'", "id = {cash}"),
        (),
        False,
    ),
    "an account that has less pending": (
        "pending",
        change("accounts", "pending_out_minor = pending_out_minor - 1", "id = {client}"),
        (),
        True,
    ),
    "a hold that is gone": (
        "pending",
        run("DELETE FROM ledger.pending_holds WHERE tenant_id = {tenant} AND account_id = {client}"),
        (),
        True,
    ),
    "a void one that holds": (
        "pending",
        change("pending_transactions", "status = 'void'", "id = {pending}"),
        (),
        True,
    ),
    "a pending one that was posted for more": (
        "settled_within_pending",
        change("pending_entries", "amount_minor = amount_minor - 1", "transaction_id = {settled}"),
        (),
        True,
    ),
    "a pending one that was posted by nobody": (
        "settled_within_pending",
        change("pending_transactions", "settled_by = 1", "id = {settled}"),
        (),
        True,
    ),
    "a pending one that was refused": (
        "transactions_judged",
        run(REFUSAL.format(request="{pending}")),
        (),
        False,
    ),
    "an account of no legal entity": (
        "account_of_its_entity",
        change("accounts", "legal_entity_id = 'le_none'", "id = {client}"),
        (),
        True,
    ),
}


@pytest.mark.plants
@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.slow
def test_a_planted_violation_is_seen_and_named(story: Story, admin: psycopg.Connection[Any], name: str) -> None:
    invariant, plant, constraints, incremental = PLANTS[name]
    assert story.broken(full=True) == {}
    watermark = story.book.count("ledger.verified_accounts")
    assert watermark > 0
    dropped = {one: _definition(admin, one) for one in constraints}
    try:
        with by_hand(admin, constraints=constraints) as hand:
            plant(hand, story)

        assert f"ledger.{invariant}" in story.broken(full=True), story.broken(full=True)
        if incremental:
            assert f"ledger.{invariant}" in story.broken(full=False), story.broken(full=False)
    finally:
        _restore(admin, dropped)


@pytest.mark.plants
@pytest.mark.parametrize("name", PLANTS)
@pytest.mark.slow
def test_an_incremental_check_sees_what_is_planted_in_new_rows(
    later_story: Story, admin: psycopg.Connection[Any], name: str
) -> None:
    invariant, plant, constraints, _ = PLANTS[name]
    dropped = {one: _definition(admin, one) for one in constraints}
    try:
        with by_hand(admin, constraints=constraints) as hand:
            plant(hand, later_story)

        assert f"ledger.{invariant}" in later_story.broken(full=False), later_story.broken(full=False)
    finally:
        _restore(admin, dropped)


def _definition(admin: psycopg.Connection[Any], name: str) -> str:
    table, constraint = name.split(".")
    row = admin.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
        [f"ledger.{table}", constraint],
    ).fetchone()
    assert row is not None
    return str(row[0])


def _restore(admin: psycopg.Connection[Any], definitions: dict[str, str]) -> None:
    """Put the constraints back; what was planted against them is deleted first."""
    for name, definition in definitions.items():
        table, constraint = name.split(".")
        with by_hand(admin):
            admin.execute("DELETE FROM ledger.entries WHERE transaction_id < 0")
            admin.execute("DELETE FROM ledger.transactions WHERE id < 0")
            admin.execute(
                "UPDATE ledger.reservations SET captured_minor = amount_minor - released_minor - remaining_minor"
            )
        admin.execute(f"ALTER TABLE ledger.{table} ADD CONSTRAINT {constraint} {definition}")  # type: ignore[call-overload]


def test_every_invariant_of_the_book_has_a_plant(admin: psycopg.Connection[Any]) -> None:
    rows = admin.execute(
        "SELECT viewname FROM pg_views WHERE schemaname = 'ledger' AND viewname LIKE 'invariant\\_%'"
    ).fetchall()

    # Planted beside their own nouns: test_periods, test_settlements, test_clearing, test_monitors, test_exchange, test_tree.
    elsewhere = {
        "closed_accounts",
        "closed_periods",
        "frozen_balance",
        "settlements",
        "clearing",
        "monitors",
        "positions",
        "tree",
    }
    assert {row[0].removeprefix("invariant_") for row in rows} == {plant[0] for plant in PLANTS.values()} | elsewhere
    assert len(rows) >= 9


def test_an_incremental_check_goes_on_from_what_was_verified(story: Story) -> None:
    book = story.book
    assert story.broken(full=False) == {}
    with book.begin() as tx:
        tx.run("SELECT set_config('headgate.check_full', 'off', true)")
        assert tx.value("SELECT count(*) FROM ledger.unverified_legs") == 0

    book.post(book.cash, book.client, "1.00")

    with book.begin() as tx:
        tx.run("SELECT set_config('headgate.check_full', 'off', true)")
        assert tx.value("SELECT count(*) FROM ledger.unverified_legs") == 2
        assert (
            tx.value(
                "SELECT count(*) FROM ledger.unverified_legs l"
                "  JOIN ledger.accounts a ON a.id = l.account_id AND a.seq = l.seq"
            )
            == 2
        )
    assert story.broken(full=False) == {}
    with book.begin() as tx:
        tx.run("SELECT set_config('headgate.check_full', 'off', true)")
        assert tx.value("SELECT count(*) FROM ledger.unverified_legs") == 0


@pytest.mark.plants
def test_an_incremental_check_judges_what_is_new(story: Story, admin: psycopg.Connection[Any]) -> None:
    book = story.book
    assert story.broken(full=False) == {}
    posted = book.post(book.cash, book.client, "1.00")
    assert isinstance(posted, Posted)

    with by_hand(admin) as hand:
        hand.execute(
            "UPDATE ledger.entries SET credit_net = credit_net + 1 WHERE transaction_id = %s", [posted.transaction_id]
        )

    assert set(story.broken(full=False)) == {"ledger.running_balance"}


def test_a_straggler_is_judged_although_later_numbers_were_verified(database: Database, book: Book) -> None:
    """A number drawn before a check and committed after it must not be skipped, though it lies below others seen."""

    def verified() -> int:
        return int(book.do(lambda tx: tx.value("SELECT request_id FROM ledger.verified_requests")))

    with book.begin() as tx:
        spare = ledger.create_account(tx, code="spare", name="S", type="ASSET", currency="USD").id
        sink = ledger.create_account(tx, code="sink", name="S", type="ASSET", currency="USD").id
    with book.begin() as tx:
        straggler = ledger.post(tx, idempotency_key="slow", entries=[Entry(spare, sink, make.usd("1.00"))])
        later = book.post(book.cash, book.client, "1.00")
        assert isinstance(straggler, Posted)
        assert isinstance(later, Posted)
        assert later.transaction_id > straggler.transaction_id
        for _ in range(3):
            assert checks.run(database, [book.tenant.id], full=False).ok
        assert verified() < straggler.transaction_id
    for _ in range(3):
        assert checks.run(database, [book.tenant.id], full=False).ok

    assert verified() >= later.transaction_id
