"""Returns over HTTP: the list, the policy by code, payments that are paid again, and returns that are dishonored."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Path, Query

from headgate import cases
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.payments import debits
from headgate.payments.documents import FileModel, file_model
from headgate.payments.orders.debit_orders import DebitOrder
from headgate.payments.orders.documents import DebitOrderModel, debit_order_model
from headgate.payments.returns import dishonoring, retrying
from headgate.payments.returns import rules as return_rules
from headgate.payments.returns.documents import (
    ApprovedChange,
    DishonorModel,
    NewDishonor,
    NewDishonorRequest,
    NewFileRetry,
    NewRetry,
    NewRetryRequest,
    NewReturnPolicyRequest,
    RetryModel,
    ReturnModel,
    ReturnPolicyModel,
    dishonor_model,
    policy_model,
    retry_model,
    return_model,
)
from headgate.payments.returns.search import list_returns
from headgate.web import Call, Page, PageOf, money, page_of, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("payments.read")]
Asks = Annotated[Call, writes("payments.manage")]
Changes = Annotated[Call, money("payments.manage")]
Sends = Annotated[Call, money("payments.send")]
IdPath = Annotated[str, Path(max_length=40)]


@router.get("/returns")
def get_returns(
    call: Reads, page: Page, payment_id: Annotated[str | None, Query(max_length=40)] = None
) -> PageOf[ReturnModel]:
    """Returns, the newest first, with what was done and how far each is disputed."""
    with call.begin() as tx:
        rows = list_returns(tx, payment_id=payment_id, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=return_model)


@router.get("/return-policies")
def get_return_policies(call: Reads) -> list[ReturnPolicyModel]:
    """What is done with each return code."""
    with call.begin() as tx:
        return [policy_model(one) for one in return_rules.return_policies(tx).values()]


@router.post("/return-policies/requests", status_code=201)
def request_return_policy(call: Asks, body: NewReturnPolicyRequest) -> cases.Approval:
    """Ask another person to let returns of a code or group be treated so."""
    with call.begin() as tx:
        return return_rules.request_return_policy(tx, subject=body.subject, action=body.action, reason=body.reason)


@router.post("/return-policies/changes", status_code=201)
def set_return_policy(call: Changes, body: ApprovedChange) -> list[ReturnPolicyModel]:
    """Do what was approved, once; the policies of the codes that it touches."""

    def change(tx: Tx) -> Any:
        found = return_rules.set_return_policy(tx, approval_id=body.approval_id)
        return [policy_model(one) for one in found.values()]

    return cast(list[ReturnPolicyModel], call.once(change, status=201))


@router.post("/instructions/{payment_id}/retry-requests", status_code=201)
def request_retry(call: Asks, payment_id: IdPath, body: NewRetryRequest) -> cases.Approval:
    """Ask another person to have a payment paid again, where its reason needs two people."""
    with call.begin() as tx:
        return retrying.request_retry(
            tx, payment_id=payment_id, bank_account_id=body.bank_account_id, reason=body.reason
        )


@router.post("/instructions/{payment_id}/retries", status_code=201)
def retry_instruction(call: Changes, payment_id: IdPath, body: NewRetry) -> RetryModel:
    """Have a payment paid again that came back or was refused; it leaves by a new attempt, through the pay gate."""
    return cast(
        RetryModel,
        call.once(
            lambda tx: retry_model(retrying.retry_instruction(tx, payment_id=payment_id, **body.model_dump())),
            status=201,
        ),
    )


@router.post("/files/{file_id}/retries", status_code=201)
def retry_refused(call: Changes, file_id: IdPath, body: NewFileRetry) -> list[RetryModel]:
    """Have the payments of a file paid again that the bank refused."""
    return cast(
        list[RetryModel],
        call.once(
            lambda tx: [retry_model(one) for one in retrying.retry_refused(tx, file_id=file_id, reason=body.reason)],
            status=201,
        ),
    )


@router.post("/returns/{return_id}/dishonor-requests", status_code=201)
def request_dishonor(call: Asks, return_id: IdPath, body: NewDishonorRequest) -> cases.Approval:
    """Ask another person to dishonor a return with you; nothing changes yet."""
    with call.begin() as tx:
        return dishonoring.request_dishonor(tx, return_id=return_id, code=body.code, reason=body.reason)


@router.post("/debits/{debit_id}/representments", status_code=201)
def represent_debit(call: Sends, debit_id: IdPath) -> FileModel | DebitOrderModel:
    """Present a debit again that came back for want of funds, as RETRY PYMT; the file that carries it, or its order.

    At most twice within 180 days of the first's settlement: what may not go again is a problem that says why. What it
    is, a job delivers.
    """

    def represent(tx: Tx) -> Any:
        done = debits.represent_debit(tx, debit_id=debit_id)
        if isinstance(done, Refused):
            return done
        return debit_order_model(done) if isinstance(done, DebitOrder) else file_model(done)

    return cast(FileModel | DebitOrderModel, call.once(represent, status=201))


@router.post("/dishonors", status_code=201)
def dishonor_return(call: Sends, body: NewDishonor) -> DishonorModel:
    """Write the file that dishonors a return, as was approved, once. The file is delivered by a job."""

    def dishonor(tx: Tx) -> Any:
        done = dishonoring.dishonor_return(tx, approval_id=body.approval_id, on=body.on)
        return done if isinstance(done, Refused) else dishonor_model(done)

    return cast(DishonorModel, call.once(dishonor, status=201))
