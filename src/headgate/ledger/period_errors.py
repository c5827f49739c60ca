"""What can go wrong with periods and settlements: raised, rolled back, no key consumed."""

from __future__ import annotations

from headgate.core.errors import Conflict, Malformed, NotFound, Unprocessable


class PeriodNotFound(NotFound):
    """There is no such period."""

    code = "ledger.period_not_found"
    sqlstate = "HG150"


class PeriodExists(Conflict):
    """There is a period of that name already."""

    code = "ledger.period_exists"
    sqlstate = "HG151"


class PeriodDoesNotFollow(Unprocessable):
    """A period begins on the day after the last one ends."""

    code = "ledger.period_does_not_follow"
    sqlstate = "HG152"


class PeriodAlreadyClosed(Conflict):
    """The period is closed already."""

    code = "ledger.period_already_closed"
    sqlstate = "HG153"


class PeriodOutOfOrder(Conflict):
    """Periods are closed in their order, and reopened in the opposite one."""

    code = "ledger.period_out_of_order"
    sqlstate = "HG154"


class PeriodNotOver(Unprocessable):
    """A period is closed when its last day is over."""

    code = "ledger.period_not_over"
    sqlstate = "HG155"


class PendingInPeriod(Conflict):
    """Transactions are pending on accounts of the period."""

    code = "ledger.pending_in_period"
    sqlstate = "HG156"


class ClearingNotZero(Conflict):
    """Accounts that must come to zero do not."""

    code = "ledger.clearing_not_zero"
    sqlstate = "HG157"


class PeriodNotClosed(Conflict):
    """Only a closed period is reopened."""

    code = "ledger.period_not_closed"
    sqlstate = "HG158"


class MalformedPeriod(Malformed):
    """This cannot be a period, its closing or its reopening."""

    code = "ledger.malformed_period"


class SettlementExists(Conflict):
    """The account has a settlement of that name, cut off at another time."""

    code = "ledger.settlement_exists"
    sqlstate = "HG160"


class CutOffInFuture(Unprocessable):
    """A cut-off is made when its time has come."""

    code = "ledger.cut_off_in_future"
    sqlstate = "HG161"


class SettlementNotFound(NotFound):
    """There is no such settlement."""

    code = "ledger.settlement_not_found"


class MalformedSettlement(Malformed):
    """This cannot be a settlement."""

    code = "ledger.malformed_settlement"
