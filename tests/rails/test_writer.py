"""The writer: exact bytes, exact sums, and no file at all where something is wrong."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import files as make

from headgate.core.money import Money
from headgate.rails import CannotWrite, ach, check_digit
from headgate.rails.ach.text import transliterate

ORIGINALS = Path(__file__).resolve().parent.parent / "samples" / "nacha" / "originals"

GOOD = """\
101 99000001312345678902611231030A094101TEST BANK              ACME PAYROLL           FILE0001
5220ACME INC                            1234567890PPDPAYROLL         261124   1990000010000001
62223138010400123-456 7      0000125050ref-a          MARIA LINDQVIST         0990000010000001
62223138010400123-456 7      0000009901ref-b          MARIA LINDQVIST         1990000010000002
705MARCH OVERTIME                                                                  00010000002
822000000300462760200000000000000000001349511234567890                         990000010000001
5225ACME INC                            1234567890CCDFUNDING         261124   1990000010000002
62723138010400123-456 7      0000134951ref-c          ACME INC                0990000010000003
822500000100231380100000001349510000000000001234567890                         990000010000002
"""
GOOD += "9000002000001000000040069414030000000134951000000134951".ljust(94) + "\n"


def test_the_bytes_are_these_and_no_others() -> None:
    assert make.good_file().decode() == GOOD
    assert make.good_file() == make.good_file()


def test_the_last_block_is_filled_with_nines() -> None:
    built = ach.build_file(make.spec(), [make.batch(make.entry())])

    lines = built.content.decode().splitlines()
    assert len(lines) == 10
    assert lines[5:] == ["9" * 94] * 5
    assert lines[4][7:13] == "000001"


def test_what_was_built_is_told() -> None:
    built = ach.build_file(
        make.spec(first_trace_sequence=41),
        [
            make.batch(make.entry("a"), make.entry("b", trace_sequence=77), make.entry("c")),
            make.batch(make.entry("d", transaction_code="27"), sec_code="CCD", description="FUNDING"),
        ],
    )

    assert [(entry.key, entry.trace_number, entry.batch_number) for entry in built.entries] == [
        ("a", "990000010000041", 1),
        ("b", "990000010000077", 1),
        ("c", "990000010000078", 1),
        ("d", "990000010000079", 2),
    ]
    assert (built.debits, built.credits) == (make.usd("1250.50"), make.usd("3751.50"))
    assert built.sha256 == hashlib.sha256(built.content).hexdigest()
    assert built.changes == ()


def test_a_batch_of_both_sides_is_mixed() -> None:
    built = ach.build_file(make.spec(), [make.batch(make.entry("a"), make.entry("b", transaction_code="27"))])

    assert [line[1:4] for line in built.content.decode().splitlines() if line[0] in "58"] == ["200", "200"]


def test_text_is_respelled_and_reported_never_dropped() -> None:
    long = "Wolfeschlegelsteinhausen Bergerdorff"
    built = ach.build_file(
        make.spec(),
        [make.batch(make.entry("a", individual_name="José Núñez-Größe"), make.entry("b", individual_name=long))],
    )

    names = [entry.individual_name for entry in ach.read_file(built.content).entries]
    assert names == ["JOSE NUNEZ-GROSSE", long.upper()[:22].rstrip()]
    assert [(change.key, change.field, change.kind) for change in built.changes] == [
        ("a", "individual_name", "transliterated"),
        ("b", "individual_name", "transliterated"),
        ("b", "individual_name", "shortened"),
    ]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("é", "E"),
        ("Łódź", "LODZ"),
        ("Ægir Þór", "AEGIR THOR"),
        ("O’Brien", "O'BRIEN"),
        ("a–b", "A-B"),
        ("李", None),
        ("a\tb", None),
    ],
)
def test_transliteration(text: str, plain: str | None) -> None:
    assert transliterate(text) == plain


WRONG: list[tuple[str, dict[str, object], dict[str, object], dict[str, object]]] = [
    ("no routing number", {"routing_number": "231380105"}, {}, {}),
    ("takes 17 characters", {"account_number": "1" * 18}, {}, {}),
    ("V-32", {"account_number": ""}, {}, {}),
    ("V-34", {"account_number": "12\n3"}, {}, {}),
    ("outside ASCII", {"account_number": "\ud800"}, {}, {}),
    ("cannot carry", {"individual_name": "\ud800"}, {}, {}),
    ("V-34", {"individual_name": "A\nB"}, {}, {}),
    ("V-34", {"individual_id": "\x07"}, {}, {}),
    ("V-31", {"routing_number": "2313801 4"}, {}, {}),
    ("outside ASCII", {"account_number": "１２３"}, {}, {}),
    ("V-33", {"individual_name": ""}, {}, {}),
    ("cannot carry", {"individual_name": "李小龍"}, {}, {}),
    ("not 0.01 EUR", {"amount": Money(1, "EUR")}, {}, {}),
    ("not −0.01 USD", {"amount": Money(-1, "USD")}, {}, {}),
    ("V-42", {"amount": Money(0, "USD")}, {}, {}),
    ("takes 10 characters", {"amount": Money(10**10, "USD")}, {}, {}),
    ("no transaction code", {"transaction_code": "99"}, {}, {}),
    ("takes 15 characters", {"individual_id": "x" * 16}, {}, {}),
    ("80 plain characters", {"addenda": "x" * 81}, {}, {}),
    ("trace sequence", {"trace_sequence": 10_000_000}, {}, {}),
    ("not known here", {}, {"sec_code": "XYZ"}, {}),
    ("PAYROLL", {}, {"description": "SALARY", "is_wages": True}, {}),
    ("V-26", {}, {"effective_on": date(2026, 11, 26)}, {}),
    ("V-26", {}, {"effective_on": date(2026, 11, 28)}, {}),
    ("V-26", {}, {"effective_on": date(2026, 11, 20)}, {}),
    ("V-53", {}, {"odfi": "12345"}, {}),
    ("V-21", {}, {"company_id": ""}, {}),
    ("V-08", {}, {}, {"destination": "990000014"}),
    ("V-12", {}, {}, {"modifier": "a"}),
    ("V-09", {}, {}, {"origin": ""}),
    ("takes 8 characters", {}, {}, {"reference": "x" * 9}),
]


@pytest.mark.parametrize(("reason", "entry", "batch", "file"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_a_wrong_specification_writes_nothing(
    reason: str, entry: dict[str, object], batch: dict[str, object], file: dict[str, object]
) -> None:
    with pytest.raises(CannotWrite) as refused:
        ach.build_file(make.spec(**file), [make.batch(make.entry(**entry), **batch)])  # type: ignore[arg-type]

    assert any(reason in problem for problem in refused.value.facts["problems"])


def test_all_problems_come_at_once_and_name_no_person() -> None:
    wrong = [
        make.entry("a", routing_number="1", individual_name="MARIA"),
        make.entry("b", account_number="9" * 30),
        make.entry("c", amount=Money(5, "JPY")),
    ]

    with pytest.raises(CannotWrite, match="and 2 more") as refused:
        ach.build_file(make.spec(), [make.batch(*wrong)])

    problems = refused.value.facts["problems"]
    assert len(problems) == 3
    assert not any("MARIA" in problem or "999999" in problem for problem in problems)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(CannotWrite, match="no entries"):
        ach.build_file(make.spec(), [])


def test_a_bank_may_widen_the_window() -> None:
    rules = ach.Rulebook("outbound", {"V-26": "W"})

    built = ach.build_file(make.spec(rules=rules), [make.batch(make.entry(), effective_on=date(2026, 12, 15))])

    assert ach.read_file(built.content).batches[0].header is not None


def test_a_file_of_another_writer_is_written_again_alike() -> None:
    theirs = (ORIGINALS / "examples__testdata__segmentFile-ppd-debit.ach").read_text("ascii")
    theirs = theirs.replace("101 2313801040121042882", "101 231380104 121042882")

    ours = ach.build_file(
        make.spec(
            destination="231380104",
            destination_name="FEDERAL RESERVE BANK",
            origin="121042882",
            origin_name="MY BANK NAME",
            created_at=make.CREATED.replace(2019, 7, 19, 13, 41),
            reference="",
            rules=ach.Rulebook("outbound"),
        ),
        [
            make.batch(
                make.entry(
                    transaction_code="27",
                    account_number="123456789",
                    amount=make.usd("2000000.00"),
                    individual_id="",
                    individual_name="DEBIT ACCOUNT",
                ),
                company_name="NAME ON ACCOUNT",
                company_id="121042882",
                description="REG.SALARY",
                effective_on=date(2019, 7, 22),
                odfi="12104288",
            )
        ],
    )

    assert ours.content.decode().splitlines() == theirs.upper().replace("190719   1", "190722   1").splitlines()


entries = st.lists(
    st.tuples(
        st.sampled_from(["22", "27", "32", "37"]),
        st.integers(1, 9_999_999_999),
        st.text("0123456789ABCXYZ -", min_size=1, max_size=17).filter(lambda text: text.strip()),
        st.text("ABCDEFGHIJ '.-", min_size=1, max_size=22).filter(lambda text: text.strip()),
        st.from_regex(r"[0-9]{8}", fullmatch=True).filter(lambda text: text != "0" * 8),
        st.one_of(st.none(), st.text("ABC*0123\\", min_size=1, max_size=80)),
    ),
    min_size=1,
    max_size=20,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(entries, min_size=1, max_size=4))
def test_what_is_written_reads_back_the_same(groups: list[list[tuple[str, int, str, str, str, str | None]]]) -> None:
    batches = [
        make.batch(
            *(
                make.entry(
                    f"{b}-{n}", transaction_code=code, amount=Money(minor, "USD"), account_number=account,
                    individual_name=name, routing_number=f"{rdfi}{check_digit(rdfi)}", addenda=addenda,
                )
                for n, (code, minor, account, name, rdfi, addenda) in enumerate(group)
            ),
            sec_code="CCD",
            description=f"GROUP {b}",
        )
        for b, group in enumerate(groups)
    ]  # fmt: skip
    rules = ach.Rulebook("outbound", {"V-43": "off", "V-26": "W"})

    built = ach.build_file(make.spec(rules=rules), batches)
    file = ach.read_file(built.content)

    assert not file.is_refused
    found = [
        (
            e.transaction_code,
            e.amount_minor,
            e.account,
            e.individual_name,
            e.rdfi,
            e.addenda[0].information if e.addenda else None,
        )
        for e in file.entries
    ]
    assert found == [
        (code, minor, account.rstrip(), name.strip(), rdfi, addenda and addenda.rstrip())
        for group in groups
        for code, minor, account, name, rdfi, addenda in group
    ]
    assert len(built.content) % 950 == 0
    assert file.control is not None
    assert (file.control.debits_minor, file.control.credits_minor) == (built.debits.minor, built.credits.minor)
