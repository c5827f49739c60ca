"""Asking clients' banks for the money of funding requests: drawdown requests, and requests for payment over FedNow or RTP.

A funding request over `drawdown`, `fednow_rfp` or `rtp_rfp` becomes an *ask*, to the account that its client authorised. An ask
moves no money and consumes none, so it is no payment; what it brings is a payment to us, which names the funding request
and settles it (outcomes/debits.py). `asking` sends asks and hears of them; here stands what they are and what an answer changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, LiteralString

from headgate import audit, cases, funding, messaging, rails
from headgate.core import secrets
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.outcomes import debits as debit_outcomes
from headgate.payments.outcomes import movements
from headgate.payments.outcomes.movements import ZONE
from headgate.rails import banks

CONTEXT: Final = "payments.funding_asks.ask_sealed"
EVIDENCE: Final = "payments.funding_ask_answers.evidence_sealed"
TRIES_MAX: Final = 3
"""How often a client is asked by itself where nobody heard of the request; then a person looks."""

ASK_SECONDS_MAX: Final = 3600
LATELY_DAYS: Final = 30
"""How long after it was given up an ask may still turn out paid."""

RAIL_OF: Final[Mapping[str, str]] = {"drawdown": "wire", "fednow_rfp": "fednow", "rtp_rfp": "rtp"}
"""Over which rail each way of funding asks."""

AskStatus = Literal[
    "ready", "sending", "outcome_unknown", "doubted", "pending", "accepted", "refused", "unheard", "expired", "paid",
    "withdrawn",
]  # fmt: skip
OPEN: Final = ("sending", "outcome_unknown", "doubted", "pending", "accepted")
"""Asks of which more may be heard."""

_NEXT: Final[Mapping[tuple[str, str], AskStatus]] = {
    ("sending", "outcome_unknown"): "outcome_unknown",
    ("sending", "unheard"): "doubted",
    ("outcome_unknown", "unheard"): "doubted",
    ("doubted", "unheard"): "unheard",
    ("sending", "unsent"): "unheard",
    **{(before, "pending"): "pending" for before in ("sending", "outcome_unknown", "doubted")},
    **{(before, "accepted"): "accepted" for before in ("sending", "outcome_unknown", "doubted", "pending")},
    **{(before, "refused"): "refused" for before in OPEN},
}
"""What an answer makes of an ask; what is not here changes nothing."""

_COLUMNS: LiteralString = """
           a.id, a.funding_request_id, a.attempt_no, a.legal_entity_id, a.rail, a.bank, a.amount_minor, a.currency,
           a.wanted_on, a.expires_on, a.status, a.created_at, a.message_id, a.reference, a.ask_count, a.next_at, a.changed_at
"""
_SELECT: LiteralString = (
    "SELECT "  # noqa: S608 - constants of this module, no value of a caller
    + _COLUMNS
    + """
      FROM payments.funding_asks a
     WHERE a.tenant_id = %(tenant)s
"""
)
_MOVE: LiteralString = (
    """
    UPDATE payments.funding_asks a
       SET status = %(status)s, ask_count = coalesce(%(asked)s, ask_count), next_at = coalesce(%(next)s, next_at),
           changed_at = CASE WHEN status = %(status)s THEN changed_at ELSE %(now)s END
     WHERE a.tenant_id = %(tenant)s AND a.id = %(id)s
    RETURNING
"""  # noqa: S608 - constants of this module, no value of a caller
    + _COLUMNS
)


@dataclass(frozen=True, slots=True)
class Ask:
    """An ask as it stands. `created_at`, `message_id` and `reference` are there once it was claimed for sending."""

    id: str
    funding_request_id: str
    attempt_no: int
    legal_entity_id: str
    rail: str
    bank: str
    amount_minor: int
    currency: str
    wanted_on: date
    expires_on: date
    status: AskStatus
    created_at: datetime | None
    message_id: str | None
    reference: str | None
    ask_count: int
    next_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedAsk:
    """An ask with what it says, opened for its provider alone."""

    ask: Ask
    said: rails.FundingAsk = field(repr=False)

    @property
    def created_at(self) -> datetime:
        assert self.ask.created_at is not None, "an ask that was claimed has its instant"
        return self.ask.created_at


def get_ask(tx: Tx, ask_id: str) -> Ask:
    """One ask, which must be there."""
    return tx.one(_SELECT + " AND a.id = %(id)s", {"tenant": tx.tenant_id, "id": ask_id}, row=Ask, what="ask")


def list_asks(tx: Tx, *, funding_request_id: str | None = None, after: str | None = None, limit: int = 50) -> list[Ask]:
    """Asks, the newest first."""
    return tx.all(
        _SELECT
        + """
         AND (%(request)s::text IS NULL OR a.funding_request_id = %(request)s)
         AND (%(after)s::text IS NULL OR a.id < %(after)s)
         ORDER BY a.id DESC LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "request": funding_request_id, "after": after, "limit": limit},
        row=Ask,
    )


def next_ask(tx: Tx, over: Sequence[str]) -> Ask | None:
    """The next ask that may go over one of these rails, locked; what is locked by others is passed over."""
    return tx.maybe(
        _SELECT
        + """
         AND a.status = 'ready' AND a.next_at <= %(now)s AND a.rail = ANY(%(rails)s)
         ORDER BY a.next_at, a.id
         LIMIT 1
           FOR NO KEY UPDATE SKIP LOCKED
        """,
        {"tenant": tx.tenant_id, "now": tx.now(), "rails": sorted(over)},
        row=Ask,
    )


def asks_to_ask_about(tx: Tx, over: Sequence[str], *, limit: int) -> list[Ask]:
    """Asks of which it is not known whether anybody has them, and whose time to be asked about has come."""
    return tx.all(
        _SELECT
        + """
         AND a.status IN ('sending', 'outcome_unknown', 'doubted') AND a.next_at <= %(now)s AND a.rail = ANY(%(rails)s)
         ORDER BY a.next_at, a.id LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "now": tx.now(), "rails": sorted(over), "limit": limit},
        row=Ask,
    )


def ask_named(tx: Tx, rail: str, *, message_id: str, reference: str) -> Ask | None:
    """The ask over a rail whose message has this id, or else this reference; '' names nothing."""
    return tx.maybe(
        _SELECT
        + """
         AND a.rail = %(rail)s AND a.created_at IS NOT NULL
         AND (a.message_id = %(message)s AND %(message)s <> '' OR a.reference = %(reference)s AND %(reference)s <> '')
         ORDER BY a.message_id = %(message)s DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id, "rail": rail, "message": message_id, "reference": reference},
        row=Ask,
    )


def asks_called(tx: Tx, *, key: str, funding_request_id: str) -> Ask | None:
    """The ask that was sent under this key; where none has it, the last one that was sent of a funding request."""
    return tx.maybe(
        _SELECT
        + """
         AND a.created_at IS NOT NULL
         AND (a.message_id = %(key)s OR %(key)s = '' AND a.funding_request_id = %(request)s)
         ORDER BY a.attempt_no DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id, "key": key, "request": funding_request_id},
        row=Ask,
    )


def opened_ask(tx: Tx, ask: Ask) -> ClaimedAsk:
    """An ask with what it says: names and account numbers, for its provider alone."""
    sealed = tx.value(
        "SELECT ask_sealed FROM payments.funding_asks WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": ask.id},
    )
    return ClaimedAsk(ask, _unpacked(secrets.open_sealed(tx, bytes(sealed), context=CONTEXT)))


def record_ask_answer(
    tx: Tx,
    ask_id: str,
    answer: rails.AskAnswer,
    *,
    asked_by: Literal["submit", "status", "inbox"],
    waits: int,
    unsent: bool = False,
) -> Ask:
    """Write an answer down and do what follows, once; one that was heard before changes nothing.

    A refusal after the money came, or of what was given up, is a case and changes nothing.
    """
    request_id = get_ask(tx, ask_id).funding_request_id
    funding.lock_requests(tx, [request_id])
    tx.run(
        "SELECT FROM payments.funding_asks WHERE tenant_id = %(tenant)s AND id = %(id)s FOR NO KEY UPDATE",
        {"tenant": tx.tenant_id, "id": ask_id},
    )
    before = get_ask(tx, ask_id)
    outcome = "unsent" if unsent else answer.outcome
    if not _write_down(tx, ask_id, answer, asked_by, outcome):
        return before
    status = _NEXT.get((before.status, outcome), before.status)
    asked = before.ask_count + (1 if asked_by == "status" else 0)
    wait = min(waits * 2 ** min(asked, 16), max(ASK_SECONDS_MAX, waits))
    next_at = tx.now() + timedelta(seconds=wait) if asked_by == "status" else None
    after = move(tx, before, status, asked=asked, next_at=next_at)
    if answer.payment_id:
        _paid_by(tx, after, answer.payment_id)
    if status != before.status:
        announce(tx, after, status, code=answer.code)
        if status in ("refused", "unheard"):
            _given_up(tx, after, answer.code, answer.message)
    return after


def end_asks(tx: Tx, *, limit: int) -> tuple[int, int]:
    """Mark asks whose money came, and those whose day has passed without; how many of each.

    The deadline of a payer is the end of `expires_on` in the bank's zone. What comes later still settles the request.
    """
    rows = tx.all(
        _SELECT
        + """
         AND (a.status IN ('ready', 'sending', 'outcome_unknown', 'doubted', 'pending', 'accepted')
              OR a.status IN ('refused', 'unheard', 'expired') AND a.changed_at > %(lately)s)
         AND NOT EXISTS (SELECT FROM payments.funding_asks n
                          WHERE n.tenant_id = a.tenant_id AND n.funding_request_id = a.funding_request_id
                            AND n.attempt_no > a.attempt_no)
         ORDER BY a.id LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "limit": limit, "lately": tx.now() - timedelta(days=LATELY_DAYS)},
        row=Ask,
    )
    requests = funding.get_requests(tx, {one.funding_request_id for one in rows})
    paid = expired = 0
    for one in rows:
        request = requests[one.funding_request_id]
        zone = banks.get(one.bank).identity.time_zone
        if one.status == "ready" and not request.waits:
            announce(tx, move(tx, one, "withdrawn"), "withdrawn")
        elif one.status != "ready" and request.received_minor >= request.asked_minor > 0:
            paid += 1
            announce(tx, move(tx, one, "paid"), "paid")
            keys = [f"funding_ask_{how}:{one.id}" for how in ("expired", "unheard", "refused")]
            cases.end_answered(tx, keys=keys, resolution="its money has come")
        elif one.status in OPEN and tx.now().astimezone(zone).date() > one.expires_on:
            expired += 1
            ended = move(tx, one, "expired")
            announce(tx, ended, "expired")
            _given_up(tx, ended, "", "nothing came by its day")
    return paid, expired


def _paid_by(tx: Tx, ask: Ask, payment_id: str) -> None:
    """Keep which payment answers an ask, as it was told first; where that has come already, it takes effect now."""
    tx.run(
        """
        UPDATE payments.funding_asks SET payment_reference = %(payment)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s AND payment_reference IS NULL
           AND NOT EXISTS (SELECT FROM payments.funding_asks n
                            WHERE n.tenant_id = %(tenant)s AND n.rail = %(rail)s AND n.payment_reference = %(payment)s)
        """,
        {"tenant": tx.tenant_id, "id": ask.id, "rail": ask.rail, "payment": payment_id},
    )
    today = tx.now().astimezone(ZONE).date()
    for came in movements.told(tx, provider=ask.rail, external_trace_ids=[payment_id]):
        if came.effective_on <= today:
            debit_outcomes.apply(tx, came)


def _given_up(tx: Tx, ask: Ask, code: str, told: str) -> None:
    """Nobody pays by this ask: the money is asked for as before, and a person decides how."""
    funding.mark_refused(tx, funding_request_id=ask.funding_request_id)
    if ask.status == "unheard" and ask.attempt_no < TRIES_MAX:
        return  # It is asked once more by itself: nobody had the first.
    cases.open_case(
        tx,
        key=f"funding_ask_{ask.status}:{ask.id}",
        category="funding_ask_failed",
        subcategory=ask.status,
        detail={
            "ask_id": ask.id,
            "funding_request_id": ask.funding_request_id,
            "legal_entity_id": ask.legal_entity_id,
            "rail": ask.rail,
            "code": code,
            "told": told,
            "amount_minor": ask.amount_minor,
            "currency": ask.currency,
            "next": "speak with the client; then cancel the request and ask for the money over another rail",
        },
    )


def move(tx: Tx, ask: Ask, status: AskStatus, *, asked: int | None = None, next_at: datetime | None = None) -> Ask:
    """Set where an ask stands; the ask as it stands then. The database refuses what may not follow."""
    return tx.one(
        _MOVE,
        {"tenant": tx.tenant_id, "id": ask.id, "status": status, "asked": asked, "next": next_at, "now": tx.now()},
        row=Ask,
        what="ask",
    )


def _write_down(tx: Tx, ask_id: str, answer: rails.AskAnswer, asked_by: str, outcome: str) -> bool:
    evidence = answer.evidence or None
    return bool(
        tx.touched(
            """
            INSERT INTO payments.funding_ask_answers
                   (tenant_id, ask_id, answer_no, asked_by, outcome, code, reason, told, message_id, evidence_sealed,
                    evidence_sha256, occurred_at)
            SELECT %(tenant)s, %(id)s, 1 + count(*), %(asked_by)s, %(outcome)s, %(code)s, %(reason)s, %(told)s, %(message)s,
                   %(sealed)s, %(sha256)s, %(now)s
              FROM payments.funding_ask_answers
             WHERE tenant_id = %(tenant)s AND ask_id = %(id)s
                ON CONFLICT (tenant_id, ask_id, message_id) WHERE message_id <> '' DO NOTHING
            """,
            {
                "tenant": tx.tenant_id,
                "id": ask_id,
                "asked_by": asked_by,
                "outcome": outcome,
                "code": answer.code,
                "reason": answer.reason,
                "told": answer.message,
                "message": answer.message_id,
                "sealed": secrets.seal(tx, evidence, context=EVIDENCE) if evidence else None,
                "sha256": hashlib.sha256(evidence).digest() if evidence else None,
                "now": tx.now(),
            },
        )
    )


def announce(tx: Tx, ask: Ask, what: str, **more: object) -> None:
    """Audit and publish a step of an ask's life."""
    facts = {
        "ask_id": ask.id,
        "funding_request_id": ask.funding_request_id,
        "legal_entity_id": ask.legal_entity_id,
        "rail": ask.rail,
        "amount_minor": ask.amount_minor,
        "currency": ask.currency,
        "reference": ask.reference,
        **more,
    }
    audit.record(tx, type=f"payments.ask.{what}", data=facts)
    messaging.publish(
        tx,
        event_type=f"payments.ask.{what}",
        aggregate_type="funding_request",
        aggregate_id=ask.funding_request_id,
        payload=facts,
    )


def packed(said: rails.FundingAsk) -> bytes:
    """What an ask says, to be sealed."""
    facts = asdict(said)
    facts["amount"] = [said.amount.minor, said.amount.currency]
    facts["wanted_on"], facts["expires_on"] = said.wanted_on.isoformat(), said.expires_on.isoformat()
    return json.dumps(facts).encode()


def _unpacked(content: bytes) -> rails.FundingAsk:
    facts = json.loads(content)
    facts["amount"] = Money(*facts["amount"])
    facts["wanted_on"], facts["expires_on"] = (date.fromisoformat(facts[name]) for name in ("wanted_on", "expires_on"))
    if address := facts.get("payer_address"):
        facts["payer_address"] = rails.PostalAddress(**{**address, "lines": tuple(address.get("lines", ()))})
    return rails.FundingAsk(**facts)
