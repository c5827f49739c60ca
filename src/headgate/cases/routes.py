"""HTTP: cases and approvals. Who votes is who the key belongs to, never a name in the body."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from headgate.cases import approvals, exceptions, queries
from headgate.cases.model import Approval, ApprovalStatus, Case, CaseState, Severity
from headgate.web import Call, Page, PageOf, page_of, reads, writes

router = APIRouter(prefix="/v1/cases", tags=["cases"])
Reads = Annotated[Call, reads("cases.read")]
Manages = Annotated[Call, writes("cases.manage")]
Approves = Annotated[Call, writes("cases.approve")]

_BODY = ConfigDict(extra="forbid")
Words = Annotated[str, Field(min_length=1, max_length=2000)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="The digest that you read on the request.")]


class Assignment(BaseModel):
    model_config = _BODY
    assigned_to: Annotated[str, Field(max_length=100)] | None


class Ending(BaseModel):
    model_config = _BODY
    state: Literal["resolved", "cancelled"]
    resolution: Words
    approval_id: Annotated[str, Field(max_length=40)] | None = None


class EndingRequest(BaseModel):
    model_config = _BODY
    state: Literal["resolved", "cancelled"]
    resolution: Words
    reason: Words
    hours: Annotated[int, Field(ge=1, le=168, description="How long the request stands.")] = 24


class Yes(BaseModel):
    model_config = _BODY
    digest: Digest


class No(BaseModel):
    model_config = _BODY
    digest: Digest
    reason: Words


@router.get("")
def list_cases(
    call: Reads, page: Page, state: CaseState | None = None, severity: Severity | None = None
) -> PageOf[Case]:
    """Cases, newest first."""
    with call.begin() as tx:
        rows = queries.list_cases(tx, state=state, severity=severity, before=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda case: case.id)


@router.get("/approvals")
def list_approvals(call: Reads, page: Page, status: ApprovalStatus | None = None) -> PageOf[Approval]:
    """Approval requests, newest first."""
    with call.begin() as tx:
        rows = queries.list_approvals(tx, status=status, before=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda approval: approval.id)


@router.get("/approvals/{approval_id}")
def get_approval(call: Reads, approval_id: str) -> Approval:
    """One approval request, with the digest to approve."""
    with call.begin() as tx:
        return queries.get_approval(tx, approval_id)


@router.post("/approvals/{approval_id}/approve")
def approve(call: Approves, approval_id: str, body: Yes) -> Approval:
    """Say yes to exactly what you read. Nobody approves what they asked for."""
    with call.begin() as tx:
        return approvals.approve(tx, approval_id=approval_id, digest=body.digest)


@router.post("/approvals/{approval_id}/reject")
def reject(call: Approves, approval_id: str, body: No) -> Approval:
    """Say no, and why. One no ends the request."""
    with call.begin() as tx:
        return approvals.reject(tx, approval_id=approval_id, digest=body.digest, reason=body.reason)


@router.get("/{case_id}")
def get_case(call: Reads, case_id: str) -> Case:
    """One case."""
    with call.begin() as tx:
        return queries.get_case(tx, case_id)


@router.post("/{case_id}/assign")
def assign(call: Manages, case_id: str, body: Assignment) -> Case:
    """Give a case to a person, or with null back to everyone."""
    with call.begin() as tx:
        return exceptions.assign(tx, case_id=case_id, assigned_to=body.assigned_to)


@router.post("/{case_id}/ending-requests", status_code=201)
def request_ending(call: Manages, case_id: str, body: EndingRequest) -> Approval:
    """Ask another person to allow the ending of a high or critical case in exactly these words."""
    with call.begin() as tx:
        case = queries.get_case(tx, case_id)
        return approvals.request(
            tx,
            action="cases.end",
            subject=case.id,
            document=exceptions.ending(case.id, body.state, body.resolution),
            reason=body.reason,
            life=timedelta(hours=body.hours),
        )


@router.post("/{case_id}/end")
def end_case(call: Manages, case_id: str, body: Ending) -> Case:
    """Resolve or cancel a case, saying how; a high or critical one names the approval of this ending."""
    with call.begin() as tx:
        return exceptions.end_case(
            tx, case_id=case_id, state=body.state, resolution=body.resolution, approval_id=body.approval_id
        )
