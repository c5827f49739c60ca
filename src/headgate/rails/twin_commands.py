"""`headgate simulate bank`: a bank with its folders, on this machine, and the SFTP server before them."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from headgate.core.clock import instant, real_now
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.core.terminal import fail, say
from headgate.rails import twin_folders
from headgate.rails.ach.calendar import banking_day_on_or_after
from headgate.rails.fake import ROUTING, WireIn
from headgate.rails.fake_statements import BankAccount
from headgate.rails.twin import BankTwin
from headgate.rails.twin_behaviour import behaviour_of
from headgate.rails.twin_folders import Folders
from headgate.rails.twin_register import EMPLOYEES_MAX, invented


def bank(
    inbox: Annotated[Path | None, typer.Option(help="Where originators put their files.")] = None,
    outbox: Annotated[Path | None, typer.Option(help="Where the bank puts what it says.")] = None,
    archive: Annotated[
        Path | None, typer.Option(help="Where it keeps what it took and sent: all that it remembers.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="One folder for all of them, instead: laid out as the bank `sandbox` is.")
    ] = None,
    sftp: Annotated[bool, typer.Option("--sftp", help="Serve the folder's files over SFTP, to this machine.")] = False,
    sftp_port: Annotated[int, typer.Option(help="The port of 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 2222,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="With --sftp: take a file away as soon as it has its name.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="What chance is drawn from; the file's own, or 0.")] = None,
    behaviour: Annotated[
        Path | None, typer.Option(help="A TOML file: of a thousand entries, files, answers, how many meet with what.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Take and send what there is, and end.")] = False,
    leave: Annotated[bool, typer.Option("--leave", help="Never remove a file from the inbox.")] = False,
    now: Annotated[
        str | None,
        typer.Option(help="The instant at which it is done, or from which its clock goes on, as 2026-12-01T15:00:00Z."),
    ] = None,
    account: Annotated[str, typer.Option(help="The account's number, as statements name it.")] = "4400112233",
    statements: Annotated[str, typer.Option(help="bai2 or camt053.")] = "bai2",
    opening: Annotated[str, typer.Option(help="The account's balance before the first day, in USD.")] = "0.00",
    every_seconds: Annotated[float, typer.Option(min=0.05, max=3600, help="How often it looks.")] = 1.0,
) -> None:
    """Be a bank: take files away, acknowledge and settle them, send back what account words and chance say."""
    if statements not in ("bai2", "camt053"):
        raise Malformed(f"there are no statements of the form {statements[:20]!r}; write bai2 or camt053")
    if sftp and (folder is None or once):
        raise Malformed("--sftp serves the folder named with --folder, and goes on: leave --once out")
    if at_once and not sftp:
        raise Malformed("--at-once is how a server takes files: say --sftp beside it")
    folders = _folders(inbox, outbox, archive, folder, leaves=leave)
    found, own_seed = behaviour_of(behaviour)
    folders.check()
    twin = BankTwin(
        account=BankAccount(account, ROUTING),
        since=real_now().date(),
        opening=Money.parse(opening, "USD"),
        seed=seed if seed is not None else own_seed or 0,
        behaviour=found,
        form="camt053" if statements == "camt053" else "bai2",
    )
    started = real_now()
    ahead = instant(now) - started if now else timedelta()
    teller = _Teller(folders, twin, clock=lambda: real_now() + ahead)
    if once:
        teller.take()
        teller.send()
        return
    with _open(folder if sftp else None, folders, sftp_port, teller if at_once else None):
        _go_on(teller, every_seconds)


def wire(
    folder: Annotated[Path, typer.Option(help="The bank's folder, as `simulate bank --folder`.")],
    amount: Annotated[str, typer.Option(help="In USD, as 5000.00.")],
    reference: Annotated[str, typer.Option(help="What the payer writes: a funding request names it.")],
    on: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; today by default.")] = None,
    sender: Annotated[str, typer.Option(help="Who wires.")] = "",
) -> None:
    """A wire comes in to the simulated bank: it stands on the statement of its day, which comes the next morning."""
    money = Money.parse(amount, "USD")
    if money.minor <= 0:
        raise Malformed("a wire is of more than nothing")
    day = banking_day_on_or_after(on.date() if on is not None else real_now().date())
    twin_folders.wire_in(Folders.under(folder), WireIn(money, reference, sender), on=day)
    say(f"{money.format()} comes in on {day}")


def register(
    employees: Annotated[int, typer.Option(min=1, max=EMPLOYEES_MAX, help="How many people are paid.")] = 100,
    seed: Annotated[int, typer.Option(help="What names and pay are drawn from.")] = 0,
    out: Annotated[Path | None, typer.Option(help="The file to write; standard output by default.")] = None,
) -> None:
    """Write a payroll register of invented people, as CSV. The sum of their net pay is said on standard error."""
    made = invented(employees, seed=seed)
    if out is None:
        sys.stdout.write(made.content.decode())
    else:
        try:
            out.write_bytes(made.content)
        except OSError as error:
            fail(f"{out} cannot be written: {error.strerror}")
    say(f"{employees} employees, {made.net_pay.major:.2f} USD of net pay")


@dataclass(slots=True)
class _Teller:
    """Takes and sends, one at a time, by its clock."""

    folders: Folders
    twin: BankTwin
    clock: Callable[[], datetime]
    lock: threading.Lock = field(default_factory=threading.Lock)
    has_news: bool = False

    def take(self) -> None:
        with self.lock:
            self.folders.check()
            for name in twin_folders.take(self.folders, at=self.clock()):
                self.has_news = True
                say(f"took {name}")

    def send(self) -> None:
        with self.lock:
            self.has_news = False
            first = twin_folders.first_day(self.folders, self.twin.zone)
            if first is None:
                return
            twin = replace(self.twin, since=first, wires=twin_folders.wires(self.folders))
            for answer in twin_folders.due(self.folders, twin, until=self.clock()):
                say(f"sent {twin_folders.send(self.folders, answer).name}")


def _folders(
    inbox: Path | None, outbox: Path | None, archive: Path | None, folder: Path | None, *, leaves: bool
) -> Folders:
    named = [path for path in (inbox, outbox, archive) if path is not None]
    if folder is not None:
        if named:
            raise Malformed("--folder stands for --inbox, --outbox and --archive: name it, or these")
        return Folders.under(folder, leaves=leaves)
    if inbox is None or outbox is None or archive is None:
        raise Malformed("a bank needs its folders: name --folder, or all of --inbox, --outbox and --archive")
    return Folders(inbox, outbox, archive, leaves=leaves)


def _go_on(teller: _Teller, every_seconds: float) -> None:
    asked_until = real_now() - timedelta(seconds=1)
    while True:
        teller.take()
        # Its answers are worked out when files came, and else once a minute: nothing it says is due to the second.
        if teller.has_news or real_now() >= asked_until:
            teller.send()
            asked_until = real_now() + timedelta(minutes=1)
        time.sleep(every_seconds)


@contextmanager
def _open(served: Path | None, folders: Folders, port: int, takes_at_once: _Teller | None) -> Iterator[None]:
    """Say where the bank is, and serve its folder where it is to be served."""
    if served is None:
        say(
            f"simulating a bank: put files into {folders.inbox}, its answers come into {folders.outbox}; Ctrl-C ends it"
        )
        yield
        return
    from headgate.rails.twin_sftp import HOST, Face

    on_put = (lambda _: takes_at_once.take()) if takes_at_once is not None else None
    with Face(served, port=port, on_put=on_put) as face:
        say(f"simulating a bank at sftp://{face.username}@{HOST}:{face.port}; Ctrl-C ends it")
        say(f"  login key  {face.login_key.resolve()}")
        say(f"  host key   {face.fingerprint}")
        say("  to hand files over there, with HEADGATE_EGRESS_ALLOW=127.0.0.0/8:")
        say(
            f"  headgate payments place set --tenant TENANT --bank sandbox --host {HOST} --port {face.port} "
            f"--user {face.username} --key-file {face.login_key.resolve()} --host-key {face.fingerprint}"
        )
        yield
