"""A payment reads the dues up to its day and the next ones: what it does is what all dues together would make of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.make import ACTOR, TenantFixture
from tests.servicing.scenes import day, monthly, rules
from tests.servicing.stories import at, board, payment, simple
from tests.servicing.test_any_order import told

from headgate import servicing
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.servicing import loading
from headgate.servicing.model import STATES, Rule

INSTALMENTS = 6
PAYMENTS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(1, 6_000), st.sampled_from(["regular", "regular", "principal_only"])),
    min_size=1,
    max_size=7,
)


@pytest.mark.slow
@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    payments=PAYMENTS,
    usual=rules,
    late=rules,
    overpayment=st.sampled_from(["keep", "refund"]),
    standing=st.none() | st.tuples(st.sampled_from(["charged_off", "bankruptcy"]), st.integers(0, 200)),
    at_once=st.integers(1, 3),
)
def test_what_was_read_of_the_dues_changes_nothing(
    database: Database,
    tenant: TenantFixture,
    payments: list[tuple[int, int, Any]],
    usual: Rule,
    late: Rule,
    overpayment: Any,
    standing: tuple[Any, int] | None,
    at_once: int,
) -> None:
    name = ids.new("x")[-12:]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(210))
        states = dict.fromkeys(STATES, usual) | {"delinquent": late}
        servicing.set_policy(
            tx, product=f"p{name}", effective_from=day(-1), reason="a test", rules=states, overpayment=overpayment
        )
        in_turn, backwards = (
            board(tx, tenant, f"{name}-{which}", monthly(INSTALMENTS, fees=30), product=f"p{name}") for which in "ab"
        )
        for loan in (in_turn, backwards):
            servicing.add_charge(tx, loan_id=loan, amount_minor=70, due_on=day(95), reason="a test")
            if standing:
                servicing.set_standing(
                    tx, loan_id=loan, standing=standing[0], from_on=day(standing[1]), reason="a test"
                )

        def of(loan: str) -> list[servicing.NewPayment]:
            ordered = sorted(enumerate(payments), key=lambda one: (one[1][0], one[0]))
            return [payment(loan, n, minor, day(on), instruction=how) for n, (on, minor, how) in ordered]

        for start in range(0, len(payments), at_once):
            servicing.apply_payments(tx, of(in_turn)[start : start + at_once])
        for one in reversed(of(backwards)):  # Each is late, for which everything is read.
            servicing.apply_payment(tx, one)

        assert told(tx, in_turn) == told(tx, backwards)


def test_of_a_mortgage_of_360_instalments_a_payment_reads_a_handful(
    tx: Tx, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tx, day(100))
    simple(tx)
    loan = board(tx, tenant, "L-360", monthly(360), product="plain")
    read: list[int] = []
    load_dues = loading._load_dues

    def counted(rows: Any, found: Any) -> None:
        read.append(len(rows))
        load_dues(rows, found)

    monkeypatch.setattr(loading, "_load_dues", counted)
    for n in range(3):
        servicing.apply_payment(tx, payment(loan, n, 1_000, day(30 * n)))

    assert max(read) <= 5, read


def test_a_loan_whose_dues_were_all_paid_is_not_taken_for_one_without_any(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(100))
    simple(tx)
    loan = board(tx, tenant, "L-paid", monthly(2), product="plain")
    servicing.apply_payment(tx, payment(loan, 1, 2_000, day(40)))

    servicing.apply_payment(tx, payment(loan, 2, 500, day(50)))

    found = told(tx, loan)["loan"]
    assert (found["state"], found["suspense_minor"], found["overpayment_minor"]) == ("overpaid", 0, 500)
