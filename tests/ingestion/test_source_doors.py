"""Sources at their doors, and over a line that breaks: HTTP says how each fares and never shows a secret."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.components import requires
from tests.ingestion.sourcing import Api, Scene, event
from tests.ingestion.sourcing import api as api
from tests.ingestion.sourcing import near as near
from tests.ingestion.sourcing import scene as scene
from tests.ingestion.test_fetching_files import server_terms
from tests.payments.sftp_banks import openssh
from tests.web.client import client_of, keys_of

from headgate.ingestion.routes import router
from headgate.web import build_application

pytestmark = pytest.mark.slow


def test_a_source_is_set_fetched_looked_at_and_removed_over_http(scene: Scene, api: Api) -> None:
    api.events = [event(1), event(2)]
    with client_of(build_application(scene.database, [router])) as client:
        keys = keys_of(scene.database, scene.tenant.id)
        terms = {"connector": "poll", "settings": {"url": api.url}, "login": "token", "secret": "s3cret of ours"}
        said: list[str] = []

        def ask(method: str, path: str, status: int, role: str = "admin", **more: Any) -> Any:
            answer = client.send(method, f"/v1/ingestion{path}", headers=getattr(keys, role), **more)
            assert answer.status_code == status, answer.text
            said.append(answer.text)
            return answer.json() if answer.content else None

        ask("PUT", "/sources/events", 403, "readonly", json=terms)
        assert ask("PUT", "/sources/Events", 400, json=terms)["code"] == "ingestion.malformed_source"
        wrong = ask(
            "PUT", "/sources/events", 400, json={**terms, "settings": {"url": api.url, "limit": "s3cret of ours"}}
        )
        assert (wrong["code"], wrong["detail"][:16]) == ("ingestion.malformed_source", "settings.limit: ")
        made = ask("PUT", "/sources/events", 200, json=terms)
        assert (made["breaker"], made["every_seconds"], made["login"]) == ("closed", 300, "token")

        fetched = ask("POST", "/sources/events/fetch", 200)
        assert (fetched["outcome"], fetched["items_new"], len(fetched["artifact_ids"])) == ("taken", 2, 2)
        (listed,) = ask("GET", "/sources", 200, "readonly")
        assert (listed["items_taken"], listed["failures"], listed["last_failure"]) == (2, 0, None)
        assert ask("GET", "/sources/events", 200)["name"] == "events"
        assert [one["outcome"] for one in ask("GET", "/sources/events/tries", 200)] == ["taken"]
        assert {one["artifact_type"] for one in ask("GET", "/sources/events/items", 200)} == {"webhook_body"}
        assert [one["name"] for one in ask("GET", "/connectors", 200)] == ["email", "folder", "poll", "sftp"]
        ask("DELETE", "/sources/events", 204)
        assert ask("POST", "/sources/events/fetch", 404)["code"] == "ingestion.no_such_source"
        assert "s3cret" not in "".join(said)
        changes = scene.do(
            lambda tx: tx.values(
                "SELECT data::text FROM audit.events WHERE tenant_id = core.require_tenant() AND type LIKE 'ingestion.source.%%'"
            )
        )
        assert len(changes) == 2 and "s3cret" not in str(changes)


@contextmanager
def line_that_breaks(port: int, after: list[int]) -> Iterator[tuple[int, list[int]]]:
    """A port that leads to another, whose connections are cut after so many bytes, in their order; then no more."""
    carried: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(source: socket.socket, target: socket.socket, limit: int | None, number: int) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if limit is not None:
                    carried[number] += len(data)
                    if carried[number] > limit:
                        break
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near_end, _ = listener.accept()
                far_end = socket.create_connection(("127.0.0.1", port))
                number = len(carried)
                carried.append(0)
                limit = after[number] if number < len(after) else 1 << 60
                threading.Thread(target=carry, args=(near_end, far_end, None, number), daemon=True).start()
                threading.Thread(target=carry, args=(far_end, near_end, limit, number), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], carried
    finally:
        listener.close()


@requires("openssh")
def test_a_download_goes_on_where_the_line_broke(scene: Scene, tmp_path: Path) -> None:
    data = os.urandom(14 * 2**20)
    with openssh(tmp_path / "ssh") as server, line_that_breaks(server.port, [6 * 2**20, 6 * 2**20]) as (port, carried):
        folder = tmp_path / "ssh" / "served" / "out"
        folder.mkdir()
        (folder / "large.bin").write_bytes(data)
        terms = {**server_terms(server, str(folder)), "port": port, "quiet_seconds": 0}
        scene.set("bank", "sftp", terms, login="key", secret=server.secret)

        done = scene.fetch("bank")

        assert (done.outcome, done.items_new, scene.bodies() == [data]) == ("taken", 1, True)
        # Twice the line broke in the second part of what was left; the third connection carries what was missing alone.
        assert len(carried) == 3 and carried[2] < 7 * 2**20
        assert (folder / "taken" / "large.bin").exists()
