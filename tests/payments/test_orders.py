"""A payment over FedNow goes to its provider once, and whatever comes back is counted once.

The simulated network answers over HTTP; the word at the end of the payee's account number says what becomes of a payment.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import psycopg
import pytest
from tests.make import ACTOR, TenantFixture, person
from tests.payments import gateways, order_stories, stories
from tests.payments.order_stories import later, standing
from tests.payments.stories import MONDAY
from tests.web.client import client_of, keys_of, person_key

from headgate import cases, funding, ledger, payments
from headgate.cases.errors import NotApproved
from headgate.cases.routes import router as cases_router
from headgate.core.db import Database
from headgate.core.errors import AppendOnly, IllegalMove, Refused
from headgate.jobs import Outside
from headgate.payments import routes
from headgate.payments.orders import answers as order_answers
from headgate.payments.orders import sending as order_sending
from headgate.payments.outcomes import events as outcomes
from headgate.payments.outcomes.events import Outcome
from headgate.rails import InstantProvider, ProviderAnswer
from headgate.rails.iso20022 import RTP
from headgate.web import build_application

pytestmark = pytest.mark.slow

Served = gateways.Served[gateways.CountingTwin]
batch = partial(order_stories.batch, rail="fednow")
RUNBOOK = Path(__file__).parents[2] / "docs" / "runbooks" / "order-outcome-unknown.md"


@pytest.fixture(scope="module")
def network() -> Iterator[gateways.Served[gateways.CountingTwin]]:
    with gateways.served() as found:
        yield found


@pytest.fixture(autouse=True)
def may_call(database: Database) -> Iterator[None]:
    """An installation that may call what runs on this machine."""
    with gateways.reaching(database):
        yield


def prepared(database: Database, tenant: TenantFixture, url: str, *words: str, **facts: Any) -> list[str]:
    """A payroll of these words, funded, committed and fixed as orders; the payments by word."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, f"{60 * len(words)}.00")
        gateways.speak_to(tx, tenant, url, **facts)
        assert payments.commit_payroll(tx, batch(tx, tenant, *words)).status == "committed"
        assert payments.submit_due(tx, on=MONDAY) == []
        orders = payments.list_orders(tx)
    assert [order.status for order in orders] == ["ready"] * len(words)
    return sorted(order.instruction_id for order in orders)


def test_a_payment_over_fednow_settles_at_once_and_is_told_step_by_step(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    (payment,) = prepared(database, tenant, network.url, "PAID")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.balances(tx, tenant) == {"CASH": "60.00", "PAYROLL_CLEARING": "60.00"}
        ready = [reason.text for reason in payments.get_life(tx, payment).reasons]

    assert payments.run_orders(database, tenant.id).sent == 1
    assert payments.run_orders(database, tenant.id) == payments.Round()

    assert standing(database, tenant) == {
        "orders": ["settled"], "instructions": ["settled"], "events": ["settled"], "book": {}, "cases": [],
    }  # fmt: skip
    assert "waits to be sent; no byte has left" in ready[0]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        life = payments.get_life(tx, payment)
        (order,) = payments.list_orders(tx)
        answer = tx.one("SELECT * FROM payments.order_answers", what="answer")
        said = tx.one(
            "SELECT * FROM public.psp_settlement_event WHERE status = 'settled' AND rail = 'fednow'", what="e"
        )
        assert [payroll.status for payroll in payments.list_payrolls(tx)] == ["paid"]
    assert [event.text for event in life.events if event.type.startswith("payments.")] == [
        "Passed the gate, money reserved", "Ready to be sent", "Being sent", "Settled, says the network", "Settled",
    ]  # fmt: skip
    assert life.reasons[0].text.startswith("FedNow settled it on Mon 30 Nov 2026 under ")
    assert life.trace == order.reference and life.row.rail == "fednow"
    assert (said["external_trace_id"], said["provider"], str(said["amount"])) == (order.message_id, "fednow", "60.00")
    assert (answer["asked_by"], answer["outcome"], answer["code"]) == ("submit", "settled", "ACSC")
    assert bytes(answer["evidence_sealed"]) and b"FIToFIPmtStsRpt" not in bytes(answer["evidence_sealed"])


OUTCOMES: dict[str, tuple[str, str, list[str], list[str]]] = {
    "HELD": ("settled", "settled", ["settled"], []),
    "SLOW": ("settled", "settled", ["settled"], []),
    "DUAL": ("settled", "settled", ["settled"], []),
    "SWAP": ("settled", "settled", ["settled"], []),
    "LATE": ("settled", "settled", ["settled"], []),
    "OPEN": ("settled", "settled", ["settled"], []),
    "DUPL": ("settled", "settled", ["settled"], []),
    "AC04": ("rejected", "rejected", ["rejected"], ["payment_rejected"]),
    "GONE": ("rejected", "rejected", ["rejected"], ["payment_rejected"]),
    "LOST": ("unheard", "awaiting_funding", [], ["order_unheard"]),
    "BACK": ("returned", "returned", ["settled", "returned"], ["payment_returned"]),
    "TURN": ("returned", "returned", ["settled", "returned"], ["payment_returned"]),
    "PART": ("settled", "settled", ["settled", "returned"], ["partial_return"]),
}
"""What becomes of an order, its payment, the settlement events and cases, by the word of the payee's account."""


@pytest.mark.slow
def test_every_outcome_is_counted_once_and_the_book_agrees(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    before = network.twin.count("pacs.008")
    found = prepared(database, tenant, network.url, *OUTCOMES)

    for _ in range(12):
        payments.run_orders(database, tenant.id)
        later(database, tenant, minutes=20)
    assert not any(getattr(payments.run_orders(database, tenant.id), name) for name in ("sent", "asked", "read"))

    assert network.twin.count("pacs.008") - before == len(OUTCOMES), "each was sent once, whatever came back"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        for payment, (word, wanted) in zip(found, OUTCOMES.items(), strict=True):
            params = {"id": payment}
            assert (
                tx.value("SELECT status FROM payments.orders WHERE instruction_id = %(id)s", params),
                tx.value("SELECT status FROM payments.instructions WHERE id = %(id)s", params),
                tx.values(
                    "SELECT status FROM payments.settlement_events WHERE instruction_id = %(id)s ORDER BY id", params
                ),
                tx.values("SELECT category FROM cases.exception_cases WHERE payment_id = %(id)s", params),
            ) == wanted, word
        settled = sum("settled" in events for _, _, events, _ in OUTCOMES.values())
        book = stories.balances(tx, tenant)
    # Paid out: what settled. Back with the client: what was refused, was never heard of, came back, and half of PART.
    assert settled == 10
    assert book == {"CASH": "330.00", "CLIENT_FUNDS": "330.00"}


def test_a_time_out_is_asked_about_later_each_time_and_never_sent_again_and_then_people_look(
    database: Database, tenant: TenantFixture
) -> None:
    with gateways.served(hang_seconds=1) as network:
        (payment,) = prepared(database, tenant, network.url, "LATE")
        assert payments.run_orders(database, tenant.id).sent == 1
        assert payments.run_orders(database, tenant.id).asked == 0, "not before the network's clock has run out"
        assert standing(database, tenant)["orders"] == ["outcome_unknown"]
        url = network.url
    # Nobody is there any more: asked at growing intervals, and nothing is sent.
    asked = []
    for minute in range(70):
        done = payments.run_orders(database, tenant.id)
        asked += [minute] * done.asked
        assert done.sent == 0
        later(database, tenant, minutes=1)
    found = standing(database, tenant)
    assert (found["orders"], found["instructions"], found["events"]) == (["outcome_unknown"], ["sent"], [])
    assert found["cases"] == ["order_outcome_unknown"], url
    assert asked[0] <= 1 and 6 <= len(asked) <= 9 and asked[-1] - asked[-2] > asked[1] - asked[0]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        life = payments.get_life(tx, payment)
        (query,) = re.findall(r"```sql\n(.*?)```", RUNBOOK.read_text("utf-8"), re.DOTALL)
        told = [(row["instruction_id"], row["asked_by"], row["outcome"]) for row in tx.all(query)]
    assert told == [(payment, "submit", "outcome_unknown"), *[(payment, "status", "outcome_unknown")] * len(asked)]
    assert any("is not sent again while that is not known" in reason.text for reason in life.reasons)


STEPS = ["before submit", "after submit", "before record"]


@pytest.mark.parametrize("dies", STEPS)
def test_a_crash_around_the_sending_leaves_it_asked_about_and_sent_at_most_once(
    database: Database, tenant: TenantFixture, network: Served, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    before = network.twin.count("pacs.008")
    prepared(database, tenant, network.url, "PAID")
    _die(monkeypatch, dies)
    with pytest.raises(Died):
        payments.run_orders(database, tenant.id)
    monkeypatch.undo()
    assert standing(database, tenant)["orders"] == ["sending"]
    assert payments.run_orders(database, tenant.id).sent == 0

    for _ in range(3):
        later(database, tenant, minutes=2)
        payments.run_orders(database, tenant.id)

    found = standing(database, tenant)
    if dies == "before submit":
        # The network never heard of it, and said so twice: nothing moved, and the payment may be tried anew.
        assert (found["orders"], found["instructions"]) == (["unheard"], ["awaiting_funding"])
        assert found["book"] == {"CASH": "60.00", "CLIENT_FUNDS": "60.00"}
        assert network.twin.count("pacs.008") == before
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            payments.submit_due(tx, on=MONDAY)
        payments.run_orders(database, tenant.id)
        found = standing(database, tenant)
        assert found["orders"] == ["unheard", "settled"]
    assert (found["instructions"], found["events"], found["book"]) == (["settled"], ["settled"], {})
    assert network.twin.count("pacs.008") == before + 1


@pytest.mark.slow
def test_sixty_four_racing_senders_send_each_order_once(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    before = network.twin.count("pacs.008")
    prepared(database, tenant, network.url, *["PAID"] * 12)
    gate = threading.Barrier(64)
    sent: list[str] = []

    def race() -> None:
        gate.wait(60)
        sent.extend(payments.send_orders(database, tenant.id))

    threads = [threading.Thread(target=race) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert len(sent) == len(set(sent)) == 12
    assert network.twin.count("pacs.008") - before == 12
    assert standing(database, tenant)["orders"] == ["settled"] * 12


def test_two_people_settle_what_nobody_knows_and_a_late_contradiction_is_a_case(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    prepared(database, tenant, network.url, "LATE")
    payments.run_orders(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=person("ann")) as tx:
        (order,) = payments.list_orders(tx)
        asked = payments.request_order_decision(
            tx, attempt_id=order.attempt_id, verdict="rejected", reason="the bank's desk says that it has none"
        )
        with pytest.raises(NotApproved):
            payments.decide_order(tx, approval_id=asked.id)
    with database.begin(tenant_id=tenant.id, actor=person("bob")) as tx:
        cases.approve(tx, approval_id=asked.id, digest=asked.digest)
        assert payments.decide_order(tx, approval_id=asked.id).status == "rejected"
    with database.begin(tenant_id=tenant.id, actor=person("ann")) as tx, pytest.raises(payments.NothingToDecide):
        payments.request_order_decision(tx, attempt_id=order.attempt_id, verdict="settled", reason="…")
    assert standing(database, tenant)["book"] == {"CASH": "60.00", "CLIENT_FUNDS": "60.00"}

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        said = ProviderAnswer("settled", order.reference or "", "it is settled", "ACSC", message_id="M-1")
        again = [order_answers.record(tx, order.attempt_id, said, asked_by="inbox", waits=25).status for _ in range(2)]

    found = standing(database, tenant)
    assert again == ["rejected", "rejected"] and found["events"] == ["rejected"]
    assert found["book"] == {"CASH": "60.00", "CLIENT_FUNDS": "60.00"}
    assert found["cases"] == ["order_contradiction", "payment_rejected"]


@pytest.mark.parametrize("outcome", ["settled", "rejected"])
def test_what_was_missed_is_missed_no_more_when_its_own_answer_comes_late(
    database: Database, tenant: TenantFixture, network: gateways.Served, outcome: Literal["settled", "rejected"]
) -> None:
    prepared(database, tenant, network.url, "LOST")
    payments.run_orders(database, tenant.id)
    later(database, tenant, days=5)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert payments.open_missing(tx) == 1
        (order,) = payments.list_orders(tx)
        said = ProviderAnswer(outcome, order.reference or "", "it is known now", "AC04", message_id="M-late")

        order_answers.record(tx, order.attempt_id, said, asked_by="inbox", waits=25)

        (case,) = [one for one in cases.list_cases(tx) if one.category == "settlement_missing"]
    assert (case.state, case.resolution) == ("resolved", "the bank said late what became of it")
    assert standing(database, tenant)["instructions"] == [outcome]


def test_a_refusal_of_the_network_is_announced_as_one(
    database: Database, tenant: TenantFixture, network: gateways.Served
) -> None:
    """As the refusal of a file's entry is: nothing came back, and outsiders, who never heard of it, hear nothing."""
    (payment,) = prepared(database, tenant, network.url, "AC04")
    payments.run_orders(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        told = tx.values(
            """
            SELECT event_type FROM messaging.outbox_messages
             WHERE aggregate_id = %(id)s AND event_type ~ '^(payments.instruction|payment)[.]' ORDER BY id
            """,
            {"id": payment},
        )
    assert [one for one in told if one.split(".")[-1] in ("rejected", "returned", "reversed")] == [
        "payments.instruction.rejected"
    ], told


def test_who_submits_is_told_of_the_orders_as_of_the_files(
    database: Database, tenant: TenantFixture, network: gateways.Served
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "160.00")
        gateways.speak_to(tx, tenant, network.url)
        payments.commit_payroll(tx, batch(tx, tenant, "PAID"))
        payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00", payroll_id="PR-ach"))
    headers = {**keys_of(database, tenant.id).operator, "Idempotency-Key": "send"}
    with client_of(build_application(database, [routes.router])) as client:
        sent = client.post("/v1/payments/submissions", json={"on": MONDAY.isoformat()}, headers=headers)

    assert sent.status_code == 201, sent.text
    (file,), (order,) = sent.json()["files"], sent.json()["orders"]
    assert (file["credit"]["minor"], order["amount"]["minor"]) == (10000, 6000)
    assert (order["rail"], order["status"]) == ("fednow", "ready")
    payments.run_orders(database, tenant.id)


@pytest.mark.parametrize(
    ("word", "recall", "became"), [("GIVE", "promised", "returned"), ("KEEP", "refused", "settled")]
)
def test_a_payment_is_asked_back_and_only_what_comes_back_moves_money(
    database: Database, tenant: TenantFixture, network: Served, word: str, recall: str, became: str
) -> None:
    before = network.twin.count("camt.056")
    (payment,) = prepared(database, tenant, network.url, word)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        early = payments.request_recall(tx, payment_id=payment, reason="CUST", why="paid by mistake")
        assert isinstance(early, Refused) and "is ready" in early.message
    payments.run_orders(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        asked = payments.request_recall(tx, payment_id=payment, reason="CUST", why="paid by mistake")
        assert isinstance(asked, payments.Order) and asked.recall == "asked"
        again = payments.request_recall(tx, payment_id=payment, reason="CUST", why="again")
        assert isinstance(again, Refused) and "already" in again.message
    assert payments.run_orders(database, tenant.id).recalled == 1
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert [(one.recall, one.status) for one in payments.list_orders(tx)] == [("pending", "settled")]
    later(database, tenant, minutes=30)
    payments.run_orders(database, tenant.id)
    payments.run_orders(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert [(one.recall, one.status) for one in payments.list_orders(tx)] == [(recall, became)]
        told = [event.type for event in payments.get_life(tx, payment).events if "recall" in event.type]
    assert told == [f"payments.order.recall_{one}" for one in ("asked", "pending", recall)]
    assert network.twin.count("camt.056") == before + 1
    book = standing(database, tenant)["book"]
    assert book == ({"CASH": "60.00", "CLIENT_FUNDS": "60.00"} if became == "returned" else {})


@pytest.mark.parametrize("first", ["report", "inbox"])
@pytest.mark.parametrize(
    ("word", "became", "client", "category"),
    [("BACK", "returned", "60.00", "payment_returned"), ("PART", "settled", "30.00", "partial_return")],
)
def test_over_rtp_money_given_back_by_a_payment_is_the_return_of_its_order(
    database: Database, tenant: TenantFixture, word: str, became: str, client: str, category: str, first: str
) -> None:
    with gateways.served(RTP) as network:
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            stories.at(tx, MONDAY)
            stories.originator(tx, tenant)
            stories.fund(tx, tenant, "60.00")
            gateways.speak_to(tx, tenant, network.url, rail="rtp")
            assert payments.commit_payroll(tx, batch(tx, tenant, word, rail="rtp")).status == "committed"
            assert payments.submit_due(tx, on=MONDAY) == []
        for _ in range(3):
            payments.run_orders(database, tenant.id)
            later(database, tenant, minutes=20)
        assert standing(database, tenant)["instructions"] == ["settled"]
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            days = tx.values("SELECT DISTINCT effective_on FROM payments.settlement_events")

        outside = Outside(database, tenant.id, ACTOR)
        if first == "inbox":
            assert payments.run_orders(database, tenant.id).read == 1
        pulled = [payments.pull(outside, on=days[0]) for _ in range(2)]
        payments.run_orders(database, tenant.id)

    assert [one.effects.returned for one in pulled] == [first == "report", 0] and not pulled[1].is_changed
    found = standing(database, tenant)
    assert (found["instructions"], found["events"]) == ([became], ["settled", "returned"])
    assert found["book"] == {"CASH": client, "CLIENT_FUNDS": client} and found["cases"] == [category]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert [one.amount for one in funding.list_deposits(tx)] == [gateways.usd("60.00")], (
            "the wire that funded it alone"
        )


def test_what_a_report_counted_first_is_not_counted_again_when_the_answer_comes(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    """Another part of Headgate pulls the provider's day: what it wrote down, an order takes as known."""
    (payment,) = prepared(database, tenant, network.url, "LATE")
    payments.run_orders(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (order,) = payments.list_orders(tx)
        (moved,) = [
            one
            for one in payments.providers_in(tx)["fednow"].reconcile(MONDAY)
            if one.external_trace_id == order.message_id
        ]
        assert (moved.status, moved.amount, moved.reference) == ("settled", order.amount, order.reference)
        debit, credit = ledger.posting_accounts(tx, "payments.instruction.settled", "USD")
        posted = ledger.post(
            tx, idempotency_key="report", entries=[ledger.Entry(debit, credit, moved.amount)], source_type="payment",
            source_id=payment,
        )  # fmt: skip
        assert isinstance(posted, ledger.Posted)
        outcome = Outcome(
            order.attempt_id, payment, "settled", "fednow", moved.external_trace_id, 6000, "USD", None, MONDAY,
            posted.transaction_id, None, None,
        )  # fmt: skip
        outcomes.record(tx, [outcome])

    assert payments.run_orders(database, tenant.id).read == 1
    later(database, tenant, minutes=30)
    assert payments.run_orders(database, tenant.id) == payments.Round()

    assert standing(database, tenant) == {
        "orders": ["settled"], "instructions": ["settled"], "events": ["settled"], "book": {}, "cases": [],
    }  # fmt: skip


def test_what_cannot_go_over_its_rail_is_refused_by_name_and_nothing_is_committed(
    database: Database, tenant: TenantFixture
) -> None:
    url = "http://127.0.0.1:9"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.fund(tx, tenant, "60.00")
        with pytest.raises(payments.RailUnavailable, match="set the legal entity's originator first"):
            payments.commit_payroll(tx, batch(tx, tenant, "PAID"))
        stories.originator(tx, tenant)
        with pytest.raises(payments.RailUnavailable, match="no provider is set for fednow"):
            payments.commit_payroll(tx, batch(tx, tenant, "PAID"))
        gateways.speak_to(tx, tenant, url)
        with pytest.raises(payments.RailUnavailable, match="USD that FedNow carries"):
            big = replace(batch(tx, tenant, "PAID"), payroll_id="PR-9")
            huge = replace(big.items[0], net_pay=gateways.usd("10000000.01"))
            payments.commit_payroll(tx, replace(big, items=(huge,)))
        before = stories.counts(tx)
        with pytest.raises(payments.RailUnavailable) as refused:
            mixed = batch(tx, tenant, "PAID", "PAID", payroll_id="PR-8")
            payments.commit_payroll(
                tx, replace(mixed, rail="wire", items=(replace(mixed.items[0], rail="ach"), mixed.items[1]))
            )
        assert len(refused.value.facts["problems"]) == 1 and "no provider is set for wire" in refused.value.message
        assert stories.counts(tx)["payments.instructions"] == before["payments.instructions"]
        # The same figures over another rail are another payroll; a wish that is left out changes no old digest.
        assert payments.commit_payroll(tx, batch(tx, tenant, "PAID")).status == "committed"
        with pytest.raises(payments.PayrollDiffers):
            payments.commit_payroll(tx, batch(tx, tenant, "PAID", rail="rtp"))
        assert "rails" not in batch(tx, tenant, "PAID", rail=None).document()


def test_what_cannot_go_over_it_takes_another_rail_only_where_the_tenant_said_so(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "60.00")
        gateways.speak_to(tx, tenant, network.url)
        assert payments.commit_payroll(tx, batch(tx, tenant, "PAID")).status == "committed"
        payments.remove_provider(tx, "fednow")

        assert payments.submit_due(tx, on=MONDAY) == [] and payments.list_orders(tx) == []
        assert stories.statuses(tx) == ["pending"]
        (case,) = cases.list_cases(tx)
        assert "no provider is set for fednow" in case.detail["problems"][0]
        gateways.speak_to(tx, tenant, network.url, fallback_rail="ach")
        tx.run("SELECT 1")
        assert payments.submit_due(tx, on=MONDAY) == []
        assert [order.rail for order in payments.list_orders(tx)] == ["fednow"], "where it can go, it goes"


def test_a_live_order_is_fixed_whoever_writes(database: Database, tenant: TenantFixture, network: Served) -> None:
    prepared(database, tenant, network.url, "PAID")
    payments.run_orders(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        for statement, error in (
            ("UPDATE payments.orders SET created_at = now()", payments.FactChanged),
            ("UPDATE payments.orders SET status = 'ready'", IllegalMove),
            ("UPDATE payments.orders SET amount_minor = 1", psycopg.errors.InsufficientPrivilege),
            ("DELETE FROM payments.orders", psycopg.errors.InsufficientPrivilege),
            (
                "UPDATE payments.order_answers SET outcome = 'settled'",
                (AppendOnly, psycopg.errors.InsufficientPrivilege),
            ),
        ):
            with pytest.raises(error), tx.savepoint():  # type: ignore[call-overload]
                tx.run(statement)  # type: ignore[call-overload]


class Died(Exception):
    """The process is gone."""


def _die(monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    real = InstantProvider.submit

    def submit(self: Any, order: Any, *, created_at: datetime) -> Any:
        if at == "before submit":
            raise Died
        real(self, order, created_at=created_at)
        raise Died

    def record(*_: Any, **__: Any) -> Any:
        raise Died

    if at == "before record":
        monkeypatch.setattr(order_sending.order_answers, "record", record)
    else:
        monkeypatch.setattr(InstantProvider, "submit", submit)


@pytest.mark.slow
def test_the_doors_show_orders_ask_back_and_let_two_people_decide(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    first, second = prepared(database, tenant, network.url, "PAID", "LATE")
    payments.run_orders(database, tenant.id)
    app = build_application(database, [routes.router, cases_router])
    ann = person_key(database, tenant.id, role="operator", email="ann@example.org")
    bob = person_key(database, tenant.id, role="admin", email="bob@example.org")
    reader = keys_of(database, tenant.id).readonly
    with client_of(app) as client:
        listed = client.get("/v1/payments/orders", headers=reader).json()["data"]
        (unknown,) = [row for row in listed if row["status"] == "outcome_unknown"]
        shown = client.get(f"/v1/payments/orders/{unknown['attempt_id']}", headers=reader).json()
        assert [(answer["asked_by"], answer["outcome"]) for answer in shown["answers"]] == [
            ("submit", "outcome_unknown")
        ]
        assert client.get("/v1/payments/orders?status=settled", headers=reader).json()["data"][0]["payment_id"] == first

        wanted = {"reason": "DUPL", "why": "sent twice by the payroll engine"}
        recall = f"/v1/payments/instructions/{first}/recall"
        assert client.post(recall, json=wanted, headers={**reader, "Idempotency-Key": "r"}).status_code == 403
        asked = client.post(recall, json=wanted, headers={**ann, "Idempotency-Key": "r"})
        assert (asked.status_code, asked.json()["recall"]) == (201, "asked")
        again = client.post(recall, json=wanted, headers={**ann, "Idempotency-Key": "r2"})
        assert (again.status_code, again.json()["code"]) == (422, "payments.nothing_to_recall")

        decisions = f"/v1/payments/orders/{unknown['attempt_id']}/decisions"
        word = {"verdict": "settled", "reason": "the bank's desk has its reference"}
        request = client.post(decisions, json=word, headers=ann).json()
        decide = f"/v1/payments/order-decisions/{request['id']}/decide"
        assert client.post(decide, headers={**ann, "Idempotency-Key": "d"}).status_code == 403
        approval = f"/v1/cases/approvals/{request['id']}/approve"
        assert client.post(approval, json={"digest": request["digest"]}, headers=ann).status_code == 403
        assert client.post(approval, json={"digest": request["digest"]}, headers=bob).status_code == 200
        done = client.post(decide, headers={**ann, "Idempotency-Key": "d2"})
        assert (done.status_code, done.json()["status"], done.json()["payment_id"]) == (201, "settled", second)

    assert standing(database, tenant)["instructions"] == ["settled", "settled"]
