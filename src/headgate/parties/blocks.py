"""Block and unblock: a party, or an account number wherever it turns up."""

from __future__ import annotations

from headgate import audit, messaging
from headgate.core import ids
from headgate.core.db import Tx
from headgate.parties import queries
from headgate.parties.errors import InvalidParty
from headgate.parties.model import Block, BlockReason


def block_party(tx: Tx, *, party_id: str, reason: BlockReason) -> Block:
    """Stop paying a party. Blocked twice for one reason is blocked once. Raises NoSuchParty."""
    party = queries.get_party(tx, party_id)
    return _block(tx, party_id=party.id, fingerprint=None, bank_account_id=None, reason=reason)


def block_bank_account(tx: Tx, *, bank_account_id: str, reason: BlockReason) -> Block:
    """Stop paying to an account number, at every party that has it now or later. Raises NoSuchBankAccount."""
    fingerprint = queries.fingerprint_of(tx, bank_account_id)
    return _block(tx, party_id=None, fingerprint=fingerprint, bank_account_id=bank_account_id, reason=reason)


def lift_block(tx: Tx, *, block_id: str, reason: str) -> Block:
    """Lift a block, saying why; twice is once. Raises NoSuchBlock, InvalidParty where no reason is given."""
    if not 1 <= len(reason.strip()) <= 500:
        raise InvalidParty("reason must have 1 to 500 characters: say why the block is lifted", block_id=block_id)
    block = queries.get_block(tx, block_id, for_update=True)
    if block.status == "lifted":
        return block
    tx.run(
        """
        UPDATE parties.blocks
           SET status = 'lifted', lifted_by = core.actor_id(), lifted_at = tenants.now(), lift_reason = %(reason)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": block_id, "reason": reason.strip()},
    )
    _tell(tx, "parties.block.lifted", block)
    return queries.get_block(tx, block_id)


def _block(
    tx: Tx, *, party_id: str | None, fingerprint: bytes | None, bank_account_id: str | None, reason: BlockReason
) -> Block:
    block_id = tx.value(
        """
        INSERT INTO parties.blocks (tenant_id, id, party_id, fingerprint, bank_account_id, reason, blocked_at)
        VALUES (%(tenant)s, %(id)s, %(party)s, %(fingerprint)s, %(account)s, %(reason)s, tenants.now())
            ON CONFLICT DO NOTHING
        RETURNING id
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("blk"),
            "party": party_id,
            "fingerprint": fingerprint,
            "account": bank_account_id,
            "reason": reason,
        },
    )
    if block_id is None:
        return queries.active_block(tx, party_id=party_id, fingerprint=fingerprint, reason=reason)
    block = queries.get_block(tx, block_id)
    _tell(tx, "parties.block.set", block)
    return block


def _tell(tx: Tx, event_type: str, block: Block) -> None:
    data = {
        "block_id": block.id,
        "party_id": block.party_id,
        "bank_account_id": block.bank_account_id,
        "reason": block.reason,
    }
    audit.record(tx, type=event_type, data=data)
    messaging.publish(tx, event_type=event_type, aggregate_type="block", aggregate_id=block.id, payload=data)
