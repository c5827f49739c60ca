"""Money in motion, drawn from the book: what is expected, funded, reserved, sent, settled, and what the gate holds."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments.payrolls.held import held_payrolls

CHANGES_MAX = 500


@dataclass(frozen=True, slots=True)
class FlowFigures:
    """One currency's flow. Of what passed the gate (`reserved`) a part was `sent`, and of that a part `settled`.

    `held` waits at the gate; `held_here` is how much money lies there already.
    """

    expected: Money
    received: Money
    reserved: Money
    sent: Money
    settled: Money
    held: Money
    held_here: Money
    in_flight: Money
    payments_settled: int
    payrolls_expected: int
    blocks: int


def flow(tx: Tx, *, currency: str) -> FlowFigures:
    """The flow of one currency. Money of payments is summed by status, in flight and received are the book's own
    figures.
    """
    params = {"tenant": tx.tenant_id, "currency": currency}
    by_status = {
        row["status"]: (row["amount"], row["count"])
        for row in tx.all(
            """
            SELECT status, sum(amount_minor)::bigint AS amount, count(*) AS count
              FROM payments.instructions
             WHERE tenant_id = %(tenant)s AND currency = %(currency)s
             GROUP BY status
            """,
            params,
        )
    }
    book = tx.one(
        """
        SELECT coalesce((SELECT sum(a.net_minor) FROM ledger.accounts a
                          WHERE a.tenant_id = %(tenant)s AND a.purpose = 'PAYROLL_CLEARING'
                              AND a.currency = %(currency)s), 0)::bigint
                 AS clearing,
               coalesce((SELECT sum(d.amount_minor) FROM funding.owned_deposits d
                          WHERE d.tenant_id = %(tenant)s AND d.currency = %(currency)s
                              AND d.legal_entity_id IS NOT NULL), 0)::bigint
                 AS received,
               (SELECT count(*) FROM payments.payrolls p WHERE p.tenant_id = %(tenant)s
                   AND p.currency = %(currency)s) AS payrolls
        """,
        params,
    )

    def amount(*statuses: str) -> Money:
        return Money(sum(by_status.get(status, (0, 0))[0] for status in statuses), currency)

    held = [block for block in held_payrolls(tx) if block.currency == currency]
    return FlowFigures(
        expected=amount(*by_status),
        received=Money(book["received"], currency),
        reserved=amount("pending", "sent", "settled", "returned"),
        sent=amount("sent", "settled", "returned"),
        settled=amount("settled"),
        held=Money(sum(block.required_minor for block in held), currency),
        held_here=Money(sum(max(0, min(block.available_minor, block.required_minor)) for block in held), currency),
        in_flight=Money(-book["clearing"], currency),
        payments_settled=by_status.get("settled", (0, 0))[1],
        payrolls_expected=book["payrolls"],
        blocks=len(held),
    )


def recent_changes(tx: Tx, *, after: int | None) -> tuple[int, list[str]]:
    """The position now, and the payments that something happened to since the position `after` (None: since now).

    A position is the oldest database transaction still open: what commits later lies after it, so that nothing is
    missed, whatever the order in which transactions end.
    """
    now = int(tx.value("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))
    if after is None or after >= now:
        return max(now, after or 0), []
    changed = tx.values(
        """
        SELECT DISTINCT payment_id
          FROM audit.events
         WHERE tenant_id = %(tenant)s AND epoch = audit.current_epoch()
           AND xid >= %(after)s::text::xid8 AND xid < %(now)s::text::xid8 AND payment_id LIKE 'pay\\_%%'
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "after": str(after), "now": str(now), "limit": CHANGES_MAX},
    )
    return now, changed


def currencies(tx: Tx) -> list[str]:
    """The currencies that this tenant's payments have; that of its legal entities where it has none yet."""
    return tx.values(
        """
        SELECT DISTINCT currency FROM payments.payrolls WHERE tenant_id = %(tenant)s
         UNION
        SELECT DISTINCT currency FROM tenants.legal_entities WHERE tenant_id = %(tenant)s
         ORDER BY currency
        """,
        {"tenant": tx.tenant_id},
    )


def time_zone(tx: Tx) -> str:
    """The zone in which a page of this tenant shows times: that of its first legal entity, else UTC."""
    found = tx.value(
        "SELECT time_zone FROM tenants.legal_entities WHERE tenant_id = %(tenant)s ORDER BY id LIMIT 1",
        {"tenant": tx.tenant_id},
    )
    return str(found or "UTC")
