"""What becomes of each entry that the bank twin took: when it settles, whether and why it comes back, what is corrected.

The words in an account number decide (`twin_scripts`); where there are none, chance does, drawn from the seed, the file's
hash and the entry's trace number, so that one entry's fate never hangs on another's.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from headgate.rails.ach.calendar import add_banking_days, banking_day_on_or_after
from headgate.rails.ach.codes import TRANSACTION_CODES, transaction_code
from headgate.rails.ach.reader import AchFile, Batch
from headgate.rails.ach.records import Entry
from headgate.rails.ach.return_codes import return_codes
from headgate.rails.twin_behaviour import Behaviour
from headgate.rails.twin_scripts import Script, script_of

RETURNS_OF_CREDITS: Final = ("R02", "R03", "R04", "R16", "R20", "R23")
RETURNS_OF_DEBITS: Final = ("R01", "R02", "R08", "R09", "R10", "R16", "R29")
CHANGES: Final = ("C01", "C02", "C03", "C05", "C06")
LATE_DAYS_MAX: Final = 5
_CONSUMER_DAYS: Final = 40
"""When an unauthorized debit comes back that may within 60 calendar days."""
_DAYS: Final = {"next_file": 0, "undefined": 5}
_ROUTINGS: Final = ("021000021", "121000248")


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one entry. It settles with its file, or `is_apart`, on the banking day after; `returned_on` and
    `changed_on` are the days on which the bank says so, two where it says so twice."""

    entry: Entry = field(repr=False)
    is_apart: bool = False
    return_code: str = ""
    returned_on: tuple[date, ...] = ()
    change_code: str = ""
    corrected: str = field(default="", repr=False)
    changed_on: tuple[date, ...] = ()

    @property
    def gives_back(self) -> bool:
        """Whether money comes back with it: a record that disputes a return brings none."""
        known = return_codes().get(self.return_code)
        return known is not None and not known.is_dishonored and not known.is_contested


@dataclass(frozen=True, slots=True)
class BatchFate:
    """What becomes of a batch: it settles on that day; `is_told_twice` is the statement of it."""

    batch: Batch = field(repr=False)
    settles_on: date
    is_told_twice: bool
    fates: tuple[Fate, ...]


def chance(seed: int, *of: object) -> random.Random:
    """A source of chance of its own for each thing that is decided, the same for the same seed, always."""
    text = ":".join(str(part) for part in (seed, *of))
    return random.Random(hashlib.sha256(text.encode()).hexdigest())  # noqa: S311 - a simulation that must repeat itself


def happens(draw: random.Random, of_a_thousand: int) -> bool:
    """Whether it happens, this time."""
    return draw.randrange(1000) < of_a_thousand


def fates_of(
    file: AchFile, *, sha256: str, received_on: date, seed: int, behaviour: Behaviour
) -> tuple[BatchFate, ...]:
    """The fate of every batch of a file, in its order. Nothing is settled before the day on which it was received."""
    assert file.header is not None, "a file without a header is refused"
    created_on = file.header.created_on or received_on
    draw = chance(seed, sha256, "settlement")
    late_by_chance = draw.randint(1, 3) if happens(draw, behaviour.late_settlement) else 0
    scripts = {id(entry): script_of(entry.account) for entry in file.entries}
    late_by_word = max((_settles_late(script) for script in scripts.values()), default=0)
    made = []
    for batch in file.batches:
        assert batch.header is not None, "a batch without a header is refused"
        asked_on = batch.header.effective_on or created_on
        due_on = banking_day_on_or_after(max(asked_on, received_on))
        fates = tuple(
            _fate(entry, scripts[id(entry)], due_on, chance(seed, sha256, entry.trace_number, entry.number), behaviour)
            for entry in batch.entries
        )
        made.append(
            BatchFate(
                batch=batch,
                settles_on=add_banking_days(due_on, late_by_word or late_by_chance),
                is_told_twice=any(_is_plainly_twice(scripts[id(entry)]) for entry in batch.entries),
                fates=fates,
            )
        )
    return tuple(made)


def corrected_data(code: str, entry: Entry, account: str) -> str:
    """The 29 characters that a notification of change asks for, laid out by its code. `account` is the right number."""
    known = TRANSACTION_CODES.get(entry.transaction_code)
    routing = next(number for number in _ROUTINGS if number != entry.routing_number)
    other = "checking" if known is None or known.account_type == "savings" else "savings"
    right = transaction_code(other, is_debit=known.is_debit if known else False)
    texts = {
        "C01": account,
        "C02": routing,
        "C03": f"{routing}   {account}",
        "C04": entry.individual_name[::-1].strip() or "NAME",
        "C05": right,
        "C06": f"{account:<17}   {right}",
        "C07": f"{routing}{account:<17}{right}",
        "C08": routing[:8],
        "C09": (entry.individual_id or entry.trace_number)[::-1].strip(),
        "C13": "ADDENDA",
        "C14": "IAT",
    }
    return f"{texts[code]:<29}"[:29]


def _fate(entry: Entry, script: Script, due_on: date, draw: random.Random, behaviour: Behaviour) -> Fate:
    if entry.returned or entry.change:
        return Fate(entry)
    if not script.is_scripted:
        script = _by_chance(entry, script, draw, behaviour)
    returned_on: Sequence[date] = ()
    changed_on: Sequence[date] = ()
    if script.return_code:
        returned_on = _said(_time_frame(script.return_code, due_on), script)
    if script.change_code:
        changed_on = _said(add_banking_days(due_on, 2), script)
    return Fate(
        entry=entry,
        is_apart=script.is_partial,
        return_code=script.return_code,
        returned_on=tuple(returned_on),
        change_code=script.change_code,
        corrected=corrected_data(script.change_code, entry, _right(script, entry)) if script.change_code else "",
        changed_on=tuple(changed_on),
    )


def _by_chance(entry: Entry, script: Script, draw: random.Random, behaviour: Behaviour) -> Script:
    code = draw.choice(RETURNS_OF_DEBITS if entry.is_debit else RETURNS_OF_CREDITS)
    comes_back = happens(draw, behaviour.returns) and bool(entry.amount_minor)
    days = draw.randint(1, LATE_DAYS_MAX)
    is_late = happens(draw, behaviour.late_returns)
    is_twice = happens(draw, behaviour.twice_returned)
    change = draw.choice(CHANGES)
    is_changed = happens(draw, behaviour.changes) and not comes_back
    return Script(
        return_code=code if comes_back else "",
        change_code=change if is_changed else "",
        late_days=days if comes_back and is_late else 0,
        is_twice=comes_back and is_twice,
        is_partial=happens(draw, behaviour.partial),
        account=script.account,
    )


def _time_frame(code: str, due_on: date) -> date:
    """The first day on which it may come: never before the banking day after the one it settles on."""
    text = return_codes()[code].timeframe
    if text == "60cal":
        return banking_day_on_or_after(due_on + timedelta(days=_CONSUMER_DAYS))
    words = text.split("_")[0]
    return add_banking_days(due_on, max(1, _DAYS.get(text, int(words) if words.isdecimal() else 2)))


def _said(day: date, script: Script) -> tuple[date, ...]:
    first = add_banking_days(day, script.late_days)
    return (first, add_banking_days(first, 1)) if script.is_twice else (first,)


def _right(script: Script, entry: Entry) -> str:
    """The number that a change corrects to: without the words; or, where it had none, with its last figure turned."""
    if script.account and script.account != entry.account.strip().upper():
        return script.account
    number = entry.account.strip()
    return number[:-1] + (str((int(number[-1]) + 1) % 10) if number[-1:].isdecimal() else "1")


def _settles_late(script: Script) -> int:
    return 0 if script.return_code or script.change_code else script.late_days


def _is_plainly_twice(script: Script) -> bool:
    return script.is_twice and not script.return_code and not script.change_code
