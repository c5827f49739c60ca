"""What a tenant chose, for all its legal entities or for one, changed by two people. None of it is about the pay gate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, cast

from headgate import audit, cases
from headgate.core.db import Tx
from headgate.funding.errors import InvalidSetting
from headgate.funding.model import GateMode
from headgate.funding.request_model import RETURN_BANKING_DAYS
from headgate.tenants import legal_entity

Clawback = Literal["available", "available_then_reserved", "none"]

DEFAULTS: Mapping[str, str] = {
    "commit_gate_mode": "strict",
    "hold_banking_days.ach_debit": str(RETURN_BANKING_DAYS),
    "clawback": "available_then_reserved",
}
"""Each setting's name and what holds where nobody has chosen."""

_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "commit_gate_mode": ("soft", "hybrid", "strict"),
    "hold_banking_days.ach_debit": tuple(str(days) for days in range(RETURN_BANKING_DAYS + 1)),
    "clawback": ("available", "available_then_reserved", "none"),
}

ACTION = "funding.setting.change"


def change_document(
    tx: Tx, *, name: str, value: str, legal_entity_id: str | None = None, valid_until: datetime | None = None
) -> dict[str, Any]:
    """The document that another person approves: `cases.request(action=settings.ACTION, document=…)`.

    Raises InvalidSetting naming what may be chosen, NotFound.
    """
    if name not in _ALLOWED:
        raise InvalidSetting(f"'{name[:40]}' is no setting of the gate; there are {', '.join(_ALLOWED)}")
    if value not in _ALLOWED[name]:
        raise InvalidSetting(f"{name} may be {', '.join(_ALLOWED[name])}, and not '{value[:40]}'")
    return {
        "name": name,
        "value": value,
        "legal_entity_id": legal_entity(tx, legal_entity_id).id if legal_entity_id else None,
        "valid_until": valid_until.isoformat() if valid_until else None,
    }


def change_setting(
    tx: Tx,
    *,
    name: str,
    value: str,
    reason: str,
    approval_id: str,
    legal_entity_id: str | None = None,
    valid_until: datetime | None = None,
) -> None:
    """Change a setting as another person approved, until `valid_until` where one is given.

    Raises InvalidSetting, NotFound, and what `cases.consume` raises.
    """
    document = change_document(tx, name=name, value=value, legal_entity_id=legal_entity_id, valid_until=valid_until)
    cases.consume(tx, approval_id=approval_id, action=ACTION, document=document)
    tx.run(
        """
        INSERT INTO funding.settings
               (tenant_id, legal_entity_id, name, value, valid_until, reason, approval_id, set_at)
        VALUES (%(tenant)s, %(entity)s, %(name)s, %(value)s, coalesce(%(until)s, 'infinity'::timestamptz), %(reason)s,
                %(approval)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "entity": legal_entity_id or "",
            "name": name,
            "value": value,
            "until": valid_until,
            "reason": reason,
            "approval": approval_id,
            "now": tx.now(),
        },
    )
    audit.record(tx, type="funding.setting.changed", data={**document, "reason": reason, "approval_id": approval_id})


def setting(tx: Tx, name: str, *, legal_entity_id: str) -> str:
    """What holds now: the legal entity's own, else the tenant's, else the default."""
    found = tx.value(
        """
        SELECT value
          FROM funding.settings
         WHERE tenant_id = %(tenant)s AND legal_entity_id IN ('', %(entity)s) AND name = %(name)s
           AND valid_until > %(now)s
         ORDER BY legal_entity_id DESC, id DESC
         LIMIT 1
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id, "name": name, "now": tx.now()},
    )
    return str(found) if found is not None else DEFAULTS[name]


def hold_banking_days(tx: Tx, *, legal_entity_id: str, rail: Literal["ach_debit"]) -> int:
    """For how many banking days after it settled money of this rail is provisional."""
    return int(setting(tx, f"hold_banking_days.{rail}", legal_entity_id=legal_entity_id))


def clawback(tx: Tx, *, legal_entity_id: str) -> Clawback:
    """Whence a late return is taken."""
    return cast(Clawback, setting(tx, "clawback", legal_entity_id=legal_entity_id))


def commit_gate_mode(tx: Tx, *, legal_entity_id: str) -> GateMode:
    """How the commit gate judges where the caller says nothing. The pay gate is always strict, and asks nobody."""
    return cast(GateMode, setting(tx, "commit_gate_mode", legal_entity_id=legal_entity_id))
