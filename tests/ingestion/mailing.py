"""A mailbox of the real Dovecot, over TLS, with an authority of its own."""

from __future__ import annotations

import getpass
import imaplib
import ipaddress
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOVECOT = "/usr/sbin/dovecot"
USER, PASSWORD = "reports", "a pässword of ours"
NOBODY = 65534


@dataclass(frozen=True)
class Mailserver:
    """How one gets in. `certificate` is its authority's."""

    folder: Path
    port: int
    plain_port: int
    certificate: str

    def settings(self, **more: Any) -> dict[str, Any]:
        """The settings of a source that reads this mailbox."""
        terms: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.port,
            "username": USER,
            "certificate": self.certificate,
            "senders": ["bank.example"],
            "timeout_seconds": 20,
        }
        return {**terms, **more}

    @contextmanager
    def mailbox(self) -> Iterator[imaplib.IMAP4_SSL]:
        """The mailbox as its owner sees it."""
        context = ssl.create_default_context(cadata=self.certificate)
        with imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=context) as box:
            box.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            yield box

    def deliver(self, *mails: bytes) -> None:
        """Mails come in."""
        with self.mailbox() as box:
            for mail in mails:
                status, said = box.append("INBOX", "", "", mail)
                assert status == "OK", said

    def unread(self, folder: str = "INBOX") -> int:
        """How many mails nobody has read."""
        return self._count(folder, "UNSEEN")

    def count(self, folder: str = "INBOX") -> int:
        """How many mails there are."""
        return self._count(folder, "ALL")

    def _count(self, folder: str, criterion: str) -> int:
        with self.mailbox() as box:
            if box.select(folder, readonly=True)[0] != "OK":
                return 0
            return len(box.search(None, criterion)[1][0].split())

    def empty(self) -> None:
        """Every mail goes."""
        with self.mailbox() as box:
            for folder in ("INBOX", "Taken"):
                status, said = box.select(folder)
                if status == "OK" and said != [b"0"]:
                    box.store("1:*", "+FLAGS", r"(\Deleted)")
                    box.expunge()

    def count_anew(self) -> None:
        """The server forgets its numbers, as after a restore from a backup."""
        time.sleep(1.1)  # UIDVALIDITY is a time in seconds
        for path in (self.folder / "mail" / USER).glob("dovecot*"):
            path.unlink()


def mail(
    *attachments: tuple[str, bytes], sender: str = "Bank <reports@bank.example>", results: str | None = None
) -> bytes:
    """A mail with these files attached."""
    made = EmailMessage()
    if results is not None:
        made["Authentication-Results"] = results
    made["From"], made["To"], made["Subject"] = sender, "reports@psp.example", "Your statement"
    made["Date"], made["Message-ID"] = "Fri, 20 Nov 2026 17:00:00 -0600", f"<{time.monotonic_ns()}@bank.example>"
    made.set_content("See the files.")
    for name, data in attachments:
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()


@contextmanager
def dovecot() -> Iterator[Mailserver]:
    """The server, from here to there; what it serves lies where its own user gets at it."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-mail-", dir="/tmp"))
    is_root = os.geteuid() == 0
    folder.chmod(0o755)
    for name in ("run", "state", "mail"):
        (folder / name).mkdir(mode=0o755)
    if is_root:
        os.chown(folder / "mail", NOBODY, NOBODY)
    certificate = _certificate(folder)
    port, plain_port = _free(), _free()
    own = getpass.getuser()
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    lines = [
        f"base_dir = {folder}/run", f"state_dir = {folder}/state", f"log_path = {folder}/log", "protocols = imap",
        "listen = 127.0.0.1", "ssl = required", f"ssl_cert = <{folder}/cert.pem", f"ssl_key = <{folder}/key.pem",
        "auth_mechanisms = plain login", f"mail_location = maildir:{folder}/mail/%u",
        f"passdb {{\n driver = passwd-file\n args = {folder}/users\n}}",
        f"userdb {{\n driver = static\n args = uid={NOBODY if is_root else os.geteuid()}"
        f" gid={NOBODY if is_root else os.getegid()} home={folder}/mail/%u\n}}",
        f"service imap-login {{\n inet_listener imap {{\n port = {plain_port}\n }}\n"
        f" inet_listener imaps {{\n port = {port}\n ssl = yes\n }}\n {'' if is_root else 'chroot ='}\n}}",
        "first_valid_uid = 1", "auth_failure_delay = 0", "mailbox_list_index = no",
    ]  # fmt: skip
    if not is_root:
        lines += [f"default_internal_user = {own}", f"default_login_user = {own}", f"default_internal_group = {own}"]
        lines += ["service anvil {\n chroot =\n}"]
    (folder / "conf").write_text("\n".join(lines) + "\n")
    with subprocess.Popen([DOVECOT, "-F", "-c", str(folder / "conf")], stderr=subprocess.PIPE, text=True) as process:
        try:
            _listening(port, process, folder)
            yield Mailserver(folder, port, plain_port, certificate)
        finally:
            process.terminate()
            process.wait(10)
            shutil.rmtree(folder, ignore_errors=True)


def _certificate(folder: Path) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail of the tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = made.public_bytes(serialization.Encoding.PEM).decode()
    (folder / "cert.pem").write_text(text)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return text


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listening(port: int, process: subprocess.Popen[str], folder: Path) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until:
        if process.poll() is not None:
            log = folder / "log"
            said = process.stderr.read() if process.stderr else ""
            pytest.fail(f"dovecot ended: {said} {log.read_text() if log.exists() else ''}")
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("dovecot does not listen")
