"""Sealed values open for their own tenant and place only, through rotation of either key."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate import tenants
from headgate.core import errors, keys, secrets
from headgate.core.config import Config
from headgate.core.db import Actor, Database, Tx
from headgate.core.secrets import NotSealed, SealBroken, SealedForAnotherTenant, WrongMasterKey

pytestmark = pytest.mark.slow

ACTOR = Actor.system("test")
PLACE = "parties.bank_accounts.account_number"
shared = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def tenant_id() -> UUID:
    return uuid4()


@pytest.fixture
def transaction(database: Database, tenant_id: UUID) -> Iterator[Tx]:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        yield tx


def key_rows(tx: Tx) -> list[tuple[int, str]]:
    return [
        (row["key_no"], row["kek_id"]) for row in tx.all("SELECT key_no, kek_id FROM core.data_keys ORDER BY key_no")
    ]


@shared
@given(plaintext=st.binary(max_size=300), context=st.text(max_size=40))
def test_what_is_sealed_opens(transaction: Tx, plaintext: bytes, context: str) -> None:
    sealed = secrets.seal(transaction, plaintext, context=context)

    assert secrets.open_sealed(transaction, sealed, context=context) == plaintext
    assert len(plaintext) < 4 or plaintext not in sealed
    assert secrets.seal(transaction, plaintext, context=context) != sealed


def test_many_are_sealed_and_opened_in_order_with_one_key_fetch(
    transaction: Tx, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [f"{n:017d}".encode() for n in range(5000)]
    secrets.seal(transaction, b"", context=PLACE)
    fetched: list[object] = []
    fetch = secrets._keys
    monkeypatch.setattr(secrets, "_keys", lambda tx, **given: fetched.append(tx) or fetch(tx, **given))

    sealed = secrets.seal_many(transaction, numbers, context=PLACE)

    assert secrets.open_many(transaction, sealed, context=PLACE) == numbers
    assert len(fetched) == 2
    assert len(set(sealed)) == 5000
    assert secrets.seal_many(transaction, [], context=PLACE) == secrets.open_many(transaction, [], context=PLACE) == []


def test_a_value_opens_only_where_it_was_sealed_for(transaction: Tx) -> None:
    sealed = secrets.seal(transaction, b"021000021", context=PLACE)

    with pytest.raises(SealBroken, match="was altered, or was not sealed for webhooks"):
        secrets.open_sealed(transaction, sealed, context="webhooks")


def test_another_tenants_value_is_told_apart_from_an_altered_one(database: Database, transaction: Tx) -> None:
    sealed = secrets.seal(transaction, b"021000021", context=PLACE)

    with database.begin(tenant_id=uuid4(), actor=ACTOR) as other:
        secrets.seal(other, b"x", context=PLACE)
        with pytest.raises(SealedForAnotherTenant):
            secrets.open_sealed(other, sealed, context=PLACE)
        forged = sealed[:1] + secrets._mark(other.tenant_id) + sealed[5:]
        with pytest.raises(SealBroken):
            secrets.open_sealed(other, forged, context=PLACE)


@shared
@given(data=st.data())
def test_no_altered_byte_goes_unnoticed(transaction: Tx, data: st.DataObject) -> None:
    sealed = secrets.seal(transaction, b"000123456789", context=PLACE)
    position = data.draw(st.integers(0, len(sealed) - 1))
    flipped = bytearray(sealed)
    flipped[position] ^= data.draw(st.integers(1, 255))

    with pytest.raises((NotSealed, SealBroken, SealedForAnotherTenant)):
        secrets.open_sealed(transaction, bytes(flipped), context=PLACE)


@pytest.mark.parametrize("value", [b"", b"\x01", b"000123456789", b"\x02" + bytes(60), bytes(36)])
def test_what_is_no_sealed_value_is_named(transaction: Tx, value: bytes) -> None:
    with pytest.raises(NotSealed, match="that are no sealed value"):
        secrets.open_sealed(transaction, value, context=PLACE)


def test_rotation_seals_anew_and_opens_what_was_sealed_before(transaction: Tx) -> None:
    old = secrets.seal(transaction, b"old", context=PLACE)
    before = secrets.fingerprint(transaction, "021000021", purpose=PLACE)

    assert secrets.rotate(transaction) == 2
    new = secrets.seal(transaction, b"new", context=PLACE)

    assert [number for number, _ in key_rows(transaction)] == [0, 1, 2]
    assert (old[5:9], new[5:9]) == (b"\0\0\0\1", b"\0\0\0\2")
    assert secrets.open_many(transaction, [old, new, old], context=PLACE) == [b"old", b"new", b"old"]
    assert secrets.fingerprint(transaction, "021000021", purpose=PLACE) == before


def test_a_tenant_without_keys_may_be_rotated(transaction: Tx) -> None:
    assert secrets.rotate(transaction) == 1
    assert [number for number, _ in key_rows(transaction)] == [1]


def test_rotations_at_once_draw_different_numbers(database: Database, tenant_id: UUID) -> None:
    def rotate(_: int) -> int:
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            return secrets.rotate(tx)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(rotate, range(16))) == list(range(1, 17))


def test_callers_at_once_make_one_key(database: Database, tenant_id: UUID) -> None:
    def seal(n: int) -> tuple[bytes, bytes]:
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            return secrets.seal(tx, b"%d" % n, context=PLACE), secrets.fingerprint(tx, "same", purpose=PLACE)

    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(seal, range(48)))

    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        assert [number for number, _ in key_rows(tx)] == [0, 1]
        assert secrets.open_many(tx, [value for value, _ in made], context=PLACE) == [b"%d" % n for n in range(48)]
    assert len({mark for _, mark in made}) == 1


def test_a_key_that_was_rolled_back_seals_nothing_later(database: Database, tenant_id: UUID) -> None:
    with pytest.raises(ZeroDivisionError), database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        secrets.seal(tx, b"lost", context=PLACE)
        raise ZeroDivisionError

    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        sealed = secrets.seal(tx, b"kept", context=PLACE)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        assert secrets.open_sealed(tx, sealed, context=PLACE) == b"kept"


def test_a_key_made_meanwhile_is_not_made_again_under_an_older_snapshot(database: Database, tenant_id: UUID) -> None:
    with database.connect("app") as conn:
        conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SELECT set_config('headgate.tenant_id', %s, true)", [str(tenant_id)])
        tx = Tx(conn, tenant_id, ACTOR, "cor", config=database.config)
        assert key_rows(tx) == []
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as other:
            secrets.seal(other, b"x", context=PLACE)

        with pytest.raises(psycopg.errors.SerializationFailure):
            secrets.seal(tx, b"y", context=PLACE)


@shared
@given(a=st.text(max_size=20), b=st.text(max_size=20))
def test_fingerprints_are_equal_exactly_for_equal_texts(transaction: Tx, a: str, b: str) -> None:
    first, second = secrets.fingerprint_many(transaction, [a, b], purpose=PLACE)

    assert (first == second) == (a == b)
    assert len(first) == 32


def test_a_fingerprint_is_of_one_tenant_and_purpose(database: Database, transaction: Tx) -> None:
    here = secrets.fingerprint(transaction, "021000021", purpose=PLACE)

    assert secrets.fingerprint(transaction, "021000021", purpose="other") != here
    with database.begin(tenant_id=uuid4(), actor=ACTOR) as other:
        assert secrets.fingerprint(other, "021000021", purpose=PLACE) != here


def test_the_table_holds_no_key_in_the_clear_and_only_the_tenants_own(
    database: Database, transaction: Tx, admin: psycopg.Connection[tuple[bytes]]
) -> None:
    secrets.seal(transaction, b"x", context=PLACE)
    [key] = secrets._keys(transaction)
    material = secrets._unwrapped(transaction, key)

    assert material not in bytes(key.wrapped)
    with database.begin(tenant_id=uuid4(), actor=ACTOR) as other:
        assert key_rows(other) == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege), transaction.savepoint():
        transaction.run("DELETE FROM core.data_keys")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), transaction.savepoint():
        transaction.run("UPDATE core.data_keys SET key_no = 9")


def test_without_a_tenant_nothing_is_sealed(database: Database) -> None:
    with database.begin(tenant_id=None, actor=ACTOR) as tx:
        for verb in (
            lambda: secrets.seal(tx, b"x", context=PLACE),
            lambda: secrets.open_sealed(tx, bytes(60), context=PLACE),
            lambda: secrets.fingerprint(tx, "x", purpose=PLACE),
            lambda: secrets.rotate(tx),
        ):
            with pytest.raises(errors.NoTenant), tx.savepoint():
                verb()


def test_an_altered_or_missing_data_key_is_named(transaction: Tx, admin: psycopg.Connection[tuple[bytes]]) -> None:
    sealed = secrets.seal(transaction, b"x", context=PLACE)
    transaction.run("UPDATE core.data_keys SET wrapped = set_byte(wrapped, 20, (get_byte(wrapped, 20) + 1) % 256)")

    with pytest.raises(SealBroken, match=r"data key 1 of tenant .* was altered in core\.data_keys; restore that row"):
        secrets.open_sealed(transaction, sealed, context=PLACE)
    unknown = sealed[:5] + b"\0\0\0\7" + sealed[9:]
    with pytest.raises(SealBroken, match=r"its key, number 7, is not in core\.data_keys"):
        secrets.open_sealed(transaction, unknown, context=PLACE)


def test_a_data_key_moved_to_another_number_does_not_open(transaction: Tx, database: Database) -> None:
    sealed = secrets.seal(transaction, b"x", context=PLACE)
    secrets.rotate(transaction)
    transaction.run(
        "UPDATE core.data_keys k SET wrapped = o.wrapped FROM core.data_keys o WHERE k.key_no = 1 AND o.key_no = 2"
    )

    with pytest.raises(SealBroken, match=r"data key 1 of tenant .* was altered"):
        secrets.open_sealed(transaction, sealed, context=PLACE)


# A new master key ----------------------------------------------------------------------------------------------------


def under(config: Config, source: Database) -> Database:
    """The same database, as an installation of another configuration opens it."""
    return Database(source.url, config=config, pool_max=4)


def test_the_wrong_master_key_is_named_and_how_to_mend_it(database: Database, tenant_id: UUID, tmp_path: Path) -> None:
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        sealed = secrets.seal(tx, b"x", context=PLACE)

    with (
        under(Config(home=tmp_path), database) as elsewhere,
        elsewhere.begin(tenant_id=tenant_id, actor=ACTOR) as tx,
        pytest.raises(WrongMasterKey) as caught,
    ):
        secrets.open_sealed(tx, sealed, context=PLACE)

    named = keys.master_key(database.config).id
    assert f"was wrapped by master key {named}, which is not here: give it as HEADGATE_MASTER_KEY" in str(caught.value)


@pytest.mark.parametrize("kept_in", ["environment", "home"])
def test_a_new_master_key_rewraps_every_tenants_keys(empty_database: Database, tmp_path: Path, kept_in: str) -> None:
    old_key, new_key = bytes(range(32)), bytes(range(1, 33))
    before = Config(home=tmp_path, master_key=old_key if kept_in == "environment" else None)
    sealed = {}
    with under(before, empty_database) as database:
        for slug in ("one", "two"):
            tenant = tenants.create_tenant(database, slug=slug, name=slug, livemode=False)
            with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
                sealed[tenant.id] = (
                    secrets.seal(tx, slug.encode(), context=PLACE),
                    secrets.fingerprint(tx, slug, purpose="p"),
                )
        assert secrets.rewrap(database) == 0

    if kept_in == "environment":
        during = dataclasses.replace(before, master_key=new_key, master_key_previous=old_key)
        after = dataclasses.replace(during, master_key_previous=None)
    else:
        keys.replace_master_key(before)
        during = after = before
    with under(during, empty_database) as database:
        for tenant_id, (value, _) in sealed.items():
            with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
                secrets.open_sealed(tx, value, context=PLACE)
        assert secrets.rewrap(database) == 4
        assert secrets.rewrap(database) == 0

    if kept_in == "home":
        [retired] = before.keys_folder.glob("master-*.key")
        retired.unlink()
    with under(after, empty_database) as database:
        for (tenant_id, (value, mark)), slug in zip(sealed.items(), ("one", "two"), strict=True):
            with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
                assert secrets.open_sealed(tx, value, context=PLACE) == slug.encode()
                assert secrets.fingerprint(tx, slug, purpose="p") == mark
                assert {kek for _, kek in key_rows(tx)} == {keys.master_key(after).id}


def test_rewrapping_without_the_old_key_changes_nothing(empty_database: Database, tmp_path: Path) -> None:
    tenant = tenants.create_tenant(empty_database, slug="one", name="One", livemode=False)
    with empty_database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        secrets.seal(tx, b"x", context=PLACE)
        before = key_rows(tx)

    with under(Config(home=tmp_path), empty_database) as database, pytest.raises(WrongMasterKey):
        secrets.rewrap(database)

    with empty_database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert key_rows(tx) == before


def test_keys_are_fetched_once_a_transaction_unless_another_rotated_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = uuid4()
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        secrets.seal(tx, b"x", context=PLACE)
    fetched: list[str] = []
    fetch = Tx.all
    monkeypatch.setattr(
        Tx, "all", lambda tx, query, *given, **more: (fetched.append(query), fetch(tx, query, *given, **more))[1]
    )

    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        old = [secrets.seal(tx, b"old", context=PLACE) for _ in range(3)]
        assert len(fetched) == 1
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as other:
            secrets.rotate(other)
            new = secrets.seal(other, b"new", context=PLACE)

        assert secrets.open_many(tx, [*old, new], context=PLACE) == [b"old"] * 3 + [b"new"]


def test_a_key_that_was_drawn_in_vain_seals_nothing(database: Database) -> None:
    tenant_id = uuid4()
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        with pytest.raises(RuntimeError), tx.savepoint():
            secrets.seal(tx, b"lost", context=PLACE)
            secrets.seal(tx, b"lost", context=PLACE)
            raise RuntimeError
        sealed = secrets.seal(tx, b"x", context=PLACE)
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        assert secrets.open_sealed(tx, sealed, context=PLACE) == b"x"
