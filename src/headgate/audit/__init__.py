"""The audit log: who did what and when, as facts that nobody can change unseen.

A verb calls `record(tx, type=…, data=…)` in its own transaction; `audit.events` holds the facts and is never updated.
A sealer (`run_sealer`) gathers events whose transactions have ended into `audit.blocks`: the chained hash of each
event, block to block, one chain per tenant, so that writers never wait for each other. `take_checkpoint` signs the
heads of all chains with a key that the database does not know; kept elsewhere, a checkpoint makes even the loss of the tail
visible. `verify_database` and `verify_export` recompute everything and name the first broken link. A restore onto
another server starts a new epoch. Data carries ids and last four digits only.
"""

from headgate.audit.checkpoint import Checkpoint, read_checkpoint, take_checkpoint, write_checkpoint
from headgate.audit.errors import (
    BlockOutOfOrder,
    CheckpointMalformed,
    ExportMalformed,
    KeyMalformed,
    NotRecorded,
    UnknownFormula,
)
from headgate.audit.export import write_export
from headgate.audit.health import UNSEALED_SECONDS_MAX, announce_restore, oldest_unsealed_seconds
from headgate.audit.model import Break, Event, Report
from headgate.audit.record import record, record_ahead, record_many
from headgate.audit.sealer import run_sealer, seal, seal_all
from headgate.audit.verify import verify_database, verify_export

__all__ = [
    "UNSEALED_SECONDS_MAX",
    "BlockOutOfOrder",
    "Break",
    "Checkpoint",
    "CheckpointMalformed",
    "Event",
    "ExportMalformed",
    "KeyMalformed",
    "NotRecorded",
    "Report",
    "UnknownFormula",
    "announce_restore",
    "oldest_unsealed_seconds",
    "read_checkpoint",
    "record",
    "record_ahead",
    "record_many",
    "run_sealer",
    "seal",
    "seal_all",
    "take_checkpoint",
    "verify_database",
    "verify_export",
    "write_checkpoint",
    "write_export",
]
