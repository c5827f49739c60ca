"""What a tenant chose for a product: versions, each from a day on, and in each a rule by loan state.

A payment takes the newest version that counts on the day it was received, and keeps it: a later choice, even one with an
earlier day, changes nothing that was allocated.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final, LiteralString, cast

from headgate import audit
from headgate.core import arrays
from headgate.core.db import Tx
from headgate.servicing.errors import InvalidPolicy
from headgate.servicing.model import STATES, Overpayment, Rule, State, Terms
from headgate.servicing.waterfalls import waterfalls


@dataclass(frozen=True, slots=True)
class Policy:
    """A version of a product's policy, and from when on it counts."""

    product: str
    effective_from: date
    terms: Terms


@cache
def kinds() -> Mapping[str, Terms]:
    """What products of each kind begin with: policies.toml."""
    document = tomllib.loads(files(__package__).joinpath("policies.toml").read_text("utf-8"))
    return {
        name: Terms(
            1,
            kind["grace_days"],
            kind.get("default_after_days"),
            kind["overpayment"],
            kind["nsf_fee_minor"],
            {cast(State, state): Rule(**rule) for state, rule in kind["rules"].items()},
        )
        for name, kind in document.items()
    }


def set_policy(
    tx: Tx,
    *,
    product: str,
    effective_from: date,
    reason: str,
    rules: Mapping[State, Rule],
    grace_days: int = 15,
    default_after_days: int | None = 120,
    overpayment: Overpayment = "refund",
    nsf_fee_minor: int = 0,
) -> Policy:
    """Write the next version of a product's policy. What was received before `effective_from`, or is applied already, keeps
    its own. Raises InvalidPolicy.
    """
    _check(rules, reason, grace_days, default_after_days, nsf_fee_minor)
    tx.run(
        "SELECT pg_advisory_xact_lock(hashtextextended('servicing.policy:' || %(tenant)s || %(product)s, 0))",
        {"tenant": str(tx.tenant_id), "product": product},
    )
    version_no = tx.value(
        "SELECT coalesce(max(version_no), 0) + 1 FROM servicing.policies WHERE product = %(product)s",
        {"product": product},
    )
    terms = Terms(version_no, grace_days, default_after_days, overpayment, nsf_fee_minor, dict(rules))
    _write(tx, product, effective_from, terms, reason)
    return Policy(product, effective_from, terms)


def begin_product(tx: Tx, product: str) -> None:
    """Give a product that has no policy yet the one of its kind. Raises InvalidPolicy where its name is no kind."""
    if tx.value("SELECT EXISTS (SELECT FROM servicing.policies WHERE product = %(p)s)", {"p": product}):
        return
    if product not in kinds():
        raise InvalidPolicy(
            f"product '{product[:40]}' has no policy: set one first, or board it as one of {', '.join(sorted(kinds()))}",
            product=product[:40],
        )
    terms = kinds()[product]
    set_policy(
        tx,
        product=product,
        effective_from=date(1900, 1, 1),
        reason="what a product of this kind begins with",
        rules=terms.rules,
        grace_days=terms.grace_days,
        default_after_days=terms.default_after_days,
        overpayment=terms.overpayment,
        nsf_fee_minor=terms.nsf_fee_minor,
    )


_ALL: Final[LiteralString] = """
    SELECT p.product, p.version_no, p.effective_from, p.grace_days, p.default_after_days, p.overpayment, p.nsf_fee_minor,
           coalesce(jsonb_agg(jsonb_build_object('state', r.state, 'waterfall', r.waterfall, 'in_advance', r.in_advance,
             'allow_fees', r.allow_fees, 'allow_interest', r.allow_interest, 'allow_principal', r.allow_principal,
             'allow_escrow', r.allow_escrow, 'default_loan', r.default_loan)) FILTER (WHERE r.state IS NOT NULL), '[]') AS rules
      FROM servicing.policies p
      LEFT JOIN servicing.policy_rules r
        ON r.tenant_id = p.tenant_id AND r.product = p.product AND r.version_no = p.version_no
     WHERE p.product = ANY (%(products)s::text[])
     GROUP BY p.tenant_id, p.product, p.version_no
     ORDER BY p.product, p.version_no
"""


def policies_of(tx: Tx, products: Collection[str]) -> Mapping[str, Sequence[Policy]]:
    """Every version of these products' policies, the oldest first."""
    wanted = sorted(products)
    return tx.setting(f"servicing.policies:{wanted}", lambda: _read(tx, wanted))


def _read(tx: Tx, products: Sequence[str]) -> Mapping[str, Sequence[Policy]]:
    found: dict[str, list[Policy]] = {product: [] for product in products}
    for row in tx.all(_ALL, {"products": arrays.texts(products)}):
        rules = {rule.pop("state"): Rule(**rule) for rule in row["rules"]}
        terms = Terms(
            row["version_no"],
            row["grace_days"],
            row["default_after_days"],
            row["overpayment"],
            row["nsf_fee_minor"],
            rules,
        )
        found[row["product"]].append(Policy(row["product"], row["effective_from"], terms))
    return found


def in_force(policies: Sequence[Policy], on: date) -> Terms:
    """The newest version that counts on a day; of days before the first, the first."""
    counting = [policy for policy in policies if policy.effective_from <= on]
    return (counting or policies[:1])[-1].terms


def _write(tx: Tx, product: str, effective_from: date, terms: Terms, reason: str) -> None:
    tx.run(
        """
        INSERT INTO servicing.policies
               (tenant_id, product, version_no, effective_from, grace_days, default_after_days, overpayment, nsf_fee_minor,
                reason)
        VALUES (%(tenant)s, %(product)s, %(no)s, %(from)s, %(grace)s, %(default)s, %(overpayment)s, %(fee)s, %(reason)s)
        """,
        {
            "tenant": tx.tenant_id,
            "product": product,
            "no": terms.version_no,
            "from": effective_from,
            "grace": terms.grace_days,
            "default": terms.default_after_days,
            "overpayment": terms.overpayment,
            "fee": terms.nsf_fee_minor,
            "reason": reason,
        },
    )
    tx.many(
        """
        INSERT INTO servicing.policy_rules
               (tenant_id, product, version_no, state, waterfall, in_advance, allow_fees, allow_interest, allow_principal,
                allow_escrow, default_loan)
        VALUES (%(tenant)s, %(product)s, %(no)s, %(state)s, %(waterfall)s, %(in_advance)s, %(allow_fees)s,
                %(allow_interest)s, %(allow_principal)s, %(allow_escrow)s, %(default_loan)s)
        """,
        [
            {"tenant": tx.tenant_id, "product": product, "no": terms.version_no, "state": state, **_words(rule)}
            for state, rule in terms.rules.items()
        ],
    )
    facts = {"product": product, "version_no": terms.version_no, "effective_from": effective_from.isoformat()}
    audit.record(tx, type="servicing.policy.set", data={**facts, "reason": reason})


def _words(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in Rule.__dataclass_fields__}


def _check(
    rules: Mapping[State, Rule], reason: str, grace_days: int, default_after_days: int | None, nsf_fee_minor: int
) -> None:
    unknown = sorted({rule.waterfall for rule in rules.values()} - waterfalls().keys())
    if unknown:
        raise InvalidPolicy(f"there is no waterfall '{unknown[0][:60]}': there are {', '.join(sorted(waterfalls()))}")
    strange = sorted(set(rules) - set(STATES))
    if strange:
        raise InvalidPolicy(f"'{strange[0][:40]}' is no state of a loan: there are {', '.join(STATES)}")
    if not reason.strip():
        raise InvalidPolicy("say why the policy is set")
    if not 0 <= grace_days <= 60 or (default_after_days is not None and default_after_days <= grace_days):
        raise InvalidPolicy("grace is 0 to 60 days, and default comes after it")
    if nsf_fee_minor < 0:
        raise InvalidPolicy("a fee is not negative")
