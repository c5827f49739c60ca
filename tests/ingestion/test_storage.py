"""Large bodies: committed in the database, then in storage, whatever dies between; and from a payment to its evidence and back."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests import make
from tests.ingestion.envelopes import envelope, raw

from headgate import ingestion
from headgate.core import backup, egress
from headgate.core.config import ArtifactsUrl, problems
from headgate.core.db import Database
from headgate.ingestion import artifacts, attaching, storing
from headgate.ingestion.attaching import NewEvidence
from headgate.ingestion.errors import MalformedEvidence, ObjectMissing, StorageRefused, StorageUnavailable
from headgate.ingestion.storage import PART, Bucket, Folder, storage_of
from headgate.jobs import Outside

LARGE = b"large,%s\n" % (b"x" * artifacts.INLINE_MAX)


@pytest.fixture
def outside(database: Database, tenant: make.TenantFixture, tmp_path: Path) -> Iterator[Outside]:
    """A tenant of an installation whose storage is a folder of this test's."""
    config = database.config
    database.config = replace(config, artifacts_url=ArtifactsUrl("file", "", str(tmp_path / "artifacts")))
    yield Outside(database, tenant.id, make.ACTOR)
    # What the invariants judge lies in the database alone, so the folder may go with the test.
    database.config = config


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An object store, and the keys to it in the environment."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    before = {name: os.environ.get(name) for name in keys}
    os.environ.update(keys)
    server.start()
    host, port = server.get_host_and_port()
    import boto3

    boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="evidence")
    yield f"http://{host}:{port}"
    server.stop()
    for name, value in before.items():
        os.environ.pop(name)
        if value is not None:
            os.environ[name] = value


def places(outside: Outside) -> tuple[int, int, int]:
    """How many bodies are in the database for good, landed, and in storage."""
    with outside.begin() as tx:
        found = tx.one(
            """
            SELECT (SELECT count(*) FROM ingestion.artifact_bodies) AS kept,
                   (SELECT count(*) FROM ingestion.landed_bodies) AS landed,
                   (SELECT count(*) FROM ingestion.stored_objects) AS stored
            """
        )
    return found["kept"], found["landed"], found["stored"]


def receive(outside: Outside, data: bytes) -> ingestion.Artifact:
    with outside.begin() as tx:
        return ingestion.receive(tx, source="upload", filename="day.csv", data=data)


def body(outside: Outside, artifact_id: str) -> bytes:
    with outside.begin() as tx:
        return ingestion.body(tx, artifact_id)


def test_a_large_body_lands_in_the_database_and_leaves_for_storage_sealed(outside: Outside, tmp_path: Path) -> None:
    small, large = receive(outside, b"small"), receive(outside, LARGE)
    assert places(outside) == (1, 1, 0)
    assert body(outside, large.id) == LARGE

    told = storing.store_bodies(outside)

    assert told == f"1 bodies put into {tmp_path / 'artifacts'}"
    assert places(outside) == (1, 0, 1)
    assert (body(outside, small.id), body(outside, large.id)) == (b"small", LARGE)
    assert artifacts.outside(outside.begin, large.id) == (replace(large, is_new=False), LARGE)
    [path] = [one for one in (tmp_path / "artifacts").rglob("*") if one.is_file()]
    assert path.relative_to(tmp_path / "artifacts").as_posix() == storing.name_of(outside.tenant_id, large.id)
    assert b"large" not in path.read_bytes() and len(path.read_bytes()) == len(LARGE) + 37
    assert {oct(one.stat().st_mode & 0o777) for one in (path, path.parent)} == {"0o600", "0o700"}
    assert not receive(outside, LARGE).is_new
    assert storing.store_bodies(outside) is None


def test_a_backup_says_what_it_does_not_hold(outside: Outside) -> None:
    receive(outside, LARGE)
    storing.store_bodies(outside)

    [line] = backup.not_held(outside.database.url("admin"))

    assert "lie in storage and are not in it: copy the storage now" in line


def test_whatever_dies_between_storage_and_commit_the_next_turn_goes_on(
    outside: Outside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = receive(outside, LARGE)
    folder = storage_of(outside.database.config)
    assert isinstance(folder, Folder)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        with pytest.raises(StorageUnavailable):
            storing.store_bodies(outside)
    assert (places(outside), list(folder.names())) == ((0, 1, 0), [])

    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "sha256", lambda _: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            storing.store_bodies(outside)  # The object is there, and the database does not know.
    assert (places(outside), len(list(folder.names()))) == ((0, 1, 0), 1)
    assert body(outside, large.id) == LARGE

    storing.store_bodies(outside)
    assert (places(outside), len(list(folder.names()))) == ((0, 0, 1), 1)
    assert body(outside, large.id) == LARGE


def test_only_an_object_of_the_same_bytes_takes_a_body_out_of_the_database(outside: Outside) -> None:
    large = receive(outside, LARGE)
    name = storing.name_of(outside.tenant_id, large.id)
    with outside.begin() as tx:
        call = "SELECT ingestion.body_stored(%(id)s, %(name)s, %(sha256)s)"
        assert tx.value(call, {"id": large.id, "name": name, "sha256": b"x" * 32}) is False
    with pytest.raises(Exception, match="permission denied"), outside.begin() as tx:
        tx.run("DELETE FROM ingestion.landed_bodies")
    assert places(outside) == (0, 1, 0)


def test_two_turns_at_once_put_one_object(outside: Outside) -> None:
    for number in range(3):
        receive(outside, LARGE + b"%d" % number)

    turns = [threading.Thread(target=storing.store_bodies, args=[outside]) for _ in range(2)]
    for turn in turns:
        turn.start()
    for turn in turns:
        turn.join()

    assert places(outside) == (0, 0, 3)


def test_what_a_dead_writer_left_is_swept_and_an_object_stays(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a")
    folder.put("t/ab/art", b"sealed")
    left = tmp_path / "a/t/ab" / f"{PART}0123"
    left.write_bytes(b"half")
    assert folder.sweep(older_than_seconds=60) == 0

    os.utime(left, (0, 0))

    assert folder.sweep(older_than_seconds=60) == 1
    assert (list(folder.names()), folder.get("t/ab/art")) == (["t/ab/art"], b"sealed")


def test_where_nothing_says_so_a_shared_database_keeps_its_bodies(
    database: Database, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = database.config
    own = Outside(database, tenant.id, make.ACTOR)
    monkeypatch.setattr(database, "config", replace(config, database_url="postgresql://elsewhere/hg"))

    receive(own, LARGE)

    assert (places(own), storing.store_bodies(own)) == ((1, 0, 0), None)
    embedded = storage_of(config)
    assert embedded is not None and embedded.where == str(config.home / "artifacts")


def test_a_body_that_is_gone_or_unreachable_says_so(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    large = receive(outside, LARGE)
    storing.store_bodies(outside)
    folder = storage_of(outside.database.config)
    assert isinstance(folder, Folder)
    (folder.root / storing.name_of(outside.tenant_id, large.id)).unlink()
    with pytest.raises(ObjectMissing):
        body(outside, large.id)

    none = replace(outside.database.config, artifacts_url=None, database_url="postgresql://elsewhere/hg")
    monkeypatch.setattr(outside.database, "config", none)
    with pytest.raises(StorageRefused, match="HEADGATE_ARTIFACTS_URL"):
        body(outside, large.id)


@pytest.mark.slow
def test_a_bucket_holds_bodies_as_a_folder_does(outside: Outside, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url = ArtifactsUrl("s3", "evidence", "/hg", s3, "us-east-1")
    monkeypatch.setattr(outside.database, "config", replace(outside.database.config, artifacts_url=url))
    large = receive(outside, LARGE)

    told = storing.store_bodies(outside)

    assert told == "1 bodies put into s3://evidence/hg"
    assert (places(outside), body(outside, large.id)) == ((0, 0, 1), LARGE)
    bucket = Bucket(url)
    assert list(bucket.names()) == [storing.name_of(outside.tenant_id, large.id)]
    with pytest.raises(ObjectMissing):
        bucket.get("nothing")
    with pytest.raises(StorageRefused, match="NoSuchBucket"):
        Bucket(replace(url, host="elsewhere")).put("a", b"b")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    monkeypatch.setattr("headgate.ingestion.storage.TRIES", 1)
    with pytest.raises(StorageUnavailable) as lost:
        Bucket(replace(url, endpoint_url=f"http://127.0.0.1:{port}")).put("a", b"b")
    assert lost.value.retryable


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://host/a", "must start with file:// or s3://"),
        ("https://host/a", "must start with file:// or s3://"),
        ("s3://key:secret@bucket/a", "must hold no keys; give them"),
        ("s3://bucket/../other", "must be s3://bucket/folder"),
        ("s3://bucket?profile=x", "must be s3://bucket/folder"),
        ("s3://bucket?endpoint_url=file:///etc", "has an endpoint_url"),
        ("file://host/srv", "must be file:// and an absolute path"),
        ("s3://bucket?endpoint_url=http://objects.example:9000", "plain-text connection"),
    ],
)
def test_an_address_of_storage_that_cannot_be_meant_ends_the_start(url: str, problem: str) -> None:
    found = problems({"HEADGATE_HOME": "/h", "HEADGATE_ARTIFACTS_URL": url}, production=True)

    [told] = [line for line in found if line.startswith("HEADGATE_ARTIFACTS_URL")]
    assert problem in told and "secret" not in told


class Answers:
    """A client whose every answer is this."""

    def __init__(self, given: egress.Answer | Exception) -> None:
        self.given = given

    def request(self, *_: Any, **__: Any) -> egress.Answer:
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


def test_from_a_payment_to_its_evidence_and_back(outside: Outside) -> None:
    check = b"the picture of a check"
    sent = raw(
        envelope(
            transfer="acht_1",
            artifacts=[{"type": "check_image_front", "uri": "https://x/1", "hash": hashlib.sha256(check).hexdigest()}],
        )
    )
    picture = receive(outside, check)
    file = receive(outside, sent)
    slip = receive(outside, b"a receipt")
    with outside.begin() as tx:
        made = ingestion.ingest_payment(tx, sent)
    assert isinstance(made, ingestion.PaymentIngestion)

    attached = attaching.attach(outside, made.id, NewEvidence("wire_receipt", f"urn:headgate:artifact:{slip.id}"))
    again = attaching.attach(outside, made.id, NewEvidence("wire_receipt", f"urn:headgate:artifact:{slip.id}"))

    assert attached == again
    with outside.begin() as tx:
        found = {one.artifact_id: one for one in attaching.evidence_of(tx, made.id)}
        assert set(found) == {picture.id, file.id, slip.id}
        for one in (picture, file, slip):
            assert (found[one.id].sha256, found[one.id].uri) == (one.sha256, f"urn:headgate:artifact:{one.id}")
            assert [back.id for back in attaching.payments_of(tx, one.id)] == [made.id]
    with pytest.raises(Exception, match="permission denied"), outside.begin() as tx:
        tx.run("DELETE FROM ingestion.payment_ingestions")


def test_evidence_elsewhere_is_read_and_hashed_or_warned_of_or_refused(outside: Outside) -> None:
    with outside.begin() as tx:
        made = ingestion.ingest_payment(tx, raw(envelope(transfer="acht_2")))
    assert isinstance(made, ingestion.PaymentIngestion)
    there, gone = Answers(egress.Answer(200, {}, b"%PDF a receipt")), Answers(egress.EgressFailed("no answer"))
    digest = hashlib.sha256(b"%PDF a receipt").hexdigest()

    def attach(client: Answers, uri: str, sha256: str | None = None) -> attaching.Evidence:
        given = NewEvidence("psp_receipt", uri, sha256, metadata={"charge": "ch_1"})
        return attaching.attach(outside, made.id, given, client=client)  # type: ignore[arg-type]

    read = attach(there, "https://psp.example/r.pdf")
    warned = attach(gone, "https://psp.example/lost.pdf", "ab" * 32)
    for client, uri, sha256 in (
        (gone, "https://psp.example/other.pdf", None),
        (there, "https://psp.example/wrong.pdf", "ab" * 32),
        (there, "ftp://psp.example/a.pdf", None),
        (there, "https://psp.example/a.pdf", "AB"),
    ):
        with pytest.raises(MalformedEvidence):
            attach(client, uri, sha256)

    assert (read.sha256, read.warning, read.mime) == (digest, None, "application/pdf")
    assert read.artifact_id is not None and body(outside, read.artifact_id) == b"%PDF a receipt"
    assert (warned.artifact_id, warned.sha256, warned.warning) == (None, "ab" * 32, "no answer")
    assert warned.source_metadata == {"charge": "ch_1"}
    with outside.begin() as tx:
        assert len(attaching.evidence_of(tx, made.id)) == 2
