"""Accounts: opened, frozen, closed, limited."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from tests.ledger.model.chances import LIMIT, STATUS, Chances
from tests.ledger.model.ground import LATER, NAMES, open_account
from tests.ledger.model.sides import Sides
from tests.ledger.model.state import State
from tests.ledger.model.words import Account, Raised

from headgate import ledger
from headgate.core.money import Money


class AccountsBook(State):
    """What the model says."""

    def set_status(self, account: Account, status: str) -> None:
        """Open, freeze or close."""
        keeps = (account.net, self.reserved(account.id), self.pending_out(account.id), self.pending_in(account.id))
        if account.status != status and account.status == "closed":
            raise Raised("ledger.account_closed")
        if account.status != status and status == "closed" and any(keeps):
            raise Raised("ledger.account_not_empty")
        self.mark_overdue([account.id])
        account.status = status

    def set_limits(self, account: Account, least: int | None, most: int | None) -> None:
        """Give other limits, which the balance and what is held back must respect."""
        wanted = replace(account, least=least, most=most)
        if wanted.floor > wanted.ceiling:
            raise Raised("ledger.malformed_account")
        if not wanted.floor <= account.balance <= wanted.ceiling or self.room_down(wanted) < 0:
            raise Raised("ledger.balance_beyond_limits")
        self.mark_overdue([account.id])
        account.least, account.most = least, most


class AccountsWorld(Sides):
    """How the book is asked."""

    book: Any

    def open(self, name: str, type: str, least: int | None, most: int | None) -> None:
        """Open an account that the histories know from the start."""
        account = Account(name, 0, type, "USD", least, most)

        def opened() -> None:
            if name in self.names:
                raise Raised("ledger.account_exists")

        self.both(lambda: self._opened_as(account), opened)

    def _opened_as(self, account: Account) -> list[Any]:
        account.id = self.names[account.name] = open_account(self.tx, account)
        self.book.accounts[account.id] = account
        return []

    def set_status(self, name: str, status: str) -> None:
        """Open, freeze or close."""
        account = self.known(name)
        self.both(
            lambda: [ledger.set_status(self.tx, account.id, status, reason="a test")][:0],  # type: ignore[arg-type]
            lambda: self.book.set_status(account, status),
        )

    def set_limits(self, name: str, least: int | None, most: int | None) -> None:
        """Give other limits."""
        account = self.known(name)
        low, high = (None if limit is None else Money(limit, account.currency) for limit in (least, most))
        self.both(
            lambda: [ledger.set_limits(self.tx, account.id, min_balance=low, max_balance=high, reason="a test")][:0],
            lambda: self.book.set_limits(account, least, most),
        )


class AccountsRules(Chances):
    """In any order, with any arguments."""

    @precondition(lambda self: self.keys % 5 == 0 or not self.world.names.keys() & set(LATER))
    @rule(account=st.sampled_from(LATER), type=st.sampled_from(("ASSET", "LIABILITY", "EQUITY")), least=LIMIT)
    def open_account(self, account: str, type: str, least: int | None) -> None:
        self.world.open(account, type, min(least, 0) if least is not None else None, None)

    @rule(account=st.sampled_from((*LATER, *LATER, *NAMES)), status=STATUS)
    def set_status(self, account: str, status: str) -> None:
        self.world.set_status(account, status)

    @rule(account=st.sampled_from(("client", "card", "till", *LATER)), least=LIMIT, most=LIMIT)
    def set_limits(self, account: str, least: int | None, most: int | None) -> None:
        self.world.set_limits(account, least, most)

    @precondition(lambda self: any(account.status != "open" for account in self.world.book.accounts.values()))
    @rule()
    def thaw(self) -> None:
        """Otherwise a history soon stands still among frozen accounts."""
        for account in self.world.book.accounts.values():
            if account.status == "frozen":
                self.world.set_status(account.name, "open")
