"""One thing the doctor looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` was seen under this name; where it is not `ok`, `mend` says what to do."""

    name: str
    ok: bool
    what: str
    mend: str = ""

    def __post_init__(self) -> None:
        assert self.ok or self.mend, f"the finding {self.name} does not say how to mend it"
        if self.ok:
            object.__setattr__(self, "mend", "")
