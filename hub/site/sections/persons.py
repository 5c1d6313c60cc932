"""`people:`, by reference, and `policy:`, what their roles allow."""

from __future__ import annotations

import re
from typing import Any

import voluptuous as vol

from hub.access.policy import Policy, PolicyError
from hub.config import Wrong, YamlPath, mapping, name, suggest, text
from hub.config.forms import form, form_of
from hub.config.schema import kind_of
from hub.site.sections.reading import Reading
from hub.site.specs import PersonSpec

_TAG = re.compile(r"(?:[0-9a-f]{2}){4,10}\Z")
_PIN = re.compile(r"[0-9]{4,12}\Z")


@form({"type": "string", "pattern": "^[0-9A-Fa-f: ]{8,}$"})
def _tag(value: Any) -> str:
    word = value.lower().replace(":", "").replace(" ", "") if isinstance(value, str) else ""
    if not _TAG.match(word):
        mend = 'write its hex digits in quotes, for example: "04a1b2c3"'
        raise Wrong(f"expected a tag's UID, found {kind_of(value)}", mend)
    return word


@form({"type": "string", "minLength": 1})  # !secret NAME, or 4 to 12 digits
def _pin(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise Wrong("expected a PIN as text", "put it in quotes, or write !secret NAME")
    if not isinstance(value, str) or not _PIN.match(value):
        raise Wrong("this is no PIN", "4 to 12 digits, better as !secret NAME")
    return value


def _list_of(item: Any, example: str) -> Any:
    @form(lambda: {"type": "array", "items": form_of(item)})
    def validate(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong(f"expected a list, found {kind_of(value)}", f"for example: {example}")
        return tuple(vol.Schema([item])(value))

    return validate


PERSON = mapping({
    vol.Required("name", description='add: name: "..."'): text,
    vol.Optional("phone"): text,
    vol.Optional("email"): text,
    vol.Optional("roles", default=list): _list_of(name, "roles: [staff]"),
    vol.Optional("groups", default=list): _list_of(name, "groups: [couriers]"),
    vol.Optional("tags", default=list): _list_of(_tag, 'tags: ["04a1b2c3"]'),
    vol.Optional("pin"): _pin,
})


def read_policy(reading: Reading) -> Policy | None:
    """The site's own table of who may do what, else the shipped one; None when it cannot be read."""
    raw = reading.document.at(("policy",))
    if raw is None:
        return Policy.default()
    if reading.document.is_broken(("policy",)):
        return None
    if not isinstance(raw, dict):
        message = f"expected rules by role, found {kind_of(raw)}"
        reading.bad(("policy",), message, 'write `role: ["handover.*"]` below it')
        return None
    try:
        return Policy.load(raw)
    except PolicyError as error:
        role = next((role for role in raw if f"{role}" in str(error)), None)
        reading.bad(("policy",) if role is None else ("policy", role), str(error), at_key=True)
        return None


def read_people(reading: Reading, policy: Policy | None) -> dict[str, PersonSpec]:
    """Every person who is right; roles are the policy's, a tag and a PIN belong to one person."""
    people: dict[str, PersonSpec] = {}
    held: dict[str, str] = {}
    for ref, path in reading.entries("people"):
        good = reading.check(PERSON, path)
        if good is None:
            continue
        for index, role in enumerate(good["roles"]):
            if policy is not None and role not in policy.roles:
                mend = suggest(role, policy.roles, "the policy names no role")
                reading.bad((*path, "roles", index), f"unknown role '{role}'", mend)
        places: list[tuple[str, str, YamlPath]] = [
            (f"tag {tag}", "give each person a tag of their own", (*path, "tags", index))
            for index, tag in enumerate(good["tags"])
        ]
        if "pin" in good:
            places.append((f"pin {good['pin']}", "give each person a PIN of their own", (*path, "pin")))
        for what, mend, place in places:
            first = held.setdefault(what, ref)
            if first != ref:
                owner = f"'{first}' ({reading.place(('people', first))})"
                message = f"this {what.partition(' ')[0]} already belongs to {owner}"
                reading.bad(place, message, mend)
        contact = {key: str(good[key]) for key in ("name", "phone", "email") if key in good}
        people[ref] = PersonSpec(
            ref, tuple(good["roles"]), good["tags"], good.get("pin"), contact, tuple(good["groups"])
        )
    return people
