"""Movements: what a provider says moved, written down once, and what each comes to.

A movement is known by its provider and the provider's own id. What it is about may not have been told yet (a return before
its settlement), or may be nobody's: then nothing moves, it is a case, and it is judged again whenever more is told. So
the order and the repetition of what is told change nothing in the end. What differs from what was sent moves nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Final, Literal, LiteralString
from zoneinfo import ZoneInfo

from headgate import cases, funding
from headgate.core import arrays, ids
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.rails import ProviderSettlement

Effect = Literal["settled", "returned", "rejected", "deposited", "known"]
Standing = Literal["settled", "returned", "rejected", "deposited", "known", "waiting", "unmatched", "differing"]

ZONE: Final = ZoneInfo("America/New_York")
"""The zone in which the networks count their days."""

_NEXT: Final[Mapping[str, str]] = {
    "movement_unmatched": "find out whose it is: it matches no payment, debit or request of ours, and moved nothing",
    "movement_differs": "ask the provider which is right: it says otherwise than what we sent or were told, and moved nothing",
    "movement_waiting": "nothing yet: what it is about has not been told, and it takes effect when that comes",
}
_CATEGORY: Final[Mapping[str, str]] = {
    "waiting": "movement_waiting",
    "unmatched": "movement_unmatched",
    "differing": "movement_differs",
}

_SELECT: LiteralString = """
    SELECT m.id, m.provider, m.external_trace_id, m.direction, m.status, m.amount_minor, m.currency, m.reference,
           m.individual_id, m.return_code, m.effective_on, m.artifact_id, m.record_id, m.told_at
      FROM payments.movements m
"""


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement as it was told first. `direction` is the receiver's: a credit is a payment of ours."""

    id: str
    provider: str
    external_trace_id: str
    direction: Literal["credit", "debit"]
    status: Literal["settled", "returned", "rejected"]
    amount_minor: int
    currency: str
    reference: str
    individual_id: str
    return_code: str
    effective_on: date
    artifact_id: str | None
    record_id: str | None
    told_at: datetime

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    def booked_at(self, tx: Tx, *, legal_entity_id: str | None) -> datetime:
        """When it happened: noon of its day, or when it was told where that noon was still to come. It never changes."""
        return min(funding.booked_at(tx, self.effective_on, legal_entity_id=legal_entity_id), self.told_at)


@dataclass(frozen=True, slots=True)
class MovementEffects:
    """What movements came to, by count. `known` stood already; the last three moved nothing and are cases."""

    settled: int = 0
    returned: int = 0
    rejected: int = 0
    deposited: int = 0
    known: int = 0
    waiting: int = 0
    unmatched: int = 0
    differing: int = 0

    @property
    def applied(self) -> int:
        """How many took effect now."""
        return self.settled + self.returned + self.rejected + self.deposited + self.known

    def __add__(self, other: MovementEffects) -> MovementEffects:
        return MovementEffects(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @classmethod
    def of(cls, standings: Collection[Standing]) -> MovementEffects:
        """The counts of what each came to."""
        seen: list[str] = list(standings)
        return cls(**{f.name: seen.count(f.name) for f in fields(cls)})


@dataclass(frozen=True, slots=True)
class Told:
    """What was written down: the ids of movements that are new, and how many contradict what was told before."""

    new: tuple[str, ...]
    contradicting: int


def tell(
    tx: Tx,
    provider: str,
    settlements: Sequence[ProviderSettlement],
    *,
    artifact_id: str | None = None,
    records: Mapping[str, str] | None = None,
) -> Told:
    """Write down what a provider says moved. The same movement again is known; one that says otherwise now is a case.

    `records` names the record of a file, by external id, that a movement was read from.
    """
    whole = {one.external_trace_id: one for one in settlements if one.amount.minor > 0}
    new = tx.values(
        """
        INSERT INTO payments.movements
               (tenant_id, id, provider, external_trace_id, direction, status, amount_minor, currency, reference,
                individual_id, return_code, effective_on, artifact_id, record_id, told_at)
        SELECT %(tenant)s, m.id, %(provider)s, m.trace, m.direction, m.status, m.amount, m.currency, m.reference,
               m.individual, m.code, m.effective_on, %(artifact)s, m.record, %(now)s
          FROM unnest(%(ids)s::text[], %(traces)s::text[], %(directions)s::text[], %(statuses)s::text[],
                      %(amounts)s::bigint[], %(currencies)s::text[], %(references)s::text[], %(individuals)s::text[],
                      %(codes)s::text[], %(days)s::date[], %(records)s::text[])
               AS m (id, trace, direction, status, amount, currency, reference, individual, code, effective_on, record)
            ON CONFLICT (tenant_id, provider, external_trace_id) DO NOTHING
        RETURNING id
        """,
        {
            "tenant": tx.tenant_id,
            "provider": provider,
            "artifact": artifact_id,
            "now": tx.now(),
            "ids": sorted(ids.new("mov") for _ in whole),
            "traces": list(whole),
            "directions": [one.direction for one in whole.values()],
            "statuses": [one.status for one in whole.values()],
            "amounts": [one.amount.minor for one in whole.values()],
            "currencies": [one.amount.currency for one in whole.values()],
            "references": [one.reference for one in whole.values()],
            "individuals": [one.individual_id for one in whole.values()],
            "codes": [one.return_code for one in whole.values()],
            "days": [one.effective_on for one in whole.values()],
            "records": [(records or {}).get(trace) for trace in whole],
        },
    )
    known = {
        one.external_trace_id: one
        for one in tx.all(
            _SELECT
            + " WHERE m.tenant_id = %(tenant)s AND m.provider = %(provider)s AND m.external_trace_id = ANY(%(traces)s)",
            {"tenant": tx.tenant_id, "provider": provider, "traces": list(whole)},
            row=Movement,
        )
    }
    odd = [one for one in settlements if _says(one) != _said(known.get(one.external_trace_id))]
    _open_contradictions(tx, provider, odd, known)
    return Told(tuple(new), len(odd))


def told(tx: Tx, *, provider: str, external_trace_ids: Sequence[str]) -> list[Movement]:
    """These movements of a provider that came to nothing yet, in their order."""
    return tx.all(
        _SELECT
        + """
         WHERE m.tenant_id = %(tenant)s AND m.provider = %(provider)s AND m.external_trace_id = ANY(%(traces)s)
           AND NOT EXISTS (SELECT FROM payments.movement_effects e
                            WHERE e.tenant_id = m.tenant_id AND e.movement_id = m.id)
         ORDER BY m.id
        """,
        {"tenant": tx.tenant_id, "provider": provider, "traces": list(external_trace_ids)},
        row=Movement,
    )


def open_movements(tx: Tx, *, limit: int) -> list[Movement]:
    """Movements that came to nothing yet, settlements before what undoes them."""
    return tx.all(
        _SELECT
        + """
         WHERE m.tenant_id = %(tenant)s
           AND NOT EXISTS (SELECT FROM payments.movement_effects e
                            WHERE e.tenant_id = m.tenant_id AND e.movement_id = m.id)
         ORDER BY m.status <> 'settled', m.effective_on, m.id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "limit": limit},
        row=Movement,
    )


def waiting_for(tx: Tx, *, individual_id: str, trace_number: str | None) -> list[Movement]:
    """Returns and refusals that wait for the settlement of this debit."""
    return tx.all(
        _SELECT
        + """
         WHERE m.tenant_id = %(tenant)s AND m.direction = 'debit' AND m.status <> 'settled'
           AND (m.individual_id = %(individual)s OR m.reference = %(trace)s)
           AND NOT EXISTS (SELECT FROM payments.movement_effects e
                            WHERE e.tenant_id = m.tenant_id AND e.movement_id = m.id)
         ORDER BY m.id
        """,
        {"tenant": tx.tenant_id, "individual": individual_id, "trace": trace_number},
        row=Movement,
    )


def take_effect(
    tx: Tx,
    of: Movement,
    effect: Effect,
    *,
    attempt_id: str | None = None,
    funding_attempt_id: str | None = None,
    funding_event_id: str | None = None,
    deposit_id: str | None = None,
) -> Standing:
    """Write down what a movement came to, once; the case that it was ends."""
    came = Effected(of, effect, attempt_id, funding_attempt_id, funding_event_id, deposit_id)
    return take_effects(tx, [came])[0]


@dataclass(frozen=True, slots=True)
class Effected:
    """What a movement came to, and of what."""

    of: Movement
    effect: Effect
    attempt_id: str | None = None
    funding_attempt_id: str | None = None
    funding_event_id: str | None = None
    deposit_id: str | None = None


def take_effects(tx: Tx, came: Sequence[Effected]) -> list[Standing]:
    """Write down what movements came to, each once; the cases that they were end."""
    if not came:
        return []
    tx.run(
        """
        INSERT INTO payments.movement_effects
               (tenant_id, movement_id, effect, attempt_id, funding_attempt_id, funding_event_id, deposit_id, applied_at)
        SELECT %(tenant)s, c.movement, c.effect, c.attempt, c.debit, c.event, c.deposit, %(now)s
          FROM unnest(%(movements)s::text[], %(effects)s::text[], %(attempts)s::text[], %(debits)s::text[],
                      %(events)s::text[], %(deposits)s::text[])
               AS c (movement, effect, attempt, debit, event, deposit)
            ON CONFLICT (tenant_id, movement_id) DO NOTHING
        """,
        {
            "tenant": tx.tenant_id,
            "now": tx.now(),
            "movements": arrays.texts([one.of.id for one in came]),
            "effects": arrays.texts([one.effect for one in came]),
            "attempts": arrays.texts([one.attempt_id for one in came]),
            "debits": arrays.texts([one.funding_attempt_id for one in came]),
            "events": arrays.texts([one.funding_event_id for one in came]),
            "deposits": arrays.texts([one.deposit_id for one in came]),
        },
    )
    for effect in sorted({one.effect for one in came}):
        keys = [_key(one.of) for one in came if one.effect == effect]
        cases.end_answered(tx, keys=keys, resolution=f"what it is about was told, and it is {effect}")
    return [one.effect for one in came]


Left = Literal["waiting", "unmatched", "differing"]


def leave(tx: Tx, of: Movement, standing: Left, why: str) -> Standing:
    """Move nothing, and make it somebody's case, once."""
    leave_all(tx, [(of, standing, why)])
    return standing


def leave_all(tx: Tx, left: Sequence[tuple[Movement, Left, str]]) -> None:
    """Move nothing of these, and make each somebody's case, once."""
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=_key(of),
                category=_CATEGORY[standing],
                subcategory=of.status,
                ingestion_id=of.record_id,
                detail={
                    "movement_id": of.id,
                    "provider": of.provider,
                    "external_trace_id": of.external_trace_id,
                    "direction": of.direction,
                    "amount_minor": of.amount_minor,
                    "currency": of.currency,
                    "return_code": of.return_code,
                    "effective_on": of.effective_on.isoformat(),
                    "why": why,
                    "next": _NEXT[_CATEGORY[standing]],
                },
            )
            for of, standing, why in left
        ],
    )


def _key(of: Movement) -> str:
    return f"movement:{of.id}"


def _says(one: ProviderSettlement) -> tuple[object, ...]:
    return one.direction, one.status, one.amount, one.return_code


def _said(one: Movement | None) -> tuple[object, ...]:
    return (one.direction, one.status, one.amount, one.return_code) if one else ()


def _open_contradictions(
    tx: Tx, provider: str, odd: Sequence[ProviderSettlement], known: Mapping[str, Movement]
) -> None:
    """What a provider says otherwise than before, or of no money at all, for a person."""
    new = []
    for one in odd:
        before = known.get(one.external_trace_id)
        said = f"{provider}\0{one.external_trace_id}\0{_says(one)}"
        new.append(
            cases.NewCase(
                key=f"movement_differs:{hashlib.sha256(said.encode()).hexdigest()[:40]}",
                category="movement_differs",
                detail={
                    "provider": provider,
                    "external_trace_id": one.external_trace_id,
                    "movement_id": before.id if before else None,
                    "said_minor": before.amount_minor if before else None,
                    "says_minor": one.amount.minor,
                    "currency": one.amount.currency,
                    "said": before.status if before else None,
                    "says": one.status,
                    "next": _NEXT["movement_differs"],
                },
            )
        )
    cases.open_cases(tx, new)
