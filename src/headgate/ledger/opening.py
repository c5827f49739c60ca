"""Opening balances: what stood on each account before this book began, from a file, with a proof.

    account,balance,currency,effective_on
    CASH.USD,125000.00,USD,2026-01-01
    CLIENT_FUNDS.USD.acme,125000.00,USD,2026-01-01

A balance is on the account's normal side. Each becomes one posting against OPENING_BALANCES (equity), effective at the
beginning of its day (now where the file gives none). Either every line is good and all are posted, or nothing is. The
same file again gives the first report again. An account's balance is brought in once.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from headgate.core.db import Tx
from headgate.core.errors import Malformed, Refused
from headgate.core.money import Money
from headgate.ledger.accounts import account_for
from headgate.ledger.model import BATCH_MAX, DEBIT_NORMAL, NET_MAX, YEARS, Entry, Posted, Posting
from headgate.ledger.posting import post_many

PURPOSE: Final = "OPENING_BALANCES"
SOURCE: Final = "opening_balance"
COLUMNS: Final = ("account", "balance", "currency", "effective_on")
_REQUIRED: Final = COLUMNS[:3]


@dataclass(frozen=True, slots=True)
class OpeningFault:
    """What is wrong in a line of the file, and in which field."""

    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class OpeningTotals:
    """The control totals of a currency, in minor units: debits = credits + opening_balances.

    `opening_balances` is what the equity account takes (a debit is negative): zero for a complete file.
    """

    currency: str
    lines: int
    debits_minor: int
    credits_minor: int
    opening_balances_minor: int


@dataclass(frozen=True, slots=True)
class OpeningReport:
    """What an import did, or would do: its proof where `faults` is empty."""

    file_hash: str
    lines: int
    posted: int
    totals: Sequence[OpeningTotals] = ()
    faults: Sequence[OpeningFault] = ()
    dry_run: bool = False
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    account: str
    balance: Money
    effective_on: date | None


@dataclass(slots=True)
class _Account:
    id: int
    type: str
    currency: str
    zone: str
    is_brought_in: bool


@dataclass(slots=True)
class _Read:
    lines: list[_Line] = field(default_factory=list)
    faults: list[OpeningFault] = field(default_factory=list)


class _Undo(Exception):
    """Takes back what was posted to see whether it can be."""


def import_opening_balances(tx: Tx, data: bytes, *, dry_run: bool = False) -> OpeningReport:
    """Post the opening balances of a CSV file, all or none; the same file again gives the first report.

    Faults are values: where there is one, nothing is posted. Raises Malformed where the file is no such CSV at all,
    MissingPurpose where the chart lacks OPENING_BALANCES in a currency of the file.
    """
    digest = hashlib.sha256(data).hexdigest()
    tx.run(
        "SELECT pg_advisory_xact_lock(hashtextextended('ledger.opening_balances:' || %(tenant)s, 0))",
        {"tenant": str(tx.tenant_id)},
    )
    known = tx.maybe(
        "SELECT report FROM ledger.imports WHERE kind = 'opening_balances' AND file_hash = decode(%(hash)s, 'hex')",
        {"hash": digest},
    )
    if known is not None:
        return _report(known["report"])
    read = _read(data)
    accounts = _accounts(tx, read)
    _judge(tx, read, accounts)
    report = OpeningReport(digest, len(read.lines), 0, faults=read.faults, dry_run=dry_run)
    if read.faults:
        return report
    try:
        with tx.savepoint():
            posted, faults = _post(tx, digest, read.lines, accounts)
            totals = _totals(read.lines, accounts)
            if not faults:
                _prove(tx, posted, totals)
            report = OpeningReport(digest, len(read.lines), len(posted), totals, faults, dry_run)
            if faults or dry_run:
                raise _Undo
            tx.run(
                "SELECT ledger.record_import('opening_balances', decode(%(hash)s, 'hex'), %(report)s::jsonb)",
                {"hash": digest, "report": _document(report)},
            )
    except _Undo:
        return OpeningReport(digest, len(read.lines), 0, totals, faults, dry_run)
    return report


def _read(data: bytes) -> _Read:
    """The lines of the file, the bad ones as faults."""
    try:
        rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip().lower() for name in next(rows, [])]
        if not set(_REQUIRED) <= set(header) or not set(header) <= set(COLUMNS) or len(set(header)) < len(header):
            raise Malformed(f"the first line names the columns {', '.join(_REQUIRED)} and, if wanted, {COLUMNS[3]}")
        read = _Read()
        seen: dict[str, int] = {}
        for cells in rows:
            if any(cell.strip() for cell in cells):
                _take(read, rows.line_num, header, cells, seen)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Malformed(f"this is no CSV in UTF-8: {error}") from error
    if not read.lines and not read.faults:
        raise Malformed("the file has no line after its header")
    return read


def _take(read: _Read, number: int, header: Sequence[str], cells: Sequence[str], seen: dict[str, int]) -> None:
    """One line into the list, or its faults."""
    if len(cells) != len(header):
        read.faults.append(OpeningFault(number, "line", f"has {len(cells)} fields; the header has {len(header)}"))
        return
    row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    faults = []
    account, balance, day = row["account"], None, None
    if "\0" in account:
        read.faults.append(OpeningFault(number, "account", "holds the character NUL: remove it"))
        return
    if account in seen:
        faults.append(OpeningFault(number, "account", f"{account} stands on line {seen[account]} already"))
    seen.setdefault(account, number)
    try:
        balance = Money.parse(row["balance"], row["currency"])
        if abs(balance.minor) > NET_MAX:
            faults.append(OpeningFault(number, "balance", "is more than the book can hold"))
    except Malformed as error:
        name = "currency" if error.code.endswith("currency") else "balance"
        faults.append(OpeningFault(number, name, error.message))
    try:
        day = date.fromisoformat(row["effective_on"]) if row.get("effective_on") else None
    except ValueError:
        faults.append(OpeningFault(number, "effective_on", f"'{row['effective_on'][:40]}' is no day, as 2026-01-01"))
    if day is not None and day.year not in YEARS:
        faults.append(
            OpeningFault(number, "effective_on", f"lies beyond the book's calendar: from the year {YEARS[0]}")
        )
    read.faults += faults
    if balance is not None and not faults:
        read.lines.append(_Line(number, account, balance, day))


def _accounts(tx: Tx, read: _Read) -> dict[str, _Account]:
    rows = tx.all(
        """
        SELECT a.id, a.code, a.type, a.currency, coalesce(l.time_zone, 'UTC') AS zone,
               EXISTS (SELECT FROM ledger.transactions t
                         JOIN ledger.entries e ON e.transaction_id = t.id
                        WHERE t.source_type = %(source)s AND t.source_id = a.code AND t.reverses IS NULL
                          -- What a reversal took back is in its entries: one that was refused has none.
                          AND e.amount_minor > (SELECT coalesce(sum(k.amount_minor), 0)
                                                  FROM ledger.transactions r
                                                  JOIN ledger.entries k ON k.transaction_id = r.id
                                                 WHERE r.reverses = t.id)) AS is_brought_in
          FROM ledger.accounts a
          LEFT JOIN tenants.legal_entities l ON l.id = a.legal_entity_id
         WHERE a.code = ANY (%(codes)s)
        """,
        {"codes": [line.account for line in read.lines], "source": SOURCE},
    )
    return {
        row["code"]: _Account(row["id"], row["type"], row["currency"], row["zone"], row["is_brought_in"])
        for row in rows
    }


def _judge(tx: Tx, read: _Read, accounts: dict[str, _Account]) -> None:
    """What the lines alone do not tell: whether the accounts are there, in these currencies, and untouched."""
    today = tx.now()
    for line in read.lines:
        account = accounts.get(line.account)
        if account is None:
            read.faults.append(OpeningFault(line.number, "account", f"there is no account {line.account[:100]}"))
            continue
        if account.currency != line.balance.currency:
            read.faults.append(OpeningFault(line.number, "currency", f"{line.account} is in {account.currency}"))
        if account.is_brought_in:
            read.faults.append(
                OpeningFault(line.number, "account", f"{line.account} has its opening balance: reverse that first")
            )
        if line.effective_on is not None and line.effective_on > today.astimezone(ZoneInfo(account.zone)).date():
            read.faults.append(OpeningFault(line.number, "effective_on", "is still to come"))
    read.faults.sort(key=lambda fault: fault.line)


def _post(
    tx: Tx, digest: str, lines: Sequence[_Line], accounts: dict[str, _Account]
) -> tuple[list[int], list[OpeningFault]]:
    """Post every line that is not zero; the numbers of the transactions, and what a rule refused."""
    contra: dict[str, int] = {}
    for currency in {line.balance.currency for line in lines}:
        contra[currency] = account_for(tx, PURPOSE, currency).id
    moving = [line for line in lines if line.balance]
    posted: list[int] = []
    faults: list[OpeningFault] = []
    for part in _parts(moving):
        postings = [_posting(digest, line, accounts[line.account], contra[line.balance.currency]) for line in part]
        for line, answer in zip(part, post_many(tx, postings), strict=True):
            if isinstance(answer, Posted):
                posted.append(answer.transaction_id)
            else:
                faults.append(_fault(line, answer))
    return posted, faults


def _parts(lines: Sequence[_Line]) -> Iterator[Sequence[_Line]]:
    for first in range(0, len(lines), BATCH_MAX):
        yield lines[first : first + BATCH_MAX]


def _posting(digest: str, line: _Line, account: _Account, contra: int) -> Posting:
    debited = (account.type in DEBIT_NORMAL) == (line.balance.minor > 0)
    amount = line.balance if line.balance.minor > 0 else -line.balance
    entry = Entry(account.id, contra, amount) if debited else Entry(contra, account.id, amount)
    begins = None
    if line.effective_on is not None:
        begins = datetime.combine(line.effective_on, time.min, ZoneInfo(account.zone)).astimezone(UTC)
    return Posting(
        f"{SOURCE}:{digest[:32]}:{line.number}",
        [entry],
        effective_at=begins,
        source_type=SOURCE,
        source_id=line.account,
        description="opening balance",
    )


def _fault(line: _Line, refused: Refused) -> OpeningFault:
    name = "account" if "account" in refused.code else "balance"
    return OpeningFault(line.number, name, f"{refused.code}: {refused.message}")


def _totals(lines: Sequence[_Line], accounts: dict[str, _Account]) -> list[OpeningTotals]:
    """The control totals of the file, from its lines alone."""
    found = []
    for currency in sorted({line.balance.currency for line in lines}):
        mine = [line for line in lines if line.balance.currency == currency]
        nets = [
            line.balance.minor if accounts[line.account].type in DEBIT_NORMAL else -line.balance.minor for line in mine
        ]
        debits, credits = sum(net for net in nets if net > 0), -sum(net for net in nets if net < 0)
        found.append(OpeningTotals(currency, len(mine), debits, credits, debits - credits))
    return found


def _prove(tx: Tx, posted: Sequence[int], totals: Sequence[OpeningTotals]) -> None:
    """The book took in what the file says: its entries against the control totals, currency by currency."""
    rows = tx.all(
        """
        SELECT e.currency,
               coalesce(sum(e.amount_minor) FILTER (WHERE d.purpose IS DISTINCT FROM %(purpose)s), 0)::bigint AS debits,
               coalesce(sum(e.amount_minor) FILTER (WHERE c.purpose IS DISTINCT FROM %(purpose)s), 0)::bigint AS credits
          FROM ledger.entries e
          JOIN ledger.accounts d ON d.id = e.debit_account_id
          JOIN ledger.accounts c ON c.id = e.credit_account_id
         WHERE e.transaction_id = ANY (%(posted)s)
         GROUP BY e.currency ORDER BY e.currency
        """,
        {"posted": list(posted), "purpose": PURPOSE},
    )
    booked = {row["currency"]: (row["debits"], row["credits"]) for row in rows}
    for one in totals:
        assert booked.get(one.currency, (0, 0)) == (one.debits_minor, one.credits_minor), (one, booked)


def _document(report: OpeningReport) -> str:
    return json.dumps(asdict(report))


def _report(document: dict[str, Any]) -> OpeningReport:
    return OpeningReport(
        **(document | {"totals": [OpeningTotals(**one) for one in document["totals"]], "faults": [], "replayed": True})
    )
