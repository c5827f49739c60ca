"""What is owed to taxes and insurance before the lender's own."""

from headgate.servicing.waterfalls._steps import vertical

WATERFALL = vertical("Escrow → interest → principal → fees", "escrow", "interest", "principal", "fees")
