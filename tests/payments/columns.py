"""The simulated Column for tests: over HTTP, with a clock that moves with the tenant's, and its webhooks in hand."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import httpx
from tests.funding import scenes
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import gateways, order_stories, pulls, stories
from tests.payments.stories import MONDAY
from tests.web.client import Client

from headgate import funding, ingestion, parties, payments, tenants
from headgate.core.db import Database, Tx
from headgate.ingestion import source_fetching, sources
from headgate.jobs import Outside
from headgate.payments.orders import column_events
from headgate.payments.orders.column_events import ColumnEffects
from headgate.payments.orders.orders import opened
from headgate.rails import column_face
from headgate.rails.column_twin import KEY, ColumnTwin
from headgate.rails.column_webhooks import Delivery, WebhookNoise

ROUTING = "990001216"
_SEEDS = count(1000)
_ACCOUNTS = count(98_760)
BEGIN = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 15, tzinfo=UTC)
batch = partial(order_stories.batch, name="Employée", address=order_stories.HOME)


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    now: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Column:
    """A simulated Column, its address and its clock."""

    twin: ColumnTwin
    url: str
    clock: Clock

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """One call with the key; its answer."""
        answer = httpx.request(method, f"{self.url}{path}", json=body or None, auth=("", KEY), timeout=10)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def column(
    *,
    seed: int | None = None,
    noise: WebhookNoise | None = None,
    passes: bool = False,
    hang_seconds: float = 3.0,
    **facts: Any,
) -> Iterator[Column]:
    """A simulated Column over HTTP, for the time of a test; each has ids of its own, unless a seed says which."""
    clock = Clock()
    twin = ColumnTwin(seed=next(_SEEDS) if seed is None else seed, noise=noise, **{"clock": clock, **facts})
    answering, stop, addresses = threading.Event(), threading.Event(), [""]

    def ready(address: str) -> None:
        addresses[0] = address
        answering.set()

    server = threading.Thread(
        target=column_face.serve,
        args=(column_face.ColumnFace(twin, hang_seconds=hang_seconds, retry_seconds=0.2),),
        kwargs={"port": 0, "ready": ready, "stop": stop, "passes": passes},
    )
    server.start()
    try:
        assert answering.wait(20)
        yield Column(twin, addresses[0], clock)
    finally:
        stop.set()
        server.join(10)


@dataclass
class Scene:
    """A tenant that pays through Column, and takes its webhooks at the real door."""

    database: Database
    tenant: TenantFixture
    column: Column
    api: Client
    endpoint: ingestion.WebhookEndpoint
    accounts: dict[str, str] = field(default_factory=dict)

    def begin(self) -> Any:
        return self.database.begin(tenant_id=self.tenant.id, actor=ACTOR)

    def later(self, seconds: float) -> None:
        """Time passes for the tenant and for Column."""
        self.column.clock.now += timedelta(seconds=seconds)
        with self.begin() as tx:
            tenants.move_clock(tx, to=tx.now() + timedelta(seconds=seconds))
        self.column.twin.advance()

    def webhooks(self) -> list[Delivery]:
        """The webhooks that are due now."""
        self.column.twin.advance()
        return self.column.twin.deliveries()

    def send(self, delivery: Delivery, **headers: str) -> httpx.Response:
        """One webhook to Column's own address of the door."""
        return self.api.post("/api/column/webhook", content=delivery.body, headers={**delivery.headers, **headers})

    def take(self, deliveries: Sequence[Delivery]) -> list[ColumnEffects]:
        """Webhooks come in, in this order, and are read as the worker reads them."""
        found = []
        for one in deliveries:
            answer = self.send(one)
            assert answer.status_code == 200, answer.text
            found.append(self.read(answer.json()["artifact_id"]))
        return found

    def read(self, artifact_id: str) -> ColumnEffects:
        """What the two consumers do with an artifact."""
        with self.begin() as tx:
            ingestion.read(tx, artifact_id)
        with self.begin() as tx:
            return column_events.take_events(tx, artifact_id=artifact_id)

    def fetch(self) -> int:
        """The backfill: the source `column_events` is fetched and what it brought is read; how many artifacts that was."""
        with self.begin() as tx:
            known = any(one.name == "column_events" for one in sources.list_sources(tx))
        if not known:
            terms = sources.check_source(
                self.database.config,
                name="column_events",
                connector="poll",
                source="column",
                settings={"api": "column", "url": self.column.url},
                login="token",
                secret=KEY,
            )
            with self.begin() as tx:
                sources.set_source(tx, terms)
        outside = Outside(self.database, self.tenant.id, ACTOR)
        done = source_fetching.fetch_source(outside, "column_events", wait=lambda _: None)
        assert done.outcome == "taken", done
        with self.begin() as tx:
            unread = [one.id for one in ingestion.list_artifacts(tx, limit=200) if one.status == "received"]
        for artifact_id in unread:
            self.read(artifact_id)
        return len(unread)

    def pay(self, *words: str, rail: str = "ach", amount: str = "60.00", payroll_id: str = "PR-1") -> list[str]:
        """A payroll over a rail to accounts of these words, funded, committed, fixed as orders; the payments."""
        with self.begin() as tx:
            before = {order.instruction_id for order in payments.list_orders(tx)}
            stories.fund(tx, self.tenant, f"{usd(amount).major * len(words):.2f}", external_id=f"wire-{payroll_id}")
            made = payments.commit_payroll(
                tx, batch(tx, self.tenant, *words, rail=rail, amount=amount, payroll_id=payroll_id)
            )
            assert made.status == "committed", made
            assert payments.submit_due(tx, on=MONDAY) == []
            return sorted({order.instruction_id for order in payments.list_orders(tx)} - before)

    def ask(self, word: str, amount: str = "100.00", *, rail: Any = "ach_debit") -> funding.FundingRequest:
        """A client is asked for money over a rail, which may be had of an account of this word; the request."""
        with self.begin() as tx:
            if word not in self.accounts:
                number = next(_ACCOUNTS)
                client = parties.create_party(
                    tx,
                    kind="employer",
                    external_id=f"CLIENT-{number}",
                    name="Borealis Inc",
                    legal_entity_id=self.tenant.legal_entity_id,
                    is_person=False,
                )
                account = parties.BankAccountInput(stories.RDFI, f"{number}-{word}")
                self.accounts[word] = parties.add_bank_account(tx, party_id=client.id, account=account).id
            funding.authorize_debits(
                tx,
                legal_entity_id=self.tenant.legal_entity_id,
                bank_account_id=self.accounts[word],
                evidence="agreement",
            )
            return funding.request_funding(
                tx,
                idempotency_key=f"ask-{next(_ACCOUNTS)}",
                legal_entity_id=self.tenant.legal_entity_id,
                amount=usd(amount),
                rail=rail,
                due_on=tx.now().date(),
            )

    def draw(self, word: str, amount: str = "100.00") -> payments.DebitOrder:
        """A debit of a client's account of this word that is to go to Column."""
        self.ask(word, amount)
        with self.begin() as tx:
            made = payments.submit_all_debits(tx)
            assert made.files == (), made
            return made.orders[0]

    def debits(self) -> dict[str, Any]:
        """What stands of debits: at Column, in payments, of their requests, in the book, and the cases."""
        with self.begin() as tx:
            orders = list(reversed(payments.list_debit_orders(tx)))
            return {
                "orders": [one.status for one in orders],
                "debits": [one["status"] for one in pulls.attempts(tx)],
                "requests": [funding.get_request(tx, one.funding_request_id).status for one in orders],
                "book": scenes.book(tx, self.tenant),
                "cases": tx.values("SELECT category FROM cases.exception_cases ORDER BY category"),
            }

    def standing(self) -> dict[str, Any]:
        """What the book and the tables say."""
        return order_stories.standing(self.database, self.tenant)


def by_account(tx: Tx) -> list[tuple[payments.Order, str]]:
    """Every order with the account number that it pays."""
    return [(one, opened(tx, one).said.receiver_account) for one in payments.list_orders(tx, limit=200)]


def speak(tx: Tx, at: Column, rail: str, **facts: Any) -> payments.ProviderSetting:
    """The test's tenant pays through this Column over a rail."""
    return payments.set_provider(
        tx,
        rail=rail,
        **{
            "url": at.url,
            "routing_number": ROUTING,
            "account_number": at.twin.account_id,
            "address": gateways.LISLE,
            "authorization": KEY,
            "timeout_seconds": 1,
            **facts,
        },
    )


def scene(
    database: Database, tenant: TenantFixture, at: Column, api: Client, *rails: str, events: Sequence[str] = ("*",)
) -> Scene:
    """A tenant whose payments go through Column over these rails, with a webhook endpoint that both sides know."""
    made = at.call("POST", "/webhook-endpoints", url="http://127.0.0.1:1/unused", enabled_events=list(events))
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        tenants.move_clock(tx, to=at.clock.now)
        stories.originator(tx, tenant)
        for rail in rails:
            speak(tx, at, rail)
        endpoint = ingestion.set_webhook(
            tx, source="column", scheme="column", secret=made["secret"], provider_endpoint_id=made["id"]
        )
    return Scene(database, tenant, at, api, endpoint)
