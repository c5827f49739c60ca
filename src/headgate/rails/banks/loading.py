"""A profile is read whole: every key of every section is judged, and all that is wrong is said at once."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import Field
from typing import Any

from headgate.rails.banks.judging import judge
from headgate.rails.banks.model import Profile
from headgate.rails.banks.sections import ToBeEntered, keys_of
from headgate.rails.banks.values import REQUIRED
from headgate.rails.errors import InvalidProfile


def read_profile(text: str, *, name: str) -> Profile:
    """The profile of a file called `name`.toml. Raises InvalidProfile with every problem, each with file and key."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise invalid([f"{name}.toml: is not TOML: {error}"]) from None
    reader = _Reader(name, document)
    profile = reader.profile()
    problems = reader.problems or judge(profile, name=name)
    if problems:
        raise invalid([f"{name}.toml: {problem}" for problem in problems])
    return profile


def invalid(problems: list[str]) -> InvalidProfile:
    """All of them in one error."""
    return InvalidProfile("; ".join(problems), problems=problems)


class _Reader:
    """One file on its way to a profile: the values still to be entered, and what is wrong so far."""

    def __init__(self, name: str, document: Mapping[str, Any]) -> None:
        self.name = name
        self.document = document
        self.problems: list[str] = []
        listed = document.get("to_be_entered", [])
        self.open = [each for each in listed if isinstance(each, str)] if isinstance(listed, list) else []

    def profile(self) -> Profile:
        found: Profile = self._section(Profile, self.document, "")
        known = set(_paths(Profile, ""))
        for path in self.open:
            if path not in known:
                self.problems.append(f"to_be_entered names {path}, which is no key{_meant(path, known)}")
        return found

    def _section(self, kind: type[Any], table: Mapping[str, Any], path: str) -> Any:
        keys = keys_of(kind)
        names = [entry.name for entry in keys]
        for name in table:
            if name not in names:
                self.problems.append(f"{path}{name} is no key{_meant(name, set(names))}")
        return kind(**{entry.name: self._value(entry, table, f"{path}{entry.name}") for entry in keys})

    def _value(self, entry: Field[Any], table: Mapping[str, Any], path: str) -> Any:
        if path in self.open:
            if entry.name in table:
                self.problems.append(f"{path} is given, and to_be_entered names it; take it out there")
            return ToBeEntered(self.name, path)
        given = table.get(entry.name)
        if "section" in entry.metadata:
            return self._nested(entry, given, path)
        if given is None:
            default = entry.metadata["default"]
            if default is REQUIRED:
                self.problems.append(f"{path} is missing: {entry.metadata['help']}")
            return None if default is REQUIRED else default
        try:
            return entry.metadata["read"](given)
        except ValueError as error:
            self.problems.append(f"{path} {error}")
            return None

    def _nested(self, entry: Field[Any], given: Any, path: str) -> Any:
        kind = entry.metadata["section"]
        if not entry.metadata["many"]:
            if given is None and not entry.metadata["required"]:
                return ToBeEntered(self.name, path) if self._is_open_below(path) else None
            if given is not None and not isinstance(given, dict):
                self.problems.append(f"{path} must be a section, [{path}]")
                return None
            return self._section(kind, given or {}, f"{path}.")
        if given is not None and not (isinstance(given, list) and all(isinstance(each, dict) for each in given)):
            self.problems.append(f"{path} must be a list of sections, [[{path}]]")
            return ()
        return tuple(
            self._section(kind, each, f"{path}[{number}].") for number, each in enumerate(given or [], start=1)
        )

    def _is_open_below(self, path: str) -> bool:
        """A key of a section that the file does not have at all: then the section is to be entered."""
        return any(each.startswith(f"{path}.") for each in self.open)


def _paths(kind: type[Any], path: str) -> list[str]:
    """Every key that a profile may have, but those within a list."""
    found = []
    for entry in keys_of(kind):
        found.append(f"{path}{entry.name}")
        if "section" in entry.metadata and not entry.metadata["many"]:
            found += _paths(entry.metadata["section"], f"{path}{entry.name}.")
    return found


def _meant(name: str, known: set[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; is {near[0]} meant?" if near else ""
