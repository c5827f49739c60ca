"""Judging one tenant's chain: the events that are there against the blocks that were sealed over them.

Pure: it takes two streams in order and holds one block at a time, so a log of any length is judged in constant memory.
Every break is named; what follows a break is judged from what was sealed, so that one flip is one break and not a
thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from headgate.audit.formulas import block_hash, copy_text, event_hash, genesis
from headgate.audit.model import HASH_BYTES, Block, Break, Chain, Position, Range, Sealable

BREAKS_KEPT = 100
_FOLD = b"headgate.audit.correlation.1\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """What a checkpoint says of a tenant: its last block then, its hash, and how many events were sealed."""

    block: int
    block_hash: bytes
    events: int


@dataclass(slots=True)
class Fold:
    """The proof of a correlation id, folded event by event over one tenant after the other."""

    correlation_id: str
    hash: bytes = b""
    events: int = 0
    unsealed_events: int = 0
    _wanted: bytes = field(init=False)

    def __post_init__(self) -> None:
        self._wanted = copy_text(self.correlation_id)
        self.hash = sha256(_FOLD + self._wanted).digest()

    def add(self, event: Sealable, hashed: bytes | None) -> None:
        """Fold in an event of the correlation; without a hash it is not sealed yet and only counted."""
        if event.correlation_id != self._wanted:
            return
        if hashed is None:
            self.unsealed_events += 1
        else:
            self.events += 1
            self.hash = sha256(self.hash + hashed).digest()


class _Judge:
    """What is known so far of one tenant's chain."""

    def __init__(self, tenant_id: UUID, anchor: Anchor | None, fold: Fold | None, after: Block | None) -> None:
        self.tenant_id = tenant_id
        self.anchor = anchor
        self.fold = fold
        self.breaks: list[Break] = []
        self.break_count = 0
        self.number = after.number if after else 0
        self.previous_block = after.block_hash if after else genesis(tenant_id)
        self.previous_event = after.terminal_hash if after else genesis(tenant_id)
        self.last = after.last if after else Position(0, 0, 0)
        self.events = 0
        self.unsealed = 0
        self.anchored = Range(events=0, blocks=0)

    def broken(self, kind: str, detail: str, *, event: int | None = None, block: int | None = None) -> None:
        self.break_count += 1
        if len(self.breaks) < BREAKS_KEPT:
            self.breaks.append(Break(kind=kind, tenant_id=str(self.tenant_id), detail=detail, event=event, block=block))


def judge_chain(
    tenant_id: UUID,
    blocks: Iterable[Block],
    events: Iterable[Sealable],
    *,
    anchor: Anchor | None = None,
    fold: Fold | None = None,
    after: Block | None = None,
) -> Chain:
    """Judge a tenant's chain from its beginning, or from the block `after`, which was judged before.

    Breaks come in the order of the chain: block_missing, block_relinked, block_altered, event_deleted, event_inserted,
    event_reordered, event_altered, event_handwritten; last anchor_differs, tail_deleted or
    log_deleted, which only a checkpoint can show.
    """
    judge = _Judge(tenant_id, anchor, fold, after)
    stream = _Stream(events, judge)
    for block in blocks:
        _judge_block(judge, block)
        _judge_events(judge, block, stream.up_to(block.last))
    for event in stream.rest():
        judge.unsealed += 1
        if event.witnessed is False:
            _handwritten(judge, event.position, None)
        if fold:
            fold.add(event, None)
    _judge_tail(judge)
    return Chain(
        tenant_id=str(tenant_id),
        verified=judge.break_count == 0,
        sealed=Range(events=judge.events, blocks=judge.number),
        anchored=judge.anchored,
        unsealed_events=judge.unsealed,
        terminal_hash=judge.previous_event.hex(),
        break_count=judge.break_count,
        breaks=tuple(judge.breaks),
    )


class _Stream:
    """Events in the order in which they come; one that stands before its forerunner is named."""

    def __init__(self, events: Iterable[Sealable], judge: _Judge) -> None:
        self._events = self._ordered(iter(events), judge)
        self._next = next(self._events, None)

    def up_to(self, last: Position) -> list[Sealable]:
        """The events up to a position."""
        taken = []
        while self._next is not None and self._next.position <= last:
            taken.append(self._next)
            self._next = next(self._events, None)
        return taken

    def rest(self) -> Iterator[Sealable]:
        """The events past every block."""
        while self._next is not None:
            yield self._next
            self._next = next(self._events, None)

    @staticmethod
    def _ordered(events: Iterator[Sealable], judge: _Judge) -> Iterator[Sealable]:
        before = Position(0, 0, 0)
        for event in events:
            if event.position <= before:
                kind = "event_inserted" if event.position == before else "event_reordered"
                judge.broken(kind, f"event {event.position.id} stands after event {before.id}", event=event.position.id)
                continue
            before = event.position
            yield event


def _judge_block(judge: _Judge, block: Block) -> None:
    number = block.number
    if number != judge.number + 1:
        judge.broken(
            "block_missing", f"block {judge.number + 1} is missing; the next is {number}", block=judge.number + 1
        )
    if block.tenant_id != judge.tenant_id:
        judge.broken("block_altered", f"block {number} is of another tenant", block=number)
    if block.previous_hash != judge.previous_block:
        judge.broken("block_relinked", f"block {number} does not name the hash of block {number - 1}", block=number)
    if block_hash(block) != block.block_hash:
        judge.broken("block_altered", f"block {number} does not give its own hash", block=number)
    if block.first <= judge.last or block.last < block.first:
        judge.broken("block_altered", f"block {number} overlaps the one before it", block=number)
    judge.number = number
    judge.previous_block = block.block_hash
    judge.last = max(judge.last, block.last)
    judge.events += len(block.event_ids)
    anchor = judge.anchor
    if anchor and anchor.block == number:
        if anchor.block_hash != block.block_hash or anchor.events != judge.events:
            judge.broken(
                "anchor_differs", f"block {number} is not the one that the checkpoint vouches for", block=number
            )
        else:
            judge.anchored = Range(events=judge.events, blocks=number)


def _judge_events(judge: _Judge, block: Block, found: list[Sealable]) -> None:
    hashes = [block.event_hashes[at : at + HASH_BYTES] for at in range(0, len(block.event_hashes), HASH_BYTES)]
    links = list(zip(block.event_ids, [judge.previous_event, *hashes], hashes, strict=False))
    if hashes:
        judge.previous_event = hashes[-1]
    if [event.position.id for event in found] == block.event_ids:
        for event, (_, previous, sealed) in zip(found, links, strict=False):
            _judge_event(judge, block, event, previous, sealed)
    else:
        _judge_differing(judge, block, found, links)


def _judge_event(judge: _Judge, block: Block, event: Sealable, previous: bytes, sealed: bytes) -> None:
    number = event.position.id
    if event.canonical is None:
        judge.broken(
            "event_altered",
            f"event {number} cannot be read by any formula known here",
            event=number,
            block=block.number,
        )
    elif event_hash(previous, event.canonical) != sealed:
        judge.broken("event_altered", f"event {number} is not what was sealed", event=number, block=block.number)
    elif event.witnessed is False or number in block.suspect_ids:
        _handwritten(judge, event.position, block.number)
    if judge.fold:
        judge.fold.add(event, sealed)


def _judge_differing(judge: _Judge, block: Block, found: list[Sealable], links: list[tuple[int, bytes, bytes]]) -> None:
    """The block and what is there name different events: walk both, so that breaks come in the order of the chain."""
    there = {event.position.id for event in found}
    sealed_ids = set(block.event_ids)
    waiting = iter(found)
    for number, previous, sealed in links:
        if number not in there:
            judge.broken(
                "event_deleted",
                f"event {number} was sealed in block {block.number} and is gone",
                event=number,
                block=block.number,
            )
            continue
        for event in waiting:
            if event.position.id == number:
                _judge_event(judge, block, event, previous, sealed)
                break
            _misplaced(judge, block, event, sealed_ids)
    for event in waiting:
        _misplaced(judge, block, event, sealed_ids)


def _misplaced(judge: _Judge, block: Block, event: Sealable, sealed_ids: set[int]) -> None:
    number = event.position.id
    if number in sealed_ids:
        judge.broken(
            "event_reordered", f"event {number} does not stand where it was sealed", event=number, block=block.number
        )
    else:
        detail = f"event {number} stands within block {block.number}, which was sealed without it"
        judge.broken("event_inserted", detail, event=number, block=block.number)


def _handwritten(judge: _Judge, position: Position, block: int | None) -> None:
    detail = f"event {position.id} did not come through the recording functions"
    judge.broken("event_handwritten", detail, event=position.id, block=block)


def _judge_tail(judge: _Judge) -> None:
    anchor = judge.anchor
    if anchor and anchor.block > judge.number:
        judge.broken(
            "tail_deleted" if judge.number else "log_deleted",
            f"the checkpoint vouches for block {anchor.block}, and the last one here is {judge.number}",
            block=judge.number + 1,
        )
