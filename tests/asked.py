"""What a transaction asks of the database, counted."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.core.db import Tx


def questions(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that is asked from now on."""
    asked: list[str] = []
    for name in ("all", "value", "values", "run"):
        real = getattr(Tx, name)

        def counted(self: Tx, query: str, *rest: Any, _real: Any = real, **facts: Any) -> Any:
            asked.append(query)
            return _real(self, query, *rest, **facts)

        monkeypatch.setattr(Tx, name, counted)
    return asked
