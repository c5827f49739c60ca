"""What nobody knows of a thing, and two people say: one with what the bank told him, and another who says the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from headgate.console.acts import Act, Done, Form, asked_for, denying, written
from headgate.core.db import Tx
from headgate.core.errors import Malformed

W = TypeVar("W", bound=str)


def verdict_acts(
    path: str,
    *,
    action: str,
    words: Mapping[W, str],
    ask: Callable[[Tx, str, W, str], object],
    settle: Callable[[Tx, str, str], str],
    denied: str,
) -> dict[str, Act]:
    """What can be done about a thing of a page: say what the bank says (one of `words`), say so too, and deny it.

    `ask` writes down who says which word of what, and how he knows it; `settle` does what two people said by an
    approval's id and digest, and tells what follows; `denied` is what is said to who denies it.
    """

    def propose(tx: Tx, item_id: str, form: Form) -> Done:
        verdict = next((word for word in words if word == form.get("verdict")), None)
        if verdict is None:
            raise Malformed("choose what the bank says of it")
        ask(tx, item_id, verdict, written(form, "reason", what="whom you asked at the bank, and when"))
        return Done(f"Asked: another person says with you that {words[verdict]}.", f"/{path}/{item_id}")

    def allow(tx: Tx, item_id: str, form: Form) -> Done:
        asked = asked_for(tx, form, action=action, item_id=item_id)
        after = settle(tx, asked.id, form.get("digest", ""))
        return Done(f"Two people said that {words[asked.payload['verdict']]}: {after}.", f"/{path}/{item_id}")

    return {
        "propose": Act("payments.send", propose, is_personal=True),
        "allow": Act("cases.approve", allow, is_personal=True),
        "deny": denying(path, action, denied),
    }
