"""What a checked site says, as frozen facts. Durations are microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.access.people import PersonSpec
from hub.access.policy import Policy
from hub.api import StepDefinition
from hub.config import Marks, Problem, SiteNames
from hub.custody import AssetSpec, CompartmentSpec
from hub.custody.thermal import Limits
from hub.model.money import Money
from hub.model.states import Size, Thermal
from hub.workflows.machine import Machine

__all__ = [
    "AssetSpec", "BankSpec", "CompartmentSpec", "DeviceSpec", "LineSpec", "PersonSpec", "ProductSpec", "Site",
    "SiteConfig", "SupplySpec", "TerminalSpec", "TokenSpec", "WebSpec", "WorkflowSpec",
]


@dataclass(frozen=True, slots=True)
class Site:
    """The location. `time_zone` is an IANA name, `currency` ISO 4217.

    `keep_traces` is how long traces of ended handovers are kept, in microseconds; None keeps them for good.
    """

    id: str
    name: str
    time_zone: str
    currency: str
    keep_traces: int | None = None


@dataclass(frozen=True, slots=True)
class LineSpec:
    """A port. `kind` only describes the wiring (rs485, ...); the URL decides how bytes travel."""

    id: str
    url: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device. `config` is its whole checked mapping, the common keys among it, without the profile."""

    name: str
    integration: str
    capabilities: tuple[str, ...]
    config: Mapping[str, Any]
    line: str | None = None
    endpoint: str | None = None
    address: int | None = None
    profile_name: str | None = None
    profile: Mapping[str, Any] | None = None
    supply: str | None = None


@dataclass(frozen=True, slots=True)
class SupplySpec:
    """A power supply of locks: how many at a time, and the pause between two pulses."""

    name: str
    simultaneous: int = 1
    gap: int = 0


@dataclass(frozen=True, slots=True)
class BankSpec:
    """Compartments that share a place and a thermal class. `limits` where its air is watched."""

    name: str
    thermal: Thermal
    compartments: tuple[CompartmentSpec, ...]
    thermometer: str | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class TerminalSpec:
    """Where a person stands: readers, payment device, age verifier, and the banks served from there."""

    name: str
    readers: tuple[str, ...]
    banks: tuple[str, ...]
    payment: str | None = None
    verifier: str | None = None


@dataclass(frozen=True, slots=True)
class ProductSpec:
    """What is sold or stored. `selection` is what a customer keys for it."""

    sku: str
    name: str
    price: Money | None
    size: Size
    thermal: Thermal
    selection: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowSpec:
    """A blueprint with the inputs that the site gives it, what became of both, and what its files say."""

    name: str
    blueprint: Path
    given: Mapping[str, Any]
    machine: Machine
    terminal: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)
    marks: Marks | None = None


@dataclass(frozen=True, slots=True)
class TokenSpec:
    """A bearer token of the API; scope `read` is the policy's role `api.read`. Its repr hides the token.

    `roles` are those of the people who use it: what needs a role, such as an approval, can be done with it.
    """

    name: str
    token: str
    scopes: tuple[str, ...]
    roles: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"TokenSpec({self.name}, {self.scopes}, {self.roles})"


@dataclass(frozen=True, slots=True)
class WebSpec:
    """Where the hub serves, to whom, and under which host names."""

    host: str = "127.0.0.1"
    port: int = 8321
    tokens: tuple[TokenSpec, ...] = ()
    allowed_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """A whole site that passed every check.

    `files` are all the files that were read; `names` is what selectors choose among; `policy` is the
    site's own table, or the shipped one. `left_out` gives the reason for each device that is missing from
    `devices` because its integration is out of use; banks and terminals may still name it. `broken` says
    what is wrong with each workflow that is missing from `workflows`. `steps` are those of integrations.
    A machine stands among `banks`, its slots as compartments.
    """

    folder: Path
    site: Site
    lines: Mapping[str, LineSpec]
    devices: Mapping[str, DeviceSpec]
    supplies: Mapping[str, SupplySpec]
    banks: Mapping[str, BankSpec]
    terminals: Mapping[str, TerminalSpec]
    products: Mapping[str, ProductSpec]
    people: Mapping[str, PersonSpec]
    workflows: Mapping[str, WorkflowSpec]
    web: WebSpec
    notifier: str | None
    policy: Policy
    names: SiteNames
    files: tuple[Path, ...]
    left_out: Mapping[str, str]
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    steps: Mapping[str, StepDefinition] = field(default_factory=dict)
    assets: Mapping[str, AssetSpec] = field(default_factory=dict)

    @property
    def compartments(self) -> tuple[CompartmentSpec, ...]:
        """All compartments of all banks, in the order of the file."""
        return tuple(spec for bank in self.banks.values() for spec in bank.compartments)
