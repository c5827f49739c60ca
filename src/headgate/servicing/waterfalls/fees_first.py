"""Fees, then interest, principal and escrow of all that is due: the usual order of consumer loans."""

from headgate.servicing.waterfalls._steps import vertical

WATERFALL = vertical("Fees → interest → principal → escrow", "fees", "interest", "principal", "escrow")
