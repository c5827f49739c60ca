"""Payroll registers: headers as people write them, exact amounts, and every bad line named with its field."""

from __future__ import annotations

import pytest

from headgate.core.money import Money
from headgate.ingestion.parsers import all_parsers, detect
from headgate.ingestion.records import Fault, Parsed, RegisterAmount, RegisterRecord

PARSER = all_parsers()["register_v1"]
HEADER = "employee_id,name,routing_number,account_number,account_type,net_pay"
LINE = "E1,Ann Lee,021000021,1234567,checking,100.00"


def parse(*lines: str, header: str = HEADER) -> Parsed:
    return PARSER.parse("\n".join([header, *lines]).encode())


def read(parsed: Parsed) -> list[RegisterRecord]:
    return [record for record in parsed.records if isinstance(record, RegisterRecord)]


def the_fault(parsed: Parsed) -> Fault:
    assert len(parsed.faults) == 1, [fault.message for fault in parsed.faults]
    return parsed.faults[0]


def test_a_line_becomes_a_record() -> None:
    parsed = parse("E1,Ann Lee,021000021,00012-34 A,Savings,1250.50")

    assert parsed.faults == ()
    assert read(parsed) == [
        RegisterRecord(2, "E1", "Ann Lee", "021000021", "00012-34 A", "savings", Money(125_050, "USD"))
    ]


@pytest.mark.parametrize(
    "header",
    [
        "Employee ID,Name,Routing Number,Account Number,Account Type,Net Pay",
        "EMPLOYEE_ID,EMPLOYEE_NAME,ROUTING,ACCOUNT,TYPE,AMOUNT",
        "emp id,Full Name,ABA,Acct No.,Acct Type,Net Amount",
        "employeeId,payee,routingNo,accountNo,accountType,netWages",
        '"employee_id","name","routing_number","account_number","account_type","net_pay"',
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_headers_are_known_however_they_are_written(header: str, delimiter: str) -> None:
    parsed = parse(LINE.replace(",", delimiter), header=header.replace(",", delimiter))

    assert parsed.faults == ()
    assert read(parsed)[0].net_pay == Money(10_000, "USD")


def test_columns_may_come_in_any_order_and_names_in_two_parts() -> None:
    parsed = parse(
        "100.00,Lee,checking,1234567,Ann,021000021,E1", header="Net,Last Name,Type,Account,First Name,ABA,ID"
    )

    assert parsed.faults == ()
    assert (read(parsed)[0].name, read(parsed)[0].employee_id) == ("Ann Lee", "E1")


def test_the_header_may_stand_below_a_title() -> None:
    content = f"Acme Inc,Payroll register\n\n{HEADER}\n{LINE}\n"

    parsed = PARSER.parse(content.encode())

    assert parsed.faults == ()
    assert read(parsed)[0].line == 4


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_marks_and_line_ends_do_not_matter(encoding: str, end: str) -> None:
    parsed = PARSER.parse(f"{HEADER}{end}{LINE}{end}".encode(encoding))

    assert parsed.faults == ()
    assert len(parsed.records) == 1


def test_taxes_and_obligations_are_told_by_their_names() -> None:
    header = f"{HEADER},Federal Tax,FICA,social_security,ChildSupport,401k,State Tax,Tax Status,Division,Taxable Wages"

    parsed = parse(f"{LINE},1.01,2,3.5,4,5,,S,Sales,99", header=header)

    record = read(parsed)[0]
    assert record.taxes == (
        RegisterAmount("federal_tax", Money(101, "USD")),
        RegisterAmount("fica", Money(200, "USD")),
        RegisterAmount("social_security", Money(350, "USD")),
    )
    assert record.obligations == (
        RegisterAmount("child_support", Money(400, "USD")),
        RegisterAmount("401k", Money(500, "USD")),
    )
    assert [(fault.field, fault.level) for fault in parsed.faults] == [
        ("tax_status", "W"),
        ("division", "W"),
        ("taxable_wages", "W"),
    ]
    assert parsed.is_clean
    assert {t.name: (t.count, t.amount.minor) for t in parsed.totals} == {
        "net_pay": (1, 10_000),
        "taxes": (3, 651),
        "obligations": (2, 900),
    }


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("0.01", 1), ("1", 100), ("1.5", 150), (".5", 50), ("1234.50", 123_450), ('"1,234.50"', 123_450),
        ('"$1,234,567.89"', 123_456_789), ("$12", 1_200), ("USD 12.00", 1_200), ("12.00 USD", 1_200), ("+12.00", 1_200),
        (" 12.00 ", 1_200), ("0000012.00", 1_200), ("12.000", 1_200), ("99999999.99", 9_999_999_999),
    ],
)  # fmt: skip
def test_amounts_are_exact(cell: str, minor: int) -> None:
    parsed = parse(f"E1,Ann,021000021,1234567,checking,{cell}")

    assert parsed.faults == ()
    assert read(parsed)[0].net_pay == Money(minor, "USD")


def test_another_currency_has_its_own_decimals() -> None:
    header = f"{HEADER},currency"

    assert read(parse(f"{LINE[:-6]}1500,JPY", header=header))[0].net_pay == Money(1500, "JPY")
    assert the_fault(parse(f"{LINE[:-6]}1500.5,JPY", header=header)).rule == "register.decimals"
    assert the_fault(parse(f"{LINE},XXQ", header=header)).rule == "register.currency"


BAD = [
    ("employee_id", "missing", ",Ann,021000021,1234567,checking,1"),
    ("employee_id", "too_long", f"{'x' * 65},Ann,021000021,1234567,checking,1"),
    ("employee_id", "duplicate", "GOOD,Ann,021000021,1234567,checking,1"),
    ("name", "missing", "E2,,021000021,1234567,checking,1"),
    ("name", "control_character", "E2,An\x07n,021000021,1234567,checking,1"),
    ("routing_number", "missing", "E2,Ann,,1234567,checking,1"),
    ("routing_number", "check_digit", "E2,Ann,021000022,1234567,checking,1"),
    ("routing_number", "routing_number", "E2,Ann,21000021,1234567,checking,1"),
    ("routing_number", "routing_number", "E2,Ann,02100002X,1234567,checking,1"),
    ("account_number", "missing", "E2,Ann,021000021,,checking,1"),
    ("account_number", "account_number", "E2,Ann,021000021,123456789012345678,checking,1"),
    ("account_number", "account_number", "E2,Ann,021000021,1.23E+11,checking,1"),
    ("account_number", "account_number", "E2,Ann,021000021,=1+1,checking,1"),
    ("account_type", "account_type", "E2,Ann,021000021,1234567,,1"),
    ("account_type", "account_type", "E2,Ann,021000021,1234567,brokerage,1"),
    ("net_pay", "missing", "E2,Ann,021000021,1234567,checking,"),
    ("net_pay", "missing", "E2,Ann,021000021,1234567,checking"),
    ("net_pay", "zero", "E2,Ann,021000021,1234567,checking,0.00"),
    ("net_pay", "negative", "E2,Ann,021000021,1234567,checking,-1"),
    ("net_pay", "negative", "E2,Ann,021000021,1234567,checking,(1.00)"),
    ("net_pay", "negative", "E2,Ann,021000021,1234567,checking,−1"),
    ("net_pay", "decimals", "E2,Ann,021000021,1234567,checking,1.005"),
    ("net_pay", "decimals", f"E2,Ann,021000021,1234567,checking,{'9' * 39}"),
    ("net_pay", "amount", "E2,Ann,021000021,1234567,checking,10000000000000.01"),
    ("net_pay", "amount", "E2,Ann,021000021,1234567,checking,1e3"),
    ("net_pay", "amount", 'E2,Ann,021000021,1234567,checking,"1,5"'),
    ("net_pay", "amount", 'E2,Ann,021000021,1234567,checking,"1.234,56"'),
    ("net_pay", "amount", "E2,Ann,021000021,1234567,checking,NaN"),
    ("net_pay", "amount", "E2,Ann,021000021,1234567,checking,１２"),
    ("", "fields", "E2,Lee, Ann,021000021,1234567,checking,1,5"),
    ("", "quotes", 'E2,"Ann,021000021,1234567,checking,1'),
]


@pytest.mark.parametrize(("field", "rule", "line"), BAD, ids=[f"{n}-{f}-{r}" for n, (f, r, _) in enumerate(BAD)])
def test_a_bad_line_is_named_and_its_neighbours_are_read(field: str, rule: str, line: str) -> None:
    parsed = parse("GOOD,Ann,021000021,1234567,checking,100.00", line, "LAST,Ann,021000021,1234567,checking,0.01")

    fault = the_fault(parsed)
    assert (fault.line, fault.field, fault.rule, fault.level) == (3, field, f"register.{rule}", "E")
    assert fault.message.startswith("line 3")
    assert fault.raw == line
    assert [record.employee_id for record in read(parsed)] == ["GOOD", "LAST"]
    assert parsed.totals[0].amount == Money(10_001, "USD")
    assert not parsed.is_clean


def test_all_faults_of_a_line_come_at_once() -> None:
    parsed = parse("E2,,021000022,,brokerage,-1")

    assert [fault.field for fault in parsed.faults] == [
        "name", "routing_number", "account_number", "account_type", "net_pay",
    ]  # fmt: skip
    assert [fault.position for fault in parsed.faults] == [2, 3, 4, 5, 6]


def test_a_tax_that_is_no_amount_refuses_its_line() -> None:
    parsed = parse(f"{LINE},abc", header=f"{HEADER},federal_tax")

    assert (the_fault(parsed).field, the_fault(parsed).position) == ("federal_tax", 7)
    assert parsed.records == ()


def test_bytes_that_are_not_utf_8_spoil_their_own_line_only() -> None:
    content = f"{HEADER}\nE0,José,021000021,1,checking,1\n".encode("cp1252") + LINE.encode()

    parsed = PARSER.parse(content)

    assert (the_fault(parsed).line, the_fault(parsed).rule) == (2, "register.encoding")
    assert [record.employee_id for record in read(parsed)] == ["E1"]


@pytest.mark.parametrize(
    "header",
    ["id,type,type_id,amount,customer_id", "id,name,type,account,status", "employee_id,name,routing,net_pay,type"],
)
def test_a_table_without_an_account_or_a_net_pay_is_no_register(header: str) -> None:
    assert PARSER.sniff(f"{header}\n1,a,b,2,c\n".encode()) == 0.0
    assert PARSER.sniff(f"{HEADER}\n{LINE}\n".encode()) > 0.5


def test_a_header_without_a_column_stops_everything() -> None:
    parsed = parse("E1,Ann,1234567,checking,1", header="employee_id,name,account_number,account_type,net_pay")

    assert the_fault(parsed).message == "line 1: the header lacks routing_number; add the missing columns"
    assert parsed.records == ()


def test_two_columns_of_one_meaning_stop_everything() -> None:
    parsed = parse(f"{LINE},5", header=f"{HEADER},Net Pay")

    assert "columns 6 and 7 both mean net_pay" in the_fault(parsed).message
    assert parsed.records == ()


def test_the_plainest_of_several_names_wins() -> None:
    parsed = parse(f"{LINE},999", header=f"{HEADER},Amount")

    assert (the_fault(parsed).field, the_fault(parsed).level) == ("amount", "W")
    assert read(parsed)[0].net_pay == Money(10_000, "USD")


def test_a_line_of_totals_is_compared_and_not_paid() -> None:
    right = parse(LINE, "TOTAL,,,,,100.00")
    wrong = parse(LINE, "Grand total:,,,,,100.01")

    assert right.faults == ()
    assert len(right.records) == len(wrong.records) == 1
    assert (the_fault(wrong).rule, the_fault(wrong).level) == ("register.total", "W")


def test_no_message_repeats_account_or_name() -> None:
    for _, _, line in BAD:
        parsed = parse("GOOD,Ann Secret,021000021,7654321,checking,100.00", line.replace("Ann", "Zacharias"))
        for text in (fault.message + repr(fault) for fault in parsed.faults):
            assert not any(secret in text for secret in ("Zacharias", "1234567", "12345678901", "1.23E"))
        assert not any("Secret" in repr(record) or "7654321" in repr(record) for record in parsed.records)


def test_ten_thousand_employees_are_read() -> None:
    parsed = parse(*(f"E{n},Ann,021000021,{n + 1},checking,1.01" for n in range(10_000)))

    assert parsed.faults == ()
    assert (parsed.totals[0].count, parsed.totals[0].amount) == (10_000, Money(1_010_000, "USD"))


def test_a_column_may_say_over_which_rail_each_is_paid() -> None:
    lines = [f"{HEADER},Rail", f"{LINE},FedNow", f"{LINE.replace('E1', 'E2')},", f"{LINE.replace('E1', 'E3')},pigeon"]
    data = "\n".join(lines).encode()

    assert [parser.name for parser in (detect(data), detect(lines[0].removesuffix(",Rail").encode())) if parser] == [
        "register_v2",
        "register_v1",
    ]
    parsed = all_parsers()["register_v2"].parse(data)

    assert [(record.employee_id, record.rail) for record in read(parsed)] == [("E1", "fednow"), ("E2", "")]
    fault = the_fault(parsed)
    assert (fault.line, fault.position, fault.rule) == (4, 7, "register.rail")
    assert "write ach, wire, fednow or rtp" in fault.message
    without = all_parsers()["register_v2"].parse(f"{HEADER}\n{LINE}".encode())
    assert (without.records, without.faults[0].rule) == ((), "register.header")
