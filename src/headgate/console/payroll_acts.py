"""What can be done with a payroll: ask that it be paid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import payments
from headgate.console.acts import Act, Done, Form
from headgate.console.render import figures
from headgate.core.db import Tx
from headgate.core.errors import Refused


def _execute(tx: Tx, payroll_id: str, form: Form) -> Done | Refused:
    queued = payments.queue_payroll(tx, payroll_id=payroll_id)
    if isinstance(queued, Refused):
        return queued
    day = f"{queued.pay_on:%a} {queued.pay_on.day} {queued.pay_on:%b}"
    said = f"Execution asked for: {_counted(queued.funded)}, {figures(queued.funded_amount)}, for {day}."
    if queued.awaiting_funds:
        said += f" {_counted(queued.awaiting_funds)}, {figures(queued.awaiting_amount)}, await funding."
    return Done(said, f"/payrolls/{payroll_id}")


def _counted(count: int) -> str:
    return f"{count:,} payment{'' if count == 1 else 's'}"


ACTS: Final[Mapping[str, Act]] = {"execute": Act("payments.send", _execute)}
