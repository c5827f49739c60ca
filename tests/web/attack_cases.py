"""How tenant B attacks tenant A, one row for each path and method of the API. A new endpoint without a row fails.

A row is a function of the `Victim`, tenant A with its objects, that returns the `Attack`: the request that B sends with
A's ids in it. Where the path names an object, `params` holds A's id: B must get the very answer that it gets for an
id that names nothing, a 404. Where the body names A's objects, the answer must refuse. Lists and B's own objects
answer B's own: no id of A may occur in any answer. Never may a row of A change.

To add a row: make the object in `Victim` (cached, through the domain's own verb), and add `("POST", "/v1/…"): lambda
a: …`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString

from tests import make
from tests.payments import stories

from headgate import cases, ingestion, ledger, parties, payments, recon, tenants
from headgate.core import ids
from headgate.core.db import Actor, Database
from headgate.core.errors import Refused
from headgate.parties import BankAccountInput

SAMPLES = Path(__file__).parent.parent / "samples"
REGISTER = b"""employee_id,name,routing_number,account_number,account_type,net_pay
E-9,Eve Example,021000021,55556666,checking,100.00
"""
MAKER = Actor("human", "key_maker", "usr_maker")


@dataclass(frozen=True)
class Attack:
    """A request of tenant B. `own` where B rightly does something of its own (and A's ids are nowhere in it)."""

    params: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    files: Any = None
    own: bool = False


class Victim:
    """Tenant A and its objects, each made when a row first asks for it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tenant = make.tenant(database)

    def do(self, verb: Callable[..., Any], /, *args: Any, actor: Actor = MAKER, **facts: Any) -> Any:
        """Call a domain's verb as tenant A; a refusal is a mistake of the row."""
        with self.database.begin(tenant_id=self.tenant.id, actor=actor) as tx:
            done = verb(tx, *args, **facts)
        assert not isinstance(done, Refused), done
        return done

    @cached_property
    def api_key(self) -> str:
        """A key."""
        return str(self.do(tenants.create_key, role="admin").api_key.id)

    @cached_property
    def case(self) -> str:
        """An open case."""
        return str(self.do(cases.open_case, key="attack", category="orphan_return", severity="high").id)

    @cached_property
    def approval(self) -> cases.Approval:
        """An approval that was asked for."""
        made: cases.Approval = self.do(
            cases.request, action="cases.end", subject=self.case, document={"case_id": self.case}, reason="done"
        )
        return made

    @cached_property
    def party(self) -> str:
        """A payee."""
        return str(
            self.do(
                parties.create_party,
                kind="payee",
                external_id="E-1",
                name="Ada Example",
                legal_entity_id=self.tenant.legal_entity_id,
                is_person=True,
            ).id
        )

    @cached_property
    def bank_account(self) -> str:
        """A payee's bank account."""
        account = BankAccountInput("021000021", "1234567890", "checking")
        return str(self.do(parties.add_bank_account, party_id=self.party, account=account).id)

    @cached_property
    def block(self) -> str:
        """A block of the payee."""
        return str(self.do(parties.block_party, party_id=self.party, reason="manual").id)

    @cached_property
    def dead_letter(self) -> str:
        """A message that was given up."""
        with self.database.connect("admin") as connection:
            found = connection.execute(
                """
                INSERT INTO messaging.dead_letters (tenant_id, consumer, message_id, created_at, event_type,
                aggregate_type, aggregate_id, payload, attempt_count, last_error) VALUES (%s, 'funding.deposits', 1,
                now(), 'ingestion.record.created', 'record', 'rec_1', '{}', 10, 'broken') RETURNING id
                """,
                [self.tenant.id],
            ).fetchone()
        assert found is not None
        return ids.encode("dlt", found[0])

    @cached_property
    def artifact(self) -> str:
        """A bank statement, received and read."""
        data = (SAMPLES / "bai2" / "ministryofjustice-svb_us_example.bai2").read_bytes()
        made = self.do(ingestion.receive, source="upload", kind="statement", filename="statement.bai", data=data)
        self.do(ingestion.read, made.id)
        return str(made.id)

    @cached_property
    def rate_source(self) -> str:
        """A source of exchange rates."""
        url = "https://rates.example.org/?key=secret"
        return str(self.do(ingestion.set_rate_source, name="victim", url=url, format="csv_v1").name)

    @cached_property
    def record(self) -> str:
        """A line of that statement."""
        return str(self.do(ingestion.list_records, artifact_id=self.artifact, after=(0, 0), limit=1)[0].id)

    @cached_property
    def statement(self) -> str:
        """That statement."""
        return str(self.do(ingestion.list_statements, artifact_id=self.artifact, limit=1)[0].id)

    @cached_property
    def cash(self) -> str:
        """A's cash in the book."""
        return ids.encode("acct", self.do(ledger.account_for, "CASH", "USD").id)

    @cached_property
    def funds(self) -> str:
        """The client funds of A's legal entity."""
        account = self.do(ledger.account_for, "CLIENT_FUNDS", "USD", self.tenant.legal_entity_id)
        return ids.encode("acct", account.id)

    @cached_property
    def pending(self) -> str:
        """A pending transaction."""
        entry = ledger.Entry(ids.decode("acct", self.cash), ids.decode("acct", self.funds), make.usd("1.00"))
        posted = self.do(ledger.post, idempotency_key="pending", entries=[entry], pending=True)
        return ids.encode("txn", posted.transaction_id)

    @cached_property
    def transaction(self) -> str:
        """A deposit of 1,000.00 in A's book."""
        entry = ledger.Entry(ids.decode("acct", self.cash), ids.decode("acct", self.funds), make.usd("1000.00"))
        return ids.encode("txn", self.do(ledger.post, idempotency_key="deposit", entries=[entry]).transaction_id)

    @cached_property
    def reservation(self) -> str:
        """10.00 of it set aside."""
        assert self.transaction
        held = self.do(
            ledger.reserve,
            idempotency_key="hold",
            account=ids.decode("acct", self.funds),
            amount=make.usd("10.00"),
            reserve_type="payroll",
            source_ref="attack",
        )
        return ids.encode("rsv", held.id)

    @cached_property
    def period(self) -> str:
        """A period of A's legal entity, long over."""
        facts = {"name": "attack", "starts_on": date(2024, 1, 1), "ends_on": date(2024, 1, 31)}
        opened = self.do(ledger.open_period, **facts, legal_entity_id=self.tenant.legal_entity_id)
        return ids.encode("per", opened.id)

    @cached_property
    def settlement(self) -> str:
        """A cut-off of A's cash."""
        made = self.do(ledger.cut_off, account=self.cash, at=datetime(2024, 1, 1, tzinfo=UTC), name="attack")
        return ids.encode("stl", made.id)

    @cached_property
    def euros(self) -> str:
        """A's cash in EUR."""
        self.do(ledger.seed_chart, currency="EUR")
        return ids.encode("acct", self.do(ledger.account_for, "CASH", "EUR").id)

    @cached_property
    def conversion(self) -> str:
        """10.00 of it converted."""
        facts = {"rate": Decimal("0.9"), "source": "desk", "amount": make.usd("10.00"), "idempotency_key": "fx"}
        made = self.do(ledger.convert, from_account=self.cash, to_account=self.euros, **facts)
        return ids.encode("fxc", made.id)

    @cached_property
    def monitor(self) -> str:
        """A monitor of A's cash."""
        facts = {"what": "posted", "comparison": "below", "threshold": make.usd("1.00"), "name": "low"}
        return ids.encode("mon", self.do(ledger.add_monitor, account=self.cash, **facts).id)

    @cached_property
    def reconciliation(self) -> str:
        """A run of the reconciliation."""
        self.do(recon.link_bank_account, account=self.cash, statement_id=self.statement)
        return str(self.do(recon.run, account=self.cash, on=date(2022, 2, 1)).id)

    @cached_property
    def payroll(self) -> payments.CommitResult:
        """A funded payroll of one payment, sent to the bank in a file."""
        with self.database.begin(tenant_id=self.tenant.id, actor=MAKER) as tx:
            stories.at(tx, stories.MONDAY)
            stories.originator(tx, self.tenant)
            stories.fund(tx, self.tenant, "500.00")
            committed = payments.commit_payroll(tx, stories.batch(tx, self.tenant, "120.00"))
            assert len(payments.submit_due(tx, on=stories.MONDAY)) == 1
        assert not isinstance(committed, Refused)
        return committed

    @cached_property
    def payment(self) -> str:
        """The payment of that payroll."""
        assert self.payroll
        return str(self.value("SELECT min(id) FROM payments.instructions"))

    @cached_property
    def file(self) -> str:
        """The file that it went out in."""
        assert self.payroll
        return str(self.value("SELECT min(id) FROM payments.ach_files"))

    @cached_property
    def deposit(self) -> str:
        """The wire that funded it."""
        assert self.payroll
        return str(self.value("SELECT min(id) FROM funding.deposits"))

    @cached_property
    def funding_request(self) -> str:
        """The request that its commit made."""
        assert self.payroll
        return str(self.value("SELECT min(id) FROM funding.requests"))

    @cached_property
    def evaluation(self) -> str:
        """The gate's judgement."""
        assert self.payroll
        return str(self.value("SELECT min(id) FROM funding.gate_evaluations"))

    def value(self, query: LiteralString) -> Any:
        """One value of A's."""
        with self.database.begin(tenant_id=self.tenant.id, actor=MAKER) as tx:
            return tx.value(query)


Row = Callable[[Victim], Attack]
TEN: dict[str, Any] = {"minor": 1000, "currency": "USD"}


def listed(_: Victim) -> Attack:
    """A list without filters: B gets its own rows."""
    return Attack(own=True)


def case_of(**body: Any) -> Row:
    """An attack on a case."""
    return lambda a: Attack(params={"case_id": a.case}, json=body or None)


def party_of(**body: Any) -> Row:
    """An attack on a party."""
    return lambda a: Attack(params={"party_id": a.party}, json=body or None)


def artifact_of(**body: Any) -> Row:
    """An attack on an artifact."""
    return lambda a: Attack(params={"artifact_id": a.artifact}, json=body or None)


def bank_account_of(**body: Any) -> Row:
    """An attack on a bank account."""
    return lambda a: Attack(params={"bank_account_id": a.bank_account}, json=body or None)


ROWS: dict[tuple[str, str], Row] = {
    # health: no key, no tenant
    ("GET", "/healthz"): listed,
    ("GET", "/readyz"): listed,
    ("GET", "/metrics"): listed,
    # tenants
    ("GET", "/v1/tenants/current"): listed,
    ("GET", "/v1/tenants/legal-entities"): listed,
    ("POST", "/v1/tenants/legal-entities"): lambda a: Attack(
        json={"name": "B's own", "time_zone": "UTC", "currency": "USD"}, own=True
    ),
    ("GET", "/v1/tenants/legal-entities/{legal_entity_id}"): lambda a: Attack(
        params={"legal_entity_id": a.tenant.legal_entity_id}
    ),
    ("GET", "/v1/tenants/users"): listed,
    ("GET", "/v1/tenants/api-keys"): listed,
    ("POST", "/v1/tenants/api-keys/{api_key_id}/revoke"): lambda a: Attack(params={"api_key_id": a.api_key}),
    # audit and messaging
    ("GET", "/v1/audit/events"): listed,
    ("GET", "/v1/messaging/dead-letters"): listed,
    ("POST", "/v1/messaging/dead-letters/{dead_letter_id}/requeue"): lambda a: Attack(
        params={"dead_letter_id": a.dead_letter}
    ),
    # cases
    ("GET", "/v1/cases"): listed,
    ("GET", "/v1/cases/approvals"): listed,
    ("GET", "/v1/cases/approvals/{approval_id}"): lambda a: Attack(params={"approval_id": a.approval.id}),
    ("POST", "/v1/cases/approvals/{approval_id}/approve"): lambda a: Attack(
        params={"approval_id": a.approval.id}, json={"digest": a.approval.digest}
    ),
    ("POST", "/v1/cases/approvals/{approval_id}/reject"): lambda a: Attack(
        params={"approval_id": a.approval.id}, json={"digest": a.approval.digest, "reason": "no"}
    ),
    ("GET", "/v1/cases/{case_id}"): case_of(),
    ("POST", "/v1/cases/{case_id}/assign"): case_of(assigned_to="usr_x"),
    ("POST", "/v1/cases/{case_id}/ending-requests"): case_of(state="resolved", resolution="mine", reason="x"),
    ("POST", "/v1/cases/{case_id}/end"): lambda a: Attack(
        params={"case_id": a.case}, json={"state": "resolved", "resolution": "mine", "approval_id": a.approval.id}
    ),
    # parties
    ("POST", "/v1/parties"): lambda a: Attack(
        json={"kind": "payee", "external_id": "E-1", "name": "Eve", "legal_entity_id": a.tenant.legal_entity_id}
    ),
    ("GET", "/v1/parties"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("GET", "/v1/parties/bank-accounts/{bank_account_id}"): bank_account_of(),
    ("POST", "/v1/parties/bank-accounts/{bank_account_id}/close"): bank_account_of(),
    ("POST", "/v1/parties/bank-accounts/{bank_account_id}/verifications"): bank_account_of(
        method="prenote", outcome="verified"
    ),
    ("POST", "/v1/parties/bank-accounts/{bank_account_id}/blocks"): bank_account_of(reason="manual"),
    ("GET", "/v1/parties/blocks"): lambda a: Attack(query={"party_id": a.party}, own=True),
    ("POST", "/v1/parties/blocks/{block_id}/lift"): lambda a: Attack(
        params={"block_id": a.block}, json={"reason": "x"}
    ),
    ("GET", "/v1/parties/{party_id}"): party_of(),
    ("POST", "/v1/parties/{party_id}/rename"): party_of(name="Eve"),
    ("POST", "/v1/parties/{party_id}/close"): party_of(),
    ("POST", "/v1/parties/{party_id}/reopen"): party_of(),
    ("POST", "/v1/parties/{party_id}/blocks"): party_of(reason="manual"),
    ("GET", "/v1/parties/{party_id}/bank-accounts"): party_of(),
    ("POST", "/v1/parties/{party_id}/bank-accounts"): party_of(routing_number="021000021", account_number="987654321"),
    ("GET", "/v1/parties/{party_id}/bank-account-changes"): party_of(),
    # ingestion
    ("POST", "/v1/ingestion/files"): lambda a: Attack(files={"file": ("b.csv", REGISTER)}, own=True),
    ("POST", "/v1/ingestion/artifacts/{artifact_id}/read"): artifact_of(),
    ("GET", "/v1/ingestion/artifacts"): listed,
    ("GET", "/v1/ingestion/artifacts/{artifact_id}"): artifact_of(),
    ("GET", "/v1/ingestion/artifacts/{artifact_id}/records"): artifact_of(),
    ("GET", "/v1/ingestion/artifacts/{artifact_id}/faults"): artifact_of(),
    ("GET", "/v1/ingestion/statements"): lambda a: Attack(query={"artifact_id": a.artifact}, own=True),
    ("GET", "/v1/ingestion/records/{record_id}"): lambda a: Attack(params={"record_id": a.record}),
    # recon
    ("POST", "/v1/recon/links"): lambda a: Attack(json={"account": "CASH-USD", "statement_id": a.statement}),
    ("GET", "/v1/recon/links"): listed,
    ("POST", "/v1/recon/runs"): lambda a: Attack(json={"account": a.cash, "on": "2022-02-01"}),
    ("GET", "/v1/recon/runs"): listed,
    ("GET", "/v1/recon/runs/{reconciliation_id}"): lambda a: Attack(params={"reconciliation_id": a.reconciliation}),
    ("GET", "/v1/recon/runs/{reconciliation_id}/matches"): lambda a: Attack(
        params={"reconciliation_id": a.reconciliation}
    ),
    # ledger
    ("POST", "/v1/ledger/accounts"): lambda a: Attack(
        json={
            "code": "MINE",
            "name": "Mine",
            "type": "ASSET",
            "currency": "USD",
            "legal_entity_id": a.tenant.legal_entity_id,
        }
    ),
    ("GET", "/v1/ledger/accounts"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("GET", "/v1/ledger/accounts/{account}"): lambda a: Attack(params={"account": a.cash}),
    ("GET", "/v1/ledger/accounts/{account}/balance"): lambda a: Attack(params={"account": a.cash}),
    ("GET", "/v1/ledger/balances"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("PUT", "/v1/ledger/accounts/{account}/parent"): lambda a: Attack(
        params={"account": a.cash}, json={"parent": None, "reason": "attack"}
    ),
    ("GET", "/v1/ledger/accounts/{account}/explain"): lambda a: Attack(params={"account": a.cash}),
    ("GET", "/v1/ledger/refusals/explain"): lambda a: Attack(query={"request": a.transaction}),
    ("GET", "/v1/ledger/reports/tree"): lambda a: Attack(query={"root": a.cash}),
    ("GET", "/v1/ledger/reports/trial-balance"): lambda a: Attack(
        query={"legal_entity_id": a.tenant.legal_entity_id}, own=True
    ),
    ("GET", "/v1/ledger/reports/statement"): lambda a: Attack(
        query={"account": a.cash, "from_on": "2026-01-01", "to_on": "2026-12-31"}
    ),
    ("GET", "/v1/ledger/reports/general-ledger"): lambda a: Attack(
        query={"legal_entity_id": a.tenant.legal_entity_id, "from_on": "2026-01-01", "to_on": "2026-12-31"}, own=True
    ),
    ("GET", "/v1/ledger/reports/ageing"): lambda a: Attack(query={"account": a.cash, "as_of": "2026-06-30"}),
    ("POST", "/v1/ledger/transactions"): lambda a: Attack(
        json={"entries": [{"debit": a.funds, "credit": "CASH.USD", "amount": TEN}]}
    ),
    ("POST", "/v1/ledger/transactions/bulk"): lambda a: Attack(
        json={
            "transactions": [
                {
                    "idempotency_key": "attack",
                    "entries": [{"debit": a.funds, "credit": "CASH.USD", "amount": TEN}],
                }
            ],
            "atomic": True,
        }
    ),
    ("GET", "/v1/ledger/transactions"): lambda a: Attack(query={"account": a.cash}),
    ("GET", "/v1/ledger/transactions/{transaction_id}"): lambda a: Attack(params={"transaction_id": a.transaction}),
    ("POST", "/v1/ledger/transactions/{transaction_id}/reverse"): lambda a: Attack(
        params={"transaction_id": a.transaction}, json={"reason": "mine now"}
    ),
    ("POST", "/v1/ledger/transactions/{transaction_id}/post"): lambda a: Attack(params={"transaction_id": a.pending}),
    ("POST", "/v1/ledger/transactions/{transaction_id}/void"): lambda a: Attack(params={"transaction_id": a.pending}),
    ("GET", "/v1/ledger/entries"): lambda a: Attack(query={"transaction": a.transaction}, own=True),
    ("POST", "/v1/ledger/reservations"): lambda a: Attack(
        json={"account": a.funds, "amount": TEN, "reserve_type": "payroll", "source_ref": "x"}
    ),
    ("GET", "/v1/ledger/reservations"): lambda a: Attack(query={"account": a.funds}),
    ("GET", "/v1/ledger/reservations/{reservation_id}"): lambda a: Attack(params={"reservation_id": a.reservation}),
    ("POST", "/v1/ledger/reservations/{reservation_id}/capture"): lambda a: Attack(
        params={"reservation_id": a.reservation}, json={"amount": TEN, "credit": "CASH.USD"}
    ),
    ("POST", "/v1/ledger/reservations/{reservation_id}/increase"): lambda a: Attack(
        params={"reservation_id": a.reservation}, json={"amount": {"minor": 100, "currency": "USD"}}
    ),
    ("POST", "/v1/ledger/reservations/{reservation_id}/extend"): lambda a: Attack(
        params={"reservation_id": a.reservation}, json={"expires_at": None}
    ),
    ("POST", "/v1/ledger/reservations/{reservation_id}/release"): lambda a: Attack(
        params={"reservation_id": a.reservation}
    ),
    ("POST", "/v1/ledger/reservations/capture"): lambda a: Attack(
        json={"parts": [{"reservation_id": a.reservation, "amount": TEN}], "credit": "CASH.USD"}
    ),
    ("POST", "/v1/ledger/reservations/release"): lambda a: Attack(json={"reservation_ids": [a.reservation]}),
    ("POST", "/v1/ledger/periods"): lambda a: Attack(
        json={
            "name": "mine",
            "starts_on": "2024-01-01",
            "ends_on": "2024-01-31",
            "legal_entity_id": a.tenant.legal_entity_id,
        }
    ),
    ("GET", "/v1/ledger/periods"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("GET", "/v1/ledger/periods/{period_id}"): lambda a: Attack(params={"period_id": a.period}),
    ("POST", "/v1/ledger/periods/{period_id}/close"): lambda a: Attack(
        params={"period_id": a.period}, json={"reason": "mine"}
    ),
    ("POST", "/v1/recon/periods/{period_id}/reopening-requests"): lambda a: Attack(
        params={"period_id": a.period}, json={"reason": "mine"}
    ),
    ("POST", "/v1/recon/periods/{period_id}/reopen"): lambda a: Attack(
        params={"period_id": a.period}, json={"reason": "mine", "approval_id": "apr_mine"}
    ),
    ("POST", "/v1/recon/backdating-requests"): lambda a: Attack(
        json={
            "idempotency_key": "attack",
            "entries": [{"debit": a.funds, "credit": a.cash, "amount": TEN}],
            "effective_at": "2024-01-01T00:00:00Z",
            "reason": "mine",
        }
    ),
    ("POST", "/v1/recon/backdating-requests/{approval_id}/post"): lambda a: Attack(
        params={"approval_id": a.approval.id}
    ),
    ("GET", "/v1/ledger/periods/{period_id}/trial-balance"): lambda a: Attack(params={"period_id": a.period}),
    ("POST", "/v1/ledger/settlements"): lambda a: Attack(
        json={"account": a.cash, "at": "2024-01-01T00:00:00Z", "name": "mine"}
    ),
    ("GET", "/v1/ledger/settlements"): lambda a: Attack(query={"account": a.cash}),
    ("GET", "/v1/ledger/settlements/{settlement_id}"): lambda a: Attack(params={"settlement_id": a.settlement}),
    ("GET", "/v1/ledger/settlements/{settlement_id}/legs"): lambda a: Attack(params={"settlement_id": a.settlement}),
    ("POST", "/v1/ledger/exchange-rates"): lambda a: Attack(
        json={
            "rates": [
                {"from": "USD", "to": "EUR", "rate": "0.9", "effective_at": "2024-01-01T00:00:00Z", "source": "desk"}
            ]
        },
        own=True,
    ),
    ("GET", "/v1/ledger/exchange-rates"): listed,
    ("GET", "/v1/ledger/exchange-rates/latest"): lambda a: Attack(query={"from": "USD", "to": "GBP"}),
    ("POST", "/v1/ledger/conversions"): lambda a: Attack(
        json={"from_account": a.cash, "to_account": a.euros, "amount": TEN, "rate": "0.9", "source": "desk"}
    ),
    ("GET", "/v1/ledger/conversions"): listed,
    ("GET", "/v1/ledger/conversions/{conversion_id}"): lambda a: Attack(params={"conversion_id": a.conversion}),
    ("POST", "/v1/ledger/conversions/{conversion_id}/reverse"): lambda a: Attack(
        params={"conversion_id": a.conversion}, json={"reason": "mine now"}
    ),
    ("GET", "/v1/ledger/positions"): lambda a: Attack(
        query={"functional_currency": "USD", "legal_entity_id": a.tenant.legal_entity_id}, own=True
    ),
    ("POST", "/v1/ledger/revaluations"): lambda a: Attack(
        json={"on": "2024-01-31", "functional_currency": "USD", "legal_entity_id": a.tenant.legal_entity_id}, own=True
    ),
    ("GET", "/v1/ledger/revaluations"): listed,
    ("GET", "/v1/ledger/clearing"): lambda a: Attack(query={"account": a.cash}),
    ("POST", "/v1/ledger/clearing/{account}"): lambda a: Attack(
        params={"account": a.cash}, json={"must_be_zero": True, "reason": "mine"}
    ),
    ("POST", "/v1/ledger/monitors"): lambda a: Attack(json={"account": a.cash, "threshold": TEN, "name": "mine"}),
    ("GET", "/v1/ledger/monitors"): lambda a: Attack(query={"account": a.cash}),
    ("GET", "/v1/ledger/monitors/{monitor_id}"): lambda a: Attack(params={"monitor_id": a.monitor}),
    ("DELETE", "/v1/ledger/monitors/{monitor_id}"): lambda a: Attack(params={"monitor_id": a.monitor}),
    ("GET", "/v1/ingestion/rate-sources"): listed,
    ("PUT", "/v1/ingestion/rate-sources/{name}"): lambda a: Attack(
        params={"name": "own"}, json={"url": "https://1.1.1.1/rates", "format": "csv_v1"}, own=bool(a.rate_source)
    ),
    ("DELETE", "/v1/ingestion/rate-sources/{name}"): lambda a: Attack(params={"name": a.rate_source}),
    # funding
    ("GET", "/v1/funding/deposits"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("GET", "/v1/funding/deposits/{deposit_id}"): lambda a: Attack(params={"deposit_id": a.deposit}),
    ("POST", "/v1/funding/deposits"): lambda a: Attack(json={"artifact_id": a.artifact}),
    ("POST", "/v1/funding/payer-references"): lambda a: Attack(json={"legal_entity_id": a.tenant.legal_entity_id}),
    ("GET", "/v1/funding/evaluations"): lambda a: Attack(query={"subject": a.payroll.payroll.id}, own=True),
    ("GET", "/v1/funding/evaluations/{evaluation_id}"): lambda a: Attack(params={"evaluation_id": a.evaluation}),
    ("POST", "/v1/funding/requests"): lambda a: Attack(
        json={
            "legal_entity_id": a.tenant.legal_entity_id,
            "amount": {"minor": 100, "currency": "USD"},
            "rail": "inbound_wire",
            "due_on": "2026-12-01",
        }
    ),
    ("POST", "/v1/funding/approval-requests"): lambda a: Attack(
        json={
            "change": {
                "kind": "credit_draw",
                "legal_entity_id": a.tenant.legal_entity_id,
                "amount": {"minor": 100, "currency": "USD"},
            },
            "reason": "x",
        }
    ),
    ("POST", "/v1/funding/changes"): lambda a: Attack(
        json={
            "change": {
                "kind": "credit_draw",
                "legal_entity_id": a.tenant.legal_entity_id,
                "amount": {"minor": 100, "currency": "USD"},
            },
            "reason": "x",
            "approval_id": "apr_none",
        }
    ),
    ("GET", "/v1/funding/limits"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("GET", "/v1/funding/overrides"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("GET", "/v1/funding/credit-lines/{legal_entity_id}"): lambda a: Attack(
        params={"legal_entity_id": a.tenant.legal_entity_id}
    ),
    ("GET", "/v1/funding/requests"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("GET", "/v1/funding/requests/{funding_request_id}"): lambda a: Attack(
        params={"funding_request_id": a.funding_request}
    ),
    # payments
    ("POST", "/v1/payments/payrolls/{payroll_id}/split"): lambda a: Attack(params={"payroll_id": a.payroll.payroll.id}),
    ("POST", "/v1/payments/payrolls"): lambda a: Attack(
        json={
            "legal_entity_id": a.tenant.legal_entity_id,
            "payroll_id": "PR-2",
            "pay_on": "2026-12-01",
            "items": [{"employee_id": "E-1", "payee_id": a.party, "bank_account_id": a.bank_account, "net_pay": TEN}],
        }
    ),
    ("GET", "/v1/payments/payrolls"): listed,
    ("GET", "/v1/payments/payrolls/{payroll_id}"): lambda a: Attack(params={"payroll_id": a.payroll.payroll.id}),
    ("GET", "/v1/payments/instructions"): listed,
    ("GET", "/v1/payments/instructions/{payment_id}"): lambda a: Attack(params={"payment_id": a.payment}),
    ("GET", "/v1/payments/instructions/{payment_id}/timeline"): lambda a: Attack(params={"payment_id": a.payment}),
    ("POST", "/v1/payments/instructions/{payment_id}/account"): lambda a: Attack(
        params={"payment_id": a.payment}, json={"bank_account_id": a.bank_account}
    ),
    ("PUT", "/v1/payments/originators/{legal_entity_id}"): lambda a: Attack(
        params={"legal_entity_id": a.tenant.legal_entity_id},
        json={
            "odfi_routing_number": "021000021",
            "destination_name": "BANK",
            "immediate_origin": "1234567890",
            "origin_name": "EVE",
            "company_name": "EVE",
            "company_identification": "1234567890",
        },
    ),
    ("POST", "/v1/payments/submissions"): lambda a: Attack(json={"on": str(stories.MONDAY)}, own=bool(a.payroll)),
    ("GET", "/v1/payments/notices"): listed,
    ("GET", "/v1/payments/notice-policies"): listed,
    ("PUT", "/v1/payments/notice-policies/{code}"): lambda a: Attack(
        params={"code": "C02"}, json={"policy": "case", "reason": "ours"}, own=True
    ),
    ("GET", "/v1/payments/return-rates"): lambda a: Attack(
        query={"legal_entity_id": a.tenant.legal_entity_id}, own=True
    ),
    ("GET", "/v1/payments/files"): listed,
    ("GET", "/v1/payments/files/{file_id}"): lambda a: Attack(params={"file_id": a.file}),
    ("GET", "/v1/payments/files/{file_id}/delivery"): lambda a: Attack(params={"file_id": a.file}),
    ("POST", "/v1/payments/files/{file_id}/delivery-requests"): lambda a: Attack(
        params={"file_id": a.file}, json={"verdict": "absent", "reason": "mine"}
    ),
    ("POST", "/v1/payments/delivery-requests/{approval_id}/decide"): lambda a: Attack(
        params={"approval_id": a.approval.id}
    ),
    ("POST", "/v1/payments/settlements"): lambda a: Attack(json={"artifact_id": a.artifact}),
}
