# ruff: noqa: RUF009 - key() and section() give dataclass fields, as field() does
"""What a bank demands, as data: who it is, the rails it offers, and for each rail when, how and how much.

The dataclasses are the specification of the TOML files beside this one: a field is a key, read and explained by its
`key(…)`. Times are wall times in the bank's zone, amounts are dollars, days are banking days where they say so.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

from headgate.core.money import Money
from headgate.rails.ach.rules import RULES, Inbound, Level, Rulebook
from headgate.rails.banks import values as v
from headgate.rails.banks.sections import Section, raw, section, sections
from headgate.rails.banks.values import key

RAILS = ("ach", "wire", "drawdown", "fednow", "rtp", "book", "check")
"""The sections of a profile that are rails. A rail that has none is not offered."""

SETTLES_AFTER_DAYS_MAX = 5
NAME_FIELDS = ("date", "time", "modifier", "reference", "origin", "company")
SWITCHES = tuple(one.name for one in dataclasses.fields(Inbound))
"""How banks send in their own way: each switch silences one check of received files, and loosens no rule."""


def _rule(value: Any) -> str:
    if value not in RULES:
        raise ValueError(f"is no rule of a NACHA file: {value!r}; rules are V-01 to {max(RULES)}")
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The bank takes what comes up to a wall time, and settles it so many banking days later at another."""

    name: str = key(v.word, "what it is called here, as same_day_1")
    speed: str = key(v.choice("same_day", "next_day"), "whether the network charges and caps it as same-day")
    deadline: time = key(v.wall_time, "the bank's own deadline, as a wall time in its zone")
    settles_after_days: int = key(
        v.whole(0, SETTLES_AFTER_DAYS_MAX), "banking days from the deadline's day to settlement"
    )
    settles_at: time = key(v.wall_time, "when it settles, as a wall time in the bank's zone")
    since: date | None = key(v.day, "the first day on which the window stands", default=None)
    until: date | None = key(v.day, "the last day on which it stands", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much the bank takes, from a day on; a later one of the same speed takes its place."""

    since: date = key(v.day, "the first day on which it stands")
    speed: str | None = key(v.choice("same_day", "next_day"), "for that speed alone; both where left out", default=None)
    entry_max: Money | None = key(v.dollars, "the largest payment", default=None)
    file_max: Money | None = key(v.dollars, "the largest sum of a file, each side by itself", default=None)
    day_max: Money | None = key(v.dollars, "the largest sum of a banking day, each side by itself", default=None)
    file_entries_max: int | None = key(v.whole(1, 10**7), "the most entries of a file", default=None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Identity(Section):
    """Which bank it is."""

    routing_numbers: tuple[str, ...] = key(
        v.many(v.routing), "the bank's routing numbers; none: any bank's", default=()
    )
    time_zone: ZoneInfo = key(v.zone, "the zone of every wall time in this file")
    is_simulated: bool = key(v.flag, "whether no money can move: for test tenants, and for no others", default=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Calendar(Section):
    """The days on which the bank works."""

    holidays: str = key(v.choice("federal_reserve"), "whose holidays it keeps", default="federal_reserve")
    also_closed: tuple[date, ...] = key(v.many(v.day), "further days on which the bank takes nothing", default=())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FileTerms(Section):
    """How the bank wants its NACHA files."""

    name: str = key(
        v.template(*NAME_FIELDS, needs=[("reference",), ("date", "modifier", "origin")]),
        "a file's name, of {date} {time} {modifier} {reference} {origin} {company}",
        default="{date}-{modifier}-{reference}.ach",
    )
    line_ending: str = key(v.choice("lf", "crlf", "none"), "what ends a record", default="lf")
    nine_fill: bool = key(v.flag, "whether the last block is filled with nines", default=True)
    upper_case: bool = key(v.flag, "whether letters must be capitals", default=False)
    origin_form: str = key(
        v.choice("routing", "one_and_ein", "assigned"),
        "what the immediate origin is: as the bank gave it",
        default="assigned",
    )
    balanced: bool = key(v.flag, "whether each file carries its own offset entry", default=False)
    one_company: bool = key(v.flag, "whether a file may hold one company only", default=False)
    same_day_mark: str = key(
        v.choice("none", "descriptive_date", "own_file"),
        "how same-day is asked for beside the effective date: SDHHMM as descriptive date, or a file of its own",
        default="none",
    )
    levels: Mapping[str, Level] = key(
        v.mapping(_rule, v.choice("E", "W", "off")),
        "rules of nacha_layout.md §10 that the bank judges otherwise",
        default={},
    )

    @property
    def rulebook(self) -> Rulebook:
        """The rules that our own files are held to."""
        return Rulebook("outbound", self.levels)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Trace(Section):
    """The number by which an entry is known."""

    form: str = key(
        v.choice("odfi8_sequence7", "assigned"),
        "eight digits of the ODFI and seven that count",
        default="odfi8_sequence7",
    )
    assigned_by: str = key(v.choice("originator", "bank"), "who numbers", default="originator")
    may_be_rewritten: bool = key(v.flag, "whether returns may name another number than we sent", default=False)
    match_on: tuple[str, ...] = key(
        v.many(v.choice("trace_number", "individual_id", "discretionary_data", "company_id", "amount", "transfer_id")),
        "by what a return is matched, the first that is unique",
        default=("trace_number", "individual_id"),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Delivery(Section):
    """How a file is handed over."""

    kind: str = key(v.choice("folder", "portal"), "in a folder that the bank takes files from, or by a person")
    outbound: str = key(v.folder, "the folder that the bank takes files from", default=".")
    archive: str | None = key(
        v.folder, "where the bank keeps what it took; left out: nowhere that we can see", default=None
    )
    temporary: str = key(
        v.template("name", "try", needs=[("name", "try")]),
        "a file's name until it is whole; it must differ by try",
        default=".{name}.{try}.part",
    )
    removes: str = key(
        v.choice("never", "may"),
        "never: what was handed over is for ever seen in outbound or archive, so that absence is proof; else may",
        default="may",
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Acknowledgement(Section):
    """How the bank says that it has a file."""

    kind: str = key(v.choice("file", "api", "mail", "none"), "how it says so")
    folder: str = key(v.folder, "where acknowledgement files lie", default="acknowledgements")
    name: re.Pattern[str] | None = key(
        v.regex("name", "reference"),
        "what their names match, with (?P<name>…) our file's name or (?P<reference>…) its reference",
        default=None,
    )
    form: str = key(
        v.choice("key_value", "csv"), "lines of key and value, or a heading and one row a file", default="key_value"
    )
    separator: str = key(v.choice(":", "=", ",", ";", "|"), "what parts key and value, or columns", default=":")
    fields: Mapping[str, str] = key(
        v.mapping(
            v.choice(
                "name", "reference", "verdict", "entries", "credits", "debits", "reason", "sha256", "trace", "batch"
            ),
            v.text(60),
        ),
        "what the bank calls each: name, reference, verdict, entries, credits, debits, reason, sha256, trace, batch",
        default={},
    )
    accepted: tuple[str, ...] = key(v.many(v.text(60)), "verdicts that mean: taken", default=("ACCEPTED",))
    rejected: tuple[str, ...] = key(
        v.many(v.text(60)), "verdicts that mean: not taken, nothing of it moves", default=("REJECTED",)
    )
    amounts: str = key(v.choice("dollars", "cents"), "how its amounts are written", default="dollars")
    within_minutes: int | None = key(
        v.whole(1, 7 * 24 * 60), "how soon it comes; left out: nobody waits for it", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class InboundFiles(Section):
    """How the bank's own files come."""

    folder: str = key(v.folder, "where returns and changes lie", default="inbound")
    returns_name: re.Pattern[str] | None = key(v.regex(), "what the names of return files match", default=None)
    switches: tuple[str, ...] = key(v.many(v.choice(*SWITCHES)), "what the bank does in its own way", default=())
    levels: Mapping[str, Level] = key(
        v.mapping(_rule, v.choice("E", "W", "off")),
        "single rules of nacha_layout.md §10, judged more or less strictly",
        default={},
    )

    @property
    def rulebook(self) -> Rulebook:
        """The rules that the bank's files are held to."""
        return Rulebook("inbound", self.levels, Inbound.of(self.switches))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class RailTerms(Section):
    """What every rail of a bank has."""

    by: str = key(v.choice("file", "api", "portal"), "whether orders go as files, over an interface, or by hand")
    directions: tuple[str, ...] = key(
        v.many(v.choice("credit", "debit")), "whom it moves money to or from", default=("credit",)
    )
    closes_before_minutes: int = key(v.whole(0, 24 * 60), "how long before the bank's deadline we close", default=0)
    heard_within_days: int = key(
        v.whole(0, 60),
        "banking days after its settlement day by whose end the bank must have said what became of an order",
        default=2,
    )
    windows: tuple[Window, ...] = sections(Window, "when it takes orders")
    limits: tuple[Limit, ...] = sections(Limit, "how much it takes")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Ach(RailTerms):
    """The clearing house."""

    sec_codes: tuple[str, ...] = key(
        v.many(v.text(3)), "the entry classes that the bank lets us originate", default=("PPD", "CCD")
    )
    credit_days_ahead: int = key(v.whole(0, 10), "how many banking days ahead a credit may be handed over", default=2)
    debit_days_ahead: int = key(v.whole(0, 10), "the same for a debit", default=1)
    file: FileTerms = section(FileTerms, "how files are written", required=True)
    trace: Trace = section(Trace, "how entries are numbered", required=True)
    delivery: Delivery | None = section(Delivery, "how files are handed over")
    acknowledgement: Acknowledgement | None = section(Acknowledgement, "how the bank says that it has a file")
    inbound: InboundFiles = section(InboundFiles, "how the bank's files come", required=True)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Wire(RailTerms):
    """Fedwire, out and in."""

    message: str = key(v.choice("pacs.008", "api", "portal_form"), "what an order is written as", default="pacs.008")
    opens_day_before_at: time | None = key(v.wall_time, "when the day before a banking day its day opens", default=None)
    gives_imad: bool = key(v.flag, "whether the bank tells the IMAD of what it sent", default=True)
    asks_after_seconds: int = key(v.whole(1, 24 * 3600), "after which a missing answer is asked about", default=300)
    patience_minutes: int = key(
        v.whole(1, 7 * 24 * 60), "after which people look at a wire of which nothing is known", default=120
    )
    recall: str = key(
        v.choice("camt.056", "api", "telephone", "none"), "how the return of a wire is asked for", default="none"
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Drawdown(RailTerms):
    """Wires that we ask another bank's customer for."""

    needs_agreement: bool = key(v.flag, "whether the payer's bank must hold a standing agreement", default=True)
    answers_within_days: int = key(v.whole(0, 10), "banking days after which silence is a no", default=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Instant(RailTerms):
    """FedNow or RTP: at any hour of any day, and final."""

    request_for_payment: bool = key(v.flag, "whether we may ask a payer for money", default=False)
    receives_only: bool = key(v.flag, "whether the bank takes and does not send", default=False)
    asks_after_seconds: int = key(v.whole(1, 3600), "after which a missing answer is asked about", default=20)
    patience_minutes: int = key(
        v.whole(1, 7 * 24 * 60), "after which people look at a payment of which nothing is known", default=60
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Book(RailTerms):
    """Between accounts of the same bank."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Check(RailTerms):
    """Cheques that the bank prints and mails."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Feed(Section):
    """What the bank tells us its account did."""

    kind: str = key(v.choice("bai2", "camt053", "camt054", "csv", "api"), "what it is written as")
    covers: str = key(v.choice("prior_day", "intraday"), "which day it tells of", default="prior_day")
    folder: str | None = key(v.folder, "where its files lie", default=None)
    name: re.Pattern[str] | None = key(v.regex(), "what their names match", default=None)
    expected_by: time | None = key(v.wall_time, "when it is there on a banking day", default=None)
    type_codes: Mapping[str, str] = key(
        v.mapping(v.text(12), v.word), "what the bank's own codes mean here", default={}
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Prefunding(Section):
    """Whether the bank wants the money before it sends."""

    kind: str = key(v.choice("none", "before_file", "reserve_account"), "when, or where it lies", default="none")
    lead_minutes: int = key(v.whole(0, 10 * 24 * 60), "how long before the file", default=0)
    percent: int = key(v.whole(1, 200), "of the file's credits", default=100)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Profile(Section):
    """One bank. A rail that is None is not offered."""

    name: str = key(v.word, "the file's own name")
    title: str = key(v.text(), "for people")
    payout_rail: str = key(
        v.choice("ach", "wire", "fednow", "rtp", "check"), "the rail of payments that ask for none", default="ach"
    )
    source: str = key(v.text(500), "where the facts come from", default="")
    interface: str = key(
        v.choice("messages", "column"),
        "what is spoken over an interface: the networks' own messages, or the bank's own API by its name",
        default="messages",
    )
    identity: Identity = section(Identity, "which bank it is", required=True)
    calendar: Calendar = section(Calendar, "when it works", required=True)
    ach: Ach | None = section(Ach, "the clearing house")
    wire: Wire | None = section(Wire, "Fedwire")
    drawdown: Drawdown | None = section(Drawdown, "reverse wires")
    fednow: Instant | None = section(Instant, "FedNow")
    rtp: Instant | None = section(Instant, "RTP")
    book: Book | None = section(Book, "transfers within the bank")
    check: Check | None = section(Check, "cheques")
    feeds: tuple[Feed, ...] = sections(Feed, "statements")
    prefunding: Prefunding = section(Prefunding, "money before the file", required=True)
    to_be_entered: tuple[str, ...] = key(
        v.many(v.text()), "keys that the bank's own guide has to say first", default=()
    )

    @property
    def rails(self) -> tuple[str, ...]:
        """The rails that the bank offers, also those whose terms are to be entered."""
        return tuple(name for name in RAILS if raw(self, name) is not None)
