"""`headgate bench …`: what the performance claims rest on, to run on one's own machine.

The benchmarks lie in `benchmarks/` of a checkout and in `headgate/_benchmarks` of an installed wheel; they are no part of
the product and are imported only here.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from headgate.core.terminal import emit

app = typer.Typer(name="bench", help="Measure this machine: what the performance claims rest on.", no_args_is_help=True)

_PACKAGE = Path(__file__).resolve().parent


@app.callback()
def bench() -> None:
    """Each benchmark works in a temporary home that is removed afterwards; the ledger's runs a server of its own."""


@app.command("ledger")
def ledger(
    transactions: Annotated[int, typer.Option(min=1, help="Of each shape, a round.")] = 20_000,
    batch: Annotated[int | None, typer.Option(min=1, max=10_000, help="One shape of your own: its batch.")] = None,
    clients: Annotated[int | None, typer.Option(min=1, max=100, help="One shape of your own: its clients.")] = None,
    accounts: Annotated[int, typer.Option(min=50, max=1_000_000, help="Half of them have a limit.")] = 10_000,
    hot_share: Annotated[
        float | None, typer.Option(min=0, max=1, help="One shape of your own: the share on one hot account.")
    ] = None,
    reservations: Annotated[int, typer.Option(min=0, help="Reserved and captured a round; 0 leaves it out.")] = 10_000,
    singles: Annotated[int, typer.Option(min=64, help="Of each shape that posts one at a time, a round.")] = 2_000,
    rounds: Annotated[int, typer.Option(min=1, help="What is published are medians over the rounds.")] = 3,
    shape: Annotated[list[str] | None, typer.Option(help="Only this shape; may be given again.")] = None,
    large: Annotated[bool, typer.Option("--large", help="Also on a book of --large-rows transactions.")] = False,
    large_rows: Annotated[int, typer.Option(min=1000, help="How many rows --large generates.")] = 10_000_000,
    pgledger: Annotated[
        Path | None,
        typer.Option(exists=True, file_okay=False, help="Also against pgledger, whose public SQL you put into DIR."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """The ledger's rates beside raw COPY in the same run; without flags it ends within five minutes."""
    module = _benchmark("ledger")
    document = module.run(
        module.Plan(
            transactions=transactions,
            accounts=accounts,
            reservations=reservations,
            singles=singles,
            rounds=rounds,
            batch=batch,
            clients=clients,
            hot_share=hot_share,
            only=tuple(shape or ()),
            large=large,
            large_rows=large_rows,
            pgledger=pgledger,
        )
    )
    if json:
        emit(document, as_json=True)
    else:
        module.show(document)


@app.command("ach")
def ach(
    entries: Annotated[int, typer.Option(min=100, max=9_000_000, help="PPD entries of the file.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(min=1, help="What is published are medians over the rounds.")] = 3,
    carta: Annotated[bool, typer.Option("--carta", help="Also against carta-ach, if you installed it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """The ACH codec's rates beside plain slicing in the same run, and its memory; it needs no database."""
    module = _benchmark("ach")
    document = module.run(module.Plan(entries=entries, rounds=rounds, carta=carta))
    if json:
        emit(document, as_json=True)
    else:
        module.show(document)


@app.command("payroll")
def payroll(
    employees: Annotated[int, typer.Option(min=10, max=150_000, help="Of each payroll.")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="What is published are medians over the rounds.")] = 3,
    transactions: Annotated[
        int, typer.Option(min=10, help="Of the ledger, before each payroll and after it.")
    ] = 50_000,
    accounts: Annotated[int, typer.Option(min=50, max=1_000_000, help="Of the ledger.")] = 10_000,
    profile: Annotated[
        bool, typer.Option("--profile", help="Where the client's time goes, on standard error.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """A payroll through gate, instructions and entries to the finished file, beside the ledger's batches in the same run."""
    module = _benchmark("payroll")
    document = module.run(
        module.Plan(employees=employees, rounds=rounds, transactions=transactions, accounts=accounts, profile=profile)
    )
    if json:
        emit(document, as_json=True)
    else:
        module.show(document)


@app.command("parsers")
def parsers(
    megabytes: Annotated[int, typer.Option(min=1, max=2_000, help="Of each text format.")] = 24,
    rows: Annotated[int, typer.Option(min=1_000, max=1_000_000, help="Of the CSV file and of the workbook.")] = 200_000,
    camt_megabytes: Annotated[
        int, typer.Option(min=0, max=10_000, help="One more camt file of this size, for its memory; 0 leaves it out.")
    ] = 0,
    rounds: Annotated[int, typer.Option(min=1, help="What is published are medians over the rounds.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Files to normalised records, beside the least that any reader does, and the memory; it needs no database."""
    module = _benchmark("parsers")
    plan = module.Plan(megabytes=megabytes, rows=rows, camt_megabytes=camt_megabytes, rounds=rounds)
    document = module.run(plan)
    if json:
        emit(document, as_json=True)
    else:
        module.show(document)


@app.command("pipeline")
def pipeline(
    webhooks: Annotated[int, typer.Option(min=60, help="Accepted a round, as fast as they are taken.")] = 6_000,
    seconds: Annotated[int, typer.Option(min=1, help="Of each steady rate.")] = 10,
    messages: Annotated[
        int, typer.Option(min=20, max=2_000_000, help="Through validate to post; 1000000 for the queue's flatness.")
    ] = 10_000,
    singles: Annotated[int, typer.Option(min=20, help="The same, one message at a time.")] = 1_500,
    rounds: Annotated[int, typer.Option(min=1, help="What is published are medians over the rounds.")] = 1,
    broker: Annotated[
        str | None, typer.Option(help="Also over this RabbitMQ, as amqp://…; its queues are the benchmark's then.")
    ] = None,
    shape: Annotated[list[str] | None, typer.Option(help="Only this shape; may be given again.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Webhooks accepted, the time to the posted loan payment, and validate to post, beside bare rows and bare jobs."""
    module = _benchmark("pipeline")
    document = module.run(
        module.Plan(
            webhooks=webhooks,
            seconds=seconds,
            messages=messages,
            singles=singles,
            rounds=rounds,
            broker=broker,
            only=tuple(shape or ()),
        )
    )
    if json:
        emit(document, as_json=True)
    else:
        module.show(document)


def _benchmark(name: str) -> ModuleType:
    """A benchmark's package, installed or in the checkout."""
    if (_PACKAGE / "_benchmarks").is_dir():
        return importlib.import_module(f"headgate._benchmarks.{name}")
    root = str(_PACKAGE.parent.parent)
    if root not in sys.path:
        sys.path.append(root)
    return importlib.import_module(f"benchmarks.{name}")
