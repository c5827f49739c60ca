"""The door that every request passes before any route: its id, its Host, who asks, and a body that can be read.

A caller is authenticated before the body is read, so a stranger cannot make Headgate parse anything; what a stranger or
a malformed request gets is decided here and touches no key and no row. Whatever goes wrong further in comes back here
and leaves as a problem.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headgate import messaging, tenants
from headgate.core import ids, log
from headgate.core.db import Database
from headgate.core.errors import HeadgateError
from headgate.tenants import Caller
from headgate.web import bodies
from headgate.web.errors import MalformedRequest, NoKey, UnknownHost
from headgate.web.gathering import Gathering
from headgate.web.metrics import Metrics
from headgate.web.problems import of_unknown_error, respond_to_error

LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
CALLERS_MAX: Final = 1000
SIGNED_PREFIXES: Final = ("/v1/ingestion/webhooks/", "/api/column/webhook", "/v1/ingestion/links/")
"""Who calls there has no key: a signature, over the body or in the address, is judged by the route; nothing is parsed before."""
API_PREFIXES: Final = ("/v1/", "/api/")
"""Where the API lies: the second for names that others promised before."""
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}\Z")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""For every answer that does not set its own: the console's pages say more about what they load."""


@dataclass(slots=True)
class RequestState:
    """What the door learnt of a request; routes read it through `Call`."""

    request_id: str
    database: Database
    shares_commits: bool = True
    caller: Caller | None = None
    body: bytes = b""
    document: Any = None
    started: float = field(default_factory=time.perf_counter)


class Door:
    """The outermost ASGI layer."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        database: Database,
        metrics: Metrics,
        trusted_hosts: tuple[str, ...],
        secure: bool,
        shares_commits: bool,
    ) -> None:
        self._app = app
        self._database = database
        self._metrics = metrics
        self._shares_commits = shares_commits
        self._callers: Gathering[str, Caller | None] = Gathering(
            lambda keys: tenants.authenticate_many(database, keys), name="headgate callers", lot_max=CALLERS_MAX
        )
        self._hosts = LOCAL_HOSTS | frozenset(trusted_hosts)
        self._headers = {**_HEADERS, "Strict-Transport-Security": "max-age=31536000"} if secure else _HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            assert scope["type"] == "lifespan", "there are no websockets here"
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        state = RequestState(_request_id(headers), self._database, self._shares_commits)
        scope["headgate"] = state
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._dress(MutableHeaders(scope=message), state.request_id)
            await send(message)

        with log.correlated(state.request_id):
            try:
                await self._admit(scope, headers, state, receive, sending)
            except bodies.ClientGone:
                return
            except HeadgateError as error:
                await respond_to_error(error, state.request_id)(scope, receive, sending)
            except Exception as error:
                answer: Response = of_unknown_error(error, state.request_id)
                if status:
                    raise  # The answer had begun: the connection breaks, which the client can see.
                await answer(scope, receive, sending)
            finally:
                if scope["method"] not in _SAFE and 200 <= status < 300:
                    messaging.hint(self._database)
                self._metrics.observe(scope, status, time.perf_counter() - state.started)

    async def _admit(self, scope: Scope, headers: Headers, state: RequestState, receive: Receive, send: Send) -> None:
        self._check_host(headers)
        _check_line(scope)
        is_signed = scope["path"].startswith(SIGNED_PREFIXES)
        if scope["path"].startswith(API_PREFIXES) and not is_signed:
            state.caller = await self._caller(headers)
        if scope["method"] not in _SAFE:
            is_json = not is_signed and bodies.is_json(headers.get("content-type", ""))
            state.body = await bodies.read(receive, bytes_max=_bytes_max(is_signed=is_signed, is_json=is_json))
            if is_json and state.body:
                state.document = bodies.parse(state.body)
            receive = bodies.replayed(state.body, receive)
        await self._app(scope, receive, send)

    async def _caller(self, headers: Headers) -> Caller:
        """Who asks. Raises NoKey, in the same words whatever is wrong with the key.

        Looked up for each request, since a key is revoked at once; those who come together are looked up together.
        """
        scheme, _, key = headers.get("authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not tenants.is_key(key):
            raise NoKey()
        caller = await self._callers.ask(key)
        if caller is None:
            raise NoKey()
        return caller

    def _check_host(self, headers: Headers) -> None:
        """A page of another site can point its own name at 127.0.0.1; then its Host is not one of ours."""
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if re.search(r":[0-9]+\Z", host) else host
        if name.lower() not in self._hosts:
            raise UnknownHost()

    def _dress(self, headers: MutableHeaders, request_id: str) -> None:
        headers["X-Request-Id"] = request_id
        for name, value in self._headers.items():
            headers.setdefault(name, value)


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.match(given) else ids.new("cor")


def _bytes_max(*, is_signed: bool, is_json: bool) -> int:
    if is_signed:
        return bodies.SIGNED_BYTES_MAX
    return bodies.JSON_BYTES_MAX if is_json else bodies.UPLOAD_BYTES_MAX


def _check_line(scope: Scope) -> None:
    if "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise MalformedRequest("the address holds the character NUL (%00): remove it")
