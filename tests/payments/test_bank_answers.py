"""What the bank says, in whatever order and however often."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, ingestion, payments
from headgate.core.db import Actor, Database, Tx
from headgate.rails import ach, fake

pytestmark = pytest.mark.slow


@pytest.fixture
def sent(tx: Tx, tenant: TenantFixture) -> tuple[payments.AchFile, bytes]:
    """Three payments of 100, 60 and 40 are sent on Monday out of 300."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "300.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00", "60.00", "40.00"))
    (file,) = payments.submit_due(tx, on=MONDAY)
    stories.at(tx, WEDNESDAY, 23)
    return file, payments.file_bytes(tx, file.id)


def traces(content: bytes) -> list[str]:
    return [entry.trace_number for entry in ach.read_file(content).entries]


def test_the_order_of_settlement_and_return_does_not_matter(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    _, content = sent
    returned = fake.return_file([content], {traces(content)[1]: "R03"}, on=WEDNESDAY)
    back = stories.statement([], on=WEDNESDAY, return_files=[returned])

    stories_told: list[Callable[[], object]] = [
        lambda: payments.settle_from_statement(tx, artifact_id=stories.read(tx, "wed", back)),
        lambda: payments.return_from_file(tx, artifact_id=stories.read(tx, "ret", returned)),
        lambda: payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tue", stories.statement([content]))),
    ]
    for tell in stories_told:
        tell()

    assert stories.balances(tx, tenant) == {"CASH": "160.00", "CLIENT_FUNDS": "160.00"}
    assert stories.statuses(tx) == ["settled", "returned", "settled"]
    assert payments.list_payrolls(tx)[0].status == "partially_paid"


def test_a_return_before_its_settlement_says_so_and_stays_returned(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    _, content = sent
    returned = fake.return_file([content], {traces(content)[0]: "R02"}, on=TUESDAY)

    (payment_id,) = payments.return_from_file(tx, artifact_id=stories.read(tx, "ret", returned)).returned

    assert stories.balances(tx, tenant) == {
        "CASH": "300.00",
        "CLIENT_FUNDS": "200.00",
        "PAYROLL_CLEARING": "200.00",
        "SETTLEMENT_CLEARING": "100.00",
    }
    assert any("has not settled yet" in reason.text for reason in payments.get_life(tx, payment_id).reasons)


def test_all_settled_is_paid_and_published_once(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    _, content = sent
    artifact = stories.read(tx, "tue", stories.statement([content]))

    payments.settle_from_statement(tx, artifact_id=artifact)
    payments.settle_from_statement(tx, artifact_id=artifact)

    assert payments.list_payrolls(tx)[0].status == "paid"
    posted = tx.all(
        "SELECT payload FROM messaging.outbox_messages WHERE tenant_id = %(t)s AND event_type = 'payment.posted'",
        {"t": tx.tenant_id},
    )
    assert len(posted) == 3
    assert {row["payload"]["status"] for row in posted} == {"completed"}
    assert sorted(row["payload"]["allocations"][0]["amount_minor"] for row in posted) == [4000, 6000, 10000]


def test_the_same_day_in_another_format_moves_nothing_more(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    _, content = sent
    payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tue.bai", stories.statement([content])))
    book = stories.balances(tx, tenant)

    payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tue.xml", stories.statement([content], camt=True)))

    assert stories.balances(tx, tenant) == book
    assert stories.statuses(tx) == ["settled"] * 3


def test_another_amount_than_the_file_s_settles_nothing_and_opens_a_case(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    file, content = sent
    short = stories.statement([content]).replace(b",466,20000,", b",466,19999,")
    assert short != stories.statement([content])
    book = stories.balances(tx, tenant)

    artifact = stories.read(tx, "tue", short)
    effects = payments.settle_from_statement(tx, artifact_id=artifact)
    payments.settle_from_statement(tx, artifact_id=artifact)

    assert effects.mismatched == (file.id,) and effects.instructions_settled == 0
    assert stories.balances(tx, tenant) == book and stories.statuses(tx) == ["sent"] * 3
    found = [case for case in cases.list_cases(tx) if case.category == "file_settlement_differs"]
    assert [(case.severity, case.detail["bank_minor"], case.detail["file_minor"]) for case in found] == [
        ("high", 19999, 20000)
    ]


def test_a_statement_of_a_day_to_come_settles_nothing(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    stories.at(tx, MONDAY)
    artifact = stories.read(tx, "tue", stories.statement([sent[1]]))
    book = stories.balances(tx, tenant)

    with pytest.raises(payments.PostingRefused, match="still to come"), tx.savepoint():
        payments.settle_from_statement(tx, artifact_id=artifact)

    assert stories.balances(tx, tenant) == book and stories.statuses(tx) == ["sent"] * 3


def test_a_return_of_nothing_of_ours_is_an_orphan(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    _, content = sent
    chosen = traces(content)[2]
    returned = fake.return_file([content], {chosen: "R04"}, on=WEDNESDAY)
    stranger = returned.replace(chosen.encode(), b"990000018888888")
    book = stories.balances(tx, tenant)

    for known in range(2):
        effects = payments.return_from_file(tx, artifact_id=stories.read(tx, "ret", stranger))
        assert effects == payments.ReturnEffects((), orphans=1 - known, repeated=known)

    assert stories.balances(tx, tenant) == book and stories.statuses(tx) == ["sent"] * 3
    orphans = [case for case in cases.list_cases(tx) if case.category == "orphan_return"]
    assert [(case.subcategory, case.severity) for case in orphans] == [("R04", "medium")]


def test_a_return_of_another_amount_is_an_orphan_too(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    _, content = sent
    returned = fake.return_file([content], {traces(content)[2]: "R04"}, on=WEDNESDAY)
    entry = next(line for line in returned.split(b"\n") if line.startswith(b"6"))
    other = returned.replace(entry, entry.replace(b"0000004000", b"0000004001"))
    assert other != returned

    effects = payments.return_from_file(tx, artifact_id=stories.read(tx, "ret", other))

    assert effects.returned == ()
    assert stories.statuses(tx) == ["sent"] * 3


def test_a_duplicate_return_file_moves_nothing(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    _, content = sent
    first = fake.return_file([content], {traces(content)[1]: "R03"}, on=TUESDAY)
    again = fake.return_file([content], {traces(content)[1]: "R02", traces(content)[2]: "R02"}, on=WEDNESDAY)

    payments.return_from_file(tx, artifact_id=stories.read(tx, "ret1", first))
    effects = payments.return_from_file(tx, artifact_id=stories.read(tx, "ret2", again))

    assert (len(effects.returned), effects.repeated) == (1, 1)
    rows = payments.list_instructions(tx, query=payments.parse_query("status:returned"))
    assert sorted(row.return_code or "" for row in rows) == ["R02", "R03"]


def test_a_statement_with_faults_settles_by_its_good_lines(
    tx: Tx, tenant: TenantFixture, sent: tuple[payments.AchFile, bytes]
) -> None:
    _, content = sent
    broken = stories.statement([content]).replace(b"\n49,", b"\n16,999,1,Z,x,y,z/\n49,")

    artifact = stories.read(tx, "tue", broken)
    effects = payments.settle_from_statement(tx, artifact_id=artifact)

    assert effects.instructions_settled == 3
    assert ingestion.list_faults(tx, artifact_id=artifact)


def test_a_register_with_a_bad_line_pays_the_good_ones_and_names_it(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "100.00")
    register = (
        b"employee_id,name,routing_number,account_number,account_type,net_pay\n"
        b"E-1,A One,021000021,123456789,checking,10.00\n"
        b"E-2,B Two,021000022,123456789,checking,20.00\n"
        b"E-3,C Three,021000021,987654321,savings,30.00\n"
    )
    artifact = stories.read(tx, "register.csv", register, source="upload")

    result = payments.commit_register(
        tx, artifact_id=artifact, legal_entity_id=tenant.legal_entity_id, payroll_id="PR-1", pay_on=TUESDAY
    )

    assert result.status == "committed" and result.payroll.total == usd("40.00")
    assert [fault.line for fault in ingestion.list_faults(tx, artifact_id=artifact)] == [3]


def test_senders_and_bank_files_at_once_never_deadlock(database: Database, tenant: TenantFixture) -> None:
    """One payroll has payments that come back while others of it are being sent."""

    def begin() -> AbstractContextManager[Tx]:
        return database.begin(tenant_id=tenant.id, actor=ACTOR)

    with begin() as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "1000.00")
        owed = tuple(payments.Obligation("tax", f"tax_{n}", usd("1.00")) for n in range(6))
        batch = stories.batch(tx, tenant, *["10.00"] * 6, obligations=owed)
        payments.commit_payroll(tx, batch)
        (file,) = payments.submit_due(tx, on=MONDAY)
        content = payments.file_bytes(tx, file.id)
        stories.at(tx, WEDNESDAY)
        taxes = [row.id for row in payments.list_instructions(tx, query=payments.parse_query("kind:tax"))]
        for tax in taxes:
            payments.name_account(tx, payment_id=tax, bank_account_id=batch.items[0].bank_account_id)
        artifacts = [
            stories.read(tx, f"ret{n}", fake.return_file([content], {trace: "R23"}, on=TUESDAY + timedelta(n)))
            for n, trace in enumerate(traces(content))
        ]
        statement = stories.read(tx, "tue", stories.statement([content]))
    jobs: list[Callable[[Tx], object]] = [
        *(partial(payments.return_from_file, artifact_id=artifact) for artifact in artifacts),
        *(partial(payments.submit_due, on=WEDNESDAY) for _ in range(3)),
        partial(payments.settle_from_statement, artifact_id=statement),
    ]
    start = threading.Barrier(len(jobs))

    def do(job: Callable[[Tx], object]) -> None:
        start.wait()
        with begin() as own:
            job(own)

    with ThreadPoolExecutor(len(jobs)) as pool:
        for done in [pool.submit(do, job) for job in jobs]:
            done.result()

    with begin() as tx:
        payments.submit_due(tx, on=WEDNESDAY)
        assert stories.statuses(tx) == ["returned"] * 6 + ["sent"] * 6
        assert stories.balances(tx, tenant) == {
            "CASH": "940.00",
            "CLIENT_FUNDS": "994.00",
            "PAYROLL_CLEARING": "6.00",
            "SETTLEMENT_CLEARING": "60.00",
        }


def test_a_return_waits_for_a_sender_before_it_takes_the_client_s_account(
    database: Database, tenant: TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "100.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00"))
        (file,) = payments.submit_due(tx, on=MONDAY)
        content = payments.file_bytes(tx, file.id)
        stories.at(tx, WEDNESDAY)
        returned = stories.read(tx, "ret", fake.return_file([content], {traces(content)[0]: "R03"}, on=WEDNESDAY))

    def give_back() -> payments.ReturnEffects:
        with database.begin(tenant_id=tenant.id, actor=Actor.system("returns")) as own:
            return payments.return_from_file(own, artifact_id=returned)

    with ThreadPoolExecutor(1) as pool:
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as sender:
            sender.run("SELECT FROM payments.payrolls ORDER BY id FOR NO KEY UPDATE")
            done = pool.submit(give_back)
            waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            while not admin.execute(waiting).fetchall():
                assert not done.done()
                time.sleep(0.01)
            # With the account in the other's hands this would be a deadlock.
            stories.fund(sender, tenant, "5.00", external_id="wire-2")
        assert len(done.result().returned) == 1
