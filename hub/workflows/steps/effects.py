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


_PURPOSE = one_of(("price", "deposit", "later"), "purpose")
_MOTOR = (EvidenceLevel.DROP_SENSOR.value, EvidenceLevel.CYCLE.value)

EFFECT_STEPS = (
    StepType(
        "open",
        arguments({
            vol.Required("evidence", description="add: evidence: door_sensor"):
                one_of(EvidenceLevel, "level of evidence"),
            vol.Required("within", description="add: within: {seconds: 5}"): duration(SECOND // 10, HOUR),
            vol.Optional("for"): one_of(("recipient", "staff", "depositor"), "person"),
        }),
        EffectClass.OBSERVABLE,
        "Opens the compartment's door once and proves it within the time. With `evidence: ack` nothing "
        "observes the door: it is then blind and may never be retried.",
        results=RESULTS, refutes=("no_motion", "rejected", "not_sent"),
        needs=("allocation",), weakens=_unobserved,
    ),
    StepType(
        "dispense",
        arguments({
            vol.Required("evidence", description="add: evidence: drop_sensor"):
                one_of(_MOTOR, "level of evidence"),
            vol.Required("within", description="add: within: {seconds: 20}"): duration(SECOND, HOUR),
        }),
        EffectClass.OBSERVABLE,
        "Runs the slot's motor once, for one unit, and proves it by the drop sensor or by the motor's cycle.",
        results=RESULTS, refutes=("jam", "sold_out", "no_drop", "motor_fault", "rejected", "not_sent"),
        needs=("allocation",),
    ),
    StepType(
        "authorise",
        arguments({
            vol.Required("amount", description='add: amount: "{{ leg.amount }}"'): whole(1),
            vol.Optional("item"): whole(0),
            vol.Required("within", description="add: within: {seconds: 60}"): duration(SECOND, HOUR),
            vol.Optional("purpose"): _PURPOSE,
        }),
        EffectClass.OBSERVABLE,
        "Asks for the amount (minor units): what the order's owner has taken already (`paid`), else the "
        "terminal's payment device. Refuted means that no money is held; confirmed is a promise of money and "
        "not yet a sale. `purpose: deposit` and `later` need a rail that can hold money.",
        results=RESULTS,
        refutes=("denied", "cancelled", "expired", "rejected", "not_sent", "no_terminal", "no_hold"),
        gives=("authorisation",), leaves=("question",),
    ),
    StepType(
        "capture", arguments({vol.Optional("purpose"): _PURPOSE}), EffectClass.IDEMPOTENT,
        "Takes the authorised money. Decided once per leg and never flipped.",
        results=RESULTS, refutes=("rejected",), needs=("authorisation",), gives=("capture",),
    ),
    StepType(
        "void", arguments({vol.Optional("purpose"): _PURPOSE}), EffectClass.IDEMPOTENT,
        "Gives the authorised money back. One that cannot be proved opens a `refund_owed` incident. Money "
        "taken upstream is asked back from the order's owner: refuted with no_refund, with that incident.",
        results=RESULTS, refutes=("no_refund", "rejected"), needs=("question",),
    ),
    StepType(
        "refund",
        arguments({vol.Optional("amount"): whole(1), vol.Optional("purpose"): _PURPOSE}),
        EffectClass.IDEMPOTENT,
        "Gives captured money back, all of it or `amount`. Where the rail cannot, the result is refuted with "
        "no_refund, and a `refund_owed` incident has an owner already.",
        results=RESULTS, refutes=("no_refund", "rejected"), needs=("capture",),
    ),
    StepType(
        "check_age",
        arguments({
            vol.Required("minimum", description="add: minimum: 18"): whole(1, 120),
            vol.Required("within", description="add: within: {seconds: 60}"): duration(SECOND, HOUR),
        }),
        EffectClass.OBSERVABLE,
        "Asks the terminal's age verifier whether the person is old enough. Where there is none it is "
        "refuted with no_verifier; staff then look at the document (request_approval).",
        results=RESULTS, refutes=("under_age", "no_document", "no_verifier", "rejected", "not_sent"),
    ),
)
