"""All integrations of a hub: found by manifest, imported on first use, quarantined one by one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pluggy
import voluptuous as vol

from hub.api import PROJECT, ConfigError, DeviceContext, Driver, Hooks, IntegrationError, StepDefinition
from hub.api.sim import SimSetup, Simulator
from hub.plugins.discovery import Found, default_search, find, import_plugin
from hub.plugins.errors import PluginError, ProfileError, Quarantined, UnknownIntegration
from hub.plugins.manifest import Manifest, ManifestError, check_usable, read_manifest, read_yaml

_LOG = logging.getLogger(__name__)
_REQUIRED = ("device_schema", "create_driver")
T = TypeVar("T")


class Integrations:
    """What the rest of the hub asks about plugins, by domain.

    Every plugin has a pluggy manager of its own: a hook that raises would stop the hooks of the others.
    Methods that take a domain raise UnknownIntegration or Quarantined.
    """

    def __init__(self, found: Mapping[str, Found], manifests: Mapping[str, Manifest]) -> None:
        self._found = dict(found)
        self._manifests = dict(manifests)
        self._managers: dict[str, pluggy.PluginManager] = {}
        self._quarantined: dict[str, str] = {}

    @classmethod
    def load(
        cls,
        search: Iterable[Path] | None = None,
        *,
        safe_mode: bool = False,
        only: Collection[str] | None = None,
        entry_points: bool = True,
    ) -> Integrations:
        """Read the manifests in `search` (default: the shipped ones) and of installed partners.

        No plugin code runs here. `only` limits the domains; `safe_mode` keeps the essential ones.
        """
        places = default_search() if search is None else tuple(search)
        found = {
            f.domain: f
            for f in find(places, entry_points=entry_points)
            if only is None or f.domain in only
        }
        self = cls(found, {})
        for domain, place in found.items():
            try:
                manifest = read_manifest(place.folder)
                if manifest.domain != domain:
                    raise ManifestError(f"domain {manifest.domain!r} is not the folder's {domain!r}")
                self._manifests[domain] = manifest
            except ManifestError as error:
                self._quarantine(domain, str(error))
                continue
            try:
                check_usable(manifest)
            except ManifestError as error:
                # Nothing is wrong as long as no device needs it: whoever asks for the domain hears of it.
                self._quarantined[domain] = str(error)
                continue
            if safe_mode and not manifest.essential:
                self._quarantined[domain] = "left out in safe mode"
        return self

    def domains(self) -> list[str]:
        """The usable domains, sorted."""
        return sorted(self._found.keys() - self._quarantined.keys())

    def quarantined(self) -> dict[str, str]:
        """Domain -> why it is out of use."""
        return dict(self._quarantined)

    def manifest(self, domain: str) -> Manifest:
        """What the plugin says of itself; also of a quarantined one whose manifest could be read."""
        if domain not in self._found:
            raise UnknownIntegration(domain)
        if domain not in self._manifests:
            raise Quarantined(domain, self._quarantined[domain])
        return self._manifests[domain]

    def device_schema(self, domain: str) -> Mapping[Any, Any]:
        """The voluptuous mapping for the plugin's own keys of a device."""
        schema = self._hook(domain, "device_schema")
        if isinstance(schema, vol.Schema):
            schema = schema.schema
        if not isinstance(schema, Mapping):
            raise self._quarantine(domain, "device_schema gave no mapping")
        return schema

    def profile_names(self, domain: str) -> list[str]:
        """The profiles that the plugin ships, sorted."""
        return sorted(p.stem for p in (self._known(domain).folder / "profiles").glob("*.yaml"))

    def profile(self, domain: str, name: str) -> Mapping[str, Any]:
        """A profile's data, checked by the plugin's schema. Raises ProfileError."""
        if name not in self.profile_names(domain):
            known = ", ".join(self.profile_names(domain)) or "none"
            raise ProfileError(domain, name, f"does not exist; there is {known}")
        schema = self._hook(domain, "profile_schema")
        if schema is None:
            raise ProfileError(domain, name, "the integration has no schema for profiles")
        try:
            data = read_yaml(self._found[domain].folder / "profiles" / f"{name}.yaml")
            valid: Mapping[str, Any] = vol.Schema(schema)(data)
        except (ManifestError, vol.Invalid) as error:
            raise ProfileError(domain, name, str(error)) from error
        return valid

    def create_driver(self, domain: str, ctx: DeviceContext) -> Driver:
        """A driver, not yet started. Typed errors of the plugin come out; any other quarantines it."""
        driver = self._hook(domain, "create_driver", ctx=ctx)
        if not isinstance(driver, Driver):
            raise self._quarantine(domain, f"create_driver gave {type(driver).__name__}, not a Driver")
        return driver

    def create_simulator(self, domain: str, setup: SimSetup) -> Simulator:
        """A simulator for one device. Raises ConfigError when the plugin ships none."""
        simulator = self._hook(domain, "create_simulator", setup=setup)
        if simulator is None:
            raise ConfigError(f"integration {domain!r} ships no simulator")
        if not isinstance(simulator, Simulator):
            given = type(simulator).__name__
            raise self._quarantine(domain, f"create_simulator gave {given}, not a Simulator")
        return simulator

    def framer(self, domain: str) -> Any:
        """The plugin's FRAMER (a class or factory without arguments), or None."""
        return self._hook(domain, "framer")

    def steps(self, domain: str) -> list[StepDefinition]:
        """Workflow steps that the plugin adds. A definition that cannot be used quarantines the plugin."""
        given = self._hook(domain, "steps")
        if given is None:
            return []
        if not isinstance(given, list | tuple):
            raise self._quarantine(domain, f"steps gave {type(given).__name__}, not a list")
        names: set[str] = set()
        for step in given:
            if not isinstance(step, StepDefinition):
                raise self._quarantine(domain, f"steps gave {type(step).__name__}, not a StepDefinition")
            wrong = self._run(domain, "steps", lambda step=step: step.wrong(domain), typed=())  # type: ignore[misc]
            if step.name in names:
                wrong = f"{step.name} is defined twice"
            if wrong:
                raise self._quarantine(domain, f"steps: {wrong}")
            names.add(step.name)
        return list(given)

    def has_simulator(self, domain: str) -> bool:
        """Whether the plugin ships a simulator."""
        return bool(self._manager(domain).hook.create_simulator.get_hookimpls())

    def _known(self, domain: str) -> Found:
        if domain not in self._found:
            raise UnknownIntegration(domain)
        if domain in self._quarantined:
            raise Quarantined(domain, self._quarantined[domain])
        return self._found[domain]

    def _hook(self, domain: str, name: str, **arguments: Any) -> Any:
        manager = self._manager(domain)
        return self._run(domain, name, lambda: getattr(manager.hook, name)(**arguments))

    def _manager(self, domain: str) -> pluggy.PluginManager:
        found = self._known(domain)
        if domain not in self._managers:
            self._managers[domain] = self._run(domain, "import", lambda: _register(found), typed=())
        return self._managers[domain]

    def _run(
        self, domain: str, what: str, call: Callable[[], T],
        typed: tuple[type[Exception], ...] = (IntegrationError,),
    ) -> T:
        try:
            return call()
        except typed:
            raise
        except (Exception, SystemExit) as error:  # a plugin may raise anything; only this one is taken out
            _LOG.debug("Integration %s failed in %s", domain, what, exc_info=error)
            raise self._quarantine(domain, f"{what}: {type(error).__name__}: {error}") from error

    def _quarantine(self, domain: str, reason: str) -> Quarantined:
        self._quarantined[domain] = reason
        _LOG.error("Integration %s is out of use: %s", domain, reason)
        return Quarantined(domain, reason)


def _register(found: Found) -> pluggy.PluginManager:
    """Import the plugin and check its hooks against the specification."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(import_plugin(found), name=found.domain)
    manager.check_pending()
    for name in _REQUIRED:
        if not getattr(manager.hook, name).get_hookimpls():
            raise PluginError(f"does not implement {name}")
    return manager

