"""Incidents with owners, and the outbox of messages to people."""

from hub.desk.incidents import (
    REFUND_OWED,
    Incident,
    IncidentClosed,
    IncidentVerdict,
    NoIncident,
    Urgency,
    assign_owner,
    incident,
    incident_of_effect,
    incident_page,
    incidents,
    incidents_of,
    open_incident,
    person,
    resolve_incident,
    role,
)
from hub.desk.outbox import (
    MessageRow,
    NoMessage,
    Outgoing,
    due_messages,
    expire_messages,
    mark_delivered,
    mark_failed,
    messages,
    next_due,
    outgoing,
    queue_message,
    withdraw_credentials,
    withdraw_for_person,
    withdraw_messages,
)
from hub.desk.templates import TEMPLATES, MissingField, Rendered, Template, TemplateError, local_time, render

__all__ = [
    "REFUND_OWED", "TEMPLATES", "Incident", "IncidentClosed", "IncidentVerdict", "MessageRow", "MissingField",
    "NoIncident", "NoMessage", "Outgoing", "Rendered", "Template", "TemplateError", "Urgency",
    "assign_owner", "due_messages", "expire_messages", "incident", "incident_of_effect", "incident_page",
    "incidents", "incidents_of", "local_time", "mark_delivered", "mark_failed", "messages", "next_due",
    "open_incident", "outgoing", "person", "queue_message", "render", "resolve_incident", "role",
    "withdraw_credentials", "withdraw_for_person", "withdraw_messages",
]
