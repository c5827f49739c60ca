"""A service bound to the caller's session: each of its calls is a savepoint in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any
from uuid import UUID

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.borrowed import borrowed
from headgate.core.config import Config
from headgate.core.db import Tx
from headgate.psp.errors import BoundElsewhere
from headgate.psp.model import PSPConfig, as_uuid


@cache
def _environment() -> Config:
    """This installation's settings, read once."""
    return Config.from_environment()


class Bound:
    """One session, one tenant, one legal entity, one actor; what it does has one correlation id."""

    def __init__(self, session: Any, config: PSPConfig) -> None:
        self.session = session
        self.config = replace(config, correlation_id=config.correlation_id or ids.new("cor"))

    @property
    def installation(self) -> Config:
        """Keys and folders."""
        return self.config.config or _environment()

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction for any of Headgate's verbs, several at once, within the caller's. Commits nothing."""
        with borrowed(
            self.session,
            tenant_id=self.config.tenant,
            actor=self.config.who,
            correlation_id=self.config.correlation_id,
            config=self.installation,
        ) as tx:
            yield tx

    def _check(self, *, tenant_id: UUID | str | None = None, legal_entity_id: str | None = None) -> None:
        """Raises BoundElsewhere where a call names another tenant or legal entity than this is bound to."""
        if tenant_id is not None and as_uuid(tenant_id) != self.config.tenant:
            raise BoundElsewhere(
                f"this is bound to tenant {self.config.tenant}, not to {tenant_id}: make one for that tenant"
            )
        if legal_entity_id is not None and legal_entity_id != self.config.legal_entity_id:
            raise BoundElsewhere(
                f"this is bound to legal entity {self.config.legal_entity_id}, not to {legal_entity_id}: make one for that"
            )

    def _client_funds(self, tx: Tx, currency: str | None) -> int:
        """The legal entity's CLIENT_FUNDS, in its own currency unless another is named."""
        entity = tenants.legal_entity(tx, self.config.legal_entity_id)
        return ledger.account_for(tx, "CLIENT_FUNDS", currency or entity.currency, legal_entity_id=entity.id).id


def reservation_number(reservation_id: int | str) -> int:
    """A reservation's number, from it or from its id (`rsv_…`). Raises MalformedId."""
    return reservation_id if isinstance(reservation_id, int) else ids.decode("rsv", reservation_id)
