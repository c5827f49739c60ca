"""A document laid out for the person at the terminal: facts below each other, rows as a table where they fit.

id      loan_01m8…          rows that are wider than the window stand one below the other, as facts;
state   delinquent          for a pipe, a row is one line however long it is, so that it can be searched
dues
  number  due_on      open
  1       2026-10-01  1,372.50 USD
"""

from __future__ import annotations

import json
import os
from typing import Any, Final, TextIO

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from headgate.core.errors import HeadgateError
from headgate.core.money import Money

_ENDLESS: Final = 1_000_000
_INDENT: Final = 2


def lay_out(plain: Any, file: TextIO) -> None:
    """Print what JSON can say, for a person: as wide as their window."""
    console = Console(file=file, soft_wrap=True, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _ENDLESS
    with console.capture() as captured:
        console.print(_shown(plain, console, console.width))
    file.write("\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n")


def _shown(plain: Any, console: Console, width: int) -> RenderableType:
    if _is_thing(plain):
        return _facts(plain, console, width)
    if _are_things(plain):
        return _rows(plain, console, width)
    if isinstance(plain, list):
        return Text("\n".join(_plain(item) for item in plain) or "none")
    return Text(_plain(plain))


def _facts(thing: dict[str, Any], console: Console, width: int) -> RenderableType:
    """What is said in a word first, each on its line; then what has parts, under its name."""
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    parts: list[RenderableType] = []
    for key, value in thing.items():
        if (_is_thing(value) and value) or _are_things(value):
            inner = _shown(value, console, width - _INDENT)
            parts += [Text(key, style="bold"), Padding(inner, (0, 0, 0, _INDENT), expand=False)]
        else:
            table.add_row(f"[bold]{escape(key)}[/bold]", escape(_plain(value)))
    return Group(table, *parts) if table.row_count else Group(*parts)


def _rows(things: list[dict[str, Any]], console: Console, width: int) -> RenderableType:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for key in things[0]:
        table.add_column(escape(key), no_wrap=True)
    for thing in things:
        table.add_row(*(escape(_plain(thing.get(key))) for key in things[0]))
    if Measurement.get(console, console.options.update(max_width=_ENDLESS), table).maximum <= width:
        return table
    shown: list[RenderableType] = []
    for thing in things:
        shown += [Text(""), _facts(thing, console, width)]
    return Group(*shown[1:])


def _is_thing(value: object) -> bool:
    """Whether it is an object with facts of its own; an amount of money is one word."""
    return isinstance(value, dict) and _money(value) is None


def _are_things(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_thing(one) for one in value)


def _money(value: object) -> str | None:
    if not isinstance(value, dict) or value.keys() != {"minor", "currency"} or not isinstance(value["minor"], int):
        return None
    try:
        return Money(value["minor"], str(value["currency"])).format()
    except HeadgateError:
        return None


def _plain(value: object) -> str:
    if value is None or value == {}:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return ", ".join(_plain(one) for one in value) or "none"
    return _money(value) or json.dumps(value, ensure_ascii=False)
