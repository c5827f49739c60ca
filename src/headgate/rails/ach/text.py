"""Text for a file we send: capitals and the marks that every bank takes, with a report of what was changed."""

from __future__ import annotations

import re
import unicodedata

_SAFE = re.compile(r"[A-Z0-9 ./()&'\-+#,:;*\\=_]*").fullmatch
SAFE = bytes(code for code in range(128) if _SAFE(chr(code))) + b"\n"
"""The same characters as bytes, and the end of a line."""

_SPELLED = str.maketrans(
    {
        "ß": "SS", "ẞ": "SS", "Æ": "AE", "æ": "AE", "Œ": "OE", "œ": "OE", "Ø": "O", "ø": "O", "Ł": "L", "ł": "L",
        "Đ": "D", "đ": "D", "Ð": "D", "ð": "D", "Þ": "TH", "þ": "TH", "ı": "I", "’": "'", "‘": "'", "“": "'",
        "”": "'", '"': "'", "–": "-", "—": "-", "‐": "-", "\u00a0": " ", "@": " AT ", "!": ".", "?": ".",
    }
)  # fmt: skip


def is_safe(text: str) -> bool:
    """Whether a text is all safe characters."""
    return _SAFE(text) is not None


def transliterate(text: str) -> str | None:
    """The text in the safe characters (é becomes E); None where a character has no such spelling.

    Nothing is dropped: a name that cannot be spelled is refused, never shortened by its strange letters.
    """
    if _SAFE(text):
        return text
    if text.isascii():
        plain = text.translate(_SPELLED).upper()
        return plain if _SAFE(plain) else None
    spelled = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    plain = "".join(letter for letter in spelled if not unicodedata.combining(letter)).upper()
    return plain if _SAFE(plain) else None
