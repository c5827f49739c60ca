"""Payrolls, gate, funding and files in a real browser: details, keyboard, live rows, widths, and axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests import make
from tests.components import requires
from tests.console import looks, scenes
from tests.console.conftest import link_to, quiet_pages
from tests.console.scenes import Scene
from tests.console.test_browser import DESK, OPEN, PHONE, live, until

from headgate import payments
from headgate.core.db import Database

pytestmark = [requires("chromium"), pytest.mark.slow]

DETAIL = "[data-rows] > tr.detail"
ROWS = "[data-rows] > tr:not(.detail)"


@pytest.fixture(scope="module")
def scene(database: Database) -> Scene:
    return scenes.at_the_gate(database)


@pytest.fixture
def browse(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens a page of a scene's tenant; afterwards its console must have been silent."""
    with quiet_pages(chromium) as new_page:

        def opened(scene: Scene, path: str = "", size: tuple[int, int] = DESK, **facts: Any) -> Any:
            page = new_page(size, **facts)
            page.goto(address + link_to(scene.database, scene.tenant))
            page.goto(f"{address}/console/{scene.tenant.slug}{path}")
            return page

        yield opened


def ids(page: Any) -> list[str]:
    found: list[str] = page.eval_on_selector_all(ROWS, "rows => rows.map(row => row.id)")
    return found


def paths(scene: Scene) -> list[str]:
    """The pages, each also with one thing opened, with a bad query, and with one that finds nothing."""
    return [
        "/payrolls", f"/payrolls/{scene.conflict}", "/payrolls?q=status:paid",
        "/gate", f"/gate/{scene.lacking}", f"/gate/{scene.conflict}", "/gate?q=gate:pay",
        "/funding", f"/funding/{scene.unknown}", "/funding?q=statis:x",
        "/files", f"/files/{scene.file}", "/files?q=status:rejected",
    ]  # fmt: skip


# ---------- details and keyboard


def test_a_block_opens_under_its_row_and_closes_where_it_was(browse: Callable[..., Any], scene: Scene) -> None:
    page = browse(scene, "/gate?q=currency:USD")
    link = page.locator(f"#row-{scene.lacking} td:first-child a")

    link.click()
    page.wait_for_selector(DETAIL)
    assert f"/gate/{scene.lacking}?q=currency" in page.url and link.get_attribute("aria-expanded") == "true"
    assert "What would open it" in page.inner_text(DETAIL) and "490.00" in page.inner_text(DETAIL)
    page.locator(f"#row-{scene.conflict} td:first-child a").click()
    until(lambda: "700.00" in page.inner_text(DETAIL))
    assert page.locator(DETAIL).count() == 1 and link.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Escape")
    assert page.locator(DETAIL).count() == 0 and page.url.endswith("/gate?q=currency%3AUSD")
    assert page.evaluate("document.activeElement.closest('tr').id") == f"row-{scene.conflict}"


def test_the_row_stays_under_the_hand_when_another_closes_above_it(browse: Callable[..., Any], scene: Scene) -> None:
    page = browse(scene, f"/gate/{scene.conflict}")
    row = page.locator(f"#row-{scene.lacking}")
    row.scroll_into_view_if_needed()
    before = row.bounding_box()["y"]

    row.locator("td:first-child a").click()
    until(lambda: "490.00" in page.inner_text(DETAIL))
    page.wait_for_timeout(50)

    moved = abs(row.bounding_box()["y"] - before)
    assert moved < 2 or page.evaluate("scrollY") == 0, "only where there is nothing to scroll may it move"


@pytest.mark.parametrize("screen", ["payrolls", "gate", "funding", "files"])
def test_the_keyboard_walks_and_opens(browse: Callable[..., Any], scene: Scene, screen: str) -> None:
    page = browse(scene, f"/{screen}")
    opened = DETAIL if screen in ("gate", "funding") else OPEN
    rows = ids(page)

    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('tr').id") == rows[0]
    page.keyboard.press("Enter")
    page.wait_for_selector(opened)
    assert rows[0].removeprefix("row-") in page.url
    page.keyboard.press("Escape")
    page.wait_for_selector(opened, state="hidden")
    assert page.url.endswith(f"/{screen}")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.closest('tr').id") == rows[0]
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"


def test_every_page_has_its_keys(browse: Callable[..., Any], scene: Scene) -> None:
    page = browse(scene)

    for key, path in (("y", "payrolls"), ("g", "gate"), ("u", "funding"), ("f", "files"), ("p", "payments")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**/{scene.tenant.slug}/{path}")


def test_the_overview_leads_to_the_block(browse: Callable[..., Any], scene: Scene) -> None:
    page = browse(scene)

    page.click("a:has-text('PR-conflict')")
    assert page.url.endswith(f"/gate/{scene.conflict}") and page.locator(DETAIL).is_visible()
    page.click(f"{DETAIL} a:has-text('The payroll')")
    page.wait_for_selector(OPEN)
    page.click("#drawer a:has-text('what would open the gate')")
    assert page.url.endswith(f"/gate/{scene.conflict}")


def test_it_works_without_script(browse: Callable[..., Any], scene: Scene) -> None:
    page = browse(scene, "/gate", java_script_enabled=False)

    page.click(f"#row-{scene.lacking} td:first-child a")
    assert page.locator(DETAIL).is_visible() and page.locator(".bars").is_visible()
    page.click("nav.nav a:has-text('Funding')")
    page.click(f"#row-{scene.unknown} a")
    assert "in suspense" in page.inner_text(DETAIL)
    page.click("nav.nav a:has-text('Files')")
    page.click("[data-rows] a")
    assert page.locator("#drawer").is_visible()
    page.fill("#query", "status:rejected")
    page.click("button:has-text('Filter')")
    assert "No file matches" in page.inner_text("#found")


def test_the_judgement_is_copied_as_curl_without_a_key(browse: Callable[..., Any], scene: Scene, address: str) -> None:
    page = browse(scene, f"/gate/{scene.lacking}", permissions=["clipboard-read", "clipboard-write"])

    page.keyboard.press("c")
    page.wait_for_selector(".toast")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(rf"curl -H 'Authorization: Bearer KEY' {address}/v1/funding/evaluations/evl_\w{{26}}", copied)


# ---------- live


def test_what_comes_in_and_what_the_gate_lets_go_is_seen_without_reloading(
    browse: Callable[..., Any], database: Database
) -> None:
    scene = scenes.at_the_gate(database)
    make.caught_up(database, scene.tenant.id)
    gate, funding = browse(scene, f"/gate/{scene.lacking}"), browse(scene, "/funding")
    payrolls = browse(scene, "/payrolls?q=status:blocked_funds")
    for page in (gate, funding, payrolls):
        live(page)
        page.evaluate("window.stayed = true")
    deposits, blocks = ids(funding), ids(gate)
    assert gate.locator(".changed").is_hidden()

    scenes.fund_the_second(scene, "490.00")
    funding.wait_for_selector("#chip-new:not([hidden])")
    assert funding.inner_text("#chip-new").strip() == "1 new" and ids(funding) == deposits
    assert funding.inner_text("#live-says") == "1 new deposit"
    funding.keyboard.press("n")
    until(lambda: len(ids(funding)) == len(deposits) + 1)

    assert scenes.ask_again(scene) == "committed"
    gate.wait_for_selector(f"#row-{scene.lacking}.is-left")
    assert "the gate let it go" in gate.inner_text(f"#row-{scene.lacking}") and ids(gate) == blocks
    assert gate.locator(".changed").is_visible(), "what is open never changes silently"
    payrolls.wait_for_selector(f"#row-{scene.lacking}.is-left")
    assert "Committed" in payrolls.inner_text(f"#row-{scene.lacking}")
    for page in (gate, funding, payrolls):
        assert page.evaluate("window.stayed")


def test_a_new_block_is_counted_and_put_in_when_asked(browse: Callable[..., Any], database: Database) -> None:
    scene = scenes.at_the_gate(database)
    page, files = browse(scene, "/gate"), browse(scene, "/files")
    live(page)
    live(files)
    before = ids(page)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=scenes.ACTOR) as tx:
        batch = scenes.stories.batch(tx, scene.second, "9000.00", payroll_id="PR-more", pay_on=scenes.FRIDAY)
        assert payments.commit_payroll(tx, batch).status == "blocked_funds"

    page.wait_for_selector("#chip-new:not([hidden])")
    assert ids(page) == before
    page.keyboard.press("n")
    until(lambda: len(ids(page)) == 3)
    assert "PR-more" in page.inner_text(ROWS) and files.locator("#chip-new").is_hidden()


def test_a_file_that_is_handed_over_changes_in_its_place(browse: Callable[..., Any], database: Database) -> None:
    scene = scenes.at_the_gate(database)
    page = browse(scene, "/files?q=status:pending")
    live(page)

    payments.deliver(scene.database, scene.tenant.id)

    page.wait_for_selector(f"#row-{scene.file}.is-left")
    assert "Delivered" in page.inner_text(f"#row-{scene.file}") and "left this list" in page.inner_text(ROWS)


# ---------- looks


def test_a_phones_bar_has_five_places_and_the_rest_in_its_sheet(browse: Callable[..., Any], scene: Scene) -> None:
    page = browse(scene, "/gate", PHONE)

    assert page.locator("nav.nav a.primary:visible, nav.nav .more:visible").count() == 5
    assert page.locator("nav.nav .count").inner_text().startswith("2")
    page.click("nav.nav .more")
    page.click("#more a:has-text('Payrolls')")
    assert page.url.endswith("/payrolls")


def test_every_page_fits_and_axe_finds_nothing(browse: Callable[..., Any], scene: Scene) -> None:
    assert looks.faults(browse(scene), paths(scene)) == []
