"""How much a file may ask of us, and how its bytes become lines of text in constant memory."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO, Final

from headgate.core.csv_rows import csv_rows
from headgate.ingestion.records import Fault

BLOCK: Final = 1 << 18
"""Bytes read at once."""

LINE_MAX: Final = 1 << 20
"""Characters of a line; a longer one is cut there, and is a fault of the format wherever its end is missed."""

ROWS_MAX: Final = 5_000_000
"""Rows of a table, elements of an array."""

UNPACKED_MAX: Final = 256 << 20
"""Bytes that an archive may hold once it is unpacked, all members together."""

RATIO_MAX: Final = 200
"""How often an archive may be larger unpacked than packed, beyond its first megabyte."""

MEMBERS_MAX: Final = 1_000

_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_ENDS = re.compile(r"\r\n?")


def text_rows(blocks: Iterable[str], delimiter: str, prefix: str) -> Iterator[tuple[int, list[str] | Fault]]:
    """Rows of cells with the line that each begins on; one with a cell that does not end is a fault, and the next is read."""
    lines = chain.from_iterable(io.StringIO(block, newline="\n") for block in blocks)
    for line, row in csv_rows(lines, delimiter):
        if isinstance(row, str):
            text = f"line {line}: a cell that does not end; close its quotation marks"
            yield line, Fault(line, 0, "", f"{prefix}.quotes", text, row)
        else:
            yield line, row


def text_blocks(stream: BinaryIO, size: int = BLOCK) -> Iterator[str]:
    """The text of a stream in blocks of whole lines, every line end a `\\n`.

    By its byte order mark, else each block strict UTF-8, else windows-1252, where a hole becomes U+FFFD.
    """
    rest = _fill(stream, max(size, 4))
    if rest[:2] in _UTF16:
        yield from _utf16_blocks(rest, stream, size)
        return
    rest = rest.removeprefix(b"\xef\xbb\xbf")
    while more := _fill(stream, size):
        whole = rest + more
        cut = max(whole.rfind(b"\n"), whole.rfind(b"\r", 0, -1)) + 1  # a \r at the end may lack its \n
        if not cut and len(whole) > LINE_MAX:
            cut = LINE_MAX
        if cut:
            yield _decoded(whole[:cut])
        rest = whole[cut:]
    if rest:
        yield _decoded(rest)


def _fill(stream: BinaryIO, size: int) -> bytes:
    """As many bytes as asked for, unless the stream ends: where it pauses must not change what is read."""
    found = stream.read(size)
    while 0 < len(found) < size:
        more = stream.read(size - len(found))
        if not more:
            break
        found += more
    return found


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    return _ENDS.sub("\n", text) if "\r" in text else text


def _utf16_blocks(first: bytes, stream: BinaryIO, size: int) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-16")(errors="replace")
    rest, data = "", first
    while data:
        text = rest + decoder.decode(data)
        cut = max(text.rfind("\n"), text.rfind("\r", 0, -1)) + 1
        if not cut and len(text) > LINE_MAX:
            cut = LINE_MAX
        if cut:
            yield _ENDS.sub("\n", text[:cut])
        rest, data = text[cut:], _fill(stream, size)
    text = rest + decoder.decode(b"", final=True)
    if text:
        yield _ENDS.sub("\n", text)


def lines(stream: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines of a stream from 1, without their ends."""
    number, rest = 1, ""
    for block in text_blocks(stream):
        parts = (rest + block).split("\n") if rest else block.split("\n")
        rest = parts.pop()
        for part in parts:
            yield number, part
            number += 1
        if len(rest) > LINE_MAX:
            yield number, rest
            rest, number = "", number + 1
    if rest:
        yield number, rest


def unpacking_fault(stream: BinaryIO) -> Fault | None:
    """What forbids to unpack an archive: broken, too large, too tightly packed, encrypted or with too many members.

    Every member is unpacked and counted, and nothing of it kept: what the directory says of sizes may be a lie.
    """
    stream.seek(0, 2)
    packed = stream.tell()
    stream.seek(0)
    limit = min(UNPACKED_MAX, (1 << 20) + RATIO_MAX * packed)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS_MAX:
                return _refused("members", f"{len(members)} members in the archive; a workbook has a few dozen")
            if any(member.flag_bits & 1 for member in members):
                return _refused("encrypted", "the archive is encrypted; send it without a password")
            if sum(member.file_size for member in members) > limit:
                return _refused("bomb", "the archive unpacks to more than it may; send the rows as CSV")
            seen = 0
            for member in members:
                with archive.open(member) as unpacked:
                    while part := unpacked.read(BLOCK):
                        seen += len(part)
                        if seen > limit:
                            return _refused("bomb", "the archive unpacks to more than it may; send the rows as CSV")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, OSError, RuntimeError, ValueError, NotImplementedError):
        return _refused("archive", "the archive is broken; ask for the file again")
    except Exception as error:  # zlib.error and its kin share no base of their own
        return _refused("archive", f"the archive cannot be unpacked ({type(error).__name__}); ask for the file again")
    finally:
        stream.seek(0)
    return None


def _refused(rule: str, text: str) -> Fault:
    return Fault(1, 0, "", f"file.{rule}", f"line 1: {text}")
