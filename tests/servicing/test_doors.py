"""Loans over HTTP and from a file: taken on, paid, shown with every line, taken back; faults by line, the rest goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from tests.asked import questions
from tests.ingestion.envelopes import envelope, raw
from tests.make import ACTOR, TenantFixture
from tests.servicing.scenes import day
from tests.servicing.stories import at, board
from tests.web.client import Client, client_of, person_key

from headgate import ingestion, parties, servicing
from headgate.api import create_app
from headgate.core.db import Database, Tx
from headgate.ingestion.arrivals import Arrival
from headgate.servicing import pipeline, queries
from headgate.servicing.errors import InvalidLoan
from headgate.servicing.importing import import_file

HEADER = "loan_id,product,currency,legal_entity_id,borrower_id,number,due_on,fees,interest,principal,escrow\n"


@pytest.fixture(scope="module")
def api(database: Database) -> Iterator[Client]:
    """A client of the whole application."""
    with client_of(create_app(database)) as opened:
        yield opened


@pytest.mark.slow
def test_a_loan_is_taken_on_paid_shown_and_a_payment_taken_back(
    api: Client, database: Database, tenant: TenantFixture
) -> None:
    key = person_key(database, tenant.id, role="operator", email="ann@example.org")
    reader = person_key(database, tenant.id, role="readonly", email="ron@example.org")

    def send(path: str, body: Any, name: str, who: dict[str, str] = key) -> Any:
        return api.post(f"/v1/servicing/{path}", json=body, headers={**who, "Idempotency-Key": name})

    def pay(loan: str, minor: int, name: str, who: dict[str, str] = key) -> Any:
        body = {"loan_id": loan, "amount": {"minor": minor, "currency": "USD"}, "received_on": "2026-01-03"}
        return send("payments", body, name, who)

    due = {"number": 1, "due_on": "2026-01-01", "fees_minor": 1000, "interest_minor": 2000, "principal_minor": 5000}
    facts = {"external_id": "L-7", "product": "consumer", "currency": "USD", "legal_entity_id": tenant.legal_entity_id}

    made = send("loans", {**facts, "instalments": [due]}, "loan")
    ada = {"external_id": "B-7", "name": "Ada Okoye"}
    owned = [send("loans", {**facts, "external_id": f"L-{n}", "borrower": ada}, f"owned-{n}") for n in (71, 72)]
    twice = send("loans", {**facts, "external_id": "L-73", "borrower": ada, "borrower_id": "pty_1"}, "twice")
    assert [one.status_code for one in owned] == [201, 201] and twice.status_code == 422
    assert len({one.json()["borrower_id"] for one in owned}) == 1 and owned[0].json()["borrower_id"].startswith("pty_")
    assert "leave one out" in twice.text
    paid = pay("L-7", 2500, "pay-1")
    again = pay("L-7", 2500, "pay-1")
    refused = pay("L-8", 1, "pay-2")
    forbidden = pay("L-7", 1, "pay-3", reader)

    assert (made.status_code, made.json()["state"], made.json()["open"]["minor"]) == (201, "default", 8000)
    assert paid.status_code == 201 and again.json() == paid.json() and again.headers["Idempotent-Replayed"] == "true"
    assert (refused.status_code, refused.json()["code"]) == (422, "servicing.loan_not_found")
    assert forbidden.status_code == 403
    payment = paid.json()
    assert (payment["fee"], payment["interest"], payment["principal"], payment["suspense"]) == (1000, 1500, 0, 0)
    assert [line["bucket"] for line in payment["lines"]] == ["fees", "interest"]
    shown = api.get("/v1/servicing/loans/L-7", headers=reader).json()
    assert shown["open"]["minor"] == 5500 and [one["paid_minor"] for one in shown["dues"]] == [2500]
    assert [one["kind"] for one in shown["timeline"]][:1] == ["paid"]
    listed = api.get("/v1/servicing/loans", headers=reader).json()["data"]
    assert {one["external_id"] for one in listed} == {"L-7", "L-71", "L-72"}
    undone = send(f"payments/{payment['id']}/reversals", {"reason": "returned", "code": "R01"}, "undo-1")
    assert undone.status_code == 201 and undone.json()["replayed"] is False
    happened = api.get(f"/v1/servicing/payments/{payment['id']}/events", headers=reader).json()
    assert [one["kind"] for one in happened] == ["servicing.payment.posted", "servicing.payment.reversed"]
    rows = api.get(f"/v1/servicing/loans/{shown['id']}/payments", headers=reader).json()["data"]
    assert [(row["status"], row["reversal_reason"], row["lines"]) for row in rows] == [("reversed", "returned", [])]
    body = {"standing": "bankruptcy", "from_on": "2026-01-02", "reason": "case 26-1"}
    assert send("loans/L-7/standings", body, "s-1").json()["state"] == "bankruptcy"


def test_a_file_of_loans_is_read_whole_and_each_fault_is_told_by_its_line(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(5))
    entity = tenant.legal_entity_id
    lines = [
        HEADER,
        f"A,mortgage,USD,{entity},,1,2026-01-01,0,10.00,90.00,5.00\n",
        f"A,mortgage,USD,{entity},,2,2026-02-01,,10.00,90.00,5.00\n",
        f"B,mortgage,USD,{entity},,1,2026-01-01,0,10.001,90.00,5.00\n",
        f"C,mortgage,USD,{entity},,1,2026-13-01,0,10.00,90.00,5.00\n",
        f"D,mortgage,USD,{entity},,1,2026-01-01,0,10.00,90.00,0\n",
        f"D,consumer,USD,{entity},,2,2026-02-01,0,10.00,90.00,0\n",
        "E,mortgage,USD,le_nobody,,1,2026-01-01,0,10.00,90.00,0\n",
        f"F,nonsense,USD,{entity},,1,2026-01-01,0,10.00,90.00,0\n",
        f"G,mortgage,USD,{entity},,x,01/02/2026,0,abc,90.00,0\n",
        f"H,mortgage,USD,{entity},,1,2026-01-01,0,1,372.50,90.00,0\n",
        f"I,mortgage,USD,{entity},,1,2026-01-01,0,10.00\n",
        f"J,mortgage,usd,{entity},,1,2026-01-01,0,10.00,90.00,0\n",
    ]

    report = import_file(tx, lines)
    again = import_file(tx, lines[:3])

    assert (report.loans, report.replayed) == (1, 0)
    assert [(fault.line, fault.loan_id) for fault in report.faults] == [
        (4, "B"),
        (5, "C"),
        (7, "D"),
        (10, "G"),
        (10, "G"),
        (10, "G"),
        (11, "H"),
        (12, "I"),
        (13, "J"),
        (8, "E"),
        (9, "F"),
    ]
    said = {(fault.loan_id, fault.message.split(":")[0]): fault.message for fault in report.faults}
    assert said["C", "due_on"] == "due_on: '2026-13-01' is no day; write it as 2026-12-31"
    assert said["G", "due_on"] == "due_on: '01/02/2026' is no day; write it as 2026-12-31"
    assert said["G", "interest"] == "interest: 'abc' is not an amount; write it as 1234.50"
    assert said["G", "number"] == "number: 'x' is no number of an instalment"
    assert [message for (loan, _), message in said.items() if loan in "EHI"] == [
        "it has 12 cells where the header has 11: an amount is written 1372.50, without a comma",
        "it has 9 cells where the header has 11",
        "there is no legal entity le_nobody",
    ]
    assert (again.loans, again.replayed, again.faults) == (1, 1, ())
    assert tx.values("SELECT external_id FROM servicing.loans") == ["A"]
    with pytest.raises(InvalidLoan, match="column due_on"):
        import_file(tx, ["loan_id,product,currency,legal_entity_id,number\n"])
    # A column that is misspelt would be owed as nothing.
    with pytest.raises(InvalidLoan, match=r"'intrest' is no column of loans: there are loan_id, .*interest"):
        import_file(tx, ["loan_id,product,currency,legal_entity_id,number,due_on,intrest,principal\n"])
    # Of a line that cannot be parted nobody knows whose it is, and its loan would owe too little.
    with pytest.raises(InvalidLoan, match="line 3: a cell that does not end"):
        import_file(tx, [HEADER, lines[1], f'K,mortgage,USD,{entity},"x,1,2026-01-01,0,1,9,5\n', lines[2]])
    with pytest.raises(InvalidLoan, match="'due_on' stands twice"):
        import_file(tx, ["loan_id,product,currency,legal_entity_id,number,due_on,due_on\n"])


OWNED = (
    "loan_id,product,currency,legal_entity_id,borrower_id,borrower_ref,borrower_name,number,due_on,interest,principal\n"
)


def test_a_file_names_the_borrowers_of_its_loans(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(5))
    payee = parties.create_party(
        tx, kind="payee", external_id="E-1", name="Eve", legal_entity_id=tenant.legal_entity_id
    ).id

    def line(loan: str, borrower_id: str, ref: str, name: str, number: int = 1) -> str:
        return f"{loan},mortgage,USD,{tenant.legal_entity_id},{borrower_id},{ref},{name},{number},2026-02-01,1,9\n"

    lines = [
        *(
            OWNED,
            line("A", "", "B-1", "Ada Okoye"),
            line("A", "", "B-1", "Ada Okoye", 2),
            line("B", "", "B-1", "Ada Okoye"),
        ),
        *(line("C", "", "B-2", "Bao Winter"), line("D", "", "", ""), line("E", payee, "B-1", "Ada Okoye")),
        *(line("F", "", "", "Nobody Knows"), line("G", "", "B-3", ""), line("H", payee, "", "")),
        *(line("I", "pty_nobody", "", ""), line("K", "", "B-4", "Clara"), line("K", "", "B-5", "Clara", 2)),
        line("M", "", "B-1", "Ada Winter"),
    ]

    report = import_file(tx, lines)
    again = import_file(tx, lines[:6])
    renamed = import_file(tx, [OWNED, line("L", "", "B-2", "Bao Winter-Holt")])

    owners = "SELECT n.external_id || ' ' || coalesce(y.external_id || ' ' || y.name, '-') FROM servicing.loans n"
    owners += " LEFT JOIN parties.parties y ON y.id = n.borrower_id ORDER BY 1"
    assert tx.values(owners) == [
        *("A B-1 Ada Okoye", "B B-1 Ada Okoye", "C B-2 Bao Winter-Holt", "D -", "L B-2 Bao Winter-Holt"),
    ]
    assert (report.loans, again.loans, again.replayed, again.faults, renamed.faults) == (4, 4, 4, (), ())
    assert {(fault.loan_id, fault.message) for fault in report.faults} == {
        ("E", "borrower_ref: the line has a borrower_id too; leave one out"),
        ("F", "borrower_ref: is missing; write what you call the borrower, beside the name"),
        ("G", "borrower: name must have 1 to 200 characters, none of them a control character"),
        ("H", f"{payee} is a party of the kind payee, and no borrower: make one of the kind borrower"),
        ("I", "there is no party pty_nobody"),
        ("M", "borrower_name: B-1 has another name in an earlier line of the file"),
        ("K", "its lines do not agree on what kind of loan it is, or whose"),
    }


def test_borrowers_cost_a_file_no_round_trip_each(
    tx: Tx, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(tx, day(5))
    asked = questions(monkeypatch)

    def cost(series: str, count: int) -> int:
        asked.clear()
        facts = f"mortgage,USD,{tenant.legal_entity_id},"
        lines = [f"{series}{n},{facts},{series}{n},Ada Okoye,1,2026-02-01,1,9\n" for n in range(count)]
        assert import_file(tx, [OWNED, *lines]).loans == count
        return len(asked)

    cost("w", 1)
    assert cost("a", 2) == cost("b", 200)


@pytest.mark.slow
def test_what_a_tenant_chose_is_set_shown_and_obeyed(api: Client, database: Database, tenant: TenantFixture) -> None:
    key = person_key(database, tenant.id, role="operator", email="ann@example.org")
    reader = person_key(database, tenant.id, role="readonly", email="ron@example.org")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(20))

    def send(path: str, body: Any, name: str, who: dict[str, str] = key) -> Any:
        return api.post(f"/v1/servicing/{path}", json=body, headers={**who, "Idempotency-Key": name})

    def read(path: str) -> Any:
        return api.get(path, headers=reader).json()

    def pay(minor: int, name: str, on: str, **more: Any) -> Any:
        body = {"loan_id": "L-9", "amount": {"minor": minor, "currency": "USD"}, "received_on": on, **more}
        return send("payments", body, name)

    rules = {
        state: {"waterfall": "interest_first"} for state in ("current", "grace", "delinquent", "paid_off", "overpaid")
    }
    policy = {
        "product": "auto", "effective_from": "2025-12-01", "reason": "the contract", "rules": rules,
        "overpayment": "keep", "nsf_fee_minor": 2500,
    }  # fmt: skip
    facts = {"external_id": "L-9", "product": "auto", "currency": "USD", "legal_entity_id": tenant.legal_entity_id}

    made = send("policies", policy, "policy")
    again = send("policies", policy, "policy")
    later = send("policies", {**policy, "effective_from": "2026-02-01", "overpayment": "refund"}, "policy-2")
    wrong = send("policies", {**policy, "rules": {"current": {"waterfall": "by_star_sign"}}}, "policy-3")
    forbidden = send("policies", policy, "policy-4", reader)

    assert made.status_code == 201 and again.json() == made.json() and made.json()["version_no"] == 1
    assert (wrong.status_code, wrong.json()["code"], forbidden.status_code) == (422, "servicing.invalid_policy", 403)
    listed = read("/v1/servicing/policies?product=auto")["data"]
    assert [one["version_no"] for one in listed] == [2, 1] and listed[0] == later.json()
    assert (listed[1]["rules"]["grace"]["waterfall"], listed[1]["overpayment"], listed[1]["nsf_fee_minor"]) == (
        "interest_first", "keep", 2500,
    )  # fmt: skip
    assert len({one["product"] for one in read("/v1/servicing/policies?limit=1")["data"]}) == 1

    assert send("loans", facts, "loan").json()["state"] == "pending"
    due = {"number": 1, "due_on": "2026-01-05", "interest_minor": 2000, "principal_minor": 5000}
    scheduled = send("loans/L-9/dues", {"instalments": [due]}, "dues")
    other = send("loans/L-9/dues", {"instalments": [{**due, "interest_minor": 1}]}, "dues-2")
    charged = send("loans/L-9/charges", {"amount_minor": 700, "due_on": "2026-01-06", "reason": "a copy"}, "charge")
    assert (scheduled.status_code, scheduled.json()["open"]["minor"], scheduled.json()["state"]) == (
        201,
        7000,
        "delinquent",
    )
    assert (other.status_code, other.json()["code"]) == (409, "servicing.loan_differs")
    assert charged.json()["open"]["minor"] == 7700
    dues = read("/v1/servicing/loans/L-9/dues")
    assert [(one["number"], one["kind"], one["open_minor"]) for one in dues] == [
        (1, "instalment", 7000),
        (1_000_001, "charge", 700),
    ]

    for n, name in enumerate(("legal_hold", "stop_pay", "kyc_incomplete")):
        held = send("loans/L-9/holds", {name: True, "reason": "a court order"}, f"hold-{n}")
        refused = pay(100, f"held-{n}", "2026-01-10")
        lifted = send("loans/L-9/holds", {name: False, "reason": "lifted"}, f"lift-{n}")
        assert held.status_code == lifted.status_code == 201 and held.json()["timeline"][0]["kind"] == "held"
        assert (refused.status_code, refused.json()["code"]) == (422, f"servicing.{name}")

    paid = pay(2500, "pay-1", "2026-01-10", source_channel="ach", provider_transfer_id="acht_9").json()
    assert (paid["interest"], paid["principal"], paid["fee"], paid["artifacts"]) == (2000, 500, 0, [])
    rule = {"code": "R01", "action": "dispute", "severity": "critical", "reason": "our own"}
    assert send("return-rules", rule, "rule").json()["is_default"] is False
    shown = {one["code"]: one for one in read("/v1/servicing/return-rules")}
    assert (shown["R01"]["severity"], shown["R10"]["action"], shown["*"]["is_default"]) == ("critical", "dispute", True)
    back = {
        "provider": "bank",
        "external_id": "r-1",
        "provider_transfer_id": "acht_9",
        "code": "R01",
        "returned_on": "2026-01-12",
    }
    told = send("returns", back, "back")
    early = send("returns", {**back, "external_id": "r-2", "provider_transfer_id": "acht_to_come"}, "early")
    assert (told.json()["payment_id"], told.json()["is_undone"], told.json()["action"]) == (paid["id"], True, "dispute")
    assert (early.json()["payment_id"], early.json()["is_undone"]) == (None, False)
    assert [one["id"] for one in read("/v1/servicing/returns")["data"]] == [early.json()["id"], told.json()["id"]]
    dues = read("/v1/servicing/loans/L-9/dues")
    assert [(one["kind"], one["open_minor"]) for one in dues] == [
        ("instalment", 7000), ("charge", 700), ("charge", 2500),
    ], "a returned payment is owed again, and costs what its policy says"  # fmt: skip

    by_alias = read(f"/api/payments/{scheduled.json()['id']}")
    assert by_alias == read("/v1/servicing/loans/L-9/payments") and by_alias["data"][0]["status"] == "reversed"
    events = read(f"/api/payments/{paid['id']}/events")
    assert [one["kind"] for one in events][:2] == ["servicing.payment.posted", "servicing.return.recorded"]
    assert api.get(f"/api/payments/{paid['id']}/events").status_code == 401

    assert {one["channel"]: one["mode"] for one in read("/v1/servicing/posting-modes")}["wire"] == "off"
    chosen = send("posting-modes", {"channel": "wire", "mode": "shadow", "reason": "a first look"}, "mode")
    assert (chosen.json()["mode"], send("posting-modes/releases", {"channel": "wire"}, "go").json()) == (
        "shadow", {"released": 0},
    )  # fmt: skip


def test_a_payment_names_the_bytes_that_it_was_read_from(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(20))
    board(tx, tenant)
    kept = ingestion.receive(tx, source="bank", filename="wires.json", data=b"a wire", kind=None)
    receipt = {
        "type": "wire_receipt",
        "uri": "https://bank.example/1",
        "hash": hashlib.sha256(b"a receipt").hexdigest(),
    }
    sent = envelope("L-1", 1_000, on="2026-01-02", channel="wire", transfer="wire_1", artifacts=[receipt])
    came = ingestion.ingest_payments(tx, [Arrival(raw(sent), kept.sha256, line=3)])[0]
    assert isinstance(came, ingestion.PaymentIngestion)
    servicing.set_posting_mode(tx, channel="wire", mode="live", reason="a test")

    pipeline.post(tx, [came.id])

    (paid,) = queries.payments_of(tx, queries.get_loan(tx, "L-1").id)
    assert [(one.type, one.sha256, one.artifact_id, one.uri) for one in paid.artifacts] == [
        ("bank_file", kept.sha256, kept.id, f"urn:headgate:artifact:{kept.id}"),
        ("wire_receipt", receipt["hash"], None, receipt["uri"]),
    ]
