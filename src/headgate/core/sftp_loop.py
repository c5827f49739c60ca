"""An event loop for a library that needs one, used by code that has none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

CLOSING_SECONDS: Final = 5
"""How long an end is waited for."""

_T = TypeVar("_T")


class Loop:
    """An event loop in a thread of its own: whoever uses a place may run one in theirs."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="headgate sftp", daemon=True)
        self._thread.start()

    def run(self, what: Coroutine[Any, Any, _T], seconds: float, give_up: Callable[[], None]) -> _T:
        """Do it within so many seconds. Raises TimeoutError, after `give_up`, which wakes whatever waits for an answer."""

        async def within() -> _T:
            task = asyncio.ensure_future(what)
            await asyncio.wait({task}, timeout=seconds)
            if not task.done():
                give_up()
                task.cancel()
                # What it leaves open is closed without an answer; it gets a moment, and is then left.
                await asyncio.wait({task}, timeout=CLOSING_SECONDS)
                raise TimeoutError
            return task.result()

        return asyncio.run_coroutine_threadsafe(within(), self._loop).result()

    def call(self, what: Callable[[], None]) -> None:
        """Do it soon."""
        self._loop.call_soon_threadsafe(what)

    def close(self) -> None:
        """End the loop and its thread, and what still waits in it."""
        asyncio.run_coroutine_threadsafe(_cancel_others(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSING_SECONDS)
        if not self._thread.is_alive():
            self._loop.close()


async def _cancel_others() -> None:
    others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=CLOSING_SECONDS)
