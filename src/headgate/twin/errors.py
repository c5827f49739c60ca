"""What can go wrong with a test tenant's clock and bank."""

from __future__ import annotations

from headgate.core.errors import Malformed, NotFound


class NotForward(Malformed):
    """A clock is advanced, and never put back, by `headgate clock advance`."""

    code = "twin.not_forward"


class NoBank(NotFound):
    """This tenant has no simulated bank; give it one with `headgate clock bank`."""

    code = "twin.no_bank"
