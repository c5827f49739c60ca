"""What the gate judges by, over HTTP: limits, settings, overrides and credit, each asked for, approved and then made.

`POST …/approval-requests` asks another person for exactly one change (`/v1/cases/approvals/{id}/approve` gives it), and
`POST …/changes` with the approval makes it, once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from headgate import cases
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding import credit, limits, overrides, settings
from headgate.funding.overrides import OverrideKind
from headgate.funding.policy import Limit
from headgate.tenants import legal_entity
from headgate.web import Call, CurrencyCode, MoneyModel, money, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("funding.read")]
Manages = Annotated[Call, writes("funding.manage")]
Changes = Annotated[Call, money("funding.manage")]
Id = Annotated[str, Field(max_length=40)]
IdQuery = Annotated[str | None, Query(max_length=40)]
Minor = Annotated[int | None, Field(ge=0, le=2**62)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LimitFigures(_Body):
    """The figures of a limit: those that its policy has."""

    amount_minor: Minor = None
    count: Minor = None
    ratio_bps: Minor = None
    days: Annotated[int | None, Field(ge=0, le=366)] = None


class LimitChange(_Body):
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


class SettingChange(_Body):
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


class OverrideGrant(_Body):
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


class CreditLineChange(_Body):
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


class CreditDrawing(_Body):
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


class ChangeRequest(_Body):
    """A change to be approved by another person."""

    change: Change
    reason: Words
    hours: Annotated[int, Field(ge=1, le=168, description="How long the request stands.")] = 24


class NewChange(_Body):
    """A change that another person approved."""

    change: Change
    reason: Words
    approval_id: Id


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


class OverrideModel(BaseModel):
    """What two people allowed beside the policies, until when."""

    id: str
    kind: OverrideKind
    legal_entity_id: str
    policy: str | None
    subject: str | None
    party_id: str | None
    valid_until: datetime
    reason: str
    approval_id: str
    granted_by: str
    granted_at: datetime


class CreditModel(BaseModel):
    """A legal entity's credit line as it stands."""

    legal_entity_id: str
    limit: MoneyModel
    drawn: MoneyModel
    free: MoneyModel
    valid_until: datetime | None


@router.post("/approval-requests", status_code=201)
def request_change(call: Manages, body: ChangeRequest) -> cases.Approval:
    """Ask another person to allow exactly this change."""
    with call.begin() as tx:
        action, document = body.change.asks(tx)
        return cases.request(
            tx,
            action=action,
            subject=body.change.kind,
            document=document,
            reason=body.reason,
            life=timedelta(hours=body.hours),
        )


@router.post("/changes", status_code=201)
def make_change(call: Changes, body: NewChange) -> ChangeModel:
    """Make a change that another person approved, once."""

    def make(tx: Tx) -> ChangeModel:
        _, document = body.change.asks(tx)
        body.change.make(tx, reason=body.reason, approval_id=body.approval_id, key=call.key)
        return ChangeModel(kind=body.change.kind, approval_id=body.approval_id, document=document)

    return call.once(make, status=201)  # type: ignore[no-any-return]


@router.get("/limits")
def list_limits(call: Reads, legal_entity_id: IdQuery = None) -> list[LimitModel]:
    """Limits, the newest first; of each policy the newest in force counts."""
    with call.begin() as tx:
        rows = limits.list_limits(tx, legal_entity_id=legal_entity_id)
    return [
        LimitModel(
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
        for row in rows
    ]


@router.get("/overrides")
def list_overrides(call: Reads, legal_entity_id: IdQuery = None) -> list[OverrideModel]:
    """Overrides that are in force, the newest first."""
    with call.begin() as tx:
        rows = overrides.list_overrides(tx, legal_entity_id=legal_entity_id, in_force_only=True)
    return [OverrideModel.model_validate(row, from_attributes=True) for row in rows]


@router.get("/credit-lines/{legal_entity_id}")
def get_credit(
    call: Reads, legal_entity_id: Annotated[str, Path(max_length=40)], currency: CurrencyCode = "USD"
) -> CreditModel:
    """A legal entity's credit line, and what is drawn of it."""
    with call.begin() as tx:
        legal_entity(tx, legal_entity_id)
        found = credit.credit_standing(tx, legal_entity_id=legal_entity_id, currency=currency)
    amounts: dict[str, Money] = {"limit": found.limit, "drawn": found.drawn, "free": found.free}
    return CreditModel(
        legal_entity_id=legal_entity_id,
        valid_until=found.valid_until,
        **{name: MoneyModel.of(amount) for name, amount in amounts.items()},
    )
