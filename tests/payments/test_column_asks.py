"""A payer is asked for money over Column once; what it says, and what it pays, counts once, whatever comes first.

The word at the end of the payer's account number says what it does: it pays, pays without a word, or refuses.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import columns, gateways
from tests.payments.stories import MONDAY
from tests.web.client import Client, client_of

from headgate import funding, payments, rails
from headgate.api import create_app
from headgate.core.db import Database
from headgate.jobs import Outside
from headgate.payments.orders import asking, asks

pytestmark = pytest.mark.slow

Make = Callable[..., columns.Scene]


class Died(BaseException):
    """The process was killed here."""


@pytest.fixture(scope="module")
def api(database: Database) -> Iterator[Client]:
    with client_of(create_app(database)) as opened:
        yield opened


@pytest.fixture
def made(database: Database, tenant: TenantFixture, api: Client) -> Iterator[Make]:
    """Makes a scene over these rails; the installation may call what runs on this machine."""
    with gateways.reaching(database), columns.column() as at:
        yield lambda *rails, **facts: columns.scene(database, tenant, at, api, *rails, **facts)


def run(scene: columns.Scene) -> None:
    payments.run_orders(scene.database, scene.tenant.id)


def asked(scene: columns.Scene, *words: str) -> list[funding.FundingRequest]:
    """Payers of these words that were asked over RTP, one after the other, each for another amount."""
    found = []
    for n, word in enumerate(words):
        found.append(scene.ask(word, f"{n + 1}00.00", rail="rtp_rfp"))
        run(scene)
    return found


def standing(scene: columns.Scene) -> dict[str, Any]:
    with scene.begin() as tx:
        found = list(reversed(asks.list_asks(tx)))
        return {
            "asks": [one.status for one in found],
            "requests": [funding.get_request(tx, one.funding_request_id).status for one in found],
            "book": scenes.book(tx, scene.tenant),
            "cases": tx.values("SELECT category FROM cases.exception_cases WHERE state = 'open' ORDER BY category"),
        }


def asked_for(scene: columns.Scene) -> int:
    return sum(one == ("POST", "/transfers/realtime/request-for-payment") for one in scene.column.twin.calls)


def test_a_payer_is_asked_and_what_it_pays_is_its_requests(made: Make) -> None:
    scene = made("rtp")
    asked(scene, "PAYS", "BLIND", "REFUSES", "4711")
    before = standing(scene)
    scene.later(20)
    webhooks = scene.webhooks()
    scene.take(webhooks)
    run(scene)
    found = standing(scene)
    scene.take([*reversed(webhooks), *webhooks])
    scene.fetch()
    payments.pull(Outside(scene.database, scene.tenant.id, ACTOR), on=MONDAY)
    run(scene)

    assert before == {"asks": ["pending"] * 4, "requests": ["submitted"] * 4, "book": {}, "cases": []}
    assert found == {
        "asks": ["paid", "paid", "refused", "pending"],
        "requests": ["final", "final", "requested", "submitted"],
        "book": {"CASH": "300.00", "CLIENT_FUNDS": "300.00"},
        "cases": ["funding_ask_failed"],
    }  # fmt: skip
    assert standing(scene) == found, "told again, in any order, nothing moves"
    first = scene.column.twin.requests.asked[0]
    with scene.begin() as tx:
        (ask, *_) = reversed(asks.list_asks(tx))
        assert {one.rail for one in funding.list_deposits(tx)} == {"realtime"}
    assert (first["idempotency_key"], first["amount"]) == (ask.id, 10_000)
    assert first["description"].endswith(ask.funding_request_id) and asked_for(scene) == 4


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_answers_and_money_in_any_order_doubled_and_missing_come_to_the_same(made: Make, seed: int) -> None:
    scene = made("rtp")
    asked(scene, "PAYS", "BLIND", "REFUSES")
    scene.later(20)
    draw = random.Random(seed)
    webhooks = scene.webhooks()
    heard = [one for one in webhooks if draw.random() < 0.6] + [one for one in webhooks if draw.random() < 0.3]
    draw.shuffle(heard)

    scene.take(heard)
    if seed % 2:
        payments.pull(Outside(scene.database, scene.tenant.id, ACTOR), on=MONDAY)
    scene.fetch()
    run(scene)

    assert standing(scene) == {
        "asks": ["paid", "paid", "refused"],
        "requests": ["final", "final", "requested"],
        "book": {"CASH": "300.00", "CLIENT_FUNDS": "300.00"},
        "cases": ["funding_ask_failed"],
    }  # fmt: skip


def test_money_that_names_nothing_waits_until_column_says_what_it_answers_or_the_ask_ends(made: Make) -> None:
    scene = made("rtp")
    asked(scene, "BLIND")
    scene.column.call(
        "POST", "/simulate/receive-realtime", amount=10_000, currency_code="USD", description="A STRANGER"
    )
    scene.column.call("POST", "/simulate/receive-realtime", amount=999, currency_code="USD", description="ANOTHER")
    scene.later(20)
    webhooks = scene.webhooks()
    scene.take([one for one in webhooks if b"incoming_transfer" in one.body])
    waits = standing(scene)
    scene.take(webhooks)
    payments.pull(Outside(scene.database, scene.tenant.id, ACTOR), on=MONDAY)
    run(scene)

    assert waits["book"] == {"CASH": "9.99", "SUSPENSE": "9.99"} and waits["requests"] == ["submitted"]
    assert waits["cases"] == ["movement_waiting", "movement_waiting", "unknown_payer"]
    assert standing(scene) == {
        "asks": ["paid"], "requests": ["final"],
        "book": {"CASH": "209.99", "CLIENT_FUNDS": "100.00", "SUSPENSE": "109.99"},
        "cases": ["unknown_payer", "unknown_payer"],
    }  # fmt: skip


def test_an_ask_that_nobody_answered_for_is_looked_for_and_made_once(made: Make) -> None:
    scene = made("rtp")
    asked(scene, "LOST")
    unknown = standing(scene)["asks"]
    for _ in range(2):
        scene.later(3600)
        run(scene)

    assert unknown == ["outcome_unknown"] and standing(scene)["asks"] == ["pending"]
    assert asked_for(scene) == len(scene.column.twin.requests.asked) == 1


def test_whoever_dies_between_asking_and_recording_finds_the_same_request(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = made("rtp")
    scene.ask("PAYS", rail="rtp_rfp")
    with monkeypatch.context() as dying, pytest.raises(Died):
        dying.setattr(asking.asks, "record_ask_answer", lambda *_, **__: (_ for _ in ()).throw(Died()))
        run(scene)
    left = standing(scene)["asks"]
    scene.later(3600)
    run(scene)
    scene.take(scene.webhooks())
    run(scene)

    assert left == ["sending"] and asked_for(scene) == 1
    assert standing(scene)["asks"] == ["paid"] and standing(scene)["requests"] == ["final"]


def test_what_column_never_heard_of_is_asked_again_three_times_in_all(made: Make) -> None:
    scene = made("rtp")
    asked(scene, "DOWN")
    for _ in range(12):
        scene.later(3600)
        run(scene)

    assert standing(scene)["asks"] == ["unheard"] * 3 and scene.column.twin.requests.asked == []
    assert standing(scene)["cases"] == ["funding_ask_failed"]


def test_a_payer_that_column_does_not_know_is_a_refusal(made: Make) -> None:
    scene = made("rtp")
    asked(scene, "BAD")

    assert standing(scene)["asks"] == ["refused"] and standing(scene)["requests"] == ["requested"]


ASK = rails.FundingAsk(
    "ask_1", usd("12.00"), "Borealis Inc", "4711", "021000021", "Acme", "freq_1", date(2026, 11, 30), date(2026, 12, 1)
)


@pytest.mark.parametrize("rail", ["ach", "wire", "check"])
def test_over_other_rails_column_asks_nobody_and_says_who_does(made: Make, rail: str) -> None:
    scene = made(rail)
    with scene.begin() as tx:
        provider = payments.providers_in(tx)[rail]

    (problem,) = provider.ask_problems(ASK)
    with pytest.raises(rails.CannotWrite) as refused:
        provider.request(ASK, created_at=columns.BEGIN)

    assert "fednow_rfp or rtp_rfp" in problem and "provider of wire" in problem
    assert refused.value.facts["problems"] == [problem] and asked_for(scene) == 0


def test_a_drawdown_over_column_is_a_case_that_names_the_way(made: Make) -> None:
    scene = made("wire")
    scene.ask("PAYS", rail="drawdown")
    run(scene)

    with scene.begin() as tx:
        (case,) = tx.all("SELECT category, detail FROM cases.exception_cases")
    assert case["category"] == "funding_unasked" and "fednow_rfp or rtp_rfp" in case["detail"]["problems"][0]
