"""The pipeline, measured: webhooks accepted, the time from a webhook to its posted loan payment, and validate → post in sets.

Beside them, in the same run: bare inserts of artifact rows over 8 connections, and jobs that do nothing, of a bare queue and
of procrastinate. The server is in one process, the workers in others, the callers in one of their own.
"""

from .plan import Plan
from .report import show
from .run import run

__all__ = ["Plan", "run", "show"]
