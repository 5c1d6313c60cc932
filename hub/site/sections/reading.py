"""What every section's reader shares: the document, the problems, and the names of other sections."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import voluptuous as vol

from hub.api import StepDefinition
from hub.config import Document, Problem, Problems, YamlPath, check, name, nearest, suggest
from hub.config.schema import Validator, kind_of, report
from hub.model.effects import Rail

SECTIONS = (
    "site", "lines", "devices", "supplies", "banks", "machines", "terminals", "products", "assets", "people",
    "schedules", "workflows", "web", "notifier", "policy",
)


class ManifestLike(Protocol):
    """What the checks need of an integration's manifest."""

    @property
    def capabilities(self) -> Sequence[str]:
        """Names of the capability Protocols."""
        ...

    @property
    def rail(self) -> Rail:
        """What its payment device can do."""
        ...


class Integrations(Protocol):
    """The plugin loader, as far as a site is checked against it."""

    def domains(self) -> list[str]:
        """The usable integrations."""
        ...

    def quarantined(self) -> dict[str, str]:
        """Integration -> why it is out of use."""
        ...

    def manifest(self, domain: str) -> ManifestLike:
        """What the integration says of itself."""
        ...

    def device_schema(self, domain: str) -> Mapping[Any, Any]:
        """The integration's own keys of a device."""
        ...

    def profile_names(self, domain: str) -> list[str]:
        """The profiles it ships."""
        ...

    def profile(self, domain: str, name: str) -> Mapping[str, Any]:
        """One profile's data."""
        ...

    def steps(self, domain: str) -> Sequence[StepDefinition]:
        """Workflow steps that it adds."""
        ...


@dataclass(slots=True)
class Reading:
    """One run over a site.

    When `tolerant`, devices of integrations that are out of use are left out, with the reason, and workflows
    that are not right are `broken`, with what is wrong, instead of being a problem of the whole site.
    """

    document: Document
    problems: Problems
    integrations: Integrations
    folder: Path
    tolerant: bool = False
    left_out: dict[str, str] = field(default_factory=dict)
    broken: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    currency: str = "EUR"
    capabilities: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Bank -> whether the hub can tell when its goods spoil.
    watched: dict[str, bool] = field(default_factory=dict)
    _names: dict[str, Collection[str] | None] = field(default_factory=dict)

    def entries(self, section: str) -> Iterator[tuple[str, YamlPath]]:
        """Name and path of each entry of a section; says so when the section is no mapping."""
        document = self.document
        raw = document.at((section,))
        if raw is None or document.is_broken((section,)):
            return
        if not isinstance(raw, dict):
            message = f"expected entries by name, found {kind_of(raw)}"
            self.bad((section,), message, "write `name: {...}` below it")
            return
        for key in raw:
            path = (section, key)
            try:
                yield name(str(key)), path
            except vol.Invalid as error:
                self.bad(path, error.msg, getattr(error, "mend", ""), at_key=True)

    def names(self, section: str) -> Collection[str] | None:
        """The names that a section defines, right or wrong inside; None when it could not be read.

        A section that is there under a misspelt name counts as not read: that is one error, not many.
        """
        if section not in self._names:
            self._names[section] = self._read_names(section)
        return self._names[section]

    def _read_names(self, section: str) -> Collection[str] | None:
        raw = self.document.at((section,))
        strangers = [key for key in self.document.data if key not in SECTIONS]
        if raw is None and any(nearest(key, SECTIONS) == section for key in strangers):
            return None
        if self.document.is_broken((section,)) or (raw is not None and not isinstance(raw, dict)):
            return None
        return {str(key): None for key in raw or ()}.keys()

    def check(self, validator: Validator, path: YamlPath, value: Any = ...) -> Any:
        """Validate the value at `path`; None when it has problems."""
        return check(validator, self.document, path, self.problems, value)

    def bad(self, path: YamlPath, message: str, mend: str = "", at_key: bool = False) -> None:
        """Report a problem at the value (or key) of `path`."""
        marks = self.document.marks
        self.problems.add(marks.key(path) if at_key else marks.value(path), message, mend, path)

    def report(self, error: vol.Invalid, path: YamlPath) -> None:
        """Report a validator's error below `path`."""
        report(error, self.document, path, self.problems)

    def place(self, path: YamlPath) -> str:
        """`line N`, or file and line, of something that stands elsewhere."""
        mark = self.document.marks.key(path)
        return f"{Path(mark.file).name} line {mark.line}"

    def refers(self, section: str, what: str, value: str, path: YamlPath) -> bool:
        """Whether `value` names an entry of `section`; reports it when it does not."""
        known = self.names(section)
        if known is None or value in known:
            return True
        self.bad(path, f"unknown {what} '{value}'", suggest(value, known, f"add it below `{section}:`"))
        return False

    def refers_to_device(self, value: str, wanted: Collection[str], path: YamlPath, use: str) -> bool:
        """Whether `value` is a device with one of the wanted capabilities; reports it when it is not."""
        if not self.refers("devices", "device", value, path):
            return False
        able = self.capabilities.get(value)
        if able is None or set(able) & set(wanted):
            return True
        fitting = [device for device, has in self.capabilities.items() if set(has) & set(wanted)]
        mend = suggest(value, fitting, f"this site has no device with {' or '.join(wanted)}")
        self.bad(path, f"device '{value}' cannot be {use}: it is a {', '.join(able)}", mend)
        return False
