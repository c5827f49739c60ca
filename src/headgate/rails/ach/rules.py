"""The rules of a NACHA file by their ids, with the level at which each is broken (nacha_layout.md §10).

Level E refuses, W is accepted and flagged. A bank that sends in its own way has its switches in its profile:
`Rulebook(inbound=Inbound(without_file_control=True))`, and a level for a rule where that is not enough:
`Rulebook(levels={"V-05": "off"})`. A rule is never loosened for all because one bank breaks it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Direction = Literal["inbound", "outbound"]
Level = Literal["E", "W", "off"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold, and how bad it is when it does not: in what we receive, and in what we send."""

    text: str
    inbound: Level = "E"
    outbound: Level = "E"


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "V-01": Rule("a record is 94 characters"),
        "V-02": Rule("a record's type is known"),
        "V-03": Rule("a file has one header, first, and one control, last"),
        "V-04": Rule("records stand in order"),
        "V-05": Rule("the last block is filled with nines and the block count is right", inbound="W"),
        "V-06": Rule("priority, record size and blocking factor are 01, 094 and 10"),
        "V-07": Rule("the format code is 1"),
        "V-08": Rule("the destination is a routing number"),
        "V-09": Rule("the origin is given"),
        "V-10": Rule("the creation date is real"),
        "V-11": Rule("the creation time is real", inbound="W"),
        "V-12": Rule("the file id modifier is a capital letter or a digit"),
        "V-20": Rule("the service class is known and the same in header and control"),
        "V-21": Rule("company name, id and description are given"),
        "V-22": Rule("the SEC code is known and the batch fits it"),
        "V-23": Rule("the originator status fits"),
        "V-24": Rule("company id, ODFI and batch number are the same in header and control"),
        "V-25": Rule("batch numbers ascend"),
        "V-26": Rule("the effective date is real and in its window", inbound="W"),
        "V-27": Rule("the settlement date is a day of the year", inbound="W"),
        "V-30": Rule("the transaction code is known and fits the service class"),
        "V-31": Rule("the RDFI is a routing number"),
        "V-32": Rule("the account number is given"),
        "V-33": Rule("the receiver's name is given"),
        "V-34": Rule("characters are printable"),
        "V-40": Rule("an amount is digits"),
        "V-41": Rule("a prenote's amount is zero"),
        "V-42": Rule("an amount is zero only where it may be"),
        "V-43": Rule("an amount is within the cap of its SEC code"),
        "V-44": Rule("a loan is debited only by a reversal"),
        "V-50": Rule("the addenda indicator says whether addenda follow"),
        "V-51": Rule("the addenda fit the SEC code in kind and number"),
        "V-52": Rule("addenda are numbered and name their entry"),
        "V-53": Rule("trace numbers begin with the ODFI, ascend and are unique in the batch"),
        "V-54": Rule("trace numbers are unique in the file", inbound="W"),
        "V-60": Rule("a return's code is known and its original is named"),
        "V-61": Rule("a return uses a return's transaction code", inbound="W"),
        "V-62": Rule("a notification of change has a known code, data that fit it, and no amount"),
        "V-63": Rule("a batch holds forward entries, returns or dishonored returns, not a mixture"),
        "V-70": Rule("a batch's count, hash and totals are those of its entries"),
        "V-71": Rule("the file's counts, hash and totals are those of its batches"),
        "V-72": Rule("control fields are digits"),
        "V-73": Rule("totals fit their fields"),
        "V-80": Rule("wages say PAYROLL, retries RETRY PYMT, reversals REVERSAL", inbound="off"),
        "V-90": Rule("the text is ASCII", inbound="W"),
    }
)


@dataclass(frozen=True, slots=True)
class Inbound:
    """What one bank sends in its own way: switches that its profile turns on, all off for everybody else.

    A switch silences the one check it names, in what is received; the rule's other checks stay, and what we send is
    never judged by it. Return files often lack their controls; some systems cut the blanks at the end of a line.
    """

    without_file_header: bool = False
    without_file_control: bool = False
    without_batch_header: bool = False
    without_batch_control: bool = False
    without_fill: bool = False
    """No lines of nines, too many of them, or lines of nines of another length."""
    any_block_count: bool = False
    trimmed_lines: bool = False
    """Blanks at the end of a record are cut off."""
    end_of_file_mark: bool = False
    """The last line is the byte 1A, as older systems end a text."""
    any_destination: bool = False
    """The destination is the bank's own word of ten characters and no routing number."""
    any_batch_numbers: bool = False
    any_traces: bool = False
    """Trace numbers neither begin with the batch's ODFI nor ascend."""
    company_differs: bool = False
    """A batch control does not repeat its header's company id."""

    @classmethod
    def of(cls, names: Collection[str]) -> Inbound:
        """The switches of these names on, as a profile lists them. Raises ValueError for a name that is none."""
        known = {one.name for one in dataclasses.fields(cls)}
        unknown = sorted(set(names) - known)
        if unknown:
            raise ValueError(f"no switch is called {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        return cls(**dict.fromkeys(names, True))


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules in force for one file: whose it is, a level for a rule of its own, and a bank's switches."""

    direction: Direction = "inbound"
    levels: Mapping[str, Level] = dataclasses.field(default_factory=dict)
    inbound: Inbound = dataclasses.field(default_factory=Inbound)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.levels) - set(RULES))
        if unknown:
            raise ValueError(f"no rule is called {', '.join(unknown)}")

    def allows(self, switch: str) -> bool:
        """Whether a switch of `Inbound` is on and this file is one that we received."""
        return self.direction == "inbound" and bool(getattr(self.inbound, switch))

    def level(self, rule: str) -> Level:
        switch = self.levels.get(rule)
        return switch or (RULES[rule].inbound if self.direction == "inbound" else RULES[rule].outbound)


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken rule of a file: where it stands and how to mend it.

    `record` counts lines from 1, `position` characters from 1 (0 where no field is at fault). `message` never repeats
    an account number or a name; `raw` is the line as it came and may hold both.
    """

    rule: str
    level: Level
    record: int
    field: str
    position: int
    message: str
    raw: str = dataclasses.field(default="", repr=False)
