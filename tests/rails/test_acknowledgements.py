"""A bank's word on a file: read as its profile says it writes, and compared with what was sent."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.make import usd

from headgate.rails import banks
from headgate.rails.acknowledgements import (
    Acknowledged,
    Handed,
    Unread,
    differences,
    is_of,
    read_acknowledgements,
)

ACH = banks.get("sandbox").ach
assert ACH is not None and ACH.acknowledgement is not None
TERMS = ACH.acknowledgement
CSV = replace(
    TERMS,
    form="csv",
    separator=",",
    amounts="cents",
    name=re.compile(r"ACK.*\.csv"),
    fields={"reference": "Ref", "verdict": "Result", "entries": "Items", "credits": "Cr", "debits": "Dr"},
    accepted=("OK", "Accepted with warnings"),
    rejected=("ERR",),
)
HANDED = Handed("20261130-A-4F7Q2M9K.ach", "4F7Q2M9K", 2, usd("3000.00"), usd("0.00"), "ab" * 32)
SAID = b"""FILE: 20261130-A-4F7Q2M9K.ach
Status : accepted
ENTRIES:2
CREDITS: $3,000.00
DEBITS: 0.00
RECEIVED AT: 2026-11-30 14:02
"""


def test_a_block_of_keys_and_values_is_read() -> None:
    said, unread = read_acknowledgements(SAID, TERMS, filename="20261130-A-4F7Q2M9K.ach.ack")

    assert unread == ()
    assert said == (
        Acknowledged("accepted", name="20261130-A-4F7Q2M9K.ach", entries=2, credits=usd("3000.00"), debits=usd("0.00")),
    )
    assert is_of(said[0], HANDED) and differences(said[0], HANDED) == ()


def test_the_name_of_the_acknowledgement_says_whose_it_is_where_its_text_does_not() -> None:
    said, unread = read_acknowledgements(
        b"STATUS: REJECTED\r\nREASON: bad hash\r\n", TERMS, filename=f"{HANDED.name}.ack"
    )

    assert (said, unread) == ((Acknowledged("rejected", name=HANDED.name, reason="bad hash"),), ())
    assert read_acknowledgements(b"STATUS: REJECTED", TERMS, filename="other.txt")[1] == (
        Unread(1, "it names neither a file nor a reference"),
    )


def test_a_table_has_a_row_a_file() -> None:
    content = (
        b'\xef\xbb\xbfRef,Branch,Result,Items,Cr,Dr\r\n4F7Q2M9K,7,OK,2,300000,0\r\n\r\nXXXXXXXX,7,ERR,1,"1,000",0\r\n'
    )

    said, unread = read_acknowledgements(content, CSV, filename="ACK1.csv")

    assert unread == ()
    assert [(one.reference, one.verdict, one.credits) for one in said] == [
        ("4F7Q2M9K", "accepted", usd("3000.00")),
        ("XXXXXXXX", "rejected", usd("10.00")),
    ]
    assert [is_of(one, HANDED) for one in said] == [True, False]


def test_several_blocks_are_several_files_and_a_bad_one_does_not_hide_the_rest() -> None:
    content = (
        SAID
        + b"\n\nFILE: b.ach\nSTATUS: RECEIVED\n\nFILE: c.ach\nSTATUS: ACCEPTED\nCREDITS: 1.005\n\nSTATUS: ACCEPTED\n"
    )

    said, unread = read_acknowledgements(content, TERMS, filename="x.ach.ack")

    assert [one.name for one in said] == [HANDED.name]
    assert unread == (
        Unread(9, "its verdict is missing or none of ACCEPTED, REJECTED; write the bank's word into its profile"),
        Unread(12, "an amount is not written as 1234.50"),
        Unread(16, "it names neither a file nor a reference"),
    )


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"entries": 3}, ("entries",)),
        ({"credits": usd("3000.01"), "debits": usd("0.01")}, ("credits", "debits")),
        ({"sha256": "cd" * 32}, ("sha256",)),
        ({"reference": "OTHER123"}, ("reference",)),
        ({"entries": None, "credits": None}, ()),
    ],
)
def test_other_totals_than_were_sent_are_named(changes: dict[str, object], found: tuple[str, ...]) -> None:
    (said,), _ = read_acknowledgements(SAID, TERMS, filename="x.ach.ack")

    assert differences(replace(said, **changes), HANDED) == found  # type: ignore[arg-type]


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=300),
        st.builds(
            lambda a, b, at: SAID[:at] + a + SAID[at + b :],
            st.binary(max_size=4),
            st.integers(0, 5),
            st.integers(0, 120),
        ),
    ),
    st.sampled_from([TERMS, CSV]),
)
def test_any_bytes_give_an_answer(content: bytes, terms: banks.Acknowledgement) -> None:
    said, unread = read_acknowledgements(content, terms, filename="a.ach.ack")

    assert said or unread
    assert all(one.name or one.reference for one in said)
    assert read_acknowledgements(content, terms, filename="a.ach.ack") == (said, unread)


def test_a_file_that_is_no_acknowledgement_says_so() -> None:
    assert read_acknowledgements(b"", TERMS, filename="a")[1][0].message.startswith("none of the bank's words")
    assert read_acknowledgements(b"x" * (1 << 20) + b"y", TERMS, filename="a")[1] == (
        Unread(1, "longer than 1048576 bytes"),
    )
