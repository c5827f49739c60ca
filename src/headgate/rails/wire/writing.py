"""Orders as Fedwire's messages: a list of paths and values, in the order of the schema, and nothing between."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from lxml import etree

from headgate.core.money import Money
from headgate.rails.wire.model import (
    Address,
    DrawdownOrder,
    MessageKind,
    RecallOrder,
    WireMessage,
    WireOrder,
    WireSlot,
    end_to_end_id,
    uetr,
)

VERSIONS: dict[MessageKind, str] = {
    "pacs.008": "pacs.008.001.08",
    "pacs.002": "pacs.002.001.10",
    "pacs.004": "pacs.004.001.10",
    "pacs.028": "pacs.028.001.03",
    "pain.013": "pain.013.001.07",
    "pain.014": "pain.014.001.07",
    "camt.056": "camt.056.001.08",
    "camt.029": "camt.029.001.09",
}
"""The versions that the Fedwire Funds Service uses."""

NAMESPACES: dict[MessageKind, str] = {
    kind: f"urn:iso:std:iso:20022:tech:xsd:{version}" for kind, version in VERSIONS.items()
}
Pair = tuple[str, str | Money]
"""A path from the document's first element, and what stands there; nothing is written where that is empty."""


def transfer(order: WireOrder, slot: WireSlot, *, sender: str) -> WireMessage:
    """pacs.008 with the local instrument CTRC (customer transfer), or CTRD where it answers a drawdown request."""
    ids = (
        order.attempt_id[:35].upper(),
        order.end_to_end or end_to_end_id(order.attempt_id),
        order.uetr or uetr(order.attempt_id),
    )
    own = "CdtTrfTxInf"
    pairs: list[Pair] = [
        *_group(slot),
        ("GrpHdr/SttlmInf/SttlmMtd", "CLRG"),
        ("GrpHdr/SttlmInf/ClrSys/Cd", "FDW"),
        (f"{own}/PmtId/InstrId", ids[0]),
        (f"{own}/PmtId/EndToEndId", ids[1]),
        (f"{own}/PmtId/UETR", ids[2]),
        (f"{own}/PmtTpInf/LclInstrm/Prtry", "CTRD" if order.uetr else "CTRC"),
        (f"{own}/IntrBkSttlmAmt", order.amount),
        (f"{own}/IntrBkSttlmDt", order.settles_on.isoformat()),
        (f"{own}/InstdAmt", order.amount),
        (f"{own}/ChrgBr", "SLEV"),
        *bank(f"{own}/InstgAgt", sender),
        *bank(f"{own}/InstdAgt", order.creditor.routing),
        *person(f"{own}/Dbtr", order.debtor.name, order.debtor.address),
        (f"{own}/DbtrAcct/Id/Othr/Id", order.debtor.account),
        *bank(f"{own}/DbtrAgt", order.debtor.routing, order.debtor.bank_name),
        *bank(f"{own}/CdtrAgt", order.creditor.routing, order.creditor.bank_name),
        *person(f"{own}/Cdtr", order.creditor.name, order.creditor.address),
        (f"{own}/CdtrAcct/Id/Othr/Id", order.creditor.account),
        (f"{own}/Purp/Cd", order.purpose),
        (f"{own}/RmtInf/Ustrd", order.remittance),
    ]
    return _finish("pacs.008", "FIToFICstmrCdtTrf", pairs, slot, ids)


def question(sent: WireMessage, slot: WireSlot, *, sender: str, sent_to: str) -> WireMessage:
    """pacs.028: what became of a message of ours."""
    ids = (sent.instruction_id, sent.end_to_end, sent.uetr)
    own = "TxInf"
    pairs: list[Pair] = [
        ("GrpHdr/MsgId", slot.message_id),
        ("GrpHdr/CreDtTm", instant(slot.created_at)),
        (f"{own}/OrgnlGrpInf/OrgnlMsgId", sent.message_id),
        (f"{own}/OrgnlGrpInf/OrgnlMsgNmId", VERSIONS[sent.kind]),
        (f"{own}/OrgnlGrpInf/OrgnlCreDtTm", instant(sent.created_at)),
        (f"{own}/OrgnlInstrId", ids[0]),
        (f"{own}/OrgnlEndToEndId", ids[1]),
        (f"{own}/OrgnlUETR", ids[2]),
        *bank(f"{own}/InstgAgt", sender),
        *bank(f"{own}/InstdAgt", sent_to),
    ]
    return _finish("pacs.028", "FIToFIPmtStsReq", pairs, slot, ids)


def drawdown(order: DrawdownOrder, slot: WireSlot) -> WireMessage:
    """pain.013 with the local instrument DRRC: a customer asks for a wire."""
    ids = (order.attempt_id[:35].upper(), order.end_to_end or end_to_end_id(order.attempt_id), uetr(order.attempt_id))
    own = "PmtInf/CdtTrfTx"
    pairs: list[Pair] = [
        *_group(slot),
        *person("GrpHdr/InitgPty", order.initiator or order.creditor.name, order.creditor.address),
        ("PmtInf/PmtInfId", slot.message_id),
        ("PmtInf/PmtMtd", "TRF"),
        ("PmtInf/ReqdExctnDt/Dt", order.wanted_on.isoformat()),
        *person("PmtInf/Dbtr", order.debtor.name, order.debtor.address),
        ("PmtInf/DbtrAcct/Id/Othr/Id", order.debtor.account),
        *bank("PmtInf/DbtrAgt", order.debtor.routing),
        (f"{own}/PmtId/InstrId", ids[0]),
        (f"{own}/PmtId/EndToEndId", ids[1]),
        (f"{own}/PmtId/UETR", ids[2]),
        (f"{own}/PmtTpInf/LclInstrm/Prtry", "DRRC"),
        (f"{own}/Amt/InstdAmt", order.amount),
        (f"{own}/ChrgBr", "SLEV"),
        *bank(f"{own}/CdtrAgt", order.creditor.routing),
        *person(f"{own}/Cdtr", order.creditor.name, order.creditor.address),
        (f"{own}/CdtrAcct/Id/Othr/Id", order.creditor.account),
        (f"{own}/RmtInf/Ustrd", order.remittance),
    ]
    return _finish("pain.013", "CdtrPmtActvtnReq", pairs, slot, ids)


def recall(order: RecallOrder, slot: WireSlot, *, sender: str) -> WireMessage:
    """camt.056: the return of a wire is asked for; the other bank's customer must agree."""
    sent = order.original
    ids = (sent.instruction_id, sent.end_to_end, sent.uetr)
    own = "Undrlyg/TxInf"
    pairs: list[Pair] = [
        ("Assgnmt/Id", slot.message_id),
        *bank("Assgnmt/Assgnr/Agt", sender),
        *bank("Assgnmt/Assgne/Agt", order.sent_to),
        ("Assgnmt/CreDtTm", instant(slot.created_at)),
        ("Case/Id", order.attempt_id[:35].upper()),
        *bank("Case/Cretr/Agt", sender),
        (f"{own}/OrgnlGrpInf/OrgnlMsgId", sent.message_id),
        (f"{own}/OrgnlGrpInf/OrgnlMsgNmId", VERSIONS["pacs.008"]),
        (f"{own}/OrgnlGrpInf/OrgnlCreDtTm", instant(sent.created_at)),
        (f"{own}/OrgnlInstrId", ids[0]),
        (f"{own}/OrgnlEndToEndId", ids[1]),
        (f"{own}/OrgnlUETR", ids[2]),
        (f"{own}/OrgnlIntrBkSttlmAmt", order.amount),
        (f"{own}/OrgnlIntrBkSttlmDt", order.settled_on.isoformat()),
        (f"{own}/CxlRsnInf/Rsn/Cd", order.reason),
        (f"{own}/CxlRsnInf/AddtlInf", order.text),
    ]
    return _finish("camt.056", "FIToFIPmtCxlReq", pairs, slot, ids)


def _group(slot: WireSlot) -> list[Pair]:
    return [
        ("GrpHdr/MsgId", slot.message_id),
        ("GrpHdr/CreDtTm", instant(slot.created_at)),
        ("GrpHdr/NbOfTxs", "1"),
    ]


def bank(path: str, routing: str, name: str = "") -> list[Pair]:
    """A bank by its routing number."""
    at = f"{path}/FinInstnId"
    return [(f"{at}/ClrSysMmbId/ClrSysId/Cd", "USABA"), (f"{at}/ClrSysMmbId/MmbId", routing), (f"{at}/Nm", name)]


def person(path: str, name: str, address: Address) -> Iterator[Pair]:
    """A party by its name and address."""
    yield f"{path}/Nm", name
    for tag, value in (
        ("StrtNm", address.street),
        ("BldgNb", address.building),
        ("PstCd", address.post_code),
        ("TwnNm", address.town),
        ("CtrySubDvsn", address.state),
        ("Ctry", address.country),
    ):
        yield f"{path}/PstlAdr/{tag}", value


def _finish(kind: MessageKind, root: str, pairs: list[Pair], slot: WireSlot, ids: tuple[str, str, str]) -> WireMessage:
    content = compose(kind, root, pairs)
    return WireMessage(
        kind=kind,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        message_id=slot.message_id,
        created_at=slot.created_at,
        instruction_id=ids[0],
        end_to_end=ids[1],
        uetr=ids[2],
    )


def compose(kind: MessageKind, root: str, pairs: Sequence[Pair]) -> bytes:
    """The document: an element is shared by neighbours that name it, so that the schema's order is the list's."""
    namespace = NAMESPACES[kind]
    document = etree.Element(f"{{{namespace}}}Document", nsmap={None: namespace})  # type: ignore[dict-item]  # the stubs forget the default
    open_: list[etree._Element] = [etree.SubElement(document, f"{{{namespace}}}{root}")]
    names: list[str] = []
    for path, value in pairs:
        if not value:
            continue
        steps = path.split("/")
        shared = 0
        while shared < min(len(steps) - 1, len(names)) and steps[shared] == names[shared]:
            shared += 1
        del open_[shared + 1 :], names[shared:]
        for step in steps[shared:]:
            open_.append(etree.SubElement(open_[-1], f"{{{namespace}}}{step}"))
            names.append(step)
        if isinstance(value, Money):
            open_[-1].set("Ccy", value.currency)
            open_[-1].text = f"{value.major:.2f}"
        else:
            open_[-1].text = value
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")


def instant(at: datetime) -> str:
    """An instant as messages carry it."""
    return at.isoformat(timespec="seconds")
