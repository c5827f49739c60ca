"""The book's transactions and one's drawer: its entries, the very line that it came from, and what stands beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from headgate import ingestion, ledger, recon
from headgate.console import lists, pointing
from headgate.console.list_screens import Found, ListScreen, Templates, Words
from headgate.console.pages import Clock
from headgate.core import ids, terms
from headgate.core.db import Tx
from headgate.core.errors import NotFound
from headgate.core.money import Money
from headgate.core.terms import MalformedTerm

TERMS: Final = {
    "account": terms.Term("word"),
    "source": terms.Term("word"),
    "about": terms.Term("word"),
    "from": terms.Term("word"),
    "to": terms.Term("word"),
}
VIEWS = (
    ("All", ""),
    ("Payments", "source:payment"),
    ("Deposits", "source:deposit"),
    ("Funding", "source:funding_event"),
    ("Loan payments", "source:servicing_payment"),
)
ORIGINS_SHOWN: Final = 20


class Row(NamedTuple):
    """A transaction as a list shows it: its amount is that of its entries in their first currency."""

    id: str
    found: ledger.Transaction
    amount: Money
    debit: str
    credit: str


class FromLine(NamedTuple):
    """Where it came from: the line, and what joins them, which may be several things."""

    origin: recon.Origin
    effects: list[recon.Effect]
    line: ingestion.ShownLine | None
    is_hidden: bool


def row_of(found: ledger.Transaction) -> Row:
    """A transaction as a row."""
    currency = found.entries[0].amount.currency
    amount = Money(sum(one.amount.minor for one in found.entries if one.amount.currency == currency), currency)
    return Row(ids.encode("txn", found.id), found, amount, _codes(found, "debit_code"), _codes(found, "credit_code"))


def _codes(found: ledger.Transaction, side: str) -> str:
    """What the accounts of a side are for: the first part of their codes."""
    codes = list(dict.fromkeys(str(getattr(one, side)).partition(".")[0] for one in found.entries))
    return codes[0] if len(codes) == 1 else f"{codes[0]} and {len(codes) - 1} more"


class _Reads:
    """The book is walked by its numbers, newest first."""

    def page(self, tx: Tx, text: str, clock: Clock, *, after: str | None, item_id: str | None) -> Found:
        asked = lists.ask(text, parse)
        found: list[ledger.Transaction] = []
        error = asked.error
        try:
            found = self._find(tx, asked.query.params, after, lists.ROWS + 1)
        except NotFound as unknown:
            error = unknown.message
        rows = [row_of(one) for one in found]
        older = rows[lists.ROWS - 1].id if len(rows) > lists.ROWS else None
        return Found(
            rows[: lists.ROWS], older, error, {"totals": [min(len(rows), lists.ROWS)] if rows else [], "fewer": None}
        )

    def opened(self, tx: Tx, item_id: str) -> object:
        found = ledger.get_transaction(tx, ids.decode("txn", item_id))
        by_place: dict[tuple[object, ...], list[recon.Origin]] = {}
        for origin in recon.origins_of(tx, [found.id]):
            place = (origin.artifact_id, origin.line, origin.effect.ingestion_id if origin.line is None else None)
            by_place.setdefault(place, []).append(origin)
        origins = list(by_place.values())
        others = [
            one for one in (found.reverses, *found.reversed_by, found.settles, found.settled_by) if one is not None
        ]
        return {
            "row": row_of(found),
            "found": found,
            "origins": [_line(tx, one) for one in origins[:ORIGINS_SHOWN]],
            "more": len(origins) - ORIGINS_SHOWN,
            "others": {number: ids.encode("txn", number) for number in others},
            "source_page": pointing.page_of(found.source_id),
        }

    def changed(self, tx: Tx, text: str, clock: Clock, item_ids: Sequence[str]) -> Words:
        numbers = [ids.decode("txn", one) for one in item_ids if ids.is_id(one, "txn")]
        found = ledger.transactions_by_number(tx, numbers)
        rows = [row_of(found[number]) for number in sorted(found, reverse=True)]
        return {"rows": rows, "left": frozenset()}

    def _find(self, tx: Tx, params: Any, after: str | None, limit: int) -> list[ledger.Transaction]:
        account = ledger.get_account(tx, params["account"]).id if params["account"] else None
        return ledger.list_transactions(
            tx,
            account=account,
            source_type=params["source"],
            source_id=params["about"],
            effective_from=params["from"],
            effective_to=params["to"],
            before=ids.decode("txn", after) if after else None,
            limit=limit,
        )


def parse(text: str) -> terms.Query:
    """Read a query of transactions. Raises MalformedTerm."""
    query = terms.parse(text, TERMS)
    params = dict(query.params)
    for name in ("from", "to"):
        if params[name] is not None:
            try:
                params[name] = date.fromisoformat(params[name])
            except ValueError as error:
                raise MalformedTerm(f"'{name}:{params[name][:20]}' is no day; write it as {name}:2026-11-24") from error
    return terms.Query(query.text, params)


def _line(tx: Tx, origins: Sequence[recon.Origin]) -> FromLine:
    first, effects = origins[0], [one.effect for one in origins]
    if first.artifact_id is None or first.line is None:
        return FromLine(first, effects, None, True)
    shown = ingestion.show_lines(tx, first.artifact_id, line=first.line, around=0)
    return FromLine(first, effects, shown.lines[0] if shown.lines else None, shown.is_hidden)


SCREEN: Final = ListScreen(
    path="transactions",
    prefix="txn",
    noun="transaction",
    label="Transactions",
    templates=Templates("transactions.html", "transaction_drawer.html", "transaction_rows.html"),
    views=VIEWS,
    permissions=("ledger.read", "recon.read", "ingestion.read"),
    reads=_Reads(),
)
