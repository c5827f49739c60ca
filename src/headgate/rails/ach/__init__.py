"""The ACH network's files: read, judged and written, by tables (nacha_layout.md). Pure: no database, clock or network.

`read` streams records and faults of a file of any size; `read_file` holds one in memory; `build_file` writes one.
"""

from headgate.rails.ach.codes import SECS, TRANSACTION_CODES, transaction_code
from headgate.rails.ach.dishonoring import Dishonor, dishonor_file
from headgate.rails.ach.explaining import Sighting, Trace, sightings, trace
from headgate.rails.ach.limits import Limits, Size, pack, split_batches
from headgate.rails.ach.making import OFFSET_KEYS, Offset, balanced, prenote, reversal, same_day
from headgate.rails.ach.reader import AchFile, Batch, read, read_file, read_lines
from headgate.rails.ach.records import (
    Addenda,
    BatchControl,
    BatchHeader,
    Entry,
    FileControl,
    FileHeader,
    Record,
)
from headgate.rails.ach.representing import (
    REPRESENTMENTS_MAX,
    Presented,
    may_be_presented_again,
    presented_again,
)
from headgate.rails.ach.return_actions import (
    ReturnAction,
    ReturnGroup,
    contest_until,
    dishonor_until,
    group_of,
    latest_return,
    return_groups,
)
from headgate.rails.ach.return_codes import CHANGE_CODES, ReturnCode, return_codes
from headgate.rails.ach.returns import Correction, correction
from headgate.rails.ach.reversing import REASONS as REVERSAL_REASONS
from headgate.rails.ach.reversing import may_be_reversed
from headgate.rails.ach.rewriting import Rewritten, merge, split
from headgate.rails.ach.rules import RULES, Fault, Inbound, Rule, Rulebook
from headgate.rails.ach.specs import (
    AddendaSpec,
    BatchSpec,
    BuiltFile,
    ChangeSpec,
    EntrySpec,
    FileSpec,
    ReturnSpec,
    Written,
)
from headgate.rails.ach.tally import FileTally, Tally, looks_like_ach
from headgate.rails.ach.writer import FileWriter, build_file

__all__ = [
    "CHANGE_CODES", "OFFSET_KEYS", "RULES", "SECS", "TRANSACTION_CODES", "AchFile", "Addenda", "AddendaSpec", "Batch",
    "BatchControl", "BatchHeader", "BatchSpec", "BuiltFile", "ChangeSpec", "Correction", "Entry", "EntrySpec",
    "Fault", "FileControl", "FileHeader", "FileSpec", "FileTally", "FileWriter", "Inbound", "Limits", "Offset",
    "Record", "ReturnCode", "ReturnSpec", "Rewritten", "Rule", "Rulebook", "Sighting", "Size", "Tally", "Trace",
    "Written", "balanced", "build_file", "correction", "looks_like_ach", "merge", "pack", "prenote", "read",
    "read_file", "read_lines", "return_codes", "reversal", "same_day", "sightings", "split", "split_batches", "trace",
    "transaction_code",
]  # fmt: skip
__all__ += [
    "REPRESENTMENTS_MAX", "REVERSAL_REASONS", "Dishonor", "Presented", "ReturnAction", "ReturnGroup", "contest_until",
    "dishonor_file", "dishonor_until", "group_of", "latest_return", "may_be_presented_again", "may_be_reversed",
    "presented_again", "return_groups",
]  # fmt: skip
