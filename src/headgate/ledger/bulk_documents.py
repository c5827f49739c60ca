"""Many transactions at once, in JSON: what is asked for, and what each is answered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from headgate.core.errors import HeadgateError, Refused
from headgate.ledger.bulk import ENTRIES_MAX, Outcome
from headgate.ledger.documents import NewTransaction, TransactionModel
from headgate.web import Problem, of_error, of_refusal

BULK_MAX: Final = 1000
"""How many transactions one request takes. Its body is 8 MiB at most, as every body of JSON."""

RowKey = Annotated[
    str,
    StringConstraints(strict=True, pattern=r"^[!-~]{1,255}$"),
    Field(description="1 to 255 visible ASCII characters; the same key and transaction give the first answer again"),
]


class KeyedTransaction(NewTransaction):
    """A transaction to post, under its own key."""

    idempotency_key: RowKey

    @model_validator(mode="after")
    def _names_a_whole_source(self) -> Self:
        # The database refuses it too, and with it every other row of the request.
        refuse_half_a_source(self.source_type, self.source_id)
        return self


class NewBulk(BaseModel):
    """Transactions to post: each by itself, or with `atomic` all of them or none."""

    model_config = ConfigDict(extra="forbid")

    transactions: list[KeyedTransaction] = Field(min_length=1, max_length=BULK_MAX)
    atomic: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _has_a_bearable_size(self) -> NewBulk:
        entries = sum(len(one.entries) for one in self.transactions)
        if entries > ENTRIES_MAX:
            raise ValueError(
                f"the transactions have {entries:,} entries together: send {ENTRIES_MAX:,} at most at once"
            )
        return self


class BulkAnswer(BaseModel):
    """What one transaction is answered: its document, or the problem that it would be answered with alone."""

    idempotency_key: str
    status: int = Field(description="201 where it stands, else that of the problem")
    replayed: bool = Field(description="The key was known, and this is its first answer again")
    transaction: TransactionModel | None
    problem: Problem | None


class BulkAnswers(BaseModel):
    """The answers, in the order of the request."""

    atomic: bool
    posted: int
    pending: int
    refused: int
    answers: list[BulkAnswer]


def refuse_half_a_source(source_type: str | None, source_id: str | None) -> None:
    """Raise ValueError where one of the two is missing."""
    if (source_type is None) != (source_id is None):
        raise ValueError("a source has a type and an id: give source_type and source_id, or neither")


def answers_of(outcomes: Sequence[Outcome], *, atomic: bool, request_id: str) -> dict[str, Any]:
    """Outcomes in the form of `BulkAnswers`. A problem keeps its own text, so that it is the same here and alone."""
    answers = [answer_of(one, request_id) for one in outcomes]
    counted = Counter(answer["transaction"].status if answer["transaction"] else "refused" for answer in answers)
    # One that was pending when its key was first used stands, whatever became of it since.
    return {
        "atomic": atomic,
        "posted": counted["posted"],
        "pending": len(answers) - counted["posted"] - counted["refused"],
        "refused": counted["refused"],
        "answers": answers,
    }


def answer_of(one: Outcome, request_id: str) -> dict[str, Any]:
    """An outcome in the form of `BulkAnswer`."""
    problem = problem_of(one.refused, request_id) if one.refused is not None else None
    return {
        "idempotency_key": one.idempotency_key,
        "status": 201 if one.refused is None else one.refused.status,
        "replayed": one.replayed,
        "transaction": TransactionModel.of(one.transaction) if one.transaction is not None else None,
        "problem": problem,
    }


def problem_of(refused: Refused | HeadgateError, request_id: str) -> dict[str, Any]:
    """The problem of a refusal or an error, as the HTTP door answers it."""
    text = of_refusal(refused, request_id) if isinstance(refused, Refused) else of_error(refused, request_id)
    found: dict[str, Any] = json.loads(text)
    return found
