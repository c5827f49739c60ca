"""Which runs of digits are card numbers: by their issuer's range and length, their check digit, and what stands around them.

A number passes the check digit by chance once in ten, so what is beside it decides: a word for a card, or digits grouped as on
a card, says yes; a word for another kind of number (a trace, a reference, an account) says no. Pure: bytes in, places out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Verdict = Literal["yes", "no", "unsaid"]
Labels = Callable[[int], bytes]
"""What names the field at an offset: the head of its column, its key, its tag; empty where nothing does."""
Candidate = tuple[int, int, list[int] | None]
"""A number's first byte, the byte after its last, and where its digits are if they are grouped."""

KEPT_FIRST, KEPT_LAST = 6, 4
"""Digits that may be shown (PCI DSS 4.0, 3.4.1)."""
NEAR: Final = 48
"""Bytes before a number in which a word counts, on its line."""
BLOCK: Final = 1 << 20
"""Bytes that are looked through at once: beside a text no more is held than this and what was found."""
_CUT_WITHIN: Final = 4096
_OF_NUMBERS: Final = frozenset(b"0123456789 .-\xa0\xc2&nbsp;#")

# By issuer: Visa; Mastercard; American Express; Discover; Diners; JCB; UnionPay; Maestro.
_ISSUED: Final = (
    rb"4[0-9]{15}(?:[0-9]{3})?"
    rb"|5[1-5][0-9]{14}|2(?:22[1-9]|2[3-9][0-9]|[3-6][0-9]{2}|7[01][0-9]|720)[0-9]{12}"
    rb"|3[47][0-9]{13}"
    rb"|6(?:011|4[4-9][0-9]|5[0-9]{2})[0-9]{12}(?:[0-9]{3})?"
    rb"|3(?:0[0-5]|6[0-9]|[89][0-9])[0-9]{11}(?:[0-9]{2})?"
    rb"|35(?:2[89]|[3-8][0-9])[0-9]{12,15}"
    rb"|62[0-9]{14,17}"
    rb"|(?:5018|5020|5038|5893|6304|6759|6761|6762|6763)[0-9]{12,15}"
)
_GAP: Final = rb"(?:[ .\-]|\xc2\xa0|&nbsp;|&#160;|\xa0)"
_WIDE_GAP: Final = rb"(?:\xc2\xa0|&nbsp;|&#160;)"
_WIDELY_GROUPED = re.compile(
    rb"(?<![0-9])(?:[2-6][0-9]{3}(?P<a>" + _WIDE_GAP + rb")[0-9]{4}(?P=a)[0-9]{4}(?P=a)[0-9]{4}(?:(?P=a)[0-9]{3})?"
    rb"|3[0-9]{3}(?P<b>" + _WIDE_GAP + rb")[0-9]{6}(?P=b)[0-9]{4,5})(?![0-9])"
)
_NUMBER = re.compile(_ISSUED)
SHORT: Final = 14
"""So few digits are many things: they are a card number where something says so."""

# Digits to 0 and gaps to a blank, so that a run of digits is found at the speed of searching bytes.
_SHAPE: Final = bytes(48 if 48 <= byte <= 57 else 32 if byte in b"-.\xa0" else byte for byte in range(256))
_SHAPES: Final = (b"0" * SHORT, b"0000 0000 0000 0000", b"0000 000000 0000")
_RUN = re.compile(b"0" * SHORT + b"0*")
_GROUPED = re.compile(rb"0000 (?:0000 0000 0000(?: 000)?|000000 00000?)(?!0)")
_LONGEST: Final = 19
_WIDE: Final = (b"\xc2\xa0", b"&nbsp;", b"&#160;")
_ONCE: Final = bytes(byte - 48 if 48 <= byte <= 57 else 0 for byte in range(256))
_TWICE: Final = bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)[byte - 48] if 48 <= byte <= 57 else 0 for byte in range(256))
_YES = re.compile(
    rb"(?i)card|karte|carte|tarjeta|carta\b|cart(?:a|\xc3\xa3)o|(?<![a-z])pan(?![a-z])|visa|master.?card|maestro|amex|american.express|discover"
    rb"|diners|(?<![a-z])jcb|union.?pay|(?<![a-z])cv[vc]2?(?![a-z])|ccacct|(?<![a-z])cc.?n(?:o|r|um)|primary.account"
)
_NO = re.compile(
    rb"(?i)trace|refer|(?<![a-z])ref(?![a-z])|acc(?:oun)?t|konto|compte|cuenta|iban|routing|(?<![a-z])aba(?![a-z])|transa[ck]|trans.?id"
    rb"|(?<![a-z])(?:txn|trn|trx|id|ids|uid|guid)(?![a-z])|_id|(?-i:[a-z]Id(?![a-z]))|order|invoice|rechnung|facture|phone|telef|(?<![a-z])tel(?![a-z])"
    rb"|tracking|mandat|end.?to.?end|e2e|[io]mad|uetr|serial|batch|payout|beleg|stamp|epoch|created|amount|betrag|balance|saldo"
)
_ACCOUNT_BEFORE = re.compile(rb"(?:[A-Z]{2}[0-9]{2})" + _GAP + rb"?(?:[0-9A-Z]{4}" + _GAP + rb")*\Z")
_TRACK_BEFORE = re.compile(rb"(?:%[Bb]|;)\Z")


@dataclass(frozen=True, slots=True)
class Found:
    """A card number: its first byte, the byte after its last, and the offsets of the digits to mask."""

    start: int
    end: int
    middle: tuple[int, ...]


def card_numbers(data: bytes, labels: Labels | None = None, *, strict: bool = False) -> Iterator[Found]:
    """The card numbers in a text of one byte a character, in its order. `strict` takes those alone that something says are
    card numbers."""
    for start, end, digits in possible(data):
        label = labels(start) if labels else b""
        places = range(start, end) if digits is None else digits
        needs_word = strict or len(places) == SHORT
        if _is_card(data, start, end, label, is_grouped=digits is not None, strict=needs_word):
            yield Found(start, end, tuple(places[KEPT_FIRST:-KEPT_LAST]))


def possible(data: bytes) -> Iterator[Candidate]:
    """What is a card number by its digits alone, whatever stands around it."""
    for start, end, digits in _candidates(data):
        number = data[start:end] if digits is None else bytes(data[at] for at in digits)
        if data[start] in b"23456" and is_issued(number) and has_check_digit(number):
            yield start, end, digits


def _candidates(data: bytes) -> Iterator[Candidate]:
    """Runs of digits as long as a card number, and groups of digits as on a card; of a large text a block at a time."""
    start = 0
    while start < len(data):
        stop = _cut(data, start + BLOCK)
        yield from _in_block(data[start:stop], start)
        start = stop


def _cut(data: bytes, stop: int) -> int:
    """Where a block may end: not within a number, unless nothing else comes for long."""
    if stop >= len(data):
        return len(data)
    before = max(stop - _CUT_WITHIN, 1)
    line = data.rfind(b"\n", before, stop)
    if line > 0:
        return line + 1
    return next((at for at in range(stop, before, -1) if data[at] not in _OF_NUMBERS), stop)


def _in_block(data: bytes, by: int) -> list[Candidate]:
    shape = data.translate(_SHAPE)
    found: list[Candidate] = []
    # Whether there is any is asked first: searching for bytes is several times as fast as for an expression.
    runs = _RUN.finditer(shape) if _SHAPES[0] in shape else ()
    found += [(by + run.start(), by + run.end(), None) for run in runs if run.end() - run.start() <= _LONGEST]
    groups = _GROUPED.finditer(shape) if _SHAPES[1] in shape or _SHAPES[2] in shape else ()
    for group in groups:
        start, end = group.span()
        gaps = {data[at] for at in range(start, end) if shape[at] == 32}
        if len(gaps) == 1 and shape[start - 1 : start] != b"0":
            found.append((by + start, by + end, _digits(data, start, end, by)))
    if (b"&" in data or not data.isascii()) and any(gap in data for gap in _WIDE):
        for wide in _WIDELY_GROUPED.finditer(data):
            found.append((by + wide.start(), by + wide.end(), _digits(data, *wide.span(), by)))
    found.sort(key=lambda one: one[0])
    return found


def may_hold(data: bytes) -> bool:
    """Whether there is any run of digits worth a look."""
    shape = data.translate(_SHAPE)
    plain, grouped, grouped_in_three = _SHAPES
    if plain in shape or grouped in shape or grouped_in_three in shape:
        return True
    return (not data.isascii() and _WIDE[0] in data) or (b"&" in data and (_WIDE[1] in data or _WIDE[2] in data))


def is_issued(number: bytes) -> bool:
    """Whether an issuer gives out numbers that begin so, of that length."""
    return _NUMBER.fullmatch(number) is not None


def has_check_digit(number: bytes) -> bool:
    """ISO/IEC 7812's check: from the right every second digit doubled, the digits of all summed, a multiple of ten."""
    turned = number[::-1]
    return (sum(turned[::2].translate(_ONCE)) + sum(turned[1::2].translate(_TWICE))) % 10 == 0


def _is_card(data: bytes, start: int, end: int, label: bytes, *, is_grouped: bool, strict: bool) -> bool:
    line = data[max(0, start - NEAR) : start].replace(b"\r", b"\n").rpartition(b"\n")[2]
    if _TRACK_BEFORE.search(line) and data[end : end + 1] in (b"^", b"="):
        return True
    if is_grouped:
        is_part = data[start - 1 : start].isalnum() or (
            data[end : end + 1] == b"-" and data[end + 1 : end + 2].isalnum()
        )
        return not is_part and not _ACCOUNT_BEFORE.search(line)
    if not _stands_alone(data, start, end) and not _YES.search(line[-16:]):
        return False
    said = verdict(label)
    if said == "unsaid":
        said = _nearest(line)
    return said == "yes" or (said == "unsaid" and not strict)


def verdict(label: bytes) -> Verdict:
    """What a field's name says: a card's number, another kind of number, or neither."""
    if _YES.search(label):
        return "yes"
    return "no" if _NO.search(label) else "unsaid"


def _nearest(line: bytes) -> Verdict:
    """What the last word before a number says that says anything."""
    yes = max((found.end() for found in _YES.finditer(line)), default=-1)
    no = max((found.end() for found in _NO.finditer(line)), default=-1)
    if yes < 0 and no < 0:
        return "unsaid"
    # "card reference" names a reference; "reference of card" a card: but a card anywhere near is no risk to take.
    return "yes" if yes >= 0 else "no"


def _stands_alone(data: bytes, start: int, end: int) -> bool:
    """Whether a number is no part of a longer word: an id, a hash, a decimal."""
    before, after = data[max(0, start - 2) : start], data[end : end + 3]
    if before[-1:].isalnum() or before[-1:] in (b"_", b"%") or after[:1].isalpha() or after[:1] == b"_":
        return False
    if before[-1:] in (b"-", b".", b"/", b"+") and before[:1].isalnum() and len(before) == 2:
        return False
    if after[:1] == b".":
        return not after[1:2].isdigit() or after[1:2] == b"0"  # a spreadsheet writes 4111111111111111.0
    return not (after[:1] in (b"-", b"/", b"+") and after[1:2].isalnum())


def _digits(data: bytes, start: int, end: int, by: int) -> list[int]:
    """Where the digits of a grouped number are, in the text that goes on `by` bytes before these; those of `&#160;` are none."""
    places: list[int] = []
    at = start
    while at < end:
        if data.startswith(b"&#160;", at):
            at += 6
            continue
        if 48 <= data[at] <= 57:
            places.append(by + at)
        at += 1
    return places


def masked(
    data: bytes, found: list[Found], *, as_digits: Callable[[Found], bool] | None = None, sign: bytes = b"*"
) -> bytes:
    """The text with the middle digits of these numbers masked: by a sign, or where only digits can stand, by digits that make
    no card number."""
    out = bytearray(data)
    for one in found:
        if as_digits is None or not as_digits(one):
            for at in one.middle:
                out[at] = sign[0]
            continue
        for at in one.middle:
            out[at] = 48
        if has_check_digit(bytes(byte for byte in out[one.start : one.end] if 48 <= byte <= 57)):
            out[one.middle[-1]] = 49
    return bytes(out)
