"""What the console reads of payrolls, blocks and files: exact figures, and nothing of another tenant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import make
from tests.console import scenes
from tests.console.scenes import Scene
from tests.make import ACTOR, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY

from headgate import funding, payments
from headgate.core import terms
from headgate.core.db import Database, Tx

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def scene(database: Database) -> Scene:
    return scenes.at_the_gate(database)


@pytest.fixture
def tx(scene: Scene) -> Iterator[Tx]:
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as open_tx:
        yield open_tx


def names(rows: list[payments.PayrollRow]) -> list[str]:
    return [row.reference for row in rows]


def payrolls(tx: Tx, text: str) -> list[str]:
    return names(payments.find_payrolls(tx, terms.parse(text, payments.PAYROLL_TERMS)))


# ---------- blocks


def test_blocks_have_the_figures_of_their_judgement(tx: Tx, scene: Scene) -> None:
    conflict, lacking = sorted(payments.held_payrolls(tx), key=lambda block: block.reference)

    assert (conflict.payroll_id, conflict.reason, conflict.status) == (
        scene.conflict, "reservation_conflict", "blocked_funds",
    )  # fmt: skip
    assert (conflict.required, conflict.available, conflict.shortfall) == (usd("900.00"), usd("200.00"), usd("700.00"))
    assert (conflict.people, conflict.payments, conflict.covered_percent) == (2, 3, 22)
    assert (lacking.reason, lacking.required, lacking.available) == ("insufficient_funds", usd("620.00"), usd("130.00"))
    assert (lacking.times_asked, lacking.gate_type, lacking.legal_entity) == (1, "commit", "Second & Sons")
    assert [block.leaves_on for block in (conflict, lacking)] == [stories.date(2026, 12, 10)] * 2
    assert payments.count_held(tx) == 2


def test_a_block_says_who_holds_the_rest_and_what_would_open_it(tx: Tx, scene: Scene) -> None:
    standing = payments.standing(tx, payments.held_payroll(tx, scene.conflict))

    assert (standing.posted, standing.reserved, standing.available) == (usd("1000.00"), usd("800.00"), usd("200.00"))
    (holder,) = standing.holders
    assert (holder.payroll_id, holder.reference, holder.amount_minor, holder.payments) == (
        scene.passed, "PR-passed", 80000, 1,
    )  # fmt: skip
    assert [(one.action, one.amount_minor) for one in standing.advice] == [
        ("fund_account", 70000), ("split_payroll", 20000),
    ]  # fmt: skip
    assert standing.fit is None, "nobody is paid as little as is there"
    # What the client was asked for when the gate held it, by the day on which it must leave: nothing of it is on its way.
    (asked,) = standing.expected
    assert (asked.kind, asked.amount, asked.due_on, asked.rail) == (
        "asked_for", usd("700.00"), stories.date(2026, 12, 10), "inbound_wire",
    )  # fmt: skip
    assert not asked.is_on_its_way and asked.final_at.isoformat() == "2026-12-10T17:00:00+00:00"


def test_it_says_what_a_split_would_pay(tx: Tx, scene: Scene) -> None:
    held = payments.held_payroll(tx, scene.lacking)
    standing = payments.standing(tx, held)

    assert standing.fit is not None
    assert (standing.fit.people, standing.fit.amount) == (2, usd("120.00"))
    assert standing.payer_reference == funding.payer_reference(tx, legal_entity_id=scene.second.legal_entity_id)
    assert not standing.would_open(held)


def test_money_that_came_after_the_judgement_is_told_and_not_yet_judged(database: Database) -> None:
    scene = scenes.at_the_gate(database)
    scenes.fund_the_second(scene, "490.00")

    with database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        held = payments.held_payroll(tx, scene.lacking)
        standing = payments.standing(tx, held)
    assert standing.would_open(held) and standing.available == usd("620.00") and standing.advice == ()
    assert held.available == usd("130.00"), "the gate's word stands until it is asked again"

    assert scenes.ask_again(scene) == "committed"
    with database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        assert [block.payroll_id for block in payments.held_payrolls(tx)] == [scene.conflict]
        assert payments.count_held(tx) == 1
        with pytest.raises(payments.NoSuchPayroll):
            payments.held_payroll(tx, scene.lacking)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {"PR-conflict", "PR-lacking"}),
        ("reason:reservation_conflict", {"PR-conflict"}),
        ("-reason:reservation_conflict", {"PR-lacking"}),
        ("status:blocked_policy", set()),
        ("gate:pay", set()),
        ("payroll:PR-lacking", {"PR-lacking"}),
        ("shortfall:>500", {"PR-conflict"}),
        ("shortfall:<=490", {"PR-lacking"}),
        ("age:<1d currency:usd", {"PR-conflict", "PR-lacking"}),
        ("age:>1d", set()),
        ("currency:EUR", set()),
    ],
)
def test_blocks_are_found_by_query(tx: Tx, text: str, found: set[str]) -> None:
    query = terms.parse(text, payments.HELD_TERMS)

    assert {block.reference for block in payments.held_payrolls(tx) if block.is_found(query, tx.now())} == found


# ---------- payrolls


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["PR-lacking", "PR-conflict", "PR-passed", "PR-sent"]),
        ("status:blocked_funds", ["PR-lacking", "PR-conflict"]),
        ("status:pending", []),
        ("-status:blocked_funds", ["PR-passed", "PR-sent"]),
        ("gate:held", ["PR-lacking", "PR-conflict"]),
        ("gate:passed status:paying", ["PR-sent"]),
        ("payroll:PR-passed", ["PR-passed"]),
        ("amount:>=800", ["PR-conflict", "PR-passed"]),
        ("amount:<50 age:<1d", ["PR-sent"]),
        ("age:>1d", []),
    ],
)
def test_payrolls_are_found_by_query(tx: Tx, text: str, found: list[str]) -> None:
    query = terms.parse(text, payments.PAYROLL_TERMS)

    assert payrolls(tx, text) == found
    assert sum(total.count for total in payments.payroll_totals(tx, query)) == len(found)
    everything = [row.id for row in payments.find_payrolls(tx, terms.parse("", payments.PAYROLL_TERMS))]
    assert len(payments.matching_payrolls(tx, query, everything)) == len(found)
    assert payments.matching_payrolls(tx, query, everything[:1]) <= {everything[0]}


def test_a_payrolls_money_adds_up_by_where_it_is(tx: Tx, scene: Scene) -> None:
    rows = {row.reference: row for row in payments.find_payrolls(tx, terms.parse("", payments.PAYROLL_TERMS))}

    for row in rows.values():
        assert row.held + row.waiting + row.sent + row.settled + row.returned == row.total
    assert (rows["PR-conflict"].held, rows["PR-conflict"].shortfall) == (usd("900.00"), usd("700.00"))
    assert rows["PR-passed"].waiting == usd("800.00") and rows["PR-sent"].sent == usd("40.00")
    (total,) = payments.payroll_totals(tx, terms.parse("", payments.PAYROLL_TERMS))
    assert (total.amount, total.count, total.held, total.held_count) == (usd("2360.00"), 4, usd("1520.00"), 2)
    assert [(part.kind, part.amount, part.payments) for part in payments.payroll_parts(tx, scene.conflict)] == [
        ("net_pay", usd("800.00"), 2), ("tax", usd("100.00"), 1),
    ]  # fmt: skip
    assert payments.payroll_files(tx, scene.conflict) == []
    (carried,) = payments.payroll_files(tx, rows["PR-sent"].id)
    assert (carried.id, carried.payments, carried.amount) == (scene.file, 1, usd("40.00"))


def test_payrolls_page_by_id(tx: Tx) -> None:
    query = terms.parse("", payments.PAYROLL_TERMS)
    first = payments.find_payrolls(tx, query, limit=3)
    rest = payments.find_payrolls(tx, query, after=first[-1].id, limit=3)

    assert names(first + rest) == payrolls(tx, "")


# ---------- files


def test_a_file_is_listed_with_its_entries_and_no_account_number(tx: Tx, scene: Scene) -> None:
    row = payments.file_row(tx, scene.file)
    (entry,) = payments.file_entries(tx, scene.file)

    assert (row.status, row.credit, row.entry_count, row.settled, row.returned) == ("pending", usd("40.00"), 1, 0, 0)
    assert (entry.amount, entry.status, entry.last4) == (usd("40.00"), "sent", "0001")
    assert "55500" not in repr(entry)
    assert payments.file_entries(tx, scene.file, after=entry.trace_number) == []
    (payment,) = payments.list_instructions(tx, query=payments.parse_query(f"file:{scene.file}"))
    assert payment.id == entry.payment_id
    assert payments.list_instructions(tx, query=payments.parse_query("file:fil_none")) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 1), ("status:pending", 1), ("-status:pending", 0), ("amount:>40", 0), ("amount:>=40 age:<1d", 1),
     ("name:none", 0), ("status:rejected", 0)],
)  # fmt: skip
def test_files_are_found_by_query(tx: Tx, scene: Scene, text: str, count: int) -> None:
    query = terms.parse(text, payments.FILE_TERMS)

    assert len(payments.find_files(tx, query)) == count
    assert sum(total.count for total in payments.file_totals(tx, query)) == count
    assert len(payments.matching_files(tx, query, [scene.file])) == count


def test_what_came_back_is_counted_with_its_file(database: Database) -> None:
    from tests.console.book import filled

    book = filled(database)
    with database.begin(tenant_id=book.tenant.id, actor=ACTOR) as tx:
        rows = payments.find_files(tx, terms.parse("status:settled", payments.FILE_TERMS))
        (row,) = rows
        entries = payments.file_entries(tx, row.id)
        paid = payments.payroll_row(
            tx, payments.find_payrolls(tx, terms.parse("payroll:PR-1", payments.PAYROLL_TERMS))[0].id
        )
    assert (row.settled, row.returned, row.money_returned) == (2, 1, usd("500.25"))
    assert [(entry.status, entry.return_code) for entry in entries] == [
        ("settled", None), ("returned", "R03"), ("settled", None),
    ]  # fmt: skip
    assert (paid.settled, paid.returned, paid.returned_count) == (usd("1250.00"), usd("500.25"), 1)


# ---------- deposits


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("", ["77.10", "130.00", "1040.00"]),
        ("status:unknown_payer", ["77.10"]),
        ("status:final", ["130.00", "1040.00"]),
        ("-status:final -status:unknown_payer", []),
        ("rail:wire amount:>100", ["130.00", "1040.00"]),
        ("rail:realtime", []),
        ("amount:77.10", ["77.10"]),
        ("age:>1d", []),
        ("currency:EUR", []),
    ],
)
def test_deposits_are_found_by_query(tx: Tx, text: str, amounts: list[str]) -> None:
    query = terms.parse(text, funding.DEPOSIT_TERMS)
    rows = funding.find_deposits(tx, query)

    assert [row.amount for row in rows] == [usd(amount) for amount in amounts]
    assert sum(total.count for total in funding.deposit_totals(tx, query)) == len(amounts)
    assert len(funding.matching_deposits(tx, query, [row.id for row in rows])) == len(amounts)


def test_money_of_an_unknown_payer_stands_apart(tx: Tx, scene: Scene) -> None:
    row = funding.deposit_row(tx, scene.unknown)
    (total,) = funding.deposit_totals(tx, terms.parse("", funding.DEPOSIT_TERMS))

    assert (row.status, row.legal_entity, row.reference) == ("unknown_payer", None, None)
    assert (total.amount, total.unknown, total.unknown_count) == (usd("1247.10"), usd("77.10"), 1)
    assert (total.provisional, total.provisional_count) == (usd("0.00"), 0)
    (day,) = funding.received_by_day(tx, currency="USD", since=MONDAY)
    assert (day.on, day.amount, day.count) == (MONDAY, usd("1247.10"), 3)
    assert funding.received_by_day(tx, currency="USD", since=TUESDAY) == []
    assert funding.received_by_day(tx, currency="EUR", since=MONDAY) == []


def test_money_that_is_not_final_is_expected_and_not_received(database: Database) -> None:
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY, 15)
        stories.fund(tx, tenant, "10.00")
        stories.at(tx, MONDAY, 13)

        (row,) = funding.find_deposits(tx, terms.parse("status:provisional", funding.DEPOSIT_TERMS))
        (coming,) = funding.expected(tx, legal_entity_id=tenant.legal_entity_id, currency="USD")
        received = funding.received_by_day(tx, currency="USD", since=MONDAY)
        elsewhere = funding.expected(tx, currency="EUR")
        stories.at(tx, MONDAY, 16)
        later = funding.expected(tx)
    assert (coming.source_id, coming.amount, coming.final_at) == (row.id, usd("10.00"), row.final_at)
    assert received == [] and elsewhere == [] and later == []


# ---------- changes and strangers


def test_a_change_is_told_of_everything_that_it_touches(database: Database) -> None:
    scene = scenes.at_the_gate(database)
    make.caught_up(database, scene.tenant.id)
    with database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        position, changed = payments.changed_things(tx, after=None)
        assert changed == []
    scenes.fund_the_second(scene, "490.00")
    assert scenes.ask_again(scene) == "committed"
    make.caught_up(database, scene.tenant.id)
    with database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        position, changed = payments.changed_things(tx, after=position)
    told = set(changed)
    with database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        paid = payments.list_instructions(tx, query=payments.parse_query(f"payroll:{scene.lacking}"))
        newest = funding.find_deposits(tx, terms.parse("", funding.DEPOSIT_TERMS))[0]
        assert payments.changed_things(tx, after=position)[1] == []

    assert told == {scene.lacking, newest.id, *(payment.id for payment in paid)}


def test_another_tenant_has_none_of_it(database: Database, scene: Scene) -> None:
    stranger = make.tenant(database)
    with database.begin(tenant_id=stranger.id, actor=ACTOR) as tx:
        assert payments.held_payrolls(tx) == [] and payments.count_held(tx) == 0
        assert payments.payroll_rows(tx, [scene.lacking]) == [] == payments.payroll_parts(tx, scene.lacking)
        assert payments.payroll_files(tx, scene.lacking) == []
        assert payments.file_rows(tx, [scene.file]) == [] == payments.file_entries(tx, scene.file)
        assert funding.deposit_rows(tx, [scene.unknown]) == []
        assert funding.known_reference(tx, legal_entity_id=scene.second.legal_entity_id) is None
        assert payments.changed_things(tx, after=0)[1] == []
        for missing in (
            lambda: payments.held_payroll(tx, scene.lacking),
            lambda: payments.payroll_row(tx, scene.lacking),
            lambda: payments.file_row(tx, scene.file),
            lambda: funding.deposit_row(tx, scene.unknown),
        ):
            with pytest.raises((payments.NoSuchPayroll, payments.NoSuchFile, funding.NoSuchDeposit)):
                missing()
