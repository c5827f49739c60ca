"""Bytes to a message, with every fault and never an exception: an XML document that holds one business message.

The message may stand in whatever a network or a gateway wraps around it; its header is the `AppHdr` beside it. Nothing
outside the document is fetched, no entity is expanded and no type is read: a document with a DOCTYPE is refused before it
is parsed, as is one that is too large, and one nested too deeply after it.

X-01 not well-formed · X-02 a document type or an entity · X-03 an encoding other than UTF-8 · X-04 too large · X-05 too deep
or too many elements · X-06 not exactly one known message · X-07 elements of another namespace · X-08 an attribute too many
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lxml import etree

from headgate.rails.iso20022.kinds import BY_ELEMENT, NAMESPACE
from headgate.rails.iso20022.model import Direction, Fault, Message, Node, step
from headgate.rails.iso20022.networks import NETWORKS, Network
from headgate.rails.iso20022.rules import judge

SIZE_MAX = 1 << 20
"""Bytes in a document: the networks take far less."""

DEPTH_MAX = 40
ELEMENTS_MAX = 20_000

_DECLARATION = re.compile(rb"<!\s*(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([^"']{0,40})["']""")
_TAG = re.compile(r"\{([^}]*)\}(.*)", re.DOTALL)
_DEFINITION = re.compile(r"[a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2}")


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """What a document says. `message` is None where no known message could be made out; `faults` are all there are."""

    message: Message | None
    faults: tuple[Fault, ...]

    @property
    def is_sound(self) -> bool:
        """Whether no rule of level E is broken."""
        return self.message is not None and not any(fault.level == "E" for fault in self.faults)


def read_document(data: bytes, *, network: Network | None = None, direction: Direction = "inbound") -> ReadMessage:
    """The message of a document and all its faults, by the rules of a network (else of the one that it names)."""
    found = _parse(data)
    if isinstance(found, Fault):
        return ReadMessage(None, (found,))
    walk = _Walk()
    try:
        message = walk.message(found)
    except _TooMuch:
        text = f"more than {DEPTH_MAX} levels or {ELEMENTS_MAX} elements; no message is as large, ask the sender"
        return ReadMessage(None, (Fault("X-05", "E", "", text),))
    if message is None:
        return ReadMessage(None, tuple(walk.faults))
    faults = [*walk.faults, *judge(message, network or network_of(message), direction)]
    return ReadMessage(message, tuple(_placed(fault, walk.lines) for fault in faults))


def network_of(message: Message) -> Network | None:
    """The network whose clearing system, or whose market practice in the header, the message names; None else."""
    codes = {node.text for path, node in message.places if path.endswith("SttlmInf/ClrSys/Cd")}
    practice = message.header.at("MktPrctc/Id") if message.header else ""
    for network in NETWORKS.values():
        if network.clearing in codes or (network.practice_id and practice == network.practice_id):
            return network
    return None


def _parse(data: bytes) -> etree._Element | Fault:
    if len(data) > SIZE_MAX:
        return Fault("X-04", "E", "", f"more than {SIZE_MAX} bytes; send one message a document")
    named = _ENCODING.match(data.removeprefix(b"\xef\xbb\xbf"))
    if b"\x00" in data or (named and named[1].upper() not in (b"UTF-8", b"UTF8", b"US-ASCII", b"ASCII")):
        return Fault("X-03", "E", "", "the encoding is not UTF-8; ask for the message in UTF-8")
    if _DECLARATION.search(data):
        text = "the document declares a type or an entity, which no network allows; ask for it without DOCTYPE"
        return Fault("X-02", "E", "", text)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = error.position[0] or 0
        return Fault("X-01", "E", "", "not well-formed XML; ask for the message again", line)
    except (ValueError, LookupError):
        return Fault("X-03", "E", "", "the encoding cannot be read; ask for the message in UTF-8")
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        return Fault("X-02", "E", "", "the document declares a type, which no network allows; ask for it without")
    return root


class _TooMuch(Exception):
    """More levels or elements than a message has."""


class _Walk:
    """Turns elements into nodes; keeps the faults on the way and the lines by path."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.lines: dict[str, int] = {}
        self._elements = 0

    def message(self, root: etree._Element) -> Message | None:
        """The one known message below a root, and the header beside it."""
        found: list[tuple[etree._Element, str, str]] = []
        header: etree._Element | None = None
        pending = [(root, 0)]
        while pending:
            element, depth = pending.pop()
            self._count(depth)
            space, name = _names(element)
            if name in BY_ELEMENT and space.startswith(NAMESPACE):
                found.append((element, space, name))
                continue
            if name == "AppHdr" and header is None:
                header = element
                continue
            pending.extend((child, depth + 1) for child in reversed(element) if isinstance(child.tag, str))
        if len(found) != 1:
            known = ", ".join(f"{kind.kind} ({name})" for name, kind in BY_ELEMENT.items())
            text = f"{len(found) or 'none'} of the known messages stands in it; send exactly one of {known}"
            self.faults.append(Fault("X-06", "E", "", text, _line(root)))
            return None
        body, space, name = found[0]
        version = space.removeprefix(NAMESPACE)
        if _DEFINITION.fullmatch(version) is None or version[:8] != BY_ELEMENT[name].kind:
            text = f"{name} stands in a namespace that is not {BY_ELEMENT[name].version}'s; write that"
            self.faults.append(Fault("X-07", "E", "", text, _line(body)))
            version = BY_ELEMENT[name].version
        head = None if header is None else self._node(header, "AppHdr", None, 0)
        return Message(version, self._node(body, "", space, 0), head)

    def _node(self, element: etree._Element, path: str, space: str | None, depth: int) -> Node:
        self._count(depth)
        self.lines[path] = _line(element)
        own_space, name = _names(element)
        if space is not None and own_space != space:
            self._fault("X-07", path, element, "it is of another namespace than its message; write it in the same")
            space = None
        currency = ""
        for attribute, value in element.attrib.items():
            if attribute == "Ccy":
                currency = str(value)
            elif not str(attribute).startswith("{"):
                self._fault("X-08", path, element, "it has an attribute that no message has; take it out")
        children: list[Node] = []
        seen: dict[str, int] = {}
        texts = [element.text or ""]
        for child in element:
            texts.append(child.tail or "")
            if not isinstance(child.tag, str):
                continue
            child_name = _names(child)[1]
            seen[child_name] = seen.get(child_name, 0) + 1
            below = step(path, child_name, seen[child_name])
            children.append(self._node(child, below, space, depth + 1))
        text = "".join(texts)
        return Node(name, "" if children and not text.strip() else text, currency, tuple(children))

    def _fault(self, rule: str, path: str, element: etree._Element, text: str) -> None:
        self.faults.append(Fault(rule, "E", path, text, _line(element)))

    def _count(self, depth: int) -> None:
        self._elements += 1
        if depth > DEPTH_MAX or self._elements > ELEMENTS_MAX:
            raise _TooMuch


def _names(element: etree._Element) -> tuple[str, str]:
    found = _TAG.fullmatch(str(element.tag))
    return (found[1], found[2]) if found else ("", str(element.tag))


def _line(element: etree._Element) -> int:
    line = element.sourceline
    return line if isinstance(line, int) else 0


def _placed(fault: Fault, lines: dict[str, int]) -> Fault:
    """A fault with the line on which its element stands, or the nearest element around it."""
    if fault.line:
        return fault
    path = fault.path
    while path and path not in lines:
        path = path.rpartition("/")[0]
    return replace(fault, line=lines.get(path, 0))
