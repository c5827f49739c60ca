"""What another reading of an artifact would change: records added, changed, gone or under another identity, and its faults.

Pure: what stands and what was read, in; the difference, out. Records are told apart as they are when they are stored: by their
source's own id, else by their place. One that only its identity tells from one that stands is *moved*: it is the same fact, and
is not added, so that nothing is posted twice because a newer parser names it otherwise.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final, Literal, get_args

from headgate.ingestion.model import StoredFault, StoredRecord
from headgate.ingestion.normalise import Row
from headgate.ingestion.records import Fault

PRIVATE: Final = "private"
SHOWN: Final = 100
Kind = Literal["changed", "gone", "moved"]
Identity = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Altered:
    """A record that stands and is read otherwise. `fields`: what stands and what was read, by name; what names people is only
    named."""

    record_id: str
    difference: Kind
    line: int
    fields: Mapping[str, Sequence[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Added:
    """A record that is not here yet."""

    line: int
    occurrence: int
    kind: str
    external_id: str | None
    direction: str | None
    amount_minor: int
    currency: str
    value_on: date | None
    reference: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What a parser would change of what stands of an artifact. `digest` is of all of it: who applies it says that he saw it."""

    artifact_id: str
    from_parser: str | None
    to_parser: str
    records: int
    added: tuple[Added, ...]
    altered: tuple[Altered, ...]
    faults_new: tuple[str, ...]
    faults_gone: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Whether the other parser gives the same."""
        return not (self.added or self.altered or self.faults_new or self.faults_gone)

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, default=str).encode()).hexdigest()

    def document(self, *, most: int = SHOWN) -> dict[str, Any]:
        """As the doors show it: the first of each kind, with how many there are, and the digest of all."""
        return {
            "artifact_id": self.artifact_id,
            "from_parser": self.from_parser,
            "to_parser": self.to_parser,
            "records": self.records,
            "is_none": self.is_none,
            "counts": {
                "added": len(self.added),
                **{kind: self.count(kind) for kind in get_args(Kind)},
                "faults_new": len(self.faults_new),
                "faults_gone": len(self.faults_gone),
            },
            "added": [asdict(one) for one in self.added[:most]],
            "altered": [asdict(one) for one in self.altered[:most]],
            "faults_new": list(self.faults_new[:most]),
            "faults_gone": list(self.faults_gone[:most]),
            "digest": self.digest,
        }

    def count(self, kind: Kind) -> int:
        """How many records that stand are changed, gone or moved."""
        return sum(one.difference == kind for one in self.altered)


def compare(
    *,
    artifact_id: str,
    from_parser: str | None,
    to_parser: str,
    standing: Sequence[tuple[StoredRecord, Mapping[str, Any]]],
    made: Sequence[Row],
    elsewhere: Iterable[tuple[str, str]],
    faults: Sequence[StoredFault],
    faults_made: Sequence[Fault],
) -> tuple[Difference, list[Row]]:
    """The difference, and the rows to add. `standing` has each record's private part; `elsewhere` are the (kind, external id)
    that stand in other artifacts of the source."""
    by_identity = {_identity(record): (record, private) for record, private in standing}
    known = {("id", kind, external_id) for kind, external_id in elsewhere}
    altered: list[Altered] = []
    fresh: list[Row] = []
    seen: set[Identity] = set()
    for row in made:
        identity = _identity(row)
        if identity in seen:
            continue
        seen.add(identity)
        if identity in by_identity:
            record, private = by_identity[identity]
            if fields := _fields(record, private, row):
                altered.append(Altered(record.id, "changed", record.line, fields))
        elif identity not in known:
            fresh.append(row)
    lost = [record for identity, (record, _) in by_identity.items() if identity not in seen]
    moved, added = _paired(lost, fresh)
    for record in lost:
        alike = moved.get(record.id)
        if alike is None:
            altered.append(Altered(record.id, "gone", record.line))
        else:
            place: dict[str, list[Any]] = {
                "external_id": [record.external_id, alike.external_id],
                "line": [record.line, alike.line],
            }
            altered.append(Altered(record.id, "moved", record.line, place))
    old, new = {_told(one) for one in faults}, {_told(one) for one in faults_made}
    difference = Difference(
        artifact_id=artifact_id,
        from_parser=from_parser,
        to_parser=to_parser,
        records=len(made),
        added=tuple(_added(row) for row in added),
        altered=tuple(sorted(altered, key=lambda one: (one.line, one.record_id))),
        faults_new=tuple(sorted(new - old)),
        faults_gone=tuple(sorted(old - new)),
    )
    return difference, added


def _paired(lost: Sequence[StoredRecord], fresh: Sequence[Row]) -> tuple[dict[str, Row], list[Row]]:
    """The rows that say what a lost record said, by its id, in the order of both; and the rows that are left."""
    waiting: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in fresh:
        waiting[_content(row)].append(row)
    moved: dict[str, Row] = {}
    for record in lost:
        if alike := waiting[_content(record)]:
            moved[record.id] = alike.pop(0)
    taken = {id(row) for row in moved.values()}
    return moved, [row for row in fresh if id(row) not in taken]


def _identity(one: StoredRecord | Row) -> Identity:
    if one.external_id is not None:
        return ("id", one.kind, one.external_id)
    return ("place", str(one.line), str(one.occurrence))


def _content(one: StoredRecord | Row) -> tuple[Any, ...]:
    """What makes two records the same fact, whatever they are called: which way, how much, and when."""
    return (one.kind, one.direction, one.amount.minor, one.amount.currency, one.value_on or one.booked_on)


def _fields(record: StoredRecord, private: Mapping[str, Any], row: Row) -> dict[str, list[Any]]:
    names = ("kind", "channel", "direction", "value_on", "booked_on", "reference", "details")
    pairs = {name: [_plain(getattr(record, name)), _plain(getattr(row, name))] for name in names}
    pairs["amount_minor"] = [record.amount_minor, row.amount.minor]
    pairs["currency"] = [record.currency, row.amount.currency]
    found = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    read = json.loads(row.private_text)
    changed = sorted(name for name in {*private, *read} if private.get(name) != read.get(name))
    if changed:
        found[PRIVATE] = changed
    return found


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    return json.loads(json.dumps(value)) if isinstance(value, dict) else value


def _added(row: Row) -> Added:
    amount = row.amount
    return Added(
        row.line,
        row.occurrence,
        row.kind,
        row.external_id,
        row.direction,
        amount.minor,
        amount.currency,
        row.value_on,
        row.reference,
    )


def _told(fault: Fault | StoredFault) -> str:
    return f"{fault.level} {fault.rule} line {max(fault.line, 0)} {fault.field}: {fault.message}"
