"""A section of a bank profile: values that are read once, and values that are still to be entered.

Using a value that is to be entered raises `NotEntered` with the file and the key, so that no figure is ever guessed.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields
from typing import Any

from headgate.rails.errors import NotEntered


@dataclass(frozen=True, slots=True)
class ToBeEntered:
    """Stands where a bank's own guide has to say something first."""

    profile: str
    key: str


class Section:
    """What every section of a profile is built on. Two are the same only where they are one."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if isinstance(value, ToBeEntered):
            raise NotEntered(
                f"{value.profile}.toml: {value.key} is to be entered first, from the bank's own guide; "
                f"write it there and take it out of to_be_entered",
                profile=value.profile,
                key=value.key,
            )
        return value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(entry.name for entry in keys_of(type(self)))})"


def raw(section: object, name: str) -> Any:
    """The value as it stands, also where it is `ToBeEntered`."""
    return object.__getattribute__(section, name)


def keys_of(section: type[Any]) -> tuple[Field[Any], ...]:
    """The keys of a section in the order in which a profile is written."""
    return tuple(entry for entry in fields(section) if "read" in entry.metadata or "section" in entry.metadata)


def section(kind: type[Any], help: str, *, required: bool = False) -> Any:
    """A section within a section; None where the profile does not have it and need not."""
    return field(metadata={"section": kind, "help": help, "required": required, "many": False})


def sections(kind: type[Any], help: str) -> Any:
    """A list of sections, `[[ach.windows]]`, in the profile's order; empty where there is none."""
    return field(metadata={"section": kind, "help": help, "required": False, "many": True})
