"""`headgate simulate`: the other side of the rails, on this machine, with no money behind it."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core.errors import Malformed
from headgate.core.terminal import say
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


@app.command()
def instant(
    port: Annotated[
        int, typer.Option(help="The port of 127.0.0.1 to listen on; 0 takes a free one.", min=0, max=65535)
    ] = 8421,
    network: Annotated[str, typer.Option(help="fednow or rtp.")] = "fednow",
    seed: Annotated[int, typer.Option(help="What the noise is drawn from.")] = 0,
    lost: Annotated[int, typer.Option(help="Of a hundred answers, how many never come.", min=0, max=100)] = 0,
    late: Annotated[int, typer.Option(help="… how many come a minute late.", min=0, max=100)] = 0,
    twice: Annotated[int, typer.Option(help="… how many come twice.", min=0, max=100)] = 0,
    hang_seconds: Annotated[
        float, typer.Option(help="How long a call hangs that gets no answer.", min=0, max=600)
    ] = 30.0,
) -> None:
    """Answer the messages of an instant network over HTTP, until Ctrl-C. The payee's account says what becomes of a payment."""
    from headgate.rails import instant_face
    from headgate.rails.instant_twin import InstantTwin, Noise
    from headgate.rails.iso20022 import NETWORKS

    if network not in NETWORKS:
        raise Malformed(f"there is no network {network!r}; write {' or '.join(NETWORKS)}")
    if lost + late + twice > 100:
        raise Malformed("of a hundred answers no more than a hundred can be lost, late or twice; write less")
    chosen = NETWORKS[network]
    instant_face.serve(
        InstantTwin(chosen, seed=seed, noise=Noise(lost, late, twice)),
        port=port,
        hang_seconds=hang_seconds,
        ready=lambda address: say(f"simulating {chosen.title} at {address}; Ctrl-C ends it"),
    )
