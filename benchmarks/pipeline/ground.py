"""The ground: a tenant with loans, and where webhooks come in. Its server notes when each transaction was committed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

import psycopg

from headgate import ingestion, servicing, tenants
from headgate.core.embedded import EmbeddedServer
from headgate.servicing import Due, NewLoan

from ..shared.ground import ACTOR, Place, place

SECRET = "what the benchmark signs its webhooks with"
FIRST = date(2025, 1, 1)
INSTALMENTS = 12
PERIOD_DAYS = 30
INTEREST_MINOR = 300
TABLES = (
    *("ingestion.payment_ingestions", "ingestion.artifacts", "ingestion.records", "ingestion.payment_identifiers"),
    *("servicing.payments", "servicing.loans", "servicing.dues", "servicing.allocations", "servicing.postings"),
    *("messaging.inbox", "messaging.outbox_keys", "messaging.queue_messages", "messaging.outbox_messages"),
    *("ledger.transactions", "ledger.entries", "ledger.accounts", "audit.events", "ingestion.payment_evidence"),
)


@dataclass(frozen=True)
class Ground(Place):
    """A tenant whose loans, L-0 and so on, are paid over `path`."""

    path: str
    loans: int
    GROWING: ClassVar[tuple[str, ...]] = TABLES

    def value(self, query: str, *words: Any) -> Any:
        """The first column of the first row."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            row = connection.execute(query, words).fetchone()  # type: ignore[call-overload]
        return row[0] if row else None


@contextmanager
def ground(server: EmbeddedServer, name: str, loans: int) -> Iterator[Ground]:
    """A migrated database of that name, with a tenant, so many loans of a year's instalments, and its endpoint."""
    with place(server, name) as made:
        with made.database.begin(tenant_id=made.tenant_id, actor=ACTOR) as tx:
            entity = tenants.create_legal_entity(tx, name="Servicer", time_zone="America/Chicago", currency="USD")
            for channel in ("ach", "wire"):
                servicing.set_posting_mode(tx, channel=channel, mode="live", reason="benchmark")
            ingestion.set_payment_source(
                tx, source="column", purpose="loans", loan_field="text", loan_prefix="LOAN", reason="benchmark"
            )
            to = ingestion.set_webhook(tx, source="column", scheme="column", secret=SECRET)
        for start in range(0, loans, 500):
            numbers = range(start, min(start + 500, loans))
            with made.database.begin(tenant_id=made.tenant_id, actor=ACTOR) as tx:
                servicing.import_loans(
                    tx, [(NewLoan(f"L-{n}", "mortgage", "USD", entity.id), _dues(n)) for n in numbers]
                )
        found = Ground(made.url, made.database, made.tenant_id, f"/v1/ingestion/webhooks/column/{to.id}", loans)
        found.settle()
        yield found


def webhook(n: int, series: str, loans: int) -> bytes:
    """What the provider sends of the n-th transfer: about 900 bytes."""
    data = {
        "id": f"acht_{series}{n:08}",
        "amount": _instalment_minor(n % loans),
        "currency_code": "USD",
        "is_incoming": True,
        "type": "CREDIT",
        "trace_number": f"{hash_number(series):05}{n:010}",
        "effective_on": _day(n // loans).isoformat(),
        "description": f"LOAN L-{n % loans}",
        "account_number_id": "acno_2benchmark",
        "metadata": {"padding": "x" * 520},
    }
    event = {"id": f"evnt_{series}{n}", "created_at": "2026-01-02T00:00:00Z", "type": "ach.incoming_transfer.settled"}
    return json.dumps({**event, "data": data}).encode()


def envelope(n: int, series: str, loans: int) -> bytes:
    """The same payment as an envelope."""
    return json.dumps(
        {
            "schema": "headgate.payments.v1",
            "message_id": f"msg_{series}{n}",
            "correlation_id": f"cor_{series}{n}",
            "occurred_at": "2026-01-02T12:00:00Z",
            "source": {"channel": "ach", "provider": "column", "batch_id": None},
            "borrower": {"loan_id": f"L-{n % loans}", "name": None, "external_ids": {}},
            "payment": {
                "amount_minor": _instalment_minor(n % loans),
                "currency": "USD",
                "method": "ach",
                "value_date": _day(n // loans).isoformat(),
                "reference": f"acht_{series}{n:08}",
                "details": {},
            },
            "artifacts": [],
            "risk": {"flags": [], "score": None},
            "external": {"column_transfer_id": f"acht_{series}{n:08}", "column_event_id": None, "psp_id": None},
        }
    ).encode()


def signature(body: bytes) -> str:
    """As the provider signs."""
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def hash_number(series: str) -> int:
    """A number of five digits for a series of transfers."""
    return int(hashlib.sha256(series.encode()).hexdigest()[:8], 16) % 100_000


def _instalment_minor(loan: int) -> int:
    return 1_000 + loan % 900


def _day(period: int) -> date:
    """When an instalment is due and paid: a loan's payments come in their order, and none is folded again."""
    return FIRST + timedelta(days=PERIOD_DAYS * period)


def _dues(loan: int) -> list[Due]:
    principal = _instalment_minor(loan) - INTEREST_MINOR
    return [Due(k + 1, _day(k), 0, INTEREST_MINOR, principal, 0) for k in range(INSTALMENTS)]
