"""One run: the ground, the shapes in so many rounds, and the document."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from headgate import audit, ledger
from headgate.audit.verify import verify_tenant

from ..shared.clients import Clients
from ..shared.ground import home, machine, tell
from . import http, large, reference, tasks
from .ground import Ground, ground
from .plan import Plan, Shape

COPY_ROWS = 20_000
CALLERS = 64
CONNECTIONS = 32
LEGS = 1_000_000


def run(plan: Plan) -> dict[str, Any]:
    """Measure, and give the document."""
    clients = Clients(max(20, plan.clients or 1))
    with ExitStack() as stack:
        stack.callback(clients.close)
        tell("starting a server of its own in a temporary HEADGATE_HOME")
        server = stack.enter_context(home())
        book = stack.enter_context(ground(server, plan.accounts))
        reference.make_copy_table(book.admin_url)
        shapes = [shape for shape in _shapes(plan, clients, book, stack) if not plan.only or shape.name in plan.only]
        for number in range(plan.rounds):
            book.settle()
            for shape in shapes:
                if shape.rounds is not None and number >= shape.rounds:
                    continue
                tell(f"round {number + 1} of {plan.rounds}: {shape.name}")
                _measure(shape, clients, book, number, copy_rows=min(COPY_ROWS, plan.transactions))
        return {
            "machine": machine(),
            "settings": _settings(plan, book),
            "runs": [_entry(shape) for shape in shapes if shape.figures["tx_per_s"]],
        }


def _measure(shape: Shape, clients: Clients, book: Ground, number: int, *, copy_rows: int) -> None:
    """One shape in one round, with raw COPY of so many rows right before and right after it."""
    seed = number * 1000 + 7
    if shape.keeps_bytes not in (None, book):
        shape.keeps_bytes.settle()
    copied = [_copy(shape, clients, book, copy_rows)]
    kept = shape.keeps_bytes
    before = (kept.bytes_kept(), kept.wal_position()) if kept else None
    results = shape.measure(seed)
    if not results:
        return
    after = (kept.bytes_kept(), kept.wal_position()) if kept else None
    copied.append(_copy(shape, clients, book, copy_rows))
    transactions = sum(found["transactions"] for found in results)
    seconds = max(found["ended"] for found in results) - min(found["begun"] for found in results)
    latencies = sorted(latency for found in results for latency in found["latencies"])
    figures = shape.figures
    figures["tx_per_s"].append(transactions / seconds)
    figures["p50_ms"].append(1000 * latencies[len(latencies) // 2])
    figures["p99_ms"].append(1000 * latencies[min(len(latencies) - 1, len(latencies) * 99 // 100)])
    shape.transactions = transactions
    if copied[0] and copied[1]:
        rate = 2 / (1 / copied[0] + 1 / copied[1])
        figures["copy_rows_per_s"].append(rate)
        figures["ratio_to_copy"].append(transactions / seconds / rate)
    if before and after:
        figures["bytes_per_tx"].append((after[0] - before[0]) / transactions)
        figures["wal_bytes"].append((after[1] - before[1]) / transactions)


def _copy(shape: Shape, clients: Clients, book: Ground, copy_rows: int) -> float | None:
    if shape.copy_chunk is None:
        return None
    rows = max(copy_rows, shape.copy_chunk) if shape.copy_chunk >= 1000 else max(1, copy_rows // 2)
    return float(clients.at(0, reference.copy_rows, **book.facts, rows=rows, chunk=shape.copy_chunk))


def _shapes(plan: Plan, clients: Clients, book: Ground, stack: ExitStack) -> Iterator[Shape]:
    if plan.is_custom:
        yield _custom(plan, clients, book)
    else:
        yield from _batches(plan, clients, book)
        yield from _singles(plan, clients, book)
        yield from _intake(plan, clients, book)
    if plan.reservations and book.limited:
        yield _reservations(plan, clients, book)
    if not plan.is_custom:
        yield from _http(plan, clients, book)
        yield from _balances(plan, clients, book)
        yield from _audit(book)
    if plan.pgledger:
        yield from _pgledger(plan, clients, book)
    if plan.large:
        yield from large.shapes(plan, clients, book.server, stack, post_shape)


def post_shape(
    name: str,
    clients: Clients,
    book: Ground,
    *,
    transactions: int,
    batch: int,
    count: int,
    hot_share: float = 0.0,
    copy_chunk: int | None = None,
    has_random_keys: bool = False,
) -> Shape:
    """Batches by so many clients."""
    batches = max(1, transactions // (batch * count))
    facts = book.facts | {"accounts": book.accounts, "batches": batches, "batch": batch, "hot_share": hot_share}
    facts |= {"has_random_keys": has_random_keys}

    def measure(seed: int) -> Sequence[tasks.Result]:
        return clients.run(tasks.post_batches, [facts | {"seed": seed + place} for place in range(count)])

    return Shape(name, count, batch, measure, copy_chunk, book)


def _single_shape(
    name: str,
    clients: Clients,
    book: Ground,
    accounts: tuple[int, ...],
    count: int,
    singles: int,
    *,
    hot: float = 0.0,
    is_alone: bool = True,
) -> Shape:
    facts = book.facts | {"accounts": accounts, "count": max(1, singles // count), "hot_share": hot}
    facts |= {"is_alone": is_alone}

    def measure(seed: int) -> Sequence[tasks.Result]:
        return clients.run(tasks.post_singles, [facts | {"seed": seed + place} for place in range(count)])

    return Shape(name, count, 1, measure, None, book)


def _custom(plan: Plan, clients: Clients, book: Ground) -> Shape:
    batch, count, hot = plan.batch or 1000, plan.clients or 1, plan.hot_share or 0.0
    name = f"{f'batch_{batch}' if batch > 1 else 'single'}_c{count}" + (f"_hot{round(hot * 100)}" if hot else "")
    if batch == 1:
        return _single_shape(name, clients, book, book.accounts, count, plan.transactions, hot=hot)
    return post_shape(
        name,
        clients,
        book,
        transactions=plan.transactions,
        batch=batch,
        count=count,
        hot_share=hot,
        copy_chunk=10_000 if batch >= 1000 else batch,
    )


def _batches(plan: Plan, clients: Clients, book: Ground) -> Iterator[Shape]:
    many = plan.transactions
    for name, batch, count, hot, chunk in (
        ("batch_10000", 10_000, 1, 0.0, 10_000),
        ("batch_1000_c2", 1000, 2, 0.0, 10_000),
        ("batch_100_c4", 100, 4, 0.0, 100),
        ("hot_1000", 1000, 1, 1.0, 10_000),
        ("spread_1000", 1000, 1, 0.0, 10_000),
    ):
        fitting = max(1, min(batch, many // count))
        yield post_shape(
            name, clients, book, transactions=many, batch=fitting, count=count, hot_share=hot, copy_chunk=chunk
        )


def _singles(plan: Plan, clients: Clients, book: Ground) -> Iterator[Shape]:
    yield _single_shape("single_50_20", clients, book, book.accounts[:50], 20, plan.singles)
    yield _single_shape("single_tx_50_20", clients, book, book.accounts[:50], 20, plan.singles, is_alone=False)
    yield _single_shape("single_1", clients, book, book.accounts, 1, plan.singles)


def _intake(plan: Plan, clients: Clients, book: Ground) -> Iterator[Shape]:
    for name, is_grouped, hot in (
        ("intake_grouped_64", True, 0.0),
        ("intake_own_64", False, 0.0),
        ("intake_hot_grouped_64", True, 1.0),
        ("intake_hot_own_64", False, 1.0),
    ):
        facts = book.facts | {"accounts": book.accounts, "callers": CALLERS, "is_grouped": is_grouped}
        # What takes longer is asked for less.
        facts |= {"hot_share": hot, "count": plan.singles if is_grouped else plan.singles // 2}

        def measure(seed: int, facts: Mapping[str, Any] = facts) -> Sequence[tasks.Result]:
            return [clients.at(0, tasks.through_the_intake, **facts, seed=seed)]

        yield Shape(name, CALLERS, 1, measure)


def _reservations(plan: Plan, clients: Clients, book: Ground) -> Shape:
    batch = min(plan.batch or 10_000, plan.reservations)
    facts = book.facts | {"accounts": book.accounts, "limited": book.limited, "batch": batch}
    facts |= {"batches": max(1, plan.reservations // batch)}

    def measure(seed: int) -> Sequence[tasks.Result]:
        return [clients.at(0, tasks.reserve_and_capture, **facts, seed=seed)]

    return Shape(f"reserve_capture_{plan.batch or 10_000}", 1, batch, measure, 10_000)


def _http(plan: Plan, clients: Clients, book: Ground) -> Iterator[Shape]:
    names = {"http_empty", "http_own", "http_grouped"}
    if plan.only and not names & set(plan.only):
        return
    ports = {
        shares: clients.at(place, http.serve, url=book.url, shares_commits=shares)
        for place, shares in ((1, False), (2, True))
    }
    for name, path, shares in (
        ("http_empty", http.EMPTY_PATH, True),
        ("http_own", tasks.PATH, False),
        ("http_grouped", tasks.PATH, True),
    ):
        facts = {"port": ports[shares], "path": path, "api_key": book.api_key, "accounts": book.accounts}
        facts |= {"count": plan.singles, "connections": CONNECTIONS}

        def measure(seed: int, facts: Mapping[str, Any] = facts) -> Sequence[tasks.Result]:
            return [clients.at(0, http.call_http, **facts, seed=seed)]

        yield Shape(name, CONNECTIONS, 1, measure)


def _balances(plan: Plan, clients: Clients, book: Ground) -> Iterator[Shape]:
    facts = book.facts | {"count": plan.singles}

    def now(seed: int) -> Sequence[tasks.Result]:
        return [clients.at(0, tasks.read_balances, **facts, accounts=book.accounts, times=None, seed=seed)]

    yield Shape("balance", 1, 1, now)
    wanted = not plan.only or "as_of_1m" in plan.only
    if not wanted or "as_of" not in inspect.signature(ledger.balance).parameters:
        return
    legs = min(LEGS, plan.transactions * 50)
    tell(f"as_of_1m: {legs:,} entries on one account")
    account = large.long_account(book, legs)
    today = datetime.now(UTC)
    times = [today - timedelta(minutes=97 * n) for n in range(1, 2000)]

    def then(seed: int) -> Sequence[tasks.Result]:
        return [clients.at(0, tasks.read_balances, **facts, accounts=(account,), times=times, seed=seed)]

    yield Shape("as_of_1m", 1, 1, then)


def _audit(book: Ground) -> Iterator[Shape]:
    """What the round left behind is sealed, then verified; events count as transactions."""
    counts: list[int] = []
    blocks = [0, 0]  # before and after the round's sealing

    def seal(seed: int) -> Sequence[tasks.Result]:
        begun = time.perf_counter()
        sealed = audit.seal(book.database, book.tenant_id)
        blocks[:] = [blocks[1], blocks[1] + sealed.blocks]
        counts.append(sealed.events)
        return [tasks.result(begun, [time.perf_counter() - begun], sealed.events)] if sealed.events else []

    def verify(seed: int) -> Sequence[tasks.Result]:
        begun = time.perf_counter()
        chain = verify_tenant(book.database, book.tenant_id, after_block=blocks[0])
        assert not chain.breaks, chain.breaks
        return [tasks.result(begun, [time.perf_counter() - begun], counts[-1])] if counts and counts[-1] else []

    yield Shape("audit_seal", 1, 50_000, seal)
    yield Shape("audit_verify", 1, 50_000, verify)


def _pgledger(plan: Plan, clients: Clients, book: Ground) -> Iterator[Shape]:
    assert plan.pgledger is not None
    tell("loading pgledger into a database of its own")
    url, accounts = reference.make_pgledger(book.server, plan.pgledger, 50)
    for name, used, count in (("pgledger_50_20", accounts, 20), ("pgledger_hot_20", accounts[:2], 20)):
        facts = {"url": url, "accounts": used, "count": max(1, plan.singles // count)}

        def measure(seed: int, facts: Mapping[str, Any] = facts, count: int = count) -> Sequence[tasks.Result]:
            return clients.run(reference.pgledger_transfers, [facts | {"seed": seed + n} for n in range(count)])

        yield Shape(name, count, 1, measure)
    yield _single_shape("single_hot_20", clients, book, book.accounts[:2], 20, plan.singles)


def _settings(plan: Plan, book: Ground) -> dict[str, Any]:
    return {
        "server": "an embedded PostgreSQL of the benchmark's own in a temporary HEADGATE_HOME, removed afterwards",
        **book.server_settings(),
        "durability": "row-level security forced, permanent keys, limits on half of the accounts, audit, outbox",
        "transactions": plan.transactions,
        "singles": plan.singles,
        "batch": plan.batch,
        "clients": plan.clients,
        "accounts": plan.accounts,
        "hot_share": plan.hot_share,
        "reservations": plan.reservations,
        "rounds": plan.rounds,
        "large_rows": plan.large_rows if plan.large else None,
        "large_book": "generated in sets with every row that posting writes: transactions, entries, sealed audit events, "
        "relayed outbox rows; over 20 days; random keys; half of its accounts limited"
        if plan.large
        else None,
        "pgledger": plan.pgledger is not None,
        "copy": "one row a transaction into a bare table, unique (tenant, key), right before and after each shape",
    }


def _entry(shape: Shape) -> dict[str, Any]:
    figures = {name: round(median(values), 4) for name, values in shape.figures.items() if values}
    entry: dict[str, Any] = {
        "shape": shape.name,
        "transactions": shape.transactions,
        "clients": shape.clients,
        "batch": shape.batch,
    }
    entry |= {
        name: figures.get(name)
        for name in ("tx_per_s", "p50_ms", "p99_ms", "copy_rows_per_s", "ratio_to_copy", "bytes_per_tx")
    }
    if "wal_bytes" in figures:
        entry["wal_bytes"] = figures["wal_bytes"]
    return entry
