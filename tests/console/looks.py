"""How pages look, asked of each alike: none scrolls sideways, and axe finds nothing, with what is folded opened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT as AXE
from tests.console.conftest import DESK, PHONE

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS: Final = {
    DESK: ("light", {"type": "tag", "values": TAGS}),
    PHONE: ("dark", {"type": "rule", "values": ["color-contrast", "link-in-text-block", "target-size"]}),
}
"""A page is the same in both themes but for its colours, and on a phone but for where things lie: all rules are asked once."""
SIZES: Final = (DESK, (1024, 800), PHONE, (320, 800))
FORMS: Final = "details.deed"
ALL: Final = "details"
"""What is folded on a page: its forms, or its lists of lines too."""


def unfold(page: Any, folded: str = FORMS) -> None:
    """Every form (or everything) of a page is opened, so that what it says is seen too."""
    page.evaluate("folded => document.querySelectorAll(folded).forEach(one => { one.open = true; })", folded)


def faults(page: Any, paths: Iterable[str], *, folded: str = FORMS) -> list[str]:
    """What is wrong with how these pages look, from where the page is; each is loaded once."""
    return [fault for path in _walked(page, paths, folded) for fault in faults_of(page, path)]


def faults_of(page: Any, what: str) -> list[str]:
    """What is wrong with how the page looks as it is: no window is so narrow that it scrolls sideways, and axe finds nothing
    by light on a desk, nor in the dark on a phone."""
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{what} is {wide} wide at {width}")
        if (width, height) in LOOKS:
            scheme, rules = LOOKS[width, height]
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{what}, {scheme} at {width}: {fault}" for fault in _violations(page, rules)]
    return found


def _violations(page: Any, rules: dict[str, Any]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    violations = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [f"{each['id']} {[node['target'] for node in each['nodes']]}" for each in violations]


def _walked(page: Any, paths: Iterable[str], folded: str) -> Iterator[str]:
    here = page.url
    for path in paths:
        page.goto(here + path)
        unfold(page, folded)
        yield path
