"""The messages that we and the simulated other side write: each a list of facts by their paths, in no order.

What an answer is about is taken from the message that it answers, so that both name the payment alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from headgate.core.money import Money
from headgate.rails.iso20022.identifiers import message_id
from headgate.rails.iso20022.kinds import MESSAGE_KINDS
from headgate.rails.iso20022.model import Message, Node
from headgate.rails.iso20022.networks import Network
from headgate.rails.iso20022.originals import Original, original_of
from headgate.rails.iso20022.payment_tables import HEADER
from headgate.rails.iso20022.shapes import shaped
from headgate.rails.iso20022.writer import Fact, compose
from headgate.rails.postal import Address as Address

OPERATORS = {"fednow": "021150706", "rtp": "990000001T1"}
"""The member id by which a network itself is named in a header."""


class Lacking(ValueError):
    """A message does not name what its answer must name."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a payment: its name, its account and the routing number of its bank."""

    name: str = field(repr=False)
    account: str = field(repr=False)
    routing: str
    address: Address | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Payment:
    """What is needed to write one payment, and to speak of it later."""

    message_id: str
    created_at: datetime
    instruction_id: str
    end_to_end_id: str
    uetr: str
    amount: Money
    debtor: Side
    creditor: Side
    category_purpose: str
    remittance: str | None = None
    kind: str = "pacs.008"


def transfer(network: Network, payment: Payment) -> Message:
    """The customer credit transfer (pacs.008) of a payment."""
    paid = "CdtTrfTxInf"
    facts: dict[str, Fact] = {
        "GrpHdr/MsgId": payment.message_id,
        "GrpHdr/CreDtTm": network.write_instant(payment.created_at),
        "GrpHdr/NbOfTxs": "1",
        "GrpHdr/SttlmInf/SttlmMtd": "CLRG",
        "GrpHdr/SttlmInf/ClrSys/Cd": network.clearing,
        f"{paid}/PmtId/InstrId": payment.instruction_id,
        f"{paid}/PmtId/EndToEndId": payment.end_to_end_id,
        f"{paid}/PmtId/UETR": payment.uetr,
        f"{paid}/PmtTpInf/SvcLvl/Cd": network.service_level or None,
        f"{paid}/PmtTpInf/LclInstrm/Prtry": network.local_instruments[0],
        f"{paid}/PmtTpInf/CtgyPurp/Prtry": payment.category_purpose,
        f"{paid}/IntrBkSttlmAmt": payment.amount,
        f"{paid}/IntrBkSttlmDt": network.settlement_day(payment.created_at).isoformat(),
        f"{paid}/ChrgBr": "SLEV",
        f"{paid}/RmtInf/Ustrd": payment.remittance or None,
        **bank(network, f"{paid}/InstgAgt", payment.debtor.routing),
        **bank(network, f"{paid}/InstdAgt", payment.creditor.routing),
        **party(network, paid, "Dbtr", payment.debtor),
        **party(network, paid, "Cdtr", payment.creditor),
    }
    return finish(network, "pacs.008", payment.debtor.routing, payment.created_at, facts)


def status_request(network: Network, payment: Payment, at: datetime, ask: int) -> Message:
    """The question what became of a payment (pacs.028); `ask` numbers our questions about it."""
    sender = payment.debtor.routing
    facts: dict[str, Fact] = {
        "GrpHdr/MsgId": message_id(network, sender, at, payment.message_id, "ask", str(ask)),
        "GrpHdr/CreDtTm": network.write_instant(at),
        **_about("TxInf", "TxInf/OrgnlGrpInf", network, payment),
        "TxInf/OrgnlTxRef/IntrBkSttlmAmt": payment.amount,
        "TxInf/OrgnlTxRef/IntrBkSttlmDt": network.settlement_day(payment.created_at).isoformat(),
        **bank(network, "TxInf/InstgAgt", sender),
        **bank(network, "TxInf/InstdAgt", payment.creditor.routing),
    }
    return finish(network, "pacs.028", sender, at, facts)


def recall_request(network: Network, payment: Payment, at: datetime, reason: str) -> Message:
    """The request to give a payment back (camt.056), for a reason such as DUPL, FRAD or CUST."""
    sender, inside = payment.debtor.routing, "Undrlyg/TxInf"
    own_id = message_id(network, sender, at, payment.message_id, "recall")
    facts: dict[str, Fact] = {
        **_assignment(network, own_id, at, sender, payment.creditor.routing),
        "Case/Id": own_id,
        **bank(network, "Case/Cretr/Agt", sender),
        **_about(inside, f"{inside}/OrgnlGrpInf", network, payment),
        f"{inside}/OrgnlIntrBkSttlmAmt": payment.amount,
        f"{inside}/OrgnlIntrBkSttlmDt": network.settlement_day(payment.created_at).isoformat(),
        f"{inside}/CxlRsnInf/Rsn/Cd": reason,
    }
    return finish(network, "camt.056", sender, at, facts)


def status_report(
    network: Network, original: Message, status: str, *, sender: str, at: datetime, reason: str = "", number: int = 1
) -> Message:
    """The report on a payment that came (pacs.002): accepted, rejected for a reason, or what became of it later.

    `original` is the pacs.008, or the pacs.028 that asks about one; it is answered to whoever sent it.
    """
    about, inside = original_of(original), "TxInfAndSts"
    receiver = agent(original.body, "TxInf" if original.kind == "pacs.028" else "CdtTrfTxInf", "InstgAgt")
    facts: dict[str, Fact] = {
        "GrpHdr/MsgId": message_id(network, sender, at, original.id, status, reason, str(number)),
        "GrpHdr/CreDtTm": network.write_instant(at),
        **_original(inside, about),
        f"{inside}/TxSts": status,
        f"{inside}/StsRsnInf/Rsn/{'Prtry' if _is_own(reason) else 'Cd'}": reason or None,
        f"{inside}/AccptncDtTm": network.write_instant(at),
        **bank(network, f"{inside}/InstgAgt", sender),
        **bank(network, f"{inside}/InstdAgt", receiver),
    }
    return finish(network, "pacs.002", sender, at, facts)


def message_reject(network: Network, original: Message, code: str, *, at: datetime) -> Message:
    """The network's refusal of a message at its door (admi.002), before any payment in it was looked at."""
    facts: dict[str, Fact] = {
        "RltdRef/Ref": original.id[:35] or "NOTAVAILABLE",
        "Rsn/RjctgPtyRsn": code,
        "Rsn/RjctnDtTm": network.write_instant(at),
    }
    operator = OPERATORS[network.name]
    own_id = message_id(network, operator[:9], at, original.id, code)
    return finish(network, "admi.002", operator, at, facts, own_id)


def payment_return(
    network: Network, original: Message, *, at: datetime, reason: str, amount: Money | None = None
) -> Message:
    """The return of a settled payment (pacs.004), whole unless an amount is given."""
    body, inside, paid = original.body, "TxInf", "CdtTrfTxInf"
    sender = named(body, f"{paid}/CdtrAgt/FinInstnId/ClrSysMmbId/MmbId")
    receiver = named(body, f"{paid}/DbtrAgt/FinInstnId/ClrSysMmbId/MmbId")
    own_id = message_id(network, sender, at, original.id, "return", reason)
    sent = body.find(f"{paid}/IntrBkSttlmAmt")
    if sent is None:
        raise Lacking(f"{paid}/IntrBkSttlmAmt")
    facts: dict[str, Fact] = {
        "GrpHdr/MsgId": own_id,
        "GrpHdr/CreDtTm": network.write_instant(at),
        "GrpHdr/NbOfTxs": "1",
        "GrpHdr/SttlmInf/SttlmMtd": "CLRG",
        "GrpHdr/SttlmInf/ClrSys/Cd": network.clearing,
        f"{inside}/RtrId": own_id,
        **_original(inside, original_of(original)),
        f"{inside}/OrgnlIntrBkSttlmAmt": Node("", sent.text, sent.currency),
        f"{inside}/RtrdIntrBkSttlmAmt": amount or Node("", sent.text, sent.currency),
        f"{inside}/IntrBkSttlmDt": network.settlement_day(at).isoformat(),
        f"{inside}/RtrRsnInf/Rsn/Cd": reason,
        **bank(network, f"{inside}/InstgAgt", sender),
        **bank(network, f"{inside}/InstdAgt", receiver),
    }
    return finish(network, "pacs.004", sender, at, facts)


def recall_answer(network: Network, request: Message, answer: str, *, at: datetime, reason: str = "") -> Message:
    """The answer to a request to give back (camt.029): IPAY it comes, RJCR it does not, PDCR not yet known."""
    body, inside, group = request.body, "CxlDtls/TxInfAndSts", "CxlDtls/OrgnlGrpInfAndSts"
    sender = named(body, "Assgnmt/Assgne/Agt/FinInstnId/ClrSysMmbId/MmbId")
    receiver = named(body, "Assgnmt/Assgnr/Agt/FinInstnId/ClrSysMmbId/MmbId")
    own_id = message_id(network, sender, at, request.id, answer)
    facts: dict[str, Fact] = {
        **_assignment(network, own_id, at, sender, receiver),
        "RslvdCase/Id": body.at("Case/Id") or request.id,
        **bank(network, "RslvdCase/Cretr/Agt", receiver),
        "Sts/Conf": answer,
        f"{group}/OrgnlMsgId": request.id,
        f"{group}/OrgnlMsgNmId": request.version,
        f"{group}/OrgnlCreDtTm": body.at("Assgnmt/CreDtTm"),
        **_original(inside, original_of(request)),
        f"{inside}/CxlStsRsnInf/Rsn/Cd": reason or None,
    }
    return finish(network, "camt.029", sender, at, facts)


# What every message is made of, in the order of their call.


def bank(network: Network, path: str, routing: str) -> dict[str, Fact]:
    """A bank by its routing number, with the scheme where the network wants it."""
    member = f"{path}/FinInstnId/ClrSysMmbId"
    return {f"{member}/ClrSysId/Cd": network.member_scheme or None, f"{member}/MmbId": routing}


def party(network: Network, path: str, name: str, side: Side) -> dict[str, Fact]:
    """A party with its account and its bank, as `Dbtr` or `Cdtr`."""
    own, where = f"{path}/{name}", side.address
    facts: dict[str, Fact] = {
        f"{own}/Nm": side.name,
        f"{own}Acct/Id/Othr/Id": side.account,
        **bank(network, f"{own}Agt", side.routing),
    }
    if where is not None:
        facts |= {
            f"{own}/PstlAdr/StrtNm": where.street,
            f"{own}/PstlAdr/BldgNb": where.building,
            f"{own}/PstlAdr/PstCd": where.post_code,
            f"{own}/PstlAdr/TwnNm": where.town,
            f"{own}/PstlAdr/CtrySubDvsn": where.state,
            f"{own}/PstlAdr/Ctry": where.country,
            f"{own}/PstlAdr/AdrLine": where.lines or None,
        }
    return facts


def _about(path: str, group: str, network: Network, payment: Payment) -> dict[str, Fact]:
    return {
        f"{group}/OrgnlMsgId": payment.message_id,
        f"{group}/OrgnlMsgNmId": MESSAGE_KINDS[payment.kind].version,
        f"{group}/OrgnlCreDtTm": network.write_instant(payment.created_at),
        f"{path}/OrgnlInstrId": payment.instruction_id,
        f"{path}/OrgnlEndToEndId": payment.end_to_end_id,
        f"{path}/OrgnlUETR": payment.uetr,
    }


def _original(path: str, about: Original) -> dict[str, Fact]:
    return {
        f"{path}/OrgnlGrpInf/OrgnlMsgId": about.message_id or None,
        f"{path}/OrgnlGrpInf/OrgnlMsgNmId": about.version or None,
        f"{path}/OrgnlGrpInf/OrgnlCreDtTm": about.created_at or None,
        f"{path}/OrgnlInstrId": about.instruction_id or None,
        f"{path}/OrgnlEndToEndId": about.end_to_end_id or None,
        f"{path}/OrgnlUETR": about.uetr or None,
    }


def _assignment(network: Network, own_id: str, at: datetime, sender: str, receiver: str) -> dict[str, Fact]:
    return {
        "Assgnmt/Id": own_id,
        **bank(network, "Assgnmt/Assgnr/Agt", sender),
        **bank(network, "Assgnmt/Assgne/Agt", receiver),
        "Assgnmt/CreDtTm": network.write_instant(at),
    }


def _header_id(network: Network, own_id: str) -> str:
    """The header's id: the message's own, or with the letter that the network wants before it."""
    return f"{network.header_id_prefix}{own_id[1:]}" if network.header_id_prefix else own_id


def _is_own(reason: str) -> bool:
    """Whether a reason is the network's own and not one of ISO 20022's: E997, 9912."""
    return reason.removeprefix("E").isdigit()


def named(body: Node, path: str) -> str:
    """What a message says at a path. Raises Lacking: the schemas let through messages that nobody can answer."""
    found = body.at(path)
    if not found:
        raise Lacking(path)
    return found


def agent(body: Node, inside: str, name: str) -> str:
    """The member that sends or receives, named in the transaction or for the whole message. Raises Lacking."""
    member = f"{name}/FinInstnId/ClrSysMmbId/MmbId"
    return body.at(f"{inside}/{member}") or named(body, f"GrpHdr/{member}")


def delivered(network: Network, message: Message, receiver: str) -> Message:
    """A message as the network hands it on: its header is from the network, and to the one who receives it."""
    assert message.header is not None, "what is made here has its header"
    ends = {"Fr": OPERATORS[network.name], "To": receiver}
    header = replace(
        message.header,
        children=tuple(
            _end(child.name, ends[child.name]) if child.name in ends else child for child in message.header.children
        ),
    )
    return replace(message, header=header)


def _end(name: str, member: str) -> Node:
    node = Node("MmbId", member)
    for around in ("ClrSysMmbId", "FinInstnId", "FIId", name):
        node = Node(around, children=(node,))
    return node


def finish(network: Network, kind: str, sender: str, at: datetime, facts: dict[str, Fact], own_id: str = "") -> Message:
    """The message of these facts with its header, addressed to the network."""
    known = MESSAGE_KINDS[kind]
    body = compose(known.table, shaped(network.name, kind, facts))
    message = Message(known.version, body)
    header = compose(
        HEADER,
        {
            "Fr/FIId/FinInstnId/ClrSysMmbId/MmbId": network.connection(sender),
            "To/FIId/FinInstnId/ClrSysMmbId/MmbId": OPERATORS[network.name],
            "BizMsgIdr": _header_id(network, own_id or message.id),
            "MsgDefIdr": message.version,
            "MktPrctc/Regy": network.practice_registry or None,
            "MktPrctc/Id": network.practice_id or None,
            "CreDt": network.write_instant(at),
        },
    )
    return Message(known.version, body, header)
