"""Money is asked for, comes in, becomes final after its hold, or is taken back; and the next money pays what is owed."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.funding import scenes
from tests.funding.scenes import THURSDAY
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import FRIDAY, MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, funding, ledger, payments
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError, IllegalMove, Unprocessable
from headgate.funding.request_model import final_at, kind_of, return_deadline, status_of

pytestmark = pytest.mark.slow


def test_asking_twice_under_one_key_asks_once(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    first = scenes.asked(tx, tenant, "100.00", rail="inbound_wire")
    before = scenes.counts(tx)

    again = scenes.asked(tx, tenant, "100.00", rail="inbound_wire")

    assert again == first and scenes.counts(tx) == before
    assert (first.status, first.amount, first.asked, first.due_on) == (
        "requested",
        usd("100.00"),
        usd("100.00"),
        MONDAY,
    )
    assert first.instructions["amount"] == {"minor": 10000, "currency": "USD"}
    assert first.instructions["reference"] == funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    assert funding.get_request(tx, first.id) == first
    assert funding.list_requests(tx, status="requested") == [first]
    with pytest.raises(funding.RequestDiffers):
        scenes.asked(tx, tenant, "101.00", rail="inbound_wire")
    assert scenes.counts(tx) == before


def test_a_rail_that_the_bank_profile_lacks_is_refused_by_name(tx: Tx, tenant: TenantFixture) -> None:
    entity = tenant.legal_entity_id
    assert funding.offered_rails(tx, legal_entity_id=entity).profile == "sandbox"  # a test tenant's, until it is said
    funding.offer_rails(tx, legal_entity_id=entity, profile="generic_odfi")
    before = scenes.counts(tx)

    with pytest.raises(funding.RailUnavailable) as refused:
        scenes.asked(tx, tenant, "1.00", rail="fednow_rfp")

    assert refused.value.code == "funding.rail_unavailable"
    assert refused.value.facts["profile"] == "generic_odfi"
    assert refused.value.facts["rails"] == ["ach_debit", "inbound_wire", "book"]
    assert "generic_odfi" in refused.value.message and "inbound_wire" in refused.value.message
    assert scenes.counts(tx) == before
    funding.offer_rails(tx, legal_entity_id=entity, profile="column")
    assert scenes.asked(tx, tenant, "1.00", rail="fednow_rfp").profile == "column"
    # What the bank's own guide has to say first is not offered: nobody knows on which terms.
    funding.offer_rails(tx, legal_entity_id=entity, profile="amegy")
    with pytest.raises(funding.RailUnavailable, match="amegy has no drawdown: it has ach_debit, inbound_wire"):
        scenes.asked(tx, tenant, "1.00", rail="drawdown", key="ask-2")
    with pytest.raises(funding.RailUnavailable, match="amegy has no book"):
        funding.offer_rails(tx, legal_entity_id=entity, profile="amegy", default_rail="book")
    with pytest.raises(HeadgateError, match="there is no bank profile"):
        funding.offer_rails(tx, legal_entity_id=entity, profile="hand_typed")


def test_who_names_its_bank_is_asked_over_that_banks_rails(tx: Tx, tenant: TenantFixture) -> None:
    funding.offer_rails(tx, legal_entity_id=tenant.legal_entity_id, profile="generic_odfi")

    stories.originator(tx, tenant)

    offer = funding.offered_rails(tx, legal_entity_id=tenant.legal_entity_id)
    assert (offer.profile, offer.rails, offer.default_rail) == ("sandbox", funding.FUNDING_RAILS, "inbound_wire")


@pytest.mark.parametrize("rail", ["inbound_wire", "drawdown", "fednow_rfp", "rtp_rfp", "book"])
def test_every_rail_but_a_debit_is_final_when_it_settles(
    tx: Tx, tenant: TenantFixture, rail: funding.FundingRail
) -> None:
    stories.at(tx, MONDAY)
    funding.offer_rails(tx, legal_entity_id=tenant.legal_entity_id, profile="sandbox")
    request = scenes.asked(tx, tenant, "100.00", rail=rail)

    event = scenes.settled(tx, request, "100.00")

    assert (event.kind, event.return_deadline_at, event.final_at) == ("settled", None, event.settled_at)
    assert funding.get_request(tx, request.id).status == "final"
    assert scenes.book(tx, tenant) == {"CASH": "100.00", "CLIENT_FUNDS": "100.00"}
    before = scenes.counts(tx)
    assert scenes.settled(tx, request, "100.00") == event and scenes.counts(tx) == before
    with pytest.raises(funding.EventDiffers):
        scenes.settled(tx, request, "99.00")
    assert scenes.counts(tx) == before


def test_a_debit_is_provisional_until_its_hold_has_passed(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    event = scenes.debited(tx, tenant, "100.00")

    assert event.return_deadline_at == event.final_at == datetime(2026, 12, 3, 5, tzinfo=UTC)
    assert scenes.book(tx, tenant) == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}
    assert stories.client_funds(tx, tenant)[1] == usd("0.00")
    assert funding.get_request(tx, event.funding_request_id).status == "settled"
    stories.at(tx, WEDNESDAY)
    assert funding.finalise_due(tx) == {"finalised": 0, "refused": 0}
    result = payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00", pay_on=FRIDAY))
    assert result.status == "blocked_funds" and result.gate is not None
    assert result.gate.cure_expected_at == event.final_at

    stories.at(tx, THURSDAY)
    assert funding.finalise_due(tx) == {"finalised": 1, "refused": 0}
    assert funding.finalise_due(tx) == {"finalised": 0, "refused": 0}

    assert scenes.book(tx, tenant) == {"CASH": "100.00", "CLIENT_FUNDS": "100.00"}
    assert funding.get_request(tx, event.funding_request_id).status == "final"
    assert payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00", pay_on=FRIDAY)).status == "committed"


def test_a_tenant_shortens_the_hold_only_with_another_person(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    facts = {"name": "hold_banking_days.ach_debit", "value": "0"}
    lone = cases.request(tx, action=funding.settings.ACTION, subject="hold", document={}, reason="faster")
    with pytest.raises(cases.errors.OtherPayload), tx.savepoint():
        funding.change_setting(tx, **facts, reason="faster", approval_id=lone.id)
    with pytest.raises(funding.InvalidSetting, match="may be 0, 1, 2"):
        funding.change_setting(tx, name=facts["name"], value="3", reason="slower", approval_id=lone.id)
    with pytest.raises(psycopg.errors.ForeignKeyViolation), tx.savepoint():
        tx.run(
            """
            INSERT INTO funding.settings (tenant_id, name, value, reason, approval_id, set_at)
            VALUES (%(t)s, 'hold_banking_days.ach_debit', '0', 'past the door', 'apr_none', now())
            """,
            {"t": tx.tenant_id},
        )

    scenes.setting(tx, facts["name"], "0", legal_entity_id=tenant.legal_entity_id)
    event = scenes.debited(tx, tenant, "100.00")

    assert event.final_at == event.settled_at and event.return_deadline_at > event.settled_at  # type: ignore[operator]
    assert scenes.book(tx, tenant) == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}
    assert funding.finalise_due(tx)["finalised"] == 1
    assert stories.client_funds(tx, tenant)[1] == usd("100.00")


def test_returned_in_its_window_nothing_had_counted_on_it(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    event = scenes.debited(tx, tenant, "100.00")
    stories.at(tx, TUESDAY)

    back = scenes.returned(tx, event)

    assert (back.kind, back.return_code, back.clawed_minor, back.receivable_minor) == ("returned", "R01", 0, 0)
    assert scenes.book(tx, tenant) == {}
    assert funding.get_request(tx, event.funding_request_id).status == "returned"
    (case,) = [case for case in cases.list_cases(tx) if case.category == "funding_returned"]
    assert case.severity == "medium"
    before = scenes.counts(tx)
    assert scenes.returned(tx, event) == back and scenes.counts(tx) == before
    with pytest.raises(funding.EventDiffers):
        scenes.returned(tx, event, "R02", trace="r-2")
    stories.at(tx, FRIDAY)
    assert funding.finalise_due(tx) == {"finalised": 0, "refused": 0}
    with pytest.raises(funding.NotFinal), tx.savepoint():
        _finalise_by_hand(tx, event)


def test_late_nsf_after_payout_is_owed_blocks_and_is_cured_by_a_wire(tx: Tx, tenant: TenantFixture) -> None:
    """Acceptance test 8: R29 after payouts → receivable, blocked, cured by wire."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    scenes.setting(tx, "hold_banking_days.ach_debit", "0")
    event = scenes.debited(tx, tenant, "100.00")
    funding.finalise_due(tx)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "25.00"))
    payments.submit_due(tx, on=MONDAY)
    stories.at(tx, TUESDAY)

    back = scenes.returned(tx, event, "R29")

    assert (back.clawed_minor, back.receivable_minor) == (1500, 8500)
    assert scenes.book(tx, tenant) == {"PAYROLL_CLEARING": "85.00", "RETURNS_RECEIVABLE": "85.00"}
    (case,) = [case for case in cases.list_cases(tx) if case.category == "funding_returned"]
    assert (case.severity, case.subcategory, case.detail["receivable_minor"]) == ("high", "R29", 8500)
    assert [one.owed for one in funding.list_receivables(tx)] == [usd("85.00")]
    following = stories.batch(tx, tenant, "50.00", payroll_id="PR-2", pay_on=FRIDAY)
    stories.fund(tx, tenant, "80.00", external_id="w-1")
    blocked = payments.commit_payroll(tx, following)
    assert blocked.status == "blocked_funds"
    assert scenes.book(tx, tenant)["RETURNS_RECEIVABLE"] == "5.00" and stories.client_funds(tx, tenant)[1] == usd(
        "0.00"
    )

    stories.fund(tx, tenant, "55.00", external_id="w-2")

    assert "RETURNS_RECEIVABLE" not in scenes.book(tx, tenant) and funding.list_receivables(tx) == []
    assert payments.commit_payroll(tx, following).status == "committed"


@pytest.mark.parametrize(
    ("policy", "clawed", "pending"),
    [("available", 1500, ["pending", "pending"]), ("none", 0, ["pending", "pending"]),
     ("available_then_reserved", 10000, ["blocked_funds", "blocked_funds"])],
)  # fmt: skip
def test_unsent_payments_lose_the_money_that_came_back_by_policy(
    tx: Tx, tenant: TenantFixture, policy: str, clawed: int, pending: list[str]
) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    scenes.setting(tx, "hold_banking_days.ach_debit", "0")
    scenes.setting(tx, "clawback", policy)
    event = scenes.debited(tx, tenant, "100.00")
    funding.finalise_due(tx)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "25.00"))

    back = scenes.returned(tx, event)

    assert (back.clawed_minor, back.receivable_minor) == (clawed, 10000 - clawed)
    files = payments.submit_due(tx, on=MONDAY)
    assert len(files) == (0 if "blocked_funds" in pending else 1)
    assert stories.statuses(tx) == (pending if not files else ["sent", "sent"])


def test_a_late_return_is_recorded_also_where_the_book_holds_a_later_leg_of_the_day(
    tx: Tx, tenant: TenantFixture
) -> None:
    """A deposit is booked at noon: taken back before noon, the money that it brought was not there yet."""
    stories.at(tx, MONDAY, 15)
    stories.originator(tx, tenant)
    scenes.setting(tx, "hold_banking_days.ach_debit", "0")
    stories.fund(tx, tenant, "20.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "15.00"))
    payments.submit_due(tx, on=MONDAY)
    event = scenes.debited(tx, tenant, "10.00")
    funding.finalise_due(tx)

    back = scenes.returned(tx, event)

    assert back.clawed_minor + back.receivable_minor == 1000
    stories.at(tx, MONDAY, 20)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "500.00", payroll_id="PR-2"))
    assert funding.list_receivables(tx) == [] and scenes.book(tx, tenant)["CLIENT_FUNDS"] == "5.00"


def test_a_wire_a_cent_short_is_partly_funded_and_the_cent_completes_it(tx: Tx, tenant: TenantFixture) -> None:
    """Acceptance test 23."""
    stories.at(tx, MONDAY)
    batch = stories.batch(tx, tenant, "60.00", "40.00")
    blocked = payments.commit_payroll(tx, batch)
    assert blocked.gate is not None and blocked.gate.funding_request_id is not None
    request_id = blocked.gate.funding_request_id

    stories.fund(tx, tenant, "99.99", external_id="w-1")

    (event,) = funding.list_events(tx, funding_request_id=request_id)
    assert (event.kind, event.amount) == ("partially_funded", usd("99.99"))
    assert funding.get_request(tx, request_id).status == "partially_funded"
    again = payments.commit_payroll(tx, batch)
    assert again.status == "blocked_funds" and again.gate is not None and again.gate.shortfall == usd("0.01")
    assert again.gate.client_message == "Your account balance is insufficient. Please fund $0.01 to proceed."
    stories.fund(tx, tenant, "0.02", external_id="w-2")
    assert [one.kind for one in funding.list_events(tx, funding_request_id=request_id)] == [
        "partially_funded",
        "overfunded",
    ]
    assert payments.commit_payroll(tx, batch).status == "committed"
    assert funding.get_request(tx, request_id).status == "final"


def test_a_wire_pays_the_request_of_its_very_amount_first(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    first = scenes.asked(tx, tenant, "30.00", rail="inbound_wire", key="a")
    second = scenes.asked(tx, tenant, "20.00", rail="inbound_wire", key="b")

    stories.fund(tx, tenant, "20.00", external_id="w-1")
    assert [funding.get_request(tx, one.id).status for one in (first, second)] == ["requested", "final"]
    third = scenes.asked(tx, tenant, "10.00", rail="inbound_wire", key="c")
    stories.fund(tx, tenant, "38.00", external_id="w-2")

    assert [funding.get_request(tx, one.id).status for one in (first, third)] == ["final", "partially_funded"]
    assert funding.get_request(tx, third.id).received == usd("8.00")


def test_each_commit_makes_or_reuses_one_request_and_every_evaluation_carries_it(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    batch = stories.batch(tx, tenant, "60.00", "40.00")
    payments.commit_payroll(tx, batch)
    payments.commit_payroll(tx, batch)
    stories.fund(tx, tenant, "100.00")
    committed = payments.commit_payroll(tx, batch)
    payments.submit_due(tx, on=MONDAY)

    (request,) = funding.list_requests(tx, subject=committed.payroll.id)
    seen = funding.list_evaluations(tx, subject=committed.payroll.id)
    assert [(one.gate_type, one.outcome, one.funding_request_id) for one in seen] == [
        ("pay", "passed", request.id),
        ("commit", "passed", request.id),
        ("commit", "blocked", request.id),
        ("commit", "blocked", request.id),
    ]
    assert (request.amount, request.asked, request.status) == (usd("100.00"), usd("100.00"), "final")
    assert request.block_reason is None and seen[2].cure_expected_at is not None
    assert seen[0].evidence_age is not None and seen[2].evidence_age is None


def test_what_lies_in_provisional_funds_sends_nothing_whoever_moves_it(tx: Tx, tenant: TenantFixture) -> None:
    """Moved by hand before its time, past every verb: the database refuses the attempt."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    event = scenes.debited(tx, tenant, "100.00")
    with pytest.raises(funding.NotFinal), tx.savepoint():
        _finalise_by_hand(tx, event)

    with pytest.raises(payments.UnfundedAttempt, match="provisional"), tx.savepoint():
        _move_by_hand(tx, tenant)
        assert payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00")).status == "committed"
        payments.submit_due(tx, on=MONDAY)

    assert scenes.book(tx, tenant) == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}


def test_a_request_is_an_intent_that_stays(tx: Tx, tenant: TenantFixture, admin: psycopg.Connection) -> None:  # type: ignore[type-arg]
    scenes.asked(tx, tenant, "100.00", rail="inbound_wire")
    tx.conn.execute("COMMIT")

    for statement, state in (
        ("UPDATE funding.requests SET amount_minor = amount_minor + 1", "HG451"),
        ("UPDATE funding.requests SET rail = 'book'", "HG451"),
        ("UPDATE funding.requests SET status = 'paid'", "HG003"),
        ("DELETE FROM funding.requests", "HG002"),
        ("UPDATE funding.events SET amount_minor = 1", "HG002"),
        ("DELETE FROM funding.finalisations", "HG002"),
    ):
        with pytest.raises(psycopg.Error) as refused:
            admin.execute(statement)  # type: ignore[call-overload]
        assert refused.value.sqlstate == state, statement


def test_a_cancelled_request_stays_so_and_takes_no_money(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    request = scenes.asked(tx, tenant, "100.00", rail="inbound_wire")

    cancelled = funding.cancel_request(tx, funding_request_id=request.id, reason="asked twice")
    stories.fund(tx, tenant, "100.00")

    assert cancelled.status == "cancelled" and funding.cancel_request(
        tx, funding_request_id=request.id, reason="again"
    ) == funding.get_request(tx, request.id)
    assert funding.list_events(tx, funding_request_id=request.id) == []
    with pytest.raises(IllegalMove), tx.savepoint():
        tx.run("UPDATE funding.requests SET status = 'requested' WHERE id = %(id)s", {"id": request.id})


def test_money_for_what_nobody_asked_comes_and_goes(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.fund(tx, tenant, "100.00")
    committed = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00"))
    assert committed.gate is not None and committed.gate.funding_request_id is not None
    request = funding.get_request(tx, committed.gate.funding_request_id)
    assert request.status == "covered"

    event = scenes.settled(tx, request, "5.00")
    assert (event.kind, funding.get_request(tx, request.id).status) == ("overfunded", "final")
    scenes.returned(tx, event)

    assert funding.get_request(tx, request.id).status == "covered"


def test_what_has_not_happened_is_not_recorded(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    request = scenes.asked(tx, tenant, "100.00")
    tomorrow = datetime(2026, 12, 1, 15, tzinfo=UTC)
    before = scenes.counts(tx)

    with pytest.raises(Unprocessable, match="still to come"):
        funding.record_settled(
            tx,
            funding_request_id=request.id,
            provider="bank",
            external_trace_id="t",
            amount=usd("100.00"),
            settled_at=tomorrow,
        )
    with pytest.raises(funding.InvalidRequest):
        scenes.settled(tx, request, "0.00")
    with pytest.raises(funding.NoSuchRequest):
        funding.get_request(tx, "freq_nothing")
    with pytest.raises(funding.NoSuchEvent):
        funding.get_event(tx, "fev_nothing")

    assert scenes.counts(tx) == before


@pytest.mark.parametrize("round_no", range(3))
@pytest.mark.slow
def test_final_and_returned_at_once_are_one_of_the_two(
    database: Database, tenant: TenantFixture, round_no: int
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        events = [scenes.debited(tx, tenant, "10.00", key=f"k{n}") for n in range(4)]
        stories.at(tx, THURSDAY)
    start = threading.Barrier(5)

    def finalise() -> None:
        start.wait()
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
            funding.finalise_due(own)

    def take_back(event: funding.FundingEvent) -> None:
        start.wait()
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
            scenes.returned(own, event, trace=f"r-{event.id}")

    threads = [threading.Thread(target=finalise)]
    threads += [threading.Thread(target=take_back, args=(event,)) for event in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert scenes.book(tx, tenant) == {}
        assert funding.list_receivables(tx) == []
        assert {one.status for one in funding.list_requests(tx)} == {"returned"}


@given(st.integers(0, 100), st.integers(0, 200), st.integers(0, 200), st.booleans())
def test_a_request_says_what_came_for_it(asked: int, received: int, held: int, was_returned: bool) -> None:
    held = min(held, received)
    status = status_of(asked=asked, received=received, held=held, was_returned=was_returned, before=None)

    assert (status == "final") == (received > 0 and received >= asked and held == 0)
    assert (status == "settled") == (received > 0 and received >= asked and held > 0)
    assert (status == "partially_funded") == (0 < received < asked)
    assert (kind_of(asked=asked, received=received) == "overfunded") == (received > asked)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC)))
def test_a_hold_ends_no_earlier_than_two_banking_days_later(settled_at: datetime) -> None:
    deadline = return_deadline(settled_at)

    assert (deadline - settled_at).days >= 2 and (deadline - settled_at).days <= 7
    assert settled_at == final_at(settled_at, 0) < final_at(settled_at, 1) < final_at(settled_at, 2) == deadline


def test_a_saturday_holiday_closes_no_friday_and_a_monday_holiday_waits() -> None:
    noon = datetime(2026, 7, 1, 16, tzinfo=UTC)
    assert return_deadline(noon).date() == date(2026, 7, 6)  # Thursday and Friday, 3 July, are banking days.
    assert return_deadline(datetime(2027, 7, 1, 16, tzinfo=UTC)).date() == date(2027, 7, 7)  # 5 July is closed.


def _finalise_by_hand(tx: Tx, event: funding.FundingEvent) -> None:
    tx.run(
        """
        INSERT INTO funding.finalisations (tenant_id, event_id, transaction_id, finalised_at)
        VALUES (%(t)s, %(event)s, 999999999, now())
        """,
        {"t": tx.tenant_id, "event": event.id},
    )


def _move_by_hand(tx: Tx, tenant: TenantFixture) -> None:
    provisional = ledger.account_for(tx, "PROVISIONAL_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
    client = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
    posted = ledger.post(
        tx, idempotency_key="by-hand", entries=[ledger.Entry(provisional.id, client.id, usd("100.00"))]
    )
    assert isinstance(posted, ledger.Posted)
