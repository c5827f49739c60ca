"""HTTP: where a tenant's exchange rates are read from. The job `fx_rates_daily` reads them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from headgate.core import egress
from headgate.ingestion import rate_sources
from headgate.ingestion.rate_sources import RateSource
from headgate.web import Call, reads, writes

router = APIRouter()
Reads = Annotated[Call, reads("ingestion.read")]
Manages = Annotated[Call, writes("ledger.manage")]
Name = Annotated[str, Path(max_length=40, description="A word of the tenant's, as ecb")]


class NewRateSource(BaseModel):
    """Which URL, and in which format it answers."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=rate_sources.URL_MAX)]
    format: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=40)] = Field(
        description="csv_v1 or ecb_xml_v1"
    )


@router.put("/rate-sources/{name}")
def set_rate_source(call: Manages, name: Name, body: NewRateSource) -> RateSource:
    """Read exchange rates from this URL every day; a source of that name is replaced. Its query is never shown again."""
    rate_sources.shown_url(body.url)
    egress.Client.from_config(call.database.config).check(body.url)
    with call.begin() as tx:
        return rate_sources.set_rate_source(tx, name=name, url=body.url, format=body.format)


@router.get("/rate-sources")
def list_rate_sources(call: Reads) -> list[RateSource]:
    """Every source of exchange rates, with what its last try gave."""
    with call.begin() as tx:
        return rate_sources.list_rate_sources(tx)


@router.delete("/rate-sources/{name}", status_code=204)
def remove_rate_source(call: Manages, name: Name) -> None:
    """Read it no more; what was read stays."""
    with call.begin() as tx:
        rate_sources.remove_rate_source(tx, name)
