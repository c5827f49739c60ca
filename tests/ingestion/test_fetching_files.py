"""Files are taken from a folder, and from an SFTP server: whole ones only, each once, put away when they are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import components
from tests.ingestion.sourcing import Died, Mortal, Scene
from tests.ingestion.sourcing import near as near
from tests.ingestion.sourcing import scene as scene
from tests.make.histories import history_settings
from tests.payments.sftp_banks import SftpBank, openssh
from tests.payments.sftp_banks import sftp_bank as sftp_bank

from headgate import ingestion, jobs
from headgate.core.sftp_inbox import SftpInbox
from headgate.core.sftp_place import Server
from headgate.ingestion import artifacts, source_fetching, sources
from headgate.ingestion.connectors import _files, all_connectors
from headgate.ingestion.errors import MalformedArtifact, MalformedSource

pytestmark = pytest.mark.slow

OLD = 1_700_000_000


class Drop:
    """A folder that files are dropped into, and the source that fetches them."""

    def __init__(
        self, scene: Scene, folder: Path, connector: str, terms: dict[str, Any], login: dict[str, str]
    ) -> None:
        self.scene, self.folder, self.connector, self.terms, self.login = scene, folder, connector, terms, login

    def set(self, name: str = "drop", *, source: str | None = None, **more: Any) -> sources.Source:
        return self.scene.set(name, self.connector, {**self.terms, **more}, source=source, **self.login)

    def put(self, name: str, data: bytes, at: int = OLD) -> Path:
        """A file that was written some time ago."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (at, at))
        return path

    @property
    def names(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


def server_terms(server: Server, folder: str) -> dict[str, Any]:
    """The settings of a source at a server."""
    return {
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "host_keys": list(server.host_keys),
        "folder": folder,
        "timeout_seconds": 10,
    }


@pytest.fixture(params=["folder", pytest.param("sftp", marks=components.requires("openssh"))])
def drop(request: pytest.FixtureRequest, scene: Scene, tmp_path: Path) -> Iterator[Drop]:
    """A folder of this machine, and one of OpenSSH's."""
    if request.param == "folder":
        folder = scene.database.config.home / "inbox" / str(scene.tenant.id) / "bank"
        folder.mkdir(parents=True)
        yield Drop(scene, folder, "folder", {"folder": "bank"}, {})
        return
    with openssh(tmp_path / "ssh") as server:
        folder = tmp_path / "ssh" / "served" / "out"
        folder.mkdir()
        terms = server_terms(server, f"{server.root}/out")
        yield Drop(scene, folder, "sftp", terms, {"login": "key", "secret": server.secret})


def test_files_are_taken_in_the_order_of_their_time_once_and_moved(drop: Drop) -> None:
    drop.put("b.bai", b"second", OLD + 1)
    drop.put("a.bai", b"third", OLD + 2)
    drop.put("c.bai", b"first", OLD)
    drop.put("note.txt", b"not asked for")
    drop.set(pattern="*.bai", source="bank.amegy")

    done = drop.scene.fetch("drop")
    again = drop.scene.fetch("drop")

    assert (done.outcome, done.items_new, again.items_new, again.items_known) == ("taken", 3, 0, 0)
    assert drop.scene.bodies() == [b"first", b"second", b"third"]
    assert drop.names == ["note.txt", "taken/a.bai", "taken/b.bai", "taken/c.bai"]
    found = drop.scene.do(ingestion.list_artifacts)
    assert {(one.source, one.filename) for one in found} == {("bank.amegy", f"{name}.bai") for name in "abc"}
    kept = drop.scene.do(sources.list_source_items, "drop")
    assert {(one.artifact_type, one.refusal, one.facts["size_bytes"]) for one in kept} == {
        ("bank_file", None, 5),
        ("bank_file", None, 6),
    }

    # The same name with other bytes is another file; the same bytes are the artifact that stands.
    drop.put("a.bai", b"other")
    drop.put("b.bai", b"second", OLD + 9)
    third = drop.scene.fetch("drop")
    assert (third.items_new, third.items_known, len(drop.scene.bodies())) == (1, 1, 4)
    assert len(drop.names) == 6 and {one.split(".")[0] for one in drop.names} == {
        "note",
        "taken/a",
        "taken/b",
        "taken/c",
    }


def test_files_may_be_marked_or_left_and_are_taken_once_all_the_same(drop: Drop) -> None:
    drop.put("a.csv", b"1")
    drop.set(after="mark")
    assert (drop.scene.fetch("drop").items_new, drop.names) == (1, ["a.csv.taken"])
    assert drop.scene.fetch("drop").items_new == 0

    drop.put("b.csv", b"2")
    drop.set(after="leave")
    assert [drop.scene.fetch("drop").items_new for _ in range(3)] == [1, 0, 0]
    assert drop.names == ["a.csv.taken", "b.csv"]
    drop.put("b.csv", b"3", OLD + 1)
    assert (drop.scene.fetch("drop").items_new, drop.scene.bodies()) == (1, [b"1", b"2", b"3"])


def test_a_file_on_its_way_is_waited_for(drop: Drop) -> None:
    drop.put("whole.csv", b"1")
    drop.put("half.csv.part", b"1")
    drop.put(".hidden.csv", b"1")
    drop.put("empty.csv", b"")
    growing = drop.put("growing.csv", b"first half, ")
    drop.set(quiet_seconds=5)
    if drop.connector == "folder":
        os.utime(growing)  # written just now
        drop.scene.fetch("drop")
    else:
        # The server's clock may be any: two looks say it, and it is written between them.
        def write(seconds: float) -> None:
            drop.scene.waits.append(seconds)
            growing.write_bytes(b"first half, second half")

        source_fetching.fetch_source(drop.scene.outside, "drop", wait=write)
        assert drop.scene.waits == [5]

    assert (drop.scene.bodies(), growing.exists()) == ([b"1"], True)

    growing.write_bytes(b"first half, second half")
    os.utime(growing, (OLD, OLD))
    drop.scene.fetch("drop")
    assert drop.scene.bodies() == [b"1", b"first half, second half"]
    assert drop.names == [".hidden.csv", "empty.csv", "half.csv.part", "taken/growing.csv", "taken/whole.csv"]


def test_a_file_that_changes_while_it_is_read_is_not_taken(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop.put("a.csv", b"0123456789")
    drop.set(quiet_seconds=0)
    kind = SftpInbox if drop.connector == "sftp" else _folder_type()
    read_from = kind.read_from

    def changing(self: Any, *args: Any) -> bytes:
        found: bytes = read_from(self, *args)
        with path.open("ab") as stream:
            stream.write(b"more")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(kind, "read_from", changing)
        assert drop.scene.fetch("drop").items_new == 0
    assert (drop.scene.bodies(), drop.names) == ([], ["a.csv"])
    assert drop.scene.fetch("drop").items_new == 1
    assert drop.scene.bodies() == [b"0123456789more"]


def test_a_large_file_whose_download_breaks_goes_on_where_it_was(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_files, "PART_BYTES", 1000)
    data = os.urandom(4500)
    drop.put("large.csv", data)
    drop.set(quiet_seconds=0)
    kind = SftpInbox if drop.connector == "sftp" else _folder_type()
    read_from = kind.read_from
    offsets: list[int] = []

    def breaking(self: Any, *args: Any) -> bytes:
        offsets.append(args[-2])
        if len(offsets) == 3:
            raise Died
        found: bytes = read_from(self, *args)
        return found

    monkeypatch.setattr(kind, "read_from", breaking)
    with suppress(Died):
        drop.scene.fetch("drop")
    sealed = drop.scene.do(
        lambda tx: tx.values("SELECT part_sealed FROM ingestion.source_parts WHERE tenant_id = core.require_tenant()")
    )
    assert len(sealed) == 2 and data[:50] not in b"".join(bytes(one) for one in sealed)

    assert drop.scene.fetch("drop").items_new == 1
    assert offsets == [0, 1000, 2000, 2000, 3000, 4000]
    assert (drop.scene.bodies(), drop.names) == ([data], ["taken/large.csv"])
    left = drop.scene.do(
        lambda tx: tx.value("SELECT count(*) FROM ingestion.source_parts WHERE tenant_id = core.require_tenant()")
    )
    assert left == 0


def test_a_file_too_large_is_a_case_and_the_others_go_on(drop: Drop) -> None:
    with drop.put("huge.csv", b"").open("wb") as stream:
        stream.truncate(ingestion.SIZE_MAX + 1)
    os.utime(drop.folder / "huge.csv", (OLD, OLD))
    drop.put("small.csv", b"1")
    drop.set()

    done = drop.scene.fetch("drop")

    assert (done.outcome, done.items_new, done.items_refused) == ("taken", 1, 1)
    assert (drop.scene.bodies(), drop.scene.cases()) == ([b"1"], [("source_item_not_kept", "drop")])
    assert drop.names == ["huge.csv", "taken/small.csv"]
    assert drop.scene.fetch("drop").items_refused == 0


def test_what_is_not_kept_or_grew_meanwhile_is_not_put_away(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop.put("a.csv", b"first")
    drop.put("b.csv", b"never")
    drop.set(quiet_seconds=0)
    receive = artifacts.receive

    def receiving(tx: Any, **facts: Any) -> Any:
        if facts["data"] == b"never":
            raise MalformedArtifact("it cannot be kept")
        if facts["data"] == b"first":
            drop.put("a.csv", b"first and more")
        return receive(tx, **facts)

    monkeypatch.setattr(artifacts, "receive", receiving)
    done = drop.scene.fetch("drop")

    assert (done.items_new, done.items_refused) == (1, 1)
    assert (drop.names, drop.scene.cases()) == (["a.csv", "b.csv"], [("source_item_not_kept", "drop")])
    assert drop.scene.fetch("drop").items_new == 1
    assert (drop.scene.bodies(), path.exists()) == ([b"first", b"first and more"], False)
    assert drop.names == ["b.csv", "taken/a.csv"]


NAMES = st.sampled_from(["a.csv", "b.csv", "c.csv"])
ROUNDS = st.lists(
    st.tuples(st.lists(st.tuples(NAMES, st.integers(0, 3)), max_size=3), st.integers(0, 14), st.booleans()),
    min_size=1,
    max_size=5,
)


def test_wherever_the_process_dies_every_file_is_taken_once(drop: Drop, pytestconfig: pytest.Config) -> None:
    """Files are put, some under names and with bytes that were there before; the process dies at any transaction."""
    numbers = iter(range(100_000))

    @history_settings(pytestconfig.getoption("--histories"), steps=1, shrink=True)
    @given(rounds=ROUNDS, after=st.sampled_from(["move", "mark", "leave"]))
    def story(rounds: list[tuple[list[tuple[str, int]], int, bool]], after: str) -> None:
        number = next(numbers)
        for path in drop.folder.rglob("*"):
            if path.is_file():
                path.unlink()
        name = f"drop-{number}"
        drop.set(name, after=after, quiet_seconds=0)
        put: set[bytes] = set()
        at = OLD
        for files, dies, before in rounds:
            for file, content in files:
                if (drop.folder / file).exists():
                    continue  # whoever puts files goes over none
                at += 1
                data = f"{number} {content}".encode()
                drop.put(file, data, at)
                put.add(data)
            with suppress(Died):
                outside: Any = Mortal(drop.scene.outside, at=dies, before=before)
                source_fetching.fetch_source(outside, name, wait=drop.scene.waits.append)
        done = drop.scene.fetch(name)

        assert done.outcome == "taken"
        kept = drop.scene.do(
            lambda tx: tx.values(
                "SELECT id FROM ingestion.artifacts WHERE tenant_id = core.require_tenant() AND source = %(name)s",
                {"name": name},
            )
        )
        assert sorted(drop.scene.do(ingestion.body, one) for one in kept) == sorted(put)
        left = [path.name for path in drop.folder.iterdir() if path.is_file()]
        assert after == "leave" or all(one.endswith(".taken") for one in left)

    story()


def test_two_who_fetch_at_once_take_each_file_once(drop: Drop) -> None:
    for number in range(12):
        drop.put(f"{number}.csv", str(number).encode(), OLD + number)
    drop.set(quiet_seconds=0)
    with ThreadPoolExecutor(2) as both:
        done = list(both.map(lambda _: drop.scene.fetch("drop"), range(2)))
    drop.scene.fetch("drop")

    assert [one.outcome for one in done] == ["taken", "taken"]

    assert sorted(drop.scene.bodies()) == sorted(str(number).encode() for number in range(12))
    assert drop.names == sorted(f"taken/{number}.csv" for number in range(12))


def test_a_file_that_another_takes_between_two_looks_is_no_failure(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        drop.put(f"{number}.csv", str(number).encode(), OLD + number)
    drop.set(quiet_seconds=0)
    read = _files._read

    def late(visit: Any, inbox: Any, entry: Any) -> bytes | None:
        if entry.name == "1.csv":
            (drop.folder / "1.csv").unlink()
        return read(visit, inbox, entry)

    monkeypatch.setattr(_files, "_read", late)
    monkeypatch.setattr(source_fetching, "TRIES", 1)
    fetched = drop.scene.fetch("drop")

    assert (fetched.outcome, fetched.reason) == ("taken", None)
    assert sorted(drop.scene.bodies()) == [b"0", b"2"]


def test_no_link_leads_out_of_a_folder_and_no_name_into_anothers(scene: Scene, tmp_path: Path) -> None:
    folder = scene.database.config.home / "inbox" / str(scene.tenant.id)
    folder.mkdir(parents=True)
    (tmp_path / "secret.csv").write_bytes(b"secret")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    os.mkfifo(folder / "pipe.csv")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "taken").symlink_to(elsewhere)
    (folder / "a.csv").write_bytes(b"1")
    scene.set("drop", "folder", {"quiet_seconds": 0})

    done = scene.fetch("drop")

    assert (done.outcome, scene.bodies(), list(elsewhere.iterdir())) == ("failed", [b"1"], [])
    for name in ("../other", "/etc", "a/../../b", "a//b", "./a"):
        with pytest.raises(MalformedSource, match="inside the tenant's inbox"):
            scene.set("other", "folder", {"folder": name})


def test_an_sftp_server_with_another_key_or_an_address_inside_gets_nothing(scene: Scene, sftp_bank: SftpBank) -> None:
    server = sftp_bank.server()
    login = {"login": "key", "secret": server.secret}
    (sftp_bank.root / "inbound" / "a.csv").write_bytes(b"1")
    stranger = "SHA256:" + "A" * 43
    scene.set("bank", "sftp", {**server_terms(server, "inbound"), "host_keys": [stranger]}, **login)

    done = scene.fetch("bank")

    assert done.outcome == "refused" and sftp_bank.fingerprint in str(done.reason)
    assert (sftp_bank.acts.sessions, scene.cases()) == (0, [("source_failing", "bank")])
    scene.set("inside", "sftp", {**server_terms(server, "inbound"), "host": "10.0.0.1"}, **login)
    assert "not a public address" in str(scene.fetch("inside").reason)

    scene.set("bank", "sftp", {**server_terms(server, "inbound"), "quiet_seconds": 0}, **login)
    assert scene.fetch("bank").items_new == 1
    scene.set("bank", "sftp", {**server_terms(server, "nowhere")}, **login)
    assert "there is no such folder" in str(scene.fetch("bank").reason)
    with pytest.raises(MalformedSource, match="no private key"):
        scene.set("bank", "sftp", server_terms(server, "inbound"), login="key", secret="nonsense")
    with pytest.raises(MalformedSource, match="takes key or password"):
        scene.set("bank", "sftp", server_terms(server, "inbound"), login="token", secret="x")


def test_the_daily_job_downloads_from_every_sftp_source(scene: Scene, sftp_bank: SftpBank) -> None:
    server = sftp_bank.server()
    (sftp_bank.root / "inbound" / "a.csv").write_bytes(b"1")
    terms = {**server_terms(server, "inbound"), "quiet_seconds": 0}
    made = scene.set("bank", "sftp", terms, login="key", secret=server.secret)
    scene.set("drop", "folder", {})

    run = jobs.run_by_name(scene.database, jobs.discover(), "sftp_download_daily", scene.tenant.id)

    assert (made.every_seconds, run.status, run.outcome) == (None, "succeeded", "bank: 1 new")
    assert (sftp_bank.root / "inbound" / "taken" / "a.csv").read_bytes() == b"1"
    scene.set("gone", "sftp", {**terms, "port": 9}, login="key", secret=server.secret)
    run = jobs.run_by_name(scene.database, jobs.discover(), "sftp_download_daily", scene.tenant.id)
    assert (run.status, run.outcome) == ("failed", "gone: no connection to 127.0.0.1 port 9: Connection refused")
    assert (scene.source("bank").failures, scene.source("gone").failures) == (0, 3)


def test_every_connector_says_what_it_must_be_told() -> None:
    assert sorted(all_connectors()) == ["email", "folder", "poll", "sftp"]
    for connector in all_connectors().values():
        schema = connector.settings.model_json_schema()
        assert schema["additionalProperties"] is False
        assert not {"password", "secret", "token", "key"} & set(schema["properties"])


def _folder_type() -> Any:
    from headgate.ingestion.connectors import folder

    return folder._Folder
