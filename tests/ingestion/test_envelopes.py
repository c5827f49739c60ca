"""The envelope: its key, its schema, the former schema, and what is taken out of it."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ingestion.envelopes import VECTOR, envelope

from headgate.ingestion import conforming
from headgate.ingestion.conforming import faults_of
from headgate.ingestion.envelopes import FORMER, normalised, payment_key
from headgate.ingestion.schemas import ENVELOPE, SETTLEMENT_EVENT, TRANSACTION, schemas

words = st.text("abcXYZ019|\\ -_.", max_size=8)
tuples = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["ach", "wire", "a|b", "a\\", "a"]),
        "reference": words,
        "value_date": st.dates(date(2025, 1, 1), date(2025, 1, 3)),
        "amount_minor": st.integers(1, 30),
        "account": words,
    }
)


def test_the_key_of_the_contract() -> None:
    facts = {"value_date": date(2025, 8, 20), "amount_minor": 135_000, "account": "loan-1"}

    assert payment_key(method="ach", reference="abc", **facts) == VECTOR  # type: ignore[arg-type]
    assert payment_key(method="ACH", reference=" Abc ", **facts) == VECTOR  # type: ignore[arg-type]


@given(tuples, tuples, st.sampled_from(["", " ", "  ", "\t"]))
def test_the_same_tuple_has_the_same_key_whatever_case_and_spaces_and_another_tuple_another(
    one: dict[str, Any], other: dict[str, Any], space: str
) -> None:
    written = one | {"method": one["method"].upper(), "reference": space + one["reference"].swapcase() + space}

    def meant(facts: dict[str, Any]) -> dict[str, Any]:
        return facts | {"reference": facts["reference"].strip().lower()}

    assert payment_key(**written) == payment_key(**one)
    assert (payment_key(**one) == payment_key(**other)) == (meant(one) == meant(other))


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path, *(place for name, value in inner for place in places(value, (*path, name)))]


FULL = envelope(
    artifacts=[{"type": "webhook_body", "uri": "file:///a", "hash": "0" * 64}], risk={"flags": ["new"], "score": 0.5}
)
values = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**64), st.floats(0.1, 0.9), st.text(max_size=3), st.just([]), st.just({}),
    st.sampled_from(["x" * 129, "x" * 2001, "ach", "USD", "2025-08-20", "0" * 64, ["x"], {"a": "b"}, [{}], {"a": 1}]),
)  # fmt: skip


@given(st.sampled_from(places(FULL)[1:]), values, st.sampled_from(["change", "remove", "add"]))
def test_what_follows_the_schema_is_what_a_validator_of_json_schema_says(
    place: tuple[Any, ...], value: Any, what: str
) -> None:
    changed: Any = copy.deepcopy(FULL)
    parent: Any = changed
    for name in place[:-1]:
        parent = parent[name]
    if what == "change":
        parent[place[-1]] = value
    elif what == "remove":
        del parent[place[-1]]
    elif isinstance(parent, dict):
        parent["another"] = value

    validator = jsonschema.Draft202012Validator(schemas()[ENVELOPE])
    assert (faults_of(changed, schemas()[ENVELOPE]) == []) == validator.is_valid(changed)


def test_every_word_of_our_schemas_is_known() -> None:
    for name in (ENVELOPE, TRANSACTION, SETTLEMENT_EVENT):
        assert len(faults_of({}, schemas()[name])) >= 11
        assert faults_of([], schemas()[name])[0].rule == "type"


@pytest.mark.parametrize(
    ("where", "value", "path"),
    [
        ("payment", {"amount_minor": 1.0}, "payment.amount_minor"),
        ("payment", {"amount_minor": 0}, "payment.amount_minor"),
        ("payment", {"value_date": "2025-02-30"}, "payment.value_date"),
        ("payment", {"value_date": "2025-02-03\n"}, "payment.value_date"),
        ("payment", {"currency": "XXQ"}, "payment.currency"),
        ("source", {"channel": "pigeon"}, "source.channel"),
        ("external", {"trace": "1"}, "external.trace"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(where: str, value: dict[str, Any], path: str) -> None:
    document = envelope()
    found = normalised(document | {where: document[where] | value})

    assert isinstance(found, list) and [fault.path for fault in found] == [path]


def test_it_names_nobody_and_holds_no_account_number() -> None:
    document = envelope()
    document["payment"]["details"] = {
        "payer_name": "Maria Lindqvist",
        "account_number": "1234567890",
        "memo": "from 4000123412341234",
        "items": [{"iban": "DE89370400440532013000"}, 5],
    }
    document["borrower"]["external_ids"] = {"core": "12345678", "account": "998877665"}
    before = copy.deepcopy(document)

    found = normalised(document)

    assert isinstance(found, dict) and document == before
    assert found["borrower"] == {
        "loan_id": "loan-1",
        "name": None,
        "external_ids": {"core": "12345678", "account": "…7665"},
    }
    text = str(found)
    for hidden in ("Maria", "Lindqvist", "1234567890", "400012341234", "DE8937", "998877665"):
        assert hidden not in text
    assert found["payment"]["details"]["memo"] == "from …1234" and found["idempotency_key"] == VECTOR


def test_the_former_schema_is_upgraded_and_the_key_is_derived() -> None:
    former = envelope()
    former["schema"] = FORMER
    former["payment"]["amount_cents"] = former["payment"].pop("amount_minor")
    for name in ("artifacts", "risk", "external", "idempotency_key"):
        del former[name]
    del former["payment"]["currency"], former["source"]["batch_id"]
    euros = copy.deepcopy(former)
    euros["payment"]["currency"] = "EUR"

    assert normalised(former) == normalised(envelope(idempotency_key="f" * 64))
    assert isinstance(normalised(euros), list) and isinstance(normalised(envelope(schema="other.v1")), list)


@given(
    st.sampled_from(
        ["schema", "source", "payment", "borrower", "artifacts", "risk", "external", "occurred_at", "more"]
    ),
    st.sampled_from(["channel", "amount_minor", "loan_id", "currency", "details", "flags", "more", ""]),
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=2),
)
def test_the_quick_check_agrees_with_the_one_that_names_faults(name: str, member: str, value: Any) -> None:
    document = envelope() | {"idempotency_key": "0" * 64}
    inner = document.get(name)
    document[name] = {**inner, member: value} if member and isinstance(inner, dict) else value

    schema = schemas()[ENVELOPE]
    assert conforming.follows(document, schema) == (next(conforming._walk(document, schema, ""), None) is None)
