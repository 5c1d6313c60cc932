"""The JSON Schema (2020-12) of `site.yaml`, made of the schemas that check it, integrations included.

An editor sees `!secret NAME` and `!include FILE` as text; so a section, or an entry of one, may be text too.
"""

from __future__ import annotations

from typing import Any

from hub.config.durations import DURATION_FORM
from hub.config.forms import Form, either, form_of, form_of_mapping
from hub.config.schedules import schedule
from hub.config.schema import Validator, name, table
from hub.site.sections import assets, goods, hardware, identity, machines, persons, places, thermal, workflows
from hub.site.sections.reading import SECTIONS, Integrations
from hub.workflows.schemas import DIALECT

_INCLUDED: Form = {"type": "string", "description": "!include FILE"}


def site_schema(integrations: Integrations) -> Form:
    """What a site may say, with the devices of these integrations."""
    known = _sections(integrations)
    return {
        "$schema": DIALECT, "title": "A site", "type": "object",
        "properties": {section: known.get(section, {}) for section in SECTIONS},
        "required": ["site"], "additionalProperties": False, "$defs": {"duration": DURATION_FORM},
    }


def _sections(integrations: Integrations) -> dict[str, Form]:
    return {
        "site": form_of(identity.SITE), "notifier": {"type": "string"}, "web": _web(),
        "lines": _table(hardware.LINE), "supplies": _table(hardware.SUPPLY),
        "devices": _entries(_device(integrations)), "terminals": _table(places.TERMINAL),
        "products": _table(goods.product("EUR")), "people": _table(persons.PERSON),
        "schedules": _table(schedule("UTC")), "assets": _table(assets.ASSET),
        "workflows": _table(workflows.WORKFLOW),
        "banks": _entries(_bank()), "machines": _entries(_nested(machines.MACHINE, "slots", machines.SLOT)),
        "policy": either({"type": "object", "additionalProperties": {"type": "array"}}, _INCLUDED),
    }


def _table(entry: Validator) -> Form:
    return _entries(form_of(entry))


def _entries(entry: Form) -> Form:
    return either(
        {
            "type": "object", "propertyNames": form_of(name),
            "additionalProperties": either(entry, _INCLUDED),
        },
        {"type": "null"}, _INCLUDED,
    )


def _nested(outer: Validator, key: str, inner: Validator) -> Form:
    """An entry one of whose keys is a table that its reader checks row by row."""
    found = form_of(outer)
    found["properties"][key] = either(form_of(table(inner)), _INCLUDED)
    return found


def _bank() -> Form:
    found = _nested(places.BANK, "compartments", places.COMPARTMENT)
    found["properties"]["thermal_limits"] = form_of(thermal.LIMITS)
    return found


def _web() -> Form:
    found = form_of(identity.WEB)
    found["properties"]["tokens"] = form_of(table(identity.TOKEN))
    return found


def _device(integrations: Integrations) -> Form:
    """A device is of one integration, which says what else it may hold."""
    domains = integrations.domains()
    cases: list[dict[str, Any]] = []
    for domain in domains:
        own = form_of_mapping({**hardware.COMMON, **integrations.device_schema(domain)})
        own["properties"]["integration"] = {"const": domain}
        profiles = integrations.profile_names(domain)
        if profiles:
            own["properties"]["profile"] = {"enum": list(profiles)}
        of_it = {"properties": {"integration": {"const": domain}}, "required": ["integration"]}
        cases.append({"if": of_it, "then": own})
    return {
        "type": "object", "required": ["integration"],
        "properties": {"integration": {"enum": list(domains)}}, "allOf": cases,
    }
