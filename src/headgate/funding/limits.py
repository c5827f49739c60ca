"""The limits of the policies: set by two people, for a legal entity or for all of a tenant's, for good or for a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headgate import audit, cases
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import exponent
from headgate.funding.errors import InvalidSetting
from headgate.funding.policies import registered
from headgate.funding.policy import Figure, Limit, Policy
from headgate.tenants import legal_entity

ACTION = "funding.limit.change"

_FIELDS: Mapping[Figure, str] = {"amount": "amount_minor", "count": "count", "ratio": "ratio_bps", "days": "days"}


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit as it was set. `legal_entity_id` is '' where it is for all of a tenant's together."""

    id: str
    legal_entity_id: str
    policy: str
    currency: str
    amount_minor: int | None
    count: int | None
    ratio_bps: int | None
    days: int | None
    is_off: bool
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    approval_id: str
    set_by: str

    @property
    def limit(self) -> Limit:
        return Limit(self.amount_minor, self.count, self.ratio_bps, self.days, self.legal_entity_id)


def change_document(
    tx: Tx,
    *,
    policy: str,
    currency: str,
    limit: Limit | None,
    legal_entity_id: str | None = None,
    valid_until: datetime | None = None,
) -> dict[str, Any]:
    """The document that another person approves: `cases.request(action=limits.ACTION, document=…)`.

    Without a limit the policy is switched off. Raises InvalidSetting, NotFound.
    """
    if policy not in registered():
        raise InvalidSetting(f"'{policy[:40]}' is no policy; there are {', '.join(registered())}")
    exponent(currency)
    needs = {_FIELDS[figure] for figure in registered()[policy].needs}
    given = set(limit.document()) if limit else needs
    if given != needs:
        raise InvalidSetting(f"a limit of {policy} has {', '.join(sorted(needs)) or 'no figure'}", policy=policy)
    if limit and min(limit.document().values(), default=0) < 0:
        raise InvalidSetting(f"a limit of {policy} is not negative", policy=policy)
    if policy == "blocked_payee":
        raise InvalidSetting("who is blocked is not paid: there is no limit to set; two people unblock a payee")
    return {
        "policy": policy,
        "currency": currency,
        "limit": limit.document() if limit else None,
        "legal_entity_id": legal_entity(tx, legal_entity_id).id if legal_entity_id else None,
        "valid_until": valid_until.isoformat() if valid_until else None,
    }


def set_limit(
    tx: Tx,
    *,
    policy: str,
    currency: str,
    limit: Limit | None,
    reason: str,
    approval_id: str,
    legal_entity_id: str | None = None,
    valid_until: datetime | None = None,
) -> LimitRow:
    """Set a policy's limit as another person approved; one with `valid_until` is a temporary increase or an emergency.

    Raises InvalidSetting, NotFound, and what `cases.consume` raises.
    """
    document = change_document(
        tx, policy=policy, currency=currency, limit=limit, legal_entity_id=legal_entity_id, valid_until=valid_until
    )
    now = tx.now()
    if valid_until is not None and valid_until <= now:
        raise InvalidSetting("it would be over already: give a valid_until that is still to come")
    cases.consume(tx, approval_id=approval_id, action=ACTION, document=document)
    limit_id = ids.new("lim")
    figures = limit or Limit()
    tx.run(
        """
        INSERT INTO funding.limits
               (tenant_id, id, legal_entity_id, policy, currency, amount_minor, count, ratio_bps, days, is_off, valid_from,
                valid_until, reason, approval_id)
        VALUES (%(tenant)s, %(id)s, %(entity)s, %(policy)s, %(currency)s, %(amount)s, %(count)s, %(ratio)s, %(days)s,
                %(off)s, %(now)s, coalesce(%(until)s, 'infinity'::timestamptz), %(reason)s, %(approval)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": limit_id,
            "entity": legal_entity_id or "",
            "policy": policy,
            "currency": currency,
            "amount": figures.amount_minor,
            "count": figures.count,
            "ratio": figures.ratio_bps,
            "days": figures.days,
            "off": limit is None,
            "now": now,
            "until": valid_until,
            "reason": reason,
            "approval": approval_id,
        },
    )
    audit.record(
        tx,
        type="funding.limit.changed",
        data={**document, "limit_id": limit_id, "reason": reason, "approval_id": approval_id},
    )
    return next(row for row in list_limits(tx) if row.id == limit_id)


def list_limits(tx: Tx, *, legal_entity_id: str | None = None) -> list[LimitRow]:
    """Limits that hold now or will no more, the newest first; those of a legal entity with those of the whole tenant."""
    return tx.all(
        """
        SELECT id, legal_entity_id, policy, currency, amount_minor, count, ratio_bps, days, is_off, valid_from,
               nullif(valid_until, 'infinity') AS valid_until, reason, approval_id, set_by
          FROM funding.limits
         WHERE tenant_id = %(tenant)s
           AND (%(entity)s::text IS NULL OR legal_entity_id IN ('', %(entity)s))
         ORDER BY id DESC
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id},
        row=LimitRow,
    )


def in_force(tx: Tx, *, legal_entity_id: str, currency: str) -> list[tuple[Policy, Limit]]:
    """What holds for a legal entity now, a policy after the other.

    A policy with a counter holds for the legal entity and for the whole tenant, each under its own limit; of the others
    the legal entity's own limit comes first, then the tenant's, then the default.
    """
    rows = tx.all(
        """
        SELECT DISTINCT ON (policy, legal_entity_id)
               id, legal_entity_id, policy, currency, amount_minor, count, ratio_bps, days, is_off, valid_from,
               nullif(valid_until, 'infinity') AS valid_until, reason, approval_id, set_by
          FROM funding.limits
         WHERE tenant_id = %(tenant)s AND legal_entity_id IN ('', %(entity)s) AND currency = %(currency)s
           AND valid_from <= %(now)s AND valid_until > %(now)s
         ORDER BY policy, legal_entity_id, id DESC
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id, "currency": currency, "now": tx.now()},
        row=LimitRow,
    )
    standing = {(row.policy, row.legal_entity_id): row for row in rows}
    found: list[tuple[Policy, Limit]] = []
    for policy in registered().values():
        both = [standing[key] for key in ((policy.name, ""), (policy.name, legal_entity_id)) if key in standing]
        chosen = both if policy.measures else both[-1:]
        if not both and policy.default is not None:
            found.append((policy, policy.default))
        found += [(policy, row.limit) for row in chosen if not row.is_off]
    return found
