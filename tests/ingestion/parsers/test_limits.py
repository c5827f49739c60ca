"""What a file may ask of us: bombs are refused, memory stays constant, and the quick way gives what the slow one does."""

from __future__ import annotations

import io
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import date
from itertools import repeat
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.money import Money
from headgate.ingestion.parsers import _building, _limits, _table, all_parsers, camt053_v2
from headgate.ingestion.parsers._gathering import FAULTS_MAX, gather
from headgate.ingestion.parsers._identities import _FEW, Seen, StatementIdentities
from headgate.ingestion.parsers._statements import Identities
from headgate.ingestion.records import RAW_MAX, SettlementRecord, TransactionRecord

pytestmark = pytest.mark.slow

PARSERS = all_parsers()
SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def workbook(sheet: bytes, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(name, sheet)
    return made.getvalue()


def rule_of(content: bytes) -> str:
    parsed = PARSERS["xlsx_v1"].parse(content)
    assert parsed.records == ()
    return parsed.faults[0].rule


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rule_of(workbook(bytes(30 << 20))) == "file.bomb", "thirty megabytes out of thirty kilobytes"
    monkeypatch.setattr(_limits, "UNPACKED_MAX", 1 << 20)
    assert rule_of(workbook(random.Random(7).randbytes((1 << 20) + 1))) == "file.bomb", "however little it was packed"


def test_an_archive_that_lies_about_its_size_is_refused() -> None:
    honest = workbook(bytes(30 << 20))
    lying = honest.replace((30 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))

    assert lying != honest
    assert rule_of(lying) in ("file.bomb", "file.archive")


def test_a_broken_or_crowded_archive_is_refused() -> None:
    crowded = io.BytesIO()
    with zipfile.ZipFile(crowded, "w") as archive:
        for n in range(_limits.MEMBERS_MAX + 1):
            archive.writestr(f"xl/{n}", b"")

    assert rule_of(crowded.getvalue()) == "file.members"
    assert rule_of(workbook(b"<x/>")[:60]) == "file.archive"
    assert rule_of(b"PK\x03\x04" + bytes(200)) == "file.archive"


class Endless(io.RawIOBase):
    """A beginning, and then a piece again and again, until so many bytes are read."""

    def __init__(self, begin: bytes, piece: bytes, size: int) -> None:
        self.begin, self.piece, self.left, self.at = io.BytesIO(begin), piece, size, 0

    def read(self, size: int = -1) -> bytes:
        found = self.begin.read(size)
        if found:
            return found
        take = min(size if size > 0 else 1 << 20, self.left)
        self.left -= take
        start = self.at % len(self.piece)
        self.at += take
        return (self.piece * (take // len(self.piece) + 2))[start : start + take]


CAMT = b"<Document><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>X1</IBAN></Id><Ccy>USD</Ccy></Acct>"
ENTRY = b'<Ntry><Amt Ccy="USD">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><AddtlNtryInf>text</AddtlNtryInf></Ntry>\n'
ENDLESS = {
    "mt940_v1": (b":20:A\n:25:1\n:60F:C261124USD0,00\n", b":61:261125C1,00NTRFA\n:86:text\n"),
    "bai2_v2": (b"01,a,b,261125,0,1,,,2/\n02,a,b,1,261125,0,USD,2/\n03,1,USD/\n", b"16,165,100,Z,,C,text/\n"),
    "camt053_v2": (CAMT, ENTRY),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ENDLESS)
def test_a_large_file_is_read_in_little_memory(name: str) -> None:
    """Twice as many bytes take no more memory: what is read is forgotten."""
    begin, piece = ENDLESS[name]
    reader = PARSERS[name].read
    assert reader is not None
    peaks = []
    for size in (600_000, 1_200_000):
        stream: Any = Endless(begin, piece, size)
        tracemalloc.start()
        count = sum(1 for _ in reader(stream))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count > size // len(piece) * 0.9

    assert peaks[1] < peaks[0] + 2_500_000, peaks


@pytest.mark.parametrize("name", [name for name, parser in PARSERS.items() if parser.read is not None])
@pytest.mark.parametrize(
    "piece", [b"[", b"<a>", b'"', b"{", b"x", b"\n:61:", b"16,", b"88,", b"<STMTTRN>", b",", b'[{"a":']
)
def test_much_of_one_thing_is_a_fault_soon(name: str, piece: bytes) -> None:
    parsed = PARSERS[name].parse(piece * (60_000 // len(piece)))

    assert parsed.records == ()
    assert parsed.faults
    assert len(parsed.faults) <= FAULTS_MAX + 1
    assert all(len(fault.raw) <= RAW_MAX for fault in parsed.faults)


def test_rows_beyond_the_limit_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_table, "ROWS_MAX", 3)

    parsed = PARSERS["csv_v1"].parse(b"Date,Text,Amount (USD)\n" + b"2026-11-25,text,1.00\n" * 5)

    assert len(parsed.records) == 3
    assert [fault.rule for fault in parsed.faults] == ["csv.rows"]


def test_the_faults_of_a_hopeless_file_are_counted_and_not_kept() -> None:
    def hopeless() -> Iterator[Any]:
        from headgate.ingestion.records import Fault

        yield from repeat(Fault(1, 0, "", "x", "line 1: x"), FAULTS_MAX + 7)

    parsed = gather(hopeless())

    assert len(parsed.faults) == FAULTS_MAX + 1
    assert "7 more faults" in parsed.faults[-1].message


def test_an_element_without_end_is_refused_before_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camt053_v2, "_ENTRY_MAX", 2 << 20)
    reader = PARSERS["camt053_v2"].read
    assert reader is not None
    stream: Any = Endless(CAMT + b"<Ntry>", b"<A>b</A>", 20 << 20)

    faults = list(reader(stream))

    assert any("one element takes more" in getattr(fault, "message", "") for fault in faults)
    assert stream.left > 15 << 20, "it was not read to its end"


@given(st.lists(st.text(alphabet="ab:#", max_size=2), max_size=12))
def test_identities_are_those_of_version_one(references: list[str]) -> None:
    old, new, day = Identities(), StatementIdentities(), date(2026, 11, 25)

    assert [new.of("4400", day, "1", one) for one in references] == [
        old.of("4400", day, "1", one) for one in references
    ]


def test_many_keys_are_told_apart_as_few_are() -> None:
    seen = Seen()

    first = [seen.count(f"key{n}") for n in range(_FEW + 50_000)]

    assert set(first) == {1}
    assert [seen.count("key7"), seen.count("key7"), seen.count(f"key{_FEW + 9}")] == [2, 3, 2]


def test_quick_records_are_the_ordinary_ones() -> None:
    day = date(2026, 11, 25)
    quick = _building.transaction(3, "id", "44", 125, "USD", "credit", day, None, "t", "b", "c", "text", 2)
    slow = TransactionRecord(3, "id", "44", Money(125, "USD"), "credit", day, None, "t", "b", "c", "text", 2)
    usd = _building.money(5, "USD")
    words = (
        1,
        None,
        "stripe",
        "charge",
        "settled",
        "card",
        "debit",
        usd,
        usd,
        usd,
        None,
        day,
        "r",
        "g",
        "t",
        "c",
        "u",
        "x",
    )

    assert (quick, hash(quick), repr(quick)) == (slow, hash(slow), repr(slow))
    assert (usd, hash(usd)) == (Money(5, "USD"), hash(Money(5, "USD")))
    assert _building.settlement(*words) == SettlementRecord(*words)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        quick.line = 4  # type: ignore[misc]


def test_lines_are_the_same_however_they_end_and_wherever_a_block_is_cut() -> None:
    text = "one\ntwo é\n\nfour"
    for end in ("\n", "\r\n", "\r"):
        for encoding in ("utf-8", "utf-8-sig", "utf-16"):
            for size in (1, 2, 3, 5, 1_000):
                stream: BinaryIO = io.BytesIO(text.replace("\n", end).encode(encoding))
                joined = "".join(_limits.text_blocks(stream, size))
                assert joined == text, (end, encoding, size)
