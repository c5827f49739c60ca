"""What `headgate doctor` asks of the bank profiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from headgate.core.db import Database
from headgate.core.doctor import Examination
from headgate.core.finding import Finding
from headgate.rails import banks
from headgate.rails.errors import InvalidProfile


def _examine(_: Database) -> Iterator[Finding]:
    try:
        found = banks.profiles()
    except InvalidProfile as error:
        yield Finding("rails.banks", False, error.message, "mend the profiles; `headgate banks check` shows them again")
        return
    yield Finding("rails.banks", True, f"{len(found)} bank profiles are good")


DOCTOR: Final = [Examination("rails", _examine)]
