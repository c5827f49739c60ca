"""Disputed returns: what banks say of dishonored (R61 to R70) and contested ones (R71 to R77), and where the money is then.

    returned      SETTLEMENT_CLEARING → CLIENT_FUNDS    it is the client's again
    dishonored    CLIENT_FUNDS → SETTLEMENT_CLEARING    our bank sends it once more; the payment stands
    contested     SETTLEMENT_CLEARING → CLIENT_FUNDS    it came back for good

A return is dishonored once and that is contested once; a contest is final within the network. Our own dishonors are written
by dishonoring.py. A bank may dishonor by itself: where the client's money does not cover that, or the payment was paid anew,
nothing moves and two people look, since it would be paid twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from headgate import audit, cases, ledger, messaging
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ingestion import ReturnEntry
from headgate.payments.errors import CaptureFailed
from headgate.payments.outcomes import events as outcomes
from headgate.payments.returns.states import ReturnState, states
from headgate.rails import ach

_CONTESTS = {"R71": "R61", "R72": "", "R73": "R68", "R74": "R69", "R75": "R67", "R76": "R69", "R77": "R62"}
"""Which reason each contest answers; R72 says that the dishonor itself was late."""


@dataclass(frozen=True, slots=True)
class DisputeEffects:
    """What the disputed returns of a file did: dishonored, contested, of no return that we know, known before."""

    dishonored: int = 0
    contested: int = 0
    orphans: int = 0
    repeated: int = 0


def record_disputed(tx: Tx, entries: Sequence[ReturnEntry], *, artifact_id: str) -> DisputeEffects:
    """Record what a return file says of disputed returns; the caller has locked the payrolls and attempts."""
    count = {"dishonored": 0, "contested": 0, "orphan": 0, "repeated": 0}
    for entry in entries:
        count[_record(tx, entry, artifact_id)] += 1
    return DisputeEffects(count["dishonored"], count["contested"], count["orphan"], count["repeated"])


def _record(tx: Tx, entry: ReturnEntry, artifact_id: str) -> str:
    if _is_known(tx, entry):
        return "repeated"
    named = [
        one
        for one in states(tx, traces=[entry.original_trace])
        if one.original_rdfi[:8] == entry.original_rdfi[:8] and one.amount == entry.amount
    ]
    if entry.kind == "contested":
        open_ones = [one for one in named if one.dishonored_for and not one.is_answered]
        meant = [one for one in open_ones if one.dishonored_for == _CONTESTS.get(entry.code)] or open_ones
        if meant:
            _contested(tx, meant[0], entry, artifact_id)
            return "contested"
    else:
        if any(one.is_dishonored_by_us and one.dishonored_for == entry.code for one in named):
            return "repeated"  # The bank tells of what we asked it to send.
        # Of several the one that gave the client its money is meant.
        meant = sorted((one for one in named if not one.dishonored_for), key=lambda one: one.standing != "counted")
        if meant:
            return _dishonored(tx, meant[0], entry, artifact_id)
    cases.open_case(
        tx,
        key=f"orphan_return:{entry.record_id}",
        category="orphan_return",
        subcategory=entry.code,
        ingestion_id=entry.record_id,
        detail={
            "code": entry.code,
            "original_trace": entry.original_trace,
            "amount_minor": entry.amount.minor,
            "currency": entry.amount.currency,
            "artifact_id": artifact_id,
            "next": "it disputes a return that we do not know; nothing moved. Ask the bank which return it means",
        },
    )
    return "orphan"


def _is_known(tx: Tx, entry: ReturnEntry) -> bool:
    return bool(
        tx.value(
            """
            SELECT EXISTS (SELECT FROM payments.return_disputes
                            WHERE tenant_id = %(tenant)s AND provider = %(provider)s AND external_id = %(external)s)
            """,
            {"tenant": tx.tenant_id, "provider": entry.source, "external": entry.external_id},
        )
    )


def _dishonored(tx: Tx, of: ReturnState, entry: ReturnEntry, artifact_id: str) -> str:
    """Our bank dishonored it by itself: the money went out once more, where it is there to go."""
    settled_on = entry.settled_on or tx.now().date()
    moved: tuple[int, int] | None = None
    if of.standing == "counted":
        moved = None if of.is_paid_anew else _take(tx, of)
        if moved is None:
            why = "paid_anew" if of.is_paid_anew else "not_covered"
            cases.open_case(
                tx,
                key=f"dishonor_unfunded:{of.id}",
                category="dishonor_unfunded",
                subcategory=entry.code,
                severity="critical",
                payment_id=of.instruction_id,
                ingestion_id=entry.record_id,
                detail=_detail(of, entry.code) | {"why": why, "next": _NEXT[why], "artifact_id": artifact_id},
            )
            return "orphan"
    insert(
        tx, of, kind="dishonored", code=entry.code, moved=moved, answer_until=ach.contest_until(settled_on),
        is_late=settled_on > of.dishonor_until, entry=entry, artifact_id=artifact_id,
    )  # fmt: skip
    if moved:
        stand_again(tx, of, code=entry.code)
    cases.open_case(
        tx,
        key=f"return_dishonored:{of.id}",
        category="return_dishonored",
        subcategory=entry.code,
        payment_id=of.instruction_id,
        ingestion_id=entry.record_id,
        detail=_detail(of, entry.code)
        | {"answer_until": ach.contest_until(settled_on).isoformat(), "next": _NEXT["dishonored"]},
    )
    return "dishonored"


def _take(tx: Tx, of: ReturnState) -> tuple[int, int] | None:
    """Reserve and take the client's money of a counted return: reservation and posting; None where it is not there."""
    assert of.legal_entity_id is not None, "a counted return is of a payment"
    account = ledger.account_for(tx, "CLIENT_FUNDS", of.currency, legal_entity_id=of.legal_entity_id)
    if ledger.balance(tx, account.id).available < of.amount:
        return None
    held = ledger.reserve(
        tx,
        idempotency_key=f"payments:{of.id}:dishonor:reserve",
        account=account.id,
        amount=of.amount,
        reserve_type="dishonor",
        source_ref=of.id,
    )
    if isinstance(held, Refused):
        raise CaptureFailed(f"return {of.id}: {held.message}", return_id=of.id)  # It was there a moment ago: try again.
    return held.id, take(tx, of, reservation_id=held.id)


def take(tx: Tx, of: ReturnState, *, reservation_id: int) -> int:
    """The reserved money of a counted return leaves the client's funds once more; its posting. Raises CaptureFailed."""
    client, clearing = ledger.posting_accounts(
        tx, "payments.return.dishonored", of.currency, legal_entity_id=of.legal_entity_id
    )
    taken = ledger.capture(
        tx,
        idempotency_key=f"payments:{of.id}:dishonor",
        reservation_id=reservation_id,
        amount=of.amount,
        debit=client,
        credit=clearing,
        source_type="payment",
        source_id=of.instruction_id,
        description=f"Its return with {of.code} was dishonored",
    )
    if isinstance(taken, Refused):
        raise CaptureFailed(f"return {of.id}: {taken.message}", return_id=of.id)
    return taken.transaction_id


def _contested(tx: Tx, of: ReturnState, entry: ReturnEntry, artifact_id: str) -> None:
    """The receiving bank stands by its return: what had gone out once more came back, for good."""
    settled_on = entry.settled_on or tx.now().date()
    # Where the entry was returned once more meanwhile, the client has its money already.
    is_owed = of.standing == "counted" and of.attempt_status != "returned"
    transaction = _give_back(tx, of, entry.code, "contested") if is_owed else None
    until = tx.one(
        """
        SELECT answer_until FROM payments.return_disputes
         WHERE tenant_id = %(tenant)s AND return_id = %(return)s AND kind = 'dishonored'
        """,
        {"tenant": tx.tenant_id, "return": of.id},
    )["answer_until"]
    insert(
        tx, of, kind="contested", code=entry.code, moved=(None, transaction) if transaction else None, answer_until=None,
        is_late=settled_on > until, entry=entry, artifact_id=artifact_id,
    )  # fmt: skip
    if transaction:
        _move(tx, of, "returned", return_code=of.code)
        _tell(tx, of, "contested", entry.code)
    cases.open_case(
        tx,
        key=f"return_contested:{of.id}",
        category="return_contested",
        subcategory=entry.code,
        payment_id=of.instruction_id,
        ingestion_id=entry.record_id,
        detail=_detail(of, entry.code)
        | {"is_late": settled_on > until, "next": _NEXT["contested" if transaction else "contested_other"]},
    )


def refuse(tx: Tx, *, file_id: str, provider: str, external_id: str) -> list[str]:
    """Our bank does not take the file: its returns stand, and the money is the client's again; the disputes' ids."""
    rows = tx.all(
        """
        SELECT id, return_id, code FROM payments.return_disputes
         WHERE tenant_id = %(tenant)s AND ach_file_id = %(file)s AND transaction_id IS NOT NULL
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "file": file_id},
    )
    for of, row in zip(states(tx, return_ids=[row["return_id"] for row in rows]), rows, strict=True):
        if of.is_answered or of.attempt_status == "returned":
            continue
        transaction = _give_back(tx, of, row["code"], "refused by our bank")
        insert(
            tx, of, kind="refused", code=row["code"], moved=(None, transaction), answer_until=None, is_late=False,
            evidence=(provider, f"{external_id}:{row['id']}"),
        )  # fmt: skip
        _move(tx, of, "returned", return_code=of.code)
        _tell(tx, of, "dishonor_refused", row["code"])
    return [row["id"] for row in rows]


def _give_back(tx: Tx, of: ReturnState, code: str, what: str) -> int:
    clearing, client = ledger.posting_accounts(
        tx, "payments.return.contested", of.currency, legal_entity_id=of.legal_entity_id
    )
    return outcomes.post_all(
        tx,
        [
            ledger.Posting(
                idempotency_key=f"payments:{of.id}:contest",
                entries=[ledger.Entry(clearing, client, of.amount)],
                source_type="payment",
                source_id=of.instruction_id,
                description=f"Its dishonored return was {what}: {code}",
            )
        ],
    )[0]


def insert(
    tx: Tx,
    of: ReturnState,
    *,
    kind: str,
    code: str,
    moved: tuple[int | None, int] | None,
    answer_until: date | None,
    is_late: bool,
    entry: ReturnEntry | None = None,
    artifact_id: str | None = None,
    evidence: tuple[str, str] | None = None,
    file: tuple[str, str] | None = None,
    reason: str | None = None,
    dispute_id: str | None = None,
) -> str:
    """Write a step of a dispute down; its id. `moved` is its reservation and posting, `file` our file and trace number.

    What the bank says rests on a record of a file, or on other `evidence`: who says it, and under which id.
    """
    said = (entry.source, entry.external_id) if entry else evidence
    dispute_id = dispute_id or ids.new("dsp")
    tx.run(
        """
        INSERT INTO payments.return_disputes
               (tenant_id, id, return_id, kind, direction, code, amount_minor, currency, reservation_id, transaction_id,
                ach_file_id, trace_number, provider, external_id, artifact_id, record_id, answer_until, is_late, reason,
                occurred_at)
        VALUES (%(tenant)s, %(id)s, %(return)s, %(kind)s, %(direction)s, %(code)s, %(amount)s, %(currency)s,
                %(reservation)s, %(transaction)s, %(file)s, %(trace)s, %(provider)s, %(external)s, %(artifact)s,
                %(record)s, %(until)s, %(late)s, %(reason)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": dispute_id,
            "return": of.id,
            "kind": kind,
            "direction": "outbound" if file else "inbound",
            "code": code,
            "amount": of.amount_minor,
            "currency": of.currency,
            "reservation": moved[0] if moved else None,
            "transaction": moved[1] if moved else None,
            "file": file[0] if file else None,
            "trace": file[1] if file else None,
            "provider": said[0] if said else None,
            "external": said[1] if said else None,
            "artifact": artifact_id,
            "record": entry.record_id if entry else None,
            "until": answer_until,
            "late": is_late,
            "reason": reason,
            "now": tx.now(),
        },
    )
    return dispute_id


def stand_again(tx: Tx, of: ReturnState, *, code: str) -> None:
    """A counted return is dishonored: its payment stands as before it came back, settled or on its way."""
    status = tx.value(
        """
        SELECT CASE WHEN EXISTS (SELECT FROM payments.settlement_events e
                                  WHERE e.tenant_id = %(tenant)s AND e.attempt_id = %(attempt)s AND e.status = 'settled')
                    THEN 'settled' ELSE 'sent' END
        """,
        {"tenant": tx.tenant_id, "attempt": of.attempt_id},
    )
    _move(tx, of, status, return_code=None)
    _tell(tx, of, "dishonored", code)


def _move(tx: Tx, of: ReturnState, status: str, *, return_code: str | None) -> None:
    params = {
        "tenant": tx.tenant_id,
        "attempt": of.attempt_id,
        "instruction": of.instruction_id,
        "status": status,
        "code": return_code,
        "now": tx.now(),
    }
    tx.run("UPDATE payments.attempts SET status = %(status)s WHERE tenant_id = %(tenant)s AND id = %(attempt)s", params)
    payrolls = tx.values(
        """
        UPDATE payments.instructions SET status = %(status)s, return_code = %(code)s, changed_at = %(now)s
         WHERE tenant_id = %(tenant)s AND id = %(instruction)s
        RETURNING payroll_id
        """,
        params,
    )
    outcomes.finish(tx, set(payrolls))


def _tell(tx: Tx, of: ReturnState, what: str, code: str) -> None:
    event_type, facts = f"payments.return.{what}", {"payment_id": of.instruction_id, **_detail(of, code)}
    audit.record(tx, type=event_type, data=facts, payment_id=of.instruction_id)
    messaging.publish(
        tx, event_type=event_type, aggregate_type="payment", aggregate_id=str(of.instruction_id), payload=facts
    )


def _detail(of: ReturnState, code: str) -> dict[str, object]:
    return {
        "code": code,
        "title": ach.return_codes()[code].title,
        "return_id": of.id,
        "return_code": of.code,
        "amount_minor": of.amount_minor,
        "currency": of.currency,
        "trace_number": of.original_trace,
        "attempt_id": of.attempt_id,
    }


_NEXT = {
    "dishonored": "the payment stands; the receiving bank may contest until the day named, and then its word is final",
    "contested": "the return stands, and that is final within the network; the money is the client's again",
    "contested_other": "the other bank stands by a return that is not the one which gave the client its money; what it "
    "sends lies in settlement clearing. Agree with the bank whose it is",
    "paid_anew": "the bank dishonored a return whose payment was paid anew since: it would be paid twice. Nothing moved; "
    "have the bank take its dishonor back, or the payee give one of the two back",
    "not_covered": "the bank dishonored a return by itself and the client's money does not cover it. Nothing moved; "
    "have the client fund it, then read the file again",
}
