"""The messages that are known, by their names: the element that each one is, and its table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from headgate.rails.iso20022 import payment_tables, request_tables
from headgate.rails.iso20022.spec import Part

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:"


@dataclass(frozen=True, slots=True)
class MessageKind:
    """One kind of message: `version` is what we write, and what the table was made for."""

    kind: str
    version: str
    title: str
    table: Part


MESSAGE_KINDS: Mapping[str, MessageKind] = MappingProxyType(
    {
        known.kind: known
        for known in (
            MessageKind("pacs.008", "pacs.008.001.08", "customer credit transfer", payment_tables.CREDIT_TRANSFER),
            MessageKind("pacs.002", "pacs.002.001.10", "payment status report", payment_tables.STATUS_REPORT),
            MessageKind("pacs.004", "pacs.004.001.10", "payment return", payment_tables.PAYMENT_RETURN),
            MessageKind("pacs.028", "pacs.028.001.03", "payment status request", payment_tables.STATUS_REQUEST),
            MessageKind("admi.002", "admi.002.001.01", "message reject", payment_tables.MESSAGE_REJECT),
            MessageKind("camt.056", "camt.056.001.08", "return request", request_tables.CANCELLATION_REQUEST),
            MessageKind("camt.029", "camt.029.001.09", "answer to a return request", request_tables.RESOLUTION),
            MessageKind("pain.013", "pain.013.001.07", "request for payment", request_tables.PAYMENT_REQUEST),
            MessageKind("pain.014", "pain.014.001.07", "answer to a request", request_tables.PAYMENT_REQUEST_STATUS),
        )
    }
)

BY_ELEMENT: Mapping[str, MessageKind] = MappingProxyType({known.table.name: known for known in MESSAGE_KINDS.values()})
"""The kinds by the name of their own element, as `FIToFICstmrCdtTrf`."""
