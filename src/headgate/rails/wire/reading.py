"""Messages that come in: each becomes one fact, or the faults that keep it from being one. Any bytes give an answer.

| Message | Is | Event |
|---|---|---|
| pacs.008 | a wire came in | received |
| pacs.002 | Fedwire's word on a wire of ours | settled, rejected, pending, accepted |
| pacs.028 | somebody asks what became of a wire | status_asked |
| pacs.004 | a wire of ours was sent back | returned |
| pain.014 | the answer to a drawdown request of ours | accepted, rejected |
| pain.013 | somebody asks us for money: for people, and only where the asker is known | drawdown_asked |
| camt.056 | the sender wants a wire back that came in: for people | recall_asked |
| camt.029 | the answer to a recall of ours | recall_agreed, recall_refused, recall_pending |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from lxml import etree

from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.rails.wire import fields

BYTES_MAX: Final = 1 << 20
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(?P<kind>[a-z]{4}\.[0-9]{3})\.001\.[0-9]{2}\Z")


@dataclass(frozen=True, slots=True)
class WireFact:
    """What one message says. `uetr` is that of the wire or request it is about; names and accounts are not shown."""

    kind: str
    event: str
    message_id: str
    created_at: datetime
    uetr: str
    end_to_end: str = ""
    amount: Money | None = None
    settles_on: date | None = None
    code: str = ""
    reason: str = ""
    text: str = field(default="", repr=False)
    original_message_id: str = ""
    original_kind: str = ""
    clearing_reference: str = ""
    instrument: str = ""
    debtor: str = field(default="", repr=False)
    debtor_account: str = field(default="", repr=False)
    debtor_routing: str = ""
    creditor: str = field(default="", repr=False)
    creditor_account: str = field(default="", repr=False)
    creditor_routing: str = ""


@dataclass(frozen=True, slots=True)
class WireFault:
    """Why a message is no fact: where, and what is wrong. It never repeats what stood there."""

    path: str
    message: str


@dataclass(frozen=True, slots=True)
class WireReading:
    """A fact, or at least one fault."""

    fact: WireFact | None
    faults: tuple[WireFault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of message is read: its element, where each field stands, and which event its code is."""

    element: str
    paths: Mapping[str, str]
    needs: tuple[str, ...]
    events: Mapping[str, str]


def _parties(at: str, debtor: str = "", creditor: str = "") -> dict[str, str]:
    member = "FinInstnId/ClrSysMmbId/MmbId"
    return {
        "debtor": f"{debtor or at}/Dbtr/Nm",
        "debtor_account": f"{debtor or at}/DbtrAcct/Id/Othr/Id",
        "debtor_routing": f"{debtor or at}/DbtrAgt/{member}",
        "creditor": f"{creditor or at}/Cdtr/Nm",
        "creditor_account": f"{creditor or at}/CdtrAcct/Id/Othr/Id",
        "creditor_routing": f"{creditor or at}/CdtrAgt/{member}",
    }


_GROUP = {"message_id": "GrpHdr/MsgId", "created_at": "GrpHdr/CreDtTm"}
_ASSIGNED = {"message_id": "Assgnmt/Id", "created_at": "Assgnmt/CreDtTm"}
_MONEY = ("amount", "settles_on", "creditor_account", "creditor_routing")
_KINDS: Final[Mapping[str, _Kind]] = {
    "pacs.008": _Kind(
        "FIToFICstmrCdtTrf",
        {
            **_GROUP,
            "uetr": "CdtTrfTxInf/PmtId/UETR",
            "end_to_end": "CdtTrfTxInf/PmtId/EndToEndId",
            "instrument": "CdtTrfTxInf/PmtTpInf/LclInstrm/Prtry",
            "amount": "CdtTrfTxInf/IntrBkSttlmAmt",
            "settles_on": "CdtTrfTxInf/IntrBkSttlmDt",
            "text": "CdtTrfTxInf/RmtInf/Ustrd",
            "clearing_reference": "CdtTrfTxInf/PmtId/ClrSysRef",
            **_parties("CdtTrfTxInf"),
        },
        _MONEY,
        {"": "received"},
    ),
    "pacs.002": _Kind(
        "FIToFIPmtStsRpt",
        {
            **_GROUP,
            "uetr": "TxInfAndSts/OrgnlUETR",
            "original_message_id": "TxInfAndSts/OrgnlGrpInf/OrgnlMsgId",
            "original_kind": "TxInfAndSts/OrgnlGrpInf/OrgnlMsgNmId",
            "clearing_reference": "TxInfAndSts/ClrSysRef",
            "code": "TxInfAndSts/TxSts",
            "reason": "TxInfAndSts/StsRsnInf/Rsn/Prtry",
            "text": "TxInfAndSts/StsRsnInf/AddtlInf",
            "settles_on": "TxInfAndSts/FctvIntrBkSttlmDt/Dt",
        },
        ("code",),
        {"ACSC": "settled", "RJCT": "rejected", "PDNG": "pending", "ACTC": "accepted", "ACSP": "accepted"},
    ),
    "pacs.004": _Kind(
        "PmtRtr",
        {
            **_GROUP,
            "uetr": "TxInf/OrgnlUETR",
            "end_to_end": "TxInf/OrgnlEndToEndId",
            "original_message_id": "TxInf/OrgnlGrpInf/OrgnlMsgId",
            "amount": "TxInf/RtrdIntrBkSttlmAmt",
            "settles_on": "TxInf/IntrBkSttlmDt",
            "reason": "TxInf/RtrRsnInf/Rsn/Cd",
            "text": "TxInf/RtrRsnInf/AddtlInf",
        },
        ("amount", "settles_on"),
        {"": "returned"},
    ),
    "pain.013": _Kind(
        "CdtrPmtActvtnReq",
        {
            **_GROUP,
            "uetr": "PmtInf/CdtTrfTx/PmtId/UETR",
            "end_to_end": "PmtInf/CdtTrfTx/PmtId/EndToEndId",
            "instrument": "PmtInf/CdtTrfTx/PmtTpInf/LclInstrm/Prtry",
            "amount": "PmtInf/CdtTrfTx/Amt/InstdAmt",
            "settles_on": "PmtInf/ReqdExctnDt/Dt",
            "text": "PmtInf/CdtTrfTx/RmtInf/Ustrd",
            **_parties("", debtor="PmtInf", creditor="PmtInf/CdtTrfTx"),
        },
        _MONEY,
        {"": "drawdown_asked"},
    ),
    "pain.014": _Kind(
        "CdtrPmtActvtnReqStsRpt",
        {
            **_GROUP,
            "uetr": "OrgnlPmtInfAndSts/TxInfAndSts/OrgnlUETR",
            "end_to_end": "OrgnlPmtInfAndSts/TxInfAndSts/OrgnlEndToEndId",
            "original_message_id": "OrgnlGrpInfAndSts/OrgnlMsgId",
            "code": "OrgnlPmtInfAndSts/TxInfAndSts/TxSts",
            "reason": "OrgnlPmtInfAndSts/TxInfAndSts/StsRsnInf/Rsn/Prtry",
        },
        ("code",),
        {"ACTC": "accepted", "ACCP": "accepted", "ACSP": "accepted", "RJCT": "rejected"},
    ),
    "camt.056": _Kind(
        "FIToFIPmtCxlReq",
        {
            **_ASSIGNED,
            "uetr": "Undrlyg/TxInf/OrgnlUETR",
            "end_to_end": "Undrlyg/TxInf/OrgnlEndToEndId",
            "original_message_id": "Undrlyg/TxInf/OrgnlGrpInf/OrgnlMsgId",
            "amount": "Undrlyg/TxInf/OrgnlIntrBkSttlmAmt",
            "settles_on": "Undrlyg/TxInf/OrgnlIntrBkSttlmDt",
            "reason": "Undrlyg/TxInf/CxlRsnInf/Rsn/Cd",
            "text": "Undrlyg/TxInf/CxlRsnInf/AddtlInf",
        },
        ("reason",),
        {"": "recall_asked"},
    ),
    "camt.029": _Kind(
        "RsltnOfInvstgtn",
        {
            **_ASSIGNED,
            "uetr": "CxlDtls/TxInfAndSts/OrgnlUETR",
            "end_to_end": "CxlDtls/TxInfAndSts/OrgnlEndToEndId",
            "original_message_id": "CxlDtls/TxInfAndSts/OrgnlGrpInf/OrgnlMsgId",
            "code": "Sts/Conf",
            "reason": "CxlDtls/TxInfAndSts/CxlStsRsnInf/Rsn/Cd",
            "text": "CxlDtls/TxInfAndSts/CxlStsRsnInf/AddtlInf",
        },
        ("code",),
        {"CNCL": "recall_agreed", "RJCR": "recall_refused", "PDCR": "recall_pending"},
    ),
    "pacs.028": _Kind(
        "FIToFIPmtStsReq",
        {
            **_GROUP,
            "uetr": "TxInf/OrgnlUETR",
            "original_message_id": "TxInf/OrgnlGrpInf/OrgnlMsgId",
            "original_kind": "TxInf/OrgnlGrpInf/OrgnlMsgNmId",
            "debtor_routing": "TxInf/InstgAgt/FinInstnId/ClrSysMmbId/MmbId",
        },
        ("original_message_id",),
        {"": "status_asked"},
    ),
}
_ALWAYS = ("message_id", "created_at", "uetr")


def read_message(content: bytes) -> WireReading:
    """The one fact of a message, or every fault that it has."""
    if len(content) > BYTES_MAX:
        return WireReading(None, (WireFault("", f"longer than {BYTES_MAX} bytes"),))
    # No entities, no DTD and no network: a message that needs them is none.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        document = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        return WireReading(None, (WireFault("", "is no XML"),))
    if b"<!DOCTYPE" in content:
        return WireReading(None, (WireFault("", "has a document type, which no message has"),))
    found = _NAMESPACE.match(etree.QName(document).namespace or "")
    kind = _KINDS.get(found["kind"]) if found else None
    if found is None or kind is None:
        return WireReading(None, (WireFault("", f"is none of {', '.join(_KINDS)}"),))
    return _read(document, found["kind"], kind)


def _read(document: etree._Element, name: str, kind: _Kind) -> WireReading:
    namespace = f"{{{etree.QName(document).namespace}}}"
    faults: list[WireFault] = []
    texts: dict[str, str] = {}
    currency = ""
    for key, path in kind.paths.items():
        at = "/".join(namespace + step for step in (kind.element, *path.split("/")))
        elements = document.findall(at)
        if key == "reason" and not elements:
            other = at.removesuffix("Cd") + "Prtry" if at.endswith("}Cd") else at.removesuffix("Prtry") + "Cd"
            elements = document.findall(other)
        if len(elements) > 1 and key != "text":
            faults.append(WireFault(path, "stands more than once; one message carries one payment here"))
        if elements:
            texts[key] = " ".join((element.text or "").strip() for element in elements if element.text)
            currency = elements[0].get("Ccy", currency) if key == "amount" else currency
    lacking = [key for key in (*_ALWAYS, *kind.needs) if not texts.get(key)]
    faults += [WireFault(kind.paths[key], "is missing") for key in lacking]
    event = kind.events.get(texts.get("code", ""), "")
    if not event and texts.get("code"):
        faults.append(WireFault(kind.paths["code"], f"is none of {', '.join(kind.events)}"))
    values: dict[str, object] = dict(texts)
    for key, read in (("amount", _amount), ("settles_on", _day), ("created_at", _instant), ("uetr", _uetr)):
        if texts.get(key):
            try:
                values[key] = read(texts[key], currency)
            except ValueError as error:
                faults.append(WireFault(kind.paths[key], str(error)))
    if faults:
        return WireReading(None, tuple(faults))
    given = {key: value for key, value in values.items() if value != ""}
    return WireReading(WireFact(kind=name, event=event, **given))  # type: ignore[arg-type]  # the table's keys are its fields


def _amount(text: str, currency: str) -> Money:
    if currency != fields.CURRENCY:
        raise ValueError(f"is not in {fields.CURRENCY}")
    try:
        amount = Money.parse(text, fields.CURRENCY)
    except Malformed:
        raise ValueError("is no amount, as 1234.50") from None
    if not 0 < amount.minor <= fields.AMOUNT_MAX.minor:
        raise ValueError("is not within what Fedwire carries")
    return amount


def _day(text: str, _: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("is no day, as 2026-11-30")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is no day, as 2026-11-30") from None


def _instant(text: str, _: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is no time, as 2026-11-30T09:00:00-05:00") from None
    if found.tzinfo is None:
        raise ValueError("is a time without a zone")
    return found


def _uetr(text: str, _: str) -> str:
    if not fields.UETR.match(text):
        raise ValueError("is no UUID of version 4")
    return text
