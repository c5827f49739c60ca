"""Money of loans that goes back: what evidence tells of it becomes a message, once.

A record of a source of loan payments (payment_sources.py) that says that one of them came back, and an event in which a bank asks
for one, is told as `saga.payment.return`, with what it calls the original. Whose payment that is, whether it is here yet, and what
its code makes us do is for servicing.

    a provider's event      whose status is returned, of money that had come to us
    an entry of a return file   of a debit of ours
    a line of a statement   that takes a returned item from the account
    a request for a wire back   which moves nothing, and which no parser makes a record of
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final, Literal, Self

from headgate import messaging, rails
from headgate.core.db import Tx
from headgate.ingestion import identifiers
from headgate.ingestion.model import Artifact, StoredRecord
from headgate.ingestion.normalise import RETURN_ENTRY, SETTLEMENT_EVENT, STATEMENT_LINE

TOPIC: Final = "saga.payment.return"
SCHEMA: Final = f"{TOPIC}.v1"
_OWN: Final = ("payout", "transfer", "withdraw")
"""What a processor calls what it pays out to us: that it fails is no return of a borrower's money."""
_UNPAID_CHECKS: Final = frozenset({"555", "UPCQ", "CQRV"})
"""Type codes of a cheque that we deposited and that was not paid; its booking only says that it is a cheque."""
_BANKS_DISAGREE: Final = ("return_dishonored", "return_contested")
_CODE: Final = re.compile(r"(?<![0-9A-Za-z])R[0-9]{2}(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class Returned:
    """A loan's payment that came back (`return`, `dispute`) or is asked back (`recall`), as a source tells it.

    `external_id` is the telling's own identity. `identifiers` are those of the original, as identifiers.py writes them.
    `is_disputed`: the banks disagree on the return. `is_certain` is False where the source brings other money too.
    """

    source: str
    external_id: str
    kind: Literal["return", "recall", "dispute"]
    code: str
    amount_minor: int | None
    currency: str | None
    returned_on: date
    identifiers: tuple[str, ...]
    artifact_id: str
    record_id: str | None
    is_disputed: bool = False
    is_certain: bool = True

    @classmethod
    def of_payload(cls, payload: Mapping[str, Any]) -> Self:
        """As a message carries it."""
        facts = {name: value for name, value in payload.items() if name != "schema"}
        return cls(
            **facts
            | {
                "returned_on": date.fromisoformat(payload["returned_on"]),
                "identifiers": tuple(payload["identifiers"]),
            }
        )


def is_returned(record: StoredRecord) -> bool:
    """Whether it tells that money which had come to us went back."""
    details = record.details
    if record.kind == RETURN_ENTRY:
        return record.direction == "debit" and record.amount_minor > 0
    if record.kind == STATEMENT_LINE:
        booking, word = details["booking"], str(details["type_code"]).upper().replace("/", "-").rpartition("-")[2]
        return record.direction == "debit" and (booking == "ach_return" or word in _UNPAID_CHECKS)
    if record.kind != SETTLEMENT_EVENT or details["status"] != "returned":
        return False
    if record.parser.startswith("column"):
        return record.direction == "credit"
    return not any(word in details["kind"].lower() for word in _OWN)


def of_record(
    artifact: Artifact, record: StoredRecord, private: Mapping[str, Any], *, is_certain: bool = True
) -> Returned:
    """What a record for which `is_returned` holds tells."""
    details, kind = record.details, str(record.details.get("kind", ""))
    if record.kind == RETURN_ENTRY:
        words = identifiers.in_text(details["original_trace"])
        code, is_disputed = details["return_code"], kind != "return"
    elif record.kind == STATEMENT_LINE:
        words = identifiers.of_line(record, private)
        code, is_disputed = _code_in(private.get("text")), False
    else:
        words = identifiers.transfer(record.reference) | identifiers.in_text(details.get("external_trace_id"))
        code, is_disputed = details["return_code"] or _word_of(kind), kind.rpartition(".")[2] in _BANKS_DISAGREE
    return Returned(
        source=artifact.source,
        external_id=record.identity,
        kind="dispute" if code == "chargeback" else "return",
        code=code,
        amount_minor=record.amount_minor,
        currency=record.currency,
        returned_on=record.value_on or record.booked_on or artifact.received_at.date(),
        identifiers=tuple(sorted(words)),
        artifact_id=artifact.id,
        record_id=record.id,
        is_disputed=is_disputed,
        is_certain=is_certain,
    )


def recalls(artifact: Artifact, body: bytes) -> Iterator[Returned]:
    """What Column's events ask back of what came in; each transfer once, whatever becomes of the request."""
    for event in rails.column.read_events(body):
        if "return_request" in event.request and "outgoing" not in event.type and event.about:
            yield Returned(
                source=artifact.source,
                external_id=f"recall:{event.about}",
                kind="recall",
                code="recall",
                amount_minor=None,
                currency=None,
                returned_on=(event.created_at or artifact.received_at).date(),
                identifiers=tuple(identifiers.transfer(event.about)),
                artifact_id=artifact.id,
                record_id=None,
            )


def tell(tx: Tx, found: Sequence[Returned]) -> None:
    """Tell them, each once however often it is read."""
    messaging.publish_many(tx, [message(one) for one in found])


def message(one: Returned) -> messaging.Outgoing:
    """What tells of it; published again, it changes nothing."""
    return messaging.Outgoing(
        event_type=TOPIC,
        aggregate_type="artifact",
        aggregate_id=one.artifact_id,
        payload={"schema": SCHEMA, **asdict(one), "returned_on": one.returned_on.isoformat()},
        dedupe_key=f"{TOPIC}:{one.source}:{one.external_id}",
    )


def _code_in(text: str | None) -> str:
    """The return code that a bank's text names; '' where it names none, or two."""
    found = {word for word in _CODE.findall((text or "").upper()) if word in rails.return_codes()}
    return found.pop() if len(found) == 1 else ""


def _word_of(kind: str) -> str:
    return "chargeback" if "chargeback" in kind.lower() else ""
