"""Each invariant of ingestion names the violation that is planted."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from tests import checks, make

from headgate import ingestion
from headgate.core.db import Database

pytestmark = pytest.mark.plants
ROW = b"E-1,Maria Lindqvist,021000021,1234567890,checking,100.00\n"
REGISTER = b"employee_id,name,routing_number,account_number,account_type,net_pay\n" + ROW


@pytest.fixture
def artifact(database: Database, tenant: make.TenantFixture) -> ingestion.Artifact:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        kept = ingestion.receive(tx, source="upload", filename="r.csv", data=REGISTER)
        ingestion.read(tx, kept.id)
        return kept


def violated(database: Database, tenant: make.TenantFixture) -> dict[str, str]:
    report = checks.run(database, [tenant.id])
    return {one.name: one.sample[0].detail for one in report.invariants if one.violations}


def plant(admin: psycopg.Connection[Any], tenant: make.TenantFixture, *statements: str) -> None:
    with admin.transaction():
        for trigger_of in ("artifact_bodies", "readings", "records", "faults"):
            admin.execute(f"ALTER TABLE ingestion.{trigger_of} DISABLE TRIGGER ALL")  # type: ignore[call-overload]
        for statement in statements:
            admin.execute(statement, [tenant.id])  # type: ignore[call-overload]
        for trigger_of in ("artifact_bodies", "readings", "records", "faults"):
            admin.execute(f"ALTER TABLE ingestion.{trigger_of} ENABLE TRIGGER ALL")  # type: ignore[call-overload]
            admin.execute(f"ALTER TABLE ingestion.{trigger_of} ENABLE ALWAYS TRIGGER append_only")  # type: ignore[call-overload]


def test_an_artifact_whose_bytes_are_cut_short(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any], artifact: ingestion.Artifact
) -> None:
    admin.execute("UPDATE ingestion.artifacts SET size_bytes = size_bytes + 1 WHERE tenant_id = %s", [tenant.id])

    size = len(REGISTER)
    assert violated(database, tenant) == {
        "ingestion.artifact_bodies": f"has {size + 1} bytes, its sealed body {size + 37} (37 more are right)"
    }


def test_an_artifact_called_otherwise_than_its_readings_say(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any], artifact: ingestion.Artifact
) -> None:
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute("UPDATE ingestion.artifacts SET status = 'received' WHERE tenant_id = %s", [tenant.id])

    assert violated(database, tenant) == {"ingestion.artifact_status": "is received and has 1 readings"}


def test_a_reading_that_has_lost_a_record(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any], artifact: ingestion.Artifact
) -> None:
    plant(admin, tenant, "DELETE FROM ingestion.records WHERE tenant_id = %s")

    assert violated(database, tenant) == {"ingestion.reading_counts": "says 1 records and 0 faults; 0 and 0 stand"}


def test_a_body_that_was_found_wrong(
    database: Database, tenant: make.TenantFixture, admin: psycopg.Connection[Any], artifact: ingestion.Artifact
) -> None:
    admin.execute(
        "INSERT INTO ingestion.body_verdicts (tenant_id, artifact_id, verdict) VALUES (%s, %s, 'differs')",
        [tenant.id, artifact.id],
    )

    assert violated(database, tenant) == {"ingestion.bodies_verified": "its stored body is found differs"}
