"""The query language of lists: what each term becomes, and that nothing else is let in."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core import terms
from headgate.core.terms import MalformedTerm, Term

TERMS = {
    "status": Term("choice", ("open", "paid", "held")),
    "name": Term("word"),
    "currency": Term("word"),
    "amount": Term("amount"),
    "age": Term("age"),
}


def params(text: str) -> dict[str, object]:
    """What a query limits."""
    return {name: value for name, value in terms.parse(text, TERMS).params.items() if value is not None}


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("", {}),
        ("status:paid", {"status": ["paid"]}),
        ("-status:paid", {"status": ["open", "held"]}),
        ("-status:paid -status:held", {"status": ["open"]}),
        ("status:paid status:held", {"status": []}),
        ("name:PR-1", {"name": "PR-1"}),
        ("name:a name:b", {"name": ""}),
        ("currency:usd", {"currency": "USD"}),
        ("amount:5", {"amount_min": 500, "amount_max": 500}),
        ("amount:>5", {"amount_min": 501}),
        ("amount:>=5 amount:<7.50", {"amount_min": 500, "amount_max": 749}),
        ("amount:>5 amount:>7", {"amount_min": 701}),
        ("amount:<=5 amount:<=4", {"amount_max": 400}),
        ("currency:JPY amount:>5,000", {"currency": "JPY", "amount_min": 5001}),
        ("age:<2d", {"age_under": timedelta(days=2)}),
        ("age:>30m", {"age_over": timedelta(minutes=30)}),
    ],
)
def test_a_query_becomes_limits(text: str, limits: dict[str, object]) -> None:
    assert params(text) == limits


@pytest.mark.parametrize(
    "text",
    ["colour:red", "status", "status:gone", "status:>paid", "-name:x", "amount:x", "amount:1.005", "age:2d", "age:<2y",
     "age:<99999d", "paid", " ".join(["name:x"] * 11), "-amount:>5", "amount:>", "amount:>99999999999999999999", "name:a\0b"],
)  # fmt: skip
def test_what_is_no_term_is_refused_and_told_what_there_is(text: str) -> None:
    with pytest.raises(MalformedTerm, match=r"write status: name: currency: amount:>5000 age:<2d"):
        terms.parse(text, TERMS)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    with contextlib.suppress(MalformedTerm):
        assert set(terms.parse(text, TERMS).params) == set(terms.parse("", TERMS).params)


@given(st.lists(st.sampled_from(["status:open", "-status:open", "-status:paid", "status:held"]), max_size=4))
def test_more_terms_never_find_more(words: list[str]) -> None:
    def found(some: list[str]) -> set[str]:
        chosen = terms.parse(" ".join(some), TERMS).params["status"]
        return set(TERMS["status"].values if chosen is None else chosen)

    for n in range(len(words)):
        assert found(words) <= found(words[:n])


def test_a_query_of_several_terms_can_lose_each() -> None:
    assert terms.fewer("a:1 b:2 c:3") == [("a:1", "b:2 c:3"), ("b:2", "a:1 c:3"), ("c:3", "a:1 b:2")]
    assert terms.fewer("a:1") == [] == terms.fewer("")
