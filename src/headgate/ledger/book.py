"""The whole book as a file that proves itself, and back: newline-delimited JSON, a document a line.

    {"kind":"book","schema":"headgate.ledger.book.v2","exported_at":"…"}
    {"kind":"legal_entity","no":1,…}  {"kind":"account","code":"CASH.USD",…}
    {"kind":"reservation","key":"…",…}  {"kind":"transaction","key":"…","entries":[…],"refusal":null,…}
    {"kind":"reservation_event","reservation":"…",…}
    {"kind":"exchange_rate",…}  {"kind":"conversion",…}  {"kind":"position_move",…}  {"kind":"revaluation",…}
    {"kind":"period",…}  {"kind":"period_balance",…}  {"kind":"period_closing",…}
    {"kind":"settlement",…}  {"kind":"settlement_leg",…}  {"kind":"monitor",…}  {"kind":"clearing_rule",…}
    {"kind":"opening_import",…}
    {"kind":"end","lines":9,"counts":{…},"totals":[…],"digest":"sha256:…"}

A line names accounts by code, transactions and reservations by their keys, so the same book in another tenant, where its
numbers are others, is the same file: `digest` is over the lines between the first and the last. Times of recording,
sequences, running balances, refusals and keys are kept. Both directions stream: memory does not grow with the book. A file
of the first form (`…book.v1`) ends with the reservation events, and is read still.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, Final, LiteralString

import msgspec
import psycopg

from headgate.core.db import Tx, translated
from headgate.ledger.errors import MalformedBook
from headgate.tenants import create_legal_entity

SCHEMA: Final = "headgate.ledger.book.v2"
FIRST_SCHEMA: Final = "headgate.ledger.book.v1"
"""The form that knew the journal alone."""
BATCH: Final = 500
"""How many lines are fetched or taken in at once."""
JOURNAL: Final = ("legal_entity", "account", "reservation", "transaction", "pending", "reservation_event")
"""The kinds of lines of the journal, in their order."""
BESIDE: Final = (
    *("exchange_rate", "conversion", "position_move", "revaluation", "period", "period_balance", "period_closing"),
    *("settlement", "settlement_leg", "monitor", "clearing_rule", "opening_import"),
)
"""The kinds of lines of what stands beside it, in their order."""
KINDS: Final = {FIRST_SCHEMA: JOURNAL, SCHEMA: (*JOURNAL, *BESIDE)}
"""The kinds of lines of each form."""

Told = Callable[[int], None]
"""Is told after each batch how many lines are done."""


@dataclass(frozen=True, slots=True)
class CurrencyTotals:
    """A currency of the book, in minor units: what all entries moved, and its debit and credit balances, which agree."""

    currency: str
    entries: int
    moved_minor: int
    debit_balances_minor: int
    credit_balances_minor: int


@dataclass(frozen=True, slots=True)
class BookProof:
    """What a file of a book holds. Two books are the same when their digests are."""

    lines: int
    counts: dict[str, int]
    totals: list[CurrencyTotals]
    digest: str


class _Entry(msgspec.Struct):
    amount_minor: int
    currency: str


class _Line(msgspec.Struct):
    """What is read of a line on its way; the database reads the rest."""

    kind: str
    code: str | None = None
    parent: str | None = None
    currency: str | None = None
    net_minor: int = 0
    entries: list[_Entry] | None = None
    name: str | None = None
    time_zone: str | None = None


class _End(msgspec.Struct):
    kind: str
    digest: str
    lines: int


_decode = msgspec.json.Decoder(_Line).decode
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class _Count:
    """Adds up the lines that pass by."""

    lines: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*KINDS[SCHEMA], "entry"), 0))
    sums: dict[str, list[int]] = field(default_factory=dict)
    hash: Any = field(default_factory=hashlib.sha256)

    def take(self, line: bytes, read: _Line) -> None:
        """One line, without its end."""
        self.lines += 1
        self.hash.update(line + b"\n")
        self.counts[read.kind] += 1
        if read.kind == "account" and read.currency is not None:
            sums = self.sums.setdefault(read.currency, [0, 0, 0, 0])
            sums[2 if read.net_minor > 0 else 3] += abs(read.net_minor)
        for entry in read.entries or ():
            self.counts["entry"] += 1
            sums = self.sums.setdefault(entry.currency, [0, 0, 0, 0])
            sums[0] += 1
            sums[1] += entry.amount_minor

    def proof(self) -> BookProof:
        """What has passed by."""
        totals = [CurrencyTotals(currency, *sums) for currency, sums in sorted(self.sums.items())]
        return BookProof(self.lines, self.counts, totals, f"sha256:{self.hash.hexdigest()}")


def export_book(tx: Tx, out: IO[bytes], *, told: Told | None = None) -> BookProof:
    """Write the tenant's whole book, as it is at one instant."""
    header = {"kind": "book", "schema": SCHEMA, "exported_at": datetime.now(UTC).isoformat()}
    out.write(_encode(header) + b"\n")
    proof = _pass(tx, SCHEMA, lambda line: out.write(line + b"\n"), told)
    out.write(_encode({"kind": "end"} | asdict(proof)) + b"\n")
    return proof


def import_book(tx: Tx, file: IO[bytes], *, told: Told | None = None) -> BookProof:
    """Take a book into a tenant that has none, and prove that it is the same. The transaction must not be kept on an error.

    A key whose body can be worked out anew is replayed as before; any other is in conflict with every body.
    Raises BookExists, MalformedBook (naming the line).
    """
    schema = _read_header(file.readline())
    count = _Count()
    waiting: list[str] = []
    entities: list[str] = []
    parents: list[str] = []
    end: _End | None = None
    for number, raw in enumerate(file, 2):
        line = raw.rstrip(b"\r\n")
        if end is not None:
            raise MalformedBook(f"line {number}: there is something after the end", line=number)
        read = _line(line, number, KINDS[schema])
        if isinstance(read, _End):
            end = read
            continue
        count.take(line, read)
        if read.kind == "legal_entity":
            entities.append(_legal_entity(tx, read, number, entities))
            continue
        if read.parent is not None:
            parents.append(_encode({"kind": "parent", "code": read.code, "parent": read.parent}).decode())
        waiting.append(line.decode("utf-8"))
        if len(waiting) == BATCH:
            _take_in(tx, waiting, entities, number)
            waiting = []
            _tell(told, count.lines)
    proof = count.proof()
    if end is None:
        raise MalformedBook("the file breaks off: its last line is not the end")
    if (end.digest, end.lines) != (proof.digest, proof.lines):
        raise MalformedBook("the file is not what was exported: its digest is another", digest=proof.digest)
    _take_in(tx, waiting, entities, proof.lines + 1)
    for first in range(0, len(parents), BATCH):
        _take_in(tx, parents[first : first + BATCH], entities, proof.lines + 1)
    found = _pass(tx, schema, lambda line: None, None)
    if found != proof:
        raise MalformedBook("the book that was taken in is not the one of the file", digest=found.digest)
    tx.run(
        "SELECT ledger.record_import('book', decode(%(digest)s, 'hex'), %(report)s::jsonb)",
        {"digest": proof.digest.removeprefix("sha256:"), "report": _encode(asdict(proof)).decode()},
    )
    return proof


_LINES: Final[Mapping[str, LiteralString]] = {
    FIRST_SCHEMA: "SELECT part, line FROM ledger.book_lines",
    SCHEMA: "SELECT part, line FROM ledger.book_lines UNION ALL SELECT part, line FROM ledger.book_lines_beside",
}


def _pass(tx: Tx, schema: str, write: Callable[[bytes], object], told: Told | None) -> BookProof:
    """Every line of the tenant's book in that form, in one statement and so of one instant."""
    count, part = _Count(), 0
    with translated(), tx.conn.cursor(name="ledger_book") as cursor:
        cursor.itersize = BATCH
        for found, text in cursor.execute(_LINES[schema]):
            assert found >= part, "the parts of the book come in their order"
            part, line = found, text.encode()
            count.take(line, _decode(line))
            write(line)
            if count.lines % BATCH == 0:
                _tell(told, count.lines)
    return count.proof()


def _read_header(line: bytes) -> str:
    """The form of the file."""
    try:
        header = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise MalformedBook("line 1: this is no book", line=1) from error
    schema = str(header.get("schema")) if isinstance(header, dict) and header.get("kind") == "book" else None
    if schema not in KINDS:
        raise MalformedBook(f"line 1: this is no book of the form {' or '.join(KINDS)}", line=1)
    return schema


def _line(line: bytes, number: int, kinds: Collection[str]) -> _Line | _End:
    try:
        if line.startswith(b'{"kind":"end"'):
            return msgspec.json.decode(line, type=_End)
        read = _decode(line)
    except msgspec.DecodeError as error:
        raise MalformedBook(f"line {number}: {error}", line=number) from error
    if read.kind not in kinds:
        raise MalformedBook(f"line {number}: '{read.kind[:40]}' is no part of a book", line=number)
    return read


def _legal_entity(tx: Tx, read: _Line, number: int, taken: Sequence[str]) -> str:
    """The tenant's legal entity of that name, zone and currency, and not taken yet: one that it has, or a new one."""
    if read.name is None or read.time_zone is None or read.currency is None:
        raise MalformedBook(f"line {number}: a legal entity has a name, a time zone and a currency", line=number)
    facts = {"name": read.name, "time_zone": read.time_zone, "currency": read.currency}
    known = tx.values(
        """
        SELECT id FROM tenants.legal_entities
         WHERE name = %(name)s AND time_zone = %(time_zone)s AND currency = %(currency)s AND id <> ALL (%(taken)s)
         ORDER BY id
        """,
        facts | {"taken": list(taken)},
    )
    return str(known[0]) if known else create_legal_entity(tx, **facts).id


def _take_in(tx: Tx, lines: list[str], entities: list[str], number: int) -> None:
    if not lines:
        return
    try:
        tx.run("SELECT ledger.take_in(%(lines)s::text[], %(entities)s::text[])", {"lines": lines, "entities": entities})
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        first = number - len(lines) + 1
        raise MalformedBook(f"lines {first} to {number}: {error.diag.message_primary}", line=first) from error


def _tell(told: Told | None, lines: int) -> None:
    if told is not None:
        told(lines)
