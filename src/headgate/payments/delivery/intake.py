"""What a bank sends is taken in: kept, read, and told to funding and payments. The same bytes again move nothing."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from headgate import funding, ingestion
from headgate.core.db import Actor, Database
from headgate.core.errors import HeadgateError, Refused
from headgate.payments.model import ReturnEffects, StatementEffects
from headgate.payments.settlement.telling import tell

SOURCE = "bank"


@dataclass(frozen=True, slots=True)
class TakenIn:
    """A file of a bank: its artifact, what it is, and what became of it. `failure`: why it could not be told on."""

    artifact_id: str
    kind: str
    is_new: bool
    refused: Refused | None = None
    deposits: funding.SettledDeposits | None = None
    statement: StatementEffects | None = None
    returns: ReturnEffects | None = None
    failure: str | None = None

    @property
    def outcome(self) -> str:
        """What became of it, in a line."""
        if self.refused is not None:
            return self.refused.message
        if self.failure is not None:
            return f"not taken in: {self.failure}"
        if self.statement is not None:
            parts = [
                (len(self.deposits.new) if self.deposits else 0, "deposits"),
                (self.statement.instructions_settled, "payments settled"),
                (self.statement.debits_settled, "debits of clients settled"),
                (self.statement.return_credits, "returned amounts given back"),
                (len(self.statement.mismatched), "files that differ"),
            ]
            return ", ".join(f"{count} {what}" for count, what in parts if count) or "nothing new"
        if self.returns is not None:
            parts = [
                (len(self.returns.returned), "payments returned"),
                (self.returns.debits_returned, "debits of clients returned"),
                (self.returns.orphans, "returns of nothing that was sent"),
                (self.returns.corrected, "payees corrected"),
                (self.returns.to_decide, "changes to decide"),
                (self.returns.repeated, "known already"),
            ]
            return ", ".join(f"{count} {what}" for count, what in parts if count) or "nothing returned"
        return f"a {self.kind}, which moves nothing: it is kept"


def take_in(
    database: Database, tenant_id: UUID, *, filename: str, data: bytes, actor: Actor, source: str = SOURCE
) -> TakenIn:
    """Take one file in, each step in a transaction of its own: the bytes stay whatever becomes of reading them.

    What can be read and not be told on says why (`failure`); taken in again, it is told again. Raises EmptyArtifact,
    ArtifactTooLarge, MalformedArtifact.
    """
    with database.begin(tenant_id=tenant_id, actor=actor) as tx:
        artifact = ingestion.receive(tx, source=source, filename=filename, data=data)
    with database.begin(tenant_id=tenant_id, actor=actor) as tx:
        reading = ingestion.reading_of(tx, artifact.id) or ingestion.read(tx, artifact.id)
        kind = ingestion.get_artifact(tx, artifact.id).kind
    if isinstance(reading, Refused):
        return TakenIn(artifact.id, kind, artifact.is_new, refused=reading)
    try:
        with database.begin(tenant_id=tenant_id, actor=actor) as tx:
            told = tell(tx, artifact.id, kind)
    except HeadgateError as error:
        return TakenIn(artifact.id, kind, artifact.is_new, failure=error.message)
    return TakenIn(artifact.id, kind, artifact.is_new, None, told.deposits, told.statement, told.returns)
