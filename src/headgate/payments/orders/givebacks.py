"""Money of an order that is given back by a payment of its own: as over RTP, which has no message for a return.

The payment carries the end-to-end id of ours, or its provider says which transfer of ours it gives back (Column). It is the
return of that order, and not somebody's deposit: the client has its money again, the payment came back, and a person is
told, as where the network has a message for it (pacs.004).
"""

from __future__ import annotations

from headgate import rails
from headgate.core.db import Tx
from headgate.payments.orders import answers as order_answers
from headgate.payments.outcomes import debits as debit_outcomes
from headgate.payments.outcomes import movements
from headgate.payments.outcomes.movements import Movement, Standing


def take_in(tx: Tx, of: Movement) -> Standing:
    """Let money towards us take effect: what an order gives back, else what a client pays."""
    return _given_back(tx, of) or debit_outcomes.apply(tx, of)


def _given_back(tx: Tx, of: Movement) -> Standing | None:
    """Let money towards us take effect as the return of the order whose id it carries; None where it is of none."""
    if of.direction != "debit" or of.status != "settled" or not (of.individual_id or of.reference):
        return None
    order = tx.maybe(
        """
        SELECT o.attempt_id, o.reference
          FROM payments.attempts a
          JOIN payments.orders o ON o.tenant_id = a.tenant_id AND o.attempt_id = a.id
         WHERE a.tenant_id = %(tenant)s AND o.rail = %(rail)s
           AND (a.individual_id = %(individual)s AND o.status = 'settled'
                -- What its provider names as given back, was carried out, though nobody told of that yet.
                OR o.provider_reference = %(reference)s
                   AND o.status IN ('sending', 'outcome_unknown', 'doubted', 'accepted', 'settled'))
           AND o.currency = %(currency)s AND o.amount_minor >= %(amount)s
         ORDER BY o.attempt_id DESC
         LIMIT 1
        """,
        {
            "tenant": tx.tenant_id,
            "individual": of.individual_id,
            "reference": of.reference,
            "rail": of.provider,
            "currency": of.currency,
            "amount": of.amount_minor,
        },
    )
    if order is None:
        return None
    said = rails.ProviderAnswer(
        "returned",
        order["reference"] or "",
        "the other bank gave it back by a payment of its own",
        code=of.return_code,
        message_id=of.external_trace_id,
        amount=of.amount,
    )
    order_answers.record(tx, order["attempt_id"], said, asked_by="report", waits=0, effective_on=of.effective_on)
    return movements.take_effect(tx, of, "returned", attempt_id=order["attempt_id"])
