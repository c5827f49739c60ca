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
