"""HTTP: where providers' webhooks come in, and what a tenant says of it.

The door asks no key of who calls `/v1/ingestion/webhooks/` (web/door.py): the signature over the raw body is the key,
and nothing of the body is parsed before it is kept.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Final
from weakref import WeakKeyDictionary

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from headgate.core.db import Database
from headgate.ingestion import webhooks
from headgate.ingestion.webhooks import WebhookEndpoint
from headgate.web import Call, Gathering, reads, writes

router = APIRouter()
alias = APIRouter(tags=["ingestion"])
Reads = Annotated[Call, reads("ingestion.read")]
Manages = Annotated[Call, writes("ledger.manage")]
EndpointId = Annotated[str, Path(max_length=60, description="The endpoint, as whe_…")]


class NewWebhook(BaseModel):
    """Whose webhooks, and how they are signed."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(max_length=60, description="A word of the tenant's, as column")
    scheme: str = Field(max_length=24, description="column, stripe, standard or hmac_sha256")
    secret: str = Field(max_length=webhooks.SECRET_MAX, description="What the provider signs with; never shown again")
    provider_endpoint_id: str | None = Field(
        default=None, max_length=100, description="What the provider calls it, where it says that in a header"
    )
    allowed_networks: list[str] = Field(default=[], max_length=100, description="Who may send; empty: whoever signs")


class Kept(BaseModel):
    """The bytes are committed: the artifact that they are."""

    artifact_id: str


@router.post("/webhooks/{source}/{endpoint_id}")
async def receive_webhook(
    request: Request, source: Annotated[str, Path(max_length=60)], endpoint_id: EndpointId
) -> Kept:
    """What a provider sends and signs, at most 1 MiB. Answered as soon as its bytes are committed; sent again, the same."""
    return await _kept(request, source, endpoint_id)


@alias.post("/api/column/webhook")
async def receive_columns_webhook(request: Request) -> Kept:
    """The same, where Column's header `Webhook-Endpoint-Id` names the endpoint."""
    return await _kept(request, "column", None)


@router.post("/webhook-endpoints", status_code=201)
def set_webhook(call: Manages, body: NewWebhook) -> WebhookEndpoint:
    """Take webhooks of a source from now on; its id is the last part of the address to give to the provider."""
    with call.begin() as tx:
        return webhooks.set_webhook(tx, **body.model_dump())


@router.put("/webhook-endpoints/{endpoint_id}")
def change_webhook(call: Manages, endpoint_id: EndpointId, body: NewWebhook) -> WebhookEndpoint:
    """Change an endpoint, or its secret: the former one is good for a day more."""
    with call.begin() as tx:
        return webhooks.set_webhook(tx, endpoint_id=endpoint_id, **body.model_dump())


@router.get("/webhook-endpoints")
def list_webhooks(call: Reads) -> list[WebhookEndpoint]:
    """Every endpoint that takes webhooks, oldest first."""
    with call.begin() as tx:
        return webhooks.list_webhooks(tx)


@router.delete("/webhook-endpoints/{endpoint_id}", status_code=204)
def remove_webhook(call: Manages, endpoint_id: EndpointId) -> None:
    """Take no more there; what came stays."""
    with call.begin() as tx:
        webhooks.remove_webhook(tx, endpoint_id)


async def _kept(request: Request, source: str, endpoint_id: str | None) -> Kept:
    """Kept with whatever else came in the same instant: they share a commit."""
    state = request.scope["headgate"]
    sent = webhooks.Sent(
        source,
        endpoint_id,
        request.headers,
        state.body,
        request.client.host if request.client else None,
        state.request_id,
    )
    return Kept(artifact_id=await _door_of(state.database).ask(sent))


def _door_of(database: Database) -> Gathering[webhooks.Sent, str]:
    door = _DOORS.get(database)
    if door is None:
        door = _DOORS[database] = Gathering(
            partial(webhooks.accept_many, database), name="headgate webhooks", lot_max=SHARED_MAX
        )
    return door


SHARED_MAX: Final = 100
_DOORS: Final[WeakKeyDictionary[Database, Gathering[webhooks.Sent, str]]] = WeakKeyDictionary()
