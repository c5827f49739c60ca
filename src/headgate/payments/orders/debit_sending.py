"""Sending debits of clients to their provider, and hearing of them: each goes once, whoever crashed.

As with payments: a debit is claimed in a transaction of its own, which fixes its instant and its key; it goes to the
provider with no transaction open; the answer is recorded in another. Whoever dies in between leaves it `sending`: then the
provider is asked for the transfer of that key, and a debit is never made anew under another.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from headgate import cases, funding, rails
from headgate.core import egress, log
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError
from headgate.payments.orders import answers as order_answers
from headgate.payments.orders import debit_orders
from headgate.payments.orders.debit_orders import ClaimedDebit, DebitOrder
from headgate.payments.orders.providers import ACTOR, providers_of

DEBITS_MAX: Final = 1000
"""How many debits one round sends, or asks about."""

_LOG = log.get(__name__)


def send_debit_orders(database: Database, tenant_id: UUID, *, limit: int = DEBITS_MAX) -> list[str]:
    """Send the debits that may go now, the first due first; those that were given to their provider."""
    providers = providers_of(database, tenant_id)
    sent: list[str] = []
    for _ in range(limit):
        claimed = _claim(database, tenant_id, providers)
        if claimed is None:
            break
        if isinstance(claimed, ClaimedDebit):
            submit_debit(database, tenant_id, providers[claimed.order.rail], claimed)
            sent.append(claimed.order.debit_id)
    return sent


def submit_debit(database: Database, tenant_id: UUID, provider: rails.Correspondent, claimed: ClaimedDebit) -> None:
    """Give a claimed debit to its provider, and record what it answers. Where anything breaks, it is asked about."""
    reference = claimed.order.reference or ""
    try:
        answer = provider.submit(claimed.said, created_at=claimed.created_at)
    except (rails.CannotWrite, egress.EgressRefused) as error:
        # Both are said before a connection is opened.
        answer = order_answers.unsent(reference, error.message)
    except HeadgateError as error:
        _LOG.error("a debit met with an error", exc_info=error, extra={"debit_id": claimed.order.debit_id})
        answer = order_answers.silent(reference, error.message)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        debit_orders.record_debit_answer(
            tx, claimed.order.debit_id, answer, asked_by="submit", waits=provider.waits_seconds
        )


def ask_about_debits(database: Database, tenant_id: UUID) -> int:
    """Ask what became of the debits that are not final, and whose time it is; how many were asked about."""
    providers = providers_of(database, tenant_id)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        late = debit_orders.debits_to_ask_about(tx, sorted(providers), limit=DEBITS_MAX)
        due = [debit_orders.opened_debit(tx, order) for order in late]
        at = tx.now()
    for one in due:
        _ask_one(database, tenant_id, providers[one.order.rail], one, at)
    return len(due)


# Helpers, in the order of their call.


def _claim(
    database: Database, tenant_id: UUID, providers: Mapping[str, rails.Correspondent]
) -> ClaimedDebit | Literal["skipped"] | None:
    """The next debit that may go, with its instant and its key fixed; None where there is none."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        found = debit_orders.next_debit(tx, sorted(providers))
        if found is None:
            return None
        claimed, provider, at = debit_orders.opened_debit(tx, found), providers[found.rail], tx.now()
        if why := _withdrawn(tx, found):
            _hold(tx, found, why)
            return "skipped"
        opens = provider.opens_at(claimed.said, at=at)
        if opens > at:
            _put_off(tx, found, opens)
            return "skipped"
        try:
            names = provider.names(claimed.said, created_at=at)
        except rails.CannotWrite as error:
            _hold(tx, found, error.message)
            return "skipped"
        tx.run(
            """
            UPDATE payments.debit_orders
               SET status = 'sending', created_at = %(now)s, message_id = %(message)s, reference = %(reference)s,
                   next_at = %(ask_at)s, changed_at = %(now)s
             WHERE tenant_id = %(tenant)s AND debit_id = %(id)s
            """,
            {
                "tenant": tx.tenant_id,
                "id": found.debit_id,
                "now": at,
                "message": names.message_id,
                "reference": names.reference,
                "ask_at": at + timedelta(seconds=provider.waits_seconds),
            },
        )
        order = debit_orders.get_debit_order(tx, found.debit_id)
        debit_orders.announce(tx, order, "sending")
        cases.end_answered(tx, keys=[_unsent_key(order)], resolution="its debit has gone out")
        return ClaimedDebit(order, claimed.said)


def _withdrawn(tx: Tx, order: DebitOrder) -> str:
    """Why nothing may be drawn now that might be when the debit was fixed; '' where it may."""
    allowed = funding.debit_authorization(tx, legal_entity_id=order.legal_entity_id)
    account = tx.value(
        "SELECT bank_account_id FROM payments.funding_attempts WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": order.debit_id},
    )
    if allowed is None or allowed.bank_account_id != account:
        return "the client has withdrawn its authorization of this account since: have it authorise the account again"
    return ""


def _put_off(tx: Tx, order: DebitOrder, at: datetime) -> None:
    tx.run(
        "UPDATE payments.debit_orders SET next_at = %(at)s WHERE tenant_id = %(tenant)s AND debit_id = %(id)s",
        {"tenant": tx.tenant_id, "id": order.debit_id, "at": at},
    )


def _hold(tx: Tx, order: DebitOrder, why: str) -> None:
    """What cannot go now waits an hour, with a case: nothing of it has left."""
    _put_off(tx, order, tx.now() + timedelta(hours=1))
    cases.open_case(
        tx,
        key=_unsent_key(order),
        category="debit_unsent",
        detail={
            "debit_id": order.debit_id,
            "funding_request_id": order.funding_request_id,
            "legal_entity_id": order.legal_entity_id,
            "problems": [why],
        },
    )


def _unsent_key(order: DebitOrder) -> str:
    return f"debit_unsent:{order.funding_request_id}:{order.debit_id}"


def _ask_one(
    database: Database, tenant_id: UUID, provider: rails.Correspondent, one: ClaimedDebit, at: datetime
) -> None:
    try:
        answer = provider.get_status(one.said, created_at=one.created_at, at=at)
    except HeadgateError as error:
        _LOG.error("a debit could not be asked about", exc_info=error, extra={"debit_id": one.order.debit_id})
        answer = order_answers.silent(one.order.reference or "", error.message)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        order = debit_orders.record_debit_answer(
            tx, one.order.debit_id, answer, asked_by="status", waits=provider.waits_seconds
        )
        if order.status == "outcome_unknown":
            cases.open_case(
                tx,
                key=debit_orders.unknown_key(order.debit_id),
                category="debit_outcome_unknown",
                detail={
                    "debit_id": order.debit_id,
                    "funding_request_id": order.funding_request_id,
                    "reference": order.reference,
                    "asked": order.ask_count,
                    "next": "its provider is asked again, ever more rarely: look there for this reference",
                },
            )
