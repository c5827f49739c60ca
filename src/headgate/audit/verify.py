"""Verifying the log: recompute every hash from the rows themselves, in the database or from an export alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from headgate.audit import reader
from headgate.audit.chain import Anchor, Fold, judge_chain
from headgate.audit.checkpoint import Checkpoint, logged_tenants
from headgate.audit.export import BlockLine, End, EventLine, Header, TenantLine, read_export
from headgate.audit.model import Block, Break, Chain, CorrelationProof, Report, Sealable
from headgate.core.db import Actor, Database

_ACTOR: Final = Actor.system("audit.verify")


def verify_database(
    database: Database,
    *,
    checkpoint: Checkpoint | None = None,
    key: Ed25519PublicKey | None = None,
    tenant_ids: list[UUID] | None = None,
    correlation_id: str | None = None,
) -> Report:
    """Verify the log of all tenants (or these) as it stands in the database, from its first event.

    With a checkpoint, whose signature `key` must be of, the loss of a tail or of a whole tenant is found as well.
    """
    outside = _checkpoint_breaks(checkpoint, key)
    anchors = checkpoint.anchors() if checkpoint and not outside else {}
    if tenant_ids is None:
        tenant_ids = sorted({*logged_tenants(database), *anchors})
    fold = Fold(correlation_id) if correlation_id else None
    chains = [verify_tenant(database, tenant_id, anchor=anchors.get(tenant_id), fold=fold) for tenant_id in tenant_ids]
    return _report("database", checkpoint, outside, chains, fold)


def verify_tenant(
    database: Database, tenant_id: UUID, *, anchor: Anchor | None = None, fold: Fold | None = None, after_block: int = 0
) -> Chain:
    """Verify one tenant's chain in the database, from its first event or from the block after `after_block`."""
    # Two transactions, since a connection that copies cannot be asked for blocks. The blocks are counted first: what is
    # sealed while this runs is then unsealed, and never missing.
    with (
        database.begin(tenant_id=tenant_id, actor=_ACTOR) as of_blocks,
        database.begin(tenant_id=tenant_id, actor=_ACTOR) as of_events,
    ):
        head = reader.head(of_blocks)
        up_to = head.number if head else 0
        after = next(reader.blocks(of_blocks, after=after_block - 1, up_to=after_block), None) if after_block else None
        start = after.last if after else reader.START
        with closing(reader.copied_events(of_events, after=start)) as copied:
            return judge_chain(
                tenant_id,
                reader.blocks(of_blocks, after=after.number if after else 0, up_to=up_to),
                map(reader.sealable, copied),
                anchor=anchor,
                fold=fold,
                after=after,
            )


def verify_export(
    path: Path,
    *,
    checkpoint: Checkpoint | None = None,
    key: Ed25519PublicKey | None = None,
    tenant_ids: list[UUID] | None = None,
    correlation_id: str | None = None,
) -> Report:
    """Verify the log from an export, with nothing but the file, a public key and a checkpoint.

    Raises ExportMalformed where the file is no export at all.
    """
    outside = _checkpoint_breaks(checkpoint, key)
    anchors = checkpoint.anchors() if checkpoint and not outside else {}
    fold = Fold(correlation_id) if correlation_id else None
    file = _ExportFile(path)
    chains: dict[UUID, Chain] = {}
    while (tenant_id := file.next_tenant()) is not None:
        chain = judge_chain(tenant_id, file.blocks(), file.events(), anchor=anchors.get(tenant_id), fold=fold)
        if tenant_id in chains:
            outside.append(_outside("tenant_twice", f"the file holds the log of tenant {tenant_id} twice", tenant_id))
        chains[tenant_id] = chain
    outside += [_outside("export_malformed", fault) for fault in file.faults]
    for tenant_id in sorted(
        {*(file.tenants if tenant_ids is None else tenant_ids), *(anchors if tenant_ids is None else ())}
    ):
        if tenant_id not in chains:
            outside.append(_outside("log_deleted", f"the file does not hold the log of tenant {tenant_id}", tenant_id))
    wanted = [chain for tenant_id, chain in chains.items() if tenant_ids is None or tenant_id in tenant_ids]
    return _report("export", checkpoint, outside, wanted, fold)


class _ExportFile:
    """An export taken apart: a tenant at a time, its blocks and its events as two streams over one file."""

    def __init__(self, path: Path) -> None:
        self.faults: list[str] = []
        self.tenants: list[UUID] = []
        self._lines = read_export(path)
        self._blocks: deque[Block] = deque()
        self._events: deque[Sealable] = deque()
        self._following: UUID | None = None
        self._read_on()

    def next_tenant(self) -> UUID | None:
        """The tenant whose records come next; None at the end of the file."""
        tenant_id, self._following = self._following, None
        return tenant_id

    def blocks(self) -> Iterator[Block]:
        """This tenant's blocks."""
        while self._blocks or self._read_on():
            if self._blocks:
                yield self._blocks.popleft()

    def events(self) -> Iterator[Sealable]:
        """This tenant's events."""
        while self._events or self._read_on():
            if self._events:
                yield self._events.popleft()

    def _read_on(self) -> bool:
        """Read one record into its stream; False where the tenant's records, or the file, have ended."""
        if self._following is not None:
            return False
        for line in self._lines:
            match line:
                case BlockLine():
                    self._blocks.append(line.block())
                    return True
                case EventLine():
                    self._events.append(line.sealable())
                    return True
                case TenantLine():
                    self._following = line.tenant_id
                    return False
                case Header():
                    self.tenants = list(line.tenants)
                case str():
                    self.faults.append(line)
                case End():
                    pass
        return False


def _checkpoint_breaks(checkpoint: Checkpoint | None, key: Ed25519PublicKey | None) -> list[Break]:
    if checkpoint is None:
        return []
    if key is None or not checkpoint.is_signed_by(key):
        return [
            _outside(
                "checkpoint_not_signed",
                "the checkpoint was changed, or it was signed by another key than the one given",
            )
        ]
    return []


def _outside(kind: str, detail: str, tenant_id: UUID | str = "") -> Break:
    return Break(kind=kind, tenant_id=str(tenant_id), detail=detail)


def _report(
    source: str, checkpoint: Checkpoint | None, outside: list[Break], chains: list[Chain], fold: Fold | None
) -> Report:
    breaks = [*outside, *(found for chain in chains for found in chain.breaks)]
    proof = None
    if fold:
        proof = CorrelationProof(
            correlation_id=fold.correlation_id,
            events=fold.events,
            unsealed_events=fold.unsealed_events,
            terminal_hash=fold.hash.hex(),
        )
        if fold.events == 0:
            breaks.append(
                _outside("correlation_unknown", f"no sealed event has the correlation id {fold.correlation_id}")
            )
    return Report(
        verified=not breaks,
        source=source,
        checkpoint=checkpoint.made_at if checkpoint else None,
        first_break=_first(breaks),
        break_count=len(breaks) + sum(chain.break_count - len(chain.breaks) for chain in chains),
        events=sum(chain.sealed.events + chain.unsealed_events for chain in chains),
        chains=tuple(chains),
        correlation=proof,
        breaks=tuple(outside),
    )


def _first(breaks: list[Break]) -> Break | None:
    """The first broken link; what is wrong with a whole file or checkpoint only where no link is."""
    links = [found for found in breaks if found.event is not None or found.block is not None]
    ordered = links or breaks
    return ordered[0] if ordered else None
