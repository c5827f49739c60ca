"""Who gets what, and where its mails go: rows that a tenant adds; the newest of a recipient counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from headgate import audit, parties
from headgate.alerts.errors import InvalidPreference
from headgate.alerts.model import BORROWERS, KINDS, TEAMS, Kind, is_recipient
from headgate.core import mailers, secrets
from headgate.core.db import Tx

CONTEXT: Final = "alerts.addresses.address_sealed"


@dataclass(frozen=True, slots=True)
class Preference:
    """Whether a recipient is told of a kind, and whether by e-mail too, where its address is known."""

    recipient: str
    kind: Kind
    is_on: bool
    by_email: bool
    is_default: bool = False
    reason: str | None = None
    set_by: str | None = None
    set_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AddressView:
    """That a recipient has an address, of which a letter and the domain may be seen; none: it was ended."""

    recipient: str
    shown: str | None
    set_by: str
    set_at: datetime


DEFAULTS: Final = (
    *(Preference(BORROWERS, kind, True, True, True) for kind in KINDS),
    *(Preference(TEAMS[0], kind, kind != "payment_posted", False, True) for kind in KINDS),
)
"""A borrower is told of each of its payments; the team of what was partial or came back."""


def set_preference(
    tx: Tx, *, recipient: str, kind: str, is_on: bool, by_email: bool = False, reason: str
) -> Preference:
    """Choose what a recipient is told from now on: a team, one borrower (its party's id), or every borrower.

    Raises InvalidPreference, NoSuchParty.
    """
    _check_recipient(tx, recipient)
    if kind not in KINDS:
        raise InvalidPreference(f"'{kind[:40]}' is no kind of notification: there are {', '.join(KINDS)}")
    if by_email and not is_on:
        raise InvalidPreference("a mail goes beside the row in the application: turn that on, or the mail off")
    if not reason.strip():
        raise InvalidPreference("say why")
    facts = {"recipient": recipient, "kind": kind, "is_on": is_on, "by_email": by_email, "reason": reason}
    tx.run(
        """
        INSERT INTO alerts.preferences (tenant_id, recipient, kind, is_on, by_email, reason)
        VALUES (%(tenant)s, %(recipient)s, %(kind)s, %(is_on)s, %(by_email)s, %(reason)s)
        """,
        {"tenant": tx.tenant_id, **facts},
    )
    audit.record(tx, type="alerts.preference.set", data=facts)
    return list_preferences(tx, borrowers=[recipient])[recipient, kind]


def list_preferences(tx: Tx, *, borrowers: Collection[str] | None = None) -> dict[tuple[str, Kind], Preference]:
    """What each recipient is told, by recipient and kind, with what counts where nothing was chosen.

    Of single borrowers only these, where they are named: there may be many.
    """
    rows = list(tx.setting("alerts.preferences", lambda: _chosen(tx, of_borrowers=False)))
    if borrowers is None or (borrowers and tx.setting("alerts.preferences.of_borrowers", lambda: _has_own(tx))):
        rows += _chosen(tx, of_borrowers=True, borrowers=borrowers)
    found = {(one.recipient, one.kind): one for one in (*DEFAULTS, *rows)}
    return dict(sorted(found.items()))


def _chosen(tx: Tx, *, of_borrowers: bool, borrowers: Collection[str] | None = None) -> Sequence[Preference]:
    """What was chosen for single borrowers (all, or these), or for everybody else."""
    return tx.all(
        """
        SELECT DISTINCT ON (p.recipient, p.kind) p.recipient, p.kind, p.is_on, p.by_email, false AS is_default, p.reason,
               p.set_by, p.recorded_at AS set_at
          FROM alerts.preferences p
         WHERE p.tenant_id = %(tenant)s AND (p.recipient LIKE 'pty%%') = %(of_borrowers)s
           AND (%(borrowers)s::text[] IS NULL OR p.recipient = ANY (%(borrowers)s))
         ORDER BY p.recipient, p.kind, p.id DESC
        """,
        {
            "tenant": tx.tenant_id,
            "of_borrowers": of_borrowers,
            "borrowers": None if borrowers is None else sorted(borrowers),
        },
        row=Preference,
    )


def _has_own(tx: Tx) -> bool:
    """Whether anything was chosen for a single borrower."""
    query = "SELECT EXISTS (SELECT FROM alerts.preferences WHERE tenant_id = %(tenant)s AND recipient LIKE 'pty%%')"
    return bool(tx.value(query, {"tenant": tx.tenant_id}))


def set_address(tx: Tx, *, recipient: str, address: str | None) -> AddressView:
    """Send a recipient's mails there from now on; None ends them. The address is kept sealed and is in no log.

    Raises InvalidPreference, NoSuchParty.
    """
    if recipient == BORROWERS:
        raise InvalidPreference("each borrower has an address of its own: name its party")
    _check_recipient(tx, recipient)
    try:
        checked = mailers.check_address(address) if address is not None else None
    except ValueError as error:
        raise InvalidPreference(f"the address {error}") from error
    shown = f"{checked[0]}…@{checked.rpartition('@')[2]}" if checked is not None else ""
    tx.run(
        """
        INSERT INTO alerts.addresses (tenant_id, recipient, address_sealed, shown)
        VALUES (%(tenant)s, %(recipient)s, %(sealed)s, %(shown)s)
        """,
        {
            "tenant": tx.tenant_id,
            "recipient": recipient,
            "sealed": secrets.seal(tx, checked.encode(), context=CONTEXT) if checked is not None else None,
            "shown": shown,
        },
    )
    audit.record(tx, type="alerts.address.set", data={"recipient": recipient, "is_ended": checked is None})
    return next(one for one in list_addresses(tx, [recipient]))


def list_addresses(
    tx: Tx, recipients: Collection[str] | None = None, *, after: str | None = None, limit: int = 1_000
) -> list[AddressView]:
    """Whose address is known, in the order of the recipients; of these alone where they are named."""
    return tx.all(
        """
        SELECT a.recipient, a.shown, a.set_by, a.recorded_at AS set_at
          FROM (SELECT DISTINCT ON (n.recipient) n.recipient, nullif(n.shown, '') AS shown, n.set_by, n.recorded_at
                  FROM alerts.addresses n
                 WHERE n.tenant_id = %(tenant)s AND (%(recipients)s::text[] IS NULL OR n.recipient = ANY (%(recipients)s))
                   AND (%(after)s::text IS NULL OR n.recipient > %(after)s)
                 ORDER BY n.recipient, n.id DESC) a
         ORDER BY a.recipient
         LIMIT %(limit)s
        """,
        {
            "tenant": tx.tenant_id,
            "recipients": None if recipients is None else sorted(recipients),
            "after": after,
            "limit": limit,
        },
        row=AddressView,
    )


def opened_addresses(tx: Tx, recipients: Collection[str]) -> dict[str, str]:
    """The addresses of these recipients, for whoever sends the mails."""
    rows = tx.all(
        """
        SELECT DISTINCT ON (n.recipient) n.recipient, n.address_sealed AS sealed
          FROM alerts.addresses n
         WHERE n.tenant_id = %(tenant)s AND n.recipient = ANY (%(recipients)s)
         ORDER BY n.recipient, n.id DESC
        """,
        {"tenant": tx.tenant_id, "recipients": sorted(recipients)},
    )
    known = [row for row in rows if row["sealed"] is not None]
    opened = secrets.open_many(tx, [bytes(row["sealed"]) for row in known], context=CONTEXT)
    return {row["recipient"]: address.decode() for row, address in zip(known, opened, strict=True)}


def _check_recipient(tx: Tx, recipient: str) -> None:
    if not is_recipient(recipient):
        raise InvalidPreference(
            f"'{recipient[:60]}' is nobody who can be told: name a team as team:servicing, a borrower as pty_…, "
            f"or {BORROWERS}"
        )
    if recipient.startswith("pty_") and parties.get_party(tx, recipient).kind != "borrower":
        raise InvalidPreference(f"{recipient} is no borrower", recipient=recipient)
