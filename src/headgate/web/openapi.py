"""The OpenAPI document: what FastAPI derives from the routes, plus what holds for all of them.

Every operation names the problem that it may answer; those of the API name the key they need; a request that moves
money needs its Idempotency-Key. Operation ids are `domain_function`: stable, for generated clients.
"""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from headgate.core.money import MINOR_MAX
from headgate.web.door import API_PREFIXES, SIGNED_PREFIXES
from headgate.web.problems import CONTENT_TYPE, Problem

_DESCRIPTION: Final = """Payment operations: nothing flows unless it is funded, recorded and explainable.

Amounts are whole minor units. Whatever moves money needs an `Idempotency-Key`; keys never expire. Errors and refusals
are RFC 9457 problems: decide by `code` and `retryable`."""
_METHODS: Final = ("get", "put", "post", "delete", "patch")


def operation_id(route: APIRoute) -> str:
    """`ledger_post_transaction`: the domain and the function."""
    domain = str(route.tags[0]) if route.tags else "headgate"
    return f"{domain}_{route.name}".replace("-", "_")


def document(app: FastAPI) -> dict[str, Any]:
    """The document of an application."""
    found = get_openapi(
        title=app.title,
        version=app.version,
        openapi_version="3.1.0",
        description=_DESCRIPTION,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    _restore_whole_bounds(schemas)
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    found["components"]["securitySchemes"] = {
        "api_key": {
            "type": "http",
            "scheme": "bearer",
            "description": "hg_live_… or hg_test_…, from `headgate keys create`",
        }
    }
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            if method in _METHODS:
                _complete(operation, secured=path.startswith(API_PREFIXES) and not path.startswith(SIGNED_PREFIXES))
    return found


def _restore_whole_bounds(node: Any) -> None:
    """FastAPI writes every bound as a float, in which the largest amount is not exact."""
    if isinstance(node, dict):
        if node.get("type") == "integer":
            for bound in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
                if isinstance(node.get(bound), float):
                    node[bound] = max(-MINOR_MAX, min(MINOR_MAX, int(node[bound])))
        for inner in node.values():
            _restore_whole_bounds(inner)
    elif isinstance(node, list):
        for inner in node:
            _restore_whole_bounds(inner)


def _complete(operation: dict[str, Any], *, secured: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    responses["default"] = {
        "description": "A problem: `code` says which",
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    operation["security"] = [{"api_key": []}] if secured else []
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "Idempotency-Key":
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
