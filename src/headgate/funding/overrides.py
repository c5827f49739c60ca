"""What two people allow beside the policies, each with its end. None of them lets unfunded money leave."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from headgate import audit, cases, parties
from headgate.core import ids
from headgate.core.db import Tx
from headgate.funding.errors import ComplianceNeeded, InvalidSetting
from headgate.funding.policies import registered
from headgate.tenants import legal_entity

OverrideKind = Literal["policy_exception", "payee_unblock"]
ACTION = "funding.override.grant"


@dataclass(frozen=True, slots=True)
class Override:
    """What is allowed, to whom, until when."""

    id: str
    kind: OverrideKind
    legal_entity_id: str
    policy: str | None
    subject: str | None
    party_id: str | None
    valid_until: datetime
    reason: str
    approval_id: str
    granted_by: str
    granted_at: datetime


def grant_document(
    tx: Tx,
    *,
    kind: OverrideKind,
    legal_entity_id: str,
    valid_until: datetime,
    policy: str | None = None,
    subject: str | None = None,
    party_id: str | None = None,
) -> dict[str, Any]:
    """The document that another person approves: `cases.request(action=overrides.ACTION, document=…)`.

    A policy exception is for one policy and one payroll (its id); a payee is unblocked by compliance. Raises
    InvalidSetting, NotFound, NoSuchParty.
    """
    legal_entity(tx, legal_entity_id)
    if valid_until <= tx.now():
        raise InvalidSetting("it would be over already: give a valid_until that is still to come")
    if kind == "policy_exception":
        if policy not in registered() or not subject or party_id:
            raise InvalidSetting(f"an exception names a payroll and one policy of {', '.join(registered())}")
        if policy == "blocked_payee":
            raise InvalidSetting("who is blocked is not paid by an exception: compliance unblocks the payee")
    elif not party_id or policy or subject:
        raise InvalidSetting("unblocking names the payee's party_id, and nothing else")
    else:
        party = parties.get_party(tx, party_id)
        if party.legal_entity_id != legal_entity_id:
            raise InvalidSetting(f"{party_id} is no payee of {legal_entity_id}")
    return {
        "kind": kind,
        "legal_entity_id": legal_entity_id,
        "valid_until": valid_until.isoformat(),
        "policy": policy,
        "subject": subject,
        "party_id": party_id,
    }


def grant_override(
    tx: Tx,
    *,
    kind: OverrideKind,
    legal_entity_id: str,
    valid_until: datetime,
    reason: str,
    approval_id: str,
    policy: str | None = None,
    subject: str | None = None,
    party_id: str | None = None,
) -> Override:
    """Allow it as another person approved, until `valid_until` on the tenant's clock.

    Raises what `grant_document` and `cases.consume` raise; ComplianceNeeded where nobody of compliance approved that a
    payee is unblocked.
    """
    document = grant_document(
        tx,
        kind=kind,
        legal_entity_id=legal_entity_id,
        valid_until=valid_until,
        policy=policy,
        subject=subject,
        party_id=party_id,
    )
    if kind == "payee_unblock" and not _approved_by_compliance(tx, approval_id):
        raise ComplianceNeeded("a payee is unblocked by compliance: somebody with that role must approve it")
    cases.consume(tx, approval_id=approval_id, action=ACTION, document=document)
    override_id = ids.new("ovr")
    tx.run(
        """
        INSERT INTO funding.overrides
               (tenant_id, id, kind, legal_entity_id, policy, subject, party_id, valid_until, reason, approval_id,
                granted_at)
        VALUES (%(tenant)s, %(id)s, %(kind)s, %(entity)s, %(policy)s, %(subject)s, %(party)s, %(until)s, %(reason)s,
                %(approval)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": override_id,
            "kind": kind,
            "entity": legal_entity_id,
            "policy": policy,
            "subject": subject,
            "party": party_id,
            "until": valid_until,
            "reason": reason,
            "approval": approval_id,
            "now": tx.now(),
        },
    )
    audit.record(
        tx,
        type="funding.override.granted",
        data={**document, "override_id": override_id, "reason": reason, "approval_id": approval_id},
    )
    return next(one for one in list_overrides(tx, legal_entity_id=legal_entity_id) if one.id == override_id)


def grant_approved(tx: Tx, *, approval_id: str) -> Override:
    """Allow exactly what a request for an override says, once others have approved it. Raises as `grant_override`."""
    asked = cases.get_approval(tx, approval_id)
    if asked.action != ACTION:
        raise InvalidSetting(f"{approval_id} asks for {asked.action}, and not for an override")
    facts = {**asked.payload, "valid_until": datetime.fromisoformat(asked.payload["valid_until"])}
    return grant_override(tx, **facts, reason=asked.reason, approval_id=approval_id)


def list_overrides(tx: Tx, *, legal_entity_id: str | None = None, in_force_only: bool = False) -> list[Override]:
    """Overrides, the newest first."""
    return tx.all(
        """
        SELECT id, kind, legal_entity_id, policy, subject, party_id, valid_until, reason, approval_id, granted_by,
               granted_at
          FROM funding.overrides
         WHERE tenant_id = %(tenant)s AND (%(entity)s::text IS NULL OR legal_entity_id = %(entity)s)
           AND (NOT %(in_force)s OR valid_until > %(now)s)
         ORDER BY id DESC
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id, "in_force": in_force_only, "now": tx.now()},
        row=Override,
    )


def excepted(overrides: Sequence[Override], *, subject: str) -> frozenset[str]:
    """The policies that do not hold for a payroll."""
    return frozenset(
        one.policy for one in overrides if one.kind == "policy_exception" and one.subject == subject and one.policy
    )


def unblocked(overrides: Sequence[Override]) -> frozenset[str]:
    """The payees who may be paid although they are blocked."""
    return frozenset(one.party_id for one in overrides if one.kind == "payee_unblock" and one.party_id)


def unblocked_payees(tx: Tx, *, legal_entity_id: str) -> frozenset[str]:
    """The payees of a legal entity who may be paid now although they are blocked."""
    return unblocked(list_overrides(tx, legal_entity_id=legal_entity_id, in_force_only=True))


def _approved_by_compliance(tx: Tx, approval_id: str) -> bool:
    """Whether a person who has a key with the role compliance said yes."""
    return bool(
        tx.value(
            """
            SELECT true
              FROM cases.approval_votes v
              JOIN tenants.api_keys k
                ON k.tenant_id = v.tenant_id AND k.user_id = v.voter_person AND k.role = 'compliance'
             WHERE v.tenant_id = %(tenant)s AND v.approval_id = %(approval)s AND v.approved
               AND k.revoked_at IS NULL AND k.expires_at > clock_timestamp()
             LIMIT 1
            """,
            {"tenant": tx.tenant_id, "approval": approval_id},
        )
    )
