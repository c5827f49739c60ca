"""HTTP: where a bank's files go, and trying it. Whoever may change it may send every account number elsewhere: an admin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from headgate.payments.delivery import bank_places, place_testing
from headgate.payments.delivery.place_documents import (
    NewLogin,
    NewPlace,
    PlaceModel,
    PlaceStandingModel,
    PlaceTriedModel,
    place_model,
    standing_model,
    tried_model,
)
from headgate.payments.delivery.place_standing import place_standings
from headgate.web import Call, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("payments.read")]
Tries = Annotated[Call, writes("payments.manage")]
Sets = Annotated[Call, writes("tenants.manage")]
BankPath = Annotated[str, Path(max_length=60)]


@router.get("/places")
def list_places(call: Reads) -> list[PlaceStandingModel]:
    """Every bank of the tenant with its place: how it was tried and fetched from last, and what waits for it."""
    with call.begin() as tx:
        return [standing_model(one) for one in place_standings(tx)]


@router.get("/places/{bank}")
def get_place(call: Reads, bank: BankPath) -> PlaceModel:
    """The server that is set for a bank."""
    with call.begin() as tx:
        return place_model(bank_places.get_place(tx, bank=bank))


@router.put("/places/{bank}")
def set_place(call: Sets, bank: BankPath, body: NewPlace) -> PlaceModel:
    """Hand this bank's files over at its SFTP server from now on, and fetch there what it puts for you. Try it next."""
    with call.begin() as tx:
        return place_model(
            bank_places.set_sftp_place(
                tx,
                bank=bank,
                host=body.host,
                port=body.port,
                username=body.username,
                host_keys=body.host_keys,
                key=body.key,
                password=body.password,
                root=body.root,
                timeout_seconds=body.timeout_seconds,
            )
        )


@router.post("/places/{bank}/login")
def rotate_login(call: Sets, bank: BankPath, body: NewLogin) -> PlaceModel:
    """Log in with another private key or password from now on; all else of the place stays."""
    with call.begin() as tx:
        return place_model(bank_places.rotate_login(tx, bank=bank, key=body.key, password=body.password))


@router.delete("/places/{bank}")
def remove_place(call: Sets, bank: BankPath) -> PlaceModel:
    """Hand this bank's files over in the outbound folder of this machine again."""
    with call.begin() as tx:
        return place_model(bank_places.remove_place(tx, bank=bank))


@router.post("/places/{bank}/try")
def try_place(call: Tries, bank: BankPath) -> PlaceTriedModel:
    """Connect, see the host key, look into every folder. Nothing is written there; what was found is kept."""
    tried = place_testing.try_place(
        call.database,
        call.caller.tenant_id,
        bank=bank,
        actor=call.caller.actor,
        seconds_max=place_testing.DOOR_SECONDS_MAX,
    )
    return tried_model(tried)
