"""What must hold of a profile as a whole, once each of its keys is good by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headgate.rails.banks.model import RAILS, Acknowledgement, Limit, Profile, RailTerms, Window
from headgate.rails.banks.sections import ToBeEntered, raw


def judge(profile: Profile, *, name: str) -> list[str]:
    """Every problem, as `key what is wrong`. What is to be entered is judged when it is."""
    return list(_problems(profile, name))


def judge_together(profiles: Mapping[str, Profile]) -> list[str]:
    """What is wrong between profiles: two that claim one bank, or none that serves the rest."""
    problems = []
    owners: dict[str, str] = {}
    for name, profile in sorted(profiles.items()):
        numbers = raw(profile.identity, "routing_numbers")
        for number in () if isinstance(numbers, ToBeEntered) else numbers or ("any",):
            if number in owners:
                whose = "serves any bank" if number == "any" else f"has {number}"
                problems.append(f"{name}.toml: identity.routing_numbers: {owners[number]}.toml {whose} already")
            owners.setdefault(number, name)
    return problems


def _problems(profile: Profile, name: str) -> Iterator[str]:
    if profile.name != name:
        yield f"name is {profile.name!r}, but the file is called {name}.toml; they must be the same"
    if not profile.rails:
        yield f"offers no rail; write a section {', '.join(f'[{rail}]' for rail in RAILS[:-1])} or [{RAILS[-1]}]"
    payout = raw(profile, "payout_rail")
    if not isinstance(payout, ToBeEntered) and payout not in ("ach", *profile.rails):
        yield f"payout_rail is {payout}, which it does not offer; it offers {', '.join(profile.rails)}"
    for rail in profile.rails:
        terms = raw(profile, rail)
        if not isinstance(terms, ToBeEntered):
            yield from _rail_problems(terms, rail)
    yield from _ach_problems(raw(profile, "ach"))


def _rail_problems(terms: RailTerms, rail: str) -> Iterator[str]:
    windows, limits = raw(terms, "windows"), raw(terms, "limits")
    if not isinstance(windows, ToBeEntered):
        if not windows and rail in ("ach", "wire", "drawdown"):
            yield f"{rail}.windows is empty; write when the bank takes orders, or name it in to_be_entered"
        if windows and rail in ("fednow", "rtp"):
            yield f"{rail}.windows must be left out: {rail} is open at any hour of any day"
        for number, window in enumerate(windows, start=1):
            for problem in _window_problems(window, windows[: number - 1]):
                yield f"{rail}.windows[{number}].{problem}"
    if not isinstance(limits, ToBeEntered):
        for number, limit in enumerate(limits, start=1):
            if _is_empty(limit):
                yield f"{rail}.limits[{number}] limits nothing; give entry_max, file_max, day_max or file_entries_max"


def _window_problems(window: Window, before: tuple[Window, ...]) -> Iterator[str]:
    if window.speed == "same_day" and window.settles_after_days:
        yield "settles_after_days must be 0 where the speed is same_day"
    if window.settles_after_days == 0 and window.settles_at <= window.deadline:
        yield "settles_at must be later than the deadline where it settles on the deadline's day"
    if window.since and window.until and window.until < window.since:
        yield "until must not be before since"
    if any(window.name == other.name and _overlap(window, other) for other in before):
        yield f"name {window.name} stands twice for the same days"


def _overlap(one: Window, other: Window) -> bool:
    ends_before = one.until and other.since and one.until < other.since
    begins_after = other.until and one.since and other.until < one.since
    return not (ends_before or begins_after)


def _is_empty(limit: Limit) -> bool:
    return not any((limit.entry_max, limit.file_max, limit.day_max, limit.file_entries_max))


def _ach_problems(ach: Any) -> Iterator[str]:
    if ach is None or isinstance(ach, ToBeEntered):
        return
    by = raw(ach, "by")
    if by == "file" and raw(ach, "delivery") is None:
        yield "ach.delivery is missing: files have to be handed over"
    if by == "api" and raw(ach, "delivery") is not None:
        yield "ach.delivery must be left out where orders go over an interface"
    acknowledgement = raw(ach, "acknowledgement")
    if isinstance(acknowledgement, Acknowledgement):
        yield from _acknowledgement_problems(acknowledgement)


def _acknowledgement_problems(terms: Acknowledgement) -> Iterator[str]:
    if raw(terms, "kind") != "file":
        return
    name, fields = raw(terms, "name"), raw(terms, "fields")
    if name is None:
        yield "ach.acknowledgement.name is missing: how its files are known"
    if isinstance(fields, ToBeEntered):
        return
    if "verdict" not in fields:
        yield "ach.acknowledgement.fields must say what the bank calls the verdict"
    in_name = () if name is None or isinstance(name, ToBeEntered) else name.groupindex
    if not {"name", "reference"} & {*fields, *in_name}:
        yield "ach.acknowledgement.fields must say what the bank calls our file's name or reference"
    accepted, rejected = raw(terms, "accepted"), raw(terms, "rejected")
    if isinstance(accepted, ToBeEntered) or isinstance(rejected, ToBeEntered):
        return
    both = {word.upper() for word in accepted} & {word.upper() for word in rejected}
    if both:
        yield f"ach.acknowledgement.rejected holds {min(both)}, which accepted holds too"
