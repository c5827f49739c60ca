"""What the client is told when the gate stays shut: Headgate's words, or the tenant's own."""

from __future__ import annotations

from collections.abc import Mapping

from headgate import audit
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.funding.errors import InvalidSetting
from headgate.funding.model import CLIENT_MESSAGE
from headgate.funding.policies import registered

FUNDS = "insufficient_funds"


def defaults() -> Mapping[str, str]:
    """Each message by its key: what lacks, or the policy that is violated."""
    return {FUNDS: CLIENT_MESSAGE, **{name: policy.client_message for name, policy in registered().items()}}


def set_template(tx: Tx, *, key: str, text: str) -> None:
    """Say it in the tenant's own words; `{amount}` stands for what is missing. Raises InvalidSetting."""
    if key not in defaults():
        raise InvalidSetting(f"'{key[:40]}' is no message; there are {', '.join(defaults())}")
    if not 1 <= len(text) <= 500 or set("{}") & set(text.replace("{amount}", "")):
        raise InvalidSetting("a message has 1 to 500 characters, and {amount} is all that it may fill in")
    tx.run(
        """
        INSERT INTO funding.message_templates (tenant_id, key, text)
        VALUES (%(tenant)s, %(key)s, %(text)s)
            ON CONFLICT (tenant_id, key) DO UPDATE
           SET text = EXCLUDED.text, changed_by = core.actor_id(), changed_at = clock_timestamp()
        """,
        {"tenant": tx.tenant_id, "key": key, "text": text},
    )
    audit.record(tx, type="funding.message.changed", data={"key": key, "text": text})


def templates(tx: Tx) -> Mapping[str, str]:
    """Every message as it is told now."""
    own = tx.all(
        "SELECT key, text FROM funding.message_templates WHERE tenant_id = %(tenant)s", {"tenant": tx.tenant_id}
    )
    return {**defaults(), **{row["key"]: row["text"] for row in own}}


def message(tx: Tx, key: str, *, shortfall: Money) -> str:
    """What the client is told."""
    text = shortfall.format()
    amount = f"${text.removesuffix(' USD')}" if shortfall.currency == "USD" else text
    return templates(tx)[key].replace("{amount}", amount)
