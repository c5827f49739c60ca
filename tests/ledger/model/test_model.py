"""The book against the model, history after history: `--histories N` says how many (make model: 2,000 of 50 steps)."""

from __future__ import annotations

import pytest
from tests.ledger.model.runs import SHARD, run_histories

from headgate.core.db import Database


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """As many tests as there are shards."""
    if "shard" in metafunc.fixturenames:
        count = metafunc.config.getoption("--histories")
        metafunc.parametrize("shard", range(-(-count // SHARD)))


@pytest.mark.slow
def test_every_history_ends_as_the_model_says(database: Database, shard: int) -> None:
    told = run_histories(database, SHARD)

    assert told["histories"] >= SHARD
    assert told["steps"] > 20 * SHARD, "the histories hardly moved"
