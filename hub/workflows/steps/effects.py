"""Steps that act on doors and money: one per state, last, answered by exactly one result (S21, S25)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from hub.config.durations import duration
from hub.config.schema import one_of, whole
from hub.core.clock import HOUR, SECOND
from hub.model.states import EvidenceLevel
from hub.workflows.steps.types import RESULTS, EffectClass, StepType, arguments


def _unobserved(args: Mapping[str, Any]) -> bool:
    """Whether nothing but the device's own word tells if a door opened (S11: without a sensor, UNKNOWN)."""
    return args.get("evidence") == EvidenceLevel.ACK


EFFECT_STEPS = (
    StepType(
        "open",
        arguments({
            vol.Required("evidence", description="add: evidence: door_sensor"):
                one_of(EvidenceLevel, "level of evidence"),
            vol.Required("within", description="add: within: {seconds: 5}"): duration(SECOND // 10, HOUR),
            vol.Optional("for"): one_of(("recipient", "staff"), "person"),
        }),
        EffectClass.OBSERVABLE,
        "Opens the compartment's door once and proves it within the time. With `evidence: ack` nothing "
        "observes the door: it is then blind and may never be retried.",
        results=RESULTS, refutes=("no_motion", "rejected", "not_sent"),
        needs=("allocation",), weakens=_unobserved,
    ),
    StepType(
        "authorise",
        arguments({
            vol.Required("amount", description='add: amount: "{{ leg.amount }}"'): whole(1),
            vol.Required("item", description='add: item: "{{ leg.item }}"'): whole(0),
            vol.Required("within", description="add: within: {seconds: 60}"): duration(SECOND, HOUR),
        }),
        EffectClass.OBSERVABLE,
        "Asks the terminal's payment device for the amount (minor units). Refuted means that no money is "
        "held; confirmed is a promise of money and not yet a sale.",
        results=RESULTS, refutes=("denied", "cancelled", "expired", "rejected", "not_sent"),
        gives=("authorisation",), leaves=("question",),
    ),
    StepType(
        "capture", arguments({}), EffectClass.IDEMPOTENT,
        "Takes the authorised money. Decided once per leg and never flipped.",
        results=RESULTS, refutes=("rejected",), needs=("authorisation",),
    ),
    StepType(
        "void", arguments({}), EffectClass.IDEMPOTENT,
        "Gives the authorised money back. One that cannot be proved opens a `refund_owed` incident.",
        results=RESULTS, refutes=("rejected",), needs=("question",),
    ),
)
