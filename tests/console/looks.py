"""How pages look, asked of each alike: none scrolls sideways, and axe finds nothing, with what is folded opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from axe_playwright_python.sync_playwright import Axe

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}
COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
"""What a theme can break: the pages of both are the same but for their colours, so that all rules are asked of one."""
FORMS: Final = "details.deed"
ALL: Final = "details"
"""What is folded on a page: its forms, or its lists of lines too."""


def unfold(page: Any, folded: str = FORMS) -> None:
    """Every form (or everything) of a page is opened, so that what it says is seen too."""
    page.evaluate("folded => document.querySelectorAll(folded).forEach(one => { one.open = true; })", folded)


def too_wide(page: Any, paths: Iterable[str], width: int, *, folded: str = FORMS) -> list[str]:
    """Which of these pages, from where the page is, are wider than the window."""
    return [
        f"{path} is {wide} wide at {width}"
        for path in _walked(page, paths, folded)
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width
    ]


def faults(page: Any, paths: Iterable[str], scheme: str, *, folded: str = FORMS) -> list[str]:
    """What axe finds on these pages, from where the page is, in a colour scheme."""
    return [fault for path in _walked(page, paths, folded) for fault in faults_of(page, path, scheme)]


def faults_of(page: Any, what: str | None, scheme: str) -> list[str]:
    """What axe finds on the page as it is."""
    found = Axe().run(page, options=RULES if scheme == "light" else COLOURS).response["violations"]
    return [f"{what}: {each['id']} {[node['target'] for node in each['nodes']]}" for each in found]


def _walked(page: Any, paths: Iterable[str], folded: str) -> Iterator[str]:
    here = page.url
    for path in paths:
        page.goto(here + path)
        unfold(page, folded)
        yield path
