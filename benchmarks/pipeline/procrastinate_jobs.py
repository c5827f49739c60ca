"""Jobs of procrastinate that do nothing: what a library for jobs on PostgreSQL does beside us, in the same run."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import procrastinate

from ..shared.clients import Client, Gate

CONCURRENCY = 8
WARM = 50


def jobs(client: Client, gate: Gate, *, url: str, count: int) -> dict[str, Any]:
    """Take its schema on, defer them in batches, and work them off, eight at a time, in one process."""
    return asyncio.run(_jobs(gate, url, count))


async def _jobs(gate: Gate, url: str, count: int) -> dict[str, Any]:
    # It would tell of each job, for twice the time of doing it.
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    connector = procrastinate.PsycopgConnector(conninfo=url, min_size=CONCURRENCY, max_size=CONCURRENCY + 2)
    app = procrastinate.App(connector=connector)

    @app.task(name="nothing")
    async def nothing(n: int) -> None:
        """A job that does nothing."""

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await nothing.batch_defer_async(*({"n": n} for n in range(WARM)))
        await _work(app)
        await nothing.batch_defer_async(*({"n": n} for n in range(count)))
        async with connector.pool.connection() as connection:
            await connection.set_autocommit(True)
            await connection.execute("VACUUM ANALYZE procrastinate_jobs")
        gate()
        begun = time.perf_counter()
        await _work(app)
        return {"begun": begun, "ended": time.perf_counter(), "count": count}


async def _work(app: procrastinate.App) -> None:
    await app.run_worker_async(concurrency=CONCURRENCY, wait=False, listen_notify=False, install_signal_handlers=False)
