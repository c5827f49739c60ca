"""What a mail says: who sent it, what the receiving server found of that, and what is attached. Pure, and never raises.

Who is named in From can be anybody, so what counts of the header is strict: one From, one address. What the receiving
server found stands in Authentication-Results (RFC 8601); only the topmost of that server is believed, since a sender can
write others. A result is *aligned* where it is of the sender's own domain.
"""

from __future__ import annotations

import email
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Any, Final, Literal

PARTS_MAX: Final = 500
BOUNDARIES_MAX: Final = 20_000
"""A mail with more lines that look like boundaries is a bomb."""
HEADER_SHOWN_MAX: Final = 2000

Method = Literal["dkim", "spf", "dmarc"]
METHODS: Final[tuple[Method, ...]] = ("dkim", "spf", "dmarc")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]+@[^\s<>()\[\]\",;:@]+")
_RESULT = re.compile(r"\s*(dkim|spf|dmarc)\s*=\s*([a-z]+)", re.IGNORECASE)
_OF = re.compile(r"\b(?:header\.d|header\.i|header\.from|smtp\.mailfrom)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What the receiving server found by one method."""

    result: str
    is_aligned: bool


@dataclass(frozen=True, slots=True)
class Head:
    """A mail's header. `sender` is None where From names nobody, or several. `found_by` says which server's results count."""

    sender: str | None
    message_id: str
    subject: str
    sent_at: datetime | None
    found: dict[Method, Found]
    found_by: str | None
    headers: dict[str, list[str]]

    @property
    def domain(self) -> str | None:
        """The sender's domain."""
        return self.sender.rpartition("@")[2] if self.sender is not None else None


@dataclass(frozen=True, slots=True)
class Attached:
    """A part of a mail that is a file. `number` counts all its parts that are no containers, from 1."""

    number: int
    filename: str
    mime: str
    data: bytes


def head_of(header: bytes, authserv_id: str | None) -> Head:
    """Who sent it, and what is known of that. Without a server's name the topmost results are noted as they are."""
    message = _parsed(header)
    sender = _sender(message)
    domain = sender.rpartition("@")[2] if sender is not None else ""
    found_by, found = _results(message, authserv_id, domain)
    shown = ("authentication-results", "dkim-signature", "received-spf", "arc-authentication-results")
    return Head(
        sender=sender,
        message_id=_line(message, "Message-ID"),
        subject=_words(_line(message, "Subject")),
        sent_at=_sent_at(_line(message, "Date")),
        found=found,
        found_by=found_by,
        headers={
            name: [str(value)[:HEADER_SHOWN_MAX] for value in message.get_all(name, [])[:10]]
            for name in shown
            if name in message
        },
    )


def is_allowed(sender: str | None, allowed: Sequence[str]) -> bool:
    """Whether a list of addresses and domains (`bank.example`, `@bank.example`) names this sender."""
    if sender is None:
        return False
    domain = sender.rpartition("@")[2]
    return any(one.lower().removeprefix("@") in (sender, domain) for one in allowed)


def attached(mail: bytes) -> list[Attached] | str:
    """The files of a mail, those of a forwarded mail too; or why it cannot be read."""
    if mail.count(b"\n--") > BOUNDARIES_MAX:
        return f"the mail has more than {BOUNDARIES_MAX} boundaries"
    try:
        message = email.message_from_bytes(mail)
        leaves = [part for part in message.walk() if not part.is_multipart()]
    except RecursionError:
        return "the mail's parts lie in one another too deep"
    if len(leaves) > PARTS_MAX:
        return f"the mail has more than {PARTS_MAX} parts"
    found = []
    for number, part in enumerate(leaves, start=1):
        filename = _words(_filename(part))
        if _is_file(part, filename):
            data = part.get_payload(decode=True)
            name = filename or f"part-{number}.{part.get_content_subtype()[:20]}"
            found.append(
                Attached(number, name, part.get_content_type()[:100], data if isinstance(data, bytes) else b"")
            )
    return found


def _is_file(part: Message[Any, Any], filename: str) -> bool:
    if part.get_content_disposition() == "attachment":
        return True
    if part.get_content_maintype() == "image" and part.get("Content-ID"):
        return False  # a picture in the text
    if filename:
        return True
    return part.get_content_type() not in ("text/plain", "text/html", "text/calendar") and (
        part.get_content_maintype() in ("text", "application")
    )


def _parsed(header: bytes) -> Message[Any, Any]:
    try:
        return email.message_from_bytes(header)
    except RecursionError:
        return Message()


def _sender(message: Message[Any, Any]) -> str | None:
    """The one address of the one From. A name that looks like an address, unless it is quoted, makes two."""
    lines = message.get_all("From", [])
    if len(lines) != 1:
        return None
    text = _QUOTED.sub("", str(lines[0]))
    found = _ADDRESS.findall(text)
    if len(found) != 1 or not found[0].isascii() or not found[0].isprintable():
        return None
    return str(found[0]).lower()


def _results(
    message: Message[Any, Any], authserv_id: str | None, domain: str
) -> tuple[str | None, dict[Method, Found]]:
    for line in message.get_all("Authentication-Results", []):
        clauses = _without_comments(str(line)).split(";")
        words = clauses[0].split()
        by = words[0].lower() if words else ""
        if authserv_id is not None and by != authserv_id.lower():
            continue
        found: dict[Method, Found] = {}
        for clause in clauses[1:]:
            match = _RESULT.match(clause)
            if match is None:
                continue
            method: Method = match[1].lower()  # type: ignore[assignment]
            result = match[2].lower()
            made = Found(result, any(_is_aligned(one, domain) for one in _OF.findall(clause)))
            # Several signatures: the one that says most counts.
            if method not in found or (result == "pass", made.is_aligned) > (
                found[method].result == "pass",
                found[method].is_aligned,
            ):
                found[method] = made
        return by[:255] or None, found
    return None, {}


def _is_aligned(value: str, domain: str) -> bool:
    """Whether a result is of the sender's domain, or of one above it."""
    of = value.lower().rpartition("@")[2].strip(".")
    return bool(of) and "." in of and (domain == of or domain.endswith(f".{of}"))


def _without_comments(text: str) -> str:
    """RFC 5322's comments nest."""
    made, depth = [], 0
    for letter in text:
        if letter == "(":
            depth += 1
        elif letter == ")" and depth:
            depth -= 1
        elif not depth:
            made.append(letter)
    return "".join(made)


def _line(message: Message[Any, Any], name: str) -> str:
    return " ".join(str(message.get(name, "")).split())[:HEADER_SHOWN_MAX]


def _filename(part: Message[Any, Any]) -> str:
    try:
        return part.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        return ""


def _words(text: str) -> str:
    """Text with its encoded words read; as it is where they cannot be."""
    try:
        parts = decode_header(text)
        return "".join(
            part.decode(charset or "ascii", "replace") if isinstance(part, bytes) else part for part, charset in parts
        )
    except (ValueError, LookupError):
        return text


def _sent_at(text: str) -> datetime | None:
    try:
        made = parsedate_to_datetime(text)
        return (made if made.tzinfo is not None else made.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
