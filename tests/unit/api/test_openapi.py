"""The OpenAPI document is true: it tells every route, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from starlette.routing import Route

from hub.api.openapi import OPERATIONS, document
from hub.app import routes


def test_routes_and_operations_are_the_same() -> None:
    served = {
        (method, route.path)
        for route in routes()
        if isinstance(route, Route) and route.path.startswith("/api/")
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {(operation.method, operation.path) for operation in OPERATIONS}
    assert served == described


def test_document_is_whole() -> None:
    parsed: dict[str, Any] = json.loads(document())
    names = [
        operation["operationId"] for path in parsed["paths"].values() for operation in path.values()
    ]
    assert len(names) == len(set(names)) == len(OPERATIONS)

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [ref for inner in value.values() for ref in references(inner)]
        if isinstance(value, list):
            return [ref for inner in value for ref in references(inner)]
        return []

    for reference in references(parsed):
        place: Any = parsed
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]
