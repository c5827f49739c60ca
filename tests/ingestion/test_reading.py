"""Reading real files: good records stay although others are broken, each fact once, nothing private in the open."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from tests import make

from headgate import cases, ingestion
from headgate.core.db import Database, Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ingestion import Reading
from headgate.ingestion.bookings import booking_of, channel_of
from headgate.ingestion.consumers import CONSUMERS
from headgate.ingestion.normalise import LineOffsets
from headgate.ingestion.parsers import all_parsers
from headgate.ingestion.records import ReturnRecord
from headgate.messaging import Message
from headgate.rails import ach, fake

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted(
    path for folder in ("bai2", "camt") for path in (ROOT / "tests/samples" / folder).iterdir() if path.suffix != ".md"
)
REGISTER = (ROOT / "docs/samples/register.csv").read_bytes()
ACCOUNT = fake.BankAccount("000123456789", fake.ROUTING)
DAY = fake.book(
    account=ACCOUNT,
    on=date(2026, 11, 20),
    opening=make.usd("500.00"),
    wires=[
        fake.WireIn(make.usd("1000.00"), "HGACME0001", "ACME INC"),
        fake.WireIn(make.usd("50.00"), "HGACME0001", "ACME INC"),
    ],
)
BROKEN_REGISTER = (
    b"employee_id,name,routing_number,account_number,account_type,net_pay\n"
    b"E-1,Maria Lindqvist,021000021,1234567890,checking,100.00\n"
    b"E-2,Otto Broken,021000022,5550001111,checking,200.00\n"
    b"E-3,Cleo Wrong,021000021,5550002222,checking,abc\n"
    b"E-4,Ida Sample,011401533,5550003333,savings,300.00\n"
)


def keep(tx: Tx, data: bytes, *, source: str = "bank.test", kind: str | None = None) -> ingestion.Artifact:
    return ingestion.receive(tx, source=source, filename="file", data=data, kind=kind)


def read(tx: Tx, data: bytes, *, source: str = "bank.test", kind: str | None = None) -> Reading:
    reading = ingestion.read(tx, keep(tx, data, source=source, kind=kind).id)
    assert isinstance(reading, Reading)
    return reading


def messages(tx: Tx, event_type: str) -> int:
    return int(
        tx.value("SELECT count(*) FROM messaging.outbox_messages WHERE event_type = %(type)s", {"type": event_type})
    )


def test_a_statement_is_read_with_its_proof_and_its_places(tx: Tx, tenant: make.TenantFixture) -> None:
    data = fake.bai2(DAY)

    reading = read(tx, data)

    assert (reading.parser, reading.kind, reading.records, reading.duplicates, reading.faults) == (
        "bai2_v2",
        "statement",
        2,
        0,
        0,
    )
    assert reading.proved is True
    [statement] = ingestion.list_statements(tx, artifact_id=reading.artifact_id)
    assert (statement.opening_minor, statement.total_minor, statement.closing_minor) == (50000, 105000, 155000)
    assert (statement.account_last4, statement.currency, statement.statement_on) == ("6789", "USD", date(2026, 11, 20))
    records = ingestion.list_records(tx, artifact_id=reading.artifact_id)
    lines = [data[record.offset_start : record.offset_end].decode() for record in records]
    assert lines == [line for line in data.decode().splitlines() if line.startswith("16,")]
    assert [record.amount for record in records] == [make.usd("1000.00"), make.usd("50.00")]


def test_statement_lines_are_opened_for_the_domains_above(tx: Tx, tenant: make.TenantFixture) -> None:
    reading = read(tx, fake.bai2(DAY))

    first, second = ingestion.statement_lines(tx, reading.artifact_id)

    assert (first.is_credit, first.amount, first.booking, first.channel) == (True, make.usd("1000.00"), "wire", "wire")
    assert (first.reference, first.bank_reference, first.text) == (
        "HGACME0001",
        "20261120000001",
        "INCOMING WIRE ACME INC",
    )
    assert first.external_id != second.external_id
    assert "ACME" not in repr(first).replace("HGACME0001", "")


def test_read_again_is_the_reading_that_stands(tx: Tx, tenant: make.TenantFixture) -> None:
    reading = read(tx, fake.bai2(DAY))

    assert ingestion.read(tx, reading.artifact_id) == reading
    assert ingestion.read(tx, reading.artifact_id, parser="bai2_v2") == reading
    with pytest.raises(ingestion.AlreadyRead, match="bai2_v2"):
        ingestion.read(tx, reading.artifact_id, parser="camt053_v2")

    assert tx.value("SELECT count(*) FROM ingestion.records") == 2
    assert messages(tx, "ingestion.artifact.read") == 1


def test_the_same_bookings_in_another_format_are_the_same_facts(tx: Tx, tenant: make.TenantFixture) -> None:
    read(tx, fake.bai2(DAY))

    again = read(tx, fake.camt053(DAY))

    assert (again.parser, again.records, again.duplicates) == ("camt053_v2", 2, 2)
    assert tx.value("SELECT count(*) FROM ingestion.records") == 2
    assert ingestion.statement_lines(tx, again.artifact_id) == []


def test_another_source_has_identities_of_its_own(tx: Tx, tenant: make.TenantFixture) -> None:
    read(tx, fake.bai2(DAY))

    other = read(tx, fake.camt053(DAY), source="bank.other")

    assert other.duplicates == 0
    assert tx.value("SELECT count(*) FROM ingestion.records") == 4


def test_twenty_equal_lines_without_an_identity_are_twenty(tx: Tx, tenant: make.TenantFixture) -> None:
    line = b"E-1,Maria Lindqvist,021000021,1234567890,checking,100.00\n"
    data = b"employee_id,name,routing_number,account_number,account_type,net_pay\n"
    rows = b"".join(line.replace(b"E-1", b"E-%d" % n) for n in range(20))

    reading = read(tx, data + rows)
    again = ingestion.read(tx, keep(tx, data + rows).id)

    assert again == reading
    assert (reading.records, reading.duplicates) == (20, 0)
    assert tx.value("SELECT count(*) FROM ingestion.records") == 20


def test_a_register_is_opened_row_by_row(tx: Tx, tenant: make.TenantFixture) -> None:
    parsed = all_parsers()["register_v1"].parse(REGISTER)

    reading = read(tx, REGISTER, kind="register")

    rows = ingestion.register_rows(tx, reading.artifact_id)
    assert reading.proved is None
    assert [(row.employee_id, row.name, row.routing_number, row.account_number, row.net_pay) for row in rows] == [
        (r.employee_id, r.name, r.routing_number, r.account_number, r.net_pay)  # type: ignore[union-attr]
        for r in parsed.records
    ]
    assert [dict(row.taxes) for row in rows] == [{t.name: t.amount for t in r.taxes} for r in parsed.records]  # type: ignore[union-attr]
    assert all(row.name not in repr(row) and row.account_number not in repr(row) for row in rows)


def test_bad_lines_are_named_in_one_case_and_the_good_ones_go_on(tx: Tx, tenant: make.TenantFixture) -> None:
    reading = read(tx, BROKEN_REGISTER)

    assert (reading.records, reading.faults) == (2, 2)
    assert [row.employee_id for row in ingestion.register_rows(tx, reading.artifact_id)] == ["E-1", "E-4"]
    faults = ingestion.list_faults(tx, artifact_id=reading.artifact_id)
    assert [(fault.line, fault.field, fault.level) for fault in faults] == [
        (3, "routing_number", "E"),
        (4, "net_pay", "E"),
    ]
    [case] = cases.list_cases(tx)
    assert (case.category, case.subcategory, case.ingestion_id) == ("file_fault", "register", reading.artifact_id)
    assert [(one["line"], one["field"]) for one in case.detail["first"]] == [(3, "routing_number"), (4, "net_pay")]


def test_a_statement_that_does_not_prove_is_read_and_asked_about(tx: Tx, tenant: make.TenantFixture) -> None:
    data = fake.camt053(DAY).replace(b"1550.00", b"1551.00")

    reading = read(tx, data)

    assert (reading.proved, reading.records) == (False, 2)
    [statement] = ingestion.list_statements(tx, artifact_id=reading.artifact_id)
    assert statement.proved is False
    [case] = cases.list_cases(tx)
    assert (case.category, case.detail["proved"], case.detail["faults"]) == ("file_fault", False, 0)
    assert [one["rule"] for one in case.detail["first"]] == ["camt.balance"]


def test_no_name_and_no_account_number_lies_open(tx: Tx, tenant: make.TenantFixture) -> None:
    read(tx, BROKEN_REGISTER)
    read(tx, fake.bai2(DAY))

    words = ("Lindqvist", "Otto", "Cleo", "1234567890", "5550001111", "5550002222", "000123456789", "ACME INC")
    tables = tx.values(
        """
        SELECT format('%%I.%%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND n.nspname IN ('ingestion', 'audit', 'messaging', 'cases')
           AND has_table_privilege(c.oid, 'SELECT')
        """,
        {},
    )
    assert "ingestion.records" in tables
    for table in tables:
        for row in tx.all(f"SELECT to_jsonb(x)::text AS shown FROM {table} x"):  # type: ignore[call-overload]
            assert not [word for word in words if word in row["shown"]], table


def test_bytes_of_no_known_format_are_refused_kept_and_asked_about(tx: Tx, tenant: make.TenantFixture) -> None:
    artifact = keep(tx, b"hello, bank")

    refused = ingestion.read(tx, artifact.id)
    again = ingestion.read(tx, artifact.id)

    assert isinstance(refused, Refused)
    assert refused.code == "ingestion.unknown_kind"
    assert refused == again
    assert ingestion.get_artifact(tx, artifact.id).status == "unreadable"
    assert ingestion.body(tx, artifact.id) == b"hello, bank"
    assert [case.category for case in cases.list_cases(tx)] == ["unknown_file"]
    assert tx.value("SELECT count(*) FROM ingestion.readings") == 0


def test_a_case_that_asks_what_bytes_are_ends_when_they_are_read(tx: Tx, tenant: make.TenantFixture) -> None:
    artifact = keep(tx, fake.bai2(DAY), kind="register")
    assert isinstance(ingestion.read(tx, artifact.id), Refused)
    tx.run("UPDATE ingestion.artifacts SET kind = 'unknown' WHERE id = %(id)s", {"id": artifact.id})

    read = ingestion.read(tx, artifact.id, parser="bai2_v2")

    assert isinstance(read, ingestion.Reading)
    (case,) = cases.list_cases(tx, state="resolved")
    assert (case.category, case.resolution) == ("unknown_file", "it was read by bai2_v2")


def test_a_file_of_another_kind_than_said_is_refused(tx: Tx, tenant: make.TenantFixture) -> None:
    refused = ingestion.read(tx, keep(tx, fake.bai2(DAY), kind="register").id)

    assert isinstance(refused, Refused)
    assert "looks like BAI2 bank statement (statement) and was sent as register" in refused.message
    assert tx.value("SELECT count(*) FROM ingestion.records") == 0


def test_what_was_unreadable_is_read_once_its_parser_is_named(tx: Tx, tenant: make.TenantFixture) -> None:
    artifact = keep(tx, b"16,195,100,Z,B1,C1,TEXT/\n")
    assert isinstance(ingestion.read(tx, artifact.id), Refused)

    reading = ingestion.read(tx, artifact.id, parser="bai2_v1")

    assert isinstance(reading, Reading)
    assert reading.faults > 0
    assert ingestion.get_artifact(tx, artifact.id).status == "read"


def test_an_unknown_parser_or_artifact_is_named(tx: Tx, tenant: make.TenantFixture) -> None:
    artifact = keep(tx, fake.bai2(DAY))

    with pytest.raises(ingestion.UnknownParser, match="there are adyen_v1, bai2_v1"):
        ingestion.read(tx, artifact.id, parser="mt999_v1")
    with pytest.raises(ingestion.NoSuchArtifact):
        ingestion.read(tx, "art_none")

    assert ingestion.get_artifact(tx, artifact.id).status == "received"


@pytest.mark.parametrize("wanted", [ingestion.statement_lines, ingestion.return_entries])
def test_a_register_is_no_statement_and_no_return_file(tx: Tx, tenant: make.TenantFixture, wanted) -> None:  # type: ignore[no-untyped-def]
    reading = read(tx, REGISTER)

    with pytest.raises(ingestion.WrongKind, match="is read as register"):
        wanted(tx, reading.artifact_id)
    with pytest.raises(ingestion.WrongKind, match="is received as unknown"):
        ingestion.register_rows(tx, keep(tx, fake.bai2(DAY)).id)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
@pytest.mark.slow
def test_real_files_are_kept_and_read_as_their_parser_says(tx: Tx, tenant: make.TenantFixture, sample: Path) -> None:
    data = sample.read_bytes()
    parser = "bai2_v1" if sample.parent.name == "bai2" else "camt053_v1"
    parsed = all_parsers()[parser].parse(data)
    artifact = keep(tx, data)

    reading = ingestion.read(tx, artifact.id, parser=parser)

    assert isinstance(reading, Reading)
    assert (reading.records, reading.faults) == (len(parsed.records), len(parsed.faults))
    stored = ingestion.list_records(tx, artifact_id=artifact.id, limit=10_000)
    assert len(stored) == reading.records - reading.duplicates
    statements = ingestion.list_statements(tx, artifact_id=artifact.id, limit=1000)
    assert [one.proved is True for one in statements] == [one.proof == "proven" for one in parsed.statements]
    assert ingestion.body(tx, artifact.id) == data


def test_a_return_file_is_opened_entry_by_entry(tx: Tx, tenant: make.TenantFixture) -> None:
    data = (ROOT / "docs/samples/returns.ach").read_bytes()
    parsed = [one for one in all_parsers()["nacha_v1"].parse(data).records if isinstance(one, ReturnRecord)]
    assert parsed

    reading = read(tx, data, kind="returns")

    entries = ingestion.return_entries(tx, reading.artifact_id)
    assert (reading.parser, reading.proved) == ("nacha_v1", True)
    assert [(e.original_trace, e.original_rdfi, e.amount, e.code, e.external_id, e.settled_on) for e in entries] == [
        (r.original_trace, r.original_rdfi, r.amount, r.return_code, r.external_id, r.effective_on) for r in parsed
    ]


def test_a_change_keeps_what_it_names_sealed(tx: Tx, tenant: make.TenantFixture) -> None:
    sent = (ROOT / "tests/samples/nacha/originals/examples__testdata__ppd-credit.ach").read_bytes()
    trace = next(entry.trace_number for entry in ach.read_file(sent).entries)
    data = fake.change_file([sent], {trace: ("C01", "1918171614")}, on=date(2026, 11, 20))

    reading = read(tx, data)

    [record] = ingestion.list_records(tx, artifact_id=reading.artifact_id)
    assert (record.kind, record.amount, record.direction) == ("change_entry", make.usd("0.00"), None)
    assert (record.details["change_code"], record.details["original_trace"]) == ("C01", trace)
    assert "1918171614" not in tx.value("SELECT to_jsonb(r)::text FROM ingestion.records r")
    assert ingestion.return_entries(tx, reading.artifact_id) == []


@pytest.mark.parametrize(
    ("code", "booking", "channel"),
    [
        ("195", "wire", "wire"),
        ("PMNT-RCDT-DMCT", "wire", "wire"),
        ("PMNT-RRCT-ESCT", "realtime", "realtime"),
        ("466", "ach_settlement", "ach"),
        ("257", "ach_return", "ach"),
        ("PMNT-ICDT-RRTN", "ach_return", "ach"),
        ("475", "check", "check"),
        ("999", "other", None),
        ("", "other", None),
        ("698", "fee", None),
    ],
)
def test_a_booking_is_what_the_banks_code_says(code: str, booking: str, channel: str | None) -> None:
    assert booking_of(code) == booking
    assert channel_of(booking_of(code)) == channel


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_offsets_find_each_line_again(end: bytes) -> None:
    lines = [b"first", b"", b"third one"]

    offsets = LineOffsets(end.join(lines))

    data = end.join(lines)
    assert [data[slice(*offsets.of(n))] for n in (1, 2, 3)] == lines
    assert offsets.of(4) == (0, len(data))


def test_the_consumer_reads_what_was_received_once(database: Database, tenant: make.TenantFixture) -> None:
    [consumer] = CONSUMERS
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        artifact = keep(tx, fake.bai2(DAY))
        unknown = keep(tx, b"??")
    for _ in range(2):
        for kept in (artifact, unknown):
            with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
                consumer.handle(tx, message(tx, kept.id))

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert ingestion.get_artifact(tx, artifact.id).status == "read"
        assert ingestion.get_artifact(tx, unknown.id).status == "unreadable"
        assert messages(tx, "ingestion.artifact.read") == 1
        assert len(cases.list_cases(tx)) == 1


def message(tx: Tx, artifact_id: str) -> Message:
    return Message(
        id=1,
        tenant_id=tx.tenant_id,
        event_type="ingestion.artifact.received",
        aggregate_type="artifact",
        aggregate_id=artifact_id,
        payload=json.loads("{}"),
        correlation_id=None,
        created_at=tx.now(),
        attempt=1,
    )


def test_amounts_keep_their_currency_and_sign(tx: Tx, tenant: make.TenantFixture) -> None:
    day = fake.BankDay(
        account=ACCOUNT,
        on=date(2026, 11, 20),
        opening=make.usd("0.00"),
        lines=(fake.BankLine(False, make.usd("12.34"), "466", "FILEREF1", "ACH SETTLEMENT"),),
    )

    reading = read(tx, fake.camt053(day))

    [line] = ingestion.statement_lines(tx, reading.artifact_id)
    assert (line.is_credit, line.amount, line.booking, line.reference) == (
        False,
        Money(1234, "USD"),
        "ach_settlement",
        "FILEREF1",
    )
    [statement] = ingestion.list_statements(tx, artifact_id=reading.artifact_id)
    assert (statement.total_minor, statement.closing_minor, statement.proved) == (-1234, -1234, True)
