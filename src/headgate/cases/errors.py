"""What can go wrong with cases and approvals. The database raises HG401 to HG407, in the order it checks."""

from __future__ import annotations

from headgate.core.errors import Conflict, Forbidden, NotFound


class NoPerson(Forbidden):
    """Approvals are asked for and given by persons."""

    code = "cases.no_person"
    sqlstate = "HG401"


class NoSuchApproval(NotFound):
    """There is no such approval request."""

    code = "cases.no_such_approval"
    sqlstate = "HG402"


class OwnApproval(Forbidden):
    """Nobody approves what they asked for."""

    code = "cases.own_approval"
    sqlstate = "HG403"


class OtherPayload(Conflict):
    """The digest is not that of the request."""

    code = "cases.other_payload"
    sqlstate = "HG404"


class ApprovalExpired(Conflict):
    """The approval request has expired."""

    code = "cases.approval_expired"
    sqlstate = "HG405"


class ApprovalUsed(Conflict):
    """An approval is used once."""

    code = "cases.approval_used"
    sqlstate = "HG406"


class NotApproved(Forbidden):
    """Too few people have said yes, or somebody said no."""

    code = "cases.not_approved"
    sqlstate = "HG407"


class AlreadyVoted(Conflict):
    """A person votes once on a request."""

    code = "cases.already_voted"


class ApprovalNeeded(Forbidden):
    """Ending a high or critical case takes two people."""

    code = "cases.approval_needed"
