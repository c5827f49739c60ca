"""What follows from returns beside the money: each is kept, its account held where policy says so, a person told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from headgate import cases, parties
from headgate.core.db import Tx
from headgate.ingestion import ReturnEntry
from headgate.payments.returns.rules import ReturnPolicy, return_policies
from headgate.rails import ach, return_codes

_EVIDENCE = (
    "the payee's authorization",
    "the payroll register that named the account",
    "the file and trace it left under",
)
"""What an originator shows where a receiver says that it authorized nothing (rails.md §1.4)."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A return as it was judged; the money of a counted one has moved."""

    id: str
    entry: ReturnEntry
    standing: Literal["counted", "repeated", "contradicts", "orphan"]
    attempt_id: str | None
    instruction_id: str | None
    bank_account_id: str | None
    settled_on: date
    is_late: bool
    is_again: bool
    transaction_id: int | None

    @property
    def dishonor_until(self) -> date:
        return ach.dishonor_until(self.settled_on)


def keep(tx: Tx, returned: Sequence[Returned], *, artifact_id: str) -> None:
    """Write returns down, hold what policy holds, and open the case of each."""
    policies = return_policies(tx)
    actions = {one.id: _action(one, policies) for one in returned if one.standing == "counted"}
    # In the order of the accounts, so that two files that hold the same ones queue instead of deadlocking.
    held = [one for one in returned if actions.get(one.id) == "hold" and one.bank_account_id]
    blocks = {one.id: _hold(tx, one) for one in sorted(held, key=lambda one: str(one.bank_account_id))}
    tx.run(
        """
        INSERT INTO payments.returns
               (tenant_id, id, provider, external_id, standing, attempt_id, instruction_id, code, action, is_late,
                dishonor_until, amount_minor, currency, original_trace, original_rdfi, return_trace, settled_on,
                transaction_id, block_id, artifact_id, record_id, occurred_at)
        SELECT %(tenant)s, r.id, r.provider, r.external_id, r.standing, r.attempt_id, r.instruction_id, r.code, r.action,
               r.is_late, r.dishonor_until, r.amount_minor, r.currency, r.original_trace, r.original_rdfi, r.return_trace,
               r.settled_on, r.transaction_id, r.block_id, %(artifact)s, r.record_id, %(now)s
          FROM unnest(%(ids)s::text[], %(providers)s::text[], %(externals)s::text[], %(standings)s::text[],
                      %(attempts)s::text[], %(instructions)s::text[], %(codes)s::text[], %(actions)s::text[],
                      %(late)s::boolean[], %(untils)s::date[], %(amounts)s::bigint[], %(currencies)s::text[],
                      %(traces)s::text[], %(rdfis)s::text[], %(return_traces)s::text[], %(days)s::date[],
                      %(transactions)s::bigint[], %(blocks)s::text[], %(records)s::text[])
               AS r (id, provider, external_id, standing, attempt_id, instruction_id, code, action, is_late,
                     dishonor_until, amount_minor, currency, original_trace, original_rdfi, return_trace, settled_on,
                     transaction_id, block_id, record_id)
        """,
        {
            "tenant": tx.tenant_id,
            "artifact": artifact_id,
            "now": tx.now(),
            "ids": [one.id for one in returned],
            "providers": [one.entry.source for one in returned],
            "externals": [one.entry.external_id for one in returned],
            "standings": [one.standing for one in returned],
            "attempts": [one.attempt_id for one in returned],
            "instructions": [one.instruction_id for one in returned],
            "codes": [one.entry.code for one in returned],
            "actions": [actions.get(one.id) for one in returned],
            "late": [one.is_late for one in returned],
            "untils": [one.dishonor_until for one in returned],
            "amounts": [one.entry.amount.minor for one in returned],
            "currencies": [one.entry.amount.currency for one in returned],
            "traces": [one.entry.original_trace for one in returned],
            "rdfis": [one.entry.original_rdfi for one in returned],
            "return_traces": [one.entry.trace_number for one in returned],
            "days": [one.settled_on for one in returned],
            "transactions": [one.transaction_id for one in returned],
            "blocks": [blocks.get(one.id) for one in returned],
            "records": [one.entry.record_id for one in returned],
        },
    )
    cases.open_cases(tx, [_case(one, actions.get(one.id), blocks.get(one.id), artifact_id) for one in returned])


def _action(one: Returned, policies: Mapping[str, ReturnPolicy]) -> ach.ReturnAction:
    """A credit is never presented again: the policy for debits that lacked funds asks nothing more of it."""
    action = policies[one.entry.code].action
    return "reverse" if action == "retry" else action


def _hold(tx: Tx, one: Returned) -> str:
    """Keep the account, or its payee, from being paid until a person lifts the block; the block's id."""
    assert one.bank_account_id is not None, "an entry went to an account"
    group = ach.group_of(one.entry.code)
    if group.hold_scope == "party":
        party = parties.standings(tx, [one.bank_account_id])[one.bank_account_id].party_id
        return parties.block_party(tx, party_id=party, reason=_reason(group.hold_reason)).id
    return parties.block_bank_account(tx, bank_account_id=one.bank_account_id, reason=_reason(group.hold_reason)).id


def _reason(word: str) -> Any:
    return word  # The table's words are those of parties' blocks: a test compares them.


def _case(one: Returned, action: ach.ReturnAction | None, block_id: str | None, artifact_id: str) -> cases.NewCase:
    code = return_codes()[one.entry.code]
    detail: dict[str, Any] = {
        "code": code.code,
        "title": code.title,
        "amount_minor": one.entry.amount.minor,
        "currency": one.entry.amount.currency,
        "return_id": one.id,
    }
    if one.standing == "orphan":
        return cases.NewCase(
            key=f"orphan_return:{one.entry.record_id}",
            category="orphan_return",
            subcategory=code.code,
            ingestion_id=one.entry.record_id,
            detail={
                **detail, "original_trace": one.entry.original_trace, "artifact_id": artifact_id,
                "dishonor_until": one.dishonor_until.isoformat(),
            },
        )  # fmt: skip
    detail |= {"trace_number": one.entry.original_trace, "attempt_id": one.attempt_id}
    if one.standing != "counted":
        category = "duplicate_return" if one.standing == "repeated" else "return_after_rejection"
        return cases.NewCase(
            key=f"{category}:{one.entry.record_id}",
            category=category,
            subcategory=code.code,
            payment_id=one.instruction_id,
            ingestion_id=one.entry.record_id,
            detail={**detail, "dishonor_until": one.dishonor_until.isoformat(), "next": _NEXT[category]},
        )
    detail |= {"action": action, "do": code.action, "block_id": block_id, "is_late": one.is_late}
    if one.is_late:
        detail |= {"dishonor_until": one.dishonor_until.isoformat(), "next": _NEXT["late"]}
    if action == "dispute":
        detail |= {"evidence": list(_EVIDENCE), "due_on": one.dishonor_until.isoformat()}
    return cases.NewCase(
        key=f"payment_returned:{one.attempt_id}" + (f":{one.id}" if one.is_again else ""),
        category="unauthorized_dispute" if action == "dispute" else "payment_returned",
        subcategory=code.code,
        severity=ach.group_of(code.code).severity if action in ("hold", "dispute") else "medium",
        payment_id=one.instruction_id,
        ingestion_id=one.entry.record_id,
        detail=detail,
    )


_NEXT = {
    "duplicate_return": "the entry had come back before; nothing moved. Dishonor this return with R67 before the day passes",
    "return_after_rejection": "the bank had refused this entry and now returns it; nothing moved. Ask the bank which holds",
    "late": "it came after the time its code allows; it may be dishonored with R68 before the day passes",
}
