"""`headgate simulate`: the other side of the rails, on this machine, with no money behind it."""

from __future__ import annotations

import typer

from headgate.rails import twin_commands

app = typer.Typer(
    name="simulate",
    help="The other side of the rails, simulated: banks and networks to try against.",
    no_args_is_help=True,
)


@app.callback()
def simulate() -> None:
    """What is simulated moves no money and reaches nobody."""


app.command()(twin_commands.bank)
