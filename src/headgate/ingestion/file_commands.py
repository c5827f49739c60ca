"""`headgate file`: look at a file on disk, whatever it is. Needs no database."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.core.terminal import fail, to_json
from headgate.ingestion.errors import UnknownFormat
from headgate.ingestion.inspecting import Inspection, inspect, mending
from headgate.ingestion.records import Fault
from headgate.rails import ach, banks

app = typer.Typer(name="file", help="Look at a file on disk: what it is, what it holds, what is wrong.")


@app.callback()
def file() -> None:
    """These commands need no database and keep nothing."""


@app.command("inspect")
def inspect_file(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="NACHA, BAI2, MT940, camt, OFX, FedNow or RTP, a table, a provider's report, a register.",
        ),
    ],
    outbound: Annotated[bool, typer.Option("--outbound", help="Judge an ACH file as one that we send.")] = False,
    profile: Annotated[
        str | None, typer.Option(help="By a bank's own ways: its name in `headgate banks list`, or a .toml.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """What a file is and holds, and every broken rule with its line, position, field and mending.

    Exit 0: no rule of level E is broken (warnings are listed); 1: one is; 2: it is of no known kind or cannot be read.
    """
    tell = _tell_json if as_json else _tell
    try:
        inspection = tell(path, inspect(path, _rules(profile, outbound)))
    except UnknownFormat as error:
        fail(f"{error.message} ({error.code})")
    except BrokenPipeError:
        raise  # Whoever reads what we print has enough: nothing is wrong with the file.
    except OSError as error:
        fail(f"{error.filename or path} cannot be read: {error.strerror}; give the path of a file")
    raise SystemExit(1 if inspection.is_refused else 0)


def _rules(profile: str | None, outbound: bool) -> ach.Rulebook:
    """Every rule, unless a bank's profile says otherwise. Raises NoSuchProfile, InvalidProfile, RailNotOffered."""
    if profile is None:
        return ach.Rulebook("outbound" if outbound else "inbound")
    path = Path(profile)
    is_file = path.suffix == ".toml"
    bank = banks.read_profile(path.read_text("utf-8"), name=path.stem) if is_file else banks.get(profile)
    banks.terms(bank, "ach")
    assert bank.ach is not None, "its terms are there"
    return bank.ach.file.rulebook if outbound else bank.ach.inbound.rulebook


def _tell(path: Path, found: Iterator[Fault | Inspection]) -> Inspection:
    """Faults line by line as they are met, then the whole in short."""
    inspection: Inspection | None = None
    for item in found:
        if isinstance(item, Fault):
            where = f" {item.field} at {item.position}" if item.field else ""
            sys.stdout.write(f"{item.level} {item.rule}{where}: {item.message}\n")
        else:
            inspection = item
    assert inspection is not None
    verdict = "refused" if inspection.is_refused else "accepted"
    sys.stdout.write(f"{path.name}: {inspection.title}, {verdict}: ")
    sys.stdout.write(f"{inspection.errors} errors, {inspection.warnings} warnings\n")
    lines = _lines(inspection)
    sys.stdout.writelines(f"  {line}\n" for line in lines)
    return inspection


def _lines(inspection: Inspection) -> Iterator[str]:
    if isinstance(inspection.summary, ach.FileTally):
        return _ach(inspection.summary)
    if inspection.kind == "message":
        return (f"{name}: {value}" for name, value in inspection.summary.items())
    return _other(inspection.summary)


def _ach(file: ach.FileTally) -> Iterator[str]:
    yield f"from {file.origin} {file.origin_name} to {file.destination} {file.destination_name}"
    yield f"created {file.created_on or 'on no known day'}, modifier {file.modifier}, reference {file.reference or 'none'}"
    counts = f"{file.batch_count} batches, {file.entries} entries, {file.addenda} addenda"
    yield f"{counts}: debits {file.debits.format()}, credits {file.credits.format()}"
    for title, found in (("returns", file.returns), ("changes", file.changes)):
        if found:
            yield f"{title}: {', '.join(f'{code} {count}' for code, count in sorted(found.items()))}"
    for batch in file.batches:
        days = f"effective {batch.effective_on}" + (f", settled {batch.settlement_on}" if batch.settlement_on else "")
        company = f"{batch.company_name} {batch.company_id}"
        sums = f"{batch.entries} entries, debits {batch.debits.format()}, credits {batch.credits.format()}"
        yield f"batch {batch.batch_number}: {batch.sec_code} {batch.description}, {company}, {days}: {sums}"
    if file.batch_count > len(file.batches):
        yield f"and {file.batch_count - len(file.batches)} more batches"


def _other(summary: Mapping[str, Any]) -> Iterator[str]:
    yield ", ".join(f"{count} {name} records" for name, count in summary["records"].items()) or "no records"
    for total in summary["totals"]:
        yield f"{total['name']}: {total['count']}, {total['amount'].format()}"
    for one in summary["statements"]:
        opening, closing = (one[name].format() if one[name] else "none" for name in ("opening", "closing"))
        account = f"account ending {one['account_ending']}, {one['on']}"
        yield f"{account}: {opening} to {closing}, {one['records']} records, {one['proof']}"


def _tell_json(path: Path, found: Iterator[Fault | Inspection]) -> Inspection:
    """One document, written as the file is read: a file of any size has room for all its faults."""
    out, between = sys.stdout, ""
    inspection: Inspection | None = None
    for item in found:
        if not between:
            out.write('{"path": ' + json.dumps(str(path)) + ', "faults": [')
            between = "\n"
        if isinstance(item, Fault):
            out.write(between + json.dumps(_plain(item), ensure_ascii=False))
            between = ",\n"
        else:
            inspection = item
    assert inspection is not None
    rest = {
        "format": inspection.format,
        "kind": inspection.kind,
        "title": inspection.title,
        "is_refused": inspection.is_refused,
        "errors": inspection.errors,
        "warnings": inspection.warnings,
        "summary": to_json(inspection.summary),
    }
    out.write("],\n" + json.dumps(rest, ensure_ascii=False, indent=2)[1:].lstrip() + "\n")
    out.flush()
    return inspection


def _plain(fault: Fault) -> dict[str, Any]:
    """A fault without the line it stands on, which may hold account numbers and names."""
    return {
        "line": fault.line,
        "position": fault.position,
        "field": fault.field,
        "rule": fault.rule,
        "level": fault.level,
        "message": fault.message,
        "mending": mending(fault.message),
    }
