"""Mail: its headers, and its parts as they were before they were encoded for the way."""

from __future__ import annotations

import base64
import binascii
import re
from itertools import zip_longest
from typing import Final, Protocol

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_HEADER_LINE = re.compile(rb"(?m)^([A-Za-z][A-Za-z0-9-]{1,60}):")
_KNOWN: Final = frozenset(
    (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"received", b"content-type", b"return-path")
)
_KNOWN_MIN: Final = 2
_HEADERS_MAX: Final = 1 << 18
_BOUNDARY = re.compile(rb'(?i)boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))')
_FILENAME = re.compile(rb'(?i)(?:file)?name\s*=\s*(?:"([^"]{1,100})"|([^\s;"]{1,100}))')
_ENCODED_WORD = re.compile(rb"=\?[^?\s]{1,40}\?([bBqQ])\?([^?\s]*)\?=")
_LINE_OF_BASE64 = re.compile(rb"[A-Za-z0-9+/=]+(\r?\n|\Z)")


class Looking(Protocol):
    """What looks into a part, and counts."""

    def enter(self) -> None: ...
    def spend(self, size: int) -> None: ...
    def into(self, data: bytes, member: str, depth: int) -> bytes: ...
    def text(self, data: bytes, member: str) -> bytes: ...


def looks_like_mail(data: bytes) -> bool:
    """Whether bytes begin with the headers of a mail."""
    if not re.match(rb"(?:From [^\r\n]*\r?\n)?[A-Za-z][A-Za-z0-9-]{1,60}:", data[:2000]):
        return False
    found = {name.lower() for name in _HEADER_LINE.findall(_split(data[:_HEADERS_MAX])[0])}
    return len(found & _KNOWN) >= _KNOWN_MIN


def masked(looking: Looking, data: bytes, member: str, depth: int) -> bytes:
    """A mail, or a part of one with headers of its own, with its card numbers masked."""
    looking.enter()
    head, body = _split(data)
    new_head = _headers(looking, head, member)
    new_body = _body(looking, head, body, member, depth)
    return data if new_head is head and new_body is body else new_head + new_body


def _split(data: bytes) -> tuple[bytes, bytes]:
    """The headers with the blank line that ends them, and the rest."""
    if data[:1] in (b"\r", b"\n"):
        end = 2 if data[:2] == b"\r\n" else 1
        return data[:end], data[end:]
    found = _BLANK_LINE.search(data, 0, _HEADERS_MAX)
    return (data[: found.end()], data[found.end() :]) if found else (data, b"")


def _body(looking: Looking, head: bytes, body: bytes, member: str, depth: int) -> bytes:
    kind, encoding = _header(head, b"content-type"), _header(head, b"content-transfer-encoding").strip().lower()
    if kind.strip().lower().startswith(b"multipart/"):
        boundary = _BOUNDARY.search(kind)
        return _parts(looking, body, boundary.group(1) or boundary.group(2), member, depth) if boundary else body
    if encoding == b"base64":
        return _base64(looking, body, member, depth)
    if encoding == b"quoted-printable":
        return _quoted(looking, body, member, depth)
    return looking.into(body, member or "body", depth + 1)


def _parts(looking: Looking, body: bytes, boundary: bytes, member: str, depth: int) -> bytes:
    mark = re.compile(rb"(?m)^--" + re.escape(boundary) + rb"(?:--)?[ \t]*(?:\r?\n|\Z)")
    marks = list(mark.finditer(body))
    out = [body[: marks[0].end()] if marks else body]
    for number, (one, following) in enumerate(zip_longest(marks, marks[1:]), 1):
        part = body[one.end() : following.start() if following else len(body)]
        named = _FILENAME.search(_split(part)[0])
        name = (named.group(1) or named.group(2)).decode("utf-8", "replace") if named else f"part{number}"
        is_last = b"--" in one.group()[len(boundary) + 2 :]
        if is_last or not part:
            out.append(part)
        else:
            out.append(masked(looking, part, f"{member}/{name}" if member else name, depth))
        out.append(following.group() if following else b"")
    made = b"".join(out)
    return body if made == body else made


def _base64(looking: Looking, body: bytes, member: str, depth: int) -> bytes:
    try:
        plain = binascii.a2b_base64(body)
    except binascii.Error:
        return body
    looking.spend(len(plain))
    made = looking.into(plain, member or "body", depth + 1)
    if made is plain:
        return body
    first = _LINE_OF_BASE64.search(body)
    end = first.group(1) if first and first.group(1) else b"\r\n"
    width = max(4, len(first.group()) - len(first.group(1))) if first else 76
    text = base64.b64encode(made)
    trailing = body[len(body.rstrip()) :]
    return end.join(text[at : at + width] for at in range(0, len(text), width)) + trailing


def _quoted(looking: Looking, body: bytes, member: str, depth: int) -> bytes:
    """Quoted-printable: what changed is written where it stood, a digit as itself or as =34."""
    plain, places = _unquoted(body)
    looking.spend(len(plain))
    made = looking.into(plain, member or "body", depth + 1)
    if made is plain:
        return body
    if len(made) != len(plain):
        return binascii.b2a_qp(made)
    out = bytearray(body)
    for at, (old, new) in enumerate(zip(plain, made, strict=True)):
        if old != new:
            if out[places[at]] == old:
                out[places[at]] = new
            else:
                out[places[at] + 1 : places[at] + 3] = b"%02X" % new
    return bytes(out)


def _unquoted(body: bytes) -> tuple[bytes, list[int]]:
    """The plain bytes, and where each of them is written."""
    plain, places, at = bytearray(), [], 0
    while at < len(body):
        if body[at] == 61:
            if soft := re.match(rb"=[ \t]*\r?\n", body[at : at + 80]):
                at += soft.end()
                continue
            if re.match(rb"=[0-9A-Fa-f]{2}", body[at : at + 3]):
                plain.append(int(body[at + 1 : at + 3], 16))
                places.append(at)
                at += 3
                continue
        plain.append(body[at])
        places.append(at)
        at += 1
    return bytes(plain), places


def _headers(looking: Looking, head: bytes, member: str) -> bytes:
    """Headers, and the words in them that are encoded."""
    new = looking.text(head, member)

    def word(found: re.Match[bytes]) -> bytes:
        text = found.group(2)
        if found.group(1) in b"bB":
            try:
                plain = binascii.a2b_base64(text)
            except binascii.Error:
                return found.group()
            made = looking.text(plain, f"{member}/header" if member else "header")
            return found.group() if made is plain else found.group().replace(text, base64.b64encode(made))
        plain, places = _unquoted(text.replace(b"_", b" "))
        made = looking.text(plain, f"{member}/header" if member else "header")
        if made is plain:
            return found.group()
        out = bytearray(text)
        for at, (old, now) in enumerate(zip(plain, made, strict=True)):
            if old != now:
                out[places[at] : places[at] + (1 if text[places[at]] == old else 3)] = (
                    bytes([now]) if text[places[at]] == old else b"=%02X" % now
                )
        return found.group().replace(text, bytes(out))

    made = _ENCODED_WORD.sub(word, new)
    return head if made == head else made


def _header(head: bytes, name: bytes) -> bytes:
    """A header's value, unfolded; empty where it is not there."""
    found = re.search(rb"(?im)^" + re.escape(name) + rb":((?:[^\r\n]|\r?\n[ \t])*)", head)
    return re.sub(rb"\r?\n[ \t]+", b" ", found.group(1)) if found else b""
