"""PayPal: the settlement report (STL, for programs) and the activity download (for people, in their language).

    "SB","Transaction ID","Invoice ID",…  "SB" rows are movements, "CH" names their columns, "SF" gives the section's sums
    "Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net",…,"Transaction ID",…,"Balance"

The report's amounts are whole in the currency's minor units, its sides CR and DR, and the sums of a section are compared.
The download writes decimals as people do in its language; the sign of decimals and the order of dates are decided for the
whole file, never cell by cell, and gross + fee = net holds in every row. Rows that do not touch the balance (memos) and
those that are pending, declined or reversed keep their status.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Final

from headgate.core.currencies import EXPONENTS
from headgate.core.money import Money
from headgate.ingestion.mapping import normalised
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._amounts import day, of_units
from headgate.ingestion.parsers._building import money, settlement
from headgate.ingestion.parsers._reports import HEADER_LINES, Report, header_names, rows_of
from headgate.ingestion.parsers._statements import AMOUNT_MAX
from headgate.ingestion.parsers._table_header import ORDERS, bare, day_of
from headgate.ingestion.records import Control, Fault, Item, SettlementRecord, SettlementStatus

_HEAD: Final = 5_000
_DECIMAL: Final = {
    ".": re.compile(r"-?(?:\d{1,12}|\d{1,3}(?:[,' ]\d{3})+)(?:\.\d{1,3})?\Z", re.ASCII),
    ",": re.compile(r"-?(?:\d{1,12}|\d{1,3}(?:[.' ]\d{3})+)(?:,\d{1,3})?\Z", re.ASCII),
}
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "date": ("date", "data", "datum", "fecha"),
    "kind": ("type", "tipo", "typ"),
    "status": ("status", "stato", "état", "estado"),
    "currency": ("currency", "valuta", "devise", "währung", "divisa"),
    "gross": ("gross", "lordo", "avant commission", "brutto", "bruto"),
    "fee": ("fee", "tariffa", "commission", "gebühr", "entgelt", "comisión"),
    "net": ("net", "netto", "neto"),
    "id": ("transaction id", "codice transazione", "numéro de transaction", "transaktionscode", "id de transacción"),
    "reference": (
        *("reference txn id", "codice transazione di riferimento", "numéro de la transaction de référence"),
        *("zugehöriger transaktionscode", "id de referencia de trans"),
    ),
    "invoice": ("invoice number", "n ordine commerciante", "numéro de facture", "rechnungsnummer", "número de factura"),
    "text": ("subject", "item title", "oggetto", "titolo oggetto", "titre de l objet", "objet", "betreff"),
}
_STATES: Final[dict[str, SettlementStatus]] = {
    **dict.fromkeys(("pending", "in sospeso", "en attente", "ausstehend", "offen"), "pending"),
    **dict.fromkeys(
        ("reversed", "refunded", "stornato", "rimborsato", "remboursé", "annulé", "rückzahlung"), "returned"
    ),
    **dict.fromkeys(("denied", "failed", "canceled", "cancelled", "rifiutato", "refusé", "abgelehnt"), "rejected"),
}


def sniff(data: bytes) -> float:
    """A settlement report's first rows, or a download's header in a language that is known."""
    head = data[:4_096].removeprefix(b"\xef\xbb\xbf").lstrip(b'"')
    if head[:2] in (b"RH", b"FH") and (b"CH" in head or b"SH" in head):
        return 0.9
    for names in header_names(data)[:3]:
        known = [field for field, words in _NAMES.items() if names & {normalised(word) for word in words}]
        if len(known) >= 8 and {"gross", "fee", "net", "id"} <= set(known):
            return 0.9
    return 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every movement, with the sums of a settlement report compared."""
    head = stream.read(16).removeprefix(b"\xef\xbb\xbf").lstrip(b'"')
    stream.seek(0)
    yield from _report(stream) if head[:2] in (b"RH", b"FH") else _download(stream)


def _report(stream: BinaryIO) -> Iterator[Item]:
    report: Report | None = None
    sums: dict[tuple[str, str], int] = {}
    rows = 0
    for one in rows_of(stream):
        if isinstance(one, Fault):
            yield one
            continue
        line, row = one
        kind = row[0].strip() if row else ""
        if kind == "CH":
            report = Report(row, line, "paypal")
        elif kind == "SH":
            sums = {}
        elif kind == "SB" and report is not None:
            rows += 1
            row += [""] * (report.width - len(row))
            item = _settled(report, line, row)
            if isinstance(item, SettlementRecord):
                for name, amount in (("gross", item.amount), ("fee", item.fee)):
                    side = item.direction if name == "gross" else "debit" if amount.minor >= 0 else "credit"
                    key = (f"{name} {side}s", amount.currency)
                    sums[key] = sums.get(key, 0) + abs(amount.minor)
            yield item
        elif kind in ("SF", "SC") and kind == "SF":
            yield from _section(line, row, sums)
        elif kind and kind not in ("RH", "FH", "SF", "SC", "RF", "RC", "FF"):
            yield Fault(
                line, 1, "", "paypal.row", f"line {line}: no row of a settlement report; download it again", kind, "W"
            )
    if report is None or not rows:
        yield Fault(1, 0, "", "paypal.empty", "line 1: no movement in this report; download one of a day with some")


def _settled(report: Report, line: int, row: list[str]) -> SettlementRecord | Fault:
    """A row SB: whole minor units, sides CR and DR."""

    def cell(*names: str) -> str:
        at = report.at(*names)
        return row[at].strip() if at >= 0 else ""

    currency = cell("gross transaction currency").upper()
    gross, fee = _units(cell("gross transaction amount"), currency), _units(cell("fee amount") or "0", currency)
    side = cell("transaction debit or credit").upper()
    if gross is None or fee is None or side not in ("CR", "DR"):
        return report.fault(
            line, "gross transaction amount", "amount", "no amount with its side; download it again", row
        )
    if (cell("fee currency") or currency).upper() != currency:
        return report.fault(line, "fee currency", "currency", "a fee in another currency; book it by hand", row)
    fee = -fee if cell("fee debit or credit").upper() == "CR" else fee
    signed = gross if side == "CR" else -gross
    code = cell("transaction event code")
    name = cell("transaction id")
    return settlement(
        line, f"{name}:{code}" if name else None, "paypal", code, "settled", "paypal",
        "credit" if signed >= 0 else "debit", money(abs(signed), currency), money(fee, currency),
        money(signed - fee, currency), day(cell("transaction initiation date")), day(cell("transaction completion date")),
        name, cell("paypal reference id"), "", "", cell("invoice id") or cell("custom field"), "",
    )  # fmt: skip


def _section(line: int, row: list[str], sums: dict[tuple[str, str], int]) -> Iterator[Control | Fault]:
    """A row SF: currency, then the section's gross credits and debits, and its fees' credits and debits."""
    currency = row[1].strip().upper() if len(row) > 1 else ""
    for at, name in enumerate(("gross credits", "gross debits", "fee credits", "fee debits"), start=2):
        said = _units(row[at].strip(), currency) if at < len(row) else None
        if said is None:
            continue
        control = Control(line, name, Money(said, currency), Money(sums.get((name, currency), 0), currency))
        if not control.agrees:
            text = f"{name} are {control.said.format()}, but the rows make {control.made.format()}"
            yield Fault(line, at + 1, name, "paypal.section", f"line {line}: {text}; download the report again")
        yield control


def _download(stream: BinaryIO) -> Iterator[Item]:
    found = rows_of(stream)
    report: Report | None = None
    at: dict[str, int] = {}
    mark = order = ""
    head: list[tuple[int, list[str]] | Fault] = []
    for one in found:
        if isinstance(one, Fault):
            yield one
            continue
        if one[0] > HEADER_LINES:
            break
        names = Report(one[1], one[0], "paypal")
        at = {field: names.at(*(normalised(word) for word in words)) for field, words in _NAMES.items()}
        if min(at[field] for field in ("gross", "fee", "net", "id", "date", "currency")) >= 0:
            report = names
            break
    if report is None:
        text = "line 1: no header of a PayPal download in a language that is known; say its columns by a mapping"
        yield Fault(1, 0, "", "paypal.header", text)
        return
    head = list(islice(found, _HEAD))
    rows = [row for one in head if not isinstance(one, Fault) for row in [one[1]] if len(row) >= report.width - 1]
    marks = [m for m, form in _DECIMAL.items() if all(form.match(bare(row[at["gross"]])) for row in rows)]
    orders = [o for o in ORDERS if all(day_of(row[at["date"]], o) for row in rows)]
    if len(orders) > 1 and (ordered := [o for o in orders if _in_sequence([row[at["date"]] for row in rows], o)]):
        orders = ordered
    if len(marks) != 1 or len(orders) != 1:
        text = (
            "line 1: dates or decimals read in more than one way, or in none; download a longer period, or the report"
        )
        yield Fault(1, 0, "", "paypal.ask", text)
        return
    mark, order = marks[0], orders[0]
    for one in _chain(head, found):
        if isinstance(one, Fault):
            yield one
        elif any(one[1]):
            yield _activity(report, one[0], one[1] + [""] * (report.width - len(one[1])), at, mark, order)


def _activity(
    report: Report, line: int, row: list[str], at: dict[str, int], mark: str, order: str
) -> SettlementRecord | Fault:
    """A row of the download: decimals, the fee negative where it was taken."""
    cell = {field: row[place].strip() if place >= 0 else "" for field, place in at.items()}
    currency = cell["currency"].upper()
    if currency not in EXPONENTS:
        return report.fault(line, "currency", "currency", "no currency of ISO 4217; download the file again", row)
    gross, fee, net = (_decimal(cell[name], mark, EXPONENTS[currency]) for name in ("gross", "fee", "net"))
    booked_on = day_of(cell["date"], order)  # type: ignore[arg-type]
    if gross is None or fee is None or net is None or booked_on is None:
        return report.fault(
            line, "gross", "amount", "no day and amounts as the other rows have them; look at the row", row
        )
    if gross + fee != net:
        return report.fault(line, "net", "net", "gross and fee do not make net; download the file again", row)
    state = cell["status"].lower()
    status: SettlementStatus = next((found for word, found in _STATES.items() if state.startswith(word)), "settled")
    return settlement(
        line, cell["id"] or None, "paypal", cell["kind"], status, "paypal", "credit" if gross >= 0 else "debit",
        money(abs(gross), currency), money(-fee, currency), money(net, currency), booked_on, booked_on, cell["id"],
        cell["reference"], "", "", cell["invoice"], cell["text"],
    )  # fmt: skip


def _units(text: str, currency: str) -> int | None:
    return of_units(int(text), currency) if re.fullmatch(r"[0-9]{1,15}", text) else None


def _decimal(text: str, mark: str, digits: int) -> int | None:
    plain = bare(text)
    if not plain or _DECIMAL[mark].match(plain) is None:
        return None
    whole, _, decimals = plain.partition(mark)
    if len(decimals) > digits and decimals[digits:].strip("0"):
        return None
    minor = int(re.sub(r"[^0-9-]", "", whole) + decimals[:digits].ljust(digits, "0"))
    return minor if abs(minor) <= AMOUNT_MAX else None


def _in_sequence(cells: list[str], order: str) -> bool:
    days = [found for cell in cells if (found := day_of(cell, order))]  # type: ignore[arg-type]
    return len(set(days)) > 1 and (days == sorted(days) or days == sorted(days, reverse=True))


def _chain(
    head: list[tuple[int, list[str]] | Fault], rest: Iterator[tuple[int, list[str]] | Fault]
) -> Iterator[tuple[int, list[str]] | Fault]:
    yield from head
    yield from rest


PARSER = streaming(name="paypal_v1", kind="settlement", title="PayPal settlement or activity", sniff=sniff, read=read)
