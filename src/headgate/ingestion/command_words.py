"""What the commands that take a file in say beside what was read: its first faults, and digits that were masked."""

from __future__ import annotations

from typing import Final

from headgate import ingestion
from headgate.core import terminal
from headgate.core.db import Tx
from headgate.ingestion.model import Artifact, Reading

FAULTS_SHOWN: Final = 5


def words_of(tx: Tx, artifact: Artifact, reading: Reading, *, tenant: str) -> list[str]:
    """What a person should know at once of a file that was taken in; nothing where all is well."""
    said = []
    if artifact.redacted:
        said.append(
            "card numbers were found: their middle digits were masked before anything was stored; a case says where"
        )
    if reading.faults:
        found = ingestion.list_faults(tx, artifact_id=artifact.id, limit=FAULTS_SHOWN)
        said += [fault.message for fault in found]
        if reading.faults > len(found):
            more = reading.faults - len(found)
            said.append(f"{more:,} faults more: headgate ingestion faults {artifact.id} --tenant {tenant}")
    return said


def tell(said: list[str], *, as_json: bool) -> None:
    """On standard error, beside the reading; a program reads the faults where they are listed."""
    for line in [] if as_json else said:
        terminal.say(line)
