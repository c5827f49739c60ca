"""What people see: the list and its queries, one payment's life, the overview."""

from __future__ import annotations

import pytest
from tests import make
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY

from headgate import payments
from headgate.core.db import Database, Tx
from headgate.core.money import Money
from headgate.payments import MalformedQuery
from headgate.rails import ach, fake

pytestmark = pytest.mark.slow


@pytest.fixture
def book(tx: Tx, tenant: TenantFixture) -> str:
    """Monday's payroll of 100, 60 and 40 settled; the 60 came back; another payroll of 500 is held at the gate."""
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "300.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00", "60.00", "40.00"))
    (file,) = payments.submit_due(tx, on=MONDAY)
    content = payments.file_bytes(tx, file.id)
    stories.at(tx, WEDNESDAY)
    payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tue", stories.statement([content])))
    trace = list(ach.read_file(content).entries)[1].trace_number
    returned = fake.return_file([content], {trace: "R03"}, on=WEDNESDAY)
    payments.return_from_file(tx, artifact_id=stories.read(tx, "ret", returned))
    payments.commit_payroll(tx, stories.batch(tx, tenant, "500.00", payroll_id="PR-2"))
    return file.id


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [50000, 4000, 6000, 10000]),
        ("status:settled", [4000, 10000]),
        ("-status:settled", [50000, 6000]),
        ("amount:>60", [50000, 10000]),
        ("amount:>=60.00 amount:<500", [6000, 10000]),
        ("amount:60", [6000]),
        ("payroll:PR-2", [50000]),
        ("payee:E-2", [6000]),
        ("code:r03", [6000]),
        ("kind:net_pay rail:ach currency:usd -code:R03", [50000, 4000, 10000]),
        ("age:<1h", [50000]),
        ("age:>1d status:settled", [4000, 10000]),
        ("-rail:ach", []),
    ],
)
def test_a_query_finds(tx: Tx, book: str, query: str, found: list[int]) -> None:
    rows = payments.list_instructions(tx, query=payments.parse_query(query))

    assert [row.amount_minor for row in rows] == found
    assert sum(total.count for total in payments.totals(tx, payments.parse_query(query))) == len(found)


@pytest.mark.parametrize(
    "query",
    ["status:gone", "colour:red", "amount:>x", "amount:1.234", "age:<2y", "age:2d", "status:>sent", "rail:pigeon",
     "hello", "payroll:", "' OR true --", "-amount:5", " ".join(["status:sent"] * 11)],
)  # fmt: skip
def test_a_bad_term_is_named(query: str) -> None:
    with pytest.raises(MalformedQuery, match="is no term"):
        payments.parse_query(query)


def test_a_list_goes_on_after_its_last_row(tx: Tx, book: str) -> None:
    query = payments.parse_query("")
    first = payments.list_instructions(tx, query=query, limit=3)

    rest = payments.list_instructions(tx, query=query, after=first[-1].id, limit=3)

    assert [row.amount_minor for row in rest] == [10000]
    assert payments.rows_by_ids(tx, [rest[0].id]) == rest


def test_totals_tell_what_came_back(tx: Tx, book: str) -> None:
    assert payments.totals(tx, payments.parse_query("payroll:PR-1")) == [
        payments.CurrencyTotal(usd("200.00"), 3, usd("60.00"), 1)
    ]


def test_a_returned_payment_s_life_is_told_whole(tx: Tx, tenant: TenantFixture, book: str) -> None:
    row = payments.list_instructions(tx, query=payments.parse_query("status:returned"))[0]

    life = payments.get_life(tx, row.id)

    assert life.row.payee == "Employee Number2" and life.row.payroll_reference == "PR-1"
    assert life.row.effective_on == TUESDAY
    assert [reason.icon for reason in life.reasons] == ["return", "book", "lock", "pause", "person"]
    assert "Wed 2 Dec 2026 with R03" in life.reasons[0].text and life.case_id in life.reasons[4].text
    assert life.account == "•••• 0002 at 021000021"
    assert life.reservation is not None and life.reservation.status == "captured"
    assert [(account.name, account.debit, account.credit) for account in life.t_accounts] == [
        ("Client funds", usd("60.00"), usd("60.00")),
        ("Payroll on its way", usd("60.00"), usd("60.00")),
        ("Cash at the bank", usd("0.00"), usd("60.00")),
        ("Settlements on their way", usd("60.00"), usd("0.00")),
    ]
    assert [mark.text for mark in life.marks] == ["Sent over ACH", "Settled at the bank", "Returned with R03"]
    assert life.t_accounts[0].lines == [((usd("60.00"), 1), (usd("60.00"), 3))]
    texts = [event.text for event in life.events if event.type.startswith("payments.")]
    assert texts == ["Passed the gate, money reserved", "Sent in a file", "Settled", "Returned"]
    assert [source.label for source in life.source] == ["Bank statement", "Return file"]
    assert life.proof is not None and life.proof.events == len(life.events)


def test_a_held_payment_says_what_is_missing_and_who_must_act(tx: Tx, book: str) -> None:
    row = payments.list_instructions(tx, query=payments.parse_query("status:blocked_funds"))[0]

    life = payments.get_life(tx, row.id)

    assert life.reasons[0].icon == "gate"
    assert "needs 500.00 USD for payroll PR-2; 160.00 USD is there, 340.00 USD is missing" in life.reasons[0].text
    assert "Please fund $340.00 to proceed." in life.reasons[1].text
    assert life.t_accounts == () and life.reservation is None


def test_the_other_standings_have_their_words(tx: Tx, tenant: TenantFixture) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "300.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00"))

    def words() -> str:
        row = payments.list_instructions(tx, query=payments.parse_query(""))[0]
        return " ".join(reason.text for reason in payments.get_life(tx, row.id).reasons)

    assert "reserved for it alone" in words() and "due on Tue 1 Dec 2026" in words()
    (file,) = payments.submit_due(tx, on=MONDAY)
    assert file.name in words() and "waits to be handed to the bank" in words()
    tx.run(
        "UPDATE payments.ach_files SET status = 'delivered', delivered_at = now() WHERE id = %(id)s", {"id": file.id}
    )
    assert "was handed to the bank" in words() and file.reference in words()
    stories.at(tx, WEDNESDAY)
    statement = stories.statement([payments.file_bytes(tx, file.id)])
    payments.settle_from_statement(tx, artifact_id=stories.read(tx, "tue", statement))
    assert "statement of Tue 1 Dec 2026" in words() and "Nobody needs to act" in words()


def test_the_flow_is_drawn_from_the_book(tx: Tx, book: str) -> None:
    flow = payments.flow(tx, currency="USD")

    assert (flow.expected, flow.received) == (usd("700.00"), usd("300.00"))
    assert (flow.reserved, flow.sent, flow.settled) == (usd("200.00"), usd("200.00"), usd("140.00"))
    assert (flow.held, flow.held_here, flow.in_flight) == (usd("500.00"), usd("160.00"), usd("0.00"))
    assert (flow.payments_settled, flow.payrolls_expected, flow.blocks) == (2, 2, 1)
    (block,) = payments.held_payrolls(tx)
    assert (block.reference, block.required, block.available, block.shortfall) == (
        "PR-2",
        usd("500.00"),
        usd("160.00"),
        usd("340.00"),
    )
    assert payments.currencies(tx) == ["USD"]
    assert payments.time_zone(tx) == "America/Chicago"
    assert payments.flow(tx, currency="CAD").expected == Money(0, "CAD")


def test_changes_are_told_once(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        position, changed = payments.recent_changes(tx, after=None)
        assert changed == []
        stories.at(tx, MONDAY)
        stories.fund(tx, tenant, "300.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "100.00"))
        (row,) = payments.list_instructions(tx, query=payments.parse_query(""))

    make.caught_up(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        after, changed = payments.recent_changes(tx, after=position)

    assert changed == [row.id] and after > position
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert payments.recent_changes(tx, after=after)[1] == []


def test_what_is_not_there_is_not_found(tx: Tx, tenant: TenantFixture) -> None:
    for verb in (
        payments.get_life,
        payments.get_instruction,
        payments.get_payroll,
        payments.get_file,
        payments.file_bytes,
    ):
        with pytest.raises((payments.NoSuchInstruction, payments.NoSuchPayroll, payments.NoSuchFile)):
            verb(tx, "pay_nothing")  # type: ignore[operator]
    with pytest.raises(payments.NoSuchInstruction):
        payments.name_account(tx, payment_id="pay_nothing", bank_account_id="bac_nothing")


def test_large_lists_use_their_indexes(database: Database, tenant: TenantFixture, tx: Tx, book: str) -> None:
    from headgate.payments import search

    tx.run("SET LOCAL enable_seqscan = off")
    for query in ("status:settled", "payroll:PR-1", "amount:>60"):
        asked = payments.parse_query(query)
        plan = "\n".join(
            str(row["QUERY PLAN"])
            for row in tx.all(
                "EXPLAIN " + search._SELECT + search._where(asked.conditions) + " ORDER BY i.id DESC LIMIT 50",
                {**asked.params, "tenant": tx.tenant_id},
            )
        )
        assert "Seq Scan on instructions" not in plan, plan
