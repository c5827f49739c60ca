"""Reads of cases and approvals for the API, the console and other domains."""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString

from headgate.cases.errors import NoSuchApproval
from headgate.cases.model import Approval, Case
from headgate.core.db import Tx

_CASE: LiteralString = """
    SELECT id, key, category, subcategory, severity, state, payment_id, ingestion_id, detail, assigned_to,
           ai_recommendation, resolution, approval_id, created_at, resolved_at
      FROM cases.exception_cases
"""
_APPROVAL: LiteralString = """
    SELECT id, action, subject, payload, encode(digest, 'hex') AS digest, reason, approvals_needed, approvals,
           maker_id, maker_person, requested_at, expires_at, used_at, status
      FROM cases.approvals
"""


def get_case(tx: Tx, case_id: str, *, for_update: bool = False) -> Case:
    """One case. Raises NotFound."""
    query = _CASE + (" WHERE id = %(id)s FOR UPDATE" if for_update else " WHERE id = %(id)s")
    return tx.one(query, {"id": case_id}, row=Case, what="case")


def by_keys(tx: Tx, keys: Sequence[str]) -> list[Case]:
    """The cases under these keys, in the order of the keys."""
    found = {case.key: case for case in tx.all(_CASE + " WHERE key = ANY(%(keys)s)", {"keys": list(keys)}, row=Case)}
    return [found[key] for key in keys]


def list_cases(
    tx: Tx, *, state: str | None = None, severity: str | None = None, before: str | None = None, limit: int = 50
) -> list[Case]:
    """Cases, newest first, after the one with id `before`."""
    return tx.all(
        _CASE
        + """
         WHERE (%(state)s::text IS NULL OR state = %(state)s)
           AND (%(severity)s::text IS NULL OR severity = %(severity)s)
           AND (%(before)s::text IS NULL OR id < %(before)s)
         ORDER BY id DESC LIMIT %(limit)s
        """,
        {"state": state, "severity": severity, "before": before, "limit": limit},
        row=Case,
    )


def most_urgent(tx: Tx, *, limit: int) -> list[Case]:
    """Open cases, the gravest first, and of those the newest."""
    return tx.all(
        _CASE
        + """
         WHERE state = 'open'
         ORDER BY array_position(%(gravest)s::text[], severity), id DESC LIMIT %(limit)s
        """,
        {"gravest": ["critical", "high", "medium", "low"], "limit": limit},
        row=Case,
    )


def about(tx: Tx, evidence_id: str) -> list[Case]:
    """The cases about an artifact, a record or a payment that came in, the newest first; at most fifty."""
    return tx.all(_CASE + " WHERE ingestion_id = %(id)s ORDER BY id DESC LIMIT 50", {"id": evidence_id}, row=Case)


def with_key(tx: Tx, key: str) -> Case | None:
    """The case under a key, where there is one."""
    return tx.maybe(_CASE + " WHERE key = %(key)s", {"key": key}, row=Case)


def count_open(tx: Tx) -> int:
    """How many cases wait for a person."""
    return int(tx.value("SELECT count(*) FROM cases.exception_cases WHERE state IN ('open', 'pending')"))


def get_approval(tx: Tx, approval_id: str) -> Approval:
    """One approval request. Raises NoSuchApproval."""
    found = tx.maybe(_APPROVAL + " WHERE id = %(id)s", {"id": approval_id}, row=Approval)
    if found is None:
        raise NoSuchApproval()
    return found


def list_approvals(
    tx: Tx,
    *,
    status: str | None = None,
    action: str | None = None,
    subject: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[Approval]:
    """Approval requests (of one action, about one subject), newest first, after the one with id `before`."""
    return tx.all(
        _APPROVAL
        + """
         WHERE (%(status)s::text IS NULL OR status = %(status)s) AND (%(before)s::text IS NULL OR id < %(before)s)
           AND (%(action)s::text IS NULL OR action = %(action)s) AND (%(subject)s::text IS NULL OR subject = %(subject)s)
         ORDER BY id DESC LIMIT %(limit)s
        """,
        {"status": status, "action": action, "subject": subject, "before": before, "limit": limit},
        row=Approval,
    )
