"""`headgate audit` as an auditor uses it: with the files alone, far from the database, and against a log that was tampered with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.audit.hands import tamper
from tests.doors.scripts import NOWHERE, Shell

from headgate.core.db import Database

pytestmark = pytest.mark.slow


@pytest.fixture
def evidence(own: Shell, tmp_path: Path) -> Path:
    """A folder with an export, a checkpoint and the public key of an installation of two tenants."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    words = (
        "--debit",
        "CASH.USD",
        "--credit",
        "FEES.USD",
        "--amount",
        "1.00",
        "--currency",
        "USD",
        "--idempotency-key",
        "k",
    )
    answers = own.runs(
        ("tenants", "create", "--slug", "audited"),
        ("tenants", "create", "--slug", "other"),
        ("ledger", "seed-chart", "--tenant", "audited", "--currency", "USD"),
        ("audit", "seal"),
        ("ledger", "post", "--tenant", "audited", *words),
        ("audit", "checkpoint", "--out", str(folder / "checkpoint.json"), "--json"),
        ("audit", "export", "--out", str(folder / "export.ndjson"), "--json"),
    )
    assert [done.returncode for done in answers] == [0] * 7, answers
    shutil.copy(own.home / "keys" / "audit.pub", folder)
    return folder


def verified(shell: Shell, *words: str) -> tuple[int, dict[str, Any]]:
    done = shell.run("audit", "verify", *words, "--json", code=None)
    return done.returncode, json.loads(done.stdout)


def files(folder: Path) -> tuple[str, ...]:
    paths = {"--export": "export.ndjson", "--checkpoint": "checkpoint.json", "--key": "audit.pub"}
    return tuple(word for option, name in paths.items() for word in (option, str(folder / name)))


def test_files_alone_prove_the_log_and_a_cut_or_altered_one_is_found(evidence: Path, tmp_path: Path) -> None:
    auditor = Shell(tmp_path / "auditor", {"HEADGATE_DATABASE_URL": NOWHERE})
    export = evidence / "export.ndjson"
    lines = export.read_text().splitlines()

    code, report = verified(auditor, *files(evidence))
    assert (code, report["verified"], report["first_break"]) == (0, True, None)
    assert report["events"] > 10 and len(report["chains"]) == 2
    for chain in report["chains"]:
        assert chain["anchored"] == chain["sealed"] and chain["unsealed_events"] == 0

    # A tail that is gone: without the checkpoint nothing shows it, with the checkpoint it is the first broken link.
    last = max(n for n, line in enumerate(lines) if json.loads(line)["kind"] == "block")
    tenant = json.loads(lines[last])["tenant_id"]
    until = next(
        (n for n in range(last + 1, len(lines)) if json.loads(lines[n])["kind"] not in ("event", "block")), len(lines)
    )
    kept = [*lines[:last], *lines[until:]]
    kept[-1] = json.dumps({"kind": "end", "records": len(kept) - 1})
    export.write_text("\n".join(kept) + "\n")
    assert verified(auditor, "--export", str(export))[0] == 0
    code, report = verified(auditor, *files(evidence))
    assert (code, report["verified"], report["first_break"]["tenant_id"]) == (1, False, tenant)

    # One character of one event.
    n = next(n for n, line in enumerate(lines) if json.loads(line)["kind"] == "event")
    event = json.loads(lines[n])
    lines[n] = json.dumps({**event, "type": event["type"] + "x"})
    export.write_text("\n".join(lines) + "\n")
    code, report = verified(auditor, "--export", str(export))
    assert (code, report["first_break"]["tenant_id"]) == (1, event["tenant_id"])
    assert str(event["id"]) in json.dumps(report["first_break"])


def test_another_key_or_no_file_verifies_nothing(evidence: Path, tmp_path: Path) -> None:
    auditor = Shell(tmp_path / "auditor", {"HEADGATE_DATABASE_URL": NOWHERE})
    checkpoint, export = evidence / "checkpoint.json", evidence / "export.ndjson"
    empty = tmp_path / "empty"
    empty.touch()

    # Without --key it is the installation's own, and this installation signed nothing.
    stranger, no_export, no_lines, no_key = auditor.runs(
        ("audit", "verify", "--export", str(export), "--checkpoint", str(checkpoint), "--json"),
        ("audit", "verify", "--export", str(tmp_path / "gone"), "--json"),
        ("audit", "verify", "--export", str(empty), "--json"),
        ("audit", "verify", "--export", str(export), "--checkpoint", str(checkpoint), "--key", str(export), "--json"),
    )

    for done in (stranger, no_export, no_lines, no_key):
        assert (done.returncode, json.loads(done.stdout)["verified"]) == (1, False), done


def test_a_deleted_tail_is_found_in_the_database_given_a_checkpoint(
    own: Shell, evidence: Path, empty_database: Database
) -> None:
    anchored = ("--checkpoint", str(evidence / "checkpoint.json"))
    assert verified(own, *anchored)[0] == 0

    with empty_database.connect("admin") as admin:
        row = admin.execute("SELECT id FROM tenants.tenants WHERE slug = 'audited'").fetchone()
        assert row is not None
        last = "SELECT max(number) FROM audit.blocks WHERE tenant_id = %(t)s"
        events = f"SELECT unnest(event_ids) FROM audit.blocks WHERE tenant_id = %(t)s AND number = ({last})"
        tamper(admin, f"DELETE FROM audit.events WHERE tenant_id = %(t)s AND id IN ({events})", t=row[0])
        tamper(admin, f"DELETE FROM audit.blocks WHERE tenant_id = %(t)s AND number = ({last})", t=row[0])

    code, report = verified(own, *anchored)
    assert (code, report["verified"], report["first_break"]["tenant_id"]) == (1, False, str(row[0]))
    said = own.run("audit", "verify", *anchored, code=1).stdout
    assert "first broken link" in said and "NOT VERIFIED" in said


def test_a_changed_event_is_the_first_broken_link(own: Shell, evidence: Path, empty_database: Database) -> None:
    with empty_database.connect("admin") as admin:
        tamper(
            admin, "UPDATE audit.events SET actor_id = 'somebody else' WHERE id = (SELECT min(id) FROM audit.events)"
        )
        row = admin.execute("SELECT tenant_id::text, min(id) FROM audit.events GROUP BY 1 ORDER BY 2").fetchone()

    code, report = verified(own)

    assert row is not None
    assert (code, report["verified"], report["first_break"]["tenant_id"]) == (1, False, row[0])
    assert str(row[1]) in json.dumps(report["first_break"])
