"""The acceptance tests of payments by their numbers and sentences, and what must be shown of the whole.

What another test proves stands in the table, with words that its text must hold: a row fails when its test or its case
is gone. What needs a scene of its own follows below, and is named by the table as any other. Where the sentence asks of
the gate what the contract words otherwise (22), the contract's words hold.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import FRIDAY, MONDAY, TUESDAY, WEDNESDAY

from headgate import cases, funding, ledger, payments, tenants
from headgate.core.db import Database, Tx
from headgate.core.errors import Unavailable
from headgate.rails import ach, fake

TESTS = Path(__file__).parents[1]
HERE = "payments/test_acceptance.py"

ACCEPTED: tuple[tuple[str, str, str, str], ...] = (
    # number, sentence, test, words that its text holds
    (
        "1",
        "valid files are read",
        "rails/test_reader.py::test_what_it_accepts_is_accepted_or_refused_by_a_named_rule",
        "",
    ),
    (
        "1",
        "what is written equals what another wrote",
        "rails/test_writer.py::test_a_file_of_another_writer_is_written_again_alike",
        "",
    ),
    (
        "2",
        "every mutant that another refuses is refused",
        "rails/test_reader.py::test_what_the_other_implementation_refuses_is_refused",
        "",
    ),
    ("2", "every rule has a mutant", "rails/test_reader.py::test_every_rule_has_a_file_that_breaks_it", ""),
    (
        "3",
        "read and written again, a clean file is the same",
        "rails/test_rewriting.py::test_every_sound_line_of_an_independent_file_is_written_again_from_its_values",
        "",
    ),
    ("4", "no bytes crash the reader", "fuzz/test_fuzz.py::test_no_bytes_at_all_break_a_promise", ""),
    (
        "4",
        "100,000 entries are read in bounded memory",
        "rails/test_reader.py::test_a_hundred_thousand_entries_are_read_in_little_memory",
        "100_000",
    ),
    (
        "5",
        "two workers, one modifier and trace each",
        f"{HERE}::test_workers_at_one_bank_draw_a_modifier_and_traces_each",
        "",
    ),
    (
        "6",
        "two runs race for the last dollar",
        "payments/test_gate_doors.py::test_two_committers_race_for_the_last_dollar_and_one_wins",
        "",
    ),
    (
        "7",
        "R01 twice, and the third try is refused",
        "payments/test_representing.py::test_a_debit_goes_out_again_twice_and_the_third_time_nobody_sends_it",
        "twice is the most",
    ),
    ("7", "day 181 is refused", "payments/test_representing.py::test_the_rule", "timedelta(181)"),
    (
        "8",
        "R29 after payouts: owed, blocked, cured by wire",
        "funding/test_requests.py::test_late_nsf_after_payout_is_owed_blocks_and_is_cured_by_a_wire",
        '"R29"',
    ),
    (
        "9",
        "a return with an unknown trace is an exception",
        "payments/test_bank_answers.py::test_a_return_of_nothing_of_ours_is_an_orphan",
        "",
    ),
    (
        "10",
        "a C03 with blanks inside is read",
        "rails/test_facts.py::test_a_correction_is_read_by_its_code",
        '"021000021           1234567"',
    ),
    (
        "11",
        "R61 in a plain return is flagged",
        f"{HERE}::test_a_dishonor_in_the_layout_of_a_plain_return_is_flagged",
        "",
    ),
    (
        "12",
        "2026-07-03 is a banking day",
        "rails/test_facts.py::test_a_saturday_holiday_leaves_the_friday_open",
        '"2026-07-03"',
    ),
    ("12", "2027-07-05 is none", "rails/test_facts.py::test_the_reserve_banks_are_closed_on_these_days", ""),
    (
        "13",
        "cutoffs on the days on which the clocks change",
        "rails/test_cutoffs.py::test_a_deadline_is_a_wall_time_before_and_after_the_clocks_change",
        "",
    ),
    (
        "13",
        "a wall time that is skipped or comes twice",
        "rails/test_cutoffs.py::test_a_wall_time_that_is_skipped_or_comes_twice",
        "",
    ),
    (
        "16",
        "a recall is approved or rejected",
        "payments/test_orders.py::test_a_payment_is_asked_back_and_only_what_comes_back_moves_money",
        '("KEEP", "refused", "settled")',
    ),
    (
        "20",
        "a bank change one hour before the cutoff",
        "funding/test_policies.py::test_a_bank_change_an_hour_before_the_cutoff_holds_that_payment_alone",
        "",
    ),
    (
        "21",
        "a list's update hits a payee with a reserved payment",
        "funding/test_policies.py::test_a_blocked_payee_is_not_paid_and_compliance_alone_unblocks_for_a_time",
        '"sanctions"',
    ),
    (
        "22",
        "without a bank's report nothing passes, softly or not",
        f"{HERE}::test_without_a_banks_report_no_mode_passes_and_nothing_leaves",
        "",
    ),
    (
        "23",
        "a wire under-paid by a cent",
        "funding/test_requests.py::test_a_wire_a_cent_short_is_partly_funded_and_the_cent_completes_it",
        '"99.99"',
    ),
    (
        "24",
        "a reversal on day 6 is refused",
        "rails/test_codec.py::test_a_reversal_is_for_a_mistake_and_within_five_banking_days",
        '"2026-11-30 is the last of the 5 banking days"',
    ),
    ("25", "wages without PAYROLL after 2026-03-20", "rails/test_codec.py::test_a_purpose_demands_its_description", ""),
    (
        "25",
        "before the rule they need not say it",
        "rails/test_codec.py::test_a_debit_or_a_file_of_before_the_rule_need_not_say_payroll",
        "",
    ),
    (
        "shown",
        "posting is idempotent under retries",
        "ledger/test_races.py::test_a_hundred_callers_of_one_key_have_one_effect",
        "",
    ),
    ("shown", "a reservation prevents overspend", f"{HERE}::test_64_committers_of_one_client_never_overspend", ""),
    (
        "shown",
        "the gate fails when funds are not settled",
        f"{HERE}::test_the_gate_is_shut_to_money_that_is_not_final",
        "",
    ),
    (
        "14",
        "a webhook with a bad signature or a changed byte leaves nothing",
        "ingestion/test_webhooks.py::test_what_is_signed_is_kept_as_it_came_and_what_is_not_leaves_nothing",
        "",
    ),
    (
        "14",
        "duplicate, out of order, missed and then backfilled",
        "payments/test_column.py::test_webhooks_in_any_order_doubled_and_missing_come_to_the_same",
        "scene.fetch()",
    ),
    (
        "14",
        "a type that is not known",
        "payments/test_column.py::test_what_is_signed_and_says_nothing_that_we_know_is_kept_and_becomes_a_case",
        "teleported",
    ),
    (
        "15",
        "Column returned after completed",
        "payments/test_column.py::test_what_becomes_of_a_transfer_becomes_of_its_payment_once",
        "R03",
    ),
    (
        "17",
        "suspense reaching a full payment",
        "servicing/test_payments.py::test_suspense_that_reaches_a_full_payment_is_applied_to_the_oldest_due",
        "",
    ),
    (
        "18",
        "undo of payment 3 of 9",
        "servicing/test_payments.py::test_the_undoing_of_payment_3_of_9_folds_the_later_ones_again_and_leaves_no_trace_in_the_sums",
        "",
    ),
    (
        "19",
        "bankruptcy stops debits",
        "servicing/test_payments.py::test_a_bankruptcy_stops_debits_at_once_and_parts_what_fell_due_since_from_before",
        "debits_to_stop",
    ),
    ("shown", "retries are safe after partial settlement", f"{HERE}::test_what_settled_is_never_sent_again", ""),
    (
        "shown",
        "reconciliation matches the bank's settlement to entries",
        "recon/test_runs.py::test_a_day_balances_line_by_line_and_file_by_group",
        "",
    ),
    ("shown", "every cent is matched or named", "recon/test_runs.py::test_every_cent_is_matched_or_named", ""),
    (
        "shown",
        "funding, gate, payroll and payment against their model",
        "payments/model/test_model.py::test_every_history_ends_as_the_model_says",
        "",
    ),
)


@pytest.mark.parametrize(
    ("number", "sentence", "test", "words"), ACCEPTED, ids=[f"{row[0]} {row[1]}" for row in ACCEPTED]
)
def test_each_is_proved_by_a_test_that_runs(number: str, sentence: str, test: str, words: str) -> None:
    path, _, name = test.partition("::")

    text = _functions(path).get(name)

    assert text is not None, f"{number} ({sentence}) was proved by {test}, which is gone"
    assert words in text, f"{number} ({sentence}): {test} holds {words} no more"
    assert not any(word in text for word in ("mark.skip", "mark.xfail", "pytest.skip(")), f"{test} does not run"


@cache
def _functions(path: str) -> dict[str, str]:
    """The tests of a file, each with its decorators, by name."""
    if not (TESTS / path).exists():
        return {}
    source = (TESTS / path).read_text("utf-8")
    lines = source.splitlines()
    return {
        node.name: "\n".join(
            lines[min([node.lineno, *(one.lineno for one in node.decorator_list)]) - 1 : node.end_lineno]
        )
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
    }


def at_once(acts: list[Callable[[], None]]) -> None:
    """All of them begin together; whatever one raises is raised."""
    start = threading.Barrier(len(acts))
    failures: list[BaseException] = []

    def run(act: Callable[[], None]) -> None:
        start.wait()
        try:
            act()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@pytest.mark.slow
def test_workers_at_one_bank_draw_a_modifier_and_traces_each(database: Database, tenant: TenantFixture) -> None:
    """Acceptance test 5: two clients of one originator at one bank, sent by two workers at once."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        other = tenants.create_legal_entity(tx, name="Other", time_zone="America/Chicago", currency="USD")
        ledger.seed_chart(tx, legal_entity_id=other.id, currency="USD")
        for client in (tenant, replace(tenant, legal_entity_id=other.id)):
            stories.originator(tx, client)
            stories.fund(tx, client, "500.00", external_id=client.legal_entity_id)
            for n in range(4):
                payments.commit_payroll(tx, stories.batch(tx, client, "10.00", "20.00", payroll_id=f"PR-{n}"))
    made: list[payments.AchFile] = []

    def send() -> None:
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
            made.extend(payments.submit_due(own, on=MONDAY))

    at_once([send, send])

    assert sorted(file.file_id_modifier for file in made) == ["A", "B"][: len(made)] and len(made) == 2
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        traces = tx.values("SELECT trace_number FROM payments.attempts ORDER BY trace_number")
    assert len(set(traces)) == 16
    assert [int(trace[8:]) for trace in traces] == list(range(1, 17))


def test_a_dishonor_in_the_layout_of_a_plain_return_is_flagged(tx: Tx, tenant: TenantFixture) -> None:
    """Acceptance test 11: it names no return that it dishonors, so that nothing can be done by it."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "100.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "40.00"))
    (file,) = payments.submit_due(tx, on=MONDAY)
    content = payments.file_bytes(tx, file.id)
    stories.at(tx, WEDNESDAY)
    first = next(iter(ach.read_file(content).entries)).trace_number
    plain = fake.return_file([content], {first: "R03"}, on=WEDNESDAY)
    assert plain.count(b"799R03") == 1
    before = stories.counts(tx), stories.balances(tx, tenant), stories.statuses(tx)

    artifact = stories.read(tx, "ret.ach", plain.replace(b"799R03", b"799R61"))
    effects = payments.return_from_file(tx, artifact_id=artifact)

    assert (effects.returned, effects.dishonored, effects.debits_returned) == ((), 0, 0)
    found = {case.category for case in cases.list_cases(tx)}
    assert found == {"file_fault"}, found
    after = stories.counts(tx)
    moved = {
        name: after[name] - count for name, count in before[0].items() if name.startswith(("ledger.", "payments."))
    }
    assert not any(moved.values()), moved
    assert (stories.balances(tx, tenant), stories.statuses(tx)) == before[1:]


@pytest.mark.slow
def test_without_a_banks_report_no_mode_passes_and_nothing_leaves(tx: Tx, tenant: TenantFixture) -> None:
    """Acceptance test 22: a debit was asked for and submitted, and the bank has said nothing since."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    asked = scenes.asked(tx, tenant, "100.00")
    funding.mark_submitted(tx, funding_request_id=asked.id)
    batch = stories.batch(tx, tenant, "60.00", "40.00")

    strict = payments.commit_payroll(tx, batch)
    hybrid = payments.commit_payroll(
        tx, replace(batch, payroll_id="PR-2"), gate_mode="hybrid", override_reason="payday"
    )
    soft = payments.commit_payroll(tx, replace(batch, payroll_id="PR-3"), gate_mode="soft", override_reason="payday")

    assert [one.status for one in (strict, hybrid, soft)] == ["blocked_funds", *["committed_with_warnings"] * 2]
    assert [one.gate.passed for one in (strict, hybrid, soft) if one.gate] == [False] * 3
    assert tx.values("SELECT DISTINCT funded_until FROM funding.gate_evaluations") == [None], "no evidence has an age"
    assert stories.client_funds(tx, tenant) == (usd("0.00"), usd("0.00"))
    assert payments.submit_due(tx, on=MONDAY) == []
    assert tx.value("SELECT count(*) FROM ledger.reservations") == 0


@pytest.mark.slow
def test_64_committers_of_one_client_never_overspend(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.fund(tx, tenant, "205.00")
        batches = [stories.batch(tx, tenant, "6.00", "4.00", payroll_id=f"PR-{n}") for n in range(64)]
    results: list[str] = []

    def committer(batch: payments.PayrollBatch) -> Callable[[], None]:
        def commit() -> None:
            for _ in range(40):
                try:
                    with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
                        results.append(payments.commit_payroll(own, batch).status)
                    return
                except Unavailable:
                    continue  # The pool is smaller than the crowd.

        return commit

    at_once([committer(batch) for batch in batches])

    assert sorted(results) == ["blocked_funds"] * 44 + ["committed"] * 20
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.client_funds(tx, tenant) == (usd("200.00"), usd("5.00"))
        assert tx.value("SELECT count(*) FROM ledger.reservations WHERE status = 'active'") == 40


@pytest.mark.slow
def test_the_gate_is_shut_to_money_that_is_not_final(tx: Tx, tenant: TenantFixture) -> None:
    """By rail and status: asked for, submitted, settled, returned or cancelled; open with the money that is final."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    offered = funding.offered_rails(tx, legal_entity_id=tenant.legal_entity_id).rails
    assert {"ach_debit", "inbound_wire"} <= set(offered)
    batch = stories.batch(tx, tenant, "60.00", "40.00", pay_on=FRIDAY)
    passed: dict[tuple[str, str], bool] = {}

    def judge(rail: str, status: str) -> None:
        dry = replace(batch, payroll_id=f"PR-{len(passed)}")
        with pytest.raises(_Undone), tx.savepoint():
            result = payments.commit_payroll(tx, dry)
            assert result.gate is not None
            passed[rail, status] = result.gate.passed
            assert result.status == ("committed" if result.gate.passed else "blocked_funds")
            raise _Undone

    for rail in offered:
        with pytest.raises(_Undone), tx.savepoint():
            request = scenes.asked(tx, tenant, "100.00", rail=rail, key=rail)
            judge(rail, "requested")
            funding.mark_submitted(tx, funding_request_id=request.id)
            judge(rail, "submitted")
            cancelled = scenes.asked(tx, tenant, "100.00", rail=rail, key=f"{rail}-2")
            funding.cancel_request(tx, funding_request_id=cancelled.id, reason="asked twice")
            judge(rail, "cancelled")
            part = scenes.settled(tx, request, "99.99", trace=f"{rail}-1")
            judge(rail, "partially settled")
            scenes.settled(tx, request, "0.01", trace=f"{rail}-2")
            judge(rail, "settled")
            if rail == "ach_debit":
                stories.at(tx, WEDNESDAY, 23)
                funding.finalise_due(tx)
                judge(rail, "settled, a day before its hold ends")
                with pytest.raises(_Undone), tx.savepoint():
                    scenes.returned(tx, part)
                    judge(rail, "returned")
                    raise _Undone
                stories.at(tx, scenes.THURSDAY, 23)
                funding.finalise_due(tx)
                judge(rail, "final")
            raise _Undone

    final_at_once = [rail for rail in funding.FUNDING_RAILS if rail != "ach_debit"]
    expected = {
        (rail, status): False
        for rail in funding.FUNDING_RAILS
        for status in ("requested", "submitted", "cancelled", "partially settled")
    }
    expected |= {(rail, "settled"): True for rail in final_at_once} | {("ach_debit", "settled"): False}
    expected |= {("ach_debit", "settled, a day before its hold ends"): False, ("ach_debit", "returned"): False}
    expected |= {("ach_debit", "final"): True}
    assert passed == expected


class _Undone(Exception):
    """Takes a scene back."""


@pytest.mark.slow
def test_what_settled_is_never_sent_again(tx: Tx, tenant: TenantFixture) -> None:
    """One payment settled, one came back, one waits for its money: everything asked again sends the last alone."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "100.00")
    batch = stories.batch(tx, tenant, "60.00", "40.00", "30.00")
    soft = payments.commit_payroll(tx, batch, gate_mode="soft", override_reason="payday")
    assert soft.status == "committed_with_warnings"
    payments.submit_due(tx, on=MONDAY)
    assert stories.statuses(tx) == ["blocked_funds"] * 3
    stories.fund(tx, tenant, "30.00", external_id="wire-2")
    (file,) = payments.submit_due(tx, on=MONDAY)
    content = payments.file_bytes(tx, file.id)
    stories.at(tx, TUESDAY)
    _, second, _ = [entry.trace_number for entry in ach.read_file(content).entries]
    back = fake.return_file([content], {second: "R03"}, on=TUESDAY)
    payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tue", stories.statement([content])))
    payments.return_from_file(tx, artifact_id=stories.read(tx, "tue-r", back))
    assert sorted(stories.statuses(tx)) == ["returned", "settled", "settled"]
    before = stories.counts(tx)

    for _ in range(2):
        payments.commit_payroll(tx, batch)
        payments.queue_payroll(tx, payroll_id=soft.payroll.id)
        payments.reserve_awaiting(tx, legal_entity_id=tenant.legal_entity_id, currency="USD")
        assert payments.submit_due(tx, on=TUESDAY) == []
        payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tue", stories.statement([content])))

    after = stories.counts(tx)
    assert after == before
