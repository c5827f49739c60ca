"""From messages to notifications: each recipient who wants to know gets one row for each fact, and its mail waits beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, LiteralString

from headgate import servicing
from headgate.alerts.model import BORROWERS, EVENTS, Kind, audience_of
from headgate.alerts.preferences import Preference, list_addresses, list_preferences
from headgate.alerts.templates import Template, list_templates
from headgate.core import arrays, ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.messaging import Message
from headgate.servicing import PaymentNotice

_PLACES: Final = ("interest", "principal", "escrow", "fees")


@dataclass(frozen=True, slots=True)
class _Telling:
    """One notification to write down."""

    key: str
    kind: Kind
    recipient: str
    title: str
    message: str
    payment_id: str
    loan_id: str
    by_email: bool


def notify(tx: Tx, messages: Sequence[Message]) -> None:
    """Tell whoever wants to know of these payments. The same message again tells nobody anew.

    What is only written down (shadow mode), and messages of other kinds, are nobody's news.
    """
    news = [message for message in messages if message.event_type in EVENTS and not _is_pending(message)]
    if not news:
        return
    payments = servicing.payment_notices(tx, list({message.aggregate_id for message in news}))
    borrowers = {paid.borrower_id for paid in payments.values() if paid.borrower_id is not None}
    chosen, words = list_preferences(tx, borrowers=borrowers), list_templates(tx)
    teams = [(recipient, one) for (recipient, _), one in chosen.items() if recipient.startswith("team:")]
    tellings = [
        telling
        for message in news
        if message.aggregate_id in payments
        for telling in _tellings(message, payments[message.aggregate_id], chosen, teams, words)
    ]
    if tellings:
        _write(tx, tellings)


def _is_pending(message: Message) -> bool:
    return message.payload.get("status") == "pending"


def _tellings(
    message: Message,
    paid: PaymentNotice,
    chosen: Mapping[tuple[str, Kind], Preference],
    teams: Sequence[tuple[str, Preference]],
    words: Mapping[Any, Template],
) -> list[_Telling]:
    kind = EVENTS[message.event_type]
    recipients = _recipients(kind, paid, chosen, teams)
    if not recipients:
        return []
    facts, key = _facts(message, paid), f"{message.event_type}:{paid.payment_id}"
    found = []
    for recipient, preference in recipients:
        title, text = words[audience_of(recipient), kind].filled(facts)
        found.append(_Telling(key, kind, recipient, title, text, paid.payment_id, paid.loan_id, preference.by_email))
    return found


def _recipients(
    kind: Kind,
    paid: PaymentNotice,
    chosen: Mapping[tuple[str, Kind], Preference],
    teams: Sequence[tuple[str, Preference]],
) -> list[tuple[str, Preference]]:
    """Who is told: the loan's own borrower, by its own preference or that of all borrowers, and the teams."""
    found = [(team, one) for team, one in teams if one.kind == kind]
    if paid.borrower_id is not None:
        found.append((paid.borrower_id, chosen.get((paid.borrower_id, kind)) or chosen[BORROWERS, kind]))
    return [(recipient, one) for recipient, one in found if one.is_on]


def _facts(message: Message, paid: PaymentNotice) -> dict[str, str]:
    """The fields, as they were when the message was written: what is folded again later is told later."""
    lines = message.payload.get("allocations") or []
    sums = dict.fromkeys((*_PLACES, "waiting"), 0)
    for line in lines:
        sums[line["bucket"] if line["bucket"] in _PLACES else "waiting"] += line["amount_minor"]
    return {
        **{name: _written(minor, paid.currency) for name, minor in sums.items()},
        "amount": _written(paid.amount_minor, paid.currency),
        "loan": paid.loan,
        "received_on": paid.received_on.isoformat(),
        "channel": paid.channel,
        "reason": str(message.payload.get("reason") or paid.reason or ""),
        "code": str(message.payload.get("code") or paid.code or ""),
        "payment_id": paid.payment_id,
    }


@lru_cache(1_000)
def _written(minor: int, currency: str) -> str:
    """An amount in words, kept: the same instalments come month by month."""
    return f"{Money(minor, currency).major} {currency}"


_INSERT: Final[LiteralString] = """
    INSERT INTO alerts.notifications
           (tenant_id, id, key, kind, recipient, title, message, payment_id, loan_id, created_at)
    SELECT %(tenant)s, n.id, n.key, n.kind, n.recipient, n.title, n.message, n.payment, n.loan, tenants.now()
      FROM unnest(%(ids)s::text[], %(keys)s::text[], %(kinds)s::text[], %(recipients)s::text[], %(titles)s::text[],
                  %(messages)s::text[], %(payments)s::text[], %(loans)s::text[])
           AS n (id, key, kind, recipient, title, message, payment, loan)
     ORDER BY n.key, n.recipient
        ON CONFLICT (tenant_id, key, recipient) DO NOTHING
"""


def _write(tx: Tx, tellings: Sequence[_Telling]) -> None:
    """The rows, each once; a mail beside each that goes to a known address, where there is a mail server."""
    rows = {
        "tenant": tx.tenant_id,
        "ids": arrays.texts(ids.new_many("ntf", len(tellings))),
        "keys": arrays.texts([one.key for one in tellings]),
        "kinds": arrays.texts([one.kind for one in tellings]),
        "recipients": arrays.texts([one.recipient for one in tellings]),
        "titles": arrays.texts([one.title for one in tellings]),
        "messages": arrays.texts([one.message for one in tellings]),
        "payments": arrays.texts([one.payment_id for one in tellings]),
        "loans": arrays.texts([one.loan_id for one in tellings]),
    }
    if tx.config.smtp_url is None:
        tx.run(_INSERT, rows)
        return
    written = tx.all(_INSERT + "RETURNING id, key, recipient", rows)
    wanted = {(one.key, one.recipient) for one in tellings if one.by_email}
    mailed = [row for row in written if (row["key"], row["recipient"]) in wanted]
    known = {one.recipient for one in list_addresses(tx, {row["recipient"] for row in mailed}) if one.shown}
    _queue(tx, [row["id"] for row in mailed if row["recipient"] in known])


def _queue(tx: Tx, notification_ids: Sequence[str]) -> None:
    if notification_ids:
        tx.run(
            """
            INSERT INTO alerts.mails (tenant_id, notification_id, next_at)
            SELECT %(tenant)s, n.id, %(now)s FROM unnest(%(ids)s::text[]) AS n (id)
            """,
            {"tenant": tx.tenant_id, "now": tx.now(), "ids": list(notification_ids)},
        )
