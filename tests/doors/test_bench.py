"""Each `headgate bench …` runs, with a document of the shape promised; speed is not judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.doors.scripts import Shell

from headgate import bench

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TINY = (
    *("bench", "ledger", "--rounds", "1", "--transactions", "120", "--accounts", "50"),
    *("--reservations", "50", "--singles", "64"),
)
SHAPES = {
    *("batch_10000", "batch_1000_c2", "batch_100_c4", "hot_1000", "spread_1000"),
    *("single_50_20", "single_tx_50_20", "single_1"),
    *("intake_grouped_64", "intake_own_64", "intake_hot_grouped_64", "intake_hot_own_64", "reserve_capture_10000"),
    *("http_empty", "http_own", "http_grouped", "balance", "audit_seal", "audit_verify"),
}
FIELDS = {
    *("shape", "transactions", "clients", "batch", "tx_per_s", "p50_ms", "p99_ms"),
    *("copy_rows_per_s", "ratio_to_copy", "bytes_per_tx"),
}


@pytest.fixture
def nowhere(tmp_path: Path) -> Shell:
    """A shell whose installation does not exist: a benchmark has a home of its own."""
    return Shell(tmp_path / "home")


def runs_of(text: str) -> dict[str, dict[str, Any]]:
    document = json.loads(text)
    assert set(document) == {"machine", "settings", "runs"}
    found = {run["shape"]: run for run in document["runs"]}
    assert len(found) == len(document["runs"])
    return found


@pytest.mark.long
def test_every_shape_is_measured_once_and_has_every_field(nowhere: Shell) -> None:
    done = nowhere.run(*TINY, "--json")

    runs = runs_of(done.stdout)
    assert set(runs) - {"as_of_1m"} == SHAPES
    for run in runs.values():
        assert set(run) - {"wal_bytes"} == FIELDS
        assert run["tx_per_s"] > 0 and 0 < run["p50_ms"] <= run["p99_ms"]
    settings = json.loads(done.stdout)["settings"]
    assert [settings[name] for name in ("fsync", "synchronous_commit", "full_page_writes")] == ["on"] * 3
    assert "temporary HEADGATE_HOME" in settings["server"]
    for name in ("batch_10000", "batch_1000_c2", "batch_100_c4", "hot_1000", "spread_1000"):
        run = runs[name]
        assert run["ratio_to_copy"] == pytest.approx(run["tx_per_s"] / run["copy_rows_per_s"], rel=1e-2)
        assert run["wal_bytes"] > 0
    assert (runs["batch_1000_c2"]["clients"], runs["intake_own_64"]["clients"]) == (2, 64)
    assert "round 1 of 1: batch_10000" in done.stderr
    assert not (nowhere.home / "postgres").exists()


@pytest.mark.long
def test_a_shape_of_ones_own_and_the_large_book(nowhere: Shell) -> None:
    words = ("--batch", "20", "--clients", "2", "--hot-share", "0.5", "--large", "--large-rows", "5000", "--json")
    done = nowhere.run(*TINY, *words)

    runs = runs_of(done.stdout)
    assert set(runs) == {
        *("batch_20_c2_hot50", "reserve_capture_20", "check_large", "check_large_whole"),
        *(f"{book}_batch_{batch}" for book in ("large", "empty") for batch in (100, 1000)),
    }
    assert "is broken" not in done.stderr, done.stderr


def test_a_person_reads_a_table_with_the_targets(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"tx_per_s": 30_000.0, "p50_ms": 300.0, "p99_ms": 350.0, "copy_rows_per_s": 250_000.0}
    run = {"shape": "batch_10000", "transactions": 20_000, "clients": 1, "batch": 10_000} | figures
    run |= {"ratio_to_copy": 0.12, "bytes_per_tx": 901.0, "wal_bytes": None}

    bench._benchmark("ledger").show({"machine": {}, "settings": {}, "runs": [run]})

    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "batch_10000 20,000 1 10,000 30,000 300 350 250,000 0.12 901 –" in shown
    assert "batch 10,000 ÷ raw COPY 0.12 ≥ 0.12 reached" in shown
    assert "bytes a transaction, indexes included 901 ≤ 900 missed" in shown
    assert not any("hot account" in line for line in shown), "a target without its shapes is left out"


@pytest.mark.long
def test_the_ach_codec_is_measured_beside_plain_slicing(nowhere: Shell) -> None:
    done = nowhere.run("bench", "ach", "--entries", "3000", "--rounds", "1", "--json")

    document = json.loads(done.stdout)
    assert set(document) == {"machine", "settings", "runs", "ratios"}
    runs = {run["shape"]: run for run in document["runs"]}
    assert set(runs) == {"slices", "read", "read_faults", "write"}
    assert {run["entries"] for run in runs.values()} == {3000}
    assert document["settings"]["faulty_entries"] == 300
    assert (runs["read"]["faults"], runs["write"]["faults"]) == (0, 0)
    assert runs["read_faults"]["faults"] >= 300
    assert all(0 < run["peak_rss_mb"] < 200 and run["entries_per_s"] > 0 for run in runs.values())
    ratios = document["ratios"]
    assert ratios.pop("read_to_carta") is None
    assert set(ratios) == {"read_to_slices", "write_to_read", "faults_to_clean"}
    assert ratios["write_to_read"] == pytest.approx(
        runs["read"]["cpu_seconds"] / runs["write"]["cpu_seconds"], rel=0.05
    )


def test_a_person_reads_the_ach_targets(capsys: pytest.CaptureFixture[str]) -> None:
    run = {"shape": "read", "entries": 1000, "seconds": 0.5, "entries_per_s": 2000.0, "us_per_entry": 500.0}
    ratios = {"read_to_slices": 0.3, "read_to_carta": None, "write_to_read": 0.5}

    bench._benchmark("ach").show({"runs": [run | {"faults": 0, "peak_rss_mb": 99.0}], "ratios": ratios})

    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "reading ÷ slicing into fields 0.3 ≥ 0.4 missed" in shown
    assert "writing ÷ reading 0.5 ≥ 0.5 reached" in shown
    assert "memory of a process that reads, in MB 99 ≤ 200 reached" in shown
    assert not any("carta" in line for line in shown), "what was not run has no target"


@pytest.mark.long
def test_the_parsers_are_measured_beside_the_least_that_a_reader_does(nowhere: Shell) -> None:
    words = ("--megabytes", "1", "--rows", "2000", "--camt-megabytes", "2", "--rounds", "1")
    done = nowhere.run("bench", "parsers", *words, "--json")

    document = json.loads(done.stdout)
    assert set(document) == {"machine", "settings", "runs", "ratios"}
    runs = {run["shape"]: run for run in document["runs"]}
    asked = {"mt940", "mt940_lines", "bai2", "bai2_lines", "camt", "camt_walk", "camt_alone", "camt_large"}
    assert set(runs) - {"xlsx", "xlsx_cells"} == {*asked, "csv", "csv_rows"}
    assert runs["csv"]["rows"] == runs["csv_rows"]["rows"] == 2000
    for name in ("mt940", "bai2", "camt", "camt_large", "csv"):
        run = runs[name]
        assert run["statements_proven"] > 0
        assert run["mb_per_s"] == pytest.approx(run["file_bytes"] / 1e6 / run["cpu_seconds"], rel=0.05)
    assert runs["camt_large"]["peak_rss_mb"] < 100, "what is read is forgotten"
    assert document["ratios"]["csv_to_rows"] == pytest.approx(
        runs["csv_rows"]["cpu_seconds"] / runs["csv"]["cpu_seconds"], rel=0.05
    )


def test_a_person_reads_the_parsers_targets(capsys: pytest.CaptureFixture[str]) -> None:
    run = {"shape": "csv", "file_bytes": 8_000_000, "rows": 100_000, "cpu_seconds": 0.4, "mb_per_s": 20.0}
    run |= {"rows_per_s": 250_000.0, "statements_proven": 1, "peak_rss_mb": 80.0}
    camt = run | {"shape": "camt_large", "file_bytes": 1_000_000_000, "peak_rss_mb": 101.0}

    bench._benchmark("parsers").show({"runs": [run, camt], "ratios": {"csv_to_rows": 0.2, "xlsx_to_cells": None}})

    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "CSV, rows/s 250,000 ≥ 200,000 reached" in shown
    assert "memory for 1,000 MB of camt, in MB 101 < 100 missed" in shown
    assert "xlsx_to_cells –" in shown
    assert not any("BAI2" in line for line in shown), "what was not run has no target"


@pytest.mark.long
def test_the_pipeline_is_measured_beside_bare_rows_and_bare_jobs(nowhere: Shell) -> None:
    words = ("--webhooks", "120", "--seconds", "1", "--messages", "60", "--singles", "20")
    done = nowhere.run("bench", "pipeline", *words, "--json", seconds=300)

    document = json.loads(done.stdout)
    assert set(document) == {"machine", "settings", "runs", "ratios"}
    runs = {run["shape"]: run for run in document["runs"]}
    assert set(runs) == {
        *("raw_insert_8", "accept", "accept_half", "posted_100", "posted_300", "bare_jobs_8", "procrastinate_jobs_8"),
        *("validate_post", "validate_post_singly"),
    }
    assert all(run["per_s"] > 0 for run in runs.values())
    assert all(0 < runs[name]["p50_ms"] <= runs[name]["p99_ms"] for name in ("accept", "posted_100", "posted_300"))
    assert document["ratios"]["rabbitmq_to_postgres"] is None
    assert document["ratios"]["accept_to_raw_insert"] == pytest.approx(
        runs["accept"]["per_s"] / runs["raw_insert_8"]["per_s"], rel=0.05
    )
    assert document["settings"]["fsync"] == "on"


def test_a_person_reads_the_pipelines_targets(capsys: pytest.CaptureFixture[str]) -> None:
    run = {"shape": "posted_100", "per_s": 100.0, "p50_ms": 9.0, "p99_ms": 61.0, "last_to_first_tenth": None}
    ratios = {"accept_to_raw_insert": 0.3, "validate_post_to_procrastinate_jobs": None, "rabbitmq_to_postgres": None}

    bench._benchmark("pipeline").show({"runs": [run], "ratios": ratios})

    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "posted at 100/s, p50 ms 9 ≤ 15 reached" in shown
    assert "posted at 100/s, p99 ms 61 ≤ 60 missed" in shown
    assert "accept ÷ raw inserts over 8 connections 0.3 ≥ 0.25 reached" in shown
    assert not any("RabbitMQ" in line for line in shown), "what was not run has no target"


def test_an_installed_wheel_finds_its_benchmarks(tmp_path: Path) -> None:
    """As the wheel lays them: `headgate/_benchmarks`, and no checkout around."""
    package = tmp_path / "headgate"
    package.mkdir()
    for name in ("src/headgate", "migrations", "benchmarks"):
        within = {"src/headgate": "", "migrations": "_migrations", "benchmarks": "_benchmarks"}[name]
        for path in (ROOT / name).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                goal = package / within / path.relative_to(ROOT / name)
                goal.parent.mkdir(parents=True, exist_ok=True)
                goal.write_bytes(path.read_bytes())
    code = "import headgate.bench as b; print(b._benchmark('ledger').__name__, b.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True
    )

    assert done.stdout.split() == ["headgate._benchmarks.ledger", str(package / "bench.py")], done.stderr
    assert '"benchmarks" = "headgate/_benchmarks"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert bench._benchmark("ledger").__name__ == "benchmarks.ledger"


def test_a_payroll_is_measured_beside_the_ledgers_batches(nowhere: Shell) -> None:
    words = ("--employees", "40", "--rounds", "1", "--transactions", "200", "--accounts", "50")
    done = nowhere.run("bench", "payroll", *words, "--json")

    document = json.loads(done.stdout)
    assert set(document) == {"machine", "settings", "runs", "ratios"}
    runs = {run["shape"]: run for run in document["runs"]}
    assert set(runs) == {"ledger_batch", "payroll"}
    payroll = runs["payroll"]
    assert (payroll["count"], payroll["files"]) == (40, 1)
    assert payroll["seconds"] == pytest.approx(payroll["commit_seconds"] + payroll["send_seconds"], abs=0.01)
    assert document["ratios"]["payroll_to_ledger"] == pytest.approx(
        payroll["per_s"] / runs["ledger_batch"]["per_s"], rel=0.05
    )
    assert document["settings"]["fsync"] == "on"


def test_a_person_reads_the_payrolls_target(capsys: pytest.CaptureFixture[str]) -> None:
    ledger = {"shape": "ledger_batch", "count": 50_000, "per_s": 20_000.0}
    payroll = {"shape": "payroll", "count": 100_000, "per_s": 9_000.0, "seconds": 11.1, "commit_seconds": 4.0}
    payroll |= {"send_seconds": 7.1, "peak_rss_mb": 700.0}

    bench._benchmark("payroll").show({"runs": [ledger, payroll], "ratios": {"payroll_to_ledger": 0.45}})

    shown = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "employees a second ÷ postings a second 0.45 ≥ 0.5 missed" in shown
    assert "pay gate, entries, file 7.10" in shown
