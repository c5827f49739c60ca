"""What can go wrong with reconciliation. The database raises HG601."""

from __future__ import annotations

from headgate.core.errors import Conflict, Malformed, NotFound, Unprocessable


class NotLinked(Unprocessable):
    """No bank account is linked to this account of the book."""

    code = "recon.not_linked"


class LinkedElsewhere(Conflict):
    """The bank account mirrors another account of the book already."""

    code = "recon.linked_elsewhere"


class CurrencyDiffers(Unprocessable):
    """A bank account and its mirror in the book have one currency."""

    code = "recon.currency_differs"


class NoSuchReconciliation(NotFound):
    """There is no such reconciliation."""

    code = "recon.no_such_reconciliation"


class Superseded(Conflict):
    """A later run has taken this one's place."""

    code = "recon.superseded"
    sqlstate = "HG601"


class NotBackdated(Malformed):
    """Only a posting with an effective time, not pending, without capture and conditions, is backdated by approval."""

    code = "recon.not_backdated"


class ApprovalNotNeeded(Conflict):
    """Nothing stands against this posting: post it without an approval."""

    code = "recon.approval_not_needed"
