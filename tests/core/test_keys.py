"""The installation's keys: drawn once by whoever comes first, private, and never silently replaced."""

from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from headgate.core import keys
from headgate.core.config import Config
from headgate.core.errors import ConfigError
from headgate.core.keys import KeyFileUnusable


@pytest.fixture
def home(tmp_path: Path) -> Config:
    return Config(home=tmp_path / "new" / "home")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_keys_are_drawn_once_and_are_private(home: Config) -> None:
    before = os.umask(0o022)
    try:
        master, signing = keys.master_key(home), keys.signing_key(home)
    finally:
        os.umask(before)

    assert keys.master_key(home) == master
    assert keys.signing_key(home).private_bytes_raw() == signing.private_bytes_raw()
    assert keys.public_key(home).public_bytes_raw() == signing.public_key().public_bytes_raw()
    assert sorted(path.name for path in home.keys_folder.iterdir()) == ["audit.key", "audit.pub", "master.key"]
    assert mode(home.keys_folder) == 0o700
    assert mode(home.keys_folder / "master.key") == 0o600
    assert mode(home.keys_folder / "audit.key") == 0o600
    assert mode(home.keys_folder / "audit.pub") == 0o644


def test_a_careless_umask_opens_no_key_and_a_strict_one_closes_no_public_key(home: Config) -> None:
    before = os.umask(0)
    try:
        keys.master_key(home)
        os.umask(0o077)
        keys.public_key(home)
    finally:
        os.umask(before)

    assert mode(home.keys_folder) == 0o700
    assert mode(home.keys_folder / "master.key") == 0o600
    assert mode(home.keys_folder / "audit.pub") == 0o644


def _draw(home: str) -> tuple[bytes, bytes, bytes]:
    config = Config(home=Path(home))
    public = keys.public_key(config).public_bytes_raw()
    return keys.master_key(config).material, keys.signing_key(config).private_bytes_raw(), public


def test_processes_that_start_at_once_draw_one_key(home: Config) -> None:
    with ProcessPoolExecutor(8, mp_context=get_context("fork")) as pool:
        drawn = set(pool.map(_draw, [str(home.home)] * 24))

    assert len(drawn) == 1
    assert len(list(home.keys_folder.iterdir())) == 3


def test_the_environments_key_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    config = Config(home=tmp_path / "home", master_key=bytes(range(32)))

    assert keys.master_key(config).material == bytes(range(32))
    assert not config.home.exists()


def test_a_key_is_named_by_an_id_that_does_not_tell_it() -> None:
    key = keys.MasterKey(bytes(32))

    assert key.id == keys.MasterKey(bytes(32)).id != keys.MasterKey(bytes(31) + b"\x01").id
    assert key.id.startswith("kek_")
    assert "material" not in repr(key)


def test_a_key_is_found_by_its_id_present_previous_or_retired(home: Config) -> None:
    first = keys.master_key(home)
    second, retired = keys.replace_master_key(home)
    third, _ = keys.replace_master_key(home)
    given = Config(home=home.home, master_key=bytes(range(32)), master_key_previous=bytes(range(1, 33)))

    assert retired == first
    assert len({first.id, second.id, third.id}) == 3
    for key in (first, second, third):
        assert keys.master_key_by_id(home, key.id) == key
    assert keys.master_key_by_id(home, "kek_0000000000000000") is None
    assert keys.master_key_by_id(given, keys.MasterKey(bytes(range(1, 33))).id) == keys.MasterKey(bytes(range(1, 33)))
    assert keys.master_key_by_id(given, keys.MasterKey(bytes(range(32))).id) == keys.MasterKey(bytes(range(32)))
    assert keys.master_key_by_id(given, first.id) == first, (
        "a key that moved to the environment still finds retired ones"
    )
    assert mode(home.keys_folder / f"master-{first.id}.key") == 0o600
    assert mode(home.keys_folder / "master.key") == 0o600


def test_a_key_of_the_environment_is_not_replaced_here(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the master key comes from the environment"):
        keys.replace_master_key(Config(home=tmp_path, master_key=bytes(range(32))))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=", b"\xff\xfe", b"not base64 at all"])
def test_a_damaged_master_key_is_not_replaced(home: Config, content: bytes) -> None:
    keys.master_key(home)
    (home.keys_folder / "master.key").write_bytes(content)

    with pytest.raises(KeyFileUnusable, match=r"master\.key does not hold 32 bytes in base64; restore it"):
        keys.master_key(home)

    assert (home.keys_folder / "master.key").read_bytes() == content


def test_a_lost_signing_key_is_not_silently_replaced(home: Config) -> None:
    keys.signing_key(home)
    (home.keys_folder / "audit.key").unlink()

    with pytest.raises(KeyFileUnusable, match="a new key would disown every checkpoint signed so far"):
        keys.signing_key(home)

    assert not (home.keys_folder / "audit.key").exists()


def test_a_lost_public_key_is_derived_anew(home: Config) -> None:
    before = keys.public_key(home).public_bytes_raw()
    (home.keys_folder / "audit.pub").unlink()

    assert keys.public_key(home).public_bytes_raw() == before
    assert (home.keys_folder / "audit.pub").exists()


def test_a_pair_that_does_not_match_is_refused(home: Config, tmp_path: Path) -> None:
    other = Config(home=tmp_path / "other")
    keys.signing_key(home)
    keys.signing_key(other)
    (other.keys_folder / "audit.pub").replace(home.keys_folder / "audit.pub")

    with pytest.raises(KeyFileUnusable, match=r"audit\.pub is not the public key of"):
        keys.signing_key(home)


def test_what_is_no_ed25519_key_is_refused(home: Config) -> None:
    keys.signing_key(home)
    elliptic = ec.generate_private_key(ec.SECP256R1())
    private, public = home.keys_folder / "audit.key", home.keys_folder / "audit.pub"

    for content in (b"nonsense", elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())):
        private.write_bytes(content)
        with pytest.raises(KeyFileUnusable, match="holds no ed25519 key in PEM"):
            keys.signing_key(home)
    for content in (b"nonsense", elliptic.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)):
        public.write_bytes(content)
        with pytest.raises(KeyFileUnusable, match="holds no ed25519 public key in PEM"):
            keys.public_key(home)


def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(KeyFileUnusable, match=r"master\.key cannot be made \(File exists\)"):
        keys.master_key(Config(home=tmp_path / "file"))


def test_another_accounts_keys_are_named(home: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.master_key(home)

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(KeyFileUnusable, match=r"cannot be read \(Permission denied\); run as the account that owns it"):
        keys.master_key(home)
    monkeypatch.setattr(Path, "exists", refuse)
    with pytest.raises(KeyFileUnusable, match=r"cannot be read \(Permission denied\)"):
        keys.master_key(home)


def test_the_key_file_is_what_the_environment_would_hold(home: Config) -> None:
    key = keys.master_key(home)

    text = (home.keys_folder / "master.key").read_text().strip()

    assert base64.b64decode(text) == key.material
    assert (
        Config.from_environment({"HEADGATE_MASTER_KEY": text, "HEADGATE_ENV": "production"}).master_key == key.material
    )
