"""Every query of every runbook is run as an operator would, and each gives what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import funding, ledger, payments
from headgate.core.db import Database, Tx
from headgate.funding.model import CLIENT_MESSAGE
from headgate.psp import PSP, PSPConfig
from headgate.psp import PayrollBatch as Batch
from headgate.rails import fake

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"
GATE = RUNBOOKS / "funding-gate-blocks.md"
BLOCK = re.compile(r"^```sql\n-- (\w+)\n(.*?)^```$", re.M | re.S)
Operator = psycopg.Connection[dict[str, Any]]


def queries(path: Path) -> dict[str, str]:
    """The queries of a runbook, by the name in their first line."""
    text = path.read_text("utf-8")
    found = BLOCK.findall(text)
    assert len(found) == text.count("```sql"), f"{path.name}: each query begins with a line `-- name`"
    assert len({name for name, _ in found}) == len(found)
    return dict(found)


def filled(connection: psycopg.Connection[Any], name: str, **variables: str) -> str:
    """A query by its name, with psql's variables set."""
    query = queries(GATE)[name]
    for variable in set(re.findall(r":'(\w+)'", query)):
        query = query.replace(f":'{variable}'", sql.Literal(variables[variable]).as_string(connection))
    return query


def run(operator: Operator, name: str, **variables: str) -> list[tuple[Any, ...]]:
    """A query by its name, asked; the rows, or how many it changed."""
    cursor = operator.execute(filled(operator, name, **variables).encode())
    return [tuple(row.values()) for row in cursor.fetchall()] if cursor.description else [(cursor.rowcount,)]


def dollars(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)


@pytest.fixture
def operator(database: Database, tenant: TenantFixture) -> Iterator[Operator]:
    with psycopg.connect(database.url("operator"), autocommit=True, row_factory=dict_row) as connection:
        # Python has no infinite time, and psql shows one as it is.
        connection.adapters.register_loader("timestamptz", TextLoader)
        connection.execute("SELECT set_config('headgate.tenant_id', %s, false)", [str(tenant.id)])
        yield connection


@pytest.fixture
def payroll(database: Database, tenant: TenantFixture) -> str:
    """A client with 200.00: 130.00 of them paid, of which 60.00 came back, 90.00 held by a called-off payroll and 5.00 by what
    is overdue. The payroll that is asked about needs 150,000.00. A stranger's wire lies in suspense.
    """
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "200.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "70.00"))
        (file,) = payments.submit_due(tx, on=MONDAY)
        content = payments.file_bytes(tx, file.id)
        stories.at(tx, TUESDAY, 23)
        statement = stories.statement([content], opening="200.00")
        payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tuesday", statement))
        stories.at(tx, WEDNESDAY)
        first = next(iter(fake.receive(content).entries))
        returned = fake.return_file([content], {first.trace_number: "R01"}, on=WEDNESDAY)
        payments.return_from_file(tx, artifact_id=stories.read(tx, "returns.ach", returned))
        funding.record_deposits(
            tx,
            [
                funding.NewDeposit(
                    "bank", "wire-?", None, None, "wire", usd("33.00"), value_on=WEDNESDAY, booked_on=WEDNESDAY
                )
            ],
        )
        funds = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id).id
        late = stories.batch(tx, tenant, "150000.00", payroll_id="PR-2", pay_on=WEDNESDAY)
        hold(tx, funds, "90.00", "called-off", expires_at=None)
        asked = payments.commit_payroll(tx, late).payroll.id
        # An hour ago by the server's clock, and then now: what fell due in between is overdue on every clock.
        tx.run("UPDATE tenants.tenants SET clock_offset_microseconds = -3600000000")
        hold(tx, funds, "5.00", "overdue", expires_at=tx.now() + timedelta(seconds=1))
        tx.run("UPDATE tenants.tenants SET clock_offset_microseconds = 0")
        return asked


def hold(tx: Tx, account: int, text: str, ref: str, *, expires_at: datetime | None) -> None:
    held = ledger.reserve(
        tx,
        idempotency_key=ref,
        account=account,
        amount=usd(text),
        reserve_type="payroll",
        source_ref=ref,
        expires_at=expires_at,
    )
    assert isinstance(held, ledger.Reservation), held


@pytest.fixture
def ask(operator: Operator, tenant: TenantFixture, payroll: str) -> Callable[[str], list[tuple[Any, ...]]]:
    """A query of the runbook, asked about the client and its blocked payroll."""
    return lambda name: run(operator, name, me="ann@example.com", legal_entity=tenant.legal_entity_id, payroll=payroll)


ASKED = {
    "who_i_am",
    "blocked_now",
    "history",
    "balance",
    "balance_kept",
    "holders",
    "asked_for",
    "money_in",
    "unknown_payers",
    "returned",
    "expire",
    "overridden",
    "block_rate",
    "blocked_often",
    "large_blocks",
    "reservation_utilisation",
    "overdue",
    "next_blocks",
}
"""What the test below asks. A new query is a new row here, and a line of that test."""


def test_every_query_of_every_runbook_is_asked() -> None:
    runbooks = sorted(path.name for path in RUNBOOKS.glob("*.md"))
    known = ["client-not-paying.md", "file-outcome-unknown.md", GATE.name, "order-outcome-unknown.md", "returns.md"]
    assert runbooks == known, "another runbook is another test"
    assert set(queries(GATE)) == ASKED


def test_each_query_says_what_the_runbook_says(
    database: Database, tenant: TenantFixture, ask: Callable[[str], list[tuple[Any, ...]]], payroll: str
) -> None:
    entity = tenant.legal_entity_id
    need, has, lack = dollars("150000.00", "40.00", "149960.00")
    assert ask("who_i_am") == [("ann@example.com",)]

    ((subject, of, gate, reason, required, available, shortfall, currency, _),) = ask("blocked_now")
    assert (subject, of, gate, reason) == (payroll, entity, "commit", "insufficient_funds")
    assert (required, available, shortfall, currency) == (need, has, lack, "USD")
    ((no, *judged),) = ask("history")
    assert (no, judged[0], judged[1], judged[3]) == (1, "commit", False, None)
    assert judged[-3] == "Your account balance is insufficient. Please fund $149,960.00 to proceed."
    ((_, *figures),) = ask("balance")
    assert figures == ["USD", *dollars("130.00", "90.00", "0.00", "40.00")]
    ((_, *kept),) = ask("balance_kept")
    assert kept == [*dollars("130.00", "90.00", "0.00", "40.00")]
    assert [(row[1], row[2], row[3], row[5]) for row in ask("holders")] == [
        ("payroll", "called-off", Decimal("90.00"), False),
        ("payroll", "overdue", Decimal("5.00"), True),
    ]
    assert next((row[1], row[2], row[3], row[8]) for row in ask("asked_for")) == (
        payroll,
        need,
        lack,
        "insufficient_funds",
    )
    assert [row[2:5] for row in ask("money_in")] == [("wire-1", "wire", Decimal("200.00"))]
    assert [row[2:4] for row in ask("unknown_payers")] == [("wire-?", Decimal("33.00"))]
    assert [row[:3] for row in ask("returned")] == [("R01", Decimal("60.00"), "USD")]
    assert ask("overridden") == [], "it has not been due"
    assert ask("block_rate") == [(3, 1, Decimal("33.3"))]
    assert ask("blocked_often") == []
    assert [row[:2] for row in ask("large_blocks")] == [(payroll, entity)]
    assert ask("reservation_utilisation") == []
    assert [row[:2] for row in ask("overdue")] == [(1, Decimal("5.00"))]
    assert ask("next_blocks") == [(entity, "USD", need, has, lack)]

    assert ask("expire") == [(1,)]
    assert [row[2] for row in ask("holders")] == ["called-off"]
    assert [row[:2] for row in ask("overdue")] == [(0, Decimal("0"))]
    ((_, *after),) = ask("balance")
    assert after == figures, "what was overdue had ceased to count"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        who = tx.values("SELECT actor_id FROM audit.events WHERE type = 'ledger.reservation.expired'")
    assert who == ["ann@example.com"]


def test_what_the_resolution_says_opens_the_gate(
    database: Database, tenant: TenantFixture, ask: Callable[[str], list[tuple[Any, ...]]], payroll: str
) -> None:
    """Funded, and committed again by the same call, the payroll passes; and three blocks of a client are seen."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        late = stories.batch(tx, tenant, "150000.00", payroll_id="PR-2", pay_on=WEDNESDAY)
        for _ in range(2):
            assert payments.commit_payroll(tx, late).status == "blocked_funds"
    assert [row[:3] for row in ask("blocked_often")] == [(tenant.legal_entity_id, 3, 1)]

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, "149960.00", external_id="wire-2")
        assert payments.commit_payroll(tx, late).status == "committed"

    assert ask("blocked_now") == []
    ((_, _, posted, reserved, percent),) = ask("reservation_utilisation")
    assert (posted, reserved, percent) == dollars("150090.00", "150090.00", "100.0")


def test_the_override_of_the_runbook_is_the_librarys(
    database: Database, tenant: TenantFixture, ask: Callable[[str], list[tuple[Any, ...]]], payroll: str
) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", GATE.read_text("utf-8"), re.M | re.S)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        late = stories.batch(tx, tenant, "150000.00", payroll_id="PR-2", pay_on=WEDNESDAY)
    batch = Batch(tenant.id, tenant.legal_entity_id, late.payroll_id, late.pay_on, "USD", late.items)
    with psycopg.connect(database.url("app")) as session:
        told: dict[str, Any] = {
            "PSP": PSP,
            "PSPConfig": lambda **facts: PSPConfig(**facts, config=database.config),
            "session": session,
            "tenant_id": tenant.id,
            "legal_entity_id": tenant.legal_entity_id,
            "batch": batch,
        }
        exec(code, told)

    assert told["result"].status == "committed_with_warnings"
    assert ask("overridden") == []
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert payments.submit_due(tx, on=WEDNESDAY) == []
    assert [row[1:3] for row in ask("overridden")] == [("pay", False)]


def test_each_link_of_a_message_is_the_gates_own_words() -> None:
    """The messages that the runbook quotes are those that clients read."""
    assert CLIENT_MESSAGE.format(amount="$X") in GATE.read_text("utf-8")
