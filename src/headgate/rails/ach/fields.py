"""What a record's table is: fields by position, content and rule, compiled once into one pattern for the whole line.

A good line costs one match; only a line that fails is looked at field by field, to say which field, which rule and how
to mend it. The same table writes the line and takes it apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LENGTH = 94
"""Characters in a record, always."""

BLOCK = 10
"""Records in a block; the last block is filled with lines of nines."""

ALLOWED = r"[ -~\xa0¢¦¬±À-ÿ]"
"""Characters a reader accepts: printable ASCII, and the Latin letters that banks send."""

PRINTABLE = re.compile(f"{ALLOWED}*").fullmatch
ALLOWED_LATIN = bytes(code for code in range(256) if PRINTABLE(chr(code)))
"""The same characters as bytes of Latin-1, which holds them all."""

_ANY = ALLOWED
_CONTENT: dict[str, tuple[Callable[[int], str], str]] = {
    "digits": (lambda width: rf"[0-9]{{{width}}}", "digits only, filled with zeros on the left"),
    "text": (lambda width: rf"{_ANY}{{{width}}}", "printable characters, filled with blanks on the right"),
    "filled": (lambda width: rf"(?![ 0]{{{width}}}){_ANY}{{{width}}}", "not blank and not only zeros"),
    "present": (lambda width: rf"(?! {{{width}}}){_ANY}{{{width}}}", "not blank"),
    "julian": (lambda width: r"(?:00[1-9]|0[1-9][0-9]|[12][0-9][0-9]|3[0-5][0-9]|36[0-6]| {3})", "001 to 366"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: positions count from 1 and include both ends; `content` is a kind above or a pattern of its own."""

    name: str
    start: int
    end: int
    content: str
    rule: str
    mend: str = ""

    @property
    def width(self) -> int:
        return self.end - self.start + 1

    @property
    def pattern(self) -> str:
        kind = _CONTENT.get(self.content)
        return kind[0](self.width) if kind else self.content

    @property
    def mending(self) -> str:
        kind = _CONTENT.get(self.content)
        return self.mend or (f"write {kind[1]}" if kind else "")

    def of(self, line: str) -> str:
        return line[self.start - 1 : self.end]


class Layout:
    """One record's table and its compiled pattern."""

    __slots__ = ("_patterns", "_positions", "_widths", "fields", "match", "name")

    def __init__(self, name: str, *fields: Field) -> None:
        position = 1
        for field in fields:
            assert field.start == position <= field.end, f"{name}.{field.name} does not follow its neighbour"
            position = field.end + 1
        assert position == LENGTH + 1, f"{name} ends at {position - 1}"
        self.name = name
        self.fields = fields
        self.match = re.compile("".join(f"(?:{field.pattern})" for field in fields)).fullmatch
        self._patterns = [re.compile(field.pattern).fullmatch for field in fields]
        self._widths = [(field.name, field.width) for field in fields]
        self._positions = {field.name: field for field in fields}

    def __getitem__(self, name: str) -> Field:
        return self._positions[name]

    def __contains__(self, name: object) -> bool:
        return name in self._positions

    def broken(self, line: str) -> Iterator[Field]:
        """The fields of a line whose content is not what the table allows."""
        for field, match in zip(self.fields, self._patterns, strict=True):
            if match(field.of(line)) is None:
                yield field

    def values(self, line: str) -> dict[str, str]:
        """What stands in each field, as it stands: `write(**values(line))` is the line again."""
        return {field.name: field.of(line) for field in self.fields}

    def replace(self, line: str, **values: str | int) -> str:
        """The line with these fields written anew. Raises ValueError as `write` does."""
        return self.write(**{**self.values(line), **values})

    def write(self, **values: str | int) -> str:
        """A record with these values: numbers zero-filled, text blank-filled; what is not given is blank.

        Raises ValueError for a value too long for its field or one that the table does not know.
        """
        parts = []
        for name, width in self._widths:
            value = values.pop(name, "")
            text = str(value).zfill(width) if isinstance(value, int) else value.ljust(width)
            if len(text) > width:
                raise ValueError(f"{self.name}.{name} takes {width} characters, not {len(text)}")
            parts.append(text)
        if values:
            raise ValueError(f"{self.name} has no field {', '.join(sorted(values))}")
        return "".join(parts)


def kind(digit: str) -> Field:
    """The first field of every record."""
    return Field("record_type", 1, 1, digit, "V-02")


def text(name: str, start: int, end: int) -> Field:
    """A field of free text."""
    return Field(name, start, end, "text", "V-34")
