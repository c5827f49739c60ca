"""Every query of a runbook runs, as the application's role, and sees what it is about."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.make import ACTOR, TenantFixture
from tests.payments import banking
from tests.payments.banking import Bank, Died
from tests.payments.banking import bank as bank
from tests.payments.test_delivery import send

from headgate import payments
from headgate.core.db import Database

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"


def queries(name: str) -> list[str]:
    return re.findall(r"```sql\n(.*?)```", (RUNBOOKS / name).read_text("utf-8"), re.DOTALL)


@pytest.mark.slow
def test_the_queries_of_a_file_whose_outcome_is_unknown(
    database: Database, tenant: TenantFixture, bank: type[Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    banking.sandbox(monkeypatch, delivery={"removes": "may"})
    file = send(database, tenant, "10.00")
    bank.dies = "before the first byte"
    with pytest.raises(Died):
        payments.deliver(database, tenant.id)
    payments.deliver(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        known, asked = (tx.all(query) for query in queries("file-outcome-unknown.md"))  # type: ignore[arg-type]

    assert [(row["try_no"], row["verdict"], row["basis"]) for row in known] == [
        (1, "begun", "sandbox"), (1, "unknown", "may_be_removed"),
    ]  # fmt: skip
    assert [(row["name"], row["credit_minor"], row["sha256"]) for row in asked] == [
        (file.name, 1000, file.sha256.hex())
    ]
