"""Steps that only change the database; they run in the transition's transaction (S21, S23)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from hub.config.schema import Wrong, flag, kind_of, name, one_of, text, whole
from hub.desk.templates import TEMPLATES
from hub.model.states import Method, Size, Thermal
from hub.workflows.steps.types import EffectClass, StepType, arguments, words

PARTIES = ("hub", "staff", "recipient", "unknown")
URGENCIES = ("low", "normal", "high", "critical")
#: Names that steps of a blueprint may read but not `set`: they belong to the order or to the engine.
RESERVED = frozenset((
    "item", "items", "recipient_ref", "window", "external_ref", "allocation", "leg", "terminal", "credential",
    "inputs", "event", "now", "attempts", "state", "status", "phase",
))


def _assignments(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise Wrong(f"expected names with values, found {kind_of(value)}", "for example: {reopened: true}")
    wrong: list[vol.Invalid] = []
    for key in value:
        if key in RESERVED:
            wrong.append(Wrong(f"'{key}' cannot be set", "choose a name of your own", [key], True))
        elif not str(key).isidentifier() or str(key).startswith("_"):
            wrong.append(Wrong(f"'{key}' is no name", "use letters, digits and _", [key], True))
    if wrong:
        raise vol.MultipleInvalid(wrong)
    return dict(value)


def _database(step: str, schema: Mapping[Any, Any], doc: str, **more: Any) -> StepType:
    return StepType(step, arguments(schema), EffectClass.DATABASE, doc, **more)


DATABASE_STEPS = (
    _database(
        "assign",
        {
            vol.Required("bank", description="add: bank: !input bank"): text,
            vol.Optional("size"): one_of(Size, "size"),
            vol.Optional("thermal"): one_of(Thermal, "thermal class"),
            vol.Optional("product"): text,
            vol.Optional("low"): flag,
        },
        "Takes a compartment of the bank for this handover and stores it as `allocation`. Without `product`: "
        "an empty one of the size and thermal class. With `product`: one that holds it. A compartment that "
        "the handover had before is given back, its contents and its bar unchanged.",
        fails=("full", "too_big", "wrong_class", "barred", "sold_out"),
        gives=("allocation",), sets=("allocation",),
    ),
    _database(
        "release", {},
        "Gives the compartment back and records it as empty.",
        needs=("allocation",),
    ),
    _database(
        "bar", {vol.Required("reason", description="add: reason: stuck"): name},
        "Takes the compartment out of service for this reason; its contents stay recorded.",
        needs=("allocation",),
    ),
    _database(
        "unbar", {vol.Required("reason", description="add: reason: stuck"): name},
        "Ends the reason of an earlier `bar`. The compartment serves again when no other one is left.",
        needs=("allocation",),
    ),
    _database(
        "issue_credential",
        {
            vol.Required("methods", description="add: methods: [pin, qr]"):
                words(tuple(Method), "way to present a credential"),
            vol.Required("until", description="add: until: DEADLINE"): name,
        },
        "Issues the recipient's credential for this compartment, valid until the named deadline.",
        fails=("no_method", "no_deadline"), needs=("allocation",), gives=("credential",),
        sets=("credential",),
    ),
    _database(
        "revoke_credential", {},
        "Ends every credential of this handover; without one it does nothing.",
    ),
    _database(
        "notify",
        {
            vol.Required("to", description="add: to: recipient"): one_of(("recipient", "staff"), "addressee"),
            vol.Required("template", description="add: template: NAME"):
                one_of(TEMPLATES, "message template"),
        },
        "Puts a message into the outbox. The workflow does not wait for it (S34).",
    ),
    _database(
        "transfer_custody",
        {vol.Required("to", description="add: to: recipient"): one_of(PARTIES, "party")},
        "Records who is accountable for the item from now on.",
        needs=("allocation",),
    ),
    _database(
        "adjust_stock", {vol.Required("by", description="add: by: -1"): whole(-1000, 1000)},
        "Changes the count of the product in this compartment.",
        fails=("sold_out",), needs=("allocation",),
    ),
    _database(
        "raise_incident",
        {
            vol.Required("kind", description="add: kind: stuck"): name,
            vol.Optional("urgency"): one_of(URGENCIES, "urgency"),
        },
        "Opens a recovery task that somebody owns. Its verdict arrives as `incident.resolved`.",
    ),
    StepType(
        "set", _assignments, EffectClass.DATABASE,
        "Stores values under names of your own, for later expressions.",
    ),
)
