"""What messages say, as data. A line whose field has no value is left out; a required one must have it.

Every message to a recipient states the timing, the location and the rules of its workflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from string import Formatter
from zoneinfo import ZoneInfo

from hub.model.failures import StepFailed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TemplateError(ValueError):
    """A template with a field that is no plain name, or without a required one."""


class MissingField(StepFailed):
    """A message cannot be written. `reason` is missing_field, or unknown_template."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished text."""

    subject: str
    text: str


class Template:
    """A subject and lines with `{name}` fields; `required` fields must have a value."""

    def __init__(self, subject: str, lines: tuple[str, ...], required: tuple[str, ...] = ()) -> None:
        self._subject = subject
        self._lines = tuple((line, _fields(line)) for line in lines)
        self.required = frozenset(required) | _fields(subject)
        missing = self.required - self.fields
        if missing:
            raise TemplateError(f"required but not used: {', '.join(sorted(missing))}")

    @property
    def fields(self) -> frozenset[str]:
        """All fields that the text may use."""
        return _fields(self._subject).union(*(names for _, names in self._lines))

    def render(self, values: Mapping[str, object]) -> Rendered:
        """Fill in the fields. Raises MissingField."""
        present = {name: str(value) for name, value in values.items() if value not in (None, "")}
        missing = sorted(self.required - present.keys())
        if missing:
            raise MissingField("missing_field", ", ".join(missing))
        lines = [line.format_map(present) for line, names in self._lines if names <= present.keys()]
        return Rendered(self._subject.format_map(present), "\n".join(lines))


def _fields(line: str) -> frozenset[str]:
    try:
        found = [part[1:] for part in Formatter().parse(line) if part[1] is not None]
    except ValueError as error:
        raise TemplateError(f"{line!r}: {error}") from None
    # Attribute access, conversions and format specifications have no place in a message.
    if any(spec or conversion or not name or not name.isidentifier() for name, spec, conversion in found):
        raise TemplateError(f"{line!r}: a field is a plain name in braces")
    return frozenset(name for name, _, _ in found if name)


def local_time(micros: int, zone: str) -> str:
    """UTC microseconds as local time of an IANA zone, for example `Mon 23 Nov 2026, 14:05`."""
    moment = (_EPOCH + timedelta(microseconds=micros)).astimezone(ZoneInfo(zone))
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    month = (
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    )[moment.month - 1]
    return f"{day} {moment.day} {month} {moment.year}, {moment:%H:%M}"


def render(template: str, values: Mapping[str, object]) -> Rendered:
    """Fill in a shipped template. Raises MissingField (missing_field, unknown_template)."""
    found = TEMPLATES.get(template)
    if found is None:
        raise MissingField("unknown_template", template)
    return found.render(values)


_GREETING = "Hello {name},"
_PLACE = ("Where: {location}", "Compartment: {compartment}")
_WINDOW = ("From: {from_time}", "Until: {until_time}")
_CODES = (
    "PIN: {pin}",
    "Or show this code to the scanner: {qr}",
    "Or hold your {tag_name} to the reader.",
)

TEMPLATES: Mapping[str, Template] = {
    "ready_for_pickup": Template(
        "{site}: ready for you to collect",
        (_GREETING, "{items} is ready for you to collect.", *_PLACE, *_WINDOW, *_CODES, "{rules}",
         "Reference: {reference}"),
        required=("location", "until_time", "rules"),
    ),
    "reminder": Template(
        "{site}: still waiting for you",
        (_GREETING, "{items} still waits for you.", *_PLACE, *_WINDOW, *_CODES, "{rules}",
         "Reference: {reference}"),
        required=("location", "until_time", "rules"),
    ),
    "expired": Template(
        "{site}: the time to collect is over",
        (_GREETING, "{items} was not collected in time.", *_PLACE, "The time ended: {until_time}",
         "Your PIN and codes are no longer valid.", "{rules}", "Reference: {reference}"),
        required=("location", "until_time", "rules"),
    ),
    "cancelled": Template(
        "{site}: cancelled",
        (_GREETING, "{items}: this was cancelled.", "Where: {location}", "Reason: {reason}",
         "PINs and codes for it are no longer valid.", "{rules}", "Reference: {reference}"),
        required=("location",),
    ),
    "receipt": Template(
        "{site}: your receipt",
        (_GREETING, "{items}", "Amount: {amount}", "When: {time}", "Where: {location}", "{rules}",
         "Reference: {reference}"),
        required=("time", "location"),
    ),
    "staff_attention": Template(
        "{site}: {what}",
        ("{what}", "Workflow: {workflow}", "Where: {location}", "Compartment: {compartment}", "Since: {time}",
         "Reason: {reason}", "What to do: {todo}", "Handover: {handover}"),
        required=("what", "location", "handover"),
    ),
    "bring_it": Template(
        "{site}: a compartment is kept for you",
        (_GREETING, "Please bring {items}.", *_PLACE, *_WINDOW, *_CODES, "{rules}", "Reference: {reference}"),
        required=("location",),
    ),
    "received": Template(
        "{site}: received",
        (_GREETING, "{items} has arrived.", "When: {time}", *_PLACE, "{rules}", "Reference: {reference}"),
        required=("time", "location"),
    ),
    "issued": Template(
        "{site}: you have taken it out",
        (_GREETING, "{items} is in your care now.", "When: {time}", "Bring it back until: {due_time}",
         "Where: {location}", "{rules}", "Reference: {reference}"),
        required=("time", "location"),
    ),
    "due_soon": Template(
        "{site}: please bring it back soon",
        (_GREETING, "{items} is due.", "Until: {due_time}", "Where: {location}", "{rules}",
         "Reference: {reference}"),
        required=("location",),
    ),
    "overdue": Template(
        "{site}: overdue",
        (_GREETING, "{items} was to be brought back until {due_time}.", "Where: {location}", "{rules}",
         "Reference: {reference}"),
        required=("location",),
    ),
    "inspected": Template(
        "{site}: we have looked at what you brought",
        (_GREETING, "{items}: {outcome}.", "Amount: {amount}", "{rules}", "Reference: {reference}"),
        required=("outcome",),
    ),
    "session_begun": Template(
        "{site}: your compartment",
        (_GREETING, "Your compartment is ready.", *_PLACE, *_WINDOW, *_CODES, "{rules}",
         "Reference: {reference}"),
        required=("location",),
    ),
    "session_ends": Template(
        "{site}: your time ends soon",
        (_GREETING, "Please empty your compartment or extend your time.", *_PLACE, "Until: {until_time}",
         "{rules}", "Reference: {reference}"),
        required=("location",),
    ),
    "release_denied": Template(
        "{site}: not released",
        (_GREETING, "{items} could not be released.", "Where: {location}", "Reason: {reason}", "{rules}",
         "Reference: {reference}"),
        required=("location",),
    ),
    "approval_asked": Template(
        "{site}: your approval is asked for",
        ("{what}", "Workflow: {workflow}", "Where: {location}", "Compartment: {compartment}",
         "Handover: {handover}"),
        required=("what", "handover"),
    ),
    "order_confirmed": Template(
        "{site}: thank you for your order",
        (_GREETING, "{items}", "Amount: {amount}", "When: {time}", "{rules}", "Reference: {reference}"),
        required=("time",),
    ),
    "address_wanted": Template(
        "{site}: where shall we send it?",
        (_GREETING, "Please tell us where to send {items}.", "{link}", "Reference: {reference}"),
    ),
    "warehouse_pick": Template(
        "{site}: pick and send {items}",
        ("{items}", "Reference: {reference}", "Handover: {handover}",
         "The address is kept with the handover."),
        required=("items", "handover"),
    ),
    "digital_delivery": Template(
        "{site}: your access",
        (_GREETING, "{items}", "{link}", "Reference: {reference}"),
    ),
    "not_safe_any_more": Template(
        "{site}: please do not come for it",
        (_GREETING, "{items} could not be kept as it must be, and was taken out.", "Where: {location}",
         "Refund: {amount}", "{rules}", "Reference: {reference}"),
        required=("location",),
    ),
    "refill": Template(
        "{site}: please refill",
        ("{items}", "Where: {location}", "Reference: {reference}", "Handover: {handover}"),
        required=("location", "handover"),
    ),
}
