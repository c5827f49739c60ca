"""The simulated bank: it refuses what a bank refuses, books to the cent, and sends back what it is told to."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from lxml import etree
from tests.rails import files as make

from headgate.core.money import Money
from headgate.rails import FileRefused, UnknownTrace, ach, fake
from headgate.rails.ach import layout as tables

ACCOUNT = fake.BankAccount(number="000123456789", routing=fake.ROUTING)
WIRE = fake.WireIn(make.usd("5000.00"), "WIRE-77", "ACME INC")
WEDNESDAY = make.TUESDAY + timedelta(days=1)


def day(**changes: object) -> fake.BankDay:
    facts: dict[str, object] = {"account": ACCOUNT, "on": make.TUESDAY, "opening": make.usd("10.00")}
    return fake.book(**{**facts, **changes})  # type: ignore[arg-type]


def lines(booked: fake.BankDay) -> list[tuple[bool, str, int, str]]:
    return [(line.is_credit, line.type_code, line.amount.minor, line.customer_reference) for line in booked.lines]


def test_a_file_with_a_broken_rule_is_refused_and_nothing_is_booked() -> None:
    broken = make.bend(make.CONTROL, tables.BATCH_CONTROL, "entry_hash", "0000000001")
    content = "\n".join(broken(make.good_file().decode().splitlines())).encode()

    with pytest.raises(FileRefused, match="V-70") as refused:
        day(files=[make.good_file(), content])

    assert len(refused.value.facts["faults"]) == 2


def test_a_day_is_booked_to_the_cent() -> None:
    booked = day(wires=[WIRE], files=[make.good_file()])

    assert lines(booked) == [
        (True, "195", 500_000, "WIRE-77"),
        (False, "466", 134_951, "FILE0001"),
        (True, "166", 134_951, "FILE0001"),
    ]
    assert (booked.credits, booked.debits) == (make.usd("6349.51"), make.usd("1349.51"))
    assert booked.closing == make.usd("5010.00")


def test_each_batch_may_settle_on_its_own() -> None:
    booked = day(files=[make.good_file()], settle_by="batch")

    assert lines(booked) == [(False, "466", 134_951, "FILE0001-0000001"), (True, "166", 134_951, "FILE0001-0000002")]


@pytest.mark.parametrize(("on", "count"), [(make.MONDAY, 0), (make.TUESDAY, 2), (WEDNESDAY, 0)])
def test_a_file_settles_on_its_effective_day_only(on: date, count: int) -> None:
    assert len(day(on=on, files=[make.good_file()]).lines) == count


def test_a_closed_day_settles_on_the_next_banking_day() -> None:
    rules = ach.Rulebook("outbound", {"V-26": "off"})
    thanksgiving = make.batch(make.entry(), effective_on=date(2026, 11, 26))
    content = ach.build_file(make.spec(rules=rules), [thanksgiving]).content

    assert day(on=date(2026, 11, 26), files=[content]).lines == ()
    assert len(day(on=date(2026, 11, 27), files=[content]).lines) == 1


def test_a_prenote_moves_nothing() -> None:
    content = ach.build_file(
        make.spec(), [make.batch(make.entry(transaction_code="23", amount=Money(0, "USD")), description="PRENOTE")]
    ).content

    assert day(files=[content]).lines == ()


def test_a_returned_credit_comes_back_under_its_own_reference() -> None:
    content = make.good_file()
    returned = fake.return_file([content], {"990000010000002": "R03"}, on=WEDNESDAY)

    file = ach.read_file(returned)
    (entry,) = file.entries
    booked = day(on=WEDNESDAY, return_files=[returned])

    assert file.faults == ()
    assert (entry.transaction_code, entry.amount_minor, entry.account) == ("21", 9_901, "00123-456 7")
    assert entry.returned is not None
    assert (entry.returned.return_code, entry.returned.original_trace) == ("R03", "990000010000002")
    assert (entry.returned.original_rdfi, entry.routing_number) == ("23138010", fake.ROUTING)
    assert lines(booked) == [(True, "257", 9_901, "ref-b")]
    assert booked.lines[0].text == "ACH RETURN R03 TRACE 990000010000002"


def test_a_returned_debit_takes_the_money_back() -> None:
    returned = fake.return_file([make.good_file()], {"990000010000003": "R01"}, on=WEDNESDAY)

    assert lines(day(on=WEDNESDAY, return_files=[returned])) == [(False, "557", 134_951, "ref-c")]


def test_a_change_names_what_to_correct_and_moves_nothing() -> None:
    changed = fake.change_file([make.good_file()], {"990000010000001": ("C02", "021000021")}, on=WEDNESDAY)

    file = ach.read_file(changed)
    (entry,) = file.entries
    assert file.faults == ()
    assert file.batches[0].header is not None and file.batches[0].header.sec_code == "COR"
    assert (entry.transaction_code, entry.amount_minor) == ("21", 0)
    assert entry.change is not None
    assert ach.correction(entry.change.change_code, entry.change.corrected_data) == ach.Correction(
        "C02", routing_number="021000021"
    )
    assert day(on=WEDNESDAY, files=[changed]).lines == ()


def test_an_unknown_trace_cannot_come_back() -> None:
    with pytest.raises(UnknownTrace, match="990000010000009"):
        fake.return_file([make.good_file()], {"990000010000009": "R01"}, on=WEDNESDAY)


def test_returns_are_chosen_by_the_seed() -> None:
    chosen = fake.choose_returns([make.good_file()], seed=7, count=2)

    assert len(chosen) == 2
    assert chosen == fake.choose_returns([make.good_file()], seed=7, count=2)
    assert set(fake.choose_returns([make.good_file()], seed=7, count=99)) == {
        "990000010000001",
        "990000010000002",
        "990000010000003",
    }


def test_the_bytes_of_a_bai2_statement() -> None:
    assert fake.bai2(day(wires=[WIRE], files=[make.good_file()])).decode() == (
        "01,990000013,990000013,261124,2359,1,,,2/\n"
        "02,990000013,990000013,1,261124,2359,USD,2/\n"
        "03,000123456789,USD,010,1000,,,015,501000,,,100,634951,2,,400,134951,1,/\n"
        "16,195,500000,Z,20261124000001,WIRE-77,INCOMING WIRE ACME INC/\n"
        "16,466,134951,Z,20261124000002,FILE0001,ACH SETTLEMENT ACME PAYROLL 2 ENTRIES/\n"
        "16,166,134951,Z,20261124000003,FILE0001,ACH SETTLEMENT ACME PAYROLL 1 ENTRIES/\n"
        "49,2041804,5/\n"
        "98,2041804,1,7/\n"
        "99,2041804,1,9/\n"
    )


def test_a_text_never_breaks_a_bai2_record() -> None:
    wire = fake.WireIn(make.usd("1.00"), "A/B,C", "SMITH, JONES / SONS " + "WORD " * 30)

    rows = fake.bai2(day(wires=[wire])).decode().splitlines()

    assert all(len(row) < 140 and row.endswith("/") and row.count("/") == 1 for row in rows)
    assert sum(row.startswith("88,") for row in rows) == 3


def test_a_line_of_any_type_code_is_in_both_statements() -> None:
    charge = fake.BankLine(False, make.usd("35.00"), "698", "CHG1", "MONTHLY SERVICE CHARGE")
    booked = fake.BankDay(ACCOUNT, make.TUESDAY, make.usd("100.00"), (charge,))

    assert "16,698,3500,Z,20261124000001,CHG1,MONTHLY SERVICE CHARGE/" in fake.bai2(booked).decode()
    assert [code.text for code in etree.fromstring(fake.camt053(booked)).findall(".//{*}Prtry/{*}Cd")] == ["698"]


def test_an_overdrawn_day_is_signed_in_both_statements() -> None:
    booked = day(files=[ach.build_file(make.spec(), [make.batch(make.entry())]).content])

    assert booked.closing == make.usd("-1240.50")
    assert ",015,-124050," in fake.bai2(booked).decode()
    document = etree.fromstring(fake.camt053(booked))
    sides = document.findall(".//{*}Bal/{*}CdtDbtInd")
    assert [side.text for side in sides] == ["CRDT", "DBIT"]
    assert [amount.text for amount in document.findall(".//{*}Bal/{*}Amt")] == ["10.00", "1240.50"]
