"""Which rails a legal entity's money can come in over: what its bank's profile offers, and nothing beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from headgate import audit
from headgate.core.db import Tx
from headgate.funding.errors import InvalidRequest, RailUnavailable
from headgate.funding.request_model import FUNDING_RAILS, FundingRail, RailOffer
from headgate.rails import NotEntered, banks
from headgate.tenants import current_tenant, legal_entity

_FIRST: Final[FundingRail] = "inbound_wire"
"""What a commit's request goes over where nobody said otherwise: any client can wire."""


def _asks(terms: banks.RailTerms) -> bool:
    return isinstance(terms, banks.Instant) and terms.request_for_payment


_NEEDS: Final[Mapping[FundingRail, tuple[str, Callable[[banks.RailTerms], bool]]]] = {
    "ach_debit": ("ach", lambda terms: "debit" in terms.directions),
    "inbound_wire": ("wire", lambda terms: True),
    "drawdown": ("drawdown", lambda terms: "debit" in terms.directions),
    "fednow_rfp": ("fednow", _asks),
    "rtp_rfp": ("rtp", _asks),
    "book": ("book", lambda terms: True),
}
"""Which rail of a bank each way of funding takes, and what the bank must let us do over it."""


def rails_of(profile: banks.Profile) -> tuple[FundingRail, ...]:
    """The rails over which money can come in at this bank; what is still to be entered of it is not offered."""
    return tuple(rail for rail in FUNDING_RAILS if _offers(profile, rail))


def offer_rails(tx: Tx, *, legal_entity_id: str, profile: str, default_rail: FundingRail | None = None) -> RailOffer:
    """Say which bank profile holds for a legal entity; a commit's request goes over `default_rail`, else a wire.

    Saying it again changes nothing. Raises NotFound, NoSuchProfile, RailUnavailable, InvalidRequest (it offers nothing).
    """
    rails = rails_of(banks.get(profile))
    if not rails:
        raise InvalidRequest(f"{profile} offers no rail that money can come in over; enter what its guide says")
    entity = legal_entity(tx, legal_entity_id)
    offer = RailOffer(profile, rails, default_rail or _default(rails))
    if offer.default_rail not in rails:
        raise _unavailable(offer, offer.default_rail)
    if _said(tx, entity.id) == offer:
        return offer
    facts = {
        "legal_entity_id": entity.id,
        "profile": profile,
        "rails": list(rails),
        "default_rail": offer.default_rail,
    }
    tx.run(
        """
        INSERT INTO funding.rail_offers (tenant_id, legal_entity_id, profile, rails, default_rail)
        VALUES (%(tenant)s, %(legal_entity_id)s, %(profile)s, %(rails)s, %(default_rail)s)
        """,
        {"tenant": tx.tenant_id, **facts},
    )
    audit.record(tx, type="funding.rails.offered", data=facts)
    return offer


def offered_rails(tx: Tx, *, legal_entity_id: str) -> RailOffer:
    """The rails that a legal entity's bank offers today.

    Where nobody named its bank: the simulated one for a test tenant, else what any bank does (`generic_odfi`).
    """
    said = _said(tx, legal_entity_id)
    if said is not None and said.profile not in banks.profiles():
        return said  # Its profile is gone: what it offered when it was said.
    name = said.profile if said else "generic_odfi" if current_tenant(tx).livemode else "sandbox"
    rails = rails_of(banks.get(name))
    default = said.default_rail if said and said.default_rail in rails else _default(rails)
    return RailOffer(name, rails, default)


def require_rail(tx: Tx, *, legal_entity_id: str, rail: str) -> RailOffer:
    """The offer, where this rail is in it. Raises RailUnavailable naming the profile and the rails it has."""
    offer = offered_rails(tx, legal_entity_id=legal_entity_id)
    if rail not in offer.rails:
        raise _unavailable(offer, rail)
    return offer


def _said(tx: Tx, legal_entity_id: str) -> RailOffer | None:
    row = tx.maybe(
        """
        SELECT profile, rails, default_rail
          FROM funding.rail_offers
         WHERE tenant_id = %(tenant)s AND legal_entity_id = %(entity)s
         ORDER BY id DESC
         LIMIT 1
        """,
        {"tenant": tx.tenant_id, "entity": legal_entity_id},
    )
    return RailOffer(row["profile"], tuple(row["rails"]), row["default_rail"]) if row else None


def _offers(profile: banks.Profile, rail: FundingRail) -> bool:
    name, is_offered = _NEEDS[rail]
    if name not in profile.rails:
        return False
    try:
        return is_offered(banks.terms(profile, name))
    except NotEntered:
        return False


def _default(rails: tuple[FundingRail, ...]) -> FundingRail:
    return _FIRST if _FIRST in rails else rails[0]


def _unavailable(offer: RailOffer, rail: str) -> RailUnavailable:
    return RailUnavailable(
        f"the bank profile {offer.profile} has no {rail[:40]}: it has {', '.join(offer.rails)}",
        profile=offer.profile,
        rail=rail[:40],
        rails=list(offer.rails),
    )
