"""The shadow report: what the pipeline wrote down or posted, against what the bank's statements say, by channel and day.

Ours are the payments of a channel by the day on which each was received, whatever became of it since; the bank's are the
credits of its statements by value date, as booked by the next banking day (T+1): what is booked later is a variance at T+1,
and is told beside it. What falls on a weekend or holiday counts for the banking day after it, ours as the bank's. A network
may book many payments as one, so sums are compared and counts only shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from headgate import ingestion
from headgate.core.db import Tx
from headgate.rails import add_banking_days, banking_day_on_or_after, banking_day_on_or_before
from headgate.servicing.errors import InvalidMode
from headgate.servicing.loading import today_of
from headgate.servicing.modes import PIPED, Mode, posting_modes

DAYS_MAX: Final = 366

_Key = tuple[str, date, str]
Verdict = Literal["agrees", "differs", "duplicates", "waiting"]


@dataclass(frozen=True, slots=True)
class ShadowDay:
    """A channel's day, amounts in minor units of its currency; `variance_minor` is the bank's less ours, at T+1.

    `late_minor` was booked after T+1. `duplicates` share one transfer of their provider; `suspected` have the idempotency key
    of another payment of the day, and are payments of their own where the sums agree. `waiting`: no statement of T+1 was read yet.
    """

    channel: str
    on: date
    currency: str
    mode: Mode
    count: int
    amount_minor: int
    pending_count: int
    bank_count: int
    bank_minor: int
    variance_minor: int
    late_minor: int
    duplicates: int
    suspected: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """The days, and in a word what they come to; `is_clean`: no duplicates and no variance at T+1, of anything that there was."""

    first: date
    last: date
    is_clean: bool
    says: str
    days: tuple[ShadowDay, ...]


@dataclass(frozen=True, slots=True)
class _Ours:
    channel: str
    on: date
    currency: str
    count: int
    amount_minor: int
    pending_count: int
    duplicates: int
    suspected: int


def shadow_report(
    tx: Tx,
    *,
    first: date | None = None,
    last: date | None = None,
    channel: str | None = None,
    account_last4: str | None = None,
) -> ShadowReport:
    """Compare these days, the last seven up to yesterday unless said. Raises InvalidMode where they are too many or no days."""
    yesterday = today_of(tx) - timedelta(days=1)
    last = last or yesterday
    first = first or last - timedelta(days=6)
    if not 0 <= (last - first).days < DAYS_MAX:
        raise InvalidMode(f"a report is of 1 to {DAYS_MAX} days; {first} to {last} is not")
    if channel is not None and channel not in PIPED:
        raise InvalidMode(f"'{channel[:40]}' is no channel of the pipeline: there are {', '.join(PIPED)}")
    modes = {str(name): mode.mode for name, mode in posting_modes(tx).items()}
    since, until = (
        banking_day_on_or_before(first - timedelta(days=1)) + timedelta(days=1),
        banking_day_on_or_before(last),
    )
    ours: dict[_Key, list[_Ours]] = defaultdict(list)
    for row in _ours(tx, since, until):
        ours[row.channel, banking_day_on_or_after(row.on), row.currency].append(row)
    bank: dict[_Key, list[ingestion.BankDay]] = defaultdict(list)
    for credit in ingestion.bank_credits(tx, first=since, last=until, account_last4=account_last4):
        bank[credit.channel, banking_day_on_or_after(credit.value_on), credit.currency].append(credit)
    seen = max(ingestion.statement_days(tx, first=first, account_last4=account_last4), default=None)
    days = tuple(
        _day(key, modes.get(key[0], "off"), ours.get(key, []), bank.get(key, []), seen)
        for key in sorted({*ours, *bank})
        if channel in (None, key[0])
    )
    return ShadowReport(first, last, _is_clean(days), _says(days), days)


def _day(
    key: _Key, mode: Mode, ours: Sequence[_Ours], bank: Sequence[ingestion.BankDay], seen: date | None
) -> ShadowDay:
    channel, on, currency = key
    due = add_banking_days(on, 1)
    in_time = [credit for credit in bank if credit.booked_on <= due]
    bank_minor = sum(credit.amount_minor for credit in in_time)
    amount = sum(row.amount_minor for row in ours)
    duplicates = sum(row.duplicates for row in ours)
    variance = bank_minor - amount
    verdict: Verdict = "duplicates" if duplicates else "agrees" if variance == 0 else "differs"
    if seen is None or seen < due:
        verdict = "duplicates" if duplicates else "waiting"
    return ShadowDay(
        channel=channel,
        on=on,
        currency=currency,
        mode=mode,
        count=sum(row.count for row in ours),
        amount_minor=amount,
        pending_count=sum(row.pending_count for row in ours),
        bank_count=sum(credit.count for credit in in_time),
        bank_minor=bank_minor,
        variance_minor=variance,
        late_minor=sum(credit.amount_minor for credit in bank if credit.booked_on > due),
        duplicates=duplicates,
        suspected=sum(row.suspected for row in ours),
        verdict=verdict,
    )


def _is_clean(days: tuple[ShadowDay, ...]) -> bool:
    judged = [day for day in days if day.verdict != "waiting"]
    return bool(judged) and all(day.verdict == "agrees" for day in judged)


def _says(days: tuple[ShadowDay, ...]) -> str:
    counts = {verdict: sum(day.verdict == verdict for day in days) for verdict in ("differs", "duplicates", "waiting")}
    waiting = f"; {counts['waiting']} wait for the statement of T+1" if counts["waiting"] else ""
    if _is_clean(days):
        return f"no duplicates and no variance at T+1 on {len(days) - counts['waiting']} channel days{waiting}"
    if not days:
        return "nothing to compare: no payment of a channel, and no statement with a credit of one"
    if not counts["differs"] and not counts["duplicates"]:
        return f"nothing to judge yet{waiting}"
    return f"{counts['differs']} channel days differ from the bank, {counts['duplicates']} have duplicates{waiting}"


def _ours(tx: Tx, first: date, last: date) -> list[_Ours]:
    return tx.all(
        """
        SELECT p.channel, p.on_day AS "on", p.currency, count(*) AS count, sum(p.total)::bigint AS amount_minor,
               count(*) FILTER (WHERE p.status = 'pending') AS pending_count,
               count(*) FILTER (WHERE p.of_transfer > 1) AS duplicates, count(*) FILTER (WHERE p.of_key > 1) AS suspected
          FROM (SELECT q.source_channel AS channel, q.effective_date AS on_day, q.currency, q.total_received AS total, q.status,
                       CASE WHEN q.provider_transfer_id IS NOT NULL AND q.status <> 'reversed' THEN row_number()
                         OVER (PARTITION BY q.source_channel, q.provider_transfer_id, q.status = 'reversed' ORDER BY q.id) END
                       AS of_transfer,
                       CASE WHEN i.idempotency_key IS NOT NULL THEN row_number()
                         OVER (PARTITION BY q.source_channel, i.idempotency_key ORDER BY q.id) END AS of_key
                  FROM servicing.payments q
                  LEFT JOIN ingestion.payment_ingestions i ON i.tenant_id = q.tenant_id AND i.id = q.ingestion_id
                 WHERE q.tenant_id = %(tenant)s AND q.effective_date BETWEEN %(first)s AND %(last)s
                   AND q.source_channel = ANY (%(channels)s)) p
         GROUP BY p.channel, p.on_day, p.currency
        """,
        {"tenant": tx.tenant_id, "first": first, "last": last, "channels": list(PIPED)},
        row=_Ours,
    )
