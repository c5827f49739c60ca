"""The commit gate judges as the tenant chose; the pay gate is always strict, and nothing in the program says otherwise."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import date, timedelta
from typing import Any, get_args

import psycopg
import pytest
from tests.funding import scenes
from tests.make import TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import FRIDAY, MONDAY, TUESDAY

from headgate import funding, ledger, payments, tenants
from headgate.core import config
from headgate.core.config import Config
from headgate.core.db import Actor, Tx
from headgate.funding import Limit, settings
from headgate.funding.model import GateMode, GateType, Reason, outcome_of
from headgate.payments.model import CommitStatus

pytestmark = pytest.mark.slow

MODES: tuple[GateMode, ...] = get_args(GateMode)


@pytest.mark.parametrize(
    ("mode", "reason", "outcome"),
    [("strict", None, "passed"), ("hybrid", None, "passed"), ("soft", None, "passed"),
     ("strict", "insufficient_funds", "blocked"), ("strict", "reservation_conflict", "blocked"),
     ("strict", "policy_violation", "blocked"), ("hybrid", "insufficient_funds", "warned"),
     ("hybrid", "reservation_conflict", "warned"), ("hybrid", "policy_violation", "blocked"),
     ("soft", "insufficient_funds", "warned"), ("soft", "reservation_conflict", "warned"),
     ("soft", "policy_violation", "warned")],
)  # fmt: skip
def test_what_each_mode_makes_of_each_reason(mode: GateMode, reason: Reason | None, outcome: str) -> None:
    assert outcome_of(mode, reason) == outcome


def test_the_words_are_those_that_are_promised() -> None:
    assert set(get_args(GateType)) == {"commit", "pay"}
    assert set(get_args(Reason)) == {"insufficient_funds", "policy_violation", "reservation_conflict"}
    assert set(get_args(CommitStatus)) == {"committed", "committed_with_warnings", "blocked_policy", "blocked_funds"}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("funded", [True, False])
@pytest.mark.parametrize("violating", [True, False])
def test_a_commit_in_each_mode_with_and_without_money_and_policies(
    tx: Tx, tenant: TenantFixture, mode: GateMode, funded: bool, violating: bool
) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    if funded:
        stories.fund(tx, tenant, "100.00")
    scenes.limit(tx, "max_single_payment", Limit(amount_minor=100 if violating else 10_000))
    scenes.setting(tx, "commit_gate_mode", mode, legal_entity_id=tenant.legal_entity_id)
    assert settings.commit_gate_mode(tx, legal_entity_id=tenant.legal_entity_id) == mode

    result = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00"))

    if funded and not violating:
        expected = "committed"
    elif violating:
        expected = "committed_with_warnings" if mode == "soft" else "blocked_policy"
    else:
        expected = "blocked_funds" if mode == "strict" else "committed_with_warnings"
    assert result.status == expected
    let_go = expected.startswith("committed")
    assert result.payroll.status == ("committed" if let_go else "pending")
    holds = let_go and funded
    assert stories.client_funds(tx, tenant)[0] == usd("100.00" if holds else "0.00")
    unfunded = "awaiting_funding" if let_go else "blocked_funds"
    assert stories.statuses(tx) == ["pending" if holds else unfunded] * 2
    told = tx.value("SELECT count(*) FROM messaging.outbox_messages WHERE event_type = 'funding.blocked'")
    assert told == (0 if expected == "committed" else 1)  # The same event, blocked or let go.

    # Whatever the commit gate let go, what leaves has its money and violates nothing.
    sent = payments.submit_due(tx, on=MONDAY)
    assert len(sent) == (1 if expected == "committed" else 0)
    if not sent and let_go:
        last = funding.list_evaluations(tx, subject=result.payroll.id)[0]
        assert (last.gate_type, last.mode, last.outcome) == ("pay", "strict", "blocked")
        assert stories.statuses(tx) == ["blocked_funds", "blocked_funds"]
        assert stories.client_funds(tx, tenant)[0] == usd("0.00")


def test_the_emergency_override_says_why_and_never_touches_the_pay_gate(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    batch = stories.batch(tx, tenant, "60.00")
    before = scenes.counts(tx)
    for reason in (None, "", "  "):
        with pytest.raises(payments.OverrideReasonMissing):
            payments.commit_payroll(tx, batch, gate_mode="soft", override_reason=reason)
    assert scenes.counts(tx) == before

    result = payments.commit_payroll(
        tx, batch, gate_mode="soft", override_reason="the bank is closed, payday is tomorrow"
    )

    assert result.status == "committed_with_warnings" and result.gate is not None
    stored = funding.evaluation(tx, result.gate.evaluation_id)
    assert (stored.mode, stored.outcome, stored.reason) == ("soft", "warned", "insufficient_funds")
    assert stored.override_reason == "the bank is closed, payday is tomorrow"
    event = tx.one("SELECT actor_id, data FROM audit.events WHERE type = 'funding.gate.warned'")
    assert event["actor_id"] == "usr_test" and event["data"]["override_reason"] == stored.override_reason
    assert payments.submit_due(tx, on=MONDAY) == []
    assert stories.counts(tx)["payments.attempts"] == 0
    replay = payments.commit_payroll(tx, batch)
    assert replay.status == "committed" and replay.gate is None


def test_what_awaits_funding_is_gated_in_the_order_of_its_due_dates_as_money_settles(
    tx: Tx, tenant: TenantFixture
) -> None:
    stories.at(tx, MONDAY)
    scenes.setting(tx, "commit_gate_mode", "hybrid")
    late = payments.commit_payroll(tx, stories.batch(tx, tenant, "30.00", payroll_id="late", pay_on=FRIDAY))
    soon = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00", payroll_id="soon"))
    assert {late.status, soon.status} == {"committed_with_warnings"}
    assert stories.client_funds(tx, tenant) == (usd("0.00"), usd("0.00"))

    stories.fund(tx, tenant, "50.00", external_id="w-1")
    assert _reserve(tx, tenant) == 0  # It would do for the late one, and is kept for the one that is due.
    stories.fund(tx, tenant, "60.00", external_id="w-2")
    assert _reserve(tx, tenant) == 2
    stories.fund(tx, tenant, "20.00", external_id="w-3")
    assert _reserve(tx, tenant) == 1

    assert stories.statuses(tx) == ["pending", "pending", "pending"]
    assert stories.client_funds(tx, tenant) == (usd("130.00"), usd("0.00"))
    assert _reserve(tx, tenant) == 0


def test_money_that_settles_is_given_to_what_waits_by_the_consumer(tx: Tx, tenant: TenantFixture) -> None:
    from headgate.messaging import Message
    from headgate.payments.consumers import CONSUMERS, FUNDED

    stories.at(tx, MONDAY)
    scenes.setting(tx, "commit_gate_mode", "hybrid")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00"))
    stories.fund(tx, tenant, "60.00")
    row = tx.one(
        """
        SELECT m.id, m.event_type, m.aggregate_type, m.aggregate_id, coalesce(m.payload, e.data) AS payload
          FROM messaging.outbox_messages m
          LEFT JOIN audit.events e ON e.id = m.audit_event_id
         WHERE m.event_type = 'funding.deposit.settled'
        """
    )
    message = Message(
        tenant_id=tenant.id, correlation_id=None, created_at=tx.now(), **{**row, "payload": dict(row["payload"])}
    )

    (consumer,) = [one for one in CONSUMERS if one.topics == FUNDED]
    consumer.handle(tx, message)
    before = scenes.counts(tx)
    consumer.handle(tx, message)

    assert stories.statuses(tx) == ["pending"] and scenes.counts(tx) == before


def test_a_payroll_is_split_where_the_funds_cover_a_part(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "100.00")
    batch = stories.batch(tx, tenant, "60.00", "40.00", "30.00")
    blocked = payments.commit_payroll(tx, batch)
    assert blocked.gate is not None and "split_payroll" in [one.action for one in blocked.gate.advice]

    split = payments.split_payroll(tx, payroll_id=blocked.payroll.id)

    assert (split.status, split.payroll.status) == ("committed_with_warnings", "committed")
    assert split.gate is not None and (split.gate.required, split.gate.passed) == (usd("100.00"), True)
    assert stories.statuses(tx) == ["pending", "pending", "awaiting_funding"]
    with pytest.raises(payments.NothingToSplit):
        payments.split_payroll(tx, payroll_id=blocked.payroll.id)
    (first,) = payments.submit_due(tx, on=MONDAY)
    assert first.credit == usd("100.00") and stories.statuses(tx) == ["sent", "sent", "blocked_funds"]
    stories.fund(tx, tenant, "30.00", external_id="w-2")
    (second,) = payments.submit_due(tx, on=MONDAY)
    assert second.credit == usd("30.00")
    assert payments.get_payroll(tx, blocked.payroll.id).status == "paying"
    (request,) = funding.list_requests(tx)
    assert (request.amount, request.received) == (usd("130.00"), usd("30.00"))


def test_a_payroll_of_which_nothing_is_covered_is_not_split(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "59.99")
    blocked = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00"))

    split = payments.split_payroll(tx, payroll_id=blocked.payroll.id)

    assert (split.status, split.payroll.status) == ("blocked_funds", "pending")
    assert split.gate is not None and split.gate.shortfall == usd("0.01")
    assert stories.statuses(tx) == ["blocked_funds", "blocked_funds"]


def test_a_reservation_is_released_once_and_never_when_captured(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "100.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00"))
    payments.submit_due(tx, on=MONDAY)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "40.00", payroll_id="PR-2", pay_on=FRIDAY))
    captured, active = tx.values("SELECT id FROM ledger.reservations ORDER BY id")

    first = funding.release_reservation(tx, reservation_id=active)
    before = scenes.counts(tx)
    again = funding.release_reservation(tx, reservation_id=active)

    assert first == again and first.status == "released" and scenes.counts(tx) == before
    assert stories.client_funds(tx, tenant) == (usd("0.00"), usd("40.00"))
    with pytest.raises(funding.ReservationCaptured):
        funding.release_reservation(tx, reservation_id=captured)
    with pytest.raises(ledger.ReservationNotFound):
        funding.release_reservation(tx, reservation_id=999_999_999)
    assert scenes.counts(tx) == before


def test_a_credit_line_opens_nothing_until_it_is_drawn_from_money_that_is_there(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    batch = stories.batch(tx, tenant, "60.00")
    standing = scenes.credit_line(tx, tenant, "80.00")
    assert (standing.limit, standing.drawn, standing.free) == (usd("80.00"), usd("0.00"), usd("80.00"))

    blocked = payments.commit_payroll(tx, batch)
    assert blocked.status == "blocked_funds" and blocked.gate is not None
    assert [(one.action, one.time_to_resolve, one.amount_minor) for one in blocked.gate.advice] == [
        ("fund_account", "1 to 3 days", 6000),
        ("credit_extension", "needs approval", 6000),
    ]
    with pytest.raises(funding.FundsNotPostable), tx.savepoint():
        scenes.draw(tx, tenant, "60.00")  # The tenant has no money of its own.
    with pytest.raises(funding.CreditExceeded), tx.savepoint():
        scenes.draw(tx, tenant, "80.01")
    scenes.own_funds(tx, "500.00")
    move = scenes.draw(tx, tenant, "60.00")

    assert scenes.book(tx, tenant) == {"CASH": "500.00", "CLIENT_FUNDS": "60.00", "OWN_FUNDS": "440.00"}
    assert payments.commit_payroll(tx, batch).status == "committed"
    assert payments.submit_due(tx, on=MONDAY)[0].credit == usd("60.00")
    before = scenes.counts(tx)
    assert funding.draw_credit(
        tx, idempotency_key="draw-1", legal_entity_id=tenant.legal_entity_id, amount=usd("60.00"), approval_id="apr_any"
    ) == move  # fmt: skip
    with pytest.raises(funding.CreditExceeded):
        funding.draw_credit(
            tx, idempotency_key="draw-2", legal_entity_id=tenant.legal_entity_id, amount=usd("20.01"), approval_id="a"
        )
    assert scenes.counts(tx) == before
    stories.fund(tx, tenant, "60.00")
    funding.repay_credit(tx, idempotency_key="back", legal_entity_id=tenant.legal_entity_id, amount=usd("60.00"))
    assert funding.credit_standing(tx, legal_entity_id=tenant.legal_entity_id, currency="USD").drawn == usd("0.00")
    with pytest.raises(funding.CreditExceeded):
        funding.repay_credit(tx, idempotency_key="more", legal_entity_id=tenant.legal_entity_id, amount=usd("0.01"))


def test_over_its_line_a_client_is_told_to_fund(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    scenes.own_funds(tx, "500.00")
    scenes.credit_line(tx, tenant, "100.00")
    scenes.limit(tx, "max_credit_utilization", Limit(ratio_bps=5_000))
    scenes.draw(tx, tenant, "60.00")

    result = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00"))

    assert result.status == "blocked_policy" and result.gate is not None
    assert result.gate.client_message == "Credit utilization at maximum. Please fund account."
    assert stories.client_funds(tx, tenant) == (usd("0.00"), usd("60.00"))


# Nothing opens the pay gate ------------------------------------------------------------------------------------------


def _unfunded_and_committed(tx: Tx, tenant: TenantFixture) -> None:
    """A payroll that the softest commit gate let go without its money, due now."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    scenes.setting(tx, "commit_gate_mode", "soft")
    assert payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00")).status == "committed_with_warnings"


def _refused(tx: Tx) -> None:
    assert payments.submit_due(tx, on=MONDAY) == []
    assert stories.counts(tx)["payments.attempts"] == 0


def test_no_parameter_field_or_variable_is_about_the_pay_gate() -> None:
    assert list(inspect.signature(payments.submit_due).parameters) == ["tx", "on"]
    assert list(inspect.signature(funding.judge_pay).parameters) == ["tx", "request"]
    named = [*config.variables(), *(one.name for one in dataclasses.fields(Config)), *settings.DEFAULTS]
    assert [name for name in named if "pay_gate" in name.lower() or "strict" in name.lower()] == []
    fields = {one.name for one in dataclasses.fields(funding.GateRequest)}
    assert not fields & {"mode", "strict", "force", "override", "skip"}


def test_no_configuration_opens_it(tx: Tx, tenant: TenantFixture) -> None:
    """Every field of the configuration, turned to something else: the pay gate does not look."""
    _unfunded_and_committed(tx, tenant)
    for field in dataclasses.fields(Config):
        value = getattr(tx.config, field.name)
        other: Any = (not value) if isinstance(value, bool) else (value + 1 if isinstance(value, int) else value)
        if other is not value:
            own = Tx(
                tx.conn,
                tx.tenant,
                tx.actor,
                tx.correlation_id,
                config=dataclasses.replace(tx.config, **{field.name: other}),
            )
            _refused(own)
    _refused(tx)


@pytest.mark.parametrize("name", settings.DEFAULTS)
def test_no_setting_of_the_tenant_opens_it(tx: Tx, tenant: TenantFixture, name: str) -> None:
    _unfunded_and_committed(tx, tenant)
    for value in settings._ALLOWED[name]:
        scenes.setting(tx, name, value)
        scenes.setting(tx, name, value, legal_entity_id=tenant.legal_entity_id)
        _refused(tx)


@pytest.mark.parametrize("policy", funding.gate_policies())
def test_no_policy_limit_or_exception_opens_it(tx: Tx, tenant: TenantFixture, policy: str) -> None:
    _unfunded_and_committed(tx, tenant)
    if policy == "blocked_payee":
        with pytest.raises(funding.InvalidSetting):
            scenes.limit(tx, policy, None)
    else:
        (payroll,) = payments.list_payrolls(tx)
        scenes.limit(tx, policy, None)
        scenes.override(
            tx,
            kind="policy_exception",
            legal_entity_id=tenant.legal_entity_id,
            policy=policy,
            subject=payroll.id,
        )
    _refused(tx)


@pytest.mark.parametrize("role", tenants.ROLES)
@pytest.mark.parametrize("kind", ["human", "system", "ai"])
def test_no_role_and_no_actor_opens_it(tx: Tx, tenant: TenantFixture, role: str, kind: Any) -> None:
    _unfunded_and_committed(tx, tenant)
    user = tenants.create_user(tx, email=f"{role}@example.com", display_name=role)
    issued = tenants.create_key(tx, name=role, role=role, user_id=user.id)
    actor = Actor(kind, issued.api_key.id, user.id if kind == "human" else None)
    with tx.acting_for(actor, "cor_role"):
        _refused(Tx(tx.conn, tx.tenant, actor, "cor_role", config=tx.config))


@pytest.mark.parametrize("days", [-400, -1, 0, 1, 3, 40, 400])
def test_no_clock_opens_it(tx: Tx, tenant: TenantFixture, days: int) -> None:
    _unfunded_and_committed(tx, tenant)
    stories.at(tx, MONDAY + timedelta(days=days))
    for on in (MONDAY, TUESDAY, MONDAY + timedelta(days=days), date(2027, 6, 1)):
        assert payments.submit_due(tx, on=on) == []
    assert stories.counts(tx)["payments.attempts"] == 0


@pytest.mark.parametrize(
    ("gate_type", "mode", "outcome"),
    [
        ("pay", "soft", "warned"),
        ("pay", "hybrid", "warned"),
        ("pay", "soft", "blocked"),
        ("commit", "strict", "warned"),
    ],
)
def test_the_database_keeps_no_soft_judgement_of_the_pay_gate(
    tx: Tx, tenant: TenantFixture, gate_type: str, mode: str, outcome: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), tx.savepoint():
        tx.run(
            """
            INSERT INTO funding.gate_evaluations
                   (tenant_id, id, gate_type, subject, evaluation_no, legal_entity_id, currency, passed, reason,
                    required_minor, available_minor, posted_minor, reserved_minor, own_reserved_minor, requirement,
                    evaluated_at, mode, outcome)
            VALUES (%(t)s, 'evl_x', %(gate)s, 'prl_x', 1, %(entity)s, 'USD', false, 'insufficient_funds', 1, 0, 0, 0, 0,
                    '[]', now(), %(mode)s, %(outcome)s)
            """,
            {
                "t": tx.tenant_id,
                "entity": tenant.legal_entity_id,
                "gate": gate_type,
                "mode": mode,
                "outcome": outcome,
            },
        )


def _reserve(tx: Tx, tenant: TenantFixture) -> int:
    return payments.reserve_awaiting(tx, legal_entity_id=tenant.legal_entity_id, currency="USD")
