"""Banks for tests of delivery: the sandbox with other terms, and places where the bank's side acts at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.make import TenantFixture

from headgate import payments
from headgate.core import places
from headgate.core.db import Database
from headgate.rails import banks


class Died(BaseException):
    """The process ends here: nothing of ours runs any more, and nothing is caught."""


def sandbox(patch: pytest.MonkeyPatch, *, ach: Mapping[str, Any] | None = None, **sections: Mapping[str, Any]) -> None:
    """The sandbox bank with other terms: `sandbox(patch, delivery={"removes": "may"})`."""
    shipped = dict(banks.profiles())
    profile = shipped["sandbox"]
    assert profile.ach is not None
    changed = {name: replace(getattr(profile.ach, name), **terms) for name, terms in sections.items()}
    shipped["sandbox"] = replace(profile, ach=replace(profile.ach, **changed, **(ach or {})))
    patch.setattr(banks, "profiles", lambda: shipped)


class Bank(places.FolderPlace):
    """A folder of a bank that keeps what it receives in `received`, and whose acts are named by the test.

    `dies` names the step before which the process ends; `takes` is what the bank does at once with a file it is given.
    """

    received: list[tuple[str, bytes]] = []  # noqa: RUF012 - of the bank, not of one connection to it
    dies: str | None = None
    takes: Callable[[Path, str], None] | None = None
    blind: tuple[str, ...] = ()

    def look(self, folder: str, name: str, content: bytes) -> Any:
        if folder in self.blind:
            raise places.Unseen(folder)
        return super().look(folder, name, content)

    def put(self, folder: str, temporary: str, name: str, content: bytes, before_rename: Callable[[], None]) -> None:
        cls = type(self)
        if cls.dies == "before the first byte":
            raise Died

        def renamed() -> None:
            if cls.dies == "before the rename":
                raise Died
            before_rename()

        super().put(folder, temporary, name, content, renamed)
        cls.received.append((name, content))
        if cls.takes:
            cls.takes(self._in(folder), name)
        if cls.dies == "after the rename":
            raise Died


def vanish(folder: Path, name: str) -> None:
    (folder / name).unlink()


def archive(folder: Path, name: str) -> None:
    (folder / "archive").mkdir(exist_ok=True)
    (folder / name).rename(folder / "archive" / name)


def stay(folder: Path, name: str) -> None:
    assert (folder / name).exists()


@pytest.fixture
def bank(monkeypatch: pytest.MonkeyPatch) -> type[Bank]:
    """The place of every tenant is such a bank's folder, for this test."""
    fresh = type("FreshBank", (Bank,), {"received": [], "dies": None, "takes": None, "blind": ()})
    monkeypatch.setattr("headgate.payments.delivery.bank_places.FolderPlace", fresh)
    return fresh


def lose(database: Database, tenant: TenantFixture) -> None:
    """Leave a waiting file of which nobody knows whether the bank has it: the process died, and the bank takes files away."""
    with pytest.MonkeyPatch.context() as patch:
        sandbox(patch, delivery={"removes": "may", "archive": None})
        dying = type(
            "DyingBank", (Bank,), {"received": [], "dies": "before the first byte", "takes": None, "blind": ()}
        )
        patch.setattr("headgate.payments.delivery.bank_places.FolderPlace", dying)
        with pytest.raises(Died):
            payments.deliver(database, tenant.id)
        dying.dies = None
        payments.deliver(database, tenant.id)
