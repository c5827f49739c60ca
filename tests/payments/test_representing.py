"""Debits presented again: for want of funds alone, twice at most, within 180 days, and the same in all else."""

from __future__ import annotations

from datetime import date, timedelta

import httpx
import pytest
from tests.make import TenantFixture, usd
from tests.payments import pulls, stories
from tests.payments.stories import MONDAY
from tests.web.client import client_of, keys_of

from headgate import funding, payments, rails
from headgate.core.db import Database, Tx
from headgate.core.errors import Refused
from headgate.payments import routes
from headgate.rails import ach, fake
from headgate.rails.ach.reader import read_file
from headgate.web import build_application

ORDER = rails.RailOrder(
    attempt_id="dbt_1",
    amount=usd("100.00"),
    direction="debit",
    receiver_routing="021000021",
    receiver_account="123456789",
    receiver_account_type="checking",
    receiver_name="Borealis",
    individual_id="X",
    sec_code="CCD",
    description="FUNDING",
    company=rails.Company("ACME INC", "1234567890"),
    effective_on=date(2026, 12, 1),
)
SETTLED = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("code", "before", "on", "why"),
    [
        ("R01", 0, SETTLED + timedelta(2), ""),
        ("R09", 1, SETTLED + timedelta(180), ""),
        ("R01", 2, SETTLED + timedelta(30), "twice is the most"),
        ("R01", 0, SETTLED + timedelta(181), "180 days"),
        ("R01", 0, SETTLED, "180 days"),
        *[(code, 0, SETTLED + timedelta(2), "only R01 and R09") for code in ("R02", "R07", "R08", "R10", "R29", "R99")],
    ],
)
def test_the_rule(code: str, before: int, on: date, why: str) -> None:
    problems = ach.may_be_presented_again(ach.Presented(code, SETTLED, before, ORDER), on=on)

    assert (why in " ".join(problems)) if why else problems == ()


def test_the_order_is_the_same_but_for_its_words_and_its_day() -> None:
    again = ach.presented_again(ach.Presented("R01", SETTLED, 0, ORDER), attempt_id="dbt_2", on=date(2026, 12, 9))

    assert (again.description, again.effective_on, again.attempt_id) == ("RETRY PYMT", date(2026, 12, 9), "dbt_2")
    assert (again.amount, again.receiver_account, again.company) == (
        ORDER.amount,
        ORDER.receiver_account,
        ORDER.company,
    )


def bounce(tx: Tx, file: payments.AchFile, debit: str, code: str, *, on: date) -> None:
    """The file settles on a day, and its debit comes back a banking day later."""
    content = payments.file_bytes(tx, file.id)
    stories.at(tx, rails.add_banking_days(on, 1), hour=22)
    payments.settle_from_statement(tx, artifact_id=stories.read(tx, f"s-{on}", stories.statement([content], on=on)))
    trace = str(tx.value("SELECT trace_number FROM payments.funding_attempts WHERE id = %(id)s", {"id": debit}))
    back = fake.return_file([content], {trace: code}, on=rails.add_banking_days(on, 1))
    assert payments.return_from_file(tx, artifact_id=stories.read(tx, f"r-{on}", back)).debits_returned == 1


@pytest.mark.slow
def test_a_debit_goes_out_again_twice_and_the_third_time_nobody_sends_it(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    pulls.client(tx, tenant)
    _, file = pulls.debit(tx, tenant, "100.00")
    for number in (1, 2):
        newest = pulls.attempts(tx)[-1]["id"]
        bounce(tx, file, newest, "R01" if number == 1 else "R09", on=file.effective_on)
        again = payments.represent_debit(tx, debit_id=newest)
        assert isinstance(again, payments.AchFile), again
        (batch,) = read_file(payments.file_bytes(tx, again.id)).batches
        assert batch.header is not None and batch.header.description.strip() == "RETRY PYMT"
        assert (again.debit, again.name != file.name, len(pulls.attempts(tx))) == (usd("100.00"), True, number + 1)
        file = again
    first, _, last = (row["id"] for row in pulls.attempts(tx))
    bounce(tx, file, last, "R01", on=file.effective_on)
    before = pulls.counts(tx)

    third = payments.represent_debit(tx, debit_id=last)
    twice = payments.represent_debit(tx, debit_id=first)

    assert isinstance(third, Refused) and "twice is the most" in third.message
    assert isinstance(twice, Refused) and pulls.counts(tx) == before
    with pytest.raises(funding.NotPresentedAgain), tx.savepoint():
        funding.record_representment(
            tx, original_ref=first, representment_ref="dbt_raw", return_code="R01",
            original_settled_on=SETTLED, effective_on=date(2027, 1, 4), amount=usd("100.00"),
            company_identification="1234567890", receiver_fingerprint=b"x",
        )  # fmt: skip
    with pytest.raises(funding.NotPresentedAgain), tx.savepoint():
        tx.run(
            """
            INSERT INTO payments.funding_attempts
                   (tenant_id, id, funding_request_id, attempt_no, legal_entity_id, bank_account_id, authorization_id,
                    amount_minor, currency, rail, sec_code, ach_file_id, trace_number, rdfi_identification, individual_id,
                    heard_by, created_at)
            SELECT tenant_id, 'dbt_raw', funding_request_id, 9, legal_entity_id, bank_account_id, authorization_id,
                   amount_minor, currency, rail, sec_code, ach_file_id, '990000010000099', rdfi_identification, 'RAW',
                   heard_by, created_at
              FROM payments.funding_attempts WHERE id = %(id)s
            """,
            {"id": first},
        )
    assert pulls.counts(tx) == before


@pytest.mark.slow
def test_the_door_presents_it_again_once_a_key_and_says_why_not(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=pulls.ACTOR) as tx:
        stories.at(tx, MONDAY)
        pulls.client(tx, tenant)
        _, file = pulls.debit(tx, tenant, "100.00")
        debit = pulls.attempts(tx)[-1]["id"]
        bounce(tx, file, debit, "R01", on=file.effective_on)
    keys = keys_of(database, tenant.id)

    with client_of(build_application(database, [routes.router])) as client:

        def post(key: str, of: str = debit) -> httpx.Response:
            headers = {**keys.operator, "Idempotency-Key": key}
            return client.post(f"/v1/payments/debits/{of}/representments", headers=headers)

        assert post("none", "dbt_nothing").status_code == 404
        made = post("first")
        assert (made.status_code, made.json()["debit"]["minor"], made.json()["status"]) == (201, 10000, "pending")
        assert post("first").json() == made.json()
        again = post("second")
        assert (again.status_code, again.json()["code"]) == (422, "payments.debit_not_presented_again")
    with database.begin(tenant_id=tenant.id, actor=pulls.ACTOR) as tx:
        assert len(pulls.attempts(tx)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("code", ["R10", "R29", "R02"])
def test_what_was_not_for_want_of_funds_is_never_presented_again(tx: Tx, tenant: TenantFixture, code: str) -> None:
    stories.at(tx, MONDAY)
    pulls.client(tx, tenant)
    _, file = pulls.debit(tx, tenant, "100.00")
    (attempt,) = pulls.attempts(tx)
    with pytest.raises(payments.NoSuchDebit):
        payments.represent_debit(tx, debit_id=attempt["id"])
    bounce(tx, file, attempt["id"], code, on=file.effective_on)

    assert isinstance(payments.represent_debit(tx, debit_id=attempt["id"]), Refused)
    assert len(pulls.attempts(tx)) == 1
