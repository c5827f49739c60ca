"""RFC 9457 problems: every error and refusal as one shape, with a code, the request's id and whether to try again.

```json
{"type": "urn:headgate:problem:web.invalid", "title": "A field of the request is …", "status": 422,
 "detail": "entries[0].amount.minor: write a whole number of minor units", "code": "web.invalid",
 "request_id": "cor_…", "retryable": false, "facts": {}, "errors": [{"field": "entries[0].amount.minor", …}]}
```
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import psycopg
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from headgate.core import log
from headgate.core.errors import BY_CODE, HeadgateError, Refused
from headgate.web.errors import (
    Contended,
    Invalid,
    MalformedBody,
    MethodNotAllowed,
    RouteNotFound,
    RuleRefused,
    ValueRefused,
)
from headgate.web.rendering import rendered

CONTENT_TYPE = "application/problem+json"
_LOG = log.get(__name__)


class FieldFault(BaseModel):
    """One field that is not as it should be."""

    field: str = Field(description="Where: entries[0].amount.minor, or query.limit")
    code: str
    message: str = Field(description="What is wrong and how to mend it")


class Problem(BaseModel):
    """An error or a refusal (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="urn:headgate:problem: and the code")
    title: str
    status: int
    detail: str = Field(description="What went wrong and how to mend it, for a person")
    code: str = Field(description="domain.name: what a program decides by")
    request_id: str = Field(description="Also in the header X-Request-Id; the log and the audit trail know it")
    retryable: bool = Field(description="Whether the same request, unchanged, may succeed later")
    facts: dict[str, Any] = Field(description="The figures behind it")
    errors: list[FieldFault] | None = None


def problem(
    *,
    code: str,
    status: int,
    detail: str,
    request_id: str,
    retryable: bool = False,
    facts: Mapping[str, Any] | None = None,
    faults: Sequence[FieldFault] | None = None,
) -> str:
    """The text of a problem."""
    known = BY_CODE.get(code)
    title = (known.__doc__ or "").strip().splitlines()[0] if known and known.__doc__ else "A rule refused this"
    document: dict[str, Any] = {
        "type": f"urn:headgate:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
        "retryable": retryable,
        "facts": dict(facts or {}),
    }
    if faults is not None:
        document["errors"] = list(faults)
    return rendered(document)


def of_error(error: HeadgateError, request_id: str) -> str:
    """The problem of one of our errors."""
    return problem(
        code=error.code,
        status=error.status,
        detail=error.message,
        request_id=request_id,
        retryable=error.retryable,
        facts=error.facts,
    )


def of_refusal(refused: Refused, request_id: str) -> str:
    """The problem of a business refusal."""
    return problem(
        code=refused.code, status=refused.status, detail=refused.message, request_id=request_id, facts=refused.facts
    )


def respond_to_error(error: HeadgateError, request_id: str) -> Response:
    """The answer to one of our errors, with the headers that belong to its status."""
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="headgate"'
    if error.retryable:
        headers["Retry-After"] = "1"
    return Response(of_error(error, request_id), status_code=error.status, headers=headers, media_type=CONTENT_TYPE)


def of_database_error(error: psycopg.Error) -> HeadgateError | None:
    """What a verb let through from the database, as an error of ours; None where it is a fault of this program."""
    if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
        return Contended()
    if isinstance(error, psycopg.errors.DataError):
        return ValueRefused(error.diag.message_primary or "a value does not fit its field")
    if isinstance(error, psycopg.IntegrityError):
        rule = error.diag.constraint_name or "unnamed"
        return RuleRefused(f"the rule {rule} refuses this", constraint=rule)
    return None


def of_unknown_error(error: Exception, request_id: str) -> Response:
    """The answer to what nobody foresaw: a 500 that says nothing of the inside, and a log line that says all."""
    if isinstance(error, psycopg.Error) and (known := of_database_error(error)) is not None:
        _LOG.warning(
            "a database rule spoke where a verb should have", extra={"code": known.code, "detail": known.message}
        )
        return respond_to_error(known, request_id)
    _LOG.error("a request failed", exc_info=error)
    text = problem(
        code="core.internal",
        status=500,
        detail="Headgate failed; nothing was changed. The log has the cause under this request_id.",
        request_id=request_id,
    )
    return Response(text, status_code=500, media_type=CONTENT_TYPE)


def of_http_exception(error: HTTPException, request: Request, request_id: str) -> Response:
    """What the router itself refuses: an unknown path, a method that the path does not take."""
    if error.status_code == 405:
        answer = respond_to_error(MethodNotAllowed(f"{request.url.path} does not take {request.method}"), request_id)
        answer.headers.update(error.headers or {})
        return answer
    if error.status_code == 404:
        return respond_to_error(RouteNotFound(f"there is no {request.url.path}"), request_id)
    text = problem(
        code="web.malformed_request", status=error.status_code, detail=str(error.detail), request_id=request_id
    )
    return Response(text, status_code=error.status_code, headers=error.headers, media_type=CONTENT_TYPE)


def of_validation(error: RequestValidationError, request_id: str) -> Response:
    """Every field at fault, by name, with what to write instead. What was sent is not repeated: it may be a secret."""
    faults = field_faults(error.errors())
    unreadable = next((fault for fault in faults if fault.code == "json_invalid"), None)
    if unreadable is not None:
        return respond_to_error(MalformedBody(unreadable.message), request_id)
    text = problem(
        code=Invalid.code,
        status=Invalid.status,
        detail="; ".join(f"{fault.field}: {fault.message}" for fault in faults[:5]),
        request_id=request_id,
        faults=faults,
    )
    return Response(text, status_code=Invalid.status, media_type=CONTENT_TYPE)


def field_faults(errors: Iterable[Mapping[str, Any]]) -> list[FieldFault]:
    """What pydantic found wrong, each by the name of its field and with what to write instead."""
    return [_fault(found) for found in errors]


_MENDING = {
    "missing": "this field is required",
    "extra_forbidden": "there is no such field; remove it",
    "int_type": "write a whole number without quotes or decimals; amounts are minor units, 12.50 USD is 1250",
    "int_from_float": "write a whole number; amounts are minor units, 12.50 USD is 1250",
    "string_type": "write text in quotes",
    "bool_type": "write true or false",
    "model_attributes_type": "write an object",
    "dict_type": "write an object",
    "list_type": "write a list",
}


def _fault(found: Mapping[str, Any]) -> FieldFault:
    code = str(found["type"])
    message = _MENDING.get(code)
    if message is None:
        message = str(found["msg"]).removeprefix("Value error, ")
    return FieldFault(field=_place(found["loc"]), code=code, message=message[:300])


def _place(location: Sequence[str | int]) -> str:
    parts = list(location)
    if parts and parts[0] == "body":
        parts = parts[1:] or ["body"]
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{str(part)[:60]}" if text else str(part)[:60]
    return text
