"""What is attached to mails is taken once, from whom it is allowed, over TLS; what is said of the sender is noted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.components import requires
from tests.ingestion.mailing import PASSWORD, Mailserver, dovecot, mail
from tests.ingestion.sourcing import Died, Mortal, Scene
from tests.ingestion.sourcing import near as near
from tests.ingestion.sourcing import scene as scene

from headgate import ingestion
from headgate.ingestion import source_fetching, sources
from headgate.ingestion.connectors._imap import Mailbox
from headgate.ingestion.connectors._mail import attached, head_of, is_allowed
from headgate.ingestion.errors import MalformedSource

RESULTS = (
    "mx.psp.example; dkim=pass (2048-bit) header.d=bank.example; spf=pass smtp.mailfrom=bounce@bank.example; dmarc=none"
)
FORGED = "mx.psp.example; dkim=pass header.d=evil.example; spf=fail smtp.mailfrom=x@evil.example"


@pytest.fixture(scope="module")
def mailserver() -> Iterator[Mailserver]:
    """A mailbox."""
    with dovecot() as made:
        yield made


@pytest.fixture
def box(mailserver: Mailserver) -> Mailserver:
    """The mailbox, empty."""
    mailserver.empty()
    return mailserver


def set_mail(
    scene: Scene, box: Mailserver, name: str = "mail", *, source: str | None = None, **more: Any
) -> sources.Source:
    """Take what comes into the mailbox."""
    return scene.set(name, "email", box.settings(**more), source=source, login="password", secret=PASSWORD)


@pytest.mark.slow
@requires("dovecot")
def test_attachments_of_allowed_senders_are_kept_once_with_what_is_known_of_them(scene: Scene, box: Mailserver) -> None:
    box.deliver(
        mail(("a.csv", b"1"), ("ü b.bai", b"2"), results=RESULTS),
        mail(("evil.csv", b"3"), sender="Mallory <x@evil.example>"),
        mail(("evil.csv", b"4"), sender='"reports@bank.example" <x@evil.example>'),
        mail(),
        mail(("same.csv", b"1")),
    )
    set_mail(scene, box, authserv_id="mx.psp.example", source="bank.mail")

    done, again = scene.fetch("mail"), scene.fetch("mail")

    assert (done.outcome, done.items_new, done.items_refused) == ("taken", 3, 3)
    assert (again.items_new, again.items_known, again.items_refused) == (0, 0, 0)
    found = {one.filename: one for one in scene.do(ingestion.list_artifacts)}
    assert set(found) == {"a.csv", "ü b.bai"} and {one.source for one in found.values()} == {"bank.mail"}
    assert sorted(scene.bodies()) == [b"1", b"2"]  # the same bytes again are the artifact that stands
    kept = scene.do(sources.list_source_items, "mail")
    assert sorted(one.refusal for one in kept if one.refusal) == [
        "nothing that is wanted is attached",
        "the sender is not among those allowed",
        "the sender is not among those allowed",
    ]
    assert {one.type for one in found.values()} == {"mail_part"}
    (first,) = [one for one in kept if one.artifact_id == found["ü b.bai"].id]
    assert (first.artifact_type, first.occurred_at.isoformat()) == ("mail_part", "2026-11-20T23:00:00+00:00")
    assert first.facts == {
        "part": 3, "mime": "application/octet-stream", "from_domain": "bank.example", "found_by": "mx.psp.example",
        "dkim": "pass", "spf": "pass", "dmarc": "none", "aligned": ["dkim", "spf"],
    }  # fmt: skip
    assert (box.unread(), box.count(), scene.cases()) == (3, 5, [])
    shown = scene.do(
        lambda tx: tx.values(
            "SELECT facts::text || identity FROM ingestion.source_items WHERE tenant_id = core.require_tenant()"
        )
    )
    assert "reports@" not in str(shown) and "Your statement" not in str(shown)


@pytest.mark.slow
@requires("dovecot")
@pytest.mark.parametrize("after", ["move", "mark"])
def test_wherever_the_process_dies_every_attachment_is_kept_once_and_every_mail_put_away(
    scene: Scene, box: Mailserver, after: str
) -> None:
    set_mail(scene, box, after=after)
    put: list[bytes] = []
    died = rounds = 0
    for at in range(1, 8):
        for before in (True, False):
            rounds += 1
            data = [b"%d %d" % (rounds, number) for number in range(3)]
            put += data
            box.deliver(mail(("a.csv", data[0]), ("b.csv", data[1])), mail(("c.csv", data[2])))
            try:
                outside: Any = Mortal(scene.outside, at=at, before=before)
                source_fetching.fetch_source(outside, "mail", wait=scene.waits.append)
            except Died:
                died += 1
            scene.fetch("mail")

    assert died >= 12
    assert sorted(scene.bodies()) == sorted(put)
    assert scene.source("mail").items_taken == 3 * rounds
    assert (box.count(), box.count("Taken")) == ((0, 2 * rounds) if after == "move" else (2 * rounds, 0))
    assert box.unread() == 0


@pytest.mark.slow
@requires("dovecot")
@pytest.mark.parametrize("lacks", ["MOVE", "UIDPLUS"])
def test_a_mail_is_moved_once_where_the_server_cannot_do_so_in_one_step(
    scene: Scene, box: Mailserver, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    monkeypatch.setattr(Mailbox, "log_in", _lacking(Mailbox.log_in, {"MOVE", lacks}))
    set_mail(scene, box, after="move")
    box.deliver(mail(("a.csv", b"1")))

    for _ in range(3):
        assert scene.fetch("mail").outcome == "taken"

    assert (scene.bodies(), box.count("Taken"), box.unread()) == ([b"1"], 1, 0 if lacks == "MOVE" else 1)


def _lacking(log_in: Any, lacks: set[str]) -> Any:
    def done(self: Any, *args: Any) -> None:
        log_in(self, *args)
        assert lacks <= self._can
        self._can -= lacks

    return done


@pytest.mark.slow
@requires("dovecot")
def test_a_server_that_counts_anew_gives_nothing_twice(scene: Scene, box: Mailserver) -> None:
    box.deliver(mail(("a.csv", b"1")))
    set_mail(scene, box, after="leave")
    scene.fetch("mail")
    box.count_anew()
    box.deliver(mail(("b.csv", b"2")))

    done = scene.fetch("mail")

    assert (done.outcome, sorted(scene.bodies())) == ("taken", [b"1", b"2"])
    assert (box.unread(), scene.cases()) == (2, [("source_cursor_lost", "mail")])
    assert scene.fetch("mail").items_new == 0


@pytest.mark.slow
@requires("dovecot")
def test_who_has_not_passed_is_left_alone_where_that_is_required(scene: Scene, box: Mailserver) -> None:
    box.deliver(
        mail(("a.csv", b"1"), results=RESULTS),
        mail(("b.csv", b"2"), results=FORGED),
        mail(("c.csv", b"3")),
        mail(("d.csv", b"4"), results=RESULTS.replace("mx.psp", "mx.evil")),
    )
    set_mail(scene, box, authserv_id="mx.psp.example", require=["dkim"])
    scene.fetch("mail")

    assert scene.bodies() == [b"1"]
    kept = scene.do(sources.list_source_items, "mail")
    assert sorted(one.refusal for one in kept if one.refusal) == [
        "dkim must have passed for the sender's domain, and mx.psp.example says nothing",
        "dkim must have passed for the sender's domain, and mx.psp.example says nothing",
        "dkim must have passed for the sender's domain, and mx.psp.example says pass, of another domain",
    ]


@pytest.mark.slow
@requires("dovecot")
def test_a_mail_that_is_a_bomb_is_a_case_and_the_others_go_on(scene: Scene, box: Mailserver) -> None:
    deep = b"From: reports@bank.example\r\n" + b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (depth, depth) for depth in range(3000)
    )
    many = mail(("a.csv", b"0")) + b"\n--x" * 21_000
    box.deliver(deep, many, mail(("empty.csv", b"")), mail(("b.csv", b"1")))
    set_mail(scene, box)

    done = scene.fetch("mail")

    assert (done.outcome, done.items_new, done.items_refused) == ("taken", 1, 3)
    assert (scene.bodies(), scene.cases()) == ([b"1"], [("source_item_not_kept", "mail")] * 3)


@pytest.mark.slow
@requires("dovecot")
def test_a_server_that_is_not_trusted_hears_no_password_and_a_wrong_one_is_for_a_person(
    scene: Scene, box: Mailserver
) -> None:
    box.deliver(mail(("a.csv", b"1")))
    set_mail(scene, box, certificate="")
    assert "shows a certificate that is not trusted" in str(scene.fetch("mail").reason)
    assert scene.source("mail").last_failure is not None and scene.cases() == [("source_failing", "mail")]

    set_mail(scene, box, tls="starttls", port=box.plain_port)
    assert scene.fetch("mail").items_new == 1
    scene.set("wrong", "email", box.settings(), login="password", secret="nonsense")
    wrong = scene.fetch("wrong")
    assert (wrong.outcome, wrong.reason) == ("refused", "127.0.0.1 does not let reports in with this password")
    set_mail(scene, box, "other", folder="Nowhere")
    assert "has no folder Nowhere" in str(scene.fetch("other").reason)
    set_mail(scene, box, "inside", host="10.1.2.3")
    assert "not a public address" in str(scene.fetch("inside").reason)
    set_mail(scene, box, "silent", port=9)
    assert scene.fetch("silent").outcome == "failed"
    for terms in (
        {"senders": []},
        {"senders": ["no domain"]},
        {"folder": 'a"b'},
        {"require": ["dkim"]},
        {"certificate": "x"},
    ):
        with pytest.raises(MalformedSource):
            set_mail(scene, box, "refused", **terms)


@pytest.mark.parametrize(
    ("line", "sender"),
    [
        ("reports@bank.example", "reports@bank.example"),
        ("Bank <Reports@Bank.example>", "reports@bank.example"),
        ('"x@bank.example" <x@evil.example>', "x@evil.example"),
        ("x@bank.example <x@evil.example>", None),
        ("a@bank.example, b@evil.example", None),
        ("a@bank.example)b@evil.example", None),
        ("<>", None),
        ("", None),
    ],
)
def test_the_sender_is_the_one_address_of_the_one_from(line: str, sender: str | None) -> None:
    assert head_of(f"From: {line}\r\n\r\n".encode(), None).sender == sender
    assert head_of(f"From: {line}\r\nFrom: {line}\r\n\r\n".encode(), None).sender is None


def test_a_domain_names_its_senders_and_no_others() -> None:
    allowed = ["bank.example", "@mail.bank.test", "one@other.example"]
    assert [
        is_allowed(sender, allowed)
        for sender in (
            "a@bank.example",
            "a@mail.bank.test",
            "one@other.example",
            "a@x.bank.example",
            "two@other.example",
            None,
        )
    ] == [True, True, True, False, False, False]


def test_results_count_where_they_are_of_the_server_named_and_the_topmost() -> None:
    header = (
        b"Authentication-Results: mx.psp.example 1; dkim=fail (bad; (nested) x) header.d=bank.example;\r\n"
        b"  dkim=pass header.d=mail.bank.example; spf=softfail; DMARC=Pass header.from=bank.example\r\n"
        b"Authentication-Results: mx.psp.example; dkim=pass header.d=bank.example; spf=pass\r\n"
        b"From: a@bank.example\r\n\r\n"
    )
    found = head_of(header, "MX.psp.example").found
    assert {method: (one.result, one.is_aligned) for method, one in found.items()} == {
        "dkim": ("pass", False),
        "spf": ("softfail", False),
        "dmarc": ("pass", True),
    }
    assert head_of(header, "mx.other.example").found == {}


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(0, 400), st.integers(0, 60))
def test_no_mail_makes_its_reader_fail(noise: bytes, at: int, gone: int) -> None:
    whole = mail(("a.csv", b"1"), results=RESULTS)
    broken = whole[:at] + noise + whole[at + gone :]
    for data in (noise, broken):
        head_of(data, None)
        found = attached(data)
        assert isinstance(found, str) or all(isinstance(part.data, bytes) and part.filename for part in found)
