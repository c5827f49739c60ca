"""Payments that come in: each fact once, whoever tells it again; equal keys stand and are asked about."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from tests import make
from tests.ingestion.envelopes import VECTOR, envelope, raw

from headgate import ingestion
from headgate.core.db import Database, Tx
from headgate.core.errors import IllegalMove, Refused
from headgate.ingestion import Arrival, PaymentIngestion
from headgate.ingestion.payment_ingestions import payload


def state(tx: Tx) -> dict[str, Any]:
    """How many payments came in, what was published, what is asked."""
    return tx.one(
        """
        SELECT (SELECT count(*) FROM ingestion.payment_ingestions) AS rows,
               (SELECT count(*) FROM ingestion.payment_ingestion_bodies) AS bodies,
               (SELECT array_agg(event_type ORDER BY id) FROM messaging.outbox_messages
                 WHERE event_type LIKE 'payment.%') AS published,
               (SELECT array_agg(category ORDER BY id) FROM cases.exception_cases) AS cases
        """
    )


def test_a_payment_is_kept_normalised_and_announced_once(tx: Tx) -> None:
    sent = raw(envelope(transfer="acht_1"))

    first = ingestion.ingest_payment(tx, sent)
    again = ingestion.ingest_payment(tx, sent)
    other_event = ingestion.ingest_payment(tx, raw(envelope(transfer="acht_1", message_id="msg_2")))

    assert isinstance(first, PaymentIngestion) and isinstance(again, PaymentIngestion)
    assert (first.is_new, first.status, first.channel, first.idempotency_key) == (True, "published", "ach", VECTOR)
    assert (again.is_new, again.id, again.envelope) == (False, first.id, first.envelope)
    assert isinstance(other_event, PaymentIngestion) and (other_event.id, other_event.is_new) == (first.id, False)
    assert state(tx) == {"rows": 1, "bodies": 1, "published": ["payment.ingested"], "cases": None}
    assert payload(tx, first.id) == sent and first.raw_payload_hash == hashlib.sha256(sent).hexdigest()
    [published] = tx.all(
        "SELECT aggregate_id, payload FROM messaging.outbox_messages WHERE event_type = 'payment.ingested'"
    )
    assert published == {"aggregate_id": first.id, "payload": first.envelope}
    assert first.envelope is not None and first.envelope["borrower"]["name"] is None
    assert "Lindqvist" not in str(tx.all("SELECT * FROM audit.events")) + str(state(tx))
    with pytest.raises(IllegalMove), tx.savepoint():
        tx.run("UPDATE ingestion.payment_ingestions SET status = 'received'")


def test_what_is_answered_of_a_payment_is_what_stands_of_it(database: Database, tenant: make.TenantFixture) -> None:
    named = {"type": "wire_receipt", "uri": 'https://bank.test/a b?c={1,"2"}\\', "hash": "a" * 64}
    document = envelope(transfer="acht_1") | {"artifacts": [named, named | {"uri": "urn:two"}]}
    sent = raw(document | {"payment": document["payment"] | {"details": {"rate": 1.50, "note": 'ä "q" \\ {x}'}}})
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        new, refused, plain = ingestion.ingest_payments(
            tx, [Arrival(sent), Arrival(b"{}"), Arrival(raw(envelope(reference="plain")))]
        )
        assert isinstance(new, PaymentIngestion) and isinstance(plain, PaymentIngestion)
        assert isinstance(refused, Refused)
        at_once = ingestion.get_payment_ingestions(tx, [new.id, plain.id, refused.facts["ingestion_id"]])

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        stands = ingestion.get_payment_ingestions(tx, list(at_once))
        uris = tx.value("SELECT artifact_uri FROM ingestion.payment_ingestions WHERE id = %(id)s", {"id": new.id})
        bodies = [payload(tx, one.id) for one in (new, plain)]

    assert at_once == stands and replace(new, is_new=False) == stands[new.id]
    assert replace(plain, is_new=False) == stands[plain.id]
    assert uris == [named["uri"], "urn:two"] and bodies == [sent, raw(envelope(reference="plain"))]


def test_twenty_identical_cheques_are_twenty_payments_and_the_file_twice_is_still_twenty(tx: Tx) -> None:
    cheque = raw(envelope(channel="check"))
    sha = hashlib.sha256(b"the file").hexdigest()
    file = [Arrival(cheque, sha, line) for line in range(1, 20)] + [Arrival(cheque, sha, 19, 2)]

    first = ingestion.ingest_payments(tx, file)
    before = state(tx)
    again = ingestion.ingest_payments(tx, [*file, file[0]])

    assert len({one.id for one in first if isinstance(one, PaymentIngestion) and one.is_new}) == 20
    assert [one.id for one in again if isinstance(one, PaymentIngestion) and not one.is_new] == [
        one.id for one in [*first, first[0]] if isinstance(one, PaymentIngestion)
    ]
    assert before == {"rows": 20, "bodies": 20, "published": ["payment.ingested"] * 20, "cases": ["duplicate"]}
    assert state(tx) == before


def test_an_equal_key_from_another_source_stands_and_asks_unless_the_provider_says_it_is_one(tx: Tx) -> None:
    webhook = ingestion.ingest_payment(tx, raw(envelope(transfer="acht_1")))
    line = ingestion.ingest_payment(tx, raw(envelope(transfer="acht_1", provider="bank")))
    quiet = state(tx)
    unknown = ingestion.ingest_payment(tx, raw(envelope(transfer=None, provider="bank")))

    assert isinstance(webhook, PaymentIngestion) and isinstance(line, PaymentIngestion)
    assert (line.id, line.is_new) == (webhook.id, False)
    assert (quiet["rows"], quiet["published"], quiet["cases"]) == (1, ["payment.ingested"], None)
    assert tx.values("SELECT source FROM ingestion.payment_evidence") == ["bank"]
    assert isinstance(unknown, PaymentIngestion) and unknown.is_new and state(tx)["cases"] == ["duplicate"]
    [case] = tx.all("SELECT ingestion_id, detail FROM cases.exception_cases")
    assert case["ingestion_id"] == unknown.id
    assert sorted(case["detail"]["ingestion_ids"]) == sorted([webhook.id, unknown.id])


def test_one_that_fails_its_schema_is_kept_as_it_came_refused_and_asked_about_once(tx: Tx) -> None:
    broken = raw(envelope(source={"channel": "pigeon", "provider": "column", "batch_id": None}))

    answers = ingestion.ingest_payments(tx, [Arrival(broken), Arrival(b"\xff no json"), Arrival(raw(envelope()))])
    before = state(tx)
    again = ingestion.ingest_payment(tx, broken)

    assert isinstance(answers[0], Refused) and isinstance(again, Refused) and isinstance(answers[1], Refused)
    assert (answers[0].code, answers[0].replayed, again.replayed) == ("ingestion.schema_invalid", False, True)
    assert [fault["path"] for fault in answers[0].facts["faults"]] == ["source.channel"]
    assert payload(tx, str(answers[0].facts["ingestion_id"])) == broken
    assert ingestion.get_payment_ingestion(tx, str(answers[0].facts["ingestion_id"])).status == "received"
    assert state(tx) == before
    assert before["rows"] == 3 and before["cases"] == ["schema_invalid"] * 2
    assert sorted(before["published"]) == ["payment.ingested", "payment.rejected", "payment.rejected"]


def test_two_that_come_at_once_see_each_other(database: Database, tenant: make.TenantFixture) -> None:
    def come(provider: str) -> None:
        with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            ingestion.ingest_payment(tx, raw(envelope(transfer=f"t-{provider}", provider=provider)))

    other = threading.Thread(target=come, args=("bank",))
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        ingestion.ingest_payment(tx, raw(envelope(transfer="t-column")))
        other.start()
        other.join(0.3)
        assert other.is_alive()
    other.join()

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert state(tx)["cases"] == ["duplicate"]


def test_payments_that_come_together_are_told_in_their_order(tx: Tx, tenant: make.TenantFixture) -> None:
    sent = [envelope("L-1", 1_000 + n, transfer=f"acht_{n}", reference=f"r{n}") for n in range(30)]
    for one in sent:
        del one["idempotency_key"]

    answers = ingestion.ingest_payments(tx, [Arrival(json.dumps(one).encode()) for one in sent])

    told = tx.values(
        "SELECT aggregate_id FROM messaging.outbox_messages WHERE event_type = 'payment.ingested' ORDER BY id"
    )
    assert told == [answer.id for answer in answers if not isinstance(answer, Refused)] and len(told) == 30
