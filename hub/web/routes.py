"""The table of routes: what drives routing, permissions and the OpenAPI document alike."""

from __future__ import annotations

from hub.web import (
    answers,
    asset_answers,
    bodies,
    desk_calls,
    handover_calls,
    order_calls,
    place_answers,
    site_calls,
    verb_routes,
    workflow_calls,
)
from hub.web.calls import Route

_ON_INCIDENT = {
    "resolve": ("Gives the verdict on an incident and ends it", bodies.Verdict, ("bad-verdict",)),
    "assign": ("Hands an incident to somebody", bodies.Assign, ("bad-owner",)),
}
#: Word of the address -> permission, summary, body, what it may be refused for besides.
_AT_COMPARTMENT = {
    "bar": ("compartment.bar", "Takes a compartment out of service", bodies.Reason, ()),
    "unbar": ("compartment.unbar", "Puts a compartment back into service", bodies.Reason, ("in-doubt",)),
    "found": ("compartment.found", "Records something that nobody expected inside", bodies.FoundItem, ()),
    "empty": ("compartment.empty", "Says that nothing is inside", bodies.Emptied, ("in-doubt",)),
    "count": ("stock.count", "Records how much of its product a compartment holds", bodies.Counted, ()),
}
#: Where commands are given, and the words for them.
COMMANDS = {
    "/handovers/{id}": tuple(verb_routes.COMMANDS), "/incidents/{id}": tuple(_ON_INCIDENT),
    "/compartments/{bank}/{name}": tuple(_AT_COMPARTMENT), "/approvals/{id}": tuple(verb_routes.ON_APPROVAL),
}
_SHARED = verb_routes.SHARED

ROUTES: tuple[Route, ...] = (
    Route(
        "GET", "/health", "getHealth", "How the hub is; needs no token", site_calls.hub_health,
        answer=answers.Health,
    ),
    Route(
        "POST", "/handovers", "createHandover", "Begins a handover", handover_calls.create,
        verb="handover.create", by_target=True, body=bodies.NewHandover, answer=answers.HandoverSummary,
        status=201, keyed=True, problems=(
            "forbidden", "reference-taken", "one-allocation", "item-unknown", "unknown-workflow",
            "in-the-past", "idempotency-mismatch",
        ),
    ),
    Route(
        "GET", "/handovers", "listHandovers", "Handovers, newest first", handover_calls.page,
        verb="handover.read", query=bodies.ListQuery, answer=answers.HandoverPage,
    ),
    Route(
        "GET", "/handovers/{id}", "getHandover", "One handover with its evidence", handover_calls.one,
        verb="handover.read", by_target=True, answer=answers.HandoverDetail,
        problems=("unknown-handover", "forbidden"),
    ),
    Route(
        "GET", "/handovers/{id}/events", "listHandoverEvents", "The journal of one handover",
        handover_calls.events, verb="handover.read", by_target=True, query=bodies.EventsQuery,
        answer=answers.EventPage, problems=("unknown-handover", "forbidden"),
    ),
    *verb_routes.HANDOVER_ROUTES,
    *verb_routes.APPROVAL_ROUTES,
    Route(
        "GET", "/orders", "listOrders", "Orders with their lines, newest first", order_calls.orders,
        verb="handover.read", query=order_calls.OrdersQuery, answer=order_calls.OrderPage,
    ),
    Route(
        "GET", "/orders/{id}", "getOrder", "One order and what became of its handovers", order_calls.one,
        verb="handover.read", answer=order_calls.OrderView, problems=("unknown-order",),
    ),
    Route(
        "GET", "/incidents", "listIncidents", "What needs somebody, newest first", desk_calls.incidents,
        verb="incident.read", query=bodies.IncidentsQuery, answer=answers.IncidentPage,
    ),
    *(
        Route(
            "POST", f"/incidents/{{id}}/{word}", f"{word}Incident", summary,
            desk_calls.incident_command(word), verb=f"incident.{word}", by_target=True, body=body,
            answer=answers.IncidentAnswer, keyed=True, approvable=True,
            problems=("unknown-incident", "no-incident", *_SHARED, *more),
        )
        for word, (summary, body, more) in _ON_INCIDENT.items()
    ),
    *(
        Route(
            "POST", f"/compartments/{{bank}}/{{name}}/{word}", f"{word}Compartment", summary,
            desk_calls.compartment_command(verb), verb=verb, by_target=True, body=body,
            answer=place_answers.CompartmentAnswer, keyed=True, approvable=True,
            problems=("unknown-compartment", *_SHARED, *more),
        )
        for word, (verb, summary, body, more) in _AT_COMPARTMENT.items()
    ),
    Route(
        "GET", "/workflows", "listWorkflows", "What runs, what the files offer, and who depends on what",
        workflow_calls.workflows, verb="workflow.read", answer=workflow_calls.Workflows,
    ),
    Route(
        "POST", "/workflows/{name}/apply", "applyWorkflow",
        "Gives the version in the files to new handovers; live ones keep theirs", workflow_calls.apply,
        verb="workflow.apply", by_target=True, body=bodies.Apply, body_optional=True,
        answer=workflow_calls.WorkflowApplied, keyed=True, problems=(
            "no-such-workflow", "invalid-workflow", "other-version", "restart-needed",
            "approval-needed", *_SHARED,
        ),
    ),
    Route(
        "GET", "/banks", "listBanks", "Banks and the four facts of each compartment", site_calls.banks,
        verb="compartment.read", answer=place_answers.Banks,
    ),
    Route(
        "GET", "/assets", "listAssets", "Assets: where they are, who has them, when they are due",
        site_calls.assets, verb="asset.read", query=bodies.AssetsQuery, answer=asset_answers.Assets,
    ),
    Route(
        "GET", "/devices", "listDevices", "Devices and their faults", site_calls.devices,
        verb="device.read", answer=answers.Devices,
    ),
    Route(
        "GET", "/messages", "listMessages", "What was sent to people", site_calls.messages,
        verb="message.read", answer=answers.Messages, simulated=True,
    ),
    Route(
        "GET", "/messages/{id}/code.png", "getMessagePicture", "The QR picture that was sent",
        site_calls.picture, verb="message.read", media="image/png", simulated=True,
        problems=("unknown-message",),
    ),
    Route(
        "POST", "/twin/{device}/{action}", "actOnTwin", "Does what a customer or an accident would do",
        site_calls.act, verb="twin.act", body=bodies.TwinAction, body_optional=True,
        answer=answers.TwinAnswer, simulated=True,
        problems=("unknown-device", "unknown-action", "twin-refused", "twin-away"),
    ),
)
