"""Ledger, funding, gate and reconciliation, each by itself: thin faces of the same verbs, bound to one session."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from headgate import funding, ingestion, ledger, payments, recon
from headgate.core import ids
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.psp.binding import Bound, reservation_number
from headgate.psp.model import SettlementFeed


class LedgerService(Bound):
    """The book: balanced entries, reversals, balances, reservations."""

    def post_entry(
        self,
        *,
        idempotency_key: str,
        debit_account: int | str,
        credit_account: int | str,
        amount: Money,
        source_type: str | None = None,
        source_id: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> ledger.Posted | Refused:
        """Debit one account (number, id or code) and credit another. The same key and body give the first answer again.

        Raises IdempotencyConflict, AccountNotFound, MalformedBatch.
        """
        with self.begin() as tx:
            accounts = ledger.resolve_accounts(tx, [debit_account, credit_account])
            return ledger.post(
                tx,
                idempotency_key=idempotency_key,
                entries=[ledger.Entry(accounts[debit_account], accounts[credit_account], amount)],
                source_type=source_type,
                source_id=source_id,
                metadata=metadata,
            )

    def reverse_entry(self, original_entry_id: int | str, reason: str) -> ledger.Posted | Refused:
        """Post what is left of a posting the other way round; asked again, the first answer. Raises TransactionNotFound."""
        number = original_entry_id if isinstance(original_entry_id, int) else ids.decode("txn", original_entry_id)
        with self.begin() as tx:
            return ledger.reverse(tx, idempotency_key=f"library:reverse:{number}", transaction_id=number, reason=reason)

    def get_balance(self, account_id: int | str) -> ledger.Balance:
        """What is posted, pending, reserved and available. Raises AccountNotFound."""
        with self.begin() as tx:
            return ledger.balance(tx, account_id)

    def create_reservation(
        self,
        reserve_type: str,
        amount: Money,
        source_ref: str,
        account_id: int | str | None = None,
        expires_at: datetime | None = None,
    ) -> ledger.Reservation | Refused:
        """Set money aside, by default the legal entity's CLIENT_FUNDS. One a `reserve_type` and `source_ref`, for ever.

        Raises IdempotencyConflict where that pair stands for another amount.
        """
        # A key is at most 255 characters, and its parts may have more; their lengths keep ("a:b", "c") from ("a", "b:c").
        digest = hashlib.sha256(f"{len(reserve_type)}:{reserve_type}:{source_ref}".encode()).hexdigest()
        with self.begin() as tx:
            account = (
                self._client_funds(tx, amount.currency)
                if account_id is None
                else ledger.resolve_accounts(tx, [account_id])[account_id]
            )
            return ledger.reserve(
                tx,
                idempotency_key=f"library:reserve:{digest}",
                account=account,
                amount=amount,
                reserve_type=reserve_type,
                source_ref=source_ref,
                expires_at=expires_at,
            )


class FundingService(Bound):
    """The client's money coming in."""

    def payer_reference(self) -> str:
        """What the client puts into its wires, so that its money is known."""
        with self.begin() as tx:
            return funding.payer_reference(tx, legal_entity_id=self.config.legal_entity_id)

    def record_deposits(self, deposits: Sequence[funding.NewDeposit]) -> funding.SettledDeposits:
        """Money that came in, by its evidence; what is known already moves nothing. Raises DepositDiffers."""
        with self.begin() as tx:
            return funding.record_deposits(tx, deposits)

    def list_deposits(self, *, after: str | None = None, limit: int = 50) -> list[funding.Deposit]:
        """The legal entity's deposits, the newest first."""
        with self.begin() as tx:
            return funding.list_deposits(tx, legal_entity_id=self.config.legal_entity_id, after=after, limit=limit)

    def balance(self, currency: str | None = None) -> ledger.Balance:
        """The client's funds, in the legal entity's own currency unless another is named."""
        with self.begin() as tx:
            return ledger.balance(tx, self._client_funds(tx, currency))


class FundingGate(Bound):
    """The gate for requirements of the application's own, and what it said."""

    def judge_commit(self, request: funding.GateRequest) -> funding.GateResult:
        """May this be promised? Where it passes, all of it is reserved."""
        self._check(legal_entity_id=request.legal_entity_id)
        with self.begin() as tx:
            return funding.judge_commit(tx, request)

    def judge_pay(self, request: funding.GateRequest) -> funding.GateResult:
        """May this leave now? Always strict. Where it fails, what its claims hold is given back."""
        self._check(legal_entity_id=request.legal_entity_id)
        with self.begin() as tx:
            return funding.judge_pay(tx, request)

    def evaluation(self, evaluation_id: str) -> funding.Evaluation:
        """A judgement with the figures it saw. Raises NoSuchEvaluation."""
        with self.begin() as tx:
            return funding.evaluation(tx, evaluation_id)

    def evaluations(self, subject: str) -> list[funding.Evaluation]:
        """The judgements of a subject, the newest first."""
        with self.begin() as tx:
            return funding.list_evaluations(tx, subject=subject)

    def release_reservation(self, *, tenant_id: UUID | str, reservation_id: int | str) -> ledger.Reservation | Refused:
        """Give back what is left of a reservation. Twice is a no-op, a captured one is refused.

        Raises BoundElsewhere, ReservationNotFound.
        """
        self._check(tenant_id=tenant_id)
        with self.begin() as tx:
            return ledger.release(tx, reservation_number(reservation_id))


class ReconciliationService(Bound):
    """What banks and providers say, and the book held against it."""

    def ingest_settlement_feed(self, data: bytes, *, filename: str, source: str = "bank") -> SettlementFeed:
        """A statement or return file, byte for byte: deposits rise, files settle, returned money is the client's again.

        The bytes are kept before they are read; the same bytes again move nothing. Raises EmptyArtifact, ArtifactTooLarge,
        MalformedArtifact.
        """
        with self.begin() as tx:
            artifact = ingestion.receive(tx, source=source, filename=filename, data=data)
            reading = ingestion.reading_of(tx, artifact.id) or ingestion.read(tx, artifact.id)
            if isinstance(reading, Refused):
                return SettlementFeed(artifact.id, artifact.kind, refused=reading)
            kind = ingestion.get_artifact(tx, artifact.id).kind
            told = payments.tell(tx, artifact.id, kind)
            if told != payments.Told():
                return SettlementFeed(
                    artifact.id, kind, deposits=told.deposits, statement=told.statement, returns=told.returns
                )
            refusal = Refused(
                "psp.no_settlement_feed",
                f"{filename} is a {kind}, which settles nothing: it is kept, and nothing was done with it",
                {"artifact_id": artifact.id, "kind": kind},
            )
            return SettlementFeed(artifact.id, kind, refused=refusal)

    def handle_provider_callback(self, *, provider: str, body: bytes, filename: str = "callback") -> SettlementFeed:
        """A provider's callback: its body is kept, and what a parser knows in it takes effect; the same body again nothing.

        Verify the provider's signature first: this judges the content and not who sent it.
        """
        return self.ingest_settlement_feed(body, filename=filename, source=provider)

    def link_bank_account(self, *, account: int | str, statement_id: str) -> recon.Link:
        """Say which account of the book mirrors the bank account of a statement."""
        with self.begin() as tx:
            return recon.link_bank_account(tx, account=account, statement_id=statement_id)

    def reconcile(self, *, account: int | str, on: date) -> recon.Reconciliation:
        """The book against the bank for a day: balanced, or every difference named. Raises NotLinked."""
        with self.begin() as tx:
            return recon.run(tx, account=account, on=on)
