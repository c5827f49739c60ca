"""Into an empty book in any order: the same final balances, dues and allocations, also when some payments were undone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.make import ACTOR, TenantFixture
from tests.servicing.scenes import day, monthly
from tests.servicing.stories import at, board, book, count, final, payment, simple

from headgate import servicing
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.servicing import NewReturn
from headgate.servicing.model import STATES, Rule

STEPS = st.lists(
    st.tuples(st.integers(0, 130), st.integers(1, 2_500), st.booleans()),
    min_size=2,
    max_size=7,
    unique_by=lambda row: row[1],
)
WATERFALLS = st.sampled_from(["us_mortgage", "fees_first", "due_date_ordered", "past_due_first", "principal_first"])


def told(tx: Tx, loan: str) -> dict[str, Any]:
    """What a loan has come to; payments by their number."""
    found = final(tx, loan)
    for line in found["lines"]:
        line["idempotency_key"] = line["idempotency_key"][-3:]
    return found


@pytest.mark.slow
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, waterfall=WATERFALLS, in_advance=st.sampled_from(["hold", "next"]), data=st.data())
def test_any_order_of_payments_and_returns_gives_the_same_loan(
    database: Database,
    tenant: TenantFixture,
    steps: list[tuple[int, int, bool]],
    waterfall: str,
    in_advance: Any,
    data: st.DataObject,
) -> None:
    events = [(n, "paid") for n in range(len(steps))] + [(n, "back") for n, step in enumerate(steps) if step[2]]
    shuffled = data.draw(st.permutations(events))
    doubled = [*shuffled, *data.draw(st.permutations(shuffled))]
    name = ids.new("x")[-12:]

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(140))
        states = {state: Rule(waterfall, in_advance) for state in STATES}
        states["grace"] = Rule("interest_first", in_advance)
        product = f"p{name}"
        servicing.set_policy(tx, product=product, effective_from=day(-1), reason="a test", rules=states)
        loans = [board(tx, tenant, f"{name}-{which}", monthly(4, fees=30), product=product) for which in "abc"]
        for loan, order in zip(
            loans[:2], (sorted(events, key=lambda one: (steps[one[0]][0], one[1])), doubled), strict=True
        ):
            for n, what in order:
                if what == "back":
                    new = NewReturn("column", f"{loan}-{n}", f"acht_{loan}_{n}", "R02", day(135))
                    servicing.record_return(tx, new)
                else:
                    servicing.apply_payment(tx, payment(loan, n, steps[n][1], day(steps[n][0])))
        kept = [payment(loans[2], n, step[1], day(step[0])) for n, step in enumerate(steps) if not step[2]]
        servicing.apply_payments(tx, kept)
        for loan in loans:
            tx.run("UPDATE servicing.loans SET applied_through = %(d)s WHERE id = %(l)s", {"d": day(135), "l": loan})
            servicing.add_charge(
                tx, loan_id=loan, amount_minor=10, due_on=day(139), reason="so that all is folded again"
            )

        whole, any_order, never_had = (told(tx, loan) for loan in loans)

        assert any_order == whole == never_had
        before = count(tx)
        for n, what in doubled:
            if what == "paid":
                servicing.apply_payment(tx, payment(loans[1], n, steps[n][1], day(steps[n][0])))
        assert count(tx) == before
        assert book(tx).get("CASH", 0) <= 0


def test_fifty_payments_are_posted_as_a_set_in_as_many_round_trips_as_one(
    tx: Tx, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tx, day(10))
    simple(tx)
    loans = [board(tx, tenant, f"S-{n}", product="plain") for n in range(51)]
    asked = 0
    plain = {name: getattr(Tx, name) for name in ("all", "value", "values", "run", "many")}

    def counted(name: str) -> Any:
        def call(self: Tx, *args: Any, **facts: Any) -> Any:
            nonlocal asked
            asked += 1
            return plain[name](self, *args, **facts)

        return call

    for name in plain:
        monkeypatch.setattr(Tx, name, counted(name))

    servicing.apply_payment(tx, payment(loans[0], 1, 1_000, day(5)))
    alone, asked = asked, 0
    done = servicing.apply_payments(tx, [payment(loan, 1, 1_000 + n, day(5)) for n, loan in enumerate(loans[1:])])
    together = asked

    assert all(isinstance(one, servicing.AppliedPayment) and one.parts.principal == 700 for one in done)
    assert together == alone <= 40
