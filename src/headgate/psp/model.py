"""What the library's front door takes and gives, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from headgate.core.config import Config
from headgate.core.db import Actor
from headgate.core.errors import MalformedId, Refused
from headgate.core.money import Money
from headgate.funding import GateResult, SettledDeposits
from headgate.payments import InvalidPayroll, Obligation, Payroll, PayrollItem, ReturnEffects, StatementEffects
from headgate.payments import PayrollBatch as _Batch
from headgate.psp.errors import OverrideReasonMissing, PayGateNotOptional

CommitStatus = Literal["committed", "committed_with_warnings", "blocked_policy", "blocked_funds"]


def as_uuid(tenant_id: UUID | str) -> UUID:
    """A tenant's id. Raises MalformedId."""
    try:
        return tenant_id if isinstance(tenant_id, UUID) else UUID(tenant_id)
    except ValueError:
        raise MalformedId(
            f"'{tenant_id}' is no tenant's id: it is the UUID that `headgate tenants list` shows"
        ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class PSPConfig:
    """For whom and as whom: one tenant, one legal entity, one actor.

    `actor` is a text for a person, or an `Actor` (`Actor.system("payroll-engine")`). `commit_gate_strict=False` is the
    emergency override of the commit gate, and asks for an `override_reason`; nothing turns the pay gate off. `config` is
    this installation's (keys, folders), by default the environment's. Raises PayGateNotOptional, OverrideReasonMissing,
    MalformedId.
    """

    tenant_id: UUID | str
    legal_entity_id: str
    actor: Actor | str
    commit_gate_strict: bool = True
    override_reason: str | None = None
    pay_gate_always_enforced: bool = True
    correlation_id: str | None = None
    config: Config | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.pay_gate_always_enforced is not True:
            raise PayGateNotOptional(
                "pay_gate_always_enforced cannot be False: the database itself refuses an attempt to pay without a consumed"
                " reservation of settled money, whoever writes, so there is nothing to turn off. In an emergency"
                " commit_gate_strict=False commits a payroll that lacks funds; its money leaves when it is there"
            )
        if not self.commit_gate_strict and not (self.override_reason or "").strip():
            raise OverrideReasonMissing(
                "commit_gate_strict=False is the emergency override, audited with actor and reason: give the reason as"
                " override_reason='…'"
            )
        as_uuid(self.tenant_id)

    @property
    def tenant(self) -> UUID:
        return as_uuid(self.tenant_id)

    @property
    def who(self) -> Actor:
        """The actor; a text is a person's name in the application."""
        return self.actor if isinstance(self.actor, Actor) else Actor("human", self.actor)


@dataclass(frozen=True, slots=True)
class PayrollBatch:
    """A payroll as its engine computed it: net pay by employee, taxes by agency, third parties, fees.

    `payroll_id` is the engine's own name for it, unique in its legal entity. Net pay is a `PayrollItem`, what is owed
    beside it an `Obligation`.
    """

    tenant_id: UUID | str
    legal_entity_id: str
    payroll_id: str
    pay_date: date
    currency: str
    items: tuple[PayrollItem | Obligation, ...]

    def as_payroll(self) -> _Batch:
        """The same, as payments take it. Raises InvalidPayroll where an item is neither net pay nor an obligation."""
        strange = [type(item).__name__ for item in self.items if not isinstance(item, PayrollItem | Obligation)]
        if strange:
            raise InvalidPayroll(
                f"payroll {self.payroll_id}: an item is a {strange[0]}; write net pay as PayrollItem, and what is owed beside"
                " it as Obligation"
            )
        return _Batch(
            legal_entity_id=self.legal_entity_id,
            payroll_id=self.payroll_id,
            pay_on=self.pay_date,
            currency=self.currency,
            items=tuple(item for item in self.items if isinstance(item, PayrollItem)),
            obligations=tuple(item for item in self.items if isinstance(item, Obligation)),
        )


@dataclass(frozen=True, slots=True)
class CommitResult:
    """What became of a commit. A blocked one moved nothing; the same call after funding is judged afresh.

    `committed_with_warnings`: it stands, but (a part of) its money is not there yet; the pay gate lets nothing leave
    before it is. `gate` is None where the payroll had been committed before.
    """

    status: CommitStatus
    payroll: Payroll
    gate: GateResult | None

    @property
    def is_committed(self) -> bool:
        return self.status in ("committed", "committed_with_warnings")

    @property
    def block_reason(self) -> str | None:
        """Why the gate said no: `insufficient_funds`, `policy_violation`, `reservation_conflict`."""
        return self.gate.reason if self.gate else None

    @property
    def client_message(self) -> str | None:
        """What the client may be told."""
        return self.gate.client_message if self.gate else None

    @property
    def shortfall(self) -> Money | None:
        """What is missing."""
        return self.gate.shortfall if self.gate else None


@dataclass(frozen=True, slots=True)
class SettlementFeed:
    """What a bank's or provider's bytes brought. The same bytes again move nothing.

    `refused` says why they were kept as evidence and nothing was done with them; a case then waits for a person.
    """

    artifact_id: str
    kind: str
    deposits: SettledDeposits | None = None
    statement: StatementEffects | None = None
    returns: ReturnEffects | None = None
    refused: Refused | None = None
