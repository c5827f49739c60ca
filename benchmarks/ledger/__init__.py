"""The ledger, measured beside raw COPY: every shape in each round, and the medians of the rounds.

A machine's speed drifts within minutes, so the reference is taken right before and right after each shape, and what is
published is the ratio. Durability is the product's default on an embedded server of the benchmark's own: fsync,
synchronous_commit and full_page_writes on, row-level security forced, permanent keys, limits on half of the accounts,
an audit event and an outbox row a transaction. Clients are processes; only where callers share a process (the intake,
HTTP) are they threads or sockets.
"""

from .plan import Plan
from .report import show
from .run import run

__all__ = ["Plan", "run", "show"]
