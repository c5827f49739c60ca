"""The one door to the outside: an HTTP client that cannot be talked into reaching what lies inside.

```python
client = egress.Client.from_config(config)
answer = client.request("POST", "https://example.com/hook", headers={"Content-Type": "application/json"}, body=payload)
```

A URL comes from a tenant, and so may aim at the machine itself, its network or a cloud's metadata service. So: the name
is resolved once and the connection goes to that very address (a resolver that answers differently a moment later gains
nothing); every address of the answer must be public, or lie in HEADGATE_EGRESS_ALLOW; redirects are answers and are not
followed; proxies of the environment are ignored; time and size are bounded. No transaction may be open meanwhile.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from headgate.core import errors, log
from headgate.core.config import Config, Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Iterable[str]]

# IANA's special-purpose registries, and one address that is public and yet a cloud's own (Azure's wire server).
_NOT_PUBLIC_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
# Of IPv6 only global unicast is public; what tunnels or translates IPv4 inside it is not (Teredo, 6to4).
_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_NUMBER_LIKE = re.compile(r"[0-9]+|0x[0-9a-f]*")
_OURS: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "expect", "upgrade"}
)
_PORTS: Final = {"http": 80, "https": 443}
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_ADDRESSES_TRIED_MAX: Final = 3

_LOG = log.get(__name__)


class EgressRefused(errors.Unprocessable):
    """This URL may not be called."""

    code = "core.egress_refused"


class EgressFailed(errors.Unavailable):
    """The other side did not answer, or not within its time; whether it acted is unknown."""

    code = "core.egress_failed"


class AnswerTooLarge(errors.Unprocessable):
    """The other side's answer is larger than this call accepts."""

    code = "core.answer_too_large"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. A redirect is an answer like any other; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str


class Client:
    """Calls out. Holds no connection and no state: one client serves every thread."""

    def __init__(
        self,
        *,
        allow: Iterable[Network] = (),
        timeout_seconds: float = 10.0,
        size_max_bytes: int = 1 << 20,
        resolve: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow = tuple(allow)
        self._timeout_seconds = timeout_seconds
        self._size_max_bytes = size_max_bytes
        self._resolve = resolve or _resolve
        self._tls = tls

    @classmethod
    def from_config(cls, config: Config, *, timeout_seconds: float = 10.0, size_max_bytes: int = 1 << 20) -> Client:
        """The client of this installation: what HEADGATE_EGRESS_ALLOW names may be reached besides public addresses."""
        return cls(allow=config.egress_allow, timeout_seconds=timeout_seconds, size_max_bytes=size_max_bytes)

    def check(self, url: str) -> None:
        """Raise EgressRefused where the URL may not be called as it resolves now: for a form's first answer.

        The call itself judges again, for the address it connects to.
        """
        self._addresses(_target(url))

    def request(self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        """One request, one answer, whatever its status; the time limit counts from the name's resolution on.

        Raises EgressRefused (nothing was connected), EgressFailed (may be tried again), AnswerTooLarge.
        """
        if method not in _METHODS:
            raise EgressRefused(f"the method must be one of {', '.join(_METHODS)}")
        target = _target(url)
        sent = _headers(headers or {})
        deadline = time.monotonic() + self._timeout_seconds
        addresses = self._addresses(target)
        try:
            raw = _dial(addresses, target.port, deadline)
            with _Deadline(raw, deadline):
                answer = self._exchange(raw, target, method, sent, body)
            if time.monotonic() >= deadline:
                raise TimeoutError  # A body that ends with the connection looks whole when we cut it.
            return answer
        except (OSError, http.client.HTTPException) as error:
            _LOG.warning("egress failed", extra={"host": target.host, "reason": type(error).__name__})
            if time.monotonic() >= deadline:
                raise EgressFailed(f"{target.host} did not answer within {self._timeout_seconds:g} s") from error
            raise EgressFailed(f"the call to {target.host} failed: {error or type(error).__name__}") from error

    def connect(self, host: str, port: int) -> socket.socket:
        """A TCP connection for another protocol than HTTP, to a host that is judged as a URL's is; the caller closes it.

        Raises EgressRefused (nothing was connected), EgressFailed.
        """
        host = host.lower().removesuffix(".")
        is_v6 = _is_address(host, ipaddress.IPv6Address)
        _refuse_odd_host(host, bracketed=is_v6)
        if not 0 < port < 65536:
            raise EgressRefused("the port must be a number from 1 to 65535")
        deadline = time.monotonic() + self._timeout_seconds
        addresses = self._addresses(_Target("tcp", host, port, ""))
        try:
            raw = _dial(addresses, port, deadline)
        except OSError as error:
            if time.monotonic() >= deadline:
                raise EgressFailed(f"{host} did not answer within {self._timeout_seconds:g} s") from error
            raise EgressFailed(f"no connection to {host} port {port}: {error.strerror or error}") from error
        raw.settimeout(None)
        return raw

    def _addresses(self, target: _Target) -> list[Address]:
        """The addresses of the name, resolved once; every one must be allowed, since a mixed answer is an attempt."""
        try:
            found = [ipaddress.ip_address(target.host)]
        except ValueError:
            try:
                found = [ipaddress.ip_address(text) for text in self._resolve(target.host, target.port)]
            except OSError as error:
                raise EgressFailed(f"the name {target.host} could not be resolved") from error
            except ValueError as error:
                raise EgressRefused(f"{target.host} resolves to something that is no plain address") from error
        if not found:
            raise EgressFailed(f"the name {target.host} has no address")
        for address in found:
            if not self._is_allowed(address):
                raise EgressRefused(
                    f"{target.host} is at {address}, which is not a public address; an operator may allow its network "
                    "in HEADGATE_EGRESS_ALLOW",
                    host=target.host,
                )
        return list(dict.fromkeys(found))

    def _is_allowed(self, address: Address) -> bool:
        if isinstance(address, ipaddress.IPv6Address) and address in _NAT64:
            # Translated: what counts is also the IPv4 address at the other end.
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
            return self._is_listed(address) and self._is_allowed(inner)
        return is_public(address) or self._is_listed(address)

    def _is_listed(self, address: Address) -> bool:
        return any(address in network for network in self._allow)

    def _exchange(
        self, raw: socket.socket, target: _Target, method: str, headers: dict[str, str], body: bytes
    ) -> Answer:
        sock = raw
        if target.scheme == "https":
            sock = (self._tls or _default_tls()).wrap_socket(raw, server_hostname=target.host)
        connection = _Pinned(target, sock)
        try:
            connection.request(method, target.path, body=body or None, headers=headers)
            response = connection.getresponse()
            content = response.read(self._size_max_bytes + 1)
            if len(content) > self._size_max_bytes:
                raise AnswerTooLarge(f"{target.host} answered with more than {self._size_max_bytes} bytes")
            if response.length:
                # Cut off midway, which http.client lets pass when it is asked for a number of bytes.
                raise http.client.IncompleteRead(content, response.length)
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
        finally:
            connection.close()


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet's, reached by no translation or tunnel."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def _target(url: str) -> _Target:
    """The parts of a URL that means one thing only: whatever two readers could read differently is refused."""
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise EgressRefused("the URL holds characters that must be encoded: names as xn--…, the rest as %xx")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as error:
        raise EgressRefused(f"this is no URL: {error}") from error
    if parts.scheme not in _PORTS:
        raise EgressRefused(f"only http and https URLs are called, not {parts.scheme or 'one without a scheme'}")
    if "@" in parts.netloc:
        raise EgressRefused("the URL must not carry a user or password; send them in a header")
    if port == 0 or parts.netloc.endswith(":"):
        raise EgressRefused("the URL's port must be a number from 1 to 65535")
    _refuse_odd_host(host, bracketed="[" in parts.netloc)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


def _refuse_odd_host(host: str, *, bracketed: bool) -> None:
    if bracketed:
        if "%" in host or not _is_address(host, ipaddress.IPv6Address):
            raise EgressRefused("the host in brackets is no plain IPv6 address")
        return
    labels = host.split(".")
    if _NUMBER_LIKE.fullmatch(labels[-1]):
        # 127.1, 0x7f.1, 2130706433, 0177.0.0.1: addresses to a resolver, names to a careless check.
        if not _is_address(host, ipaddress.IPv4Address):
            raise EgressRefused("a numeric host must be written as four decimal numbers")
    elif len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise EgressRefused("the host is no host name")


def _is_address(text: str, kind: type[Address]) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    for name, value in headers.items():
        if name.lower() in _OURS:
            raise EgressRefused(f"the header {name} is set by the client itself")
        if not _HEADER_NAME.fullmatch(name) or not value.isascii() or not value.isprintable():
            raise EgressRefused("a header's name must be a token, and its value printable ASCII")
    agent = {} if any(name.lower() == "user-agent" for name in headers) else {"User-Agent": "headgate"}
    # An answer that came compressed could unpack to any size.
    return {**agent, **headers, "Accept-Encoding": "identity", "Connection": "close"}


@cache
def _default_tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _resolve(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _dial(addresses: list[Address], port: int, deadline: float) -> socket.socket:
    """Connect to the first address that answers. This is the only place that connects, and it takes no name."""
    last: OSError | None = None
    for address in addresses[:_ADDRESSES_TRIED_MAX]:
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        raw = socket.socket(family, socket.SOCK_STREAM)
        try:
            raw.settimeout(max(0.001, deadline - time.monotonic()))
            raw.connect((str(address), port))
        except OSError as error:
            raw.close()
            last = error
        else:
            return raw
    assert last is not None, "there was an address to try"
    raise last


class _Pinned(http.client.HTTPConnection):
    """HTTP over a socket that stands already: Host names the URL's host, the socket goes where it was judged."""

    auto_open = 0

    def __init__(self, target: _Target, sock: socket.socket) -> None:
        super().__init__(target.host, target.port)
        self.default_port = _PORTS[target.scheme]
        self.sock = sock


class _Deadline:
    """Cuts a connection off when its time is up: a read time-out alone lets a server drip bytes for ever."""

    def __init__(self, raw: socket.socket, deadline: float) -> None:
        # The handle is doubled, so that cutting works whoever has wrapped or closed the original.
        self._handle = raw.dup()
        self._timer = threading.Timer(max(0.001, deadline - time.monotonic()), self._cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()
        self._handle.close()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):  # The other side was quicker.
            self._handle.shutdown(socket.SHUT_RDWR)
