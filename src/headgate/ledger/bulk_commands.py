"""A file of transactions from the command line, a JSON document a line.

{"idempotency_key":"fee-1","entries":[{"debit":"CASH.USD","credit":"FEES.USD","amount":{"minor":1250,"currency":"USD"}}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, Final
from uuid import UUID

import typer
from pydantic import ValidationError

from headgate import tenants
from headgate.core.db import Database
from headgate.core.errors import HeadgateError, Malformed, Refused
from headgate.core.terminal import emit, open_database, progress, say
from headgate.ledger.bulk import ENTRIES_MAX, Outcome, post_rows
from headgate.ledger.bulk_documents import BULK_MAX, KeyedTransaction, answer_of
from headgate.ledger.command_parts import ADMINISTRATOR, Json, Tenant
from headgate.ledger.model import BATCH_MAX
from headgate.web import field_faults, parse_json, rendered

app = typer.Typer()

LINE_BYTES_MAX: Final = 8 * 2**20
"""How long a line may be: as long as a request's body."""


@dataclass(frozen=True, slots=True)
class LineFault:
    """Why a line cannot be posted as it is written, and in which field."""

    line: int
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class LineRefused:
    """Which rule refused a line."""

    line: int
    idempotency_key: str
    code: str
    message: str


@dataclass(slots=True)
class FileReport:
    """What became of a file: lines = posted + pending + refused + faulty. `replayed` of them were answered before."""

    atomic: bool
    lines: int = 0
    posted: int = 0
    pending: int = 0
    refused: int = 0
    faulty: int = 0
    replayed: int = 0
    faults: list[LineFault] = field(default_factory=list)
    refusals: list[LineRefused] = field(default_factory=list)

    def cannot(self, line: int, faults: Sequence[tuple[str, str, str]]) -> None:
        """A line has these faults: field, code, message."""
        self.faulty += 1
        self.faults += [LineFault(line, *fault) for fault in faults]


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    body: KeyedTransaction


@app.command("post-file")
def post_file(
    tenant: Tenant,
    file: Annotated[Path, typer.Argument(help="A transaction a line, as POST /v1/ledger/transactions/bulk takes it.")],
    atomic: Annotated[bool, typer.Option("--atomic", help="All lines or none; 10,000 of them at most.")] = False,
    answers: Annotated[Path | None, typer.Option("--answers", help="Write the answer to each line here.")] = None,
    json: Json = False,
) -> None:
    """Post a file of transactions, each line under its own key; the same file again posts nothing twice.

    A line that is bad or refused is told by its number, with exit code 1, and the others are posted, a thousand to a
    commit. With --atomic nothing is posted unless every line is.
    """
    report = FileReport(atomic)
    with ExitStack() as stack:
        lines = _lines(stack.enter_context(_opened(file, "rb")), report)
        out = stack.enter_context(_opened(answers, "wb")) if answers else None
        database = stack.enter_context(open_database())
        shown = stack.enter_context(progress("lines"))
        tenant_id = tenants.find_tenant(database, tenant).id
        if atomic:
            _post_all(database, tenant_id, list(_bounded(lines)), report, out)
        else:
            for chunk in _chunks(lines):
                try:
                    _post_each(database, tenant_id, chunk, report, out)
                except HeadgateError:
                    say(
                        f"{file}: done up to line {chunk[0].number - 1}; send the whole file again, nothing is posted twice"
                    )
                    raise
                shown.update(shown.task_ids[0], completed=report.lines)
    all_told: list[LineFault | LineRefused] = [*report.faults, *report.refusals]
    for told in sorted(all_told, key=lambda one: one.line):
        place = told.field if isinstance(told, LineFault) else told.idempotency_key
        say(f"{file}:{told.line}: {place}: {told.message} ({told.code})")
    emit(report, as_json=json)
    if report.faulty or report.refused:
        raise typer.Exit(1)


def _lines(file: IO[bytes], report: FileReport) -> Iterator[_Line]:
    """The transactions of a file; what is none goes into the report, and empty lines are passed over."""
    number = 0
    while text := file.readline(LINE_BYTES_MAX + 1):
        number += 1
        if not text.strip():
            continue
        report.lines += 1
        if len(text) > LINE_BYTES_MAX and not text.endswith(b"\n"):
            while text and not text.endswith(b"\n"):
                text = file.readline(LINE_BYTES_MAX)
            report.cannot(number, [("line", "web.body_too_large", f"longer than {LINE_BYTES_MAX:,} bytes")])
            continue
        try:
            body = KeyedTransaction.model_validate(parse_json(text))
        except ValidationError as error:
            report.cannot(number, [(one.field, one.code, one.message) for one in field_faults(error.errors())])
        except HeadgateError as error:
            report.cannot(number, [("line", error.code, error.message)])
        else:
            yield _Line(number, body)


def _bounded(lines: Iterator[_Line]) -> Iterator[_Line]:
    entries = 0
    for place, line in enumerate(lines):
        entries += len(line.body.entries)
        if place == BATCH_MAX or entries > ENTRIES_MAX:
            raise Malformed(
                f"all or none is {BATCH_MAX:,} lines and {ENTRIES_MAX:,} entries at most: split the file, or leave "
                "--atomic out"
            )
        yield line


def _chunks(lines: Iterator[_Line]) -> Iterator[list[_Line]]:
    """As many lines as one commit takes."""
    chunk: list[_Line] = []
    entries = 0
    for line in lines:
        if chunk and (len(chunk) == BULK_MAX or entries + len(line.body.entries) > ENTRIES_MAX):
            yield chunk
            chunk, entries = [], 0
        chunk.append(line)
        entries += len(line.body.entries)
    if chunk:
        yield chunk


def _post_each(
    database: Database, tenant_id: UUID, chunk: Sequence[_Line], report: FileReport, out: IO[bytes] | None
) -> None:
    with database.begin(tenant_id=tenant_id, actor=ADMINISTRATOR) as tx:
        done = post_rows(tx, _rows(chunk), atomic=False, documents=out is not None)
        request_id = tx.correlation_id
    assert not isinstance(done, Refused), "each is answered in its place"
    _count(chunk, done, report, out, request_id)


def _post_all(
    database: Database, tenant_id: UUID, chunk: Sequence[_Line], report: FileReport, out: IO[bytes] | None
) -> None:
    """All lines or none. Where one cannot be read, none is tried."""
    if report.faulty or not chunk:
        return
    try:
        with database.begin(tenant_id=tenant_id, actor=ADMINISTRATOR) as tx:
            done = post_rows(tx, _rows(chunk), atomic=True, documents=out is not None)
            request_id = tx.correlation_id
    except HeadgateError as error:
        places = _faulty_places(chunk, error)
        if not places:
            raise
        for line, faults in places.items():
            report.cannot(line, faults)
        return
    if isinstance(done, Refused):
        line = chunk[done.facts["position"]]
        report.refused = len(chunk)
        report.refusals.append(LineRefused(line.number, line.body.idempotency_key, done.code, done.message))
        return
    _count(chunk, done, report, out, request_id)


def _faulty_places(chunk: Sequence[_Line], error: HeadgateError) -> dict[int, list[tuple[str, str, str]]]:
    """The faults of each line that the error of a whole batch tells of; none where it tells of something else."""
    found: dict[int, list[tuple[str, str, str]]] = {}
    for fault in error.facts.get("faults", ()):
        name = fault["field"].partition(".")[2]
        found.setdefault(chunk[fault["position"]].number, []).append((name, fault["code"], fault["message"]))
    key = error.facts.get("idempotency_key")
    if not found and key is not None:
        number = next(line.number for line in chunk if line.body.idempotency_key == key)
        found[number] = [("idempotency_key", error.code, error.message)]
    return found


def _count(
    chunk: Sequence[_Line], done: Sequence[Outcome], report: FileReport, out: IO[bytes] | None, request_id: str
) -> None:
    for line, one in zip(chunk, done, strict=True):
        report.replayed += one.replayed
        if one.posted is not None:
            report.posted += one.posted.status == "posted"
            report.pending += one.posted.status == "pending"
        elif isinstance(one.refused, Refused):
            report.refused += 1
            report.refusals.append(LineRefused(line.number, one.idempotency_key, one.refused.code, one.refused.message))
        elif one.refused is not None:
            for number, faults in (_faulty_places([line], _alone(one.refused))).items():
                report.cannot(number, faults)
        if out is not None:
            out.write(rendered({"line": line.number, **answer_of(one, request_id)}).encode() + b"\n")


def _alone(error: HeadgateError) -> HeadgateError:
    """The error of a line, its faults told as those of the only one."""
    facts = dict(error.facts)
    facts["faults"] = [{**fault, "position": 0} for fault in facts.get("faults", ())]
    return type(error)(error.message, **facts)


def _rows(chunk: Sequence[_Line]) -> list[tuple[str, Any]]:
    return [(line.body.idempotency_key, line.body) for line in chunk]


@contextmanager
def _opened(path: Path, mode: str) -> Iterator[IO[bytes]]:
    try:
        file: IO[bytes] = path.open(mode)
    except OSError as error:
        verb = "read" if mode == "rb" else "written"
        raise Malformed(f"{path} cannot be {verb}: {error.strerror}", file=str(path)) from error
    with file:
        yield file
