"""The bank twin's folders: files are taken whole, answers appear whole, and a crash says nothing new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.rails import files as make
from typer.testing import CliRunner

from headgate.core.errors import Malformed
from headgate.rails import ach, fake, simulate_commands, twin_folders
from headgate.rails.twin import BankTwin
from headgate.rails.twin_folders import Folders

AT = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
LATER = AT + timedelta(days=5)
TWIN = BankTwin(fake.BankAccount("4400112233", fake.ROUTING), since=make.MONDAY)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    found = Folders(tmp_path / "in", tmp_path / "out", tmp_path / "kept")
    found.inbox.mkdir()
    return found


def content_of(account: str = "1R03") -> bytes:
    return ach.build_file(make.spec(), [make.batch(make.entry("a", account_number=account))]).content


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_file_is_taken_away_and_answered_in_time(folders: Folders) -> None:
    (folders.inbox / "pay.ach").write_bytes(content_of())

    assert twin_folders.take(folders, at=AT) == ["pay.ach"]
    assert names(folders.inbox) == []
    assert twin_folders.due(folders, TWIN, until=AT) == []
    for answer in twin_folders.due(folders, TWIN, until=LATER):
        twin_folders.send(folders, answer)

    assert names(folders.outbox) == [
        "pay.ach.ack", "returns-2026-11-27-1.ach", "statement-2026-11-23.bai2", "statement-2026-11-24.bai2",
        "statement-2026-11-25.bai2", "statement-2026-11-27.bai2",
    ]  # fmt: skip
    assert all(path.stat().st_mode & 0o077 == 0 for path in folders.outbox.iterdir())
    assert twin_folders.due(folders, TWIN, until=LATER) == []


def test_what_is_still_being_written_is_left_alone(folders: Folders) -> None:
    for name in (".pay.ach.17.part", "pay.ach.part", "pay.tmp", "pay.ach.filepart"):
        (folders.inbox / name).write_bytes(content_of())
    (folders.inbox / "archive").mkdir()

    assert twin_folders.take(folders, at=AT) == []
    assert len(names(folders.inbox)) == 5


def test_a_bank_that_never_removes_files_takes_each_once(folders: Folders) -> None:
    leaving = Folders(folders.inbox, folders.outbox, folders.archive, leaves=True)
    (folders.inbox / "pay.ach").write_bytes(content_of())

    assert twin_folders.take(leaving, at=AT) == ["pay.ach"]
    assert twin_folders.take(leaving, at=LATER) == []
    assert (folders.inbox / "pay.ach").read_bytes() == content_of()
    assert [(one.name, one.at) for one in twin_folders.received(leaving)] == [("pay.ach", AT)]


def test_a_file_that_comes_again_is_refused_as_a_duplicate(folders: Folders) -> None:
    for at in (AT, AT + timedelta(hours=1)):
        (folders.inbox / "pay.ach").write_bytes(content_of())
        twin_folders.take(folders, at=at)

    found = [answer for answer in twin_folders.due(folders, TWIN, until=LATER) if answer.kind == "acknowledgement"]

    assert [(answer.name, b"DUPLICATE FILE" in answer.content) for answer in found] == [
        ("pay.ach.ack", False), ("2-pay.ach.ack", True),
    ]  # fmt: skip


def test_after_a_crash_before_the_note_the_same_name_and_bytes_come_again(folders: Folders) -> None:
    (folders.inbox / "pay.ach").write_bytes(content_of())
    twin_folders.take(folders, at=AT)
    first = twin_folders.due(folders, TWIN, until=LATER)[0]
    target = twin_folders.send(folders, first)
    (folders.archive / "sent" / first.name).unlink()

    assert twin_folders.due(folders, TWIN, until=LATER)[0] == first
    assert target.read_bytes() == first.content


def test_acknowledgements_may_have_a_folder_of_their_own(folders: Folders, tmp_path: Path) -> None:
    own = Folders(folders.inbox, folders.outbox, folders.archive, acknowledgements=tmp_path / "acks")
    (folders.inbox / "pay.ach").write_bytes(content_of("1"))
    twin_folders.take(own, at=AT)
    for answer in twin_folders.due(own, TWIN, until=AT + timedelta(hours=1)):
        twin_folders.send(own, answer)

    assert names(tmp_path / "acks") == ["pay.ach.ack"]
    assert names(own.outbox) == []


def test_the_command_is_a_bank_for_a_moment(folders: Folders, tmp_path: Path) -> None:
    (folders.inbox / "pay.ach").write_bytes(content_of("1"))
    (tmp_path / "noise.toml").write_text("seed = 3\n[of_a_thousand]\nreturns = 1000\n")
    words = [
        "bank", "--inbox", str(folders.inbox), "--outbox", str(folders.outbox), "--archive", str(folders.archive),
        "--behaviour", str(tmp_path / "noise.toml"), "--statements", "camt053", "--once", "--now",
    ]  # fmt: skip

    first = CliRunner().invoke(simulate_commands.app, [*words, AT.isoformat()])
    second = CliRunner().invoke(simulate_commands.app, [*words, LATER.isoformat()])

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert names(folders.inbox) == []
    assert "pay.ach.ack" in names(folders.outbox) and "statement-2026-11-24.xml" in names(folders.outbox)
    assert [name for name in names(folders.outbox) if name.startswith("returns")] == ["returns-2026-11-27-1.ach"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--statements", "mt940"), "bai2 or camt053"),
        (("--sftp",), "--folder"),
        (("--sftp", "--folder", "one", "--once"), "leave --once out"),
        (("--folder", "one"), "name it, or these"),
        (("--at-once",), "say --sftp beside it"),
        (("--once", "--now", "tomorrow"), "no instant"),
        (("--once", "--now", "2026-11-23T16:00:00"), "no time zone"),
        (("--behaviour", "nowhere.toml"), "cannot be read"),
        (("--outbox", "in"), "three folders"),
        (("--inbox", "nowhere"), "is no folder"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)

    found = CliRunner().invoke(
        simulate_commands.app, ["bank", "--inbox", "in", "--outbox", "out", "--archive", "kept", *words]
    )

    assert isinstance(found.exception, Malformed) and message in str(found.exception)
    assert names(folders.outbox) == []
