"""Steps that an integration adds to the blueprint language (S35): effect steps at one of its own devices."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import voluptuous as vol

from hub.model.effects import Intent, JsonMap, Receipt, Resolution

#: Arguments that the hub itself adds to every such step.
HUB_ARGUMENTS = ("device", "within")
_CLASSES = ("idempotent", "observable", "blind")
_WORD = re.compile(r"[a-z][a-z0-9_]*\Z")

#: Methods of a driver's class fit: `act=LabelPrinter.print_label`.
Act = Callable[[Any, Intent, float], Awaitable[Receipt]]
Resolve = Callable[[Any, Intent, float], Awaitable[Resolution]]
Baseline = Callable[[Any, Mapping[str, Any]], JsonMap]


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """One step, as the integration's `steps` hook gives it.

    `name` is `DOMAIN.WORD`. `schema` is a voluptuous mapping of the step's own arguments; the hub adds
    `device` (a device of this integration) and `within` (the deadline), checks them all, and puts the own
    ones into `intent.params["args"]`. Arguments and baseline are plain JSON.

    `act(driver, intent, deadline)` does it once and returns a Receipt, or raises NotSent, Rejected(reason) or
    InDoubt. `resolve(driver, intent, deadline)` says what became of it (S11), also after a restart. By
    `effect_class`:

    - `observable`: done once; `resolve` decides and is required.
    - `idempotent`: carries `intent.effect_id` as its key and is repeated until definite. The receipt
      confirms it, or `resolve` where there is one.
    - `blind`: done once; the receipt confirms it. After a restart nobody knows, and a person decides.

    `refutes` are the reasons of `effect.refuted` besides `rejected` and `not_sent`.
    """

    name: str
    doc: str
    effect_class: Literal["idempotent", "observable", "blind"]
    act: Act
    schema: Any
    resolve: Resolve | None = None
    baseline: Baseline | None = None
    refutes: tuple[str, ...] = ()

    def wrong(self, domain: str) -> str:
        """Why the hub cannot use this definition of the integration `domain`; empty when it can."""
        head, _, word = str(self.name).partition(".")
        if head != domain or not _WORD.match(word):
            return f"a step is called {domain}.WORD, not {self.name!r}"
        if not isinstance(self.doc, str) or not self.doc.strip():
            return f"{self.name} has no doc"
        if self.effect_class not in _CLASSES:
            return f"{self.name}: effect_class is one of {', '.join(_CLASSES)}, not {self.effect_class!r}"
        if not callable(self.act) or not all(f is None or callable(f) for f in (self.resolve, self.baseline)):
            return f"{self.name}: act, resolve and baseline are functions of the driver"
        if self.effect_class == "observable" and self.resolve is None:
            return f"{self.name} is observable and has no resolve"
        if self.effect_class == "blind" and self.resolve is not None:
            return f"{self.name} is blind and has a resolve: call it observable"
        if not all(isinstance(reason, str) and _WORD.match(reason) for reason in self.refutes):
            return f"{self.name}: refutes are words such as paper_out"
        return self._wrong_schema()

    def checked(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The step's own arguments, by its schema. Raises vol.Invalid."""
        given: dict[str, Any] = vol.Schema(dict(self.schema))(dict(arguments))
        return given

    def _wrong_schema(self) -> str:
        if not isinstance(self.schema, Mapping):
            return f"{self.name}: schema is a mapping of voluptuous markers"
        taken = [key for key in map(str, self.schema) if key in HUB_ARGUMENTS]
        if taken:
            return f"{self.name}: the hub adds {' and '.join(taken)} itself"
        try:
            vol.Schema(dict(self.schema))
        except vol.SchemaError as error:
            return f"{self.name}: {error}"
        return ""
