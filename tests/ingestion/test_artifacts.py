"""Bytes are kept sealed, once, before anything is read in them."""

from __future__ import annotations

import hashlib

import psycopg
import pytest
from tests import make

from headgate import ingestion
from headgate.core import secrets
from headgate.core.db import Database, Tx
from headgate.core.errors import AppendOnly, IllegalMove
from headgate.ingestion import artifacts
from headgate.ingestion.errors import BodyDiffers

DATA = b"01,990000013,990000013,261120,2359,1,,,2/\naccount 000123456789 of Maria Lindqvist\n"


def receive(tx: Tx, data: bytes = DATA, source: str = "bank.test") -> ingestion.Artifact:
    return ingestion.receive(tx, source=source, filename="day.bai", data=data)


def received_messages(tx: Tx) -> int:
    return int(
        tx.value("SELECT count(*) FROM messaging.outbox_messages WHERE event_type = 'ingestion.artifact.received'")
    )


def test_the_bytes_come_back_as_they_were(tx: Tx, tenant: make.TenantFixture) -> None:
    artifact = receive(tx)

    assert ingestion.body(tx, artifact.id) == DATA
    assert (artifact.sha256, artifact.size_bytes) == (hashlib.sha256(DATA).hexdigest(), len(DATA))
    assert (artifact.status, artifact.kind, artifact.is_new) == ("received", "unknown", True)


def test_the_same_bytes_again_are_the_same_artifact_and_publish_nothing(tx: Tx, tenant: make.TenantFixture) -> None:
    first = receive(tx)

    again = ingestion.receive(tx, source="bank.test", filename="other name.bai", data=DATA)

    assert (again.id, again.filename, again.is_new) == (first.id, "day.bai", False)
    assert tx.value("SELECT count(*) FROM ingestion.artifacts") == 1
    assert tx.value("SELECT count(*) FROM ingestion.artifact_bodies") == 1
    assert received_messages(tx) == 1


def test_a_files_name_says_nothing_of_what_it_is_as_evidence(tx: Tx, tenant: make.TenantFixture) -> None:
    named = ingestion.receive(tx, source="upload", filename="mine.webhook", data=DATA)
    said = ingestion.receive(tx, source="column", filename="mine", data=DATA, type="webhook_body")

    assert (named.type, said.type) == ("bank_file", "webhook_body")


def test_another_source_is_another_artifact(tx: Tx, tenant: make.TenantFixture) -> None:
    assert receive(tx).id != receive(tx, source="upload").id
    assert received_messages(tx) == 2


def test_many_together_are_each_what_one_is_alone(tx: Tx, tenant: make.TenantFixture) -> None:
    given = [("b", b"card 4111111111111111"), ("a", b"two"), ("b", b"one"), ("a", b"two"), ("a", b"one")]
    alone = {
        (source, data): ingestion.receive(tx, source=f"{source}.alone", filename="x.json", data=data)
        for source, data in given
    }

    together = artifacts.receive_many(
        tx, [artifacts.Incoming(f"{source}.many", "x.json", data, f"c-{n}") for n, (source, data) in enumerate(given)]
    )

    assert together[1] == together[3] and len(set(together)) == 4
    for sent, artifact_id in zip(given, together, strict=True):
        one, first = ingestion.get_artifact(tx, artifact_id), alone[sent]
        assert one.source == f"{sent[0]}.many" and ingestion.body(tx, one.id) == ingestion.body(tx, first.id)
        for name in (
            "kind",
            "filename",
            "sha256",
            "stored_sha256",
            "size_bytes",
            "type",
            "mime",
            "metadata",
            "redactions",
        ):
            assert getattr(one, name) == getattr(first, name)
    assert tx.values("SELECT ingestion_id FROM cases.exception_cases ORDER BY created_at, id") == [
        alone["b", b"card 4111111111111111"].id,
        together[0],
    ]


def test_many_are_kept_in_one_order_however_they_are_given(tx: Tx, tenant: make.TenantFixture) -> None:
    given = [
        artifacts.Incoming(source, "x", b"%d" % number, f"{source}{number}")
        for source in ("b", "a")
        for number in range(4)
    ]

    artifacts.receive_many(tx, given)

    order = sorted(given, key=lambda one: (one.source, hashlib.sha256(one.data).digest()))
    assert tx.values(
        "SELECT correlation_id FROM messaging.outbox_messages WHERE aggregate_type = 'artifact' ORDER BY id"
    ) == [one.correlation_id for one in order]


def test_two_senders_of_the_same_bytes_at_once_make_one_artifact(
    database: Database, tenant: make.TenantFixture
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def send(_: int) -> tuple[str, bool]:
        with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            artifact = receive(tx)
            return artifact.id, artifact.is_new

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send, range(16)))

    assert len({artifact_id for artifact_id, _ in sent}) == 1
    assert sum(is_new for _, is_new in sent) == 1


def test_nothing_of_the_content_lies_open_in_the_database(tx: Tx, tenant: make.TenantFixture) -> None:
    receive(tx)

    [sealed] = tx.values("SELECT body_sealed FROM ingestion.artifact_bodies")
    assert b"000123456789" not in bytes(sealed)
    assert b"Lindqvist" not in bytes(sealed)


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"data": b""}, "ingestion.empty"),
        ({"source": "Bank Test"}, "ingestion.malformed_artifact"),
        ({"source": ""}, "ingestion.malformed_artifact"),
        ({"filename": "  "}, "ingestion.malformed_artifact"),
        ({"filename": "folder/"}, None),
        ({"kind": "statements"}, "ingestion.malformed_artifact"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_kept(
    tx: Tx, tenant: make.TenantFixture, facts: dict[str, object], code: str | None
) -> None:
    given: dict[str, object] = {"source": "upload", "filename": "f", "data": DATA, **facts}
    if code is None:
        assert ingestion.receive(tx, **given).filename == "folder"  # type: ignore[arg-type]
        return

    with pytest.raises((ingestion.EmptyArtifact, ingestion.MalformedArtifact)) as refused:
        ingestion.receive(tx, **given)  # type: ignore[arg-type]

    assert refused.value.code == code
    assert tx.value("SELECT count(*) FROM ingestion.artifacts") == 0
    assert received_messages(tx) == 0


def test_a_file_too_large_for_one_piece_is_refused(
    tx: Tx, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "SIZE_MAX", 10)

    with pytest.raises(ingestion.ArtifactTooLarge, match="at most 10"):
        receive(tx)

    assert tx.value("SELECT count(*) FROM ingestion.artifacts") == 0


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("/home/ann/pay.csv", "pay.csv"),
        ("C:\\Users\\ann\\pay.csv", "pay.csv"),
        ("a\nb.csv", "a_b.csv"),
        ("x" * 300, "x" * 200),
    ],
)
def test_of_a_file_name_the_last_part_is_kept(tx: Tx, tenant: make.TenantFixture, given: str, kept: str) -> None:
    assert ingestion.receive(tx, source="upload", filename=given, data=DATA).filename == kept


def test_bytes_that_are_not_those_that_came_are_not_given_out(
    tx: Tx, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = receive(tx)
    monkeypatch.setattr(secrets, "open_sealed", lambda *_, **__: DATA + b"x")

    with pytest.raises(BodyDiffers):
        ingestion.body(tx, artifact.id)


def test_an_artifact_makes_legal_moves_only(tx: Tx, tenant: make.TenantFixture) -> None:
    artifact = receive(tx)

    tx.run("UPDATE ingestion.artifacts SET status = 'unreadable'")
    with pytest.raises(IllegalMove), tx.savepoint():
        tx.run("UPDATE ingestion.artifacts SET status = 'received'")

    assert ingestion.get_artifact(tx, artifact.id).status == "unreadable"


@pytest.mark.parametrize("table", ["artifact_bodies", "readings", "statements", "records", "faults"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE ingestion.{} SET tenant_id = tenant_id WHERE false", "DELETE FROM ingestion.{}", "TRUNCATE ingestion.{}"],
)
def test_evidence_is_append_only_for_a_superuser_too(
    admin: psycopg.Connection[object], table: str, statement: str
) -> None:
    with pytest.raises(psycopg.Error) as refused:
        admin.execute(statement.format(table))  # type: ignore[call-overload]

    assert refused.value.sqlstate in (
        AppendOnly.sqlstate,
        "0A000",
    )  # 0A000: a table that others point at is not truncated.


def test_another_tenant_sees_nothing_and_has_its_own(database: Database, tenant: make.TenantFixture) -> None:
    other = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        mine = receive(tx)

    with database.begin(tenant_id=other.id, actor=make.ACTOR) as tx:
        with pytest.raises(ingestion.NoSuchArtifact):
            ingestion.body(tx, mine.id)
        theirs = receive(tx)

    assert theirs.is_new
    assert theirs.id != mine.id


def test_artifacts_are_listed_newest_first_in_pages(tx: Tx, tenant: make.TenantFixture) -> None:
    made = [receive(tx, data=b"%d" % n).id for n in range(5)]

    first = ingestion.list_artifacts(tx, limit=3)
    rest = ingestion.list_artifacts(tx, limit=3, before=(first[-1].received_at, first[-1].id))

    assert [artifact.id for artifact in first + rest] == made[::-1]
    assert ingestion.list_artifacts(tx, status="read") == []


def test_bytes_lie_in_the_partition_of_their_month_as_closed_as_the_table(tx: Tx, tenant: make.TenantFixture) -> None:
    artifact = receive(tx)

    partition = tx.value("SELECT tableoid::regclass::text FROM ingestion.artifact_bodies")
    assert partition == f"ingestion.artifact_bodies_{artifact.received_at:%Y_%m}"
    assert tx.value("SELECT ingestion.add_months(2)") == 0
    assert tx.value(
        """
        SELECT c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (
                 SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only' AND t.tgenabled = 'A')
          FROM pg_class c WHERE c.oid = %(partition)s::regclass
        """,
        {"partition": partition},
    )
