import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import MalformedId


def test_a_new_id_says_what_it_is_and_sorts_by_time() -> None:
    first = ids.new("pay")
    time.sleep(0.002)
    second = ids.new("pay")

    assert first.startswith("pay_") and len(first) == 30
    assert first < second
    assert ids.is_id(first) and ids.is_id(first, "pay") and not ids.is_id(first, "acct")


def test_uuid7_has_its_version_and_variant() -> None:
    value = ids.uuid7()

    assert value.version == 7 and value.variant == "specified in RFC 4122"


@given(st.integers(0, 2**63 - 1))
def test_a_number_survives_its_dress(number: int) -> None:
    text = ids.encode("acct", number)

    assert ids.is_id(text, "acct")
    assert ids.decode("acct", text) == number


@pytest.mark.parametrize("number", [-1, 2**63])
def test_a_number_outside_a_bigint_is_refused(number: int) -> None:
    with pytest.raises(MalformedId):
        ids.encode("acct", number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "42",
        "acct_42",
        "txn_000000000001a",
        "acct_00000000000U1",
        "acct_zzzzzzzzzzzzz",
        "acct_000000000001A",
        "acct_000000000001a\n",
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(MalformedId):
        ids.decode("acct", text)


def test_the_databases_ids_are_those_of_python(tx: Tx) -> None:
    before = ids.new("pay")
    time.sleep(0.002)
    made = tx.value("SELECT core.new_id('pay')")
    time.sleep(0.002)

    assert ids.is_id(made, "pay")
    assert before < made < ids.new("pay")
