"""A realtime transfer through Column is asked back once; what the other side says, and gives, counts once, whatever comes first."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.make import ACTOR, TenantFixture
from tests.payments import columns, gateways
from tests.payments.stories import MONDAY
from tests.web.client import Client, client_of

from headgate import cases, ingestion, payments
from headgate.api import create_app
from headgate.core.db import Database
from headgate.jobs import Outside
from headgate.payments.orders import recalls

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


def paid(scene: columns.Scene, *words: str) -> list[str]:
    """Payments over RTP that have arrived; their webhooks are taken."""
    found = scene.pay(*words, rail="rtp")
    run(scene)
    scene.later(10)
    scene.take(scene.webhooks())
    return found


def ask_back(scene: columns.Scene, *of: str) -> None:
    with scene.begin() as tx:
        for payment in of:
            asked = payments.request_recall(tx, payment_id=payment, reason="DUPL", why="paid twice")
            assert isinstance(asked, payments.Order), asked


def ends(scene: columns.Scene) -> dict[str, tuple[str, str]]:
    with scene.begin() as tx:
        return {account.rpartition("-")[2]: (order.recall, order.status) for order, account in columns.by_account(tx)}


def requests_made(scene: columns.Scene) -> int:
    return sum(path.endswith("/return-request") for _, path in scene.column.twin.calls)


def test_what_the_other_side_says_to_a_recall_and_what_it_gives_counts_once(made: Make) -> None:
    scene = made("rtp")
    ask_back(scene, *paid(scene, "GIVES", "KEEPS", "PAID"))
    run(scene)
    asked = ends(scene)
    scene.later(20)
    webhooks = scene.webhooks()
    scene.take(webhooks)
    found = scene.standing()
    scene.take([*reversed(webhooks), *webhooks])
    scene.fetch()
    payments.pull(Outside(scene.database, scene.tenant.id, ACTOR), on=MONDAY)

    assert set(asked.values()) == {("pending", "settled")}, "nothing moves by a request"
    assert ends(scene) == {
        "GIVES": ("promised", "returned"), "KEEPS": ("refused", "settled"), "PAID": ("pending", "settled"),
    }  # fmt: skip
    assert {one["reason_code"] for one in scene.column.twin.requests.recalls} == {"DUPL"} and requests_made(scene) == 3
    assert found["book"] == {"CASH": "60.00", "CLIENT_FUNDS": "60.00"}, "and nobody's deposit"
    assert found["cases"] == ["payment_returned", "recall_refused"]
    assert scene.standing() == found, "told again, in any order, nothing moves"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_answers_and_money_in_any_order_doubled_and_missing_come_to_the_same(made: Make, seed: int) -> None:
    scene = made("rtp")
    payments_ = scene.pay("GIVES", "KEEPS", rail="rtp")
    run(scene)
    scene.later(10)
    ask_back(scene, *payments_)
    run(scene)
    scene.later(20)
    draw = random.Random(seed)
    webhooks = scene.webhooks()
    heard = [one for one in webhooks if draw.random() < 0.6] + [one for one in webhooks if draw.random() < 0.3]
    draw.shuffle(heard)

    scene.take(heard)
    scene.fetch()

    assert ends(scene) == {"GIVES": ("promised", "returned"), "KEEPS": ("refused", "settled")}
    assert scene.standing()["book"] == {"CASH": "60.00", "CLIENT_FUNDS": "60.00"}
    assert scene.standing()["cases"] == ["payment_returned", "recall_refused"]


def test_money_that_is_given_back_before_its_payment_was_told_is_its_return(made: Make) -> None:
    scene = made("rtp")
    payments_ = scene.pay("GIVES", rail="rtp")
    run(scene)
    scene.later(10)
    ask_back(scene, *payments_)
    run(scene)
    scene.later(20)

    pulled = payments.pull(Outside(scene.database, scene.tenant.id, ACTOR), on=MONDAY)
    scene.take([one for one in scene.webhooks() if b"incoming_transfer" in one.body])

    assert pulled.effects.deposited == 0
    assert scene.standing()["book"] == {"CASH": "60.00", "CLIENT_FUNDS": "60.00"}
    scene.fetch()
    assert ends(scene) == {"GIVES": ("promised", "returned")}


def test_whoever_dies_after_asking_asks_no_second_time(made: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = made("rtp")
    ask_back(scene, *paid(scene, "PAID"))

    with monkeypatch.context() as dying, pytest.raises(Died):
        dying.setattr(recalls.order_answers, "record", lambda *_, **__: (_ for _ in ()).throw(Died()))
        recalls.ask_back(scene.database, scene.tenant.id)
    left = ends(scene)
    run(scene)

    assert left == {"PAID": ("asked", "settled")} and ends(scene) == {"PAID": ("pending", "settled")}
    assert requests_made(scene) == 1, "Column's events told of the first"


def test_a_transfer_that_has_not_arrived_is_asked_back_when_it_has(made: Make) -> None:
    scene = made("rtp")
    payments_ = scene.pay("STAY", rail="rtp")
    run(scene)
    ask_back(scene, *payments_)
    run(scene)
    waits = ends(scene), requests_made(scene)
    (transfer,) = scene.column.twin.transfers
    scene.column.call("POST", "/simulate/transfers/realtime/settle", realtime_transfer_id=transfer["id"])
    run(scene)

    assert waits == ({"STAY": ("asked", "accepted")}, 0)
    assert ends(scene)["STAY"][0] == "pending" and requests_made(scene) == 1


def test_a_sender_that_asks_for_its_realtime_money_back_is_a_case_and_nothing_moves(made: Make) -> None:
    scene = made("rtp")
    scene.column.call("POST", "/simulate/receive-realtime", amount=4000, currency_code="USD", description="WHO KNOWS")
    (transfer,) = scene.column.twin.transfers
    scene.column.call("POST", "/twin/recall", transfer_id=transfer["id"])
    webhooks = scene.webhooks()
    scene.take([*webhooks, *reversed(webhooks)])
    scene.fetch()

    with scene.begin() as tx:
        (case,) = [one for one in cases.list_cases(tx) if one.category == "realtime_recall"]
    assert (case.severity, case.detail["transfer_id"]) == ("high", transfer["id"])
    assert scene.standing()["book"] == {"CASH": "40.00", "SUSPENSE": "40.00"}


def test_what_a_person_asks_back_at_column_itself_changes_no_order(made: Make) -> None:
    scene = made("rtp")
    paid(scene, "KEEPS")
    (transfer,) = scene.column.twin.transfers
    scene.column.call("POST", f"/transfers/realtime/{transfer['id']}/return-request", reason_code="CUST")
    scene.later(10)
    scene.take(scene.webhooks())

    assert ends(scene) == {"KEEPS": ("", "settled")} and scene.standing()["cases"] == []


@pytest.mark.parametrize(("word", "recall"), [("approved", "promised"), ("rejected", "refused"), ("sent", "pending")])
def test_the_answer_to_a_wires_recall_is_told_to_its_order(made: Make, word: str, recall: str) -> None:
    scene = made("wire")
    (payment,) = scene.pay("PAID", rail="wire")
    run(scene)
    scene.later(10)
    scene.take(scene.webhooks())
    ask_back(scene, payment)
    run(scene)
    (wire,) = scene.column.twin.transfers
    data: dict[str, Any] = {"id": "wrrq_2x", "original_transfer_id": wire["id"], "status": word.upper()}
    event = {"id": "evnt_2x", "created_at": "2026-11-30T18:00:00Z", "type": f"wire.outgoing_return_request.{word}"}
    with scene.begin() as tx:
        page = json.dumps({"events": [{**event, "data": data}], "has_more": False}).encode()
        artifact = ingestion.receive(tx, source="column", filename="page.json", data=page).id
        ingestion.read(tx, artifact)
    for _ in range(2):
        with scene.begin() as tx:
            payments.take_column_events(tx, artifact_id=artifact)

    assert ends(scene) == {"PAID": (recall, "settled")}
    assert scene.standing()["cases"] == (["recall_refused"] if recall == "refused" else [])
