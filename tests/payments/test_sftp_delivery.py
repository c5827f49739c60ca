"""Delivery and fetching at a bank's SFTP server: whatever breaks, a file goes once, and what the bank says counts once."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.components import requires
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import banking, sftp_banks, stories
from tests.payments.banking import Died
from tests.payments.sftp_banks import SftpBank
from tests.payments.sftp_banks import near as near
from tests.payments.sftp_banks import sftp_bank as sftp_bank
from tests.payments.stories import MONDAY, TUESDAY
from tests.payments.test_delivery import send
from tests.payments.test_delivery_crashes import STEPS, evidence, open_cases, status
from tests.web.client import client_of, keys_of

from headgate import cases, funding, ingestion, payments
from headgate.core import sftp_place
from headgate.core.db import Database
from headgate.core.sftp_place import Server
from headgate.payments import routes
from headgate.payments.delivery import fetching, place_testing
from headgate.payments.errors import InvalidPlace, NoSuchPlace
from headgate.web import build_application

pytestmark = pytest.mark.slow


def set_place(database: Database, tenant: TenantFixture, server: Server, **other: Any) -> payments.BankPlace:
    """The sandbox's files go to this server from now on."""
    terms: dict[str, Any] = {
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "host_keys": server.host_keys,
        server.login: server.secret,
        "root": server.root,
        "timeout_seconds": server.timeout_seconds,
    }
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return payments.set_sftp_place(tx, bank="sandbox", **{**terms, **other})


@pytest.fixture
def file(near: Database, tenant: TenantFixture, sftp_bank: SftpBank) -> payments.AchFile:
    """A file that is to go to the bank's server."""
    set_place(near, tenant, sftp_bank.server())
    return send(near, tenant, "10.00")


def content(database: Database, tenant: TenantFixture, file: payments.AchFile) -> bytes:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return payments.file_bytes(tx, file.id)


def known(database: Database, tenant: TenantFixture, file: payments.AchFile) -> tuple[str, list[Any], list[str]]:
    """How a file stands, what that rests on, and the cases that are open."""
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        return payments.get_file(tx, file.id).status, evidence(tx, file), open_cases(tx)


class Dying(sftp_place.SftpPlace):
    """The process ends at a step of handing over."""

    dies: str | None = None

    def put(self, folder: str, temporary: str, name: str, content: bytes, before_rename: Callable[[], None]) -> None:
        if self.dies == "before the first byte":
            raise Died

        def renamed() -> None:
            if self.dies == "before the rename":
                raise Died
            before_rename()

        super().put(folder, temporary, name, content, renamed)
        if self.dies == "after the rename":
            raise Died


@pytest.mark.parametrize("dies", STEPS)
@pytest.mark.parametrize("removes", ["never", "may"])
def test_every_crash_ends_in_one_file_or_in_a_question(
    near: Database,
    tenant: TenantFixture,
    sftp_bank: SftpBank,
    file: payments.AchFile,
    monkeypatch: pytest.MonkeyPatch,
    dies: str,
    removes: str,
) -> None:
    if removes == "may":
        banking.sandbox(monkeypatch, delivery={"removes": "may", "archive": None})
        sftp_bank.acts.takes = banking.vanish
    dying = type("DyingOnce", (Dying,), {"dies": dies})
    monkeypatch.setattr(sftp_place, "SftpPlace", dying)
    with pytest.raises(Died):
        payments.deliver(near, tenant.id)
    monkeypatch.undo() if removes == "never" else setattr(dying, "dies", None)

    for _ in range(3):
        payments.deliver(near, tenant.id)

    handed = (2, "delivered", "handed_over")
    unknown = ("outcome_unknown", [(1, "unknown", "may_be_removed")], ["delivery_unknown"])
    expected = {
        ("never", "before the first byte"): ("delivered", [(1, "absent", "never_removed"), handed], []),
        ("never", "before the rename"): ("delivered", [(1, "absent", "temporary"), handed], []),
        ("never", "after the rename"): ("delivered", [(1, "delivered", "outbound")], []),
        ("may", "before the first byte"): unknown,
        ("may", "before the rename"): ("delivered", [(1, "absent", "temporary"), handed], []),
        ("may", "after the rename"): unknown,
    }[removes, dies]
    assert known(near, tenant, file) == expected
    whole = [(file.name, content(near, tenant, file))]
    assert sftp_bank.acts.received == ([] if (removes, dies) == ("may", "before the first byte") else whole)
    assert [path for path in sftp_bank.root.iterdir() if path.name.endswith(".part")] == []


@pytest.mark.parametrize(
    ("acts", "basis"),
    [
        ({"lost": "while writing"}, [(1, "absent", "temporary"), (2, "delivered", "handed_over")]),
        ({"lost": "before the rename"}, [(1, "absent", "temporary"), (2, "delivered", "handed_over")]),
        ({"lost": "after the rename"}, [(1, "delivered", "outbound")]),
        ({"keeps_bytes": 100}, [(1, "absent", "temporary"), (2, "delivered", "handed_over")]),
    ],
)
def test_a_server_that_breaks_off_gets_the_file_once_and_whole(
    near: Database,
    tenant: TenantFixture,
    sftp_bank: SftpBank,
    file: payments.AchFile,
    acts: dict[str, Any],
    basis: list[Any],
) -> None:
    for name, value in acts.items():
        setattr(sftp_bank.acts, name, value)
    assert payments.deliver(near, tenant.id) == []
    assert known(near, tenant, file) == ("pending", [], [])
    sftp_bank.acts.lost, sftp_bank.acts.keeps_bytes = None, None

    payments.deliver(near, tenant.id)

    assert known(near, tenant, file) == ("delivered", basis, [])
    assert sftp_bank.acts.received == [(file.name, content(near, tenant, file))]


def test_what_was_tried_elsewhere_is_not_sent_to_the_new_place(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank, file: payments.AchFile, tmp_path: Path
) -> None:
    """The bank never removes files, but this is another server: that nothing lies here proves nothing."""
    sftp_bank.acts.lost, sftp_bank.acts.takes = "after the rename", banking.vanish
    assert payments.deliver(near, tenant.id) == []
    with SftpBank(tmp_path / "another") as another:
        set_place(near, tenant, another.server())
        assert [one.status for one in payments.deliver(near, tenant.id)] == []

        assert known(near, tenant, file) == (
            "outcome_unknown", [(1, "unknown", "may_be_removed")], ["delivery_unknown"],
        )  # fmt: skip
        assert another.acts.received == [] and len(sftp_bank.acts.received) == 1


def test_a_server_that_is_not_the_bank_gets_nothing_and_a_person_hears(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank, file: payments.AchFile
) -> None:
    strange = set_place(near, tenant, sftp_bank.server(), host_keys=["SHA256:" + "A" * 43])
    for _ in range(2):
        assert payments.deliver(near, tenant.id) == []

    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        (case,) = cases.list_cases(tx)
        assert tx.value("SELECT count(*) FROM payments.delivery_tries") == 0
    assert (case.category, case.severity) == ("place_refused", "high")
    assert sftp_bank.fingerprint in case.detail["reason"] and status(near, tenant, file) == "pending"
    assert sftp_bank.acts.sessions == 0
    tried = place_testing.try_place(near, tenant.id, bank="sandbox", actor=ACTOR)
    assert not tried.is_ok and tried.host_key.endswith(sftp_bank.fingerprint) and tried.folders == ()

    mended = set_place(near, tenant, sftp_bank.server())
    assert mended.id > strange.id and len(payments.deliver(near, tenant.id)) == 1


def test_a_round_makes_one_connection_and_reads_what_the_bank_acknowledges(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank, file: payments.AchFile
) -> None:
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        payments.commit_payroll(tx, stories.batch(tx, tenant, "20.00", payroll_id="PR-2"))
        (second,) = payments.submit_due(tx, on=MONDAY)
    (sftp_bank.root / "acknowledgements" / f"{second.name}.ack").write_text(
        f"FILE: {second.name}\nSTATUS: REJECTED\nREASON: NO\n"
    )

    assert [one.id for one in payments.deliver(near, tenant.id)] == [file.id]

    assert sftp_bank.acts.sessions == 1 and [name for name, _ in sftp_bank.acts.received] == [file.name]
    assert known(near, tenant, second)[0] == "rejected"


def test_nothing_secret_stands_in_the_table_or_the_log(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank
) -> None:
    made = set_place(near, tenant, sftp_bank.server(login="password", secret=sftp_banks.PASSWORD))

    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        row = tx.one("SELECT * FROM payments.places")
        (data,) = tx.values("SELECT data::text FROM audit.events WHERE type = 'payments.place.set'")
        told = f"{made!r} {row!r} {data}"
        assert sftp_banks.PASSWORD not in told and sftp_banks.PASSWORD.encode() not in bytes(row["login_sealed"])
        assert sftp_bank.fingerprint in data
        assert payments.list_places(tx) == [made]
        payments.remove_place(tx, bank="sandbox")
        assert payments.list_places(tx) == []
        with pytest.raises(NoSuchPlace):
            payments.get_place(tx, bank="sandbox")


@pytest.mark.parametrize(
    "terms",
    [
        {"host": "sftp://bank"}, {"host": "bank/dir"}, {"host": ""}, {"port": 0}, {"username": ""}, {"username": "a\nb"},
        {"root": "../up"}, {"timeout_seconds": 0}, {"host_keys": ["nonsense"]}, {"key": "nonsense"}, {"password": "and"},
        {"key": None},
    ],
)  # fmt: skip
def test_what_cannot_be_a_place_is_refused(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank, terms: dict[str, Any]
) -> None:
    with pytest.raises(InvalidPlace):
        set_place(near, tenant, sftp_bank.server(), **terms)
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert payments.list_places(tx) == []


@requires("openssh")
def test_openssh_gets_a_file_and_gives_a_statement(near: Database, tenant: TenantFixture, tmp_path: Path) -> None:
    with sftp_banks.openssh(tmp_path / "bank") as server:
        root = tmp_path / "bank" / "served"
        set_place(near, tenant, server)
        tried = place_testing.try_place(near, tenant.id, bank="sandbox", actor=ACTOR)
        assert [(one.folder, one.is_ok) for one in tried.folders] == [
            (".", True), ("archive", False), ("acknowledgements", False), ("inbound", False),
        ]  # fmt: skip
        file = send(near, tenant, "10.00")
        # The profile says that what it took is for ever seen there: where there is no such place, nothing is known.
        assert payments.deliver(near, tenant.id) == [] and list(root.iterdir()) == []
        (root / "archive").mkdir()

        (delivered,) = payments.deliver(near, tenant.id)

        assert delivered.status == "delivered"
        assert (root / file.name).read_bytes() == content(near, tenant, file)
        (root / "inbound").mkdir()
        on_tuesday(near, tenant)
        (root / "inbound" / "monday.bai2").write_bytes(stories.statement([content(near, tenant, file)], on=TUESDAY))
        (fetched,) = fetching.fetch(near, tenant.id).files
        assert (fetched.kind, fetched.outcome) == ("statement", "1 payments settled")
    assert status(near, tenant, file) == "settled"


# Fetching -----------------------------------------------------------------------------------------------------------


def put(bank: SftpBank, name: str, data: bytes, *, at: int = 1_800_000_000) -> None:
    """The bank puts a file for us, at an instant."""
    path = bank.root / "inbound" / name
    path.write_bytes(data)
    os.utime(path, (at, at))


def on_tuesday(database: Database, tenant: TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, TUESDAY)


def outcomes(database: Database, tenant: TenantFixture) -> list[tuple[str, str]]:
    return [(one.name, one.outcome) for one in fetching.fetch(database, tenant.id).files]


def test_what_the_bank_puts_is_taken_in_once_whatever_it_is_called(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank, file: payments.AchFile
) -> None:
    payments.deliver(near, tenant.id)
    sent = content(near, tenant, file)
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        reference = funding.payer_reference(tx, legal_entity_id=tenant.legal_entity_id)
    wire = stories.fake.WireIn(usd("5.00"), reference, "ACME")
    statement = stories.statement([sent], on=TUESDAY, wires=[wire])
    returned = stories.fake.return_file([sent], {"990000010000001": "R01"}, on=TUESDAY, first_sequence=1)
    put(sftp_bank, "s-1.bai2", statement, at=1_800_000_000)
    put(sftp_bank, "r-1.ach", returned, at=1_800_000_100)
    put(sftp_bank, ".s-2.bai2.part", b"half", at=1_800_000_200)
    put(sftp_bank, "notes.txt", b"we are closed on Monday", at=1_800_000_300)
    put(sftp_bank, "empty", b"", at=1_800_000_300)

    # Its day has not come by the tenant's clock: it waits, with a case, and is told again.
    assert outcomes(near, tenant)[0] == (
        "s-1.bai2",
        "not taken in: a deposit could not be posted: its day is still to come, so the money is not there yet",
    )
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert open_cases(tx) == ["bank_file_not_taken_in", "payment_returned", "unknown_file"]
    on_tuesday(near, tenant)

    assert outcomes(near, tenant) == [("s-1.bai2", "1 deposits, 1 payments settled")]
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        before, statuses = stories.counts(tx), stories.statuses(tx)
        assert [one.filename for one in ingestion.list_artifacts(tx, limit=10)] == ["notes.txt", "r-1.ach", "s-1.bai2"]
    sessions = sftp_bank.acts.sessions
    assert outcomes(near, tenant) == [] and sftp_bank.acts.sessions == sessions + 1
    put(sftp_bank, "s-1-again.bai2", statement)
    put(sftp_bank, "s-1.bai2", statement, at=1_800_000_500)
    assert outcomes(near, tenant) == [("s-1-again.bai2", "nothing new"), ("s-1.bai2", "nothing new")]
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert (stories.counts(tx), stories.statuses(tx)) == (before, statuses) and statuses == ["returned"]


def test_a_file_of_the_same_name_with_other_bytes_is_another(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank, file: payments.AchFile
) -> None:
    put(sftp_bank, "daily.bai2", stories.statement([], on=MONDAY, opening="1.00"))
    assert len(outcomes(near, tenant)) == 1
    put(sftp_bank, "daily.bai2", stories.statement([], on=MONDAY, opening="2.00"), at=1_800_000_001)

    assert len(outcomes(near, tenant)) == 1
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert len(ingestion.list_artifacts(tx, limit=10)) == 2


def test_a_crash_between_taking_in_and_noting_it_takes_in_nothing_twice(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank, file: payments.AchFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    payments.deliver(near, tenant.id)
    on_tuesday(near, tenant)
    put(sftp_bank, "s.bai2", stories.statement([content(near, tenant, file)], on=TUESDAY))

    def dies(*_: Any) -> None:
        raise Died

    with monkeypatch.context() as patch, pytest.raises(Died):
        patch.setattr(fetching, "_note", dies)
        fetching.fetch(near, tenant.id)
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        before = stories.counts(tx)
    assert outcomes(near, tenant) == [("s.bai2", "nothing new")]
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.counts(tx) == before and stories.statuses(tx) == ["settled"]


def test_what_is_too_large_or_still_being_written_is_not_taken_for_a_file(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank, file: payments.AchFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "BYTES_MAX", 100)
    put(sftp_bank, "large", b"x" * 101)
    put(sftp_bank, "grows", b"y" * 10)
    entries = sftp_place.SftpPlace.entries

    def stale(self: Any, folder: str) -> Any:
        found = entries(self, folder)
        (sftp_bank.root / "inbound" / "grows").write_bytes(b"y" * 20)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(sftp_place.SftpPlace, "entries", stale)
        done = fetching.fetch(near, tenant.id)

    assert [(one.name, one.artifact_id) for one in done.files] == [("large", None)]
    assert done.unseen == ("sandbox: inbound/grows: 11 bytes of 10; it is being written",)
    assert [name for name, _ in outcomes(near, tenant)] == ["grows"]
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert open_cases(tx) == ["bank_file_not_taken_in", "unknown_file"]


def test_a_bank_that_cannot_be_reached_is_said_and_the_others_are_fetched(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank, file: payments.AchFile
) -> None:
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        payments.set_sftp_place(
            tx, bank="column", host="127.0.0.1", port=1, username="u", password="p", timeout_seconds=1
        )
    put(sftp_bank, "s.bai2", stories.statement([], on=MONDAY))

    done = fetching.fetch(near, tenant.id)

    assert [one.name for one in done.files] == ["s.bai2"]
    assert all("no connection to 127.0.0.1 port 1" in why for why in done.unseen)


# Searched -----------------------------------------------------------------------------------------------------------

SERVER_FAULTS: list[dict[str, Any]] = [
    {"lost": "while writing"}, {"lost": "before the rename"}, {"lost": "after the rename"}, {"keeps_bytes": 100},
]  # fmt: skip


def test_whatever_breaks_in_whatever_order_a_file_arrives_once_or_people_are_asked(
    near: Database,
    tenant: TenantFixture,
    sftp_bank: SftpBank,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
) -> None:
    """Up to three rounds in which the server or the process breaks, then two good ones; each story from its seed."""
    set_place(near, tenant, sftp_bank.server())
    dying = type("DyingAtTimes", (Dying,), {"dies": None})
    monkeypatch.setattr(sftp_place, "SftpPlace", dying)
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
        stories.fund(tx, tenant, "10000.00")
    for seed in range(pytestconfig.getoption("--crash-points")):
        chance = random.Random(seed)
        removes = chance.choice(["never", "may"])
        with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            payments.commit_payroll(tx, stories.batch(tx, tenant, "10.00", payroll_id=f"PR-{seed}"))
            (file,) = payments.submit_due(tx, on=MONDAY)
            whole = payments.file_bytes(tx, file.id)
        told: list[Any] = [removes]
        with monkeypatch.context() as patch:
            archive = {"archive": None} if removes == "may" else {}
            banking.sandbox(patch, delivery={"removes": removes, **archive})
            taking = [banking.stay, banking.archive] + ([banking.vanish] if removes == "may" else [])
            sftp_bank.acts.takes = chance.choice(taking)
            told.append(sftp_bank.acts.takes.__name__)
            for fault in (chance.choice([*SERVER_FAULTS, *STEPS]) for _ in range(chance.randint(1, 3))):
                told.append(fault)
                if isinstance(fault, str):
                    dying.dies = fault  # type: ignore[attr-defined]
                else:
                    sftp_bank.acts.lost = fault.get("lost")
                    sftp_bank.acts.keeps_bytes = fault.get("keeps_bytes")
                with suppress(Died):
                    payments.deliver(near, tenant.id)
                dying.dies, sftp_bank.acts.lost, sftp_bank.acts.keeps_bytes = None, None, None  # type: ignore[attr-defined]
            for _ in range(2):
                payments.deliver(near, tenant.id)

        received = [each for each in sftp_bank.acts.received if each[0] == file.name]
        found = status(near, tenant, file)
        assert received in ([], [(file.name, whole)]), told
        assert found in (("delivered",) if removes == "never" else ("delivered", "outcome_unknown")), told
        assert received or found != "delivered", told


def test_a_place_is_set_tried_and_given_up_over_http_by_an_admin_alone(
    near: Database, tenant: TenantFixture, sftp_bank: SftpBank
) -> None:
    keys, server, path = keys_of(near, tenant.id), sftp_bank.server(), "/v1/payments/places/sandbox"
    body = {"host": server.host, "port": server.port, "username": server.username, "host_keys": list(server.host_keys)}
    with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.originator(tx, tenant)
    with client_of(build_application(near, [routes.router])) as api:

        def call(method: str, at: str, role: dict[str, str] = keys.admin, **json: Any) -> Any:
            answer = api.send(method, at, headers=role, **({"json": json} if json else {}))
            assert server.secret not in answer.text and sftp_banks.PASSWORD not in answer.text
            return (answer.status_code, answer.json())

        assert call("GET", path)[0] == 404 and call("POST", f"{path}/try")[0] == 404
        assert call("GET", "/v1/payments/places")[1][0]["kind"] == "folder"
        assert call("PUT", path, keys.operator, **body, key=server.secret)[0] == 403
        for secrets in ({}, {"key": server.secret, "password": "x"}, {"key": "no key"}, {"password": ""}):
            assert call("PUT", path, **body, **secrets)[0] == 422
        assert call("PUT", "/v1/payments/places/no-such-bank", **body, password="x")[0] in (404, 422)

        status_code, made = call("PUT", path, **body, password="wrong")
        assert (status_code, made["login"], made["host"], made["kind"]) == (200, "password", server.host, "sftp")
        refused = call("POST", f"{path}/try", keys.operator)[1]
        assert (refused["is_ok"], refused["folders"]) == (False, []) and refused["problem"]
        assert call("POST", f"{path}/login", keys.operator, key=server.secret)[0] == 403
        assert call("POST", f"{path}/login", key=server.secret)[1]["login"] == "key"
        [untried] = call("GET", "/v1/payments/places", keys.readonly)[1]
        assert untried["last_try"] is None and untried["fingerprints"] == [sftp_bank.fingerprint]
        assert call("POST", f"{path}/try", keys.readonly)[0] == 403
        tried = call("POST", f"{path}/try", keys.operator)[1]
        assert tried["is_ok"] and [one["folder"] for one in tried["folders"]] == [
            ".", "archive", "acknowledgements", "inbound",
        ]  # fmt: skip
        [place] = call("GET", "/v1/payments/places", keys.readonly)[1]
        assert place["last_try"]["is_ok"] and place["last_try"]["folders"] == tried["folders"]

        with place_testing._alone(tenant.id, "sandbox"):
            busy = call("POST", f"{path}/try", keys.operator)
        assert (busy[0], busy[1]["code"]) == (409, "payments.place_busy")
        assert call("DELETE", path, keys.operator)[0] == 403
        assert call("DELETE", path)[1]["kind"] == "folder" and call("GET", path)[0] == 404
        with near.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            told = tx.values("SELECT type FROM audit.events WHERE type LIKE 'payments.place.%%' ORDER BY id")
            assert tx.values("SELECT is_ok FROM payments.place_tries ORDER BY id") == [False, True]
    assert told == [f"payments.place.{what}" for what in ("set", "tried", "set", "tried", "set")]
