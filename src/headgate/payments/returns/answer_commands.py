"""What banks answer, from the command line: notifications of change with their policy, and return rates."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from headgate.core.db import Actor
from headgate.core.terminal import emit
from headgate.payments.returns import notices
from headgate.payments.returns.answer_documents import notice_model, rate_model
from headgate.payments.returns.rates import return_rates
from headgate.tenants import command_parts

app = typer.Typer()

Json = command_parts.Json
Tenant = command_parts.Tenant
_ACTOR = Actor("human", "cli")


@app.command("notices")
def list_notices(tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """Notifications of change, the newest first, and what was done with them."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rows = notices.list_notices(tx, limit=limit)
    emit([notice_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("set-notice-policy")
def set_notice_policy(
    code: Annotated[str, typer.Argument(help="C01, C02, C03, C05, C06 or C07.")],
    policy: Annotated[str, typer.Argument(help="apply: at once; case: a person decides.")],
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why; audited.")],
    json: Json = False,
) -> None:
    """Choose what is done with a kind of correction; shows every code's policy."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = notices.set_notice_policy(tx, code=code, policy=cast(notices.Policy, policy), reason=reason)
    emit(found, as_json=json)


@app.command("return-rates")
def show_return_rates(
    tenant: Tenant,
    legal_entity: Annotated[str | None, typer.Option(help="One originator, as le_….")] = None,
    json: Json = False,
) -> None:
    """Each originator's return rates over 60 days, beside Nacha's thresholds."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        rates = return_rates(tx, legal_entity_id=legal_entity)
    emit([rate_model(rate).model_dump(mode="json") for rate in rates], as_json=json)
