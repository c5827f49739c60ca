"""What the tests of the pull set up: a client that may be debited, providers that say what a test wrote, one scene."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, cast

from tests.make import TenantFixture, usd
from tests.payments import stories

from headgate import funding, parties, payments, rails
from headgate.core.db import Actor, Database, Tx
from headgate.core.egress import EgressFailed
from headgate.jobs import Outside

ACTOR = Actor("human", "usr_test", "usr_test")


@dataclass
class Said:
    """A provider that says what was written for each day, and of silent days nothing. It is asked for nothing else."""

    name: str = "column"
    days: dict[date, list[rails.ProviderSettlement]] = field(default_factory=dict)
    silent: bool = False
    asked: list[date] = field(default_factory=list)

    def reconcile(self, on: date) -> tuple[rails.ProviderSettlement, ...]:
        self.asked.append(on)
        if self.silent:
            raise EgressFailed("the gateway did not answer within 20 s")
        return tuple(self.days.get(on, ()))


def pull(database: Database, tenant: TenantFixture, on: date, *providers: Said) -> payments.Pull:
    """Pull a day from these providers."""
    named = cast(Mapping[str, rails.Provider], {one.name: one for one in providers})
    return payments.pull(Outside(database, tenant.id, ACTOR), on=on, providers=named)


def client(tx: Tx, tenant: TenantFixture, *, account: str = "987654321") -> str:
    """The client as employer, with an account that it lets us debit; the account."""
    stories.originator(tx, tenant)
    party = parties.create_party(
        tx,
        kind="employer",
        external_id="CLIENT",
        name="Borealis Inc",
        legal_entity_id=tenant.legal_entity_id,
        is_person=False,
    )
    added = parties.add_bank_account(tx, party_id=party.id, account=parties.BankAccountInput(stories.RDFI, account))
    funding.authorize_debits(
        tx, legal_entity_id=tenant.legal_entity_id, bank_account_id=added.id, evidence="agreement of 2026-11-02"
    )
    return added.id


def debit(
    tx: Tx, tenant: TenantFixture, text: str, *, key: str = "ask-1", due_on: date | None = None
) -> tuple[funding.FundingRequest, payments.AchFile]:
    """A request that was debited, and the file that carries it."""
    request = funding.request_funding(
        tx,
        idempotency_key=key,
        legal_entity_id=tenant.legal_entity_id,
        amount=usd(text),
        rail="ach_debit",
        due_on=due_on or tx.now().date(),
    )
    (file,) = payments.submit_debits(tx)
    return funding.get_request(tx, request.id), file


def attempts(tx: Tx) -> list[dict[str, Any]]:
    """The debits that were sent, the oldest first."""
    return tx.all(
        """
        SELECT id, funding_request_id, amount_minor, status, trace_number, individual_id, sec_code, heard_by
          FROM payments.funding_attempts WHERE tenant_id = %(t)s ORDER BY id
        """,
        {"t": tx.tenant_id},
    )


def movement(
    trace: str,
    individual_id: str,
    text: str,
    on: date,
    *,
    direction: rails.Direction = "debit",
    code: str = "",
    **more: Any,
) -> rails.ProviderSettlement:
    """A movement as a provider says it: settled, or returned under a code."""
    said = rails.ProviderSettlement(
        external_trace_id=trace,
        reference=f"ref-{trace}",
        individual_id=individual_id,
        direction=direction,
        amount=usd(text),
        status="returned" if code else "settled",
        return_code=code,
        effective_on=on,
    )
    return replace(said, **more)


def counts(tx: Tx) -> dict[str, int]:
    """Everything that a pull could add to, but its own diary."""
    found = stories.counts(tx)
    for table in (
        "payments.movements",
        "payments.movement_effects",
        "payments.funding_attempts",
        "funding.events",
        "funding.debit_authorizations",
    ):
        found[table] = tx.value(f"SELECT count(*) FROM {table} WHERE tenant_id = %(t)s", {"t": tx.tenant_id})
    return found
