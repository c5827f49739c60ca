"""Principal before everything else that is due."""

from headgate.servicing.waterfalls._steps import vertical

WATERFALL = vertical("Principal → interest → fees → escrow", "principal", "interest", "fees", "escrow")
