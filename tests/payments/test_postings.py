"""The posting catalogue covers every event that moves money, and nothing posts past it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import headgate
from headgate import ledger
from headgate.ledger.chart import purposes

ROOT = Path(headgate.__file__).parent


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """The calls of a name in all domains but the ledger itself, with the file each stands in."""
    for domain in ("funding", "payments", "servicing"):
        for path in sorted((ROOT / domain).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name:
                    yield str(path.relative_to(ROOT)), node


def test_every_event_that_moves_money_stands_in_the_catalogue_and_no_other_does() -> None:
    used = set()
    for path in [path for domain in ("funding", "payments", "servicing") for path in (ROOT / domain).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in ledger.catalogue():
                used.add(node.value)

    assert used == set(ledger.catalogue())


def test_who_posts_takes_the_accounts_from_the_catalogue() -> None:
    writers = {file for name in ("Posting", "Capture") for file, _ in calls(name)}

    assert writers == {file for name in ("posting_accounts", "posting_accounts_of") for file, _ in calls(name)}


def test_a_catalogued_posting_names_purposes_of_the_chart() -> None:
    known = {purpose.name for purpose in purposes()}

    for posting in ledger.catalogue().values():
        assert {posting.debit, posting.credit} <= known and posting.debit != posting.credit
