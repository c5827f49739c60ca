"""Two installations for the doors: one with its embedded server, shared, and one on the tests' server, to damage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doors.scripts import Shell, fresh_home

from headgate.core.db import Database


@pytest.fixture(scope="session")
def shell() -> Iterator[Shell]:
    """An installation with an embedded server of its own, shared by this folder's tests."""
    with fresh_home() as home:
        yield Shell(home)


@pytest.fixture
def own(empty_database: Database, tmp_path: Path) -> Shell:
    """An installation of this test alone, on a database of the tests' server (`empty_database`)."""
    return Shell(tmp_path / "home", {"HEADGATE_DATABASE_URL": empty_database.url("admin")})
