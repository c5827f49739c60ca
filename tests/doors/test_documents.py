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
from tests.alerts.told import payment_messages
from tests.doors.scripts import Shell
from tests.ingestion.envelopes import envelope, raw
from tests.payments import banking, stories
from tests.web.client import person_key

from headgate import alerts, cases, cli, funding, ledger, parties, payments, tenants
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.payments.returns import refusals
from headgate.rails import fake

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

LOAN_POLICY = {
    "product": "mortgage",
    "effective_from": "2027-01-01",
    "reason": "a test",
    "rules": {"current": {"waterfall": "fees_first"}},
    "nsf_fee_minor": 2500,
}
TABLE = {"columns": {"booked_on": 0, "amount": 2, "currency": 3}, "header": ["date", "text", "amount", "currency"]}
CHANGE = {"kind": "limit", "policy": "velocity", "currency": "USD", "limit": {"count": 5}}

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
    ("own", "keys create", (*T, "--role", "operator", "--person", "ada@example.org")),
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
    ("table", "ingestion receive", ("{folder}/table.csv", *T, "--source", "bank.table")),
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
    ("", "pipeline status", ()),
    ("", "pipeline dlq", ()),
    ("", "pipeline requeue", ("--all",)),
    ("", "pipeline replay", ()),
    ("", "events replay", (*T, "--topic", "payment.#")),
    ("", "secrets rotate", ()),
    ("", "secrets rewrap", ()),
    ("", "console link", T),
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
    ("", "ingestion set-source", ("drop", *T, "--connector", "folder", "--setting", "folder=bank")),
    ("", "ingestion sources", T),
    ("", "ingestion source", ("drop", *T)),
    ("", "ingestion fetch", ("drop", *T)),
    ("", "ingestion source-tries", ("drop", *T)),
    ("", "ingestion source-items", ("drop", *T)),
    ("", "ingestion pause-source", ("drop", *T, "--reason", "they move house")),
    ("", "ingestion resume-source", ("drop", *T, "--reason", "they are there")),
    ("", "ingestion remove-source", ("drop", *T)),
    ("webhook", "ingestion set-webhook", ("column", *T, "--scheme", "column", "--secret-file", "{folder}/key")),
    ("", "ingestion webhooks", T),
    ("", "ingestion set-payment-source", ("column", "loans", *T, "--reason", "a first look")),
    ("", "ingestion payment-sources", T),
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
    ("", "ingestion schemas", ()),
    ("", "ingestion list", T),
    ("", "ingestion records", ("{register[artifact_id]}", *T)),
    ("", "ingestion take-in", ("{register[artifact_id]}", *T)),
    ("", "ingestion lines", ("{register[artifact_id]}", *T, "--line", "2")),
    ("", "ingestion reveal", ("{register[artifact_id]}", *T, "--reason", "a first look")),
    ("", "ingestion standings", T),
    ("", "ingestion messages", T),
    ("", "ingestion preview-table", ("{table[artifact_id]}", *T)),
    ("mapping", "ingestion save-mapping", ("bank.table", "{folder}/mapping.json", *T)),
    ("", "ingestion mappings", T),
    ("", "recon lineage", ("{statement[artifact_id]}", *T)),
    ("", "ingestion faults", ("{register[artifact_id]}", *T)),
    ("statements", "ingestion statements", ("{statement[artifact_id]}", *T)),
    ("", "artifacts payments", ("{statement[artifact_id]}", *T)),
    ("", "artifacts store", T),
    ("", "artifacts reprocess", ("{statement[artifact_id]}", *T, "--parser", "bai2_v1")),
    ("", "artifacts verify", T),
    ("", "artifacts link", ("{statement[artifact_id]}", *T)),
    ("", "artifacts save", ("{statement[artifact_id]}", *T, "--out", "{folder}/statement.bai2")),
    ("party", "parties create", (*T, "--external-id", "E-1", "--name", "Eve Example", "--legal-entity", "{entity[id]}")),
    ("", "parties list", T),
    ("payroll", "payments commit", (str(SAMPLES / "register.csv"), *T, "--legal-entity", "{entity[id]}", "--payroll-id", "PR-1",
                                    "--pay-on", "2026-11-27")),
    ("asked_for", "funding request", (*T, "--legal-entity", "{entity[id]}", "--amount", "10.00", "--due-on", "2026-11-27")),
    ("", "funding list", T),
    ("", "payments notices", T),
    ("", "payments return-rates", T),
    ("", "payments returns", T),
    ("", "payments return-policies", T),
    ("policy", "payments request-return-policy", ("R02", "reverse", "--reason", "we call first", "--key-file", "{folder}/own")),
    ("", "payments set-notice-policy", ("C02", "case", "--reason", "we ask first", *T)),
    ("", "payments set-provider", ("fednow", *T, "--url", "http://127.0.0.1:9", "--routing-number", "990000013",
                                   "--account-number", "000123456789", "--town", "Lisle")),
    ("", "payments providers", T),
    ("", "payments orders", T),
    ("", "payments asks", T),
    ("", "payments work-orders", T),
    ("", "payments bank-summaries", T),
    ("", "payments remove-provider", ("fednow", *T)),
    ("", "payments payrolls", T),
    ("payments", "payments list", T),
    ("", "payments delivery list", T),
    ("", "parties register-payee", ("{folder}/payee.json", *T)),
    ("", "parties payees", T),
    ("", "payments submit", (*T, "--on", "2026-11-25")),
    ("", "ach build", (*T, "--on", "2026-11-25", "--dry-run")),
    ("", "payments set-originator", (*T, "--legal-entity", "{entity[id]}", "--odfi-routing-number", "990000013",
                                     "--destination-name", "BANK", "--immediate-origin", "1234567890", "--origin-name", "DOCS",
                                     "--company-name", "DOCS", "--company-identification", "1234567890")),
    ("", "payments place set", (*T, "--bank", "sandbox", "--host", "127.0.0.1", "--port", "9", "--user", "docs", "--password-file",
                                "{folder}/password")),
    ("", "payments place show", T),
    ("", "payments place test", (*T, "--bank", "sandbox")),
    ("", "payments fetch", T),
    ("", "payments deliver", T),
    ("", "payments place remove", (*T, "--bank", "sandbox")),
    ("", "payments settle", ("{statement[artifact_id]}", *T)),
    ("", "balance", (*T, "--legal-entity", "{entity[id]}")),
    ("", "jobs run", ("reservation_cleanup", *T)),
    ("", "ledger export", (*T, "--out", "{folder}/book.ndjson")),
    ("", "file inspect", (str(SAMPLES / "returns.ach"),)),
    ("", "ach merge", (str(SAMPLES / "returns.ach"), "--out", "{folder}/merged.ach")),
    ("", "ach split", (str(SAMPLES / "returns.ach"), "--max-entries", "1", "--out", "{folder}")),
    ("", "ach explain", ("990000010000007", str(SAMPLES / "returns.ach"))),
]  # fmt: skip
THIRD: list[Row] = [
    ("", "ingestion remove-webhook", ("{webhook[id]}", *T)),
    ("", "ingestion remove-mapping", ("bank.table", "{mapping[fingerprint]}", *T)),
    ("", "recon post-backdated", ("{asked[id]}", *T)),
    ("", "ledger import", ("{folder}/book.ndjson", "--tenant", "copy")),
    ("", "parties show", ("{party[id]}", *T)),
    *(
        (
            name,
            "payments delivery propose",
            ("{lost}", "--verdict", "absent", "--reason", "their desk says so", "--key-file", "{folder}/cleo"),
        )
        for name in ("refused", "allowed")
    ),
    ("", "parties set-address", ("{party[id]}", "{folder}/address.json", *T)),
    ("", "parties bank-accounts", ("{party[id]}", *T)),
    ("payee_account", "parties add-bank-account", ("{party[id]}", "{folder}/account.json", *T)),
    ("", "payments gate", ("{payroll[facts][payroll_id]}", *T)),
    ("", "payments judge", ("{payroll[facts][payroll_id]}", *T)),
    ("", "payments execute", ("{payroll[facts][payroll_id]}", *T)),
    ("", "payments timeline", ("{payments[0][id]}", *T)),
    ("", "funding cancel", ("{asked_for[id]}", *T, "--reason", "asked twice")),
    ("block", "parties block", ("{party[id]}", *T, "--reason", "fraud")),
    ("", "payments show", ("{payments[0][id]}", *T)),
    ("", "payments recall", ("{payments[0][id]}", *T, "--why", "paid by mistake")),
    ("", "funding show", ("{asked_for[id]}", *T)),
    (
        "",
        "funding authorize-debits",
        ("{client_account}", *T, "--legal-entity", "{entity[id]}", "--evidence", "agreement"),
    ),
    ("", "payments split", ("{payroll[facts][payroll_id]}", *T)),
    ("", "recon link", (*T, "--account", "CASH.USD", "--statement", "{statements[0][id]}")),
    ("", "recon run", (*T, "--account", "CASH.USD", "--on", "2026-11-25")),
    ("", "recon show", (*T, "--account", "CASH.USD")),
    ("", "loans import", ("{folder}/loans.csv", *T)),
    ("", "ingest", ("{folder}/payments.ndjson", *T)),
    ("", "ingest", (str(SAMPLES / "register.csv"), *T, "--source", "twin")),
    ("", "pipeline modes", T),
    ("", "pipeline set-mode", ("ach", "shadow", *T, "--reason", "a first look")),
    ("", "pipeline shadow-report", (*T, "--first", "2026-11-01", "--last", "2026-11-03")),
    ("", "pipeline release", (*T, "--channel", "ach")),
    ("", "loans list", T),
    ("", "loans show", ("L-1", *T)),
    (
        "loan_payment",
        "loans pay",
        ("L-1", *T, "--amount", "100.00", "--received-on", "2026-11-01", "--idempotency-key", "loan-1"),
    ),
    ("", "loans payments", ("L-1", *T)),
    ("", "loans hold", ("L-1", *T, "--kyc-incomplete", "--reason", "a test")),
    ("", "loans hold", ("L-1", *T, "--kyc-complete", "--reason", "a test")),
    ("", "loans charge", ("L-1", *T, "--amount", "25.00", "--due-on", "2026-11-05", "--reason", "a test")),
    ("", "loans import-schedule", ("L-1", "{folder}/schedule.json", *T)),
    ("", "loans dues", ("L-1", *T)),
    ("", "loans set-policy", ("{folder}/loan_policy.json", *T)),
    ("", "loans policies", (*T, "--product", "mortgage")),
    (
        "",
        "loans set-return-rule",
        ("R02", *T, "--action", "reverse", "--severity", "medium", "--reason", "a test"),
    ),
    ("", "loans return-rules", T),
    ("", "notifications list", (*T, "--unread")),
    ("", "notifications preferences", T),
    (
        "",
        "notifications set-preference",
        ("team:night", "payment_posted", *T, "--email", "--reason", "a test"),
    ),
    ("", "notifications set-address", ("team:night", *T, "--file", "{folder}/mail_address")),
    ("", "notifications addresses", T),
    ("", "notifications set-template", ("team", "payment_posted", *T, "--title", "x", "--file", "{folder}/words")),
    ("", "notifications templates", T),
    ("", "notifications send", T),
    ("", "loans return", ("acht_x", *T, "--code", "R02", "--on", "2026-11-06", "--external-id", "ret_1")),
    ("", "loans returns", T),
    ("", "loans set-standing", ("L-1", "forbearance", *T, "--from-on", "2026-11-02", "--reason", "a test")),
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
    (
        "",
        "payments delivery refuse",
        ("{refused[id]}", "--digest", "{refused[digest]}", "--reason", "doubt", "--key-file", "{folder}/bob"),
    ),
    ("", "payments delivery approve", ("{allowed[id]}", "--digest", "{allowed[digest]}", "--key-file", "{folder}/bob")),
    ("", "parties block-bank-account", ("{payee_account[id]}", *T, "--reason", "fraud")),
    ("", "parties unblock", ("{block[id]}", *T, "--reason", "mistaken")),
    ("", "ledger reverse-conversion", ("{conversion[id]}", *T, "--idempotency-key", "back", "--reason", "wrong")),
    ("", "ledger frozen-balance", ("{period[id]}", *T)),
    ("", "payments set-return-policy", ("{policy[id]}", *T)),
    (
        "retry_asked",
        "payments request-retry",
        ("{returned}", "--reason", "they take it now", "--key-file", "{folder}/own"),
    ),
    ("", "payments retry-file", ("{refused_file}", "--reason", "mended", *T)),
    (
        "dishonor_asked",
        "payments request-dishonor",
        ("{return_id}", "R70", "--reason", "not asked for", "--key-file", "{folder}/own"),
    ),
    (
        "whose",
        "funding request-assignment",
        ("{unknown}", "--client", "{entity[id]}", "--reason", "called", "--key-file", "{folder}/own"),
    ),
    ("", "funding debit", T),
    ("", "funding debits", T),
    ("", "funding pull", (*T, "--date", "2026-11-25")),
    ("", "funding deposits", T),
    ("", "funding settle-deposits", ("{statement[artifact_id]}", *T)),
    ("", "funding payer-reference", ("{entity[id]}", *T)),
    ("", "funding evaluations", T),
    ("", "funding evaluation", ("{evaluation}", *T)),
    ("", "funding limits", T),
    ("", "funding overrides", T),
    ("", "funding credit-line", ("{entity[id]}", *T)),
    (
        "change",
        "funding request-change",
        ("{folder}/change.json", "--reason", "agreed", "--key-file", "{folder}/own"),
    ),
    ("", "funding withdraw-debits", (*T, "--legal-entity", "{entity[id]}", "--reason", "asked to")),
    ("", "clock bank", (*T, "--seed", "7")),
    ("", "clock wire", (*T, "--legal-entity", "{entity[id]}", "--amount", "5.00")),
    ("", "clock show", T),
    ("", "clock advance", ("4h", *T)),
    (
        "",
        "artifacts attach",
        ("{came_in}", "urn:headgate:artifact:{statement[artifact_id]}", *T, "--type", "bank_file"),
    ),
    ("", "artifacts of-payment", ("{came_in}", *T)),
]
FIFTH: list[Row] = [
    ("", "loans payment-events", ("{loan_payment[id]}", *T)),
    ("", "notifications read", ("{told}", *T)),
    ("", "loans undo", ("{loan_payment[id]}", *T, "--reason", "a test")),
    ("", "funding assign-deposit", ("{whose[id]}", *T)),
    ("", "funding make-change", ("{folder}/change.json", *T, "--approval", "{change[id]}", "--reason", "agreed")),
    ("", "payments retry", ("{returned}", "--reason", "agreed", "--approval", "{retry_asked[id]}", *T)),
    ("", "payments dishonor", ("{dishonor_asked[id]}", "--on", "2026-12-03", *T)),
]

ELSEWHERE = {"bench ledger", "bench ach", "bench parsers", "bench pipeline", "bench payroll"}
"""Each starts a server of its own, and takes longer than all others together: test_bench.py reads their documents."""


def came_in(database: Database) -> str:
    """The payment that was taken in."""
    with database.connect("admin") as connection:
        found = connection.execute("SELECT min(id) FROM ingestion.payment_ingestions").fetchone()
    assert found is not None
    return str(found[0])


def test_every_command_with_json_prints_one_document_and_nothing_else(
    own: Shell, empty_database: Database, tmp_path: Path
) -> None:
    rows = [*FIRST, *SECOND, *THIRD, *FOURTH, *FIFTH]
    assert sorted(set(with_json()) - {command for _, command, _ in rows} - ELSEWHERE) == [], "add a row"

    # Nobody listens at the port of the source of rates: reading it fails at once, and says so in its document.
    shell = replace(own, settings={**own.settings, "HEADGATE_EGRESS_ALLOW": "127.0.0.0/8"})
    said: dict[str, Any] = {"folder": str(tmp_path)}
    account = {"routing_number": "021000021", "account_number": "5551234"}
    (tmp_path / "fee.json").write_text(json.dumps(FEE))
    (tmp_path / "change.json").write_text(json.dumps(CHANGE))
    (tmp_path / "table.csv").write_text(
        "date,text,amount,currency\n2026-11-24,rent,-5.00,USD\n2026-11-25,wage,7.00,USD\n"
    )
    (tmp_path / "mapping.json").write_text(json.dumps(TABLE))
    (tmp_path / "password").write_text("not a secret\n")
    (tmp_path / "account.json").write_text(json.dumps(account))
    config = Config.from_environment({"HEADGATE_HOME": str(own.home), "HEADGATE_ENV": "test"})
    with shell.going_on() as runs, Database(empty_database.url, config=config) as same:
        for part in (FIRST, SECOND, THIRD, FOURTH, FIFTH):
            if part is SECOND:
                (tmp_path / "key").write_text(said["key"]["key"])
                (tmp_path / "own").write_text(said["own"]["key"])
                payee = {"external_id": "E-7", "name": "Ivo Example", "bank_accounts": [account]}
                payee["legal_entity_id"] = said["entity"]["id"]
                (tmp_path / "payee.json").write_text(json.dumps(payee))
                loans = "loan_id,product,currency,legal_entity_id,number,due_on,interest,principal\n"
                line = f"L-1,mortgage,USD,{said['entity']['id']},1,2026-11-01,10.00,90.00\n"
                (tmp_path / "loans.csv").write_text(loans + line)
                due = {"number": 2, "due_on": "2026-12-01", "principal_minor": 100}
                (tmp_path / "schedule.json").write_text(json.dumps({"instalments": [due]}))
                (tmp_path / "mail_address").write_text("night@example.org\n")
                (tmp_path / "words").write_text("{amount} of {loan}\n")
                (tmp_path / "loan_policy.json").write_text(json.dumps(LOAN_POLICY))
                (tmp_path / "payments.ndjson").write_bytes(raw(envelope("L-1")) + b"\n")
                (tmp_path / "address.json").write_text(json.dumps({"town": "Lisle", "state": "IL"}))
            if part is THIRD:
                approve(empty_database, said["asked"])
                give_an_account(empty_database, said)
                said["lost"] = lose(same, tmp_path)
            if part is FOURTH:
                fail_some(same, said)
                said["came_in"] = came_in(same)
                approve(empty_database, said["policy"])
            if part is FIFTH:
                said["told"] = tell_somebody(same)
                approve(empty_database, said["retry_asked"])
                approve(empty_database, said["whose"])
                approve(empty_database, said["change"])
                approve(empty_database, said["dishonor_asked"])
            commands = [
                (*command.split(), *(word.format(**said) for word in words), "--json") for _, command, words in part
            ]
            for (name, command, _), done in zip(part, runs(*commands), strict=True):
                assert done.returncode in (0, 1), (command, done)
                said[name] = json.loads(done.stdout)
                if command == "payments commit":  # nobody has funded it: exit 1, and a line on standard error says so
                    assert (done.returncode, said[name]["code"]) == (1, "payments.blocked_funds")
                    assert done.stderr.count("\n") == 1 and "insufficient" in done.stderr, done


def approve(database: Database, asked: dict[str, Any]) -> None:
    """Another person than who asked says yes."""
    tenant_id = tenants.find_tenant(database, "docs").id
    with database.begin(tenant_id=tenant_id, actor=make.person("bob")) as tx:
        cases.approve(tx, approval_id=asked["id"], digest=asked["digest"])


def fail_some(database: Database, said: dict[str, Any]) -> None:
    """Of a payroll two payments come back; of another the bank refuses the file."""
    tenant_id = tenants.find_tenant(database, "docs").id
    tenant = make.TenantFixture(tenant_id, "docs", said["entity"]["id"], make.ACTOR)
    with database.begin(tenant_id=tenant_id, actor=make.ACTOR) as tx:
        stories.at(tx, stories.MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "90.00", external_id="for-returns")
        # Payees of its own: those of the register are blocked, or have just changed their accounts.
        paid = parties.register_payees(
            tx,
            legal_entity_id=tenant.legal_entity_id,
            payees=[
                parties.PayeeInput(f"Z-{n}", f"Zoe Number{n}", (parties.BankAccountInput(stories.RDFI, f"99900{n}"),))
                for n in range(3)
            ],
            source_ref="test",
        )
        items = [
            payments.PayrollItem(one.external_id, one.party_id, one.bank_account_ids[0], make.usd("10.00"))
            for one in paid
        ]
        for name, pay_on, part in (("PR-R", stories.TUESDAY, items[:2]), ("PR-X", stories.WEDNESDAY, items[2:])):
            payments.commit_payroll(tx, payments.PayrollBatch(tenant.legal_entity_id, name, pay_on, "USD", tuple(part)))
        (file,) = payments.submit_due(tx, on=stories.MONDAY)
        content = payments.file_bytes(tx, file.id)
        stories.at(tx, stories.WEDNESDAY)
        traces = [entry.trace_number for entry in fake.receive(content).entries]
        data = fake.return_file([content], dict(zip(traces, ("R23", "R31"), strict=True)), on=stories.WEDNESDAY)
        payments.return_from_file(tx, artifact_id=stories.read(tx, "ret.ach", data))
        nameless = funding.NewDeposit("bank", "?", None, None, "wire", make.usd("3.00"), stories.MONDAY, stories.MONDAY)
        said["evaluation"] = funding.list_evaluations(tx)[0].id
        said["unknown"] = funding.record_deposits(tx, [nameless]).new[0].id
        rows = {row.code: row for row in payments.list_returns(tx)}
        said["returned"], said["return_id"] = rows["R23"].payment_id, rows["R31"].id
        (refused,) = payments.submit_due(tx, on=stories.WEDNESDAY)
        refusals.refuse_file(tx, refused, reason="no", evidence={"acknowledgement": "a.ack", "sha256": "0" * 64})
        said["refused_file"] = refused.id


def give_an_account(database: Database, said: dict[str, Any]) -> None:
    """The client has an account that may be debited."""
    tenant_id = tenants.find_tenant(database, "docs").id
    with database.begin(tenant_id=tenant_id, actor=make.ACTOR) as tx:
        client = parties.create_party(
            tx, kind="employer", external_id="C", name="Docs", legal_entity_id=said["entity"]["id"], is_person=False
        )
        # The keys are the commands': its number is of nobody's use here, and nothing opens it.
        said["client_account"] = tx.value(
            """
            INSERT INTO parties.bank_accounts (tenant_id, id, party_id, routing_number, account_number_sealed, fingerprint,
                                               last4, account_type, created_at)
            VALUES (%(tenant)s, 'bac_docs', %(party)s, '021000021', '', '', '4321', 'checking', tenants.now())
            RETURNING id
            """,
            {"tenant": tenant_id, "party": client.id},
        )


def tell_somebody(database: Database) -> str:
    """A team is told of the loan's payment; the notification."""
    with database.begin(tenant_id=tenants.find_tenant(database, "docs").id, actor=make.ACTOR) as tx:
        alerts.notify(tx, payment_messages(tx))
        return alerts.list_notifications(tx, recipient="team:night")[0].id


def lose(database: Database, folder: Path) -> str:
    """A file of which nobody knows whether the bank has it, and the keys of those who may say; the file."""
    found = tenants.find_tenant(database, "docs")
    for name, role in (("cleo", "operator"), ("bob", "finance")):
        key = person_key(database, found.id, role=role, email=f"{name}@example.org")
        (folder / name).write_text(key["Authorization"].removeprefix("Bearer "))
    with database.begin(tenant_id=found.id, actor=make.ACTOR) as tx:
        entity = tenants.create_legal_entity(tx, name="Lost & Found", time_zone="America/Chicago", currency="USD")
        ledger.seed_chart(tx, legal_entity_id=entity.id, currency="USD")
        tenant = make.TenantFixture(found.id, "docs", entity.id, make.ACTOR)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "10.00", external_id="lost")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", payroll_id="PR-lost"))
        [file] = payments.submit_due(tx, on=stories.MONDAY)
    banking.lose(database, tenant)
    return file.id


def with_json() -> Iterator[str]:
    """The commands that have `--json`, as they are typed."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[str]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name))
        if any("--json" in found.opts for found in command.params):
            yield " ".join(path)

    return walk(typer.main.get_command(cli.compose()), ())
