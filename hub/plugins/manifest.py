"""`manifest.yaml`: what a plugin says of itself before any of its code runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import voluptuous as vol

from hub.api import API_VERSION, CAPABILITIES
from hub.config import Problems, load_yaml
from hub.model.effects import Rail
from hub.plugins.errors import PluginError

FILE = "manifest.yaml"


class ManifestError(PluginError):
    """The manifest is missing, unreadable, does not fit its schema or asks for what is not here."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`essential` plugins are kept in safe mode; `requirements` are PEP 508 lines that must be installed.

    `rail` is what a payment device can do; blueprints are checked against it before any device is there.
    """

    domain: str
    name: str
    version: str
    api_version: int
    requirements: tuple[str, ...]
    capabilities: tuple[str, ...]
    essential: bool
    rail: Rail


_RAIL = ("query", "hold", "partial_capture", "refund")


def _capability(value: Any) -> str:
    if value not in CAPABILITIES:
        raise vol.Invalid(f"unknown capability {value!r}; known are {', '.join(CAPABILITIES)}")
    return str(value)


_SCHEMA = vol.Schema(
    {
        vol.Required("domain"): vol.All(str, vol.Match(r"^[a-z][a-z0-9_]*$")),
        vol.Required("name"): vol.All(str, vol.Length(min=1)),
        vol.Required("version"): vol.All(str, vol.Length(min=1)),
        vol.Required("api_version"): int,
        vol.Optional("requirements", default=list): [str],
        vol.Required("capabilities"): [_capability],
        vol.Optional("essential", default=False): bool,
        vol.Optional("rail", default=dict): {vol.Optional(fact, default=False): bool for fact in _RAIL},
    }
)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the plugin in `folder`. Raises ManifestError."""
    data = read_yaml(folder / FILE)
    try:
        valid: Mapping[str, Any] = _SCHEMA(data)
    except vol.Invalid as error:
        raise ManifestError(f"{FILE}: {error}") from error
    return Manifest(
        domain=valid["domain"],
        name=valid["name"],
        version=valid["version"],
        api_version=valid["api_version"],
        requirements=tuple(valid["requirements"]),
        capabilities=tuple(valid["capabilities"]),
        essential=valid["essential"],
        rail=Rail(**valid["rail"]),
    )


def read_yaml(path: Path) -> Any:
    """The data of one of a plugin's own YAML files, in the site's dialect (S38). Raises ManifestError."""
    problems = Problems()
    document = load_yaml(path, problems)
    if document is None or list(problems):
        raise ManifestError("; ".join(str(problem) for problem in problems))
    return document.data


def check_usable(manifest: Manifest) -> None:
    """Raise ManifestError unless the plugin was written for this hub and its requirements are installed."""
    if manifest.api_version != API_VERSION:
        raise ManifestError(f"written for API version {manifest.api_version}, this hub has {API_VERSION}")
    for line in manifest.requirements:
        _check_requirement(line)


def _check_requirement(line: str) -> None:
    # Here, because only plugins with requirements should pay for the import.
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        wanted = Requirement(line)
    except InvalidRequirement as error:
        raise ManifestError(f"requirement {line!r} cannot be read: {error}") from error
    if wanted.marker is not None and not wanted.marker.evaluate():
        return
    try:
        found = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        raise ManifestError(f"requirement {line!r} is not installed: pip install '{wanted}'") from None
    if not wanted.specifier.contains(found, prereleases=True):
        raise ManifestError(
            f"requirement {line!r} is not met by the installed {found}: pip install '{wanted}'"
        )
