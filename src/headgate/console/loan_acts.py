"""What can be done about a loan and a payment of one: hold it or release it, take it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import servicing
from headgate.console.acts import Act, Done, Form
from headgate.console.render import figures
from headgate.core.db import Tx

_HOLDS: Final = (("legal_hold", "legal hold"), ("stop_pay", "stop pay"), ("kyc_incomplete", "KYC incomplete"))


def _hold(tx: Tx, loan_id: str, form: Form) -> Done:
    chosen = {name: form.get(name) == "yes" for name, _ in _HOLDS}
    servicing.set_holds(
        tx, loan_id=loan_id, reason=form.get("reason", ""), legal_hold=chosen["legal_hold"],
        stop_pay=chosen["stop_pay"], kyc_incomplete=chosen["kyc_incomplete"],
    )  # fmt: skip
    named = ", ".join(word for name, word in _HOLDS if chosen[name])
    row = servicing.loan_row(tx, loan_id)
    said = f"Loan {row.external_id} is held: {named}." if named else f"Loan {row.external_id} is held no more."
    return Done(said, f"/loans/{loan_id}")


def _undo(tx: Tx, payment_id: str, form: Form) -> Done:
    row = servicing.payment_row(tx, payment_id)
    code = form.get("code", "").strip().upper() or None
    done = servicing.undo_payment(tx, payment_id=payment_id, reason=form.get("reason", ""), code=code)
    charged = "; a fee was charged for it" if done.fee_instalment_no else ""
    return Done(
        f"{figures(row.amount)} {row.currency} of loan {row.loan} was taken back; its dues are owed again{charged}.",
        f"/loan-payments/{payment_id}",
    )


LOANS: Final[Mapping[str, Act]] = {"hold": Act("servicing.manage", _hold)}
PAYMENTS: Final[Mapping[str, Act]] = {"undo": Act("servicing.manage", _undo)}
