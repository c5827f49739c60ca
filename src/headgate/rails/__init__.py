"""Rails carry money between banks. This domain knows their formats and calendars, and moves nothing by itself.

`RailOrder` is one attempt as payments hands it over; a `Rail` says whether it can carry it and writes it. `AchRail`
is the American clearing house through one bank, whose files `ach` reads, judges and writes. `fake` is the bank's side:
from the files it received it makes statements, returns and changes, for the demo, the tests and test tenants; `twin` is
such a bank as a whole, with its mishaps, from a seed, and `twin_folders` its folders. `banks` holds what each bank
demands, and `cutoffs` says from that which window an order makes and on which days it counts. `wire` writes and reads
Fedwire's messages. `handover` judges what is known of a file that a bank was handed, and `acknowledgements` reads what
the bank says of it.

`InstantRail` is FedNow or RTP, whose messages `iso20022` writes, reads and judges; `instant_life` says what an answer, or
silence, changes. A `Provider` is a rail that is spoken to order by order: `InstantProvider` does so over HTTP, and
`headgate simulate instant` (`instant_twin`) is the other side. `FedwireRail` makes the same of Fedwire's messages, with
`headgate simulate fedwire` (`fedwire_twin`) at the other end.

`column` is Column's API in bytes and values, `ColumnProvider` speaks it, and `headgate simulate column` (`column_twin`) is the
other side, with webhooks.

All but those that speak HTTP (`instant_provider`, `column_provider`, and the two faces) is pure: bytes and
values in, bytes and values out.
Whether something is sent, and when, is decided in payments, which fixes time and ids in the database before the first byte.
"""

from headgate.rails import (
    ach,
    acknowledgements,
    banks,
    column,
    cutoffs,
    fake,
    handover,
    instant_life,
    iso20022,
    twin,
    twin_folders,
    wire,
)
from headgate.rails.ach.calendar import (
    add_banking_days,
    banking_day_on_or_after,
    banking_day_on_or_before,
    holidays,
    is_banking_day,
)
from headgate.rails.ach.rail import AchRail
from headgate.rails.ach.return_codes import ReturnCode, return_codes
from headgate.rails.ach.routing import check_digit, is_routing_number
from headgate.rails.column_answers import answer_of, asked_answer, recall_answer, settlement_of, settlements_of
from headgate.rails.column_provider import ColumnProvider
from headgate.rails.contract import (
    AccountType,
    AskAnswer,
    AskOutcome,
    Carried,
    Change,
    Company,
    Correspondent,
    Direction,
    FileSlot,
    FundingAsk,
    InboxMessage,
    OrderNames,
    OutboundFile,
    Outcome,
    Provider,
    ProviderAnswer,
    ProviderSettlement,
    Rail,
    RailOrder,
    SecCode,
)
from headgate.rails.errors import (
    CannotWrite,
    FileRefused,
    NotEntered,
    NoWindow,
    ProviderAnswerUnread,
    RailNotOffered,
    UnknownTrace,
)
from headgate.rails.fedwire import FedwireRail
from headgate.rails.instant import InstantRail, OutboundMessage
from headgate.rails.instant_asking import AskingInstantRail
from headgate.rails.instant_funding import (
    IncomingPayment,
    PaymentRequest,
    RequestAnswer,
    read_payment,
    read_request_answer,
    request_payment,
)
from headgate.rails.instant_provider import InstantProvider
from headgate.rails.iso20022.build import Address as PostalAddress

__all__ = [
    "AccountType", "AchRail", "CannotWrite", "Carried", "Change", "Company", "Direction", "FileRefused", "FileSlot",
    "OutboundFile", "Rail", "RailOrder", "ReturnCode", "SecCode", "UnknownTrace", "ach", "acknowledgements",
    "add_banking_days", "banking_day_on_or_after", "banking_day_on_or_before", "banks", "check_digit", "cutoffs",
    "fake", "handover", "holidays", "is_banking_day", "is_routing_number", "return_codes", "twin", "twin_folders", "wire",
]  # fmt: skip
__all__ += [
    "ColumnProvider",
    "NoWindow",
    "NotEntered",
    "RailNotOffered",
    "answer_of",
    "asked_answer",
    "column",
    "recall_answer",
]
__all__ += ["settlement_of", "settlements_of"]
__all__ += [
    "AskAnswer", "AskOutcome", "AskingInstantRail", "Correspondent", "FedwireRail", "FundingAsk", "InboxMessage",
    "IncomingPayment", "InstantProvider", "InstantRail", "NotEntered", "OrderNames",
    "OutboundMessage",
    "Outcome", "PaymentRequest", "PostalAddress", "Provider",
    "ProviderAnswer", "ProviderAnswerUnread", "ProviderSettlement", "RequestAnswer", "instant_life", "iso20022",
    "read_payment", "read_request_answer", "request_payment",
]  # fmt: skip
