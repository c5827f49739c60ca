"""Signed checkpoints: the heads of all chains, kept where whoever can write the database cannot.

    {"schema": "headgate.audit.checkpoint.v1", "made_at": "…", "tenants": [{"tenant_id": "…", "block": 12,
     "block_hash": "…", "terminal_hash": "…", "events": 3401}], "signature": "…"}

The signature is ed25519 over the document without it, keys sorted, no white space. A checkpoint says nothing about
whose key signed it: the verifier brings the public key.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from headgate.audit import reader
from headgate.audit.chain import Anchor
from headgate.audit.errors import CheckpointMalformed, KeyMalformed
from headgate.audit.sealer import seal_all
from headgate.core import clock
from headgate.core.canonical import canonical
from headgate.core.db import Actor, Database

SCHEMA: Final = "headgate.audit.checkpoint.v1"
SEAL_WAIT_SECONDS: Final = 10.0
_ACTOR: Final = Actor.system("audit.checkpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The head of one tenant's chain."""

    tenant_id: str
    block: int
    block_hash: str
    terminal_hash: str
    events: int

    def anchor(self) -> Anchor:
        """What the chain is held against."""
        return Anchor(block=self.block, block_hash=bytes.fromhex(self.block_hash), events=self.events)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The heads of the chains at a time, with the signature over them."""

    schema: str
    made_at: str
    tenants: tuple[Head, ...]
    signature: str

    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        document = msgspec.to_builtins(self)
        del document["signature"]
        return canonical(document)

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether the holder of that key signed exactly this."""
        try:
            key.verify(bytes.fromhex(self.signature), self.signed_bytes())
        except (InvalidSignature, ValueError):
            return False
        return True

    def anchors(self) -> dict[UUID, Anchor]:
        """What it vouches for, by tenant."""
        return {UUID(head.tenant_id): head.anchor() for head in self.tenants}


def take_checkpoint(database: Database, key: Ed25519PrivateKey, *, tenant_ids: list[UUID] | None = None) -> Checkpoint:
    """Seal what is committed, waiting up to 10 s for older transactions that are open, and sign the heads."""
    seal_all(database, tenant_ids, wait_seconds=SEAL_WAIT_SECONDS)
    if tenant_ids is None:
        tenant_ids = logged_tenants(database)
    heads = tuple(head for head in (_head(database, tenant_id) for tenant_id in sorted(tenant_ids)) if head)
    unsigned = Checkpoint(schema=SCHEMA, made_at=clock.real_now().isoformat(), tenants=heads, signature="")
    return replace(unsigned, signature=key.sign(unsigned.signed_bytes()).hex())


def logged_tenants(database: Database) -> list[UUID]:
    """Every tenant that the log knows."""
    with database.begin(tenant_id=None, actor=_ACTOR) as tx:
        return list(tx.values("SELECT audit.tenant_ids()"))


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint to a file, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(checkpoint), indent=2) + b"\n")
    beside.replace(path)


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises CheckpointMalformed; whether it is genuine is for `is_signed_by`."""
    try:
        checkpoint = msgspec.json.decode(path.read_bytes(), type=Checkpoint)
        checkpoint.anchors()
    except (OSError, ValueError) as error:
        raise CheckpointMalformed(f"{path} is no checkpoint: {error}", file=str(path)) from error
    if checkpoint.schema != SCHEMA:
        raise CheckpointMalformed(f"{path} is of schema {checkpoint.schema[:60]!r}, not {SCHEMA}", file=str(path))
    return checkpoint


def read_public_key(path: Path) -> Ed25519PublicKey:
    """A verifier's public key, from a file in PEM. Raises KeyMalformed."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise KeyMalformed(f"{path} is no public key in PEM: {error}", file=str(path)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyMalformed(f"{path} is no ed25519 key", file=str(path))
    return key


def _head(database: Database, tenant_id: UUID) -> Head | None:
    with database.begin(tenant_id=tenant_id, actor=_ACTOR) as tx:
        block = reader.head(tx)
        if block is None:
            return None
        return Head(
            tenant_id=str(tenant_id),
            block=block.number,
            block_hash=block.block_hash.hex(),
            terminal_hash=block.terminal_hash.hex(),
            events=tx.value(
                "SELECT sum(event_count)::bigint FROM audit.blocks WHERE number <= %(n)s", {"n": block.number}
            ),
        )
