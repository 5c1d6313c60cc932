"""The OpenAPI 3.1 document, made from the table of routes and the structs that they take and give."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from hub.web.approval_answers import PendingAnswer
from hub.web.calls import API, Route
from hub.web.frames import FRAMES
from hub.web.problems import KINDS, MEDIA_TYPE, ProblemDetails

_REF = "#/components/schemas/{name}"
_SOCKET = (
    "The first message of the client is a Hello: its token, and `after` to resume behind an event. The "
    "server answers with a Snapshot, then with one frame per event and change, told apart by `kind`. A token "
    "may also come as the subprotocol `bearer.TOKEN`, in base64url, beside `hub.v1`. Close codes: 4400 the "
    "first message is wrong, 4401 no known token, 4403 a permission is missing, 4408 the client reads too "
    "slowly and should resume, 4409 `after` lies behind the journal's end, 4503 the store cannot be read."
)


def document(routes: Sequence[Route], version: str, socket_types: Iterable[type] = ()) -> dict[str, Any]:
    """The whole document for the routes of this release."""
    bodies = [route.body for route in routes if route.body is not None]
    given = [route.answer for route in routes if route.answer is not None]
    queries = {route.query for route in routes}
    kinds = dict.fromkeys([*bodies, *given, PendingAnswer, ProblemDetails, *FRAMES, *socket_types, *queries])
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    found = {query.__name__: schemas.pop(query.__name__) for query in queries}
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[API + route.path][route.method.lower()] = _operation(route, found)
    paths[f"{API}/ws"] = {"get": _socket()}
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "Handover Hub", "version": version,
            "description": "The local API of one site. Errors are problem details with a stable `type`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(paths),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer",
                "description": "A token of `web: tokens:` in site.yaml; its scopes decide what it may do.",
            }},
        },
    }


def problems_of(route: Route) -> tuple[str, ...]:
    """Every kind of problem that a route may answer."""
    names = ["wrong-host", "invalid", "store-blocked", "internal", *route.problems]
    if route.verb:
        names += ["unauthorized", "forbidden"]
    if route.body is not None:
        names += ["bad-json", "bad-request", "too-large", "media-type"]
    if route.simulated:
        names.append("not-simulated")
    return tuple(dict.fromkeys(names))


def _operation(route: Route, queries: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "operationId": route.name, "summary": route.summary, "parameters": _parameters(route, queries),
        "responses": _responses(route), "security": [{"token": []}] if route.verb else [],
    }
    notes = []
    if route.verb:
        notes.append(f"Needs the permission `{route.verb}`.")
        shown["x-permission"] = route.verb
    if route.simulated:
        notes.append("Exists on simulated sites only.")
    if notes:
        shown["description"] = " ".join(notes)
    if route.body is not None:
        content = {"application/json": {"schema": _ref(route.body)}}
        shown["requestBody"] = {"required": not route.body_optional, "content": content}
    return shown


def _parameters(route: Route, queries: dict[str, Any]) -> list[dict[str, Any]]:
    in_path = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in in_path
    ]
    for name, schema in queries[route.query.__name__]["properties"].items():
        found.append({"name": name, "in": "query", "required": False, "schema": schema})
    if route.keyed:
        found.append({
            "name": "Idempotency-Key", "in": "header", "required": False,
            "description": "The same key with the same body is done once within 30 days.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        })
    return found


def _responses(route: Route) -> dict[str, Any]:
    schema = _ref(route.answer) if route.answer is not None else {"type": "string", "format": "binary"}
    good: dict[str, Any] = {"description": route.summary, "content": {route.media: {"schema": schema}}}
    if route.status == 201:
        good["headers"] = {"Location": {"description": "What was made.", "schema": {"type": "string"}}}
    found = {str(route.status): good}
    if route.approvable:
        waits = {"description": "It waits for somebody's approval.", "content": {
            route.media: {"schema": _ref(PendingAnswer)},
        }}
        found["202"] = waits
    by_status: dict[int, list[str]] = defaultdict(list)
    for name in problems_of(route):
        by_status[KINDS[name].status].append(name)
    return found | {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: " + ", ".join(f"`{name}`" for name in names),
            "content": {MEDIA_TYPE: {"schema": _ref(ProblemDetails)}},
        }
        for status, names in sorted(by_status.items())
    }


def _socket() -> dict[str, Any]:
    frames = [_ref(frame) for frame in FRAMES]
    return {
        "operationId": "live", "summary": "Live events and changes (WebSocket)", "description": _SOCKET,
        "security": [], "x-frames": frames,
        "responses": {"101": {"description": "The connection becomes a WebSocket."}},
    }


def _ref(kind: type) -> dict[str, str]:
    return {"$ref": _REF.format(name=kind.__name__)}
