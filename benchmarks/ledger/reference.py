"""What the book is compared with: raw COPY of one row a transaction, and pgledger on the same shape."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from headgate.core.embedded import EmbeddedServer

from ..shared.clients import Client, Gate, role_url

WARM_UP = 10

_COLUMNS = "tenant_id, id, key, debit, credit, amount_minor, currency, effective_at, recorded_at, body_hash"


def make_copy_table(url: str) -> None:
    """A bare table with the unique index that a permanent key needs, and nothing else."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            CREATE TABLE public.bench_copy (
              tenant_id uuid NOT NULL, id bigint NOT NULL, key text COLLATE "C" NOT NULL, debit bigint NOT NULL,
              credit bigint NOT NULL, amount_minor bigint NOT NULL, currency text COLLATE "C" NOT NULL,
              effective_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL, body_hash bytea NOT NULL,
              UNIQUE (tenant_id, key))
            """
        )


def copy_rows(client: Client, gate: Gate, *, url: str, tenant_id: UUID, rows: int, chunk: int) -> float:
    """Rows a second of COPY, each chunk a commit of its own."""
    hashed = "\\\\x" + "5a" * 32
    instant = "2026-11-20 12:00:00.123456+00"
    line = f"{tenant_id}\t%d\t%s\t%d\t%d\t1250\tUSD\t{instant}\t{instant}\t{hashed}\n"
    chunks = [
        "".join(line % (n, uuid4(), n % 9973, n % 9967) for n in range(min(chunk, rows - start))).encode()
        for start in range(0, rows, chunk)
    ]
    connection = client.kept.get("copy")
    if connection is None:
        connection = client.kept["copy"] = psycopg.connect(role_url(url, "admin"), autocommit=True)
    gate()
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        for data in chunks:
            with cursor.copy(f"COPY public.bench_copy ({_COLUMNS}) FROM STDIN") as copy:
                copy.write(data)
    return rows / (time.perf_counter() - begun)


def make_pgledger(server: EmbeddedServer, folder: Path, accounts: int) -> tuple[str, list[str]]:
    """A database of pgledger's own with as many accounts; its URL and their ids."""
    name = "pgledger"
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
    url = server.url("admin", name)
    with psycopg.connect(url, autocommit=True) as connection:
        for path in [*sorted(folder.glob("vendor/**/*.sql")), folder / "pgledger.sql"]:
            connection.execute(path.read_text("utf-8"))  # type: ignore[call-overload]
        rows = connection.execute(
            "SELECT a.id FROM generate_series(1, %s) n, pgledger_create_account('bench ' || n, 'USD') a", (accounts,)
        ).fetchall()
    return url, [str(row[0]) for row in rows]


def pgledger_transfers(
    client: Client, gate: Gate, *, url: str, accounts: list[str], count: int, seed: int
) -> dict[str, Any]:
    """One transfer at a time, each a transaction."""
    connection = client.kept.get(url)
    if connection is None:
        connection = client.kept[url] = psycopg.connect(url, autocommit=True)
    dice = random.Random(seed)
    pairs = [dice.sample(accounts, 2) for _ in range(count)]
    for one, other in pairs[:WARM_UP]:
        connection.execute("SELECT id FROM pgledger_create_transfer(%s, %s, 12.50)", (one, other))
    gate()
    begun = time.perf_counter()
    latencies = []
    for one, other in pairs:
        started = time.perf_counter()
        connection.execute("SELECT id FROM pgledger_create_transfer(%s, %s, 12.50)", (one, other))
        latencies.append(time.perf_counter() - started)
    return {"begun": begun, "ended": time.perf_counter(), "latencies": latencies, "transactions": count}
