"""Status → badge: which colour, which icon, and whether it is final. The word on a badge is the status itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["ok", "warn", "bad", "ended", ""]


@dataclass(frozen=True, slots=True)
class Badge:
    """`kind` is the colour's name (empty: under way), `icon` one of `icons.ICONS`, `unsure` draws the edge dashed."""

    kind: Kind
    icon: str
    unsure: bool = False


_OK = {
    **dict.fromkeys(
        (
            "settled",
            "completed",
            "paid",
            "committed",
            "delivered",
            "succeeded",
            "resolved",
            "approved",
            "final",
            "asked",
            "reached",
            "current",
            "paid_off",
            "published",
            "posted",
            "proved",
            "handled",
            "well",
        ),
        "check",
    ),
    "balanced": "scale",
    "captured": "lock",
    "sealed": "shield",
}
_UNDER_WAY = {
    "pending": "clock",
    "sent": "arrow",
    "ready": "clock",
    "sending": "arrow",
    "accepted": "half",
    "paying": "arrow",
    "active": "lock",
    "open": "clock",
    "reserved": "lock",
    "folder": "file",
    "not_tried": "question",
    "dishonored": "arrow",
    "low": "off",
    "medium": "up",
    "grace": "clock",
    "military": "shield",
    "forbearance": "pause",
    "received": "clock",
    "read": "check",
    "waiting": "clock",
    "shadow": "half",
    "normalized": "half",
    "requeued": "arrow",
    "quiet": "pause",
    "not_heard": "question",
}
_ATTENTION = {
    "awaiting_funding": "pause",
    "blocked_funds": "gate",
    "blocked_policy": "shield",
    "committed_with_warnings": "alert",
    "partially_paid": "half",
    "variance": "scale",
    "unknown_payer": "question",
    "your_turn": "person",
    "high": "alert",
    "no_key_trusted": "key",
    "held": "lock",
    "orphan": "question",
    "repeated": "return",
    "dishonor_refused": "x",
    "delinquent": "clock",
    "overpaid": "return",
    "bankruptcy": "shield",
    "deceased": "person",
    "faulty": "alert",
    "dead": "bad",
    "behind": "clock",
    "paused": "pause",
    "unread": "question",
}
_BAD = {
    "returned": "return",
    "rejected": "x",
    "refused": "x",
    "failed": "bad",
    "contradicts": "alert",
    "contested": "alert",
    "not_reached": "bad",
    "default": "alert",
    "charged_off": "x",
    "critical": "bad",
    "unreadable": "question",
    "not_proved": "scale",
    "failing": "bad",
    "dead_again": "bad",
}
_ENDED = {
    "reversed": "return",
    "released": "off",
    "unheard": "off",
    "paid_again": "arrow",
    "expired": "clock",
    "cancelled": "x",
    "disabled": "off",
    "used": "check",
    "transferred": "arrow",
}

BADGES: dict[str, Badge] = {
    **{status: Badge("ok", icon) for status, icon in _OK.items()},
    **{status: Badge("", icon) for status, icon in _UNDER_WAY.items()},
    **{status: Badge("warn", icon) for status, icon in _ATTENTION.items()},
    **{status: Badge("bad", icon) for status, icon in _BAD.items()},
    **{status: Badge("ended", icon) for status, icon in _ENDED.items()},
    "provisional": Badge("", "half", unsure=True),
    "expected": Badge("", "half", unsure=True),
    "then": Badge("", "clock", unsure=True),
    "doubted": Badge("warn", "question", unsure=True),
    "outcome_unknown": Badge("warn", "question", unsure=True),
}


def badge_of(status: str) -> Badge:
    """The badge of a status; one the vocabulary lacks is grey, with its word."""
    return BADGES.get(status, Badge("", "clock"))
