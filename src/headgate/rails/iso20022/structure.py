"""What a message's table demands: which elements, how often, in which order, and what each may hold.

S-01 an element that does not belong there · S-02 one that is missing · S-03 one too often · S-04 out of order · S-05 a
text that is not what its element holds · S-06 not exactly one of a choice · S-07 a group that holds a text, or a text
that holds elements · S-08 an amount whose currency or decimals are wrong · S-09 a character that the networks do not carry
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from headgate.core.currencies import EXPONENTS
from headgate.rails.iso20022.model import Direction, Fault, Level, Node, places, step
from headgate.rails.iso20022.spec import Part, kind_of

_CARRIED = re.compile(r"[ -~]*")
"""The extended character set of Fedwire, which is printable ASCII."""


def judge_structure(node: Node, table: Part, direction: Direction, path: str = "") -> Iterator[Fault]:
    """Every place where an element's content is not what its table demands; `node` is the table's own element."""
    if table.kind == "any":
        return
    if table.is_leaf:
        yield from _judge_leaf(node, table, path)
        return
    if node.text.strip():
        yield Fault("S-07", "E", path, f"{_name(path, table)} holds elements and no text; take the text out")
    yield from _judge_children(node, table, path)
    seen: dict[str, int] = {}
    for child in node.children:
        seen[child.name] = seen.get(child.name, 0) + 1
        part = table.part(child.name)
        if part is not None:
            yield from judge_structure(child, part, direction, step(path, child.name, seen[child.name]))


def judge_characters(node: Node, direction: Direction) -> Iterator[Fault]:
    """Every text with a character that the networks do not carry; of what was received it is only a warning."""
    level: Level = "E" if direction == "outbound" else "W"
    for path, child in places(node):
        if _CARRIED.fullmatch(child.text) is None:
            yield Fault("S-09", level, path, "a character is not printable ASCII; respell it in plain letters")


def _judge_children(node: Node, table: Part, path: str) -> Iterator[Fault]:
    counts: dict[str, int] = {}
    positions = {part.name: number for number, part in enumerate(table.parts)}
    last = -1
    for child in node.children:
        counts[child.name] = counts.get(child.name, 0) + 1
        own = step(path, child.name, counts[child.name])
        position = positions.get(child.name)
        if position is None:
            yield Fault("S-01", "E", own, f"no such element in {_name(path, table)}; take it out or name it rightly")
            continue
        most = table.parts[position].most
        if most is not None and counts[child.name] == most + 1:
            yield Fault("S-03", "E", own, f"it may stand {_times(most)}; take the others out")
        if position < last and table.kind == "group":
            yield Fault("S-04", "E", own, f"it stands after {table.parts[last].name}; move it before that")
        last = max(last, position)
    if table.kind == "choice":
        known = [name for name in counts if name in positions]
        if len(known) != 1:
            names = " or ".join(positions)
            yield Fault("S-06", "E", path, f"{len(known)} of a choice stand in it; write exactly one of {names}")
        return
    for part in table.parts:
        if part.least and part.name not in counts:
            yield Fault("S-02", "E", step(path, part.name, 1), "it is missing; write it")


def _judge_leaf(node: Node, table: Part, path: str) -> Iterator[Fault]:
    if node.children:
        yield Fault("S-07", "E", path, f"{table.name} holds a text and no elements; take them out")
        return
    kind = kind_of(table.kind)
    if not kind.test(node.text):
        wrong = "it is empty" if not node.text else "its content is not what it may hold"
        yield Fault("S-05", "E", path, f"{wrong}; {kind.mend}")
    elif table.kind == "amount":
        yield from _judge_amount(node, path)
    if node.currency and table.kind != "amount":
        yield Fault("S-08", "E", path, "a currency stands on what is no amount; take Ccy out")


def _judge_amount(node: Node, path: str) -> Iterator[Fault]:
    if node.currency not in EXPONENTS:
        yield Fault("S-08", "E", path, "the currency is missing or unknown; write it in Ccy, as USD")
        return
    whole, _, decimals = node.text.partition(".")
    if len(whole) + len(decimals) > 18:
        yield Fault("S-05", "E", path, "an amount has up to 18 digits; split the payment")
    elif len(decimals.rstrip("0")) > EXPONENTS[node.currency]:
        text = f"more decimals than the {EXPONENTS[node.currency]} of {node.currency}; round it where it was made"
        yield Fault("S-08", "E", path, text)


def _name(path: str, table: Part) -> str:
    return path.rpartition("/")[2] or table.name


def _times(most: int) -> str:
    return "once" if most == 1 else f"up to {most} times"
