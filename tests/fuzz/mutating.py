"""Bytes changed the way real files go wrong: lines lost or doubled, fields moved, numbers beyond belief, parts of others.

    mutate(random.Random(7), content, others, size_max=20_000)

It knows lines, separators, digits, elements of XML, columns of fixed width and the members of a workbook, and so comes
further into a parser than bytes flipped at random. The same seed makes the same change.
"""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Final

ROUNDS_MAX: Final = 4
SEPARATORS: Final = (b",", b";", b"\t", b"|", b"/", b":", b'"', b"=", b" ", b"}", b"&")
NUMBERS: Final = (
    *(b"0", b"-1", b"00", b"9" * 9, b"9" * 17, b"9" * 40, b"1e400", b"0.001", b"1.", b".5", b"NaN", b"-0.00", b"1,5"),
    *(b"2147483648", b"9223372036854775808", b"+5", b"0x1f", b"1_0", b"\xd9\xa3", b"\xc2\xb2", b"1'000.50", b"(2.00)"),
)
TOKENS: Final = (
    *(b"", b" ", b"\n", b"\r", b"\r\n", b"\x00", b"\x1a", b"\xef\xbb\xbf", b"\xff\xfe", b"\xa0", b'"', b"'", b"\\"),
    *(b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"&#0;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<a/>", b"</a>"),
    *(b"{", b"}", b"[", b"]", b"[[[[", b'{"a":', b"null", b"true", b"\\ud800", b"-", b"-}", b"{4:", b":61:", b":86:"),
    *(
        b":62F:",
        b"88,",
        b"16,165,",
        b"49,",
        b"03,",
        b"V,",
        b"S,1,2,3",
        b"D,3,1,2",
        b"Z",
        b"USD",
        b"JPY",
        b"BHD",
        b"XXX",
    ),
    *(b"2026-02-30", b"0000-00-00", b"31.12.99", b"99/99/9999", b"20261124", b"261332", b"C", b"D", b"RC", b"RD"),
    *(b"5200", b"6271", b"799R01", b"798C01", b"8200", b"9" * 94, b"R01", b"<STMTTRN>", b"</OFX>", b"CRDT", b"DBIT"),
)
_DIGITS: Final = re.compile(rb"-?\d+(?:[.,]\d+)?")
_ELEMENT: Final = re.compile(rb"<([A-Za-z][\w:.-]{0,40})[^<>]{0,200}>")
_ATTRIBUTE: Final = re.compile(rb'\b([\w:]+)="[^"<>]*"')


def mutate(chance: random.Random, content: bytes, others: Sequence[bytes] = (), *, size_max: int = 20_000) -> bytes:
    """The content, changed once to four times, at most so long."""
    content = content[:size_max] if not content.startswith(b"PK") else content
    if content.startswith(b"PK\x03\x04") and chance.random() < 0.8:
        return _workbook(chance, content, others)
    for _ in range(chance.randint(1, ROUNDS_MAX)):
        content = chance.choice(_CHANGES)(chance, content, others)[:size_max]
    return content


def _bytes(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(content))
    noise = bytes(chance.randrange(256) for _ in range(chance.randint(0, 6)))
    return content[:at] + noise + content[at + chance.choice((0, 0, 1, 2, 12)) :]


def _token(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(content))
    return content[:at] + chance.choice(TOKENS) * chance.choice((1, 1, 1, 2, 50)) + content[at + chance.randint(0, 3) :]


def _cut(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(content))
    return content[:at] if chance.random() < 0.7 else content[at:]


def _lines(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Lines doubled, lost, moved, joined, or taken from another file."""
    lines = content.splitlines(keepends=True)
    if len(lines) < 2:
        return _token(chance, content, others)
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(6):
        case 0:
            lines.insert(one, lines[two])
        case 1:
            del lines[min(one, two) : max(one, two)]
        case 2:
            lines[one], lines[two] = lines[two], lines[one]
        case 3:
            lines[one] = lines[one].rstrip(b"\r\n")
        case 4:
            lines[one:one] = lines[one:two] * 3
        case _:
            theirs = (chance.choice(others) if others else content).splitlines(keepends=True)
            if theirs:
                lines[one:two] = theirs[chance.randrange(len(theirs)) :][: chance.randint(1, 8)]
    return b"".join(lines)


def _fields(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """A field of one line doubled, lost, or replaced."""
    lines = content.splitlines(keepends=True)
    if not lines:
        return content
    at = chance.randrange(len(lines))
    mark = max(SEPARATORS, key=lambda one: (lines[at].count(one) if chance.random() < 0.8 else 0, chance.random()))
    parts = lines[at].split(mark)
    place = chance.randrange(len(parts))
    match chance.randrange(4):
        case 0:
            parts.insert(place, parts[chance.randrange(len(parts))])
        case 1:
            del parts[place]
        case 2:
            parts[place] = chance.choice(NUMBERS + TOKENS)
        case _:
            parts[place] = parts[place] * chance.choice((2, 9, 300))
    lines[at] = mark.join(parts)
    return b"".join(lines)


def _number(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    found = list(_DIGITS.finditer(content))
    if not found:
        return content
    one = chance.choice(found)
    digits = one[0]
    made = chance.choice((chance.choice(NUMBERS), digits + b"0", digits[:-1], b"-" + digits, digits[::-1], digits * 3))
    return content[: one.start()] + made + content[one.end() :]


def _columns(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Columns of one line written over, its length kept: what a file of fixed width takes for itself."""
    lines = content.split(b"\n")
    at = chance.randrange(len(lines))
    line = lines[at]
    if not line:
        return content
    start = chance.randrange(len(line))
    width = min(chance.randint(1, 12), len(line) - start)
    piece = chance.choice((b"0", b"9", b" ", b"A", chance.choice(NUMBERS) or b"0", chance.choice(TOKENS) or b" "))
    lines[at] = line[:start] + (piece * width)[:width] + line[start + width :]
    return b"\n".join(lines)


def _elements(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """An element of XML doubled, lost, emptied, or put into itself."""
    found = list(_ELEMENT.finditer(content, 0, 100_000))
    if not found:
        return _fields(chance, content, others)
    one = chance.choice(found)
    end = content.find(b"</" + one[1] + b">", one.end())
    if end < 0:
        return content[: one.start()] + content[one.end() :]
    after = end + len(one[1]) + 3
    whole, inner = content[one.start() : after], content[one.end() : end]
    attribute = _ATTRIBUTE.sub(
        lambda found: found[1] + b'="' + chance.choice((b"", b"JPY", b"x", b"1e9")) + b'"', one[0], 1
    )
    made = chance.choice((
        whole + whole, b"", one[0] + content[end:after], one[0] + whole * 30 + content[end:after], inner,
        one[0] + chance.choice(NUMBERS + TOKENS) + content[end:after], attribute + content[one.end() : after],
        one[0].replace(one[1], b"a" + one[1], 1) + inner + b"</a" + one[1] + b">",
    ))  # fmt: skip
    return content[: one.start()] + made + content[after:]


def _spliced(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """The beginning of one file and the end of another."""
    other = chance.choice(others) if others else content
    return content[: chance.randint(0, len(content))] + other[chance.randint(0, len(other)) :]


def _encoded(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """Another encoding, or other line ends."""
    match chance.randrange(4):
        case 0:
            return content.decode("utf-8", "replace").encode("utf-16")
        case 1:
            return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r")
        case 2:
            return content.decode("cp1252", "replace").encode("utf-8-sig")
        case _:
            return content.replace(b"\n", b"\r\n").replace(b" ", b"\xa0")


def _workbook(chance: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """A workbook one of whose members is changed, lost or doubled, packed again."""
    made = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [(one.filename, archive.read(one)) for one in archive.infolist()[:40]]
    except Exception:  # a workbook that was changed before may be none any more
        return _bytes(chance, content, others)
    if not members:
        return _bytes(chance, content, others)
    at = chance.randrange(len(members))
    name, inner = members[at]
    match chance.randrange(8):
        case 0:
            del members[at]
        case 1:
            members[at] = (chance.choice(members)[0], inner)
        case _:
            for _ in range(chance.randint(1, ROUNDS_MAX)):
                inner = chance.choice((_elements, _number, _bytes, _token, _cut))(chance, inner, [])
            members[at] = (name, inner)
    with zipfile.ZipFile(made, "w", chance.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as archive:
        for name, inner in {name: (name, inner) for name, inner in members}.values():
            archive.writestr(name, inner)
    return made.getvalue()


_CHANGES: Final[tuple[Callable[[random.Random, bytes, Sequence[bytes]], bytes], ...]] = (
    *(_bytes, _token, _cut, _lines, _lines, _fields, _fields, _number, _number, _columns, _elements, _elements),
    *(_spliced, _encoded),
)
