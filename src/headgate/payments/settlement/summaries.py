"""Column's daily summary of our account: fetched, kept, read, and held against what we counted of that day.

    summarize(jobs.Outside(database, tenant_id, actor), on=day)

The report is asked for with no transaction open; it is made in the background, so that a later run finds it completed. Its
bytes are kept as evidence before they are read. What the bank says moved and we did not count, or the other way round, is a
case, which ends by itself once both agree: a late event, or the backfill, may still bring what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urljoin

from headgate import cases, ingestion, rails
from headgate.core import egress, log, secrets
from headgate.core.db import Tx
from headgate.core.errors import HeadgateError, Refused
from headgate.jobs import Outside
from headgate.payments.orders.providers import list_providers, providers_in
from headgate.rails import column

KIND: Final = "bank_account_summary"
LOOK_BACK_DAYS: Final = 3
"""For how many days the daily run asks again where nothing was told."""
LOOKS: Final = 4
"""How often one run looks whether a report is completed."""
PURPOSE: Final = "bank summary account"
_LOG = log.get(__name__)
Wait = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class BankSummary:
    """What a bank says of our account and a day, and what we counted: both as what came in less what went out."""

    bank: str
    account_last4: str
    day_on: date
    opening_minor: int
    credit_minor: int
    debit_minor: int
    closing_minor: int
    currency: str
    artifact_id: str
    counted_minor: int

    @property
    def moved_minor(self) -> int:
        return self.closing_minor - self.opening_minor

    @property
    def agrees(self) -> bool:
        return self.moved_minor == self.counted_minor


def summarize_daily(outside: Outside) -> str | None:
    """Fetch what lacks of the last days, as the bank counts them, and compare; what came of it, in a line."""
    with outside.begin() as tx:
        today = tx.now().astimezone(column.ZONE).date()
        known = {one.day_on: one for one in bank_summaries(tx, since=today - timedelta(days=LOOK_BACK_DAYS))}
    said = []
    for number in range(LOOK_BACK_DAYS, 0, -1):
        on = today - timedelta(days=number)
        before = known.get(on)
        if before is not None and before.agrees:
            continue
        found = summarize(outside, on=on)
        said += [f"{on}: {'agrees' if one.agrees else 'differs'}" for one in found]
    return "; ".join(said) or None


def summarize(outside: Outside, *, on: date, wait: Wait = time.sleep) -> list[BankSummary]:
    """Fetch the summary of a day for every account that payments leave at Column, and compare it. None: not made yet."""
    with outside.begin() as tx:
        banks = {one.rail: one.bank for one in list_providers(tx)}
        spoken = {
            one.account.id: (banks[one.name], one)
            for one in providers_in(tx).values()
            if isinstance(one, rails.ColumnProvider)
        }
    found = []
    for account_id, (bank, provider) in spoken.items():
        try:
            content = _fetch(provider, on, wait)
        except HeadgateError as error:
            _LOG.warning("a summary could not be fetched", extra={"on": str(on), "why": error.message})
            continue
        if content is None:
            continue
        with outside.begin() as tx:
            _keep(tx, bank, account_id, on, content)
            found += [one for one in bank_summaries(tx, since=on) if one.day_on == on]
            _compare(tx, found[-1:])
    return found


def bank_summaries(tx: Tx, *, since: date) -> list[BankSummary]:
    """What banks last said of each account and day since then, with what we counted of it, the oldest day first.

    Counted is what settled or came back over rails of that bank on that day: payments of ours, and money that came in.
    """
    return tx.all(
        """
        WITH told AS (
          SELECT DISTINCT ON (account_fingerprint, day_on) *
            FROM payments.bank_summaries
           WHERE tenant_id = %(tenant)s AND day_on >= %(since)s
           ORDER BY account_fingerprint, day_on, id DESC),
        paid AS (
          SELECT o.bank, e.effective_on,
                 sum(CASE e.status WHEN 'settled' THEN -e.amount_minor WHEN 'returned' THEN e.amount_minor ELSE 0 END) AS minor
            FROM payments.settlement_events e
            JOIN payments.orders o ON o.tenant_id = e.tenant_id AND o.attempt_id = e.attempt_id
           WHERE e.tenant_id = %(tenant)s AND e.effective_on >= %(since)s
           GROUP BY o.bank, e.effective_on),
        came AS (
          SELECT coalesce(s.bank, c.bank) AS bank, m.effective_on,
                 sum(CASE m.status WHEN 'settled' THEN m.amount_minor WHEN 'returned' THEN -m.amount_minor ELSE 0 END) AS minor
            FROM payments.movements m
            LEFT JOIN (SELECT DISTINCT ON (rail) rail, bank FROM payments.provider_settings
                        WHERE tenant_id = %(tenant)s ORDER BY rail, set_at DESC) s ON s.rail = m.provider
            LEFT JOIN (SELECT min(bank) AS bank FROM told) c ON m.provider LIKE 'column.%%'
           WHERE m.tenant_id = %(tenant)s AND m.direction = 'debit' AND m.effective_on >= %(since)s
           GROUP BY 1, 2)
        SELECT t.bank, t.account_last4, t.day_on, t.opening_minor, t.credit_minor, t.debit_minor, t.closing_minor, t.currency,
               t.artifact_id, (coalesce(p.minor, 0) + coalesce(c.minor, 0))::bigint AS counted_minor
          FROM told t
          LEFT JOIN paid p ON p.bank = t.bank AND p.effective_on = t.day_on
          LEFT JOIN came c ON c.bank = t.bank AND c.effective_on = t.day_on
         ORDER BY t.day_on, t.id
        """,
        {"tenant": tx.tenant_id, "since": since},
        row=BankSummary,
    )


# Helpers, in the order of their call.


def _fetch(provider: rails.ColumnProvider, on: date, wait: Wait) -> bytes | None:
    """The report's document; None where it is not completed yet. Raises EgressFailed, ProviderAnswerUnread."""
    standing = _standing(provider, on)
    if standing is None:
        standing = column.read_report(column.parsed(provider.ask(column.report(KIND, first=on, last=on))))
    for look in range(LOOKS):
        if standing is None:
            raise rails.ProviderAnswerUnread("Column's answer is no report; ask again later")
        if standing.is_completed:
            break
        wait(0.2 * 2**look)
        standing = column.read_report(column.parsed(provider.ask(column.Request("GET", f"/reporting/{standing.id}"))))
    if standing is None or not standing.is_completed:
        return None
    document = column.parsed(provider.ask(column.Request("GET", f"/documents/{standing.json_document_id}")))
    url = document.get("url") if isinstance(document, dict) else None
    if not isinstance(url, str) or not url:
        raise rails.ProviderAnswerUnread("Column's document has no address; ask again later")
    # Its address is signed, and lies elsewhere: the key is not for whoever keeps the bytes.
    answer = provider.client.request("GET", urljoin(f"{provider.url}/", url), headers={"Accept": "application/json"})
    if answer.status != 200:
        raise egress.EgressFailed(f"the report's document was answered with {answer.status}")
    return answer.body


def _standing(provider: rails.ColumnProvider, on: date) -> column.ReportStanding | None:
    """The day's report where it was asked for before, the newest."""
    page = column.page_of(provider.ask(column.Request("GET", "/reporting?limit=100")))
    reports = [column.read_report(row) for row in page[0]] if page else []
    return next((one for one in reports if one and (one.type, one.first, one.last) == (KIND, on, on)), None)


def _keep(tx: Tx, bank: str, account_id: str, on: date, content: bytes) -> None:
    """Keep the bytes, read them, and write down what they say of our account; told the same again, nothing is new."""
    artifact = ingestion.receive(tx, source="column", filename=f"{KIND}-{on}.json", data=content, kind="settlement")
    if isinstance(ingestion.read(tx, artifact.id), Refused):
        return  # It is a case already.
    rows = column.read_summary(content) or ()
    row = next((one for one in rows if one.account_id == account_id and one.is_proven), None)
    if row is None:
        return
    (print_,) = secrets.fingerprint_many(tx, [account_id], purpose=PURPOSE)
    tx.run(
        """
        INSERT INTO payments.bank_summaries
               (tenant_id, bank, account_fingerprint, account_last4, day_on, opening_minor, credit_minor, debit_minor,
                closing_minor, currency, artifact_id, told_at)
        VALUES (%(tenant)s, %(bank)s, %(print)s, %(last4)s, %(on)s, %(opening)s, %(credits)s, %(debits)s, %(closing)s,
                %(currency)s, %(artifact)s, %(now)s)
            ON CONFLICT DO NOTHING
        """,
        {
            "tenant": tx.tenant_id,
            "bank": bank,
            "print": print_,
            "last4": account_id[-4:],
            "on": on,
            "opening": row.opening.minor,
            "credits": row.credits.minor,
            "debits": row.debits.minor,
            "closing": row.closing.minor,
            "currency": row.closing.currency,
            "artifact": artifact.id,
            "now": tx.now(),
        },
    )


def _compare(tx: Tx, told: list[BankSummary]) -> None:
    for one in told:
        key = f"bank_summary_differs:{one.account_last4}:{one.day_on}"
        if one.agrees:
            cases.end_answered(tx, keys=[key], resolution="what was missing came, and both agree")
            continue
        detail: Mapping[str, Any] = {
            "bank": one.bank,
            "account": f"…{one.account_last4}",
            "on": one.day_on.isoformat(),
            "bank_moved_minor": one.moved_minor,
            "counted_minor": one.counted_minor,
            "currency": one.currency,
            "artifact_id": one.artifact_id,
            "next": "compare the day's events and transfers with ours; the backfill may still bring what is missing",
        }
        cases.open_case(tx, key=key, category="bank_summary_differs", ingestion_id=one.artifact_id, detail=detail)
