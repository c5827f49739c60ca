"""Notifications, preferences, addresses and words as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from headgate.alerts.model import Audience, Kind, MailStatus, NotificationView
from headgate.alerts.preferences import AddressView, Preference
from headgate.alerts.templates import MESSAGE_MAX, TITLE_MAX, Template

Recipient = Annotated[str, Field(max_length=60, description="team:servicing, a borrower's pty_…, or borrowers")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NotificationModel(BaseModel):
    """What somebody was told. `mail` is how its e-mail stands; none where none goes out."""

    id: str
    kind: Kind
    recipient: str
    title: str
    message: str
    payment_id: str | None
    loan_id: str | None
    email_sent: bool
    mail: MailStatus | None
    tries: int
    read_at: datetime | None
    read_by: str | None
    created_at: datetime


class NewNotificationPreference(_Body):
    """What a recipient is told from now on; `by_email` beside the row in the application, where its address is known."""

    recipient: Recipient
    kind: Kind
    is_on: bool
    by_email: bool = False
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class NotificationPreferenceModel(BaseModel):
    """What a recipient is told, and who chose so; `is_default` where nobody did."""

    recipient: str
    kind: Kind
    is_on: bool
    by_email: bool
    is_default: bool
    reason: str | None
    set_by: str | None
    set_at: datetime | None


class NewMailAddress(_Body):
    """Where a recipient's mails go from now on; null ends them."""

    recipient: Recipient
    address: Annotated[str | None, Field(max_length=254)]


class MailAddressModel(BaseModel):
    """That a recipient has an address; what of it may be seen."""

    recipient: str
    shown: str | None
    set_by: str
    set_at: datetime


class NewNotificationTemplate(_Body):
    """The tenant's own words, plain text with {fields}."""

    audience: Audience
    kind: Kind
    title: Annotated[str, Field(min_length=1, max_length=TITLE_MAX)]
    message: Annotated[str, Field(min_length=1, max_length=MESSAGE_MAX)]


class NotificationTemplateModel(BaseModel):
    """The words of a kind for an audience; `is_own` where the tenant wrote them."""

    audience: Audience
    kind: Kind
    title: str
    message: str
    is_own: bool


def notification_model(row: NotificationView) -> NotificationModel:
    """A notification as the API gives it."""
    return NotificationModel(**asdict(row))


def preference_model(row: Preference) -> NotificationPreferenceModel:
    """A preference as the API gives it."""
    return NotificationPreferenceModel(**asdict(row))


def address_model(row: AddressView) -> MailAddressModel:
    """An address as the API gives it."""
    return MailAddressModel(**asdict(row))


def template_model(row: Template) -> NotificationTemplateModel:
    """Words as the API gives them."""
    return NotificationTemplateModel(**asdict(row))
