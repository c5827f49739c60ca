"""Verifying: every way of changing the log is found and named, in the database and in an export alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import Connection
from tests import make
from tests.audit import hands
from tests.audit.hands import Log, tamper

from headgate import audit
from headgate.audit import formulas, reader
from headgate.audit.chain import judge_chain
from headgate.core.db import Database

pytestmark = pytest.mark.slow

KEY = Ed25519PrivateKey.generate()

FLIPS = {
    "tenant_id": "'018f0000-0000-7000-8000-00000000dead'",
    "id": "id + 1000000000",
    "event_time": "event_time + interval '1 microsecond'",
    "xid": "(xid::text::bigint + 1)::text::xid8",
    "epoch": "epoch - 1",
    "formula": "2",
    "type": "type || 'x'",
    "actor_type": "'ai'",
    "actor_id": "actor_id || 'x'",
    "person_id": "NULL",
    "correlation_id": "correlation_id || ' '",
    "payment_id": "NULL",
    "ingestion_id": "''",
    "data": "jsonb_set(data, '{n}', '1.0')",
    "witness": "witness + 1",
}
BLOCK_FLIPS = {
    "tenant_id": "'018f0000-0000-7000-8000-00000000dead'",
    "number": "number + 100",
    "formula": "2",
    "epoch": "1 + epoch",
    "first_xid": "(first_xid::text::bigint - 1)::text::xid8",
    "first_id": "first_id - 1",
    "last_xid": "(last_xid::text::bigint + 1)::text::xid8",
    "last_id": "last_id + 1",
    "event_count": "event_count + 1",
    "event_ids": "array_append(event_ids[2:], event_ids[1])",
    "event_hashes": "set_byte(event_hashes, 33, get_byte(event_hashes, 33) # 1)",
    "suspect_ids": "ARRAY[1]",
    "previous_hash": "sha256('x')",
    "block_hash": "sha256('x')",
    "sealed_at": "sealed_at + interval '1 microsecond'",
}


def columns(admin: Connection[Any], table: str) -> set[str]:
    rows = admin.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped", [table]
    )
    return {row[0] for row in rows.fetchall()}


def test_whole_log_verifies_and_its_ranges_are_told(log: Log) -> None:
    checkpoint = audit.take_checkpoint(log.database, KEY, tenant_ids=[log.tenant_id])
    hands.write(log.database, log.tenant_id, 3, "later")
    hands.seal(log.database, log.tenant_id)
    hands.write(log.database, log.tenant_id, 1, "last")

    report = log.verify(checkpoint=checkpoint, key=KEY.public_key())

    assert report.verified and report.first_break is None and report.break_count == 0
    (chain,) = report.chains
    assert chain.anchored.events == chain.sealed.events - 3
    # How many blocks hold them depends on which transactions of others were still open.
    assert chain.sealed.blocks > chain.anchored.blocks >= 1 and chain.unsealed_events == 1


def test_every_column_is_in_the_canonical_bytes(admin: Connection[Any]) -> None:
    assert columns(admin, "audit.events") == set(formulas.COLUMNS) == set(FLIPS)
    assert columns(admin, "audit.blocks") == set(BLOCK_FLIPS)


@pytest.mark.plants
@pytest.mark.parametrize("column", FLIPS)
@pytest.mark.slow
def test_flip_of_any_column_of_a_sealed_event_is_found(log: Log, admin: Connection[Any], column: str) -> None:
    tamper(
        admin,
        f"UPDATE audit.events SET {column} = {FLIPS[column]} WHERE tenant_id = %(t)s AND id = %(id)s",
        t=log.tenant_id,
        id=log.sealed[5],
    )

    report = log.verify()

    assert not report.verified
    assert report.first_break is not None
    named = {found.event for found in report.chains[0].breaks}
    assert log.sealed[5] in named, report.first_break


@pytest.mark.plants
@pytest.mark.parametrize("column", sorted(FLIPS.keys() - {"xid", "event_time", "tenant_id"}))
@pytest.mark.slow
def test_flip_in_the_unsealed_tail_is_found(log: Log, admin: Connection[Any], column: str) -> None:
    # To the witness 1 and 1.0 are one number; the seal tells them apart.
    value = "jsonb_set(data, '{n}', '5')" if column == "data" else FLIPS[column]
    tamper(
        admin,
        f"UPDATE audit.events SET {column} = {value} WHERE tenant_id = %(t)s AND id = %(id)s",
        t=log.tenant_id,
        id=log.unsealed[1],
    )

    report = log.verify()

    assert not report.verified
    assert report.first_break is not None and report.first_break.kind in ("event_handwritten", "event_inserted")


@pytest.mark.plants
@pytest.mark.parametrize("column", BLOCK_FLIPS)
@pytest.mark.slow
def test_flip_of_any_column_of_a_block_is_found(log: Log, admin: Connection[Any], column: str) -> None:
    admin.execute(
        "INSERT INTO audit.epochs (epoch, reason, system_identifier) SELECT 2, 'test', system_identifier FROM audit.epochs"
        " WHERE epoch = 1 ON CONFLICT DO NOTHING"
    ) if column == "epoch" else None
    with hands.triggers_off(admin):
        for name in ("blocks_name_each_event", "blocks_hash_each_event"):
            admin.execute(f"ALTER TABLE audit.blocks DROP CONSTRAINT {name}".encode())
        admin.execute(
            f"UPDATE audit.blocks SET {column} = {BLOCK_FLIPS[column]} WHERE tenant_id = %(t)s AND number = 2".encode(),
            {"t": log.tenant_id},
        )
        for name, rule in (
            ("blocks_name_each_event", "cardinality(event_ids) = event_count"),
            ("blocks_hash_each_event", "octet_length(event_hashes) = 32 * event_count"),
        ):
            admin.execute(f"ALTER TABLE audit.blocks ADD CONSTRAINT {name} CHECK ({rule}) NOT VALID".encode())

    report = log.verify()

    assert not report.verified
    assert report.first_break is not None and report.first_break.kind.startswith(("block_", "event_"))


@pytest.mark.plants
@pytest.mark.parametrize("place", [0, 5, 11], ids=["head", "middle", "end of the sealed"])
def test_deleted_event_is_named(log: Log, admin: Connection[Any], place: int) -> None:
    tamper(
        admin, "DELETE FROM audit.events WHERE tenant_id = %(t)s AND id = %(id)s", t=log.tenant_id, id=log.sealed[place]
    )

    report = log.verify()

    assert report.first_break is not None
    assert (report.first_break.kind, report.first_break.event) == ("event_deleted", log.sealed[place])
    assert report.break_count == 1


COPIED = """
    INSERT INTO audit.events (tenant_id, id, event_time, xid, epoch, formula, type, actor_type, actor_id, person_id,
      correlation_id, payment_id, ingestion_id, data, witness)
    SELECT tenant_id, {id}, event_time, {xid}, epoch, formula, type, actor_type, actor_id, person_id, correlation_id,
           payment_id, ingestion_id, '{{"forged": true}}', {witness}
      FROM audit.events e WHERE tenant_id = %(t)s AND id = %(id)s
"""
PROPER = """audit.witness(tenant_id, {id}, event_time, {xid}, epoch, formula, type, actor_type, actor_id, person_id,
  correlation_id, payment_id, ingestion_id, '{{"forged": true}}')"""


@pytest.mark.plants
@pytest.mark.parametrize("witness", ["witness", PROPER], ids=["copied witness", "right witness"])
@pytest.mark.parametrize("place", [0, 6, 11])
@pytest.mark.slow
def test_row_inserted_into_the_sealed_range_is_named(
    log: Log, admin: Connection[Any], place: int, witness: str
) -> None:
    number = admin.execute("SELECT nextval('audit.event_id')").fetchone()
    assert number is not None
    # Just before an event of the sealed range: the transaction before its own.
    at = {"id": str(number[0]), "xid": "(xid::text::bigint - 1)::text::xid8"}
    tamper(admin, COPIED.format(**at, witness=witness.format(**at)), t=log.tenant_id, id=log.sealed[place])

    report = log.verify()

    assert report.first_break is not None
    assert (report.first_break.kind, report.first_break.event) == ("event_inserted", number[0])


@pytest.mark.plants
def test_row_inserted_by_hand_into_the_tail_is_found_before_and_after_it_is_sealed(
    log: Log, admin: Connection[Any], tmp_path: Path
) -> None:
    at = {"id": "nextval('audit.event_id')", "xid": "pg_current_xact_id()"}
    tamper(admin, COPIED.format(**at, witness="witness"), t=log.tenant_id, id=log.sealed[0])
    before = log.verify()
    hands.seal(log.database, log.tenant_id)

    after = log.verify()
    audit.write_export(log.database, tmp_path / "log", tenant_ids=[log.tenant_id])
    offline = audit.verify_export(tmp_path / "log")

    for report in (before, after, offline):
        assert report.first_break is not None and report.first_break.kind == "event_handwritten"
        assert report.break_count == 1
    assert before.chains[0].unsealed_events == 3
    assert after.chains[0].sealed.events == before.chains[0].sealed.events + 3


@pytest.mark.plants
def test_row_from_the_future_is_found(log: Log, admin: Connection[Any]) -> None:
    at = {"id": "id + 1000000", "xid": "(xid::text::bigint + 100000000)::text::xid8"}
    tamper(admin, COPIED.format(**at, witness=PROPER.format(**at)), t=log.tenant_id, id=log.sealed[0])

    report = log.verify()

    assert report.first_break is not None and report.first_break.kind == "event_handwritten"


@pytest.mark.plants
def test_same_event_twice_is_found(log: Log, admin: Connection[Any]) -> None:
    at = {"id": "id", "xid": "xid"}
    copied = COPIED.format(**at, witness="witness")
    # The primary key lets it in at another instant only.
    copied = "event_time + interval '1 s'".join(copied.rsplit("event_time", 1))
    tamper(admin, copied, t=log.tenant_id, id=log.sealed[3])

    report = log.verify()

    assert report.first_break is not None
    assert (report.first_break.kind, report.first_break.event) == ("event_inserted", log.sealed[3])


@pytest.mark.plants
def test_two_events_that_changed_places_are_found(log: Log, admin: Connection[Any]) -> None:
    for old, new in ((log.sealed[1], -1), (log.sealed[2], log.sealed[1]), (-1, log.sealed[2])):
        tamper(
            admin,
            "UPDATE audit.events SET id = %(new)s WHERE tenant_id = %(t)s AND id = %(old)s",
            t=log.tenant_id,
            old=old,
            new=new,
        )

    report = log.verify()

    assert report.first_break is not None
    assert (report.first_break.kind, report.first_break.event) == ("event_altered", log.sealed[1])
    assert report.break_count == 2


@pytest.mark.plants
@pytest.mark.parametrize("number", [1, 2])
def test_deleted_block_is_named(log: Log, admin: Connection[Any], number: int) -> None:
    tamper(admin, "DELETE FROM audit.blocks WHERE tenant_id = %(t)s AND number = %(n)s", t=log.tenant_id, n=number)

    report = log.verify()

    assert report.first_break is not None
    assert (report.first_break.kind, report.first_break.block) == ("block_missing", number)


@pytest.mark.plants
def test_deleted_tail_is_found_given_a_checkpoint(log: Log, admin: Connection[Any]) -> None:
    checkpoint = audit.take_checkpoint(log.database, KEY, tenant_ids=[log.tenant_id])
    tamper(admin, "DELETE FROM audit.blocks WHERE tenant_id = %(t)s AND number > 2", t=log.tenant_id)
    tamper(
        admin, "DELETE FROM audit.events WHERE tenant_id = %(t)s AND id >= %(id)s", t=log.tenant_id, id=log.sealed[8]
    )

    without, given = log.verify(), log.verify(checkpoint=checkpoint, key=KEY.public_key())

    assert without.verified, "nothing inside the database can show it"
    assert given.first_break is not None
    assert (given.first_break.kind, given.first_break.block) == ("tail_deleted", 3)


@pytest.mark.plants
def test_deleted_tenant_is_found_given_a_checkpoint(log: Log, admin: Connection[Any]) -> None:
    checkpoint = audit.take_checkpoint(log.database, KEY, tenant_ids=[log.tenant_id])
    tamper(admin, "DELETE FROM audit.blocks WHERE tenant_id = %(t)s", t=log.tenant_id)
    tamper(admin, "DELETE FROM audit.events WHERE tenant_id = %(t)s", t=log.tenant_id)

    report = audit.verify_database(log.database, checkpoint=checkpoint, key=KEY.public_key())

    mine = [chain for chain in report.chains if chain.tenant_id == str(log.tenant_id)]
    assert [found.kind for found in mine[0].breaks] == ["log_deleted"]


def _rechained(log: Log, admin: Connection[Any]) -> None:
    """Delete one event and seal everything afresh, as one who has read this code would."""
    tamper(admin, "DELETE FROM audit.blocks WHERE tenant_id = %(t)s", t=log.tenant_id)
    tamper(admin, "DELETE FROM audit.events WHERE tenant_id = %(t)s AND id = %(id)s", t=log.tenant_id, id=log.sealed[4])
    hands.seal(log.database, log.tenant_id)


@pytest.mark.plants
def test_rechained_log_is_found_given_a_checkpoint(log: Log, admin: Connection[Any]) -> None:
    checkpoint = audit.take_checkpoint(log.database, KEY, tenant_ids=[log.tenant_id])
    _rechained(log, admin)
    hands.write(log.database, log.tenant_id, 1, "later")
    for _ in range(4):
        hands.write(log.database, log.tenant_id, 1, "later")
        hands.seal(log.database, log.tenant_id)

    without, given = log.verify(), log.verify(checkpoint=checkpoint, key=KEY.public_key())

    assert without.verified
    assert given.first_break is not None and given.first_break.kind == "anchor_differs"
    assert given.chains[0].anchored.events == 0


@pytest.mark.plants
def test_swapped_tenants_are_found(log: Log, database: Database, admin: Connection[Any]) -> None:
    other = hands.written(database, make.tenant(database).id)
    aside = uuid4()
    with hands.triggers_off(admin):
        for table in ("audit.events", "audit.blocks"):
            for old, new in ((log.tenant_id, aside), (other.tenant_id, log.tenant_id), (aside, other.tenant_id)):
                move = f"UPDATE {table} SET tenant_id = %(new)s WHERE tenant_id = %(old)s"
                admin.execute(move.encode(), {"old": old, "new": new})

    for swapped in (log, other):
        report = swapped.verify()
        assert report.first_break is not None and report.first_break.kind in ("block_relinked", "block_altered")
        assert report.break_count > 12


def test_another_signers_checkpoint_is_refused(log: Log) -> None:
    checkpoint = audit.take_checkpoint(log.database, KEY, tenant_ids=[log.tenant_id])

    stranger = log.verify(checkpoint=checkpoint, key=Ed25519PrivateKey.generate().public_key())
    keyless = log.verify(checkpoint=checkpoint)

    for report in (stranger, keyless):
        assert not report.verified
        assert report.first_break is not None and report.first_break.kind == "checkpoint_not_signed"
        assert report.chains[0].anchored.events == 0


def test_changed_checkpoint_is_refused(log: Log, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.json"
    audit.write_checkpoint(audit.take_checkpoint(log.database, KEY, tenant_ids=[log.tenant_id]), path)
    document = json.loads(path.read_text())
    assert audit.read_checkpoint(path).is_signed_by(KEY.public_key())

    document["tenants"][0]["events"] += 1
    path.write_text(json.dumps(document))

    assert not audit.read_checkpoint(path).is_signed_by(KEY.public_key())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "\x00",
        '{"schema":"other.v1","made_at":"","tenants":[],"signature":""}',
        '{"schema":"headgate.audit.checkpoint.v1","made_at":"","tenants":[{"tenant_id":"x"}],"signature":""}',
    ],
)
def test_file_that_is_no_checkpoint_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "file").write_text(text)

    with pytest.raises(audit.CheckpointMalformed):
        audit.read_checkpoint(tmp_path / "file")
    with pytest.raises(audit.CheckpointMalformed):
        audit.read_checkpoint(tmp_path / "nothing")


def _exported(log: Log, tmp_path: Path) -> tuple[Path, list[dict[str, Any]]]:
    path = tmp_path / "log.ndjson"
    assert audit.write_export(log.database, path, tenant_ids=[log.tenant_id]) >= 14
    return path, [json.loads(line) for line in path.read_text().splitlines()]


def _rewritten(path: Path, lines: list[dict[str, Any]]) -> audit.Report:
    path.write_text("".join(json.dumps(line, sort_keys=True, ensure_ascii=True, indent=None) + "\n" for line in lines))
    return audit.verify_export(path)


def test_export_verifies_alone_also_when_a_tool_has_reformatted_it(log: Log, tmp_path: Path) -> None:
    checkpoint = audit.take_checkpoint(log.database, KEY, tenant_ids=[log.tenant_id])
    path, lines = _exported(log, tmp_path)

    report = audit.verify_export(path, checkpoint=checkpoint, key=KEY.public_key())
    reformatted = _rewritten(path, lines)

    assert report.verified and reformatted.verified, (report.first_break, reformatted.first_break)
    assert report.chains[0].terminal_hash == log.verify().chains[0].terminal_hash
    assert report.chains[0].anchored.events == report.chains[0].sealed.events


EXPORT_TAMPERS: dict[str, Callable[[list[dict[str, Any]]], None]] = {
    "deleted event": lambda lines: lines.pop(_index(lines, "event", 4)),
    "altered data": lambda lines: lines[_index(lines, "event", 4)]["data"].update(n=99),
    "altered actor": lambda lines: lines[_index(lines, "event", 4)].update(actor_id="someone"),
    "inserted event": lambda lines: lines.insert(
        _index(lines, "event", 4), {**lines[_index(lines, "event", 4)], "id": 1}
    ),
    "doubled event": lambda lines: lines.insert(_index(lines, "event", 4), lines[_index(lines, "event", 4)]),
    "reordered": lambda lines: lines.insert(_index(lines, "event", 2), lines.pop(_index(lines, "event", 3))),
    "deleted block": lambda lines: lines.pop(_index(lines, "block", 1)),
    "altered block": lambda lines: lines[_index(lines, "block", 1)].update(sealed_at="2020-01-01T00:00:00.000000Z"),
    "no hash": lambda lines: lines[_index(lines, "block", 1)].update(block_hash="zz"),
    "event of another tenant": lambda lines: lines[_index(lines, "event", 4)].update(tenant_id=str(uuid4())),
    "another tenant's part": lambda lines: lines[_index(lines, "tenant", 0)].update(tenant_id=str(uuid4())),
    "part twice": lambda lines: lines.extend([*lines[1:-1], lines.pop()]),
    "no part": lambda lines: lines.__delitem__(slice(1, -1)),
    "no end": lambda lines: lines.__delitem__(slice(-1, None)),
    "malformed line": lambda lines: lines[_index(lines, "event", 4)].update(id="x"),
}


def _index(lines: list[dict[str, Any]], kind: str, nth: int) -> int:
    return [at for at, line in enumerate(lines) if line["kind"] == kind][nth]


@pytest.mark.parametrize("how", EXPORT_TAMPERS)
@pytest.mark.slow
def test_tampered_export_is_found(log: Log, tmp_path: Path, how: str) -> None:
    path, lines = _exported(log, tmp_path)
    EXPORT_TAMPERS[how](lines)

    report = _rewritten(path, lines)

    assert not report.verified
    assert report.first_break is not None
    event = _exported(log, tmp_path)[1]
    if how in ("deleted event", "altered data", "altered actor", "event of another tenant", "malformed line"):
        assert report.first_break.event == event[_index(event, "event", 4)]["id"]


def test_cut_export_is_found(log: Log, tmp_path: Path) -> None:
    path, _ = _exported(log, tmp_path)
    whole = path.read_bytes()

    for size in range(len(whole) // 3, len(whole) - 1, len(whole) // 7):
        path.write_bytes(whole[:size])
        assert not audit.verify_export(path).verified

    for nothing in (b"", b"\n", b"{}\n", b'{"kind":"end","records":0}\n'):
        path.write_bytes(nothing)
        with pytest.raises(audit.ExportMalformed):
            audit.verify_export(path)
    with pytest.raises(audit.ExportMalformed):
        audit.verify_export(tmp_path / "nothing")


def test_export_lacking_an_anchored_tenant_is_not_verified(log: Log, database: Database, tmp_path: Path) -> None:
    other = hands.written(database, make.tenant(database).id)
    checkpoint = audit.take_checkpoint(database, KEY, tenant_ids=[log.tenant_id, other.tenant_id])
    path, _ = _exported(log, tmp_path)

    whole = audit.verify_export(path, checkpoint=checkpoint, key=KEY.public_key())
    one = audit.verify_export(path, checkpoint=checkpoint, key=KEY.public_key(), tenant_ids=[log.tenant_id])

    assert whole.first_break is not None
    assert (whole.first_break.kind, whole.first_break.tenant_id) == ("log_deleted", str(other.tenant_id))
    assert one.verified


def test_correlation_has_the_same_terminal_hash_every_time(log: Log, tmp_path: Path) -> None:
    first = log.verify(correlation_id="block1")
    hands.write(log.database, log.tenant_id, 5, "other")
    hands.seal(log.database, log.tenant_id)

    again = log.verify(correlation_id="block1")
    path, _ = _exported(log, tmp_path)
    offline = audit.verify_export(path, correlation_id="block1")

    assert first.correlation is not None and first.correlation.events == 4
    assert first.correlation == again.correlation == offline.correlation
    assert first.verified and again.verified and offline.verified


def test_unknown_correlation_proves_nothing(log: Log) -> None:
    report = log.verify(correlation_id="nobody's")

    assert not report.verified
    assert report.first_break is not None and report.first_break.kind == "correlation_unknown"


def test_unsealed_events_of_a_correlation_are_told_apart(log: Log) -> None:
    report = log.verify(correlation_id="unsealed")

    assert report.correlation is not None
    assert (report.correlation.events, report.correlation.unsealed_events) == (0, 2)


def test_judging_goes_on_from_a_block(log: Log) -> None:
    with log.database.begin(tenant_id=log.tenant_id, actor=make.ACTOR) as tx:
        head = reader.head(tx)
        assert head is not None
        all_blocks = list(reader.blocks(tx, up_to=head.number))
        events = list(map(reader.sealable, reader.copied_events(tx)))
    after = all_blocks[1]

    whole = judge_chain(log.tenant_id, all_blocks, events)
    rest = judge_chain(
        log.tenant_id, all_blocks[2:], [each for each in events if each.position > after.last], after=after
    )

    assert whole.verified and rest.verified
    assert whole.terminal_hash == rest.terminal_hash
    assert rest.sealed.events < whole.sealed.events
