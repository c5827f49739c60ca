"""What is done with bytes before a parser sees them, and to those that people see: mail, pages of an API, card numbers, masks."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from typing import Final

from tests.ingestion import bank_files

from headgate.ingestion import cards, masking
from headgate.ingestion.connectors import _mail as mail
from headgate.ingestion.poll_apis import Asking, PageUnread, all_poll_apis

_CARD: Final = (
    b"Date,Text,Card number,Amount (USD)\n2026-11-24,COFFEE,4111 1111 1111 1111,3.50\n"
    b"2026-11-25,T,5555555555554444,1.00\n"
)
_MAIL: Final = (
    b'From: "Bank" <reports@bank.example>\r\nTo: a@b.example\r\nSubject: =?utf-8?q?Statement_=C3=A9?=\r\n'
    b"Date: Tue, 24 Nov 2026 08:00:00 +0000\r\nMessage-ID: <1@bank.example>\r\n"
    b"Authentication-Results: mx.example; dkim=pass (ok) header.d=bank.example; spf=fail smtp.mailfrom=x@evil.example\r\n"
    b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b1"\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nCard 4111=20111111111111\r\n--b1\r\n"
    b"Content-Type: text/csv; name=\"a.csv\"\r\nContent-Disposition: attachment; filename*=utf-8''a%20b.csv\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(_CARD) + b"--b1--\r\n"
)
_PAGE: Final = (
    b'{"events": [{"id": "evnt_1", "created_at": "2026-11-24T08:00:00Z", "data": {"id": "a"}}], "has_more": false}'
)
_CURSOR: Final = (
    b'{"data": [{"id": 7, "seq": 1, "created_at": 1764000000}, {"id": "b"}], "next_cursor": "c1", "has_more": true}'
)


def _zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", _CARD)
        archive.writestr("b/mail.eml", _MAIL)
    return made.getvalue()


CARDS: Final = (
    *(_CARD, _MAIL, _zipped(), gzip.compress(_CARD, mtime=0), _CARD.decode().encode("utf-16")),
    b'{"card": "4111111111111111"}',
    *(text % b"card 4111111111111111" for text in bank_files.PLAIN.values()),
)
MAILS: Final = (_MAIL, _MAIL.replace(b"multipart/mixed", b"message/rfc822"))
PAGES: Final = (_PAGE, _CURSOR)
LINES: Final = (
    *(b"16,475,10000,V,,,0123456789,JOHN SMITH/", b":61:261124C12,34NTRFJOHN//0123456789"),
    b'{"name": "A", "amount": 1.50}',
)


def look_for_cards(content: bytes) -> None:
    """What is masked has no card number left, and keeps its length where it is a text."""
    masked = cards.masked(content)
    if masked is None:
        return
    assert masked.hits and masked.data != content
    assert cards.masked(masked.data) is None, "a card number was left"
    if all(not hit.member for hit in masked.hits):
        assert len(masked.data) == len(content)
        assert all(hit.offset + hit.length <= len(content) for hit in masked.hits)


def look_at_line(content: bytes) -> None:
    """A masked line is as long as it was, whatever is known of it."""
    for line in content.decode("utf-8", "replace").splitlines()[:20]:
        for known in ((), ("10000", "a", line[:8], line)):
            assert len(masking.mask(line, known)) == len(line)


def open_mail(content: bytes) -> None:
    """Whatever came by mail has a header and parts, or a word why not."""
    head, _, _ = content.partition(b"\r\n\r\n")
    for server in (None, "mx.example"):
        found = mail.head_of(head, server)
        assert found.sender is None or ("@" in found.sender and found.sender.isascii())
        assert found.sender is None or mail.is_allowed(found.sender, [f"@{found.domain}"])
        assert server is None or found.found_by in (None, server)
    parts = mail.attached(content)
    assert isinstance(parts, str) or len(parts) <= mail.PARTS_MAX
    if not isinstance(parts, str):
        assert all(isinstance(part.data, bytes) and part.filename and len(part.mime) <= 100 for part in parts)


def read_page(content: bytes) -> None:
    """A page is events, each with its own bytes, or unread with its reason."""
    asking = Asking("https://api.example/v1", "secret", "c0", 100, {})
    for api in all_poll_apis().values():
        try:
            page = api.read(asking, content)
        except PageUnread as error:
            assert str(error) and len(str(error)) < 500
            continue
        assert all(event.id and event.data in content for event in page.events)
        assert api.is_cursor_lost(400, content) in (True, False)
