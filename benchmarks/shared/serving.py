"""The application on a socket, in a thread of a client process, as `headgate serve` has it but for its workers."""

from __future__ import annotations

import sys
import threading
import time

import uvicorn
from fastapi import FastAPI

from headgate.api import SWITCH_SECONDS
from headgate.core import serving

from .clients import Gate


def serve(app: FastAPI, gate: Gate) -> int:
    """Serve from now on; the port."""
    sys.setswitchinterval(SWITCH_SECONDS)
    listener = serving.listen("127.0.0.1", 0)
    config = uvicorn.Config(
        app, log_config=None, log_level="warning", access_log=False, server_header=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    gate()
    while not server.started:
        time.sleep(0.01)
    return int(listener.getsockname()[1])
