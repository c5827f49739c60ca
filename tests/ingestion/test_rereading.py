"""Read again by a newer parser: the difference is shown before it is applied, facts stay, and nothing is posted twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import make
from tests.web.client import client_of, keys_of

from headgate import cases, ingestion
from headgate.core.db import Database
from headgate.core.money import Money
from headgate.ingestion import rereading
from headgate.ingestion.differing import compare
from headgate.ingestion.errors import AlreadyRead, DifferenceMoved, UnknownParser, WrongKind
from headgate.ingestion.normalise import rows
from headgate.ingestion.parsers import Parser, all_parsers
from headgate.ingestion.records import Fault, Parsed, RegisterRecord, TransactionRecord
from headgate.ingestion.routes import router
from headgate.jobs import Outside
from headgate.rails import fake
from headgate.web import build_application

HEAD = b"employee_id,name,routing_number,account_number,account_type,net_pay\n"
ROWS = [b"E-%d,Maria Lindqvist,021000021,123456789%d,checking,%d.00\n" % (n, n, 100 + n) for n in range(4)]
DAY = fake.book(
    account=fake.BankAccount("000123456789", fake.ROUTING),
    on=date(2026, 11, 20),
    opening=make.usd("500.00"),
    wires=[
        fake.WireIn(make.usd("1000.00"), "HGACME0001", "ACME INC"),
        fake.WireIn(make.usd("50.00"), "HG2", "ACME INC"),
    ],
)
Change = Callable[[Parsed], Parsed]


@pytest.fixture
def outside(database: Database, tenant: make.TenantFixture) -> Outside:
    return Outside(database, tenant.id, make.ACTOR)


@contextmanager
def newer(change: Change) -> Iterator[str]:
    """A newer version of the register's parser, which gives what `change` makes of the present one's."""
    old = all_parsers()["register_v1"]
    name = "register_v99"
    all_parsers()[name] = Parser(name, old.kind, old.title, old.sniff, lambda data: change(old.parse(data)))
    try:
        yield name
    finally:
        del all_parsers()[name]


def changed(parsed: Parsed) -> Parsed:
    """The second line pays more, the third is gone, the fourth on another line, a fifth was overlooked; one fault."""
    first, second, _, fourth = parsed.records
    assert isinstance(second, RegisterRecord) and isinstance(fourth, RegisterRecord)
    more = replace(second, net_pay=Money(second.net_pay.minor + 1, "USD"), name="Maria Berg")
    fifth = replace(fourth, line=9, employee_id="E-9", net_pay=Money(7, "USD"))
    fault = Fault(9, 1, "name", "register.name", "line 9: no name; write it")
    return replace(parsed, records=(first, more, replace(fourth, line=8), fifth), faults=(fault,))


def keep(outside: Outside, data: bytes, parser: str, source: str = "upload") -> str:
    with outside.begin() as tx:
        made = ingestion.receive(tx, source=source, filename="f", data=data)
        read = ingestion.read(tx, made.id, parser=parser)
        assert isinstance(read, ingestion.Reading) and read.parser == parser
    return made.id


def records(outside: Outside, artifact_id: str) -> list[tuple[int, int, str]]:
    with outside.begin() as tx:
        found = ingestion.list_records(tx, artifact_id=artifact_id)
    return [(one.line, one.amount_minor, one.parser) for one in found]


def counts(outside: Outside) -> tuple[int, int, int]:
    """Readings, records and announcements of readings."""
    with outside.begin() as tx:
        found = tx.one(
            """
            SELECT (SELECT count(*) FROM ingestion.readings) AS readings, (SELECT count(*) FROM ingestion.records) AS records,
                   (SELECT count(*) FROM messaging.outbox_messages WHERE event_type = 'ingestion.artifact.read') AS told
            """
        )
    return found["readings"], found["records"], found["told"]


def test_the_difference_is_shown_then_applied_and_facts_stay(outside: Outside) -> None:
    artifact_id = keep(outside, HEAD + b"".join(ROWS), "register_v1")
    with newer(changed):
        shown = rereading.propose(outside, artifact_id)
        assert (counts(outside), shown.to_parser) == ((1, 4, 1), "register_v99")

        with pytest.raises(DifferenceMoved):
            rereading.apply(outside, artifact_id, digest="0" * 64)
        made = rereading.apply(outside, artifact_id, digest=shown.digest)
        with pytest.raises(AlreadyRead):
            rereading.apply(outside, artifact_id, digest=shown.digest)
        with pytest.raises(AlreadyRead):
            rereading.propose(outside, artifact_id)

    assert shown.document()["counts"] == {
        "added": 1, "changed": 1, "gone": 1, "moved": 1, "faults_new": 1, "faults_gone": 0,
    }  # fmt: skip
    assert [(one.line, one.amount_minor) for one in shown.added] == [(9, 7)]
    told = {one.line: (one.difference, dict(one.fields)) for one in shown.altered}
    assert told == {
        3: ("changed", {"amount_minor": [10100, 10101], "private": ["name"]}),
        4: ("gone", {}),
        5: ("moved", {"external_id": [None, None], "line": [5, 8]}),
    }
    assert "Lindqvist" not in str(shown.document()) and "Berg" not in str(shown.document())
    assert (made.parser, made.records, made.duplicates, made.faults) == ("register_v99", 4, 3, 1)
    old = [(line, 9800 + 100 * line, "register_v1") for line in (2, 3, 4, 5)]
    assert records(outside, artifact_id) == [*old, (9, 7, "register_v99")]
    assert counts(outside) == (2, 5, 2)
    with outside.begin() as tx:
        kept = tx.all("SELECT difference FROM ingestion.record_differences ORDER BY difference")
        assert [row["difference"] for row in kept] == ["changed", "gone", "moved"]
        [asked] = [one for one in cases.list_cases(tx) if one.category == "reread_differs"]
        assert (asked.ingestion_id, asked.detail["digest"]) == (artifact_id, shown.digest)
        standing = ingestion.reading_of(tx, artifact_id)
        assert standing is not None and standing.parser == "register_v99"
        assert ingestion.read(tx, artifact_id) == standing


def test_what_names_the_same_facts_otherwise_adds_none(outside: Outside) -> None:
    """The real parsers: what an older version read, and the newer one, in two formats of one source."""
    first = keep(outside, fake.bai2(DAY), "bai2_v1", "bank.a")
    keep(outside, fake.camt053(DAY), "camt053_v1", "bank.a")
    before = counts(outside)

    proposal = rereading.propose_range(outside)
    made = rereading.apply_range(outside, digest=proposal.digest)

    assert [(one.from_parser, one.to_parser, len(one.added)) for one in proposal.differences] == [
        ("bai2_v1", "bai2_v2", 0),
        ("camt053_v1", "camt053_v2", 0),
    ]
    assert ([one.parser for one in made], counts(outside)[1]) == (["bai2_v2", "camt053_v2"], before[1])
    with outside.begin() as tx:
        assert len(ingestion.list_statements(tx, artifact_id=first)) == 1, "the same statement is not stored twice"
        assert [line.amount for line in ingestion.statement_lines(tx, first)] == [
            make.usd("1000.00"),
            make.usd("50.00"),
        ]
    assert rereading.propose_range(outside).differences == ()


def test_the_daily_job_applies_what_is_alike_and_asks_of_the_rest_once(outside: Outside) -> None:
    alike = keep(outside, HEAD + ROWS[0], "register_v1")
    unlike = keep(outside, HEAD + b"".join(ROWS), "register_v1", "other")
    assert rereading.reread_daily(outside) is None, "register_v2 is for files with a column for rails"

    with newer(lambda parsed: changed(parsed) if len(parsed.records) == 4 else parsed):
        assert rereading.reread_daily(outside) == "1 read again alike, 1 differ"
        assert rereading.reread_daily(outside) is None

    assert [len(records(outside, one)) for one in (alike, unlike)] == [1, 4]
    with outside.begin() as tx:
        assert [one.ingestion_id for one in cases.list_cases(tx)] == [unlike]
    assert rereading.reread_daily(outside) is None


def test_a_range_takes_what_came_in_it_and_another_kind_is_refused(outside: Outside) -> None:
    artifact_id = keep(outside, fake.bai2(DAY), "bai2_v1")
    now = datetime.now(UTC)

    def found(*, since: datetime | None = None, before: datetime | None = None) -> int:
        return len(rereading.propose_range(outside, received_from=since, received_before=before).differences)

    hour = timedelta(hours=1)
    assert (found(), found(since=now + hour), found(before=now - hour), found(since=now - hour, before=now + hour)) == (
        1,
        0,
        0,
        1,
    )
    with pytest.raises(UnknownParser):
        rereading.propose(outside, artifact_id, parser="register_v77")
    with pytest.raises(WrongKind):
        rereading.propose(outside, artifact_id, parser="register_v1")
    assert (rereading.newest("bai2_v1"), rereading.newest("gone_v7"), rereading.newest("csv_v1")) == (
        "bai2_v2",
        "gone_v7",
        "csv_v1",
    )


def test_a_file_that_nobody_knew_is_read_once_somebody_does(outside: Outside) -> None:
    with outside.begin() as tx:
        kept = ingestion.receive(tx, source="upload", filename="f", data=HEAD + ROWS[0])
        tx.run("UPDATE ingestion.artifacts SET status = 'unreadable'")

    shown = rereading.propose(outside, kept.id)
    made = rereading.apply(outside, kept.id, digest=shown.digest)

    assert (shown.from_parser, len(shown.added), made.records) == (None, 1, 1)
    with outside.begin() as tx:
        assert ingestion.get_artifact(tx, kept.id).status == "read"


def test_the_doors_show_and_apply(outside: Outside, database: Database) -> None:
    artifact_id = keep(outside, HEAD + b"".join(ROWS), "register_v1")
    keys = keys_of(database, outside.tenant_id)
    with client_of(build_application(database, [router])) as client, newer(changed):
        path = f"/v1/ingestion/artifacts/{artifact_id}/reprocessings"
        shown = client.post(path, headers=keys.operator, json={}).json()
        ranged = client.post("/v1/ingestion/reprocessings", headers=keys.operator, json={}).json()
        moved = client.post(path, headers=keys.operator, json={"apply": "0" * 64})
        done = client.post("/v1/ingestion/reprocessings", headers=keys.operator, json={"apply": ranged["digest"]})

    assert shown["differences"] == ranged["differences"] and shown["digest"] != ranged["digest"]
    assert (moved.status_code, moved.json()["code"]) == (409, "ingestion.difference_moved")
    assert (done.status_code, [one["duplicates"] for one in done.json()["readings"]]) == (200, [3])


AMOUNTS = st.lists(st.integers(1, 3), max_size=6)


@given(AMOUNTS, AMOUNTS, st.booleans())
def test_no_difference_adds_more_than_was_overlooked(old: list[int], new: list[int], names: bool) -> None:
    """Whatever a newer parser calls them, of each amount as many are added as there are more of than stood."""

    def parsed(amounts: list[int], version: int) -> Parsed:
        return Parsed(
            tuple(
                TransactionRecord(
                    line=n + 1 if not names else 10 * version + n,
                    external_id=f"v{version}:{n}" if names else None,
                    account_number="1",
                    amount=Money(amount, "USD"),
                    direction="credit",
                    booked_on=None,
                    value_on=None,
                    type_code="195",
                    bank_reference="",
                    customer_reference="",
                    text="",
                )
                for n, amount in enumerate(amounts)
            )
        )

    from headgate.ingestion.model import StoredRecord

    standing = []
    for row in rows(parsed(old, 1)):
        facts = {
            name: getattr(row, name) for name in ("line", "occurrence", "kind", "external_id", "channel", "direction")
        }
        facts |= {name: getattr(row, name) for name in ("value_on", "booked_on", "reference", "details")}
        facts |= {"id": f"rec_{row.line}", "artifact_id": "a", "reading_id": "r", "statement_id": None, "source": "s"}
        facts |= {"offset_start": 0, "offset_end": 0, "parser": "p_v1", "amount_minor": row.amount.minor}
        standing.append((StoredRecord(**facts, currency="USD", recorded_at=datetime.now(UTC)), row.private))

    found, added = compare(
        artifact_id="a", from_parser="p_v1", to_parser="p_v2", standing=standing, made=rows(parsed(new, 2)),
        elsewhere=[], faults=[], faults_made=[],
    )  # fmt: skip

    assert len(added) == len(found.added)
    assert found.is_none == (old == new and (not names or not old))
    if names:
        for amount in (1, 2, 3):
            more = max(0, new.count(amount) - old.count(amount))
            assert sum(row.amount.minor == amount for row in added) == more
    else:
        assert len(added) == max(0, len(new) - len(old))
