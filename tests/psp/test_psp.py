"""The front door on a plain psycopg connection: it commits nothing, and each verb is the domain's own."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY
from tests.psp import scenes

from headgate import funding, ledger, payments
from headgate.core.db import Actor, Database
from headgate.core.errors import Malformed, MalformedId, Refused
from headgate.psp import (
    PSP,
    BoundElsewhere,
    FundingBlocked,
    FundingGate,
    FundingInsufficientFunds,
    LedgerService,
    Obligation,
    OverrideReasonMissing,
    PayGateNotOptional,
    PSPConfig,
    ReconciliationService,
    TransactionOpen,
)
from headgate.rails import fake

pytestmark = pytest.mark.slow

Connection = psycopg.Connection[Any]
Configure = Callable[..., PSPConfig]


# Committing a payroll -----------------------------------------------------------------------------------------------


def test_a_funded_payroll_is_committed_when_the_caller_commits(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    scenes.fund(database, client, "200.00")
    before = scenes.counts(database, client)

    result = psp.commit_payroll_batch(
        scenes.payroll(psp, "60.00", "70.00", obligations=(Obligation("tax", "IRS", usd("20.00")),))
    )

    assert (result.status, result.is_committed, result.block_reason) == ("committed", True, None)
    assert result.payroll.total == usd("150.00")
    assert psp.balance().available == usd("50.00"), "the caller sees its own work"
    assert scenes.counts(database, client) == before, "and nobody else does, until it commits"
    theirs.commit()
    assert scenes.figures(database, client) == ("150.00", "50.00")


def test_what_the_caller_rolls_back_reserved_nothing(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    scenes.fund(database, client, "200.00")
    before = scenes.counts(database, client)
    assert psp.commit_payroll_batch(scenes.payroll(psp, "60.00")).is_committed

    theirs.rollback()

    assert scenes.counts(database, client) == before
    assert scenes.figures(database, client) == ("0.00", "200.00")


def test_committed_again_it_is_the_same_payroll(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    scenes.fund(database, client, "200.00")
    batch = scenes.payroll(psp, "60.00")
    first = psp.commit_payroll_batch(batch)
    theirs.commit()
    before = scenes.counts(database, client)

    again = psp.commit_payroll_batch(batch)
    theirs.commit()

    assert (again.status, again.payroll, again.gate) == ("committed", first.payroll, None)
    assert scenes.counts(database, client) == before


def test_a_block_is_a_value_recorded_and_the_transaction_goes_on(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP, login: str
) -> None:
    scenes.fund(database, client, "100.00")
    batch = scenes.payroll(psp, "60.00", "70.00")

    result = psp.commit_payroll_batch(batch)
    theirs.execute(f"INSERT INTO {login}.runs VALUES ('blocked')")
    theirs.commit()

    assert (result.status, result.block_reason, result.shortfall) == (
        "blocked_funds",
        "insufficient_funds",
        usd("30.00"),
    )
    assert result.client_message == "Your account balance is insufficient. Please fund $30.00 to proceed."
    assert scenes.figures(database, client) == ("0.00", "100.00")
    assert FundingGate(theirs, psp.config).evaluations(result.payroll.id)[0].shortfall_minor == 3000
    scenes.fund(database, client, "30.00", external_id="wire-2")
    assert psp.commit_payroll_batch(batch).status == "committed", "funded, the same call passes"


def test_another_tenants_or_entitys_payroll_is_refused(psp: PSP, client: TenantFixture) -> None:
    batch = scenes.payroll(psp, "60.00")
    stranger = "00000000-0000-7000-8000-000000000000"

    with pytest.raises(BoundElsewhere):
        psp.commit_payroll_batch(replace(batch, tenant_id=stranger))
    with pytest.raises(BoundElsewhere):
        psp.commit_payroll_batch(replace(batch, legal_entity_id="le_other"))
    with pytest.raises(BoundElsewhere):
        psp.release_reservation(tenant_id=stranger, reservation_id=1)
    assert psp.commit_payroll_batch(replace(batch, tenant_id=str(client.id).upper())).payroll.total == usd("60.00")


# The override of the commit gate, and the pay gate that has none ----------------------------------------------------


@pytest.mark.parametrize("value", [False, None, 0])
def test_the_pay_gate_cannot_be_turned_off(configured: Configure, value: Any) -> None:
    with pytest.raises(PayGateNotOptional) as refusal:
        configured(pay_gate_always_enforced=value)

    assert "the database itself refuses an attempt to pay without a consumed reservation" in str(refusal.value)
    assert "commit_gate_strict=False" in str(refusal.value)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_an_override_says_why(configured: Configure, reason: str | None) -> None:
    with pytest.raises(OverrideReasonMissing, match="override_reason"):
        configured(commit_gate_strict=False, override_reason=reason)


def test_the_override_commits_with_warnings_and_nothing_leaves_before_the_money_is_there(
    database: Database, client: TenantFixture, theirs: Connection, configured: Configure
) -> None:
    scenes.fund(database, client, "100.00")
    psp = PSP(theirs, configured(commit_gate_strict=False, override_reason="the bank's wire is on its way, INC-7"))

    batch = scenes.payroll(psp, "60.00", "70.00")
    result = psp.commit_payroll_batch(batch)
    theirs.commit()

    assert (result.status, result.is_committed, result.block_reason) == (
        "committed_with_warnings",
        True,
        "insufficient_funds",
    )
    assert result.payroll.status == "committed"
    assert scenes.figures(database, client) == ("0.00", "100.00"), "nothing is reserved"
    ((_, actor_type, actor_id, data),) = scenes.events(database, client, "funding.gate.warned")
    assert (actor_type, actor_id, data["override_reason"], data["shortfall_minor"]) == (
        "human",
        "ann@example.com",
        "the bank's wire is on its way, INC-7",
        3000,
    )
    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        told = tx.values(
            "SELECT event_type FROM messaging.outbox_messages WHERE event_type LIKE 'funding.%%' ORDER BY id"
        )
    assert told == ["funding.deposit.settled", "funding.blocked", "funding.insufficient_funds"], "the same events"
    assert psp.commit_payroll_batch(batch).status == "committed_with_warnings", "asked again, the same answer"
    theirs.commit()

    assert psp.submit_due(MONDAY) == [], "the pay gate is as strict as ever"
    scenes.fund(database, client, "30.00", external_id="wire-2")
    (file,) = psp.submit_due(MONDAY)

    assert (file.credit, file.status) == (usd("130.00"), "delivered")
    assert psp.commit_payroll_batch(batch).status == "committed"


def test_the_override_does_nothing_where_funds_suffice(
    database: Database, client: TenantFixture, theirs: Connection, configured: Configure
) -> None:
    scenes.fund(database, client, "100.00")
    psp = PSP(theirs, configured(commit_gate_strict=False, override_reason="INC-7"))

    assert psp.commit_payroll_batch(scenes.payroll(psp, "60.00")).status == "committed"
    theirs.commit()

    assert scenes.events(database, client, "funding.gate.warned") == []


def test_what_the_override_committed_is_not_raw_sendable(
    database: Database, client: TenantFixture, theirs: Connection, configured: Configure
) -> None:
    psp = PSP(theirs, configured(commit_gate_strict=False, override_reason="INC-7"))
    psp.commit_payroll_batch(scenes.payroll(psp, "60.00"))
    theirs.commit()
    with (
        pytest.raises(psycopg.Error) as refusal,
        database.begin(tenant_id=client.id, actor=ACTOR) as tx,
    ):
        tx.run(
            """
            INSERT INTO payments.attempts (tenant_id, id, instruction_id, attempt_no, reservation_id, transaction_id,
                   amount_minor, currency, rail, ach_file_id, trace_number, rdfi_identification, created_at)
            SELECT tenant_id, 'att_x', id, 1, NULL, 1, amount_minor, currency, 'ach', 'fil_x', '000000000000001', '00000001',
                   created_at FROM payments.instructions
            """
        )
    assert refusal.value.sqlstate in ("23502", "HG501")


# Executing and sending ----------------------------------------------------------------------------------------------


def test_execution_queues_and_sends_nothing(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    scenes.fund(database, client, "200.00")
    result = psp.commit_payroll_batch(scenes.payroll(psp, "60.00", "70.00"))

    queued = psp.execute_payments(result.payroll.id)
    theirs.commit()

    assert queued == payments.Queued(result.payroll.id, TUESDAY, 2, usd("130.00"), 0, usd("0.00"))
    assert scenes.counts(database, client)["payments.attempts"] == 0
    ((_, _, _, data),) = scenes.events(database, client, "payments.payroll.execution_requested")
    assert (data["funded_count"], data["funded_minor"]) == (2, 13000)


def test_execution_of_a_blocked_payroll_is_refused(client: TenantFixture, psp: PSP) -> None:
    result = psp.commit_payroll_batch(scenes.payroll(psp, "60.00"))

    refusal = psp.execute_payments(result.payroll.id)

    assert isinstance(refusal, Refused)
    assert refusal.code == "payments.payroll_not_committed"
    with pytest.raises(payments.NoSuchPayroll):
        psp.execute_payments("prl_unknown")


def test_sending_is_refused_while_the_callers_transaction_is_open(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    scenes.fund(database, client, "200.00")
    psp.commit_payroll_batch(scenes.payroll(psp, "60.00"))

    with pytest.raises(TransactionOpen, match="commit or roll back first"):
        psp.submit_due(MONDAY)

    assert psp.balance().reserved == usd("60.00"), "and the transaction goes on"
    theirs.commit()
    (file,) = psp.submit_due(MONDAY)
    assert file.status == "delivered"
    assert theirs.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert (payments.outbound_folder(database, client.id) / file.name).exists()


def test_today_is_the_legal_entitys(database: Database, client: TenantFixture, theirs: Connection, psp: PSP) -> None:
    scenes.fund(database, client, "200.00")
    psp.commit_payroll_batch(scenes.payroll(psp, "60.00", pay_date=WEDNESDAY))
    theirs.commit()
    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY, 3)  # still Monday evening in Chicago

    assert psp.submit_due() == []
    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY, 15)
    (file,) = psp.submit_due()

    assert file.effective_on == WEDNESDAY


# The whole journey, and feeds ---------------------------------------------------------------------------------------


def test_a_dollars_life_through_the_front_door_alone(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    wire = fake.WireIn(usd("200.00"), psp.funding.payer_reference(), "ACME INC")
    monday = stories.statement([], on=MONDAY, wires=[wire])
    came = psp.ingest_settlement_feed(monday, filename="monday.bai")
    assert came.kind == "statement" and came.deposits is not None and came.refused is None
    assert [deposit.amount for deposit in came.deposits.new] == [usd("200.00")]
    result = psp.commit_payroll_batch(scenes.payroll(psp, "60.00", "70.00"))
    theirs.commit()

    (file,) = psp.submit_due(MONDAY)
    content = (payments.outbound_folder(database, client.id) / file.name).read_bytes()
    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY, 23)
    tuesday = stories.statement([content], opening="200.00")
    settled = psp.ingest_settlement_feed(tuesday, filename="tuesday.bai")
    theirs.commit()
    assert settled.statement is not None and settled.statement.instructions_settled == 2
    before = scenes.counts(database, client)
    again = psp.ingest_settlement_feed(tuesday, filename="tuesday.bai")
    theirs.commit()
    assert again.artifact_id == settled.artifact_id
    assert again.statement is not None and (again.statement.instructions_settled, again.statement.repeated) == (0, 1)
    assert scenes.counts(database, client) == before, "the same bytes again move nothing"

    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        stories.at(tx, WEDNESDAY)
    (first, _) = fake.receive(content).entries
    back = psp.handle_provider_callback(
        provider="bank.returns", body=fake.return_file([content], {first.trace_number: "R01"}, on=WEDNESDAY)
    )
    theirs.commit()
    assert back.kind == "returns" and back.returns is not None and len(back.returns.returned) == 1
    assert psp.payments.get_life(back.returns.returned[0]).row.status == "returned"
    assert psp.payments.get_payroll(result.payroll.id).status == "partially_paid"
    assert psp.balance().available == usd("130.00")


def test_a_feed_is_taken_back_with_the_callers_transaction(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    wire = fake.WireIn(usd("200.00"), psp.funding.payer_reference(), "ACME INC")
    theirs.commit()
    before = scenes.counts(database, client)

    psp.ingest_settlement_feed(stories.statement([], on=MONDAY, wires=[wire]), filename="monday.bai")
    theirs.rollback()

    assert scenes.counts(database, client) == before


@pytest.mark.parametrize(
    ("data", "code", "kind"),
    [
        (b'{"event": "transfer.settled"}', "ingestion.unknown_kind", "unknown"),
        (
            b"Employee ID,Name,Routing Number,Account Number,Account Type,Net Pay\nE-1,Ann,101000019,66432365329,checking,1.00\n",
            "psp.no_settlement_feed",
            "register",
        ),
    ],
)
def test_what_settles_nothing_is_kept_and_says_so(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP, data: bytes, code: str, kind: str
) -> None:
    answer = psp.handle_provider_callback(provider="column", body=data)
    again = psp.handle_provider_callback(provider="column", body=data)
    theirs.commit()

    assert answer.refused is not None and answer.refused.code == code
    assert (again.artifact_id, again.kind) == (answer.artifact_id, kind)
    assert scenes.figures(database, client) == ("0.00", "0.00")


def test_a_day_is_reconciled(database: Database, client: TenantFixture, theirs: Connection, psp: PSP) -> None:
    service = ReconciliationService(theirs, psp.config)
    wire = fake.WireIn(usd("200.00"), psp.funding.payer_reference(), "ACME INC")
    feed = service.ingest_settlement_feed(stories.statement([], on=MONDAY, wires=[wire]), filename="monday.bai")
    with psp.begin() as tx:
        statement = tx.value("SELECT id FROM ingestion.statements WHERE artifact_id = %(id)s", {"id": feed.artifact_id})
        cash = ledger.account_for(tx, "CASH", "USD").id
    service.link_bank_account(account=cash, statement_id=statement)

    found = service.reconcile(account=cash, on=MONDAY)
    theirs.commit()  # its deferred keys are checked now, as the caller

    assert (found.status, found.variance) == ("balanced", usd("0.00"))


# Reservations -------------------------------------------------------------------------------------------------------


def test_a_reservation_is_released_once_and_a_captured_one_is_refused(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    scenes.fund(database, client, "200.00")
    held = psp.ledger.create_reservation("tax", usd("50.00"), "Q4")
    assert isinstance(held, ledger.Reservation)
    assert psp.balance().available == usd("150.00")

    first = psp.release_reservation(tenant_id=client.id, reservation_id=held.id)
    twice = psp.release_reservation(tenant_id=str(client.id), reservation_id=held.id)

    assert isinstance(first, ledger.Reservation) and first.status == "released"
    assert twice == first
    assert psp.balance().available == usd("200.00")
    psp.commit_payroll_batch(scenes.payroll(psp, "60.00"))
    theirs.commit()
    psp.submit_due(MONDAY)
    with psp.begin() as tx:
        captured = tx.value("SELECT id FROM ledger.reservations WHERE status = 'captured'")
    refusal = psp.gate.release_reservation(tenant_id=client.id, reservation_id=captured)
    assert isinstance(refusal, Refused)
    assert refusal.code == "ledger.reservation_not_active"


# The parts alone ----------------------------------------------------------------------------------------------------


def test_the_ledger_alone(client: TenantFixture, theirs: Connection, configured: Configure) -> None:
    service = LedgerService(theirs, configured(actor=Actor.system("books")))
    with service.begin() as tx:
        cash = ledger.account_for(tx, "CASH", "USD").id
        funds = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=client.legal_entity_id)

    posted = service.post_entry(
        idempotency_key="inv-1",
        debit_account=cash,
        credit_account=funds.code,
        amount=usd("20.00"),
        source_type="invoice",
        source_id="1",
        metadata={"note": "first"},
    )
    assert isinstance(posted, ledger.Posted)
    again = service.post_entry(
        idempotency_key="inv-1",
        debit_account=cash,
        credit_account=funds.code,
        amount=usd("20.00"),
        source_type="invoice",
        source_id="1",
        metadata={"note": "first"},
    )
    assert (again, posted.replayed) == (ledger.Posted(posted.transaction_id, True), False)
    with pytest.raises(ledger.IdempotencyConflict):
        service.post_entry(idempotency_key="inv-1", debit_account=cash, credit_account=funds.id, amount=usd("21.00"))
    assert service.get_balance(funds.code).available == usd("20.00")

    held = service.create_reservation("payout", usd("15.00"), "p-1", expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    same = service.create_reservation("payout", usd("15.00"), "p-1", expires_at=datetime(2030, 1, 1, tzinfo=UTC))
    assert isinstance(held, ledger.Reservation) and isinstance(same, ledger.Reservation)
    assert (same.id, same.replayed, held.account_id) == (held.id, True, funds.id)
    more = service.create_reservation("payout", usd("6.00"), "p-2")
    assert isinstance(more, Refused) and more.code == "ledger.insufficient_funds"
    elsewhere = service.create_reservation("payout", usd("15.00"), "p-3", account_id=cash)
    assert isinstance(elsewhere, ledger.Reservation) and elsewhere.account_id == cash
    apart = [service.create_reservation("a:b", usd("1.00"), "c"), service.create_reservation("a", usd("1.00"), "b:c")]
    assert len({one.id for one in apart if isinstance(one, ledger.Reservation)}) == 2

    theirs.commit()
    refused = service.reverse_entry(posted.transaction_id, "typed wrong")
    assert isinstance(refused, Refused), "what is reserved cannot be taken back"
    for one in (held, *apart):
        assert isinstance(one, ledger.Reservation)
        FundingGate(theirs, service.config).release_reservation(tenant_id=client.id, reservation_id=one.id)


def test_a_posting_is_reversed_once(client: TenantFixture, theirs: Connection, psp: PSP) -> None:
    service = LedgerService(theirs, psp.config)
    with service.begin() as tx:
        cash = ledger.account_for(tx, "CASH", "USD").id
        funds = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=client.legal_entity_id).id
    posted = service.post_entry(idempotency_key="i", debit_account=cash, credit_account=funds, amount=usd("20.00"))
    assert isinstance(posted, ledger.Posted)

    first = service.reverse_entry(posted.transaction_id, "typed wrong")
    again = service.reverse_entry(posted.transaction_id, "typed wrong")

    assert isinstance(first, ledger.Posted) and isinstance(again, ledger.Posted)
    assert (again.transaction_id, again.replayed) == (first.transaction_id, True)
    assert service.get_balance(funds).posted == usd("0.00")


def test_the_gate_alone(database: Database, client: TenantFixture, theirs: Connection, configured: Configure) -> None:
    scenes.fund(database, client, "100.00")
    gate = FundingGate(theirs, configured())
    request = funding.GateRequest(
        "advance-1",
        1,
        client.legal_entity_id,
        "USD",
        (funding.RequirementLine("third_party", usd("40.00")),),
        (funding.Claim("advance-1", usd("40.00")),),
    )

    passed = gate.judge_commit(request)
    theirs.commit()

    assert passed.passed
    assert scenes.figures(database, client) == ("40.00", "60.00")
    assert gate.evaluation(passed.evaluation_id).available_minor == 10000


def test_one_front_door_has_one_correlation_id(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    scenes.fund(database, client, "200.00")
    psp.commit_payroll_batch(scenes.payroll(psp, "60.00"))
    psp.ledger.create_reservation("tax", usd("50.00"), "Q4")
    theirs.commit()

    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        seen = tx.values("SELECT DISTINCT correlation_id FROM audit.events WHERE actor_id = 'ann@example.com'")
    assert seen == [psp.config.correlation_id]


# Events -------------------------------------------------------------------------------------------------------------


def test_the_events_are_read_from_what_the_gate_published(
    database: Database, client: TenantFixture, theirs: Connection, psp: PSP
) -> None:
    scenes.fund(database, client, "100.00")
    result = psp.commit_payroll_batch(scenes.payroll(psp, "60.00", "70.00"))
    theirs.commit()
    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        bodies = {
            row["event_type"]: row["payload"]
            for row in tx.all(
                "SELECT event_type, payload FROM messaging.outbox_messages WHERE event_type LIKE 'funding.%%'"
            )
        }

    blocked = FundingBlocked.of(bodies["funding.blocked"])
    lacking = FundingInsufficientFunds.of({**bodies["funding.insufficient_funds"], "added_later": 1})

    assert result.gate is not None
    assert (blocked.subject, blocked.evaluation_id) == (result.payroll.id, result.gate.evaluation_id)
    assert (blocked.required, blocked.available, blocked.shortfall) == (usd("130.00"), usd("100.00"), usd("30.00"))
    assert (lacking.block_reason, lacking.client_message) == ("insufficient_funds", result.client_message)
    assert isinstance(lacking, FundingBlocked) and type(blocked) is FundingBlocked
    with pytest.raises(Malformed, match="schema"):
        FundingInsufficientFunds.of(bodies["funding.blocked"])
    with pytest.raises(Malformed, match="lacks subject"):
        FundingBlocked.of({key: value for key, value in bodies["funding.blocked"].items() if key != "subject"})


# Beside everything else ---------------------------------------------------------------------------------------------


def test_what_is_no_item_is_not_dropped_in_silence(client: TenantFixture, psp: PSP) -> None:
    good = scenes.payroll(psp, "60.00")
    strange: Any = {"employee_id": "E-9", "amount": "70.00"}

    with pytest.raises(payments.InvalidPayroll, match="an item is a dict; write net pay as PayrollItem"):
        psp.commit_payroll_batch(replace(good, items=(*good.items, strange)))


def test_a_tenants_id_is_one(configured: Configure) -> None:
    with pytest.raises(MalformedId, match="'acme' is no tenant's id"):
        configured(tenant_id="acme")


def test_the_own_connection_goes_where_the_environment_says(
    database: Database, client: TenantFixture, theirs: Connection, configured: Configure, login: str
) -> None:
    scenes.fund(database, client, "200.00")
    url = database.url("admin").replace("//headgate@", f"//{login}@")
    assert login in url
    installation = replace(database.config, database_url=url)
    psp = PSP(theirs, configured(config=installation))
    psp.commit_payroll_batch(scenes.payroll(psp, "60.00"))
    theirs.commit()

    (file,) = psp.submit_due(MONDAY)

    assert file.status == "delivered"


@pytest.mark.parametrize(("ends", "second"), [("commit", "blocked_funds"), ("rollback", "committed")])
def test_a_second_application_waits_for_the_first_and_sees_what_became_of_it(
    database: Database,
    client: TenantFixture,
    connect: Callable[..., Connection],
    configured: Configure,
    ends: str,
    second: str,
) -> None:
    """Two sessions ask for the same last dollars; who comes second is judged by what the first leaves."""
    scenes.fund(database, client, "100.00")
    one, two = PSP(connect(), configured()), PSP(connect(), configured())
    batches = [scenes.payroll(one, "80.00", payroll_id=f"PR-{n}") for n in range(2)]
    one.session.commit()
    results: list[str] = []

    assert one.commit_payroll_batch(batches[0]).status == "committed"
    waiting = threading.Thread(target=lambda: results.append(two.commit_payroll_batch(batches[1]).status))
    waiting.start()
    while waiting.is_alive() and not somebody_waits(database):
        time.sleep(0.01)
    assert results == []
    getattr(one.session, ends)()
    waiting.join()
    two.session.commit()

    assert results == [second]
    assert scenes.figures(database, client) == ("80.00", "20.00")


def somebody_waits(database: Database) -> bool:
    with database.connect("admin") as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchone()
        return bool(row and row[0])


def test_it_needs_neither_sqlalchemy_nor_the_servers_parts(tmp_path: Path) -> None:
    code = """
import sys
sys.modules["sqlalchemy"] = None
import headgate.psp
print(sorted({name.partition(".")[0] for name in sys.modules} & {"uvicorn", "typer", "jinja2", "sse_starlette", "rich"}))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)

    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")
