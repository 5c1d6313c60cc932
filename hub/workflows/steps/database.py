"""Steps that only change the database; they run in the transition's transaction (S21, S23)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from hub.config.forms import form
from hub.config.schema import Wrong, flag, kind_of, name, one_of, text, whole
from hub.model.states import Size, Thermal
from hub.workflows.steps.types import EffectClass, StepType, arguments

PARTIES = ("hub", "staff", "recipient", "depositor", "unknown")
URGENCIES = ("low", "normal", "high", "critical")
#: Names that steps of a blueprint may read but not `set`: they belong to the order or to the engine.
RESERVED = frozenset((
    "item", "items", "recipient_ref", "depositor_ref", "window", "external_ref", "due", "paid", "data",
    "allocation", "allocations", "asset", "leg", "legs", "terminal", "credential", "credentials", "approval",
    "inputs", "event", "now", "attempts", "state", "status", "phase",
))


@form({"type": "object", "minProperties": 1})
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


def database_step(step: str, schema: Mapping[Any, Any], doc: str, **more: Any) -> StepType:
    """A step that runs in the transaction; every argument may be an expression."""
    return StepType(step, arguments(schema), EffectClass.DATABASE, doc, **more)


DATABASE_STEPS = (
    database_step(
        "assign",
        {
            vol.Required("bank", description="add: bank: !input bank"): text,
            vol.Optional("size"): one_of(Size, "size"),
            vol.Optional("thermal"): one_of(Thermal, "thermal class"),
            vol.Optional("product"): text,
            vol.Optional("low"): flag,
            vol.Optional("per"): one_of(("order", "item"), "measure"),
            vol.Optional("hold"): one_of(("hard", "soft"), "hold"),
            vol.Optional("apart"): text,
            vol.Optional("asset"): text,
            vol.Optional("asset_kind"): text,
            vol.Optional("refill"): flag,
        },
        "Takes a compartment of the bank for this handover and stores it as `allocation`. Without `product`: "
        "an empty one of the size and thermal class. With `product`: one that holds it; with `asset` or "
        "`asset_kind`: the one that this asset, or a free one of the kind, lies in. With `refill`: one that "
        "serves the product, also when none is left. `per: item` takes one for every item, with the item's "
        "own product, size and class, all of them or none. `hold: soft` keeps a place "
        "for goods that are still to come. Where `apart` differs, compartments are never neighbours. A "
        "compartment that the handover had before is given back, its contents and its bar unchanged.",
        fails=("full", "too_big", "wrong_class", "barred", "kept_apart", "sold_out", "no_asset"),
        gives=("allocation",), sets=("allocation", "allocations", "asset"),
    ),
    database_step(
        "release", {},
        "Gives the compartment back and records it as empty.",
        needs=("allocation",),
    ),
    database_step(
        "bar", {vol.Required("reason", description="add: reason: stuck"): name},
        "Takes the compartment out of service for this reason; its contents stay recorded.",
        needs=("allocation",),
    ),
    database_step(
        "unbar", {vol.Required("reason", description="add: reason: stuck"): name},
        "Ends the reason of an earlier `bar`. The compartment serves again when no other one is left.",
        needs=("allocation",),
    ),
    database_step(
        "transfer_custody",
        {
            vol.Required("to", description="add: to: recipient"): one_of(PARTIES, "party"),
            vol.Optional("condition"): name,
            vol.Optional("due"): name,
        },
        "Records who is accountable for the item from now on, and in which `condition` it changed hands. An "
        "asset goes with its item: to the person, who is to bring it back by the deadline `due`, or to the "
        "compartment.",
        needs=("allocation",),
    ),
    database_step(
        "adjust_stock", {vol.Required("by", description="add: by: -1"): whole(-1000, 1000)},
        "Changes the count of the product in this compartment.",
        fails=("sold_out",), needs=("allocation",),
    ),
    database_step(
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
