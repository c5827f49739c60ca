"""Who is served and who may act.

A *tenant* is one customer of the installation, live or test for ever. Its rows are seen and written only in its own
context (`db.begin(tenant_id=…)`), by row-level security and not by good manners. Only a test tenant's clock can be
moved, and `tx.now()` follows it. A tenant has *legal entities*, whose money is kept apart and whose days are counted in
their own time zone. *Persons* act through API keys (and later sessions) that carry a *role*; roles.py says what each
may do. Four eyes compare persons. A key is shown once and stored as a hash.
"""

from headgate.tenants.errors import LiveClock, UnknownPerson, UnknownTenant, UnknownTimeZone
from headgate.tenants.keys import authenticate, authenticate_many, create_key, is_key, keys, revoke_key
from headgate.tenants.legal_entities import create_legal_entity, legal_entities, legal_entity
from headgate.tenants.model import ApiKey, Caller, IssuedKey, LegalEntity, Person, Tenant
from headgate.tenants.roles import PERMISSIONS, ROLES, allows, require_role
from headgate.tenants.tenants import create_tenant, current_tenant, directory, find_tenant, move_clock, tenant_ids
from headgate.tenants.users import create_user, find_user, users

__all__ = [
    "PERMISSIONS",
    "ROLES",
    "ApiKey",
    "Caller",
    "IssuedKey",
    "LegalEntity",
    "LiveClock",
    "Person",
    "Tenant",
    "UnknownPerson",
    "UnknownTenant",
    "UnknownTimeZone",
    "allows",
    "authenticate",
    "authenticate_many",
    "create_key",
    "create_legal_entity",
    "create_tenant",
    "create_user",
    "current_tenant",
    "directory",
    "find_tenant",
    "find_user",
    "is_key",
    "keys",
    "legal_entities",
    "legal_entity",
    "move_clock",
    "require_role",
    "revoke_key",
    "tenant_ids",
    "users",
]
