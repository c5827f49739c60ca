"""A broker's URL: `amqps://user:password@host:5671,host2:5671/vhost?cacertfile=/etc/ssl/broker.pem`.

Nodes of one cluster are parted by commas; each port is 5671 (amqps) or 5672 (amqp) unless given, the virtual host `/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

GUEST: Final = "guest"
"""Whom RabbitMQ lets in from its own machine before anybody is named."""

_PORTS: Final = {"amqps": 5671, "amqp": 5672}


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where a broker is and who we are there. Its repr holds no password."""

    nodes: tuple[tuple[str, int], ...]
    user: str
    password: str = field(repr=False)
    virtual_host: str
    tls: bool
    ca_file: str | None = None

    @property
    def where(self) -> str:
        """Its nodes, for a person."""
        return ", ".join(f"{host}:{port}" for host, port in self.nodes)


def read(url: str) -> Broker:
    """What a URL says. Raises ValueError, which never quotes the password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("is no URL; percent-encode special characters of the password") from None
    if parts.scheme not in _PORTS:
        raise ValueError("must be a URL that starts with amqps:// or amqp://")
    login, _, hosts = parts.netloc.rpartition("@")
    user, _, password = login.partition(":")
    path = parts.path.removeprefix("/")
    if "/" in path:
        raise ValueError("names more than one virtual host; percent-encode a slash in its name as %2F")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in given:
        if name != "cacertfile":
            raise ValueError(f"knows no parameter {name!r}; cacertfile is the only one")
    return Broker(
        nodes=tuple(_node(node, _PORTS[parts.scheme]) for node in hosts.split(",")),
        user=unquote(user) or GUEST,
        password=unquote(password) or GUEST,
        virtual_host=unquote(path) or "/",
        tls=parts.scheme == "amqps",
        ca_file=given.get("cacertfile"),
    )


def _node(text: str, port: int) -> tuple[str, int]:
    match = re.fullmatch(r"\s*(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]\s]*))(?::([0-9]{1,5}))?\s*", text)
    if match is None:
        raise ValueError("names a node that is no host:port; percent-encode special characters of the password")
    host = match[1] or match[2]
    if not host:
        raise ValueError("names a node that is empty")
    number = int(match[3]) if match[3] else port
    if not 1 <= number <= 65535:
        raise ValueError("names a port that is none")
    return host, number
