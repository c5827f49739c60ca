"""How figures and times are written, the flow figure's heights, and the badges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.make import usd

from headgate.console import flow, icons, render, statuses
from headgate.console.flow import HEADROOM, HEIGHT, Flow, levels
from headgate.core.money import Money
from headgate.payments.life.reasons import Icon
from headgate.payments.model import INSTRUCTION_STATUSES

NOON = datetime(2026, 11, 24, 18, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(123456789, "USD"), "1,234,567.89"),
        (Money(0, "USD"), "0.00"),
        (Money(-4500, "USD"), "−45.00"),
        (Money(1200, "JPY"), "1,200"),
        (Money(1234567, "BHD"), "1,234.567"),
    ],
)
def test_money_has_its_own_decimals_and_a_true_minus(amount: Money, text: str) -> None:
    assert render.figures(amount) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=-30), "0 min"),
        (timedelta(seconds=59), "0 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(minutes=70), "1 h 10"),
        (timedelta(hours=6, minutes=5), "6 h 05"),
        (timedelta(days=2, hours=3, minutes=59), "2 d 3 h"),
    ],
)
def test_an_age_is_written_short(ago: timedelta, text: str) -> None:
    assert render.age(NOON - ago, NOON) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (59.96, "60.0 s"), (1264.1, "21 min"), (4_260, "1 h 11")]
)
def test_how_long_something_took_is_told_in_its_own_unit(seconds: float, text: str) -> None:
    assert render.lasting(seconds) == text


def test_a_time_is_local_and_its_instant_exact() -> None:
    assert render.local(NOON, "America/Chicago") == "24 Nov 12:00"
    assert render.local(NOON, "Asia/Tokyo", "clock") == "03:00:30"
    assert render.rfc3339(NOON) == "2026-11-24T18:00:30Z"


def test_entries_are_numbered_as_on_paper() -> None:
    assert [render.circled(mark) for mark in (1, 20, 21)] == ["①", "⑳", "(21)"]


@pytest.mark.parametrize(
    ("text", "written"), [("no such page", "No such page."), ("Really?", "Really?"), ("", "."), ("It is.", "It is.")]
)
def test_a_message_becomes_a_sentence(text: str, written: str) -> None:
    assert render.sentence(text) == written


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    amounts = st.integers(0, 10**13)
    reserved, held = draw(amounts), draw(amounts)
    sent = draw(st.integers(0, reserved))
    settled, here = draw(st.integers(0, sent)), draw(st.integers(0, held))
    return Flow(*(Money(minor, "USD") for minor in (reserved, sent, settled, held, here)))


@given(flows())
def test_the_canal_is_to_scale(drawn: Flow) -> None:
    at = levels(drawn)

    heights = [HEIGHT - level for level in (at.expected, at.received, at.reserved, at.sent, at.settled)]
    amounts = [amount.minor for amount in (drawn.expected, drawn.received, drawn.reserved, drawn.sent, drawn.settled)]
    full = HEIGHT - HEADROOM
    for height, amount in zip(heights, amounts, strict=True):
        assert height == pytest.approx(full * amount / max(amounts[0], 1), abs=1e-6)
    assert heights == sorted(heights, reverse=True)
    assert drawn.received + drawn.missing == drawn.expected


def test_an_empty_canal_is_drawn_flat_and_nothing_held_has_no_edge() -> None:
    nothing = Money(0, "USD")
    empty = Flow(nothing, nothing, nothing, nothing, nothing)
    assert levels(empty).expected == HEIGHT
    assert "nan" not in flow.canal(empty).lower()
    assert 'stroke="var(--warn)" fill="none"' not in flow.canal(Flow(usd("5"), usd("5"), usd("5"), nothing, nothing))
    held = Flow(usd("60"), usd("40"), usd("20"), usd("40"), usd("10"))
    assert f"M200 {HEIGHT - (HEIGHT - HEADROOM) * 0.7:.1f}H400" in flow.canal(held)


def test_every_status_of_a_payment_has_its_badge_and_every_badge_an_icon() -> None:
    kinds = {status: statuses.badge_of(status).kind for status in INSTRUCTION_STATUSES}
    assert kinds == {
        "awaiting_funding": "warn",
        "blocked_funds": "warn",
        "pending": "",
        "sent": "",
        "settled": "ok",
        "returned": "bad",
        "rejected": "bad",
    }
    assert {badge.icon for badge in statuses.BADGES.values()} <= set(icons.ICONS)
    assert statuses.badge_of("a_word_from_tomorrow").kind == ""
    assert statuses.badge_of("outcome_unknown").unsure and not statuses.badge_of("settled").unsure


def test_every_reason_has_an_icon() -> None:
    assert set(get_args(Icon)) <= set(icons.ICONS)
