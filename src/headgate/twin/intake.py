"""What a tenant's simulated bank sends is taken in as any bank's files are: kept, read, and told to the domains."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from headgate import ingestion, ledger, payments, recon
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError
from headgate.rails import twin
from headgate.twin.bank import ACTOR

_CURRENCY = "USD"


def take_in(database: Database, tenant_id: UUID, answer: twin.Answer) -> str:
    """Take one file in; what became of it, in a line. What cannot be taken in is a case, and the line says why."""
    if answer.kind == "acknowledgement":
        # It lies where the tenant's bank profile looks for acknowledgements, once it is sent.
        said = [line for line in answer.content.decode("ascii", "replace").splitlines() if line.startswith("STATUS: ")]
        return said[0].removeprefix("STATUS: ").lower() if said and answer.is_whole else "broke off"
    taken = payments.take_in(database, tenant_id, filename=answer.name, data=answer.content, actor=ACTOR)
    if taken.statement is None:
        return taken.outcome
    try:
        return taken.outcome + _reconciled(database, tenant_id, taken.artifact_id)
    except HeadgateError as error:
        return f"not taken in: {error.message}"


def _reconciled(database: Database, tenant_id: UUID, artifact: str) -> str:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        statements = ingestion.list_statements(tx, artifact_id=artifact)
    said = ""
    days = sorted({found.statement_on for found in statements if found.statement_on is not None})
    for day in days:
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            said += f"; {_reconcile(tx, [found.id for found in statements], day)}"
    return said


def _reconcile(tx: Tx, statements: list[str], day: date) -> str:
    cash = ledger.account_for(tx, "CASH", _CURRENCY)
    for statement in statements:
        recon.link_bank_account(tx, account=cash.id, statement_id=statement)
    found = recon.run(tx, account=cash.id, on=day)
    return f"{day} {found.status}"
