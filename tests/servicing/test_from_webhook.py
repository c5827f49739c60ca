"""A signed webhook at the door of `headgate serve`, with `headgate worker` beside it, becomes a posted loan payment."""

from __future__ import annotations

import hashlib
import hmac
import re
import shlex
from pathlib import Path

import httpx
import pytest
from tests import components, make
from tests.checks import judge
from tests.doors.scripts import Shell, free_port, serving, wait_until
from tests.ingestion.evidence import ACCOUNT, bai2, column, come
from tests.messaging.broker import Broker
from tests.servicing.scenes import day
from tests.servicing.stories import at, board

from headgate import funding, messaging
from headgate.core.db import Database
from headgate.messaging import deliver_waiting

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "from-webhook-to-posted-payment.md"
SECRET = "a secret of thirty-two characters"


@pytest.fixture(scope="session")
def broker() -> object:
    """A RabbitMQ of one node."""
    made = Broker()
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(params=["postgres", pytest.param("rabbitmq", marks=components.requires("rabbitmq"))])
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """What the transport needs."""
    return {"HEADGATE_BROKER_URL": request.getfixturevalue("broker").url} if request.param == "rabbitmq" else {}


def signed(body: bytes) -> dict[str, str]:
    """The header by which Column signs."""
    made = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"Column-Signature": made, "Content-Type": "application/json"}


def set_up(database: Database, shell: Shell, folder: Path) -> tuple[make.TenantFixture, str]:
    """A tenant with a loan, set up as the page says: every command of it is run. Where its webhooks come in."""
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        at(tx, day(320))
        board(tx, tenant)
    (folder / "secret.txt").write_text(SECRET)
    (folder / "account.txt").write_text(ACCOUNT)
    boxes = re.findall(r"```\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    commands = [shlex.split(line)[1:] for box in boxes for line in box.splitlines() if line.strip()]
    assert len(commands) == 6
    given = {"acme": tenant.slug, "secret.txt": str(folder / "secret.txt"), "account.txt": str(folder / "account.txt")}
    done = shell.runs(*[[given.get(word, word) for word in command] for command in commands])
    assert [one.returncode for one in done] == [0] * 6, done
    [endpoint] = set(re.findall(r"whe_[0-9a-z]{26}", done[0].stdout))
    return tenant, f"/v1/ingestion/webhooks/column/{endpoint}"


def test_a_signed_webhook_becomes_a_posted_payment_once(
    empty_database: Database, settings: dict[str, str], tmp_path: Path
) -> None:
    database = empty_database
    shell = Shell(
        database.config.home, {"HEADGATE_DATABASE_URL": database.url("admin"), "HEADGATE_POOL_MAX": "6", **settings}
    )
    tenant, path = set_up(database, shell, tmp_path)
    worker = shell.start("worker")
    try:
        assert worker.stderr and "working" in worker.stderr.readline()
        with serving(shell, free_port()) as client:

            def post(body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
                return client.post(path, content=body, headers=signed(body) if headers is None else headers)

            early = column("ach.incoming_transfer.scheduled", 1, event=0)
            bodies = [column("ach.incoming_transfer.settled", n, 1_000 + n, day=n) for n in range(1, 4)]
            assert post(bodies[0], {}).status_code == 401
            assert post(early).status_code == 200 and post(b"no json").status_code == 200
            assert [post(body).status_code for body in (*bodies, *bodies)] == [200] * 6

            def posted(status: str = "completed") -> int:
                with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
                    return int(
                        tx.value(
                            "SELECT count(*) FROM servicing.payments WHERE status = %(status)s", {"status": status}
                        )
                    )

            wait_until(lambda: posted() == 3)
            for n in range(4, 9):  # Each comes to a pipeline that is idle.
                assert post(column("wire.incoming_transfer.completed", n, 1_000 + n, day=n)).status_code == 200
                wait_until(lambda n=n: posted() == n)
            # One comes back, and is told twice: it is taken back by itself, once.
            codes = [{"return_code": "R01", "status": "COMPLETED"}]
            back = column("ach.incoming_transfer.returned", 3, 1_003, event=9, day=4, return_details=codes)
            assert [post(back).status_code for _ in range(2)] == [200, 200]
            wait_until(lambda: (posted(), posted("reversed")) == (7, 1))
            wait_until(lambda: messaging.status(database).outbox_pending == 0)
    finally:
        worker.terminate()
        ended = worker.wait(15)
        for pipe in (worker.stdout, worker.stderr):
            if pipe is not None:
                pipe.close()

    assert ended == 0
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        # The bank tells of the first again on the day after, and later of a credit that is no deposit either.
        told = [("142", 1_001, "B1", "", "ACH CREDIT 121000240000001 LOAN L-1")], [("195", 70, "B2", "", "LOAN L-1")]
        for lines, on in zip(told, (2, 9), strict=True):
            statement = come(tx, "bank", bai2(lines, day=on), name="b.bai")
            assert funding.settle_deposits(tx, artifact_id=statement).new == ()
        pieces = """
            SELECT amount_minor FROM ingestion.payment_ingestions i
             WHERE 2 = (SELECT count(*) FROM ingestion.payment_evidence e WHERE e.ingestion_id = i.id)
        """
        assert tx.values(pieces) == [1_001]
    deliver_waiting(database)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        payments = tx.all(
            "SELECT total_received, source_channel, provider_transfer_id FROM servicing.payments ORDER BY 1"
        )
        asked = tx.values("SELECT category FROM cases.exception_cases")
        stories = tx.values(
            """
            SELECT array_agg(DISTINCT e.type ORDER BY e.type)
              FROM audit.events e JOIN servicing.payments p ON e.payment_id = p.id OR e.ingestion_id = p.ingestion_id
             -- One that is folded again, that the bank tells of too or that came back is told under the story of what came then.
             WHERE e.type NOT IN ('servicing.payment.reallocated', 'ingestion.payment.evidenced', 'servicing.payment.reversed',
                                  'servicing.return.recorded', 'cases.case.opened')
             GROUP BY p.id, e.correlation_id
            """
        )
        assert messaging.dead_letters(tx) == []
    assert [one["total_received"] for one in payments] == [70, *(1_000 + n for n in range(1, 9))]
    assert {one["source_channel"] for one in payments} == {"ach", "wire"}
    assert payments[1]["provider_transfer_id"] == "acht_transfer001"
    assert sorted(asked) == ["loan_payment_returned", "parse_error"]
    # The whole story of each lies under one correlation: that of its webhook.
    assert stories == [["ingestion.payment.ingested", "servicing.payment.posted"]] * 9
    judge(database, [tenant.id])
