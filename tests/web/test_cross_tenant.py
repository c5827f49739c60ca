"""Tenant B attacks tenant A through every endpoint that the OpenAPI document names; so do strangers and readers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from tests import make
from tests.tenants import catalogue
from tests.web.attack_cases import ROWS, Attack, Victim
from tests.web.client import Client, Keys, client_of, keys_of, person_key

from headgate.api import create_app
from headgate.core import ids
from headgate.core.db import Database
from headgate.web.door import SIGNED_PREFIXES

pytestmark = pytest.mark.slow

IDS = re.compile(r"[a-z]{2,6}_[0-9a-hjkmnp-tv-z]{13,26}")
_ROOTS: list[str] = []
_NAMED: list[str] = []
METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture(scope="module")
def api(database: Database) -> Iterator[Client]:
    """A client of the whole application."""
    with client_of(create_app(database)) as opened:
        yield opened


@pytest.fixture(scope="module")
def admin(database: Database) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's eyes, open for the module: to plan a look at every table takes longer than to look."""
    with database.connect("admin") as connection:
        connection.prepare_threshold = 0
        yield connection


@pytest.fixture(scope="module")
def document(api: Client) -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = api.get("/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def victim(database: Database) -> Victim:
    """Tenant A."""
    return Victim(database)


@pytest.fixture(scope="module")
def attacker(database: Database) -> make.TenantFixture:
    """Tenant B."""
    return make.tenant(database)


@pytest.fixture(scope="module")
def attackers_key(database: Database, attacker: make.TenantFixture) -> dict[str, str]:
    """The strongest key of tenant B, with a person behind it."""
    return person_key(database, attacker.id, role="admin", email="eve@example.org")


@pytest.fixture(scope="module")
def attackers_keys(database: Database, attacker: make.TenantFixture) -> Keys:
    """B's keys by role."""
    return keys_of(database, attacker.id)


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, found in document["paths"].items()
        for method, operation in found.items()
        if method in METHODS
    }


def test_every_endpoint_has_its_attack(document: dict[str, Any]) -> None:
    assert set(operations(document)) - set(ROWS) == set(), "add rows to tests/web/attack_cases.py"
    assert set(ROWS) - set(operations(document)) == set(), "rows that outlived their endpoint"


@pytest.mark.parametrize(("method", "path"), sorted(ROWS), ids=lambda part: part)
def test_tenant_b_neither_sees_nor_moves_anything_of_tenant_a(
    method: str,
    path: str,
    api: Client,
    victim: Victim,
    attackers_key: dict[str, str],
    admin: psycopg.Connection[Any],
) -> None:
    attack = ROWS[method, path](victim)
    before = belongings(admin, victim)

    answer = send(api, method, path, attack, attackers_key, key="attack")

    assert belongings(admin, victim) == before, "something of tenant A changed"
    assert str(victim.tenant.id) not in answer.text
    assert secrets_of(admin, victim, beyond=attack) & set(IDS.findall(answer.text)) == set()
    if attack.own:
        assert answer.status_code < 300 or path == "/readyz", answer.text
        return
    assert 400 <= answer.status_code < 500, answer.text
    if attack.params:
        nothing = Attack(
            {name: unknown(id_) for name, id_ in attack.params.items()}, attack.json, attack.query, attack.files
        )
        of_nothing = send(api, method, path, nothing, attackers_key, key="nothing")
        unknown_is = 401 if path.startswith(SIGNED_PREFIXES) else 404
        assert {answer.status_code, of_nothing.status_code} == {unknown_is}, (answer.text, of_nothing.text)
        assert told(answer, attack) == told(of_nothing, nothing), "the answer tells that the object exists"


def test_strangers_get_nothing_anywhere(api: Client, document: dict[str, Any], victim: Victim) -> None:
    for (method, path), operation in operations(document).items():
        attack = ROWS[method, path](victim)
        for headers in ({}, {"Authorization": "Bearer hg_test_" + "0" * 52}, {"Authorization": "Basic Zm9vOmJhcg=="}):
            answer = send(api, method, path, attack, headers, key="stranger")
            if path.startswith(SIGNED_PREFIXES):
                assert operation["security"] == [], "a signature over the body or in the address is the key"
                code = "link_not_valid" if "/links/" in path else "webhook_not_signed"
                assert (answer.status_code, answer.json()["code"]) == (401, f"ingestion.{code}"), path
            elif path.startswith(("/v1/", "/api/")):
                assert operation["security"] == [{"api_key": []}], (method, path)
                assert (answer.status_code, answer.json()["code"]) == (401, "web.unauthorized"), (method, path)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            else:
                assert path in ("/healthz", "/readyz", "/metrics"), "whatever asks for no key is listed here"


def test_readers_cannot_write(
    api: Client,
    document: dict[str, Any],
    victim: Victim,
    attacker: make.TenantFixture,
    attackers_keys: Keys,
    admin: psycopg.Connection[Any],
) -> None:
    before = belongings(admin, attacker)
    for method, path in operations(document):
        if method != "GET" and not path.startswith(SIGNED_PREFIXES):
            answer = send(api, method, path, ROWS[method, path](victim), attackers_keys.readonly, key="reader")
            assert (answer.status_code, answer.json()["code"]) == (403, "web.not_permitted"), (method, path)
    assert belongings(admin, attacker) == before


def send(api: Client, method: str, path: str, attack: Attack, headers: dict[str, str], *, key: str) -> httpx.Response:
    facts: dict[str, Any] = {
        "params": dict(attack.query),
        "headers": {**headers, "Idempotency-Key": f"{key} {path}".replace(" ", ":")},
    }
    if attack.files is not None:
        facts["files"] = attack.files
    elif attack.json is not None:
        facts["json"] = attack.json
    return api.send(method, path.format(**attack.params), **facts)


def unknown(id_: str) -> str:
    """An id of the same shape that names nothing."""
    prefix, _, body = id_.partition("_")
    if not body or not ids.is_id(id_):
        return "nothing-of-this-name"
    return ids.encode(prefix, 2**62) if len(body) == 13 else ids.new(prefix)


def told(answer: httpx.Response, attack: Attack) -> Any:
    """What an answer tells, without what was asked and the request's own id."""
    asked: set[Any] = set(attack.params.values())
    for id_ in attack.params.values():
        prefix, _, body = id_.partition("_")
        if len(body) == 13 and ids.is_id(id_):
            asked.add(ids.decode(prefix, id_))
    words = re.compile("|".join(rf"(?<!\w){re.escape(str(word))}(?!\w)" for word in asked))

    def without(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: without(inner) for name, inner in node.items() if name != "request_id"}
        if isinstance(node, list):
            return [without(inner) for inner in node]
        if isinstance(node, str):
            return words.sub("ID", node)
        return "ID" if node in asked else node

    return without(answer.json())


def belongings(admin: psycopg.Connection[Any], of: Victim | make.TenantFixture) -> dict[str, tuple[int, str]]:
    """Every table's rows of a tenant, counted and hashed."""
    tenant_id = of.tenant.id if isinstance(of, Victim) else of.id
    query = sql.SQL(
        "SELECT {}, count(*), coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '')"
        " FROM {} t WHERE {} = {}"
    )
    parts = [
        query.format(
            sql.Literal(table),
            catalogue.name(table),
            sql.Identifier("id" if table == "tenants.tenants" else "tenant_id"),
            sql.Literal(tenant_id),
        )
        for table in roots(admin)
    ]
    rows = admin.execute(sql.SQL(" UNION ALL ").join(parts)).fetchall()
    return {table: (count, digest) for table, count, digest in rows}


def roots(admin: psycopg.Connection[Any]) -> list[str]:
    """The tables with a tenant, without their partitions; the catalogue stands still while these tests run."""
    if not _ROOTS:
        _ROOTS.extend(table for table in catalogue.tenant_tables(admin) if catalogue.root(admin, table) == table)
        _ROOTS.append("tenants.tenants")
        for table in _ROOTS[:-1]:
            if any(column.name == "id" and column.type == "text" for column in catalogue.columns(admin, table)):
                _NAMED.append(table)
    return _ROOTS


def secrets_of(admin: psycopg.Connection[Any], victim: Victim, *, beyond: Attack) -> set[str]:
    """Every id of tenant A, but for those that B itself has just sent."""
    assert roots(admin)
    parts = [
        sql.SQL("SELECT id FROM {} WHERE tenant_id = {}").format(catalogue.name(table), sql.Literal(victim.tenant.id))
        for table in _NAMED
    ]
    return {row[0] for row in admin.execute(sql.SQL(" UNION ALL ").join(parts))} - sent(beyond)


def sent(attack: Attack) -> set[str]:
    return set(IDS.findall(repr((attack.params, attack.json, attack.query))))
