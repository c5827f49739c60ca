"""Payments on their way through real workers while workers, relay and broker are killed, paused and emptied under them.

    with Chaos(database, home, settings, seed=7) as chaos:
        chaos.run(("kill", "pause"), payments=200, blows=6)      # then every payment stands once, and nothing else does

Each blow waits until payments were posted since the one before, so that a slow machine only takes longer.
"""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from tests import make
from tests.checks import judge
from tests.doors.scripts import HEADGATE, Shell
from tests.ingestion.envelopes import envelope, raw
from tests.messaging.broker import Broker
from tests.servicing.scenes import day, monthly
from tests.servicing.stories import at, board

from headgate import ingestion, messaging, servicing
from headgate.core.db import Database
from headgate.ingestion import Arrival

WORKERS = 2
LOANS = 5
FILE = 10
"""Payments that come in at once."""
STEP_SECONDS = 240
"""Until something moves again, at worst."""
CHANNELS = ("ach", "wire", "check")


class Chaos:
    """A tenant with loans, real workers, and what befalls them. `seed` says what and whom."""

    def __init__(
        self, database: Database, folder: Path, settings: dict[str, str], *, seed: int, broker: Broker | None = None
    ) -> None:
        self.database, self.folder, self.broker = database, folder, broker
        self.chance = random.Random(seed)
        url = {"HEADGATE_DATABASE_URL": database.url("admin"), "HEADGATE_POOL_MAX": "8", "HEADGATE_LOG_LEVEL": "error"}
        self.shell = Shell(database.config.home, {**url, "HEADGATE_ENV": "test", **settings})
        self.workers: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []
        self.sent = self.started = 0
        self.told: list[str] = [f"seed {seed}"]
        self.tenant = make.tenant(database)
        with database.begin(tenant_id=self.tenant.id, actor=make.ACTOR) as tx:
            at(tx, day(200))
            for n in range(LOANS):
                board(tx, self.tenant, f"L-{n}", monthly(12))
            for channel in CHANNELS:
                servicing.set_posting_mode(tx, channel=channel, mode="live", reason="a test")

    def __enter__(self) -> Chaos:
        for _ in range(WORKERS):
            self.start_worker()
        return self

    def __exit__(self, *_: object) -> None:
        for worker, log in self.workers:
            with suppress(ProcessLookupError):
                worker.send_signal(signal.SIGCONT)
                worker.kill()
            worker.wait(30)
            log.close()

    def run(self, blows: Sequence[str], *, payments: int, count: int) -> None:
        """So many payments come in, and so many of these blows fall on them; then each of them stands once."""
        chosen = [blows[n % len(blows)] for n in range(count)]
        self.chance.shuffle(chosen)
        for number, blow in enumerate(chosen):
            self.send((number + 1) * payments // (count + 1))
            self.wait_for_more()
            self.told.append(f"{blow} at {self.posted()} of {self.sent}")
            getattr(self, blow)()
        self.send(payments)
        self.recover()
        self.judge(payments)

    # What befalls them.

    def kill(self) -> None:
        """kill -9 of a worker, in whatever it is at; another takes its place."""
        worker, log = self.workers.pop(self.chance.randrange(len(self.workers)))
        worker.kill()
        worker.wait(30)
        log.close()
        self.start_worker()

    def pause(self) -> None:
        """Every relay and consumer stands still for a while, and what comes in waits."""
        for worker, _ in self.workers:
            worker.send_signal(signal.SIGSTOP)
        try:
            self.send(self.sent + FILE)
            time.sleep(self.chance.uniform(0.2, 1.0))
        finally:
            for worker, _ in self.workers:
                worker.send_signal(signal.SIGCONT)

    def break_broker(self) -> None:
        """kill -9 of the broker, which comes back with what it had stored."""
        assert self.broker is not None
        self.broker.kill()
        self.send(self.sent + FILE)
        self.broker.start_node(0)

    def empty_broker(self) -> None:
        """kill -9 of the broker, which comes back with nothing."""
        assert self.broker is not None
        self.broker.kill()
        self.broker.wipe()
        self.broker.start_node(0)

    # The steps.

    def start_worker(self) -> None:
        self.started += 1
        log = (self.folder / f"worker-{self.started}.log").open("wb")
        worker = subprocess.Popen(
            [*HEADGATE, "worker"], env=self.shell.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        self.workers.append((worker, log))

    def send(self, until: int) -> None:
        """Payments come in, in small files, until there are so many; every tenth file comes twice."""
        while self.sent < until:
            numbers = range(self.sent, min(self.sent + FILE, until))
            arrived = [Arrival(self._payment(n)) for n in numbers]
            for _ in range(2 if self.chance.random() < 0.1 else 1):
                with self.database.begin(tenant_id=self.tenant.id, actor=make.ACTOR) as tx:
                    ingestion.ingest_payments(tx, arrived)
            self.sent += len(arrived)

    def wait_for_more(self) -> None:
        """Until something was posted since the call, or everything is."""
        before = self.posted()
        self.wait(lambda: self.posted() > before or self.posted() == self.sent, "nothing was posted any more")

    def recover(self) -> None:
        """All is posted, told and handled, and the workers end clean when they are asked to."""
        self.wait(lambda: self.posted() == self.sent, "not every payment was posted")
        self.wait(lambda: not any(self.waiting().values()), "messages were left")
        # One that has only just begun does not listen yet.
        self.wait(
            lambda: all(b"working" in Path(log.name).read_bytes() for _, log in self.workers), "a worker never began"
        )
        for worker, _ in self.workers:
            worker.send_signal(signal.SIGTERM)
        assert [worker.wait(60) for worker, _ in self.workers] == [0] * len(self.workers), self.facts()

    def judge(self, payments: int) -> None:
        """Exactly once: payments, cents, events; no dead letter, no case; every invariant holds, as the command says too."""
        expected = sum(self._minor(n) for n in range(self.sent))
        assert self.sent >= payments
        with self.database.begin(tenant_id=self.tenant.id, actor=make.ACTOR) as tx:
            found = tx.one(
                """
                SELECT count(*) AS payments, count(DISTINCT provider_transfer_id) AS transfers,
                       coalesce(sum(total_received), 0)::bigint AS minor,
                       count(*) FILTER (WHERE status = 'completed') AS completed,
                       (SELECT count(*) FROM messaging.outbox_messages WHERE event_type = 'payment.posted') AS told,
                       (SELECT count(*) FROM ingestion.payment_ingestions) AS ingestions,
                       (SELECT count(*) FROM cases.exception_cases) AS cases
                  FROM servicing.payments
                """
            )
            assert messaging.dead_letters(tx) == [], self.facts()
        count = self.sent
        assert found == {
            "payments": count, "transfers": count, "minor": expected, "completed": count, "told": count,
            "ingestions": count, "cases": 0,
        }, self.facts()  # fmt: skip
        judge(self.database, [self.tenant.id])
        self.shell.run("check", "--full", seconds=STEP_SECONDS)

    def wait(self, holds: Callable[[], bool], otherwise: str) -> None:
        """Until it holds; what the dead held is past its deadline meanwhile, and whoever died of a blow is replaced."""
        deadline = time.monotonic() + STEP_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"{otherwise}: {self.facts()}")
            self._hasten()
            for worker, log in list(self.workers):
                assert worker.poll() is None, f"a worker ended by itself with {worker.poll()}: {self.facts()}"
                log.flush()
            time.sleep(0.2)

    def posted(self) -> int:
        with self.database.begin(tenant_id=self.tenant.id, actor=make.ACTOR) as tx:
            return int(tx.value("SELECT count(*) FROM servicing.payments"))

    def waiting(self) -> dict[str, int]:
        """What waits for the relay, and what was sent and not handled."""
        with self.database.connect("admin") as admin:
            row = admin.execute("""
                SELECT (SELECT count(*) FROM messaging.outbox_messages WHERE published_at IS NULL AND dead_at IS NULL),
                       (SELECT count(*) FROM messaging.queue_messages),
                       (SELECT count(*) FROM messaging.outbox_messages o
                          JOIN messaging.subscriptions s ON '.' || o.event_type ~ s.pattern AND s.consumer LIKE 'servicing.%'
                           AND s.consumer IS DISTINCT FROM o.handled_by
                         WHERE NOT EXISTS (SELECT FROM messaging.inbox i
                                            WHERE i.tenant_id = o.tenant_id AND i.consumer = s.consumer AND i.message_id = o.id))
            """).fetchone()
        assert row is not None
        return dict(zip(("unpublished", "queued", "unhandled"), row, strict=True))

    def facts(self) -> str:
        """What to know when it failed."""
        said: dict[str, Any] = {"sent": self.sent, "posted": self.posted(), **self.waiting()}
        logs = "\n".join(
            f"{path.name}: {path.read_text('utf-8', 'replace')[-1500:]}"
            for path in sorted(self.folder.glob("worker-*.log"))
        )
        with self.database.begin(tenant_id=self.tenant.id, actor=make.ACTOR) as tx:
            letters = [(one.consumer, one.event_type, one.last_error[:200]) for one in messaging.dead_letters(tx)[:5]]
        return f"{said}\n{'; '.join(self.told)}\ndead letters: {letters}\n{logs}"

    def _hasten(self) -> None:
        """A minute goes by for whoever holds a claim and is dead."""
        with self.database.connect("admin") as admin:
            for table in ("outbox_messages", "queue_messages"):
                # Who is at work on a row just now is not dead, and is not waited for.
                admin.execute(
                    f"UPDATE messaging.{table} t SET claimed_until = t.claimed_until - interval '5 seconds'"
                    f"  FROM (SELECT tableoid, ctid FROM messaging.{table} WHERE claimed_until IS NOT NULL"
                    "          FOR UPDATE SKIP LOCKED) held"
                    " WHERE t.tableoid = held.tableoid AND t.ctid = held.ctid".encode()
                )

    def _minor(self, n: int) -> int:
        return 500 + n % 97

    def _payment(self, n: int) -> bytes:
        facts = {"transfer": f"acht_{n}", "reference": f"ref {n}", "channel": CHANNELS[n % 3]}
        return raw(envelope(f"L-{n % LOANS}", self._minor(n), on=day(n % 150).isoformat(), **facts))  # type: ignore[arg-type]
