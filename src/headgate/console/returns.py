"""Returns: what came back by code, each originator's rates, one return with its dispute, and what is done with each code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from headgate import cases, parties, payments, rails, tenants
from headgate.console import lists, pages
from headgate.console.bars import Bar, Part, to_scale
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.console.pages import Clock
from headgate.console.render import figures
from headgate.console.return_acts import ACTIONS, POLICIES
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.core.terms import Query
from headgate.rails import ach

parse = lists.by(payments.RETURN_TERMS)
VIEWS = (
    ("All", ""),
    ("Nothing done yet", "status:returned"),
    ("Account held", "status:held"),
    ("Unauthorized", "group:unauthorized"),
    ("Dishonored", "status:dishonored"),
    ("Contested", "status:contested"),
    ("Of no payment of ours", "status:orphan"),
    ("Late", "late:yes"),
)
CODES_SHOWN: Final = 8
NOTICES_SHOWN: Final = 20
DECISIONS: Final = {
    "applied": "corrected",
    "superseded": "the account was changed since: nothing to correct",
    "case": "a person decides",
    "orphan": "of no entry of ours",
}
"""What was done with a notice of change."""


class Rates(NamedTuple):
    """The return rates of one originator over sixty days."""

    legal_entity_id: str
    legal_entity: str
    entries: int
    rates: tuple[payments.ReturnRate, ...]


class Group(NamedTuple):
    """Codes of one group that are treated alike; `is_chosen` where the tenant said so, else it is the default."""

    name: str
    codes: tuple[str, ...]
    action: ach.ReturnAction
    is_chosen: bool


def _beside(tx: Tx, query: Query, clock: Clock) -> dict[str, object]:
    """What came back by code, each originator's rates, notices, debits, and the policies."""
    currencies = payments.currencies(tx)
    currency = query.params["currency"] or (currencies[0] if currencies else "USD")
    policies = payments.return_policies(tx)
    return {
        "currency": currency,
        "bars_drawn": to_scale(_bars(payments.returns_by_code(tx, currency=currency), policies, currency)),
        "rates": _rates(tx),
        "notices": payments.list_notices(tx, limit=NOTICES_SHOWN),
        "debits": payments.debits_back(tx),
        "groups": _groups(policies),
        "policy_requests": _open(tx, payments.RETURN_POLICY, None),
    }


def _detail(tx: Tx, return_id: str) -> dict[str, object]:
    row = payments.return_row(tx, return_id)
    needs = ach.group_of(row.code).retry_needs
    may_retry = row.standing == "counted" and row.is_last and row.payment_status in ("returned", "rejected")
    codes = payments.dishonor_codes(tx, return_id=return_id) if pages.today(tx) <= row.dishonor_until else []
    asked = _open(tx, payments.DISHONOR, return_id)
    if row.payment_id and row.is_last:
        asked += _open(tx, payments.RETRY, row.payment_id)
    return {
        "row": row,
        "reasons": reasons(row),
        "may_retry": may_retry,
        "needs": needs,
        "accounts": _accounts(tx, row, needs) if may_retry else [],
        "codes": [(code, rails.return_codes()[code].title) for code in codes] if not row.is_paid_anew else [],
        "asked": asked,
        "dishonor": payments.DISHONOR,
    }  # fmt: skip


SCREEN: Final = ListScreen(
    path="returns",
    prefix="ret",
    noun="return",
    label="Returns",
    templates=Templates("returns.html", "return_detail.html", "return_rows.html"),
    views=VIEWS,
    words={"actions": ACTIONS, "policies_item": POLICIES, "decisions": DECISIONS},
    reads=Searched(
        parse=parse,
        find=payments.find_returns,
        totals=payments.return_totals,
        rows=payments.return_rows,
        matching=payments.matching_returns,
        opened=_detail,
        beside=_beside,
        in_place=True,
    ),
)


def reasons(row: payments.ReturnRow) -> list[tuple[str, str]]:
    """What came, what was done, and what follows, each with its icon."""
    found = [("return", f"{row.code}, {row.title.lower()}: {row.filename} says so, settled {_day(row.settled_on)}.")]
    standing = {
        "counted": ("book", f"{figures(row.amount)} {row.currency} is {row.legal_entity}'s again."),
        "repeated": ("book", "The entry had come back already: nothing moved a second time, and a case says so."),
        "contradicts": ("alert", "It says otherwise than what stands: nothing moved, and a case says so."),
        "orphan": ("question", f"No entry of ours has the trace {row.original_trace}: a person finds out whose it is."),
    }
    found.append(standing[row.standing])
    if row.is_late:
        found.append(("clock", "It came after the time that its code allows: it may be dishonored as untimely."))
    if row.action == "hold":
        after = "until a person lifts the block" if row.is_held else "once; the block was lifted since"
        found.append(("lock", f"By the policy the account is held {after}."))
    elif row.action == "dispute":
        found.append(("shield", "By the policy it is a dispute: a case has its evidence and its day."))
    if row.dishonored_for:
        until = f"; the other bank may contest it until {_day(row.answer_until)}" if row.answer_until else ""
        found.append(("arrow", f"It was dishonored with {row.dishonored_for}{until}."))
    if row.status == "contested":
        found.append(
            ("alert", f"The other bank contested that with {row.answered_with}: it is final, the payment came back.")
        )
    elif row.status == "dishonor_refused":
        found.append(("x", f"Our own bank refused to dishonor it with {row.answered_with}: the payment came back."))
    if row.is_paid_anew:
        found.append(
            ("check", f"The payment was paid again since: it is {(row.payment_status or '').replace('_', ' ')}.")
        )
    elif not row.dishonored_for and row.standing == "counted":
        found.append(("person", f"It may be paid again, or dishonored until {_day(row.dishonor_until)}."))
    return found


def _accounts(tx: Tx, row: payments.ReturnRow, needs: str) -> list[tuple[str, str]]:
    """The payee's accounts to which it may go, the one that it has first."""
    if row.payee_id is None:
        return []
    owned = parties.list_bank_accounts(tx, party_id=row.payee_id, limit=200)
    standings = parties.standings(tx, [account.id for account in owned])
    named = [
        (account.id, f"{account.account_type} ··{account.last4} at {account.routing_number}")
        for account in owned
        if standings[account.id].may_be_paid and not (needs == "other_account" and account.id == row.bank_account_id)
    ]
    return sorted(named, key=lambda one: one[0] != row.bank_account_id)


def _open(tx: Tx, action: str, subject: str | None) -> list[cases.Approval]:
    """What was asked for and is neither used nor over."""
    asked = cases.list_approvals(tx, action=action, subject=subject, limit=200)
    return [one for one in asked if one.status in ("pending", "approved")]


def _bars(by_code: list[payments.ByCode], policies: Mapping[str, payments.ReturnPolicy], currency: str) -> list[Bar]:
    """What came back by code, the largest first; the rest in one line."""
    shown, rest = by_code[:CODES_SHOWN], by_code[CODES_SHOWN:]
    found = [
        Bar(
            one.code,
            (Part("missing", one.amount),),
            one.amount,
            f"{policies[one.code].title} · {_counted(one.count, 'return')}, {ACTIONS[policies[one.code].action]}",
            f"/returns?q=code:{one.code}",
        )
        for one in shown
    ]
    if rest:
        amount = Money(sum(one.amount_minor for one in rest), currency)
        counted = _counted(sum(one.count for one in rest), "return")
        found.append(Bar("Others", (Part("missing", amount),), amount, f"{_counted(len(rest), 'code')} · {counted}"))
    return found


def _rates(tx: Tx) -> list[Rates]:
    """The rates of each originator, those over a threshold first."""
    names = {entity.id: entity.name for entity in tenants.legal_entities(tx, limit=10_000)}
    found: dict[str, list[payments.ReturnRate]] = {}
    for rate in payments.return_rates(tx):
        found.setdefault(rate.legal_entity_id, []).append(rate)
    rates = [Rates(entity, names.get(entity, entity), each[0].entries, tuple(each)) for entity, each in found.items()]
    return sorted(rates, key=lambda one: (not any(rate.is_over for rate in one.rates), one.legal_entity))


def _groups(policies: Mapping[str, payments.ReturnPolicy]) -> list[Group]:
    """The groups of codes with what is done; a code that is treated otherwise than its group stands by itself."""
    found: dict[tuple[str, str, str], list[payments.ReturnPolicy]] = {}
    for one in policies.values():
        chosen = one.chosen_for if one.chosen_for == one.code else ""
        found.setdefault((one.group, one.action, chosen or ""), []).append(one)
    return [
        Group(key[0], tuple(one.code for one in each), each[0].action, each[0].chosen_for is not None)
        for key, each in sorted(found.items())
    ]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _day(on: date) -> str:
    return f"{on:%a} {on.day} {on:%b}"
