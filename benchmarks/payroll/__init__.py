"""A payroll from its committed register to the finished file, measured beside the ledger's batch posting in each round.

The register stands: payees and accounts are known, amounts are given, and the client's money is there. What is timed is
the gate with its reservations and instructions, then the pay gate, the entries, the attempts and the file, each in the
transaction that the product takes. Right before and right after, the same client posts batches of 10,000 as
`headgate bench ledger` does; what is published is the ratio of the two rates.
"""

from .plan import Plan
from .report import show
from .run import run

__all__ = ["Plan", "run", "show"]
