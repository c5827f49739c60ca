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
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, LiteralString

from tests import make
from tests.ingestion.envelopes import envelope, raw
from tests.payments import gateways, pulls, stories

from headgate import alerts, cases, ingestion, ledger, messaging, parties, payments, recon, servicing, tenants
from headgate.core import ids
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Refused
from headgate.ingestion import links
from headgate.parties import BankAccountInput
from headgate.rails import fake

SAMPLES = Path(__file__).parent.parent / "samples"
REGISTER = b"""employee_id,name,routing_number,account_number,account_type,net_pay
E-9,Eve Example,021000021,55556666,checking,100.00
"""
MAPPING = {
    "source": "bank.own",
    "parser": "csv_v1",
    "mapping": {"columns": {"booked_on": 0, "amount": 1}, "header": ["day", "sum"], "currency": "USD"},
}
WEBHOOK = {"source": "column", "scheme": "column", "secret": "whsec_of_somebody"}
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
        """A payee whom no other row pays."""
        return str(
            self.do(
                parties.create_party,
                kind="payee",
                external_id="E-UNPAID",
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
        """A block of a payee whom no other row pays."""
        blocked = parties.PayeeInput("E-BLOCKED", "Nobody Paid", (BankAccountInput("021000021", "777766665555"),))
        (made,) = self.do(
            parties.register_payees, legal_entity_id=self.tenant.legal_entity_id, payees=[blocked], source_ref="test"
        )
        return str(self.do(parties.block_party, party_id=made.party_id, reason="manual").id)

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
    def forged_link(self) -> str:
        """A link to that statement, under the signature of another installation."""
        claim = links.Claim(self.tenant.id, self.artifact, datetime.now(UTC) + timedelta(minutes=5))
        return links.sign(replace(self.database.config, master_key=b"x" * 32), claim)

    @cached_property
    def loan(self) -> str:
        """A loan with one instalment."""
        due = servicing.Due(1, date(2026, 1, 1), principal=1_000)
        loan = servicing.NewLoan("victims-loan", "mortgage", "USD", self.tenant.legal_entity_id)
        return str(self.do(servicing.import_loan, loan, [due]).id)

    @cached_property
    def loan_policy(self) -> int:
        """The version of a policy of its own."""
        rules = {"current": servicing.Rule("fees_first")}
        facts = {"product": "of_a", "effective_from": date(2026, 1, 1), "reason": "theirs", "rules": rules}
        return int(self.do(servicing.set_policy, **facts).terms.version_no)

    @cached_property
    def loan_return(self) -> str:
        """The provider's id of a return that waits for its payment; its code does what A chose."""
        self.do(servicing.set_return_rule, code="R03", action="reverse", severity="low", reason="theirs")
        new = servicing.NewReturn("column", "ret_of_a", "acht_of_a", "R03", date(2026, 1, 1))
        self.do(servicing.record_return, new)
        return new.external_id

    @cached_property
    def loan_payment(self) -> str:
        """A payment of that loan."""
        new = servicing.NewPayment(self.loan, "victims-payment", 100, "USD", date(2026, 1, 1), "manual")
        return str(self.do(servicing.apply_payment, new).id)

    @cached_property
    def borrower(self) -> str:
        """A borrower who has an address, words of its own and a choice."""
        made = self.do(parties.create_party, kind="borrower", external_id="victim", name="Vic Tim").id
        choice = {"recipient": made, "kind": "payment_posted", "is_on": True, "by_email": True, "reason": "theirs"}
        self.do(alerts.set_preference, **choice)
        self.do(alerts.set_address, recipient=made, address="vic@example.org")
        self.do(alerts.set_template, audience="borrower", kind="payment_posted", title="theirs", message="{loan}")
        return str(made)

    @cached_property
    def notification(self) -> str:
        """What that borrower was told."""
        loan = servicing.NewLoan("told-loan", "mortgage", "USD", self.tenant.legal_entity_id, self.borrower)
        self.do(servicing.import_loan, loan, [servicing.Due(1, date(2026, 1, 1), principal=1_000)])
        new = servicing.NewPayment("told-loan", "told-payment", 100, "USD", date(2026, 1, 1), "manual")
        paid = self.do(servicing.apply_payment, new).id
        facts = {"aggregate_type": "payment", "aggregate_id": paid, "payload": {}, "correlation_id": None}
        message = messaging.Message(
            id=1, tenant_id=self.tenant.id, event_type="payment.posted", created_at=datetime.now(UTC), **facts
        )
        self.do(alerts.notify, [message])
        with self.database.begin(tenant_id=self.tenant.id, actor=MAKER) as tx:
            return alerts.notifications_of_payment(tx, paid)[0].id

    @cached_property
    def payment_ingestion(self) -> str:
        """A payment that came in."""
        return str(self.do(ingestion.ingest_payment, raw(envelope("victims-loan", transfer="acht_victims"))).id)

    @cached_property
    def source(self) -> str:
        """A source that evidence is fetched from."""
        terms = ingestion.check_source(self.database.config, name="victim", connector="folder", settings={})
        return str(self.do(ingestion.set_source, terms).name)

    @cached_property
    def rate_source(self) -> str:
        """A source of exchange rates."""
        url = "https://rates.example.org/?key=secret"
        return str(self.do(ingestion.set_rate_source, name="victim", url=url, format="csv_v1").name)

    @cached_property
    def mapping(self) -> str:
        """What the columns of a bank's tables mean."""
        return str(self.do(ingestion.save_mapping, **{**MAPPING, "source": "bank.victim"}).fingerprint)

    @cached_property
    def webhook(self) -> str:
        """Where a provider's webhooks come in."""
        return str(self.do(ingestion.set_webhook, **WEBHOOK).id)

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
    def debit(self) -> str:
        """A debit of A's client."""

        def made(tx: Tx) -> str:
            stories.at(tx, stories.MONDAY)
            pulls.client(tx, self.tenant)
            pulls.debit(tx, self.tenant, "10.00", key="attack-debit")
            return str(pulls.attempts(tx)[-1]["id"])

        return str(self.do(made))

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
    def order(self) -> payments.Order:
        """A funded payroll of one payment over FedNow, fixed as an order."""
        assert self.payroll
        with self.database.begin(tenant_id=self.tenant.id, actor=make.ACTOR) as tx:
            gateways.speak_to(tx, self.tenant, "http://127.0.0.1:9")
            stories.fund(tx, self.tenant, "60.00", external_id="attack-fednow")
            wanted = stories.batch(tx, self.tenant, "60.00", payroll_id="PR-FEDNOW", pay_on=stories.MONDAY)
            committed = payments.commit_payroll(tx, replace(wanted, rail="fednow"))
            assert committed.status == "committed", committed
            payments.submit_due(tx, on=stories.MONDAY)
            (order,) = payments.list_orders(tx)
        return order

    @cached_property
    def file(self) -> str:
        """The file that it went out in."""
        assert self.payroll
        return str(self.value("SELECT min(id) FROM payments.ach_files"))

    @cached_property
    def place(self) -> str:
        """The bank whose server is set."""
        made = self.do(payments.set_sftp_place, bank="sandbox", host="192.0.2.7", username="victim", password="secret")
        return str(made.bank)

    @cached_property
    def returned(self) -> str:
        """A return of that payment."""
        content = self.do(payments.file_bytes, self.file)
        trace = next(entry.trace_number for entry in fake.receive(content).entries)
        data = fake.return_file([content], {trace: "R23"}, on=stories.WEDNESDAY)
        artifact = self.do(ingestion.receive, source="bank", filename="ret.ach", data=data)
        self.do(ingestion.read, artifact.id)
        self.do(payments.return_from_file, artifact_id=artifact.id)
        return str(self.value("SELECT min(id) FROM payments.returns"))

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
    ("POST", "/v1/messaging/dead-letters/requeue"): lambda a: Attack(json={"query": ""}, own=bool(a.dead_letter)),
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
    ("POST", "/v1/parties/payees"): lambda a: Attack(
        json={
            "legal_entity_id": a.tenant.legal_entity_id,
            "external_id": "E-1",
            "name": "Eve",
            "bank_accounts": [{"routing_number": "021000021", "account_number": "987654321"}],
        }
    ),
    ("GET", "/v1/parties/payees"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("GET", "/v1/parties/payees/{party_id}"): party_of(),
    ("GET", "/v1/parties/{party_id}"): party_of(),
    ("PUT", "/v1/parties/{party_id}/address"): party_of(town="Lisle", state="IL"),
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
    ("POST", "/v1/ingestion/payments"): lambda a: Attack(json=envelope("loan-of-b", transfer="acht_victims"), own=True),
    ("GET", "/v1/ingestion/payments/{ingestion_id}"): lambda a: Attack(params={"ingestion_id": a.payment_ingestion}),
    ("POST", "/v1/ingestion/payments/{ingestion_id}/artifacts"): lambda a: Attack(
        params={"ingestion_id": a.payment_ingestion},
        json={"type": "bank_file", "uri": f"urn:headgate:artifact:{a.artifact}"},
    ),
    ("GET", "/v1/ingestion/payments/{ingestion_id}/artifacts"): lambda a: Attack(
        params={"ingestion_id": a.payment_ingestion}
    ),
    ("GET", "/v1/ingestion/artifacts/{artifact_id}/payments"): artifact_of(),
    ("POST", "/v1/ingestion/artifacts/{artifact_id}/links"): artifact_of(),
    ("POST", "/v1/ingestion/artifacts/{artifact_id}/reprocessings"): lambda a: Attack(
        params={"artifact_id": a.artifact}, json={"parser": "bai2_v1"}
    ),
    ("POST", "/v1/ingestion/reprocessings"): lambda a: Attack(json={}, own=bool(a.artifact)),
    # Who holds a whole link may follow it: what is tried here is another's artifact under a signature of one's own.
    ("GET", "/v1/ingestion/links/{token}"): lambda a: Attack(params={"token": a.forged_link}),
    ("GET", "/v1/ingestion/payments"): listed,
    ("GET", "/v1/ingestion/payments/{ingestion_id}/lines"): lambda a: Attack(
        params={"ingestion_id": a.payment_ingestion}
    ),
    ("POST", "/v1/ingestion/payments/{ingestion_id}/reveal"): lambda a: Attack(
        params={"ingestion_id": a.payment_ingestion}, json={"reason": "mine"}
    ),
    ("GET", "/v1/ingestion/artifacts/{artifact_id}/lines"): artifact_of(),
    ("POST", "/v1/ingestion/artifacts/{artifact_id}/reveal"): artifact_of(reason="mine"),
    ("POST", "/v1/ingestion/artifacts/{artifact_id}/preview"): artifact_of(),
    ("GET", "/v1/ingestion/source-standings"): listed,
    ("POST", "/v1/ingestion/sources/{name}/pause"): lambda a: Attack(
        params={"name": a.source}, json={"reason": "mine"}
    ),
    ("POST", "/v1/ingestion/sources/{name}/resume"): lambda a: Attack(
        params={"name": a.source}, json={"reason": "mine"}
    ),
    ("GET", "/v1/ingestion/mappings"): listed,
    ("POST", "/v1/ingestion/mappings"): lambda a: Attack(json=MAPPING, own=bool(a.mapping)),
    ("DELETE", "/v1/ingestion/mappings/{source}/{fingerprint}"): lambda a: Attack(
        params={"source": "bank.victim", "fingerprint": a.mapping}
    ),
    ("GET", "/v1/recon/lineage/{thing_id}"): lambda a: Attack(params={"thing_id": a.artifact}),
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
    ("POST", "/v1/servicing/loans"): lambda a: Attack(
        json={
            "external_id": "mine",
            "product": "mortgage",
            "currency": "USD",
            "legal_entity_id": a.tenant.legal_entity_id,
        }
    ),
    ("GET", "/v1/servicing/loans"): listed,
    ("GET", "/v1/servicing/loans/{loan_id}"): lambda a: Attack(params={"loan_id": a.loan}),
    ("GET", "/v1/servicing/loans/{loan_id}/payments"): lambda a: Attack(params={"loan_id": a.loan}),
    ("POST", "/v1/servicing/loans/{loan_id}/standings"): lambda a: Attack(
        params={"loan_id": a.loan}, json={"standing": "charged_off", "from_on": "2026-01-01", "reason": "mine"}
    ),
    ("POST", "/v1/servicing/payments"): lambda a: Attack(
        json={"loan_id": a.loan, "amount": {"minor": 100, "currency": "USD"}, "received_on": "2026-01-01"}
    ),
    ("GET", "/v1/servicing/payments/{payment_id}"): lambda a: Attack(params={"payment_id": a.loan_payment}),
    ("GET", "/v1/servicing/payments/{payment_id}/events"): lambda a: Attack(params={"payment_id": a.loan_payment}),
    ("POST", "/v1/servicing/payments/{payment_id}/reversals"): lambda a: Attack(
        params={"payment_id": a.loan_payment}, json={"reason": "mine"}
    ),
    ("POST", "/v1/servicing/loans/{loan_id}/holds"): lambda a: Attack(
        params={"loan_id": a.loan}, json={"stop_pay": True, "reason": "mine"}
    ),
    ("GET", "/v1/servicing/loans/{loan_id}/dues"): lambda a: Attack(params={"loan_id": a.loan}),
    ("POST", "/v1/servicing/loans/{loan_id}/dues"): lambda a: Attack(
        params={"loan_id": a.loan},
        json={"instalments": [{"number": 2, "due_on": "2026-02-01", "principal_minor": 100}]},
    ),
    ("POST", "/v1/servicing/loans/{loan_id}/charges"): lambda a: Attack(
        params={"loan_id": a.loan}, json={"amount_minor": 100, "due_on": "2026-02-01", "reason": "mine"}
    ),
    ("GET", "/api/payments/{loan_id}"): lambda a: Attack(params={"loan_id": a.loan}),
    ("GET", "/api/payments/{payment_id}/events"): lambda a: Attack(params={"payment_id": a.loan_payment}),
    ("GET", "/v1/servicing/policies"): lambda a: Attack(query={"product": "of_a"}, own=bool(a.loan_policy)),
    ("POST", "/v1/servicing/policies"): lambda a: Attack(
        json={
            "product": "mortgage",
            "effective_from": "2026-01-01",
            "reason": "mine",
            "rules": {"current": {"waterfall": "fees_first"}},
        },
        own=bool(a.loan),
    ),
    ("GET", "/v1/servicing/return-rules"): lambda a: Attack(own=bool(a.loan_return)),
    ("POST", "/v1/servicing/return-rules"): lambda a: Attack(
        json={"code": "R03", "action": "dispute", "severity": "low", "reason": "mine"}, own=bool(a.loan_return)
    ),
    ("GET", "/v1/servicing/returns"): lambda a: Attack(own=bool(a.loan_return)),
    ("POST", "/v1/servicing/returns"): lambda a: Attack(
        json={
            "provider": "column",
            "external_id": a.loan_return,
            "provider_transfer_id": "acht_of_a",
            "code": "R01",
            "returned_on": "2026-01-02",
        },
        own=True,
    ),
    ("GET", "/v1/servicing/shadow-report"): lambda a: Attack(
        query={"first": "2026-01-01", "last": "2026-01-02"}, own=bool(a.loan_payment)
    ),
    ("GET", "/v1/servicing/posting-modes"): lambda a: Attack(own=True),
    ("POST", "/v1/servicing/posting-modes"): lambda a: Attack(
        json={"channel": "ach", "mode": "live", "reason": "mine"}, own=True
    ),
    ("POST", "/v1/servicing/posting-modes/releases"): lambda a: Attack(
        json={"channel": "ach"}, own=bool(a.payment_ingestion)
    ),
    ("GET", "/v1/notifications"): lambda a: Attack(query={"recipient": a.borrower}, own=bool(a.notification)),
    ("POST", "/v1/notifications/{notification_id}/reads"): lambda a: Attack(params={"notification_id": a.notification}),
    ("GET", "/v1/notifications/preferences"): lambda a: Attack(query={"recipient": "team:of_a"}, own=True),
    ("POST", "/v1/notifications/preferences"): lambda a: Attack(
        json={"recipient": a.borrower, "kind": "payment_posted", "is_on": False, "reason": "mine"}
    ),
    ("GET", "/v1/notifications/addresses"): lambda a: Attack(own=bool(a.notification)),
    ("POST", "/v1/notifications/addresses"): lambda a: Attack(
        json={"recipient": a.borrower, "address": "eve@example.org"}
    ),
    ("GET", "/v1/notifications/templates"): lambda a: Attack(own=bool(a.notification)),
    ("POST", "/v1/notifications/templates"): lambda a: Attack(
        json={"audience": "team", "kind": "payment_posted", "title": "mine", "message": "mine"}, own=True
    ),
    ("GET", "/v1/ingestion/rate-sources"): listed,
    ("PUT", "/v1/ingestion/rate-sources/{name}"): lambda a: Attack(
        params={"name": "own"}, json={"url": "https://1.1.1.1/rates", "format": "csv_v1"}, own=bool(a.rate_source)
    ),
    ("DELETE", "/v1/ingestion/rate-sources/{name}"): lambda a: Attack(params={"name": a.rate_source}),
    ("GET", "/v1/ingestion/connectors"): listed,
    ("GET", "/v1/ingestion/schemas"): listed,
    ("GET", "/v1/ingestion/schemas/{name}"): lambda a: Attack(params={"name": "headgate.payments.v1"}, own=True),
    ("GET", "/v1/ingestion/sources"): listed,
    ("GET", "/v1/ingestion/sources/{name}"): lambda a: Attack(params={"name": a.source}),
    ("PUT", "/v1/ingestion/sources/{name}"): lambda a: Attack(
        params={"name": "own"}, json={"connector": "folder", "settings": {}}, own=bool(a.source)
    ),
    ("DELETE", "/v1/ingestion/sources/{name}"): lambda a: Attack(params={"name": a.source}),
    ("POST", "/v1/ingestion/sources/{name}/fetch"): lambda a: Attack(params={"name": a.source}),
    ("GET", "/v1/ingestion/sources/{name}/tries"): lambda a: Attack(params={"name": a.source}),
    ("GET", "/v1/ingestion/sources/{name}/items"): lambda a: Attack(params={"name": a.source}),
    ("POST", "/v1/ingestion/webhooks/{source}/{endpoint_id}"): lambda a: Attack(
        params={"source": "column", "endpoint_id": a.webhook}, json={"id": "evnt_1"}
    ),
    ("POST", "/api/column/webhook"): lambda a: Attack(json={"id": "evnt_1"}),
    ("POST", "/v1/ingestion/webhook-endpoints"): lambda a: Attack(json=WEBHOOK, own=True),
    ("PUT", "/v1/ingestion/webhook-endpoints/{endpoint_id}"): lambda a: Attack(
        params={"endpoint_id": a.webhook}, json=WEBHOOK
    ),
    ("GET", "/v1/ingestion/webhook-endpoints"): listed,
    ("POST", "/v1/ingestion/payment-sources"): lambda a: Attack(
        json={"source": "own", "purpose": "loans", "reason": "mine"}, own=True
    ),
    ("GET", "/v1/ingestion/payment-sources"): listed,
    ("DELETE", "/v1/ingestion/webhook-endpoints/{endpoint_id}"): lambda a: Attack(params={"endpoint_id": a.webhook}),
    # funding
    ("GET", "/v1/funding/deposits"): lambda a: Attack(query={"legal_entity_id": a.tenant.legal_entity_id}, own=True),
    ("GET", "/v1/funding/deposits/{deposit_id}"): lambda a: Attack(params={"deposit_id": a.deposit}),
    ("POST", "/v1/funding/deposits"): lambda a: Attack(json={"artifact_id": a.artifact}),
    ("POST", "/v1/funding/deposits/{deposit_id}/assignment-requests"): lambda a: Attack(
        params={"deposit_id": a.deposit}, json={"legal_entity_id": a.tenant.legal_entity_id, "reason": "mine"}
    ),
    ("POST", "/v1/funding/deposit-assignments"): lambda a: Attack(json={"approval_id": a.approval.id}),
    ("GET", "/v1/funding/debit-authorizations/{legal_entity_id}"): lambda a: Attack(
        params={"legal_entity_id": a.tenant.legal_entity_id}
    ),
    ("PUT", "/v1/funding/debit-authorizations/{legal_entity_id}"): lambda a: Attack(
        params={"legal_entity_id": a.tenant.legal_entity_id}, json={"bank_account_id": "ba_x", "evidence": "mine"}
    ),
    ("DELETE", "/v1/funding/debit-authorizations/{legal_entity_id}"): lambda a: Attack(
        params={"legal_entity_id": a.tenant.legal_entity_id}, query={"reason": "mine"}
    ),
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
    ("POST", "/v1/funding/requests/{funding_request_id}/cancel"): lambda a: Attack(
        params={"funding_request_id": a.funding_request}, json={"reason": "mine"}
    ),
    # payments
    ("GET", "/v1/payments/payrolls/{payroll_id}/gate"): lambda a: Attack(params={"payroll_id": a.payroll.payroll.id}),
    ("POST", "/v1/payments/payrolls/{payroll_id}/judge"): lambda a: Attack(params={"payroll_id": a.payroll.payroll.id}),
    ("POST", "/v1/payments/payrolls/{payroll_id}/execute"): lambda a: Attack(
        params={"payroll_id": a.payroll.payroll.id}
    ),
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
    ("GET", "/v1/payments/places"): listed,
    ("GET", "/v1/payments/places/{bank}"): lambda a: Attack(params={"bank": a.place}),
    ("PUT", "/v1/payments/places/{bank}"): lambda a: Attack(
        params={"bank": "amegy"}, json={"host": "192.0.2.9", "username": "eve", "password": "x"}, own=bool(a.place)
    ),
    ("POST", "/v1/payments/places/{bank}/login"): lambda a: Attack(params={"bank": a.place}, json={"password": "mine"}),
    ("DELETE", "/v1/payments/places/{bank}"): lambda a: Attack(params={"bank": a.place}),
    ("POST", "/v1/payments/places/{bank}/try"): lambda a: Attack(params={"bank": a.place}),
    ("GET", "/v1/payments/files"): listed,
    ("GET", "/v1/payments/files/{file_id}"): lambda a: Attack(params={"file_id": a.file}),
    ("GET", "/v1/payments/files/{file_id}/delivery"): lambda a: Attack(params={"file_id": a.file}),
    ("POST", "/v1/payments/files/{file_id}/delivery-requests"): lambda a: Attack(
        params={"file_id": a.file}, json={"verdict": "absent", "reason": "mine"}
    ),
    ("POST", "/v1/payments/delivery-requests/{approval_id}/decide"): lambda a: Attack(
        params={"approval_id": a.approval.id}
    ),
    ("GET", "/v1/payments/returns"): lambda a: Attack(query={"payment_id": a.payment}, own=True),
    ("GET", "/v1/payments/return-policies"): listed,
    ("POST", "/v1/payments/return-policies/requests"): lambda a: Attack(
        json={"subject": "R02", "action": "reverse", "reason": "ours"}, own=True
    ),
    ("POST", "/v1/payments/return-policies/changes"): lambda a: Attack(json={"approval_id": a.approval.id}),
    ("POST", "/v1/payments/instructions/{payment_id}/retry-requests"): lambda a: Attack(
        params={"payment_id": a.payment}, json={"reason": "mine"}
    ),
    ("POST", "/v1/payments/instructions/{payment_id}/retries"): lambda a: Attack(
        params={"payment_id": a.payment}, json={"reason": "mine"}
    ),
    ("POST", "/v1/payments/files/{file_id}/retries"): lambda a: Attack(
        params={"file_id": a.file}, json={"reason": "mine"}
    ),
    ("POST", "/v1/payments/returns/{return_id}/dishonor-requests"): lambda a: Attack(
        params={"return_id": a.returned}, json={"code": "R70", "reason": "mine"}
    ),
    ("POST", "/v1/payments/debits/{debit_id}/representments"): lambda a: Attack(params={"debit_id": a.debit}),
    ("POST", "/v1/payments/dishonors"): lambda a: Attack(
        json={"approval_id": a.approval.id, "on": str(stories.MONDAY)}
    ),
    ("GET", "/v1/payments/asks"): lambda a: Attack(own=True),
    ("GET", "/v1/payments/orders"): listed,
    ("GET", "/v1/payments/orders/{attempt_id}"): lambda a: Attack(params={"attempt_id": a.order.attempt_id}),
    ("POST", "/v1/payments/instructions/{payment_id}/recall"): lambda a: Attack(
        params={"payment_id": a.order.instruction_id}, json={"reason": "CUST", "why": "mine"}
    ),
    ("POST", "/v1/payments/orders/{attempt_id}/decisions"): lambda a: Attack(
        params={"attempt_id": a.order.attempt_id}, json={"verdict": "rejected", "reason": "mine"}
    ),
    ("POST", "/v1/payments/order-decisions/{approval_id}/decide"): lambda a: Attack(
        params={"approval_id": a.approval.id}
    ),
    ("POST", "/v1/payments/settlements"): lambda a: Attack(json={"artifact_id": a.artifact}),
}
