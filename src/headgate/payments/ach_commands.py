"""`headgate ach build`: files of what is due, through the pay gate and no other way. The group is the rails'."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from headgate import tenants
from headgate.core.db import Actor, Tx
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.core.terminal import emit, fail, say
from headgate.payments.documents import file_model
from headgate.payments.files import files
from headgate.payments.model import AchFile
from headgate.payments.submission import submit_due
from headgate.tenants import command_parts

ACTOR = Actor("human", "cli")
app = typer.Typer()


@dataclass(frozen=True, slots=True)
class _Built:
    file: AchFile
    content: bytes | None


@app.command("build")
def build(
    tenant: command_parts.Tenant,
    on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of sending; today, where the legal entities are."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for copies, as for a bank whose portal you upload to.", file_okay=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be built, and leave nothing.")] = False,
    json: command_parts.Json = False,
) -> None:
    """Build the files of what is due and funded. They are fixed now; the job ach_delivery hands them over within a minute.

    What the pay gate holds is in no file, and stays. --out writes copies beside: never over a file that is there.
    """
    if out is not None and dry_run:
        raise Malformed("--dry-run leaves nothing: leave --out out")
    if out is not None:
        _prepare(out)
    with command_parts.begin(tenant, ACTOR, is_dry=dry_run) as tx:
        day = on.date() if on is not None else _today(tx)
        made = submit_due(tx, on=day)
        built = [_Built(file, files.file_bytes(tx, file.id) if out is not None else None) for file in made]
        waiting = _waiting(tx)
    paths = [_copy(out, one) for one in built]
    _tell(built, paths, waiting, day=day, is_dry=dry_run, as_json=json)


def _today(tx: Tx) -> date:
    """The day it is for the tenant's legal entities, which must agree on it."""
    days = {tx.now().astimezone(ZoneInfo(one.time_zone)).date() for one in tenants.legal_entities(tx, limit=10_000)}
    if len(days) > 1:
        raise Malformed("it is not the same day for all legal entities: say which with --on")
    return days.pop() if days else tx.now().date()


def _waiting(tx: Tx) -> dict[str, int]:
    """How many payments are in no file yet, by status: due later, without money, or held by the gate."""
    rows = tx.all(
        """
        SELECT status, count(*) AS count FROM payments.instructions
         WHERE tenant_id = %(tenant)s AND status IN ('pending', 'awaiting_funding', 'blocked_funds')
         GROUP BY status ORDER BY status
        """,
        {"tenant": tx.tenant_id},
    )
    return {row["status"]: row["count"] for row in rows}


def _prepare(out: Path) -> None:
    """Before anything is built: a folder that cannot be written to is no place for copies."""
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        fail(f"{out} cannot be made a folder: {error.strerror}")
    if not os.access(out, os.W_OK):
        fail(f"{out} cannot be written to; nothing was built")


def _copy(out: Path | None, one: _Built) -> Path | None:
    """Readable for its owner alone, since it holds account numbers."""
    if out is None or one.content is None:
        return None
    path = out / one.file.name
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(one.content)
    except FileExistsError:
        say(f"{path} is there already and was left: {one.file.id} is built, and has no copy")
        return None
    except OSError as error:
        say(f"{path} was not written ({error.strerror}): {one.file.id} is built, and has no copy")
        return None
    return path


def _tell(
    built: Sequence[_Built],
    paths: Sequence[Path | None],
    waiting: dict[str, int],
    *,
    day: date,
    is_dry: bool,
    as_json: bool,
) -> None:
    totals: dict[str, int] = {}
    for one in built:
        totals[one.file.currency] = totals.get(one.file.currency, 0) + one.file.credit_minor
    if as_json:
        rows: list[dict[str, Any]] = [
            {**file_model(one.file).model_dump(mode="json"), "path": path}
            for one, path in zip(built, paths, strict=True)
        ]
        document = {
            "on": day,
            "is_dry_run": is_dry,
            "files": rows,
            "payments": sum(one.file.entry_count for one in built),
            "credits": [{"minor": minor, "currency": currency} for currency, minor in sorted(totals.items())],
            "not_built": waiting,
        }
        emit(document, as_json=True)
        return
    lines = [
        f"{one.file.name}  {one.file.entry_count} payments, {one.file.credit.format()}, effective {one.file.effective_on}"
        + (f"  -> {path}" if path else "")
        for one, path in zip(built, paths, strict=True)
    ]
    sums = ", ".join(Money(minor, currency).format() for currency, minor in sorted(totals.items()))
    count = sum(one.file.entry_count for one in built)
    end = f"{len(built)} files, {count} payments, {sums}" if built else f"nothing is due and funded on {day}"
    lines.append(f"dry run, nothing is left: {end}" if is_dry else end)
    if waiting:
        lines.append(
            "in no file: " + ", ".join(f"{number} {status.replace('_', ' ')}" for status, number in waiting.items())
        )
    emit("\n".join(lines), as_json=False)
