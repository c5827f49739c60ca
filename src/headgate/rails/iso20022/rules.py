"""What FedNow and RTP demand beyond the schemas, which alone let messages through that the network then refuses.

`RULES` is the table: a rule's id, what must hold, the kinds of message it is of, and the check that finds where it does not.
`judge` runs it after the structure, so that all faults come at once. A place that is missing is the structure's fault and
no second one here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from headgate.rails.iso20022 import checks
from headgate.rails.iso20022.checks import Finding
from headgate.rails.iso20022.kinds import MESSAGE_KINDS
from headgate.rails.iso20022.model import Direction, Fault, Level, Message, Node
from headgate.rails.iso20022.networks import Network
from headgate.rails.iso20022.payment_tables import HEADER
from headgate.rails.iso20022.structure import judge_characters, judge_structure

Check = Callable[[Message, Network], Iterator[Finding]]

_VALUE = ("pacs.008", "pacs.004")
_ALL = tuple(MESSAGE_KINDS)
_NAMED = tuple(kind for kind in _ALL if kind != "admi.002")
_ONE_OF = {"pacs.008": "CdtTrfTxInf", "pacs.004": "TxInf", "pain.013": "PmtInf/CdtTrfTx"}
_ABOUT = {
    "pacs.002": ("TxInfAndSts", "TxInfAndSts/OrgnlGrpInf"),
    "pacs.028": ("TxInf", "TxInf/OrgnlGrpInf"),
    "pacs.004": ("TxInf", "TxInf/OrgnlGrpInf"),
    "camt.056": ("Undrlyg/TxInf", "Undrlyg/TxInf/OrgnlGrpInf"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the networks. `inbound` is its level in what we receive: what came is read as far as it can be."""

    id: str
    text: str
    kinds: Sequence[str]
    check: Check
    inbound: Level = "E"
    outbound: Level = "E"


RULES: Sequence[Rule] = (
    Rule("B-01", "one transaction a message", tuple(_ONE_OF), partial(checks.one_transaction, _ONE_OF)),
    Rule("B-02", "it is settled by the network", _VALUE, partial(checks.fixed, "GrpHdr/SttlmInf/SttlmMtd", "CLRG")),
    Rule("B-03", "the clearing system is the network's", _VALUE, checks.clearing_system),
    Rule("B-04", "amounts are dollars, and more than nothing", _ALL, checks.dollars),
    Rule("B-05", "the amount is within the network's limit", (*_VALUE, "pain.013"), checks.within_limit),
    Rule("B-06", "a member id is a routing number with its check digit", _ALL, checks.member_ids),
    Rule("B-07", "a member id names the scheme that it is of", _VALUE, checks.member_scheme),
    Rule("B-08", "the local instrument is the network's", ("pacs.008",), checks.local_instrument),
    Rule("B-09", "the category purpose is the network's", ("pacs.008",), checks.category_purpose),
    Rule("B-10", "the end-to-end id is given", ("pacs.008", "pain.013"), checks.end_to_end),
    Rule("B-11", "the UETR is given", ("pacs.008",), checks.reference),
    Rule("B-12", "it settles on the network's day of its creation", _VALUE, checks.settlement_day),
    Rule("B-13", "the sender bears the charges as the service says", ("pacs.008",), checks.charges),
    Rule("B-14", "the message's id has the network's form, and its day", _NAMED, checks.message_ids, inbound="W"),
    Rule("B-15", "the header is that of its message", _ALL, checks.header, inbound="W"),
    Rule("B-16", "the definition is one that the network takes", _ALL, checks.version),
    Rule("B-17", "debtor and creditor are named, with their accounts", ("pacs.008",), checks.parties),
    Rule("B-18", "an address is structured or hybrid", _ALL, checks.addresses),
    Rule("B-19", "the banks of both sides are the members that send and receive", _VALUE, checks.agents),
    Rule("B-20", "a status is one of the network's", ("pacs.002",), checks.status),
    Rule("B-21", "a refusal says why", ("pacs.002", "pacs.004", "camt.056", "pain.014"), checks.reasons),
    Rule("B-22", "a reason is one that is known", _ALL, checks.known_reasons, inbound="W", outbound="W"),
    Rule("B-23", "what it is about is named", tuple(_ABOUT), partial(checks.about, _ABOUT)),
    Rule("B-24", "no more comes back than was sent", ("pacs.004",), checks.return_amount),
    Rule("B-25", "the answer is one of the network's", ("camt.029",), checks.recall_answer),
    Rule("B-26", "a request to pay does not expire before its day", ("pain.013",), checks.expiry),
    Rule("B-27", "instants have the offset that the network wants", _ALL, checks.offsets, inbound="W"),
    Rule("B-28", "the network has this message", _ALL, checks.offered),
    Rule("B-29", "what the network demands beyond the schema is there", _ALL, checks.demanded),
)
"""The rules in the order in which their faults are told."""


def judge(message: Message, network: Network | None, direction: Direction = "inbound") -> Iterator[Fault]:
    """Every fault of a message: structure, characters, then the rules of its network (or, unknown, that it names none)."""
    table = MESSAGE_KINDS[message.kind].table
    yield from judge_structure(message.body, table, direction)
    yield from judge_characters(message.body, direction)
    if message.header is not None:
        yield from judge_structure(message.header, HEADER, direction, "AppHdr")
        yield from judge_characters(_under(message.header), direction)
    if network is None:
        if message.kind in _VALUE:
            text = "it names no clearing system that is known; write FDN (FedNow) or TCH (RTP) there"
            yield Fault("B-03", "W", "GrpHdr/SttlmInf/ClrSys/Cd", text)
        return
    for rule in RULES:
        if message.kind in rule.kinds:
            level = rule.inbound if direction == "inbound" else rule.outbound
            for path, text in rule.check(message, network):
                yield Fault(rule.id, level, path, text)


def _under(header: Node) -> Node:
    return Node("", children=(header,))
