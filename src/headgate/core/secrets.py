"""Seal what must not be read in the database, and find it again by fingerprint.

```python
sealed = secrets.seal(tx, account_number.encode(), context="parties.bank_accounts.account_number")
number = secrets.open_sealed(tx, sealed, context="parties.bank_accounts.account_number")
```

Envelope encryption: each tenant has data keys, kept in `core.data_keys` wrapped by the installation's master key
(`core.keys`: from file or environment, the seam for a KMS). A sealed value is AES-256-GCM bound to its tenant and its
context, and carries the number of its key, so that rotation needs no rewriting:

    1 version | 4 tenant's mark | 4 key number | 12 nonce | ciphertext | 16 tag

Key number 0 makes fingerprints and is never rotated, since a fingerprint must stay the same for ever.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from headgate.core import errors, installation
from headgate.core.config import Config
from headgate.core.db import Actor, Database, Tx
from headgate.core.keys import MasterKey, master_key, master_key_by_id, public_key, signing_key

__all__ = [
    "fingerprint",
    "fingerprint_many",
    "open_many",
    "open_sealed",
    "public_key",
    "rewrap",
    "rotate",
    "seal",
    "seal_many",
    "signing_key",
]

ACTOR: Final = Actor.system("secrets")

_VERSION: Final = b"\x01"
_HEADER_BYTES: Final = 9
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_FINGERPRINT_KEY_NO: Final = 0


class WrongMasterKey(errors.ConfigError):
    """A tenant's data key was wrapped by a master key that this installation does not have."""

    code = "core.wrong_master_key"


class NotSealed(errors.HeadgateError):
    """These bytes are no sealed value."""

    code = "core.not_sealed"


class SealedForAnotherTenant(errors.HeadgateError):
    """This value was sealed for another tenant: a row was moved or copied across tenants."""

    code = "core.sealed_for_another_tenant"


class SealBroken(errors.HeadgateError):
    """A sealed value or key does not open: it was altered, or sealed for another context."""

    code = "core.seal_broken"


@dataclass(frozen=True, slots=True)
class _DataKey:
    key_no: int
    wrapped: bytes = field(repr=False)
    kek_id: str


@dataclass(slots=True)
class _Kept:
    """A tenant's keys in one transaction, and those that were unwrapped."""

    keys: Sequence[_DataKey] = ()
    opened: dict[_DataKey, bytes] = field(default_factory=dict, repr=False)
    has_drawn: bool = False


def seal(tx: Tx, plaintext: bytes, *, context: str) -> bytes:
    """Seal for this tenant. `context` names the place (`schema.table.column`): the value opens nowhere else."""
    return seal_many(tx, [plaintext], context=context)[0]


def seal_many(tx: Tx, plaintexts: Sequence[bytes], *, context: str) -> list[bytes]:
    """Seal each, in order, with one fetch of the key."""
    sealing = [key for key in _keys(tx) if key.key_no != _FINGERPRINT_KEY_NO]
    key = sealing[-1] if sealing else _created(tx, 1)
    cipher = AESGCM(_unwrapped(tx, key))
    header = _VERSION + _mark(tx.tenant_id) + key.key_no.to_bytes(4)
    bound = _bound(tx.tenant_id, context)
    sealed = []
    for plaintext in plaintexts:
        nonce = os.urandom(_NONCE_BYTES)
        sealed.append(header + nonce + cipher.encrypt(nonce, plaintext, header + bound))
    return sealed


def open_sealed(tx: Tx, sealed: bytes, *, context: str) -> bytes:
    """What was sealed here. Raises NotSealed, SealedForAnotherTenant, WrongMasterKey or SealBroken."""
    return open_many(tx, [sealed], context=context)[0]


def open_many(tx: Tx, sealed: Sequence[bytes], *, context: str) -> list[bytes]:
    """Open each, in order, with one fetch of the keys. Raises as `open_sealed` does, for the first that fails."""
    keys = {key.key_no: key for key in _keys(tx)}
    bound = _bound(tx.tenant_id, context)
    ciphers: dict[int, AESGCM] = {}
    opened = []
    for value in sealed:
        key_no = _key_no(value, tx.tenant_id)
        if key_no not in ciphers:
            if key_no not in keys:
                keys = {key.key_no: key for key in _keys(tx, anew=True)}
            if key_no not in keys:
                raise SealBroken(
                    f"its key, number {key_no}, is not in core.data_keys; restore that table with the value"
                )
            ciphers[key_no] = AESGCM(_unwrapped(tx, keys[key_no]))
        header, nonce = value[:_HEADER_BYTES], value[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        try:
            opened.append(ciphers[key_no].decrypt(nonce, value[_HEADER_BYTES + _NONCE_BYTES :], header + bound))
        except InvalidTag:
            raise SealBroken(f"a sealed value was altered, or was not sealed for {context}", context=context) from None
    return opened


def fingerprint(tx: Tx, text: str, *, purpose: str) -> bytes:
    """32 bytes that are equal exactly for equal texts of one tenant and purpose, and tell nothing without the key."""
    return fingerprint_many(tx, [text], purpose=purpose)[0]


def fingerprint_many(tx: Tx, texts: Sequence[str], *, purpose: str) -> list[bytes]:
    """The fingerprint of each, in order, with one fetch of the key."""
    key = next((each for each in _keys(tx) if each.key_no == _FINGERPRINT_KEY_NO), None)
    secret = _unwrapped(tx, key or _created(tx, _FINGERPRINT_KEY_NO))
    derived = hmac.digest(secret, b"headgate fingerprint\0" + purpose.encode(), "sha256")
    return [hmac.digest(derived, text.encode(), "sha256") for text in texts]


def rotate(tx: Tx) -> int:
    """Give this tenant a new data key, and say its number. What was sealed before opens as before."""
    # Two rotations at once would draw the same number.
    tx.run("SELECT pg_advisory_xact_lock(hashtext('core.data_keys'), hashtext(core.require_tenant()::text))")
    highest = max((key.key_no for key in _keys(tx)), default=_FINGERPRINT_KEY_NO)
    return _created(tx, highest + 1).key_no


def rewrap(database: Database) -> int:
    """Wrap every tenant's data keys with the present master key, and say how many were not yet. Safe to repeat.

    Raises WrongMasterKey where the one that wrapped them is not at hand; then nothing of that tenant has changed.
    """
    rewrapped = 0
    current = master_key(database.config)
    for tenant_id in installation.tenant_ids(database):
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            stale = [key for key in _keys(tx, lock=True) if key.kek_id != current.id]
            for key in stale:
                material = _unwrapped(tx, key)
                tx.run(
                    "UPDATE core.data_keys SET wrapped = %(wrapped)s, kek_id = %(kek_id)s WHERE key_no = %(key_no)s",
                    {
                        "wrapped": _wrapped(current, tenant_id, key.key_no, material),
                        "kek_id": current.id,
                        "key_no": key.key_no,
                    },
                )
            rewrapped += len(stale)
    return rewrapped


def _keys(tx: Tx, *, lock: bool = False, anew: bool = False) -> Sequence[_DataKey]:
    # Not kept in a transaction that drew a key, nor for others: what this process once saw may have been rolled back, with a
    # savepoint too, and what it seals be lost.
    if lock:
        return tx.all("SELECT key_no, wrapped, kek_id FROM core.data_keys ORDER BY key_no FOR UPDATE", row=_DataKey)
    kept: _Kept = tx.kept.setdefault(__name__, _Kept())
    if kept.has_drawn or (kept.keys and anew):
        kept.keys = _read_keys(tx)
    elif not kept.keys:
        kept.keys = tx.setting("core.data_keys", lambda: _read_keys(tx))
    return kept.keys


def _read_keys(tx: Tx) -> Sequence[_DataKey]:
    return tx.all("SELECT key_no, wrapped, kek_id FROM core.data_keys ORDER BY key_no", row=_DataKey)


def _created(tx: Tx, key_no: int) -> _DataKey:
    """The tenant's key of that number, drawn now unless another transaction was first."""
    current = master_key(tx.config)
    tx.kept.setdefault(__name__, _Kept()).has_drawn = True
    tx.run(
        """
        INSERT INTO core.data_keys (tenant_id, key_no, wrapped, kek_id)
        VALUES (%(tenant_id)s, %(key_no)s, %(wrapped)s, %(kek_id)s)
        ON CONFLICT ON CONSTRAINT data_keys_pkey DO NOTHING
        """,
        {
            "tenant_id": tx.tenant_id,
            "key_no": key_no,
            "wrapped": _wrapped(current, tx.tenant_id, key_no, AESGCM.generate_key(256)),
            "kek_id": current.id,
        },
    )
    # Read back, since it may be another's. Under a snapshot older than that one the INSERT fails to serialise instead.
    return next(key for key in _keys(tx) if key.key_no == key_no)


def _wrapped(master: MasterKey, tenant_id: UUID, key_no: int, material: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(master.material).encrypt(nonce, material, _place(tenant_id, key_no))


def _unwrapped(tx: Tx, key: _DataKey) -> bytes:
    kept: _Kept = tx.kept.setdefault(__name__, _Kept())
    if key not in kept.opened:
        kept.opened[key] = _opened(tx.config, tx.tenant_id, key)
    return kept.opened[key]


def _opened(config: Config, tenant_id: UUID, key: _DataKey) -> bytes:
    master = master_key_by_id(config, key.kek_id)
    if master is None:
        raise WrongMasterKey(
            f"data key {key.key_no} of tenant {tenant_id} was wrapped by master key {key.kek_id}, which is not here: "
            "give it as HEADGATE_MASTER_KEY, or as HEADGATE_MASTER_KEY_PREVIOUS and run `headgate secrets rewrap`",
            kek_id=key.kek_id,
        )
    try:
        return _material(master, bytes(key.wrapped), _place(tenant_id, key.key_no))
    except InvalidTag:
        raise SealBroken(
            f"data key {key.key_no} of tenant {tenant_id} was altered in core.data_keys; restore that row from a backup"
        ) from None


@lru_cache(maxsize=4096)
def _material(master: MasterKey, wrapped: bytes, place: bytes) -> bytes:
    return AESGCM(master.material).decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], place)


def _place(tenant_id: UUID, key_no: int) -> bytes:
    return b"headgate data key\0" + tenant_id.bytes + key_no.to_bytes(4)


def _bound(tenant_id: UUID, context: str) -> bytes:
    return tenant_id.bytes + context.encode()


def _mark(tenant_id: UUID) -> bytes:
    """Tells whose a misplaced value is; what keeps it closed is the cipher's binding, not this."""
    return hashlib.sha256(b"headgate tenant mark\0" + tenant_id.bytes).digest()[:4]


def _key_no(sealed: bytes, tenant_id: UUID) -> int:
    if len(sealed) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES or sealed[:1] != _VERSION:
        raise NotSealed(
            f"{len(sealed)} bytes that are no sealed value: a column was filled past core.secrets, or cut short"
        )
    if sealed[1:5] != _mark(tenant_id):
        raise SealedForAnotherTenant()
    return int.from_bytes(sealed[5:_HEADER_BYTES])
