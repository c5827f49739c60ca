"""Payments on a real database: applied once, credited as of their day, taken back once, folded again where they come late."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.make import ACTOR, TenantFixture
from tests.servicing.scenes import day, monthly
from tests.servicing.stories import at, board, book, cases_of, count, final, pay, payment, simple

from headgate import parties, servicing
from headgate.core.db import Database, Tx
from headgate.core.errors import IllegalMove, Refused
from headgate.servicing import NewPayment, NewReturn

pytestmark = pytest.mark.slow


def messages(tx: Tx, topic: str) -> list[dict[str, object]]:
    """What was published under a name that neighbours know."""
    return tx.values("SELECT payload FROM messaging.outbox_messages WHERE event_type = %(t)s ORDER BY id", {"t": topic})


def test_a_payment_is_applied_once_and_posted_where_its_lines_lie(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(3))
    loan = board(tx, tenant)

    first = pay(tx, loan, 1, 1_250, day(2))
    before = count(tx)
    again = servicing.apply_payment(tx, replace(payment(loan, 1, 1_250, day(2)), loan_id="L-1"))
    other_key = NewPayment(loan, "from the bank's file", 1_250, "USD", day(3), "ach", f"acht_{loan}_1")
    same_transfer = servicing.apply_payment(tx, other_key)

    assert first.parts == servicing.Parts(principal=700, interest=200, fee=0, escrow=100, suspense=250)
    assert (
        isinstance(again, servicing.AppliedPayment)
        and again.replayed
        and again.id == first.id
        and again.parts == first.parts
    )
    assert isinstance(same_transfer, servicing.AppliedPayment) and same_transfer.id == first.id
    assert count(tx) == before
    assert book(tx) == {
        "CASH": -1_250,
        "LOAN_INTEREST": 200,
        "LOAN_PRINCIPAL": 700,
        "LOAN_ESCROW": 100,
        "LOAN_SUSPENSE": 250,
    }
    (posted,) = messages(tx, "payment.posted")
    assert (posted["payment_id"], posted["status"], len(posted["allocations"])) == (first.id, "completed", 4)  # type: ignore[arg-type]
    assert messages(tx, "payment.partial") == []
    assert final(tx, loan)["loan"] == {
        "state": "current",
        "open_minor": 11_000,
        "suspense_minor": 250,
        "overpayment_minor": 0,
        "oldest_due_on": day(30),
    }
    with pytest.raises(servicing.PaymentDiffers):
        pay(tx, loan, 1, 1_251, day(2))
    assert count(tx) == before


def test_what_is_refused_moves_nothing_is_told_and_stays_refused(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(3))
    held, stopped, gone = (board(tx, tenant, name) for name in ("held", "stopped", "gone"))
    servicing.set_holds(tx, loan_id=held, legal_hold=True, reason="court order")
    servicing.set_holds(tx, loan_id=stopped, stop_pay=True, reason="borrower asked")
    servicing.set_standing(tx, loan_id=gone, standing="transferred", from_on=day(1), reason="sold")
    wanted = [payment(name, 1, 100, day(2)) for name in ("nobody", held, stopped, gone)]

    answers = servicing.apply_payments(tx, wanted)
    before = count(tx)
    again = servicing.apply_payments(tx, wanted)

    codes = ["loan_not_found", "legal_hold", "stop_pay", "loan_closed"]
    assert [one.code for one in answers if isinstance(one, Refused)] == [f"servicing.{code}" for code in codes]
    assert [(one.code, one.replayed) for one in again if isinstance(one, Refused)] == [
        (f"servicing.{code}", True) for code in codes
    ]
    assert before == count(tx) and (before["payments"], before["refusals"]) == (0, 4)
    assert sorted(str(one["code"]) for one in messages(tx, "payment.rejected")) == sorted(codes)
    assert cases_of(tx) == {"loan_payment_rejected": "medium"}
    assert isinstance(servicing.apply_payment(tx, NewPayment(held, "eur", 100, "EUR", day(2), "wire")), Refused)


def test_suspense_that_reaches_a_full_payment_is_applied_to_the_oldest_due(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(5))
    loan = board(tx, tenant)

    for n in (1, 2):
        assert pay(tx, loan, n, 400, day(n)).parts.suspense == 400
    third = pay(tx, loan, 3, 400, day(3))

    assert third.parts == servicing.Parts(principal=100, interest=0, fee=0, escrow=100, suspense=200)
    rows = tx.all("SELECT principal, interest, escrow, suspense FROM servicing.payments ORDER BY idempotency_key")
    assert [tuple(row.values()) for row in rows] == [(200, 200, 0, 0), (400, 0, 0, 0), (100, 0, 100, 200)]
    assert book(tx) == {
        "CASH": -1_200,
        "LOAN_INTEREST": 200,
        "LOAN_PRINCIPAL": 700,
        "LOAN_ESCROW": 100,
        "LOAN_SUSPENSE": 200,
    }
    assert len(messages(tx, "payment.partial")) == 2
    # The next due date comes, and what waits is too little; with 8.00 more in hand it is enough on that day.
    pay(tx, loan, 4, 850, day(4))
    at(tx, day(30))
    assert servicing.pass_days(tx) == "0 of 1 loans moved"
    assert final(tx, loan)["loan"]["suspense_minor"] == 50
    assert {line["applied_on"] for line in final(tx, loan)["lines"] if line["instalment_no"] == 2} == {day(30)}


def test_the_undoing_of_payment_3_of_9_folds_the_later_ones_again_and_leaves_no_trace_in_the_sums(
    tx: Tx, tenant: TenantFixture
) -> None:
    simple(tx)
    at(tx, day(280))
    loans = [board(tx, tenant, name, product="plain") for name in ("with", "without")]
    paid = {n: pay(tx, loans[0], n, 900 + 40 * n, day(30 * n)) for n in range(1, 10)}
    for n in set(paid) - {3}:
        pay(tx, loans[1], n, 900 + 40 * n, day(30 * n))
    before = book(tx)

    undone = servicing.undo_payment(tx, payment_id=paid[3].id, reason="entered by mistake")
    after = count(tx)
    again = servicing.undo_payment(tx, payment_id=paid[3].id, reason="entered by mistake")

    assert (undone.replayed, again.replayed, count(tx)) == (False, True, after)
    with_it, without = (final(tx, loan) for loan in loans)
    for line in with_it["lines"] + without["lines"]:
        line["idempotency_key"] = line["idempotency_key"][-3:]
    assert with_it == without
    assert before["CASH"] - book(tx)["CASH"] == -1_020
    (told,) = messages(tx, "payment.reversed")
    assert (told["payment_id"], told["reason"]) == (paid[3].id, "entered by mistake")
    # Payments 1 and 2 lie before it: nothing of them was written again.
    touched = set(tx.values("SELECT payment_id FROM servicing.allocations WHERE reverses IS NOT NULL"))
    assert touched <= {paid[n].id for n in range(3, 10)} and paid[3].id in touched
    assert "replayed" in tx.values("SELECT kind FROM servicing.postings")


def test_a_backdated_payment_is_as_if_it_had_come_in_time_under_the_policies_of_each(
    tx: Tx, tenant: TenantFixture
) -> None:
    simple(tx, waterfall="fees_first")
    at(tx, day(100))
    early, late = (board(tx, tenant, name, monthly(4, fees=50), product="plain") for name in ("early", "late"))
    for n, on in ((1, 10), (2, 40), (3, 70)):
        pay(tx, early, n, 700, day(on), provider_transfer_id=None)
    pay(tx, late, 1, 700, day(10), provider_transfer_id=None)
    pay(tx, late, 3, 700, day(70), provider_transfer_id=None)

    servicing.set_policy(
        tx,
        product="plain",
        effective_from=day(-100),
        reason="another order",
        rules={state: servicing.Rule("principal_first") for state in ("current", "grace", "delinquent")},
    )
    # The payment itself is new, so the new version counts for it; the others keep theirs.
    pay(tx, late, 2, 700, day(40), provider_transfer_id=None)

    versions = {line["idempotency_key"][-1]: line["policy_version_no"] for line in final(tx, late)["lines"]}
    assert versions == {"1": 1, "2": 2, "3": 1}
    assert final(tx, late)["loan"]["open_minor"] == final(tx, early)["loan"]["open_minor"] == 4_200 - 2_100
    # Payment 3 lies in another instalment now, and in the same buckets: its lines changed, the book did not.
    moved = tx.all("SELECT transaction_id, bucket FROM servicing.allocations WHERE reverses IS NOT NULL")
    assert moved and {row["transaction_id"] for row in moved} == {None}
    assert set(tx.values("SELECT kind FROM servicing.postings")) == {"applied"}
    assert book(tx)["CASH"] == -4_200


def test_returns_are_counted_once_classified_by_code_and_wait_for_their_payment(tx: Tx, tenant: TenantFixture) -> None:
    simple(tx, nsf_fee_minor=2_500)
    at(tx, day(20))
    loan = board(tx, tenant, product="plain")
    nsf = pay(tx, loan, 1, 1_000, day(1))
    unauthorized = pay(tx, loan, 2, 500, day(2))
    wire = pay(tx, loan, 3, 300, day(3), source_channel="wire")

    def back(n: int, code: str, **more: str) -> servicing.RecordedReturn:
        new = NewReturn("column", f"evnt_{n}_{code}", f"acht_{loan}_{n}", code, day(5), **more)  # type: ignore[arg-type]
        return servicing.record_return(tx, new)

    standings = [back(1, "R01").standing, back(2, "R29").standing, back(3, "RR04", kind="recall").standing]
    assert standings == ["undone", "undone", "asked"]
    assert back(1, "R01").replayed and back(1, "R01").payment_id == nsf.id
    assert cases_of(tx) == {"loan_payment_returned": "medium", "unauthorized_dispute": "high", "wire_recall": "high"}
    assert [one["code"] for one in messages(tx, "payment.reversed")] == ["R01", "R29"]
    assert len(messages(tx, "payment.reversed.nsf")) == 1
    # The fee is charged once, for the presentment that came back for want of money.
    charges = tx.all("SELECT fees_minor, reason FROM servicing.dues WHERE kind = 'charge'")
    assert charges == [{"fees_minor": 2_500, "reason": f"insufficient funds: {nsf.id}"}]
    assert book(tx)["CASH"] == -300
    # A second return of the same payment, under another name, finds it reversed: nothing is reversed twice.
    before = book(tx), count(tx)["undoings"]
    assert back(2, "R10").standing == "undone"
    assert (book(tx), count(tx)["undoings"]) == before
    # A recall is approved: a person takes the payment back.
    assert servicing.undo_payment(tx, payment_id=wire.id, reason="recall approved").replayed is False
    assert book(tx) == {} and unauthorized.id != wire.id
    # A return that comes before its payment waits, and meets it.
    assert back(9, "R02").standing == "waiting"
    assert cases_of(tx)["orphan_return"] == "medium"
    late = pay(tx, loan, 9, 700, day(6))
    assert tx.value("SELECT status FROM servicing.payments WHERE id = %(id)s", {"id": late.id}) == "reversed"
    assert book(tx) == {}
    with pytest.raises(servicing.ReturnDiffers):
        servicing.record_return(tx, NewReturn("column", "evnt_9_R02", "other", "R02", day(5)))
    # A tenant may choose otherwise for a code.
    assert servicing.return_rule(tx, "R77").action == "reverse"
    assert (
        servicing.set_return_rule(tx, code="R77", action="dispute", severity="critical", reason="fraud wave").severity
        == "critical"
    )
    assert servicing.return_rule(tx, "R77").action == "dispute"


def test_a_bankruptcy_stops_debits_at_once_and_parts_what_fell_due_since_from_before(
    tx: Tx, tenant: TenantFixture
) -> None:
    at(tx, day(65))
    borrower = parties.create_party(
        tx,
        kind="borrower",
        external_id="B-1",
        name="Ada Example",
        legal_entity_id=tenant.legal_entity_id,
        is_person=True,
    )
    loan = board(tx, tenant, borrower_id=borrower.id)
    servicing.pass_days(tx)
    assert final(tx, loan)["loan"]["state"] == "delinquent"

    servicing.set_standing(tx, loan_id=loan, standing="bankruptcy", from_on=day(45), reason="chapter 13, case 26-1")
    paid = pay(tx, loan, 1, 1_500, day(62))

    assert final(tx, loan)["loan"]["state"] == "bankruptcy"
    assert {(line.place, line.number) for line in paid.lines} == {
        ("interest", 3),
        ("principal", 3),
        ("escrow", 3),
        ("suspense", None),
    }
    assert cases_of(tx) == {"debits_to_stop": "high", "loan_payment_held": "medium"}
    (stopped,) = messages(tx, "servicing.debits.stopped")
    assert (stopped["loan_id"], stopped["borrower_id"]) == (loan, borrower.id)
    assert [block.reason for block in parties.list_blocks(tx, after="", limit=5)] == ["legal_hold"]
    servicing.set_standing(tx, loan_id=loan, standing="none", from_on=day(64), reason="dismissed")
    assert final(tx, loan)["loan"]["state"] == "delinquent"


def test_a_charge_off_makes_payments_recoveries_and_is_not_taken_back(
    database: Database, tenant: TenantFixture
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(200))
        loan = board(tx, tenant)
        servicing.pass_days(tx)
        states = [final(tx, loan)["loan"]["state"]]
        servicing.set_standing(tx, loan_id=loan, standing="charged_off", from_on=day(190), reason="180 days")
        paid = pay(tx, loan, 1, 1_000, day(195))
        states.append(final(tx, loan)["loan"]["state"])
    with pytest.raises(IllegalMove), database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        servicing.set_standing(tx, loan_id=loan, standing="none", from_on=day(199), reason="no")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert states == ["default", "charged_off"] and paid.parts.principal == 1_000
        assert book(tx) == {"CASH": -1_000, "LOAN_RECOVERIES": 1_000}
        changes = tx.values("SELECT to_state FROM servicing.state_changes ORDER BY id")
        assert changes == ["default", "charged_off"]


def test_paid_off_overpaid_and_opened_again(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(40))
    loan = board(tx, tenant, "short", monthly(2))

    first = pay(tx, loan, 1, 1_000, day(0))
    assert first.parts.suspense == 0
    last = pay(tx, loan, 2, 1_300, day(30))
    assert (final(tx, loan)["loan"]["state"], final(tx, loan)["loan"]["overpayment_minor"]) == ("overpaid", 300)
    assert book(tx)["LOAN_OVERPAYMENTS"] == 300 and cases_of(tx) == {"loan_overpaid": "low"}
    servicing.undo_payment(tx, payment_id=first.id, reason="returned", code="R01")

    # What was over now pays a part; the payoff is undone.
    assert final(tx, loan)["loan"] == {
        "state": "grace",
        "open_minor": 1_000,
        "suspense_minor": 300,
        "overpayment_minor": 0,
        "oldest_due_on": day(30),
    }
    assert last.parts.suspense == 300
    servicing.add_charge(tx, loan_id=loan, amount_minor=500, due_on=day(35), reason="late fee")
    assert final(tx, loan)["loan"]["open_minor"] == 1_500


def test_loans_are_taken_on_once_and_their_principal_is_in_the_book(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(0))
    loan = board(tx, tenant)

    assert board(tx, tenant) == loan
    with pytest.raises(servicing.LoanDiffers):
        board(tx, tenant, "L-1", monthly(12, interest=201))
    with pytest.raises(servicing.InvalidPolicy):
        board(tx, tenant, "L-2", product="nonsense")
    assert tx.values("SELECT state FROM servicing.loans") == ["current"]
    waiting = board(tx, tenant, "bare", [])
    assert pay(tx, waiting, 1, 1_500, day(0)).parts.suspense == 1_500
    assert final(tx, waiting)["loan"]["state"] == "pending"
    servicing.import_schedule(tx, loan_id=waiting, dues=monthly(2))
    assert final(tx, waiting)["loan"] == {
        "state": "current",
        "open_minor": 1_000,
        "suspense_minor": 500,
        "overpayment_minor": 0,
        "oldest_due_on": day(30),
    }
    assert servicing.import_schedule(tx, loan_id="bare", dues=monthly(2)).replayed


def test_in_shadow_a_payment_is_only_written_down_and_is_completed_when_it_is_applied(
    tx: Tx, tenant: TenantFixture
) -> None:
    at(tx, day(10))
    loan = board(tx, tenant)
    before = final(tx, loan), count(tx)["transactions"]

    first, second = (payment(loan, n, 1_000, day(n)) for n in (1, 2))
    forecast = servicing.apply_payments(tx, [first, second], pending=True)
    again = servicing.apply_payment(tx, first, pending=True)

    assert [one.status for one in forecast if isinstance(one, servicing.AppliedPayment)] == ["pending", "pending"]
    assert isinstance(again, servicing.AppliedPayment) and (again.replayed, again.status) == (True, "pending")
    assert (final(tx, loan), count(tx)["transactions"]) == before
    assert [one["status"] for one in messages(tx, "payment.posted")] == ["pending", "pending"]

    # Applied in the other order, one of them by its transfer alone: what was written down is completed, once.
    by_transfer = replace(second, idempotency_key="the bank's line", received_on=day(3))
    done = [servicing.apply_payment(tx, one) for one in (by_transfer, first, second, by_transfer)]

    assert [(one.status, one.replayed) for one in done if isinstance(one, servicing.AppliedPayment)] == [
        ("completed", False),
        ("completed", False),
        ("completed", True),
        ("completed", True),
    ]
    assert {one.id for one in done if isinstance(one, servicing.AppliedPayment)} == {
        one.id for one in forecast if isinstance(one, servicing.AppliedPayment)
    }
    assert book(tx)["CASH"] == -2_000 and count(tx)["payments"] == 2
    assert final(tx, loan)["loan"]["suspense_minor"] == 1_000
    assert [one["status"] for one in messages(tx, "payment.posted")][2:] == ["completed", "completed"]
    # One that never became real is dropped without a trace in the book.
    third = servicing.apply_payment(tx, payment(loan, 3, 5, day(3)), pending=True)
    assert isinstance(third, servicing.AppliedPayment)
    servicing.undo_payment(tx, payment_id=third.id, reason="never came", code="R01")
    assert book(tx)["CASH"] == -2_000
