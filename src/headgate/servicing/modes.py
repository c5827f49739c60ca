"""What the pipeline does with the payments of a channel, by the tenant's choice: nothing, write them down, or post them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from headgate import audit
from headgate.core.db import Tx
from headgate.servicing.errors import InvalidMode
from headgate.servicing.model import CHANNELS, Channel

Mode = Literal["off", "shadow", "live"]
MODES: Final[tuple[Mode, ...]] = get_args(Mode)
PIPED: Final[tuple[Channel, ...]] = tuple(channel for channel in CHANNELS if channel != "manual")
"""The channels that the pipeline brings payments of; what a person enters is posted at once."""


@dataclass(frozen=True, slots=True)
class PostingMode:
    """What is done with a channel's payments, since when and why; `off` since None where nothing was chosen."""

    channel: Channel
    mode: Mode
    reason: str | None = None
    set_by: str | None = None
    set_at: datetime | None = None


def set_posting_mode(tx: Tx, *, channel: str, mode: str, reason: str) -> PostingMode:
    """Choose what is done with a channel's payments from now on. What was left or written down before waits for
    `release_waiting`. Raises InvalidMode.
    """
    if channel not in PIPED:
        raise InvalidMode(f"'{channel[:40]}' is no channel of the pipeline: there are {', '.join(PIPED)}")
    if mode not in MODES:
        raise InvalidMode(f"'{mode[:40]}' is no posting mode: there are {', '.join(MODES)}")
    if not reason.strip():
        raise InvalidMode("say why the posting mode is set")
    facts = {"channel": channel, "mode": mode, "reason": reason}
    tx.run(
        """
        INSERT INTO servicing.posting_modes (tenant_id, channel, mode, reason)
        VALUES (%(tenant)s, %(channel)s, %(mode)s, %(reason)s)
        """,
        {"tenant": tx.tenant_id, **facts},
    )
    audit.record(tx, type="servicing.posting_mode.set", data=facts)
    return next(one for one in posting_modes(tx).values() if one.channel == channel)


def posting_modes(tx: Tx) -> Mapping[Channel, PostingMode]:
    """The mode of each channel of the pipeline."""
    return tx.setting("servicing.posting_modes", lambda: _posting_modes(tx))


def _posting_modes(tx: Tx) -> Mapping[Channel, PostingMode]:
    rows = tx.all(
        """
        SELECT DISTINCT ON (m.channel) m.channel, m.mode, m.reason, m.set_by, m.recorded_at AS set_at
          FROM servicing.posting_modes m
         ORDER BY m.channel, m.id DESC
        """,
        row=PostingMode,
    )
    return {channel: PostingMode(channel, "off") for channel in PIPED} | {row.channel: row for row in rows}
