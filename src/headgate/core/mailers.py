"""A mail server's URL: `smtps://user:password@mail.example.com`, or `smtp://` where the connection begins in the clear.

`smtps` is encrypted from its first byte (port 465 unless given). `smtp` must be encrypted by STARTTLS before anything is
said (port 587), unless `?tls=none` says that it stays in the clear: for a relay on this machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

Encryption = Literal["implicit", "starttls", "none"]
_PORTS: Final = {"smtps": 465, "smtp": 587}
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mails are handed over, and who we are there. Its repr holds no password."""

    host: str
    port: int
    encryption: Encryption
    user: str | None
    password: str = field(repr=False, default="")


def read(url: str) -> MailServer:
    """What a URL says. Raises ValueError, which never quotes the password."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is no URL; percent-encode special characters of the password") from None
    if parts.scheme not in _PORTS:
        raise ValueError("must be a URL that starts with smtps:// or smtp://")
    if not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("must name a host and nothing behind it: smtps://user:password@mail.example.com")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if given.keys() - {"tls"} or given.get("tls", "none") != "none" or (given and parts.scheme == "smtps"):
        raise ValueError("knows no parameter but tls=none, of smtp:// alone")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("names a user without a password, or a password without a user")
    encryption: Encryption = "implicit" if parts.scheme == "smtps" else "none" if given else "starttls"
    if encryption == "none" and parts.username is not None:
        raise ValueError("would send its password in the clear: leave tls=none or the password out")
    return MailServer(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        encryption=encryption,
        user=unquote(parts.username) if parts.username is not None else None,
        password=unquote(parts.password or ""),
    )


def check_address(text: str) -> str:
    """An e-mail address as it is, of plain ASCII: `a@b.example`. Raises ValueError, which does not quote it."""
    if len(text) > 254 or not _ADDRESS.match(text) or ".." in text:
        raise ValueError("must be an e-mail address like payments@example.com")
    return text
