"""Ids derived from an order and from what was fixed before its first byte: the same again whenever they are asked for."""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime

from headgate.rails.iso20022.networks import EASTERN, Network

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH_MAX = 35


def uetr(network: Network, attempt_id: str) -> str:
    """The end-to-end transaction reference of an attempt: a UUID in the shape of version 4, the same for ever."""
    number = int.from_bytes(_digest(network, "uetr", attempt_id)[:16], "big")
    number = number & ~(0xF << 76) | 0x4 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=number))


def message_id(network: Network, member: str, created_at: datetime, *parts: str) -> str:
    """A message's id: the network's prefix, the day in Eastern time, our connection, and what the parts come to."""
    head = f"{network.message_id_prefix}{created_at.astimezone(EASTERN):%Y%m%d}{network.connection(member)}"
    stamp = created_at.astimezone(EASTERN).isoformat(timespec="microseconds")
    return head + _letters(_digest(network, "message", stamp, *parts), _LENGTH_MAX - len(head))


def instruction_id(network: Network, member: str, created_at: datetime, attempt_id: str) -> str:
    """The instruction's id, which a status report and a request to give back name."""
    head = f"{created_at.astimezone(EASTERN):%Y%m%d}{network.connection(member)}"
    return head + _letters(_digest(network, "instruction", attempt_id), _LENGTH_MAX - len(head))


def _digest(network: Network, *parts: str) -> bytes:
    return hashlib.sha256("\x1f".join(("headgate", network.name, *parts)).encode()).digest()


def _letters(digest: bytes, count: int) -> str:
    number = int.from_bytes(digest, "big")
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(count))
