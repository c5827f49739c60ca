"""HTTP: the JSON Schemas of what ingestion takes and gives, for those who send envelopes or read records elsewhere."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.responses import JSONResponse

from headgate.ingestion.schemas import schema_of, schemas
from headgate.web import Call, reads

router = APIRouter()
Reads = Annotated[Call, reads("ingestion.read")]


class SchemaModel(BaseModel):
    """One of the schemas, by the name that its documents carry in `schema`."""

    name: str
    title: str
    description: str


@router.get("/schemas")
def list_schemas(call: Reads) -> list[SchemaModel]:
    """The schemas: the payment envelope, and the two normalised records."""
    return [
        SchemaModel(name=name, title=one["title"], description=one["description"])
        for name, one in sorted(schemas().items())
    ]


@router.get("/schemas/{name}", response_model=dict[str, Any])
def get_schema(call: Reads, name: Annotated[str, Path(max_length=60)]) -> JSONResponse:
    """A schema itself: JSON Schema 2020-12."""
    return JSONResponse(schema_of(name), media_type="application/schema+json")
