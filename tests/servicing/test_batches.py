"""Payments that come together: each is applied once, and what a transaction wrote of them it need not ask for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.make import TenantFixture
from tests.servicing.scenes import day
from tests.servicing.stories import at, board, book, count, pay, payment

from headgate import servicing
from headgate.core.db import Tx
from headgate.core.errors import Refused


def test_what_repeats_another_of_its_batch_is_its_replay(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(3))
    loan = board(tx, tenant)
    one, bare = payment(loan, 1, 1_000, day(2)), payment(loan, 2, 500, day(2), provider_transfer_id=None)
    by_transfer = replace(one, idempotency_key="the bank's line", received_on=day(3))
    gone = payment("nobody", 3, 100, day(2))
    other_bare = replace(bare, idempotency_key="another of the same amount")
    other_amount = replace(one, idempotency_key="of another amount", amount_minor=1_001, provider_transfer_id="acht_9")

    batch = [one, bare, gone, by_transfer, one, gone, bare, other_bare, other_amount]
    answers = servicing.apply_payments(tx, batch)

    assert [one.replayed for one in answers] == [False, False, False, True, True, True, True, False, False]
    assert [isinstance(one, Refused) for one in answers] == [one.loan_id == "nobody" for one in batch]
    found = [one.id for one in answers if isinstance(one, servicing.AppliedPayment)]
    assert found[2] == found[3] == found[0] and found[4] == found[1] and len(set(found)) == 4
    assert book(tx)["CASH"] == -(1_000 + 500 + 500 + 1_001)
    assert (count(tx)["payments"], count(tx)["refusals"]) == (4, 1)
    before = count(tx)
    with pytest.raises(servicing.PaymentDiffers), tx.savepoint():
        servicing.apply_payments(tx, [payment(loan, 8, 700, day(2)), payment(loan, 8, 701, day(2))])
    assert count(tx) == before


def test_whoever_is_told_of_a_payment_hears_what_its_row_says(tx: Tx, tenant: TenantFixture) -> None:
    """What a transaction wrote is kept in it and not asked for again: that must be the same."""
    at(tx, day(9))
    loan = board(tx, tenant)
    paid = [pay(tx, loan, n, 500 * n, day(n), source_channel=channel) for n, channel in enumerate(("ach", "wire"), 1)]
    forecast = servicing.apply_payment(tx, payment(loan, 3, 70, day(3)), pending=True)
    completed = pay(tx, loan, 3, 70, day(3), source_channel="card")
    assert isinstance(forecast, servicing.AppliedPayment) and forecast.id == completed.id
    servicing.undo_payment(tx, payment_id=paid[1].id, reason="Insufficient funds", code="R01")
    wanted = [*(one.id for one in paid), completed.id, "lpay_none"]

    kept = servicing.payment_notices(tx, wanted)
    tx.kept.clear()

    assert servicing.payment_notices(tx, wanted) == kept
    assert [(one.amount_minor, one.channel, one.code) for one in (kept[number] for number in wanted[:3])] == [
        (500, "ach", None),
        (1_000, "wire", "R01"),
        (70, "ach", None),
    ]
    assert len(kept) == 3
