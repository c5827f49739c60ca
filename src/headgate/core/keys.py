"""The installation's own keys: the master key that wraps data keys, and the pair that signs audit checkpoints.

The master key comes from the environment (`HEADGATE_MASTER_KEY`, or a file that a KMS agent writes); where it does not,
it is drawn once and kept in `HEADGATE_HOME/keys`, as the signing pair is. A key file appears whole or not at all, with
mode 0600 in a folder of mode 0700, and of several processes that start at once one draws it and the others read it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from headgate.core.config import MASTER_KEY_BYTES, Config
from headgate.core.errors import ConfigError

MASTER: Final = "master.key"
SIGNING: Final = "audit.key"
PUBLIC: Final = "audit.pub"


class KeyFileUnusable(ConfigError):
    """A key file is damaged, missing beside its partner, or another account's."""

    code = "core.key_file_unusable"


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A key that wraps data keys. `id` names it without telling it."""

    material: bytes = field(repr=False)

    @property
    def id(self) -> str:
        return "kek_" + hashlib.sha256(b"headgate master key\0" + self.material).hexdigest()[:16]


def master_key(config: Config) -> MasterKey:
    """The key that wraps from now on. Draws it at first use where the environment gives none."""
    if config.master_key is not None:
        return MasterKey(config.master_key)
    path = config.keys_folder / MASTER
    if not _stands(path):
        _create(path, _drawn_text)
    return _read_master(path)


def master_key_by_id(config: Config, kek_id: str) -> MasterKey | None:
    """The present, the previous or a retired master key of that id; None where this installation has none such."""
    current = master_key(config)
    if current.id == kek_id:
        return current
    if config.master_key_previous is not None and (previous := MasterKey(config.master_key_previous)).id == kek_id:
        return previous
    retired = _retired(config, kek_id)
    return _read_master(retired) if _stands(retired) else None


def replace_master_key(config: Config) -> tuple[MasterKey, MasterKey]:
    """Draw a new master key and retire the one in HEADGATE_HOME: (new, retired).

    The retired one stays, as `master-<id>.key`: backups made before now need it. Raises ConfigError where the
    environment gives the key: there the new one is set, and the old one as HEADGATE_MASTER_KEY_PREVIOUS.
    """
    if config.master_key is not None:
        raise ConfigError(
            "the master key comes from the environment: set the new one as HEADGATE_MASTER_KEY and the old one as "
            "HEADGATE_MASTER_KEY_PREVIOUS, then rewrap"
        )
    old = master_key(config)
    retired = _retired(config, old.id)
    text = base64.b64encode(old.material) + b"\n"
    _create(retired, lambda: text)
    fresh = _written(config.keys_folder, _drawn_text())
    fresh.replace(config.keys_folder / MASTER)
    _sync(config.keys_folder)
    return master_key(config), old


def signing_key(config: Config) -> Ed25519PrivateKey:
    """The key that signs this installation's checkpoints; drawn at first use. Raises KeyFileUnusable."""
    path, public = config.keys_folder / SIGNING, config.keys_folder / PUBLIC
    if not _stands(path):
        if _stands(public):
            raise KeyFileUnusable(
                f"{public} stands without {path}: a new key would disown every checkpoint signed so far; "
                f"restore {SIGNING}, or move {PUBLIC} away to begin anew"
            )
        _create(path, lambda: _private_pem(Ed25519PrivateKey.generate()))
    try:
        key = load_pem_private_key(_bytes(path), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileUnusable(f"{path} holds no ed25519 key in PEM; restore it from your backup of the keys")
    if not _stands(public):
        _create(public, lambda: _public_pem(key.public_key()), mode=0o644)
    if _read_public(public).public_bytes_raw() != key.public_key().public_bytes_raw():
        raise KeyFileUnusable(f"{public} is not the public key of {path}; restore both from the same backup")
    return key


def public_key(config: Config) -> Ed25519PublicKey:
    """The key that verifies this installation's checkpoints; drawn with its partner at first use."""
    public = config.keys_folder / PUBLIC
    return _read_public(public) if _stands(public) else signing_key(config).public_key()


def _retired(config: Config, kek_id: str) -> Path:
    return config.keys_folder / f"master-{kek_id}.key"


def _drawn_text() -> bytes:
    return base64.b64encode(secrets.token_bytes(MASTER_KEY_BYTES)) + b"\n"


def _read_master(path: Path) -> MasterKey:
    try:
        material = base64.b64decode(_bytes(path).strip(), validate=True)
    except binascii.Error:
        material = b""
    if len(material) != MASTER_KEY_BYTES:
        raise KeyFileUnusable(
            f"{path} does not hold {MASTER_KEY_BYTES} bytes in base64; restore it from your backup of the keys"
        )
    return MasterKey(material)


def _read_public(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(_bytes(path))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileUnusable(f"{path} holds no ed25519 public key in PEM; restore it from your backup of the keys")
    return key


def _private_pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _stands(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise _unreadable(path, error) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> KeyFileUnusable:
    return KeyFileUnusable(
        f"{path} cannot be read ({error.strerror}); run as the account that owns it, or name another HEADGATE_HOME"
    )


def _create(path: Path, content: Callable[[], bytes], *, mode: int = 0o600) -> None:
    """Make a key file unless it stands already: written apart and linked, so that nobody reads half of it."""
    try:
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        fresh = _written(path.parent, content(), mode=mode)
    except OSError as error:
        raise KeyFileUnusable(
            f"{path} cannot be made ({error.strerror}); run as the account that owns the folder, or name another "
            "HEADGATE_HOME"
        ) from error
    with contextlib.suppress(FileExistsError):
        os.link(fresh, path)  # Unlike a rename, a link never replaces what another process has just made.
    fresh.unlink()
    _sync(path.parent)


def _written(folder: Path, content: bytes, *, mode: int = 0o600) -> Path:
    fresh = folder / f".{secrets.token_hex(8)}.tmp"
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)  # The umask may have taken the public key's reading bits.
        file.write(content)
        file.flush()
        os.fsync(handle)
    return fresh


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
