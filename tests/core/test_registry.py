import sys
from pathlib import Path

import pytest

from headgate.core import registry


@pytest.fixture
def variants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "variants_of_a_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.startswith("variants_of_a_test")]:
        del sys.modules[name]


def test_a_new_file_is_a_new_variant(variants: Path) -> None:
    (variants / "one.py").write_text("RULE = 1")
    (variants / "two.py").write_text("RULE = 2")
    (variants / "_helper.py").write_text("raise AssertionError")

    assert registry.discover("variants_of_a_test", kind=int, attribute="RULE") == {"one": 1, "two": 2}


@pytest.mark.parametrize("text", ["", "RULE = 'x'"])
def test_a_variant_of_the_wrong_type_is_refused_at_the_door(variants: Path, text: str) -> None:
    (variants / "wrong.py").write_text(text)

    with pytest.raises(TypeError, match=r"variants_of_a_test\.wrong must define RULE, a int"):
        registry.discover("variants_of_a_test", kind=int, attribute="RULE")


def test_a_domains_list_holds_its_kind_only(monkeypatch: pytest.MonkeyPatch) -> None:
    module = next(registry.domain_modules("jobs"))
    monkeypatch.setattr(module, "JOBS", ["no job"])

    with pytest.raises(TypeError, match="which is no int"):
        registry.domain_items("jobs", attribute="JOBS", kind=int)
