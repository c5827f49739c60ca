"""What can go wrong with funding."""

from headgate.core.errors import Conflict, NotFound, Unprocessable


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


class FundsNotReservable(Conflict):
    """The client's funds cannot be reserved for another reason than their amount: the account is frozen or closed."""

    code = "funding.funds_not_reservable"
