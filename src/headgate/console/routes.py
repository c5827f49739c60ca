"""The console's addresses: `/console/enter?token=…`, then `/console/{tenant}/…`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from sse_starlette import EventSourceResponse

from headgate.console import files, funding, gate, payrolls, sessions
from headgate.console import overview as overview_screen
from headgate.console import payments as payments_screen
from headgate.console.desk import Desk, desk_of
from headgate.console.lists import ListScreen
from headgate.console.live import Hub
from headgate.console.render import plain
from headgate.console.sessions import COOKIE, SESSION_LIFE, NotSignedIn
from headgate.core import ids
from headgate.core.db import Actor, Database
from headgate.core.errors import HeadgateError, NotFound

STATIC = Path(__file__).parent / "static"
RECHECK_SECONDS = 15.0
"""How long a live page outlives its session at most."""


class Screen(APIRoute):
    """What goes wrong on the way to a page is told as a page."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except NotSignedIn:
                return plain("signed_out.html", status=401)
            except HeadgateError as error:
                return _trouble(request, status=error.status, code=error.code, message=error.message)
            except RequestValidationError:
                message = "the address is not one of the console's"
                return _trouble(request, status=400, code="core.malformed", message=message)

        return told


pages = APIRouter(prefix="/console", include_in_schema=False, route_class=Screen)


def at_desk(request: Request, tenant: str) -> Desk:
    """The session's desk at the tenant of the address."""
    return desk_of(request, tenant)


AtDesk = Annotated[Desk, Depends(at_desk)]
QueryText = Annotated[str, Query(max_length=300)]
After = Annotated[str | None, Query(max_length=40)]


def mount(app: FastAPI, database: Database) -> None:
    """Put the console on an application whose `state.database` is open."""
    app.state.console_hub = Hub(database, payments_screen.changes)
    app.mount("/console/static", StaticFiles(directory=STATIC), name="console-static")
    app.include_router(pages)


@pages.get("/enter")
def enter(request: Request, token: Annotated[str, Query(max_length=100)]) -> Response:
    """A one-time link: becomes a session, or says that it was used."""
    database: Database = request.app.state.database
    with database.begin(tenant_id=None, actor=Actor.system("console")) as tx:
        cookie = sessions.enter(tx, token)
    if cookie is None:
        raise NotSignedIn()
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    answer = RedirectResponse("/console", status_code=303, headers=headers)
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/console",
    )
    return answer


@pages.post("/leave")
def leave(request: Request) -> Response:
    """Sign out."""
    database: Database = request.app.state.database
    with database.begin(tenant_id=None, actor=Actor.system("console")) as tx:
        sessions.leave(tx, request.cookies.get(COOKIE, ""))
    answer = plain("signed_out.html", status=401)
    answer.delete_cookie(COOKIE, path="/console")
    return answer


@pages.get("")
def first(request: Request) -> Response:
    """The first tenant that this session may see."""
    return RedirectResponse(desk_of(request).seat.address, status_code=303)


@pages.get("/{tenant}")
def overview(desk: AtDesk, currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$")] = None) -> Response:
    """Money in motion."""
    return overview_screen.overview(desk, currency=currency)


@pages.get("/{tenant}/payments")
def payments(desk: AtDesk, q: QueryText = "", after: After = None) -> Response:
    """The list of payments; the query is the address. The id of a payment leads to it."""
    if payments_screen.is_payment_id(q.strip()):
        return RedirectResponse(f"{desk.seat.address}/payments/{q.strip()}", status_code=303)
    return payments_screen.payments_page(desk, query_text=q.strip(), after=after, payment_id=None)


@pages.get("/{tenant}/payments/rows")
def payment_rows(desk: AtDesk, id: Annotated[list[str], Query(max_length=200)], q: QueryText = "") -> Response:
    """Rows that changed."""
    return payments_screen.rows_of(desk, payment_ids=id, query_text=q.strip())


@pages.get("/{tenant}/payments/live")
def payments_live(
    request: Request,
    desk: AtDesk,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str, Header()] = "",
) -> Response:
    """Server-sent events: which payments changed, and that the page is current. They end with the session."""
    desk.require("payments.read")
    hub: Hub = request.app.state.console_hub
    position = int(last_event_id) if last_event_id.isdecimal() else after

    async def events() -> AsyncIterator[dict[str, str]]:
        checked = time.monotonic()
        async with contextlib.aclosing(hub.listen(desk.seat.tenant_id, after=position)) as heard:
            async for event in heard:
                if time.monotonic() - checked > RECHECK_SECONDS:
                    if not await asyncio.to_thread(_still_seated, request, desk):
                        return
                    checked = time.monotonic()
                yield event

    return EventSourceResponse(events(), ping=15, headers={"Cache-Control": "no-store"})


@pages.get("/{tenant}/payments/{payment_id}")
def payment(
    desk: AtDesk,
    payment_id: str,
    q: QueryText = "",
    after: After = None,
    x_headgate_fragment: Annotated[str | None, Header()] = None,
) -> Response:
    """One payment beside the list, or its drawer alone for the script."""
    if x_headgate_fragment == "drawer":
        return payments_screen.drawer(desk, payment_id=payment_id, query_text=q.strip(), after=after)
    return payments_screen.payments_page(desk, query_text=q.strip(), after=after, payment_id=payment_id)


def _list_pages(screen: ListScreen) -> None:
    """A list's three addresses: the list, rows of it that changed, and one thing of it."""

    @pages.get(f"/{{tenant}}/{screen.PATH}")
    def listed(desk: AtDesk, q: QueryText = "", after: After = None) -> Response:
        if ids.is_id(q.strip(), screen.PREFIX):
            return RedirectResponse(f"{desk.seat.address}/{screen.PATH}/{q.strip()}", status_code=303)
        return screen.list_page(desk, query_text=q.strip(), after=after, item_id=None)

    @pages.get(f"/{{tenant}}/{screen.PATH}/rows")
    def rows(desk: AtDesk, id: Annotated[list[str], Query(max_length=200)], q: QueryText = "") -> Response:
        return screen.rows_of(desk, item_ids=id, query_text=q.strip())

    @pages.get(f"/{{tenant}}/{screen.PATH}/{{item_id}}")
    def one(
        desk: AtDesk,
        item_id: str,
        q: QueryText = "",
        after: After = None,
        x_headgate_fragment: Annotated[str | None, Header()] = None,
    ) -> Response:
        if x_headgate_fragment:
            return screen.item(desk, item_id=item_id, query_text=q.strip(), after=after)
        return screen.list_page(desk, query_text=q.strip(), after=after, item_id=item_id)


for _screen in (payrolls, gate, funding, files):
    _list_pages(_screen)


@pages.get("/{tenant}/{rest:path}")
def nothing(desk: AtDesk, rest: str) -> Response:
    """There is no such page."""
    raise NotFound("there is no such page")


def _still_seated(request: Request, desk: Desk) -> bool:
    try:
        return desk_of(request, str(desk.seat.tenant_id)).may("payments.read")
    except HeadgateError:
        return False


def _trouble(request: Request, *, status: int, code: str, message: str) -> Response:
    """What went wrong, with what one needs to ask about it."""
    return plain(
        "trouble.html", status=status, code=code, message=message, request_id=request.scope["headgate"].request_id
    )
