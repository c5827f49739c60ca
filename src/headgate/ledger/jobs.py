"""What the clock does to the book."""

from __future__ import annotations

from datetime import timedelta

from headgate.jobs import Job
from headgate.ledger.reservations import expire_due

JOBS = [Job(name="reservation_cleanup", every=timedelta(minutes=1), run=expire_due)]
