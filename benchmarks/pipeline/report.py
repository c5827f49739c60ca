"""The document as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..shared import reporting

_NAMES = ("shape", "per_s", "p50_ms", "p99_ms", "last_to_first_tenth")
_TARGETS: reporting.Asked = (
    ("accept, webhooks/s", "accept", "per_s", "≥", 1_500.0),
    ("validate → post, messages/s", "validate_post", "per_s", "≥", 3_000.0),
    ("one message at a time, messages/s", "validate_post_singly", "per_s", "≥", 500.0),
    ("last tenth ÷ first", "validate_post", "last_to_first_tenth", "≥", 0.9),
    ("accept at half the rate, p99 ms", "accept_half", "p99_ms", "≤", 50.0),
    ("posted at 100/s, p50 ms", "posted_100", "p50_ms", "≤", 15.0),
    ("posted at 100/s, p99 ms", "posted_100", "p99_ms", "≤", 60.0),
    ("posted at 300/s, p50 ms", "posted_300", "p50_ms", "≤", 25.0),
    ("posted at 300/s, p99 ms", "posted_300", "p99_ms", "≤", 120.0),
    ("posted at 100/s on RabbitMQ, p50 ms", "posted_100_rabbitmq", "p50_ms", "≤", 30.0),
    ("posted at 100/s on RabbitMQ, p99 ms", "posted_100_rabbitmq", "p99_ms", "≤", 120.0),
)
_RATIOS = (
    ("accept ÷ raw inserts over 8 connections", "accept_to_raw_insert", 0.25),
    ("validate → post ÷ procrastinate's jobs that do nothing", "validate_post_to_procrastinate_jobs", 3.0),
    ("RabbitMQ ÷ PostgreSQL", "rabbitmq_to_postgres", 0.5),
)


def show(document: Mapping[str, Any]) -> None:
    """Print the document as tables on standard output."""
    console = reporting.console()
    console.print(reporting.runs_table(document["runs"], _NAMES))
    runs = {run["shape"]: run for run in document["runs"]}
    targets = reporting.targets_table()
    reporting.judge_runs(targets, runs, _TARGETS)
    for what, name, bound in _RATIOS:
        if document["ratios"][name] is not None:
            reporting.judge(targets, what, document["ratios"][name], "≥", bound)
    console.print()
    console.print(targets)
