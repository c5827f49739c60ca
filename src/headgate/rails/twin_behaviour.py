"""How a bank twin behaves by chance: for each kind of mishap, of a thousand, how many. Read from a TOML file.

seed = 7
[of_a_thousand]
returns = 5
truncated = 20
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from headgate.core.errors import Malformed

_SCALE = 1000


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Of a thousand entries, files or answers, how many meet with it. All zero: a bank as its guide promises.

    Of entries: `returns`, `changes`, `late_returns` and `twice_returned` (of those that come back), `partial`. Of files:
    `refused`, `late_settlement`. Of answers: `unacknowledged` (never comes), `late` (by hours), `reordered` (after the next
    banking day's), `twice` (the same bytes again), `truncated` (cut off, and whole two hours later).
    """

    returns: int = 0
    changes: int = 0
    late_returns: int = 0
    twice_returned: int = 0
    partial: int = 0
    refused: int = 0
    late_settlement: int = 0
    unacknowledged: int = 0
    late: int = 0
    reordered: int = 0
    twice: int = 0
    truncated: int = 0

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _SCALE:
                raise Malformed(f"of_a_thousand.{each.name} must be a whole number from 0 to {_SCALE}")


def read_behaviour(text: str) -> tuple[Behaviour, int | None]:
    """A behaviour file: the behaviour, and its seed where it names one. Raises Malformed, naming the key."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Malformed(f"the behaviour is no TOML: {error}") from None
    if unknown := sorted(set(document) - {"seed", "of_a_thousand"}):
        raise Malformed(f"a behaviour has no key {unknown[0]!r}; it has seed and [of_a_thousand]")
    seed = document.get("seed")
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool)):
        raise Malformed("seed must be a whole number")
    table = document.get("of_a_thousand", {})
    if not isinstance(table, dict):
        raise Malformed("of_a_thousand must be a table: write [of_a_thousand] above its lines")
    known = [each.name for each in fields(Behaviour)]
    if unknown := sorted(set(table) - set(known)):
        raise Malformed(f"of_a_thousand has no key {unknown[0]!r}; it has {', '.join(known)}")
    return Behaviour(**table), seed


def behaviour_of(path: Path | None) -> tuple[Behaviour, int | None]:
    """What a behaviour file says; without one, a bank as its guide promises. Raises Malformed."""
    if path is None:
        return Behaviour(), None
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Malformed(f"{path} cannot be read: name a TOML file with --behaviour") from None
    return read_behaviour(text)
