"""The command line as a contract: what is printed where, and with which exit code a command ends."""

from __future__ import annotations

import json
import re
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from tests.doors.scripts import NOWHERE, Shell, fresh_home, refused
from tests.web.client import client_of

from headgate import audit, cli
from headgate.api import create_app
from headgate.core.db import Database
from headgate.core.embedded import EmbeddedServer
from headgate.core.errors import Unavailable

pytestmark = pytest.mark.slow

USERS = {
    "superuser": "headgate",
    "owner": "headgate_owner",
    "app": "headgate_app",
    "readonly": "headgate_readonly",
    "operator": "headgate_operator",
}


def test_every_roles_url_stands_alone_and_connects_at_once_on_a_fresh_home() -> None:
    """All five are asked for at the same time, of a home in which nothing was ever started."""
    with fresh_home() as home:
        shell = Shell(home)
        with ThreadPoolExecutor(len(USERS)) as pool:
            printed = dict(
                zip(USERS, pool.map(lambda role: shell.run("db", "url", "--role", role).stdout, USERS), strict=True)
            )

        for role, user in USERS.items():
            url = printed[role].removesuffix("\n")
            assert url.startswith("postgresql://") and not set(url) & set(" \n"), printed[role]
            with psycopg.connect(url) as connection:
                row = connection.execute(
                    "SELECT current_user, EXISTS (SELECT FROM pg_class WHERE relnamespace::regnamespace::text = 'ledger')"
                ).fetchone()
            assert row == (user, True)


def test_a_tenant_is_set_up_from_scripts(shell: Shell) -> None:
    made = shell.document("tenants", "create", "--slug", "door-set-up", "--name", "Door GmbH")
    assert made == {"id": str(uuid.UUID(made["id"])), "slug": "door-set-up", "name": "Door GmbH", "livemode": False}

    listed = shell.document("tenants", "list")
    assert made in listed and all(set(row) == {"id", "slug", "name", "livemode"} for row in listed)

    named = ("--name", "Door One", "--time-zone", "Europe/Vienna", "--currency", "EUR")
    entity = shell.document("legal-entities", "create", "--tenant", made["id"], *named)
    assert (entity["name"], entity["time_zone"], entity["currency"]) == ("Door One", "Europe/Vienna", "EUR")
    assert shell.document("legal-entities", "list", "--tenant", "door-set-up") == [entity]

    with psycopg.connect(shell.run("db", "url", "--role", "app").stdout.strip()) as connection:
        count = "SELECT count(*) FROM tenants.legal_entities"
        assert connection.execute(count).fetchone() == (0,), "none before the tenant is set"
        connection.execute("SELECT set_config('headgate.tenant_id', %s, true)", [made["id"]])
        assert connection.execute(count).fetchone() == (1,)
        connection.commit()
        assert connection.execute(count).fetchone() == (0,), "the setting was the transaction's"


CANNOT_BE_DONE = {
    ("keys", "create", "--tenant", "nobody", "--role", "admin", "--json"): "no tenant 'nobody'",
    ("keys", "create", "--tenant", "door-bad", "--role", "emperor"): "'emperor' is no role",
    ("tenants", "create", "--slug", "door-bad"): "'door-bad' is taken",
    ("tenants", "create", "--slug", "No Slug!"): "slug",
    ("legal-entities", "create", "--tenant", "door-bad", "--name", "x", "--time-zone", "Mars/Olympus"): "Mars/Olympus",
    ("db", "url", "--role", "emperor"): "no role emperor",
    ("db", "restore", "/nowhere.dump"): "/nowhere.dump",
    ("ledger", "balance", "CASH.USD", "--tenant", "door-bad", "--json"): "CASH.USD",
    ("check", "--tenant", "nobody", "--json"): "no tenant 'nobody'",
    ("audit", "export", "--out", "/nowhere/export.ndjson"): "/nowhere",
    ("audit", "checkpoint", "--out", "/nowhere/checkpoint.json"): "/nowhere",
    ("serve", "--host", "0.0.0.0", "--port", "8080"): "--tls-certificate",
    ("serve", "--host", "0.0.0.0", "--port", "8080", "--behind-proxy"): "HEADGATE_TRUSTED_HOSTS",
    ("demo", "--once", "--payroll", "/nowhere.csv"): "/nowhere.csv is not a file",
}
"""What scripts get wrong, and a part of the one line that says so."""


def test_what_cannot_be_done_exits_2_and_says_why_in_one_line(own: Shell) -> None:
    made, *answers = own.runs(("tenants", "create", "--slug", "door-bad"), *CANNOT_BE_DONE)

    assert made.returncode == 0, made.stderr
    for (words, said), done in zip(CANNOT_BE_DONE.items(), answers, strict=True):
        assert said in refused(done), words


def test_words_that_are_no_command_exit_2_with_the_usage_on_standard_error(own: Shell) -> None:
    unread = ("ingestion", "receive", "/nowhere.csv", "--tenant", "x")

    for done in own.runs(
        ("nonsense",), ("keys", "create"), ("serve", "--port", "eighty"), ("db", "up", "--sideways"), unread
    ):
        assert (done.returncode, done.stdout) == (2, "") and "Usage: headgate" in done.stderr, done


def test_a_server_that_does_not_answer_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    lost = Shell(tmp_path, {"HEADGATE_DATABASE_URL": NOWHERE, "HEADGATE_DATABASE_WAIT_SECONDS": "0"})

    for done in lost.runs(
        ("tenants", "list", "--json"), ("db", "migrate"), ("check", "--json"), ("serve",), ("demo", "--once")
    ):
        assert "the database at 127.0.0.1:1 does not answer (tries: 1)" in refused(done)


def test_a_server_that_comes_late_is_waited_for_and_each_try_logged(tmp_path: Path) -> None:
    waiting = Shell(
        tmp_path,
        {"HEADGATE_DATABASE_URL": NOWHERE, "HEADGATE_DATABASE_WAIT_SECONDS": "2", "HEADGATE_LOG_LEVEL": "warning"},
    )

    done = waiting.run("tenants", "list", "--json", code=2)

    *tries, last = done.stderr.splitlines()
    assert len(tries) >= 2 and all("trying again" in one and f"attempt={n}" in one for n, one in enumerate(tries, 1))
    assert last.startswith(f"headgate: the database at 127.0.0.1:1 does not answer (tries: {len(tries) + 1})")


def test_an_invalid_setting_ends_the_start_and_is_named(shell: Shell) -> None:
    for done in Shell(shell.home, {"HEADGATE_PORT": "eighty"}).runs(
        ("tenants", "list", "--json"), ("check",), ("serve",)
    ):
        assert "HEADGATE_PORT" in refused(done)


# The check -------------------------------------------------------------------------------------------------------------


def test_the_check_names_what_was_planted_and_goes_on_from_its_watermark(own: Shell, empty_database: Database) -> None:
    tenant = keep_a_book(own)
    quick, whole = own.runs(("check", "--json"), ("check", "--full"))
    clean = json.loads(quick.stdout)
    assert (quick.returncode, whole.returncode) == (0, 0) and f"all {len(clean['invariants'])} hold" in whole.stdout
    assert set(clean) == {"ok", "invariants"} and clean["ok"] is True and len(clean["invariants"]) >= 10
    assert all(row == {"name": row["name"], "violations": 0, "sample": []} for row in clean["invariants"])

    with empty_database.connect("admin") as admin:
        admin.execute("ALTER TABLE ledger.entries DISABLE TRIGGER ALL")
        admin.execute("UPDATE ledger.entries SET amount_minor = amount_minor + 1 WHERE debit_seq = 1")
        admin.execute("ALTER TABLE ledger.entries ENABLE ALWAYS TRIGGER append_only")
    done, again, told = own.runs(("check", "--full", "--json"), ("check", "--json"), ("check", "--full"))
    full = json.loads(done.stdout)
    broken = {row["name"]: row for row in full["invariants"] if row["violations"]}

    assert (done.returncode, told.returncode, full["ok"]) == (1, 1, False) and "BROKEN" in told.stdout
    assert "ledger.running_balance" in broken, sorted(broken)
    found = broken["ledger.running_balance"]
    assert found["violations"] >= 1 and {example["tenant_id"] for example in found["sample"]} == {tenant}
    # The altered row lies behind the watermark of the clean check: judging it again is what --full is for.
    short = {row["name"] for row in json.loads(again.stdout)["invariants"] if row["violations"]}
    assert "ledger.running_balance" not in short


def keep_a_book(shell: Shell, slug: str = "booked") -> str:
    """A tenant with two transactions; its id."""
    amount = (
        "--debit",
        "CASH.USD",
        "--credit",
        "FEES.USD",
        "--amount",
        "10.00",
        "--currency",
        "USD",
        "--idempotency-key",
    )
    made, *others = shell.runs(
        ("tenants", "create", "--slug", slug, "--json"),
        ("ledger", "seed-chart", "--tenant", slug, "--currency", "USD"),
        *[("ledger", "post", "--tenant", slug, *amount, key) for key in ("1", "2")],
    )
    assert all(done.returncode == 0 for done in others), others
    return str(json.loads(made.stdout)["id"])


# The doctor ------------------------------------------------------------------------------------------------------------


def test_the_doctor_names_what_is_wrong_and_how_to_mend_it(own: Shell, empty_database: Database) -> None:
    *_, done = own.runs(("tenants", "create", "--slug", "patient"), ("audit", "seal"), ("doctor", "--json"))
    findings = json.loads(done.stdout)["findings"]
    assert all(set(row) == {"name", "ok", "what", "mend"} for row in findings)
    # The tests' own server loses commits on purpose, which the doctor rightly finds.
    assert [row["name"] for row in findings if not row["ok"]] == ["server.durability"]

    with empty_database.connect("admin") as admin:
        admin.execute("ALTER TABLE ledger.entries NO FORCE ROW LEVEL SECURITY")
    sick = own.document("doctor", code=1)

    assert sick["ok"] is False
    assert any("ledger.entries" in row["what"] and row["mend"] for row in sick["findings"] if not row["ok"])


def test_an_event_that_waits_too_long_for_its_seal_is_shown(own: Shell, empty_database: Database) -> None:
    own.run("tenants", "create", "--slug", "unsealed")
    time.sleep(audit.UNSEALED_SECONDS_MAX + 0.3)

    findings = {row["name"]: row for row in own.document("doctor", code=1)["findings"]}
    with client_of(create_app(empty_database)) as client:  # no sealer runs beside it
        ready, metrics = client.get("/readyz"), client.get("/metrics").text
    sealed = own.runs(("audit", "seal"), ("doctor", "--json"))[1]

    assert findings["audit.unsealed"]["ok"] is False and findings["audit.unsealed"]["mend"]
    assert ready.status_code == 503
    assert [check["name"] for check in ready.json()["checks"] if not check["ok"]] == ["audit_sealer"]
    waited = re.search(r"^headgate_audit_unsealed_seconds (\S+)$", metrics, re.MULTILINE)
    assert waited and float(waited[1]) > audit.UNSEALED_SECONDS_MAX
    after = {row["name"]: row["ok"] for row in json.loads(sealed.stdout)["findings"]}
    assert after["audit.unsealed"] is True


def test_the_doctor_of_a_home_that_never_ran_starts_nothing() -> None:
    with fresh_home() as home:
        findings = {row["name"]: row for row in Shell(home).document("doctor", code=1)["findings"]}

        assert findings["server"]["ok"] is False and "mend" in findings["server"]
        assert EmbeddedServer(home).status().state == "stopped"


# One document ----------------------------------------------------------------------------------------------------------


def test_standard_error_may_talk_while_standard_output_holds_one_document(shell: Shell) -> None:
    talking = Shell(shell.home, {"HEADGATE_LOG_LEVEL": "debug", "HEADGATE_PET_NAME": "x"})

    done = talking.run("tenants", "list", "--json")

    assert isinstance(json.loads(done.stdout), list)
    assert "HEADGATE_PET_NAME is no setting of Headgate" in done.stderr


def test_a_query_cut_off_by_ctrl_c_ends_as_ctrl_c_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> NoReturn:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            # What psycopg does: it cancels the query, and reads what the server, ended by the same Ctrl-C, no longer says.
            raise Unavailable("the database does not answer") from OSError("closed")

    monkeypatch.setattr(cli, "compose", lambda *words: interrupted)
    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert (ended.value.code, capsys.readouterr().err) == (130, "")
