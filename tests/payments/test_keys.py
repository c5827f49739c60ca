"""What instructions and attempts name is there, whoever writes: their keys are held a statement at a time."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from tests.make import ACTOR, TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY

from headgate import payments
from headgate.core import ids
from headgate.core.db import Database, Tx

pytestmark = pytest.mark.slow


class _Undo(Exception):
    pass


GHOSTS = [
    {"payroll_id": "prl_ghost"},
    {"evaluation_id": "evl_ghost"},
    {"bank_account_id": "ba_ghost"},
    {"payee_id": "pty_ghost"},
    {"bank_account_id": None, "payee_id": "pty_ghost", "kind": "tax", "obligation": "T"},
]


def test_what_a_row_names_is_there_whoever_writes(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "500.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00"))
    (file,) = payments.submit_due(tx, on=MONDAY)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "70.00", payroll_id="PR-2"))
    waiting = tx.one("SELECT * FROM payments.instructions WHERE status = 'pending'")
    strangers = tx.value(
        "SELECT min(bank_account_id) FROM payments.instructions WHERE bank_account_id <> %(id)s",
        {"id": waiting["bank_account_id"]},
    )
    before = stories.counts(tx)

    with pytest.raises(_Undo), tx.savepoint():
        _insert(tx, waiting, {})  # As it stands it is taken: what refuses the others is what they name.
        raise _Undo
    for ghost in [*GHOSTS, {"bank_account_id": strangers}]:
        with pytest.raises(psycopg.errors.ForeignKeyViolation), tx.savepoint():
            _insert(tx, waiting, ghost)
    for column in ("evaluation_id", "bank_account_id", "payee_id"):
        with pytest.raises(psycopg.errors.ForeignKeyViolation), tx.savepoint():
            tx.run(f"UPDATE payments.instructions SET {column} = 'ghost' WHERE id = %(id)s", {"id": waiting["id"]})  # type: ignore[arg-type]
    assert stories.counts(tx) == before
    heard = tx.one("SELECT heard_by, created_at FROM payments.ach_files WHERE id = %(id)s", {"id": file.id})
    assert heard["heard_by"] > heard["created_at"]
    assert tx.values("SELECT DISTINCT heard_by FROM payments.unheard") == [heard["heard_by"]]


def test_whoever_was_paid_stays_known(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.batch(tx, tenant, "60.00")
    for table in ("parties", "bank_accounts"):
        for statement in (f"DELETE FROM parties.{table}", f"TRUNCATE parties.{table} CASCADE"):
            with pytest.raises(psycopg.Error) as refused:
                admin.execute(statement)  # type: ignore[call-overload]
            assert refused.value.sqlstate == "HG002", statement


def test_no_attempt_stands_in_a_file_that_there_is_not(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    """The promise of money looks first, so it is switched off here: the file is asked for all the same."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.fund(tx, tenant, "500.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00"))

    with admin.transaction(force_rollback=True):
        admin.execute("ALTER TABLE payments.attempts DISABLE TRIGGER attempts_are_funded")
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="names the file fil_ghost"):
            admin.execute(
                """
                INSERT INTO payments.attempts (tenant_id, id, instruction_id, attempt_no, reservation_id, transaction_id,
                                               amount_minor, currency, rail, ach_file_id, trace_number, rdfi_identification,
                                               created_at)
                SELECT tenant_id, 'att_x', id, 1, reservation_id, 1, amount_minor, currency, 'ach', 'fil_ghost', '990000010999999',
                       '02100002', now()
                  FROM payments.instructions WHERE tenant_id = %s
                """,
                (tenant.id,),
            )


def _insert(tx: Tx, like: dict[str, Any], other: dict[str, Any]) -> None:
    facts = {
        **like,
        "id": ids.new("pay"),
        "reservation_id": None,
        "status": "blocked_funds",
        "obligation": None,
        **other,
    }
    tx.run(
        """
        INSERT INTO payments.instructions (tenant_id, id, idempotency_key, payroll_id, legal_entity_id, kind, obligation, payee_id,
                                           bank_account_id, amount_minor, currency, due_on, rail, status, reservation_id,
                                           evaluation_id, created_at, changed_at)
        VALUES (%(tenant_id)s, %(id)s, %(id)s, %(payroll_id)s, %(legal_entity_id)s, %(kind)s, %(obligation)s, %(payee_id)s,
                %(bank_account_id)s, %(amount_minor)s, %(currency)s, %(due_on)s, %(rail)s, %(status)s, %(reservation_id)s,
                %(evaluation_id)s, %(created_at)s, %(changed_at)s)
        """,
        facts,
    )
