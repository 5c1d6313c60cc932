"""Facts of one effect: the intent that is made durable first, and what is learnt of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from hub.model.states import EffectKind, EvidenceLevel, Verdict

#: JSON scalars and containers: what journal bodies, baselines and evidence are made of.
Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
JsonMap: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Intent:
    """One command to one device, committed before it is acted on (S10). Never sent twice.

    `deadline` is UTC microseconds; `params` depend on the kind: `{"within": micros}` for open,
    `{"amount": minor, "currency": "EUR", "item": 10}` for authorise.
    """

    effect_id: str
    kind: EffectKind
    device: str
    target: str
    sequence: int
    epoch: str
    deadline: int
    level: EvidenceLevel
    baseline: JsonMap
    params: JsonMap
    handover_id: str | None = None
    allocation_id: str | None = None
    leg_id: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The device took the command. An acknowledgement is not yet the effect."""

    detail: JsonMap = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resolution:
    """A resolver's answer with the evidence for it.

    `reason` is required for REFUTED: no_motion, rejected, not_sent, denied, cancelled, expired, ...
    """

    verdict: Verdict
    reason: str = ""
    evidence: JsonMap = field(default_factory=dict)

    @classmethod
    def confirmed(cls, **evidence: Json) -> Resolution:
        """The effect took place."""
        return cls(Verdict.CONFIRMED, "", evidence)

    @classmethod
    def refuted(cls, reason: str, **evidence: Json) -> Resolution:
        """Positive proof that the effect did not take place."""
        return cls(Verdict.REFUTED, reason, evidence)

    @classmethod
    def unknown(cls, reason: str = "", **evidence: Json) -> Resolution:
        """Neither can be proved."""
        return cls(Verdict.UNKNOWN, reason, evidence)


@dataclass(frozen=True, slots=True)
class Rail:
    """What a payment rail can do; blueprints are checked against it."""

    query: bool
    hold: bool
    partial_capture: bool
    refund: bool
