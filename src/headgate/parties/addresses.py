"""Postal addresses of parties: the last one said holds, earlier ones stay in the history. A wire names its payee's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import LiteralString

from headgate import audit
from headgate.core.db import Tx
from headgate.parties import queries
from headgate.parties.errors import InvalidParty
from headgate.parties.model import PostalAddress, check_address

_LATEST: LiteralString = """
    SELECT DISTINCT ON (a.party_id) a.party_id, a.town, a.country, a.street, a.building, a.post_code, a.state
      FROM parties.addresses a
     WHERE a.tenant_id = (SELECT core.tenant_id()) AND a.party_id = ANY(%(ids)s::text[])
     ORDER BY a.party_id, a.id DESC
"""


def set_address(tx: Tx, *, party_id: str, address: PostalAddress, source_ref: str | None = None) -> PostalAddress:
    """Say where a party is, from now on; the same again changes nothing. Raises NoSuchParty, InvalidParty."""
    party = queries.get_party(tx, party_id, for_update=True)
    problems = check_address(address)
    if problems:
        raise InvalidParty(f"the address of {party_id}: {'; '.join(problems)}", party_id=party_id)
    keep(tx, {party.id: address}, source_ref=source_ref)
    return address


def get_address(tx: Tx, party_id: str) -> PostalAddress | None:
    """Where a party is; None where nobody said. Raises NoSuchParty."""
    return addresses_of(tx, [queries.get_party(tx, party_id).id]).get(party_id)


def addresses_of(tx: Tx, party_ids: Sequence[str]) -> dict[str, PostalAddress]:
    """Where these parties are, as far as it was said."""
    rows = tx.all(_LATEST, {"ids": sorted(set(party_ids))})
    return {
        row["party_id"]: PostalAddress(
            row["town"], row["country"], row["street"], row["building"], row["post_code"], row["state"]
        )
        for row in rows
    }


def keep(tx: Tx, said: Mapping[str, PostalAddress], *, source_ref: str | None) -> None:
    """Write down those that differ from what holds, of parties that the caller has locked."""
    if not said:
        return
    known = addresses_of(tx, list(said))
    new = {party_id: address for party_id, address in sorted(said.items()) if known.get(party_id) != address}
    if not new:
        return
    parts = [astuple(address) for address in new.values()]
    tx.run(
        """
        INSERT INTO parties.addresses (tenant_id, party_id, town, country, street, building, post_code, state, source_ref,
          said_at)
        SELECT %(tenant)s, a.party_id, a.town, a.country, a.street, a.building, a.post_code, a.state, %(source)s, %(now)s
          FROM unnest(%(parties)s::text[], %(towns)s::text[], %(countries)s::text[], %(streets)s::text[],
                      %(buildings)s::text[], %(post_codes)s::text[], %(states)s::text[])
               AS a (party_id, town, country, street, building, post_code, state)
        """,
        {
            "tenant": tx.tenant_id,
            "source": source_ref,
            "now": tx.now(),
            "parties": list(new),
            "towns": [part[0] for part in parts],
            "countries": [part[1] for part in parts],
            "streets": [part[2] for part in parts],
            "buildings": [part[3] for part in parts],
            "post_codes": [part[4] for part in parts],
            "states": [part[5] for part in parts],
        },
    )
    # Where somebody lives stays with the party: the audit says only that it was said anew.
    audit.record_many(
        tx,
        [
            audit.Event(type="parties.address.set", data={"party_id": party_id, "source_ref": source_ref})
            for party_id in new
        ],
    )
