"""Periods and settlements from the command line. Reopening a period takes an approval, so its door is on a higher floor."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from headgate.core import ids
from headgate.core.clock import instant
from headgate.core.errors import Malformed
from headgate.core.terminal import emit
from headgate.ledger import periods, settlements
from headgate.ledger.command_parts import (
    ALL,
    AccountArgument,
    AccountOption,
    Json,
    Limit,
    Tenant,
    begin,
    day,
    number_of,
    plain,
    show,
)
from headgate.ledger.period_documents import CutOffModel, FrozenBalanceModel, PeriodModel, SettledLegModel

app = typer.Typer()

LegalEntity = Annotated[str | None, typer.Option("--legal-entity", help="Only its own accounts: le_…")]
PeriodArgument = Annotated[str, typer.Argument(help="The period's id, per_…")]


@app.command("open-period")
def open_period(
    tenant: Tenant,
    name: Annotated[str, typer.Option(help="As 2026-11.")],
    starts_on: Annotated[str, typer.Option(help="Its first day, as 2026-11-01.")],
    ends_on: Annotated[str, typer.Option(help="Its last day, as 2026-11-30.")],
    legal_entity: LegalEntity = None,
    json: Json = False,
) -> None:
    """Open the next period: it begins the day after the last one ends."""
    with begin(tenant) as tx:
        opened = periods.open_period(
            tx, name=name, starts_on=day(starts_on), ends_on=day(ends_on), legal_entity_id=legal_entity
        )
    emit(plain(PeriodModel.of(opened)), as_json=json)


@app.command("periods")
def list_periods(tenant: Tenant, legal_entity: LegalEntity = None, json: Json = False) -> None:
    """Every period, in the order in which they were opened."""
    with begin(tenant) as tx:
        rows = periods.list_periods(tx, legal_entity_id=legal_entity, limit=ALL)
    show(rows, PeriodModel.of, json)


@app.command("close-period")
def close_period(
    tenant: Tenant,
    period: PeriodArgument,
    reason: Annotated[str, typer.Option()],
    late: Annotated[str, typer.Option(help="refuse, or route to the first day after it.")] = "refuse",
    refuse_pending: Annotated[bool, typer.Option("--refuse-pending", help="Not while money is pending.")] = False,
    refuse_residuals: Annotated[
        bool, typer.Option("--refuse-residuals", help="Not while a clearing account is not at zero.")
    ] = False,
    json: Json = False,
) -> None:
    """Close a period: nothing is booked into it from here on, and its trial balance is frozen."""
    if late not in ("refuse", "route"):
        raise Malformed("late postings are refused or routed: --late refuse, or --late route")
    with begin(tenant) as tx:
        done = periods.close_period(
            tx,
            period_id=ids.decode("per", period),
            late=cast(periods.Late, late),
            reason=reason,
            refuse_pending=refuse_pending,
            refuse_residuals=refuse_residuals,
        )
    emit(plain(PeriodModel.of(done)), as_json=json)


@app.command("frozen-balance")
def frozen_balance(
    tenant: Tenant,
    period: PeriodArgument,
    closing: Annotated[int | None, typer.Option(min=1, help="Which closing; the latest unless given.")] = None,
    json: Json = False,
) -> None:
    """The trial balance that a closing froze, by account."""
    with begin(tenant) as tx:
        rows = periods.frozen_trial_balance(tx, period_id=ids.decode("per", period), closing=closing)
    show(rows, FrozenBalanceModel.of, json)


@app.command("settle")
def settle(
    tenant: Tenant,
    account: AccountArgument,
    name: Annotated[str, typer.Option(help="Unique on the account.")],
    at: Annotated[str, typer.Option(help="The cut-off, as 2026-11-20T22:00:00Z.")],
    json: Json = False,
) -> None:
    """Settle what an account has recorded and not settled yet, as far as it is effective by the cut-off."""
    with begin(tenant) as tx:
        done = settlements.cut_off(tx, account=account, at=instant(at), name=name)
    emit(plain(CutOffModel.of(done)), as_json=json)


@app.command("settlements")
def list_settlements(tenant: Tenant, account: AccountOption = None, limit: Limit = 50, json: Json = False) -> None:
    """Settlements, newest first."""
    with begin(tenant) as tx:
        rows = settlements.list_settlements(tx, account=number_of(tx, account), limit=limit)
    show(rows, CutOffModel.of, json)


@app.command("settled-legs")
def settled_legs(
    tenant: Tenant,
    settlement: Annotated[str, typer.Argument(help="The settlement's id, stl_…")],
    json: Json = False,
) -> None:
    """The legs that a settlement took, in the order of the account."""
    with begin(tenant) as tx:
        rows = settlements.settled_legs(tx, ids.decode("stl", settlement), limit=ALL)
    show(rows, SettledLegModel.of, json)
