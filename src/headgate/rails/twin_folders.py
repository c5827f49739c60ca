"""The bank twin as a bank's folders: files are taken from the inbox, answers appear in the outbox.

    inbox/    what originators put there; under a temporary name (a leading dot, .part, .tmp, .filepart) it is left alone
    outbox/   what the bank says, each file written under a temporary name and renamed
    archive/  20261201T150000.000000Z~NAME: each file that was taken, with its instant;  sent/NAME: each that was sent

The archive is all that the twin remembers. A crash between a rename and its note in the archive sends the same name and
the same bytes again, as banks do. The folders may be served over SFTP by whatever serves folders.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.rails.fake import WireIn
from headgate.rails.twin import Answer, BankTwin, Received

_STAMP: Final = "%Y%m%dT%H%M%S.%fZ"
_PARTIAL: Final = (".part", ".tmp", ".filepart")
_NAME_MAX: Final = 220
"""Characters of a name: longer ones leave no room for what the bank puts before and behind it."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where a simulated bank's files lie. `acknowledgements` has a folder of its own where given; with `leaves` the bank
    never removes a file from the inbox. `shown` is where originators see what was taken, under its own name; without it they
    see it nowhere."""

    inbox: Path
    outbox: Path
    archive: Path
    acknowledgements: Path | None = None
    leaves: bool = False
    shown: Path | None = None
    wires: Path | None = None

    @classmethod
    def under(cls, folder: Path, *, leaves: bool = False) -> Folders:
        """All of them in one folder: `served` is what originators see, as the profile `sandbox` describes it.

        served/            where files are put            served/inbound/  statements, returns, changes
        served/archive/    what was taken                 served/acknowledgements/
        archive/           what the bank remembers        wires.json       wires that came in
        """
        served = folder / "served"
        made = cls(
            inbox=served,
            outbox=served / "inbound",
            archive=folder / "archive",
            acknowledgements=served / "acknowledgements",
            leaves=leaves,
            shown=served / "archive",
            wires=folder / "wires.json",
        )
        for path in (made.outbox, made.acknowledgements, made.shown):
            assert path is not None, "each was just named"
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return made

    def check(self) -> None:
        """Raises Malformed where two of them are one, or one lies in another's way."""
        folders = [path.resolve() for path in (self.inbox, self.outbox, self.archive)]
        if len(set(folders)) < len(folders):
            raise Malformed("inbox, outbox and archive are three folders: name three")
        if not self.inbox.is_dir():
            raise Malformed(f"{self.inbox} is no folder: make it, and put files there for the bank")


def take(folders: Folders, *, at: datetime) -> list[str]:
    """Take in what lies in the inbox, in the order of names; the names."""
    folders.archive.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = {one.name for one in _taken(folders)} if folders.leaves or folders.shown else set()
    names = []
    for path in sorted(folders.inbox.iterdir()):
        if not _is_whole(path):
            continue
        # Where it is shown once it was taken, one that is not shown yet was cut off between the two: it is the same file.
        is_taken = path.name in known and (folders.leaves or not _is_shown(folders, path.name))
        target = folders.archive / f"{at.astimezone(UTC).strftime(_STAMP)}~{path.name}"
        if is_taken and folders.leaves:
            continue
        if folders.leaves or folders.shown is not None:
            if not is_taken:
                _write(target, path.read_bytes())
            if not folders.leaves and folders.shown is not None:
                folders.shown.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.rename(folders.shown / path.name)
        else:
            path.rename(target)
        names.append(path.name)
    return names


def received(folders: Folders) -> list[Received]:
    """Every file that was ever taken, with its instant, the earliest first."""
    return [
        Received(one.name, one.path.read_bytes(), one.at) for one in sorted(_taken(folders), key=lambda one: one.path)
    ]


def due(folders: Folders, twin: BankTwin, *, until: datetime) -> list[Answer]:
    """What the bank says by that instant and has not sent yet, in the order of sending."""
    folder = folders.archive / "sent"
    sent = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return [answer for answer in twin.answers(received(folders), until=until) if answer.name not in sent]


def send(folders: Folders, answer: Answer) -> Path:
    """Put one answer where the bank's customers look for it, and remember that."""
    is_acknowledgement = answer.kind == "acknowledgement" and folders.acknowledgements is not None
    folder = folders.acknowledgements if is_acknowledgement and folders.acknowledgements else folders.outbox
    target = folder / answer.name
    _write(target, answer.content)
    _write(folders.archive / "sent" / answer.name, answer.content)
    return target


def first_day(folders: Folders, zone: str) -> date | None:
    """The day of the first file that was taken or wire that came in; None before that."""
    days = [one.at.astimezone(ZoneInfo(zone)).date() for one in _taken(folders)]
    return min([*days, *(on for on, _ in wires(folders))], default=None)


def wires(folders: Folders) -> tuple[tuple[date, WireIn], ...]:
    """The wires that came in, with their days, as they were noted."""
    if folders.wires is None or not folders.wires.exists():
        return ()
    return tuple(
        (
            date.fromisoformat(facts["on"]),
            WireIn(Money(facts["amount_minor"], "USD"), facts["reference"], facts["sender"]),
        )
        for facts in json.loads(folders.wires.read_text("utf-8"))
    )


def wire_in(folders: Folders, wire: WireIn, *, on: date) -> None:
    """Note a wire that comes in on a day: it stands on that day's statement, once the day is over."""
    assert folders.wires is not None, "a bank in one folder keeps its wires"
    facts = [
        {"on": day.isoformat(), "amount_minor": one.amount.minor, "reference": one.reference, "sender": one.sender}
        for day, one in (*wires(folders), (on, wire))
    ]
    _write(folders.wires, json.dumps(facts, indent=2).encode())


@dataclass(frozen=True, slots=True)
class _Archived:
    path: Path
    name: str
    at: datetime


def _taken(folders: Folders) -> Iterator[_Archived]:
    for path in folders.archive.iterdir() if folders.archive.is_dir() else ():
        stamp, found, name = path.name.partition("~")
        if found and _is_whole(path):
            yield _Archived(path, name, datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC))


def _is_shown(folders: Folders, name: str) -> bool:
    return folders.shown is not None and (folders.shown / name).exists()


def _is_whole(path: Path) -> bool:
    name = path.name
    return path.is_file() and not name.startswith(".") and not name.endswith(_PARTIAL) and len(name) <= _NAME_MAX


def _write(target: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable for its owner alone, since it may hold account numbers."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    partial.rename(target)
