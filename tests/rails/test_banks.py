"""Bank profiles: those that are shipped are good, and of one that is not, every fault is named with file and key."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.make import usd
from typer.testing import CliRunner

from headgate.core.money import Money
from headgate.rails import Company, RailOrder, banks, check_digit, fake
from headgate.rails.ach import RULES
from headgate.rails.bank_commands import app
from headgate.rails.banks.model import RAILS, SWITCHES, Profile
from headgate.rails.banks.sections import keys_of
from headgate.rails.errors import InvalidProfile, NoSuchProfile, NotEntered, RailNotOffered

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "src/headgate/rails/banks"
GENERIC = (FOLDER / "generic_odfi.toml").read_text("utf-8")

SMALL = """
name = "small"
title = "A small bank"
[identity]
time_zone = "America/Denver"
[book]
by = "portal"
"""


def problems(text: str, name: str = "small") -> list[str]:
    with pytest.raises(InvalidProfile) as caught:
        banks.read_profile(text, name=name)
    assert caught.value.message == "; ".join(caught.value.facts["problems"])
    return caught.value.facts["problems"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", sorted(banks.profiles()))
def test_a_shipped_profile_is_good_and_says_where_its_facts_come_from(name: str) -> None:
    profile = banks.get(name)

    assert profile.name == name and profile.title and profile.source
    assert profile.calendar.holidays == "federal_reserve"
    json.dumps(banks.document(profile))


def test_every_file_of_the_folder_is_found() -> None:
    assert set(banks.profiles()) == {path.stem for path in FOLDER.glob("*.toml")} >= {"amegy", "sandbox"}


def test_a_bank_is_found_by_its_routing_number_and_any_other_is_generic() -> None:
    found = [
        banks.of_routing(number).name for number in ("113011258", fake.ROUTING, f"99000002{check_digit('99000002')}")
    ]

    assert found == ["amegy", "sandbox", "generic_odfi"]
    simulated = [name for name, profile in banks.profiles().items() if profile.identity.is_simulated]
    assert simulated == ["column_sandbox", "sandbox"]


def test_what_a_profile_says_can_be_asked() -> None:
    generic = banks.get("generic_odfi")
    assert generic.ach is not None and generic.ach.delivery is not None

    assert generic.rails == ("ach", "wire", "book")
    assert [(window.name, window.deadline, window.settles_at) for window in generic.ach.windows][:2] == [
        ("same_day_1", time(10), time(13)),
        ("same_day_2", time(14, 15), time(17)),
    ]
    assert generic.ach.limits[-1].entry_max == usd("1000000.00")
    assert (generic.ach.delivery.kind, generic.ach.delivery.removes) == ("folder", "may")
    assert generic.ach.trace.match_on == ("trace_number", "individual_id")
    assert banks.terms(generic, "wire") is generic.wire


def test_an_unknown_bank_or_rail_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(NoSuchProfile, match="there is no bank profile 'chase'; there are amegy, column, "):
        banks.get("chase")
    with pytest.raises(RailNotOffered) as caught:
        banks.terms(banks.get("amegy"), "fednow")
    assert caught.value.facts == {"profile": "amegy", "rail": "fednow", "rails": ["ach", "wire", "drawdown"]}


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("ach", "windows"),
        ("ach", "delivery"),
        ("ach", "acknowledgement"),
        ("wire", "windows"),
        ("", "drawdown"),
        ("", "feeds"),
    ],
)
def test_what_the_guide_must_say_is_an_error_that_names_the_key(section: str, key: str) -> None:
    amegy: Any = banks.get("amegy")
    where = getattr(amegy, section) if section else amegy
    path = f"{section}.{key}".lstrip(".")

    with pytest.raises(NotEntered, match=rf"amegy\.toml: {path} is to be entered first") as caught:
        getattr(where, key)
    assert caught.value.facts == {"profile": "amegy", "key": path}


def test_what_is_to_be_entered_is_no_guess_anywhere() -> None:
    """Each key that amegy.toml lists raises; each that it does not list answers."""
    amegy = banks.get("amegy")
    assert amegy.ach is not None
    listed = set(amegy.to_be_entered)
    for section, path in (
        (amegy, ""),
        (amegy.ach, "ach."),
        (amegy.ach.file, "ach.file."),
        (amegy.ach.trace, "ach.trace."),
    ):
        for entry in keys_of(type(section)):
            if f"{path}{entry.name}" in listed:
                with pytest.raises(NotEntered):
                    getattr(section, entry.name)
            else:
                getattr(section, entry.name)


def test_every_fault_is_named_at_once_with_file_and_key() -> None:
    text = """
name = "other"
titel = "A bank"
to_be_entered = ["ach.window", "identity.time_zone"]
[identity]
routing_numbers = ["021000022"]
time_zone = "Mars/Olympus"
[ach]
by = "fax"
directions = ["credit", "credit"]
[[ach.windows]]
name = "Late"
speed = "same day"
deadline = "25:00"
settles_after_days = 0.5
[[ach.limits]]
since = "2026-01-01"
entry_max = 100.0
[ach.file]
name = "file.ach"
[ach.file.levels]
"V-99" = "off"
[ach.delivery]
kind = "folder"
outbound = "../secrets"
[feeds]
kind = "bai2"
"""
    assert problems(text) == [
        "small.toml: titel is no key; is title meant?",
        "small.toml: title is missing: for people",
        "small.toml: identity.routing_numbers its value 1 must be a routing number in quotes: nine digits with their "
        "check digit",
        "small.toml: identity.time_zone is given, and to_be_entered names it; take it out there",
        "small.toml: ach.by must be one of file, api, portal, not 'fax'",
        "small.toml: ach.directions names a value twice",
        "small.toml: ach.windows[1].name must be a word of small letters, digits and '_', as generic_odfi",
        "small.toml: ach.windows[1].speed must be one of same_day, next_day, not 'same day'; is 'same_day' meant?",
        'small.toml: ach.windows[1].deadline must be a time of day to the minute, as "14:45"',
        "small.toml: ach.windows[1].settles_after_days must be a whole number from 0 to 5",
        "small.toml: ach.windows[1].settles_at is missing: when it settles, as a wall time in the bank's zone",
        "small.toml: ach.limits[1].since must be a day without quotes, as 2026-03-20",
        'small.toml: ach.limits[1].entry_max must be an amount in quotes, as "1000000.00"',
        "small.toml: ach.file.name must hold {reference} or {date} {modifier} {origin}: else two files would share a name",
        f"small.toml: ach.file.levels its key V-99 is no rule of a NACHA file: 'V-99'; rules are V-01 to {max(RULES)}",
        "small.toml: ach.delivery.outbound must be a folder, as outbound or /inbox/ach, without '..'",
        "small.toml: feeds must be a list of sections, [[feeds]]",
        "small.toml: to_be_entered names ach.window, which is no key; is ach.windows meant?",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('name = "generic_odfi"', 'name = "other"'), "name is 'other', but the file is called generic_odfi.toml"),
        (('settles_at = "13:00"', 'settles_at = "09:00"'), "ach.windows[1].settles_at must be later than the deadline"),
        (('name = "same_day_2"', 'name = "same_day_1"'), "ach.windows[2].name same_day_1 stands twice for the same days"),
        (('entry_max = "100000.00"', ""), "ach.limits[1] limits nothing"),
        (("[ach.delivery]\nkind = \"folder\"\nremoves = \"may\"", ""), "ach.delivery is missing"),
        (
            ("[ach.inbound]", '[ach.acknowledgement]\nkind = "file"\n[ach.inbound]'),
            "ach.acknowledgement.name is missing: how its files are known",
        ),
        (("[[feeds]]", '[rtp]\nby = "api"\n[[rtp.windows]]\nname="x"\nspeed="same_day"\ndeadline="09:00"\n'
                       'settles_after_days=0\nsettles_at="10:00"\n[[feeds]]'), "rtp.windows must be left out"),
        (("since = 2021-03-19", "since = 2021-03-19T00:00:00"), "ach.limits[1].since must be a day"),
        (("[wire]", "[wire"), "is not TOML"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_named(change: tuple[str, str], problem: str) -> None:
    assert change[0] in GENERIC

    found = problems(GENERIC.replace(*change, 1), "generic_odfi")

    assert any(line.startswith(f"generic_odfi.toml: {problem}") for line in found), found


def test_a_window_may_change_its_deadline_on_a_day() -> None:
    until = GENERIC.replace('name = "next_day"', 'name = "next_day"\nuntil = 2026-12-31', 1)
    again = 'speed = "next_day"\ndeadline = "21:00"\nsettles_after_days = 1\nsettles_at = "08:30"\nsince = '
    window = f'\n[[ach.windows]]\nname = "next_day"\n{again}'

    profile = banks.read_profile(f"{until}{window}2027-01-01", name="generic_odfi")

    assert profile.ach is not None and profile.ach.windows[-1].since == date(2027, 1, 1)
    assert problems(f"{until}{window}2026-12-31", "generic_odfi") == [
        "generic_odfi.toml: ach.windows[5].name next_day stands twice for the same days"
    ]


def test_two_banks_do_not_share_a_routing_number_and_one_serves_the_rest() -> None:
    other = SMALL.replace('"small"', '"other"')
    numbered = 'time_zone = "America/Denver"\nrouting_numbers = ["021000021"]'

    with pytest.raises(InvalidProfile) as caught:
        banks.read_together({"small": SMALL, "other": other})
    with pytest.raises(InvalidProfile) as again:
        banks.read_together(
            {
                name: text.replace('time_zone = "America/Denver"', numbered)
                for name, text in (("small", SMALL), ("other", other))
            }
        )

    assert caught.value.facts["problems"] == [
        "small.toml: identity.routing_numbers: other.toml serves any bank already"
    ]
    assert again.value.facts["problems"] == ["small.toml: identity.routing_numbers: other.toml has 021000021 already"]


def test_the_switches_of_a_bank_are_rules_of_its_files_alone() -> None:
    text = (
        SMALL
        + """
[ach]
by = "portal"
[[ach.windows]]
name = "next_day"
speed = "next_day"
deadline = "17:00"
settles_after_days = 1
settles_at = "08:30"
[ach.inbound]
switches = ["without_file_control", "without_batch_control", "without_fill"]
[ach.inbound.levels]
"V-71" = "off"
"""
    )
    ach = banks.read_profile(text, name="small").ach
    assert ach is not None

    book = ach.inbound.rulebook

    assert book.direction == "inbound"
    assert [book.level(rule) for rule in ("V-03", "V-04", "V-05", "V-71", "V-70")] == ["E", "E", "W", "off", "E"]
    switches = ("without_file_control", "without_batch_control", "without_fill", "any_traces")
    assert [book.allows(switch) for switch in switches] == [True, True, True, False]
    assert ach.file.rulebook.direction == "outbound" and ach.file.rulebook.level("V-05") == "E"


def test_the_smallest_profile_has_defaults_for_all_the_rest() -> None:
    profile = banks.read_profile(SMALL, name="small")

    assert profile.rails == ("book",)
    assert (profile.ach, profile.feeds, profile.prefunding.kind) == (None, (), "none")


def test_every_key_is_explained_where_a_bank_is_added() -> None:
    def names(kind: type[Any]) -> set[str]:
        found: set[str] = set()
        for entry in keys_of(kind):
            assert entry.metadata["help"]
            found.add(entry.name)
            if "section" in entry.metadata:
                found |= names(entry.metadata["section"])
        return found

    page = (ROOT / "docs/howto/add-a-bank.md").read_text("utf-8")

    assert sorted(name for name in {*names(Profile), *SWITCHES} if f"`{name}`" not in page) == []
    assert set(RAILS) <= {entry.name for entry in dataclasses.fields(Profile)}


LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=8), st.just([]), st.just({})
)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_value_of_any_key_breaks_the_reading(data: st.DataObject) -> None:
    """A profile with any value in any place is good, or is refused with that key's name."""
    document = tomllib.loads(
        (FOLDER / f"{data.draw(st.sampled_from(sorted(banks.profiles())))}.toml").read_text("utf-8")
    )
    name = document["name"]
    where: Any = document
    while True:
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        if not isinstance(where[key], dict | list) or not where[key] or data.draw(st.booleans()):
            break
        where = where[key]
    where[key] = data.draw(LEAVES)

    from headgate.rails.banks.judging import judge
    from headgate.rails.banks.loading import _Reader

    reader = _Reader(name, document)
    profile = reader.profile()
    assert all(isinstance(line, str) and line for line in reader.problems or judge(profile, name=name))


def run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    return done.exit_code, done.stdout


def test_the_commands_list_show_and_check(tmp_path: Path) -> None:
    code, out = run("list", "--json")
    assert code == 0
    listed = {row["name"]: row["to_be_entered"] > 0 for row in json.loads(out)}
    assert set(listed) == set(banks.profiles())
    assert {name: listed[name] for name in ("amegy", "generic_odfi", "sandbox")} == {
        "amegy": True, "generic_odfi": False, "sandbox": False,
    }  # fmt: skip

    code, out = run("show", "generic_odfi", "--json")
    assert json.loads(out)["ach"]["windows"][3]["deadline"] == "20:00"
    code, out = run("show", "amegy")
    assert "ach.windows                              to be entered, from the bank's own guide" in out

    assert run("check")[0] == 0
    bad = tmp_path / "small.toml"
    bad.write_text(SMALL.replace("portal", "fax").replace("A small bank", ""))
    code, out = run("check", str(tmp_path), "--json")
    assert (code, json.loads(out)["problems"]) == (
        1,
        [
            "small.toml: title must be a text of 1 to 200 characters",
            "small.toml: book.by must be one of file, api, portal, not 'fax'",
        ],
    )
    bad.write_text(SMALL)
    assert run("check", str(bad)) == (0, "small: good\n")


def order(**changes: Any) -> RailOrder:
    facts: dict[str, Any] = {
        "attempt_id": "att_1",
        "amount": usd("10.00"),
        "direction": "credit",
        "receiver_routing": "231380104",
        "receiver_account": "1234567",
        "receiver_account_type": "checking",
        "receiver_name": "MARIA LINDQVIST",
        "individual_id": "ref-1",
        "sec_code": "PPD",
        "description": "PAYROLL",
        "company": Company("ACME INC", "1234567890"),
        "effective_on": date(2026, 12, 1),
    }
    return RailOrder(**{**facts, **changes})


def test_what_a_bank_does_not_take_of_us_is_said_with_its_name() -> None:
    text = GENERIC.replace('sec_codes = ["PPD", "CCD", "CTX"]', 'sec_codes = ["CCD"]', 1).replace(
        'directions = ["credit", "debit"]', 'directions = ["debit"]', 1
    )
    strict = banks.read_profile(
        text.replace("[ach.file]", '[[ach.limits]]\nsince = 2020-01-01\nentry_max = "9.99"\n\n[ach.file]', 1),
        name="generic_odfi",
    )
    on = date(2026, 11, 30)

    assert banks.order_problems(banks.get("generic_odfi"), order(), on=on) == ()
    assert banks.order_problems(strict, order(), on=on) == (
        "generic_odfi does not let us originate PPD; it lets us originate CCD",
        "generic_odfi does not take credits of us; agree it with the bank",
        "generic_odfi takes payments up to 9.99 USD; split the payment, or send a wire",
    )
    assert (
        banks.order_problems(strict, order(), on=date(2019, 12, 31)) == banks.order_problems(strict, order(), on=on)[:2]
    )
    assert banks.order_problems(banks.read_profile(SMALL, name="small"), order(), on=on) == (
        "small does not offer ACH; it offers book",
    )
    with pytest.raises(NotEntered, match=r"ach\.sec_codes"):
        banks.order_problems(banks.get("amegy"), order(), on=on)


@given(
    st.lists(st.integers(1, 500), max_size=30),
    st.one_of(st.none(), st.integers(1, 7)),
    st.one_of(st.none(), st.integers(1, 900)),
)
def test_files_keep_the_order_and_the_limits_and_are_as_few_as_they_can_be(
    cents: list[int], entries_max: int | None, file_max: int | None
) -> None:
    limit = banks.Limit(
        since=date(2020, 1, 1), file_entries_max=entries_max, file_max=Money(file_max, "USD") if file_max else None
    )

    found = banks.parts([Money(each, "USD") for each in cents], limit)

    assert [at for part in found for at in part] == list(range(len(cents)))
    for part, after in zip(found, [*found, None][1:], strict=True):
        total = sum(cents[at] for at in part)
        assert len(part) <= (entries_max or 30)
        assert file_max is None or total <= file_max or len(part) == 1
        if after is not None:  # One more would have been too much.
            assert len(part) == entries_max or (file_max is not None and total + cents[after.start] > file_max)
