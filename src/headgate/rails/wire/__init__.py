"""Wires over Fedwire, in its ISO 20022 messages: orders that are judged field by field, written, and answers that are read.

    rail.problems(order) -> ()                              # every reason why an order cannot go, with its mending
    rail.render(order, WireSlot(created_at=…, message_id=…)) -> WireMessage          pacs.008
    rail.render_drawdown(request, slot)                     # we ask another bank's customer for money: pain.013
    rail.render_recall(recall, slot)                        # we ask for a wire back: camt.056
    read_message(content) -> WireReading                    # what the bank, or a payer, sent: a fact, or faults

What has become of a wire follows from the set of what was heard (states.csv), so it comes out the same in whatever
order answers arrive. A wire that came in is final; one that its sender wants back (camt.056) is for people to decide.

Pure: identifiers are derived from the attempt, so that rendering twice gives the same bytes. Whether a wire is sent, and
when, is decided in payments; until when the bank takes it, its profile says (`cutoffs.schedule_of(profile, "wire")`).
"""

from headgate.rails.wire.life import WireState, events_of, state_of, states
from headgate.rails.wire.model import (
    Address,
    DrawdownOrder,
    RecallOrder,
    WireMessage,
    WireOrder,
    WireParty,
    WireSlot,
    end_to_end_id,
    uetr,
)
from headgate.rails.wire.rail import RECALL_REASONS, WireRail
from headgate.rails.wire.reading import WireFact, WireFault, WireReading, read_message

__all__ = [
    "RECALL_REASONS", "Address", "DrawdownOrder", "RecallOrder", "WireFact", "WireFault", "WireMessage", "WireOrder",
    "WireParty", "WireRail", "WireReading", "WireSlot", "WireState", "end_to_end_id", "events_of", "read_message",
    "state_of", "states", "uetr",
]  # fmt: skip
