"""What became of orders that nobody answered for: their inbox is read, they are asked about, and people look in the end.

An answer that came late by itself is read first, so that nothing is asked that was said. What is `sending`, not known or
not final is asked about once the network's clock has run out, later each time; nothing is ever sent again. What is still
not known after the bank profile's patience is a case, which two people settle (decisions.py); asking goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from headgate import cases, rails
from headgate.core import log
from headgate.core.db import Database, Tx
from headgate.core.errors import HeadgateError
from headgate.core.money import Money
from headgate.jobs import Outside
from headgate.payments.orders import answers as order_answers
from headgate.payments.orders import asking, debit_sending
from headgate.payments.orders import recalls as order_recalls
from headgate.payments.orders import sending as order_sending
from headgate.payments.orders.givebacks import take_in
from headgate.payments.orders.orders import Claimed, Order, named, not_known, opened, reported, to_ask_about
from headgate.payments.orders.providers import ACTOR, get_provider, providers_of
from headgate.payments.outcomes import movements
from headgate.payments.outcomes.movements import ZONE
from headgate.rails import banks

ASKED_MAX: Final = 1000
"""How many orders one round asks about."""

_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    sent: int = 0
    read: int = 0
    asked: int = 0
    recalled: int = 0
    given_to_people: int = 0
    clients_asked: int = 0
    debits_sent: int = 0


def work(outside: Outside) -> dict[str, int] | None:
    """A round for one tenant, as the job runs it; None where there was nothing to do."""
    done = run_orders(outside.database, outside.tenant_id)
    found = {name: getattr(done, name) for name in Round.__slots__}
    return found if any(found.values()) else None


def run_orders(database: Database, tenant_id: UUID) -> Round:
    """Read what came, send what is ready, ask about what is not known, ask back what is wanted, and tell people."""
    if not _is_anything(database, tenant_id):
        return Round()
    read = read_inboxes(database, tenant_id) + read_reports(database, tenant_id)
    sent = order_sending.send_orders(database, tenant_id)
    debits = debit_sending.send_debit_orders(database, tenant_id)
    asked = ask(database, tenant_id) + debit_sending.ask_about_debits(database, tenant_id)
    recalled = order_recalls.ask_back(database, tenant_id)
    clients = asking.send_asks(database, tenant_id)
    asked += asking.ask_about_asks(database, tenant_id)
    asking.end(database, tenant_id)
    return Round(len(sent), read, asked, recalled, tell_people(database, tenant_id), len(clients), len(debits))


def read_inboxes(database: Database, tenant_id: UUID) -> int:
    """Apply what came by itself since the last reading, each message once; how many were about an order of ours."""
    found = 0
    for rail, provider in providers_of(database, tenant_id).items():
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            url, last = _last_read(tx, rail)
            until = tx.now() if provider.is_simulated else None
        try:
            came = provider.inbox(last, until=until)
        except HeadgateError as error:
            _LOG.warning("an inbox could not be read", extra={"rail": rail, "why": str(error)})
            continue
        for message in came:
            with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
                found += _take(tx, rail, provider, message)
                _read_up_to(tx, rail, url, message.number)
    return found


def read_reports(database: Database, tenant_id: UUID) -> int:
    """Let what a report of the provider told be known of its orders: they are asked about no more."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        told = reported(tx, limit=ASKED_MAX)
        for one in told:
            said = rails.ProviderAnswer(
                one.status,
                "",
                "the provider's report of the day says so",
                code=one.return_code or "",
                message_id=one.external_id,
                amount=Money(one.amount_minor, one.currency),
            )
            order_answers.record(tx, one.attempt_id, said, asked_by="report", waits=0, effective_on=one.effective_on)
    return len(told)


def ask(database: Database, tenant_id: UUID) -> int:
    """Ask what became of the orders whose time it is; how many were asked about."""
    providers = providers_of(database, tenant_id)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        due = [opened(tx, order) for order in to_ask_about(tx, sorted(providers), limit=ASKED_MAX)]
    for one in due:
        _ask_one(database, tenant_id, providers[one.order.rail], one)
    return len(due)


def tell_people(database: Database, tenant_id: UUID) -> int:
    """Open a case for every order that is not known after its bank's patience; how many there are."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        late = [order for order in not_known(tx, limit=ASKED_MAX) if _is_late(tx, order)]
        cases.open_cases(
            tx,
            [
                cases.NewCase(
                    key=f"order_unknown:{order.attempt_id}",
                    category="order_outcome_unknown",
                    severity="high",
                    payment_id=order.instruction_id,
                    detail={
                        "attempt_id": order.attempt_id,
                        "rail": order.rail,
                        "reference": order.reference,
                        "message_id": order.message_id,
                        "asked": order.ask_count,
                        "next": "ask the bank for this reference, then let two people say what became of it "
                        "(payments.order)",
                    },
                )
                for order in late
            ],
        )
    return len(late)


# Helpers, in the order of their call.


def _is_anything(database: Database, tenant_id: UUID) -> bool:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        return bool(
            tx.value(
                """
                SELECT EXISTS (SELECT FROM payments.orders WHERE tenant_id = %(tenant)s)
                    OR EXISTS (SELECT FROM payments.provider_settings WHERE tenant_id = %(tenant)s)
                    OR EXISTS (SELECT FROM funding.requests
                                WHERE tenant_id = %(tenant)s AND rail IN ('drawdown', 'fednow_rfp', 'rtp_rfp'))
                """,
                {"tenant": tx.tenant_id},
            )
        )


def _last_read(tx: Tx, rail: str) -> tuple[str, int]:
    """The inbox is the provider's at this address; another one is read from its beginning."""
    url = get_provider(tx, rail).url
    last = tx.maybe(
        """
        SELECT last_no FROM payments.provider_inboxes
         WHERE tenant_id = %(tenant)s AND rail = %(rail)s AND url_shown = %(url)s
        """,
        {"tenant": tx.tenant_id, "rail": rail, "url": url},
    )
    return url, int(last["last_no"]) if last else 0


def _read_up_to(tx: Tx, rail: str, url: str, number: int) -> None:
    tx.run(
        """
        INSERT INTO payments.provider_inboxes (tenant_id, rail, url_shown, last_no)
        VALUES (%(tenant)s, %(rail)s, %(url)s, %(no)s)
            ON CONFLICT (tenant_id, rail, url_shown) DO UPDATE
           SET last_no = greatest(payments.provider_inboxes.last_no, EXCLUDED.last_no)
        """,
        {"tenant": tx.tenant_id, "rail": rail, "url": url, "no": number},
    )


def _take(tx: Tx, rail: str, provider: rails.Correspondent, message: rails.InboxMessage) -> int:
    """Apply a message to the order that it is about, where it is about one: 1, else 0."""
    order = named(tx, rail, message_id=message.about_message_id, reference=message.about_reference)
    if order is None:
        return asking.take_answer(tx, rail, provider, message) or _take_payment(tx, provider, message)
    claimed = opened(tx, order)
    answer = provider.heard(message, claimed.said, created_at=claimed.created_at)
    if answer is None:
        return 0
    order_answers.record(tx, order.attempt_id, answer, asked_by="inbox", waits=provider.waits_seconds)
    return 1


def _take_payment(tx: Tx, provider: rails.Correspondent, message: rails.InboxMessage) -> int:
    """Count a payment to us as what it is, at once; the report of its day tells of the same. 1 where one came, else 0."""
    came = provider.incoming(message)
    if came is None or came.amount.minor <= 0:
        return 0
    movements.tell(tx, provider.name, [came])
    if came.effective_on <= tx.now().astimezone(ZONE).date():
        for told in movements.told(tx, provider=provider.name, external_trace_ids=[came.external_trace_id]):
            take_in(tx, told)
    return 1


def _ask_one(database: Database, tenant_id: UUID, provider: rails.Correspondent, one: Claimed) -> None:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        at = tx.now()
    try:
        answer = provider.get_status(one.said, created_at=one.created_at, at=at)
    except HeadgateError as error:
        _LOG.error("an order could not be asked about", exc_info=error, extra={"attempt_id": one.order.attempt_id})
        answer = order_answers.silent(one.order.reference or "", error.message)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        order_answers.record(tx, one.order.attempt_id, answer, asked_by="status", waits=provider.waits_seconds)


def _is_late(tx: Tx, order: Order) -> bool:
    terms = banks.terms(banks.get(order.bank), order.rail)
    patience = terms.patience_minutes if isinstance(terms, banks.Instant | banks.Wire) else 0
    assert order.created_at is not None, "what is not known was claimed"
    return tx.now() >= order.created_at + timedelta(minutes=patience)
