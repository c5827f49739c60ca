"""The console's doors: who gets in, who sees what, and what a page says, without a browser."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from tests import make
from tests.console.book import LONG, NASTY, Book
from tests.console.conftest import OPERATOR, link_to
from tests.make import TenantFixture

from headgate import cases, payments, tenants
from headgate.console import routes
from headgate.console.sessions import COOKIE, Grant, make_link
from headgate.core.db import Actor, Database

pytestmark = pytest.mark.slow

Enter = Callable[..., httpx.Client]


def at(book: Book, path: str = "") -> str:
    return f"/console/{book.tenant.slug}{path}"


def figures(page: httpx.Response) -> list[str]:
    """The five figures of the canal, from expected to settled."""
    return re.findall(r'class="sum">(?:<a[^>]*>)?([0-9,.]+)<', page.text)


# ---------- who gets in


def test_a_link_works_once_and_leads_to_the_overview(database: Database, book: Book, client: httpx.Client) -> None:
    link = link_to(database, book.tenant)

    first = client.get(link)
    assert first.status_code == 200 and str(first.url).endswith(at(book))
    assert "token" not in str(first.url)
    client.cookies.clear()
    again = client.get(link)
    assert again.status_code == 401 and "You are not signed in" in again.text
    assert client.get("/console").status_code == 401


def test_the_cookie_is_out_of_reach_of_script_and_other_sites(
    database: Database, book: Book, client: httpx.Client
) -> None:
    answer = client.get(link_to(database, book.tenant), follow_redirects=False)

    assert answer.status_code == 303 and answer.headers["location"] == "/console"
    assert answer.headers["cache-control"] == "no-store" and answer.headers["referrer-policy"] == "no-referrer"
    flags = answer.headers["set-cookie"].lower()
    assert flags.startswith(COOKIE) and "secure" not in flags
    assert {"httponly", "samesite=lax", "path=/console", "max-age=43200"} <= set(flags.split("; "))


@pytest.mark.parametrize(
    "path",
    ["", "/{t}", "/{t}/payments", "/{t}/payments/live", "/{t}/payments/rows?id=x", "/{t}/payments/{p}", "/{t}/x"],
)
def test_signed_out_nothing_is_shown(book: Book, client: httpx.Client, path: str) -> None:
    answer = client.get("/console" + path.format(t=book.tenant.slug, p=book.returned))

    assert answer.status_code == 401
    assert "You are not signed in" in answer.text and book.tenant.slug not in answer.text


def test_leaving_ends_the_session_on_the_server(database: Database, book: Book, enter: Enter) -> None:
    client = enter(book.tenant)
    cookie = client.cookies[COOKIE]

    assert client.post("/console/leave").status_code == 401
    assert COOKIE not in client.cookies
    assert client.get(at(book), headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 401


def test_a_session_past_its_life_is_signed_out(book: Book, enter: Enter, admin: psycopg.Connection[Any]) -> None:
    client = enter(book.tenant)
    assert client.get(at(book)).status_code == 200

    admin.execute("UPDATE console.sessions SET expires_at = clock_timestamp()")

    assert client.get(at(book)).status_code == 401
    assert client.get(at(book, "/payments/live")).status_code == 401


def test_an_open_live_page_ends_with_its_session(
    book: Book, enter: Enter, admin: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "RECHECK_SECONDS", 0.0)
    client = enter(book.tenant)

    with client.stream("GET", at(book, "/payments/live"), timeout=10) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith(("id:", "event: tick"))
        admin.execute("UPDATE console.sessions SET expires_at = clock_timestamp()")
        rest = list(itertools.islice(lines, 30))
    assert len(rest) < 30, "the server ended it"


# ---------- who sees what


@pytest.fixture
def stranger(database: Database) -> TenantFixture:
    return make.tenant(database)


@pytest.mark.parametrize("path", ["", "/payments", "/payments/rows?id={p}", "/payments/{p}", "/payments/live"])
def test_another_tenant_is_not_there(book: Book, stranger: TenantFixture, enter: Enter, path: str) -> None:
    answer = enter(stranger).get(at(book, path.format(p=book.returned)))

    assert answer.status_code == 404
    assert "Entity" not in answer.text and "500.25" not in answer.text


@pytest.mark.parametrize("fragment", [{}, {"X-Headgate-Fragment": "drawer"}])
def test_another_tenants_payment_is_not_there_under_ones_own_address(
    book: Book, stranger: TenantFixture, enter: Enter, fragment: dict[str, str]
) -> None:
    client = enter(stranger)

    answer = client.get(f"/console/{stranger.slug}/payments/{book.returned}", headers=fragment)
    assert answer.status_code == 404 and "500.25" not in answer.text
    rows = client.get(f"/console/{stranger.slug}/payments/rows", params={"id": book.returned})
    assert (rows.status_code, rows.text.strip()) == (200, "")


def test_a_role_without_the_right_sees_nothing(book: Book, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    client = enter(book.tenant, role="readonly")
    assert client.get(at(book, "/payments")).status_code == 200
    monkeypatch.setattr(tenants.roles, "ROLES", {"readonly": frozenset({"cases.read"})})

    for path in ("", "/payments", f"/payments/{book.returned}", "/payments/rows?id=x", "/payments/live"):
        answer = client.get(at(book, path))
        assert answer.status_code == 403 and "core.forbidden" in answer.text
        assert "500.25" not in answer.text


def test_a_role_that_is_no_more_opens_nothing(database: Database, book: Book, client: httpx.Client) -> None:
    token = make_link(database, actor=OPERATOR, grants=[Grant(book.tenant.id, "wizard")])

    assert client.get(f"/console/enter?token={token}").status_code == 403


@pytest.mark.parametrize("slug", ["enter", "leave", "static"])
@pytest.mark.slow
def test_a_tenant_named_as_one_of_our_addresses_shadows_nothing_and_is_reached_by_its_id(
    empty_database: Database, slug: str
) -> None:
    from tests.console.conftest import serving

    made = tenants.create_tenant(empty_database, slug=slug, name="Odd", livemode=False)
    token = make_link(empty_database, actor=OPERATOR, grants=[Grant(made.id, "readonly")])
    with (
        serving(empty_database) as address,
        httpx.Client(base_url=address, follow_redirects=True, timeout=30) as client,
    ):
        page = client.get(f"/console/enter?token={token}")
        assert page.status_code == 200 and str(page.url).endswith(f"/console/{made.id}")
        assert f'href="/console/{made.id}/payments"' in page.text
        assert client.get("/console/static/console.css").status_code == 200
        assert client.get("/console/enter?token=x").status_code == 401
        assert client.post("/console/leave").status_code == 401


def test_the_console_is_in_no_openapi_document(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()

    assert document["paths"] and not any("console" in path for path in document["paths"])


# ---------- what a page says


def test_the_overview_shows_the_figures_of_the_queries(database: Database, book: Book, enter: Enter) -> None:
    client = enter(book.tenant)
    with database.begin(tenant_id=book.tenant.id, actor=Actor.system("test")) as tx:
        flow = payments.flow(tx, currency="USD")
        open_cases = cases.count_open(tx)

    page = client.get(at(book))

    # Passed the gate: 1750.25, the tax of 200.00, 200.00 of which 120.00 cannot be sent. For good settled: 1000.00 + 250.00.
    expected = [flow.reserved + flow.held, flow.reserved + flow.held_here, flow.reserved, flow.sent, flow.settled]
    assert figures(page) == [f"{amount.major:,.2f}" for amount in expected]
    assert figures(page)[2:] == ["2,150.25", "1,830.25", "1,250.00"]
    assert f"Held at the gate: {flow.held.major:,.2f} for 1 payroll" in page.text
    assert f'Needs a person</h2><span class="meta">{open_cases}</span>' in page.text
    for query in re.findall(r'class="sum"><a href="[^?]+\?q=([^"]+)"', page.text):
        found = client.get(at(book, f"/payments?q={html.unescape(query)}"))
        assert "query-error" not in found.text
        total = re.search(r"USD <b>([0-9,.]+)</b>", found.text)
        assert total and total[1] in figures(page), "a figure opens its rows, and they add up to it"


def test_a_bad_query_says_what_is_wrong_and_shows_all(book: Book, enter: Enter) -> None:
    page = enter(book.tenant).get(at(book, "/payments"), params={"q": "statis:<b>x</b>"})

    assert page.status_code == 200
    assert 'role="alert"' in page.text and "&#39;statis:&lt;b&gt;x&lt;/b&gt;&#39; is no term of this list" in page.text
    assert page.text.count("<tr role=") == 1 + 9
    assert "<b>x</b>" not in page.text


def test_a_query_filters_rows_and_totals(book: Book, enter: Enter) -> None:
    page = enter(book.tenant).get(at(book, "/payments"), params={"q": "status:returned"})

    assert page.text.count("<tr role=") == 1 + 1
    assert "USD <b>500.25</b> · 1 payment<" in page.text
    assert f'href="{at(book)}/payments/{book.returned}?q=status%3Areturned"' in page.text


def test_a_query_that_finds_nothing_offers_the_term_to_drop(book: Book, enter: Enter) -> None:
    client = enter(book.tenant)

    page = client.get(at(book, "/payments"), params={"q": "status:settled amount:>5000"})
    assert "No payment matches" in page.text and "Drop amount:&gt;5000, 2 match<" in page.text
    alone = client.get(at(book, "/payments"), params={"q": "code:R77"})
    assert "No payment matches" in alone.text and "Drop" not in alone.text


def test_an_id_in_the_box_leads_to_its_payment(book: Book, enter: Enter) -> None:
    page = enter(book.tenant).get(at(book, "/payments"), params={"q": f" {book.returned} "})

    assert str(page.url).endswith(at(book, f"/payments/{book.returned}"))


def test_the_list_pages_by_key(book: Book, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.console.lists.ROWS", 4)
    client = enter(book.tenant)

    seen: list[str] = []
    path: str | None = at(book, "/payments?q=-status:sent")
    while path:
        page = client.get(path)
        seen += re.findall(r'<tr role="row" id="row-(pay_\w+)"', page.text)
        older = re.search(r'href="([^"]+)">Older', page.text)
        path = html.unescape(older[1]) if older else None
    assert len(seen) == len(set(seen)) == 8 and seen == sorted(seen, reverse=True)


def test_the_drawer_tells_the_whole_life(book: Book, enter: Enter) -> None:
    client = enter(book.tenant)

    whole = client.get(at(book, f"/payments/{book.returned}?q=status:returned"))
    alone = client.get(at(book, f"/payments/{book.returned}"), headers={"X-Headgate-Fragment": "drawer"})

    for page in (whole, alone):
        assert "Why is it here?" in page.text and "R03" in page.text
        assert page.text.count('<table class="t">') == 4
        assert "payments.instruction.returned" in page.text and "returns.ach" in page.text
    assert "<html" in whole.text and "<html" not in alone.text
    assert f'href="{at(book)}/payments?q=status%3Areturned" data-close' in whole.text


def test_names_are_shown_as_text(book: Book, enter: Enter) -> None:
    client = enter(book.tenant)

    listed = client.get(at(book, "/payments")).text
    assert html.escape(NASTY).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in listed
    assert "<script>alert" not in listed and LONG in listed
    payment_id = re.search(r"/payments/(pay_\w+)\">&lt;script", listed)
    assert payment_id
    assert "<script>alert" not in client.get(at(book, f"/payments/{payment_id[1]}")).text


def test_no_name_is_in_an_address_or_a_title(book: Book, enter: Enter) -> None:
    client = enter(book.tenant)
    listed = client.get(at(book, "/payments")).text
    drawer = client.get(at(book, f"/payments/{book.returned}")).text

    for page in (listed, drawer):
        places = " ".join(
            [*re.findall(r'(?:href|action|data-[a-z-]+|title)="([^"]*)"', page), page.split("</title>")[0]]
        )
        assert not re.search("script|Employee|Maximiliana|555000", places.replace("console.js", ""))
    assert "<title>" + book.returned in drawer


def test_nothing_inline_runs_and_the_policy_says_so(book: Book, enter: Enter) -> None:
    client = enter(book.tenant)

    for path in ("", "/payments", f"/payments/{book.returned}", "/nothing"):
        page = client.get(at(book, path))
        assert not re.search(r"<script(?![^>]*src=)|\son[a-z]+=|javascript:|<style", page.text)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy and page.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/payments/pay_nothing", 404, "pay_nothing"),
        ("/payroll", 404, "There is no such page."),
        ("?currency=dollars", 400, "core.malformed"),
        ("/payments?q=" + "x" * 301, 400, "core.malformed"),
        ("/payments/rows", 400, "core.malformed"),
        ("/payments/live?after=-1", 400, "core.malformed"),
    ],
)
def test_what_goes_wrong_is_told_as_a_page(book: Book, enter: Enter, path: str, status: int, says: str) -> None:
    page = enter(book.tenant).get(at(book, path))

    assert page.status_code == status and says in page.text
    assert "<h1>" in page.text and page.headers["x-request-id"] in page.text


def test_rows_that_changed_say_whether_they_left_the_query(book: Book, enter: Enter) -> None:
    client = enter(book.tenant)
    rows = at(book, "/payments/rows")

    stays = client.get(rows, params={"id": [book.returned, "pay_nothing"], "q": "status:returned"}).text
    left = client.get(rows, params={"id": book.returned, "q": "status:settled"}).text

    assert f'id="row-{book.returned}">' in stays and "left this list" not in stays
    assert f'id="row-{book.returned}" class="is-left"' in left and "left this list" in left
    assert "is-left" not in client.get(rows, params={"id": book.returned, "q": "no such:term"}).text


def test_a_new_tenant_says_what_would_be_here(database: Database, stranger: TenantFixture, enter: Enter) -> None:
    client = enter(stranger)

    overview = client.get(f"/console/{stranger.slug}").text
    assert "No money is in motion yet" in overview and "Nothing is held" in overview and "Nobody is asked" in overview
    assert "No payments yet" in client.get(f"/console/{stranger.slug}/payments").text


def test_a_test_tenant_shows_its_own_clock(
    database: Database, book: Book, stranger: TenantFixture, enter: Enter
) -> None:
    client = enter(book.tenant, stranger)

    assert "· clock 2 Dec 09:0" in client.get(at(book)).text
    fresh = client.get(f"/console/{stranger.slug}").text
    assert "no money moves" in fresh and "· clock" not in fresh
    assert f'href="/console/{stranger.slug}/payments"' in client.get(at(book, "/payments")).text


def test_live_money_is_said_everywhere(database: Database, enter: Enter) -> None:
    live = make.tenant(database, livemode=True)
    page = enter(live).get(f"/console/{live.slug}").text

    assert 'class="mode-live"' in page and "real money" in page and "no money moves" not in page


def test_a_tenant_that_does_not_exist_is_not_there(book: Book, enter: Enter) -> None:
    assert enter(book.tenant).get(f"/console/{uuid4()}").status_code == 404
