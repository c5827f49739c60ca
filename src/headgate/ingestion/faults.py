"""What is wrong in artifacts, as it is stored; where something was left out, a case says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from headgate import cases
from headgate.core import arrays
from headgate.core.db import Tx
from headgate.ingestion import asking
from headgate.ingestion.made import NewReading

IN_CASE: Final = 20
"""How many faults a case names; the artifact has them all."""


def insert(tx: Tx, readings: Sequence[NewReading]) -> dict[str, str]:
    """Insert every fault. Where something was left out, or the balances do not prove, one case says so: its id by the reading's."""
    _insert(tx, readings)
    asked = [one for one in readings if not one.made.parsed.is_clean or one.made.proved is False]
    opened = cases.open_cases(tx, [_case(one) for one in asked])
    return {one.id: case.id for one, case in zip(asked, opened, strict=True)}


def _insert(tx: Tx, readings: Sequence[NewReading]) -> None:
    every = [(reading, fault) for reading in readings for fault in reading.made.parsed.faults]
    if not every:
        return
    found = [fault for _, fault in every]
    tx.run(
        """
        INSERT INTO ingestion.faults (tenant_id, artifact_id, reading_id, line, position, field, rule, level, message)
        SELECT %(tenant)s, f.*
          FROM unnest(%(artifacts)s::text[], %(readings)s::text[], %(lines)s::int[], %(positions)s::int[],
                      %(fields)s::text[], %(rules)s::text[], %(levels)s::text[], %(messages)s::text[]) AS f
        """,
        {
            "tenant": tx.tenant_id,
            "artifacts": arrays.texts([reading.made.artifact.id for reading, _ in every]),
            "readings": arrays.texts([reading.id for reading, _ in every]),
            "lines": arrays.numbers(max(fault.line, 0) for fault in found),
            "positions": arrays.numbers(max(fault.position, 0) for fault in found),
            "fields": arrays.texts([fault.field for fault in found]),
            "rules": arrays.texts([fault.rule for fault in found]),
            "levels": arrays.texts([fault.level for fault in found]),
            "messages": arrays.texts([fault.message for fault in found]),
        },
    )


def _case(reading: NewReading) -> cases.NewCase:
    artifact, parser, parsed = reading.made.artifact, reading.made.parser, reading.made.parsed
    broken = [fault for fault in parsed.faults if fault.level == "E"]
    detail: dict[str, Any] = {
        "artifact_id": artifact.id,
        "parser": parser.name,
        "proved": reading.made.proved,
        "faults": len(broken),
        "first": [
            {
                "line": fault.line,
                "position": fault.position,
                "field": fault.field,
                "rule": fault.rule,
                "message": fault.message,
            }
            for fault in (broken or parsed.faults)[:IN_CASE]
        ],
    }
    return cases.NewCase(
        f"ingestion:{artifact.id}:faults",
        asking.category_of(artifact, "file_fault") if not parsed.records else "file_fault",
        parser.kind,
        ingestion_id=artifact.id,
        detail=detail,
    )
