"""A profile as a document, for people and machines: what it says, what it leaves to defaults, what is to be entered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from headgate.core.money import Money
from headgate.rails.banks.model import Profile
from headgate.rails.banks.sections import ToBeEntered, keys_of, raw
from headgate.rails.banks.values import END_OF_DAY


def document(profile: Profile) -> dict[str, Any]:
    """Plain values all through. What is to be entered is `{"to_be_entered": "ach.windows"}`."""
    shown: dict[str, Any] = {**_plain(profile), "rails": list(profile.rails)}
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, ToBeEntered):
        return {"to_be_entered": value.key}
    if hasattr(type(value), "__dataclass_fields__") and not isinstance(value, Money):
        return {entry.name: _plain(raw(value, entry.name)) for entry in keys_of(type(value))}
    if isinstance(value, Money):
        return f"{value.major:.2f}"
    if isinstance(value, time):
        return "24:00" if value == END_OF_DAY else value.isoformat("minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, ZoneInfo):
        return value.key
    if isinstance(value, re.Pattern):
        return value.pattern
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
