"""`headgate audit`, as scripts use it: one JSON document on standard output, exit 0 verified and 1 not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests import make
from tests.audit import hands
from typer.testing import CliRunner

from headgate import audit
from headgate.audit.commands import app
from headgate.core import secrets, terminal
from headgate.core.config import Config
from headgate.core.db import Database

pytestmark = pytest.mark.slow


@pytest.fixture
def run(empty_database: Database, config: Config, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `headgate audit …` on this test's own database; returns exit code and document."""

    @contextmanager
    def opened(_: Config | None = None) -> Iterator[Database]:
        yield empty_database

    monkeypatch.setattr(terminal, "open_database", opened)
    monkeypatch.setattr(Config, "from_environment", lambda *_: config)

    def command(*words: object, as_json: bool = True) -> tuple[int, Any]:
        done = CliRunner().invoke(app, [str(word) for word in words] + (["--json"] if as_json else []))
        return done.exit_code, json.loads(done.stdout) if as_json else done.stdout

    return command


@pytest.fixture
def two(empty_database: Database) -> list[hands.Log]:
    """Two tenants with a log each."""
    return [hands.written(empty_database, make.tenant(empty_database).id) for _ in range(2)]


def test_checkpoint_export_and_verify_cover_every_tenant(run: Any, two: list[hands.Log], tmp_path: Path) -> None:
    checkpoint, export = tmp_path / "checkpoint", tmp_path / "export"

    assert run("checkpoint", "--out", checkpoint)[1]["tenants"] == 2
    code, exported = run("export", "--out", export)
    assert code == 0 and exported["events"] >= 28
    for words in (
        (),
        ("--checkpoint", checkpoint),
        ("--export", export),
        ("--export", export, "--checkpoint", checkpoint),
    ):
        code, report = run("verify", *words)
        assert (code, report["verified"], report["first_break"]) == (0, True, None), words
        assert {chain["tenant_id"] for chain in report["chains"]} == {str(log.tenant_id) for log in two}
    assert [chain["unsealed_events"] for chain in report["chains"]] == [0, 0], "a checkpoint seals first"
    assert all(chain["anchored"] == chain["sealed"] for chain in report["chains"])
    assert "verified" in run("verify", as_json=False)[1]


def test_first_broken_link_is_named_and_the_exit_is_one(
    run: Any, two: list[hands.Log], empty_database: Database, tmp_path: Path
) -> None:
    with empty_database.connect("admin") as admin:
        hands.tamper(admin, "UPDATE audit.events SET data = '{}' WHERE id = %(id)s", id=two[1].sealed[3])

    code, report = run("verify")
    said = run("verify", as_json=False)
    other = run("verify", "--tenant", two[0].tenant_id)
    run("export", "--out", tmp_path / "export")
    offline = run("verify", "--export", tmp_path / "export")

    assert code == 1 and report["first_break"]["event"] == two[1].sealed[3]
    assert said[0] == 1 and f"event {two[1].sealed[3]} is not what was sealed" in said[1]
    assert other[0] == 0
    assert offline[0] == 1 and offline[1]["first_break"] == report["first_break"]


def test_keys_come_from_outside(
    run: Any, two: list[hands.Log], empty_database: Database, config: Config, tmp_path: Path
) -> None:
    stranger = Ed25519PrivateKey.generate()
    audit.write_checkpoint(audit.take_checkpoint(empty_database, stranger), tmp_path / "strangers")
    run("checkpoint", "--out", tmp_path / "mine")
    for name, key in (("own.pem", secrets.public_key(config)), ("stranger.pem", stranger.public_key())):
        (tmp_path / name).write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))

    def verified(checkpoint: str, *key: object) -> tuple[int, str | None]:
        code, report = run("verify", "--checkpoint", tmp_path / checkpoint, *key)
        return code, report["first_break"] and report["first_break"]["kind"]

    assert verified("mine") == (0, None)
    assert verified("mine", "--key", tmp_path / "own.pem") == (0, None)
    assert verified("mine", "--key", tmp_path / "stranger.pem") == (1, "checkpoint_not_signed")
    assert verified("strangers") == (1, "checkpoint_not_signed")
    assert verified("strangers", "--key", tmp_path / "stranger.pem") == (0, None)


@pytest.mark.parametrize(
    "words", [("--export", "nothing"), ("--checkpoint", "nothing"), ("--checkpoint", "{cp}", "--key", "nothing")]
)
def test_file_that_proves_nothing_is_not_verified(
    run: Any, two: list[hands.Log], tmp_path: Path, words: tuple[str, ...]
) -> None:
    run("checkpoint", "--out", tmp_path / "cp")

    code, document = run("verify", *(word.format(cp=tmp_path / "cp") for word in words))

    assert code == 1 and document["verified"] is False
    assert document["error"]["code"].startswith("audit.")


def test_correlation_is_sealed_first_and_proved_the_same_every_time(run: Any, two: list[hands.Log]) -> None:
    first = run("verify", "--correlation", "unsealed")
    hands.write(two[0].database, two[0].tenant_id, 2, "more")
    again = run("verify", "--correlation", "unsealed")

    assert first[0] == 0 and first[1]["correlation"]["events"] == 4
    assert first[1]["correlation"]["terminal_hash"] == again[1]["correlation"]["terminal_hash"]
    assert first[1]["correlation"]["terminal_hash"] in run("verify", "--correlation", "unsealed", as_json=False)[1]


def test_seal_and_announce(run: Any, two: list[hands.Log]) -> None:
    assert run("seal")[1]["events"] >= 4
    assert run("announce-restore") == (0, {"epoch": None})


def test_tenant_by_slug(run: Any, empty_database: Database, tmp_path: Path) -> None:
    made = make.tenant(empty_database)
    hands.written(empty_database, made.id)
    other = hands.written(empty_database, make.tenant(empty_database).id)

    assert run("checkpoint", "--out", tmp_path / "c", "--tenant", made.slug)[1]["tenants"] == 1
    run("export", "--out", tmp_path / "e", "--tenant", made.slug)
    whole = run("verify", "--tenant", made.slug)[1]
    assert [chain["tenant_id"] for chain in whole["chains"]] == [str(made.id)]
    assert run("verify", "--export", tmp_path / "e", "--tenant", made.id)[0] == 0
    assert run("verify", "--export", tmp_path / "e", "--tenant", other.tenant_id)[0] == 1


def test_whole_tenant_deleted_is_found(
    run: Any, two: list[hands.Log], empty_database: Database, tmp_path: Path
) -> None:
    run("checkpoint", "--out", tmp_path / "cp")
    with empty_database.connect("admin") as admin:
        for table in ("blocks", "events"):
            hands.tamper(admin, f"DELETE FROM audit.{table} WHERE tenant_id = %(t)s", t=two[0].tenant_id)
    run("export", "--out", tmp_path / "export")

    assert run("verify")[0] == 0
    for words in ((), ("--export", tmp_path / "export")):
        code, report = run("verify", "--checkpoint", tmp_path / "cp", *words)
        assert (code, report["first_break"]["kind"], report["first_break"]["tenant_id"]) == (
            1,
            "log_deleted",
            str(two[0].tenant_id),
        )
