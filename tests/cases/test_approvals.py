from datetime import timedelta

import psycopg
import pytest
from tests import checks, make

from headgate import cases
from headgate.cases.errors import (
    AlreadyVoted,
    ApprovalExpired,
    ApprovalUsed,
    NoPerson,
    NoSuchApproval,
    NotApproved,
    OtherPayload,
    OwnApproval,
)
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import AppendOnly

DOCUMENT = {"limit_minor": 1_000_000}


class Desk:
    """People at work on approvals of one tenant, each in transactions of their own."""

    def __init__(self, database: Database, tenant: make.TenantFixture) -> None:
        self.database, self.tenant = database, tenant

    def ask(self, who: Actor, **facts: object) -> cases.Approval:
        with self._as(who) as tx:
            return cases.request(tx, action="limits.raise", subject="le_1", document=DOCUMENT, reason="season", **facts)  # type: ignore[arg-type]

    def approve(self, who: Actor, request: cases.Approval, digest: str | None = None) -> cases.Approval:
        with self._as(who) as tx:
            return cases.approve(tx, approval_id=request.id, digest=digest or request.digest)

    def reject(self, who: Actor, request: cases.Approval) -> cases.Approval:
        with self._as(who) as tx:
            return cases.reject(tx, approval_id=request.id, digest=request.digest, reason="too much")

    def consume(self, who: Actor, request: cases.Approval, document: dict[str, int] = DOCUMENT) -> None:
        with self._as(who) as tx:
            cases.consume(tx, approval_id=request.id, action="limits.raise", document=document)

    def status(self, request: cases.Approval) -> str:
        with self._as(ANN) as tx:
            return cases.get_approval(tx, request.id).status

    def _as(self, who: Actor):  # type: ignore[no-untyped-def]
        return self.database.begin(tenant_id=self.tenant.id, actor=who)


ANN, BEN, CLEO = make.person("ann"), make.person("ben"), make.person("cleo")
ANNS_OTHER_KEY = Actor("human", "key_other", ANN.person_id)


@pytest.fixture
def desk(database: Database, tenant: make.TenantFixture) -> Desk:
    return Desk(database, tenant)


def test_another_person_approves_and_it_is_used_once(desk: Desk) -> None:
    request = desk.ask(ANN)
    assert request.status == "pending"
    assert desk.approve(BEN, request).status == "approved"

    desk.consume(ANN, request)

    assert desk.status(request) == "used"
    with pytest.raises(ApprovalUsed):
        desk.consume(ANN, request)
    with pytest.raises(ApprovalUsed):
        desk.approve(CLEO, request)


@pytest.mark.parametrize("who", [ANN, ANNS_OTHER_KEY], ids=["same login", "another login of the same person"])
def test_nobody_approves_what_they_asked_for(desk: Desk, who: Actor) -> None:
    request = desk.ask(ANN)

    with pytest.raises(OwnApproval):
        desk.approve(who, request)
    with pytest.raises(NotApproved, match="needs 1 approvals and has 0"):
        desk.consume(ANN, request)
    assert desk.status(request) == "pending"


@pytest.mark.parametrize("who", [Actor("human", "key_1"), Actor.system("relay"), Actor("ai", "model")])
def test_only_a_person_approves(desk: Desk, who: Actor) -> None:
    request = desk.ask(ANN)

    with pytest.raises(NoPerson):
        desk.approve(who, request)


def test_a_login_without_a_person_asks_for_nothing(desk: Desk) -> None:
    with pytest.raises(NoPerson):
        desk.ask(Actor("human", "key_1"))


def test_a_system_may_ask_and_any_person_approve(desk: Desk) -> None:
    request = desk.ask(Actor.system("limits"))

    assert desk.approve(ANN, request).status == "approved"


def test_what_is_done_must_be_what_was_approved(desk: Desk) -> None:
    request = desk.ask(ANN)
    with pytest.raises(OtherPayload, match="what you saw is not what was asked for"):
        desk.approve(BEN, request, digest="00" * 32)
    with pytest.raises(OtherPayload, match="64 hexadecimal digits"):
        desk.approve(BEN, request, digest="zz")
    desk.approve(BEN, request)

    with pytest.raises(OtherPayload, match="what was approved is not what would be done"):
        desk.consume(ANN, request, {"limit_minor": 1_000_001})
    assert desk.status(request) == "approved"


def test_an_expired_request_is_neither_approved_nor_used(desk: Desk) -> None:
    early = desk.ask(ANN, life=timedelta(milliseconds=150))
    desk.approve(BEN, early)
    with desk._as(ANN) as tx:
        tx.run("SELECT pg_sleep(0.2)")

    assert desk.status(early) == "expired"
    with pytest.raises(ApprovalExpired):
        desk.approve(CLEO, early)
    with pytest.raises(ApprovalExpired):
        desk.consume(ANN, early)


def test_one_no_ends_a_request(desk: Desk) -> None:
    request = desk.ask(ANN)
    desk.approve(BEN, request)
    assert desk.reject(CLEO, request).status == "rejected"

    with pytest.raises(NotApproved, match="and a rejection"):
        desk.consume(ANN, request)


def test_a_person_votes_once_and_two_people_are_two(desk: Desk) -> None:
    request = desk.ask(ANN, approvals_needed=2)
    desk.approve(BEN, request)
    with pytest.raises(AlreadyVoted):
        desk.approve(BEN, request)
    assert desk.status(request) == "pending"

    assert desk.approve(CLEO, request).status == "approved"


def test_the_voter_is_the_person_in_context_whoever_is_named(
    database: Database, tenant: make.TenantFixture, desk: Desk
) -> None:
    request = desk.ask(ANN)

    with pytest.raises(OwnApproval), database.begin(tenant_id=tenant.id, actor=ANN) as tx:
        tx.run(
            "INSERT INTO cases.approval_votes (tenant_id, approval_id, voter_person, voter_id, approved, digest)"
            " VALUES (%(tenant)s, %(id)s, 'usr_ben', 'key_ben', true, %(digest)s)",
            {"tenant": tenant.id, "id": request.id, "digest": bytes.fromhex(request.digest)},
        )


@pytest.mark.parametrize("table", ["approval_requests", "approval_votes", "approval_uses"])
@pytest.mark.parametrize(
    "verb", ["UPDATE cases.{} SET digest = digest", "DELETE FROM cases.{}", "TRUNCATE cases.{} CASCADE"]
)
def test_nothing_of_an_approval_is_edited(admin: psycopg.Connection, table: str, verb: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        admin.execute(verb.format(table))  # type: ignore[arg-type]
    assert caught.value.sqlstate == AppendOnly.sqlstate


def test_no_such_approval_is_said_so(tx: Tx) -> None:
    with pytest.raises(NoSuchApproval):
        cases.get_approval(tx, "apr_0")
    with pytest.raises(NoSuchApproval):
        cases.approve(tx, approval_id="apr_0", digest="00" * 32)
    with pytest.raises(NoSuchApproval):
        cases.consume(tx, approval_id="apr_0", action="x", document={})


def test_approvals_are_listed_newest_first(tx: Tx) -> None:
    made = [cases.request(tx, action="a", subject="s", document={}, reason="r") for _ in range(3)]

    assert [found.id for found in cases.list_approvals(tx, limit=2)] == [made[2].id, made[1].id]
    assert [found.id for found in cases.list_approvals(tx, status="pending", before=made[1].id)] == [made[0].id]
    assert cases.list_approvals(tx, status="used") == []


@pytest.mark.plants
@pytest.mark.parametrize("fault", ["no vote", "the maker's vote", "another digest"])
def test_the_invariant_names_an_approval_used_without_four_eyes(
    database: Database, tenant: make.TenantFixture, desk: Desk, admin: psycopg.Connection, fault: str
) -> None:
    request = desk.ask(ANN)
    digest = bytes(32) if fault == "another digest" else bytes.fromhex(request.digest)
    with admin.transaction():
        admin.execute(
            "ALTER TABLE cases.approval_uses DISABLE TRIGGER USER; ALTER TABLE cases.approval_votes DISABLE TRIGGER USER"
        )
        if fault == "the maker's vote":
            admin.execute(
                "INSERT INTO cases.approval_votes (tenant_id, approval_id, voter_person, voter_id, approved, digest)"
                " VALUES (%s, %s, %s, 'k', true, %s)",
                [tenant.id, request.id, ANN.person_id, digest],
            )
        admin.execute(
            "INSERT INTO cases.approval_uses (tenant_id, approval_id, digest, used_by) VALUES (%s, %s, %s, 'x')",
            [tenant.id, request.id, digest],
        )
        for table in ("approval_uses", "approval_votes"):
            for trigger in (
                "append_only",
                "a_queue",
                "b_use_is_approved" if table == "approval_uses" else "b_vote_is_another_persons",
            ):
                admin.execute(f"ALTER TABLE cases.{table} ENABLE ALWAYS TRIGGER {trigger}")  # type: ignore[arg-type]

    report = checks.run(database, [tenant.id])

    broken = [found for found in report.invariants if found.violations]
    assert [found.name for found in broken] == ["cases.four_eyes"]
    assert request.id in str(broken[0].sample)
