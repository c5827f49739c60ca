"""Take out of a text what must not be written down: secrets, account numbers, the values of a failing row.

A number keeps its last four digits, so that a person can still tell which account is meant. What is taken for a number
errs on the safe side: seven digits in a row, also parted by single blanks or hyphens. Our ids, UUIDs and hashes stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

HIDDEN: Final = "[redacted]"

_SENSITIVE_NAME = re.compile(
    r"(?i)pass(word|wd|phrase)?$|secret|token|authorization|cookie|credential|api_?key|master_?key|private_?key|signing_?key"
    r"|(account|routing|card)_?(number|no)$|^iban$|^pan$|^cvv$|^ssn$|tax_?id|_url$|^url$|dsn|conninfo"
)
_HARMLESS_NUMBER = re.compile(
    r"_(minor|count|ms|seconds|bytes|no|position|sequence|bps)$|^(line|port|pid|status|attempt)$"
)
_NUMBER_DIGITS_MIN: Final = 7
_DEPTH_MAX: Final = 6

_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key|idempotency-signature)\b([\"']?\s*[:=]\s*)([^\r\n]*)"
)
_SCHEME = re.compile(r"(?i)\b(bearer|basic|digest)\s+[^\s\"',;]+")
_API_KEY = re.compile(r"\bhg_(live|test)_[A-Za-z0-9_\-.~+/=]+")
# Greedy to the last @ of the word: a password may hold an @ that nobody encoded.
_URL_PASSWORD = re.compile(r"(?<=://)([^\s:/?#@]*):\S*@")
_WEB_LOGIN = re.compile(r"(?i)(https?://)[^\s/?#]*@")
_ASSIGNED = re.compile(
    r"(?i)(\b\w*(?:password|passwd|passphrase|secret|token|api_?key|master_?key(?:_previous)?|private_?key|credential)s?\b"
    r"[\"']?\s*(?:=>|[=:])\s*)(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|[^\s,;&)}\]]+)"
)
# What the server says about a row that broke a constraint holds the row.
_FAILING_ROW = re.compile(r"(Failing row contains )\(.*\)", re.DOTALL)
_FAILING_KEY = re.compile(r"(Key \([^)\n]*\))=\(.*?\)(?= |\.|$)", re.MULTILINE | re.DOTALL)
_PARAMETER = re.compile(r"(\$\d+ = )'(?:[^']|'')*'")
_KEPT = (
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b"  # a UUID
    r"|\b[a-z]{2,5}_[0-9a-hjkmnp-tv-z]{26}\b"  # an id of ours
    r"|\b(?:acct|txn|ent)_0{5}[0-9a-hjkmnp-tv-z]{8}\b"  # an id of the ledger
    r"|\b[0-9a-f]{32,}\b"  # a hash
)
_NUMBER = re.compile(rf"(?P<kept>{_KEPT})|\d(?:\d{{{_NUMBER_DIGITS_MIN - 1},}}|\d{{2,}}(?:[ \-]\d{{3,}})+)")


class Redactor:
    """Redacts by pattern, and every secret value it was told of (`hide`), wherever it appears."""

    def __init__(self) -> None:
        self._hidden: tuple[str, ...] = ()

    def hide(self, *values: str | None) -> None:
        """Never write these values, whatever stands around them. Values under 8 characters would garble plain words."""
        known = {*self._hidden, *(value for value in values if value and len(value) >= 8)}
        self._hidden = tuple(sorted(known, key=len, reverse=True))

    def text(self, text: str) -> str:
        """The text without what must not be written down."""
        for value in self._hidden:
            text = text.replace(value, HIDDEN)
        text = _PEM.sub(HIDDEN, text)
        text = _HEADER.sub(rf"\1\2{HIDDEN}", text)
        text = _SCHEME.sub(rf"\1 {HIDDEN}", text)
        text = _API_KEY.sub(rf"hg_\1_{HIDDEN}", text)
        text = _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)
        text = _WEB_LOGIN.sub(rf"\1{HIDDEN}@", text)
        text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
        text = _FAILING_ROW.sub(rf"\1({HIDDEN})", text)
        text = _FAILING_KEY.sub(rf"\1=({HIDDEN})", text)
        text = _PARAMETER.sub(rf"\1{HIDDEN}", text)
        return _NUMBER.sub(_masked, text)

    def value(self, name: str, value: Any, depth: int = 0) -> Any:
        """A named value as JSON can hold it: hidden whole where the name says so, else redacted within."""
        if value is None or isinstance(value, bool):
            return value
        if _SENSITIVE_NAME.search(name):
            return self.text(str(value)) if name.lower().endswith("url") else HIDDEN
        if isinstance(value, int | float):
            return (
                value
                if _HARMLESS_NUMBER.search(name) or abs(value) < 10 ** (_NUMBER_DIGITS_MIN - 1)
                else self.text(str(value))
            )
        if depth >= _DEPTH_MAX:
            return "…"
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(str(key), inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(name, inner, depth + 1) for inner in value]
        if isinstance(value, bytes | bytearray | memoryview):
            return f"[{len(value)} bytes]"
        return self.text(str(value))


def _masked(match: re.Match[str]) -> str:
    found = match.group()
    digits = [character for character in found if character.isdigit()]
    if match["kept"] is not None or len(digits) < _NUMBER_DIGITS_MIN:
        return found
    return "…" + "".join(digits[-4:])
