"""One effect for one key, for ever: what the Idempotency-Key of a request that moves money does.

The transaction that does the work takes an advisory lock of (tenant, key), or finds it taken and answers 409 at once,
also while the first stalls. With the lock it reads what was answered before. The answer, a refusal too, is written in
the same transaction as the work: either both stand or none. An error rolls back both, so the key stays free.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from headgate.core.db import Tx
from headgate.core.errors import HeadgateError
from headgate.web.errors import IdempotencyKeyReused, InFlight

HASH_VERSION: Final = 1
"""The formula of `body_hash`; a later one must leave the old rows readable."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a key stands for: the method, the path with its query, and the canonical body of the request that first used it."""

    method: str
    path: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    answer: str


@dataclass(frozen=True, slots=True)
class _Claimed:
    key: str
    is_free: bool
    method: str | None
    path: str | None
    body_hash: bytes | None
    status: int | None
    answer: str | None


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


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer to keep: for which key and request, and who asked."""

    key: str
    fingerprint: Fingerprint
    answer: Answer
    actor_id: str
    correlation_id: str


def recall(tx: Tx, key: str, fingerprint: Fingerprint) -> Answer | None:
    """Take the key for this transaction, and say what was answered to it before; None where it is new.

    Raises InFlight at once where another holds the key, IdempotencyKeyReused where it stands for another request.
    """
    found = recall_many(tx, {key: fingerprint})[key]
    if isinstance(found, HeadgateError):
        raise found
    return found


def recall_many(
    tx: Tx, requests: Mapping[str, Fingerprint]
) -> dict[str, Answer | InFlight | IdempotencyKeyReused | None]:
    """`recall` for several keys in one round trip; what it would raise stands in its place."""
    rows = tx.all(
        """
        SELECT key, is_free, method, path, body_hash, status, answer
          FROM web.claim_keys(ARRAY(SELECT jsonb_array_elements_text(%(keys)s::jsonb)))
        """,
        {"keys": json.dumps(list(requests))},
        row=_Claimed,
    )
    return {row.key: _found(row, requests[row.key]) for row in rows}


def answered(tx: Tx, key: str) -> Answer | None:
    """What this actor's request of that key was answered; None where it was not, or by another's."""
    row = tx.maybe(
        """
        SELECT status, answer
          FROM web.idempotency_keys
         WHERE tenant_id = %(tenant)s AND key = %(key)s AND actor_id = core.actor_id()
        """,
        {"tenant": tx.tenant_id, "key": key},
    )
    return Answer(row["status"], row["answer"]) if row else None


def _found(row: _Claimed, fingerprint: Fingerprint) -> Answer | InFlight | IdempotencyKeyReused | None:
    if not row.is_free:
        return InFlight()
    if row.status is None or row.answer is None:
        return None
    differing = [name for name in ("method", "path", "body_hash") if getattr(row, name) != getattr(fingerprint, name)]
    if differing:
        return IdempotencyKeyReused(differing=[name.removesuffix("_hash") for name in differing])
    return Answer(row.status, row.answer)


def remember(tx: Tx, key: str, fingerprint: Fingerprint, answer: Answer) -> None:
    """Write what is answered, in the transaction that did the work."""
    remember_many(tx, [Kept(key, fingerprint, answer, tx.actor.id, tx.correlation_id)])


def remember_many(tx: Tx, kept: Sequence[Kept]) -> None:
    """`remember` for several keys in one statement."""
    tx.run(
        """
        INSERT INTO web.idempotency_keys
               (tenant_id, key, method, path, body_hash, hash_version, status, answer, actor_id, correlation_id)
        SELECT %(tenant_id)s, k.key, k.method, k.path, decode(k.body_hash, 'hex'), %(hash_version)s, k.status, k.answer,
               k.actor_id, k.correlation_id
          FROM json_to_recordset(%(kept)s::json) k (key text, method text, path text, body_hash text, status smallint,
                                                    answer text, actor_id text, correlation_id text)
        """,
        {
            "tenant_id": tx.tenant_id,
            "hash_version": HASH_VERSION,
            "kept": json.dumps(
                [
                    {
                        "key": one.key,
                        "method": one.fingerprint.method,
                        "path": one.fingerprint.path,
                        "body_hash": one.fingerprint.body_hash.hex(),
                        "status": one.answer.status,
                        "answer": one.answer.answer,
                        "actor_id": one.actor_id,
                        "correlation_id": one.correlation_id,
                    }
                    for one in kept
                ],
                ensure_ascii=False,
            ),
        },
    )
