"""Loan servicing: what borrowers pay is allocated to what they owe, posted exactly once, and can be undone.

A *loan* has *dues* by instalment (fees, interest, principal, escrow) and a state: by its oldest unpaid due date, or by a
*standing* that a person or a court gave it. A *payment* is validated, classified by the loan's state, allocated by the
waterfall that the tenant's *policy* chose for that state, and posted: its row, its lines, its entries in the book, its event
and its message in one transaction. What no due takes waits in suspense until it has become a periodic payment.

`history` folds a loan's payments by the day on which each was received, so that the order of arrival changes nothing: a
payment that is undone, or comes with an earlier date, makes the later ones be folded again under their own policy
versions, and only the differences are posted. The stored lines are the history, not the policy.

Payments that came in over a channel (`ingestion`) pass the stages of `pipeline`, one consumer each; whether they are posted,
only written down or left says the channel's *posting mode*.
"""

from headgate.servicing.applying import apply_payment, apply_payments
from headgate.servicing.changes import changed_loans
from headgate.servicing.errors import (
    InvalidLoan,
    InvalidMode,
    InvalidPayment,
    InvalidPolicy,
    LoanDiffers,
    NoSuchLoan,
    NoSuchPayment,
    NotPostable,
    PaymentDiffers,
    ReturnDiffers,
)
from headgate.servicing.importing import ImportFault, ImportReport, import_file
from headgate.servicing.loan_search import TERMS as LOAN_TERMS
from headgate.servicing.loan_search import (
    LoanListed,
    LoanTotal,
    find_loans,
    loan_row,
    loan_rows,
    loan_totals,
    matching_loans,
)
from headgate.servicing.loans import (
    Boarded,
    add_charge,
    import_loan,
    import_loans,
    import_schedule,
    pass_days,
    set_holds,
    set_standing,
)
from headgate.servicing.message_search import find_messages, matching_messages, message_totals, parse_messages
from headgate.servicing.model import CHARGES_AFTER, AppliedPayment, Due, NewLoan, NewPayment, Parts, Rule, Terms
from headgate.servicing.modes import PostingMode, posting_modes, set_posting_mode
from headgate.servicing.notices import PaymentNotice, payment_notices
from headgate.servicing.outcomes import Outcome, outcomes_of
from headgate.servicing.overview import BorrowersMoney, borrowers_money
from headgate.servicing.payment_search import TERMS as LOAN_PAYMENT_TERMS
from headgate.servicing.payment_search import (
    LineStory,
    PaymentListed,
    PaymentTotal,
    find_payments,
    line_stories,
    matching_payments,
    payment_row,
    payment_rows,
    payment_totals,
    rows_of_loan,
)
from headgate.servicing.pipeline import release_waiting
from headgate.servicing.policies import Policy, policies_of, set_policy
from headgate.servicing.queries import (
    DueView,
    Happening,
    PaymentView,
    dues_of,
    events_of_payment,
    get_payment,
    timeline_of,
)
from headgate.servicing.refusing import REFUSALS
from headgate.servicing.returns import (
    NewReturn,
    RecordedReturn,
    ReturnRule,
    record_return,
    return_rule,
    set_return_rule,
)
from headgate.servicing.undoing import Undone, undo_payment
from headgate.servicing.waterfalls import allocate

__all__ = [
    "CHARGES_AFTER",
    "LOAN_PAYMENT_TERMS",
    "LOAN_TERMS",
    "REFUSALS",
    "AppliedPayment",
    "Boarded",
    "BorrowersMoney",
    "Due",
    "DueView",
    "Happening",
    "ImportFault",
    "ImportReport",
    "InvalidLoan",
    "InvalidMode",
    "InvalidPayment",
    "InvalidPolicy",
    "LineStory",
    "LoanDiffers",
    "LoanListed",
    "LoanTotal",
    "NewLoan",
    "NewPayment",
    "NewReturn",
    "NoSuchLoan",
    "NoSuchPayment",
    "NotPostable",
    "Outcome",
    "Parts",
    "PaymentDiffers",
    "PaymentListed",
    "PaymentNotice",
    "PaymentTotal",
    "PaymentView",
    "Policy",
    "PostingMode",
    "RecordedReturn",
    "ReturnDiffers",
    "ReturnRule",
    "Rule",
    "Terms",
    "Undone",
    "add_charge",
    "allocate",
    "apply_payment",
    "apply_payments",
    "borrowers_money",
    "changed_loans",
    "dues_of",
    "events_of_payment",
    "find_loans",
    "find_messages",
    "find_payments",
    "get_payment",
    "import_file",
    "import_loan",
    "import_loans",
    "import_schedule",
    "line_stories",
    "loan_row",
    "loan_rows",
    "loan_totals",
    "matching_loans",
    "matching_messages",
    "matching_payments",
    "message_totals",
    "outcomes_of",
    "parse_messages",
    "pass_days",
    "payment_notices",
    "payment_row",
    "payment_rows",
    "payment_totals",
    "policies_of",
    "posting_modes",
    "record_return",
    "release_waiting",
    "return_rule",
    "rows_of_loan",
    "set_holds",
    "set_policy",
    "set_posting_mode",
    "set_return_rule",
    "set_standing",
    "timeline_of",
    "undo_payment",
]
