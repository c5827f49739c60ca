"""Column's API in values: whatever is told in whatever order comes to the same state, no bytes break the reader, and the
simulated Column is the same from the same seed.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.money import Money
from headgate.rails import Company, RailOrder, answer_of, column, settlement_of, settlements_of
from headgate.rails.column_lives import FATES, WAYS
from headgate.rails.column_twin import ColumnTwin
from headgate.rails.column_webhooks import WebhookNoise
from headgate.rails.postal import Address

BEGIN = datetime(2026, 11, 30, 15, tzinfo=UTC)
WORDS = ("PAID", "R03", "R29", *FATES)
ORDER = RailOrder(
    attempt_id="att_1",
    amount=Money(6000, "USD"),
    direction="credit",
    receiver_routing="021000021",
    receiver_account="4400-PAID",
    receiver_account_type="checking",
    receiver_name="Ada Example",
    individual_id="PAYMENT0001",
    sec_code="PPD",
    description="PAYROLL",
    company=Company("ACME INC", "1234567890"),
    effective_on=date(2026, 12, 1),
    receiver_address=Address("Lisle", street="Dream Road", building="450", state="IL", post_code="60532"),
)


def lived(kind: column.Kind, word: str, *, seed: int = 0, noise: WebhookNoise | None = None) -> ColumnTwin:
    """A Column in which one transfer of a kind, to an account of this word, has lived to its end."""
    now = [BEGIN]
    twin = ColumnTwin(seed=seed, noise=noise, clock=lambda: now[0])
    twin.call("POST", "/webhook-endpoints", {}, {"url": "http://127.0.0.1:1/hook"})
    order = replace(ORDER, receiver_account=f"4400-{word}")
    whom = ""
    if kind != "check":
        status, made = twin.call("POST", "/counterparties", {}, column.counterparty(column.payee(order)))
        whom = made["id"] if status == 200 else ""
    request = column.transfer(kind, order, account=column.Account(twin.account_id), counterparty_id=whom, key="att_1")
    twin.call(request.method, request.path, {}, json.loads(request.body), key=request.key)
    now[0] += timedelta(hours=1)
    twin.advance()
    return twin


@given(
    kind=st.sampled_from([kind for kind in WAYS if kind != "book"]),
    word=st.sampled_from(WORDS),
    data=st.data(),
)
def test_what_is_told_in_any_order_comes_to_the_same_state_and_the_same_facts(
    kind: column.Kind, word: str, data: st.DataObject
) -> None:
    twin = lived(kind, word)
    told = [event.transfer for event in column.read_events(json.dumps(twin.events).encode()) if event.transfer]
    rank = ("quiet", "accepted", "settled", "rejected", "returned").index

    heard = data.draw(st.permutations(told + told))
    furthest = max((one.state for one in heard), key=rank, default=None)

    (final,) = [column.read_transfer(one) for one in twin.transfers] or [None]
    assert final is None or furthest in (None, final.state), "the object says what its events said"
    facts = {one.fact: answer_of(one, b"").outcome for one in heard}
    assert len(facts) == len({one.state for one in heard}), "one fact a state, however often it is told"
    for one in heard:
        assert (one.amount, one.key, one.is_incoming, one.brings_money) == (ORDER.amount, "att_1", False, False)
        moved = settlement_of(one, date(2026, 11, 30))
        assert (moved is not None) == (one.state in ("settled", "returned"))
        assert moved is None or (moved.direction, moved.individual_id) == ("credit", "PAYMENT0001")


TEXTS = st.text("ab1._:-T\0é ", max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
documents = st.dictionaries(
    st.sampled_from(
        ["id", "type", "created_at", "data", "events", "has_more", "amount", "currency_code", "status", "return_details",
         "is_incoming", "settled_at", "returned_at", "notification_of_changes", "idempotency_key", "bank_account_id"]
    ),
    values | st.sampled_from(["evnt_1", "acht_1", "ach.outgoing_transfer.returned", "2026-11-30T15:00:00Z", "USD"]),
)  # fmt: skip


@given(outer=documents, inner=documents, raw=st.binary(max_size=60))
def test_no_bytes_break_the_reader(outer: dict[str, Any], inner: dict[str, Any], raw: bytes) -> None:
    for content in (raw, json.dumps({**outer, "data": inner}).encode(), json.dumps([outer, inner]).encode()):
        column.read_events(content)
        column.page_of(content)
        column.problem_of(content)
        column.read_summary(content)
    column.read_transfer(inner, said="settled", family="ach")
    column.read_report(outer)


def test_the_same_seed_and_history_give_the_same_ids_events_and_webhooks() -> None:
    noise = WebhookNoise(missing=20, twice=20, late=30)

    first, again = (lived("ach", "R03", seed=7, noise=noise) for _ in range(2))
    other = lived("ach", "R03", seed=8, noise=noise)

    assert first.events == again.events and first.deliveries() == again.deliveries()
    assert {one["id"] for one in other.events}.isdisjoint({one["id"] for one in first.events})


def test_a_seed_loses_doubles_and_delays_webhooks_as_it_is_told() -> None:
    sent = [one.event_id for seed in range(40) for one in lived("ach", "PAID", seed=seed).deliveries()]
    noisy = WebhookNoise(missing=20, twice=20, late=20)
    came = [one.event_id for seed in range(40) for one in lived("ach", "PAID", seed=seed, noise=noisy).deliveries()]

    missing, twice = set(sent) - set(came), len(came) - len(set(came))
    assert len(sent) == 160 and 15 <= len(missing) <= 50 and 15 <= twice <= 50
    assert list(dict.fromkeys(came)) != [one for one in sent if one not in missing], "some are overtaken"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"amount": Money(1, "EUR")}, "positive amounts of USD"),
        ({"description": "MUCH TOO LONG"}, "up to 10"),
        ({"receiver_account_type": "loan"}, "checking and savings"),
        ({"receiver_name": "王"}, "cannot be spelled"),
    ],
)
def test_what_column_cannot_carry_is_told_with_its_mending(facts: dict[str, Any], said: str) -> None:
    assert column.problems("ach", ORDER) == column.problems("wire", ORDER) == ()
    assert any(said in problem for problem in column.problems("ach", replace(ORDER, **facts)))
    assert "register the payee's address" in column.problems("check", replace(ORDER, receiver_address=None))[0]


def test_a_book_transfer_moves_money_between_our_own_accounts_once() -> None:
    twin = ColumnTwin(clock=lambda: BEGIN)
    request = column.book(
        amount=Money(500, "USD"), sender=column.Account(twin.account_id), receiver=column.Account("bacc_2two"),
        description="SWEEP", key="sweep-1",
    )  # fmt: skip

    answers = [twin.call("POST", request.path, {}, json.loads(request.body), key=request.key) for _ in range(2)]
    other = twin.call("POST", request.path, {}, {**json.loads(request.body), "amount": 501}, key=request.key)

    moved = column.read_transfer(answers[0][1])
    assert moved is not None and (moved.kind, moved.state, moved.amount.minor) == ("book", "settled", 500)
    assert answers[0] == answers[1] and len(twin.transfers) == 1
    assert (other[0], column.problem_of(json.dumps(other[1]).encode()).code) == (409, "idempotency_key_reused")


def test_over_ach_column_draws_money_and_over_nothing_else() -> None:
    debit = replace(ORDER, direction="debit")

    assert column.problems("ach", debit) == ()
    for kind in ("wire", "realtime", "check"):
        assert any("debited by ACH alone" in one for one in column.problems(kind, debit))
    (drawn, paid) = (
        json.loads(
            column.transfer("ach", one, account=column.Account("bacc_1"), counterparty_id="cpty_1", key="k").body
        )
        for one in (debit, ORDER)
    )
    assert (drawn.pop("type"), paid.pop("type")) == ("DEBIT", "CREDIT") and drawn == paid


def test_a_debit_of_ours_that_came_back_had_settled_before() -> None:
    told = {
        "id": "acht_1", "type": "DEBIT", "amount": 500, "currency_code": "USD", "status": "RETURNED", "is_incoming": False,
        "settled_at": "2026-12-01T15:00:00Z", "returned_at": "2026-12-03T15:00:00Z",
        "return_details": [{"return_code": "R01", "status": "COMPLETED"}], "description": "FUNDING DEBIT0001",
    }  # fmt: skip
    transfer = column.read_transfer(told)
    assert transfer is not None and transfer.is_our_debit and transfer.brings_money

    settled, returned = settlements_of(transfer, date(2026, 12, 4))

    assert (settled.external_trace_id, settled.status, settled.effective_on) == (
        "acht_1:settled", "settled", date(2026, 12, 1),
    )  # fmt: skip
    assert (returned.external_trace_id, returned.return_code, returned.effective_on) == (
        "acht_1:returned", "R01", date(2026, 12, 3),
    )  # fmt: skip
    assert {one.direction for one in (settled, returned)} == {"debit"}
    assert answer_of(transfer, b"").had_settled_on == date(2026, 12, 1)
