"""The stories are true: each is run, and what it prints is what stands in it. `--rewrite-examples` writes it anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.ledger.examples.stage import PART, told

from headgate.core.db import Database

pytestmark = pytest.mark.slow

STORIES = sorted(path for path in Path(__file__).parent.glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("story", STORIES, ids=[path.stem for path in STORIES])
def test_the_story_is_true(database: Database, story: Path, request: pytest.FixtureRequest) -> None:
    text = story.read_text("utf-8")
    assert PART.search(text), "a story without code"

    now = told(text, database)

    if request.config.getoption("--rewrite-examples"):
        story.write_text(now, "utf-8")
    else:
        assert now == text


def test_every_story_is_listed() -> None:
    listed = (Path(__file__).parent / "README.md").read_text("utf-8")

    assert [path.name for path in STORIES if path.name not in listed] == []
