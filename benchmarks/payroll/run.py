"""One run: a server of its own, payrolls in so many rounds with the ledger before and after each, and the document."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median
from typing import Any

import psycopg

from ..ledger import tasks as posting
from ..ledger.ground import Ground, ground
from ..shared.clients import Clients
from ..shared.ground import home, machine, tell
from . import tasks
from .plan import Plan

BATCH = 10_000
_TABLES = (
    "ledger.transactions", "ledger.entries", "ledger.accounts", "ledger.reservations", "ledger.reservation_events",
    "audit.events", "messaging.outbox_messages", "payments.payrolls", "payments.instructions", "payments.attempts",
    "payments.ach_files", "parties.parties", "parties.bank_accounts", "parties.bank_account_changes",
)  # fmt: skip


def run(plan: Plan) -> dict[str, Any]:
    """Measure, and give the document."""
    clients = Clients(2)
    with ExitStack() as stack:
        stack.callback(clients.close)
        tell("starting a server of its own in a temporary HEADGATE_HOME")
        server = stack.enter_context(home())
        book = stack.enter_context(ground(server, plan.accounts))
        tell(f"registering {plan.employees:,} employees")
        clients.at(1, tasks.prepare, **book.facts, employees=plan.employees, seed=7)
        rounds = [_round(plan, clients, book, number) for number in range(plan.rounds)]
        settings = {
            **book.server_settings(),
            "employees": plan.employees,
            "transactions": plan.transactions,
            "accounts": plan.accounts,
            "rounds": plan.rounds,
            "ledger": "post_many in batches, right before and right after each payroll, as batch_10000 of the ledger's",
        }
    return {
        "machine": machine(),
        "settings": settings,
        "runs": [_ledger(rounds, plan), _payroll(rounds)],
        "ratios": {
            name: round(median(one[name] for one in rounds), 4)
            for name in ("payroll_to_ledger", "commit_share", "send_share", "client_cpu_share")
        },
    }


def _round(plan: Plan, clients: Clients, book: Ground, number: int) -> dict[str, Any]:
    _settle(book)
    tell(f"round {number + 1} of {plan.rounds}: the ledger")
    before = _post(plan, clients, book, 2 * number)
    tell(f"round {number + 1} of {plan.rounds}: a payroll of {plan.employees:,}")
    paid: dict[str, Any] = clients.at(1, tasks.pay, **book.facts, number=number, seed=number + 11, profile=plan.profile)
    tell(f"round {number + 1} of {plan.rounds}: the ledger again")
    after = _post(plan, clients, book, 2 * number + 1)
    ledger = 2 / (1 / before + 1 / after)
    rate = paid["employees"] / paid["seconds"]
    return paid | {
        "employees_per_s": rate,
        "ledger_per_s": ledger,
        "payroll_to_ledger": rate / ledger,
        "commit_share": paid["commit_seconds"] / paid["seconds"],
        "send_share": paid["send_seconds"] / paid["seconds"],
        "client_cpu_share": paid["client_cpu_seconds"] / paid["seconds"],
    }


def _post(plan: Plan, clients: Clients, book: Ground, seed: int) -> float:
    """The rate of the ledger's batches, as its own benchmark takes it."""
    batch = min(BATCH, plan.transactions)
    found = clients.at(
        0,
        posting.post_batches,
        **book.facts,
        accounts=book.accounts,
        batches=plan.transactions // batch,
        batch=batch,
        hot_share=0.0,
        seed=seed,
    )
    return float(found["transactions"] / (found["ended"] - found["begun"]))


def _settle(book: Ground) -> None:
    """Give the planner its statistics, as autovacuum does within a minute."""
    with psycopg.connect(book.admin_url, autocommit=True) as connection:
        connection.execute(f"ANALYZE {', '.join(_TABLES)}")  # type: ignore[call-overload]
        connection.execute("CHECKPOINT")


def _ledger(rounds: list[dict[str, Any]], plan: Plan) -> dict[str, Any]:
    return {
        "shape": "ledger_batch",
        "count": plan.transactions,
        "per_s": round(median(one["ledger_per_s"] for one in rounds), 1),
    }


def _payroll(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    figures = {
        name: round(median(one[name] for one in rounds), 3)
        for name in ("seconds", "commit_seconds", "send_seconds", "client_cpu_seconds")
    }
    return {
        "shape": "payroll",
        "count": rounds[0]["employees"],
        "per_s": round(median(one["employees_per_s"] for one in rounds), 1),
        **figures,
        "files": rounds[0]["files"],
        "file_bytes": rounds[0]["file_bytes"],
        "peak_rss_mb": round(max(one["peak_rss_mb"] for one in rounds), 1),
    }
