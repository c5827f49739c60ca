"""How the places of a tenant's banks stand: where each is, when it was tried and fetched from last, and what waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from headgate import jobs
from headgate.core.db import Tx
from headgate.payments.delivery.bank_places import BankPlace, list_places
from headgate.payments.delivery.fetching import banks_of
from headgate.payments.delivery.place_testing import PastTry, last_tries

WINDOW = timedelta(days=7)
"""How far back files that were fetched are counted."""


@dataclass(frozen=True, slots=True)
class LastFetch:
    """The file that was fetched last from a bank, and how many came within a week."""

    bank: str
    folder: str
    name: str
    outcome: str
    fetched_at: datetime
    week_count: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Files written for a bank that it does not have for certain: still to be handed over, or of which nobody knows."""

    bank: str
    pending: int
    unknown: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlaceStanding:
    """One bank's place. No `place`: a folder of this machine. `last_try` is of the place as it is set now."""

    bank: str
    place: BankPlace | None
    fingerprints: tuple[str, ...]
    last_try: PastTry | None
    last_fetch: LastFetch | None
    pending: int
    unknown: int
    oldest_at: datetime | None


def place_standings(tx: Tx) -> list[PlaceStanding]:
    """Every bank of the tenant, by name, with how its place stands."""
    from headgate.core import sftp_keys

    places = {place.bank: place for place in list_places(tx)}
    tries = last_tries(tx, [place.id for place in places.values()])
    fetched, waiting = _fetched(tx), _waiting(tx)
    nothing = Waiting("", 0, 0, None)
    found = []
    for bank in sorted({*banks_of(tx), *places, *waiting}):
        place, waits = places.get(bank), waiting.get(bank, nothing)
        found.append(
            PlaceStanding(
                bank=bank,
                place=place,
                fingerprints=tuple(sftp_keys.fingerprint(key) for key in place.host_keys) if place else (),
                last_try=tries.get(place.id) if place else None,
                last_fetch=fetched.get(bank),
                pending=waits.pending,
                unknown=waits.unknown,
                oldest_at=waits.oldest_at,
            )
        )
    return found


def last_round(tx: Tx) -> jobs.Run | None:
    """The last run of the job that fetches what banks put for us."""
    found = jobs.history(tx, job="bank_fetch", limit=1)
    return found[0] if found else None


def _fetched(tx: Tx) -> dict[str, LastFetch]:
    rows = tx.all(
        """
        SELECT DISTINCT ON (f.bank) f.bank, f.folder, f.name, f.outcome, f.fetched_at,
               (SELECT count(*) FROM payments.fetched_files w
                 WHERE w.tenant_id = f.tenant_id AND w.bank = f.bank AND w.fetched_at > %(since)s) AS week_count
          FROM payments.fetched_files f
         WHERE f.tenant_id = %(tenant)s
         ORDER BY f.bank, f.id DESC
        """,
        {"tenant": tx.tenant_id, "since": tx.now() - WINDOW},
        row=LastFetch,
    )
    return {row.bank: row for row in rows}


def _waiting(tx: Tx) -> dict[str, Waiting]:
    rows = tx.all(
        """
        SELECT bank, count(*) FILTER (WHERE status = 'pending') AS pending,
               count(*) FILTER (WHERE status = 'outcome_unknown') AS unknown, min(created_at) AS oldest_at
          FROM payments.ach_files
         WHERE tenant_id = %(tenant)s AND status IN ('pending', 'outcome_unknown') AND bank IS NOT NULL
         GROUP BY bank
        """,
        {"tenant": tx.tenant_id},
        row=Waiting,
    )
    return {row.bank: row for row in rows}
