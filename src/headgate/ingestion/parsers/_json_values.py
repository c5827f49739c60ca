"""Values of a JSON stream one by one, in constant memory: the elements of an array, the lines of NDJSON, or one object.

Numbers stay exact: whole ones are integers, others `Decimal`. Whatever is no JSON is a fault where it stands; what stands
below it on other lines is read, where the stream is one value a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO, Final

from headgate.ingestion.parsers._limits import ROWS_MAX, text_blocks
from headgate.ingestion.records import RAW_MAX, Fault

VALUE_MAX: Final = 4 << 20
"""Characters of one value."""

_LISTS: Final = ("data", "events", "transactions", "records", "rows", "items", "balance_transactions", "payouts")
"""Where a page of an interface keeps its list."""

_BLANK: Final = re.compile(r"[ \t\n,]*")
_NESTED: Final = re.compile(
    r'\s*\{(?:\s*"(?:object|has_more|url|next_cursor|next|type|total_count|count)"\s*:'
    r'\s*(?:"[^"\\]{0,200}"|true|false|null|\d{1,20})\s*,){0,8}\s*"(?:' + "|".join(_LISTS) + r')"\s*:\s*\['
)


def values(stream: BinaryIO, prefix: str) -> Iterator[tuple[int, Any] | Fault]:
    """Each value with the line that it begins on. `prefix` begins the names of rules."""
    decoder = json.JSONDecoder(parse_float=_decimal, parse_int=_whole, parse_constant=_constant)
    blocks = text_blocks(stream)
    text, at, line, count = next(blocks, ""), 0, 1, 0
    in_array, array_open, has_failed = False, True, False
    opening = _NESTED.match(text) or re.match(r"\s*\[", text)
    if opening:
        line += text.count("\n", 0, opening.end())
        at, in_array = opening.end(), True
    while True:
        blank = _BLANK.match(text, at)
        assert blank is not None
        line += text.count("\n", at, blank.end())
        at = blank.end()
        if at >= len(text) or (at > 1 << 16 and len(text) - at < 1 << 16):
            more = next(blocks, "")
            if more:
                text, at = text[at:] + more, 0
                continue
            if at >= len(text):
                break
        if in_array and text[at] == "]":
            array_open = False
            break
        if at > 1 << 12 and has_failed:
            text, at = text[at:], 0  # an error costs as much as the text before it is long
        try:
            value, end = decoder.raw_decode(text, at)
            if end == len(text) and not in_array and isinstance(value, int | Decimal):
                more = next(blocks, "")
                if more:  # a number that the block cut in two
                    text, at = text[at:] + more, 0
                    continue
        except (ValueError, RecursionError, ArithmeticError) as error:
            has_failed = True
            more = "" if len(text) - at > VALUE_MAX or isinstance(error, RecursionError) else next(blocks, "")
            if more:
                text, at = text[at:] + more, 0
                continue
            raw = text[at : at + RAW_MAX].partition("\n")[0]
            why = "nested too deeply" if isinstance(error, RecursionError) else "not well-formed JSON"
            yield Fault(line, 0, "", f"{prefix}.json", f"line {line}: {why}; ask for the file again", raw)
            found = text.find("\n", at)
            if in_array or found < 0:
                return
            line, at = line + 1, found + 1
            continue
        count += 1
        if count > ROWS_MAX:
            yield Fault(line, 0, "", f"{prefix}.rows", f"line {line}: more than {ROWS_MAX} values; part the file")
            return
        yield line, value
        line += text.count("\n", at, end)
        at = end
    if in_array and array_open:
        text = f"line {line}: the list does not end, so what followed is missing; ask for the file again"
        yield Fault(line, 0, "", f"{prefix}.complete", text)


def text_of(value: Any) -> str:
    """A value of JSON as text; '' of null and of what is no single value."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, dict | list):
        return ""
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def dig(value: Any, *names: str) -> Any:
    """What lies at a path of names; None where the path ends before."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def whole(value: Any) -> int | None:
    """A whole number; None for all else, also for true."""
    return value if type(value) is int else None


def _decimal(text: str) -> Decimal:
    if len(text) > 40:
        raise ValueError("a number too long")
    return Decimal(text)


def _whole(text: str) -> int:
    if len(text) > 40:
        raise ValueError("a number too long")
    return int(text)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")
