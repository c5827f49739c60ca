"""HTTP: where a tenant's evidence is fetched, how each source fares, and fetching one now."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from headgate.ingestion import sources
from headgate.ingestion.connectors import all_connectors
from headgate.ingestion.source_fetching import SourceFetched, fetch_source
from headgate.ingestion.sources import Source, SourceItem, SourceTry
from headgate.jobs import Outside
from headgate.web import Call, reads, writes

DOOR_SECONDS_MAX = 20.0
"""So long a request fetches; what is left comes by the job."""

router = APIRouter()
Reads = Annotated[Call, reads("ingestion.read")]
Fetches = Annotated[Call, writes("ingestion.upload")]
Manages = Annotated[Call, writes("ledger.manage")]
Name = Annotated[str, Path(max_length=40, description="A word of the tenant's, as amegy-statements")]
Limit = Annotated[int, Query(ge=1, le=200)]


class NewSource(BaseModel):
    """How and where evidence is fetched."""

    model_config = ConfigDict(extra="forbid")

    connector: str = Field(max_length=24, description="folder, sftp, email or poll")
    settings: dict[str, Any] = Field(description="What the connector must be told: GET /v1/ingestion/connectors")
    source: str | None = Field(
        default=None, max_length=60, description="What the artifacts call where they come from; else the name"
    )
    every_seconds: int | None = Field(
        default=None, ge=60, le=604_800, description="How often it is fetched; else every 5 minutes, SFTP once a day"
    )
    login: str | None = Field(default=None, max_length=24, description="The kind of secret: key, password or token")
    secret: str | None = Field(
        default=None,
        max_length=sources.SECRET_MAX,
        description="Never shown again; left out, the one that stands is kept",
    )


class ConnectorModel(BaseModel):
    """A way to fetch: the kinds of secret that it takes, and its settings as JSON Schema."""

    name: str
    title: str
    logins: list[str]
    is_login_optional: bool
    settings: dict[str, Any]


@router.get("/connectors")
def list_connectors(call: Reads) -> list[ConnectorModel]:
    """The ways to fetch, each with what it must be told."""
    return [
        ConnectorModel(
            name=name,
            title=one.title,
            logins=list(one.logins),
            is_login_optional=one.is_login_optional,
            settings=one.settings.model_json_schema(),
        )
        for name, one in all_connectors().items()
    ]


@router.get("/sources")
def list_sources(call: Reads) -> list[Source]:
    """Every source that is fetched, by name, with its health."""
    with call.begin() as tx:
        return sources.list_sources(tx)


@router.get("/sources/{name}")
def get_source(call: Reads, name: Name) -> Source:
    """One source, with its health."""
    with call.begin() as tx:
        return sources.get_source(tx, name)


@router.put("/sources/{name}")
def set_source(call: Manages, name: Name, body: NewSource) -> Source:
    """Fetch there from now on; a source of that name is replaced, and goes on where it stood if the place is the same."""
    terms = sources.check_source(call.database.config, name=name, **body.model_dump())
    with call.begin() as tx:
        return sources.set_source(tx, terms)


@router.delete("/sources/{name}", status_code=204)
def remove_source(call: Manages, name: Name) -> None:
    """Fetch there no more; what was taken stays."""
    with call.begin() as tx:
        sources.remove_source(tx, name)


@router.post("/sources/{name}/fetch")
def fetch(call: Fetches, name: Name) -> SourceFetched:
    """Fetch it now, for some seconds; what is left comes by itself. A failure is an answer, and says why."""
    outside = Outside(call.database, call.caller.tenant_id, call.caller.actor, call.correlation_id)
    return fetch_source(outside, name, seconds_max=DOOR_SECONDS_MAX)


@router.get("/sources/{name}/tries")
def list_tries(call: Reads, name: Name, limit: Limit = 50) -> list[SourceTry]:
    """The tries that brought something or went wrong, the latest first."""
    with call.begin() as tx:
        return sources.list_source_tries(tx, name, limit=limit)


@router.get("/sources/{name}/items")
def list_items(call: Reads, name: Name, limit: Limit = 50) -> list[SourceItem]:
    """What it gave, the latest first: the artifact that each became, or why it became none."""
    with call.begin() as tx:
        return sources.list_source_items(tx, name, limit=limit)
