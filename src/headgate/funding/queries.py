"""Reads of deposits and judgements, for API, console and other domains."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.core.db import Tx
from headgate.funding.errors import NoSuchDeposit, NoSuchEvaluation
from headgate.funding.model import Deposit, Evaluation


def list_deposits(
    tx: Tx, *, legal_entity_id: str | None = None, after: str | None = None, limit: int = 50
) -> list[Deposit]:
    """Deposits, the newest first."""
    return tx.all(
        """
        SELECT id, source, external_id, legal_entity_id, reference, rail, amount_minor, currency, value_on,
               transaction_id, record_id, settled_at, final_at
          FROM funding.owned_deposits
         WHERE tenant_id = %(tenant)s
           AND (%(entity)s::text IS NULL OR legal_entity_id = %(entity)s)
           AND (%(after)s::text IS NULL OR id < %(after)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id, "after": after, "limit": limit},
        row=Deposit,
    )


def deposit(tx: Tx, deposit_id: str) -> Deposit:
    """One deposit. Raises NoSuchDeposit."""
    found = tx.maybe(
        """
        SELECT id, source, external_id, legal_entity_id, reference, rail, amount_minor, currency, value_on,
               transaction_id, record_id, settled_at, final_at
          FROM funding.owned_deposits
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": deposit_id},
        row=Deposit,
    )
    if found is None:
        raise NoSuchDeposit(f"there is no deposit {deposit_id}", deposit_id=deposit_id)
    return found


def deposits_of(tx: Tx, evidence: Sequence[tuple[str, str]]) -> list[Deposit]:
    """The deposits of these pieces of evidence (source, external id), in the order of their ids."""
    return tx.all(
        """
        SELECT d.id, d.source, d.external_id, d.legal_entity_id, d.reference, d.rail, d.amount_minor, d.currency,
               d.value_on, d.transaction_id, d.record_id, d.settled_at, d.final_at
          FROM unnest(%(sources)s::text[], %(externals)s::text[]) AS wanted (source, external_id)
          JOIN funding.owned_deposits d
            ON d.tenant_id = %(tenant)s AND d.source = wanted.source AND d.external_id = wanted.external_id
         ORDER BY d.id
        """,
        {
            "tenant": tx.tenant_id,
            "sources": [source for source, _ in evidence],
            "externals": [external for _, external in evidence],
        },
        row=Deposit,
    )


def list_evaluations(
    tx: Tx, *, subject: str | None = None, failed_only: bool = False, after: str | None = None, limit: int = 50
) -> list[Evaluation]:
    """Judgements of the gate, the newest first; `subject` is a payroll."""
    return tx.all(
        """
        SELECT id, gate_type, subject, evaluation_no, legal_entity_id, currency, passed, reason, required_minor,
               available_minor, posted_minor, reserved_minor, own_reserved_minor, shortfall_minor, requirement,
               reservations_seen, client_message, funded_until, evaluated_at, mode, outcome, policy_violated, violations,
               override_reason, cure_expected_at, evidence_age, funding_request_id
          FROM funding.gate_evaluations
         WHERE tenant_id = %(tenant)s
           AND (%(subject)s::text IS NULL OR subject = %(subject)s)
           AND (NOT %(failed_only)s OR NOT passed)
           AND (%(after)s::text IS NULL OR id < %(after)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "subject": subject, "failed_only": failed_only, "after": after, "limit": limit},
        row=Evaluation,
    )


def evaluations_of(tx: Tx, evaluation_ids: Sequence[str]) -> dict[str, Evaluation]:
    """These judgements by their ids."""
    rows = tx.all(
        """
        SELECT id, gate_type, subject, evaluation_no, legal_entity_id, currency, passed, reason, required_minor,
               available_minor, posted_minor, reserved_minor, own_reserved_minor, shortfall_minor, requirement,
               reservations_seen, client_message, funded_until, evaluated_at, mode, outcome, policy_violated, violations,
               override_reason, cure_expected_at, evidence_age, funding_request_id
          FROM funding.gate_evaluations
         WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)
        """,
        {"tenant": tx.tenant_id, "ids": list(evaluation_ids)},
        row=Evaluation,
    )
    return {row.id: row for row in rows}


def evaluation(tx: Tx, evaluation_id: str) -> Evaluation:
    """One judgement. Raises NoSuchEvaluation."""
    found = evaluations_of(tx, [evaluation_id]).get(evaluation_id)
    if found is None:
        raise NoSuchEvaluation(f"there is no gate evaluation {evaluation_id}", evaluation_id=evaluation_id)
    return found
