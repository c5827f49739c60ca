"""What can be done about a bank's place: try it, and log in there with another secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import payments
from headgate.console.acts import Act, Done, Form, OutsideAct
from headgate.console.desk import Desk
from headgate.core.db import Tx
from headgate.core.errors import Malformed, Refused


def _try(desk: Desk, bank: str, form: Form) -> Done | Refused:
    tried = payments.try_place(
        desk.database, desk.seat.tenant_id, bank=bank, actor=desk.seat.actor, seconds_max=payments.DOOR_SECONDS_MAX
    )
    if tried.is_ok:
        count = sum(one.files for one in tried.folders)
        return Done(f"Tried {bank}: all {len(tried.folders)} folders are there, with {count:,} files.", "/places")
    unseen = [one.folder or one.purpose for one in tried.folders if not one.is_ok]
    why = tried.problem or f"not seen: {', '.join(unseen)}"
    return Refused("payments.place_unwell", f"{tried.address}: {why}", {"bank": bank})


def _rotate(tx: Tx, bank: str, form: Form) -> Done:
    key = form.get("login_key", "").replace("\r\n", "\n").strip()
    password = form.get("login_password", "")
    if bool(key) == bool(password):
        raise Malformed("give the new private key or the new password: one of them")
    made = payments.rotate_login(tx, bank=bank, key=f"{key}\n" if key else None, password=password or None)
    return Done(
        f"The login at {made.host} is by the new {'private key' if key else 'password'} from now on. Try it now: "
        "the old one is forgotten.",
        "/places",
    )


ACTS: Final[Mapping[str, Act | OutsideAct]] = {
    "try": OutsideAct("payments.manage", _try),
    "rotate": Act("tenants.manage", _rotate),
}
