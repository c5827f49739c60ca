"""What can be done about evidence: read it by a parser that a person names, and look at what is hidden, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import ingestion
from headgate.console.acts import Act, Done, Form, written
from headgate.core.db import Tx
from headgate.core.errors import Malformed, Refused


def _read(tx: Tx, artifact_id: str, form: Form) -> Done | Refused:
    parser = form.get("parser", "") or None
    if parser is not None and parser not in ingestion.all_parsers():
        raise Malformed("choose what it is")
    reading = ingestion.read(tx, artifact_id, parser=parser)
    if isinstance(reading, Refused):
        return reading
    faults = f" and {reading.faults:,} {'fault' if reading.faults == 1 else 'faults'}" if reading.faults else ""
    return Done(f"Read by {reading.parser}: {reading.records:,} records{faults}.", f"/artifacts/{artifact_id}")


def _reveal(tx: Tx, subject: str, form: Form) -> Done:
    reason = written(form, "reason", what="why you look at it")
    ingestion.reveal(tx, subject=subject, reason=reason)
    page = "messages" if subject.startswith("ing_") else "artifacts"
    line = form.get("line", "")
    where = f"/lines/{line}" if page == "artifacts" and line.isdecimal() and len(line) < 10 else ""
    return Done("What was hidden is shown to you for a quarter of an hour.", f"/{page}/{subject}{where}")


ACTS: Final[Mapping[str, Act]] = {"read": Act("ingestion.upload", _read), "reveal": Act("ingestion.reveal", _reveal)}
MESSAGE_ACTS: Final[Mapping[str, Act]] = {"reveal": ACTS["reveal"]}
