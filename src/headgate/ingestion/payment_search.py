"""The list of payments that came in, as messages: their envelope, and where they stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, LiteralString

from headgate.core import terms
from headgate.core.db import Tx
from headgate.core.listing import Listing
from headgate.core.money import Money
from headgate.core.terms import Query
from headgate.ingestion.artifact_search import counted, with_day
from headgate.ingestion.errors import NoSuchPaymentIngestion

CHANNELS: Final = ("ach", "wire", "realtime", "check", "card", "paypal", "venmo", "book")
TERMS: Final = {
    "status": terms.Term("choice", ("received", "normalized", "published")),
    "channel": terms.Term("choice", CHANNELS),
    "source": terms.Term("word"),
    "reference": terms.Term("word"),
    "loan": terms.Term("word"),
    "key": terms.Term("word"),
    "currency": terms.Term("word"),
    "amount": terms.Term("amount"),
    "day": terms.Term("word"),
    "age": terms.Term("age"),
}


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A payment that came in. One whose envelope fails its schema has neither amount nor channel, and stays received."""

    id: str
    status: str
    source: str
    channel: str | None
    external_id: str | None
    source_reference: str | None
    loan: str | None
    amount_minor: int | None
    currency: str | None
    value_on: str | None
    idempotency_key: str | None
    raw_payload_hash: str
    artifact_sha256: str
    line: int
    occurrence: int
    received_at: datetime
    received_by: str
    envelope: dict[str, Any] | None = field(repr=False)

    @property
    def amount(self) -> Money | None:
        if self.amount_minor is None or self.currency is None:
            return None
        return Money(self.amount_minor, self.currency)

    @property
    def on(self) -> date | None:
        """The value date, where the envelope has one."""
        return date.fromisoformat(self.value_on) if self.value_on else None


@dataclass(frozen=True, slots=True)
class MessageTotal:
    """What a query finds in one currency, up to `COUNT_MAX`; '' where there is no envelope."""

    currency: str
    amount_minor: int
    count: int

    @property
    def amount(self) -> Money | None:
        return Money(self.amount_minor, self.currency) if self.currency else None


@dataclass(frozen=True, slots=True)
class PaymentPlace:
    """Where a payment stood in what was sent."""

    ingestion_id: str
    artifact_id: str
    line: int
    occurrence: int
    record_id: str | None


def parse_messages(text: str, more: Mapping[str, terms.Term] = MappingProxyType({})) -> Query:
    """Read a query of messages, which may know `more` terms. Raises MalformedTerm."""
    query = terms.parse(text, {**TERMS, **more})
    return Query(query.text, with_day(query.params))


def places_of(tx: Tx, ingestion_ids: Sequence[str]) -> list[PaymentPlace]:
    """Where these payments stood: artifact and line, where they came in one."""
    return tx.all(
        """
        SELECT ingestion_id, artifact_id, line, occurrence, record_id FROM ingestion.payment_places
         WHERE tenant_id = %(tenant)s AND ingestion_id = ANY(%(ids)s)
         ORDER BY ingestion_id, artifact_id
        """,
        {"tenant": tx.tenant_id, "ids": list(ingestion_ids)},
        row=PaymentPlace,
    )


def payments_at(
    tx: Tx, artifact_id: str, *, first: int = 1, last: int = 2**31 - 1, limit: int = 200
) -> list[PaymentPlace]:
    """The payments that came in by these lines of an artifact, in its order."""
    return tx.all(
        """
        SELECT ingestion_id, artifact_id, line, occurrence, record_id FROM ingestion.payment_places
         WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s AND line BETWEEN %(first)s AND %(last)s
         ORDER BY line, occurrence
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id, "first": first, "last": last, "limit": limit},
        row=PaymentPlace,
    )


_SELECT = """
SELECT p.id, p.status, p.source, p.channel, p.external_id, p.source_reference,
       p.normalized_envelope #>> '{borrower,loan_id}' AS loan,
       (p.normalized_envelope #>> '{payment,amount_minor}')::bigint AS amount_minor,
       p.normalized_envelope #>> '{payment,currency}' AS currency,
       p.normalized_envelope #>> '{payment,value_date}' AS value_on,
       p.idempotency_key, p.raw_payload_hash, p.artifact_sha256, p.line, p.occurrence, p.received_at, p.received_by,
       p.normalized_envelope AS envelope
  FROM ingestion.payment_ingestions p
"""

_WHERE = """
 WHERE p.tenant_id = %(tenant)s
   AND (%(status)s::text[] IS NULL OR p.status = ANY(%(status)s))
   AND (%(channel)s::text[] IS NULL OR p.channel = ANY(%(channel)s))
   AND (%(source)s::text IS NULL OR p.source = %(source)s)
   AND (%(reference)s::text IS NULL OR p.source_reference = %(reference)s)
   AND (%(loan)s::text IS NULL OR p.normalized_envelope #>> '{borrower,loan_id}' = %(loan)s)
   AND (%(key)s::text IS NULL OR p.idempotency_key = %(key)s)
   AND (%(currency)s::text IS NULL OR p.normalized_envelope #>> '{payment,currency}' = %(currency)s)
   AND (%(amount_min)s::bigint IS NULL OR (p.normalized_envelope #>> '{payment,amount_minor}')::bigint >= %(amount_min)s)
   AND (%(amount_max)s::bigint IS NULL OR (p.normalized_envelope #>> '{payment,amount_minor}')::bigint <= %(amount_max)s)
   AND (%(day)s::date IS NULL OR (p.received_at >= ingestion.day_begins(%(day)s::date)
                                 AND p.received_at < ingestion.day_begins(%(day)s::date + 1)))
   AND (%(age_under)s::interval IS NULL OR p.received_at > clock_timestamp() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR p.received_at < clock_timestamp() - %(age_over)s)
"""

_IDS = "SELECT p.id FROM ingestion.payment_ingestions p"

_TOTALS = """
SELECT currency, coalesce(sum(amount_minor), 0)::bigint AS amount_minor, count(*) AS count
  FROM (SELECT coalesce(p.normalized_envelope #>> '{payment,currency}', '') AS currency,
               (p.normalized_envelope #>> '{payment,amount_minor}')::bigint AS amount_minor
          FROM ingestion.payment_ingestions p
"""

_TOTALS_END = " LIMIT %(count_max)s) found GROUP BY currency ORDER BY currency DESC"

_PAGE = """
   AND (%(after)s::text IS NULL OR p.id < %(after)s)
 ORDER BY p.id DESC
 LIMIT %(limit)s
"""


def _missing(ingestion_id: str) -> NoSuchPaymentIngestion:
    return NoSuchPaymentIngestion(f"there is no payment ingestion {ingestion_id}", ingestion_id=ingestion_id)


def message_listing(condition: LiteralString = "") -> Listing[MessageRow, MessageTotal]:
    """The list, of what also holds of a row `p` of ingestion.payment_ingestions: for who knows what became of payments.

    What `condition` reads beside the list's own terms, the query must have.
    """
    where = _WHERE + condition
    return Listing(
        find=_SELECT + where + _PAGE,
        rows=_SELECT + " WHERE p.tenant_id = %(tenant)s AND p.id = ANY(%(ids)s) ORDER BY p.id DESC",
        matching=_IDS + where + " AND p.id = ANY(%(ids)s)",
        totals=_TOTALS + where + _TOTALS_END,
        row=MessageRow,
        total=MessageTotal,
        missing=_missing,
        params=counted,
    )


_LISTING: Final = message_listing()
find_messages = _LISTING.find_rows
message_rows = _LISTING.rows_of
message_row = _LISTING.row_of
