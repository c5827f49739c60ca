"""The life of one dollar, told for one tenant through the same verbs that serve everyone.

Clients wire money; the morning after, the bank's statement says so. Registers are committed: what is funded the gate
reserves, what is not it refuses. Files go out, the bank settles them a banking day later, and some payments come back.
Each morning the day before is compared with the bank. Every step is keyed by what it is about: told again, or cut off
anywhere and taken up again, the story ends the same and nothing happens twice.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from headgate import funding, ledger, payments, rails, recon
from headgate.core.db import Database
from headgate.core.money import Money, total
from headgate.demo.cast import CURRENCY, SEED, Play, yours
from headgate.demo.people import Client, register
from headgate.demo.stage import Stage, balances, bank_statement, leave_bank, needs, sent_files, set_stage, take_in
from headgate.demo.tell import Teller
from headgate.ingestion import RegisterRow, get_artifact, list_statements, register_rows
from headgate.rails import fake

RETURNS_PER_THOUSAND = 6
STRANGER = fake.WireIn(Money(7_250_00, CURRENCY), "INVOICE 88120", "FOXGLOVE RETAIL")


def perform(database: Database, play: Play, tell: Teller) -> Stage:
    """Tell the story of one of the demo's tenants."""
    stage = set_stage(database, play, tell)
    tell.act(f"{play.name}, a test tenant with {len(play.clients)} clients")
    tell.balances("Before", balances(stage))
    registers = {client.payroll: register(client, seed=SEED) for client in play.clients}

    stage.wake(1)
    artifacts = {
        client.payroll: take_in(
            stage, f"{client.payroll}.csv", registers[client.payroll], source="upload", what=client.name
        )
        for client in play.clients
    }
    wire(stage, 1, {client: needs(registers[client.payroll]).minor * client.funded // 100 for client in play.clients})
    if play.stranger_wires:
        stage.wires[stage.day(1)].append(STRANGER)

    stage.wake(2)
    morning(stage, 1)
    asked = known_payrolls(stage)
    for client in play.clients:
        if client.payroll not in asked:
            commit(stage, client, artifacts[client.payroll], pay_day(play, client))
    send(stage, 2)
    late = [client for client in play.clients if client.funded < 100] if play.funds_late else []
    wire(
        stage, 2, {client: needs(registers[client.payroll]).minor * (100 - client.funded) // 100 + 1 for client in late}
    )

    stage.wake(3)
    morning(stage, 2)
    for client in late:
        commit(stage, client, artifacts[client.payroll], pay_day(play, client))
    send(stage, 3)

    stage.wake(4)
    morning(stage, 3, charged=play.bank_charges)
    come_back(stage, 4)
    if play.told_to_the_end:
        stage.wake(5)
        morning(stage, 4)
        leave_bank(stage, 5)
    else:
        leave_bank(stage, 4)
        tell.line("The story stops here: payments are in flight, and what came back is still owed by the bank")
        tell.line(f"It goes on with `headgate clock advance 3d --tenant {play.slug}`")
    tell.balances("After", balances(stage))
    return stage


def perform_yours(database: Database, tell: Teller, *, payroll: Path | None, statement: Path | None) -> Stage:
    """Tell it with a user's own register, statement, or both: what the register needs, the simulated bank wires in."""
    play = yours()
    stage = set_stage(database, play, tell)
    client = play.clients[0]
    tell.act(f"{play.name}: your own files, with the simulated bank")
    tell.balances("Before", balances(stage))
    stage.wake(1)
    if statement is not None:
        read_yours(stage, statement)
    if payroll is not None:
        artifact = take_in(stage, payroll.name, payroll.read_bytes(), source="upload", what="Your register")
        rows = _rows_of(stage, artifact, payroll.name)
        if rows:
            owed = [(row.net_pay, *row.taxes.values(), *row.obligations.values()) for row in rows]
            wire(stage, 1, {client: total([amount for amounts in owed for amount in amounts], CURRENCY).minor})
            stage.wake(2)
            morning(stage, 1)
            commit(stage, client, artifact, 3, payroll_id=payroll.stem)
            send(stage, 2)
            stage.wake(4)
            morning(stage, 3)
            come_back(stage, 4)
            stage.wake(5)
            morning(stage, 4)
    tell.balances("After", balances(stage))
    return stage


def _rows_of(stage: Stage, artifact: str, filename: str) -> list[RegisterRow]:
    """The rows of a user's register; none, and told so, where it has none or is no register."""
    if not _is_read_as(stage, artifact, "register", filename):
        return []
    with stage.begin() as tx:
        rows = register_rows(tx, artifact)
    if not rows:
        stage.tell.refused(f"{filename}: no line can be paid")
    return rows


def _is_read_as(stage: Stage, artifact: str, kind: str, filename: str) -> bool:
    with stage.begin() as tx:
        found = get_artifact(tx, artifact)
    if (found.status, found.kind) == ("read", kind):
        return True
    stage.tell.refused(f"{filename} is no {kind} that can be read: it is kept as evidence, and nothing is done with it")
    return False


def read_yours(stage: Stage, statement: Path) -> None:
    """Take a user's statement for what it says: its credits are deposits, of the payer they name or of nobody yet."""
    artifact = take_in(stage, statement.name, statement.read_bytes(), source="bank", what="Your statement")
    if not _is_read_as(stage, artifact, "statement", statement.name):
        return
    with stage.begin() as tx:
        days = [found.statement_on for found in list_statements(tx, artifact_id=artifact) if found.statement_on]
    if days and max(days) >= stage.first_day:
        # It tells of a day to come. Nothing is booked before its day, so the story begins on the day after.
        stage.first_day = rails.add_banking_days(max(days), 1)
        stage.wake(1)
    with stage.begin() as tx:
        settled = funding.settle_deposits(tx, artifact_id=artifact)
        effects = payments.settle_from_statement(tx, artifact_id=artifact)
    _tell_deposits(stage, settled)
    stage.tell.line(f"{len(effects.files_settled)} of our files settle on it")


def wire(stage: Stage, number: int, amounts: dict[Client, int]) -> None:
    """Clients wire money on a day, each with its payer reference."""
    sent = stage.wires.setdefault(stage.day(number), [])
    with stage.begin() as tx:
        for client, minor in amounts.items():
            reference = funding.payer_reference(tx, legal_entity_id=stage.entities[client.name])
            sent.append(fake.WireIn(Money(minor, CURRENCY), reference, client.name.upper()))


def morning(stage: Stage, number: int, *, charged: bool = False) -> None:
    """The statement of day `number` has come: deposits, settlements and return credits are posted, and the day is reconciled."""
    day = stage.day(number)
    suffix = "bai2" if stage.play.statements == "bai2" else "xml"
    data = bank_statement(stage, day, charged=charged)
    artifact = take_in(stage, f"statement-{day}.{suffix}", data, source="bank", what=f"Statement of {day:%a %d %b}")
    with stage.begin() as tx:
        settled = funding.settle_deposits(tx, artifact_id=artifact)
        effects = payments.settle_from_statement(tx, artifact_id=artifact)
    _tell_deposits(stage, settled)
    if effects.files_settled:
        stage.tell.line(f"{effects.instructions_settled:,} payments settled with {len(effects.files_settled)} files")
    if effects.return_credits:
        stage.tell.line(f"{effects.return_credits} returned amounts are back at the bank")
    reconcile(stage, artifact, day)


def reconcile(stage: Stage, artifact: str, day: date) -> None:
    """Compare the book's cash with the bank's day; name what differs."""
    with stage.begin() as tx:
        cash = ledger.account_for(tx, "CASH", CURRENCY)
        for statement in list_statements(tx, artifact_id=artifact):
            recon.link_bank_account(tx, account=cash.id, statement_id=statement.id)
        found = recon.run(tx, account=cash.id, on=day)
    if found.status == "balanced":
        stage.tell.good(f"{day:%a %d %b} balanced with the bank: {found.sor_total.format()}")
        return
    by = f" by {found.variance.format()}" if found.variance else ""
    named = "; ".join(
        f"{difference.kind.replace('_', ' ')} {difference.reference or ''}: bank {difference.bank.format()},"
        f" book {difference.book.format()}"
        for difference in found.differences
    )
    stage.tell.refused(f"{day:%a %d %b} differs from the bank{by}: {named}")


def known_payrolls(stage: Stage) -> set[str]:
    """The payrolls that were asked for before: told again, they are not asked for on the same day a second time."""
    with stage.begin() as tx:
        return {payroll.external_id for payroll in payments.list_payrolls(tx)}


def pay_day(play: Play, client: Client) -> int:
    """The day on which a client pays its people: later for one that is expected to fund late."""
    return 4 if play.funds_late and client.funded < 100 else 3


def commit(stage: Stage, client: Client, artifact: str, number: int, *, payroll_id: str | None = None) -> None:
    """Commit a client's register for pay day `number`. The gate reserves all of it or nothing."""
    with stage.begin() as tx:
        result = payments.commit_register(
            tx,
            artifact_id=artifact,
            legal_entity_id=stage.entities[client.name],
            payroll_id=payroll_id or client.payroll,
            pay_on=stage.day(number),
            currency=CURRENCY,
        )
    payroll, gate = result.payroll, result.gate
    if result.status == "committed":
        stage.tell.good(
            f"{payroll.external_id} committed: {payroll.instruction_count:,} payments, {payroll.total.format()} reserved"
        )
        return
    assert gate is not None, "what is blocked was judged"
    stage.tell.refused(
        f"{payroll.external_id} blocked by the gate: needs {gate.required.format()}, has {gate.available.format()}."
        f" The client reads: “{gate.client_message}”"
    )


def send(stage: Stage, number: int) -> None:
    """What falls due goes out: the pay gate judges again, the reservations are captured, the files delivered."""
    with stage.begin() as tx:
        files = payments.submit_due(tx, on=stage.day(number))
    payments.deliver(stage.database, stage.tenant.id)
    for file in files:
        stage.tell.good(
            f"{file.name}: {file.entry_count:,} payments, {file.credit.format()}, effective {file.effective_on:%a %d %b}"
        )


def come_back(stage: Stage, number: int) -> None:
    """Some payments that settled are returned: their money is the client's again. The same file once more moves nothing."""
    day = stage.day(number)
    with stage.begin() as tx:
        settled = [file.name for file in payments.list_files(tx) if file.effective_on < day]
    sent = sent_files(stage, names=settled)
    if not sent:
        return
    entries = sum(1 for content in sent for _ in fake.receive(content).entries)
    chosen = fake.choose_returns(sent, seed=SEED, count=max(1, entries * RETURNS_PER_THOUSAND // 1000))
    stage.returns[day] = fake.return_file(sent, chosen, on=day)
    artifact = take_in(stage, f"returns-{day}.ach", stage.returns[day], source="bank", what="Return file")
    with stage.begin() as tx:
        effects = payments.return_from_file(tx, artifact_id=artifact)
    if effects.returned:
        stage.tell.refused(f"{len(effects.returned)} came back: reversed, and a case each says what to do")
    with stage.begin() as tx:
        again = payments.return_from_file(tx, artifact_id=artifact)
    stage.tell.line(f"the same return file once more: {len(again.returned)} moved, {again.repeated} known already")


def _tell_deposits(stage: Stage, settled: funding.SettledDeposits) -> None:
    names = {entity: name for name, entity in stage.entities.items()}
    for deposit in settled.new:
        if deposit.legal_entity_id:
            stage.tell.good(f"{deposit.amount.format()} came in for {names[deposit.legal_entity_id]}")
        else:
            stage.tell.refused(f"{deposit.amount.format()} names no client: held in suspense, a case asks whose it is")
