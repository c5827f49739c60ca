"""Exceptions for people, and approvals under four eyes.

Whatever no rule settles becomes a *case*: opened by any domain under a key of its own, so that opening it twice opens it
once; ended by a person, and where it is high or critical by two. Whatever must be allowed by a second person is asked for
as an *approval* of one exact payload, by its digest. An approval executes nothing: the verb that acts calls
`approvals.consume(tx, approval_id=…, document=…)` in its own transaction, and the database lets it be used once.
"""

from headgate.cases.answering import end_answered
from headgate.cases.approvals import approve, consume, digest_of, reject, request
from headgate.cases.errors import ApprovalUsed
from headgate.cases.exceptions import assign, end_case, open_case, open_cases
from headgate.cases.model import Approval, Case, NewCase
from headgate.cases.queries import (
    about,
    count_open,
    get_approval,
    get_case,
    list_approvals,
    list_cases,
    most_urgent,
    with_key,
)

__all__ = [
    "Approval",
    "ApprovalUsed",
    "Case",
    "NewCase",
    "about",
    "approve",
    "assign",
    "consume",
    "count_open",
    "digest_of",
    "end_answered",
    "end_case",
    "get_approval",
    "get_case",
    "list_approvals",
    "list_cases",
    "most_urgent",
    "open_case",
    "open_cases",
    "reject",
    "request",
    "with_key",
]
