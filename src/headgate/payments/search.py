"""The list of payments: a small query language, rows newest first, totals by currency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, LiteralString

from headgate.core import money
from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.payments.model import INSTRUCTION_STATUSES, InstructionStatus, Kind

_TERM = re.compile(r"(?P<minus>-?)(?P<name>[a-z_]+):(?P<sign>[<>]=?)?(?P<value>\S+)\Z")
_AGES = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_KINDS = ("net_pay", "tax", "third_party", "fee")
_RAILS = ("ach", "wire", "fednow", "rtp", "check")
ALLOWED = "status: kind: rail: payroll: file: payee: currency: code: amount:>5000 age:<2d, and -status: to leave out"


class MalformedQuery(Malformed):
    """This is no query of the payments list."""

    code = "payments.malformed_query"


@dataclass(frozen=True, slots=True)
class InstructionQuery:
    """What to list. Amounts are minor units; `conditions` are the SQL of the terms, `params` their values."""

    text: str
    conditions: tuple[LiteralString, ...]
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class InstructionRow:
    """A payment as a list shows it. `payee` is the party's name, or what is owed where nobody is named."""

    id: str
    status: InstructionStatus
    kind: Kind
    amount_minor: int
    currency: str
    payee: str
    legal_entity: str
    rail: str
    payroll_id: str
    payroll_reference: str
    effective_on: date
    return_code: str | None
    created_at: datetime
    status_at: datetime

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class CurrencyTotal:
    """What a query adds up to in one currency."""

    amount: Money
    count: int
    returned: Money
    returned_count: int


def parse_query(text: str) -> InstructionQuery:
    """`status:returned amount:>5000 payroll:PR-1 age:<2d -status:settled`. Raises MalformedQuery naming the bad term.

    An amount is in major units of the query's `currency:`, else of one with two decimals.
    """
    words = text.split()
    currency = next((word.partition(":")[2].upper() for word in words if word.startswith("currency:")), "USD")
    conditions: list[LiteralString] = []
    params: dict[str, Any] = {}
    for number, word in enumerate(words):
        found = _TERM.match(word)
        condition = _condition(found, currency, params, _NAMES[number]) if found and number < len(_NAMES) else None
        if condition is None:
            raise MalformedQuery(f"'{word[:40]}' is no term of this list; write {ALLOWED}", term=word[:40])
        conditions.append(condition)
    return InstructionQuery(text, tuple(conditions), params)


def list_instructions(
    tx: Tx, *, query: InstructionQuery, after: str | None = None, limit: int = 50
) -> list[InstructionRow]:
    """Payments, the newest first, from after that id on."""
    conditions: list[LiteralString] = list(query.conditions)
    if after is not None:
        conditions.append("i.id < %(after)s")
    return tx.all(
        _SELECT + _where(conditions) + " ORDER BY i.id DESC LIMIT %(limit)s",
        {**query.params, "tenant": tx.tenant_id, "after": after, "limit": limit},
        row=InstructionRow,
    )


def rows_by_ids(tx: Tx, payment_ids: Sequence[str]) -> list[InstructionRow]:
    """The rows of these payments, the newest first."""
    return tx.all(
        _SELECT + _where(["i.id = ANY(%(ids)s)"]) + " ORDER BY i.id DESC",
        {"tenant": tx.tenant_id, "ids": list(payment_ids)},
        row=InstructionRow,
    )


def matching(tx: Tx, query: InstructionQuery, payment_ids: Sequence[str]) -> frozenset[str]:
    """Which of these payments the query finds."""
    conditions: list[LiteralString] = [*query.conditions, "i.id = ANY(%(ids)s)"]
    found = tx.values(
        _IDS + _where(conditions),
        {**query.params, "tenant": tx.tenant_id, "ids": list(payment_ids)},
    )
    return frozenset(found)


def totals(tx: Tx, query: InstructionQuery) -> list[CurrencyTotal]:
    """What a query adds up to, by currency; nothing is added across currencies."""
    rows = tx.all(
        _TOTALS + _where(query.conditions) + " GROUP BY i.currency ORDER BY i.currency",
        {**query.params, "tenant": tx.tenant_id},
    )
    return [
        CurrencyTotal(
            Money(row["amount"], row["currency"]),
            row["count"],
            Money(row["returned"], row["currency"]),
            row["returned_count"],
        )
        for row in rows
    ]


_SELECT: LiteralString = """
SELECT i.id, i.status, i.kind, i.amount_minor, i.currency, coalesce(p.name, i.obligation, '') AS payee,
       e.name AS legal_entity, i.rail, i.payroll_id, r.external_id AS payroll_reference,
       coalesce((SELECT f.effective_on
                   FROM payments.attempts a
                   JOIN payments.ach_files f ON f.tenant_id = a.tenant_id AND f.id = a.ach_file_id
                  WHERE a.tenant_id = i.tenant_id AND a.instruction_id = i.id
                  ORDER BY a.attempt_no DESC LIMIT 1), i.due_on) AS effective_on,
       i.return_code, i.created_at, i.changed_at AS status_at
  FROM payments.instructions i
  JOIN payments.payrolls r ON r.tenant_id = i.tenant_id AND r.id = i.payroll_id
  JOIN tenants.legal_entities e ON e.tenant_id = i.tenant_id AND e.id = i.legal_entity_id
  LEFT JOIN parties.parties p ON p.tenant_id = i.tenant_id AND p.id = i.payee_id
"""

_IDS: LiteralString = "SELECT i.id FROM payments.instructions i"

_TOTALS: LiteralString = """
SELECT i.currency, sum(i.amount_minor)::bigint AS amount, count(*) AS count,
       coalesce(sum(i.amount_minor) FILTER (WHERE i.status = 'returned'), 0)::bigint AS returned,
       count(*) FILTER (WHERE i.status = 'returned') AS returned_count
  FROM payments.instructions i
"""
_OF_PAYROLL: LiteralString = """
i.payroll_id IN (SELECT y.id FROM payments.payrolls y WHERE y.tenant_id = %(tenant)s AND """
_OF_FILE: LiteralString = """
i.id IN (SELECT t.instruction_id FROM payments.attempts t WHERE t.tenant_id = %(tenant)s AND t.ach_file_id = """
_OF_PAYEE: LiteralString = """
i.payee_id IN (SELECT z.id FROM parties.parties z WHERE z.tenant_id = %(tenant)s AND """

_NAMES: tuple[LiteralString, ...] = ("t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9")
"""A query has ten terms at most; each has a parameter of its own."""

_EQUAL: dict[str, tuple[LiteralString, LiteralString]] = {
    "status": ("i.status = ", "i.status <> "),
    "rail": ("i.rail = ", "i.rail <> "),
    "kind": ("i.kind = ", "i.kind <> "),
    "currency": ("i.currency = ", "i.currency <> "),
    "code": ("i.return_code = ", "i.return_code IS DISTINCT FROM "),
}


def _where(conditions: Sequence[LiteralString]) -> LiteralString:
    where: LiteralString = " WHERE i.tenant_id = %(tenant)s"
    for condition in conditions:
        where = where + " AND " + condition
    return where


def _condition(term: re.Match[str], currency: str, params: dict[str, Any], name: LiteralString) -> LiteralString | None:
    """The SQL of one term, its value put among the parameters; None where it is none of ours."""
    word, value, sign, minus = term["name"], term["value"], term["sign"], bool(term["minus"])
    placeholder: LiteralString = "%(" + name + ")s"
    if word == "amount" and not minus:
        params[name] = _minor(value, currency)
        return None if params[name] is None else "i.amount_minor " + _sign(sign) + " " + placeholder
    if word == "age" and not minus and sign in ("<", ">"):
        params[name] = _age(value)
        younger: LiteralString = "i.created_at " + (">" if sign == "<" else "<") + " tenants.now() - " + placeholder
        return None if params[name] is None else younger
    if sign:
        return None
    if word in _EQUAL and _is_value(word, value):
        params[name] = value.upper() if word in ("currency", "code") else value
        return _EQUAL[word][minus] + placeholder
    if word == "payroll" and not minus:
        params[name] = value
        chosen: LiteralString = "(y.external_id = " + placeholder + " OR y.id = " + placeholder + ")"
        return _OF_PAYROLL + chosen + ")"
    if word == "file" and not minus:
        params[name] = value
        return _OF_FILE + placeholder + ")"
    if word == "payee" and not minus:
        params[name] = value
        named: LiteralString = "(z.external_id = " + placeholder + " OR z.id = " + placeholder + ")"
        return _OF_PAYEE + named + ")"
    return None


def _is_value(word: str, value: str) -> bool:
    if word == "status":
        return value in INSTRUCTION_STATUSES
    if word == "rail":
        return value in _RAILS
    return value in _KINDS if word == "kind" else len(value) <= 10


def _sign(sign: str | None) -> LiteralString:
    for known in ("<", ">", "<=", ">="):
        if sign == known:
            return known
    return "="


def _minor(value: str, currency: str) -> int | None:
    try:
        return Money.parse(value.replace(",", ""), currency).minor
    except (money.NotMoney, money.UnknownCurrency):
        return None


def _age(value: str) -> timedelta | None:
    unit = _AGES.get(value[-1:])
    if unit is None or not value[:-1].isdigit() or len(value) > 5:
        return None
    return unit * int(value[:-1])
