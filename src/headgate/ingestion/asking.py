"""What is not read: bytes that nobody knows, and a table of which a person must first say what its columns mean."""

from __future__ import annotations

from headgate import cases
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ingestion.artifacts import UNKNOWN_KIND
from headgate.ingestion.model import Artifact
from headgate.ingestion.parsers import Parser, all_parsers
from headgate.ingestion.records import Parsed


def keys_of(artifact_id: str) -> list[str]:
    """The keys of the cases that ask about an artifact; a reading of it answers them."""
    return [_mapping_key(artifact_id), _unknown_key(artifact_id)]


def _mapping_key(artifact_id: str) -> str:
    return f"ingestion:{artifact_id}:mapping"


def _unknown_key(artifact_id: str) -> str:
    return f"ingestion:{artifact_id}:unknown"


def only_asks(parsed: Parsed) -> bool:
    """Whether nothing was read, and every fault is a question."""
    return not parsed.records and bool(parsed.faults) and all(one.rule.endswith(".ask") for one in parsed.faults)


def ask(tx: Tx, artifact: Artifact, parser: Parser, parsed: Parsed) -> Refused:
    """Open the case that asks; what is told to who sent it."""
    questions = [{"field": one.field, "message": one.message} for one in parsed.faults]
    case = cases.open_case(
        tx,
        key=_mapping_key(artifact.id),
        category="unknown_file",
        subcategory="mapping_needed",
        ingestion_id=artifact.id,
        detail={"artifact_id": artifact.id, "parser": parser.name, "questions": questions},
    )
    return Refused(
        "ingestion.mapping_needed",
        f"the columns of the table leave something open: {questions[0]['message']}; its bytes are kept, and case {case.id} "
        "asks for a mapping",
        {"artifact_id": artifact.id, "case_id": case.id, "questions": questions},
    )


def refuse_unknown(tx: Tx, artifact: Artifact, parser: Parser | None) -> Refused:
    """Bytes that no parser knows, or of another kind than the sender said: a case asks what they are."""
    looks = f"looks like {parser.title} ({parser.kind})" if parser else "is of no format that a parser knows"
    case = cases.open_case(
        tx,
        key=_unknown_key(artifact.id),
        category=category_of(artifact, "unknown_file"),
        ingestion_id=artifact.id,
        detail={"artifact_id": artifact.id, "said": artifact.kind, "looks_like": parser.name if parser else None},
    )
    said = "" if artifact.kind == UNKNOWN_KIND else f" and was sent as {artifact.kind}"
    return Refused(
        "ingestion.unknown_kind",
        f"the file {looks}{said}: its bytes are kept, and case {case.id} asks what it is; "
        "name a parser to read it nevertheless",
        {"artifact_id": artifact.id, "case_id": case.id, "parsers": sorted(all_parsers())},
    )


def category_of(artifact: Artifact, usual: str) -> str:
    """What a person is asked of an artifact of which nothing could be read; a webhook has no sender who could be told."""
    return "parse_error" if artifact.type == "webhook_body" else usual
