"""The front door: everything an application does with Headgate, bound to its own session."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from headgate import ledger, payments
from headgate.core.errors import Refused
from headgate.psp.binding import Bound
from headgate.psp.model import CommitResult, PayrollBatch, PSPConfig, SettlementFeed
from headgate.psp.orchestrator import PaymentOrchestrator
from headgate.psp.services import FundingGate, FundingService, LedgerService, ReconciliationService


class PSP(Bound):
    """A payment service provider's operations inside the caller's own transaction.

    `session` is a psycopg 3 connection, or a SQLAlchemy session or connection on psycopg 3. What is done here commits and
    rolls back with the caller's own rows. The parts stand beside it, each also adoptable alone.
    """

    def __init__(self, session: Any, config: PSPConfig) -> None:
        super().__init__(session, config)
        # Of the bound configuration: what one front door does has one correlation id.
        self.ledger = LedgerService(session, self.config)
        self.funding = FundingService(session, self.config)
        self.gate = FundingGate(session, self.config)
        self.payments = PaymentOrchestrator(session, self.config)
        self.reconciliation = ReconciliationService(session, self.config)

    def commit_payroll_batch(self, batch: PayrollBatch) -> CommitResult:
        """Reserve a payroll's whole need, or say why not (`PaymentOrchestrator.commit_payroll_batch`)."""
        return self.payments.commit_payroll_batch(batch)

    def execute_payments(self, payroll_id: str) -> payments.Queued | Refused:
        """Queue a committed payroll's payments; `submit_due` sends them."""
        return self.payments.execute_payments(payroll_id)

    def submit_due(self, on: date | None = None) -> list[payments.AchFile]:
        """Send what is due, on a connection of its own; the caller's transaction must be over."""
        return self.payments.submit_due(on)

    def ingest_settlement_feed(self, data: bytes, *, filename: str, source: str = "bank") -> SettlementFeed:
        """A bank's statement or return file: kept, read, and put into the book. The same bytes again move nothing."""
        return self.reconciliation.ingest_settlement_feed(data, filename=filename, source=source)

    def handle_provider_callback(self, *, provider: str, body: bytes, filename: str = "callback") -> SettlementFeed:
        """A provider's callback, whose signature the caller has verified; the same body again moves nothing."""
        return self.reconciliation.handle_provider_callback(provider=provider, body=body, filename=filename)

    def release_reservation(self, *, tenant_id: UUID | str, reservation_id: int | str) -> ledger.Reservation | Refused:
        """Give back what is left of a reservation. Twice is a no-op, a captured one is refused."""
        return self.gate.release_reservation(tenant_id=tenant_id, reservation_id=reservation_id)

    def balance(self, currency: str | None = None) -> ledger.Balance:
        """The client's funds: posted, pending, reserved, available."""
        return self.funding.balance(currency)
