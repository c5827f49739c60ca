"""What the clients do. Requests are made before the gate: they are the caller's own, the rest is the product's."""

from __future__ import annotations

import random
import sys
import threading
import time
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from headgate import ledger
from headgate.api import SWITCH_SECONDS
from headgate.core import ids
from headgate.core.db import Actor
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import intake
from headgate.ledger.documents import NewTransaction
from headgate.web import Asked, idempotency
from headgate.web.sharing import answer_of

from ..shared.clients import Client, Gate
from ..shared.ground import ACTOR
from .ground import CURRENCY

Result = dict[str, Any]
PATH = "/v1/ledger/transactions"
WARM_UP = 10
"""How often a client calls before it is measured: a new connection compiles its functions and plans first."""


def result(begun: float, latencies: list[float], transactions: int, **facts: Any) -> Result:
    """What a client measured; times are of the machine's one clock."""
    return {
        "begun": begun,
        "ended": time.perf_counter(),
        "latencies": latencies,
        "transactions": transactions,
    } | facts


def pairs(dice: random.Random, accounts: tuple[int, ...], count: int, hot_share: float) -> list[tuple[int, int]]:
    """Two accounts for each transaction; a share of them takes from the first account, the hot one."""
    hot, others = accounts[0], accounts[1:]
    found = []
    for _ in range(count):
        if hot_share and dice.random() < hot_share:
            found.append((hot, dice.choice(others)))
        else:
            one, other = dice.sample(accounts, 2)
            found.append((one, other))
    return found


def post_batches(
    client: Client,
    gate: Gate,
    *,
    url: str,
    tenant_id: UUID,
    accounts: tuple[int, ...],
    batches: int,
    batch: int,
    hot_share: float,
    seed: int,
    has_random_keys: bool = False,
) -> Result:
    """`ledger.post_many` of so many batches, each a transaction of its own. Keys rise with time unless they are random."""
    database = client.database(url)
    dice = random.Random(seed)
    new_key = (lambda: uuid4().hex) if has_random_keys else (lambda: ids.new("key"))
    work = [
        [
            ledger.Posting(new_key(), [ledger.Entry(one, other, Money(dice.randrange(1, 10_000), CURRENCY))])
            for one, other in pairs(dice, accounts, batch, hot_share)
        ]
        for _ in range(batches)
    ]
    for posting in work[0][:WARM_UP]:
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            ledger.post_many(tx, [replace(posting, idempotency_key=new_key())])
    gate()
    begun = time.perf_counter()
    latencies = []
    for postings in work:
        started = time.perf_counter()
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            answers = ledger.post_many(tx, postings)
        latencies.append(time.perf_counter() - started)
        _all_done(answers)
    return result(begun, latencies, batches * batch)


def post_singles(
    client: Client,
    gate: Gate,
    *,
    url: str,
    tenant_id: UUID,
    accounts: tuple[int, ...],
    count: int,
    hot_share: float,
    is_alone: bool,
    seed: int,
) -> Result:
    """`ledger.post_alone`, one at a time; or `ledger.post` in a transaction that its caller opens and commits."""
    database = client.database(url)
    dice = random.Random(seed)
    work = [
        ledger.Posting(ids.new("key"), [ledger.Entry(one, other, Money(1250, CURRENCY))])
        for one, other in pairs(dice, accounts, count, hot_share)
    ]

    def alone(posting: ledger.Posting) -> Any:
        return ledger.post_alone(database, posting, tenant_id=tenant_id, actor=ACTOR)

    def within(posting: ledger.Posting) -> Any:
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            return ledger.post(tx, idempotency_key=posting.idempotency_key, entries=posting.entries)

    ask = alone if is_alone else within
    for posting in work[:WARM_UP]:
        ask(replace(posting, idempotency_key=ids.new("key")))
    gate()
    begun = time.perf_counter()
    latencies = []
    for posting in work:
        started = time.perf_counter()
        answer = ask(posting)
        latencies.append(time.perf_counter() - started)
        _all_done([answer])
    return result(begun, latencies, count)


def reserve_and_capture(
    client: Client,
    gate: Gate,
    *,
    url: str,
    tenant_id: UUID,
    accounts: tuple[int, ...],
    limited: tuple[int, ...],
    batches: int,
    batch: int,
    seed: int,
) -> Result:
    """Reserve a batch, then capture the whole of it, in two transactions; a pair counts as one."""
    database = client.database(url)
    dice = random.Random(seed)
    goals = [account for account in accounts if account not in set(limited)]
    work = [
        [
            ledger.ReservationRequest(ids.new("key"), account, Money(1250, CURRENCY), "bench", ids.new("pay"))
            for account in dice.choices(limited, k=batch)
        ]
        for _ in range(batches)
    ]
    gate()
    begun = time.perf_counter()
    latencies = []
    for requests in work:
        started = time.perf_counter()
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            held = ledger.reserve_many(tx, requests, atomic=False)
        _all_done(held)
        captures = [
            ledger.Capture(f"{request.idempotency_key}:c", found.id, found.amount, found.account_id, goal)
            for request, found, goal in zip(requests, held, dice.choices(goals, k=batch), strict=True)
            if isinstance(found, ledger.Reservation)
        ]
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            answers = ledger.capture_many(tx, captures)
        latencies.append(time.perf_counter() - started)
        _all_done(answers)
    return result(begun, latencies, batches * batch)


def through_the_intake(
    client: Client,
    gate: Gate,
    *,
    url: str,
    tenant_id: UUID,
    accounts: tuple[int, ...],
    count: int,
    callers: int,
    hot_share: float,
    is_grouped: bool,
    seed: int,
) -> Result:
    """Threads of one process, each asking for one posting at a time, as the HTTP door does for its callers."""
    sys.setswitchinterval(SWITCH_SECONDS)  # As `headgate serve` does.
    database = client.database(url, callers + 1)
    dice = random.Random(seed)
    work = [
        _asked(tenant_id, one, other)
        for one, other in pairs(dice, accounts, max(1, count // callers) * callers, hot_share)
    ]
    first = [_asked(tenant_id, one, other) for one, other in pairs(dice, accounts, WARM_UP * callers, hot_share)]
    shared = intake.intake_of(database)

    def alone(asked: Asked[NewTransaction]) -> None:
        with database.begin(tenant_id=tenant_id, actor=asked.actor, correlation_id=asked.correlation_id) as tx:
            assert idempotency.recall(tx, asked.key, asked.fingerprint) is None
            posted = intake.post_one(tx, asked.key, asked.body)
            answer = answer_of(posted, asked.status, asked.correlation_id)
            idempotency.remember(tx, asked.key, asked.fingerprint, answer)
        assert answer.status == 201, answer.answer

    def together(asked: Asked[NewTransaction]) -> None:
        assert shared.wait_for(asked).answer.status == 201

    ask = together if is_grouped else alone
    latencies: list[float] = []
    failures: list[Exception] = []
    ready, start = threading.Barrier(callers + 1), threading.Barrier(callers + 1)

    def call(before: list[Asked[NewTransaction]], own: list[Asked[NewTransaction]]) -> None:
        try:
            for asked in before:
                ask(asked)
            ready.wait()
            start.wait()
            for asked in own:
                started = time.perf_counter()
                ask(asked)
                latencies.append(time.perf_counter() - started)
        except Exception as error:
            failures.append(error)
            ready.abort()
            start.abort()

    threads = [
        threading.Thread(target=call, args=(first[place::callers], work[place::callers])) for place in range(callers)
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    gate()
    begun = time.perf_counter()
    start.wait()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return result(begun, latencies, len(latencies))


def read_balances(
    client: Client,
    gate: Gate,
    *,
    url: str,
    tenant_id: UUID,
    accounts: tuple[int, ...],
    count: int,
    times: list[Any] | None,
    seed: int,
) -> Result:
    """`ledger.balance`, now or as of `times`."""
    database = client.database(url)
    dice = random.Random(seed)
    asked = [(dice.choice(accounts), {} if times is None else {"as_of": dice.choice(times)}) for _ in range(count)]
    latencies = []
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        for account, when in asked[:20]:
            ledger.balance(tx, account, **when)
        gate()
        begun = time.perf_counter()
        for account, when in asked:
            started = time.perf_counter()
            ledger.balance(tx, account, **when)
            latencies.append(time.perf_counter() - started)
    return result(begun, latencies, count)


def _asked(tenant_id: UUID, debit: int, credit: int) -> Asked[NewTransaction]:
    names = (ids.encode("acct", debit), ids.encode("acct", credit))
    body = {"entries": [{"debit": names[0], "credit": names[1], "amount": {"minor": 1250, "currency": CURRENCY}}]}
    key = ids.new("key")
    return Asked(
        tenant_id,
        Actor("human", ids.new("key"), ids.new("usr")),
        ids.new("cor"),
        key,
        idempotency.Fingerprint("POST", PATH, idempotency.body_hash(body, b"", "")),
        201,
        NewTransaction.model_validate(body),
    )


def _all_done(answers: list[Any]) -> None:
    refused = next((answer for answer in answers if isinstance(answer, Refused)), None)
    assert refused is None, f"a benchmark's posting was refused: {refused}"
