"""Selectors: what a blueprint's input accepts, enforced wherever a value comes from (DESIGN section 5).

A validated value is plain JSON, ready to be pinned: a duration is microseconds, money is
`{"amount": minor units, "currency": code}`, a local time is "HH:MM:SS", a compartment is "bank/compartment".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import voluptuous as vol

from hub.config.durations import duration
from hub.config.forms import form
from hub.config.problems import suggest
from hub.config.schema import Validator, Wrong, flag, kind_of, mapping, money, one_of, text

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?\Z")


@dataclass(frozen=True, slots=True)
class SiteNames:
    """What a site calls its things; selectors choose among them.

    `no_hold` names the terminals whose payment device cannot hold money, with that device.
    `devices` gives each device's capabilities, `schedules` what each means (hub.model.schedules).
    None stands for "not known" where names are checked without a whole site: any name then passes.
    """

    currency: str = "EUR"
    banks: Collection[str] | None = None
    compartments: Collection[str] | None = None
    devices: Mapping[str, Collection[str]] | None = None
    products: Collection[str] | None = None
    terminals: Collection[str] | None = None
    roles: Collection[str] | None = None
    machines: Collection[str] | None = None
    slots: Collection[str] | None = None
    person_groups: Collection[str] | None = None
    templates: Collection[str] | None = None
    schedules: Mapping[str, Mapping[str, Any]] | None = None
    zone: str = "UTC"
    no_hold: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Selector:
    """One kind of selector: the schema of its options, and the maker of its validator."""

    make: Callable[[Mapping[str, Any], SiteNames], Validator]
    options: Mapping[Any, Any] = field(default_factory=dict)


def selector_validator(spec: Any, site_names: SiteNames) -> Validator:
    """The validator for a blueprint's `selector:`, for example `{bank: {}}` or `{number: {min: 1}}`.

    Raises `Wrong` (or MultipleInvalid) when the selector itself is badly written; its path is relative
    to `spec`.
    """
    if isinstance(spec, str):
        spec = {spec: None}
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise Wrong(f"expected one selector, found {kind_of(spec)}", "for example: selector: {bank: {}}")
    (word, options), = spec.items()
    kind = SELECTORS.get(str(word))
    if kind is None:
        raise Wrong(f"unknown selector '{word}'", suggest(word, SELECTORS), [word], True)
    try:
        checked = mapping(kind.options)({} if options is None else options)
    except vol.Invalid as error:
        error.prepend([word])
        raise
    single = kind.make(checked, site_names)
    return _multiple(single) if checked.get("multiple") else _not_null(single)


def _not_null(inner: Validator) -> Validator:
    def validate(value: Any) -> Any:
        if value is None:
            raise Wrong("this input has no value", "write one, or remove the line to use the default")
        return inner(value)

    return validate


def _multiple(inner: Validator) -> Validator:
    def validate(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Wrong(f"expected a list, found {kind_of(value)}", "write it in brackets: [a, b]")
        if not value:
            raise Wrong("expected at least one entry, found an empty list", "write it in brackets: [a, b]")
        out: list[Any] = []
        errors: list[vol.Invalid] = []
        for index, item in enumerate(value):
            try:
                done = inner(item)
                if done in out:
                    raise Wrong(f"{kind_of(item)} is listed twice", "keep one of the two")
                out.append(done)
            except vol.Invalid as error:
                error.prepend([index])
                errors.extend(error.errors if isinstance(error, vol.MultipleInvalid) else [error])
        if errors:
            raise vol.MultipleInvalid(errors)
        return out

    return validate


def _number(options: Mapping[str, Any], names: SiteNames) -> Validator:
    least, most, unit = options.get("min"), options.get("max"), options.get("unit", "")
    fractions = options.get("fractions", False)

    def validate(value: Any) -> int | float:
        good = isinstance(value, int) or (fractions and isinstance(value, float))
        if not good or isinstance(value, bool):
            what = "a number" if fractions else "a whole number"
            tail = f" (the unit, {unit}, is not written)" if unit else ""
            raise Wrong(f"expected {what}, found {kind_of(value)}", f"for example: {least or 1}{tail}")
        if (least is not None and value < least) or (most is not None and value > most):
            limits = [f"at least {least}"] * (least is not None) + [f"at most {most}"] * (most is not None)
            raise Wrong(f"{value} is out of range", f"write {' and '.join(limits)} {unit}".rstrip())
        return value  # type: ignore[no-any-return]

    return validate


def _time(options: Mapping[str, Any], names: SiteNames) -> Validator:
    def validate(value: Any) -> str:
        match = _TIME.match(value) if isinstance(value, str) else None
        if match is None:
            raise Wrong(f"expected a time of day, found {kind_of(value)}", 'for example: "18:30"')
        return f"{match.group(1)}:{match.group(2)}:{match.group(3) or '00'}"

    return validate


def _money(options: Mapping[str, Any], names: SiteNames) -> Validator:
    read = money(names.currency)
    least = read(options["min"]) if "min" in options else None
    most = read(options["max"]) if "max" in options else None

    def validate(value: Any) -> dict[str, Any]:
        amount = read(value)
        if least is not None and amount < least:
            raise Wrong(f"{amount} is too little", f"write at least {least}")
        if most is not None and amount > most:
            raise Wrong(f"{amount} is too much", f"write at most {most}")
        return {"amount": amount.minor, "currency": amount.currency}

    return validate


def _text(options: Mapping[str, Any], names: SiteNames) -> Validator:
    most = options.get("max", 1000)

    def validate(value: Any) -> str:
        word = text(value)
        if len(word) > most:
            raise Wrong(f"this text has {len(word)} characters", f"write at most {most}")
        return str(word)

    return validate


def _device(options: Mapping[str, Any], names: SiteNames) -> Validator:
    wanted = options.get("capability")

    def validate(value: Any) -> str:
        devices = names.devices
        if devices is None:
            return text(value)
        fitting = [key for key, able in devices.items() if wanted is None or wanted in able]
        if isinstance(value, str) and value in devices and value not in fitting:
            mend = suggest(value, fitting, f"no device of this site is a {wanted}")
            raise Wrong(f"device '{value}' is no {wanted}", mend)
        return one_of_site(value, fitting, "device")

    return validate


def one_of_site(value: Any, known: Collection[str], what: str) -> str:
    """A name that the site has; the nearest is suggested, or that there is none of the kind."""
    if not isinstance(value, str):
        raise Wrong(f"expected the name of a {what}, found {kind_of(value)}", suggest("", known))
    if value not in known:
        raise Wrong(f"unknown {what} '{value}'", suggest(value, known, f"this site has no {what}"))
    return str(value)


def _named(what: str, pick: Callable[[SiteNames], Collection[str] | None]) -> _Selector:
    def make(options: Mapping[str, Any], names: SiteNames) -> Validator:
        known = pick(names)
        return text if known is None else lambda value: one_of_site(value, known, what)

    return _Selector(make, {vol.Optional("multiple"): flag})


#: Stands in for a schedule where the site is not known: open around the clock.
_ALWAYS: Mapping[str, Any] = {"zone": "UTC", "week": [[[0, 86_400]]] * 7, "except": {}}


def _schedule(options: Mapping[str, Any], names: SiteNames) -> Validator:
    """The name of a schedule; its value is what the schedule says, so that a handover pins it (S31)."""
    known = names.schedules

    def validate(value: Any) -> dict[str, Any]:
        if known is None:
            return {"name": text(value), **_ALWAYS}
        word = one_of_site(value, known, "schedule")
        return {"name": word, **known[word]}

    return validate


@form({"type": "number"})
def _any_number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(f"expected a number, found {kind_of(value)}", "for example: 5")
    return value


@form({"type": "array", "minItems": 1, "items": {"type": "string"}})
def _options(value: Any) -> list[str]:
    if not isinstance(value, list) or not value:
        raise Wrong(f"expected a list of words, found {kind_of(value)}", "for example: options: [pin, qr]")
    return [text(item) for item in value]


#: Every selector of the language, by the word that blueprints use.
SELECTORS: dict[str, _Selector] = {
    "boolean": _Selector(lambda options, names: flag),
    "number": _Selector(_number, {
        vol.Optional("min"): _any_number, vol.Optional("max"): _any_number,
        vol.Optional("unit"): text, vol.Optional("fractions"): flag,
    }),
    "duration": _Selector(
        lambda options, names: duration(options.get("min"), options.get("max")),
        {vol.Optional("min"): duration(), vol.Optional("max"): duration()},
    ),
    "time": _Selector(_time),
    "money": _Selector(_money, {vol.Optional("min"): text, vol.Optional("max"): text}),
    "text": _Selector(_text, {vol.Optional("max"): _any_number}),
    "select": _Selector(
        lambda options, names: one_of(options["options"], "option"),
        {
            vol.Required("options", description="add: options: [a, b]"): _options,
            vol.Optional("multiple"): flag,
        },
    ),
    "device": _Selector(_device, {vol.Optional("capability"): text, vol.Optional("multiple"): flag}),
    "bank": _named("bank", lambda names: names.banks),
    "compartment": _named("compartment", lambda names: names.compartments),
    "machine": _named("machine", lambda names: names.machines),
    "slot": _named("slot", lambda names: names.slots),
    "product": _named("product", lambda names: names.products),
    "role": _named("role", lambda names: names.roles),
    "person_group": _named("person group", lambda names: names.person_groups),
    "template": _named("template", lambda names: names.templates),
    "schedule": _Selector(_schedule),
    "terminal": _named("terminal", lambda names: names.terminals),
}
