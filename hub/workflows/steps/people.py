"""Steps that tell people something, let them in, or ask them; they run in the transition's transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from hub.config.forms import Form, either, form
from hub.config.schema import Wrong, kind_of, name, one_of, text, whole
from hub.desk.templates import TEMPLATES
from hub.model.states import GrantKind, Method
from hub.workflows.steps.database import database_step
from hub.workflows.steps.types import words

#: Who a credential is issued to.
HOLDERS = ("recipient", "depositor", "staff")
_GROUP = re.compile(r"(group|role):[A-Za-z0-9][A-Za-z0-9_.-]*\Z")


_GROUP_FORM: Form = {"type": "string", "pattern": "^group:[A-Za-z0-9][A-Za-z0-9_.-]*$"}
_ROLE_FORM: Form = {"type": "string", "pattern": "^role:[A-Za-z0-9][A-Za-z0-9_.-]*$"}


@form(either({"enum": list(HOLDERS)}, _GROUP_FORM, _ROLE_FORM))
def _addressee(value: Any) -> str:
    """recipient, depositor, staff, `role:NAME` or `group:NAME`."""
    if isinstance(value, str) and _GROUP.match(value):
        return value
    return one_of((*HOLDERS, "role:NAME", "group:NAME"), "addressee")(value)  # type: ignore[no-any-return]


@form(either({"enum": list(HOLDERS)}, _GROUP_FORM))
def _holder(value: Any) -> str:
    """recipient, depositor, staff or `group:NAME`."""
    if isinstance(value, str) and _GROUP.match(value) and value.startswith("group:"):
        return value
    return one_of((*HOLDERS, "group:NAME"), "party")(value)  # type: ignore[no-any-return]


def _schedule(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or "week" not in value:
        raise Wrong(f"expected a schedule, found {kind_of(value)}", "take it as an input: !input quiet_hours")
    return value


PEOPLE_STEPS = (
    database_step(
        "issue_credential",
        {
            vol.Required("methods", description="add: methods: [pin, qr]"):
                words(tuple(Method), "way to present a credential"),
            vol.Required("until", description="add: until: DEADLINE"): name,
            vol.Optional("to"): _holder,
            vol.Optional("kind"): one_of(GrantKind, "kind of grant"),
            vol.Optional("uses"): whole(1, 1000),
            vol.Optional("code"): text,
        },
        "Issues a credential for the compartments of this handover, valid until the named deadline, to the "
        "recipient or to whom `to` says. It opens each door once unless `uses` or `kind: session` says "
        "more. `code` takes a code that exists, such as a parcel number, in the place of a fresh one.",
        fails=("no_method", "no_deadline", "no_person"), needs=("allocation",), gives=("credential",),
        sets=("credential", "credentials"),
    ),
    database_step(
        "revoke_credential", {vol.Optional("to"): _holder},
        "Ends every credential of this handover, or those of one party; without one it does nothing.",
    ),
    database_step(
        "notify",
        {
            vol.Required("to", description="add: to: recipient"): _addressee,
            vol.Required("template", description="add: template: NAME"):
                one_of(TEMPLATES, "message template"),
            vol.Optional("quiet"): _schedule,
        },
        "Puts a message into the outbox; within the hours of `quiet` it waits until they end. The workflow "
        "does not wait for it (S34).",
    ),
    database_step(
        "request_approval",
        {
            vol.Required("from", description="add: from: supervisor"): name,
            vol.Optional("count"): whole(1, 3),
            vol.Optional("of"): text,
        },
        "Asks people of a role to agree, `count` different ones, never the one who asked. The answer arrives "
        "as approval.given or approval.denied.",
        gives=("approval",), sets=("approval",),
    ),
)
