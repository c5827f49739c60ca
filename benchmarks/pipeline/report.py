"""The document as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

_NAMES = ("shape", "per_s", "p50_ms", "p99_ms", "last_to_first_tenth")
_AT_LEAST = (
    ("accept, webhooks/s", "accept", "per_s", 1_500.0),
    ("validate → post, messages/s", "validate_post", "per_s", 3_000.0),
    ("one message at a time, messages/s", "validate_post_singly", "per_s", 500.0),
    ("last tenth ÷ first", "validate_post", "last_to_first_tenth", 0.9),
)
_AT_MOST = (
    ("accept at half the rate, p99 ms", "accept_half", "p99_ms", 50.0),
    ("posted at 100/s, p50 ms", "posted_100", "p50_ms", 15.0),
    ("posted at 100/s, p99 ms", "posted_100", "p99_ms", 60.0),
    ("posted at 300/s, p50 ms", "posted_300", "p50_ms", 25.0),
    ("posted at 300/s, p99 ms", "posted_300", "p99_ms", 120.0),
    ("posted at 100/s on RabbitMQ, p50 ms", "posted_100_rabbitmq", "p50_ms", 30.0),
    ("posted at 100/s on RabbitMQ, p99 ms", "posted_100_rabbitmq", "p99_ms", 120.0),
)
_RATIOS = (
    ("accept ÷ raw inserts over 8 connections", "accept_to_raw_insert", 0.25),
    ("validate → post ÷ jobs that do nothing", "validate_post_to_noop_jobs", 3.0),
    ("RabbitMQ ÷ PostgreSQL", "rabbitmq_to_postgres", 0.5),
)


def show(document: Mapping[str, Any]) -> None:
    """Print the document as tables on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    table = Table(box=None, pad_edge=False)
    for name in _NAMES:
        table.add_column(name, justify="left" if name == "shape" else "right")
    for run in document["runs"]:
        table.add_row(*(_cell(run[name]) for name in _NAMES))
    console.print(table)
    runs = {run["shape"]: run for run in document["runs"]}
    targets = Table("target", "figure", "asked", "", box=None, pad_edge=False)
    for what, shape, name, bound in _AT_LEAST:
        if shape in runs:
            _judge(targets, what, runs[shape][name], bound, is_least=True)
    for what, shape, name, bound in _AT_MOST:
        if shape in runs:
            _judge(targets, what, runs[shape][name], bound, is_least=False)
    for what, name, bound in _RATIOS:
        if document["ratios"][name] is not None:
            _judge(targets, what, document["ratios"][name], bound, is_least=True)
    console.print()
    console.print(targets)


def _judge(targets: Table, what: str, figure: float, bound: float, *, is_least: bool) -> None:
    reached = figure >= bound if is_least else figure <= bound
    targets.add_row(what, _cell(figure), f"{'≥' if is_least else '≤'} {bound:,g}", "reached" if reached else "missed")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:,.3g}"
    return str(value)
