"""What can go wrong in loan servicing."""

from headgate.core.errors import Conflict, HeadgateError, Malformed, NotFound, Unprocessable


class UnknownWaterfall(Malformed):
    """There is no waterfall of that name."""

    code = "servicing.unknown_waterfall"


class WaterfallBroken(HeadgateError):
    """A waterfall lost or made money: nothing of what it said was done."""

    code = "servicing.waterfall_broken"


class NoSuchLoan(NotFound):
    """There is no such loan."""

    code = "servicing.loan_not_found"


class NoSuchPayment(NotFound):
    """There is no such payment of a loan."""

    code = "servicing.payment_not_found"


class LoanDiffers(Conflict):
    """This loan was boarded before, with other facts."""

    code = "servicing.loan_differs"


class PaymentDiffers(Conflict):
    """This key stands for another payment."""

    code = "servicing.idempotency_conflict"


class ReturnDiffers(Conflict):
    """This return was recorded before, with other facts."""

    code = "servicing.return_differs"


class InvalidLoan(Unprocessable):
    """This is no loan that can be boarded."""

    code = "servicing.invalid_loan"


class InvalidPayment(Unprocessable):
    """This is no payment that can be applied."""

    code = "servicing.invalid_payment"


class InvalidPolicy(Unprocessable):
    """This is no policy that a product can have."""

    code = "servicing.invalid_policy"


class NotPostable(Conflict):
    """The book refuses a posting of a loan's payment."""

    code = "servicing.not_postable"


class InvalidMode(Unprocessable):
    """This is no posting mode of a channel."""

    code = "servicing.invalid_mode"
