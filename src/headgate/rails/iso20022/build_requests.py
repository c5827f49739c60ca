"""Requests for payment (pain.013) and their answers (pain.014): how money is asked for over an instant network."""

from __future__ import annotations

from datetime import date, datetime

from headgate.rails.iso20022.build import Payment, bank, finish, named, party
from headgate.rails.iso20022.identifiers import message_id
from headgate.rails.iso20022.model import Message
from headgate.rails.iso20022.networks import Network
from headgate.rails.iso20022.writer import Fact


def payment_request(network: Network, payment: Payment, *, expires_on: date) -> Message:
    """The request that the debtor pay the creditor, by a day. The creditor's bank sends it; nothing moves by it."""
    inside, paid = "PmtInf", "PmtInf/CdtTrfTx"
    debtor = party(network, inside, "Dbtr", payment.debtor)
    creditor = party(network, paid, "Cdtr", payment.creditor)
    facts: dict[str, Fact] = {
        "GrpHdr/MsgId": payment.message_id,
        "GrpHdr/CreDtTm": network.write_instant(payment.created_at),
        "GrpHdr/NbOfTxs": "1",
        "GrpHdr/InitgPty/Id/OrgId/Othr/Id": payment.creditor.routing,
        f"{inside}/PmtInfId": payment.instruction_id,
        f"{inside}/PmtMtd": "TRF",
        f"{inside}/ReqdExctnDt/Dt": network.settlement_day(payment.created_at).isoformat(),
        f"{inside}/XpryDt/Dt": expires_on.isoformat(),
        f"{paid}/PmtId/InstrId": payment.instruction_id,
        f"{paid}/PmtId/EndToEndId": payment.end_to_end_id,
        f"{paid}/PmtId/UETR": payment.uetr,
        f"{paid}/PmtTpInf/SvcLvl/Cd": network.service_level or None,
        f"{paid}/PmtTpInf/LclInstrm/Prtry": network.local_instruments[0],
        f"{paid}/PmtTpInf/CtgyPurp/Prtry": payment.category_purpose,
        f"{paid}/Amt/InstdAmt": payment.amount,
        f"{paid}/ChrgBr": "SLEV",
        f"{paid}/RmtInf/Ustrd": payment.remittance or None,
        **debtor,
        **creditor,
    }
    return finish(network, "pain.013", payment.creditor.routing, payment.created_at, facts)


def request_answer(network: Network, request: Message, status: str, *, at: datetime, reason: str = "") -> Message:
    """The answer to a request for payment: ACCP it will be paid, RJCT it will not, with the reason."""
    body, inside = request.body, "OrgnlPmtInfAndSts/TxInfAndSts"
    sender = named(body, "PmtInf/DbtrAgt/FinInstnId/ClrSysMmbId/MmbId")
    receiver = named(body, "PmtInf/CdtTrfTx/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId")
    facts: dict[str, Fact] = {
        "GrpHdr/MsgId": message_id(network, sender, at, request.id, status, reason),
        "GrpHdr/CreDtTm": network.write_instant(at),
        "GrpHdr/InitgPty/Id/OrgId/Othr/Id": sender,
        **bank(network, "GrpHdr/DbtrAgt", sender),
        **bank(network, "GrpHdr/CdtrAgt", receiver),
        "OrgnlGrpInfAndSts/OrgnlMsgId": request.id,
        "OrgnlGrpInfAndSts/OrgnlMsgNmId": request.version,
        "OrgnlGrpInfAndSts/OrgnlCreDtTm": body.at("GrpHdr/CreDtTm"),
        "OrgnlPmtInfAndSts/OrgnlPmtInfId": named(body, "PmtInf/PmtInfId"),
        f"{inside}/OrgnlInstrId": body.at("PmtInf/CdtTrfTx/PmtId/InstrId") or None,
        f"{inside}/OrgnlEndToEndId": named(body, "PmtInf/CdtTrfTx/PmtId/EndToEndId"),
        f"{inside}/OrgnlUETR": body.at("PmtInf/CdtTrfTx/PmtId/UETR") or None,
        f"{inside}/TxSts": status,
        f"{inside}/OrgnlTxRef/ReqdExctnDt/Dt": body.at("PmtInf/ReqdExctnDt/Dt") or None,
        f"{inside}/OrgnlTxRef/ReqdExctnDt/DtTm": body.at("PmtInf/ReqdExctnDt/DtTm") or None,
        f"{inside}/OrgnlTxRef/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId": receiver,
        f"{inside}/OrgnlTxRef/Cdtr/Nm": body.at("PmtInf/CdtTrfTx/Cdtr/Nm") or None,
        f"{inside}/StsRsnInf/Rsn/Cd": reason or None,
    }
    return finish(network, "pain.014", sender, at, facts)
