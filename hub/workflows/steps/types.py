"""What a step type is: the definition that compile, check, verify and the installer's reference share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import voluptuous as vol

from hub.config.forms import Form, either, form, form_of
from hub.config.schema import Validator, Wrong, kind_of, mapping
from hub.workflows.expressions import body_of

RESULTS = ("effect.confirmed", "effect.refuted", "effect.in_doubt")


class EffectClass(StrEnum):
    """What may be done after a step whose outcome is not known (DESIGN section 4).

    `database` runs in the transaction; `idempotent` is repeated until definite; `observable` is resolved
    first, then decided; `blind` is never retried.
    """

    DATABASE = "database"
    IDEMPOTENT = "idempotent"
    OBSERVABLE = "observable"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class StepType:
    """One kind of step.

    `schema` validates the compiled arguments and returns plain JSON (durations as microseconds).
    `results` are the events that an effect step may lead to (S20), `fails` the reasons of
    `<step>.failed`, `refutes` those of `effect.refuted`. `needs` names what must hold before, `gives` what
    holds after success and `leaves` what holds after any result: an allocation, a credential, a question
    to the payment device, its authorisation. `sets` are the variables that the step stores.
    """

    name: str
    schema: Validator
    effect_class: EffectClass
    doc: str
    results: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()
    refutes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    weakens: Callable[[Mapping[str, Any]], bool] | None = None

    @property
    def is_effect(self) -> bool:
        """Whether it acts on the world outside the database."""
        return self.effect_class is not EffectClass.DATABASE

    def class_for(self, args: Mapping[str, Any]) -> EffectClass:
        """The effect class with these arguments: an act that nothing observes is blind."""
        if self.weakens is not None and self.weakens(args):
            return EffectClass.BLIND
        return self.effect_class


def arguments(schema: Mapping[Any, Any]) -> Validator:
    """A schema of arguments in which every value may be an expression instead."""
    return mapping({key: or_expression(value) for key, value in schema.items()})


def or_expression(validator: Validator) -> Validator:
    """Lets a whole `{{ }}` pass, to be rendered when the step's turn comes (S21)."""

    @form(lambda: _or_expression(form_of(validator)))
    def validate(value: Any) -> Any:
        if body_of(value) is not None:
            return value
        if value is None:
            raise Wrong("expected a value, found nothing", "write one, or take the line away")
        return validator(value)

    return validate


def _or_expression(found: Form) -> Form:
    """`!input` stands for a value of any kind; an editor sees its name."""
    is_word = "enum" in found or found.get("type") == "string"
    other: list[Form] = [] if is_word else [{"$ref": "#/$defs/input"}]
    return either(found, {"$ref": "#/$defs/expression"}, *other)


def words(options: tuple[str, ...], what: str) -> Validator:
    """A list of distinct words from a closed list."""

    @form(either(
        {"type": "array", "minItems": 1, "items": {"enum": [str(option) for option in options]}},
        {"$ref": "#/$defs/input"},
    ))
    def validate(value: Any) -> list[str]:
        if not isinstance(value, list) or not value:
            raise Wrong(f"expected a list, found {kind_of(value)}", f"for example: [{options[0]}]")
        bad: list[vol.Invalid] = [
            Wrong(f"{kind_of(word)} is no {what}", f"known: {', '.join(options)}", [index])
            for index, word in enumerate(value) if word not in options
        ]
        if bad:
            raise vol.MultipleInvalid(bad)
        return list(dict.fromkeys(value))

    return validate
