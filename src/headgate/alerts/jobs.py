"""What the clock does for notifications: their mails go out."""

from __future__ import annotations

from datetime import timedelta

from headgate.alerts.mailing import send_due
from headgate.jobs import Job

JOBS = [Job(name="notification_mails", every=timedelta(seconds=15), run=send_due, calls_out=True)]
"""Every fifteen seconds, as orders are: a claimed mail is never handed over by two."""
