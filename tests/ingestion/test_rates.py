"""A tenant's exchange rates are read every day: bytes kept, rates recorded once, and what goes wrong is a case."""

from __future__ import annotations

import ipaddress
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import pytest
from tests import make
from tests.ingestion.test_rate_formats import sample
from tests.web.client import client_of, keys_of
from typer.testing import CliRunner

from headgate import cases, ingestion, jobs, ledger, messaging
from headgate.core.db import Database
from headgate.core.egress import EgressRefused
from headgate.core.errors import HeadgateError
from headgate.ingestion import commands, rate_commands
from headgate.ingestion.consumers import read_artifact
from headgate.ingestion.errors import MalformedRateSource, NoSuchRateSource, WrongKind
from headgate.ingestion.routes import router
from headgate.jobs import Outside
from headgate.web import build_application

pytestmark = pytest.mark.slow

JOB = "fx_rates_daily"


class Bank:
    """A server that publishes rates: what it answers, and what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = sample("ecb_xml_v1")
        self.asked: list[str] = []
        self.meanwhile: Any = None
        bank = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                bank.asked.append(self.path)
                if bank.meanwhile is not None:
                    bank.meanwhile()
                self.send_response(bank.status)
                self.send_header("Content-Length", str(len(bank.body)))
                self.end_headers()
                self.wfile.write(bank.body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/rates?key=s3cret"


@pytest.fixture
def bank() -> Iterator[Bank]:
    made = Bank()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def near(database: Database) -> Iterator[Database]:
    """The database of an installation that may call 127.0.0.1."""
    config = replace(database.config, egress_allow=(ipaddress.ip_network("127.0.0.0/8"),))
    with Database(database.url, config=config, pool_max=12) as opened:
        yield opened


class Story:
    def __init__(self, database: Database, tenant: make.TenantFixture, bank: Bank) -> None:
        self.database, self.tenant, self.bank = database, tenant, bank
        self.outside = Outside(database, tenant.id, make.ACTOR)

    def do(self, verb: Any, *args: Any, **facts: Any) -> Any:
        with self.outside.begin() as tx:
            return verb(tx, *args, **facts)

    def source(self, name: str = "ecb", format: str = "ecb_xml_v1", url: str | None = None) -> ingestion.RateSource:
        found: ingestion.RateSource = self.do(
            ingestion.set_rate_source, name=name, url=url or self.bank.url, format=format
        )
        return found

    def run(self) -> jobs.Run:
        return jobs.run_by_name(self.database, jobs.discover(), JOB, self.tenant.id)

    @property
    def rates(self) -> list[tuple[str, str, Decimal, str]]:
        found = self.do(ledger.list_rates)
        return sorted((one.from_currency, one.to_currency, one.rate, one.source) for one in found)


@pytest.fixture
def story(near: Database, tenant: make.TenantFixture, bank: Bank) -> Story:
    return Story(near, tenant, bank)


ECB = [
    ("EUR", "GBP", Decimal("0.85813"), "ecb"),
    ("EUR", "JPY", Decimal("163.25"), "ecb"),
    ("EUR", "USD", Decimal("1.0842"), "ecb"),
]


def test_where_no_source_is_named_nothing_happens(story: Story) -> None:
    run = story.run()

    assert (run.status, run.outcome) == ("succeeded", None)
    assert (story.bank.asked, story.rates, story.do(ingestion.list_artifacts)) == ([], [], [])


def test_the_job_reads_each_source_and_a_second_time_changes_nothing(story: Story) -> None:
    story.source()

    first, again = story.run(), story.run()

    assert (first.status, first.outcome) == ("succeeded", "ecb: 3 new, 0 known")
    assert (again.status, again.outcome) == ("succeeded", "ecb: 0 new, 3 known")
    assert story.rates == ECB
    assert story.bank.asked == ["/rates?key=s3cret"] * 2
    [artifact] = story.do(ingestion.list_artifacts)
    assert (artifact.kind, artifact.source, artifact.status) == ("rates", "rates.ecb.ecb_xml_v1", "read")
    assert story.do(ingestion.body, artifact.id) == story.bank.body
    reading = story.do(ingestion.reading_of, artifact.id)
    assert (reading.parser, reading.proof) == ("ecb_xml_v1", {"rates_recorded": 3, "rates_known": 0})
    source = story.do(ingestion.get_rate_source, "ecb")
    assert (source.artifact_id, source.recorded, source.known, source.failure) == (artifact.id, 0, 3, None)
    assert story.do(cases.list_cases) == []


def test_the_next_days_rates_are_recorded_beside_the_first(story: Story) -> None:
    story.source(format="csv_v1")
    story.bank.body = sample("csv_v1")
    story.run()
    story.bank.body = story.bank.body.replace(b"2026-01-20", b"2026-01-21").replace(b"1.0842", b"1.0900")

    assert story.run().outcome == "ecb: 2 new, 0 known"
    assert len(story.rates) == 4


def test_no_transaction_is_open_while_the_source_is_called(story: Story, admin: psycopg.Connection[Any]) -> None:
    story.source()
    seen: list[Any] = []

    def look() -> None:
        with story.database.connect("admin") as connection:
            seen.extend(
                connection.execute(
                    "SELECT state, query FROM pg_stat_activity WHERE datname = current_database()"
                    " AND application_name = 'headgate' AND xact_start IS NOT NULL"
                ).fetchall()
            )

    story.bank.meanwhile = look
    assert story.run().status == "succeeded"
    assert seen == []


def test_bad_lines_are_a_case_and_the_good_ones_are_recorded(story: Story) -> None:
    story.source(format="csv_v1")
    story.bank.body = sample("csv_v1") + b"EUR,EUR,1,2026-01-20T16:00:00Z,desk\nEUR,CHF,minus one,2026-01-20,desk\n"

    assert story.run().outcome == "ecb: 2 new, 0 known, 2 faults"

    [artifact] = story.do(ingestion.list_artifacts)
    assert [fault.line for fault in story.do(ingestion.list_faults, artifact_id=artifact.id)] == [4, 5]
    [case] = story.do(cases.list_cases)
    assert (case.category, case.subcategory, case.ingestion_id) == ("file_fault", "rates", artifact.id)


def test_a_currency_that_is_none_is_a_fault_on_its_own_line_of_the_banks_document(story: Story) -> None:
    story.source()
    story.bank.body = story.bank.body.replace(b"JPY", b"J\nPY")

    assert story.run().outcome == "ecb: 2 new, 0 known, 1 faults"
    [artifact] = story.do(ingestion.list_artifacts)
    [fault] = story.do(ingestion.list_faults, artifact_id=artifact.id)
    assert fault.line in (10, 11)


@pytest.mark.parametrize(
    ("status", "body", "reason", "tried_again"),
    [
        (503, b"later", "the source answered with 503", True),
        (429, b"later", "the source answered with 429", True),
        (404, b"gone", "the source answered with 404", False),
        (301, b"moved", "the source answered with 301: name the address that it redirects to", False),
        (200, b"", "the source answered with nothing", True),
        (200, b"<html>Welcome</html>", "line 0: the document holds no rates", False),
        (200, b"from,to", "line 1: the document is not well-formed XML from here on", False),
    ],
)
def test_what_goes_wrong_is_one_case_a_day_and_says_why(
    story: Story, status: int, body: bytes, reason: str, tried_again: bool
) -> None:
    story.source()
    story.bank.status, story.bank.body = status, body

    first = story.run()
    story.run()

    assert (first.status, first.outcome) == ("failed" if tried_again else "succeeded", f"ecb: {reason}")
    waiting = [case for case in story.do(cases.list_cases) if case.category == "rates_unread"]
    assert [(case.subcategory, case.detail["reason"]) for case in waiting] == [("ecb", reason)]
    assert "s3cret" not in json.dumps(waiting[0].detail)
    source = story.do(ingestion.get_rate_source, "ecb")
    assert source.failure is not None
    assert story.rates == []


def test_one_source_that_fails_keeps_no_other_from_being_read(story: Story) -> None:
    story.source("a", url="http://127.0.0.1:9/none")
    story.source("b")

    run = story.run()

    assert run.status == "failed"
    assert run.outcome is not None and run.outcome.startswith("a: the call to 127.0.0.1 failed")
    assert run.outcome.endswith("b: 3 new, 0 known")
    assert story.rates == ECB


def test_an_address_inside_is_never_called(database: Database, tenant: make.TenantFixture, bank: Bank) -> None:
    story = Story(database, tenant, bank)
    story.source()

    run = story.run()

    assert (run.status, bank.asked) == ("succeeded", [])
    assert run.outcome is not None and "not a public address" in run.outcome
    assert len(story.do(cases.list_cases)) == 1


def test_the_same_bytes_are_read_anew_in_another_format(story: Story) -> None:
    story.source(format="csv_v1")
    assert "the first line must be" in str(story.run().outcome)

    story.source()

    assert story.run().outcome == "ecb: 3 new, 0 known"
    assert story.rates == ECB


def test_two_at_once_record_each_rate_once(story: Story) -> None:
    story.source()

    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: ingestion.read_rates(story.outside, "ecb"), range(4)))

    assert [one.failure for one in done] == [None] * 4
    assert sum(one.recorded for one in done) == 3
    assert story.rates == ECB


def test_it_is_due_once_a_day_an_hour_after_publication() -> None:
    job = jobs.discover()[JOB]

    assert (job.at, job.zone, job.calls_out) == (job.at, "Europe/Berlin", True)
    assert job.at is not None and job.at.hour == 17


def test_its_artifact_is_not_read_as_records(story: Story) -> None:
    kept = story.do(ingestion.receive, source="upload", kind="rates", filename="rates.xml", data=b"<x/>")

    with pytest.raises(WrongKind):
        story.do(ingestion.read, kept.id)
    message = messaging.Message(
        id=1,
        tenant_id=story.tenant.id,
        created_at=kept.received_at,
        event_type="ingestion.artifact.received",
        aggregate_type="artifact",
        aggregate_id=kept.id,
        payload={},
        correlation_id=None,
    )
    story.do(read_artifact, message)
    assert story.do(cases.list_cases) == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"name": "E C B"}, "word"),
        ({"name": "a" * 25}, "word"),
        ({"format": "pdf_v1"}, "csv_v1, ecb_xml_v1"),
        ({"url": "file:///etc/passwd"}, "http"),
        ({"url": "https://user:pass@example.org/"}, "without user"),
        ({"url": "https://[broken/"}, "http"),
        ({"url": "https://example.org/" + "a" * 2000}, "2,000"),
    ],
)
def test_what_is_no_source_is_refused(story: Story, facts: dict[str, Any], words: str) -> None:
    with pytest.raises(MalformedRateSource, match=words):
        story.source(**facts)
    assert story.do(ingestion.list_rate_sources) == []


def test_a_source_is_replaced_and_removed_and_its_key_is_kept_secret(
    story: Story, admin: psycopg.Connection[Any]
) -> None:
    shown = story.source()
    assert shown.url == story.bank.url.replace("?key=s3cret", "?…")
    assert story.source(url="https://example.org/other").url == "https://example.org/other"
    assert len(story.do(ingestion.list_rate_sources)) == 1

    story.do(ingestion.remove_rate_source, "ecb")

    assert story.do(ingestion.list_rate_sources) == []
    assert story.run().outcome is None
    with pytest.raises(NoSuchRateSource):
        story.do(ingestion.remove_rate_source, "ecb")
    told = admin.execute(
        "SELECT type, data::text FROM audit.events WHERE tenant_id = %s AND type LIKE 'ingestion.rate_source%%' ORDER BY id",
        [story.tenant.id],
    ).fetchall()
    assert [kind for kind, _ in told] == ["ingestion.rate_source.set"] * 2 + ["ingestion.rate_source.removed"]
    assert "s3cret" not in str(told)
    rows = admin.execute("SELECT s::text FROM ingestion.rate_sources s WHERE tenant_id = %s", [story.tenant.id])
    assert "s3cret" not in str(rows.fetchall())


def test_production_reads_by_https_only(database: Database, tenant: make.TenantFixture, bank: Bank) -> None:
    config = replace(database.config, env="production")
    with Database(database.url, config=config, pool_max=2) as opened, pytest.raises(MalformedRateSource, match="https"):
        Story(opened, tenant, bank).source()


# The doors ------------------------------------------------------------------------------------------------------------


def test_a_source_is_kept_over_http(story: Story) -> None:
    keys = keys_of(story.database, story.tenant.id)
    path = "/v1/ingestion/rate-sources"
    body = {"url": story.bank.url, "format": "ecb_xml_v1"}
    with client_of(build_application(story.database, [router])) as client:
        assert client.send("PUT", f"{path}/ecb", json=body, headers=keys.finance).status_code == 403
        made = client.send("PUT", f"{path}/ecb", json=body, headers=keys.operator)
        assert made.status_code == 200, made.text
        assert (made.json()["name"], made.json()["tried_at"]) == ("ecb", None)
        story.run()
        [listed] = client.get(path, headers=keys.readonly).json()
        assert (listed["recorded"], listed["failure"]) == (3, None)
        for wrong, status, code in (
            ({"url": "http://10.0.0.1/", "format": "csv_v1"}, 422, "core.egress_refused"),
            ({"url": "ftp://example.org/", "format": "csv_v1"}, 400, "ingestion.malformed_rate_source"),
            ({"url": story.bank.url, "format": "xls"}, 400, "ingestion.malformed_rate_source"),
            ({"url": story.bank.url}, 422, "web.invalid"),
        ):
            answer = client.send("PUT", f"{path}/other", json=wrong, headers=keys.operator)
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert client.send("DELETE", f"{path}/ecb", headers=keys.operator).status_code == 204
        assert client.send("DELETE", f"{path}/ecb", headers=keys.operator).status_code == 404
        assert client.get(path, headers=keys.readonly).json() == []


def test_a_source_is_kept_from_the_command_line(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        yield story.database

    monkeypatch.setattr(rate_commands, "open_database", opened)

    def run(*words: str, exit_code: int = 0) -> Any:
        result = CliRunner().invoke(commands.app, [*words, "--tenant", story.tenant.slug, "--json"])
        if isinstance(result.exception, HeadgateError):
            raise result.exception
        assert result.exit_code == exit_code, (result.output, result.exception)
        return json.loads(result.stdout)

    with pytest.raises(EgressRefused):
        run("set-rate-source", "ecb", "--url", "http://169.254.169.254/", "--format", "csv_v1")
    made = run("set-rate-source", "ecb", "--url", story.bank.url, "--format", "ecb_xml_v1")
    assert run("rate-sources") == [made]
    assert run("read-rates", "ecb")["recorded"] == 3
    story.bank.status = 500
    assert run("read-rates", "ecb", exit_code=1)["failure"] == "the source answered with 500"
    assert run("remove-rate-source", "ecb") == {"removed": "ecb"}
    assert story.rates == ECB
