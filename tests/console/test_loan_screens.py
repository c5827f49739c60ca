"""Loans, their payments and notifications at their doors: who sees what, what each page says, and what is done from it."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import get_args

import httpx
import pytest
from tests import make
from tests.console import loan_scene
from tests.console.conftest import signed_in_clients
from tests.console.loan_scene import Scene
from tests.console.test_acts import fields
from tests.make import ACTOR, person

from headgate import alerts, cases, servicing, tenants
from headgate.console import loan_payments, loans, notifications, statuses
from headgate.console.loan_words import STATES_SAY
from headgate.core import terms
from headgate.core.db import Database
from headgate.servicing.model import STATES, PaymentStatus

pytestmark = pytest.mark.slow

Enter = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def scene(database: Database) -> Scene:
    return loan_scene.serviced(database)


@pytest.fixture
def browse(scene: Scene, address: str) -> Iterator[Enter]:
    """A browser without script, signed in as this person."""
    with signed_in_clients(address, scene, role="admin") as enter:
        yield enter


def said(page: httpx.Response) -> str:
    """What a page says, without its markup."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))


def told(scene: Scene) -> str:
    """The newest notification of a team."""
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        return alerts.list_notifications(tx, teams=True)[0].id


def items(scene: Scene) -> dict[str, str]:
    """One thing of each screen."""
    return {"loans": scene.loans["late"], "loan-payments": scene.payments["folded"], "notifications": told(scene)}


@pytest.mark.parametrize("fragment", [{}, {"X-Headgate-Fragment": "drawer"}], ids=["page", "fragment"])
def test_what_is_another_tenants_is_not_there(
    scene: Scene, database: Database, browse: Enter, fragment: dict[str, str]
) -> None:
    stranger = make.tenant(database)
    eve = browse(person("eve"), at=stranger)
    own = f"/console/{stranger.slug}"

    for screen, item in items(scene).items():
        for path in (f"/{screen}", f"/{screen}/rows?id={item}", f"/{screen}/{item}"):
            answer = eve.get(scene.at(path), headers=fragment)
            assert answer.status_code == 404 and not re.search("HL-2026|Halvorsen|1,372", answer.text), path
        assert eve.get(f"{own}/{screen}/{item}", headers=fragment).status_code == 404
        rows = eve.get(f"{own}/{screen}/rows", params={"id": item})
        assert (rows.status_code, rows.text.strip()) == (200, ""), screen
    mine = fields(eve.get(f"{own}/returns"), "policies/policy")
    for path in (f"loans/{scene.loans['late']}/hold", f"loan-payments/{scene.payments['first']}/undo",
                 f"notifications/{told(scene)}/read"):  # fmt: skip
        assert eve.post(f"{own}/{path}", data={**mine, "reason": "mine"}).status_code == 404, path


def test_a_role_that_only_reads_sees_all_and_does_nothing(scene: Scene, browse: Enter) -> None:
    reader = browse(person("rob"), "readonly")

    for screen, item in items(scene).items():
        for path in (f"/{screen}", f"/{screen}/rows?id={item}", f"/{screen}/{item}"):
            assert reader.get(scene.at(path)).status_code == 200, path
    page = reader.get(scene.at(f"/loans/{scene.loans['late']}"))
    assert "it needs servicing.manage" in said(page) and page.text.count('type="submit" disabled') == 1
    form = {**fields(page, "hold"), "reason": "x", "stop_pay": "yes"}
    assert reader.post(scene.at(f"/loans/{scene.loans['late']}/hold"), data=form).status_code == 403


def test_a_loans_page_says_how_it_stands_and_where_each_cent_lies(scene: Scene, browse: Enter) -> None:
    ann = browse(person("ann"))

    listed = said(ann.get(scene.at("/loans")))
    page = said(ann.get(scene.at(f"/loans/{scene.loans['late']}")))

    assert "7 loans" in listed and "waits 200.00" in listed and "legal hold" in listed and "over 27.50" in listed
    assert (
        "An instalment is not whole, within its days of grace: 1,397.50 USD is due; the oldest is instalment 4" in page
    )
    assert "Next: 1,372.50 USD falls due on Fri 1 May 2026." in page
    assert "10 Feb 2026 ACH Folded again 600.00 principal 250.00 · interest 40.00 · escrow 310.00" in page
    assert "Insufficient funds; what it had paid is owed again" in page
    assert "Suspense 600.00 lay there from 10 Feb 2026, taken back" in page
    assert re.search(r"Charge 1 \d+ Apr 2026 25.00 of 25.00 ?: insufficient funds, the payment", page)
    assert "Check payment of 772.50 USD, received 3 Feb 2026" in page
    bankrupt = said(ann.get(scene.at(f"/loans/{scene.loans['bankrupt']}")))
    assert (
        "Held (legal hold): its payments are refused" in bankrupt and "Held: legal hold: the trustee asked" in bankrupt
    )
    assert "Said to be bankruptcy from 20 Feb 2026 on: chapter 13, case 26-1" in bankrupt
    assert "200.00 USD waits: it does not make up instalment 1 yet" in said(
        ann.get(scene.at(f"/loans/{scene.loans['long']}"))
    )
    assert "27.50 USD is over and to be refunded" in said(ann.get(scene.at(f"/loans/{scene.loans['over']}")))
    assert "Nothing was paid yet." in said(ann.get(scene.at(f"/loans/{scene.loans['none']}")))
    nasty = ann.get(scene.at("/loans")).text
    assert "<script>alert(1)" not in nasty and "&lt;script&gt;alert(1)" in nasty
    for query, count in (
        ("state:grace", 1),
        ("-hold:none", 1),
        ("waiting:>0", 1),
        ("due:>2000", 3),
        ("loan:HL-2026-00001", 1),
    ):
        assert ann.get(scene.at("/loans"), params={"q": query}).text.count('<tr role="row" id="row-') == count, query
    assert "is no term of this list" in said(ann.get(scene.at("/loans"), params={"q": "colour:red"}))


def test_a_payments_page_shows_what_it_was_what_it_is_and_where_it_came_from(scene: Scene, browse: Enter) -> None:
    ann = browse(person("ann"))

    def page(name: str) -> str:
        return said(ann.get(scene.at(f"/loan-payments/{scene.payments[name]}")))

    folded = page("folded")
    assert "Folded again: a payment of an earlier day, a return or a charge moved where its cents lie." in folded
    assert "At first it lay like this: principal 250.00 · interest 212.50 · escrow 310.00 · waits 600.00" in folded
    assert "Told the borrower: Payment received: 1372.50 USD" in folded
    returned = page("returned")
    assert "Taken back with R01" in returned and "Nowhere: each line that it had was taken back, once." in returned
    shadow = page("shadow")
    assert "Written down and not posted" in shadow and "art_" in shadow
    assert "what is over is to be refunded" in page("over")
    for query, count in (
        ("status:reversed", 1),
        ("folded:again", 2),
        ("channel:wire", 2),
        ("waiting:>0", 2),
        ("status:pending", 1),
    ):
        assert (
            ann.get(scene.at("/loan-payments"), params={"q": query}).text.count('<tr role="row" id="row-') == count
        ), query


def test_a_loan_is_held_and_a_payment_taken_back_and_the_page_says_so(scene: Scene, browse: Enter) -> None:
    ann = browse(person("ann"))
    loan, path = scene.loans["shadow"], scene.at(f"/loans/{scene.loans['shadow']}")

    held = ann.post(f"{path}/hold", data={**fields(ann.get(path), "hold"), "stop_pay": "yes", "reason": "they asked"})
    missing = ann.post(f"{path}/hold", data={**fields(ann.get(path), "hold"), "reason": " "})
    free = ann.post(f"{path}/hold", data={**fields(ann.get(path), "hold"), "reason": "sorted out"})
    paid = scene.at(f"/loan-payments/{scene.payments['over']}")
    undone = ann.post(f"{paid}/undo", data={**fields(ann.get(paid), "undo"), "code": "r01", "reason": "charged back"})

    assert "Loan HL-2026-00006 is held: stop pay." in said(held) and "Held (stop pay)" in said(held)
    assert missing.status_code == 422 and "servicing.invalid_loan" in said(missing)
    assert "Loan HL-2026-00006 is held no more." in said(free)
    assert (
        "1,400.00 USD of loan HL-2026-00005 was taken back; its dues are owed again; a fee was charged for it."
        in said(undone)
    )
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        assert (
            servicing.loan_row(tx, loan).holds == ()
            and servicing.loan_row(tx, scene.loans["over"]).due_minor == 139_750
        )


def test_the_overview_names_the_gravest_case_first_and_leads_to_what_it_is_about(scene: Scene, browse: Enter) -> None:
    tenant = make.tenant(scene.database)
    with scene.database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        cases.open_case(tx, key="a", category="body_differs", severity="critical", ingestion_id="art_1")
        cases.open_case(tx, key="b", category="loan_payment_returned", severity="high", payment_id="lpay_1")
        for number in range(20):
            cases.open_case(tx, key=f"c{number}", category="duplicate", severity="medium", ingestion_id="ing_1")

    page = browse(person("new"), at=tenant).get(f"/console/{tenant.slug}").text

    base = f"/console/{tenant.slug}"
    links = re.findall(rf'href="{base}(/[a-z-]+/(?:art|lpay|ing)_1)"', page)
    assert links[:3] == ["/artifacts/art_1", "/loan-payments/lpay_1", "/messages/ing_1"]


def test_the_overview_says_where_borrowers_money_lies_and_how_their_loans_stand(scene: Scene, browse: Enter) -> None:
    page = browse(person("ann")).get(scene.at())
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        loans = servicing.find_loans(tx, terms.parse("", servicing.LOAN_TERMS), limit=200)
        payments = servicing.find_payments(tx, terms.parse("", servicing.LOAN_PAYMENT_TERMS), limit=200)
        old = servicing.borrowers_money(tx, currency="USD", within=timedelta())

    stand = [one for one in payments if one.status == "completed"]
    came_back = sum(one.total_received for one in payments if one.status == "reversed")
    text = said(page)
    assert "No money is in motion" not in text and (old.payments, old.paid.minor) == (0, 0)
    assert f"{sum(one.total_received for one in stand) / 100:,.2f} USD in {len(stand)} payments" in text
    assert came_back and f"came back {came_back / 100:,.2f}" in text
    for name in ("principal", "interest", "escrow"):
        assert f"{name} {sum(getattr(one, name) for one in stand) / 100:,.2f}" in text, name
    assert f"waits or over {sum(one.suspense for one in stand) / 100:,.2f}" in text
    for state, count in Counter(loan.state for loan in loans).items():
        assert f'href="{scene.at("/loans")}?q=state:{state}" aria-label="{count} loans: ' in page.text, state
    # Who may not see loans is told nothing of them.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tenants.roles, "ROLES", {"readonly": frozenset({"payments.read"})})
        assert "Borrowers" not in browse(person("rea"), "readonly").get(scene.at()).text


def test_notifications_are_read_one_and_all_and_the_bell_counts_them(scene: Scene, browse: Enter) -> None:
    ann = browse(person("ann"))
    newest = told(scene)
    before = ann.get(scene.at("/notifications")).text
    counted = re.search(r"Notifications: (\d+) not read", before)
    assert counted is not None
    # Every page says the same, not only those that are lists.
    for page in ("", "/gate", "/sources", "/places", "/loans"):
        assert f"Notifications: {counted[1]} not read" in ann.get(scene.at(page)).text, page

    path = scene.at(f"/notifications/{newest}")
    one = ann.post(f"{path}/read", data=fields(ann.get(path), "read"))
    older = ann.get(scene.at("/notifications"), params={"q": "to:teams read:no"})
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        left = [row.id for row in alerts.list_notifications(tx, teams=True, unread=True)]
    everything = scene.at(f"/notifications/{left[0]}")
    rest = ann.post(f"{everything}/read-all", data=fields(ann.get(everything), "read-all"))

    assert "Read: HL-2026-" in said(one) and newest not in older.text and len(left) == int(counted[1]) - 1
    assert f"{len(left)} of the teams&#39; notifications are read" in rest.text or f"{len(left)} of the teams" in said(
        rest
    )
    assert 'not read"' not in rest.text and 'aria-label="Notifications"' in rest.text
    assert "to the borrower" in said(ann.get(scene.at(f"/notifications/{borrowers(scene)}")))


def borrowers(scene: Scene) -> str:
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        return next(row.id for row in alerts.list_notifications(tx) if row.recipient.startswith("pty_"))


def test_every_state_and_kind_has_its_word_and_every_view_its_query() -> None:
    assert [state for state in (*STATES, *get_args(PaymentStatus)) if state not in statuses.BADGES] == []
    assert set(STATES_SAY) == set(STATES) and set(notifications.KINDS) == set(alerts.KINDS)
    for screen in (loans, loan_payments, notifications):
        for _, text in screen.VIEWS:
            screen.parse(text)
