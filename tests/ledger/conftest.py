"""The ledger's ground: a tenant's book with a few accounts, written as people write it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from tests import make

from headgate import ledger
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import Entry, Posted, Reservation


@dataclass(frozen=True)
class Book:
    """A tenant's book. Accounts: `cash` (ASSET), `client` (LIABILITY, no overdraft), `clearing` (LIABILITY)."""

    database: Database
    tenant: make.TenantFixture
    cash: int
    client: int
    clearing: int

    def begin(self) -> AbstractContextManager[Tx]:
        """A transaction of the tenant."""
        return self.database.begin(tenant_id=self.tenant.id, actor=self.tenant.actor)

    def do(self, verb: Callable[..., Any], /, *args: Any, **facts: Any) -> Any:
        """One verb in a transaction of its own."""
        with self.begin() as tx:
            return verb(tx, *args, **facts)

    def post(
        self, debit: int, credit: int, amount: str | Money, key: str | None = None, **facts: Any
    ) -> Posted | Refused:
        """One entry."""
        money = make.usd(amount) if isinstance(amount, str) else amount
        answer = self.do(
            ledger.post, idempotency_key=key or ids.new("key"), entries=[Entry(debit, credit, money)], **facts
        )
        assert isinstance(answer, Posted | Refused)
        return answer

    def fund(self, amount: str) -> None:
        """A deposit of the client's."""
        assert isinstance(self.post(self.cash, self.client, amount), Posted)

    def reserve(self, amount: str, account: int | None = None, key: str | None = None, **facts: Any) -> Any:
        """Set the client's money aside."""
        return self.do(
            ledger.reserve,
            idempotency_key=key or ids.new("key"),
            account=account or self.client,
            amount=make.usd(amount),
            reserve_type="test",
            source_ref=facts.pop("source_ref", "pay_test"),
            **facts,
        )

    def reserved(self, amount: str, **facts: Any) -> Reservation:
        """A reservation that was made."""
        found = self.reserve(amount, **facts)
        assert isinstance(found, Reservation), found
        return found

    def capture(self, reservation: Reservation, amount: str, key: str | None = None, **facts: Any) -> Any:
        """Capture from the client into the clearing account."""
        sides = {"debit": self.client, "credit": self.clearing} | facts
        return self.do(
            ledger.capture,
            idempotency_key=key or ids.new("key"),
            reservation_id=reservation.id,
            amount=make.usd(amount),
            **sides,
        )

    def balance(self, account: int) -> tuple[str, str, str]:
        """Posted, reserved, available, as people write them."""
        found = self.do(ledger.balance, account)
        return (str(found.posted.major), str(found.reserved.major), str(found.available.major))

    def count(self, table: str, where: str = "true") -> int:
        """How many rows of a ledger table the tenant has."""
        with self.begin() as tx:
            return int(tx.conn.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0])  # type: ignore

    def facts(self) -> dict[str, int]:
        """Everything that a posting leaves behind, counted: what must not move when nothing is done."""
        tables = (
            *("ledger.transactions", "ledger.entries", "ledger.refusals", "ledger.reservation_requests"),
            *("ledger.reservations", "ledger.reservation_events", "audit.events", "messaging.outbox_messages"),
        )
        with self.begin() as tx:
            net = tx.value(
                "SELECT coalesce(sum(abs(net_minor) + seq + reserved_minor), 0)::bigint FROM ledger.accounts"
            )
        return {table: self.count(table) for table in tables} | {"accounts": int(net)}


def book_of(database: Database, tenant: make.TenantFixture) -> Book:
    """The book of a tenant whose chart is seeded."""
    with database.begin(tenant_id=tenant.id, actor=tenant.actor) as tx:
        return Book(
            database,
            tenant,
            ledger.account_for(tx, "CASH", "USD").id,
            ledger.account_for(tx, "CLIENT_FUNDS", "USD", tenant.legal_entity_id).id,
            ledger.account_for(tx, "PAYROLL_CLEARING", "USD").id,
        )


@pytest.fixture
def book(database: Database, tenant: make.TenantFixture) -> Book:
    """The test's own book."""
    return book_of(database, tenant)


@pytest.fixture
def other(database: Database) -> Book:
    """Another tenant's book."""
    return book_of(database, make.tenant(database))


PROTECTED = dict.fromkeys(("entries", "transactions", "refusals", "reservation_requests"), "append_only") | {
    "reservation_events": "append_only",
    "account_limits": "append_only",
    "reservations": "reservations_end_once",
    "pending_entries": "append_only",
    "pending_transactions": "pending_transactions_end_once",
}


@contextmanager
def by_hand(admin: psycopg.Connection[Any], *, constraints: Sequence[str] = ()) -> Iterator[psycopg.Connection[Any]]:
    """A superuser past the triggers (and the constraints named), for planting what no function would write."""
    with admin.transaction():
        for table, trigger in PROTECTED.items():
            admin.execute(f"ALTER TABLE ledger.{table} DISABLE TRIGGER {trigger}")  # type: ignore[call-overload]
        for name in constraints:
            admin.execute(f"ALTER TABLE ledger.{name.split('.')[0]} DROP CONSTRAINT {name.split('.')[1]}")  # type: ignore[call-overload]
        yield admin
        for table, trigger in PROTECTED.items():
            admin.execute(f"ALTER TABLE ledger.{table} ENABLE ALWAYS TRIGGER {trigger}")  # type: ignore[call-overload]
