"""`headgate ach`: files of the ACH network on disk, merged, split and explained. Needs no database."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.core.money import Money
from headgate.core.terminal import emit, fail
from headgate.rails import ach
from headgate.rails.errors import CannotWrite

app = typer.Typer(
    name="ach", help="ACH files on disk: merge them, split them, explain a trace number.", no_args_is_help=True
)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
File = Annotated[Path, typer.Argument(help="An ACH file.", exists=True, dir_okay=False, readable=True)]
Files = Annotated[list[Path], typer.Argument(help="ACH files.", exists=True, dir_okay=False, readable=True)]
_SHOWN = 20


@app.command("merge")
def merge(
    files: Files,
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write; it must not be there yet.")],
    modifier: Annotated[str | None, typer.Option(help="The new file's modifier; else the first file's.")] = None,
    json: Json = False,
) -> None:
    """Put the batches of several files into one, numbered anew, under the first file's header.

    Entries keep every character. The files must go from one origin to one destination and be free of errors.
    """
    with ExitStack() as opened:
        streams = [opened.enter_context(path.open("rb")) for path in files]
        made = _or_fail(lambda: ach.merge(streams, modifier=modifier))
    _tell([_written(out, made)], as_json=json)


@app.command("split")
def split(
    file: File,
    out: Annotated[Path, typer.Option("--out", "-o", help="A folder for the new files; else the file's own.")] = Path(),
    max_entries: Annotated[int | None, typer.Option(min=1, help="Entries in one file at most.")] = None,
    max_lines: Annotated[int | None, typer.Option(min=10, help="Lines in one file at most, the nines counted.")] = None,
    max_amount: Annotated[str | None, typer.Option(help="Dollars on either side of one file at most.")] = None,
    json: Json = False,
) -> None:
    """Part a file into several within a bank's limits; their modifiers count on from the file's own.

    A batch is cut where it does not fit, unless it balances itself.
    """
    minor = Money.parse(max_amount, "USD").minor if max_amount is not None else None
    if minor is not None and minor <= 0:
        fail("--max-amount must be more than nothing")
    limits = ach.Limits(max_entries=max_entries, max_lines=max_lines, max_debits_minor=minor, max_credits_minor=minor)
    if limits == ach.Limits():
        fail("there is no limit to split by; give --max-entries, --max-lines or --max-amount")
    with file.open("rb") as stream:
        made = _or_fail(lambda: list(ach.split(stream, limits)))
    folder = out if out != Path() else file.parent
    paths = [folder / f"{file.stem}-{number:03d}{file.suffix}" for number in range(1, len(made) + 1)]
    for path in paths:
        if path.exists():
            fail(f"{path} is there already; move it away, or name another folder with --out")
    _tell([_written(path, one) for path, one in zip(paths, made, strict=True)], as_json=json)


@app.command("explain")
def explain(
    trace: Annotated[str, typer.Argument(help="A trace number, fifteen digits.")],
    files: Annotated[
        list[Path] | None, typer.Argument(help="Files to look in.", exists=True, dir_okay=False, readable=True)
    ] = None,
    json: Json = False,
) -> None:
    """What a trace number says, and where it stands: as an entry's own, or as what a return or change names.

    Exit 1 where files are given and it stands in none of them.
    """
    told = ach.trace(trace)
    found: list[dict[str, Any]] = []
    for path in files or ():
        with path.open("rb") as stream:
            found += [{"path": str(path), **_plain(one)} for one in ach.sightings(stream, trace)]
    if json:
        emit({**_plain(told), "found": found}, as_json=True)
    else:
        emit(f"{told.trace_number}: entry {told.sequence} of the bank {told.odfi_routing_number}", as_json=False)
        for one in found:
            emit(_sentence(one), as_json=False)
    if files and not found:
        fail(f"{trace} stands in none of these files", 1)


def _or_fail(make: Any) -> Any:
    """What it makes; where it cannot be written, every reason on standard error, and exit 2."""
    try:
        return make()
    except CannotWrite as error:
        problems = error.facts.get("problems") or [error.message]
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        fail(f"{'; '.join(problems[:_SHOWN])}{more} ({error.code})")


def _written(path: Path, made: ach.Rewritten) -> dict[str, Any]:
    """Write a file that is not there yet, and say what it holds."""
    try:
        with path.open("xb") as stream:
            stream.write(made.content)
    except FileExistsError:
        fail(f"{path} is there already; move it away, or write another file")
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")
    return {
        "path": str(path),
        "sha256": made.sha256,
        "modifier": made.modifier,
        "batch_count": made.batch_count,
        "entries": made.entries,
        "debits": made.debits,
        "credits": made.credits,
    }


def _tell(written: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        emit(written, as_json=True)
        return
    for one in written:
        counts = f"modifier {one['modifier']}, {one['batch_count']} batches, {one['entries']} entries"
        sums = f"debits {one['debits'].format()}, credits {one['credits'].format()}"
        emit(f"{one['path']}: {counts}, {sums}, sha256 {one['sha256']}", as_json=False)


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _sentence(one: dict[str, Any]) -> str:
    roles = {
        "entry": "is the entry",
        "returned": "is named by the return",
        "changed": "is named by the notification of change",
        "disputed": "is the return that is disputed",
    }
    about = f", {one['code']} {one['reason']}".rstrip() if one["code"] else ""
    batch = f"batch {one['batch_number']} {one['sec_code']} {one['description']} of {one['company_name']}"
    return (
        f"{one['path']}, line {one['line']}: {roles[one['role']]}{about}; {one['meaning']}, {one['amount'].format()}, "
        f"account ending {one['account_ending'] or 'hidden'} at {one['rdfi']}; {batch}, effective {one['effective_on']}"
    )
