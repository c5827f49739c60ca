"""Interest before principal, and fees last."""

from headgate.servicing.waterfalls._steps import vertical

WATERFALL = vertical("Interest → principal → escrow → fees", "interest", "principal", "escrow", "fees")
