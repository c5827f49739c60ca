"""What a tenant has set, kept by the process: read with every message, and changed by a person now and then.

A table that `core.is_setting` made one of settings counts each change (`core.settings_versions`). A transaction that
`keeps_settings` learns that number as it begins, and what was read under it holds. It sees what was set before it began.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Final, LiteralString
from uuid import UUID

TENANTS_MAX: Final = 1_000
VERSION: Final[LiteralString] = "SELECT max(version_no) FROM core.settings_versions"
"""The tenant's number; None while nothing was ever set."""


class Settings:
    """What is kept of each tenant, of those that were used last. For several threads."""

    def __init__(self, tenants_max: int = TENANTS_MAX) -> None:
        self._of: OrderedDict[UUID, tuple[int | None, dict[str, Any]]] = OrderedDict()
        self._tenants_max = tenants_max
        self._lock = threading.Lock()

    def of(self, tenant: UUID, version: int | None) -> dict[str, Any]:
        """What was read under this number, by name; what is read now belongs there. Never what an older number held."""
        with self._lock:
            held = self._of.get(tenant)
            if held is None or held[0] != version:
                held = self._of[tenant] = (version, {})
                if len(self._of) > self._tenants_max:
                    self._of.popitem(last=False)
            self._of.move_to_end(tenant)
            return held[1]
