import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.canonical import canonical, digest
from headgate.core.errors import Malformed

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(documents)
def test_the_order_of_keys_does_not_matter(document: object) -> None:
    shuffled = json.loads(json.dumps(document), object_pairs_hook=lambda pairs: dict(reversed(pairs)))

    assert canonical(shuffled) == canonical(document)
    assert json.loads(canonical(document)) == document


@given(documents, documents)
def test_other_documents_have_other_digests(one: object, other: object) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)

    assert (digest(one) == digest(other)) == same


@pytest.mark.parametrize("document", [1.5, {"a": [1.0]}, [{"b": float("nan")}]])
def test_a_float_has_no_canonical_form(document: object) -> None:
    with pytest.raises(Malformed, match="is a float"):
        canonical(document)
