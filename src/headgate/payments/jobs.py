"""What the clock does in this domain."""

from datetime import timedelta

from headgate.jobs import Job
from headgate.payments.delivery import deliver_all

JOBS = [Job(name="ach_delivery", every=timedelta(minutes=1), run=deliver_all, scope="installation")]
