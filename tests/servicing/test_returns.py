"""What a source of loan payments tells of one that came back finds it by itself, and takes it back once."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests import make
from tests.conftest import judge
from tests.ingestion.evidence import asked, bai2, column, come
from tests.servicing.scenes import day
from tests.servicing.stories import at, board, book, count, final
from tests.web.client import Client, client_of

from headgate import ingestion, messaging, servicing
from headgate.api import create_app
from headgate.core.db import Database
from headgate.messaging import deliver_waiting
from headgate.servicing import settings

pytestmark = pytest.mark.slow

SECRET = "a secret of thirty-two characters"
SETTLED, RETURNED = "ach.incoming_transfer.settled", "ach.incoming_transfer.returned"
SAMPLE = Path(__file__).parents[2] / "docs" / "samples" / "returns.ach"


class Door:
    """A tenant whose source `column`, and whose bank, bring loans' payments; what they send is taken in and worked through."""

    def __init__(self, database: Database, api: Client) -> None:
        self.database, self._api = database, api
        deliver_waiting(database)
        self.tenant = make.tenant(database)
        with self.begin() as tx:
            at(tx, day(320))
            board(tx, self.tenant)
            for channel in ("ach", "wire", "realtime"):
                servicing.set_posting_mode(tx, channel=channel, mode="live", reason="a test")
            for source in ("column", "bank"):
                ingestion.set_payment_source(
                    tx, source=source, purpose="loans", reason="a test", loan_field="text", loan_prefix="LOAN"
                )
            to = ingestion.set_webhook(tx, source="column", scheme="column", secret=SECRET)
            self.untouched = self.loan(tx)
        self._path = f"/v1/ingestion/webhooks/column/{to.id}"

    def begin(self) -> Any:
        return self.database.begin(tenant_id=self.tenant.id, actor=make.ACTOR)

    def loan(self, tx: Any) -> Any:
        """What the loan owes and where money lies, and the book."""
        return {**final(tx, "L-1"), "book": book(tx)}

    def webhook(self, body: bytes) -> None:
        made = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        answer = self._api.post(self._path, content=body, headers={"Column-Signature": made})
        assert answer.status_code == 200, answer.text
        deliver_waiting(self.database)

    def file(self, data: bytes, name: str = "b.bai") -> str:
        with self.begin() as tx:
            artifact = come(tx, "bank", data, name=name)
        deliver_waiting(self.database)
        return artifact

    def stands(self) -> list[str]:
        """Each payment's status, in the order in which they came."""
        with self.begin() as tx:
            assert messaging.dead_letters(tx) == []
            return tx.values("SELECT status FROM servicing.payments ORDER BY id")

    def counted(self) -> dict[str, int]:
        with self.begin() as tx:
            return {name: n for name, n in count(tx).items() if name != "messages"}

    def asked(self) -> list[str]:
        with self.begin() as tx:
            return asked(tx)

    def now(self) -> Any:
        with self.begin() as tx:
            return self.loan(tx)


@pytest.fixture(scope="module")
def api(database: Database) -> Iterator[Client]:
    with client_of(create_app(database)) as client:
        yield client


@pytest.fixture
def door(database: Database, api: Client) -> Iterator[Door]:
    made = Door(database, api)
    yield made
    judge(database, [made.tenant.id])


def returned(n: int, minor: int = 1_000, code: str | None = "R01", **more: Any) -> bytes:
    """The event that the n-th transfer came back."""
    details = [{"return_code": code, "status": "COMPLETED"}] if code else []
    return column(RETURNED, n, minor, event=9, day=3, return_details=details, **more)


def return_file(trace: str, minor: int, code: str = "R02", *, own: str = "121042880000001") -> bytes:
    """A return file of one debit of ours, whose original had this trace, as the sample's first entry; `own` is the return's."""
    lines = SAMPLE.read_text("ascii").splitlines()
    head, batch, entry, addenda, _, _, total, end, *_ = lines
    amount, twelve = f"{minor:010}", f"{minor:012}"
    entry = entry[0] + "26" + entry[3:29] + amount + entry[39:79] + own
    addenda = f"799{code}{trace}{addenda[21:79]}{own}"
    digits = entry[3:11].rjust(10, "0")
    total = f"8225000002{digits}{twelve}{'0' * 12}{total[44:]}"
    end = f"9000001000001{2:08}{digits}{twelve}{'0' * 12}{end[55:]}"
    rows = [head, "5225" + batch[4:], entry, addenda, total, end]
    return "".join(f"{row}\n" for row in [*rows, *["9" * 94] * 4]).encode()


def test_a_return_that_a_webhook_tells_restores_the_dues_once(door: Door) -> None:
    door.webhook(column(SETTLED, 1, 1_000))
    paid = door.now()
    assert (door.stands(), paid["book"]["CASH"]) == (["completed"], -1_000)

    door.webhook(returned(1))

    assert door.stands() == ["reversed"] and door.asked() == ["loan_payment_returned R01"]
    assert door.now() == door.untouched
    before = door.counted()
    # The same event, another event of the same return, the return file and the statement's line: one return, told four times.
    door.webhook(returned(1))
    door.webhook(returned(1).replace(b"evnt_1x9", b"evnt_1x8"))
    door.file(return_file("121000240000001", 1_000, "R01"), "r.ach")
    door.file(bai2([("557", 1_000, "B7", "", "RETURN TRACE 121000240000001")], day=4))
    after = door.counted()
    assert door.now() == door.untouched and door.asked() == ["loan_payment_returned R01"]
    assert {name for name in before if before[name] != after[name]} == {"returns"} and after["returns"] == 4
    with door.begin() as tx:
        listed = settings.list_returns(tx)
        assert len({one.payment_id for one in listed}) == 1 and [one.is_undone for one in listed].count(True) == 1
        # From the return one step leads to the line that told of it.
        told = tx.values(
            """
            SELECT r.source FROM servicing.lineage l JOIN ingestion.records r ON r.id = l.record_id
             WHERE l.what = 'loan_return' ORDER BY l.at
            """
        )
    assert told == ["column", "column", "bank", "bank"]


TELLINGS: dict[str, Callable[[Door], object]] = {
    "webhook": lambda door: door.webhook(returned(1, code="R02")),
    "file": lambda door: door.file(return_file("121000240000001", 1_000), "r.ach"),
    "statement": lambda door: door.file(
        bai2([("557", 1_000, "B7", "", "ACH RETURN R02 TRACE 121000240000001")], day=3)
    ),
}


@pytest.mark.parametrize("telling", sorted(TELLINGS))
@pytest.mark.parametrize("is_early", [True, False])
def test_a_return_finds_its_payment_whichever_comes_first(door: Door, telling: str, is_early: bool) -> None:
    payment = column(SETTLED, 1, 1_000)
    if not is_early:
        door.webhook(payment)
    TELLINGS[telling](door)
    if is_early:
        assert door.stands() == [] and door.asked() == ["orphan_return loan"]
        door.webhook(payment)

    assert door.stands() == ["reversed"] and door.now() == door.untouched
    assert door.asked() == ["loan_payment_returned R02"] + ["orphan_return loan"] * is_early
    with door.begin() as tx:
        orphans = tx.values(
            "SELECT state || ': ' || resolution FROM cases.exception_cases WHERE category = 'orphan_return'"
        )
    assert orphans == ["resolved: its payment has come, and the return has had its effect"] * is_early
    before = door.counted()
    TELLINGS[telling](door)
    door.webhook(payment)
    assert door.counted() == before


@pytest.mark.parametrize("order", ["line return event", "return line event", "event line return"])
def test_a_return_finds_its_payment_by_a_name_that_another_source_gives(door: Door, order: str) -> None:
    """The statement knows the trace alone, the webhook the transfer too, and the return only the transfer."""
    send: dict[str, Callable[[], object]] = {
        "line": lambda: door.file(bai2([("142", 1_000, "B1", "", "ACH TRACE 121000240000001 LOAN L-1")], day=1)),
        "event": lambda: door.webhook(column(SETTLED, 1, 1_000)),
        "return": lambda: door.webhook(returned(1, trace_number=None)),
    }
    for one in order.split():
        send[one]()

    assert door.stands() == ["reversed"] and door.now() == door.untouched


def test_what_is_not_clear_moves_nothing_and_asks(door: Door) -> None:
    for n in range(1, 5):
        door.webhook(column(SETTLED, n, 1_000, day=n % 2))
    paid = door.now()

    door.webhook(returned(1, 999))
    door.webhook(returned(2, code="R00"))
    door.webhook(returned(3, code=None))
    door.webhook(column("ach.incoming_transfer.return_contested", 4, 1_000, event=9))
    door.file(bai2([("557", 70, "B8", "", "RETURN OF NOBODY KNOWS WHAT R01")], day=3))

    assert door.stands() == ["completed"] * 4 and door.now() == paid
    assert door.asked() == [
        "loan_return_unclear amount_differs",
        "loan_return_unclear disputed",
        "loan_return_unclear unknown_code",
        "loan_return_unclear unknown_code",
        "orphan_return loan",
    ]
    # Once a tenant has said what a code does, it is done; and another source's word is enough where the first said none.
    with door.begin() as tx:
        servicing.set_return_rule(tx, code="R00", action="reverse", severity="low", reason="our bank's own")
    door.webhook(returned(2, code="R00").replace(b"evnt_2x9", b"evnt_2x8"))
    door.file(return_file("121000240000003", 1_000), "r.ach")
    assert door.stands() == ["completed", "reversed", "reversed", "completed"]


def test_an_unauthorized_debit_is_a_dispute_and_a_recall_moves_nothing(door: Door) -> None:
    door.webhook(column(SETTLED, 1, 400))
    door.webhook(column("wire.incoming_transfer.completed", 2, 600))
    asks = {"id": "wrrq_1", "wire_transfer_id": "wire_transfer002", "status": "INITIATED", "is_incoming": True}
    recall = [
        {"id": f"evnt_r{n}", "created_at": "2026-11-09T10:00:00Z", "type": f"wire.incoming_return_request.{word}", "data": asks}
        for n, word in enumerate(("initiated", "manual_review"))
    ]  # fmt: skip

    door.webhook(returned(1, 400, "R10"))
    for event in recall:
        door.webhook(json.dumps(event).encode())

    assert door.stands() == ["reversed", "completed"] and door.now()["book"]["CASH"] == -600
    assert [one for one in door.asked() if not one.startswith("parse_error")] == [
        "unauthorized_dispute R10",
        "wire_recall loan",
    ]


def test_a_source_of_other_money_tells_servicing_nothing(door: Door) -> None:
    with door.begin() as tx:
        for source in ("column", "bank"):
            ingestion.set_payment_source(tx, source=source, purpose="deposits", reason="a test")
    door.webhook(returned(1))
    door.file(return_file("121000240000001", 1_000), "r.ach")
    # Where only one of a source's accounts is of loans, a return file may tell of other debits of ours: it waits, and asks nobody.
    with door.begin() as tx:
        ingestion.set_payment_source(tx, source="bank", purpose="none", reason="a test")
        ingestion.set_payment_source(
            tx, source="bank", purpose="loans", reason="a test", account_number="4400112233", channel="ach",
            loan_field="text", loan_prefix="LOAN",
        )  # fmt: skip
    door.file(return_file("121000240000002", 700, own="121042880000002"), "r2.ach")
    assert door.asked() == [] and door.counted()["returns"] == 1

    door.file(bai2([("142", 700, "B1", "", "ACH TRACE 121000240000002 LOAN L-1")], day=1))

    assert door.stands() == ["reversed"]
