"""Rails carry money between banks. This domain knows their formats and calendars, and moves nothing by itself.

`RailOrder` is one attempt as payments hands it over; a `Rail` says whether it can carry it and writes it. `AchRail`
is the American clearing house through one bank, whose files `ach` reads, judges and writes. `fake` is the bank's side:
from the files it received it makes statements, returns and changes, for the demo, the tests and test tenants; `twin` is
such a bank as a whole, with its mishaps, from a seed, and `twin_folders` its folders.

Everything here is pure: bytes and values in, bytes and values out. Whether a file is sent, and when, is decided in
payments, which fixes time, modifier and sequence in the database before the first byte.
"""

from headgate.rails import ach, fake, twin, twin_folders
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
from headgate.rails.contract import (
    AccountType,
    Carried,
    Change,
    Company,
    Direction,
    FileSlot,
    OutboundFile,
    Rail,
    RailOrder,
    SecCode,
)
from headgate.rails.errors import CannotWrite, FileRefused, UnknownTrace

__all__ = [
    "AccountType", "AchRail", "CannotWrite", "Carried", "Change", "Company", "Direction", "FileRefused", "FileSlot",
    "OutboundFile", "Rail", "RailOrder", "ReturnCode", "SecCode", "UnknownTrace", "ach", "add_banking_days",
    "banking_day_on_or_after", "banking_day_on_or_before", "check_digit", "fake", "holidays", "is_banking_day",
    "is_routing_number", "return_codes", "twin", "twin_folders",
]  # fmt: skip
