"""A funding request over a drawdown or a request for payment goes to the client's bank once, and what is paid settles it.

The simulated networks answer over HTTP; the word at the end of the client's account number says what becomes of a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, Literal

import pytest
from tests.make import ACTOR, TenantFixture
from tests.payments import gateways, stories
from tests.payments.order_stories import later
from tests.payments.stories import MONDAY

from headgate import cases, funding, parties, payments
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError
from headgate.jobs import Outside
from headgate.payments.orders import ask_making, asks
from headgate.rails import InstantProvider
from headgate.rails.iso20022 import NETWORKS
from headgate.rails.network_twin import Noise

pytestmark = pytest.mark.slow

Rail = Literal["drawdown", "fednow_rfp", "rtp_rfp"]
SPRINGFIELD = parties.PostalAddress("Springfield", street="Main Street", post_code="62701", state="IL")
OPENED: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "drawdown": lambda: gateways.fedwire(hang_seconds=0.5),
    "fednow_rfp": lambda: gateways.served(hang_seconds=0.5),
    "rtp_rfp": lambda: gateways.served(NETWORKS["rtp"], hang_seconds=0.5),
}


@pytest.fixture
def networks(request: pytest.FixtureRequest) -> Iterator[dict[str, Any]]:
    """The network of the test's rail, with nobody else's money in its inbox."""
    rail = request.node.callspec.params.get("rail", "drawdown") if hasattr(request.node, "callspec") else "drawdown"
    with OPENED[rail]() as network:
        yield {rail: network}


@pytest.fixture(autouse=True)
def may_call(database: Database) -> Iterator[None]:
    with gateways.reaching(database):
        yield


def authorised(tx: Tx, tenant: TenantFixture, word: str) -> None:
    """The client lets its account of this word be asked."""
    client = parties.create_party(
        tx, kind="employer", external_id="client", name="Borealis Staffing", legal_entity_id=tenant.legal_entity_id,
        is_person=False,
    )  # fmt: skip
    parties.set_address(
        tx,
        party_id=client.id,
        address=SPRINGFIELD,
    )
    account = parties.add_bank_account(
        tx, party_id=client.id, account=parties.BankAccountInput(stories.RDFI, f"7788-{word}"), replace=True
    )
    funding.authorize_debits(
        tx, legal_entity_id=tenant.legal_entity_id, bank_account_id=account.id, evidence="contract 1"
    )


def asked_for(
    database: Database, tenant: TenantFixture, url: str, rail: Rail, word: str, *, due_on: Any = MONDAY
) -> str:
    """A request of 100.00 over a rail, of a client whose account has this word."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        gateways.speak_to(tx, tenant, url, rail=asks.RAIL_OF[rail])
        authorised(tx, tenant, word)
        return funding.request_funding(
            tx, idempotency_key="f1", legal_entity_id=tenant.legal_entity_id, amount=gateways.usd("100.00"), rail=rail,
            due_on=due_on,
        ).id  # fmt: skip


def standing(database: Database, tenant: TenantFixture) -> tuple[list[str], str, dict[str, str], list[str]]:
    """The asks, the request, the book and the cases."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (request,) = funding.list_requests(tx)
        return (
            [one.status for one in reversed(asks.list_asks(tx))],
            request.status,
            stories.balances(tx, tenant),
            sorted(case.category for case in cases.list_cases(tx) if case.state == "open"),
        )


PAID = {"CASH": "100.00", "CLIENT_FUNDS": "100.00"}
OUTCOMES: dict[str, tuple[list[str], str, dict[str, str], list[str]]] = {
    "PAID": (["paid"], "final", PAID, []),
    "LATE": (["paid"], "final", PAID, []),
    "SLOW": (["paid"], "final", PAID, []),
    "HELD": (["paid"], "final", PAID, []),
    "DUAL": (["paid"], "final", PAID, []),
    "AM04": (["refused"], "requested", {}, ["funding_ask_failed"]),
    "LOST": (["unheard"] * 3, "requested", {}, ["funding_ask_failed"]),
}


@pytest.mark.parametrize("rail", OPENED)
@pytest.mark.parametrize("word", OUTCOMES)
def test_a_clients_bank_is_asked_once_and_what_it_pays_settles_the_request(
    database: Database, tenant: TenantFixture, networks: dict[str, Any], rail: Rail, word: str
) -> None:
    network = networks[rail]
    before = network.twin.count("pain.013")
    asked_for(database, tenant, network.url, rail, word)

    assert payments.run_orders(database, tenant.id).clients_asked == 1
    for _ in range(9):
        later(database, tenant, minutes=15)
        payments.run_orders(database, tenant.id)
    pulled = payments.pull(Outside(database, tenant.id, ACTOR), on=MONDAY)

    assert not pulled.silent and pulled.effects.unmatched == pulled.effects.differing == 0
    expected = OUTCOMES[word]
    if rail != "drawdown" and word == "LATE":
        # It accepted in silence: asked about, it says so; nobody pays by itself over this network.
        expected = (["accepted"], "submitted", {}, [])
    assert standing(database, tenant) == expected
    assert network.twin.count("pain.013") - before == len(expected[0]), "each ask was sent once, whatever came back"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        audited = tx.values("SELECT type FROM audit.events WHERE type LIKE 'payments.ask.%%' ORDER BY id")
        assert audited[:2] == ["payments.ask.ready", "payments.ask.sending"]
        (ask, *_) = asks.list_asks(tx)
        with pytest.raises(HeadgateError), tx.savepoint():
            tx.run("UPDATE payments.funding_asks SET message_id = 'other' WHERE created_at IS NOT NULL")
        assert f"7788-{word}" not in repr(ask)


@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_crash_around_the_asking_leaves_it_asked_about_and_asked_at_most_once(
    database: Database, tenant: TenantFixture, networks: dict[str, Any], monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    class Died(BaseException):
        pass

    network = networks["drawdown"]
    before = network.twin.count("pain.013")
    asked_for(database, tenant, network.url, "drawdown", "PAID")
    request = InstantProvider.request

    def dying(*args: Any, **facts: Any) -> Any:
        if dies == "after":
            request(*args, **facts)
        raise Died

    monkeypatch.setattr(InstantProvider, "request", dying)
    with pytest.raises(Died):
        payments.run_orders(database, tenant.id)
    monkeypatch.undo()
    assert standing(database, tenant)[:2] == (["sending"], "submitted")
    assert payments.run_orders(database, tenant.id).clients_asked == 0

    for _ in range(5):
        later(database, tenant, minutes=15)
        payments.run_orders(database, tenant.id)

    statuses, request_status, book, open_cases = standing(database, tenant)
    # What never got there was doubted, then believed, and asked for once more by an ask of its own.
    assert statuses == (["paid"] if dies == "after" else ["unheard", "paid"])
    assert (request_status, book, open_cases) == ("final", PAID, [])
    assert network.twin.count("pain.013") == before + 1


def test_nobody_answers_and_nobody_pays_until_its_day_is_over_then_a_person_looks_and_late_money_still_counts(
    database: Database, tenant: TenantFixture
) -> None:
    with gateways.fedwire(hang_seconds=0.1) as network:
        request = asked_for(database, tenant, network.url, "drawdown", "PAID")
        assert payments.run_orders(database, tenant.id).clients_asked == 1
    # The bank is silent from now on.
    for _ in range(3):
        payments.run_orders(database, tenant.id)
        later(database, tenant, hours=24)
    payments.run_orders(database, tenant.id)
    assert standing(database, tenant) == (["expired"], "requested", {}, ["funding_ask_failed"])
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        event = funding.record_settled(
            tx, funding_request_id=request, provider="wire", external_trace_id="late", amount=gateways.usd("100.00")
        )
        assert event.kind == "settled"
    payments.run_orders(database, tenant.id)
    assert standing(database, tenant) == (["paid"], "final", PAID, [])


def test_answers_and_money_lost_late_and_doubled_from_a_seed_come_to_the_same_in_the_end(
    database: Database, tenant: TenantFixture
) -> None:
    with gateways.fedwire(hang_seconds=0.1, seed=5, noise=Noise(lost=20, late=40, twice=40)) as network:
        asked_for(database, tenant, network.url, "drawdown", "DUAL")
        for _ in range(6):
            payments.run_orders(database, tenant.id)
            later(database, tenant, minutes=20)
        for _ in range(2):
            payments.pull(Outside(database, tenant.id, ACTOR), on=MONDAY)
        payments.run_orders(database, tenant.id)

        assert network.twin.count("pain.013") == 1
        assert standing(database, tenant) == (["paid"], "final", PAID, [])


def test_a_request_that_cannot_be_asked_says_why_and_a_cancelled_one_is_not_asked(
    database: Database, tenant: TenantFixture, networks: dict[str, Any]
) -> None:
    network = networks["drawdown"]
    before = network.twin.count("pain.013")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        facts: dict[str, Any] = {"legal_entity_id": tenant.legal_entity_id, "amount": gateways.usd("100.00")}
        one = funding.request_funding(tx, idempotency_key="f1", rail="drawdown", due_on=MONDAY, **facts)

    def why() -> str:
        payments.run_orders(database, tenant.id)
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            (case,) = cases.list_cases(tx)
            assert asks.list_asks(tx) == [] and case.category == "funding_unasked"
            tx.run("SELECT 1")
            return str(case.detail["problems"])

    assert "no provider is set for wire" in why()
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        gateways.speak_to(tx, tenant, network.url, rail="wire")
        assert ask_making.write_asks(tx, payments.providers_in(tx)) == []
        authorised(tx, tenant, "PAID")
        # A drawdown of a day to come waits for its day; then its request is gone.
        made = ask_making.write_asks(tx, payments.providers_in(tx))
        assert len(made) == 1 and [case.state for case in cases.list_cases(tx)] != ["open"]
        funding.cancel_request(tx, funding_request_id=one.id, reason="asked twice")
    assert payments.run_orders(database, tenant.id).clients_asked == 0
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert [ask.status for ask in asks.list_asks(tx)] == ["withdrawn"]
    assert network.twin.count("pain.013") == before


def test_a_drawdown_waits_for_the_window_of_its_day_and_a_request_for_payment_goes_at_once(
    database: Database, tenant: TenantFixture, networks: dict[str, Any]
) -> None:
    due_on = MONDAY + timedelta(days=2)
    asked_for(database, tenant, networks["drawdown"].url, "drawdown", "PAID", due_on=due_on)
    assert payments.run_orders(database, tenant.id).clients_asked == 0
    later(database, tenant, days=1, hours=16)

    assert payments.run_orders(database, tenant.id).clients_asked == 1
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (ask,) = asks.list_asks(tx)
    assert (ask.wanted_on, ask.expires_on) == (due_on, due_on + timedelta(days=1))


@pytest.mark.parametrize("rail", OPENED)
def test_nobody_is_asked_for_an_account_that_the_client_did_not_authorise(
    database: Database, tenant: TenantFixture, networks: dict[str, Any], rail: Rail
) -> None:
    asked_for(database, tenant, networks[rail].url, rail, "PAID")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        ask_making.write_asks(tx, payments.providers_in(tx))
        authorised(tx, tenant, "OTHER")
        with pytest.raises(HeadgateError, match="authorised"), tx.savepoint():
            tx.run(
                """
                INSERT INTO payments.funding_asks
                SELECT (jsonb_populate_record(a, jsonb_build_object('id', 'ask_x', 'attempt_no', 2,
                        'bank_account_id', (SELECT max(id) FROM parties.bank_accounts)))).*
                  FROM payments.funding_asks a
                """
            )
