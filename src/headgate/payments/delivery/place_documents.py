"""Places as JSON: what the API gives and takes. The secret of a login goes in, and never out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from headgate.payments.delivery.bank_places import BankPlace
from headgate.payments.delivery.place_standing import PlaceStanding
from headgate.payments.delivery.place_testing import PlaceTried

Secret = Annotated[str, Field(min_length=1, max_length=16_000, json_schema_extra={"writeOnly": True})]


class PlaceModel(BaseModel):
    """Where one bank's files go. `kind` folder: a folder of this machine, with nothing more to say of it."""

    bank: str
    kind: Literal["folder", "sftp"]
    host: str | None
    port: int | None
    username: str | None
    host_keys: list[str]
    root: str
    login: Literal["key", "password"] | None
    timeout_seconds: int | None
    set_by: str | None
    set_at: datetime | None


class PlaceFolderModel(BaseModel):
    """A folder that the bank's profile names, as a try saw it."""

    purpose: str
    folder: str
    is_ok: bool
    files: int
    names: list[str]
    said: str


class PlaceTryModel(BaseModel):
    """What a try found; `problem` says what kept us out. `tried_at` is by the tenant's clock."""

    is_ok: bool
    host_key: str
    problem: str | None
    folders: list[PlaceFolderModel]
    tried_by: str
    tried_at: datetime


class PlaceFetchModel(BaseModel):
    """The file that was fetched last, and how many came within a week."""

    folder: str
    name: str
    outcome: str
    fetched_at: datetime
    week_count: int


class PlaceStandingModel(PlaceModel):
    """A place with how it stands. `fingerprints` are of the keys that the server may show."""

    fingerprints: list[str]
    last_try: PlaceTryModel | None
    last_fetch: PlaceFetchModel | None
    files_pending: int
    files_unknown: int


class PlaceTriedModel(BaseModel):
    """What a try found now."""

    bank: str
    address: str
    is_ok: bool
    host_key: str
    problem: str | None
    folders: list[PlaceFolderModel]


class NewLogin(BaseModel):
    """The secret of a login: a private key in OpenSSH's form without a passphrase, or a password. One of them."""

    model_config = ConfigDict(extra="forbid")

    key: Secret | None = None
    password: Secret | None = None


class NewPlace(NewLogin):
    """A bank's SFTP server. With no host key every connection is refused, and a try shows the server's."""

    host: str = Field(min_length=1, max_length=253)
    username: str = Field(min_length=1, max_length=128)
    port: int = Field(default=22, ge=1, le=65535)
    host_keys: list[Annotated[str, Field(max_length=2000)]] = Field(default=[], max_length=20)
    root: str = Field(default="", max_length=500)
    timeout_seconds: int = Field(default=30, ge=1, le=600)


def place_model(place: BankPlace) -> PlaceModel:
    """A place as it is set."""
    return PlaceModel(**_facts(place.bank, place))


def standing_model(found: PlaceStanding) -> PlaceStandingModel:
    """A place with how it stands."""
    return PlaceStandingModel(
        **_facts(found.bank, found.place),
        fingerprints=list(found.fingerprints),
        last_try=PlaceTryModel.model_validate(found.last_try, from_attributes=True) if found.last_try else None,
        last_fetch=PlaceFetchModel.model_validate(found.last_fetch, from_attributes=True) if found.last_fetch else None,
        files_pending=found.pending,
        files_unknown=found.unknown,
    )


def tried_model(tried: PlaceTried) -> PlaceTriedModel:
    """What a try found."""
    return PlaceTriedModel.model_validate(tried, from_attributes=True)


def _facts(bank: str, place: BankPlace | None) -> dict[str, Any]:
    if place is None:
        names = ("host", "port", "username", "login", "timeout_seconds", "set_by", "set_at")
        return {"bank": bank, "kind": "folder", "host_keys": [], "root": "", **dict.fromkeys(names)}
    return {name: getattr(place, name) for name in PlaceModel.model_fields}
