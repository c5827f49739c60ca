"""What a message is about: the payment that it answers, asks about or recalls, wherever its network names it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headgate.rails.iso20022.model import Message, Node

_TRANSACTION: Mapping[str, str] = {
    "pacs.002": "TxInfAndSts",
    "pacs.004": "TxInf",
    "pacs.028": "TxInf",
    "camt.056": "Undrlyg/TxInf",
    "camt.029": "CxlDtls/TxInfAndSts",
    "pain.014": "OrgnlPmtInfAndSts/TxInfAndSts",
}
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "pacs.002": ("TxInfAndSts/OrgnlGrpInf", "OrgnlGrpInfAndSts"),
    "pacs.004": ("TxInf/OrgnlGrpInf", "OrgnlGrpInf"),
    "pacs.028": ("TxInf/OrgnlGrpInf", "OrgnlGrpInf"),
    "camt.056": ("Undrlyg/TxInf/OrgnlGrpInf", "Undrlyg/OrgnlGrpInfAndCxl"),
    "camt.029": ("CxlDtls/TxInfAndSts/OrgnlGrpInf", "CxlDtls/OrgnlGrpInfAndSts"),
    "pain.014": ("OrgnlGrpInfAndSts",),
}
"""Where a message names the message that it is about, the nearest first."""


@dataclass(frozen=True, slots=True)
class Original:
    """The payment that a message is about, as far as it names it. An RTP camt.029 names the camt.056 that it answers."""

    message_id: str
    version: str
    created_at: str
    instruction_id: str
    end_to_end_id: str
    uetr: str


def original_of(message: Message) -> Original:
    """The payment itself of a pacs.008, what any other message is about."""
    body = message.body
    if message.kind == "pacs.008":
        return Original(message.id, message.version, body.at("GrpHdr/CreDtTm"), *_ids(body, "CdtTrfTxInf/PmtId/", ""))
    if message.kind == "admi.002":
        return Original(body.at("RltdRef/Ref"), "", "", "", "", "")
    group = next((path for path in _GROUPS.get(message.kind, ()) if body.at(f"{path}/OrgnlMsgId")), "")
    named = [body.at(f"{group}/{name}") for name in ("OrgnlMsgId", "OrgnlMsgNmId", "OrgnlCreDtTm")]
    return Original(named[0], named[1], named[2], *_ids(body, f"{_TRANSACTION.get(message.kind, '')}/", "Orgnl"))


def _ids(body: Node, path: str, prefix: str) -> tuple[str, str, str]:
    return (
        body.at(f"{path}{prefix}InstrId"),
        body.at(f"{path}{prefix}EndToEndId"),
        body.at(f"{path}{prefix}UETR"),
    )
