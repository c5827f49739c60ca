"""What is attached to mails, by IMAP over TLS: every attachment of an allowed sender is an artifact, once.

A mail is known by its folder's UIDVALIDITY and its UID, a part by its number; the cursor is the last UID. Where a server
counts anew (another UIDVALIDITY) all mails are looked at again, and the same bytes are the artifacts that stand. What the
receiving server found of DKIM, SPF and DMARC is noted; with `require` it must be so, for the sender's own domain. Mails of
others are left as they are and noted. Once a mail's parts are kept it is marked as read, or moved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints

from headgate.ingestion.connectors import Batch, Connector, Item, Notice, Settings, Visit
from headgate.ingestion.connectors._imap import ANSWER_MAX, Mailbox
from headgate.ingestion.connectors._mail import METHODS, Attached, Head, Method, attached, head_of, is_allowed

UNSETTLED_MAX: Final = 200
PARTS_LOOKED_AT: Final = range(1, 51)
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}\Z")
_SENDER = re.compile(r"([^\s@<>]+)?@?[a-z0-9-]+(\.[a-z0-9-]+)+\Z")


def _host(text: str) -> str:
    if not _HOST.match(text):
        raise ValueError("a name or an address, as imap.example.com")
    return text


def _senders(lines: list[str]) -> list[str]:
    made = sorted({line.strip().lower() for line in lines})
    for line in made:
        if not _SENDER.match(line):
            raise ValueError("addresses and domains, as reports@bank.example or bank.example")
    return made


Folder = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r'^[^\x00-\x1f\x7f-\U0010ffff"\\]+$')]
Line = Annotated[str, StringConstraints(max_length=320)]


class MailSettings(Settings):
    """Which mailbox, whose mails, and what becomes of them."""

    host: Annotated[str, AfterValidator(_host)]
    port: int = Field(default=993, ge=1, le=65535)
    tls: Literal["implicit", "starttls"] = "implicit"
    certificate: str = Field(
        default="", max_length=20_000, description="The authority's certificate (PEM), if it is your own"
    )
    username: str = Field(min_length=1, max_length=320, pattern=r"^[^\x00-\x1f\x7f]+$")
    folder: Folder = "INBOX"
    senders: Annotated[list[Line], AfterValidator(_senders), Field(min_length=1, max_length=200)]
    pattern: str = Field(default="*", min_length=1, max_length=200, description="Which attachments, by name: *.csv")
    authserv_id: str | None = Field(
        default=None, max_length=255, description="Whose Authentication-Results are believed"
    )
    require: list[Method] = Field(default=[], max_length=3, description="What must have passed: dkim, spf, dmarc")
    after: Literal["mark", "move", "leave"] = Field(default="mark", description="mark: as read; move: into moved_to")
    moved_to: Folder = "Taken"
    timeout_seconds: int = Field(default=30, ge=1, le=600)


def place(settings: MailSettings) -> str:
    """The folder of the mailbox."""
    return f"imap://{settings.username}@{settings.host}:{settings.port}/{settings.folder}"


def check(settings: MailSettings, login: str | None, secret: str | None, *_: object) -> None:
    """Refuse what could never work, or would ask for nothing."""
    import ssl

    if settings.require and settings.authserv_id is None:
        raise ValueError(
            "require needs authserv_id: the name of the receiving server, as its Authentication-Results begin"
        )
    if secret is not None and not secret.isprintable():
        raise ValueError("the password holds characters that are no text; is there a line's end in it?")
    if settings.certificate:
        try:
            ssl.create_default_context(cadata=settings.certificate)
        except (ssl.SSLError, ValueError) as error:
            raise ValueError(
                "certificate is no certificate in PEM: it begins with -----BEGIN CERTIFICATE-----"
            ) from error


def fetch(visit: Visit) -> Iterator[Batch]:
    """Mail after mail, in the order of their UIDs."""
    settings: MailSettings = visit.settings
    with Mailbox(
        settings.host,
        settings.port,
        visit.config,
        seconds=settings.timeout_seconds,
        certificate=settings.certificate,
        is_starttls=settings.tls == "starttls",
    ) as mailbox:
        mailbox.log_in(settings.username, visit.secret or "")
        validity = mailbox.select(settings.folder, is_read_only=settings.after == "leave")
        last = 0
        if visit.cursor is not None and not visit.is_from_start:
            before, _, at = visit.cursor.partition(":")
            if before == str(validity):
                last = int(at)
                _settle_rest(visit, mailbox, validity, last)
            else:
                yield Batch(notices=[_recounted(visit.cursor, validity)])
        for number, uid in enumerate(one for one in mailbox.search(f"UID {last + 1}:* UNDELETED") if one > last):
            if number and visit.is_over():
                return
            batch = _batch(settings, mailbox, validity, uid)
            yield batch
            if any(item.refusal is None for item in batch.items):
                kept = visit.known([item.identity for item in batch.items])
                if any(kept.values()):
                    _settle(settings, mailbox, uid)


def _batch(settings: MailSettings, mailbox: Mailbox, validity: int, uid: int) -> Batch:
    """One mail: its parts, or why there are none; with it the cursor moves past it."""
    cursor = f"{validity}:{uid}"
    found = mailbox.head(uid)
    if found is None:
        return Batch(cursor=cursor)
    size, header = found
    head = head_of(header, settings.authserv_id)
    refusal = _refusal(settings, head)
    if refusal is not None:
        return Batch([_refused(cursor, head, refusal)], cursor)
    if size > ANSWER_MAX:
        return _unread(cursor, head, f"the mail has {size} bytes; at most {ANSWER_MAX} are taken")
    mail = mailbox.whole(uid, size)
    if mail is None:
        return Batch(cursor=cursor)
    parts = attached(mail)
    if isinstance(parts, str):
        return _unread(cursor, head, parts)
    wanted = [part for part in parts if fnmatchcase(part.filename, settings.pattern)]
    if not wanted:
        return Batch([_refused(cursor, head, "nothing that is wanted is attached")], cursor)
    return Batch([_item(cursor, head, part) for part in wanted], cursor)


def _refusal(settings: MailSettings, head: Head) -> str | None:
    """Why a mail is left alone, by its header."""
    if head.sender is None:
        return "From names no sender, or several"
    if not is_allowed(head.sender, settings.senders):
        return "the sender is not among those allowed"
    for method in settings.require:
        found = head.found.get(method)
        if found is None or found.result != "pass" or not found.is_aligned:
            said = (
                "says nothing"
                if found is None
                else f"says {found.result}" + ("" if found.is_aligned else ", of another domain")
            )
            return f"{method} must have passed for the sender's domain, and {settings.authserv_id} {said}"
    return None


def _settle(settings: MailSettings, mailbox: Mailbox, uid: int) -> None:
    if settings.after == "move":
        mailbox.move(uid, settings.moved_to)
    elif settings.after == "mark":
        mailbox.mark(uid)


def _settle_rest(visit: Visit, mailbox: Mailbox, validity: int, last: int) -> None:
    """Mark or move what was kept by a visit that ended before it could."""
    settings: MailSettings = visit.settings
    if settings.after == "leave" or not last:
        return
    uids = mailbox.search(f"UID 1:{last} {'UNSEEN' if settings.after == 'mark' else 'UNDELETED'}")[-UNSETTLED_MAX:]
    # Which of a mail's parts were wanted is not known here; what was kept of it is, by any number.
    kept = visit.known([f"{validity}:{uid}:{number}" for uid in uids for number in PARTS_LOOKED_AT])
    for uid in uids:
        if any(kept.get(f"{validity}:{uid}:{number}") for number in PARTS_LOOKED_AT):
            _settle(settings, mailbox, uid)


def _item(cursor: str, head: Head, part: Attached) -> Item:
    return Item(
        identity=f"{cursor}:{part.number}",
        filename=part.filename,
        data=part.data,
        type="mail_part",
        occurred_at=head.sent_at,
        facts={"part": part.number, "mime": part.mime, **_facts(head)},
        private=_private(head),
    )


def _refused(cursor: str, head: Head, reason: str) -> Item:
    return Item(
        identity=f"{cursor}:0",
        filename="mail",
        data=b"",
        type="mail_part",
        occurred_at=head.sent_at,
        facts=_facts(head),
        private=_private(head),
        refusal=reason,
    )


def _unread(cursor: str, head: Head, reason: str) -> Batch:
    detail = {"mail": cursor, "reason": reason, "next": "take its attachments in by hand"}
    notice = Notice(key=f"mail:{cursor}", category="source_item_not_kept", detail=detail)
    return Batch([_refused(cursor, head, reason)], cursor, [notice])


def _recounted(cursor: str, validity: int) -> Notice:
    return Notice(
        key=f"recounted:{validity}",
        category="source_cursor_lost",
        detail={
            "cursor": cursor,
            "uidvalidity": validity,
            "next": "the server counts its mails anew: all are looked at again, and what was taken is known by its bytes",
        },
    )


def _facts(head: Head) -> dict[str, Any]:
    """What is shown of a mail: the sender's domain, and what the receiving server found."""
    found: dict[str, Any] = {method: head.found[method].result for method in METHODS if method in head.found}
    aligned = [method for method in METHODS if method in head.found and head.found[method].is_aligned]
    return {"from_domain": head.domain, **found, "aligned": aligned, "found_by": head.found_by}


def _private(head: Head) -> dict[str, Any]:
    return {"from": head.sender, "subject": head.subject, "message_id": head.message_id, "headers": head.headers}


CONNECTOR = Connector(
    title="What is attached to mails, by IMAP",
    settings=MailSettings,
    place=place,
    fetch=fetch,
    logins=("password",),
    check=check,
)
