"""The console in a real browser: drawer, keyboard, live rows, themes, widths, and axe."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from tests.components import requires
from tests.console import book as books
from tests.console import looks
from tests.console.book import Book
from tests.console.conftest import DESK, OPERATOR, PHONE, link_to, quiet_pages, serving
from tests.payments import stories

from headgate import payments, tenants
from headgate.console.sessions import Grant, make_link
from headgate.core.db import Actor

pytestmark = [requires("chromium"), pytest.mark.slow]

OPEN = "#drawer:not([hidden]) .drawer-head"


@pytest.fixture(scope="module")
def seat(book: Book, address: str, chromium: Any) -> dict[str, Any]:
    """What a signed-in browser keeps: entered by the link that is printed."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(address + link_to(book.database, book.tenant))
    assert page.url == f"{address}/console/{book.tenant.slug}"
    kept: dict[str, Any] = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def browse(chromium: Any, seat: dict[str, Any], address: str, book: Book) -> Iterator[Callable[..., Any]]:
    """Opens a page of the book's tenant; afterwards its console must have been silent."""
    with quiet_pages(chromium) as new_page:

        def opened(path: str = "", size: tuple[int, int] = DESK, *, signed_in: bool = True, **facts: Any) -> Any:
            page = new_page(size, storage_state=seat if signed_in else None, **facts)
            page.goto(f"{address}/console/{book.tenant.slug}{path}")
            return page

        yield opened


def until(holds: Callable[[], bool], seconds: float = 15) -> float:
    """How long it took to hold. The page's own policy forbids the browser's way of waiting, which evaluates a string."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, "it never held"
        time.sleep(0.03)
    return time.monotonic() - started


def live(page: Any) -> None:
    """Wait until the page hears the server."""
    until(lambda: page.inner_text("#fresh").startswith("Up to date"))


# ---------- drawer and keyboard


def test_the_drawer_opens_from_a_row_and_closes_where_it_was(browse: Callable[..., Any], book: Book) -> None:
    page = browse("/payments?q=-status:settled")
    list_url = page.url

    page.click(f"#row-{book.returned} a")
    page.wait_for_selector(OPEN)
    assert page.url == list_url.replace("/payments?q=-status:", f"/payments/{book.returned}?q=-status%3A")
    assert page.locator(f"#row-{book.returned}").get_attribute("aria-current") == "true"
    assert "Why is it here?" in page.inner_text("#drawer") and "R03" in page.inner_text("#drawer")
    assert page.evaluate("document.activeElement.ariaLabel") == "Close"
    page.click("#drawer [data-close]")
    assert page.locator("#drawer").is_hidden() and "/pay_" not in page.url
    assert page.evaluate("document.activeElement.closest('tr').id") == f"row-{book.returned}"


def test_the_jump_links_follow_the_reading(browse: Callable[..., Any], book: Book) -> None:
    page = browse(f"/payments/{book.returned}")

    page.click(".tabs a:has-text('Ledger')")
    page.wait_for_selector(".tabs a:has-text('Ledger')[aria-current]")
    page.click(".tabs a:has-text('Proof')")
    page.wait_for_selector(".tabs a:has-text('Proof')[aria-current]")
    assert page.locator(".tabs [aria-current]").count() == 1
    assert page.evaluate("scrollY") == 0 and "#" not in page.url


def test_the_keyboard_goes_everywhere(browse: Callable[..., Any], book: Book) -> None:
    page = browse("/payments")
    ids = page.eval_on_selector_all("[data-rows] > tr", "rows => rows.map(row => row.id)")

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.closest('tr').id") == ids[0]
    page.keyboard.press("Enter")
    page.wait_for_selector(OPEN)
    assert ids[0].removeprefix("row-") in page.url
    page.keyboard.press("j")
    until(lambda: ids[1].removeprefix("row-") in page.evaluate("location.href"))
    page.keyboard.press("Escape")
    assert page.locator("#drawer").is_hidden()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"
    page.keyboard.type("jk?")
    assert page.input_value("#query") == "jk?" and not page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible() and page.evaluate("document.activeElement.innerText") == "Close"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.uncheck("#letters")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.keyboard.press("?")
    assert page.url.endswith("/payments") and not page.locator("#keys").is_visible(), "letters are switched off"
    page.evaluate("document.querySelector('#letters').click()")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url(f"**/{book.tenant.slug}")


def test_it_works_without_script(browse: Callable[..., Any], book: Book) -> None:
    page = browse("/payments?q=status:returned", java_script_enabled=False)

    page.click("[data-rows] a")
    assert f"/payments/{book.returned}?q=status" in page.url
    assert page.locator("#drawer").is_visible() and page.locator(".t caption").count() == 4
    page.click("#drawer [data-close]")
    assert page.url.endswith("/payments?q=status%3Areturned") and page.locator("#drawer").is_hidden()
    page.fill("#query", "status:sent")
    page.click("button:has-text('Filter')")
    assert page.locator("[data-rows] tr").count() == 1
    page.click("nav.nav a:has-text('Overview')")
    assert page.locator("svg.water").is_visible()


def test_the_curl_command_is_copied_without_a_key(browse: Callable[..., Any], book: Book, address: str) -> None:
    page = browse(f"/payments/{book.returned}", permissions=["clipboard-read", "clipboard-write"])

    page.keyboard.press("c")
    page.wait_for_selector(".toast")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"curl -H 'Authorization: Bearer KEY' {address}/v1/payments/instructions/{book.returned}"


# ---------- live


def test_a_status_that_changes_elsewhere_changes_here(browse: Callable[..., Any], book: Book) -> None:
    assert books.commit(book, "PR-live", "11.00", "12.00", "13.00", names=("Ann Day", "Bob Dew")) == "committed"
    page = browse("/payments?q=payroll:PR-live")
    live(page)
    rows = page.eval_on_selector_all("[data-rows] > tr", "rows => rows.map(row => row.id)")
    page.keyboard.press("j")
    page.evaluate("window.stayed = true")
    reader = browse(page.url.split(book.tenant.slug)[1].replace("?", f"/{rows[0].removeprefix('row-')}?"))
    live(reader)
    assert reader.locator(".changed").is_hidden() and "Pending" in reader.inner_text(".drawer-title")
    waits = []

    def shows(word: str) -> bool:
        return bool(page.locator("[data-rows] .badge").nth(2).inner_text() == word)

    # Twice, so that one busy moment of the machine is not taken for a slow page.
    for status in ("sent", "settled"):
        _move(book, status)
        waits.append(until(partial(shows, status.capitalize())))

    assert min(waits) < 2
    reader.click("[data-reread]")
    until(lambda: "Settled" in reader.inner_text(".drawer-title"))
    assert reader.locator(".changed").is_hidden()
    assert page.evaluate("window.stayed"), "without reloading"
    assert page.eval_on_selector_all("[data-rows] > tr", "rows => rows.map(row => row.id)") == rows
    assert page.evaluate("document.activeElement.closest('tr').id") == rows[0], "the focus stays"
    assert page.locator("#chip-new").is_hidden()


def _move(book: Book, status: str) -> None:
    """Send what is due, or let the bank settle it."""
    if status == "sent":
        assert books.submit(book) == 1
        return
    with book.database.begin(tenant_id=book.tenant.id, actor=Actor.system("test")) as tx:
        newest = payments.list_files(tx, limit=1)[0]
        stories.at(tx, newest.effective_on, 23)
        data = stories.statement([payments.file_bytes(tx, newest.id)], on=newest.effective_on, opening="9000.00")
        settled = payments.settle_from_statement(tx, artifact_id=stories.read(tx, "later.bai2", data))
        assert settled.instructions_settled == 3


def test_new_payments_are_counted_and_put_in_when_asked(browse: Callable[..., Any], book: Book) -> None:
    page = browse("/payments")
    other = browse("/payments?q=status:returned")
    live(page)
    live(other)
    page.keyboard.press("j")
    page.keyboard.press("j")
    before = page.eval_on_selector_all("[data-rows] > tr", "rows => rows.map(row => row.id)")
    top = page.evaluate("document.querySelector('[data-rows]').getBoundingClientRect().top")

    books.commit(book, "PR-new", "21.00", "22.00", names=("Cy Fox", "Di Gray"))
    page.wait_for_selector("#chip-new:not([hidden])")

    assert page.inner_text("#chip-new").strip() == "2 new"
    assert page.eval_on_selector_all("[data-rows] > tr", "rows => rows.map(row => row.id)") == before
    assert page.evaluate("document.querySelector('[data-rows]').getBoundingClientRect().top") == top, "no row moves"
    assert "new payments" in page.inner_text("#live-says")
    assert other.locator("#chip-new").is_hidden(), "they are not in that query"
    page.keyboard.press("n")
    page.wait_for_selector("#chip-new", state="hidden")
    after = page.eval_on_selector_all("[data-rows] > tr", "rows => rows.map(row => row.id)")
    assert after[2:] == before and len(after) == len(before) + 2
    assert page.evaluate("document.querySelector('[data-rows] [aria-current]').id") == before[1]


def test_a_row_that_leaves_the_query_stays_and_says_so(browse: Callable[..., Any], book: Book) -> None:
    books.commit(book, "PR-leave", "31.00", names=("Ed Hill",))
    page = browse("/payments?q=status:pending payroll:PR-leave")
    live(page)

    books.submit(book)
    page.wait_for_selector("tr.is-left")

    assert "left this list" in page.inner_text("tr.is-left") and "Sent" in page.inner_text("tr.is-left")
    assert page.locator("[data-rows] > tr").count() == 1


def test_a_server_that_goes_away_marks_the_figures_as_old(
    book: Book, chromium: Any, browse: Callable[..., Any]
) -> None:
    page = browse(signed_in=False)
    page.noise.clear()  # The 401 of the signed-out page is what was asked for.
    with serving(book.database) as elsewhere:
        page.goto(elsewhere + link_to(book.database, book.tenant))
        page.goto(f"{elsewhere}/console/{book.tenant.slug}/payments")
        live(page)
        read_at = page.inner_text("#read-at")
    page.wait_for_selector("#fresh.is-stale")

    said = re.fullmatch(
        r"Figures are from (\d\d:\d\d:\d\d) ?, reconnecting", " ".join(page.inner_text("#fresh").split())
    )
    assert said and said[1] >= read_at
    assert page.inner_text("#live-says") == "Connection lost: the figures are old"
    assert page.locator("[data-rows] > tr").count() > 0, "rows stay"
    page.goto("about:blank")
    page.noise.clear()  # What the browser says of refused connections.


# ---------- looks


def test_the_theme_follows_the_system_until_one_is_chosen(browse: Callable[..., Any]) -> None:
    page = browse(color_scheme="dark")

    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    switch = page.locator("[data-theme-switch]")
    dark = ground()
    assert switch.get_attribute("aria-label") == "Theme: system"
    switch.click()
    assert switch.get_attribute("aria-label") == "Theme: light" and ground() != dark
    page.reload()
    assert switch.get_attribute("aria-label") == "Theme: light" and ground() != dark
    switch.click()
    assert switch.get_attribute("aria-label") == "Theme: dark" and ground() == dark


def test_menus_lie_under_their_buttons_on_a_desk_and_at_the_foot_of_a_phone(browse: Callable[..., Any]) -> None:
    desk, phone = browse(), browse("", PHONE)
    for page in (desk, phone):
        page.click(".where button")
    desk_box, phone_box = (page.locator("#tenants").bounding_box() for page in (desk, phone))

    assert desk_box["y"] < 60 and desk_box["width"] < 400
    assert phone_box["width"] == PHONE[0] and phone_box["y"] + phone_box["height"] == PHONE[1]


def test_a_long_name_never_hides_whether_money_is_real(book: Book, address: str, chromium: Any) -> None:
    name = "Globex Corporation International Payroll and Benefits Services, Successors"
    slug = f"long-{book.tenant.slug}"
    made = tenants.create_tenant(book.database, slug=slug, name=name, livemode=True)
    token = make_link(book.database, actor=OPERATOR, grants=[Grant(made.id, "readonly")])
    context = chromium.new_context(viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(f"{address}/console/enter?token={token}")

    for width in (320, 390, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 640})
        box = page.locator(".where b").bounding_box()
        assert box["x"] + box["width"] <= width and box["y"] < 60
        assert "LIVE" in page.inner_text(".where b")
    context.close()


def test_every_page_fits_and_axe_finds_nothing(browse: Callable[..., Any], book: Book) -> None:
    paths = ("", "/payments", f"/payments/{book.returned}", "/payments?q=statis:x", "/payments?q=code:R77")

    assert looks.faults(browse(), paths) == []


def test_what_opens_fits_too(browse: Callable[..., Any]) -> None:
    page, out = browse(), browse(signed_in=False)
    out.noise.clear()  # The 401 of the signed-out page is what was asked for.
    here = page.url

    page.click(".where button")
    found = looks.faults_of(page, "menu")
    page.goto(f"{here}/payments")
    page.keyboard.press("?")
    found += looks.faults_of(page, "dialog")
    found += looks.faults_of(out, "signed out")
    assert found == []


def test_it_prints_without_the_furniture(browse: Callable[..., Any], book: Book) -> None:
    page = browse(f"/payments/{book.returned}")
    page.emulate_media(media="print")

    for gone in (".nav", ".find", ".pager", "#more"):
        assert page.locator(gone).first.is_hidden()
    assert page.locator(".where").is_visible() and page.locator("#s-proof").is_visible()
