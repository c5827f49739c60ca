"""Reports of the book in JSON: what the HTTP door and the command line give."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel

from headgate.core import ids
from headgate.ledger.document_parts import AccountName, Description, Moment, Request
from headgate.ledger.model import AccountType
from headgate.ledger.reports import Ageing, Order, Statement, StatementLine, Totals, TrialBalanceRow
from headgate.ledger.tree import TreeNode
from headgate.web import MoneyModel


class NewParent(Request):
    """The account to stand under (null: under none), and why."""

    parent: AccountName | None
    reason: Description


class TrialBalanceRowModel(BaseModel):
    """An account's balance in its column; the other is zero."""

    account_id: str
    code: str
    name: str
    type: AccountType
    currency: str
    legal_entity_id: str | None
    debit: MoneyModel
    credit: MoneyModel

    @classmethod
    def of(cls, row: TrialBalanceRow) -> TrialBalanceRowModel:
        """The model of a row."""
        return cls(
            account_id=ids.encode("acct", row.account_id),
            code=row.code,
            name=row.name,
            type=row.type,
            currency=row.currency,
            legal_entity_id=row.legal_entity_id,
            debit=MoneyModel.of(row.debit),
            credit=MoneyModel.of(row.credit),
        )


class TotalsModel(BaseModel):
    """Both columns of one currency."""

    currency: str
    debit: MoneyModel
    credit: MoneyModel
    is_balanced: bool

    @classmethod
    def of(cls, totals: Totals) -> TotalsModel:
        """The model of a currency's totals."""
        return cls(
            currency=totals.currency,
            debit=MoneyModel.of(totals.debit),
            credit=MoneyModel.of(totals.credit),
            is_balanced=totals.is_balanced,
        )


class TrialBalanceModel(BaseModel):
    """A trial balance: the totals are those of the whole, `data` is a part of its rows."""

    known_at: Moment
    totals: list[TotalsModel]
    data: list[TrialBalanceRowModel]
    next_cursor: str | None = None
    has_more: bool = False


class StatementLineModel(BaseModel):
    """One leg of an account, with the account's balance after it, on its normal side."""

    account: str
    seq: int
    effective_on: date
    effective_at: Moment
    recorded_at: Moment
    transaction_id: str
    entry_id: str
    other: str
    source_type: str | None
    source_id: str | None
    description: str | None
    debit: MoneyModel
    credit: MoneyModel
    balance: MoneyModel

    @classmethod
    def of(cls, account: str, line: StatementLine) -> StatementLineModel:
        """The model of a line of the account of that code."""
        return cls(
            account=account,
            seq=line.seq,
            effective_on=line.effective_on,
            effective_at=line.effective_at,
            recorded_at=line.recorded_at,
            transaction_id=ids.encode("txn", line.transaction_id),
            entry_id=ids.encode("ent", line.transaction_id << 14 | line.n),
            other=line.other_code,
            source_type=line.source_type,
            source_id=line.source_id,
            description=line.description,
            debit=MoneyModel.of(line.debit),
            credit=MoneyModel.of(line.credit),
            balance=MoneyModel.of(line.balance),
        )


class StatementModel(BaseModel):
    """An account's lines of some days, both included, between its opening and its closing balance."""

    account_id: str
    account: str
    name: str
    from_on: date
    to_on: date
    order: Order
    opening: MoneyModel
    closing: MoneyModel
    data: list[StatementLineModel]
    next_cursor: str | None = None
    has_more: bool = False

    @classmethod
    def of(cls, found: Statement) -> StatementModel:
        """The model of a statement."""
        return cls(
            account_id=ids.encode("acct", found.account.id),
            account=found.account.code,
            name=found.account.name,
            from_on=found.from_on,
            to_on=found.to_on,
            order=found.order,
            opening=MoneyModel.of(found.opening),
            closing=MoneyModel.of(found.closing),
            data=[StatementLineModel.of(found.account.code, line) for line in found.lines],
        )


class AgeingModel(BaseModel):
    """What an account is owed by the age of its debits in days; `credit` is what was paid too much."""

    account_id: str
    code: str
    name: str
    currency: str
    legal_entity_id: str | None
    days_0_30: MoneyModel
    days_31_60: MoneyModel
    days_61_90: MoneyModel
    days_over_90: MoneyModel
    total: MoneyModel
    credit: MoneyModel

    @classmethod
    def of(cls, row: Ageing) -> AgeingModel:
        """The model of an account's ageing."""
        amounts: dict[str, Any] = {
            name: MoneyModel.of(getattr(row, name))
            for name in ("days_0_30", "days_31_60", "days_61_90", "days_over_90", "total", "credit")
        }
        return cls(
            account_id=ids.encode("acct", row.account_id),
            code=row.code,
            name=row.name,
            currency=row.currency,
            legal_entity_id=row.legal_entity_id,
            **amounts,
        )


class TreeNodeModel(BaseModel):
    """An account in the tree; `subtotal` is its own balance and all below it, on its own normal side."""

    account_id: str
    code: str
    name: str
    type: AccountType
    currency: str
    legal_entity_id: str | None
    parent: str | None
    depth: int
    balance: MoneyModel
    subtotal: MoneyModel

    @classmethod
    def of(cls, node: TreeNode) -> TreeNodeModel:
        """The model of a node."""
        return cls(
            account_id=ids.encode("acct", node.account_id),
            code=node.code,
            name=node.name,
            type=node.type,
            currency=node.currency,
            legal_entity_id=node.legal_entity_id,
            parent=node.parent,
            depth=node.depth,
            balance=MoneyModel.of(node.balance),
            subtotal=MoneyModel.of(node.subtotal),
        )


class TreeModel(BaseModel):
    """The chart as a tree: each account before those below it."""

    data: list[TreeNodeModel]
