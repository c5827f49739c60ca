"""Canonical bytes: every column is in them, and two different rows never give the same."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.audit import formulas
from headgate.audit.export import EventLine

texts = st.none() | st.text(alphabet=st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
documents = st.dictionaries(
    st.text(alphabet='ab\\\t:"é', max_size=3),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(alphabet='ab\\\n\t1.0"ü\u2028', max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xy", max_size=2), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)
rows = st.fixed_dictionaries(
    {
        "tenant_id": st.sampled_from(["018f0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000002"]),
        "id": st.integers(1, 12),
        "event_time": st.sampled_from(["2026-11-21 08:00:00+00", "2026-11-21 08:00:00.1+00"]),
        "xid": st.integers(1, 12),
        "epoch": st.integers(1, 2),
        "formula": st.just(1),
        "type": st.sampled_from(["a.b", "a.bc"]),
        "actor_type": st.sampled_from(["system", "human", "ai"]),
        "actor_id": st.text(alphabet="ab\\\t\n|", min_size=1, max_size=3),
        "person_id": texts,
        "correlation_id": texts,
        "payment_id": texts,
        "ingestion_id": texts,
        "data": documents,
        "witness": st.integers(-3, 3),
    }
)


patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def line_of(row: dict[str, Any], **how: Any) -> EventLine:
    return msgspec.json.decode(json.dumps({"kind": "event", **row}, **how), type=EventLine)


def canonical(row: dict[str, Any], **how: Any) -> bytes | None:
    return line_of(row, **how).sealable().canonical


@patiently
@given(rows, rows)
def test_two_rows_give_the_same_bytes_only_where_they_are_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (canonical(one) == canonical(other)) is same


@patiently
@given(rows, st.sampled_from(formulas.COLUMNS), st.data())
def test_change_of_any_column_changes_the_bytes(row: dict[str, Any], column: str, data: st.DataObject) -> None:
    values = {"id": 99, "xid": 99, "epoch": 9, "witness": 99, "data": {"changed": True}, "formula": 1}
    changed = {**row, column: values.get(column, "something else entirely")}
    if column == "formula":
        assert canonical({**row, "formula": 2}) is None, "an unknown formula has no bytes at all"
    else:
        assert canonical(changed) != canonical(row)


@patiently
@given(rows)
def test_layout_of_the_json_does_not_matter(row: dict[str, Any]) -> None:
    assert canonical(row) == canonical(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def test_numbers_stay_the_literals_they_are() -> None:
    base = {
        "tenant_id": "t",
        "id": 1,
        "event_time": "e",
        "xid": 1,
        "epoch": 1,
        "formula": 1,
        "type": "a.b",
        "actor_type": "ai",
        "actor_id": "a",
        "person_id": None,
        "correlation_id": None,
        "payment_id": None,
        "ingestion_id": None,
        "witness": 0,
    }
    lines = [
        json.dumps({"kind": "event", **base})[:-1] + f', "data": {{"n": {n}}}}}'
        for n in ("1", "1.0", "1.00", "1e0", "100")
    ]
    found = {msgspec.json.decode(line, type=EventLine).sealable().canonical for line in lines}

    assert len(found) == 5 and None not in found


@patiently
@given(texts)
def test_copy_text_is_undone(text: str | None) -> None:
    written = formulas.copy_text(text)

    assert b"\t" not in written and b"\n" not in written
    if text is None:
        assert written == formulas.NULL
    else:
        assert written != formulas.NULL
        assert formulas.plain_text(written).decode() == text
