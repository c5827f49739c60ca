"""What the other side of Fedwire says, as messages: for the simulator, and for tests of what is read.

Each takes the message that it answers as it was read. IMAD and OMAD stand where ISO 20022 keeps a clearing system's own
references: the OMAD is the advice's message id, the IMAD its `ClrSysRef`. (Confirm with the bank where it writes them.)
"""

from __future__ import annotations

from datetime import datetime

from headgate.core.money import Money
from headgate.rails.wire.model import Address, WireParty
from headgate.rails.wire.reading import WireFact
from headgate.rails.wire.writing import VERSIONS, Pair, bank, compose, instant, person

FED = "021151080"
"""The routing number by which the Reserve Banks' own messages are signed."""


def status(
    asked: WireFact,
    code: str,
    *,
    message_id: str,
    at: datetime,
    sender: str,
    reason: str = "",
    imad: str = "",
    about: WireFact | None = None,
) -> bytes:
    """pacs.002: Fedwire's word on a message. `about` is the wire itself, where a question about it was asked."""
    own, wire = "TxInfAndSts", about or asked
    settled = code == "ACSC" and wire.settles_on is not None
    pairs: list[Pair] = [
        ("GrpHdr/MsgId", message_id),
        ("GrpHdr/CreDtTm", instant(at)),
        (f"{own}/OrgnlGrpInf/OrgnlMsgId", wire.message_id if about or asked.kind != "pacs.028" else asked.message_id),
        (f"{own}/OrgnlGrpInf/OrgnlMsgNmId", VERSIONS["pacs.008" if about else asked.kind]),  # type: ignore[index]
        (f"{own}/OrgnlUETR", wire.uetr),
        (f"{own}/TxSts", code),
        (f"{own}/StsRsnInf/Rsn/Prtry", reason),
        (f"{own}/AccptncDtTm", instant(at) if settled else ""),
        (f"{own}/FctvIntrBkSttlmDt/Dt", wire.settles_on.isoformat() if settled and wire.settles_on else ""),
        (f"{own}/ClrSysRef", imad),
        *bank(f"{own}/InstgAgt", FED),
        *bank(f"{own}/InstdAgt", sender),
    ]
    return compose("pacs.002", "FIToFIPmtStsRpt", pairs)


def payment_return(sent: WireFact, amount: Money, *, message_id: str, at: datetime, on: str, reason: str) -> bytes:
    """pacs.004: the other bank sends a wire back, whole or in part."""
    own = "TxInf"
    pairs: list[Pair] = [
        ("GrpHdr/MsgId", message_id),
        ("GrpHdr/CreDtTm", instant(at)),
        ("GrpHdr/NbOfTxs", "1"),
        ("GrpHdr/SttlmInf/SttlmMtd", "CLRG"),
        ("GrpHdr/SttlmInf/ClrSys/Cd", "FDW"),
        (f"{own}/OrgnlGrpInf/OrgnlMsgId", sent.message_id),
        (f"{own}/OrgnlGrpInf/OrgnlMsgNmId", VERSIONS["pacs.008"]),
        (f"{own}/OrgnlGrpInf/OrgnlCreDtTm", instant(sent.created_at)),
        (f"{own}/OrgnlEndToEndId", sent.end_to_end),
        (f"{own}/OrgnlUETR", sent.uetr),
        (f"{own}/RtrdIntrBkSttlmAmt", amount),
        (f"{own}/IntrBkSttlmDt", on),
        (f"{own}/ChrgBr", "SLEV"),
        *bank(f"{own}/InstgAgt", sent.creditor_routing),
        *bank(f"{own}/InstdAgt", sent.debtor_routing),
        (f"{own}/RtrRsnInf/Rsn/Cd", reason),
    ]
    return compose("pacs.004", "PmtRtr", pairs)


def recall_answer(asked: WireFact, code: str, *, message_id: str, at: datetime, reason: str = "") -> bytes:
    """camt.029: CNCL (it will be sent back), RJCR (not), PDCR (being looked into)."""
    own = "CxlDtls/TxInfAndSts"
    pairs: list[Pair] = [
        ("Assgnmt/Id", message_id),
        *bank("Assgnmt/Assgnr/Agt", FED),
        *bank("Assgnmt/Assgne/Agt", FED),
        ("Assgnmt/CreDtTm", instant(at)),
        ("Sts/Conf", code),
        (f"{own}/OrgnlGrpInf/OrgnlMsgId", asked.original_message_id),
        (f"{own}/OrgnlGrpInf/OrgnlMsgNmId", VERSIONS["pacs.008"]),
        (f"{own}/OrgnlUETR", asked.uetr),
        (f"{own}/CxlStsRsnInf/Rsn/Cd", reason),
    ]
    return compose("camt.029", "RsltnOfInvstgtn", pairs)


def request_answer(asked: WireFact, code: str, *, message_id: str, at: datetime, reason: str = "") -> bytes:
    """pain.014: what the payer's bank says of a drawdown request: ACTC (it will be paid), or RJCT with a reason."""
    own = "OrgnlPmtInfAndSts/TxInfAndSts"
    pairs: list[Pair] = [
        ("GrpHdr/MsgId", message_id),
        ("GrpHdr/CreDtTm", instant(at)),
        *person("GrpHdr/InitgPty", asked.debtor, Address("Springfield", state="IL")),
        ("OrgnlGrpInfAndSts/OrgnlMsgId", asked.message_id),
        ("OrgnlGrpInfAndSts/OrgnlMsgNmId", VERSIONS["pain.013"]),
        ("OrgnlGrpInfAndSts/OrgnlCreDtTm", instant(asked.created_at)),
        ("OrgnlPmtInfAndSts/OrgnlPmtInfId", asked.message_id),
        (f"{own}/OrgnlEndToEndId", asked.end_to_end),
        (f"{own}/OrgnlUETR", asked.uetr),
        (f"{own}/TxSts", code),
        (f"{own}/StsRsnInf/Rsn/Prtry", reason),
    ]
    return compose("pain.014", "CdtrPmtActvtnReqStsRpt", pairs)


def wire_in(
    payer: WireParty,
    payee: WireParty,
    amount: Money,
    *,
    message_id: str,
    at: datetime,
    on: str,
    uetr: str,
    end_to_end: str,
    is_drawdown: bool = False,
    text: str = "",
) -> bytes:
    """pacs.008 towards us: a wire comes in, of itself (CTRC) or as the answer to a drawdown request (CTRD)."""
    own = "CdtTrfTxInf"
    pairs: list[Pair] = [
        ("GrpHdr/MsgId", message_id),
        ("GrpHdr/CreDtTm", instant(at)),
        ("GrpHdr/NbOfTxs", "1"),
        ("GrpHdr/SttlmInf/SttlmMtd", "CLRG"),
        ("GrpHdr/SttlmInf/ClrSys/Cd", "FDW"),
        (f"{own}/PmtId/EndToEndId", end_to_end),
        (f"{own}/PmtId/UETR", uetr),
        (f"{own}/PmtTpInf/LclInstrm/Prtry", "CTRD" if is_drawdown else "CTRC"),
        (f"{own}/IntrBkSttlmAmt", amount),
        (f"{own}/IntrBkSttlmDt", on),
        (f"{own}/ChrgBr", "SLEV"),
        *bank(f"{own}/InstgAgt", payer.routing),
        *bank(f"{own}/InstdAgt", payee.routing),
        *person(f"{own}/Dbtr", payer.name, payer.address),
        (f"{own}/DbtrAcct/Id/Othr/Id", payer.account),
        *bank(f"{own}/DbtrAgt", payer.routing),
        *bank(f"{own}/CdtrAgt", payee.routing),
        *person(f"{own}/Cdtr", payee.name, payee.address),
        (f"{own}/CdtrAcct/Id/Othr/Id", payee.account),
        (f"{own}/RmtInf/Ustrd", text),
    ]
    return compose("pacs.008", "FIToFICstmrCdtTrf", pairs)
