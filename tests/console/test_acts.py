"""What is done from the pages, by plain forms: under a session's token, a permission, and where it matters by two people."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import httpx
import pytest
from tests import make
from tests.console.conftest import serving, signed_in_clients
from tests.console.test_screens import said
from tests.funding import scenes as gate_scenes
from tests.make import ACTOR, TenantFixture, person, usd
from tests.payments import banking, stories
from tests.payments.stories import FRIDAY, MONDAY

from headgate import funding, payments
from headgate.console.sessions import COOKIE
from headgate.core.db import Actor, Database

pytestmark = pytest.mark.slow

Browse = Callable[..., httpx.Client]


@dataclass(frozen=True)
class Stage:
    """Payrolls `lacking` funds (200.00 of 300.00), `passed` and held by a `policy`, a `file` nobody knows of, money `asked`."""

    database: Database
    tenant: TenantFixture
    lacking: str
    policy: str
    passed: str
    file: str
    asked: str

    def begin(self) -> object:
        return self.database.begin(tenant_id=self.tenant.id, actor=ACTOR)

    def at(self, path: str) -> str:
        return f"/console/{self.tenant.slug}{path}"


@pytest.fixture(scope="module")
def served(database: Database) -> Iterator[str]:
    with serving(database) as address:
        yield address


@pytest.fixture
def stage(database: Database, tenant: TenantFixture) -> Stage:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "10.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", payroll_id="PR-sent"))
        (file,) = payments.submit_due(tx, on=MONDAY)
    banking.lose(database, tenant)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, "40.00", external_id="w-2")
        passed = payments.commit_payroll(tx, stories.batch(tx, tenant, "40.00", payroll_id="PR-passed", pay_on=FRIDAY))
        gate_scenes.limit(tx, "max_single_payment", funding.Limit(amount_minor=50_000))
        batch = stories.batch(tx, tenant, "600.00", "30.00", payroll_id="PR-policy", pay_on=FRIDAY)
        policy = payments.commit_payroll(tx, batch)
        batch = stories.batch(tx, tenant, "120.00", "80.00", "100.00", payroll_id="PR-lacking", pay_on=FRIDAY)
        lacking = payments.commit_payroll(tx, batch)
        # Asked for last, so that what comes is first for the payrolls.
        asked = funding.request_funding(
            tx, idempotency_key="a", legal_entity_id=tenant.legal_entity_id, amount=usd("77.00"), rail="inbound_wire",
            due_on=date(2026, 12, 30),
        )  # fmt: skip
    assert (passed.status, policy.status, lacking.status) == ("committed", "blocked_policy", "blocked_funds")
    ids = (lacking.payroll.id, policy.payroll.id, passed.payroll.id, file.id, asked.id)
    return Stage(database, tenant, *ids)


@pytest.fixture
def browse(stage: Stage, served: str) -> Iterator[Browse]:
    with signed_in_clients(served, stage, role="operator") as enter:
        yield enter


def fields(page: httpx.Response, action: str, number: int = 0) -> dict[str, str]:
    """The hidden fields of a form of a page."""
    form = re.findall(rf'<form method="post" action="[^"]*/{action}".*?</form>', page.text, re.S)[number]
    return {
        name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    }


def send(client: httpx.Client, stage: Stage, path: str, action: str, /, **given: str) -> httpx.Response:
    """Open a page and send one of its forms, as a person does."""
    page = client.get(stage.at(path))
    return client.post(stage.at(f"{path}/{action}"), data={**fields(page, action), **given})


def counts(stage: Stage) -> dict[str, int]:
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        asked = "SELECT count(*) FROM cases.approval_requests WHERE tenant_id = %(t)s"
        return {**stories.counts(tx), "asked": tx.value(asked, {"t": tx.tenant_id})}


def fund(stage: Stage, text: str) -> None:
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, stage.tenant, text, external_id=f"w-{text}")


# ---------- who may send a form


def test_a_form_that_no_page_of_the_session_sent_does_nothing(stage: Stage, browse: Browse) -> None:
    ann, bob = browse(person("ann")), browse(person("bob"))
    path = f"/gate/{stage.lacking}"
    good = fields(ann.get(stage.at(path)), "judge")
    before = counts(stage)

    def post(client: httpx.Client, data: dict[str, str], **headers: str) -> httpx.Response:
        return client.post(
            stage.at(f"{path}/judge"), data=data, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    for answer in (
        post(ann, {"x": "1"}),
        post(ann, {**good, "token": ""}),
        post(ann, {**good, "token": fields(bob.get(stage.at(path)), "judge")["token"]}),
        post(ann, {**good, "key": "short"}),
        post(ann, good, Origin="https://evil.example"),
        post(ann, good, Sec_Fetch_Site="cross-site"),
        post(ann, good, Sec_Fetch_Site="same-site"),
    ):
        assert answer.status_code == 403 and "console.not_our_form" in answer.text, answer.text
    assert ann.post(stage.at(f"{path}/judge"), json=good).status_code == 400
    assert ann.post(stage.at(f"{path}/judge"), content=b"token=%00&token=b", headers={
        "Content-Type": "application/x-www-form-urlencoded"}).status_code == 400  # fmt: skip
    stranger = httpx.Client(base_url=str(ann.base_url))
    assert stranger.post(stage.at(f"{path}/judge"), data=good).status_code == 401
    assert counts(stage) == before
    assert ann.cookies[COOKIE] not in ann.get(stage.at(path)).text, "the token tells nothing of the cookie"
    assert post(ann, good, Origin=str(ann.base_url).rstrip("/"), Sec_Fetch_Site="same-origin").status_code == 200


def test_another_tenants_session_and_a_role_without_the_right_do_nothing(
    stage: Stage, browse: Browse, database: Database
) -> None:
    other = make.tenant(database)
    eve, reader = browse(person("eve"), "admin", other), browse(person("rob"), "readonly")
    page = reader.get(stage.at(f"/gate/{stage.lacking}"))
    before = counts(stage)

    assert 'type="submit" disabled' in page.text and "The role readonly may not: it needs payments.manage." in said(
        page
    )
    refused = reader.post(stage.at(f"/gate/{stage.lacking}/judge"), data=fields(page, "judge"))
    assert refused.status_code == 403 and "core.forbidden" in refused.text
    with database.begin(tenant_id=other.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        held = payments.commit_payroll(tx, stories.batch(tx, other, "9.00", pay_on=FRIDAY))
    own = fields(eve.get(f"/console/{other.slug}/gate/{held.payroll.id}"), "judge")
    assert eve.post(stage.at(f"/gate/{stage.lacking}/judge"), data=own).status_code == 404
    for path in (f"gate/{stage.lacking}/judge", f"payrolls/{stage.passed}/execute", f"funding/{stage.asked}/cancel"):
        there = eve.post(f"/console/{other.slug}/{path}", data={**own, "reason": "mine"})
        assert there.status_code == 404, path
    assert eve.post(f"/console/{other.slug}/gate/{held.payroll.id}/unknown", data=own).status_code == 404
    assert counts(stage) == before


# ---------- the gate


def test_judged_again_the_page_says_what_came_of_it_once(stage: Stage, browse: Browse) -> None:
    ann = browse(person("ann"))
    page = ann.get(stage.at(f"/gate/{stage.lacking}"))
    assert "The gate judges 300.00 USD against 0.00 available now, under number 2." in said(page)

    still = send(ann, stage, f"/gate/{stage.lacking}", "judge")
    assert still.url.path == stage.at(f"/gate/{stage.lacking}")
    assert "Judged again: the gate still holds PR-lacking, 300.00 USD is missing." in said(still)
    fund(stage, "300.00")
    form = fields(ann.get(stage.at(f"/gate/{stage.lacking}")), "judge")
    done = [ann.post(stage.at(f"/gate/{stage.lacking}/judge"), data=form) for _ in range(2)]
    for answer in done:
        assert answer.url.path == stage.at(f"/payrolls/{stage.lacking}")
        assert "Judged again: PR-lacking is committed, 300.00 USD is reserved." in said(answer)
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        assert payments.get_payroll(tx, stage.lacking).evaluation_no == 3, "sent twice, judged once"
    assert "is reserved." not in said(browse(person("bob")).get(str(done[0].url))), "it is said to who did it"


def test_a_split_pays_what_it_said(stage: Stage, browse: Browse) -> None:
    ann = browse(person("ann"))
    fund(stage, "210.00")
    text = said(ann.get(stage.at(f"/gate/{stage.lacking}")))
    assert "2 of 3 payments, 200.00 USD, are committed and reserved, in the payroll's own order." in text
    assert "The rest, 100.00, awaits funding." in text

    done = send(ann, stage, f"/gate/{stage.lacking}", "split")

    assert "Split: 200.00 USD is reserved; the rest of PR-lacking awaits funding." in said(done)
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        rows = payments.list_instructions(tx, query=payments.parse_query(f"payroll:{stage.lacking}"))
    assert sorted(row.status for row in rows) == ["awaiting_funding", "pending", "pending"]
    again = ann.post(
        stage.at(f"/gate/{stage.lacking}/split"), data=fields(ann.get(stage.at(f"/gate/{stage.policy}")), "judge")
    )
    assert again.status_code == 409 and "there is nothing to split" in said(again)


def test_a_policy_stands_in_its_own_words_and_two_people_let_one_payroll_pass(stage: Stage, browse: Browse) -> None:
    path = f"/gate/{stage.policy}"
    ann, bob = browse(person("ann"), "admin"), browse(person("bob"), "compliance")
    text = said(ann.get(stage.at(path)))
    assert "Policy max single payment: 1 payments are over the limit of a single payment" in text
    assert "limit 500.00 USD, largest 600.00 USD, payments 1. It is about 1 of the payments." in text

    page = ann.get(stage.at(path))
    given = {**fields(page, "ask"), "policy": "max_single_payment", "hours": "24"}
    bad = ann.post(stage.at(f"{path}/ask"), data={**given, "reason": " "})
    assert bad.status_code == 400 and "Write why it is to pass" in said(bad) and 'role="alert"' in bad.text
    wrong = ann.post(stage.at(f"{path}/ask"), data={**given, "policy": "spike", "reason": "<b>bonus</b> run"})
    assert wrong.status_code == 400 and "&lt;b&gt;bonus&lt;/b&gt; run</textarea>" in wrong.text, (
        "what was written stays"
    )
    asked = ann.post(stage.at(f"{path}/ask"), data={**given, "reason": "bonus run"})
    assert "Asked: another person may let PR-policy pass max single payment once." in said(asked)
    assert "You asked for it: another person decides." in said(asked) and f"{path}/allow" not in asked.text
    form = fields(bob.get(stage.at(path)), "allow")
    own = {**form, "token": fields(asked, "judge")["token"], "key": "k" * 24}
    mine = ann.post(stage.at(f"{path}/allow"), data=own)
    assert mine.status_code == 403 and "cases.own_approval" in mine.text
    unread = bob.post(stage.at(f"{path}/allow"), data={**form, "digest": "0" * 64})
    assert unread.status_code == 409 and "What you saw is not what was asked for" in said(unread)
    elsewhere = bob.post(stage.at(f"/gate/{stage.lacking}/allow"), data={**form, "key": "e" * 24})
    assert elsewhere.status_code == 400
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        assert funding.list_overrides(tx) == []

    done = bob.post(stage.at(f"{path}/allow"), data={**form, "key": "z" * 24})

    assert "Allowed: max single payment does not hold for this payroll now." in said(done)
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        [made] = funding.list_overrides(tx)
        assert (made.subject, made.policy, made.granted_by) == (stage.policy, "max_single_payment", "key_bob")
    fund(stage, "630.00")
    assert "PR-policy is committed, 630.00 USD is reserved." in said(send(ann, stage, path, "judge"))


def test_an_exception_that_is_denied_leaves_the_policy(stage: Stage, browse: Browse) -> None:
    path = f"/gate/{stage.policy}"
    ann, bob = browse(person("ann")), browse(person("bob"), "finance")
    send(ann, stage, path, "ask", policy="max_single_payment", hours="72", reason="bonus run")

    done = send(bob, stage, path, "deny", reason="not this month")

    assert "Denied: the policy holds as before." in said(done) and "Asked: to pass" not in said(done)
    nobody = browse(Actor("human", "console-admin"), "admin").get(stage.at(path))
    assert "this login names no person" in said(nobody)
    nameless = send(browse(Actor("human", "console-admin"), "admin"), stage, path, "ask", policy="x", reason="x")
    assert nameless.status_code == 403 and "console.no_person" in nameless.text


# ---------- payrolls, files, funding


def test_execution_is_asked_for(stage: Stage, browse: Browse) -> None:
    done = send(browse(person("ann")), stage, f"/payrolls/{stage.passed}", "execute")

    assert "Execution asked for: 1 payment, 40.00, for Fri 11 Dec." in said(done)
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        told = (
            "SELECT count(*) FROM messaging.outbox_messages WHERE event_type = 'payments.payroll.execution_requested'"
        )
        assert tx.value(told) == 1
        held = payments.get_payroll(tx, stage.lacking)
    assert held.status == "pending"
    page = browse(person("ann")).get(stage.at(f"/payrolls/{stage.lacking}"))
    assert "/execute" not in page.text, "what is not committed is not executed"


@pytest.mark.parametrize("verdict", ["delivered", "absent"])
def test_two_people_say_what_became_of_a_file(stage: Stage, browse: Browse, verdict: str) -> None:
    path = f"/files/{stage.file}"
    ann, bob = browse(person("ann"), "admin"), browse(person("bob"), "finance")
    assert "Say what the bank says" in said(ann.get(stage.at(path)))
    assert "disabled" in bob.get(stage.at(path)).text, "finance answers, and does not propose"

    asked = send(ann, stage, path, "propose", verdict=verdict, reason="their desk, 15:10")
    assert "Asked: another person says with you that the bank" in said(asked)
    assert "You asked for it: another person decides." in said(asked)
    form = fields(bob.get(stage.at(path)), "allow")
    mine = ann.post(stage.at(f"{path}/allow"), data={**form, "token": fields_token(ann, stage)})
    assert mine.status_code == 403 and "cases.own_approval" in mine.text
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        assert payments.get_file(tx, stage.file).status == "outcome_unknown"
    done = bob.post(stage.at(f"{path}/allow"), data=form)

    assert "Two people said that the bank" in said(done)
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        assert payments.get_file(tx, stage.file).status == {"delivered": "delivered", "absent": "pending"}[verdict]


def fields_token(client: httpx.Client, stage: Stage) -> str:
    """The token of a session's forms."""
    return fields(client.get(stage.at(f"/gate/{stage.policy}")), "judge")["token"]


def test_two_people_say_whose_money_it_is(stage: Stage, browse: Browse) -> None:
    ann, bob = browse(person("ann"), "admin"), browse(person("bob"), "finance")
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        (deposit,) = funding.record_deposits(
            tx, [funding.NewDeposit("bank", "w-?", None, None, "wire", usd("77.10"), MONDAY, MONDAY)]
        ).new
        reference = funding.payer_reference(tx, legal_entity_id=stage.tenant.legal_entity_id)
    path = f"/funding/{deposit.id}"
    bad = send(ann, stage, path, "assign", client="NOBODY", reason="called")
    assert bad.status_code == 404 and "'NOBODY' names no client" in said(bad) and 'value="NOBODY"' in bad.text

    asked = send(ann, stage, path, "assign", client=reference.lower(), reason="their desk called")
    assert "Asked: another person says with you that it is the money of" in said(asked)
    assert "You asked for it: another person decides." in said(asked) and f"{path}/allow" not in asked.text
    denied = send(bob, stage, path, "deny", reason="not theirs")
    assert "Denied: the deposit lies in suspense as before." in said(denied)
    send(ann, stage, path, "assign", client=stage.tenant.legal_entity_id, reason="it is, look again")
    assert "77.10 USD becomes the money of" in said(bob.get(stage.at(path)))
    done = send(bob, stage, path, "allow")

    assert "Assigned: 77.10 USD is the money of" in said(done)
    assert "Two people said that it is the money of" in said(done) and "/assign" not in done.text
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        assert funding.deposit(tx, deposit.id).legal_entity_id == stage.tenant.legal_entity_id


def test_money_is_asked_for_no_more(stage: Stage, browse: Browse) -> None:
    ann = browse(person("ann"))
    page = ann.get(stage.at("/funding"))
    text = said(page)
    assert "77.00" in text and "asked for by inbound wire, due Wed 30 Dec" in text and "77.00 asked for" in text
    assert "300.00 asked for" not in text, "what a held payroll lacks is shown once, as missing"
    form = fields(page, f"{stage.asked}/cancel")

    bad = ann.post(stage.at(f"/funding/{stage.asked}/cancel"), data={**form, "reason": ""})
    assert bad.status_code == 400 and "Write why it is asked for no more" in said(bad)
    done = ann.post(
        stage.at(f"/funding/{stage.asked}/cancel"), data={**form, "key": "c" * 24, "reason": "paid by cheque"}
    )

    assert "Cancelled: 77.00 USD is asked for no more." in said(done) and "due Wed 30 Dec" not in said(done)
    with stage.database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
        assert funding.get_request(tx, stage.asked).status == "cancelled"
