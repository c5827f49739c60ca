"""Rows of a table, read by a mapping: what CSV, workbooks and JSON share.

Each row becomes a record or its faults, and the rest goes on. A row without a day that holds text continues the row
above. Where there is a running balance, it proves the amounts: upwards or downwards, whichever holds for every row.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

from headgate.core.currencies import EXPONENTS
from headgate.ingestion.mapping import Mapping
from headgate.ingestion.parsers import _table_blocks as blocks
from headgate.ingestion.parsers._building import transaction
from headgate.ingestion.parsers._identities import Seen
from headgate.ingestion.parsers._limits import ROWS_MAX
from headgate.ingestion.parsers._statements import AMOUNT_MAX, SUM_MAX
from headgate.ingestion.parsers._table_accounts import Account
from headgate.ingestion.parsers._table_blocks import of_number, text_of
from headgate.ingestion.parsers._table_faults import Complaints, Row
from headgate.ingestion.parsers._table_header import bare, clean, day_of
from headgate.ingestion.records import Fault, Item, TransactionRecord

_DAYS_MAX: Final = 5_000
_CENTS: Final = re.compile(r"-?[0-9]{1,15}\.[0-9][0-9]").fullmatch
"""The plain way to write an amount; all others are read more slowly."""
_NUMBER: Final = {
    ".": re.compile(r"-?(?:\d+|\d{1,3}(?:[,'’ ]\d{3})+)?(?:\.\d*)?\Z", re.ASCII),
    ",": re.compile(r"-?(?:\d+|\d{1,3}(?:[.'’ ]\d{3})+)?(?:,\d*)?\Z", re.ASCII),
}


def read_rows(
    rows: Iterable[tuple[int, Row | Fault]], mapping: Mapping, prefix: str, *, are_typed: bool = False
) -> Iterator[Item]:
    """Every record, fault and statement of the rows below the header. `prefix` begins the names of rules.

    A row that could not be parted into cells is its fault, and is given on.
    `are_typed`: cells may be numbers and days, as in a workbook; else every cell is text.
    """
    return _Reader(mapping, prefix, are_typed).read(rows)


class _Reader(Complaints):
    def __init__(self, mapping: Mapping, prefix: str, are_typed: bool) -> None:
        super().__init__(mapping, prefix)
        self.accounts: dict[tuple[str, str], Account] = {}
        self.days: dict[Any, date | None] = {}
        self.seen = Seen()
        self.sum = 0
        self.texts = mapping.places("text")
        self.width = 1 + max(at for _, places in mapping.columns for at in places)
        at = self._columns.get
        self.day_at: int = at("booked_on", at("value_on", -1))
        assert self.day_at >= 0, "a mapping without a day is refused before"
        self.pending: TransactionRecord | None = None
        self.count = 0
        self.amount_at, self.credit_at, self.debit_at = at("amount", -1), at("credit", -1), at("debit", -1)
        self.side_at, self.balance_at, self.value_at = at("side", -1), at("balance", -1), at("value_on", -1)
        self.id_at, self.customer_at, self.code_at = (
            at("external_id", -1),
            at("customer_reference", -1),
            at("type_code", -1),
        )
        self.number_at, self.currency_at = at("account_number", -1), at("currency", -1)
        self.number = mapping.account_number
        self.is_major = mapping.amount_unit == "major"
        self.decimal = mapping.decimal
        self.text_at = self.texts[0] if len(self.texts) == 1 else -1
        self.currency = mapping.currency or ("" if self.currency_at >= 0 else "-")
        is_simple = self.amount_at >= 0 and self.side_at < 0 and not mapping.debit_is_positive and self.is_major
        self.is_cents = EXPONENTS.get(self.currency) == 2 and self.decimal == "." and not are_typed
        self.is_plain = is_simple and self.is_cents
        self.are_typed = are_typed
        self.is_whole = self.is_major and self.side_at < 0
        """Whether a block of plain rows can be read column by column."""

    def read(self, rows: Iterable[tuple[int, Row | Fault]]) -> Iterator[Item]:
        """The rows, block by block or one by one; a record waits for the next row, which may continue it."""
        left = iter(rows)
        header_line = self.mapping.header_line
        while block := list(islice(left, blocks.BLOCK)):
            if block[0][0] <= header_line:
                block = [one for one in block if one[0] > header_line]
            made = self._whole(block) if block and self.is_whole and self.count + len(block) <= ROWS_MAX else None
            if made is None:
                yield from self._one_by_one(block)
                if self.count > ROWS_MAX:
                    break
            else:
                self.count += len(made)
                if self.pending is not None:
                    yield self.pending
                self.pending = made.pop()
                yield from made
        if self.pending is not None:
            yield self.pending
        if not self.count:
            yield self._fault(header_line or 1, 0, "", "empty", "no rows below the header; send one that has some")
        yield from self._statements()

    def _one_by_one(self, rows: Sequence[tuple[int, Row | Fault]]) -> Iterator[Item]:
        days, take, faults, width = self.days, self._take, self.faults, self.width
        day_at, value_at = self.day_at, self.value_at
        for line, row in rows:
            if isinstance(row, Fault):
                yield row
                continue
            self.count += 1
            if self.count > ROWS_MAX:
                yield self._fault(line, 0, "", "rows", f"more than {ROWS_MAX} rows; part the file")
                return
            try:
                cell = row[day_at]
                day = days[cell]
            except (KeyError, IndexError, TypeError):
                cell = row[day_at] if day_at < len(row) else ""
                day = self._day(cell)
            if day is None and 0 <= value_at < len(row) and (cell is None or not str(cell).strip()):
                day = self._day(row[value_at])  # not booked yet, or the bank left it out
            if day is None:
                joined = self._continued(line, row, cell, self.pending)
                if joined is not None:
                    self.pending = joined
                yield from self._told()
                continue
            if len(row) < width:
                row = [*row, *([""] * (width - len(row)))]
            record = take(line, row, day)
            if self.pending is not None:
                yield self.pending
            self.pending = record
            if faults:
                yield from self._told()

    def _whole(self, block: Sequence[tuple[int, Row | Fault]]) -> list[TransactionRecord] | None:
        """The records of a block whose rows are all plain; None where they are to be read one by one."""
        lines, rows = zip(*block, strict=True)
        try:
            if min(map(len, rows)) < self.width:
                return None
        except TypeError:  # a fault stands among them
            return None
        columns = list(zip(*rows))  # noqa: B905  # a row may be wider than the table
        days = self._known_days(columns[self.day_at])
        currency = self.currency or columns[self.currency_at][0]
        digits = EXPONENTS.get(currency)
        if days is None or None in days or digits is None:
            return None
        number = self.number
        for at in {self.currency_at if not self.currency else -1, self.number_at} - {-1}:
            if len(set(columns[at])) > 1:
                return None
        if self.number_at >= 0:
            number = text_of(columns[self.number_at][0])
        amounts = self._whole_amounts(columns, digits)
        if amounts is None or self.sum + amounts.credits + amounts.debits > SUM_MAX:
            return None
        values = days
        if self.value_at >= 0 and columns[self.value_at] != columns[self.day_at]:
            known = self._known_days(columns[self.value_at])
            if known is None:
                return None
            values = [value or day for value, day in zip(known, days, strict=True)]
        account = self.accounts.get((number, currency))
        proof, balances = None, None
        if self.balance_at >= 0:
            balances = blocks.minors_of(columns[self.balance_at], digits, self.decimal, are_typed=self.are_typed)
            if balances is None or max(balances) > AMOUNT_MAX or min(balances) < -AMOUNT_MAX:
                return None
            has_rows = account is not None and account.first is not None
            proof = blocks.prove(amounts.signed, balances, account.last if has_rows else None)  # type: ignore[union-attr]
        # From here on nothing is refused: what is counted stays counted.
        if account is None:
            account = Account(len(self.accounts), lines[0], number, currency)
            self.accounts[number, currency] = account
        if proof is not None and balances is not None:
            account.add_proof(proof, (amounts.signed[0], balances[0]), (amounts.signed[-1], balances[-1]))
        self.sum += amounts.credits + amounts.debits
        account.add(len(rows), amounts.credits, amounts.debits, max(days))  # type: ignore[arg-type,type-var]
        references, ids = self._whole_ids(columns, len(rows))
        none = [""] * len(rows)
        texts = [blocks.texts_of(columns[at]) for at in self.texts]
        return blocks.records_of(
            lines,
            ids,
            number,
            amounts.signed,
            currency,
            days,  # type: ignore[arg-type]
            values,  # type: ignore[arg-type]
            blocks.texts_of(columns[self.code_at]) if self.code_at >= 0 else none,
            references,
            blocks.texts_of(columns[self.customer_at]) if self.customer_at >= 0 else none,
            texts[0] if len(texts) == 1 else [" ".join(filter(None, row)) for row in zip(*texts, strict=True)] or none,
            account.index,
        )

    def _whole_amounts(self, columns: Sequence[Sequence[Any]], digits: int) -> blocks.Amounts | None:
        """Signed amounts of a block; None where one of them is not plain."""
        if self.amount_at >= 0:
            cells: Sequence[Any] | None = columns[self.amount_at]
            is_text = not self.are_typed
        else:
            cells = (
                blocks.of_two_columns(columns[self.credit_at], columns[self.debit_at]) if self.debit_at >= 0 else None
            )
            is_text = True
        signed = blocks.minors_of(cells, digits, self.decimal, are_typed=not is_text) if cells is not None else None
        if signed is None:
            return None
        return blocks.amounts_of(signed, debit_is_positive=self.amount_at >= 0 and self.mapping.debit_is_positive)

    def _whole_ids(self, columns: Sequence[Sequence[Any]], count: int) -> tuple[Sequence[str], Sequence[str | None]]:
        """The bank's references of a block, and the identities that they make."""
        if self.id_at < 0:
            return [""] * count, [None] * count
        references, ids, again = blocks.texts_of(columns[self.id_at]), [], self.seen.count
        for reference in references:
            times = again(reference) if reference else 1
            ids.append((reference or None) if times == 1 else f"{reference}#{times}")
        return references, ids

    def _known_days(self, column: Sequence[Any]) -> list[date | None] | None:
        """A column of days, where a cell that says none is None; None where there are too many to remember."""
        days = self.days
        try:
            distinct = set(column)
        except TypeError:
            return None
        for cell in distinct - days.keys():
            self._day(cell)
        if not all(cell in days for cell in distinct if isinstance(cell, str | date)):
            return None
        return list(map(days.get, column))

    def _take(self, line: int, row: Row, day: date) -> TransactionRecord | None:
        """A row with a day, as wide as the table: a record, or None and its faults."""
        currency = self.currency
        if not currency:
            currency = row[self.currency_at]
            if currency not in EXPONENTS:
                currency = text_of(currency).upper()
        digits = EXPONENTS.get(currency)
        if digits is None:
            self._refuse(line, row, "currency", "currency", "no currency of ISO 4217; write three letters, as USD")
            return None
        if self.is_plain and _CENTS(cell := row[self.amount_at]):
            signed: int | None = int(cell[:-3] + cell[-2:])
        else:
            signed = self._signed(line, row, digits if self.is_major else 0)
        if signed is None:
            return None
        size = signed if signed >= 0 else -signed
        self.sum += size
        if size > AMOUNT_MAX or self.sum > SUM_MAX:
            self.sum -= size
            self._refuse(line, row, "amount", "amount", "more than an account can hold; check the amount")
            return None
        number = text_of(row[self.number_at]) if self.number_at >= 0 else self.number
        account = self.accounts.get((number, currency))
        if account is None:
            account = Account(len(self.accounts), line, number, currency)
            self.accounts[number, currency] = account
        account.add(1, size if signed >= 0 else 0, size if signed < 0 else 0, day)
        if self.balance_at >= 0:
            self._prove(account, line, row, signed, digits if self.is_major else 0)
        value_on = day
        if self.value_at >= 0:
            cell = row[self.value_at]
            value_on = (self.days[cell] if cell in self.days else self._day(cell)) or day
        external_id: str | None = None
        reference = ""
        if self.id_at >= 0 and (reference := text_of(row[self.id_at])):
            again = self.seen.count(reference)
            external_id = reference if again == 1 else f"{reference}#{again}"
        if self.text_at >= 0:
            text = row[self.text_at]
            text = text.strip() if type(text) is str else text_of(text)
        else:
            text = " ".join(words for at in self.texts if (words := text_of(row[at])))
        customer = ""
        if self.customer_at >= 0:
            customer = row[self.customer_at]
            customer = customer.strip() if type(customer) is str else text_of(customer)
        return transaction(
            line,
            external_id,
            number,
            size,
            currency,
            "credit" if signed >= 0 else "debit",
            day,
            value_on,
            text_of(row[self.code_at]) if self.code_at >= 0 else "",
            reference,
            customer,
            text,
            account.index,
        )

    def _signed(self, line: int, row: Row, digits: int) -> int | None:
        """The amount in minor units, positive where money came in; None with a fault where there is none."""
        if self.amount_at >= 0:
            minor = self._minor(row[self.amount_at], digits)
            if type(minor) is str:
                self._bad(line, row, self.amount_at, "amount", minor)
                return None
            assert type(minor) is int, "an amount or what is wrong with it"
            if self.side_at >= 0:
                return -abs(minor) if text_of(row[self.side_at]).lower() in self.mapping.debit_words else abs(minor)
            return -minor if self.mapping.debit_is_positive else minor
        found: dict[str, int] = {}
        for name, at in (("credit", self.credit_at), ("debit", self.debit_at)):
            cell = row[at]
            if cell is None or cell == "" or (type(cell) is str and not cell.strip()):
                continue
            read = self._minor(cell, digits)
            if isinstance(read, str):
                self._bad(line, row, at, name, read)
                return None
            found[name] = read
        given = {name: minor for name, minor in found.items() if minor}
        if len(given) > 1:
            self._bad(line, row, self.debit_at, "debit", "both a credit and a debit; write one of them")
            return None
        if not found:
            self._bad(line, row, self.credit_at, "credit", "no amount; write a credit or a debit")
            return None
        for name, minor in given.items():
            return minor if name == "credit" and minor > 0 else -abs(minor)
        return 0

    def _minor(self, cell: Any, digits: int) -> int | str:
        """A cell in minor units, or what is wrong with it."""
        if type(cell) is str:
            if self.decimal == ".":
                whole, mark, decimals = cell.partition(".")
                if (mark and len(decimals) == digits) or not mark:
                    plain = whole + decimals
                    bare_digits = plain[1:] if plain[:1] == "-" else plain
                    if bare_digits.isdigit() and plain.isascii() and len(plain) < 20:
                        return int(plain) if mark or not digits else int(plain) * 10**digits
            text = bare(clean(cell))
        elif isinstance(cell, bool) or not isinstance(cell, int | float):
            return "not an amount; write it as 1234.50"
        else:
            return of_number(cell, digits)
        mark = self.mapping.decimal
        if not text or len(text) > 30 or not _NUMBER[mark].match(text) or not any(c.isdigit() for c in text):
            return f"not an amount; write it as 1234{mark}50" if text else "no amount; write it"
        whole, _, decimals = text.partition(mark)
        if len(decimals) > digits and decimals[digits:].strip("0"):
            return f"more decimals than the {digits} of its currency; round it as it was booked"
        return int(re.sub(r"[^0-9-]", "", whole + decimals[:digits].ljust(digits, "0")))

    # Helpers, in the order of their call.

    def _day(self, cell: Any) -> date | None:
        if isinstance(cell, datetime):
            found: date | None = cell.date()
        elif isinstance(cell, date):
            found = cell
        else:
            found = day_of(cell, self.mapping.date_order) if isinstance(cell, str) else None
        if len(self.days) > _DAYS_MAX:
            self.days.clear()
        if isinstance(cell, str | date):
            self.days[cell] = found
        return found

    def _continued(self, line: int, row: Row, cell: Any, pending: TransactionRecord | None) -> TransactionRecord | None:
        """A row without a day: text of the row above, a total, a disclaimer, or a day that is none."""
        given = [at for at, found in enumerate(row) if found not in ("", None) and str(found).strip()]
        if not given:
            return None
        places = {at for name, at in self._columns.items() if name in ("amount", "credit", "debit")}
        holds_amount = bool(places & set(given))
        if not str(cell or "").strip() and pending is not None and not holds_amount:
            text = " ".join(text_of(row[at]) for at in (self.texts or given) if at < len(row) and at in given)
            if text:
                return replace(pending, text=f"{pending.text} {text}".strip())
        if holds_amount and len(given) > 2 and str(cell or "").strip():
            self._refuse(line, row, "booked_on", "date", "no day as the column writes it; correct it, or the mapping")
        elif given and line > self.mapping.header_line:
            text = "no row of the table, and was left out; take it away if it is a title, total or note"
            self._add(line, 0, "", "outside", text, row, "W")
        return None

    def _prove(self, account: Account, line: int, row: Row, signed: int, digits: int) -> None:
        """Compare the running balance of a row with that of the row before, in both directions."""
        cell = row[self.balance_at]
        balance: int | str | None = None
        if self.is_cents and self.is_major and _CENTS(cell):
            balance = int(cell[:-3] + cell[-2:])
        elif cell is not None and cell != "" and (type(cell) is not str or cell.strip()):
            balance = self._minor(cell, digits)
        if isinstance(balance, str) or (balance is not None and abs(balance) > AMOUNT_MAX):
            text = "not a balance; write it as the amounts"
            self._add(line, self.balance_at + 1, "balance", "balance_field", text, row, "W")
            balance = None
        pairs = (
            blocks.prove([signed], [balance], account.last if account.first else None) if balance is not None else None
        )
        account.add_proof(pairs, (signed, balance), (signed, balance))

    def _statements(self) -> Iterator[Item]:
        for account in self.accounts.values():
            statement = account.statement()
            if wrong := account.pairs - max(account.upwards, account.downwards):
                text = f"the running balance does not follow from the amounts in {wrong} rows; look for missing rows"
                yield self._fault(account.line, 0, "balance", "balance", text, level="W")
            yield statement
