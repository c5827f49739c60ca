"""`headgate check`: every invariant is found, judged per tenant in one snapshot, and a planted violation is named."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest
import typer
from typer.testing import CliRunner

from headgate import tenants
from headgate.core import check_commands, errors, installation, invariants, registry, terminal
from headgate.core.config import Config
from headgate.core.db import Actor, Database
from headgate.core.embedded import EmbeddedServer
from headgate.core.invariants import Invariant, Judgement, Violation

pytestmark = pytest.mark.slow

ACTOR = Actor.system("test")


@pytest.fixture(scope="module")
def ground(server: EmbeddedServer, config: Config) -> Iterator[Database]:
    """This module's database with a domain `trial`: a table, a view over it, a watermark."""
    name = f"headgate_check_{os.getpid()}"
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(hashtext('headgate tests'))")
        conn.execute(f'CREATE DATABASE "{name}" TEMPLATE headgate_template'.encode())
    with Database(lambda role: server.url(role, name), config=config) as database:
        plant(
            database,
            """
            SELECT core.make_schema('trial', 'what the tests of check plant');
            ALTER SCHEMA trial OWNER TO headgate_owner;
            SET ROLE headgate_owner;
            CREATE TABLE trial.facts (
              tenant_id uuid NOT NULL, no int NOT NULL, good boolean NOT NULL, PRIMARY KEY (tenant_id, no));
            CREATE TABLE trial.watermarks (tenant_id uuid PRIMARY KEY, no int NOT NULL);
            SELECT core.isolate('trial.facts'), core.isolate('trial.watermarks');
            CREATE VIEW trial.invariant_facts_good WITH (security_invoker = true) AS
              SELECT f.no::text AS subject, 'is bad' AS detail FROM trial.facts f
              LEFT JOIN trial.watermarks w USING (tenant_id)
              WHERE NOT f.good AND (core.check_full() OR f.no > coalesce(w.no, 0)) ORDER BY f.no;
            COMMENT ON VIEW trial.invariant_facts_good IS 'Every fact is good.';
            CREATE FUNCTION trial.advance_verified() RETURNS void LANGUAGE sql AS $$
              INSERT INTO trial.watermarks AS w (tenant_id, no)
              SELECT core.require_tenant(), coalesce(max(no), 0) FROM trial.facts
              ON CONFLICT (tenant_id) DO UPDATE SET no = excluded.no $$;
            GRANT SELECT, INSERT, UPDATE ON trial.facts, trial.watermarks TO headgate_app;
            GRANT SELECT ON trial.invariant_facts_good TO headgate_app;
            GRANT EXECUTE ON FUNCTION trial.advance_verified() TO headgate_app;
            """,
        )
        yield database
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as conn:
        conn.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@pytest.fixture(autouse=True)
def only_the_cores_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the rules in Python, judge the core's own."""
    monkeypatch.setattr(registry, "domain_items", lambda *_, **__: invariants.INVARIANTS)


def plant(database: Database, statement: str) -> None:
    with database.connect("admin") as conn:
        conn.execute(statement.encode())


@contextmanager
def planted(database: Database, statement: str, undo: str) -> Iterator[None]:
    plant(database, statement)
    try:
        yield
    finally:
        plant(database, undo)


def add(database: Database, tenant_id: UUID, no: int, good: bool) -> None:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        tx.run(
            "INSERT INTO trial.facts VALUES (%(tenant)s, %(no)s, %(good)s)",
            {"tenant": tenant_id, "no": no, "good": good},
        )


def watermark(database: Database, tenant_id: UUID) -> int | None:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        found: int | None = tx.value("SELECT no FROM trial.watermarks")
        return found


def judged(database: Database, tenant_ids: list[UUID], name: str, *, full: bool = True) -> Judgement:
    [found] = [each for each in invariants.run_checks(database, tenant_ids, full=full).invariants if each.name == name]
    return found


def test_a_clean_tenant_is_ok_and_every_invariant_is_listed_with_its_rule(ground: Database) -> None:
    report = invariants.run_checks(ground, [uuid.uuid4()])

    assert report.ok
    names = [found.name for found in report.invariants]
    assert names == sorted(names)
    assert {
        "trial.facts_good",
        "core.no_row_across_tenants",
        "core.tables_isolated",
        "core.append_only_enforced",
    } <= set(names)
    assert all(found.rule.endswith(".") for found in report.invariants if found.name.startswith(("core.", "trial.")))
    assert report.document()["invariants"][0] == {"name": names[0], "violations": 0, "sample": []}


def test_the_catalogue_is_judged_once_for_all_tenants(ground: Database) -> None:
    three = [uuid.uuid4() for _ in range(3)]

    with planted(ground, "CREATE TABLE trial.open (tenant_id uuid NOT NULL)", "DROP TABLE trial.open"):
        found = judged(ground, three, "core.tables_isolated")
        without = invariants.run_checks(ground, three, with_installation=False)

    assert (found.violations, found.sample[0].subject) == (1, "trial.open")
    assert without.ok and not [one.name for one in without.invariants if one.name.startswith("core.")]


def test_without_tenants_the_invariants_are_still_named(ground: Database) -> None:
    report = invariants.run_checks(ground, [])

    assert report.ok
    assert "trial.facts_good" in [found.name for found in report.invariants]


def test_a_violation_is_counted_and_the_first_five_are_named_with_their_tenant(ground: Database) -> None:
    bad, worse, good = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    add(ground, bad, 1, False)
    add(ground, good, 1, True)
    for no in range(1, 8):
        add(ground, worse, no, False)

    found = judged(ground, [bad, worse, good], "trial.facts_good")

    assert (found.violations, found.rule) == (8, "Every fact is good.")
    assert [(each.tenant_id, each.subject, each.detail) for each in found.sample] == [
        (str(bad), "1", "is bad"),
        *((str(worse), str(no), "is bad") for no in range(1, 5)),
    ]


def test_the_watermark_moves_for_clean_tenants_only_and_full_goes_behind_it(ground: Database) -> None:
    clean, dirty = uuid.uuid4(), uuid.uuid4()
    add(ground, clean, 3, True)
    add(ground, dirty, 3, False)

    assert judged(ground, [clean, dirty], "trial.facts_good", full=False).violations == 1
    assert (watermark(ground, clean), watermark(ground, dirty)) == (3, None)

    add(ground, clean, 2, False)
    assert judged(ground, [clean], "trial.facts_good", full=False).violations == 0
    assert judged(ground, [clean], "trial.facts_good", full=True).violations == 1
    assert watermark(ground, clean) == 3


def test_what_is_written_during_a_check_is_not_called_verified(
    ground: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = uuid.uuid4()
    add(ground, tenant_id, 1, True)
    advance = invariants._advance

    def write_first(conn: psycopg.Connection[object], tenant: UUID) -> None:
        add(ground, tenant_id, 2, False)
        advance(conn, tenant)

    with monkeypatch.context() as patch:
        patch.setattr(invariants, "_advance", write_first)
        assert judged(ground, [tenant_id], "trial.facts_good", full=False).violations == 0

    assert watermark(ground, tenant_id) == 1
    assert judged(ground, [tenant_id], "trial.facts_good", full=False).violations == 1


def test_two_checks_at_once_both_answer(ground: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant_id = uuid.uuid4()
    add(ground, tenant_id, 1, True)
    judged(ground, [tenant_id], "trial.facts_good")
    advance = invariants._advance

    def overtaken(conn: psycopg.Connection[object], tenant: UUID) -> None:
        with ground.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            tx.run("UPDATE trial.watermarks SET no = 1")
        advance(conn, tenant)

    monkeypatch.setattr(invariants, "_advance", overtaken)

    assert judged(ground, [tenant_id], "trial.facts_good").violations == 0


def test_an_invariant_that_cannot_be_judged_is_broken_and_the_others_are_judged(ground: Database) -> None:
    tenant_id = uuid.uuid4()
    add(ground, tenant_id, 1, False)

    with planted(ground, _view("1/0"), "DROP VIEW trial.invariant_aaa"):
        report = invariants.run_checks(ground, [tenant_id])

    broken = {found.name: found.sample[0].detail for found in report.invariants if found.violations}
    assert broken["trial.aaa"].startswith("could not be judged: division by zero")
    assert broken["trial.facts_good"] == "is bad"


def test_a_server_that_goes_away_is_an_error_and_no_violation(ground: Database) -> None:
    ending = _view("pg_terminate_backend(pg_backend_pid())")

    with planted(ground, ending, "DROP VIEW trial.invariant_aaa"), pytest.raises(errors.Unavailable):
        invariants.run_checks(ground, [uuid.uuid4()])


def _view(subject: str) -> str:
    view = f"CREATE VIEW trial.invariant_aaa AS SELECT {subject} AS subject, '' AS detail"
    return f"{view}; GRANT SELECT ON trial.invariant_aaa TO headgate_app"


def test_a_rule_in_python_is_judged_with_the_tenant_and_the_scope(
    ground: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = uuid.uuid4()
    asked: list[tuple[UUID, bool]] = []

    def judge(database: Database, tenant: UUID, full: bool) -> list[Violation]:
        asked.append((tenant, full))
        return [Violation(f"link {n}", "is broken") for n in range(7)]

    chain = Invariant("trial.chain", "The chain holds.", judge)
    monkeypatch.setattr(registry, "domain_items", lambda *_, **__: [chain])
    found = judged(ground, [tenant_id], "trial.chain", full=False)

    assert asked == [(tenant_id, False)]
    assert (found.violations, found.rule, len(found.sample)) == (7, "The chain holds.", 5)


# Planted violations of the foundation's own invariants ---------------------------------------------------------------


_UNFORCED = "row-level security is not enabled and forced"
_LAX = "policy lax does not ask for the tenant in context"
_DROP = "DROP POLICY lax ON trial.facts"


@pytest.mark.parametrize(
    ("statement", "undo", "detail"),
    [
        (
            "ALTER TABLE trial.facts DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE trial.facts ENABLE ROW LEVEL SECURITY",
            _UNFORCED,
        ),
        (
            "ALTER TABLE trial.facts NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE trial.facts FORCE ROW LEVEL SECURITY",
            _UNFORCED,
        ),
        ("CREATE TABLE trial.fresh (tenant_id uuid)", "DROP TABLE trial.fresh", _UNFORCED),
        ("CREATE POLICY lax ON trial.facts USING (true)", _DROP, _LAX),
        ("CREATE POLICY lax ON trial.facts TO headgate_app USING (good)", _DROP, _LAX),
        ("CREATE POLICY lax ON trial.facts FOR INSERT WITH CHECK (good)", _DROP, _LAX),
    ],
)
def test_a_table_that_is_not_isolated_is_named(ground: Database, statement: str, undo: str, detail: str) -> None:
    with planted(ground, statement, undo):
        [example] = judged(ground, [uuid.uuid4()], "core.tables_isolated").sample

    assert example.subject in ("trial.facts", "trial.fresh")
    assert example.detail == detail


def test_a_policy_of_a_role_that_may_look_across_tenants_is_no_violation(ground: Database) -> None:
    looks = "CREATE POLICY lax ON trial.facts FOR SELECT TO headgate_resolver, headgate_dispatcher USING (true)"

    with planted(ground, looks, _DROP):
        assert judged(ground, [uuid.uuid4()], "core.tables_isolated").violations == 0


def test_a_row_that_another_tenant_sees_is_named(ground: Database) -> None:
    owner, stranger = uuid.uuid4(), uuid.uuid4()
    add(ground, owner, 1, True)

    with planted(ground, "CREATE POLICY lax ON trial.facts FOR SELECT USING (core.tenant_id() IS NOT NULL)", _DROP):
        assert judged(ground, [stranger], "core.tables_isolated").violations == 0, "the policy's text alone looks right"
        [example] = judged(ground, [stranger], "core.no_row_across_tenants").sample
        assert (example.subject, example.detail) == (
            "trial.facts",
            f"shows a row of another tenant to tenant {stranger}",
        )
        assert judged(ground, [stranger], "core.no_row_across_tenants", full=False).violations == 0
    assert judged(ground, [stranger], "core.no_row_across_tenants").violations == 0


@pytest.mark.parametrize("state", ["DISABLE TRIGGER", "ENABLE TRIGGER", "ENABLE REPLICA TRIGGER"])
def test_an_append_only_trigger_that_does_not_always_fire_is_named(ground: Database, state: str) -> None:
    with planted(ground, "SELECT core.append_only('trial.facts')", "DROP TRIGGER append_only ON trial.facts"):
        assert judged(ground, [uuid.uuid4()], "core.append_only_enforced").violations == 0
        plant(ground, f"ALTER TABLE trial.facts {state} append_only")
        [example] = judged(ground, [uuid.uuid4()], "core.append_only_enforced").sample

    assert example.subject == "trial.facts"


# The command ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(ground: Database, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    @contextmanager
    def opened() -> Iterator[Database]:
        yield ground

    monkeypatch.setattr(terminal, "open_database", opened)
    app = typer.Typer()
    app.command()(check_commands.check)
    return app


def test_the_command_prints_one_document_and_exits_zero_when_all_holds(ground: Database, command: typer.Typer) -> None:
    tenants.create_tenant(ground, slug="well", name="Well", livemode=False)

    done = CliRunner().invoke(command, ["--full", "--json"])

    document = json.loads(done.stdout)
    assert (done.exit_code, document["ok"]) == (0, True)
    assert len(document["invariants"]) >= 4
    assert set(document["invariants"][0]) == {"name", "violations", "sample"}


def test_the_command_exits_one_and_names_what_is_broken(ground: Database, command: typer.Typer) -> None:
    acme = tenants.create_tenant(ground, slug="acme", name="Acme", livemode=False)
    other = tenants.create_tenant(ground, slug="other", name="Other", livemode=False)
    add(ground, acme.id, 7, False)

    broken = CliRunner().invoke(command, ["--json"])
    told = CliRunner().invoke(command, ["--tenant", "acme"])
    clean = CliRunner().invoke(command, ["--tenant", str(other.id).upper()])

    [found] = [each for each in json.loads(broken.stdout)["invariants"] if each["violations"]]
    assert broken.exit_code == told.exit_code == 1
    assert found == {
        "name": "trial.facts_good",
        "violations": 1,
        "sample": [{"tenant_id": str(acme.id), "subject": "7", "detail": "is bad"}],
    }
    assert "BROKEN 1 times trial.facts_good: Every fact is good." in told.stdout
    assert f"tenant {acme.id}: 7: is bad" in told.stdout
    assert told.stdout.splitlines()[-1].startswith("1 of ")
    assert clean.exit_code == 0
    assert clean.stdout.splitlines()[-1].startswith("all ")


def test_an_unknown_tenant_is_named(ground: Database, command: typer.Typer) -> None:
    done = CliRunner().invoke(command, ["--tenant", "nobody"])

    assert isinstance(done.exception, errors.NotFound)
    assert str(done.exception) == "there is no tenant 'nobody'; `headgate tenants list` names them"


def test_all_tenants_are_chosen_where_none_is_named(ground: Database) -> None:
    made = [tenants.create_tenant(ground, slug=slug, name=slug.title(), livemode=False).id for slug in ("one", "two")]

    assert installation.chosen_tenant_ids(ground, None) == installation.tenant_ids(ground)
    assert [found for found in installation.tenant_ids(ground) if found in made] == made
