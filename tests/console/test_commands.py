"""`headgate console`, and the package run as a module."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from tests import make
from typer.testing import CliRunner

from headgate.console import commands
from headgate.core.db import Database


def test_a_link_leads_to_where_the_server_listens(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        yield database

    slug = make.tenant(database).slug
    monkeypatch.setattr(commands, "open_database", opened)
    monkeypatch.setattr(database, "config", replace(database.config, port=18080))

    told = CliRunner().invoke(commands.app, ["link", "--tenant", slug])
    named = CliRunner().invoke(commands.app, ["link", "--tenant", slug, "--port", "9000"])

    assert told.stdout.startswith("http://127.0.0.1:18080/console/enter?token="), told.output
    assert named.stdout.startswith("http://127.0.0.1:9000/")


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "headgate", "--help"], capture_output=True, text=True, check=True)

    assert "ingest" in done.stdout
