"""Where a tenant's files of a bank are handed over and fetched: by default a folder of this machine, else as it says here.

A place is data: the newest row of a bank counts. Its private key or password is sealed and opened only for the
connection. `opened` gives, for the time of one round, the place of each bank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from headgate import audit, cases, rails
from headgate.core import secrets
from headgate.core.db import Actor, Database, Tx
from headgate.core.places import FolderPlace, Place, PlaceRefused
from headgate.payments.errors import InvalidPlace, NoSuchPlace

if TYPE_CHECKING:
    from headgate.core.sftp_place import SftpPlace

CONTEXT: Final = "payments.places.login_sealed"
FOLDER: Final = "folder"
"""The address of the folder of this machine."""
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}\Z")


@dataclass(frozen=True, slots=True)
class BankPlace:
    """Where one bank's files go, without the secret of its login. `kind` folder: a folder of this machine."""

    id: int
    bank: str
    kind: Literal["folder", "sftp"]
    host: str | None
    port: int | None
    username: str | None
    host_keys: list[str]
    root: str
    login: Literal["key", "password"] | None
    timeout_seconds: int
    set_by: str
    set_at: datetime

    @property
    def address(self) -> str:
        """Which place it is, whatever the login's secret: what is handed over there is looked for there."""
        return (
            FOLDER
            if self.kind == "folder"
            else f"sftp://{self.username}@{self.host}:{self.port}/{self.root.strip('/')}"
        )


def set_sftp_place(
    tx: Tx,
    *,
    bank: str,
    host: str,
    username: str,
    port: int = 22,
    host_keys: Sequence[str] = (),
    key: str | None = None,
    password: str | None = None,
    root: str = "",
    timeout_seconds: int = 30,
) -> BankPlace:
    """Hand this bank's files over at an SFTP server from now on, and fetch there what it puts for us.

    `host_keys` are lines of known_hosts or fingerprints SHA256:…; with none every connection is refused, and the refusal
    shows the server's. The login is by a private key or by a password. Whether the address may be called is judged at
    each connection. Raises NoSuchProfile, InvalidPlace.
    """
    from headgate.core import sftp_keys

    rails.banks.get(bank)
    if (key is None) == (password is None):
        raise InvalidPlace("the login is by a private key or by a password: give one of them", field="key")
    if not _HOST.match(host):
        raise InvalidPlace("host is a name or an address, as sftp.bank.example, without user or path", field="host")
    if not 0 < port < 65536:
        raise InvalidPlace("port is a number from 1 to 65535", field="port")
    if not username.isprintable() or not 0 < len(username) <= 128:
        raise InvalidPlace("username is what the bank calls you, up to 128 characters", field="username")
    if not root.isprintable() or ".." in root.split("/") or len(root) > 500:
        raise InvalidPlace("root is a folder at the server, without '..'", field="root")
    if not 1 <= timeout_seconds <= 600:
        raise InvalidPlace("timeout_seconds is from 1 to 600", field="timeout_seconds")
    if password is not None and not password:
        raise InvalidPlace("the password is empty", field="password")
    try:
        secret = sftp_keys.private_key(key) if key is not None else str(password)
        known = sorted({sftp_keys.host_key(each) for each in host_keys})
    except sftp_keys.InvalidKey as error:
        raise InvalidPlace(error.message, **error.facts) from error
    login: Literal["key", "password"] = "key" if key is not None else "password"
    facts: dict[str, Any] = {
        "bank": bank,
        "kind": "sftp",
        "host": host,
        "port": port,
        "username": username,
        "host_keys": known,
        "root": root,
        "login": login,
        "timeout_seconds": timeout_seconds,
    }
    return _insert(tx, facts, secrets.seal(tx, secret.encode(), context=CONTEXT))


def rotate_login(tx: Tx, *, bank: str, key: str | None = None, password: str | None = None) -> BankPlace:
    """Log in at a bank's server with another private key or password from now on; all else of the place stays.

    Raises NoSuchPlace, InvalidPlace.
    """
    standing = get_place(tx, bank=bank)
    assert standing.host and standing.port and standing.username, "the table holds it whole"
    return set_sftp_place(
        tx,
        bank=bank,
        host=standing.host,
        port=standing.port,
        username=standing.username,
        host_keys=standing.host_keys,
        key=key,
        password=password,
        root=standing.root,
        timeout_seconds=standing.timeout_seconds,
    )


def remove_place(tx: Tx, *, bank: str) -> BankPlace:
    """Hand this bank's files over in the folder of this machine again. Raises NoSuchPlace."""
    standing = get_place(tx, bank=bank)
    facts: dict[str, Any] = {
        "bank": bank, "kind": "folder", "host": None, "port": None, "username": None, "host_keys": [], "root": "",
        "login": None, "timeout_seconds": standing.timeout_seconds,
    }  # fmt: skip
    return _insert(tx, facts, None)


def list_places(tx: Tx) -> list[BankPlace]:
    """The servers that are set, by bank; a bank that is not among them has the folder of this machine."""
    return [place for place in _newest(tx) if place.kind != "folder"]


def get_place(tx: Tx, *, bank: str) -> BankPlace:
    """The server that is set for a bank. Raises NoSuchPlace."""
    for place in list_places(tx):
        if place.bank == bank:
            return place
    raise NoSuchPlace(
        f"no server is set for {bank[:40]}: its files lie in the outbound folder of this machine", bank=bank[:40]
    )


def outbound_folder(database: Database, tenant_id: UUID) -> Path:
    """Where this tenant's files lie for a bank to fetch that has no server of its own."""
    return database.config.home / "outbound" / str(tenant_id)


@dataclass(slots=True)
class Places:
    """The places of a tenant's banks for one round."""

    folder: Place
    servers: dict[str, tuple[BankPlace, SftpPlace]] = field(default_factory=dict)

    def of(self, bank: str | None) -> Place:
        """The place of a bank; the folder of this machine where none is set, or the bank is not known."""
        found = self.servers.get(bank) if bank is not None else None
        return found[1] if found is not None else self.folder

    def address(self, bank: str | None) -> str:
        """Which place that is."""
        found = self.servers.get(bank) if bank is not None else None
        return found[0].address if found is not None else FOLDER


@contextmanager
def opened(database: Database, tenant_id: UUID, *, actor: Actor) -> Iterator[Places]:
    """The tenant's places for one round: a server is called when it is first asked, and once.

    What a server refused so that only a person can mend it becomes a case when the round ends.
    """
    places = Places(FolderPlace(outbound_folder(database, tenant_id)))
    with database.begin(tenant_id=tenant_id, actor=actor) as tx:
        for place in list_places(tx):
            places.servers[place.bank] = (place, connect(tx, place))
    try:
        yield places
    finally:
        refusals = []
        for place, server in places.servers.values():
            if server.refusal is not None:
                refusals.append((place, server.refusal))
            server.close()
        if refusals:
            with database.begin(tenant_id=tenant_id, actor=actor) as tx:
                for place, refusal in refusals:
                    _open_case(tx, place, refusal)


def connect(tx: Tx, place: BankPlace, *, seconds_max: int | None = None) -> SftpPlace:
    """The server of a place, with its login; nothing is called yet. `seconds_max` is the most that a step may take."""
    from headgate.core.sftp_place import Server, SftpPlace

    assert place.host and place.port and place.username and place.login, "the table holds it whole"
    sealed = tx.value(
        "SELECT login_sealed FROM payments.places WHERE tenant_id = %(tenant)s AND id = %(id)s",
        {"tenant": tx.tenant_id, "id": place.id},
    )
    server = Server(
        host=place.host,
        port=place.port,
        username=place.username,
        host_keys=tuple(place.host_keys),
        login=place.login,
        secret=secrets.open_sealed(tx, bytes(sealed), context=CONTEXT).decode(),
        root=place.root,
        timeout_seconds=min(place.timeout_seconds, seconds_max or place.timeout_seconds),
    )
    return SftpPlace(server, tx.config)


def _open_case(tx: Tx, place: BankPlace, refusal: PlaceRefused) -> None:
    cases.open_case(
        tx,
        key=f"place_refused:{place.bank}:{place.id}",
        category="place_refused",
        detail={
            "bank": place.bank,
            "host": place.host,
            "port": place.port,
            "reason": str(refusal),
            "next": f"files of {place.bank} wait until the place is mended; "
            f"`headgate payments place test --bank {place.bank}` says what is wrong",
        },
    )


def _newest(tx: Tx) -> list[BankPlace]:
    return tx.all(
        """
        SELECT DISTINCT ON (bank) id, bank, kind, host, port, username, host_keys, root, login, timeout_seconds, set_by, set_at
          FROM payments.places
         WHERE tenant_id = %(tenant)s
         ORDER BY bank, id DESC
        """,
        {"tenant": tx.tenant_id},
        row=BankPlace,
    )


def _insert(tx: Tx, facts: dict[str, Any], sealed: bytes | None) -> BankPlace:
    tx.run(
        """
        INSERT INTO payments.places (tenant_id, bank, kind, host, port, username, host_keys, root, login, login_sealed,
                                     timeout_seconds, set_at)
        VALUES (%(tenant)s, %(bank)s, %(kind)s, %(host)s, %(port)s, %(username)s, %(host_keys)s, %(root)s, %(login)s,
                %(sealed)s, %(timeout_seconds)s, %(now)s)
        """,
        {"tenant": tx.tenant_id, "sealed": sealed, "now": tx.now(), **facts},
    )
    audit.record(tx, type="payments.place.set", data=facts)
    return next(place for place in _newest(tx) if place.bank == facts["bank"])
