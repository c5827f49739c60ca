"""Hand mails to the installation's mail server, over `core.egress`; a connection for as many as there are.

What each try comes to is a value. `sent`, `refused` and `deferred` are the server's word; `unreachable`: it was told nothing of
this mail that it could act on; `unknown`: the connection was lost after the mail's last byte was on its way, before the server's
answer, so nobody knows.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from headgate.alerts.model import Outcome
from headgate.core import egress, mailers
from headgate.core.errors import HeadgateError

WAIT_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to hand over; its repr tells neither whom it goes to nor what it says."""

    id: str
    to: str = field(repr=False)
    title: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of one try; `reply_code` is the server's."""

    id: str
    outcome: Outcome
    reply_code: int | None = None


class _Over(smtplib.SMTP):
    """SMTP over a socket that stands already: it goes where `core.egress` judged, and takes no name."""

    def __init__(self, given: socket.socket, server: mailers.MailServer, sender: str) -> None:
        self._given = given
        super().__init__(server.host, server.port, local_hostname=sender.rpartition("@")[2], timeout=WAIT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._given


def hand_over(
    client: egress.Client,
    server: mailers.MailServer,
    sender: str,
    mails: Sequence[Mail],
    *,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Handed]:
    """Hand these mails over, one after the other; each outcome is given as soon as it is known.

    A server that cannot be reached, or does not let us in, is so for all that are left. Its certificate must be good.
    """
    left = list(mails)
    try:
        with _connected(client, server, sender, tls or ssl.create_default_context()) as session:
            while left:
                handed = _hand_over(session, sender, left[0])
                del left[0]
                yield handed
                if handed.outcome in ("unknown", "unreachable"):
                    break
    except (OSError, smtplib.SMTPException, HeadgateError) as error:
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
        yield from (Handed(mail.id, "unreachable", code) for mail in left)
        return
    yield from (Handed(mail.id, "unreachable") for mail in left)


def _connected(client: egress.Client, server: mailers.MailServer, sender: str, tls: ssl.SSLContext) -> smtplib.SMTP:
    raw = client.connect(server.host, server.port)
    try:
        raw.settimeout(WAIT_SECONDS)
        if server.encryption == "implicit":
            raw = tls.wrap_socket(raw, server_hostname=server.host)
        session = _Over(raw, server, sender)
        if server.encryption == "starttls":
            session.starttls(context=tls)
        if server.user is not None:
            session.login(server.user, server.password)
    except BaseException:
        raw.close()
        raise
    return session


def _hand_over(session: smtplib.SMTP, sender: str, mail: Mail) -> Handed:
    """One mail. Until its last byte was sent, a lost connection means that it is not there."""
    content = _message(sender, mail).as_bytes(policy=SMTP)
    try:
        session.ehlo_or_helo_if_needed()
        for code, _ in (session.mail(sender), session.rcpt(mail.to)):
            if code not in (250, 251):
                session.rset()
                return Handed(mail.id, _word(code), code)
    except (OSError, smtplib.SMTPException):
        return Handed(mail.id, "unreachable")
    try:
        code, _ = session.data(content)
    except smtplib.SMTPDataError as error:  # It did not want to hear the mail's text.
        with contextlib.suppress(OSError, smtplib.SMTPException):
            session.rset()
        return Handed(mail.id, _word(error.smtp_code), error.smtp_code)
    except (OSError, smtplib.SMTPException):
        return Handed(mail.id, "unknown")
    return Handed(mail.id, "sent" if code == 250 else _word(code), code)


def _word(code: int) -> Outcome:
    return "refused" if code >= 500 else "deferred"


def _message(sender: str, mail: Mail) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = mail.title
    # The same for each try: whoever gets one twice after all can tell.
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text + "\n")
    return message
