"""`headgate tenants`, `legal-entities`, `users`, `keys` and `jobs`: one JSON document on standard output."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import typer
from tests import make
from typer.testing import CliRunner

from headgate import jobs, tenants
from headgate.core import ids
from headgate.core.clock import real_now
from headgate.core.db import Database
from headgate.core.errors import HeadgateError, Malformed
from headgate.jobs import commands
from headgate.tenants.commands import APPS

pytestmark = pytest.mark.slow


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a command; answers its JSON, or its text without --json. Raises what the command raises."""
    monkeypatch.setenv("HEADGATE_HOME", str(database.config.home))
    monkeypatch.setenv("HEADGATE_DATABASE_URL", database.url("admin"))
    monkeypatch.setenv("HEADGATE_ENV", "test")
    root = typer.Typer()
    for group in (*APPS, commands.app):
        root.add_typer(group)

    def invoke(*words: str, code: int = 0) -> Any:
        done = CliRunner().invoke(root, list(words))
        if isinstance(done.exception, HeadgateError):
            raise done.exception
        assert done.exit_code == code, (done.output, done.exception)
        return json.loads(done.stdout) if "--json" in words else done.stdout

    return invoke


def test_a_tenant_is_created_and_listed(run: Any) -> None:
    slug = f"cli-{ids.new('x')[-8:]}"

    made = run("tenants", "create", "--slug", slug, "--name", "Acme", "--live", "--json")

    assert made == {"id": made["id"], "slug": slug, "name": "Acme", "livemode": True}
    listed = run("tenants", "list", "--json")
    assert made in listed and all(set(row) == {"id", "slug", "name", "livemode"} for row in listed)
    assert slug in run("tenants", "list")


@pytest.mark.parametrize(
    ("words", "slug"),
    [(("{}",), "{}"), (("--name", "The {} Company"), "the-{}-company"), (("{}", "--slug", "{}", "--test"), "{}")],
)
def test_a_slug_is_given_either_way_or_made_of_the_name(run: Any, words: tuple[str, ...], slug: str) -> None:
    unique = f"t{ids.new('x')[-10:]}"

    made = run("tenants", "create", *(word.format(unique) for word in words), "--json")

    assert made["slug"] == slug.format(unique) and made["livemode"] is False


@pytest.mark.parametrize("words", [(), ("--name", "!!"), ("one", "--slug", "other")])
def test_a_tenant_without_one_slug_is_refused(run: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(Malformed, match="slug"):
        run("tenants", "create", *words)


def test_a_key_opens_the_tenant_it_was_made_for(run: Any, database: Database, tenant: make.TenantFixture) -> None:
    for name in (tenant.slug, str(tenant.id)):
        made = run("keys", "create", "--tenant", name, "--role", "finance", "--json")
        caller = tenants.authenticate(database, made["key"])
        assert caller is not None and (caller.tenant_id, caller.role) == (tenant.id, "finance")

    listed = run("keys", "list", "--tenant", tenant.slug, "--json")
    assert len(listed) == 2 and made["key"] not in json.dumps(listed)
    assert re.fullmatch(r"hg_test_\w{52}\n", run("keys", "create", "--tenant", tenant.slug, "--role", "admin"))

    revoked = run("keys", "revoke", made["id"], "--tenant", tenant.slug, "--json")
    assert revoked["revoked_at"] and tenants.authenticate(database, made["key"]) is None


def test_a_persons_key_expires_when_told(run: Any, database: Database, tenant: make.TenantFixture) -> None:
    person = run("users", "create", "--tenant", tenant.slug, "--email", "Ada@example.org", "--name", "Ada", "--json")
    words = ("keys", "create", "--tenant", tenant.slug, "--role", "admin", "--person", "ada@example.org")

    made = run(*words, "--expires", "1d", "--json")

    caller = tenants.authenticate(database, made["key"])
    assert caller is not None and caller.person_id == person["id"] == made["user_id"]
    assert made["expires_at"] > real_now().isoformat()
    assert run("users", "list", "--tenant", tenant.slug, "--json") == [person]
    with pytest.raises(tenants.UnknownPerson):
        run("keys", "create", "--tenant", tenant.slug, "--role", "admin", "--person", "eve@example.org")


def test_a_legal_entity_is_created_and_listed(run: Any, tenant: make.TenantFixture) -> None:
    words = ("--tenant", tenant.slug, "--name", "Acme LLC", "--time-zone", "America/Denver", "--json")

    made = run("legal-entities", "create", *words)

    assert (made["time_zone"], made["currency"]) == ("America/Denver", "USD")
    listed = run("legal-entities", "list", "--tenant", tenant.slug, "--json")
    assert [row["id"] for row in listed] == [tenant.legal_entity_id, made["id"]]


def test_a_test_tenants_clock_is_shown_and_moved(run: Any, tenant: make.TenantFixture) -> None:
    clock = ("tenants", "clock", "--tenant", tenant.slug, "--json")

    assert run(*clock, "--to", "2031-03-09T08:30:00Z")["now"].startswith("2031-03-09T08:30:0")
    assert run(*clock, "--by", "3d")["now"].startswith("2031-03-12T08:30:")
    assert run(*clock)["now"].startswith("2031-03-12T08:30:")
    assert run(*clock, "--reset")["now"][:13] == real_now().isoformat()[:13]


@pytest.mark.parametrize(
    "words",
    [("--by", "3 days"), ("--by", "d"), ("--to", "tomorrow"), ("--to", "2026-01-01"), ("--by", "1d", "--reset")],
)
def test_a_clock_is_not_moved_by_guess(run: Any, tenant: make.TenantFixture, words: tuple[str, ...]) -> None:
    with pytest.raises(Malformed):
        run("tenants", "clock", "--tenant", tenant.slug, *words)


def test_an_unknown_tenant_is_named(run: Any) -> None:
    with pytest.raises(tenants.UnknownTenant, match="'nobody'"):
        run("keys", "list", "--tenant", "nobody")


def test_jobs_are_listed_and_run(run: Any, tenant: make.TenantFixture) -> None:
    done = run("jobs", "run", "run_history_cleanup", "--tenant", tenant.slug, "--json")
    listed = {row["name"]: row for row in run("jobs", "list", "--tenant", tenant.slug, "--json")}

    assert (done["job"], done["status"]) == ("run_history_cleanup", "succeeded")
    assert listed["run_history_cleanup"]["status"] == "succeeded"
    assert listed["run_history_cleanup"]["schedule"] == "daily at 03:30 UTC"
    assert listed["ensure_partitions"]["scope"] == "installation"
    assert "installation" in run("jobs", "list")
    with pytest.raises(Malformed, match="--tenant"):
        run("jobs", "run", "run_history_cleanup")


def test_a_job_that_fails_exits_1(run: Any, tenant: make.TenantFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Any) -> None:
        raise Malformed("it cannot")

    job = jobs.Job(name="toy_failing", every=timedelta(hours=1), run=fail)
    monkeypatch.setattr(commands, "discover", lambda: {"toy_failing": job})

    done = run("jobs", "run", "toy_failing", "--tenant", tenant.slug, "--json", code=1)

    assert (done["status"], done["outcome"]) == ("failed", "it cannot")
