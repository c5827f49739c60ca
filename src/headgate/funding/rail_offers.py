"""Which rails a legal entity's money can come in over: data of its bank profile."""

from __future__ import annotations

from collections.abc import Sequence

from headgate import audit
from headgate.core.db import Tx
from headgate.funding.errors import InvalidRequest, RailUnavailable
from headgate.funding.request_model import DEFAULT_OFFER, FUNDING_RAILS, FundingRail, RailOffer
from headgate.tenants import legal_entity


def offer_rails(
    tx: Tx, *, legal_entity_id: str, profile: str, rails: Sequence[FundingRail], default_rail: FundingRail | None = None
) -> RailOffer:
    """Say which rails a legal entity's bank profile has; a commit's request goes over `default_rail`, else the first.

    Raises NotFound, InvalidRequest.
    """
    unknown = [rail for rail in rails if rail not in FUNDING_RAILS]
    if unknown or not rails:
        raise InvalidRequest(f"name some of the rails {', '.join(FUNDING_RAILS)}", unknown=unknown)
    offer = RailOffer(profile, tuple(dict.fromkeys(rails)), default_rail or rails[0])
    if offer.default_rail not in offer.rails:
        raise InvalidRequest(f"the default rail {offer.default_rail} is none of those offered", rails=list(offer.rails))
    facts = {
        "legal_entity_id": legal_entity(tx, legal_entity_id).id,
        "profile": profile,
        "rails": list(offer.rails),
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
    """The rails that a legal entity's bank profile has; the default offer where nobody has said."""
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
    return RailOffer(row["profile"], tuple(row["rails"]), row["default_rail"]) if row else DEFAULT_OFFER


def require_rail(tx: Tx, *, legal_entity_id: str, rail: str) -> RailOffer:
    """The offer, where this rail is in it. Raises RailUnavailable naming the profile and the rails it has."""
    offer = offered_rails(tx, legal_entity_id=legal_entity_id)
    if rail not in offer.rails:
        raise RailUnavailable(
            f"the bank profile {offer.profile} has no {rail[:40]}: it has {', '.join(offer.rails)}",
            profile=offer.profile,
            rail=rail[:40],
            rails=list(offer.rails),
        )
    return offer
