"""What the clock does to funding."""

from __future__ import annotations

from datetime import timedelta

from headgate.funding.settling import finalise_due
from headgate.funding.watch import watch_gate
from headgate.jobs import Job

JOBS = [
    Job(name="funding_finalise", every=timedelta(minutes=1), run=finalise_due),
    Job(name="gate_alerts", every=timedelta(minutes=5), run=watch_gate),
]
