"""The daily settlement pull: every provider is asked what moved on a day, and what it says takes effect once.

    pulled = pull(jobs.Outside(database, tenant_id, actor), on=day)

Providers are asked with no transaction open; what each says is written down and committed before anything follows from it
(`movements`). The bank's files that ingestion has read are another source: whatever of them was not told to funding and
payments yet is told now. A provider that is silent is reported, the others go on, and the next run asks it again. Pulled
again, a day changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Final

import psycopg

from headgate import cases, ingestion, rails
from headgate.core import ids, log
from headgate.core.db import Tx
from headgate.core.errors import HeadgateError
from headgate.jobs import Outside
from headgate.payments.orders.givebacks import take_in
from headgate.payments.orders.providers import providers_of
from headgate.payments.outcomes import movements
from headgate.payments.outcomes import payouts as payout_outcomes
from headgate.payments.outcomes.movements import ZONE, Movement, MovementEffects
from headgate.payments.settlement.telling import still_to_tell, tell

FILES: Final = "files"
"""The source that is no provider: the bank's files, as ingestion has read them."""

LOOK_BACK_DAYS: Final = 10
"""The daily run asks again for days of which no provider's answer came after they were over, so far back."""

BATCH: Final = 200
"""Payments whose outcomes are recorded in one transaction."""

OPEN_MAX: Final = 20_000
"""Movements that are judged in one pull; the next goes on."""

_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What one source said of the day. `new` movements or lines were not known before; `why` it was silent."""

    source: str
    has_answered: bool
    told: int = 0
    new: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull of one day: what each source said, and what came of it. `failed` movements are tried again at the next."""

    on: date
    sources: tuple[SourceAnswer, ...]
    effects: MovementEffects
    failed: int = 0

    @property
    def silent(self) -> tuple[str, ...]:
        """The sources that did not answer."""
        return tuple(one.source for one in self.sources if not one.has_answered)

    @property
    def is_changed(self) -> bool:
        """Whether anything was new, or took effect only now."""
        return any(one.new for one in self.sources) or self.effects.applied > 0


def pull(outside: Outside, *, on: date, providers: Mapping[str, rails.Provider] | None = None) -> Pull:
    """Ask the tenant's providers, or those given, what moved on a day, and let it take effect. No transaction may be open."""
    asked = providers_of(outside.database, outside.tenant_id) if providers is None else providers
    sources = _read_files(outside, _files(outside, on, on)) or [SourceAnswer(FILES, True)]
    sources += [_ask(outside, provider, on) for _, provider in sorted(asked.items())]
    effects, failed = _apply_open(outside)
    return Pull(on, tuple(sources), effects, failed)


def pull_daily(outside: Outside) -> str | None:
    """Pull today, and every day lately whose provider has not answered since it was over; what was new, in a line.

    The job `settlement_daily`. Of the bank's files of all these days, since a statement may come late, those are told whose
    telling could come to something; a quiet day asks no more however many files came before.
    """
    asked = providers_of(outside.database, outside.tenant_id)
    with outside.begin() as tx:
        today = tx.now().astimezone(ZONE).date()
        days = {name: _unanswered(tx, provider.name, today) for name, provider in asked.items()}
    found = _files(outside, today - timedelta(days=LOOK_BACK_DAYS), today)
    with outside.begin() as tx:
        untold = still_to_tell(tx, {artifact.id: on for on, artifact in found})
    sources = _read_files(outside, [(on, artifact) for on, artifact in found if artifact.id in untold])
    for number in range(LOOK_BACK_DAYS, -1, -1):
        on = today - timedelta(days=number)
        sources += [_ask(outside, provider, on) for name, provider in sorted(asked.items()) if on in days[name]]
    effects, failed = _apply_open(outside)
    done = Pull(today, tuple(sources), effects, failed)
    return "; ".join(sentences(done)) if done.is_changed or done.silent or failed else None


def sentences(of: Pull) -> list[str]:
    """What a pull did, for a person: who was silent, what was new, what moved nothing."""
    said = [f"{name} did not answer" for name in dict.fromkeys(of.silent)]
    said += [f"{one.new} new of {one.told} from {one.source}" for one in of.sources if one.new]
    words = {
        "settled": "settled", "returned": "came back", "rejected": "were refused", "deposited": "became deposits",
        "known": "were known by other evidence", "waiting": "wait for what they are about",
        "unmatched": "match nothing of ours, and are cases", "differing": "differ from what was sent, and are cases",
    }  # fmt: skip
    said += [f"{count} {text}" for name, text in words.items() if (count := getattr(of.effects, name))]
    if of.failed:
        said.append(f"{of.failed} could not be recorded, and are tried again")
    if not of.is_changed:
        said.append("nothing new")
    return said


def _unanswered(tx: Tx, provider: str, today: date) -> set[date]:
    """The days, today among them, of which the provider said nothing since they were over."""
    answered = tx.all(
        """
        SELECT pulled_for, max(pulled_at) AS pulled_at FROM payments.pulls
         WHERE tenant_id = %(tenant)s AND provider = %(provider)s AND has_answered
           AND pulled_for >= %(first)s
         GROUP BY pulled_for
        """,
        {"tenant": tx.tenant_id, "provider": provider, "first": today - timedelta(days=LOOK_BACK_DAYS)},
    )
    whole = {row["pulled_for"] for row in answered if row["pulled_at"].astimezone(ZONE).date() > row["pulled_for"]}
    return {today - timedelta(days=number) for number in range(LOOK_BACK_DAYS + 1)} - whole


def _ask(outside: Outside, provider: rails.Provider, on: date) -> SourceAnswer:
    """Ask one provider, and write down what it says before anything follows from it."""
    try:
        said = provider.reconcile(on)
    except (HeadgateError, OSError) as error:
        why = error.message if isinstance(error, HeadgateError) else f"{type(error).__name__}: {error.strerror}"
        _LOG.warning("a provider did not answer", extra={"provider": provider.name, "on": str(on), "why": why})
        return _silent(outside, provider.name, on, why)
    try:
        with outside.begin() as tx:
            told = movements.tell(tx, provider.name, said)
            answer = SourceAnswer(provider.name, True, len(said), len(told.new))
            _write_down(tx, answer, on)
            cases.end_answered(tx, keys=[_silence(provider.name, on)], resolution="it answered when it was asked again")
    except psycopg.DataError:
        return _silent(
            outside, provider.name, on, "its answer cannot be kept: it holds what no text or amount may hold"
        )
    return answer


def _silent(outside: Outside, provider: str, on: date, why: str) -> SourceAnswer:
    answer = SourceAnswer(provider, False, why=why)
    with outside.begin() as tx:
        _write_down(tx, answer, on)
        cases.open_case(
            tx,
            key=_silence(provider, on),
            category="provider_silent",
            detail={"provider": provider, "on": on.isoformat(), "why": why, "next": "it is asked again daily"},
        )
    return answer


def _silence(provider: str, on: date) -> str:
    return f"provider_silent:{provider}:{on.isoformat()}"


def _files(outside: Outside, first: date, last: date) -> list[tuple[date, ingestion.Artifact]]:
    with outside.begin() as tx:
        return ingestion.settlement_artifacts(tx, first=first, last=last)


def _read_files(outside: Outside, files: Sequence[tuple[date, ingestion.Artifact]]) -> list[SourceAnswer]:
    """Tell funding and payments what these statements and return files say, and what was new of each day."""
    return [_read_day(outside, on, [one for _, one in group]) for on, group in groupby(files, key=itemgetter(0))]


def _read_day(outside: Outside, on: date, artifacts: Sequence[ingestion.Artifact]) -> SourceAnswer:
    new, failed = 0, []
    for artifact in artifacts:
        try:
            with outside.begin() as tx:
                new += tell(tx, artifact.id, artifact.kind).is_news
        except HeadgateError as error:
            _LOG.error("a file could not be recorded", exc_info=error, extra={"artifact_id": artifact.id})
            failed.append(f"{artifact.filename}: {error.message}")
    answer = SourceAnswer(FILES, not failed, len(artifacts), min(new, len(artifacts)), "; ".join(failed))
    if new or failed:
        with outside.begin() as tx:
            _write_down(tx, answer, on)
    return answer


def _write_down(tx: Tx, answer: SourceAnswer, on: date) -> None:
    tx.run(
        """
        INSERT INTO payments.pulls
               (tenant_id, id, provider, pulled_for, has_answered, movement_count, new_count, why, pulled_at)
        VALUES (%(tenant)s, %(id)s, %(provider)s, %(on)s, %(answered)s, %(told)s, %(new)s, %(why)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("pul"),
            "provider": answer.source,
            "on": on,
            "answered": answer.has_answered,
            "told": answer.told if answer.has_answered else 0,
            "new": answer.new if answer.has_answered else 0,
            "why": answer.why,
            "now": tx.now(),
        },
    )


def _apply_open(outside: Outside) -> tuple[MovementEffects, int]:
    """Judge every movement that came to nothing yet; what came of them, and how many could not be recorded."""
    with outside.begin() as tx:
        waiting = movements.open_movements(tx, limit=OPEN_MAX)
        today = tx.now().astimezone(ZONE).date()
    effects, failed = MovementEffects(), 0
    for part in _parts(waiting):
        came, unrecorded = _apply(outside, part, today)
        effects, failed = effects + came, failed + unrecorded
    return effects, failed


def _parts(of: Sequence[Movement]) -> list[Sequence[Movement]]:
    """Payments of ours together, in their order; money towards us one by one, since each locks its request."""
    out = [one for one in of if one.direction == "credit"]
    parts: list[Sequence[Movement]] = [out[at : at + BATCH] for at in range(0, len(out), BATCH)]
    return parts + [[one] for one in of if one.direction == "debit"]


def _apply(outside: Outside, part: Sequence[Movement], today: date) -> tuple[MovementEffects, int]:
    try:
        with outside.begin() as tx:
            return MovementEffects.of([standing for one in _judge(tx, part, today) for standing in one]), 0
    except HeadgateError as error:
        if len(part) > 1:
            halves = [_apply(outside, [one], today) for one in part]
            return sum((came for came, _ in halves), MovementEffects()), sum(unrecorded for _, unrecorded in halves)
        _LOG.error("a movement could not be recorded", exc_info=error, extra={"movement_id": part[0].id})
        with outside.begin() as tx:
            movements.leave(tx, part[0], "waiting", error.message)
        return MovementEffects(), 1


def _judge(tx: Tx, part: Sequence[Movement], today: date) -> list[list[movements.Standing]]:
    early = [one for one in part if one.effective_on > today]
    due = [one for one in part if one.effective_on <= today]
    if part[0].direction == "credit":
        found = payout_outcomes.apply_all(tx, due)
    else:
        found = [take_in(tx, one) for one in due]
    return [found, [movements.leave(tx, one, "waiting", "its day is still to come") for one in early]]
