"""A wire goes to the bank once, in its window, and whatever Fedwire says of it is counted once; what comes in counts once.

The simulated Fedwire answers over HTTP; the word at the end of the payee's account number says what becomes of a wire.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from tests.make import ACTOR, TenantFixture
from tests.payments import gateways, order_stories, stories
from tests.payments.order_stories import HOME, later, standing
from tests.payments.stories import MONDAY, TUESDAY

from headgate import cases, funding, parties, payments, tenants
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.jobs import Outside
from headgate.payments.orders import answers as order_answers
from headgate.rails import InstantProvider, banks, fake, wire
from headgate.rails.network_twin import Noise

pytestmark = pytest.mark.slow

Served = gateways.Served[gateways.CountingFedwire]
batch = partial(order_stories.batch, rail="wire", name="Employée", address=HOME)


@pytest.fixture(scope="module")
def network() -> Iterator[Served]:
    with gateways.fedwire() as found:
        yield found


@pytest.fixture(autouse=True)
def may_call(database: Database) -> Iterator[None]:
    with gateways.reaching(database):
        yield


def prepared(database: Database, tenant: TenantFixture, url: str, *words: str, hour: int = 15) -> list[str]:
    """A payroll of these words, funded, committed and fixed as orders; the payments by word."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY, hour)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, f"{60 * len(words)}.00")
        gateways.speak_to(tx, tenant, url, rail="wire")
        assert payments.commit_payroll(tx, batch(tx, tenant, *words)).status == "committed"
        assert payments.submit_due(tx, on=MONDAY) == []
        orders = payments.list_orders(tx)
    assert [(order.status, order.rail) for order in orders] == [("ready", "wire")] * len(words)
    return sorted(order.instruction_id for order in orders)


def statement(text: str, number: str, *, code: str = "495", amount: str = "60.00", day: str = "261130") -> bytes:
    """The bank's statement of a day with one wire: out (495) or in (195), named by Fedwire's number."""
    minor = gateways.usd(amount).minor
    opening, closing = (minor, 0) if code == "495" else (0, minor)
    return "\n".join(
        (
            f"01,{fake.ROUTING},HEADGATE,261201,0600,1,,,2/",
            f"02,HEADGATE,{fake.ROUTING},1,{day},0000,USD,2/",
            f"03,4400112233,USD,010,{opening},,,015,{closing},,/",
            f"16,{code},{minor},Z,{number},,{text}/",
            f"49,{2 * minor},3/",
            f"98,{2 * minor},1,5/",
            f"99,{2 * minor},1,7/",
        )
    ).encode()


def test_a_wire_settles_and_its_line_on_the_statement_is_linked_by_fedwires_number(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    (payment,) = prepared(database, tenant, network.url, "PAID")

    assert payments.run_orders(database, tenant.id).sent == 1
    assert payments.run_orders(database, tenant.id) == payments.Round()

    assert standing(database, tenant) == {
        "orders": ["settled"], "instructions": ["settled"], "events": ["settled"], "book": {}, "cases": [],
    }  # fmt: skip
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (order,) = payments.list_orders(tx)
        assert order.imad and order.imad.startswith("20261130B1QDRCQR")
        assert order.omad and order.omad.startswith("20261130QMGFNP31")
        life = payments.get_life(tx, payment)
        assert life.reasons[0].text.startswith("Fedwire settled it on Mon 30 Nov 2026 under ")
        with pytest.raises(HeadgateError, match="is fixed"), tx.savepoint():
            tx.run("UPDATE payments.orders SET imad = '20261130B1QDRCQR999999'")
        stories.at(tx, TUESDAY)
        artifact = stories.read(tx, "tuesday.bai", statement("OUTGOING WIRE", order.imad))
        assert payments.settle_from_statement(tx, artifact_id=artifact).wires_linked == 1
        assert payments.settle_from_statement(tx, artifact_id=artifact).wires_linked == 0
        linked = tx.all(
            """
            SELECT e.attempt_id, e.effect, m.reference, m.record_id IS NOT NULL AS has_line
              FROM payments.movement_effects e JOIN payments.movements m ON m.id = e.movement_id
            """
        )
        odd = stories.read(tx, "odd.bai", statement("OUTGOING WIRE", order.imad, amount="60.01", day="261201"))
        payments.settle_from_statement(tx, artifact_id=odd)
    assert linked == [{"attempt_id": order.attempt_id, "effect": "known", "reference": order.imad, "has_line": True}]
    found = standing(database, tenant)
    assert (found["book"], found["events"], found["cases"]) == ({}, ["settled"], ["movement_differs"])


OUTCOMES: dict[str, tuple[str, str, list[str], list[str]]] = {
    "PAID": ("settled", "settled", ["settled"], []),
    "LATE": ("settled", "settled", ["settled"], []),
    "HELD": ("settled", "settled", ["settled"], []),
    "SWAP": ("settled", "settled", ["settled"], []),
    "DUAL": ("settled", "settled", ["settled"], []),
    "OPEN": ("settled", "settled", ["settled"], []),
    "DUPL": ("settled", "settled", ["settled"], []),
    "AC04": ("rejected", "rejected", ["rejected"], ["payment_rejected"]),
    "GONE": ("rejected", "rejected", ["rejected"], ["payment_rejected"]),
    "LOST": ("unheard", "awaiting_funding", [], ["order_unheard"]),
    "BACK": ("returned", "returned", ["settled", "returned"], ["payment_returned"]),
    "TURN": ("returned", "returned", ["settled", "returned"], ["payment_returned"]),
    "PART": ("settled", "settled", ["settled", "returned"], ["partial_return"]),
}


def test_every_outcome_is_counted_once_and_the_book_agrees(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    before = network.twin.count("pacs.008")
    found = prepared(database, tenant, network.url, *OUTCOMES)

    for _ in range(12):
        payments.run_orders(database, tenant.id)
        later(database, tenant, minutes=30)
    assert not any(getattr(payments.run_orders(database, tenant.id), name) for name in ("sent", "asked", "read"))
    pulled = payments.pull(Outside(database, tenant.id, ACTOR), on=MONDAY)

    assert network.twin.count("pacs.008") - before == len(OUTCOMES), "each was sent once, whatever came back"
    assert not pulled.silent and pulled.effects.applied == pulled.effects.known
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
            if wanted[0] in ("settled", "returned"):
                assert tx.value("SELECT imad FROM payments.orders WHERE instruction_id = %(id)s", params), word
        book = stories.balances(tx, tenant)
    # Back with the client: what was refused, was never heard of, came back (5 of 60.00), and half of PART.
    assert book == {"CASH": "330.00", "CLIENT_FUNDS": "330.00"}


def test_what_was_sent_back_is_no_deposit_when_the_statement_tells_of_it(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    prepared(database, tenant, network.url, "BACK")
    payments.run_orders(database, tenant.id)
    later(database, tenant, hours=2)
    payments.run_orders(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (number,) = tx.values("SELECT number FROM funding.wire_numbers")
        before = stories.balances(tx, tenant)
        stories.at(tx, TUESDAY)
        content = statement("RETURNED WIRE", number, code="195")
        settled = funding.settle_deposits(tx, artifact_id=stories.read(tx, "tuesday.bai", content))

        assert (settled.new, settled.repeated) == ((), ())
        assert stories.balances(tx, tenant) == before == {"CASH": "60.00", "CLIENT_FUNDS": "60.00"}


def test_a_wire_that_comes_in_counts_once_whoever_tells_of_it_and_in_whatever_order(
    database: Database, tenant: TenantFixture
) -> None:
    with gateways.fedwire() as served:
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            stories.at(tx, MONDAY)
            gateways.speak_to(tx, tenant, served.url, rail="wire")
            word = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
        at = datetime(2026, 11, 30, 14, 0, tzinfo=UTC)
        facts: dict[str, Any] = {"at": at, "routing": fake.ROUTING, "account": "000123456789"}
        first = served.twin.wire_in(gateways.usd("100.00"), text="A", end_to_end=word, **facts)
        second = served.twin.wire_in(gateways.usd("50.00"), text="B", end_to_end=word, **facts)
        numbers = [fact.message_id for fact in (wire.read_message(one.content).fact for one in (first, second)) if fact]
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            # The statement tells of the second before the provider does.
            content = statement(f"WIRE {word}", numbers[1], code="195", amount="50.00")
            settled = funding.settle_deposits(tx, artifact_id=stories.read(tx, "monday.bai", content))
            assert [one.amount for one in settled.new] == [gateways.usd("50.00")]
        for _ in range(2):
            assert not payments.pull(Outside(database, tenant.id, ACTOR), on=MONDAY).silent
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            assert stories.balances(tx, tenant) == {"CASH": "150.00", "CLIENT_FUNDS": "150.00"}
            # And now the statement tells of the first, and of the second with another amount.
            for name, number, amount in (("261201", numbers[0], "100.00"), ("261202", numbers[1], "50.01")):
                stories.at(tx, date.fromisoformat(f"20{name[:2]}-{name[2:4]}-{name[4:]}"))
                told = statement(f"WIRE {word}", number, code="195", amount=amount, day=name)
                settled = funding.settle_deposits(tx, artifact_id=stories.read(tx, name, told))
                assert settled.new == () and len(settled.repeated) == 1
            assert stories.balances(tx, tenant) == {"CASH": "150.00", "CLIENT_FUNDS": "150.00"}
            assert [case.category for case in cases.list_cases(tx)] == ["wire_differs"]


@pytest.mark.parametrize("dies", ["before submit", "after submit", "before record"])
def test_a_crash_around_the_sending_leaves_it_asked_about_and_sent_at_most_once(
    database: Database, tenant: TenantFixture, network: Served, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    class Died(BaseException):
        pass

    before = network.twin.count("pacs.008")
    prepared(database, tenant, network.url, "PAID")
    submit, record = InstantProvider.submit, order_answers.record

    def dying(*args: Any, **facts: Any) -> Any:
        if dies == "after submit":
            submit(*args, **facts)
        raise Died

    if dies == "before record":
        monkeypatch.setattr(order_answers, "record", lambda *_, **__: (_ for _ in ()).throw(Died()))
    else:
        monkeypatch.setattr(InstantProvider, "submit", dying)
    with pytest.raises(Died):
        payments.run_orders(database, tenant.id)
    monkeypatch.undo()
    assert record is order_answers.record and standing(database, tenant)["orders"] == ["sending"]
    assert payments.run_orders(database, tenant.id).sent == 0

    for _ in range(4):
        later(database, tenant, minutes=15)
        payments.run_orders(database, tenant.id)

    found = standing(database, tenant)
    if dies == "before submit":
        assert (found["orders"], found["instructions"]) == (["unheard"], ["awaiting_funding"])
        assert network.twin.count("pacs.008") == before
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            payments.submit_due(tx, on=MONDAY)
        payments.run_orders(database, tenant.id)
        found = standing(database, tenant)
    assert (found["orders"][-1], found["events"], found["book"]) == ("settled", ["settled"], {})
    assert network.twin.count("pacs.008") == before + 1


@pytest.mark.parametrize(
    ("word", "recall", "became"),
    [("GIVE", "promised", "returned"), ("KEEP", "refused", "settled"), ("WAIT", "promised", "returned")],
)
def test_a_wire_is_asked_back_and_only_what_comes_back_moves_money(
    database: Database, tenant: TenantFixture, network: Served, word: str, recall: str, became: str
) -> None:
    (payment,) = prepared(database, tenant, network.url, word)
    payments.run_orders(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        asked = payments.request_recall(tx, payment_id=payment, reason="DUPL", why="paid twice")
        assert isinstance(asked, payments.Order) and asked.recall == "asked"
    assert payments.run_orders(database, tenant.id).recalled == 1
    later(database, tenant, minutes=30)
    payments.run_orders(database, tenant.id)
    payments.run_orders(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert [(one.recall, one.status) for one in payments.list_orders(tx)] == [(recall, became)]
    book = standing(database, tenant)["book"]
    assert book == ({"CASH": "60.00", "CLIENT_FUNDS": "60.00"} if became == "returned" else {})


@pytest.mark.parametrize(
    ("day", "hour", "due_on", "settles", "goes"),
    [
        # Before the bank's cut-off at 17:45 in Chicago (23:45 UTC), and after it.
        (MONDAY, 15, MONDAY, MONDAY, True),
        (MONDAY, 23, MONDAY, MONDAY, True),
        (TUESDAY, 0, MONDAY, TUESDAY, False),
        # Due on Saturday: paid on the Friday before. Due on Thanksgiving: on the Wednesday.
        (date(2026, 11, 27), 15, date(2026, 11, 28), date(2026, 11, 27), True),
        (date(2026, 11, 25), 15, date(2026, 11, 26), date(2026, 11, 25), True),
    ],
)
def test_a_wire_goes_in_the_banks_window_of_its_day(
    database: Database,
    tenant: TenantFixture,
    network: Served,
    day: date,
    hour: int,
    due_on: date,
    settles: date,
    goes: bool,
) -> None:
    local = day if hour else day - timedelta(days=1)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, date(2026, 11, 24))
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "60.00")
        gateways.speak_to(tx, tenant, network.url, rail="wire")
        assert payments.commit_payroll(tx, batch(tx, tenant, "PAID", pay_on=due_on)).status == "committed"
        payments.submit_due(tx, on=local - timedelta(days=1))
        assert payments.list_orders(tx) == [], "not before its day"
        tenants.move_clock(tx, to=datetime(day.year, day.month, day.day, hour, 30 if not hour else 0, tzinfo=UTC))
        payments.submit_due(tx, on=local)
        (order,) = payments.list_orders(tx)
    assert order.effective_on == settles

    assert len(payments.run_orders(database, tenant.id) and standing(database, tenant)["events"]) == int(goes)
    if not goes:
        later(database, tenant, hours=7)
        payments.run_orders(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert [(one.status) for one in payments.list_orders(tx)] == ["settled"]
        assert tx.values("SELECT effective_on FROM payments.settlement_events") == [settles]


def test_what_was_ready_before_the_cut_off_and_is_sent_after_it_waits_for_the_next_day(
    database: Database, tenant: TenantFixture, network: Served
) -> None:
    before = network.twin.count("pacs.008")
    prepared(database, tenant, network.url, "PAID", hour=23)
    later(database, tenant, minutes=46)

    assert payments.run_orders(database, tenant.id).sent == 0
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (order,) = payments.list_orders(tx)
        assert (order.status, order.next_at) == ("ready", datetime(2026, 12, 1, 6, 0, tzinfo=UTC))
    later(database, tenant, hours=7)
    assert payments.run_orders(database, tenant.id).sent == 1

    assert network.twin.count("pacs.008") == before + 1
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert tx.values("SELECT effective_on FROM payments.settlement_events") == [TUESDAY]


def test_lost_late_and_doubled_answers_of_a_seed_change_nothing_in_the_end(
    database: Database, tenant: TenantFixture
) -> None:
    with gateways.fedwire(hang_seconds=0.1, seed=11, noise=Noise(lost=30, late=30, twice=30)) as network:
        prepared(database, tenant, network.url, "PAID", "SWAP", "BACK", "AC04", "HELD", "DUAL")
        for _ in range(14):
            payments.run_orders(database, tenant.id)
            later(database, tenant, minutes=20)
        payments.pull(Outside(database, tenant.id, ACTOR), on=MONDAY)
        payments.run_orders(database, tenant.id)
        assert network.twin.count("pacs.008") == 6

        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            assert stories.balances(tx, tenant) == {"CASH": "120.00", "CLIENT_FUNDS": "120.00"}
            for order in payments.list_orders(tx):
                told = network.twin.settled_count(order.reference or "")
                assert (order.status == "rejected") == (told == 0) and told <= 1


def test_what_cannot_be_a_wire_is_refused_by_name_and_nothing_is_committed(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "60.00")
        with pytest.raises(payments.RailUnavailable, match="no provider is set for wire"):
            payments.commit_payroll(tx, batch(tx, tenant, "PAID"))
        gateways.speak_to(tx, tenant, "http://127.0.0.1:9", rail="wire")
        for changes, said in (
            ({"address": None, "payroll_id": "PR-2"}, "no postal address is known of the creditor"),
            (
                {"address": parties.PostalAddress("上海", "CN"), "payroll_id": "PR-3"},
                "the creditor's town has characters",
            ),
        ):
            with pytest.raises(payments.RailUnavailable, match=said):
                payments.commit_payroll(tx, batch(tx, tenant, "PAID", **changes))  # type: ignore[arg-type]
        big = batch(tx, tenant, "PAID", payroll_id="PR-4")
        huge = replace(big.items[0], net_pay=gateways.usd("10000000000.00"))
        with pytest.raises(payments.RailUnavailable, match=r"0.01 to 9,999,999,999.99; split the payment"):
            payments.commit_payroll(tx, replace(big, items=(huge,)))
        # A bank that takes wires in another way is named with it.
        with pytest.raises(payments.InvalidProvider, match="by a form of its portal"):
            _portal(tx, monkeypatch)
        assert stories.counts(tx)["payments.instructions"] == 0


def _portal(tx: Tx, monkeypatch: pytest.MonkeyPatch) -> None:
    from headgate.payments.orders import providers

    text = banks.registry.data_files("headgate.rails.banks", ".toml")["sandbox"].replace(
        'message = "pacs.008"', 'message = "portal_form"'
    )
    profile = banks.read_profile(text, name="sandbox")
    monkeypatch.setattr(providers.banks, "of_routing", lambda _: profile)
    payments.set_provider(
        tx, rail="wire", url="http://127.0.0.1:9", routing_number=fake.ROUTING, account_number="1", address=gateways.LISLE
    )  # fmt: skip


def test_a_bank_that_is_telephoned_for_returns_is_not_sent_a_recall(
    database: Database, tenant: TenantFixture, network: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    (payment,) = prepared(database, tenant, network.url, "PAID")
    payments.run_orders(database, tenant.id)
    text = banks.registry.data_files("headgate.rails.banks", ".toml")["sandbox"].replace(
        'recall = "camt.056"', 'recall = "telephone"'
    )
    profile = banks.read_profile(text, name="sandbox")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx, monkeypatch.context() as patched:
        patched.setattr(banks, "get", lambda _: profile)
        said = payments.request_recall(tx, payment_id=payment, reason="DUPL", why="paid twice")

    assert isinstance(said, Refused) and "by telephone" in said.message
