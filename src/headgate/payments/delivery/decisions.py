"""Two people's word on a file of which nobody knows whether the bank has it.

One asks, having asked the bank; another approves exactly that. `delivered`: the bank has it. `absent`: it has not, and the
same name and bytes are handed over again. Nothing else lets a file go twice, and the database holds that too.
"""

from __future__ import annotations

from typing import Final, Literal

from headgate import audit, cases
from headgate.core.db import Tx
from headgate.payments.delivery import tries
from headgate.payments.delivery.delivery import mark
from headgate.payments.errors import NothingToDecide
from headgate.payments.files import files
from headgate.payments.model import AchFile

DELIVERY: Final = "payments.delivery"
Word = Literal["delivered", "absent"]


def request_delivery_decision(tx: Tx, *, file_id: str, verdict: Word, reason: str) -> cases.Approval:
    """Ask another person to say with you what became of a file. Nothing changes yet.

    Raises NoSuchFile, NothingToDecide, and what `cases.request` raises.
    """
    file = _undecided(tx, file_id)
    return cases.request(tx, action=DELIVERY, subject=file_id, document=_document(tx, file, verdict), reason=reason)


def decide_delivery(tx: Tx, *, approval_id: str) -> AchFile:
    """Do what was approved, once: record the file as delivered, or let it be handed over again.

    Raises NothingToDecide where it is known by now, or was tried again since; and what `cases.consume` raises.
    """
    approval = require_delivery(tx, approval_id)
    standing = tries.standing(tx, approval.subject, lock=True)
    file = _undecided(tx, approval.subject)
    verdict: Word = approval.payload["verdict"]
    if _document(tx, file, verdict) != approval.payload:
        raise NothingToDecide(f"{file.id} has been tried again since {approval_id} was asked for; ask anew")
    cases.consume(tx, approval_id=approval_id, action=DELIVERY, document=approval.payload)
    tries.prove(
        tx, file.id, try_no=standing.tries, verdict=verdict, basis="people", approval_id=approval_id,
        detail={"reason": approval.reason},
    )  # fmt: skip
    if verdict == "delivered":
        return mark(tx, file, "delivered")
    tx.run(
        """
        UPDATE payments.ach_files SET status = 'pending'
         WHERE tenant_id = %(tenant)s AND id = %(id)s AND status = 'outcome_unknown'
        """,
        {"tenant": tx.tenant_id, "id": file.id},
    )
    audit.record(tx, type="payments.file.to_be_sent_again", data={**files.facts(file), "approval_id": approval_id})
    return files.get_file(tx, file.id)


def approve_delivery(tx: Tx, *, approval_id: str, digest: str) -> AchFile:
    """Say yes as another person than who asked, and do at once what was asked for.

    Raises as `cases.approve`, then as `decide_delivery`.
    """
    require_delivery(tx, approval_id)
    cases.approve(tx, approval_id=approval_id, digest=digest)
    return decide_delivery(tx, approval_id=approval_id)


def require_delivery(tx: Tx, approval_id: str) -> cases.Approval:
    """The request, where it is about a file's delivery. Raises NothingToDecide, NoSuchApproval."""
    approval = cases.get_approval(tx, approval_id)
    if approval.action != DELIVERY:
        raise NothingToDecide(f"{approval_id} approves {approval.action}, not what became of a file")
    return approval


def open_requests(tx: Tx, *, file_id: str | None = None) -> list[cases.Approval]:
    """What was asked for about files (or one), and is neither used nor over: the newest first."""
    asked = cases.list_approvals(tx, action=DELIVERY, subject=file_id, limit=200)
    return [one for one in asked if one.status in ("pending", "approved")]


def _undecided(tx: Tx, file_id: str) -> AchFile:
    file = files.get_file(tx, file_id)
    if file.status != "outcome_unknown" or not tries.standing(tx, file_id).is_begun:
        raise NothingToDecide(
            f"file {file_id} is {file.status.replace('_', ' ')}: people decide only where nobody knows what became of a try",
            status=file.status,
        )
    return file


def _document(tx: Tx, file: AchFile, verdict: Word) -> dict[str, object]:
    """What is approved: the file, the try, and what is said of it."""
    return {
        "file_id": file.id,
        "name": file.name,
        "sha256": file.sha256.hex(),
        "try_no": tries.standing(tx, file.id).tries,
        "verdict": verdict,
        "entry_count": file.entry_count,
        "credit_minor": file.credit_minor,
        "debit_minor": file.debit_minor,
        "currency": file.currency,
    }
