"""Every policy of the registry keeps its contract; each refuses exactly what it is for."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, person, usd
from tests.payments import stories
from tests.payments.stories import FRIDAY, MONDAY, TUESDAY, WEDNESDAY

import headgate.funding.policies
from headgate import cases, funding, ledger, parties, payments, tenants
from headgate.core.db import Database, Tx
from headgate.core.money import Money
from headgate.funding import Claim, GateRequest, Limit, RequirementLine, limits, overrides
from headgate.funding.policy import Scene, Twin

pytestmark = pytest.mark.slow

POLICIES = funding.gate_policies()
BY_CONTRACT = {
    "max_single_payment": "Payment exceeds single-transaction limit. Contact support.",
    "max_daily_volume": "Daily payment limit reached. Payroll will process tomorrow.",
    "max_credit_utilization": "Credit utilization at maximum. Please fund account.",
    "blocked_payee": None,
    "bank_change_cooldown": None,
    "spike": None,
    "duplicate_payroll": None,
    "velocity": None,
}
HIGH = Limit(amount_minor=10**15, count=10**15, ratio_bps=10**9, days=0)


def asked(*amounts: int, **facts: Any) -> GateRequest:
    claims = tuple(
        Claim(f"pay_{n}", Money(amount, "USD"), bank_account_id=f"ba_{n}") for n, amount in enumerate(amounts)
    )
    need = RequirementLine("net_pay", Money(sum(amounts), "USD"), len(amounts))
    return GateRequest("prl_1", 1, "le_1", "USD", (need,), claims, **facts)


def scene(*amounts: int, **facts: Any) -> Scene:
    return Scene(gate_type="commit", request=asked(*amounts), today=MONDAY, **facts)


# The contract of every policy --------------------------------------------------------------------------------------


def test_the_policies_are_those_of_the_contract_each_in_a_file_of_its_own() -> None:
    folder = Path(headgate.funding.policies.__file__).parent
    files = {path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")}

    assert set(POLICIES) == set(BY_CONTRACT) == files
    for name, message in BY_CONTRACT.items():
        assert message in (None, POLICIES[name].client_message)
    assert POLICIES["bank_change_cooldown"].default == Limit(days=3)
    assert POLICIES["spike"].default == Limit(ratio_bps=20_000)


@pytest.mark.parametrize("name", POLICIES)
@given(amounts=st.lists(st.integers(1, 10**9), min_size=1, max_size=5))
def test_a_policy_is_pure_says_its_name_and_is_content_with_a_high_limit(name: str, amounts: list[int]) -> None:
    policy = POLICIES[name]
    figures = {"amount": "amount_minor", "count": "count", "ratio": "ratio_bps", "days": "days"}
    limit = Limit(**{figures[one]: getattr(HIGH, figures[one]) for one in policy.needs})
    seen = scene(*amounts, drawn=usd("0.00"), credit_limit=usd("0.00"), taken=sum(amounts), history=(sum(amounts),) * 3)

    assert list(policy.judge(seen, limit)) == list(policy.judge(seen, limit)) == []
    for found in policy.judge(replace(seen, used=10**18), Limit(0, 0, 0, 400)):
        assert found.policy == name and found.document()["policy"] == name
        assert set(found.refs) <= {claim.ref for claim in seen.request.claims}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_set_and_switched_off_only_by_two_people(tx: Tx, tenant: TenantFixture, name: str) -> None:
    if name == "blocked_payee":
        with pytest.raises(funding.InvalidSetting, match="two people unblock"):
            limits.change_document(tx, policy=name, currency="USD", limit=None)
        return
    facts: dict[str, Any] = {
        "policy": name,
        "currency": "USD",
        "limit": None,
        "legal_entity_id": tenant.legal_entity_id,
    }
    asked_for = cases.request(
        tx, action=limits.ACTION, subject=name, document=limits.change_document(tx, **facts), reason="try"
    )
    before = scenes.counts(tx)
    with pytest.raises(cases.errors.NotApproved), tx.savepoint():
        funding.set_limit(tx, **facts, reason="alone", approval_id=asked_for.id)
    with pytest.raises(cases.errors.OwnApproval), tx.savepoint():
        cases.approve(tx, approval_id=asked_for.id, digest=asked_for.digest)
    assert scenes.counts(tx) == before

    with tx.acting_for(person("bob"), "cor"):
        cases.approve(tx, approval_id=asked_for.id, digest=asked_for.digest)
    row = funding.set_limit(tx, **facts, reason="agreed", approval_id=asked_for.id)

    assert row.is_off and row.set_by == ACTOR.id
    in_force = limits.in_force(tx, legal_entity_id=tenant.legal_entity_id, currency="USD")
    assert name not in {policy.name for policy, _ in in_force}
    told = tx.value("SELECT count(*) FROM audit.events WHERE type = 'funding.limit.changed'")
    assert told == 1
    with pytest.raises(cases.ApprovalUsed), tx.savepoint():
        funding.set_limit(tx, **facts, reason="again", approval_id=asked_for.id)


def test_a_limit_has_the_figures_of_its_policy(tx: Tx, tenant: TenantFixture) -> None:
    for figures in (Limit(count=1), Limit(), Limit(amount_minor=-1), Limit(amount_minor=1, count=1)):
        with pytest.raises(funding.InvalidSetting):
            limits.change_document(tx, policy="max_single_payment", currency="USD", limit=figures)
    with pytest.raises(funding.InvalidSetting, match="no policy"):
        limits.change_document(tx, policy="max_everything", currency="USD", limit=None)


# Each policy at its edge --------------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=6), st.integers(0, 1000))
def test_the_largest_single_payment(amounts: list[int], limit: int) -> None:
    found = POLICIES["max_single_payment"].judge(scene(*amounts), Limit(amount_minor=limit))

    over = [f"pay_{n}" for n, amount in enumerate(amounts) if amount > limit]
    assert [ref for one in found for ref in one.refs] == over


@given(st.integers(0, 100), st.integers(1, 100), st.integers(0, 100))
def test_the_day_s_volume_and_count(used: int, taken: int, limit: int) -> None:
    seen = scene(1, used=used, taken=taken)

    assert bool(POLICIES["max_daily_volume"].judge(seen, Limit(amount_minor=limit))) == (used + taken > limit)
    assert bool(POLICIES["velocity"].judge(seen, Limit(count=limit))) == (used + taken > limit)


@given(st.integers(0, 200), st.integers(0, 100), st.integers(0, 20_000))
def test_the_share_of_a_credit_line_that_is_drawn(drawn: int, line: int, bps: int) -> None:
    seen = scene(1, drawn=Money(drawn, "USD"), credit_limit=Money(line, "USD"))

    found = POLICIES["max_credit_utilization"].judge(seen, Limit(ratio_bps=bps))

    assert bool(found) == (drawn * 10_000 > bps * line)


@pytest.mark.parametrize(
    ("history", "amount", "violated"),
    [((), 10**9, False), ((100, 100), 10**9, False), ((100, 100, 100), 200, False), ((100, 100, 100), 201, True),
     ((1, 1, 100, 100, 300, 300), 200, False), ((1, 1, 100, 100, 300, 300), 201, True),
     ((100, 100, 100, 100, 100, 100, 9000, 9000, 9000, 9000, 9000), 300, True)],
)  # fmt: skip
def test_a_spike_is_more_than_twice_the_median_of_the_last_six(
    history: tuple[int, ...], amount: int, violated: bool
) -> None:
    found = POLICIES["spike"].judge(scene(amount, history=history), Limit(ratio_bps=20_000))

    assert bool(found) == violated


@pytest.mark.parametrize(("day", "held"), [(MONDAY, True), (WEDNESDAY, True), (date(2026, 12, 3), False)])
def test_a_changed_account_waits_three_banking_days(day: date, held: bool) -> None:
    changed = datetime(2026, 11, 30, 15, tzinfo=UTC)
    seen = replace(scene(5, 6, changes={"ba_1": changed}), today=day)

    found = POLICIES["bank_change_cooldown"].judge(seen, Limit(days=3))

    assert [one.refs for one in found] == ([("pay_1",)] if held else [])


@pytest.mark.parametrize(("apart", "violated"), [(0, True), (3, True), (4, False), (-3, True), (-4, False)])
def test_twins_within_some_days_are_duplicates(apart: int, violated: bool) -> None:
    twin = Twin("prl_0", date(2026, 12, 10 + apart))
    seen = replace(scene(5, twins=(twin,)), request=asked(5, pay_on=date(2026, 12, 10)))

    assert bool(POLICIES["duplicate_payroll"].judge(seen, Limit(days=3))) == violated


# Through the gate ---------------------------------------------------------------------------------------------------


def test_a_payment_over_the_limit_blocks_the_payroll_by_policy(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "1000.00")
    scenes.limit(tx, "max_single_payment", Limit(amount_minor=5000), legal_entity_id=tenant.legal_entity_id)

    result = payments.commit_payroll(tx, stories.batch(tx, tenant, "50.00", "50.01"))

    assert result.status == "blocked_policy" and result.payroll.status == "pending" and result.gate is not None
    assert (result.gate.reason, result.gate.policy_violated) == ("policy_violation", "max_single_payment")
    assert result.gate.client_message == "Payment exceeds single-transaction limit. Contact support."
    assert result.gate.violations[0].facts == {"limit_minor": 5000, "largest_minor": 5001, "payments": 1}
    assert stories.client_funds(tx, tenant) == (usd("0.00"), usd("1000.00"))
    stored = funding.evaluation(tx, result.gate.evaluation_id)
    assert (stored.policy_violated, stored.outcome, stored.violations[0]["policy"]) == (
        "max_single_payment", "blocked", "max_single_payment",
    )  # fmt: skip
    (request,) = funding.list_requests(tx)
    assert (request.status, request.block_reason) == ("covered", "policy_violation")


def test_a_temporary_limit_ends_and_the_older_one_holds_again(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "1000.00")
    scenes.limit(tx, "max_single_payment", Limit(amount_minor=5000))
    scenes.limit(tx, "max_single_payment", Limit(amount_minor=9000), days=1)
    first = payments.commit_payroll(tx, stories.batch(tx, tenant, "80.00", pay_on=FRIDAY))
    assert first.status == "committed"

    stories.at(tx, WEDNESDAY)

    again = payments.commit_payroll(tx, stories.batch(tx, tenant, "80.00", payroll_id="PR-2", pay_on=FRIDAY))
    assert again.status == "blocked_policy"
    with pytest.raises(funding.InvalidSetting, match="over already"):
        funding.set_limit(
            tx, policy="velocity", currency="USD", limit=Limit(count=1), reason="late", approval_id="apr_x",
            valid_until=datetime(2020, 1, 1, tzinfo=UTC),
        )  # fmt: skip


def test_the_day_s_room_is_counted_on_the_day_it_leaves_and_the_next_day_has_its_own(
    tx: Tx, tenant: TenantFixture
) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "1000.00")
    scenes.limit(tx, "max_daily_volume", Limit(amount_minor=10_000))
    first = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00"))
    second = stories.batch(tx, tenant, "41.00", payroll_id="PR-2")
    blocked = payments.commit_payroll(tx, second)
    later = payments.commit_payroll(tx, stories.batch(tx, tenant, "99.00", payroll_id="PR-3", pay_on=FRIDAY))
    assert [one.status for one in (first, blocked, later)] == ["committed", "blocked_policy", "committed"]
    assert blocked.gate is not None
    assert blocked.gate.client_message == "Daily payment limit reached. Payroll will process tomorrow."

    payments.submit_due(tx, on=MONDAY)
    assert _used(tx) == {("2026-11-30"): 6000, "2026-12-10": 9900}
    stories.at(tx, TUESDAY)

    assert payments.commit_payroll(tx, second).status == "committed"
    assert payments.submit_due(tx, on=TUESDAY)[0].credit == usd("41.00")
    assert _used(tx) == {"2026-11-30": 6000, "2026-12-01": 4100, "2026-12-10": 9900}


def test_the_days_of_a_limit_are_the_legal_entity_s(tx: Tx, tenant: TenantFixture) -> None:
    """Half past three in the morning of Tuesday in UTC is Monday in Chicago."""
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "1000.00")
    tenants.move_clock(tx, to=datetime(2026, 12, 1, 3, 30, tzinfo=UTC))
    scenes.limit(tx, "max_daily_volume", Limit(amount_minor=10_000))

    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", pay_on=TUESDAY))

    assert _used(tx) == {"2026-11-30": 6000}


def test_a_blocked_payee_is_not_paid_and_compliance_alone_unblocks_for_a_time(tx: Tx, tenant: TenantFixture) -> None:
    """Acceptance test 21: a list's update hits a payee with a reserved payment."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "1000.00")
    batch = stories.batch(tx, tenant, "60.00", "40.00")
    assert payments.commit_payroll(tx, batch).status == "committed"
    parties.block_party(tx, party_id=batch.items[0].payee_id, reason="sanctions")

    (file,) = payments.submit_due(tx, on=MONDAY)
    assert file.credit == usd("40.00") and sorted(stories.statuses(tx)) == ["pending", "sent"]
    following = payments.commit_payroll(
        tx, stories.batch(tx, tenant, "60.00", "40.00", payroll_id="PR-2", pay_on=FRIDAY)
    )
    assert following.status == "blocked_policy" and following.gate is not None
    assert following.gate.policy_violated == "blocked_payee"

    facts: dict[str, Any] = {
        "kind": "payee_unblock", "legal_entity_id": tenant.legal_entity_id, "party_id": batch.items[0].payee_id,
    }  # fmt: skip
    with pytest.raises(funding.ComplianceNeeded), tx.savepoint():
        scenes.override(tx, by="bob", **facts)
    officer = tenants.create_user(tx, email="carol@example.com", display_name="Carol")
    tenants.create_key(tx, name="carol", role="compliance", user_id=officer.id)
    until = tx.now() + scenes.DAY
    document = overrides.grant_document(tx, **facts, valid_until=until)
    request = cases.request(tx, action=overrides.ACTION, subject="x", document=document, reason="false positive")
    with tx.acting_for(replace(ACTOR, id="key_carol", person_id=officer.id), "cor"):
        cases.approve(tx, approval_id=request.id, digest=request.digest)
    funding.grant_override(tx, **facts, valid_until=until, reason="false positive", approval_id=request.id)

    assert payments.submit_due(tx, on=MONDAY)[0].credit == usd("60.00")
    stories.at(tx, WEDNESDAY)
    assert payments.commit_payroll(
        tx, stories.batch(tx, tenant, "60.00", "40.00", payroll_id="PR-2", pay_on=FRIDAY)
    ).status == "blocked_policy"  # fmt: skip


def test_a_bank_change_an_hour_before_the_cutoff_holds_that_payment_alone(tx: Tx, tenant: TenantFixture) -> None:
    """Acceptance test 20."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "1000.00")
    payees = parties.register_payees(
        tx,
        legal_entity_id=tenant.legal_entity_id,
        payees=[
            parties.PayeeInput(f"E-{n}", f"Employee {n}", (parties.BankAccountInput(stories.RDFI, f"77700{n}"),))
            for n in (1, 2)
        ],
        source_ref="test",
    )
    changed = parties.add_bank_account(
        tx,
        party_id=payees[0].party_id,
        account=parties.BankAccountInput(stories.RDFI, "999000111"),
        source_ref="portal",
    )
    items = (
        payments.PayrollItem("E-1", payees[0].party_id, changed.id, usd("60.00")),
        payments.PayrollItem("E-2", payees[1].party_id, payees[1].bank_account_ids[0], usd("40.00")),
    )
    batch = payments.PayrollBatch(tenant.legal_entity_id, "PR-1", TUESDAY, "USD", items)
    blocked = payments.commit_payroll(tx, batch)
    assert blocked.status == "blocked_policy" and blocked.gate is not None
    assert blocked.gate.policy_violated == "bank_change_cooldown"
    later = replace(batch, payroll_id="PR-2", pay_on=FRIDAY)
    assert payments.commit_payroll(tx, later).status == "committed"  # It leaves after the cooldown.
    soft = payments.commit_payroll(tx, batch, gate_mode="soft", override_reason="payday")
    assert soft.status == "committed_with_warnings"

    (file,) = payments.submit_due(tx, on=MONDAY)

    assert file.credit == usd("40.00")
    row = tx.one("SELECT status, reservation_id FROM payments.instructions WHERE payroll_id = %(p)s AND amount_minor = 6000",
                 {"p": soft.payroll.id})  # fmt: skip
    assert row == {"status": "blocked_funds", "reservation_id": None}
    parties.record_verification(tx, bank_account_id=changed.id, method="micro_entry", outcome="verified")
    assert payments.submit_due(tx, on=MONDAY)[0].credit == usd("60.00")


def test_a_policy_exception_is_for_one_payroll_and_ends(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "1000.00")
    scenes.limit(tx, "max_single_payment", Limit(amount_minor=5000))
    batch = stories.batch(tx, tenant, "60.00", pay_on=FRIDAY)
    other = stories.batch(tx, tenant, "61.00", payroll_id="PR-2", pay_on=FRIDAY)
    blocked = payments.commit_payroll(tx, batch)
    scenes.override(
        tx,
        kind="policy_exception",
        legal_entity_id=tenant.legal_entity_id,
        policy="max_single_payment",
        subject=blocked.payroll.id,
    )

    assert payments.commit_payroll(tx, other).status == "blocked_policy"
    assert payments.commit_payroll(tx, batch).status == "committed"
    assert [one.kind for one in funding.list_overrides(tx, in_force_only=True)] == ["policy_exception"]
    stories.at(tx, date(2026, 12, 10))
    stories.originator(tx, tenant)
    assert funding.list_overrides(tx, in_force_only=True) == []
    assert payments.submit_due(tx, on=date(2026, 12, 10)) == []  # The pay gate judges anew: the exception is over.
    assert funding.list_evaluations(tx, subject=blocked.payroll.id)[0].policy_violated == "max_single_payment"


def test_a_duplicate_is_known_by_whom_it_pays_whatever_it_is_called(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "1000.00")
    scenes.limit(tx, "duplicate_payroll", Limit(days=3))
    assert payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00")).status == "committed"

    twin = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00", payroll_id="PR-2", pay_on=WEDNESDAY))
    month = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00", payroll_id="PR-3", pay_on=FRIDAY))
    other = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.01", payroll_id="PR-4"))

    assert [one.status for one in (twin, month, other)] == ["blocked_policy", "committed", "committed"]


def test_a_payroll_far_above_the_usual_is_held(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "9000.00")
    for n in range(6):
        done = payments.commit_payroll(tx, stories.batch(tx, tenant, f"{100 + n}.00", payroll_id=f"PR-{n}"))
        assert done.status == "committed"

    assert payments.commit_payroll(tx, stories.batch(tx, tenant, "205.00", payroll_id="PR-ok")).status == "committed"
    held = payments.commit_payroll(tx, stories.batch(tx, tenant, "210.00", payroll_id="PR-high"))
    assert held.status == "blocked_policy" and held.gate is not None and held.gate.policy_violated == "spike"
    assert held.gate.violations[0].facts["median_minor"] == 10350


def test_the_client_is_told_in_the_tenant_s_own_words(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    funding.set_template(tx, key="insufficient_funds", text="Bitte {amount} einzahlen.")

    result = payments.commit_payroll(tx, stories.batch(tx, tenant, "12.50"))

    assert result.gate is not None and result.gate.client_message == "Bitte $12.50 einzahlen."
    for key, text in (("insufficient_funds", "{other}"), ("insufficient_funds", ""), ("nothing", "x")):
        with pytest.raises(funding.InvalidSetting):
            funding.set_template(tx, key=key, text=text)


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["max_daily_volume", "velocity"])
def test_64_committers_over_8_funding_accounts_never_exceed_a_limit(
    database: Database, tenant: TenantFixture, policy: str
) -> None:
    figures = Limit(amount_minor=20_000) if policy == "max_daily_volume" else Limit(count=20)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        scenes.limit(tx, policy, figures)
        batches = [batch for n in range(8) for batch in _client(tx, n)]
    assert len(batches) == 64
    start = threading.Barrier(64)
    results: list[str] = []

    def commit(batch: payments.PayrollBatch) -> None:
        start.wait()
        for _ in range(20):
            try:
                with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
                    results.append(payments.commit_payroll(own, batch).status)
                return
            except headgate.core.errors.Unavailable:
                continue  # The pool is smaller than the crowd.

    threads = [threading.Thread(target=commit, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["blocked_policy"] * 44 + ["committed"] * 20
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        reserved = tx.value("SELECT sum(remaining_minor) FROM ledger.reservations WHERE status = 'active'")
        assert reserved == 20_000 and list(_used(tx).values()) == [20_000 if policy == "max_daily_volume" else 20]


def _client(tx: Tx, n: int) -> list[payments.PayrollBatch]:
    """A legal entity with plenty of money of its own, and eight payrolls of ten dollars."""
    entity = tenants.create_legal_entity(tx, name=f"Client {n}", time_zone="America/Chicago", currency="USD")
    ledger.seed_chart(tx, legal_entity_id=entity.id, currency="USD")
    client = TenantFixture(tx.tenant_id, "", entity.id, ACTOR)
    stories.fund(tx, client, "1000.00", external_id=f"wire-{n}")
    return [stories.batch(tx, client, "10.00", payroll_id=f"PR-{m}") for m in range(8)]


def _used(tx: Tx) -> dict[str, int]:
    rows = tx.all("SELECT window_on::text AS day, used FROM funding.limit_counters ORDER BY window_on")
    return {row["day"]: row["used"] for row in rows}
