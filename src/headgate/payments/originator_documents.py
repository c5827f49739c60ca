"""Originators as JSON: how a legal entity stands in its ACH files."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class NewOriginator(BaseModel):
    """How a legal entity stands in its ACH files, as its bank agreed."""

    model_config = ConfigDict(extra="forbid")

    odfi_routing_number: str = Field(max_length=9)
    destination_name: str = Field(max_length=23)
    immediate_origin: str = Field(max_length=10)
    origin_name: str = Field(max_length=23)
    company_name: str = Field(max_length=16)
    company_identification: str = Field(max_length=10)


class OriginatorModel(NewOriginator):
    """How a legal entity stands in its ACH files."""

    legal_entity_id: str
