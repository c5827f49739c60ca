"""Notifications of change: a receiving bank took the entry and asks that the next one say it otherwise.

A correction of an account is applied to the payee at once, unless the tenant chose to have a person decide: the network
asks for it before the next entry, or within six banking days. What has not left yet goes to the corrected account. It is
no change of mind of the payee, so it begins no cooldown. What corrects anything else is a case. A notice about a debit of
a client corrects the client's own account so, and what the client authorised goes on for the corrected one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from headgate import audit, cases, funding, parties
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.ingestion import ChangeEntry, change_entries
from headgate.rails import ach

Policy = Literal["apply", "case"]
Decision = Literal["applied", "superseded", "case", "orphan"]

APPLIED_BY_DEFAULT = frozenset({"C01", "C02", "C03", "C05", "C06", "C07"})
"""Account number, routing number, account type, and what combines them."""


@dataclass(frozen=True, slots=True)
class NoticeEffects:
    """What the notices of a file did: payees corrected, notices for a person, of no entry of ours, known before."""

    applied: int = 0
    for_a_person: int = 0
    orphans: int = 0
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice and what was done. `moved_count` payments that had not left go to the corrected account.

    It is about a payment, or about a debit of a client.
    """

    id: str
    code: str
    title: str
    decision: Decision
    payment_id: str | None
    debit_id: str | None
    party_id: str | None
    old_bank_account_id: str | None
    new_bank_account_id: str | None
    moved_count: int
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The entry that a notice is about, and whose account it went to."""

    id: str
    instruction_id: str | None
    bank_account_id: str
    trace_number: str
    rdfi_identification: str
    debited_entity_id: str | None

    @property
    def is_debit(self) -> bool:
        """Whether it is a debit of a client, and no payment."""
        return self.debited_entity_id is not None


@dataclass(frozen=True, slots=True)
class _Judged:
    entry: ChangeEntry
    attempt: _Attempt | None
    decision: Decision
    party_id: str | None = None
    legal_entity_id: str | None = None
    corrected: parties.BankAccountInput | None = None

    @property
    def old_id(self) -> str | None:
        return self.attempt.bank_account_id if self.attempt else None


def apply_notices(tx: Tx, *, artifact_id: str) -> NoticeEffects:
    """Do what the notices of a return file ask for, as the tenant's policy has it; each once, however often it comes."""
    entries = change_entries(tx, artifact_id)
    fresh = _unknown(tx, entries)
    if not fresh:
        return NoticeEffects(repeated=len(entries))
    attempts = _attempts(tx, fresh)
    old = sorted({attempt.bank_account_id for attempt in attempts.values()})
    _lock_waiting(tx, old)
    standings = parties.standings(tx, old)
    parties.lock_parties(tx, [standing.party_id for standing in standings.values()])
    judged = _judge(tx, fresh, attempts, parties.standings(tx, old))
    new = _correct(tx, judged, artifact_id)
    _correct_debits(tx, judged, new)
    moved = _move_waiting(tx, {one.old_id: new[one.entry.record_id] for one in judged if one.decision == "applied"})
    _store(tx, judged, new, moved, artifact_id)
    _open_cases(tx, [one for one in judged if one.decision in ("case", "orphan")], artifact_id)
    count = [one.decision for one in judged].count
    return NoticeEffects(
        applied=count("applied") + count("superseded"),
        for_a_person=count("case"),
        orphans=count("orphan"),
        repeated=len(entries) - len(fresh),
    )


def set_notice_policy(tx: Tx, *, code: str, policy: Policy, reason: str) -> dict[str, Policy]:
    """Choose whether a kind of correction is applied at once or decided by a person; every code's policy from then on.

    Raises Malformed where the code corrects no account and can only be a case.
    """
    if policy not in get_args(Policy):
        raise Malformed(f"'{policy[:20]}' is no policy: write apply or case")
    if code not in APPLIED_BY_DEFAULT:
        known = ", ".join(sorted(APPLIED_BY_DEFAULT))
        raise Malformed(f"{code[:10]} corrects no bank account, a person decides it always; codes are {known}")
    if not reason.strip():
        raise Malformed("say why, for those who read the audit later")
    tx.run(
        """
        INSERT INTO payments.notice_policies (tenant_id, code, policy, reason, set_at)
        VALUES (%(tenant)s, %(code)s, %(policy)s, %(reason)s, %(now)s)
        """,
        {"tenant": tx.tenant_id, "code": code, "policy": policy, "reason": reason, "now": tx.now()},
    )
    audit.record(tx, type="payments.notice_policy.set", data={"code": code, "policy": policy, "reason": reason})
    return notice_policies(tx)


def notice_policies(tx: Tx) -> dict[str, Policy]:
    """What is done with each code that corrects an account."""
    rows = tx.all(
        """
        SELECT DISTINCT ON (code) code, policy FROM payments.notice_policies
         WHERE tenant_id = %(tenant)s ORDER BY code, id DESC
        """,
        {"tenant": tx.tenant_id},
    )
    chosen: dict[str, Policy] = {row["code"]: row["policy"] for row in rows}
    return {code: chosen.get(code, "apply") for code in sorted(APPLIED_BY_DEFAULT)}


def list_notices(tx: Tx, *, after: str | None = None, limit: int = 50) -> list[Notice]:
    """Notices, the newest first, after the id `after`."""
    rows = tx.all(
        """
        SELECT id, code, decision, instruction_id AS payment_id, funding_attempt_id AS debit_id, party_id,
               old_bank_account_id, new_bank_account_id,
               moved_count, noticed_at
          FROM payments.notices
         WHERE tenant_id = %(tenant)s AND (%(after)s::text IS NULL OR id < %(after)s)
         ORDER BY id DESC LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "after": after, "limit": limit},
    )
    return [Notice(**row, title=ach.CHANGE_CODES.get(row["code"], "unknown code")) for row in rows]


def _unknown(tx: Tx, entries: Sequence[ChangeEntry]) -> list[ChangeEntry]:
    known = {
        (row["provider"], row["external_id"])
        for row in tx.all(
            """
            SELECT n.provider, n.external_id
              FROM unnest(%(providers)s::text[], %(externals)s::text[]) AS wanted (provider, external_id)
              JOIN payments.notices n
                ON n.tenant_id = %(tenant)s AND n.provider = wanted.provider AND n.external_id = wanted.external_id
            """,
            {
                "tenant": tx.tenant_id,
                "providers": [entry.source for entry in entries],
                "externals": [entry.external_id for entry in entries],
            },
        )
    }
    return [entry for entry in entries if (entry.source, entry.external_id) not in known]


def _attempts(tx: Tx, entries: Sequence[ChangeEntry]) -> dict[tuple[str, str], _Attempt]:
    """The entries that went out under these traces to these banks; where a trace came again, the latest."""
    rows = tx.all(
        """
        SELECT e.id, e.instruction_id, e.bank_account_id, e.trace_number, e.rdfi_identification, e.debited_entity_id
          FROM (SELECT a.id, a.instruction_id, i.bank_account_id, a.trace_number, a.rdfi_identification,
                       NULL AS debited_entity_id, a.created_at
                  FROM payments.attempts a
                  JOIN payments.instructions i ON i.tenant_id = a.tenant_id AND i.id = a.instruction_id
                 WHERE a.tenant_id = %(tenant)s AND a.trace_number = ANY(%(traces)s)
                 UNION ALL
                SELECT d.id, NULL, d.bank_account_id, d.trace_number, d.rdfi_identification, d.legal_entity_id,
                       d.created_at
                  FROM payments.funding_attempts d
                 WHERE d.tenant_id = %(tenant)s AND d.trace_number = ANY(%(traces)s)) e
         ORDER BY e.created_at, e.id
        """,
        {"tenant": tx.tenant_id, "traces": sorted({entry.original_trace for entry in entries})},
        row=_Attempt,
    )
    return {(row.trace_number, row.rdfi_identification): row for row in rows}


def _judge(
    tx: Tx,
    entries: Sequence[ChangeEntry],
    attempts: Mapping[tuple[str, str], _Attempt],
    standings: Mapping[str, parties.Standing],
) -> list[_Judged]:
    policies = notice_policies(tx)
    accounts = parties.bank_accounts_for_sending(tx, sorted(standings))
    wanted: dict[str, parties.BankAccountInput] = {}
    judged = []
    for entry in entries:
        attempt = attempts.get((entry.original_trace, entry.original_rdfi[:8]))
        if attempt is None:
            judged.append(_Judged(entry, None, "orphan"))
            continue
        standing = standings[attempt.bank_account_id]
        corrected = _corrected(entry, accounts[attempt.bank_account_id])
        decision: Decision = "applied"
        if corrected is None or policies.get(entry.code) != "apply" or standing.party_status == "closed":
            decision = "case"
        elif wanted.setdefault(attempt.bank_account_id, corrected) != corrected:
            decision = "case"  # Two corrections of one account that do not agree.
        elif standing.account_status != "active":
            decision = "superseded"  # It was changed since the entry went out: nothing goes there any more.
        judged.append(_Judged(entry, attempt, decision, standing.party_id, standing.legal_entity_id, corrected))
    return judged


def _corrected(entry: ChangeEntry, account: parties.SendingAccount) -> parties.BankAccountInput | None:
    """The account as it shall be; None where the notice corrects no account, or what it says cannot be one."""
    code = ach.TRANSACTION_CODES.get(entry.transaction_code or "")
    kind: parties.AccountType = account.account_type
    if code and code.account_type in ("checking", "savings"):
        kind = "savings" if code.account_type == "savings" else "checking"
    if entry.code not in APPLIED_BY_DEFAULT or (code and code.account_type != kind):
        return None
    found = parties.BankAccountInput(
        entry.routing_number or account.routing_number,
        entry.account_number or account.account_number,
        kind,
    )
    return None if parties.check_bank_account(found) else found


def _lock_waiting(tx: Tx, bank_account_ids: Sequence[str]) -> None:
    """Hold the payrolls that still pay to these accounts, as a sender does, before the payees are held."""
    tx.run(
        """
        SELECT FROM payments.payrolls p
         WHERE p.tenant_id = %(tenant)s
           AND p.id IN (SELECT i.payroll_id FROM payments.instructions i
                         WHERE i.tenant_id = %(tenant)s AND i.bank_account_id = ANY(%(ids)s)
                           AND i.status IN ('pending', 'awaiting_funding', 'blocked_funds'))
         ORDER BY p.id
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "ids": list(bank_account_ids)},
    )


def _correct(tx: Tx, judged: Sequence[_Judged], artifact_id: str) -> dict[str, str]:
    """Which account is in use now, by the record of the notice that was applied."""
    applied = [one for one in judged if one.decision == "applied"]
    new = parties.correct_bank_accounts(
        tx,
        [
            (one.party_id, one.attempt.bank_account_id, one.corrected)
            for one in applied
            if one.party_id and one.attempt and one.corrected
        ],
        source_ref=f"noc:{artifact_id}",
    )
    return {one.entry.record_id: account for one, account in zip(applied, new, strict=True)}


def _correct_debits(tx: Tx, judged: Sequence[_Judged], new: Mapping[str, str]) -> None:
    """What clients authorised goes on for their corrected accounts, whichever entry the bank noticed it at."""
    for one in judged:
        if one.decision == "applied" and one.attempt and one.legal_entity_id:
            funding.correct_debits(
                tx,
                legal_entity_id=one.legal_entity_id,
                old_account_id=one.attempt.bank_account_id,
                new_account_id=new[one.entry.record_id],
                source=f"{one.entry.code} of {one.entry.external_id[:60]}",
            )


def _move_waiting(tx: Tx, accounts: Mapping[str | None, str]) -> dict[str | None, int]:
    """Have what has not left yet go to the corrected accounts; how many payments, by the account that they left."""
    changed = {old: new for old, new in accounts.items() if old != new}
    rows = tx.all(
        """
        UPDATE payments.instructions i SET bank_account_id = c.new_id
          FROM unnest(%(old)s::text[], %(new)s::text[]) AS c (old_id, new_id)
         WHERE i.tenant_id = %(tenant)s AND i.bank_account_id = c.old_id
           AND i.status IN ('pending', 'awaiting_funding', 'blocked_funds')
        RETURNING i.id, c.old_id, c.new_id
        """,
        {"tenant": tx.tenant_id, "old": list(changed), "new": list(changed.values())},
    )
    audit.record_many(
        tx,
        [
            audit.Event(
                type="payments.instruction.account_corrected",
                payment_id=row["id"],
                data={"payment_id": row["id"], "from": row["old_id"], "to": row["new_id"]},
            )
            for row in rows
        ],
    )
    moved: dict[str | None, int] = {}
    for row in rows:
        moved[row["old_id"]] = moved.get(row["old_id"], 0) + 1
    return moved


def _store(
    tx: Tx, judged: Sequence[_Judged], new: Mapping[str, str], moved: Mapping[str | None, int], artifact_id: str
) -> None:
    tx.run(
        """
        INSERT INTO payments.notices
               (tenant_id, id, provider, external_id, code, decision, attempt_id, funding_attempt_id, instruction_id,
                party_id, old_bank_account_id, new_bank_account_id, moved_count, artifact_id, record_id, noticed_at)
        SELECT %(tenant)s, n.id, n.provider, n.external_id, n.code, n.decision, n.attempt_id, n.debit_id,
               n.instruction_id, n.party_id, n.old_id, n.new_id, n.moved_count, %(artifact)s, n.record_id, %(now)s
          FROM unnest(%(ids)s::text[], %(providers)s::text[], %(externals)s::text[], %(codes)s::text[],
                      %(decisions)s::text[], %(attempts)s::text[], %(debits)s::text[], %(instructions)s::text[],
                      %(parties)s::text[], %(olds)s::text[], %(news)s::text[], %(moved)s::integer[],
                      %(records)s::text[])
               AS n (id, provider, external_id, code, decision, attempt_id, debit_id, instruction_id, party_id, old_id,
                     new_id, moved_count, record_id)
        """,
        {
            "tenant": tx.tenant_id,
            "artifact": artifact_id,
            "now": tx.now(),
            "ids": [ids.new("noc") for _ in judged],
            "providers": [one.entry.source for one in judged],
            "externals": [one.entry.external_id for one in judged],
            "codes": [one.entry.code for one in judged],
            "decisions": [one.decision for one in judged],
            "attempts": [one.attempt.id if one.attempt and not one.attempt.is_debit else None for one in judged],
            "debits": [one.attempt.id if one.attempt and one.attempt.is_debit else None for one in judged],
            "instructions": [one.attempt.instruction_id if one.attempt else None for one in judged],
            "parties": [one.party_id for one in judged],
            "olds": [one.old_id for one in judged],
            "news": [new.get(one.entry.record_id) for one in judged],
            "moved": [moved.get(one.old_id, 0) if one.decision == "applied" else 0 for one in judged],
            "records": [one.entry.record_id for one in judged],
        },
    )


def _open_cases(tx: Tx, judged: Sequence[_Judged], artifact_id: str) -> None:
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"notice_of_change:{one.entry.record_id}",
                category="notice_of_change" if one.attempt else "orphan_notice",
                subcategory=one.entry.code,
                payment_id=one.attempt.instruction_id if one.attempt else None,
                ingestion_id=one.entry.record_id,
                detail={
                    "code": one.entry.code,
                    "title": ach.CHANGE_CODES.get(one.entry.code, "unknown code"),
                    "original_trace": one.entry.original_trace,
                    "artifact_id": artifact_id,
                    **({"debit_id": one.attempt.id} if one.attempt and one.attempt.is_debit else {}),
                },
            )
            for one in judged
        ],
    )
