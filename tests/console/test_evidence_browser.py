"""Evidence in a real browser: files that are dropped, lines that are walked, live rows, an act, keyboard, widths, and axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.components import requires
from tests.console import evidence_scene, looks
from tests.console.evidence_scene import Scene, bury
from tests.console.test_browser import DESK, OPEN, live, until
from tests.ingestion.envelopes import envelope, raw
from tests.make import ACTOR
from tests.payments.stories import WEDNESDAY

from headgate import ingestion, servicing
from headgate.core.db import Database
from headgate.core.errors import Refused

pytestmark = [requires("chromium"), pytest.mark.slow]

DROP = """([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name, { type: 'text/csv' }));
  for (const kind of ['dragenter', 'dragover', 'drop'])
    document.body.dispatchEvent(new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def scene(database: Database) -> Scene:
    return evidence_scene.with_evidence(database)


def paths(scene: Scene) -> list[str]:
    """The pages, with one thing opened that has forms, and with a query that finds nothing."""
    return [
        "/sources", f"/artifacts/{scene.artifacts['faulty']}/lines/4", f"/artifacts/{scene.artifacts['unknown']}",
        "/artifacts?q=kind:rates", f"/artifacts/{scene.artifacts['table']}/mapping", f"/messages/{scene.messages['refused']}",
        f"/dead-letters/{scene.letters['deposits']}", f"/transactions/{scene.transaction}",
    ]  # fmt: skip


def test_a_dropped_file_is_kept_read_and_told_and_its_row_comes_by_itself(
    browse: Callable[..., Any], scene: Scene
) -> None:
    page = browse("/artifacts?q=source:dropped")
    live(page)
    page.click("[data-upload] summary")
    page.fill("#upload-source", "dropped")

    page.evaluate(DROP, ["good.csv", "date,text,amount\n2026-11-24,rent,-5.00\n2026-11-25,wage,7.00\n"])
    page.evaluate(DROP, ["open.csv", "When;What;Money\n01/02/2026;a;1.00\n03/04/2026;b;2.00\n"])

    until(lambda: page.locator("#uploads li").count() == 2 and page.locator("#uploads progress").count() == 0)
    told = page.inner_text("#uploads")
    assert "good.csv" in told and "open.csv" in told and "Unreadable" in told
    assert not page.evaluate("document.documentElement.classList.contains('is-dropping')")
    until(lambda: page.locator("#chip-new").is_visible() or page.locator("[data-rows] tr").count() == 2)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        rows = ingestion.find_artifacts(tx, ingestion.parse_artifacts("source:dropped"))
    assert sorted(row.filename for row in rows) == ["good.csv", "open.csv"]


def test_lines_are_walked_in_the_drawer_and_one_step_leads_to_the_book(
    browse: Callable[..., Any], scene: Scene
) -> None:
    page = browse(f"/artifacts/{scene.artifacts['faulty']}")
    assert page.inner_text("#hit").startswith("E-2")
    page.click("#s-faults a:has-text('Line 4')")
    until(lambda: page.inner_text("#hit").startswith("E-3"))
    assert page.url.endswith("/lines/4") and page.evaluate("document.activeElement.className") == "source"
    page.reload()
    assert page.locator("#hit").is_visible() and page.inner_text("#hit").startswith("E-3")

    page.goto(page.url.split("/artifacts")[0] + f"/transactions/{scene.transaction}")
    page.click("#s-origin a:has-text('wednesday.bai2, line')")
    page.wait_for_selector("#hit")
    assert str(scene.wire.reference) in page.inner_text("#hit")
    box = page.locator("#hit").bounding_box()
    assert box is not None and 0 < box["y"] < DESK[1], "the line is in sight"
    page.click("#s-records a:has-text('entries')")
    page.wait_for_url(f"**/transactions/{scene.transaction}")


def test_what_comes_and_what_dies_is_seen_at_once_and_put_back(browse: Callable[..., Any], scene: Scene) -> None:
    messages, letters = browse("/messages"), browse("/dead-letters")
    live(messages)
    live(letters)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        came = ingestion.ingest_payment(tx, raw(envelope("L-1", 777, transfer="acht_seen", reference="seen")))
    assert not isinstance(came, Refused)
    until(lambda: messages.locator("#chip-new").is_visible())
    messages.keyboard.press("n")
    until(lambda: "Waiting" in messages.inner_text(f"#row-{came.id}"))
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        paid = servicing.NewPayment("L-1", "acht_seen", 777, "USD", WEDNESDAY, "ach", ingestion_id=came.id)
        assert not isinstance(servicing.apply_payment(tx, paid), Refused)
    until(lambda: "Posted" in messages.inner_text(f"#row-{came.id}"))

    letter = bury(
        scene.database, scene.tenant, "recon.run", "ingestion.artifact.read", "art_9", "core.unavailable: late"
    )
    until(lambda: letters.locator("#chip-new").is_visible())
    letters.keyboard.press("n")
    letters.wait_for_selector(f"#row-{letter}")
    letters.click(f"#row-{letter} a")
    letters.wait_for_selector(OPEN)
    letters.click("#drawer summary:has-text('Put it back')")
    letters.click("#drawer form[action$='/requeue'] button")
    letters.wait_for_selector(".note-ok")
    assert "Requeued" in letters.inner_text(f"#row-{letter}")


def test_the_keyboard_walks_the_pages_of_evidence_and_they_work_without_script(
    browse: Callable[..., Any], scene: Scene
) -> None:
    page = browse()
    for key, path in (("a", "artifacts"), ("m", "messages"), ("x", "dead-letters"), ("t", "transactions")):
        page.keyboard.press("g")
        page.keyboard.press(key)
        page.wait_for_url(f"**/{scene.tenant.slug}/{path}")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_selector(OPEN)
        page.keyboard.press("Escape")
        page.wait_for_selector(OPEN, state="hidden")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/sources")

    plain = browse(f"/artifacts/{scene.artifacts['other_table']}/mapping", java_script_enabled=False)
    plain.select_option("#c1", "text")
    plain.select_option("#m-order", "mdy")
    plain.fill("#m-currency", "USD")
    plain.click("button:has-text('Look again')")
    assert "Fri 2 Jan 2026" in plain.inner_text("main")
    plain.click("button:has-text('Save, and read')")
    assert "This one was read: 3 records." in plain.inner_text("[role=status].note-ok")
    plain.click("nav.nav a:has-text('Artifacts')")
    plain.click("[data-upload] summary")
    table = b"date,amount\n2026-11-24,1.00\n"
    plain.set_input_files("#upload-file", {"name": "plain.csv", "mimeType": "text/csv", "buffer": table})
    plain.click("[data-upload] button")
    assert "plain.csv" in plain.inner_text("#drawer")


def test_every_page_fits_and_axe_finds_nothing(browse: Callable[..., Any], scene: Scene) -> None:
    assert looks.faults(browse(), [*paths(scene), "/transactions", "/messages"]) == []
