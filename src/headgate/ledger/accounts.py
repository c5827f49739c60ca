"""Accounts: opening, finding, freezing, closing and limiting them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import MalformedId
from headgate.core.money import Money, exponent
from headgate.ledger import arrays
from headgate.ledger.errors import AccountNotFound, MalformedAccount, MissingPurpose
from headgate.ledger.model import NET_MAX, Account, AccountStatus, AccountType, limits_on_balance, limits_on_net

TYPES = ("ASSET", "LIABILITY", "EQUITY", "REVENUE", "EXPENSE")
CODE = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}"
PURPOSE = r"[A-Z][A-Z0-9_]{0,59}"

_SELECT: LiteralString = """
    SELECT id, code, name, type, currency, purpose, is_default, legal_entity_id, status, lo_minor, hi_minor, created_at,
           (SELECT p.code FROM ledger.accounts p WHERE p.tenant_id = accounts.tenant_id AND p.id = accounts.parent_id) AS parent
      FROM ledger.accounts
"""


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account's number and code."""

    id: int
    code: str


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    code: str
    name: str
    type: AccountType
    currency: str
    purpose: str | None
    is_default: bool
    legal_entity_id: str | None
    status: AccountStatus
    lo_minor: int
    hi_minor: int
    created_at: datetime
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """An account to be opened. Limits are on its normal side: `min_balance` zero means that it cannot be overdrawn."""

    code: str
    name: str
    type: AccountType
    currency: str
    purpose: str | None = None
    is_default: bool = False
    legal_entity_id: str | None = None
    min_balance: Money | None = None
    max_balance: Money | None = None

    def limits(self) -> tuple[int, int]:
        """On net, in minor units. Raises MalformedAccount, UnknownCurrency."""
        _check(code=self.code, name=self.name, type=self.type, purpose=self.purpose, is_default=self.is_default)
        exponent(self.currency)
        lo, hi = _limits(self.type, self.currency, self.min_balance, self.max_balance)
        if not lo <= 0 <= hi:
            raise MalformedAccount("an account starts at zero, which its limits must allow")
        return lo, hi


def create_account(
    tx: Tx,
    *,
    code: str,
    name: str,
    type: AccountType,
    currency: str,
    purpose: str | None = None,
    is_default: bool = False,
    legal_entity_id: str | None = None,
    min_balance: Money | None = None,
    max_balance: Money | None = None,
) -> Account:
    """Open an account. Limits are on its normal side: `min_balance` zero means that it cannot be overdrawn.

    Raises MalformedAccount, UnknownCurrency, UnknownLegalEntity, DefaultExists, AccountExists.
    """
    [opened] = open_accounts(
        tx,
        [
            NewAccount(
                code=code,
                name=name,
                type=type,
                currency=currency,
                purpose=purpose,
                is_default=is_default,
                legal_entity_id=legal_entity_id,
                min_balance=min_balance,
                max_balance=max_balance,
            )
        ],
    )
    return opened


def open_accounts(tx: Tx, accounts: Sequence[NewAccount]) -> list[Account]:
    """Open accounts in two round trips, in their order, all or none. Raises as `create_account` does."""
    limits = [account.limits() for account in accounts]
    numbers = tx.values(
        """
        SELECT ledger.open_account(a.code, a.name, a.type, a.currency, a.purpose, a.is_default, a.legal_entity_id, a.lo, a.hi)
          FROM unnest(%(codes)s::text[], %(names)s::text[], %(types)s::text[], %(currencies)s::text[], %(purposes)s::text[],
                      %(defaults)s::boolean[], %(entities)s::text[], %(lows)s::bigint[], %(highs)s::bigint[])
               WITH ORDINALITY
               AS a (code, name, type, currency, purpose, is_default, legal_entity_id, lo, hi, number)
         ORDER BY a.number
        """,
        {
            "codes": [account.code for account in accounts],
            "names": [account.name for account in accounts],
            "types": [account.type for account in accounts],
            "currencies": [account.currency for account in accounts],
            "purposes": [account.purpose for account in accounts],
            "defaults": [account.is_default for account in accounts],
            "entities": [account.legal_entity_id for account in accounts],
            "lows": [lo for lo, _ in limits],
            "highs": [hi for _, hi in limits],
        },
    )
    opened = {row.id: _account(row) for row in tx.all(_SELECT + " WHERE id = ANY(%(ids)s)", {"ids": numbers}, row=_Row)}
    return [opened[number] for number in numbers]


def get_account(tx: Tx, account: int | str) -> Account:
    """An account by its number, its id (`acct_…`) or its code. Raises AccountNotFound."""
    if isinstance(account, str) and not ids.is_id(account):
        rows = tx.all(_SELECT + " WHERE code = %(code)s", {"code": account}, row=_Row)
    else:
        number = account if isinstance(account, int) else _number(account)
        rows = tx.all(_SELECT + " WHERE id = %(id)s", {"id": number}, row=_Row)
    if not rows:
        raise AccountNotFound(f"there is no account {account}", account=str(account))
    return _account(rows[0])


def account_for(tx: Tx, purpose: str, currency: str, legal_entity_id: str | None = None) -> Account:
    """The default account of a purpose: the legal entity's own where it has one, else the tenant's.

    Raises MissingPurpose, naming it.
    """
    rows = tx.all(
        _SELECT
        + """
         WHERE purpose = %(purpose)s AND currency = %(currency)s AND is_default
           AND (legal_entity_id IS NULL OR legal_entity_id = %(legal_entity_id)s)
         ORDER BY legal_entity_id NULLS LAST
        """,
        {"purpose": purpose, "currency": currency, "legal_entity_id": legal_entity_id},
        row=_Row,
    )
    if not rows:
        whose = f" of {legal_entity_id}" if legal_entity_id else ""
        raise MissingPurpose(
            f"there is no default account for {purpose} in {currency}{whose}: seed the chart, or open one as default",
            purpose=purpose,
            currency=currency,
            legal_entity_id=legal_entity_id,
        )
    return _account(rows[0])


def resolve_accounts(tx: Tx, names: Iterable[int | str]) -> dict[int | str, int]:
    """The numbers of accounts by number, id or code, in one query. Raises AccountNotFound naming the missing one."""
    wanted = list(dict.fromkeys(names))
    found = find_accounts(tx, wanted)
    for name in wanted:
        if name not in found:
            raise AccountNotFound(f"there is no account {name}", account=str(name))
    return {name: found[name].id for name in wanted}


def find_accounts(tx: Tx, names: Iterable[int | str]) -> dict[int | str, NamedAccount]:
    """Accounts by number, id or code, in one query; a name that names none is left out."""
    wanted = dict.fromkeys(names)
    numbers: dict[int | str, int] = {}
    for name in wanted:
        with suppress(AccountNotFound):
            if not _is_code(name):
                numbers[name] = name if isinstance(name, int) else _number(name)
    codes = [name for name in wanted if isinstance(name, str) and _is_code(name)]
    found = tx.all(
        "SELECT id, code FROM ledger.accounts WHERE id = ANY (%(ids)s::bigint[]) OR code = ANY (%(codes)s)",
        {"ids": arrays.numbers(numbers.values()), "codes": codes},
        row=NamedAccount,
    )
    by_name: dict[int | str, NamedAccount] = {account.code: account for account in found if account.code in wanted}
    by_number = {account.id: account for account in found}
    return by_name | {name: by_number[number] for name, number in numbers.items() if number in by_number}


def list_accounts(
    tx: Tx,
    *,
    currency: str | None = None,
    type: str | None = None,
    purpose: str | None = None,
    status: str | None = None,
    legal_entity_id: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[Account]:
    """Accounts by code, after the code `after`."""
    rows = tx.all(
        _SELECT
        + """
         WHERE (%(currency)s::text IS NULL OR currency = %(currency)s)
           AND (%(type)s::text IS NULL OR type = %(type)s)
           AND (%(purpose)s::text IS NULL OR purpose = %(purpose)s)
           AND (%(status)s::text IS NULL OR status = %(status)s)
           AND (%(legal_entity_id)s::text IS NULL OR legal_entity_id = %(legal_entity_id)s)
           AND code > coalesce(%(after)s, '')
         ORDER BY code LIMIT %(limit)s
        """,
        {
            "currency": currency,
            "type": type,
            "purpose": purpose,
            "status": status,
            "legal_entity_id": legal_entity_id,
            "after": after,
            "limit": limit,
        },
        row=_Row,
    )
    return [_account(row) for row in rows]


def set_status(tx: Tx, account: int | str, status: AccountStatus, *, reason: str) -> Account:
    """Freeze, reopen or close an account. Raises AccountNotFound, AccountClosed (for ever), AccountNotEmpty."""
    number = get_account(tx, account).id
    tx.run(
        "SELECT ledger.set_account_status(%(id)s, %(status)s, %(reason)s)",
        {"id": number, "status": status, "reason": reason},
    )
    return get_account(tx, number)


def set_limits(
    tx: Tx, account: int | str, *, min_balance: Money | None, max_balance: Money | None, reason: str
) -> Account:
    """Give an account other limits, on its normal side.

    Raises AccountNotFound, MalformedAccount, BalanceBeyondLimits.
    """
    found = get_account(tx, account)
    lo, hi = _limits(found.type, found.currency, min_balance, max_balance)
    tx.run(
        "SELECT ledger.set_account_limits(%(id)s, %(lo)s, %(hi)s, %(reason)s)",
        {"id": found.id, "lo": lo, "hi": hi, "reason": reason},
    )
    return get_account(tx, found.id)


def _account(row: _Row) -> Account:
    min_balance, max_balance = limits_on_balance(row.type, row.currency, row.lo_minor, row.hi_minor)
    return Account(
        id=row.id,
        code=row.code,
        name=row.name,
        type=row.type,
        currency=row.currency,
        purpose=row.purpose,
        is_default=row.is_default,
        legal_entity_id=row.legal_entity_id,
        status=row.status,
        min_balance=min_balance,
        max_balance=max_balance,
        created_at=row.created_at,
        parent=row.parent,
    )


def _is_code(name: int | str) -> bool:
    return isinstance(name, str) and not ids.is_id(name)


def _number(account: str) -> int:
    """The number in an account's id. An id of another kind names no account, as an unknown one does."""
    try:
        return ids.decode("acct", account)
    except MalformedId as error:
        raise AccountNotFound(f"there is no account {account[:60]}", account=account[:60]) from error


def _check(*, code: str, name: str, type: str, purpose: str | None, is_default: bool) -> None:
    if not re.fullmatch(CODE, code, re.ASCII):
        raise MalformedAccount(
            "a code has 1 to 100 letters, digits and . _ : -, and begins with a letter or digit", code=code[:100]
        )
    if ids.is_id(code):
        raise MalformedAccount("a code must not look like an id", code=code)
    if not 1 <= len(name) <= 200:
        raise MalformedAccount("a name has 1 to 200 characters")
    if type not in TYPES:
        raise MalformedAccount(f"'{type[:20]}' is no type of account; the types are {', '.join(TYPES)}", type=type[:20])
    if purpose is not None and not re.fullmatch(PURPOSE, purpose, re.ASCII):
        raise MalformedAccount("a purpose is a word in capitals, as CLIENT_FUNDS", purpose=purpose[:60])
    if is_default and purpose is None:
        raise MalformedAccount("an account is the default of a purpose: give one")


def _limits(type: str, currency: str, min_balance: Money | None, max_balance: Money | None) -> tuple[int, int]:
    for limit in (min_balance, max_balance):
        if limit is not None and limit.currency != currency:
            raise MalformedAccount(f"a limit is in the account's currency, {currency}", currency=limit.currency)
    lo, hi = limits_on_net(type, min_balance, max_balance)
    if lo > hi or lo < -NET_MAX or hi > NET_MAX:
        raise MalformedAccount("the minimum lies above the maximum, or beyond what the book can hold")
    return lo, hi
