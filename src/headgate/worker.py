"""`headgate worker`: what works beside the API, in a process of its own; any number of them share the work.

Each claims what nobody else holds: outbox rows, messages, tenants to seal, jobs that are due. A first SIGTERM or SIGINT
lets the messages in hand come to their end; what was not begun is free for the others at once.
"""

from __future__ import annotations

import signal
import threading
from typing import Final

from headgate import api
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.terminal import open_database, say

LOOK_SECONDS: Final = 0.5
"""How long a signal may go unseen. The system gives it to any thread, and Python's handlers run in the first alone, which
nothing wakes where another one got it."""


def work(database: Database, stop: threading.Event) -> None:
    """Work until `stop` is set."""
    with api.workers(database):
        while not stop.wait(LOOK_SECONDS):
            pass


def worker_command() -> None:
    """Relay and handle messages, seal the audit log and run what is due, until SIGTERM or Ctrl-C."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    config = Config.from_environment()
    with open_database(config) as database:
        say("working; Ctrl-C ends it")
        work(database, stop)
