"""Nothing leaves unfunded, through whatever door."""

from __future__ import annotations

import ast
import inspect
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY

import headgate
from headgate import funding, ledger, payments
from headgate.core import config, ids
from headgate.core.db import Database, Tx
from headgate.payments import UnfundedAttempt

pytestmark = pytest.mark.slow


def test_insufficient_funds_block_and_move_nothing_but_the_judgement(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "100.00")

    result = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "70.00"))

    assert result.status == "blocked_funds" and result.payroll.status == "pending"
    gate = result.gate
    assert gate is not None
    assert (gate.reason, gate.required, gate.available, gate.shortfall) == (
        "insufficient_funds",
        usd("130.00"),
        usd("100.00"),
        usd("30.00"),
    )
    assert gate.client_message == "Your account balance is insufficient. Please fund $30.00 to proceed."
    assert [advice.action for advice in gate.advice] == ["fund_account", "split_payroll"]
    assert stories.client_funds(tx, tenant) == (usd("0.00"), usd("100.00"))
    assert stories.statuses(tx) == ["blocked_funds", "blocked_funds"]
    assert stories.balances(tx, tenant) == {"CASH": "100.00", "CLIENT_FUNDS": "100.00"}
    stories.originator(tx, tenant)
    assert payments.submit_due(tx, on=MONDAY) == []
    told = tx.values(
        """
        SELECT event_type
          FROM messaging.outbox_messages
         WHERE tenant_id = %(t)s AND event_type LIKE 'funding.%%'
         ORDER BY id
        """,
        {"t": tx.tenant_id},
    )
    assert told == ["funding.deposit.settled", "funding.blocked", "funding.insufficient_funds"]


def test_funded_afterwards_the_same_payroll_passes_under_the_next_number(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    payroll = stories.batch(tx, tenant, "60.00", "70.00")
    first = payments.commit_payroll(tx, payroll)
    again = payments.commit_payroll(tx, payroll)
    stories.fund(tx, tenant, "130.00")

    passed = payments.commit_payroll(tx, payroll)

    assert [first.gate.evaluation_no, again.gate.evaluation_no, passed.gate.evaluation_no] == [1, 2, 3]  # type: ignore[union-attr]
    assert passed.status == "committed" and passed.payroll.id == first.payroll.id
    assert stories.client_funds(tx, tenant) == (usd("130.00"), usd("0.00"))
    assert stories.statuses(tx) == ["pending", "pending"]
    stored = funding.list_evaluations(tx, subject=first.payroll.id)
    assert [(e.evaluation_no, e.passed, e.available_minor) for e in stored] == [
        (3, True, 13000),
        (2, False, 0),
        (1, False, 0),
    ]
    before = stories.counts(tx)
    replay = payments.commit_payroll(tx, payroll)
    assert replay.status == "committed" and replay.gate is None and stories.counts(tx) == before


def test_money_that_others_hold_is_a_conflict_that_names_them(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "100.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "80.00"))

    result = payments.commit_payroll(tx, stories.batch(tx, tenant, "50.00", payroll_id="PR-2"))

    assert result.status == "blocked_funds" and result.gate is not None
    assert result.gate.reason == "reservation_conflict"
    assert [conflict.amount_minor for conflict in result.gate.conflicts] == [8000]
    assert funding.evaluation(tx, result.gate.evaluation_id).reservations_seen[0]["amount_minor"] == 8000


def test_a_payroll_is_never_edited(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00"))
    before = stories.counts(tx)

    with pytest.raises(payments.PayrollDiffers):
        payments.commit_payroll(tx, stories.batch(tx, tenant, "61.00"))

    assert stories.counts(tx) == before


def test_a_stranger_s_account_is_refused(tx: Tx, tenant: TenantFixture) -> None:
    good = stories.batch(tx, tenant, "60.00", "70.00")
    swapped = payments.PayrollItem("E-1", good.items[0].payee_id, good.items[1].bank_account_id, usd("1.00"))
    before = stories.counts(tx)

    with pytest.raises(payments.InvalidPayroll, match="no bank account of payee"):
        payments.commit_payroll(tx, payments.PayrollBatch(good.legal_entity_id, "PR-9", TUESDAY, "USD", (swapped,)))
    with pytest.raises(payments.InvalidPayroll, match="more than nothing"):
        zero = payments.PayrollItem("E-1", good.items[0].payee_id, good.items[0].bank_account_id, usd("0.00"))
        payments.commit_payroll(tx, payments.PayrollBatch(good.legal_entity_id, "PR-9", TUESDAY, "USD", (zero,)))
    with pytest.raises(payments.InvalidPayroll, match="pays nobody"):
        payments.commit_payroll(tx, payments.PayrollBatch(good.legal_entity_id, "PR-9", TUESDAY, "USD", ()))

    assert stories.counts(tx) == before


@pytest.mark.parametrize("round_no", range(3))
def test_two_committers_race_for_the_last_dollar_and_one_wins(
    database: Database, tenant: TenantFixture, round_no: int
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.fund(tx, tenant, "100.00")
        batches = [stories.batch(tx, tenant, "40.00", "30.00", payroll_id=f"PR-{n}") for n in range(8)]
    start = threading.Barrier(len(batches))
    results: list[str] = []

    def commit(batch: payments.PayrollBatch) -> None:
        start.wait()
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
            results.append(payments.commit_payroll(own, batch).status)

    threads = [threading.Thread(target=commit, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["blocked_funds"] * 7 + ["committed"]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.client_funds(tx, tenant) == (usd("70.00"), usd("30.00"))


def test_the_same_payroll_committed_at_once_reserves_once(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.fund(tx, tenant, "1000.00")
        batch = stories.batch(tx, tenant, "40.00", "30.00")
    start = threading.Barrier(6)
    found: list[str] = []

    def commit() -> None:
        start.wait()
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
            found.append(payments.commit_payroll(own, batch).payroll.id)

    threads = [threading.Thread(target=commit) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 6 and len(set(found)) == 1
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.client_funds(tx, tenant)[0] == usd("70.00")


def test_two_senders_at_once_send_once(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "1000.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "40.00", "30.00"))
    start = threading.Barrier(4)
    sent: list[int] = []

    def send() -> None:
        start.wait()
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
            sent.append(sum(file.entry_count for file in payments.submit_due(own, on=MONDAY)))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(sent) == [0, 0, 0, 2]


def test_the_pay_gate_stops_what_lost_its_reservation_and_lets_it_go_when_funded(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "100.00")
    first = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00"))
    _release_all(tx)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "50.00", payroll_id="PR-2", pay_on=stories.WEDNESDAY))

    assert payments.submit_due(tx, on=MONDAY) == []

    assert stories.statuses(tx) == ["blocked_funds", "blocked_funds", "pending"]
    last = funding.list_evaluations(tx, subject=first.payroll.id)[0]
    assert (last.gate_type, last.passed, last.reason, last.available_minor) == (
        "pay",
        False,
        "reservation_conflict",
        5000,
    )
    (block,) = payments.held_payrolls(tx)
    assert (block.gate_type, block.shortfall, block.payments) == ("pay", usd("50.00"), 2)
    stories.fund(tx, tenant, "50.00", external_id="wire-2")
    (file,) = payments.submit_due(tx, on=MONDAY)
    assert file.credit == usd("100.00")
    assert stories.balances(tx, tenant) == {"CASH": "150.00", "CLIENT_FUNDS": "50.00", "PAYROLL_CLEARING": "100.00"}
    assert payments.held_payrolls(tx) == []


def test_what_the_pay_gate_stops_holds_nothing_any_more(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "100.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00"))
    lapsed = tx.value("SELECT id FROM ledger.reservations WHERE amount_minor = 6000")
    ledger.release_many(tx, [lapsed])
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", payroll_id="PR-2", pay_on=stories.FRIDAY))
    assert stories.client_funds(tx, tenant) == (usd("100.00"), usd("0.00"))

    assert payments.submit_due(tx, on=MONDAY) == []

    assert stories.client_funds(tx, tenant) == (usd("60.00"), usd("40.00"))
    assert stories.statuses(tx) == ["blocked_funds", "blocked_funds", "pending"]


def test_a_lapsed_reservation_is_made_anew_where_the_money_is_still_there(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "100.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00"))
    _release_all(tx)

    (file,) = payments.submit_due(tx, on=MONDAY)

    assert file.credit == usd("100.00")
    assert stories.client_funds(tx, tenant) == (usd("0.00"), usd("0.00"))


def test_nothing_can_be_set_that_opens_the_pay_gate() -> None:
    """There is nothing to set: no parameter of the sending door or the pay gate says anything about strictness."""
    assert list(inspect.signature(payments.submit_due).parameters) == ["tx", "on"]
    assert list(inspect.signature(funding.judge_pay).parameters) == ["tx", "request"]
    assert not [name for name in config.variables() if "GATE" in name.removeprefix("HEADGATE_") or "STRICT" in name]


def test_a_raw_attempt_of_the_application_is_refused_without_a_consumed_reservation(
    tx: Tx, tenant: TenantFixture
) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "500.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00"))
    (file,) = payments.submit_due(tx, on=MONDAY)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "70.00", payroll_id="PR-2"))
    waiting = tx.one("SELECT id, reservation_id, amount_minor FROM payments.instructions WHERE status = 'pending'")
    used = tx.one("SELECT instruction_id, reservation_id, transaction_id, amount_minor FROM payments.attempts LIMIT 1")
    before = stories.counts(tx)

    def insert(**facts: Any) -> None:
        with tx.savepoint():
            _insert_attempt(tx, file.id, facts)

    # Not consumed yet, none at all, another payment's, unequal, and none of it.
    with pytest.raises(UnfundedAttempt):
        insert(
            instruction_id=waiting["id"], reservation_id=waiting["reservation_id"], amount_minor=7000, transaction_id=1
        )
    with pytest.raises((psycopg.errors.ForeignKeyViolation, UnfundedAttempt)):
        insert(instruction_id=waiting["id"], reservation_id=999_999_999, amount_minor=7000, transaction_id=1)
    with pytest.raises(psycopg.errors.NotNullViolation):
        insert(instruction_id=waiting["id"], reservation_id=None, amount_minor=7000, transaction_id=1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(**{**used, "instruction_id": waiting["id"]})
    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(**used)
    # Captured by hand for a part only, then for the whole in two parts: neither is one consumption of the whole.
    with pytest.raises(_Undo), tx.savepoint():
        _capture(tx, tenant, waiting["reservation_id"], "30.00", "part")
        for amount in (3000, 7000):
            with pytest.raises(UnfundedAttempt):
                insert(
                    instruction_id=waiting["id"],
                    reservation_id=waiting["reservation_id"],
                    amount_minor=amount,
                    transaction_id=1,
                )
        rest = _capture(tx, tenant, waiting["reservation_id"], "40.00", "rest")
        for amount in (4000, 7000):
            with pytest.raises(UnfundedAttempt):
                insert(
                    instruction_id=waiting["id"],
                    reservation_id=waiting["reservation_id"],
                    amount_minor=amount,
                    transaction_id=rest,
                )
        raise _Undo
    assert stories.counts(tx) == before


class _Undo(Exception):
    """Takes back what a test did by hand."""


def test_what_was_fixed_before_sending_stays(tx: Tx, tenant: TenantFixture, admin: psycopg.Connection[Any]) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "500.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00"))
    payments.submit_due(tx, on=MONDAY)
    tx.conn.execute("COMMIT")

    for statement in (
        "UPDATE payments.attempts SET amount_minor = amount_minor + 1",
        "UPDATE payments.attempts SET reservation_id = reservation_id + 1",
        "UPDATE payments.attempts SET trace_number = '000000000000000'",
        "UPDATE payments.ach_files SET content_sealed = '\\x00'",
        "UPDATE payments.ach_files SET name = 'x'",
        "UPDATE payments.instructions SET amount_minor = 1",
        "UPDATE payments.payrolls SET total_minor = 1",
    ):
        with pytest.raises(psycopg.Error) as refused:
            admin.execute(statement)  # type: ignore[call-overload]
        assert refused.value.sqlstate == "HG502", statement
    for table in ("attempts", "ach_files", "instructions", "payrolls", "settlement_events", "return_credits"):
        for statement in (f"DELETE FROM payments.{table}", f"TRUNCATE payments.{table} CASCADE"):
            with pytest.raises(psycopg.Error) as refused:
                admin.execute(statement)  # type: ignore[call-overload]
            assert refused.value.sqlstate == "HG002", statement
    with pytest.raises(psycopg.Error) as refused:
        admin.execute("UPDATE payments.instructions SET status = 'pending' WHERE status = 'sent'")
    assert refused.value.sqlstate == "HG003"


SENDERS = {"payments/files/files.py": "submit_due", "payments/orders/orders.py": "submit_due"}
"""Every place that writes an attempt, and the door that leads to it. A new one is a new row here, and a test of its
gate.
"""


def test_every_place_that_writes_an_attempt_is_known() -> None:
    root = Path(headgate.__file__).parent
    writers = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "INTO payments.attempts" in node.value
    }
    writers |= {
        str(path.relative_to(root)) for path in root.rglob("*.sql") if "INTO payments.attempts" in path.read_text()
    }

    assert writers == set(SENDERS)


def _release_all(tx: Tx) -> None:
    """An operator lets go of the reservations by hand."""
    held = tx.values("SELECT id FROM ledger.reservations WHERE status = 'active' ORDER BY id")
    assert ledger.release_many(tx, held)


def _capture(tx: Tx, tenant: TenantFixture, reservation_id: int, text: str, key: str) -> int:
    posted = ledger.capture(
        tx,
        idempotency_key=f"by-hand:{key}",
        reservation_id=reservation_id,
        amount=usd(text),
        debit=ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id).id,
        credit=ledger.account_for(tx, "PAYROLL_CLEARING", "USD").id,
    )
    assert isinstance(posted, ledger.Posted), posted
    return posted.transaction_id


def _insert_attempt(tx: Tx, file_id: str, facts: dict[str, Any]) -> None:
    tx.run(
        """
        INSERT INTO payments.attempts
               (tenant_id, id, instruction_id, attempt_no, reservation_id, transaction_id, amount_minor, currency, rail,
                ach_file_id, trace_number, rdfi_identification, created_at)
        VALUES (%(t)s, %(id)s, %(instruction_id)s, 7, %(reservation_id)s, %(transaction_id)s, %(amount_minor)s,
            'USD', 'ach',
                %(file)s, '990000010999999', '02100002', now())
        """,
        {"t": tx.tenant_id, "id": ids.new("att"), "file": file_id, **facts},
    )
