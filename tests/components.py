"""Tests that need a real component: skipped and named where it is missing, failed with CI=true."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

COMPONENTS: Final[dict[str, Callable[[], bool]]] = {
    "chromium": lambda: shutil.which("chromium") is not None,
    "pgbouncer": lambda: Path("/usr/sbin/pgbouncer").exists(),
    "dovecot": lambda: Path("/usr/sbin/dovecot").exists(),
    "openssh": lambda: Path("/usr/sbin/sshd").exists(),
    "sqlalchemy": lambda: importlib.util.find_spec("sqlalchemy") is not None,
    "rabbitmq": lambda: Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists(),
    "postgresql-15": lambda: Path("/usr/lib/postgresql/15/bin/postgres").exists(),
}
_REASON: Final = "component {name} is missing: make components"


def requires(name: str) -> pytest.MarkDecorator:
    """Marks a test, or with `pytestmark` a file, that needs the component.

    ```python
    @requires("chromium")
    def test_the_drawer_opens() -> None: ...
    ```
    """
    missing = not COMPONENTS[name]()
    if missing and os.environ.get("CI") == "true":
        return pytest.mark.usefixtures("fail_for_want_of_a_component")
    return pytest.mark.skipif(missing, reason=_REASON.format(name=name))


@pytest.fixture
def fail_for_want_of_a_component() -> None:
    """CI has every component, or is broken."""
    missing = [name for name, is_there in COMPONENTS.items() if not is_there()]
    pytest.fail(f"with CI=true no component may be missing: {', '.join(missing)} (make components)", pytrace=False)


def summarise(terminalreporter: Any) -> None:
    """Name the components that were missing, and how many tests were skipped for want of each."""
    pattern = re.compile(_REASON.format(name=r"(\S+)"))
    wanting: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        if found := pattern.search(str(report.longrepr)):
            wanting[found[1]] += 1
    if wanting:
        terminalreporter.section("components that are missing")
        for name, count in sorted(wanting.items()):
            terminalreporter.line(f"{name}: {count} tests skipped; make components installs it")
