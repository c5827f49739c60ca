"""How a legal entity stands in the headers of its ACH files."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict

from headgate import audit, funding
from headgate.core.db import Tx
from headgate.payments.errors import InvalidOriginator, OriginatorMissing
from headgate.payments.model import Originator
from headgate.rails import banks, is_routing_number
from headgate.tenants import current_tenant, legal_entity


def set_originator(
    tx: Tx,
    *,
    legal_entity_id: str,
    odfi_routing_number: str,
    destination_name: str,
    immediate_origin: str,
    origin_name: str,
    company_name: str,
    company_identification: str,
) -> Originator:
    """Say how a legal entity stands in its ACH files, as its bank (the ODFI) agreed; saying it again changes it.

    Raises NotFound, InvalidOriginator naming what does not fit.
    """
    found = Originator(
        legal_entity(tx, legal_entity_id).id,
        odfi_routing_number,
        destination_name,
        immediate_origin,
        origin_name,
        company_name,
        company_identification,
    )
    problems = _problems(found) + _mode_problems(tx, found)
    if problems:
        raise InvalidOriginator("; ".join(problems), problems=problems)
    tx.run(
        """
        INSERT INTO payments.originators
               (tenant_id, legal_entity_id, odfi_routing_number, destination_name, immediate_origin, origin_name,
                company_name, company_identification)
        VALUES (%(tenant)s, %(legal_entity_id)s, %(odfi_routing_number)s, %(destination_name)s, %(immediate_origin)s,
                %(origin_name)s, %(company_name)s, %(company_identification)s)
            ON CONFLICT (tenant_id, legal_entity_id) DO UPDATE
           SET odfi_routing_number = EXCLUDED.odfi_routing_number, destination_name = EXCLUDED.destination_name,
               immediate_origin = EXCLUDED.immediate_origin, origin_name = EXCLUDED.origin_name,
               company_name = EXCLUDED.company_name, company_identification = EXCLUDED.company_identification,
               changed_at = clock_timestamp()
        """,
        {"tenant": tx.tenant_id, **asdict(found)},
    )
    audit.record(
        tx,
        type="payments.originator.set",
        data={"legal_entity_id": legal_entity_id, "odfi_routing_number": odfi_routing_number},
    )
    # Its bank is known now: its money comes in over what that bank offers.
    funding.offer_rails(tx, legal_entity_id=found.legal_entity_id, profile=banks.of_routing(odfi_routing_number).name)
    return found


def originators_of(tx: Tx, legal_entity_ids: Collection[str]) -> dict[str, Originator]:
    """The originators of these legal entities. Raises OriginatorMissing naming the first that has none."""
    found = known_originators(tx, legal_entity_ids)
    for wanted in sorted(legal_entity_ids):
        if wanted not in found:
            raise OriginatorMissing(
                f"it is not known how {wanted} stands in the header of an ACH file; set its originator first",
                legal_entity_id=wanted,
            )
    return found


def known_originators(tx: Tx, legal_entity_ids: Collection[str]) -> dict[str, Originator]:
    """The originators of those of these legal entities that have one."""
    rows = tx.all(
        """
        SELECT legal_entity_id, odfi_routing_number, destination_name, immediate_origin, origin_name, company_name,
               company_identification
          FROM payments.originators
         WHERE tenant_id = %(tenant)s AND legal_entity_id = ANY(%(ids)s)
        """,
        {"tenant": tx.tenant_id, "ids": sorted(legal_entity_ids)},
        row=Originator,
    )
    return {row.legal_entity_id: row for row in rows}


def _problems(found: Originator) -> list[str]:
    problems = []
    if not is_routing_number(found.odfi_routing_number):
        problems.append("odfi_routing_number must be nine digits with their check digit")
    for name, low, high in (
        ("destination_name", 1, 23),
        ("immediate_origin", 9, 10),
        ("origin_name", 1, 23),
        ("company_name", 1, 16),
        ("company_identification", 1, 10),
    ):
        text = str(getattr(found, name))
        if not (low <= len(text.strip()) and len(text) <= high and text.isascii() and text.isprintable()):
            problems.append(f"{name} must have {low} to {high} plain characters")
    return problems


def _mode_problems(tx: Tx, found: Originator) -> list[str]:
    """A test tenant's files go to a simulated bank and nowhere else; a live tenant's never do."""
    simulated = banks.of_routing(found.odfi_routing_number).identity.is_simulated
    if current_tenant(tx).livemode:
        return [f"{found.odfi_routing_number} is a simulated bank; a live tenant names its own"] if simulated else []
    return [] if simulated else [f"a test tenant's bank is a simulated one: {', '.join(_simulated())}"]


def _simulated() -> list[str]:
    """The routing numbers of the banks where no money can move."""
    found = [profile.identity for profile in banks.profiles().values() if profile.identity.is_simulated]
    return [number for identity in found for number in identity.routing_numbers]
