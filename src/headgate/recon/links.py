"""Say which bank account an account of the book mirrors."""

from __future__ import annotations

from headgate import audit, ledger
from headgate.core.db import Tx
from headgate.recon.errors import CurrencyDiffers, LinkedElsewhere
from headgate.recon.model import Link


def link_bank_account(tx: Tx, *, account: int | str, statement_id: str) -> Link:
    """Link an account of the book (id or code) to the bank account that a statement is of. Linked already is linked.

    Raises the ledger's error for an unknown account, NotFound for an unknown statement, CurrencyDiffers,
    LinkedElsewhere.
    """
    mirror = ledger.get_account(tx, account)
    statement = tx.one(
        """
        SELECT account_fingerprint, account_last4, currency FROM ingestion.statements
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": statement_id},
        what="statement",
    )
    if statement["currency"] != mirror.currency:
        raise CurrencyDiffers(
            f"the statement is in {statement['currency']}, account {mirror.code} in {mirror.currency}",
            statement_id=statement_id,
        )
    is_new = tx.touched(
        """
        INSERT INTO recon.links (tenant_id, account_id, account_fingerprint, account_last4, currency)
        VALUES (%(tenant)s, %(account)s, %(fingerprint)s, %(last4)s, %(currency)s)
            ON CONFLICT DO NOTHING
        """,
        {
            "tenant": tx.tenant_id,
            "account": mirror.id,
            "fingerprint": statement["account_fingerprint"],
            "last4": statement["account_last4"],
            "currency": statement["currency"],
        },
    )
    link = tx.one(
        """
        SELECT account_id, account_last4, currency, linked_by, linked_at FROM recon.links
         WHERE tenant_id = %(tenant)s AND account_fingerprint = %(fingerprint)s
        """,
        {"tenant": tx.tenant_id, "fingerprint": statement["account_fingerprint"]},
        row=Link,
        what="link",
    )
    if link.account_id != mirror.id:
        raise LinkedElsewhere(
            f"the bank account …{link.account_last4} mirrors another account of the book", statement_id=statement_id
        )
    if is_new:
        audit.record(
            tx,
            type="recon.account.linked",
            data={"account_id": mirror.id, "last4": link.account_last4, "statement_id": statement_id},
        )
    return link


def list_links(tx: Tx) -> list[Link]:
    """Every link, by account."""
    return tx.all(
        """
        SELECT account_id, account_last4, currency, linked_by, linked_at FROM recon.links
         WHERE tenant_id = %(tenant)s
         ORDER BY account_id, linked_at
        """,
        {"tenant": tx.tenant_id},
        row=Link,
    )
