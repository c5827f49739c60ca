"""Hints: wake the relay and the workers sooner than they would look. A hint may be lost; polling finds everything.

Never sent inside a business transaction, since a NOTIFY there serialises commits. A relay in this process is woken
directly; for one elsewhere a thread sends NOTIFY on a connection of its own, at most every 4 ms however many commits
there were.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import psycopg

from headgate.core import log
from headgate.core.db import Database
from headgate.core.errors import HeadgateError

Channel = Literal["headgate_outbox", "headgate_queue"]
OUTBOX: Final[Channel] = "headgate_outbox"
QUEUE: Final[Channel] = "headgate_queue"
COALESCE_SECONDS: Final = 0.004
IDLE_SECONDS: Final = 5.0
LISTEN_SLICE_SECONDS: Final = 0.5

_LOG = log.get(__name__)
_lock = threading.Lock()
_waiting: dict[tuple[str, Channel], set[threading.Event]] = defaultdict(set)
_senders: dict[tuple[str, Channel], threading.Event] = {}


def hint(database: Database, channel: Channel = OUTBOX) -> None:
    """Say, after a commit, that there is something to relay, or is queued already. Returns at once and never fails."""
    if database.queues_directly:
        channel = QUEUE  # What this process publishes is there.
    key = (database.url("app"), channel)
    with _lock:
        local = list(_waiting[key])
        sender = None if local else _senders.get(key)
        if not local and sender is None:
            sender = _senders[key] = threading.Event()
            threading.Thread(target=_send, args=(database, key, sender), name=f"{channel} hints", daemon=True).start()
    for event in local:
        event.set()
    if sender:
        sender.set()


@contextmanager
def listening(database: Database, channel: Channel, stop: threading.Event) -> Iterator[threading.Event]:
    """An event that hints set, from this process or another, while the block lasts."""
    key = (database.url("app"), channel)
    woken = threading.Event()
    over = threading.Event()
    listener = threading.Thread(target=_listen, args=(database, channel, woken, stop, over), daemon=True)
    with _lock:
        _waiting[key].add(woken)
    listener.start()
    try:
        yield woken
    finally:
        over.set()
        with _lock:
            _waiting[key].discard(woken)
        listener.join(LISTEN_SLICE_SECONDS * 2)


def _listen(
    database: Database, channel: Channel, woken: threading.Event, stop: threading.Event, over: threading.Event
) -> None:
    while not (stop.is_set() or over.is_set()):
        try:
            with database.connect("app") as connection:
                connection.execute(f"LISTEN {channel}")
                while not (stop.is_set() or over.is_set()):
                    for _ in connection.notifies(timeout=LISTEN_SLICE_SECONDS, stop_after=1):
                        woken.set()
        except (HeadgateError, psycopg.Error) as error:
            _LOG.warning("hints are not heard; polling goes on", extra={"channel": channel, "error": str(error)})
            over.wait(2.0)


def _send(database: Database, key: tuple[str, Channel], asked: threading.Event) -> None:
    try:
        with database.connect("app") as connection:
            while asked.wait(IDLE_SECONDS):
                asked.clear()
                connection.execute(f"NOTIFY {key[1]}")
                time.sleep(COALESCE_SECONDS)
    except (HeadgateError, psycopg.Error) as error:
        _LOG.warning("a hint was not sent; polling goes on", extra={"channel": key[1], "error": str(error)})
    finally:
        with _lock:
            _senders.pop(key, None)
