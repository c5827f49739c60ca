"""Acknowledgements: what the bank says of files that it was handed, read from the folder that its profile names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from headgate import audit, cases, messaging, rails
from headgate.core import log
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import HeadgateError
from headgate.core.money import Money
from headgate.core.places import Place, Unseen
from headgate.payments.delivery import tries
from headgate.payments.delivery.bank_places import Places
from headgate.payments.files import files
from headgate.payments.model import AchFile
from headgate.payments.returns import refusals
from headgate.rails import acknowledgements, handover

_LOG = log.get(__name__)


def acknowledge(
    database: Database, tenant_id: UUID, places: Places, of: Sequence[AchFile], *, actor: Actor
) -> dict[str, handover.AckLook]:
    """Read the acknowledgements of these files, record what they say, and answer what the bank says of each.

    A file with a rejection becomes `rejected`, and the money of its payments is the client's again (refusals.py); so is
    that of single entries or batches that the bank names. One with other totals than were sent gets a case; so does one
    whose acknowledgement is overdue, and an acknowledgement that cannot be read.
    """
    found: dict[str, handover.AckLook] = {}
    with database.begin(tenant_id=tenant_id, actor=actor) as tx:
        banks = files.banks_of(tx, of)
    for name in sorted({bank.name for bank in banks.values()}):
        own = [file for file in of if file.id in banks and banks[file.id].name == name]
        terms = _terms(banks[own[0].id])
        if terms is None:
            continue
        try:
            contents = list(_contents(places.of(name), terms, own))
        except Unseen as error:
            _LOG.warning("acknowledgements cannot be seen", extra={"bank": name, "why": str(error)})
            found.update((file.id, "unseen") for file in own)
            continue
        with database.begin(tenant_id=tenant_id, actor=actor) as tx:
            for filename, content in contents:
                found.update(_take(tx, terms, own, filename, content))
            _open_overdue(tx, terms, own, found)
    return found


def expecting_a_word(tx: Tx, of: Sequence[AchFile]) -> list[AchFile]:
    """Those of these files whose bank says in acknowledgement files what it has."""
    banks = files.banks_of(tx, of)
    return [file for file in of if file.id in banks and _terms(banks[file.id]) is not None]


def _terms(bank: rails.banks.Profile) -> rails.banks.Acknowledgement | None:
    """How a bank acknowledges by file; None where it does not, or where that is still to be entered."""
    try:
        terms = rails.banks.acknowledgement_of(bank)
    except HeadgateError:
        return None  # delivery meets the same, and names it
    return terms if terms is not None and terms.kind == "file" else None


def _contents(place: Place, terms: rails.banks.Acknowledgement, own: Sequence[AchFile]) -> Iterable[tuple[str, bytes]]:
    """The acknowledgement files that may speak of these files of ours."""
    names, references = {file.name for file in own}, {file.reference for file in own}
    for filename in place.names(terms.folder):
        matched = terms.name.fullmatch(filename) if terms.name else None
        if matched is None:
            continue
        of = matched.groupdict()
        if of.get("name", "") in names or of.get("reference", "") in references or not any(of.values()):
            yield filename, place.read(terms.folder, filename, acknowledgements.BYTES_MAX + 1)


def _take(
    tx: Tx, terms: rails.banks.Acknowledgement, own: Sequence[AchFile], filename: str, content: bytes
) -> dict[str, handover.AckLook]:
    said, unread = acknowledgements.read_acknowledgements(content, terms, filename=filename)
    digest = hashlib.sha256(content).hexdigest()
    if unread:
        cases.open_case(
            tx,
            key=f"acknowledgement_unread:{digest}",
            category="acknowledgement_unread",
            severity="medium",
            detail={
                "acknowledgement": filename,
                "sha256": digest,
                "problems": [f"line {each.line}: {each.message}" for each in unread],
            },
        )
    found: dict[str, handover.AckLook] = {}
    evidence = {"acknowledgement": filename, "sha256": digest}
    for one in said:
        for file in own:
            handed = _handed(file)
            if not one.is_of_a_part and acknowledgements.is_of(one, handed):
                differ = acknowledgements.differences(one, handed)
                look: handover.AckLook = "differs" if differ else one.verdict
                _record(tx, file, look, {**evidence, "differ": list(differ)}, one.reason)
                # A rejection is not undone by a second, kinder word: people look.
                found[file.id] = "rejected" if found.get(file.id) == "rejected" else look
    for file in own:
        if _refuse_parts(tx, file, [one for one in said if one.is_of_a_part], evidence) and file.id not in found:
            _record(tx, file, "accepted", {**evidence, "differ": []}, "")  # It has the file, whose parts it names.
            found[file.id] = "accepted"
    return found


def _refuse_parts(
    tx: Tx, file: AchFile, parts: Sequence[acknowledgements.Acknowledged], evidence: Mapping[str, Any]
) -> bool:
    """Record entries and batches of a file that the bank refuses; it takes the others. Whether it names any."""
    named = refusals.named_entries(tx, file, [one for one in parts if acknowledgements.is_of(one, _handed(file))])
    if not named:
        return False
    tries.standing(tx, file.id, lock=True)
    held = files.get_file(tx, file.id)
    for reason in sorted(set(named.values())):
        traces = [trace for trace, why in named.items() if why == reason]
        done = refusals.refuse_file(tx, held, reason=reason, evidence=evidence, traces=traces)
        if done.refused:
            facts = {**files.facts(file), **evidence, "refused": len(done.refused), "refused_minor": done.refused_minor}
            audit.record(tx, type="payments.file.partly_rejected", data=facts)
            messaging.publish(
                tx,
                event_type="payments.file.partly_rejected",
                aggregate_type="ach_file",
                aggregate_id=file.id,
                payload=facts,
            )
    return True


def _record(tx: Tx, file: AchFile, look: handover.AckLook, detail: Mapping[str, Any], reason: str) -> None:
    verdicts: dict[str, tuple[tries.Verdict, str]] = {
        "accepted": ("delivered", "acknowledgement"),
        "rejected": ("rejected", "acknowledgement"),
        "differs": ("unknown", "other_totals"),
    }
    verdict, basis = verdicts[look]
    try_no = tries.standing(tx, file.id, lock=True).tries
    if not tries.prove(tx, file.id, try_no=try_no, verdict=verdict, basis=basis, detail=detail):
        return
    facts = {**files.facts(file), **detail}
    audit.record(tx, type="payments.file.acknowledged", data={**facts, "verdict": look})
    if look == "rejected":
        refusals.refuse_file(
            tx,
            files.get_file(tx, file.id),
            reason=reason,
            evidence={key: detail[key] for key in ("acknowledgement", "sha256")},
        )
        tx.run(
            """
            UPDATE payments.ach_files SET status = 'rejected'
             WHERE tenant_id = %(tenant)s AND id = %(id)s AND status NOT IN ('settled', 'rejected')
            """,
            {"tenant": tx.tenant_id, "id": file.id},
        )
        messaging.publish(
            tx, event_type="payments.file.rejected", aggregate_type="ach_file", aggregate_id=file.id, payload=facts
        )
    if look == "differs":
        cases.open_case(
            tx,
            key=f"acknowledgement_differs:{file.id}",
            category="acknowledgement_differs",
            severity="high",
            detail={
                **facts,
                "reason": reason,
                "next": "the bank acknowledges other totals than were sent; ask the bank what it has",
            },
        )


def _open_overdue(
    tx: Tx, terms: rails.banks.Acknowledgement, own: Sequence[AchFile], found: Mapping[str, handover.AckLook]
) -> None:
    if terms.within_minutes is None:
        return
    latest = tx.now() - timedelta(minutes=terms.within_minutes)
    for file in own:
        if file.status == "delivered" and file.delivered_at and file.delivered_at < latest and file.id not in found:
            cases.open_case(
                tx,
                key=f"acknowledgement_missing:{file.id}",
                category="acknowledgement_missing",
                severity="high",
                detail={
                    **files.facts(file),
                    "next": "our own upload is no proof: ask the bank whether it has the file",
                },
            )


def _handed(file: AchFile) -> acknowledgements.Handed:
    return acknowledgements.Handed(
        name=file.name,
        reference=file.reference,
        entries=file.entry_count,
        credits=Money(file.credit_minor, file.currency),
        debits=Money(file.debit_minor, file.currency),
        sha256=file.sha256.hex(),
    )
