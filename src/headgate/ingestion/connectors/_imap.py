"""IMAP over TLS, to an address that is judged as every outgoing call's is (core.egress)."""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from headgate.core import egress
from headgate.core.config import Config
from headgate.ingestion.connectors import SourceRefused, SourceUnreachable, of_egress

ANSWER_MAX: Final = 96 * 2**20
"""Bytes of one answer: a mail with an attachment of the largest size, in base64."""
BYTES_PER_SECOND_MIN: Final = 64 * 1024
_PASSING = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG|CONTACTADMIN)\]", re.IGNORECASE)
_NUMBERS = re.compile(rb"\d+")
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


class _Connection(imaplib.IMAP4):
    """imaplib over a socket of ours, with a limit to each answer."""

    def __init__(self, opened: socket.socket, host: str, port: int) -> None:
        self._opened = opened
        super().__init__(host, port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._opened

    def read(self, size: int) -> bytes:
        if size > ANSWER_MAX:
            raise self.abort(f"an answer of {size} bytes")
        return super().read(size)


class Mailbox:
    """One folder of one mailbox, from `__enter__` to `__exit__`. Raises SourceUnreachable, SourceRefused."""

    def __init__(
        self, host: str, port: int, config: Config, *, seconds: float, certificate: str, is_starttls: bool
    ) -> None:
        self._host, self._port, self._seconds, self._is_starttls = host, port, seconds, is_starttls
        self._client = egress.Client.from_config(config, timeout_seconds=seconds)
        self._tls = ssl.create_default_context(cadata=certificate or None)
        self._can: frozenset[str] = frozenset()
        self._folders: set[str] = set()
        self._imap: _Connection | None = None
        self._socket: socket.socket | None = None

    def __enter__(self) -> Mailbox:
        with self._told():
            raw = self._client.connect(self._host, self._port)
            raw.settimeout(self._seconds)
            self._socket = raw
            with self._within(self._seconds):
                if not self._is_starttls:
                    self._socket = raw = self._tls.wrap_socket(raw, server_hostname=self._host)
                self._imap = _Connection(raw, self._host, self._port)
                if self._is_starttls:
                    self._imap.starttls(self._tls)
                    self._socket = self._imap.sock
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(imaplib.IMAP4.error, OSError, EOFError):
            if self._imap is not None:
                with self._within(5):
                    self._imap.logout()
        with suppress(OSError):
            if self._socket is not None:
                self._socket.close()

    def log_in(self, username: str, password: str) -> None:
        """Log in. A password that is not taken is for a person to mend."""
        imap = self._connected
        with self._told(), self._within(self._seconds):
            try:
                if "AUTH=PLAIN" in imap.capabilities:
                    imap.authenticate("PLAIN", lambda _: b"\0" + username.encode() + b"\0" + password.encode())
                else:
                    imap.login(username, password)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error as error:
                if _PASSING.search(str(error)):
                    raise
                raise SourceRefused(f"{self._host} does not let {username} in with this password") from error
            # What a server can do it says anew to whom it has let in.
            said = imap.capability()[1]
            self._can = frozenset(b" ".join(part for part in said if part).decode("ascii", "replace").upper().split())

    def select(self, folder: str, *, is_read_only: bool) -> int:
        """Open a folder, and say its UIDVALIDITY. One that is not there is for a person to mend."""
        with self._told(), self._within(self._seconds):
            status, said = self._connected.select(_quoted(folder), readonly=is_read_only)
            if status != "OK":
                raise SourceRefused(f"{self._host} has no folder {folder}, or does not show it: {_text(said)}")
            found = self._connected.response("UIDVALIDITY")[1]
        if not found or not isinstance(found[0], bytes):
            raise SourceRefused(f"{self._host} gives mails no lasting number (UIDVALIDITY): they could be taken twice")
        return int(found[0])

    def search(self, criteria: str) -> list[int]:
        """The UIDs of the mails that meet it, in order."""
        found = self._uid("SEARCH", criteria)
        return sorted({int(one) for part in found if isinstance(part, bytes) for one in _NUMBERS.findall(part)})

    def head(self, uid: int) -> tuple[int, bytes] | None:
        """A mail's size and header; None where it is gone."""
        for part in self._uid("FETCH", str(uid), "(RFC822.SIZE BODY.PEEK[HEADER])"):
            if isinstance(part, tuple):
                size = _SIZE.search(part[0])
                return (int(size[1]) if size else len(part[1]), part[1])
        return None

    def whole(self, uid: int, size: int) -> bytes | None:
        """A mail's bytes; None where it is gone."""
        for part in self._uid("FETCH", str(uid), "(BODY.PEEK[])", seconds=size / BYTES_PER_SECOND_MIN):
            if isinstance(part, tuple):
                return bytes(part[1])
        return None

    def mark(self, uid: int) -> None:
        """Mark a mail as read."""
        self._uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Seen)")

    def move(self, uid: int, folder: str) -> None:
        """Put a mail into another folder, which is made where there is none."""
        if folder not in self._folders:
            with self._told(), self._within(self._seconds):
                self._connected.create(_quoted(folder))  # NO where it is there
            self._folders.add(folder)
        if "MOVE" in self._can:
            self._uid("MOVE", str(uid), _quoted(folder))
            return
        self._uid("COPY", str(uid), _quoted(folder))
        self._uid("STORE", str(uid), "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._can:  # else it stays, marked as deleted, and is not looked at again
            self._uid("EXPUNGE", str(uid))

    @property
    def _connected(self) -> _Connection:
        assert self._imap is not None, "it was entered"
        return self._imap

    def _uid(self, command: str, *arguments: str, seconds: float = 0) -> list[Any]:
        with self._told(), self._within(self._seconds + seconds):
            status, found = self._connected.uid(command, *arguments)
            if status != "OK":
                raise SourceUnreachable(f"{self._host} refuses {command}: {_text(found)}")
        return list(found)

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Cut the connection off where the block takes longer: a time-out of reads alone lets bytes drip for ever."""
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _cut(self) -> None:
        with suppress(OSError):
            if self._socket is not None:
                self._socket.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What goes wrong, as a source's failure."""
        try:
            with of_egress():
                yield
        except ssl.SSLCertVerificationError as error:
            raise SourceRefused(
                f"{self._host} shows a certificate that is not trusted ({error.verify_message}); nothing was sent. "
                "Name its authority in the setting certificate"
            ) from error
        except (imaplib.IMAP4.error, OSError, EOFError) as error:
            said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise SourceUnreachable(f"{self._host}: {(said or type(error).__name__)[:200]}") from error


def _quoted(folder: str) -> str:
    return f'"{folder}"'


def _text(found: list[Any]) -> str:
    said = found[0] if found else b""
    return (said.decode("ascii", "replace") if isinstance(said, bytes) else "")[:200]
