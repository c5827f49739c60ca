"""Stored bodies are read again in turns; what is not what was stored is named once, and right again when it was restored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import make

from headgate import cases, ingestion
from headgate.core.config import ArtifactsUrl
from headgate.core.db import Database
from headgate.ingestion import artifacts, storing, verifying
from headgate.ingestion.errors import StorageUnavailable
from headgate.ingestion.storage import Folder, storage_of
from headgate.jobs import Outside

pytestmark = pytest.mark.plants


@pytest.fixture
def outside(database: Database, tenant: make.TenantFixture, tmp_path: Path) -> Iterator[Outside]:
    config = database.config
    database.config = replace(config, artifacts_url=ArtifactsUrl("file", "", str(tmp_path)))
    yield Outside(database, tenant.id, make.ACTOR)
    database.config = config


def receive(outside: Outside, count: int, *, size: int = 5) -> list[str]:
    made = []
    for number in range(count):
        with outside.begin() as tx:
            data = b"%d " % number + b"x" * size
            made.append(ingestion.receive(tx, source="upload", filename="f", data=data).id)
    return made


def opened(outside: Outside) -> list[tuple[str | None, str | None]]:
    with outside.begin() as tx:
        return [(one.ingestion_id, one.subcategory) for one in cases.list_cases(tx)]


def verdicts(outside: Outside) -> list[tuple[str, str]]:
    with outside.begin() as tx:
        rows = tx.all("SELECT artifact_id, verdict FROM ingestion.body_verdicts ORDER BY id")
    return [(row["artifact_id"], row["verdict"]) for row in rows]


def test_turns_go_on_where_the_last_one_ended_and_begin_anew(outside: Outside) -> None:
    receive(outside, 5)

    def turn(count: int) -> verifying.Check:
        return verifying.verify_bodies(outside, bodies_max=count)

    assert [(turn(2).bodies, turn(2).bodies), turn(2).is_whole] == [(2, 2), True]
    assert turn(9) == verifying.Check(5, 5 * 7, (), is_whole=True, is_of_all=True)
    assert (turn(3).is_of_all, turn(9).is_of_all) == (False, False)
    assert verifying.verify_bodies(outside, bytes_max=8).bodies == 2
    assert verifying.verify_all(outside).bodies == 3
    assert (opened(outside), verdicts(outside)) == ([], [])


def test_an_altered_a_moved_and_a_lost_body_are_each_named_once_and_right_again(
    outside: Outside, admin: psycopg.Connection[Any]
) -> None:
    kept, swapped = receive(outside, 2)
    altered, other, lost = receive(outside, 3, size=artifacts.INLINE_MAX + 1)
    storing.store_bodies(outside)
    folder = storage_of(outside.database.config)
    assert isinstance(folder, Folder)
    paths = {one: folder.root / storing.name_of(outside.tenant_id, one) for one in (altered, other, lost)}
    before = {one: path.read_bytes() for one, path in paths.items()}
    paths[altered].write_bytes(before[altered][:-1] + bytes([before[altered][-1] ^ 1]))
    paths[other].write_bytes(before[altered])
    paths[lost].unlink()
    with admin.transaction():
        # The sealed body of another artifact of the same tenant opens, and is not this one's.
        admin.execute("SET LOCAL session_replication_role = replica")
        for partition in admin.execute(
            "SELECT DISTINCT tableoid::regclass::text FROM ingestion.artifact_bodies"
        ).fetchall():
            admin.execute(f"ALTER TABLE {partition[0]} DISABLE TRIGGER append_only")  # type: ignore[call-overload]
            admin.execute(
                f"UPDATE {partition[0]} SET body_sealed = (SELECT b.body_sealed FROM ingestion.artifact_bodies b"  # type: ignore[call-overload]
                " WHERE b.artifact_id = %s) WHERE artifact_id = %s",
                [kept, swapped],
            )
            admin.execute(f"ALTER TABLE {partition[0]} ENABLE ALWAYS TRIGGER append_only")  # type: ignore[call-overload]

    first, again = verifying.verify_all(outside), verifying.verify_all(outside)

    assert first.wrong == again.wrong == (swapped, altered, other, lost)
    found = [(swapped, "differs"), (altered, "broken"), (other, "differs"), (lost, "missing")]
    assert verdicts(outside) == found and sorted(opened(outside)) == sorted(found)
    for one, data in before.items():
        folder.put(storing.name_of(outside.tenant_id, one), data)
    assert verifying.verify_all(outside).wrong == (swapped,)
    assert verdicts(outside)[4:] == [(altered, "intact"), (other, "intact"), (lost, "intact")]
    assert len(opened(outside)) == 4


def test_storage_that_does_not_answer_is_no_verdict_and_what_was_found_stays(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(outside, 2)
    [large] = receive(outside, 1, size=artifacts.INLINE_MAX + 1)
    storing.store_bodies(outside)

    def away(*_: object) -> bytes:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "get", away)
        with pytest.raises(StorageUnavailable):
            verifying.verify_bodies(outside)

    assert verifying.verify_bodies(outside) == verifying.Check(
        1, artifacts.INLINE_MAX + 3, (), is_whole=True, is_of_all=False
    )
    assert (opened(outside), verdicts(outside)) == ([], []) and large
