"""Routing: over which rail a payment goes, as data, and why one cannot.

A payment's rail is what its line asks for, else its payroll, else `payout_rail` of the profile of the legal entity's bank.
A rail that the profile lacks, that nobody is spoken to over, or that cannot take the payment is refused when the payroll is
committed, by name. Another rail takes it only where the provider's setting names a `fallback_rail`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from functools import lru_cache

from headgate import parties, rails
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.addresses import postal
from headgate.payments.errors import RailUnavailable
from headgate.payments.files import files
from headgate.payments.model import Draft, Due, Kind, Originator, Ready
from headgate.payments.orders.providers import RAILS, WIRE, ProviderSetting, list_providers, providers_in, wire_problems
from headgate.payments.originators import known_originators
from headgate.rails import banks

ACH = "ach"
Carrier = Callable[[rails.RailOrder], tuple[str, ...]]
PROBLEMS_NAMED_MAX = 20
PURPOSES: Mapping[Kind, str] = {"net_pay": "SALA", "tax": "TAXS", "third_party": "OTHR", "fee": "CHAR"}
"""Why money is paid, as ISO 20022's purpose codes: a wire says it."""

WORDS: Mapping[Kind, str] = {"net_pay": "PAYROLL", "tax": "TAX", "third_party": "DEDUCTION", "fee": "FEE"}
"""The company entry description by kind: wages must say PAYROLL (Nacha rules of 2026-03-20)."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Whom the tenant speaks to over each rail, and how that was set, as one transaction sees it."""

    providers: Mapping[str, rails.Correspondent]
    settings: Mapping[str, ProviderSetting]


def spoken_to(tx: Tx) -> Spoken:
    """The tenant's providers, opened once for all that is routed in a transaction."""
    return Spoken(providers_in(tx), {one.rail: one for one in list_providers(tx)})


def rail_of_each(tx: Tx, legal_entity_id: str, wishes: Sequence[str | None], default: str | None) -> list[str]:
    """The rail of each payment of a payroll: its own wish, else the payroll's, else the default of the bank's profile."""
    if all(wish or default for wish in wishes):
        return [wish or default or ACH for wish in wishes]
    originator = known_originators(tx, [legal_entity_id]).get(legal_entity_id)
    standard = banks.of_routing(originator.odfi_routing_number).payout_rail if originator else ACH
    return [wish or default or standard for wish in wishes]


def check(tx: Tx, legal_entity_id: str, drafts: Sequence[Draft], over: Sequence[str], *, on: date) -> None:
    """Refuse a payroll of which a payment cannot go over its rail: RailUnavailable with every problem. ACH is judged later."""
    asked = [(draft, rail) for draft, rail in zip(drafts, over, strict=True) if rail != ACH]
    if not asked:
        return
    spoken = spoken_to(tx)
    originator = known_originators(tx, [legal_entity_id]).get(legal_entity_id)
    accounts = parties.bank_accounts_for_sending(tx, [d.bank_account_id for d, _ in asked if d.bank_account_id])
    found: list[str] = []
    for draft, rail in asked:
        setting = spoken.settings.get(rail)
        if setting is not None and setting.fallback_rail is not None:
            continue  # What cannot go over it, goes over the other when it is sent.
        account = accounts.get(draft.bank_account_id) if draft.bank_account_id else None
        problems: Sequence[str] = rail_problems(spoken, rail, originator)
        if not problems and account is not None and originator is not None:
            order = order_to(
                "att_judged",
                draft.part[-15:],
                draft.kind,
                draft.amount,
                account,
                originator,
                effective_on=rails.banking_day_on_or_before(on) if rail == WIRE else on,
            )
            problems = problems_of(spoken, rail, order)
        found += [f"{draft.part} over {rail}: {problem}" for problem in problems]
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise RailUnavailable(f"{found[0]}{more}", problems=found[:PROBLEMS_NAMED_MAX])


def rail_problems(spoken: Spoken, rail: str, originator: Originator | None) -> tuple[str, ...]:
    """Why nothing can go over a rail, whatever it is; the bank's profile and its rails are named."""
    if originator is None:
        return ("it is not known whose account pays; set the legal entity's originator first",)
    setting = spoken.settings.get(rail)
    bank = banks.get(setting.bank) if setting else banks.of_routing(originator.odfi_routing_number)
    if rail not in bank.rails:
        return (f"{bank.name} does not offer {rail}; it offers {', '.join(bank.rails)}",)
    if rail not in RAILS:
        return (f"payments are not sent over {rail} by Headgate; the rails are {', '.join(RAILS)}",)
    if rail == WIRE and (told := wire_problems(bank)):
        return tuple(told)
    if rail not in spoken.providers:
        return (f"no provider is set for {rail}; set one with `headgate payments set-provider`",)
    return ()


def problems_of(spoken: Spoken, rail: str, order: rails.RailOrder) -> tuple[str, ...]:
    """Why an order cannot go over a rail that is spoken to: by its network's rules, and by the bank's terms."""
    bank = banks.get(spoken.settings[rail].bank)
    terms = banks.terms(bank, rail)
    found = list(spoken.providers[rail].problems(order))
    if isinstance(terms, banks.Instant) and terms.receives_only:
        found.append(f"{bank.name} takes {rail} payments and sends none; use another rail")
    if order.direction not in terms.directions:
        found.append(f"{bank.name} does not take {order.direction}s of us over {rail}; agree it with the bank")
    limit = banks.limit_on(terms.limits, order.effective_on)
    if limit and limit.entry_max and order.amount.currency == "USD" and order.amount.minor > limit.entry_max.minor:
        found.append(
            f"{bank.name} takes {rail} payments up to {limit.entry_max.format()}; split the payment, or use another rail"
        )
    return tuple(found)


def order_to(
    attempt_id: str,
    individual_id: str,
    kind: Kind,
    amount: Money,
    account: parties.SendingAccount,
    originator: Originator,
    *,
    effective_on: date,
) -> rails.RailOrder:
    """What is handed to a rail for one payment to one account."""
    return rails.RailOrder(
        attempt_id=attempt_id,
        amount=amount,
        direction="credit",
        receiver_routing=account.routing_number,
        receiver_account=account.account_number,
        receiver_account_type=account.account_type,
        receiver_name=account.name,
        individual_id=individual_id,
        sec_code="PPD" if kind == "net_pay" and account.is_person else "CCD",
        description=WORDS[kind],
        company=_company(originator.company_name, originator.company_identification),
        effective_on=effective_on,
        is_wages=kind == "net_pay",
        receiver_address=postal(account.address),
        purpose=PURPOSES[kind],
    )


@lru_cache(maxsize=64)
def _company(name: str, identification: str) -> rails.Company:
    return rails.Company(name, identification)


@dataclass(frozen=True, slots=True)
class Route:
    """Over which rail an order goes, with the order for that rail; or every reason why it goes over none."""

    rail: str
    bank: str
    order: rails.RailOrder
    problems: tuple[str, ...]


def route(
    spoken: Spoken,
    due: Due,
    order: rails.RailOrder,
    originator: Originator,
    carries: Carrier,
    *,
    on: date,
    at: datetime,
) -> Route:
    """The rail that an instruction asks for, or the fallback of its provider's setting where it cannot go over that.

    `carries` says why ACH does not take an order (`files.carrier_of`). `order` is as ACH would carry it; over the other
    rails a payment takes effect on the day that it falls due; a wire on the banking day before where that is none, or on
    the first that the bank's window at `at` still makes.
    """
    chosen = _over(spoken, due.rail, due, order, originator, carries, on=on, at=at)
    setting = spoken.settings.get(due.rail)
    if not chosen.problems or setting is None or setting.fallback_rail is None:
        return chosen
    other = _over(spoken, setting.fallback_rail, due, order, originator, carries, on=on, at=at)
    return chosen if other.problems else other


def route_all(
    offered: Sequence[tuple[Due, rails.RailOrder]],
    originators: Mapping[str, Originator],
    spoken: Spoken,
    *,
    on: date,
    earliest: Mapping[str, date],
    at: datetime,
) -> tuple[list[Ready], list[tuple[Due, tuple[str, ...]]]]:
    """Each over its rail, or with every reason why it goes over none. A whole payroll over ACH is judged in one look."""
    by_ach: dict[str, list[rails.RailOrder]] = {}
    for one, order in offered:
        if one.rail == ACH and ACH not in spoken.settings:
            by_ach.setdefault(one.legal_entity_id, []).append(order)
    smooth = {
        entity for entity, group in by_ach.items() if files.carries_all(originators[entity], group, on=earliest[entity])
    }
    carriers: dict[str, Carrier] = {}
    ready: list[Ready] = []
    stuck: list[tuple[Due, tuple[str, ...]]] = []
    for one, order in offered:
        entity = one.legal_entity_id
        if one.rail == ACH and entity in smooth:
            ready.append(Ready(one, order))
            continue
        if entity not in carriers:
            carriers[entity] = files.carrier_of(originators[entity], on=earliest[entity])
        found = route(spoken, one, order, originators[entity], carriers[entity], on=on, at=at)
        if found.problems:
            stuck.append((one, found.problems))
        else:
            ready.append(Ready(one, found.order, found.rail, found.bank))
    return ready, stuck


def _over(
    spoken: Spoken,
    rail: str,
    due: Due,
    order: rails.RailOrder,
    originator: Originator,
    carries: Carrier,
    *,
    on: date,
    at: datetime,
) -> Route:
    if rail == ACH and ACH not in spoken.settings:
        return Route(ACH, "", order, carries(order))
    spoken_order = order if rail == ACH else replace(order, effective_on=max(due.due_on, on))
    problems = rail_problems(spoken, rail, originator)
    if not problems and rail == WIRE:
        spoken_order = replace(order, effective_on=_wire_day(banks.get(spoken.settings[rail].bank), due, on=on, at=at))
    problems = problems or problems_of(spoken, rail, spoken_order)
    bank = spoken.settings[rail].bank if rail in spoken.settings else ""
    return Route(rail, bank, spoken_order, problems)


def _wire_day(bank: banks.Profile, due: Due, *, on: date, at: datetime) -> date:
    """The day on which a wire settles that is handed over now: that on which it is due, or the first the bank still makes."""
    schedule = rails.cutoffs.schedule_of(bank, WIRE)
    target = max(rails.banking_day_on_or_before(due.due_on), on)
    begin = max(at, datetime.combine(on, time(), schedule.zone))
    return max(target, rails.cutoffs.next_opening(schedule, begin, from_day=target).settles_on)
