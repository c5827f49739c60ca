"""What a return code makes us do beside giving the client its money back, and how what failed is paid again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, get_args

import psycopg
import pytest
from tests.make import TenantFixture, person, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, parties, payments
from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.parties import BankAccountInput
from headgate.parties.model import BlockReason
from headgate.rails import ach, fake, return_codes

THURSDAY = date(2026, 12, 3)


def traces(content: bytes) -> list[str]:
    return [entry.trace_number for entry in fake.receive(content).entries]


def sent(tx: Tx, tenant: TenantFixture, *amounts: str, funded: str = "100.00") -> bytes:
    """A funded payroll that left on Monday: its file's bytes."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, funded)
    payments.commit_payroll(tx, stories.batch(tx, tenant, *amounts))
    (file,) = payments.submit_due(tx, on=MONDAY)
    return payments.file_bytes(tx, file.id)


def settle(tx: Tx, files: Sequence[bytes], *, on: date, name: str = "stm") -> payments.StatementEffects:
    """The bank's statement of a day comes, on that day or later."""
    if tx.now().date() <= on:
        stories.at(tx, on, hour=22)
    return payments.settle_from_statement(
        tx, artifact_id=stories.read(tx, f"{name}-{on}", stories.statement(list(files), on=on))
    )


def give_back(
    tx: Tx, content: bytes, codes: dict[str, str], *, on: date, first_sequence: int = 1
) -> payments.ReturnEffects:
    if tx.now().date() <= on:
        stories.at(tx, on, hour=22)
    data = fake.return_file([content], codes, on=on, first_sequence=first_sequence)
    return payments.return_from_file(tx, artifact_id=stories.read(tx, f"ret-{on}-{first_sequence}", data))


def approved(tx: Tx, asked: cases.Approval) -> str:
    """Another person than who asked says yes."""
    with tx.acting_for(person("bob"), "cor_approval"):
        cases.approve(tx, approval_id=asked.id, digest=asked.digest)
    return asked.id


def payment_ids(tx: Tx) -> list[str]:
    rows = payments.list_instructions(tx, query=payments.parse_query(""), limit=100)
    return [row.id for row in reversed(rows)]


def payroll_status(tx: Tx) -> str:
    return payments.list_payrolls(tx)[0].status


def other_account(tx: Tx, payment_id: str, number: str = "777000111") -> str:
    party = str(tx.value("SELECT payee_id FROM payments.instructions WHERE id = %(id)s", {"id": payment_id}))
    return parties.add_bank_account(tx, party_id=party, account=BankAccountInput(stories.RDFI, number), replace=True).id


def test_the_table_says_what_each_code_does() -> None:
    returning = {code: known for code, known in return_codes().items() if known.category in ach.return_groups()}
    assert sorted(set(return_codes()) - set(returning)) == [
        code for code, known in sorted(return_codes().items()) if known.is_dishonored or known.is_contested
    ]
    for group in ach.return_groups().values():
        assert group.hold_reason in get_args(BlockReason) and group.hold_scope in ("account", "party")
    by_action: dict[str, list[str]] = {}
    for code in returning:
        by_action.setdefault(ach.group_of(code).action, []).append(code)
    assert by_action["retry"] == ["R01", "R09"]
    assert by_action["dispute"] == ["R05", "R07", "R08", "R10", "R11", "R29"]
    assert {"R02", "R03", "R04", "R12", "R13", "R14", "R15", "R16", "R17", "R20", "R90"} == set(by_action["hold"])


def test_each_action_is_taken_with_its_case_and_only_the_money_moves(tx: Tx, tenant: TenantFixture) -> None:
    content = sent(tx, tenant, "10.00", "20.00", "30.00", "40.00")
    settle(tx, [content], on=TUESDAY)
    codes = dict(zip(traces(content), ("R02", "R15", "R10", "R23"), strict=True))

    effects = give_back(tx, content, codes, on=WEDNESDAY)

    assert len(effects.returned) == 4 and stories.client_funds(tx, tenant) == (usd("0"), usd("100.00"))
    rows = {row.code: row for row in payments.list_returns(tx)}
    assert {code: row.action for code, row in rows.items()} == {
        "R02": "hold", "R15": "hold", "R10": "dispute", "R23": "reverse"
    }  # fmt: skip
    blocks = {block.id: (block.reason, bool(block.party_id)) for block in parties.list_blocks(tx)}
    assert blocks == {
        rows["R02"].block_id: ("account_closed", False), rows["R15"].block_id: ("deceased", True)
    }  # fmt: skip
    found = {case.subcategory: case for case in cases.list_cases(tx)}
    assert {code: (case.category, case.severity) for code, case in found.items()} == {
        "R02": ("payment_returned", "high"),
        "R15": ("payment_returned", "high"),
        "R10": ("unauthorized_dispute", "high"),
        "R23": ("payment_returned", "medium"),
    }
    assert found["R10"].detail["due_on"] == "2026-12-09" and len(found["R10"].detail["evidence"]) == 3
    life = payments.get_life(tx, str(rows["R02"].payment_id))
    assert "Its account is held: nothing is paid to it until a person lifts the block." in [
        r.text for r in life.reasons
    ]


def test_a_policy_is_chosen_by_two_people_and_a_code_counts_before_its_group(tx: Tx, tenant: TenantFixture) -> None:
    asked = payments.request_return_policy(tx, subject="administrative", action="reverse", reason="we call first")
    with pytest.raises(cases.errors.NotApproved), tx.savepoint():
        payments.set_return_policy(tx, approval_id=asked.id)
    touched = payments.set_return_policy(tx, approval_id=approved(tx, asked))
    assert sorted(touched) == ["R02", "R03", "R04", "R12"]
    own = payments.request_return_policy(tx, subject="R02", action="hold", reason="closed is closed")
    payments.set_return_policy(tx, approval_id=approved(tx, own))

    policies = payments.return_policies(tx)
    assert [(policies[code].action, policies[code].chosen_for) for code in ("R02", "R03", "R20")] == [
        ("hold", "R02"), ("reverse", "administrative"), ("hold", None)
    ]  # fmt: skip
    for subject, action in (("R10", "retry"), ("R68", "hold"), ("nonsense", "hold"), ("R02", "ignore")):
        with pytest.raises(Malformed):
            payments.request_return_policy(tx, subject=subject, action=action, reason="x")
    with pytest.raises(psycopg.errors.CheckViolation), tx.savepoint():
        tx.run(
            """
            INSERT INTO payments.return_policies (tenant_id, subject, action, reason, approval_id, set_at)
            VALUES (%(t)s, 'R10', 'retry', 'raw', %(a)s, now())
            """,
            {"t": tx.tenant_id, "a": asked.id},
        )


def test_what_came_back_is_paid_again_once_its_account_is_corrected(tx: Tx, tenant: TenantFixture) -> None:
    content = sent(tx, tenant, "60.00", "40.00")
    settle(tx, [content], on=TUESDAY)
    settled, returned = payment_ids(tx)
    give_back(tx, content, {traces(content)[1]: "R03"}, on=WEDNESDAY)
    assert payroll_status(tx) == "partially_paid"

    with pytest.raises(payments.NothingToRetry):
        payments.retry_instruction(tx, payment_id=settled, reason="again")
    with pytest.raises(payments.AccountNotCorrected):
        payments.retry_instruction(tx, payment_id=returned, reason="same account")
    before = stories.counts(tx)
    account = other_account(tx, returned)
    retry = payments.retry_instruction(tx, payment_id=returned, bank_account_id=account, reason="new account")
    again = payments.retry_instruction(tx, payment_id=returned, bank_account_id=account, reason="asked twice")

    # The new account is still in its cooldown: the money waits, and nothing is reserved or sent.
    assert again == retry and retry.status == "awaiting_funding" and payroll_status(tx) == "paying"
    assert payments.submit_due(tx, on=WEDNESDAY) == []
    stories.at(tx, date(2026, 12, 9))
    (file,) = payments.submit_due(tx, on=date(2026, 12, 9))
    assert stories.counts(tx)["payments.attempts"] == before["payments.attempts"] + 1
    second = payments.file_bytes(tx, file.id)
    (entry,) = fake.receive(second).entries
    assert entry.account.strip() == "777000111" and entry.trace_number not in traces(content)
    settle(tx, [second], on=date(2026, 12, 10))

    assert stories.statuses(tx) == ["settled", "settled"] and payroll_status(tx) == "paid"
    assert stories.balances(tx, tenant) == {"CASH": "-40.00", "SETTLEMENT_CLEARING": "40.00"}
    texts = [reason.text for reason in payments.get_life(tx, returned).reasons]
    assert "It is paid again: its attempt before came back with R03, and its money went back first." in texts


def test_some_reasons_need_two_people_to_pay_again(tx: Tx, tenant: TenantFixture) -> None:
    content = sent(tx, tenant, "40.00")
    give_back(tx, content, {traces(content)[0]: "R23"}, on=WEDNESDAY)
    (payment,) = payment_ids(tx)

    with pytest.raises(payments.RetryNeedsApproval):
        payments.retry_instruction(tx, payment_id=payment, reason="they will take it now")
    asked = payments.request_retry(tx, payment_id=payment, reason="they will take it now")
    retry = payments.retry_instruction(tx, payment_id=payment, reason="agreed", approval_id=approved(tx, asked))

    assert retry.status == "pending" and stories.client_funds(tx, tenant) == (usd("40.00"), usd("60.00"))
    # The first file's settlement is told late: it is of the attempt that came back, and not of the new one.
    settle(tx, [content], on=TUESDAY)
    assert stories.statuses(tx) == ["pending"]
    (file,) = payments.submit_due(tx, on=WEDNESDAY)
    settle(tx, [payments.file_bytes(tx, file.id)], on=THURSDAY)
    assert stories.statuses(tx) == ["settled"] and payroll_status(tx) == "paid"


def test_the_database_lets_nothing_be_paid_again_without_a_failure_and_a_retry(tx: Tx, tenant: TenantFixture) -> None:
    content = sent(tx, tenant, "40.00", "20.00")
    settle(tx, [content], on=TUESDAY)
    give_back(tx, content, {traces(content)[1]: "R23"}, on=WEDNESDAY)
    attempts: list[dict[str, Any]] = tx.all("SELECT id, instruction_id, status FROM payments.attempts ORDER BY id")
    alive, back = sorted(attempts, key=lambda row: row["status"] == "returned")

    with pytest.raises(payments.NothingToRetry), tx.savepoint():
        tx.run("UPDATE payments.instructions SET status = 'awaiting_funding', reservation_id = NULL, return_code = NULL"
               " WHERE status = 'returned'")  # fmt: skip
    with pytest.raises(payments.NothingToRetry), tx.savepoint():
        tx.run(
            """
            INSERT INTO payments.retries (tenant_id, id, instruction_id, attempt_id, reason, requested_at)
            VALUES (%(t)s, 'rty_raw', %(i)s, %(a)s, 'raw', now())
            """,
            {"t": tx.tenant_id, "i": alive["instruction_id"], "a": alive["id"]},
        )
    assert back["status"] == "returned" and stories.counts(tx)["payments.attempts"] == 2
