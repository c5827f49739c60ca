"""What a rail and its bank take in one look is what they take one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate import rails
from headgate.core.money import Money

ON = date(2026, 12, 1)
GOOD = rails.RailOrder(
    attempt_id="att_1", amount=Money(12_345, "USD"), direction="credit", receiver_routing="021000021", receiver_account="12-3",
    receiver_account_type="checking", receiver_name="Jane Doe", individual_id="E1", sec_code="PPD", description="PAYROLL",
    company=rails.Company("ACME", "1234567890"), effective_on=ON, is_wages=True,
)  # fmt: skip
_NAMES = st.text(st.characters(codec="utf-8"), max_size=24) | st.sampled_from(
    ["José Ñuñez", "0", "  ", "Ma\u00df", "\u4e2d"]
)
_ORDERS = st.builds(
    replace,
    st.just(GOOD),
    amount=st.sampled_from(
        [Money(1, "USD"), Money(0, "USD"), Money(10**10, "USD"), Money(5, "EUR"), Money(10**9, "USD")]
    ),
    direction=st.sampled_from(["credit", "debit"]),
    receiver_routing=st.sampled_from(["021000021", "021000022", ""]),
    receiver_account=st.sampled_from(["1", " ", "", "1" * 17, "1" * 18, "é", "1\n"]),
    receiver_account_type=st.sampled_from(["checking", "loan"]),
    receiver_name=_NAMES,
    individual_id=st.sampled_from(["", "E1", "E" * 16, "é"]),
    sec_code=st.sampled_from(["PPD", "CCD"]),
    description=st.sampled_from(["PAYROLL", "TAX", " "]),
    is_wages=st.booleans(),
    addenda=st.sampled_from([None, "x", "x" * 81]),
    trace_sequence=st.sampled_from([None, 0, 5]),
)
_MOSTLY_GOOD = st.builds(lambda name: replace(GOOD, receiver_name=name), _NAMES)


@pytest.mark.slow
@given(orders=st.lists(_MOSTLY_GOOD | _ORDERS | st.just(GOOD), min_size=1, max_size=4))
def test_what_passes_in_one_look_passes_one_by_one(orders: list[rails.RailOrder]) -> None:
    rail = rails.AchRail("021000021", "BANK", "1234567890", "ACME")
    alone = [not rail.problems(order) for order in orders]

    if rail.carries_all(orders):
        assert all(alone)
    elif all(alone):
        # What it may not say of one look: a remittance text, a number drawn before, a loan that is paid into.
        assert any(one.addenda or one.trace_sequence or one.receiver_account_type == "loan" for one in orders)
    for bank in rails.banks.profiles().values():
        if bank.ach is None or "ach" not in bank.rails:
            continue
        try:
            taken = rails.banks.takes_all(bank, orders, on=ON)
            assert taken == (not any(rails.banks.order_problems(bank, order, on=ON) for order in orders))
        except rails.NotEntered:
            continue
