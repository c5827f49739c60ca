"""Which funding requests become asks, and what each says: to whom, for how much, wanted when, until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from headgate import cases, funding, rails
from headgate.core import ids, secrets
from headgate.core.db import Tx
from headgate.core.errors import HeadgateError
from headgate.core.money import Money
from headgate.payments.addresses import postal
from headgate.payments.authorizations import authorized_account
from headgate.payments.orders.asks import CONTEXT, RAIL_OF, TRIES_MAX, announce, get_ask, packed
from headgate.payments.orders.providers import list_providers
from headgate.rails import banks
from headgate.tenants import current_tenant


def write_asks(tx: Tx, providers: Mapping[str, rails.Correspondent]) -> list[str]:
    """Make an ask of every funding request that wants one and has none; those made. What cannot be asked is a case."""
    settings = {one.rail: one for one in list_providers(tx)}
    made: list[str] = []
    stuck: list[cases.NewCase] = []
    for request in funding.asks_wanted(tx):
        tries = tx.values(
            "SELECT status FROM payments.funding_asks WHERE tenant_id = %(tenant)s AND funding_request_id = %(id)s",
            {"tenant": tx.tenant_id, "id": request.id},
        )
        if len(tries) >= TRIES_MAX or any(status not in ("unheard", "withdrawn") for status in tries):
            continue
        rail = RAIL_OF[request.rail]
        bank = banks.get(settings[rail].bank) if rail in providers else None
        found = _of(tx, request, bank, providers[rail], len(tries) + 1) if bank else ("no provider is set for " + rail,)
        if isinstance(found, tuple):
            stuck.append(_unasked(request, found))
        else:
            made.append(found)
    cases.open_cases(tx, stuck)
    return made


def _of(
    tx: Tx, request: funding.FundingRequest, bank: banks.Profile, provider: rails.Correspondent, number: int
) -> str | tuple[str, ...]:
    if problems := _bank_problems(bank, provider.name):
        return problems
    found = authorized_account(tx, request, to_be="asked")
    if isinstance(found, str):
        return (found,)
    authorization, account = found
    now = tx.now()
    today = now.astimezone(bank.identity.time_zone).date()
    wanted_on, expires_on = max(request.due_on, today), max(request.due_on, today + timedelta(days=1))
    if provider.name == "wire":
        terms = banks.terms(bank, "drawdown")
        wanted_on = rails.banking_day_on_or_after(wanted_on)
        days = terms.answers_within_days if isinstance(terms, banks.Drawdown) else 1
        expires_on = rails.add_banking_days(wanted_on, days)
    ask_id = ids.new("ask")
    said = rails.FundingAsk(
        ask_id=ask_id,
        amount=Money(request.asked_minor - request.received_minor, request.currency),
        payer_name=account.name,
        payer_account=account.account_number,
        payer_routing=account.routing_number,
        payee_name=_payee(tx),
        reference=request.id,
        wanted_on=wanted_on,
        expires_on=expires_on,
        remittance=f"FUNDING {request.instructions.get('reference', '')}".strip(),
        payer_address=postal(account.address),
    )
    problems = provider.ask_problems(said)
    if problems:
        return problems
    tx.run(
        """
        INSERT INTO payments.funding_asks
               (tenant_id, id, funding_request_id, attempt_no, legal_entity_id, bank_account_id, authorization_id, rail, bank,
                amount_minor, currency, ask_sealed, wanted_on, expires_on, next_at, changed_at)
        VALUES (%(tenant)s, %(id)s, %(request)s, %(number)s, %(entity)s, %(account)s, %(authorization)s, %(rail)s, %(bank)s,
                %(amount)s, %(currency)s, %(sealed)s, %(wanted)s, %(expires)s, %(next)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": ask_id,
            "request": request.id,
            "number": number,
            "entity": request.legal_entity_id,
            "account": account.bank_account_id,
            "authorization": authorization.id,
            "rail": provider.name,
            "bank": bank.name,
            "amount": said.amount.minor,
            "currency": said.amount.currency,
            "sealed": secrets.seal(tx, packed(said), context=CONTEXT),
            "wanted": wanted_on,
            "expires": expires_on,
            "next": provider.asks_at(said, at=now),
            "now": now,
        },
    )
    cases.end_answered(tx, keys=[f"funding_unasked:{request.id}"], resolution="its client's bank is asked now")
    announce(tx, get_ask(tx, ask_id), "ready")
    return ask_id


def _bank_problems(bank: banks.Profile, rail: str) -> tuple[str, ...]:
    """Why this bank lets us ask nobody over a rail."""
    try:
        terms = banks.terms(bank, "drawdown" if rail == "wire" else rail)
    except HeadgateError as error:
        return (error.message,)
    if isinstance(terms, banks.Instant) and not terms.request_for_payment:
        return (f"{bank.name} sends no requests for payment over {rail} for us; ask over another rail",)
    return ()


def _payee(tx: Tx) -> str:
    return current_tenant(tx).name


def _unasked(request: funding.FundingRequest, problems: Sequence[str]) -> cases.NewCase:
    return cases.NewCase(
        key=f"funding_unasked:{request.id}",
        category="funding_unasked",
        detail={
            "funding_request_id": request.id,
            "legal_entity_id": request.legal_entity_id,
            "due_on": request.due_on.isoformat(),
            "problems": list(problems),
        },
    )
