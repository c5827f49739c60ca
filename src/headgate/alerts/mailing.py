"""Mails of notifications: claimed, handed over with no transaction open, and their outcome written down.

A claim is committed before the first byte leaves. Where a process dies in between, its claim runs out, and nobody knows whether
the mail left: it is not sent again. What surely did not leave is tried again later, three times in all; what the server refuses
for good is not. The notification stays, whatever becomes of its mail.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from headgate import audit, tenants
from headgate.alerts.model import TRIES_MAX, MailStatus
from headgate.alerts.preferences import opened_addresses
from headgate.alerts.smtp import Handed, Mail, hand_over
from headgate.core import egress, log, mailers
from headgate.core.db import Tx
from headgate.jobs import Outside

AT_ONCE: Final = 50
ROUNDS_MAX: Final = 20
CLAIM_SECONDS: Final = 3_600
"""How long a claim lasts: longer than fifty mails to a server that answers at its slowest."""
WAITS: Final = (timedelta(minutes=1), timedelta(minutes=15))
"""After the first and after the second try."""

_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Posted:
    """What a round did, in mails."""

    sent: int = 0
    later: int = 0
    failed: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class _Claimed:
    notification_id: str
    recipient: str
    title: str
    message: str
    tries: int


def send_due(outside: Outside) -> dict[str, int] | None:
    """A round for one tenant, as the job runs it; None where there was nothing to do."""
    done = send_mails(outside)
    found = {name: getattr(done, name) for name in Posted.__slots__}
    return found if any(found.values()) else None


def send_mails(outside: Outside, *, client: egress.Client | None = None, tls: ssl.SSLContext | None = None) -> Posted:
    """Hand over what is due of a tenant's mails, and give up what nobody knows of."""
    with outside.begin() as tx:
        config, lost = tx.config, _give_up_lost(tx)
        is_test = not tenants.current_tenant(tx).livemode
    done = Posted(unknown=lost)
    if config.smtp_url is None or config.mail_from is None:
        return done
    server = mailers.read(config.smtp_url)
    client = client or egress.Client.from_config(config)
    for _ in range(ROUNDS_MAX):
        with outside.begin() as tx:
            claimed = _claim(tx)
            known = opened_addresses(tx, {one.recipient for one in claimed})
        if not claimed:
            break
        mails = [
            Mail(one.notification_id, known[one.recipient], ("[TEST] " if is_test else "") + one.title, one.message)
            for one in claimed
            if one.recipient in known
        ]
        # An address that was taken back meanwhile: nothing is sent, and the mail is done with.
        gone = [Handed(one.notification_id, "refused") for one in claimed if one.recipient not in known]
        tries = {one.notification_id: one.tries for one in claimed}
        for handed in (*gone, *hand_over(client, server, config.mail_from, mails, tls=tls)):
            with outside.begin() as tx:
                done = _count(done, _record(tx, handed, tries[handed.id]))
    return done


def _claim(tx: Tx) -> list[_Claimed]:
    """Mails that are due, each with its try counted."""
    return tx.all(
        """
        WITH due AS (
          SELECT m.notification_id
            FROM alerts.mails m
           WHERE m.tenant_id = %(tenant)s AND m.status = 'waiting' AND m.next_at <= %(now)s
           ORDER BY m.notification_id
           LIMIT %(limit)s
             FOR UPDATE SKIP LOCKED)
        UPDATE alerts.mails m
           SET status = 'sending', tries = m.tries + 1, changed_at = clock_timestamp(),
               claimed_until = clock_timestamp() + make_interval(secs => %(claim)s)
          FROM due, alerts.notifications n
         WHERE m.tenant_id = %(tenant)s AND m.notification_id = due.notification_id
           AND n.tenant_id = m.tenant_id AND n.id = m.notification_id
        RETURNING m.notification_id, n.recipient, n.title, n.message, m.tries
        """,
        {"tenant": tx.tenant_id, "now": tx.now(), "limit": AT_ONCE, "claim": CLAIM_SECONDS},
        row=_Claimed,
    )


def _record(tx: Tx, handed: Handed, tries: int) -> MailStatus:
    """Write an outcome down; the mail's status since."""
    status: MailStatus
    if handed.outcome in ("sent", "unknown"):
        status = "sent" if handed.outcome == "sent" else "unknown"
    elif handed.outcome == "refused" or tries >= TRIES_MAX:
        status = "failed"
    else:
        status = "waiting"
    facts = {
        "tenant": tx.tenant_id,
        "id": handed.id,
        "status": status,
        "try": tries,
        "outcome": handed.outcome,
        "code": handed.reply_code,
        "next_at": tx.now() + WAITS[min(tries, len(WAITS)) - 1],
    }
    moved = tx.touched(
        """
        UPDATE alerts.mails SET status = %(status)s, claimed_until = NULL, changed_at = clock_timestamp(),
               next_at = CASE WHEN %(status)s = 'waiting' THEN %(next_at)s ELSE next_at END
         WHERE tenant_id = %(tenant)s AND notification_id = %(id)s AND status = 'sending' AND tries = %(try)s
        """,
        facts,
    )
    if moved:
        _told(tx, facts)
    return status


def _told(tx: Tx, facts: dict[str, object]) -> None:
    tx.run(
        """
        INSERT INTO alerts.mail_tries (tenant_id, notification_id, try_no, outcome, reply_code)
        VALUES (%(tenant)s, %(id)s, %(try)s, %(outcome)s, %(code)s)
        """,
        facts,
    )
    if facts["status"] == "sent":
        tx.run("UPDATE alerts.notifications SET email_sent = true WHERE tenant_id = %(tenant)s AND id = %(id)s", facts)
    if facts["status"] in ("failed", "unknown"):
        about = {"notification_id": facts["id"], "outcome": facts["outcome"], "reply_code": facts["code"]}
        audit.record(tx, type="alerts.mail.given_up", data={**about, "tries": facts["try"]})
        _LOG.warning("a notification's mail was given up", extra=about)


def _give_up_lost(tx: Tx) -> int:
    """Claims that ran out: whoever held them died, and nobody knows whether the mail left."""
    lost = tx.all(
        """
        SELECT m.notification_id AS id, m.tries
          FROM alerts.mails m
         WHERE m.tenant_id = %(tenant)s AND m.status = 'sending' AND m.claimed_until < clock_timestamp()
         ORDER BY m.notification_id
           FOR UPDATE SKIP LOCKED
        """,
        {"tenant": tx.tenant_id},
    )
    for row in lost:
        _record(tx, Handed(row["id"], "unknown"), row["tries"])
    return len(lost)


def _count(done: Posted, status: MailStatus) -> Posted:
    counts: Sequence[tuple[str, MailStatus]] = (
        ("sent", "sent"),
        ("later", "waiting"),
        ("failed", "failed"),
        ("unknown", "unknown"),
    )
    return Posted(**{name: getattr(done, name) + (status == word) for name, word in counts})
