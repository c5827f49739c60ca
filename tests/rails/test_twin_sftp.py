"""The bank twin's SFTP face: one user, one key, one folder, and nothing that leads out of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from tests.rails.test_twin_folders import content_of
from typer.testing import CliRunner

from headgate.core.errors import Malformed
from headgate.ingestion import parsers
from headgate.rails import simulate_commands, twin_folders
from headgate.rails.twin_folders import Folders
from headgate.rails.twin_register import invented
from headgate.rails.twin_sftp import Face

AT = datetime(2026, 11, 23, 16, tzinfo=UTC)


@pytest.fixture
def face(tmp_path: Path) -> Iterator[Face]:
    """A bank's folder, served; what is put there is taken at once."""
    folders = Folders.under(tmp_path / "bank")
    with Face(tmp_path / "bank", on_put=lambda _: twin_folders.take(folders, at=AT)) as served:
        yield served


def session(face: Face, step: Any, **terms: Any) -> Any:
    """What a client finds who does this step at the server."""

    async def go() -> Any:
        key = asyncssh.read_private_key(face.login_key)
        words: dict[str, Any] = {"username": face.username, "client_keys": [key], **terms}
        async with asyncssh.connect(
            "127.0.0.1",
            face.port,
            config=None,
            known_hosts=([asyncssh.import_public_key(face.host_key)], [], []),
            agent_path=None,
            **words,
        ) as connection:
            return await step(connection)

    found: Coroutine[Any, Any, Any] = go()
    return asyncio.run(asyncio.wait_for(found, 20))


def sftp(face: Face, step: Any) -> Any:
    async def go(connection: Any) -> Any:
        async with connection.start_sftp_client() as client:
            return await step(client)

    return session(face, go)


def test_what_gets_its_name_is_taken_before_the_sender_hears_so(face: Face) -> None:
    async def put(client: Any) -> Any:
        async with client.open(".pay.part", "wb") as stream:
            await stream.write(content_of("1"))
        before = await client.exists(".pay.part")
        await client.posix_rename(".pay.part", "pay.ach")
        return before, await client.exists("pay.ach"), await client.exists("archive/pay.ach")

    assert sftp(face, put) == (True, False, True)
    (one,) = twin_folders.received(Folders.under(face.root.parent))
    assert (one.name, one.content, one.at) == ("pay.ach", content_of("1"), AT)


@pytest.mark.parametrize(
    "path", ["../keys/host_key", "/../keys/host_key", "/etc/passwd", "archive/../../keys/host_key"]
)
def test_nothing_outside_the_folder_is_seen(face: Face, path: str) -> None:
    async def read(client: Any) -> Any:
        async with client.open(path, "rb") as stream:
            return await stream.read()

    with pytest.raises(asyncssh.SFTPError):
        sftp(face, read)


def test_nobody_makes_a_link_or_gets_a_shell(face: Face) -> None:
    with pytest.raises(asyncssh.SFTPError):
        sftp(face, lambda client: client.symlink("/etc", "etc"))
    with pytest.raises(asyncssh.SFTPError):
        sftp(face, lambda client: client.link("/archive", "again"))
    with pytest.raises((asyncssh.Error, OSError)):
        session(face, lambda connection: connection.run("id", check=True))
    with pytest.raises((asyncssh.Error, OSError)):
        session(face, lambda connection: connection.open_connection("127.0.0.1", face.port))


@pytest.mark.parametrize(
    "terms",
    [
        {"client_keys": [asyncssh.generate_private_key("ssh-ed25519")]},
        {"client_keys": None, "password": "guess"},
        {"client_keys": None},
    ],
)
def test_nobody_else_is_let_in(face: Face, terms: dict[str, Any]) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        session(face, lambda connection: connection.start_sftp_client(), **terms)


def test_its_keys_are_drawn_once_and_kept_to_their_owner(face: Face, tmp_path: Path) -> None:
    with Face(tmp_path / "bank") as again:
        assert again.fingerprint == face.fingerprint and again.port != face.port
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "bank" / "keys").iterdir()} == {0o600}
    with pytest.raises(Malformed, match="cannot be listened on"), Face(tmp_path / "bank", port=face.port):
        pass


def test_a_crash_between_taking_a_file_and_showing_it_takes_it_once(tmp_path: Path, monkeypatch: Any) -> None:
    folders = Folders.under(tmp_path)
    (folders.inbox / "pay.ach").write_bytes(content_of("1"))

    def dies(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    rename = Path.rename
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(
            Path,
            "rename",
            lambda self, target: dies(self, target) if target.name == "pay.ach" else rename(self, target),
        )
        twin_folders.take(folders, at=AT)
    assert twin_folders.take(folders, at=datetime(2026, 11, 24, tzinfo=UTC)) == ["pay.ach"]

    (one,) = twin_folders.received(folders)
    assert one.at == AT and folders.shown is not None and (folders.shown / "pay.ach").read_bytes() == content_of("1")
    (folders.inbox / "pay.ach").write_bytes(content_of("1"))
    twin_folders.take(folders, at=datetime(2026, 11, 25, tzinfo=UTC))
    assert len(twin_folders.received(folders)) == 2  # it came again: the bank says DUPLICATE FILE


def test_a_wire_stands_on_the_statement_of_its_day(tmp_path: Path) -> None:
    words = ["--folder", str(tmp_path / "bank")]
    for amount, on in (("100.00", "2026-11-27"), ("5.50", "2026-11-29")):  # A Sunday: the bank books it on Monday.
        done = CliRunner().invoke(
            simulate_commands.app, ["wire", *words, "--amount", amount, "--reference", "HGX", "--on", on]
        )
        assert done.exit_code == 0, done.output
    CliRunner().invoke(simulate_commands.app, ["bank", *words, "--once", "--now", "2026-12-01T15:00:00Z"])

    folders = Folders.under(tmp_path / "bank")
    assert [on for on, _ in twin_folders.wires(folders)] == [date(2026, 11, 27), date(2026, 11, 30)]
    statements = {path.name: path.read_text() for path in folders.outbox.iterdir()}
    assert sorted(statements) == ["statement-2026-11-27.bai2", "statement-2026-11-30.bai2"]
    assert "10000" in statements["statement-2026-11-27.bai2"] and "HGX" in statements["statement-2026-11-27.bai2"]
    assert ",550," in statements["statement-2026-11-30.bai2"]
    assert json.loads((tmp_path / "bank" / "wires.json").read_text())[0]["amount_minor"] == 100_00
    nothing = CliRunner().invoke(simulate_commands.app, ["wire", *words, "--amount", "0.00", "--reference", "HGX"])
    assert isinstance(nothing.exception, Malformed)


def test_an_invented_register_is_read_whole_and_adds_up(tmp_path: Path) -> None:
    made = invented(300, seed=7)
    assert made == invented(300, seed=7) and made.content != invented(300, seed=8).content

    parser = parsers.detect(made.content)
    assert parser is not None and parser.kind == "register"
    parsed = parser.parse(made.content)
    assert (len(parsed.records), list(parsed.faults)) == (300, [])
    rows = [line.split(",") for line in made.content.decode().splitlines()[1:]]
    assert sum(int(row[5].replace(".", "")) for row in rows) == made.net_pay.minor
    assert not any(row[3][-1].isalpha() for row in rows)
