"""A debit of a client through Column goes out once, and whatever Column says of it, by whatever way, counts once.

The word at the end of the client's account number says what becomes of the transfer at the simulated Column.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import columns, gateways, pulls, stories
from tests.payments.stories import MONDAY
from tests.payments.test_acceptance import at_once
from tests.web.client import Client, client_of

from headgate import cases, funding, ingestion, payments, rails
from headgate.api import create_app
from headgate.core.db import Database
from headgate.core.errors import Refused
from headgate.jobs import Outside
from headgate.payments import debits
from headgate.payments.orders import debit_orders, debit_sending

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


def run(scene: columns.Scene) -> payments.Round:
    return payments.run_orders(scene.database, scene.tenant.id)


def transfers_asked_for(scene: columns.Scene) -> list[str]:
    return [path for method, path in scene.column.twin.calls if method == "POST" and "transfers" in path]


def test_a_debit_goes_out_under_its_own_key_and_its_events_bring_the_money(made: Make) -> None:
    scene = made("ach")
    order = scene.draw("PAID")
    with scene.begin() as tx:
        assert payments.submit_all_debits(tx) == payments.SubmittedDebits(), "one debit for one request"
        assert payments.list_files(tx) == []

    assert run(scene).debits_sent == 1
    assert scene.debits() == {
        "orders": ["accepted"], "debits": ["sent"], "requests": ["submitted"], "book": {}, "cases": [],
    }  # fmt: skip
    scene.later(10)
    webhooks = scene.webhooks()
    scene.take(webhooks)

    found = scene.debits()
    assert found == {
        "orders": ["settled"], "debits": ["settled"], "requests": ["settled"],
        "book": {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}, "cases": [],
    }  # fmt: skip
    (transfer,) = scene.column.twin.transfers
    assert (transfer["type"], transfer["amount"], transfer["entry_class_code"]) == ("DEBIT", 10_000, "CCD")
    assert transfer["idempotency_key"] == order.debit_id and transfer["company_entry_description"] == "FUNDING"
    with scene.begin() as tx:
        before = pulls.counts(tx)
        (known,) = payments.list_debit_orders(tx)
        (event,) = funding.list_events(tx, funding_request_id=order.funding_request_id)
        movement = tx.one("SELECT artifact_id, record_id FROM payments.movements", what="movement")
    assert (known.provider_reference, event.provider, event.external_trace_id) == (
        transfer["id"], "ach", f"{transfer['id']}:settled",
    )  # fmt: skip
    assert movement["artifact_id"] and movement["record_id"], "the money leads to the event that told of it"
    scene.take([*reversed(webhooks), *webhooks])
    run(scene)
    with scene.begin() as tx:
        assert pulls.counts(tx) == before
    scene.later(7 * 86_400)
    with scene.begin() as tx:
        assert funding.finalise_due(tx) == {"finalised": 1, "refused": 0}
    assert scene.debits()["book"] == {"CASH": "100.00", "CLIENT_FUNDS": "100.00"}


FATES: dict[str, tuple[str, str, str]] = {
    # word: the order at Column, the debit, its request
    "PAID": ("settled", "settled", "settled"),
    "REVIEW": ("settled", "settled", "settled"),
    "NOC": ("settled", "settled", "settled"),
    "R01": ("returned", "returned", "returned"),
    "EARLY": ("returned", "returned", "returned"),
    "R29": ("returned", "returned", "returned"),
    "RJCT": ("rejected", "rejected", "requested"),
    "BAD": ("rejected", "rejected", "requested"),
    "STAY": ("accepted", "sent", "submitted"),
}


def test_what_becomes_of_a_transfer_becomes_of_its_debit_once(made: Make) -> None:
    scene = made("ach")
    for word in FATES:
        scene.draw(word)
        run(scene)
    scene.later(20)
    webhooks = scene.webhooks()
    scene.take(webhooks)
    found = scene.debits()
    scene.take([*reversed(webhooks), *webhooks])
    scene.fetch()

    ends = zip(found["orders"], found["debits"], found["requests"], strict=True)
    assert dict(zip(FATES, ends, strict=True)) == FATES
    assert found["book"] == {"CASH": "300.00", "PROVISIONAL_FUNDS": "300.00"}
    assert found["cases"] == ["debit_rejected"] * 2 + ["funding_returned"] * 3 + ["notice_of_change"]
    assert scene.debits() == found, "told again, in any order, nothing moves"
    with scene.begin() as tx:
        codes = tx.values("SELECT return_code FROM funding.events WHERE kind = 'returned' ORDER BY 1")
        assert payments.submit_all_debits(tx) == payments.SubmittedDebits(), "a person decides what comes next"
    assert codes == ["R01", "R02", "R29"]


def test_a_debit_that_comes_back_withdraws_the_authorization_unless_it_lacked_funds(made: Make) -> None:
    scene = made("ach")
    allowed = []
    for word in ("R01", "R10"):
        scene.draw(word)
        run(scene)
        scene.later(20)
        scene.take(scene.webhooks())
        with scene.begin() as tx:
            known = funding.debit_authorization(tx, legal_entity_id=scene.tenant.legal_entity_id)
        allowed.append(known is not None and known.bank_account_id is not None)

    assert allowed == [True, False]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_webhooks_in_any_order_doubled_and_missing_come_to_the_same(made: Make, seed: int) -> None:
    scene = made("ach")
    words = ["PAID", "R01", "EARLY", "RJCT"]
    for word in words:
        scene.draw(word)
        run(scene)
    scene.later(20)
    draw = random.Random(seed)
    webhooks = scene.webhooks()
    heard = [one for one in webhooks if draw.random() < 0.6] + [one for one in webhooks if draw.random() < 0.3]
    draw.shuffle(heard)

    scene.take(heard)
    scene.fetch()

    found = scene.debits()
    assert found["orders"] == ["settled", "returned", "returned", "rejected"]
    assert found["debits"] == found["orders"]
    assert found["book"] == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}
    assert found["cases"] == ["debit_rejected", "funding_returned", "funding_returned"]
    with scene.begin() as tx:
        assert payments.open_movements(tx, limit=10) == []


def test_a_return_that_is_told_alone_says_that_the_money_had_come(made: Make) -> None:
    scene = made("ach")
    order = scene.draw("R01")
    run(scene)
    scene.later(20)
    webhooks = scene.webhooks()
    returned = [one for one in webhooks if b".returned" in one.body]

    scene.take(returned)
    found = scene.debits()
    scene.take([one for one in webhooks if one not in returned])

    assert found["debits"] == ["returned"] and found["book"] == {} and found["cases"] == ["funding_returned"]
    assert scene.debits() == found
    with scene.begin() as tx:
        kinds = [one.kind for one in funding.list_events(tx, funding_request_id=order.funding_request_id)]
    assert kinds == ["settled", "returned"]


def test_whoever_dies_between_sending_and_recording_finds_the_same_transfer_by_its_key(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = made("ach")
    order = scene.draw("PAID")

    with monkeypatch.context() as dying, pytest.raises(Died):
        dying.setattr(debit_orders, "record_debit_answer", lambda *_, **__: (_ for _ in ()).throw(Died()))
        run(scene)
    left = scene.debits()
    with scene.begin() as tx:
        provider = payments.providers_in(tx)["ach"]
        claimed = debit_orders.opened_debit(tx, debit_orders.get_debit_order(tx, order.debit_id))
    again = [provider.submit(claimed.said, created_at=claimed.created_at) for _ in range(2)]
    found = provider.get_status(claimed.said, created_at=claimed.created_at, at=claimed.created_at)
    for _ in range(2):
        scene.later(3600)
        run(scene)

    (transfer,) = scene.column.twin.transfers
    assert left["orders"] == ["sending"] and left["debits"] == ["sent"]
    assert {one.reference for one in (*again, found)} == {transfer["id"]}, "the key brings the same transfer again"
    assert scene.debits()["orders"] == ["settled"]
    assert scene.debits()["book"] == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}


def test_whoever_dies_before_sending_leaves_nothing_at_column_and_the_request_is_tried_again(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = made("ach")
    scene.draw("PAID")

    with monkeypatch.context() as dying, pytest.raises(Died):
        dying.setattr(debit_sending, "submit_debit", lambda *_, **__: (_ for _ in ()).throw(Died()))
        run(scene)
    states = []
    for _ in range(2):
        scene.later(3600)
        run(scene)
        states += scene.debits()["orders"]
    with scene.begin() as tx:
        assert len(payments.submit_all_debits(tx).orders) == 1
    run(scene)
    scene.later(20)
    scene.take(scene.webhooks())

    assert states == ["doubted", "unheard"], "said twice before it is believed"
    assert scene.debits()["orders"] == ["unheard", "settled"] and len(scene.column.twin.transfers) == 1
    assert scene.debits()["debits"] == ["rejected", "settled"] and scene.debits()["requests"] == ["settled"] * 2
    assert scene.debits()["book"] == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}


def test_what_nobody_heard_of_is_tried_three_times_and_then_a_person_looks(made: Make) -> None:
    scene = made("ach")
    scene.draw("DOWN")
    tries = 1
    for _ in range(4):
        run(scene)
        for _ in range(3):
            scene.later(4000)
            run(scene)
        with scene.begin() as tx:
            tries += len(payments.submit_all_debits(tx).orders)

    assert tries == debits.TRIES_MAX == 3
    assert scene.debits()["orders"] == ["unheard"] * 3 and scene.column.twin.transfers == []
    assert scene.debits()["requests"] == ["requested"] * 3
    assert scene.debits()["cases"] == ["debit_rejected"] * 3


def test_a_debit_that_nobody_answered_for_is_asked_about_and_made_once(made: Make) -> None:
    scene = made("ach")
    for word in ("LOST", "MUTE"):
        scene.draw(word)
        run(scene)
    unknown = scene.debits()
    for _ in range(3):
        scene.later(3600)
        run(scene)

    assert unknown["orders"] == ["outcome_unknown", "accepted"]
    assert scene.debits()["orders"] == ["settled", "settled"] and len(scene.column.twin.transfers) == 2
    assert transfers_asked_for(scene) == ["/transfers/ach"] * 2, "nothing is sent again"
    assert scene.debits()["book"] == {"CASH": "200.00", "PROVISIONAL_FUNDS": "200.00"}


def test_while_column_does_not_answer_it_is_a_case_which_ends_when_it_does(
    made: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = made("ach")
    scene.draw("LOST")
    run(scene)
    with monkeypatch.context() as silent:
        silent.setattr(scene.column.twin, "call", lambda *_, **__: (503, {"code": "down"}))
        scene.later(1000)
        run(scene)
    with scene.begin() as tx:
        (case,) = cases.list_cases(tx)
    scene.later(8000)
    run(scene)

    assert (case.category, case.severity, case.state) == ("debit_outcome_unknown", "medium", "open")
    with scene.begin() as tx:
        assert cases.list_cases(tx)[0].state == "resolved"
    assert scene.debits()["orders"] == ["settled"]


def test_what_no_webhook_brought_the_daily_pull_finds_and_both_count_once(made: Make) -> None:
    scene = made("ach")
    for word in ("PAID", "R01"):
        scene.draw(word)
        run(scene)
    scene.later(20)
    outside = Outside(scene.database, scene.tenant.id, ACTOR)

    pulled = payments.pull(outside, on=MONDAY)
    found = scene.debits()
    scene.take(scene.webhooks())
    again = payments.pull(outside, on=MONDAY)

    assert pulled.silent == () and (pulled.effects.settled, pulled.effects.known) == (2, 1)
    assert found["debits"] == ["settled", "returned"] and not again.is_changed
    assert found["book"] == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}
    assert scene.debits() == {**found, "orders": ["settled", "returned"]}


def test_late_after_payout_it_is_owed(made: Make) -> None:
    scene = made("ach")
    with scene.begin() as tx:
        scenes.setting(tx, "hold_banking_days.ach_debit", "0")
    order = scene.draw("PAID", "60.00")
    run(scene)
    scene.later(10)
    scene.take(scene.webhooks())
    with scene.begin() as tx:
        assert funding.finalise_due(tx)["finalised"] == 1
        made_ = payments.commit_payroll(tx, columns.batch(tx, scene.tenant, "PAID", rail="ach", amount="60.00"))
        assert made_.status == "committed"
        payments.submit_due(tx, on=MONDAY)
    run(scene)
    with scene.begin() as tx:
        (drawn,) = payments.list_debit_orders(tx)
    scene.column.call("POST", "/twin/return", transfer_id=drawn.provider_reference, return_code="R29")
    scene.later(20)
    scene.take(scene.webhooks())

    scene.later(86_400)
    with scene.begin() as tx:
        (owed,) = funding.list_receivables(tx)
        rates = {one.kind: one.returns for one in payments.return_rates(tx) if one.direction == "debit"}
    assert (owed.owed.minor, owed.return_code, owed.funding_request_id) == (6000, "R29", order.funding_request_id)
    assert scene.debits()["book"]["RETURNS_RECEIVABLE"] == "60.00"
    assert scene.debits()["orders"] == ["returned"] and rates["unauthorized"] == 1, "it counts in the client's rates"


def test_a_debit_that_lacked_funds_is_presented_again_over_column(made: Make) -> None:
    scene = made("ach")
    order = scene.draw("R01")
    run(scene)
    scene.later(20)
    scene.take(scene.webhooks())

    with scene.begin() as tx:
        again = payments.represent_debit(tx, debit_id=order.debit_id)
        twice = payments.represent_debit(tx, debit_id=order.debit_id)
    run(scene)

    assert isinstance(again, payments.DebitOrder) and isinstance(twice, Refused)
    first, second = scene.column.twin.transfers
    assert (second["company_entry_description"], second["amount"]) == ("RETRY PYMT", first["amount"])
    assert second["idempotency_key"] == again.debit_id != first["idempotency_key"]
    scene.later(20)
    scene.take(scene.webhooks())
    assert scene.debits()["orders"] == ["returned", "returned"] and scene.debits()["book"] == {}


def test_an_account_whose_authorization_was_withdrawn_is_not_debited_any_more(made: Make) -> None:
    scene = made("ach")
    order = scene.draw("PAID")
    with scene.begin() as tx:
        known = funding.debit_authorization(tx, legal_entity_id=scene.tenant.legal_entity_id)
        funding.withdraw_debits(tx, legal_entity_id=scene.tenant.legal_entity_id, reason="as asked")
    assert known is not None and known.bank_account_id is not None

    assert run(scene).debits_sent == 0 and scene.column.twin.transfers == []
    assert scene.debits()["orders"] == ["ready"] and scene.debits()["cases"] == ["debit_unsent"]
    with scene.begin() as tx:
        funding.authorize_debits(
            tx, legal_entity_id=order.legal_entity_id, bank_account_id=known.bank_account_id, evidence="anew"
        )
    scene.later(3601)
    assert run(scene).debits_sent == 1
    with scene.begin() as tx:
        assert [one.state for one in cases.list_cases(tx)] == ["resolved"]


def test_what_column_says_of_other_money_or_against_its_word_is_a_case_and_moves_nothing(made: Make) -> None:
    scene = made("ach")
    for word in ("PAID", "RJCT"):
        scene.draw(word)
        run(scene)
    scene.later(10)
    scene.take(scene.webhooks())
    before = scene.debits()
    paid, refused = scene.column.twin.transfers
    said = [
        {**paid, "amount": 9_999, "status": "RETURNED", "return_details": [{"return_code": "R01", "status": "SENT"}]},
        {**refused, "status": "RETURNED", "return_details": [{"return_code": "R01", "status": "SENT"}]},
    ]
    events = [
        {
            "id": f"evnt_2odd{n}",
            "created_at": "2026-11-30T18:00:00Z",
            "type": "ach.outgoing_transfer.returned",
            "data": one,
        }
        for n, one in enumerate(said)
    ]
    with scene.begin() as tx:
        page = json.dumps({"events": events, "has_more": False}).encode()
        artifact = ingestion.receive(tx, source="column", filename="page.json", data=page).id
        ingestion.read(tx, artifact)
    with scene.begin() as tx:
        payments.take_column_events(tx, artifact_id=artifact)

    after = scene.debits()
    assert after == {**before, "cases": sorted([*before["cases"], *["order_contradiction"] * 2])}


def test_a_transfer_of_another_amount_moves_nothing_whoever_tells_of_it(made: Make) -> None:
    scene = made("ach")
    order = scene.draw("STAY")
    run(scene)
    (transfer,) = scene.column.twin.transfers
    transfer |= {"amount": 9_999, "status": "SETTLED"}
    scene.later(3600)
    run(scene)
    asked = scene.debits()
    said = rails.ProviderAnswer(
        "returned",
        transfer["id"],
        "a part of it",
        code="R01",
        message_id=f"{transfer['id']}:returned",
        amount=usd("99.99"),
    )
    for _ in range(2):
        with scene.begin() as tx:
            debit_orders.record_debit_answer(tx, order.debit_id, said, asked_by="inbox", waits=900)

    assert (asked["orders"], asked["debits"], asked["book"]) == (["accepted"], ["sent"], {})
    assert scene.debits() == {**asked, "cases": ["order_contradiction"]}
    transfer["amount"] = 10_000
    scene.later(8000)
    run(scene)
    assert scene.debits()["orders"] == ["settled"]


def test_many_workers_take_the_same_events_and_each_counts_once(made: Make) -> None:
    scene = made("ach")
    for word in ("PAID", "R01", "EARLY"):
        scene.draw(word)
        run(scene)
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

    found = scene.debits()
    assert found["debits"] == ["settled", "returned", "returned"]
    assert found["book"] == {"CASH": "100.00", "PROVISIONAL_FUNDS": "100.00"}
    assert found["cases"] == ["funding_returned", "funding_returned"]


def test_many_senders_send_each_debit_once(made: Make) -> None:
    scene = made("ach")
    for _ in range(3):
        scene.draw("PAID")

    at_once([partial(run, scene) for _ in range(4)])

    assert transfers_asked_for(scene) == ["/transfers/ach"] * 3 and len(scene.column.twin.transfers) == 3


def test_over_another_rail_column_debits_nobody(made: Make) -> None:
    scene = made("ach", "wire")
    scene.draw("PAID")
    with scene.begin() as tx:
        claimed = debit_orders.opened_debit(tx, payments.list_debit_orders(tx)[0])
        wire = payments.providers_in(tx)["wire"]
    assert any("debited by ACH alone" in one for one in wire.problems(claimed.said))


def test_a_debit_at_its_provider_stays_as_it_was_sent(
    made: Make, admin: psycopg.Connection[Any], tenant: TenantFixture
) -> None:
    scene = made("ach")
    scene.draw("PAID")
    run(scene)
    for change in ("amount_minor = 1", "reference = 'other'", "created_at = created_at + interval '1 day'"):
        with pytest.raises(psycopg.Error, match="is fixed"):
            admin.execute(f"UPDATE payments.debit_orders SET {change} WHERE tenant_id = %s", (tenant.id,))
    with pytest.raises(psycopg.Error):
        admin.execute("UPDATE payments.debit_orders SET status = 'ready' WHERE tenant_id = %s", (tenant.id,))
    with pytest.raises(psycopg.Error):
        admin.execute("DELETE FROM payments.debit_order_answers WHERE tenant_id = %s", (tenant.id,))


def test_a_debit_waits_for_its_day(made: Make) -> None:
    scene = made("ach")
    request = scene.ask("PAID")
    with scene.begin() as tx:
        funding.request_funding(
            tx, idempotency_key="later", legal_entity_id=scene.tenant.legal_entity_id, amount=request.amount,
            rail="ach_debit", due_on=MONDAY + timedelta(days=3),
        )  # fmt: skip
        assert [one.funding_request_id for one in payments.submit_all_debits(tx).orders] == [request.id]
        stories.at(tx, MONDAY + timedelta(days=2), hour=17)
        (late,) = payments.submit_all_debits(tx).orders
    assert late.effective_on == MONDAY + timedelta(days=3)
