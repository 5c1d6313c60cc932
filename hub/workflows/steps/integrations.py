"""Steps of integrations as the compiler and its checks see them: like the hub's own effect steps (S35)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import voluptuous as vol

from hub.api import StepDefinition
from hub.config.durations import duration
from hub.config.schema import Validator, one_of
from hub.core.clock import HOUR, SECOND
from hub.workflows.steps.types import RESULTS, EffectClass, StepType, arguments


def step_type(definition: StepDefinition, devices: Collection[str]) -> StepType:
    """The step type of a definition; `devices` are the site's devices of that integration."""
    own = {key: _validator(value) for key, value in definition.schema.items()}
    example = next(iter(sorted(devices)), "DEVICE")
    return StepType(
        definition.name,
        arguments({
            vol.Required("device", description=f"add: device: {example}"): one_of(sorted(devices), "device"),
            vol.Required("within", description="add: within: {seconds: 10}"): duration(SECOND // 10, HOUR),
            **own,
        }),
        EffectClass(definition.effect_class), definition.doc, results=RESULTS,
        refutes=(*definition.refutes, *(r for r in ("rejected", "not_sent") if r not in definition.refutes)),
    )


def _validator(value: Any) -> Validator:
    """A partner may write a type or a value where the hub writes a function: `str` must not convert."""
    schema: Validator = vol.Schema(value)
    return schema
