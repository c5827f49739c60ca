"""Numbers that stand in files: trace numbers that do not come again within a year, and a file's letter of the day."""

from __future__ import annotations

from datetime import date

from headgate.core.db import Tx
from headgate.payments.errors import TooManyFiles

TRACES_MAX = 9_999_999
_MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def draw_traces(tx: Tx, *, odfi: str, count: int) -> int:
    """The first of `count` trace sequences in a row at this ODFI; after 9,999,999 they begin again at 1.

    A row without gaps never straddles the end, since entries of a batch must ascend.
    """
    last = tx.value(
        """
        INSERT INTO payments.counters AS c (tenant_id, name, last_no)
        VALUES (%(tenant)s, %(name)s, %(count)s)
            ON CONFLICT (tenant_id, name) DO UPDATE
           SET last_no = CASE WHEN c.last_no %% %(max)s + %(count)s > %(max)s
                              THEN (c.last_no / %(max)s + 1) * %(max)s + %(count)s
                              ELSE c.last_no + %(count)s END
        RETURNING last_no
        """,
        {"tenant": tx.tenant_id, "name": f"trace:{odfi}", "count": count, "max": TRACES_MAX},
    )
    return int(last - count) % TRACES_MAX + 1


def draw_modifier(tx: Tx, *, destination: str, origin: str, on: date) -> str:
    """The file id modifier: A to Z, then 0 to 9, one for each file of an origin to a destination on a day.

    Raises TooManyFiles.
    """
    number = tx.value(
        """
        INSERT INTO payments.counters AS c (tenant_id, name, last_no)
        VALUES (%(tenant)s, %(name)s, 1)
            ON CONFLICT (tenant_id, name) DO UPDATE SET last_no = c.last_no + 1
        RETURNING last_no
        """,
        {"tenant": tx.tenant_id, "name": f"modifier:{destination}:{origin}:{on.isoformat()}"},
    )
    if number > len(_MODIFIERS):
        raise TooManyFiles(f"{origin} has sent {len(_MODIFIERS)} files on {on} already; send the rest on another day")
    return _MODIFIERS[number - 1]
