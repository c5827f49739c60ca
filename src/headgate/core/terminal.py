"""What every command says: documents on standard output, all else on standard error."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from headgate.core import laying_out
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.errors import MigrationsPending, Refused
from headgate.core.migrations import migrate, pending
from headgate.core.server import Embedded, External, resolve


def emit(document: object, *, as_json: bool) -> None:
    """Print a document: as one JSON document and nothing else, or laid out for a person.

    Dataclasses, mappings and lists of them become tables (`laying_out`); a text is printed as it is.
    """
    plain = to_json(document)
    if as_json:
        sys.stdout.write(json.dumps(plain, ensure_ascii=False, indent=2) + "\n")
    elif isinstance(plain, str):
        sys.stdout.write(plain + "\n")
    else:
        laying_out.lay_out(plain, sys.stdout)
    sys.stdout.flush()


def say(message: str) -> None:
    """Tell the person at the terminal, on standard error: documents alone go to standard output."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def fail(message: str, code: int = 2) -> NoReturn:
    """Say in one line what went wrong, and exit."""
    say("headgate: " + " ".join(message.split()))
    raise SystemExit(code)


def refuse(refused: Refused, *, as_json: bool) -> NoReturn:
    """A business refusal ends the command with 1: in one line on standard error, and with --json as the document too."""
    if as_json:
        emit({"code": refused.code, "message": refused.message, "facts": refused.facts}, as_json=True)
    fail(f"{refused.code}: {refused.message}", 1)


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Progress]:
    """A progress bar on standard error, with one task of that title; silent where standard error is no terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:
        shown.add_task(title, total=total)
        yield shown


@contextmanager
def open_database(config: Config | None = None) -> Iterator[Database]:
    """The installation's database: started and migrated where it is ours, else it must have been migrated."""
    config = config or Config.from_environment()
    server = resolve(config)
    prepare(server)
    with Database(server.url, config=config, pool_max=config.pool_max, prepare=not config.pooled) as database:
        yield database


def prepare(server: Embedded | External) -> None:
    """Start and migrate the embedded server. Raises MigrationsPending where an operator's own lacks migrations."""
    server.ensure_up()
    if server.is_embedded:
        migrate(server.url("admin"))
    else:
        refuse_pending(server.url("app"))


def refuse_pending(url: str) -> None:
    """Raise MigrationsPending where the database lacks migrations of this code."""
    with psycopg.connect(url, autocommit=True) as connection:
        lacking = [script.name for script in pending(connection)]
    if lacking:
        raise MigrationsPending(f"the database lacks {lacking[0]}: run `headgate db migrate`", migrations=lacking)


def to_json(value: object) -> Any:
    """What JSON can say of a value: dataclasses as objects, ids, dates and decimals as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal | Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Sequence | set | frozenset):
        return [to_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be printed as JSON")
