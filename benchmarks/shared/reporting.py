"""How a document is shown to a person: the runs as a table, and each target beside what was reached."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rich.console import Console
from rich.table import Table

Sign = Literal["≥", "≤", "<"]
Asked = Sequence[tuple[str, str, str, Sign, float]]
_HOLDS = {"≥": operator.ge, "≤": operator.le, "<": operator.lt}


def console() -> Console:
    """Standard output; wide enough for a table where it is no terminal."""
    found = Console(highlight=False)
    if not found.is_terminal:
        found.width = 200
    return found


def runs_table(runs: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Table:
    """These figures of every run, the shape to the left."""
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, justify="left" if name == "shape" else "right")
    for run in runs:
        table.add_row(*(cell(run.get(name)) for name in names))
    return table


def targets_table() -> Table:
    """Where `judge` writes."""
    return Table("target", "figure", "asked", "", box=None, pad_edge=False)


def judge(targets: Table, what: str, figure: float, sign: Sign, bound: float) -> None:
    """A target's line: the figure, what was asked, and whether it was reached."""
    reached = "reached" if _HOLDS[sign](figure, bound) else "missed"
    targets.add_row(what, cell(figure), f"{sign} {bound:,g}", reached)


def judge_runs(targets: Table, runs: Mapping[str, Mapping[str, Any]], asked: Asked) -> None:
    """A line of each target whose shape was run: what it is, the shape, the name of its figure there, sign and bound."""
    for what, shape, name, sign, bound in asked:
        if shape in runs:
            judge(targets, what, runs[shape][name], sign, bound)


def cell(value: Any) -> str:
    """A figure to three places, or to whole ones from a thousand on; – for none."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:,.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
