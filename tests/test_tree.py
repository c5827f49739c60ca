"""What is committed names no package index, no machine and no lock that records hosts."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOSTS = (
    # In parts, so that this file names none either.
    *(
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("golang", "org"),
        ("crates", "io"),
    ),
    *(("debian", "org"), ("ubuntu", "com"), ("rubygems", "org"), ("unpkg", "com"), ("jsdelivr", "net")),
)
INDEX = re.compile(
    "|".join(r"\b" + r"\.".join(parts) + r"\b" for parts in HOSTS) + r"|(?<!emit-)(?:index-url|find-links)",
    re.IGNORECASE,
)
MACHINE = re.compile(re.escape(str(ROOT)) + r"\b")


def committed() -> list[Path]:
    """The files that git tracks, or would if all were added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def found(pattern: re.Pattern[str]) -> list[str]:
    """Where a pattern stands, as `file:line: text`."""
    hits = []
    for path in committed():
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        hits += [
            f"{path.relative_to(ROOT)}:{n}: {line[:120]}" for n, line in enumerate(lines, 1) if pattern.search(line)
        ]
    return hits


@pytest.mark.slow
def test_no_package_index_is_named() -> None:
    own = "tests/test_tree.py:"  # the options by which one would be named
    assert [hit for hit in found(INDEX) if not hit.startswith(own)] == []


def test_no_machine_is_named() -> None:
    assert found(MACHINE) == []


def test_no_lock_that_records_hosts_is_committed() -> None:
    assert [
        path.name for path in committed() if path.name in ("uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock")
    ] == []


def test_the_lock_has_a_hash_for_every_package_and_no_address() -> None:
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    packages = [line for line in lines if line and not line.startswith((" ", "#"))]

    assert len(packages) > 20
    assert [line for line in packages if not re.match(r"^[a-z0-9._-]+==\S+( ; .*)? \\$", line)] == []
    assert "://" not in "\n".join(lines)


@pytest.mark.parametrize("name", ["Makefile", ".ci/run", "scripts/components.sh", "scripts/make_venv.py"])
def test_what_a_clean_clone_runs_is_committed(name: str) -> None:
    assert ROOT / name in committed()


def test_make_alone_lists_every_target_with_a_line() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:")).split()[1:]

    named = [line.split()[1] for line in listed.splitlines()]

    assert sorted(named) == sorted(phony)
    assert {"demo", "test", "check", "quick", "crash", "test-15", "bench", "docs", "components", "venv"} <= set(named)
    assert all(len(line.split()) > 3 for line in listed.splitlines())
