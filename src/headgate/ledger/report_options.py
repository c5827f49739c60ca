"""As of when, at the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core.clock import maybe_instant
from headgate.ledger.as_of import AsOf
from headgate.ledger.command_parts import day

AsOfOption = Annotated[str | None, typer.Option("--as-of", help="A day (its end), or an instant; now unless given.")]
KnownAt = Annotated[str | None, typer.Option("--known-at", help="As the book was written at this instant.")]


def day_or_instant(text: str | None) -> AsOf:
    """`2026-11-20` is a day, anything longer an instant. Raises Malformed."""
    if text is None or len(text) > len("2026-11-20"):
        return maybe_instant(text)
    return day(text)
