"""The pipeline on the PostgreSQL transport: from an envelope to a posted payment, once, whatever comes twice or late."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from tests import make
from tests.checks import judge
from tests.ingestion.envelopes import envelope, raw
from tests.servicing.scenes import day
from tests.servicing.stories import at, board, book, count, final

from headgate import ingestion, messaging, servicing
from headgate.core import terms
from headgate.core.db import Database, Tx
from headgate.core.errors import Malformed
from headgate.ingestion import Arrival
from headgate.messaging import deliver_waiting, rebuild
from headgate.servicing import pipeline
from headgate.servicing.consumers import CONSUMERS

STAGES = [*(consumer.name for consumer in CONSUMERS), "servicing.notify"]
CHANNELS = ("ach", "wire", "check")


def came(n: int, minor: int, on: int, loan: str = "L-1", **more: Any) -> bytes:
    """The n-th payment as a provider tells it."""
    facts = {"transfer": f"acht_{n}", "reference": f"ref {n}", "channel": CHANNELS[n % 3]} | more
    return raw(envelope(loan, minor, on=day(on).isoformat(), **facts))


def story(database: Database, channels: tuple[str, ...] = CHANNELS, mode: str = "live") -> make.TenantFixture:
    """A tenant with a loan, whose channels are posted."""
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        at(tx, day(200))
        board(tx, tenant)
        for channel in channels:
            servicing.set_posting_mode(tx, channel=channel, mode=mode, reason="a test")
    return tenant


def send(database: Database, tenant: make.TenantFixture, *arrived: bytes) -> None:
    """Take these in, as one file."""
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        ingestion.ingest_payments(tx, [Arrival(one) for one in arrived])


def seen(database: Database, tenant: make.TenantFixture) -> dict[str, Any]:
    """What the loan and the book have come to, and how often each thing stands."""
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        how_often = {key: value for key, value in count(tx).items() if key not in ("messages",)}
        return final(tx, "L-1") | {"book": book(tx), "count": how_often, "codes": codes(tx)}


def codes(tx: Tx) -> list[str]:
    """The codes by which payments were rejected, as their cases say."""
    return tx.values(
        "SELECT subcategory FROM cases.exception_cases WHERE category = 'loan_payment_rejected' ORDER BY subcategory"
    )


HISTORY = [came(n, 700 + 90 * n, 10 + 7 * (n % 5)) for n in range(1, 9)]


@pytest.mark.slow
def test_the_whole_history_is_posted_once_in_any_order_and_again(empty_database: Database) -> None:
    database = empty_database
    deliver_waiting(database)
    one, other = story(database), story(database)

    send(database, one, *HISTORY)
    deliver_waiting(database)
    before = seen(database, one)
    shuffled = [*HISTORY, *HISTORY[:4]]
    random.Random(7).shuffle(shuffled)
    for arrived in shuffled:
        send(database, other, arrived)
        deliver_waiting(database)
    send(database, one, *reversed(HISTORY))
    _forget(database)
    rebuild(database, STAGES)
    with database.begin(tenant_id=one.id, actor=make.ACTOR) as tx:
        # Other messages of the same payments, as another sender might write.
        for row in tx.all("SELECT id, normalized_envelope AS envelope FROM ingestion.payment_ingestions"):
            for topic in ("payment.ingested", "saga.payment.start"):
                messaging.publish(
                    tx,
                    event_type=topic,
                    aggregate_type="ingestion",
                    aggregate_id=row["id"],
                    payload=row["envelope"],
                )
    deliver_waiting(database)

    assert before["book"]["CASH"] == -sum(700 + 90 * n for n in range(1, 9))
    assert (before["count"]["payments"], before["codes"]) == (8, [])
    assert seen(database, one) == before
    after = seen(database, other)
    assert {key: after[key] for key in ("loan", "dues", "lines", "book")} == {
        key: before[key] for key in ("loan", "dues", "lines", "book")
    }
    assert after["count"]["payments"] == 8
    with database.begin(tenant_id=one.id, actor=make.ACTOR) as tx:
        told = tx.values(
            "SELECT count(*) FROM messaging.outbox_messages WHERE event_type = ANY (%(t)s) GROUP BY event_type",
            {"t": ["payment.validated", "payment.posted"]},
        )
        allocated = tx.values(
            """
            SELECT (SELECT sum((a.one ->> 'amount_minor')::bigint)::bigint
                      FROM jsonb_array_elements(m.payload -> 'allocations') AS a (one))
              FROM messaging.outbox_messages m WHERE m.event_type = 'saga.payment.allocated'
            """
        )
        assert messaging.dead_letters(tx) == []
    assert told == [8, 8]
    assert sorted(allocated) == [700 + 90 * n for n in range(1, 9)]
    judge(database, [one.id, other.id])


@pytest.mark.slow
def test_what_is_live_goes_through_all_stages_in_one_transaction(empty_database: Database) -> None:
    database = empty_database
    deliver_waiting(database)
    tenant = story(database, ("ach",))
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        servicing.set_posting_mode(tx, channel="wire", mode="shadow", reason="first look")

    send(database, tenant, came(1, 1_000, 5, channel="ach"), came(2, 1_000, 6, channel="wire"))
    deliver_waiting(database)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        told = tx.all(
            """
            SELECT o.event_type, o.attempt_count AS relayed, o.handled_by, i.consumer, count(*) AS how_many
              FROM messaging.outbox_messages o
              LEFT JOIN messaging.inbox i ON i.tenant_id = o.tenant_id AND i.message_id = o.id
             WHERE o.event_type IN ('payment.validated', 'saga.payment.start', 'saga.payment.allocated')
               AND o.published_at IS NOT NULL
             GROUP BY o.event_type, o.attempt_count, o.handled_by, i.consumer ORDER BY o.event_type, o.handled_by
            """
        )
        assert tx.values("SELECT status FROM servicing.payments ORDER BY source_channel") == ["completed", "pending"]
        assert tx.value("SELECT count(*) FROM messaging.queue_messages") == 0
        xids = tx.values(
            """
            SELECT DISTINCT e.xid::text FROM audit.events e
             WHERE e.type IN ('servicing.payment.posted', 'ledger.transaction.posted')
               AND e.payment_id = (SELECT id FROM servicing.payments WHERE status = 'completed')
            """
        )
        times = tx.all(
            """
            SELECT e.type, min(e.event_time) AS first, max(e.event_time) AS last FROM audit.events e
             WHERE e.xid::text = ANY (%(xids)s) GROUP BY e.type
            """,
            {"xids": xids},
        )
    # What all payments move is locked last, for the commit alone.
    by_type = {row["type"]: row for row in times}
    booked = by_type.pop("ledger.transaction.posted")["first"]
    assert by_type and max(row["last"] for row in by_type.values()) < booked
    # What only is written down goes by the queues between the stages.
    stages = {
        "payment.validated": "servicing.classify",
        "saga.payment.allocated": "servicing.post",
        "saga.payment.start": "servicing.allocate",
    }
    assert told == [
        {"event_type": topic, "relayed": 0, "handled_by": at_once, "consumer": by_queue, "how_many": 1}
        for topic, consumer in stages.items()
        for at_once, by_queue in ((consumer, None), (None, consumer))
    ]
    assert len(xids) == 1
    judge(database, [tenant.id])


def _forget(database: Database) -> None:
    """What the workers handled is forgotten, as when an older backup was restored."""
    with database.connect("admin") as admin:
        admin.execute("ALTER TABLE messaging.inbox DISABLE TRIGGER append_only")
        admin.execute("TRUNCATE messaging.inbox")
        admin.execute("ALTER TABLE messaging.inbox ENABLE ALWAYS TRIGGER append_only")


@pytest.mark.slow
def test_what_may_not_be_posted_ends_as_a_case_and_the_mode_decides_over_the_rest(empty_database: Database) -> None:
    database = empty_database
    deliver_waiting(database)
    tenant = story(database, ("ach",))
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        for name in ("held", "stopped", "gone", "late"):
            board(tx, tenant, name)
        servicing.set_holds(tx, loan_id="held", legal_hold=True, reason="court order")
        servicing.set_holds(tx, loan_id="stopped", stop_pay=True, reason="asked")
        servicing.set_standing(tx, loan_id="gone", standing="transferred", from_on=day(1), reason="sold")
        servicing.set_posting_mode(tx, channel="wire", mode="shadow", reason="first look")

    refused = [came(n, 100, 3, loan, channel="ach") for n, loan in enumerate(["nobody", "held", "stopped", "gone"])]
    send(database, tenant, *refused, raw(envelope(None, transfer="acht_9")))
    send(database, tenant, came(21, 1_000, 5, channel="wire"), came(22, 1_000, 6, channel="check"))
    send(database, tenant, came(23, 500, 7, channel="ach"), came(24, 500, 9_999, channel="ach"))
    # The same transfer with another amount, from another provider.
    send(database, tenant, came(23, 501, 7, channel="ach", provider="bank"))
    deliver_waiting(database)
    first = seen(database, tenant)
    send(database, tenant, *refused)
    deliver_waiting(database)

    assert seen(database, tenant) == first
    assert first["codes"] == ["legal_hold", "loan_closed", "loan_not_found", "loan_not_found", "stop_pay"]
    assert first["count"]["payments"] == 2 and first["book"]["CASH"] == -500
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert messaging.dead_letters(tx) == []
        unposted = tx.values(
            "SELECT subcategory FROM cases.exception_cases WHERE category = 'loan_payment_unposted' ORDER BY 1"
        )
        told = tx.values(
            "SELECT payload ->> 'code' FROM messaging.outbox_messages WHERE event_type = 'payment.rejected'"
        )
        assert unposted == ["servicing.idempotency_conflict", "servicing.invalid_payment"]
        assert sorted(told) == first["codes"]
        statuses = "SELECT source_channel || ' ' || status FROM servicing.payments ORDER BY 1"
        assert tx.values(statuses) == ["ach completed", "wire pending"]

        for channel in ("wire", "check"):
            servicing.set_posting_mode(tx, channel=channel, mode="live", reason="it agrees with the bank")
        assert servicing.release_waiting(tx, channel="wire") == 1
        assert servicing.release_waiting(tx, channel="check") == 1
    deliver_waiting(database)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert tx.values(statuses) == ["ach completed", "check completed", "wire completed"]
        assert book(tx)["CASH"] == -2_500
        assert [servicing.posting_modes(tx)[channel].mode for channel in ("ach", "wire", "card")] == [
            "live",
            "live",
            "off",
        ]
        for channel, mode, reason in (("manual", "live", "x"), ("ach", "on", "x"), ("ach", "live", " ")):
            with pytest.raises(servicing.InvalidMode), tx.savepoint():
                servicing.set_posting_mode(tx, channel=channel, mode=mode, reason=reason)
    judge(database, [tenant.id])


@pytest.mark.slow
def test_what_happened_between_two_stages_counts(empty_database: Database) -> None:
    """A hold that comes after the validation refuses at the poster; one that comes after the posting undoes nothing."""
    database = empty_database
    deliver_waiting(database)
    tenant = story(database)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        done, late = ingestion.ingest_payments(tx, [Arrival(came(1, 1_000, 5)), Arrival(came(2, 1_000, 6))])
    assert isinstance(done, ingestion.PaymentIngestion) and isinstance(late, ingestion.PaymentIngestion)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert pipeline.validate(tx, [done.id, late.id]) == 2
        pipeline.post(tx, [done.id])
        servicing.set_holds(tx, loan_id="L-1", legal_hold=True, reason="court order")
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        pipeline.post(tx, [late.id, done.id])
        before = count(tx)
        assert pipeline.validate(tx, [done.id]) == 1
        assert (before["payments"], before["refusals"], codes(tx)) == (1, 1, ["legal_hold"])
        assert count(tx) == before
        with pytest.raises(ingestion.NoSuchPaymentIngestion):
            pipeline.validate(tx, ["ing_nothing"])
    judge(database, [tenant.id])


@pytest.mark.slow
def test_messages_are_found_by_what_became_of_them(empty_database: Database) -> None:
    database, tenant = empty_database, story(empty_database, ("ach",))
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        servicing.set_posting_mode(tx, channel="wire", mode="shadow", reason="a test")
    send(database, tenant, *(came(n, 900 + n, n, channel="ach") for n in range(1, 6)))
    send(database, tenant, *(came(n, 900 + n, n, channel="wire") for n in range(6, 9)))
    send(database, tenant, *(came(n, 900 + n, n, "L-9", channel="ach") for n in (9, 10)), b'{"schema": "none"}')
    deliver_waiting(database)
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        first = servicing.find_payments(tx, terms.parse("status:completed", servicing.LOAN_PAYMENT_TERMS))[0]
        servicing.undo_payment(tx, payment_id=first.id, reason="a test")
    send(database, tenant, *(came(n, 900 + n, n, channel="check") for n in (11, 12, 13, 14)))
    deliver_waiting(database)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        everything = servicing.find_messages(tx, servicing.parse_messages(""))
        became = servicing.outcomes_of(tx, [row.id for row in everything])
        counts = Counter(one.outcome for one in became.values())
        assert counts == {"posted": 4, "reversed": 1, "shadow": 3, "refused": 2, "waiting": 4}
        for outcome in counts:
            query = servicing.parse_messages(f"outcome:{outcome}")
            expected = [row.id for row in everything if row.id in became and became[row.id].outcome == outcome]
            assert [row.id for row in servicing.find_messages(tx, query)] == expected
            assert servicing.matching_messages(tx, query, [row.id for row in everything]) == set(expected)
            assert sum(total.count for total in servicing.message_totals(tx, query)) == len(expected)
        both = servicing.find_messages(tx, servicing.parse_messages("outcome:refused outcome:shadow channel:ach"))
        assert len(both) == 0
        with pytest.raises(Malformed, match="outcome"):
            servicing.parse_messages("outcome:lost")
