"""Files and entries that the bank refuses: the money is the client's again, and what it says later to the contrary is a case."""

from __future__ import annotations

import pytest
from tests import checks
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY
from tests.payments.test_acknowledging import say
from tests.payments.test_delivery import send
from tests.payments.test_returns import give_back, payroll_status, settle, traces

from headgate import cases, payments
from headgate.core.db import Database, Tx

pytestmark = pytest.mark.slow


@pytest.fixture
def delivered(database: Database, tenant: TenantFixture) -> tuple[payments.AchFile, bytes]:
    send(database, tenant, "10.00", "20.00", "30.00")
    (file,) = payments.deliver(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return file, payments.file_bytes(tx, file.id)


def sums(tx: Tx, tenant: TenantFixture) -> tuple[str, dict[str, str], list[str]]:
    return payroll_status(tx), stories.balances(tx, tenant), stories.statuses(tx)


def test_a_refused_file_is_paid_again_in_another_and_its_late_settlement_moves_nothing(
    database: Database, tenant: TenantFixture, delivered: tuple[payments.AchFile, bytes]
) -> None:
    file, content = delivered
    say(database, tenant, f"{file.name}.ack", "STATUS: REJECTED\nREASON: invalid company id\n")

    for _ in range(2):
        payments.deliver(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        status, book, statuses = sums(tx, tenant)
        assert (status, statuses) == ("committed", ["rejected"] * 3)
        assert "PAYROLL_CLEARING" not in book and book["CASH"] == book["CLIENT_FUNDS"]
        events = tx.all("SELECT status, direction, amount FROM public.psp_settlement_event WHERE status = 'rejected'")
        assert sorted(row["amount"] for row in events) == [10, 20, 30] and len(events) == 3
        (case,) = cases.list_cases(tx)
        assert (case.category, case.detail["payments"], case.detail["reason"]) == (
            "file_rejected",
            3,
            "invalid company id",
        )
        payment = payments.list_instructions(tx, query=payments.parse_query("status:rejected"))[0]
        texts = " ".join(reason.text for reason in payments.get_life(tx, payment.id).reasons)
        assert "The bank refused the whole of file" in texts and "Nothing of it was paid" in texts
        assert payments.submit_due(tx, on=MONDAY) == []  # Nobody asked for it.
        # The bank says the contrary: the file settled, and an entry came back. Cases, and nothing moves.
        stories.at(tx, WEDNESDAY)
        effects = settle(tx, [content], on=TUESDAY)
        assert effects.mismatched == (file.id,) and effects.instructions_settled == 0
        back = give_back(tx, content, {traces(content)[0]: "R03"}, on=WEDNESDAY)
        assert (back.returned, back.contradictory) == ((), 1)
        assert sums(tx, tenant) == (status, book, statuses)
        found = sorted(case.category for case in cases.list_cases(tx))
        assert found == ["file_rejected", "file_settlement_differs", "return_after_rejection"]

        retries = payments.retry_refused(tx, file_id=file.id, reason="company id mended")
        assert [one.status for one in retries] == ["pending"] * 3
        with pytest.raises(payments.NothingToRetry):
            payments.retry_refused(tx, file_id=file.id, reason="again")
        (second,) = payments.submit_due(tx, on=WEDNESDAY)
        assert second.name != file.name and second.credit == usd("60.00") and payroll_status(tx) == "paying"
        assert not set(traces(payments.file_bytes(tx, second.id))) & set(traces(content))
    assert checks.run(database, [tenant.id]).ok


def test_single_entries_and_batches_are_refused_and_the_rest_settles(
    database: Database, tenant: TenantFixture, delivered: tuple[payments.AchFile, bytes]
) -> None:
    file, content = delivered
    refused = traces(content)[1]
    say(
        database,
        tenant,
        f"{file.name}.ack",
        f"FILE: {file.name}\nSTATUS: ACCEPTED\nENTRIES: 3\n\n"
        f"FILE: {file.name}\nTRACE: {refused}\nSTATUS: REJECTED\nREASON: account name\n",
    )

    for _ in range(2):
        payments.deliver(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert payments.get_file(tx, file.id).status == "delivered"
        status, book, statuses = sums(tx, tenant)
        assert (status, statuses, book["PAYROLL_CLEARING"]) == ("paying", ["sent", "rejected", "sent"], "40.00")
        (case,) = cases.list_cases(tx)
        assert (case.category, case.severity, case.detail["reason"]) == ("payment_rejected", "high", "account name")
        # The bank settles what it took; a line with the whole total is another story.
        stories.at(tx, WEDNESDAY)
        line = stories.statement([content])
        assert payments.settle_from_statement(tx, artifact_id=stories.read(tx, "whole", line)).mismatched == (file.id,)
        less = line.replace(b"6000", b"4000")
        effects = payments.settle_from_statement(tx, artifact_id=stories.read(tx, "less", less, source="bank2"))
        assert effects.instructions_settled == 2
        assert sums(tx, tenant)[0::2] == ("partially_paid", ["settled", "rejected", "settled"])
    say(database, tenant, f"{file.name}.ack", f"FILE: {file.name}\nBATCH: 1\nSTATUS: REJECTED\n")
    payments.deliver(database, tenant.id)  # Settled files are not looked for any more.
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert sums(tx, tenant)[2] == ["settled", "rejected", "settled"]
    assert checks.run(database, [tenant.id]).ok


def test_a_batch_that_the_bank_refuses_takes_its_entries_along(
    database: Database, tenant: TenantFixture, delivered: tuple[payments.AchFile, bytes]
) -> None:
    file, content = delivered
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        give_back(tx, content, {traces(content)[0]: "R23"}, on=WEDNESDAY)
    say(database, tenant, f"{file.name}.ack", f"FILE: {file.name}\nBATCH: 1\nSTATUS: REJECTED\nREASON: no\n")

    payments.deliver(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.statuses(tx) == ["returned", "rejected", "rejected"]
        found = sorted((case.category, case.subcategory or "") for case in cases.list_cases(tx))
    # It had come back before the bank refused it: one of the two is wrong, and a person finds out which.
    assert found == [
        ("contradictory_word", "rejected_after_returned"),
        ("payment_rejected", ""),
        ("payment_rejected", ""),
        ("payment_returned", "R23"),
    ]
