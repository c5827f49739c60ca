"""The search for what must not be written down: every column of every table, whatever form the word has there.

A word is looked for as it is and in any case, without blanks and hyphens, as hexadecimal or base64 of its bytes, and
within the raw bytes of bytea; in text, json, arrays, numbers and bytes alike.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from tests.tenants import catalogue


@dataclass(frozen=True)
class Leak:
    """Where a word was found."""

    column: str
    word: str


def leaks(admin: Connection[Any], words: Iterable[str]) -> list[Leak]:
    """Every column of every table in which one of the words stands. `admin` sees the rows of all tenants."""
    sought = {word: forms(word) for word in words}
    found = []
    for table in catalogue.tables(admin):
        if catalogue.root(admin, table) != table:
            continue
        for column, values in contents(admin, table).items():
            text = "\n".join(filter(None, values))
            found += [Leak(f"{table}.{column}", word) for word in within(text, sought)]
    return found


def contents(admin: Connection[Any], table: str) -> dict[str, list[str]]:
    """A table's columns, each value as text; bytes as the characters of the same numbers."""
    columns = catalogue.columns(admin, table)
    selected = sql.SQL(", ").join(
        sql.SQL("{}" if column.type == "bytea" else "{}::text").format(sql.Identifier(column.name))
        for column in columns
    )
    rows = admin.execute(sql.SQL("SELECT {} FROM {}").format(selected, catalogue.name(table))).fetchall()
    return {column.name: [plain(row[n]) for row in rows] for n, column in enumerate(columns)}


def plain(value: str | bytes | None) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value or ""


def within(text: str, sought: dict[str, list[str]]) -> Iterator[str]:
    """The words that stand in the text in some form."""
    lower = text.casefold()
    joined = re.sub(r"[ \-,]", "", lower)
    for word, (cased, others) in ((word, (found[:3], found[3:])) for word, found in sought.items()):
        if any(form in text for form in cased) or any(form in lower or form in joined for form in others):
            yield word


def forms(word: str) -> list[str]:
    """Three base64 forms, whose capitals count; then what is looked for in small letters."""
    turned = " ".join(reversed(word.split()))
    small = {word, word.replace(" ", ""), turned.replace(" ", ""), word.encode().hex()}
    return [*base64_within(word), *(each.casefold() for each in small)]


def base64_within(word: str) -> list[str]:
    """What base64 makes of the word, at each of the three places where it may begin within a group."""
    found = []
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + word.encode()).decode()
        # Characters at either end mix with the neighbours' bits.
        begin, end = -(-before * 8 // 6), (before + len(word.encode())) * 8 // 6
        found.append(encoded[begin:end])
    return found
