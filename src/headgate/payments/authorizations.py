"""Which account of a client a request may be had of: what it authorised, and may be used now."""

from __future__ import annotations

from typing import Literal

from headgate import funding, parties
from headgate.core.db import Tx


def authorized_account(
    tx: Tx, request: funding.FundingRequest, *, to_be: Literal["debited", "asked"]
) -> tuple[funding.DebitAuthorization, parties.SendingAccount] | str:
    """What the request's client authorised and the account that it names, in clear; or why there is none to use."""
    authorization = funding.debit_authorization(tx, legal_entity_id=request.legal_entity_id)
    if authorization is None or authorization.bank_account_id is None:
        return f"no account of the client may be {to_be}: have the client authorise one (funding.authorize_debits)"
    account_id = authorization.bank_account_id
    if not parties.standings(tx, [account_id])[account_id].may_be_paid:
        return "the authorised account is blocked, closed, replaced or failed its verification; ask for another"
    return authorization, parties.bank_accounts_for_sending(tx, [account_id])[account_id]
