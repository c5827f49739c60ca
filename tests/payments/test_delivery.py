"""Files on their way to the bank: fixed first, then handed over, the same bytes however often."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import banking, stories
from tests.payments.stories import MONDAY, WEDNESDAY

from headgate import cases, parties, payments
from headgate.core.db import Database, Tx
from headgate.core.errors import Conflict
from headgate.payments import counters
from headgate.payments.delivery import delivery
from headgate.rails import ach, banks

pytestmark = pytest.mark.slow


def send(database: Database, tenant: TenantFixture, *amounts: str) -> payments.AchFile:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "1000.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, *amounts))
        (file,) = payments.submit_due(tx, on=MONDAY)
    return file


def test_a_file_is_fixed_before_its_first_byte_leaves(database: Database, tenant: TenantFixture) -> None:
    file = send(database, tenant, "10.00", "20.00")

    assert (file.status, file.entry_count, file.credit_minor, file.debit_minor) == ("pending", 2, 3000, 0)
    assert not payments.outbound_folder(database, tenant.id).exists()
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        content = payments.file_bytes(tx, file.id)
        sealed = tx.value("SELECT content_sealed FROM payments.ach_files WHERE id = %(id)s", {"id": file.id})
    assert file.sha256 == hashlib.sha256(content).digest() and file.byte_count == len(content)
    assert b"5550" in content and b"5550" not in bytes(sealed)
    parsed = ach.read_file(content)
    assert parsed.header is not None and parsed.header.reference == file.reference
    assert parsed.control is not None and f"{parsed.control.entry_hash:010d}" == file.entry_hash


def test_a_crash_before_the_record_delivers_the_same_bytes_again(database: Database, tenant: TenantFixture) -> None:
    file = send(database, tenant, "10.00")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        content = payments.file_bytes(tx, file.id)
    folder = payments.outbound_folder(database, tenant.id)
    folder.mkdir(parents=True)
    (folder / file.name).write_bytes(content)
    (folder / file.name).chmod(0o600)
    (folder / f".{file.name}.99.part").write_bytes(content[:50])

    (delivered,) = payments.deliver(database, tenant.id)

    assert delivered.status == "delivered"
    assert (folder / file.name).read_bytes() == content
    assert (folder / file.name).stat().st_mode & 0o077 == 0
    assert payments.deliver(database, tenant.id) == []


def test_other_bytes_under_our_name_are_left_and_two_people_asked(database: Database, tenant: TenantFixture) -> None:
    file = send(database, tenant, "10.00")
    folder = payments.outbound_folder(database, tenant.id)
    folder.mkdir(parents=True)
    (folder / file.name).write_bytes(b"another's")

    for _ in range(2):
        assert payments.deliver(database, tenant.id) == []

    assert (folder / file.name).read_bytes() == b"another's"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert payments.get_file(tx, file.id).status == "pending"
        found = [case for case in cases.list_cases(tx) if case.category == "delivery_unknown"]
        assert [(case.severity, case.detail["file_id"]) for case in found] == [("high", file.id)]


def test_the_job_delivers_for_every_tenant(database: Database, tenant: TenantFixture) -> None:
    file = send(database, tenant, "10.00")

    delivery.deliver_all(database)

    assert (payments.outbound_folder(database, tenant.id) / file.name).is_file()


def test_files_of_a_day_take_the_next_letter_and_the_next_traces(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "1000.00")
    made = []
    for n in range(2):
        payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", "20.00", payroll_id=f"PR-{n}"))
        made += payments.submit_due(tx, on=MONDAY)

    assert [file.file_id_modifier for file in made] == ["A", "B"]
    traces = [
        int(entry.trace_number[8:])
        for file in made
        for entry in ach.read_file(payments.file_bytes(tx, file.id)).entries
    ]
    assert traces == [1, 2, 3, 4]


def test_traces_begin_again_after_the_last_and_never_straddle_it(tx: Tx, tenant: TenantFixture) -> None:
    tx.run(
        "INSERT INTO payments.counters (tenant_id, name, last_no) VALUES (%(t)s, 'trace:99000001', 9999990)",
        {"t": tx.tenant_id},
    )

    assert counters.draw_traces(tx, odfi="99000001", count=5) == 9_999_991
    assert counters.draw_traces(tx, odfi="99000001", count=5) == 1
    assert counters.draw_traces(tx, odfi="99000001", count=3) == 6


def test_a_day_has_36_letters(tx: Tx, tenant: TenantFixture) -> None:
    drawn = [counters.draw_modifier(tx, destination="d", origin="o", on=MONDAY) for _ in range(36)]

    assert drawn[0] == "A" and drawn[35] == "9" and len(set(drawn)) == 36
    with pytest.raises(payments.TooManyFiles):
        counters.draw_modifier(tx, destination="d", origin="o", on=MONDAY)


def test_a_payday_on_a_closed_day_is_paid_on_the_banking_day_before(tx: Tx, tenant: TenantFixture) -> None:
    friday, saturday = date(2026, 12, 4), date(2026, 12, 5)
    stories.at(tx, date(2026, 12, 3))
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "1000.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", pay_on=saturday))

    assert payments.submit_due(tx, on=WEDNESDAY) == []
    (file,) = payments.submit_due(tx, on=date(2026, 12, 3))
    assert file.effective_on == friday


def test_what_is_late_takes_effect_on_the_next_banking_day(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, WEDNESDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "1000.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", pay_on=MONDAY))

    (file,) = payments.submit_due(tx, on=WEDNESDAY)

    assert file.effective_on == date(2026, 12, 3)


def test_without_an_originator_nothing_is_sent(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "1000.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00"))
    before = stories.counts(tx)

    with pytest.raises(payments.OriginatorMissing):
        payments.submit_due(tx, on=MONDAY)

    assert stories.counts(tx) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("odfi_routing_number", "021000021"),
        ("odfi_routing_number", "123456789"),
        ("company_name", "A NAME OF MORE THAN SIXTEEN"),
        ("immediate_origin", "12"),
        ("origin_name", "é"),
    ],
)
def test_an_originator_that_cannot_stand_in_a_header_is_refused(
    tx: Tx, tenant: TenantFixture, field: str, value: str
) -> None:
    good = {
        "odfi_routing_number": "990000013",
        "destination_name": "BANK",
        "immediate_origin": "1234567890",
        "origin_name": "ACME",
        "company_name": "ACME",
        "company_identification": "1234567890",
    }

    with pytest.raises(payments.InvalidOriginator):
        payments.set_originator(tx, legal_entity_id=tenant.legal_entity_id, **{**good, field: value})


def test_what_acquires_no_account_or_is_blocked_waits_with_a_case(tx: Tx, tenant: TenantFixture) -> None:

    from headgate import cases

    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "1000.00")
    owed = payments.Obligation("tax", "federal_tax", usd("5.00"))
    batch = stories.batch(tx, tenant, "10.00", "20.00", obligations=(owed,))
    payments.commit_payroll(tx, batch)
    parties.block_party(tx, party_id=batch.items[0].payee_id, reason="fraud")

    (file,) = payments.submit_due(tx, on=MONDAY)

    assert file.credit == usd("20.00")
    assert stories.statuses(tx) == ["pending", "sent", "pending"]
    assert len([case for case in cases.list_cases(tx) if case.category == "unsendable_payment"]) == 2
    tax = payments.list_instructions(tx, query=payments.parse_query("kind:tax"))[0]
    assert any("No bank account is named" in reason.text for reason in payments.get_life(tx, tax.id).reasons)
    payments.name_account(tx, payment_id=tax.id, bank_account_id=batch.items[1].bank_account_id)
    (second,) = payments.submit_due(tx, on=MONDAY)
    assert second.credit == usd("5.00")
    with pytest.raises(Conflict):
        payments.name_account(tx, payment_id=tax.id, bank_account_id=batch.items[0].bank_account_id)


def test_the_banks_limits_part_a_payroll_into_files(
    tx: Tx, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = banks.Limit(since=MONDAY, entry_max=usd("50.00"), file_entries_max=2, file_max=usd("60.00"))
    banking.sandbox(monkeypatch, ach={"limits": (limit,)})
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "1000.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", "20.00", "50.00", "10.00", "50.01", "30.00"))

    made = payments.submit_due(tx, on=MONDAY)

    assert [(file.file_id_modifier, file.entry_count, file.credit) for file in made] == [
        ("A", 2, usd("30.00")), ("B", 2, usd("60.00")), ("C", 1, usd("30.00")),
    ]  # fmt: skip
    (case,) = cases.list_cases(tx)
    assert case.detail["problems"] == ["sandbox takes payments up to 50.00 USD; split the payment, or send a wire"]
