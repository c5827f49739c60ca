"""What a job that calls out to another machine is given."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import UUID

from headgate.core.db import Actor, Database, Tx


@dataclass(frozen=True, slots=True)
class Outside:
    """A tenant and an actor with no transaction open: one is opened for each part of the work, none around a call."""

    database: Database
    tenant_id: UUID
    actor: Actor
    correlation_id: str | None = None

    def begin(self) -> AbstractContextManager[Tx]:
        """A transaction of the tenant."""
        return self.database.begin(tenant_id=self.tenant_id, actor=self.actor, correlation_id=self.correlation_id)
