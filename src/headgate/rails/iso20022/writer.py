"""A message to bytes: facts by their paths become a tree in the table's order, and a tree always the same document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate.core.currencies import EXPONENTS
from headgate.core.money import Money
from headgate.rails.errors import CannotWrite
from headgate.rails.iso20022.kinds import NAMESPACE
from headgate.rails.iso20022.model import Message, Node
from headgate.rails.iso20022.networks import Network
from headgate.rails.iso20022.rules import judge
from headgate.rails.iso20022.spec import Part

ENVELOPE = f"{NAMESPACE}nvlp.001.001.01"
"""What stands around header and document: ISO 20022's own. A network's wrapper and signature are its gateway's to add."""

Fact = str | Money | Node | Sequence[str] | None
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def compose(table: Part, facts: Mapping[str, Fact]) -> Node:
    """The tree of these facts by their paths, in the table's order. What is None is left out; several texts repeat.

    Raises ValueError for a path that the table does not have.
    """
    tree: dict[str, Any] = {}
    for path, fact in facts.items():
        if fact is None:
            continue
        names = path.split("/")
        here = tree
        for name in names[:-1]:
            here = here.setdefault(name, {})
        here[names[-1]] = fact
    return Node(table.name, children=_children(table, tree))


def encode(message: Message) -> bytes:
    """The document of a message, whatever is wrong with it: the same tree gives the same bytes, always."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    document = ("Document", f"{NAMESPACE}{message.version}", message.body)
    if message.header is None:
        _block(lines, document, 0)
    else:
        version = header_version(message.header)
        lines.append(f'<BizMsgEnvlp xmlns="{ENVELOPE}">')
        lines.append(" <Hdr>")
        _element(lines, message.header, 2, f"{NAMESPACE}{version}")
        lines += [" </Hdr>", " <Doc>"]
        _block(lines, document, 2)
        lines += [" </Doc>", "</BizMsgEnvlp>"]
    return ("\n".join(lines) + "\n").encode("utf-8")


def write_document(message: Message, network: Network) -> bytes:
    """The document of a sound message. Raises CannotWrite with every fault of level E, and writes nothing."""
    broken = [fault for fault in judge(message, network, "outbound") if fault.level == "E"]
    if broken:
        problems = [f"{fault.rule} {fault.path}: {fault.message}" for fault in broken]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise CannotWrite(f"{problems[0]}{more}", problems=problems)
    return encode(message)


def header_version(header: Node) -> str:
    """The header's own definition: version 2 where it names a market practice, else version 1, which has none."""
    return "head.001.001.02" if header.find("MktPrctc") or header.find("BizPrcgDt") else "head.001.001.01"


def decimal(amount: Money) -> str:
    """An amount as a message writes it: all the decimals of its currency, and never a float."""
    return f"{amount.major:.{EXPONENTS[amount.currency]}f}"


def _children(table: Part, tree: Mapping[str, Any]) -> tuple[Node, ...]:
    unknown = [name for name in tree if table.part(name) is None]
    if unknown:
        raise ValueError(f"{table.name} has no {', '.join(unknown)}")
    children: list[Node] = []
    for part in table.parts:
        if part.name in tree:
            children += _nodes(part, tree[part.name])
    return tuple(children)


def _nodes(part: Part, fact: object) -> list[Node]:
    if isinstance(fact, dict):
        return [Node(part.name, children=_children(part, fact))]
    if isinstance(fact, Money):
        return [Node(part.name, decimal(fact), fact.currency)]
    if isinstance(fact, Node):
        return [Node(part.name, fact.text, fact.currency, fact.children)]
    if isinstance(fact, str):
        return [Node(part.name, fact)]
    assert isinstance(fact, Sequence), f"{part.name} is no fact"
    return [Node(part.name, str(text)) for text in fact]


def _block(lines: list[str], document: tuple[str, str, Node], depth: int) -> None:
    name, namespace, body = document
    pad = " " * depth
    lines.append(f'{pad}<{name} xmlns="{namespace}">')
    _element(lines, body, depth + 1)
    lines.append(f"{pad}</{name}>")


def _element(lines: list[str], node: Node, depth: int, namespace: str = "") -> None:
    pad = " " * depth
    attributes = f' xmlns="{namespace}"' if namespace else ""
    if node.currency:
        attributes += f' Ccy="{node.currency.translate(_ESCAPES)}"'
    if node.children:
        lines.append(f"{pad}<{node.name}{attributes}>{node.text.translate(_ESCAPES)}")
        for child in node.children:
            _element(lines, child, depth + 1)
        lines.append(f"{pad}</{node.name}>")
    else:
        lines.append(f"{pad}<{node.name}{attributes}>{node.text.translate(_ESCAPES)}</{node.name}>")
