"""Sources, artifacts, messages, dead letters and transactions at their doors: who sees what, what they say, what is done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest
from tests import checks, make
from tests.console import evidence_scene
from tests.console.conftest import signed_in_clients
from tests.console.evidence_scene import PAYER, SECRET, TABLE, Scene, bury
from tests.console.test_acts import fields
from tests.console.test_screens import said
from tests.ingestion.envelopes import envelope, raw
from tests.make import ACTOR, person
from tests.servicing.stories import board

from headgate import ingestion, ledger, messaging, recon, servicing, tenants
from headgate.console import artifacts as artifacts_screen
from headgate.console import dead_letters as dead_letters_screen
from headgate.console import mapping_page, pointing, sources, statuses
from headgate.core import ids
from headgate.core.db import Database
from headgate.core.errors import Malformed, Refused
from headgate.ingestion.artifact_search import STANDINGS
from headgate.messaging.dead_letter_search import STANDINGS as LETTERS
from headgate.servicing import pipeline

pytestmark = pytest.mark.slow

Enter = Callable[..., httpx.Client]


@pytest.fixture(scope="module")
def scene(database: Database) -> Iterator[Scene]:
    made = evidence_scene.with_evidence(database)
    yield made
    report = checks.run(database, [made.tenant.id])
    assert report.ok, [found for found in report.invariants if found.violations]


@pytest.fixture
def browse(scene: Scene, address: str) -> Iterator[Enter]:
    """A browser without script, signed in as this person."""
    with signed_in_clients(address, scene, role="admin") as enter:
        yield enter


def send(client: httpx.Client, scene: Scene, path: str, page: str, name: str, **given: str) -> httpx.Response:
    """Open a page and send one of its forms, as a person does."""
    shown = client.get(scene.at(page))
    return client.post(scene.at(f"{path}/{name}"), data={**fields(shown, name), **given})


def addresses(scene: Scene) -> list[str]:
    artifact, message, letter = scene.artifacts["faulty"], scene.messages["posted"], scene.letters["deposits"]
    return [
        "/sources", "/artifacts", f"/artifacts/rows?id={artifact}", f"/artifacts/{artifact}",
        f"/artifacts/{artifact}/lines/3", f"/artifacts/{scene.artifacts['table']}/mapping",
        "/messages", f"/messages/rows?id={message}", f"/messages/{message}",
        "/dead-letters", f"/dead-letters/rows?id={letter}", f"/dead-letters/{letter}",
        "/transactions", f"/transactions/rows?id={scene.transaction}", f"/transactions/{scene.transaction}",
    ]  # fmt: skip


# ---------- who sees what


def test_signed_out_and_from_elsewhere_nothing_is_shown(scene: Scene, address: str, browse: Enter) -> None:
    stranger = make.tenant(scene.database)
    other, words = browse(person("eve"), at=stranger), "register.csv|HG[0-9A-F]{10}|125,000.00|bank.second|dep_0 was"
    for path in addresses(scene):
        out = httpx.get(address + scene.at(path))
        assert out.status_code == 401 and not re.search(words, out.text), path
        for fragment in ({}, {"X-Headgate-Fragment": "lines"}):
            theirs = other.get(scene.at(path), headers=fragment)
            assert theirs.status_code == 404 and not re.search(words, theirs.text), path
            own = other.get(f"/console/{stranger.slug}{path}", headers=fragment)
            assert own.status_code in (200, 404) and not re.search(words, own.text), path
            assert (own.status_code == 404) == bool(re.search(r"/(art|ing|dlt|txn)_", path)), path
    posted = other.post(f"/console/{stranger.slug}/artifacts/{scene.artifacts['table']}/map", data={"token": "x"})
    assert posted.status_code in (400, 403)


def test_a_role_sees_what_it_may_and_what_is_hidden_only_by_its_right(
    scene: Scene, browse: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = browse(person("rea"), "readonly")
    for path in addresses(scene):
        page = reader.get(scene.at(path))
        assert page.status_code == 200, path
        assert "Lindqvist" not in page.text and PAYER.split()[0] not in page.text and "5550001111" not in page.text, (
            path
        )
    page = reader.get(scene.at(f"/artifacts/{scene.artifacts['faulty']}"))
    assert "it needs ingestion.reveal" in said(page) and "disabled" in page.text
    for form in ("reveal", "read"):
        data = {**fields(page, "reveal"), "reason": "curious"}
        assert reader.post(scene.at(f"/artifacts/{scene.artifacts['faulty']}/{form}"), data=data).status_code == 403
    assert "needs ingestion.upload" in said(reader.get(scene.at("/artifacts")))

    monkeypatch.setattr(tenants.roles, "ROLES", {"readonly": frozenset({"payments.read"})})
    for path in addresses(scene):
        page = reader.get(scene.at(path))
        assert page.status_code == 403 and "core.forbidden" in page.text, path


# ---------- what is shown


def test_every_status_has_its_badge() -> None:
    for status in (*STANDINGS, *LETTERS, "published", "normalized", *sources._ORDER, "posted"):
        assert status in statuses.BADGES, status
    assert set(artifacts_screen.STANDS) == set(STANDINGS)


def test_the_very_line_of_a_fault_is_marked_and_what_is_private_in_it_is_hidden(scene: Scene, browse: Enter) -> None:
    client = browse(person("ann"))
    page = client.get(scene.at(f"/artifacts/{scene.artifacts['faulty']}"))
    hit = re.search(r'<li data-line="3" class="hit".*?</li>', page.text, re.S)
    assert hit is not None and "<mark>•••••0022</mark>" in hit[0] and "Otto" not in page.text
    assert "<script>alert" not in page.text and "the check digit is wrong" in said(page)
    assert "employee_id,name,routing_number" in said(page), "the names of the columns are no secret"
    assert "2 records, and 2 faults" in said(page) and "Case case_" in said(page)

    proof = said(client.get(scene.at(f"/artifacts/{scene.artifacts['proved']}")))
    assert "Opening 1,249.75" in proof and "Moved 125,077.10" in proof and "as the bank says 126,326.85" in proof
    wrong = said(client.get(scene.at(f"/artifacts/{scene.artifacts['not_proved']}")))
    assert "It does not add up by 1.00" in wrong and "Its own control figures do not agree" in wrong
    nothing = said(client.get(scene.at(f"/artifacts/{scene.artifacts['bytes']}")))
    assert "Its bytes are no text that could be shown in lines" in nothing

    lines = client.get(
        scene.at(f"/artifacts/{scene.artifacts['faulty']}/lines/4"), headers={"X-Headgate-Fragment": "lines"}
    )
    assert "<html" not in lines.text and 'class="hit" id="hit"' in lines.text and lines.text.count("<li data-line") == 5
    assert client.get(scene.at(f"/artifacts/{scene.artifacts['faulty']}/lines/0")).status_code == 400


def test_what_is_hidden_is_shown_to_who_says_why_for_a_while(scene: Scene, browse: Enter) -> None:
    ann, bob = browse(person("ann")), browse(person("bob"))
    artifact, message = scene.artifacts["unknown"], scene.messages["refused"]
    path = f"/artifacts/{artifact}"
    assert "Dear" not in ann.get(scene.at(path)).text
    bad = send(ann, scene, path, path, "reveal", reason=" ")
    assert bad.status_code == 400 and "Write why you look at it" in said(bad)

    shown = send(ann, scene, path, path, "reveal", reason="what is it?")
    assert "is shown to you for a quarter of an hour" in said(shown) and "Dear Sirs," in said(shown)
    assert "that you looked is in the audit log" in said(shown) and "Dear" not in bob.get(scene.at(path)).text
    other = send(ann, scene, f"/messages/{message}", f"/messages/{message}", "reveal", reason="who?")
    assert "Maria Lindqvist" in said(other)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        told = tx.values(
            "SELECT data->>'subject' FROM audit.events WHERE type = 'ingestion.evidence.revealed' ORDER BY id"
        )
    assert told == [artifact, message]


def test_the_bytes_are_saved_by_who_may_see_them(scene: Scene, browse: Enter) -> None:
    artifact = scene.artifacts["faulty"]
    operator, reader = browse(person("sam"), "operator"), browse(person("ron"), "readonly")

    saved, refused = (client.get(scene.at(f"/artifacts/{artifact}/save")) for client in (operator, reader))

    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        assert (saved.status_code, saved.content) == (200, ingestion.body(tx, artifact))
    assert saved.headers["content-disposition"].startswith("attachment") and "/v1/ingestion/links/" in str(saved.url)
    assert refused.status_code == 403
    shown = [
        f"/artifacts/{artifact}/save" in client.get(scene.at(f"/artifacts/{artifact}")).text
        for client in (operator, reader)
    ]
    assert shown == [True, False]


def test_one_step_leads_from_an_entry_to_its_line_and_back(scene: Scene, browse: Enter) -> None:
    client = browse(person("ann"))
    line = f"/artifacts/{scene.artifacts['proved']}/lines/{scene.wire.line}"

    entry = client.get(scene.at(f"/transactions/{scene.transaction}"))
    assert f'href="{scene.at(line)}"' in entry.text and "it became a deposit" in said(entry)
    assert str(scene.wire.reference) in entry.text and "matched the book in a reconciliation" in said(entry)
    there = client.get(scene.at(line))
    hit = re.search(r'<li data-line="\d+" class="hit".*?</li>', there.text, re.S)
    assert hit is not None and str(scene.wire.reference) in hit[0]
    assert f'href="{scene.at("/transactions/" + scene.transaction)}"' in there.text
    assert f'href="{scene.at("/funding/" + scene.deposit)}"' in there.text
    deposit = client.get(scene.at(f"/funding/{scene.deposit}"))
    assert f'href="{scene.at(line)}"' in deposit.text and scene.at(f"/transactions/{scene.transaction}") in deposit.text

    payment = client.get(scene.at(f"/payments/{scene.book.returned}"))
    transactions = re.findall(rf"{scene.at('/transactions/')}(txn_\w+)", payment.text)
    sources_of = re.findall(rf"{scene.at('/artifacts/')}(art_\w+)/lines/\d+", payment.text)
    assert len(transactions) == 3 and scene.artifacts["returns"] in sources_of
    back = client.get(scene.at(f"/transactions/{transactions[-1]}"))
    assert scene.artifacts["returns"] in back.text and "came back" in said(back)

    posted = client.get(scene.at(f"/messages/{scene.messages['posted']}"))
    (made,) = set(re.findall(rf"{scene.at('/transactions/')}(txn_\w+)", posted.text))
    assert "It paid a loan" in said(posted)
    loan = client.get(scene.at(f"/transactions/{made}"))
    assert f'href="{scene.at("/messages/" + scene.messages["posted"])}"' in loan.text
    row = client.get(scene.at(f"/messages/rows?id={scene.messages['posted']}"))
    assert "Posted" in said(row), "by whatever key it was applied"
    by_hand = said(client.get(scene.at(f"/transactions/{_by_hand(scene)}")))
    assert "No file, webhook or mail: it was posted by hand" in by_hand


def _by_hand(scene: Scene) -> str:
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        cash, fees = (ledger.get_account(tx, code).id for code in ("CASH.USD", "FEES.USD"))
        cent = make.usd("0.01")
        posted = ledger.post(tx, idempotency_key="by-hand", entries=[ledger.Entry(cash, fees, cent)])
        back = ledger.post(tx, idempotency_key="by-hand-back", entries=[ledger.Entry(fees, cash, cent)])
        assert not isinstance(posted, Refused) and not isinstance(back, Refused)
    return ids.encode("txn", posted.transaction_id)


def test_every_domains_evidence_is_in_the_lineage(scene: Scene) -> None:
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:

        def whats(thing: str) -> set[str]:
            return {one.what for one in recon.lineage_of(tx, thing).effects}

        assert whats(scene.wire.id) == {"deposit", "matched"}
        assert {"payment_settled"} <= whats(scene.artifacts["settled"])
        assert {"return", "payment_returned", "case"} <= whats(scene.artifacts["returns"])
        assert whats(scene.artifacts["faulty"]) == {"case"}
        assert whats(scene.messages["posted"]) == {"loan_payment_applied"}
        assert whats(scene.messages["refused"]) == {"case"}
        (origin, matched) = recon.lineage_of(tx, scene.transaction).origins
        assert (origin.artifact_id, origin.line, origin.filename) == (
            scene.artifacts["proved"],
            scene.wire.line,
            "wednesday.bai2",
        )
        data = ingestion.body(tx, scene.artifacts["proved"])
        assert origin.offset_start is not None and origin.offset_end is not None
        assert str(scene.wire.reference).encode() in data[origin.offset_start : origin.offset_end]
        assert matched.effect.what == "matched"
        with pytest.raises(Malformed):
            recon.lineage_of(tx, scene.deposit)
        told = tx.values("SELECT DISTINCT what FROM recon.lineage")
    assert all(pointing.spelt(what) != what.replace("_", " ") for what in told), told


def test_sources_say_how_they_fare_and_what_can_be_done(scene: Scene, browse: Enter) -> None:
    client = browse(person("ann"))
    page = client.get(scene.at("/sources"))
    words = said(page)
    assert "2 of 2 in a day could not be read." in words and "bank.first" in words
    assert words.index("bank.second") < words.index("statements"), "what needs a person stands first"
    assert page.text.count("<svg viewBox") == 8 and SECRET not in page.text and "key=hidden" not in page.text
    assert "nothing in a day" in words and "Breaker closed" in words

    paused = send(client, scene, "/sources/statements", "/sources", "pause", reason="they move house")
    assert "statements is paused" in said(paused) and "Paused by a person: they move house" in said(paused)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        assert list(ingestion.source_pauses(tx)) == ["statements"]
    resumed = send(client, scene, "/sources/statements", "/sources", "resume", reason="they are there")
    assert "goes on where it stood" in said(resumed)
    fetched = send(client, scene, "/sources/statements", "/sources", "fetch-source")
    assert "Fetched statements: 0 new, 0 known." in said(fetched)
    tried = send(client, scene, "/sources/ecb", "/sources", "fetch")
    assert tried.status_code == 422 and "ingestion.rates_unread" in tried.text and "The last try failed" in said(tried)

    taken = send(
        client, scene, "/sources/new", "/sources", "take", source="stripe", scheme="stripe", login_password=SECRET
    )
    address = re.search(r"/v1/ingestion/webhooks/stripe/(whe_\w+)", said(taken))
    assert address is not None and SECRET not in taken.text
    short = send(client, scene, "/sources/new", "/sources", "take", source="x", scheme="stripe", login_password="short")
    assert short.status_code == 400 and "Secret must have 16 to 500 bytes" in said(short)
    forms = client.get(scene.at("/sources"))
    stopped = client.post(scene.at(f"/sources/{address[1]}/stop"), data=fields(forms, f"{address[1]}/stop"))
    assert "No webhooks of stripe are taken" in said(stopped)


# ---------- what is done


def test_files_are_brought_kept_and_read_each_by_itself(scene: Scene, browse: Enter) -> None:
    client = browse(person("ann"))
    form = client.get(scene.at("/artifacts"))
    token = re.search(r'name="token" value="(\w+)"', form.text)
    assert token is not None
    csv = b"date,text,amount\n2026-11-24,rent,-5.00\n2026-11-25,wage,7.00\n"

    def bring(files: list[tuple[str, bytes]], source: str = "desk", **headers: str) -> httpx.Response:
        sent = [("file", one) for one in files]
        return client.post(
            scene.at("/artifacts/upload"), data={"token": token[1], "source": source}, files=sent, headers=headers
        )

    told = bring([("a.csv", csv), ("b.txt", b"no table at all")], **{"X-Headgate-Fragment": "uploaded"})
    assert told.status_code == 200 and told.text.count("<li>") == 2 and "<html" not in told.text
    assert "Unreadable" in told.text and "ingestion" not in said(told).lower().split("case")[0]
    one = bring([("a.csv", csv)])
    assert str(one.url).endswith(re.search(r"art_\w+", told.text)[0]), "the same bytes are the same artifact"  # type: ignore[index]
    wrong = bring([("c.csv", csv)], source="No Word", **{"X-Headgate-Fragment": "uploaded"})
    assert "Rejected" in wrong.text and "Source must be a word" in said(wrong)
    assert bring([("c.csv", csv)], source="No Word").status_code == 422
    assert (
        client.post(scene.at("/artifacts/upload"), data={"token": "x"}, files=[("file", ("a", csv))]).status_code == 403
    )
    assert client.post(scene.at("/artifacts/upload"), data={"token": token[1]}).status_code == 400
    elsewhere = bring([("c.csv", csv)], Origin="https://evil.example")
    assert elsewhere.status_code == 403
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        kept = [row.filename for row in ingestion.find_artifacts(tx, ingestion.parse_artifacts("source:desk"))]
    assert kept == ["b.txt", "a.csv"]

    letter = scene.artifacts["unknown"]
    refused = send(client, scene, f"/artifacts/{letter}", f"/artifacts/{letter}", "read", parser="bai2_v2")
    assert refused.status_code in (200, 422)


def test_a_person_says_what_columns_mean_sees_what_that_makes_and_saves_it(scene: Scene, browse: Enter) -> None:
    client = browse(person("ann"))
    artifact = scene.artifacts["table"]
    path = f"/artifacts/{artifact}/mapping"
    page = client.get(scene.at(path))
    assert (
        "reads in more than one way" in said(page)
        and "choose…" in page.text
        and "Nothing would be read yet" in said(page)
    )
    assert "Lindqvist" not in page.text
    answers = {"c0": "booked_on", "c1": "text", "c2": "amount", "date_order": "dmy", "decimal": ".", "currency": "eur"}

    unsaid = client.post(scene.at(f"/artifacts/{artifact}/map"), data={**fields(page, "map"), "c0": "booked_on"})
    assert unsaid.status_code == 400 and "Say how a day is written" in said(unsaid)
    twice = client.post(scene.at(path), data={**fields(page, "map"), **answers, "c1": "amount"})
    assert "is chosen for two columns" in said(twice)
    look = client.post(scene.at(path), data={**fields(page, "map"), **answers})
    assert "Sun 1 Feb 2026" in said(look) and "−12.50 EUR" in said(look) and "1,250.00 EUR" in said(look)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        assert ingestion.list_mappings(tx) == [] and ingestion.get_artifact(tx, artifact).status == "unreadable"

    saved = client.post(scene.at(f"/artifacts/{artifact}/map"), data={**fields(look, "map"), **answers})
    assert "Saved: tables of bank.second with these columns are read so" in said(saved)
    assert "This one was read: 3 records." in said(saved)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        (standing,) = ingestion.list_mappings(tx)
        later = ingestion.receive(
            tx, source="bank.second", filename="later.csv", data=TABLE + b"06/06/2026;More;1.00\n"
        )
        assert isinstance(ingestion.read(tx, later.id), ingestion.Reading)
    assert (standing.saved_by, standing.mapping["date_order"]) == ("key_ann", "dmy")
    assert "Saved by key_ann" in said(client.get(scene.at(path)))
    letter = said(client.get(scene.at(f"/artifacts/{scene.artifacts['bytes']}/mapping")))
    assert "Its columns cannot be told apart" in letter
    assert set(mapping_page.FIELDS) - {""} == set(ingestion.MAPPING_FIELDS)


def test_dead_letters_are_put_back_one_or_all_that_are_shown(scene: Scene, browse: Enter) -> None:
    database, tenant = scene.database, make.tenant(scene.database)
    first = bury(database, tenant, "funding.deposits", "ingestion.artifact.read", "art_1", "broken")
    for number in range(3):
        bury(
            database,
            tenant,
            "payments.settle",
            "ingestion.artifact.read",
            f"art_{number}",
            "core.unavailable: database",
        )
    own, client = replace(scene, tenant=tenant), browse(person("ann"), at=tenant)
    page = client.get(own.at("/dead-letters"))
    assert "4 dead letters" in said(page) and "payments.settle" in page.text and "3 given up" in said(page)

    done = send(client, own, f"/dead-letters/{first}", f"/dead-letters/{first}", "requeue")
    assert "Back in its queue: ingestion.artifact.read for funding.deposits" in said(done) and "Requeued" in said(done)
    data = fields(client.get(own.at("/dead-letters")), "requeue-all")
    again = client.post(own.at(f"/dead-letters/{first}/requeue"), data={**data, "key": "k" * 24})
    assert again.status_code == 422 and "messaging.not_dead" in again.text
    many = client.post(
        own.at("/dead-letters/found/requeue-all"),
        data={**fields(client.get(own.at("/dead-letters?q=consumer:payments.settle")), "requeue-all")},
    )
    assert "3 messages are back in their queues." in said(many) and "0 given up" not in said(many)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        waiting = {
            one.consumer: (one.ready, one.dead) for one in messaging.queue_depths(tx) if one.consumer and one.ready
        }
        assert waiting == {"funding.deposits": (1, 0), "payments.settle": (3, 0)}
        row = messaging.dead_letter_row(tx, first)
        tx.run(
            "INSERT INTO messaging.inbox (tenant_id, consumer, message_id) VALUES (%(t)s, %(c)s, %(m)s)",
            {"t": tenant.id, "c": row.consumer, "m": row.message_id},
        )
        assert messaging.dead_letter_row(tx, first).standing == "handled"
    assert "Handled, once" in said(client.get(own.at(f"/dead-letters/{first}")))
    reader = browse(person("rea"), "readonly", at=tenant)
    assert reader.post(own.at(f"/dead-letters/{first}/requeue"), data=data).status_code == 403


def test_a_list_says_what_is_wrong_with_its_query_and_finds_by_id(scene: Scene, browse: Enter) -> None:
    client = browse(person("ann"))
    for path, bad, good in (
        ("artifacts", "day:yesterday", "status:unreadable source:bank.second"),
        ("messages", "channel:smoke", "channel:ach loan:L-1"),
        ("dead-letters", "status:alive", "status:dead consumer:payments.settle"),
        ("transactions", "from:monday", "account:CASH.USD source:deposit"),
    ):
        wrong = client.get(scene.at(f"/{path}"), params={"q": bad})
        assert wrong.status_code == 200 and 'id="query-error"' in wrong.text, path
        found = client.get(scene.at(f"/{path}"), params={"q": good})
        assert 'id="query-error"' not in found.text and 'id="row-' in found.text, path
    by_id = client.get(scene.at("/artifacts"), params={"q": scene.artifacts["proved"]})
    assert str(by_id.url).endswith(f"/artifacts/{scene.artifacts['proved']}")
    unknown = client.get(scene.at("/transactions"), params={"q": "account:NOBODY"})
    assert unknown.status_code == 200 and 'id="query-error"' in unknown.text


def test_marks_fall_on_the_cell_that_a_fault_names() -> None:
    fault = ingestion.StoredFault(1, "art", "rdg", 1, 3, "amount", "x", "E", "no")
    marked = artifacts_screen.pieces('a,"b,c",12.x,d', [fault], "csv_v1")
    assert [piece.text for piece in marked if piece.is_marked] == ["12.x"]
    by_letter = artifacts_screen.pieces("6220 99", [replace(fault, position=6)], "nacha_v1")
    assert [piece.text for piece in by_letter if piece.is_marked] == ["99"]
    for position in (0, 400):
        whole = artifacts_screen.pieces("abc", [replace(fault, position=position)], "csv_v1")
        assert [piece.text for piece in whole] == ["abc"]


def test_depths_are_bars_on_one_scale(scene: Scene) -> None:
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        found = [
            messaging.QueueDepth("", 0, 0, 0, None, "postgres"), messaging.QueueDepth("a", 30, 10, 0, tx.now(), "postgres"),
            messaging.QueueDepth("b", 0, 0, 10, None, "postgres"), messaging.QueueDepth("c", 0, 0, 0, None, "postgres"),
        ]  # fmt: skip
        drawn = dead_letters_screen.depths(found, tx.now())
    assert [(one.name, one.figure, one.widths) for one in drawn] == [
        ("outbox", 0, ()), ("a", 40, (("sure", 75.0), ("unsure", 25.0))), ("b", 0, (("missing", 25.0),)),
    ]  # fmt: skip


def test_a_message_says_why_the_pipeline_refused_it_and_what_it_waits_for(scene: Scene, browse: Enter) -> None:
    tenant = make.tenant(scene.database)
    sent = {"refused": ("ach", "L-99"), "written": ("wire", "L-1"), "off": ("check", "L-1")}
    with scene.database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        board(tx, tenant)
        servicing.set_posting_mode(tx, channel="ach", mode="live", reason="a test")
        servicing.set_posting_mode(tx, channel="wire", mode="shadow", reason="a test")
        arrivals = [
            ingestion.Arrival(raw(envelope(loan, 1_000, channel=channel, transfer=f"t_{channel}", reference=channel)))
            for channel, loan in sent.values()
        ]
        came = ingestion.ingest_payments(tx, arrivals)
        found = {name: one.id for name, one in zip(sent, came, strict=True) if not isinstance(one, Refused)}
        pipeline.validate(tx, list(found.values()))
        pipeline.post(tx, [found["written"], found["off"]])
    client = browse(person("new"), at=tenant)

    page = {name: client.get(f"/console/{tenant.slug}/messages/{one}") for name, one in found.items()}

    rows = {name: client.get(f"/console/{tenant.slug}/messages/rows?id={one}") for name, one in found.items()}
    whole = said(client.get(f"/console/{tenant.slug}/messages"))

    assert "Refused" in said(rows["refused"]) and "loan not found" in said(rows["refused"])
    assert "Shadow" in said(rows["written"]) and "Waiting" in said(rows["off"])
    assert "loan not found" in whole and not any("Published" in said(one) for one in rows.values())
    assert [one.status_code for one in page.values()] == [200, 200, 200]
    refused, written, off = (said(one) for one in page.values())
    assert "It was refused as a loan payment: there is no such loan" in refused
    assert "loan payment rejected" in refused and "Next:" not in refused
    assert "It was written down for a loan, and nothing moved" in written and "Next:" not in written
    assert "check payments are left: the channel is off" in off and "the pipeline validates" not in off


def test_empty_pages_say_what_to_do(scene: Scene, browse: Enter) -> None:
    tenant = make.tenant(scene.database)
    client = browse(person("new"), at=tenant)
    for path, words in (
        ("sources", "No sources yet"), ("artifacts", "Drop a bank's file here"), ("messages", "POST /v1/ingestion/payments"),
        ("dead-letters", "No message was ever given up"), ("transactions", "The book is empty"),
    ):  # fmt: skip
        assert words in said(client.get(f"/console/{tenant.slug}/{path}")), path


def test_a_message_that_comes_is_told_to_live_pages(scene: Scene) -> None:
    from headgate.console.changes import changes

    position, _ = changes(scene.database, scene.tenant.id, None)
    with scene.database.begin(tenant_id=scene.tenant.id, actor=ACTOR) as tx:
        came = ingestion.ingest_payment(tx, raw(envelope("L-1", 5, transfer="acht_live", reference="live")))
        artifact = ingestion.receive(tx, source="column", filename="live", data=b"{}")
    assert not isinstance(came, Refused)
    make.caught_up(scene.database, scene.tenant.id)
    _, told = changes(scene.database, scene.tenant.id, position)
    assert {came.id, artifact.id} <= set(told)
