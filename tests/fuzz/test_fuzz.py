"""Every parser under bytes that went wrong: no crash, no hang, bounded memory, faults only.

A few examples in `make test`; `make fuzz` searches on, guided by what the bytes reach. What it finds is kept under `found`
and read again here for ever.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fuzz.limits import TooLong, within_memory, within_time
from tests.fuzz.mutating import mutate
from tests.fuzz.targets import FOUND, Target, targets

from headgate.ingestion import envelopes

TARGETS = targets()
KEPT = [(name, path) for name, one in TARGETS.items() for path in sorted(one.folder.glob("*"))]


def run(target: Target, content: bytes) -> None:
    """The target's promises, within the time that bytes may take."""
    with within_time():
        target.run(content)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_real_files_keep_every_promise(name: str) -> None:
    assert TARGETS[name].seeds
    for content in TARGETS[name].seeds:
        run(TARGETS[name], content)


@pytest.mark.parametrize(("name", "path"), KEPT, ids=[f"{name}-{path.name}" for name, path in KEPT])
def test_what_was_found_once_stays_mended(name: str, path: object) -> None:
    content = path.read_bytes()  # type: ignore[attr-defined]
    with within_memory(len(content)):
        run(TARGETS[name], content)


def test_what_was_found_belongs_to_a_target() -> None:
    assert {path.name for path in FOUND.iterdir() if path.is_dir()} <= set(TARGETS)


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_no_change_of_a_real_file_breaks_a_promise(name: str, request: pytest.FixtureRequest) -> None:
    target = TARGETS[name]

    @settings(
        max_examples=request.config.getoption("--fuzz-examples"),
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(which=st.integers(0, len(target.seeds) - 1), seed=st.integers(0, 2**32 - 1))
    def search(which: int, seed: int) -> None:
        run(target, mutate(random.Random(seed), target.seeds[which], target.seeds))

    search()


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_no_bytes_at_all_break_a_promise(name: str, request: pytest.FixtureRequest) -> None:
    @settings(max_examples=request.config.getoption("--fuzz-examples"), deadline=None)
    @given(content=st.binary(max_size=300))
    def search(content: bytes) -> None:
        run(TARGETS[name], content)

    search()


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_memory_stays_within_a_measure_of_the_bytes(name: str) -> None:
    """Real files that went wrong and were sent ten times over in one."""
    seeds, chance = TARGETS[name].seeds, random.Random(name)
    for _ in range(3):
        piece = mutate(chance, chance.choice(seeds), seeds)
        content = piece if piece.startswith(b"PK") else piece * max(1, min(10, 60_000 // max(1, len(piece))))
        with within_memory(len(content)), within_time():
            TARGETS[name].run(content)


def test_bytes_that_take_too_long_or_too_much_are_seen() -> None:
    with pytest.raises(TooLong), within_time(0.05):
        while True:
            pass
    with pytest.raises(AssertionError, match="bytes of memory"), within_memory(10):
        assert len(bytes(40 << 20)) > 0


def test_a_document_of_many_names_of_which_the_last_comes_twice_is_refused_at_once() -> None:
    """Found by reading: to name the one that comes twice, every name was once compared with all others."""
    members = ",".join(f'"{n}":0' for n in range(120_000))

    with within_time(5):
        found = envelopes.read(f'{{{members},"119999":1}}'.encode())

    assert isinstance(found, list)
    assert [(fault.rule, fault.message) for fault in found] == [
        ("json", "the field '119999' is given twice: which one is meant?")
    ]
