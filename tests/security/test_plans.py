"""No listed query reads a large table from end to end: each is run as the application, row security on, its plan judged.

The demo's tenant is copied many times over, since tenants are what tables are large by; every key begins with the tenant.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import Connection, Cursor, sql
from rich.console import Console
from tests import make
from tests.docs import test_runbooks as runbook
from tests.operators.test_views import PROMISED
from tests.tenants import catalogue

from headgate import audit, cases, funding, ingestion, ledger, messaging, parties, payments, recon, tenants
from headgate.core import terms
from headgate.core.config import Config
from headgate.core.db import Database, Tx
from headgate.demo.cast import plays
from headgate.demo.stage import Stage
from headgate.demo.story import perform
from headgate.demo.tell import Teller
from headgate.messaging.relay import Relay
from headgate.messaging.transports.postgres import PostgresTransport

pytestmark = pytest.mark.slow

COPIES = 60
LARGE = 2000
"""Rows from which on a table is large."""
PLANNED = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


@dataclass
class Crowd:
    """The demo's first tenant among its copies."""

    database: Database
    stage: Stage
    large: frozenset[str]
    found: dict[str, str] = field(default_factory=dict)

    @property
    def tenant_id(self) -> UUID:
        return self.stage.tenant.id


@pytest.fixture(scope="module")
def crowd(server: Any, config: Config, worker_id: str) -> Iterator[Crowd]:
    """A database of its own with the demo's tenant and its copies, analysed."""
    name = f"headgate_plans_{worker_id}"
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('headgate tests'))")
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE headgate_template'.encode())
    with Database(lambda role: server.url(role, name), config=config) as database:
        stage = perform(database, plays(120)[0], Teller(Console(file=io.StringIO())))
        audit.seal_all(database, wait_seconds=10)
        with database.connect("admin") as admin:
            multiply(admin, stage.tenant.id)
            # What was published long ago is what an outbox is full of.
            admin.execute(
                "UPDATE messaging.outbox_messages SET published_at = now() WHERE tenant_id <> %s", [stage.tenant.id]
            )
            admin.execute("ANALYZE")
            rows = admin.execute(
                "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND reltuples >= %s", [LARGE]
            )
            large = frozenset(row[0] for row in rows)
        yield Crowd(database, stage, large)
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def multiply(admin: Connection[Any], tenant_id: UUID) -> None:
    """Give every row of a tenant to so many tenants more."""
    for table in catalogue.tables(admin):
        admin.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(catalogue.name(table)))
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        for table in catalogue.tenant_tables(admin):
            if catalogue.root(admin, table) != table:
                continue
            names = [
                row[0]
                for row in admin.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                    " AND attgenerated = '' AND attname <> 'tenant_id'",
                    [table],
                )
            ]
            admin.execute(
                sql.SQL(
                    "INSERT INTO {table} (tenant_id, {columns}) OVERRIDING SYSTEM VALUE"
                    " SELECT md5('copy ' || another.copy_no)::uuid, {columns}"
                    " FROM {table}, generate_series(1, {copies}) AS another (copy_no)"
                    " WHERE tenant_id = {tenant}"
                ).format(
                    table=catalogue.name(table),
                    columns=sql.SQL(", ").join(map(sql.Identifier, names)),
                    copies=sql.Literal(COPIES),
                    tenant=sql.Literal(tenant_id),
                )
            )


@contextmanager
def judged(monkeypatch: pytest.MonkeyPatch, large: frozenset[str]) -> Iterator[list[str]]:
    """Every query that is run within is explained first; what reads a large table from end to end is listed."""
    execute, seen, wrong = Cursor.execute, [], []

    def explained(self: Cursor[Any], query: Any, params: Any = None, **given: Any) -> Any:
        text = query if isinstance(query, str) else query.as_string(self) if isinstance(query, sql.Composable) else ""
        if PLANNED.match(text):
            seen.append(text)
            plain = Cursor(self.connection)
            execute(plain, ("EXPLAIN (VERBOSE, FORMAT JSON) " + text).encode(), params)
            row = plain.fetchone()
            assert row is not None
            scanned = sorted({table for table in whole(row[0][0]["Plan"]) if table in large})
            wrong.extend(f"{table} in: {' '.join(text.split())[:300]}" for table in scanned)
        return execute(self, query, params, **given)

    with monkeypatch.context() as patched:
        patched.setattr(Cursor, "execute", explained)
        yield wrong
    assert seen, "nothing was run"


def whole(plan: dict[str, Any]) -> Iterator[str]:
    """The tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield f"{plan['Schema']}.{plan['Relation Name']}"
    for inner in plan.get("Plans", []):
        yield from whole(inner)


QUERIES: dict[str, Callable[[Tx, Crowd], object]] = {
    "payments list": lambda tx, _: payments.list_instructions(tx, query=payments.parse_query("")),
    "payments list, next page": lambda tx, c: payments.list_instructions(
        tx, query=payments.parse_query("status:settled"), after=a_payment(tx, c)
    ),
    "payments by amount and age": lambda tx, _: payments.list_instructions(
        tx, query=payments.parse_query("amount:>1000 age:<30d -status:returned")
    ),
    "payments of a payroll": lambda tx, _: payments.list_instructions(
        tx, query=payments.parse_query("payroll:PR-ALD-1")
    ),
    "payments of a payee": lambda tx, _: payments.list_instructions(tx, query=payments.parse_query("payee:E-0001")),
    "payments totals": lambda tx, _: payments.totals(tx, payments.parse_query("status:settled")),
    "a payment's life": lambda tx, c: payments.get_life(tx, a_payment(tx, c)),
    "a payment's timeline": lambda tx, c: payments.timeline(tx, a_payment(tx, c)),
    "payrolls": lambda tx, _: payments.list_payrolls(tx),
    "files": lambda tx, _: payments.list_files(tx),
    "the flow figure": lambda tx, _: payments.flow(tx, currency="USD"),
    "what the gate holds": lambda tx, _: payments.held_payrolls(tx),
    "how many blocks": lambda tx, _: payments.count_held(tx),
    "a block's account": lambda tx, _: payments.standing(tx, payments.held_payrolls(tx)[0]),
    "payrolls with their money": lambda tx, _: payments.find_payrolls(tx, terms.parse("", payments.PAYROLL_TERMS)),
    "payrolls held": lambda tx, _: payments.find_payrolls(tx, terms.parse("gate:held", payments.PAYROLL_TERMS)),
    "payroll totals": lambda tx, _: payments.payroll_totals(tx, terms.parse("", payments.PAYROLL_TERMS)),
    "a payroll's parts": lambda tx, _: payments.payroll_parts(tx, payments.held_payrolls(tx)[0].payroll_id),
    "a payroll's files": lambda tx, _: payments.payroll_files(tx, payments.held_payrolls(tx)[0].payroll_id),
    "files with their entries": lambda tx, _: payments.find_files(tx, terms.parse("", payments.FILE_TERMS)),
    "file totals": lambda tx, _: payments.file_totals(tx, terms.parse("", payments.FILE_TERMS)),
    "a file's entries": lambda tx, _: payments.file_entries(tx, payments.list_files(tx)[0].id),
    "payments of a file": lambda tx, _: payments.list_instructions(
        tx, query=payments.parse_query(f"file:{payments.list_files(tx)[0].id}")
    ),
    "what changed": lambda tx, _: payments.changed_things(tx, after=1),
    "currencies": lambda tx, _: payments.currencies(tx),
    "accounts": lambda tx, _: ledger.list_accounts(tx),
    "balance by code": lambda tx, _: ledger.balance(tx, "CASH.USD"),
    "balances": lambda tx, _: ledger.balances(tx),
    "balance as of a day": lambda tx, c: ledger.balance(tx, "CASH.USD", as_of=c.stage.day(1)),
    "balances as of a day": lambda tx, c: ledger.balances(tx, as_of=c.stage.day(1)),
    "trial balance": lambda tx, c: ledger.trial_balance(tx, as_of=c.stage.day(2)),
    "trial totals": lambda tx, c: ledger.trial_totals(tx, as_of=c.stage.day(2)),
    "statement": lambda tx, c: ledger.statement(tx, "CASH.USD", from_on=c.stage.day(1), to_on=c.stage.day(2)),
    "statement, as recorded": lambda tx, c: ledger.statement(
        tx, "CASH.USD", from_on=c.stage.day(1), to_on=c.stage.day(2), order="recorded"
    ),
    "general ledger": lambda tx, c: list(ledger.general_ledger(tx, from_on=c.stage.day(1), to_on=c.stage.day(2))),
    "ageing": lambda tx, c: ledger.ageing(tx, as_of=c.stage.day(2)),
    "tree": lambda tx, _: ledger.tree(tx),
    "explained balance": lambda tx, _: ledger.explain_balance(tx, "CASH.USD"),
    "transactions": lambda tx, _: ledger.list_transactions(tx),
    "transactions of an account": lambda tx, c: ledger.list_transactions(tx, account=cash(tx, c)),
    "transactions by day": lambda tx, c: ledger.list_transactions(
        tx, effective_from=c.stage.day(1), effective_to=c.stage.day(2)
    ),
    "entries": lambda tx, _: ledger.list_entries(tx),
    "entries of an account": lambda tx, c: ledger.list_entries(tx, account=cash(tx, c)),
    "reservations": lambda tx, _: ledger.list_reservations(tx),
    "reservations of an account": lambda tx, c: ledger.list_reservations(tx, account=cash(tx, c), status="captured"),
    "cases": lambda tx, _: cases.list_cases(tx, state="open"),
    "open cases": lambda tx, _: cases.count_open(tx),
    "approvals": lambda tx, _: cases.list_approvals(tx),
    "artifacts": lambda tx, _: ingestion.list_artifacts(tx),
    "records of an artifact": lambda tx, _: ingestion.list_records(tx, artifact_id=ingestion.list_artifacts(tx)[0].id),
    "statements": lambda tx, c: ingestion.list_statements(tx, on=c.stage.day(1)),
    "parties": lambda tx, _: parties.list_parties(tx),
    "deposits": lambda tx, _: funding.list_deposits(tx),
    "deposits with their evidence": lambda tx, _: funding.find_deposits(tx, terms.parse("", funding.DEPOSIT_TERMS)),
    "deposit totals": lambda tx, _: funding.deposit_totals(tx, terms.parse("", funding.DEPOSIT_TERMS)),
    "money by day": lambda tx, c: funding.received_by_day(tx, currency="USD", since=c.stage.day(1)),
    "money on its way": lambda tx, _: funding.expected(tx),
    "recon runs": lambda tx, c: recon.list_reconciliations(tx, account_id=cash(tx, c)),
    "recon matching": lambda tx, c: recon.run(tx, account=cash(tx, c), on=c.stage.day(2)),
    "dead letters": lambda tx, _: messaging.dead_letters(tx),
    "keys": lambda tx, _: tenants.keys(tx),
}


def a_payment(tx: Tx, crowd: Crowd) -> str:
    return crowd.found.setdefault(
        "payment", payments.list_instructions(tx, query=payments.parse_query("status:returned"))[0].id
    )


def cash(tx: Tx, crowd: Crowd) -> int:
    return ledger.account_for(tx, "CASH", "USD").id


@pytest.mark.parametrize("name", QUERIES)
def test_a_listed_query_reads_no_large_table_from_end_to_end(
    name: str, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        judged(monkeypatch, crowd.large) as wrong,
        crowd.database.begin(tenant_id=crowd.tenant_id, actor=make.ACTOR) as tx,
    ):
        QUERIES[name](tx, crowd)

    assert wrong == []


@pytest.mark.parametrize("name", sorted(runbook.ASKED))
def test_a_query_of_the_runbook_reads_no_large_table_from_end_to_end(
    name: str, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        judged(monkeypatch, crowd.large) as wrong,
        crowd.database.begin(tenant_id=crowd.tenant_id, actor=make.ACTOR) as tx,
    ):
        payroll = payments.list_payrolls(tx)[0]
        about = {"me": "ann", "legal_entity": payroll.legal_entity_id, "payroll": payroll.id}
        tx.conn.execute(runbook.filled(tx.conn, name, **about))  # type: ignore[call-overload]

    assert wrong == []


@pytest.mark.parametrize("view", sorted(PROMISED))
def test_the_demo_leaves_rows_in_every_view_of_the_operators(view: str, crowd: Crowd) -> None:
    with crowd.database.begin(tenant_id=crowd.tenant_id, actor=make.ACTOR) as tx:
        assert tx.value(f"SELECT count(*) FROM {view}") > 0


def test_the_workers_claim_by_index(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = PostgresTransport(crowd.database)
    relay = Relay(crowd.database, transport)
    try:
        with judged(monkeypatch, crowd.large) as wrong:
            assert relay.relay_round() > 0
    finally:
        relay.close()
        transport.close()

    assert wrong == []


def test_the_tables_that_grow_are_large_here(crowd: Crowd) -> None:
    """Else the tests above would pass on anything."""
    grown = {"ledger.entries", "ledger.transactions", "ledger.reservations", "payments.instructions", "payments.attempts",
             "ingestion.records", "messaging.outbox_messages", "parties.parties", "parties.bank_accounts"}  # fmt: skip
    events = {table for table in crowd.large if table.startswith("audit.events_")}

    assert {re.sub(r"_\d{4}_\d\d$", "", table) for table in crowd.large} >= grown and events


def test_a_query_without_an_index_is_seen(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        judged(monkeypatch, crowd.large) as wrong,
        crowd.database.connect("admin") as admin,
    ):
        admin.execute("SELECT count(*) FROM ledger.entries WHERE amount_minor = 1")

    assert len(wrong) == 1 and wrong[0].startswith("ledger.entries in: SELECT count(*)")
