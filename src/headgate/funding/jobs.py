"""What the clock does to funding."""

from __future__ import annotations

from datetime import timedelta

from headgate.funding.settling import finalise_due
from headgate.jobs import Job

JOBS = [Job(name="funding_finalise", every=timedelta(minutes=1), run=finalise_due)]
