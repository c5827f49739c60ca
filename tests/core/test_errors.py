import pytest

from headgate.core import errors
from headgate.core.registry import domain_modules


def test_every_code_and_sqlstate_is_one_class() -> None:
    list(domain_modules("errors"))

    assert all(found.code == code for code, found in errors.BY_CODE.items())
    assert all(found.sqlstate == state and state.startswith("HG") for state, found in errors.BY_SQLSTATE.items())
    assert all("." in code for code in errors.BY_CODE)


def test_a_second_class_with_the_same_code_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"two errors share the code core\.not_found"):
        type("Twin", (errors.HeadgateError,), {"code": "core.not_found"})


def test_an_error_says_its_docstring_unless_told() -> None:
    assert str(errors.NotFound()) == "There is no such thing, or it is another tenant's."
    assert errors.NotFound("no account 7", account=7).facts == {"account": 7}
