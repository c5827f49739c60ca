"""What is made by the hundred thousand is the same as what is made one by one."""

from __future__ import annotations

import gc
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.core import arrays, collecting, ids
from headgate.core.db import Tx

_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["},{", '"', "\\", "{}"]
)
_OBJECTS = st.dictionaries(_TEXTS, _TEXTS | st.integers(-9, 9) | st.none() | st.just([{}, {"a": 1}]), max_size=3)


def test_ids_made_together_are_ids_in_ascending_order() -> None:
    made = ids.new_many("pay", 3000)

    assert made == sorted(set(made)) and len(made) == 3000
    assert all(ids.is_id(one, "pay") for one in made)
    assert ids.new_many("pay", 0) == [] and made[0][:9] <= ids.new("pay")[:9]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(objects=st.lists(_OBJECTS, max_size=4))
def test_documents_arrive_as_they_were_given(tx: Tx, objects: list[dict[str, Any]]) -> None:
    found = tx.value("SELECT to_json(%(datas)s::text[])", {"datas": arrays.documents(objects)})

    assert [json.loads(one) for one in found] == objects


def test_the_collector_rests_until_the_last_is_done() -> None:
    assert gc.isenabled()
    with collecting.paused():
        with collecting.paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with collecting.paused():
            pass
        assert not gc.isenabled(), "it was off before"
    finally:
        gc.enable()
