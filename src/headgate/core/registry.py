"""Variants are found by their folder: one new file is one new parser, rule, job or consumer, and nothing else changes."""

from __future__ import annotations

import importlib
import importlib.resources
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def discover(package: str, *, kind: type[T], attribute: str) -> dict[str, T]:
    """The variants of a folder by module name: each module's `attribute`, which must be a `kind`.

    A module whose name starts with an underscore is a helper. A module without the attribute, or with one of another
    type, is a TypeError: a variant is checked at the door and not at its first use.
    """
    found: dict[str, T] = {}
    parent = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(parent.__path__), key=lambda module: module.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package}.{info.name}")
        variant = getattr(module, attribute, None)
        if not isinstance(variant, kind):
            raise TypeError(f"{package}.{info.name} must define {attribute}, a {kind.__name__}")
        found[info.name] = variant
    return found


def data_files(package: str, suffix: str) -> dict[str, str]:
    """The data files of a folder by name without the suffix, as text: one new file is one new variant here too."""
    folder = importlib.resources.files(package)
    found = [entry for entry in folder.iterdir() if entry.name.endswith(suffix) and not entry.name.startswith("_")]
    return {
        entry.name.removesuffix(suffix): entry.read_text("utf-8") for entry in sorted(found, key=lambda file: file.name)
    }


def domain_modules(name: str) -> Iterator[ModuleType]:
    """The module of that name in every domain that has one: `routes`, `consumers`, `jobs`, `commands`, `invariants`."""
    for domain in _domains_with(name):
        yield importlib.import_module(f"headgate.{domain}.{name}")


@cache
def _domains_with(name: str) -> tuple[str, ...]:
    """The domains whose folder holds a module of that name. Looked up once a process, and none is imported for it."""
    root = importlib.import_module("headgate")
    domains = [info.name for info in pkgutil.iter_modules(root.__path__) if info.ispkg]
    return tuple(
        domain
        for domain in sorted(domains)
        if any(module.name == name for module in pkgutil.iter_modules([f"{path}/{domain}" for path in root.__path__]))
    )


def domain_items(name: str, *, attribute: str, kind: type[T]) -> list[T]:
    """What every domain lists in its module of that name: `domain_items("jobs", attribute="JOBS", kind=Job)`."""
    items: list[T] = []
    for module in domain_modules(name):
        for item in getattr(module, attribute, ()):
            if not isinstance(item, kind):
                raise TypeError(f"{module.__name__}.{attribute} holds {item!r}, which is no {kind.__name__}")
            items.append(item)
    return items
