"""A client of an application in this process: real ASGI, real database, no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from tests import make

from headgate import tenants
from headgate.core.db import Database

BASE_URL = "http://127.0.0.1:8080"


class Client:
    """Sends requests one at a time, or many at once with `together`."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        self.app = app
        self._runner = runner
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=BASE_URL, timeout=30)

    def send(self, method: str, path: str, **facts: Any) -> httpx.Response:
        """One request."""
        return self._runner.run(self._http.request(method, path, **facts))

    def get(self, path: str, **facts: Any) -> httpx.Response:
        """A GET."""
        return self.send("GET", path, **facts)

    def post(self, path: str, **facts: Any) -> httpx.Response:
        """A POST."""
        return self.send("POST", path, **facts)

    def together(self, requests: Iterable[Mapping[str, Any]]) -> list[httpx.Response]:
        """Requests at once; each is the arguments of `send`."""

        async def all_of_them() -> list[httpx.Response]:
            return list(await asyncio.gather(*(self._http.request(**request) for request in requests)))

        return self._runner.run(all_of_them())

    def run(self, work: Any) -> Any:
        """Run a coroutine on this client's loop."""
        return self._runner.run(work)

    @property
    def http(self) -> httpx.AsyncClient:
        """The client underneath, for use within `run`."""
        return self._http


@contextmanager
def client_of(app: FastAPI) -> Iterator[Client]:
    """A client and its event loop."""
    with asyncio.Runner() as runner:
        client = Client(app, runner)
        yield client
        runner.run(client.http.aclose())


@dataclass(frozen=True)
class Keys:
    """One key of each role, as headers."""

    admin: dict[str, str]
    operator: dict[str, str]
    finance: dict[str, str]
    compliance: dict[str, str]
    readonly: dict[str, str]


def keys_of(database: Database, tenant_id: UUID) -> Keys:
    """Keys of machines, one a role."""
    with database.begin(tenant_id=tenant_id, actor=make.ACTOR) as tx:
        return Keys(**{role: bearer(tenants.create_key(tx, role=role).key) for role in tenants.ROLES})


def person_key(database: Database, tenant_id: UUID, *, role: str, email: str) -> dict[str, str]:
    """A key with a person behind it, as headers."""
    with database.begin(tenant_id=tenant_id, actor=make.ACTOR) as tx:
        person = tenants.find_user(tx, email) or tenants.create_user(tx, email=email, display_name=email.split("@")[0])
        return bearer(tenants.create_key(tx, role=role, user_id=person.id).key)


def bearer(key: str) -> dict[str, str]:
    """The header of a key."""
    return {"Authorization": f"Bearer {key}"}
