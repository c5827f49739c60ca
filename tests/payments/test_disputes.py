"""Returns that are dishonored and contested: whatever the order, the book ends right and nothing is paid twice."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import TUESDAY, WEDNESDAY
from tests.payments.test_returns import (
    approved,
    give_back,
    payment_ids,
    payroll_status,
    sent,
    settle,
    traces,
)

import headgate
from headgate import cases, funding, payments
from headgate.core.db import Database, Tx
from headgate.core.errors import Refused
from headgate.rails import fake, twin_disputes

pytestmark = pytest.mark.slow

MONDAY_AFTER = date(2026, 12, 7)


def dishonor(tx: Tx, return_id: str, code: str, *, on: date) -> payments.Dishonored | Refused:
    asked = payments.request_dishonor(tx, return_id=return_id, code=code, reason="as the rules have it")
    return payments.dishonor_return(tx, approval_id=approved(tx, asked), on=on)


def contested(tx: Tx, file: bytes, *, on: date, first_sequence: int = 50) -> payments.ReturnEffects:
    stories.at(tx, on, hour=22)
    data = twin_disputes.contested_file(fake.receive(file), file, on=on, first_sequence=first_sequence)
    return payments.return_from_file(tx, artifact_id=stories.read(tx, f"contested-{on}-{first_sequence}", data))


def book(tx: Tx, tenant: TenantFixture) -> dict[str, str]:
    return {name: amount for name, amount in stories.balances(tx, tenant).items() if name != "CASH"}


def test_a_late_return_is_dishonored_contested_and_final(tx: Tx, tenant: TenantFixture) -> None:
    content = sent(tx, tenant, "60.00", "40.00")
    settle(tx, [content], on=TUESDAY)
    give_back(tx, content, {traces(content)[1]: "R23"}, on=WEDNESDAY)
    give_back(tx, content, {traces(content)[0]: "R06"}, on=MONDAY_AFTER)
    late = {row.code: row for row in payments.list_returns(tx)}["R06"]
    assert not late.is_late and late.dishonor_until == date(2026, 12, 14)  # R06 comes whenever both banks agree.
    with pytest.raises(payments.NothingToDishonor, match="R68 is for a return that came late"):
        payments.request_dishonor(tx, return_id=late.id, code="R68", reason="x")
    before = book(tx, tenant)
    assert before == {"CLIENT_FUNDS": "100.00", "SETTLEMENT_CLEARING": "100.00"}

    done = dishonor(tx, late.id, "R70", on=MONDAY_AFTER)

    assert isinstance(done, payments.Dishonored) and done.answer_until == date(2026, 12, 9)
    assert book(tx, tenant) == {"CLIENT_FUNDS": "40.00", "SETTLEMENT_CLEARING": "40.00"}
    assert sorted(stories.statuses(tx)) == ["returned", "settled"] and payroll_status(tx) == "partially_paid"
    with pytest.raises(payments.NothingToRetry):
        payments.retry_instruction(tx, payment_id=str(late.payment_id), reason="while it is disputed")
    with pytest.raises(payments.NothingToDishonor):
        payments.request_dishonor(tx, return_id=late.id, code="R70", reason="twice")
    file = payments.file_bytes(tx, done.file_id)
    (entry,) = fake.receive(file).entries
    assert entry.returned is not None and (entry.returned.return_code, entry.returned.return_trace) == (
        "R70", tx.value("SELECT return_trace FROM payments.returns WHERE id = %(id)s", {"id": late.id})
    )  # fmt: skip
    life = " ".join(reason.text for reason in payments.get_life(tx, str(late.payment_id)).reasons)
    assert "that return was dishonored with R70: the payment stands" in life
    for _ in range(2):
        settled = settle(tx, [file], on=date(2026, 12, 7), name="dishonor")
    assert (settled.instructions_settled, settled.repeated) == (0, 1)
    assert payments.get_file(tx, done.file_id).status == "settled"
    assert book(tx, tenant) == {"CLIENT_FUNDS": "40.00", "SETTLEMENT_CLEARING": "100.00"}

    assert contested(tx, file, on=date(2026, 12, 9)).contested == 1
    assert contested(tx, file, on=date(2026, 12, 9)).repeated == 1

    assert book(tx, tenant) == {"CLIENT_FUNDS": "100.00", "SETTLEMENT_CLEARING": "160.00"}
    assert stories.statuses(tx) == ["returned", "returned"]
    assert {"return_contested"} <= {case.category for case in cases.list_cases(tx)}
    with pytest.raises(payments.NothingToDishonor, match="already"):
        payments.request_dishonor(tx, return_id=late.id, code="R70", reason="final is final")


def test_what_was_paid_anew_came_too_late_or_is_not_covered_is_not_dishonored(tx: Tx, tenant: TenantFixture) -> None:
    content = sent(tx, tenant, "60.00", "40.00")
    settle(tx, [content], on=TUESDAY)
    give_back(tx, content, dict.fromkeys(traces(content), "R31"), on=WEDNESDAY)
    first, second = sorted(payments.list_returns(tx), key=lambda row: -row.amount_minor)
    stories.at(tx, date(2026, 12, 3))
    asked = payments.request_retry(tx, payment_id=str(first.payment_id), reason="other bank")
    payments.retry_instruction(
        tx, payment_id=str(first.payment_id), reason="other bank", approval_id=approved(tx, asked)
    )
    before = stories.counts(tx)

    twice = dishonor(tx, first.id, "R70", on=date(2026, 12, 3))
    assert isinstance(twice, Refused) and twice.code == "payments.dishonor_would_pay_twice"
    # The bank does it by itself: it would be paid twice. Nothing moves, and people look.
    data = twin_disputes.disputed_file(content, {traces(content)[0]: "R70"}, on=date(2026, 12, 3), first_sequence=70)
    effects = payments.return_from_file(tx, artifact_id=stories.read(tx, "dis", data))
    assert (effects.dishonored, effects.orphans) == (0, 1)
    critical = [case for case in cases.list_cases(tx) if case.category == "dishonor_unfunded"]
    assert [(case.severity, case.detail["why"]) for case in critical] == [("critical", "paid_anew")]
    late = dishonor(tx, second.id, "R70", on=date(2026, 12, 10))
    assert isinstance(late, Refused) and late.code == "payments.dishonor_too_late"
    scenes.limit(tx, "max_single_payment", funding.Limit(amount_minor=100))
    held = dishonor(tx, second.id, "R70", on=date(2026, 12, 3))
    assert isinstance(held, Refused) and held.code == "payments.dishonor_held"

    after = stories.counts(tx)
    for table in ("payments.attempts", "payments.ach_files", "ledger.entries", "ledger.reservations"):
        assert after[table] == before[table], table
    assert tx.value("SELECT count(*) FROM payments.return_disputes") == 0


def test_a_return_that_came_twice_is_dishonored_without_the_client_s_money(tx: Tx, tenant: TenantFixture) -> None:
    content = sent(tx, tenant, "60.00")
    settle(tx, [content], on=TUESDAY)
    give_back(tx, content, {traces(content)[0]: "R23"}, on=WEDNESDAY)
    assert give_back(tx, content, {traces(content)[0]: "R23"}, on=WEDNESDAY, first_sequence=9).repeated == 1
    twice = next(row for row in payments.list_returns(tx) if row.standing == "repeated")
    before = book(tx, tenant)

    done = dishonor(tx, twice.id, "R67", on=WEDNESDAY)

    assert isinstance(done, payments.Dishonored) and book(tx, tenant) == before
    assert stories.statuses(tx) == ["returned"]
    file = payments.file_bytes(tx, done.file_id)
    settle(tx, [file], on=WEDNESDAY, name="dishonor")
    # What the bank had credited twice it took back: with its credits the clearing account is even.
    assert book(tx, tenant) == {"CLIENT_FUNDS": "100.00", "SETTLEMENT_CLEARING": "120.00"}
    assert {"duplicate_return"} <= {case.category for case in cases.list_cases(tx)}


def test_a_raw_dispute_moves_only_reserved_and_consumed_money_and_follows_its_step(
    tx: Tx, tenant: TenantFixture
) -> None:
    content = sent(tx, tenant, "60.00")
    give_back(tx, content, {traces(content)[0]: "R23"}, on=WEDNESDAY)
    file_id = str(tx.value("SELECT id FROM payments.ach_files"))

    for kind, code, error in (
        ("dishonored", "R68", payments.UnfundedAttempt),
        ("contested", "R73", payments.DisputeOutOfOrder),
    ):
        outbound = kind == "dishonored"
        with pytest.raises(error), tx.savepoint():
            tx.run(
                """
                INSERT INTO payments.return_disputes
                       (tenant_id, id, return_id, kind, direction, code, amount_minor, currency, ach_file_id, trace_number,
                        provider, external_id, artifact_id, record_id, answer_until, is_late, reason, occurred_at)
                SELECT tenant_id, 'dsp_raw', id, %(kind)s, %(direction)s, %(code)s, amount_minor, currency, %(file)s,
                       %(trace)s, %(said)s, %(said)s, %(said)s, %(said)s, %(until)s, false, %(reason)s, now()
                  FROM payments.returns
                """,
                {
                    "kind": kind,
                    "code": code,
                    "direction": "outbound" if outbound else "inbound",
                    "file": file_id if outbound else None,
                    "trace": "990000019999999" if outbound else None,
                    "said": None if outbound else "raw",
                    "until": WEDNESDAY if outbound else None,
                    "reason": "raw" if outbound else None,
                },
            )

    assert stories.client_funds(tx, tenant) == (usd("0"), usd("100.00"))


def test_one_place_writes_disputes_and_takes_their_money() -> None:
    root = Path(headgate.__file__).parent
    writers = [path.name for path in root.rglob("*.py") if "INSERT INTO payments.return_disputes" in path.read_text()]
    assert writers == ["disputes.py"]


STEPS = ("return", "again", "settle", "dishonor", "bank dishonors", "contest", "retry", "submit", "fund")


@pytest.mark.slow
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(STEPS), min_size=3, max_size=12))
def test_whatever_the_order_the_balances_are_right_and_nothing_is_paid_twice(
    database: Database, tenant: TenantFixture, steps: list[str]
) -> None:
    """The oracle: the client's funds are what came in less what is out; an attempt that stands is out, once."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as outer:
        try:
            with outer.savepoint():
                _walk(outer, tenant, steps)
                raise _Undone
        except _Undone:
            pass


class _Undone(Exception):
    """Takes a walk back, so that each begins afresh."""


def _walk(tx: Tx, tenant: TenantFixture, steps: list[str]) -> None:
    content = sent(tx, tenant, "60.00", funded="100.00")
    files, funded, day, number = [content], 10_000, WEDNESDAY, 10
    disputes: list[bytes] = []
    for step in steps:
        day, number = day + timedelta(days=1), number + 1
        stories.at(tx, day, hour=15)
        (payment,) = payment_ids(tx)
        if step in ("return", "again"):
            give_back(tx, files[-1 if step == "return" else 0], {traces(files[-1 if step == "return" else 0])[0]: "R06"},
                      on=day, first_sequence=number)  # fmt: skip
        elif step == "settle":
            settle(tx, files, on=TUESDAY, name=f"s{number}")
        elif step == "dishonor":
            for row in payments.list_returns(tx):
                if row.disputed == "no":
                    done = dishonor(tx, row.id, "R67" if row.standing == "repeated" else "R70", on=day)
                    disputes += [payments.file_bytes(tx, done.file_id)] if isinstance(done, payments.Dishonored) else []
        elif step == "bank dishonors":
            data = twin_disputes.disputed_file(files[-1], {traces(files[-1])[0]: "R69"}, on=day, first_sequence=number)
            payments.return_from_file(tx, artifact_id=stories.read(tx, f"d{number}", data))
        elif step == "contest" and disputes:
            data = twin_disputes.contested_file(fake.receive(disputes[-1]), disputes[-1], on=day, first_sequence=number)
            payments.return_from_file(tx, artifact_id=stories.read(tx, f"c{number}", data))
        elif step == "retry" and stories.statuses(tx) == ["returned"]:
            asked = payments.request_retry(tx, payment_id=payment, reason="again")
            payments.retry_instruction(tx, payment_id=payment, reason="again", approval_id=approved(tx, asked))
        elif step == "submit":
            files += [payments.file_bytes(tx, file.id) for file in payments.submit_due(tx, on=day)]
        elif step == "fund":
            stories.fund(tx, tenant, "60.00", external_id=f"w{number}")
            funded += 6_000
        alive = tx.value("SELECT count(*) FROM payments.attempts WHERE status NOT IN ('returned', 'rejected')")
        assert alive <= 1, steps
        reserved, available = stories.client_funds(tx, tenant)
        assert reserved.minor + available.minor == funded - 6_000 * alive, (step, steps)
        broken = [row for name in _OURS for row in tx.all(name)]
        assert broken == [], (step, steps)


_OURS = (
    "SELECT subject, detail FROM payments.invariant_statuses_agree",
    "SELECT subject, detail FROM payments.invariant_paid_once",
    "SELECT subject, detail FROM payments.invariant_returns_moved_their_money",
    "SELECT subject, detail FROM payments.invariant_retries_follow_failures",
    "SELECT subject, detail FROM payments.invariant_clearing_residual",
    "SELECT subject, detail FROM payments.invariant_attempts_funded",
    "SELECT subject, detail FROM payments.invariant_file_totals",
)


def test_the_runbook_s_query_runs_and_shows_the_dispute(tx: Tx, tenant: TenantFixture) -> None:
    runbook = Path(headgate.__file__).parents[2] / "docs" / "runbooks" / "returns.md"
    query = runbook.read_text("utf-8").split("```sql\n")[1].split("```")[0]
    content = sent(tx, tenant, "60.00")
    give_back(tx, content, {traces(content)[0]: "R31"}, on=WEDNESDAY)
    (row,) = payments.list_returns(tx)
    assert isinstance(dishonor(tx, row.id, "R70", on=WEDNESDAY), payments.Dishonored)

    (found,) = tx.all(query)  # type: ignore[arg-type]

    assert (found["id"], found["code"], found["kind"], found["disputed_for"]) == (row.id, "R31", "dishonored", "R70")
