"""Payrolls over HTTP, beside their list: in from a register, judged again, asked for execution, and why one is held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, cast

from fastapi import APIRouter, File, Form, Path, Query, UploadFile
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from headgate import ingestion
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.payments import examples
from headgate.payments.documents import CommitModel, commit_answer
from headgate.payments.model import CommitResult
from headgate.payments.payrolls import asking, execution, held
from headgate.payments.payrolls.gate_documents import (
    DryRunModel,
    HeldModel,
    QueuedModel,
    dry_run_model,
    held_model,
    queued_model,
)
from headgate.payments.payrolls.registers import commit_register
from headgate.web import Call, CurrencyCode, money, reads

router = APIRouter()

Reads = Annotated[Call, reads("payments.read")]
Commits = Annotated[Call, money("payments.manage")]
Sends = Annotated[Call, money("payments.send")]
IdPath = Annotated[str, Path(max_length=40)]

_ID = {"max_length": 40, "description": "The legal entity that pays, as le_…"}
_NAME = {"min_length": 1, "max_length": 100, "description": "The payroll engine's own name for it"}

REGISTER_BODIES: dict[str, Any] = {
    "requestBody": {
        "content": {
            "text/csv": {
                "schema": {"type": "string", "description": "A register; its facts stand in the query"},
                "example": "employee_id,name,routing_number,account_number,account_type,net_pay\n"
                "E-1,Ada Example,021000021,1234567890,checking,1250.00\n",
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file", "legal_entity_id", "payroll_id", "pay_on"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "A register, CSV or XLSX"},
                        "legal_entity_id": {"type": "string"},
                        "payroll_id": {"type": "string"},
                        "pay_on": {"type": "string", "format": "date"},
                        "currency": {"type": "string", "default": "USD"},
                    },
                },
            },
        }
    }
}
"""What `POST /v1/payments/payrolls` takes beside JSON, for the OpenAPI document."""


class _Typed(APIRoute):
    """A route of an address that others serve too: it takes bodies of its own content type alone."""

    content_type = ""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        found, child = super().matches(scope)
        sent = next((value for name, value in scope.get("headers", ()) if name == b"content-type"), b"")
        essence = sent.split(b";", 1)[0].strip().lower().decode("latin-1")
        return (found, child) if essence == self.content_type else (Match.NONE, {})


class OfCsv(_Typed):
    """`text/csv`."""

    content_type = "text/csv"


class OfForm(_Typed):
    """`multipart/form-data`."""

    content_type = "multipart/form-data"


def commit_csv(
    call: Commits,
    legal_entity_id: Annotated[str, Query(**_ID)],
    payroll_id: Annotated[str, Query(**_NAME)],
    pay_on: Annotated[date, Query()],
    currency: CurrencyCode = "USD",
    filename: Annotated[str, Query(max_length=200)] = "register.csv",
) -> CommitModel:
    """Commit the payroll of a register that is the body."""
    data: bytes = call.request.scope["headgate"].body
    return _commit(call, data, filename, legal_entity_id, payroll_id, pay_on, currency)


def commit_form(
    call: Commits,
    file: Annotated[UploadFile, File()],
    legal_entity_id: Annotated[str, Form(**_ID)],
    payroll_id: Annotated[str, Form(**_NAME)],
    pay_on: Annotated[date, Form()],
    currency: Annotated[CurrencyCode, Form()] = "USD",
) -> CommitModel:
    """Commit the payroll of a register that is a file of a form."""
    return _commit(call, file.file.read(), file.filename or "register", legal_entity_id, payroll_id, pay_on, currency)


for _route_class, _endpoint in ((OfCsv, commit_csv), (OfForm, commit_form)):
    router.add_api_route(
        "/payrolls",
        _endpoint,
        methods=["POST"],
        status_code=201,
        response_model=CommitModel,
        include_in_schema=False,
        route_class_override=_route_class,
    )


def answered(call: Call, work: Callable[[Tx], CommitResult | Refused]) -> CommitModel:
    """The answer to a commit, once for its key; to a dry run, what it would come to, whether the gate opens or not."""

    def told(tx: Tx) -> CommitModel | DryRunModel | Refused:
        result = work(tx)
        if isinstance(result, Refused):
            return result
        return dry_run_model(result) if call.dry_run else commit_answer(result)

    return cast(CommitModel, call.once(told, status=200 if call.dry_run else 201))


def _commit(
    call: Call, data: bytes, filename: str, legal_entity_id: str, payroll_id: str, pay_on: date, currency: str
) -> CommitModel:
    def received(tx: Tx) -> tuple[str, ingestion.Reading | Refused]:
        artifact = ingestion.receive(tx, source="upload", filename=filename, data=data)
        return artifact.id, ingestion.read(tx, artifact.id)

    if not call.dry_run:
        # The bytes stay, with their faults, whatever becomes of the payroll. The same bytes again are the same artifact.
        with call.begin() as tx:
            received(tx)

    def work(tx: Tx) -> CommitResult | Refused:
        artifact_id, reading = received(tx)
        if isinstance(reading, Refused):
            return reading
        return commit_register(
            tx,
            artifact_id=artifact_id,
            legal_entity_id=legal_entity_id,
            payroll_id=payroll_id,
            pay_on=pay_on,
            currency=currency,
        )

    return answered(call, work)


@router.get("/payrolls/{payroll_id}/gate")
def get_held(call: Reads, payroll_id: IdPath) -> HeldModel:
    """Why the gate holds a payroll: its figures, the policies that stand against it, and what would open it.

    A 404 where it holds none of that id.
    """
    with call.begin() as tx:
        found = held.held_payroll(tx, payroll_id)
        return held_model(found, held.standing(tx, found))


@router.post("/payrolls/{payroll_id}/judge", status_code=201)
def judge_again(call: Commits, payroll_id: IdPath) -> CommitModel:
    """Ask the gate again about a payroll that it holds, as it stands: by the money, policies and exceptions of now."""
    return answered(call, lambda tx: asking.judge_again(tx, payroll_id=payroll_id))


@router.post("/payrolls/{payroll_id}/execute", status_code=201, responses=examples.QUEUED)
def execute(call: Sends, payroll_id: IdPath) -> QueuedModel:
    """Ask that a committed payroll be paid. Nothing leaves here: what is due is sent by a submission."""

    def queue(tx: Tx) -> QueuedModel | Refused:
        queued = execution.queue_payroll(tx, payroll_id=payroll_id)
        return queued if isinstance(queued, Refused) else queued_model(queued)

    return cast(QueuedModel, call.once(queue, status=201))
