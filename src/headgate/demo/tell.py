"""How the story is told: one line a fact, on standard output; what was refused stands out, and is counted."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from headgate.core.money import Money


class Teller:
    """Prints the story and remembers what was refused."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)  # Told as it happens, also into a pipe.
        self.refusals: list[str] = []

    def act(self, title: str) -> None:
        """A new part begins."""
        self._console.print(Text(f"\n{title}", style="bold"))

    def line(self, text: str) -> None:
        """Something happened."""
        self._console.print(Text(f"    {text}"))

    def good(self, text: str) -> None:
        """Something went as it should."""
        self._console.print(Text.assemble(("  ✓ ", "green"), text))

    def refused(self, text: str) -> None:
        """Something was refused, or differs, and why."""
        self.refusals.append(text)
        self._console.print(Text.assemble(("  ✗ ", "yellow"), text))

    def balances(self, title: str, rows: Sequence[tuple[str, Money]]) -> None:
        """Accounts and their balances, decimals on one edge."""
        table = Table(
            title=f"{title}, posted balances", title_justify="left", box=None, padding=(0, 2), show_header=False
        )
        table.add_column()
        table.add_column(justify="right")
        for name, amount in rows:
            table.add_row(name, amount.format())
        self._console.print(table)

    def plain(self, text: str) -> None:
        """A line exactly as it is, whole and at once: an address must not be wrapped or held back."""
        print(text, flush=True)  # noqa: T201
