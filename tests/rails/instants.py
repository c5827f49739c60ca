"""Factories for the tests of instant payments: an order, a rail, and the messages of one payment's life."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache

from headgate.core.money import Money
from headgate.rails import Company, RailOrder
from headgate.rails.instant_asking import AskingInstantRail as InstantRail
from headgate.rails.iso20022 import FEDNOW, NETWORKS, Message, Network, Node, build, build_requests, identifiers
from headgate.rails.iso20022.build import Address, Payment, Side

AT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
"""Ten in the morning, Eastern time."""

TUESDAY = date(2026, 11, 24)
OURS = "231380104"
THEIRS = "021000021"
LISLE = Address("Lisle", street="Dream Road", building="450", post_code="60532", state="IL")


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


def rail(network: Network = FEDNOW, **changes: object) -> InstantRail:
    facts: dict[str, object] = {"network": network, "routing": OURS, "account": "000123456789", "address": LISLE}
    return InstantRail(**{**facts, "is_simulated": True, **changes})  # type: ignore[arg-type]


def order(attempt_id: str = "att_1", **changes: object) -> RailOrder:
    facts: dict[str, object] = {
        "attempt_id": attempt_id,
        "amount": usd("1250.50"),
        "direction": "credit",
        "receiver_routing": THEIRS,
        "receiver_account": "7654321",
        "receiver_account_type": "checking",
        "receiver_name": "Maria Lindqvist",
        "individual_id": f"ref-{attempt_id}",
        "sec_code": "PPD",
        "description": "PAYROLL",
        "company": Company("ACME INC", "1234567890"),
        "effective_on": TUESDAY,
    }
    return RailOrder(**{**facts, **changes})  # type: ignore[arg-type]


def payment(network: Network = FEDNOW, **changes: object) -> Payment:
    facts = Payment(
        message_id=identifiers.message_id(network, OURS, AT, "att_1"),
        created_at=AT,
        instruction_id=identifiers.instruction_id(network, OURS, AT, "att_1"),
        end_to_end_id="ref-att_1",
        uetr=identifiers.uetr(network, "att_1"),
        amount=usd("1250.50"),
        debtor=Side("ACME INC", "000123456789", OURS, LISLE),
        creditor=Side("Maria Lindqvist", "7654321", THEIRS),
        category_purpose=network.category_purposes[0],
        remittance="PAYROLL",
    )
    return replace(facts, **changes)  # type: ignore[arg-type]


@cache
def messages(name: str) -> dict[str, Message]:
    """One sound message of each kind that a network has, by its kind."""
    network = NETWORKS[name]
    sent = payment(network)
    paid = build.transfer(network, sent)
    recall = build.recall_request(network, sent, AT, "DUPL")
    asked = payment(
        network, kind="pain.013", creditor=Side("ACME INC", "000123456789", OURS), debtor=Side("Client", "77", THEIRS)
    )
    request = build_requests.payment_request(network, asked, expires_on=date(2026, 11, 27))
    made = [
        paid,
        build.status_request(network, sent, AT, 1),
        build.status_report(network, paid, "RJCT", sender=THEIRS, at=AT, reason="AC04"),
        recall,
        build.recall_answer(network, recall, "RJCR", at=AT, reason="CUST"),
        request,
        build_requests.request_answer(network, request, "RJCT", at=AT, reason="AM04"),
    ]
    if network.has_returns:
        made.append(build.payment_return(network, paid, at=AT, reason="AC04"))
    made.append(build.message_reject(network, paid, "T505", at=AT))
    return {message.kind: message for message in made}


ALL = [(name, kind) for name in NETWORKS for kind in messages(name)]
"""Every network with every kind of message that it has."""


def edit(node: Node, path: str, **changes: object) -> Node:
    """The tree with the first element at a path changed; `name=None` takes it out, `times=2` doubles it."""
    name, _, rest = path.partition("/")
    children: list[Node] = []
    done = False
    for child in node.children:
        if child.name != name or done:
            children.append(child)
            continue
        done = True
        if rest:
            children.append(edit(child, rest, **changes))
        elif changes.get("name", "") is not None:
            kept = {key: value for key, value in changes.items() if key != "times"}
            children += [replace(child, **kept)] * int(str(changes.get("times", 1)))  # type: ignore[arg-type]
    assert done, f"there is no {path}"
    return replace(node, children=tuple(children))


def put(message: Message, path: str, text: str) -> Message:
    """The message with another text at a path."""
    return replace(message, body=edit(message.body, path, text=text))


def drop(message: Message, path: str) -> Message:
    """The message without the element at a path."""
    return replace(message, body=edit(message.body, path, name=None))
