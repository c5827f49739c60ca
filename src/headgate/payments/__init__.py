"""Payments: payrolls become instructions, instructions become attempts in files, and banks say what became of them.

`commit_payroll` takes a payroll as its engine computed it and asks the commit gate for its whole need: one
reservation an
*instruction*, all or nothing. `submit_due` sends what falls due: the pay gate judges again, each reservation is
captured,
and an *attempt* takes it (the database refuses one without), in a file whose name, bytes and hash are fixed before the
first byte leaves. `deliver` hands files over, outside any transaction, the same bytes however often. Then only the bank
speaks: `settle_from_statement` and `return_from_file` write *settlement events*, the truth, which counts the same
evidence
once and comes out the same in whatever order it is told. Nothing is sent twice, and nothing unfunded.
"""

from headgate.payments.awaiting import reserve_awaiting, split_payroll
from headgate.payments.changes import changed_things
from headgate.payments.delivery import deliver, outbound_folder
from headgate.payments.delivery_decisions import decide_delivery, request_delivery_decision
from headgate.payments.errors import (
    CaptureFailed,
    FactChanged,
    FileRefused,
    InvalidOriginator,
    InvalidPayroll,
    NoSuchFile,
    NoSuchInstruction,
    NoSuchPayroll,
    NothingToDecide,
    NothingToSplit,
    NotProvedAbsent,
    OriginatorMissing,
    OverrideReasonMissing,
    PayrollDiffers,
    PostingRefused,
    TooManyFiles,
    UnfundedAttempt,
)
from headgate.payments.execution import Queued, awaits_funds, queue_payroll
from headgate.payments.file_search import TERMS as FILE_TERMS
from headgate.payments.file_search import (
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
from headgate.payments.files import file_bytes, get_file, list_files
from headgate.payments.held import TERMS as HELD_TERMS
from headgate.payments.held import HeldPayroll, Holder, Standing, count_held, held_payroll, held_payrolls, standing
from headgate.payments.instructions import get_instruction, name_account
from headgate.payments.life import Life, get_life, timeline
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
from headgate.payments.notices import Notice, NoticeEffects, list_notices, notice_policies, set_notice_policy
from headgate.payments.originators import set_originator
from headgate.payments.overview import Block, FlowFigures, blocks, currencies, flow, recent_changes, time_zone
from headgate.payments.payroll_search import TERMS as PAYROLL_TERMS
from headgate.payments.payroll_search import (
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
from headgate.payments.payrolls import commit_payroll, get_payroll, list_payrolls
from headgate.payments.reasons import Reason
from headgate.payments.registers import commit_register
from headgate.payments.return_rates import ReturnRate, return_rates
from headgate.payments.returns import return_from_file
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
from headgate.payments.settlement import settle_from_statement
from headgate.payments.submission import submit_due

__all__ = [
    "FILE_TERMS",
    "HELD_TERMS",
    "PAYROLL_TERMS",
    "AchFile",
    "Block",
    "CaptureFailed",
    "CommitResult",
    "CurrencyTotal",
    "FactChanged",
    "FileEntry",
    "FileRefused",
    "FileRow",
    "FileTotal",
    "FlowFigures",
    "HeldPayroll",
    "Holder",
    "InstructionQuery",
    "InstructionRow",
    "InvalidOriginator",
    "InvalidPayroll",
    "Life",
    "MalformedQuery",
    "NoSuchFile",
    "NoSuchInstruction",
    "NoSuchPayroll",
    "NotProvedAbsent",
    "NothingToDecide",
    "NothingToSplit",
    "Notice",
    "NoticeEffects",
    "Obligation",
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
    "PostingRefused",
    "Queued",
    "Reason",
    "ReturnEffects",
    "ReturnRate",
    "Standing",
    "StatementEffects",
    "TooManyFiles",
    "UnfundedAttempt",
    "awaits_funds",
    "blocks",
    "changed_things",
    "commit_payroll",
    "commit_register",
    "count_held",
    "count_holds",
    "currencies",
    "decide_delivery",
    "deliver",
    "file_bytes",
    "file_entries",
    "file_row",
    "file_rows",
    "file_totals",
    "find_files",
    "find_payrolls",
    "flow",
    "get_file",
    "get_instruction",
    "get_life",
    "get_payroll",
    "held_payroll",
    "held_payrolls",
    "list_files",
    "list_instructions",
    "list_notices",
    "list_payrolls",
    "matching",
    "matching_files",
    "matching_payrolls",
    "name_account",
    "notice_policies",
    "outbound_folder",
    "parse_query",
    "payroll_files",
    "payroll_parts",
    "payroll_row",
    "payroll_rows",
    "payroll_totals",
    "queue_payroll",
    "recent_changes",
    "request_delivery_decision",
    "reserve_awaiting",
    "return_from_file",
    "return_rates",
    "rows_by_ids",
    "set_notice_policy",
    "set_originator",
    "settle_from_statement",
    "split_payroll",
    "standing",
    "submit_due",
    "time_zone",
    "timeline",
    "totals",
]
