"""The commands of this domain."""

from __future__ import annotations

from headgate.rails import bank_commands

APPS = [bank_commands.app]
