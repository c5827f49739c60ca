"""A payment through Column goes out once, and whatever Column says of it, by whatever way and in whatever order, counts once.

The simulated Column answers over HTTP; the word at the end of the payee's account number says what becomes of a transfer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from tests.make import ACTOR, TenantFixture
from tests.payments import columns, gateways
from tests.payments.stories import MONDAY
from tests.payments.test_acceptance import at_once
from tests.web.client import Client, client_of

from headgate import funding, ingestion, payments
from headgate.api import create_app
from headgate.core.db import Database
from headgate.jobs import Outside
from headgate.payments.orders.orders import opened
from headgate.payments.settlement import summaries

pytestmark = pytest.mark.slow

Make = Callable[..., columns.Scene]


PATHS = {
    "ach": "/transfers/ach",
    "wire": "/transfers/wire",
    "rtp": "/transfers/realtime",
    "check": "/transfers/checks/issue",
}


@pytest.fixture(scope="module")
def api(database: Database) -> Iterator[Client]:
    with client_of(create_app(database)) as opened:
        yield opened


@pytest.fixture
def made(database: Database, tenant: TenantFixture, api: Client) -> Iterator[Make]:
    """Makes a scene over these rails; the installation may call what runs on this machine."""
    with gateways.reaching(database), columns.column() as at:
        yield lambda *rails, **facts: columns.scene(database, tenant, at, api, *rails, **facts)


@pytest.mark.parametrize("rail", ["ach", "wire", "rtp", "check"])
def test_a_payment_goes_out_through_column_and_its_events_settle_it(made: Make, rail: str) -> None:
    scene = made(rail)
    (payment,) = scene.pay("PAID", rail=rail)

    assert payments.run_orders(scene.database, scene.tenant.id).sent == 1
    assert scene.standing()["orders"] == ["accepted"]
    with scene.begin() as tx:
        (order,) = payments.list_orders(tx)
    scene.later(10)
    scene.take(scene.webhooks())

    assert scene.standing() == {
        "orders": ["settled"], "instructions": ["settled"], "events": ["settled"], "book": {}, "cases": [],
    }  # fmt: skip
    (transfer,) = scene.column.twin.transfers
    assert (order.provider_reference, transfer["idempotency_key"]) == (transfer["id"], order.attempt_id)
    asked = [path for method, path in scene.column.twin.calls if method == "POST" and "transfers" in path]
    assert asked == [PATHS[rail]]
    with scene.begin() as tx:
        life = payments.get_life(tx, payment)
        (answered,) = payments.list_orders(tx)
    assert life.row.rail == rail and (answered.imad is not None) == (rail == "wire")


FATES: dict[str, tuple[str, str, list[str]]] = {
    # word: rail, what becomes of the order, what is counted of it
    "R03": ("ach", "returned", ["settled", "returned"]),
    "EARLY": ("ach", "returned", ["settled", "returned"]),
    "NOC": ("ach", "settled", ["settled"]),
    "REVIEW": ("wire", "settled", ["settled"]),
    "BAD": ("wire", "rejected", ["rejected"]),
    "STAY": ("wire", "accepted", []),
    "RJCT": ("rtp", "rejected", ["rejected"]),
}


def test_what_becomes_of_a_transfer_becomes_of_its_payment_once(made: Make) -> None:
    scene = made("ach", "wire", "rtp")
    for rail in ("ach", "wire", "rtp"):
        scene.pay(*(word for word, fate in FATES.items() if fate[0] == rail), rail=rail, payroll_id=f"PR-{rail}")

    payments.run_orders(scene.database, scene.tenant.id)
    scene.later(20)
    webhooks = scene.webhooks()
    scene.take(webhooks)
    found = scene.standing()
    scene.take([*reversed(webhooks), *webhooks])

    with scene.begin() as tx:
        ends = {
            account.rpartition("-")[2]: (
                order.rail,
                order.status,
                tx.values(
                    "SELECT status FROM payments.settlement_events WHERE attempt_id = %(id)s ORDER BY id",
                    {"id": order.attempt_id},
                ),
            )
            for order, account in columns.by_account(tx)
        }
        codes = tx.values("SELECT return_code FROM payments.settlement_events WHERE status = 'returned' ORDER BY 1")
    assert ends == FATES
    assert codes == ["R02", "R03"]
    # Two were paid, one is under way, and of four the money is the client's again.
    assert found["book"] == {"CASH": "300.00", "CLIENT_FUNDS": "240.00", "PAYROLL_CLEARING": "60.00"}
    assert found["cases"] == [
        "notice_of_change", "payment_rejected", "payment_rejected", "payment_returned", "payment_returned",
    ]  # fmt: skip
    assert scene.standing() == found, "told again, in any order, nothing moves"


def test_a_transfer_that_nobody_answered_for_is_asked_about_and_made_once(made: Make) -> None:
    scene = made("rtp", "wire")
    scene.pay("LOST", rail="rtp")
    scene.pay("DOWN", rail="wire", payroll_id="PR-2")

    payments.run_orders(scene.database, scene.tenant.id)
    unknown = scene.standing()["orders"]
    transfers = len(scene.column.twin.transfers)
    for _ in range(3):
        scene.later(3600)
        payments.run_orders(scene.database, scene.tenant.id)

    assert unknown == ["outcome_unknown", "outcome_unknown"] and transfers == len(scene.column.twin.transfers) == 1
    assert scene.standing()["orders"] == ["settled", "unheard"]
    assert scene.standing()["instructions"] == ["settled", "awaiting_funding"]
    asked = [path for method, path in scene.column.twin.calls if method == "POST" and "transfers" in path]
    assert asked == ["/transfers/realtime", "/transfers/wire"], "nothing is sent again"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_webhooks_in_any_order_doubled_and_missing_come_to_the_same(made: Make, seed: int) -> None:
    words = ["PAID", "R03", "EARLY", "NOC"]
    scene = made("ach")
    scene.pay(*words)
    payments.run_orders(scene.database, scene.tenant.id)
    scene.later(20)
    draw = random.Random(seed)
    webhooks = scene.webhooks()
    heard = [one for one in webhooks if draw.random() < 0.7]
    heard += [one for one in webhooks if draw.random() < 0.3]
    draw.shuffle(heard)

    scene.take(heard)
    backfilled = scene.fetch()
    again = scene.fetch()

    standing = scene.standing()
    with scene.begin() as tx:
        ends = sorted((account[-8:].rpartition("-")[2], order.status) for order, account in columns.by_account(tx))
    assert ends == [("EARLY", "returned"), ("NOC", "settled"), ("PAID", "settled"), ("R03", "returned")]
    assert sorted(standing["events"]) == ["returned"] * 2 + ["settled"] * 4
    assert standing["book"] == {"CASH": "120.00", "CLIENT_FUNDS": "120.00"}
    assert standing["cases"] == ["notice_of_change", "payment_returned", "payment_returned"]
    assert backfilled > 0 and again == 0
    with scene.begin() as tx:
        records = tx.values("SELECT external_id FROM ingestion.records WHERE source = 'column'")
    told = {one["id"] for one in scene.column.twin.events if not one["type"].endswith(".noc")}
    assert len(records) == len(set(records)) and set(records) == told, "each event is one record, whoever brought it"


def test_the_same_payee_is_known_once_and_an_order_sent_twice_is_one_transfer(made: Make) -> None:
    scene = made("ach")
    scene.pay("PAID", "PAID-2")
    payments.run_orders(scene.database, scene.tenant.id)
    with scene.begin() as tx:
        orders = payments.list_orders(tx)
        provider = payments.providers_in(tx)["ach"]
        claimed = [opened(tx, order) for order in orders]

    answers = [provider.submit(one.said, created_at=one.created_at) for one in claimed]

    twin = scene.column.twin
    assert [one.outcome for one in answers] == ["accepted", "accepted"]
    assert (len(twin.transfers), len(twin.counterparties)) == (2, 2)
    assert {one.reference for one in answers} == {one["id"] for one in twin.transfers}


def test_money_that_comes_in_is_the_clients_whose_words_it_has_and_counts_once(made: Make) -> None:
    scene = made("ach", "wire")
    with scene.begin() as tx:
        words = funding.payer_reference(tx, legal_entity_id=scene.tenant.legal_entity_id)
    scene.column.call(
        "POST", "/simulate/receive-ach-credit", amount=7000, currency_code="USD", description=f"PAYROLL {words}"
    )
    scene.column.call(
        "POST", "/simulate/receive-wire", amount=4000, currency_code="USD", description=f"FOR {words} ACME"
    )
    scene.column.call("POST", "/simulate/receive-book", amount=100, currency_code="USD", description="WHO KNOWS")
    scene.column.call(
        "POST", "/simulate/receive-ach-debit", amount=999, currency_code="USD", description="SUBSCRIPTION"
    )
    scene.column.call("POST", "/simulate/receive-wire", amount=5, currency_code="USD", bank_account_id="bacc_2other")
    (wire,) = [one for one in scene.column.twin.transfers if one["amount"] == 4000]
    scene.column.call("POST", "/twin/recall", transfer_id=wire["id"])
    scene.later(20)

    webhooks = scene.webhooks()
    scene.take([*reversed(webhooks), *webhooks])
    scene.fetch()

    with scene.begin() as tx:
        deposits = [(one.rail, one.amount.minor, one.legal_entity_id) for one in funding.list_deposits(tx)]
    entity = scene.tenant.legal_entity_id
    assert sorted(deposits, key=lambda one: one[1]) == [
        ("book", 100, None), ("wire", 4000, entity), ("ach_credit", 7000, entity),
    ]  # fmt: skip
    assert scene.standing()["book"] == {"CASH": "111.00", "CLIENT_FUNDS": "110.00", "SUSPENSE": "1.00"}
    assert scene.standing()["cases"] == ["incoming_debit", "unknown_payer", "wire_recall"]


def test_a_recall_of_a_loans_payment_is_asked_about_by_servicing_alone(made: Make) -> None:
    scene = made("wire")
    with scene.begin() as tx:
        ingestion.set_payment_source(
            tx, source="column", purpose="loans", loan_field="text", loan_prefix="LOAN", reason="a test"
        )
    scene.column.call("POST", "/simulate/receive-wire", amount=4000, currency_code="USD", description="LOAN L-1")
    (wire,) = scene.column.twin.transfers
    scene.column.call("POST", "/twin/recall", transfer_id=wire["id"])
    scene.take(scene.webhooks())
    assert "wire_recall" not in scene.standing()["cases"]


def test_column_is_set_with_its_account_its_key_and_one_instant_rail(made: Make) -> None:
    scene = made("rtp")

    def refused(rail: str, **facts: Any) -> str:
        with pytest.raises(payments.InvalidProvider) as error, scene.begin() as tx:
            columns.speak(tx, scene.column, rail, **facts)
        return str(error.value)

    assert "Column chooses between FedNow and RTP itself" in refused("fednow")
    assert "bacc_" in refused("ach", account_number="000123456789")
    assert "begins with test_" in refused("ach", authorization="live_key")
    assert "takes ach in files" in refused("ach", routing_number="990000013", account_number="000123456789")
    with scene.begin() as tx:
        assert [one.rail for one in payments.list_providers(tx)] == ["rtp"]
        stored = repr(tx.all("SELECT * FROM payments.provider_settings"))
    assert columns.KEY not in stored and scene.column.twin.account_id not in stored


def test_the_banks_summary_of_a_day_is_held_against_what_was_counted(made: Make) -> None:
    scene = made("ach", "wire")
    scene.pay("PAID", "R03")
    payments.run_orders(scene.database, scene.tenant.id)
    scene.column.call("POST", "/simulate/receive-wire", amount=4000, currency_code="USD", description="NOBODY KNOWS")
    scene.later(20)
    webhooks = scene.webhooks()
    outside = Outside(scene.database, scene.tenant.id, ACTOR)

    scene.take([one for one in webhooks if b"incoming_transfer" not in one.body])
    (short,) = summaries.summarize(outside, on=MONDAY, wait=lambda _: None)
    differs = scene.standing()["cases"]
    scene.take(webhooks)
    (whole,) = summaries.summarize(outside, on=MONDAY, wait=lambda _: None)
    scene.later(86_400)
    quiet = summaries.summarize_daily(outside)

    # 60.00 went, 60.00 went and came back, and 40.00 came in.
    assert (short.moved_minor, short.counted_minor, short.agrees) == (-2000, -6000, False)
    assert differs == ["bank_summary_differs", "payment_returned"]
    assert (whole.credit_minor, whole.debit_minor, whole.counted_minor) == (10_000, 12_000, -2000) and whole.agrees
    assert quiet is not None and "2026-11-29: agrees" in quiet and "2026-11-30" not in quiet
    with scene.begin() as tx:
        open_ = tx.values("SELECT category FROM cases.exception_cases WHERE state = 'open' ORDER BY category")
        proofs = tx.values("SELECT proved FROM ingestion.readings WHERE parser = 'column_summary_v1'")
        shown = repr(tx.all("SELECT account_last4, bank FROM payments.bank_summaries"))
    assert open_ == ["payment_returned", "unknown_payer"] and set(proofs) == {True}
    assert scene.column.twin.account_id not in shown


def test_what_is_signed_and_says_nothing_that_we_know_is_kept_and_becomes_a_case(made: Make) -> None:
    scene = made("ach")
    unknown = {"id": "evnt_2x", "created_at": "2026-11-30T15:00:00Z", "type": "ach.outgoing_transfer.teleported"}
    bodies = [b"<xml>no event</xml>", json.dumps({**unknown, "data": {"id": "acht_2x", "amount": 5}}).encode()]
    secret = scene.column.twin.postbox.endpoints[0].secret

    def send(body: bytes, signed: bytes) -> httpx.Response:
        signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        headers = {"Column-Signature": signature, "Webhook-Endpoint-Id": scene.column.twin.postbox.endpoints[0].id}
        return scene.api.post("/api/column/webhook", content=body, headers=headers)

    refused = [send(body, body + b" ") for body in bodies]
    kept = [send(body, body) for body in bodies]

    assert [one.status_code for one in refused] == [401, 401] and [one.status_code for one in kept] == [200, 200]
    for one in kept:
        with scene.begin() as tx:
            ingestion.read(tx, one.json()["artifact_id"])
    with scene.begin() as tx:
        assert len(ingestion.list_artifacts(tx, limit=10)) == 2
    assert scene.standing()["cases"] == ["parse_error", "parse_error"]


def test_what_no_webhook_brought_the_daily_pull_finds_and_both_count_once(made: Make) -> None:
    scene = made("ach", "wire")
    scene.pay("PAID", "R03")
    payments.run_orders(scene.database, scene.tenant.id)
    scene.column.call("POST", "/simulate/receive-wire", amount=4000, currency_code="USD", description="NOBODY KNOWS")
    scene.later(20)
    outside = Outside(scene.database, scene.tenant.id, ACTOR)

    pulled = payments.pull(outside, on=MONDAY)
    payments.run_orders(scene.database, scene.tenant.id)
    found = scene.standing()
    scene.take(scene.webhooks())
    again = payments.pull(outside, on=MONDAY)

    assert pulled.silent == () and pulled.effects.settled == 2 and pulled.effects.deposited == 1
    assert found["instructions"] == ["settled", "returned"] and found["orders"] == ["settled", "returned"]
    assert found["book"] == {"CASH": "100.00", "CLIENT_FUNDS": "60.00", "SUSPENSE": "40.00"}
    assert sorted(found["events"]) == ["returned", "settled", "settled"]
    assert scene.standing() == found and not again.is_changed


def test_a_payment_is_asked_back_while_column_has_it_and_not_after(made: Make) -> None:
    scene = made("ach", "wire", "rtp")
    (early,) = scene.pay("PAID", rail="ach")
    (wire,) = scene.pay("PAID", rail="wire", payroll_id="PR-2")
    (instant,) = scene.pay("PAID", rail="rtp", payroll_id="PR-3")
    payments.run_orders(scene.database, scene.tenant.id)

    with scene.begin() as tx:
        for payment in (early, wire, instant):
            asked = payments.request_recall(tx, payment_id=payment, reason="DUPL", why="paid twice")
            assert isinstance(asked, payments.Order), asked
    payments.run_orders(scene.database, scene.tenant.id)
    scene.later(20)
    payments.run_orders(scene.database, scene.tenant.id)  # What arrives at once is asked back when it has arrived.
    scene.take(scene.webhooks())

    with scene.begin() as tx:
        ends = {one.rail: (one.recall, one.status) for one in payments.list_orders(tx)}
    assert ends == {"ach": ("promised", "rejected"), "wire": ("pending", "settled"), "rtp": ("pending", "settled")}
    assert scene.standing()["book"] == {"CASH": "60.00", "CLIENT_FUNDS": "60.00"}
    assert scene.standing()["cases"] == ["payment_rejected"]


def test_many_workers_take_the_same_events_and_each_counts_once(made: Make) -> None:
    scene = made("ach")
    scene.pay("PAID", "R03", "EARLY")
    payments.run_orders(scene.database, scene.tenant.id)
    scene.later(20)
    kept = [scene.send(one).json()["artifact_id"] for one in scene.webhooks()]
    page = json.dumps({"events": list(reversed(scene.column.twin.events)), "has_more": False}).encode()
    with scene.begin() as tx:
        kept.append(ingestion.receive(tx, source="column", filename="page.json", data=page).id)
        for artifact_id in kept:
            ingestion.read(tx, artifact_id)

    def work(seed: int) -> None:
        for artifact_id in random.Random(seed).sample(kept, len(kept)):
            with scene.begin() as tx:
                payments.take_column_events(tx, artifact_id=artifact_id)

    at_once([partial(work, seed) for seed in range(4)])

    found = scene.standing()
    assert sorted(found["orders"]) == ["returned", "returned", "settled"]
    assert found["book"] == {"CASH": "120.00", "CLIENT_FUNDS": "120.00"}
    assert found["cases"] == ["payment_returned", "payment_returned"]
