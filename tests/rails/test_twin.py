"""The bank twin says what the words in account numbers and its seed decide: the same bytes, always, and every cent of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rails import files as make

from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.ingestion.parsers import bai2_v1, camt053_v1, nacha_v1
from headgate.ingestion.records import TransactionRecord
from headgate.rails import ach, fake
from headgate.rails.twin import Answer, BankTwin, Received
from headgate.rails.twin_behaviour import Behaviour, read_behaviour
from headgate.rails.twin_scripts import change_codes, script_of

pytestmark = pytest.mark.slow

ACCOUNT = fake.BankAccount(number="4400112233", routing=fake.ROUTING)
AT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
TWIN = BankTwin(ACCOUNT, since=make.MONDAY)
EVERYTHING = Behaviour(**{each.name: 300 for each in fields(Behaviour) if each.name != "refused"})


def file_of(*accounts: str, reference: str = "FILE0001", first: int = 1, **batch: Any) -> bytes:
    """Credits to these accounts: 1.00, 2.00, and so on."""
    entries = [
        make.entry(f"{number}", account_number=account, amount=Money(100 * number, "USD"))
        for number, account in enumerate(accounts, start=1)
    ]
    return ach.build_file(
        make.spec(reference=reference, first_trace_sequence=first), [make.batch(*entries, **batch)]
    ).content


def answers(
    *contents: bytes, twin: BankTwin = TWIN, days: int = 12, kind: str = "", at: datetime = AT
) -> tuple[Answer, ...]:
    received = [
        Received(f"f{number}.ach", content, at + timedelta(minutes=number)) for number, content in enumerate(contents)
    ]
    return tuple(
        answer for answer in twin.answers(received, until=at + timedelta(days=days)) if not kind or answer.kind == kind
    )


def booked(said: Sequence[Answer]) -> dict[date, list[tuple[str, int]]]:
    """The lines of the BAI2 statements by day: type code and signed amount. Each balance follows from the one before."""
    days: dict[date, list[tuple[str, int]]] = {}
    for answer in said:
        if answer.kind == "statement" and answer.is_whole:
            parsed = bai2_v1.PARSER.parse(answer.content)
            assert parsed.faults == ()
            (statement,) = parsed.statements
            assert statement.on is not None
            days[statement.on] = [
                (line.type_code, line.amount.minor if line.direction == "credit" else -line.amount.minor)
                for line in parsed.records
                if isinstance(line, TransactionRecord)
            ]
    return {day: lines for day, lines in days.items() if lines}


def back(said: Sequence[Answer]) -> list[tuple[date, str, str]]:
    """What came back: day, code, original trace number, in the order of the files."""
    found = []
    for answer in said:
        if answer.kind in ("returns", "changes") and answer.is_whole:
            file = ach.read_file(answer.content)
            assert file.faults == ()
            for batch in file.batches:
                assert batch.header is not None and batch.header.effective_on is not None
                for entry in batch.entries:
                    addenda = entry.returned or entry.change
                    assert addenda is not None
                    code = addenda.return_code or addenda.change_code
                    found.append((batch.header.effective_on, code, addenda.original_trace))
    return found


def test_a_plain_file_is_acknowledged_and_settles_on_its_day() -> None:
    content = file_of("5001", "5002")

    said = answers(content, days=4)

    assert [(answer.kind, answer.name, answer.at) for answer in said] == [
        ("acknowledgement", "f0.ach.ack", AT + timedelta(minutes=15)),
        ("statement", "statement-2026-11-23.bai2", datetime(2026, 11, 24, 12, 0, tzinfo=UTC)),
        ("statement", "statement-2026-11-24.bai2", datetime(2026, 11, 25, 12, 0, tzinfo=UTC)),
        ("statement", "statement-2026-11-25.bai2", datetime(2026, 11, 26, 12, 0, tzinfo=UTC)),
    ]
    assert said[0].content.decode().splitlines()[:4] == [
        "FILE: f0.ach", "STATUS: ACCEPTED", "ENTRIES: 2", "CREDITS: 3.00",
    ]  # fmt: skip
    assert booked(said) == {make.TUESDAY: [("466", -300)]}


def test_thanksgiving_has_no_statement_and_books_nothing() -> None:
    names = [answer.name for answer in answers(file_of("5001"), days=8, kind="statement")]

    assert names == [f"statement-2026-11-{day}.bai2" for day in (23, 24, 25, 27, 30)]


def test_a_broken_file_and_one_that_was_taken_already_are_refused_and_move_nothing() -> None:
    good = file_of("5001")

    said = answers(good, good, b"no file at all", good.replace(b"0000000100", b"0000000900", 1))

    verdicts = [
        (answer.name, answer.content.decode().splitlines()[1:3]) for answer in said if answer.kind == "acknowledgement"
    ]
    assert verdicts[0] == ("f0.ach.ack", ["STATUS: ACCEPTED", "ENTRIES: 1"])
    assert verdicts[1] == ("f1.ach.ack", ["STATUS: REJECTED", "REASON: DUPLICATE FILE"])
    assert [name for name, (status, _) in verdicts if status == "STATUS: REJECTED"] == [
        "f1.ach.ack", "f2.ach.ack", "f3.ach.ack",
    ]  # fmt: skip
    assert booked(said) == {make.TUESDAY: [("466", -100)]}


@pytest.mark.parametrize("code", ach.return_codes())
def test_every_return_code_is_a_word(code: str) -> None:
    content = file_of("5001", f"44001{code}")

    said = answers(content, days=70)

    ((day, came, trace),) = back(said)
    assert (came, trace) == (code, "990000010000002")
    known = ach.return_codes()[code]
    credits = [line for lines in booked(said).values() for line in lines if line[0] == "257"]
    assert credits == ([] if known.is_dishonored or known.is_contested else [("257", 200)])
    if known.timeframe == "2":
        assert day == date(2026, 11, 27)
    assert day > make.TUESDAY


@pytest.mark.parametrize("code", change_codes())
def test_every_change_code_is_a_word_and_corrects_something(code: str) -> None:
    said = answers(file_of("5001", f"44001{code}"))

    ((day, came, trace),) = back(said)
    assert (came, trace, day) == (code, "990000010000002", date(2026, 11, 27))
    (entry,) = ach.read_file(next(answer for answer in said if answer.kind == "changes").content).entries
    assert entry.change is not None
    asked = ach.correction(code, entry.change.corrected_data)
    assert asked is not None
    if code in ("C01", "C03", "C06", "C07"):
        assert asked.account_number == "44001"
    assert booked(said) == {make.TUESDAY: [("466", -300)]}


@pytest.mark.parametrize(
    ("account", "script"),
    [
        ("5550001R01", ("R01", "", 0, False, False, "5550001")),
        ("5550-R01LATE2", ("R01", "", 2, False, False, "5550")),
        ("1C02DUP", ("", "C02", 0, True, False, "1")),
        ("77partial", ("", "", 0, False, True, "77")),
        ("7R01R03", ("R03", "", 0, False, False, "7")),
        ("440R99", ("", "", 0, False, False, "440R99")),
        ("440C61", ("", "", 0, False, False, "440C61")),
        ("00123-456 7", ("", "", 0, False, False, "00123-456 7")),
    ],
)
def test_words_stand_at_the_end_of_an_account_number(account: str, script: tuple[object, ...]) -> None:
    found = script_of(account)

    assert (
        found.return_code, found.change_code, found.late_days, found.is_twice, found.is_partial, found.account
    ) == script  # fmt: skip


def test_a_late_return_comes_after_its_time_and_a_late_file_settles_late() -> None:
    late_return = answers(file_of("1R01LATE3"), days=20)
    late_file = answers(file_of("1LATE2", "2"), days=20)

    assert back(late_return) == [(date(2026, 12, 2), "R01", "990000010000001")]
    assert booked(late_return)[make.TUESDAY] == [("466", -100)]
    assert booked(late_file) == {date(2026, 11, 27): [("466", -300)]}


def test_a_return_that_is_told_twice_is_credited_once() -> None:
    said = answers(file_of("1R03DUP"), days=20)

    assert back(said) == [
        (date(2026, 11, 27), "R03", "990000010000001"),
        (date(2026, 11, 30), "R03", "990000010000001"),
    ]
    assert booked(said) == {make.TUESDAY: [("466", -100)], date(2026, 11, 27): [("257", 100)]}


def test_dup_alone_is_the_statement_once_more() -> None:
    said = answers(file_of("1DUP"), kind="statement")

    copies = [answer for answer in said if answer.name.startswith("copy-")]
    assert [answer.name for answer in copies] == ["copy-statement-2026-11-24.bai2"]
    assert copies[0].content in [answer.content for answer in said if not answer.name.startswith("copy-")]


def test_a_file_settles_short_and_the_rest_on_the_next_banking_day() -> None:
    said = answers(file_of("1", "2PARTIAL", "3"))

    assert booked(said) == {make.TUESDAY: [("466", -400)], date(2026, 11, 25): [("466", -200)]}


def test_returns_of_two_files_on_a_day_have_trace_numbers_apart() -> None:
    contents = [file_of("1R03", "2R04", reference=f"FILE000{n}", first=1 + 2 * n) for n in range(3)]

    files = [ach.read_file(answer.content) for answer in answers(*contents, kind="returns")]

    traces = [entry.trace_number for file in files for entry in file.entries]
    assert len(traces) == len(set(traces)) == 6


def test_a_dishonored_return_is_contested() -> None:
    """What the originator's bank sends to dishonor a return is made here by hand, from the layout of the record."""
    returned = fake.return_file([file_of("1R74")], {"990000010000001": "R03"}, on=date(2026, 11, 27))
    lines = returned.decode().splitlines()
    for number, line in enumerate(lines):
        if line.startswith("799"):
            lines[number] = f"799R67{line[6:35]}   {line[79:94]}33103{'':21}{line[79:]}"
    dishonored = ("\n".join(lines) + "\n").encode()

    said = answers(dishonored, kind="returns")

    (answer,) = said
    (entry,) = ach.read_file(answer.content).entries
    assert ach.read_file(answer.content).faults == ()
    assert entry.returned is not None
    assert (entry.returned.layout.name, entry.returned.return_code) == ("contested dishonored return", "R74")
    assert entry.returned.original_trace == "990000010000001"
    assert answers(file_of("1"), kind="returns") == ()


def test_wires_and_what_was_returned_before_stand_in_the_statements() -> None:
    sent = file_of("1", "2")
    returned = fake.return_file([sent], {"990000010000002": "R02"}, on=make.TUESDAY)
    twin = replace(
        TWIN,
        since=make.TUESDAY,
        opening=make.usd("10.00"),
        wires=(
            (make.TUESDAY, fake.WireIn(make.usd("5.00"), "W1")),
            (date(2026, 11, 26), fake.WireIn(make.usd("6.00"), "W2")),
        ),
        sent_before=(returned,),
    )

    said = answers(twin=twin, days=6)

    assert booked(said) == {make.TUESDAY: [("195", 500), ("257", 200)], date(2026, 11, 27): [("195", 600)]}
    assert b",010,1000," in said[0].content and b",015,1700," in said[0].content


words = st.lists(
    st.sampled_from(["R01", "R03", "R10", "R61", "R73", "C01", "C05", "LATE1", "LATE4", "DUP", "PARTIAL"]), max_size=2
)
accounts = st.builds(lambda number, found: f"{number}{''.join(found)}", st.integers(1, 999), words)
behaviours = st.builds(Behaviour, **{each.name: st.sampled_from([0, 0, 100, 500, 1000]) for each in fields(Behaviour)})
stories = st.tuples(
    st.lists(st.lists(accounts, min_size=1, max_size=4), min_size=1, max_size=3), behaviours, st.integers(0, 2**40)
)


def told(lists: list[list[str]], behaviour: Behaviour, seed: int) -> tuple[BankTwin, list[bytes]]:
    contents = [
        file_of(*found, reference=f"FILE{number:04d}", first=1 + 10 * number) for number, found in enumerate(lists)
    ]
    return replace(TWIN, behaviour=behaviour, seed=seed), contents


@settings(max_examples=60, deadline=None)
@given(stories)
def test_the_same_seed_and_files_give_the_same_bytes(story: tuple[list[list[str]], Behaviour, int]) -> None:
    twin, contents = told(*story)

    assert answers(*contents, twin=twin, days=70) == answers(*contents, twin=replace(twin), days=70)


@settings(max_examples=60, deadline=None)
@given(stories, st.integers(0, 10 * 24), st.integers(0, 24))
def test_what_was_said_stays_said(story: tuple[list[list[str]], Behaviour, int], hours: int, apart: int) -> None:
    """When time goes on, and when more files come, until then unknown."""
    twin, contents = told(*story)
    received = [
        Received(f"f{number}.ach", content, AT + timedelta(hours=24 + apart) * number)
        for number, content in enumerate(contents)
    ]
    until = AT + timedelta(hours=hours)

    early = twin.answers([one for one in received if one.at <= until], until=until)

    assert early == tuple(
        answer for answer in twin.answers(received, until=AT + timedelta(days=40)) if answer.at <= until
    )


@settings(max_examples=60, deadline=None)
@given(stories)
def test_every_cent_of_an_accepted_file_leaves_once_and_what_comes_back_comes_once(
    story: tuple[list[list[str]], Behaviour, int],
) -> None:
    twin, contents = told(*story)

    said = answers(*contents, twin=twin, days=90)

    accepted = {name for name, content in enumerate(contents) if not _is_refused(twin, content)}
    sent = sum(entry.amount_minor or 0 for number in accepted for entry in ach.read_file(contents[number]).entries)
    lines = [line for lines in booked(said).values() for line in lines]
    assert -sum(amount for code, amount in lines if code == "466") == sent
    plain = {
        trace for _, code, trace in back(said)
        if code in ach.return_codes() and not code.startswith(("R6", "R7"))
    }  # fmt: skip
    amounts = {
        entry.trace_number: entry.amount_minor for content in contents for entry in ach.read_file(content).entries
    }
    assert sum(amount for code, amount in lines if code == "257") == sum(amounts[trace] or 0 for trace in plain)


def _is_refused(twin: BankTwin, content: bytes) -> bool:
    received = [Received("x", content, AT)]
    (said, *_) = replace(twin, behaviour=replace(twin.behaviour, unacknowledged=0, truncated=0)).answers(
        received, until=AT + timedelta(days=3)
    )
    return b"STATUS: REJECTED" in said.content


@settings(max_examples=30, deadline=None)
@given(stories)
def test_what_breaks_off_comes_whole_and_no_two_files_share_a_name(
    story: tuple[list[list[str]], Behaviour, int],
) -> None:
    twin, contents = told(*story)

    said = answers(*contents, twin=twin, days=90)

    names = [answer.name for answer in said]
    assert len(names) == len(set(names))
    whole = {answer.name: answer.content for answer in answers(*contents, twin=twin, days=95) if answer.is_whole}
    for answer in said:
        if not answer.is_whole:
            content = whole[answer.name.removeprefix("part-")]
            assert content.startswith(answer.content) and content != answer.content


def test_both_statement_forms_say_the_same() -> None:
    content = file_of("1R03", "2PARTIAL", "3")

    bai = answers(content, kind="statement")
    camt = answers(content, twin=replace(TWIN, form="camt053"), kind="statement")

    assert [answer.at for answer in bai] == [answer.at for answer in camt]
    for one, other in zip(bai, camt, strict=True):
        first, second = bai2_v1.PARSER.parse(one.content), camt053_v1.PARSER.parse(other.content)
        amounts = [[getattr(line, "amount", None) for line in parsed.records] for parsed in (first, second)]
        assert amounts[0] == amounts[1]
        assert [found.closing for found in first.statements] == [found.closing for found in second.statements]


@pytest.mark.parametrize("seed", range(5))
def test_mishaps_happen_at_the_rate_that_was_asked_for(seed: int) -> None:
    contents = [
        file_of(*(f"{number}{n:03d}" for n in range(100)), reference=f"FILE{number:04d}", first=1 + 100 * number)
        for number in range(4)
    ]

    said = answers(*contents, twin=replace(TWIN, behaviour=Behaviour(returns=250), seed=seed), days=10)

    assert 60 < len(back(said)) < 140


def test_a_behaviour_file_is_read_and_a_wrong_key_is_named() -> None:
    assert read_behaviour("seed = 7\n[of_a_thousand]\nreturns = 5\n") == (Behaviour(returns=5), 7)
    assert read_behaviour("") == (Behaviour(), None)
    for text, key in [
        ("[of_a_thousand]\nreturn = 5", "'return'"),
        ("[of_a_thousand]\nreturns = 1001", "of_a_thousand.returns"),
        ("[of_a_thousand]\nreturns = true", "of_a_thousand.returns"),
        ("seeds = 1", "'seeds'"),
        ("seed = 'x'", "seed"),
        ("of_a_thousand = 1", "of_a_thousand"),
        ("a b", "TOML"),
    ]:
        with pytest.raises(Malformed, match=key):
            read_behaviour(text)


@pytest.mark.parametrize("form", ["bai2", "camt053"])
def test_of_a_file_that_broke_off_nothing_is_read_that_the_whole_does_not_hold(
    form: Literal["bai2", "camt053"],
) -> None:
    """At every byte: a record of the part is a record of the whole, so that the whole can mend what the part lacks."""
    parser = (bai2_v1 if form == "bai2" else camt053_v1).PARSER
    content = file_of("1R03", "2PARTIAL", "3C01", "4R02")

    for answer in answers(content, twin=replace(TWIN, form=form)):
        if answer.kind == "acknowledgement":
            continue
        parse = parser.parse if answer.kind == "statement" else nacha_v1.PARSER.parse
        whole = parse(answer.content).records
        for length in range(1, len(answer.content)):
            part = parse(answer.content[:length]).records
            assert all(record in whole for record in part), (answer.name, length)
