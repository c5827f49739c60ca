"""What a parser made of an artifact: rows, a proof, and what of it is new. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from headgate.core import ids
from headgate.ingestion.model import Artifact
from headgate.ingestion.normalise import LineOffsets, Row, rows
from headgate.ingestion.parsers import Parser
from headgate.ingestion.records import Parsed


@dataclass(frozen=True, slots=True)
class Made:
    """An artifact as its parser gives it. `offsets` say where in its bytes each line is."""

    artifact: Artifact
    parser: Parser
    parsed: Parsed = field(repr=False)
    rows: Sequence[Row] = field(repr=False)
    offsets: LineOffsets = field(repr=False)

    @classmethod
    def of(cls, artifact: Artifact, parser: Parser, parsed: Parsed, data: bytes) -> Self:
        return cls(artifact, parser, parsed, rows(parsed), LineOffsets(data))

    @property
    def proved(self) -> bool | None:
        """Whether the file's own control figures agree with its records; None where it carries none."""
        parsed = self.parsed
        if self.parser.kind == "register":
            return None
        if self.parser.kind == "returns":
            return parsed.is_clean  # The batch and file controls of NACHA are rules; a broken one is a fault.
        if self.parser.kind == "settlement":  # gross less fee is net in each row; beyond that, the payouts it names
            return all(control.agrees for control in parsed.controls) if parsed.controls else None
        proofs = {statement.proof for statement in parsed.statements}
        if "differs" in proofs or "reversed" in proofs:
            return False
        return True if proofs == {"proven"} else None

    @property
    def proof(self) -> dict[str, Any]:
        """What a file says of itself, and what its records make."""
        parsed = self.parsed
        return {
            "statements": [statement.proof for statement in parsed.statements],
            "totals": [[one.name, one.count, one.amount.minor, one.amount.currency] for one in parsed.totals],
            "controls": [[one.name, one.said.minor, one.made.minor, one.said.currency] for one in parsed.controls],
            "clean": parsed.is_clean,
        }


@dataclass(frozen=True, slots=True)
class NewReading:
    """A reading about to be stored: of what was made, the rows that are not here yet, each with the id that it gets."""

    made: Made
    id: str
    new: Sequence[Row] = field(repr=False)
    record_ids: Sequence[str] = field(repr=False)

    @classmethod
    def of(cls, made: Made, new: Sequence[Row]) -> Self:
        return cls(made, ids.new("rdg"), new, ids.new_many("rec", len(new)))

    @property
    def duplicates(self) -> int:
        """How many of its rows were here before, or stand in it twice."""
        return len(self.made.rows) - len(self.new)

    def told(self, case_id: str | None) -> dict[str, Any]:
        """The facts that are recorded and published of it."""
        return {
            "artifact_id": self.made.artifact.id,
            "reading_id": self.id,
            "source": self.made.artifact.source,
            "kind": self.made.parser.kind,
            "parser": self.made.parser.name,
            "records": len(self.made.rows),
            "duplicates": self.duplicates,
            "faults": len(self.made.parsed.faults),
            "case_id": case_id,
        }
