"""The doors of a payroll: in as JSON, CSV or a form, tried dry, held with its reasons, judged again, asked for execution."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, person, usd
from tests.payments import banking, stories
from tests.payments.stories import FRIDAY, MONDAY, TUESDAY
from tests.payments.test_commands import run as run
from tests.payments.test_delivery import send
from tests.web.client import Client, Keys, client_of, keys_of, person_key

from headgate import cases, funding, ingestion, payments, rails
from headgate.core.db import Database, Tx
from headgate.payments import originators
from headgate.payments.payrolls import releasing
from headgate.payments.routes import router
from headgate.rails import banks
from headgate.web import build_application

pytestmark = pytest.mark.slow

PAYROLLS = "/v1/payments/payrolls"
REGISTER = b"""employee_id,name,routing_number,account_number,account_type,net_pay,federal_tax
E-1,Maria Lindqvist,101000019,66432365329,checking,100.00,12.00
E-2,Tom Okafor,101000019,66432365330,savings,60.00,7.50
"""


@pytest.fixture(scope="module")
def client(database: Database) -> Iterator[Client]:
    with client_of(build_application(database, [router])) as opened:
        yield opened


@pytest.fixture
def keys(database: Database, tenant: TenantFixture) -> Keys:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
    return keys_of(database, tenant.id)


def csv(client: Client, keys: Keys, tenant: TenantFixture, key: str, data: bytes = REGISTER, **facts: Any) -> Any:
    facts = {"legal_entity_id": tenant.legal_entity_id, "payroll_id": "PR-1", "pay_on": str(FRIDAY), **facts}
    headers = {**keys.operator, "Idempotency-Key": key, "Content-Type": "text/csv; charset=utf-8"}
    return client.post(PAYROLLS, content=data, params=facts, headers=headers)


def rows(database: Database, tenant: TenantFixture) -> dict[str, int]:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return {**stories.counts(tx), "artifacts": len(ingestion.list_artifacts(tx)), "parties": parties_of(tx)}


def parties_of(tx: Tx) -> int:
    return int(tx.value("SELECT count(*) FROM parties.parties WHERE tenant_id = %(t)s", {"t": tx.tenant_id}))


def test_a_register_is_tried_dry_committed_and_asked_for_execution(
    client: Client, keys: Keys, database: Database, tenant: TenantFixture
) -> None:
    before = rows(database, tenant)
    dry = csv(client, keys, tenant, "dry", dry_run="true")

    assert (dry.status_code, dry.headers["Dry-Run"], dry.json()["status"]) == (200, "true", "blocked_funds")
    gate = dry.json()["gate"]
    assert (gate["evaluation_id"], gate["reason"], gate["mode"]) == (None, "insufficient_funds", "strict")
    assert (gate["required"]["minor"], gate["shortfall"]["minor"], dry.json()["instruction_count"]) == (17950, 17950, 3)
    assert gate["advice"][0] == {
        "action": "fund_account", "time_to_resolve": "1 to 3 days", "amount": {"minor": 17950, "currency": "USD"},
    }  # fmt: skip
    assert rows(database, tenant) == before, "a dry run keeps nothing, not even the file"

    blocked = csv(client, keys, tenant, "first")
    assert (blocked.status_code, blocked.json()["code"]) == (422, "payments.blocked_funds")
    prl = blocked.json()["facts"]["payroll_id"]
    asked = {"headers": {**keys.operator, "Idempotency-Key": "go"}}
    refused = client.post(f"{PAYROLLS}/{prl}/execute", **asked)
    assert (refused.status_code, refused.json()["code"]) == (422, "payments.payroll_not_committed")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, "179.50")
    # The facts of the query belong to the request: the key stands for this payroll and no other.
    other = csv(client, keys, tenant, "first", payroll_id="PR-2")
    assert (other.status_code, other.json()["code"]) == (422, "web.idempotency_key_reused")
    committed = csv(client, keys, tenant, "second")
    assert (committed.status_code, committed.json()["payroll"]["id"]) == (201, prl)
    queued = client.post(f"{PAYROLLS}/{prl}/execute", headers={**keys.operator, "Idempotency-Key": "go-2"})
    assert (queued.status_code, queued.json()["funded"], queued.json()["funded_amount"]["minor"]) == (201, 3, 17950)
    told = "SELECT count(*) FROM messaging.outbox_messages WHERE event_type = 'payments.payroll.execution_requested'"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert tx.value(told) == 1 and stories.counts(tx)["payments.attempts"] == 0
        assert len(ingestion.list_artifacts(tx)) == 1, "the same bytes are one file"
    again = csv(client, keys, tenant, "third", dry_run="true")
    assert (again.json()["status"], again.json()["gate"]) == ("committed", None)
    readonly = {**keys.readonly, "Idempotency-Key": "r"}
    assert client.post(f"{PAYROLLS}/{prl}/execute", headers=readonly).status_code == 403


def test_a_form_brings_the_file_with_its_facts_and_each_body_has_its_own_faults(
    client: Client, keys: Keys, database: Database, tenant: TenantFixture
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, "500.00")
    facts = {"legal_entity_id": tenant.legal_entity_id, "payroll_id": "PR-1", "pay_on": str(FRIDAY)}
    headers = {**keys.operator, "Idempotency-Key": "form"}

    made = client.post(PAYROLLS, data=facts, files={"file": ("november.csv", REGISTER)}, headers=headers)

    assert (made.status_code, made.json()["payroll"]["total"]["minor"]) == (201, 17950)
    again = client.post(PAYROLLS, data=facts, files={"file": ("november.csv", REGISTER)}, headers=headers)
    assert again.json() == made.json() and again.headers["Idempotent-Replayed"] == "true"
    headers["Idempotency-Key"] = "bad"
    missing = client.post(PAYROLLS, data={"payroll_id": "PR-2"}, files={"file": ("n.csv", b"x")}, headers=headers)
    assert {one["field"] for one in missing.json()["errors"]} == {"legal_entity_id", "pay_on"}
    assert csv(client, keys, tenant, "bad", pay_on="soon").json()["errors"][0]["field"] == "query.pay_on"
    unread = csv(client, keys, tenant, "bad", b"%PDF-1.7 no register")
    assert (unread.status_code, unread.json()["code"]) == (422, "ingestion.unknown_kind")
    broken = csv(client, keys, tenant, "bad-2", REGISTER.splitlines()[0] + b"\nE-1,A,101000018,66,checking,1.00,0\n")
    assert broken.json()["code"] == "payments.invalid_payroll", "its bytes and faults stay, and no payroll is made"
    plain = client.post(PAYROLLS, content=b"x", headers={**headers, "Content-Type": "text/plain"})
    assert plain.status_code == 422
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert len(payments.list_payrolls(tx)) == 1
        assert [one.filename for one in ingestion.list_artifacts(tx)].count("register.csv") == 2


def test_a_held_payroll_says_which_policy_which_figures_and_which_payments(
    client: Client, keys: Keys, database: Database, tenant: TenantFixture
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, "100.00")
        scenes.limit(tx, "max_single_payment", funding.Limit(amount_minor=5000))
        held = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", "20.00", "70.00", pay_on=FRIDAY))
        wanted = [row.id for row in payments.list_instructions(tx, query=payments.parse_query("amount:>50"))]
    assert held.status == "blocked_policy"

    said = client.get(f"{PAYROLLS}/{held.payroll.id}/gate", headers=keys.readonly).json()
    judged = client.post(
        f"{PAYROLLS}/{held.payroll.id}/judge", headers={**keys.operator, "Idempotency-Key": "judge"}
    ).json()

    [violation] = said["violations"]
    assert violation["policy"] == "max_single_payment" and "over the limit of a single payment" in violation["text"]
    assert violation["facts"] == {"limit_minor": 5000, "largest_minor": 7000, "payments": 2}
    assert (sorted(violation["payments"]), violation["payment_count"]) == (sorted(wanted), 2)
    assert (said["must_leave_on"], said["available_now"]["minor"]) == ("2026-12-10", 10000)
    assert [(one["kind"], one["amount"]["minor"], one["due_on"]) for one in said["expected"]] == [
        ("asked_for", 5000, "2026-12-10")
    ]
    assert (judged["code"], judged["facts"]["evaluation_no"]) == ("payments.blocked_policy", 2)
    assert client.get(f"{PAYROLLS}/prl_none/gate", headers=keys.readonly).status_code == 404


def test_judged_again_it_passes_as_the_same_commit_would_and_twins_are_still_known(
    tx: Tx, tenant: TenantFixture
) -> None:
    stories.at(tx, MONDAY)
    tax = payments.Obligation("tax", "FED", usd("10.00"))
    batch = stories.batch(tx, tenant, "60.00", "70.00", pay_on=FRIDAY, obligations=(tax,))
    held = payments.commit_payroll(tx, batch)
    stories.fund(tx, tenant, "280.00")

    passed = payments.judge_again(tx, payroll_id=held.payroll.id)
    again = payments.judge_again(tx, payroll_id=held.payroll.id)

    assert (passed.status, passed.payroll.status, passed.gate and passed.gate.evaluation_no) == ("committed",) * 2 + (
        2,
    )
    assert stories.client_funds(tx, tenant) == (usd("140.00"), usd("140.00"))
    assert stories.statuses(tx) == ["pending"] * 3 and (again.status, again.gate) == ("committed", None)
    prints = "SELECT count(DISTINCT fingerprint) FROM funding.gate_evaluations WHERE tenant_id = %(t)s"
    assert tx.value(prints, {"t": tx.tenant_id}) == 1, "a twin is known by it, whoever asked"
    with pytest.raises(payments.NoSuchPayroll):
        payments.judge_again(tx, payroll_id="prl_none")


def test_judged_again_what_awaits_funding_takes_what_is_there_for_what_is_due_first(
    tx: Tx, tenant: TenantFixture
) -> None:
    stories.at(tx, MONDAY)
    scenes.setting(tx, "commit_gate_mode", "hybrid")
    late = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", payroll_id="PR-late", pay_on=FRIDAY))
    soon = payments.commit_payroll(tx, stories.batch(tx, tenant, "50.00", payroll_id="PR-soon", pay_on=TUESDAY))
    stories.fund(tx, tenant, "70.00")

    result = payments.judge_again(tx, payroll_id=late.payroll.id)

    assert result.status == "committed_with_warnings", "the money is for the payroll that is due first"
    assert [payments.awaits_funds(tx, one.payroll.id) for one in (late, soon)] == [True, False]


def test_when_a_payroll_must_leave_the_bank_s_own_windows_say(
    tx: Tx, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories.at(tx, MONDAY)
    stories.originator(tx, tenant)
    payroll = payments.commit_payroll(tx, stories.batch(tx, tenant, "60.00", pay_on=FRIDAY)).payroll
    assert payments.held_payroll(tx, payroll.id).leaves_on == releasing.leaves_on(tx, payroll) == date(2026, 12, 10)

    windows = banks.get("sandbox").ach.windows  # type: ignore[union-attr]
    slow = tuple(banking.replace(one, settles_after_days=2) for one in windows if one.speed == "next_day")
    banking.sandbox(monkeypatch, ach={"windows": slow})

    assert payments.held_payroll(tx, payroll.id).leaves_on == releasing.leaves_on(tx, payroll) == date(2026, 12, 9)
    schedule = rails.cutoffs.schedule_of(banks.get("sandbox"), "ach")
    last = rails.cutoffs.last_opening(schedule, settles_on=date(2026, 12, 13))
    assert (last.day, last.settles_on) == (date(2026, 12, 9), date(2026, 12, 11)), "a Sunday is paid on Friday"
    with pytest.raises(rails.NoWindow):
        rails.cutoffs.last_opening(schedule, settles_on=FRIDAY, speed="same_day")
    # A bank of which only its guide could say when it closes, and one that nobody named: a banking day ahead.
    assert releasing.release_on(FRIDAY, "113011258") == releasing.release_on(FRIDAY, None) == date(2026, 12, 10)
    assert originators.known_originators(tx, [tenant.legal_entity_id])


# ---------- the command line


def test_the_same_from_the_command_line(run: Any, database: Database, tenant: TenantFixture, tmp_path: Path) -> None:
    register = tmp_path / "register.csv"
    register.write_bytes(REGISTER)
    words = ("payments", "commit", str(register), "--legal-entity", tenant.legal_entity_id, "--payroll-id", "PR-1")
    words = (*words, "--pay-on", FRIDAY.isoformat())
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
    before = rows(database, tenant)

    dry = json.loads(run(*words, "--dry-run", code=1))
    assert (dry["status"], dry["gate"]["shortfall"]["minor"]) == ("blocked_funds", 17950)
    assert rows(database, tenant) == before
    assert "insufficient" in run(*words, code=1)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        [prl] = [one.id for one in payments.list_payrolls(tx)]
    gate = run("payments", "gate", prl)
    told = run("payments", "gate", prl, as_json=False)
    assert gate["required"]["minor"] == 17950 and "asked for by 2026-12-10" in told and "179.50 USD" in told
    assert "not committed" in run("payments", "execute", prl, code=1)
    assert "blocked_funds" in run("payments", "judge", prl, code=1)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.fund(tx, tenant, "179.50")
    assert run(*words, "--dry-run")["status"] == "committed"
    assert run("payments", "judge", prl)["payroll"]["status"] == "committed"
    assert run("payments", "execute", prl)["funded"] == 3
    [first, *_] = run("payments", "list")
    assert [one["type"] for one in run("payments", "timeline", first["id"])] == [
        "payments.instruction.blocked", "ledger.reservation.created", "payments.instruction.committed",
    ]  # fmt: skip


def test_two_people_say_at_the_command_line_what_became_of_a_file(
    run: Any, database: Database, tenant: TenantFixture, tmp_path: Path
) -> None:
    file = send(database, tenant, "10.00")
    banking.lose(database, tenant)
    ann, bob, carl = (tmp_path / name for name in ("ann", "bob", "carl"))
    for path, role in ((ann, "operator"), (bob, "finance"), (carl, "readonly")):
        made = person_key(database, tenant.id, role=role, email=f"{path.name}@example.org")
        path.write_text(made["Authorization"].removeprefix("Bearer "))

    def do(*words: str, key: Path | None = None, code: int = 0, as_json: bool = True) -> Any:
        named = ("--key-file", str(key)) if key else ()
        return run("payments", "delivery", *words, *named, code=code, as_json=as_json, tenant=key is None)

    [listed] = do("list")["files"]
    assert (listed["id"], listed["status"]) == (file.id, "outcome_unknown")
    proposal = ("propose", file.id, "--verdict", "absent", "--reason", "their desk says so")
    do(*proposal, key=carl, code=1)  # A reader may not ask.
    asked = do(*proposal, key=ann)
    told = do("list", as_json=False)
    assert asked["digest"] in told and "their desk says so" in told and asked["id"] in told
    for key, digest in ((ann, asked["digest"]), (bob, "0" * 64)):  # Not one's own, and not what was not read.
        do("approve", asked["id"], "--digest", digest, key=key, code=1)
    assert do("refuse", asked["id"], "--digest", asked["digest"], "--reason", "no", key=bob)["status"] == "rejected"
    assert do("list")["requests"] == []
    asked = do(*proposal, key=ann)
    assert do("approve", asked["id"], "--digest", asked["digest"], key=bob)["status"] == "pending"
    assert do("list") == {"files": [], "requests": []}
    do("approve", asked["id"], "--digest", asked["digest"], key=bob, code=1)  # Once.
    with database.begin(tenant_id=tenant.id, actor=person("ann")) as tx:
        other = cases.request(tx, action="cases.end", subject="case_x", document={"a": 1}, reason="x")
        with pytest.raises(payments.NothingToDecide):
            payments.approve_delivery(tx, approval_id=other.id, digest=other.digest)
