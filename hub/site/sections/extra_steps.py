"""What the site's integrations add to the language of its blueprints, and what its terminals cannot do."""

from __future__ import annotations

from collections.abc import Mapping

from hub.api import StepDefinition
from hub.site.sections.reading import Reading
from hub.site.specs import DeviceSpec, TerminalSpec


def read_steps(reading: Reading, devices: Mapping[str, DeviceSpec]) -> dict[str, StepDefinition]:
    """The steps of every integration that a device of the site uses, by name."""
    steps: dict[str, StepDefinition] = {}
    asked: set[str] = set()
    for name, spec in devices.items():
        if spec.integration in asked:
            continue
        asked.add(spec.integration)
        try:
            given = reading.integrations.steps(spec.integration)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it becomes a problem of the site
            if reading.tolerant:
                reading.left_out[name] = str(error)
            else:
                reading.bad(("devices", name, "integration"), str(error), "mend or remove the plugin")
            continue
        steps |= {step.name: step for step in given}
    return steps


def terminals_without_hold(
    reading: Reading, terminals: Mapping[str, TerminalSpec], devices: Mapping[str, DeviceSpec]
) -> dict[str, str]:
    """Terminal -> its payment device, where that can take money but not hold it."""
    found: dict[str, str] = {}
    for terminal in terminals.values():
        spec = devices.get(terminal.payment or "")
        if spec is not None and not reading.integrations.manifest(spec.integration).rail.hold:
            found[terminal.name] = spec.name
    return found
