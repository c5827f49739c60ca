"""ACH files: written once, fixed in the database with their bytes sealed, and opened again for the bank alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from headgate import rails, tenants
from headgate.core import arrays, ids, secrets
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.payments import deadlines
from headgate.payments.counters import draw_modifier, draw_traces
from headgate.payments.errors import FileRefused, NoSuchFile
from headgate.payments.model import AchFile, Originator, Ready
from headgate.payments.originators import known_originators, originators_of

CONTEXT = "payments.ach_files.content"
T = TypeVar("T")
FileKind = Literal["payments", "dishonors"]


def write(
    tx: Tx,
    originator: Originator,
    *,
    on: date,
    effective_on: date,
    ready: Sequence[Ready],
    transactions: Mapping[str, int],
) -> Fixed:
    """Write the file of these orders and fix it, with an attempt for each that takes its consumed reservation.

    The database refuses an attempt without one. Raises TooManyFiles, rails.CannotWrite.
    """
    made = fix(
        tx,
        originator,
        on=on,
        effective_on=effective_on,
        orders=[one.order for one in ready],
        currency=ready[0].due.currency,
        heard_by=deadlines.heard_by(rails.banks.of_routing(originator.odfi_routing_number), "ach", effective_on),
    )
    _attempt(tx, made.file.id, ready, made.traces, transactions)
    return made


@dataclass(frozen=True, slots=True)
class Fixed:
    """A file that was fixed, and the trace number of each of its orders by attempt."""

    file: AchFile
    traces: Mapping[str, str]


def fix(
    tx: Tx,
    originator: Originator,
    *,
    on: date,
    effective_on: date,
    orders: Sequence[rails.RailOrder],
    currency: str,
    heard_by: datetime | None = None,
) -> Fixed:
    """Write the file of these orders and fix it in the database; whose attempts they are, the caller writes down.

    `heard_by`: when each of its payments must have been heard of, where no row of their own says so.

    Raises TooManyFiles, rails.CannotWrite.
    """
    file_id, slot = draw_slot(tx, originator, on=on, count=len(orders))
    built = rail_of(originator).write(orders, slot)
    file = keep(
        tx,
        originator,
        Content(
            built.content,
            credits=built.credits,
            debits=built.debits,
            entry_count=len(orders),
            entry_hash=_hash_of(orders),
        ),
        file_id=file_id,
        slot=slot,
        effective_on=effective_on,
        currency=currency,
        heard_by=heard_by,
    )
    return Fixed(file, {carried.attempt_id: carried.trace_number for carried in built.carried})


def draw_slot(tx: Tx, originator: Originator, *, on: date, count: int) -> tuple[str, rails.FileSlot]:
    """A file's id, and what it is written with: its instant, modifier, reference and room for so many trace numbers.

    Raises TooManyFiles.
    """
    entity = tenants.legal_entity(tx, originator.legal_entity_id)
    file_id = ids.new("fil")
    return file_id, rails.FileSlot(
        created_at=datetime.combine(on, tx.now().astimezone(ZoneInfo(entity.time_zone)).time()),
        modifier=draw_modifier(
            tx, destination=originator.odfi_routing_number, origin=originator.immediate_origin, on=on
        ),
        reference=file_id[-8:].upper(),
        first_trace_sequence=draw_traces(tx, odfi=originator.odfi_routing_number[:8], count=count),
    )


@dataclass(frozen=True, slots=True)
class Content:
    """What was written for the bank, with its totals."""

    content: bytes = field(repr=False)
    credits: Money
    debits: Money
    entry_count: int
    entry_hash: str


def keep(
    tx: Tx,
    originator: Originator,
    made: Content,
    *,
    file_id: str,
    slot: rails.FileSlot,
    effective_on: date,
    currency: str,
    kind: FileKind = "payments",
    heard_by: datetime | None = None,
) -> AchFile:
    """Fix a file in the database under the name that its bank's profile gives it: from here on its bytes stay."""
    bank = rails.banks.of_routing(originator.odfi_routing_number)
    assert bank.ach is not None, "its schedule was asked for before"
    tx.run(
        """
        INSERT INTO payments.ach_files
               (tenant_id, id, legal_entity_id, name, bank, reference, file_id_modifier, file_created_on, effective_on,
                currency, content_sealed, sha256, byte_count, entry_count, credit_minor, debit_minor, entry_hash, kind,
                heard_by, created_at)
        VALUES (%(tenant)s, %(id)s, %(entity)s, %(name)s, %(bank)s, %(reference)s, %(modifier)s, %(on)s,
                %(effective_on)s, %(currency)s, %(content)s, %(sha256)s, %(byte_count)s, %(entry_count)s, %(credit)s,
                %(debit)s, %(entry_hash)s, %(kind)s, %(heard_by)s, %(now)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": file_id,
            "entity": originator.legal_entity_id,
            "name": rails.banks.file_name(
                bank.ach.file.name,
                created_at=slot.created_at,
                modifier=slot.modifier,
                reference=slot.reference,
                origin=originator.immediate_origin,
                company=originator.company_name,
            ),
            "bank": bank.name,
            "reference": slot.reference,
            "modifier": slot.modifier,
            "on": slot.created_at.date(),
            "effective_on": effective_on,
            "currency": currency,
            "content": secrets.seal(tx, made.content, context=CONTEXT),
            "sha256": hashlib.sha256(made.content).digest(),
            "byte_count": len(made.content),
            "entry_count": made.entry_count,
            "credit": made.credits.minor,
            "debit": made.debits.minor,
            "entry_hash": made.entry_hash,
            "kind": kind,
            "heard_by": heard_by,
            "now": tx.now(),
        },
    )
    return get_file(tx, file_id)


def mark_settled(tx: Tx, file_id: str, *, on: date) -> None:
    """The bank's statement says that a file settled on a day. The caller holds the file."""
    tx.run(
        """
        UPDATE payments.ach_files SET status = 'settled', settled_on = %(on)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": file_id, "on": on},
    )


def rail_of(originator: Originator) -> rails.AchRail:
    """The rail to the bank that a legal entity's originator names, as the bank's profile says."""
    bank = rails.banks.of_routing(originator.odfi_routing_number)
    rails.banks.terms(bank, "ach")
    assert bank.ach is not None
    return rails.AchRail(
        odfi_routing=originator.odfi_routing_number,
        bank_name=originator.destination_name,
        origin=originator.immediate_origin,
        origin_name=originator.origin_name,
        is_simulated=bank.identity.is_simulated,
        rules=bank.ach.file.rulebook,
    )


def carrier_of(originator: Originator, *, on: date) -> Callable[[rails.RailOrder], tuple[str, ...]]:
    """Says of an order why the originator's rail or its bank, by its profile, does not take it; nothing where they do."""
    rail, bank = rail_of(originator), rails.banks.of_routing(originator.odfi_routing_number)
    return lambda order: (*rail.problems(order), *rails.banks.order_problems(bank, order, on=on))


def carries_all(originator: Originator, orders: Sequence[rails.RailOrder], *, on: date) -> bool:
    """Whether the originator's rail and its bank surely take all of these; where not, `carrier_of` says why not."""
    bank = rails.banks.of_routing(originator.odfi_routing_number)
    return rail_of(originator).carries_all(orders) and rails.banks.takes_all(bank, orders, on=on)


def parted(originator: Originator, ready: Sequence[T], amounts: Sequence[Money], *, on: date) -> list[Sequence[T]]:
    """These orders, of these amounts, in as many files as the bank's limits ask for, in their order."""
    ach = rails.banks.of_routing(originator.odfi_routing_number).ach
    assert ach is not None, "its schedule was asked for before"
    limit = rails.banks.limit_on(ach.limits, on, speed="next_day")
    return [[ready[at] for at in part] for part in rails.banks.parts(amounts, limit)]


def bank_of(tx: Tx, file: AchFile) -> rails.banks.Profile:
    """The profile that a file was written for. Raises NoSuchProfile where it is gone, OriginatorMissing."""
    if file.bank is not None:
        return rails.banks.get(file.bank)
    originator = originators_of(tx, {file.legal_entity_id})[file.legal_entity_id]
    return rails.banks.of_routing(originator.odfi_routing_number)


def banks_of(tx: Tx, of: Sequence[AchFile]) -> dict[str, rails.banks.Profile]:
    """The profiles of those of these files whose bank is known, by the file's id."""
    entities = {file.legal_entity_id for file in of if file.bank is None}
    known = known_originators(tx, entities) if entities else {}
    routings = {name: one.odfi_routing_number for name, one in known.items()}
    found = {}
    for file in of:
        if file.bank in rails.banks.profiles():
            found[file.id] = rails.banks.get(str(file.bank))
        elif file.bank is None and file.legal_entity_id in routings:
            found[file.id] = rails.banks.of_routing(routings[file.legal_entity_id])
    return found


def individual_id(payment_id: str) -> str:
    """What stands in the entry and comes back unchanged in a return: the last 15 characters of the payment's id."""
    return payment_id[-15:].upper()


def get_file(tx: Tx, file_id: str) -> AchFile:
    """One file, without its bytes. Raises NoSuchFile."""
    found = list_files(tx, file_ids=[file_id])
    if not found:
        raise NoSuchFile(f"there is no file {file_id}", file_id=file_id)
    return found[0]


def list_files(
    tx: Tx,
    *,
    file_ids: Sequence[str] | None = None,
    status: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[AchFile]:
    """Files, the newest first."""
    return tx.all(
        """
        SELECT id, legal_entity_id, name, bank, reference, file_id_modifier, file_created_on, effective_on, currency, sha256,
               byte_count, entry_count, credit_minor, debit_minor, entry_hash, kind, status, created_at, delivered_at,
                   settled_on
          FROM payments.ach_files
         WHERE tenant_id = %(tenant)s
           AND (%(ids)s::text[] IS NULL OR id = ANY(%(ids)s))
           AND (%(status)s::text IS NULL OR status = %(status)s)
           AND (%(after)s::text IS NULL OR id < %(after)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {
            "tenant": tx.tenant_id,
            "ids": None if file_ids is None else list(file_ids),
            "status": status,
            "after": after,
            "limit": limit,
        },
        row=AchFile,
    )


def file_bytes(tx: Tx, file_id: str) -> bytes:
    """The bytes of a file, opened: they hold account numbers. Raises NoSuchFile, FileRefused where they were
    tampered with.
    """
    row = tx.maybe(
        "SELECT content_sealed, sha256 FROM payments.ach_files WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": file_id},
    )
    if row is None:
        raise NoSuchFile(f"there is no file {file_id}", file_id=file_id)
    content = secrets.open_sealed(tx, bytes(row["content_sealed"]), context=CONTEXT)
    if hashlib.sha256(content).digest() != bytes(row["sha256"]):
        raise FileRefused(f"the bytes of {file_id} are not those that were fixed", file_id=file_id)
    return content


def facts(file: AchFile) -> dict[str, Any]:
    """What audit and messages say of a file."""
    return {
        "file_id": file.id,
        "name": file.name,
        "reference": file.reference,
        "sha256": file.sha256.hex(),
        "entry_count": file.entry_count,
        "credit_minor": file.credit_minor,
        "debit_minor": file.debit_minor,
        "currency": file.currency,
        "effective_on": file.effective_on.isoformat(),
    }


def _hash_of(orders: Sequence[rails.RailOrder]) -> str:
    """The sum of the receiving banks' numbers without their check digits, its last ten digits (nacha_layout.md §7)."""
    return f"{sum(int(order.receiver_routing[:8]) for order in orders) % 10**10:010d}"


def _attempt(
    tx: Tx, file_id: str, ready: Sequence[Ready], traces: Mapping[str, str], transactions: Mapping[str, int]
) -> None:
    tx.run(
        """
        INSERT INTO payments.attempts
               (tenant_id, id, instruction_id, attempt_no, reservation_id, transaction_id, amount_minor, currency, rail,
                ach_file_id, trace_number, rdfi_identification, created_at)
        SELECT %(tenant)s, a.id, a.instruction_id, a.attempt_no, a.reservation_id, a.transaction_id, a.amount_minor,
               a.currency, 'ach', %(file)s, a.trace_number, a.rdfi, %(now)s
          FROM unnest(%(ids)s::text[], %(instructions)s::text[], %(numbers)s::integer[], %(reservations)s::bigint[],
                      %(transactions)s::bigint[], %(amounts)s::bigint[], %(currencies)s::text[], %(traces)s::text[],
                      %(rdfis)s::text[])
               AS a (id, instruction_id, attempt_no, reservation_id, transaction_id, amount_minor, currency,
               trace_number, rdfi)
        """,
        {
            "tenant": tx.tenant_id,
            "file": file_id,
            "now": tx.now(),
            "ids": arrays.texts([one.order.attempt_id for one in ready]),
            "instructions": arrays.texts([one.due.id for one in ready]),
            "numbers": arrays.numbers([one.due.attempt_no for one in ready]),
            "reservations": arrays.numbers([one.due.reservation_id for one in ready]),
            "transactions": arrays.numbers([transactions[one.due.id] for one in ready]),
            "amounts": arrays.numbers([one.due.amount_minor for one in ready]),
            "currencies": arrays.texts([one.due.currency for one in ready]),
            "traces": arrays.texts([traces[one.order.attempt_id] for one in ready]),
            "rdfis": arrays.texts([one.order.receiver_routing[:8] for one in ready]),
        },
    )
