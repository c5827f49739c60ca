"""The messages of FedNow and RTP (ISO 20022), written and read by tables: which elements, how often, holding what.

    message = build.transfer(FEDNOW, payment)      write_document(message, FEDNOW) -> bytes
    read_message(data) -> (kind, summary, faults)      read_document(data) -> ReadMessage

A schema lets through what a network then refuses, so `rules` holds what FedNow and RTP demand beyond the tables; every
fault names its path, its rule and its mending, and all come at once. What is written is judged first; the same facts give
the same bytes. Names, limits and codes of the networks are parameters in `networks`, reasons are rows of a table.
"""

from headgate.rails.iso20022.kinds import MESSAGE_KINDS, MessageKind
from headgate.rails.iso20022.model import Fault, Message, Node
from headgate.rails.iso20022.networks import FEDNOW, NETWORKS, RTP, Network
from headgate.rails.iso20022.reader import ReadMessage, network_of, read_document
from headgate.rails.iso20022.reasons import ReasonCode, reason_code, reason_codes
from headgate.rails.iso20022.rules import RULES, Rule, judge
from headgate.rails.iso20022.summary import looks_like_message, read_message, summarise
from headgate.rails.iso20022.writer import compose, encode, write_document

__all__ = [
    "FEDNOW", "MESSAGE_KINDS", "NETWORKS", "RTP", "RULES", "Fault", "Message", "MessageKind", "Network", "Node",
    "ReadMessage", "ReasonCode", "Rule", "compose", "encode", "judge", "looks_like_message", "network_of",
    "read_document", "read_message", "reason_code", "reason_codes", "summarise", "write_document",
]  # fmt: skip
