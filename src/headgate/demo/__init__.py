"""The demo: the life of one dollar for three test tenants, two that pay wages and one that services loans; then the API and the
console on this machine.

`headgate demo` tells the story, checks the book, prints a one-time link into the console and serves until Ctrl-C.
`--once` ends after the check. `--payroll FILE` and `--statement FILE` tell it with a user's own files, as a tenant apart.
A second run on the same home finds everything done and doubles nothing.
"""

from headgate.demo.command import demo
from headgate.demo.story import perform

__all__ = ["demo", "perform"]
