"""One instruction: naming the account of what is owed to somebody who had none."""

from __future__ import annotations

from headgate import audit, parties
from headgate.core.db import Tx
from headgate.core.errors import Conflict
from headgate.payments.errors import InvalidPayroll, NoSuchInstruction
from headgate.payments.search import InstructionRow, rows_by_ids


def get_instruction(tx: Tx, payment_id: str) -> InstructionRow:
    """One payment as a list shows it. Raises NoSuchInstruction."""
    rows = rows_by_ids(tx, [payment_id])
    if not rows:
        raise NoSuchInstruction(f"there is no payment {payment_id[:40]}", payment_id=payment_id[:40])
    return rows[0]


def name_account(tx: Tx, *, payment_id: str, bank_account_id: str) -> InstructionRow:
    """Say to which account an obligation goes that came without one: a tax agency's, a third party's.

    Raises NoSuchInstruction, Conflict where the payment has an account or has left already, InvalidPayroll where the
    account is none of a payee of its legal entity.
    """
    row = tx.maybe(
        """
        SELECT legal_entity_id, bank_account_id, status
          FROM payments.instructions
         WHERE tenant_id = %(tenant)s AND id = %(id)s
           FOR NO KEY UPDATE
        """,
        {"tenant": tx.tenant_id, "id": payment_id},
    )
    if row is None:
        raise NoSuchInstruction(f"there is no payment {payment_id[:40]}", payment_id=payment_id[:40])
    if row["bank_account_id"] is not None or row["status"] not in ("pending", "awaiting_funding", "blocked_funds"):
        raise Conflict(f"payment {payment_id} has its account already; what is to be paid to whom is not edited")
    standing = parties.standings(tx, [bank_account_id]).get(bank_account_id)
    if standing is None or standing.legal_entity_id != row["legal_entity_id"]:
        raise InvalidPayroll(f"{bank_account_id[:40]} is no bank account of a payee of this legal entity")
    tx.run(
        """
        UPDATE payments.instructions SET bank_account_id = %(account)s, payee_id = %(payee)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": payment_id, "account": bank_account_id, "payee": standing.party_id},
    )
    audit.record(
        tx,
        type="payments.instruction.account_named",
        data={"payment_id": payment_id, "bank_account_id": bank_account_id, "last4": standing.last4},
        payment_id=payment_id,
    )
    return get_instruction(tx, payment_id)
