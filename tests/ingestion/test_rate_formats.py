"""Formats of exchange rates: samples in, the ledger's CSV out; any bytes give faults and never a crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.ingestion.rate_formats import all_formats
from headgate.ingestion.rate_formats.csv_v1 import HEADER

SAMPLES = Path(__file__).parent.parent / "samples" / "rates"
EXPECTED = {
    "csv_v1": ["EUR,USD,1.0842,2026-01-20T16:00:00Z,desk", "GBP,USD,1.2634,2026-01-20T16:00:00Z,desk"],
    # 16:00 in Frankfurt is 15:00 UTC in winter.
    "ecb_xml_v1": [
        "EUR,USD,1.0842,2026-01-20T15:00:00+00:00,ecb",
        "EUR,JPY,163.25,2026-01-20T15:00:00+00:00,ecb",
        "EUR,GBP,0.85813,2026-01-20T15:00:00+00:00,ecb",
    ],
}


def sample(name: str) -> bytes:
    [file] = SAMPLES.glob(f"{name}.*")
    return file.read_bytes()


@pytest.mark.parametrize("name", sorted(all_formats()))
def test_a_format_gives_what_its_sample_says(name: str) -> None:
    first, again = (all_formats()[name].convert(sample(name)) for _ in range(2))

    assert first == again
    assert first.csv.splitlines() == [HEADER, *EXPECTED[name]]
    assert first.faults == ()


@pytest.mark.parametrize("name", sorted(all_formats()))
@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_bytes_give_faults_and_never_a_crash(name: str, data: st.DataObject) -> None:
    good = sample(name)
    cut = data.draw(st.integers(0, len(good)))
    piece = data.draw(st.binary(max_size=20) | st.sampled_from([b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"\0", b'"', b"\n"]))
    bytes_ = data.draw(st.sampled_from([good[:cut] + piece + good[cut:], good[:cut], piece, good[cut:] + piece]))

    converted = all_formats()[name].convert(bytes_)

    rows = converted.csv.splitlines()
    assert rows[0] == HEADER
    assert len(rows) > 1 or converted.faults or name == "csv_v1"
    assert converted.lines is None or len(converted.lines) == len(rows) - 1
    assert all(fault.line >= 0 and fault.message for fault in converted.faults)


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        ((b"time='2026-01-20'", b"time='soon'"), 8, "no day"),
        ((b"<Cube>", b"<Cube><Cube currency='CHF' rate='1'/>"), 7, "under no day"),
        ((b"</gesmes:Envelope>", b""), 14, "well-formed"),
        ((b"<gesmes:Envelope", b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><gesmes:Envelope"), 1, "type"),
        ((b'encoding="UTF-8"', b'encoding="EBCDIC-WRONG"'), 1, ""),
    ],
)
def test_what_is_wrong_in_the_banks_document_is_named(change: tuple[bytes, bytes], line: int, words: str) -> None:
    found = all_formats()["ecb_xml_v1"].convert(sample("ecb_xml_v1").replace(*change))

    assert [words in fault.message for fault in found.faults][:1] == [True]
    assert found.faults[0].line in (line, line + 1)
    assert "passwd" not in found.csv


def test_an_entity_of_the_document_is_not_expanded() -> None:
    bomb = b"<!DOCTYPE x [<!ENTITY a 'USD'>]><Cube time='2026-01-20'><Cube currency='&a;' rate='1'/></Cube>"

    assert all_formats()["ecb_xml_v1"].convert(bomb).csv == HEADER
