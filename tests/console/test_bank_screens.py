"""Orders, returns and places at their doors: who sees what, what each page says, and what is done from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import get_args

import asyncssh
import httpx
import pytest
from tests import make
from tests.console import bank_scene
from tests.console.bank_scene import Scene
from tests.console.conftest import signed_in_clients
from tests.console.test_acts import fields
from tests.console.test_screens import said
from tests.make import ACTOR, person

from headgate import payments
from headgate.console import order_acts, statuses
from headgate.console import orders as orders_screen
from headgate.console import returns as returns_screen
from headgate.core.db import Database
from headgate.payments.orders.orders import OrderStatus
from headgate.payments.returns.search import STATES

pytestmark = pytest.mark.slow

Enter = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def scene(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with bank_scene.at_the_bank(database, tmp_path_factory.mktemp("bank")) as made:
        yield made


@pytest.fixture
def browse(scene: Scene, address: str) -> Iterator[Enter]:
    """A browser without script, signed in as this person."""
    with signed_in_clients(address, scene, role="admin") as enter:
        yield enter


def send(client: httpx.Client, scene: Scene, path: str, name: str, **given: str) -> httpx.Response:
    """Open a page and send one of its forms, as a person does."""
    page = client.get(scene.at(path))
    return client.post(scene.at(f"{path}/{name}"), data={**fields(page, name), **given})


def addresses(scene: Scene) -> list[str]:
    order, back = scene.orders["unknown"], scene.returns["R03"]
    return [
        "/orders", f"/orders/rows?id={order}", f"/orders/{order}",
        "/returns", f"/returns/rows?id={back}", f"/returns/{back}", "/places",
    ]  # fmt: skip


# ---------- who sees what


@pytest.mark.parametrize("fragment", [{}, {"X-Headgate-Fragment": "drawer"}], ids=["page", "fragment"])
def test_what_is_another_tenants_is_not_there(
    scene: Scene, database: Database, browse: Enter, fragment: dict[str, str]
) -> None:
    stranger = make.tenant(database)
    eve = browse(person("eve"), at=stranger)
    own = f"/console/{stranger.slug}"

    for path in addresses(scene):
        answer = eve.get(scene.at(path), headers=fragment)
        assert answer.status_code == 404 and not re.search("PR-|60.00|640.00|127.0.0.1", answer.text), path
    for screen, item in (("orders", scene.orders["settled"]), ("returns", scene.returns["R01"])):
        assert eve.get(f"{own}/{screen}/{item}", headers=fragment).status_code == 404
        rows = eve.get(f"{own}/{screen}/rows", params={"id": item})
        assert (rows.status_code, rows.text.strip()) == (200, ""), screen
    assert "No banks yet" in eve.get(f"{own}/places").text
    mine = fields(eve.get(f"{own}/returns"), "policies/policy")
    for path in (
        f"orders/{scene.orders['settled']}/recall", f"orders/{scene.orders['unknown']}/propose",
        f"returns/{scene.returns['R01']}/retry", f"returns/{scene.returns['R06']}/dishonor", "places/sandbox/try",
        "places/sandbox/rotate",
    ):  # fmt: skip
        given = {**mine, "reason": "mine", "code": "CUST", "verdict": "rejected", "login_password": "x"}
        assert eve.post(f"{own}/{path}", data=given).status_code == 404, path
    assert httpx.get(f"{str(eve.base_url).rstrip('/')}{scene.at('/orders')}").status_code == 401


def test_a_role_that_only_reads_sees_all_and_does_nothing(scene: Scene, browse: Enter) -> None:
    reader = browse(person("rob"), "readonly")

    for path in addresses(scene):
        assert reader.get(scene.at(path)).status_code == 200, path
    page = reader.get(scene.at("/places"))
    assert page.text.count('type="submit" disabled') == 2
    assert "it needs payments.manage" in said(page) and "it needs tenants.manage" in said(page)
    for path, name in (
        (f"/orders/{scene.orders['settled']}", "recall"), (f"/returns/{scene.returns['R01']}", "retry"),
        ("/places/sandbox", "try"), ("/places/sandbox", "rotate"),
    ):  # fmt: skip
        shown = reader.get(scene.at(path.removesuffix("/sandbox")))
        refused = reader.post(scene.at(f"{path}/{name}"), data={**fields(shown, name), "reason": "x", "code": "CUST"})
        assert refused.status_code == 403 and "core.forbidden" in refused.text, name


# ---------- orders


def test_orders_are_listed_with_what_was_said_and_their_words_are_shown_not_run(scene: Scene, browse: Enter) -> None:
    ann = browse(person("ann"))
    page = ann.get(scene.at("/orders"))
    text = said(page)

    assert "USD 480.00 · 8 orders" in text and "Nobody knows of USD 180.00 · 3" in text
    assert "AC04Account closed" in text and "E400The message asked about does not exist" in text
    assert "<script>alert(1)" not in page.text and "&lt;script&gt;alert(1)" in page.text
    for query, count in (
        ("known:no", 3), ("known:yes status:rejected", 1), ("rail:fednow", 8), ("rail:rtp", 0), ("-recall:none", 0),
        ("recall:none status:ready", 1), ("amount:>60", 0), ("age:<2h", 4), ("age:>2h", 4), ("bank:sandbox", 8),
        (f"entity:{scene.tenant.legal_entity_id}", 8), ("entity:x", 0), ("currency:usd", 8), ("message:x", 0),
    ):  # fmt: skip
        found = ann.get(scene.at("/orders"), params={"q": query})
        assert found.text.count('id="row-') == count, query
    bad = ann.get(scene.at("/orders"), params={"q": "statis:x"})
    assert bad.text.count('id="row-') == 8 and "is no term of this list" in bad.text
    assert ann.get(scene.at("/orders"), params={"q": scene.orders["ready"]}).url.path.endswith(scene.orders["ready"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("ready", ["waits to be sent; no byte has left", "Next: it is sent to FedNow, once", "fixed when it is sent"]),
        ("unknown", ["It is not sent again while that is not known", "two people say so here", "It is never sent again",
                     "Say what the bank says"]),
        ("settled", ["FedNow settled it on Wed 2 Dec 2026 under", "Settled, with finality · ACSC", "sha256",
                     "Ask it back"]),
        ("rejected", ["FedNow refused it on Wed 2 Dec 2026 with AC04, account closed. Nothing moved.",
                      "Refused: nothing moved · AC04, Account closed", "rejected 60.00 on Wed 2 Dec"]),
        ("returned", ["The other bank gave it back", "Given back · AC04, Account closed",
                      "returned 60.00 on Wed 2 Dec with AC04"]),
        ("unheard", ["FedNow never heard of it", "The network knows nothing of it · E400", "says whether it is paid anew"]),
    ],
)  # fmt: skip
def test_an_order_is_shown_with_its_whole_life(scene: Scene, browse: Enter, name: str, says: list[str]) -> None:
    text = said(browse(person("ann")).get(scene.at(f"/orders/{scene.orders[name]}")))
    for words in says:
        assert words in text, words
    assert ("Ask it back" in text) is (name in ("unknown", "settled"))


def test_the_payments_page_leads_to_its_orders_and_back(scene: Scene, browse: Enter) -> None:
    ann = browse(person("ann"))
    order = ann.get(scene.at(f"/orders/{scene.orders['unheard']}")).text
    [payment] = set(re.findall(r"/payments/(pay_\w+)\"", order))

    drawer = ann.get(scene.at(f"/payments/{payment}"), headers={"X-Headgate-Fragment": "drawer"}).text

    assert drawer.count(f"{scene.at('/orders')}/att_") == 2, "both of its orders"
    assert f"{scene.at('/orders')}/{scene.orders['unheard']}" in drawer and "FedNow credit" in drawer


def test_every_status_of_an_order_has_its_badge_and_every_reason_its_words(scene: Scene, database: Database) -> None:
    assert [one for one in (*get_args(OrderStatus), *STATES) if one not in statuses.BADGES] == []
    assert set(order_acts.REASONS) == set(payments.RECALL_REASONS)
    with database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        row = payments.order_row(tx, scene.orders["settled"])
    for recall in orders_screen.RECALL_SAYS:
        recalled = replace(row, recall=recall, recall_reason="DUPL", recall_at=row.said_at)  # type: ignore[arg-type]
        steps = orders_screen.steps(recalled, ())
        assert [step.text for step in steps if step.code == "DUPL"] == ["Asked back"]
        assert (steps[-1].state == "next") is (recall != "refused")


def test_a_payment_is_asked_back_once_and_the_page_says_so(scene: Scene, browse: Enter) -> None:
    path, ann = f"/orders/{scene.orders['settled']}", browse(person("ann"), "operator")
    for given, why in (({"code": "ABCD", "reason": "x"}, "Choose why"), ({"code": "DUPL", "reason": " "}, "Write why")):
        bad = send(ann, scene, path, "recall", **given)
        assert bad.status_code == 400 and why in said(bad)
    page = ann.get(scene.at(path))
    given = {**fields(page, "recall"), "code": "DUPL", "reason": "sent <b>twice</b>"}

    done = [ann.post(scene.at(f"{path}/recall"), data=given) for _ in range(2)]

    for answer in done:
        assert "To be asked back: 60.00 USD, it was sent twice." in said(answer)
        assert "It was asked back once: to be asked back. It is not asked again." in said(answer)
        assert "“sent <b>twice</b>” key_ann" in said(answer) and "<b>twice" not in answer.text
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        assert payments.get_order(tx, scene.orders["settled"]).recall == "asked"
        told = "SELECT count(*) FROM audit.events WHERE type = 'payments.order.recall_asked'"
        assert tx.value(told) == 1
    again = ann.post(scene.at(f"{path}/recall"), data={**given, "key": "r" * 24})
    assert again.status_code == 422 and "was asked back already" in said(again)
    ready = f"/orders/{scene.orders['ready']}"
    nothing = ann.post(scene.at(f"{ready}/recall"), data={**given, "key": "s" * 24})
    assert nothing.status_code == 422 and "nothing to ask back" in said(nothing)
    older = ann.post(scene.at(f"/orders/{scene.orders['unheard']}/recall"), data={**given, "key": "u" * 24})
    assert older.status_code == 422 and "was tried again since" in said(older)
    assert ann.get(scene.at("/orders"), params={"q": "-recall:none"}).text.count('id="row-') == 1


@pytest.mark.parametrize(("verdict", "number"), [("settled", 0), ("rejected", 1)])
def test_two_people_say_what_became_of_an_order(scene: Scene, browse: Enter, verdict: str, number: int) -> None:
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        rows = [
            row for row in payments.find_orders(tx, orders_screen.parse("")) if row.payroll_reference == "PR-silent"
        ]
    order = rows[number].id
    path, ann, bob = f"/orders/{order}", browse(person("ann"), "operator"), browse(person("bob"), "finance")
    assert send(ann, scene, path, "propose", verdict="perhaps", reason="x").status_code == 400
    asked = send(ann, scene, path, "propose", verdict=verdict, reason="their desk, 15:10")
    assert "Asked: another person says with you that" in said(asked) and "another person decides" in said(asked)
    form = fields(bob.get(scene.at(path)), "allow")
    mine = ann.post(
        scene.at(f"{path}/allow"), data={**form, "token": fields(ann.get(scene.at("/places")), "try")["token"]}
    )
    assert mine.status_code == 403, "an operator may not approve"
    elsewhere = bob.post(scene.at(f"/orders/{scene.orders['ready']}/allow"), data={**form, "key": "e" * 24})
    assert elsewhere.status_code == 400
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        assert payments.get_order(tx, order).status == "outcome_unknown"

    done = bob.post(scene.at(f"{path}/allow"), data=form)

    assert "Two people said that" in said(done)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        assert payments.get_order(tx, order).status == verdict
    assert "two people" in said(done) and "Say what the bank says" not in said(done)


# ---------- what came back


def test_returns_are_told_by_code_by_rate_and_one_by_one(scene: Scene, browse: Enter) -> None:
    ann = browse(person("ann"))
    text = said(ann.get(scene.at("/returns")))

    assert "Insufficient Funds · 1 return, a debit is presented again" in text
    assert "5 sent entries" in text and "80.00 % 4 returns · over 15.0 %" in text
    assert "USD 1,050.00 · 4 returns" in text and "No policy was chosen here" in text and "No notices yet" in text
    for query, count in (
        ("code:r03", 1), ("group:unauthorized", 1), ("-group:unauthorized", 3), ("status:held", 1), ("late:yes", 0),
        ("amount:>300", 2), ("status:orphan", 0), ("age:<1d currency:usd", 4), ("payment:x", 0), ("entity:x", 0),
        ("age:>1d", 0), ("status:returned code:R10", 1),
    ):  # fmt: skip
        assert ann.get(scene.at("/returns"), params={"q": query}).text.count('id="row-') == count, query
    held = said(ann.get(scene.at(f"/returns/{scene.returns['R03']}")))
    assert "By the policy the account is held until a person lifts the block." in held
    assert "has no account that may be paid beside the one that failed" in held
    disputed = said(ann.get(scene.at(f"/returns/{scene.returns['R10']}")))
    assert "a case has its evidence and its day" in disputed and "After R10 two people must agree" in disputed
    funds = ann.get(scene.at(f"/returns/{scene.returns['R01']}"))
    assert "checking ··0001 at 021000021" in said(funds) and "55500" not in funds.text
    assert "R70, Permissible" not in said(funds) and "R61, Misrouted Return" in said(funds)
    assert "R70, Permissible" in said(ann.get(scene.at(f"/returns/{scene.returns['R06']}")))


def test_a_payment_is_paid_again_from_its_return_by_one_or_by_two(scene: Scene, browse: Enter) -> None:
    ann, bob = browse(person("ann"), "operator"), browse(person("bob"), "finance")
    one, two = f"/returns/{scene.returns['R01']}", f"/returns/{scene.returns['R10']}"
    page = ann.get(scene.at(one))
    [account] = re.findall(r'<option value="(bac_\w+)"', page.text)

    done = send(ann, scene, one, "retry", bank_account_id=account, reason="funded since")
    assert "To be paid again: 640.00 USD to Employee Number1 waits at the gate, for funds or a policy." in said(done)
    assert "Paid again" in said(ann.get(scene.at(one))) and "Pay it again…" not in said(ann.get(scene.at(one)))

    alone = ann.post(scene.at(f"{two}/retry"), data={**fields(page, "retry"), "key": "q" * 24, "reason": "x"})
    assert alone.status_code in (409, 422) and "another person to approve" in said(alone)
    asked = send(ann, scene, two, "ask-retry", reason="the payee signed")
    assert "Asked: another person may have 75.25 USD paid to Employee Number3 again." in said(asked)
    form = fields(bob.get(scene.at(two)), "allow")
    wrong = bob.post(scene.at(f"{one}/allow"), data={**form, "key": "w" * 24})
    assert wrong.status_code == 400 and "is not about" in said(wrong)
    again = bob.post(scene.at(f"{two}/allow"), data=form)
    assert "To be paid again: 75.25 USD to Employee Number3" in said(again)


def test_a_return_is_dishonored_by_two_people_or_not(scene: Scene, browse: Enter) -> None:
    path = f"/returns/{scene.returns['R06']}"
    ann, bob = browse(person("ann"), "operator"), browse(person("bob"), "compliance")
    unfit = send(ann, scene, path, "dishonor", code="R67", reason="x")
    assert unfit.status_code in (409, 422) and "R67 is for a return that came again" in said(unfit)

    asked = send(ann, scene, path, "dishonor", code="R70", reason="we did not ask for it")
    assert "Asked: to dishonor it with R70" in said(asked)
    denied = send(bob, scene, path, "deny", reason="we did")
    assert "Denied: it stays as it is." in said(denied)
    send(ann, scene, path, "dishonor", code="R70", reason="we did not")
    done = send(bob, scene, path, "allow")

    assert "Dishonored with R70: 14.25 USD goes back to the other bank, which may contest it until" in said(done)
    assert "It was dishonored with R70; the other bank may contest it until" in said(done)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        row = payments.return_row(tx, scene.returns["R06"])
        assert (row.status, row.payment_status) == ("dishonored", "settled") and row.dispute_file_id
    assert "Dishonor it…" not in said(done)


def test_a_policy_of_returns_is_changed_by_two_people(scene: Scene, browse: Enter) -> None:
    ann, bob = browse(person("ann"), "operator"), browse(person("bob"), "finance")
    bad = send(ann, scene, "/returns", "policies/policy", subject="R02", action="retry", reason="x")
    assert bad.status_code == 400 and "is never presented again" in said(bad)

    send(ann, scene, "/returns", "policies/policy", subject="R02", action="reverse", reason="we look ourselves")
    page = bob.get(scene.at("/returns"))
    assert "Asked: R02, give the money back, and no more" in said(page)
    done = bob.post(scene.at("/returns/policies/allow"), data=fields(page, "policies/allow"))

    assert "Allowed: R02 is treated so from now on: reverse." in said(done) and "chosen by two people" in said(done)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        assert payments.return_policies(tx)["R02"].action == "reverse"
    assert [group.codes for group in returns_screen._groups(payments_policies(scene)) if group.is_chosen] == [("R02",)]


def payments_policies(scene: Scene) -> dict[str, payments.ReturnPolicy]:
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        return dict(payments.return_policies(tx))


# ---------- places


def try_it(client: httpx.Client, scene: Scene) -> httpx.Response:
    return client.post(scene.at("/places/sandbox/try"), data=fields(client.get(scene.at("/places")), "try"))


def test_a_place_is_tried_from_its_page_and_its_login_is_changed_and_nothing_secret_is_shown(
    scene: Scene, browse: Enter
) -> None:
    ann, op = browse(person("ann")), browse(person("op"), "operator")
    before = said(ann.get(scene.at("/places")))
    assert f"127.0.0.1:{scene.bank.port}" in before and scene.bank.fingerprint in before
    assert "Nobody has tried it since it was set." in before and "Not tried" in before

    tried = try_it(op, scene)
    assert "Tried sandbox: all 4 folders are there, with 0 files." in said(tried) and "Reached" in said(tried)
    assert "acknowledgements" in said(tried) and "key_op" in said(tried)

    form = fields(ann.get(scene.at("/places")), "rotate")
    for given in ({}, {"login_key": "k", "login_password": "p"}, {"login_key": "no key"}):
        bad = ann.post(scene.at("/places/sandbox/rotate"), data={**form, **given})
        assert bad.status_code in (400, 422) and "no key</textarea>" not in bad.text
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh").decode()
    done = ann.post(scene.at("/places/sandbox/rotate"), data={**form, "login_key": other.replace("\n", "\r\n")})
    assert "is by the new private key from now on" in said(done) and "OPENSSH" not in done.text
    out = try_it(op, scene)
    assert out.status_code == 422 and "payments.place_unwell" in out.text and "Not reached" in said(out)
    back = {**form, "key": "b" * 24, "login_key": scene.bank.login_key.read_text()}
    assert ann.post(scene.at("/places/sandbox/rotate"), data=back).status_code == 200
    assert "Tried sandbox: all 4 folders are there" in said(try_it(op, scene))

    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        told = tx.values("SELECT data::text FROM audit.events WHERE type LIKE 'payments.place.%%'")
        kept = tx.values("SELECT answer FROM web.idempotency_keys WHERE path LIKE '%%rotate'")
        tries = tx.values("SELECT is_ok FROM payments.place_tries ORDER BY id")
    assert tries == [True, False, True] and len(kept) == 2
    assert not any("PRIVATE KEY" in one for one in (*told, *kept))


def test_what_waits_for_a_bank_and_what_came_is_said(scene: Scene, browse: Enter) -> None:
    text = said(browse(person("ann")).get(scene.at("/places")))
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        [standing] = payments.place_standings(tx)
    assert (standing.bank, standing.unknown) == ("sandbox", 0) and standing.pending >= 1
    assert f"{standing.pending} file" in text and "nothing yet" in text
    found = browse(person("ann")).get(scene.at("/files"), params={"q": "bank:sandbox status:pending"})
    assert found.text.count('id="row-') == standing.pending

    statement = bank_scene.stories.statement([], on=date(2026, 12, 1))
    (scene.bank.root / "inbound" / "tuesday.bai2").write_bytes(statement)
    payments.fetch(scene.database, scene.tenant.id)

    after = said(browse(person("ann")).get(scene.at("/places")))
    assert "inbound/tuesday.bai2" in after and "1 file in seven days" in after
