"""What can go wrong with rates, conversions and revaluations: raised, rolled back, no key consumed."""

from __future__ import annotations

from headgate.core.errors import Conflict, Malformed, NotFound, Unprocessable


class ConversionSidesDiffer(Unprocessable):
    """A conversion is between two accounts of the same normal side."""

    code = "ledger.conversion_sides_differ"
    sqlstate = "HG170"


class FunctionalCurrencyDiffers(Conflict):
    """The positions of these accounts are kept in another functional currency."""

    code = "ledger.functional_currency_differs"
    sqlstate = "HG171"


class DayNotOver(Unprocessable):
    """A day is revalued when it is over."""

    code = "ledger.day_not_over"
    sqlstate = "HG172"


class DayClosed(Conflict):
    """The day lies in a closed period."""

    code = "ledger.day_closed"
    sqlstate = "HG173"


class RateMissing(Unprocessable):
    """No rate is known for these currencies at that time."""

    code = "ledger.rate_missing"
    sqlstate = "HG174"


class RevaluationRefused(Conflict):
    """The book refused the entries of the revaluation."""

    code = "ledger.revaluation_refused"
    sqlstate = "HG175"


class PositionMovedOn(Conflict):
    """The position has moved on since the conversion: convert back instead of reversing it."""

    code = "ledger.position_moved_on"
    sqlstate = "HG176"


class MalformedConversion(Malformed):
    """This cannot be a conversion."""

    code = "ledger.malformed_conversion"


class MalformedRate(Malformed):
    """This cannot be an exchange rate."""

    code = "ledger.malformed_rate"


class ConversionInFuture(Unprocessable):
    """A conversion is made on its day."""

    code = "ledger.conversion_in_future"
    sqlstate = "HG177"


class ConversionNotFound(NotFound):
    """There is no such conversion."""

    code = "ledger.conversion_not_found"
