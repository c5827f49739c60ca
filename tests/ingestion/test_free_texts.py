"""The free texts of banks' own formats: card numbers in them are masked, and nothing else of such a file is ever touched."""

from __future__ import annotations

import dataclasses
import gzip
import re
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ingestion.bank_files import CARD, PLAIN, nacha

from headgate.ingestion.cards import banks, masked
from headgate.ingestion.cards.numbers import BLOCK, card_numbers
from headgate.ingestion.parsers import detect

VISA, MASTERCARD, AMEX = b"4111111111111111", b"5555555555554444", b"378282246310005"
SWIFT, CAMT, BAI2 = PLAIN["swift"], PLAIN["iso20022"], PLAIN["bai2"]
FILLED = b"PAID BY HARBOR BAKERY FOR NOVEMBER AND WHAT ELSE THERE WAS TO PAY IN 2026 "


def hide(data: bytes) -> bytes:
    found = masked(data)
    return found.data if found else data


def numbers(data: bytes) -> list[bytes]:
    """What was masked, as it stood; every other byte stays."""
    found = masked(data)
    if found is None:
        return []
    assert len(found.data) == len(data)
    spans = [(hit.offset, hit.offset + hit.length) for hit in found.hits]
    for at, (old, new) in enumerate(zip(data, found.data, strict=True)):
        if old != new:
            assert new == ord("X") and chr(old).isdigit() and any(start <= at < end for start, end in spans)
    return [data[start:end] for start, end in spans]


def read_of(data: bytes) -> Any:
    parser = detect(data)
    return parser and dataclasses.astuple(parser.parse(data))


@pytest.mark.parametrize("name", PLAIN)
def test_every_format_has_a_file_here_whose_text_alone_is_masked(name: str) -> None:
    assert sorted(PLAIN) == sorted(banks.all_formats())
    data = PLAIN[name] % (b"card " + VISA)
    of_bank = banks.format_of(data)

    assert of_bank is not None and of_bank.name == name
    assert hide(data) == PLAIN[name] % b"card 411111XXXXXX1111"
    assert masked(hide(data)) is None and masked(PLAIN[name] % (b"no such " + b"1" * 13)) is None
    assert repr(read_of(hide(data))) == repr(read_of(data)).replace("card 4111111111111111", "card 411111XXXXXX1111"), (
        "what a parser reads is the same but for the digits"
    )
    assert hide(gzip.compress(data, mtime=0)) == gzip.compress(hide(data), mtime=0)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        # One after the other, the whole width, beside the sequence numbers, which make a longer number of it.
        (nacha(b"PAID BY", VISA + b" AND " + b"x" * 42 + b" " + MASTERCARD), [VISA, MASTERCARD]),
        (nacha(b"x" * 71 + b" 41111111", b"11111111 REST"), [b"41111111\xff11111111"]),
        (nacha(b"x" * 70 + b" 4111 1111", b"1111 1111 REST"), [b"4111 1111\xff1111 1111"]),
        (nacha(b"x" * 71 + b" 41111111", b"11111111 REST").replace(b"\n", b""), [b"41111111\xff11111111"]),
        (nacha(VISA).replace(b"\n", b"\r\n"), [VISA]),
        (nacha("Größe ".encode() + VISA).replace(b"1   00010", b"1    00010"), [VISA]),
        (nacha(b"TRN*1*" + VISA + b"*1234567890\\", b"RMR*IV*" + VISA + b"*PI*10\\"), []),
        (nacha(b"").replace(b"705", b"702"), []),
        (nacha(b"").replace(b"\n705" + b" " * 80, b"\n799R01" + VISA[:15] + b" " * 14 + (b"card " + VISA).ljust(44)), [VISA]),
        (BAI2 % (b"REST, card " + VISA), [VISA]),
        (BAI2 % (b"CARD 4111/\n88,more\n88," + VISA), [VISA]),
        (BAI2 % (b"CARD 4111 1111\r\n88,1111 1111 and on"), [b"4111 1111\xff1111 1111"]),
        (BAI2 % (b"PAID BY CARD 41111111\n88,11111111"), [b"41111111\xff11111111"]),
        (BAI2 % (FILLED[:40] + b" 41111111\n88,11111111"), [b"41111111\xff11111111"]),
        (BAI2 % (b"SHORT 41111111\n88,11111111"), []),
        (BAI2.replace(b"," + CARD + b",%b/", b"/\n88," + VISA + b",card " + VISA + b"/"), [VISA]),
        (BAI2.replace(b",Z," + CARD, b",S,1,2,3," + VISA) % b"x", []),
        (BAI2.replace(b"03," + CARD, b"03,1/\n88," + VISA) % b"x", []),
        (SWIFT % (b"card " + VISA), [VISA]),
        (SWIFT % (FILLED[:55] + b" 41111111\n11111111 REST"), [b"41111111\xff11111111"]),
        (SWIFT % b"BY CARD 4111 1111\r\n1111 1111", [b"4111 1111\xff1111 1111"]),
        (SWIFT % b"INVOICE 41111111\n11111111", []),
        (SWIFT % (b"166?00CARD?20SVWZ+CARD " + VISA[:9] + b"?21" + VISA[9:] + b"?30" + VISA), [b"411111111\xff1111111"]),
        (SWIFT % (b"166?00CARD?20SVWZ+BY?31" + VISA + b"?10" + VISA), []),
        (SWIFT % (b"166?00CARD?20" + VISA + b"?32" + MASTERCARD + b"?34992"), [VISA, MASTERCARD]),
        (SWIFT % (b"166~20NR~21" + AMEX), [AMEX]),
        (SWIFT % (b"EREF+" + VISA + b"KREF+" + VISA + b"SVWZ+" + MASTERCARD), [MASTERCARD]),
        (SWIFT % (b"/EREF/" + VISA + b"/REMI/CARD " + MASTERCARD + b"/"), [MASTERCARD]),
        (SWIFT % (b"/MARF/" + VISA + b"/REMI/" + MASTERCARD + b"/"), [MASTERCARD]),
        ((SWIFT % b"x").replace(b"\n:86:", b"\nSUPPLEMENTARY card " + VISA + b"\n:86:"), [VISA]),
        ((SWIFT % (b"card " + VISA)).replace(b"\n", b"@@"), [VISA]),
        (b"{1:F01AAAA}{4:\r\n" + (SWIFT % (b"card " + VISA)).replace(b"\n", b"\r\n") + b"}", [VISA]),
        (SWIFT % b"x" + b"-}" + VISA, []),
        (CAMT % (b"<![CDATA[a < b, card " + VISA + b"]]>"), [VISA]),
        (CAMT % (b"a<!-- " + MASTERCARD + b" -->card " + VISA), [MASTERCARD, VISA]),
        (CAMT % (b"x" * 131 + b" 41111111</Ustrd>\n  <Ustrd>11111111 REST"), [b"41111111\xff11111111"]),
        (CAMT % (b"card 4111 1111\n      1111 1111"), [b"4111 1111\xff1111 1111"]),
        (CAMT % b"card 4111&#160;1111&#160;1111&#160;1111", [b"4111&#160;1111&#160;1111&#160;1111"]),
        ((CAMT % b"x").replace(b"</Ntry>", b"<AddtlNtryInf>card " + VISA + b"</AddtlNtryInf></Ntry>"), [VISA]),
        ((CAMT % VISA).replace(b"<", b"<c:").replace(b"<c:/", b"</c:").replace(b"<c:?", b"<?"), [VISA]),
        (CAMT % (b"</Ustrd></RmtInf><Purp><Prtry>" + VISA + b"</Prtry></Purp><RmtInf><Ustrd>"), []),
        (PLAIN["ofx"] % (b"x<NAME>card " + VISA), [VISA]),
        ((PLAIN["ofx"] % b"x").replace(b"BANKACCT", b"CCACCT"), [VISA]),
        ((PLAIN["ofx"] % (b"x<CCACCTTO><ACCTID>" + MASTERCARD + b"</CCACCTTO><REFNUM>" + VISA)), [MASTERCARD]),
        (PLAIN["fedwire"] % (b"LINE*card " + VISA), [VISA]),
        (PLAIN["fedwire"] % b"CARD 4111 1111*1111 1111", [b"4111 1111\xff1111 1111"]),
    ],
)  # fmt: skip
def test_a_number_is_found_in_text_and_over_the_end_of_a_line_and_no_reference_is(
    data: bytes, found: list[bytes]
) -> None:
    made = numbers(data)

    assert len(made) == len(found), made
    for one, expected in zip(made, found, strict=True):
        first, _, last = expected.partition(b"\xff")
        assert one.startswith(first) and one.endswith(last)
    assert masked(hide(data)) is None


_WORDS = st.sampled_from(
    [b"INVOICE 17", b"card ", b"REF 4", VISA, MASTERCARD, AMEX, b"4111 1111 1111 1111", b"11111111", b" ", b"-", b"?20", b"/"]
)  # fmt: skip
_TEXTS = st.lists(
    st.lists(_WORDS, max_size=6).map(lambda words: b" ".join(words)[:64]),
    min_size=1,
    max_size=4,
    # A text that comes twice is read once, and twice where one of the two is masked.
    unique_by=lambda text: b" ".join(text.split()),
)
_BREAKS = {"bai2": b"\n88,", "swift": b"\n", "iso20022": b"</Ustrd><Ustrd>", "ofx": b" ", "fedwire": b"*"}


def _made(name: str, texts: list[bytes]) -> tuple[bytes, list[tuple[int, int]]]:
    """A file with these texts, and where they stand."""
    if name == "nacha":
        data = nacha(*texts)
        return data, [(found.start() + 4, found.start() + 84) for found in re.finditer(rb"\n705", data)]
    head, tail = PLAIN[name].split(b"%b")
    middle = _BREAKS[name].join(texts)
    return head + middle + tail, [(len(head), len(head) + len(middle))]


@given(name=st.sampled_from(sorted(PLAIN)), texts=_TEXTS)
def test_whatever_the_texts_hold_nothing_else_is_touched_and_the_same_is_read(name: str, texts: list[bytes]) -> None:
    data, spans = _made(name, texts)

    made = hide(data)

    assert len(made) == len(data)
    touched = [at for at, (old, new) in enumerate(zip(data, made, strict=True)) if old != new]
    assert all(any(start <= at < end for start, end in spans) for at in touched)
    assert all(chr(data[at]).isdigit() and made[at] == ord("X") for at in touched)
    assert _alike(repr(read_of(data)), repr(read_of(made)))
    assert masked(made) is None


@given(
    name=st.sampled_from(sorted(PLAIN)),
    before=st.text("FGHJ ", max_size=30),  # No word that says what the number is: ABA, BIC, ID.
    number=st.sampled_from([VISA, MASTERCARD, AMEX, b"4111 1111 1111 1111", b"5555-5555-5555-4444"]),
)
def test_a_planted_number_is_left_nowhere(name: str, before: str, number: bytes) -> None:
    data, _ = _made(name, [before.encode() + b" " + number + b" THANKS"])
    data = data.replace(CARD, b"9" * 16) if number != CARD else data

    found = masked(data)

    assert found is not None and number in data
    assert [data[hit.offset : hit.offset + hit.length] for hit in found.hits] == [number]


def _alike(one: str, other: str) -> bool:
    return len(one) == len(other) and all(
        old == new or (old.isdigit() and new == "X") for old, new in zip(one, other, strict=True)
    )


def _large(kind: str, megabytes: int) -> bytes:
    head, _, tail = (PLAIN[kind] % b"card 4111111111111111").partition(b"<Ntry>" if kind == "iso20022" else b":61:")
    mark, end = (b"<Ntry>", b"</Stmt>") if kind == "iso20022" else (b":61:", b":62F:")
    entry, _, rest = tail.partition(end)
    return head + (mark + entry) * (megabytes * 1_000_000 // len(mark + entry)) + end + rest


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["iso20022", "swift"])
def test_of_a_larger_file_no_more_is_held(kind: str) -> None:
    peaks = []
    for megabytes in (2, 6):
        data = _large(kind, megabytes).replace(CARD, b"9" * 16)
        of_bank = banks.format_of(data)
        assert of_bank is not None and masked(data) is None

        tracemalloc.start()
        for _ in of_bank.texts(data):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.3 * peaks[0], "a file is looked through block by block"


@pytest.mark.parametrize("kind", ["iso20022", "swift"])
def test_numbers_on_both_sides_of_a_block_are_found(kind: str) -> None:
    data = _large(kind, 3)

    found = masked(data)

    assert found is not None and len(found.hits) == data.count(b"card 4111111111111111")
    assert found.data == data.replace(b"card 4111111111111111", b"card 411111XXXXXX1111")


@pytest.mark.parametrize("number", [VISA, b"4111 1111 1111 1111", b"4111&nbsp;1111&nbsp;1111&nbsp;1111"])
def test_wherever_one_block_ends_a_number_is_whole(number: bytes) -> None:
    for before in range(BLOCK - len(number) - 2, BLOCK + 2):
        assert [found.start for found in card_numbers(b"x" * (before - 1) + b" " + number + b" x")] == [before]


@pytest.mark.parametrize(
    "data",
    [
        BAI2[:60] + b"\n88,41111111\n88,11111111" * 20_000,
        SWIFT[:30] + b"\n-\n4111111111111111" * 20_000,
        SWIFT[:30] + b"\n:86:" + b"?20411111111111?21111111" * 20_000,
        CAMT.partition(b"<Id>")[0] + b"<!-- 4111111111111111" * 20_000,
        CAMT.partition(b"<Id>")[0] + b"<Ustrd>41111111</Ustrd>" * 20_000,
        PLAIN["ofx"][:30] + b"<ACCTID>4111111111111111" * 20_000,
        nacha(b"x") + (b"705" + b"4111111111111111" * 5 + b"00010000001\n") * 5_000,
    ],
)
def test_what_looks_like_nothing_but_numbers_takes_little_time(data: bytes) -> None:
    began = time.process_time()
    masked(data)

    assert time.process_time() - began < 10
