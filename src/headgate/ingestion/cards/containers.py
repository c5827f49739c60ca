"""What holds what: each member is found by its first bytes, read within limits, and written back where it changed."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Final

from headgate.ingestion.cards import banks, mail, workbook
from headgate.ingestion.cards.fields import Fields
from headgate.ingestion.cards.free_texts import SIGN, in_free_texts
from headgate.ingestion.cards.numbers import Found, Labels, card_numbers, may_hold
from headgate.ingestion.cards.numbers import masked as mask
from headgate.ingestion.parsers._limits import MEMBERS_MAX, RATIO_MAX, UNPACKED_MAX

DEPTH_MAX: Final = 8
_OPAQUE: Final = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"II*\x00",
    b"MM\x00*",
    b"GIF8",
    b"BM",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x00asm",
    b"RIFF",
)
_UTF16: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Hit:
    """Where digits were masked: the member ('' is the file itself, `a.zip/b.csv` one within one), and the number's place in it."""

    member: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Masking:
    """The bytes to store instead of those that came, and what was masked in them."""

    data: bytes = field(repr=False)
    hits: tuple[Hit, ...]


class Unreadable(Exception):
    """A container that cannot be looked into within the limits."""


@dataclass(slots=True)
class Looking:
    """One look through a file and its members: what was found, and how much more may be unpacked."""

    unpacked_max: int
    members_max: int = MEMBERS_MAX
    hits: list[Hit] = field(default_factory=list)

    def spend(self, size: int) -> None:
        """Count what was unpacked. Raises Unreadable past the limit."""
        self.unpacked_max -= size
        if self.unpacked_max < 0:
            raise Unreadable

    def enter(self) -> None:
        """Count a member. Raises Unreadable past the limit."""
        self.members_max -= 1
        if self.members_max < 0:
            raise Unreadable

    def found(self, member: str, found: list[Found]) -> None:
        """Note what is masked in a member."""
        self.hits += [Hit(member, one.start, one.end - one.start) for one in found]

    def into(self, data: bytes, member: str, depth: int) -> bytes:
        """A member with its card numbers masked; the very same bytes where it holds none or cannot be looked into."""
        if depth > DEPTH_MAX:
            return data
        before = len(self.hits)
        try:
            if data.startswith(b"PK\x03\x04"):
                return self._zip(data, member, depth)
            if data.startswith(b"\x1f\x8b"):
                return self._gzip(data, member, depth)
            if data.startswith(_OPAQUE):
                return data
            if mail.looks_like_mail(data):
                return mail.masked(self, data, member, depth)
        except Unreadable:
            del self.hits[before:]  # What was masked in it is not stored.
            return data
        if (codec := _UTF16.get(data[:2])) is not None:
            return self._wide(data, member, codec)
        return self.text(data, member)

    def text(self, data: bytes, member: str, labels: Labels | None = None) -> bytes:
        """A text with its card numbers masked; of a bank's own format those in its free texts."""
        # Which format it is takes longer to say than whether there is anything to mask.
        of_bank = banks.format_of(data) if _may_be_of_bank(data) else None
        fields = Fields(data)
        if of_bank is None:
            found = list(card_numbers(data, labels or fields.label, strict=data.startswith(b"%PDF")))
            of_bank = banks.format_of(data) if found else None
        if of_bank is not None:
            found = in_free_texts(data, of_bank.texts(data))
            self.found(member, found)
            return mask(data, found, sign=SIGN) if found else data
        if not found:
            return data
        self.found(member, found)
        return mask(data, found, as_digits=lambda one: fields.is_number(one.start, one.end))

    def _wide(self, data: bytes, member: str, codec: str) -> bytes:
        """A text of 16 bits a character: looked at as one of eight, in which what is not ASCII is a hole."""
        narrow = data[2::2] if codec == "utf-16-le" else data[3::2]
        high = data[3::2] if codec == "utf-16-le" else data[2::2]
        is_likely = bool(banks.likely(narrow))
        if not is_likely and not may_hold(narrow):
            return data
        narrow = bytes(byte if index >= len(high) or not high[index] else 1 for index, byte in enumerate(narrow))
        found = list(card_numbers(narrow, Fields(narrow).label))
        of_bank = banks.format_of(data) if found or is_likely else None
        if of_bank is not None:
            found = in_free_texts(narrow, of_bank.texts(narrow))
        if not found:
            return data
        out = bytearray(data)
        for one in found:
            for at in one.middle:
                out[2 + 2 * at + (codec == "utf-16-be")] = (SIGN if of_bank is not None else b"*")[0]
        # Of a text that was cut off, the last character may be half there.
        self.hits += [
            Hit(member, 2 + 2 * one.start, min(2 + 2 * one.end, len(data)) - 2 - 2 * one.start) for one in found
        ]
        return bytes(out)

    def _gzip(self, data: bytes, member: str, depth: int) -> bytes:
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as opened:
                plain = opened.read(min(self.unpacked_max, (1 << 20) + RATIO_MAX * len(data)) + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise Unreadable from error
        if len(plain) > (1 << 20) + RATIO_MAX * len(data):
            raise Unreadable
        self.spend(len(plain))
        made = self.into(plain, f"{member}/gzip" if member else "gzip", depth + 1)
        return data if made is plain else gzip.compress(made, mtime=0)

    def _zip(self, data: bytes, member: str, depth: int) -> bytes:
        members = self._unpacked(data)
        made: list[bytes] = []
        by_name = {about.filename: plain for about, plain in members}
        book = workbook.of(by_name) if "xl/workbook.xml" in by_name else None
        for about, plain in members:
            place = f"{member}/{about.filename}" if member else about.filename
            if book is not None and about.filename.endswith(".xml"):
                made.append(self._of_book(book, about.filename, plain, place))
            else:
                made.append(self.into(plain, place, depth + 1))
        if all(new is plain for new, (_, plain) in zip(made, members, strict=True)):
            return data
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for (about, _), new in zip(members, made, strict=True):
                kept = zipfile.ZipInfo(about.filename, about.date_time)
                kept.compress_type, kept.external_attr, kept.comment = (
                    about.compress_type,
                    about.external_attr,
                    about.comment,
                )
                archive.writestr(kept, new)
        return out.getvalue()

    def _of_book(self, book: workbook.Workbook, name: str, data: bytes, place: str) -> bytes:
        found = book.found(name, data)
        if found is None:
            return self.text(data, place)
        if not found:
            return data
        self.found(place, [one for one, _ in found])
        numbers = {one.start for one, is_number in found if is_number}
        return mask(data, [one for one, _ in found], as_digits=lambda one: one.start in numbers)

    def _unpacked(self, data: bytes) -> list[tuple[zipfile.ZipInfo, bytes]]:
        """The members of an archive. What its directory says of sizes is not believed."""
        limit = (1 << 20) + RATIO_MAX * len(data)
        members = []
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for about in archive.infolist():
                    self.enter()
                    if about.flag_bits & 1 or about.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                        raise Unreadable
                    with archive.open(about) as opened:
                        plain = opened.read(min(limit, self.unpacked_max) + 1)
                    self.spend(len(plain))
                    limit -= len(plain)
                    if limit < 0:
                        raise Unreadable
                    members.append((about, plain))
        except Unreadable:
            raise
        except (
            Exception
        ) as error:  # zipfile raises whatever the bytes make it: struct.error, zlib.error, UnicodeDecodeError
            raise Unreadable from error
        return members


def _may_be_of_bank(data: bytes) -> bool:
    """Whether a text begins as one of a bank's own format; a small one also has to have a number there that may be a card's."""
    formats = banks.likely(data)
    if len(data) > banks.BEGINNING:
        return bool(formats)
    return any(in_free_texts(data, one.texts(data)) for one in formats)


def masked(data: bytes) -> Masking | None:
    """These bytes with the card numbers in them masked; None where there are none."""
    looking = Looking(min(UNPACKED_MAX, (1 << 20) + RATIO_MAX * len(data)))
    made = looking.into(data, "", 0)
    return None if made is data else Masking(made, tuple(looking.hits))
