"""The routes of the domains below the web: tenants, audit, messaging."""

from __future__ import annotations

from fastapi import APIRouter

from headgate.web import audit_routes, message_routes, tenant_routes

router = APIRouter()
router.include_router(tenant_routes.router)
router.include_router(audit_routes.router)
router.include_router(message_routes.router)
