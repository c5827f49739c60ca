"""An application served over HTTP in this process: a port of one's own, and an end by signal or event."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from headgate.core.errors import ConfigError

HERE: Final = "127.0.0.1"


class PortTaken(ConfigError):
    """Another process listens on this port."""

    code = "core.port_taken"


class Server(uvicorn.Server):
    """Says when it answers, and also stops by an event."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], object] | None, stop: threading.Event | None
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stop = stop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's own, but the signal is not raised again: whoever called goes on, and ends what it began."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def on_tick(self, counter: int) -> bool:
        if self._stop is not None and self._stop.is_set():
            self.should_exit = True
        return await super().on_tick(counter)


def listen(host: str, port: int, *, tries: int = 1) -> socket.socket:
    """A socket that listens, on this port or one of the next. Port 0 takes any that is free. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    reason: str | None = "it is past the last port"
    for candidate in range(port, min(port + tries, 65536)):
        # The protocol has to be named: asyncio sends small answers at once (TCP_NODELAY) only where it is, and else the
        # second half of an answer waits 40 ms for the client's acknowledgement of the first.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, candidate))
            listener.listen(256)
            return listener
        except OSError as error:
            listener.close()
            reason = error.strerror
    raise PortTaken(f"port {port} of {host} cannot be had ({reason}): choose another with --port")


def serve_here(
    application: ASGIApp,
    *,
    port: int,
    ready: Callable[[str], object] | None = None,
    stop: threading.Event | None = None,
) -> None:
    """Serve an application to this machine alone until SIGINT, SIGTERM or `stop`. Raises PortTaken.

    Port 0 takes any that is free. `ready` is told the address once it answers.
    """
    with contextlib.closing(listen(HERE, port)) as listener:
        config = uvicorn.Config(
            application,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        address = f"http://{HERE}:{listener.getsockname()[1]}"
        Server(config, ready and partial(ready, address), stop).run(sockets=[listener])
