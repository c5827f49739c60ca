"""What can go wrong with funding."""

from headgate.core.errors import Conflict, Forbidden, NotFound, Unprocessable


class NoSuchDeposit(NotFound):
    """There is no such deposit."""

    code = "funding.deposit_not_found"


class NoSuchEvaluation(NotFound):
    """There is no such judgement of the gate."""

    code = "funding.evaluation_not_found"


class ReferenceTaken(Conflict):
    """This payer reference belongs to another legal entity already."""

    code = "funding.reference_taken"


class InvalidReference(Unprocessable):
    """A payer reference has 6 to 16 capitals and digits, so that it can stand in any bank line."""

    code = "funding.invalid_reference"


class DepositDiffers(Conflict):
    """The same evidence was recorded before with another amount, currency or payer."""

    code = "funding.deposit_differs"


class DepositAssigned(Conflict):
    """This deposit is a client's already."""

    code = "funding.deposit_assigned"
    sqlstate = "HG454"


class InvalidAssignment(Unprocessable):
    """This approval is not about whose money a deposit is."""

    code = "funding.invalid_assignment"


class FundsNotReservable(Conflict):
    """The client's funds cannot be reserved for another reason than their amount: the account is frozen or closed."""

    code = "funding.funds_not_reservable"


class NoSuchRequest(NotFound):
    """There is no such funding request."""

    code = "funding.request_not_found"


class NoSuchEvent(NotFound):
    """There is no such funding event."""

    code = "funding.event_not_found"


class NoSuchAuthorization(NotFound):
    """The client has said nothing of its debits."""

    code = "funding.authorization_not_found"


class RailUnavailable(Unprocessable):
    """The bank profile does not have this rail."""

    code = "funding.rail_unavailable"


class InvalidRequest(Unprocessable):
    """This cannot be asked of a client."""

    code = "funding.invalid_request"


class InvalidAuthorization(Unprocessable):
    """This account of the client cannot be debited."""

    code = "funding.invalid_authorization"


class RequestDiffers(Conflict):
    """A funding request of this key was made before with other facts; give the new one another key."""

    code = "funding.request_differs"


class EventDiffers(Conflict):
    """The same evidence was recorded before with other figures."""

    code = "funding.event_differs"


class NotFinal(Conflict):
    """This money is not final: its hold has not passed, or the bank took it back."""

    code = "funding.not_final"
    sqlstate = "HG452"


class NotPresentedAgain(Conflict):
    """A debit is presented again at most twice, and only as it was presented first."""

    code = "funding.not_presented_again"
    sqlstate = "HG453"


class FundsNotPostable(Conflict):
    """The book refuses this posting of a client's money; a person must look at the account."""

    code = "funding.not_postable"


class InvalidSetting(Unprocessable):
    """This setting, limit or override cannot stand as it is given."""

    code = "funding.invalid_setting"


class ComplianceNeeded(Forbidden):
    """A payee is unblocked by compliance."""

    code = "funding.compliance_needed"


class CreditExceeded(Unprocessable):
    """The credit line has less free, or less is drawn."""

    code = "funding.credit_exceeded"


class MoveDiffers(Conflict):
    """This key stands for another drawing or repayment; give the new one another key."""

    code = "funding.credit_move_differs"


class ReservationCaptured(Conflict):
    """This reservation was captured: its money has left, and there is nothing to release."""

    code = "funding.reservation_captured"
