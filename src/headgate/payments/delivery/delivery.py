"""Delivery: the bytes that were fixed go to the bank, outside any transaction, and what is known of it is recorded.

Before a file's first byte leaves, the try is written down; the bytes travel under a temporary name, which is renamed. So
after a crash one looks, in this order: acknowledgements, outbound, archive, the try's temporary (rails/handover.py says
what follows from it). Proved there: it is recorded. Proved absent: the same name and bytes go again. Else the file is
`outcome_unknown`, with a case, until two people say what became of it; the database lets nobody try again before that.

A tenant's files are delivered by one process at a time, which holds a lock on a connection of its own and asks for it
again before each rename.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import psycopg

from headgate import audit, cases, messaging, rails, tenants
from headgate.core import log
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import HeadgateError
from headgate.core.places import Place, Unseen
from headgate.payments.delivery import tries
from headgate.payments.delivery.acknowledging import acknowledge, expecting_a_word
from headgate.payments.delivery.bank_places import Places, opened
from headgate.payments.files import files
from headgate.payments.model import AchFile
from headgate.rails import handover

ACTOR = Actor.system("ach_delivery")
FILES_MAX = 1000
"""How many files one round delivers."""

_LOG = log.get(__name__)


def deliver_all(database: Database) -> None:
    """Deliver the waiting files of every tenant."""
    for tenant_id in tenants.tenant_ids(database):
        deliver(database, tenant_id)


def deliver(database: Database, tenant_id: UUID) -> list[AchFile]:
    """Hand this tenant's waiting files to their banks, the oldest first; those that are now known to be delivered.

    Acknowledgements are read first. What fails for one file, or is not known of it, does not hold up the others. Where
    another process is delivering for this tenant, it is left to do so.
    """
    if not any(_on_their_way(database, tenant_id)):
        return []
    with _alone(database, tenant_id) as still_alone:
        if still_alone is None:
            return []
        with opened(database, tenant_id, actor=ACTOR) as places:
            return _round(database, tenant_id, places, still_alone)


def _round(database: Database, tenant_id: UUID, places: Places, still_alone: Callable[[], None]) -> list[AchFile]:
    waiting, expecting = _on_their_way(database, tenant_id)
    said = acknowledge(database, tenant_id, places, [*waiting, *expecting], actor=ACTOR)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        banks = files.banks_of(tx, waiting)
    delivered = []
    for file in waiting:
        bank = banks[file.id].name if file.id in banks else None
        word = said.get(file.id, "nothing")
        try:
            done = _Delivery(database, tenant_id, places.of(bank), places.address(bank), file, word, still_alone).run()
        except Unseen as error:
            _LOG.warning("a file waits", extra={"file_id": file.id, "why": str(error)})
            continue
        except HeadgateError as error:
            _LOG.error("a file could not be delivered", exc_info=error, extra={"file_id": file.id})
            _open_case(database, tenant_id, file, "delivery_failed", error.message)
            continue
        delivered += [done] if done and done.status == "delivered" else []
    return delivered


def _on_their_way(database: Database, tenant_id: UUID) -> tuple[list[AchFile], list[AchFile]]:
    """The files that wait for delivery, the oldest first, and those of which the bank may still say something."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        waiting = [
            file
            for status in ("pending", "outcome_unknown")
            for file in files.list_files(tx, status=status, limit=FILES_MAX)
        ]
        expecting = expecting_a_word(tx, files.list_files(tx, status="delivered", limit=FILES_MAX))
    return sorted(waiting, key=lambda file: file.id), expecting


@dataclass(frozen=True, slots=True)
class _Delivery:
    """One file's way in one round."""

    database: Database
    tenant_id: UUID
    place: Place
    address: str
    file: AchFile
    acknowledged: handover.AckLook
    still_alone: Callable[[], None]

    def run(self) -> AchFile | None:
        """Look, judge, act. Raises what the file's profile or bytes raise; what cannot be seen now waits."""
        with self._begin() as tx:
            bank = files.bank_of(tx, self.file)
            content = files.file_bytes(tx, self.file.id)
            standing = tries.standing(tx, self.file.id)
        rails.banks.acknowledgement_of(bank)  # what is to be entered of it stands in the way, and is named
        terms = bank.ach.delivery if bank.ach else None
        assert terms is not None, "a profile that writes files says how they are handed over"
        known = handover.what_is_known(self._look(terms, content, standing))
        if known.standing == "unseen":
            return None
        if known.may_be_sent:
            return self._send(terms, bank.name, content, standing, known)
        return self._record(known, standing.tries)

    def _look(self, terms: rails.banks.Delivery, content: bytes, standing: tries.Standing) -> handover.Sighting:
        """Outbound before archive: what moves on while we look is seen in the later place.

        What was tried elsewhere, before the tenant named this place, is not proved absent by its not being here.
        """
        outbound = self._seen(terms.outbound, content)
        archive = self._seen(terms.archive, content) if terms.archive else "nothing"
        temporary: Literal["something", "nothing", "unseen"] = "nothing"
        is_elsewhere = standing.is_begun and standing.place != self.address
        if standing.is_begun and not is_elsewhere:
            try:
                there = self.place.has(terms.outbound, self._temporary(terms, standing.tries))
                temporary = "something" if there else "nothing"
            except Unseen:
                temporary = "unseen"
        return handover.Sighting(
            is_begun=standing.is_begun,
            outbound=outbound,
            archive=archive,
            temporary=temporary,
            acknowledged=self.acknowledged,
            removes="never" if terms.removes == "never" and not is_elsewhere else "may",
        )

    def _seen(self, folder: str, content: bytes) -> handover.Look:
        try:
            return self.place.look(folder, self.file.name, content)
        except Unseen as error:
            _LOG.warning("a folder of the bank cannot be seen", extra={"file_id": self.file.id, "why": str(error)})
            return "unseen"

    def _send(
        self,
        terms: rails.banks.Delivery,
        bank: str,
        content: bytes,
        standing: tries.Standing,
        known: handover.Known,
    ) -> AchFile | None:
        """Begin a try in the database, hand the bytes over, and write down that they arrived."""
        # Who wrote a temporary can rename it until it is gone: only its removal makes sure that nobody will.
        if known.basis == "temporary" and not self.place.remove(terms.outbound, self._temporary(terms, standing.tries)):
            return None
        try_no = standing.tries + 1
        with self._begin() as tx:
            if tries.standing(tx, self.file.id, lock=True) != standing:
                return None
            if standing.is_begun:
                tries.prove(tx, self.file.id, try_no=standing.tries, verdict="absent", basis=known.basis)
            tries.begin(tx, self.file.id, try_no=try_no, bank=bank, place=self.address)
        try:
            self.place.put(
                terms.outbound, self._temporary(terms, try_no), self.file.name, content, before_rename=self.still_alone
            )
        except Unseen as error:
            # How far it came is not known: the next round looks.
            _LOG.warning("a file was not handed over", extra={"file_id": self.file.id, "why": str(error)})
            return None
        return self._record(handover.Known("delivered", "outbound"), try_no, basis="handed_over")

    def _record(self, known: handover.Known, try_no: int, *, basis: str | None = None) -> AchFile:
        """Write down what is known, once, with a case where people must look."""
        verdicts: dict[str, tries.Verdict] = {"delivered": "delivered", "rejected": "rejected", "unknown": "unknown"}
        with self._begin() as tx:
            if known.standing in verdicts:
                tries.prove(
                    tx, self.file.id, try_no=try_no, verdict=verdicts[known.standing], basis=basis or known.basis
                )
            if known.standing == "delivered":
                return mark(tx, self.file, "delivered")
            if known.standing == "rejected":
                return files.get_file(tx, self.file.id)  # acknowledge() has said so already
            if known.standing == "unknown":
                mark(tx, self.file, "outcome_unknown")
        _open_case(self.database, self.tenant_id, self.file, "delivery_unknown", _NEXT[known.basis])
        with self._begin() as tx:
            return files.get_file(tx, self.file.id)

    def _temporary(self, terms: rails.banks.Delivery, try_no: int) -> str:
        return rails.banks.temporary_name(terms.temporary, name=self.file.name, try_no=try_no)

    @contextmanager
    def _begin(self) -> Iterator[Tx]:
        with self.database.begin(tenant_id=self.tenant_id, actor=ACTOR) as tx:
            yield tx


_NEXT = {
    "other_bytes": "other bytes lie under this name at the bank; find out who wrote them",
    "other_totals": "the bank acknowledges this file with other totals than were sent; ask the bank what it has",
    "may_be_removed": "it was being handed over when the process ended, and the bank may have taken it; ask the bank, "
    "then let two people say whether it has it (payments.delivery)",
}
"""What a person does next, by what the doubt rests on."""


def mark(tx: Tx, file: AchFile, status: Literal["delivered", "outcome_unknown", "rejected"]) -> AchFile:
    """Move a file on, and announce it, where it is not there yet."""
    moved = tx.touched(
        """
        UPDATE payments.ach_files
           SET status = %(status)s,
               delivered_at = CASE WHEN %(status)s = 'delivered' THEN %(now)s ELSE delivered_at END
         WHERE tenant_id = %(tenant)s AND id = %(id)s AND status <> %(status)s AND status <> 'settled'
        """,
        {"tenant": tx.tenant_id, "id": file.id, "status": status, "now": tx.now()},
    )
    if moved:
        facts = files.facts(file)
        audit.record(tx, type=f"payments.file.{status}", data=facts)
        messaging.publish(
            tx, event_type=f"payments.file.{status}", aggregate_type="ach_file", aggregate_id=file.id, payload=facts
        )
    return files.get_file(tx, file.id)


def _open_case(database: Database, tenant_id: UUID, file: AchFile, category: str, then: str) -> None:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        cases.open_case(
            tx,
            key=f"{category}:{file.id}",
            category=category,
            severity="high",
            detail={**files.facts(file), "next": then},
        )


@contextmanager
def _alone(database: Database, tenant_id: UUID) -> Iterator[Callable[[], None] | None]:
    """Be the only one who delivers for this tenant: what makes sure that one still is, or None where another does."""
    # The dispatcher's connection goes to the server itself: behind a pooler a session's lock would not be ours.
    with database.connect("dispatcher") as lock:
        key = {"key": f"payments.delivery:{tenant_id}"}
        taken = lock.execute("SELECT pg_try_advisory_lock(hashtextextended(%(key)s, 0))", key).fetchone()
        if taken is None or not taken[0]:
            yield None
            return

        def still_alone() -> None:
            try:
                lock.execute("SELECT 1")
            except psycopg.Error as error:
                raise Unseen("the lock was lost") from error

        try:
            yield still_alone
        finally:
            # Given back before the connection goes: a server that is told of its end later would keep the next one out.
            with suppress(psycopg.Error):
                lock.execute("SELECT pg_advisory_unlock_all()")
