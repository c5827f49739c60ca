"""A posting passes a limit of the past by another person's yes to exactly it, and once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import make
from tests.web.client import Client, client_of, person_key
from typer.testing import CliRunner

from headgate import cases, ledger, recon, tenants
from headgate.api import create_app
from headgate.cases.errors import NoSuchApproval, NotApproved, OtherPayload, OwnApproval
from headgate.core import ids, terminal
from headgate.core.db import Database
from headgate.core.errors import Forbidden, HeadgateError, Malformed, Refused, Unauthorized
from headgate.ledger import Entry, Posting
from headgate.recon import commands

pytestmark = pytest.mark.slow

ANN, BOB = make.person("ann"), make.person("bob")
KEY = "fee-2"


def day(number: int) -> datetime:
    return datetime(2026, 1, number, 12, tzinfo=UTC)


class Story:
    """10.00 came on the 2nd, 8.00 were spent on the 6th, 20.00 came on the 10th: 22.00 now, 2.00 then."""

    def __init__(self, database: Database, tenant: make.TenantFixture) -> None:
        self.database, self.tenant = database, tenant
        with database.begin(tenant_id=tenant.id, actor=ANN) as tx:
            self.cash = ledger.account_for(tx, "CASH", "USD").id
            self.client = ledger.account_for(tx, "CLIENT_FUNDS", "USD", tenant.legal_entity_id).id
            for key, debit, credit, amount, on in (
                ("a", self.cash, self.client, "10.00", 2),
                ("b", self.client, self.cash, "8.00", 6),
                ("c", self.cash, self.client, "20.00", 10),
            ):
                ledger.post(
                    tx,
                    idempotency_key=key,
                    entries=[Entry(debit, credit, make.usd(amount))],
                    effective_at=day(on),
                )

    def do(self, verb: Any, actor: Any = ANN, **facts: Any) -> Any:
        with self.database.begin(tenant_id=self.tenant.id, actor=actor) as tx:
            return verb(tx, **facts)

    def posting(self, amount: str = "5.00", on: int = 3, key: str = KEY, **facts: Any) -> Posting:
        return Posting(key, [Entry(self.client, self.cash, make.usd(amount))], day(on), **facts)

    def ask(self, posting: Posting, actor: Any = ANN) -> Any:
        return self.do(recon.request_backdating, actor, posting=posting, reason="the bank charged it then")

    def approve(self, asked: cases.Approval, actor: Any = BOB) -> Any:
        return self.do(cases.approve, actor, approval_id=asked.id, digest=asked.digest)

    def post(self, asked: cases.Approval, actor: Any = ANN) -> Any:
        return self.do(recon.post_backdated, actor, approval_id=asked.id)

    @property
    def available(self) -> str:
        found: ledger.Balance = self.do(ledger.balance, account=self.client)
        return str(found.available.major)

    @property
    def transactions(self) -> list[ledger.Transaction]:
        found: list[ledger.Transaction] = self.do(ledger.list_transactions)
        return found


@pytest.fixture
def story(database: Database, tenant: make.TenantFixture) -> Story:
    return Story(database, tenant)


def test_it_is_asked_for_approved_by_another_and_posted_once(story: Story, admin: psycopg.Connection[Any]) -> None:
    wanted = story.posting(description="A fee", metadata={"reference": "R1"}, source_type="fee", source_id="F1")
    asked = story.ask(wanted)

    assert (asked.action, asked.status, asked.subject) == (
        "ledger.backdate",
        "pending",
        ids.encode("acct", story.client),
    )
    assert asked.payload["posting"]["entries"][0]["amount"] == {"minor": 500, "currency": "USD"}
    assert asked.payload["posting"]["entries"][0]["credit_code"] == "CASH.USD"
    assert (asked.payload["limit"]["balance_minor"], asked.payload["limit"]["at"]) == (
        -300,
        "2026-01-06T12:00:00.000000Z",
    )
    assert len(story.transactions) == 3
    with pytest.raises(NotApproved):
        story.post(asked)
    with pytest.raises(OwnApproval):
        story.approve(asked, ANN)
    assert (len(story.transactions), story.available) == (3, "22.00")
    story.approve(asked)

    posted = story.post(asked)
    again = story.post(asked, BOB)

    assert (again.transaction_id, posted.replayed, again.replayed) == (posted.transaction_id, False, True)
    made = story.transactions[0]
    assert (made.id, made.effective_at, made.description, made.metadata, made.source_id) == (
        *(posted.transaction_id, day(3), "A fee", {"reference": "R1"}, "F1"),
    )
    assert (len(story.transactions), story.available) == (4, "17.00")
    assert story.do(cases.get_approval, approval_id=asked.id).status == "used"
    found = admin.execute(
        "SELECT data ->> 'override_ref' FROM audit.events WHERE tenant_id = %s AND type = 'ledger.transaction.posted'"
        " AND (data ->> 'transaction_id')::bigint = %s",
        [story.tenant.id, posted.transaction_id],
    ).fetchall()
    assert found == [(asked.id,)]


def test_it_is_posted_once_by_many_at_once(story: Story) -> None:
    asked = story.ask(story.posting())
    story.approve(asked)

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: story.post(asked), range(8)))

    assert len({answer.transaction_id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 7
    assert (len(story.transactions), story.available) == (4, "17.00")


def test_nothing_of_it_can_change_after_the_approval(story: Story, admin: psycopg.Connection[Any]) -> None:
    asked = story.ask(story.posting())
    story.approve(asked)
    with admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute("ALTER TABLE cases.approval_requests DISABLE TRIGGER ALL")
        admin.execute(
            "UPDATE cases.approval_requests SET payload = jsonb_set(payload, '{posting,entries,0,amount,minor}', '1200')"
            " WHERE tenant_id = %s AND id = %s",
            [story.tenant.id, asked.id],
        )
        admin.execute("ALTER TABLE cases.approval_requests ENABLE ALWAYS TRIGGER append_only")
        admin.execute("ALTER TABLE cases.approval_requests ENABLE ALWAYS TRIGGER a_request_is_the_makers")

    with pytest.raises(OtherPayload):
        story.post(asked)
    assert (len(story.transactions), story.available) == (3, "22.00")


def test_an_approval_of_something_else_posts_nothing(story: Story) -> None:
    payload = story.ask(story.posting()).payload
    other = story.do(cases.request, action="cases.end", subject="x", document=payload, reason="another matter")
    story.approve(other)

    with pytest.raises(OtherPayload):
        story.post(other)
    with pytest.raises(NoSuchApproval):
        story.do(recon.post_backdated, approval_id="apr_none")
    assert len(story.transactions) == 3


def test_two_requests_of_one_key_post_once(story: Story) -> None:
    first, second = story.ask(story.posting()), story.ask(story.posting())
    for asked in (first, second):
        story.approve(asked)
    story.post(first)

    with pytest.raises(ledger.IdempotencyConflict):
        story.post(second)
    assert (len(story.transactions), story.available) == (4, "17.00")
    assert story.do(cases.get_approval, approval_id=second.id).status == "approved"


def test_only_what_an_approval_cures_is_asked_for(story: Story, tenant: make.TenantFixture) -> None:
    before = len(story.do(cases.list_approvals))

    with pytest.raises(recon.ApprovalNotNeeded):
        story.ask(story.posting("2.00"))
    too_much = story.ask(story.posting("23.00"))
    assert isinstance(too_much, Refused)
    assert too_much.code == "ledger.insufficient_funds"
    plain = story.posting()
    for wrong in (
        Posting(plain.idempotency_key, plain.entries),
        Posting(plain.idempotency_key, plain.entries, plain.effective_at, pending=True),
        Posting(plain.idempotency_key, plain.entries, plain.effective_at, override_ref="apr_1"),
        Posting(plain.idempotency_key, [Entry(story.client, story.cash, make.usd("5.00"), debit_version=3)], day(3)),
    ):
        with pytest.raises(recon.NotBackdated):
            story.ask(wrong)
    with pytest.raises(ledger.IdempotencyConflict):
        story.ask(story.posting(key="a"))
    refused = story.do(ledger.post, idempotency_key="refused", entries=plain.entries, effective_at=plain.effective_at)
    assert refused.code == "ledger.limit_at_effective_time"
    with pytest.raises(ledger.IdempotencyConflict, match="new key"):
        story.ask(story.posting(key="refused"))
    with pytest.raises(Malformed):
        story.ask(story.posting(metadata={"rate": 1.5}))

    assert len(story.do(cases.list_approvals)) == before
    assert len(story.transactions) == 3
    assert story.do(ledger.explain_refusal, request="refused").cures[0].action == "obtain_approval"


def test_what_is_refused_after_all_stays_so(story: Story) -> None:
    asked = story.ask(story.posting("20.00"))
    story.approve(asked)
    story.do(ledger.post, idempotency_key="spent", entries=[Entry(story.client, story.cash, make.usd("10.00"))])

    first, again = story.post(asked), story.post(asked)

    assert (first.code, first.replayed, again.replayed) == ("ledger.insufficient_funds", False, True)
    assert first.facts == again.facts
    assert story.available == "12.00"


# The doors ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def api(database: Database) -> Iterator[Client]:
    with client_of(create_app(database)) as opened:
        yield opened


def body_of(story: Story, **facts: Any) -> dict[str, Any]:
    return {
        "idempotency_key": KEY,
        "entries": [
            {
                "debit": ids.encode("acct", story.client),
                "credit": "CASH.USD",
                "amount": {"minor": 500, "currency": "USD"},
            }
        ],
        "effective_at": "2026-01-03T12:00:00Z",
        "reason": "the bank charged it then",
        **facts,
    }


def test_it_goes_over_http(api: Client, story: Story, database: Database) -> None:
    ann = person_key(database, story.tenant.id, role="operator", email="ann@example.org")
    anns_other = person_key(database, story.tenant.id, role="admin", email="ann@example.org")
    bob = person_key(database, story.tenant.id, role="finance", email="bob@example.org")
    compliance = person_key(database, story.tenant.id, role="compliance", email="cid@example.org")
    path = "/v1/recon/backdating-requests"
    body = body_of(story)

    plain = {name: value for name, value in body.items() if name not in ("idempotency_key", "reason")}
    refused = api.post("/v1/ledger/transactions", json=plain, headers=ann | {"Idempotency-Key": "fee-1"})
    assert (refused.status_code, refused.json()["code"]) == (422, "ledger.limit_at_effective_time")
    explained = api.get("/v1/ledger/refusals/explain?request=fee-1", headers=ann).json()
    assert [cure["action"] for cure in explained["cures"]] == ["obtain_approval"]
    assert path in explained["cures"][0]["text"]

    assert api.post(path, json=body, headers=compliance).status_code == 403
    asked = api.post(path, json=body, headers=ann)
    assert asked.status_code == 201, asked.text
    made = asked.json()
    vote = f"/v1/cases/approvals/{made['id']}/approve"
    assert api.get(f"/v1/cases/approvals/{made['id']}", headers=bob).json() == made
    early = api.post(f"{path}/{made['id']}/post", headers=ann | {"Idempotency-Key": "early"})
    assert (early.status_code, early.json()["code"]) == (403, "cases.not_approved")
    own = api.post(vote, json={"digest": made["digest"]}, headers=anns_other)
    assert (own.status_code, own.json()["code"]) == (403, "cases.own_approval")
    assert api.post(vote, json={"digest": made["digest"]}, headers=bob).status_code == 200
    assert api.post(f"{path}/{made['id']}/post", headers=compliance | {"Idempotency-Key": "c"}).status_code == 403

    posted = api.post(f"{path}/{made['id']}/post", headers=ann | {"Idempotency-Key": "p"})
    again = api.post(f"{path}/{made['id']}/post", headers=ann | {"Idempotency-Key": "p"})
    other = api.post(f"{path}/{made['id']}/post", headers=bob | {"Idempotency-Key": "q"})

    assert posted.status_code == 201, posted.text
    assert again.json() == posted.json()
    assert other.json() == posted.json() | {"replayed": True}
    assert posted.json()["approval_id"] == made["id"]
    shown = api.get(f"/v1/ledger/transactions/{posted.json()['transaction_id']}", headers=bob).json()
    assert (shown["idempotency_key"], shown["effective_on"]) == (KEY, "2026-01-03")
    assert (len(story.transactions), story.available) == (4, "17.00")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"effective_at": "2026-01-03"}, 422, "web.invalid"),
        ({"effective_at": None}, 422, "web.invalid"),
        ({"effective_at": "0001-01-01T00:00:00+14:00"}, 422, "web.invalid"),
        ({"override_ref": "apr_1"}, 422, "web.invalid"),
        ({"source_type": "fee"}, 422, "web.invalid"),
        ({"reason": ""}, 422, "web.invalid"),
        ({"idempotency_key": "a b"}, 422, "web.invalid"),
        ({"effective_at": "2026-01-11T12:00:00Z"}, 409, "recon.approval_not_needed"),
        ({"idempotency_key": "a"}, 409, "ledger.idempotency_conflict"),
        ({"metadata": {"rate": 1.5}}, 400, "core.malformed"),
    ],
)
def test_what_cannot_be_asked_is_said(
    api: Client, story: Story, database: Database, change: dict[str, Any], status: int, code: str
) -> None:
    ann = person_key(database, story.tenant.id, role="operator", email="ann@example.org")

    answer = api.post("/v1/recon/backdating-requests", json=body_of(story, **change), headers=ann)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (story.do(cases.list_approvals), len(story.transactions)) == ([], 3)


@pytest.mark.slow
def test_it_goes_from_the_command_line(
    story: Story, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def opened() -> Iterator[Database]:
        yield database

    monkeypatch.setattr(terminal, "open_database", opened)
    file, key_file = tmp_path / "fee.json", tmp_path / "key"
    file.write_text(json.dumps(body_of(story)))

    def run(*words: str) -> Any:
        done = CliRunner().invoke(commands.app, [*words, "--json"])
        if isinstance(done.exception, HeadgateError):
            raise done.exception
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.stdout)

    def key_of(role: str) -> str:
        headers = person_key(database, story.tenant.id, role=role, email="ann@example.org")
        return headers["Authorization"].removeprefix("Bearer ")

    ask = ("request-backdating", str(file), "--key-file", str(key_file))
    key_file.write_text("hg_test_nothing")
    with pytest.raises(Unauthorized):
        run(*ask)
    key_file.write_text(key_of("readonly"))
    with pytest.raises(Forbidden):
        run(*ask)
    key_file.write_text(key_of("operator") + "\n")
    asked = run(*ask)
    assert asked["maker_person"] == story.do(tenants.find_user, email="ann@example.org").id
    post = ("post-backdated", asked["id"], "--tenant", story.tenant.slug)
    with pytest.raises(NotApproved):
        run(*post)
    story.do(cases.approve, BOB, approval_id=asked["id"], digest=asked["digest"])

    posted, again = run(*post), run(*post)

    assert again == posted | {"replayed": True}
    assert len(story.transactions) == 4
    file.write_text("{}")
    with pytest.raises(Malformed, match="entries: this field is required"):
        run(*ask)
