"""What a message says, in a few facts that may be shown: no name, and of an account the last four digits."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.rails.iso20022.kinds import MESSAGE_KINDS
from headgate.rails.iso20022.model import Fault, Message
from headgate.rails.iso20022.reader import network_of, read_document

_FACTS: Mapping[str, Mapping[str, str]] = {
    "pacs.008": {
        "end_to_end_id": "CdtTrfTxInf/PmtId/EndToEndId",
        "uetr": "CdtTrfTxInf/PmtId/UETR",
        "amount": "CdtTrfTxInf/IntrBkSttlmAmt",
        "settlement_on": "CdtTrfTxInf/IntrBkSttlmDt",
        "from_bank": "CdtTrfTxInf/DbtrAgt/FinInstnId/ClrSysMmbId/MmbId",
        "to_bank": "CdtTrfTxInf/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId",
        "from_account": "CdtTrfTxInf/DbtrAcct/Id/Othr/Id",
        "to_account": "CdtTrfTxInf/CdtrAcct/Id/Othr/Id",
    },
    "pacs.002": {
        "original_message_id": "TxInfAndSts/OrgnlGrpInf/OrgnlMsgId",
        "original_uetr": "TxInfAndSts/OrgnlUETR",
        "status": "TxInfAndSts/TxSts",
        "reason": "TxInfAndSts/StsRsnInf/Rsn/Cd",
        "own_reason": "TxInfAndSts/StsRsnInf/Rsn/Prtry",
    },
    "pacs.004": {
        "original_message_id": "TxInf/OrgnlGrpInf/OrgnlMsgId",
        "original_uetr": "TxInf/OrgnlUETR",
        "amount": "TxInf/RtrdIntrBkSttlmAmt",
        "reason": "TxInf/RtrRsnInf/Rsn/Cd",
    },
    "pacs.028": {
        "original_message_id": "TxInf/OrgnlGrpInf/OrgnlMsgId",
        "original_uetr": "TxInf/OrgnlUETR",
    },
    "admi.002": {"rejected_message_id": "RltdRef/Ref", "reason": "Rsn/RjctgPtyRsn"},
    "camt.056": {
        "original_message_id": "Undrlyg/TxInf/OrgnlGrpInf/OrgnlMsgId",
        "original_uetr": "Undrlyg/TxInf/OrgnlUETR",
        "amount": "Undrlyg/TxInf/OrgnlIntrBkSttlmAmt",
        "reason": "Undrlyg/TxInf/CxlRsnInf/Rsn/Cd",
    },
    "camt.029": {"answer": "Sts/Conf", "original_uetr": "CxlDtls/TxInfAndSts/OrgnlUETR"},
    "pain.013": {
        "end_to_end_id": "PmtInf/CdtTrfTx/PmtId/EndToEndId",
        "amount": "PmtInf/CdtTrfTx/Amt/InstdAmt",
        "from_bank": "PmtInf/DbtrAgt/FinInstnId/ClrSysMmbId/MmbId",
        "to_bank": "PmtInf/CdtTrfTx/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId",
    },
    "pain.014": {
        "original_message_id": "OrgnlGrpInfAndSts/OrgnlMsgId",
        "status": "OrgnlPmtInfAndSts/TxInfAndSts/TxSts",
        "reason": "OrgnlPmtInfAndSts/TxInfAndSts/StsRsnInf/Rsn/Cd",
    },
}


def read_message(data: bytes) -> tuple[str, dict[str, str], tuple[Fault, ...]]:
    """What kind of message a document holds (empty where none), what it says in short, and every fault."""
    read = read_document(data)
    if read.message is None:
        return "", {}, read.faults
    return read.message.version, summarise(read.message), read.faults


def summarise(message: Message) -> dict[str, str]:
    """The facts of a message by name, those that it has; accounts by their last four characters."""
    network = network_of(message)
    created = message.body.at("GrpHdr/CreDtTm") or message.body.at("Assgnmt/CreDtTm")
    facts = {
        "title": MESSAGE_KINDS[message.kind].title,
        "network": network.title if network else "",
        "message_id": message.id,
        "created_at": created,
    }
    for name, path in _FACTS[message.kind].items():
        node = message.body.find(path)
        if node is None or not node.text:
            continue
        text = f"…{node.text[-4:]}" if name.endswith("_account") else node.text
        facts[name] = f"{text} {node.currency}" if node.currency else text
    return {name: text for name, text in facts.items() if text}


def looks_like_message(data: bytes) -> bool:
    """Whether bytes seem to hold one of these messages, judged by their first 64 KB."""
    head = data[:65_536]
    return b"<" in head[:200] and any(known.table.name.encode() in head for known in MESSAGE_KINDS.values())
