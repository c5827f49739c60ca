"""The forms of the pages in a real browser: without script, with it, and their looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.components import requires
from tests.console import looks
from tests.console.test_acts import Stage, fund
from tests.console.test_acts import served as served
from tests.console.test_acts import stage as stage
from tests.console.test_browser import DESK, live
from tests.make import person

from headgate.console.sessions import Grant, make_link

pytestmark = [requires("chromium"), pytest.mark.slow]

Browse = Callable[..., Any]


@pytest.fixture
def browse(chromium: Any, served: str, stage: Stage) -> Iterator[Browse]:
    contexts = []

    def opened(path: str, who: str = "ann", size: tuple[int, int] = DESK, **facts: Any) -> Any:
        context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **facts)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        token = make_link(stage.database, actor=person(who), grants=[Grant(stage.tenant.id, "admin")])
        page.goto(f"{served}/console/enter?token={token}")
        page.goto(served + stage.at(path))
        return page

    yield opened
    for context in contexts:
        context.close()


def test_without_script_a_form_opens_is_sent_and_says_what_came_of_it(browse: Browse, stage: Stage) -> None:
    fund(stage, "210.00")
    page = browse(f"/gate/{stage.lacking}", java_script_enabled=False)

    page.click("summary:has-text('Split…')")
    assert "2 of 3 payments, 200.00 USD" in page.inner_text("form[action$='/split']")
    page.click("button:has-text('Pay what the funds cover')")

    assert page.url.split("?")[0].endswith(f"/payrolls/{stage.lacking}")
    assert "Split: 200.00 USD is reserved" in page.inner_text("[role=status]:has-text('Split')")


def test_with_script_nothing_is_sent_on_old_figures_nor_twice(browse: Browse, stage: Stage) -> None:
    page = browse(f"/gate/{stage.lacking}")
    live(page)
    page.click("summary:has-text('Ask again…')")
    form = "form[action$='/judge']"

    # In one go: a tick of the live page would say that it is connected.
    page.evaluate(
        "form => { document.querySelector('#fresh').classList.add('is-stale'); document.querySelector(form + ' button').click() }",
        form,
    )
    assert "The figures are old" in page.inner_text(form) and "said=" not in page.url
    page.evaluate("document.querySelector('#fresh').classList.remove('is-stale')")
    page.evaluate("document.querySelector('tr.detail .changed').hidden = false")
    page.click(f"{form} button")
    assert "has changed since it was read" in page.inner_text(form) and "said=" not in page.url
    page.evaluate("document.querySelector('tr.detail .changed').hidden = true")
    page.dblclick(f"{form} button")

    page.wait_for_url("**/gate/*said=*")
    assert "Judged again: the gate still holds PR-lacking, 300.00 USD is missing." in page.inner_text("tr.detail")
    assert "asked 2 times" in page.inner_text("tr.detail")


def test_open_forms_fit_and_axe_finds_nothing(browse: Browse, served: str, stage: Stage) -> None:
    page = browse(f"/files/{stage.file}")
    page.click("summary:has-text('Say what')")
    page.check("input[value=absent]")
    page.fill("textarea", "their desk")
    page.click("button:has-text('Ask another person')")
    bob = browse(f"/files/{stage.file}", "bob")
    looks.unfold(bob)
    page.goto(served + stage.at(""))

    found = looks.faults_of(bob, "what another asked")
    found += looks.faults(page, (f"/gate/{stage.policy}", "/funding", f"/payrolls/{stage.passed}"))
    assert found == []
