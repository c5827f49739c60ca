"""One effect for one key, for ever: what the Idempotency-Key of a request that moves money does.

The transaction that does the work takes an advisory lock of (tenant, key), or finds it taken and answers 409 at once,
also while the first stalls. With the lock it reads what was answered before. The answer, a refusal too, is written in
the same transaction as the work: either both stand or none. An error rolls back both, so the key stays free.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

from headgate.core.db import Tx
from headgate.web.errors import IdempotencyKeyReused, InFlight

HASH_VERSION: Final = 1
"""The formula of `body_hash`; a later one must leave the old rows readable."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a key stands for: the method, the path and the canonical body of the request that first used it."""

    method: str
    path: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    answer: str


@dataclass(frozen=True, slots=True)
class _Stored:
    method: str
    path: str
    body_hash: bytes
    status: int
    answer: str


def body_hash(document: Any, raw: bytes, content_type: str) -> bytes:
    """The sha256 of a body, whatever the order of its keys or its white space; of the bytes where it is no JSON.

    The boundary of a multipart body is drawn afresh by every client at every try, so it is left out.
    """
    if document is not None:
        raw = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    elif "boundary=" in content_type:
        boundary = content_type.split("boundary=", 1)[1].split(";", 1)[0].strip().strip('"')
        if boundary:
            raw = raw.replace(b"--" + boundary.encode("latin-1"), b"--")
    return hashlib.sha256(raw).digest()


def lock(tx: Tx, key: str) -> None:
    """Take the key for this transaction. Raises InFlight at once where another holds it."""
    free = tx.value(
        "SELECT pg_try_advisory_xact_lock(hashtextextended(%(tenant)s || ':' || %(key)s, 7))",
        {"tenant": str(tx.tenant_id), "key": key},
    )
    if not free:
        raise InFlight()


def recall(tx: Tx, key: str, fingerprint: Fingerprint) -> Answer | None:
    """What was answered to this key before; None where it is new. Raises IdempotencyKeyReused for another request."""
    stored = tx.maybe(
        """
        SELECT method, path, body_hash, status, answer
          FROM web.idempotency_keys
         WHERE tenant_id = %(tenant_id)s AND key = %(key)s
        """,
        {"tenant_id": tx.tenant_id, "key": key},
        row=_Stored,
    )
    if stored is None:
        return None
    differing = [
        name for name in ("method", "path", "body_hash") if getattr(stored, name) != getattr(fingerprint, name)
    ]
    if differing:
        raise IdempotencyKeyReused(differing=[name.removesuffix("_hash") for name in differing])
    return Answer(stored.status, stored.answer)


def remember(tx: Tx, key: str, fingerprint: Fingerprint, answer: Answer) -> None:
    """Write what is answered, in the transaction that did the work."""
    tx.run(
        """
        INSERT INTO web.idempotency_keys
               (tenant_id, key, method, path, body_hash, hash_version, status, answer, actor_id, correlation_id)
        VALUES (%(tenant_id)s, %(key)s, %(method)s, %(path)s, %(body_hash)s, %(hash_version)s, %(status)s, %(answer)s,
                %(actor_id)s, %(correlation_id)s)
        """,
        {
            "tenant_id": tx.tenant_id,
            "key": key,
            "method": fingerprint.method,
            "path": fingerprint.path,
            "body_hash": fingerprint.body_hash,
            "hash_version": HASH_VERSION,
            "status": answer.status,
            "answer": answer.answer,
            "actor_id": tx.actor.id,
            "correlation_id": tx.correlation_id,
        },
    )
