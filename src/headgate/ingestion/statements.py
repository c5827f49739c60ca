"""Statements as they are stored: an account's day with its balances, the account by its fingerprint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from headgate.core import arrays, ids, secrets
from headgate.core.db import Tx
from headgate.ingestion.made import Made, NewReading
from headgate.ingestion.records import Statement

ACCOUNT_PURPOSE: Final = "statement account"


@dataclass(frozen=True, slots=True)
class _Stated:
    """A statement of a reading, by its index there."""

    reading: NewReading
    ordinal: int
    statement: Statement
    on: date | None
    fingerprint: bytes

    @property
    def balances(self) -> tuple[int | None, int | None, int]:
        """The opening, the closing and the sum, in signed minor units."""
        opening, closing = self.statement.opening, self.statement.closing
        total = self.statement.credits.minor - self.statement.debits.minor
        return (opening.minor if opening is not None else None, closing.minor if closing is not None else None, total)

    @property
    def says(self) -> tuple[Any, ...]:
        """By what a statement is known again in its artifact."""
        artifact_id = self.reading.made.artifact.id
        return (artifact_id, self.fingerprint, self.statement.currency, self.on, *self.balances)


def insert(tx: Tx, readings: Sequence[NewReading]) -> dict[tuple[str, int], str]:
    """Insert the statements of these readings; the id of each, by its reading's and its index there.

    Read again, a statement that an earlier reading of the artifact stored is not stored twice.
    """
    stated = _stated(tx, readings)
    if not stated:
        return {}
    standing = _standing(tx, [one.made.artifact.id for one in readings if one.made.artifact.status == "read"])
    statement_ids: dict[tuple[str, int], str] = {}
    added: list[tuple[str, _Stated]] = []
    for one in stated:
        stands = standing[one.says]
        if not stands:
            added.append((ids.new("stm"), one))
        statement_ids[one.reading.id, one.ordinal] = stands.pop(0) if stands else added[-1][0]
    _insert(tx, added)
    return statement_ids


def _stated(tx: Tx, readings: Sequence[NewReading]) -> list[_Stated]:
    """The statements of these readings; one that says no day is of its latest booking's."""
    every = [
        (reading, ordinal, one) for reading in readings for ordinal, one in enumerate(reading.made.parsed.statements)
    ]
    if not every:
        return []
    days = {reading.id: _days(reading.made) for reading in readings if reading.made.parsed.statements}
    prints = secrets.fingerprint_many(
        tx, [account_key(one.account_number) for *_, one in every], purpose=ACCOUNT_PURPOSE
    )
    return [
        _Stated(reading, ordinal, one, one.on or days[reading.id].get(ordinal), fingerprint)
        for (reading, ordinal, one), fingerprint in zip(every, prints, strict=True)
    ]


def _days(made: Made) -> dict[int, date]:
    """The latest day on which a statement, by its index, has a booking."""
    days: dict[int, date] = {}
    for row in made.rows:
        if row.statement is not None and row.booked_on is not None:
            days[row.statement] = max(row.booked_on, days.get(row.statement, row.booked_on))
    return days


def _standing(tx: Tx, artifact_ids: Sequence[str]) -> dict[tuple[Any, ...], list[str]]:
    """The statements that earlier readings of these artifacts stored, by what they say."""
    standing: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    if not artifact_ids:
        return standing
    for row in tx.all(
        """
        SELECT id, artifact_id, account_fingerprint, currency, statement_on, opening_minor, closing_minor, total_minor
          FROM ingestion.statements
         WHERE tenant_id = %(tenant)s AND artifact_id = ANY (%(artifacts)s::text[])
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "artifacts": arrays.texts(artifact_ids)},
    ):
        account = (row["artifact_id"], bytes(row["account_fingerprint"]), row["currency"], row["statement_on"])
        standing[*account, row["opening_minor"], row["closing_minor"], row["total_minor"]].append(row["id"])
    return standing


def _insert(tx: Tx, added: Sequence[tuple[str, _Stated]]) -> None:
    if not added:
        return
    stated = [one for _, one in added]
    tx.run(
        """
        INSERT INTO ingestion.statements
               (tenant_id, id, artifact_id, reading_id, ordinal, account_fingerprint, account_last4, currency,
                statement_on, opening_minor, closing_minor, total_minor, records)
        SELECT %(tenant)s, s.*
          FROM unnest(%(ids)s::text[], %(artifacts)s::text[], %(readings)s::text[], %(ordinals)s::int[],
                      %(prints)s::bytea[], %(last4s)s::text[], %(currencies)s::text[], %(days)s::date[],
                      %(openings)s::bigint[], %(closings)s::bigint[], %(totals)s::bigint[], %(records)s::int[]) AS s
        """,
        {
            "tenant": tx.tenant_id,
            "ids": arrays.texts([id for id, _ in added]),
            "artifacts": arrays.texts([one.reading.made.artifact.id for one in stated]),
            "readings": arrays.texts([one.reading.id for one in stated]),
            "ordinals": arrays.numbers(one.ordinal for one in stated),
            "prints": arrays.blobs(one.fingerprint for one in stated),
            "last4s": arrays.texts([_last_digits(one.statement.account_number) for one in stated]),
            "currencies": arrays.texts([one.statement.currency for one in stated]),
            "days": arrays.texts([one.on.isoformat() if one.on else None for one in stated]),
            "openings": arrays.numbers(one.balances[0] for one in stated),
            "closings": arrays.numbers(one.balances[1] for one in stated),
            "totals": arrays.numbers(one.balances[2] for one in stated),
            "records": arrays.numbers(one.statement.records for one in stated),
        },
    )


def account_key(account_number: str) -> str:
    """An account as statements write it, without blanks and hyphens, so that one account has one fingerprint."""
    return account_number.replace(" ", "").replace("-", "").upper()


def _last_digits(account_number: str) -> str:
    """At most the last four characters, and never more than half of a short number."""
    text = account_key(account_number)
    return text[len(text) - min(4, len(text) // 2) :]
