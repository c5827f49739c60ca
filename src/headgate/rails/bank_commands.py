"""`headgate banks`: what each bank demands, as its profile says it, and whether a profile is good."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.core.errors import Malformed
from headgate.core.terminal import emit
from headgate.rails import banks
from headgate.rails.banks.sections import ToBeEntered, raw
from headgate.rails.errors import InvalidProfile

app = typer.Typer(name="banks", help="Bank profiles: rails, cutoffs, delivery, limits.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@app.command("list")
def list_banks(json: Json = False) -> None:
    """Every bank that has a profile, the rails it offers, and how many keys are still to be entered."""
    emit(
        [
            {
                "name": profile.name,
                "title": profile.title,
                "rails": list(profile.rails) if json else " ".join(profile.rails),
                "routing_numbers": _numbers(profile) if json else " ".join(_numbers(profile) or ["any"]),
                "to_be_entered": len(profile.to_be_entered),
            }
            for profile in banks.profiles().values()
        ],
        as_json=json,
    )


@app.command("show")
def show_bank(
    name: Annotated[str, typer.Argument(help="As `headgate banks list` shows it.")], json: Json = False
) -> None:
    """One profile with every key, also those that it leaves to their defaults."""
    document = banks.document(banks.get(name))
    if json:
        emit(document, as_json=True)
        return
    emit("\n".join(f"{path:<40} {value}" for path, value in _lines(document, "")), as_json=False)


@app.command("check")
def check_banks(
    path: Annotated[Path | None, typer.Argument(help="A profile, or a folder of them; left out: those in use.")] = None,
    json: Json = False,
) -> None:
    """Judge profiles: exit 0 where all are good, 1 where one is not, with every fault, its file and its key."""
    problems: list[str] = []
    entered: dict[str, list[str]] = {}
    try:
        found = banks.profiles() if path is None else banks.read_together(_texts(path))
        entered = {name: list(profile.to_be_entered) for name, profile in found.items()}
    except InvalidProfile as error:
        problems = error.facts["problems"]
    lines = problems or [
        f"{name}: good" + (f", with {len(keys)} keys to be entered" if keys else "") for name, keys in entered.items()
    ]
    emit(
        {"ok": not problems, "problems": problems, "to_be_entered": entered} if json else "\n".join(lines), as_json=json
    )
    if problems:
        raise typer.Exit(1)


def _texts(path: Path) -> dict[str, str]:
    files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
    if not files:
        raise Malformed(f"{path} holds no profile; name a file, as mybank.toml, or a folder of them")
    try:
        return {file.stem: file.read_text("utf-8") for file in files}
    except (OSError, UnicodeDecodeError) as error:
        raise Malformed(f"{path} cannot be read as text: {type(error).__name__}") from error


def _numbers(profile: banks.Profile) -> list[str]:
    numbers = raw(profile.identity, "routing_numbers")
    return ["to be entered"] if isinstance(numbers, ToBeEntered) else list(numbers)


def _lines(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and set(value) == {"to_be_entered"}:
        yield path, "to be entered, from the bank's own guide"
    elif isinstance(value, Mapping) and value:
        for name, each in value.items():
            yield from _lines(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(each, Mapping) for each in value):
        for number, each in enumerate(value, start=1):
            yield from _lines(each, f"{path}[{number}]")
    elif value not in (None, [], {}, ""):
        yield path, " ".join(map(str, value)) if isinstance(value, list) else str(value)
