"""The psp_* views are a public contract: their columns, their amounts, who reads them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql
from tests import make
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import ledger, payments
from headgate.core import ids
from headgate.core.currencies import EXPONENTS
from headgate.core.db import Database
from headgate.core.money import Money
from headgate.rails import fake

pytestmark = pytest.mark.slow

Operator = psycopg.Connection[dict[str, Any]]

PROMISED = {
    "psp_ledger_account": "tenant_id legal_entity_id psp_ledger_account_id name account_type",
    "psp_ledger_entry": "tenant_id debit_account_id credit_account_id amount",
    "psp_balance_reservation": (
        "tenant_id psp_balance_reservation_id account_id amount purpose status expires_at created_at updated_at"
    ),
    "psp_funding_request": "tenant_id legal_entity_id psp_funding_request_id amount status block_reason created_at",
    "psp_gate_evaluation": (
        "tenant_id funding_request_id gate_evaluation_id gate_type passed reason required_amount available_balance"
        " policy_violated created_at"
    ),
    "psp_settlement_event": (
        "tenant_id psp_settlement_event_id provider external_trace_id direction rail amount currency status return_code"
        " effective_date payment_attempt_id funding_request_id ledger_entry_id created_at"
    ),
}
"""What outsiders were promised of each view, to the letter. A view may show more; nothing here is ever renamed."""

REFUSED = (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
"""No grant, or a view that no statement can write through; PostgreSQL asks the second first where both hold."""


def columns(admin: psycopg.Connection[Any], view: str) -> list[str]:
    found = admin.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
        [f"public.{view}"],
    )
    return [row[0] for row in found]


@pytest.mark.parametrize("view", PROMISED)
def test_the_promised_columns_are_there(admin: psycopg.Connection[Any], view: str) -> None:
    assert set(PROMISED[view].split()) - set(columns(admin, view)) == set()


def test_every_view_of_the_operators_is_promised_here(admin: psycopg.Connection[Any]) -> None:
    found = admin.execute(
        "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'psp\\_%' ORDER BY 1"
    ).fetchall()

    assert [name for name, _ in found] == sorted(PROMISED)
    assert {tuple(options) for _, options in found} == {("security_invoker=true",)}


def test_amounts_are_major_units_by_each_currencys_own_decimals(admin: psycopg.Connection[Any]) -> None:
    for currency in EXPONENTS:
        row = admin.execute("SELECT core.major(%s, %s)::text", [-123456789, currency]).fetchone()
        assert row is not None
        assert Decimal(row[0]) == Money(-123456789, currency).major
        assert row[0] == str(Money(-123456789, currency).major), "with as many decimals as the currency has"
    assert admin.execute("SELECT core.currency_exponent('XAU'), core.major(1, 'XAU')").fetchone() == (None, None)


def a_payroll_comes_back(database: Database, tenant: TenantFixture) -> str:
    """One payroll blocked and then paid, of two; the first payment is returned. Its id."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        batch = stories.batch(tx, tenant, "60.00", "70.00")
        payments.commit_payroll(tx, batch)
        stories.fund(tx, tenant, "200.00")
        payroll = payments.commit_payroll(tx, batch).payroll
        (file,) = payments.submit_due(tx, on=MONDAY)
        content = payments.file_bytes(tx, file.id)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY, 23)
        statement = stories.statement([content], opening="200.00")
        payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tuesday", statement))
        stories.at(tx, WEDNESDAY)
        first = next(iter(fake.receive(content).entries))
        returned = fake.return_file([content], {first.trace_number: "R01"}, on=WEDNESDAY)
        payments.return_from_file(tx, artifact_id=stories.read(tx, "returns.ach", returned))
    return payroll.id


def test_a_payrolls_life_reads_in_plain_sql(database: Database, tenant: TenantFixture, operator: Operator) -> None:
    payroll = a_payroll_comes_back(database, tenant)

    gate = operator.execute(
        """
        SELECT gate_type, passed, reason, required_amount, available_balance, shortfall
          FROM psp_gate_evaluation
         WHERE subject = %s
         ORDER BY evaluation_no
        """,
        [payroll],
    ).fetchall()
    zero, need = Decimal("0.00"), Decimal("130.00")
    assert [tuple(row.values()) for row in gate] == [
        ("commit", False, "insufficient_funds", need, zero, need),
        ("commit", True, None, need, Decimal("200.00"), zero),
        ("pay", True, None, need, Decimal("200.00"), zero),
    ]
    events = operator.execute(
        """
        SELECT s.direction, s.rail, s.status, s.return_code, s.amount, s.effective_date, a.name AS credited,
               s.payment_attempt_id IS NOT NULL AS ours
          FROM psp_settlement_event s
          JOIN psp_ledger_entry e ON e.tenant_id = s.tenant_id AND e.psp_ledger_entry_id = s.ledger_entry_id
                                 AND e.amount = s.amount
          JOIN psp_ledger_account a ON a.tenant_id = e.tenant_id AND a.psp_ledger_account_id = e.credit_account_id
         WHERE s.legal_entity_id = %s
         ORDER BY s.effective_date, s.amount
        """,
        [tenant.legal_entity_id],
    ).fetchall()
    assert [tuple(row.values())[:6] for row in events] == [
        ("inbound", "wire", "settled", None, Decimal("200.00"), MONDAY),
        ("outbound", "ach", "settled", None, Decimal("60.00"), TUESDAY),
        ("outbound", "ach", "settled", None, Decimal("70.00"), TUESDAY),
        ("inbound", "ach", "returned", "R01", Decimal("60.00"), WEDNESDAY),
    ]
    assert [row["ours"] for row in events] == [False, True, True, True]
    held = operator.execute(
        "SELECT amount, purpose, status, reserved_amount, captured_amount, expires_at::text FROM psp_balance_reservation ORDER BY 4"
    ).fetchall()
    assert [tuple(row.values()) for row in held] == [
        (zero, "payment", "captured", Decimal("60.00"), Decimal("60.00"), "infinity"),
        (zero, "payment", "captured", Decimal("70.00"), Decimal("70.00"), "infinity"),
    ]
    (funds,) = operator.execute(
        """
        SELECT account_type, posted_balance, reserved_balance, available_balance
          FROM psp_ledger_account WHERE purpose = 'CLIENT_FUNDS' AND legal_entity_id = %s
        """,
        [tenant.legal_entity_id],
    ).fetchall()
    assert tuple(funds.values()) == ("LIABILITY", Decimal("130.00"), zero, Decimal("130.00"))


def test_a_yen_has_no_decimals_and_a_dinar_three(database: Database, tenant: TenantFixture, operator: Operator) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        for currency, minor in (("JPY", 1250), ("KWD", 1250)):
            pair = [
                ledger.create_account(tx, code=f"{currency}{side}", name=side, type=type_, currency=currency).id
                for side, type_ in (("A", "ASSET"), ("L", "LIABILITY"))
            ]
            entry = ledger.Entry(debit=pair[0], credit=pair[1], amount=Money(minor, currency))
            ledger.post(tx, idempotency_key=currency, entries=[entry])

    found = operator.execute("SELECT currency, amount::text FROM psp_ledger_entry ORDER BY 1").fetchall()
    assert [tuple(row.values()) for row in found] == [("JPY", "1250"), ("KWD", "1.250")]


@pytest.mark.parametrize("view", PROMISED)
@pytest.mark.parametrize("role", ["operator", "app", "readonly"])
def test_each_reader_sees_its_tenants_rows_and_nobody_elses(
    database: Database, tenant: TenantFixture, role: Any, view: str
) -> None:
    other = make.tenant(database)
    a_payroll_comes_back(database, tenant)
    count = sql.SQL("SELECT count(*), count(*) FILTER (WHERE tenant_id <> %s) FROM {}").format(sql.Identifier(view))
    with psycopg.connect(database.url(role)) as connection:

        def seen(context: str) -> Any:
            connection.execute("SELECT set_config('headgate.tenant_id', %s, true)", [context])
            return connection.execute(count, [tenant.id]).fetchone()

        own = seen(str(tenant.id))
        assert own[0] > 0 and own[1] == 0
        accounts = view == "psp_ledger_account"
        assert seen(str(other.id))[0] - seen(str(other.id))[1] == 0
        assert bool(seen(str(other.id))[0]) == accounts, "another tenant has accounts, and nothing else yet"
        assert seen("") == (0, 0)


@pytest.mark.parametrize("role", ["operator", "app", "readonly", "dispatcher"])
def test_nothing_is_written_through_a_view_but_an_expiry(database: Database, tenant: TenantFixture, role: Any) -> None:
    with psycopg.connect(database.url(role), autocommit=True) as connection:
        connection.execute("SELECT set_config('headgate.tenant_id', %s, false)", [str(tenant.id)])
        for view in PROMISED:
            name = sql.Identifier(view)
            for statement in (
                sql.SQL("DELETE FROM {}").format(name),
                sql.SQL("INSERT INTO {} (tenant_id) VALUES ({})").format(name, sql.Literal(tenant.id)),
                sql.SQL("UPDATE {} SET tenant_id = tenant_id").format(name),
            ):
                with pytest.raises(REFUSED):
                    connection.execute(statement)
            if view != "psp_balance_reservation" or role not in ("operator", "app"):
                column = (
                    "updated_at" if view == "psp_balance_reservation" else "amount" if "entry" in view else "tenant_id"
                )
                with pytest.raises(REFUSED):
                    connection.execute(sql.SQL("UPDATE {} SET {c} = {c}").format(name, c=sql.Identifier(column)))


def test_an_operator_reads_no_more_than_the_views_show(database: Database, admin: psycopg.Connection[Any]) -> None:
    rows = admin.execute(
        """
        SELECT n.nspname || '.' || c.relname
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('parties', 'ingestion', 'tenants', 'core', 'cases', 'web', 'console')
           AND c.relname <> 'legal_entities'  -- of which it reads the time zone
           AND (has_table_privilege('headgate_operator', c.oid, 'SELECT')
                OR has_any_column_privilege('headgate_operator', c.oid, 'SELECT'))
        """
    ).fetchall()

    assert rows == []


def test_ids_of_the_book_are_numbers_and_the_doors_take_them(
    database: Database, tenant: TenantFixture, operator: Operator
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, "10.00")
    (row,) = operator.execute(
        "SELECT psp_ledger_account_id AS id FROM psp_ledger_account WHERE purpose = 'CLIENT_FUNDS' AND legal_entity_id = %s",
        [tenant.legal_entity_id],
    ).fetchall()

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert ledger.balance(tx, row["id"]).available == usd("10.00")
        assert ledger.balance(tx, ids.encode("acct", row["id"])) == ledger.balance(tx, row["id"])


def test_money_asked_for_reads_in_plain_sql(database: Database, tenant: TenantFixture, operator: Operator) -> None:
    payroll = a_payroll_comes_back(database, tenant)

    (asked,) = operator.execute(
        "SELECT psp_funding_request_id AS id, legal_entity_id, amount, block_reason FROM psp_funding_request"
    ).fetchall()
    assert (asked["legal_entity_id"], asked["amount"]) == (tenant.legal_entity_id, Decimal("130.00"))
    judged = operator.execute(
        "SELECT DISTINCT funding_request_id FROM psp_gate_evaluation WHERE subject = %s", [payroll]
    )
    assert [row["funding_request_id"] for row in judged.fetchall()] == [asked["id"]]
    (came,) = operator.execute("SELECT funding_request_id FROM psp_settlement_event WHERE rail = 'wire'").fetchall()
    assert came["funding_request_id"] == asked["id"]
