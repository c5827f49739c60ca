"""Four eyes: ask, approve or reject, and use once.

What is approved is one exact document, by the digest of its action and payload. Who asks and who votes is the person in
the transaction's context: never a name in the request. The database holds the rules (cases/sql/four_eyes.sql), so every
path is under them; what is here says them in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import psycopg.errors
from psycopg.types.json import Jsonb

from headgate import audit
from headgate.cases import queries
from headgate.cases.errors import AlreadyVoted, ApprovalUsed, OtherPayload
from headgate.cases.model import Approval
from headgate.core import canonical, ids
from headgate.core.clock import real_now
from headgate.core.db import Tx

DEFAULT_LIFE = timedelta(hours=24)


def request(
    tx: Tx,
    *,
    action: str,
    subject: str,
    document: Mapping[str, Any],
    reason: str,
    approvals_needed: int = 1,
    life: timedelta = DEFAULT_LIFE,
) -> Approval:
    """Ask for approval of exactly this document. `document` holds ids and figures, never names or numbers of accounts."""
    approval_id = ids.new("apr")
    tx.run(
        """
        INSERT INTO cases.approval_requests
               (tenant_id, id, action, subject, payload, digest, digest_formula, reason, approvals_needed,
                maker_type, maker_id, expires_at)
        VALUES (%(tenant)s, %(id)s, %(action)s, %(subject)s, %(payload)s, %(digest)s, %(formula)s, %(reason)s, %(needed)s,
                core.actor_type(), core.actor_id(), %(expires)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": approval_id,
            "action": action,
            "subject": subject,
            "payload": Jsonb(dict(document)),
            "digest": digest_of(action, document),
            "formula": canonical.FORMULA,
            "reason": reason,
            "needed": approvals_needed,
            "expires": real_now() + life,
        },
    )
    audit.record(
        tx, type="cases.approval.requested", data={"approval_id": approval_id, "action": action, "subject": subject}
    )
    return queries.get_approval(tx, approval_id)


def approve(tx: Tx, *, approval_id: str, digest: str) -> Approval:
    """Say yes to what was seen: `digest` is the hexadecimal one that the person read.

    Raises NoPerson, NoSuchApproval, OwnApproval, OtherPayload, ApprovalExpired, ApprovalUsed, in this order; AlreadyVoted.
    """
    return _vote(tx, approval_id=approval_id, digest=digest, approved=True, reason=None)


def reject(tx: Tx, *, approval_id: str, digest: str, reason: str) -> Approval:
    """Say no, and why. One no ends a request. Raises as `approve`."""
    return _vote(tx, approval_id=approval_id, digest=digest, approved=False, reason=reason)


def consume(tx: Tx, *, approval_id: str, action: str, document: Mapping[str, Any]) -> None:
    """Use an approval, once, for exactly the document that was approved, in the transaction that acts.

    Raises ApprovalUsed, NoSuchApproval, OtherPayload, ApprovalExpired, NotApproved.
    """
    try:
        with tx.savepoint():
            tx.run(
                """
                INSERT INTO cases.approval_uses (tenant_id, approval_id, digest, used_by)
                VALUES (%(tenant)s, %(id)s, %(digest)s, core.actor_id())
                """,
                {"tenant": tx.tenant_id, "id": approval_id, "digest": digest_of(action, document)},
            )
    except psycopg.errors.UniqueViolation as error:
        raise ApprovalUsed(f"approval {approval_id} has been used already: ask again") from error
    audit.record(tx, type="cases.approval.used", data={"approval_id": approval_id, "action": action})


def digest_of(action: str, document: Mapping[str, Any]) -> bytes:
    """What is approved: the sha256 of the action and the document in canonical form."""
    return canonical.digest({"action": action, "document": dict(document)})


def _vote(tx: Tx, *, approval_id: str, digest: str, approved: bool, reason: str | None) -> Approval:
    try:
        seen = bytes.fromhex(digest)
    except ValueError:
        raise OtherPayload("a digest is 64 hexadecimal digits, as the request shows them") from None
    try:
        with tx.savepoint():
            tx.run(
                """
                INSERT INTO cases.approval_votes (tenant_id, approval_id, voter_person, voter_id, approved, digest, reason)
                VALUES (%(tenant)s, %(id)s, core.person_id(), core.actor_id(), %(approved)s, %(digest)s, %(reason)s)
                """,
                {"tenant": tx.tenant_id, "id": approval_id, "approved": approved, "digest": seen, "reason": reason},
            )
    except psycopg.errors.UniqueViolation as error:
        raise AlreadyVoted(f"you have voted on approval {approval_id} already") from error
    verb = "approved" if approved else "rejected"
    audit.record(tx, type=f"cases.approval.{verb}", data={"approval_id": approval_id, "digest": digest})
    return queries.get_approval(tx, approval_id)
