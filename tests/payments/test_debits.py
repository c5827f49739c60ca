"""A funding request over ACH goes out as a debit, its money comes in and is provisional, and may come back."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import pulls, stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, funding, parties, payments
from headgate.core.db import Database, Tx
from headgate.core.errors import Conflict
from headgate.payments.errors import FactChanged
from headgate.rails import fake
from headgate.rails.ach.reader import read_file

pytestmark = pytest.mark.slow


def categories(tx: Tx) -> dict[str, str]:
    return {case.category: case.state for case in cases.list_cases(tx)}


def test_a_request_becomes_a_debit_of_the_authorised_account(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    pulls.client(tx, tenant)

    request, file = pulls.debit(tx, tenant, "100.00")

    assert request.status == "submitted" and scenes.book(tx, tenant) == {}
    assert (file.debit, file.credit, file.entry_count, file.effective_on) == (usd("100.00"), usd("0.00"), 1, TUESDAY)
    assert file.content_words == f"1 debit, {usd('100.00').format()}"
    read = read_file(payments.file_bytes(tx, file.id))
    assert [fault for fault in read.faults if fault.level == "E"] == []
    (entry,) = read.entries
    header = read.batches[0].header
    assert header is not None and (header.sec_code, header.description.strip()) == ("CCD", "FUNDING")
    assert (entry.is_debit, entry.amount_minor, entry.account.strip(), entry.transaction_code) == (
        True, 10000, "987654321", "27",
    )  # fmt: skip
    (attempt,) = pulls.attempts(tx)
    assert (attempt["status"], attempt["individual_id"]) == ("sent", entry.individual_id.strip())
    assert attempt["heard_by"] == datetime(2026, 12, 4, 6, tzinfo=UTC)  # two banking days after Tuesday, in Chicago
    assert payments.submit_debits(tx) == []
    with pytest.raises(Conflict, match="with the bank"):
        funding.cancel_request(tx, funding_request_id=request.id, reason="changed our mind")


def test_its_statement_makes_the_money_provisional_and_it_becomes_final(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    pulls.client(tx, tenant)
    request, file = pulls.debit(tx, tenant, "100.00")
    stories.at(tx, WEDNESDAY)
    artifact = stories.read(tx, "tue", stories.statement([payments.file_bytes(tx, file.id)]))

    assert funding.settle_deposits(tx, artifact_id=artifact).new == ()
    effects = payments.settle_from_statement(tx, artifact_id=artifact)

    assert effects == payments.StatementEffects(files_settled=(file.id,), debits_settled=1)
    assert scenes.book(tx, tenant) == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}
    assert funding.get_request(tx, request.id).status == "settled"
    (event,) = funding.list_events(tx, funding_request_id=request.id)
    assert (event.provider, event.amount, event.final_at) == (
        "bank",
        usd("100.00"),
        datetime(2026, 12, 4, 5, tzinfo=UTC),
    )
    before = pulls.counts(tx)
    assert payments.settle_from_statement(tx, artifact_id=artifact) == payments.StatementEffects(repeated=1)
    assert pulls.counts(tx) == before

    stories.at(tx, MONDAY.replace(month=12, day=4))
    assert funding.finalise_due(tx) == {"finalised": 1, "refused": 0}
    assert scenes.book(tx, tenant) == {"CASH": "100.00", "CLIENT_FUNDS": "100.00"}
    assert payments.get_file(tx, file.id).status == "settled" and pulls.attempts(tx)[0]["status"] == "settled"


@pytest.mark.parametrize("order", ["settled first", "returned first"])
@pytest.mark.parametrize(("code", "may_go_on"), [("R01", True), ("R29", False)])
def test_a_return_file_takes_it_back_whichever_is_told_first(
    tx: Tx, tenant: TenantFixture, order: str, code: str, may_go_on: bool
) -> None:
    stories.at(tx, MONDAY)
    account = pulls.client(tx, tenant)
    request, file = pulls.debit(tx, tenant, "100.00")
    sent = payments.file_bytes(tx, file.id)
    stories.at(tx, WEDNESDAY)
    statement = stories.read(tx, "tue", stories.statement([sent]))
    trace = pulls.attempts(tx)[0]["trace_number"]
    returned = stories.read(tx, "ret", fake.return_file([sent], {trace: code}, on=WEDNESDAY))
    steps = [
        lambda: payments.settle_from_statement(tx, artifact_id=statement).debits_settled,
        lambda: payments.return_from_file(tx, artifact_id=returned).debits_returned,
    ]

    assert [step() for step in (steps if order == "settled first" else reversed(steps))] == [1, 1]

    assert scenes.book(tx, tenant) == {}
    assert (funding.get_request(tx, request.id).status, pulls.attempts(tx)[0]["status"]) == ("returned", "returned")
    kinds = [(event.kind, event.return_code) for event in funding.list_events(tx, funding_request_id=request.id)]
    assert kinds == [("settled", None), ("returned", code)]
    found = categories(tx)
    assert found.pop("movement_waiting", "resolved") == "resolved" and found == {"funding_returned": "open"}
    allowed = funding.debit_authorization(tx, legal_entity_id=tenant.legal_entity_id)
    assert allowed is not None and (allowed.bank_account_id == account) is may_go_on
    before = pulls.counts(tx)
    assert [step() for step in steps] == [0, 0] and payments.submit_debits(tx) == []
    assert pulls.counts(tx) == before


def test_late_after_payout_it_is_owed(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    pulls.client(tx, tenant)
    scenes.setting(tx, "hold_banking_days.ach_debit", "0")
    request, file = pulls.debit(tx, tenant, "100.00")
    sent = payments.file_bytes(tx, file.id)
    stories.at(tx, TUESDAY, 19)
    statement = stories.read(tx, "tue", stories.statement([sent]))
    payments.settle_from_statement(tx, artifact_id=statement)
    assert funding.finalise_due(tx)["finalised"] == 1
    payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00", pay_on=WEDNESDAY))
    payments.submit_due(tx, on=TUESDAY)
    stories.at(tx, MONDAY.replace(month=12, day=3))
    trace = pulls.attempts(tx)[0]["trace_number"]
    returned = stories.read(tx, "ret", fake.return_file([sent], {trace: "R29"}, on=WEDNESDAY.replace(day=3)))

    assert payments.return_from_file(tx, artifact_id=returned).debits_returned == 1

    (owed,) = funding.list_receivables(tx)
    assert (owed.owed, owed.return_code, owed.funding_request_id) == (usd("100.00"), "R29", request.id)
    assert scenes.book(tx, tenant)["RETURNS_RECEIVABLE"] == "100.00"


def test_what_cannot_go_is_a_case_and_asked_for_still(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    request = scenes.asked(tx, tenant, "100.00")
    assert payments.submit_debits(tx) == []
    (case,) = cases.list_cases(tx)
    assert (case.category, case.state) == ("debit_unsent", "open") and "originator" in case.detail["problems"][0]
    payee = stories.batch(tx, tenant, "1.00").items[0]
    with pytest.raises(funding.InvalidAuthorization, match="not the client's own"):
        funding.authorize_debits(
            tx, legal_entity_id=tenant.legal_entity_id, bank_account_id=payee.bank_account_id, evidence="none"
        )
    account = pulls.client(tx, tenant)
    funding.withdraw_debits(tx, legal_entity_id=tenant.legal_entity_id, reason="the client asked us to")
    assert payments.submit_debits(tx) == [] and len(cases.list_cases(tx)) == 1
    funding.authorize_debits(tx, legal_entity_id=tenant.legal_entity_id, bank_account_id=account, evidence="anew")
    block = parties.block_bank_account(tx, bank_account_id=account, reason="fraud")
    assert payments.submit_debits(tx) == [] and funding.get_request(tx, request.id).status == "requested"
    parties.lift_block(tx, block_id=block.id, reason="cleared")

    (file,) = payments.submit_debits(tx)

    assert file.debit == usd("100.00") and cases.list_cases(tx)[0].state == "resolved"


def test_a_debit_waits_for_its_day(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    pulls.client(tx, tenant)
    funding.request_funding(
        tx, idempotency_key="later", legal_entity_id=tenant.legal_entity_id, amount=usd("5.00"), rail="ach_debit",
        due_on=MONDAY.replace(month=12, day=5),
    )  # fmt: skip

    assert payments.submit_debits(tx) == []  # Saturday: it is debited on Monday, and handed over on Friday
    stories.at(tx, MONDAY.replace(month=12, day=4))
    (file,) = payments.submit_debits(tx)
    assert file.effective_on == MONDAY.replace(month=12, day=7)


def test_whoever_writes_no_account_is_debited_without_its_clients_word(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[object]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        pulls.client(tx, tenant)
        request, _ = pulls.debit(tx, tenant, "100.00")
        other = stories.batch(tx, tenant, "1.00").items[0].bank_account_id

    def insert(tx: Tx, account: str, request_id: str) -> None:
        tx.run(
            """
            INSERT INTO payments.funding_attempts
                   (tenant_id, id, funding_request_id, attempt_no, legal_entity_id, bank_account_id, authorization_id,
                    amount_minor, currency, rail, sec_code, ach_file_id, trace_number, rdfi_identification, individual_id,
                    heard_by, created_at)
            SELECT tenant_id, id || 'x', %(request)s, 2, legal_entity_id, %(account)s, authorization_id, amount_minor,
                   currency, rail, sec_code, ach_file_id, '990000010000099', rdfi_identification, 'X', heard_by, created_at
              FROM payments.funding_attempts WHERE tenant_id = %(t)s
            """,
            {"t": tx.tenant_id, "account": account, "request": request_id},
        )

    with (
        pytest.raises(FactChanged, match="not of an account"),
        database.begin(tenant_id=tenant.id, actor=ACTOR) as tx,
    ):
        insert(tx, other, request.id)
    with pytest.raises(psycopg.Error, match="is fixed"):
        admin.execute("UPDATE payments.funding_attempts SET amount_minor = 1 WHERE tenant_id = %s", (tenant.id,))
