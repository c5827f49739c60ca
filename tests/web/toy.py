"""A domain of three routes, to try what the web promises to every domain: its effect is a row of tenants.users."""

from __future__ import annotations

import threading
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from psycopg import errors as database_errors
from pydantic import BaseModel, ConfigDict, Field

from headgate import tenants
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.web import Call, MoneyModel, Page, PageOf, money, page_of, reads, writes

router = APIRouter(prefix="/v1/toy", tags=["toy"])
Reads = Annotated[Call, reads("ledger.read")]
Writes = Annotated[Call, writes("ledger.manage")]
Posts = Annotated[Call, money("ledger.post")]

stalled = threading.Event()
go_on = threading.Event()
deadlocks = threading.local()
failures: list[str] = []


class Order(BaseModel):
    """What to do, and how it ends."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=100)
    amount: MoneyModel | None = None
    end: Literal["well", "refused", "error", "crash", "stall", "deadlock", "deadlocks", "rule", "value"] = "well"


@router.post("/orders", status_code=201)
def place_order(call: Posts, order: Order) -> dict[str, Any]:
    """Do it once."""
    return call.once(lambda tx: _do(tx, order, call.key))


@router.post("/orders/{name}", status_code=201)
def place_named_order(call: Posts, name: str, order: Order) -> dict[str, Any]:
    """Do it once, under a path of its own."""
    return call.once(lambda tx: _do(tx, order, call.key))


@router.put("/orders", status_code=200)
def replace_order(call: Posts, order: Order) -> dict[str, Any]:
    """Do it once, by another method."""
    return call.once(lambda tx: _do(tx, order, call.key), status=200)


@router.post("/notes", status_code=201)
def write_note(call: Writes, order: Order) -> Any:
    """A write that moves no money."""
    with call.begin() as tx:
        done = _do(tx, order, "")
    return call.answer(done, status=201)


@router.get("/people")
def list_people(call: Reads, page: Page) -> PageOf[dict[str, Any]]:
    """People by address, then id."""
    after = page.after(str, str) or ("", "")
    with call.begin() as tx:
        rows = tx.all(
            """
            SELECT email, id
              FROM tenants.users
             WHERE (email, id) > (%(email)s, %(id)s)
             ORDER BY email, id
             LIMIT %(limit)s
            """,
            {"email": after[0], "id": after[1], "limit": page.limit + 1},
        )
    return page_of(page, rows, key=lambda row: (row["email"], row["id"]))


def _do(tx: Tx, order: Order, key: str) -> dict[str, Any] | Refused:
    if order.end == "refused":
        return Refused("toy.refused", "There is not enough.", {"short_minor": 5})
    if order.end == "error":
        raise tenants.UnknownPerson("nobody of that name", key=key)
    made = tenants.create_user(tx, email=order.email, display_name="Toy")
    if order.end == "crash":
        raise RuntimeError("the inside of Headgate: secret detail")
    if order.end in ("deadlock", "deadlocks") and (order.end == "deadlocks" or order.email not in failures):
        failures.append(order.email)
        raise database_errors.DeadlockDetected("deadlock detected")
    if order.end == "rule":
        tx.run(
            "INSERT INTO tenants.users (tenant_id, email, display_name) VALUES (core.tenant_id(), 'NOT LOWER@x', 'x')"
        )
    if order.end == "value":
        tx.run("SELECT '2026-02-30'::date")
    if order.end == "stall":
        stalled.set()
        assert go_on.wait(10), "the test forgot to let it go on"
        time.sleep(0.01)
    amount = order.amount.money() if order.amount else None
    return {"id": made.id, "amount": amount, "at": made.created_at}
