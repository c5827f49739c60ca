"""A message in memory: a tree of named elements, and what may be wrong with one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from headgate.core.errors import Malformed
from headgate.core.money import Money

Direction = Literal["inbound", "outbound"]
Level = Literal["E", "W"]

_AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{0,5})?")


@dataclass(frozen=True, slots=True)
class Node:
    """One element: a leaf has a text, a group has children; an amount has the currency of its attribute `Ccy`."""

    name: str
    text: str = field(default="", repr=False)
    currency: str = ""
    children: tuple[Node, ...] = ()

    def find(self, path: str) -> Node | None:
        """The first element at a path of names (`CdtTrfTxInf/PmtId/UETR`)."""
        return next(self.all(path), None)

    def all(self, path: str) -> Iterator[Node]:
        """Every element at a path of names, in the order of the message."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def at(self, path: str) -> str:
        """The text at a path; empty where there is none."""
        found = self.find(path)
        return found.text if found else ""

    def money(self, path: str) -> Money | None:
        """The amount at a path; None where there is none that can be read."""
        found = self.find(path)
        return read_amount(found) if found else None


@dataclass(frozen=True)
class Message:
    """One business message: its application header (head.001), and its own element with all that is in it.

    `version` is the whole name of the definition, as `pacs.008.001.08`; `kind` its first two parts.
    """

    version: str
    body: Node
    header: Node | None = None

    @property
    def kind(self) -> str:
        return self.version[:8]

    @property
    def id(self) -> str:
        """The message's own id, by which an answer names it; of a message without one, its header's."""
        own = self.body.at("GrpHdr/MsgId") or self.body.at("Assgnmt/Id")
        return own or (self.header.at("BizMsgIdr") if self.header else "")

    @cached_property
    def places(self) -> tuple[tuple[str, Node], ...]:
        """Every element of the body with its path: walked once, since many rules look at all of them."""
        return tuple(places(self.body))


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule of a message. `path` is where it stands; `line` counts from 1, and is 0 for a message of ours.

    `message` says what is wrong and how to mend it, and never repeats an account number or a name.
    """

    rule: str
    level: Level
    path: str
    message: str
    line: int = 0


def read_amount(node: Node) -> Money | None:
    """An amount element as money, in the decimals of its own currency; None where it is none."""
    if _AMOUNT.fullmatch(node.text) is None:
        return None
    try:
        return Money.parse(node.text.rstrip("."), node.currency)
    except Malformed:
        return None


def places(node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """Every element below with its path, in which the second of a name is `AdrLine[2]`."""
    seen: dict[str, int] = {}
    for child in node.children:
        seen[child.name] = seen.get(child.name, 0) + 1
        own = step(path, child.name, seen[child.name])
        yield own, child
        yield from places(child, own)


def step(path: str, name: str, number: int) -> str:
    """A path one element deeper."""
    own = name if number == 1 else f"{name}[{number}]"
    return f"{path}/{own}" if path else own
