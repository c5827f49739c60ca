"""`headgate ledger`: the book from the command line, with the verbs and the answers of the HTTP door."""

from __future__ import annotations

import typer

from headgate.ledger import (
    account_commands,
    balance_commands,
    book_commands,
    bulk_commands,
    exchange_commands,
    explain_commands,
    pending_commands,
    period_commands,
    report_commands,
    reservation_change_commands,
    reservation_commands,
    transaction_commands,
    watch_commands,
)

app = typer.Typer(name="ledger", help="The book: accounts, balances, postings, reservations.", no_args_is_help=True)
for _module in (
    account_commands,
    balance_commands,
    transaction_commands,
    bulk_commands,
    pending_commands,
    reservation_commands,
    reservation_change_commands,
    report_commands,
    explain_commands,
    book_commands,
    period_commands,
    exchange_commands,
    watch_commands,
):
    app.add_typer(_module.app)
