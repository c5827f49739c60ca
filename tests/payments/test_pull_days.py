"""Each day tells of the bank's files what is new, or could be decided only now; a quiet day asks no more for a long history."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import gateways, pulls, stories
from tests.payments.pulls import Said, movement, pull
from tests.payments.stories import MONDAY, TUESDAY, WEDNESDAY
from tests.payments.test_wires import prepared
from tests.payments.test_wires import statement as line

from headgate import cases, payments, rails
from headgate.core.db import Database, Tx
from headgate.jobs import Outside
from headgate.payments.delivery.intake import take_in
from headgate.payments.orders import answers
from headgate.payments.returns import refusals
from headgate.payments.settlement import pulling
from headgate.rails import InstantProvider, fake

pytestmark = pytest.mark.slow
IMAD = "20261130B1QDRCQR777777"


@pytest.fixture(autouse=True)
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "providers_of", lambda *_: {})


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the daily run tells, file by file."""
    seen: list[str] = []
    tell = pulling.tell

    def telling(tx: Tx, artifact_id: str, kind: str) -> Any:
        seen.append(artifact_id)
        return tell(tx, artifact_id, kind)

    monkeypatch.setattr(pulling, "tell", telling)
    return seen


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that the tests and what they call send, but those of the frame of a transaction."""
    seen: list[str] = []

    def noting(verb: Any) -> Any:
        def note(self: Tx, query: Any, *args: Any, **named: Any) -> Any:
            seen.append(str(query))
            return verb(self, query, *args, **named)

        return note

    for name in ("all", "maybe", "values", "value", "run", "one"):
        monkeypatch.setattr(Tx, name, noting(getattr(Tx, name)))
    return seen


def day(database: Database, tenant: TenantFixture, on: date) -> str | None:
    """That day's run, in the afternoon."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, on, 20)
    return pulling.pull_daily(Outside(database, tenant.id, ACTOR))


def tellings(database: Database, tenant: TenantFixture) -> list[str]:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return tx.values(
            "SELECT standing FROM payments.tellings WHERE tenant_id = %(t)s ORDER BY id", {"t": tx.tenant_id}
        )


def come_in(database: Database, tenant: TenantFixture, numbers: range, on: date) -> None:
    """Statements of a day, each with a client's wire and a fee, and a return file of nobody's."""
    for n in numbers:
        wires = [fake.WireIn(usd(f"{n}.00"), f"WIRE {n}", f"W{n}")]
        for name, data in (
            (f"w{n}.bai", stories.statement([], on=on, wires=wires)),
            (f"f{n}.bai", line("MONTHLY SERVICE", f"FEE{n}", amount=f"{n}.10", day=f"{on:%y%m%d}")),
        ):
            assert take_in(database, tenant.id, filename=name, data=data, actor=ACTOR).failure is None


def test_a_quiet_day_asks_as_much_after_twenty_files_as_after_four(
    database: Database, tenant: TenantFixture, told: list[str], asked: list[str]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY)
        pulls.client(tx, tenant)
        stories.fund(tx, tenant, "1000.00")
    counted = []
    for on, numbers in ((TUESDAY, range(10, 12)), (date(2026, 12, 4), range(12, 20))):
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            stories.at(tx, on)
        come_in(database, tenant, numbers, on)
        # A file that left after the statements came is named by none of them: no bank books it before it is made.
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            stories.at(tx, on + timedelta(days=2))
            payments.commit_payroll(
                tx, stories.batch(tx, tenant, "10.00", payroll_id=f"PR-{on}", pay_on=date(2026, 12, 8))
            )
            assert len(payments.submit_due(tx, on=date(2026, 12, 7))) == 1
        before = len(asked)
        assert day(database, tenant, on + timedelta(days=2)) is None
        counted.append(asked[before:])

    assert told == [], "all was told as it came in"
    assert len(counted[0]) == len(counted[1]) <= 12, counted
    assert tellings(database, tenant).count("waiting") == 10, "each fee may still be the number of something of ours"


def test_a_wire_whose_number_is_told_after_its_line_is_linked_then(
    database: Database, tenant: TenantFixture, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateways.reaching(database), monkeypatch.context() as patch:
        prepared(database, tenant, "http://127.0.0.1:1", "PAID")
        patch.setattr(InstantProvider, "submit", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            payments.run_orders(database, tenant.id)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY)
        (order,) = payments.list_orders(tx)
        artifact = stories.read(tx, "monday.bai", line("OUTGOING WIRE", IMAD))

    assert day(database, tenant, TUESDAY) is None and told == [artifact]
    assert day(database, tenant, WEDNESDAY) is None and told == [artifact], "nothing came that it could name"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        answer = rails.ProviderAnswer("settled", order.reference or "", "settled", message_id="M1", imad=IMAD)
        answers.record(tx, order.attempt_id, answer, asked_by="inbox", waits=60)
    outcome = day(database, tenant, WEDNESDAY + timedelta(days=1))

    assert told == [artifact] * 2 and outcome is None, "it was settled by its answer: its line adds the link alone"
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert tx.values(
            "SELECT effect FROM payments.movement_effects WHERE tenant_id = %(t)s", {"t": tx.tenant_id}
        ) == ["known"]
    assert tellings(database, tenant) == ["waiting", "decided"]
    assert day(database, tenant, WEDNESDAY + timedelta(days=2)) is None and len(told) == 2


def test_a_line_that_differs_settles_once_the_bank_says_what_it_refused(
    database: Database, tenant: TenantFixture, told: list[str]
) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "70.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "30.00", "40.00"))
        (file,) = payments.submit_due(tx, on=MONDAY)
        stories.at(tx, TUESDAY)
        stories.read(tx, "tue.bai", line(f"PAYROLL {file.reference}", "B1", amount="30.00", day="261201"))

    assert day(database, tenant, TUESDAY) is None and day(database, tenant, WEDNESDAY) is None
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert [case.category for case in cases.list_cases(tx)] == ["file_settlement_differs"]
        (trace,) = tx.values("SELECT trace_number FROM payments.attempts WHERE amount_minor = 4000")
        evidence = {"acknowledgement": "a.ack", "sha256": "0" * 64}
        refusals.refuse_file(tx, payments.get_file(tx, file.id), reason="no", evidence=evidence, traces=[trace])
    outcome = day(database, tenant, WEDNESDAY + timedelta(days=1))

    assert outcome == "1 new of 1 from files" and len(told) == 3
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.statuses(tx) == ["settled", "rejected"] or stories.statuses(tx) == ["rejected", "settled"]
        assert stories.balances(tx, tenant) == {"CASH": "40.00", "CLIENT_FUNDS": "40.00"}
    assert tellings(database, tenant) == ["differing", "differing", "decided"]
    assert day(database, tenant, WEDNESDAY + timedelta(days=2)) is None and len(told) == 3


def test_one_payment_settles_and_another_comes_back_in_one_breath(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "70.00")
        payments.commit_payroll(tx, stories.batch(tx, tenant, "30.00", "40.00"))
        payments.submit_due(tx, on=MONDAY)
        stories.at(tx, WEDNESDAY, 20)
        known = tx.values("SELECT individual_id FROM payments.attempts ORDER BY amount_minor")
    said = [
        movement("a", known[0], "30.00", TUESDAY, direction="credit"),
        movement("b", known[1], "40.00", TUESDAY, direction="credit", code="R03"),
    ]

    found = pull(database, tenant, TUESDAY, Said(days={TUESDAY: said}))

    assert found.effects == payments.MovementEffects(settled=1, returned=1)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        rows = tx.all("SELECT amount_minor, status FROM payments.instructions")
    status = {row["amount_minor"]: row["status"] for row in rows}
    assert status == {3000: "settled", 4000: "returned"}
