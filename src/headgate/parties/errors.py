"""What can go wrong with parties and their bank accounts. The database raises HG411."""

from __future__ import annotations

from headgate.core.errors import Conflict, NotFound, Unprocessable


class InvalidParty(Unprocessable):
    """This is no party that can be kept."""

    code = "parties.invalid_party"


class InvalidBankAccount(Unprocessable):
    """This is no bank account that money can be sent to."""

    code = "parties.invalid_bank_account"


class NoSuchParty(NotFound):
    """There is no such party."""

    code = "parties.no_such_party"


class NoSuchBankAccount(NotFound):
    """There is no such bank account."""

    code = "parties.no_such_bank_account"


class NoSuchBlock(NotFound):
    """There is no such block."""

    code = "parties.no_such_block"


class PartyClosed(Conflict):
    """The party is closed; reopen it first."""

    code = "parties.party_closed"


class BankAccountClosed(Conflict):
    """The bank account was closed for good; it cannot be used again."""

    code = "parties.bank_account_closed"


class NoEvidence(Conflict):
    """A bank account's verification follows its recorded evidence."""

    code = "parties.no_evidence"
    sqlstate = "HG411"
