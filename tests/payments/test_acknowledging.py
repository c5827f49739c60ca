"""What the bank says of files it was handed: recorded once, and a case where it differs, refuses, or says nothing."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.make import ACTOR, TenantFixture
from tests.payments import banking
from tests.payments.test_delivery import send

from headgate import cases, payments, tenants
from headgate.core.db import Database

pytestmark = pytest.mark.slow


@pytest.fixture
def delivered(database: Database, tenant: TenantFixture) -> payments.AchFile:
    send(database, tenant, "10.00", "20.00")
    (file,) = payments.deliver(database, tenant.id)
    return file


def say(database: Database, tenant: TenantFixture, name: str, text: str) -> Path:
    folder = payments.outbound_folder(database, tenant.id) / "acknowledgements"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def found(database: Database, tenant: TenantFixture, file: payments.AchFile) -> tuple[str, list[str], list[str]]:
    """The file's status, the open cases, and what was announced of it."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        events = tx.values(
            "SELECT type FROM audit.events WHERE tenant_id = %(t)s AND type LIKE 'payments.file.%%' ORDER BY id",
            {"t": tenant.id},
        )
        return payments.get_file(tx, file.id).status, sorted(case.category for case in cases.list_cases(tx)), events


HANDED = ["payments.file.created", "payments.file.delivered"]


def test_an_acceptance_with_the_same_totals_is_recorded_once(
    database: Database, tenant: TenantFixture, delivered: payments.AchFile
) -> None:
    say(
        database,
        tenant,
        f"{delivered.name}.ack",
        f"FILE: {delivered.name}\nSTATUS: ACCEPTED\nENTRIES: 2\nCREDITS: 30.00\n",
    )

    for _ in range(3):
        assert payments.deliver(database, tenant.id) == []

    assert found(database, tenant, delivered) == ("delivered", [], [*HANDED, "payments.file.acknowledged"])


def test_a_rejection_is_the_banks_last_word_and_a_case(
    database: Database, tenant: TenantFixture, delivered: payments.AchFile
) -> None:
    say(database, tenant, f"{delivered.name}.ack", "STATUS: REJECTED\nREASON: invalid company id\n")

    for _ in range(2):
        payments.deliver(database, tenant.id)

    status, open_cases, events = found(database, tenant, delivered)
    assert (status, open_cases) == ("rejected", ["file_rejected"])
    assert events == [*HANDED, "payments.file.acknowledged"]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (case,) = cases.list_cases(tx)
        assert (case.severity, case.detail["reason"], case.detail["credit_minor"]) == (
            "high",
            "invalid company id",
            3000,
        )
        payment = payments.list_instructions(tx, query=payments.parse_query(""))[0]
        reasons = [reason.text for reason in payments.get_life(tx, payment.id).reasons]
    assert any(text.startswith("The bank refused the whole of file") for text in reasons)


def test_other_totals_than_were_sent_are_no_acceptance(
    database: Database, tenant: TenantFixture, delivered: payments.AchFile
) -> None:
    say(database, tenant, f"{delivered.name}.ack", "STATUS: ACCEPTED\nENTRIES: 3\nCREDITS: 30.00\n")

    payments.deliver(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (case,) = cases.list_cases(tx)
    assert (case.category, case.detail["differ"]) == ("acknowledgement_differs", ["entries"])
    assert found(database, tenant, delivered)[0] == "delivered"


def test_what_cannot_be_read_is_a_case_without_its_words(
    database: Database, tenant: TenantFixture, delivered: payments.AchFile
) -> None:
    say(database, tenant, f"{delivered.name}.ack", "STATUS: MAYBE\nACCOUNT: 12345678\n")

    for _ in range(2):
        payments.deliver(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (case,) = cases.list_cases(tx)
    assert case.category == "acknowledgement_unread" and "12345678" not in str(case.detail)
    assert case.detail["problems"] == [
        "line 1: its verdict is missing or none of ACCEPTED, REJECTED; write the bank's word into its profile"
    ]


def test_acknowledgements_of_other_files_are_left_alone(
    database: Database, tenant: TenantFixture, delivered: payments.AchFile
) -> None:
    say(database, tenant, "20200101-A-XXXXXXXX.ach.ack", "STATUS: REJECTED\n")
    say(database, tenant, "notes.txt", "STATUS: REJECTED\n")

    payments.deliver(database, tenant.id)

    assert found(database, tenant, delivered) == ("delivered", [], HANDED)


def test_our_own_upload_is_no_proof_where_the_bank_promised_a_word(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    banking.sandbox(monkeypatch, acknowledgement={"within_minutes": 60})
    send(database, tenant, "10.00")
    (file,) = payments.deliver(database, tenant.id)
    assert file.delivered_at is not None
    for minutes, expected in ((59, []), (61, ["acknowledgement_missing"]), (62, ["acknowledgement_missing"])):
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            tenants.move_clock(tx, to=file.delivered_at + timedelta(minutes=minutes))
        payments.deliver(database, tenant.id)
        assert found(database, tenant, file)[1] == expected
