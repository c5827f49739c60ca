"""The hub of live pages: nothing is missed, nobody holds up another, and nothing runs for nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any
from uuid import UUID

import pytest

from headgate.console import live
from headgate.console.live import Event, Hub
from headgate.core.errors import Unavailable

TENANT, OTHER = UUID(int=1), UUID(int=2)


class Log:
    """Changes by position, as the database would tell them."""

    def __init__(self) -> None:
        self.changes: dict[UUID, list[str]] = {TENANT: [], OTHER: []}
        self.reads: list[tuple[UUID, int | None]] = []
        self.trouble: Exception | None = None

    def __call__(self, database: Any, tenant_id: UUID, after: int | None) -> tuple[int, list[str]]:
        self.reads.append((tenant_id, after))
        if self.trouble is not None:
            raise self.trouble
        told = self.changes[tenant_id]
        return len(told), told[after:] if after is not None else []


@pytest.fixture
def told() -> Log:
    return Log()


@pytest.fixture
def hub(told: Log, monkeypatch: pytest.MonkeyPatch) -> Hub:
    monkeypatch.setattr(live, "POLL_SECONDS", 0.005)
    monkeypatch.setattr(live, "TICK_SECONDS", 0.0)
    return Hub(None, told)  # type: ignore[arg-type]


def run(work: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), 20))  # type: ignore[arg-type]


async def next_change(heard: Any) -> list[str] | None:
    async for event in heard:
        if event["event"] == "changed":
            found: list[str] | None = json.loads(event["data"])["ids"]
            return found
    raise AssertionError("the stream ended")


def test_a_change_reaches_every_listener_of_its_tenant_and_no_other(hub: Hub, told: Log) -> None:
    async def work() -> None:
        async with (
            aclosing(hub.listen(TENANT, after=0)) as one,
            aclosing(hub.listen(TENANT, after=0)) as two,
            aclosing(hub.listen(OTHER, after=0)) as elsewhere,
        ):
            first = [await anext(heard) for heard in (one, two, elsewhere)]
            assert [event["event"] for event in first] == ["tick"] * 3
            told.changes[TENANT].append("pay_1")
            assert await next_change(one) == ["pay_1"]
            assert await next_change(two) == ["pay_1"]
            for _ in range(3):
                assert (await anext(elsewhere))["event"] == "tick"

    run(work)


def test_a_page_is_told_what_changed_between_its_reading_and_its_listening(hub: Hub, told: Log) -> None:
    async def work() -> None:
        told.changes[TENANT] = ["pay_1", "pay_2"]
        async with aclosing(hub.listen(TENANT, after=1)) as first:
            assert await next_change(first) == ["pay_2"]
            async with aclosing(hub.listen(TENANT, after=0)) as later:
                assert await next_change(later) == ["pay_1", "pay_2"]

    run(work)


def test_a_tick_carries_the_position_to_come_back_to(hub: Hub, told: Log) -> None:
    async def work() -> None:
        told.changes[TENANT] = ["pay_1"] * 7
        async with aclosing(hub.listen(TENANT)) as heard:
            tick = await anext(heard)
            assert (tick["event"], tick["id"]) == ("tick", "7")

    run(work)


def test_many_changes_say_that_the_page_must_be_read_anew(hub: Hub, told: Log) -> None:
    async def work() -> None:
        told.changes[TENANT] = [f"pay_{n}" for n in range(live.IDS_MAX + 1)]
        async with aclosing(hub.listen(TENANT, after=0)) as heard:
            assert await next_change(heard) is None

    run(work)


def test_two_hundred_listeners_share_one_poller_that_ends_with_the_last(hub: Hub, told: Log) -> None:
    async def work() -> None:
        listeners = [hub.listen(TENANT, after=0) for _ in range(200)]
        await asyncio.gather(*(anext(heard) for heard in listeners))
        assert len(hub._pollers) == 1
        catching_up = len(told.reads)
        told.changes[TENANT].append("pay_1")
        assert await asyncio.gather(*(next_change(heard) for heard in listeners)) == [["pay_1"]] * 200
        assert len(told.reads) - catching_up < 100, "the database is asked once for all of them"

        for heard in listeners:
            await heard.aclose()
        assert (hub._pollers, hub._listeners) == ({}, {})
        reads = len(told.reads)
        await asyncio.sleep(0.05)
        assert len(told.reads) <= reads + 1

    run(work)


def test_a_listener_too_slow_is_cut_off_and_holds_up_nobody(
    hub: Hub, told: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "QUEUE_MAX", 3)

    async def work() -> None:
        async with aclosing(hub.listen(TENANT)) as quick, aclosing(hub.listen(TENANT)) as slow:
            await anext(slow)
            for _ in range(20):
                await anext(quick)
            left = [event async for event in slow]
            assert len(left) <= 3, "what was waiting, and then the end"
            assert (await anext(quick))["event"] == "tick"

    run(work)


def test_an_error_of_the_database_brings_no_tick_and_ends_when_it_ends(hub: Hub, told: Log) -> None:
    async def work() -> None:
        async with aclosing(hub.listen(TENANT, after=0)) as heard:
            await anext(heard)
            told.trouble = Unavailable()
            await asyncio.sleep(0.05)
            waiting = asyncio.ensure_future(next_change(heard))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            told.changes[TENANT].append("pay_1")
            told.trouble = None
            assert await waiting == ["pay_1"]

    run(work)


def test_who_comes_while_the_database_is_away_is_sent_off_to_ask_again(hub: Hub, told: Log) -> None:
    async def work() -> None:
        async with aclosing(hub.listen(TENANT, after=0)) as first:
            await anext(first)
            told.trouble = Unavailable()
            assert [event async for event in hub.listen(TENANT, after=0)] == []

    run(work)


def test_a_poller_that_breaks_cuts_its_listeners_and_the_next_starts_another(hub: Hub, told: Log) -> None:
    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        heard = hub.listen(TENANT, after=0)
        events: list[Event] = [await anext(heard)]
        told.trouble = TypeError("a mistake of ours")
        events += [event async for event in heard]
        assert {event["event"] for event in events} == {"tick"}
        told.trouble = None
        async with aclosing(hub.listen(TENANT, after=0)) as again:
            assert (await anext(again))["event"] == "tick"

    run(work)
