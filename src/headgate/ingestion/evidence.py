"""Records as other domains need them, opened: lines of a statement, entries of a return file, rows of a register."""

from __future__ import annotations

import json
from typing import Any

from headgate.core import secrets
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ingestion import queries
from headgate.ingestion.errors import WrongKind
from headgate.ingestion.model import ChangeEntry, RegisterRow, ReturnEntry, StatementLine, StoredRecord
from headgate.ingestion.normalise import CHANGE_ENTRY, REGISTER_ROW, RETURN_ENTRY, STATEMENT_LINE
from headgate.ingestion.readings import CONTEXT


def statement_lines(tx: Tx, artifact_id: str) -> list[StatementLine]:
    """The lines of a bank statement, in its order. Raises NoSuchArtifact, WrongKind."""
    return [
        StatementLine(
            record_id=record.id,
            statement_id=record.statement_id or "",
            source=record.source,
            external_id=record.identity,
            channel=record.channel,
            booking=record.details["booking"],
            is_credit=record.direction == "credit",
            amount=record.amount,
            value_on=record.value_on,
            booked_on=record.booked_on,
            reference=record.reference or record.id,
            bank_reference=record.details["bank_reference"] or "",
            customer_reference=record.details["customer_reference"] or "",
            text=private["text"],
        )
        for record, private in _opened(tx, artifact_id, "statement", STATEMENT_LINE)
    ]


def return_entries(tx: Tx, artifact_id: str) -> list[ReturnEntry]:
    """The returned entries of a return file, in its order. Raises NoSuchArtifact, WrongKind."""
    return [
        ReturnEntry(
            record_id=record.id,
            source=record.source,
            external_id=record.identity,
            kind=record.details["kind"],
            trace_number=record.details["trace_number"],
            original_trace=record.details["original_trace"],
            original_rdfi=record.details["original_rdfi"],
            amount=record.amount,
            code=record.details["return_code"],
            settled_on=record.value_on,
        )
        for record, _ in _opened(tx, artifact_id, "returns", RETURN_ENTRY)
    ]


def change_entries(tx: Tx, artifact_id: str) -> list[ChangeEntry]:
    """The notifications of change of a return file, in its order. Raises NoSuchArtifact, WrongKind."""
    return [
        ChangeEntry(
            record_id=record.id,
            source=record.source,
            external_id=record.identity,
            original_trace=record.details["original_trace"],
            original_rdfi=record.details["original_rdfi"],
            code=record.details["change_code"],
            effective_on=record.value_on,
            routing_number=private["routing_number"],
            account_number=private["account_number"],
            transaction_code=private["transaction_code"],
        )
        for record, private in _opened(tx, artifact_id, "returns", CHANGE_ENTRY)
    ]


def register_rows(tx: Tx, artifact_id: str) -> list[RegisterRow]:
    """The rows of a payroll register, in its order. Raises NoSuchArtifact, WrongKind."""
    return [
        RegisterRow(
            record_id=record.id,
            line=record.line,
            employee_id=private["employee_id"],
            name=private["name"],
            routing_number=private["routing_number"],
            account_number=private["account_number"],
            account_type=private["account_type"],
            net_pay=record.amount,
            taxes=_amounts(private["taxes"]),
            obligations=_amounts(private["obligations"]),
            rail=str(record.details.get("rail", "")),
        )
        for record, private in _opened(tx, artifact_id, "register", REGISTER_ROW)
    ]


def _opened(tx: Tx, artifact_id: str, kind: str, record_kind: str) -> list[tuple[StoredRecord, dict[str, Any]]]:
    artifact = queries.get_artifact(tx, artifact_id)
    if artifact.status != "read" or artifact.kind != kind:
        raise WrongKind(
            f"artifact {artifact_id} is {artifact.status} as {artifact.kind}; a {kind} that was read is needed here",
            artifact_id=artifact_id,
            kind=artifact.kind,
            status=artifact.status,
        )
    records = [record for record in queries.all_records(tx, artifact_id) if record.kind == record_kind]
    sealed = queries.private_parts(tx, artifact_id)
    opened = secrets.open_many(tx, [sealed[record.id] for record in records], context=CONTEXT)
    return [(record, json.loads(private)) for record, private in zip(records, opened, strict=True)]


def _amounts(amounts: list[list[Any]]) -> dict[str, Money]:
    return {name: Money(minor, currency) for name, minor, currency in amounts}
