"""What money is for that a source brings: payments of loans, deposits, or neither; said by the tenant, never guessed.

It is said of a source, or of one account of its statements, with where the loan's reference stands. What was said last
counts from then on. Of a statement of which nothing was said the money is deposits; of anything else it is neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, get_args

from headgate import audit
from headgate.core import secrets
from headgate.core.db import Tx
from headgate.ingestion import artifacts
from headgate.ingestion.errors import MalformedPaymentSource
from headgate.ingestion.queries import get_artifact
from headgate.ingestion.statements import ACCOUNT_PURPOSE, account_key

Purpose = Literal["loans", "deposits", "none"]
CHANNELS: Final = ("ach", "wire", "realtime", "check", "card", "paypal", "venmo", "book")
FIELDS: Final = ("reference", "customer_reference", "bank_reference", "text", "group")
"""The fields of a record in which a loan's reference may stand; besides, `data.…` in what a webhook sent."""
_PATH = re.compile(r"data(\.[A-Za-z_][A-Za-z0-9_]{0,59}){1,4}\Z")
_WORD = re.compile(r"[0-9A-Za-z][0-9A-Za-z_./-]{0,127}")


@dataclass(frozen=True, slots=True)
class PaymentSource:
    """What was said of a source, or of one account of it (by its last characters)."""

    source: str
    account_last4: str
    purpose: Purpose
    channel: str | None
    loan_field: str
    loan_prefix: str
    reason: str
    set_by: str
    set_at: datetime
    account_fingerprint: bytes | None = field(default=None, repr=False)

    def loan_in(self, value: str | None) -> str | None:
        """The loan's reference in that field's value; None where it holds none."""
        text = (value or "").strip()
        if not self.loan_prefix:
            return text[:128] or None
        at = text.lower().find(self.loan_prefix.lower())
        found = _WORD.match(text[at + len(self.loan_prefix) :].lstrip()) if at >= 0 else None
        return found[0].rstrip("./-_") or None if found else None


def set_payment_source(
    tx: Tx,
    *,
    source: str,
    purpose: str,
    reason: str,
    account_number: str | None = None,
    channel: str | None = None,
    loan_field: str = "customer_reference",
    loan_prefix: str = "",
) -> PaymentSource:
    """Say what the money is for that a source brings, or one account of its statements. Raises MalformedPaymentSource."""
    if not artifacts.is_source(source):
        raise MalformedPaymentSource("source must be a word, as column or bank.amegy", field="source")
    if purpose not in get_args(Purpose):
        raise MalformedPaymentSource(f"purpose must be one of {', '.join(get_args(Purpose))}", field="purpose")
    if channel is not None and channel not in CHANNELS:
        raise MalformedPaymentSource(f"channel must be one of {', '.join(CHANNELS)}, or be left out", field="channel")
    if loan_field not in FIELDS and not _PATH.match(loan_field):
        raise MalformedPaymentSource(
            f"loan_field must be one of {', '.join(FIELDS)}, or a path as data.account_number_id", field="loan_field"
        )
    if len(loan_prefix) > 60:
        raise MalformedPaymentSource("loan_prefix has at most 60 characters", field="loan_prefix")
    if not reason.strip():
        raise MalformedPaymentSource("say why this is set", field="reason")
    account = account_key(account_number) if account_number else None
    last4 = account[len(account) - min(4, len(account) // 2) :] if account else ""
    [fingerprint] = secrets.fingerprint_many(tx, [account], purpose=ACCOUNT_PURPOSE) if account else [None]
    facts = {
        "source": source,
        "account_last4": last4,
        "purpose": purpose,
        "channel": channel,
        "loan_field": loan_field,
        "loan_prefix": loan_prefix,
        "reason": reason,
    }
    tx.run(
        """
        INSERT INTO ingestion.payment_sources
               (tenant_id, source, account_fingerprint, account_last4, purpose, channel, loan_field, loan_prefix, reason)
        VALUES (%(tenant)s, %(source)s, %(fingerprint)s, %(account_last4)s, %(purpose)s, %(channel)s, %(loan_field)s,
                %(loan_prefix)s, %(reason)s)
        """,
        {"tenant": tx.tenant_id, "fingerprint": fingerprint, **facts},
    )
    audit.record(tx, type="ingestion.payment_source.set", data=facts)
    return next(one for one in list_payment_sources(tx, source=source) if one.account_fingerprint == fingerprint)


def list_payment_sources(tx: Tx, *, source: str | None = None) -> Sequence[PaymentSource]:
    """What holds of each source, or of this one, and of its accounts."""
    return tx.setting(f"ingestion.payment_sources:{source}", lambda: _list_payment_sources(tx, source))


def _list_payment_sources(tx: Tx, source: str | None) -> Sequence[PaymentSource]:
    return tx.all(
        """
        SELECT DISTINCT ON (s.source, s.account_fingerprint)
               s.source, s.account_last4, s.purpose, s.channel, s.loan_field, s.loan_prefix, s.reason, s.set_by,
               s.recorded_at AS set_at, s.account_fingerprint
          FROM ingestion.payment_sources s
         WHERE s.tenant_id = %(tenant)s AND (%(source)s::text IS NULL OR s.source = %(source)s)
         ORDER BY s.source, s.account_fingerprint NULLS FIRST, s.id DESC
        """,
        {"tenant": tx.tenant_id, "source": source},
        row=PaymentSource,
    )


def by_account(tx: Tx, source: str) -> Mapping[bytes | None, PaymentSource]:
    """What holds of the accounts of a source, by fingerprint; under None what holds of all others."""
    return {one.account_fingerprint: one for one in list_payment_sources(tx, source=source)}


def brings_loans(said: Mapping[bytes | None, PaymentSource]) -> bool:
    """Whether what a source brings is for loans unless something else was said of an account of it."""
    usual = said.get(None)
    return usual is not None and usual.purpose == "loans"


def is_of_loans(tx: Tx, artifact_id: str) -> bool:
    """Whether an artifact's source brings payments of loans: servicing then asks people about what is asked back of it."""
    return brings_loans(by_account(tx, get_artifact(tx, artifact_id).source))


def of_statements(tx: Tx, artifact_id: str, said: Mapping[bytes | None, PaymentSource]) -> dict[str, PaymentSource]:
    """What holds of each statement in an artifact, where anything does."""
    rows: list[dict[str, Any]] = tx.all(
        """
        SELECT id, account_fingerprint FROM ingestion.statements
         WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id},
    )
    chosen = {row["id"]: said.get(bytes(row["account_fingerprint"]), said.get(None)) for row in rows}
    return {number: one for number, one in chosen.items() if one is not None}
