"""Payrolls, gate, funding and files at their doors: who sees what, and what each page says, without a browser."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Callable
from datetime import date

import httpx
import pytest
from tests import make
from tests.console import scenes
from tests.console.scenes import Scene
from tests.make import TenantFixture, usd

from headgate import payments, tenants
from headgate.console import bars, gate, render
from headgate.console import files as files_screen
from headgate.console import funding as funding_screen
from headgate.console.bars import Bar, Part
from headgate.core.db import Database

pytestmark = pytest.mark.slow

Enter = Callable[..., httpx.Client]
SCREENS = ("payrolls", "gate", "funding", "files")


@pytest.fixture(scope="module")
def scene(database: Database) -> Scene:
    return scenes.at_the_gate(database)


@pytest.fixture
def stranger(database: Database) -> TenantFixture:
    return make.tenant(database)


def at(scene: Scene, path: str = "") -> str:
    return f"/console/{scene.tenant.slug}{path}"


def items(scene: Scene) -> dict[str, str]:
    """One thing of each screen."""
    return {"payrolls": scene.conflict, "gate": scene.lacking, "funding": scene.unknown, "files": scene.file}


def addresses(scene: Scene) -> list[str]:
    """Every address of the four screens."""
    found = []
    for screen, item in items(scene).items():
        found += [f"/{screen}", f"/{screen}/rows?id={item}", f"/{screen}/{item}"]
    return found


def said(page: httpx.Response) -> str:
    """What a page says, without its markup."""
    apart = re.sub(r"</(dt|h2)>", " ", page.text)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", apart)))


# ---------- who sees what


def test_signed_out_nothing_is_shown(scene: Scene, client: httpx.Client) -> None:
    for path in addresses(scene):
        answer = client.get(at(scene, path))
        assert answer.status_code == 401 and "You are not signed in" in answer.text, path
        assert scene.tenant.slug not in answer.text


@pytest.mark.parametrize("fragment", [{}, {"X-Headgate-Fragment": "drawer"}], ids=["page", "fragment"])
def test_another_tenant_is_not_there(
    scene: Scene, stranger: TenantFixture, enter: Enter, fragment: dict[str, str]
) -> None:
    client = enter(stranger)

    for path in addresses(scene):
        answer = client.get(at(scene, path), headers=fragment)
        assert answer.status_code == 404, path
        assert not re.search("PR-|620.00|77.10|Second", answer.text), path


@pytest.mark.parametrize("fragment", [{}, {"X-Headgate-Fragment": "drawer"}], ids=["page", "fragment"])
def test_what_is_another_tenants_is_not_there_under_ones_own_address(
    scene: Scene, stranger: TenantFixture, enter: Enter, fragment: dict[str, str]
) -> None:
    client = enter(stranger)

    for screen, item in items(scene).items():
        one = client.get(f"/console/{stranger.slug}/{screen}/{item}", headers=fragment)
        assert one.status_code == 404 and not re.search("PR-|620.00|77.10|Second", one.text), screen
        rows = client.get(f"/console/{stranger.slug}/{screen}/rows", params={"id": item})
        assert (rows.status_code, rows.text.strip()) == (200, ""), screen
        assert item not in client.get(f"/console/{stranger.slug}/{screen}").text


def test_a_role_without_the_right_sees_nothing(scene: Scene, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    client = enter(scene.tenant, role="readonly")
    assert all(client.get(at(scene, path)).status_code == 200 for path in addresses(scene))

    for right in ("cases.read", "funding.read"):
        monkeypatch.setattr(tenants.roles, "ROLES", {"readonly": frozenset({right})})
        for path in addresses(scene):
            answer = client.get(at(scene, path))
            assert answer.status_code == 403 and "core.forbidden" in answer.text, (right, path)
            assert not re.search("PR-|620.00|77.10", answer.text)


def test_without_the_right_to_read_funding_its_figures_are_not_told(
    scene: Scene, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = enter(scene.tenant, role="readonly")
    monkeypatch.setattr(tenants.roles, "ROLES", {"readonly": frozenset({"payments.read"})})

    for path in addresses(scene):
        refused = path.startswith(("/gate", "/funding"))
        assert client.get(at(scene, path)).status_code == (403 if refused else 200), path


# ---------- what a page says


def test_the_gate_says_why_what_would_open_it_and_what_the_client_sees(scene: Scene, enter: Enter) -> None:
    client = enter(scene.tenant)

    page = client.get(at(scene, "/gate"))
    text = said(page)
    assert "Required, USD 1,520.00 by 2 blocks" in text and "Shortfall 1,190.00 2 short" in text
    assert "Available 330.00 to those blocks" in text and "700.00 is asked for" in text
    assert page.text.index("reservation conflict, commit gate") < page.text.index("insufficient funds, commit gate")
    assert '<span class="count">2<span' in page.text, "what waits is counted in the navigation"

    lacking = said(client.get(at(scene, f"/gate/{scene.lacking}")))
    assert "The commit gate needs 620.00 USD: net pay 620.00." in lacking
    assert "The account had 130.00, none of it reserved: 130.00 was available." in lacking
    assert "Covered if the client pays what it was asked for by Thu 10 Dec: 490.00 has not come." in lacking
    assert "The client funds the account, 490.00" in lacking and "1 to 3 days · its wires name HG" in lacking
    assert "Split the payroll, pay 2 of 3 people now" in lacking and "120.00 fits" in lacking
    assert "“Your account balance is insufficient. Please fund $490.00 to proceed.”" in lacking

    conflict = said(client.get(at(scene, f"/gate/{scene.conflict}")))
    assert "net pay 800.00, taxes 100.00" in conflict and "reservations of others hold it" in conflict
    assert "The account had 1,000.00, of which 800.00 is reserved or pending for others" in conflict
    assert "Reserved by PR-passed" in conflict


def test_a_block_whose_money_came_says_that_it_would_open(database: Database, enter: Enter, address: str) -> None:
    scene = scenes.at_the_gate(database)
    client = enter(scene.tenant)
    scenes.fund_the_second(scene, "490.00")

    text = said(client.get(at(scene, f"/gate/{scene.lacking}")))
    assert "The account has 620.00 now: the gate opens when the payroll is judged again." in text
    assert "Ask the gate again" in text and "against 620.00 available now, under number 2" in text
    assert "Split the payroll" not in text

    assert scenes.ask_again(scene) == "committed"
    assert "PR-lacking" not in said(client.get(at(scene, "/gate")))
    gone = client.get(at(scene, f"/gate/{scene.lacking}"))
    assert gone.status_code == 404 and "The gate holds no payroll" in gone.text
    row = client.get(at(scene, "/gate/rows"), params={"id": [scene.lacking, scene.conflict]}).text
    assert f'id="row-{scene.lacking}" class="is-left"' in row and "the gate let it go" in row
    assert f'id="row-{scene.conflict}">' in row


def test_a_payroll_is_shown_with_its_money_and_the_gates_words(scene: Scene, enter: Enter) -> None:
    client = enter(scene.tenant)

    listed = said(client.get(at(scene, "/payrolls")))
    assert "USD 2,360.00 · 4 payrolls" in listed and "Held at the gate 1,520.00 · 2" in listed
    held = client.get(at(scene, f"/payrolls/{scene.conflict}"))
    text = said(held)
    assert "The commit gate holds it: reservation conflict. 700.00 USD was missing." in text
    assert "Net pay 2 payments 800.00" in text and "Taxes 1 payment 100.00" in text and "Total 900.00" in text
    assert "Commit gate, no. 1: held, reservation conflict. Needed 900.00, available 200.00" in text
    assert f'href="{at(scene)}/gate/{scene.conflict}"' in held.text
    passed = said(client.get(at(scene, f"/payrolls/{scene.passed}")))
    assert "800.00 USD was reserved" in passed and "judged again and sent when its day comes" in passed


def test_a_file_is_shown_with_its_way_and_its_entries(scene: Scene, enter: Enter) -> None:
    client = enter(scene.tenant)

    listed = said(client.get(at(scene, "/files")))
    assert "USD 40.00 · 1 file, 1 entry" in listed and "not handed over yet" in listed
    page = client.get(at(scene, f"/files/{scene.file}"))
    text = said(page)
    assert "Written, its name and bytes fixed" in text and "Next: it is handed over" in text
    assert "Employee Number1" in text and "account ··0001" in text and "55500" not in page.text
    found = client.get(at(scene, f"/payments?q=file:{scene.file}"))
    assert "USD <b>40.00</b> · 1 payment<" in found.text


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("pending", [("done", "Written"), ("next", "Next: it is handed over"), ("next", "The bank's statement")]),
        ("delivered", [("done", "Written"), ("done", "Handed over"), ("next", "Next: the bank acknowledges"),
                       ("next", "The bank's statement")]),
        ("outcome_unknown", [("done", "Written"), ("bad", "Nobody knows"), ("next", "The bank's statement")]),
        ("rejected", [("done", "Written"), ("done", "Handed over"), ("bad", "Refused by the bank")]),
        ("settled", [("done", "Written"), ("done", "Handed over"), ("done", "Settled on")]),
    ],
)  # fmt: skip
def test_every_state_of_a_file_has_its_way(
    database: Database, scene: Scene, status: str, says: list[tuple[str, str]]
) -> None:
    with database.begin(tenant_id=scene.tenant.id, actor=make.ACTOR) as tx:
        row = payments.file_row(tx, scene.file)
    handed = row.created_at if status in ("delivered", "rejected", "settled") else None
    settled_on = row.effective_on if status == "settled" else None

    steps = files_screen.steps(dataclasses.replace(row, status=status, delivered_at=handed, settled_on=settled_on))

    assert [step.state for step in steps] == [state for state, _ in says]
    assert all(step.text.startswith(words) for step, (_, words) in zip(steps, says, strict=True))
    assert status in files_screen.BANK_SAYS and render.badge_of(status).icon


def test_funding_says_what_came_what_nobody_paid_and_what_must_still_come(scene: Scene, enter: Enter) -> None:
    client = enter(scene.tenant)

    page = client.get(at(scene, "/funding"))
    text = said(page)
    assert "Came in, USD 1,247.10 3 deposits" in text and "Of an unknown payer 77.10 1 deposit, in suspense" in text
    assert "Still missing 1,190.00 for 2 payrolls at the gate" in text
    assert "Thu 10 Dec" in text and "1,190.00 must still come" in text
    assert "Mon 30 Nov, today" in text and "Waited for 2" in text
    one = said(client.get(at(scene, f"/funding/{scene.unknown}")))
    assert "it lies in suspense, and nobody's funds were raised" in one and "wire-3" in one


@pytest.mark.parametrize("screen", SCREENS)
def test_a_bad_query_says_what_is_wrong_and_shows_all(scene: Scene, enter: Enter, screen: str) -> None:
    client = enter(scene.tenant)
    count = client.get(at(scene, f"/{screen}")).text.count('id="row-')

    page = client.get(at(scene, f"/{screen}"), params={"q": "statis:<b>x</b>"})

    assert page.status_code == 200 and count > 0
    assert 'role="alert"' in page.text and "&#39;statis:&lt;b&gt;x&lt;/b&gt;&#39; is no term of this list" in page.text
    assert page.text.count('id="row-') == count and "<b>x</b>" not in page.text
    assert 'data-query=""' in page.text


@pytest.mark.parametrize(
    ("screen", "query", "dropped"),
    [
        ("payrolls", "status:paid amount:>1", "Drop status:paid, 4 match"),
        ("gate", "gate:pay reason:insufficient_funds", "Drop gate:pay, 1 matches"),
        ("funding", "rail:realtime amount:>100", "Drop rail:realtime, 2 match"),
        ("files", "status:rejected age:<1d", "Drop status:rejected, 1 matches"),
    ],
)
def test_a_query_that_finds_nothing_offers_the_term_to_drop(
    scene: Scene, enter: Enter, screen: str, query: str, dropped: str
) -> None:
    page = enter(scene.tenant).get(at(scene, f"/{screen}"), params={"q": query})

    assert 'id="row-' not in page.text and dropped in said(page) and "Clear the filter" in page.text


@pytest.mark.parametrize(
    ("screen", "says"),
    [
        ("payrolls", "No payrolls yet"),
        ("gate", "Nothing is held at the gate"),
        ("funding", "No deposits yet"),
        ("files", "No files yet"),
    ],
)
def test_a_new_tenant_says_what_would_be_here(stranger: TenantFixture, enter: Enter, screen: str, says: str) -> None:
    page = enter(stranger).get(f"/console/{stranger.slug}/{screen}")

    assert page.status_code == 200 and says in page.text and '<span class="count">' not in page.text


@pytest.mark.parametrize("screen", SCREENS)
def test_every_view_is_a_query_of_its_list(scene: Scene, enter: Enter, screen: str) -> None:
    client = enter(scene.tenant)
    views = re.search(r'<nav class="views".*?</nav>', client.get(at(scene, f"/{screen}")).text, re.DOTALL)
    assert views

    links = re.findall(r'href="([^"]+)"', views[0])
    assert len(links) >= 5
    for link in links:
        page = client.get(html.unescape(link))
        assert page.status_code == 200 and "query-error" not in page.text
        assert page.text.count('aria-current="true">') >= 1, f"{link} marks its view"


@pytest.mark.parametrize("screen", SCREENS)
def test_an_id_in_the_box_leads_to_its_page(scene: Scene, enter: Enter, screen: str) -> None:
    item = items(scene)[screen]

    page = enter(scene.tenant).get(at(scene, f"/{screen}"), params={"q": f" {item} "})

    assert str(page.url).endswith(at(scene, f"/{screen}/{item}"))
    assert f'id="row-{item}" aria-current="true"' in page.text


@pytest.mark.parametrize("screen", SCREENS)
def test_the_fragment_is_the_same_as_on_the_page(scene: Scene, enter: Enter, screen: str) -> None:
    client, item = enter(scene.tenant), items(scene)[screen]

    alone = client.get(at(scene, f"/{screen}/{item}"), headers={"X-Headgate-Fragment": "drawer"})
    whole = client.get(at(scene, f"/{screen}/{item}"))

    assert "<html" in whole.text and "<html" not in alone.text
    assert f'data-subject="{item}"' in alone.text and f'data-subject="{item}"' in whole.text
    assert said(alone).strip() in said(whole)


@pytest.mark.parametrize("screen", ["payrolls", "funding", "files"])
def test_the_lists_page_by_key(scene: Scene, enter: Enter, monkeypatch: pytest.MonkeyPatch, screen: str) -> None:
    client = enter(scene.tenant)
    everything = re.findall(r'id="row-(\w+)"', client.get(at(scene, f"/{screen}")).text)
    monkeypatch.setattr("headgate.console.lists.ROWS", 1)

    seen: list[str] = []
    path: str | None = at(scene, f"/{screen}")
    while path:
        page = client.get(path)
        seen += re.findall(r'id="row-(\w+)"', page.text)
        older = re.search(r'href="([^"]+)">Older', page.text)
        path = html.unescape(older[1]) if older else None
    assert seen == everything == sorted(everything, reverse=True)


@pytest.mark.parametrize("screen", SCREENS)
def test_rows_that_changed_say_whether_they_left_the_query(scene: Scene, enter: Enter, screen: str) -> None:
    client, item = enter(scene.tenant), items(scene)[screen]
    rows = at(scene, f"/{screen}/rows")

    stays = client.get(rows, params={"id": [item, "x_nothing"], "q": ""}).text
    left = client.get(rows, params={"id": item, "q": "currency:EUR"}).text

    assert f'id="row-{item}">' in stays and stays.count("<tr") == 1 and "left this list" not in stays
    assert f'id="row-{item}" class="is-left"' in left and "left this list" in left
    assert "is-left" not in client.get(rows, params={"id": item, "q": "no such:term"}).text


def test_names_are_shown_as_text_and_stand_in_no_address(scene: Scene, enter: Enter) -> None:
    client = enter(scene.tenant)

    for path in addresses(scene):
        page = client.get(at(scene, path))
        assert "Second & Sons" not in page.text, "the ampersand is escaped"
        places = " ".join([*re.findall(r'(?:href|action|data-[a-z-]+|title)="([^"]*)"', page.text)])
        assert not re.search("Employee|Sons|55500", places)
        assert not re.search(r"<script(?![^>]*src=)|\son[a-z]+=|javascript:|<style", page.text)
        assert "script-src 'self';" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/payrolls/prl_nothing", 404, "prl_nothing"),
        ("/gate/prl_nothing", 404, "prl_nothing"),
        ("/funding/dep_nothing", 404, "dep_nothing"),
        ("/files/fil_nothing", 404, "fil_nothing"),
        ("/gate?q=" + "x" * 301, 400, "core.malformed"),
        ("/files/rows", 400, "core.malformed"),
    ],
)
def test_what_goes_wrong_is_told_as_a_page(scene: Scene, enter: Enter, path: str, status: int, says: str) -> None:
    page = enter(scene.tenant).get(at(scene, path))

    assert page.status_code == status and says in page.text
    assert "<h1>" in page.text and page.headers["x-request-id"] in page.text


# ---------- figures that are pure


def test_bars_are_to_scale_from_zero() -> None:
    drawn = bars.to_scale(
        [
            Bar("need", (Part("need", usd("400.00")),), usd("400.00")),
            Bar("have", (Part("sure", usd("100.00")), Part("missing", usd("300.00"))), usd("100.00")),
            Bar("nothing", (Part("sure", usd("0.00")),), usd("0.00")),
            Bar("below", (Part("sure", usd("-5.00")),), usd("-5.00")),
        ]
    )

    assert [one.widths for one in drawn] == [
        (("need", 100.0),), (("sure", 25.0), ("missing", 75.0)), (), (),
    ]  # fmt: skip
    assert bars.to_scale([Bar("nothing", (Part("sure", usd("0.00")),), usd("0.00"))])[0].widths == ()
    assert bars.to_scale([]) == []


def test_the_plots_days_reach_what_is_waited_for_where_that_is_near() -> None:
    monday = date(2026, 11, 30)

    def ahead(last: date) -> list[str]:
        return [f"{day:%d %b}" for day in funding_screen.banking_days(monday, last)]

    week = ["23 Nov", "24 Nov", "25 Nov", "27 Nov", "30 Nov", "01 Dec", "02 Dec", "03 Dec", "04 Dec"]
    assert ahead(monday) == week, "Thanksgiving is no banking day"
    assert ahead(date(2026, 12, 8)) == [*week, "07 Dec", "08 Dec"]
    assert ahead(date(2027, 6, 1))[-1] == "14 Dec", "what is far off has a line of its own"
    assert funding_screen.banking_days(date(2026, 11, 28), monday)[4] == monday


def test_what_an_account_has_is_counted_once_however_many_wait_for_it(database: Database, scene: Scene) -> None:
    with database.begin(tenant_id=scene.tenant.id, actor=make.ACTOR) as tx:
        blocks = payments.held_payrolls(tx)
    (once,), (twice,) = gate.totals(blocks), gate.totals([*blocks, *blocks])

    assert (once.available, once.required) == (usd("330.00"), usd("1520.00"))
    assert (twice.available, twice.required) == (usd("330.00"), usd("3040.00"))
    assert gate.totals([]) == []
