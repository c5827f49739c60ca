"""What a route is given: `Call`, who asks and how to open the transaction.

```python
Reads = Annotated[Call, reads("ledger.read")]
Posts = Annotated[Call, money("ledger.post")]

@router.post("/transactions", status_code=201)
def post_transaction(call: Posts, body: NewTransaction) -> TransactionModel:
    return call.once(lambda tx: post(tx, idempotency_key=call.key, entries=body.entries_of(tx)), status=201)
```

A route reads the request, calls one verb and answers: `call.begin()` for reads and for writes that move no money,
`call.once(…)` for everything that does; `call.shared(…)` where many callers post one at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlencode

import psycopg
from fastapi import Depends, Header, Query, Request
from starlette.responses import Response

from headgate.core.db import Database, Tx
from headgate.tenants import PERMISSIONS, Caller, allows
from headgate.web import idempotency
from headgate.web.errors import Contended, IdempotencyKeyMalformed, IdempotencyKeyMissing, NoKey, NotPermitted
from headgate.web.problems import CONTENT_TYPE
from headgate.web.sharing import Asked, SharedCommit, answer_of

R = TypeVar("R")

_KEY: Final = re.compile(r"[!-~]{1,255}\Z")
_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an authenticated caller who has the permission that the route asks for."""

    database: Database
    caller: Caller
    request: Request
    correlation_id: str
    idempotency_key: str | None = None
    dry_run: bool = False

    def needs(self, permission: str) -> None:
        """Raises NotPermitted where the caller's role does not have it."""
        if not allows(self.caller.role, permission):
            raise NotPermitted(
                f"this needs {permission}, which the role {self.caller.role} does not have", permission=permission
            )

    @property
    def key(self) -> str:
        """The Idempotency-Key of a request that moves money; a route of `money(…)` always has one."""
        assert self.idempotency_key is not None, "only a route of money(…) has an idempotency key"
        return self.idempotency_key

    def begin(self) -> AbstractContextManager[Tx]:
        """A transaction of the caller's tenant."""
        return self.database.begin(
            tenant_id=self.caller.tenant_id, actor=self.caller.actor, correlation_id=self.correlation_id
        )

    def once(self, work: Callable[[Tx], Any], *, status: int = 201) -> Any:
        """Do `work` once for this Idempotency-Key and answer with what it returned; a repeated request gets that again.

        A `Refused` is committed and answered as a problem. An error undoes everything and leaves the key free; a
        deadlock is tried once more. A dry run does everything, undoes it and leaves the key free.
        """
        for attempt in range(1, _TRIES + 1):
            try:
                return self._dry(work, status) if self.dry_run else self._once(work, status)
            except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
                if attempt == _TRIES:
                    raise Contended() from error
        raise AssertionError("the loop answers or raises")

    async def shared(self, intake: SharedCommit[R], body: R, *, status: int = 201) -> Response:
        """`once` where the answer may leave with others: `intake` does what `body` asks for in a commit that they share.

        Not for a dry run, nor where `shares` is false.
        """
        assert not self.dry_run, "a dry run undoes its transaction, which nobody can share"
        given = await intake.ask(
            Asked(
                self.caller.tenant_id,
                self.caller.actor,
                self.correlation_id,
                self.key,
                self._fingerprint(),
                status,
                body,
            )
        )
        return _response(given.answer, {"Idempotent-Replayed": "true"} if given.replayed else None)

    @property
    def shares(self) -> bool:
        """Whether this request may share a commit with others."""
        return not self.dry_run and bool(self.request.scope["headgate"].shares_commits)

    def answer(self, value: Any, *, status: int = 200) -> Response:
        """The answer to a write that moves no money: `value` as JSON, or a `Refused` as its problem."""
        return _response(answer_of(value, status, self.correlation_id))

    def _once(self, work: Callable[[Tx], Any], status: int) -> Response:
        fingerprint = self._fingerprint()
        with self.begin() as tx:
            stored = idempotency.recall(tx, self.key, fingerprint)
            if stored is not None:
                return _response(stored, {"Idempotent-Replayed": "true"})
            answer = answer_of(work(tx), status, self.correlation_id)
            idempotency.remember(tx, self.key, fingerprint, answer)
        return _response(answer)

    def _dry(self, work: Callable[[Tx], Any], status: int) -> Response:
        try:
            with self.begin() as tx:
                stored = idempotency.recall(tx, self.key, self._fingerprint())
                if stored is not None:
                    return _response(stored, {"Idempotent-Replayed": "true", "Dry-Run": "true"})
                value = work(tx)
                tx.run("SET CONSTRAINTS ALL IMMEDIATE")  # What a commit would have checked.
                answer = answer_of(value, status, self.correlation_id)
                raise _Undo(answer)
        except _Undo as undone:
            return _response(undone.answer, {"Dry-Run": "true"})

    def _fingerprint(self) -> idempotency.Fingerprint:
        state = self.request.scope["headgate"]
        content_type = self.request.headers.get("content-type", "")
        facts = sorted((name, value) for name, value in self.request.query_params.multi_items() if name != "dry_run")
        return idempotency.Fingerprint(
            self.request.method,
            self.request.scope["path"] + (f"?{urlencode(facts)}" if facts else ""),
            idempotency.body_hash(state.document, state.body, content_type),
        )


class _Undo(Exception):
    """Carries the answer of a dry run out of the transaction that is undone."""

    def __init__(self, answer: idempotency.Answer) -> None:
        self.answer = answer


def reads(permission: str) -> Any:
    """The dependency of a route that reads: `Annotated[Call, reads("ledger.read")]`."""
    return _dependency(permission)


def writes(permission: str) -> Any:
    """The dependency of a route that writes under no key of the request.

    Either it moves no money, and its verb is idempotent by itself; or the body holds a key for each posting.
    """
    return _dependency(permission)


def money(permission: str) -> Any:
    """The dependency of a route that moves money: needs the header Idempotency-Key, knows `?dry_run=true`."""
    assert permission in PERMISSIONS, f"no role has {permission}: see tenants/roles.py"

    async def call(
        request: Request,
        idempotency_key: Annotated[
            str | None,
            Header(alias="Idempotency-Key", description="1 to 255 visible ASCII characters; kept for ever"),
        ] = None,
        dry_run: Annotated[bool, Query(description="Do everything, then undo it; the key stays free")] = False,
    ) -> Call:
        permitted = _permitted(request, permission)
        if idempotency_key is None:
            raise IdempotencyKeyMissing()
        if not _KEY.match(idempotency_key):
            raise IdempotencyKeyMalformed()
        return Call(permitted.database, permitted.caller, request, permitted.correlation_id, idempotency_key, dry_run)

    return Depends(call)


def _dependency(permission: str) -> Any:
    assert permission in PERMISSIONS, f"no role has {permission}: see tenants/roles.py"

    async def call(request: Request) -> Call:
        return _permitted(request, permission)

    return Depends(call)


def _permitted(request: Request, permission: str) -> Call:
    state = request.scope["headgate"]
    caller: Caller | None = state.caller
    if caller is None:
        raise NoKey()
    call = Call(state.database, caller, request, state.request_id)
    call.needs(permission)
    return call


def _response(answer: idempotency.Answer, headers: dict[str, str] | None = None) -> Response:
    media_type = CONTENT_TYPE if answer.status >= 400 else "application/json"
    return Response(answer.answer, status_code=answer.status, headers=headers, media_type=media_type)
