"""Orders, returns and places in a real browser: drawer and details, live rows, an act, widths, and axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.components import requires
from tests.console import bank_scene, looks
from tests.console.bank_scene import Scene
from tests.console.test_browser import OPEN, live, until
from tests.console.test_screens_browser import DETAIL, ids
from tests.make import ACTOR

from headgate import payments
from headgate.core.db import Database
from headgate.payments.orders import answers as order_answers
from headgate.rails import ProviderAnswer

pytestmark = [requires("chromium"), pytest.mark.slow]


@pytest.fixture(scope="module")
def scene(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with bank_scene.at_the_bank(database, tmp_path_factory.mktemp("bank")) as made:
        yield made


def paths(scene: Scene) -> list[str]:
    """The pages, with one thing opened that has forms, and with a query that finds nothing."""
    return [
        f"/orders/{scene.orders['unknown']}", "/orders?q=status:doubted", f"/returns/{scene.returns['R10']}", "/places",
    ]  # fmt: skip


def test_what_the_network_says_is_seen_where_it_stands_and_a_form_waits_for_a_second_look(
    browse: Callable[..., Any], scene: Scene
) -> None:
    orders, returns = browse("/orders?q=known:no"), browse("/returns")
    live(orders)
    live(returns)
    rows = ids(orders)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        lost = next(
            row for row in payments.order_rows(tx, [row.removeprefix("row-") for row in rows]) if "LOST" in row.payee
        )

    orders.click(f"#row-{lost.id} a")
    orders.wait_for_selector(OPEN)
    assert f"/orders/{lost.id}?q=known" in orders.url and "It is never sent again" in orders.inner_text("#drawer")
    orders.click("#drawer summary:has-text('Ask it back')")
    orders.fill("#drawer form[action$='/recall'] textarea", "it was not owed")
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        said = ProviderAnswer("accepted", lost.reference or "", "the other bank has it", "ACWP", message_id="M-live")
        order_answers.record(tx, lost.id, said, asked_by="inbox", waits=20)

    orders.wait_for_selector(f"#row-{lost.id}.is-left")
    assert "Accepted" in orders.inner_text(f"#row-{lost.id}") and ids(orders) == rows
    assert orders.locator("#drawer .changed").is_visible(), "what is open never changes silently"
    orders.click("#drawer form[action$='/recall'] button")
    assert "read it again first" in orders.inner_text("#drawer form[action$='/recall'] [data-act-says]")
    orders.click("#drawer [data-reread]")
    until(lambda: "Accepted by the other bank" in orders.inner_text("#drawer"))
    orders.click("#drawer summary:has-text('Ask it back')")
    orders.select_option("#drawer select", "UPAY")
    orders.fill("#drawer form[action$='/recall'] textarea", "it was not owed")
    orders.click("#drawer form[action$='/recall'] button")
    orders.wait_for_selector(".note-ok")
    assert "it was not owed" in orders.inner_text(".note-ok")

    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        back = payments.return_row(tx, scene.returns["R01"])
        payments.retry_instruction(tx, payment_id=str(back.payment_id), reason="funded since")
    until(lambda: "Paid again" in returns.inner_text(f"#row-{back.id}"))


def test_the_keyboard_walks_the_new_pages_and_they_work_without_script(
    browse: Callable[..., Any], scene: Scene
) -> None:
    page = browse()
    for key, path, opened in (("d", "orders", OPEN), ("r", "returns", DETAIL)):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**/{scene.tenant.slug}/{path}")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector(opened)
        page.keyboard.press("Escape")
        page.wait_for_selector(opened, state="hidden")
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/places")

    plain = browse("/places", java_script_enabled=False)
    plain.click("summary:has-text('Try it')")
    plain.click("form[action$='/places/sandbox/try'] button")
    assert "Tried sandbox: all 4 folders are there" in plain.inner_text("[role=status].note-ok")
    plain.click("nav.nav a:has-text('Orders')")
    plain.click(f"#row-{scene.orders['settled']} a")
    assert plain.locator("#drawer").is_visible() and "with finality" in plain.inner_text("#drawer")


def test_every_page_fits_and_axe_finds_nothing(browse: Callable[..., Any], scene: Scene) -> None:
    assert looks.faults(browse(), paths(scene)) == []
