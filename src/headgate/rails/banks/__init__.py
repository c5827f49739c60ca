"""Bank profiles: what each bank demands, one TOML file a bank in this folder, and no `if bank == …` anywhere.

    profile = banks.of_routing(originator.odfi_routing_number)
    banks.terms(profile, "wire")                # RailNotOffered names the profile and the rails that it has
    profile.ach.delivery.removes                # NotEntered where only the bank's own guide can say it

A file is found by lying here. `profiles()` reads and judges all of them at once; `headgate serve` does so at its start,
and `headgate banks check FILE` does it for a file that lies elsewhere. How to add one: docs/howto/add-a-bank.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from headgate.core import registry
from headgate.rails.banks.document import document
from headgate.rails.banks.judging import judge_together
from headgate.rails.banks.limiting import limit_on, order_problems, parts, takes_all
from headgate.rails.banks.loading import invalid, read_profile
from headgate.rails.banks.model import (
    RAILS,
    SETTLES_AFTER_DAYS_MAX,
    SWITCHES,
    Ach,
    Acknowledgement,
    Delivery,
    Drawdown,
    Feed,
    InboundFiles,
    Instant,
    Limit,
    Profile,
    RailTerms,
    Window,
    Wire,
)
from headgate.rails.banks.naming import file_name, temporary_name
from headgate.rails.banks.sections import ToBeEntered, raw
from headgate.rails.errors import InvalidProfile, NoSuchProfile, RailNotOffered

__all__ = [
    "RAILS", "SETTLES_AFTER_DAYS_MAX", "SWITCHES", "Ach", "Acknowledgement", "Delivery", "Drawdown", "Feed", "InboundFiles",
    "Instant", "Limit", "Profile", "RailTerms", "ToBeEntered", "Window", "Wire", "acknowledgement_of", "document",
    "file_name", "get", "limit_on", "of_routing", "order_problems", "parts", "profiles", "read_profile",
    "read_together", "takes_all", "temporary_name", "terms",
]  # fmt: skip


@cache
def profiles() -> Mapping[str, Profile]:
    """Every profile by its name. Raises InvalidProfile with all that is wrong in all of them."""
    return read_together(registry.data_files(__name__, ".toml"))


def read_together(files: Mapping[str, str]) -> Mapping[str, Profile]:
    """Profiles from their texts by name, judged each by itself and against each other. Raises InvalidProfile."""
    found: dict[str, Profile] = {}
    problems: list[str] = []
    for name, text in sorted(files.items()):
        try:
            found[name] = read_profile(text, name=name)
        except InvalidProfile as error:
            problems += error.facts["problems"]
    problems += judge_together(found)
    if problems:
        raise invalid(problems)
    return MappingProxyType(found)


def get(name: str) -> Profile:
    """The profile of that name. Raises NoSuchProfile naming those that there are."""
    found = profiles().get(name)
    if found is None:
        raise NoSuchProfile(
            f"there is no bank profile '{name[:40]}'; there are {', '.join(profiles())}", name=name[:40]
        )
    return found


def of_routing(routing_number: str) -> Profile:
    """The profile of the bank with that routing number; the generic one's where no profile names it."""
    generic = None
    for profile in profiles().values():
        numbers = raw(profile.identity, "routing_numbers")
        if isinstance(numbers, ToBeEntered):
            continue
        if routing_number in numbers:
            return profile
        generic = generic if numbers else profile
    if generic is None:
        raise NoSuchProfile(f"no bank profile has the routing number {routing_number}", routing_number=routing_number)
    return generic


def terms(profile: Profile, rail: str) -> RailTerms:
    """A bank's terms of a rail. Raises RailNotOffered naming the profile and the rails that it has, NotEntered."""
    if rail not in profile.rails:
        raise RailNotOffered(
            f"{profile.name} does not offer {rail[:20]}; it offers {', '.join(profile.rails)}",
            profile=profile.name,
            rail=rail[:20],
            rails=list(profile.rails),
        )
    found: RailTerms = getattr(profile, rail)
    return found


def acknowledgement_of(profile: Profile) -> Acknowledgement | None:
    """How a bank acknowledges ACH files; None where it does not. Raises NotEntered, RailNotOffered."""
    terms(profile, "ach")
    return profile.ach.acknowledgement if profile.ach else None
