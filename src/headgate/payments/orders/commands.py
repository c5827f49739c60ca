"""Orders from the command line: see them, work on them now, ask a payment back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from headgate import tenants
from headgate.core.db import Actor
from headgate.core.errors import Refused
from headgate.core.terminal import emit, open_database, refuse
from headgate.payments.orders import answers as order_answers
from headgate.payments.orders import asks, orders
from headgate.payments.orders import janitor as order_janitor
from headgate.payments.orders import recalls as order_recalls
from headgate.payments.orders.documents import ask_model, order_life_model, recall_answer
from headgate.tenants import command_parts

app = typer.Typer()

Json = command_parts.Json
Tenant = command_parts.Tenant
_ACTOR = Actor("human", "cli")


@app.command("orders")
def list_orders(
    tenant: Tenant,
    status: Annotated[str | None, typer.Option(help="As outcome_unknown.")] = None,
    payment: Annotated[str | None, typer.Option(help="Those of one payment, as pay_….")] = None,
    limit: int = 50,
    json: Json = False,
) -> None:
    """What went to a provider order by order, the newest first, with all that was said of each."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = orders.list_orders(tx, status=status, payment_id=payment, limit=limit)
        found = [order_life_model(row, order_answers.heard_of(tx, row.attempt_id)) for row in rows]
    if json:
        emit([one.model_dump(mode="json") for one in found], as_json=True)
        return
    lines = []
    for row, one in zip(rows, found, strict=True):
        recall = f", recall {row.recall}" if row.recall else ""
        status = row.status.replace("_", " ")
        numbers = "".join(f"  {name} {n}" for name, n in (("IMAD", row.imad), ("OMAD", row.omad)) if n)
        lines.append(
            f"{row.attempt_id}  {row.rail}  {row.amount.format()}  {status}{recall}  {row.reference or ''}{numbers}"
        )
        lines += [f"    {answer.occurred_at:%H:%M:%S}Z  {answer.asked_by}: {answer.told}" for answer in one.answers]
    emit("\n".join(lines) or "none", as_json=False)


@app.command("asks")
def list_asks(
    tenant: Tenant,
    request: Annotated[str | None, typer.Option(help="Those of one funding request, as freq_….")] = None,
    limit: int = 50,
    json: Json = False,
) -> None:
    """What clients' banks were asked for, by drawdown requests and requests for payment, the newest first."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = [
            ask_model(one).model_dump(mode="json")
            for one in asks.list_asks(tx, funding_request_id=request, limit=limit)
        ]
    emit(found, as_json=json)


@app.command("work-orders")
def work_orders(tenant: Tenant, json: Json = False) -> None:
    """One round now, as the job payment_orders does it: read what came, send what is ready, ask about what is unknown."""
    with open_database() as database:
        done = order_janitor.run_orders(database, tenants.find_tenant(database, tenant).id)
    emit(asdict(done), as_json=json)


@app.command("recall")
def recall(
    payment_id: Annotated[str, typer.Argument(help="A payment that went over an instant rail, as pay_….")],
    tenant: Tenant,
    why: Annotated[str, typer.Option(help="For our own record; audited.")],
    reason: Annotated[str, typer.Option(help=f"One of {', '.join(order_recalls.REASONS)}.")] = "CUST",
    json: Json = False,
) -> None:
    """Ask a payment back. The other bank may refuse; nothing moves before it gives it back."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        asked = recall_answer(order_recalls.request_recall(tx, payment_id=payment_id, reason=reason, why=why))
    if isinstance(asked, Refused):
        refuse(asked, as_json=json)
    emit(asked.model_dump(mode="json"), as_json=json)
