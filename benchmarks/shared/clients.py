"""Clients: processes that wait for a task, get ready, and go together.

They are forked before the first thread and connection of the parent, so that twenty cost nothing to start.
"""

from __future__ import annotations

import multiprocessing
import signal
import traceback
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

from headgate.core.config import Config
from headgate.core.db import Database

Gate = Callable[[], None]
Task = Callable[..., Any]
"""`task(client, gate, **facts)`: prepare, call `gate()`, do what is measured, return it."""


class Client:
    """What a client process keeps between its tasks."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self._databases: dict[tuple[str, int], Database] = {}

    def database(self, url: str, pool_max: int = 2) -> Database:
        """An open database; `url` has {role} in the place of the role."""
        found = self._databases.get((url, pool_max))
        if found is None:
            config = Config.from_environment()
            found = Database(lambda role: role_url(url, role), config=config, pool_max=pool_max)
            found.open()
            self._databases[url, pool_max] = found
        return found


def role_url(url: str, role: str) -> str:
    """The URL of a role."""
    return url.replace("{role}", "headgate" if role == "admin" else f"headgate_{role}")


class Clients:
    """A number of client processes."""

    def __init__(self, count: int) -> None:
        context = multiprocessing.get_context("fork")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, [*self._pipes, ours]), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def run(self, task: Task, each: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Run a task in as many clients as `each` has facts: all get ready, then all go. Their results, in order."""
        pipes = self._pipes[: len(each)]
        for pipe, facts in zip(pipes, each, strict=True):
            pipe.send((task, dict(facts)))
        for pipe in pipes:
            _received(pipe)
        for pipe in pipes:
            pipe.send("go")
        return [_received(pipe) for pipe in pipes]

    def at(self, place: int, task: Task, **facts: Any) -> Any:
        """Run a task in one client."""
        pipe = self._pipes[place]
        pipe.send((task, facts))
        _received(pipe)
        pipe.send("go")
        return _received(pipe)

    def close(self) -> None:
        """End them."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(2)
            if process.is_alive():
                process.kill()
                process.join(2)


def _received(pipe: Connection) -> Any:
    kind, value = pipe.recv()
    if kind == "failed":
        raise RuntimeError(f"a client failed:\n{value}")
    return value


def _serve(pipe: Connection, of_the_parent: Sequence[Connection]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle.
    for theirs in of_the_parent:
        theirs.close()
    client = Client()

    def gate() -> None:
        pipe.send(("ready", None))
        pipe.recv()

    while True:
        try:
            task, facts = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(("done", task(client, gate, **facts)))
        except (EOFError, OSError):
            return
        except BaseException:
            pipe.send(("failed", traceback.format_exc()))
