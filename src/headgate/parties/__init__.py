"""Who is paid and who pays: employers, payees and borrowers, with their bank accounts.

A party is known again by what the client calls it (`external_id`) within its legal entity. A bank account's number is
sealed the moment it arrives: it is found again by a keyed fingerprint, shown by its last four digits, and opened only
by `bank_accounts_for_sending`, for the writer of a payment file. Everything that happens to an account is in an
append-only history written by the database, whoever writes. A register of thousands goes through `register_payees` in
a handful of round trips. A *block* stops payment to a party, or to an account number wherever it turns up; `standings`
tells a gate all it must know. Nothing is deleted, and no person's name is stored anywhere else.
"""

from headgate.parties.addresses import get_address, set_address
from headgate.parties.bank_accounts import (
    add_bank_account,
    bank_accounts_for_sending,
    close_bank_account,
    record_verification,
)
from headgate.parties.blocks import block_bank_account, block_party, lift_block
from headgate.parties.borrowers import register_borrowers
from headgate.parties.corrections import correct_bank_accounts, lock_parties
from headgate.parties.errors import (
    BankAccountClosed,
    InvalidBankAccount,
    InvalidParty,
    NoSuchBankAccount,
    NoSuchBlock,
    NoSuchParty,
    PartyClosed,
)
from headgate.parties.model import (
    AccountType,
    BankAccount,
    BankAccountChange,
    BankAccountInput,
    Block,
    BlockReason,
    Party,
    PayeeInput,
    PostalAddress,
    RegisteredPayee,
    SendingAccount,
    Standing,
    check_address,
    check_bank_account,
    check_name,
    routing_number_checks,
)
from headgate.parties.parties import close_party, create_party, rename_party, reopen_party
from headgate.parties.payees import register_payees
from headgate.parties.queries import (
    bank_account_history,
    changed_accounts,
    get_bank_account,
    get_block,
    get_parties,
    get_party,
    list_bank_accounts,
    list_blocks,
    list_parties,
    not_of,
    party_called,
    standings,
    unpayable,
)

__all__ = [
    "AccountType",
    "BankAccount",
    "BankAccountChange",
    "BankAccountClosed",
    "BankAccountInput",
    "Block",
    "BlockReason",
    "InvalidBankAccount",
    "InvalidParty",
    "NoSuchBankAccount",
    "NoSuchBlock",
    "NoSuchParty",
    "Party",
    "PartyClosed",
    "PayeeInput",
    "PostalAddress",
    "RegisteredPayee",
    "SendingAccount",
    "Standing",
    "add_bank_account",
    "bank_account_history",
    "bank_accounts_for_sending",
    "block_bank_account",
    "block_party",
    "changed_accounts",
    "check_address",
    "check_bank_account",
    "check_name",
    "close_bank_account",
    "close_party",
    "correct_bank_accounts",
    "create_party",
    "get_address",
    "get_bank_account",
    "get_block",
    "get_parties",
    "get_party",
    "lift_block",
    "list_bank_accounts",
    "list_blocks",
    "list_parties",
    "lock_parties",
    "not_of",
    "party_called",
    "record_verification",
    "register_borrowers",
    "register_payees",
    "rename_party",
    "reopen_party",
    "routing_number_checks",
    "set_address",
    "standings",
    "unpayable",
]
