"""The nouns of the audit log: events, blocks, what a verification found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

HASH_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact to record. `type` is a dotted topic; `data` holds ids and last four digits, never names or numbers."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payment_id: str | None = None
    ingestion_id: str | None = None


class Position(NamedTuple):
    """An event's place in the order of the chain."""

    epoch: int
    xid: int
    id: int


class Sealable(NamedTuple):
    """A recorded event as the chain sees it.

    `canonical` is None where this code does not know the row's formula; `witnessed` is None where only the database
    could say whether the row came through the recording functions.
    """

    position: Position
    canonical: bytes | None
    witnessed: bool | None
    correlation_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A run of events of one tenant in chain order. `event_hashes` holds 32 bytes for each of `event_ids`."""

    tenant_id: UUID
    number: int
    formula: int
    epoch: int
    first_xid: int
    first_id: int
    last_xid: int
    last_id: int
    event_count: int
    event_ids: list[int]
    event_hashes: bytes
    suspect_ids: list[int]
    previous_hash: bytes
    block_hash: bytes
    sealed_at: str

    @property
    def first(self) -> Position:
        """Where it begins."""
        return Position(self.epoch, self.first_xid, self.first_id)

    @property
    def last(self) -> Position:
        """Where it ends."""
        return Position(self.epoch, self.last_xid, self.last_id)

    @property
    def terminal_hash(self) -> bytes:
        """The chained hash of its last event."""
        return self.event_hashes[-HASH_BYTES:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A broken link. `event` and `block` name it where one of them can be named."""

    kind: str
    tenant_id: str
    detail: str
    event: int | None = None
    block: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """A run of the chain: how many events, in how many blocks from the first."""

    events: int
    blocks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """One tenant's chain as it was found. `anchored` is the part that a checkpoint vouches for."""

    tenant_id: str
    verified: bool
    sealed: Range
    anchored: Range
    unsealed_events: int
    terminal_hash: str
    break_count: int
    breaks: tuple[Break, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationProof:
    """One correlation id's events, folded over their hashes in the chain: the same terminal hash every time."""

    correlation_id: str
    events: int
    unsealed_events: int
    terminal_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a verification found, tenant by tenant; `breaks` are those of no chain (a checkpoint of another signer)."""

    verified: bool
    source: str
    checkpoint: str | None
    first_break: Break | None
    break_count: int
    events: int
    chains: tuple[Chain, ...]
    correlation: CorrelationProof | None = None
    breaks: tuple[Break, ...] = ()

    def document(self) -> dict[str, Any]:
        """As `headgate audit verify --json` prints it."""
        return asdict(self)
