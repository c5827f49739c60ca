"""What names the field that a byte of a text stands in: the head of its column, its key in JSON, its tag in XML."""

from __future__ import annotations

import re
from typing import Final

HEAD_LINES: Final = 60
"""Lines in which the head of a table is looked for: banks write a preamble above it."""
_LINE_MAX: Final = 1 << 16
_DELIMITERS: Final = (b",", b";", b"\t", b"|")
_KEY = re.compile(rb'"((?:[^"\\]|\\.){1,80})"\s*:\s*(?:\[\s*)?"?[^"{}\[\]]{0,60}\Z')
_TAG = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.:-]{0,60})(?:\s[^<>]{0,200})?>[^<>]{0,60}\Z")
_LONG_DIGITS = re.compile(rb"[0-9]{6}")
_NUMBER_BEFORE = re.compile(rb"[:\[,]\s*\Z")
_NUMBER_AFTER = re.compile(rb"\s*[,\]}\r\n]")


class Fields:
    """The fields of one text. What a table's head says is read once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        beginning = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
        self.is_json = beginning.startswith((b"{", b"["))
        self._is_marked = beginning.startswith(b"<") or b"<OFX>" in beginning[:2000].upper()
        self._heads: dict[tuple[bytes, int], list[bytes]] | None = None

    def label(self, at: int) -> bytes:
        """What names the field at this offset; empty where nothing does."""
        near = self._data[max(0, at - 200) : at]
        if self.is_json:
            found = _KEY.search(near)
            return found.group(1) if found else b""
        if self._is_marked:
            if b"<CCACCTFROM>" in near:
                return b"ccacct"  # In OFX the account of a card is its number.
            found = _TAG.search(near)
            return found.group(1) if found else b""
        return self._column(at)

    def is_number(self, at: int, end: int) -> bool:
        """Whether the digits from here to there are a number of JSON, where nothing but digits can stand."""
        before, after = self._data[max(0, at - 20) : at], self._data[end : end + 20]
        return self.is_json and bool(_NUMBER_BEFORE.search(before)) and bool(_NUMBER_AFTER.match(after) or not after)

    def _column(self, at: int) -> bytes:
        start = (
            max(
                self._data.rfind(b"\n", max(0, at - _LINE_MAX), at), self._data.rfind(b"\r", max(0, at - _LINE_MAX), at)
            )
            + 1
        )
        stop = self._data.find(b"\n", at, at + _LINE_MAX)
        line = self._data[start : stop if stop >= 0 else min(len(self._data), at + _LINE_MAX)]
        for delimiter in _DELIMITERS:
            cells = _cells(line, delimiter)
            if len(cells) < 2:
                continue
            head = self._head(delimiter, len(cells), start)
            if head is not None:
                before = len(_cells(self._data[start:at], delimiter)) - 1
                return head[before] if before < len(head) else b""
        return b""

    def _head(self, delimiter: bytes, width: int, before: int) -> list[bytes] | None:
        if self._heads is None:
            self._heads = {}
            lines = re.split(rb"\r\n|\r|\n", self._data[:_LINE_MAX])[:HEAD_LINES]
            for each in _DELIMITERS:
                for line in lines:
                    cells = _cells(line, each)
                    if len(cells) > 1 and not _LONG_DIGITS.search(line):
                        self._heads.setdefault((each, len(cells)), cells)
        return self._heads.get((delimiter, width)) if before else None


def _cells(line: bytes, delimiter: bytes) -> list[bytes]:
    """The cells of a line; a delimiter between quotes parts nothing."""
    if b'"' not in line:
        return line.split(delimiter)
    cells, open_ = [b""], False
    for part in re.split(b"(" + re.escape(delimiter) + b'|")', line):
        if part == b'"':
            open_ = not open_
        elif part == delimiter and not open_:
            cells.append(b"")
            continue
        cells[-1] += part
    return cells
