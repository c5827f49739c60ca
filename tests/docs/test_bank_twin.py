"""How to use the bank twin: its examples are run, and its tables are those of the code."""

from __future__ import annotations

import doctest
import re
from dataclasses import fields
from pathlib import Path

from headgate.core import ids
from headgate.core.db import Database
from headgate.rails.twin import Behaviour, read_behaviour
from headgate.rails.twin_scripts import WORDS

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "use-the-bank-twin.md"


def boxes(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_its_examples_are_true(database: Database) -> None:
    text = "\n".join(boxes("pycon"))
    globs = {"database": database, "slug": f"twin-{ids.new('x')[-10:]}"}
    told = doctest.DocTestParser().get_doctest(text, globs, PAGE.name, str(PAGE), 0)
    said: list[str] = []

    result = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(told, out=said.append)

    assert result.attempted > 10
    assert result.failed == 0, "".join(said)


def test_the_words_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| `([A-Z0-9]+)` \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)

    assert dict(rows) == dict(WORDS)


def test_the_behaviour_is_that_of_the_code() -> None:
    keys = re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)

    assert keys == [each.name for each in fields(Behaviour)]
    (example,) = boxes("toml")
    assert read_behaviour(example) == (Behaviour(returns=5, truncated=20), 7)
