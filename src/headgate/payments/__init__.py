"""Payments: payrolls become instructions, instructions become attempts in files, and banks say what became of them.

`commit_payroll` takes a payroll as its engine computed it and asks the commit gate for its whole need: one
reservation an *instruction*, all or nothing. `submit_due` sends what falls due: the pay gate judges again, each
reservation is captured, and an *attempt* takes it (the database refuses one without), in a file whose name, bytes and
hash are fixed before the first byte leaves. `deliver` hands files over, outside any transaction, the same bytes however
often. Then only the bank speaks: `settle_from_statement` and `return_from_file` write *settlement events*, the truth,
which counts the same evidence once and comes out the same in whatever order it is told. What came back, or was refused,
is paid again only by a new attempt (`retry_instruction`). Nothing is sent twice, and nothing unfunded.

Its rooms: payrolls (committed, waiting, queued), files and orders (what leaves), delivery (a bank's folders), outcomes
and settlement (what became of it), returns (what comes back), life (all of it, told).
"""

from headgate.payments.changes import changed_things
from headgate.payments.debits import SubmittedDebits, represent_debit, submit_all_debits, submit_debits
from headgate.payments.delivery.bank_places import (
    BankPlace,
    get_place,
    list_places,
    outbound_folder,
    remove_place,
    rotate_login,
    set_sftp_place,
)
from headgate.payments.delivery.decisions import (
    DELIVERY,
    Word,
    approve_delivery,
    decide_delivery,
    request_delivery_decision,
    require_delivery,
)
from headgate.payments.delivery.decisions import open_requests as open_delivery_requests
from headgate.payments.delivery.delivery import deliver
from headgate.payments.delivery.fetching import BankUnseen, Fetched, fetch
from headgate.payments.delivery.intake import TakenIn, take_in
from headgate.payments.delivery.place_standing import PlaceStanding, last_round, place_standings
from headgate.payments.delivery.place_testing import DOOR_SECONDS_MAX, PlaceTried, try_place
from headgate.payments.errors import (
    AccountNotCorrected,
    CaptureFailed,
    DisputeOutOfOrder,
    FactChanged,
    FileRefused,
    InvalidOriginator,
    InvalidPayroll,
    InvalidPlace,
    InvalidProvider,
    InvalidRecall,
    NoSuchDebit,
    NoSuchFile,
    NoSuchInstruction,
    NoSuchOrder,
    NoSuchPayroll,
    NoSuchPlace,
    NoSuchProvider,
    NoSuchReturn,
    NothingToDecide,
    NothingToDishonor,
    NothingToRetry,
    NothingToSplit,
    NotProvedAbsent,
    OriginatorMissing,
    OverrideReasonMissing,
    PayrollDiffers,
    PostingRefused,
    RailUnavailable,
    RetryNeedsApproval,
    TooManyFiles,
    UnfundedAttempt,
)
from headgate.payments.files.files import file_bytes, get_file, list_files
from headgate.payments.files.search import TERMS as FILE_TERMS
from headgate.payments.files.search import (
    FileEntry,
    FileRow,
    FileTotal,
    file_entries,
    file_row,
    file_rows,
    file_totals,
    find_files,
    matching_files,
)
from headgate.payments.instructions import get_instruction, name_account
from headgate.payments.life.life import Life, get_life, timeline
from headgate.payments.life.order_life import Moved, OrderLife, RecallAsked, order_life
from headgate.payments.life.order_reasons import code_text as reason_text
from headgate.payments.life.order_reasons import title as rail_title
from headgate.payments.life.reasons import Reason
from headgate.payments.model import (
    AchFile,
    CommitResult,
    Obligation,
    Originator,
    Payroll,
    PayrollBatch,
    PayrollItem,
    ReturnEffects,
    StatementEffects,
)
from headgate.payments.orders.answers import Heard
from headgate.payments.orders.column_events import take_events as take_column_events
from headgate.payments.orders.debit_orders import DebitOrder, list_debit_orders
from headgate.payments.orders.debit_sending import send_debit_orders
from headgate.payments.orders.decisions import ORDER, approve_order, decide_order, request_order_decision
from headgate.payments.orders.decisions import Word as OrderWord
from headgate.payments.orders.janitor import Round, run_orders
from headgate.payments.orders.orders import Order, get_order, list_orders, order_of
from headgate.payments.orders.providers import (
    ProviderSetting,
    get_provider,
    list_providers,
    providers_in,
    providers_of,
    remove_provider,
    set_provider,
)
from headgate.payments.orders.recalls import REASONS as RECALL_REASONS
from headgate.payments.orders.recalls import request_recall
from headgate.payments.orders.search import TERMS as ORDER_TERMS
from headgate.payments.orders.search import (
    OrderRow,
    OrderTotal,
    find_orders,
    matching_orders,
    order_row,
    order_rows,
    order_totals,
)
from headgate.payments.orders.sending import send_orders
from headgate.payments.originators import set_originator
from headgate.payments.outcomes.missing import open_missing
from headgate.payments.outcomes.movements import Movement, MovementEffects, open_movements
from headgate.payments.overview import FlowFigures, currencies, flow, recent_changes, time_zone
from headgate.payments.payrolls.asking import judge_again
from headgate.payments.payrolls.awaiting import reserve_awaiting, split_payroll
from headgate.payments.payrolls.execution import Queued, awaits_funds, queue_payroll
from headgate.payments.payrolls.held import TERMS as HELD_TERMS
from headgate.payments.payrolls.held import (
    HeldPayroll,
    Holder,
    Standing,
    count_held,
    held_payroll,
    held_payrolls,
    standing,
)
from headgate.payments.payrolls.payrolls import commit_payroll, get_payroll, list_payrolls
from headgate.payments.payrolls.registers import commit_register
from headgate.payments.payrolls.search import TERMS as PAYROLL_TERMS
from headgate.payments.payrolls.search import (
    PayrollFile,
    PayrollPart,
    PayrollRow,
    PayrollTotal,
    find_payrolls,
    matching_payrolls,
    payroll_files,
    payroll_parts,
    payroll_row,
    payroll_rows,
    payroll_totals,
)
from headgate.payments.returns.dishonoring import (
    DISHONOR,
    Dishonored,
    dishonor_codes,
    dishonor_return,
    request_dishonor,
)
from headgate.payments.returns.notices import Notice, NoticeEffects, list_notices, notice_policies, set_notice_policy
from headgate.payments.returns.rates import ReturnRate, return_rates
from headgate.payments.returns.retrying import RETRY, Retry, request_retry, retry_instruction, retry_refused
from headgate.payments.returns.returns import return_from_file
from headgate.payments.returns.rules import ACTION as RETURN_POLICY
from headgate.payments.returns.rules import (
    ReturnPolicy,
    request_return_policy,
    return_policies,
    set_return_policy,
)
from headgate.payments.returns.search import TERMS as RETURN_TERMS
from headgate.payments.returns.search import (
    ByCode,
    DebitBack,
    ReturnRow,
    ReturnTotal,
    debits_back,
    find_returns,
    list_returns,
    matching_returns,
    return_row,
    return_rows,
    return_totals,
    returns_by_code,
)
from headgate.payments.search import (
    CurrencyTotal,
    InstructionQuery,
    InstructionRow,
    MalformedQuery,
    list_instructions,
    matching,
    parse_query,
    rows_by_ids,
    totals,
)
from headgate.payments.settlement.pulling import Pull, SourceAnswer, pull, sentences
from headgate.payments.settlement.statements import settle_from_statement
from headgate.payments.settlement.telling import Told, tell
from headgate.payments.submission import Submitted, submit_all, submit_due

__all__ = [
    "DELIVERY",
    "DISHONOR",
    "DOOR_SECONDS_MAX",
    "FILE_TERMS",
    "HELD_TERMS",
    "ORDER",
    "ORDER_TERMS",
    "PAYROLL_TERMS",
    "RECALL_REASONS",
    "RETRY",
    "RETURN_POLICY",
    "RETURN_TERMS",
    "AccountNotCorrected",
    "AchFile",
    "BankPlace",
    "BankUnseen",
    "ByCode",
    "CaptureFailed",
    "CommitResult",
    "CurrencyTotal",
    "DebitBack",
    "DebitOrder",
    "Dishonored",
    "DisputeOutOfOrder",
    "FactChanged",
    "Fetched",
    "FileEntry",
    "FileRefused",
    "FileRow",
    "FileTotal",
    "FlowFigures",
    "Heard",
    "HeldPayroll",
    "Holder",
    "InstructionQuery",
    "InstructionRow",
    "InvalidOriginator",
    "InvalidPayroll",
    "InvalidPlace",
    "InvalidProvider",
    "InvalidRecall",
    "Life",
    "MalformedQuery",
    "Moved",
    "Movement",
    "MovementEffects",
    "NoSuchDebit",
    "NoSuchFile",
    "NoSuchInstruction",
    "NoSuchOrder",
    "NoSuchPayroll",
    "NoSuchPlace",
    "NoSuchProvider",
    "NoSuchReturn",
    "NotProvedAbsent",
    "NothingToDecide",
    "NothingToDishonor",
    "NothingToRetry",
    "NothingToSplit",
    "Notice",
    "NoticeEffects",
    "Obligation",
    "Order",
    "OrderLife",
    "OrderRow",
    "OrderTotal",
    "OrderWord",
    "Originator",
    "OriginatorMissing",
    "OverrideReasonMissing",
    "Payroll",
    "PayrollBatch",
    "PayrollDiffers",
    "PayrollFile",
    "PayrollItem",
    "PayrollPart",
    "PayrollRow",
    "PayrollTotal",
    "PlaceStanding",
    "PlaceTried",
    "PostingRefused",
    "ProviderSetting",
    "Pull",
    "Queued",
    "RailUnavailable",
    "Reason",
    "RecallAsked",
    "Retry",
    "RetryNeedsApproval",
    "ReturnEffects",
    "ReturnPolicy",
    "ReturnRate",
    "ReturnRow",
    "ReturnTotal",
    "Round",
    "SourceAnswer",
    "Standing",
    "StatementEffects",
    "Submitted",
    "SubmittedDebits",
    "TakenIn",
    "Told",
    "TooManyFiles",
    "UnfundedAttempt",
    "Word",
    "approve_delivery",
    "approve_order",
    "awaits_funds",
    "changed_things",
    "commit_payroll",
    "commit_register",
    "count_held",
    "count_holds",
    "currencies",
    "debits_back",
    "decide_delivery",
    "decide_order",
    "deliver",
    "dishonor_codes",
    "dishonor_return",
    "fetch",
    "file_bytes",
    "file_entries",
    "file_row",
    "file_rows",
    "file_totals",
    "find_files",
    "find_orders",
    "find_payrolls",
    "find_returns",
    "flow",
    "get_file",
    "get_instruction",
    "get_life",
    "get_order",
    "get_payroll",
    "get_place",
    "get_provider",
    "held_payroll",
    "held_payrolls",
    "judge_again",
    "last_round",
    "list_debit_orders",
    "list_files",
    "list_instructions",
    "list_notices",
    "list_orders",
    "list_payrolls",
    "list_places",
    "list_providers",
    "list_returns",
    "matching",
    "matching_files",
    "matching_orders",
    "matching_payrolls",
    "matching_returns",
    "name_account",
    "notice_policies",
    "open_delivery_requests",
    "open_missing",
    "open_movements",
    "order_life",
    "order_of",
    "order_row",
    "order_rows",
    "order_totals",
    "outbound_folder",
    "parse_query",
    "payroll_files",
    "payroll_parts",
    "payroll_row",
    "payroll_rows",
    "payroll_totals",
    "place_standings",
    "providers_in",
    "providers_of",
    "pull",
    "queue_payroll",
    "rail_title",
    "reason_text",
    "recent_changes",
    "remove_place",
    "remove_provider",
    "represent_debit",
    "request_delivery_decision",
    "request_dishonor",
    "request_order_decision",
    "request_recall",
    "request_retry",
    "request_return_policy",
    "require_delivery",
    "reserve_awaiting",
    "retry_instruction",
    "retry_refused",
    "return_from_file",
    "return_policies",
    "return_rates",
    "return_row",
    "return_rows",
    "return_totals",
    "returns_by_code",
    "rotate_login",
    "rows_by_ids",
    "run_orders",
    "send_debit_orders",
    "send_orders",
    "sentences",
    "set_notice_policy",
    "set_originator",
    "set_provider",
    "set_return_policy",
    "set_sftp_place",
    "settle_from_statement",
    "split_payroll",
    "standing",
    "submit_all",
    "submit_all_debits",
    "submit_debits",
    "submit_due",
    "take_column_events",
    "take_in",
    "tell",
    "time_zone",
    "timeline",
    "totals",
    "try_place",
]
