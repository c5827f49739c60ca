"""`headgate simulate`: the other side of the rails, on this machine, with no money behind it."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core.errors import Malformed
from headgate.core.terminal import say
from headgate.rails import twin_commands
from headgate.rails.network_twin import Noise

app = typer.Typer(
    name="simulate",
    help="The other side of the rails, simulated: banks and networks to try against.",
    no_args_is_help=True,
)


@app.callback()
def simulate() -> None:
    """What is simulated moves no money and reaches nobody."""


app.command()(twin_commands.bank)
app.command()(twin_commands.wire)
app.command()(twin_commands.register)


@app.command()
def fedwire(
    port: Annotated[
        int, typer.Option(help="The port of 127.0.0.1 to listen on; 0 takes a free one.", min=0, max=65535)
    ] = 8422,
    seed: Annotated[int, typer.Option(help="What the noise is drawn from.")] = 0,
    lost: Annotated[int, typer.Option(help="Of a hundred answers, how many never come.", min=0, max=100)] = 0,
    late: Annotated[int, typer.Option(help="… how many come a minute late.", min=0, max=100)] = 0,
    twice: Annotated[int, typer.Option(help="… how many come twice.", min=0, max=100)] = 0,
    hang_seconds: Annotated[
        float, typer.Option(help="How long a call hangs that gets no answer.", min=0, max=600)
    ] = 30.0,
) -> None:
    """Answer Fedwire's messages over HTTP, until Ctrl-C. The payee's account says what becomes of a wire."""
    from headgate.rails import instant_face
    from headgate.rails.fedwire_twin import FedwireTwin

    instant_face.serve(
        FedwireTwin(seed=seed, noise=_noise(lost, late, twice)),
        port=port,
        hang_seconds=hang_seconds,
        ready=lambda address: say(f"simulating Fedwire at {address}; Ctrl-C ends it"),
    )


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
    from headgate.rails.instant_twin import InstantTwin
    from headgate.rails.iso20022 import NETWORKS

    if network not in NETWORKS:
        raise Malformed(f"there is no network {network!r}; write {' or '.join(NETWORKS)}")
    chosen = NETWORKS[network]
    instant_face.serve(
        InstantTwin(chosen, seed=seed, noise=_noise(lost, late, twice)),
        port=port,
        hang_seconds=hang_seconds,
        ready=lambda address: say(f"simulating {chosen.title} at {address}; Ctrl-C ends it"),
    )


@app.command()
def column(
    port: Annotated[
        int, typer.Option(help="The port of 127.0.0.1 to listen on; 0 takes a free one.", min=0, max=65535)
    ] = 8423,
    seed: Annotated[int, typer.Option(help="What ids and noise are drawn from.")] = 0,
    missing: Annotated[int, typer.Option(help="Of a hundred webhooks, how many never come.", min=0, max=100)] = 0,
    twice: Annotated[int, typer.Option(help="… how many come twice.", min=0, max=100)] = 0,
    late: Annotated[int, typer.Option(help="… how many come after later ones.", min=0, max=100)] = 0,
    pace_seconds: Annotated[
        float, typer.Option(help="How long a transfer takes from one step to the next.", min=0, max=86_400)
    ] = 1.0,
    opening: Annotated[str, typer.Option(help="What the account holds, as 5000.00.")] = "0.00",
) -> None:
    """Answer Column's API over HTTP and send its webhooks, until Ctrl-C. The payee's account says what becomes of a transfer."""
    from headgate.core.money import Money
    from headgate.rails import column_face
    from headgate.rails.column_twin import KEY, ColumnTwin
    from headgate.rails.column_webhooks import WebhookNoise

    noise = _noise(missing, late, twice)
    twin = ColumnTwin(
        seed=seed,
        noise=WebhookNoise(missing=noise.lost, twice=noise.twice, late=noise.late),
        pace_seconds=pace_seconds,
        opening_minor=Money.parse(opening, "USD").minor,
    )
    column_face.serve(
        column_face.ColumnFace(twin),
        port=port,
        ready=lambda address: say(
            f"simulating Column at {address}: account {twin.account_id}, API key {KEY}; Ctrl-C ends it"
        ),
    )


def _noise(lost: int, late: int, twice: int) -> Noise:
    if lost + late + twice > 100:
        raise Malformed("of a hundred answers no more than a hundred can be lost, late or twice; write less")
    return Noise(lost, late, twice)
