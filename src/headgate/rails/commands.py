"""The commands of this domain."""

from __future__ import annotations

from headgate.rails import ach_commands, bank_commands, simulate_commands

APPS = [ach_commands.app, bank_commands.app, simulate_commands.app]
