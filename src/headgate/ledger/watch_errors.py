"""What can go wrong with balance monitors and clearing accounts."""

from __future__ import annotations

from headgate.core.errors import Malformed, NotFound


class MonitorNotFound(NotFound):
    """There is no such monitor."""

    code = "ledger.monitor_not_found"
    sqlstate = "HG165"


class MalformedMonitor(Malformed):
    """This cannot be a balance monitor."""

    code = "ledger.malformed_monitor"


class MalformedClearingRule(Malformed):
    """This cannot be the rule of a clearing account."""

    code = "ledger.malformed_clearing_rule"
