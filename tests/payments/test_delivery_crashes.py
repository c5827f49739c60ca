"""A file goes to the bank once: whatever crashed, whatever the bank took away, whoever else was delivering."""

from __future__ import annotations

import threading
import time as time_module
from dataclasses import replace
from datetime import time
from typing import Any

import psycopg
import pytest
from tests.make import ACTOR, TenantFixture, person, usd
from tests.payments import banking, stories
from tests.payments.banking import Bank, Died
from tests.payments.banking import bank as bank
from tests.payments.stories import MONDAY, TUESDAY
from tests.payments.test_delivery import send
from tests.web.client import client_of, person_key

from headgate import cases, payments
from headgate.cases.routes import router as cases_router
from headgate.core import places
from headgate.core.db import Database, Tx
from headgate.payments import NothingToDecide, NotProvedAbsent
from headgate.payments.delivery import delivery
from headgate.payments.routes import router
from headgate.rails import banks
from headgate.web import build_application

pytestmark = pytest.mark.slow

STEPS = ["before the first byte", "before the rename", "after the rename"]


def status(database: Database, tenant: TenantFixture, file: payments.AchFile) -> str:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return payments.get_file(tx, file.id).status


def evidence(tx: Tx, file: payments.AchFile) -> list[tuple[int, str, str]]:
    rows = tx.all(
        """
        SELECT try_no, verdict, basis FROM payments.delivery_evidence
         WHERE ach_file_id = %(file)s ORDER BY try_no, recorded_at
        """,
        {"file": file.id},
    )
    return [(row["try_no"], row["verdict"], row["basis"]) for row in rows]


def open_cases(tx: Tx) -> list[str]:
    return sorted(case.category for case in cases.list_cases(tx))


@pytest.mark.parametrize("dies", STEPS)
@pytest.mark.parametrize("takes", [banking.stay, banking.archive])
def test_where_the_bank_never_removes_every_crash_ends_in_one_file(
    database: Database, tenant: TenantFixture, bank: type[Bank], dies: str, takes: Any
) -> None:
    file = send(database, tenant, "10.00")
    bank.dies, bank.takes = dies, staticmethod(takes)  # type: ignore[assignment]
    with pytest.raises(Died):
        payments.deliver(database, tenant.id)
    assert status(database, tenant, file) == "pending"
    bank.dies = None

    (delivered,) = payments.deliver(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert bank.received == [(file.name, payments.file_bytes(tx, file.id))]
        assert delivered.status == "delivered"
        seen = "archive" if takes is banking.archive else "outbound"
        assert (
            evidence(tx, file)
            == {
                "before the first byte": [(1, "absent", "never_removed"), (2, "delivered", "handed_over")],
                "before the rename": [(1, "absent", "temporary"), (2, "delivered", "handed_over")],
                "after the rename": [(1, "delivered", seen)],
            }[dies]
        )
        assert open_cases(tx) == []
    folder = payments.outbound_folder(database, tenant.id)
    assert [path.name for path in folder.iterdir() if path.name.endswith(".part")] == []
    assert payments.deliver(database, tenant.id) == []


@pytest.mark.parametrize("dies", STEPS)
def test_where_the_bank_takes_files_away_only_proof_sends_again(
    database: Database, tenant: TenantFixture, bank: type[Bank], monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    banking.sandbox(monkeypatch, delivery={"removes": "may", "archive": None})
    file = send(database, tenant, "10.00")
    bank.dies, bank.takes = dies, staticmethod(banking.vanish)  # type: ignore[assignment]
    with pytest.raises(Died):
        payments.deliver(database, tenant.id)
    bank.dies = None

    for _ in range(3):
        payments.deliver(database, tenant.id)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        found = (payments.get_file(tx, file.id).status, len(bank.received), evidence(tx, file), open_cases(tx))
    unknown = [(1, "unknown", "may_be_removed")]
    assert (
        found
        == {
            "before the first byte": ("outcome_unknown", 0, unknown, ["delivery_unknown"]),
            "before the rename": ("delivered", 1, [(1, "absent", "temporary"), (2, "delivered", "handed_over")], []),
            "after the rename": ("outcome_unknown", 1, unknown, ["delivery_unknown"]),
        }[dies]
    )


@pytest.fixture
def unknown(
    database: Database, tenant: TenantFixture, bank: type[Bank], monkeypatch: pytest.MonkeyPatch
) -> payments.AchFile:
    """A file of which nobody knows, since the bank took it away, or never had it, when the process died."""
    banking.sandbox(monkeypatch, delivery={"removes": "may", "archive": None})
    file = send(database, tenant, "10.00")
    bank.dies = "before the first byte"
    with pytest.raises(Died):
        payments.deliver(database, tenant.id)
    bank.dies = None
    payments.deliver(database, tenant.id)
    assert status(database, tenant, file) == "outcome_unknown" and bank.received == []
    return file


def decide(database: Database, tenant: TenantFixture, file: payments.AchFile, verdict: Any) -> str:
    """Ann asks, Bob approves; the approval."""
    with database.begin(tenant_id=tenant.id, actor=person("ann")) as tx:
        asked = payments.request_delivery_decision(
            tx, file_id=file.id, verdict=verdict, reason="the bank's desk says so"
        )
    with database.begin(tenant_id=tenant.id, actor=person("bob")) as tx:
        cases.approve(tx, approval_id=asked.id, digest=asked.digest)
    return asked.id


def test_two_people_may_let_it_go_again_with_the_same_bytes(
    database: Database, tenant: TenantFixture, bank: type[Bank], unknown: payments.AchFile
) -> None:
    approval_id = decide(database, tenant, unknown, "absent")
    with database.begin(tenant_id=tenant.id, actor=person("ann")) as tx:
        assert payments.decide_delivery(tx, approval_id=approval_id).status == "pending"
        content = payments.file_bytes(tx, unknown.id)

    (delivered,) = payments.deliver(database, tenant.id)

    assert (delivered.status, bank.received) == ("delivered", [(unknown.name, content)])
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert evidence(tx, unknown) == [
            (1, "unknown", "may_be_removed"), (1, "absent", "people"), (2, "delivered", "handed_over"),
        ]  # fmt: skip
        with pytest.raises(NothingToDecide):
            payments.decide_delivery(tx, approval_id=approval_id)


def test_two_people_may_say_that_the_bank_has_it(
    database: Database, tenant: TenantFixture, bank: type[Bank], unknown: payments.AchFile
) -> None:
    approval_id = decide(database, tenant, unknown, "delivered")

    with database.begin(tenant_id=tenant.id, actor=person("ann")) as tx:
        assert payments.decide_delivery(tx, approval_id=approval_id).status == "delivered"

    assert payments.deliver(database, tenant.id) == [] and bank.received == []


def test_one_person_alone_moves_nothing(
    database: Database, tenant: TenantFixture, bank: type[Bank], unknown: payments.AchFile
) -> None:
    with database.begin(tenant_id=tenant.id, actor=person("ann")) as tx:
        asked = payments.request_delivery_decision(tx, file_id=unknown.id, verdict="absent", reason="I think so")
    for _ in range(2):
        with (
            pytest.raises(Exception, match="needs 1 approvals and has 0"),
            database.begin(tenant_id=tenant.id, actor=person("ann")) as tx,
        ):
            payments.decide_delivery(tx, approval_id=asked.id)

    assert payments.deliver(database, tenant.id) == [] and bank.received == []
    assert status(database, tenant, unknown) == "outcome_unknown"


def test_there_is_nothing_to_decide_of_a_file_that_is_known(database: Database, tenant: TenantFixture) -> None:
    file = send(database, tenant, "10.00")

    with (
        database.begin(tenant_id=tenant.id, actor=person("ann")) as tx,
        pytest.raises(NothingToDecide, match="is pending"),
    ):
        payments.request_delivery_decision(tx, file_id=file.id, verdict="absent", reason="why not")


def test_a_late_acknowledgement_tells_what_nobody_knew(
    database: Database, tenant: TenantFixture, bank: type[Bank], unknown: payments.AchFile
) -> None:
    folder = payments.outbound_folder(database, tenant.id) / "acknowledgements"
    folder.mkdir(parents=True)
    (folder / f"{unknown.name}.ack").write_text(f"FILE: {unknown.name}\nSTATUS: ACCEPTED\nENTRIES: 1\nCREDITS: 10.00\n")

    (delivered,) = payments.deliver(database, tenant.id)

    assert delivered.status == "delivered" and bank.received == []


def test_a_statement_settles_what_nobody_knew(
    database: Database, tenant: TenantFixture, unknown: payments.AchFile
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY)
        statement = stories.statement([payments.file_bytes(tx, unknown.id)], on=TUESDAY)
        payments.settle_from_statement(tx, artifact_id=stories.read(tx, "s.bai2", statement))

    assert status(database, tenant, unknown) == "settled"


def test_what_cannot_be_seen_waits_without_a_case(database: Database, tenant: TenantFixture, bank: type[Bank]) -> None:
    file = send(database, tenant, "10.00")
    for blind in (".", "archive"):
        bank.blind = (blind,)
        assert payments.deliver(database, tenant.id) == []
    assert status(database, tenant, file) == "pending" and bank.received == []
    bank.blind = ()

    assert len(payments.deliver(database, tenant.id)) == 1
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert open_cases(tx) == []


def cut_lock(admin: psycopg.Connection[Any], tenant: TenantFixture) -> None:
    """The connection on which a process holds the tenant's delivery is cut."""
    cut = admin.execute(
        """
        SELECT pg_terminate_backend(l.pid, 5000) FROM pg_locks l
         WHERE l.locktype = 'advisory' AND l.granted
           AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended(%s, 0)
        """,
        (f"payments.delivery:{tenant.id}",),
    ).fetchall()
    assert cut == [(True,)]


def test_a_process_that_lost_its_lock_does_not_rename(
    database: Database, tenant: TenantFixture, bank: type[Bank], admin: psycopg.Connection[Any]
) -> None:
    """While bytes travel its connection is cut, and another process may deliver: the first must not go on."""
    file = send(database, tenant, "10.00")
    put = bank.put

    def cut(self: Any, folder: str, temporary: str, name: str, content: bytes, before_rename: Any) -> None:
        cut_lock(admin, tenant)
        put(self, folder, temporary, name, content, before_rename)

    bank.put = cut  # type: ignore[method-assign,assignment]
    assert payments.deliver(database, tenant.id) == []
    assert bank.received == [] and status(database, tenant, file) == "pending"
    bank.put = put  # type: ignore[method-assign]

    assert [one.status for one in payments.deliver(database, tenant.id)] == ["delivered"]
    assert len(bank.received) == 1


def test_eight_deliverers_at_once_hand_a_file_over_once(
    database: Database, tenant: TenantFixture, bank: type[Bank]
) -> None:
    send(database, tenant, "10.00")
    bank.takes = staticmethod(banking.vanish)  # type: ignore[assignment]
    put = bank.put

    def slowly(self: Any, *words: Any, **more: Any) -> None:
        time_module.sleep(0.3)  # the others look while nothing of it is there yet
        put(self, *words, **more)

    bank.put = slowly  # type: ignore[method-assign,assignment]
    gate = threading.Barrier(8)

    def run() -> None:
        gate.wait()
        for _ in range(3):
            payments.deliver(database, tenant.id)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(bank.received) == 1


def test_whoever_writes_a_second_try_needs_proof(
    database: Database, tenant: TenantFixture, unknown: payments.AchFile
) -> None:
    insert = """
        INSERT INTO payments.delivery_tries (tenant_id, ach_file_id, try_no, bank, begun_at)
        VALUES (core.require_tenant(), %(file)s, %(no)s, 'sandbox', now())
    """
    for number in (2, 3):
        with pytest.raises(NotProvedAbsent), database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            tx.run(insert, {"file": unknown.id, "no": number})
    approval_id = decide(database, tenant, unknown, "delivered")
    with database.begin(tenant_id=tenant.id, actor=person("ann")) as tx:
        payments.decide_delivery(tx, approval_id=approval_id)
    with (
        pytest.raises(NotProvedAbsent, match="is with the bank"),
        database.begin(tenant_id=tenant.id, actor=ACTOR) as tx,
    ):
        tx.run(insert, {"file": unknown.id, "no": 2})
    for change in (
        "UPDATE payments.delivery_tries SET try_no = 7",
        "DELETE FROM payments.delivery_evidence",
        "UPDATE payments.ach_files SET bank = 'column'",
    ):
        with pytest.raises(Exception), database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:  # noqa: B017
            tx.run(change)  # type: ignore[arg-type]


def test_what_fails_for_one_file_does_not_hold_up_the_others(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "1000.00")
        made = []
        for number in range(2):
            payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", payroll_id=f"PR-{number}"))
            made += payments.submit_due(tx, on=MONDAY)
    opened = delivery.files.file_bytes

    def tampered(tx: Tx, file_id: str) -> bytes:
        if file_id == made[0].id:
            raise payments.FileRefused("the bytes are not those that were fixed")
        return opened(tx, file_id)

    monkeypatch.setattr(delivery.files, "file_bytes", tampered)

    assert [file.id for file in payments.deliver(database, tenant.id)] == [made[1].id]
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert [(case.category, case.detail["file_id"]) for case in cases.list_cases(tx)] == [
            ("delivery_failed", made[0].id)
        ]


def test_what_the_guide_must_say_holds_the_file_and_is_named(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = send(database, tenant, "10.00")
    banking.sandbox(monkeypatch, ach={"delivery": banks.ToBeEntered("sandbox", "ach.delivery")})

    assert payments.deliver(database, tenant.id) == []

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (case,) = cases.list_cases(tx)
    assert "sandbox.toml: ach.delivery is to be entered first" in case.detail["next"]
    assert status(database, tenant, file) == "pending"


def test_past_the_last_cutoff_money_is_dated_a_day_later_and_never_stale(
    tx: Tx, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ach = banks.get("sandbox").ach
    assert ach is not None
    closes = replace(ach.windows[-1], deadline=time(17, 0))
    banking.sandbox(monkeypatch, ach={"windows": (closes,)})
    stories.at(tx, MONDAY, hour=22)  # 16:00 in Chicago
    stories.originator(tx, tenant)
    stories.fund(tx, tenant, "1000.00")
    payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", payroll_id="PR-1"))
    (in_time,) = payments.submit_due(tx, on=MONDAY)
    payments.commit_payroll(tx, stories.batch(tx, tenant, "20.00", payroll_id="PR-2"))
    stories.at(tx, MONDAY, hour=23)  # 17:00, and a moment more

    (late,) = payments.submit_due(tx, on=MONDAY)

    assert (in_time.effective_on, in_time.credit) == (TUESDAY, usd("10.00"))
    assert (late.effective_on, late.credit) == (stories.WEDNESDAY, usd("20.00"))


def test_the_door_shows_what_is_known_and_takes_two_peoples_word(
    database: Database, tenant: TenantFixture, bank: type[Bank], unknown: payments.AchFile
) -> None:
    ann = person_key(database, tenant.id, role="admin", email="ann@example.com")
    ben = person_key(database, tenant.id, role="admin", email="ben@example.com")
    keys = iter(range(100))

    def post(path: str, who: dict[str, str], body: dict[str, str] | None = None) -> Any:
        return client.post(path, json=body, headers={**who, "Idempotency-Key": f"k{next(keys)}"})

    with client_of(build_application(database, [router, cases_router])) as client:
        shown = client.get(f"/v1/payments/files/{unknown.id}/delivery", headers=ann).json()
        word = {"verdict": "absent", "reason": "the bank's desk says so"}
        asked = post(f"/v1/payments/files/{unknown.id}/delivery-requests", ann, word).json()
        decide = f"/v1/payments/delivery-requests/{asked['id']}/decide"
        early = post(decide, ann)
        own = post(f"/v1/cases/approvals/{asked['id']}/approve", ann, {"digest": asked["digest"]})
        yes = post(f"/v1/cases/approvals/{asked['id']}/approve", ben, {"digest": asked["digest"]})
        decided = post(decide, ann)

    assert [(fact["try_no"], fact["verdict"], fact["basis"]) for fact in shown["facts"]] == [
        (1, "begun", "sandbox"), (1, "unknown", "may_be_removed"),
    ]  # fmt: skip
    assert (early.status_code, own.status_code, yes.json()["status"]) == (403, 403, "approved"), early.text
    assert (decided.status_code, decided.json()["status"]) == (201, "pending"), decided.text
    assert [file.id for file in payments.deliver(database, tenant.id)] == [unknown.id]
    assert len(bank.received) == 1


def test_what_cannot_be_finished_for_one_file_does_not_hold_up_the_others(
    database: Database, tenant: TenantFixture, bank: type[Bank], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first file's temporary cannot be removed: it waits, and the second goes."""
    first = send(database, tenant, "10.00")
    bank.dies = "before the rename"
    with pytest.raises(Died):
        payments.deliver(database, tenant.id)
    bank.dies = None
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        payments.commit_payroll(tx, stories.batch(tx, tenant, "20.00", payroll_id="PR-2"))
        (second,) = payments.submit_due(tx, on=MONDAY)
    removed = bank.remove

    def stuck(self: Any, folder: str, name: str) -> bool:
        raise places.Unseen("read-only")

    bank.remove = stuck  # type: ignore[method-assign,assignment]
    assert [file.id for file in payments.deliver(database, tenant.id)] == [second.id]
    bank.remove = removed  # type: ignore[method-assign]

    assert [file.id for file in payments.deliver(database, tenant.id)] == [first.id]
    assert sorted(name for name, _ in bank.received) == sorted([first.name, second.name])


def test_a_tenant_with_nothing_on_its_way_costs_no_connection(
    database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    connect = Database.connect

    def counted(self: Database, role: Any) -> Any:
        asked.append(role)
        return connect(self, role)

    monkeypatch.setattr(Database, "connect", counted)
    assert payments.deliver(database, tenant.id) == [] and asked == []
    send(database, tenant, "10.00")

    assert len(payments.deliver(database, tenant.id)) == 1 and asked == ["dispatcher"]
    banking.sandbox(monkeypatch, ach={"acknowledgement": None})
    assert payments.deliver(database, tenant.id) == [] and asked == ["dispatcher"]


def test_a_process_that_stalls_before_its_rename_cannot_rename_after_another_has_delivered(
    database: Database,
    tenant: TenantFixture,
    bank: type[Bank],
    admin: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was alone when it asked; then it stood still, lost its lock, and another took the file over."""
    banking.sandbox(monkeypatch, delivery={"removes": "may", "archive": None})
    file = send(database, tenant, "10.00")
    bank.takes = staticmethod(banking.vanish)  # type: ignore[assignment]
    put = bank.put
    others: list[list[str]] = []

    def stalls(self: Any, folder: str, temporary: str, name: str, content: bytes, before_rename: Any) -> None:
        def and_then() -> None:
            before_rename()
            bank.put = put  # type: ignore[method-assign]
            cut_lock(admin, tenant)
            others.append([one.status for one in payments.deliver(database, tenant.id)])

        put(self, folder, temporary, name, content, and_then)

    bank.put = stalls  # type: ignore[method-assign,assignment]
    assert payments.deliver(database, tenant.id) == []

    assert (others, len(bank.received)) == ([["delivered"]], 1)
    assert status(database, tenant, file) == "delivered"
