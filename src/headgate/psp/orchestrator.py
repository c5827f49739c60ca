"""Payments for an application: payees, payrolls, what is queued, and sending, which commits by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from headgate import parties, payments, tenants
from headgate.core import server
from headgate.core.borrowed import own_address
from headgate.core.db import Database, Role, Tx
from headgate.core.errors import Refused
from headgate.psp.binding import Bound
from headgate.psp.model import CommitResult, PayrollBatch


class PaymentOrchestrator(Bound):
    """From a computed payroll to files at the bank."""

    def register_payees(
        self, payees: Sequence[parties.PayeeInput], *, source_ref: str = "library"
    ) -> list[parties.RegisteredPayee]:
        """Make or recognise payees, in the order given: a payroll names them and their bank accounts by id.

        Raises InvalidParty, InvalidBankAccount.
        """
        with self.begin() as tx:
            return parties.register_payees(
                tx, legal_entity_id=self.config.legal_entity_id, payees=payees, source_ref=source_ref
            )

    def set_originator(self, **names: str) -> payments.Originator:
        """How the legal entity stands in its ACH files, as its bank agreed (`payments.set_originator`)."""
        with self.begin() as tx:
            return payments.set_originator(tx, legal_entity_id=self.config.legal_entity_id, **names)

    def commit_payroll_batch(self, batch: PayrollBatch) -> CommitResult:
        """Ask the commit gate for a payroll's whole need and reserve it; blocked, nothing moved, and asked again it is judged
        afresh. Committed once, the same call gives the same payroll again.

        With `commit_gate_strict=False` a payroll that lacks funds is committed all the same, with warnings: audited with
        actor and reason, nothing reserved, and nothing leaves before the pay gate finds the money.
        Raises BoundElsewhere, InvalidPayroll, PayrollDiffers.
        """
        self._check(tenant_id=batch.tenant_id, legal_entity_id=batch.legal_entity_id)
        with self.begin() as tx:
            return self._commit(tx, batch)

    def _commit(self, tx: Tx, batch: PayrollBatch) -> CommitResult:
        made = payments.commit_payroll(
            tx,
            batch.as_payroll(),
            gate_mode=None if self.config.commit_gate_strict else "soft",
            override_reason=self.config.override_reason,
        )
        if made.gate is None and payments.awaits_funds(tx, made.payroll.id):
            return CommitResult("committed_with_warnings", made.payroll, None)
        return CommitResult(made.status, made.payroll, made.gate)

    def execute_payments(self, payroll_id: str) -> payments.Queued | Refused:
        """Ask that a committed payroll (`prl_…`) be paid: its payments are queued, and `submit_due` sends them.

        Refused where it is not committed. Raises NoSuchPayroll.
        """
        with self.begin() as tx:
            return payments.queue_payroll(tx, payroll_id=payroll_id)

    def submit_due(self, on: date | None = None) -> list[payments.AchFile]:
        """Send what is due for the whole tenant on that day (today where the legal entity is), as far as the pay gate lets
        it; the files, delivered.

        On a connection of its own, committed: bytes that have left cannot be rolled back. So the caller's transaction
        must be over, and what it has not committed is not sent. Raises TransactionOpen, OriginatorMissing, TooManyFiles.
        """
        with Database(self._url(), config=self.installation, pool_max=2) as database:
            with database.begin(
                tenant_id=self.config.tenant, actor=self.config.who, correlation_id=self.config.correlation_id
            ) as tx:
                made = payments.submit_due(tx, on=on or self._today(tx))
            payments.deliver(database, self.config.tenant)
            with database.begin(tenant_id=self.config.tenant, actor=self.config.who) as tx:
                return [payments.get_file(tx, file.id) for file in made]

    def _url(self) -> Callable[[Role], str]:
        """Where own connections go: as HEADGATE_DATABASE_URL says, else where the session is; always as the application.

        What must hold a lock between transactions goes past a pooler.
        """
        config = self.installation
        if not config.database_url:
            address = own_address(self.session)
            return lambda role: address
        through = server.resolve(config).url("app")
        past = server.External(config.database_direct_url or config.database_url).url("app")
        return lambda role: through if role == "app" else past

    def _today(self, tx: Tx) -> date:
        entity = tenants.legal_entity(tx, self.config.legal_entity_id)
        return tx.now().astimezone(ZoneInfo(entity.time_zone)).date()

    def get_payroll(self, payroll_id: str) -> payments.Payroll:
        """A payroll as it stands. Raises NoSuchPayroll."""
        with self.begin() as tx:
            return payments.get_payroll(tx, payroll_id)

    def get_life(self, payment_id: str) -> payments.Life:
        """A payment with all that became of it. Raises NoSuchInstruction."""
        with self.begin() as tx:
            return payments.get_life(tx, payment_id)
