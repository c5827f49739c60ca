"""From bytes to lines of 94 characters: encoding, line ends, padding (nacha_layout.md §1).

Characters are counted and not bytes. A file without line ends is cut every 94 characters. Memory is constant: the
stream is read twice, first to learn its encoding (strict ASCII, else UTF-8 if valid throughout, else windows-1252).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from headgate.rails.ach.layout import LENGTH

_CHUNK = 1 << 20
_UNBROKEN = 64 * LENGTH
"""Characters without a line end after which a file is taken to have none."""


def encoding_of(stream: BinaryIO) -> str:
    """The encoding of a seekable stream, which is left at its start: `ascii`, `utf-8` or `cp1252`."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_ascii, encoding = True, "utf-8"
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        if is_ascii and chunk.isascii():
            continue
        is_ascii = False
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            encoding = "cp1252"
            break
    if not is_ascii and encoding == "utf-8":
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            encoding = "cp1252"
    stream.seek(0)
    return "ascii" if is_ascii else encoding


def lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines of a stream without their ends; LF, CR and CRLF end a line, and a file without ends is cut at 94."""
    # What windows-1252 leaves undefined becomes U+FFFD, which no field allows: a fault and not an exception.
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    rest, has_ends, is_unbroken = "", False, False
    while True:
        chunk = stream.read(_CHUNK)
        text = rest + decoder.decode(chunk, final=not chunk)
        held = ""
        if chunk and text.endswith("\r"):
            text, held = text[:-1], "\r"  # the LF of this CRLF may open the next chunk
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        *whole, rest = text.split("\n")
        for line in whole:
            is_unbroken = is_unbroken or (not has_ends and _is_several(line))
            has_ends = True
            yield from _cut(line) if is_unbroken else (line,)
        if not chunk:
            rest += held
            is_unbroken = is_unbroken or (not has_ends and _is_several(rest))
            if rest:
                yield from _cut(rest) if is_unbroken else (rest,)
            return
        is_unbroken = is_unbroken or (not has_ends and len(rest) > _UNBROKEN)
        if is_unbroken and len(rest) > LENGTH:
            whole_records = len(rest) - len(rest) % LENGTH
            yield from _cut(rest[:whole_records])
            rest = rest[whole_records:]
        rest += held


def _is_several(line: str) -> bool:
    """Whether the first line of a file is really all of it: longer than a record, and not by blanks."""
    return len(line) >= 2 * LENGTH and len(line.rstrip()) > LENGTH


def _cut(line: str) -> Iterator[str]:
    return (line[start : start + LENGTH] for start in range(0, len(line), LENGTH)) if line else iter(("",))
