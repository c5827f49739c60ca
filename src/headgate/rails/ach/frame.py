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


def blocks(stream: BinaryIO, encoding: str) -> Iterator[list[str]]:
    """Lines of a stream without their ends, many at a time; LF, CR and CRLF end a line, none at all cuts at 94."""
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
        whole = text.split("\n")
        rest = whole.pop()
        if whole and not has_ends:
            # Blocks of several records, or no ends at all but one; else a first line that is too long, and named so.
            alone = not len(whole[0]) % LENGTH or not any(map(str.strip, (*whole[1:], rest)))
            is_unbroken, has_ends = is_unbroken or (_is_several(whole[0]) and alone), True
        yield _cut(whole) if is_unbroken else whole
        if not chunk:
            rest += held
            is_unbroken = is_unbroken or (not has_ends and _is_several(rest))
            if rest:
                yield _cut([rest]) if is_unbroken else [rest]
            return
        is_unbroken = is_unbroken or (not has_ends and len(rest) > _UNBROKEN)
        width = LENGTH if is_unbroken else 2 * LENGTH  # one line without end is named as such, two records at a time
        if len(rest) > (LENGTH if is_unbroken else _CHUNK):
            fits = len(rest) - len(rest) % width
            yield _cut([rest[:fits]], width)
            rest = rest[fits:]
        rest += held


def _is_several(line: str) -> bool:
    """Whether the first line of a file is really all of it: longer than a record, and not by blanks."""
    return len(line) >= 2 * LENGTH and len(line.rstrip()) > LENGTH


def _cut(whole: list[str], width: int = LENGTH) -> list[str]:
    return [line[start : start + width] for line in whole for start in range(0, max(len(line), 1), width)]
