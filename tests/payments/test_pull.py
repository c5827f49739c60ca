"""A day is pulled from every provider: what each says takes effect once, in whatever order and however often it comes."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make
from tests.checks import judge
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture
from tests.payments import pulls, stories
from tests.payments.pulls import Said, movement, pull
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, funding, payments
from headgate.core.db import Database, Tx
from headgate.jobs import Outside
from headgate.payments.settlement import pulling

pytestmark = pytest.mark.slow
THURSDAY = scenes.THURSDAY


def sent(
    database: Database, tenant: TenantFixture, *, debits: tuple[str, ...] = (), pays: tuple[str, ...] = ()
) -> tuple[list[dict[str, Any]], list[str]]:
    """What left on Monday: debits of a client, and payments by the ids that a provider knows. It is Wednesday afternoon."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        pulls.client(tx, tenant)
        if pays:
            stories.fund(tx, tenant, "1000.00")
            payments.commit_payroll(tx, stories.batch(tx, tenant, *pays))
            payments.submit_due(tx, on=MONDAY)
        for number, amount in enumerate(debits, start=1):
            pulls.debit(tx, tenant, amount, key=f"ask-{number}")
        stories.at(tx, WEDNESDAY, 20)
        known = tx.values(
            "SELECT individual_id FROM payments.attempts WHERE tenant_id = %(t)s ORDER BY amount_minor",
            {"t": tx.tenant_id},
        )
        return pulls.attempts(tx), known


def debited(database: Database, tenant: TenantFixture, amount: str) -> dict[str, Any]:
    """One debit that left on Monday."""
    return sent(database, tenant, debits=(amount,))[0][0]


def test_a_day_pulled_again_changes_nothing_and_says_so(database: Database, tenant: TenantFixture) -> None:
    debit = debited(database, tenant, "100.00")
    provider = Said(days={TUESDAY: [movement("c-1", debit["individual_id"], "100.00", TUESDAY)]})

    first = pull(database, tenant, TUESDAY, provider)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        book, before = scenes.book(tx, tenant), pulls.counts(tx)
    again = pull(database, tenant, TUESDAY, provider)

    assert (first.is_changed, first.effects.settled, first.silent) == (True, 1, ())
    assert (again.is_changed, again.effects) == (False, payments.MovementEffects())
    assert payments.sentences(again) == ["nothing new"]
    assert payments.sentences(first) == ["1 new of 1 from column", "1 settled"]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert pulls.counts(tx) == before and scenes.book(tx, tenant) == book
        assert book == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}
        (event,) = funding.list_events(tx, funding_request_id=debit["funding_request_id"])
        assert (event.provider, event.external_trace_id, event.kind) == ("column", "c-1", "settled")
        told = tx.one(
            "SELECT status, funding_request_id, amount::text FROM psp_settlement_event WHERE external_trace_id = 'c-1'"
        )
    assert told == {"status": "settled", "funding_request_id": debit["funding_request_id"], "amount": "100.00"}


def test_a_silent_provider_holds_up_no_other_and_is_asked_again(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    debit = debited(database, tenant, "100.00")
    silent = Said("fednow", {TUESDAY: [movement("f-1", "NOBODY", "7.00", TUESDAY)]}, silent=True)
    other = Said(days={TUESDAY: [movement("c-1", debit["individual_id"], "100.00", TUESDAY)]})

    found = pull(database, tenant, TUESDAY, silent, other)

    assert (found.silent, found.effects.settled) == (("fednow",), 1)
    assert payments.sentences(found)[0] == "fednow did not answer"
    silent.days[TUESDAY].append(movement("f-2", "NOT\0TEXT", "8.00", TUESDAY))
    silent.silent = False
    assert pull(database, tenant, TUESDAY, silent).silent == (
        "fednow",
    )  # and what cannot be kept is as good as silence
    silent.days[TUESDAY].pop()
    named = {one.name: one for one in (silent, other)}
    monkeypatch.setattr(pulling, "providers_of", lambda *_: named)
    outside = Outside(database, tenant.id, ACTOR)
    outcome = pulling.pull_daily(outside)
    assert outcome is not None and outcome.startswith("1 new of 1 from fednow") and "1 became deposits" in outcome
    # What was answered after the day was over is not asked again; today is, and what nobody has been asked for yet.
    assert other.asked[0] == TUESDAY and TUESDAY not in other.asked[1:] and WEDNESDAY in other.asked
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        states = {case.category: case.state for case in cases.list_cases(tx)}
        assert states == {"provider_silent": "resolved", "unknown_payer": "open"}
        assert scenes.book(tx, tenant)["SUSPENSE"] == "7.00"
    asked = len(silent.asked)
    assert pulling.pull_daily(outside) is None and silent.asked[asked:] == [WEDNESDAY]


def test_what_matches_nothing_or_differs_is_a_case_and_moves_nothing(database: Database, tenant: TenantFixture) -> None:
    (debit,), (ours,) = sent(database, tenant, debits=("100.00",), pays=("30.00",))
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        book = scenes.book(tx, tenant)
    said = [
        movement("a", "GHOST", "1.00", TUESDAY, direction="credit"),
        movement("b", "GHOST", "1.00", TUESDAY, code="R01"),
        movement("c", debit["individual_id"], "99.00", TUESDAY),
        movement("d", ours, "31.00", TUESDAY, direction="credit"),
        movement("e", debit["individual_id"], "100.00", TUESDAY, code="R01"),
        movement("g", ours, "30.00", THURSDAY, direction="credit"),
    ]
    provider = Said(days={TUESDAY: said})

    found = pull(database, tenant, TUESDAY, provider)

    assert found.effects == payments.MovementEffects(waiting=2, unmatched=2, differing=2) and found.is_changed
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert scenes.book(tx, tenant) == book
        severity = sorted((case.category, case.severity) for case in cases.list_cases(tx))
        assert severity == [
            ("movement_differs", "high"), ("movement_differs", "high"), ("movement_unmatched", "medium"),
            ("movement_unmatched", "medium"), ("movement_waiting", "low"), ("movement_waiting", "low"),
        ]  # fmt: skip
        before = pulls.counts(tx)
    assert not pull(database, tenant, TUESDAY, provider).is_changed
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert pulls.counts(tx) == before

    # The same movement says another amount now: that is a person's matter, and what was said first stands.
    provider.days[TUESDAY] = [movement("a", "GHOST", "2.00", TUESDAY, direction="credit")]
    assert not pull(database, tenant, TUESDAY, provider).is_changed
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert len(cases.list_cases(tx)) == 7
        assert len([one for one in payments.open_movements(tx, limit=10) if one.external_trace_id == "a"]) == 1


def test_payments_are_linked_to_what_their_provider_says_of_them(database: Database, tenant: TenantFixture) -> None:
    _, (settles, returns) = sent(database, tenant, pays=("30.00", "40.00"))
    said = [
        movement("p-1", settles, "30.00", TUESDAY, direction="credit"),
        movement("p-3", returns, "40.00", WEDNESDAY, direction="credit", code="R03"),
        movement("p-2", returns, "40.00", TUESDAY, direction="credit"),
    ]

    found = pull(database, tenant, WEDNESDAY, Said(days={WEDNESDAY: said}))

    assert found.effects == payments.MovementEffects(settled=2, returned=1)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert sorted(stories.statuses(tx)) == ["returned", "settled"]
        assert stories.balances(tx, tenant) == {"CASH": "970.00", "CLIENT_FUNDS": "970.00"}
        linked = tx.all(
            """
            SELECT external_trace_id, status FROM psp_settlement_event
             WHERE provider = 'column' AND payment_attempt_id IS NOT NULL AND ledger_entry_id IS NOT NULL
             ORDER BY external_trace_id
            """
        )
    assert [(row["external_trace_id"], row["status"]) for row in linked] == [
        ("p-1", "settled"), ("p-2", "settled"), ("p-3", "returned"),
    ]  # fmt: skip


def test_money_that_names_its_client_is_its_deposit_and_a_request_its_request(
    database: Database, tenant: TenantFixture
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, WEDNESDAY, 20)
        request = scenes.asked(tx, tenant, "50.00", rail="fednow_rfp", key="rfp")
        words = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    said = [
        movement("i-1", request.id.upper(), "50.00", WEDNESDAY),
        movement("i-2", "E2E-7", "5.00", WEDNESDAY, reference=f"INVOICE {words}"),
    ]

    found = pull(database, tenant, WEDNESDAY, Said("fednow", {WEDNESDAY: said}))

    assert found.effects == payments.MovementEffects(settled=1, deposited=1)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert funding.get_request(tx, request.id).status == "final"
        assert stories.balances(tx, tenant) == {"CASH": "55.00", "CLIENT_FUNDS": "55.00"}
        assert {deposit.rail for deposit in funding.list_deposits(tx)} == {"realtime"}


def test_the_banks_files_of_the_day_are_told_where_nobody_did(database: Database, tenant: TenantFixture) -> None:
    debit = debited(database, tenant, "100.00")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (file,) = payments.list_files(tx)
        stories.read(tx, "tue", stories.statement([payments.file_bytes(tx, file.id)]))

    found = pull(database, tenant, TUESDAY)

    assert found.sources == (payments.SourceAnswer("files", True, 1, 1),)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert scenes.book(tx, tenant) == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}
    again = pull(
        database, tenant, TUESDAY, Said(days={TUESDAY: [movement("c", debit["individual_id"], "100.00", TUESDAY)]})
    )
    assert (again.sources[0].new, again.effects) == (0, payments.MovementEffects(known=1))
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert scenes.book(tx, tenant) == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}


def test_what_was_not_heard_of_in_time_is_one_case_until_it_is(database: Database, tenant: TenantFixture) -> None:
    (debit,), (ours,) = sent(database, tenant, debits=("100.00",), pays=("30.00",))
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, THURSDAY)
        assert payments.open_missing(tx) is None  # until the end of the second banking day after Tuesday, in Chicago
        stories.at(tx, THURSDAY.replace(day=4), 7)
        assert payments.open_missing(tx) == 2
        assert payments.open_missing(tx) is None
        found = cases.list_cases(tx)
        assert [(case.category, case.state, case.severity) for case in found] == [
            ("settlement_missing", "open", "medium")
        ] * 2
        stories.at(tx, THURSDAY.replace(day=21))
    said = [
        movement("late-1", debit["individual_id"], "100.00", TUESDAY),
        movement("late-2", ours, "30.00", TUESDAY, direction="credit"),
    ]

    assert pull(database, tenant, TUESDAY, Said(days={TUESDAY: said})).effects.settled == 2

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert {case.state for case in cases.list_cases(tx)} == {"resolved"}
        assert payments.open_missing(tx) is None


STORY = (("100.00", ""), ("200.00", "R01"), ("300.00", "R29"))
"""Debits of a client, and under which code each comes back."""


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), days=st.integers(1, 4))
def test_in_whatever_order_and_however_often_it_ends_the_same(database: Database, seed: int, days: int) -> None:
    tenant = make.tenant(database)
    debits, ours = sent(database, tenant, debits=tuple(amount for amount, _ in STORY), pays=("30.00", "40.00"))
    said = [movement(f"s-{n}", one["individual_id"], STORY[n][0], TUESDAY) for n, one in enumerate(debits)]
    said += [
        movement(f"r-{n}", one["individual_id"], STORY[n][0], WEDNESDAY, code=STORY[n][1])
        for n, one in enumerate(debits)
        if STORY[n][1]
    ]
    said += [movement(f"p-{n}", one, f"{n + 3}0.00", TUESDAY, direction="credit") for n, one in enumerate(ours)]
    said.append(movement("b-1", ours[1], "40.00", WEDNESDAY, direction="credit", code="R03"))
    draw = random.Random(seed)
    order = draw.sample(said, len(said)) + draw.choices(said, k=4)

    for number in range(days):
        pull(database, tenant, TUESDAY, Said(days={TUESDAY: order[number::days]}))

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert scenes.book(tx, tenant) == {"CASH": "1070.00", "CLIENT_FUNDS": "970.00", "PROVISIONAL_FUNDS": "100.00"}
        assert [funding.get_request(tx, one["funding_request_id"]).status for one in debits] == [
            "settled", "returned", "returned",
        ]  # fmt: skip
        assert sorted(stories.statuses(tx)) == ["returned", "settled"]
        assert payments.open_movements(tx, limit=100) == []
        allowed = funding.debit_authorization(tx, legal_entity_id=tenant.legal_entity_id)
        assert allowed is not None and allowed.bank_account_id is None
        stuck = {case.category for case in cases.list_cases(tx) if case.state == "open"}
        assert stuck == {"funding_returned"}
    assert not pull(database, tenant, TUESDAY, Said(days={TUESDAY: said})).is_changed
    judge(database, [tenant.id])


def test_two_hundred_movements_cost_as_many_statements_as_two(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Payments that settle, come back, come back in one breath with their settlement, and match nothing."""
    _, known = sent(database, tenant, pays=tuple(f"{n}.00" for n in range(10, 36)))

    def told(numbers: range, day: date) -> list[Any]:
        def said(kind: str, n: int, whose: str, code: str = "") -> Any:
            return movement(f"{kind}-{n}", whose, f"{n + 10}.00", day, direction="credit", code=code)

        return [
            *(said("settled", n, known[n]) for n in numbers),
            *(said("returned", n, known[n], "R02") for n in numbers[::2]),
            *(said("nobody", n, f"NOBODY{n}") for n in numbers),
        ]

    seen, counted = [0], []
    apply_all = pulling.payout_outcomes.apply_all

    def counting(tx: Tx, of: Any) -> Any:
        before = seen[0]
        found = apply_all(tx, of)
        counted.append(seen[0] - before)
        return found

    for name in ("all", "maybe", "values", "value", "run"):
        monkeypatch.setattr(Tx, name, _counted(getattr(Tx, name), seen))
    monkeypatch.setattr(pulling.payout_outcomes, "apply_all", counting)

    few = pull(database, tenant, TUESDAY, Said(days={TUESDAY: told(range(2), TUESDAY)}))
    many = pull(database, tenant, WEDNESDAY, Said(days={WEDNESDAY: told(range(2, 24), WEDNESDAY)}))

    assert (few.effects.settled, few.effects.returned, few.effects.unmatched) == (2, 1, 2)
    assert (many.effects.settled, many.effects.returned) == (22, 11)
    assert counted[0] == counted[1], counted


def _counted(verb: Any, seen: list[int]) -> Any:
    def count(self: Tx, *args: Any, **named: Any) -> Any:
        seen[0] += 1
        return verb(self, *args, **named)

    return count
