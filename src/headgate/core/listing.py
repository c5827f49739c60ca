"""A list that the database searches and pages: its statements, and the five verbs that every such list has.

```python
_LISTING = Listing(find=…, rows=…, matching=…, totals=…, row=FileRow, total=FileTotal, missing=_no_such_file)
find_files, file_rows, file_row = _LISTING.find_rows, _LISTING.rows_of, _LISTING.row_of
```

The statements are literals of the module that has the list; each reads the parameters of its `terms` and `tenant`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, LiteralString, TypeVar

from headgate.core.db import Tx
from headgate.core.errors import HeadgateError
from headgate.core.terms import Query

R = TypeVar("R")
T = TypeVar("T")


def _as_asked(tx: Tx, query: Query) -> Mapping[str, Any]:
    return query.params


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[R, T]):
    """`find` also reads `after` (an id, or none) and `limit`; `rows` and `matching` read `ids`, and `rows` no terms.

    `missing` makes the error of an id that nothing has; `params` what a query says, where the database knows other words.
    """

    find: LiteralString
    rows: LiteralString
    matching: LiteralString
    totals: LiteralString
    row: type[R]
    total: type[T]
    missing: Callable[[str], HeadgateError]
    params: Callable[[Tx, Query], Mapping[str, Any]] = _as_asked

    def find_rows(self, tx: Tx, query: Query, *, after: str | None = None, limit: int = 50) -> list[R]:
        """What a query finds, the newest first, from after that id on."""
        return tx.all(self.find, {**self._params(tx, query), "after": after, "limit": limit}, row=self.row)

    def rows_of(self, tx: Tx, ids: Sequence[str]) -> list[R]:
        """The rows of these, the newest first."""
        return tx.all(self.rows, {"tenant": tx.tenant_id, "ids": list(ids)}, row=self.row)

    def row_of(self, tx: Tx, one: str) -> R:
        """The row of one, by its id. Raises what tells that there is none."""
        found = self.rows_of(tx, [one])
        if not found:
            raise self.missing(one[:40])
        return found[0]

    def matching_of(self, tx: Tx, query: Query, ids: Sequence[str]) -> frozenset[str]:
        """Which of these the query finds."""
        return frozenset(tx.values(self.matching, {**self._params(tx, query), "ids": list(ids)}))

    def totals_of(self, tx: Tx, query: Query) -> list[T]:
        """What a query adds up to, by currency."""
        return tx.all(self.totals, self._params(tx, query), row=self.total)

    def _params(self, tx: Tx, query: Query) -> dict[str, Any]:
        return {**self.params(tx, query), "tenant": tx.tenant_id}
