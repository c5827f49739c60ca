"""Addresses of parties as rails take them."""

from __future__ import annotations

from headgate import parties, rails


def postal(address: parties.PostalAddress | None) -> rails.PostalAddress | None:
    """A party's address for a message; what was not said is left out of it."""
    if address is None:
        return None
    return rails.PostalAddress(
        town=address.town,
        country=address.country,
        street=address.street or None,
        building=address.building or None,
        post_code=address.post_code or None,
        state=address.state or None,
    )
