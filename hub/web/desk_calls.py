"""What needs somebody: incidents, and compartments out of service or to be counted."""

from __future__ import annotations

from hub import desk
from hub.core.commands import Accepted
from hub.web import answers, bodies, place_answers
from hub.web.calls import Api, Call, Reply, Serve
from hub.web.commanding import commanding
from hub.web.handover_views import incident_view


async def incidents(api: Api, call: Call) -> Reply:
    """Incidents, newest first; the open ones unless all are asked for."""
    query: bodies.IncidentsQuery = call.query
    found = await api.ports.store.read(lambda reader: desk.incident_page(
        reader, only_open=not query.all, limit=query.limit + 1, before=query.cursor
    ))
    shown = [incident_view(incident) for incident in found[: query.limit]]
    return Reply(answers.IncidentPage(shown, shown[-1].id if len(found) > query.limit else None))


def incident_command(verb: str) -> Serve:
    """The handler of `incident.VERB`."""
    return commanding(f"incident.{verb}", "{id}", _incident)


def compartment_command(verb: str) -> Serve:
    """The handler of a verb, in full, on a compartment."""
    return commanding(verb, "{bank}/{name}", _compartment)


def _incident(answer: Accepted) -> answers.IncidentAnswer:
    return answers.IncidentAnswer(**answer.result)


def _compartment(answer: Accepted) -> place_answers.CompartmentAnswer:
    return place_answers.CompartmentAnswer(**answer.result)
