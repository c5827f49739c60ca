"""Clearing accounts and balance monitors from the command line."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from headgate.core import ids
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.core.terminal import emit
from headgate.ledger import clearing, monitors
from headgate.ledger.accounts import get_account
from headgate.ledger.command_parts import (
    ALL,
    AccountArgument,
    AccountOption,
    Json,
    Tenant,
    begin,
    duration,
    number_of,
    plain,
    show,
)
from headgate.ledger.watch_documents import ClearingAccountModel, ClearingRuleModel, MonitorModel

app = typer.Typer()


@app.command("clearing")
def clearing_report(
    tenant: Tenant,
    account: AccountOption = None,
    currency: Annotated[str | None, typer.Option()] = None,
    only_residuals: Annotated[bool, typer.Option("--only-residuals", help="Only those that are not at zero.")] = False,
    items: Annotated[int, typer.Option(min=1, help="How many legs of each account at most.")] = 100,
    json: Json = False,
) -> None:
    """Accounts that must come to zero, with what is left on them, how old it is and where it came from."""
    with begin(tenant) as tx:
        rows = clearing.clearing_report(
            tx, account=number_of(tx, account), currency=currency, only_residuals=only_residuals, items=items
        )
    show(rows, ClearingAccountModel.of, json)


@app.command("set-clearing")
def set_clearing(
    tenant: Tenant,
    account: AccountArgument,
    reason: Annotated[str, typer.Option()],
    max_age: Annotated[str | None, typer.Option(help="How old what is left may be: 3d, 12h, 30m.")] = None,
    off: Annotated[bool, typer.Option("--off", help="It need not come to zero any more.")] = False,
    json: Json = False,
) -> None:
    """Say that an account must come to zero, and how old what is left on it may be."""
    with begin(tenant) as tx:
        found = get_account(tx, account)
        report = clearing.set_must_be_zero(
            tx,
            account=found.id,
            must_be_zero=not off,
            max_age=duration(max_age) if max_age else None,
            reason=reason,
        )
    shown = ClearingRuleModel(
        account=ids.encode("acct", found.id),
        must_be_zero=not off,
        clearing=None if report is None else ClearingAccountModel.of(report),
    )
    emit(plain(shown), as_json=json)


@app.command("add-monitor")
def add_monitor(
    tenant: Tenant,
    account: AccountArgument,
    threshold: Annotated[str, typer.Option(help="As 1000.00, in the account's currency.")],
    name: Annotated[str, typer.Option()],
    what: Annotated[str, typer.Option(help="posted or available.")] = "available",
    comparison: Annotated[str, typer.Option(help="below or above.")] = "below",
    json: Json = False,
) -> None:
    """Watch a balance: a message goes out when it crosses the threshold, and when it comes back."""
    with begin(tenant) as tx:
        found = get_account(tx, account)
        made = monitors.add_monitor(
            tx,
            account=found.id,
            what=cast(monitors.Watched, what),
            comparison=cast(monitors.Comparison, comparison),
            threshold=Money.parse(threshold, found.currency),
            name=name,
        )
    emit(plain(MonitorModel.of(made)), as_json=json)


@app.command("monitors")
def list_monitors(tenant: Tenant, account: AccountOption = None, json: Json = False) -> None:
    """Every monitor and where it stands."""
    with begin(tenant) as tx:
        rows = monitors.list_monitors(tx, account=number_of(tx, account), limit=ALL)
    show(rows, MonitorModel.of, json)


@app.command("remove-monitor")
def remove_monitor(
    tenant: Tenant, monitor: Annotated[str, typer.Argument(help="The monitor's id, mon_…")], json: Json = False
) -> None:
    """Watch no more."""
    if not monitor.startswith("mon_"):
        raise Malformed("name a monitor by its id, mon_…")
    with begin(tenant) as tx:
        monitors.remove_monitor(tx, ids.decode("mon", monitor))
    emit({"removed": monitor}, as_json=json)
