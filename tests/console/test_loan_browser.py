"""Loans, their payments and notifications in a real browser: drawer, live rows, keyboard, widths, and axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.alerts.told import payment_messages
from tests.components import requires
from tests.console import loan_scene, looks
from tests.console.loan_scene import Scene
from tests.console.test_browser import OPEN, live, until
from tests.make import ACTOR
from tests.servicing.scenes import day
from tests.servicing.stories import pay

from headgate import alerts, servicing
from headgate.core.db import Database

pytestmark = [requires("chromium"), pytest.mark.slow]


@pytest.fixture(scope="module")
def scene(database: Database) -> Scene:
    return loan_scene.serviced(database)


def paths(scene: Scene) -> list[str]:
    """The pages, with one thing opened that has forms, and with a query that finds nothing."""
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        told = alerts.list_notifications(tx, teams=True)[0].id
    return [
        "", f"/loans/{scene.loans['late']}", f"/loans/{scene.loans['over']}", "/loans?q=state:military",
        f"/loan-payments/{scene.payments['folded']}", f"/loan-payments/{scene.payments['returned']}", f"/notifications/{told}",
    ]  # fmt: skip


def test_a_payment_is_seen_where_it_comes_and_what_it_moves_changes_in_place(
    browse: Callable[..., Any], scene: Scene
) -> None:
    loans, pays = browse(f"/loans/{scene.loans['long']}"), browse("/loan-payments")
    live(loans)
    live(pays)
    row = f"#row-{scene.loans['long']}"
    assert "5,490.00" in loans.inner_text(row)

    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        paid = pay(tx, scene.loans["long"], 2, 137_250 * 4, day(99), source_channel="wire")

    until(lambda: "5,490.00" not in loans.inner_text(row) and "Current" in loans.inner_text(row))
    assert loans.locator("#drawer .changed").is_visible(), "what is open never changes silently"
    loans.click("#drawer [data-reread]")
    until(lambda: "All that fell due is paid" in loans.inner_text("#drawer"))
    until(lambda: pays.locator("#chip-new").is_visible())
    pays.click("#chip-new")
    pays.wait_for_selector(f"#row-{paid.id}")
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        servicing.undo_payment(tx, payment_id=paid.id, reason="sent twice")
        alerts.notify(tx, payment_messages(tx))
    until(lambda: "Reversed" in pays.inner_text(f"#row-{paid.id}"))


def test_the_keyboard_walks_the_pages_and_they_work_without_script(browse: Callable[..., Any], scene: Scene) -> None:
    page = browse()
    for key, path in (("l", "loans"), ("e", "loan-payments"), ("n", "notifications")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**/{scene.tenant.slug}/{path}")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector(OPEN)
        page.keyboard.press("Escape")
        page.wait_for_selector(OPEN, state="hidden")
    page.click("a.bell")
    page.wait_for_url(f"**/{scene.tenant.slug}/notifications")

    plain = browse(f"/loans/{scene.loans['late']}", java_script_enabled=False)
    plain.click("#s-parts .paid > li:nth-child(2) summary")
    assert "taken back" in plain.inner_text("#s-parts")
    plain.click("#s-parts .paid > li:nth-child(2) .paid-line a")
    assert "At first it lay like this" in plain.inner_text("#drawer")


def test_every_page_fits_and_axe_finds_nothing(browse: Callable[..., Any], scene: Scene) -> None:
    assert looks.faults(browse(), paths(scene), folded=looks.ALL) == []
