"""What the clock does in this domain."""

from datetime import time, timedelta

from headgate.jobs import Job
from headgate.payments.delivery import deliver_all
from headgate.payments.prechecks import check_upcoming

JOBS = [
    Job(name="ach_delivery", every=timedelta(minutes=1), run=deliver_all, scope="installation"),
    Job(name="pre_payroll_check", at=time(8), zone="America/New_York", run=check_upcoming),
]
