"""What the gate judges by, as JSON: the changes that two people make, and limits, overrides and credit as they stand."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.dataclasses import dataclass as checked

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding import credit, limits, overrides, settings
from headgate.funding.credit import CreditStanding
from headgate.funding.limits import LimitRow
from headgate.funding.overrides import Override, OverrideKind
from headgate.funding.policy import Limit
from headgate.web import CurrencyCode, MoneyModel

Id = Annotated[str, Field(max_length=40)]
Minor = Annotated[int | None, Field(ge=0, le=2**62)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LimitFigures(Body):
    """The figures of a limit: those that its policy has."""

    amount_minor: Minor = None
    count: Minor = None
    ratio_bps: Minor = None
    days: Annotated[int | None, Field(ge=0, le=366)] = None


class LimitChange(Body):
    """A policy's limit, for one legal entity or for all together; without figures the policy is switched off."""

    kind: Literal["limit"]
    policy: str = Field(max_length=60)
    currency: CurrencyCode
    limit: LimitFigures | None
    legal_entity_id: Id | None = None
    valid_until: AwareDatetime | None = None

    def facts(self) -> dict[str, Any]:
        figures = Limit(**self.limit.model_dump()) if self.limit else None
        return {
            "policy": self.policy, "currency": self.currency, "limit": figures,
            "legal_entity_id": self.legal_entity_id, "valid_until": self.valid_until,
        }  # fmt: skip

    def asks(self, tx: Tx) -> tuple[str, dict[str, Any]]:
        return limits.ACTION, limits.change_document(tx, **self.facts())

    def make(self, tx: Tx, *, reason: str, approval_id: str, key: str) -> None:
        limits.set_limit(tx, **self.facts(), reason=reason, approval_id=approval_id)


class SettingChange(Body):
    """A setting of the commit gate or of funding; none is about the pay gate."""

    kind: Literal["setting"]
    name: str = Field(max_length=60)
    value: str = Field(max_length=60)
    legal_entity_id: Id | None = None
    valid_until: AwareDatetime | None = None

    def facts(self) -> dict[str, Any]:
        return self.model_dump(exclude={"kind"})

    def asks(self, tx: Tx) -> tuple[str, dict[str, Any]]:
        return settings.ACTION, settings.change_document(tx, **self.facts())

    def make(self, tx: Tx, *, reason: str, approval_id: str, key: str) -> None:
        settings.change_setting(tx, **self.facts(), reason=reason, approval_id=approval_id)


class OverrideGrant(Body):
    """One policy left out for one payroll (its id as subject), or a blocked payee paid for a time."""

    kind: Literal["override"]
    override: OverrideKind
    legal_entity_id: Id
    valid_until: AwareDatetime
    policy: str | None = Field(default=None, max_length=60)
    subject: Id | None = None
    party_id: Id | None = None

    def facts(self) -> dict[str, Any]:
        return {"kind": self.override, **self.model_dump(exclude={"kind", "override"})}

    def asks(self, tx: Tx) -> tuple[str, dict[str, Any]]:
        return overrides.ACTION, overrides.grant_document(tx, **self.facts())

    def make(self, tx: Tx, *, reason: str, approval_id: str, key: str) -> None:
        overrides.grant_override(tx, **self.facts(), reason=reason, approval_id=approval_id)


class CreditLineChange(Body):
    """How much of the tenant's own money a client may be lent, until when."""

    kind: Literal["credit_line"]
    legal_entity_id: Id
    limit: MoneyModel
    valid_until: AwareDatetime

    def facts(self) -> dict[str, Any]:
        return {
            "legal_entity_id": self.legal_entity_id, "limit": self.limit.money(), "valid_until": self.valid_until,
        }  # fmt: skip

    def asks(self, tx: Tx) -> tuple[str, dict[str, Any]]:
        return credit.LINE_ACTION, credit.line_document(tx, **self.facts())

    def make(self, tx: Tx, *, reason: str, approval_id: str, key: str) -> None:
        credit.set_credit_line(tx, **self.facts(), reason=reason, approval_id=approval_id)


class CreditDrawing(Body):
    """The tenant's own settled money, posted into the client's funds."""

    kind: Literal["credit_draw"]
    legal_entity_id: Id
    amount: MoneyModel

    def facts(self) -> dict[str, Any]:
        return {"legal_entity_id": self.legal_entity_id, "amount": self.amount.money()}

    def asks(self, tx: Tx) -> tuple[str, dict[str, Any]]:
        return credit.DRAW_ACTION, credit.draw_document(tx, **self.facts())

    def make(self, tx: Tx, *, reason: str, approval_id: str, key: str) -> None:
        credit.draw_credit(tx, **self.facts(), idempotency_key=key, approval_id=approval_id)


Change = Annotated[
    LimitChange | SettingChange | OverrideGrant | CreditLineChange | CreditDrawing, Field(discriminator="kind")
]
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class ChangeModel(BaseModel):
    """A change that was made."""

    kind: str
    approval_id: str
    document: dict[str, Any]


class LimitModel(BaseModel):
    """A limit as it was set. Without a legal entity it is for all of the tenant's together."""

    id: str
    policy: str
    legal_entity_id: str | None
    currency: str
    limit: LimitFigures | None
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    approval_id: str
    set_by: str


@checked(frozen=True)
class OverrideModel(Override):
    """What two people allowed beside the policies, until when."""


class CreditModel(BaseModel):
    """A legal entity's credit line as it stands."""

    legal_entity_id: str
    limit: MoneyModel
    drawn: MoneyModel
    free: MoneyModel
    valid_until: datetime | None


def limit_model(row: LimitRow) -> LimitModel:
    """A limit as the API gives it."""
    return LimitModel(
        id=row.id,
        policy=row.policy,
        legal_entity_id=row.legal_entity_id or None,
        currency=row.currency,
        limit=None if row.is_off else LimitFigures(**row.limit.document()),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        reason=row.reason,
        approval_id=row.approval_id,
        set_by=row.set_by,
    )


def override_model(row: Override) -> OverrideModel:
    """An override as the API gives it."""
    return OverrideModel(**asdict(row))


def credit_model(found: CreditStanding) -> CreditModel:
    """A credit line as the API gives it."""
    amounts: dict[str, Money] = {"limit": found.limit, "drawn": found.drawn, "free": found.free}
    return CreditModel(
        legal_entity_id=found.legal_entity_id,
        valid_until=found.valid_until,
        **{name: MoneyModel.of(amount) for name, amount in amounts.items()},
    )
