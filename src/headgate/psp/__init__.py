"""The library's front door: Headgate inside an application's own transaction, with nothing else of it running.

```python
from headgate.psp import PSP, PSPConfig

psp = PSP(session, PSPConfig(tenant_id=tenant_id, legal_entity_id=legal_entity_id, actor="ann@example.com"))
result = psp.commit_payroll_batch(batch)
session.add(Run(id=batch.payroll_id, status=result.status))
session.commit()  # the payroll's reservations and the application's own row, or neither
```

`session` is a psycopg 3 connection, or a SQLAlchemy session or connection on psycopg 3; nothing is committed that the
caller has not, and a refusal leaves the transaction usable. Sending alone (`submit_due`) has a connection of its own,
since bytes that have left cannot be rolled back. `LedgerService`, `FundingService`, `FundingGate`, `PaymentOrchestrator`
and `ReconciliationService` are the parts, each adoptable alone. This is a door: it only composes what the domains offer.
"""

from headgate.core.borrowed import ConnectionUnusable, NotInstalled, RoleNotGranted, TransactionOpen
from headgate.core.db import Actor
from headgate.core.errors import HeadgateError, Refused
from headgate.core.money import Money
from headgate.parties import BankAccountInput, PayeeInput
from headgate.payments import Obligation, PayrollItem
from headgate.psp.errors import BoundElsewhere, OverrideReasonMissing, PayGateNotOptional
from headgate.psp.events import FundingBlocked, FundingInsufficientFunds
from headgate.psp.front_door import PSP
from headgate.psp.model import CommitResult, PayrollBatch, PSPConfig, SettlementFeed
from headgate.psp.orchestrator import PaymentOrchestrator
from headgate.psp.services import FundingGate, FundingService, LedgerService, ReconciliationService

__all__ = [
    "PSP",
    "Actor",
    "BankAccountInput",
    "BoundElsewhere",
    "CommitResult",
    "ConnectionUnusable",
    "FundingBlocked",
    "FundingGate",
    "FundingInsufficientFunds",
    "FundingService",
    "HeadgateError",
    "LedgerService",
    "Money",
    "NotInstalled",
    "Obligation",
    "OverrideReasonMissing",
    "PSPConfig",
    "PayGateNotOptional",
    "PayeeInput",
    "PaymentOrchestrator",
    "PayrollBatch",
    "PayrollItem",
    "ReconciliationService",
    "Refused",
    "RoleNotGranted",
    "SettlementFeed",
    "TransactionOpen",
]
