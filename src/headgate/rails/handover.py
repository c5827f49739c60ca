"""What is known of a file that was, or was not, handed to a bank. Pure: from what was seen to what may be done.

Each *try* to hand a file over is recorded before its first byte leaves. A try writes the bytes under a temporary name of
its own and renames them; only from then on is the file the bank's to take. After a crash nobody remembers how far the
try came, so one looks: in the acknowledgements, under the file's name in outbound and archive, and under the try's
temporary name. Then the file is

- *delivered*: the bank says so, or the same bytes lie under its name;
- *rejected*: the bank says that it takes nothing of it;
- *absent*, and may be sent, the same name and bytes: nothing was ever begun, or the try's temporary still lies there (a
  renamed one is gone from there), or the bank never removes anything and it is not there;
- *occupied*: nothing was begun, and other bytes lie under its name;
- *unseen*: somewhere one could not look now. Nothing is sent and nothing concluded; look again;
- *unknown*: none of these. It is not sent again until two people say what happened; where they say that it did not
  arrive, the try counts as proved absent, and nothing is begun any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Look = Literal["ours", "others", "nothing", "unseen"]
"""What lies under a file's name: its own bytes, other bytes, nothing; or one could not look."""

AckLook = Literal["accepted", "rejected", "differs", "nothing", "unseen"]
"""What the bank says of a file. `differs`: it names the file with other totals than were sent."""

Standing = Literal["delivered", "rejected", "absent", "occupied", "unseen", "unknown"]
Basis = Literal[
    "acknowledgement", "outbound", "archive", "nothing_begun", "temporary", "never_removed", "other_bytes",
    "other_totals", "may_be_removed", "no_look",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of one file. `is_begun`: there is a try that is not proved absent.

    `temporary` is what lies under the temporary name of that try: something, or nothing. `archive` is `nothing` where the
    bank shows none.
    """

    is_begun: bool
    outbound: Look
    archive: Look
    temporary: Literal["something", "nothing", "unseen"]
    acknowledged: AckLook
    removes: Literal["never", "may"]


@dataclass(frozen=True, slots=True)
class Known:
    """Where a file stands, and what that rests on."""

    standing: Standing
    basis: Basis

    @property
    def may_be_sent(self) -> bool:
        """Whether handing it over now cannot make it two."""
        return self.standing == "absent"


def what_is_known(seen: Sighting) -> Known:
    """Judge a sighting: what proves delivery comes first, what proves absence second, doubt last."""
    if seen.acknowledged == "rejected":
        return Known("rejected", "acknowledgement")
    if seen.acknowledged == "accepted":
        return Known("delivered", "acknowledgement")
    if seen.outbound == "ours":
        return Known("delivered", "outbound")
    if seen.archive == "ours":
        return Known("delivered", "archive")
    if seen.acknowledged == "differs":
        return Known("unknown", "other_totals")
    return _absence(seen) if seen.is_begun else _beginning(seen)


def _beginning(seen: Sighting) -> Known:
    """Nothing of it has ever left: it may go, unless its name is taken or one cannot see whether it is."""
    if "others" in (seen.outbound, seen.archive):
        return Known("occupied", "other_bytes")
    if "unseen" in (seen.outbound, seen.archive, seen.acknowledged):
        return Known("unseen", "no_look")
    return Known("absent", "nothing_begun")


def _absence(seen: Sighting) -> Known:
    """A try was begun and nothing of it is found: is that proof?"""
    if "others" in (seen.outbound, seen.archive):
        return Known("unknown", "other_bytes")
    if "unseen" in (seen.outbound, seen.archive, seen.temporary, seen.acknowledged):
        return Known("unseen", "no_look")
    if seen.temporary == "something":
        return Known("absent", "temporary")
    if seen.removes == "never":
        return Known("absent", "never_removed")
    return Known("unknown", "may_be_removed")
