"""The HTTP door: one application of every domain's routes, and `serve`, which runs it with the workers beside it.

`create_app(database)` composes; it starts nothing. `serve(…)` binds 127.0.0.1 unless told that TLS or a proxy stands
before it, and runs relay, consumers, sealer and jobs in threads of the same process. A first SIGINT or SIGTERM lets
requests and messages in hand come to their end, within ten seconds.
"""

from __future__ import annotations

import contextlib
import ipaddress
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn
from fastapi import APIRouter, FastAPI

from headgate import audit, console, ingestion, jobs, messaging, rails
from headgate.core import log, registry, serving
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.errors import ConfigError
from headgate.core.terminal import open_database, say
from headgate.web import Check, Gauge, build_application, prepare

STOP_SECONDS: Final = 8
SWITCH_SECONDS: Final = 0.0005
"""How long a thread that comes back from the database waits for the one that reads requests, at each statement."""
UNSEALED_SECONDS_MAX: Final = 5.0
RELAY_LAG_SECONDS_MAX: Final = 60.0

Worker = Callable[[Database, threading.Event], None]
WORKERS: Final[Sequence[tuple[str, Worker]]] = (
    ("relay", messaging.run_relay),
    ("consumers", messaging.run_consumers),
    ("sealer", audit.run_sealer),
    ("jobs", jobs.run_forever),
)
"""What runs beside the application, each until its event is set."""

_LOG = log.get(__name__)


class NotLoopback(ConfigError):
    """Only 127.0.0.1 is served in the clear."""

    code = "api.not_loopback"


def create_app(database: Database, *, secure: bool = False, shares_commits: bool = True) -> FastAPI:
    """The application on an open database. `secure` where clients come by TLS; `shares_commits`: see web/sharing.py."""
    rails.banks.profiles()  # what is wrong in a bank profile ends the start here, with every fault, and no payment later
    app = build_application(
        database,
        _routers(),
        checks=_checks(database),
        gauges=_gauges(database),
        trusted_hosts=database.config.trusted_hosts,
        secure=secure,
        shares_commits=shares_commits,
    )
    console.mount(app, database)
    prepare(app)
    return app


def _routers() -> list[APIRouter]:
    return [module.router for module in registry.domain_modules("routes") if hasattr(module, "router")]


def _checks(database: Database) -> list[Check]:
    def sealed() -> str | None:
        waits = audit.oldest_unsealed_seconds(database)
        return f"an audit event has waited {waits:.0f} s for its seal" if waits > UNSEALED_SECONDS_MAX else None

    def relayed() -> str | None:
        waits = messaging.oldest_unpublished_seconds(database)
        return f"a message has waited {waits:.0f} s for the relay" if waits > RELAY_LAG_SECONDS_MAX else None

    checks = [Check("relay", relayed), Check("audit_sealer", sealed)]
    if database.config.broker_url:
        checks.append(Check("broker", lambda: messaging.unreachable_broker(database.config)))
    return checks


def _gauges(database: Database) -> list[Gauge]:
    return [
        Gauge(
            "headgate_audit_unsealed_seconds",
            "How long the oldest unsealed audit event has waited",
            lambda: audit.oldest_unsealed_seconds(database),
        ),
        Gauge(
            "headgate_outbox_lag_seconds",
            "How long the oldest unpublished message has waited",
            lambda: messaging.oldest_unpublished_seconds(database),
        ),
        Gauge(
            "headgate_queue_lag_seconds",
            "How long the oldest message that is due has waited for its consumer",
            lambda: messaging.oldest_queued_seconds(database),
        ),
        Gauge(
            "headgate_dead_letters",
            "Messages that were given up and that nobody has requeued",
            lambda: messaging.dead_letter_count(database),
        ),
        Gauge(
            "headgate_dead_letters_oldest_seconds",
            "How long the oldest of them has lain",
            lambda: messaging.oldest_dead_letter_seconds(database),
        ),
        Gauge(
            "headgate_sources_failing",
            "Sources of evidence that failed five times in a row or more",
            lambda: ingestion.sources_failing(database),
        ),
    ]


def serve(
    database: Database,
    *,
    port: int,
    host: str = "127.0.0.1",
    behind_proxy: bool = False,
    tls_certificate: Path | None = None,
    tls_key: Path | None = None,
    ready: Callable[[str], None] | None = None,
    next_free_port: bool = False,
    stop: threading.Event | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, or until `stop` is set. `ready` is told the address once it answers.

    Any address but this machine's own is refused without TLS or a proxy that ends it. Raises NotLoopback, serving.PortTaken.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    secure = tls_certificate is not None or behind_proxy
    _refuse_open_door(host, secure=secure, trusted_hosts=database.config.trusted_hosts)
    with contextlib.closing(serving.listen(host, port, tries=20 if next_free_port else 1)) as listener:
        config = uvicorn.Config(
            create_app(database, secure=secure),
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=STOP_SECONDS // 2,
            proxy_headers=behind_proxy,
            forwarded_allow_ips="*" if behind_proxy else None,
            ssl_certfile=tls_certificate,
            ssl_keyfile=tls_key,
        )
        scheme = "https" if tls_certificate else "http"
        address = f"{scheme}://{host}:{listener.getsockname()[1]}"
        server = serving.Server(config, ready and partial(ready, address), stop)
        with workers(database):
            server.run(sockets=[listener])


def serve_command(
    port: Annotated[int | None, typer.Option(help="HEADGATE_PORT unless given.", min=1, max=65535)] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy before it ends TLS.")] = False,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file.", exists=True, dir_okay=False)] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file.", exists=True, dir_okay=False)] = None,
) -> None:
    """Serve the API and the console, with relay, consumers, sealer and jobs beside them."""
    config = Config.from_environment()
    with open_database(config) as database:
        serve(
            database,
            port=port or config.port,
            host=host,
            behind_proxy=behind_proxy,
            tls_certificate=tls_certificate,
            tls_key=tls_key,
            ready=lambda address: say(f"serving {address}; Ctrl-C ends it"),
        )


def _refuse_open_door(host: str, *, secure: bool, trusted_hosts: tuple[str, ...]) -> None:
    if host == "localhost" or _is_loopback(host):
        return
    if not secure:
        raise NotLoopback(
            f"{host} can be reached from elsewhere: give --tls-certificate and --tls-key, or --behind-proxy"
        )
    if not trusted_hosts:
        raise NotLoopback("name the hosts that clients call it by in HEADGATE_TRUSTED_HOSTS")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextlib.contextmanager
def workers(database: Database) -> Iterator[None]:
    """Relay, consumers, sealer and jobs, each in its thread, while the block lasts; then what they are at is ended."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=work, args=(database, stop), name=f"headgate {name}", daemon=True)
        for name, work in WORKERS
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        deadline = time.monotonic() + STOP_SECONDS / 2
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                _LOG.warning(
                    "a worker did not end in time; what it held is taken up again", extra={"worker": thread.name}
                )
