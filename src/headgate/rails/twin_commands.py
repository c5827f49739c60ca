"""`headgate simulate bank`: a bank with three folders, on this machine."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from headgate.core.clock import real_now
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.core.terminal import say
from headgate.rails import twin_folders
from headgate.rails.fake import ROUTING
from headgate.rails.fake_statements import BankAccount
from headgate.rails.twin import BankTwin
from headgate.rails.twin_behaviour import Behaviour, read_behaviour
from headgate.rails.twin_folders import Folders


def bank(
    inbox: Annotated[Path, typer.Option(help="Where originators put their files.")],
    outbox: Annotated[Path, typer.Option(help="Where the bank puts what it says.")],
    archive: Annotated[Path, typer.Option(help="Where it keeps what it took and sent: all that it remembers.")],
    seed: Annotated[int | None, typer.Option(help="What chance is drawn from; the file's own, or 0.")] = None,
    behaviour: Annotated[
        Path | None, typer.Option(help="A TOML file: of a thousand entries, files, answers, how many meet with what.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Take and send what there is, and end.")] = False,
    leave: Annotated[bool, typer.Option("--leave", help="Never remove a file from the inbox.")] = False,
    now: Annotated[
        str | None, typer.Option(help="With --once: the instant at which it is done, as 2026-12-01T15:00:00Z.")
    ] = None,
    account: Annotated[str, typer.Option(help="The account's number, as statements name it.")] = "4400112233",
    statements: Annotated[str, typer.Option(help="bai2 or camt053.")] = "bai2",
    opening: Annotated[str, typer.Option(help="The account's balance before the first day, in USD.")] = "0.00",
    every_seconds: Annotated[float, typer.Option(min=0.05, max=3600, help="How often it looks.")] = 1.0,
) -> None:
    """Be a bank: take files away, acknowledge and settle them, send back what account words and chance say."""
    if statements not in ("bai2", "camt053"):
        raise Malformed(f"there are no statements of the form {statements[:20]!r}; write bai2 or camt053")
    if now is not None and not once:
        raise Malformed("--now is an instant: say --once beside it, or let the bank go by real time")
    found, own_seed = _behaviour(behaviour)
    folders = Folders(inbox, outbox, archive, leaves=leave)
    folders.check()
    twin = BankTwin(
        account=BankAccount(account, ROUTING),
        since=real_now().date(),
        opening=Money.parse(opening, "USD"),
        seed=seed if seed is not None else own_seed or 0,
        behaviour=found,
        form="camt053" if statements == "camt053" else "bai2",
    )
    if once:
        at = _instant(now) if now else real_now()
        _take(folders, at)
        _send(folders, twin, at)
        return
    say(f"simulating a bank: put files into {inbox}, its answers come into {outbox}; Ctrl-C ends it")
    asked_until = real_now() - timedelta(seconds=1)
    while True:
        at = real_now()
        # Its answers are worked out when files came, and else once a minute: nothing it says is due to the second.
        if _take(folders, at) or at >= asked_until:
            _send(folders, twin, at)
            asked_until = at + timedelta(minutes=1)
        time.sleep(every_seconds)


def _take(folders: Folders, at: datetime) -> bool:
    names = twin_folders.take(folders, at=at)
    for name in names:
        say(f"took {name}")
    return bool(names)


def _send(folders: Folders, twin: BankTwin, at: datetime) -> None:
    first = twin_folders.first_day(folders)
    if first is None:
        return
    twin = replace(twin, since=first.astimezone(ZoneInfo(twin.zone)).date())
    for answer in twin_folders.due(folders, twin, until=at):
        say(f"sent {twin_folders.send(folders, answer).name}")


def _behaviour(path: Path | None) -> tuple[Behaviour, int | None]:
    if path is None:
        return Behaviour(), None
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Malformed(f"{path} cannot be read: name a TOML file with --behaviour") from None
    return read_behaviour(text)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f"'{text[:40]}' is no instant: write it as 2026-12-01T15:00:00Z") from None
    if found.tzinfo is None:
        raise Malformed(f"'{text}' has no time zone: end it with Z or an offset, as -06:00")
    return found.astimezone(UTC)
