"""The commands of this domain."""

from __future__ import annotations

from headgate.rails import simulate_commands

APPS = [simulate_commands.app]
