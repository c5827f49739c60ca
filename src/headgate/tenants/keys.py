"""API keys: 256 random bits behind a prefix that says the mode, kept as their sha256.

`hg_test_0m3v…` — a fast hash is enough here, since nobody can guess 256 bits; a password would need a slow one. The
look-up is by the hash, so no comparison runs along a secret.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import psycopg

from headgate import audit
from headgate.core.db import Database, Tx
from headgate.core.ids import ALPHABET
from headgate.tenants.errors import UnknownKey, UnknownPerson
from headgate.tenants.model import ApiKey, Caller, IssuedKey, check_name
from headgate.tenants.roles import require_role
from headgate.tenants.tenants import current_tenant

_SECRET_LETTERS: Final = 52  # 5 bits each: 260 >= 256
_SHAPE: Final = re.compile(r"hg_(live|test)_[0-9a-hjkmnp-tv-z]{52}\Z")


def create_key(
    tx: Tx, *, role: str, name: str = "API key", user_id: str | None = None, expires_at: datetime | None = None
) -> IssuedKey:
    """Make a key; the answer is the only place where its secret is ever seen. `expires_at` is real time.

    Raises UnknownRole, MalformedName, UnknownPerson.
    """
    require_role(role)
    mode = "live" if current_tenant(tx).livemode else "test"
    key = f"hg_{mode}_" + "".join(secrets.choice(ALPHABET) for _ in range(_SECRET_LETTERS))
    try:
        with tx.savepoint():
            api_key = tx.one(
                """
                INSERT INTO tenants.api_keys (tenant_id, key_hash, last_four, name, role, user_id, expires_at)
                VALUES (%(tenant_id)s, %(key_hash)s, %(last_four)s, %(name)s, %(role)s, %(user_id)s,
                        coalesce(%(expires_at)s::timestamptz, 'infinity'))
                RETURNING id, name, role, last_four, user_id, created_at,
                          nullif(expires_at, 'infinity') AS expires_at, revoked_at
                """,
                {
                    "tenant_id": tx.tenant_id,
                    "key_hash": key_hash(key),
                    "last_four": key[-4:],
                    "name": check_name(name, field="name", length_max=100),
                    "role": role,
                    "user_id": user_id,
                    "expires_at": expires_at,
                },
                row=ApiKey,
            )
    except psycopg.errors.ForeignKeyViolation as error:
        raise UnknownPerson(f"this tenant has no person {user_id}", user_id=user_id) from error
    audit.record(tx, type="tenants.api_key.created", data={"api_key_id": api_key.id, "role": role, "user_id": user_id})
    return IssuedKey(key, api_key)


def revoke_key(tx: Tx, key_id: str) -> ApiKey:
    """Revoke a key, at once and for ever; twice is once. Raises UnknownKey."""
    revoked = tx.touched(
        """
        UPDATE tenants.api_keys
           SET revoked_at = clock_timestamp()
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND revoked_at IS NULL
        """,
        {"tenant_id": tx.tenant_id, "id": key_id},
    )
    if revoked:
        audit.record(tx, type="tenants.api_key.revoked", data={"api_key_id": key_id})
    found = tx.maybe(
        """
        SELECT id, name, role, last_four, user_id, created_at, nullif(expires_at, 'infinity') AS expires_at, revoked_at
          FROM tenants.api_keys
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        """,
        {"tenant_id": tx.tenant_id, "id": key_id},
        row=ApiKey,
    )
    if found is None:
        raise UnknownKey(f"this tenant has no key {key_id[:40]}")
    return found


def keys(tx: Tx, *, after: str = "", limit: int = 100) -> list[ApiKey]:
    """The tenant's keys, revoked and expired ones too, in order of their ids."""
    return tx.all(
        """
        SELECT id, name, role, last_four, user_id, created_at, nullif(expires_at, 'infinity') AS expires_at, revoked_at
          FROM tenants.api_keys
         WHERE tenant_id = %(tenant_id)s AND id > %(after)s
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"tenant_id": tx.tenant_id, "after": after, "limit": limit},
        row=ApiKey,
    )


def authenticate(database: Database, key: str) -> Caller | None:
    """Who stands behind a key; None for one that is malformed, unknown, revoked or expired."""
    return authenticate_many(database, [key])[0]


def authenticate_many(database: Database, keys: Sequence[str]) -> list[Caller | None]:
    """`authenticate` for several at once, in one look-up."""
    hashes = {key: key_hash(key) for key in keys if is_key(key)}
    if not hashes:
        return [None] * len(keys)
    rows = database.look_up(
        """
        SELECT h.key_hash, a.tenant_id, a.key_id, a.role, a.person_id, a.livemode
          FROM unnest(%(hashes)s::bytea[]) h (key_hash), tenants.authenticate(h.key_hash) a
        """,
        {"hashes": list(hashes.values())},
    )
    callers = {bytes(row.pop("key_hash")): Caller(**row) for row in rows}
    return [callers.get(hashes.get(key, b"")) for key in keys]


def is_key(text: str) -> bool:
    """Whether a text has the shape of a key."""
    return _SHAPE.match(text) is not None


def key_hash(key: str) -> bytes:
    """What is stored of a key: its sha256."""
    return hashlib.sha256(key.encode()).digest()
