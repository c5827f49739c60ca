"""A real SMTP server on this machine: STARTTLS, a login, and an answer for each mail that a test asks for."""

from __future__ import annotations

import socket
import ssl
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

HOST = "mail.example"
USER, PASSWORD = "headgate", "Zq8-vN2_kL"


@dataclass
class Server:
    """What it was sent, by address; `answers` are what it says next to a mail for an address, `ok` when there is none left.

    `lost` takes the mail and hangs up without a word; `hang` hangs up when the mail is announced.
    """

    port: int = 0
    accepted: list[bytes] = field(default_factory=list)
    recipients: Counter[str] = field(default_factory=Counter)
    answers: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any) -> str:
        answer = self.answers[address][0] if self.answers[address] else "ok"
        if answer in ("451", "550", "hang"):
            self.answers[address].pop(0)
            if answer == "hang":
                server.transport.close()
            return f"{answer} {address} not now" if answer != "hang" else "421 gone"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        (address,) = envelope.rcpt_tos
        answer = self.answers[address].pop(0) if self.answers[address] else "ok"
        if answer == "452":
            return "452 no room"
        self.recipients[address] += 1
        self.accepted.append(bytes(envelope.content or b""))
        if answer == "lost":
            server.transport.close()
        return "250 taken"

    def url(self, *, password: str = PASSWORD) -> str:
        return f"smtp://{USER}:{password}@{HOST}:{self.port}"


def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    given = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=given, handled=False)


@contextmanager
def serving(certificate: Path) -> Iterator[Server]:
    """The server, while the block lasts."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as free:
        server = Server(free.getsockname()[1])
    controller = Controller(
        server, hostname="127.0.0.1", port=server.port, tls_context=tls, require_starttls=True, authenticator=authenticate,
        auth_required=True, auth_require_tls=True,
    )  # fmt: skip
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate for the server's name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path
