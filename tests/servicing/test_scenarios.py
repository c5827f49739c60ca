"""What servicers are asked for: the scenarios of loan servicing that other systems get wrong, each with its figures."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.make import ACTOR, TenantFixture
from tests.servicing.scenes import day, monthly
from tests.servicing.stories import at, board, book, count, final, pay, payment, simple

from headgate import servicing
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.servicing import NewReturn


def lies(tx: Tx, loan: str) -> dict[str, list[tuple[str, int | None, int, bool]]]:
    """Where each payment's money lies now: bucket, due, amount, and whether it is recovery."""
    found: dict[str, list[tuple[str, int | None, int, bool]]] = {}
    for line in final(tx, loan)["lines"]:
        one = (line["bucket"], line["instalment_no"], line["amount_minor"], line["is_recovery"])
        found.setdefault(line["idempotency_key"][-3:], []).append(one)
    return found


def test_a_recall_moves_nothing_until_it_is_approved_and_nothing_where_it_is_not(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(20))
    simple(tx)
    loan = board(tx, tenant, product="plain")
    for n in (1, 2):
        pay(tx, loan, n, 1_000, day(n), source_channel="wire")
    before, posted, lines = final(tx, loan), book(tx), count(tx)["lines"]

    asked = [
        servicing.record_return(tx, NewReturn("column", f"rr_{n}", f"acht_{loan}_{n}", "DUPL", day(10), "recall"))
        for n in (1, 2)
    ]
    assert [one.standing for one in asked] == ["asked", "asked"]
    assert (final(tx, loan), book(tx), count(tx)["lines"]) == (before, posted, lines)

    # The first is rejected: its case ends, and that is all. The second is approved: it is taken back, once.
    approved = servicing.undo_payment(tx, payment_id=str(asked[1].payment_id), reason="recall approved", code="DUPL")
    again = servicing.undo_payment(tx, payment_id=str(asked[1].payment_id), reason="recall approved", code="DUPL")
    assert (approved.replayed, again.replayed, approved.fee_instalment_no) == (False, True, None)
    assert book(tx)["CASH"] == posted["CASH"] + 1_000
    assert list(lies(tx, loan)) == ["001"]
    assert servicing.record_return(
        tx, NewReturn("column", "rr_2", f"acht_{loan}_2", "DUPL", day(10), "recall")
    ).replayed


def test_a_payment_dated_before_the_charge_off_is_no_recovery_and_one_after_it_is(
    tx: Tx, tenant: TenantFixture
) -> None:
    at(tx, day(200))
    loan = board(tx, tenant, dues=monthly(3), product="consumer")
    servicing.set_standing(tx, loan_id=loan, standing="charged_off", from_on=day(150), reason="180 days")
    pay(tx, loan, 1, 900, day(160))
    assert all(one[3] for one in lies(tx, loan)["001"]) and book(tx)["LOAN_RECOVERIES"] == 900

    # It reached the servicer before the charge-off and is entered only now: the recovery is folded again, not doubled.
    pay(tx, loan, 2, 1_000, day(140))

    assert not any(one[3] for one in lies(tx, loan)["002"]) and all(one[3] for one in lies(tx, loan)["001"])
    assert book(tx)["LOAN_RECOVERIES"] == 900 and book(tx)["CASH"] == -1_900
    before = count(tx)
    pay(tx, loan, 2, 1_000, day(140))
    assert count(tx) == before, "replayed once, not twice"


def test_principal_only_pays_what_is_due_first_and_a_saturday_counts_as_saturday(tx: Tx, tenant: TenantFixture) -> None:
    saturday = date(2026, 1, 3)
    at(tx, saturday)
    simple(tx)
    loan = board(tx, tenant, dues=monthly(3), product="plain")

    extra = pay(tx, loan, 1, 1_600, saturday, instruction="principal_only")

    assert {(line.place, line.number, line.amount_minor) for line in extra.lines} == {
        ("interest", 1, 200), ("principal", 1, 700), ("escrow", 1, 100), ("principal", 3, 600),
    }  # fmt: skip
    assert {line.applied_on for line in extra.lines} == {saturday}
    assert tx.value("SELECT effective_date FROM servicing.payments WHERE id = %(id)s", {"id": extra.id}) == saturday


def test_a_late_fee_neither_holds_up_a_mortgages_periodic_payment_nor_breeds_another(
    tx: Tx, tenant: TenantFixture
) -> None:
    at(tx, day(35))
    loan = board(tx, tenant, dues=monthly(2))
    servicing.add_charge(tx, loan_id=loan, amount_minor=150, due_on=day(16), reason="late")

    pay(tx, loan, 1, 1_000, day(17))
    paid = pay(tx, loan, 2, 1_150, day(31))

    assert final(tx, loan)["loan"] == {
        "state": "paid_off", "open_minor": 0, "suspense_minor": 0, "overpayment_minor": 0, "oldest_due_on": None,
    }  # fmt: skip
    assert {(line.place, line.amount_minor) for line in paid.lines if line.place == "fees"} == {("fees", 150)}
    assert [one[0] for one in lies(tx, loan)["001"]] == ["escrow", "interest", "principal"], (
        "the fee waited for its turn"
    )


@pytest.mark.slow
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amounts=st.lists(st.integers(1, 2_500), min_size=1, max_size=4),
    extra=st.integers(1, 3_000),
    on=st.integers(0, 90),
    nsf=st.booleans(),
)
def test_undoing_an_overpayment_or_a_payoff_is_as_if_it_had_never_been(
    database: Database, tenant: TenantFixture, amounts: list[int], extra: int, on: int, nsf: bool
) -> None:
    name = ids.new("x")[-10:]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(100))
        simple(tx, product=f"p{name}", nsf_fee_minor=0)
        had, never = (board(tx, tenant, f"{name}-{which}", monthly(2), product=f"p{name}") for which in "ab")
        for loan in (had, never):
            servicing.apply_payments(tx, [payment(loan, n, minor, day(10 * n)) for n, minor in enumerate(amounts)])
        whole = pay(tx, had, 9, 2_000 + extra, day(on))
        servicing.undo_payment(tx, payment_id=whole.id, reason="it came back", code="R01" if nsf else "R02")
        servicing.pass_days(tx)

        told = {which: lies(tx, loan) for which, loan in (("had", had), ("never", never))}
        assert told["had"] == told["never"]
        assert final(tx, had)["loan"] == final(tx, never)["loan"] and final(tx, had)["dues"] == final(tx, never)["dues"]
