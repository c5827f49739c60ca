"""What the foundation's own routes take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from headgate.web.rendering import CurrencyCode


class TenantModel(BaseModel):
    """The tenant of the key."""

    id: UUID
    slug: str
    name: str
    livemode: bool
    now: datetime = Field(description="The tenant's now; only a test tenant's clock can be moved")


class NewLegalEntity(BaseModel):
    """A legal entity to create."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=200)
    time_zone: str = Field(
        min_length=1, max_length=60, description="An IANA name, as America/Chicago; says when its day ends"
    )
    currency: CurrencyCode


class LegalEntityModel(BaseModel):
    """A company whose money is kept apart."""

    id: str
    name: str
    time_zone: str
    currency: str
    created_at: datetime


class PersonModel(BaseModel):
    """A human being who acts by keys."""

    id: str
    email: str
    display_name: str
    created_at: datetime


class ApiKeyModel(BaseModel):
    """A key without its secret."""

    id: str
    name: str
    role: str
    last_four: str
    user_id: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class AuditEventModel(BaseModel):
    """One recorded fact."""

    id: str
    type: str
    event_time: datetime
    actor_type: str
    actor_id: str
    person_id: str | None
    correlation_id: str | None
    payment_id: str | None
    ingestion_id: str | None
    data: dict[str, Any]


class DeadLetterModel(BaseModel):
    """A message given up after its last attempt. The payload is not shown: it stays where it is handled."""

    id: str
    consumer: str = Field(description="Who could not handle it; empty where it never reached the transport")
    event_type: str
    aggregate_type: str
    aggregate_id: str
    correlation_id: str | None
    attempt_count: int
    last_error: str
    dead_at: datetime
    requeued_at: datetime | None


class RequeueModel(BaseModel):
    """Which dead letters are tried again: a query of the list, as consumer:funding.deposits age:<1d; empty for all."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(default="", max_length=300)


class RequeuedModel(BaseModel):
    """The dead letter that is tried again."""

    id: str
