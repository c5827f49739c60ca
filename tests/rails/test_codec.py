"""Every SEC code and every addenda is written by its table and reads back the same, without a fault."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import files as make

from headgate.core.money import Money
from headgate.rails import CannotWrite, ach, check_digit
from headgate.rails.ach.codes import IAT_MANDATORY
from headgate.rails.ach.records import julian_date

pytestmark = pytest.mark.slow

TERMINAL = ach.AddendaSpec(
    "02",
    {
        "reference": "REF1", "terminal_id": "T1", "terminal_serial": "000123", "transacted_on": "1123",
        "terminal_location": "321 EAST MARKET STREET", "terminal_city": "ANYTOWN", "terminal_state": "VA",
    },
)  # fmt: skip
ABROAD: dict[str, dict[str, str | int]] = {
    "10": {"transaction_type": "SAL", "foreign_amount": 100_000, "foreign_trace": "928383", "receiver_name": "BEK"},
    "11": {"originator_name": "ACME INC", "originator_street": "15 WEST PLACE"},
    "12": {"originator_city": "JACOBSTOWN*PA\\", "originator_country": "US*19305\\"},
    "13": {"odfi_name": "WELLS FARGO", "odfi_qualifier": "01", "odfi_id": "121042882", "odfi_country": "US"},
    "14": {"rdfi_name": "CITADEL BANK", "rdfi_qualifier": "03", "rdfi_id": "CA0123", "rdfi_country": "CA"},
    "15": {"receiver_id": "987465493213987", "receiver_street": "2121 FRONT STREET"},
    "16": {"receiver_city": "LETTERTOWN*AB\\", "receiver_country": "CA*80014\\"},
}
IAT = tuple(ach.AddendaSpec(kind, fields) for kind, fields in ABROAD.items())
MORE_IAT = (
    ach.AddendaSpec("17", {"information": "THIS IS AN INTERNATIONAL PAYMENT"}),
    ach.AddendaSpec("17", {"information": "TRANSFER OF MONEY"}),
    ach.AddendaSpec(
        "18",
        {
            "correspondent_name": "BANK OF FRANCE",
            "correspondent_qualifier": "01",
            "correspondent_id": "456456456987987",
            "correspondent_country": "FR",
        },
    ),
)
IAT_FIELDS = {
    "exchange_indicator": "FF", "exchange_reference_indicator": "3", "destination_country": "CA",
    "originating_currency": "USD", "destination_currency": "CAD",
}  # fmt: skip
ZERO = make.usd("0.00")
WRITTEN: list[tuple[str, dict[str, object], dict[str, object]]] = [
    ("PPD", {}, {}),
    ("PPD", {"addenda": "REMITTANCE"}, {}),
    ("CCD", {"individual_name": "", "addenda": "TXP*123456789*94105*260331*1*5000\\"}, {}),
    ("CTX", {"addenda": ("ONE", "TWO", "THREE"), "individual_name": "RECEIVER COMPANY"}, {}),
    ("CTX", {"individual_name": ""}, {}),
    ("WEB", {"transaction_code": "27", "discretionary": "S"}, {}),
    ("TEL", {"transaction_code": "27", "discretionary": "R"}, {}),
    ("CIE", {"individual_name": "A PAYER", "individual_id": "0123456789012345678901"}, {}),
    ("IAT", {"individual_id": "", "individual_name": "", "addenda": IAT}, {"fields": IAT_FIELDS}),
    (
        "IAT",
        {"individual_id": "", "individual_name": "", "addenda": IAT + MORE_IAT, "fields": {"ofac_indicator": "0"}},
        {"fields": IAT_FIELDS},
    ),
    ("ACK", {"transaction_code": "24", "amount": ZERO, "individual_id": "990000010000001"}, {}),
    ("ATX", {"transaction_code": "24", "amount": ZERO, "addenda": ("A", "B")}, {}),
    ("ARC", {"transaction_code": "27"}, {}),
    ("BOC", {"transaction_code": "27"}, {}),
    (
        "POP",
        {"transaction_code": "27", "individual_id": "123", "fields": {"terminal_city": "PHIL", "terminal_state": "PA"}},
        {},
    ),
    ("RCK", {"transaction_code": "27"}, {"description": "REDEPCHECK"}),
    ("POS", {"transaction_code": "27", "addenda": TERMINAL}, {}),
    (
        "SHR",
        {"transaction_code": "27", "individual_id": "1", "addenda": TERMINAL, "fields": {"card_expires": "1127"}},
        {},
    ),
    ("MTE", {"transaction_code": "27", "individual_name": "A PERSON", "addenda": TERMINAL}, {}),
    (
        "ENR",
        {"transaction_code": "22", "amount": ZERO, "addenda": ("22*12200004*3*123987654321*777*DOE*J*1\\",)},
        {"description": "AUTOENROLL"},
    ),
    ("DNE", {"transaction_code": "23", "amount": ZERO, "addenda": "DATE OF DEATH*010126*"}, {"originator_status": "2"}),
    ("TRC", {"transaction_code": "27", "individual_name": "", "fields": {"process_control": "CHECK1"}}, {}),
    ("TRX", {"transaction_code": "27", "individual_name": "", "addenda": ("ONE",)}, {}),
    ("XCK", {"transaction_code": "27", "individual_name": "", "fields": {"item_research": "RESEARCH"}}, {}),
    (
        "ADV",
        {"transaction_code": "82", "account_number": "123456789012345", "individual_id": "11131",
         "fields": {"advice_routing": "121042882", "trace_number": "011000010500001"}},
        {},
    ),
    ("COR", {"transaction_code": "21", "amount": ZERO,
             "addenda": ach.ChangeSpec("C01", "9" * 15, "23138010", "1918171614")}, {}),
    ("COR", {"transaction_code": "21", "amount": ZERO,
             "addenda": ach.ChangeSpec("C62", "9" * 15, "23138010", "1918171614", "C01", "0000042")}, {}),
    ("PPD", {"transaction_code": "21", "addenda": ach.ReturnSpec("R14", "9" * 15, "23138010", died_on=make.MONDAY)}, {}),
    ("PPD", {"transaction_code": "26", "addenda": ach.ReturnSpec(
        "R68", "9" * 15, "23138010", return_trace="2" * 15, return_settled_on=make.MONDAY, return_reason="01",
        information="UNTIMELY")}, {}),
    ("PPD", {"transaction_code": "26", "addenda": ach.ReturnSpec(
        "R73", "9" * 15, "23138010", returned_on=make.MONDAY, original_settled_on=make.MONDAY, return_trace="2" * 15,
        return_settled_on=make.MONDAY, return_reason="01", dishonored_trace="3" * 15,
        dishonored_settled_on=make.MONDAY, dishonored_reason="68")}, {}),
    ("IAT", {"transaction_code": "21", "individual_id": "", "individual_name": "", "addenda": (*IAT, ach.ReturnSpec(
        "R03", "9" * 15, "23138010", original_amount_minor=125_050, information="GONE"))}, {"fields": IAT_FIELDS}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sec_code", "entry", "batch"), WRITTEN, ids=[f"{n}-{row[0]}" for n, row in enumerate(WRITTEN)]
)
def test_what_is_written_reads_back_without_a_fault(
    sec_code: str, entry: dict[str, object], batch: dict[str, object]
) -> None:
    made = make.entry("a", **entry)
    built = ach.build_file(make.spec(), [make.batch(made, **{"sec_code": sec_code, "description": "TEST", **batch})])  # type: ignore[arg-type]

    file = ach.read_file(built.content, ach.Rulebook("outbound"))
    assert [fault.message for fault in file.faults if fault.rule != "V-43"] == []
    (found,) = file.entries
    assert found.layout is ach.SECS[sec_code].table
    assert found.account == made.account_number
    assert found.amount_minor == made.amount.minor
    assert found.individual_id == ("" if sec_code == "IAT" else made.individual_id)
    assert found.individual_name == made.individual_name
    assert found.discretionary == made.discretionary
    for name, value in made.fields.items():
        assert found.value(name) == value
    assert [back.line[1:3] for back in found.addenda] == [kind_of(one) for one in made.all_addenda]
    for back, one in zip(found.addenda, made.all_addenda, strict=True):
        for name, value in values_of(one).items():
            assert back.value(name) == str(value).zfill(back.layout[name].width if isinstance(value, int) else 0)
    assert all(back.layout.match(back.line) for back in found.addenda)


def kind_of(addendum: object) -> str:
    if isinstance(addendum, ach.AddendaSpec):
        return addendum.kind
    return "05" if isinstance(addendum, str) else "99" if isinstance(addendum, ach.ReturnSpec) else "98"


def values_of(addendum: object) -> dict[str, str | int]:
    if isinstance(addendum, str):
        return {"information": addendum}
    if isinstance(addendum, ach.AddendaSpec):
        return dict(addendum.fields)
    code = "return_code" if isinstance(addendum, ach.ReturnSpec) else "change_code"
    return {code: addendum.code, "original_trace": addendum.original_trace, "original_rdfi": addendum.original_rdfi}  # type: ignore[attr-defined]


def test_every_sec_code_and_every_addenda_is_written_above() -> None:
    assert {row[0] for row in WRITTEN} == set(ach.SECS)
    kinds = {kind_of(one) for _, entry, _ in WRITTEN for one in make.entry(**entry).all_addenda}  # type: ignore[arg-type]
    assert kinds == {"02", "05", "98", "99", *IAT_MANDATORY, "17", "18"}


def test_a_contested_return_stands_where_its_table_says() -> None:
    row = next(
        row for row in WRITTEN if isinstance(row[1].get("addenda"), ach.ReturnSpec) and row[1]["addenda"].code == "R73"
    )  # type: ignore[attr-defined]
    built = ach.build_file(make.spec(), [make.batch(make.entry(**row[1]), description="TEST")])  # type: ignore[arg-type]

    line = built.content.decode().splitlines()[3]

    expected = "799R7399999999999999926112323138010327222222222222222327013333333333333333276" + "8 990000010000001"
    assert line == expected


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"addenda": ach.AddendaSpec("10", {"receiver_name": "X" * 36})}, "takes 35 characters"),
        ({"addenda": ach.AddendaSpec("05", {"nonsense": "X"})}, "has no field nonsense"),
        ({"addenda": ach.AddendaSpec("05", {"information": "李"})}, "cannot carry"),
        ({"fields": {"terminal_city": "X"}}, "has no field terminal_city"),
        ({"addenda": ach.ReturnSpec("R03", "1" * 15, "2" * 8, dishonored_trace="3" * 15)}, "has no field dishonored"),
        ({"addenda": ach.ReturnSpec("R61", "1" * 15, "2" * 8)}, "V-60"),
        ({"addenda": ("A", "B")}, "V-51"),
    ],
)
def test_what_no_table_has_is_refused(entry: dict[str, object], reason: str) -> None:
    with pytest.raises(CannotWrite) as refused:
        ach.build_file(make.spec(), [make.batch(make.entry(**entry))])

    assert any(reason in problem for problem in refused.value.facts["problems"])


def test_an_iat_entry_without_its_mandatory_addenda_is_refused() -> None:
    entry = make.entry(individual_id="", individual_name="", addenda=IAT[:-1])
    with pytest.raises(CannotWrite) as refused:
        ach.build_file(make.spec(), [make.batch(entry, sec_code="IAT", fields=IAT_FIELDS)])

    assert any("16 are missing" in problem for problem in refused.value.facts["problems"])


# Batches made from batches.


def test_a_prenote_asks_for_the_same_account_without_money() -> None:
    for code, asked in (("22", "23"), ("27", "28"), ("32", "33"), ("37", "38"), ("52", "53")):
        made = ach.prenote(make.entry(transaction_code=code, addenda="X"))
        assert (made.transaction_code, made.amount.minor, made.addenda) == (asked, 0, None)
    built = ach.build_file(make.spec(), [make.batch(ach.prenote(make.entry()))])
    assert ach.read_file(built.content, ach.Rulebook("outbound")).faults == ()
    for code in ("55", "23", "99"):
        with pytest.raises(CannotWrite):
            ach.prenote(make.entry(transaction_code=code))


def test_a_reversal_takes_the_named_entries_back_and_no_others() -> None:
    batch = make.batch(make.entry("a"), make.entry("b", transaction_code="27"), make.entry("c", transaction_code="52"),
                       is_wages=True)  # fmt: skip

    facts = {"reason": "duplicate", "settled_on": make.TUESDAY, "effective_on": make.TUESDAY}
    made = ach.reversal(batch, ["a", "c"], **facts)

    assert [(entry.key, entry.transaction_code) for entry in made.entries] == [("a", "27"), ("c", "55")]
    assert (made.description, made.company_id, made.sec_code) == ("REVERSAL", batch.company_id, batch.sec_code)
    assert [entry.amount for entry in made.entries] == [batch.entries[0].amount, batch.entries[2].amount]
    built = ach.build_file(make.spec(), [made])
    assert ach.read_file(built.content, ach.Rulebook("outbound")).faults == ()
    with pytest.raises(CannotWrite, match="no entry x"):
        ach.reversal(batch, ["x"], **facts)
    with pytest.raises(CannotWrite, match="nothing to reverse"):
        ach.reversal(make.batch(make.entry("p", transaction_code="23")), ["p"], **facts)


@pytest.mark.parametrize(
    ("reason", "code", "on", "why"),
    [
        ("duplicate", "22", date(2026, 11, 30), ""),
        ("wrong_amount", "22", date(2026, 11, 20), ""),
        ("separation_pay", "22", date(2026, 11, 30), ""),
        ("debit_too_early", "27", date(2026, 11, 23), ""),
        ("duplicate", "22", date(2026, 12, 1), "2026-11-30 is the last of the 5 banking days"),
        ("duplicate", "27", date(2026, 11, 19), "2026-11-30 is the last"),
        ("duplicate", "22", date(2026, 11, 26), "no banking day"),
        ("funding_failed", "22", date(2026, 11, 23), "neither is funding that failed"),
        ("credit_too_late", "27", date(2026, 11, 23), "a credit alone"),
        ("debit_too_early", "22", date(2026, 11, 23), "a debit alone"),
    ],
)
def test_a_reversal_is_for_a_mistake_and_within_five_banking_days(reason: str, code: str, on: date, why: str) -> None:
    """It settled on Friday 20 November 2026; Thanksgiving is on the 26th, so that day 5 is the 30th and day 6 the 1st."""
    batch = make.batch(make.entry("a", transaction_code=code))
    facts = {"reason": reason, "settled_on": date(2026, 11, 20), "effective_on": on}

    if why:
        with pytest.raises(CannotWrite, match=why):
            ach.reversal(batch, ["a"], **facts)
    else:
        assert ach.reversal(batch, ["a"], **facts).effective_on == on


@pytest.mark.parametrize(("purpose", "word"), [("retry", "RETRY PYMT"), ("reversal", "REVERSAL"), ("wages", "PAYROLL")])
def test_a_purpose_demands_its_description(purpose: str, word: str) -> None:
    with pytest.raises(CannotWrite, match=f"{word} \\(V-80\\)"):
        ach.build_file(make.spec(), [make.batch(make.entry(), purpose=purpose, description="OTHER")])

    ach.build_file(make.spec(), [make.batch(make.entry(), purpose=purpose, description=word)])


def test_the_same_day_is_asked_for_and_capped() -> None:
    batch = ach.same_day(make.batch(make.entry()), make.MONDAY, window="1300")
    built = ach.build_file(make.spec(), [batch])

    (found,) = ach.read_file(built.content, ach.Rulebook("outbound")).batches
    assert found.header is not None
    assert (found.header.effective_on, found.header.descriptive_date) == (make.MONDAY, "SD1300")
    large = make.batch(make.entry(amount=make.usd("1000000.01")))
    with pytest.raises(CannotWrite, match="V-43"):
        ach.build_file(make.spec(), [ach.same_day(large, make.MONDAY)])
    ach.build_file(make.spec(), [large])
    with pytest.raises(CannotWrite, match="never settles on the same day"):
        ach.same_day(make.batch(sec_code="IAT"), make.MONDAY)
    with pytest.raises(CannotWrite, match="HHMM"):
        ach.same_day(make.batch(), make.MONDAY, window="2500")


def test_a_balanced_batch_adds_up_to_nothing_and_keeps_a_payee_named_offset() -> None:
    payee = make.entry("p", individual_name="OFFSET", amount=make.usd("10.00"))
    batch = make.batch(payee, make.entry("d", transaction_code="27", amount=make.usd("3.00")))

    made = ach.balanced(batch, ach.Offset("990000013", "777"))

    built = ach.build_file(make.spec(), [made])
    assert built.debits == built.credits == make.usd("13.00")
    entries = [(one.key, one.transaction_code, one.amount) for one in made.entries]
    assert entries[2:] == [(ach.OFFSET_KEYS[0], "27", make.usd("10.00")), (ach.OFFSET_KEYS[1], "22", make.usd("3.00"))]
    assert entries[0][0] == "p"
    assert b"5200" in built.content


def test_a_file_ends_its_lines_as_the_bank_wants() -> None:
    plain = make.good_file()
    for end in ("\r\n", ""):
        built = ach.build_file(
            make.spec(line_end=end),
            [
                make.batch(make.entry("a"), make.entry("b", addenda="MARCH OVERTIME", amount=make.usd("99.01"))),
                make.batch(
                    make.entry("c", transaction_code="27", amount=make.usd("1349.51"), individual_name="ACME INC"),
                    sec_code="CCD",
                    description="FUNDING",
                ),
            ],
        )
        assert built.content == plain.replace(b"\n", end.encode())
        assert ach.read_file(built.content, ach.Rulebook("outbound")).faults == ()


def test_a_file_is_written_piece_by_piece_as_it_is_at_once() -> None:
    entries = [make.entry(str(n), addenda="X" if n == 7 else None) for n in range(3000)]
    whole = ach.build_file(make.spec(), [make.batch(*entries)])
    stream = io.BytesIO()

    writer = ach.FileWriter(stream, make.spec())
    writer.begin(make.batch(), service_class="220")
    for start in range(0, 3000, 700):
        writer.add(entries[start : start + 700])
    writer.end()
    written = writer.finish()

    assert stream.getvalue() == whole.content
    assert (written.sha256, written.credits, written.record_count) == (whole.sha256, whole.credits, 3001)
    assert written.byte_count == len(whole.content)


def test_a_side_that_the_service_class_forbids_is_refused() -> None:
    writer = ach.FileWriter(io.BytesIO(), make.spec())
    writer.begin(make.batch(), service_class="220")
    writer.add([make.entry("a", transaction_code="27")])
    writer.end()
    with pytest.raises(CannotWrite, match="V-30"):
        writer.finish()


# Settlement days.


@pytest.mark.parametrize(
    ("julian", "near", "day"),
    [
        (328, date(2026, 11, 23), date(2026, 11, 24)),
        (2, date(2026, 12, 31), date(2027, 1, 2)),
        (365, date(2027, 1, 2), date(2026, 12, 31)),
        (366, date(2028, 12, 30), date(2028, 12, 31)),
        (366, date(2029, 1, 2), date(2028, 12, 31)),
        (366, date(2026, 12, 31), None),
        (0, date(2026, 12, 31), None),
        (None, date(2026, 12, 31), None),
    ],
)
def test_a_settlement_day_lies_in_the_nearest_year(julian: int | None, near: date, day: date | None) -> None:
    assert julian_date(julian, near) == day


@given(st.dates(date(2000, 1, 10), date(2099, 12, 1)), st.integers(-180, 180))
def test_any_day_within_half_a_year_is_found_again(near: date, days: int) -> None:
    day = date.fromordinal(near.toordinal() + days)

    assert julian_date(int(f"{day:%j}"), near) == day


def test_a_written_settlement_day_is_read_with_its_year() -> None:
    created = datetime(2026, 12, 31, 9, 0)
    batch = make.batch(make.entry(), effective_on=date(2026, 12, 31), settlement_on=date(2027, 1, 4))
    built = ach.build_file(make.spec(created_at=created), [batch])

    (found,) = ach.read_file(built.content).batches
    assert found.header is not None and found.header.settled_on(created.date()) == date(2027, 1, 4)


# What a bank does in its own way.

SWITCHES: list[tuple[str, str, str]] = [
    # the switch, the rule it silences a check of, and the lines changed as a function of the good ones
    ("without_file_header", "V-03", "lines[1:]"),
    ("without_file_control", "V-03", "lines[:-1]"),
    ("without_batch_control", "V-04", "[line for line in lines if line[0] not in '89']"),
    ("without_batch_header", "V-04", "[line for line in lines if line[0] in '67']"),
    ("without_fill", "V-05", "[*lines, '9' * 94]"),
    ("any_block_count", "V-05", "[*lines[:-1], lines[-1][:7] + '000002' + lines[-1][13:]]"),
    ("trimmed_lines", "V-01", "[line.rstrip() for line in lines]"),
    ("end_of_file_mark", "V-01", "[*lines, '\\x1a']"),
    ("any_destination", "V-08", "[lines[0][:3] + 'OURBANK   ' + lines[0][13:], *lines[1:]]"),
    ("any_batch_numbers", "V-25", "[line[:87] + '0000001' if line[0] in '58' else line for line in lines]"),
    ("any_traces", "V-53", "[line[:79] + '123' + line[82:] if line[0] == '6' else line for line in lines]"),
    ("company_differs", "V-24", "[line[:44] + ' ' * 10 + line[54:] if line[0] == '8' else line for line in lines]"),
]


@pytest.mark.parametrize(("switch", "rule", "change"), SWITCHES, ids=[row[0] for row in SWITCHES])
def test_a_switch_silences_its_check_for_what_we_receive_and_nothing_else(switch: str, rule: str, change: str) -> None:
    lines: Sequence[str] = make.good_file().decode().splitlines()
    changed = eval(change, {"lines": lines})  # the table above
    on = ach.Inbound(**{switch: True})

    def faults(rules: ach.Rulebook) -> set[tuple[str, str]]:
        return {(fault.rule, fault.message) for fault in make.faults_of(changed, rules)}

    off_faults, on_faults = faults(ach.Rulebook()), faults(ach.Rulebook(inbound=on))
    assert rule in {name for name, _ in off_faults}
    assert on_faults < off_faults
    # A line that holds nothing but the mark is of no kind, stands after the control and fills a block.
    besides = {"V-02", "V-04", "V-05"} if switch == "end_of_file_mark" else set()
    assert {name for name, _ in off_faults - on_faults} <= {rule} | besides
    assert faults(ach.Rulebook("outbound", inbound=on)) == faults(ach.Rulebook("outbound"))


def test_switches_are_named_by_a_profile() -> None:
    assert ach.Inbound.of(["without_fill", "any_traces"]) == ach.Inbound(without_fill=True, any_traces=True)
    assert ach.Inbound.of(()) == ach.Inbound()
    with pytest.raises(ValueError, match="no switch is called nine_fill; there are any_batch_numbers"):
        ach.Inbound.of(["nine_fill"])


def test_every_switch_is_tried_above() -> None:
    assert {row[0] for row in SWITCHES} == set(ach.Inbound.__slots__)


def test_a_return_file_without_any_frame_is_read_by_its_switches() -> None:
    returned = make.entry("r", transaction_code="21", addenda=ach.ReturnSpec("R03", "9" * 15, "23138010"))
    lines = ach.build_file(make.spec(), [make.batch(returned)]).content.decode().splitlines()
    bare = [line for line in lines if line[0] in "67"]
    switches = ach.Inbound(
        without_file_header=True, without_file_control=True, without_batch_header=True, without_batch_control=True,
        without_fill=True,
    )  # fmt: skip

    file = ach.read_file("\n".join(bare).encode(), ach.Rulebook(inbound=switches))

    assert file.faults == ()
    assert [entry.returned.return_code for entry in file.entries if entry.returned] == ["R03"]


# Whatever is written reads back; whatever is read never fails.

texts = st.text("ABCXYZ 0123456789*.-", max_size=80)
plain = st.builds(
    lambda code, minor, account, name, rdfi, many: {
        "transaction_code": code, "amount": Money(minor, "USD"), "account_number": account, "individual_name": name,
        "routing_number": f"{rdfi:08d}{check_digit(f'{rdfi:08d}')}", "addenda": tuple(many),
    },
    st.sampled_from(["22", "27", "32", "37", "42", "47"]),
    st.integers(1, 99_999_999),
    st.text("0123456789ABC-", min_size=1, max_size=17),
    st.text("ABC '-.", min_size=1, max_size=16).filter(str.strip),
    st.integers(1, 99_999_999),
    st.lists(texts, max_size=6),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(plain, min_size=1, max_size=40), st.sampled_from(["\n", "\r\n", ""]))
def test_any_ctx_file_reads_back_to_the_same_values(made: list[dict[str, object]], end: str) -> None:
    entries = [make.entry(str(n), **facts) for n, facts in enumerate(made)]

    built = ach.build_file(make.spec(line_end=end), [make.batch(*entries, sec_code="CTX", description="TRADE")])

    file = ach.read_file(built.content, ach.Rulebook("outbound"))
    assert file.faults == ()
    found = [
        (e.transaction_code, e.amount_minor, e.account, e.individual_name, e.routing_number,
         tuple(addenda.information for addenda in e.addenda))
        for e in file.entries
    ]  # fmt: skip
    assert found == [
        (e.transaction_code, e.amount.minor, e.account_number, e.individual_name.strip(), e.routing_number,
         tuple(str(text).rstrip() for text in e.all_addenda))
        for e in entries
    ]  # fmt: skip


IAT_FILE = ach.build_file(
    make.spec(),
    [make.batch(make.entry(str(n), individual_id="", individual_name="", addenda=IAT + MORE_IAT), sec_code="IAT",
                fields=IAT_FIELDS) for n in range(2)],
).content  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(IAT_FILE) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_any_bytes_changed_give_faults_and_never_a_failure(changes: list[tuple[int, int]]) -> None:
    content = bytearray(IAT_FILE)
    for at, byte in changes:
        content[at] = byte

    file = ach.read_file(bytes(content))

    for fault in file.faults:
        assert fault.rule in ach.RULES and fault.level in ("E", "W") and fault.message
        if fault.field:
            assert fault.position >= 1


def test_all_errors_come_at_once_each_with_its_place() -> None:
    lines = make.good_file().decode().splitlines()
    wrong = [
        (make.HEADER, 1, "02", "V-06"), (make.BATCH, 1, "999", "V-20"), (make.FIRST, 29, "00000ABCDE", "V-40"),
        (make.FIRST, 54, " " * 22, "V-33"), (make.SECOND, 11, "9", "V-31"), (make.ADDENDA, 83, "0009", "V-52"),
        (make.CONTROL, 10, "0000000000", "V-70"), (make.THIRD, 1, "99", "V-30"), (make.END, 1, "000009", "V-71"),
    ]  # fmt: skip
    for number, start, text, _ in wrong:
        lines[number] = lines[number][:start] + text + lines[number][start + len(text) :]

    found = {(fault.record - 1, fault.position - 1, fault.rule) for fault in make.faults_of(lines)}

    assert {(number, start, rule) for number, start, _, rule in wrong} <= found


@pytest.mark.parametrize(
    ("sec_code", "changes", "batch", "rule"),
    [
        ("POS", {"addenda": None}, {}, "V-51"),
        ("ENR", {"addenda": None}, {}, "V-51"),
        ("ENR", {}, {"description": "OTHER"}, "V-22"),
        ("RCK", {}, {"description": "OTHER"}, "V-22"),
        ("ARC", {"individual_id": ""}, {}, "V-22"),
        ("POP", {"individual_id": ""}, {}, "V-22"),
        ("ACK", {"amount": make.usd("1.00"), "transaction_code": "22"}, {}, "V-42"),
        ("DNE", {"amount": make.usd("1.00"), "transaction_code": "22"}, {}, "V-42"),
        ("DNE", {}, {"originator_status": "1"}, "V-23"),
        ("CTX", {"fields": {"addenda_count": "0002"}}, {}, "V-51"),
        ("IAT", {"fields": {"addenda_count": "0009"}}, {}, "V-51"),
        ("TEL", {"transaction_code": "22"}, {}, "V-22"),
        ("CIE", {"transaction_code": "27"}, {}, "V-22"),
        ("ARC", {"amount": make.usd("25000.01")}, {}, "V-43"),
        ("RCK", {"amount": make.usd("2500.01")}, {}, "V-43"),
        ("COR", {"addenda": None}, {}, "V-51"),
        ("IAT", {}, {"fields": {**IAT_FIELDS, "exchange_indicator": "XX"}}, "V-22"),
        ("ADV", {}, {"service_class": "220"}, "V-20"),
    ],
)
def test_what_a_sec_code_demands_is_demanded(
    sec_code: str, changes: dict[str, object], batch: dict[str, object], rule: str
) -> None:
    _, entry, around = next(row for row in WRITTEN if row[0] == sec_code)
    facts: dict[str, object] = {"sec_code": sec_code, "description": "TEST", **around, **batch}

    with pytest.raises(CannotWrite) as refused:
        ach.build_file(make.spec(), [make.batch(make.entry("a", **{**entry, **changes}), **facts)])

    assert any(problem.startswith(rule) for problem in refused.value.facts["problems"]), refused.value.facts


@pytest.mark.parametrize(
    ("description", "wanted"),
    [
        ("SALARY", "PAYROLL"),
        ("Payroll", "PAYROLL"),
        ("REG.SALARY", "PAYROLL"),
        ("WAGES NOV", "PAYROLL"),
        ("REVERSE", "REVERSAL"),
        ("Reversal", "REVERSAL"),
        ("RETRY", "RETRY PYMT"),
    ],
)
def test_other_words_for_what_the_rules_fix_are_named_in_what_we_send(description: str, wanted: str) -> None:
    batch = make.batch(make.entry(), description=description)

    with pytest.raises(CannotWrite) as refused:
        ach.build_file(make.spec(), [batch])
    content = ach.build_file(make.spec(rules=ach.Rulebook("outbound", {"V-80": "W"})), [batch]).content

    (problem,) = refused.value.facts["problems"]
    assert problem.startswith("V-80") and f"must be {wanted}" in problem
    assert ach.read_file(content).faults == ()
    assert [fault.rule for fault in ach.read_file(content, ach.Rulebook("outbound")).faults] == ["V-80"]


def test_a_debit_or_a_file_of_before_the_rule_need_not_say_payroll() -> None:
    before = datetime(2026, 3, 19, 9, 0)
    ach.build_file(make.spec(), [make.batch(make.entry(transaction_code="27"), description="SALARY ADV")])
    ach.build_file(make.spec(), [make.batch(make.entry(), description="SALARY", sec_code="CCD")])
    ach.build_file(
        make.spec(created_at=before), [make.batch(make.entry(), description="SALARY", effective_on=before.date())]
    )
