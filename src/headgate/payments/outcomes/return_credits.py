"""Returned money that is given back: CASH again, out of what lay in settlement clearing; each piece of evidence once.

The book's key and the table's name the same evidence, so that what a statement told, a provider or an order's answer does not
tell again under another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from headgate import ledger
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.outcomes import events as outcomes


@dataclass(frozen=True, slots=True)
class ReturnCredit:
    """Money that came back, and who says so. `about` is the payment that it was, else the record that tells of it."""

    provider: str
    external_id: str
    amount: Money
    value_on: date
    about: str
    description: str
    reference: str
    effective_at: datetime | None = None
    artifact_id: str | None = None
    record_id: str | None = None


def give_back(tx: Tx, credits: Sequence[ReturnCredit]) -> int:
    """Post these and write them down; how many are new. What is known already moves nothing. Raises PostingRefused."""
    known = _known(tx, credits)
    fresh = [one for one in credits if (one.provider, one.external_id) not in known]
    if not fresh:
        return 0
    accounts = {
        currency: ledger.posting_accounts(tx, "payments.return.credited", currency)
        for currency in {one.amount.currency for one in fresh}
    }
    posted = outcomes.post_all(
        tx,
        [
            ledger.Posting(
                idempotency_key=_key(one),
                entries=[ledger.Entry(*accounts[one.amount.currency], one.amount)],
                effective_at=one.effective_at,
                source_type="return_credit",
                source_id=one.about,
                description=one.description,
                metadata={"reference": one.reference},
            )
            for one in fresh
        ],
    )
    return tx.touched(
        """
        INSERT INTO payments.return_credits
               (tenant_id, id, provider, external_id, amount_minor, currency, value_on, transaction_id, artifact_id,
                record_id, occurred_at)
        SELECT %(tenant)s, c.id, c.provider, c.external_id, c.amount_minor, c.currency, c.value_on, c.transaction_id,
               c.artifact_id, c.record_id, %(now)s
          FROM unnest(%(ids)s::text[], %(providers)s::text[], %(externals)s::text[], %(amounts)s::bigint[],
                      %(currencies)s::text[], %(values)s::date[], %(transactions)s::bigint[], %(artifacts)s::text[],
                      %(records)s::text[])
               AS c (id, provider, external_id, amount_minor, currency, value_on, transaction_id, artifact_id, record_id)
            ON CONFLICT (tenant_id, provider, external_id) DO NOTHING
        """,
        {
            "tenant": tx.tenant_id,
            "now": tx.now(),
            "ids": [ids.new("set") for _ in fresh],
            "providers": [one.provider for one in fresh],
            "externals": [one.external_id for one in fresh],
            "amounts": [one.amount.minor for one in fresh],
            "currencies": [one.amount.currency for one in fresh],
            "values": [one.value_on for one in fresh],
            "transactions": posted,
            "artifacts": [one.artifact_id for one in fresh],
            "records": [one.record_id for one in fresh],
        },
    )


def _known(tx: Tx, credits: Sequence[ReturnCredit]) -> set[tuple[str, str]]:
    return {
        (row["provider"], row["external_id"])
        for row in tx.all(
            """
            SELECT c.provider, c.external_id
              FROM unnest(%(providers)s::text[], %(externals)s::text[]) AS wanted (provider, external_id)
              JOIN payments.return_credits c
                ON c.tenant_id = %(tenant)s AND c.provider = wanted.provider AND c.external_id = wanted.external_id
            """,
            {
                "tenant": tx.tenant_id,
                "providers": [one.provider for one in credits],
                "externals": [one.external_id for one in credits],
            },
        )
    }


def _key(one: ReturnCredit) -> str:
    # An external id may be longer than a key of the ledger.
    return "payments:return_credit:" + hashlib.sha256(f"{one.provider}:{one.external_id}".encode()).hexdigest()
