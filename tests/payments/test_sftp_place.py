"""A bank's SFTP server as a place: what a folder does, it does; who it is, is known; what goes wrong follows nothing."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.components import requires
from tests.payments import banking, sftp_banks
from tests.payments.sftp_banks import PASSWORD, SftpBank, place_at
from tests.payments.sftp_banks import sftp_bank as sftp_bank

from headgate.core.config import Config
from headgate.core.places import FolderPlace, PlaceRefused, Unseen
from headgate.core.sftp_keys import InvalidKey, host_key, private_key
from headgate.core.sftp_place import Server, SftpPlace

pytestmark = pytest.mark.slow

CONTENT = b"101 0210000211234567890\n" * 3000


def nothing() -> None:
    """What a put calls before it renames."""


@pytest.fixture(
    scope="module", params=["in this process", pytest.param("openssh", marks=[requires("openssh"), pytest.mark.slow])]
)
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server, and the folder that it serves."""
    folder = tmp_path_factory.mktemp("sftp")
    if request.param == "openssh":
        with sftp_banks.openssh(folder / "bank") as server:
            yield server, folder / "bank" / "served"
    else:
        with SftpBank(folder / "bank") as bank:
            yield bank.server(), bank.root


def test_a_file_is_written_whole_under_a_temporary_name_and_renamed(
    served: tuple[Server, Path], tmp_path: Path
) -> None:
    server, root = served
    (root / "out").mkdir()
    seen: list[list[str]] = []
    with place_at(server, tmp_path) as place:
        place.put(
            "out", ".a.1.part", "a.ach", CONTENT, lambda: seen.append(sorted(p.name for p in (root / "out").iterdir()))
        )

        assert seen == [[".a.1.part"]]
        assert [path.name for path in (root / "out").iterdir()] == ["a.ach"]
        assert (root / "out" / "a.ach").read_bytes() == CONTENT
        assert [place.look("out", "a.ach", one) for one in (CONTENT, b"x" * len(CONTENT), b"")] == [
            "ours",
            "others",
            "others",
        ]
        assert place.read("out", "a.ach", 10) == CONTENT[:10]
        assert (place.look("out", "b.ach", b""), place.has("out", "b.ach")) == ("nothing", False)
        for ask in (lambda: place.look("nowhere", "a.ach", b""), lambda: place.has("nowhere", "a.ach")):
            with pytest.raises(Unseen, match="no such folder"):
                ask()  # a login that arrives somewhere else proves nothing absent
        assert place.host_key.startswith("ssh-ed25519 SHA256:")


def test_nothing_is_ever_written_over(served: tuple[Server, Path], tmp_path: Path) -> None:
    server, root = served
    (root / "taken").mkdir()
    (root / "taken" / "a.ach").write_bytes(b"another's")
    with place_at(server, tmp_path) as place:
        with pytest.raises(Unseen, match="something lies there already"):
            place.put("taken", ".a.1.part", "a.ach", CONTENT, nothing)
        with pytest.raises(Unseen):
            place.put("no-such-folder", ".a.1.part", "a.ach", CONTENT, nothing)

    assert (root / "taken" / "a.ach").read_bytes() == b"another's" and not (root / "no-such-folder").exists()


NAMES = st.sampled_from(["a.ach", "b.ach", "ünïcode.txt", " spaced "])
FOLDERS = st.sampled_from([".", "in", "in/deep", "/in"])
ANYWHERE = st.one_of(FOLDERS, st.just("nowhere"))
BODIES = st.sampled_from([b"", b"x", b"y", b"z" * 70_000])
STEPS = st.one_of(
    st.tuples(st.just("put"), FOLDERS, NAMES, BODIES),
    st.tuples(st.just("look"), FOLDERS, NAMES, BODIES),
    st.tuples(st.just("has"), FOLDERS, NAMES),
    st.tuples(st.just("remove"), ANYWHERE, NAMES),
    st.tuples(st.sampled_from(["names", "entries"]), ANYWHERE),
    st.tuples(st.just("read"), ANYWHERE, NAMES, st.sampled_from([1, 100_000])),
)


@given(steps=st.lists(STEPS, min_size=1, max_size=12))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_server_does_what_a_folder_does(
    served: tuple[Server, Path], tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]]
) -> None:
    server, root = served
    own = tmp_path_factory.mktemp("twins")
    (root / own.name / "in" / "deep").mkdir(parents=True)
    (own / "in" / "deep").mkdir(parents=True)
    base = "/".join(part for part in (server.root, own.name) if part) if server.root else f"/{own.name}"
    folder = FolderPlace(own)
    with SftpPlace(
        Server(**{name: getattr(server, name) for name in server.__slots__} | {"root": base}),
        Config(home=own, egress_allow=sftp_banks.NEAR),
    ) as place:
        for step in steps:
            assert _done(place, step) == _done(folder, step), step
    assert _tree(root / own.name) == _tree(own)


def _done(place: Any, step: tuple[Any, ...]) -> Any:
    kind, *words = step
    if kind == "put":
        path, name, content = words
        if place.has(path, name):
            return None  # a folder of this machine would write over it
        return place.put(path, f".{name}.1.part", name, content, nothing)
    if kind == "entries":
        return [(entry.name, entry.size_bytes) for entry in place.entries(*words)]
    try:
        return getattr(place, kind)(*words)
    except Unseen:
        return "unseen"


def _tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_server_that_renames_only_plainly_serves(sftp_bank: SftpBank, tmp_path: Path) -> None:
    sftp_bank.acts.has_posix_rename = False
    with place_at(sftp_bank.server(), tmp_path) as place:
        place.put(".", ".a.1.part", "a.ach", CONTENT, nothing)
        with pytest.raises(Unseen):
            place.put(".", ".a.2.part", "a.ach", b"other", nothing)

    assert (sftp_bank.root / "a.ach").read_bytes() == CONTENT


def test_a_server_that_takes_the_file_away_at_once_has_it(sftp_bank: SftpBank, tmp_path: Path) -> None:
    sftp_bank.acts.takes = banking.vanish
    with place_at(sftp_bank.server(), tmp_path) as place:
        place.put(".", ".a.1.part", "a.ach", CONTENT, nothing)
        assert place.look(".", "a.ach", CONTENT) == "nothing"

    assert sftp_bank.acts.received == [("a.ach", CONTENT)]


def test_a_write_that_was_cut_short_gets_no_name(sftp_bank: SftpBank, tmp_path: Path) -> None:
    sftp_bank.acts.keeps_bytes = 1000
    with place_at(sftp_bank.server(), tmp_path) as place, pytest.raises(Unseen, match=f"1000 of {len(CONTENT)} bytes"):
        place.put(".", ".a.1.part", "a.ach", CONTENT, nothing)

    assert not (sftp_bank.root / "a.ach").exists() and sftp_bank.acts.received == []


@pytest.mark.parametrize(
    ("lost", "named"), [("while writing", False), ("before the rename", False), ("after the rename", True)]
)
def test_a_connection_that_is_lost_is_not_made_again_in_its_round(
    sftp_bank: SftpBank, tmp_path: Path, lost: Any, named: bool
) -> None:
    sftp_bank.acts.lost = lost
    with place_at(sftp_bank.server(), tmp_path) as place:
        for ask in (lambda: place.put(".", ".a.1.part", "a.ach", CONTENT, nothing), lambda: place.has(".", "a.ach")):
            with pytest.raises(Unseen) as found:
                ask()
            assert not isinstance(found.value, PlaceRefused)

    assert (sftp_bank.root / "a.ach").exists() is named and sftp_bank.acts.sessions == 1


@pytest.mark.parametrize("at", ["stat", "write", "close"])
def test_a_slow_server_is_waited_for_so_long_and_no_longer(sftp_bank: SftpBank, tmp_path: Path, at: Any) -> None:
    sftp_bank.acts.slow_seconds, sftp_bank.acts.slow_at = 60, at
    began = time.monotonic()
    with place_at(sftp_bank.server(timeout_seconds=1), tmp_path) as place:
        with pytest.raises(Unseen, match="no answer within 1 s"):
            place.put(".", ".a.1.part", "a.ach", b"short", nothing)
        with pytest.raises(Unseen, match="no answer"):
            place.has(".", "a.ach")  # at once: the connection is given up

    assert time.monotonic() - began < 10 and not (sftp_bank.root / "a.ach").exists()


def test_whoever_runs_an_event_loop_may_use_a_place(sftp_bank: SftpBank, tmp_path: Path) -> None:
    async def names() -> list[str]:
        with place_at(sftp_bank.server(), tmp_path) as place:
            return place.names(".")

    assert asyncio.run(names()) == []
    assert [thread.name for thread in threading.enumerate() if thread.name == "headgate sftp"] == []


def test_what_is_not_unlike_a_server_keeps_us_waiting_in_vain(tmp_path: Path) -> None:
    """Somebody listens, and says nothing."""
    import socket

    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        server = Server(
            "127.0.0.1", mute.getsockname()[1], "u", ("SHA256:" + "A" * 43,), "password", "p", timeout_seconds=1
        )
        with place_at(server, tmp_path) as place, pytest.raises(Unseen, match="did not answer within 1 s"):
            place.names(".")
    with place_at(server, tmp_path) as place, pytest.raises(Unseen, match="no connection"):
        place.names(".")


def refused(server: Server, tmp_path: Path) -> str:
    """Why a place keeps us out for good."""
    with place_at(server, tmp_path) as place:
        with pytest.raises(PlaceRefused) as found:
            place.has(".", "a.ach")
        assert place.refusal is not None and str(place.refusal) == str(found.value)
    return str(found.value)


@pytest.mark.parametrize("keys", [(), ("SHA256:" + "A" * 43,), "another"])
def test_an_unknown_host_key_is_refused_and_shown(sftp_bank: SftpBank, tmp_path: Path, keys: Any) -> None:
    if keys == "another":
        keys = (host_key("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICcWAQ8MSZlTzMJLb2HIJe2tIWndYqI1wXK8xYNpP0js"),)

    said = refused(sftp_bank.server(host_keys=keys), tmp_path)

    assert sftp_bank.fingerprint in said and ("none is configured yet" in said) is (keys == ())
    assert sftp_bank.acts.sessions == 0


def test_a_whole_key_among_several_lets_us_in(sftp_bank: SftpBank, tmp_path: Path) -> None:
    keys = ("SHA256:" + "A" * 43, sftp_bank.host_key)
    with place_at(sftp_bank.server(host_keys=keys), tmp_path) as place:
        assert place.names(".") == []


def test_a_password_lets_us_in_and_a_wrong_one_does_not(sftp_bank: SftpBank, tmp_path: Path) -> None:
    with place_at(sftp_bank.server(login="password", secret=PASSWORD), tmp_path) as place:
        assert place.has(".", "archive")
    said = refused(sftp_bank.server(login="password", secret="hunter2-hunter2"), tmp_path)
    assert "does not let headgate in with this password" in said and "hunter2" not in said


def test_a_wrong_key_is_refused(sftp_bank: SftpBank, tmp_path: Path) -> None:
    import asyncssh

    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh").decode()

    assert "does not let headgate in with this key" in refused(sftp_bank.server(secret=other), tmp_path)


def test_an_address_inside_is_not_called_unless_an_operator_allows_it(sftp_bank: SftpBank, tmp_path: Path) -> None:
    for host in ("127.0.0.1", "localhost", "2130706433", "169.254.169.254"):
        with SftpPlace(sftp_bank.server(host=host), Config(home=tmp_path)) as place, pytest.raises(PlaceRefused):
            place.names(".")
    assert sftp_bank.acts.sessions == 0


def test_a_name_that_cannot_be_written_down_is_passed_over(sftp_bank: SftpBank, tmp_path: Path) -> None:
    (sftp_bank.root / "good").touch()
    for name in (b"bad\xff", b"bell\x07"):
        Path(bytes(sftp_bank.root).decode()).joinpath(name.decode("utf-8", "surrogateescape")).touch()
    with place_at(sftp_bank.server(), tmp_path) as place:
        assert place.names(".") == ["good"]


def test_nothing_secret_is_logged_or_shown(
    sftp_bank: SftpBank, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = sftp_bank.server(login="password", secret=PASSWORD)
    with caplog.at_level(logging.DEBUG), place_at(server, tmp_path) as place:
        place.names(".")

    assert PASSWORD not in caplog.text + repr(server) + repr(place)


@pytest.mark.parametrize(
    "text",
    ["", "ssh-ed25519", "ssh-ed25519 AAAA", "SHA256:short", "MD5:aa:bb", "@cert-authority * ssh-ed25519 AAAA", "x y z"],
)
def test_what_is_no_host_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidKey):
        host_key(text)


def test_a_host_key_is_taken_as_people_have_it(sftp_bank: SftpBank) -> None:
    forms: list[Callable[[str], str]] = [
        lambda key: key,
        lambda key: f"{key} root@bank",
        lambda key: f"sftp.bank.example,192.0.2.1 {key}",
        lambda key: f"|1|salt=|hash= {key} comment",
    ]
    assert {host_key(form(sftp_bank.host_key)) for form in forms} == {sftp_bank.host_key}
    assert host_key(f"256 {sftp_bank.fingerprint}") == sftp_bank.fingerprint


def test_a_private_key_is_whole_and_without_a_passphrase() -> None:
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(InvalidKey, match="passphrase"):
        private_key(key.export_private_key("pkcs8-pem", passphrase="secret words").decode())
    with pytest.raises(InvalidKey, match="no private key"):
        private_key(key.export_public_key("openssh").decode())
    assert private_key(key.export_private_key("pkcs8-pem").decode()).startswith("-----BEGIN OPENSSH PRIVATE KEY")
