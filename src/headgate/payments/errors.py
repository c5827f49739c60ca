"""What can go wrong with payments."""

from headgate.core.errors import Conflict, HeadgateError, NotFound, Unprocessable


class NoSuchPayroll(NotFound):
    """There is no such payroll."""

    code = "payments.payroll_not_found"


class NoSuchInstruction(NotFound):
    """There is no such payment instruction."""

    code = "payments.instruction_not_found"


class NoSuchFile(NotFound):
    """There is no such file."""

    code = "payments.file_not_found"


class InvalidPayroll(Unprocessable):
    """This payroll cannot be paid as it stands."""

    code = "payments.invalid_payroll"


class PayrollDiffers(Conflict):
    """A payroll of this name was given before with other figures; a payroll is never edited, so give the new one
    another name.
    """

    code = "payments.payroll_differs"


class OverrideReasonMissing(Unprocessable):
    """The commit gate is overridden only by somebody who says why."""

    code = "payments.override_reason_missing"


class NothingToSplit(Conflict):
    """Only a payroll that the commit gate holds can be split."""

    code = "payments.nothing_to_split"


class OriginatorMissing(Unprocessable):
    """It is not known how this legal entity stands in the header of an ACH file; set its originator first."""

    code = "payments.originator_missing"


class InvalidOriginator(Unprocessable):
    """This cannot stand in the header of an ACH file."""

    code = "payments.invalid_originator"


class NoSuchOrder(NotFound):
    """There is no such order, or the payment was not sent over a provider."""

    code = "payments.order_not_found"


class RailUnavailable(Unprocessable):
    """A payment asks for a rail that cannot take it; `facts["problems"]` lists every one, and nothing was committed."""

    code = "payments.rail_unavailable"


class InvalidRecall(Unprocessable):
    """This is no reason for which a payment may be asked back."""

    code = "payments.invalid_recall"


class NoSuchProvider(NotFound):
    """Nobody is spoken to over this rail: no provider is set."""

    code = "payments.provider_not_found"


class InvalidProvider(Unprocessable):
    """This provider cannot be spoken to; `facts["problems"]` lists every reason."""

    code = "payments.invalid_provider"


class FileRefused(HeadgateError):
    """The file that would go to the bank breaks a rule of its format; nothing was sent."""

    code = "payments.file_refused"


class TooManyFiles(Conflict):
    """A day has 36 file id modifiers for one origin, and they are used up; send the rest tomorrow."""

    code = "payments.too_many_files"


class UnfundedAttempt(Conflict):
    """An attempt needs one consumed reservation of its instruction's money, equal in amount and used once."""

    code = "payments.unfunded_attempt"
    sqlstate = "HG501"


class FactChanged(Conflict):
    """What an attempt or a file says is fixed before it leaves; only its status moves on."""

    code = "payments.fact_changed"
    sqlstate = "HG502"


class NotProvedAbsent(Conflict):
    """A file that the bank may have is not handed over again; two people say what became of it."""

    code = "payments.not_proved_absent"
    sqlstate = "HG503"


class NothingToDecide(Conflict):
    """It is known what became of this file: there is nothing for people to decide."""

    code = "payments.nothing_to_decide"


class CaptureFailed(Conflict):
    """Reserved money could not be taken out of the client's funds at the moment of sending; nothing was sent, try
    again.
    """

    code = "payments.capture_failed"
    retryable = True


class PostingRefused(Conflict):
    """The book refuses what the bank says happened; nothing was recorded, and a person must look at the account."""

    code = "payments.posting_refused"


class InvalidPlace(Unprocessable):
    """Files cannot be handed over at such a place."""

    code = "payments.invalid_place"


class PlaceBusy(Conflict):
    """This place is being tried at this moment."""

    code = "payments.place_busy"
    retryable = True


class NoSuchPlace(NotFound):
    """This tenant has set no place for this bank: its files lie in a folder of this machine."""

    code = "payments.place_not_found"


class NoSuchReturn(NotFound):
    """There is no such return."""

    code = "payments.return_not_found"


class NothingToDishonor(Conflict):
    """This return cannot be dishonored so: it was already, or the reason does not fit it."""

    code = "payments.nothing_to_dishonor"


class NothingToRetry(Conflict):
    """Only a payment that came back, or that the bank refused, is paid again; what settled is never sent again."""

    code = "payments.nothing_to_retry"
    sqlstate = "HG504"


class RetryNeedsApproval(Conflict):
    """A payment that came back for this reason is paid again only as two people agree."""

    code = "payments.retry_needs_approval"


class AccountNotCorrected(Conflict):
    """The account to which it went cannot be paid; name the payee's corrected account."""

    code = "payments.account_not_corrected"


class DisputeOutOfOrder(Conflict):
    """A return is dishonored once, never after its payment was paid anew; only a dishonored one is contested."""

    code = "payments.dispute_out_of_order"
    sqlstate = "HG505"


class NoSuchDebit(NotFound):
    """There is no such debit that came back."""

    code = "payments.debit_not_found"
