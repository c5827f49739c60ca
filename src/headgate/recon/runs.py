"""Reconcile a day of an account: balanced, or every difference named, each with a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from psycopg.types.json import Jsonb

from headgate import audit, cases, ledger, messaging
from headgate.core import ids
from headgate.core.db import Tx
from headgate.recon import queries
from headgate.recon.errors import NotLinked
from headgate.recon.matching import match_day
from headgate.recon.model import Reconciliation, Status

CHANNEL: Final = "all"
EVENT_SCHEMA: Final = "headgate.payments.v1"
MISSING_MAX: Final = 100
"""How many differences the message names; the run has them all."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A difference before it has a case."""

    kind: str
    reference: str | None
    record_id: str | None
    transaction_id: int | None
    bank_minor: int
    book_minor: int
    legs: int


@dataclass(frozen=True, slots=True)
class _Day:
    """The figures of the day, signed. The bank's are None where no statement has come or it lacks them."""

    lines: int
    bank_total: int | None
    legs: int
    book_total: int
    book_opening: int
    statement_ids: list[str]
    bank_opening: int | None
    bank_closing: int | None


def run(tx: Tx, *, account: int | str, on: date) -> Reconciliation:
    """Reconcile an account of the book (id or code) with the bank's statement of that day.

    Matches stay for good; a later run of the same day matches what was left, and supersedes this one unless it finds
    the same. Balanced: every line and leg has its counterpart, opening + Σ = closing, and the book opens where the bank
    does. Without a statement the run is open. Raises the ledger's error for an unknown account, and NotLinked.
    """
    mirror = ledger.get_account(tx, account)
    # Two runs of one account at once would both find the same lines open.
    tx.run("SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", {"key": f"recon:{tx.tenant_id}:{mirror.id}"})
    if not tx.value(
        "SELECT EXISTS (SELECT FROM recon.links WHERE tenant_id = %(tenant)s AND account_id = %(account)s)",
        {
            "tenant": tx.tenant_id,
            "account": mirror.id,
        },
    ):
        raise NotLinked(
            f"no bank account is linked to {mirror.code}: link the account of one of its statements first",
            account_id=mirror.id,
        )
    run_id = ids.new("rcn")
    matched = match_day(tx, reconciliation_id=run_id, account_id=mirror.id, on=on)
    day = _figures(tx, mirror.id, on)
    found = _differences(tx, mirror.id, on, day) if day.bank_total is not None else []
    status: Status = "open" if day.bank_total is None else "variance" if found else "balanced"
    details = _details(day, found)
    former = queries.current(tx, account_id=mirror.id, channel=CHANNEL, on=on)
    if former is not None and not matched and _same(former, status, day, details):
        return former
    _store(tx, run_id, mirror.id, mirror.currency, on, day, status, details, former)
    case_ids = _open_cases(tx, run_id, mirror.id, mirror.currency, on, found)
    _store_differences(tx, run_id, found, case_ids)
    stored = queries.get_reconciliation(tx, run_id)
    _tell(tx, stored)
    return stored


def _figures(tx: Tx, account_id: int, on: date) -> _Day:
    params = {"tenant": tx.tenant_id, "account": account_id, "on": on}
    bank = tx.one(
        """
        SELECT count(*)::int AS lines, coalesce(sum(signed_minor), 0)::bigint AS total
          FROM recon.bank_lines
         WHERE tenant_id = %(tenant)s AND account_id = %(account)s AND booked_on = %(on)s
        """,
        params,
    )
    book = tx.one(
        """
        SELECT count(*) FILTER (WHERE effective_on = %(on)s)::int AS legs,
               coalesce(sum(signed_minor) FILTER (WHERE effective_on = %(on)s), 0)::bigint AS total,
               coalesce(sum(signed_minor) FILTER (WHERE effective_on < %(on)s), 0)::bigint AS opening
          FROM recon.book_legs
         WHERE tenant_id = %(tenant)s AND account_id = %(account)s AND effective_on <= %(on)s
        """,
        params,
    )
    statements = tx.all(
        """
        SELECT s.id, s.opening_minor, s.closing_minor
          FROM recon.links l
          JOIN ingestion.statements s
            ON s.tenant_id = l.tenant_id AND s.account_fingerprint = l.account_fingerprint AND s.currency = l.currency
         WHERE l.tenant_id = %(tenant)s AND l.account_id = %(account)s AND s.statement_on = %(on)s
         ORDER BY s.id
        """,
        params,
    )
    has_statement = bool(statements) or bank["lines"] > 0
    return _Day(
        lines=bank["lines"],
        bank_total=bank["total"] if has_statement else None,
        legs=book["legs"],
        book_total=book["total"],
        book_opening=book["opening"],
        statement_ids=[row["id"] for row in statements],
        bank_opening=statements[0]["opening_minor"] if statements else None,
        bank_closing=statements[-1]["closing_minor"] if statements else None,
    )


def _differences(tx: Tx, account_id: int, on: date, day: _Day) -> list[_Found]:
    found = tx.all(_DIFFERENCES, {"tenant": tx.tenant_id, "account": account_id, "on": on}, row=_Found)
    if day.bank_opening is not None and day.bank_opening != day.book_opening:
        found.append(_Found("opening_differs", None, None, None, day.bank_opening, day.book_opening, 0))
    if day.bank_opening is not None and day.bank_closing is not None and day.bank_total is not None:
        proved = day.bank_opening + day.bank_total
        if proved != day.bank_closing:
            # Of the bank's own figures: what it calls the closing balance, against what its lines come to.
            found.append(_Found("statement_unproved", None, None, None, day.bank_closing, proved, 0))
    return found


_DIFFERENCES: Final = """
WITH lines AS (
  SELECT b.record_id, b.reference, b.signed_minor, b.reference AS subject
    FROM recon.bank_lines b
   WHERE b.tenant_id = %(tenant)s AND b.account_id = %(account)s AND b.booked_on = %(on)s
     AND NOT EXISTS (SELECT FROM recon.match_records x WHERE x.tenant_id = b.tenant_id AND x.record_id = b.record_id)
), legs AS (
  SELECT g.transaction_id, t.metadata ->> 'reference' AS reference, g.signed_minor,
         coalesce(t.metadata ->> 'reference', 'transaction ' || g.transaction_id) AS subject
    FROM recon.book_legs g
    JOIN ledger.transactions t ON t.tenant_id = g.tenant_id AND t.id = g.transaction_id
   WHERE g.tenant_id = %(tenant)s AND g.account_id = %(account)s AND g.effective_on = %(on)s
     AND NOT EXISTS (SELECT FROM recon.match_legs x
                      WHERE x.tenant_id = g.tenant_id AND x.account_id = g.account_id AND x.seq = g.seq)
), bank AS (
  SELECT subject, sign(signed_minor) AS way, max(reference) AS reference, min(record_id) AS record_id,
         sum(signed_minor)::bigint AS minor
    FROM lines GROUP BY subject, way
), book AS (
  SELECT subject, sign(signed_minor) AS way, max(reference) AS reference, min(transaction_id) AS transaction_id,
         sum(signed_minor)::bigint AS minor, count(*)::int AS legs
    FROM legs GROUP BY subject, way
), matched AS (
  SELECT x.match_id, b.record_id, NULL::bigint AS transaction_id, b.signed_minor AS bank_minor, 0 AS book_minor, 0 AS legs
    FROM recon.bank_lines b
    JOIN recon.match_records x ON x.tenant_id = b.tenant_id AND x.record_id = b.record_id
   WHERE b.tenant_id = %(tenant)s AND b.account_id = %(account)s AND b.booked_on = %(on)s
  UNION ALL
  SELECT x.match_id, NULL, g.transaction_id, 0, g.signed_minor, 1
    FROM recon.book_legs g
    JOIN recon.match_legs x ON x.tenant_id = g.tenant_id AND x.account_id = g.account_id AND x.seq = g.seq
   WHERE g.tenant_id = %(tenant)s AND g.account_id = %(account)s AND g.effective_on = %(on)s
), altered AS (
  SELECT match_id, max(record_id) AS record_id, min(transaction_id) AS transaction_id, sum(bank_minor)::bigint AS bank_minor,
         sum(book_minor)::bigint AS book_minor, sum(legs)::int AS legs
    FROM matched GROUP BY match_id HAVING sum(bank_minor) <> sum(book_minor)
)
SELECT CASE WHEN k.subject IS NULL THEN 'missing_in_book'
            WHEN b.subject IS NULL THEN 'missing_at_bank'
            WHEN b.minor <> k.minor THEN 'amount_differs'
            ELSE 'ambiguous' END AS kind,
       coalesce(b.reference, k.reference) AS reference, b.record_id, k.transaction_id,
       coalesce(b.minor, 0)::bigint AS bank_minor, coalesce(k.minor, 0)::bigint AS book_minor,
       coalesce(k.legs, 0) AS legs
  FROM bank b FULL JOIN book k USING (subject, way)
UNION ALL
SELECT 'match_differs', m.reference, a.record_id, a.transaction_id, a.bank_minor, a.book_minor, a.legs
  FROM altered a JOIN recon.matches m ON m.tenant_id = %(tenant)s AND m.id = a.match_id
 ORDER BY kind, reference, record_id, transaction_id
"""


def _details(day: _Day, found: list[_Found]) -> dict[str, Any]:
    return {
        "statements": day.statement_ids,
        "lines": day.lines,
        "legs": day.legs,
        "opening": {"bank": day.bank_opening, "book": day.book_opening},
        "closing": {"bank": day.bank_closing, "book": day.book_opening + day.book_total},
        "differences": len(found),
    }


def _same(former: Reconciliation, status: Status, day: _Day, details: dict[str, Any]) -> bool:
    bank_total = former.bank_total.minor if former.bank_total is not None else None
    return (former.status, bank_total, former.sor_total.minor, dict(former.details)) == (
        status,
        day.bank_total,
        day.book_total,
        details,
    )


def _store(
    tx: Tx,
    run_id: str,
    account_id: int,
    currency: str,
    on: date,
    day: _Day,
    status: Status,
    details: dict[str, Any],
    former: Reconciliation | None,
) -> None:
    if former is not None:
        tx.run(
            "UPDATE recon.reconciliations SET superseded_by = %(new)s WHERE tenant_id = %(tenant)s AND id = %(id)s",
            {"tenant": tx.tenant_id, "id": former.id, "new": run_id},
        )
    tx.run(
        """
        INSERT INTO recon.reconciliations
               (tenant_id, id, account_id, channel, currency, period_start, period_end, bank_total, sor_total, status,
               details)
        VALUES (%(tenant)s, %(id)s, %(account)s, %(channel)s, %(currency)s, %(on)s, %(on)s, %(bank)s, %(sor)s,
          %(status)s, %(details)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": run_id,
            "account": account_id,
            "channel": CHANNEL,
            "currency": currency,
            "on": on,
            "bank": day.bank_total,
            "sor": day.book_total,
            "status": status,
            "details": Jsonb(details),
        },
    )


def _open_cases(tx: Tx, run_id: str, account_id: int, currency: str, on: date, found: list[_Found]) -> list[str]:
    """One case a difference; the same one found again by a later run is the case that stands."""
    opened = cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"recon:{account_id}:{on}:{one.kind}:{one.record_id or one.reference or one.transaction_id or ''}",
                category="reconcile_variance",
                subcategory=one.kind,
                detail={
                    "reconciliation_id": run_id,
                    "account_id": account_id,
                    "on": on.isoformat(),
                    "kind": one.kind,
                    "reference": one.reference,
                    "record_id": one.record_id,
                    "transaction_id": one.transaction_id,
                    "bank_minor": one.bank_minor,
                    "book_minor": one.book_minor,
                    "variance_minor": one.bank_minor - one.book_minor,
                    "currency": currency,
                },
            )
            for one in found
        ],
    )
    return [case.id for case in opened]


def _store_differences(tx: Tx, run_id: str, found: list[_Found], case_ids: list[str]) -> None:
    if found:
        tx.run(
            """
            INSERT INTO recon.differences
                   (tenant_id, reconciliation_id, kind, reference, record_id, transaction_id, bank_minor, book_minor,
                    legs, case_id)
            SELECT %(tenant)s, %(run)s, d.*
              FROM unnest(%(kinds)s::text[], %(references)s::text[], %(records)s::text[], %(transactions)s::bigint[],
                          %(bank)s::bigint[], %(book)s::bigint[], %(legs)s::int[], %(cases)s::text[]) AS d
            """,
            {
                "tenant": tx.tenant_id,
                "run": run_id,
                "kinds": [one.kind for one in found],
                "references": [one.reference for one in found],
                "records": [one.record_id for one in found],
                "transactions": [one.transaction_id for one in found],
                "bank": [one.bank_minor for one in found],
                "book": [one.book_minor for one in found],
                "legs": [one.legs for one in found],
                "cases": case_ids,
            },
        )


def _tell(tx: Tx, made: Reconciliation) -> None:
    facts: dict[str, Any] = {
        "reconciliation_id": made.id,
        "account_id": made.account_id,
        "channel": made.channel,
        "period_start": made.period_start.isoformat(),
        "period_end": made.period_end.isoformat(),
        "currency": made.sor_total.currency,
        "bank_total": made.bank_total.minor if made.bank_total is not None else None,
        "sor_total": made.sor_total.minor,
        "variance": made.variance.minor if made.variance is not None else None,
        "status": made.status,
    }
    audit.record(tx, type=f"recon.run.{made.status}", data=facts)
    if made.status == "open":
        return
    if made.status == "variance":
        facts["differences"] = len(made.differences)
        facts["missing"] = [
            {
                "kind": one.kind,
                "reference": one.reference,
                "record_id": one.record_id,
                "transaction_id": one.transaction_id,
                "bank_minor": one.bank.minor,
                "book_minor": one.book.minor,
                "case_id": one.case_id,
            }
            for one in made.differences[:MISSING_MAX]
        ]
    messaging.publish(
        tx,
        event_type="payment.reconciled.ok" if made.status == "balanced" else "payment.reconciled.discrepancy",
        aggregate_type="reconciliation",
        aggregate_id=made.id,
        payload={"schema": EVENT_SCHEMA, **facts},
        dedupe_key=f"recon:{made.id}",
    )
