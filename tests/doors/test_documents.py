"""`--json` prints one JSON document on standard output and nothing else, at every command that has it.

The rows below run them all, in an order that a tenant could. A command with `--json` and without a row fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from tests import make
from tests.doors.scripts import Shell

from headgate import cases, cli, tenants
from headgate.core.db import Database

pytestmark = pytest.mark.slow

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
T = ("--tenant", "docs")
USD = ("--currency", "USD")
Row = tuple[str, str, Sequence[str]]

FEE = {
    "idempotency_key": "late",
    "entries": [{"debit": "FEES.USD", "credit": "vault", "amount": {"minor": 500, "currency": "USD"}}],
    "effective_at": "2026-01-03T12:00:00Z",
    "reason": "the bank charged it then",
}

FIRST: list[Row] = [
    # what it is remembered as, the command, its words
    ("tenant", "tenants create", ("docs",)),
    ("", "tenants create", ("copy",)),
    ("", "tenants list", ()),
    ("", "tenants clock", (*T, "--to", "2026-11-25T15:00:00Z")),
    ("entity", "legal-entities create", (*T, "--name", "Docs", "--time-zone", "America/Chicago")),
    ("", "legal-entities list", T),
    ("", "users create", (*T, "--email", "ada@example.org", "--name", "Ada")),
    ("", "users list", T),
    ("key", "keys create", (*T, "--role", "finance", "--person", "ada@example.org")),
    ("", "keys list", T),
    ("", "ledger seed-chart", (*T, *USD)),
    ("account", "ledger open-account", (*T, "--code", "till", "--name", "Till", "--type", "ASSET", *USD)),
    (
        "posted",
        "ledger post",
        (*T, "--debit", "till", "--credit", "FEES.USD", "--amount", "1.00", *USD, "--idempotency-key", "k"),
    ),
    *(
        (
            name,
            "ledger post",
            (
                *T,
                "--debit",
                "till",
                "--credit",
                "FEES.USD",
                "--amount",
                "1.00",
                *USD,
                "--pending",
                "--idempotency-key",
                name,
            ),
        )
        for name in ("pending", "unwanted")
    ),
    (
        "",
        "ledger post",
        (*T, "--debit", "till", "--credit", "till", "--amount", "1.00", *USD, "--idempotency-key", "refused"),
    ),
    ("", "ledger import-opening-balances", (str(SAMPLES / "opening-balances.csv"), *T)),
    ("", "ledger post-file", (str(SAMPLES / "transactions.ndjson"), *T)),
    (
        "held",
        "ledger reserve",
        (*T, "--account", "CASH.USD", "--amount", "5.00", *USD, "--source-ref", "PR-0", "--idempotency-key", "held"),
    ),
    ("register", "ingestion receive", (str(SAMPLES / "register.csv"), *T)),
    ("statement", "ingestion receive", (str(SAMPLES / "statement.bai2"), *T, "--source", "bank")),
    (
        "",
        "ledger open-account",
        (*T, "--code", "vault", "--name", "Vault", "--type", "ASSET", *USD, "--min-balance", "0"),
    ),
    *(
        (
            "",
            "ledger post",
            (
                *T,
                "--debit",
                debit,
                "--credit",
                credit,
                "--amount",
                amount,
                *USD,
                "--idempotency-key",
                on,
                "--effective-at",
                f"{on}T12:00:00Z",
            ),
        )
        for debit, credit, amount, on in (
            ("vault", "FEES.USD", "10.00", "2026-01-02"),
            ("FEES.USD", "vault", "8.00", "2026-01-06"),
            ("vault", "FEES.USD", "20.00", "2026-01-10"),
        )
    ),
    ("", "banks list", ()),
    ("", "banks show", ("amegy",)),
    ("", "banks check", ()),
    ("", "ledger postings", ()),
    ("", "jobs list", T),
    ("", "db status", ()),
    ("", "db migrate", ()),
    ("", "check", ("--full",)),
    ("", "doctor", ()),
    ("", "messaging status", ()),
    ("", "messaging dead-letters", ()),
    ("", "messaging requeue", ("--all",)),
    ("", "events replay", (*T, "--topic", "payment.#")),
    ("", "secrets rotate", ()),
    ("", "secrets rewrap", ()),
    ("", "console link", T),
    (
        "",
        "bench ledger",
        ("--rounds", "1", "--transactions", "200", "--accounts", "50", "--singles", "64", "--shape", "balance"),
    ),
]
SECOND: list[Row] = [
    ("asked", "recon request-backdating", ("{folder}/fee.json", "--key-file", "{folder}/key")),
    ("", "legal-entities list", T),
    ("", "keys revoke", ("{key[id]}", *T)),
    ("", "ledger seed-chart", (*T, *USD, "--legal-entity", "{entity[id]}")),
    ("", "ledger accounts", T),
    ("", "ledger balance", ("till", *T)),
    ("", "ledger balances", (*T, "--as-of", "2026-11-25")),
    ("", "ledger set-parent", ("till", *T, "--parent", "CASH.USD", "--reason", "a test")),
    ("", "ledger tree", T),
    ("", "ledger trial-balance", T),
    ("", "ledger general-ledger", (*T, "--from", "2026-11-01", "--to", "2026-11-30")),
    ("", "ledger statement", ("till", *T, "--from", "2026-11-01", "--to", "2026-11-30")),
    ("", "ledger ageing", T),
    ("", "ledger explain-balance", ("till", *T)),
    ("", "ledger explain-refusal", ("refused", *T)),
    ("", "ledger transactions", T),
    ("", "ledger entries", T),
    ("", "ledger pending", T),
    ("", "ledger post-pending", ("{pending[id]}", *T, "--idempotency-key", "s")),
    ("", "ledger void", ("{unwanted[id]}", *T, "--reason", "unwanted")),
    ("", "ledger reservations", T),
    ("", "ledger increase", ("{held[id]}", *T, "--amount", "1.00", "--idempotency-key", "more")),
    ("", "ledger extend", ("{held[id]}", *T, "--for-ever")),
    ("", "ledger capture", ("{held[id]}=2.00", *T, "--debit", "FEES.USD", "--idempotency-key", "taken")),
    ("", "ledger release", ("{held[id]}", *T)),
    ("", "ledger expire-reservations", T),
    ("period", "ledger open-period",
     (*T, "--name", "2024", "--starts-on", "2024-01-01", "--ends-on", "2024-12-31")),
    ("", "ledger periods", T),
    ("settlement", "ledger settle", ("till", *T, "--name", "first", "--at", "2025-01-01T00:00:00Z")),
    ("", "ledger settlements", T),
    ("", "ledger record-rate", (*T, "--from", "EUR", "--to", "USD", "--rate", "1.0842", "--effective-at", "2025-01-01T00:00:00Z",
                                "--source", "desk")),
    ("", "ledger rates", T),
    ("", "ledger import-rates", (str(SAMPLES / "rates.csv"), *T)),
    ("", "ingestion set-rate-source", ("ecb", *T, "--url", "http://127.0.0.1:9/rates", "--format", "ecb_xml_v1")),
    ("", "ingestion rate-sources", T),
    ("", "ingestion read-rates", ("ecb", *T)),
    ("", "ingestion remove-rate-source", ("ecb", *T)),
    ("", "ledger seed-chart", (*T, "--currency", "EUR")),
    ("", "ledger positions", (*T, "--functional-currency", "USD")),
    ("", "ledger revaluations", T),
    ("", "ledger revalue", (*T, "--on", "2025-01-31", "--functional-currency", "USD")),
    ("", "ledger conversions", T),
    ("", "ledger set-clearing", ("PAYROLL_CLEARING.USD", *T, "--reason", "payroll", "--max-age", "3d")),
    ("", "ledger clearing", T),
    ("monitor", "ledger add-monitor", ("till", *T, "--threshold", "5.00", "--name", "low")),
    ("", "ledger monitors", T),
    ("", "ledger reverse", ("{posted[id]}", *T, "--idempotency-key", "r", "--reason", "wrong")),
    ("", "ledger set-status", ("till", "frozen", *T, "--reason", "doubt")),
    ("", "ingestion list", T),
    ("", "ingestion records", ("{register[artifact_id]}", *T)),
    ("", "ingestion faults", ("{register[artifact_id]}", *T)),
    ("statements", "ingestion statements", ("{statement[artifact_id]}", *T)),
    ("party", "parties create", (*T, "--external-id", "E-1", "--name", "Eve Example", "--legal-entity", "{entity[id]}")),
    ("", "parties list", T),
    ("payroll", "payments commit", (str(SAMPLES / "register.csv"), *T, "--legal-entity", "{entity[id]}", "--payroll-id", "PR-1",
                                    "--pay-on", "2026-11-27")),
    ("asked_for", "funding request", (*T, "--legal-entity", "{entity[id]}", "--amount", "10.00", "--due-on", "2026-11-27")),
    ("", "funding list", T),
    ("", "payments notices", T),
    ("", "payments return-rates", T),
    ("", "payments set-notice-policy", ("C02", "case", "--reason", "we ask first", *T)),
    ("", "payments payrolls", T),
    ("payments", "payments list", T),
    ("", "payments submit", (*T, "--on", "2026-11-25")),
    ("", "payments settle", ("{statement[artifact_id]}", *T)),
    ("", "balance", (*T, "--legal-entity", "{entity[id]}")),
    ("", "jobs run", ("reservation_cleanup", *T)),
    ("", "ledger export", (*T, "--out", "{folder}/book.ndjson")),
    ("", "file inspect", (str(SAMPLES / "returns.ach"),)),
    ("", "ach merge", (str(SAMPLES / "returns.ach"), "--out", "{folder}/merged.ach")),
    ("", "ach split", (str(SAMPLES / "returns.ach"), "--max-entries", "1", "--out", "{folder}")),
    ("", "ach explain", ("990000010000007", str(SAMPLES / "returns.ach"))),
    ("", "bench ach", ("--entries", "2000", "--rounds", "1")),
]  # fmt: skip
THIRD: list[Row] = [
    ("", "recon post-backdated", ("{asked[id]}", *T)),
    ("", "ledger import", ("{folder}/book.ndjson", "--tenant", "copy")),
    ("", "parties show", ("{party[id]}", *T)),
    ("block", "parties block", ("{party[id]}", *T, "--reason", "fraud")),
    ("", "payments show", ("{payments[0][id]}", *T)),
    ("", "funding show", ("{asked_for[id]}", *T)),
    ("", "payments split", ("{payroll[facts][payroll_id]}", *T)),
    ("", "recon link", (*T, "--account", "CASH.USD", "--statement", "{statements[0][id]}")),
    ("", "recon run", (*T, "--account", "CASH.USD", "--on", "2026-11-25")),
    ("", "recon show", (*T, "--account", "CASH.USD")),
    ("", "ledger close-period", ("{period[id]}", *T, "--reason", "year end")),
    ("", "ledger settled-legs", ("{settlement[id]}", *T)),
    (
        "conversion",
        "ledger convert",
        (
            *T,
            "--from-account",
            "CASH.EUR",
            "--to-account",
            "CASH.USD",
            "--amount",
            "1.00",
            "--currency",
            "EUR",
            "--idempotency-key",
            "fx",
        ),
    ),
    ("", "ledger remove-monitor", ("{monitor[id]}", *T)),
    ("", "audit seal", ()),
    ("", "audit verify", ()),
    ("", "audit checkpoint", ("--out", "{folder}/checkpoint.json")),
    ("", "audit export", ("--out", "{folder}/export.ndjson")),
    ("", "audit announce-restore", ()),
]
FOURTH: list[Row] = [
    ("", "parties unblock", ("{block[id]}", *T, "--reason", "mistaken")),
    ("", "ledger reverse-conversion", ("{conversion[id]}", *T, "--idempotency-key", "back", "--reason", "wrong")),
    ("", "ledger frozen-balance", ("{period[id]}", *T)),
    ("", "clock bank", (*T, "--seed", "7")),
    ("", "clock wire", (*T, "--legal-entity", "{entity[id]}", "--amount", "5.00")),
    ("", "clock show", T),
    ("", "clock advance", ("4h", *T)),
]


def test_every_command_with_json_prints_one_document_and_nothing_else(
    own: Shell, empty_database: Database, tmp_path: Path
) -> None:
    rows = [*FIRST, *SECOND, *THIRD, *FOURTH]
    assert sorted(set(with_json()) - {command for _, command, _ in rows}) == [], "add a row"

    # Nobody listens at the port of the source of rates: reading it fails at once, and says so in its document.
    shell = replace(own, settings={**own.settings, "HEADGATE_EGRESS_ALLOW": "127.0.0.0/8"})
    said: dict[str, Any] = {"folder": str(tmp_path)}
    (tmp_path / "fee.json").write_text(json.dumps(FEE))
    for part in (FIRST, SECOND, THIRD, FOURTH):
        if part is SECOND:
            (tmp_path / "key").write_text(said["key"]["key"])
        if part is THIRD:
            approve(empty_database, said)
        commands = [
            (*command.split(), *(word.format(**said) for word in words), "--json") for _, command, words in part
        ]
        for (name, command, _), done in zip(part, shell.runs(*commands), strict=True):
            assert done.returncode in (0, 1), (command, done)
            said[name] = json.loads(done.stdout)
            if command == "payments commit":  # nobody has funded it: exit 1, and a line on standard error says so
                assert (done.returncode, said[name]["code"]) == (1, "payments.blocked_funds")
                assert done.stderr.count("\n") == 1 and "insufficient" in done.stderr, done


def approve(database: Database, said: dict[str, Any]) -> None:
    """Another person than who asked says yes."""
    tenant_id = tenants.find_tenant(database, "docs").id
    with database.begin(tenant_id=tenant_id, actor=make.person("bob")) as tx:
        cases.approve(tx, approval_id=said["asked"]["id"], digest=said["asked"]["digest"])


def with_json() -> Iterator[str]:
    """The commands that have `--json`, as they are typed."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[str]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name))
        if any("--json" in found.opts for found in command.params):
            yield " ".join(path)

    return walk(typer.main.get_command(cli.compose()), ())
