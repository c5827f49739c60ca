"""HTTP: notifications, who gets what, where mails go, and the words."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from headgate.alerts import preferences, queries, templates
from headgate.alerts.documents import (
    MailAddressModel,
    NewMailAddress,
    NewNotificationPreference,
    NewNotificationTemplate,
    NotificationModel,
    NotificationPreferenceModel,
    NotificationTemplateModel,
    address_model,
    notification_model,
    preference_model,
    template_model,
)
from headgate.alerts.model import Kind
from headgate.web import Call, Page, PageOf, page_of, reads, writes

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])

Reads = Annotated[Call, reads("alerts.read")]
Manages = Annotated[Call, writes("alerts.manage")]
RecipientQuery = Annotated[str | None, Query(max_length=60, description="team:servicing, or a borrower's pty_…")]


@router.get("")
def list_notifications(
    call: Reads, page: Page, recipient: RecipientQuery = None, kind: Kind | None = None, unread: bool = False
) -> PageOf[NotificationModel]:
    """What was told, the newest first: to one recipient, of one kind, or what nobody has read yet."""
    with call.begin() as tx:
        rows = queries.list_notifications(
            tx, recipient=recipient, kind=kind, unread=unread, after=page.after(str), limit=page.limit + 1
        )
    return page_of(page, rows, key=lambda row: row.id, row=notification_model)


@router.post("/{notification_id}/reads", status_code=201)
def mark_read(call: Manages, notification_id: Annotated[str, Path(max_length=40)]) -> NotificationModel:
    """Somebody has read it; who was first stays."""
    with call.begin() as tx:
        return notification_model(queries.mark_read(tx, notification_id=notification_id))


@router.get("/preferences")
def list_preferences(call: Reads, recipient: RecipientQuery = None) -> list[NotificationPreferenceModel]:
    """Who gets what: teams, every borrower, and the one that is asked for."""
    with call.begin() as tx:
        found = preferences.list_preferences(tx, borrowers=[recipient] if recipient else [])
    return [preference_model(one) for one in found.values() if recipient in (None, one.recipient)]


@router.post("/preferences", status_code=201)
def set_preference(call: Manages, body: NewNotificationPreference) -> NotificationPreferenceModel:
    """Choose what a recipient is told from now on."""
    with call.begin() as tx:
        return preference_model(preferences.set_preference(tx, **body.model_dump()))


@router.get("/addresses")
def list_addresses(call: Reads, page: Page) -> PageOf[MailAddressModel]:
    """Whose address is known; of each its first letter and domain."""
    with call.begin() as tx:
        rows = preferences.list_addresses(tx, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.recipient, row=address_model)


@router.post("/addresses", status_code=201)
def set_address(call: Manages, body: NewMailAddress) -> MailAddressModel:
    """Send a recipient's mails there from now on. The address is kept sealed."""
    with call.begin() as tx:
        return address_model(preferences.set_address(tx, recipient=body.recipient, address=body.address))


@router.get("/templates")
def list_templates(call: Reads) -> list[NotificationTemplateModel]:
    """The words of each kind for each audience: the tenant's own, or the defaults."""
    with call.begin() as tx:
        return [template_model(one) for one in templates.list_templates(tx).values()]


@router.post("/templates", status_code=201)
def set_template(call: Manages, body: NewNotificationTemplate) -> NotificationTemplateModel:
    """Use these words from now on; what was told stays as it was told."""
    with call.begin() as tx:
        return template_model(templates.set_template(tx, **body.model_dump()))
