"""Nonsense at every door: whatever a caller sends, the answer is a document or a problem, never a 500."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from tests import make
from tests.web.client import Client, client_of, person_key

from headgate.api import create_app
from headgate.core.db import Database

ODD: list[Any] = [
    *(None, True, 0, -1, 1.5, 2**63 - 1, -(2**63 - 1), "", " ", "x", "x" * 300, "é\u202e\N{GRINNING FACE}"),
    *("2026-02-30", "9999-12-31", "0001-01-01T00:00:00Z", "-infinity", "NaN", "1e400", "\\", "%s", "%(a)s", "'; --"),
    *([], {}, [None], {"": None}, [[[[]]]], {"minor": 1, "currency": "USD"}, {"minor": -5, "currency": "XXX"}),
    ["x"] * 50,
]
QUERY = [
    *("", "x", "-1", "0", "9" * 30, "2026-02-30", "9999-12-31T23:59:59Z", "null", "é\N{GRINNING FACE}", "a" * 2000),
    *("%", "'", "\\", "{}"),
]
FEW, MANY = 4, 12
"""How many odd requests each operation gets: in every run, and in the long ones."""


@pytest.fixture(scope="module")
def api(database: Database) -> Iterator[Client]:
    """A client of the whole application."""
    with client_of(create_app(database)) as opened:
        yield opened


@pytest.fixture(scope="module")
def headers(database: Database) -> dict[str, str]:
    """The key of a person who may do everything."""
    return person_key(database, make.tenant(database).id, role="admin", email="fuzz@example.org")


@pytest.mark.slow
@pytest.mark.parametrize("rounds", [FEW, pytest.param(MANY, marks=pytest.mark.long)])
def test_no_nonsense_makes_a_500(rounds: int, api: Client, headers: dict[str, str]) -> None:
    document = api.get("/openapi.json").json()
    chance = random.Random(20261121)
    statuses: dict[int, int] = {}
    for path, found in document["paths"].items():
        for method, operation in found.items():
            for n in range(rounds):
                request = nonsense(chance, document, path, operation, n)
                answer = api.send(
                    method.upper(),
                    request.pop("path"),
                    **request,
                    headers={**headers, "Idempotency-Key": f"{path}-{rounds}-{n}"},
                )
                statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
                told = (method, str(answer.request.url), request, answer.text[:500])
                assert answer.status_code < 500 or path in ("/readyz", "/healthz"), told
                if answer.status_code >= 400 and path.startswith("/v1/"):
                    assert answer.headers["Content-Type"] == "application/problem+json", told
                    assert answer.json()["code"], told
    assert {200, 400, 404, 422} <= set(statuses), statuses


def nonsense(
    chance: random.Random, document: dict[str, Any], path: str, operation: dict[str, Any], n: int
) -> dict[str, Any]:
    """A request that is right in most of its parts and odd in one or two."""
    query: dict[str, str] = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            odd = chance.choice(
                [
                    "x",
                    "pay_00000000000000000000000000",
                    "acct_0000000000000",
                    "..",
                    "%2e%2e",
                    "a b",
                    "é",
                    "-",
                    "0" * 300,
                    "';--",
                ]
            )
            path = path.replace("{" + parameter["name"] + "}", odd)
        elif parameter["in"] == "query" and chance.random() < 0.5:
            query[parameter["name"]] = chance.choice(QUERY)
    request: dict[str, Any] = {"path": path, "params": query}
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        schema = content["application/json"]["schema"]
        body = plausible(chance, document, schema)
        if n % 3 == 0:
            request["content"] = chance.choice([b"", b"{", b"null", b"[]", b'"x"', b"\xff", b"{}" * 2])
        else:
            request["json"] = spoiled(chance, body)
    elif content:
        name = chance.choice(["a.csv", "", "../x", "é"])
        request["files"] = {"file": (name, chance.choice([b"", b"x", b"a,b\n1,2", bytes(range(256))]))}
    return request


def plausible(chance: random.Random, document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Something that a schema would take, more or less."""
    if "$ref" in schema:
        return plausible(chance, document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return plausible(chance, document, chance.choice(schema[choice]))
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    if kind == "object":
        return {name: plausible(chance, document, inner) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [plausible(chance, document, schema.get("items", {})) for _ in range(chance.randint(0, 3))]
    if kind == "integer":
        return chance.choice([1, 100, schema.get("maximum", 5)])
    if schema.get("format") == "date":
        return "2026-11-20"
    if schema.get("format") == "date-time":
        return "2026-11-20T10:00:00Z"
    return {
        "boolean": True,
        "null": None,
        "number": 1.5,
        "string": chance.choice(["USD", "CASH.USD", "x", "021000021"]),
    }.get(str(kind))


def spoiled(chance: random.Random, body: Any) -> Any:
    """The body with one place made odd."""
    if isinstance(body, dict) and body and chance.random() < 0.9:
        name = chance.choice(list(body))
        return {**body, name: spoiled(chance, body[name])}
    if isinstance(body, list) and body and chance.random() < 0.7:
        return [spoiled(chance, body[0]), *body[1:]]
    return chance.choice(ODD)
