"""What a tenant chose for its loans, read back with who chose it and why; and the returns that were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from headgate.core.db import Tx
from headgate.servicing.model import Rule, Terms
from headgate.servicing.returns import Action, Kind, Severity, default_rules


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A version of a product's policy, with who set it when and why."""

    product: str
    effective_from: date
    terms: Terms
    reason: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class ReturnRuleView:
    """What a code does here: the newest choice of the tenant, or what it does where nothing was chosen."""

    code: str
    action: Action
    severity: Severity
    is_default: bool
    reason: str | None = None
    set_by: str | None = None
    set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReturnView:
    """A return that was recorded. `payment_id` is None while it waits; `is_undone` where its payment is taken back."""

    id: str
    provider: str
    external_id: str
    provider_transfer_id: str
    kind: Kind
    code: str
    action: str
    severity: Severity
    returned_on: date
    payment_id: str | None
    is_undone: bool
    recorded_at: datetime


def list_policies(
    tx: Tx, *, product: str | None = None, after: tuple[str, int] | None = None, limit: int = 50
) -> list[PolicyView]:
    """Versions of policies by product, the newest of each first."""
    rows = tx.all(
        """
        SELECT p.product, p.version_no, p.effective_from, p.grace_days, p.default_after_days, p.overpayment, p.nsf_fee_minor,
               p.reason, p.set_by, p.recorded_at AS set_at,
               (SELECT coalesce(jsonb_agg(jsonb_build_object('state', r.state, 'waterfall', r.waterfall,
                         'in_advance', r.in_advance, 'allow_fees', r.allow_fees, 'allow_interest', r.allow_interest,
                         'allow_principal', r.allow_principal, 'allow_escrow', r.allow_escrow, 'default_loan', r.default_loan)
                         ORDER BY r.state), '[]')
                  FROM servicing.policy_rules r
                 WHERE r.tenant_id = p.tenant_id AND r.product = p.product AND r.version_no = p.version_no) AS rules
          FROM servicing.policies p
         WHERE (%(product)s::text IS NULL OR p.product = %(product)s)
           AND (%(after)s::text IS NULL OR p.product > %(after)s OR (p.product = %(after)s AND p.version_no < %(no)s))
         ORDER BY p.product, p.version_no DESC
         LIMIT %(limit)s
        """,
        {
            "product": product,
            "after": after[0] if after else None,
            "no": after[1] if after else None,
            "limit": limit,
        },
    )
    found = []
    for row in rows:
        rules = {rule.pop("state"): Rule(**rule) for rule in row["rules"]}
        terms = Terms(
            row["version_no"],
            row["grace_days"],
            row["default_after_days"],
            row["overpayment"],
            row["nsf_fee_minor"],
            rules,
        )
        found.append(
            PolicyView(row["product"], row["effective_from"], terms, row["reason"], row["set_by"], row["set_at"])
        )
    return found


def list_return_rules(tx: Tx) -> list[ReturnRuleView]:
    """What each code does at this tenant, by code; `*`, every other code, comes first."""
    chosen = tx.all(
        """
        SELECT DISTINCT ON (r.code) r.code, r.action, r.severity, false AS is_default, r.reason, r.set_by,
               r.recorded_at AS set_at
          FROM servicing.return_rules r
         ORDER BY r.code, r.id DESC
        """,
        row=ReturnRuleView,
    )
    own = {rule.code: rule for rule in chosen}
    usual = {code: ReturnRuleView(code, rule.action, rule.severity, True) for code, rule in default_rules().items()}
    return [rule for _, rule in sorted({**usual, **own}.items())]


def list_returns(tx: Tx, *, after: str | None = None, limit: int = 50) -> list[ReturnView]:
    """Returns that were recorded, the newest first."""
    return tx.all(_RETURNS + _PAGE, {"after": after, "limit": limit, "ids": None}, row=ReturnView)


def returns_by_ids(tx: Tx, return_ids: Sequence[str]) -> list[ReturnView]:
    """These returns."""
    return tx.all(_RETURNS + _PAGE, {"after": None, "limit": len(return_ids), "ids": list(return_ids)}, row=ReturnView)


_RETURNS = """
SELECT r.id, r.provider, r.external_id, r.provider_transfer_id, r.kind, r.code, r.action, r.severity, r.returned_on,
       coalesce(u.payment_id, p.payment_id) AS payment_id, u.payment_id IS NOT NULL AS is_undone, r.recorded_at
  FROM servicing.returns r
  LEFT JOIN LATERAL (SELECT o.payment_id
                       FROM servicing.return_originals o
                      WHERE o.tenant_id = r.tenant_id AND o.return_id = r.id
                      ORDER BY o.by_transfer DESC, o.amount_agrees DESC, o.days_apart, o.is_reversed, o.payment_id
                      LIMIT 1) p ON true
  LEFT JOIN servicing.undoings u ON u.tenant_id = r.tenant_id AND u.return_id = r.id
"""

_PAGE = """
 WHERE (%(after)s::text IS NULL OR r.id < %(after)s) AND (%(ids)s::text[] IS NULL OR r.id = ANY (%(ids)s))
 ORDER BY r.id DESC
 LIMIT %(limit)s
"""
