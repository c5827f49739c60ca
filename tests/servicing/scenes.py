"""Loans for tests: dues, terms and receipts as values, and Hypothesis strategies of them."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from headgate.servicing.model import STATES, Due, Receipt, Rule, StandingChange, Terms
from headgate.servicing.waterfalls import waterfalls

START = date(2026, 1, 1)


def day(n: int) -> date:
    """The n-th day of the story."""
    return START + timedelta(days=n)


def monthly(count: int, *, fees: int = 0, interest: int = 200, principal: int = 700, escrow: int = 100) -> list[Due]:
    """So many instalments, thirty days apart, the first on day 0."""
    return [Due(n + 1, day(30 * n), fees, interest, principal, escrow) for n in range(count)]


def terms(waterfall: str = "due_date_ordered", **rule: object) -> dict[int, Terms]:
    """One version that treats every state alike."""
    one = Rule(waterfall, **rule)  # type: ignore[arg-type]
    return {1: Terms(1, 15, 120, "refund", 0, dict.fromkeys(STATES, one))}


amounts = st.integers(0, 2_000)
dues = st.lists(st.tuples(amounts, amounts, amounts, amounts, st.integers(0, 200)), min_size=0, max_size=6).map(
    lambda rows: tuple(
        Due(n + 1, day(offset), *parts)
        for n, (*parts, offset) in enumerate(sorted(rows, key=lambda row: row[4]))
        if sum(parts)
    )
)
rules = st.builds(
    Rule,
    waterfall=st.sampled_from(sorted(waterfalls())),
    in_advance=st.sampled_from(["hold", "next", "last"]),
    allow_fees=st.booleans(),
    allow_interest=st.booleans(),
    allow_principal=st.booleans(),
    allow_escrow=st.booleans(),
)


@st.composite
def terms_sets(draw: st.DrawFn) -> dict[int, Terms]:
    """Two versions, in each of which some states have rules of their own and some have none."""
    made = {}
    for version in (1, 2):
        chosen = draw(st.dictionaries(st.sampled_from(STATES), rules, max_size=6))
        usual = draw(rules)
        states = {state: chosen.get(state, usual) for state in STATES if draw(st.booleans()) or state in chosen}
        overpayment = draw(st.sampled_from(["keep", "refund"]))
        made[version] = Terms(
            version, draw(st.integers(0, 20)), draw(st.sampled_from([None, 90])), overpayment, 0, states
        )
    return made


standings = st.lists(
    st.builds(
        StandingChange,
        from_on=st.integers(0, 250).map(day),
        standing=st.sampled_from(["none", "charged_off", "bankruptcy", "default", "forbearance"]),
    ),
    max_size=2,
)


@st.composite
def receipts(draw: st.DrawFn, max_size: int = 8) -> list[Receipt]:
    """Payments on various days, some on the same one."""
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, 250), st.integers(1, 3_000), st.integers(1, 2), st.booleans()), max_size=max_size
        )
    )
    return [
        Receipt(f"p{n}", f"k{n}", day(offset), amount, version, "principal_only" if only else "regular")
        for n, (offset, amount, version, only) in enumerate(rows)
    ]
