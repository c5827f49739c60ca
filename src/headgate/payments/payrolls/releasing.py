"""The day on which a payroll must leave: as late as its legal entity's bank still makes its pay day."""

from __future__ import annotations

from datetime import date
from typing import Final

from headgate import rails
from headgate.core.db import Tx
from headgate.payments.model import Payroll

LEAD_BANKING_DAYS: Final = 1
"""How long before its pay day a credit is handed over where nobody has said which bank it goes to, or when that closes."""


def release_on(pay_on: date, odfi_routing_number: str | None) -> date:
    """The last banking day on which a credit can be handed to that bank and still be paid on its day.

    It is the day of the bank's last window of ordinary speed, by its profile: the one that `submit_due` sends by.
    """
    target = rails.banking_day_on_or_before(pay_on)
    if odfi_routing_number is not None:
        try:
            schedule = rails.cutoffs.schedule_of(rails.banks.of_routing(odfi_routing_number), "ach")
            return rails.cutoffs.last_opening(schedule, settles_on=target, speed="next_day").day
        except (rails.NotEntered, rails.RailNotOffered, rails.NoWindow):
            pass  # Sending says what is to be entered; until then a day ahead is what every bank takes.
    return rails.add_banking_days(target, -LEAD_BANKING_DAYS)


def leaves_on(tx: Tx, payroll: Payroll) -> date:
    """`release_on` of a payroll, by the bank of its legal entity."""
    routing = tx.value(
        """
        SELECT odfi_routing_number
          FROM payments.originators
         WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s
        """,
        {"tenant": tx.tenant_id, "entity": payroll.legal_entity_id},
    )
    return release_on(payroll.pay_on, routing)
