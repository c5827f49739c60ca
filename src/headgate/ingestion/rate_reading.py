"""Read a source of exchange rates: call it, keep the bytes, record the rates; what goes wrong becomes a case.

The call is made outside of any transaction. The bytes are kept before they are read, sealed, as an artifact of the kind
`rates`, and the same bytes again are the same artifact. A rate that the source gave before is not recorded twice, so
reading twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg.types.json import Jsonb

from headgate import audit, cases, ledger
from headgate.core import egress, ids
from headgate.core.db import Tx
from headgate.core.errors import HeadgateError, Unavailable
from headgate.ingestion.artifacts import RATES, receive
from headgate.ingestion.model import Artifact
from headgate.ingestion.queries import reading_of
from headgate.ingestion.rate_formats import RateFormat, all_formats
from headgate.ingestion.rate_sources import RateSource, get_rate_source, list_rate_sources, url_of
from headgate.jobs import Outside
from headgate.ledger import RateFault

BYTES_MAX: Final = 8 * 2**20
"""The European Central Bank's whole history since 1999 is 7 MB."""
FAULTS_IN_CASE: Final = 20
MESSAGE_MAX: Final = 300


class RatesUnread(Unavailable):
    """A source of exchange rates could not be read; it is tried again."""

    code = "ingestion.rates_unread"


class SourceFailed(HeadgateError):
    """A source of exchange rates gave nothing that can be read, and would not if it was asked again."""

    code = "ingestion.rate_source_failed"
    status = 422


@dataclass(frozen=True, slots=True)
class RateReading:
    """What one try gave: the bytes that came and how many rates were new or known, or why it failed."""

    name: str
    artifact_id: str | None
    recorded: int
    known: int
    faults: int
    failure: str | None
    may_pass: bool = False


def read_rates_daily(outside: Outside, *, client: egress.Client | None = None) -> str | None:
    """Read every source of a tenant, once; says what came. Raises RatesUnread where trying again may help."""
    with outside.begin() as tx:
        names = [source.name for source in list_rate_sources(tx)]
    if not names:
        return None
    done = [read_rates(outside, name, client=client) for name in names]
    told = "; ".join(_told(one) for one in done)
    if any(one.may_pass for one in done):
        raise RatesUnread(told)
    return told


def read_rates(outside: Outside, name: str, *, client: egress.Client | None = None) -> RateReading:
    """Read one source now. A failure is an answer, recorded, and a case of the day. Raises NoSuchRateSource."""
    with outside.begin() as tx:
        source, url = get_rate_source(tx, name), url_of(tx, name)
        client = client or egress.Client.from_config(tx.config, size_max_bytes=BYTES_MAX)
    try:
        data = _call(client, url)
    except HeadgateError as error:
        with outside.begin() as tx:
            return _failed(tx, source, error.message, may_pass=error.retryable)
    with outside.begin() as tx:
        # The format is part of where it came from: under another one the same bytes are read anew.
        came_from = f"rates.{name}.{source.format}"
        artifact = receive(tx, source=came_from, kind=RATES, filename=f"{name}.{source.format}", data=data)
    # A transaction of its own: the bytes stay whatever becomes of reading them.
    with outside.begin() as tx:
        return _read(tx, source, artifact, data)


def _call(client: egress.Client, url: str) -> bytes:
    answer = client.request("GET", url)
    if answer.status >= 500 or answer.status in (408, 425, 429):
        raise RatesUnread(f"the source answered with {answer.status}")
    if 300 <= answer.status < 400:
        raise SourceFailed(f"the source answered with {answer.status}: name the address that it redirects to")
    if answer.status != 200:
        raise SourceFailed(f"the source answered with {answer.status}")
    if not answer.body:
        raise RatesUnread("the source answered with nothing")
    return answer.body


def _read(tx: Tx, source: RateSource, artifact: Artifact, data: bytes) -> RateReading:
    """Record what the bytes say. Bytes that were read before say nothing new."""
    tx.run(
        "SELECT FROM ingestion.artifacts WHERE tenant_id = %(tenant)s AND id = %(id)s FOR UPDATE",
        {"tenant": tx.tenant_id, "id": artifact.id},
    )
    standing = reading_of(tx, artifact.id)
    if standing is not None:
        known = sum(standing.proof.values())
        if not known:
            return _failed(tx, source, "the same bytes as before, which hold no rate", artifact_id=artifact.id)
        return _noted(tx, RateReading(source.name, artifact.id, 0, known, standing.faults, None))
    format = all_formats()[source.format]
    converted = format.convert(data)
    taken = ledger.import_rates(tx, converted.csv)
    lines = converted.lines
    faults = [
        *converted.faults,
        *(RateFault(one.line if lines is None else lines[one.line - 2], one.message) for one in taken.faults),
    ]
    _store(tx, artifact, format, taken, faults)
    if not taken.recorded and not taken.known:
        return _failed(
            tx, source, "; ".join(f"line {one.line}: {one.message}" for one in faults[:3]), artifact_id=artifact.id
        )
    return _noted(tx, RateReading(source.name, artifact.id, taken.recorded, taken.known, len(faults), None))


def _store(
    tx: Tx, artifact: Artifact, format: RateFormat, taken: ledger.RateImport, faults: Sequence[RateFault]
) -> None:
    """The reading of the artifact, with its faults; one case names them."""
    reading_id = ids.new("rdg")
    facts = {"tenant": tx.tenant_id, "artifact": artifact.id, "reading": reading_id}
    tx.run(
        """
        INSERT INTO ingestion.readings (tenant_id, id, artifact_id, parser, kind, records, duplicates, faults, proof)
        VALUES (%(tenant)s, %(reading)s, %(artifact)s, %(parser)s, 'rates', 0, 0, %(faults)s, %(proof)s)
        """,
        facts
        | {
            "parser": format.name,
            "faults": len(faults),
            "proof": Jsonb({"rates_recorded": taken.recorded, "rates_known": taken.known}),
        },
    )
    tx.run(
        """
        INSERT INTO ingestion.faults (tenant_id, artifact_id, reading_id, line, position, field, rule, level, message)
        SELECT %(tenant)s, %(artifact)s, %(reading)s, f.line, 0, '', 'rates.line', 'E', f.message
          FROM unnest(%(lines)s::int[], %(messages)s::text[]) AS f (line, message)
        """,
        facts | {"lines": [one.line for one in faults], "messages": [one.message[:MESSAGE_MAX] for one in faults]},
    )
    tx.run("UPDATE ingestion.artifacts SET status = 'read' WHERE tenant_id = %(tenant)s AND id = %(artifact)s", facts)
    audit.record(
        tx,
        type="ingestion.rates.read",
        data={
            "artifact_id": artifact.id,
            "format": format.name,
            "recorded": taken.recorded,
            "known": taken.known,
            "faults": len(faults),
        },
        ingestion_id=artifact.id,
    )
    if faults:
        cases.open_case(
            tx,
            key=f"ingestion:{artifact.id}:faults",
            category="file_fault",
            subcategory=RATES,
            ingestion_id=artifact.id,
            detail={
                "artifact_id": artifact.id,
                "parser": format.name,
                "faults": len(faults),
                "first": [{"line": one.line, "message": one.message[:MESSAGE_MAX]} for one in faults[:FAULTS_IN_CASE]],
            },
        )


def _failed(
    tx: Tx, source: RateSource, reason: str, *, may_pass: bool = False, artifact_id: str | None = None
) -> RateReading:
    """A try that gave nothing, with one case a day and source."""
    reason = reason[:MESSAGE_MAX]
    cases.open_case(
        tx,
        key=f"ingestion:rates:{source.name}:{tx.now().date()}",
        category="rates_unread",
        subcategory=source.name,
        ingestion_id=artifact_id,
        detail={"source": source.name, "url": source.url, "format": source.format, "reason": reason},
    )
    audit.record(tx, type="ingestion.rates.unread", data={"name": source.name, "reason": reason})
    return _noted(tx, RateReading(source.name, artifact_id, 0, 0, 0, reason, may_pass))


def _noted(tx: Tx, done: RateReading) -> RateReading:
    tx.run(
        """
        INSERT INTO ingestion.rate_readings (tenant_id, id, name, artifact_id, recorded, known, faults, failure)
        VALUES (%(tenant)s, %(id)s, %(name)s, %(artifact)s, %(recorded)s, %(known)s, %(faults)s, %(failure)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("rrd"),
            "name": done.name,
            "artifact": done.artifact_id,
            "recorded": done.recorded,
            "known": done.known,
            "faults": done.faults,
            "failure": done.failure,
        },
    )
    return done


def _told(done: RateReading) -> str:
    if done.failure is not None:
        return f"{done.name}: {done.failure}"
    return f"{done.name}: {done.recorded} new, {done.known} known" + (f", {done.faults} faults" if done.faults else "")
