"""The sealer: an order that is final, no writer held up, whole blocks or none."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from tests import make
from tests.audit import hands

from headgate import audit
from headgate.audit import health, reader, sealer
from headgate.audit.doctor import DOCTOR
from headgate.core.db import Database, Tx
from headgate.core.errors import Unavailable

pytestmark = pytest.mark.slow


def blocks(database: Database, tenant_id: Any) -> list[dict[str, Any]]:
    with database.begin(tenant_id=tenant_id, actor=make.ACTOR) as tx:
        return tx.all("SELECT number, event_ids, event_count, epoch FROM audit.blocks ORDER BY number")


def test_events_are_sealed_in_the_order_of_their_transactions_not_of_their_commits(
    database: Database, tenant: make.TenantFixture
) -> None:
    hands.seal(database, tenant.id)
    before = len(blocks(database, tenant.id))
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as early:
        first = audit.record(early, type="a.first", data={})
        with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as late:
            second = audit.record(late, type="a.second", data={})

        while_open = audit.seal(database, tenant.id)
        third = audit.record(early, type="a.third", data={})

    hands.seal(database, tenant.id)
    assert while_open.events == 0, "the later one waits for the earlier, which is still open"
    (block,) = blocks(database, tenant.id)[before:]
    assert block["event_ids"] == [first, third, second]
    assert audit.verify_database(database, tenant_ids=[tenant.id]).verified


def test_long_transaction_holds_up_no_writer_and_its_wait_is_shown(
    database: Database, tenant: make.TenantFixture
) -> None:
    hands.seal(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as holding:
        holding.run("SELECT pg_current_xact_id()")
        written = hands.write(database, tenant.id, 1, "behind")
        time.sleep(0.05)

        waiting = audit.oldest_unsealed_seconds(database)
        audit.seal_all(database, [tenant.id], wait_seconds=0.1)

        assert waiting >= 0.05
        assert holding.value("SELECT event_hash FROM audit.chain WHERE id = %(id)s", {"id": written[0]}) is None

    hands.seal(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert tx.value("SELECT event_hash FROM audit.chain WHERE id = %(id)s", {"id": written[0]}) is not None


def test_concurrent_writers_and_sealers_leave_one_whole_chain(database: Database, tenant: make.TenantFixture) -> None:
    stop = threading.Event()

    def keep_sealing() -> None:
        while not stop.is_set():
            audit.seal(database, tenant.id)

    with ThreadPoolExecutor(8) as pool:
        sealers = [pool.submit(keep_sealing) for _ in range(2)]
        for done in [pool.submit(hands.write, database, tenant.id, 7, f"w{n}") for n in range(40)]:
            done.result()
        stop.set()
        for each in sealers:
            each.result()
    hands.seal(database, tenant.id)

    report = audit.verify_database(database, tenant_ids=[tenant.id])
    assert report.verified, report.first_break
    assert report.chains[0].unsealed_events == 0
    assert report.chains[0].sealed.events >= 280


def test_long_run_is_cut_into_blocks_of_a_thousand(database: Database, tenant: make.TenantFixture) -> None:
    hands.seal(database, tenant.id)
    before = len(blocks(database, tenant.id))
    hands.write(database, tenant.id, 2500, "many")

    hands.seal(database, tenant.id)

    assert [row["event_count"] for row in blocks(database, tenant.id)[before:]] == [1000, 1000, 500]
    assert audit.verify_database(database, tenant_ids=[tenant.id]).verified


def test_seal_goes_on_round_after_round(
    database: Database, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealer, "ROUND_EVENTS_MAX", 5)
    hands.seal(database, tenant.id)
    hands.write(database, tenant.id, 12, "rounds")

    done = hands.seal(database, tenant.id)

    assert (done.events, done.blocks) == (12, 3)


def test_chain_view_shows_what_was_sealed(log: hands.Log) -> None:
    with log.database.begin(tenant_id=log.tenant_id, actor=make.ACTOR) as tx:
        rows = tx.all("SELECT id, prev_event_hash, event_hash FROM audit.chain ORDER BY epoch, xid, id")
        head = reader.head(tx)
        payments = tx.all("SELECT * FROM public.payment_events WHERE payment_id = 'pay_1'")
    assert head is not None

    sealed = [row for row in rows if row["event_hash"]]
    assert [row["prev_event_hash"] for row in sealed[1:]] == [row["event_hash"] for row in sealed[:-1]]
    assert sealed[-1]["event_hash"] == head.terminal_hash.hex()
    assert [row["id"] for row in rows if row["event_hash"] is None] == log.unsealed
    assert len(payments) == 4 and list(payments[0]) == [
        *("tenant_id", "id", "payment_id", "ingestion_id", "type", "event_time", "actor_type", "actor_id"),
        *("correlation_id", "data", "prev_event_hash", "event_hash"),
    ]


def test_block_that_does_not_follow_is_refused(log: hands.Log) -> None:
    with log.database.begin(tenant_id=log.tenant_id, actor=make.ACTOR) as tx:
        head = reader.head(tx)
        assert head is not None
        for change in ({}, {"number": head.number + 1}, {"number": head.number + 1, "previous_hash": head.block_hash}):
            with pytest.raises(audit.BlockOutOfOrder), tx.savepoint():
                tx.run(sealer._APPEND, {**sealer._parameters(head), **change})


@pytest.mark.plants
def test_row_of_an_unknown_formula_stops_the_sealer(log: hands.Log, admin: Connection[Any]) -> None:
    hands.tamper(
        admin,
        "UPDATE audit.events SET formula = 9 WHERE tenant_id = %(t)s AND id = %(id)s",
        t=log.tenant_id,
        id=log.unsealed[0],
    )

    with pytest.raises(audit.UnknownFormula):
        for _ in range(200):  # Until no older transaction of another test holds the row back.
            audit.seal(log.database, log.tenant_id)
            time.sleep(0.05)
    # It stands in nobody else's way.
    other = hands.written(log.database, make.tenant(log.database).id)
    audit.seal_all(log.database)

    assert log.verify().chains[0].unsealed_events == 2
    assert other.verify().chains[0].sealed.events >= 12


def test_sealer_killed_in_a_round_leaves_whole_blocks(log: hands.Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(tx: Tx, *_: Any) -> int:
        tx.conn.close()
        raise psycopg.OperationalError("killed")

    hands.write(log.database, log.tenant_id, 3, "later")
    monkeypatch.setattr(Tx, "many", killed)
    with pytest.raises((psycopg.Error, Unavailable)):
        for _ in range(200):
            audit.seal(log.database, log.tenant_id)
            time.sleep(0.05)
    monkeypatch.undo()

    between = log.verify()
    hands.seal(log.database, log.tenant_id)

    assert between.verified and between.chains[0].unsealed_events == 5
    assert log.verify().chains[0].unsealed_events == 0


def test_running_sealer_seals_within_a_second_and_stops_at_once(database: Database, tenant: make.TenantFixture) -> None:
    stop = threading.Event()
    thread = threading.Thread(target=audit.run_sealer, args=(database, stop))
    thread.start()
    try:
        hands.write(database, tenant.id, 3, "served")
        deadline = time.monotonic() + 20
        while (
            audit.verify_database(database, tenant_ids=[tenant.id]).chains[0].unsealed_events
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        assert audit.verify_database(database, tenant_ids=[tenant.id]).chains[0].unsealed_events == 0
    finally:
        begun = time.monotonic()
        stop.set()
        thread.join(5)
    assert not thread.is_alive() and time.monotonic() - begun < 2


def test_running_sealer_outlives_failures(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, failures = threading.Event(), iter([Unavailable("away"), ValueError("odd")])

    def failing(*_: Any, **__: Any) -> list[Any]:
        error = next(failures, None)
        if error is None:
            stop.set()
            return []
        raise error

    monkeypatch.setattr(sealer, "_backlog", failing)
    monkeypatch.setattr(sealer, "POLL_SECONDS", 0.01)
    sealer.run_sealer(database, stop)

    assert stop.is_set()


def test_months_are_made_ahead_and_closed(database: Database, admin: Connection[Any]) -> None:
    month = (datetime.now(UTC) + timedelta(days=150)).strftime("%Y_%m")
    with database.begin(tenant_id=None, actor=make.ACTOR) as tx:
        made = tx.value("SELECT audit.add_months(5)")
        again = tx.value("SELECT audit.add_months(5)")

    assert made >= 1 and again == 0
    with pytest.raises(psycopg.Error) as refused:
        admin.execute(f"INSERT INTO audit.events_{month} SELECT * FROM audit.events WHERE false".encode())
    assert refused.value.sqlstate == "HG201"


# Restores -----------------------------------------------------------------------------------------------------------
def _as_if_restored(database: Database) -> None:
    """What a dump looks like on another server: the epoch names a server that is not this one."""
    with database.connect("admin") as admin:
        hands.tamper(admin, "UPDATE audit.epochs SET system_identifier = system_identifier + 1")


def test_restore_then_post_seal_verify(empty_database: Database) -> None:
    database, tenant = empty_database, make.tenant(empty_database)
    log = hands.written(database, tenant.id)
    assert health.restore_suspected(database) is None and audit.announce_restore(database) is None
    _as_if_restored(database)

    suspected = health.restore_suspected(database)
    written = hands.write(database, tenant.id, 2, "after the restore")
    (finding,) = [found for found in DOCTOR[0].examine(database) if found.name == "audit.epoch"]
    announced = audit.announce_restore(database)
    again = audit.announce_restore(database)
    hands.seal(database, tenant.id)

    assert suspected == "the log was written on another server"
    assert not finding.ok and "announce-restore" in finding.mend
    assert (announced, again, health.restore_suspected(database)) == (2, None, None)
    rows = blocks(database, tenant.id)
    assert [row["epoch"] for row in rows][-2:] == [1, 2] and rows[-1]["event_ids"] == written
    assert rows[-2]["event_ids"] == log.unsealed, "what the old server had not sealed comes before"
    assert audit.verify_database(database).verified


def test_transaction_ids_that_went_backwards_are_noticed(empty_database: Database) -> None:
    database, tenant = empty_database, make.tenant(empty_database)
    hands.written(database, tenant.id)
    with database.connect("admin") as admin:
        hands.tamper(
            admin,
            "UPDATE audit.blocks SET last_xid = '99999999999' WHERE number = (SELECT max(number) FROM audit.blocks)",
        )

    assert health.restore_suspected(database) == "transaction ids went backwards"


def test_doctor_shows_an_event_that_waits_too_long(
    database: Database, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.write(database, tenant.id, 1, "waits")
    monkeypatch.setattr("headgate.audit.doctor.UNSEALED_SECONDS_MAX", 0.0)

    (finding,) = [found for found in DOCTOR[0].examine(database) if found.name == "audit.unsealed"]

    assert not finding.ok and "pg_stat_activity" in finding.mend


def test_reader_that_stops_early_leaves_its_connection_usable(log: hands.Log) -> None:
    hands.write(log.database, log.tenant_id, 5000, "many")

    with (
        pytest.raises(ZeroDivisionError),
        log.database.begin(tenant_id=log.tenant_id, actor=make.ACTOR) as tx,
        closing(reader.copied_events(tx)) as copied,
    ):
        raise ZeroDivisionError(next(copied))

    assert not tx.conn.closed
    assert log.verify().verified


def test_reader_whose_server_goes_away_says_so(log: hands.Log, admin: Connection[Any]) -> None:
    hands.write(log.database, log.tenant_id, 20_000, "many")

    with pytest.raises(Unavailable), log.database.begin(tenant_id=log.tenant_id, actor=make.ACTOR) as tx:
        for read, _ in enumerate(reader.copied_events(tx)):
            if read == 0:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", [tx.conn.info.backend_pid])

    assert log.verify().verified


def test_query_that_fails_is_told(tx: Tx) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable), tx.savepoint():
        list(reader._copied_lines(tx, "COPY (SELECT * FROM nowhere) TO STDOUT", {}))
    with pytest.raises(psycopg.errors.DivisionByZero), tx.savepoint():
        list(reader._copied_lines(tx, "COPY (SELECT 1 / (5 - n) FROM generate_series(1, 9) n) TO STDOUT", {}))
    assert tx.value("SELECT 1") == 1
