"""Payment envelopes, as a webhook or a file carries them: headgate.payments.v1 and loanserve.payments.v1, one or one a line.

    {"schema": "headgate.payments.v1", "message_id": "msg_1", "source": {"channel": "ach", "provider": "column", …}, …}

Each gives a record of what it says came in; what fails its schema is a fault with the member that is wrong. The envelope
itself goes on to `ingest_payments` as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from headgate.ingestion.envelopes import normalised
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._amounts import day
from headgate.ingestion.parsers._building import money, settlement
from headgate.ingestion.parsers._json_values import values
from headgate.ingestion.records import Fault, Item, SettlementRecord

NAME: Final = "envelope_v1"
_SCHEMA: Final = re.compile(rb'"schema"\s*:\s*"(?:headgate|loanserve)\.payments\.v1"')


def sniff(data: bytes) -> float:
    """JSON that says that it follows the schema of a payment."""
    head = data[:65_536]
    if head[:16].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"["):
        return 0.0
    return 0.97 if _SCHEMA.search(head) else 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every envelope that follows its schema, and a fault for every other."""
    found = False
    for one in values(stream, "envelope"):
        found = True
        yield one if isinstance(one, Fault) else _payment(*one)
    if not found:
        yield Fault(1, 0, "", "envelope.empty", "line 1: no envelope; send it again")


def _payment(line: int, document: Any) -> SettlementRecord | Fault:
    envelope = normalised(document)
    if isinstance(envelope, list):
        wrong = envelope[0]
        where = re.sub(r"[^A-Za-z0-9_.]", "", wrong.path)[:60]
        return Fault(
            line, 0, where, f"envelope.{wrong.rule}", f"line {line}: {where or 'the document'} {wrong.message}"
        )
    source, paid, external = envelope["source"], envelope["payment"], envelope["external"]
    transfer = external["column_transfer_id"] or external["psp_id"] or ""
    amount, currency, on = paid["amount_minor"], paid["currency"], day(paid["value_date"])
    return settlement(
        line, f"{source['provider']}:{transfer}" if transfer else None, _name(source["provider"]), "payment", "settled",
        source["channel"], "credit", money(amount, currency), money(0, currency), money(amount, currency),
        day(envelope["occurred_at"][:10]), on, paid["reference"], source["batch_id"] or "", transfer, "",
        envelope["borrower"]["loan_id"] or "", "",
    )  # fmt: skip


def _name(provider: str) -> str:
    """A provider as records name it: `Column N.A.` is column_n_a."""
    written = re.sub(r"[^a-z0-9]+", "_", provider.lower()).strip("_")
    return written if written[:1].isalpha() else f"provider_{written}".rstrip("_")


PARSER = streaming(name=NAME, kind="settlement", title="Payment envelopes", sniff=sniff, read=read, has_marks=True)
