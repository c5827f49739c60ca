"""What the clock does for evidence."""

from __future__ import annotations

from datetime import time, timedelta

from headgate.ingestion import rereading, verifying
from headgate.ingestion.rate_reading import read_rates_daily
from headgate.ingestion.source_jobs import fetch_due, fetch_sftp_daily
from headgate.ingestion.storing import store_bodies, sweep_storage
from headgate.jobs import Job

JOBS = [
    # An hour after the European Central Bank publishes.
    Job(name="fx_rates_daily", at=time(17, 0), zone="Europe/Berlin", run=read_rates_daily, calls_out=True),
    Job(name="source_fetch", every=timedelta(minutes=1), run=fetch_due, calls_out=True),
    # Before the day begins in New York, when banks have put the night's files in place.
    Job(name="sftp_download_daily", at=time(5, 30), zone="America/New_York", run=fetch_sftp_daily, calls_out=True),
    Job(name="artifacts_store", every=timedelta(minutes=5), run=store_bodies, calls_out=True),
    Job(name="reprocess_daily", at=time(4, 15), run=rereading.reread_daily, calls_out=True),
    Job(name="artifacts_verify", every=timedelta(hours=6), run=verifying.job, calls_out=True),
    Job(name="artifacts_sweep", at=time(3, 45), run=sweep_storage, scope="installation"),
]
