"""Sending asks and hearing of them: each goes once, whoever crashed, and what is not answered is asked about.

As with orders: an ask is claimed in a transaction of its own, which fixes the instant and the ids of its message; it goes to
the provider with no transaction open; the answer is recorded in another. Whoever dies in between leaves it `sending`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from headgate import cases, funding, rails
from headgate.core import egress, log
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError
from headgate.payments.orders import ask_making, asks
from headgate.payments.orders.asks import ClaimedAsk
from headgate.payments.orders.providers import ACTOR, providers_in, providers_of

ASKS_MAX: Final = 1000
"""How many asks one round sends, or asks about."""

_LOG = log.get(__name__)


def send_asks(database: Database, tenant_id: UUID) -> list[str]:
    """Make asks of the funding requests that want one, and send what may go now; the asks that were sent."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        ask_making.write_asks(tx, providers_in(tx))
    providers = providers_of(database, tenant_id)
    sent: list[str] = []
    for _ in range(ASKS_MAX):
        claimed = _claim(database, tenant_id, providers)
        if claimed is None:
            break
        if isinstance(claimed, ClaimedAsk):
            _submit(database, tenant_id, providers[claimed.ask.rail], claimed)
            sent.append(claimed.ask.id)
    return sent


def ask_about_asks(database: Database, tenant_id: UUID) -> int:
    """Ask what became of the asks of which nobody said anything; how many were asked about."""
    providers = providers_of(database, tenant_id)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        due = [asks.opened_ask(tx, one) for one in asks.asks_to_ask_about(tx, sorted(providers), limit=ASKS_MAX)]
        at = tx.now()
    for one in due:
        provider = providers[one.ask.rail]
        try:
            answer = provider.request_status(one.said, created_at=one.created_at, at=at)
        except HeadgateError as error:
            _LOG.error("an ask could not be asked about", exc_info=error, extra={"ask_id": one.ask.id})
            answer = rails.AskAnswer("outcome_unknown", error.message)
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            asks.record_ask_answer(tx, one.ask.id, answer, asked_by="status", waits=provider.waits_seconds)
    return len(due)


def take_answer(tx: Tx, rail: str, provider: rails.Correspondent, message: rails.InboxMessage) -> int:
    """Apply a message of the inbox to the ask that it is about, where it is about one: 1, else 0."""
    found = asks.ask_named(tx, rail, message_id=message.about_message_id, reference=message.about_reference)
    if found is None:
        return 0
    claimed = asks.opened_ask(tx, found)
    answer = provider.request_heard(message, claimed.said, created_at=claimed.created_at)
    if answer is None:
        return 0
    asks.record_ask_answer(tx, found.id, answer, asked_by="inbox", waits=provider.waits_seconds)
    return 1


def end(database: Database, tenant_id: UUID) -> None:
    """Mark the asks whose money came, and those whose day has passed."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        asks.end_asks(tx, limit=ASKS_MAX)


# Helpers, in the order of their call.


def _claim(
    database: Database, tenant_id: UUID, providers: Mapping[str, rails.Correspondent]
) -> ClaimedAsk | Literal["skipped"] | None:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        found = asks.next_ask(tx, sorted(providers))
        if found is None:
            return None
        claimed, provider, at = asks.opened_ask(tx, found), providers[found.rail], tx.now()
        if not funding.get_request(tx, found.funding_request_id).waits:
            asks.announce(tx, asks.move(tx, found, "withdrawn"), "withdrawn")
            return "skipped"
        opens = provider.asks_at(claimed.said, at=at)
        if opens > at:
            asks.move(tx, found, "ready", next_at=opens)
            return "skipped"
        try:
            names = provider.ask_names(claimed.said, created_at=at)
        except rails.CannotWrite as error:
            asks.move(tx, found, "ready", next_at=at + timedelta(hours=1))
            cases.open_case(
                tx,
                key=f"funding_unasked:{found.funding_request_id}",
                category="funding_unasked",
                detail={
                    "funding_request_id": found.funding_request_id,
                    "problems": error.facts.get("problems", [error.message]),
                },
            )
            return "skipped"
        tx.run(
            """
            UPDATE payments.funding_asks
               SET status = 'sending', created_at = %(now)s, message_id = %(message)s, reference = %(reference)s,
                   next_at = %(ask_at)s, changed_at = %(now)s
             WHERE tenant_id = %(tenant)s AND id = %(id)s
            """,
            {
                "tenant": tx.tenant_id,
                "id": found.id,
                "now": at,
                "message": names.message_id,
                "reference": names.reference,
                "ask_at": at + timedelta(seconds=provider.waits_seconds),
            },
        )
        ask = asks.get_ask(tx, found.id)
        asks.announce(tx, ask, "sending")
        funding.mark_submitted(tx, funding_request_id=ask.funding_request_id)
        return ClaimedAsk(ask, claimed.said)


def _submit(database: Database, tenant_id: UUID, provider: rails.Correspondent, claimed: ClaimedAsk) -> None:
    unsent = False
    try:
        answer = provider.request(claimed.said, created_at=claimed.created_at)
    except (rails.CannotWrite, egress.EgressRefused) as error:
        # Both are said before a connection is opened.
        answer, unsent = rails.AskAnswer("unheard", error.message), True
    except HeadgateError as error:
        _LOG.error("an ask met with an error", exc_info=error, extra={"ask_id": claimed.ask.id})
        answer = rails.AskAnswer("outcome_unknown", error.message)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        asks.record_ask_answer(
            tx, claimed.ask.id, answer, asked_by="submit", waits=provider.waits_seconds, unsent=unsent
        )
