"""Funding, gate, payroll and payment together against their model; `--histories N`: a tenth of them (make model: 200)."""

from __future__ import annotations

import pytest
from tests.payments.model.runs import SHARD, run_histories
from tests.payments.model.told import tell

from headgate.core.db import Database


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """As many tests as there are shards: a history commits each of its steps, and takes ten times the ledger's."""
    if "shard" in metafunc.fixturenames:
        count = metafunc.config.getoption("--histories") // 10
        metafunc.parametrize("shard", range(max(1, count // SHARD)))


@pytest.mark.slow
def test_every_history_ends_as_the_model_says(database: Database, shard: int) -> None:
    if shard == 0:
        tell(database)
    told = run_histories(database, SHARD)

    assert told["histories"] >= SHARD
    assert told["steps"] > 10 * SHARD, "the histories hardly moved"
