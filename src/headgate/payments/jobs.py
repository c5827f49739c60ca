"""What the clock does in this domain."""

from datetime import time, timedelta

from headgate.core.db import Tx
from headgate.jobs import Job
from headgate.payments.debits import submit_all_debits
from headgate.payments.delivery.delivery import deliver_all
from headgate.payments.delivery.fetching import fetch_for_job
from headgate.payments.orders import janitor as order_janitor
from headgate.payments.outcomes.missing import open_missing
from headgate.payments.payrolls.prechecks import check_upcoming
from headgate.payments.settlement.pulling import pull_daily
from headgate.payments.settlement.summaries import summarize_daily


def send_debits(tx: Tx) -> str | None:
    """Make the debits of clients that are to go today; delivery hands files over, and `payment_orders` sends orders."""
    made = submit_all_debits(tx)
    told = [f"{file.reference}: {file.content_words}" for file in made.files]
    told += [f"{len(made.orders)} debits to the provider"] if made.orders else []
    return ", ".join(told) or None


JOBS = [
    Job(name="ach_delivery", every=timedelta(minutes=1), run=deliver_all, scope="installation"),
    Job(name="bank_fetch", every=timedelta(minutes=15), run=fetch_for_job, calls_out=True),
    Job(name="payment_orders", every=timedelta(seconds=15), run=order_janitor.work, calls_out=True),
    Job(name="pre_payroll_check", at=time(8), zone="America/New_York", run=check_upcoming),
    Job(name="settlement_daily", at=time(8), zone="America/New_York", run=pull_daily, calls_out=True),
    Job(name="bank_summaries", at=time(6), zone="America/Los_Angeles", run=summarize_daily, calls_out=True),
    Job(name="settlement_missing", every=timedelta(hours=1), run=open_missing),
    Job(name="funding_debits", at=time(8), zone="America/New_York", run=send_debits),
]
