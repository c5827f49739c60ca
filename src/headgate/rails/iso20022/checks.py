"""The checks of the rules: each finds the places where one rule of a network does not hold, and says how to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from headgate.rails.ach.routing import is_routing_number
from headgate.rails.iso20022.kinds import MESSAGE_KINDS, NAMESPACE
from headgate.rails.iso20022.model import Message, Node, read_amount
from headgate.rails.iso20022.networks import EASTERN, Network
from headgate.rails.iso20022.reasons import reason_codes
from headgate.rails.iso20022.shapes import shape_of

Finding = tuple[str, str]
"""Where a rule does not hold, and what is wrong with its mending."""

CURRENCY = "USD"
_ROLLOVER_MINUTES = 60
"""How near to the roll-over the network may count either day: it rolls at about its hour."""

_REASON_PATHS = ("Rsn/Cd", "Rsn/Prtry")


def one_transaction(places_of: Mapping[str, str], message: Message, network: Network) -> Iterator[Finding]:
    said = message.body.find("GrpHdr/NbOfTxs")
    if said is not None and said.text.lstrip("0") != "1":
        yield "GrpHdr/NbOfTxs", f"{network.title} takes one transaction a message; write 1 and send the others apart"
    count = sum(1 for _ in message.body.all(places_of[message.kind]))
    if count != 1:
        yield places_of[message.kind], f"{count} transactions stand in it; send one a message"


def fixed(path: str, value: str, message: Message, network: Network) -> Iterator[Finding]:
    found = message.body.find(path)
    if found is not None and found.text != value:
        yield path, f"{network.title} takes {value} only; write that"


def clearing_system(message: Message, network: Network) -> Iterator[Finding]:
    path = "GrpHdr/SttlmInf/ClrSys/Cd"
    if message.body.at(path) != network.clearing:
        yield path, f"it is not {network.clearing}, which is {network.title}; write that"


def dollars(message: Message, network: Network) -> Iterator[Finding]:
    for path, node in message.places:
        if not node.currency:
            continue
        if node.currency != CURRENCY:
            yield path, f"{network.title} carries {CURRENCY} only; use another rail"
        amount = read_amount(node)
        if amount is not None and amount.minor == 0:
            yield path, "the least that is carried is 0.01; leave the payment out"


def within_limit(message: Message, network: Network) -> Iterator[Finding]:
    for path, node in message.places:
        amount = read_amount(node)
        if amount is not None and amount.currency == network.amount_max.currency and amount > network.amount_max:
            yield path, f"more than the {network.amount_max.format()} that {network.title} carries; use a wire"


def member_ids(message: Message, network: Network) -> Iterator[Finding]:
    for path, node in message.places:
        if path.endswith("ClrSysMmbId/MmbId") and not is_routing_number(node.text):
            yield path, "it is no routing number of nine digits with its check digit; ask the bank for its number"


def member_scheme(message: Message, network: Network) -> Iterator[Finding]:
    if not network.member_scheme:
        return
    for path, node in message.places:
        if path.endswith("/ClrSysMmbId") and node.at("ClrSysId/Cd") != network.member_scheme:
            yield f"{path}/ClrSysId/Cd", f"the scheme of the member id is not given; write {network.member_scheme}"


def local_instrument(message: Message, network: Network) -> Iterator[Finding]:
    yield from _proprietary(message, "LclInstrm", network.local_instruments)


def category_purpose(message: Message, network: Network) -> Iterator[Finding]:
    yield from _proprietary(message, "CtgyPurp", network.category_purposes)


def end_to_end(message: Message, network: Network) -> Iterator[Finding]:
    for path, node in message.places:
        if path.endswith("PmtId/EndToEndId") and node.text.strip().upper() == "NOTPROVIDED":
            yield path, "an end-to-end id is demanded; write our own reference of the payment"


def reference(message: Message, network: Network) -> Iterator[Finding]:
    if network.needs_uetr and not message.body.at("CdtTrfTxInf/PmtId/UETR"):
        yield "CdtTrfTxInf/PmtId/UETR", f"{network.title} demands a UETR; write one, the same at every try"


def settlement_day(message: Message, network: Network) -> Iterator[Finding]:
    inside = "CdtTrfTxInf/IntrBkSttlmDt" if message.kind == "pacs.008" else "TxInf/IntrBkSttlmDt"
    path = inside if message.body.find(inside) else "GrpHdr/IntrBkSttlmDt"
    found = message.body.find(path)
    if found is None:
        yield inside, "the settlement day is missing; write the network's day of the message's creation"
        return
    instant, day = _instant(message.body.at("GrpHdr/CreDtTm"), network), _day(found.text)
    if instant is None or day is None:
        return
    near = timedelta(minutes=_ROLLOVER_MINUTES)
    allowed = {network.settlement_day(at) for at in (instant - near, instant, instant + near)}
    if day not in allowed:
        expected = network.settlement_day(instant)
        yield path, f"it is not the day on which {network.title} settles it, {expected}; write that"


def charges(message: Message, network: Network) -> Iterator[Finding]:
    found = message.body.find("CdtTrfTxInf/ChrgBr")
    if found is not None and found.text != "SLEV":
        yield "CdtTrfTxInf/ChrgBr", f"{network.title} takes SLEV only; write that"


def message_ids(message: Message, network: Network) -> Iterator[Finding]:
    path = "GrpHdr/MsgId" if message.body.find("GrpHdr") else "Assgnmt/Id"
    instant = _instant(message.body.at(path.replace("MsgId", "CreDtTm").replace("/Id", "/CreDtTm")), network)
    found = re.fullmatch(network.message_id, message.id)
    if found is None:
        yield path, f"it has not {network.title}'s form: the day as 20261124, the member, then letters and digits"
    elif _compact_day(found["day"]) is None:
        yield path, "its first eight digits are no day; write the day of its creation"
    elif instant is not None and abs((instant.astimezone(EASTERN).date() - _known_day(found["day"])).days) > 1:
        yield path, "its day is not that of its creation; write that"


def header(message: Message, network: Network) -> Iterator[Finding]:
    head = message.header
    if head is None:
        return
    if head.at("BizMsgIdr") and not network.header_id_prefix and head.at("BizMsgIdr") != message.id:
        yield "AppHdr/BizMsgIdr", "it is not the message's own id; write that"
    if head.at("MsgDefIdr") and head.at("MsgDefIdr") != message.version:
        yield "AppHdr/MsgDefIdr", f"the message is {message.version}; write that"
    for side in ("Fr", "To"):
        member = head.at(f"{side}/FIId/FinInstnId/ClrSysMmbId/MmbId")
        if not re.fullmatch(r"[0-9]{9}[A-Z0-9]{0,2}", member, re.ASCII):
            path = f"AppHdr/{side}/FIId/FinInstnId/ClrSysMmbId/MmbId"
            yield path, "it does not begin with a member's nine digits; write those of the connection"
    if network.practice_id and head.at("MktPrctc/Id") != network.practice_id:
        yield "AppHdr/MktPrctc/Id", f"it does not name {network.title}'s practice; write {network.practice_id}"


def version(message: Message, network: Network) -> Iterator[Finding]:
    if message.version not in network.versions and any(known[:8] == message.kind for known in network.versions):
        taken = next(known for known in network.versions if known[:8] == message.kind)
        yield "", f"{network.title} takes {taken}, not {message.version}; write the namespace {NAMESPACE}{taken}"


def offered(message: Message, network: Network) -> Iterator[Finding]:
    if all(known[:8] != message.kind for known in network.versions):
        yield "", f"{network.title} has no {MESSAGE_KINDS[message.kind].title}; send what it has instead"


def demanded(message: Message, network: Network) -> Iterator[Finding]:
    for path in shape_of(network.name, message.kind).required:
        if message.body.find(path) is None:
            yield path, f"{network.title} demands it; write it there"


def parties(message: Message, network: Network) -> Iterator[Finding]:
    for side, whose in (("Dbtr", "debtor"), ("Cdtr", "creditor")):
        if message.body.find("CdtTrfTxInf") is None:
            return
        if message.body.find(f"CdtTrfTxInf/{side}") and not message.body.at(f"CdtTrfTxInf/{side}/Nm").strip():
            yield f"CdtTrfTxInf/{side}/Nm", f"the {whose} has no name; write it"
        account = message.body.find(f"CdtTrfTxInf/{side}Acct/Id")
        if account is None or not account.children:
            yield f"CdtTrfTxInf/{side}Acct/Id/Othr/Id", f"the {whose}'s account is not given; write its number"
    if network.needs_debtor_address and message.body.find("CdtTrfTxInf/Dbtr/PstlAdr") is None:
        yield "CdtTrfTxInf/Dbtr/PstlAdr", "the debtor has no address; write at least its town and country"


def addresses(message: Message, network: Network) -> Iterator[Finding]:
    for path, node in message.places:
        if not path.endswith("PstlAdr"):
            continue
        lacking = [name for name in network.address_elements if not node.at(name)]
        if lacking:
            yield path, f"an address needs its {', '.join(lacking)} as elements; lines alone are no longer taken"
        if sum(1 for _ in node.all("AdrLine")) > network.address_lines_max:
            yield f"{path}/AdrLine", "too many lines stand beside the elements; move them into elements"


def agents(message: Message, network: Network) -> Iterator[Finding]:
    inside = "CdtTrfTxInf" if message.kind == "pacs.008" else "TxInf"
    if message.body.find(inside) is None:
        return
    for agent in ("InstgAgt", "InstdAgt"):
        member = _member(message.body, f"{inside}/{agent}") or _member(message.body, f"GrpHdr/{agent}")
        if not member:
            path = f"{inside}/{agent}/FinInstnId/ClrSysMmbId/MmbId"
            yield path, "the member that sends or receives is not named; write its routing number"
    if message.kind == "pacs.008":
        for agent in ("DbtrAgt", "CdtrAgt"):
            if message.body.find(f"{inside}/{agent}") and not _member(message.body, f"{inside}/{agent}"):
                path = f"{inside}/{agent}/FinInstnId/ClrSysMmbId/MmbId"
                yield path, "the bank is not named by its routing number; write that"


def status(message: Message, network: Network) -> Iterator[Finding]:
    reports = list(message.body.all("TxInfAndSts"))
    if len(reports) != 1:
        yield "TxInfAndSts", f"{len(reports)} transactions are reported; report one a message"
    for report in reports:
        if report.at("TxSts") not in network.statuses:
            known = ", ".join(network.statuses)
            yield "TxInfAndSts/TxSts", f"it is none of {network.title}'s; write one of {known}"


def reasons(message: Message, network: Network) -> Iterator[Finding]:
    body = message.body
    if message.kind == "pacs.004":
        wanted, path = body.find("TxInf") is not None, "TxInf/RtrRsnInf"
    elif message.kind == "camt.056":
        wanted, path = body.find("Undrlyg/TxInf") is not None, "Undrlyg/TxInf/CxlRsnInf"
    else:
        at = "TxInfAndSts" if message.kind == "pacs.002" else "OrgnlPmtInfAndSts/TxInfAndSts"
        wanted, path = body.at(f"{at}/TxSts") == "RJCT", f"{at}/StsRsnInf"
    if wanted and not any(body.at(f"{path}/{end}") for end in _REASON_PATHS):
        yield f"{path}/Rsn", "no reason is given; write its code"


def known_reasons(message: Message, network: Network) -> Iterator[Finding]:
    for path, node in message.places:
        if path.endswith(_REASON_PATHS) and node.text and node.text not in reason_codes():
            yield path, "the reason is in no table of ours; it is passed on as it came"


def about(places_of: Mapping[str, tuple[str, str]], message: Message, network: Network) -> Iterator[Finding]:
    transaction, group = places_of[message.kind]
    if message.body.find(transaction) is None:
        yield transaction, "no transaction is named; name the one that it is about"
        return
    names = ("OrgnlInstrId", "OrgnlEndToEndId", "OrgnlTxId", "OrgnlUETR")
    if not any(message.body.at(f"{transaction}/{name}") for name in names):
        yield f"{transaction}/OrgnlInstrId", "the payment is not named; write the id of its instruction or its UETR"
    groups = (group, "OrgnlGrpInfAndSts", "OrgnlGrpInf", "Undrlyg/OrgnlGrpInfAndCxl")
    if not any(message.body.at(f"{path}/OrgnlMsgId") for path in groups):
        yield f"{group}/OrgnlMsgId", "the message that it is about is not named; write its id"


def return_amount(message: Message, network: Network) -> Iterator[Finding]:
    sent = message.body.money("TxInf/OrgnlIntrBkSttlmAmt")
    back = message.body.money("TxInf/RtrdIntrBkSttlmAmt")
    if sent is not None and back is not None and (back.currency != sent.currency or back > sent):
        yield "TxInf/RtrdIntrBkSttlmAmt", "more comes back than was sent, or in another currency; ask the sender"


def recall_answer(message: Message, network: Network) -> Iterator[Finding]:
    if message.body.at("Sts/Conf") not in network.recall_answers:
        known = ", ".join(network.recall_answers)
        yield "Sts/Conf", f"it is none of {network.title}'s answers; write one of {known}"


def expiry(message: Message, network: Network) -> Iterator[Finding]:
    ends = [_moment(message.body, f"PmtInf/{name}", network) for name in ("ReqdExctnDt", "XpryDt")]
    if ends[0] is not None and ends[1] is not None and ends[1] < ends[0]:
        yield "PmtInf/XpryDt", "it expires before it is to be paid; write a later day"


def offsets(message: Message, network: Network) -> Iterator[Finding]:
    for path, node in message.places:
        if not path.endswith(("CreDtTm", "AccptncDtTm")) or not node.text:
            continue
        has_offset = re.search(r"(Z|[+-]\d\d:\d\d)$", node.text) is not None
        if has_offset is not network.needs_offset:
            mend = (
                "write it with its offset, as -05:00" if network.needs_offset else "write Eastern time without offset"
            )
            yield path, f"{network.title} writes instants the other way; {mend}"


# Helpers, in the order of their call.


def _proprietary(message: Message, name: str, allowed: tuple[str, ...]) -> Iterator[Finding]:
    transaction = message.body.find("CdtTrfTxInf")
    if transaction is None:
        return
    kind = transaction.find("PmtTpInf") or message.body.find("GrpHdr/PmtTpInf")
    if kind is None or kind.at(f"{name}/Prtry") not in allowed:
        path = f"CdtTrfTxInf/PmtTpInf/{name}/Prtry"
        yield path, f"it is none of the network's codes; write {' or '.join(allowed)}"


def _instant(text: str, network: Network) -> datetime | None:
    try:
        return network.read_instant(text)
    except ValueError:
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _compact_day(text: str) -> date | None:
    return _day(f"{text[:4]}-{text[4:6]}-{text[6:]}")


def _known_day(text: str) -> date:
    return date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")


def _member(body: Node, agent: str) -> str:
    return body.at(f"{agent}/FinInstnId/ClrSysMmbId/MmbId")


def _moment(body: Node, path: str, network: Network) -> date | None:
    """The day of a date or an instant."""
    instant = _instant(body.at(f"{path}/DtTm"), network)
    return instant.astimezone(EASTERN).date() if instant is not None else _day(body.at(f"{path}/Dt"))
