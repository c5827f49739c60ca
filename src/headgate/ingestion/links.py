"""Short-lived links to the bytes of an artifact, for whoever holds them: signed here, opened by our own door.

    /v1/ingestion/links/{tenant, artifact and moment of expiry, base64}.{HMAC-SHA256, base64}

The signature binds tenant, artifact and expiry, so that no part of one link is good in another; it is made with a key derived
from the installation's master key, and is judged in constant time before anything is looked up. A link says nothing of what it
leads to. Making one and opening one are in the audit log.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

from headgate import audit
from headgate.core import ids
from headgate.core.config import Config
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Malformed
from headgate.core.keys import MasterKey, master_key
from headgate.ingestion import artifacts, queries
from headgate.ingestion.errors import LinkNotValid
from headgate.ingestion.model import Artifact
from headgate.jobs import Outside

PREFIX: Final = "/v1/ingestion/links/"
LIFE: Final = timedelta(minutes=5)
LIFE_MAX: Final = timedelta(hours=1)
TOKEN_MAX: Final = 160
ACTOR: Final = Actor.system("artifact_link")

_CLAIM: Final = struct.Struct(">16sq")
_MAC_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Link:
    """A link: the path of our door, and until when it opens."""

    path: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """What a good link says."""

    tenant_id: UUID
    artifact_id: str
    expires_at: datetime


def make(tx: Tx, artifact_id: str, *, life: timedelta = LIFE) -> Link:
    """A link to the bytes of an artifact, good for `life` by the real clock. Raises NoSuchArtifact, Malformed."""
    if not timedelta(seconds=1) <= life <= LIFE_MAX:
        raise Malformed(f"a link is good for 1 to {int(LIFE_MAX.total_seconds())} seconds", field="seconds")
    queries.get_artifact(tx, artifact_id)
    return make_many(tx, [artifact_id], life=life)[artifact_id]


def make_many(tx: Tx, artifact_ids: Collection[str], *, life: timedelta = LIFE) -> dict[str, Link]:
    """A link to each of these artifacts, which are there."""
    expires_at = (datetime.now(UTC) + life).replace(microsecond=0)
    audit.record_many(
        tx,
        [
            audit.Event(
                type="ingestion.artifact.linked",
                data={"artifact_id": one, "expires_at": expires_at.isoformat()},
                ingestion_id=one,
            )
            for one in artifact_ids
        ],
    )
    return {
        one: Link(PREFIX + sign(tx.config, Claim(tx.tenant_id, one, expires_at)), expires_at) for one in artifact_ids
    }


def sign(config: Config, claim: Claim) -> str:
    """The token of a claim."""
    said = _CLAIM.pack(claim.tenant_id.bytes, int(claim.expires_at.timestamp())) + claim.artifact_id.encode()
    return f"{_encoded(said)}.{_encoded(_mac(master_key(config), said))}"


def judge(config: Config, token: str, *, now: datetime) -> Claim:
    """What a token says. Raises LinkNotValid, in the same words whatever is wrong with it."""
    said, _, given = token.partition(".")
    try:
        told, mac = _decoded(said), _decoded(given)
    except (binascii.Error, ValueError):
        raise LinkNotValid() from None
    keys = [master_key(config)]
    if config.master_key_previous is not None:
        keys.append(MasterKey(config.master_key_previous))
    # Each is compared whole, so that the time taken tells nothing of the signature.
    good = [hmac.compare_digest(_mac(key, told), mac) for key in keys]
    if not any(good) or len(told) <= _CLAIM.size or len(mac) != _MAC_BYTES:
        raise LinkNotValid()
    tenant, until = _CLAIM.unpack(told[: _CLAIM.size])
    claim = Claim(UUID(bytes=tenant), told[_CLAIM.size :].decode(), datetime.fromtimestamp(until, UTC))
    if claim.expires_at <= now:
        raise LinkNotValid()
    return claim


def opened(database: Database, token: str, *, correlation_id: str | None = None) -> tuple[Artifact, bytes]:
    """The artifact that a link leads to, and its bytes as they are stored. Raises LinkNotValid, and those of `artifacts.body`."""
    if len(token) > TOKEN_MAX:
        raise LinkNotValid()
    claim = judge(database.config, token, now=datetime.now(UTC))
    outside = Outside(database, claim.tenant_id, ACTOR, correlation_id or ids.new("cor"))
    return saved(outside, claim.artifact_id, expires_at=claim.expires_at)


def saved(outside: Outside, artifact_id: str, *, expires_at: datetime | None = None) -> tuple[Artifact, bytes]:
    """An artifact and its bytes, for the actor of `outside`, which the audit log keeps. Raises as `artifacts.body` does."""
    found = artifacts.outside(outside.begin, artifact_id)
    data = {"artifact_id": artifact_id, "link_expires_at": expires_at.isoformat() if expires_at else None}
    with outside.begin() as tx:
        audit.record(tx, type="ingestion.artifact.opened", data=data, ingestion_id=artifact_id)
    return found


def _mac(key: MasterKey, said: bytes) -> bytes:
    return hmac.digest(_derived(key.material), said, "sha256")


@lru_cache(maxsize=8)
def _derived(material: bytes) -> bytes:
    return hmac.digest(material, b"headgate artifact link\0", "sha256")


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
