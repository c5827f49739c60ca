"""Column's API in bytes and values: what is sent to it, what it answers, and what its events say. Pure.

`requests` writes transfers of all five kinds (ACH, wire, realtime, book, check) and whom they go to or come from, `asking`
asks payers for money; `reading` reads a transfer wherever it stands (an answer, a page, an event) into one `Transfer`, whose
state is a place on a lattice (accepted, settled, rejected, returned), so that the order in which things are heard changes
nothing. `summary` reads the report of balances. Who calls is `rails.column_provider`; the other side, simulated, is
`rails.column_twin`.

Facts: docs.column.com (API reference, events and webhooks, idempotency, pagination, reporting).
"""

from headgate.rails.column.asking import (
    Asked,
    ask_problems,
    asked_of,
    is_of,
    list_asked,
    payer,
    read_asked,
    request_payment,
)
from headgate.rails.column.reading import (
    KINDS,
    PATHS,
    ZONE,
    Event,
    Kind,
    Problem,
    Standing,
    State,
    Transfer,
    page_of,
    parsed,
    problem_of,
    read_event,
    read_events,
    read_standing,
    read_transfer,
)
from headgate.rails.column.requests import (
    IDEMPOTENT,
    KIND_OF_RAIL,
    Account,
    Request,
    Whom,
    book,
    counterparty,
    find_counterparties,
    is_counterparty,
    list_events,
    list_transfers,
    new_counterparty,
    payee,
    problems,
    report,
    transfer,
)
from headgate.rails.column.summary import AccountSummary, ReportStanding, read_report, read_summary

__all__ = [
    "IDEMPOTENT", "KINDS", "KIND_OF_RAIL", "PATHS", "ZONE", "Account", "AccountSummary", "Asked", "Event", "Kind",
    "Problem", "ReportStanding", "Request", "Standing", "State", "Transfer", "Whom", "ask_problems", "asked_of", "book",
    "counterparty", "find_counterparties", "is_counterparty", "is_of", "list_asked", "list_events", "list_transfers",
    "new_counterparty", "page_of", "parsed", "payee", "payer", "problem_of", "problems", "read_asked", "read_event",
    "read_events", "read_report", "read_standing", "read_summary", "read_transfer", "report", "request_payment",
    "transfer",
]  # fmt: skip
