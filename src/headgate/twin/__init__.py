"""A test tenant's time machine: its clock, and the simulated bank that its clock moves.

A test tenant may be given a *bank twin* (`give_bank`): it takes the tenant's outbound files, and what it says comes back as
evidence comes from any bank, through ingestion. `advance` moves the tenant's clock on, stop by stop, and at each runs what
fell due there: jobs, deliveries, the bank's answers. Cutoffs, holds, returns and schedules so move together, in order.

Live tenants have neither: a CHECK keeps their clock real.
"""

from headgate.twin.advance import Advance, Happening, advance
from headgate.twin.bank import TenantBank, bank_of, give_bank, wire_in
from headgate.twin.errors import NoBank, NotForward

__all__ = [
    "Advance",
    "Happening",
    "NoBank",
    "NotForward",
    "TenantBank",
    "advance",
    "bank_of",
    "give_bank",
    "wire_in",
]
