"""A test tenant's simulated bank: what it is, kept as a small file in the installation's home, and where its files lie.

    HOME/bank/<tenant>/bank.json    account, seed, behaviour, first day and opening balance, wires that come in
                      /before/      return files that were sent before its first day, whose money it still owes
                      /outbox/      what it said        /archive/  what it took and sent (`rails.twin_folders`)

It takes the tenant's files where they are delivered and leaves them there; its acknowledgements come beside them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from headgate import payments, rails, tenants
from headgate.core.db import Actor, Database
from headgate.core.money import Money
from headgate.rails import fake, twin, twin_folders
from headgate.twin.errors import NoBank

ACTOR: Final = Actor.system("bank twin")
ACCOUNT: Final = "4400112233"
_CURRENCY: Final = "USD"


@dataclass(frozen=True, slots=True)
class TenantBank:
    """A tenant's simulated bank, with the folders that it works in."""

    twin: twin.BankTwin
    folders: twin_folders.Folders


def give_bank(
    database: Database,
    tenant_id: UUID,
    *,
    since: date | None = None,
    opening: Money | None = None,
    account: str = ACCOUNT,
    seed: int = 0,
    behaviour: twin.Behaviour | None = None,
    statements: str = "bai2",
    sent_before: Sequence[bytes] = (),
) -> TenantBank:
    """Give a test tenant a simulated bank, or the one it has another behaviour. Raises LiveClock for a live tenant.

    `since` is the first day of which it makes a statement, today in the bank's zone unless given, and `opening` its balance
    then. Files that were delivered by then count as taken on the banking day before, so that nothing settles again.
    """
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        tenant, now = tenants.current_tenant(tx), tx.now()
    if tenant.livemode:
        raise tenants.LiveClock(f"tenant {tenant.slug} is live: it has a bank of its own, and no simulated one")
    standing = bank_of(database, tenant_id)
    plain = twin.BankTwin(fake.BankAccount(account, fake.ROUTING), since=now.date())
    first = since or (standing.twin.since if standing else now.astimezone(ZoneInfo(plain.zone)).date())
    made = replace(
        plain,
        since=first,
        opening=opening or (standing.twin.opening if standing else Money(0, _CURRENCY)),
        seed=seed,
        behaviour=behaviour or twin.Behaviour(),
        form="camt053" if statements == "camt053" else "bai2",
        wires=standing.twin.wires if standing else (),
    )
    folders = _folders(database, tenant_id)
    if standing is None and folders.inbox.is_dir():
        # Before the bank is there: cut off in between, it is given again, and what was taken is not taken twice.
        eve = rails.add_banking_days(first, -1)
        twin_folders.take(folders, at=datetime.combine(eve, time(23), ZoneInfo(made.zone)))
    _write(_folder(database, tenant_id), made, sent_before)
    return TenantBank(replace(made, sent_before=_sent_before(database, tenant_id)), folders)


def bank_of(database: Database, tenant_id: UUID) -> TenantBank | None:
    """The tenant's simulated bank; None where it was given none."""
    folder = _folder(database, tenant_id)
    try:
        facts = json.loads((folder / "bank.json").read_text("utf-8"))
    except FileNotFoundError:
        return None
    return TenantBank(
        twin=twin.BankTwin(
            account=fake.BankAccount(facts["account"], fake.ROUTING),
            since=date.fromisoformat(facts["since"]),
            opening=Money(facts["opening_minor"], _CURRENCY),
            seed=facts["seed"],
            behaviour=twin.Behaviour(**facts["of_a_thousand"]),
            form=facts["statements"],
            wires=tuple(_wire(wire) for wire in facts["wires"]),
            sent_before=_sent_before(database, tenant_id),
        ),
        folders=_folders(database, tenant_id),
    )


def wire_in(database: Database, tenant_id: UUID, *, amount: Money, reference: str, sender: str = "") -> date:
    """A wire comes in to the tenant's account, today or on the next banking day: the day that it is booked on. Raises NoBank."""
    bank = bank_of(database, tenant_id)
    if bank is None:
        raise NoBank("this tenant has no simulated bank to wire money to; give it one with `headgate clock bank`")
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        today = tx.now().astimezone(ZoneInfo(bank.twin.zone)).date()
    on = rails.banking_day_on_or_after(max(today, bank.twin.since))
    wires = (*bank.twin.wires, (on, fake.WireIn(amount, reference, sender)))
    _write(_folder(database, tenant_id), replace(bank.twin, wires=wires), None)
    return on


def _folder(database: Database, tenant_id: UUID) -> Path:
    return database.config.home / "bank" / str(tenant_id)


def _folders(database: Database, tenant_id: UUID) -> twin_folders.Folders:
    folder, inbox = _folder(database, tenant_id), payments.outbound_folder(database, tenant_id)
    return twin_folders.Folders(
        inbox=inbox,
        outbox=folder / "outbox",
        archive=folder / "archive",
        acknowledgements=inbox / "acknowledgements",
        leaves=True,
    )


def _sent_before(database: Database, tenant_id: UUID) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in sorted((_folder(database, tenant_id) / "before").glob("*.ach")))


def _write(folder: Path, made: twin.BankTwin, sent_before: Sequence[bytes] | None) -> None:
    (folder / "before").mkdir(mode=0o700, parents=True, exist_ok=True)
    for number, content in enumerate(sent_before or (), start=1):
        (folder / "before" / f"{number}.ach").write_bytes(content)
    facts: dict[str, Any] = {
        "account": made.account.number,
        "since": made.since.isoformat(),
        "opening_minor": made.opening.minor,
        "seed": made.seed,
        "statements": made.form,
        "of_a_thousand": asdict(made.behaviour),
        "wires": [
            {
                "on": on.isoformat(),
                "amount_minor": wire.amount.minor,
                "reference": wire.reference,
                "sender": wire.sender,
            }
            for on, wire in made.wires
        ],
    }
    partial = folder / "bank.json.part"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        json.dump(facts, stream, indent=2)
    partial.rename(folder / "bank.json")


def _wire(facts: dict[str, Any]) -> tuple[date, fake.WireIn]:
    wire = fake.WireIn(Money(facts["amount_minor"], _CURRENCY), facts["reference"], facts["sender"])
    return date.fromisoformat(facts["on"]), wire
