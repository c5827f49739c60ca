"""A line of evidence as everyone may see it: what names people or accounts is hidden, letter for letter.

    mask("16,475,10000,V,,,0123456789,JOHN SMITH/", known={"10000"})   # 16,475,10000,V,,,••••••6789,•••• •••••/

What is shown is what is known not to be private: the parts that every file of a format has (tags, the names of members),
amounts, days, and the values that a record of the line has in its open columns. Whatever else has letters or many digits
is hidden, also where nothing could be read. A line keeps its length, so that a fault's column is where it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "•"
_DIGITS_SHOWN: Final = 4
"""Of a long number the last digits are shown, as everywhere."""
_LONG: Final = 9
_KNOWN_LENGTH_MIN: Final = 6
"""From so many characters on, a known value is known also within a longer run, as in lines of fixed columns."""
_PLAIN: Final = re.compile(
    r"""
      (?<=[{,\s])"[A-Za-z_][A-Za-z0-9_.-]{0,40}"(?=\s*:)    # the name of a member of JSON
    | ^"[A-Za-z_][A-Za-z0-9_.-]{0,40}"(?=\s*:)
    | ^:[0-9]{2}[A-Z]?:                                    # a tag of SWIFT
    | (?<![\w.,])[-+−]?\$?[0-9]{1,3}(?:[,.'’ ][0-9]{3})*[.,][0-9]{2}(?![\w])    # an amount
    | (?<![\w.,])[-+]?[0-9]{1,12}[.,][0-9]{2}(?![\w])
    | (?<!\w)(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9:]+)?)?(?!\w)   # a day, an instant
    | (?<!\w)[0-9]{1,2}[/.][0-9]{1,2}[/.](?:19|20)?[0-9]{2}(?!\w)
    """,
    re.VERBOSE,
)
_TAG: Final = re.compile(
    r"""</?[A-Za-z][\w:.-]{0,60}(?:\s+(?:Ccy|xmlns[\w:]*|version|encoding)\s*=\s*["'][^"'<>]*["'])*\s*[/?]?>"""
)
"""A tag of XML or OFX, in a line of them: no mark around an address."""
_RUN: Final = re.compile(r"[^\W_]+")


def mask(line: str, known: Iterable[str] = ()) -> str:
    """The line with what may be private hidden, as long as it was."""
    words = {word.casefold() for word in known if word}
    kept = [found.span() for found in _PLAIN.finditer(line)]
    if line.lstrip().startswith("<"):
        kept += [found.span() for found in _TAG.finditer(line)]
    for word in words:
        if len(word) >= _KNOWN_LENGTH_MIN:
            kept += [found.span() for found in re.finditer(re.escape(word), line, re.IGNORECASE)]
    shown = bytearray(len(line))
    for start, end in kept:
        shown[start:end] = b"\1" * (end - start)
    return _RUN.sub(lambda run: _masked(run[0], shown[run.start() : run.end()], words), line)


def _masked(run: str, shown: bytes | bytearray, words: set[str]) -> str:
    if run.casefold() in words:
        return run
    hidden = shown.count(0)
    if hidden <= (_DIGITS_SHOWN if run.isdigit() else 2):  # too short to name anybody
        return run
    tail = _DIGITS_SHOWN if run.isdigit() and len(run) >= _LONG else 0
    return "".join(
        letter if is_shown or at >= len(run) - tail else HIDDEN
        for at, (letter, is_shown) in enumerate(zip(run, shown, strict=True))
    )
