"""A reservation from the command line: made, captured, and what becomes of it before its end."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core import ids
from headgate.core.clock import instant
from headgate.core.db import Tx
from headgate.core.errors import Malformed, Refused
from headgate.core.money import Money
from headgate.core.terminal import emit, refuse
from headgate.ledger import reservation_changes, reservations
from headgate.ledger.accounts import resolve_accounts
from headgate.ledger.command_parts import Json, Key, Tenant, answer, begin, plain
from headgate.ledger.documents import TransactionModel
from headgate.ledger.model import Reservation
from headgate.ledger.queries import transactions_by_number
from headgate.ledger.reservation_documents import ReservationModel
from headgate.ledger.reservation_groups import capture_group, release_group

app = typer.Typer()

ReservationArgument = Annotated[str, typer.Argument(help="The reservation's id, rsv_…")]
AmountOption = Annotated[str, typer.Option(help="As 12.50, in the reservation's currency.")]


@app.command("reserve")
def reserve(
    tenant: Tenant,
    account: Annotated[str, typer.Option(help="Whose money is set aside: code or id.")],
    amount: Annotated[str, typer.Option(help="As 1234.50.")],
    currency: Annotated[str, typer.Option()],
    source_ref: Annotated[str, typer.Option(help="What it is for: a payroll, an order.")],
    idempotency_key: Key,
    reserve_type: Annotated[str, typer.Option("--type", help="A word, as payroll.")] = "manual",
    expires_at: Annotated[str | None, typer.Option(help="As 2026-11-20T12:00:00Z; for ever unless given.")] = None,
    json: Json = False,
) -> None:
    """Set money of an account aside, where that much is available."""
    money = Money.parse(amount, currency)
    with begin(tenant) as tx:
        made = reservations.reserve(
            tx,
            idempotency_key=idempotency_key,
            account=resolve_accounts(tx, [account])[account],
            amount=money,
            reserve_type=reserve_type,
            source_ref=source_ref,
            expires_at=instant(expires_at) if expires_at else None,
        )
    _show(made, json)


@app.command("increase")
def increase(
    tenant: Tenant, reservation: ReservationArgument, amount: AmountOption, idempotency_key: Key, json: Json = False
) -> None:
    """Set that much more aside, where it is available."""
    with begin(tenant) as tx:
        held = _held(tx, reservation)
        changed = reservation_changes.increase(
            tx, idempotency_key=idempotency_key, reservation_id=held.id, amount=_money(amount, held)
        )
    _show(changed, json)


@app.command("extend")
def extend(
    tenant: Tenant,
    reservation: ReservationArgument,
    expires_at: Annotated[str | None, typer.Option(help="Until when it holds, as 2026-11-20T12:00:00Z.")] = None,
    for_ever: Annotated[bool, typer.Option("--for-ever", help="It does not expire any more.")] = False,
    json: Json = False,
) -> None:
    """Let a reservation hold for longer."""
    if (expires_at is None) != for_ever:
        raise Malformed("give either --expires-at or --for-ever")
    with begin(tenant) as tx:
        number = ids.decode("rsv", reservation)
        changed = reservation_changes.extend(
            tx, reservation_id=number, expires_at=instant(expires_at) if expires_at else None
        )
    _show(changed, json)


@app.command("release")
def release(
    tenant: Tenant,
    reservation: Annotated[list[str], typer.Argument(help="The reservations' ids, rsv_…")],
    amount: Annotated[str | None, typer.Option(help="Only that much of it, under --idempotency-key.")] = None,
    idempotency_key: Annotated[str | None, typer.Option("--idempotency-key", help="With --amount only.")] = None,
    json: Json = False,
) -> None:
    """Give back what is left of reservations, or a part of one; of what is released or expired already, nothing.

    Several are given back all or none, and answered as a list.
    """
    if (amount is None) != (idempotency_key is None):
        raise Malformed("a part is given back by --amount and --idempotency-key together")
    if amount is not None and len(reservation) > 1:
        raise Malformed("a part is given back of one reservation at a time")
    with begin(tenant) as tx:
        if amount is not None and idempotency_key is not None:
            held = _held(tx, reservation[0])
            part = reservation_changes.release_part(
                tx, idempotency_key=idempotency_key, reservation_id=held.id, amount=_money(amount, held)
            )
            done = part if isinstance(part, Refused) else [part]
        else:
            done = release_group(tx, [ids.decode("rsv", name) for name in reservation])
    if isinstance(done, Refused):
        refuse(done, as_json=json)
    shown = [plain(ReservationModel.of(one)) for one in done]
    emit(shown[0] if len(shown) == 1 else shown, as_json=json)


@app.command("capture")
def capture(
    tenant: Tenant,
    part: Annotated[list[str], typer.Argument(help="RESERVATION=AMOUNT, as rsv_…=12.50; several: all or none.")],
    idempotency_key: Key,
    debit: Annotated[str | None, typer.Option(help="The debited account; the reserved one unless given.")] = None,
    credit: Annotated[str | None, typer.Option(help="The credited account; the reserved one unless given.")] = None,
    effective_at: Annotated[str | None, typer.Option(help="As 2026-11-20T12:00:00Z; now unless given.")] = None,
    description: Annotated[str | None, typer.Option()] = None,
    json: Json = False,
) -> None:
    """Post out of reservations, of each the whole or a part. Several are posted together, and answered as a list.

    Each of several has a key of its own, made of the one given and the reservation's id.
    """
    with begin(tenant) as tx:
        words = [_split(word) for word in part]
        held = reservations.get_reservations(tx, [ids.decode("rsv", name) for name, _ in words])
        done = capture_group(
            tx,
            idempotency_key=idempotency_key,
            parts=[(one, _money(amount, one)) for one, (_, amount) in zip(held, words, strict=True)],
            debit=debit,
            credit=credit,
            effective_at=instant(effective_at) if effective_at else None,
            description=description,
        )
        found = {} if isinstance(done, Refused) else transactions_by_number(tx, [one.transaction_id for one in done])
    if isinstance(done, Refused):
        refuse(done, as_json=json)
    shown = [plain(TransactionModel.of(found[one.transaction_id])) for one in done]
    emit(shown[0] if len(shown) == 1 else shown, as_json=json)


def _split(word: str) -> tuple[str, str]:
    name, _, amount = word.partition("=")
    if not amount:
        raise Malformed(f"'{word[:40]}' is no part: write RESERVATION=AMOUNT, as rsv_…=12.50")
    return name, amount


def _held(tx: Tx, reservation: str) -> Reservation:
    return reservations.get_reservation(tx, ids.decode("rsv", reservation))


def _money(amount: str, held: Reservation) -> Money:
    return Money.parse(amount, held.amount.currency)


def _show(found: Reservation | Refused, json: bool) -> None:
    answer(found if isinstance(found, Refused) else ReservationModel.of(found), json)
