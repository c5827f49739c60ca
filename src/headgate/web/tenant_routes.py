"""`/v1/tenants`: the tenant of the key, its legal entities, persons and keys.

Keys and persons are made by `headgate keys create` and `headgate users create`, not here: an administrator who could
make a key for another person could be both pairs of eyes.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter

from headgate import tenants
from headgate.web.calls import Call, reads, writes
from headgate.web.models import ApiKeyModel, LegalEntityModel, NewLegalEntity, PersonModel, TenantModel
from headgate.web.paging import Page, PageOf, page_of

router = APIRouter(prefix="/v1/tenants", tags=["tenants"])
Reads = Annotated[Call, reads("tenants.read")]
Manages = Annotated[Call, writes("tenants.manage")]


@router.get("/current")
def show_current_tenant(call: Reads) -> TenantModel:
    """The tenant of the key that is used."""
    with call.begin() as tx:
        tenant = tenants.current_tenant(tx)
        return TenantModel(id=tenant.id, slug=tenant.slug, name=tenant.name, livemode=tenant.livemode, now=tx.now())


@router.get("/legal-entities")
def list_legal_entities(call: Reads, page: Page) -> PageOf[LegalEntityModel]:
    """The legal entities, oldest first."""
    with call.begin() as tx:
        rows = tenants.legal_entities(tx, after=page.after(str) or "", limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=lambda row: LegalEntityModel(**asdict(row)))


@router.post("/legal-entities", status_code=201)
def create_legal_entity(call: Manages, body: NewLegalEntity) -> LegalEntityModel:
    """Create a legal entity."""
    with call.begin() as tx:
        made = tenants.create_legal_entity(tx, name=body.name, time_zone=body.time_zone, currency=body.currency)
    return LegalEntityModel(**asdict(made))


@router.get("/legal-entities/{legal_entity_id}")
def show_legal_entity(call: Reads, legal_entity_id: str) -> LegalEntityModel:
    """One legal entity."""
    with call.begin() as tx:
        return LegalEntityModel(**asdict(tenants.legal_entity(tx, legal_entity_id)))


@router.get("/users")
def list_users(call: Reads, page: Page) -> PageOf[PersonModel]:
    """The persons behind keys, oldest first."""
    with call.begin() as tx:
        rows = tenants.users(tx, after=page.after(str) or "", limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=lambda row: PersonModel(**asdict(row)))


@router.get("/api-keys")
def list_api_keys(call: Reads, page: Page) -> PageOf[ApiKeyModel]:
    """The keys, revoked and expired ones too, oldest first."""
    with call.begin() as tx:
        rows = tenants.keys(tx, after=page.after(str) or "", limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=lambda row: ApiKeyModel(**asdict(row)))


@router.post("/api-keys/{api_key_id}/revoke")
def revoke_api_key(call: Manages, api_key_id: str) -> ApiKeyModel:
    """Revoke a key, at once and for ever; twice is once."""
    with call.begin() as tx:
        return ApiKeyModel(**asdict(tenants.revoke_key(tx, api_key_id)))
