"""What banks answer to debits of clients: notices that correct the client's own account, returns that count in its rates."""

from __future__ import annotations

from datetime import date

import pytest
from tests.make import TenantFixture, usd
from tests.payments import pulls, stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, funding, parties, payments
from headgate.core.db import Tx
from headgate.payments.returns import rates as rules
from headgate.rails import ach, fake

pytestmark = pytest.mark.slow


def noticed(tx: Tx, file: payments.AchFile, code: str, data: str, *, name: str = "noc") -> payments.ReturnEffects:
    """The debited bank asks to correct the entry of a file."""
    content = payments.file_bytes(tx, file.id)
    (trace,) = [entry.trace_number for entry in ach.read_file(content).entries]
    changed = fake.change_file([content], {trace: (code, data)}, on=TUESDAY)
    return payments.return_from_file(tx, artifact_id=stories.read(tx, name, changed))


def test_a_notice_about_a_debit_corrects_what_the_client_authorised(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    old = pulls.client(tx, tenant)
    before = funding.debit_authorization(tx, legal_entity_id=tenant.legal_entity_id)
    _, file = pulls.debit(tx, tenant, "100.00")
    (debit,) = pulls.attempts(tx)
    stories.at(tx, TUESDAY, 23)

    effects = noticed(tx, file, "C01", "1918171614")
    again = noticed(tx, file, "C01", "1918171614", name="again")

    assert (effects.corrected, effects.orphans, again.corrected, again.repeated) == (1, 0, 0, 1)
    (told,) = payments.list_notices(tx)
    assert (told.decision, told.payment_id, told.debit_id, told.old_bank_account_id) == (
        "applied",
        None,
        debit["id"],
        old,
    )
    new = told.new_bank_account_id
    assert new is not None and new != old
    after = funding.debit_authorization(tx, legal_entity_id=tenant.legal_entity_id)
    assert before and after and after.bank_account_id == new
    assert after.evidence.startswith(f"{before.evidence}; account corrected, C01 of ")
    assert [one for one in cases.list_cases(tx) if "notice" in one.category] == []
    assert parties.bank_accounts_for_sending(tx, [new])[new].account_number == "1918171614"
    # The next debit goes to the corrected account, and asks nobody.
    _, second = pulls.debit(tx, tenant, "50.00", key="ask-2")
    (entry,) = ach.read_file(payments.file_bytes(tx, second.id)).entries
    assert entry.account.strip() == "1918171614"


@pytest.mark.parametrize(
    ("code", "data", "policy", "category"),
    [("C01", "1918171614", "case", "notice_of_change"), ("C04", "BOREALIS LLC", "apply", "notice_of_change")],
)
def test_what_a_person_decides_changes_nothing(
    tx: Tx, tenant: TenantFixture, code: str, data: str, policy: str, category: str
) -> None:
    stories.at(tx, MONDAY)
    old = pulls.client(tx, tenant)
    if policy == "case":
        payments.set_notice_policy(tx, code=code, policy="case", reason="we call the client")
    _, file = pulls.debit(tx, tenant, "100.00")
    stories.at(tx, TUESDAY, 23)

    effects = noticed(tx, file, code, data)

    assert (effects.corrected, effects.to_decide, effects.orphans) == (0, 1, 0)
    known = funding.debit_authorization(tx, legal_entity_id=tenant.legal_entity_id)
    assert known is not None and known.bank_account_id == old
    (case,) = [one for one in cases.list_cases(tx) if one.category == category]
    assert case.detail["debit_id"] == payments.list_notices(tx)[0].debit_id == pulls.attempts(tx)[0]["id"]


def test_what_was_withdrawn_since_is_authorised_for_no_other_account(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    pulls.client(tx, tenant)
    _, file = pulls.debit(tx, tenant, "100.00")
    funding.withdraw_debits(tx, legal_entity_id=tenant.legal_entity_id, reason="as asked")
    stories.at(tx, TUESDAY, 23)

    assert noticed(tx, file, "C01", "1918171614").corrected == 1

    known = funding.debit_authorization(tx, legal_entity_id=tenant.legal_entity_id)
    assert known is not None and known.bank_account_id is None


def test_debits_count_in_the_rates_by_company_id_and_sec_and_in_their_file(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    pulls.client(tx, tenant)
    _, file = pulls.debit(tx, tenant, "100.00")
    _, other = pulls.debit(tx, tenant, "70.00", key="ask-2")
    stories.fund(tx, tenant, "40.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "40.00"))
    payments.submit_due(tx, on=MONDAY)
    stories.at(tx, TUESDAY, 23)
    (debit, _) = pulls.attempts(tx)
    contents = [payments.file_bytes(tx, one.id) for one in (file, other)]
    payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tue", stories.statement(contents)))
    stories.at(tx, WEDNESDAY)
    back = fake.return_file([contents[0]], {debit["trace_number"]: "R29"}, on=WEDNESDAY)
    payments.return_from_file(tx, artifact_id=stories.read(tx, "ret", back))

    found = {(rate.direction, rate.sec_code, rate.kind): rate for rate in payments.return_rates(tx)}

    assert {key: (one.entries, one.returns, one.rate_bps, one.is_over) for key, one in found.items()} == {
        **{
            ("debit", sec, kind): (2, 1, 5000, True) if kind != "administrative" else (2, 0, 0, False)
            for sec in (None, "CCD")
            for kind in rules.THRESHOLDS_BPS
        },
        **{("credit", None, kind): (1, 0, 0, False) for kind in rules.THRESHOLDS_BPS},
    }
    assert {one.company_identification for one in found.values()} == {"1234567890"}
    assert payments.return_rates(tx, on=date(2027, 6, 1)) == []
    (entry,) = payments.file_entries(tx, file.id)
    assert (entry.debit_id, entry.payment_id, entry.payee) == (debit["id"], None, "Borealis Inc")
    assert (entry.amount, entry.status, entry.return_code, entry.last4) == (usd("100.00"), "returned", "R29", "4321")
    (row,) = payments.file_rows(tx, [file.id])
    assert (row.settled, row.returned, row.money_returned) == (0, 1, usd("100.00"))
