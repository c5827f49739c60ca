"""Who is told of what: each fact once for each who wants to know, a row first, and a mail that leaves at most once."""

from __future__ import annotations

import email
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email.policy import default as POLICY
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make
from tests.alerts.mail_servers import HOST, Server, make_certificate, serving
from tests.alerts.told import payment_messages
from tests.checks import judge
from tests.ingestion.envelopes import envelope, raw
from tests.make import ACTOR, TenantFixture
from tests.servicing.scenes import day, monthly
from tests.servicing.stories import at, board, pay, payment
from tests.web.client import Client, client_of, person_key

from headgate import alerts, ingestion, messaging, parties, servicing, tenants
from headgate.alerts.consumers import CONSUMERS
from headgate.alerts.mailing import send_due
from headgate.api import create_app
from headgate.core import egress
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import HeadgateError
from headgate.ingestion.arrivals import Arrival
from headgate.jobs import Outside
from headgate.messaging import deliver_waiting

BEA = "bea@borrowers.example"


def borrower(tx: Tx, name: str = "B-1") -> str:
    return parties.create_party(tx, kind="borrower", external_id=name, name="Bea Borrower").id


def told(tx: Tx) -> list[tuple[str, str, str]]:
    """Recipient, kind and title of each notification, the oldest first."""
    rows = alerts.list_notifications(tx)
    return [(row.recipient.replace(row.recipient[4:], "…") if row.recipient.startswith("pty_") else row.recipient,
             row.kind, row.title) for row in reversed(rows)]  # fmt: skip


def test_borrower_and_team_are_told_once_of_what_was_posted_is_partial_or_came_back(
    tx: Tx, tenant: TenantFixture
) -> None:
    at(tx, day(10))
    loan = board(tx, tenant, borrower_id=borrower(tx))
    nobody = board(tx, tenant, "L-2")
    part = pay(tx, loan, 1, 400, day(2))
    pay(tx, loan, 2, 1_000, day(3))
    pay(tx, nobody, 1, 1_000, day(3))
    servicing.apply_payment(tx, payment(loan, 3, 900, day(3)), pending=True)
    servicing.undo_payment(tx, payment_id=part.id, reason="Insufficient funds", code="R01")
    (consumer,) = CONSUMERS
    assert consumer.name == "servicing.notify" and consumer.handle_many is not None

    consumer.handle_many(tx, payment_messages(tx))
    first = told(tx)
    for message in reversed(payment_messages(tx)):
        consumer.handle(tx, message)

    assert told(tx) == first
    assert sorted(first) == [
        ("pty_…", "payment_partial", "Payment of 4.00 USD is less than what is due"),
        ("pty_…", "payment_posted", "Payment received: 10.00 USD"),
        ("pty_…", "payment_posted", "Payment received: 4.00 USD"),
        ("pty_…", "payment_reversed", "Payment of 4.00 USD was reversed"),
        ("team:servicing", "payment_partial", "L-1: 4.00 USD is a partial payment"),
        ("team:servicing", "payment_reversed", "L-1: 4.00 USD reversed R01"),
    ]
    mine = [row for row in alerts.notifications_of_payment(tx, part.id) if row.recipient.startswith("pty_")]
    assert mine[0].message.startswith(
        "We received your payment of 4.00 USD for loan L-1 on 2026-01-03.\n\nInterest: 0.00"
    )
    assert "Waiting to be applied: 4.00 USD" in mine[0].message and "Bea" not in mine[0].message
    assert mine[-1].message.startswith(
        "Your payment of 4.00 USD for loan L-1, received on 2026-01-03, was reversed: Insuf"
    )
    assert tx.value("SELECT count(*) FROM alerts.mails") == 0, "there is no mail server"

    one = alerts.mark_read(tx, notification_id=mine[0].id)
    again = alerts.mark_read(tx, notification_id=mine[0].id)
    assert again == one and one.read_by == ACTOR.id and one.read_at is not None
    assert alerts.count_unread(tx) == 2 and alerts.count_unread(tx, recipient=mine[0].recipient) == 3
    newest = alerts.list_notifications(tx, teams=True)[0]
    assert alerts.mark_all_read(tx, through=newest.id) == 2 and alerts.count_unread(tx) == 0


def test_who_gets_what_in_which_words_is_data(tx: Tx, tenant: TenantFixture) -> None:
    at(tx, day(10))
    bea, cal = borrower(tx), borrower(tx, "B-2")
    for name, who in (("L-1", bea), ("L-2", cal)):
        pay(tx, board(tx, tenant, name, borrower_id=who), 1, 1_000, day(1))
    why = {"reason": "a test"}
    alerts.set_preference(tx, recipient="borrowers", kind="payment_posted", is_on=False, **why)
    alerts.set_preference(tx, recipient=cal, kind="payment_posted", is_on=True, **why)
    alerts.set_preference(tx, recipient="team:night", kind="payment_posted", is_on=True, **why)
    alerts.set_template(
        tx, audience="team", kind="payment_posted", title="{loan} {amount} {amount}", message="{interest} {{odd}}"
        .replace("{{odd}}", "100 %"),
    )  # fmt: skip

    alerts.notify(tx, payment_messages(tx))

    assert {(row.recipient, row.title, row.message[:10]) for row in alerts.list_notifications(tx)} == {
        (cal, "Payment received: 10.00 USD", "We receive"),
        ("team:night", "L-1 10.00 USD 10.00 USD", "2.00 USD 1"),
        ("team:night", "L-2 10.00 USD 10.00 USD", "2.00 USD 1"),
    }
    chosen = alerts.list_preferences(tx)
    assert (
        chosen["borrowers", "payment_posted"].reason == "a test"
        and chosen["team:servicing", "payment_partial"].is_default
    )
    employer = parties.create_party(
        tx, kind="employer", external_id="E-1", name="Acme", legal_entity_id=tenant.legal_entity_id
    ).id
    wrong = [
        {"recipient": "bea", "kind": "payment_posted", "is_on": True},
        {"recipient": employer, "kind": "payment_posted", "is_on": True},
        {"recipient": "team:x", "kind": "payday", "is_on": True},
        {"recipient": "team:x", "kind": "payment_posted", "is_on": False, "by_email": True},
    ]
    for facts in wrong:
        with pytest.raises(alerts.InvalidPreference), tx.savepoint():
            alerts.set_preference(tx, **facts, **why)  # type: ignore[arg-type]
    for title, message in (("{name}", "x"), ("a\nb", "x"), ("x", ""), ("x", "{0}"), ("x", "{amount.__class__}")):
        with pytest.raises(alerts.InvalidTemplate), tx.savepoint():
            alerts.set_template(tx, audience="team", kind="payment_posted", title=title, message=message)
    for address in ("bea", "bea@x\r\nBcc: eve@x.example", "b a@x.example", "bea@x..example", "é@x.example"):
        with pytest.raises(alerts.InvalidPreference) as refused, tx.savepoint():
            alerts.set_address(tx, recipient=bea, address=address)
        assert address not in str(refused.value)


@pytest.mark.slow
def test_from_an_envelope_to_a_notification_by_the_workers_own_way(empty_database: Database) -> None:
    database = empty_database
    deliver_waiting(database)
    tenant = make.tenant(database)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(10))
        board(tx, tenant, borrower_id=borrower(tx))
        servicing.set_posting_mode(tx, channel="wire", mode="live", reason="a test")
        sent = raw(envelope("L-1", 400, on=day(1).isoformat(), channel="wire", transfer="wire_1"))
        ingestion.ingest_payments(tx, [Arrival(sent)])

    deliver_waiting(database)

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert sorted((recipient, kind) for recipient, kind, _ in told(tx)) == [
            ("pty_…", "payment_partial"),
            ("pty_…", "payment_posted"),
            ("team:servicing", "payment_partial"),
        ]
        assert messaging.dead_letters(tx) == []
    judge(database, [tenant.id])


# ---------- mails


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("mail"))


@pytest.fixture(scope="module")
def mails(certificate: Path) -> Iterator[Server]:
    with serving(certificate) as opened:
        yield opened


@contextmanager
def mailing(database: Database, url: str) -> Iterator[Database]:
    """The same database for an installation with that mail server."""
    allow = (ip_network("127.0.0.0/8"),)
    config = replace(database.config, smtp_url=url, mail_from="pay@us.example", egress_allow=allow)
    with Database(database.url, config=config) as opened:
        yield opened


def client() -> egress.Client:
    return egress.Client(allow=[ip_network("127.0.0.0/8")], resolve=lambda host, port: ["127.0.0.1"])


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def send(database: Database, tenant: TenantFixture, certificate: Path) -> alerts.Posted:
    outside = Outside(database, tenant.id, Actor.system("jobs"))
    return alerts.send_mails(outside, client=client(), tls=trusting(certificate))


def paid(database: Database, tenant: TenantFixture, amounts: list[tuple[str, int]]) -> None:
    """A payment of each borrower's own loan, told; each borrower has its address, and other loans are nobody's."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(10))
        for n, (address, minor) in enumerate(amounts):
            who = borrower(tx, f"B-{n}")
            alerts.set_address(tx, recipient=who, address=address)
            pay(tx, board(tx, tenant, f"L-{n}", monthly(1), borrower_id=who), 1, minor, day(1))
        alerts.notify(tx, payment_messages(tx))


def later(database: Database, tenant: TenantFixture, minutes: int = 20) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        tenants.move_clock(tx, to=tx.now() + timedelta(minutes=minutes))


def stand(database: Database, tenant: TenantFixture) -> dict[str, tuple[str, int, bool]]:
    """Status, tries and `email_sent` of each mail, by the loan that it tells of."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        rows = tx.all(
            """
            SELECT l.external_id AS loan, m.status, m.tries, n.email_sent
              FROM alerts.mails m
              JOIN alerts.notifications n ON n.tenant_id = m.tenant_id AND n.id = m.notification_id
              JOIN servicing.loans l ON l.tenant_id = n.tenant_id AND l.id = n.loan_id
             WHERE n.kind = 'payment_posted'
            """
        )
    return {row["loan"]: (row["status"], row["tries"], row["email_sent"]) for row in rows}


@pytest.mark.slow
def test_a_mail_goes_out_encrypted_and_each_answer_of_the_server_counts(
    database: Database, tenant: TenantFixture, mails: Server, certificate: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    names = ("fine", "later", "never", "full", "lost", "dead")
    who = {name: f"{name}@borrowers.example" for name in names}
    mails.answers.update(
        {who["later"]: ["451", "451"], who["never"]: ["550"], who["full"]: ["452"] * 3, who["lost"]: ["lost"]}
    )
    with mailing(database, mails.url()) as ours:
        paid(ours, tenant, [(who[name], 1_000 + n) for n, name in enumerate(names)])
        with ours.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            row = tx.one("SELECT id FROM parties.parties WHERE external_id = 'B-5'")
            ended = alerts.set_address(tx, recipient=row["id"], address=None)
            assert ended.shown is None and [one.shown for one in alerts.list_addresses(tx)][:1] == [
                "f…@borrowers.example"
            ]
            before = alerts.list_notifications(tx)
        done = [send(ours, tenant, certificate)]
        for _ in range(4):
            later(ours, tenant)
            done.append(send(ours, tenant, certificate))
        again = send_due(Outside(ours, tenant.id, Actor.system("jobs")))
        with ours.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            rows = alerts.list_notifications(tx)
            outcomes = tx.all("SELECT outcome, reply_code FROM alerts.mail_tries ORDER BY notification_id, try_no")

    assert stand(database, tenant) == {
        "L-0": ("sent", 1, True),
        "L-1": ("sent", 3, True),
        "L-2": ("failed", 1, False),
        "L-3": ("failed", 3, False),
        "L-4": ("unknown", 1, False),
        "L-5": ("failed", 1, False),
    }
    assert again is None and done[0] == alerts.Posted(sent=1, later=2, failed=2, unknown=1)
    assert [row.id for row in rows] == [row.id for row in before], "what was told stays, whatever became of its mail"
    assert mails.recipients == {who["fine"]: 1, who["later"]: 1, who["lost"]: 1}
    assert {(row["outcome"], row["reply_code"]) for row in outcomes} == {
        ("sent", 250), ("deferred", 451), ("refused", 550), ("deferred", 452), ("unknown", None), ("refused", None),
    }  # fmt: skip
    mail = email.message_from_bytes(mails.accepted[0], policy=POLICY)
    first = next(row for row in rows if row.title == "Payment received: 10.00 USD")
    assert (mail["Subject"], mail["From"], mail["To"]) == ("[TEST] " + first.title, "pay@us.example", who["fine"])
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == (f"<{first.id}@us.example>", "auto-generated")
    assert mail.get_content().replace("\r\n", "\n").strip() == first.message
    logged = " ".join(f"{one.getMessage()} {_facts(one)}" for one in caplog.records if one.name != "mail.log")
    assert "given up" in logged and "borrowers.example" not in logged and "10.0" not in logged, "no log names anybody"


def _facts(record: logging.LogRecord) -> dict[str, object]:
    """What a record says of the matter: its clock's digits may read like an amount."""
    clock = ("created", "msecs", "relativeCreated", "thread", "process")
    return {name: value for name, value in vars(record).items() if name not in clock}


@pytest.mark.slow
def test_a_server_that_is_not_there_or_not_itself_is_told_nothing(
    database: Database, tenant: TenantFixture, mails: Server, certificate: Path
) -> None:
    heard = len(mails.accepted)
    with mailing(database, mails.url(password="wrong")) as ours:
        paid(ours, tenant, [(BEA, 1_000), ("cal@borrowers.example", 1_000)])
        refused = send(ours, tenant, certificate)
        later(ours, tenant)
    with mailing(database, mails.url()) as ours:
        outside = Outside(ours, tenant.id, Actor.system("jobs"))
        strange = alerts.send_mails(outside, client=client(), tls=ssl.create_default_context())
        later(ours, tenant)
        with pytest.raises(egress.EgressRefused):
            egress.Client(resolve=lambda host, port: ["127.0.0.1"]).connect(HOST, mails.port)
        inside = alerts.send_mails(outside, client=egress.Client(resolve=lambda host, port: ["127.0.0.1"]))
        later(ours, tenant)
        last = send(ours, tenant, certificate)

    assert (refused, strange) == (alerts.Posted(later=2), alerts.Posted(later=2))
    assert inside == alerts.Posted(failed=2) and last == alerts.Posted(), "three tries, and no more"
    assert len(mails.accepted) == heard


@pytest.mark.slow
def test_a_mail_whose_sender_died_is_never_sent_again(
    database: Database, tenant: TenantFixture, mails: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise HeadgateError("killed")

    with mailing(database, mails.url()) as ours:
        paid(ours, tenant, [("died@borrowers.example", 1_000)])
        with monkeypatch.context() as patched:
            patched.setattr("headgate.alerts.mailing._record", killed)
            with pytest.raises(HeadgateError, match="killed"):
                send(ours, tenant, certificate)
        assert stand(ours, tenant) == {"L-0": ("sending", 1, False)}
        assert send(ours, tenant, certificate) == alerts.Posted(), "its claim still stands"
        with ours.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            tx.run("UPDATE alerts.mails SET claimed_until = clock_timestamp() - interval '1 second'")
        given_up = send(ours, tenant, certificate)
        later(ours, tenant)
        last = send(ours, tenant, certificate)

    assert (given_up, last) == (alerts.Posted(unknown=1), alerts.Posted())
    assert stand(database, tenant) == {"L-0": ("unknown", 1, False)}
    assert mails.recipients["died@borrowers.example"] == 1


@pytest.mark.slow
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(
        st.lists(st.sampled_from(["ok", "451", "550", "452", "lost", "hang"]), max_size=4), min_size=1, max_size=4
    )
)
def test_whatever_the_server_does_nobody_gets_a_mail_twice(
    database: Database, mails: Server, certificate: Path, answers: list[list[str]]
) -> None:
    tenant = make.tenant(database)
    who = [f"any{n}@borrowers.example" for n in range(len(answers))]
    for address, wanted in zip(who, answers, strict=True):
        mails.answers[address] = list(wanted)
        mails.recipients[address] = 0
    with mailing(database, mails.url()) as ours:
        paid(ours, tenant, [(address, 1_000) for address in who])
        for _ in range(4):
            send(ours, tenant, certificate)
            later(ours, tenant)

    for n, (status, tries, is_sent) in stand(database, tenant).items():
        got = mails.recipients[who[int(n[2:])]]
        assert 1 <= tries <= 3 and is_sent == (status == "sent"), (n, status)
        assert got <= 1 and (status, got) in {("sent", 1), ("failed", 0), ("unknown", 0), ("unknown", 1)}, (
            n,
            status,
            got,
        )


# ---------- doors


@pytest.fixture(scope="module")
def api(database: Database) -> Iterator[Client]:
    with client_of(create_app(database)) as opened:
        yield opened


@pytest.mark.slow
def test_notifications_are_read_and_chosen_over_http(api: Client, database: Database, tenant: TenantFixture) -> None:
    key = person_key(database, tenant.id, role="operator", email="ann@example.org")
    reader = person_key(database, tenant.id, role="readonly", email="ron@example.org")
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        at(tx, day(10))
        bea = borrower(tx)
        loan = board(tx, tenant, borrower_id=bea)
        for n in range(3):
            pay(tx, loan, n, 300, day(n))
        alerts.notify(tx, payment_messages(tx))

    def read(path: str = "", **query: str) -> dict[str, list[dict[str, str]]]:
        answer: dict[str, list[dict[str, str]]] = api.get(
            f"/v1/notifications{path}", params=query, headers=reader
        ).json()
        return answer

    listed = read(recipient="team:servicing", limit="2")
    assert [one["kind"] for one in listed["data"]] == ["payment_partial"] * 2 and listed["has_more"]
    assert len(read(recipient=bea)["data"]) == 6 and len(read(kind="payment_posted")["data"]) == 3
    one = listed["data"][0]["id"]
    assert api.post(f"/v1/notifications/{one}/reads", headers=reader).status_code == 403
    done = api.post(f"/v1/notifications/{one}/reads", headers=key)
    assert done.status_code == 201 and done.json()["read_by"] and done.json()["email_sent"] is False
    assert one not in [row["id"] for row in read(recipient="team:servicing", unread="true")["data"]]
    assert api.post("/v1/notifications/ntf_nothing/reads", headers=key).status_code == 404

    choice = {"recipient": bea, "kind": "payment_posted", "is_on": True, "by_email": False, "reason": "asked for it"}
    assert api.post("/v1/notifications/preferences", json=choice, headers=key).json()["reason"] == "asked for it"
    assert [row["recipient"] for row in read("/preferences", recipient=bea)] == [bea]  # type: ignore[index]
    assert bea not in str(read("/preferences")), "single borrowers are asked for one by one"
    sent = api.post("/v1/notifications/addresses", json={"recipient": bea, "address": BEA}, headers=key)
    assert (sent.status_code, sent.json()["shown"]) == (201, "b…@borrowers.example")
    assert [row["recipient"] for row in read("/addresses")["data"]] == [bea]
    words = {"audience": "borrower", "kind": "payment_posted", "title": "Merci: {amount}", "message": "{loan}"}
    assert api.post("/v1/notifications/templates", json=words, headers=key).json()["is_own"] is True
    assert [row["is_own"] for row in read("/templates")].count(True) == 1  # type: ignore[index]
    wrong = api.post("/v1/notifications/templates", json={**words, "title": "{name}"}, headers=key)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "alerts.invalid_template")
