"""Who may do what: the one table of roles and permissions.

A permission is `domain.verb`; a role is a set of them. Doors ask `allows(role, permission)`. Nothing here exempts
anyone from four eyes: an approval needs another *person*, whatever the roles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate.tenants.errors import UnknownRole

READ: Final = frozenset(
    {
        "alerts.read",
        "audit.read",
        "cases.read",
        "funding.read",
        "ingestion.read",
        "ledger.read",
        "messaging.read",
        "parties.read",
        "payments.read",
        "recon.read",
        "servicing.read",
        "tenants.read",
    }
)

OPERATE: Final = frozenset(
    {
        "alerts.manage",
        "cases.manage",
        "funding.manage",
        "ingestion.reveal",
        "ingestion.upload",
        "ledger.manage",
        "ledger.post",
        "ledger.reserve",
        "messaging.requeue",
        "parties.manage",
        "payments.manage",
        "payments.send",
        "recon.run",
        "servicing.manage",
    }
)

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "admin": READ | OPERATE | {"cases.approve", "parties.block", "tenants.manage"},
    "operator": READ | OPERATE,
    "finance": READ | {"cases.approve", "cases.manage", "ledger.post", "ledger.reserve", "recon.run"},
    "compliance": READ | {"cases.approve", "cases.manage", "ingestion.reveal", "parties.block"},
    "readonly": READ,
}
"""Role → what it may do. The column `tenants.api_keys.role` knows the same names (a test holds them equal)."""

PERMISSIONS: Final = frozenset().union(*ROLES.values())
"""Every permission that some role has; a door that asks for another is a mistake."""


def allows(role: str, permission: str) -> bool:
    """Whether a role has a permission; an unknown role has none."""
    return permission in ROLES.get(role, frozenset())


def require_role(role: str) -> str:
    """The role, as it is. Raises UnknownRole, naming those there are."""
    if role not in ROLES:
        raise UnknownRole(f"'{role[:40]}' is no role; the roles are {', '.join(ROLES)}")
    return role
