"""The description is made from the table that serves, and what is served keeps to it."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from hub.web.calls import API
from hub.web.openapi import problems_of
from hub.web.problems import KINDS
from hub.web.routes import ROUTES


async def described(world) -> dict[str, Any]:
    answer = await world.get("openapi.json", token=None)
    assert answer.status == 200
    return answer.body


def keeps_to(document: dict[str, Any], route: Any, answer: Any) -> None:
    """The answer's status is documented and its body has the documented form."""
    responses = document["paths"][API + route.path][route.method.lower()]["responses"]
    assert str(answer.status) in responses, (route.name, answer.body)
    content = responses[str(answer.status)]["content"]
    media = answer.headers["Content-Type"].partition(";")[0]
    assert media in content
    if media != "image/png":
        schema = {**content[media]["schema"], "components": document["components"]}
        Draft202012Validator(schema).validate(answer.body)


def address(route: Any, handover: str) -> str:
    names = {
        "{id}": "m1" if "messages" in route.path else handover, "{device}": "locks", "{action}": "close",
        "{bank}": "main", "{name}": "A1",
    }
    return API + "/".join(names.get(part, part) for part in route.path.split("/"))


_WITH_A_REASON = (
    "reassignHandover", "refundHandover", "refuseHandover", "disputeHandover", "completeHandover",
    "denyHandover", "denyApproval",
)


def good_body(route: Any, order: dict[str, Any]) -> Any:
    return {
        "createHandover": order,
        "extendHandover": {"until": "2031-01-01T00:00:00Z"},
        "resolveHandover": {"verdict": "closed", "why": "looked at it"},
        "resolveIncident": {"verdict": "closed", "why": "looked at it"},
        "assignIncident": {"owner": "role:technician"},
        "barCompartment": {"why": "cleaning"},
        "unbarCompartment": {"why": "clean"},
        "countCompartment": {"quantity": 3},
        **{name: {"why": "looked at it"} for name in _WITH_A_REASON},
        "declareHandover": {"what": "the box is wet"},
        "inspectHandover": {"verdict": "accept"},
        "foundCompartment": {"what": "an umbrella"},
        "emptyCompartment": {"why": "looked inside"},
    }.get(route.name, {} if route.body else None)


async def test_the_document_is_valid_openapi(world):
    document = await described(world)
    assert document["openapi"].startswith("3.1")
    validate(document)


async def test_the_document_has_every_route_of_the_table(world):
    paths = (await described(world))["paths"]
    found = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert found == {(r.method, API + r.path) for r in ROUTES} | {("GET", f"{API}/ws")}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_each_route_answers_as_documented(simulated, order, route):
    document = await described(simulated)
    handover = await simulated.order()
    path = address(route, handover)
    for asked in (path, path + "?colour=red"):
        keeps_to(document, route, await simulated.ask(route.method, asked, good_body(route, order)))


@pytest.mark.parametrize("route", [r for r in ROUTES if r.verb], ids=lambda route: route.name)
async def test_each_route_needs_the_permission_that_it_documents(simulated, order, route):
    document = await described(simulated)
    path = address(route, await simulated.order())
    token = "reader" if route.verb == "twin.act" else "tester"
    unknown = await simulated.ask(route.method, path, good_body(route, order), token=None)
    assert unknown.status == 401
    keeps_to(document, route, unknown)
    missing = await simulated.ask(route.method, path, good_body(route, order), token=token)
    assert missing.body["permission"] == route.verb
    keeps_to(document, route, missing)


def test_every_documented_problem_exists():
    assert {name for route in ROUTES for name in problems_of(route)} <= set(KINDS)
