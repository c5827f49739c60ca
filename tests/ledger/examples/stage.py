# ruff: noqa: T201 - a story prints
"""What the stories are told on: a tenant of their own, and the few words that their code uses without explaining them."""

from __future__ import annotations

import contextlib
import io
import re
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

from tests import checks, make

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.db import Database, Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import Entry

PART = re.compile(r"```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<output>.*?)```\n)?", re.DOTALL)
START = datetime(2026, 11, 16, 15, 0, tzinfo=UTC)
"""Monday morning in Chicago."""


def told(text: str, database: Database) -> str:
    """A story with the output that its code has now. Afterwards every invariant must hold for its tenant."""
    words = stage(database)

    def run(part: re.Match[str]) -> str:
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            try:
                exec(compile(part["code"], "story", "exec"), words)
            except Exception as error:
                traceback.clear_frames(error.__traceback__)
                raise AssertionError(f"{type(error).__name__}: {error}\nin\n{part['code']}") from error
        output = said.getvalue()
        return f"```python\n{part['code']}```\n" + (f"\n```text\n{output}```\n" if output else "")

    now = PART.sub(run, text)
    report = checks.run(database, [words["tenant_id"]])
    assert report.ok, [found for found in report.invariants if found.violations]
    return now


def stage(database: Database) -> dict[str, Any]:
    """The names that a story begins with."""
    tenant = tenants.create_tenant(database, slug=f"s-{ids.new('x')[-12:]}", name="Story", livemode=False)

    def begin() -> AbstractContextManager[Tx]:
        return database.begin(tenant_id=tenant.id, actor=make.ACTOR)

    with begin() as tx:
        tenants.move_clock(tx, to=START)
    return {
        "tenant_id": tenant.id,
        "begin": begin,
        "ledger": ledger,
        "Entry": Entry,
        "Money": Money,
        "usd": make.usd,
        "another": lambda: _another(database),
        "show": lambda of=begin: _show(of),
        "journal": lambda: _journal(begin),
        "say": _say,
        "at_once": at_once,
        "wait": lambda **time: _wait(begin, **time),
    }


def _another(database: Database) -> Callable[[], AbstractContextManager[Tx]]:
    """Another tenant, with nothing in it: what opens a transaction of it."""
    tenant = tenants.create_tenant(database, slug=f"s-{ids.new('x')[-12:]}", name="Elsewhere", livemode=False)
    return lambda: database.begin(tenant_id=tenant.id, actor=make.ACTOR)


def _say(answer: Any) -> None:
    """An answer in words."""
    if isinstance(answer, list):
        for one in answer:
            _say(one)
        return
    again = " (the first answer again)" if getattr(answer, "replayed", False) else ""
    if isinstance(answer, Refused):
        print(f"refused: {answer.code}{again}")
    else:
        print(f"{type(answer).__name__.lower()}{again}")


def _show(begin: Callable[[], AbstractContextManager[Tx]]) -> None:
    """Every account with what is posted, reserved and available."""
    with begin() as tx:
        shown = ledger.balances(tx)
    print(f"{'':12} {'posted':>12} {'reserved':>12} {'available':>12}")
    for one in shown:
        figures = (one.balance.posted, one.balance.reserved, one.balance.available)
        print(f"{one.code:12} " + " ".join(f"{money.format().split(' ')[0]:>12}" for money in figures))


def _journal(begin: Callable[[], AbstractContextManager[Tx]]) -> None:
    """Every entry, oldest first, with the balances after it (debits − credits)."""
    with begin() as tx:
        entries = ledger.list_entries(tx, limit=500)
    for one in reversed(entries):
        print(
            f"{one.effective_on}  debit {one.debit_code:8} credit {one.credit_code:8} {one.amount.format():>14}"
            f"   {one.debit_code} {Money(one.debit_net, one.amount.currency).format().split(' ')[0]},"
            f" {one.credit_code} {Money(one.credit_net, one.amount.currency).format().split(' ')[0]}"
        )


def at_once(work: Callable[[int], Any], count: int, callers: int = 8) -> list[Any]:
    """Many callers at once; their answers in order."""
    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(work, range(count)))


def _wait(begin: Callable[[], AbstractContextManager[Tx]], **time: float) -> None:
    """Time passes, on the tenant's clock."""
    with begin() as tx:
        tenants.move_clock(tx, by=timedelta(**time))
