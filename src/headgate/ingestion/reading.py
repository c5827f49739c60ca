"""Read an artifact: parse its bytes, keep what is good, name what is not."""

from __future__ import annotations

from headgate import audit, cases
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ingestion import artifacts, asking, mappings, queries, readings
from headgate.ingestion.errors import AlreadyRead, UnknownParser, WrongKind
from headgate.ingestion.made import Made
from headgate.ingestion.model import Artifact, Reading
from headgate.ingestion.parsers import all_parsers, detect


def read(tx: Tx, artifact_id: str, *, parser: str | None = None) -> Reading | Refused:
    """Parse an artifact with the parser named, or the one surest of its bytes, and store what it gave.

    Good records are stored although others are broken; faults are stored, and open one case. Read already: the reading
    that stands. Bytes that no parser knows (or of another kind than the sender said) are refused with a case; they
    stay. Raises NoSuchArtifact, UnknownParser, WrongKind (it holds rates), AlreadyRead (by another parser than the one
    named), BodyDiffers.
    """
    if parser is not None and parser not in all_parsers():
        raise UnknownParser(
            f"there is no parser {parser[:40]}; there are {', '.join(sorted(all_parsers()))}", parser=parser[:40]
        )
    artifact = readings.lock(tx, artifact_id)
    if artifact.kind == artifacts.RATES:
        raise WrongKind(f"{artifact.id} holds exchange rates, which the job fx_rates_daily reads", kind=artifact.kind)
    if artifact.status == "read":
        return _standing(tx, artifact, parser)
    data = artifacts.body(tx, artifact_id)
    chosen = all_parsers()[parser] if parser is not None else detect(data)
    saved = mappings.saved_for(tx, source=artifact.source, data=data, parser=chosen)
    if chosen is None and saved is not None:
        chosen = all_parsers()[saved.parser]
    if chosen is None or artifact.kind not in (artifacts.UNKNOWN_KIND, chosen.kind):
        return _unread(tx, artifact, asking.refuse_unknown(tx, artifact, chosen))
    parsed = chosen.parse(data) if saved is None else chosen.parse_mapped(data, saved.read)
    if saved is None and chosen.read_mapped is not None and asking.only_asks(parsed):
        return _unread(tx, artifact, asking.ask(tx, artifact, chosen, parsed))
    readings.take(tx, [Made.of(artifact, chosen, parsed, data)])
    if artifact.status == "unreadable":  # Only then was a person asked; what is read at once pays nothing for it.
        cases.end_answered(tx, keys=asking.keys_of(artifact.id), resolution=f"it was read by {chosen.name}")
    found = queries.reading_of(tx, artifact.id)
    assert found is not None, "its reading was inserted above"
    return found


def _standing(tx: Tx, artifact: Artifact, parser: str | None) -> Reading:
    standing = queries.reading_of(tx, artifact.id)
    assert standing is not None, "an artifact is called read when a reading of it stands"
    if parser is not None and parser != standing.parser:
        raise AlreadyRead(
            f"{artifact.id} was read by {standing.parser} already", artifact_id=artifact.id, parser=standing.parser
        )
    return standing


def _unread(tx: Tx, artifact: Artifact, refused: Refused) -> Refused:
    """It was not read: its case is named in what is refused."""
    if artifact.status == "received":
        tx.run(
            "UPDATE ingestion.artifacts SET status = 'unreadable' WHERE tenant_id = %(tenant)s AND id = %(id)s",
            {"tenant": tx.tenant_id, "id": artifact.id},
        )
        audit.record(
            tx,
            type="ingestion.artifact.unreadable",
            data={"artifact_id": artifact.id, "case_id": refused.facts["case_id"]},
            ingestion_id=artifact.id,
        )
    return refused
