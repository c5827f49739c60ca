"""A small query language for lists: `status:paid amount:>5000 age:<2d -status:pending`, by a table of the list's terms.

What a query says becomes parameters of one literal statement, never SQL: a choice is the list of values that are wanted,
an amount two limits in minor units, an age two spans of time, a word itself; None is no limit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from headgate.core import money
from headgate.core.errors import Malformed
from headgate.core.money import Money

TERMS_MAX = 10
_TERM = re.compile(r"(?P<minus>-?)(?P<name>[a-z_]+):(?P<sign>[<>]=?)?(?P<value>\S+)\Z")
_AGES = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LAST = 2**63 - 1


class MalformedTerm(Malformed):
    """This is no term of the list."""

    code = "core.malformed_term"


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a list: a choice among `values`, a word as it stands, an amount in major units, or an age."""

    kind: Literal["choice", "word", "amount", "age"]
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """What a query says. Each term of the list has its parameters, whether the query names it or not."""

    text: str
    params: Mapping[str, Any]


def parse(text: str, terms: Mapping[str, Term]) -> Query:
    """Read a query. A term given twice narrows. Raises MalformedTerm naming the term, and those that the list has.

    Parameters: `name` of a choice or word, `name_min` and `name_max` of an amount (in units of the query's `currency:`,
    else of one with two decimals), `name_under` and `name_over` of an age.
    """
    words = text.split()
    currency = next((word.partition(":")[2].upper() for word in words if word.startswith("currency:")), "USD")
    params: dict[str, Any] = {}
    for name, term in terms.items():
        params.update(dict.fromkeys(_names(name, term)))
    for number, word in enumerate(words):
        found = _TERM.match(word)
        if number >= TERMS_MAX or not found or not _take(found, terms.get(found["name"]), currency, params):
            raise MalformedTerm(f"'{word[:40]}' is no term of this list; write {described(terms)}", term=word[:40])
    return Query(text, params)


def described(terms: Mapping[str, Term]) -> str:
    """The terms as one writes them."""
    shown = {"amount": ":>5000", "age": ":<2d"}
    return " ".join(name + shown.get(term.kind, ":") for name, term in terms.items())


def fewer(text: str) -> list[tuple[str, str]]:
    """Each term of a query of several, with what is left without it."""
    words = text.split()
    return [(word, " ".join(words[:n] + words[n + 1 :])) for n, word in enumerate(words)] if len(words) > 1 else []


def _names(name: str, term: Term) -> tuple[str, ...]:
    if term.kind == "amount":
        return (f"{name}_min", f"{name}_max")
    return (f"{name}_under", f"{name}_over") if term.kind == "age" else (name,)


def _take(found: re.Match[str], term: Term | None, currency: str, params: dict[str, Any]) -> bool:
    name, value, sign, minus = found["name"], found["value"], found["sign"], bool(found["minus"])
    if term is None or (minus and term.kind != "choice") or not value.isprintable():
        return False
    if term.kind == "amount":
        return _take_amount(name, value, sign, currency, params)
    if term.kind == "age":
        return _take_age(name, value, sign, params)
    if sign or (term.values and value not in term.values):
        return False
    if term.kind == "word":
        wanted = value.upper() if name == "currency" else value
        params[name] = wanted if params[name] in (None, wanted) else ""  # Two of them: nothing is both.
        return True
    known = term.values if params[name] is None else params[name]
    params[name] = [each for each in known if (each == value) is not minus]
    return True


def _take_amount(name: str, value: str, sign: str | None, currency: str, params: dict[str, Any]) -> bool:
    try:
        minor = Money.parse(value.replace(",", ""), currency).minor
    except (money.NotMoney, money.UnknownCurrency):
        return False
    least, most = f"{name}_min", f"{name}_max"
    lower = {">": minor + 1, ">=": minor, None: minor}.get(sign)
    upper = {"<": minor - 1, "<=": minor, None: minor}.get(sign)
    if lower is not None:
        params[least] = min(max(lower, params[least] or lower), _LAST)
    if upper is not None:
        params[most] = min(upper, upper if params[most] is None else params[most])
    return True


def _take_age(name: str, value: str, sign: str | None, params: dict[str, Any]) -> bool:
    unit = _AGES.get(value[-1:])
    if unit is None or not value[:-1].isdigit() or len(value) > 5 or sign not in ("<", ">"):
        return False
    params[f"{name}_under" if sign == "<" else f"{name}_over"] = unit * int(value[:-1])
    return True
