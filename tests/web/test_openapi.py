"""The OpenAPI document of the whole application: a strict validator accepts it, and clients can be made from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from tests.web.client import Client, client_of

from headgate.api import create_app
from headgate.core.db import Database
from headgate.web.door import SIGNED_PREFIXES

METHODS = ("get", "put", "post", "delete", "patch")


@pytest.fixture(scope="module")
def document(database: Database) -> Iterator[dict[str, Any]]:
    """The document, as it is served."""
    with client_of(create_app(database)) as client:
        yield fetched(client)


def fetched(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, found[method])
        for path, found in document["paths"].items()
        for method in METHODS
        if method in found
    ]


@pytest.mark.slow
def test_a_strict_validator_accepts_it(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_operation_ids_are_the_domain_and_the_function(document: dict[str, Any]) -> None:
    ids = Counter(operation["operationId"] for _, _, operation in operations(document))

    assert [name for name, count in ids.items() if count > 1] == []
    for path, _, operation in operations(document):
        if path.startswith("/v1/"):
            domain = path.split("/")[2]
            assert operation["tags"] == [domain], path
            assert operation["operationId"].startswith(f"{domain}_"), path


def test_no_two_models_share_a_name(document: dict[str, Any]) -> None:
    """A clashing name is told apart by its module, which then shows in every generated client."""
    assert [name for name in document["components"]["schemas"] if "__" in name] == []


def test_every_operation_may_answer_a_problem_and_says_what_it_is_for(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
        assert problem == {"$ref": "#/components/schemas/Problem"}, (method, path)
        assert "422" not in operation["responses"]
        assert operation["description"], (method, path)
    assert set(document["components"]["schemas"]["Problem"]["required"]) >= {
        "code",
        "request_id",
        "retryable",
        "status",
    }


def test_money_moves_only_with_a_key_and_can_be_tried_dry(document: dict[str, Any]) -> None:
    keyed = 0
    for path, method, operation in operations(document):
        parameters = {parameter["name"]: parameter for parameter in operation.get("parameters", ())}
        assert ("Idempotency-Key" in parameters) == ("dry_run" in parameters), (method, path)
        if "Idempotency-Key" in parameters:
            keyed += 1
            assert method == "post", path
            assert parameters["Idempotency-Key"]["required"] is True
    assert keyed >= 1


def test_an_amount_is_never_a_fraction(document: dict[str, Any]) -> None:
    """Whatever is called minor is a whole number, wherever it stands."""

    def minors(node: Any) -> Iterator[Any]:
        if isinstance(node, dict):
            for name, inner in node.items():
                if (name == "minor" or str(name).endswith("_minor")) and isinstance(inner, dict):
                    yield inner
                yield from minors(inner)
        elif isinstance(node, list):
            for inner in node:
                yield from minors(inner)

    found = [schema for schema in minors(document["components"]["schemas"]) if "type" in schema or "anyOf" in schema]
    assert found
    assert not [schema for schema in found if "'number'" in str(schema)]
    largest = document["components"]["schemas"]["MoneyModel"]["properties"]["minor"]
    assert (largest["type"], largest["minimum"], largest["maximum"]) == ("integer", -(2**63 - 1), 2**63 - 1)


def test_only_the_api_asks_for_a_key(document: dict[str, Any]) -> None:
    assert document["components"]["securitySchemes"]["api_key"]["scheme"] == "bearer"
    for path, _, operation in operations(document):
        needs_key = path.startswith(("/v1/", "/api/")) and not path.startswith(SIGNED_PREFIXES)
        assert operation["security"] == ([{"api_key": []}] if needs_key else []), path


def test_the_doors_of_payrolls_show_examples_that_fit(document: dict[str, Any]) -> None:
    """A client developer reads the example first: each is what the schema beside it takes."""
    shown = [
        ("/v1/payments/payrolls", "post"), ("/v1/payments/payrolls/{payroll_id}/execute", "post"),
        ("/v1/payments/instructions", "get"), ("/v1/payments/instructions/{payment_id}/timeline", "get"),
        ("/v1/parties/payees", "post"), ("/v1/funding/requests", "post"),
    ]  # fmt: skip

    for path, method in shown:
        operation = document["paths"][path][method]
        bodies = [
            operation.get("requestBody", {}),
            operation["responses"].get("200", {}),
            operation["responses"].get("201", {}),
        ]
        found = []
        for body in bodies:
            content = body.get("content", {}).get("application/json", {})
            schema = content.get("schema", {})
            named = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
            for example in [content["example"]] if "example" in content else named.get("examples", []):
                Draft202012Validator({**schema, "components": document["components"]}).validate(example)
                found.append(example)
        assert found, (method, path)
    assert set(document["paths"]["/v1/payments/payrolls"]["post"]["requestBody"]["content"]) == {
        "application/json", "text/csv", "multipart/form-data",
    }  # fmt: skip
