"""The foundation's own jobs: partitions for the months to come, and a history that does not grow for ever."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Final

from psycopg import sql

from headgate.core.db import Actor, Database, Tx
from headgate.jobs.model import Job

HISTORY_KEPT: Final = timedelta(days=30)
MONTHS_AHEAD: Final = 3


def ensure_partitions(database: Database) -> str | None:
    """Make the monthly partitions of this month and the three to come, by each schema's own `add_months`."""
    with database.begin(tenant_id=None, actor=Actor.system("job:ensure_partitions")) as tx:
        schemas = tx.values(
            """
            SELECT n.nspname
              FROM pg_proc AS p
              JOIN pg_namespace AS n ON n.oid = p.pronamespace
             WHERE p.proname = 'add_months' AND pg_get_userbyid(p.proowner) = 'headgate_owner'
             ORDER BY n.nspname
            """
        )
        made = 0
        for schema in schemas:
            query = sql.SQL("SELECT {}.add_months(%(months)s)").format(sql.Identifier(schema))
            row = tx.conn.execute(query, {"months": MONTHS_AHEAD}).fetchone()
            made += row[0] if row else 0
    return f"{made} partitions made" if made else None


def clean_history(tx: Tx) -> str | None:
    """Delete what succeeded longer than 30 days ago; failures and crashes stay."""
    deleted = tx.touched(
        """
        DELETE FROM jobs.runs
         WHERE tenant_id = %(tenant_id)s AND status = 'succeeded' AND finished_at < clock_timestamp() - %(kept)s
        """,
        {"tenant_id": tx.tenant_id, "kept": HISTORY_KEPT},
    )
    return f"{deleted} runs deleted" if deleted else None


JOBS = [
    Job(name="ensure_partitions", every=timedelta(hours=6), run=ensure_partitions, scope="installation"),
    Job(name="run_history_cleanup", at=time(3, 30), run=clean_history),
]
