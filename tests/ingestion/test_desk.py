"""What a desk sees of evidence: lines with what is private hidden, lists, sources, and tables read by a saved mapping."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import make
from tests.ingestion.envelopes import envelope, raw
from tests.make import ACTOR

from headgate import cases, ingestion
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Malformed, Refused
from headgate.core.terms import MalformedTerm
from headgate.ingestion.masking import HIDDEN, mask
from headgate.rails import fake

SAMPLES = Path(__file__).parents[1] / "samples"
ACCOUNT = fake.BankAccount("000123456789", fake.ROUTING)
STATEMENT = fake.bai2(
    fake.book(
        account=ACCOUNT,
        on=date(2026, 11, 20),
        opening=make.usd("500.00"),
        wires=[fake.WireIn(make.usd("1000.00"), "HGACME0001", "MARIA LINDQVIST 5550001111")],
    )
)
OPEN_TABLE = b"When;What;Money\n01/02/2026;Maria Lindqvist;12.50\n03/04/2026;Otto Sample;7.25\n"
MAPPING = {
    "columns": {"booked_on": 0, "text": 1, "amount": 2},
    "header": ["when", "what", "money"],
    "header_line": 1,
    "delimiter": ";",
    "date_order": "dmy",
    "currency": "EUR",
}


def keep(tx: Tx, data: bytes, source: str = "bank.test", name: str = "file") -> str:
    artifact = ingestion.receive(tx, source=source, filename=name, data=data)
    ingestion.read(tx, artifact.id)
    return artifact.id


# ---------- what is hidden


@pytest.mark.parametrize(
    ("line", "known", "shown"),
    [
        ("16,475,10000,V,,,0123456789,JOHN SMITH/", {"10000"}, "16,475,10000,V,,,••••••6789,•••• •••••/"),
        ("2026-11-24;Maria Lindqvist;-1,250.00;USD", {"USD"}, "2026-11-24;••••• •••••••••;-1,250.00;USD"),
        ("<Nm>ACME INC</Nm><Amt Ccy=\"EUR\">12.50</Amt>", set(), "<Nm>•••• •••</Nm><Amt Ccy=\"EUR\">12.50</Amt>"),
        ("From: Maria <maria@example.org>", set(), "••••: ••••• <•••••@•••••••.•••>"),
        ('<a href="mailto:maria@x.org">', set(), '<a ••••="••••••:•••••@x.•••">'),
        ('{"name": "Ann", "account": 12345678}', set(), '{"name": "•••", "account": ••••••••}'),
        ("6220210000215550000000010000100000E-1", {"0000100000"}, "••••••••••••••••••••••••0000100000•-1"),
        (":86:/NAME/J P MORGAN/REMI/rent", set(), ":86:/••••/J P ••••••/••••/••••"),
        ("24.11.2026 Çelik Ünal 12,50", set(), "24.11.2026 ••••• •••• 12,50"),
    ],
)  # fmt: skip
def test_what_may_name_people_or_accounts_is_hidden_letter_for_letter(line: str, known: set[str], shown: str) -> None:
    assert mask(line, known) == shown


@given(st.text(max_size=80), st.sets(st.text(min_size=1, max_size=12), max_size=3))
def test_a_hidden_line_keeps_its_length_and_what_is_not_hidden_is_as_it_was(line: str, known: set[str]) -> None:
    found = mask(line, known)

    assert len(found) == len(line)
    assert all(after in (before, HIDDEN) for before, after in zip(line, found, strict=True))


@given(st.from_regex(r"[A-Z]{3,12} [A-Z]{3,12}", fullmatch=True), st.integers(10**4, 10**16))
def test_no_name_and_no_account_number_is_seen_in_any_column(name: str, number: int) -> None:
    for line in (f"a,{name},{number}", f"{number}|{name}", f'"{name}"\t{number}', f":86:{name} {number}"):
        found = mask(line)
        assert not any(word in found for word in name.split()) and str(number) not in found


# ---------- lines


def test_the_very_line_is_shown_with_what_is_open_of_it_and_the_rest_only_to_who_says_why(database: Database) -> None:
    tenant = make.tenant(database)
    other = Actor("human", "key_other", "usr_other")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        artifact_id = keep(tx, STATEMENT)
        (record,) = ingestion.list_records(tx, artifact_id=artifact_id)
        hidden = ingestion.show_lines(tx, artifact_id, line=record.line, around=1)
        with pytest.raises(Malformed):
            ingestion.reveal(tx, subject=artifact_id, reason="  ")
        until = ingestion.reveal(tx, subject=artifact_id, reason="who paid?")
        shown = ingestion.show_lines(tx, artifact_id, line=record.line, around=1)
        past = ingestion.show_lines(tx, artifact_id, line=9999, around=2)
    with database.begin(tenant_id=tenant.id, actor=other) as tx:
        others = ingestion.show_lines(tx, artifact_id, line=record.line, around=1)
        audited = tx.values("SELECT data->>'subject' FROM audit.events WHERE type = 'ingestion.evidence.revealed'")

    text = "\n".join(one.text for one in hidden.lines)
    assert [one.number for one in hidden.lines] == [record.line - 1, record.line, record.line + 1]
    assert hidden.is_hidden and "100000" in text and record.reference is not None and record.reference in text
    assert "LINDQVIST" not in text and "5550001111" not in text and HIDDEN in text
    assert (shown.is_hidden, shown.until) == (False, until)
    assert "LINDQVIST" in "\n".join(one.text for one in shown.lines)
    assert others.is_hidden and others.lines == hidden.lines and audited == [artifact_id]
    assert past.last == past.line_count == len(STATEMENT.splitlines())


@pytest.mark.parametrize(
    ("data", "form", "lines"),
    [
        (b"a\x1b[31mb\x00c\n", "bytes", []),
        ("one\u202etwo\n\u0007\n".encode(), "bytes", []),
        ("one\u202etwo\nlast".encode(), "text", ["•••\N{SYMBOL FOR SUBSTITUTE}•••", "••••"]),
        ("Müller\r\nGröße 9".encode("latin-1"), "text", ["••••••", "••••• 9"]),
        ("né\nx".encode("utf-16"), "text", ["né", "x"]),
        (b"%PDF-1.7\n\x00\x01", "bytes", []),
        (b"PK\x03\x04 no workbook", "bytes", []),
    ],
)
def test_bytes_are_shown_safely(database: Database, data: bytes, form: str, lines: list[str]) -> None:
    with database.begin(tenant_id=make.tenant(database).id, actor=ACTOR) as tx:
        shown = ingestion.show_lines(tx, keep(tx, data))

    assert (shown.form, [one.text for one in shown.lines]) == (form, lines)


def test_a_workbook_is_shown_by_the_rows_of_its_sheet(database: Database) -> None:
    book = next(path for path in sorted((SAMPLES / "xlsx").iterdir()) if path.suffix == ".xlsx")
    with database.begin(tenant_id=make.tenant(database).id, actor=ACTOR) as tx:
        shown = ingestion.show_lines(tx, keep(tx, book.read_bytes()), line=1, around=5)

    assert shown.form == "workbook" and shown.lines and shown.line_count >= len(shown.lines)


# ---------- lists and sources


def test_artifacts_and_messages_are_found_by_what_they_came_to(database: Database) -> None:
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        proved = keep(tx, STATEMENT, name="day.bai2")
        unknown = keep(tx, b"nobody knows this", source="upload")
        ingestion.receive(tx, source="upload", filename="later", data=b"waits")
        good = ingestion.ingest_payment(tx, raw(envelope("loan-7", 12_345, reference="r-7")))
        bad = ingestion.ingest_payment(tx, b'{"schema": "headgate.payments.v1"}')
        assert not isinstance(good, Refused) and isinstance(bad, Refused)

        def found(text: str) -> list[str]:
            return [row.id for row in ingestion.find_artifacts(tx, ingestion.parse_artifacts(text))]

        assert found("status:proved") == found("source:bank.test") == found("kind:statement name:day.bai2") == [proved]
        assert found("status:unreadable") == [unknown] and len(found("source:upload")) == 2
        today = tx.value(
            "SELECT (clock_timestamp() AT TIME ZONE (SELECT min(time_zone) FROM tenants.legal_entities))::date::text"
        )
        assert len(found(f"day:{today}")) + len(found("day:2020-01-01")) == 3
        for text in ("day:2026-13-01", "day:x", "amount:>5"):
            with pytest.raises(MalformedTerm):
                ingestion.parse_artifacts(text)
        (total,) = ingestion.artifact_totals(tx, ingestion.parse_artifacts("-status:proved"))
        assert (total.count, total.is_more) == (2, False)

        query = ingestion.parse_messages("loan:loan-7 amount:>123")
        (row,) = ingestion.find_messages(tx, query)
        assert (row.id, row.amount, row.on, row.status) == (good.id, make.usd("123.45"), date(2025, 8, 20), "published")
        assert [one.id for one in ingestion.find_messages(tx, ingestion.parse_messages("status:received"))] == [
            bad.facts["ingestion_id"]
        ]
        shown = ingestion.show_payload(tx, good.id)
        assert shown.is_hidden and "Lindqvist" not in str(shown.lines) and '"loan_id"' in str(shown.lines)

        standings = {one.source: one for one in ingestion.source_standings(tx)}
        assert set(standings) == {"bank.test", "upload"}
        bank, upload = standings["bank.test"], standings["upload"]
        assert (bank.count, sum(bank.hours), bank.unread, bank.unreadable) == (1, 1, 0, 0)
        assert bank.hours[-1] + bank.hours[-2] == 1 and len(bank.hours) == 24
        assert (upload.count, upload.unread, upload.unreadable, upload.way) == (2, 1, 1, "sent")
        assert upload.oldest_unread_at is not None and bank.slowest_seconds is not None


def test_a_provider_that_has_sent_nothing_yet_stands_among_the_sources(database: Database) -> None:
    with database.begin(tenant_id=make.tenant(database).id, actor=ACTOR) as tx:
        endpoint = ingestion.set_webhook(tx, source="column", scheme="column", secret="a secret of sixteen or more")
        (one,) = ingestion.source_standings(tx)

    assert (one.source, one.way, one.count, one.last_received_at, one.endpoints) == (
        "column",
        "webhook",
        0,
        None,
        (endpoint,),
    )


# ---------- mappings


def _saved(tx: Tx, source: str = "bank.test") -> None:
    ingestion.save_mapping(tx, source=source, parser="csv_v1", mapping=MAPPING)


def test_a_table_that_leaves_something_open_is_not_read_until_somebody_says_what_its_columns_mean(
    database: Database,
) -> None:
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        artifact = ingestion.receive(tx, source="bank.test", filename="t.csv", data=OPEN_TABLE)
        asked = ingestion.read(tx, artifact.id)
        assert isinstance(asked, Refused) and asked.code == "ingestion.mapping_needed"
        assert ingestion.get_artifact(tx, artifact.id).status == "unreadable"
        (case,) = cases.list_cases(tx)
        assert (case.category, case.subcategory, case.ingestion_id) == ("unknown_file", "mapping_needed", artifact.id)
        before = ingestion.preview_table(tx, artifact.id)
        as_said = ingestion.preview_table(tx, artifact.id, mapping=MAPPING)

        _saved(tx)
        reading = ingestion.read(tx, artifact.id)
        assert isinstance(reading, ingestion.Reading)
        found = [(one.line, one.booked_on, one.amount) for one in ingestion.list_records(tx, artifact_id=artifact.id)]
        later = ingestion.preview_table(tx, artifact.id)
        answered = cases.get_case(tx, case.id)

    assert (answered.state, answered.resolution) == ("resolved", "it was read by csv_v1")
    assert {one.field for one in before.questions} >= {"date_order"} and before.saved is None and before.is_hidden
    assert [one.name for one in before.columns] == ["When", "What", "Money"]
    assert before.columns[1].cells == ("••••• •••••••••", "•••• ••••••")
    assert [(row.booked_on, row.amount.minor, row.text) for row in as_said.rows] == [
        (date(2026, 2, 1), 1250, "••••• •••••••••"), (date(2026, 4, 3), 725, "•••• ••••••")
    ]  # fmt: skip
    assert [(line, on, amount.minor, amount.currency) for line, on, amount in found] == [
        (2, date(2026, 2, 1), 1250, "EUR"), (3, date(2026, 4, 3), 725, "EUR")
    ]  # fmt: skip
    assert later.saved is not None and later.questions == ()


def test_a_saved_mapping_is_of_its_source_and_its_columns_and_can_be_forgotten(database: Database) -> None:
    with database.begin(tenant_id=make.tenant(database).id, actor=ACTOR) as tx:
        _saved(tx)
        elsewhere = ingestion.receive(tx, source="bank.other", filename="t.csv", data=OPEN_TABLE)
        others = ingestion.receive(tx, source="bank.test", filename="t.csv", data=OPEN_TABLE.replace(b"What", b"Who"))
        assert isinstance(ingestion.read(tx, elsewhere.id), Refused)
        assert isinstance(ingestion.read(tx, others.id), Refused)
        (standing,) = ingestion.list_mappings(tx)
        ingestion.remove_mapping(tx, source="bank.test", fingerprint=standing.fingerprint)
        assert ingestion.list_mappings(tx) == []
        again = ingestion.receive(tx, source="bank.test", filename="t.csv", data=OPEN_TABLE)
        assert isinstance(ingestion.read(tx, again.id), Refused)
        with pytest.raises(ingestion.NoSuchMapping):
            ingestion.remove_mapping(tx, source="bank.test", fingerprint=standing.fingerprint)
        with pytest.raises(ingestion.UnknownParser):
            ingestion.save_mapping(tx, source="bank.test", parser="bai2_v1", mapping=MAPPING)
        with pytest.raises(ingestion.MalformedMapping):
            ingestion.save_mapping(tx, source="bank.test", parser="csv_v1", mapping={"columns": {"amount": 1}})


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"currency": ""}, "neither a column nor a word says the currency"),
        (
            {"columns": {"booked_on": 0, "amount": 3}},
            "amount is said to stand in column 3; the table has columns 0 to 2",
        ),
    ],
)
def test_a_mapping_by_which_no_row_could_be_read_is_not_saved(tx: Tx, said: dict[str, object], why: str) -> None:
    with pytest.raises(ingestion.MalformedMapping, match=why):
        ingestion.save_mapping(tx, source="bank.test", parser="csv_v1", mapping={**MAPPING, **said})

    assert ingestion.list_mappings(tx) == []


def test_what_is_hidden_is_another_tenants_business(database: Database) -> None:
    tenant, stranger = make.tenant(database), make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        artifact_id = keep(tx, STATEMENT)
        _saved(tx)
    with database.begin(tenant_id=UUID(str(stranger.id)), actor=ACTOR) as tx:
        with pytest.raises(ingestion.NoSuchArtifact):
            ingestion.reveal(tx, subject=artifact_id, reason="curious")
        assert ingestion.list_mappings(tx) == [] and ingestion.source_standings(tx) == []
