"""Each wire that comes in counts once: a statement, a provider's message and its report name it by Fedwire's number.

Whoever counts a wire claims its numbers (IMAD, OMAD) first; other evidence that names one of them is of the same money. A
wire that is no deposit (one of ours that came back) is claimed too, so that its line on the statement is not taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from headgate.core.db import Tx
from headgate.core.money import Money

_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9]{8}[A-Z0-9]{8}[0-9]{6}(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class ClaimedWire:
    """A number of Fedwire's with the evidence that was counted under it."""

    number: str
    source: str
    external_id: str
    amount_minor: int
    currency: str

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def wire_numbers_in(text: str) -> set[str]:
    """Fedwire's numbers in a bank's text: eight digits of a day, eight letters of a connection, six digits that count."""
    return set(_NUMBER.findall(text.upper()))


def claimed_wires(tx: Tx, numbers: Collection[str]) -> dict[str, ClaimedWire]:
    """Those of these numbers under which something was counted."""
    rows = tx.all(
        """
        SELECT number, source, external_id, amount_minor, currency FROM funding.wire_numbers
         WHERE tenant_id = %(tenant)s AND number = ANY(%(numbers)s)
        """,
        {"tenant": tx.tenant_id, "numbers": sorted(numbers)},
        row=ClaimedWire,
    )
    return {row.number: row for row in rows}


def claim_wires(
    tx: Tx, wanted: Mapping[tuple[str, str], tuple[Collection[str], Money]]
) -> dict[tuple[str, str], ClaimedWire]:
    """Claim the numbers of each piece of evidence; for what other evidence was counted under before, that evidence.

    A claim waits for whoever claims the same number in another transaction, so that one of two counts it.
    """
    rows = sorted(
        (number, source, external_id, amount)
        for (source, external_id), (numbers, amount) in wanted.items()
        for number in numbers
    )
    if not rows:
        return {}
    tx.run(
        """
        INSERT INTO funding.wire_numbers (tenant_id, number, source, external_id, amount_minor, currency, claimed_at)
        SELECT %(tenant)s, n.number, n.source, n.external_id, n.amount, n.currency, %(now)s
          FROM unnest(%(numbers)s::text[], %(sources)s::text[], %(externals)s::text[], %(amounts)s::bigint[],
                      %(currencies)s::text[]) AS n (number, source, external_id, amount, currency)
            ON CONFLICT (tenant_id, number) DO NOTHING
        """,
        {
            "tenant": tx.tenant_id,
            "now": tx.now(),
            "numbers": [row[0] for row in rows],
            "sources": [row[1] for row in rows],
            "externals": [row[2] for row in rows],
            "amounts": [row[3].minor for row in rows],
            "currencies": [row[3].currency for row in rows],
        },
    )
    standing = claimed_wires(tx, [row[0] for row in rows])
    return {
        (source, external_id): standing[number]
        for number, source, external_id, _ in rows
        if (standing[number].source, standing[number].external_id) != (source, external_id)
    }
