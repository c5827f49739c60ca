"""Two at once: one payment under a key, one undoing, and an early return that meets its payment."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from tests.make import ACTOR, TenantFixture
from tests.servicing.scenes import day
from tests.servicing.stories import at, board, book, count, final, payment

from headgate import servicing
from headgate.core.db import Database, Tx
from headgate.servicing import NewReturn

WORKERS = 4


@pytest.mark.slow
def test_many_workers_apply_undo_and_return_the_same_payments_and_each_takes_effect_once(
    database: Database, tenant: TenantFixture
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(70))
        loans = [board(tx, tenant, name) for name in ("one", "two", "three")]
    start = Barrier(WORKERS)

    def together(*acts: Callable[[Tx], Any]) -> list[Any]:
        def run(act: Callable[[Tx], Any]) -> Any:
            start.wait(30)
            with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                return act(tx)

        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(run, acts))

    wanted = [payment(loan, n, 1_000 + n, day(n)) for n in range(6) for loan in loans]
    orders = (wanted, wanted[::-1], wanted[3:] + wanted[:3], wanted)
    answers = together(*(lambda tx, own=own: servicing.apply_payments(tx, own) for own in orders))  # type: ignore[misc]

    def state(tx: Tx) -> Any:
        return count(tx), book(tx)["CASH"], [final(tx, loan)["loan"] for loan in loans]

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert count(tx)["payments"] == len(wanted) and book(tx)["CASH"] == -sum(one.amount_minor for one in wanted)
        ids = {one.id for told in answers for one in told}
        assert len(ids) == len(wanted)
        assert sum(not one.replayed for told in answers for one in told) == len(wanted)

    victim = min(ids)
    undone = together(
        *(lambda tx: servicing.undo_payment(tx, payment_id=victim, reason="twice?") for _ in range(WORKERS))
    )
    assert sorted(one.replayed for one in undone) == [False, True, True, True]

    # A return and its payment come at the same moment: whoever is first, the payment ends up taken back.
    late = [payment(loan, 9, 500, day(60)) for loan in loans]
    for one in late:
        back = NewReturn("column", f"evnt_{one.loan_id}", str(one.provider_transfer_id), "R02", day(61))
        together(
            lambda tx, one=one: servicing.apply_payment(tx, one),  # type: ignore[misc]
            lambda tx, back=back: servicing.record_return(tx, back),  # type: ignore[misc]
            lambda tx, one=one: servicing.apply_payment(tx, one),  # type: ignore[misc]
            lambda tx, back=back: servicing.record_return(tx, back),  # type: ignore[misc]
        )
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        standing = tx.values("SELECT status FROM servicing.payments WHERE idempotency_key LIKE '%%-009'")
        assert standing == ["reversed"] * 3
        assert count(tx)["undoings"] == 4
        before = state(tx)
        servicing.apply_payments(tx, wanted)
        assert state(tx) == before
