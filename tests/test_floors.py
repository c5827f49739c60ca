"""The house keeps its shape: front doors are used, tests mirror the source, files stay readable."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "headgate"
MODULES = sorted(SOURCE.rglob("*.py"))
DOMAINS = sorted(path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists())


def imports(path: Path) -> list[str]:
    """The dotted names that a module imports: `from headgate.a import b` gives `headgate.a.b`."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def through_the_wall(path: Path) -> list[str]:
    """Imports that reach into another domain past its front door (`headgate.payments.submission.submit`)."""
    own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    found = []
    for name in imports(path):
        parts = name.split(".")
        if parts[0] != "headgate" or len(parts) < 4 or parts[1] in (own, "core") or parts[1] not in DOMAINS:
            continue
        found.append(name)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_other_domains_are_entered_by_the_front_door(path: Path) -> None:
    assert through_the_wall(path) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_fits_a_readers_head(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 600


def test_the_front_door_test_sees_a_wall_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = tmp_path / "headgate"
    (house / "payments").mkdir(parents=True)
    wrong = house / "payments" / "wrong.py"
    wrong.write_text(
        "from headgate.ledger.posting import post\nfrom headgate.core.db import Tx\nfrom headgate.ledger import post as p\n"
    )
    monkeypatch.setattr("tests.test_floors.SOURCE", house)

    assert through_the_wall(wrong) == ["headgate.ledger.posting.post"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_domain_tells_its_story(domain: str) -> None:
    text = ast.get_docstring(ast.parse((SOURCE / domain / "__init__.py").read_text("utf-8"))) or ""

    assert len(text.split()) >= 30, f"headgate/{domain}/__init__.py must say in about ten lines what this domain is"
