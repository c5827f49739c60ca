"""Who is at the desk: the session of a request, the tenant on its page, and a transaction for both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import Request

from headgate import tenants
from headgate.console import sessions
from headgate.console.sessions import COOKIE, NotSignedIn, Seat
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Trouble:
    """What stood against an act: said at its form, with what was written in it."""

    act: str
    item_id: str
    message: str
    code: str
    status: int
    form: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Desk:
    """A signed-in person at one tenant's page. `said` and `trouble` are what came of the act that the page answers."""

    database: Database
    seat: Seat
    seats: list[Seat]
    cookie: str = field(default="", repr=False)
    said: str | None = None
    trouble: Trouble | None = None

    def may(self, permission: str) -> bool:
        """Whether the role on this page has the permission."""
        return tenants.allows(self.seat.role, permission)

    def require(self, permission: str) -> None:
        """Raises Forbidden where the role lacks the permission."""
        if not self.may(permission):
            raise Forbidden(f"the role {self.seat.role} may not do {permission}", permission=permission)

    @contextmanager
    def begin(self, permission: str) -> Iterator[Tx]:
        """A transaction of the tenant on the page. Raises Forbidden where the role lacks the permission."""
        self.require(permission)
        with self.database.begin(tenant_id=self.seat.tenant_id, actor=self.seat.actor) as tx:
            yield tx


def desk_of(request: Request, tenant: str | None = None) -> Desk:
    """The desk of this request at that tenant (slug or id), or at the session's first. Raises NotSignedIn, NotFound."""
    database: Database = request.app.state.database
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise NotSignedIn()
    with database.begin(tenant_id=None, actor=Actor.system("console")) as tx:
        seats = sessions.seats(tx, cookie)
    if not seats:
        raise NotSignedIn()
    if tenant is None:
        return Desk(database, seats[0], seats, cookie)
    for seat in seats:
        if tenant in (seat.slug, str(seat.tenant_id)):
            return Desk(database, seat, seats, cookie)
    raise NotFound("there is no such tenant, or this session may not see it")
