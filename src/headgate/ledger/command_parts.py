"""What the ledger's command modules share: the tenant's transaction, and how an answer is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from headgate.core.db import Actor, Tx
from headgate.core.errors import Malformed, Refused
from headgate.core.terminal import emit, refuse
from headgate.ledger.accounts import resolve_accounts
from headgate.ledger.documents import TransactionModel
from headgate.ledger.model import Posted
from headgate.ledger.queries import get_transaction
from headgate.tenants import command_parts

ADMINISTRATOR = Actor("human", "administrator")
ALL = 1_000_000

Tenant = command_parts.Tenant
Json = command_parts.Json
Key = Annotated[str, typer.Option("--idempotency-key", help="The same key and body give the first answer again.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many rows at most.")]
AccountArgument = Annotated[str, typer.Argument(help="The account's code or id.")]
AccountOption = Annotated[str | None, typer.Option("--account", help="Only those of this account, by code or id.")]

_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


@contextmanager
def begin(tenant: str) -> Iterator[Tx]:
    """A transaction of the tenant, by its id or slug."""
    with command_parts.begin(tenant, ADMINISTRATOR) as tx:
        yield tx


def number_of(tx: Tx, account: str | None) -> int | None:
    """The number of an account by its code or id, where one is given. Raises AccountNotFound."""
    return resolve_accounts(tx, [account])[account] if account else None


def transaction_of(tx: Tx, posted: Posted | Refused) -> TransactionModel | Refused:
    """What was posted, as it is shown."""
    if isinstance(posted, Refused):
        return posted
    return TransactionModel.of(get_transaction(tx, posted.transaction_id))


def show(rows: Sequence[Any], model: Callable[[Any], BaseModel], json: bool) -> None:
    """Print a list."""
    emit([plain(model(row)) for row in rows], as_json=json)


def answer(shown: BaseModel | Refused, json: bool) -> None:
    """Print an answer. A refusal has been recorded and committed by now; it ends the command like an error."""
    if isinstance(shown, Refused):
        refuse(shown, as_json=json)
    emit(plain(shown), as_json=json)


def plain(model: BaseModel) -> dict[str, Any]:
    """A document as JSON can say it."""
    return model.model_dump(mode="json", by_alias=True)


def contents(file: Path) -> bytes:
    """The bytes of a file. Raises Malformed where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}", file=str(file)) from error


def day(text: str) -> date:
    """A day. Raises Malformed."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"'{text[:40]}' is no day: write it as 2026-11-20") from error


def duration(text: str) -> timedelta:
    """A duration: `3d`, `12h`, `30m`. Raises Malformed."""
    found = re.fullmatch(r"(\d{1,6})([dhm])", text, re.ASCII)
    if found is None:
        raise Malformed(f"'{text[:40]}' is no duration: write it as 3d, 12h or 30m")
    return int(found[1]) * _UNITS[found[2]]


def decimal(text: str) -> Decimal:
    """A decimal. Raises Malformed."""
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Malformed(f"'{text[:40]}' is no decimal: write it as 1.0842") from error
