"""What can go wrong with the audit log."""

from headgate.core.errors import Conflict, Forbidden, HeadgateError, Malformed


class NotRecorded(Forbidden):
    """The log is written by its recording functions only."""

    code = "audit.not_recorded"
    sqlstate = "HG201"


class BlockOutOfOrder(Conflict):
    """Another sealer has sealed this tenant's events meanwhile, or the chain's head is not what it should be."""

    code = "audit.block_out_of_order"
    sqlstate = "HG202"


class ExportMalformed(Malformed):
    """This file is no export of the audit log."""

    code = "audit.export_malformed"


class CheckpointMalformed(Malformed):
    """This file is no checkpoint of the audit log."""

    code = "audit.checkpoint_malformed"


class KeyMalformed(Malformed):
    """This file is no public key."""

    code = "audit.key_malformed"


class UnknownFormula(HeadgateError):
    """A row claims a formula that this code does not know: install the Headgate that wrote it."""

    code = "audit.unknown_formula"
