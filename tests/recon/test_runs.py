"""A day of the bank against a day of the book: balanced, or every difference named with its case."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make

from headgate import cases, ingestion, ledger, recon
from headgate.core.db import Database, Tx
from headgate.core.errors import AppendOnly
from headgate.core.money import Money, total
from headgate.ledger import Entry
from headgate.rails import fake
from headgate.recon.errors import Superseded

pytestmark = pytest.mark.slow

ON = date(2026, 11, 18)
NOON = datetime(2026, 11, 18, 18, tzinfo=UTC)
ACCOUNT = fake.BankAccount("000123456789", fake.ROUTING)
CREDIT, DEBIT = True, False


def line(is_credit: bool, amount: str, reference: str) -> fake.BankLine:
    return fake.BankLine(is_credit, make.usd(amount), "195" if is_credit else "466", reference, "TEXT")


def statement(tx: Tx, *lines: fake.BankLine, opening: str = "0.00", on: date = ON, number: int = 1) -> str:
    """The bank's day arrives; its statement's id."""
    day = fake.BankDay(account=ACCOUNT, on=on, opening=make.usd(opening), lines=lines)
    artifact = ingestion.receive(tx, source="bank.test", filename=f"{number}.bai", data=fake.bai2(day))
    reading = ingestion.read(tx, artifact.id)
    assert isinstance(reading, ingestion.Reading)
    [found] = ingestion.list_statements(tx, artifact_id=artifact.id)
    return found.id


def post(tx: Tx, amount: str, reference: str | None, *, at: datetime = NOON, key: str | None = None) -> None:
    """A leg on CASH: positive money came, negative money went."""
    cash = ledger.account_for(tx, "CASH", "USD").id
    other = ledger.account_for(tx, "SUSPENSE", "USD").id
    money = make.usd(amount.removeprefix("-"))
    entry = Entry(other, cash, money) if amount.startswith("-") else Entry(cash, other, money)
    count = tx.value("SELECT count(*) FROM ledger.transactions")
    posted = ledger.post(
        tx,
        idempotency_key=key or f"test:{count}",
        entries=[entry],
        effective_at=at,
        metadata={"reference": reference} if reference else None,
    )
    assert isinstance(posted, ledger.Posted)


def mirror(tx: Tx) -> int:
    return ledger.account_for(tx, "CASH", "USD").id


def linked(tx: Tx, statement_id: str) -> None:
    recon.link_bank_account(tx, account=mirror(tx), statement_id=statement_id)


def named(run: recon.Reconciliation) -> list[tuple[str, str | None, str, str]]:
    return [(one.kind, one.reference, str(one.bank.major), str(one.book.major)) for one in run.differences]


def told(tx: Tx) -> list[tuple[str, dict[str, Any]]]:
    rows = tx.all(
        """
        SELECT event_type, payload FROM messaging.outbox_messages
         WHERE event_type LIKE 'payment.reconciled%%' ORDER BY id
        """,
        {},
    )
    return [(row["event_type"], row["payload"]) for row in rows]


@pytest.fixture
def cash(tx: Tx, tenant: make.TenantFixture) -> str:
    """The code of the account that mirrors the bank account."""
    return ledger.account_for(tx, "CASH", "USD").code


def test_a_day_balances_line_by_line_and_file_by_group(tx: Tx, cash: str) -> None:
    linked(
        tx,
        statement(
            tx, line(CREDIT, "1000.00", "HGACME"), line(DEBIT, "600.00", "FILE0001"), line(CREDIT, "100.00", "pay1")
        ),
    )
    post(tx, "1000.00", "HGACME")
    for amount in ("-100.00", "-200.00", "-300.00"):
        post(tx, amount, "FILE0001")
    post(tx, "100.00", "pay1")

    run = recon.run(tx, account=cash, on=ON)

    assert (run.status, run.variance, run.differences) == ("balanced", make.usd("0.00"), ())
    assert (run.bank_total, run.sor_total) == (make.usd("500.00"), make.usd("500.00"))
    assert (run.details["lines"], run.details["legs"], run.details["closing"]) == (3, 5, {"bank": 50000, "book": 50000})
    matches = recon.list_matches(tx, reconciliation_id=run.id)
    assert sorted((match.rule, match.reference, match.legs) for match in matches) == [
        ("exact_one_to_group_v1", "FILE0001", 3),
        ("exact_one_to_one_v1", "HGACME", 1),
        ("exact_one_to_one_v1", "pay1", 1),
    ]
    assert cases.list_cases(tx) == []
    [(event_type, payload)] = told(tx)
    assert event_type == "payment.reconciled.ok"
    assert (payload["variance"], payload["status"], payload["schema"]) == (0, "balanced", "headgate.payments.v1")


def test_run_again_finds_the_same_and_changes_nothing(tx: Tx, cash: str) -> None:
    linked(tx, statement(tx, line(CREDIT, "10.00", "A")))
    post(tx, "10.00", "A")
    first = recon.run(tx, account=cash, on=ON)

    assert recon.run(tx, account=cash, on=ON) == first

    assert tx.value("SELECT count(*) FROM recon.reconciliations") == 1
    assert tx.value("SELECT count(*) FROM recon.matches") == 1
    assert len(told(tx)) == 1


@pytest.mark.parametrize(
    ("lines", "legs", "differences"),
    [
        ([(CREDIT, "10.00", "A")], [], [("missing_in_book", "A", "10.00", "0.00")]),
        ([], [("10.00", "A")], [("missing_at_bank", "A", "0.00", "10.00")]),
        ([(CREDIT, "10.00", "A")], [("9.99", "A")], [("amount_differs", "A", "10.00", "9.99")]),
        (
            [(CREDIT, "10.00", "A")],
            [("10.00", "B")],
            [("missing_at_bank", "B", "0.00", "10.00"), ("missing_in_book", "A", "10.00", "0.00")],
        ),
        (
            [(CREDIT, "10.00", "A")],
            [("-10.00", "A")],
            [("missing_at_bank", "A", "0.00", "-10.00"), ("missing_in_book", "A", "10.00", "0.00")],
        ),
        (
            [(CREDIT, "10.00", "A")],
            [("10.00", None)],
            [("missing_at_bank", None, "0.00", "10.00"), ("missing_in_book", "A", "10.00", "0.00")],
        ),
        ([(DEBIT, "6.00", "F")], [("-1.00", "F"), ("-2.00", "F")], [("amount_differs", "F", "-6.00", "-3.00")]),
        (
            [(CREDIT, "1.00", "A"), (CREDIT, "2.00", "A")],
            [("1.50", "A"), ("1.50", "A")],
            [("ambiguous", "A", "3.00", "3.00")],
        ),
        (
            [(CREDIT, "5.00", "A"), (DEBIT, "5.00", "A")],
            [],
            [("missing_in_book", "A", "-5.00", "0.00"), ("missing_in_book", "A", "5.00", "0.00")],
        ),
        ([(CREDIT, "7.00", "A"), (CREDIT, "7.00", "A")], [("7.00", "A")], [("missing_in_book", "A", "7.00", "0.00")]),
    ],
    ids=[
        "book lacks it",
        "bank lacks it",
        "amount",
        "identifier",
        "side",
        "no identifier",
        "group short",
        "N to M",
        "both ways",
        "twice",
    ],
)
def test_what_differs_is_named_with_a_case(
    tx: Tx,
    cash: str,
    lines: list[tuple[bool, str, str]],
    legs: list[tuple[str, str | None]],
    differences: list[tuple[str, str | None, str, str]],
) -> None:
    linked(tx, statement(tx, *(line(*one) for one in lines)))
    for amount, reference in legs:
        post(tx, amount, reference)

    run = recon.run(tx, account=cash, on=ON)

    assert run.status == "variance"
    assert sorted(named(run), key=str) == sorted(differences, key=str)
    opened = {case.id: case for case in cases.list_cases(tx)}
    assert {one.case_id for one in run.differences} == set(opened)
    assert {case.category for case in opened.values()} == {"reconcile_variance"}
    [(event_type, payload)] = told(tx)
    assert event_type == "payment.reconciled.discrepancy"
    assert [one["case_id"] for one in payload["missing"]] == [one.case_id for one in run.differences]


def test_a_later_run_goes_on_from_what_was_left_and_supersedes_the_former(tx: Tx, cash: str) -> None:
    linked(tx, statement(tx, line(CREDIT, "10.00", "A"), line(CREDIT, "20.00", "B")))
    post(tx, "10.00", "A")
    first = recon.run(tx, account=cash, on=ON)
    assert named(first) == [("missing_in_book", "B", "20.00", "0.00")]

    post(tx, "20.00", "B")
    second = recon.run(tx, account=cash, on=ON)

    assert (second.status, second.differences) == ("balanced", ())
    assert recon.get_reconciliation(tx, first.id).superseded_by == second.id
    assert [run.id for run in recon.list_reconciliations(tx)] == [second.id]
    assert [run.id for run in recon.list_reconciliations(tx, superseded=True)] == [second.id, first.id]
    assert [match.reference for match in recon.list_matches(tx, reconciliation_id=first.id)] == ["A"]
    assert [match.reference for match in recon.list_matches(tx, reconciliation_id=second.id)] == ["B"]
    assert [event_type for event_type, _ in told(tx)] == ["payment.reconciled.discrepancy", "payment.reconciled.ok"]


def test_the_same_difference_found_again_is_the_same_case(tx: Tx, cash: str) -> None:
    linked(tx, statement(tx, line(CREDIT, "10.00", "A")))
    first = recon.run(tx, account=cash, on=ON)
    post(tx, "1.00", "B")

    second = recon.run(tx, account=cash, on=ON)

    again = {one.reference: one.case_id for one in second.differences}
    assert again["A"] == first.differences[0].case_id
    assert len(cases.list_cases(tx)) == 2


def test_a_reversal_leaves_the_day_out_of_balance_until_the_bank_has_it_too(tx: Tx, cash: str) -> None:
    linked(tx, statement(tx, line(CREDIT, "10.00", "A")))
    post(tx, "10.00", "A", key="first")
    assert recon.run(tx, account=cash, on=ON).status == "balanced"
    transaction_id = tx.value("SELECT id FROM ledger.transactions WHERE key = 'first'")
    post(tx, "-10.00", None)

    run = recon.run(tx, account=cash, on=ON)

    assert transaction_id is not None
    assert named(run) == [("missing_at_bank", None, "0.00", "-10.00")]
    assert run.variance == make.usd("10.00")


def test_an_opening_balance_that_the_book_lacks_is_named(tx: Tx, cash: str) -> None:
    linked(tx, statement(tx, line(CREDIT, "10.00", "A"), opening="250.00"))
    post(tx, "10.00", "A")

    run = recon.run(tx, account=cash, on=ON)

    assert (run.status, run.variance) == ("variance", make.usd("0.00"))
    assert named(run) == [("opening_differs", None, "250.00", "0.00")]
    assert run.details["closing"] == {"bank": 26000, "book": 1000}


def test_the_book_opens_with_the_days_before(tx: Tx, cash: str) -> None:
    post(tx, "250.00", "EARLIER", at=NOON - timedelta(days=1))
    linked(tx, statement(tx, line(CREDIT, "10.00", "A"), opening="250.00"))
    post(tx, "10.00", "A")

    assert recon.run(tx, account=cash, on=ON).status == "balanced"


def test_a_statement_that_does_not_add_up_is_named(tx: Tx, cash: str) -> None:
    day = fake.BankDay(account=ACCOUNT, on=ON, opening=make.usd("0.00"), lines=(line(CREDIT, "10.00", "A"),))
    data = (
        fake.bai2(day).replace(b"015,1000", b"015,1500").replace(b"49,3000", b"49,3500").replace(b"98,3000", b"98,3500")
    )
    artifact = ingestion.receive(tx, source="bank.test", filename="a.bai", data=data.replace(b"99,3000", b"99,3500"))
    ingestion.read(tx, artifact.id)
    linked(tx, ingestion.list_statements(tx)[0].id)
    post(tx, "10.00", "A")

    run = recon.run(tx, account=cash, on=ON)

    assert named(run) == [("statement_unproved", None, "15.00", "10.00")]


def test_without_a_statement_the_day_is_open_and_nothing_is_told(tx: Tx, cash: str) -> None:
    linked(tx, statement(tx, line(CREDIT, "10.00", "A")))
    tomorrow = ON + timedelta(days=1)
    post(tx, "5.00", "C", at=NOON + timedelta(days=1))

    run = recon.run(tx, account=cash, on=tomorrow)

    assert (run.status, run.bank_total, run.variance, run.sor_total) == ("open", None, None, make.usd("5.00"))
    assert told(tx) == []
    assert cases.list_cases(tx) == []

    statement(tx, line(CREDIT, "5.00", "C"), opening="0.00", on=tomorrow)
    assert recon.run(tx, account=cash, on=tomorrow).status == "balanced"


def test_a_day_is_that_of_the_legal_entity_or_utc(tx: Tx, cash: str) -> None:
    linked(tx, statement(tx, line(CREDIT, "10.00", "A")))
    post(tx, "10.00", "A", at=datetime(2026, 11, 17, 23, 59, tzinfo=UTC))

    run = recon.run(tx, account=cash, on=ON)

    assert [kind for kind, *_ in named(run)] == ["missing_in_book", "opening_differs"]


def test_lines_without_any_reference_match_by_the_record_itself(tx: Tx, cash: str) -> None:
    day = fake.BankDay(account=ACCOUNT, on=ON, opening=make.usd("0.00"), lines=(line(CREDIT, "10.00", "A"),))
    artifact = ingestion.receive(
        tx, source="bank.test", filename="a.bai", data=fake.bai2(day).replace(b"20261118000001,A,", b",,")
    )
    ingestion.read(tx, artifact.id)
    [only] = ingestion.statement_lines(tx, artifact.id)
    linked(tx, only.statement_id)
    assert only.reference == only.record_id
    post(tx, "10.00", only.reference)

    assert recon.run(tx, account=cash, on=ON).status == "balanced"


def test_an_account_is_linked_before_it_is_reconciled(tx: Tx, cash: str) -> None:
    with pytest.raises(recon.NotLinked, match=f"no bank account is linked to {cash}"):
        recon.run(tx, account=cash, on=ON)

    assert tx.value("SELECT count(*) FROM recon.reconciliations") == 0


def test_a_bank_account_mirrors_one_account_of_the_book(tx: Tx, cash: str) -> None:
    first = statement(tx, line(CREDIT, "10.00", "A"))
    link = recon.link_bank_account(tx, account=cash, statement_id=first)

    assert recon.link_bank_account(tx, account=cash, statement_id=first) == link
    assert link.account_last4 == "6789"
    assert recon.list_links(tx) == [link]
    assert tx.value("SELECT count(*) FROM audit.events WHERE type = 'recon.account.linked'") == 1
    with pytest.raises(recon.LinkedElsewhere):
        recon.link_bank_account(tx, account=ledger.account_for(tx, "SUSPENSE", "USD").id, statement_id=first)
    assert len(recon.list_links(tx)) == 1


def test_a_link_has_one_currency_and_names_what_is_missing(tx: Tx, cash: str) -> None:
    euros = ledger.create_account(tx, code="cash-eur", name="Euros", type="ASSET", currency="EUR")
    found = statement(tx, line(CREDIT, "10.00", "A"))

    with pytest.raises(recon.CurrencyDiffers):
        recon.link_bank_account(tx, account=euros.id, statement_id=found)
    with pytest.raises(Exception, match="statement"):
        recon.link_bank_account(tx, account=cash, statement_id="stm_none")
    with pytest.raises(recon.NoSuchReconciliation):
        recon.get_reconciliation(tx, "rcn_none")

    assert recon.list_links(tx) == []


def test_the_database_holds_a_line_and_a_leg_to_one_match(tx: Tx, cash: str) -> None:
    linked(tx, statement(tx, line(CREDIT, "10.00", "A")))
    post(tx, "10.00", "A")
    recon.run(tx, account=cash, on=ON)

    for table in ("match_records", "match_legs"):
        with pytest.raises(psycopg.errors.UniqueViolation), tx.savepoint():
            tx.conn.execute(f"INSERT INTO recon.{table} SELECT * FROM recon.{table}")  # type: ignore[call-overload]


def test_a_superseded_run_stays_so_and_nothing_else_of_a_run_changes(tx: Tx, cash: str) -> None:
    linked(tx, statement(tx, line(CREDIT, "10.00", "A")))
    recon.run(tx, account=cash, on=ON)
    post(tx, "10.00", "A")
    recon.run(tx, account=cash, on=ON)

    with pytest.raises(Superseded), tx.savepoint():
        tx.run("UPDATE recon.reconciliations SET superseded_by = NULL WHERE superseded_by IS NOT NULL")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), tx.savepoint():
        tx.conn.execute("UPDATE recon.reconciliations SET status = 'balanced'")


@pytest.mark.parametrize("table", ["links", "matches", "match_records", "match_legs", "differences"])
def test_matches_and_differences_are_append_only(admin: psycopg.Connection[Any], table: str) -> None:
    with pytest.raises(psycopg.Error) as refused:
        admin.execute(f"DELETE FROM recon.{table}")  # type: ignore[call-overload]

    assert refused.value.sqlstate == AppendOnly.sqlstate


def test_runs_at_once_make_one_result(database: Database, tenant: make.TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        linked(tx, statement(tx, line(CREDIT, "10.00", "A"), line(CREDIT, "20.00", "B")))
        post(tx, "10.00", "A")

    def reconcile(_: int) -> str:
        with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            return recon.run(tx, account=mirror(tx), on=ON).id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(reconcile, range(12)))) == 1

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert tx.value("SELECT count(*) FROM recon.matches") == 1


AMOUNTS = st.lists(st.integers(1, 3), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(st.tuples(st.sampled_from("AB"), st.booleans(), AMOUNTS, st.integers(0, 2)), max_size=5))
@pytest.mark.slow
def test_every_cent_is_matched_or_named(database: Database, days: list[tuple[str, bool, list[int], int]]) -> None:
    """Whatever lines and legs a day has: bank total = matched + named, and so is the book's; nothing counts twice."""
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        lines, legs = [], []
        for reference, is_credit, parts, skew in days:
            amount = sum(parts) + (1 if skew == 1 else 0)
            if skew != 2:
                lines.append(line(is_credit, f"{amount}.00", reference))
            legs += [(f"{'' if is_credit else '-'}{part}.00", reference) for part in parts]
        linked(tx, statement(tx, *lines))
        for amount_text, reference in legs:
            post(tx, amount_text, reference)

        run = recon.run(tx, account=mirror(tx), on=ON)

        matched = total([match.signed for match in recon.list_matches(tx, reconciliation_id=run.id)], "USD")
        own = [one for one in run.differences if one.kind not in ("opening_differs", "statement_unproved")]
        assert run.bank_total == matched + total([one.bank for one in own], "USD")
        assert run.sor_total == matched + total([one.book for one in own], "USD")
        assert (run.status == "balanced") == (not run.differences)
        assert recon.run(tx, account=mirror(tx), on=ON) == run
        assert tx.all("SELECT * FROM recon.invariant_matches_are_equal") == []
        assert isinstance(run.variance, Money)
