"""Notifications of change: a payee's account is corrected once, and what has not left goes to the corrected one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.make import TenantFixture
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, parties, payments
from headgate.core import invariants
from headgate.core.db import Database, Tx
from headgate.core.errors import Malformed
from headgate.rails import ach, fake

pytestmark = pytest.mark.slow


@pytest.fixture
def sent(tx: Tx, tenant: TenantFixture) -> bytes:
    """Two payments of 100 and 60 were sent on Monday; a next payroll of 20 and 10 to the same payees waits."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "300.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00", "60.00"))
    (file,) = payments.submit_due(tx, on=MONDAY)
    payments.commit_payroll(
        tx, stories.batch(tx, tenant, "20.00", "10.00", payroll_id="next", pay_on=WEDNESDAY.replace(day=28))
    )
    stories.at(tx, WEDNESDAY, 23)
    return payments.file_bytes(tx, file.id)


def entries_of(content: bytes) -> list[ach.Entry]:
    return list(ach.read_file(content).entries)


def notices(tx: Tx, sent: bytes, *changes: tuple[int, str, str], name: str = "noc") -> payments.ReturnEffects:
    """The bank asks to correct the entries of these places."""
    traces = [entry.trace_number for entry in entries_of(sent)]
    content = fake.change_file([sent], {traces[n]: (code, data) for n, code, data in changes}, on=WEDNESDAY)
    return payments.return_from_file(tx, artifact_id=stories.read(tx, name, content))


def accounts(tx: Tx) -> list[dict[str, Any]]:
    return tx.all(
        """
        SELECT b.id, b.party_id, b.routing_number, b.last4, b.account_type, b.status, b.source_ref
          FROM parties.bank_accounts b JOIN parties.parties p ON p.id = b.party_id ORDER BY p.external_id, b.id
        """
    )


def waiting(tx: Tx) -> list[str]:
    """The last four digits of where the payments go that have not left."""
    return tx.values(
        """
        SELECT b.last4 FROM payments.instructions i JOIN parties.bank_accounts b ON b.id = i.bank_account_id
         WHERE i.status IN ('pending', 'awaiting_funding', 'blocked_funds') ORDER BY i.id
        """
    )


def test_a_corrected_number_takes_the_place_of_the_old_one(tx: Tx, sent: bytes) -> None:
    before = accounts(tx)
    unchanged = waiting(tx)[1]

    effects = notices(tx, sent, (0, "C01", "1918171614"))

    assert (effects.corrected, effects.to_decide, effects.orphans, effects.returned) == (1, 0, 0, ())
    old = next(row for row in accounts(tx) if row["status"] == "replaced")
    (new,) = [row for row in accounts(tx) if row["id"] not in {one["id"] for one in before}]
    assert (new["party_id"], new["last4"], new["routing_number"]) == (old["party_id"], "1614", old["routing_number"])
    assert new["source_ref"].startswith("noc:art_"), "no change of mind of the payee: it begins no cooldown"
    assert waiting(tx) == ["1614", unchanged]
    (told,) = payments.list_notices(tx)
    assert (told.code, told.decision, told.moved_count) == ("C01", "applied", 1)
    assert (told.old_bank_account_id, told.new_bank_account_id) == (old["id"], new["id"])


def test_the_next_file_goes_to_the_corrected_account(tx: Tx, sent: bytes) -> None:
    notices(tx, sent, (0, "C06", "1918171614       32"), (1, "C02", "021000021"))

    stories.at(tx, WEDNESDAY.replace(day=27))
    payments.open_missing(tx)  # as the hourly job does: nobody has said what became of the first file
    (file,) = payments.submit_due(tx, on=WEDNESDAY.replace(day=27))

    entries = entries_of(payments.file_bytes(tx, file.id))
    assert (entries[0].account.strip(), entries[0].transaction_code) == ("1918171614", "32")
    assert entries[1].rdfi == "02100002"


def test_a_notice_that_comes_again_changes_nothing(tx: Tx, sent: bytes) -> None:
    notices(tx, sent, (0, "C01", "1918171614"))
    before = accounts(tx)

    again = notices(tx, sent, (0, "C01", "1918171614"), name="again")

    assert (again.corrected, again.repeated) == (0, 1)
    assert accounts(tx) == before and len(payments.list_notices(tx)) == 1


def test_what_was_changed_since_is_not_changed_back(tx: Tx, sent: bytes) -> None:
    party = accounts(tx)[0]["party_id"]
    own = parties.add_bank_account(
        tx, party_id=party, account=parties.BankAccountInput("021000021", "5556667"), replace=True
    )

    effects = notices(tx, sent, (0, "C01", "1918171614"))

    assert effects.corrected == 1
    assert payments.list_notices(tx)[0].decision == "superseded"
    assert [row["id"] for row in accounts(tx) if row["party_id"] == party and row["status"] == "active"] == [own.id]


@pytest.mark.parametrize(
    ("code", "data"),
    [("C04", "MARY JONES"), ("C09", "A-77"), ("C13", "ADDENDA FORMAT")],
)
def test_what_is_no_account_is_for_a_person(tx: Tx, sent: bytes, code: str, data: str) -> None:
    before = accounts(tx)

    effects = notices(tx, sent, (0, code, data))

    assert (effects.corrected, effects.to_decide) == (0, 1)
    assert accounts(tx) == before
    (case,) = [one for one in cases.list_cases(tx, state="open") if one.category == "notice_of_change"]
    assert (case.subcategory, case.payment_id) == (code, payments.list_notices(tx)[0].payment_id)


def test_a_tenant_may_have_a_person_decide(tx: Tx, sent: bytes) -> None:
    before = accounts(tx)
    policies = payments.set_notice_policy(tx, code="C02", policy="case", reason="we call the payee")
    assert policies["C02"] == "case" and policies["C01"] == "apply"

    effects = notices(tx, sent, (0, "C02", "021000021"), (1, "C01", "1918171614"))

    assert (effects.corrected, effects.to_decide) == (1, 1)
    assert {row["routing_number"] for row in accounts(tx)} == {row["routing_number"] for row in before}
    for code, policy, reason in (("C04", "apply", "x"), ("C01", "maybe", "x"), ("C01", "case", " ")):
        with pytest.raises(Malformed):
            payments.set_notice_policy(tx, code=code, policy=policy, reason=reason)  # type: ignore[arg-type]


def test_other_accounts_of_a_split_pay_stay_in_use(tx: Tx, sent: bytes) -> None:
    party = accounts(tx)[0]["party_id"]
    second = parties.add_bank_account(tx, party_id=party, account=parties.BankAccountInput("021000021", "5556667"))

    notices(tx, sent, (0, "C01", "1918171614"))

    active = [row["last4"] for row in accounts(tx) if row["party_id"] == party and row["status"] == "active"]
    assert sorted(active) == ["1614", second.last4]


def test_a_notice_of_nobodys_entry_is_an_orphan(tx: Tx, sent: bytes) -> None:
    stranger = entries_of(sent)[0].trace_number
    content = fake.change_file([sent], {stranger: ("C01", "1918171614")}, on=WEDNESDAY)
    lost = content.replace(stranger.encode(), str(int(stranger) + 5000).zfill(15).encode())

    effects = payments.return_from_file(tx, artifact_id=stories.read(tx, "lost", lost))

    assert (effects.orphans, effects.corrected) == (1, 0)
    assert [one.category for one in cases.list_cases(tx, state="open") if "notice" in one.category] == ["orphan_notice"]


def test_rates_are_counted_by_originator(tx: Tx, tenant: TenantFixture, sent: bytes) -> None:
    stories.at(tx, WEDNESDAY, 23)
    trace = entries_of(sent)[0].trace_number
    returned = fake.return_file([sent], {trace: "R03"}, on=WEDNESDAY)
    payments.return_from_file(tx, artifact_id=stories.read(tx, "ret", returned))

    rates = {rate.kind: rate for rate in payments.return_rates(tx, on=WEDNESDAY)}

    assert {kind: (rate.entries, rate.returns, rate.rate_bps, rate.is_over) for kind, rate in rates.items()} == {
        "unauthorized": (2, 0, 0, False),
        "administrative": (2, 1, 5000, True),
        "overall": (2, 1, 5000, True),
    }
    assert {(rate.legal_entity_id, rate.direction, rate.sec_code) for rate in rates.values()} == {
        (tenant.legal_entity_id, "credit", None)
    }
    assert payments.return_rates(tx, on=TUESDAY.replace(year=TUESDAY.year - 1)) == []


def test_the_book_holds_after_all_of_it(empty_database: Database) -> None:
    from tests import make

    tenant = make.tenant(empty_database)
    with empty_database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "300.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00", "60.00"))
        (file,) = payments.submit_due(tx, on=MONDAY)
        stories.at(tx, WEDNESDAY, 23)
        notices(tx, payments.file_bytes(tx, file.id), (0, "C01", "1918171614"), (1, "C04", "SOMEBODY"))

    report = invariants.run_checks(empty_database, [tenant.id], full=True)

    assert [found.name for found in report.invariants if found.violations] == []
