"""The console's addresses: `/console/enter?token=…`, then `/console/{tenant}/…`."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from sse_starlette import EventSourceResponse

from headgate import messaging
from headgate.console import (
    acts,
    artifact_acts,
    artifacts,
    dead_letter_acts,
    dead_letters,
    evidence_pages,
    file_acts,
    files,
    funding,
    funding_acts,
    gate,
    gate_acts,
    loan_acts,
    loan_payments,
    loans,
    mapping_page,
    messages,
    notifications,
    order_acts,
    orders,
    payroll_acts,
    payrolls,
    place_acts,
    places,
    return_acts,
    returns,
    sessions,
    source_acts,
    sources,
    transactions,
)
from headgate.console import overview as overview_screen
from headgate.console import payments as payments_screen
from headgate.console.changes import changes
from headgate.console.desk import Desk, desk_of
from headgate.console.list_screens import ListScreen
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


def at_desk(request: Request, tenant: str, said: Annotated[str | None, Query(max_length=64)] = None) -> Desk:
    """The session's desk at the tenant of the address; `said` is the key of the act that the page answers."""
    desk = desk_of(request, tenant)
    return replace(desk, said=acts.said(desk, said)) if said else desk


AtDesk = Annotated[Desk, Depends(at_desk)]
QueryText = Annotated[str, Query(max_length=300)]
After = Annotated[str | None, Query(max_length=40)]


def mount(app: FastAPI, database: Database) -> None:
    """Put the console on an application whose `state.database` is open."""
    app.state.console_hub = Hub(database, changes)
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


@pages.get("/{tenant}/places")
def places_page(desk: AtDesk) -> Response:
    """The places of the tenant's banks."""
    return places.all_places(desk)


def _list_pages(screen: ListScreen) -> None:
    """A list's three addresses: the list (the id of one thing in its box leads to it), rows that changed, and one thing."""

    @pages.get(f"/{{tenant}}/{screen.path}")
    def listed(desk: AtDesk, q: QueryText = "", after: After = None) -> Response:
        if ids.is_id(q.strip(), screen.prefix):
            return RedirectResponse(f"{desk.seat.address}/{screen.path}/{q.strip()}", status_code=303)
        return screen.list_page(desk, query_text=q.strip(), after=after, item_id=None)

    @pages.get(f"/{{tenant}}/{screen.path}/rows")
    def rows(desk: AtDesk, id: Annotated[list[str], Query(max_length=200)], q: QueryText = "") -> Response:
        return screen.rows_of(desk, item_ids=id, query_text=q.strip())

    @pages.get(f"/{{tenant}}/{screen.path}/{{item_id}}")
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


LISTS: Mapping[str, ListScreen] = {
    screen.path: screen
    for screen in (
        payments_screen.SCREEN,
        payrolls.SCREEN,
        gate.SCREEN,
        funding.SCREEN,
        files.SCREEN,
        orders.SCREEN,
        returns.SCREEN,
        loans.SCREEN,
        loan_payments.SCREEN,
        notifications.SCREEN,
        artifacts.SCREEN,
        messages.SCREEN,
        dead_letters.SCREEN,
        transactions.SCREEN,
    )
}
evidence_pages.add(pages, at_desk)
for _screen in LISTS.values():
    _list_pages(_screen)


ACTS: Mapping[str, Mapping[str, acts.Act | acts.OutsideAct]] = {
    "payrolls": payroll_acts.ACTS,
    "gate": gate_acts.ACTS,
    "funding": funding_acts.ACTS,
    "files": file_acts.ACTS,
    "orders": order_acts.ACTS,
    "places": place_acts.ACTS,
    "returns": return_acts.ACTS,
    "loans": loan_acts.LOANS,
    "loan-payments": loan_acts.PAYMENTS,
    "notifications": notifications.ACTS,
    "artifacts": {**artifact_acts.ACTS, **mapping_page.ACTS},
    "messages": artifact_acts.MESSAGE_ACTS,
    "dead-letters": dead_letter_acts.ACTS,
    "sources": source_acts.ACTS,
}
"""What can be done on which screen."""


@pages.post("/{tenant}/{path}/{item_id}/{name}")
def act(request: Request, desk: AtDesk, path: str, item_id: str, name: str, q: QueryText = "") -> Response:
    """Do what a form asks for, and go to the page that shows it; what stands against it is said at the form."""
    if path not in ACTS or name not in ACTS[path]:
        raise NotFound("there is no such thing to do")
    form = acts.form_of(request, desk)
    done = acts.perform(desk, name, ACTS[path][name], item_id, form, path=request.url.path)
    if isinstance(done, acts.Done):
        messaging.hint(desk.database)
        return RedirectResponse(f"{desk.seat.address}{done.page}?said={form['key']}", status_code=303)
    try:
        page = _page_of(path, replace(desk, trouble=done), item_id, q.strip())
    except HeadgateError:  # What it was about is not on this page any more: say at least what stood against it.
        return _trouble(request, status=done.status, code=done.code, message=done.message)
    page.status_code = done.status
    return page


def _page_of(path: str, desk: Desk, item_id: str, query_text: str) -> Response:
    """The page on which a form stands. A place is known by its bank's name, and stands on the one page of all."""
    if path == "places":
        return places.all_places(desk)
    if path == "sources":
        return sources.all_sources(desk)
    if path == "artifacts" and desk.trouble is not None and desk.trouble.act in mapping_page.ACTS:
        return mapping_page.show(desk, item_id, desk.trouble.form)
    screen = LISTS[path]
    shown = item_id if ids.is_id(item_id, screen.prefix) else None
    return screen.list_page(desk, query_text=query_text, after=None, item_id=shown)


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
