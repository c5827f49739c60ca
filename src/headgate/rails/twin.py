"""A bank twin: the files that it took in, and everything that it says of them, each with the instant at which it comes.

    twin = BankTwin(account, since=date(2026, 12, 1), seed=7, behaviour=Behaviour(returns=5, truncated=20))
    twin.answers([Received("a.ach", content, at)], until=at + timedelta(days=5)) -> (Answer, …)

Pure: from the same seed, files and instants come the same bytes, always. What it has said until an instant does not
change when time goes on or more files come, so that it may be asked again and again, and remembers nothing itself.

It acknowledges a file within a quarter of an hour, or refuses it, as it does one that it has taken already. It settles it
on the day that it asks for, brings entries back and asks for corrections by the words of their account numbers
(`twin_scripts`) and by chance (`twin_behaviour`), and sends the statement of each banking day early on the next day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from headgate.core.money import Money
from headgate.rails import fake
from headgate.rails.ach.calendar import add_banking_days, banking_day_on_or_after, is_banking_day
from headgate.rails.ach.reader import AchFile
from headgate.rails.ach.records import Entry
from headgate.rails.ach.return_codes import return_codes
from headgate.rails.errors import FileRefused
from headgate.rails.fake_statements import BankAccount, BankDay, BankLine, bai2, camt053
from headgate.rails.twin_behaviour import Behaviour, behaviour_of, read_behaviour
from headgate.rails.twin_disputes import CONTESTED, contested_file, disputed_entries, disputed_file
from headgate.rails.twin_fates import BatchFate, Fate, chance, fates_of, happens

__all__ = ["Answer", "BankTwin", "Behaviour", "Received", "behaviour_of", "read_behaviour"]

ACKNOWLEDGED_AFTER: Final = timedelta(minutes=15)
RETURNS_AT: Final = time(8, 30)
CHANGES_AT: Final = time(8, 45)
STATEMENT_AT: Final = time(6, 0)
AGAIN_AFTER: Final = timedelta(hours=2)
SEQUENCES: Final = 4_000_000
"""How many trace numbers the twin counts through before it begins again; a file has seven figures for them."""

Kind = Literal["acknowledgement", "statement", "returns", "changes"]


@dataclass(frozen=True, slots=True)
class Received:
    """A file as the bank took it in, and when."""

    name: str
    content: bytes = field(repr=False)
    at: datetime

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Answer:
    """A file that the bank sends, and when. Not `is_whole`: it broke off, and comes whole under another name."""

    at: datetime
    kind: Kind
    name: str
    content: bytes = field(repr=False)
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class _Taken:
    """A file that the bank accepted: what becomes of it, and where its own trace numbers begin."""

    received: Received
    file: AchFile = field(repr=False)
    reference: str
    number: int
    first_sequence: int
    batches: tuple[BatchFate, ...] = field(repr=False)

    @property
    def fates(self) -> Iterator[Fate]:
        return (fate for batch in self.batches for fate in batch.fates)


@dataclass(frozen=True, slots=True)
class BankTwin:
    """One account at a simulated bank. `since` is the first day that it makes a statement of, `opening` its balance then.

    `wires` come in on their day; `sent_before` are return files that the bank had sent before `since` whose money is still
    to be given back, on the day that their batches name.
    """

    account: BankAccount
    since: date
    opening: Money = field(default_factory=lambda: Money(0, "USD"))
    seed: int = 0
    behaviour: Behaviour = field(default_factory=Behaviour)
    form: Literal["bai2", "camt053"] = "bai2"
    zone: str = "America/Chicago"
    wires: tuple[tuple[date, fake.WireIn], ...] = ()
    sent_before: tuple[bytes, ...] = field(default=(), repr=False)

    def answers(self, received: Sequence[Received], *, until: datetime) -> tuple[Answer, ...]:
        """Everything that the bank has sent by that instant, in the order of sending."""
        taken, said = self._take(received)
        last = until.astimezone(ZoneInfo(self.zone)).date()
        said += [answer for one in taken for answer in self._back(one)]
        said += self._statements(taken, last)
        said = [answer for answer in said if self._day(answer.at) >= self.since]
        sent = [answer for plain in said for answer in self._mishaps(plain)]
        return tuple(sorted((answer for answer in sent if answer.at <= until), key=lambda one: (one.at, one.name)))

    def _take(self, received: Sequence[Received]) -> tuple[list[_Taken], list[Answer]]:
        taken: list[_Taken] = []
        said: list[Answer] = []
        known: set[str] = set()
        names: dict[str, int] = {}
        sequence = 0
        for one in sorted(received, key=lambda file: (file.at, file.name)):
            sha256 = one.sha256
            names[one.name] = times = names.get(one.name, 0) + 1
            file, reason = self._judge(one, sha256, is_known=sha256 in known)
            name = f"{one.name}.ack" if times == 1 else f"{times}-{one.name}.ack"
            said.append(
                Answer(one.at + ACKNOWLEDGED_AFTER, "acknowledgement", name, _acknowledgement(one, file, reason))
            )
            if file is None:
                continue
            known.add(sha256)
            assert file.header is not None, "a file without a header is refused"
            created_on = file.header.created_on or one.at.date()
            fates = fates_of(
                file, sha256=sha256, received_on=self._day(one.at), seed=self.seed, behaviour=self.behaviour
            )
            taken.append(
                _Taken(
                    received=one,
                    file=file,
                    reference=file.header.reference or f"{created_on:%y%m%d}{file.header.modifier}",
                    number=len(taken) + 1,
                    first_sequence=1 + sequence % SEQUENCES,
                    batches=fates,
                )
            )
            sequence += 5 * sum(len(batch.fates) for batch in fates)
        return taken, said

    def _judge(self, one: Received, sha256: str, *, is_known: bool) -> tuple[AchFile | None, str]:
        """The file, or why the bank takes nothing of it."""
        if is_known:
            return None, "DUPLICATE FILE"
        try:
            file = _read(one.content)
        except FileRefused as refused:
            return None, refused.message[:120]
        if happens(chance(self.seed, sha256, "refused"), self.behaviour.refused):
            return None, "REFUSED BY THE OPERATOR"
        return file, ""

    def _back(self, one: _Taken) -> Iterator[Answer]:
        """The return files and notifications of change of one file, day by day."""
        entries, content = sum(1 for _ in one.fates), one.received.content
        first = one.first_sequence
        for day in sorted({day for fate in one.fates for day in fate.returned_on}):
            codes = {fate.entry.trace_number: fate.return_code for fate in one.fates if day in fate.returned_on}
            at = self._at(day, RETURNS_AT)
            for name, family in _families(codes):
                if name == "returns":
                    made = fake.return_file([content], family, on=day, first_sequence=first)
                else:
                    made = disputed_file(
                        content, family, on=day, first_sequence=first + (1 + (name == "contested")) * entries
                    )
                yield Answer(at, "returns", f"{name}-{day}-{one.number}.ach", made)
        for day in sorted({day for fate in one.fates for day in fate.changed_on}):
            changes = {
                fate.entry.trace_number: (fate.change_code, fate.corrected)
                for fate in one.fates
                if day in fate.changed_on
            }
            made = fake.change_file([content], changes, on=day, first_sequence=first + 3 * entries)
            yield Answer(self._at(day, CHANGES_AT), "changes", f"changes-{day}-{one.number}.ach", made)
        on = self._contests_on(one)
        made = contested_file(one.file, content, on=on, first_sequence=first + 4 * entries)
        if made:
            yield Answer(self._at(on, RETURNS_AT), "returns", f"contest-{on}-{one.number}.ach", made)

    def _contests_on(self, one: _Taken) -> date:
        return add_banking_days(banking_day_on_or_after(self._day(one.received.at)), 2)

    def _statements(self, taken: Sequence[_Taken], last: date) -> list[Answer]:
        lines: dict[date, list[BankLine]] = {}
        twice: set[date] = set()
        for on, wire in self.wires:
            line = BankLine(True, wire.amount, "195", wire.reference, f"INCOMING WIRE {wire.sender}".strip())
            lines.setdefault(banking_day_on_or_after(max(on, self.since)), []).append(line)
        for one in taken:
            for day, line in _settlement(one):
                lines.setdefault(day, []).append(line)
            twice |= {batch.settles_on for batch in one.batches if batch.is_told_twice}
            for fate in one.fates:
                if fate.returned_on and fate.entry.amount_minor and fate.gives_back:
                    line = _credit(fate.entry, fate.return_code, fate.entry.trace_number)
                    lines.setdefault(fate.returned_on[0], []).append(line)
            contested_on = self._contests_on(one)
            for entry in disputed_entries(one.file):
                assert entry.returned is not None, "only returns are dishonored"
                line = _credit(entry, CONTESTED, entry.returned.original_trace)
                lines.setdefault(contested_on, []).append(line)
        for content in self.sent_before:
            for day, line in _credits_of(content):
                lines.setdefault(day, []).append(line)
        said: list[Answer] = []
        balance, day = self.opening, self.since
        suffix, write = ("bai2", bai2) if self.form == "bai2" else ("xml", camt053)
        while day < last:
            if is_banking_day(day):
                booked = BankDay(self.account, day, balance, tuple(lines.get(day, ())))
                at = self._at(day + timedelta(days=1), STATEMENT_AT)
                said.append(Answer(at, "statement", f"statement-{day}.{suffix}", write(booked)))
                if day in twice:
                    said.append(Answer(at + AGAIN_AFTER, "statement", f"copy-statement-{day}.{suffix}", write(booked)))
                balance = booked.closing
            day += timedelta(days=1)
        return said

    def _mishaps(self, answer: Answer) -> Iterator[Answer]:
        """What the seed makes of one answer on its way: lost, late, out of order, broken off, twice."""
        behaviour = self.behaviour
        draw = chance(self.seed, answer.kind, answer.name)
        is_lost = happens(draw, behaviour.unacknowledged)
        hours = draw.randint(1, 12)
        is_late, is_reordered = happens(draw, behaviour.late), happens(draw, behaviour.reordered)
        is_twice, is_cut = happens(draw, behaviour.twice), happens(draw, behaviour.truncated)
        keep = draw.randint(1, max(1, len(answer.content) - 1))
        if is_lost and answer.kind == "acknowledgement":
            return
        at = answer.at
        if is_reordered and answer.kind != "acknowledgement":
            local = at.astimezone(ZoneInfo(self.zone))
            at = self._at(add_banking_days(local.date(), 1) + timedelta(days=1), local.time()) + timedelta(hours=1)
        if is_late:
            at += timedelta(hours=hours)
        if is_cut:
            yield Answer(at, answer.kind, f"part-{answer.name}", answer.content[:keep], is_whole=False)
            at += AGAIN_AFTER
        yield Answer(at, answer.kind, answer.name, answer.content)
        if is_twice:
            yield Answer(at + AGAIN_AFTER, answer.kind, f"again-{answer.name}", answer.content)

    def _day(self, at: datetime) -> date:
        return at.astimezone(ZoneInfo(self.zone)).date()

    def _at(self, day: date, wall: time) -> datetime:
        return datetime.combine(day, wall, ZoneInfo(self.zone)).astimezone(UTC)


@lru_cache(maxsize=8)
def _read(content: bytes) -> AchFile:
    """The file, read once however often the twin is asked. Raises FileRefused."""
    return fake.receive(content)


def _families(codes: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The codes parted by what they speak of: entries, returns that are dishonored, dishonored ones that are contested."""
    known = return_codes()
    named = {
        trace: "dishonored" if known[code].is_dishonored else "contested" if known[code].is_contested else "returns"
        for trace, code in codes.items()
    }
    for name in ("returns", "dishonored", "contested"):
        family = {trace: code for trace, code in codes.items() if named[trace] == name}
        if family:
            yield name, family


def _acknowledgement(one: Received, file: AchFile | None, reason: str) -> bytes:
    rows = [("FILE", one.name), ("STATUS", "REJECTED" if file is None else "ACCEPTED")]
    if file is None:
        rows.append(("REASON", reason))
    else:
        entries = list(file.entries)
        debits = sum(entry.amount_minor or 0 for entry in entries if entry.is_debit)
        credits = sum(entry.amount_minor or 0 for entry in entries if not entry.is_debit)
        rows += [
            ("ENTRIES", str(len(entries))),
            ("CREDITS", f"{Money(credits, 'USD').major:.2f}"),
            ("DEBITS", f"{Money(debits, 'USD').major:.2f}"),
        ]
    rows.append(("SHA256", one.sha256))
    return "".join(f"{key}: {value}\n" for key, value in rows).encode()


def _settlement(one: _Taken) -> Iterator[tuple[date, BankLine]]:
    """A line a side on the day that a file settles, and another a banking day later for what was left out."""
    assert one.file.header is not None, "a file without a header is refused"
    sums: dict[tuple[date, bool], tuple[int, int]] = {}
    for batch in one.batches:
        for fate in batch.fates:
            entry = fate.entry
            amount = entry.amount_minor or 0 if fake.moves_money(entry) else 0
            day = add_banking_days(batch.settles_on, 1) if fate.is_apart else batch.settles_on
            total, count = sums.get((day, entry.is_debit), (0, 0))
            sums[day, entry.is_debit] = total + amount, count + 1
    for (day, is_debit), (total, count) in sums.items():
        if total:
            yield (
                day,
                BankLine(
                    is_credit=is_debit,
                    amount=Money(total, "USD"),
                    type_code="166" if is_debit else "466",
                    customer_reference=one.reference,
                    text=f"ACH SETTLEMENT {one.file.header.origin_name} {count} ENTRIES",
                ),
            )


def _credits_of(content: bytes) -> Iterator[tuple[date, BankLine]]:
    for batch in fake.receive(content).batches:
        assert batch.header is not None and batch.header.effective_on is not None, "a return file names its day"
        for entry in batch.entries:
            if entry.returned is not None and entry.amount_minor:
                back = entry.returned
                line = _credit(entry, back.return_code, back.original_trace)
                yield batch.header.effective_on, line


def _credit(entry: Entry, code: str, trace: str) -> BankLine:
    """A return's own line: a credit that came back is money for the account, a debit that did takes it again."""
    return BankLine(
        is_credit=not entry.is_debit,
        amount=Money(entry.amount_minor or 0, "USD"),
        type_code="557" if entry.is_debit else "257",
        customer_reference=entry.individual_id,
        text=f"ACH RETURN {code} TRACE {trace}",
    )
