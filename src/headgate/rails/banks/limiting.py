"""What a bank takes of us: which orders it refuses by its terms, and how orders are parted into files that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from headgate.core.money import Money
from headgate.rails.banks.model import Limit, Profile
from headgate.rails.contract import RailOrder


def limit_on(
    limits: Sequence[Limit], on: date, *, speed: Literal["same_day", "next_day"] | None = None
) -> Limit | None:
    """The limit that stands on a day for a speed: the latest of that speed, else the latest for both."""
    standing = [limit for limit in limits if limit.since <= on and limit.speed in (speed, None)]
    return max(standing, key=lambda limit: (limit.speed is not None, limit.since), default=None)


def order_problems(profile: Profile, order: RailOrder, *, on: date) -> tuple[str, ...]:
    """Why the bank does not take this order over ACH for the next day, every reason with its mending.

    Raises NotEntered where only the bank's own guide can say it.
    """
    if profile.ach is None:
        return (f"{profile.name} does not offer ACH; it offers {', '.join(profile.rails)}",)
    found = []
    if order.sec_code not in profile.ach.sec_codes:
        allowed = ", ".join(profile.ach.sec_codes)
        found.append(f"{profile.name} does not let us originate {order.sec_code}; it lets us originate {allowed}")
    if order.direction not in profile.ach.directions:
        found.append(f"{profile.name} does not take {order.direction}s of us; agree it with the bank")
    limit = limit_on(profile.ach.limits, on, speed="next_day")
    if limit and limit.entry_max and order.amount.currency == "USD" and order.amount.minor > limit.entry_max.minor:
        found.append(
            f"{profile.name} takes payments up to {limit.entry_max.format()}; split the payment, or send a wire"
        )
    return tuple(found)


def takes_all(profile: Profile, orders: Sequence[RailOrder], *, on: date) -> bool:
    """Whether the bank surely takes all of these over ACH; where not, `order_problems` says which and why."""
    if profile.ach is None or not orders:
        return not orders
    limit = limit_on(profile.ach.limits, on, speed="next_day")
    most = limit.entry_max.minor if limit and limit.entry_max else None
    return (
        {order.sec_code for order in orders} <= set(profile.ach.sec_codes)
        and {order.direction for order in orders} <= set(profile.ach.directions)
        and (most is None or max(order.amount.minor for order in orders) <= most)
    )


def parts(amounts: Sequence[Money], limit: Limit | None) -> list[range]:
    """How payments, in their order, are parted into files within a limit: as few as the order allows.

    A single payment above `file_max` is a file of its own, for `order_problems` has judged it already.
    """
    found: list[range] = []
    start = total = 0
    for at, amount in enumerate(amounts):
        too_many = limit and limit.file_entries_max and at - start >= limit.file_entries_max
        too_much = limit and limit.file_max and total + amount.minor > limit.file_max.minor
        if at > start and (too_many or too_much):
            found.append(range(start, at))
            start, total = at, 0
        total += amount.minor
    return [*found, range(start, len(amounts))] if amounts else []
