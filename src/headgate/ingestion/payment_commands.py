"""`headgate ingest`: take in a file, whatever it is: payments as envelopes, or evidence that a parser reads."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, cast
from uuid import UUID

import typer

from headgate import messaging, tenants
from headgate.core import terminal
from headgate.core.db import Actor, Database
from headgate.core.errors import Refused
from headgate.ingestion import artifacts, command_words, intake, queries, reading
from headgate.ingestion.arrivals import Arrival
from headgate.ingestion.envelopes import FORMER
from headgate.ingestion.model import ArtifactType, StoredFault
from headgate.ingestion.payment_ingestions import ingest_payments
from headgate.ingestion.schemas import ENVELOPE
from headgate.tenants import command_parts

app = typer.Typer()

ACTOR = Actor("human", "cli")
AT_ONCE: Final = 500
REFUSED_SHOWN: Final = 100
BEGINNING: Final = 1 << 16
_SCHEMA = re.compile(
    rb'"schema"\s*:\s*"(?:' + b"|".join(re.escape(one.encode()) for one in (ENVELOPE, FORMER)) + rb')"'
)


@dataclass(slots=True)
class Intake:
    """What became of a file's envelopes. `refused` are the first hundred that fail their schema, by line; `artifact_id` is the
    file as it is kept, None where it is too large for that."""

    new: int = 0
    known: int = 0
    refused_count: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)
    artifact_id: str | None = None


@app.command("ingest")
def ingest(
    file: Annotated[
        Path,
        typer.Argument(
            help="Any file; or envelopes as NDJSON, one a line, or one as JSON.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ],
    tenant: command_parts.Tenant,
    source: Annotated[str, typer.Option(help="Where a file comes from, as upload or bank.amegy.")] = "upload",
    kind: Annotated[
        str | None, typer.Option(help="statement, returns, register or settlement; else its bytes say it.")
    ] = None,
    type: Annotated[str, typer.Option(help="What it is as evidence, as bank_file or wire_receipt.")] = "bank_file",
    json: command_parts.Json = False,
) -> None:
    """Take a file in. Envelopes are payments: each line once, however often its file comes; exit 1 where one fails its schema.

    Any other file is kept byte for byte, but for the digits of card numbers, then read: the same bytes again change nothing.
    """
    has_payments = is_of_envelopes(file)
    if has_payments and file.stat().st_size > artifacts.SIZE_MAX:
        _ingest_large(file, tenant, json)
    with terminal.open_database() as database:
        tenant_id = tenants.find_tenant(database, tenant).id
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            kept = artifacts.receive(
                tx, source=source, kind=kind, filename=file.name, data=file.read_bytes(), type=cast(ArtifactType, type)
            )
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            found = reading.read(tx, kept.id)
            said = (
                []
                if has_payments or isinstance(found, Refused)
                else command_words.words_of(tx, kept, found, tenant=tenant)
            )
            arrivals = list(intake.envelopes(tx, kept.id)) if has_payments else []
            faults = queries.all_faults(tx, kept.id) if has_payments else []
        done = _ingest(database, tenant_id, iter(arrivals))
        messaging.hint(database)
    if isinstance(found, Refused):
        terminal.refuse(found, as_json=json)
    if not has_payments:
        terminal.emit(found, as_json=json)
        command_words.tell(said, as_json=json)
        return
    done.artifact_id = kept.id
    _refuse_unread(done, faults, {arrival.line for arrival in arrivals})
    _tell(done, json)


def is_of_envelopes(file: Path) -> bool:
    """Whether a file holds payment envelopes: its beginning names their schema, as JSON."""
    with file.open("rb") as opened:
        beginning = opened.read(BEGINNING).removeprefix(b"\xef\xbb\xbf").lstrip()
    return beginning.startswith(b"{") and _SCHEMA.search(beginning) is not None


def _ingest_large(file: Path, tenant: str, json: bool) -> NoReturn:
    """A file that is too large to be kept: its lines are, each with its payment."""
    with terminal.open_database() as database:
        done = _ingest(database, tenants.find_tenant(database, tenant).id, _arrivals(file))
        messaging.hint(database)
    _tell(done, json)


def _ingest(database: Database, tenant_id: UUID, arrivals: Iterator[Arrival]) -> Intake:
    done = Intake()
    while part := list(islice(arrivals, AT_ONCE)):
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            answers = ingest_payments(tx, part)
        for arrival, answer in zip(part, answers, strict=True):
            _count(done, arrival, answer)
    return done


def _refuse_unread(done: Intake, faults: Sequence[StoredFault], read: Container[int]) -> None:
    """Lines that are no JSON at all: nothing was taken in of them."""
    for fault in faults:
        if fault.level == "E" and fault.line not in read:
            _refuse(done, fault.line, {"reason": fault.message})


def _tell(done: Intake, json: bool) -> NoReturn:
    terminal.emit(done, as_json=json)
    raise typer.Exit(1 if done.refused_count else 0)


def _arrivals(file: Path) -> Iterator[Arrival]:
    """Each line that is not blank, with its place; a file whose first line opens an object and does not end it is one."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        opened.seek(0)
        first = next((line.strip() for line in opened if line.strip()), b"")
        opened.seek(0)
        if first.startswith(b"{") and not first.endswith(b"}"):
            yield Arrival(opened.read(), digest)
            return
        for number, line in enumerate(opened, 1):
            if line.strip():
                yield Arrival(line.strip(), digest, number)


def _count(done: Intake, arrival: Arrival, answer: Any) -> None:
    if not isinstance(answer, Refused):
        done.new += answer.is_new
        done.known += not answer.is_new
        return
    _refuse(done, arrival.line, answer.facts)


def _refuse(done: Intake, line: int, facts: Mapping[str, Any]) -> None:
    done.refused_count += 1
    if len(done.refused) < REFUSED_SHOWN:
        done.refused.append({"line": line, **facts})
