"""Dialect, header and columns of a table, proposed from its first lines.

Delimiter: a vote of rows that agree in width, times the cells that are days or amounts. Header: the first row as wide as
the table that holds names only and has a typed column below it; what stands above is the preamble. The order of a date
and the sign of decimals are those under which *every* cell of the column reads; where two are left, the sequence of the
rows and the running balance decide, and else a person is asked.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from headgate.core.currencies import EXPONENTS
from headgate.ingestion.mapping import DateOrder, DecimalMark, Mapping, Proposal, Question, normalised

ROWS_LOOKED_AT: Final = 400
DELIMITERS: Final = (";", ",", "\t", "|")
ORDERS: Final[tuple[DateOrder, ...]] = ("ymd", "dmy", "mdy")
MARKS: Final[tuple[DecimalMark, ...]] = (".", ",")

_DATE: Final = re.compile(r"(\d{1,4})([-./])(\d{1,2})\2(\d{1,4})(?:[T ]\d{1,2}:\d\d[^,;]*)?\Z")
_COMPACT: Final = re.compile(r"(?:19|20)\d{6}\Z")
_AMOUNT: Final = re.compile(r"[+-]?\(?[A-Z]{0,3}\s?[+-]?\d[\d.,'’ \u00a0\u202f]*\)?-?\s?[A-Z]{0,3}\Z")
_PLAIN: Final = {
    ".": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[,'’ ]\d{3})+)?(?:\.\d*)?\Z"),
    ",": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:[.'’ ]\d{3})+)?(?:,\d*)?\Z"),
}
_WORDS: Final[dict[str, str]] = {
    "booked_on": "booking date|booked at|booked on|booked|date|transaction date|posting date|trade date|posted|posting"
    "|datum|buchungsdatum|buchung|abschlussdatum|erfassungsdatum|transaktionsdatum|auftragsdatum|data|data di registrazione"
    "|data di contabilizzazione|data dell operazione|date de comptabilisation|date de transaction|created|created at|day",
    "value_on": "value date|valuta|valutadatum|valuta date|data valuta|data di valuta|date de valeur|valeur|value|value on",
    "amount": "amount|betrag|importo|montant|credit debit amount|transaction amount|sum|einzelbetrag|value amount|net amount",
    "credit": "credit|gutschrift|accredito|accrediti|credit amount|gutschriftsbetrag|importo di accredito|deposit|paid in"
    "|money in|deposits|avoir",
    "debit": "debit|belastung|addebito|addebiti|debit amount|belastungsbetrag|importo di addebito|withdrawal|paid out"
    "|money out|withdrawals|doit",
    "side": "debit credit|credit debit|debit kredit|s h|soll haben|dr cr|cr dr|direction|indicator|type of entry",
    "currency": "currency|ccy|wahrung|whrg|moneta|monnaie|devise|mon|monn|currency code",
    "balance": "balance|saldo|solde|running balance|account balance",
    "account_number": "iban|account|account number|konto nr|kontonummer|konto|account no",
    "external_id": "transaction id|transaction no|transaktions nr|n di transazione|n de transaction|id|bank reference"
    "|transaction number|reference number|unique id|fitid|external id",
    "customer_reference": "reference|customer reference|referenz|riferimento|rif esterno|numero di riferimento|end to end id"
    "|payment reference|numero di ordine|our reference",
    "type_code": "type|type code|transaction type|tipo|tipo di ordine|typ|transaction code|type de transaction|art",
    "text": "description|text|details|detail|memo|narrative|buchungstext|beschreibung|description1|description2|description3"
    "|description 1|description 2|description 3|beschreibung1|beschreibung2|beschreibung3|testo|testo di registrazione"
    "|testo di contabilizzazione|denominazione|bezeichnung|libelle|libell|texte de notification|booking details|payee"
    "|merchant|name|comunicazione|testo di avviso|message|counterparty",
}
_FIELD_OF: Final = {word: field for field, words in _WORDS.items() for word in words.split("|")}
_RANK_OF: Final = {word: rank for words in _WORDS.values() for rank, word in enumerate(words.split("|"))}
_DEBITS: Final = ("debit", "d", "dr", "dbit", "belastung", "soll", "s", "addebito", "débit", "out", "debit.")
_CREDITS: Final = ("credit", "c", "cr", "crdt", "gutschrift", "haben", "h", "accredito", "crédit", "in", "kredit")
_ACCENTS: Final = str.maketrans("äöüéèêàâîôç", "aoueeeaaioc")


def propose_table(rows: Sequence[tuple[int, Sequence[str]]], delimiter: str = ",") -> Proposal | None:
    """A mapping for rows of cells with their line numbers; None where they are no table with a day and an amount."""
    wide = [(line, [clean(cell) for cell in row]) for line, row in rows[:ROWS_LOOKED_AT]]
    widths = Counter(len(_stripped(row)) for _, row in wide if len(_stripped(row)) > 1)
    if not widths:
        return None
    typed = [(line, row) for line, row in wide if _typed(row)]
    if not typed:
        return None
    at = _header_at(wide, typed)
    names = wide[at][1] if at is not None else []
    body = [row for line, row in wide[at + 1 if at is not None else 0 :] if _typed(row)]
    if not body:
        return None
    width = max(len(names), *(len(row) for row in body))
    columns = [[row[n] if n < len(row) else "" for row in body] for n in range(width)]
    preamble = [row for _, row in wide[: at or 0]]
    return _proposal(names, wide[at][0] if at is not None else 0, columns, preamble, delimiter)


def split_rows(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """The rows of a text with the lines they begin on; of one that cannot be parted, those before it."""
    found: list[tuple[int, list[str]]] = []
    reader = csv.reader(text.splitlines(keepends=True)[: 4 * ROWS_LOOKED_AT], delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            found.append((line, row))
            line = reader.line_num + 1
    except csv.Error:
        pass
    return found


def delimiter_of(text: str) -> str:
    """The delimiter under which most rows agree in width and most cells are days and amounts."""
    best, score = ",", 0.0
    for delimiter in DELIMITERS:
        rows = [[clean(cell) for cell in row] for _, row in split_rows(text, delimiter)][:ROWS_LOOKED_AT]
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if not widths:
            continue
        width, agree = widths.most_common(1)[0]
        cells = sum(1 for row in rows for cell in row if len(row) == width and (is_day(cell) or is_amount(cell)))
        found = agree * min(width, 12) ** 0.5 + 2 * cells
        if found > score:
            best, score = delimiter, found
    return best


def clean(cell: str) -> str:
    """A cell without the blanks around it and without a spreadsheet's `="…"`."""
    text = cell.strip().strip("\ufeff")
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    elif text.startswith('"=') and text.endswith('"'):
        text = text[2:-1].strip('"')
    return text.strip('"').strip() if text[:1] == '"' else text


def is_day(text: str) -> bool:
    """Whether a cell is written as a day, in whatever order."""
    found = _DATE.match(text) if 6 <= len(text) <= 40 else None
    if found is None:
        return len(text) == 8 and _COMPACT.match(text) is not None
    return any(_day_of(found.groups(), order) for order in ORDERS)


def is_amount(text: str) -> bool:
    """Whether a cell is written as an amount, in whatever way."""
    return 0 < len(text) <= 30 and _AMOUNT.match(text) is not None


def day_of(text: str, order: DateOrder) -> date | None:
    """The day that a cell says, in an order; a year of two digits is of this century."""
    text = clean(text)
    if len(text) == 8 and _COMPACT.match(text):
        return _day(int(text[:4]), int(text[4:6]), int(text[6:]))
    found = _DATE.match(text) if len(text) <= 40 else None
    return _day_of(found.groups(), order) if found else None


def _day_of(parts: Sequence[str], order: DateOrder) -> date | None:
    one, mark, two, three = parts
    if mark == "." and order == "mdy":
        return None  # nobody writes the month first with dots
    if order == "ymd":
        return _day(int(one), int(two), int(three)) if len(one) == 4 else None
    if len(one) > 2 or len(three) not in (2, 4):
        return None
    year = int(three) + (2000 if len(three) == 2 else 0)
    return _day(year, int(two), int(one)) if order == "dmy" else _day(year, int(one), int(two))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1900 <= year < 2200 else None
    except ValueError:
        return None


def _stripped(row: Sequence[str]) -> Sequence[str]:
    end = len(row)
    while end and not row[end - 1]:
        end -= 1
    return row[:end]


def _typed(row: Sequence[str]) -> bool:
    """Whether a row is one of the table: a day and an amount in it, in cells of their own."""
    return any(is_day(cell) for cell in row) and any(is_amount(cell) and not is_day(cell) for cell in row)


def _header_at(wide: list[tuple[int, list[str]]], typed: list[tuple[int, list[str]]]) -> int | None:
    """The row before the first of the table that names its columns: names only, nearly as many as there are columns."""
    width = Counter(len(_stripped(row)) for _, row in typed).most_common(1)[0][0]
    first = typed[0][0]
    best: tuple[int, int] | None = None
    for at, (line, row) in enumerate(wide):
        if line >= first:
            break
        names = [cell for cell in row if cell]
        if len(names) < max(2, width // 2) or any(is_day(cell) for cell in names):
            continue
        if sum(is_amount(cell) for cell in names) * 3 > len(names):
            continue
        known = sum(_field_of(cell) is not None for cell in names)
        if best is None or known > best[0]:
            best = (known, at)
    return best[1] if best else None


def _proposal(
    names: list[str], line: int, columns: list[list[str]], preamble: list[list[str]], delimiter: str
) -> Proposal | None:
    fields = _fields(names, columns)
    questions: list[Question] = []
    amounts = [n for name in ("amount", "credit", "debit", "balance") for n in fields.get(name, ())]
    days = [fields[name][0] for name in ("booked_on", "value_on") if name in fields]
    if not days or not amounts:
        return None
    order = _order([columns[n] for n in days], questions)
    decimal = _decimal([columns[n] for n in amounts], questions)
    currency = "" if "currency" in fields else _currency(names, columns, preamble)
    if not currency and "currency" not in fields:
        text = "no column, name or line says the currency; say which it is"
        questions.append(Question("currency", (), text))
    words = tuple(sorted({cell.lower() for cell in columns[fields["side"][0]] if cell})) if "side" in fields else ()
    mapping = Mapping(
        columns=tuple(sorted(fields.items())),
        header=tuple(normalised(name) for name in names),
        header_line=line,
        delimiter=delimiter,
        date_order=order,
        decimal=decimal,
        currency=currency,
        debit_words=tuple(word for word in words if word in _DEBITS),
    )
    if not any(mark in cell for n in amounts for cell in columns[n] for mark in ".,") and EXPONENTS.get(currency, 2):
        text = "no amount has decimals; say whether they are major units, as dollars, or minor ones, as cents"
        questions.append(Question("amount_unit", ("major", "minor"), text))
    lack = mapping.lacks()
    if lack:
        questions.append(Question("columns", tuple(names), lack))
    if "side" in fields and not all(word in _DEBITS or word in _CREDITS for word in words):
        questions.append(Question("debit_words", words, "words for the side that are not known; say which mean debit"))
    return Proposal(mapping, tuple(questions))


def _fields(names: list[str], columns: list[list[str]]) -> dict[str, tuple[int, ...]]:
    """Which columns hold which field: by their names, and by what stands in them where no name says it."""
    share = [_share(column) for column in columns]
    found: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        field = _field_of(name)
        if field is None or at >= len(columns):
            continue
        days, amounts, given = share[at]
        if field in ("booked_on", "value_on") and (days < 0.8 or not given):
            continue
        if field in ("amount", "balance") and (amounts < 0.8 or not given):
            continue
        if field in ("credit", "debit") and given and amounts < 0.8:
            continue
        found.setdefault(field, []).append(at)
    taken = {at for places in found.values() for at in places}
    dated = [at for at, (days, _, given) in enumerate(share) if days >= 0.9 and given and at not in taken]
    if "booked_on" not in found and dated:
        found["booked_on"] = dated[:1]
    if not {"amount", "credit", "debit"} & set(found):
        counted = [at for at, (d, a, given) in enumerate(share) if a >= 0.9 and d < 0.5 and given and at not in taken]
        if len(counted) == 1:
            found["amount"] = counted
    if {"credit", "debit"} <= set(found):
        found.pop("amount", None)
    elif "amount" in found:
        found.pop("credit", None)
        found.pop("debit", None)
    made = {}
    for field, places in found.items():
        if field == "text":
            made[field] = tuple(places)
        else:
            ranked = sorted(places, key=lambda at: (_RANK_OF.get(_plain(names[at]) if at < len(names) else "", 99), at))
            made[field] = (ranked[0],)
    return made


def _share(column: list[str]) -> tuple[float, float, int]:
    given = [cell for cell in column if cell]
    if not given:
        return 0.0, 0.0, 0
    return (
        sum(is_day(cell) for cell in given) / len(given),
        sum(is_amount(cell) for cell in given) / len(given),
        len(given),
    )


def _plain(name: str) -> str:
    """A name without accents, without the currency at its end."""
    words = normalised(name.lower().translate(_ACCENTS)).split()
    while len(words) > 1 and (words[-1].upper() in EXPONENTS or words[-1] in ("in", "en", "utc")):
        words.pop()
    return " ".join(words)


def _field_of(name: str) -> str | None:
    return _FIELD_OF.get(_plain(name))


def _order(columns: list[list[str]], questions: list[Question]) -> DateOrder:
    left: list[DateOrder] = []
    for order in ORDERS:
        days = [[day_of(cell, order) for cell in column if cell] for column in columns]
        if all(found is not None for column in days for found in column):
            left.append(order)
    if len(left) > 1:  # all days ≤ 12: the order in which the rows come may say it
        ordered = [order for order in left if _is_sorted([day_of(cell, order) for cell in columns[0] if cell])]
        left = ordered if len(ordered) == 1 else left
    if len(left) == 1:
        return left[0]
    if not left:
        counted = {o: sum(day_of(cell, o) is not None for column in columns for cell in column) for o in ORDERS}
        return max(ORDERS, key=lambda order: counted[order])
    example = next((cell for cell in columns[0] if cell), "")
    questions.append(
        Question("date_order", tuple(left), f"{example[:10]} reads in more than one way; say in which order")
    )
    return left[0]


def _is_sorted(days: list[date | None]) -> bool:
    known = [day for day in days if day is not None]
    if len(set(known)) < 2:
        return False
    pairs = list(pairwise(known))
    return all(a <= b for a, b in pairs) or all(a >= b for a, b in pairs)


def _decimal(columns: list[list[str]], questions: list[Question]) -> DecimalMark:
    cells = [bare(cell) for column in columns for cell in column if cell]
    fit = [mark for mark in MARKS if all(_PLAIN[mark].match(cell) for cell in cells)]
    if len(fit) == 1:
        return fit[0]
    if not fit:
        return max(MARKS, key=lambda mark: sum(_PLAIN[mark].match(cell) is not None for cell in cells))
    if any("." in cell or "," in cell for cell in cells):
        example = next(cell for cell in cells if "." in cell or "," in cell)
        questions.append(
            Question("decimal", (".", ","), f"{example[:20]} reads in more than one way; say which mark parts decimals")
        )
    return "."


def bare(cell: str) -> str:
    """An amount without currency, brackets and blanks of every kind; a minus or brackets in front become `-`."""
    text = (
        re.sub(r"[A-Z]{1,3}|[$€£¥]", "", cell).replace("\u00a0", " ").replace("\u202f", " ").replace("−", "-").strip()
    )
    is_negative = text.startswith(("-", "(")) or text.endswith("-")
    text = text.strip("+-() ")
    return f"-{text}" if is_negative else text


def _currency(names: list[str], columns: list[list[str]], preamble: list[list[str]]) -> str:
    """The one currency that a column's name, a line above the table or every amount says."""
    said = {
        word
        for text in (*names, *(cell for row in preamble for cell in row if len(cell) <= 40))
        for word in re.findall(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])", text)
        if word in EXPONENTS
    }
    if not said:
        said = {
            word for column in columns for cell in column if is_amount(cell) for word in re.findall(r"[A-Z]{3}", cell)
        }
        said &= set(EXPONENTS)
    return said.pop() if len(said) == 1 else ""
